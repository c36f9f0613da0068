//! The table `target_record`.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::TargetKey;
use tickmark_core::observation::estate::TargetRecord;
use tickmark_store::{Cell, insert_rows};

use super::Org;
use crate::observation::estate::{RecordVersion, Said};
use crate::{Error, Result, stored};

type Row = (i64, i64, String, String, String, String);

const WHAT: &str = "the table of what is said about targets";
/// Most versions of one record.
const VERSIONS: i64 = 1_000;

pub(in crate::observation) async fn add(
    c: &mut AnyConnection,
    org: Org,
    key: TargetKey,
    version: &RecordVersion,
) -> Result<()> {
    let body = serde_json::to_string(&version.record).expect("a record has string keys only");
    let row = [
        Cell::from(org.0),
        key.0.into(),
        version.number.into(),
        version.at.micros().into(),
        version.by.to_string().into(),
        version.said.word().into(),
        version.reason.as_str().into(),
        body.into(),
    ];
    let columns = ["organization", "target", "number", "at", "by_actor", "event", "reason", "body"];
    insert_rows(c, "target_record", columns, [row]).await?;
    Ok(())
}

/// Returns the newest versions about a target, oldest first.
pub(in crate::observation) async fn versions(
    c: &mut AnyConnection,
    org: Org,
    key: TargetKey,
) -> Result<Vec<RecordVersion>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, at, by_actor, event, reason, body FROM target_record \
         WHERE organization = $1 AND target = $2 ORDER BY number DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(VERSIONS)
    .fetch_all(c)
    .await?;
    rows.into_iter().rev().map(version).collect()
}

/// Returns what is said about all targets now.
pub(in crate::observation) async fn newest(
    c: &mut AnyConnection,
    org: Org,
) -> Result<BTreeMap<TargetKey, TargetRecord>> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT target, body FROM target_record WHERE organization = $1 ORDER BY target, number",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(key, body)| Ok((TargetKey(key), record(&body)?))).collect()
}

fn record(body: &str) -> Result<TargetRecord> {
    serde_json::from_str(body).map_err(|error| Error::corrupt(WHAT, error))
}

fn version((number, at, by, event, reason, body): Row) -> Result<RecordVersion> {
    Ok(RecordVersion {
        number,
        at: Timestamp::from_micros(at),
        by: stored::parse(&by, WHAT)?,
        said: Said::of(&event).ok_or_else(|| Error::corrupt(WHAT, "an unknown event"))?,
        reason,
        record: record(&body)?,
    })
}
