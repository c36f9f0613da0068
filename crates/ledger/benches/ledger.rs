//! What the ledger costs, as ratios to the one thing it cannot avoid: SHA-256 of the same bytes.
//!
//! `cargo bench -p tickmark-ledger`. Times are the best of several rounds on one core.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::Cursor;
use std::time::{Duration, Instant};

use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{self, BundleContents, Entries, Expectations, HistoryContents, Level};
use tickmark_ledger::history::{Claim, Found, Objects, Schedule, Scheduled};
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_ledger::note::{Checkpoint, SignerKey};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tile::{Edge, TileSet};
use tickmark_ledger::tree::{Frontier, hash_leaf, inclusion_proof, root_of, verify_inclusion};

const ENTRIES: u64 = 100_000;
const ROUNDS: usize = 5;
/// Longest that verifying may take.
const BUDGET: Duration = Duration::from_secs(1);
/// Leaves a second that must be appended at least.
const APPENDED_PER_SECOND: f64 = 100_000.0;
/// Leaves under one new checkpoint, as the sequencer takes them.
const BATCH: usize = 4096;
const ORIGIN: &str = "example.org/log";
const ID: &str = "01935f2e-7b1c-7abc-8def-000000000000";

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

/// How much of a limit was used: below 1 is inside.
fn against_budget(took: Duration) {
    println!("  limit {BUDGET:?}: ratio {:.2}", took.as_secs_f64() / BUDGET.as_secs_f64());
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
    let signer = SignerKey::from_seed(ORIGIN, &[1; 32]).expect("key");
    let policy = Policy::of_log(signer.verifier()).expect("policy");
    let batches = best(|| {
        let (mut frontier, mut edge, mut full) = (Frontier::new(), Edge::new(), Vec::new());
        for batch in leaves.chunks(BATCH) {
            for leaf in batch {
                Leaf::parse_strict(leaf).expect("a leaf");
                frontier.push(hash_leaf(leaf));
            }
            // Once more from the bytes, through the other structure, before anything is signed.
            batch.iter().for_each(|leaf| edge.push(hash_leaf(leaf), &mut full));
            assert_eq!(frontier.root(), edge.root());
            let checkpoint =
                Checkpoint { origin: ORIGIN.to_owned(), size: frontier.size(), root: frontier.root() };
            let signed = checkpoint.sign(&[&signer]).expect("checkpoint");
            policy.accept(&signed).expect("our own signature");
            full.clear();
        }
    });
    line("append in batches, each under a checkpoint", batches, ENTRIES, raw);
    let per_second = ENTRIES as f64 / batches.as_secs_f64();
    println!("  limit {APPENDED_PER_SECOND} leaves/s: ratio {:.2}", APPENDED_PER_SECOND / per_second);
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

    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: ENTRIES, root };
    let contents = BundleContents {
        about: "benchmark".to_owned(),
        created_us: 0,
        period_us: None,
        policy: policy.clone(),
        checkpoint: checkpoint.sign(&[&signer]).expect("checkpoint"),
        period_open: None,
        period_close: None,
        entries: Entries::All { leaves, cited: BTreeSet::from([0, ENTRIES / 2]) },
        history: None,
        rotations: Vec::new(),
        blobs: Vec::new(),
        records: Vec::new(),
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
    against_budget(verify);
    year(&signer);
}

const RUNS: usize = 365;
const CHECKS: usize = 100;
const TARGETS: usize = 1_000;
/// How many of the 36.5 million verdicts differ from the day before, on average one in so many.
const CHANGE_ONE_IN: u64 = 270;

