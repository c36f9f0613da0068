//! Recording a run: from what a source gave back to facts, verdicts, blocks and intervals.
//!
//! The work grows with what changed. A target whose facts are as before is not evaluated; one whose facts changed is
//! asked only by checks that read a changed section; a check about which nothing changed keeps its block.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};
use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::observation::{
    Collected, Counts, Observation, ReasonClass, TargetRef, Verdict, block, facts_defect, facts_defect_in,
    facts_manifest,
};
use tickmark_core::{Digest, Span, Timestamp, canonical};
use tickmark_evaluate::{Check, ENGINE_VERSION, Library};
use tickmark_ledger::leaf::LeafKind;

use super::before::{Before, Found, LastVerdicts};
use super::cores;
use super::export;
use super::memory::Memory;
use super::pack::{self, Document, Keeping};
use super::question::Questions;
use super::sections::Sections;
use super::sql::{self, Answer, Change, CurrentCheck, NewBlock, NewCheckVersion};
use super::workshop;
use super::{FactsState, Run, RunInput, RunState, RunSummary, Target, Unchanged};
use crate::context::Cx;
use crate::register::Kind;
use crate::{Action, Error, Result, evidence};

/// Documents that are worth a thread of their own.
const DOCUMENTS_PER_THREAD: usize = 8;

/// Opens a run, before its source is asked.
///
/// # Errors
/// If the actor may not collect, or the database refuses.
pub async fn open_run(cx: &mut Cx<'_>, source: &str, collector: &str) -> Result<RunKey> {
    cx.authorize(Action::Observe)?;
    let (organization, now) = (cx.organization(), cx.now);
    let run = sql::open_run(cx.connection(), organization, source, collector, now).await?;
    cx.touch(Kind::Run, run);
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
        cx.touch(Kind::Run, run.key);
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
    record_changes(cx, library, key, input, &[]).await
}

/// As [`record`], with targets beside `input.collected` whose facts are what the run before found: a collector that
/// keeps its last answer need not send it again. Each is held against what is stored.
///
/// # Errors
/// As [`record`]; `Conflict` if other facts are stored for an unchanged target, or none.
pub async fn record_changes(
    cx: &mut Cx<'_>,
    library: &Library,
    key: RunKey,
    input: RunInput,
    unchanged: &[Unchanged],
) -> Result<RunSummary> {
    cx.authorize(Action::Observe)?;
    let organization = cx.organization();
    let run = sql::find_run(cx.connection(), organization, key)
        .await?
        .ok_or_else(|| Error::not_found("run", key))?;
    if run.state != RunState::Open {
        return Err(Error::conflict(format!("run {key} is not open")));
    }
    let last = sql::last_finished(cx.connection(), organization).await?;
    let at = observed_at(cx, last)?;
    let mut memory = match cx.app.memories.take(organization, last) {
        Some(memory) => memory,
        None => Memory::of(
            sql::targets(cx.connection(), organization).await?,
            sql::current_facts(cx.connection(), organization).await?,
        ),
    };
    // Somebody may have taken targets out since the last run.
    let retired: BTreeMap<TargetKey, Timestamp> =
        sql::retired(cx.connection(), organization).await?.into_iter().collect();
    for target in &mut memory.targets {
        target.retired_at = retired.get(&target.key).copied();
    }
    cx.touch(Kind::Run, key);
    let population = Population::sync(cx, &input, unchanged, &mut memory, at).await?;
    let artifacts = store_artifacts(cx, key, &population, &input.collected).await?;
    let (facts, keeping) =
        record_facts(cx, key, &population, &input.collected, unchanged, &mut memory.facts, at).await?;
    let checks = sync_checks(cx, library, at).await?;
    memory.keep_answers_of(checks.iter().map(|(version, _)| version.key));
    let found = memory.found(&run.source);
    let keys = checks.iter().map(|(version, _)| version.key).collect();
    let expected = (population.key, population.targets.as_slice());
    let before = Before::load(cx, &run.source, &keys, expected, found).await?;
    retire(cx, &run.source, &before.gone, &mut memory, at).await?;
    let judged = judge(cx, &checks, &population, &facts, before, &mut memory, at).await?;

    sql::set_due(cx.connection(), organization, &judged.due).await?;
    sql::add_answers(cx.connection(), organization, &judged.answers, &mut memory, at).await?;
    let blocks = sql::add_blocks(cx.connection(), organization, key, &judged.blocks).await?;
    sql::change_verdicts(cx.connection(), organization, &judged.changes, at).await?;
    let manifest: Vec<_> = checks
        .iter()
        .zip(&judged.blocks)
        .map(|((version, _), block)| (version.version, block.digest))
        .collect();
    let reached = input.collected.len() + unchanged.len();
    let run = Run {
        state: if reached == population.targets.len() { RunState::Complete } else { RunState::Partial },
        collector: input.collected.first().map_or(run.collector, |collected| collected.collector.clone()),
        finished_at: Some(at),
        gaps: signed(input.collected.iter().map(|collected| collected.gaps.len()).sum()),
        evaluated: signed(judged.evaluated),
        reused: signed(checks.len() * population.targets.len() - judged.evaluated),
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
    let verdicts = judged.found.into_iter().zip(&judged.blocks).zip(blocks);
    let verdicts = verdicts.map(|((by_position, block), key)| {
        let (digest, counts, gone) = (block.digest, block.counts, Vec::new());
        (block.check, LastVerdicts { block: key, digest, counts, by_position, gone, is_whole: true })
    });
    let found = Found { run: key, population: population.key, verdicts: verdicts.collect() };
    memory.keep_found(&run.source, found);
    keeping.done().await?;
    cx.app.memories.keep(organization, at, memory);
    Ok(RunSummary { run, checks: checks.len(), targets: population.targets.len(), counts, artifacts })
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).expect("a count of things in memory")
}

