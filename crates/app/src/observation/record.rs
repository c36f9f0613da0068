//! Recording a run: from what a source gave back to facts, verdicts, blocks and intervals.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::observation::{
    Collected, Counts, Observation, Outcome, ReasonClass, TargetRef, block, facts_defect, facts_manifest,
};
use tickmark_core::{Digest, Span, Timestamp, canonical};
use tickmark_evaluate::{Check, ENGINE_VERSION, Evaluator, Library, PreparedFacts};
use tickmark_ledger::leaf::LeafKind;

use super::export;
use super::sql::{self, Change, LastBlock, Memo, NewBlock, NewCheckVersion};
use super::{CheckVersion, FactsState, Run, RunInput, RunState, RunSummary, Target};
use crate::context::Cx;
use crate::{Action, Error, Result, evidence};

/// Opens a run, before its source is asked.
///
/// # Errors
/// If the actor may not collect, or the database refuses.
pub async fn open_run(cx: &mut Cx<'_>, source: &str, collector: &str) -> Result<RunKey> {
    cx.authorize(Action::Observe)?;
    let (organization, now) = (cx.organization(), cx.now);
    let run = sql::open_run(cx.connection(), organization, source, collector, now).await?;
    cx.record(LeafKind::RunOpen, &json!({"run": run, "source": source, "collector": collector}))?;
    Ok(run)
}

/// Closes runs that were opened and never recorded, as missed. For the start of a process that is the only writer.
///
/// # Errors
/// If the database refuses.
pub async fn miss_open_runs(cx: &mut Cx<'_>) -> Result<Vec<RunKey>> {
    cx.authorize(Action::Observe)?;
    let (organization, now) = (cx.organization(), cx.now);
    let mut missed = Vec::new();
    for run in sql::open_runs(cx.connection(), organization).await? {
        sql::miss_run(cx.connection(), organization, run.key, now).await?;
        cx.record(
            LeafKind::RunMissed,
            &json!({"run": run.key, "source": run.source, "why": "ended without a result"}),
        )?;
        missed.push(run.key);
    }
    Ok(missed)
}

/// Records what a run brought back. Everything or nothing: a failure leaves the run open.
///
/// # Errors
/// `Conflict` if the run is not open; `Invalid` if a target came back twice or was not expected.
pub async fn record(cx: &mut Cx<'_>, library: &Library, key: RunKey, input: RunInput) -> Result<RunSummary> {
    cx.authorize(Action::Observe)?;
    let organization = cx.organization();
    let run = sql::find_run(cx.connection(), organization, key)
        .await?
        .ok_or_else(|| Error::not_found("run", key))?;
    if run.state != RunState::Open {
        return Err(Error::conflict(format!("run {key} is not open")));
    }
    let at = observed_at(cx).await?;
    let population = Population::sync(cx, &input, at).await?;
    let artifacts = store_artifacts(cx, key, &population, &input.collected).await?;
    let facts = record_facts(cx, key, &population, &input.collected, at).await?;
    let checks = sync_checks(cx, library, at).await?;
    let judged = judge(cx, &checks, &population, &facts, at).await?;

    sql::add_memos(cx.connection(), organization, &judged.memos).await?;
    sql::set_due(cx.connection(), organization, &judged.due).await?;
    sql::add_blocks(cx.connection(), organization, key, &judged.blocks).await?;
    sql::change_verdicts(cx.connection(), organization, &judged.changes, at).await?;
    let versions: BTreeMap<CheckKey, Digest> =
        checks.iter().map(|(version, _)| (version.key, version.version)).collect();
    let manifest: Vec<_> = judged.blocks.iter().map(|block| (versions[&block.check], block.digest)).collect();
    let reached = input.collected.len();
    let run = Run {
        state: if reached == population.targets.len() { RunState::Complete } else { RunState::Partial },
        collector: input.collected.first().map_or(run.collector, |collected| collected.collector.clone()),
        finished_at: Some(at),
        gaps: signed(input.collected.iter().map(|collected| collected.gaps.len()).sum()),
        evaluated: signed(judged.memos.len()),
        reused: signed(checks.len() * population.targets.len() - judged.memos.len()),
        changed: signed(judged.changes.len()),
        blocks: Some(block::manifest_digest(&manifest)),
        facts: Some(facts_manifest(&facts.manifest)),
        ..run
    };
    sql::close_run(cx.connection(), organization, population.key, &run).await?;
    let mut counts = Counts::default();
    judged.blocks.iter().for_each(|block| counts.add(&block.counts));
    cx.record(
        LeafKind::RunClose,
        &json!({
            "run": run.key, "source": run.source, "collector": run.collector, "engine": ENGINE_VERSION,
            "observed_at": at, "complete": run.state == RunState::Complete,
            "population": population.digest, "expected": population.targets.len(), "reached": reached,
            "checks": checks.len(), "blocks": run.blocks, "facts": run.facts, "gaps": run.gaps,
            "pass": counts.pass, "fail": counts.fail, "unknown": counts.unknown,
            "not_applicable": counts.not_applicable,
        }),
    )?;
    Ok(RunSummary { run, checks: checks.len(), targets: population.targets.len(), counts, artifacts })
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).expect("a count of things in memory")
}

