//! What a review is about: systems, tiers, who answers for them, and until when.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ReviewError;
use crate::Timestamp;
use crate::control::ControlId;
use crate::id::ActorId;
use crate::program::access::{self, Tier};
use crate::time::DAY_US;
use crate::words::words_of;

/// Most systems of one review.
const MAX_SYSTEMS: usize = 200;
/// Longest time for decisions in days.
const MAX_DAYS: i64 = 366;
/// Most characters of a title.
const MAX_TITLE_CHARS: usize = 200;

/// What happens to items that nobody answered in time. No answer is never a keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// The right is removed.
    #[default]
    Revoke,
    /// The right stays for now, and the review is incomplete.
    Fail,
}

words_of!(Unanswered {
    Revoke = "revoke", "The right is removed";
    Fail = "fail", "The review is incomplete";
});

/// A system in scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopedSystem {
    /// Its name, as lists of access have it.
    pub name: String,
    /// Who answers for it and decides about privileged rights.
    pub owner: ActorId,
    /// Who hands rights out in it: they decide about no privileged one.
    pub provisioners: BTreeSet<ActorId>,
}

/// What a review is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Title.
    pub title: String,
    /// The systems.
    pub systems: Vec<ScopedSystem>,
    /// Which tiers.
    pub tiers: BTreeSet<Tier>,
    /// Who decides where the manager or the owner may not, or is not known.
    pub stand_in: ActorId,
    /// Who decides where the stand-in may not: somebody else.
    pub second_stand_in: ActorId,
    /// When decisions are due.
    pub due_at: Timestamp,
    /// What happens to items without an answer.
    pub unanswered: Unanswered,
    /// The control that the review performs.
    pub control: Option<ControlId>,
    /// The window of that control that it is for.
    pub window: Option<String>,
}

impl Scope {
    /// Checks a scope.
    ///
    /// # Errors
    /// If it has no title, system or tier, a system twice, the same person as both stand-ins, or decisions that are due
    /// already or in more than a year.
    pub(super) fn check(mut self, now: Timestamp) -> Result<Self, ReviewError> {
        let wrong = |what: &str| Err(ReviewError::Scope(what.to_owned()));
        match crate::words::readable(&self.title, MAX_TITLE_CHARS) {
            Some(title) if !title.is_empty() => self.title = title,
            _ => return wrong("a review has a title of at most 200 characters"),
        }
        if self.systems.is_empty() || self.systems.len() > MAX_SYSTEMS {
            return wrong("a review has at least one system, and at most 200");
        }
        let mut names = BTreeSet::new();
        for system in &mut self.systems {
            system.name = access::name("system", &system.name)
                .map_err(|error| ReviewError::Scope(error.to_string()))?;
            if !names.insert(access::fold(&system.name)) {
                return Err(ReviewError::Scope(format!("{} is in scope twice", system.name)));
            }
            if system.provisioners.contains(&system.owner) {
                let says =
                    "whoever hands rights out does not decide about privileged ones; name another owner";
                return Err(ReviewError::Scope(format!("{}: {says}", system.name)));
            }
        }
        if self.tiers.is_empty() {
            return wrong("a review has at least one tier");
        }
        if self.stand_in == self.second_stand_in {
            return wrong("the stand-ins are two people, as one of them may be whom an item is about");
        }
        if self.due_at <= now || self.due_at > now.plus_micros(MAX_DAYS * DAY_US) {
            return wrong("decisions are due after now and within a year");
        }
        if self.window.is_some() && self.control.is_none() {
            return wrong("a window is that of a control; name the control");
        }
        Ok(self)
    }
}
