//! Checkpoints that the verifier kept: the only thing that shows a history rewritten by the holder of the key.

use std::collections::BTreeMap;

use super::Signed;
use crate::bundle::answer::Findings;
use crate::note::{Checkpoint, SignedCheckpoint};
use crate::tree::{Frontier, hash_leaf};

/// Compares kept checkpoints with the log while its entries go by.
pub(super) struct Held {
    by_size: BTreeMap<u64, Vec<Checkpoint>>,
    frontier: Frontier,
    agreeing: usize,
    differing: Vec<u64>,
}

impl Held {
    pub(super) fn new(held: &[SignedCheckpoint], signed: &Signed, inclusion: &mut Findings) -> Self {
        let mut by_size: BTreeMap<u64, Vec<Checkpoint>> = BTreeMap::new();
        let origin = signed.checkpoint.as_ref().map(|signed| signed.checkpoint.origin.as_str());
        for kept in held {
            let accepted = match &signed.policy {
                None => Err("no policy says whose signature counts".to_owned()),
                Some(policy) => policy.accept_kept(kept).map_err(|error| error.to_string()),
            };
            let problem = match accepted {
                Err(problem) => problem,
                Ok(_) if origin.is_some_and(|origin| origin != kept.checkpoint.origin) => {
                    format!("is of another log, {}", kept.checkpoint.origin)
                }
                Ok(_) => {
                    by_size.entry(kept.checkpoint.size).or_default().push(kept.checkpoint.clone());
                    continue;
                }
            };
            inclusion.add(subject(kept.checkpoint.size), problem);
        }
        let mut held = Self { by_size, frontier: Frontier::new(), agreeing: 0, differing: Vec::new() };
        held.compare();
        held
    }

    /// Takes the next entry.
    pub(super) fn entry(&mut self, bytes: &[u8]) {
        if !self.by_size.is_empty() {
            self.frontier.push(hash_leaf(bytes));
            self.compare();
        }
    }

    fn compare(&mut self) {
        let size = self.frontier.size();
        let Some(kept) = self.by_size.remove(&size) else { return };
        let root = self.frontier.root();
        for checkpoint in kept {
            if checkpoint.root == root {
                self.agreeing += 1;
            } else {
                self.differing.push(size);
            }
        }
    }

    /// Names what differs, and says in words what agrees. Single entries show no earlier state, unless it is the present.
    pub(super) fn finish(&mut self, is_whole: bool, latest: &Checkpoint, inclusion: &mut Findings) -> String {
        if !is_whole && let Some(kept) = self.by_size.remove(&latest.size) {
            let differing = kept.iter().filter(|checkpoint| checkpoint.root != latest.root).count();
            self.agreeing += kept.len() - differing;
            self.differing.extend(std::iter::repeat_n(latest.size, differing));
        }
        for size in self.differing.drain(..) {
            inclusion.add(subject(size), "is not of this log: the log was rewritten");
        }
        let mut uncompared = 0;
        for (size, kept) in &self.by_size {
            if *size > latest.size {
                let problem = format!(
                    "the log of this bundle ends at {}: entries were dropped, or it is older",
                    latest.size
                );
                inclusion.add(subject(*size), problem);
            } else {
                uncompared += kept.len();
            }
        }
        let mut words = match self.agreeing {
            0 => String::new(),
            1 => ", which continues 1 checkpoint that you hold".to_owned(),
            more => format!(", which continues {more} checkpoints that you hold"),
        };
        if uncompared > 0 {
            words += &format!("; {uncompared} that you hold cannot be compared with this bundle");
        }
        words
    }
}

fn subject(size: u64) -> String {
    format!("the checkpoint of {size} entries that you hold")
}
