//! Removals: what has to go, until when, and which later list shows that it is gone.
//!
//! A ticket proves nothing. A right is gone when a later list that ties out to its source lacks it; a list that does not
//! closes nothing. A right that is there again opens its removal again.

use jiff::civil::Weekday;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::{Outcome, Review, Standing};
use crate::Timestamp;
use crate::program::access::{ListKey, fold};
use crate::time::DAY_US;

/// Business days for the removal of a privileged right.
const PRIVILEGED_DAYS: u32 = 1;
/// Business days for the removal of another.
const OTHER_DAYS: u32 = 5;

/// What a list that was taken after the decision shows of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The list.
    pub list: ListKey,
    /// The system.
    pub system: String,
    /// When it was taken.
    pub run_at: Timestamp,
    /// Whether it ties out to its source.
    pub is_complete: bool,
    /// Keys of its rows that were looked for, as [`crate::program::access::Holding::key`] makes them.
    pub present: std::collections::BTreeSet<String>,
}

/// How far a removal has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RemovalState {
    /// Nothing shows that it is gone.
    Open,
    /// Somebody has a ticket for it. Nothing shows that it is gone.
    Ticketed,
    /// A list shows that it is gone.
    Shown {
        /// The list.
        list: ListKey,
        /// When that was taken.
        at: Timestamp,
    },
    /// It was gone, and is there again.
    Reappeared {
        /// The list that shows it.
        list: ListKey,
        /// When that was taken.
        at: Timestamp,
    },
}

impl RemovalState {
    /// Tells whether a list shows that it is gone.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        matches!(self, Self::Shown { .. })
    }

    /// Returns the word used in addresses and answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ticketed => "ticketed",
            Self::Shown { .. } => "shown",
            Self::Reappeared { .. } => "reappeared",
        }
    }

    /// Returns what people call it.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Open => "Not begun",
            Self::Ticketed => "Has a ticket",
            Self::Shown { .. } => "Gone, as a list shows",
            Self::Reappeared { .. } => "There again",
        }
    }
}

/// Whether a removal was in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timeliness {
    /// Its time is not over.
    NotYetDue,
    /// A list that was taken in time shows that it was gone.
    OnTime,
    /// It was gone when somebody looked, after its time: nothing shows whether it was in time.
    NotShown,
    /// A list that was taken after its time shows that it was still there, or nothing shows that it is gone.
    Late,
}

impl Timeliness {
    /// Returns what people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::NotYetDue => "Not yet due",
            Self::OnTime => "On time",
            Self::NotShown => "Not shown to be on time",
            Self::Late => "Late",
        }
    }

    /// Returns the word used in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotYetDue => "not_yet_due",
            Self::OnTime => "on_time",
            Self::NotShown => "not_shown",
            Self::Late => "late",
        }
    }
}

/// What has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The item.
    pub item: u64,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// First moment at which it is late.
    pub due_at: Timestamp,
    /// How far it has come.
    pub state: RemovalState,
    /// Whether it was in time.
    pub timeliness: Timeliness,
}

/// Returns the moment `days` business days later: Monday to Friday in UTC, at the same time of day. From a weekend it
/// counts from the Monday after it.
///
/// A Friday and one day give the Monday.
#[must_use]
pub fn business_days_after(at: Timestamp, days: u32) -> Timestamp {
    let mut moment = at;
    let is_weekend = |moment: Timestamp| {
        let day = Offset::UTC.to_datetime(moment.to_jiff()).date();
        matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
    };
    let mut left = days;
    while left > 0 {
        moment = moment.plus_micros(DAY_US);
        if !is_weekend(moment) {
            left -= 1;
        }
    }
    moment
}

/// Returns when a removal is late: one business day after the decision for privileged rights, five for others.
///
/// Source: `docs/domain/audit-methods.md` section 10.
#[must_use]
pub fn due_after(decided_at: Timestamp, is_privileged: bool) -> Timestamp {
    business_days_after(decided_at, if is_privileged { PRIVILEGED_DAYS } else { OTHER_DAYS })
}

/// Returns what has to go and how far it has come, in the order of items. Lists that were taken before the decision show
/// nothing of it.
#[must_use]
pub fn removals(
    review: &Review,
    standing: &Standing<'_>,
    sightings: &[Sighting],
    now: Timestamp,
) -> Vec<Removal> {
    let Some(closed) = review.decided_at else { return Vec::new() };
    let mut sorted: Vec<&Sighting> = sightings.iter().collect();
    sorted.sort_by_key(|sighting| (sighting.run_at, sighting.list));
    let mut all = Vec::new();
    for one in &standing.items {
        if !one.final_outcome(review.scope.unanswered).is_removal() {
            continue;
        }
        // What nobody answered was decided when deciding ended.
        let answered = one.answered_at().filter(|_| one.outcome() != Outcome::Undecided);
        let decided_at = answered.unwrap_or(closed);
        let due_at = due_after(decided_at, one.item.holding.tier.is_privileged());
        let key = one.item.holding.key();
        let later = sorted
            .iter()
            .filter(|list| list.run_at > decided_at && fold(&list.system) == fold(&one.item.system));
        let begun = if one.ticket.is_some() { RemovalState::Ticketed } else { RemovalState::Open };
        let (mut state, mut first_shown, mut seen_late) = (begun.clone(), None, false);
        for list in later {
            let (at, key_of_list) = (list.run_at, list.list);
            if list.present.contains(&key) {
                seen_late |= at >= due_at && first_shown.is_none();
                state = match state {
                    RemovalState::Shown { .. } | RemovalState::Reappeared { .. } => {
                        RemovalState::Reappeared { list: key_of_list, at }
                    }
                    _ => begun.clone(),
                };
            } else if list.is_complete {
                first_shown.get_or_insert(at);
                if !state.is_shown() {
                    state = RemovalState::Shown { list: key_of_list, at };
                }
            }
        }
        let timeliness = match first_shown {
            Some(at) if at < due_at => Timeliness::OnTime,
            Some(_) if seen_late => Timeliness::Late,
            Some(_) => Timeliness::NotShown,
            None if now < due_at => Timeliness::NotYetDue,
            None => Timeliness::Late,
        };
        all.push(Removal { item: one.item.number, decided_at, due_at, state, timeliness });
    }
    all
}
