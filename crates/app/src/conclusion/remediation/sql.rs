//! The tables `finding`, `finding_version`.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::conclusion::finding::Finding;
use tickmark_core::id::{FindingId, OrganizationKey};
use tickmark_store::{Cell, insert_rows};

use super::{Step, Version};
use crate::{Error, Result, stored};

type Org = OrganizationKey;
type Row = (i64, i64, String, String, String);

const WHAT: &str = "the table of findings";
/// Most versions of all records of one reference.
const VERSION_LIMIT: i64 = 10_000;

pub(super) async fn add(
    c: &mut AnyConnection,
    org: Org,
    id: FindingId,
    reference: &str,
    at: Timestamp,
    once: Option<&str>,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        id.to_string().into(),
        reference.into(),
        at.micros().into(),
        false.into(),
        once.map(str::to_owned).into(),
    ];
    let columns = ["organization", "id", "reference", "opened_at", "is_closed", "once"];
    insert_rows(c, "finding", columns, [row]).await?;
    Ok(())
}

/// Returns the number of the next finding that somebody writes.
pub(super) async fn next_written(c: &mut AnyConnection, org: Org) -> Result<i64> {
    // None is ever taken away, and each is opened once.
    let (count,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM finding WHERE organization = $1 AND once IS NOT NULL")
            .bind(org.0)
            .fetch_one(c)
            .await?;
    Ok(count + 1)
}

/// Finds what was written on a page, as it stands.
pub(super) async fn by_once(c: &mut AnyConnection, org: Org, once: &str) -> Result<Option<Version>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT held.number, held.at, held.by_actor, held.event, held.body FROM finding_version AS held \
         JOIN finding ON finding.organization = held.organization AND finding.id = held.finding \
         WHERE held.organization = $1 AND finding.once = $2 ORDER BY held.number DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(once)
    .fetch_optional(c)
    .await?;
    row.map(version).transpose()
}

pub(super) async fn add_version(c: &mut AnyConnection, org: Org, version: &Version) -> Result<()> {
    let body = serde_json::to_string(&version.record).expect("a finding has string keys only");
    let row = [
        Cell::from(org.0),
        version.record.id.to_string().into(),
        version.number.into(),
        version.at.micros().into(),
        version.by.to_string().into(),
        version.step.word().into(),
        body.into(),
    ];
    let columns = ["organization", "finding", "number", "at", "by_actor", "event", "body"];
    insert_rows(c, "finding_version", columns, [row]).await?;
    Ok(())
}

pub(super) async fn close(c: &mut AnyConnection, org: Org, id: FindingId) -> Result<()> {
    sqlx::query("UPDATE finding SET is_closed = 1 WHERE organization = $1 AND id = $2")
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn current(c: &mut AnyConnection, org: Org, reference: &str) -> Result<Option<Version>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT held.number, held.at, held.by_actor, held.event, held.body FROM finding_version AS held \
         JOIN finding ON finding.organization = held.organization AND finding.id = held.finding \
         WHERE held.organization = $1 AND finding.reference = $2 AND finding.is_closed = 0 \
         ORDER BY held.number DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(reference)
    .fetch_optional(c)
    .await?;
    row.map(version).transpose()
}

pub(super) async fn open(c: &mut AnyConnection, org: Org, limit: u32) -> Result<BTreeMap<String, Finding>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT finding.reference, held.body FROM finding JOIN finding_version AS held \
         ON held.organization = finding.organization AND held.finding = finding.id \
         WHERE finding.organization = $1 AND finding.is_closed = 0 AND held.number = \
         (SELECT MAX(newest.number) FROM finding_version AS newest \
         WHERE newest.organization = held.organization AND newest.finding = held.finding) \
         ORDER BY finding.reference LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(reference, body)| Ok((reference, record(&body)?))).collect()
}

