//! Checks, targets and runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use tickmark_app::observation::waiver::{self, Waived};
use tickmark_app::observation::{self, CheckVersion, Run, RunState as StoredState, Target, TargetVerdict};
use tickmark_app::register::{self, Kind, Query};
use tickmark_app::{View, conclusion, evidence, identity, ledger};
use tickmark_core::id::{RunKey, TargetKey};
use tickmark_core::observation::Verdict;
use tickmark_core::observation::interval::{self, Interval, Shares};
use tickmark_core::observation::waiver::Scope;
use tickmark_core::{Digest, Span, Timestamp};

use super::{Live, gaps_of, group_of, strip_over};
use crate::design::badge::{self, VerdictCounts};
use crate::design::moment;
use crate::error::Refusal;
use crate::list;
use crate::observation::LookBack;
use crate::observation::check::{CheckRow, CheckView, ResultRow, WaiverRow};
use crate::observation::run::{CheckCoverage, RunChange, RunGap, RunRow, RunState, RunView, RunsView};
use crate::observation::target::{TargetList, TargetResult, TargetRow, TargetView};

/// Ledger entries that are searched, from the moment at which a run ended, for the one that closes it.
const LEAF_SEARCH: u32 = 1000;
/// Targets whose gaps are listed with a run.
const TARGET_LIMIT: usize = 100;
/// Targets that are named with a waiver.
const SCOPE_NAMES: usize = 20;
/// Runs that are listed and drawn by day.
const RUNS_LISTED: u32 = 2000;
/// Kinds of targets that can be chosen.
const KINDS: u32 = 50;
/// Runs shown with a target.
const TARGET_RUNS: u32 = 20;
/// Documents of facts that are named with a target, newest first.
const FACTS_LISTED: usize = 50;

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
fn known(histories: &[&[Interval]], span: Span, now: Timestamp) -> Option<usize> {
    let mut shares = Shares::default();
    for history in histories {
        shares.add(&Shares::over(history, span, now));
    }
    let known = shares.pass_us + shares.fail_us + shares.not_applicable_us;
    let all = i128::from(known) + i128::from(shares.unknown_us);
    (all > 0).then(|| usize::try_from(i128::from(known) * 1000 / all).unwrap_or(0))
}

/// A waiver in words, for a verdict that it stands beside.
fn waiver_words(waiver: &Waived) -> String {
    format!("until {}: {}", moment::date(waiver.expires_at.plus_micros(-1)), waiver.reason)
}

/// Verdicts of now by check.
fn by_check(verdicts: &[TargetVerdict]) -> BTreeMap<&str, Vec<&TargetVerdict>> {
    let mut by_check: BTreeMap<&str, Vec<&TargetVerdict>> = BTreeMap::new();
    for verdict in verdicts {
        by_check.entry(&verdict.check_id).or_default().push(verdict);
    }
    by_check
}

fn check_row(
    check: &CheckVersion,
    histories: Option<&BTreeMap<TargetKey, Vec<Interval>>>,
    verdicts: &[&TargetVerdict],
    (span, now): (Span, Timestamp),
) -> CheckRow {
    let definition = &check.definition;
    let histories = histories.into_iter().flat_map(BTreeMap::values);
    let of_check: Vec<&[Interval]> = histories.map(Vec::as_slice).collect();
    let worst = interval::worst_of(&of_check, span, now);
    CheckRow {
        id: definition.id.clone(),
        title: definition.title.clone(),
        group: group_of(&definition.id),
        severity: definition.severity,
        controls: definition.controls.clone(),
        verdicts: VerdictCounts::of(verdicts.iter().map(|verdict| verdict.verdict)),
        strip: (!worst.is_empty()).then(|| strip_over(&definition.id, &worst, span, now)),
        known: known(&of_check, span, now),
        waived: verdicts.iter().filter(|verdict| verdict.waiver.is_some()).count(),
    }
}

fn target_row(target: &Target, verdicts: &[&TargetVerdict], gaps: usize) -> TargetRow {
    TargetRow {
        key: target.key.0,
        kind: target.target.kind.clone(),
        name: target.target.name.clone(),
        external_id: target.target.external_id.clone(),
        verdicts: VerdictCounts::of(verdicts.iter().map(|verdict| verdict.verdict)),
        gaps,
        last_seen: verdicts.iter().filter(|v| v.facts.is_some()).map(|verdict| verdict.last_look).max(),
    }
}

