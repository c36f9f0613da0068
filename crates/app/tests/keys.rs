//! Keys that are replaced or revoked, and logs that go on after an old copy was restored.

use std::fs;
use std::path::PathBuf;

use tickmark_app::ledger::{self, EpochCause};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_ledger::epoch::{Genesis, KeyRotate, RevocationReason, Rotation};
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::note::{SignedCheckpoint, VerifierKey};
use tickmark_ledger::policy::Policy;

use crate::ledger::{quiet, record};
use crate::rollback::copy_all;

async fn grow(app: &App, actor: &Actor, count: usize) -> ledger::Head {
    record(app, actor, count).await;
    app.sequence(actor).await.expect("sequencing")
}

async fn head(app: &App, actor: &Actor) -> ledger::Head {
    app.read(actor, async |view| ledger::head(view).await).await.expect("head")
}

fn signed(head: &ledger::Head) -> SignedCheckpoint {
    SignedCheckpoint::parse(head.checkpoint.as_bytes()).expect("a checkpoint")
}

fn key_files(app: &App) -> usize {
    let names = fs::read_dir(app.folder().keys()).expect("keys").flatten();
    names.filter(|entry| entry.file_name().to_string_lossy().starts_with("log-")).count()
}

/// The bodies of entries of a kind.
async fn bodies(app: &App, actor: &Actor, kind: LeafKind) -> Vec<(u64, Vec<u8>)> {
    let entries = app.read(actor, async |view| ledger::entries(view, 0, 1000).await).await.expect("entries");
    let leaf = |entry: &ledger::LogEntry| {
        let leaf = entry.leaf().expect("a leaf");
        (leaf.kind == kind).then(|| (entry.index, leaf.body.to_vec()))
    };
    entries.iter().filter_map(leaf).collect()
}

#[tokio::test]
async fn both_keys_sign_until_the_overlap_ends() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        grow(&app, &actor, 3).await;
        let error = app.finish_rotation(&actor).await.expect_err("nothing to finish");
        assert!(matches!(error, Error::Conflict(_)), "{error:?}");
        let begun = app.rotate_key(&actor).await.expect("rotating");
        assert!(matches!(app.rotate_key(&actor).await, Err(Error::Conflict(_))), "one at a time");
        assert_eq!(key_files(&app), 2);
        let (old, new): (VerifierKey, VerifierKey) =
            (begun.old.parse().expect("key"), begun.new.parse().expect("key"));
        let trusts = |key: &VerifierKey| Policy::of_log(key.clone()).expect("policy");
        let now = head(&app, &actor).await;
        for key in [&old, &new] {
            trusts(key).accept(&signed(&now)).expect("both keys signed");
        }
        // The statement in the log leads from the old key to the new one.
        let rotations = bodies(&app, &actor, LeafKind::KeyRotate).await;
        let body: KeyRotate = serde_json::from_slice(&rotations[0].1).expect("a body");
        let mut policy = trusts(&old);
        policy.follow(&Rotation::verify(body.note.as_bytes()).expect("a statement")).expect("followed");
        // A start in between changes nothing.
        app.close().await;
        drop(app);
        let (app, actor) = world.start().await;
        let now = grow(&app, &actor, 300).await;
        assert!(trusts(&old).accept(&signed(&now)).is_ok() && trusts(&new).accept(&signed(&now)).is_ok());

        let ended = app.finish_rotation(&actor).await.expect("finishing");
        assert_eq!((ended.until, key_files(&app)), (Some(now.size), 1));
        let now = grow(&app, &actor, 2).await;
        assert_eq!(now.verifier_key, begun.new);
        assert!(trusts(&new).accept(&signed(&now)).is_ok() && trusts(&old).accept(&signed(&now)).is_err());
        let rotations = bodies(&app, &actor, LeafKind::KeyRotate).await;
        let body: KeyRotate = serde_json::from_slice(&rotations[1].1).expect("a body");
        policy.follow(&Rotation::verify(body.note.as_bytes()).expect("a statement")).expect("followed");
        policy.accept(&signed(&now)).expect("whoever pinned the first key is here now");
        assert_eq!(app.read(&actor, async |view| ledger::policy(view).await).await.expect("policy"), policy);
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
        app.close().await;
        drop(app);
        world.try_start().await.expect("starting");
    }
}

#[tokio::test]
async fn a_revoked_key_ends_in_a_new_epoch() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let before = grow(&app, &actor, 5).await;
        let cause = EpochCause::Revoked(RevocationReason::Compromised);
        assert!(matches!(app.begin_epoch(&actor, cause, " ").await, Err(Error::Invalid(_))));
        let begun = app.begin_epoch(&actor, cause, "a laptop was stolen").await.expect("a new epoch");
        assert_eq!((begun.epoch, begun.began_at, begun.is_confirmed), (2, before.size, false));
        assert_eq!((begun.continues.size, begun.continues.root), (before.size, before.root));
        assert_eq!(key_files(&app), 1, "the old private key is destroyed");
        let now = head(&app, &actor).await;
        assert_eq!((now.epoch, now.verifier_key.as_str()), (2, begun.verifier_key.as_str()));
        assert!(now.origin.ends_with("/2") && now.size == before.size + 3, "{now:?}");
        // The reason is nowhere in the log.
        let geneses = bodies(&app, &actor, LeafKind::LogGenesis).await;
        let genesis: Genesis = serde_json::from_slice(&geneses[1].1).expect("a body");
        assert_eq!(geneses[1].0, before.size, "the epoch says first what it is");
        assert_eq!(genesis.continues.expect("the epoch before").size, before.size);
        let entries = app.read(&actor, async |view| ledger::latest(view, 9).await).await.expect("entries");
        assert!(entries.iter().all(|entry| !String::from_utf8_lossy(&entry.content).contains("laptop")));
        grow(&app, &actor, 300).await;
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
        app.close().await;
        drop(app);
        let (app, actor) = world.start().await;
        grow(&app, &actor, 1).await;
    }
}

