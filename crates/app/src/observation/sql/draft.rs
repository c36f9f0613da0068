//! Checks as they are written: `check_draft`.

use sqlx::{AnyConnection, Row};
use tickmark_core::observation::CheckDraft;
use tickmark_store::{Cell, insert_rows};

use super::{Org, next_key};
use crate::{Error, Result};

const DRAFT: &str = "SELECT body FROM check_draft WHERE organization = $1";

fn draft(row: &sqlx::any::AnyRow) -> Result<CheckDraft> {
    serde_json::from_str(&row.try_get::<String, _>(0)?)
        .map_err(|error| Error::corrupt("a draft of a check", error))
}

/// Returns the number of the next draft.
pub(in crate::observation) async fn next_draft(c: &mut AnyConnection, org: Org) -> Result<i64> {
    next_key(c, org, "check_draft").await
}

/// Lists the drafts that wait for a decision, the longest first.
pub(in crate::observation) async fn waiting_drafts(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Vec<CheckDraft>> {
    let text = format!("{DRAFT} AND state = 'waiting' ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(draft).collect()
}

/// Lists the drafts of a check, oldest first.
pub(in crate::observation) async fn drafts_of(
    c: &mut AnyConnection,
    org: Org,
    check: &str,
) -> Result<Vec<CheckDraft>> {
    let text = format!("{DRAFT} AND check_id = $2 ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(check).fetch_all(c).await?;
    rows.iter().map(draft).collect()
}

/// Adds a draft.
pub(in crate::observation) async fn add_draft(
    c: &mut AnyConnection,
    org: Org,
    of: &CheckDraft,
) -> Result<()> {
    let body = serde_json::to_string(of).expect("a draft has string keys only");
    let row =
        [Cell::from(org.0), of.key.into(), of.check.as_str().into(), of.state.word().into(), body.into()];
    insert_rows(c, "check_draft", ["organization", "key", "check_id", "state", "body"], [row]).await?;
    Ok(())
}

/// Keeps what became of a draft that waited; tells whether it still did.
pub(in crate::observation) async fn decide_draft(
    c: &mut AnyConnection,
    org: Org,
    of: &CheckDraft,
) -> Result<bool> {
    let body = serde_json::to_string(of).expect("a draft has string keys only");
    let done = sqlx::query(
        "UPDATE check_draft SET state = $3, body = $4 WHERE organization = $1 AND key = $2 AND state = 'waiting'",
    )
    .bind(org.0)
    .bind(of.key)
    .bind(of.state.word())
    .bind(body)
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}