/// Returns the moment that the observations of this run carry: now, or just after the run before if the clock went
/// back, which is then recorded. Intervals need moments that ascend.
async fn observed_at(cx: &mut Cx<'_>) -> Result<Timestamp> {
    let (organization, now) = (cx.organization(), cx.now);
    let last = sql::last_finished(cx.connection(), organization).await?;
    let Some(last) = last.filter(|last| *last >= now) else { return Ok(now) };
    cx.record(LeafKind::ClockAnomaly, &json!({"clock": now, "last_run": last}))?;
    Ok(last.plus_micros(1))
}

/// The targets of a run, in the order that blocks use.
struct Population {
    key: i64,
    digest: Digest,
    targets: Vec<Target>,
}

impl Population {
    async fn sync(cx: &mut Cx<'_>, input: &RunInput, at: Timestamp) -> Result<Self> {
        let organization = cx.organization();
        let mut expected: BTreeMap<(&str, &str), &TargetRef> = BTreeMap::new();
        for target in &input.expected {
            if expected.insert((&target.kind, &target.external_id), target).is_some() {
                return Err(Error::invalid(format!("target {} is expected twice", target.name)));
            }
        }
        let mut reached = BTreeSet::new();
        for Collected { target, .. } in &input.collected {
            if !expected.contains_key(&(target.kind.as_str(), target.external_id.as_str())) {
                return Err(Error::invalid(format!("target {} was not expected", target.name)));
            }
            if !reached.insert((&target.kind, &target.external_id)) {
                return Err(Error::invalid(format!("target {} came back twice", target.name)));
            }
        }
        let known = sql::targets(cx.connection(), organization).await?;
        let known: BTreeMap<_, _> =
            known.iter().map(|t| ((t.target.kind.as_str(), t.target.external_id.as_str()), t)).collect();
        let new: Vec<TargetRef> = expected
            .iter()
            .filter(|(id, _)| !known.contains_key(*id))
            .map(|(_, target)| (*target).clone())
            .collect();
        for (id, target) in &expected {
            if let Some(before) = known.get(id).filter(|before| before.target.name != target.name) {
                sql::rename_target(cx.connection(), organization, before.key, &target.name).await?;
            }
        }
        sql::add_targets(cx.connection(), organization, &new, at).await?;
        let targets: Vec<Target> = sql::targets(cx.connection(), organization)
            .await?
            .into_iter()
            .filter(|t| expected.contains_key(&(t.target.kind.as_str(), t.target.external_id.as_str())))
            .collect();
        let digests: Vec<u8> = targets.iter().flat_map(|target| identity(&target.target).0).collect();
        let digest = Digest::of(&digests);
        let keys: Vec<TargetKey> = targets.iter().map(|target| target.key).collect();
        let (key, is_new) = sql::population_key(cx.connection(), organization, digest, &keys).await?;
        if is_new {
            let body = json!({"population": digest, "n": keys.len(), "enumeration": input.enumeration, "reported": keys.len()});
            cx.record(LeafKind::PopulationDefine, &body)?;
        }
        Ok(Self { key, digest, targets })
    }

