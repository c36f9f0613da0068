//! A small log with evidence, and archives taken apart and put together again.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _, Write as _};

use serde_json::json;
use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{
    Attachment, Blob, BundleContents, Entries, Expectations, Release, Verification, VerifyError,
};
use tickmark_ledger::commitment::{ArtifactDescriptor, Salt};
use tickmark_ledger::dsse::{self, Envelope};
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_ledger::note::{Checkpoint, Note, SignedCheckpoint, SignerKey};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tree::{hash_leaf, root_of};
use zip::write::SimpleFileOptions;

pub(crate) const ORIGIN: &str = "example.org/log/1";
/// 2026-11-24T14:45:00Z in microseconds.
pub(crate) const NOW_US: i64 = 1_795_531_500_000_000;

pub(crate) fn signer() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[42; 32]).expect("key")
}

pub(crate) fn pinned() -> Expectations {
    Expectations {
        policy: Some(Policy::of_log(signer().verifier()).expect("policy")),
        ..Expectations::default()
    }
}

pub(crate) fn content(number: u64) -> Vec<u8> {
    format!("PermitRootLogin no # host {number}\n").repeat(20).into_bytes()
}

pub(crate) fn report() -> Vec<u8> {
    b"%PDF-1.7 not really".to_vec()
}

pub(crate) fn salt(number: u64) -> Salt {
    Salt(Hash::of(&number.to_be_bytes()).0)
}

/// Leaves `0..size`: a genesis, then evidence and heartbeats in turn, and the report as the last but one.
pub(crate) fn leaves(size: u64) -> Vec<Vec<u8>> {
    let leaf = |index: u64| {
        let id = format!("01935f2e-7b1c-7abc-8def-{index:012x}");
        let (kind, body) = if index == 0 {
            (LeafKind::LogGenesis, json!({"origin": ORIGIN}))
        } else if index + 2 == size {
            let report = ArtifactDescriptor::of_plain("application/pdf", &report(), &salt(0), Some("report"));
            (LeafKind::EvidenceAdd, json!({"artifacts": [report]}))
        } else if index % 2 == 1 {
            let artifact =
                ArtifactDescriptor::of_plain("text/plain", &content(index), &salt(index), Some("evidence"));
            (LeafKind::EvidenceAdd, json!({"artifacts": [artifact], "run": index}))
        } else {
            (LeafKind::Heartbeat, json!({}))
        };
        let ts = NOW_US + i64::try_from(index).expect("small");
        Leaf::build(kind, &id, ts, "collector:1", &body).expect("leaf").into_bytes()
    };
    (0..size).map(leaf).collect()
}

pub(crate) fn checkpoint(leaves: &[Vec<u8>]) -> SignedCheckpoint {
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| hash_leaf(leaf)).collect();
    let checkpoint =
        Checkpoint { origin: ORIGIN.to_owned(), size: hashes.len() as u64, root: root_of(&hashes) };
    checkpoint.sign(&[&signer()]).expect("checkpoint")
}

pub(crate) fn blob(number: u64) -> Blob {
    let content = content(number);
    let descriptor = ArtifactDescriptor::of_plain("text/plain", &content, &salt(number), None);
    let commitment = Hash::parse_digest(&descriptor.commitment).expect("digest");
    Blob { releases: vec![Release { blob: Hash::of(&content), commitment, salt: salt(number) }], content }
}

/// A whole log of `size` leaves (at least 8) with period, citations, two blobs and a committed report.
pub(crate) fn contents(size: u64) -> BundleContents {
    let leaves = leaves(size);
    BundleContents {
        about: "Readiness of Example".to_owned(),
        created_us: NOW_US,
        period_us: Some((NOW_US - 86_400_000_000, NOW_US)),
        policy: Policy::of_log(signer().verifier()).expect("policy"),
        checkpoint: checkpoint(&leaves),
        period_open: Some(checkpoint(&leaves[..3])),
        period_close: Some(checkpoint(&leaves[..7])),
        entries: Entries::All { leaves, cited: BTreeSet::from([0, 1, 3]) },
        history: None,
        rotations: Vec::new(),
        blobs: vec![blob(1), blob(3)],
        records: Vec::new(),
        attachments: vec![Attachment { name: "report/readiness.pdf".to_owned(), content: report() }],
    }
}

pub(crate) fn write(contents: &BundleContents) -> Vec<u8> {
    let mut to = Cursor::new(Vec::new());
    tickmark_ledger::bundle::write(contents, &signer(), &mut to).expect("bundle");
    to.into_inner()
}

pub(crate) fn verify(bytes: &[u8]) -> Result<Verification, VerifyError> {
    tickmark_ledger::bundle::verify(Cursor::new(bytes), &pinned())
}

/// The files of an archive in its order.
pub(crate) fn unpack(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("archive");
    let mut files = Vec::new();
    for place in 0..archive.len() {
        let mut file = archive.by_index(place).expect("file");
        let mut content = Vec::new();
        file.read_to_end(&mut content).expect("content");
        files.push((file.name().expect("name").into_owned(), content));
    }
    files
}

pub(crate) fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        archive.start_file(name.as_str(), options).expect("file");
        archive.write_all(content).expect("content");
    }
    archive.finish().expect("archive").into_inner()
}

/// Makes the manifest fit the files again and signs it, as only somebody with the log's key could.
pub(crate) fn resign_manifest(files: &mut [(String, Vec<u8>)]) {
    mend_manifest(files);
    let digest = |name: &str, files: &[(String, Vec<u8>)]| {
        files
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, content)| Hash::of(content).digest())
            .expect("manifest")
    };
    let text = format!("tickmark evidence bundle manifest\n{ORIGIN}\n{}\n", digest("MANIFEST.json", files));
    let note = Note::sign(text, &[&signer()]).expect("note");
    let place = files.iter().position(|(name, _)| name == "MANIFEST.sig").expect("signature");
    files[place].1 = note.to_text().into_bytes();
    let manifest = files.iter().find(|(name, _)| name == "MANIFEST.json").expect("manifest").1.clone();
    let envelope = Envelope::sign(dsse::STATEMENT, manifest, &[&signer()]).expect("envelope");
    let place = files.iter().position(|(name, _)| name == "MANIFEST.dsse.json").expect("envelope");
    files[place].1 = envelope.to_bytes().expect("written");
}

/// Makes the manifest fit the files again, as somebody would who alters a bundle with care.
pub(crate) fn mend_manifest(files: &mut [(String, Vec<u8>)]) {
    files.sort();
    let place = files.iter().position(|(name, _)| name == "MANIFEST.json").expect("manifest");
    let mut manifest: serde_json::Value = serde_json::from_slice(&files[place].1).expect("manifest");
    let subjects: Vec<serde_json::Value> = files
        .iter()
        .filter(|(name, _)| !name.starts_with("MANIFEST."))
        .map(|(name, content)| json!({"digest": {"sha256": Hash::of(content).hex()}, "name": name}))
        .collect();
    manifest["subject"] = subjects.into();
    files[place].1 = tickmark_ledger::canonical::to_bytes(&manifest).expect("canonical");
}
