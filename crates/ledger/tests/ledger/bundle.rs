//! Bundles that are whole: what they prove and what they do not claim.

use std::collections::BTreeSet;
use std::io::Cursor;

use tickmark_ledger::bundle::{self, Attachment, CitedLeaf, Entries, Expectations, Level, Signer};
use tickmark_ledger::note::SignerKey;
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tile::TileSet;
use tickmark_ledger::tree::{consistency_proof, hash_leaf, inclusion_proof};

use crate::fixture::{blob, checkpoint, contents, leaves, pack, pinned, signer, unpack, verify, write};

fn is_proven(level: &Level) -> bool {
    matches!(level, Level::Proven { .. })
}

fn is_not_claimed(level: &Level) -> bool {
    matches!(level, Level::NotClaimed { .. })
}

#[test]
fn whole_log_proves_all_it_claims() {
    for size in [8, 256, 257, 700] {
        let answer = verify(&write(&contents(size))).expect("readable");
        assert_eq!(answer.findings().collect::<Vec<_>>(), Vec::<&bundle::Finding>::new(), "{size}");
        assert!(
            is_proven(&answer.bytes) && is_proven(&answer.inclusion) && is_proven(&answer.completeness.log)
        );
        assert!(is_not_claimed(&answer.time));
        assert!(
            is_not_claimed(&answer.completeness.schedule) && is_not_claimed(&answer.completeness.population)
        );
        assert_eq!((answer.size, answer.exit_code()), (size, 0));
        assert_eq!(answer.uncommitted, Vec::<String>::new(), "the report is committed to by a leaf");
        assert!(matches!(answer.signer, Signer::Pinned { .. }));
    }
}

#[test]
fn answer_in_words_and_as_json() {
    let answer = verify(&write(&contents(8))).expect("readable");
    insta::assert_snapshot!("pinned", answer.to_string());
    insta::assert_snapshot!("json", format!("{:#}", answer.to_json()));
    let mut files = unpack(&write(&contents(8)));
    for (name, content) in &mut files {
        if name == "leaves/1.json" {
            content[7] ^= 1;
        }
    }
    let answer = bundle::verify(Cursor::new(pack(&files)), &Expectations::default()).expect("readable");
    insta::assert_snapshot!("changed_and_unpinned", answer.to_string());
}

#[test]
fn same_contents_give_the_same_bytes() {
    let one = write(&contents(300));
    assert_eq!(one, write(&contents(300)));
    let mut reordered = contents(300);
    reordered.blobs.reverse();
    assert_eq!(one, write(&reordered));
}

#[test]
fn without_a_pin_the_answer_says_so() {
    let answer =
        bundle::verify(Cursor::new(write(&contents(8))), &Expectations::default()).expect("readable");
    assert_eq!(answer.exit_code(), 0);
    assert!(matches!(answer.signer, Signer::Unpinned { .. }));
    assert!(answer.to_string().contains("the key in the bundle, which you have not pinned"));
}

#[test]
fn the_wrong_pin_fails() {
    let stranger = SignerKey::from_seed("example.org/log/1", &[43; 32]).expect("key");
    let other = SignerKey::from_seed("example.org/log/2", &[42; 32]).expect("key");
    for key in [stranger, other] {
        let policy = Policy::of_log(key.verifier()).expect("policy");
        let expectations = Expectations { policy: Some(policy), ..Expectations::default() };
        let answer = bundle::verify(Cursor::new(write(&contents(8))), &expectations).expect("readable");
        assert_eq!(answer.signer, Signer::Nobody);
        assert!(answer.findings().any(|finding| finding.subject == "checkpoint.latest"));
        assert!(is_not_claimed(&answer.completeness.log), "a checkpoint nobody vouches for proves no length");
    }
}

#[test]
fn single_entries_claim_no_completeness() {
    let mut contents = contents(300);
    let leaves = leaves(300);
    let tiles = TileSet::from_leaf_hashes(leaves.iter().map(|leaf| hash_leaf(leaf)));
    let cite = |index: u64| CitedLeaf {
        index,
        bytes: leaves[usize::try_from(index).expect("small")].clone(),
        proof: inclusion_proof(index, 300, &tiles).expect("proof"),
    };
    let small = TileSet::from_leaf_hashes(leaves[..7].iter().map(|leaf| hash_leaf(leaf)));
    let consistency = vec![
        consistency_proof(3, 7, &small).expect("proof"),
        consistency_proof(7, 300, &tiles).expect("proof"),
    ];
    contents.entries = Entries::Cited { leaves: [1, 3, 298].map(cite).to_vec(), consistency };
    let bytes = write(&contents);
    assert!(!unpack(&bytes).iter().any(|(name, _)| name.starts_with("tile/")));
    let answer = verify(&bytes).expect("readable");
    assert_eq!(answer.exit_code(), 0, "{answer}");
    assert!(is_proven(&answer.inclusion) && is_not_claimed(&answer.completeness.log));
    assert_eq!(answer.uncommitted, Vec::<String>::new());
}