/// The time that is looked back over.
async fn span_of(view: &mut View<'_>, over: LookBack) -> tickmark_app::Result<Span> {
    let chosen = conclusion::scope::current(view).await?;
    Ok(over.over(chosen.map(|one| one.choice.target), view.now))
}

impl Live {
    pub(in crate::source) async fn checks(&self, over: LookBack) -> Result<Vec<CheckRow>, Refusal> {
        let work = async |view: &mut View<'_>| {
            let (now, span) = (view.now, span_of(view, over).await?);
            let histories = observation::histories_in(view, span, None).await?;
            let checks = observation::checks_in_force(view).await?;
            let verdicts = observation::verdicts_now(view).await?;
            let mut verdicts = by_check(&verdicts);
            let rows = checks.iter().map(|(id, check)| {
                let of_check = verdicts.remove(id.as_str()).unwrap_or_default();
                check_row(check, histories.get(id), &of_check, (span, now))
            });
            Ok(rows.collect())
        };
        Ok(self.app.read(&self.actor, work).await?)
    }

    pub(in crate::source) async fn check_titles(&self) -> Result<Arc<[(String, String)]>, Refusal> {
        let (mark, now) = (self.mark().await?, self.app.now());
        let live = self.clone();
        self.check_titles.get(mark, now, async move { live.titles().await }).await
    }

    async fn titles(&self) -> Result<Arc<[(String, String)]>, Refusal> {
        let work = async |view: &mut View<'_>| observation::checks_in_force(view).await;
        let checks = self.app.read(&self.actor, work).await?;
        Ok(checks.into_iter().map(|(id, check)| (id, check.definition.title)).collect())
    }

    pub(in crate::source) async fn check(&self, id: &str, over: LookBack) -> Result<CheckView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let versions = observation::check_versions(view, id).await?;
            let verdicts = observation::verdicts_now(view).await?;
            let targets = observation::targets(view).await?;
            let (span, only) = (span_of(view, over).await?, [id.to_owned()]);
            let histories = observation::histories_in(view, span, Some(&only)).await?.remove(id);
            let mut waivers = Vec::new();
            for waiver in waiver::list(view).await?.into_iter().filter(|waiver| waiver.check == id) {
                let approver = identity::actor(view, waiver.approved_by).await?.label;
                waivers.push((waiver, approver));
            }
            Ok((versions, verdicts, targets, histories, waivers, (span, view.now)))
        };
        let (versions, verdicts, targets, histories, waivers, (span, now)) =
            self.app.read(&self.actor, work).await?;
        let current = versions.iter().rev().find(|version| version.superseded_at.is_none());
        let current = current.or(versions.last()).ok_or(Refusal::NotFound)?;
        let CheckVersion { definition, logic, origin, .. } = current.clone();
        let of_check: Vec<&[Interval]> =
            histories.iter().flat_map(BTreeMap::values).map(Vec::as_slice).collect();
        let worst = interval::worst_of(&of_check, span, now);
        let names: BTreeMap<TargetKey, &str> =
            targets.iter().map(|target| (target.key, target.target.name.as_str())).collect();
        let mut results: Vec<ResultRow> = verdicts
            .into_iter()
            .filter(|verdict| verdict.check_id == id)
            .map(|verdict| {
                let name = names.get(&verdict.target).copied().unwrap_or_default().to_owned();
                let history = histories.as_ref().and_then(|known| known.get(&verdict.target));
                ResultRow {
                    target_key: verdict.target.0,
                    strip: history.map(|history| strip_over(&format!("{id} on {name}"), history, span, now)),
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
            history: (!worst.is_empty()).then(|| strip_over(id, &worst, span, now)),
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

    pub(in crate::source) async fn target_list(&self, query: &Query) -> Result<TargetList, Refusal> {
        let work = async |view: &mut View<'_>| {
            let (targets, page) = observation::target_page(view, query).await?;
            let kinds = register::values(view, Kind::Target, "kind", KINDS).await?;
            Ok((self.target_rows(view, targets).await?, page, kinds))
        };
        let (rows, page, kinds) = self.app.read(&self.actor, work).await?;
        let kinds = kinds.into_iter().map(|(kind, _)| kind).collect();
        Ok(TargetList { rows, counted: list::counted(&page), kinds })
    }

    pub(in crate::source) async fn targets_after(
        &self,
        last: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<TargetRow>, Option<String>), Refusal> {
        let work = async |view: &mut View<'_>| {
            let query = Query::default();
            let (ids, next) = register::after(view, Kind::Target, &query, last, limit).await?;
            let keys: Vec<TargetKey> = ids.iter().filter_map(|id| id.parse().ok()).map(TargetKey).collect();
            let mut targets = observation::targets_of(view, &keys).await?;
            targets.sort_by_key(|target| keys.iter().position(|key| *key == target.key));
            Ok((self.target_rows(view, targets).await?, next))
        };
        Ok(self.app.read(&self.actor, work).await?)
    }

    async fn target_rows(
        &self,
        view: &mut View<'_>,
        targets: Vec<Target>,
    ) -> tickmark_app::Result<Vec<TargetRow>> {
        let keys: Vec<TargetKey> = targets.iter().map(|target| target.key).collect();
        let mut stand = observation::targets_now(view, &keys).await?;
        let facts = stand.iter().filter_map(|(target, now)| Some((*target, now.facts?))).collect();
        let gaps = self.gaps_of_facts(view, facts).await?;
        let row = |target: Target| {
            let now = stand.remove(&target.key).unwrap_or_default();
            let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
            TargetRow {
                key: target.key.0,
                kind: target.target.kind,
                name: target.target.name,
                external_id: target.target.external_id,
                verdicts: VerdictCounts {
                    pass: count(now.counts.pass),
                    fail: count(now.counts.fail),
                    unknown: count(now.counts.unknown),
                    not_applicable: count(now.counts.not_applicable),
                },
                gaps: gaps.get(&target.key).map_or(0, |gaps| gaps.len()),
                last_seen: now.last_seen,
            }
        };
        Ok(targets.into_iter().map(row).collect())
    }

    pub(in crate::source) async fn target(
        &self,
        key: i64,
        at: Option<Timestamp>,
        over: LookBack,
    ) -> Result<TargetView, Refusal> {
        let key = TargetKey(key);
        let work = async |view: &mut View<'_>| {
            let (now, span) = (view.now, span_of(view, over).await?);
            let target = observation::find_target(view, key).await?;
            let verdicts = observation::verdicts_now(view).await?;
            let checks = observation::checks_in_force(view).await?;
            let histories = observation::histories_of_target(view, span, key).await?;
            let facts = observation::facts_at(view, key, at.unwrap_or(now)).await?;
            let documents = observation::facts_history(view, key).await?;
            let artifacts = evidence::of_target(view, key).await?;
            let runs = observation::runs(view, TARGET_RUNS).await?;
            let gaps = facts.as_ref().map(|facts| gaps_of(&facts.document)).unwrap_or_default();
            let names = BTreeMap::from([(key, target.target.name.clone())]);
            let verdicts: Vec<&TargetVerdict> =
                verdicts.iter().filter(|verdict| verdict.target == key).collect();
            let results = verdicts.iter().filter_map(|verdict| {
                let definition = &checks.get(&verdict.check_id)?.definition;
                let history = histories.get(&verdict.check_id);
                Some(TargetResult {
                    check_id: verdict.check_id.clone(),
                    check_title: definition.title.clone(),
                    severity: definition.severity,
                    outcome: verdict.outcome.clone(),
                    since: verdict.since,
                    strip: history.map(|history| strip_over(&verdict.check_id, history, span, now)),
                })
            });
            Ok(TargetView {
                row: target_row(&target, &verdicts, gaps.len()),
                results: results.collect(),
                as_of: at,
                schema: facts.as_ref().map(|facts| facts.state.schema.clone()).unwrap_or_default(),
                facts_digest: facts.as_ref().map(|facts| facts.state.digest),
                facts: facts.map(|facts| facts.document).unwrap_or_default(),
                documents: documents
                    .iter()
                    .rev()
                    .take(FACTS_LISTED)
                    .map(|state| (state.span.from, state.digest, state.run.0))
                    .collect(),
                gaps,
                runs: runs.iter().map(run_row).collect(),
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
            Ok((observation::runs(view, RUNS_LISTED).await?, observation::checks_in_force(view).await?))
        };
        let (runs, checks) = self.app.read(&self.actor, work).await?;
        Ok(RunsView {
            rows: runs.iter().map(run_row).collect(),
            cadence_hours: checks.values().map(|check| check.definition.cadence_hours).min(),
        })
    }

    pub(in crate::source) async fn run(&self, key: i64) -> Result<RunView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let run = observation::find_run(view, RunKey(key)).await?;
            let checks = observation::checks_in_force(view).await?;
            // A check that is no longer in force has no title here.
            let title = |id: &str| checks.get(id).map_or(id, |check| &check.definition.title).to_owned();
            let mut coverage = Vec::new();
            let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            for (_, check_id, counts) in observation::coverage_of_run(view, run.key).await? {
                coverage.push(CheckCoverage {
                    check_title: title(&check_id),
                    check_id,
                    expected: count(counts.expected),
                    seen: count(counts.pass + counts.fail + counts.not_applicable),
                    failed: count(counts.fail),
                    unknown: count(counts.unknown),
                });
            }
            let names: BTreeMap<TargetKey, String> = observation::targets(view)
                .await?
                .into_iter()
                .map(|target| (target.key, target.target.name))
                .collect();
            let ended = run.finished_at.filter(|_| run.blocks.is_some());
            let (mut facts, mut gaps): (Vec<(i64, String, Digest)>, Vec<RunGap>) = Default::default();
            if let Some(at) = ended {
                for (key, name) in names.iter().take(TARGET_LIMIT) {
                    let Some((digest, found)) = self.gaps_at(view, *key, at).await? else { continue };
                    gaps.extend(found.iter().map(|gap| RunGap {
                        target_key: key.0,
                        target_name: name.clone(),
                        gap: gap.clone(),
                    }));
                    facts.push((key.0, name.clone(), digest));
                }
            }
            let mut changes = Vec::new();
            if let Some(at) = ended.filter(|_| run.changed > 0) {
                for (check_id, target, before, after) in changed_at(view, at).await? {
                    changes.push(RunChange {
                        check_title: title(&check_id),
                        check_id,
                        target_key: target.0,
                        target_name: names.get(&target).cloned().unwrap_or_default(),
                        at,
                        before,
                        after,
                    });
                }
            }
            let mut row = run_row(&run);
            row.leaf = closing_leaf(view, &run).await?;
            Ok(RunView { row, facts, coverage, changes, gaps })
        };
        Ok(self.app.read(&self.actor, work).await?)
    }
}