/// A year of daily runs with 100 checks at 1,000 targets, about 135,000 changes: verified to the level of completeness,
/// every stretch recomputed from blocks.
fn year(signer: &SignerKey) {
    let mut objects = Objects::default();
    let mut leaves = Vec::new();
    let day = |day: usize, hour: i64| {
        1_764_547_200_000_000 + i64::try_from(day).expect("few") * 86_400_000_000 + hour * 3_600_000_000
    };
    let text = |micros: i64| {
        let leaf = Leaf::build(LeafKind::Heartbeat, ID, micros, "a", &serde_json::json!({})).expect("leaf");
        leaf.leaf().ts.to_owned()
    };
    let mut leaf = |kind: LeafKind, ts: i64, body: &serde_json::Value| {
        let id = format!("{}{:012x}", &ID[..24], leaves.len());
        leaves.push(Leaf::build(kind, &id, ts, "collector:1", body).expect("leaf").into_bytes());
    };
    let version = |check: usize| Hash::of(&check.to_be_bytes());
    let schedule = Schedule::new(
        (0..CHECKS)
            .map(|check| Scheduled {
                id: format!("check-{check:03}"),
                version: version(check).digest(),
                cadence_hours: 24,
            })
            .collect(),
    );
    leaf(LeafKind::LogGenesis, day(0, 0), &serde_json::json!({"origin": ORIGIN}));
    let digest = schedule.versions_digest().digest();
    let named = objects.add(schedule.to_bytes().expect("schedule")).digest();
    let body = serde_json::json!({"at": text(day(0, 0)), "checks": digest, "schedule": named});
    leaf(LeafKind::ScheduleSet, day(0, 0), &body);
    let targets: Vec<Hash> =
        (0..TARGETS).map(|target| Hash::of(&[7, (target >> 8) as u8, target as u8])).collect();
    let population = objects.add(targets.iter().flat_map(|target| target.0).collect()).digest();
    leaf(LeafKind::PopulationDefine, day(0, 1), &serde_json::json!({"population": population, "n": TARGETS}));
    let mut verdicts = vec![1_u8; CHECKS * TARGETS];
    let mut since = vec![(0_usize, None::<usize>); CHECKS * TARGETS];
    let mut claims = Vec::new();
    let (mut random, mut changes) = (1_u64, 0_u64);
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random >> 33
    };
    for run in 0..RUNS {
        let at = day(run, 2);
        let changed: u64 = if run == 0 { 0 } else { (CHECKS * TARGETS) as u64 / CHANGE_ONE_IN };
        for _ in 0..changed {
            let place = usize::try_from(next()).expect("31 bits") % verdicts.len();
            if since[place].0 == run {
                continue;
            }
            if verdicts[place] == 2 {
                claims.push(Claim {
                    version: version(place / TARGETS),
                    target: targets[place % TARGETS],
                    first_seen: day(since[place].0, 2),
                    first_seen_other: Some(at),
                    last_seen_before: since[place].1.map(|run| day(run, 2)),
                    found: Found::of(2, 0),
                });
            }
            verdicts[place] ^= 3;
            since[place] = (run, Some(run - 1));
            changes += 1;
        }
        let mut list: Vec<(Hash, Hash)> = verdicts
            .chunks(TARGETS)
            .enumerate()
            .map(|(check, verdicts)| {
                let mut block = b"TKB1\xe8\x07\0".to_vec();
                block.extend(verdicts.chunks(4).map(|v| v[0] | v[1] << 2 | v[2] << 4 | v[3] << 6));
                (version(check), objects.add(block))
            })
            .collect();
        list.sort_unstable();
        let list =
            objects.add(list.iter().flat_map(|(version, block)| [version.0, block.0]).flatten().collect());
        let fail = verdicts.iter().filter(|verdict| **verdict == 2).count();
        leaf(LeafKind::RunOpen, at, &serde_json::json!({"run": run + 1, "source": "host"}));
        let body = serde_json::json!({
            "run": run + 1, "source": "host", "observed_at": text(at), "complete": true, "population": population,
            "expected": TARGETS, "reached": TARGETS, "checks": CHECKS, "blocks": list.digest(), "unknown": 0,
            "pass": verdicts.len() - fail, "fail": fail, "not_applicable": 0,
        });
        leaf(LeafKind::RunClose, at, &body);
    }
    for (place, _) in verdicts.iter().enumerate().filter(|(_, verdict)| **verdict == 2) {
        claims.push(Claim {
            version: version(place / TARGETS),
            target: targets[place % TARGETS],
            first_seen: day(since[place].0, 2),
            first_seen_other: None,
            last_seen_before: since[place].1.map(|run| day(run, 2)),
            found: Found::of(2, 0),
        });
    }
    leaf(LeafKind::Heartbeat, day(RUNS, 0), &serde_json::json!({}));
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| hash_leaf(leaf)).collect();
    let checkpoint =
        Checkpoint { origin: ORIGIN.to_owned(), size: leaves.len() as u64, root: root_of(&hashes) };
    let policy = Policy::of_log(signer.verifier()).expect("policy");
    let stretches = claims.len();
    let contents = BundleContents {
        about: "benchmark".to_owned(),
        created_us: 0,
        period_us: None,
        policy: policy.clone(),
        checkpoint: checkpoint.sign(&[signer]).expect("checkpoint"),
        period_open: None,
        period_close: None,
        entries: Entries::All { leaves, cited: BTreeSet::new() },
        history: Some(HistoryContents { objects, claims, targets: Vec::new() }),
        rotations: Vec::new(),
        blobs: Vec::new(),
        records: Vec::new(),
        attachments: Vec::new(),
    };
    let mut to = Cursor::new(Vec::new());
    bundle::write(&contents, signer, &mut to).expect("bundle");
    let archive = to.into_inner();
    let expectations = Expectations { policy: Some(policy), ..Expectations::default() };
    let verify = best(|| {
        let answer = bundle::verify(Cursor::new(&archive), &expectations).expect("readable");
        let complete = &answer.completeness;
        let levels = [&complete.log, &complete.schedule, &complete.population, &complete.deviations];
        assert!(levels.iter().all(|level| matches!(level, Level::Proven { .. })), "{answer}");
    });
    println!(
        "\na year: {RUNS} runs x {CHECKS} checks x {TARGETS} targets, {changes} changes, {stretches} failing stretches, \
         {:.1} MB\nverified with every stretch recomputed: {:.1} ms",
        archive.len() as f64 / 1e6,
        verify.as_secs_f64() * 1e3,
    );
    against_budget(verify);
}
