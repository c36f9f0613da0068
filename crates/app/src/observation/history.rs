//! What was known over a span of time: histories, failures with both bounds, and who was not looked at.
//!
//! Rows are read only for what is not a pass. When a target was looked at follows from runs and their populations, and
//! where it was looked at and nothing else was found it passed: a year of an estate is a few thousand rows, not one
//! for each target and check.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::observation::interval::{self, Failure, Interval};
use tickmark_core::observation::{ReasonClass, Verdict};
use tickmark_core::time::HOUR_US;
use tickmark_core::{Span, Timestamp};

use super::{CheckVersion, sql};
use crate::Result;
use crate::context::View;

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
    let groups = groups_in(view, span, checks).await?.into_iter();
    let of_check = |groups: Vec<Group>| -> BTreeMap<TargetKey, Vec<Interval>> {
        let all = groups.iter().flat_map(Group::histories);
        all.map(|(target, intervals)| (target, intervals.to_vec())).collect()
    };
    Ok(groups.map(|(id, groups)| (id, of_check(groups))).collect())
}

/// As [`histories_in`], by check id, with those histories once that many targets share.
///
/// # Errors
/// As [`histories_in`].
pub async fn groups_in(
    view: &mut View<'_>,
    span: Span,
    checks: Option<&[String]>,
) -> Result<BTreeMap<String, Vec<Group>>> {
    if checks.is_some_and(<[String]>::is_empty) {
        // What nobody asks for needs no looking up of what was looked at.
        return Ok(BTreeMap::new());
    }
    let end = span.to.unwrap_or(view.now).min(view.now);
    let looked = Looked::load(view, checks, end).await?;
    let rows = looked.rows(view, Some(span.from), end).await?;
    let groups = looked.groups(&rows, end, Reading::Fresh).into_iter();
    let clipped =
        |groups: Vec<Group>| groups.into_iter().map(|group| group.clipped(span.from, end)).collect();
    Ok(groups.map(|(id, groups)| (id.to_owned(), clipped(groups))).collect())
}

