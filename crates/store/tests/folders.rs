use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tickmark_store::folder::write_durably;
use tickmark_store::{Access, DataFolder, StoreError};

/// Set for the second process of `a_second_process_is_told_which_folder_is_in_use`.
const SECOND: &str = "TICKMARK_TEST_SECOND_PROCESS";

#[test]
fn a_new_folder_is_private_and_opens_again() {
    let scratch = tempfile::tempdir().expect("scratch");
    let root = scratch.path().join("a/b");
    let folder = DataFolder::create_or_open(&root).expect("making");
    assert_eq!(folder.access(), Access::Write);
    assert_eq!(fs::metadata(&root).expect("there").permissions().mode() & 0o777, 0o700);
    for path in [folder.blobs(), folder.keys(), folder.state(), folder.backup(), folder.out()] {
        assert!(path.is_dir(), "{}", path.display());
    }
    fs::set_permissions(&root, Permissions::from_mode(0o755)).expect("loosening");
    drop(folder);
    DataFolder::create_or_open(&root).expect("opening again");
    assert_eq!(fs::metadata(&root).expect("there").permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_lock_excludes_a_second_writer_and_allows_inspection() {
    let scratch = tempfile::tempdir().expect("scratch");
    let first = DataFolder::create_or_open(scratch.path()).expect("making");
    match DataFolder::create_or_open(scratch.path()) {
        Err(StoreError::Locked(folder)) => assert_eq!(folder, first.root()),
        other => panic!("{other:?}"),
    }
    assert_eq!(DataFolder::inspect(scratch.path()).expect("inspecting").access(), Access::Inspect);
    drop(first);
    DataFolder::create_or_open(scratch.path()).expect("free again");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test starts itself as a second process")]
fn a_second_process_is_told_which_folder_is_in_use() {
    if let Some(root) = std::env::var_os(SECOND) {
        match DataFolder::create_or_open(root.as_ref()) {
            Ok(_) => println!("opened"),
            Err(error) => println!("refused: {error}"),
        }
        return;
    }
    let scratch = tempfile::tempdir().expect("scratch");
    let second = || {
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "folders::a_second_process_is_told_which_folder_is_in_use", "--nocapture"])
            .env(SECOND, scratch.path())
            .output()
            .expect("a second process");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let first = DataFolder::create_or_open(scratch.path()).expect("making");
    let answer = second();
    let named = format!("refused: the data folder {} is in use by another process", first.root().display());
    assert!(answer.contains(&named), "{answer}");
    drop(first);
    assert!(second().contains("opened"));
}

#[test]
fn foreign_folders_are_left_alone() {
    let scratch = tempfile::tempdir().expect("scratch");
    fs::write(scratch.path().join("thesis.txt"), "years of work").expect("a foreign file");
    let error = DataFolder::create_or_open(scratch.path()).expect_err("not ours");
    assert!(error.to_string().contains("is not empty and is not a data folder"), "{error}");
    assert!(matches!(DataFolder::inspect(scratch.path()), Err(StoreError::NotADataFolder { .. })));
    assert_eq!(fs::read_dir(scratch.path()).expect("there").count(), 1);

    let newer = tempfile::tempdir().expect("scratch");
    fs::write(newer.path().join("LAYOUT"), "tickmark data folder, layout 2\n").expect("a later layout");
    let error = DataFolder::create_or_open(newer.path()).expect_err("not known");
    assert!(error.to_string().contains("layout that this version does not know"), "{error}");
}

#[test]
fn a_path_that_cannot_be_a_folder_is_named() {
    let scratch = tempfile::tempdir().expect("scratch");
    let file = scratch.path().join("file");
    fs::write(&file, "x").expect("a file");
    let error = DataFolder::create_or_open(&file.join("data")).expect_err("below a file");
    assert!(error.to_string().contains("file/data"), "{error}");
}

#[test]
fn a_file_is_replaced_as_a_whole_and_is_private() {
    let scratch = tempfile::tempdir().expect("scratch");
    let path = scratch.path().join("mark");
    write_durably(&path, b"one").expect("writing");
    write_durably(&path, b"two").expect("replacing");
    assert_eq!(fs::read(&path).expect("reading"), b"two");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(scratch.path()).expect("there").count(), 1);
    let error = write_durably(&scratch.path().join("no/such/folder"), b"x").expect_err("no folder");
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}
