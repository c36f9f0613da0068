//! Bundles that somebody altered: every alteration is found and named, and nothing foreign does harm.

use std::io::{Cursor, Write as _};

use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{self, Level, Verification};
use zip::write::SimpleFileOptions;

use crate::fixture::{contents, leaves, mend_manifest, pack, pinned, resign_manifest, unpack, verify, write};

type Files = Vec<(String, Vec<u8>)>;

fn files() -> Files {
    unpack(&write(&contents(300)))
}

fn failed(files: &[(String, Vec<u8>)]) -> Verification {
    let answer = verify(&pack(files)).expect("readable");
    assert_eq!(answer.exit_code(), 1, "{answer}");
    answer
}

fn names(answer: &Verification) -> Vec<&str> {
    answer.findings().map(|finding| finding.subject.as_str()).collect()
}

fn get<'f>(files: &'f mut Files, name: &str) -> &'f mut Vec<u8> {
    &mut files.iter_mut().find(|(own, _)| own == name).expect(name).1
}

#[test]
fn each_changed_file_is_named() {
    let whole = files();
    assert_eq!(verify(&pack(&whole)).expect("readable").exit_code(), 0, "repacking alone changes nothing");
    for place in 0..whole.len() {
        let length = whole[place].1.len();
        for at in [0, length / 2, length - 1] {
            let mut changed = whole.clone();
            changed[place].1[at] ^= 1;
            let name = &whole[place].0;
            let answer = failed(&changed);
            // A changed manifest is named through its signature, or through what it says of another file.
            assert!(name == "MANIFEST.json" || names(&answer).contains(&name.as_str()), "{name} at {at}");
        }
    }
}

#[test]
fn each_missing_file_is_named() {
    let whole = files();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        let (name, _) = changed.remove(place);
        assert!(names(&failed(&changed)).contains(&name.as_str()), "{name}");
    }
}

#[test]
fn added_renamed_and_reordered_files_are_named() {
    let whole = files();
    let mut added = whole.clone();
    added.push(("zzz.txt".to_owned(), b"hello".to_vec()));
    assert_eq!(names(&failed(&added)), ["zzz.txt"]);
    let mut renamed = whole.clone();
    get(&mut renamed, "report/readiness.pdf");
    renamed
        .iter_mut()
        .filter(|(name, _)| name == "report/readiness.pdf")
        .for_each(|(name, _)| *name = "report/zz.pdf".to_owned());
    let answer = failed(&renamed);
    assert!(names(&answer).contains(&"report/readiness.pdf") && names(&answer).contains(&"report/zz.pdf"));
    for place in 1..whole.len() {
        let mut swapped = whole.clone();
        swapped.swap(place - 1, place);
        assert!(names(&failed(&swapped)).contains(&whole[place - 1].0.as_str()), "{place}");
    }
}

#[test]
fn bytes_of_the_manifest_matter_wherever_they_stand() {
    let mut whole = unpack(&write(&contents(8)));
    for (place, name) in [(0, "MANIFEST.dsse.json"), (1, "MANIFEST.json")] {
        assert_eq!(whole[place].0, name);
        for at in (0..whole[place].1.len()).step_by(19) {
            whole[place].1[at] ^= 1;
            failed(&whole);
            whole[place].1[at] ^= 1;
        }
    }
}

/// Somebody without the log's key makes the manifest fit: its signature still tells.
#[test]
fn a_mended_manifest_does_not_help() {
    let whole = files();
    for place in 0..whole.len() {
        if whole[place].0.starts_with("MANIFEST.") {
            continue;
        }
        let mut changed = whole.clone();
        changed[place].1[0] ^= 1;
        mend_manifest(&mut changed);
        assert!(names(&failed(&changed)).contains(&"MANIFEST.sig"), "{}", whole[place].0);
        changed.remove(place);
        mend_manifest(&mut changed);
        assert!(names(&failed(&changed)).contains(&"MANIFEST.sig"), "{}", whole[place].0);
    }
}

/// Even the holder of the key cannot alter what the log has committed to: every such file is found by itself.
#[test]
fn a_newly_signed_manifest_does_not_help_against_the_log() {
    let whole = files();
    for place in 0..whole.len() {
        let name = whole[place].0.clone();
        // Words for people and the unpinned key are vouched for by the manifest's signature alone.
        if ["MANIFEST.json", "MANIFEST.sig", "MANIFEST.dsse.json", "README.txt", "policy"]
            .contains(&name.as_str())
        {
            continue;
        }
        let length = whole[place].1.len();
        for at in [0, length / 3, length / 2, length - 1] {
            let mut changed = whole.clone();
            changed[place].1[at] ^= 1;
            resign_manifest(&mut changed);
            if name == "report/readiness.pdf" {
                let answer = verify(&pack(&changed)).expect("readable");
                assert_eq!(
                    answer.uncommitted,
                    std::slice::from_ref(&name),
                    "no entry commits to the changed report"
                );
                continue;
            }
            let answer = failed(&changed);
            assert!(!matches!(answer.inclusion, Level::Proven { .. }), "{name} at {at}: {answer}");
        }
        let mut removed = whole.clone();
        removed.remove(place);
        resign_manifest(&mut removed);
        let optional = ["report/readiness.pdf"];
        let answer = verify(&pack(&removed)).expect("readable");
        assert!(answer.has_failed() || optional.contains(&name.as_str()), "{name} removed");
    }
}

