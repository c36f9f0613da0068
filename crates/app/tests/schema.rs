//! The schema after all migrations, as reviewed.

use sqlx::Row;
use tickmark_app::testing::World;
use tickmark_store::Migrations;

#[tokio::test]
async fn the_schema_is_the_reviewed_one_and_both_databases_have_the_same_columns() {
    let mut all = Vec::new();
    for world in World::both().await {
        let is_server = world.database().url().is_some();
        let database = world.database().migrated(&Migrations::embedded()).await;
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

/// Target, since, until, digest, defect, pack, sections.
type FactsRow = (i64, i64, Option<i64>, Vec<u8>, Option<String>, Option<i64>, Option<Vec<u8>>);
/// Run, check version, block, expected, pass, fail, not applicable, unknown.
type CoverageRow = (i64, i64, i64, i64, i64, i64, i64, i64);

/// Every migration up to a number.
fn up_to(version: i64) -> Migrations {
    let all = Migrations::embedded();
    let those = all.all().iter().filter(|migration| migration.version <= version);
    let files = those.map(|one| (format!("{:04}_{}.sql", one.version, one.name), one.sql.clone()));
    Migrations::from_files(files).expect("names")
}

#[tokio::test]
async fn what_was_recorded_before_the_order_of_rows_changed_is_carried_over() {
    for world in World::both().await {
        let database = world.database().migrated(&up_to(49)).await;
        let is_server = world.database().url().is_some();
        let bytes = |text: &str| if is_server { format!("'\\x{text}'") } else { format!("x'{text}'") };
        let rows = [
            "INSERT INTO organization (key, id, name, created_at) VALUES (1, 'org', 'Example', 0)".to_owned(),
            "INSERT INTO target (organization, key, kind, external_id, name, first_seen) \
             VALUES (1, 1, 'host', 'a', 'a', 0), (1, 2, 'host', 'b', 'b', 0)"
                .to_owned(),
            "INSERT INTO run (organization, key, source, state, collector, started_at) \
             VALUES (1, 7, 'estate', 'open', 'c', 0)"
                .to_owned(),
            format!(
                "INSERT INTO facts_interval (organization, target, since, until, digest, schema_name, defect, run, pack) \
                 VALUES (1, 1, 10, 20, {old}, 'host/1', NULL, 7, NULL), (1, 1, 20, NULL, {new}, 'host/1', 'odd', 7, 3), \
                 (1, 2, 10, NULL, {old}, 'host/1', NULL, 7, 3)",
                old = bytes("aa"),
                new = bytes("bb"),
            ),
            format!(
                "INSERT INTO facts_section (organization, target, sections) VALUES (1, 2, {})",
                bytes("cc")
            ),
            "INSERT INTO coverage (organization, check_version, run, block, expected, pass, fail, not_applicable, unknown) \
             VALUES (1, 4, 7, 9, 10, 1, 2, 3, 4), (1, 5, 7, 8, 2, 2, 0, 0, 0)"
                .to_owned(),
        ];
        let mut tx = database.write().await.expect("begin");
        for row in rows {
            sqlx::query(sqlx::AssertSqlSafe(row)).execute(&mut *tx).await.expect("inserted");
        }
        tx.commit().await.expect("committed");
        up_to(50).run(&database, world.database().folder(), 0).await.expect("migrated");
        let mut tx = database.read().await.expect("begin");
        let facts: Vec<FactsRow> = sqlx::query_as(
            "SELECT target, since, until, digest, defect, pack, sections FROM facts_interval \
                 ORDER BY target, since",
        )
        .fetch_all(&mut *tx)
        .await
        .expect("facts");
        assert_eq!(
            facts,
            [
                (1, 10, Some(20), vec![0xaa], None, None, None),
                (1, 20, None, vec![0xbb], Some("odd".to_owned()), Some(3), None),
                (2, 10, None, vec![0xaa], None, Some(3), Some(vec![0xcc])),
            ]
        );
        let coverage: Vec<CoverageRow> = sqlx::query_as(
            "SELECT run, check_version, block, expected, pass, fail, not_applicable, unknown FROM coverage \
             ORDER BY run, check_version",
        )
        .fetch_all(&mut *tx)
        .await
        .expect("coverage");
        assert_eq!(coverage, [(7, 4, 9, 10, 1, 2, 3, 4), (7, 5, 8, 2, 2, 0, 0, 0)]);
    }
}

#[tokio::test]
async fn what_was_said_before_versions_were_kept_is_their_first() {
    for world in World::both().await {
        let database = world.database().migrated(&up_to(100)).await;
        let is_server = world.database().url().is_some();
        let secret = if is_server { "'\\x00'" } else { "x'00'" };
        let provider = format!(
            "INSERT INTO identity_provider (organization, id, name, issuer, client, secret, sealed_by, algorithms, domains, \
             second, strong, is_required, is_on, changed_at) VALUES (1, 'p', 'Ours', 'https://id', 'c', {secret}, 'k', \
             'RS256', '', 'mfa', '', 0, 1, 7)"
        );
        let rows = [
            "INSERT INTO organization (key, id, name, created_at) VALUES (1, 'org', 'Example', 0)",
            "INSERT INTO actor (organization, id, kind, label, created_at) VALUES (1, 'a', 'person', 'Ada', 0)",
            "INSERT INTO system (organization, id, name, created_at, boundary) VALUES (1, 's', 'Payroll', 5, 'All')",
            "INSERT INTO sign_in_rule (organization, rule, set_by, set_at) VALUES (1, 'passkey', 'a', 6)",
            provider.as_str(),
        ];
        let mut tx = database.write().await.expect("begin");
        for row in rows {
            sqlx::query(sqlx::AssertSqlSafe(row.to_owned())).execute(&mut *tx).await.expect("inserted");
        }
        tx.commit().await.expect("committed");
        Migrations::embedded().run(&database, world.database().folder(), 0).await.expect("migrated");
        let mut tx = database.read().await.expect("begin");
        let kept: Vec<(String, i64, Option<String>)> = sqlx::query_as(
            "SELECT name, since, set_by FROM system_version WHERE number = 1 UNION ALL \
             SELECT rule, since, set_by FROM sign_in_rule_version WHERE number = 1 UNION ALL \
             SELECT name, since, set_by FROM identity_provider_version WHERE number = 1 ORDER BY 2",
        )
        .fetch_all(&mut *tx)
        .await
        .expect("versions");
        let by_ada = Some("a".to_owned());
        let expected = [("Payroll", 5, None), ("passkey", 6, by_ada), ("Ours", 7, None)];
        assert_eq!(kept, expected.map(|(said, since, by)| (said.to_owned(), since, by)));
    }
}
