//! What was read from stored objects once. Objects never change, so what was read from one holds for good.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tickmark_core::Digest;

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
