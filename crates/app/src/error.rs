//! One error for all use cases; its variants are what a caller can do about it.

use tickmark_store::StoreError;

/// What every use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case did not happen. Nothing was changed, unless `Unavailable` says that it is not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the actor may not know of it.
    #[error("there is no {kind} {name}")]
    NotFound {
        /// Kind of thing.
        kind: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The actor may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The actor may, after showing once more who they are.
    #[error("this needs a fresh proof of who you are")]
    StepUp,
    /// It does not fit what is there already.
    #[error("{0}")]
    Conflict(String),
    /// What was given cannot be right.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be done now; what to change stands in the message.
    #[error("{what}")]
    Unavailable {
        /// What cannot be done and why.
        what: String,
        /// What lies under it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// What is stored is not what was written: look at `ledger fsck`, restore a copy.
    #[error("{what} is damaged: {detail}")]
    Damaged {
        /// The thing.
        what: String,
        /// What differs.
        detail: String,
    },
    /// Our own mistake.
    #[error("{what}")]
    Internal {
        /// What was attempted.
        what: String,
        /// What lies under it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// Says that there is no such thing.
    pub fn not_found(kind: &'static str, name: impl ToString) -> Self {
        Self::NotFound { kind, name: name.to_string() }
    }

    /// Says that what was given cannot be right.
    pub fn invalid(why: impl ToString) -> Self {
        Self::Invalid(why.to_string())
    }

    /// Says that it does not fit what is there.
    pub fn conflict(why: impl ToString) -> Self {
        Self::Conflict(why.to_string())
    }

    /// Says that something stored is not what was written.
    pub fn corrupt(what: impl ToString, detail: impl ToString) -> Self {
        Self::Damaged { what: what.to_string(), detail: detail.to_string() }
    }

    /// Says that it cannot be done now.
    pub fn unavailable(what: impl ToString) -> Self {
        Self::Unavailable { what: what.to_string(), source: None }
    }

    /// Says that we made a mistake.
    pub fn internal(what: impl ToString, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal { what: what.to_string(), source: Some(Box::new(source)) }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) | StoreError::Refused(_) => Self::Conflict(error.to_string()),
            StoreError::Corrupt { what, detail } => Self::Damaged { what, detail },
            StoreError::TooLarge { .. } => Self::Invalid(error.to_string()),
            StoreError::Missing(what) => Self::NotFound { kind: "stored thing:", name: what },
            StoreError::Database(source) => Self::internal("the database failed", source),
            other => Self::Unavailable { what: other.to_string(), source: Some(Box::new(other)) },
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}
