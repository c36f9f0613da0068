use tickmark_store::testing::TestDatabase;
use tickmark_store::{Access, Dialect, Migrations, StoreError};

fn migrations(texts: &[(&str, &str)]) -> Migrations {
    Migrations::from_files(texts.iter().map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned())))
        .expect("names")
}

const FIRST: (&str, &str) = (
    "0001_first.sql",
    "CREATE TABLE kept (id BIGINT NOT NULL PRIMARY KEY, content {{BYTES}});\n{{APPEND_ONLY kept}}\n\
     INSERT INTO kept (id) VALUES (1);",
);
const SECOND: (&str, &str) =
    ("0002_second.sql", "CREATE TABLE more (id BIGINT NOT NULL PRIMARY KEY) {{CLUSTERED}};");
const BROKEN: (&str, &str) = (
    "0002_broken.sql",
    "CREATE TABLE more (id BIGINT NOT NULL PRIMARY KEY); INSERT INTO nowhere (id) VALUES (1);",
);

#[tokio::test]
async fn each_is_applied_once() {
    for test in TestDatabase::both().await {
        let database = test.open(Access::Write).await.expect("opening");
        let first = migrations(&[FIRST]);
        assert_eq!(first.run(&database, test.folder(), 0).await.expect("first"), [1]);
        assert!(first.run(&database, test.folder(), 0).await.expect("again").is_empty());
        let both = migrations(&[FIRST, SECOND]);
        assert_eq!(both.run(&database, test.folder(), 0).await.expect("second"), [2]);
        let mut tx = database.write().await.expect("begin");
        let (count,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM kept").fetch_one(&mut *tx).await.expect("rows");
        assert_eq!(count, 1);
    }
}

#[tokio::test]
async fn a_failed_one_changes_nothing_and_says_where_the_copy_is() {
    for test in TestDatabase::both().await {
        let database = test.migrated(&migrations(&[FIRST])).await;
        for _ in 0..2 {
            let error =
                migrations(&[FIRST, BROKEN]).run(&database, test.folder(), 0).await.expect_err("broken");
            let message = error.to_string();
            assert!(
                message.contains("migration 0002 (broken)") && message.contains("nothing was changed"),
                "{message}"
            );
            let copy = test.folder().join("before-migration-0002.sqlite");
            assert_eq!(copy.exists(), test.dialect() == Dialect::Sqlite);
            if test.dialect() == Dialect::Sqlite {
                assert!(message.contains(&copy.display().to_string()), "{message}");
                let copied = tickmark_store::Database::open_sqlite(&copy, Access::Inspect)
                    .await
                    .expect("the copy opens");
                let mut tx = copied.read().await.expect("begin");
                let rows: Vec<(i64,)> =
                    sqlx::query_as("SELECT id FROM kept").fetch_all(&mut *tx).await.expect("rows");
                assert_eq!(rows, [(1,)]);
            }
        }
        assert_eq!(migrations(&[FIRST, SECOND]).run(&database, test.folder(), 0).await.expect("mended"), [2]);
    }
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    for test in TestDatabase::both().await {
        let database = test.migrated(&migrations(&[FIRST, SECOND])).await;
        let error = migrations(&[FIRST]).run(&database, test.folder(), 0).await.expect_err("newer");
        assert!(matches!(error, StoreError::NewerDatabase { found: 2, known: 1 }), "{error:?}");
        assert!(error.to_string().contains("use the newer version of the program"), "{error}");
    }
}

#[tokio::test]
async fn an_edited_or_late_one_is_refused() {
    for test in TestDatabase::both().await {
        let database = test.migrated(&migrations(&[FIRST, ("0003_third.sql", "")])).await;
        let edited =
            migrations(&[("0001_first.sql", "CREATE TABLE other (id BIGINT);"), ("0003_third.sql", "")]);
        let error = edited.run(&database, test.folder(), 0).await.expect_err("edited").to_string();
        assert!(error.contains("migration 0001 (first): was applied with another text"), "{error}");
        let late = migrations(&[FIRST, SECOND, ("0003_third.sql", "")]);
        let error = late.run(&database, test.folder(), 0).await.expect_err("late").to_string();
        assert!(error.contains("went on to 0003 without knowing 0002"), "{error}");
    }
}

#[tokio::test]
async fn inspection_changes_nothing_and_asks_for_an_upgrade() {
    for test in TestDatabase::both().await {
        let first = migrations(&[FIRST]);
        test.migrated(&first).await;
        let inspected = test.open(Access::Inspect).await.expect("opening");
        assert!(first.run(&inspected, test.folder(), 0).await.expect("same").is_empty());
        let error = migrations(&[FIRST, SECOND]).run(&inspected, test.folder(), 0).await.expect_err("older");
        assert!(matches!(error, StoreError::OlderDatabase { found: 1, known: 2 }), "{error:?}");
        assert!(matches!(inspected.write().await, Err(StoreError::ReadOnly(_))));
    }
}

#[tokio::test]
async fn append_only_tables_refuse_changes() {
    for test in TestDatabase::both().await {
        let database = test.migrated(&migrations(&[FIRST])).await;
        for statement in ["UPDATE kept SET id = 2", "DELETE FROM kept"] {
            let mut tx = database.write().await.expect("begin");
            let error: StoreError =
                sqlx::query(statement).execute(&mut *tx).await.expect_err("refused").into();
            assert!(matches!(&error, StoreError::Refused(why) if why.contains("kept refuses")), "{error:?}");
        }
    }
}

#[tokio::test]
async fn the_real_ones_apply_to_an_empty_database() {
    for test in TestDatabase::both().await {
        let database = test.migrated(&Migrations::embedded()).await;
        database.check_integrity().await.expect("sound");
    }
}
