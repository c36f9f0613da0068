//! Reviews of access: who has which right is decided about item by item, by people who know the need, and what has to go is
//! gone when a later list shows it.
//!
//! A review goes one way: draft, scoped, snapshot frozen, open, decided, remediating, verified, signed, archived. Its
//! snapshot is one list of each system in scope and does not change. What happens to items is written down as entries that
//! are only added; what stands follows from them.
//!
//! Source: `docs/domain/audit-methods.md` section 10, `docs/domain/identity.md` section 2.5.

mod beside;
mod due;
mod entry;
mod item;
mod quality;
mod removal;
mod scope;
mod state;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::access::{ListKey, TieOut};
use crate::id::ActorId;
use crate::{Digest, Timestamp};

pub use beside::{Earlier, Peers, Roster, Together};
pub use due::{Due, OTHER_DAYS, PRIVILEGED_DAYS, Rights, due};
pub use entry::{
    Decided, Decision, DecisionError, Delegation, Entry, ItemStanding, Made, Outcome, Recorded, SeatStanding,
    Standing, Wait, check_decision, check_delegation, check_reassignment, standing, why_keep_needs_reason,
};
pub use item::{Beside, DORMANT_DAYS, Flag, Frozen, Item, Left, People, Seat, SeatRole, freeze};
pub use quality::{
    Deviation, MAX_ITEMS_OF_REVIEWER, Mark, Quality, deviations, kinds, not_looked_back, only_each_other,
    quality,
};
pub use removal::{Removal, RemovalState, Sighting, Timeliness, business_days_after, due_after, removals};
pub use scope::{Scope, ScopedSystem, Unanswered};
pub use state::{ReviewError, ReviewKey, State, Step};

/// Most characters of a note, a reason or a statement.
pub const MAX_TEXT_CHARS: usize = 4_000;
/// Oldest that a list may be when a review opens with it, in hours.
pub const MAX_LIST_AGE_HOURS: i64 = 24;

/// One list of the snapshot, and what ties the items to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotList {
    /// The list.
    pub list: ListKey,
    /// Its system.
    pub system: String,
    /// When it was taken.
    pub run_at: Timestamp,
    /// What ties the list to its source.
    pub tie_out: TieOut,
    /// Digest of its rows' keys.
    pub keys: Digest,
    /// Items that were made of it.
    pub items: u64,
    /// Accounts of the list without an item.
    pub left: Vec<Left>,
    /// The list of the last review that was signed, which it was compared with, and that review; none without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<(ReviewKey, ListKey)>,
}

/// What a review is about, from when it was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When.
    pub at: Timestamp,
    /// Its lists.
    pub lists: Vec<SnapshotList>,
    /// Items.
    pub items: u64,
    /// Digest of all items as canonical JSON, in order.
    pub digest: Digest,
    /// The version of the matrix of duties that conflicts were looked for with; none without one.
    pub matrix: Option<u32>,
}

impl Snapshot {
    /// Tells whether nothing is missing: each list ties out, so that accounts in the source are those with items and those
    /// left out by name or by rule.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.lists.iter().all(|list| list.tie_out.agrees())
    }
}

/// The end of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// What they say about its completeness.
    pub statement: String,
    /// What was not as it should be, as found then.
    pub deviations: Vec<Deviation>,
}

/// A review of access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Number.
    pub key: ReviewKey,
    /// How far it has come.
    pub state: State,
    /// What it is about.
    pub scope: Scope,
    /// Who began it, and when.
    pub made: (ActorId, Timestamp),
    /// Its snapshot, from when it is frozen.
    #[serde(default)]
    pub snapshot: Option<Snapshot>,
    /// When it opened.
    #[serde(default)]
    pub opened_at: Option<Timestamp>,
    /// When deciding ended.
    #[serde(default)]
    pub decided_at: Option<Timestamp>,
    /// When removals were shown, and what was said of those that were not.
    #[serde(default)]
    pub verified: Option<(Timestamp, String)>,
    /// Its end.
    #[serde(default)]
    pub signed: Option<Signed>,
}

