//! Copies of a data folder, made and restored by the program.

mod support;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use support::{Folder, errors, tickmark};

static FIRST: OnceLock<Folder> = OnceLock::new();

#[test]
fn a_copy_is_whole_grows_by_what_is_new_and_can_be_worked_with() {
    let folder = Folder::copy_of(&FIRST, &["init", "--organization", "Acme"]);
    fs::create_dir_all(folder.data().join("checks")).expect("made");
    fs::write(folder.data().join("checks/parameters.toml"), "# none\n").expect("written");
    let copy = folder.scratch.path().join("copy");
    let to = copy.to_str().expect("UTF-8");
    let evidence = folder.scratch.path().join("review.txt");
    fs::write(&evidence, "reviewed").expect("written");
    folder.json(&["control", "start", "IAM-07", "--owner", "Ada"]);
    folder.json(&["perform", "IAM-07", "--by", "Ada", "--evidence", evidence.to_str().expect("UTF-8")]);

    let first = folder.json(&["backup", to]);
    assert!(first["new_objects"].as_u64() > Some(0), "{first}");
    let second = folder.json(&["backup", to]);
    assert_eq!((&second["new_objects"], &second["objects"]), (&0.into(), &first["objects"]));
    assert!(!copy.join("keys").read_dir().expect("made").any(|_| true), "keys stay where they are");
    assert!(copy.join("checks/parameters.toml").is_file());

    // Restored: keys are put in, and it goes on where the original stood.
    let third = folder.json(&["backup", to, "--with-keys"]);
    assert_eq!(third["keys"], true);
    let fsck = tickmark(&copy, &["ledger", "fsck"]);
    assert_eq!(fsck.status.code(), Some(0), "{}", errors(&fsck));
    let checkpoint = |data: &Path| {
        let shown = tickmark(data, &["ledger", "show", "--json"]).stdout;
        serde_json::from_slice::<Value>(&shown).expect("JSON")["checkpoint"].clone()
    };
    assert_eq!(checkpoint(&copy), checkpoint(&folder.data()));
    let retired = tickmark(&copy, &["control", "retire", "IAM-07", "--by", "Ada"]);
    assert_eq!(retired.status.code(), Some(0), "{}", errors(&retired));
}

#[test]
fn a_copy_goes_only_where_nothing_else_is() {
    let folder = Folder::copy_of(&FIRST, &["init", "--organization", "Acme"]);
    let other = folder.scratch.path().join("photos");
    fs::create_dir(&other).expect("made");
    fs::write(other.join("cat.jpg"), "x").expect("written");
    let inside = folder.data().join("copy");
    for to in [&other, &folder.data(), &inside] {
        let output = folder.run(&["backup", to.to_str().expect("UTF-8")]);
        assert_ne!(output.status.code(), Some(0), "{}", to.display());
        assert!(!errors(&output).is_empty());
    }
    assert_eq!(fs::read(other.join("cat.jpg")).expect("still there"), b"x");
}