/// Returns the moment that the observations of this run carry: now, or just after the run before if the clock went
/// back, which is then recorded. Intervals need moments that ascend.
fn observed_at(cx: &mut Cx<'_>, last: Option<Timestamp>) -> Result<Timestamp> {
    let now = cx.now;
    let Some(last) = last.filter(|last| *last >= now) else { return Ok(now) };
    cx.record(LeafKind::ClockAnomaly, &json!({"clock": now, "last_run": last}))?;
    Ok(last.plus_micros(1))
}

/// The targets of a run, in the order that blocks use.
struct Population<'a> {
    key: i64,
    digest: Digest,
    targets: Vec<Target>,
    /// Digests that stand for the targets in the ledger, in the same order.
    identities: Vec<Digest>,
    /// Position by kind and external id.
    positions: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Population<'a> {
    /// Brings the known targets in line with the expected ones.
    async fn sync(
        cx: &mut Cx<'_>,
        input: &'a RunInput,
        unchanged: &[Unchanged],
        memory: &mut Memory,
        at: Timestamp,
    ) -> Result<Self> {
        let organization = cx.organization();
        let mut expected: HashMap<(&str, &str), &'a TargetRef> = HashMap::with_capacity(input.expected.len());
        for target in &input.expected {
            if expected.insert((&target.kind, &target.external_id), target).is_some() {
                return Err(Error::invalid(format!("target {} is expected twice", target.name)));
            }
        }
        let mut reached = HashSet::with_capacity(expected.len());
        let collected = input.collected.iter().map(|collected| &collected.target);
        for target in collected.chain(unchanged.iter().map(|unchanged| &unchanged.target)) {
            if !expected.contains_key(&(target.kind.as_str(), target.external_id.as_str())) {
                return Err(Error::invalid(format!("target {} was not expected", target.name)));
            }
            if !reached.insert((target.kind.as_str(), target.external_id.as_str())) {
                return Err(Error::invalid(format!("target {} came back twice", target.name)));
            }
        }
        let mut missing = expected.clone();
        // The expected ones, with their positions among all.
        let mut chosen = Vec::with_capacity(expected.len());
        for (position, before) in memory.targets.iter_mut().enumerate() {
            let Some(target) =
                missing.remove(&(before.target.kind.as_str(), before.target.external_id.as_str()))
            else {
                continue;
            };
            chosen.push((position, target));
            if before.target.name != target.name {
                sql::rename_target(cx.connection(), organization, before.key, &target.name).await?;
                before.target.name.clone_from(&target.name);
                cx.touch(Kind::Target, before.key);
            }
            if before.retired_at.take().is_some() {
                sql::set_retired(cx.connection(), organization, &[before.key], None).await?;
                cx.touch(Kind::Target, before.key);
            }
        }
        if !missing.is_empty() {
            let mut added: Vec<&'a TargetRef> = missing.into_values().collect();
            added.sort_by_key(|target| (&target.kind, &target.external_id));
            let new: Vec<TargetRef> = added.iter().map(|target| (*target).clone()).collect();
            // New ones have the highest keys, so they come last.
            let known = memory.targets.len();
            sql::add_targets(cx.connection(), organization, &new, at).await?;
            memory.targets = sql::targets(cx.connection(), organization).await?;
            for target in &memory.targets[known..] {
                cx.touch(Kind::Target, target.key);
            }
            chosen.extend((known..).zip(added));
        }
        let targets: Vec<Target> =
            chosen.iter().map(|(position, _)| memory.targets[*position].clone()).collect();
        let identities: Vec<Digest> =
            targets.iter().map(|target| memory.identity(target.key, || identity(&target.target))).collect();
        let bytes: Vec<u8> = identities.iter().flat_map(|identity| identity.0).collect();
        let digest = Digest::of(&bytes);
        let keys: Vec<TargetKey> = targets.iter().map(|target| target.key).collect();
        let (key, is_new) = sql::population_key(cx.connection(), organization, digest, &keys).await?;
        if is_new {
            let body = json!({"population": digest, "n": keys.len(), "enumeration": input.enumeration, "reported": keys.len()});
            cx.record(LeafKind::PopulationDefine, &body)?;
        }
        let names = chosen.iter().map(|(_, target)| (target.kind.as_str(), target.external_id.as_str()));
        let positions = names.enumerate().map(|(position, name)| (name, position)).collect();
        Ok(Self { key, digest, targets, identities, positions })
    }

    fn position_of(&self, target: &TargetRef) -> usize {
        let found = self.positions.get(&(target.kind.as_str(), target.external_id.as_str()));
        *found.expect("every target that came back is expected")
    }
}

