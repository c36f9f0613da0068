//! The history of observations, recomputed from what the log commits to.
//!
//! A `run.close` entry names the digest of its population and of its list of (check version, block). The preimages of
//! these digests travel as [`Objects`]; so every verdict of every run follows from the log alone, and what a report says
//! about deviations can be compared with it. Nothing here trusts an index of the operator.
//!
//! Objects:
//!
//! - population: the identities of its targets, 32 bytes each, in the order that blocks use;
//! - list of a run: (check version, block), 64 bytes each, ascending by check version;
//! - [`block`]: verdicts of one check over one population; [`Schedule`]: the checks in force and how often they look.

pub mod block;
mod objects;
mod recomputed;
mod schedule;
mod stretch;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde::Deserialize;

pub use self::block::Found;
pub use self::objects::{MAX_OBJECT_BYTES, MAX_TOTAL_BYTES, Objects, PACK_BYTES, PackError};
pub use self::recomputed::Recomputed;
pub use self::schedule::{CheckCompleteness, MAX_CADENCE_HOURS, MAX_CHECKS, MAX_SLOTS, Schedule, Scheduled};
use self::schedule::{Done, Look};
pub use self::stretch::{Claim, STRETCHES_HEADER, claims_to_text};
use self::stretch::{NONE, State, Stretch, advance, end_all};
use crate::Hash;
use crate::epoch::Genesis;
use crate::leaf::{Leaf, LeafKind, format_moment, parse_moment};

/// Problems that are kept.
const MAX_PROBLEMS: usize = 1000;
/// Verdicts that are unpacked; equal blocks of consecutive runs cost nothing.
const MAX_VERDICTS: u64 = 4_000_000_000;
/// Stretches that are kept.
const MAX_STRETCHES: usize = 50_000_000;
const PAIR_BYTES: usize = 64;

/// Walks through the entries of a log in order and recomputes the history.
pub struct Rebuild<'o> {
    objects: &'o Objects,
    targets: Numbers,
    versions: Numbers,
    populations: HashMap<Hash, Population>,
    schedules: Vec<(i64, Schedule)>,
    has_unknown_schedule: bool,
    /// Whether the log continues an earlier epoch, whose entries are not here.
    is_continuing: bool,
    opened: BTreeMap<u64, Opened>,
    last_opened: Option<u64>,
    states: Vec<Option<State>>,
    looks: Vec<Vec<Look>>,
    moments: Vec<i64>,
    missed: Vec<i64>,
    first_ts: Option<i64>,
    last_ts: i64,
    stretches: Vec<Stretch>,
    scratch: Vec<Found>,
    unpacked: u64,
    blocks: u64,
    verdicts: [u64; 4],
    problems: Vec<(String, String)>,
    more_problems: usize,
    omissions: Vec<(String, String)>,
    defined_elsewhere: usize,
}

/// Digests by number, in the order of their first appearance.
#[derive(Default)]
struct Numbers {
    numbers: HashMap<Hash, u32>,
    digests: Vec<Hash>,
}

impl Numbers {
    fn of(&mut self, digest: Hash) -> u32 {
        *self.numbers.entry(digest).or_insert_with(|| {
            self.digests.push(digest);
            u32::try_from(self.digests.len() - 1).expect("fewer than 2^32 objects of 32 bytes fit the limits")
        })
    }

    /// For each number its rank among all digests, and the digests in words.
    fn ranks(&self) -> (Vec<u32>, Vec<String>) {
        let mut order: Vec<u32> = (0..).take(self.digests.len()).collect();
        order.sort_unstable_by_key(|number| self.digests[*number as usize]);
        let mut ranks = vec![0; order.len()];
        for (rank, number) in (0..).zip(order) {
            ranks[number as usize] = rank;
        }
        (ranks, self.digests.iter().map(Hash::hex).collect())
    }
}

struct Population {
    index: u64,
    n: u64,
    /// Numbers of the targets, once the list was read.
    members: Option<Rc<[u32]>>,
    is_used: bool,
}