    fn key_of(&self, target: &TargetRef) -> TargetKey {
        let found = self
            .targets
            .iter()
            .find(|t| t.target.kind == target.kind && t.target.external_id == target.external_id);
        found.expect("every collected target is expected").key
    }
}

/// Returns the digest that stands for a target in the ledger: of its kind and external id, not of its name.
pub(super) fn identity(target: &TargetRef) -> Digest {
    canonical::digest(&json!({"kind": target.kind, "external_id": target.external_id})).expect("two texts")
}

/// Stores the raw answers of every target; those that are as before write nothing.
async fn store_artifacts(
    cx: &mut Cx<'_>,
    run: RunKey,
    population: &Population,
    collected: &[Collected],
) -> Result<usize> {
    let mut stored = 0;
    for one in collected {
        let target = population.key_of(&one.target);
        stored += evidence::store(cx, run, Some(target), &one.artifacts).await?.len();
    }
    Ok(stored)
}

/// The facts of a run.
struct Facts {
    /// For each target reached: what holds now, the document, and whether the run before had the same.
    reached: BTreeMap<TargetKey, ReachedFacts>,
    /// (identity, facts) of all targets in order; none for targets not reached.
    manifest: Vec<(Digest, Option<Digest>)>,
}

struct ReachedFacts {
    state: FactsState,
    document: serde_json::Value,
    is_unchanged: bool,
}

async fn record_facts(
    cx: &mut Cx<'_>,
    run: RunKey,
    population: &Population,
    collected: &[Collected],
    at: Timestamp,
) -> Result<Facts> {
    let organization = cx.organization();
    let mut current = sql::current_facts(cx.connection(), organization).await?;
    let mut reached = BTreeMap::new();
    let mut changed = Vec::new();
    for one in collected {
        let target = population.key_of(&one.target);
        let bytes =
            canonical::bytes(&one.facts).map_err(|error| Error::invalid(format!("facts: {error}")))?;
        let digest = Digest::of(&bytes);
        let is_unchanged = current.get(&target).is_some_and(|state| state.digest == digest);
        let state = if is_unchanged {
            current.remove(&target).expect("just seen")
        } else {
            cx.app.blobs().put(bytes.into()).await?;
            let defect = facts_defect(&one.schema, &one.facts);
            let state = FactsState {
                target,
                span: Span { from: at, to: None },
                digest,
                schema: one.schema.clone(),
                defect,
                run,
            };
            changed.push(state.clone());
            state
        };
        let document = one.facts.clone();
        reached.insert(target, ReachedFacts { state, document, is_unchanged });
    }
    sql::change_facts(cx.connection(), organization, &changed).await?;
    let manifest = population
        .targets
        .iter()
        .map(|target| (identity(&target.target), reached.get(&target.key).map(|facts| facts.state.digest)))
        .collect();
    Ok(Facts { reached, manifest })
}