#[test]
fn swapped_leaves_are_named_even_with_a_mended_manifest() {
    let mut swapped = files();
    let (one, three) =
        (get(&mut swapped, "leaves/1.json").clone(), get(&mut swapped, "leaves/3.json").clone());
    *get(&mut swapped, "leaves/1.json") = three;
    *get(&mut swapped, "leaves/3.json") = one;
    let answer = failed(&swapped);
    assert!(names(&answer).contains(&"leaves/1.json") && names(&answer).contains(&"leaves/3.json"));
    resign_manifest(&mut swapped);
    let answer = failed(&swapped);
    assert!(names(&answer).contains(&"leaves/1.json") && names(&answer).contains(&"leaves/3.json"));
    assert!(matches!(answer.bytes, Level::Proven { .. }));
}

#[test]
fn rewritten_log_with_every_hash_redone_fails_against_the_checkpoint() {
    let mut other = contents(300);
    let mut rewritten = leaves(300);
    let text = String::from_utf8(rewritten[5].clone()).expect("text").replace("collector:1", "collector:2");
    rewritten[5] = text.into_bytes();
    other.checkpoint = crate::fixture::checkpoint(&rewritten);
    (other.period_open, other.period_close) = (None, None);
    other.entries = bundle::Entries::All { leaves: rewritten, cited: std::collections::BTreeSet::from([1]) };
    let forged = unpack(&write(&other));
    let mut whole = files();
    for (name, content) in forged {
        if name.starts_with("tile/") {
            *get(&mut whole, &name) = content;
        }
    }
    resign_manifest(&mut whole);
    let answer = failed(&whole);
    assert!(names(&answer).contains(&"checkpoint.latest"), "{answer}");
    assert!(matches!(answer.completeness.log, Level::Failed { .. }));
}

#[test]
fn a_fork_signed_by_another_key_fails_only_with_a_pin() {
    let mut forked = contents(8);
    let stranger =
        tickmark_ledger::note::SignerKey::from_seed(crate::fixture::ORIGIN, &[9; 32]).expect("key");
    forked.policy = tickmark_ledger::policy::Policy::of_log(stranger.verifier()).expect("policy");
    forked.checkpoint = forked.checkpoint.checkpoint.sign(&[&stranger]).expect("checkpoint");
    (forked.period_open, forked.period_close) = (None, None);
    let mut to = Cursor::new(Vec::new());
    bundle::write(&forked, &stranger, &mut to).expect("bundle");
    let bytes = to.into_inner();
    assert_eq!(verify(&bytes).expect("readable").exit_code(), 1);
    let unpinned = bundle::verify(Cursor::new(&bytes), &bundle::Expectations::default()).expect("readable");
    assert_eq!(unpinned.exit_code(), 0, "which is why the answer says that the key is not pinned");
}

#[test]
fn whole_log_claim_without_tiles_fails() {
    let mut bare: Files = files().into_iter().filter(|(name, _)| !name.starts_with("tile/")).collect();
    resign_manifest(&mut bare);
    let answer = failed(&bare);
    assert!(matches!(answer.completeness.log, Level::Failed { .. }));
}

#[test]
fn surplus_tiles_and_proofs_fail() {
    for (name, like) in [
        ("tile/0/002", "tile/0/000"),
        ("tile/0/001.p/43", "tile/0/001.p/44"),
        ("tile/entries/007", "tile/entries/000"),
        ("tile/3/000.p/1", "tile/1/000.p/1"),
        ("proofs/2.tlog-proof", "proofs/1.tlog-proof"),
        ("leaves/2.json", "leaves/1.json"),
        ("leaves/x.json", "leaves/1.json"),
        ("blobs/sha256/00/00", "leaves/1.json"),
    ] {
        let mut surplus = files();
        let content = get(&mut surplus, like).clone();
        surplus.push((name.to_owned(), content));
        resign_manifest(&mut surplus);
        assert!(
            names(&failed(&surplus)).iter().any(|found| *found == name || *found == "leaves/2.json"),
            "{name}"
        );
    }
}

#[test]
fn blobs_must_be_described_and_reproduce_their_commitment() {
    let stray = b"never collected".to_vec();
    let hex = Hash::of(&stray).hex();
    let name = format!("blobs/sha256/{}/{hex}", &hex[..2]);
    let mut added = files();
    added.push((name.clone(), stray));
    resign_manifest(&mut added);
    assert_eq!(names(&failed(&added)), [name.as_str()]);
    let mut salted = files();
    let salts = String::from_utf8(get(&mut salted, "salts.json").clone()).expect("text");
    let place = salts.find("\"salt\":\"").expect("salt") + 8;
    let digit = if &salts[place..=place] == "0" { "1" } else { "0" };
    *get(&mut salted, "salts.json") =
        format!("{}{digit}{}", &salts[..place], &salts[place + 1..]).into_bytes();
    resign_manifest(&mut salted);
    assert!(names(&failed(&salted)).iter().all(|name| name.starts_with("blobs/")));
}

