//! What was known over a span of time: histories, failures with both bounds, and who was not looked at.
//!
//! Rows are read only for what is not a pass. When a target was looked at follows from runs and their populations, and
//! where it was looked at and nothing else was found it passed: a year of an estate is a few thousand rows, not one
//! for each target and check.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tickmark_core::id::{CheckKey, TargetKey};
use tickmark_core::observation::interval::{self, Failure, Interval};
use tickmark_core::observation::{ReasonClass, Verdict};
use tickmark_core::time::HOUR_US;
use tickmark_core::{Span, Timestamp};

use super::{CheckVersion, sql};
use crate::Result;
use crate::context::View;

/// Histories of (check, target), each with the looks that found it.
type WithLooks<'a> = BTreeMap<(&'a str, TargetKey), (Vec<Interval>, Vec<Timestamp>)>;

/// What can be said of each check at each target, over all versions of the check, by check id.
pub type Histories = BTreeMap<String, BTreeMap<TargetKey, Vec<Interval>>>;

/// A failure of a check at a target, with both bounds of its beginning and of its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetFailure {
    /// Id of the check.
    pub check_id: String,
    /// Where it failed.
    pub target: TargetKey,
    /// When.
    #[serde(flatten)]
    pub failure: Failure,
}

/// What was not known of a target over a span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetGaps {
    /// The target.
    pub target: TargetKey,
    /// Stretches over which no check had an answer: nobody looked, or could see.
    pub unseen: Vec<Span>,
    /// Stretches over which single checks had no answer, with the reason; checks without such a stretch are left out.
    pub checks: BTreeMap<String, Vec<CheckGap>>,
}

/// A stretch of time over which a check had no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CheckGap {
    /// From when to when; it ends with the span asked about.
    pub span: Span,
    /// Why: not collected where nobody looked.
    pub reason: ReasonClass,
}

/// Returns what can be said over a span (an open end being now) of each check at each target, staleness applied.
///
/// `checks` are ids; none means all. Stretches before the first look and after a target has left are not covered.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for all functions here.
pub async fn histories_in(view: &mut View<'_>, span: Span, checks: Option<&[String]>) -> Result<Histories> {
    let end = span.to.unwrap_or(view.now).min(view.now);
    let looks = Looked::load(view, checks, end).await?;
    let rows = looks.rows(view, Some(span.from), end).await?;
    let mut histories = looks.histories(&rows, end);
    for intervals in histories.values_mut().flat_map(BTreeMap::values_mut) {
        clip(intervals, span.from, end);
    }
    for of_check in histories.values_mut() {
        of_check.retain(|_, intervals| !intervals.is_empty());
    }
    Ok(histories)
}

/// Returns the failures that lasted at some moment of a span, by check and target, oldest first. The true beginning of
/// each lies after its last good look and not after its first bad one; where the former is missing, nobody had looked.
///
/// # Errors
/// As [`histories_in`].
pub async fn failures(
    view: &mut View<'_>,
    span: Span,
    checks: Option<&[String]>,
) -> Result<Vec<TargetFailure>> {
    // What the look of this moment found belongs to it.
    let now = view.now.plus_micros(1);
    let end = span.to.unwrap_or(now).min(now);
    let looked = Looked::load(view, checks, end).await?;
    let rows = looked.rows(view, None, end).await?;
    let failing: BTreeSet<(&str, TargetKey)> = rows
        .iter()
        .filter(|(_, _, interval)| interval.verdict == Verdict::Fail)
        .filter_map(|(check, target, _)| Some((looked.id_of(*check)?, *target)))
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .filter(|(check, target, _)| looked.id_of(*check).is_some_and(|id| failing.contains(&(id, *target))))
        .copied()
        .collect();
    let only: BTreeSet<TargetKey> = failing.iter().map(|(_, target)| *target).collect();
    let mut found = Vec::new();
    for ((id, target), (intervals, looks)) in looked.with_looks(&rows, &failing, &only, end) {
        for failure in interval::failures(&intervals, &looks) {
            let lasted = failure.ended.is_none_or(|ended| span.from < ended);
            if lasted && failure.first_seen_bad < end {
                found.push(TargetFailure { check_id: id.to_owned(), target, failure });
            }
        }
    }
    Ok(found)
}