impl Review {
    /// Makes a draft.
    ///
    /// # Errors
    /// If the scope cannot be one.
    pub fn draft(key: ReviewKey, scope: Scope, by: ActorId, now: Timestamp) -> Result<Self, ReviewError> {
        let scope = scope.check(now)?;
        Ok(Self {
            key,
            state: State::Draft,
            scope,
            made: (by, now),
            snapshot: None,
            opened_at: None,
            decided_at: None,
            verified: None,
            signed: None,
        })
    }

    /// Changes what it is about, while nobody has confirmed that.
    ///
    /// # Errors
    /// If its scope is confirmed, or the new one cannot be one.
    pub fn change(mut self, scope: Scope, now: Timestamp) -> Result<Self, ReviewError> {
        if self.state != State::Draft {
            return Err(ReviewError::State(self.state));
        }
        self.scope = scope.check(now)?;
        Ok(self)
    }

    /// Confirms what it is about.
    ///
    /// # Errors
    /// If it is no draft.
    pub fn confirm(self) -> Result<Self, ReviewError> {
        self.step(Step::Confirm)
    }

    /// Freezes the snapshot.
    ///
    /// # Errors
    /// If its scope is not confirmed, or a list is missing or does not tie out.
    pub fn freeze(mut self, snapshot: Snapshot) -> Result<Self, ReviewError> {
        self = self.step(Step::Freeze)?;
        for system in &self.scope.systems {
            let Some(list) = snapshot.lists.iter().find(|list| list.system == system.name) else {
                return Err(ReviewError::NoList(system.name.clone()));
            };
            if !list.tie_out.agrees() {
                return Err(ReviewError::Incomplete(system.name.clone(), list.tie_out.to_string()));
            }
        }
        if snapshot.items == 0 {
            return Err(ReviewError::NoItem);
        }
        self.snapshot = Some(snapshot);
        Ok(self)
    }

    /// Opens it for decisions.
    ///
    /// # Errors
    /// If nothing is frozen, a list is older than [`MAX_LIST_AGE_HOURS`], decisions would be due already, or two people would
    /// decide about each other alone.
    pub fn open(mut self, standing: &Standing<'_>, now: Timestamp) -> Result<Self, ReviewError> {
        self = self.step(Step::Open)?;
        let snapshot = self.snapshot.as_ref().ok_or(ReviewError::State(self.state))?;
        let oldest = now.plus_micros(-MAX_LIST_AGE_HOURS * crate::time::HOUR_US);
        if let Some(list) = snapshot.lists.iter().find(|list| list.run_at < oldest || list.run_at > now) {
            return Err(ReviewError::OldList(list.system.clone(), list.run_at));
        }
        if self.scope.due_at <= now {
            return Err(ReviewError::Due);
        }
        if !only_each_other(standing).is_empty() {
            return Err(ReviewError::EachOther);
        }
        self.opened_at = Some(now);
        Ok(self)
    }

    /// Ends deciding. Before decisions are due every item needs an answer; afterwards what the scope says happens to those
    /// without one. Removals begin with it.
    ///
    /// # Errors
    /// If it is not open, or answers are missing and may still come.
    pub fn close(mut self, standing: &Standing<'_>, now: Timestamp) -> Result<Self, ReviewError> {
        let unanswered = standing.undecided().count();
        self = self.step(Step::Close)?;
        if unanswered > 0 && now < self.scope.due_at {
            return Err(ReviewError::Unanswered(unanswered));
        }
        self.decided_at = Some(now);
        Ok(self)
    }

    /// Begins to remove what has to go.
    ///
    /// # Errors
    /// If deciding has not ended.
    pub fn remediate(self) -> Result<Self, ReviewError> {
        self.step(Step::Remediate)
    }