/// A world whose database is an old copy: (exported log, sizes old and new).
async fn restored(world: &World) -> (PathBuf, u64, u64) {
    let (app, actor) = world.start().await;
    let old = grow(&app, &actor, 290).await.size;
    app.close().await;
    drop(app);
    let copy = world.folder().join("../old");
    copy_all(&world.folder().join("db"), &copy);
    let (app, actor) = world.start().await;
    world.wait(1);
    let new = grow(&app, &actor, 300).await.size;
    let export = world.folder().join("../export");
    app.export_log(&actor, &export, &quiet).await.expect("exporting");
    app.close().await;
    drop(app);
    fs::remove_dir_all(world.folder().join("db")).expect("losing the database");
    copy_all(&copy, &world.folder().join("db"));
    let error = world.try_start().await.expect_err("behind").to_string();
    for part in
        ["nothing is signed over the gap", "ledger recover --from DIR", "ledger new-epoch --reason TEXT"]
    {
        assert!(error.contains(part), "{error}");
    }
    (export, old, new)
}

#[tokio::test]
async fn a_restored_database_recovers_forward_from_an_exported_log() {
    let world = World::sqlite();
    let (export, old, new) = restored(&world).await;
    let app = world.try_repair().await.expect("repairing");
    let actor = app.only_organization().await.expect("the organization");
    let refused = app.sequence(&actor).await.expect_err("nothing is signed before the repair");
    assert!(refused.to_string().contains("nothing is signed over the gap"), "{refused}");

    // A tile that is cut short, an entry that is another one, a log that does not reach far enough: nothing is taken.
    let tile = export.join("tile/0/001");
    let good = fs::read(&tile).expect("a tile");
    fs::write(&tile, &good[..good.len() - 1]).expect("cutting");
    let error = app.recover_forward(&actor, &export).await.expect_err("cut short");
    assert!(matches!(&error, Error::Damaged { what, .. } if what.contains("tile/0/001")), "{error:?}");
    fs::write(&tile, &good).expect("repairing");
    let entries = export.join("tile/entries/001");
    let good = fs::read(&entries).expect("entries");
    let mut bad = good.clone();
    bad[100] ^= 1;
    fs::write(&entries, bad).expect("changing");
    let error = app.recover_forward(&actor, &export).await.expect_err("changed");
    assert!(matches!(&error, Error::Damaged { .. }), "{error:?}");
    fs::write(&entries, &good).expect("repairing");
    assert_eq!(head(&app, &actor).await.size, old, "nothing was changed");

    let recovered = app.recover_forward(&actor, &export).await.expect("recovering");
    assert_eq!((recovered.from, recovered.to), (old, new));
    let now = head(&app, &actor).await;
    assert_eq!((now.size, now.epoch), (new + 1, 1), "the restoration is an entry");
    assert_eq!(bodies(&app, &actor, LeafKind::RestoreEvent).await.len(), 1);
    assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
    let again = app.recover_forward(&actor, &export).await.expect_err("nothing to recover");
    assert!(matches!(again, Error::Conflict(_)), "{again:?}");
    app.close().await;
    drop(app);
    let (app, actor) = world.start().await;
    grow(&app, &actor, 3).await;
}

#[tokio::test]
async fn an_export_that_ends_too_early_or_is_another_log_is_refused() {
    let world = World::sqlite();
    let (export, old, _) = restored(&world).await;
    // Another history on the same old copy, by the same key: what was released is forgotten for that.
    let state = world.folder().join("state");
    let kept = world.folder().join("../state");
    copy_all(&state, &kept);
    fs::remove_dir_all(&state).expect("forgetting");
    fs::create_dir(&state).expect("an empty folder");
    let (app, actor) = world.start().await;
    world.wait(10);
    grow(&app, &actor, 5).await;
    app.close().await;
    drop(app);
    fs::remove_dir_all(&state).expect("the other history's mark");
    copy_all(&kept, &state);
    let app = world.try_repair().await.expect("repairing");
    let error = app.recover_forward(&actor, &export).await.expect_err("a fork");
    assert!(error.to_string().contains("it does not extend this log"), "{error}");
    assert_eq!(head(&app, &actor).await.size, old + 5);
}

#[tokio::test]
async fn a_restored_database_goes_on_in_a_new_epoch() {
    let world = World::sqlite();
    let (export, old, new) = restored(&world).await;
    let app = world.try_repair().await.expect("repairing");
    let actor = app.only_organization().await.expect("the organization");
    let begun = app.begin_epoch(&actor, EpochCause::Restored, "the disk died").await.expect("a new epoch");
    assert_eq!((begun.began_at, begun.continues.size, begun.is_confirmed), (old, new, true));
    let now = head(&app, &actor).await;
    assert_eq!((now.epoch, now.size), (2, old + 2));
    assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
    app.close().await;
    drop(app);
    let (app, actor) = world.start().await;
    let error = app.begin_epoch(&actor, EpochCause::Restored, "again").await.expect_err("not behind");
    assert!(matches!(error, Error::Conflict(_)), "{error:?}");
    let error = app.recover_forward(&actor, &export).await.expect_err("of the epoch before");
    assert!(matches!(error, Error::Conflict(_)), "{error:?}");
    grow(&app, &actor, 600).await;
    assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
}