/// Returns the open records that were opened since a moment, as they stand.
pub(super) async fn opened_since(
    c: &mut AnyConnection,
    org: Org,
    since: Timestamp,
    limit: u32,
) -> Result<BTreeMap<String, Finding>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT finding.reference, held.body FROM finding JOIN finding_version AS held \
         ON held.organization = finding.organization AND held.finding = finding.id \
         WHERE finding.organization = $1 AND finding.is_closed = 0 AND finding.opened_at >= $2 AND held.number = \
         (SELECT MAX(newest.number) FROM finding_version AS newest \
         WHERE newest.organization = held.organization AND newest.finding = held.finding) \
         ORDER BY finding.opened_at, finding.id LIMIT $3",
    )
    .bind(org.0)
    .bind(since.micros())
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(reference, body)| Ok((reference, record(&body)?))).collect()
}

/// Returns the records that were opened before a moment, as they stand, oldest first.
pub(super) async fn opened_until(
    c: &mut AnyConnection,
    org: Org,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Finding>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT held.body FROM finding JOIN finding_version AS held \
         ON held.organization = finding.organization AND held.finding = finding.id \
         WHERE finding.organization = $1 AND finding.opened_at < $2 AND held.number = \
         (SELECT MAX(newest.number) FROM finding_version AS newest \
         WHERE newest.organization = held.organization AND newest.finding = held.finding) \
         ORDER BY finding.opened_at, finding.id LIMIT $3",
    )
    .bind(org.0)
    .bind(until.micros())
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(body,)| record(&body)).collect()
}

/// Returns the records that are closed, as they stand, with their references.
pub(super) async fn closed(c: &mut AnyConnection, org: Org) -> Result<Vec<(String, Finding)>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT finding.reference, held.body FROM finding JOIN finding_version AS held \
         ON held.organization = finding.organization AND held.finding = finding.id \
         WHERE finding.organization = $1 AND finding.is_closed = 1 AND held.event = 'closed' \
         ORDER BY held.at, finding.id",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(reference, body)| Ok((reference, record(&body)?))).collect()
}

pub(super) async fn steps_since(
    c: &mut AnyConnection,
    org: Org,
    since: Timestamp,
) -> Result<BTreeMap<Step, u64>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT event, COUNT(*) FROM finding_version WHERE organization = $1 AND at >= $2 GROUP BY event ORDER BY event",
    )
    .bind(org.0)
    .bind(since.micros())
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(event, count)| Ok((step(&event)?, stored::count(count, WHAT)?))).collect()
}

fn step(event: &str) -> Result<Step> {
    let step = Step::ALL.into_iter().find(|step| step.word() == event);
    step.ok_or_else(|| Error::corrupt(WHAT, "an unknown event"))
}

pub(super) async fn records(
    c: &mut AnyConnection,
    org: Org,
    reference: &str,
    limit: u32,
) -> Result<Vec<Vec<Version>>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT held.number, held.at, held.by_actor, held.event, held.body FROM finding_version AS held \
         JOIN finding ON finding.organization = held.organization AND finding.id = held.finding \
         WHERE held.organization = $1 AND finding.reference = $2 \
         ORDER BY finding.opened_at, finding.id, held.number LIMIT $3",
    )
    .bind(org.0)
    .bind(reference)
    .bind(VERSION_LIMIT)
    .fetch_all(c)
    .await?;
    let mut records: Vec<Vec<Version>> = Vec::new();
    for row in rows {
        let version = version(row)?;
        match records.last_mut() {
            Some(same) if same[0].record.id == version.record.id => same.push(version),
            _ => records.push(vec![version]),
        }
    }
    records.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(records)
}

fn record(body: &str) -> Result<Finding> {
    serde_json::from_str(body).map_err(|error| Error::corrupt(WHAT, error))
}

fn version((number, at, by, event, body): Row) -> Result<Version> {
    Ok(Version {
        number,
        at: Timestamp::from_micros(at),
        by: stored::parse(&by, WHAT)?,
        step: step(&event)?,
        record: record(&body)?,
    })
}
