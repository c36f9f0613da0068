//! Old copies, lost keys, and folders that cannot be written.

use std::fs;
use std::path::Path;

use tickmark_app::testing::World;
use tickmark_app::{Error, ledger};

use crate::ledger::{quiet, record};

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copying");
    }
}

/// Copies a folder with everything in it.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copying");
        }
    }
}

#[tokio::test]
async fn an_old_copy_of_the_database_is_not_signed_over() {
    let world = World::sqlite();
    let (app, actor) = world.start().await;
    record(&app, &actor, 5).await;
    app.sequence(&actor).await.expect("sequencing");
    app.close().await;
    drop(app);
    let old = world.folder().join("../old");
    copy_folder(&world.folder().join("db"), &old);
    let (app, actor) = world.start().await;
    record(&app, &actor, 5).await;
    app.sequence(&actor).await.expect("sequencing");
    app.close().await;
    drop(app);
    fs::remove_dir_all(world.folder().join("db")).expect("losing the database");
    copy_folder(&old, &world.folder().join("db"));

    let error = world.try_start().await.expect_err("behind");
    let message = error.to_string();
    assert!(message.contains("has 6 entries, but a checkpoint over 11 was released"), "{message}");
    assert!(message.contains("nothing is signed over the gap"), "{message}");
}

#[tokio::test]
async fn another_history_of_the_same_length_is_refused() {
    let world = World::sqlite();
    let (app, actor) = world.start().await;
    app.close().await;
    drop(app);
    let old = world.folder().join("../old");
    copy_folder(&world.folder().join("db"), &old);
    let mark =
        fs::read_dir(world.folder().join("state")).expect("state").flatten().next().expect("a mark").path();
    let early = fs::read(&mark).expect("the mark");
    let grow = async |count| {
        let (app, _) = world.start().await;
        world.wait(1);
        record(&app, &actor, count).await;
        app.sequence(&actor).await.expect("sequencing");
        app.close().await;
    };
    grow(5).await;
    let released = fs::read(&mark).expect("the mark");
    for count in [5, 8] {
        fs::remove_dir_all(world.folder().join("db")).expect("losing the database");
        copy_folder(&old, &world.folder().join("db"));
        fs::write(&mark, &early).expect("forgetting what was released");
        grow(count).await;
        fs::write(&mark, &released).expect("remembering");
        let error = world.try_start().await.expect_err("a fork");
        assert!(error.to_string().contains("first 6 entries are not those of the checkpoint"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_or_foreign_key_is_named() {
    for world in World::both().await {
        let (app, _) = world.start().await;
        let keys = app.folder().keys();
        drop(app);
        let file = fs::read_dir(&keys).expect("keys").flatten().next().expect("a key").path();
        let good = fs::read_to_string(&file).expect("the key");
        let other = World::sqlite();
        other.wait(1);
        let (elsewhere, _) = other.start().await;
        let foreign =
            fs::read_dir(elsewhere.folder().keys()).expect("keys").flatten().next().expect("a key").path();

        fs::write(&file, fs::read(foreign).expect("the other key")).expect("swapping");
        let error = world.try_start().await.expect_err("another key").to_string();
        assert!(error.contains("the key file holds") && !error.contains("PRIVATE"), "{error}");
        fs::write(&file, "garbage").expect("damaging");
        let error = world.try_start().await.expect_err("no key").to_string();
        assert!(error.contains("does not hold a signing key"), "{error}");
        fs::remove_file(&file).expect("losing");
        let error = world.try_start().await.expect_err("no key").to_string();
        assert!(error.contains("signing key") && error.contains("cannot be read"), "{error}");
        fs::write(&file, good).expect("restoring");
        world.try_start().await.expect("starting");
    }
}

#[tokio::test]
async fn inspection_reads_beside_a_writer_and_changes_nothing() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        record(&app, &actor, 3).await;
        let inspecting = world.try_inspect().await.expect("inspecting");
        let pending =
            inspecting.read(&actor, async |view| ledger::pending(view).await).await.expect("pending");
        assert_eq!(pending, 3);
        assert!(matches!(
            inspecting.transact(&actor, async |_| Ok(())).await,
            Err(Error::Unavailable { .. })
        ));
        assert!(inspecting.sequence(&actor).await.is_err());
        assert_eq!(inspecting.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
        app.sequence(&actor).await.expect("sequencing");
        let head = inspecting.read(&actor, async |view| ledger::head(view).await).await.expect("head");
        assert_eq!(head.size, 4);
        assert!(matches!(world.try_start().await, Err(Error::Unavailable { .. })), "one writer at a time");
    }
}
