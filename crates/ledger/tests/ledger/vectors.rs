//! Published vectors: the reference tree of Certificate Transparency with its proofs, each also in every wrong form.
//!
//! Leaves, roots and proofs are those of the RFC 6962 reference tree as used by Certificate Transparency implementations
//! since 2013, for example by `github.com/transparency-dev/merkle` (Apache License 2.0, Google LLC), whose test data
//! also lists the mutations that a verifier must refuse. Values are quoted; the mutations are made here.

use tickmark_ledger::Hash;
use tickmark_ledger::note::{Checkpoint, Note, VerifierKey};
use tickmark_ledger::proof::TlogProof;
use tickmark_ledger::tile::{TilePath, TileSet};
use tickmark_ledger::tree::{
    EMPTY_ROOT, Frontier, consistency_proof, hash_leaf, inclusion_proof, verify_consistency, verify_inclusion,
};

const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// (leaf, size, proof), leaves counted from 0.
const INCLUSION: [(u64, u64, &[&str]); 5] = [
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

/// (older size, newer size, proof).
const CONSISTENCY: [(u64, u64, &[&str]); 5] = [
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

/// A hash that is in no tree, as the published set has it.
fn some_hash() -> Hash {
    hash("abacaba000000000000000000000000000000000000000000060061e00123456")
}

fn hash(hex: &str) -> Hash {
    Hash::parse_hex(hex).expect("quoted")
}

fn root(size: u64) -> Hash {
    hash(ROOTS[usize::try_from(size).expect("small")])
}

fn leaf_hashes() -> Vec<Hash> {
    LEAVES.iter().map(|leaf| hash_leaf(&hex::decode(leaf).expect("quoted"))).collect()
}

/// A proof in every wrong form of the published set and more: garbage before and behind, a part removed, inserted,
/// exchanged, one bit changed. (Garbage of another length than a hash cannot be said in our types.)
fn wrong_proofs(proof: &[Hash], roots: &[Hash]) -> Vec<Vec<Hash>> {
    let mut wrong = Vec::new();
    for extra in roots.iter().chain([&some_hash(), &EMPTY_ROOT]).chain(proof.first()) {
        wrong.push([proof, &[*extra]].concat());
        wrong.push([&[*extra], proof].concat());
    }
    for at in 0..proof.len() {
        for bit in [3, 4] {
            let mut changed = proof.to_vec();
            changed[at].0[0] ^= 1 << bit;
            wrong.push(changed);
        }
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        wrong.push(shorter);
        wrong.push([&proof[..=at], &[some_hash()], &proof[at + 1..]].concat());
        wrong.push([&proof[..at], &[some_hash()], &proof[at + 1..]].concat());
    }
    wrong
}

#[test]
fn roots_are_those_of_the_reference_tree() {
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), root(0));
    for (size, leaf) in (1..).zip(leaf_hashes()) {
        frontier.push(leaf);
        assert_eq!(frontier.root(), root(size));
    }
}

#[test]
fn inclusion_proofs_are_made_and_verify_and_nothing_else_does() {
    let leaves = leaf_hashes();
    let mut refused = 0;
    for (index, size, proof) in INCLUSION {
        let leaf = leaves[usize::try_from(index).expect("small")];
        let tiles =
            TileSet::from_leaf_hashes(leaves.iter().copied().take(usize::try_from(size).expect("small")));
        let proof: Vec<Hash> = proof.iter().map(|part| hash(part)).collect();
        assert_eq!(inclusion_proof(index, size, &tiles).expect("proof"), proof);
        verify_inclusion(&leaf, index, size, &proof, &root(size)).expect("published");
        let mut refuse = |leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash| {
            assert!(
                verify_inclusion(leaf, index, size, proof, root).is_err(),
                "{index} in {size}: {proof:?}"
            );
            refused += 1;
        };
        let root = root(size);
        for other in [index.wrapping_sub(1), index + 1, index ^ 2] {
            refuse(&leaf, other, size, &proof, &root);
        }
        for other in [size * 2, size / 2, 0] {
            refuse(&leaf, index, other, &proof, &root);
        }
        refuse(&hash_leaf(b"WrongLeaf"), index, size, &proof, &root);
        refuse(&leaf, index, size, &proof, &EMPTY_ROOT);
        refuse(&leaf, index, size, &proof, &some_hash());
        for wrong in wrong_proofs(&proof, &[root, leaf]) {
            refuse(&leaf, index, size, &wrong, &root);
        }
    }
    for (index, size) in [(0, 0), (0, 1), (1, 0), (2, 1)] {
        assert!(verify_inclusion(&some_hash(), index, size, &[], &EMPTY_ROOT).is_err());
    }
    // The tree of one entry has its leaf for a root, and an empty proof.
    let data = hash_leaf(b"data");
    verify_inclusion(&data, 0, 1, &[], &data).expect("published");
    for (leaf, root) in [(EMPTY_ROOT, data), (data, EMPTY_ROOT)] {
        assert!(verify_inclusion(&leaf, 0, 1, &[], &root).is_err());
    }
    assert!(refused >= 98, "the published set has 98 cases: {refused}");
}

