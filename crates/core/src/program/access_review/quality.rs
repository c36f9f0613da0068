//! How a review was done: signals for whoever relies on it, and what was not as it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Decision, Entry, Item, Outcome, Recorded, Removal, RemovalState, Review, Standing, Timeliness};
use crate::id::ActorId;
use crate::identity::separation;
use crate::program::access::AccountKind;
use crate::time::SECOND_US;

/// Items of one reviewer above which it is said that they are many.
pub const MAX_ITEMS_OF_REVIEWER: u64 = 200;
/// Decisions from which "all kept" says something.
const ALL_KEPT_FROM: u64 = 10;
/// Decisions a minute from which nobody can have looked: one a second.
const TOO_FAST_PER_MINUTE: u64 = 60;
/// Longest time between two decisions that counts as time spent on the second, in seconds.
const LONGEST_PAUSE_S: i64 = 600;
/// Share of bulk decisions from which it is said, in basis points.
const MUCH_BULK_BP: u64 = 5_000;

/// What a reader should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Every right was kept.
    AllKept,
    /// More than one decision a second.
    TooFast,
    /// At least half was decided in bulk.
    MuchBulk,
    /// More than [`MAX_ITEMS_OF_REVIEWER`] items.
    Many,
    /// Two people decide about each other, and nobody else about either.
    EachOther,
}

impl Mark {
    /// Returns what people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::AllKept => "Kept everything",
            Self::TooFast => "More than one decision a second",
            Self::MuchBulk => "Half or more in bulk",
            Self::Many => "More than 200 items",
            Self::EachOther => "Review each other and nobody else does",
        }
    }

    /// Returns the word used in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AllKept => "all_kept",
            Self::TooFast => "too_fast",
            Self::MuchBulk => "much_bulk",
            Self::Many => "many",
            Self::EachOther => "each_other",
        }
    }
}

/// How one reviewer decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// Items that they decide about, or decided about for others.
    pub items: u64,
    /// How many have their answer.
    pub decided: u64,
    /// How many of those were kept.
    pub kept: u64,
    /// How many were decided in bulk.
    pub bulk: u64,
    /// How many were decided after they were due.
    pub late: u64,
    /// Most decisions within one minute, bulk decisions counted by their act.
    pub per_minute: u64,
    /// Seconds between their decisions, pauses of more than ten minutes left out: the time spent, as far as it shows.
    #[serde(default)]
    pub spent_s: u64,
    /// What a reader should look at.
    pub marks: BTreeSet<Mark>,
}

impl Quality {
    /// Returns a share of the decisions in basis points, 0 to 10,000.
    #[must_use]
    pub fn share_bp(&self, count: u64) -> u64 {
        count.saturating_mul(10_000).checked_div(self.decided).unwrap_or(0)
    }
}

/// Returns how each reviewer decided. Whoever decides for somebody else counts themselves.
#[must_use]
pub fn quality(review: &Review, standing: &Standing<'_>, entries: &[Recorded]) -> BTreeMap<ActorId, Quality> {
    let mut all: BTreeMap<ActorId, Quality> = BTreeMap::new();
    for one in &standing.items {
        for seat in &one.seats {
            let answer = seat.answer();
            let who = answer.map_or(seat.seat.reviewer, |made| made.by);
            let quality = all.entry(who).or_default();
            quality.items += 1;
            let Some(made) = answer else { continue };
            quality.decided += 1;
            quality.kept += u64::from(made.decided.decision == Decision::Keep);
            quality.bulk += u64::from(made.decided.is_bulk);
            quality.late += u64::from(made.at >= review.scope.due_at);
        }
    }
    let mut moments: BTreeMap<ActorId, Vec<i64>> = BTreeMap::new();
    for recorded in entries {
        if let Entry::Decided(decided) = &recorded.entry {
            let moments = moments.entry(recorded.by).or_default();
            // All of one bulk decision have one moment, and are one act.
            if !decided.is_bulk || moments.last() != Some(&recorded.at.micros()) {
                moments.push(recorded.at.micros());
            }
        }
    }
    for (who, quality) in &mut all {
        if let Some(moments) = moments.get_mut(who) {
            quality.per_minute = most_within_a_minute(moments);
            quality.spent_s = spent(moments);
        }
        let mut mark = |is: bool, mark: Mark| {
            if is {
                quality.marks.insert(mark);
            }
        };
        mark(quality.decided >= ALL_KEPT_FROM && quality.kept == quality.decided, Mark::AllKept);
        mark(quality.per_minute > TOO_FAST_PER_MINUTE, Mark::TooFast);
        let bulk_bp = quality.bulk.saturating_mul(10_000).checked_div(quality.decided).unwrap_or(0);
        mark(quality.decided >= ALL_KEPT_FROM && bulk_bp >= MUCH_BULK_BP, Mark::MuchBulk);
        mark(quality.items > MAX_ITEMS_OF_REVIEWER, Mark::Many);
    }
    for (one, other) in only_each_other(standing) {
        for who in [one, other] {
            all.entry(who).or_default().marks.insert(Mark::EachOther);
        }
    }
    all
}