/// Brings the check versions of history in line with the library: new and changed ones start, others end.
async fn sync_checks<'a>(
    cx: &mut Cx<'_>,
    library: &'a Library,
    at: Timestamp,
) -> Result<Vec<(CheckVersion, &'a Check)>> {
    let organization = cx.organization();
    let known = sql::current_checks(cx.connection(), organization).await?;
    let (same, other): (Vec<_>, Vec<_>) = known.into_iter().partition(|version| {
        library.get(&version.definition.id).is_some_and(|check| {
            check.definition().version == version.version && version.engine == ENGINE_VERSION
        })
    });
    let ended: Vec<CheckKey> = other.iter().map(|version| version.key).collect();
    sql::supersede_checks(cx.connection(), organization, &ended, at).await?;
    let kept: BTreeSet<&str> = same.iter().map(|version| version.definition.id.as_str()).collect();
    let new: Vec<&Check> = library.checks().filter(|check| !kept.contains(check.id())).collect();
    let rows: Vec<_> = new
        .iter()
        .map(|check| NewCheckVersion {
            definition: check.definition(),
            logic: check.rego(),
            origin: check.origin().word(),
        })
        .collect();
    sql::add_checks(cx.connection(), organization, &rows, ENGINE_VERSION, at).await?;
    let current = sql::current_checks(cx.connection(), organization).await?;
    if !new.is_empty() || !ended.is_empty() {
        // Too large for an entry; who exports it makes it again from the versions in force at this moment.
        let schedule = export::schedule(&current);
        let bytes = schedule.to_bytes().map_err(|error| Error::internal("writing the schedule", error))?;
        let body = json!({
            "at": at, "checks": schedule.versions_digest().digest(), "schedule": Digest::of(&bytes),
            "count": current.len(), "started": new.len(), "ended": ended.len(),
        });
        cx.record(LeafKind::ScheduleSet, &body)?;
    }
    Ok(current
        .into_iter()
        .map(|version| {
            let check =
                library.get(&version.definition.id).expect("current versions are those of the library");
            (version, check)
        })
        .collect())
}

/// What was made of the facts.
#[derive(Default)]
struct Judged {
    memos: Vec<Memo>,
    due: Vec<(CheckKey, TargetKey, Option<Timestamp>)>,
    blocks: Vec<NewBlock>,
    changes: Vec<Change>,
}

async fn judge(
    cx: &mut Cx<'_>,
    checks: &[(CheckVersion, &Check)],
    population: &Population,
    facts: &Facts,
    at: Timestamp,
) -> Result<Judged> {
    let organization = cx.organization();
    let before = Before::load(cx, at).await?;
    // Only what cannot be taken over from the run before is looked up: facts may have come back to an earlier state.
    let wanted: BTreeSet<Digest> = checks
        .iter()
        .flat_map(|(version, _)| population.targets.iter().map(move |target| (version.key, target.key)))
        .filter_map(|(check, target)| Some((check, target, facts.reached.get(&target)?)))
        .filter(|(check, target, facts)| before.reusable(*check, *target, facts).is_none())
        .map(|(_, _, facts)| facts.state.digest)
        .collect();
    let known = sql::memos(cx.connection(), organization, &wanted).await?;
    let mut judge = Judge {
        evaluator: Evaluator::default(),
        prepared: BTreeMap::new(),
        known,
        at,
        judged: Judged::default(),
    };
    for (version, check) in checks {
        let empty = BTreeMap::new();
        let verdicts = before.verdicts.get(&version.key).unwrap_or(&empty);
        let mut found = Vec::with_capacity(population.targets.len());
        for target in population.targets.iter() {
            let last = verdicts.get(&target.key).copied();
            let now = match facts.reached.get(&target.key) {
                _ if target.target.kind != version.definition.target_kind => Observation::new(
                    tickmark_core::observation::Verdict::NotApplicable,
                    Some(ReasonClass::Unsupported),
                ),
                None => Observation::unknown(ReasonClass::NotCollected),
                Some(facts) => match before.reusable(version.key, target.key, facts) {
                    Some(last) => last,
                    None => judge.ask(version.key, check, target, facts),
                },
            };
            if last != Some(now) {
                let change = Change {
                    check: version.key,
                    target: target.key,
                    found: Some(now),
                    was_open: last.is_some(),
                };
                judge.judged.changes.push(change);
            }
            found.push(now);
        }
        let expected: BTreeSet<TargetKey> = population.targets.iter().map(|target| target.key).collect();
        judge.judged.changes.extend(
            verdicts.keys().filter(|target| !expected.contains(target)).map(|&target| Change {
                check: version.key,
                target,
                found: None,
                was_open: true,
            }),
        );
        let bytes = block::encode(&found).map_err(Error::invalid)?;
        let digest = block::digest(&bytes);
        judge.judged.blocks.push(NewBlock { check: version.key, digest, bytes, counts: Counts::of(&found) });
    }
    Ok(judge.judged)
}

