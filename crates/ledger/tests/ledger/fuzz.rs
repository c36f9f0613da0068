//! The fuzz targets on the stable compiler: random bytes, and good inputs with pieces changed, cut, doubled and joined.

use proptest::prelude::*;
use tickmark_ledger::epoch::Rotation;
use tickmark_ledger::note::SignerKey;

use crate::fixture::{ORIGIN, contents, signer, unpack, write};

#[path = "../../fuzz/targets.rs"]
mod targets;

/// Good inputs of every kind.
fn seeds() -> Vec<Vec<u8>> {
    let recorded = crate::history::record(&crate::history::story());
    let bundle = write(&crate::history::contents(&recorded));
    let mut seeds: Vec<Vec<u8>> = unpack(&bundle).into_iter().map(|(_, content)| content).collect();
    seeds.extend(unpack(&write(&contents(8))).into_iter().map(|(_, content)| content));
    seeds.extend(recorded.leaves.iter().take(6).cloned());
    let next = SignerKey::from_seed(ORIGIN, &[43; 32]).expect("key");
    let rotation = Rotation { old: signer().verifier(), new: next.verifier(), from: 3, until: Some(9) };
    seeds.push(rotation.sign(&signer(), &next).expect("rotation").to_text().into_bytes());
    seeds.push(
        format!("log {}\n#sizes {ORIGIN}+00000000 0 1\nquorum none\n", signer().verifier()).into_bytes(),
    );
    for text in ["tile/0/x001/x234/067.p/1", "tile/entries/000", &next.verifier().to_string()] {
        seeds.push(text.as_bytes().to_vec());
    }
    seeds.push([&[5], hex::decode("544b42310500c90101010102").expect("hex").as_slice()].concat());
    seeds.push([&[8], hex::decode("544b42310801010106020002").expect("hex").as_slice()].concat());
    seeds.push(bundle);
    seeds
}

#[derive(Clone, Debug)]
enum Change {
    Flip(usize, u8),
    Set(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Double(usize, usize),
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    let range = |at: usize, count: usize| (at % length, (at % length + count % 64).min(length));
    match *change {
        Change::Flip(at, bit) => bytes[at % length] ^= 1 << (bit % 8),
        Change::Set(at, byte) => bytes[at % length] = byte,
        Change::Cut(at) => bytes.truncate(at % length),
        Change::Remove(at, count) => {
            let (from, to) = range(at, count);
            bytes.drain(from..to);
        }
        Change::Double(at, count) => {
            let (from, to) = range(at, count);
            let piece = bytes[from..to].to_vec();
            bytes.splice(from..from, piece);
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        any::<usize>().prop_map(Change::Cut),
        (any::<usize>(), any::<usize>()).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<usize>(), any::<usize>()).prop_map(|(at, count)| Change::Double(at, count)),
    ]
}

fn run_all(input: &[u8]) {
    for (_, target) in targets::ALL {
        target(input);
    }
}

#[test]
fn good_inputs_keep_every_promise() {
    let seeds = seeds();
    seeds.iter().for_each(|seed| run_all(seed));
    for (name, _) in targets::ALL {
        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{name}.rs"));
        assert!(file.is_file(), "{name} has no target for cargo-fuzz");
    }
}

#[test]
fn random_and_mutated_inputs_keep_every_promise() {
    let seeds = seeds();
    let cases =
        (0..seeds.len(), prop::collection::vec(change(), 1..6), prop::collection::vec(any::<u8>(), 0..120));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1500));
    let outcome = runner.run(&cases, |(seed, changes, random)| {
        let mut input = seeds[seed].clone();
        changes.iter().for_each(|change| apply(&mut input, change));
        run_all(&input);
        run_all(&random);
        Ok(())
    });
    outcome.expect("a promise was broken");
}
