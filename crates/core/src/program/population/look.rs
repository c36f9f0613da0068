//! How a check is made: from the list, and from what a person brings to it.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{
    AskedCheck, Check, CheckError, Checked, Difference, MAX_DIFFERENCES, MAX_TRACED, Procedure, Traced,
};
use super::{Amount, MAX_ITEMS, PopulationError, digest_of_keys, normal_key, readable};

/// Longest run of figures at the end of a key that is a number.
const MAX_FIGURES: usize = 18;

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
    use super::super::check::Aspect;
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
}