struct Opened {
    index: u64,
    source: String,
    at: i64,
    is_closed: bool,
}

#[derive(Deserialize)]
struct PopulationDefine {
    population: String,
    n: u64,
}

#[derive(Deserialize)]
struct ScheduleSet {
    checks: String,
    #[serde(default)]
    schedule: Option<String>,
    #[serde(default)]
    at: Option<String>,
}

#[derive(Deserialize)]
struct RunOpen {
    run: u64,
    source: String,
}

#[derive(Deserialize)]
struct RunMissed {
    run: u64,
}

#[derive(Deserialize)]
struct RunClose {
    run: u64,
    observed_at: String,
    population: String,
    expected: u64,
    reached: u64,
    complete: bool,
    checks: u64,
    blocks: String,
    unknown: u64,
    pass: u64,
    fail: u64,
    not_applicable: u64,
}

impl<'o> Rebuild<'o> {
    /// Begins before the first entry.
    #[must_use]
    pub fn new(objects: &'o Objects) -> Self {
        Self {
            objects,
            targets: Numbers::default(),
            versions: Numbers::default(),
            populations: HashMap::new(),
            schedules: Vec::new(),
            has_unknown_schedule: false,
            is_continuing: false,
            opened: BTreeMap::new(),
            last_opened: None,
            states: Vec::new(),
            looks: Vec::new(),
            moments: Vec::new(),
            missed: Vec::new(),
            first_ts: None,
            last_ts: i64::MIN,
            stretches: Vec::new(),
            scratch: Vec::new(),
            unpacked: 0,
            blocks: 0,
            verdicts: [0; 4],
            problems: Vec::new(),
            more_problems: 0,
            omissions: Vec::new(),
            defined_elsewhere: 0,
        }
    }

    /// Takes the next entry.
    pub fn entry(&mut self, index: u64, leaf: &Leaf<'_>) {
        let ts = leaf.ts_us();
        self.first_ts.get_or_insert(ts);
        self.last_ts = self.last_ts.max(ts);
        let taken = match leaf.kind {
            LeafKind::LogGenesis => {
                // A genesis of another form continues nothing. Where one stands behind entries, the epoch before is here.
                let genesis = serde_json::from_slice::<Genesis>(leaf.body);
                self.is_continuing |= index == 0 && genesis.is_ok_and(|genesis| genesis.continues.is_some());
                Ok(())
            }
            LeafKind::PopulationDefine => body(leaf).and_then(|body| self.define(index, &body)),
            LeafKind::ScheduleSet => body(leaf).and_then(|body| self.schedule(ts, &body)),
            LeafKind::RunOpen => body(leaf).and_then(|body| self.open(index, ts, body)),
            LeafKind::RunMissed => body(leaf).and_then(|body| self.miss(&body)),
            LeafKind::RunClose => body(leaf).and_then(|body| self.close(index, &body)),
            _ => Ok(()),
        };
        if let Err(problem) = taken {
            self.problem(index, problem);
        }
    }

