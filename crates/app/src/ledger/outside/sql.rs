//! The tables `log_delivery`, `log_anchor`, `log_cosignature`, `log_party`.

use sqlx::{AnyConnection, AssertSqlSafe};
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;

use super::watch::Answered;
use super::{Anchor, Cosignature, Delivery, PartyKind};
use crate::ledger::sql::{checkpoint, number};
use crate::{Result, stored};

type Org = OrganizationKey;

/// Returns the newest checkpoint of at most `size` entries that somebody outside is known to hold.
pub(in crate::ledger) async fn newest_confirmed(
    c: &mut AnyConnection,
    org: Org,
    size: u64,
) -> Result<Option<String>> {
    let mut confirmed: Vec<(i64, String)> = sqlx::query_as(
        "SELECT size, note FROM log_anchor WHERE organization = $1 AND size <= $2 \
         UNION ALL SELECT size, note FROM log_delivery \
         WHERE organization = $1 AND size <= $2 AND delivered_at IS NOT NULL ORDER BY size DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(number(size)?)
    .fetch_all(&mut *c)
    .await?;
    let (cosigned,): (Option<i64>,) = sqlx::query_as(
        "SELECT CAST(MAX(size) AS BIGINT) FROM log_cosignature WHERE organization = $1 AND size <= $2",
    )
    .bind(org.0)
    .bind(number(size)?)
    .fetch_one(&mut *c)
    .await?;
    if let Some(cosigned) = cosigned
        && let Some(note) = checkpoint(c, org, stored::count(cosigned, "the table of cosignatures")?).await?
    {
        confirmed.push((cosigned, note));
    }
    Ok(confirmed.into_iter().max_by_key(|(size, _)| *size).map(|(_, note)| note))
}

// ---- deliveries

/// Makes the newest checkpoint due at a place, in place of older ones that did not arrive.
pub(super) async fn enqueue_delivery(
    c: &mut AnyConnection,
    org: Org,
    target: &str,
    size: u64,
    note: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO log_delivery (organization, target, size, note, attempts, due_at, delivered_at, problem) \
         VALUES ($1, $2, $3, $4, 0, $5, NULL, NULL) ON CONFLICT (organization, target, size) DO NOTHING",
    )
    .bind(org.0)
    .bind(target)
    .bind(number(size)?)
    .bind(note)
    .bind(now.micros())
    .execute(&mut *c)
    .await?;
    sqlx::query(
        "UPDATE log_delivery SET due_at = NULL WHERE organization = $1 AND target = $2 AND size < $3 \
         AND due_at IS NOT NULL",
    )
    .bind(org.0)
    .bind(target)
    .bind(number(size)?)
    .execute(c)
    .await?;
    Ok(())
}

type DeliveryRow = (String, i64, i64, Option<i64>, Option<i64>, Option<String>, String);

fn delivery(row: DeliveryRow) -> Result<(Delivery, String)> {
    let (target, size, attempts, due_at, delivered_at, problem, note) = row;
    let what = "the table of deliveries";
    let delivery = Delivery {
        target,
        size: stored::count(size, what)?,
        delivered_at: delivered_at.map(Timestamp::from_micros),
        due_at: due_at.map(Timestamp::from_micros),
        attempts: stored::count(attempts, what)?,
        problem,
    };
    Ok((delivery, note))
}

