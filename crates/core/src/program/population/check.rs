//! Whether a list is complete and accurate: what was looked at, and what did not agree.
//!
//! A check is computed from the list and from what a person brings: a count, another list, rows that were looked up. What
//! does not agree stays on record; somebody explains it, or the list is not used.
//!
//! Source: `docs/domain/audit-methods.md` section 3.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Amount, Ipe, MAX_ITEMS, PopulationError, digest_of_keys, normal_key, readable};
use crate::id::{ActorId, PopulationKey};
use crate::{Digest, Timestamp};

/// Differences of one check that are kept one by one; the others are counted.
pub const MAX_DIFFERENCES: usize = 200;
/// Most checks of one population.
pub const MAX_CHECKS: usize = 200;
/// Most rows that one check traces.
pub const MAX_TRACED: usize = 1_000;
/// Longest run of figures at the end of a key that is a number.
const MAX_FIGURES: usize = 18;

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

/// What checks look at.
#[derive(Clone, Debug)]
pub struct Looked<'a> {
    /// Keys of the list.
    pub keys: Vec<&'a str>,
    /// The sum of its amounts, if it has any.
    pub total: Option<Amount>,
    /// Checks before.
    pub checks: &'a [Checked],
}

impl AskedCheck {
    /// Makes the check.
    ///
    /// # Errors
    /// If a text is missing, a row is not in the list, or the list has nothing that could be looked at.
    pub fn look(self, at: &Looked<'_>) -> Result<Check, CheckError> {
        let rows = at.keys.len() as u64;
        let equal = |source: u64, list: u64| {
            if source == list { Vec::new() } else { vec![Difference::Count { source, list }] }
        };
        let (done, differences) = match self {
            Self::SourceCount { source, counted } => {
                said("where it was counted", &source)?;
                (Procedure::SourceCount { source, counted, rows }, equal(counted, rows))
            }
            Self::ControlTotal { source, stated } => {
                said("where the total is from", &source)?;
                let found = at.total.ok_or(CheckError::NoAmounts)?;
                let differs = (stated != found).then_some(Difference::Total { source: stated, list: found });
                (Procedure::ControlTotal { source, stated, found }, differs.into_iter().collect())
            }
            Self::Sequence { first, last } => sequence(&at.keys, first, last)?,
            Self::Reconciliation { source, keys } => {
                said("where the other list comes from", &source)?;
                reconciliation(&at.keys, source, &keys)?
            }
            Self::RollForward { source, opening, added, removed } => {
                said("where the figures come from", &source)?;
                let there = opening.checked_add(added).and_then(|sum| sum.checked_sub(removed));
                let expected = there.ok_or(CheckError::Negative)?;
                let done = Procedure::RollForward { source, opening, added, removed, closing: rows };
                (done, equal(expected, rows))
            }
            Self::TraceToSource { source, traced } => to_source(&at.keys, source, traced)?,
            Self::TraceFromSource { source, keys } => from_source(&at.keys, source, &keys)?,
            Self::Described { aspect, what, agrees } => {
                said("what was done and seen", &what)?;
                let differences = if agrees { Vec::new() } else { vec![Difference::Described] };
                (Procedure::Described { aspect, what, agrees }, differences)
            }
            Self::Unchecked { reason } => {
                said("why completeness was not checked", &reason)?;
                (Procedure::Unchecked { reason }, Vec::new())
            }
            Self::Explained { check, text } => {
                said("how it is explained", &text)?;
                let differs = |one: &Checked| one.number == check && one.check.differing > 0;
                if !at.checks.iter().any(differs) {
                    return Err(CheckError::NothingToExplain(check));
                }
                (Procedure::Explained { check, text }, Vec::new())
            }
        };
        let differing = differences.len() as u64;
        let differences = differences.into_iter().take(MAX_DIFFERENCES).collect();
        Ok(Check { done, differences, differing })
    }
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

fn said(what: &'static str, text: &str) -> Result<(), CheckError> {
    if text.trim().is_empty() {
        return Err(CheckError::Missing(what));
    }
    Ok(readable("text of a check", text)?)
}

/// Splits a key into what comes before its number, the number, and how many figures it has.
fn numbered(key: &str) -> Option<(&str, u64, usize)> {
    let figures = key.bytes().rev().take_while(u8::is_ascii_digit).count();
    if figures == 0 || figures > MAX_FIGURES {
        return None;
    }
    let (before, number) = key.split_at(key.len() - figures);
    Some((before, number.parse().ok()?, figures))
}

fn sequence(
    keys: &[&str],
    first: Option<String>,
    last: Option<String>,
) -> Result<(Procedure, Vec<Difference>), CheckError> {
    let mut series: BTreeMap<&str, (BTreeSet<u64>, usize)> = BTreeMap::new();
    let mut differences = Vec::new();
    for key in keys {
        match numbered(key) {
            Some((before, number, figures)) => {
                let (numbers, width) = series.entry(before).or_insert_with(|| (BTreeSet::new(), figures));
                numbers.insert(number);
                *width = (*width).min(figures);
            }
            None => differences.push(Difference::Unnumbered { key: (*key).to_owned() }),
        }
    }
    if series.is_empty() {
        return Err(CheckError::NoNumbers);
    }
    // An end that is expected and not there opens a hole up to the first or last that is.
    for (end, steps_back) in [(&first, true), (&last, false)] {
        let Some(end) = end.as_deref() else { continue };
        let end = normal_key(end)?;
        let (before, number, _) = numbered(&end).ok_or_else(|| CheckError::NoSeries(end.clone()))?;
        let (numbers, _) = series.get_mut(before).ok_or_else(|| CheckError::NoSeries(end.clone()))?;
        let outside = if steps_back { number.checked_sub(1) } else { number.checked_add(1) };
        match outside {
            Some(outside) => {
                numbers.insert(outside);
            }
            None if !numbers.contains(&number) => {
                differences.push(Difference::Hole { first: end.clone(), last: end.clone() });
            }
            None => {}
        }
    }
    for (before, (numbers, width)) in &series {
        let name = |number: u64| format!("{before}{number:0width$}");
        let mut earlier: Option<u64> = None;
        for &number in numbers {
            if let Some(earlier) = earlier
                && number > earlier + 1
            {
                differences.push(Difference::Hole { first: name(earlier + 1), last: name(number - 1) });
            }
            earlier = Some(number);
        }
    }
    Ok((Procedure::Sequence { series: series.len() as u64, first, last }, differences))
}

fn normal_keys(keys: &[String], most: usize) -> Result<BTreeSet<String>, CheckError> {
    if keys.is_empty() {
        return Err(CheckError::Nothing);
    }
    if keys.len() > most {
        return Err(CheckError::TooMany(most));
    }
    let mut all = BTreeSet::new();
    for key in keys {
        let key = normal_key(key)?;
        if let Some(twice) = all.replace(key) {
            return Err(PopulationError::Twice(twice).into());
        }
    }
    Ok(all)
}

fn reconciliation(
    keys: &[&str],
    source: String,
    others: &[String],
) -> Result<(Procedure, Vec<Difference>), CheckError> {
    let others = normal_keys(others, MAX_ITEMS)?;
    let here: BTreeSet<&str> = keys.iter().copied().collect();
    let mut differences: Vec<Difference> = here
        .iter()
        .filter(|key| !others.contains(**key))
        .map(|key| Difference::OnlyHere { key: (*key).to_owned() })
        .collect();
    let common = (here.len() - differences.len()) as u64;
    let there = others.iter().filter(|key| !here.contains(key.as_str()));
    let there: Vec<Difference> = there.map(|key| Difference::OnlyThere { key: key.clone() }).collect();
    // Both directions are kept where there are too many: half of each, and all of the shorter.
    let half = MAX_DIFFERENCES / 2;
    let (one, other) = (differences.len(), there.len());
    let mixed = one.min(half.max(MAX_DIFFERENCES.saturating_sub(other)));
    let rest = differences.split_off(mixed);
    differences.extend(there);
    differences.extend(rest);
    let (digest, count) = digest_of_keys(others.iter().map(String::as_str));
    Ok((Procedure::Reconciliation { source, others: count, digest, common }, differences))
}

fn to_source(
    keys: &[&str],
    source: String,
    mut traced: Vec<Traced>,
) -> Result<(Procedure, Vec<Difference>), CheckError> {
    said("where rows were looked up", &source)?;
    let named: Vec<String> = traced.iter().map(|one| one.key.clone()).collect();
    normal_keys(&named, MAX_TRACED)?;
    let here: BTreeSet<&str> = keys.iter().copied().collect();
    let mut differences = Vec::new();
    for one in &mut traced {
        one.key = normal_key(&one.key)?;
        one.note = one.note.trim().to_owned();
        readable("note", &one.note)?;
        if !here.contains(one.key.as_str()) {
            return Err(CheckError::UnknownKey(one.key.clone()));
        }
        if !one.agrees {
            differences.push(Difference::NotAsSource { key: one.key.clone(), note: one.note.clone() });
        }
    }
    Ok((Procedure::TraceToSource { source, traced }, differences))
}

fn from_source(
    keys: &[&str],
    source: String,
    records: &[String],
) -> Result<(Procedure, Vec<Difference>), CheckError> {
    said("where records come from and how they were chosen", &source)?;
    let records = normal_keys(records, MAX_TRACED)?;
    let here: BTreeSet<&str> = keys.iter().copied().collect();
    let missing = records.iter().filter(|key| !here.contains(key.as_str()));
    let differences = missing.map(|key| Difference::OnlyThere { key: key.clone() }).collect();
    Ok((Procedure::TraceFromSource { source, keys: records.into_iter().collect() }, differences))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 5] = ["CHG-0001", "CHG-0002", "CHG-0005", "CHG-0006", "REL-7"];

