//! Amounts of items, in whole numbers: their sum is compared with a control total to the last figure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Figures after the point.
const FIGURES: usize = 4;
/// One, as it is held.
const ONE: i64 = 10_000;

/// An amount in ten-thousandths of its unit, whatever the unit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// Not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount like 1250.50: figures, and up to four after a point")]
pub struct NoAmount(String);

impl Amount {
    /// An amount of ten-thousandths.
    #[must_use]
    pub fn of_parts(parts: i64) -> Self {
        Self(parts)
    }

    /// Returns it in ten-thousandths.
    #[must_use]
    pub fn parts(self) -> i64 {
        self.0
    }

    /// Adds amounts; none if the sum is too large to be held.
    #[must_use]
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(0_i64, |sum, one| sum.checked_add(one.0)).map(Self)
    }
}

impl FromStr for Amount {
    type Err = NoAmount;

    fn from_str(text: &str) -> Result<Self, NoAmount> {
        let text = text.trim();
        let wrong = || NoAmount(text.chars().take(40).collect());
        let (is_negative, figures) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = figures.split_once('.').unwrap_or((figures, ""));
        let is_figures = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_figures(whole) || !is_figures(part) || part.len() > FIGURES {
            return Err(wrong());
        }
        let padded: String = part.chars().chain("0000".chars()).take(FIGURES).collect();
        let whole: i64 = whole.parse().map_err(|_| wrong())?;
        let part: i64 = padded.parse().map_err(|_| wrong())?;
        let parts = whole.checked_mul(ONE).and_then(|parts| parts.checked_add(part)).ok_or_else(wrong)?;
        Ok(Self(if is_negative { -parts } else { parts }))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.unsigned_abs();
        let (whole, part) = (parts / ONE.unsigned_abs(), parts % ONE.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        if part % 100 == 0 {
            write!(f, "{sign}{whole}.{:02}", part / 100)
        } else {
            write!(f, "{sign}{whole}.{part:04}")
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_added_to_the_last_figure() {
        let read = |text: &str| text.parse::<Amount>();
        let sum = Amount::sum(["0.1", "0.2", "-1250.5", "7"].map(|text| read(text).expect("an amount")));
        assert_eq!(sum.map(|sum| sum.to_string()).as_deref(), Some("-1243.20"));
        assert_eq!(read("0.0001").expect("an amount").to_string(), "0.0001");
        for odd in ["", "1,250.50", "1e3", ".5", "-", "1.23456", "99999999999999999999", "0x1", "+1"] {
            assert!(read(odd).is_err(), "{odd}");
        }
        assert_eq!(Amount::sum([Amount(i64::MAX), Amount(1)]), None);
    }
}
