//! What is fuzzed: every reader of foreign bytes. Besides not panicking, each keeps a promise that is asserted here.
//!
//! `cargo fuzz` runs these with coverage (see `README.md` here); the tests of the crate run the same functions on random
//! and mutated input with the stable compiler.

use std::io::Cursor;

use tickmark_ledger::bundle::{self, Expectations, Limits};
use tickmark_ledger::dsse::{self, Envelope, Statement};
use tickmark_ledger::epoch::Rotation;
use tickmark_ledger::history::{Objects, Schedule, block};
use tickmark_ledger::leaf::Leaf;
use tickmark_ledger::note::{Note, SignedCheckpoint, SignerKey, VerifierKey};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::proof::TlogProof;
use tickmark_ledger::tile::{self, TilePath};
use tickmark_ledger::{canonical, commitment};

/// Takes any bytes and must not panic.
pub(crate) type Target = fn(&[u8]);

/// Every target with its name.
pub(crate) const ALL: &[(&str, Target)] = &[
    ("note", note),
    ("envelope", envelope),
    ("checkpoint", checkpoint),
    ("key", key),
    ("policy", policy),
    ("rotation", rotation),
    ("tile_path", tile_path),
    ("entries", entries),
    ("tlog_proof", tlog_proof),
    ("leaf", leaf),
    ("verdicts", verdicts),
    ("objects", objects),
    ("schedule", schedule),
    ("archive", archive),
];

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A note that reads writes back to the same bytes.
pub(crate) fn note(data: &[u8]) {
    if let Ok(note) = Note::parse(data) {
        assert_eq!(note.to_text().as_bytes(), data);
    }
}

/// An envelope that reads writes to one that reads the same; a statement in it is about what it names.
pub(crate) fn envelope(data: &[u8]) {
    if let Ok(envelope) = Envelope::parse(data) {
        let written = envelope.to_bytes().expect("text and numbers only");
        assert_eq!(Envelope::parse(&written), Ok(envelope.clone()));
        let _ = Statement::parse(&envelope);
    }
    let _ = text(data).map(|text| dsse::key_of_pem("name", text));
}

/// A checkpoint that reads writes back to the same bytes, and its text is its own.
pub(crate) fn checkpoint(data: &[u8]) {
    if let Ok(signed) = SignedCheckpoint::parse(data) {
        assert_eq!(signed.to_text().as_bytes(), data);
        assert_eq!(signed.checkpoint.text(), signed.note.text);
    }
}

/// A key has one spelling; an error about a private key does not repeat it.
pub(crate) fn key(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    if let Err(error) = text.parse::<SignerKey>() {
        assert!(text.len() < 40 || !error.to_string().contains(text));
    }
}

/// A policy that reads writes to one that reads the same.
pub(crate) fn policy(data: &[u8]) {
    if let Some(Ok(policy)) = text(data).map(str::parse::<Policy>) {
        assert_eq!(policy.to_string().parse(), Ok(policy));
    }
}

/// A rotation that verifies is signed by both of its keys, so its text is the signed one.
pub(crate) fn rotation(data: &[u8]) {
    if let Ok(rotation) = Rotation::verify(data) {
        assert_eq!(Note::parse(data).map(|note| note.text), Ok(rotation.text()));
    }
}

/// A path has one spelling.
pub(crate) fn tile_path(data: &[u8]) {
    if let Some(path) = text(data)
        && let Ok(parsed) = TilePath::parse(path)
    {
        assert_eq!(parsed.path(), path);
    }
}

/// Entries that read write back to the same bytes.
pub(crate) fn entries(data: &[u8]) {
    let Some((width, data)) = data.split_first() else { return };
    if let Ok(entries) = tile::read_entries(data, u16::from(*width) + 1) {
        let mut written = Vec::new();
        for entry in &entries {
            tile::push_entry(&mut written, entry).expect("was read");
        }
        assert_eq!(written, data);
    }
}

/// A proof that reads writes back to the same bytes.
pub(crate) fn tlog_proof(data: &[u8]) {
    if let Ok(proof) = TlogProof::parse(data) {
        assert_eq!(proof.to_text().as_bytes(), data);
    }
}

/// A leaf is canonical JSON that an ordinary parser reads without losing a member.
pub(crate) fn leaf(data: &[u8]) {
    let is_canonical = canonical::check(data).is_ok();
    if let Ok(leaf) = Leaf::parse_strict(data) {
        assert!(is_canonical);
        let value: serde_json::Value = serde_json::from_slice(data).expect("canonical bytes are JSON");
        assert_eq!((value["id"].as_str(), &value["b"]), (Some(leaf.id), &leaf.body_value()));
        assert_eq!(canonical::to_bytes(&value).expect("canonical"), data);
    }
    let _ = serde_json::from_slice::<commitment::ArtifactDescriptor>(data);
}

/// Verdicts are as many as expected, and a reason stands exactly where one belongs.
pub(crate) fn verdicts(data: &[u8]) {
    let Some((n, data)) = data.split_first() else { return };
    let mut found = Vec::new();
    if block::read(data, usize::from(*n), &mut found).is_ok() {
        assert_eq!(found.len(), usize::from(*n));
        assert!(found.iter().all(|found| (found.reason() != 0) == matches!(found.verdict(), 0 | 3)));
    }
}

/// Packs that read hold no more than was in them.
pub(crate) fn objects(data: &[u8]) {
    let mut objects = Objects::default();
    if objects.read_pack(data).is_ok() {
        assert!(objects.to_packs().iter().map(Vec::len).sum::<usize>() <= data.len());
    }
}

/// A schedule that reads writes back to the same bytes.
pub(crate) fn schedule(data: &[u8]) {
    if let Ok(schedule) = Schedule::parse(data) {
        assert_eq!(schedule.to_bytes().expect("was read"), data);
    }
}

/// An archive is answered or refused, within limits, and an answer can always be shown.
pub(crate) fn archive(data: &[u8]) {
    let limits = Limits { max_files: 200, max_file_bytes: 1 << 20, max_total_bytes: 4 << 20, max_ratio: 200 };
    let expectations = Expectations { limits, ..Expectations::default() };
    if let Ok(answer) = bundle::verify(Cursor::new(data), &expectations) {
        assert!(!answer.to_string().is_empty() && answer.to_json().is_object());
    }
}