/// Returns who was not looked at, and when: for each target the stretches of a span (an open end being now) over which
/// a check had no answer, and those over which none had.
///
/// Targets are those expected by some run before the span ended. What was known all the time is left out.
///
/// # Errors
/// As [`histories_in`].
pub async fn coverage_gaps(
    view: &mut View<'_>,
    span: Span,
    checks: Option<&[String]>,
) -> Result<Vec<TargetGaps>> {
    let end = span.to.unwrap_or(view.now).min(view.now);
    let histories = histories_in(view, span, checks).await?;
    let mut by_target: BTreeMap<TargetKey, TargetGaps> = BTreeMap::new();
    // How many checks know each target, and how often each stretch was a gap.
    let mut known_by: BTreeMap<TargetKey, usize> = BTreeMap::new();
    for (id, targets) in &histories {
        for (&target, intervals) in targets {
            *known_by.entry(target).or_default() += 1;
            let gaps = gaps_of(intervals, span.from, end);
            if !gaps.is_empty() {
                let entry = by_target.entry(target).or_insert_with(|| TargetGaps {
                    target,
                    unseen: Vec::new(),
                    checks: BTreeMap::new(),
                });
                entry.checks.insert(id.clone(), gaps);
            }
        }
    }
    for gaps in by_target.values_mut() {
        if known_by.get(&gaps.target) == Some(&gaps.checks.len()) {
            gaps.unseen = common(gaps.checks.values());
        }
    }
    Ok(by_target.into_values().collect())
}

/// Returns the stretches of a span in which nothing is known, neighbors of one reason as one.
fn gaps_of(intervals: &[Interval], from: Timestamp, end: Timestamp) -> Vec<CheckGap> {
    let mut gaps: Vec<CheckGap> = Vec::new();
    let mut add = |from: Timestamp, to: Timestamp, reason: ReasonClass| {
        if from >= to {
            return;
        }
        match gaps.last_mut() {
            Some(last) if last.reason == reason && last.span.to == Some(from) => last.span.to = Some(to),
            _ => gaps.push(CheckGap { span: Span { from, to: Some(to) }, reason }),
        }
    };
    let mut covered = from;
    for interval in intervals {
        let to = interval.span.to.unwrap_or(end);
        add(covered, interval.span.from, ReasonClass::NotCollected);
        if interval.verdict == Verdict::Unknown {
            add(interval.span.from, to, interval.reason.unwrap_or(ReasonClass::NotCollected));
        }
        covered = covered.max(to);
    }
    add(covered, end, ReasonClass::NotCollected);
    gaps
}

/// Returns the stretches that are a gap in every list.
fn common<'a>(lists: impl Iterator<Item = &'a Vec<CheckGap>>) -> Vec<Span> {
    let mut edges: Vec<(Timestamp, i64)> = Vec::new();
    let mut count = 0;
    for list in lists {
        count += 1;
        for gap in list {
            edges.push((gap.span.from, 1));
            edges.extend(gap.span.to.map(|to| (to, -1)));
        }
    }
    edges.sort_unstable();
    let (mut depth, mut from, mut spans) = (0, None, Vec::<Span>::new());
    for (at, step) in edges {
        depth += step;
        if depth == count {
            from = Some(at);
        } else if let Some(from) = from.take().filter(|from| *from < at) {
            match spans.last_mut() {
                Some(last) if last.to == Some(from) => last.to = Some(at),
                _ => spans.push(Span { from, to: Some(at) }),
            }
        }
    }
    spans
}

fn clip(intervals: &mut Vec<Interval>, from: Timestamp, end: Timestamp) {
    intervals.retain(|interval| interval.span.from < end && interval.span.to.is_none_or(|to| from < to));
    for interval in intervals {
        interval.span.from = interval.span.from.max(from);
        interval.span.to = Some(interval.span.to.unwrap_or(end).min(end));
    }
}

type Row = (CheckKey, TargetKey, Interval);

/// When each check version looked at which targets.
struct Looked {
    versions: Vec<CheckVersion>,
    runs: Vec<sql::RunLook>,
    /// Runs in which a version answered, as positions in `runs`.
    answered: BTreeMap<CheckKey, Vec<usize>>,
    /// Targets that are in the same populations, with these populations.
    groups: Vec<(BTreeSet<i64>, Vec<TargetKey>)>,
}

/// A stretch over which runs of one source expected a target.
struct Spell {
    from: Timestamp,
    to: Option<Timestamp>,
    looks: Vec<Timestamp>,
}

impl Looked {
    async fn load(view: &mut View<'_>, checks: Option<&[String]>, end: Timestamp) -> Result<Self> {
        let organization = view.organization();
        let mut versions = sql::all_checks(view.connection(), organization).await?;
        if let Some(checks) = checks {
            let wanted: BTreeSet<&str> = checks.iter().map(String::as_str).collect();
            versions.retain(|version| wanted.contains(version.definition.id.as_str()));
        }
        let runs = sql::run_looks(view.connection(), organization, end).await?;
        let position: BTreeMap<i64, usize> =
            runs.iter().enumerate().map(|(position, run)| (run.key.0, position)).collect();
        let mut answered = BTreeMap::new();
        for (check, first, last, count) in
            sql::answered(view.connection(), organization, runs.last().map(|run| run.key)).await?
        {
            let all =
                runs.partition_point(|run| run.key < first)..runs.partition_point(|run| run.key <= last);
            let positions = if all.len() as u64 == count {
                all.collect()
            } else {
                // Not every run between asked this version; that is rare enough for a query of its own.
                let runs = sql::runs_of_check(view.connection(), organization, check).await?;
                runs.iter().filter_map(|run| position.get(&run.0).copied()).collect()
            };
            answered.insert(check, positions);
        }
        let used: BTreeSet<i64> = runs.iter().map(|run| run.population).collect();
        let mut memberships: BTreeMap<TargetKey, BTreeSet<i64>> = BTreeMap::new();
        for population in used {
            for target in sql::population_targets(view.connection(), organization, population).await? {
                memberships.entry(target).or_default().insert(population);
            }
        }
        let mut groups: BTreeMap<BTreeSet<i64>, Vec<TargetKey>> = BTreeMap::new();
        for (target, populations) in memberships {
            groups.entry(populations).or_default().push(target);
        }
        Ok(Self { versions, runs, answered, groups: groups.into_iter().collect() })
    }

