//! Signed statements: the published cases of DSSE, and envelopes among what a bundle holds.

use std::io::Cursor;

use serde_json::json;
use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{self, Attachment, BundleContents, Expectations, Verification};
use tickmark_ledger::dsse::{self, Envelope, Statement};
use tickmark_ledger::note::{SignerKey, VerifierKey};

use crate::fixture::{contents, pack, pinned, signer, unpack, write};

/// One case a line: what comes of it, how many keys it takes, who is trusted, which types are known, then the envelope.
const PUBLISHED: &str = include_str!("published/dsse.txt");
/// Seeds of RFC 8032, section 7.1, tests 1 and 2.
const SEEDS: [(&str, &str); 2] = [
    ("A", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
    ("B", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
];

fn published_key(name: &str) -> SignerKey {
    let (_, seed) = SEEDS.iter().find(|(known, _)| *known == name).expect("a published key");
    let seed: [u8; 32] = hex::decode(seed).expect("quoted").try_into().expect("32 bytes");
    SignerKey::from_seed(name, &seed).expect("key")
}

/// A word of a case; `=` stands for nothing.
fn word(text: &str) -> &str {
    if text == "=" { "" } else { text }
}

#[test]
fn published_cases_come_out_as_published() {
    for line in PUBLISHED.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [expected, needed, trusted, known, kind, payload, signatures] = words[..] else {
            panic!("{line}");
        };
        let signatures: Vec<_> = signatures
            .split(',')
            .map(|one| match one.split_once(':').expect("a key and a signature") {
                ("", sig) => json!({"sig": sig}),
                (key, sig) => json!({"sig": sig, "keyid": key}),
            })
            .collect();
        let json = json!({"payload": word(payload), "payloadType": word(kind), "signatures": signatures});
        let envelope = Envelope::parse(json.to_string().as_bytes()).expect("an envelope");
        let keys: Vec<VerifierKey> = trusted.split(',').map(|name| published_key(name).verifier()).collect();
        let is_known = known.split(',').any(|known| known == envelope.payload_type);
        let is_signed = envelope.signers(&keys).len() >= needed.parse().expect("a number");
        assert_eq!(is_known && is_signed, expected == "accept", "{line}");
        // Ed25519 has one signature for a message: whoever has the seed makes the published one.
        if expected == "accept" {
            let signers: Vec<SignerKey> = trusted.split(',').map(published_key).collect();
            let signers: Vec<&SignerKey> = signers.iter().collect();
            let made =
                Envelope::sign(&envelope.payload_type, envelope.payload.clone(), &signers).expect("made");
            let bytes = |envelope: &Envelope| -> Vec<Vec<u8>> {
                envelope.signatures.iter().map(|one| one.bytes.clone()).collect()
            };
            assert_eq!(bytes(&made), bytes(&envelope), "{line}");
        }
    }
    assert_eq!(PUBLISHED.lines().count(), 9);
}

fn auditor() -> SignerKey {
    SignerKey::from_seed("auditor.example", &[77; 32]).expect("key")
}

/// A statement about the report of the bundle of the fixture.
fn about(digest: Hash, key: &SignerKey) -> Vec<u8> {
    let statement = Statement {
        predicate_type: "urn:example:opinion:1".into(),
        subjects: vec![("report/readiness.pdf".into(), digest), ("elsewhere.pdf".into(), digest)],
    };
    let payload = statement.to_payload(&json!({"dated": "2026-11-24"})).expect("payload");
    Envelope::sign(dsse::STATEMENT, payload, &[key]).expect("signed").to_bytes().expect("written")
}

fn with(name: &str, content: Vec<u8>) -> BundleContents {
    let mut contents = contents(8);
    contents.attachments.push(Attachment { name: name.into(), content });
    contents
}

fn verify(contents: &BundleContents, keys: Vec<VerifierKey>) -> Verification {
    let expectations = Expectations { statement_keys: keys, ..pinned() };
    bundle::verify(Cursor::new(write(contents)), &expectations).expect("readable")
}

fn report() -> Hash {
    Hash::of(&contents(8).attachments[0].content)
}

#[test]
fn a_statement_counts_by_the_keys_of_whoever_verifies() {
    let contents = with("report/opinion.dsse.json", about(report(), &auditor()));
    let answer = verify(&contents, vec![auditor().verifier()]);
    assert_eq!(answer.exit_code(), 0, "{answer}");
    let [stated] = &answer.statements[..] else { panic!("{answer}") };
    assert_eq!(
        (stated.file.as_str(), stated.what.as_str(), stated.about.as_slice()),
        ("report/opinion.dsse.json", "urn:example:opinion:1", &["report/readiness.pdf".to_owned()][..])
    );
    assert_eq!(stated.signers, [dsse::key_id(&auditor().verifier())]);
    // Nobody's key but theirs: it is listed, and proves nothing.
    let answer = verify(&contents, Vec::new());
    assert!(answer.exit_code() == 0 && answer.statements[0].signers.is_empty(), "{answer}");
    assert!(answer.to_string().contains("signed by nobody whose signature counts"), "{answer}");
}

#[test]
fn a_statement_about_other_bytes_contradicts_only_if_its_signer_counts() {
    let contents = with("report/opinion.dsse.json", about(Hash::of(b"another report"), &auditor()));
    assert_eq!(verify(&contents, Vec::new()).exit_code(), 0);
    let answer = verify(&contents, vec![auditor().verifier()]);
    assert!(answer.exit_code() == 1 && answer.to_string().contains("about other bytes"), "{answer}");
}

#[test]
fn what_the_log_is_said_to_state_must_be_signed_by_it() {
    let own = "report/E-1-statement.dsse.json";
    let answer = verify(&with(own, about(report(), &signer())), Vec::new());
    assert_eq!((answer.exit_code(), answer.statements.len()), (0, 1), "{answer}");
    for content in [about(report(), &auditor()), b"{}".to_vec()] {
        let answer = verify(&with(own, content), vec![auditor().verifier()]);
        assert!(answer.findings().any(|finding| finding.subject == own), "{answer}");
    }
}

/// Tools that know in-toto read the manifest in its envelope; whatever is changed of it shows.
#[test]
fn the_envelope_of_a_bundle_holds_its_manifest_and_no_other() {
    let files = unpack(&write(&contents(8)));
    let get = |name: &str| &files.iter().find(|(own, _)| own == name).expect(name).1;
    let envelope = Envelope::parse(get("MANIFEST.dsse.json")).expect("an envelope");
    assert_eq!(&envelope.payload, get("MANIFEST.json"));
    assert_eq!(envelope.signers([&signer().verifier()]).len(), 1);
    assert!(Statement::parse(&envelope).expect("a statement").subjects.len() > 5);
    let signed = |payload: &[u8], kind: &str, keys: &[&SignerKey]| {
        Envelope::sign(kind, payload.to_vec(), keys).expect("signed").to_bytes().expect("written")
    };
    let (own, manifest) = (signer(), envelope.payload.clone());
    for (content, expected) in [
        (signed(b"{}", dsse::STATEMENT, &[&own]), "another statement"),
        (signed(&manifest, "text/plain", &[&own]), "another statement"),
        (signed(&manifest, dsse::STATEMENT, &[&auditor()]), "not signed by one key of the log"),
        (signed(&manifest, dsse::STATEMENT, &[&own, &auditor()]), "spelled otherwise"),
        ([get("MANIFEST.dsse.json").as_slice(), b"\n"].concat(), "spelled otherwise"),
    ] {
        let mut changed = files.clone();
        changed
            .iter_mut()
            .filter(|(name, _)| name == "MANIFEST.dsse.json")
            .for_each(|file| file.1.clone_from(&content));
        let answer = bundle::verify(Cursor::new(pack(&changed)), &pinned()).expect("readable");
        let found = answer.findings().find(|finding| finding.subject == "MANIFEST.dsse.json");
        assert!(found.is_some_and(|found| found.problem.contains(expected)), "{expected}: {answer}");
    }
}
