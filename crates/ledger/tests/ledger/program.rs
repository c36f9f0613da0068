//! `tickmark-verify` as a program: what it says and what it exits with.

use std::path::Path;
use std::process::{Command, Output};

use tickmark_ledger::directory::Export;
use tickmark_ledger::tile::TileError;

use crate::fixture::{checkpoint, contents, leaves, pack, signer, unpack, write};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tickmark-verify")).args(arguments).output().expect("program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn check(arguments: &[&str], code: i32, expected: &str) {
    let output = run(arguments);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(text.contains(expected), "{arguments:?}: {text}");
}

fn path(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn bundles_are_answered_by_exit_code() {
    let folder = tempfile::tempdir().expect("folder");
    let good = folder.path().join("good.zip");
    std::fs::write(&good, write(&contents(8))).expect("written");
    let key = signer().verifier().to_string();
    check(&[path(&good)], 0, "which you have not pinned");
    check(&[path(&good), "--key", &key], 0, "PROVEN");
    let policy = folder.path().join("policy");
    std::fs::write(&policy, format!("log {key}\nquorum none\n")).expect("written");
    check(&["--policy", path(&policy), path(&good)], 0, "PROVEN");
    let json = run(&[path(&good), "--key", &key, "--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&answer["ok"], &answer["signer"]["trust"]), (&true.into(), &"pinned".into()));

    let mut files = unpack(&write(&contents(8)));
    files[1].1[0] ^= 1;
    let bad = folder.path().join("bad.zip");
    std::fs::write(&bad, pack(&files)).expect("written");
    check(&[path(&bad), "--key", &key], 1, &files[1].0);
    let kept = folder.path().join("kept");
    std::fs::write(&kept, checkpoint(&leaves(8)[..5]).to_text()).expect("written");
    check(&[path(&good), "--key", &key, "--held", path(&kept)], 0, "continues 1 checkpoint that you hold");
    std::fs::write(&kept, checkpoint(&leaves(9)).to_text()).expect("written");
    check(&[path(&good), "--key", &key, "--held", path(&kept)], 1, "entries were dropped");
    check(&[path(&good), "--key", &key, "--held", path(&good)], 2, "good.zip");

    let other = tickmark_ledger::note::SignerKey::from_seed("example.org/log/1", &[1; 32]).expect("key");
    check(&[path(&good), "--key", &other.verifier().to_string()], 1, "nobody whose signature counts");

    let cut = folder.path().join("cut.zip");
    std::fs::write(&cut, &write(&contents(8))[..500]).expect("written");
    check(&[path(&cut)], 2, "unreadable");
    check(&[path(&folder.path().join("absent.zip"))], 2, "absent.zip");
}

#[test]
fn wrong_usage_is_said() {
    check(&[], 2, "no bundle given");
    check(&["--help"], 0, "Usage:");
    check(&["--version"], 0, env!("CARGO_PKG_VERSION"));
    check(&["a.zip", "b.zip"], 2, "unexpected argument");
    check(&["--frobnicate"], 2, "unknown option");
    check(&["a.zip", "--key"], 2, "needs a value");
    check(&["a.zip", "--key", "nonsense"], 2, "not a key");
    let key = signer().verifier().to_string();
    check(&["a.zip", "--key", &key, "--key", &key], 2, "once");
    check(&["a.zip", "--policy", "/nonexistent/policy"], 2, "policy");
}

#[test]
fn exported_directories_are_checked() {
    let folder = tempfile::tempdir().expect("folder");
    let mut export = Export::new();
    let mut emit = |name: String, bytes: Vec<u8>| -> Result<(), TileError> {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("parent")).expect("folder");
        std::fs::write(file, bytes).expect("written");
        Ok(())
    };
    let leaves = leaves(600);
    for leaf in &leaves {
        export.push(leaf, &mut emit).expect("fits");
    }
    export.finish(&checkpoint(&leaves), &mut emit).expect("written");
    let key = signer().verifier().to_string();
    check(&[path(folder.path()), "--key", &key], 0, "All entries rehash");
    check(&[path(folder.path()), "--key", &key, "--json"], 0, "\"ok\": true");
    check(&[path(folder.path())], 2, "give --key");
    let bundle = folder.path().join("tile/entries/001");
    let mut bytes = std::fs::read(&bundle).expect("read");
    bytes[100] ^= 1;
    std::fs::write(&bundle, bytes).expect("written");
    check(&[path(folder.path()), "--key", &key], 1, "entry 256");
}
