//! What was found in the register, kept in memory as long as no record of its kind changes: lists and their figures are looked
//! at far more often than they change, and counting what fits takes as long as there are records.
//!
//! Never a source: each answer is kept beside the number of the change after which it was found ([`super::changes`]), which is
//! read in the same snapshot as the answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use tickmark_core::id::OrganizationKey;

use super::{Kind, Query, Want};

/// Most answers that are kept of one kind of one organization. When there are more, all are forgotten and found again.
const MAX_ANSWERS: usize = 256;

/// A question whose answer follows from the register alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// How many fit.
    Count(Query),
    /// The ids that fit, after `offset` others; of how many that fit among how many.
    Ids { query: Query, of: (u64, u64), offset: u64 },
    /// The values of a name, so many at most.
    Values(String, u32),
}

impl Question {
    /// Counts what fits: neither order nor page matters.
    pub(super) fn count(query: &Query) -> Self {
        Self::Count(Query { sort: None, page: 0, rows: 0, ..query.clone() })
    }

    /// Whether it may be asked again: what lies between two moments is asked once.
    fn comes_again(&self) -> bool {
        match self {
            Self::Count(query) | Self::Ids { query, .. } => {
                !query.filters.iter().any(|(_, want)| matches!(want, Want::Between(..) | Want::Any(_)))
            }
            Self::Values(..) => true,
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Count(u64),
    Ids(Vec<String>),
    Values(Vec<(String, u64)>),
}

#[derive(Debug, Default)]
struct Answers {
    change: i64,
    by_question: HashMap<Question, Answer>,
}

/// Answers by organization and kind.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<BTreeMap<(OrganizationKey, Kind), Answers>>);

impl Known {
    /// Returns what was found after this change.
    pub(super) fn get(
        &self,
        of: (OrganizationKey, Kind),
        change: i64,
        question: &Question,
    ) -> Option<Answer> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&of).filter(|answers| answers.change == change)?.by_question.get(question).cloned()
    }

    /// Keeps what was found after this change. What was found after another is forgotten, unless that was the later one.
    pub(super) fn keep(&self, of: (OrganizationKey, Kind), change: i64, question: Question, answer: Answer) {
        if !question.comes_again() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = known.entry(of).or_default();
        if answers.change > change {
            return;
        }
        if answers.change < change || answers.by_question.len() >= MAX_ANSWERS {
            *answers = Answers { change, by_question: HashMap::new() };
        }
        answers.by_question.insert(question, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: (OrganizationKey, Kind) = (OrganizationKey(1), Kind::Control);

    fn count(known: &Known, change: i64, query: &Query) -> Option<u64> {
        match known.get(OF, change, &Question::count(query))? {
            Answer::Count(count) => Some(count),
            Answer::Ids(_) | Answer::Values(_) => None,
        }
    }

    #[test]
    fn an_answer_is_good_for_its_change_only() {
        let (known, query) = (Known::default(), Query::of("key", "yes"));
        known.keep(OF, 3, Question::count(&query), Answer::Count(7));
        assert_eq!(count(&known, 3, &query), Some(7));
        assert_eq!(
            count(&known, 3, &Query { page: 2, rows: 50, ..query.clone() }),
            Some(7),
            "pages are counted alike"
        );
        assert_eq!(count(&known, 4, &query), None);
        assert_eq!(count(&known, 2, &query), None);
        // Whoever looked before the change does not undo what is known after it.
        known.keep(OF, 4, Question::count(&query), Answer::Count(8));
        known.keep(OF, 3, Question::count(&query), Answer::Count(7));
        assert_eq!(count(&known, 4, &query), Some(8));
        assert!(known.get((OrganizationKey(2), Kind::Control), 4, &Question::count(&query)).is_none());
    }

    #[test]
    fn moments_are_not_remembered_and_much_is_forgotten() {
        let known = Known::default();
        let between = Want::Between("1".into(), "2".into());
        let query = Query { filters: vec![("due".into(), between)], ..Query::default() };
        known.keep(OF, 1, Question::count(&query), Answer::Count(1));
        assert_eq!(count(&known, 1, &query), None);
        for number in 0..=MAX_ANSWERS {
            let query = Query::of("owner", &number.to_string());
            known.keep(OF, 1, Question::count(&query), Answer::Count(1));
        }
        assert_eq!(count(&known, 1, &Query::of("owner", "0")), None);
        assert_eq!(count(&known, 1, &Query::of("owner", &MAX_ANSWERS.to_string())), Some(1));
    }
}
