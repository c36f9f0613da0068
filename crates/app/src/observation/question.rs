//! Questions of a run: which checks are asked about which facts. A check that reads the same sections at several targets is
//! asked once, and not again in a later run while it is remembered what it said; what is asked is answered side by side,
//! for answering is what takes the time.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use tickmark_core::observation::{Outcome, ReasonClass};
use tickmark_core::{Digest, Timestamp, canonical};
use tickmark_evaluate::{Check, Evaluator, PreparedFacts};

use super::memory::Memory;
use super::record::{Reached, nameless};
use super::sections::Sections;
use super::sql::CurrentCheck;
use super::{cores, pack};
use crate::context::Cx;
use crate::{Error, Result};

/// Facts documents that are worth a thread of their own.
const DOCUMENTS_PER_THREAD: usize = 8;

/// What is asked in a run. Checks are given by their position.
#[derive(Default)]
pub(super) struct Questions<'a> {
    by_facts: BTreeMap<Digest, Question<'a>>,
    /// What a check reads of facts, by check and facts.
    read: HashMap<(usize, Digest), Digest>,
    /// Of which facts a check is asked, by check and what it reads.
    asked: HashMap<(usize, Digest), Digest>,
    /// What is known already, by check and what it reads.
    known: HashMap<(usize, Digest), Outcome>,
}

struct Question<'a> {
    /// The facts, or why they are malformed.
    facts: Result<(Cow<'a, Value>, Sections), String>,
    /// Digests of what checks read of them, by the sections they read: several checks read the same.
    read: HashMap<u128, Digest>,
    /// Positions of the checks that are asked, ascending.
    checks: Vec<usize>,
}

/// What the checks of a run said.
pub(super) struct Outcomes {
    read: HashMap<(usize, Digest), Digest>,
    /// By check and what it reads.
    shared: HashMap<(usize, Digest), Outcome>,
    /// By check and facts: what cannot be said of others that read the same.
    own: HashMap<(usize, Digest), Outcome>,
    /// How often a check was run.
    pub(super) evaluated: usize,
}

impl Outcomes {
    /// Returns what a check said about facts that it was asked about.
    pub(super) fn of(&self, check: usize, facts: Digest) -> &Outcome {
        let own = self.own.get(&(check, facts));
        own.unwrap_or_else(|| &self.shared[&(check, self.read[&(check, facts)])])
    }
}

