//! The tree against another implementation, and against its own mutations.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;
use tickmark_ledger::Hash;
use tickmark_ledger::tile::{Tile, TileSet};
use tickmark_ledger::tree::{
    Frontier, consistency_proof, hash_leaf, inclusion_proof, root_of, tiles_for_consistency,
    tiles_for_inclusion, verify_consistency, verify_inclusion,
};

fn hashes(count: u64) -> Vec<Hash> {
    (0..count).map(|index| hash_leaf(&index.to_be_bytes())).collect()
}

fn chunks(proof: &[u8]) -> Vec<Hash> {
    proof.as_chunks::<32>().0.iter().map(|chunk| Hash(*chunk)).collect()
}

#[test]
fn roots_and_proofs_are_those_of_ct_merkle() {
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut ours = Frontier::new();
    for size in 0..=300_u64 {
        assert_eq!(ours.root().0.as_slice(), theirs.root().as_bytes().as_slice(), "root at {size}");
        if size > 0 && (size < 40 || size % 37 == 0 || size % 64 < 2) {
            let tiles = TileSet::from_leaf_hashes(hashes(size));
            for index in (0..size).step_by(if size < 40 { 1 } else { 7 }) {
                let place = usize::try_from(index).expect("small");
                let proof = chunks(theirs.prove_inclusion(place).as_bytes());
                assert_eq!(inclusion_proof(index, size, &tiles).expect("proof"), proof, "{index} in {size}");
            }
            for old in (1..=size).step_by(if size < 40 { 1 } else { 11 }) {
                let additions = usize::try_from(size - old).expect("small");
                let proof = chunks(theirs.prove_consistency(additions).as_bytes());
                assert_eq!(consistency_proof(old, size, &tiles).expect("proof"), proof, "{old} to {size}");
            }
        }
        theirs.push(size.to_be_bytes().to_vec());
        ours.push(hash_leaf(&size.to_be_bytes()));
    }
}

/// Everything that another implementation stores, kept in memory.
#[derive(Default)]
struct Stored(Vec<tlog_tiles::tlog::Hash>);

impl tlog_tiles::tlog::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::tlog::Hash>, tlog_tiles::tlog::Error> {
        let read = |index: &u64| usize::try_from(*index).ok().and_then(|index| self.0.get(index)).copied();
        indexes.iter().map(|index| read(index).ok_or(tlog_tiles::tlog::Error::IndexesNotInTree)).collect()
    }
}

/// What Go's `golang.org/x/mod/sumdb/tlog` says of trees of up to 2,000 entries; `check_tiles.go` prints it.
const GO: &str = include_str!("published/go-trees.txt");

