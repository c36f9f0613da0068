use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tickmark_store::testing::TestDatabase;
use tickmark_store::{
    Access, Cell, Database, Dialect, Migrations, StoreError, insert_missing_rows, insert_rows,
};

async fn opened(test: &TestDatabase) -> Database {
    let table = "CREATE TABLE item (tenant BIGINT NOT NULL, id BIGINT NOT NULL, label TEXT CHECK (label <> ''), \
                 flag SMALLINT NOT NULL CHECK (flag IN (0, 1)), digest {{BYTES}}, PRIMARY KEY (tenant, id));";
    test.migrated(
        &Migrations::from_files([("0001_item.sql".to_owned(), table.to_owned())]).expect("named well"),
    )
    .await
}

const COLUMNS: [&str; 5] = ["tenant", "id", "label", "flag", "digest"];

fn row(id: i64) -> [Cell; 5] {
    let label = (id % 3 != 0).then(|| format!("item {id}"));
    [1_i64.into(), id.into(), label.into(), (id % 2 == 0).into(), (id % 5 != 0).then_some([7_u8; 32]).into()]
}

async fn count(database: &Database) -> i64 {
    let mut tx = database.read().await.expect("begin");
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM item").fetch_one(&mut *tx).await.expect("count");
    count
}

#[tokio::test]
async fn rows_in_bulk_are_all_there_with_their_nulls() {
    for test in TestDatabase::both().await {
        let database = opened(&test).await;
        // Less than a statement, exactly one, some and a rest.
        for (from, to) in [(0, 0), (0, 1), (1, 501), (501, 13_000)] {
            let mut tx = database.write().await.expect("begin");
            let inserted = insert_rows(&mut tx, "item", COLUMNS, (from..to).map(row)).await.expect("rows");
            tx.commit().await.expect("commit");
            assert_eq!(inserted, (to - from).unsigned_abs());
        }
        let mut tx = database.read().await.expect("begin");
        let totals: (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT count(*), count(label), count(digest), CAST(sum(flag) AS BIGINT) FROM item WHERE tenant = $1",
        )
        .bind(1_i64)
        .fetch_one(&mut *tx)
        .await
        .expect("totals");
        assert_eq!(totals, (13_000, 8_666, 10_400, 6_500));
        let (label, digest): (String, Vec<u8>) =
            sqlx::query_as("SELECT label, digest FROM item WHERE id = 7")
                .fetch_one(&mut *tx)
                .await
                .expect("one");
        assert_eq!((label.as_str(), digest), ("item 7", vec![7; 32]));
    }
}

#[tokio::test]
async fn keys_that_exist_conflict_or_are_left_alone() {
    for test in TestDatabase::both().await {
        let database = opened(&test).await;
        let mut tx = database.write().await.expect("begin");
        insert_rows(&mut tx, "item", COLUMNS, (0..10).map(row)).await.expect("rows");
        tx.commit().await.expect("commit");

        let mut tx = database.write().await.expect("begin");
        let error = insert_rows(&mut tx, "item", COLUMNS, (5..15).map(row)).await.expect_err("taken");
        assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
        drop(tx);
        assert_eq!(count(&database).await, 10);

        let mut tx = database.write().await.expect("begin");
        let inserted = insert_missing_rows(&mut tx, "item", COLUMNS, (5..15).map(row)).await.expect("rows");
        tx.commit().await.expect("commit");
        assert_eq!((inserted, count(&database).await), (5, 15));

        let mut tx = database.write().await.expect("begin");
        let bad = [1_i64.into(), 99_i64.into(), "".into(), true.into(), Cell::Bytes(None)];
        let error = insert_rows(&mut tx, "item", COLUMNS, [bad]).await.expect_err("refused by a CHECK");
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    }
}

