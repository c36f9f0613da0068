//! Row-level security of PostgreSQL: the last thing between the rows of two organizations.

use sqlx::Row;
use tickmark_app::control;
use tickmark_app::testing::World;
use tickmark_core::catalog::Catalog;

/// Tables whose rows belong to no organization: people, what they sign in with, and how the schema came about.
const OF_NO_ORGANIZATION: [&str; 11] = [
    "authenticator",
    "installation_secret",
    "known_network",
    "passkey",
    "passkey_ceremony",
    "password",
    "person",
    "person_setting",
    "recovery_code",
    "schema_migration",
    "sign_in_failure",
];

#[tokio::test]
async fn every_table_of_organizations_has_a_policy_that_binds_its_owner() {
    for world in World::both().await.into_iter().filter(|world| world.database().url().is_some()) {
        let database = world.database().migrated(&tickmark_store::Migrations::embedded()).await;
        let mut tx = database.read().await.expect("begin");
        let rows = sqlx::query(
            "SELECT c.relname::TEXT, c.relrowsecurity AND c.relforcerowsecurity AND EXISTS \
               (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) FROM pg_class c \
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' ORDER BY c.relname",
        )
        .fetch_all(&mut *tx)
        .await
        .expect("tables");
        let open: Vec<String> =
            rows.iter().filter(|row| !row.get::<bool, _>(1)).map(|row| row.get(0)).collect();
        assert_eq!(open, OF_NO_ORGANIZATION);
    }
}

/// Statements without a condition: SQLite reaches every row, which is why each statement has one.
#[tokio::test]
async fn a_statement_that_forgets_its_condition_reaches_no_row_of_another_organization() {
    for world in World::both().await {
        let is_bound = world.database().url().is_some();
        let (app, here) = world.start().await;
        let there = app.ensure_organization("Elsewhere", "Other").await.expect("made");
        let catalog = Catalog::builtin();
        for actor in [&here, &there] {
            app.transact(actor, async |cx| control::adopt_starters(cx, &catalog).await.map(|_| ()))
                .await
                .expect("adopted");
        }
        let (seen,): (i64,) = app
            .read(&here, async |view| {
                Ok(sqlx::query_as("SELECT count(*) FROM control").fetch_one(view.connection()).await?)
            })
            .await
            .expect("counted");
        let starters = i64::try_from(catalog.controls.len()).expect("few");
        assert_eq!(seen, if is_bound { starters } else { 2 * starters });

        let changed = app
            .transact(&here, async |cx| {
                Ok(sqlx::query("UPDATE actor SET label = 'x' || label").execute(cx.connection()).await?)
            })
            .await
            .expect("changed");
        assert_eq!(changed.rows_affected(), if is_bound { 1 } else { 2 });

        let planted = app
            .transact(&here, async |cx| {
                sqlx::query("INSERT INTO control (organization, code, created_at) VALUES ($1, 'X-1', 0)")
                    .bind(there.organization.key.0)
                    .execute(cx.connection())
                    .await?;
                Ok(())
            })
            .await;
        assert_eq!(planted.is_err(), is_bound, "{planted:?}");
    }
}

/// A table whose policy does not bind its owner is a table of everybody: nothing is served from such a database.
#[tokio::test]
async fn what_does_not_keep_organizations_apart_is_not_opened() {
    for world in World::both().await.into_iter().filter(|world| world.database().url().is_some()) {
        let (app, _) = world.start().await;
        app.close().await;
        drop(app);
        let database = world.database().migrated(&tickmark_store::Migrations::embedded()).await;
        let mut tx = database.write().await.expect("begin");
        sqlx::query("ALTER TABLE organization NO FORCE ROW LEVEL SECURITY")
            .execute(&mut *tx)
            .await
            .expect("loosened");
        tx.commit().await.expect("committed");
        let refused = world.try_start().await.expect_err("refused").to_string();
        assert!(refused.contains("organization has no forced policy"), "{refused}");
    }
}
