//! What is promised to customers, and what the system must do for it: service commitments and system requirements.
//!
//! A commitment is written, approved by somebody else, changed by writing again (what was approved holds until the change
//! is) and retired. It names the controls that keep it and the criteria by which it is measured.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ControlId, TEXT_MAX, TITLE_MAX};
use crate::id::ActorId;
pub use crate::written::Written;
use crate::{Timestamp, words};

/// Most controls or criteria of one commitment.
pub const LINKS_MAX: usize = 200;

/// Number of a commitment in its organization, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitmentKey(pub i64);

impl fmt::Display for CommitmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SC-{}", self.0)
    }
}

/// What kind of statement it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitmentKind {
    /// A promise to customers.
    #[default]
    Commitment,
    /// What the system must do, so that promises, laws and rules are kept.
    Requirement,
}

impl CommitmentKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Commitment, Self::Requirement];

    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Commitment => "commitment",
            Self::Requirement => "requirement",
        }
    }

    /// Returns the words for people.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::Commitment => "Service commitment",
            Self::Requirement => "System requirement",
        }
    }
}

/// What it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// What kind of statement it is.
    pub kind: CommitmentKind,
    /// Title.
    pub title: String,
    /// The promise or requirement.
    pub statement: String,
    /// Where it was made: contract, terms, law.
    pub source: String,
    /// Categories it belongs to.
    pub categories: BTreeSet<String>,
    /// Criteria by which it is measured.
    pub criteria: BTreeSet<String>,
    /// Controls that keep it.
    pub controls: BTreeSet<ControlId>,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommitmentState {
    /// Nobody has approved any version.
    Draft,
    /// What was approved holds.
    InForce,
    /// What was approved holds; a later version waits.
    Waits,
    /// It holds no longer.
    Retired,
}

impl CommitmentState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Draft, Self::InForce, Self::Waits, Self::Retired];

    /// Returns the word used in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InForce => "in_force",
            Self::Waits => "waits",
            Self::Retired => "retired",
        }
    }

    /// Returns the words for people.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::InForce => "In force",
            Self::Waits => "Change waits",
            Self::Retired => "Retired",
        }
    }
}

/// Why something cannot be done with a commitment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    /// A text that everyone who reads it needs.
    #[error("it needs its {0}")]
    Missing(&'static str),
    /// A text that is too long or cannot be read.
    #[error("the {what} has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// Too many links.
    #[error("a commitment has at most {LINKS_MAX} {0}")]
    TooMany(&'static str),
    /// Nothing is different.
    #[error("nothing is changed")]
    NothingChanged,
    /// It is retired.
    #[error("{0} is retired and does not come back")]
    Retired(CommitmentKey),
    /// Nothing waits.
    #[error("nothing of {0} waits for approval")]
    NothingWaits(CommitmentKey),
    /// Nobody answers for it.
    #[error("{0} has no named owner")]
    NoOwner(CommitmentKey),
    /// Four eyes.
    #[error("who wrote {0} does not approve it; somebody else does")]
    OwnText(CommitmentKey),
}

/// A commitment of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// Number.
    pub key: CommitmentKey,
    /// What it says as last written.
    pub promise: Promise,
    /// Who answers for it.
    pub owner: Option<ActorId>,
    /// Who wrote it last.
    pub written: Written,
    /// Everybody who wrote since it was last approved.
    authors: BTreeSet<ActorId>,
    approved: Option<Approved>,
    retired: Option<Written>,
}

/// What was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// What it said.
    pub promise: Promise,
    /// Which version.
    pub version: u32,
    /// Who approved.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

impl Promise {
    fn checked(mut self) -> Result<Self, CommitmentError> {
        for (what, text, max, is_needed) in [
            ("title", &mut self.title, TITLE_MAX, true),
            ("statement", &mut self.statement, TEXT_MAX, true),
            ("source", &mut self.source, TEXT_MAX, true),
        ] {
            *text = readable(what, text, max)?;
            if is_needed && text.is_empty() {
                return Err(CommitmentError::Missing(what));
            }
        }
        for (what, count) in [("controls", self.controls.len()), ("criteria", self.criteria.len())] {
            if count > LINKS_MAX {
                return Err(CommitmentError::TooMany(what));
            }
        }
        Ok(self)
    }
}

