//! Somebody with the database but without the key changes what is stored.

use bytes::Bytes;
use sqlx::AssertSqlSafe;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, evidence, observation};
use tickmark_core::id::TargetKey;
use tickmark_store::{Access, Dialect};

use crate::ledger::{quiet, record};
use crate::observation::{facts, host, library, run, seen};

/// Runs statements behind the program's back, with triggers that refuse changes taken away.
pub(crate) async fn tamper(world: &World, statements: &[&str]) {
    let database = world.database();
    let handle = match database.url() {
        Some(url) => tickmark_store::Database::open_postgres(url, Access::Write).await,
        None => {
            let file = world.folder().join("db/tickmark.sqlite");
            tickmark_store::Database::open_sqlite(&file, Access::Write).await
        }
    }
    .expect("opening");
    let mut tx = handle.write().await.expect("begin");
    for table in ["leaf", "tile", "log_checkpoint", "artifact"] {
        for change in ["update", "delete"] {
            let on =
                if database.dialect() == Dialect::Postgres { format!(" ON {table}") } else { String::new() };
            let drop = format!("DROP TRIGGER IF EXISTS {table}_refuses_{change}{on}");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *tx).await.expect("dropping a trigger");
        }
    }
    for statement in statements {
        let done =
            sqlx::raw_sql(AssertSqlSafe((*statement).to_owned())).execute(&mut *tx).await.expect("tampering");
        assert!(done.rows_affected() > 0, "{statement} changed nothing");
    }
    tx.commit().await.expect("commit");
    handle.close().await;
}

async fn filled(world: &World, entries: usize) -> (App, Actor) {
    let (app, actor) = world.start().await;
    app.transact(&actor, async |cx| {
        evidence::store_document(cx, "policy.txt", "text/plain", Bytes::from_static(b"we lock doors")).await
    })
    .await
    .expect("evidence");
    record(&app, &actor, entries).await;
    app.sequence(&actor).await.expect("sequencing");
    (app, actor)
}

/// Asserts that `fsck` of a running program, or the next start, names each of `named`.
async fn check(entries: usize, statements: [&str; 2], fsck_names: &[&str], start_names: &[&str]) {
    for world in World::both().await {
        let (app, actor) = filled(&world, entries).await;
        let statement = statements[usize::from(world.database().dialect() == Dialect::Postgres)];
        tamper(&world, &[statement]).await;
        let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
        let found: Vec<String> =
            scrub.differences.iter().map(|d| format!("{}: {}", d.what, d.detail)).collect();
        assert!(scrub.count > 0);
        for name in fsck_names {
            assert!(found.iter().any(|line| line.contains(name)), "{name} is not in {found:#?}");
        }
        drop(app);
        match (world.try_start().await, start_names) {
            (Ok(_), []) => {}
            (Ok(_), names) => panic!("the start does not notice {names:?}"),
            (Err(error), names) => {
                let message = error.to_string();
                assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
                assert!(!names.is_empty() && names.iter().all(|name| message.contains(name)), "{message}");
            }
        }
    }
}

const CONTENT: [&str; 2] = [
    "UPDATE leaf SET content = CAST(replace(CAST(content AS TEXT), '\"n\":7', '\"n\":8') AS BLOB) WHERE position = 9",
    "UPDATE leaf SET content = convert_to(replace(convert_from(content, 'UTF8'), '\"n\":7', '\"n\":8'), 'UTF8') \
     WHERE position = 9",
];

#[tokio::test]
async fn an_edited_entry_is_named() {
    check(20, CONTENT, &["ledger entry 9: its bytes hash to", "the head of the ledger"], &["ledger entry 9"])
        .await;
}

#[tokio::test]
async fn an_edited_entry_behind_full_tiles_is_named_by_fsck() {
    // The start looks at the right edge only; the tile above the entry still holds the old hash.
    check(600, CONTENT, &["ledger entry 9: its bytes hash to", "tile/0/000"], &[]).await;
}

#[tokio::test]
async fn an_edited_tile_is_named() {
    let statements = [
        "UPDATE tile SET hashes = zeroblob(8192) WHERE position = 1",
        "UPDATE tile SET hashes = decode(repeat('00', 8192), 'hex') WHERE position = 1",
    ];
    check(600, statements, &["tile/0/001"], &["its tiles and last entries lead to"]).await;
}

#[tokio::test]
async fn missing_entries_and_tiles_are_noticed() {
    for (entries, statement, fsck, start) in [
        (20, "DELETE FROM leaf WHERE position >= 10", "10 entries are there", "10 entries up to position 9"),
        (
            20,
            "DELETE FROM leaf WHERE position = 10",
            "position 10 is missing",
            "21 entries up to position 21",
        ),
        (20, "DELETE FROM leaf", "0 entries are there", "it is empty"),
        (
            600,
            "DELETE FROM tile WHERE position = 0",
            "tile/0/000: the tile is missing",
            "1 tiles, 602 entries make 2",
        ),
        (600, "DELETE FROM tile", "the tile is missing", "0 tiles"),
    ] {
        check(entries, [statement; 2], &[fsck], &[start]).await;
    }
}

#[tokio::test]
async fn an_edited_head_is_noticed() {
    let size = "UPDATE log_head SET size = size - 1";
    check(20, [size; 2], &["the head of the ledger"], &["its signed checkpoint says"]).await;
    let note = "UPDATE log_head SET checkpoint = replace(checkpoint, '22', '21'), size = size - 1";
    check(20, [note; 2], &["the head of the ledger"], &["the head of the ledger"]).await;
    let frontier = [
        "UPDATE log_head SET frontier = zeroblob(length(frontier))",
        "UPDATE log_head SET frontier = decode(repeat('00', length(frontier)), 'hex')",
    ];
    check(20, frontier, &["the frontier of the ledger"], &["the frontier of the ledger"]).await;
}