/// The verdicts of the run before, and those whose time ran out.
struct Before {
    verdicts: BTreeMap<CheckKey, BTreeMap<TargetKey, Observation>>,
    due: BTreeSet<(CheckKey, TargetKey)>,
}

impl Before {
    async fn load(cx: &mut Cx<'_>, at: Timestamp) -> Result<Self> {
        let organization = cx.organization();
        let mut populations: BTreeMap<i64, Vec<TargetKey>> = BTreeMap::new();
        let mut verdicts = BTreeMap::new();
        for LastBlock { check, population, bytes } in sql::last_blocks(cx.connection(), organization).await? {
            if let Entry::Vacant(slot) = populations.entry(population) {
                slot.insert(sql::population_targets(cx.connection(), organization, population).await?);
            }
            let found = block::decode(&bytes).map_err(|error| Error::corrupt("block", error))?;
            let targets = &populations[&population];
            if targets.len() != found.len() {
                return Err(Error::corrupt("block", "it does not fit its population"));
            }
            verdicts.insert(check, targets.iter().copied().zip(found).collect());
        }
        let due = sql::due(cx.connection(), organization, at).await?;
        Ok(Self { verdicts, due })
    }

    /// Returns the verdict of the run before if it still holds: same facts, target reached, time not run out.
    fn reusable(&self, check: CheckKey, target: TargetKey, facts: &ReachedFacts) -> Option<Observation> {
        let last = self.verdicts.get(&check)?.get(&target).copied()?;
        let holds = facts.is_unchanged
            && last.reason() != Some(ReasonClass::NotCollected)
            && !self.due.contains(&(check, target));
        holds.then_some(last)
    }
}

struct Judge {
    evaluator: Evaluator,
    prepared: BTreeMap<TargetKey, PreparedFacts>,
    known: BTreeMap<(CheckKey, Digest), Memo>,
    at: Timestamp,
    judged: Judged,
}

impl Judge {
    /// Returns what a check says about a target, from memory where that holds.
    fn ask(&mut self, key: CheckKey, check: &Check, target: &Target, facts: &ReachedFacts) -> Observation {
        let digest = facts.state.digest;
        let outcome = match self.known.get(&(key, digest)) {
            Some(memo) if memo.outcome.valid_until.is_none_or(|until| self.at < until) => {
                memo.outcome.clone()
            }
            _ => self.evaluate(key, check, target, facts),
        };
        if check.definition().depends_on_time {
            self.judged.due.push((key, target.key, outcome.valid_until));
        }
        Observation::new(outcome.verdict, outcome.reason)
    }

    fn evaluate(&mut self, key: CheckKey, check: &Check, target: &Target, facts: &ReachedFacts) -> Outcome {
        let outcome = match &facts.state.defect {
            Some(defect) => {
                Outcome::unknown(ReasonClass::ParseError, format!("the facts are malformed: {defect}"))
            }
            None => {
                let prepared =
                    self.prepared.entry(target.key).or_insert_with(|| PreparedFacts::new(&facts.document));
                // A verdict is a function of facts, not of what a target is called, or it could not be remembered.
                let nameless = TargetRef {
                    kind: target.target.kind.clone(),
                    external_id: String::new(),
                    name: String::new(),
                };
                self.evaluator.evaluate(check, &nameless, prepared, self.at)
            }
        };
        let memo =
            Memo { check: key, facts: facts.state.digest, evaluated_at: self.at, outcome: outcome.clone() };
        self.known.insert((key, facts.state.digest), memo.clone());
        self.judged.memos.push(memo);
        outcome
    }
}