#[test]
fn documents_no_entry_commits_to_are_named() {
    let mut contents = contents(8);
    contents
        .attachments
        .push(Attachment { name: "report/matrix.csv".to_owned(), content: b"a,b\n".to_vec() });
    let answer = verify(&write(&contents)).expect("readable");
    assert_eq!(answer.exit_code(), 0);
    assert_eq!(answer.uncommitted, ["report/matrix.csv"]);
    assert!(answer.to_string().contains("report/matrix.csv"));
}

#[test]
fn empty_log_without_anything_is_a_bundle_too() {
    let mut contents = contents(8);
    contents.checkpoint = checkpoint(&[]);
    (contents.period_open, contents.period_close) = (None, None);
    contents.entries = Entries::All { leaves: Vec::new(), cited: BTreeSet::new() };
    contents.blobs.clear();
    contents.attachments.clear();
    let answer = verify(&write(&contents)).expect("readable");
    assert_eq!((answer.exit_code(), answer.size), (0, 0), "{answer}");
}

#[test]
fn cosignature_of_a_pinned_witness_dates_the_checkpoint() {
    let witness = SignerKey::cosigner_from_seed("witness.example", &[7; 32]).expect("key");
    let mut contents = contents(8);
    let signature = witness.cosign(&contents.checkpoint.note.text, 1_795_531_600);
    contents.checkpoint.add_signature(signature);
    let bytes = write(&contents);
    assert!(is_not_claimed(&verify(&bytes).expect("readable").time), "an unknown witness is ignored");
    let policy = format!("log {}\nwitness w {}\nquorum w\n", signer().verifier(), witness.verifier());
    let expectations =
        Expectations { policy: Some(policy.parse().expect("policy")), ..Expectations::default() };
    let answer = bundle::verify(Cursor::new(&bytes), &expectations).expect("readable");
    let expected = "the checkpoint existed at 2026-11-24T14:46:40Z, says witness w";
    assert_eq!(answer.time, Level::Proven { detail: expected.to_owned() });
    let unwitnessed = write(&crate::fixture::contents(8));
    assert_eq!(bundle::verify(Cursor::new(unwitnessed), &expectations).expect("readable").exit_code(), 1);
}

#[test]
fn limits_are_those_of_the_caller() {
    let bytes = write(&contents(8));
    let mut small = pinned();
    small.limits.max_total_bytes = 1000;
    assert!(bundle::verify(Cursor::new(&bytes), &small).is_err());
    let mut few = pinned();
    few.limits.max_files = 3;
    assert!(bundle::verify(Cursor::new(&bytes), &few).is_err());
}

#[test]
fn contents_that_would_not_verify_are_not_written() {
    let refuse = |change: fn(&mut bundle::BundleContents)| {
        let mut contents = contents(8);
        change(&mut contents);
        bundle::write(&contents, &signer(), Cursor::new(Vec::new())).expect_err("contradiction").to_string()
    };
    let error = refuse(|contents| {
        if let Entries::All { leaves, .. } = &mut contents.entries {
            leaves.pop();
        }
    });
    assert!(error.contains("not those of the checkpoint"), "{error}");
    let error = refuse(|contents| {
        if let Entries::All { leaves, .. } = &mut contents.entries {
            leaves[2] = b"{}".to_vec();
        }
    });
    assert!(error.contains("leaf 2"), "{error}");
    let error = refuse(|contents| contents.blobs[0].content.push(0));
    assert!(error.contains("do not fit"), "{error}");
    let error = refuse(|contents| contents.blobs.push(blob(1)));
    assert!(error.contains("two files"), "{error}");
    for name in ["../evil", "MANIFEST.json", "leaves/9.json", "tile/0/000", "a b"] {
        let mut contents = contents(8);
        contents.attachments[0].name = name.to_owned();
        let error = bundle::write(&contents, &signer(), Cursor::new(Vec::new())).expect_err(name).to_string();
        assert!(error.contains("cannot be an attachment"), "{error}");
    }
    let stranger = SignerKey::from_seed("example.org/log/1", &[43; 32]).expect("key");
    let error =
        bundle::write(&contents(8), &stranger, Cursor::new(Vec::new())).expect_err("stranger").to_string();
    assert!(error.contains("MANIFEST.sig"), "{error}");
    let error = refuse(|contents| contents.checkpoint.note.signatures.clear());
    assert!(error.contains("not signed"), "{error}");
}

/// More files than a ZIP without extensions can count.
#[test]
fn very_many_files_are_read() {
    let mut contents = contents(8);
    let attachment = |number: u32| Attachment { name: format!("report/{number}.txt"), content: Vec::new() };
    contents.attachments.extend((0..66_000).map(attachment));
    let bytes = write(&contents);
    let answer = verify(&bytes).expect("readable");
    assert_eq!((answer.exit_code(), answer.uncommitted.len()), (0, 66_000));
    // The number of files in the extended end record, 24 bytes from its end, made huge.
    let mut lying = bytes.clone();
    let at = bytes.len() - 22 - 20 - 24;
    lying[at + 6] = 0x7f;
    assert!(verify(&lying).is_err());
}

#[test]
fn content_that_compresses_well_does_not_look_like_a_bomb() {
    let mut contents = contents(8);
    contents.attachments.push(Attachment { name: "report/zeros.bin".to_owned(), content: vec![0; 8 << 20] });
    assert_eq!(verify(&write(&contents)).expect("readable").exit_code(), 0);
}
