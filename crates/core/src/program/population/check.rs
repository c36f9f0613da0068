//! Whether a list is complete and accurate: what was looked at, and what did not agree.
//!
//! A check is computed from the list and from what a person brings: a count, another list, rows that were looked up. What
//! does not agree stays on record; somebody explains it, or the list is not used.
//!
//! Source: `docs/domain/audit-methods.md` section 3.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Amount, Ipe, PopulationError};
use crate::id::{ActorId, PopulationKey};
use crate::{Digest, Timestamp};

/// Differences of one check that are kept one by one; the others are counted.
pub const MAX_DIFFERENCES: usize = 200;
/// Most checks of one population.
pub const MAX_CHECKS: usize = 200;
/// Most rows that one check traces.
pub const MAX_TRACED: usize = 1_000;

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Nothing is missing.
    Completeness,
    /// What is there is right.
    Accuracy,
}

/// A row of the list that was looked up in its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traced {
    /// Its key.
    pub key: String,
    /// Whether the source says the same.
    pub agrees: bool,
    /// What there is to say.
    #[serde(default)]
    pub note: String,
}

/// A check as it is asked for, with what somebody brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "procedure", rename_all = "snake_case", deny_unknown_fields)]
pub enum AskedCheck {
    /// The source was counted again.
    SourceCount {
        /// Where and how it was counted.
        source: String,
        /// What was counted.
        counted: u64,
    },
    /// The sum of the amounts, as the source has it.
    ControlTotal {
        /// Where it is from.
        source: String,
        /// The sum there.
        stated: Amount,
    },
    /// Numbered keys have no hole.
    Sequence {
        /// The first key that the source gave out in the period, if that is known.
        #[serde(default)]
        first: Option<String>,
        /// The last one.
        #[serde(default)]
        last: Option<String>,
    },
    /// Compared with a list that somebody else keeps.
    Reconciliation {
        /// Where that list comes from.
        source: String,
        /// Its keys.
        keys: Vec<String>,
    },
    /// What there was, and came, and went.
    RollForward {
        /// Where the figures come from.
        source: String,
        /// At the beginning.
        opening: u64,
        /// Added since.
        added: u64,
        /// Taken away since.
        removed: u64,
    },
    /// Rows of the list were looked up in the source.
    TraceToSource {
        /// Where they were looked up.
        source: String,
        /// The rows.
        traced: Vec<Traced>,
    },
    /// Records of the source were looked for in the list.
    TraceFromSource {
        /// Where they come from, and how they were chosen.
        source: String,
        /// Their keys.
        keys: Vec<String>,
    },
    /// Something else: an observed run, a search for what the query leaves out.
    Described {
        /// What it is about.
        aspect: Aspect,
        /// What was done, and what was seen.
        what: String,
        /// Whether it was as it should be.
        agrees: bool,
    },
    /// Completeness was not checked.
    Unchecked {
        /// Why, and what that means for who relies on the list.
        reason: String,
    },
    /// What did not agree is explained.
    Explained {
        /// Number of the check.
        check: i64,
        /// How.
        text: String,
    },
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "procedure", rename_all = "snake_case")]
pub enum Procedure {
    /// The source was counted again.
    SourceCount {
        /// Where and how it was counted.
        source: String,
        /// What was counted.
        counted: u64,
        /// Rows of the list.
        rows: u64,
    },
    /// The sum of the amounts was compared.
    ControlTotal {
        /// Where it is from.
        source: String,
        /// The sum there.
        stated: Amount,
        /// The sum of the list.
        found: Amount,
    },
    /// Numbered keys were looked through for holes.
    Sequence {
        /// How many series of numbers there are, as there is one for each beginning of keys.
        series: u64,
        /// The first key that was expected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<String>,
        /// The last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<String>,
    },
    /// Compared with another list, in both directions.
    Reconciliation {
        /// Where that list comes from.
        source: String,
        /// How many keys it has.
        others: u64,
        /// Digest of its keys, as that of a frozen list.
        digest: Digest,
        /// Keys of both.
        common: u64,
    },
    /// Rolled forward.
    RollForward {
        /// Where the figures come from.
        source: String,
        /// At the beginning.
        opening: u64,
        /// Added since.
        added: u64,
        /// Taken away since.
        removed: u64,
        /// Rows of the list.
        closing: u64,
    },
    /// Rows were looked up in the source.
    TraceToSource {
        /// Where.
        source: String,
        /// The rows.
        traced: Vec<Traced>,
    },
    /// Records of the source were looked for.
    TraceFromSource {
        /// Where they come from.
        source: String,
        /// Their keys.
        keys: Vec<String>,
    },
    /// Something else.
    Described {
        /// What it is about.
        aspect: Aspect,
        /// What was done and seen.
        what: String,
        /// Whether it was as it should be.
        agrees: bool,
    },
    /// Completeness was not checked.
    Unchecked {
        /// Why.
        reason: String,
    },
    /// An explanation of a check before.
    Explained {
        /// Its number.
        check: i64,
        /// How.
        text: String,
    },
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Difference {
    /// Two counts.
    Count {
        /// As the source has it.
        source: u64,
        /// As the list has it.
        list: u64,
    },
    /// Two sums.
    Total {
        /// As the source has it.
        source: Amount,
        /// As the list has it.
        list: Amount,
    },
    /// Numbers that are not there.
    Hole {
        /// The first of them.
        first: String,
        /// The last of them.
        last: String,
    },
    /// A key without a number.
    Unnumbered {
        /// The key.
        key: String,
    },
    /// The other list does not have it.
    OnlyHere {
        /// The key.
        key: String,
    },
    /// The list does not have it.
    OnlyThere {
        /// The key.
        key: String,
    },
    /// The source says something else.
    NotAsSource {
        /// The key.
        key: String,
        /// What there is to say.
        note: String,
    },
    /// What was described did not agree.
    Described,
}

/// A check that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was done.
    #[serde(flatten)]
    pub done: Procedure,
    /// What does not agree, up to [`MAX_DIFFERENCES`].
    pub differences: Vec<Difference>,
    /// How many things do not agree.
    pub differing: u64,
}

