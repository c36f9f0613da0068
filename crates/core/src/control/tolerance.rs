//! How long a test of configuration may fail before that is a deviation: the limit that a control sets itself.
//!
//! A control that gives thirty days for a patch has not failed on the second day. The limit is part of the test and kept
//! with its history: a failing stretch is judged by the limit that held when it was first seen, so that a limit that is
//! widened later excuses nothing that had begun before.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::time::HOUR_US;

/// Longest tolerance: two years.
const MAX_HOURS: u32 = 2 * 366 * 24;

/// How long a test may fail, in whole hours; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Tolerance(u32);

/// Why something is no tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tolerance is 1 to {MAX_HOURS} hours, written as `12h` or `30d`")]
pub struct ToleranceError;

impl Tolerance {
    /// Checks a number of hours.
    ///
    /// # Errors
    /// If it is none, or longer than two years.
    pub fn of_hours(hours: u32) -> Result<Self, ToleranceError> {
        if (1..=MAX_HOURS).contains(&hours) { Ok(Self(hours)) } else { Err(ToleranceError) }
    }

    /// Returns the hours.
    #[must_use]
    pub fn hours(self) -> u32 {
        self.0
    }

    /// Returns the microseconds.
    #[must_use]
    pub fn micros(self) -> i64 {
        i64::from(self.0) * HOUR_US
    }
}

impl TryFrom<u32> for Tolerance {
    type Error = ToleranceError;

    fn try_from(hours: u32) -> Result<Self, ToleranceError> {
        Self::of_hours(hours)
    }
}

impl From<Tolerance> for u32 {
    fn from(tolerance: Tolerance) -> Self {
        tolerance.0
    }
}

impl FromStr for Tolerance {
    type Err = ToleranceError;

    fn from_str(text: &str) -> Result<Self, ToleranceError> {
        let text = text.trim();
        let (number, hours) = match (text.strip_suffix('d'), text.strip_suffix('h')) {
            (Some(days), _) => (days, 24),
            (None, Some(hours)) => (hours, 1),
            (None, None) => return Err(ToleranceError),
        };
        let number: u32 = number.trim().parse().map_err(|_| ToleranceError)?;
        Self::of_hours(number.checked_mul(hours).ok_or(ToleranceError)?)
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = if self.0.is_multiple_of(24) { (self.0 / 24, "day") } else { (self.0, "hour") };
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

/// A tolerance that holds from a moment on, until the next one of the same test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tolerated {
    /// From when.
    pub since: Timestamp,
    /// How long the test may fail; none when every failing stretch is a deviation.
    pub tolerance: Option<Tolerance>,
}

/// Returns the tolerance that held at a moment; `history` is in order of time.
#[must_use]
pub fn tolerance_at(history: &[Tolerated], at: Timestamp) -> Option<Tolerance> {
    let after = history.partition_point(|one| one.since <= at);
    after.checked_sub(1).and_then(|last| history[last].tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_is_read_and_written_in_days_or_hours() {
        let check = |text: &str, shown: &str, hours: u32| {
            let tolerance: Tolerance = text.parse().expect("a tolerance");
            assert_eq!((tolerance.to_string().as_str(), tolerance.hours()), (shown, hours), "{text}");
        };
        check("30d", "30 days", 720);
        check("24h", "1 day", 24);
        check(" 12h ", "12 hours", 12);
        for odd in ["", "30", "d", "0d", "-1d", "99999d", "4294967295d", "1.5d", "3w"] {
            assert_eq!(odd.parse::<Tolerance>(), Err(ToleranceError), "{odd:?}");
        }
        assert_eq!(serde_json::from_str::<Tolerance>("48").expect("hours").to_string(), "2 days");
        assert!(serde_json::from_str::<Tolerance>("0").is_err());
    }

    #[test]
    fn what_held_at_a_moment_is_the_newest_up_to_it() {
        let at = Timestamp::from_seconds;
        let days = |days: u32| Some(Tolerance::of_hours(days * 24).expect("a tolerance"));
        let history = [
            Tolerated { since: at(10), tolerance: days(7) },
            Tolerated { since: at(20), tolerance: None },
            Tolerated { since: at(30), tolerance: days(30) },
        ];
        let held: Vec<_> = [9, 10, 19, 20, 30, 99].iter().map(|&s| tolerance_at(&history, at(s))).collect();
        assert_eq!(held, [None, days(7), days(7), None, days(30), days(30)]);
        assert_eq!(tolerance_at(&[], at(1)), None);
    }
}
