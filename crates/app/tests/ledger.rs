use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, ledger};
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::note::{SignedCheckpoint, VerifierKey};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tile::{Tile, TilePath, TileSet, read_entries};
use tickmark_ledger::tree::{hash_leaf, root_of, verify_consistency, verify_inclusion};

/// Records `count` entries in one change.
pub(crate) async fn record(app: &App, actor: &Actor, count: usize) {
    app.transact(actor, async |cx| {
        for n in 0..count {
            cx.record(LeafKind::Heartbeat, &json!({"n": n}))?;
        }
        Ok(())
    })
    .await
    .expect("recording");
}

pub(crate) fn quiet(_done: u64, _total: u64) {}

#[tokio::test]
async fn entries_are_committed_with_the_change_or_not_at_all() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let failed: Result<(), Error> = app
            .transact(&actor, async |cx| {
                cx.record(LeafKind::Heartbeat, &json!({}))?;
                Err(Error::invalid("something later"))
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(app.read(&actor, async |view| ledger::pending(view).await).await.expect("pending"), 0);
        record(&app, &actor, 3).await;
        assert_eq!(app.read(&actor, async |view| ledger::pending(view).await).await.expect("pending"), 3);
        let head = app.sequence(&actor).await.expect("sequencing");
        assert_eq!(head.size, 4);
        assert_eq!(app.sequence(&actor).await.expect("nothing to do"), head);
    }
}

#[tokio::test]
async fn a_log_that_somebody_watches_is_never_silent_for_long() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let head = app.sequence(&actor).await.expect("sequencing");
        assert!(!app.heartbeat(&actor).await.expect("asked"), "something was just said");
        world.clock.advance(ledger::HEARTBEAT_EVERY_US - 1);
        assert!(!app.heartbeat(&actor).await.expect("asked"));
        world.clock.advance(1);
        assert!(app.heartbeat(&actor).await.expect("recorded"));
        assert!(!app.heartbeat(&actor).await.expect("asked"), "one waits for its place");
        assert_eq!(app.sequence(&actor).await.expect("sequencing").size, head.size + 1);
        assert!(!app.heartbeat(&actor).await.expect("asked"));
        let newest = app.read(&actor, async |view| ledger::latest(view, 1).await).await.expect("an entry");
        assert_eq!(newest[0].leaf().expect("a leaf").kind, LeafKind::Heartbeat);
    }
}

#[tokio::test]
async fn the_order_inside_a_change_is_kept_and_a_large_body_is_refused() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        record(&app, &actor, 50).await;
        app.sequence(&actor).await.expect("sequencing");
        let entries =
            app.read(&actor, async |view| ledger::entries(view, 1, 1000).await).await.expect("entries");
        for (n, entry) in entries.iter().enumerate() {
            assert_eq!(entry.leaf().expect("leaf").body_value(), json!({"n": n}));
        }
        let large = json!({"text": "x".repeat(17 * 1024)});
        let refused = app.transact(&actor, async |cx| cx.record(LeafKind::AuditEvent, &large)).await;
        assert!(refused.is_err());
    }
}

#[tokio::test]
async fn every_entry_is_provable_and_the_root_is_that_of_all_entries() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        // Past two full tiles, over several checkpoints.
        for count in [1, 2, 253, 1, 300, 40] {
            record(&app, &actor, count).await;
            app.sequence(&actor).await.expect("sequencing");
        }
        let head = app.sequence(&actor).await.expect("sequencing");
        assert_eq!(head.size, 598);
        let entries =
            app.read(&actor, async |view| ledger::entries(view, 0, 1000).await).await.expect("entries");
        let hashes: Vec<_> = entries.iter().map(|entry| hash_leaf(&entry.content)).collect();
        assert_eq!(root_of(&hashes), head.root);
        let key: VerifierKey = head.verifier_key.parse().expect("a key");
        let policy = Policy::of_log(key).expect("a policy");

        app.read(&actor, async |view| {
            for index in [0, 1, 255, 256, 511, 512, 597] {
                let proof = ledger::prove_inclusion(view, index).await?;
                let signed = SignedCheckpoint::parse(proof.checkpoint.as_bytes()).expect("a checkpoint");
                policy.accept(&signed).expect("signed by the log");
                let place = usize::try_from(index).expect("small");
                verify_inclusion(&hashes[place], index, head.size, &proof.hashes, &signed.checkpoint.root)
                    .expect("included");
            }
            assert!(matches!(ledger::prove_inclusion(view, 598).await, Err(Error::NotFound { .. })));
            for (old, new) in [(1, 2), (2, 598), (255, 256), (256, 300), (511, 597), (598, 598)] {
                let proof = ledger::prove_consistency(view, old, new).await?;
                let old_root = root_of(&hashes[..usize::try_from(old).expect("small")]);
                assert_eq!(proof.old_root, old_root);
                verify_consistency(old, &old_root, new, &proof.new_root, &proof.hashes).expect("consistent");
            }
            for (old, new) in [(0, 1), (3, 2), (1, 599)] {
                assert!(matches!(ledger::prove_consistency(view, old, new).await, Err(Error::Invalid(_))));
            }
            let early = ledger::checkpoint_at(view, 257).await?;
            assert_eq!(early.checkpoint.root, root_of(&hashes[..257]));
            assert_eq!(ledger::checkpoint_at(view, 2).await?.checkpoint.size, 2);
            assert!(matches!(ledger::checkpoint_at(view, 3).await, Err(Error::NotFound { .. })));
            assert_eq!(ledger::tiles(view, head.size).await?, TileSet::from_leaf_hashes(hashes.clone()));
            let found = ledger::find(view, entries[300].id.parse().expect("an id")).await?;
            assert_eq!(found.as_ref(), Some(&entries[300]));
            Ok(())
        })
        .await
        .expect("proofs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_and_sequencers_at_once_lose_and_repeat_nothing() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (app, actor) = (Arc::new(app), Arc::new(actor));
        let tasks: Vec<_> = (0..150_u32)
            .map(|n| {
                let (app, actor) = (app.clone(), actor.clone());
                tokio::spawn(async move {
                    let id = app
                        .transact(&actor, async |cx| cx.record(LeafKind::Heartbeat, &json!({"writer": n})))
                        .await
                        .expect("recording");
                    if n % 10 == 0 {
                        app.sequence(&actor).await.expect("sequencing");
                    }
                    id.to_string()
                })
            })
            .collect();
        let mut ids = BTreeSet::new();
        for task in tasks {
            ids.insert(task.await.expect("a writer"));
        }
        assert_eq!(app.sequence(&actor).await.expect("sequencing").size, 151);
        let entries =
            app.read(&actor, async |view| ledger::entries(view, 1, 1000).await).await.expect("entries");
        let logged: BTreeSet<_> = entries.into_iter().map(|entry| entry.id).collect();
        assert_eq!(logged, ids);
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
    }
}

