//! Numbers that say where they come from.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// What a citation points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CitationKind {
    /// Rows of a table of this document or of the database, with how they were chosen.
    Rows,
    /// A collection run.
    Run,
    /// A check with its version.
    Check,
    /// Evidence or another artifact, by digest.
    Digest,
    /// A leaf of the ledger.
    Leaf,
    /// A record by its id.
    Record,
}

impl CitationKind {
    /// Returns the word that stands before the reference.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rows => "rows of",
            Self::Run => "run",
            Self::Check => "check",
            Self::Digest => "digest",
            Self::Leaf => "leaf",
            Self::Record => "record",
        }
    }
}

/// Where a figure comes from, in a short form that can be printed and looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Citation {
    /// What it points to.
    pub kind: CitationKind,
    /// The reference itself, e.g. `41` for a run or `controls, key = yes: 36` for rows.
    pub reference: String,
}

impl Citation {
    /// Cites rows by table and the rule by which they were chosen.
    #[must_use]
    pub fn rows(table: &str, rule: &str) -> Self {
        let reference = if rule.is_empty() { table.to_owned() } else { format!("{table}, {rule}") };
        Self { kind: CitationKind::Rows, reference }
    }

    /// Cites a collection run by its key.
    #[must_use]
    pub fn run(key: i64) -> Self {
        Self { kind: CitationKind::Run, reference: key.to_string() }
    }

    /// Cites a check with the version that answered.
    #[must_use]
    pub fn check(id: &str, version: &Digest) -> Self {
        Self { kind: CitationKind::Check, reference: format!("{id}@{}", version.short()) }
    }

    /// Cites an artifact by its full digest.
    #[must_use]
    pub fn digest(digest: &Digest) -> Self {
        Self { kind: CitationKind::Digest, reference: digest.to_string() }
    }

    /// Cites a leaf of the ledger by its index, counted from 0.
    #[must_use]
    pub fn leaf(index: u64) -> Self {
        Self { kind: CitationKind::Leaf, reference: index.to_string() }
    }

    /// Cites a record by its id.
    #[must_use]
    pub fn record(id: &str) -> Self {
        Self { kind: CitationKind::Record, reference: id.to_owned() }
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.reference)
    }
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A number of things.
    Count,
    /// Hundredths of a percent, printed as a percentage with one decimal. Only the whole shows as 100.0.
    BasisPoints,
    /// Whole days.
    Days,
    /// Bytes.
    Bytes,
}

/// All of it, in basis points.
const WHOLE_BP: i64 = 10_000;

/// A number with the records it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The number.
    pub value: i64,
    /// What it counts.
    pub unit: Unit,
    /// Where it comes from; never empty in a finished model.
    pub cites: Vec<Citation>,
}

impl Figure {
    /// Makes a count.
    #[must_use]
    pub fn count(value: usize, cites: Vec<Citation>) -> Self {
        Self { value: i64::try_from(value).unwrap_or(i64::MAX), unit: Unit::Count, cites }
    }

    /// Makes a share from basis points.
    #[must_use]
    pub fn basis_points(value: u32, cites: Vec<Citation>) -> Self {
        Self { value: i64::from(value), unit: Unit::BasisPoints, cites }
    }

    /// Makes a number of days.
    #[must_use]
    pub fn days(value: i64, cites: Vec<Citation>) -> Self {
        Self { value, unit: Unit::Days, cites }
    }

    /// Makes a number of bytes.
    #[must_use]
    pub fn bytes(value: u64, cites: Vec<Citation>) -> Self {
        Self { value: i64::try_from(value).unwrap_or(i64::MAX), unit: Unit::Bytes, cites }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Count | Unit::Bytes => write!(f, "{}", self.value),
            Unit::BasisPoints => {
                let tenths =
                    if self.value == WHOLE_BP { 1_000 } else { ((self.value + 5) / 10).clamp(0, 999) };
                write!(f, "{}.{}\u{a0}%", tenths / 10, tenths % 10)
            }
            Unit::Days => write!(f, "{}\u{a0}{}", self.value, if self.value == 1 { "day" } else { "days" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_shows_as_the_whole() {
        let cases = [(0, "0.0"), (9_167, "91.7"), (9_995, "99.9"), (9_999, "99.9"), (10_000, "100.0")];
        for (basis_points, text) in cases {
            let text = format!("{text}\u{a0}%");
            assert_eq!(Figure::basis_points(basis_points, Vec::new()).to_string(), text);
        }
    }

    #[test]
    fn citations_are_short_and_name_their_kind() {
        let digest = Digest::of(b"");
        assert_eq!(Citation::run(41).to_string(), "run 41");
        assert_eq!(Citation::rows("controls", "key: 36").to_string(), "rows of controls, key: 36");
        assert_eq!(
            Citation::check("ssh-root-login-disabled", &digest).to_string(),
            "check ssh-root-login-disabled@e3b0c44298fc"
        );
        assert_eq!(Citation::digest(&digest).reference, digest.to_string());
    }
}