/// Returns what is due until a moment, with the checkpoints.
pub(super) async fn deliveries_due(
    c: &mut AnyConnection,
    org: Org,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<(Delivery, String)>> {
    let rows: Vec<DeliveryRow> = sqlx::query_as(
        "SELECT target, size, attempts, due_at, delivered_at, problem, note FROM log_delivery \
         WHERE organization = $1 AND due_at <= $2 ORDER BY target, size LIMIT $3",
    )
    .bind(org.0)
    .bind(until.micros())
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(delivery).collect()
}

/// Takes a delivery for one process until a moment. Tells whether it was still to be had.
pub(super) async fn claim_delivery(
    c: &mut AnyConnection,
    org: Org,
    delivery: &Delivery,
    until: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE log_delivery SET attempts = attempts + 1, due_at = $1 WHERE organization = $2 AND target = $3 \
         AND size = $4 AND attempts = $5 AND due_at IS NOT NULL",
    )
    .bind(until.micros())
    .bind(org.0)
    .bind(&delivery.target)
    .bind(number(delivery.size)?)
    .bind(number(delivery.attempts)?)
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down how a delivery ended: it arrived, or is due again.
pub(super) async fn end_delivery(
    c: &mut AnyConnection,
    org: Org,
    delivery: &Delivery,
    now: Timestamp,
    again: Timestamp,
    problem: Option<&str>,
) -> Result<()> {
    let (delivered, due) = if problem.is_none() { (Some(now), None) } else { (None, Some(again)) };
    sqlx::query(
        "UPDATE log_delivery SET delivered_at = $1, due_at = $2, problem = $3 \
         WHERE organization = $4 AND target = $5 AND size = $6",
    )
    .bind(delivered.map(Timestamp::micros))
    .bind(due.map(Timestamp::micros))
    .bind(problem)
    .bind(org.0)
    .bind(&delivery.target)
    .bind(number(delivery.size)?)
    .execute(c)
    .await?;
    Ok(())
}

pub(in crate::ledger) async fn deliveries(
    c: &mut AnyConnection,
    org: Org,
    limit: u32,
) -> Result<Vec<Delivery>> {
    let rows: Vec<DeliveryRow> = sqlx::query_as(
        "SELECT target, size, attempts, due_at, delivered_at, problem, '' FROM log_delivery \
         WHERE organization = $1 ORDER BY size DESC, target LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|row| delivery(row).map(|(delivery, _)| delivery)).collect()
}

// ---- timestamps

const ANCHOR: &str =
    "SELECT authority, size, note, artifact, latest_at, earliest_at, expires_at FROM log_anchor";
type AnchorRow = (String, i64, String, i64, i64, i64, i64);

fn anchor((authority, size, note, artifact, latest, earliest, expires): AnchorRow) -> Result<Anchor> {
    Ok(Anchor {
        authority,
        size: stored::count(size, "the table of timestamps")?,
        note,
        artifact,
        latest_at: Timestamp::from_micros(latest),
        earliest_at: Timestamp::from_micros(earliest),
        expires_at: Timestamp::from_micros(expires),
    })
}

pub(super) async fn insert_anchor(c: &mut AnyConnection, org: Org, anchor: &Anchor) -> Result<()> {
    sqlx::query(
        "INSERT INTO log_anchor (organization, authority, size, note, artifact, latest_at, earliest_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(org.0)
    .bind(&anchor.authority)
    .bind(number(anchor.size)?)
    .bind(&anchor.note)
    .bind(anchor.artifact)
    .bind(anchor.latest_at.micros())
    .bind(anchor.earliest_at.micros())
    .bind(anchor.expires_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn newest_anchor(
    c: &mut AnyConnection,
    org: Org,
    authority: &str,
) -> Result<Option<Anchor>> {
    let text = format!("{ANCHOR} WHERE organization = $1 AND authority = $2 ORDER BY size DESC LIMIT 1");
    let row: Option<AnchorRow> =
        sqlx::query_as(AssertSqlSafe(text)).bind(org.0).bind(authority).fetch_optional(c).await?;
    row.map(anchor).transpose()
}

pub(super) async fn anchors(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<Anchor>> {
    let text = format!("{ANCHOR} WHERE organization = $1 ORDER BY size DESC, authority LIMIT $2");
    let rows: Vec<AnchorRow> =
        sqlx::query_as(AssertSqlSafe(text)).bind(org.0).bind(i64::from(limit)).fetch_all(c).await?;
    rows.into_iter().map(anchor).collect()
}

// ---- cosignatures

type CosignatureRow = (String, i64, String, i64);

fn cosignature((witness, size, line, at): CosignatureRow) -> Result<Cosignature> {
    let size = stored::count(size, "the table of cosignatures")?;
    Ok(Cosignature { witness, size, line, cosigned_at: Timestamp::from_micros(at) })
}

pub(super) async fn insert_cosignature(
    c: &mut AnyConnection,
    org: Org,
    cosignature: &Cosignature,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO log_cosignature (organization, witness, size, line, cosigned_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (organization, witness, size) DO NOTHING",
    )
    .bind(org.0)
    .bind(&cosignature.witness)
    .bind(number(cosignature.size)?)
    .bind(&cosignature.line)
    .bind(cosignature.cosigned_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn newest_cosignature(
    c: &mut AnyConnection,
    org: Org,
    witness: &str,
) -> Result<Option<Cosignature>> {
    let row: Option<CosignatureRow> = sqlx::query_as(
        "SELECT witness, size, line, cosigned_at FROM log_cosignature WHERE organization = $1 AND witness = $2 \
         ORDER BY size DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(witness)
    .fetch_optional(c)
    .await?;
    row.map(cosignature).transpose()
}

pub(super) async fn cosignatures(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<Cosignature>> {
    let rows: Vec<CosignatureRow> = sqlx::query_as(
        "SELECT witness, size, line, cosigned_at FROM log_cosignature WHERE organization = $1 \
         ORDER BY size DESC, witness LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(cosignature).collect()
}

// ---- who answers

/// Keeps that somebody answered, or since when they do not.
pub(super) async fn note_party(
    c: &mut AnyConnection,
    org: Org,
    kind: PartyKind,
    name: &str,
    now: Timestamp,
    problem: Option<&str>,
) -> Result<()> {
    let (answered, failing) = if problem.is_none() { (Some(now), None) } else { (None, Some(now)) };
    sqlx::query(
        "INSERT INTO log_party (organization, kind, name, answered_at, failing_since, problem) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization, kind, name) DO UPDATE SET \
         answered_at = COALESCE(excluded.answered_at, log_party.answered_at), \
         failing_since = CASE WHEN excluded.failing_since IS NULL THEN NULL \
         ELSE COALESCE(log_party.failing_since, excluded.failing_since) END, \
         problem = excluded.problem",
    )
    .bind(org.0)
    .bind(kind.word())
    .bind(name)
    .bind(answered.map(Timestamp::micros))
    .bind(failing.map(Timestamp::micros))
    .bind(problem)
    .execute(c)
    .await?;
    Ok(())
}

type PartyRow = (String, String, Option<i64>, Option<i64>, Option<String>);

pub(super) async fn parties(c: &mut AnyConnection, org: Org) -> Result<Vec<(PartyKind, String, Answered)>> {
    let rows: Vec<PartyRow> = sqlx::query_as(
        "SELECT kind, name, answered_at, failing_since, problem FROM log_party WHERE organization = $1 \
         ORDER BY kind, name LIMIT 1000",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(kind, name, answered_at, failing_since, problem)| {
            let answered = Answered {
                answered_at: answered_at.map(Timestamp::from_micros),
                failing_since: failing_since.map(Timestamp::from_micros),
                problem,
            };
            Ok((stored::parse(&kind, "the table of those outside")?, name, answered))
        })
        .collect()
}