impl<'a> Questions<'a> {
    /// Asks a check about facts; positions of checks ascend.
    pub(super) async fn add(
        &mut self,
        cx: &mut Cx<'_>,
        facts: Digest,
        reached: &Reached<'a>,
        position: usize,
        (version, check): &(CurrentCheck, &Check),
        memory: &Memory,
    ) -> Result<()> {
        if self.read.contains_key(&(position, facts)) {
            return Ok(());
        }
        let question = match self.by_facts.entry(facts) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => {
                let facts = match (&reached.state.defect, reached.document) {
                    (Some(defect), _) => Err(defect.clone()),
                    (None, Some(document)) => Ok(Cow::Borrowed(document)),
                    (None, None) => Ok(Cow::Owned(pack::read(cx, &reached.state).await?)),
                };
                let facts = match facts {
                    Err(defect) => Err(defect),
                    Ok(document) => {
                        let sections = match &reached.sections {
                            Some(sections) => sections.clone(),
                            None => sections_of(&document)?,
                        };
                        Ok((document, sections))
                    }
                };
                slot.insert(Question { facts, read: HashMap::new(), checks: Vec::new() })
            }
        };
        // What is malformed is about these facts alone.
        let read = question.facts.as_ref().map_or(facts, |(_, sections)| match sections.choice(check) {
            Some(choice) => *question.read.entry(choice).or_insert_with(|| sections.read_by(check)),
            None => sections.read_by(check),
        });
        self.read.insert((position, facts), read);
        if let Some(outcome) = memory.outcome(version.key, read) {
            self.known.entry((position, read)).or_insert_with(|| outcome.clone());
            return Ok(());
        }
        self.asked.entry((position, read)).or_insert_with(|| {
            question.checks.push(position);
            facts
        });
        Ok(())
    }

    /// Answers everything, and remembers what stays true.
    pub(super) fn answer(
        mut self,
        checks: &[(CurrentCheck, &Check)],
        memory: &mut Memory,
        at: Timestamp,
    ) -> Outcomes {
        let asked = self.by_facts.iter().map(|(facts, question)| (*facts, question.checks.clone()));
        let answered = self.ask(asked.collect(), checks, at);
        let mut evaluated = answered.len();
        let mut shared = std::mem::take(&mut self.known);
        for ((position, facts), outcome) in answered {
            let read = self.read[&(position, facts)];
            let (version, check) = &checks[position];
            if read != facts && !check.definition().depends_on_time && !is_of_size(&outcome) {
                memory.learn(version.key, read, &outcome);
            }
            shared.insert((position, read), outcome);
        }
        // How much work a check may do follows from the size of the whole document, so that it did too much is said of no
        // other.
        let mut alone: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
        for ((position, facts), read) in &self.read {
            let is_others = self.asked.get(&(*position, *read)).is_some_and(|asked| asked != facts);
            if is_others && is_of_size(&shared[&(*position, *read)]) {
                alone.entry(*facts).or_default().push(*position);
            }
        }
        let own: HashMap<(usize, Digest), Outcome> =
            self.ask(alone.into_iter().collect(), checks, at).into_iter().collect();
        evaluated += own.len();
        Outcomes { read: self.read, shared, own, evaluated }
    }

    /// Asks checks about facts.
    fn ask(
        &self,
        asked: Vec<(Digest, Vec<usize>)>,
        checks: &[(CurrentCheck, &Check)],
        at: Timestamp,
    ) -> Vec<((usize, Digest), Outcome)> {
        let asked: Vec<(Digest, Vec<usize>, &Question<'_>)> = asked
            .into_iter()
            .filter(|(_, checks)| !checks.is_empty())
            .map(|(facts, checks)| (facts, checks, &self.by_facts[&facts]))
            .collect();
        cores::share(&asked, DOCUMENTS_PER_THREAD, |theirs| answer(theirs, checks, at))
    }
}

fn sections_of(document: &Value) -> Result<Sections> {
    let bytes =
        canonical::value_bytes(document).map_err(|error| Error::internal("writing stored facts", error))?;
    Ok(Sections::of(&bytes))
}

/// Tells whether what was said depends on how large the document is.
fn is_of_size(outcome: &Outcome) -> bool {
    outcome.reason == Some(ReasonClass::Limit)
}

fn answer(
    asked: &[(Digest, Vec<usize>, &Question<'_>)],
    checks: &[(CurrentCheck, &Check)],
    at: Timestamp,
) -> Vec<((usize, Digest), Outcome)> {
    let mut evaluator = Evaluator::default();
    let mut outcomes = Vec::with_capacity(asked.iter().map(|(_, checks, _)| checks.len()).sum());
    for (digest, positions, question) in asked {
        let asked = || positions.iter().map(|position| (*position, checks[*position].1));
        let prepared = question.facts.as_ref().map(|(facts, _)| {
            PreparedFacts::of_sections(facts, |section| asked().any(|(_, check)| check.reads(section)))
        });
        for (position, check) in asked() {
            let outcome = match &prepared {
                // A verdict is a function of facts, not of what a target is called, or it could not be remembered.
                Ok(prepared) => {
                    evaluator.evaluate(check, &nameless(&check.definition().target_kind), prepared, at)
                }
                Err(defect) => {
                    Outcome::unknown(ReasonClass::ParseError, format!("the facts are malformed: {defect}"))
                }
            };
            outcomes.push(((position, *digest), outcome));
        }
    }
    outcomes
}
