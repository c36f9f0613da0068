//! The table `readiness_scope`.

use sqlx::AnyConnection;
use tickmark_core::conclusion::chosen::Chosen;
use tickmark_core::id::OrganizationKey;
use tickmark_store::{Cell, insert_rows};

use crate::{Error, Result};

const WHAT: &str = "the table of readiness scopes";

pub(super) async fn newest(c: &mut AnyConnection, org: OrganizationKey) -> Result<Option<Chosen>> {
    Ok(versions(c, org, 1).await?.pop())
}

/// Newest first.
pub(super) async fn versions(c: &mut AnyConnection, org: OrganizationKey, limit: u32) -> Result<Vec<Chosen>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM readiness_scope WHERE organization = $1 ORDER BY number DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    let read = |body: &str| serde_json::from_str(body).map_err(|error| Error::corrupt(WHAT, error));
    rows.iter().map(|(body,)| read(body)).collect()
}

pub(super) async fn add(c: &mut AnyConnection, org: OrganizationKey, chosen: &Chosen) -> Result<()> {
    let body = serde_json::to_string(chosen).expect("a choice has string keys only");
    let row = [
        Cell::from(org.0),
        i64::from(chosen.written.version).into(),
        chosen.written.at.micros().into(),
        chosen.written.by.to_string().into(),
        body.into(),
    ];
    insert_rows(c, "readiness_scope", ["organization", "number", "at", "by_actor", "body"], [row]).await?;
    Ok(())
}