    fn look(asked: AskedCheck) -> Result<Check, CheckError> {
        let total = Some("12.50".parse().expect("an amount"));
        asked.look(&Looked { keys: KEYS.to_vec(), total, checks: &[] })
    }

    fn says(asked: AskedCheck) -> Vec<String> {
        look(asked).expect("made").differences.iter().map(ToString::to_string).collect()
    }

    fn words(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn counts_totals_and_rolls_are_compared() {
        let source = || "pipeline".to_owned();
        assert!(look(AskedCheck::SourceCount { source: source(), counted: 5 }).expect("made").agrees());
        let other = AskedCheck::SourceCount { source: source(), counted: 6 };
        assert_eq!(says(other), ["6 expected, 5 in the list"]);
        let total = |text: &str| AskedCheck::ControlTotal {
            source: source(),
            stated: text.parse().expect("an amount"),
        };
        assert!(says(total("12.5")).is_empty());
        assert_eq!(says(total("12.51")), ["12.51 expected, 12.50 in the list"]);
        let roll = |removed| AskedCheck::RollForward { source: source(), opening: 3, added: 4, removed };
        assert!(says(roll(2)).is_empty());
        assert_eq!(says(roll(3)), ["4 expected, 5 in the list"]);
        assert_eq!(look(roll(8)), Err(CheckError::Negative));
        let none = AskedCheck::SourceCount { source: " ".into(), counted: 5 };
        assert!(matches!(look(none), Err(CheckError::Missing(_))));
    }

    #[test]
    fn holes_are_named_and_ends_are_expected() {
        let between = AskedCheck::Sequence { first: None, last: None };
        assert_eq!(says(between), ["CHG-0003 to CHG-0004 are missing"]);
        let ends = AskedCheck::Sequence { first: Some("CHG-0001".into()), last: Some("CHG-0008".into()) };
        assert_eq!(says(ends), ["CHG-0003 to CHG-0004 are missing", "CHG-0007 to CHG-0008 are missing"]);
        let early = AskedCheck::Sequence { first: Some("REL-6".into()), last: None };
        assert_eq!(says(early), ["CHG-0003 to CHG-0004 are missing", "REL-6 is missing"]);
        let odd = AskedCheck::Sequence { first: Some("DEP-1".into()), last: None };
        assert_eq!(look(odd), Err(CheckError::NoSeries("DEP-1".into())));
        let unnumbered = AskedCheck::Sequence { first: None, last: None };
        let bare = Looked { keys: vec!["a", "b"], total: None, checks: &[] };
        assert_eq!(unnumbered.look(&bare), Err(CheckError::NoNumbers));
        let zero = Looked { keys: vec!["A-1"], total: None, checks: &[] };
        let found = AskedCheck::Sequence { first: Some("A-0".into()), last: None }.look(&zero).expect("made");
        assert_eq!(found.differences, [Difference::Hole { first: "A-0".into(), last: "A-0".into() }]);
    }

    #[test]
    fn another_list_is_compared_in_both_directions() {
        let others = words(&["CHG-0001", " CHG-0002", "CHG-0003", "CHG-0005", "CHG-0006"]);
        let asked = AskedCheck::Reconciliation { source: "ticket system".into(), keys: others };
        let check = look(asked).expect("made");
        let says: Vec<String> = check.differences.iter().map(ToString::to_string).collect();
        assert_eq!(says, ["REL-7 is only in the list", "CHG-0003 is not in the list"]);
        assert!(matches!(check.done, Procedure::Reconciliation { others: 5, common: 4, .. }), "{check:?}");
        let many: Vec<String> = (0..1_000).map(|number| format!("X-{number}")).collect();
        let check = look(AskedCheck::Reconciliation { source: "x".into(), keys: many }).expect("made");
        assert_eq!((check.differing, check.differences.len()), (1_005, MAX_DIFFERENCES));
        assert!(check.differences.iter().any(|one| matches!(one, Difference::OnlyHere { .. })));
        assert!(check.differences.iter().any(|one| matches!(one, Difference::OnlyThere { .. })));
    }

    #[test]
    fn rows_are_traced_both_ways() {
        let row = |key: &str, agrees| Traced { key: key.into(), agrees, note: "another day".into() };
        let traced = vec![row("CHG-0001", true), row("CHG-0005", false)];
        let asked = AskedCheck::TraceToSource { source: "pipeline".into(), traced };
        assert_eq!(
            asked
                .clone()
                .look(&Looked { keys: KEYS.to_vec(), total: None, checks: &[] })
                .expect("made")
                .done
                .aspect(),
            Some(Aspect::Accuracy)
        );
        assert_eq!(says(asked), ["CHG-0005 is not as in the source: another day"]);
        let unknown =
            AskedCheck::TraceToSource { source: "pipeline".into(), traced: vec![row("CHG-9", true)] };
        assert_eq!(look(unknown), Err(CheckError::UnknownKey("CHG-9".into())));
        let records = words(&["CHG-0001", "CHG-0009"]);
        let asked = AskedCheck::TraceFromSource { source: "each tenth".into(), keys: records };
        assert_eq!(says(asked), ["CHG-0009 is not in the list"]);
        let none = AskedCheck::TraceFromSource { source: "each tenth".into(), keys: Vec::new() };
        assert_eq!(look(none), Err(CheckError::Nothing));
    }

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