#[test]
fn roots_and_proofs_are_those_of_go() {
    let hashes = hashes(2_000);
    let (mut frontier, mut roots) = (Frontier::new(), Vec::new());
    for hash in &hashes {
        frontier.push(*hash);
        roots.push(frontier.root());
    }
    let joined = |all: &[Hash]| -> String {
        let bytes: Vec<u8> = all.iter().flat_map(|hash| hash.0).collect();
        Hash::of(&bytes).hex()
    };
    let mut proofs = 0;
    for line in GO.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let size: usize = words[1].parse().expect("a number");
        match words[0] {
            "root" => assert_eq!(roots[size - 1].hex(), words[2], "{size}"),
            "roots" => assert_eq!(joined(&roots[..size]), words[2]),
            "proofs" => {
                let tiles = TileSet::from_leaf_hashes(hashes[..size].iter().copied());
                let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
                let size = size as u64;
                for index in (0..size).step_by(1 + usize::try_from(size / 300).expect("small")) {
                    inclusion.extend(inclusion_proof(index, size, &tiles).expect("proof"));
                    consistency.extend(consistency_proof(index + 1, size, &tiles).expect("proof"));
                }
                assert_eq!(
                    (joined(&inclusion).as_str(), joined(&consistency).as_str()),
                    (words[2], words[3])
                );
                proofs += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(proofs, 8);
}

/// Sizes 0 to 2,000 against `tlog_tiles` and `ct-merkle`: roots at each, and proofs both ways at a spread of places.
#[test]
fn two_thousand_sizes_agree_with_two_other_implementations() {
    use tlog_tiles::tlog::{check_record, check_tree, prove_record, prove_tree, stored_hashes, tree_hash};
    const SIZES: u64 = 2_000;
    let (mut stored, mut ct) = (Stored::default(), MemoryBackedTree::<Sha256, Vec<u8>>::new());
    let (mut ours, mut tiles, mut hashes) = (Frontier::new(), TileSet::new(), Vec::new());
    let their = |hash: &Hash| tlog_tiles::tlog::Hash(hash.0);
    let back = |proof: &[tlog_tiles::tlog::Hash]| proof.iter().map(|hash| Hash(hash.0)).collect::<Vec<_>>();
    let mut roots = vec![ours.root()];
    for size in 0..=SIZES {
        let root = ours.root();
        assert_eq!(tree_hash(size, &stored).expect("their root").0, root.0, "{size}");
        assert_eq!(ct.root().as_bytes().as_slice(), root.0.as_slice(), "{size}");
        if size % 97 == 1 || size.is_power_of_two() || size % 256 < 2 && size > 1 {
            tiles = TileSet::from_leaf_hashes(hashes.iter().copied());
            for step in 0..12 {
                let index = (step * 7919 + size / 3) % size;
                let theirs = prove_record(size, index, &stored).expect("their proof");
                let proof = inclusion_proof(index, size, &tiles).expect("our proof");
                assert_eq!(back(&theirs), proof, "{index} in {size}");
                let place = usize::try_from(index).expect("small");
                let leaf: Hash = hashes[place];
                verify_inclusion(&leaf, index, size, &proof, &root).expect("theirs verifies here");
                check_record(&theirs, size, their(&root), index, their(&leaf)).expect("ours verifies there");
                let old = index + 1;
                let old_root = roots[usize::try_from(old).expect("small")];
                let theirs = prove_tree(size, old, &stored).expect("their proof");
                let proof = consistency_proof(old, size, &tiles).expect("our proof");
                assert_eq!(back(&theirs), proof, "{old} to {size}");
                verify_consistency(old, &old_root, size, &root, &proof).expect("theirs verifies here");
                check_tree(&theirs, size, their(&root), old, their(&old_root)).expect("ours verifies there");
            }
        }
        let leaf = size.to_be_bytes();
        let new = stored_hashes(size, &leaf, &stored).expect("stored");
        stored.0.extend(new);
        ct.push(leaf.to_vec());
        hashes.push(hash_leaf(&leaf));
        ours.push(hash_leaf(&leaf));
        roots.push(ours.root());
    }
    drop(tiles);
}

#[test]
fn every_proof_of_small_trees_verifies_and_only_for_its_place() {
    let hashes = hashes(34);
    let roots: Vec<Hash> = (0..=34).map(|size| root_of(&hashes[..size])).collect();
    for new in 0..=34_u64 {
        let place = usize::try_from(new).expect("small");
        let tiles = TileSet::from_leaf_hashes(hashes[..place].iter().copied());
        for old in 0..=new {
            let proof = consistency_proof(old, new, &tiles).expect("proof");
            let old_place = usize::try_from(old).expect("small");
            verify_consistency(old, &roots[old_place], new, &roots[place], &proof).expect("consistent");
            for other in (0..=new).filter(|other| *other != old) {
                let root = &roots[usize::try_from(other).expect("small")];
                assert!(
                    verify_consistency(other, root, new, &roots[place], &proof).is_err()
                        || other == new && proof.is_empty()
                        || other == 0 && proof.is_empty()
                );
                assert!(verify_consistency(old, root, new, &roots[place], &proof).is_err());
            }
        }
        for index in 0..new {
            let proof = inclusion_proof(index, new, &tiles).expect("proof");
            for other in 0..new + 2 {
                let leaf = hashes[usize::try_from(index).expect("small")];
                let verified = verify_inclusion(&leaf, other, new, &proof, &roots[place]).is_ok();
                assert_eq!(verified, other == index, "{index} as {other} in {new}");
            }
        }
        assert!(inclusion_proof(new, new, &tiles).is_err());
        assert!(consistency_proof(new + 1, new, &tiles).is_err());
    }
}

/// Proofs from exactly the tiles that were announced, in a tree of three tile levels.
#[test]
fn announced_tiles_suffice() {
    let size = 66_000;
    let all = TileSet::from_leaf_hashes(hashes(size));
    let root = root_of(&hashes(size));
    let only = |wanted: &[Tile]| {
        let mut some = TileSet::new();
        for (tile, hashes) in all.iter().filter(|(tile, _)| wanted.contains(tile)) {
            some.insert(tile.level, tile.index, hashes.to_vec());
        }
        some
    };
    for index in [0, 1, 255, 256, 65_535, 65_536, 65_999] {
        let tiles = tiles_for_inclusion(index, size).expect("tiles");
        assert!(tiles.len() <= 6, "{tiles:?}");
        let proof = inclusion_proof(index, size, &only(&tiles)).expect("announced tiles suffice");
        verify_inclusion(&hash_leaf(&index.to_be_bytes()), index, size, &proof, &root).expect("included");
        let missing = inclusion_proof(index, size, &only(&tiles[1..]));
        assert!(missing.is_err(), "no tile is announced in vain");
    }
    for old in [1, 255, 256, 257, 65_535, 65_536, 65_999] {
        let tiles = tiles_for_consistency(old, size).expect("tiles");
        let proof = consistency_proof(old, size, &only(&tiles)).expect("announced tiles suffice");
        verify_consistency(old, &root_of(&hashes(old)), size, &root, &proof).expect("consistent");
    }
}

proptest! {
    #[test]
    fn one_flipped_bit_breaks_an_inclusion_proof(size in 1..300_u64, index in any::<u64>(), at in any::<usize>(), bit in 0..8_u8) {
        let index = index % size;
        let tiles = TileSet::from_leaf_hashes(hashes(size));
        let root = root_of(&hashes(size));
        let leaf = hash_leaf(&index.to_be_bytes());
        let proof = inclusion_proof(index, size, &tiles).expect("proof");
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &root).is_ok());
        // Leaf, root and proof as one run of bytes.
        let mut parts: Vec<Hash> = [leaf, root].into_iter().chain(proof.iter().copied()).collect();
        let at = at % (parts.len() * 32);
        parts[at / 32].0[at % 32] ^= 1 << bit;
        prop_assert!(verify_inclusion(&parts[0], index, size, &parts[2..], &parts[1]).is_err());
        let mut longer = proof.clone();
        longer.push(root);
        prop_assert!(verify_inclusion(&leaf, index, size, &longer, &root).is_err());
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(verify_inclusion(&leaf, index, size, shorter, &root).is_err());
        }
    }

    #[test]
    fn one_flipped_bit_breaks_a_consistency_proof(new in 2..300_u64, old in any::<u64>(), at in any::<usize>(), bit in 0..8_u8) {
        let old = 1 + old % (new - 1);
        let tiles = TileSet::from_leaf_hashes(hashes(new));
        let proof = consistency_proof(old, new, &tiles).expect("proof");
        let mut parts: Vec<Hash> = [root_of(&hashes(old)), root_of(&hashes(new))].into_iter().chain(proof).collect();
        prop_assert!(verify_consistency(old, &parts[0], new, &parts[1], &parts[2..]).is_ok());
        let at = at % (parts.len() * 32);
        parts[at / 32].0[at % 32] ^= 1 << bit;
        prop_assert!(verify_consistency(old, &parts[0], new, &parts[1], &parts[2..]).is_err());
    }

    #[test]
    fn foreign_proofs_never_panic(a in any::<u64>(), b in any::<u64>(), count in 0..70_usize) {
        let proof = vec![Hash::of(b"x"); count];
        let _ = verify_inclusion(&Hash::of(b"l"), a, b, &proof, &Hash::of(b"r"));
        let _ = verify_consistency(a, &Hash::of(b"l"), b, &Hash::of(b"r"), &proof);
        let _ = tiles_for_inclusion(a, b);
        let _ = tiles_for_consistency(a, b);
        let _ = inclusion_proof(a, b, &TileSet::new());
    }
}
