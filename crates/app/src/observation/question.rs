//! Questions of a run: which checks are asked about which facts. The same facts at several targets are one question, and
//! questions are answered side by side, for answering is what takes the time.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::thread;

use serde_json::Value;
use tickmark_core::observation::{Outcome, ReasonClass};
use tickmark_core::{Digest, Timestamp};
use tickmark_evaluate::{Check, Evaluator, PreparedFacts};

use super::pack;
use super::record::{Reached, nameless};
use super::sql::CurrentCheck;
use crate::Result;
use crate::context::Cx;

/// Facts documents that are worth a thread of their own.
const DOCUMENTS_PER_THREAD: usize = 8;

/// What is asked in a run.
#[derive(Default)]
pub(super) struct Questions<'a> {
    by_facts: BTreeMap<Digest, Question<'a>>,
}

struct Question<'a> {
    /// The facts, or why they are malformed.
    facts: Result<Cow<'a, Value>, String>,
    /// Positions of the checks that are asked, ascending.
    checks: Vec<usize>,
}

/// Outcomes by position of the check and facts.
pub(super) type Outcomes = HashMap<(usize, Digest), Outcome>;

impl<'a> Questions<'a> {
    /// Adds a check, given by its position; positions ascend.
    pub(super) async fn add(
        &mut self,
        cx: &mut Cx<'_>,
        digest: Digest,
        reached: &Reached<'a>,
        check: usize,
    ) -> Result<()> {
        let question = match self.by_facts.entry(digest) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => {
                let facts = match (&reached.state.defect, reached.document) {
                    (Some(defect), _) => Err(defect.clone()),
                    (None, Some(document)) => Ok(Cow::Borrowed(document)),
                    (None, None) => Ok(Cow::Owned(pack::read(cx, &reached.state).await?)),
                };
                slot.insert(Question { facts, checks: Vec::new() })
            }
        };
        if question.checks.last() != Some(&check) {
            question.checks.push(check);
        }
        Ok(())
    }

    /// Answers everything.
    pub(super) fn answer(&self, checks: &[(CurrentCheck, &Check)], at: Timestamp) -> Outcomes {
        let questions: Vec<(&Digest, &Question<'_>)> = self.by_facts.iter().collect();
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = cores.min(questions.len() / DOCUMENTS_PER_THREAD).max(1);
        let share = questions.len().div_ceil(workers).max(1);
        let (mine, others) = questions.split_at(share.min(questions.len()));
        thread::scope(|scope| {
            let workers: Vec<_> =
                others.chunks(share).map(|theirs| scope.spawn(move || answer(theirs, checks, at))).collect();
            let mut outcomes = answer(mine, checks, at);
            for worker in workers {
                // Checks are kept from panicking; what panics here is ours.
                outcomes.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            outcomes
        })
    }
}

fn answer(
    questions: &[(&Digest, &Question<'_>)],
    checks: &[(CurrentCheck, &Check)],
    at: Timestamp,
) -> Outcomes {
    let mut evaluator = Evaluator::default();
    let mut outcomes =
        Outcomes::with_capacity(questions.iter().map(|(_, question)| question.checks.len()).sum());
    for (digest, question) in questions {
        let asked = || question.checks.iter().map(|check| (*check, checks[*check].1));
        let prepared = question.facts.as_ref().map(|facts| {
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
            outcomes.insert((position, **digest), outcome);
        }
    }
    outcomes
}
