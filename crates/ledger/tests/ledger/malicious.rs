//! The operator as adversary: what somebody can do who holds the log's key, and with which anchor it shows.
//!
//! Each case says three things: that it passes where nothing contradicts it, at which level it fails, and the one anchor
//! that makes the difference. An anchor is something that the operator cannot change: the pinned key, a checkpoint kept
//! elsewhere, a witness, the policy of the present.

use std::io::Cursor;

use serde_json::json;
use tickmark_ledger::bundle::{self, BundleContents, Expectations, Level, Signer, Verification};
use tickmark_ledger::epoch::{KeyRotate, Rotation};
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_ledger::note::{Checkpoint, SignedCheckpoint, SignerKey};
use tickmark_ledger::policy::{LogKey, Policy, Sizes};
use tickmark_ledger::tree::{hash_leaf, root_of};

use crate::fixture::{ORIGIN, checkpoint, signer, unpack, write};
use crate::history::{Recorded, contents, record, story};

fn pinned() -> Expectations {
    crate::fixture::pinned()
}

/// The pinned key, and a checkpoint that was kept when the log was honest.
fn holding(kept: SignedCheckpoint) -> Expectations {
    Expectations { held: vec![kept], ..pinned() }
}

fn witness() -> SignerKey {
    SignerKey::cosigner_from_seed("witness.example", &[7; 32]).expect("key")
}

fn witnessed() -> Expectations {
    let policy = format!("log {}\nwitness w {}\nquorum w\n", signer().verifier(), witness().verifier());
    Expectations { policy: Some(policy.parse().expect("policy")), ..Expectations::default() }
}

fn cosigned(mut signed: SignedCheckpoint, time_s: u64) -> SignedCheckpoint {
    let signature = witness().cosign(&signed.note.text, time_s);
    signed.add_signature(signature);
    signed
}

fn verify(contents: &BundleContents, expectations: &Expectations) -> Verification {
    bundle::verify(Cursor::new(write(contents)), expectations).expect("readable")
}

fn named(answer: &Verification) -> Vec<String> {
    answer.findings().map(|finding| format!("{}: {}", finding.subject, finding.problem)).collect()
}

fn honest() -> Recorded {
    record(&story())
}