/// Returns the digest that stands for a target in the ledger: of its kind and external id, not of its name.
pub(super) fn identity(target: &TargetRef) -> Digest {
    let identity = json!({"kind": target.kind, "external_id": target.external_id});
    canonical::value_digest(&identity).expect("two texts")
}

/// Stores the raw answers of every target; those that are as before write nothing.
async fn store_artifacts(
    cx: &mut Cx<'_>,
    run: RunKey,
    population: &Population<'_>,
    collected: &[Collected],
) -> Result<usize> {
    let keys: Vec<TargetKey> =
        collected.iter().map(|one| population.targets[population.position_of(&one.target)].key).collect();
    let had_some = evidence::targets_with_evidence(cx, &keys).await?;
    let mut stored = 0;
    for (one, target) in collected.iter().zip(keys) {
        if one.artifacts.is_empty() && !had_some.contains(&target) {
            continue;
        }
        stored += evidence::store(cx, run, Some(target), &one.artifacts).await?.len();
    }
    Ok(stored)
}

/// The facts of a run.
struct Facts<'a> {
    /// By position in the population: what was found, or none where the target was not reached.
    reached: Vec<Option<Reached<'a>>>,
    /// (identity, facts) of all targets in order; none for targets not reached.
    manifest: Vec<(Digest, Option<Digest>)>,
}

/// What was found at one target.
pub(super) struct Reached<'a> {
    pub(super) state: FactsState,
    /// The document, where it came with this run.
    pub(super) document: Option<&'a Value>,
    /// Its sections, where they were looked at.
    pub(super) sections: Option<Sections>,
    /// What is new about it.
    news: News,
}

/// What is new about the facts of a target.
enum News {
    Nothing,
    /// Sections that are there now and differ, or are gone. `None`: it is not known which.
    Sections(Option<BTreeSet<String>>),
}

/// Facts that came, compared with those that are held.
enum Read {
    Same,
    Changed { digest: Digest, bytes: Vec<u8>, sections: Sections },
}

