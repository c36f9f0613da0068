//! What was worked out once: of stored objects, which never change, for good; of records, as long as none of them changes
//! and for a short while, as time alone changes what is too old.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tickmark_app::conclusion::Mark;
use tickmark_core::{Digest, Timestamp};

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

/// For how long what follows from records is kept.
const WHILE_US: i64 = 30_000_000;

/// What follows from the records of a mark.
#[derive(Debug)]
pub(super) struct Followed<T>(tokio::sync::Mutex<Option<(Mark, Timestamp, T)>>);

impl<T> Default for Followed<T> {
    fn default() -> Self {
        Self(tokio::sync::Mutex::default())
    }
}

impl<T: Clone> Followed<T> {
    /// Returns what was worked out, or works it out; meanwhile others wait for it instead of doing the same.
    pub(super) async fn get<E>(
        &self,
        mark: Mark,
        now: Timestamp,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut kept = self.0.lock().await;
        if let Some((of, at, value)) = kept.as_ref()
            && *of == mark
            && (0..WHILE_US).contains(&(now.micros() - at.micros()))
        {
            return Ok(value.clone());
        }
        let value = work.await?;
        *kept = Some((mark, now, value.clone()));
        Ok(value)
    }
}
