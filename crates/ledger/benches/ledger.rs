//! What the ledger costs, as ratios to the one thing it cannot avoid: SHA-256 of the same bytes.
//!
//! `cargo bench -p tickmark-ledger`. Times are the best of several rounds on one core.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::Cursor;
use std::time::{Duration, Instant};

use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{self, BundleContents, Entries, Expectations};
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_ledger::note::{Checkpoint, SignerKey};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tile::{Edge, TileSet};
use tickmark_ledger::tree::{Frontier, hash_leaf, inclusion_proof, root_of, verify_inclusion};

const ENTRIES: u64 = 100_000;
const ROUNDS: usize = 5;
const BUDGET: Duration = Duration::from_secs(1);
const ORIGIN: &str = "example.org/log";

fn best(mut work: impl FnMut()) -> Duration {
    let round = |_| {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    (0..ROUNDS).map(round).min().expect("at least one round")
}

fn line(name: &str, took: Duration, count: u64, limit: Duration) {
    let per_second = count as f64 / took.as_secs_f64();
    let ratio = took.as_secs_f64() / limit.as_secs_f64();
    println!(
        "{name:<44} {:>9.1} ms {per_second:>12.0}/s {ratio:>7.1} x raw SHA-256",
        took.as_secs_f64() * 1e3
    );
}

/// Leaves as a run writes them: an artifact each.
fn leaves() -> Vec<Vec<u8>> {
    let leaf = |index: u64| {
        let digest = Hash::of(&index.to_be_bytes()).digest();
        let artifact = serde_json::json!({"commitment": digest, "media_type": "text/plain", "size": 4321, "stored": digest});
        let body = serde_json::json!({"artifacts": [artifact], "run": index / 100});
        let id = format!("01935f2e-7b1c-7abc-8def-{index:012x}");
        let ts = 1_795_531_500_000_000 + i64::try_from(index).expect("small");
        Leaf::build(LeafKind::EvidenceAdd, &id, ts, "collector:1", &body).expect("leaf").into_bytes()
    };
    (0..ENTRIES).map(leaf).collect()
}

fn main() {
    let leaves = leaves();
    let bytes: usize = leaves.iter().map(Vec::len).sum();
    println!(
        "{ENTRIES} entries of {} bytes on average, {:.1} MB\n",
        bytes / leaves.len(),
        bytes as f64 / 1e6
    );

    let whole = leaves.concat();
    let raw = best(|| _ = black_box(Hash::of(&whole)));
    println!(
        "raw SHA-256 of all bytes at once: {:.1} ms, {:.2} GB/s\n",
        raw.as_secs_f64() * 1e3,
        bytes as f64 / raw.as_secs_f64() / 1e9
    );

    let hashes: Vec<Hash> = leaves.iter().map(|leaf| hash_leaf(leaf)).collect();
    line("hash leaves", best(|| leaves.iter().for_each(|leaf| _ = black_box(hash_leaf(leaf)))), ENTRIES, raw);
    line(
        "strict parse",
        best(|| leaves.iter().for_each(|leaf| _ = black_box(Leaf::parse_strict(leaf)))),
        ENTRIES,
        raw,
    );
    let append = best(|| {
        let (mut frontier, mut edge, mut full) = (Frontier::new(), Edge::new(), Vec::new());
        for leaf in &leaves {
            let hash = hash_leaf(leaf);
            frontier.push(hash);
            edge.push(hash, &mut full);
            full.clear();
        }
        assert_eq!(frontier.root(), edge.root());
    });
    line("append: hash, frontier and tiles", append, ENTRIES, raw);
    let tiles = TileSet::from_leaf_hashes(hashes.iter().copied());
    let root = root_of(&hashes);
    let proofs = best(|| {
        for index in (0..ENTRIES).step_by(100) {
            let proof = inclusion_proof(index, ENTRIES, &tiles).expect("proof");
            let leaf = &hashes[usize::try_from(index).expect("small")];
            verify_inclusion(leaf, index, ENTRIES, &proof, &root).expect("included");
        }
    });
    line("prove and verify every 100th entry", proofs, ENTRIES / 100, raw);

    let signer = SignerKey::from_seed(ORIGIN, &[1; 32]).expect("key");
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: ENTRIES, root };
    let policy = Policy::of_log(signer.verifier()).expect("policy");
    let contents = BundleContents {
        about: "benchmark".to_owned(),
        created_us: 0,
        period_us: None,
        policy: policy.clone(),
        checkpoint: checkpoint.sign(&[&signer]).expect("checkpoint"),
        period_open: None,
        period_close: None,
        entries: Entries::All { leaves, cited: BTreeSet::from([0, ENTRIES / 2]) },
        blobs: Vec::new(),
        attachments: Vec::new(),
    };
    let mut to = Cursor::new(Vec::new());
    let started = Instant::now();
    bundle::write(&contents, &signer, &mut to).expect("bundle");
    line("write a bundle of the whole log", started.elapsed(), ENTRIES, raw);
    let archive = to.into_inner();
    let expectations = Expectations { policy: Some(policy), ..Expectations::default() };
    let verify = best(|| {
        let answer = bundle::verify(Cursor::new(&archive), &expectations).expect("readable");
        assert!(!answer.has_failed(), "{answer}");
    });
    line(&format!("verify that bundle ({:.1} MB)", archive.len() as f64 / 1e6), verify, ENTRIES, raw);
    println!(
        "\nbudget for verifying: {BUDGET:?}; used {:.0} %",
        100.0 * verify.as_secs_f64() / BUDGET.as_secs_f64()
    );
    assert!(verify < BUDGET || cfg!(debug_assertions), "verifying took {verify:?}");
}
