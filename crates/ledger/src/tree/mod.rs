//! The RFC 6962 Merkle tree over leaf hashes: plain hashing, no accelerations of our own.
//!
//! [`Frontier`] grows the tree with one hash per perfect subtree of the right edge. [`inclusion_proof`] and
//! [`consistency_proof`] take the hashes they need from tiles; [`tiles_for_inclusion`] and
//! [`tiles_for_consistency`] say beforehand which, so that a caller may fetch them in one query.
//!
//! Source: RFC 6962 section 2.1; verification as in RFC 9162 sections 2.1.3.2 and 2.1.4.2.

mod frontier;
mod prove;
mod verify;

pub use frontier::{Frontier, InvalidFrontier};
pub use prove::{
    MissingTile, TileSource, consistency_proof, inclusion_proof, tiles_for_consistency, tiles_for_inclusion,
};
pub use verify::{ProofError, verify_consistency, verify_inclusion};

use sha2::{Digest as _, Sha256};

use crate::Hash;

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// Hashes the bytes of a leaf: SHA-256(0x00 ‖ bytes).
#[must_use]
pub fn hash_leaf(bytes: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(bytes);
    Hash(hasher.finalize().into())
}

/// Hashes two children: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn hash_node(left: &Hash, right: &Hash) -> Hash {
    let mut input = [1; 65];
    input[1..33].copy_from_slice(&left.0);
    input[33..].copy_from_slice(&right.0);
    Hash(Sha256::digest(input).into())
}

/// Returns the root over `leaf_hashes`.
#[must_use]
pub fn root_of(leaf_hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in leaf_hashes {
        frontier.push(*hash);
    }
    frontier.root()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(hex: &str) -> Hash {
        Hash::parse_hex(hex).expect("vector")
    }

    /// Of the tests of RFC 6962 implementations; the reference tree with its proofs is in `tests/ledger/vectors.rs`.
    #[test]
    fn published_hashes() {
        assert_eq!(EMPTY_ROOT, Hash::of(b""));
        assert_eq!(Frontier::new().root(), EMPTY_ROOT);
        assert_eq!(hash_leaf(b""), hash("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
        assert_eq!(
            hash_leaf(b"L123456"),
            hash("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56")
        );
        // The published node vector hashes children of four bytes each, which our fixed-size function cannot take.
        let node = Hash(Sha256::digest(b"\x01N123N456").into());
        assert_eq!(node, hash("aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"));
    }
}