/// As [`histories_in`] for one target: what can be said of each check at it, by check id.
///
/// # Errors
/// As [`histories_in`].
pub async fn histories_of_target(
    view: &mut View<'_>,
    span: Span,
    target: TargetKey,
) -> Result<BTreeMap<String, Vec<Interval>>> {
    let end = span.to.unwrap_or(view.now).min(view.now);
    let looked = Looked::load(view, None, end).await?;
    let mut rows = looked.rows(view, Some(span.from), end).await?;
    rows.retain(|(_, of, _)| *of == target);
    let mut histories = BTreeMap::new();
    for (id, groups) in looked.groups(&rows, end, Reading::Fresh) {
        let Some(group) = groups.into_iter().find(|group| group.targets.contains(&target)) else { continue };
        let group = group.clipped(span.from, end);
        let found = group.histories().find(|(of, _)| *of == target);
        if let Some((_, intervals)) = found {
            histories.insert(id.to_owned(), intervals.to_vec());
        }
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
    let mut found = Vec::new();
    for (id, groups) in looked.groups(&rows, end, Reading::AsFound) {
        let mut of_check = Vec::new();
        for Group { looks, others, .. } in groups {
            for (target, intervals) in others {
                let lasted = |failure: &Failure| {
                    failure.ended.is_none_or(|ended| span.from < ended) && failure.first_seen_bad < end
                };
                of_check.extend(
                    interval::failures(&intervals, &looks)
                        .into_iter()
                        .filter(lasted)
                        .map(|failure| TargetFailure { check_id: id.to_owned(), target, failure }),
                );
            }
        }
        of_check.sort_by_key(|failure| failure.target);
        found.append(&mut of_check);
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
    let looked = Looked::load(view, checks, end).await?;
    let rows = looked.rows(view, Some(span.from), end).await?;
    let mut by_target: BTreeMap<TargetKey, TargetGaps> = BTreeMap::new();
    // How many checks know each target, and how often each stretch was a gap.
    let mut known_by: BTreeMap<TargetKey, usize> = BTreeMap::new();
    for (id, groups) in looked.groups(&rows, end, Reading::Fresh) {
        for group in groups {
            let group = group.clipped(span.from, end);
            let same = gaps_of(&group.same, span.from, end);
            for (target, intervals) in group.histories() {
                *known_by.entry(target).or_default() += 1;
                let gaps = match group.others.contains_key(&target) {
                    true => gaps_of(intervals, span.from, end),
                    false => same.clone(),
                };
                if !gaps.is_empty() {
                    let new = || TargetGaps { target, unseen: Vec::new(), checks: BTreeMap::new() };
                    by_target.entry(target).or_insert_with(new).checks.insert(id.to_owned(), gaps);
                }
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
    groups: Vec<(BTreeSet<i64>, Arc<[TargetKey]>)>,
    /// Position of each target's group.
    group_of: BTreeMap<TargetKey, usize>,
}

/// How looks are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Unknown once a look is too long ago; ended at the end.
    Fresh,
    /// As looks found it; what lasts has no end.
    AsFound,
}

/// Histories of one check at targets that were expected by the same runs. Where nothing but passes was found they are
/// the same history, computed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The targets, ascending.
    pub targets: Arc<[TargetKey]>,
    /// When these targets were looked at, ascending.
    pub looks: Vec<Timestamp>,
    /// What holds where nothing but passes was found.
    pub same: Vec<Interval>,
    /// What holds elsewhere.
    pub others: BTreeMap<TargetKey, Vec<Interval>>,
}

impl Group {
    fn clipped(mut self, from: Timestamp, end: Timestamp) -> Self {
        clip(&mut self.same, from, end);
        self.others.values_mut().for_each(|intervals| clip(intervals, from, end));
        self
    }

    /// Returns the history of each target that has one.
    pub fn histories(&self) -> impl Iterator<Item = (TargetKey, &[Interval])> {
        self.targets
            .iter()
            .map(|target| (*target, self.others.get(target).unwrap_or(&self.same).as_slice()))
            .filter(|(_, intervals)| !intervals.is_empty())
    }
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
        let versions = match checks {
            Some(checks) => sql::named_checks(view.connection(), organization, checks, false).await?,
            None => sql::all_checks(view.connection(), organization).await?,
        };
        let runs = sql::run_looks(view.connection(), organization, end).await?;
        let position: BTreeMap<i64, usize> =
            runs.iter().enumerate().map(|(position, run)| (run.key.0, position)).collect();
        let mut answered: BTreeMap<CheckKey, Vec<usize>> = BTreeMap::new();
        let last = runs.last().map_or(RunKey(0), |run| run.key);
        for (asking, checks) in sql::asked(view.connection(), organization, last).await? {
            let positions: Vec<usize> =
                asking.iter().filter_map(|run| position.get(&run.0).copied()).collect();
            for check in checks {
                answered.entry(check).or_default().extend_from_slice(&positions);
            }
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
        let groups: Vec<_> =
            groups.into_iter().map(|(populations, targets)| (populations, targets.into())).collect();
        let group_of = groups
            .iter()
            .enumerate()
            .flat_map(|(group, (_, targets)): (usize, &(_, Arc<[TargetKey]>))| {
                targets.iter().map(move |target| (*target, group))
            })
            .collect();
        Ok(Self { versions, runs, answered, groups, group_of })
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

    /// Returns the histories of each check, over all its versions, by group; groups that no run expected are left out.
    fn groups(&self, rows: &[Row], end: Timestamp, reading: Reading) -> BTreeMap<&str, Vec<Group>> {
        let mut versions: BTreeMap<&str, Vec<&CheckVersion>> = BTreeMap::new();
        for version in &self.versions {
            versions.entry(&version.definition.id).or_default().push(version);
        }
        versions
            .into_iter()
            .map(|(id, versions)| (id, self.groups_of(&versions, rows, end, reading)))
            .collect()
    }

    fn groups_of(
        &self,
        versions: &[&CheckVersion],
        rows: &[Row],
        end: Timestamp,
        reading: Reading,
    ) -> Vec<Group> {
        let mut groups: Vec<Group> = self
            .groups
            .iter()
            .map(|(_, targets)| Group {
                targets: Arc::clone(targets),
                looks: Vec::new(),
                same: Vec::new(),
                others: BTreeMap::new(),
            })
            .collect();
        for version in versions {
            for of_target in of_version(rows, version.key).chunk_by(|a, b| a.1 == b.1) {
                let target = of_target[0].1;
                if let Some(group) = self.group_of.get(&target) {
                    groups[*group].others.insert(target, Vec::new());
                }
            }
        }
        for version in versions {
            let of_version = of_version(rows, version.key);
            let stale_us = i64::from(version.definition.stale_after_hours) * HOUR_US;
            for ((populations, _), group) in self.groups.iter().zip(&mut groups) {
                for spell in self.spells(version, populations) {
                    let to = spell.to.unwrap_or(end).min(end);
                    let stale = match reading {
                        Reading::Fresh => interval::stale_spans(&spell.looks, stale_us, to),
                        Reading::AsFound => Vec::new(),
                    };
                    let lasts = reading == Reading::AsFound && spell.to.is_none();
                    let span = Span { from: spell.from, to: Some(to) };
                    let add = |intervals: &mut Vec<Interval>, known: &[Row]| {
                        interval::fill(intervals, known.iter().map(|row| row.2), span, &stale);
                        if let Some(last) =
                            intervals.last_mut().filter(|last| lasts && last.span.to == Some(to))
                        {
                            last.span.to = None;
                        }
                    };
                    add(&mut group.same, &[]);
                    for (target, intervals) in &mut group.others {
                        add(intervals, of_target(of_version, *target));
                    }
                    group.looks.extend(spell.looks);
                }
            }
        }
        groups.retain(|group| !group.looks.is_empty());
        for group in &mut groups {
            // Sources look at the same targets at their own times.
            group.looks.sort_unstable();
        }
        groups
    }
}

fn of_version(rows: &[Row], check: CheckKey) -> &[Row] {
    let from = rows.partition_point(|row| row.0 < check);
    let to = rows.partition_point(|row| row.0 <= check);
    &rows[from..to]
}

fn of_target(rows: &[Row], target: TargetKey) -> &[Row] {
    let from = rows.partition_point(|row| row.1 < target);
    let to = rows.partition_point(|row| row.1 <= target);
    &rows[from..to]
}
