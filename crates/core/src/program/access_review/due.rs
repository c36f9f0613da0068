//! When the rights of a system are reviewed again: privileged ones each quarter, others each year.

use crate::Timestamp;
use crate::program::access::Tier;
use crate::time::DAY_US;

use super::{Review, State};

/// Days after which privileged rights are reviewed again: a quarter.
///
/// Source: `docs/domain/audit-methods.md` section 10.
pub const PRIVILEGED_DAYS: i64 = 92;
/// Days after which others are.
pub const OTHER_DAYS: i64 = 366;

/// Rights that are reviewed equally often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// Of tiers 0 and 1.
    Privileged,
    /// Of tiers 2 and 3.
    Others,
}

/// Whether they were reviewed often enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// No review of them was signed.
    Never,
    /// The newest signed review is too long ago.
    Late {
        /// First moment at which it was.
        since: Timestamp,
    },
    /// The next one is due by then.
    InTime {
        /// First moment at which it is late.
        until: Timestamp,
    },
}

impl Rights {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Privileged, Self::Others];

    /// Returns what people call them.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Privileged => "Privileged",
            Self::Others => "Others",
        }
    }

    fn tiers(self) -> &'static [Tier] {
        match self {
            Self::Privileged => &[Tier::Zero, Tier::One],
            Self::Others => &[Tier::Two, Tier::Three],
        }
    }

    fn days(self) -> i64 {
        match self {
            Self::Privileged => PRIVILEGED_DAYS,
            Self::Others => OTHER_DAYS,
        }
    }
}

/// Returns whether rights of a system were reviewed often enough, counted from the moment as of which they were: that of the
/// snapshot of the newest review that was signed.
#[must_use]
pub fn due(reviews: &[Review], is_system: impl Fn(&str) -> bool, rights: Rights, now: Timestamp) -> Due {
    let of = |review: &&Review| {
        matches!(review.state, State::Signed | State::Archived)
            && rights.tiers().iter().all(|tier| review.scope.tiers.contains(tier))
            && review.scope.systems.iter().any(|system| is_system(&system.name))
    };
    let last = reviews.iter().filter(of).filter_map(|review| Some(review.snapshot.as_ref()?.at)).max();
    let Some(last) = last else { return Due::Never };
    let until = last.plus_micros(rights.days() * DAY_US);
    if now < until { Due::InTime { until } } else { Due::Late { since: until } }
}