    /// Says that removals are shown. What is not shown needs its time to be over and words on what becomes of it: it stays a
    /// deviation.
    ///
    /// # Errors
    /// If removals are not shown, and nothing is said of them or their time is not over.
    pub fn verify(mut self, removals: &[Removal], note: &str, now: Timestamp) -> Result<Self, ReviewError> {
        self = self.step(Step::Verify)?;
        let note = text(note)?;
        let open: Vec<&Removal> = removals.iter().filter(|removal| !removal.state.is_shown()).collect();
        if open.iter().any(|removal| now < removal.due_at) || (!open.is_empty() && note.is_empty()) {
            return Err(ReviewError::NotShown(open.len()));
        }
        self.verified = Some((now, note));
        Ok(self)
    }

    /// Opens removals again, as a right that was gone is there again.
    ///
    /// # Errors
    /// If it is not verified, or everything is as it was.
    pub fn reopen(mut self, removals: &[Removal]) -> Result<Self, ReviewError> {
        self = self.step(Step::Reopen)?;
        if !removals.iter().any(|removal| matches!(removal.state, RemovalState::Reappeared { .. })) {
            return Err(ReviewError::NothingCameBack);
        }
        self.verified = None;
        Ok(self)
    }

    /// Signs it off.
    ///
    /// # Errors
    /// If it is not verified, or nothing is said about its completeness.
    pub fn sign(
        mut self,
        by: ActorId,
        statement: &str,
        deviations: Vec<Deviation>,
        now: Timestamp,
    ) -> Result<Self, ReviewError> {
        self = self.step(Step::Sign)?;
        let statement = text(statement)?;
        if statement.is_empty() {
            return Err(ReviewError::NoStatement);
        }
        self.signed = Some(Signed { by, at: now, statement, deviations });
        Ok(self)
    }

    /// Puts it away.
    ///
    /// # Errors
    /// If it is not signed.
    pub fn archive(self) -> Result<Self, ReviewError> {
        self.step(Step::Archive)
    }

    /// Tells whether any of it lay in a time: from when its items were frozen until it was signed. One that is not frozen has
    /// not begun.
    #[must_use]
    pub fn touches(&self, time: crate::Span) -> bool {
        let Some(snapshot) = &self.snapshot else { return false };
        let ends_after = self.signed.as_ref().is_none_or(|signed| signed.at >= time.from);
        ends_after && time.to.is_none_or(|to| snapshot.at < to)
    }

    /// Returns the system of an item.
    #[must_use]
    pub fn system(&self, name: &str) -> Option<&ScopedSystem> {
        self.scope.systems.iter().find(|system| system.name == name)
    }

    /// Returns who has handed out or decided in this review and so far is known by the scope alone.
    #[must_use]
    pub fn named(&self) -> BTreeSet<ActorId> {
        let systems = self.scope.systems.iter();
        systems.map(|system| system.owner).chain([self.scope.stand_in, self.made.0]).collect()
    }

    /// Returns how much of the time for decisions is over, in percent up to 100: who has not answered is asked again at 50,
    /// 80 and 100. None unless it is open.
    #[must_use]
    pub fn time_over(&self, now: Timestamp) -> Option<u8> {
        if self.state != State::Open {
            return None;
        }
        let opened = self.opened_at?.micros();
        let whole = self.scope.due_at.micros().saturating_sub(opened).max(1);
        let share = i128::from(now.micros().saturating_sub(opened)) * 100 / i128::from(whole);
        u8::try_from(share.clamp(0, 100)).ok()
    }

    fn step(mut self, step: Step) -> Result<Self, ReviewError> {
        self.state = self.state.after(step).ok_or(ReviewError::State(self.state))?;
        Ok(self)
    }
}

/// Reads a text that may be empty.
fn text(text: &str) -> Result<String, ReviewError> {
    crate::words::readable(text, MAX_TEXT_CHARS).ok_or(ReviewError::Text)
}