/// A check with who made it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The population.
    pub population: PopulationKey,
    /// Counted from 1 in its population.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: ActorId,
    /// What.
    #[serde(flatten)]
    pub check: Check,
}

/// Why a check cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A text that every reader needs.
    #[error("a check says {0}")]
    Missing(&'static str),
    /// A text that cannot be kept, or a key that is none.
    #[error(transparent)]
    Unfit(#[from] PopulationError),
    /// There is nothing to look at.
    #[error("name at least one row")]
    Nothing,
    /// Too much at once.
    #[error("a check names at most {0} rows")]
    TooMany(usize),
    /// A row that is not there.
    #[error("the list has no item {0:?}")]
    UnknownKey(String),
    /// No numbers to look through.
    #[error("the keys of the list do not end in numbers, so nothing can be said about holes")]
    NoNumbers,
    /// A key without a number, or of another series.
    #[error("{0:?} does not end in a number of a series of the list")]
    NoSeries(String),
    /// There are no amounts.
    #[error("the list has no amounts; import it with a column of amounts")]
    NoAmounts,
    /// More was taken away than was there.
    #[error("more was removed than there was")]
    Negative,
    /// There is no such check, or it has nothing to explain.
    #[error("check {0} has nothing to explain")]
    NothingToExplain(i64),
}

impl Procedure {
    /// Returns what it is about; none for what is no check.
    #[must_use]
    pub fn aspect(&self) -> Option<Aspect> {
        match self {
            Self::TraceToSource { .. } => Some(Aspect::Accuracy),
            Self::Described { aspect, .. } => Some(*aspect),
            Self::Unchecked { .. } | Self::Explained { .. } => None,
            _ => Some(Aspect::Completeness),
        }
    }

    /// Returns what people call it.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::SourceCount { .. } => "Source counted",
            Self::ControlTotal { .. } => "Control total",
            Self::Sequence { .. } => "Numbers without a hole",
            Self::Reconciliation { .. } => "Reconciled with another list",
            Self::RollForward { .. } => "Rolled forward",
            Self::TraceToSource { .. } => "Traced to the source",
            Self::TraceFromSource { .. } => "Traced from the source",
            Self::Described { .. } => "Described",
            Self::Unchecked { .. } => "Completeness not checked",
            Self::Explained { .. } => "Explained",
        }
    }
}

