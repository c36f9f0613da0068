//! What was read since the last change of the database, kept in memory: who is in a session, what stands in the frame of
//! every page. Never a source: it is forgotten as soon as anything is written, whatever it is.
//!
//! Only where nobody else writes ([`tickmark_store::Database::moment`]); elsewhere nothing is kept, and everything is read.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tickmark_core::id::OrganizationKey;

/// Most answers that are kept. When there are more, all are forgotten and read again.
const MAX_KEPT: usize = 10_000;

/// What is kept: a kind of answer, and of which organization and whom.
type Key = (&'static str, Option<OrganizationKey>, String);

/// Answers of one moment.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    moment: u64,
    by_key: HashMap<Key, Arc<dyn Any + Send + Sync>>,
}

impl Kept {
    /// Returns what was read for this moment.
    pub(crate) fn get<T: Send + Sync + 'static>(&self, moment: Option<u64>, key: &Key) -> Option<Arc<T>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if moment? != kept.moment {
            return None;
        }
        Arc::clone(kept.by_key.get(key)?).downcast().ok()
    }

    /// Keeps what was read in a transaction that began after this moment.
    pub(crate) fn keep<T: Send + Sync + 'static>(&self, moment: Option<u64>, key: Key, value: &Arc<T>) {
        let Some(moment) = moment else { return };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.moment > moment {
            return;
        }
        if kept.moment < moment || kept.by_key.len() >= MAX_KEPT {
            *kept = Answers { moment, by_key: HashMap::new() };
        }
        kept.by_key.insert(key, Arc::<T>::clone(value));
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(whose: &str) -> Key {
        ("number", Some(OrganizationKey(1)), whose.to_owned())
    }

    #[test]
    fn an_answer_is_good_for_its_moment_only() {
        let kept = Kept::default();
        kept.keep(Some(3), key("a"), &Arc::new(7_u8));
        assert_eq!(kept.get::<u8>(Some(3), &key("a")).as_deref(), Some(&7));
        for (moment, whose) in [(Some(4), "a"), (Some(2), "a"), (None, "a"), (Some(3), "b")] {
            assert!(kept.get::<u8>(moment, &key(whose)).is_none(), "{moment:?} {whose}");
        }
        // Whoever began before the change does not undo what is known after it.
        kept.keep(Some(4), key("a"), &Arc::new(8_u8));
        kept.keep(Some(3), key("a"), &Arc::new(7_u8));
        assert_eq!(kept.get::<u8>(Some(4), &key("a")).as_deref(), Some(&8));
    }

    #[test]
    fn nothing_is_kept_where_others_write_and_much_is_forgotten() {
        let kept = Kept::default();
        kept.keep(None, key("a"), &Arc::new(7_u8));
        assert!(kept.get::<u8>(None, &key("a")).is_none());
        for number in 0..=MAX_KEPT {
            kept.keep(Some(1), key(&number.to_string()), &Arc::new(number));
        }
        assert!(kept.get::<usize>(Some(1), &key("0")).is_none());
        assert!(kept.get::<usize>(Some(1), &key(&MAX_KEPT.to_string())).is_some());
    }
}
