//! The tables `commitment`, `commitment_version`.

use sqlx::{AnyConnection, AssertSqlSafe};
use tickmark_core::Timestamp;
use tickmark_core::control::commitment::{Commitment, CommitmentKey};
use tickmark_core::id::OrganizationKey;
use tickmark_store::{Cell, insert_rows};

use super::Version;
use crate::Result;
use crate::stored::{self, VersionRow};

type Org = OrganizationKey;

pub(super) async fn next_key(c: &mut AnyConnection, org: Org) -> Result<CommitmentKey> {
    Ok(CommitmentKey(stored::next_key(c, org, "commitment").await?))
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: Org,
    key: CommitmentKey,
    once: &str,
    at: Timestamp,
) -> Result<()> {
    let row = [Cell::from(org.0), key.0.into(), once.into(), at.micros().into()];
    insert_rows(c, "commitment", ["organization", "key", "once", "created_at"], [row]).await?;
    Ok(())
}

pub(super) async fn add_version(
    c: &mut AnyConnection,
    org: Org,
    number: i64,
    since: Timestamp,
    record: &Commitment,
) -> Result<()> {
    let body = serde_json::to_string(record).expect("a commitment has string keys only");
    let row = [Cell::from(org.0), record.key.0.into(), number.into(), since.micros().into(), body.into()];
    let columns = ["organization", "commitment", "number", "since", "body"];
    insert_rows(c, "commitment_version", columns, [row]).await?;
    Ok(())
}

const NEWEST: &str = "held.number = (SELECT MAX(newest.number) FROM commitment_version AS newest \
     WHERE newest.organization = held.organization AND newest.commitment = held.commitment)";
/// Most commitments named in one statement.
const KEYS_PER_STATEMENT: usize = 500;

pub(super) async fn list(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<Version>> {
    after(c, org, CommitmentKey(0), limit).await
}

pub(super) async fn after(
    c: &mut AnyConnection,
    org: Org,
    key: CommitmentKey,
    limit: u32,
) -> Result<Vec<Version>> {
    let text = format!(
        "SELECT held.number, held.since, held.body FROM commitment_version AS held \
         WHERE held.organization = $1 AND held.commitment > $2 AND {NEWEST} ORDER BY held.commitment LIMIT $3"
    );
    let rows: Vec<VersionRow> = sqlx::query_as(AssertSqlSafe(text))
        .bind(org.0)
        .bind(key.0)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?;
    rows.into_iter().map(version).collect()
}

pub(super) async fn several(c: &mut AnyConnection, org: Org, keys: &[CommitmentKey]) -> Result<Vec<Version>> {
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let named: Vec<String> = chunk.iter().map(|key| key.0.to_string()).collect();
        let text = format!(
            "SELECT held.number, held.since, held.body FROM commitment_version AS held \
             WHERE held.organization = $1 AND held.commitment IN ({}) AND {NEWEST} ORDER BY held.commitment",
            named.join(", ")
        );
        let rows: Vec<VersionRow> =
            sqlx::query_as(AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        found.extend(rows.into_iter().map(version).collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

pub(super) async fn versions(c: &mut AnyConnection, org: Org, key: CommitmentKey) -> Result<Vec<Version>> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT number, since, body FROM commitment_version WHERE organization = $1 AND commitment = $2 ORDER BY number",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(version).collect()
}

pub(super) async fn by_page(c: &mut AnyConnection, org: Org, once: &str) -> Result<Option<Version>> {
    let key: Option<(i64,)> =
        sqlx::query_as("SELECT key FROM commitment WHERE organization = $1 AND once = $2")
            .bind(org.0)
            .bind(once)
            .fetch_optional(&mut *c)
            .await?;
    match key {
        Some((key,)) => Ok(versions(c, org, CommitmentKey(key)).await?.pop()),
        None => Ok(None),
    }
}

fn version(row: VersionRow) -> Result<Version> {
    let (number, since, record) = stored::version(row, "the table of commitments")?;
    Ok(Version { number, since, record })
}