#[test]
fn consistency_proofs_are_made_and_verify_and_nothing_else_does() {
    let leaves = leaf_hashes();
    let mut refused = 0;
    for (old, new, proof) in CONSISTENCY {
        let tiles =
            TileSet::from_leaf_hashes(leaves.iter().copied().take(usize::try_from(new).expect("small")));
        let proof: Vec<Hash> = proof.iter().map(|part| hash(part)).collect();
        let (old_root, new_root) = (root(old), root(new));
        assert_eq!(consistency_proof(old, new, &tiles).expect("proof"), proof);
        verify_consistency(old, &old_root, new, &new_root, &proof).expect("published");
        if proof.is_empty() {
            continue;
        }
        let mut refuse = |old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]| {
            assert!(
                verify_consistency(old, old_root, new, new_root, proof).is_err(),
                "{old} to {new}: {proof:?}"
            );
            refused += 1;
        };
        for other in [old - 1, old + 1, old ^ 2] {
            refuse(other, &old_root, new, &new_root, &proof);
        }
        for other in [new * 2, new / 2] {
            refuse(old, &old_root, other, &new_root, &proof);
        }
        for other in [some_hash(), EMPTY_ROOT] {
            refuse(old, &other, new, &new_root, &proof);
            refuse(old, &old_root, new, &other, &proof);
        }
        refuse(old, &new_root, new, &old_root, &proof);
        refuse(old, &old_root, new, &new_root, &[]);
        for wrong in wrong_proofs(&proof, &[old_root, new_root]) {
            refuse(old, &old_root, new, &new_root, &wrong);
        }
    }
    assert!(refused >= 98, "the published set has 98 cases: {refused}");
    // Sizes that are always consistent, time travel, and equal trees whose proof is not empty.
    let (one, two) = (some_hash(), EMPTY_ROOT);
    for (old, new, roots, proof, expected) in [
        (1, 1, [one, one], vec![], true),
        (1, 1, [one, two], vec![], false),
        (0, 0, [two, one], vec![], false),
        (1, 0, [one, two], vec![], false),
        (2, 1, [one, two], vec![], false),
        (1, 2, [one, two], vec![], false),
        (0, 0, [two, two], vec![two], false),
        (0, 1, [two, two], vec![two], false),
        (1, 1, [two, two], vec![two], false),
    ] {
        let verified = verify_consistency(old, &roots[0], new, &roots[1], &proof).is_ok();
        assert_eq!(verified, expected, "{old} to {new}");
    }
}

/// The examples and refusals of c2sp.org/tlog-tiles.
#[test]
fn tile_paths_have_one_spelling() {
    for path in ["tile/0/x001/x234/067", "tile/63/000", "tile/5/x001/000.p/255", "tile/entries/x123/456.p/1"]
    {
        assert_eq!(TilePath::parse(path).expect(path).path(), path);
    }
    for path in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x002",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1/",
        "tile/8/0/000",
        "tile/data/000",
        "tile/entries/000/",
        "/tile/0/000",
        "tile//000",
        "tile/0/x18446744073709551616",
        // The overflow that another parser let pass.
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert!(TilePath::parse(path).is_err(), "{path:?}");
    }
}

/// Forms that `github.com/transparency-dev/formats` accepts or refuses; what this crate refuses beyond it is said.
#[test]
fn checkpoints_and_proofs_of_other_implementations() {
    const HASH: &str = "f+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=";
    let checkpoint = |text: String| Checkpoint::parse(&text);
    assert_eq!(checkpoint(format!("test\n123\n{HASH}\n")).expect("theirs").size, 123);
    // Extension lines are allowed by the format and covered by some signature types only.
    assert!(checkpoint(format!("test\n123\n{HASH}\nExtendo\n")).is_err());
    // A root is 32 bytes here; the format leaves its length open.
    assert!(checkpoint("Log\n123\nYmFuYW5hcw==\n".to_owned()).is_err());
    let proof = format!("c2sp.org/tlog-proof@v1\nextra c29tZQ==\nindex 10\n{HASH}\n\nsome checkpoint\n");
    let read = TlogProof::parse(proof.as_bytes()).expect("theirs");
    assert_eq!((read.index, read.hashes.len(), read.checkpoint.as_str()), (10, 1, "some checkpoint\n"));
    assert_eq!(read.to_text(), proof);
    for key in [
        "bananas.sigstore.dev+12344556",
        "rekor.sigstore.dev+12345678+THIS_IS_NOT_BASE64!",
        "rekor.sigstore.dev+12345678+AwEB",
        "TEST+00000000+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
        "TEST+7997405C+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
    ] {
        assert!(key.parse::<VerifierKey>().is_err(), "{key}");
    }
    for key in [
        "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ] {
        assert_eq!(key.parse::<VerifierKey>().expect("theirs").to_string(), key);
    }
    assert!(Note::parse(b"nobbled").is_err());
}
