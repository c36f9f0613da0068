//! The schema after all migrations, as reviewed.

use sqlx::Row;
use tickmark_app::testing::World;

#[tokio::test]
async fn the_schema_is_the_reviewed_one_and_both_databases_have_the_same_columns() {
    let mut all = Vec::new();
    for world in World::both().await {
        let is_server = world.database().url().is_some();
        let database = world.database().migrated(&tickmark_store::Migrations::embedded()).await;
        let mut tx = database.read().await.expect("begin");
        let text = if is_server {
            "SELECT c.table_name::TEXT, c.column_name::TEXT, c.data_type::TEXT, \
             CASE c.is_nullable WHEN 'YES' THEN '' ELSE ' not null' END FROM information_schema.columns c \
             JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
             WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' \
             ORDER BY c.table_name, c.ordinal_position"
        } else {
            "SELECT t.name, c.name, lower(c.type), CASE c.\"notnull\" WHEN 0 THEN '' ELSE ' not null' END \
             FROM sqlite_master t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid"
        };
        let rows = sqlx::query(text).fetch_all(&mut *tx).await.expect("columns");
        let lines: Vec<String> = rows
            .iter()
            .map(|row| {
                let kind: String = row.get(2);
                let kind = if matches!(kind.as_str(), "blob" | "bytea") { "bytes" } else { &kind };
                format!(
                    "{}.{} {kind}{}",
                    row.get::<String, _>(0),
                    row.get::<String, _>(1),
                    row.get::<String, _>(3)
                )
            })
            .collect();
        all.push(lines.join("\n"));
    }
    insta::assert_snapshot!("schema", all[0]);
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "the databases differ: {all:#?}");
}