#[tokio::test]
async fn more_than_a_batch_is_sequenced_at_once() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        record(&app, &actor, 9000).await;
        assert_eq!(app.sequence(&actor).await.expect("sequencing").size, 9001);
        let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
        assert_eq!((scrub.leaves, scrub.tiles, scrub.count), (9001, 35, 0), "{:?}", scrub.differences);
        let last =
            app.read(&actor, async |view| ledger::last_scrub(view).await).await.expect("the last scrub");
        assert_eq!(last, Some(scrub));
        // However much a process left behind: the next start gives everything its position.
        record(&app, &actor, 9000).await;
        app.close().await;
        drop(app);
        let app = world.try_start().await.expect("starting again");
        let head = app.read(&actor, async |view| ledger::head(view).await).await.expect("head");
        assert_eq!(head.size, 18_001);
        app.close().await;
    }
}

#[tokio::test]
async fn a_clock_that_went_back_is_noted_once() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        world.wait(100);
        record(&app, &actor, 1).await;
        app.sequence(&actor).await.expect("sequencing");
        world.wait(-86_400);
        for _ in 0..2 {
            record(&app, &actor, 1).await;
            app.sequence(&actor).await.expect("sequencing");
        }
        let entries =
            app.read(&actor, async |view| ledger::entries(view, 0, 100).await).await.expect("entries");
        let kinds: Vec<_> = entries.iter().map(|entry| entry.leaf().expect("a leaf").kind).collect();
        assert_eq!(
            kinds,
            [
                LeafKind::LogGenesis,
                LeafKind::Heartbeat,
                LeafKind::ClockAnomaly,
                LeafKind::Heartbeat,
                LeafKind::Heartbeat
            ]
        );
    }
}

#[tokio::test]
async fn the_exported_folder_is_a_complete_tlog_tiles_log() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        record(&app, &actor, 299).await;
        app.sequence(&actor).await.expect("sequencing");
        let folder = tempfile::tempdir().expect("scratch");
        let first = app.export_log(&actor, folder.path(), &quiet).await.expect("exporting");
        assert_eq!((first.size, first.written, first.kept), (300, 5, 0));
        record(&app, &actor, 300).await;
        let head = app.sequence(&actor).await.expect("sequencing");
        let second = app.export_log(&actor, folder.path(), &quiet).await.expect("exporting again");
        assert_eq!(second.kept, 2);

        // Read back with nothing but the published formats.
        let checkpoint = std::fs::read(folder.path().join("checkpoint")).expect("the checkpoint");
        let signed = SignedCheckpoint::parse(&checkpoint).expect("a checkpoint");
        Policy::of_log(head.verifier_key.parse().expect("a key"))
            .expect("a policy")
            .accept(&signed)
            .expect("signed");
        let mut hashes = Vec::new();
        for (index, width) in TilePath::all_entries(signed.checkpoint.size) {
            let bundle = std::fs::read(folder.path().join(TilePath::Entries { index, width }.path()))
                .expect("a bundle");
            hashes.extend(read_entries(&bundle, width).expect("entries").into_iter().map(hash_leaf));
        }
        assert_eq!(root_of(&hashes), signed.checkpoint.root);
        let mut tiles = TileSet::new();
        for tile in Tile::all(signed.checkpoint.size) {
            let bytes = std::fs::read(folder.path().join(tile.path())).expect("a tile");
            tiles.insert(tile.level, tile.index, tile.read(&bytes).expect("hashes"));
        }
        assert_eq!(tiles, TileSet::from_leaf_hashes(hashes));

        std::fs::write(folder.path().join("tile/0/000"), b"other").expect("tampering");
        let error = app.export_log(&actor, folder.path(), &quiet).await.expect_err("not of this log");
        assert!(error.to_string().contains("tile/0/000"), "{error}");
    }
}