#[tokio::test]
async fn dropped_transactions_leave_nothing_and_block_nobody() {
    for test in TestDatabase::both().await {
        let database = opened(&test).await;
        for id in 0..20 {
            let mut tx = database.write().await.expect("begin");
            insert_rows(&mut tx, "item", COLUMNS, [row(id)]).await.expect("row");
            if id % 2 == 0 {
                tx.commit().await.expect("commit");
            }
        }
        assert_eq!(count(&database).await, 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_take_turns_and_readers_keep_their_snapshot() {
    for test in TestDatabase::both().await {
        let database = Arc::new(opened(&test).await);
        let mut reader = database.read().await.expect("begin");
        let before: (i64,) =
            sqlx::query_as("SELECT count(*) FROM item").fetch_one(&mut *reader).await.expect("count");
        let writers: Vec<_> = (0..100)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move {
                    let mut tx = database.write().await.expect("begin");
                    tx.take_turn(1).await.expect("turn");
                    // Reading and then writing: safe only because nobody else is in between.
                    let (next,): (i64,) = sqlx::query_as("SELECT COALESCE(max(id), 0) + 1 FROM item")
                        .fetch_one(&mut *tx)
                        .await
                        .expect("next");
                    insert_rows(&mut tx, "item", COLUMNS, [row(next)]).await.expect("row");
                    tx.commit().await.expect("commit");
                })
            })
            .collect();
        for writer in writers {
            writer.await.expect("a writer");
        }
        let after: (i64,) =
            sqlx::query_as("SELECT count(*) FROM item").fetch_one(&mut *reader).await.expect("count");
        assert_eq!(before, after);
        drop(reader);
        assert_eq!(count(&database).await, 100);
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    for test in TestDatabase::both().await {
        let database = opened(&test).await;
        let mut tx = database.read().await.expect("begin");
        let error = insert_rows(&mut tx, "item", COLUMNS, [row(1)]).await.expect_err("refused");
        assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_full_database_loses_nothing_that_was_acknowledged() {
    let test = TestDatabase::sqlite();
    let database = opened(&test).await;
    let mut tx = database.write().await.expect("begin");
    insert_rows(&mut tx, "item", COLUMNS, (0..100).map(row)).await.expect("rows");
    // SQLite answers as on a full disk when a file may not grow.
    let (pages,): (i64,) = sqlx::query_as("PRAGMA page_count").fetch_one(&mut *tx).await.expect("pages");
    tx.commit().await.expect("commit");
    let mut tx = database.write().await.expect("begin");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}")))
        .execute(&mut *tx)
        .await
        .expect("a limit");
    let error = insert_rows(&mut tx, "item", COLUMNS, (100..50_000).map(row)).await.expect_err("full");
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    drop(tx);
    assert_eq!(count(&database).await, 100);
    database.check_integrity().await.expect("sound");
    // SQLite rolled back by itself; the next writer starts afresh.
    let mut tx = database.write().await.expect("begin");
    insert_rows(&mut tx, "item", COLUMNS, [row(100)]).await.expect("room again");
    tx.commit().await.expect("commit");
    assert_eq!(count(&database).await, 101);
}

#[tokio::test]
async fn durability_settings_hold_on_the_writing_connection() {
    for test in TestDatabase::both().await {
        let database = opened(&test).await;
        let mut tx = database.write().await.expect("begin");
        match test.dialect() {
            Dialect::Sqlite => {
                let (mode,): (String,) =
                    sqlx::query_as("PRAGMA journal_mode").fetch_one(&mut *tx).await.expect("mode");
                let (sync,): (i64,) =
                    sqlx::query_as("PRAGMA synchronous").fetch_one(&mut *tx).await.expect("sync");
                let (keys,): (i64,) =
                    sqlx::query_as("PRAGMA foreign_keys").fetch_one(&mut *tx).await.expect("keys");
                assert_eq!((mode.as_str(), sync, keys), ("wal", 2, 1));
            }
            Dialect::Postgres => {
                let (sync,): (String,) = sqlx::query_as("SELECT current_setting('synchronous_commit')")
                    .fetch_one(&mut *tx)
                    .await
                    .expect("sync");
                assert_eq!(sync, "on");
            }
        }
    }
}

#[tokio::test]
async fn files_that_are_no_database_or_cannot_be_written_are_named() {
    let scratch = tempfile::tempdir().expect("scratch");
    let file = scratch.path().join("odd name?#%.sqlite");
    std::fs::write(&file, vec![b'x'; 8192]).expect("not a database");
    let error = Database::open_sqlite(&file, Access::Write).await.expect_err("not a database");
    assert!(
        matches!(&error, StoreError::Corrupt { what, .. } if what.contains("odd name?#%.sqlite")),
        "{error:?}"
    );

    let missing = scratch.path().join("no/such/folder.sqlite");
    let error = Database::open_sqlite(&missing, Access::Write).await.expect_err("no folder").to_string();
    assert!(error.contains("no/such/folder.sqlite"), "{error}");
    let error = Database::open_sqlite(&missing, Access::Inspect).await.expect_err("no file");
    assert!(matches!(error, StoreError::Missing(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_an_error() {
    let error = Database::open_postgres("postgres://nobody@127.0.0.1:1/none", Access::Write)
        .await
        .expect_err("no server");
    assert!(matches!(error, StoreError::Io { .. } | StoreError::Busy(_)), "{error:?}");
    let error = Database::open_postgres("ftp://x", Access::Write).await.expect_err("no address");
    assert!(matches!(error, StoreError::Database(_) | StoreError::Unsuitable(_)), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_cannot_be_set_up_is_refused_at_once() {
    let test = TestDatabase::sqlite();
    let database = opened(&test).await;
    // Undone by dropping: its connection is closed, and the next writer opens another.
    drop(database.write().await.expect("begin"));
    // With what SQLite keeps beside the file, from which it would make it whole again.
    let moved = |from: &str, to: &str| {
        for ending in ["", "-wal", "-shm"] {
            let (from, to) = (format!("{from}{ending}"), format!("{to}{ending}"));
            let done = fs::rename(test.folder().join(from), test.folder().join(to));
            assert!(done.is_ok() || !ending.is_empty(), "{done:?}");
        }
    };
    moved("test.sqlite", "aside");
    fs::write(test.file(), [b'x'; 8192]).expect("something else");
    let started = Instant::now();
    let error = database.write().await.expect_err("not a database");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "refused after {:?}", started.elapsed());
    moved("aside", "test.sqlite");
    database.write().await.expect("it is there again").rollback().await.expect("undone");
}