impl Read {
    fn of(facts: &Value, held: Option<&FactsState>) -> Result<Self> {
        let bytes =
            canonical::value_bytes(facts).map_err(|error| Error::invalid(format!("facts: {error}")))?;
        let digest = Digest::of(&bytes);
        if held.is_some_and(|state| state.digest == digest) {
            return Ok(Self::Same);
        }
        Ok(Self::Changed { digest, sections: Sections::of(&bytes), bytes })
    }
}

async fn record_facts<'a>(
    cx: &mut Cx<'_>,
    run: RunKey,
    population: &Population<'_>,
    collected: &'a [Collected],
    unchanged: &[Unchanged],
    current: &mut BTreeMap<TargetKey, FactsState>,
    at: Timestamp,
) -> Result<(Facts<'a>, Keeping)> {
    let organization = cx.organization();
    let mut reached: Vec<Option<Reached<'a>>> = population.targets.iter().map(|_| None).collect();
    for one in unchanged {
        let position = population.position_of(&one.target);
        let state = current
            .get(&population.targets[position].key)
            .filter(|state| state.digest == one.facts)
            .cloned()
            .ok_or_else(|| {
                Error::conflict(format!(
                    "target {} is said to have unchanged facts {}, which are not those stored for it",
                    one.target.name, one.facts
                ))
            })?;
        reached[position] = Some(Reached { state, document: None, sections: None, news: News::Nothing });
    }
    let mut changed = Vec::new();
    let mut documents = Vec::new();
    let held = |one: &Collected| {
        let position = population.position_of(&one.target);
        (position, current.get(&population.targets[position].key))
    };
    let read = |share: &[Collected]| share.iter().map(|one| Read::of(&one.facts, held(one).1)).collect();
    let all = cores::share(collected, DOCUMENTS_PER_THREAD, read);
    for (one, read) in collected.iter().zip(all) {
        let (position, state) = held(one);
        match (read?, state) {
            (Read::Changed { digest, bytes, sections }, _) => {
                changed.push((position, population.targets[position].key, digest, sections, one));
                documents.push(Document { digest, bytes });
            }
            (Read::Same, state) => {
                let state = state.expect("the same as what is held").clone();
                reached[position] =
                    Some(Reached { state, document: Some(&one.facts), sections: None, news: News::Nothing });
            }
        }
    }
    let keeping = pack::keep(cx, documents).await?;
    let keys: Vec<TargetKey> = changed.iter().map(|(_, target, ..)| *target).collect();
    let before = sql::sections(cx.connection(), organization, &keys).await?;
    let mut states = Vec::with_capacity(changed.len());
    for (position, target, digest, sections, Collected { schema, facts, .. }) in changed {
        let different = before.get(&target).map(|before| sections.different(before));
        let defect = match &different {
            Some(different) => facts_defect_in(schema, facts, different),
            None => facts_defect(schema, facts),
        };
        let is_sound = defect.is_none();
        let (span, pack) = (Span { from: at, to: None }, keeping.packs.get(&digest).copied());
        let state = FactsState { target, span, digest, schema: schema.clone(), defect, run, pack };
        // Sections of malformed facts are not kept: whatever comes after them is asked about anew.
        states.push((state.clone(), is_sound.then(|| sections.clone())));
        current.insert(target, state.clone());
        let news = News::Sections(different.filter(|_| is_sound));
        reached[position] = Some(Reached { state, document: Some(facts), sections: Some(sections), news });
    }
    sql::change_facts(cx.connection(), organization, &states).await?;
    let manifest = population
        .identities
        .iter()
        .zip(&reached)
        .map(|(identity, facts)| (*identity, facts.as_ref().map(|facts| facts.state.digest)))
        .collect();
    Ok((Facts { reached, manifest }, keeping))
}

