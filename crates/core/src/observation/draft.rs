//! A check as it is written: a draft until somebody else has approved its exact content.
//!
//! Source: `docs/domain/processes.md` section 0: approver is not author; approvals bind to a version (hash).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::ActorId;
use crate::{Digest, Timestamp, words};

/// Most characters of a reason.
pub const REASON_MAX: usize = 1_000;

/// What is to become of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum DraftChange {
    /// These are to be its files.
    Files {
        /// Text of `check.toml`.
        manifest: String,
        /// Text of `check.rego`.
        rego: String,
        /// Text of `check_test.rego`.
        tests: String,
    },
    /// It is to be taken out; one inside the program that it had replaced is there again.
    Aside,
}

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// Nobody has decided yet.
    Waiting,
    /// Its files are those of the check, from the next run on.
    Approved,
    /// It was refused, or taken back by its author.
    Declined,
    /// Another draft took its place before anybody decided.
    Replaced,
}

/// A decision about a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftDecision {
    /// Who decided.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why it was declined, or why its author approved it alone; may be empty.
    pub note: String,
}

/// A draft of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDraft {
    /// Number inside the organization.
    pub key: i64,
    /// Id of the check.
    pub check: String,
    /// What is to become of it.
    #[serde(flatten)]
    pub change: DraftChange,
    /// Everybody who wrote any of it since the last decision, the last writer among them.
    pub authors: BTreeSet<ActorId>,
    /// Who wrote it last.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub state: DraftState,
    /// Who decided; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<DraftDecision>,
}

/// Why something about a draft cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Without a reason.
    #[error("say why, in at most {REASON_MAX} characters, so that others can follow it")]
    NoReason,
    /// A decision was made already.
    #[error("this draft does not wait for a decision")]
    Decided,
    /// An author decides about their own draft.
    #[error("who wrote any of a check does not approve it")]
    OwnDraft,
}

impl DraftState {
    /// Returns the word used in storage and for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Replaced => "replaced",
        }
    }
}

impl DraftChange {
    /// Returns what names the exact content: an approval is of this and of nothing else.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Files { manifest, rego, tests } => files_digest([manifest, rego, tests]),
            Self::Aside => Digest::of(b"aside"),
        }
    }
}

/// Returns what names the files of a check, `check.toml`, `check.rego` and `check_test.rego` in this order.
#[must_use]
pub fn files_digest(files: [&str; 3]) -> Digest {
    Digest::of(files.join("\u{0}").as_bytes())
}

impl CheckDraft {
    /// Begins a draft, or goes on with the one that waits.
    ///
    /// # Errors
    /// If no reason is given.
    pub fn write(
        key: i64,
        check: &str,
        change: DraftChange,
        before: Option<&Self>,
        (by, at): (ActorId, Timestamp),
        reason: &str,
    ) -> Result<Self, DraftError> {
        let reason = reason_of(reason)?;
        let mut authors = before.map(|draft| draft.authors.clone()).unwrap_or_default();
        authors.insert(by);
        let state = DraftState::Waiting;
        Ok(Self { key, check: check.to_owned(), change, authors, by, at, reason, state, decided: None })
    }

    /// Refuses an approval by whoever wrote any of it.
    ///
    /// # Errors
    /// If they did, or it was decided already.
    pub fn separated(&self, approver: ActorId) -> Result<(), DraftError> {
        self.waits()?;
        if self.authors.contains(&approver) { Err(DraftError::OwnDraft) } else { Ok(()) }
    }

    /// Approves it. `alone` says why an author does.
    ///
    /// # Errors
    /// If it was decided already.
    pub fn approve(&mut self, by: ActorId, at: Timestamp, alone: &str) -> Result<(), DraftError> {
        self.waits()?;
        self.state = DraftState::Approved;
        self.decided = Some(DraftDecision { by, at, note: alone.to_owned() });
        Ok(())
    }

    /// Declines it; its authors take it back by it.
    ///
    /// # Errors
    /// If it was decided already, or no reason is given.
    pub fn decline(&mut self, by: ActorId, at: Timestamp, why: &str) -> Result<(), DraftError> {
        self.waits()?;
        let note = reason_of(why)?;
        self.state = DraftState::Declined;
        self.decided = Some(DraftDecision { by, at, note });
        Ok(())
    }

    /// Tells whether one of its authors approved it.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.state == DraftState::Approved
            && self.decided.as_ref().is_some_and(|decision| self.authors.contains(&decision.by))
    }

    fn waits(&self) -> Result<(), DraftError> {
        if self.state == DraftState::Waiting { Ok(()) } else { Err(DraftError::Decided) }
    }
}

fn reason_of(text: &str) -> Result<String, DraftError> {
    words::readable(text, REASON_MAX).filter(|reason| !reason.is_empty()).ok_or(DraftError::NoReason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_any_of_it_does_not_approve_it() {
        let person = |number| ActorId(uuid::Uuid::from_u128(number));
        let at = Timestamp::from_seconds(1);
        let files = |rego: &str| DraftChange::Files {
            manifest: "m".to_owned(),
            rego: rego.to_owned(),
            tests: "t".to_owned(),
        };
        let first = CheckDraft::write(1, "own-x", files("a"), None, (person(1), at), "why").expect("written");
        let mut second =
            CheckDraft::write(2, "own-x", files("b"), Some(&first), (person(2), at), "why").expect("goes on");
        assert_ne!(first.change.digest(), second.change.digest());
        assert_ne!(second.change.digest(), DraftChange::Aside.digest());
        for author in [1, 2] {
            assert_eq!(second.separated(person(author)), Err(DraftError::OwnDraft));
        }
        second.separated(person(3)).expect("somebody else");
        assert_eq!(second.decline(person(3), at, " "), Err(DraftError::NoReason));
        second.approve(person(3), at, "").expect("waits");
        assert!(!second.is_alone());
        assert_eq!(second.approve(person(3), at, ""), Err(DraftError::Decided));
        let none = CheckDraft::write(3, "own-x", DraftChange::Aside, None, (person(1), at), " ");
        assert_eq!(none, Err(DraftError::NoReason));
        let json = serde_json::to_value(&second).expect("written");
        assert_eq!(serde_json::from_value::<CheckDraft>(json).expect("read"), second);
    }
}