#[tokio::test]
async fn an_edited_old_checkpoint_is_named_by_fsck() {
    let root = [
        "UPDATE log_checkpoint SET root = zeroblob(32) WHERE size = 1",
        "UPDATE log_checkpoint SET root = decode(repeat('00', 32), 'hex') WHERE size = 1",
    ];
    check(20, root, &["the checkpoint over 1 entries"], &[]).await;
}

#[tokio::test]
async fn evidence_that_is_not_what_was_committed_is_named_by_fsck() {
    let stored = [
        "UPDATE artifact SET stored = zeroblob(32)",
        "UPDATE artifact SET stored = decode(repeat('00', 32), 'hex')",
    ];
    check(
        20,
        stored,
        &["artifact 1 (policy.txt): no ledger entry commits to its bytes", "it is missing"],
        &[],
    )
    .await;
    let commitment = [
        "UPDATE artifact SET commitment = zeroblob(32)",
        "UPDATE artifact SET commitment = decode(repeat('00', 32), 'hex')",
    ];
    check(20, commitment, &["its salt does not lead to its commitment"], &[]).await;
}

#[tokio::test]
async fn objects_that_are_changed_or_missing_are_named_by_fsck() {
    for world in World::both().await {
        let (app, actor) = filled(&world, 1).await;
        let digest = app
            .read(&actor, async |view| evidence::find(view, evidence::ArtifactKey(1)).await)
            .await
            .expect("the artifact")
            .stored
            .hex();
        let file = app.folder().blobs().join("sha256").join(&digest[..2]).join(&digest);
        std::fs::write(&file, b"we lock Doors").expect("tampering");
        let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
        assert_eq!(scrub.count, 1);
        let what = &scrub.differences[0].what;
        assert!(what.contains(&digest) && what.ends_with("artifact 1 (policy.txt)"), "{what}");
        std::fs::remove_file(&file).expect("tampering");
        let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
        assert_eq!((scrub.count, scrub.differences[0].detail.as_str()), (1, "it is missing"));
    }
}

#[tokio::test]
async fn nothing_is_signed_after_the_database_changed_underneath() {
    for world in World::both().await {
        let (app, actor) = filled(&world, 20).await;
        tamper(&world, &["UPDATE log_head SET size = size - 1"]).await;
        record(&app, &actor, 1).await;
        let error = app.sequence(&actor).await.expect_err("damaged");
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    }
}

/// Two hosts are looked at once.
async fn looked(world: &World) -> (App, Actor) {
    let (app, actor) = world.start().await;
    let hosts = [host("a"), host("b")];
    let collected =
        vec![seen(&hosts[0], facts(&[("root", 0)])), seen(&hosts[1], facts(&[("root", 0), ("toor", 0)]))];
    run(&app, &actor, &library(""), &hosts, collected).await;
    app.sequence(&actor).await.expect("sequencing");
    let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
    assert_eq!((scrub.count, scrub.facts, scrub.runs), (0, 2, 1), "{:?}", scrub.differences);
    (app, actor)
}

#[tokio::test]
async fn facts_that_changed_on_disk_are_named_with_target_and_run() {
    for world in World::both().await {
        let (app, actor) = looked(&world).await;
        // Facts that change alone are an object of their own; those of several hosts are kept together.
        let hosts = [host("a"), host("b")];
        let collected =
            vec![seen(&hosts[0], facts(&[("root", 0)])), seen(&hosts[1], facts(&[("root", 0), ("toor", 7)]))];
        run(&app, &actor, &library(""), &hosts, collected).await;
        app.sequence(&actor).await.expect("sequencing");
        let history = app
            .read(&actor, async |view| observation::facts_history(view, TargetKey(2)).await)
            .await
            .expect("the facts");
        let digest = history[1].digest.hex();
        let file = app.folder().blobs().join("sha256").join(&digest[..2]).join(&digest);
        let text = std::fs::read_to_string(&file).expect("facts");
        std::fs::write(&file, text.replace("toor", "root")).expect("tampering");
        for detail in ["hash to", "it is missing"] {
            let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
            assert_eq!((scrub.count, scrub.facts), (1, 2));
            assert_eq!(scrub.differences[0].what, "the facts of target 2 (b) as run 2 found them");
            assert!(scrub.differences[0].detail.contains(detail), "{:?}", scrub.differences);
            let _ = std::fs::remove_file(&file);
        }
    }
}

#[tokio::test]
async fn a_block_that_does_not_match_its_digest_and_a_run_that_was_rewritten_are_named() {
    for (statements, said) in [
        (
            [
                "UPDATE block SET bytes = zeroblob(length(bytes))",
                "UPDATE block SET bytes = decode(repeat('00', length(bytes)), 'hex')",
            ],
            "run 1: a block does not match its digest",
        ),
        (
            ["UPDATE run SET facts = zeroblob(32)", "UPDATE run SET facts = decode(repeat('00', 32), 'hex')"],
            "run 1: its row names other blocks or facts than its ledger entry",
        ),
        (
            [
                "UPDATE run SET blocks = zeroblob(32)",
                "UPDATE run SET blocks = decode(repeat('00', 32), 'hex')",
            ],
            "run 1: its blocks are not those that its leaf commits to",
        ),
    ] {
        for world in World::both().await {
            let (app, actor) = looked(&world).await;
            tamper(&world, &[statements[usize::from(world.database().dialect() == Dialect::Postgres)]]).await;
            let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
            let found: Vec<String> =
                scrub.differences.iter().map(|d| format!("{}: {}", d.what, d.detail)).collect();
            assert!(found.iter().any(|line| line == said), "{found:#?}");
        }
    }
}