/// Brings the check versions of history in line with the library: new and changed ones start, others end.
async fn sync_checks<'a>(
    cx: &mut Cx<'_>,
    library: &'a Library,
    at: Timestamp,
) -> Result<Vec<(CurrentCheck, &'a Check)>> {
    let organization = cx.organization();
    let mut current = sql::check_keys(cx.connection(), organization).await?;
    let is_same = |version: &CurrentCheck| {
        library.get(&version.id).is_some_and(|check| {
            check.definition().version == version.version && version.engine == ENGINE_VERSION
        })
    };
    let ended: Vec<CheckKey> =
        current.iter().filter(|version| !is_same(version)).map(|version| version.key).collect();
    let kept: BTreeSet<&str> =
        current.iter().filter(|version| is_same(version)).map(|version| version.id.as_str()).collect();
    let new: Vec<&Check> = library.checks().filter(|check| !kept.contains(check.id())).collect();
    if !new.is_empty() || !ended.is_empty() {
        sql::supersede_checks(cx.connection(), organization, &ended, at).await?;
        let rows: Vec<_> = new
            .iter()
            .map(|check| NewCheckVersion {
                definition: check.definition(),
                logic: check.rego(),
                origin: check.origin().word(),
                tolerated_gaps: check.tolerated_gaps(),
            })
            .collect();
        sql::add_checks(cx.connection(), organization, &rows, ENGINE_VERSION, at).await?;
        workshop::note_files(cx, &new).await?;
        current = sql::check_keys(cx.connection(), organization).await?;
        // Too large for an entry; who exports it makes it again from the versions in force at this moment.
        let in_force = sql::current_checks(cx.connection(), organization).await?;
        let schedule = export::schedule(&in_force);
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
            let check = library.get(&version.id).expect("current versions are those of the library");
            (version, check)
        })
        .collect())
}

/// What was made of the facts.
#[derive(Default)]
struct Judged {
    evaluated: usize,
    answers: Vec<Answer>,
    due: Vec<(CheckKey, TargetKey, Option<Timestamp>)>,
    /// One for each check, in their order.
    blocks: Vec<NewBlock>,
    /// What is in it, by position in the population.
    found: Vec<Vec<Option<Observation>>>,
    changes: Vec<Change>,
}

/// What is to be done about a check at a target about which something may be new.
#[derive(Clone, Copy)]
enum Step {
    /// This is what holds.
    Found(Observation),
    /// The check is asked about these facts.
    Ask(Digest),
}

async fn judge(
    cx: &mut Cx<'_>,
    checks: &[(CurrentCheck, &Check)],
    population: &Population<'_>,
    facts: &Facts<'_>,
    mut before: Before,
    memory: &mut Memory,
    at: Timestamp,
) -> Result<Judged> {
    let organization = cx.organization();
    let due = sql::due(cx.connection(), organization, at).await?;
    let steps: Vec<Vec<(usize, Step)>> = {
        // Positions at which something may differ from the run before, whatever the check.
        let restless: Vec<usize> = (0..population.targets.len())
            .filter(|&position| {
                !before.knows[position]
                    || !matches!(&facts.reached[position], Some(Reached { news: News::Nothing, .. }))
            })
            .collect();
        checks.iter().map(|check| steps(check, population, facts, &before, &restless, &due)).collect()
    };
    let mut questions = Questions::default();
    for ((index, check), steps) in checks.iter().enumerate().zip(&steps) {
        for (position, step) in steps {
            if let Step::Ask(digest) = step {
                let reached =
                    facts.reached[*position].as_ref().expect("facts that are asked about were found");
                questions.add(cx, *digest, reached, index, check, memory).await?;
            }
        }
    }
    let outcomes = questions.answer(checks, memory, at);
    let mut judged = Judged { evaluated: outcomes.evaluated, ..Judged::default() };
    for (index, ((version, check), steps)) in checks.iter().zip(steps).enumerate() {
        let (mut found, gone, kept) = match before.verdicts.remove(&version.key) {
            Some(last) => {
                let kept = last.is_whole.then_some((last.block, last.digest, last.counts));
                (last.by_position, last.gone, kept)
            }
            None => (vec![None; population.targets.len()], Vec::new(), None),
        };
        let changes_before = judged.changes.len();
        for (position, step) in steps {
            let target = population.targets[position].key;
            let last = found[position];
            let now = match step {
                Step::Found(observation) => observation,
                Step::Ask(digest) => {
                    let outcome = outcomes.of(index, digest).clone();
                    if check.definition().depends_on_time {
                        judged.due.push((version.key, target, outcome.valid_until));
                    }
                    let now = Observation::new(outcome.verdict, outcome.reason);
                    let before = last.map(|last| last == now);
                    judged.answers.push(Answer { check: version.key, target, before, outcome });
                    now
                }
            };
            if last != Some(now) {
                let was_open = last.is_some();
                judged.changes.push(Change { check: version.key, target, found: Some(now), was_open });
                found[position] = Some(now);
            }
        }
        judged.changes.extend(gone.into_iter().map(|target| Change {
            check: version.key,
            target,
            found: None,
            was_open: true,
        }));
        let is_unchanged = judged.changes.len() == changes_before;
        let block = match kept.filter(|_| is_unchanged) {
            Some((block, digest, counts)) => {
                NewBlock { check: version.key, digest, known: Some(block), bytes: Vec::new(), counts }
            }
            None => {
                let found: Vec<Observation> =
                    found.iter().map(|found| found.expect("every target was asked about")).collect();
                let bytes = block::encode(&found).map_err(Error::invalid)?;
                let digest = block::digest(&bytes);
                NewBlock { check: version.key, digest, known: None, bytes, counts: Counts::of(&found) }
            }
        };
        judged.blocks.push(block);
        judged.found.push(found);
    }
    Ok(judged)
}

