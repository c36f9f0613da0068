//! The by-hand instructions of `README.txt`, carried out. Machines without these tools skip nothing silently: the
//! instructions are Python and are run with whatever `python3` is there; without one the text alone is checked.

use std::path::Path;
use std::process::Command;

use crate::fixture::{contents, signer, unpack, write};

fn scripts(readme: &str) -> Vec<String> {
    let parts = readme.split("python3 - <<'END'\n").skip(1);
    let script = |part: &str| {
        let lines = part.lines().take_while(|line| line.trim() != "END");
        lines.map(|line| line.strip_prefix("     ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
    };
    parts.map(script).collect()
}

fn unpack_to(folder: &Path, bytes: &[u8]) {
    for (name, content) in unpack(bytes) {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().expect("parent")).expect("folder");
        std::fs::write(file, content).expect("written");
    }
}

#[test]
fn instructions_find_a_whole_bundle_whole_and_a_changed_one_changed() {
    let bytes = write(&contents(700));
    let readme = unpack(&bytes).into_iter().find(|(name, _)| name == "README.txt").expect("readme").1;
    let scripts = scripts(std::str::from_utf8(&readme).expect("text"));
    assert_eq!(scripts.len(), 4);
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    unpack_to(folder.path(), &bytes);
    let run = |script: &String| {
        let output =
            Command::new("python3").args(["-c", script]).current_dir(folder.path()).output().expect("python");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    for script in &scripts {
        let said = run(script);
        assert!(
            !said.is_empty()
                && !said.contains("CHANGED")
                && !said.contains("NOT")
                && !said.contains("ANOTHER"),
            "{said}"
        );
    }
    // What the second one leaves is what the log's key signed.
    let key = [
        hex::decode("302a300506032b6570032100").expect("quoted").as_slice(),
        signer().verifier().public_key(),
    ]
    .concat();
    std::fs::write(folder.path().join("key.der"), key).expect("written");
    let verify = || {
        let words = "pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text -sigfile signature";
        let output = Command::new("openssl").args(words.split(' ')).current_dir(folder.path()).output();
        output.expect("openssl, which the tests need").status.success()
    };
    run(&scripts[1]);
    assert!(verify());
    std::fs::write(folder.path().join("text"), b"DSSEv1 1 t 1 p").expect("written");
    assert!(!verify());
    let entries = folder.path().join("tile/entries/001");
    let mut changed = std::fs::read(&entries).expect("read");
    changed[10] ^= 1;
    std::fs::write(&entries, changed).expect("written");
    assert!(run(&scripts[0]).contains("CHANGED tile/entries/001"));
    assert!(run(&scripts[2]).contains("NOT THOSE OF THE CHECKPOINT"));
}