    fn id_of(&self, check: CheckKey) -> Option<&str> {
        // Versions come in the order of their keys.
        let found = self.versions.binary_search_by_key(&check, |version| version.key).ok()?;
        Some(&self.versions[found].definition.id)
    }

    /// Returns the intervals that are no pass, by version, target and time.
    async fn rows(&self, view: &mut View<'_>, from: Option<Timestamp>, end: Timestamp) -> Result<Vec<Row>> {
        let organization = view.organization();
        let mut rows = sql::other_than_pass(view.connection(), organization, from, end).await?;
        rows.retain(|(check, _, _)| self.id_of(*check).is_some());
        Ok(rows)
    }

    /// Returns when the targets of a group were expected by runs that asked a version.
    fn spells(&self, version: &CheckVersion, populations: &BTreeSet<i64>) -> Vec<Spell> {
        let mut spells: Vec<Spell> = Vec::new();
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for &position in self.answered.get(&version.key).into_iter().flatten() {
            let run = &self.runs[position];
            if populations.contains(&run.population) {
                let spell = *open.entry(&run.source).or_insert_with(|| {
                    spells.push(Spell { from: run.at, to: None, looks: Vec::new() });
                    spells.len() - 1
                });
                spells[spell].looks.push(run.at);
            } else if let Some(spell) = open.remove(run.source.as_str()) {
                spells[spell].to = Some(run.at);
            }
        }
        for spell in open.into_values() {
            spells[spell].to = version.superseded_at;
        }
        spells
    }

    fn histories(&self, rows: &[Row], end: Timestamp) -> Histories {
        let mut histories = Histories::new();
        for version in &self.versions {
            let of_version = of_version(rows, version.key);
            let stale_us = i64::from(version.definition.stale_after_hours) * HOUR_US;
            for (populations, targets) in &self.groups {
                for spell in self.spells(version, populations) {
                    let to = spell.to.unwrap_or(end).min(end);
                    let stale = interval::stale_spans(&spell.looks, stale_us, to);
                    let of_check = histories.entry(version.definition.id.clone()).or_default();
                    for &target in targets {
                        let known = of_target(of_version, target);
                        let intervals = of_check.entry(target).or_default();
                        interval::fill(intervals, known, Span { from: spell.from, to: Some(to) }, &stale);
                    }
                }
            }
        }
        histories
    }

    /// Returns histories as looks found them, with these looks, of some pairs only.
    fn with_looks<'a>(
        &'a self,
        rows: &[Row],
        pairs: &BTreeSet<(&'a str, TargetKey)>,
        only: &BTreeSet<TargetKey>,
        end: Timestamp,
    ) -> WithLooks<'a> {
        let mut found = WithLooks::new();
        for version in &self.versions {
            let of_version = of_version(rows, version.key);
            let id = version.definition.id.as_str();
            for (populations, targets) in &self.groups {
                let targets: Vec<TargetKey> = targets
                    .iter()
                    .copied()
                    .filter(|target| only.contains(target) && pairs.contains(&(id, *target)))
                    .collect();
                if targets.is_empty() {
                    continue;
                }
                for spell in self.spells(version, populations) {
                    let to = spell.to.unwrap_or(end).min(end);
                    for &target in &targets {
                        let known = of_target(of_version, target);
                        let (intervals, looks) = found.entry((id, target)).or_default();
                        interval::fill(intervals, known, Span { from: spell.from, to: Some(to) }, &[]);
                        if spell.to.is_none()
                            && let Some(last) = intervals.last_mut().filter(|last| last.span.to == Some(to))
                        {
                            last.span.to = None;
                        }
                        looks.extend(&spell.looks);
                    }
                }
            }
        }
        found
    }
}

fn of_version(rows: &[Row], check: CheckKey) -> &[Row] {
    let from = rows.partition_point(|row| row.0 < check);
    let to = rows.partition_point(|row| row.0 <= check);
    &rows[from..to]
}

fn of_target(rows: &[Row], target: TargetKey) -> impl Iterator<Item = Interval> {
    let from = rows.partition_point(|row| row.1 < target);
    rows[from..].iter().take_while(move |row| row.1 == target).map(|row| row.2)
}
