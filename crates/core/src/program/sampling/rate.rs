//! Rates in basis points: what is decided is decided in whole numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Basis points of 100 %.
pub const WHOLE_BP: u32 = 10_000;

/// A share of 0 to 100 % in basis points. With fractions of floating point, 400 x 0.035 becomes 14.000000000000002 and
/// the sample size 400 jumps to 423; in basis points 400 x 350 is 140,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Rate(u32);

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// No unit, so 5 could be 5 % or the whole five times over.
    #[error("{0:?} has no unit; write it as {0}% or in basis points as 500bp")]
    NoUnit(String),
    /// Not a number.
    #[error("{0:?} is not a rate; write it like 5%, 0.25% or 25bp")]
    NotANumber(String),
    /// Below a basis point.
    #[error("{0:?} is finer than a hundredth of a percent, which is what rates are kept in")]
    TooFine(String),
    /// Below nothing or above everything.
    #[error("{0:?} is outside 0% to 100%")]
    OutOfRange(String),
}

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Returns the rate of basis points.
    ///
    /// # Errors
    /// Above 10,000.
    pub fn of_bp(bp: u32) -> Result<Self, RateError> {
        if bp > WHOLE_BP { Err(RateError::OutOfRange(format!("{bp}bp"))) } else { Ok(Self(bp)) }
    }

    /// Returns the basis points.
    #[must_use]
    pub fn bp(self) -> u32 {
        self.0
    }

    /// Returns the whole number of `count` that lies at or below this share of it.
    #[must_use]
    pub fn floor_of(self, count: u64) -> u64 {
        u64::try_from(u128::from(count) * u128::from(self.0) / u128::from(WHOLE_BP)).expect("a share of it")
    }

    /// Returns the whole number of `count` that lies at or above this share of it.
    ///
    /// 6 % of 100 is 6; with fractions of floating point it can become 7.
    #[must_use]
    pub fn ceil_of(self, count: u64) -> u64 {
        let product = u128::from(count) * u128::from(self.0);
        u64::try_from(product.div_ceil(u128::from(WHOLE_BP))).expect("a share of it")
    }
}

impl TryFrom<u32> for Rate {
    type Error = RateError;

    fn try_from(bp: u32) -> Result<Self, RateError> {
        Self::of_bp(bp)
    }
}

impl From<Rate> for u32 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}%"),
        }
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let trimmed = text.trim();
        let given = || text.to_owned();
        if let Some(digits) = trimmed.strip_suffix("bp") {
            let digits = digits.trim_end();
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(sign_or_word(text, digits));
            }
            let bp = digits.parse().map_err(|_| RateError::OutOfRange(given()))?;
            return Self::of_bp(bp).map_err(|_| RateError::OutOfRange(given()));
        }
        let Some(number) = trimmed.strip_suffix('%').map(str::trim_end) else {
            let is_number = trimmed.parse::<u64>().is_ok()
                || trimmed.split_once('.').is_some_and(|(a, b)| {
                    !a.is_empty() && !b.is_empty() && (a.bytes().chain(b.bytes())).all(|b| b.is_ascii_digit())
                });
            return Err(if is_number {
                RateError::NoUnit(trimmed.to_owned())
            } else {
                RateError::NotANumber(given())
            });
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        if whole.is_empty()
            || part.is_empty()
            || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
        {
            return Err(sign_or_word(text, number));
        }
        let part = part.trim_end_matches('0');
        if part.len() > 2 {
            return Err(RateError::TooFine(given()));
        }
        let part: u32 = format!("{part:0<2}").parse().map_err(|_| RateError::NotANumber(given()))?;
        let whole: u32 = whole.parse().map_err(|_| RateError::OutOfRange(given()))?;
        whole
            .checked_mul(100)
            .and_then(|bp| bp.checked_add(part))
            .and_then(|bp| Self::of_bp(bp).ok())
            .ok_or_else(|| RateError::OutOfRange(given()))
    }
}

/// Tells a negative number from what is no number.
fn sign_or_word(text: &str, number: &str) -> RateError {
    let digits = number.strip_prefix('-').unwrap_or_default();
    if digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    {
        RateError::OutOfRange(text.to_owned())
    } else {
        RateError::NotANumber(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_with_their_unit() {
        let read = |text: &str| text.parse::<Rate>();
        let good = [("5%", 500), ("5 %", 500), (" 0.25% ", 25), ("0.5%", 50), ("100%", 10_000), ("25bp", 25)];
        for (text, bp) in good {
            assert_eq!(read(text).map(Rate::bp), Ok(bp), "{text}");
        }
        assert_eq!(read("5.00000%"), Ok(Rate(500)));
        let refused = |text: &str| read(text).expect_err("refused").to_string();
        assert_eq!(refused("5"), "\"5\" has no unit; write it as 5% or in basis points as 500bp");
        assert_eq!(refused("0.05"), "\"0.05\" has no unit; write it as 0.05% or in basis points as 500bp");
        assert_eq!(refused("101%"), "\"101%\" is outside 0% to 100%");
        assert_eq!(refused("-1%"), "\"-1%\" is outside 0% to 100%");
        assert_eq!(refused("99999999999%"), "\"99999999999%\" is outside 0% to 100%");
        assert_eq!(refused("10001bp"), "\"10001bp\" is outside 0% to 100%");
        assert!(refused("0.001%").contains("finer than a hundredth"));
        for text in ["", "%", "five%", "5,0%", "1e2%", ".5%", "5.%", "+5%", "bp", "--5%", "٥%"] {
            assert!(matches!(read(text), Err(RateError::NotANumber(_))), "{text:?}");
        }
    }

    #[test]
    fn rates_are_written_as_they_are_read() {
        for bp in 0..=WHOLE_BP {
            let rate = Rate(bp);
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        assert_eq!((Rate(500).to_string(), Rate(5).to_string()), ("5%".to_owned(), "0.05%".to_owned()));
        assert_eq!((Rate(600).ceil_of(100), Rate(500).ceil_of(52), Rate(500).floor_of(52)), (6, 3, 2));
    }
}