impl Commitment {
    /// Writes one down.
    ///
    /// # Errors
    /// If a text is missing or unreadable, or something is too much.
    pub fn write(
        key: CommitmentKey,
        promise: Promise,
        owner: Option<ActorId>,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<Self, CommitmentError> {
        Ok(Self {
            key,
            promise: promise.checked()?,
            owner,
            written: written(1, by, at, reason)?,
            authors: BTreeSet::from([by]),
            approved: None,
            retired: None,
        })
    }

    /// Returns where it stands.
    #[must_use]
    pub fn state(&self) -> CommitmentState {
        match (&self.retired, &self.approved) {
            (Some(_), _) => CommitmentState::Retired,
            (None, None) => CommitmentState::Draft,
            (None, Some(approved)) if approved.promise == self.promise => CommitmentState::InForce,
            (None, Some(_)) => CommitmentState::Waits,
        }
    }

    /// Returns what was approved last.
    #[must_use]
    pub fn approved(&self) -> Option<&Approved> {
        self.approved.as_ref()
    }

    /// Returns who retired it and why.
    #[must_use]
    pub fn retired(&self) -> Option<&Written> {
        self.retired.as_ref()
    }

    /// Returns what holds now: what was approved, until it is retired.
    #[must_use]
    pub fn in_force(&self) -> Option<&Promise> {
        self.approved.as_ref().filter(|_| self.retired.is_none()).map(|approved| &approved.promise)
    }

    /// Tells whether somebody wrote what waits.
    #[must_use]
    pub fn is_author(&self, who: ActorId) -> bool {
        self.authors.contains(&who)
    }

    /// Writes it anew. What was approved holds until this is.
    ///
    /// # Errors
    /// As [`Self::write`]; if it is retired or nothing is changed.
    pub fn change(
        &mut self,
        promise: Promise,
        owner: Option<ActorId>,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<(), CommitmentError> {
        let promise = promise.checked()?;
        if self.retired.is_some() {
            return Err(CommitmentError::Retired(self.key));
        }
        if promise == self.promise && owner == self.owner {
            return Err(CommitmentError::NothingChanged);
        }
        if self.approved.is_some() && owner.is_none() {
            return Err(CommitmentError::NoOwner(self.key));
        }
        self.owner = owner;
        if promise != self.promise {
            self.written = written(self.written.version + 1, by, at, reason)?;
            self.promise = promise;
            self.authors.insert(by);
        } else {
            readable("reason", reason, TEXT_MAX)?;
        }
        Ok(())
    }

    /// Approves what waits.
    ///
    /// # Errors
    /// If nothing waits, or nobody answers for it.
    pub fn approve(&mut self, by: ActorId, at: Timestamp) -> Result<(), CommitmentError> {
        match self.state() {
            CommitmentState::Draft | CommitmentState::Waits => {}
            CommitmentState::InForce => return Err(CommitmentError::NothingWaits(self.key)),
            CommitmentState::Retired => return Err(CommitmentError::Retired(self.key)),
        }
        if self.owner.is_none() {
            return Err(CommitmentError::NoOwner(self.key));
        }
        self.approved =
            Some(Approved { promise: self.promise.clone(), version: self.written.version, by, at });
        self.authors.clear();
        Ok(())
    }

    /// Refuses an approval by whoever wrote what waits.
    ///
    /// # Errors
    /// If they did.
    pub fn separated(&self, approver: ActorId) -> Result<(), CommitmentError> {
        if self.is_author(approver) { Err(CommitmentError::OwnText(self.key)) } else { Ok(()) }
    }

    /// Ends it.
    ///
    /// # Errors
    /// If it is retired already, or no reason is given.
    pub fn retire(&mut self, by: ActorId, at: Timestamp, reason: &str) -> Result<(), CommitmentError> {
        if self.retired.is_some() {
            return Err(CommitmentError::Retired(self.key));
        }
        self.retired = Some(written(self.written.version, by, at, reason)?);
        Ok(())
    }
}

fn written(version: u32, by: ActorId, at: Timestamp, reason: &str) -> Result<Written, CommitmentError> {
    let reason = readable("reason", reason, TEXT_MAX)?;
    if reason.is_empty() {
        return Err(CommitmentError::Missing("reason"));
    }
    Ok(Written { version, by, at, reason })
}

fn readable(what: &'static str, text: &str, max: usize) -> Result<String, CommitmentError> {
    words::readable(text, max).ok_or(CommitmentError::Unreadable { what, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> ActorId {
        ActorId(uuid::Uuid::from_u128(number))
    }

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn promise(statement: &str) -> Promise {
        Promise {
            title: "Uptime".into(),
            statement: statement.into(),
            source: "Terms of service".into(),
            criteria: BTreeSet::from(["A1.2".into()]),
            ..Promise::default()
        }
    }

    #[test]
    fn what_was_approved_holds_until_somebody_else_approves_the_change() {
        let key = CommitmentKey(3);
        let first = promise("99.5 % each month.");
        let mut one = Commitment::write(key, first.clone(), None, person(1), moment(1), "contract")
            .expect("can be written");
        assert_eq!((one.state(), one.in_force()), (CommitmentState::Draft, None));
        assert_eq!(one.approve(person(2), moment(2)), Err(CommitmentError::NoOwner(key)));
        one.change(first.clone(), Some(person(9)), person(2), moment(2), "owner").expect("an owner");
        assert_eq!(one.written.version, 1, "an owner is no new text");
        assert_eq!(one.separated(person(1)), Err(CommitmentError::OwnText(key)));
        one.separated(person(2)).expect("did not write it");
        one.approve(person(2), moment(3)).expect("waits");
        assert_eq!(one.state(), CommitmentState::InForce);
        assert_eq!(one.approve(person(2), moment(3)), Err(CommitmentError::NothingWaits(key)));

        let second = promise("99.9 % each month.");
        one.change(second.clone(), Some(person(9)), person(2), moment(4), "sold").expect("changes");
        assert_eq!((one.state(), one.in_force()), (CommitmentState::Waits, Some(&first)));
        assert!(one.separated(person(2)).is_err());
        one.approve(person(1), moment(5)).expect("waits");
        assert_eq!(one.in_force(), Some(&second));
        one.retire(person(1), moment(6), "no longer sold").expect("in force");
        assert_eq!((one.state(), one.in_force()), (CommitmentState::Retired, None));
        assert!(one.retire(person(1), moment(7), "again").is_err());
        let json = serde_json::to_string(&one).expect("serializes");
        assert_eq!(serde_json::from_str::<Commitment>(&json).expect("reads back"), one);
    }

    #[test]
    fn what_is_missing_is_named() {
        let write = |promise: Promise, reason| {
            Commitment::write(CommitmentKey(1), promise, None, person(1), moment(1), reason)
                .expect_err("refused")
                .to_string()
        };
        assert_eq!(write(promise(" "), "r"), "it needs its statement");
        assert_eq!(write(promise("s"), " "), "it needs its reason");
        assert_eq!(write(Promise { source: String::new(), ..promise("s") }, "r"), "it needs its source");
        assert!(write(Promise { title: "x".repeat(201), ..promise("s") }, "r").contains("at most 200"));
    }
}
