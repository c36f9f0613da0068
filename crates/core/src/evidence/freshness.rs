//! Freshness: whether an item of evidence still says something about a control.
//!
//! It is judged for each control by how often that control is performed, never for the item alone: the same screenshot
//! can be good evidence of an annual control and long outdated for a weekly one.

use jiff::tz::Offset;
use jiff::{Span as Calendar, ToSpan as _};

use crate::Timestamp;
use crate::control::Frequency;
use crate::program::performance::Schedule;
use crate::time::DAY_US;

/// How fresh an item is for one control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// The time it covers is long enough ago that the next one is due.
    Stale {
        /// Since when.
        since: Timestamp,
    },
    /// It soon will be.
    Expiring {
        /// First moment at which it is stale.
        until: Timestamp,
    },
    /// It is.
    Fresh {
        /// First moment at which it is stale.
        until: Timestamp,
    },
    /// The control is performed whenever something happens: what the item covers stays covered.
    ByOccurrence,
    /// Nobody has said which time it covers.
    Undated,
}

impl Freshness {
    /// All words, the one that needs work first.
    pub const WORDS: [&'static str; 5] = ["stale", "expiring", "fresh", "by_occurrence", "undated"];

    /// Returns the word used in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stale { .. } => "stale",
            Self::Expiring { .. } => "expiring",
            Self::Fresh { .. } => "fresh",
            Self::ByOccurrence => "by_occurrence",
            Self::Undated => "undated",
        }
    }
}

/// Judges an item whose covered time ends at `covered_to` for a control that is performed this often.
///
/// It is fresh until the next performance is late: one cycle of the control after what it covers, and the usual days of
/// grace. A control that runs all the time has a cycle of a day and no grace. [`lead_days`] before that it is expiring.
///
/// An item that covers up to 30 September 2026 serves a quarterly control (15 days of grace) until 15 January 2027.
#[must_use]
pub fn freshness(covered_to: Option<Timestamp>, frequency: Frequency, now: Timestamp) -> Freshness {
    let Some(covered_to) = covered_to else { return Freshness::Undated };
    let Some(until) = fresh_until(covered_to, frequency) else { return Freshness::ByOccurrence };
    if until <= now {
        Freshness::Stale { since: until }
    } else if until.plus_micros(-lead_days(frequency) * DAY_US) <= now {
        Freshness::Expiring { until }
    } else {
        Freshness::Fresh { until }
    }
}

/// Returns when an item is stale whose covered time ends at `covered_to`; none if it never is.
#[must_use]
pub fn fresh_until(covered_to: Timestamp, frequency: Frequency) -> Option<Timestamp> {
    let cycle: Calendar = match frequency {
        Frequency::Annual => 1.year(),
        Frequency::SemiAnnual => 6.months(),
        Frequency::Quarterly => 3.months(),
        Frequency::Monthly => 1.month(),
        Frequency::SemiMonthly => 16.days(),
        Frequency::Weekly => 7.days(),
        Frequency::Daily | Frequency::ManyTimesADay | Frequency::Continuous => 1.day(),
        Frequency::PerOccurrence => return None,
    };
    let grace = Schedule::usual(frequency).map_or(0, Schedule::grace_days);
    let covered_to = Offset::UTC.to_datetime(covered_to.to_jiff());
    // A date beyond the calendar is fresh for longer than anybody will ask.
    let end = covered_to.checked_add(cycle).and_then(|end| end.checked_add(i64::from(grace).days()));
    let end = end.and_then(|end| Offset::UTC.to_timestamp(end));
    Some(end.map_or(Timestamp::from_micros(i64::MAX), Timestamp::from))
}

/// Returns how many days ahead somebody is told that an item will be stale: enough to perform the control once.
#[must_use]
pub fn lead_days(frequency: Frequency) -> i64 {
    match frequency {
        Frequency::Annual => 30,
        Frequency::SemiAnnual => 21,
        Frequency::Quarterly => 14,
        Frequency::Monthly => 7,
        Frequency::SemiMonthly => 4,
        Frequency::Weekly => 2,
        Frequency::Daily | Frequency::ManyTimesADay | Frequency::Continuous | Frequency::PerOccurrence => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn one_item_is_as_fresh_as_each_control_is_frequent() {
        // It covers September 2026.
        let covered = Some(at("2026-10-01T00:00:00Z"));
        let check = |frequency, now: &str, expected: &str| {
            let found = freshness(covered, frequency, at(now));
            assert_eq!(found.word(), expected, "{frequency:?} at {now}: {found:?}");
        };
        let grace = |frequency| Schedule::usual(frequency).map_or(0, Schedule::grace_days);
        assert_eq!(grace(Frequency::Quarterly), 15);
        assert_eq!(
            fresh_until(at("2026-10-01T00:00:00Z"), Frequency::Quarterly),
            Some(at("2027-01-16T00:00:00Z"))
        );
        for (frequency, expected) in [
            (Frequency::Annual, "fresh"),
            (Frequency::SemiAnnual, "fresh"),
            (Frequency::Quarterly, "fresh"),
            (Frequency::Monthly, "stale"),
            (Frequency::Weekly, "stale"),
            (Frequency::Continuous, "stale"),
            (Frequency::PerOccurrence, "by_occurrence"),
        ] {
            check(frequency, "2026-11-24T00:00:00Z", expected);
        }
        check(Frequency::Quarterly, "2027-01-01T23:59:59Z", "fresh");
        check(Frequency::Quarterly, "2027-01-02T00:00:00Z", "expiring");
        check(Frequency::Quarterly, "2027-01-15T23:59:59Z", "expiring");
        check(Frequency::Quarterly, "2027-01-16T00:00:00Z", "stale");
        assert_eq!(freshness(None, Frequency::Annual, at("2026-11-24T00:00:00Z")), Freshness::Undated);
    }

    #[test]
    fn months_end_where_they_end() {
        // One month after 31 January is the last of February; the grace comes on top.
        let grace = i64::from(Schedule::usual(Frequency::Monthly).expect("windows").grace_days());
        let until = fresh_until(at("2027-01-31T00:00:00Z"), Frequency::Monthly).expect("some time");
        assert_eq!(until, at("2027-02-28T00:00:00Z").plus_micros(grace * DAY_US));
        assert_eq!(
            fresh_until(Timestamp::from_micros(i64::MAX), Frequency::Annual),
            Some(Timestamp::from_micros(i64::MAX))
        );
    }

    proptest! {
        #[test]
        fn time_only_makes_it_older(covered in 0_i64..40_000, wait in 0_i64..2_000, later in 0_i64..2_000, which in 0_usize..10) {
            let frequency = [Frequency::Continuous, Frequency::ManyTimesADay, Frequency::Daily, Frequency::Weekly,
                Frequency::SemiMonthly, Frequency::Monthly, Frequency::Quarterly, Frequency::SemiAnnual, Frequency::Annual,
                Frequency::PerOccurrence][which];
            let covered_to = Timestamp::from_micros(covered * DAY_US);
            let at = |days: i64| freshness(Some(covered_to), frequency, covered_to.plus_micros(days * DAY_US));
            // Stale comes first in the order.
            prop_assert!(at(wait) >= at(wait + later) || at(wait).word() == at(wait + later).word());
            // What covers more is never less fresh.
            let longer = freshness(Some(covered_to.plus_micros(DAY_US * later)), frequency, covered_to.plus_micros(DAY_US * wait));
            let rank = |one: Freshness| Freshness::WORDS.iter().position(|word| *word == one.word());
            prop_assert!(rank(longer) >= rank(at(wait)));
        }
    }
}
