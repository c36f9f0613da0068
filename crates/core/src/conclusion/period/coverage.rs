//! Up to when a control was tested, and what is left: what was done at an interim date has to be carried to the end.

use jiff::ToSpan as _;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::catalog::Frequency;
use crate::program::sampling::{last_part_of, needed_of_last_part};

/// How much of what was tested lies in the last stretch of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// First moment of the stretch.
    pub from: Timestamp,
    /// Instances of it that were tested.
    pub tested: usize,
    /// Instances of it that are needed.
    pub needed: usize,
}

impl Share {
    /// Returns how many are missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.needed.saturating_sub(self.tested)
    }
}

/// Up to when a test reaches in a period, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// First moment that was not tested any more; none when nothing was.
    pub until: Option<Timestamp>,
    /// End of the period.
    pub to: Timestamp,
    /// Of the last fourth of the period; none for what is looked at all the time.
    pub last_fourth: Option<Share>,
    /// Of the last month, for what is performed monthly or more often.
    pub last_month: Option<Share>,
}

impl Coverage {
    /// Counts instances. `since` says of those at or after a moment of the period how many were tested and how many were
    /// not. `needed` says how many tested ones come from the last fourth; a fifth of all when left out. Once the test reaches
    /// to the end, no more are needed than there were.
    #[must_use]
    pub fn of(
        (from, to): (Timestamp, Timestamp),
        until: Option<Timestamp>,
        frequency: Frequency,
        needed: Option<usize>,
        since: impl Fn(Timestamp) -> (usize, usize),
    ) -> Self {
        let is_whole = until.is_some_and(|until| to <= until);
        let share = |from: Timestamp, needed: usize| {
            let (tested, left) = since(from);
            let needed = if is_whole { needed.min(tested + left) } else { needed };
            Share { from, tested, needed }
        };
        let fifth = usize::try_from(needed_of_last_part(since(from).0 as u64)).unwrap_or(usize::MAX);
        // Where nothing was tested one is to come.
        let fourth = share(last_part_of(from, to), needed.unwrap_or(fifth).max(1));
        let month = is_frequent(frequency).then(|| share(month_before(to).max(from), 1));
        Self { until, to, last_fourth: Some(fourth), last_month: month }
    }

    /// Makes the coverage of what is looked at all the time: only how far it reaches matters.
    #[must_use]
    pub fn throughout(to: Timestamp, until: Option<Timestamp>) -> Self {
        Self { until, to, last_fourth: None, last_month: None }
    }

    /// Returns the stretch that is left to roll forward over; none when the test reaches to the end.
    #[must_use]
    pub fn left(&self, from: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let begin = self.until.unwrap_or(from).max(from);
        (begin < self.to).then_some((begin, self.to))
    }

    /// Returns what is missing of instances from the end of the period.
    #[must_use]
    pub fn missing(&self) -> usize {
        let shares = [self.last_fourth, self.last_month];
        shares.into_iter().flatten().map(|share| share.missing()).max().unwrap_or(0)
    }
}

/// The same day of the month before, in UTC.
fn month_before(at: Timestamp) -> Timestamp {
    let before = Offset::UTC.to_datetime(at.to_jiff()).checked_sub(1.month());
    before.ok().and_then(|before| Offset::UTC.to_timestamp(before).ok()).map_or(at, Timestamp::from)
}

/// Monthly or more often.
fn is_frequent(frequency: Frequency) -> bool {
    !matches!(frequency, Frequency::Annual | Frequency::SemiAnnual | Frequency::Quarterly)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}T00:00:00Z").parse().expect("a moment")
    }

    #[test]
    fn what_was_done_at_an_interim_date_leaves_the_rest_of_the_period() {
        let year = (at("2026-01-01"), at("2027-01-01"));
        let tested = [at("2026-02-03"), at("2026-05-06"), at("2026-08-09"), at("2026-09-30")];
        let interim = Some(at("2026-10-01"));
        let of = |until, frequency, tested: &[Timestamp], left: usize, needed| {
            Coverage::of(year, until, frequency, needed, |at| {
                (tested.iter().filter(|moment| at <= **moment).count(), left)
            })
        };
        let coverage = of(interim, Frequency::Monthly, &tested, 0, None);
        assert_eq!(coverage.left(year.0), Some((at("2026-10-01"), at("2027-01-01"))));
        let fourth = coverage.last_fourth.expect("counted");
        assert_eq!((fourth.tested, fourth.needed, fourth.missing()), (0, 1, 1));
        assert_eq!(coverage.last_month, Some(Share { from: at("2026-12-01"), tested: 0, needed: 1 }));

        let mut whole = tested.to_vec();
        whole.push(at("2026-12-24"));
        let coverage = of(Some(year.1), Frequency::Monthly, &whole, 9, None);
        assert_eq!((coverage.left(year.0), coverage.missing()), (None, 0));
        assert_eq!(of(Some(year.1), Frequency::Monthly, &whole, 9, Some(3)).missing(), 2, "as a preset asks");
        assert_eq!(of(Some(year.1), Frequency::Monthly, &whole, 1, Some(3)).missing(), 1, "there were two");
        assert_eq!(of(interim, Frequency::Quarterly, &tested, 0, None).last_month, None);
        let nothing = of(None, Frequency::Weekly, &[], 0, None);
        assert_eq!((nothing.left(year.0), nothing.missing()), (Some(year), 1));
        let idle = of(Some(year.1), Frequency::PerOccurrence, &tested, 0, None);
        assert_eq!(idle.missing(), 0, "nothing happened in the last quarter");
    }
}