/// Returns pairs of people who decide about each other's access while nobody else decides about either's.
#[must_use]
pub fn only_each_other(standing: &Standing<'_>) -> Vec<(ActorId, ActorId)> {
    let mut reviewers_of: BTreeMap<ActorId, BTreeSet<ActorId>> = BTreeMap::new();
    for one in &standing.items {
        for seat in &one.seats {
            let who = seat.answer().map_or(seat.seat.reviewer, |made| made.by);
            for holder in &one.item.holders {
                reviewers_of.entry(*holder).or_default().insert(who);
            }
        }
    }
    separation::only_each_other(&reviewers_of)
}

/// Counts the items of each system by kind of account, with zero for kinds of which there is none: a review of people alone
/// leaves programs and roles out.
#[must_use]
pub fn kinds(items: &[Item]) -> BTreeMap<&str, BTreeMap<AccountKind, u64>> {
    let mut all: BTreeMap<&str, BTreeMap<AccountKind, u64>> = BTreeMap::new();
    for item in items {
        let none = || AccountKind::ALL.iter().map(|kind| (*kind, 0)).collect();
        *all.entry(&item.system).or_insert_with(none).entry(item.holding.kind).or_default() += 1;
    }
    all
}

/// Returns the items that have to go and of which nobody looked whether they were used.
#[must_use]
pub fn not_looked_back(standing: &Standing<'_>, removals: &[Removal]) -> Vec<u64> {
    let is_open = |item: &u64| standing.item(*item).is_none_or(|one| one.looked_back.is_none());
    removals.iter().map(|removal| removal.item).filter(is_open).collect()
}

/// Adds up the time between decisions, which are in order.
fn spent(moments: &[i64]) -> u64 {
    let gaps = moments.windows(2).map(|pair| pair[1] - pair[0]);
    let spent: i64 = gaps.filter(|gap| *gap <= LONGEST_PAUSE_S * SECOND_US).sum();
    u64::try_from(spent / SECOND_US).unwrap_or(0)
}

fn most_within_a_minute(moments: &mut [i64]) -> u64 {
    moments.sort_unstable();
    let mut from = 0;
    let mut most = 0;
    for (to, at) in moments.iter().enumerate() {
        while at - moments[from] >= 60 * SECOND_US {
            from += 1;
        }
        most = most.max(to - from + 1);
    }
    most as u64
}

/// What was not as it should be: late, or only partly done. The control that the review performs deviated by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Deviation {
    /// Items that were answered after they were due.
    DecidedLate {
        /// Which.
        items: Vec<u64>,
    },
    /// Items that nobody answered.
    Unanswered {
        /// Which.
        items: Vec<u64>,
    },
    /// Removals that were late.
    RemovedLate {
        /// Of which items.
        items: Vec<u64>,
    },
    /// Removals that were shown only after their time, so that nobody knows whether they were in time.
    NotShownInTime {
        /// Of which items.
        items: Vec<u64>,
    },
    /// Rights that have to go and are not shown to be gone.
    NotRemoved {
        /// Of which items.
        items: Vec<u64>,
    },
    /// Rights that were gone and are there again.
    Reappeared {
        /// Of which items.
        items: Vec<u64>,
    },
}