/// Everything hashed and signed anew, as the holder of the key does.
fn forged(mut recorded: Recorded, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Recorded {
    change(&mut recorded.leaves);
    recorded
}

fn other_actor(leaf: &mut Vec<u8>) {
    *leaf = String::from_utf8(leaf.clone()).expect("text").replace("collector:1", "collector:2").into_bytes();
}

#[test]
fn a_rewritten_entry_shows_against_a_checkpoint_kept_elsewhere() {
    let before = checkpoint(&honest().leaves[..5]);
    let rewritten = contents(&forged(honest(), |leaves| other_actor(&mut leaves[2])));
    assert!(!verify(&rewritten, &pinned()).has_failed(), "the key alone shows nothing");
    let answer = verify(&rewritten, &holding(before.clone()));
    assert!(matches!(answer.inclusion, Level::Failed { .. }), "{answer}");
    assert!(
        named(&answer)[0].contains("checkpoint of 5 entries that you hold: is not of this log"),
        "{answer}"
    );
    assert!(!verify(&contents(&honest()), &holding(before)).has_failed());
    // What was rewritten after the checkpoint that is held does not show: it vouches for what was before it.
    let later = contents(&forged(honest(), |leaves| other_actor(&mut leaves[9])));
    assert!(!verify(&later, &holding(checkpoint(&honest().leaves[..5]))).has_failed());
}

#[test]
fn a_rewritten_entry_shows_where_a_witness_must_have_signed() {
    let mut whole = contents(&honest());
    whole.checkpoint = cosigned(whole.checkpoint, 1_795_531_600);
    assert!(!verify(&whole, &witnessed()).has_failed());
    let mut rewritten = contents(&forged(honest(), |leaves| other_actor(&mut leaves[2])));
    let answer = verify(&rewritten, &witnessed());
    assert!(named(&answer).iter().any(|finding| finding.contains("not cosigned by the quorum")), "{answer}");
    // The cosignature of the honest checkpoint does not fit the other text.
    rewritten.checkpoint.add_signature(whole.checkpoint.note.signatures[1].clone());
    let answer = verify(&rewritten, &witnessed());
    assert!(named(&answer).iter().any(|finding| finding.contains("does not verify")), "{answer}");
}

#[test]
fn dropped_newest_entries_show_to_whoever_holds_the_later_checkpoint() {
    let later = checkpoint(&honest().leaves);
    let mut short = contents(&honest());
    let bundle::Entries::All { leaves, .. } = &mut short.entries else { unreachable!("a whole log") };
    leaves.truncate(12);
    short.checkpoint = checkpoint(leaves);
    // The claims are of the longer log; without them the shorter one is whole in itself.
    short.history = None;
    assert!(!verify(&short, &pinned()).has_failed());
    assert!(
        !verify(&short, &holding(checkpoint(&honest().leaves[..5]))).has_failed(),
        "an earlier one shows nothing"
    );
    let answer = verify(&short, &holding(later));
    assert!(named(&answer)[0].contains("ends at 12"), "{answer}");
}

#[test]
fn a_fork_of_the_same_size_shows_to_whoever_holds_the_other_side() {
    let one = contents(&honest());
    let other = contents(&forged(honest(), |leaves| {
        let last = leaves.len() - 1;
        other_actor(&mut leaves[last]);
    }));
    assert_eq!(one.checkpoint.checkpoint.size, other.checkpoint.checkpoint.size);
    for side in [&one, &other] {
        assert!(!verify(side, &pinned()).has_failed());
        assert!(!verify(side, &holding(side.checkpoint.clone())).has_failed());
    }
    assert!(verify(&one, &holding(other.checkpoint.clone())).has_failed());
    assert!(verify(&other, &holding(one.checkpoint.clone())).has_failed());
}

#[test]
fn the_log_of_another_organization_shows_against_the_pinned_key() {
    let origin = "example.org/other/1";
    for stranger in [
        SignerKey::from_seed(origin, &[5; 32]).expect("key"),
        // Even the same key under another name is another key.
        SignerKey::from_seed(origin, &[42; 32]).expect("key"),
    ] {
        let mut swapped = contents(&honest());
        let Checkpoint { size, root, .. } = swapped.checkpoint.checkpoint;
        let moved = Checkpoint { origin: origin.to_owned(), size, root };
        swapped.checkpoint = moved.sign(&[&stranger]).expect("checkpoint");
        swapped.policy = Policy::of_log(stranger.verifier()).expect("policy");
        let mut to = Cursor::new(Vec::new());
        bundle::write(&swapped, &stranger, &mut to).expect("bundle");
        let bytes = to.into_inner();
        let answer = bundle::verify(Cursor::new(&bytes), &pinned()).expect("readable");
        assert!(named(&answer)[0].contains("is not one of the policy"), "{answer}");
        let unpinned = bundle::verify(Cursor::new(&bytes), &Expectations::default()).expect("readable");
        assert!(!unpinned.has_failed() && matches!(unpinned.signer, Signer::Unpinned { .. }));
        // Somebody else's checkpoint is no anchor, and says so.
        let answer = verify(&contents(&honest()), &holding(swapped.checkpoint));
        assert!(named(&answer)[0].contains("is not one of the policy"), "{answer}");
    }
}

/// A log whose key was replaced at size 20, and the one key after it.
fn rotated() -> (Recorded, Rotation, SignerKey) {
    let next = SignerKey::from_seed(ORIGIN, &[43; 32]).expect("key");
    let size = honest().leaves.len() as u64;
    let rotation = Rotation { old: signer().verifier(), new: next.verifier(), from: size, until: Some(size) };
    let note = rotation.sign(&signer(), &next).expect("rotation");
    let recorded = forged(honest(), |leaves| {
        let ts = Leaf::parse_strict(leaves.last().expect("not empty")).expect("leaf").ts_us();
        let id = "01935f2e-7b1c-7abc-8def-ffffffffffff";
        let body = KeyRotate::new(&note);
        let leaf = Leaf::build(LeafKind::KeyRotate, id, ts, "operator:1", &body).expect("leaf");
        leaves.push(leaf.into_bytes());
    });
    (recorded, rotation, next)
}

fn signed_by(recorded: &Recorded, key: &SignerKey, rotations: Vec<String>) -> Vec<u8> {
    let mut signed = contents(recorded);
    signed.policy = Policy::of_log(key.verifier()).expect("policy");
    signed.checkpoint = signed.checkpoint.checkpoint.sign(&[key]).expect("checkpoint");
    signed.rotations = rotations;
    let mut to = Cursor::new(Vec::new());
    bundle::write(&signed, key, &mut to).expect("bundle");
    to.into_inner()
}

#[test]
fn a_retired_key_shows_against_the_policy_of_the_present() {
    let (recorded, rotation, next) = rotated();
    let note = rotation.sign(&signer(), &next).expect("rotation").to_text();
    let answered = |bytes: &[u8], expectations: &Expectations| {
        bundle::verify(Cursor::new(bytes), expectations).expect("readable")
    };
    // Whoever pinned the first key follows to the present one, because the rotation is signed by both.
    let honest = signed_by(&recorded, &next, vec![note.clone()]);
    let answer = answered(&honest, &pinned());
    assert!(!answer.has_failed(), "{answer}");
    assert_eq!(answer.signer, Signer::Pinned { key: next.verifier().to_string() });
    let without = signed_by(&recorded, &next, Vec::new());
    assert!(named(&answered(&without, &pinned())).iter().any(|finding| finding.contains("expected keys")));
    // A stolen retired key signs on: refused by who knows the rotation, accepted by who does not.
    let stolen = signed_by(&recorded, &signer(), Vec::new());
    assert!(!answered(&stolen, &pinned()).has_failed(), "which is why the policy of the present matters");
    let mut present = Policy::of_log(signer().verifier()).expect("policy");
    present.follow(&rotation).expect("trusted");
    let present = Expectations { policy: Some(present), ..Expectations::default() };
    let answer = answered(&stolen, &present);
    assert!(named(&answer).iter().any(|finding| finding.contains("but counts for sizes 0 to")), "{answer}");
    assert!(!answered(&honest, &present).has_failed());
    // A rotation that the log does not record, and one from a key that nobody trusts.
    let secret = signed_by(&honest_without_rotation(), &next, vec![note]);
    assert!(named(&answered(&secret, &pinned())).iter().any(|finding| finding.contains("no entry records")));
    let stranger = SignerKey::from_seed(ORIGIN, &[44; 32]).expect("key");
    let foreign = Rotation { old: stranger.verifier(), ..rotation };
    let foreign = foreign.sign(&stranger, &next).expect("rotation").to_text();
    let taken = signed_by(&recorded, &next, vec![foreign]);
    let answer = answered(&taken, &pinned());
    assert!(named(&answer).iter().any(|finding| finding.starts_with("rotations.json")), "{answer}");
    assert_eq!(answer.signer, Signer::Nobody);
}

/// The same size as the rotated log, with another last entry.
fn honest_without_rotation() -> Recorded {
    let (rotated, ..) = rotated();
    forged(rotated, |leaves| {
        let last = leaves.pop().expect("not empty");
        let ts = Leaf::parse_strict(&last).expect("leaf").ts_us();
        let id = "01935f2e-7b1c-7abc-8def-fffffffffffe";
        leaves.push(Leaf::build(LeafKind::Heartbeat, id, ts, "a", &json!({})).expect("leaf").into_bytes());
    })
}

#[test]
fn a_revoked_key_shows_against_the_policy_that_ends_it() {
    let sizes = Sizes { from: 0, to: Some(5) };
    let policy = Policy::of_keys([LogKey { key: signer().verifier(), sizes }]).expect("policy");
    let revoked = Expectations { policy: Some(policy), ..Expectations::default() };
    let whole = contents(&honest());
    assert!(!verify(&whole, &pinned()).has_failed());
    let answer = verify(&whole, &revoked);
    assert!(
        named(&answer).iter().any(|finding| finding.contains("but counts for sizes 0 to 5 only")),
        "{answer}"
    );
}

/// Leaves out a run and numbers the later ones anew, with every claim recomputed: a history that fits itself.
fn without_a_run() -> Recorded {
    let mut estate = story();
    estate.days[3] = crate::history::Day::Silent;
    record(&estate)
}

#[test]
fn a_dropped_run_shows_in_the_schedule_and_against_a_kept_checkpoint() {
    let dropped = contents(&without_a_run());
    let answer = verify(&dropped, &pinned());
    assert!(!answer.has_failed() && answer.is_incomplete(), "{answer}");
    let Level::Incomplete { findings, .. } = &answer.completeness.schedule else { panic!("{answer}") };
    assert!(findings[0].problem.contains("nothing was recorded although due"), "{answer}");
    assert!(verify(&dropped, &holding(checkpoint(&honest().leaves[..10]))).has_failed());
}

#[test]
fn a_swapped_block_shows_at_once_and_a_swapped_run_against_a_kept_checkpoint() {
    // Blocks alone: the list of the run does not name the other block. `history.rs` has the case at byte level.
    let mut swapped = honest();
    swapped.history.claims.clear();
    let answer = verify(&contents(&swapped), &pinned());
    assert!(matches!(answer.completeness.deviations, Level::Failed { .. }), "{answer}");
    // Blocks, lists, entries, claims: everything fits, and it is another log.
    let mut estate = story();
    if let crate::history::Day::Looked(_, found) = &mut estate.days[1] {
        found[0][1] = found[0][0];
    }
    let other = contents(&record(&estate));
    assert!(!verify(&other, &pinned()).has_failed());
    let answer = verify(&other, &holding(checkpoint(&honest().leaves[..8])));
    assert!(named(&answer)[0].contains("is not of this log"), "{answer}");
}

#[test]
fn a_back_dated_entry_shows_only_against_what_others_signed_before() {
    let day = 86_400_000_000;
    let back_dated = forged(honest(), |leaves| {
        let last = leaves.len() - 1;
        let (id, ts) = {
            let leaf = Leaf::parse_strict(&leaves[last]).expect("leaf");
            (leaf.id.to_owned(), leaf.ts_us())
        };
        let approval = json!({"what": "access review"});
        leaves[last] = Leaf::build(LeafKind::Approval, &id, ts - 90 * day, "person:1", &approval)
            .expect("leaf")
            .into_bytes();
    });
    let mut contents = contents(&back_dated);
    assert!(!verify(&contents, &pinned()).has_failed(), "a moment inside an entry proves nothing");
    // The witness saw the log without the entry, and dates the log with it to when it was there.
    let before = checkpoint(&honest().leaves[..16]);
    assert_eq!(before.checkpoint.size + 1, contents.checkpoint.checkpoint.size);
    assert!(!verify(&contents, &holding(before)).has_failed(), "appended, not inserted");
    contents.checkpoint = cosigned(contents.checkpoint, 1_795_999_999);
    let answer = verify(&contents, &witnessed());
    let Level::Proven { detail } = &answer.time else { panic!("{answer}") };
    assert!(detail.contains("2026-11-30"), "not before somebody else saw it: {detail}");
    let entry = Leaf::parse_strict(back_dated.leaves.last().expect("not empty")).expect("leaf").ts.to_owned();
    assert!(entry.as_str() < "2026-10", "{entry}");
}

#[test]
fn a_checkpoint_that_is_held_must_itself_be_signed_and_may_be_any_size() {
    let recorded = honest();
    let whole = contents(&recorded);
    for size in 0..=recorded.leaves.len() {
        let answer = verify(&whole, &holding(checkpoint(&recorded.leaves[..size])));
        assert!(!answer.has_failed(), "{size}: {answer}");
        assert!(answer.to_string().contains("1 checkpoint that you hold"), "{answer}");
    }
    let hashes: Vec<_> = recorded.leaves.iter().take(3).map(|leaf| hash_leaf(leaf)).collect();
    let unsigned = Checkpoint { origin: ORIGIN.to_owned(), size: 3, root: root_of(&hashes) };
    let answer = verify(&whole, &holding(unsigned.sign::<SignerKey>(&[]).expect("checkpoint")));
    assert!(named(&answer)[0].contains("not signed"), "{answer}");
    // Single entries cannot be compared with an earlier state; the answer says so and claims nothing.
    let mut files = unpack(&write(&whole));
    files.retain(|(name, _)| !name.starts_with("tile/"));
    assert!(files.len() > 3);
}
