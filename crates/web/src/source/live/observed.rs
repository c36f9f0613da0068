//! Checks, targets and runs.

use std::collections::BTreeMap;

use tickmark_app::observation::waiver::{self, Waived};
use tickmark_app::observation::{
    self, CheckNow, CheckVersion, Run, RunState as StoredState, Target, TargetVerdict,
};
use tickmark_app::{View, evidence, identity, ledger};
use tickmark_core::id::{RunKey, TargetKey};
use tickmark_core::observation::interval::{self, Interval, Shares};
use tickmark_core::observation::waiver::Scope;
use tickmark_core::{Digest, Timestamp};

use super::{Live, RUN_LIMIT, gaps_at, gaps_of, group_of, period, strip};
use crate::design::badge::{self, VerdictCounts};
use crate::design::moment;
use crate::error::Refusal;
use crate::observation::check::{CheckRow, CheckView, ResultRow, WaiverRow};
use crate::observation::run::{CheckCoverage, RunChange, RunGap, RunRow, RunState, RunView, RunsView};
use crate::observation::target::{TargetResult, TargetRow, TargetView};

/// Ledger entries that are searched for the one that closes a run.
const LEAF_SEARCH: u32 = 1000;
/// Targets whose gaps are listed with a run.
const TARGET_LIMIT: usize = 100;
/// Targets that are named with a waiver.
const SCOPE_NAMES: usize = 20;
/// Runs that are listed and drawn by day.
const RUNS_LISTED: u32 = 2000;
/// Runs shown with a target.
const TARGET_RUNS: usize = 20;

type Histories = BTreeMap<(String, TargetKey), Vec<Interval>>;

/// A run as its row shows it, without the leaf, which only its own page looks for.
pub(super) fn run_row(run: &Run) -> RunRow {
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    RunRow {
        key: run.key.0,
        collector: run.collector.clone(),
        started: run.started_at,
        finished: run.finished_at,
        state: match run.state {
            StoredState::Open => RunState::Open,
            StoredState::Complete => RunState::Complete,
            StoredState::Partial => RunState::Partial,
            StoredState::Missed => RunState::Missed,
        },
        verdicts: count(run.evaluated) + count(run.reused),
        gaps: count(run.gaps),
        changes: count(run.changed),
        leaf: None,
    }
}

/// Thousandths of the period, over all targets, at which something was known.
fn known(histories: &[&[Interval]], now: Timestamp) -> Option<usize> {
    let mut shares = Shares::default();
    for history in histories {
        shares.add(&Shares::over(history, period(now), now));
    }
    let known = shares.pass_us + shares.fail_us + shares.not_applicable_us;
    let all = i128::from(known) + i128::from(shares.unknown_us);
    (all > 0).then(|| usize::try_from(i128::from(known) * 1000 / all).unwrap_or(0))
}

/// A waiver in words, for a verdict that it stands beside.
fn waiver_words(waiver: &Waived) -> String {
    format!("until {}: {}", moment::date(waiver.expires_at.plus_micros(-1)), waiver.reason)
}

fn check_row(check: &CheckNow, histories: &Histories, waived: &[&str], now: Timestamp) -> CheckRow {
    let definition = &check.version.definition;
    let of_check: Vec<&[Interval]> = histories
        .iter()
        .filter(|((id, _), _)| *id == definition.id)
        .map(|(_, history)| history.as_slice())
        .collect();
    let worst = interval::worst_of(&of_check, period(now), now);
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    CheckRow {
        id: definition.id.clone(),
        title: definition.title.clone(),
        group: group_of(&definition.id),
        severity: definition.severity,
        controls: definition.controls.clone(),
        verdicts: VerdictCounts {
            pass: count(check.counts.pass),
            fail: count(check.counts.fail),
            unknown: count(check.counts.unknown),
            not_applicable: count(check.counts.not_applicable),
        },
        strip: (!worst.is_empty()).then(|| strip(&definition.id, &worst, now)),
        known: known(&of_check, now),
        waived: waived.iter().filter(|id| **id == definition.id).count(),
    }
}

fn target_row(target: &Target, verdicts: &[TargetVerdict], gaps: usize) -> TargetRow {
    let of_target = || verdicts.iter().filter(|verdict| verdict.target == target.key);
    TargetRow {
        key: target.key.0,
        kind: target.target.kind.clone(),
        name: target.target.name.clone(),
        external_id: target.target.external_id.clone(),
        verdicts: VerdictCounts::of(of_target().map(|verdict| verdict.verdict)),
        gaps,
        last_seen: of_target()
            .filter(|verdict| verdict.facts.is_some())
            .map(|verdict| verdict.last_look)
            .max(),
    }
}

