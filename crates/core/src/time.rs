//! Moments and spans. One unit everywhere: microseconds since 1970-01-01T00:00:00Z.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC with microsecond resolution.
///
/// Written as RFC 3339 with exactly six decimals (`2026-11-24T14:45:00.000000Z`), so text order is time order;
/// stored as `BIGINT` microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// One second in the unit of [`Timestamp`].
pub const SECOND_US: i64 = 1_000_000;
/// One hour in the unit of [`Timestamp`].
pub const HOUR_US: i64 = 3_600 * SECOND_US;
/// One day of 24 hours in the unit of [`Timestamp`].
pub const DAY_US: i64 = 24 * HOUR_US;

/// Why a text is not a moment.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an RFC 3339 moment")]
pub struct InvalidTimestamp(pub String);

impl Timestamp {
    /// Makes a moment from microseconds since the epoch. Values outside years -9999 to 9999 are clamped.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        let low = jiff::Timestamp::MIN.as_microsecond();
        // Its last second is not whole, and a part of it is no moment to `jiff`.
        let high = jiff::Timestamp::MAX.as_second() * SECOND_US;
        Self(micros.clamp(low, high))
    }

    /// Makes a moment from whole seconds since the epoch.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(SECOND_US))
    }

    /// Returns microseconds since the epoch.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Returns whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND_US)
    }

    /// Returns the moment `micros` later (earlier if negative).
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// Returns the date in UTC as `2026-11-24`.
    #[must_use]
    pub fn date(self) -> String {
        self.to_string()[..10].to_owned()
    }

    /// Returns date and minute in UTC for people: `2026-11-24 14:45 UTC`.
    #[must_use]
    pub fn minute(self) -> String {
        let text = self.to_string();
        format!("{} {} UTC", &text[..10], &text[11..16])
    }

    /// Returns the moment as a `jiff` value.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("clamped when made")
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Self {
        Self(moment.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_jiff())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp(text.to_owned()))?;
        Ok(moment.into())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A half-open span of time: `from` belongs to it, `to` does not. `to` absent means "still open".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First moment inside.
    pub from: Timestamp,
    /// First moment outside, or none while open.
    pub to: Option<Timestamp>,
}

impl Span {
    /// Tells whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    /// Returns the length in microseconds, an open end being read as `now`; never negative.
    #[must_use]
    pub fn micros(&self, now: Timestamp) -> i64 {
        (self.to.unwrap_or(now).micros() - self.from.micros()).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_six_decimals_and_reads_back() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_795_531_500_000_001, "2026-11-24T14:45:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
        ] {
            let moment = Timestamp::from_micros(micros);
            assert_eq!(moment.to_string(), text);
            assert_eq!(text.parse(), Ok(moment));
        }
        assert_eq!("tomorrow".parse::<Timestamp>(), Err(InvalidTimestamp("tomorrow".into())));
    }

    #[test]
    fn a_span_excludes_its_end() {
        let span = Span { from: Timestamp::from_seconds(10), to: Some(Timestamp::from_seconds(20)) };
        assert!(span.contains(Timestamp::from_seconds(10)));
        assert!(!span.contains(Timestamp::from_seconds(20)));
        assert_eq!(span.micros(Timestamp::from_seconds(99)), 10 * SECOND_US);
    }
}
