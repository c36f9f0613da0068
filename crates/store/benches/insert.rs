//! Rows a second of bulk inserts on SQLite and, where an address is given, PostgreSQL; as a ratio to a statement per
//! row in the same transaction. Run with `scripts/with-postgres cargo bench -p tickmark-store`.

use std::time::Instant;

use tickmark_store::testing::TestDatabase;
use tickmark_store::{Migrations, insert_rows};

const ROWS: i64 = 200_000;
const SINGLE_ROWS: i64 = 20_000;

#[tokio::main]
async fn main() {
    let table = "CREATE TABLE seen (tenant BIGINT NOT NULL, target BIGINT NOT NULL, since BIGINT NOT NULL, \
                 verdict SMALLINT NOT NULL, digest {{BYTES}} NOT NULL, PRIMARY KEY (tenant, target)) {{CLUSTERED}};";
    let migrations =
        Migrations::from_files([("0001_seen.sql".to_owned(), table.to_owned())]).expect("named well");
    for test in TestDatabase::both().await {
        let database = test.migrated(&migrations).await;

        let begun = Instant::now();
        let mut tx = database.write().await.expect("begin");
        for target in 0..SINGLE_ROWS {
            sqlx::query(
                "INSERT INTO seen (tenant, target, since, verdict, digest) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(0_i64)
            .bind(target)
            .bind(target)
            .bind(1_i16)
            .bind([7_u8; 32].to_vec())
            .execute(&mut *tx)
            .await
            .expect("one row");
        }
        tx.commit().await.expect("commit");
        let single = SINGLE_ROWS as f64 / begun.elapsed().as_secs_f64();

        let begun = Instant::now();
        let mut tx = database.write().await.expect("begin");
        let rows = (0..ROWS)
            .map(|target| [1_i64.into(), target.into(), target.into(), 1_i16.into(), [7_u8; 32].into()]);
        insert_rows(&mut tx, "seen", ["tenant", "target", "since", "verdict", "digest"], rows)
            .await
            .expect("rows");
        tx.commit().await.expect("commit");
        let bulk = ROWS as f64 / begun.elapsed().as_secs_f64();
        println!(
            "{}: {:.0} rows/s in bulk, {:.0} rows/s one by one, ratio {:.1}",
            test.dialect(),
            bulk,
            single,
            bulk / single
        );
        database.close().await;
    }
}
