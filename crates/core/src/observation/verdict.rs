//! The four answers a check can give, and why two of them need a reason.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a check says about one target at one moment. A waiver stands beside a verdict and never replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Verdict {
    /// Could not be seen. The value of everything that was not proven, hence code 0.
    Unknown = 0,
    /// Proven to be as asserted.
    Pass = 1,
    /// Shown not to be as asserted.
    Fail = 2,
    /// The assertion has no subject here; always with a reason.
    NotApplicable = 3,
}

impl Verdict {
    /// All verdicts in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Pass, Self::Fail, Self::NotApplicable];

    /// Returns the two-bit code used in blocks.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the verdict of a two-bit code; higher bits are ignored.
    #[must_use]
    pub fn from_code(code: u8) -> Self {
        Self::ALL[usize::from(code & 3)]
    }

    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not_applicable",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why something could not be seen, or does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ReasonClass {
    /// The identity used may not read it.
    NotPermitted = 1,
    /// The thing does not exist on the target.
    NotPresent = 2,
    /// Nothing tried to read it, or the run did not reach it.
    NotCollected = 3,
    /// The last look is older than the check's staleness limit.
    Stale = 4,
    /// It was read and not understood.
    ParseError = 5,
    /// A time, size or instruction limit ended the look.
    Limit = 6,
    /// This kind or version of target is not supported.
    Unsupported = 7,
}

impl ReasonClass {
    /// All classes in the order of their codes (1 to 7; 0 means "no reason").
    pub const ALL: [Self; 7] = [
        Self::NotPermitted,
        Self::NotPresent,
        Self::NotCollected,
        Self::Stale,
        Self::ParseError,
        Self::Limit,
        Self::Unsupported,
    ];

    /// Returns the code, 1 to 7.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the class of a code, or none for 0 and unknown codes.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }

    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotPermitted => "not_permitted",
            Self::NotPresent => "not_present",
            Self::NotCollected => "not_collected",
            Self::Stale => "stale",
            Self::ParseError => "parse_error",
            Self::Limit => "limit",
            Self::Unsupported => "unsupported",
        }
    }

    /// Returns the words for people: "not permitted".
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::NotPermitted => "not permitted to read it",
            Self::NotPresent => "not present on the target",
            Self::NotCollected => "not collected",
            Self::Stale => "last look too old",
            Self::ParseError => "could not be understood",
            Self::Limit => "a limit ended the look",
            Self::Unsupported => "not supported on this target",
        }
    }
}

impl fmt::Display for ReasonClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_zero_is_unknown() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::from_code(verdict.code()), verdict);
        }
        assert_eq!(Verdict::from_code(0), Verdict::Unknown);
        for reason in ReasonClass::ALL {
            assert_eq!(ReasonClass::from_code(reason.code()), Some(reason));
        }
        assert_eq!(ReasonClass::from_code(0), None);
        assert_eq!(ReasonClass::from_code(8), None);
    }
}
