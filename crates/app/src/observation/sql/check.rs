//! Versions of checks: `check_version`.

use sqlx::{AnyConnection, Row};
use tickmark_core::id::CheckKey;
use tickmark_core::observation::CheckDefinition;
use tickmark_core::{Digest, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::{CheckVersion, KEYS_PER_STATEMENT, Org, list, moment, next_key};
use crate::stored::digest;
use crate::{Error, Result};

const CHECK_VERSION: &str = "SELECT key, check_id, version, engine, origin, definition, logic, introduced_at, superseded_at, \
     tolerated_gaps FROM check_version WHERE organization = $1 ";

fn check_version(row: &sqlx::any::AnyRow) -> Result<CheckVersion> {
    let id: String = row.try_get(1)?;
    let definition: CheckDefinition = serde_json::from_str(&row.try_get::<String, _>(5)?)
        .map_err(|error| Error::corrupt(format!("check {id}"), error))?;
    Ok(CheckVersion {
        key: CheckKey(row.try_get(0)?),
        version: digest(&row.try_get::<Vec<u8>, _>(2)?, "check version")?,
        engine: row.try_get(3)?,
        origin: row.try_get(4)?,
        definition,
        logic: row.try_get(6)?,
        introduced_at: moment(row.try_get(7)?),
        superseded_at: row.try_get::<Option<i64>, _>(8)?.map(moment),
        tolerated_gaps: row
            .try_get::<Option<String>, _>(9)?
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| Error::corrupt("check version", error))?,
    })
}

/// Returns the greatest key of a check version; 0 without any.
pub(in crate::observation) async fn newest_check(c: &mut AnyConnection, org: Org) -> Result<CheckKey> {
    let (key,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(MAX(key), 0) AS BIGINT) FROM check_version WHERE organization = $1",
    )
    .bind(org.0)
    .fetch_one(c)
    .await?;
    Ok(CheckKey(key))
}

/// A check version in force, as far as recording needs it.
pub(in crate::observation) struct CurrentCheck {
    pub(in crate::observation) key: CheckKey,
    pub(in crate::observation) id: String,
    pub(in crate::observation) version: Digest,
    pub(in crate::observation) engine: String,
}

/// Returns the check versions in force by id, without their texts.
pub(in crate::observation) async fn check_keys(c: &mut AnyConnection, org: Org) -> Result<Vec<CurrentCheck>> {
    let rows = sqlx::query(
        "SELECT key, check_id, version, engine FROM check_version \
         WHERE organization = $1 AND superseded_at IS NULL ORDER BY check_id",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(CurrentCheck {
                key: CheckKey(row.try_get(0)?),
                id: row.try_get(1)?,
                version: digest(&row.try_get::<Vec<u8>, _>(2)?, "check version")?,
                engine: row.try_get(3)?,
            })
        })
        .collect()
}

pub(in crate::observation) async fn current_checks(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Vec<CheckVersion>> {
    let text = format!("{CHECK_VERSION} AND superseded_at IS NULL ORDER BY check_id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(check_version).collect()
}

/// Returns the versions of some checks, by key; those in force alone, or all there were.
pub(in crate::observation) async fn named_checks(
    c: &mut AnyConnection,
    org: Org,
    checks: &[String],
    is_in_force: bool,
) -> Result<Vec<CheckVersion>> {
    let mut versions = Vec::new();
    let in_force = if is_in_force { " AND superseded_at IS NULL" } else { "" };
    for chunk in checks.chunks(KEYS_PER_STATEMENT) {
        let text = format!("{CHECK_VERSION} AND check_id IN {}{in_force}", list(2, chunk.len()));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0);
        for check in chunk {
            query = query.bind(check.as_str());
        }
        for row in query.fetch_all(&mut *c).await? {
            versions.push(check_version(&row)?);
        }
    }
    versions.sort_by_key(|version| version.key);
    Ok(versions)
}

pub(in crate::observation) async fn check_versions_of(
    c: &mut AnyConnection,
    org: Org,
    check_id: &str,
) -> Result<Vec<CheckVersion>> {
    let text = format!("{CHECK_VERSION} AND check_id = $2 ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(check_id).fetch_all(c).await?;
    rows.iter().map(check_version).collect()
}

pub(in crate::observation) async fn all_checks(c: &mut AnyConnection, org: Org) -> Result<Vec<CheckVersion>> {
    let text = format!("{CHECK_VERSION} ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(check_version).collect()
}

pub(in crate::observation) async fn supersede_checks(
    c: &mut AnyConnection,
    org: Org,
    keys: &[CheckKey],
    now: Timestamp,
) -> Result<()> {
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        for text in [
            "UPDATE check_version SET superseded_at = $2 WHERE organization = $1 AND key IN ",
            "UPDATE verdict_interval SET until = $2 WHERE organization = $1 AND until IS NULL AND check_version IN ",
        ] {
            let text = format!("{text}{}", list(3, chunk.len()));
            let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(now.micros());
            for key in chunk {
                query = query.bind(key.0);
            }
            query.execute(&mut *c).await?;
        }
    }
    Ok(())
}

pub(in crate::observation) struct NewCheckVersion<'a> {
    pub(in crate::observation) definition: &'a CheckDefinition,
    pub(in crate::observation) logic: &'a str,
    pub(in crate::observation) origin: &'a str,
    pub(in crate::observation) tolerated_gaps: Vec<&'a str>,
}

pub(in crate::observation) async fn add_checks(
    c: &mut AnyConnection,
    org: Org,
    checks: &[NewCheckVersion<'_>],
    engine: &str,
    now: Timestamp,
) -> Result<()> {
    let first = next_key(c, org, "check_version").await?;
    let rows = (first..).zip(checks).map(|(key, check)| {
        let definition = serde_json::to_string(check.definition).expect("a definition has string keys only");
        [
            Cell::from(org.0),
            key.into(),
            check.definition.id.as_str().into(),
            check.definition.version.0.into(),
            engine.into(),
            check.origin.into(),
            definition.into(),
            check.logic.into(),
            now.micros().into(),
            serde_json::to_string(&check.tolerated_gaps).expect("a list of texts").into(),
        ]
    });
    let columns = [
        "organization",
        "key",
        "check_id",
        "version",
        "engine",
        "origin",
        "definition",
        "logic",
        "introduced_at",
        "tolerated_gaps",
    ];
    insert_rows(c, "check_version", columns, rows).await?;
    Ok(())
}