/// Returns what is to be done about a check, by position in the population; where nothing is, the verdict of the run
/// before stands.
fn steps(
    (version, check): &(CurrentCheck, &Check),
    population: &Population<'_>,
    facts: &Facts<'_>,
    before: &Before,
    restless: &[usize],
    due: &BTreeSet<(CheckKey, TargetKey)>,
) -> Vec<(usize, Step)> {
    let last = before.verdicts.get(&version.key);
    let mut positions: BTreeSet<usize> = restless.iter().copied().collect();
    if last.is_none() {
        positions.extend(0..population.targets.len());
    }
    positions.extend(before.unreached.iter().copied());
    let of_check = (version.key, TargetKey(i64::MIN))..=(version.key, TargetKey(i64::MAX));
    positions.extend(
        due.range(of_check)
            .filter_map(|(_, target)| population.targets.binary_search_by_key(target, |t| t.key).ok()),
    );
    let step = |position: usize| {
        let target = &population.targets[position];
        if target.target.kind != check.definition().target_kind {
            return Step::Found(Observation::new(Verdict::NotApplicable, Some(ReasonClass::Unsupported)));
        }
        let Some(reached) = &facts.reached[position] else {
            return Step::Found(Observation::unknown(ReasonClass::NotCollected));
        };
        let last = last.and_then(|last| last.by_position[position]);
        match reusable(last, check, reached).filter(|_| !before.unreached.contains(&position)) {
            Some(last) if !due.contains(&(version.key, target.key)) => Step::Found(last),
            _ => Step::Ask(reached.state.digest),
        }
    };
    positions.into_iter().map(|position| (position, step(position))).collect()
}

/// Returns the verdict of the run before if it still holds as far as facts go: the target was reached then and now,
/// and nothing that the check reads has changed.
fn reusable(last: Option<Observation>, check: &Check, reached: &Reached<'_>) -> Option<Observation> {
    let last = last?;
    let holds = match &reached.news {
        News::Nothing => true,
        News::Sections(None) => false,
        News::Sections(Some(changed)) => !changed.iter().any(|section| check.reads(section)),
    };
    holds.then_some(last)
}

/// Retires targets that a source does not expect any more, unless another source still does. One that comes back is
/// there again as if it had never gone: what was not seen meanwhile stays unknown.
async fn retire(
    cx: &mut Cx<'_>,
    source: &str,
    gone: &[TargetKey],
    memory: &mut Memory,
    at: Timestamp,
) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let organization = cx.organization();
    let mut gone: BTreeSet<TargetKey> = gone.iter().copied().collect();
    for population in sql::populations_of_others(cx.connection(), organization, source).await? {
        for target in sql::population_targets(cx.connection(), organization, population).await? {
            gone.remove(&target);
        }
    }
    let keys: Vec<TargetKey> = gone.iter().copied().collect();
    sql::set_retired(cx.connection(), organization, &keys, Some(at)).await?;
    for target in memory.targets.iter_mut().filter(|target| gone.contains(&target.key)) {
        target.retired_at = Some(at);
    }
    Ok(())
}

/// Returns the target as checks see it.
pub(super) fn nameless(kind: &str) -> TargetRef {
    TargetRef { kind: kind.to_owned(), external_id: String::new(), name: String::new() }
}