impl fmt::Display for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SourceCount { source, counted, rows } => {
                write!(f, "{source}: {counted} there, {rows} in the list")
            }
            Self::ControlTotal { source, stated, found } => {
                write!(f, "{source}: {stated} there, {found} in the list")
            }
            Self::Sequence { series, first, last } => {
                write!(f, "{series} series of numbered keys")?;
                for (word, key) in [(", from", first), (", to", last)] {
                    if let Some(key) = key {
                        write!(f, "{word} {key}")?;
                    }
                }
                Ok(())
            }
            Self::Reconciliation { source, others, common, .. } => {
                write!(f, "{source}: {others} keys there, {common} of them in the list")
            }
            Self::RollForward { source, opening, added, removed, closing } => {
                write!(f, "{source}: {opening} + {added} - {removed}, {closing} in the list")
            }
            Self::TraceToSource { source, traced } => write!(f, "{source}: {} rows", traced.len()),
            Self::TraceFromSource { source, keys } => write!(f, "{source}: {} records", keys.len()),
            Self::Described { what, .. } => f.write_str(what),
            Self::Unchecked { reason } => f.write_str(reason),
            Self::Explained { check, text } => write!(f, "check {check}: {text}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { source, list } => write!(f, "{source} expected, {list} in the list"),
            Self::Total { source, list } => write!(f, "{source} expected, {list} in the list"),
            Self::Hole { first, last } if first == last => write!(f, "{first} is missing"),
            Self::Hole { first, last } => write!(f, "{first} to {last} are missing"),
            Self::Unnumbered { key } => write!(f, "{key} has no number"),
            Self::OnlyHere { key } => write!(f, "{key} is only in the list"),
            Self::OnlyThere { key } => write!(f, "{key} is not in the list"),
            Self::NotAsSource { key, note } if note.is_empty() => write!(f, "{key} is not as in the source"),
            Self::NotAsSource { key, note } => write!(f, "{key} is not as in the source: {note}"),
            Self::Described => f.write_str("it was not as it should be"),
        }
    }
}

impl Check {
    /// Tells whether nothing differed.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.differing == 0
    }
}

/// Tells whether something that differed was explained.
#[must_use]
pub fn is_explained(checks: &[Checked], number: i64) -> bool {
    let explains =
        |one: &Checked| matches!(&one.check.done, Procedure::Explained { check, .. } if *check == number);
    checks.iter().any(explains)
}

/// Asks whether a list may be frozen as far as its checks go: what differed is explained, and completeness was checked,
/// or somebody said why not. What was written down with where the list came from counts as a check of its own.
///
/// # Errors
/// If something is unexplained, or nobody looked at completeness.
pub fn need_checks(key: PopulationKey, checks: &[Checked], ipe: Option<&Ipe>) -> Result<(), PopulationError> {
    let open = checks.iter().find(|one| !one.check.agrees() && !is_explained(checks, one.number));
    if let Some(open) = open {
        return Err(PopulationError::Unexplained { population: key, check: open.number });
    }
    let counts = |one: &Checked| {
        one.check.done.aspect() == Some(Aspect::Completeness)
            || matches!(one.check.done, Procedure::Unchecked { .. })
    };
    let is_written = ipe.is_some_and(|ipe| !ipe.completeness.trim().is_empty());
    if is_written || checks.iter().any(counts) { Ok(()) } else { Err(PopulationError::Unchecked(key)) }
}

#[cfg(test)]
mod tests {
    use super::super::look::Looked;
    use super::*;

    const KEYS: [&str; 5] = ["CHG-0001", "CHG-0002", "CHG-0005", "CHG-0006", "REL-7"];

    #[test]
    fn a_list_is_frozen_once_completeness_was_looked_at_and_differences_are_explained() {
        let key = PopulationKey(7);
        let kept = |number, asked: AskedCheck, checks: &[Checked]| Checked {
            population: key,
            number,
            at: Timestamp::from_seconds(0),
            by: ActorId(uuid::Uuid::nil()),
            check: asked.look(&Looked { keys: KEYS.to_vec(), total: None, checks }).expect("made"),
        };
        assert_eq!(need_checks(key, &[], None), Err(PopulationError::Unchecked(key)));
        let traced = AskedCheck::Described { aspect: Aspect::Accuracy, what: "read".into(), agrees: true };
        let mut checks = vec![kept(1, traced, &[])];
        assert_eq!(need_checks(key, &checks, None), Err(PopulationError::Unchecked(key)), "accuracy only");
        checks.push(kept(2, AskedCheck::Sequence { first: None, last: None }, &[]));
        let open = PopulationError::Unexplained { population: key, check: 2 };
        assert_eq!(need_checks(key, &checks, None), Err(open));
        let explained = |check| AskedCheck::Explained { check, text: "3 and 4 were cancelled".into() };
        let nothing = explained(1).look(&Looked { keys: KEYS.to_vec(), total: None, checks: &checks });
        assert_eq!(nothing, Err(CheckError::NothingToExplain(1)));
        let explanation = kept(3, explained(2), &checks);
        checks.push(explanation);
        assert_eq!(need_checks(key, &checks, None), Ok(()));
        let reason = kept(1, AskedCheck::Unchecked { reason: "the source is gone".into() }, &[]);
        assert_eq!(need_checks(key, &[reason], None), Ok(()));
    }
}
