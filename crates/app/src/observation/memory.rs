//! What recording knows after a run, kept in memory for the next one: reading a thousand targets with their facts and
//! the answers about them takes longer than recording what changed.
//!
//! Never a source. It is taken only while the moment of the last recorded run is the one that it was made at, which any
//! other recording changes and none gives twice; else everything is read again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tickmark_core::id::{CheckKey, OrganizationKey, TargetKey};
use tickmark_core::observation::Outcome;
use tickmark_core::{Digest, Timestamp};

use super::before::Found;
use super::{FactsState, Target};

/// Most answers that are remembered; beyond, the database is asked. About 5 MB.
const MAX_ANSWERS: usize = 120_000;
/// Most pairs of a check and what it read that are remembered with what was said; when there are more, all are forgotten
/// and learned again. About 6 MB.
const MAX_OUTCOMES: usize = 100_000;
/// Most different outcomes among them: checks say the same about most of what they read. A few MB.
const MAX_DISTINCT: usize = 10_000;

/// Most verdicts of the last run that are remembered of one source; 2 bytes each.
const MAX_VERDICTS: usize = 4_000_000;

/// What is remembered, by organization.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memories(Arc<Mutex<BTreeMap<OrganizationKey, Memory>>>);

/// What is known after a run.
#[derive(Debug, Default)]
pub(super) struct Memory {
    at: Option<Timestamp>,
    pub(super) targets: Vec<Target>,
    pub(super) facts: BTreeMap<TargetKey, FactsState>,
    /// Digests that stand for targets in the ledger.
    identities: HashMap<TargetKey, Digest>,
    /// What checks said that do not look at the clock, by what they read.
    outcomes: HashMap<(CheckKey, Digest), Arc<Outcome>>,
    /// The different outcomes among them, by their digest.
    distinct: HashMap<Digest, Arc<Outcome>>,
    /// Hashes of the answers that hold.
    answers: HashMap<(CheckKey, TargetKey), i64>,
    /// What the last run of each source found.
    found: BTreeMap<String, Found>,
}

impl Memories {
    /// Takes what was remembered at the last recorded run, if it was made then.
    pub(super) fn take(&self, organization: OrganizationKey, last: Option<Timestamp>) -> Option<Memory> {
        let mut memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memories.remove(&organization).filter(|memory| memory.at.is_some() && memory.at == last)
    }

    /// Remembers what is known once the run of this moment is recorded. If it is not, the moment is never asked for.
    pub(super) fn keep(&self, organization: OrganizationKey, at: Timestamp, memory: Memory) {
        let mut memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memories.insert(organization, Memory { at: Some(at), ..memory });
    }
}

impl Memory {
    pub(super) fn of(targets: Vec<Target>, facts: BTreeMap<TargetKey, FactsState>) -> Self {
        Self { targets, facts, ..Self::default() }
    }

    /// Returns the digest that stands for a target, which its kind and external id determine for good.
    pub(super) fn identity(&mut self, target: TargetKey, make: impl FnOnce() -> Digest) -> Digest {
        *self.identities.entry(target).or_insert_with(make)
    }

    /// Returns what a check said when it read this.
    pub(super) fn outcome(&self, check: CheckKey, read: Digest) -> Option<&Outcome> {
        self.outcomes.get(&(check, read)).map(Arc::as_ref)
    }

    /// Remembers what a check said when it read this.
    pub(super) fn learn(&mut self, check: CheckKey, read: Digest, outcome: &Outcome) {
        if self.outcomes.len() >= MAX_OUTCOMES || self.distinct.len() >= MAX_DISTINCT {
            self.outcomes.clear();
            self.distinct.clear();
        }
        let said = Digest::of(&serde_json::to_vec(outcome).expect("an outcome has string keys only"));
        let known = self.distinct.entry(said).or_insert_with(|| Arc::new(outcome.clone()));
        self.outcomes.insert((check, read), Arc::clone(known));
    }

    /// Returns the hash of the answer that holds, if it is remembered.
    pub(super) fn answer(&self, check: CheckKey, target: TargetKey) -> Option<i64> {
        self.answers.get(&(check, target)).copied()
    }

    /// Gives back what the last run of a source found, if it is remembered.
    pub(super) fn found(&mut self, source: &str) -> Option<Found> {
        self.found.remove(source)
    }

    /// Remembers what a run of a source found.
    pub(super) fn keep_found(&mut self, source: &str, found: Found) {
        let verdicts: usize = found.verdicts.values().map(|last| last.by_position.len()).sum();
        if verdicts <= MAX_VERDICTS {
            self.found.insert(source.to_owned(), found);
        }
    }

    /// Forgets what checks answered that are no longer asked.
    pub(super) fn keep_answers_of(&mut self, checks: impl Iterator<Item = CheckKey>) {
        let checks: BTreeSet<CheckKey> = checks.collect();
        if self.answers.len() >= MAX_ANSWERS {
            self.answers.retain(|(check, _), _| checks.contains(check));
        }
    }

    pub(super) fn set_answer(&mut self, check: CheckKey, target: TargetKey, hash: i64) {
        if self.answers.len() < MAX_ANSWERS || self.answers.contains_key(&(check, target)) {
            self.answers.insert((check, target), hash);
        }
    }
}
