//! Texts that entries commit to: released with their salts, and each held against its entry.

use serde_json::json;
use tickmark_ledger::bundle::{BundleContents, Entries, Level, Record, Verification};
use tickmark_ledger::commitment::RECORD_DOMAIN;
use tickmark_ledger::leaf::{Leaf, LeafKind};

use crate::fixture::{NOW_US, checkpoint, contents, pack, resign_manifest, salt, unpack, verify, write};

const REASON: &str = r#"{"reason":"the vendor ends the product in June"}"#;

fn record() -> Record {
    Record { text: REASON.to_owned(), salt: salt(77) }
}

/// A log whose last entry commits to the record, and a bundle that releases `records`.
fn releasing(records: Vec<Record>) -> BundleContents {
    let mut contents = contents(8);
    let Entries::All { leaves, .. } = &mut contents.entries else { unreachable!("a whole log") };
    let body = json!({"event": "waiver.granted", "waiver": 1, "text": record().commitment().digest()});
    let id = "01935f2e-7b1c-7abc-8def-aaaaaaaaaaaa";
    leaves.push(
        Leaf::build(LeafKind::Exception, id, NOW_US + 8, "person:1", &body).expect("leaf").into_bytes(),
    );
    contents.checkpoint = checkpoint(leaves);
    contents.records = records;
    contents
}

fn findings(answer: &Verification) -> Vec<String> {
    answer.findings().map(|finding| format!("{}: {}", finding.subject, finding.problem)).collect()
}

#[test]
fn a_text_opens_the_commitment_of_its_entry() {
    let answer = verify(&write(&releasing(vec![record()]))).expect("readable");
    assert!(!answer.has_failed(), "{answer}");
    let Level::Proven { detail } = &answer.inclusion else { panic!("{answer}") };
    assert!(detail.ends_with("; 1 texts that entries commit to can be read"), "{detail}");
    let files = unpack(&write(&releasing(vec![record()])));
    let text = &files.iter().find(|(name, _)| name == "records/0000.json").expect("file").1;
    let read: serde_json::Value = serde_json::from_slice(text).expect("JSON");
    assert_eq!(read["records"][0]["text"], REASON);
    assert_eq!(RECORD_DOMAIN, "tickmark/record/v1", "README.txt says how to check it by hand");
}

#[test]
fn a_text_that_no_entry_commits_to_is_named() {
    let other = Record { text: "something else".to_owned(), ..record() };
    let answer = verify(&write(&releasing(vec![record(), other.clone()]))).expect("readable");
    let expected = format!("records/0000.json: no included entry commits to {}", other.commitment().digest());
    assert_eq!(findings(&answer), [expected]);
}

#[test]
fn a_changed_text_does_not_reproduce_its_commitment() {
    let mut files = unpack(&write(&releasing(vec![record()])));
    let place = files.iter().position(|(name, _)| name == "records/0000.json").expect("file");
    let changed = String::from_utf8(files[place].1.clone()).expect("text").replace("June", "July");
    files[place].1 = changed.into_bytes();
    resign_manifest(&mut files);
    let answer = verify(&pack(&files)).expect("readable");
    let expected = format!("records/0000.json: a text does not reproduce {}", record().commitment().digest());
    assert_eq!(findings(&answer), [expected]);
}
