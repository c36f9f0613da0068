//! Runs: `run`.

use std::ops::Range;

use sqlx::{AnyConnection, Row};
use tickmark_core::id::RunKey;
use tickmark_core::{Span, Timestamp};

use super::{Org, Run, RunState, moment, next_key};
use crate::stored::digest;
use crate::{Error, Result};

pub(in crate::observation) async fn open_run(
    c: &mut AnyConnection,
    org: Org,
    source: &str,
    collector: &str,
    now: Timestamp,
) -> Result<RunKey> {
    let key = next_key(c, org, "run").await?;
    sqlx::query(
        "INSERT INTO run (organization, key, source, state, collector, started_at) VALUES ($1, $2, $3, 'open', $4, $5)",
    )
    .bind(org.0)
    .bind(key)
    .bind(source)
    .bind(collector)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(RunKey(key))
}

pub(in crate::observation) async fn miss_run(
    c: &mut AnyConnection,
    org: Org,
    key: RunKey,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("UPDATE run SET state = 'missed', finished_at = $3 WHERE organization = $1 AND key = $2 AND state = 'open'")
        .bind(org.0)
        .bind(key.0)
        .bind(now.micros())
        .execute(c)
        .await?;
    Ok(())
}

pub(in crate::observation) async fn close_run(
    c: &mut AnyConnection,
    org: Org,
    population: i64,
    run: &Run,
) -> Result<()> {
    let done = sqlx::query(
        "UPDATE run SET state = $3, finished_at = $4, population = $5, gaps = $6, evaluated = $7, reused = $8, \
         changed = $9, blocks = $10, facts = $11, collector = $12 WHERE organization = $1 AND key = $2 AND state = 'open'",
    )
    .bind(org.0)
    .bind(run.key.0)
    .bind(run.state.word())
    .bind(run.finished_at.map(Timestamp::micros))
    .bind(population)
    .bind(run.gaps)
    .bind(run.evaluated)
    .bind(run.reused)
    .bind(run.changed)
    .bind(run.blocks.map(|digest| digest.0.to_vec()))
    .bind(run.facts.map(|digest| digest.0.to_vec()))
    .bind(run.collector.as_str())
    .execute(c)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Error::conflict(format!("run {} is not open", run.key)))
    }
}

const RUN: &str = "SELECT key, source, state, collector, started_at, finished_at, gaps, evaluated, reused, changed, blocks, \
     facts FROM run WHERE organization = $1 ";

fn run(row: &sqlx::any::AnyRow) -> Result<Run> {
    let optional = |bytes: Option<Vec<u8>>| bytes.map(|bytes| digest(&bytes, "run")).transpose();
    let state: String = row.try_get(2)?;
    Ok(Run {
        key: RunKey(row.try_get(0)?),
        source: row.try_get(1)?,
        state: RunState::from_word(&state).ok_or_else(|| Error::corrupt("run", "an unknown state"))?,
        collector: row.try_get(3)?,
        started_at: moment(row.try_get(4)?),
        finished_at: row.try_get::<Option<i64>, _>(5)?.map(moment),
        gaps: row.try_get(6)?,
        evaluated: row.try_get(7)?,
        reused: row.try_get(8)?,
        changed: row.try_get(9)?,
        blocks: optional(row.try_get(10)?)?,
        facts: optional(row.try_get(11)?)?,
    })
}

pub(in crate::observation) async fn runs(c: &mut AnyConnection, org: Org, limit: i64) -> Result<Vec<Run>> {
    let text = format!("{RUN} ORDER BY key DESC LIMIT $2");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(limit).fetch_all(c).await?;
    rows.iter().map(run).collect()
}

/// Returns the runs with these keys whose moment lies in a span, oldest first. The moment of a run without a result, which
/// ends when somebody notices, is that of its beginning.
pub(in crate::observation) async fn runs_between(
    c: &mut AnyConnection,
    org: Org,
    keys: Range<RunKey>,
    span: Span,
    limit: i64,
) -> Result<Vec<Run>> {
    const MOMENT: &str =
        "CASE WHEN state = 'missed' THEN started_at ELSE COALESCE(finished_at, started_at) END";
    let text = format!(
        "{RUN} AND key >= $2 AND key < $3 AND {MOMENT} >= $4 AND {MOMENT} < $5 ORDER BY key LIMIT $6"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(keys.start.0)
        .bind(keys.end.0)
        .bind(span.from.micros())
        .bind(span.to.map_or(i64::MAX, Timestamp::micros))
        .bind(limit)
        .fetch_all(c)
        .await?;
    rows.iter().map(run).collect()
}

pub(in crate::observation) async fn find_run(
    c: &mut AnyConnection,
    org: Org,
    key: RunKey,
) -> Result<Option<Run>> {
    let text = format!("{RUN} AND key = $2");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(key.0).fetch_optional(c).await?;
    row.as_ref().map(run).transpose()
}

pub(in crate::observation) async fn open_runs(c: &mut AnyConnection, org: Org) -> Result<Vec<Run>> {
    let text = format!("{RUN} AND state = 'open' ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(run).collect()
}

pub(in crate::observation) async fn last_finished(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Option<Timestamp>> {
    let (at,): (Option<i64>,) = sqlx::query_as(
        "SELECT CAST(MAX(finished_at) AS BIGINT) FROM run WHERE organization = $1 AND state <> 'missed'",
    )
    .bind(org.0)
    .fetch_one(c)
    .await?;
    Ok(at.map(moment))
}
