//! Checking proofs. The signed checkpoint is the only source of size and root.

use super::{EMPTY_ROOT, hash_node};
use crate::Hash;

/// Why a proof does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No such leaf or older size.
    #[error("{part} is outside a tree of {size} leaves")]
    OutOfRange {
        /// The index or the older size.
        part: u64,
        /// The size of the tree.
        size: u64,
    },
    /// Too few or too many hashes.
    #[error("proof has a wrong number of hashes: {0}")]
    WrongLength(usize),
    /// The hashes lead elsewhere.
    #[error("proof leads to root {computed}, not to {expected}")]
    WrongRoot {
        /// What the proof leads to.
        computed: Hash,
        /// What the checkpoint says.
        expected: Hash,
    },
}

/// Checks that the leaf with `leaf_hash` stands at `index` in the tree of `size` leaves with `root`.
///
/// # Errors
/// If it does not, or the proof shows something else.
///
/// Source: RFC 9162 section 2.1.3.2.
pub fn verify_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { part: index, size });
    }
    let mut walk = Walk { node: index, last: size - 1 };
    let mut computed = *leaf_hash;
    for hash in proof {
        if walk.last == 0 {
            return Err(ProofError::WrongLength(proof.len()));
        }
        computed = if walk.is_right() { hash_node(hash, &computed) } else { hash_node(&computed, hash) };
        walk.up();
    }
    if walk.last != 0 {
        return Err(ProofError::WrongLength(proof.len()));
    }
    expect_root(computed, *root)
}

/// Checks that the tree of `old_size` leaves is a beginning of the tree of `new_size` leaves.
///
/// # Errors
/// If it is not, or the proof shows something else. Nothing precedes the empty tree, so with `old_size` 0 the proof
/// and the old root must be those of the empty tree.
///
/// Source: RFC 9162 section 2.1.4.2.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::OutOfRange { part: old_size, size: new_size });
    }
    if old_size == 0 || old_size == new_size {
        if !proof.is_empty() {
            return Err(ProofError::WrongLength(proof.len()));
        }
        if old_size == 0 {
            expect_root(*old_root, EMPTY_ROOT)?;
        }
        return if old_size == new_size { expect_root(*old_root, *new_root) } else { Ok(()) };
    }
    let mut walk = Walk { node: old_size - 1, last: new_size - 1 };
    while walk.node & 1 == 1 {
        walk.step();
    }
    // If the old tree is perfect, its root itself is the first hash and is not repeated in the proof.
    let (first, rest) = if old_size.is_power_of_two() {
        (*old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(ProofError::WrongLength(0))?;
        (*first, rest)
    };
    let (mut old, mut new) = (first, first);
    for hash in rest {
        if walk.last == 0 {
            return Err(ProofError::WrongLength(proof.len()));
        }
        if walk.is_right() {
            old = hash_node(hash, &old);
            new = hash_node(hash, &new);
        } else {
            new = hash_node(&new, hash);
        }
        walk.up();
    }
    if walk.last != 0 {
        return Err(ProofError::WrongLength(proof.len()));
    }
    expect_root(old, *old_root)?;
    expect_root(new, *new_root)
}

fn expect_root(computed: Hash, expected: Hash) -> Result<(), ProofError> {
    if computed == expected { Ok(()) } else { Err(ProofError::WrongRoot { computed, expected }) }
}

/// The way up from a node, beside the way up from the last leaf (`fn` and `sn` of the RFC).
struct Walk {
    node: u64,
    last: u64,
}

impl Walk {
    fn step(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    /// Whether the next sibling stands to the left.
    fn is_right(&self) -> bool {
        self.node & 1 == 1 || self.node == self.last
    }

    /// Goes up one proof element, skipping levels on which the node is the lone last one.
    fn up(&mut self) {
        if self.is_right() {
            while self.node & 1 == 0 && self.node != 0 {
                self.step();
            }
        }
        self.step();
    }
}
