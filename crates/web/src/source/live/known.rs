//! What was worked out once: of stored objects, which never change, for good; of records, as long as none of them changes
//! and for a short while, as time alone changes what is too old.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tickmark_app::conclusion::Mark;
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};

const MINUTE_US: i64 = 60 * SECOND_US;
/// Objects that are remembered at a time.
const KEPT: usize = 20_000;

/// What was read, by the digest of the object.
#[derive(Debug)]
pub(super) struct Known<T>(Mutex<BTreeMap<Digest, T>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Known<T> {
    pub(super) fn get(&self, object: Digest) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&object).cloned()
    }

    pub(super) fn keep(&self, object: Digest, read: T) -> T {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(object, read.clone());
        read
    }
}

/// For how long what follows from records is as good as new: only time passes, and time changes what is too old by hours.
const WHILE_US: i64 = 2 * MINUTE_US;
/// For how long it is shown once more while it is worked out again.
const MEANWHILE_US: i64 = 10 * MINUTE_US;

/// What follows from the records of a mark.
#[derive(Debug)]
pub(super) struct Followed<T> {
    kept: Mutex<Option<(Mark, Timestamp, T)>>,
    /// Held by whoever works it out.
    turn: Turn,
}

/// Held by whoever works out what looks at everything: one at a time, so that threads are left for whoever asks for less.
pub(super) type Turn = Arc<tokio::sync::Mutex<()>>;

impl<T: Clone + Send + 'static> Followed<T> {
    /// Nothing is known yet.
    pub(super) fn in_turn(turn: &Turn) -> Self {
        Self { kept: Mutex::default(), turn: Arc::clone(turn) }
    }

    /// Returns what was worked out, or works it out; meanwhile others wait for it instead of doing the same. Where only time
    /// has passed nobody waits.
    pub(super) async fn get<E: fmt::Display + Send + 'static>(
        self: &Arc<Self>,
        mark: Mark,
        now: Timestamp,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        match self.known(&mark, now) {
            Some((value, true)) => return Ok(value),
            Some((value, false)) => {
                if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
                    let kept = Arc::clone(self);
                    tokio::spawn(async move {
                        let _turn = turn;
                        match work.await {
                            Ok(value) => kept.keep(mark, now, value),
                            Err(error) => {
                                tracing::warn!(%error, "what follows from records is not worked out")
                            }
                        }
                    });
                }
                return Ok(value);
            }
            None => {}
        }
        let _turn = self.turn.lock().await;
        if let Some((value, _)) = self.known(&mark, now) {
            return Ok(value);
        }
        let value = work.await?;
        self.keep(mark, now, value.clone());
        Ok(value)
    }

    /// What was worked out for a mark, and whether it is as good as new.
    fn known(&self, mark: &Mark, now: Timestamp) -> Option<(T, bool)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, at, value) = kept.as_ref().filter(|(of, _, _)| of == mark)?;
        let age = now.micros() - at.micros();
        (0..MEANWHILE_US).contains(&age).then(|| (value.clone(), age < WHILE_US))
    }

    fn keep(&self, mark: Mark, at: Timestamp, value: T) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((mark, at, value));
    }
}