/// A check at a target, with what was known before and from a moment on.
type Changed = (String, TargetKey, Option<Verdict>, Verdict);

/// What became known at a moment that was not known just before it.
async fn changed_at(view: &mut View<'_>, at: Timestamp) -> tickmark_app::Result<Vec<Changed>> {
    let around = Span { from: at.plus_micros(-1), to: Some(at.plus_micros(1)) };
    let mut changed = Vec::new();
    for (check, targets) in observation::histories_in(view, around, None).await? {
        for (target, history) in targets {
            let Some(after) = history.iter().find(|interval| interval.span.from == at) else { continue };
            let before = history.iter().find(|interval| interval.span.from < at);
            let before = before.map(|interval| interval.verdict);
            if before != Some(after.verdict) {
                changed.push((check.clone(), target, before, after.verdict));
            }
        }
    }
    Ok(changed)
}

/// The index of the entry that closes a run. Entries stand in order of time, so it is near the place that halving finds.
async fn closing_leaf(view: &mut View<'_>, run: &Run) -> tickmark_app::Result<Option<u64>> {
    let Some(at) = run.finished_at else { return Ok(None) };
    let (mut low, mut high) = (0, ledger::head(view).await?.size);
    while low < high {
        let middle = low + (high - low) / 2;
        let entry = ledger::entries(view, middle, 1).await?.into_iter().next();
        let is_before = match entry {
            Some(entry) => entry.leaf()?.ts_us() < at.micros(),
            None => false,
        };
        if is_before { low = middle + 1 } else { high = middle }
    }
    for entry in ledger::entries(view, low, LEAF_SEARCH).await? {
        let leaf = entry.leaf()?;
        let is_end = matches!(leaf.kind.as_str(), "run.close" | "run.missed");
        if is_end && leaf.body_value()["run"] == run.key.0 {
            return Ok(Some(entry.index));
        }
    }
    Ok(None)
}
