//! The table `audit_event`.

use sqlx::AnyConnection;
use sqlx::Row as _;
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;
use tickmark_ledger::commitment::Salt;

use super::{Filter, Row};
use crate::{Result, stored};

/// Returns the number of the next row. Writers of an organization come one after another.
pub(super) async fn next_number(c: &mut AnyConnection, org: OrganizationKey) -> Result<i64> {
    let (number,): (i64,) =
        sqlx::query_as("SELECT COALESCE(max(number), 0) + 1 FROM audit_event WHERE organization = $1")
            .bind(org.0)
            .fetch_one(c)
            .await?;
    Ok(number)
}

pub(super) async fn insert(
    c: &mut AnyConnection,
    org: OrganizationKey,
    row: &Row,
    salt: Option<&Salt>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit_event (organization, number, leaf, at, actor, event, outcome, object_kind, object, reason, \
         why, salt, request, session) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(org.0)
    .bind(row.number)
    .bind(row.leaf.to_string())
    .bind(row.at.micros())
    .bind(row.actor.to_string())
    .bind(&row.event)
    .bind(&row.outcome)
    .bind(&row.object_kind)
    .bind(&row.object)
    .bind(&row.reason)
    .bind(row.why.as_deref())
    .bind(salt.map(|salt| salt.0.to_vec()))
    .bind(&row.request)
    .bind(&row.session)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn search(
    c: &mut AnyConnection,
    org: OrganizationKey,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<Row>> {
    // An empty text or a number outside of all times stands for "whatever", so that one statement does for every filter.
    let event = filter.event.as_deref().unwrap_or_default();
    let rows = sqlx::query(
        "SELECT number, leaf, at, actor, event, outcome, object_kind, object, reason, why, request, session \
         FROM audit_event WHERE organization = $1 AND ($2 = '' OR actor = $2) \
         AND ($3 = '' OR event = $3 OR substr(event, 1, CAST($4 AS INTEGER)) = $5) AND ($6 = '' OR outcome = $6) \
         AND ($7 = '' OR object = $7) AND at >= $8 AND at < $9 AND number < $10 ORDER BY number DESC LIMIT $11",
    )
    .bind(org.0)
    .bind(filter.actor.map(|actor| actor.to_string()).unwrap_or_default())
    .bind(event)
    .bind(i64::try_from(event.chars().count() + 1).unwrap_or(i64::MAX))
    .bind(format!("{event}."))
    .bind(filter.outcome.map_or("", super::Outcome::word))
    .bind(filter.object.as_deref().unwrap_or_default())
    .bind(filter.from.map_or(i64::MIN, Timestamp::micros))
    .bind(filter.to.map_or(i64::MAX, Timestamp::micros))
    .bind(filter.before.unwrap_or(i64::MAX))
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    let what = "the audit trail";
    rows.iter()
        .map(|row| {
            Ok(Row {
                number: row.try_get("number")?,
                leaf: stored::parse(row.try_get("leaf")?, what)?,
                at: Timestamp::from_micros(row.try_get("at")?),
                actor: stored::parse(row.try_get("actor")?, what)?,
                event: row.try_get("event")?,
                outcome: row.try_get("outcome")?,
                object_kind: row.try_get("object_kind")?,
                object: row.try_get("object")?,
                reason: row.try_get("reason")?,
                why: row.try_get("why")?,
                request: row.try_get("request")?,
                session: row.try_get("session")?,
            })
        })
        .collect()
}
