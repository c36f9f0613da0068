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
pub(crate) mod tests {
    use super::*;
    use crate::tile::TileSet;

    /// The eight leaves of the well-known Certificate Transparency test tree.
    pub(crate) const CT_LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    /// Its roots at sizes 1 to 8.
    const CT_ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn hash(hex: &str) -> Hash {
        Hash::parse_hex(hex).expect("vector")
    }

    fn ct_hashes() -> Vec<Hash> {
        CT_LEAVES.iter().map(|leaf| hash_leaf(&hex::decode(leaf).expect("vector"))).collect()
    }

    fn ct_root(size: u64) -> Hash {
        hash(CT_ROOTS[usize::try_from(size).expect("small") - 1])
    }

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

    #[test]
    fn published_roots() {
        let hashes = ct_hashes();
        for size in 1..=8_usize {
            assert_eq!(root_of(&hashes[..size]), hash(CT_ROOTS[size - 1]), "size {size}");
        }
    }

    #[test]
    fn published_inclusion_proofs() {
        let hashes = ct_hashes();
        let cases: [(u64, u64, &[&str]); 5] = [
            (0, 1, &[]),
            (
                0,
                8,
                &[
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                5,
                8,
                &[
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
            (
                1,
                5,
                &[
                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ],
            ),
        ];
        for (index, size, expected) in cases {
            let expected: Vec<Hash> = expected.iter().map(|hex| hash(hex)).collect();
            let place = usize::try_from(index).expect("small");
            let tiles =
                TileSet::from_leaf_hashes(hashes[..usize::try_from(size).expect("small")].iter().copied());
            assert_eq!(inclusion_proof(index, size, &tiles).expect("proof"), expected, "{index} in {size}");
            verify_inclusion(&hashes[place], index, size, &expected, &ct_root(size))
                .expect("published proof");
        }
    }

    #[test]
    fn published_consistency_proofs() {
        let cases: [(u64, u64, &[&str]); 5] = [
            (1, 1, &[]),
            (
                1,
                8,
                &[
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                6,
                8,
                &[
                    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (
                2,
                5,
                &[
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ],
            ),
            (
                6,
                7,
                &[
                    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
        ];
        let hashes = ct_hashes();
        for (old, new, expected) in cases {
            let expected: Vec<Hash> = expected.iter().map(|hex| hash(hex)).collect();
            let tiles =
                TileSet::from_leaf_hashes(hashes[..usize::try_from(new).expect("small")].iter().copied());
            assert_eq!(consistency_proof(old, new, &tiles).expect("proof"), expected, "{old} to {new}");
            verify_consistency(old, &ct_root(old), new, &ct_root(new), &expected).expect("published proof");
        }
    }
}