impl Deviation {
    /// Returns the items that it is about.
    #[must_use]
    pub fn items(&self) -> &[u64] {
        match self {
            Self::DecidedLate { items }
            | Self::Unanswered { items }
            | Self::RemovedLate { items }
            | Self::NotShownInTime { items }
            | Self::NotRemoved { items }
            | Self::Reappeared { items } => items,
        }
    }

    /// Returns what of it is about some of the items; none if nothing is.
    #[must_use]
    pub fn within(&self, is_within: impl Fn(u64) -> bool) -> Option<Self> {
        let mut part = self.clone();
        let (Self::DecidedLate { items }
        | Self::Unanswered { items }
        | Self::RemovedLate { items }
        | Self::NotShownInTime { items }
        | Self::NotRemoved { items }
        | Self::Reappeared { items }) = &mut part;
        items.retain(|item| is_within(*item));
        (!items.is_empty()).then_some(part)
    }

    /// Returns what people call it.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::DecidedLate { .. } => "Decided late",
            Self::Unanswered { .. } => "Not answered",
            Self::RemovedLate { .. } => "Removed late",
            Self::NotShownInTime { .. } => "Not shown to be removed in time",
            Self::NotRemoved { .. } => "Not removed",
            Self::Reappeared { .. } => "There again after removal",
        }
    }

    /// Returns the word used in answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::DecidedLate { .. } => "decided_late",
            Self::Unanswered { .. } => "unanswered",
            Self::RemovedLate { .. } => "removed_late",
            Self::NotShownInTime { .. } => "not_shown_in_time",
            Self::NotRemoved { .. } => "not_removed",
            Self::Reappeared { .. } => "reappeared",
        }
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.items().len();
        write!(f, "{}: {count} {}", self.title(), if count == 1 { "item" } else { "items" })
    }
}

/// Returns what was not as it should be, as far as is known.
#[must_use]
pub fn deviations(review: &Review, standing: &Standing<'_>, removals: &[Removal]) -> Vec<Deviation> {
    let due = review.scope.due_at;
    let numbers = |is: &dyn Fn(&super::ItemStanding<'_>) -> bool| -> Vec<u64> {
        standing.items.iter().filter(|one| is(one)).map(|one| one.item.number).collect()
    };
    let of = |is: &dyn Fn(&Removal) -> bool| -> Vec<u64> {
        removals.iter().filter(|removal| is(removal)).map(|removal| removal.item).collect()
    };
    let is_late = |one: &super::ItemStanding<'_>| {
        one.outcome() != Outcome::Undecided && one.answered_at().is_some_and(|at| at >= due)
    };
    let is_closed = review.decided_at.is_some();
    let all = [
        Deviation::DecidedLate { items: numbers(&is_late) },
        Deviation::Unanswered { items: numbers(&|one| is_closed && one.outcome() == Outcome::Undecided) },
        Deviation::RemovedLate {
            items: of(&|one| one.timeliness == Timeliness::Late && one.state.is_shown()),
        },
        Deviation::NotShownInTime {
            items: of(&|one| one.timeliness == Timeliness::NotShown && one.state.is_shown()),
        },
        Deviation::NotRemoved {
            items: of(&|one| {
                one.timeliness == Timeliness::Late
                    && matches!(one.state, RemovalState::Open | RemovalState::Ticketed)
            }),
        },
        Deviation::Reappeared { items: of(&|one| matches!(one.state, RemovalState::Reappeared { .. })) },
    ];
    all.into_iter().filter(|deviation| !deviation.items().is_empty()).collect()
}