impl Live {
    pub(in crate::source) async fn checks(&self) -> Result<Vec<CheckRow>, Refusal> {
        let work = async |view: &mut View<'_>| {
            let now = view.now;
            let histories = observation::histories(view).await?;
            let checks = observation::checks_now(view).await?;
            let verdicts = observation::verdicts_now(view).await?;
            let waived = verdicts.iter().filter(|verdict| verdict.waiver.is_some());
            let waived: Vec<&str> = waived.map(|verdict| verdict.check_id.as_str()).collect();
            Ok(checks.iter().map(|check| check_row(check, &histories, &waived, now)).collect())
        };
        Ok(self.app.read(&self.actor, work).await?)
    }

    pub(in crate::source) async fn check(&self, id: &str) -> Result<CheckView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let versions = observation::check_versions(view, id).await?;
            let verdicts = observation::verdicts_now(view).await?;
            let targets = observation::targets(view).await?;
            let histories = observation::histories(view).await?;
            let mut waivers = Vec::new();
            for waiver in waiver::list(view).await?.into_iter().filter(|waiver| waiver.check == id) {
                let approver = identity::actor(view, waiver.approved_by).await?.label;
                waivers.push((waiver, approver));
            }
            Ok((versions, verdicts, targets, histories, waivers, view.now))
        };
        let (versions, verdicts, targets, histories, waivers, now) = self.app.read(&self.actor, work).await?;
        let current = versions.iter().rev().find(|version| version.superseded_at.is_none());
        let current = current.or(versions.last()).ok_or(Refusal::NotFound)?;
        let CheckVersion { definition, logic, origin, .. } = current.clone();
        let mut results: Vec<ResultRow> = verdicts
            .into_iter()
            .filter(|verdict| verdict.check_id == id)
            .map(|verdict| {
                let found = targets.iter().find(|target| target.key == verdict.target);
                let name = found.map(|target| target.target.name.clone()).unwrap_or_default();
                let history = histories.get(&(verdict.check_id.clone(), verdict.target));
                ResultRow {
                    target_key: verdict.target.0,
                    strip: history.map(|history| strip(&format!("{id} on {name}"), history, now)),
                    target_name: name,
                    waiver: verdict.waiver.as_ref().map(waiver_words).unwrap_or_default(),
                    outcome: verdict.outcome,
                    since: verdict.since,
                    looked: verdict.last_look,
                }
            })
            .collect();
        results.sort_by_key(|result| badge::rank(result.outcome.verdict));
        Ok(CheckView {
            group: group_of(id),
            origin: origin.replace('-', " "),
            rego: logic,
            tests: self.check_tests.get(id).cloned().unwrap_or_default(),
            results,
            waivers: waivers
                .into_iter()
                .map(|(waiver, approved_by)| WaiverRow {
                    id: waiver.id.0,
                    state: waiver.state(now).word().to_owned(),
                    scope: match &waiver.scope {
                        Scope::All => "all targets".to_owned(),
                        Scope::Targets(keys) => targets
                            .iter()
                            .filter(|target| keys.contains(&target.key))
                            .take(SCOPE_NAMES)
                            .map(|target| target.target.name.as_str())
                            .collect::<Vec<_>>()
                            .join(", "),
                    },
                    reason: waiver.reason,
                    risk: waiver.risk,
                    compensation: waiver.compensation,
                    approved_by,
                    granted: waiver.granted_at,
                    expires: waiver.expires_at,
                })
                .collect(),
            versions: versions.iter().rev().map(|version| (version.version, version.introduced_at)).collect(),
            definition,
        })
    }

    pub(in crate::source) async fn targets(&self) -> Result<Vec<TargetRow>, Refusal> {
        let work = async |view: &mut View<'_>| {
            let now = view.now;
            let verdicts = observation::verdicts_now(view).await?;
            let mut rows = Vec::new();
            for target in observation::targets(view).await? {
                let gaps = gaps_at(view, target.key, now).await?.len();
                rows.push(target_row(&target, &verdicts, gaps));
            }
            Ok(rows)
        };
        Ok(self.app.read(&self.actor, work).await?)
    }

    pub(in crate::source) async fn target(&self, key: i64) -> Result<TargetView, Refusal> {
        let key = TargetKey(key);
        let work = async |view: &mut View<'_>| {
            let now = view.now;
            let target = observation::find_target(view, key).await?;
            let verdicts = observation::verdicts_now(view).await?;
            let checks = observation::checks_now(view).await?;
            let histories = observation::histories(view).await?;
            let facts = observation::facts_at(view, key, now).await?;
            let artifacts = evidence::of_target(view, key).await?;
            let runs = observation::runs(view, RUN_LIMIT).await?;
            let gaps = facts.as_ref().map(|facts| gaps_of(&facts.document)).unwrap_or_default();
            let names = BTreeMap::from([(key, target.target.name.clone())]);
            let results = verdicts.iter().filter(|verdict| verdict.target == key).filter_map(|verdict| {
                let check = checks.iter().find(|check| check.version.definition.id == verdict.check_id)?;
                let history = histories.get(&(verdict.check_id.clone(), key));
                Some(TargetResult {
                    check_id: verdict.check_id.clone(),
                    check_title: check.version.definition.title.clone(),
                    severity: check.version.definition.severity,
                    outcome: verdict.outcome.clone(),
                    since: verdict.since,
                    strip: history.map(|history| strip(&verdict.check_id, history, now)),
                })
            });
            Ok(TargetView {
                row: target_row(&target, &verdicts, gaps.len()),
                results: results.collect(),
                schema: facts.as_ref().map(|facts| facts.state.schema.clone()).unwrap_or_default(),
                facts_digest: facts.as_ref().map(|facts| facts.state.digest),
                facts: facts.map(|facts| facts.document).unwrap_or_default(),
                gaps,
                runs: runs.iter().take(TARGET_RUNS).map(run_row).collect(),
                artifacts: artifacts
                    .iter()
                    .map(|artifact| super::proof::artifact_row(artifact, &names))
                    .collect(),
            })
        };
        Ok(self.app.read(&self.actor, work).await?)
    }

    pub(in crate::source) async fn runs(&self) -> Result<RunsView, Refusal> {
        let work = async |view: &mut View<'_>| {
            Ok((observation::runs(view, RUNS_LISTED).await?, observation::checks_now(view).await?))
        };
        let (runs, checks) = self.app.read(&self.actor, work).await?;
        Ok(RunsView {
            rows: runs.iter().map(run_row).collect(),
            cadence_hours: checks.iter().map(|check| check.version.definition.cadence_hours).min(),
        })
    }

    pub(in crate::source) async fn run(&self, key: i64) -> Result<RunView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let run = observation::find_run(view, RunKey(key)).await?;
            let checks = observation::checks_now(view).await?;
            let titles: BTreeMap<&str, &str> = checks
                .iter()
                .map(|check| (check.version.definition.id.as_str(), check.version.definition.title.as_str()))
                .collect();
            let mut coverage = Vec::new();
            let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            for (_, check_id, counts) in observation::coverage_of_run(view, run.key).await? {
                coverage.push(CheckCoverage {
                    // A check that is no longer in force has no title here.
                    check_title: titles
                        .get(check_id.as_str())
                        .map_or_else(|| check_id.clone(), |&title| title.to_owned()),
                    check_id,
                    expected: count(counts.expected),
                    seen: count(counts.pass + counts.fail + counts.not_applicable),
                    failed: count(counts.fail),
                    unknown: count(counts.unknown),
                });
            }
            let mut facts: Vec<(i64, String, Digest)> = Vec::new();
            let mut gaps = Vec::new();
            if let Some(at) = run.finished_at {
                for target in observation::targets(view).await?.into_iter().take(TARGET_LIMIT) {
                    let Some(found) = observation::facts_at(view, target.key, at).await? else { continue };
                    let name = target.target.name;
                    gaps.extend(gaps_of(&found.document).into_iter().map(|gap| RunGap {
                        target_key: target.key.0,
                        target_name: name.clone(),
                        gap,
                    }));
                    facts.push((target.key.0, name, found.state.digest));
                }
            }
            let mut changes = Vec::new();
            if let Some(at) = run.finished_at {
                let names: BTreeMap<TargetKey, String> = observation::targets(view)
                    .await?
                    .into_iter()
                    .map(|target| (target.key, target.target.name))
                    .collect();
                for ((check_id, target), history) in observation::histories(view).await? {
                    let Some(place) = history.iter().position(|interval| interval.span.from == at) else {
                        continue;
                    };
                    let before = place.checked_sub(1).and_then(|before| history.get(before));
                    changes.push(RunChange {
                        check_title: titles
                            .get(check_id.as_str())
                            .map_or_else(|| check_id.clone(), |&title| title.to_owned()),
                        check_id,
                        target_key: target.0,
                        target_name: names.get(&target).cloned().unwrap_or_default(),
                        at,
                        before: before.map(|interval| interval.verdict),
                        after: history[place].verdict,
                    });
                }
            }
            let mut row = run_row(&run);
            row.leaf = closing_leaf(view, run.key).await?;
            Ok(RunView { row, facts, coverage, changes, gaps })
        };
        Ok(self.app.read(&self.actor, work).await?)
    }
}

/// The index of the entry that closes a run, if it is among the newest.
async fn closing_leaf(view: &mut View<'_>, run: RunKey) -> tickmark_app::Result<Option<u64>> {
    for entry in ledger::latest(view, LEAF_SEARCH).await? {
        let leaf = entry.leaf()?;
        if leaf.kind.as_str() == "run.close" && leaf.body_value()["run"] == run.0 {
            return Ok(Some(entry.index));
        }
    }
    Ok(None)
}