    fn problem(&mut self, index: u64, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push((format!("entry {index}"), problem));
        } else {
            self.more_problems += 1;
        }
    }

    fn define(&mut self, index: u64, body: &PopulationDefine) -> Result<(), String> {
        let digest = digest(&body.population)?;
        // Populations of other kinds (items, occurrences) use the same entry; a list defined twice counts from the first.
        let population = Population { index, n: body.n, members: None, is_used: false };
        self.populations.entry(digest).or_insert(population);
        Ok(())
    }

    fn schedule(&mut self, ts: i64, body: &ScheduleSet) -> Result<(), String> {
        let Some(named) = &body.schedule else {
            self.has_unknown_schedule = true;
            return Ok(());
        };
        let at = body.at.as_deref().map_or(Ok(ts), moment)?;
        if self.objects.is_empty() {
            self.has_unknown_schedule = true;
            return Ok(());
        }
        let bytes = self.objects.get(&digest(named)?).ok_or("the schedule it names is not in the bundle")?;
        let schedule =
            Schedule::parse(bytes).map_err(|problem| format!("the schedule it names {problem}"))?;
        if schedule.versions_digest() != digest(&body.checks)? {
            return Err("the schedule it names has other checks than the entry".to_owned());
        }
        if self.schedules.last().is_some_and(|(before, _)| *before > at) {
            return Err("comes into force before the schedule before it".to_owned());
        }
        self.schedules.push((at, schedule));
        Ok(())
    }

    fn open(&mut self, index: u64, at: i64, body: RunOpen) -> Result<(), String> {
        let RunOpen { run, source } = body;
        if let Some(last) = self.last_opened {
            if run <= last {
                return Err(format!("opens run {run} after run {last}"));
            }
            if run > last + 1 {
                let skipped = if run == last + 2 {
                    format!("run {} is not in the log", last + 1)
                } else {
                    format!("runs {} to {} are not in the log", last + 1, run - 1)
                };
                self.omit(index, skipped);
            }
        }
        self.last_opened = Some(run);
        self.opened.insert(run, Opened { index, source, at, is_closed: false });
        Ok(())
    }

    fn omit(&mut self, index: u64, what: String) {
        if self.omissions.len() < MAX_PROBLEMS {
            self.omissions.push((format!("entry {index}"), what));
        }
    }

    fn end(&mut self, run: u64) -> Result<i64, String> {
        match self.opened.get_mut(&run) {
            None => Err(format!("ends run {run}, which no earlier entry opened")),
            Some(opened) if opened.is_closed => Err(format!("ends run {run} a second time")),
            Some(opened) => {
                opened.is_closed = true;
                Ok(opened.at)
            }
        }
    }

    fn miss(&mut self, body: &RunMissed) -> Result<(), String> {
        let at = self.end(body.run)?;
        self.missed.push(at);
        Ok(())
    }

    fn close(&mut self, index: u64, body: &RunClose) -> Result<(), String> {
        let run = body.run;
        self.end(run)?;
        let name = |problem: String| format!("run {run}: {problem}");
        let at = moment(&body.observed_at).map_err(name)?;
        if self.moments.last().is_some_and(|before| *before >= at) {
            return Err(name("is not later than the run before it".to_owned()));
        }
        let number = u32::try_from(self.moments.len()).ok().filter(|number| *number < NONE);
        let number = number.ok_or_else(|| name("is one run too many".to_owned()))?;
        self.moments.push(at);
        let population = digest(&body.population).map_err(name)?;
        let members = self.members(index, population, body).map_err(name)?;
        if body.complete != (body.reached == body.expected) || body.reached > body.expected {
            return Err(name("contradicts itself about how many targets it reached".to_owned()));
        }
        if self.objects.is_empty() {
            return Ok(());
        }
        let objects = self.objects;
        let list = objects.get(&digest(&body.blocks).map_err(name)?);
        let list = list.ok_or_else(|| name("its list of blocks is not in the bundle".to_owned()))?;
        let pairs = list.chunks_exact(PAIR_BYTES);
        if !pairs.remainder().is_empty() || pairs.len() as u64 != body.checks {
            return Err(name("its list of blocks has not the length the entry says".to_owned()));
        }
        self.check_versions(list).map_err(name)?;
        let mut total = [0_u64; 4];
        for pair in pairs {
            let [version, block] = [&pair[..32], &pair[32..]]
                .map(|half| Hash(half.try_into().expect("halves of a pair have 32 bytes")));
            let counts = self.block(number, at, version, block, population, &members).map_err(name)?;
            total.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        self.close_absent(number);
        self.blocks += body.checks;
        self.verdicts.iter_mut().zip(total).for_each(|(sum, count)| *sum += count);
        if total == [body.unknown, body.pass, body.fail, body.not_applicable] {
            Ok(())
        } else {
            Err(name("its blocks have not the counts the entry says".to_owned()))
        }
    }

    /// Returns the targets of a run: defined by an earlier entry, as many as both entries say.
    fn members(&mut self, index: u64, digest: Hash, body: &RunClose) -> Result<Rc<[u32]>, String> {
        if self.is_continuing && !self.populations.contains_key(&digest) {
            // Defined in the epoch before: that it was before its use shows there.
            let population = Population { index, n: body.expected, members: None, is_used: true };
            self.populations.insert(digest, population);
            self.defined_elsewhere += 1;
        }
        let population = self.populations.get_mut(&digest);
        let population = population.ok_or("its population is not defined by an earlier entry")?;
        population.is_used = true;
        debug_assert!(population.index <= index);
        if population.n != body.expected {
            return Err(format!("expects {} targets, its population has {}", body.expected, population.n));
        }
        if let Some(members) = &population.members {
            return Ok(Rc::clone(members));
        }
        if self.objects.is_empty() {
            return Ok(Rc::new([]));
        }
        let list = self.objects.get(&digest).ok_or("the list of its population is not in the bundle")?;
        let (identities, rest) = list.as_chunks::<32>();
        if !rest.is_empty() || identities.len() as u64 != population.n {
            return Err("the list of its population has not the length the entry says".to_owned());
        }
        let members: Rc<[u32]> = identities.iter().map(|identity| self.targets.of(Hash(*identity))).collect();
        let mut sorted = members.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("the list of its population names a target twice".to_owned());
        }
        population.members = Some(Rc::clone(&members));
        Ok(members)
    }

    /// The versions of a run must be those of the schedule in force, ascending.
    fn check_versions(&self, list: &[u8]) -> Result<(), String> {
        let versions: Vec<&[u8]> = list.chunks_exact(PAIR_BYTES).map(|pair| &pair[..32]).collect();
        if versions.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err("its list of blocks is not in order".to_owned());
        }
        match self.schedules.last() {
            Some((_, schedule)) if Hash::of(&versions.concat()) != schedule.versions_digest() => {
                Err("looked with other checks than those of the schedule in force".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn block(
        &mut self,
        run: u32,
        at: i64,
        version: Hash,
        block: Hash,
        population: Hash,
        members: &Rc<[u32]>,
    ) -> Result<[u64; 4], String> {
        let version = self.versions.of(version);
        let place = version as usize;
        if self.states.len() <= place {
            self.states.resize_with(place + 1, || None);
            self.looks.resize_with(place + 1, Vec::new);
        }
        let is_same = self.states[place]
            .as_ref()
            .is_some_and(|state| state.block == block && state.population == population);
        if !is_same {
            let bytes = self.objects.get(&block).ok_or("a block of it is not in the bundle")?;
            self.unpacked += members.len() as u64;
            if self.unpacked > MAX_VERDICTS || self.stretches.len() > MAX_STRETCHES {
                return Err("there is more history than can be recomputed".to_owned());
            }
            block::read(bytes, members.len(), &mut self.scratch).map_err(|error| error.to_string())?;
            let state = self.states[place].take();
            let state = advance(state, version, run, members, &mut self.scratch, &mut self.stretches);
            self.states[place] = Some(State { population, block, ..state });
        }
        let state = self.states[place].as_mut().expect("just set");
        state.last_run = run;
        self.looks[place].push(Look { at, has_unknown: state.counts[0] > 0, covers: state.covers });
        Ok(state.counts)
    }

    /// Ends what the last run did not look with.
    fn close_absent(&mut self, run: u32) {
        for (version, slot) in (0..).zip(&mut self.states) {
            if let Some(state) = slot.take_if(|state| state.last_run != run) {
                end_all(&state, version, run, &mut self.stretches);
            }
        }
    }

    /// Ends after the last entry. Schedules are compared within `period`, as far as the log reaches.
    #[must_use]
    pub fn finish(mut self, period: Option<(i64, i64)>) -> Recomputed {
        let last_open = self.opened.keys().next_back().copied();
        let unfinished: Vec<(u64, String)> = self
            .opened
            .iter()
            .filter(|(run, opened)| !opened.is_closed && Some(**run) != last_open)
            .map(|(run, opened)| {
                (opened.index, format!("run {run} of {:?} was opened and has no end", opened.source))
            })
            .collect();
        unfinished.into_iter().for_each(|(index, what)| self.omit(index, what));
        let done = self.done(period);
        for (version, slot) in (0..).zip(&self.states) {
            if let Some(state) = slot {
                end_all(state, version, NONE, &mut self.stretches);
            }
        }
        let (version_ranks, versions) = self.versions.ranks();
        let (target_ranks, targets) = self.targets.ranks();
        self.stretches.sort_unstable_by_key(|stretch| {
            (version_ranks[stretch.version as usize], target_ranks[stretch.target as usize], stretch.from)
        });
        let (checks, silences, without_target) = match done {
            None => (None, Vec::new(), 0),
            Some(done) => {
                let silences = done.silences.iter().take(MAX_PROBLEMS).map(in_words).collect();
                (Some(done.checks), silences, done.without_target)
            }
        };
        Recomputed {
            problems: self.problems,
            more_problems: self.more_problems,
            omissions: self.omissions,
            checks,
            silences,
            without_target,
            runs: self.moments.len(),
            missed_runs: self.missed.len(),
            populations: self.populations.values().filter(|population| population.is_used).count(),
            defined_elsewhere: self.defined_elsewhere,
            blocks: self.blocks,
            verdicts: self.verdicts,
            has_blocks: !self.objects.is_empty(),
            stretches: self.stretches,
            versions,
            targets,
            moments: self.moments.iter().map(|at| format_moment(*at).unwrap_or_default()).collect(),
        }
    }

    fn done(&mut self, period: Option<(i64, i64)>) -> Option<Done> {
        if self.has_unknown_schedule || self.schedules.is_empty() {
            return None;
        }
        let mut looks: BTreeMap<&str, Vec<Look>> = BTreeMap::new();
        let mut seen: Vec<(&str, u32)> = Vec::new();
        for check in self.schedules.iter().flat_map(|(_, schedule)| &schedule.checks) {
            let version = Hash::parse_digest(&check.version).ok();
            if let Some(number) = version.and_then(|version| self.versions.numbers.get(&version)) {
                seen.push((&check.id, *number));
            }
        }
        seen.sort_unstable();
        seen.dedup();
        for (id, version) in seen {
            looks.entry(id).or_default().extend_from_slice(&self.looks[version as usize]);
        }
        looks.values_mut().for_each(|looks| looks.sort_unstable_by_key(|look| look.at));
        self.missed.sort_unstable();
        let (from, until) = period.unwrap_or((i64::MIN, i64::MAX));
        let period = (from.max(self.first_ts?), until.min(self.last_ts));
        schedule::compare(&self.schedules, period, &looks, &self.missed)
    }
}

fn in_words(silence: &schedule::Silence) -> (String, String) {
    let moment = |micros: i64| format_moment(micros).unwrap_or_default();
    let subject = format!("{} to {}", moment(silence.from), moment(silence.until));
    let checks = match silence.checks {
        1 => silence.example.clone(),
        more => format!("{} checks (one is {})", more, silence.example),
    };
    (subject, format!("nothing was recorded although due: {checks}"))
}

fn body<'l, T: Deserialize<'l>>(leaf: &Leaf<'l>) -> Result<T, String> {
    serde_json::from_slice(leaf.body).map_err(|error| format!("is not a {} entry: {error}", leaf.kind))
}

fn digest(text: &str) -> Result<Hash, String> {
    Hash::parse_digest(text).map_err(|error| error.to_string())
}

fn moment(text: &str) -> Result<i64, String> {
    parse_moment(text).ok_or_else(|| format!("{text:?} is not a moment"))
}