#[test]
fn truncation_anywhere_is_unreadable() {
    let bytes = write(&contents(300));
    for part in 0..16 {
        let cut = &bytes[..bytes.len() * part / 16];
        assert!(verify(cut).is_err(), "{part}/16");
    }
    assert!(verify(&bytes[..bytes.len() - 1]).is_err());
    assert!(verify(&[bytes.as_slice(), b"trailing"].concat()).is_err());
    assert!(verify(&[b"leading", bytes.as_slice()].concat()).is_err());
    assert!(verify(b"").is_err());
    assert!(verify(b"%PDF-1.7").is_err());
}

#[test]
fn another_zip_is_not_a_bundle() {
    let error =
        verify(&pack(&[("hello.txt".to_owned(), b"hello".to_vec())])).expect_err("no bundle").to_string();
    assert!(error.contains("not an evidence bundle"), "{error}");
}

#[test]
fn unsafe_names_are_unreadable() {
    for name in ["../evil", "/etc/passwd", "a/../../b", "C:\\evil", "a//b", "./x", "folder/"] {
        let mut evil = files();
        evil.push((name.to_owned(), Vec::new()));
        let error = verify(&pack(&evil)).expect_err(name).to_string();
        assert!(error.contains("unreadable"), "{name}: {error}");
    }
}

fn archive_with(add: impl FnOnce(&mut zip::ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files() {
        archive.start_file(name, SimpleFileOptions::default()).expect("file");
        archive.write_all(&content).expect("content");
    }
    add(&mut archive);
    archive.finish().expect("archive").into_inner()
}

#[test]
fn links_and_folders_are_unreadable() {
    let link = archive_with(|archive| {
        archive.add_symlink("zlink", "/etc/passwd", SimpleFileOptions::default()).expect("link");
    });
    assert!(verify(&link).expect_err("link").to_string().contains("plain file"));
    let folder = archive_with(|archive| {
        archive.add_directory("zfolder", SimpleFileOptions::default()).expect("folder")
    });
    assert!(verify(&folder).is_err());
}

#[test]
fn duplicate_names_are_unreadable_and_named() {
    let bytes = archive_with(|archive| {
        archive.start_file("policz", SimpleFileOptions::default()).expect("file");
        archive.write_all(b"evil").expect("content");
    });
    let doubled: Vec<u8> = replace_all(&bytes, b"policz", b"policy");
    let error = verify(&doubled).expect_err("duplicate").to_string();
    assert!(error.contains("policy"), "{error}");
}

fn replace_all(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

#[test]
fn bombs_are_unreadable_before_they_inflate() {
    let bomb = archive_with(|archive| {
        archive.start_file("zbomb", SimpleFileOptions::default()).expect("file");
        archive.write_all(&vec![0; 64 << 20]).expect("content");
    });
    assert!(bomb.len() < 1 << 20);
    let error = verify(&bomb).expect_err("bomb").to_string();
    assert!(error.contains("zbomb") && error.contains("inflates"), "{error}");
    // A bomb that lies about its size in both of its headers inflates no further than it says.
    let small = archive_with(|archive| {
        archive.start_file("zbomb", SimpleFileOptions::default()).expect("file");
        archive.write_all(&vec![0; 512 << 10]).expect("content");
    });
    let lying = replace_all(&small, &(512_u32 << 10).to_le_bytes(), &16_u32.to_le_bytes());
    match verify(&lying) {
        Ok(answer) => assert!(names(&answer).contains(&"zbomb")),
        Err(error) => assert!(error.to_string().contains("unreadable")),
    }
    let mut limits = pinned();
    limits.limits.max_file_bytes = 100;
    assert!(bundle::verify(Cursor::new(pack(&files())), &limits).is_err());
}

#[test]
fn damage_inside_a_packed_file_is_named_or_unreadable() {
    let bytes = write(&contents(8));
    let mut named = 0;
    for at in (0..bytes.len()).step_by(31) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        match verify(&damaged) {
            Err(_) => {}
            Ok(answer) if answer.has_failed() => named += 1,
            // Moments and attributes in headers are not content.
            Ok(_) => assert_eq!(unpack(&damaged), unpack(&bytes), "byte {at} changed content unnoticed"),
        }
    }
    assert!(named > 50, "{named}");
}

mod properties {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = crate::fixture::verify(&bytes);
            let _ = crate::fixture::verify(&[b"PK\x03\x04".as_slice(), &bytes, b"PK\x05\x06", &[0; 18]].concat());
        }

        #[test]
        fn arbitrary_files_never_panic(place in 0..12_usize, content in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut files = crate::fixture::unpack(&crate::fixture::write(&crate::fixture::contents(8)));
            let place = place % files.len();
            let is_same = files[place].1 == content;
            files[place].1 = content;
            let answer = crate::fixture::verify(&crate::fixture::pack(&files)).expect("readable");
            prop_assert_eq!(answer.has_failed(), !is_same);
        }
    }
}
