//! One error for everything kept; its variants are what a caller can do about it.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use sqlx::error::ErrorKind;

/// Why something could not be kept or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else holds what is needed; trying again later can help.
    #[error("the database is busy, try again")]
    Busy(#[source] sqlx::Error),
    /// A row with the same key exists already.
    #[error("a record with the same key exists already ({0})")]
    Conflict(String),
    /// A rule of the schema refuses the change: a missing reference, a failed `CHECK`, an append-only table.
    #[error("the database refuses the change: {0}")]
    Refused(String),
    /// What is stored is not what was written.
    #[error("{what} is damaged: {detail}")]
    Corrupt {
        /// The thing.
        what: String,
        /// What differs.
        detail: String,
    },
    /// A named thing is not stored.
    #[error("{0} is not stored here")]
    Missing(String),
    /// The database was written by a newer version of the program.
    #[error(
        "the database is at migration {found}, which this version does not know (it ends at {known}); \
         use the newer version of the program that wrote it"
    )]
    NewerDatabase {
        /// Highest migration applied.
        found: i64,
        /// Highest migration known.
        known: i64,
    },
    /// The database is older than this version needs and was opened for reading only.
    #[error(
        "the database is at migration {found} and needs {known}; run a command that writes, such as `init`, once"
    )]
    OlderDatabase {
        /// Highest migration applied.
        found: i64,
        /// Highest migration known.
        known: i64,
    },
    /// A migration failed, or is not the one that was applied.
    #[error("migration {version:04} ({name}): {detail}")]
    Migration {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
        /// What happened, and where the copy from before is.
        detail: String,
        /// The database's own words.
        #[source]
        source: Option<sqlx::Error>,
    },
    /// Another process works on the data folder.
    #[error("the data folder {} is in use by another process, for instance `tickmark serve`: stop it first", .0.display())]
    Locked(PathBuf),
    /// The folder is not one of ours.
    #[error("{} {detail}", .folder.display())]
    NotADataFolder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        detail: String,
    },
    /// The disk, or a quota, is full. What was acknowledged before is kept.
    #[error("{0}: the disk is full; nothing was changed")]
    Full(String),
    /// The disk, folder or connection can only be read.
    #[error("{0}: it can only be read")]
    ReadOnly(String),
    /// More bytes than one blob may have.
    #[error("{size} bytes are more than the {limit} one object may have")]
    TooLarge {
        /// Bytes offered.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The place of the objects does not serve.
    #[error("{place}: {detail}")]
    BadBucket {
        /// The place.
        place: String,
        /// Why not.
        detail: String,
    },
    /// A setting of the database or its address does not serve.
    #[error("{0}")]
    Unsuitable(String),
    /// The operating system or the network failed.
    #[error("{what} failed")]
    Io {
        /// What was attempted.
        what: String,
        /// The system's own words.
        #[source]
        source: io::Error,
    },
    /// Anything else the database says.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Sorts an error of the operating system; `what` was attempted.
    #[must_use]
    pub fn io(what: impl Into<String>, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(what.into()),
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(what.into()),
            _ => Self::Io { what: what.into(), source },
        }
    }

    /// Sorts an error of the object store; `what` was attempted.
    pub(crate) fn object(what: &str, error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::Missing(what.to_owned());
        }
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(system) = inner.downcast_ref::<io::Error>() {
                return Self::io(what, io::Error::new(system.kind(), error.to_string()));
            }
            cause = inner.source();
        }
        Self::Io { what: what.to_owned(), source: io::Error::other(error) }
    }

    /// Tells whether trying the same again later can succeed without anybody doing anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => return Self::Busy(error),
            sqlx::Error::Io(source) => {
                return Self::io(
                    "talking to the database",
                    io::Error::new(source.kind(), source.to_string()),
                );
            }
            _ => {}
        }
        let Some(database) = error.as_database_error() else { return Self::Database(error) };
        let message = database.message().to_owned();
        match database.kind() {
            ErrorKind::UniqueViolation => return Self::Conflict(message),
            ErrorKind::ForeignKeyViolation | ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
                return Self::Refused(message);
            }
            _ => {}
        }
        let code = database.code().unwrap_or_default().into_owned();
        // SQLite answers with extended result codes in decimal (the low byte is the primary code), PostgreSQL
        // with five-character SQLSTATEs.
        let primary = if code.len() < 5 { code.parse::<u32>().ok().map(|code| code & 0xff) } else { None };
        match (primary, code.as_str()) {
            (Some(5 | 6), _) | (_, "40001" | "40P01" | "55P03" | "57014" | "53300" | "57P03") => {
                Self::Busy(error)
            }
            (Some(8), _) | (_, "25006") => Self::ReadOnly("writing to the database".to_owned()),
            (Some(13), _) | (_, "53100" | "53200") => Self::Full("writing to the database".to_owned()),
            (Some(11 | 26), _) | (_, "XX001" | "XX002") => {
                Self::Corrupt { what: "the database".to_owned(), detail: message }
            }
            (Some(19), _) | (_, "P0001") => Self::Refused(message),
            (Some(10 | 14), _) => Self::Io {
                what: "reading or writing the database file".to_owned(),
                source: io::Error::other(error),
            },
            _ => Self::Database(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 28, 122, 30 and 13 are ENOSPC, EDQUOT, EROFS and EACCES on every Linux.
    #[test]
    fn a_refusal_of_the_disk_says_what_was_attempted_and_why() {
        let said = |code| StoreError::io("making the data folder /data", io::Error::from_raw_os_error(code));
        for code in [28, 122] {
            assert!(matches!(said(code), StoreError::Full(_)), "{code}");
        }
        assert!(matches!(said(30), StoreError::ReadOnly(_)));
        assert_eq!(said(30).to_string(), "making the data folder /data: it can only be read");
        let denied = said(13);
        assert_eq!(denied.to_string(), "making the data folder /data failed");
        let cause = std::error::Error::source(&denied).map(ToString::to_string);
        assert!(cause.is_some_and(|cause| cause.starts_with("Permission denied")), "{denied:?}");
        assert!(!said(30).is_temporary() && !denied.is_temporary(), "trying again alone does not help");
    }
}
