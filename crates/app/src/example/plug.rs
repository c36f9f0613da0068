//! Clock and randomness of a story, plugged into the program that plays it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use tickmark_core::Timestamp;

use crate::port::{Clock, Entropy};

/// A clock that stands until it is moved, and is never moved back.
#[derive(Debug)]
pub struct StoryClock(AtomicI64);

impl StoryClock {
    /// Makes a clock that shows `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.micros()))
    }

    /// Moves the clock to `at`, unless it shows a later moment.
    pub fn forward(&self, at: Timestamp) {
        self.0.fetch_max(at.micros(), Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes drawn from a seed: ids, salts and keys of an example are the same each time, so **its signatures prove nothing
/// about anybody**. For examples only.
#[derive(Debug)]
pub struct StoryEntropy {
    seed: u64,
    count: AtomicU64,
}

impl StoryEntropy {
    /// Begins with a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { seed, count: AtomicU64::new(0) }
    }
}

impl Entropy for StoryEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.count.fetch_add(1, Ordering::SeqCst);
            let mut hash = Sha256::new_with_prefix(b"tickmark example");
            hash.update(self.seed.to_be_bytes());
            hash.update(count.to_be_bytes());
            chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
        }
    }
}
