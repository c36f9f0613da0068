//! How far a review has come, and which steps lead on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MAX_LIST_AGE_HOURS, MAX_TEXT_CHARS};
use crate::Timestamp;
use crate::words::words_of;

/// Number of a review in its organization, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReviewKey(pub i64);

impl fmt::Display for ReviewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AR-{}", self.0)
    }
}

/// How far a review has come, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its scope is being written.
    Draft,
    /// Its scope is confirmed.
    Scoped,
    /// Its items are fixed.
    Frozen,
    /// Reviewers decide.
    Open,
    /// Deciding has ended.
    Decided,
    /// What has to go is being removed.
    Remediating,
    /// Removals are shown, or said to be outstanding.
    Verified,
    /// Signed off.
    Signed,
    /// Put away.
    Archived,
}

words_of!(State {
    Draft = "draft", "Draft";
    Scoped = "scoped", "Scope confirmed";
    Frozen = "frozen", "Snapshot frozen";
    Open = "open", "Open";
    Decided = "decided", "Decided";
    Remediating = "remediating", "Removing";
    Verified = "verified", "Verified";
    Signed = "signed", "Signed off";
    Archived = "archived", "Archived";
});

/// What leads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The scope is as it should be.
    Confirm,
    /// The items are fixed.
    Freeze,
    /// Reviewers may decide.
    Open,
    /// No more decisions.
    Close,
    /// Removing begins.
    Remediate,
    /// Removals are shown.
    Verify,
    /// What was gone is there again.
    Reopen,
    /// It is signed off.
    Sign,
    /// It is put away.
    Archive,
}

words_of!(Step {
    Confirm = "confirm", "Confirm the scope";
    Freeze = "freeze", "Freeze the snapshot";
    Open = "open", "Open for decisions";
    Close = "close", "End deciding";
    Remediate = "remediate", "Begin removing";
    Verify = "verify", "Confirm the removals";
    Reopen = "reopen", "Open removals again";
    Sign = "sign", "Sign off";
    Archive = "archive", "Archive";
});

impl State {
    /// Returns where a step leads; none where it is not taken.
    #[must_use]
    pub fn after(self, step: Step) -> Option<Self> {
        Some(match (self, step) {
            (Self::Draft, Step::Confirm) => Self::Scoped,
            (Self::Scoped, Step::Freeze) => Self::Frozen,
            (Self::Frozen, Step::Open) => Self::Open,
            (Self::Open, Step::Close) => Self::Decided,
            (Self::Decided, Step::Remediate) | (Self::Verified, Step::Reopen) => Self::Remediating,
            (Self::Remediating, Step::Verify) => Self::Verified,
            (Self::Verified, Step::Sign) => Self::Signed,
            (Self::Signed, Step::Archive) => Self::Archived,
            _ => return None,
        })
    }

    /// Returns the step that leads on, apart from opening removals again.
    #[must_use]
    pub fn next(self) -> Option<Step> {
        Step::ALL.iter().copied().find(|step| *step != Step::Reopen && self.after(*step).is_some())
    }
}

/// Why a review does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// It has come too far, or not far enough.
    #[error("the review is in the state {:?}", .0.title().to_lowercase())]
    State(State),
    /// Something of its scope.
    #[error("{0}")]
    Scope(String),
    /// A system without a list.
    #[error("there is no list of {0}")]
    NoList(String),
    /// A list that does not tie out.
    #[error("the list of {0} does not tie out: {1}")]
    Incomplete(String, String),
    /// A list that is too old, or of the future.
    #[error("the list of {0} is of {1}; a review opens with lists of the last {MAX_LIST_AGE_HOURS} hours")]
    OldList(String, Timestamp),
    /// Two people would decide about each other alone.
    #[error(
        "two people would be each other's only reviewers; let somebody else decide about one of them first"
    )]
    EachOther,
    /// Nothing to decide about.
    #[error("no right of the lists is in scope")]
    NoItem,
    /// It would be late from its beginning.
    #[error("decisions are due already")]
    Due,
    /// Answers are missing.
    #[error("{0} items have no answer, and their time is not over")]
    Unanswered(usize),
    /// Removals are not shown.
    #[error("{0} removals are not shown by a later list; say what becomes of them once their time is over")]
    NotShown(usize),
    /// Nothing came back.
    #[error("nothing that was gone is there again")]
    NothingCameBack,
    /// Nothing is said about completeness.
    #[error("say whether the review is complete")]
    NoStatement,
    /// Too long, or with control characters.
    #[error("a text has at most {MAX_TEXT_CHARS} characters, none of them control")]
    Text,
}
