//! The index over blocks: `verdict_interval`.

use sqlx::{AnyConnection, Row};
use tickmark_core::id::{CheckKey, TargetKey};
use tickmark_core::observation::interval::Interval;
use tickmark_core::observation::{Observation, ReasonClass, Verdict};
use tickmark_core::{Span, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::{IndexRow, KEYS_PER_STATEMENT, Org, PAIRS_PER_STATEMENT, moment, numbers, pairs};
use crate::{Error, Result};

/// One verdict that changed.
pub(in crate::observation) struct Change {
    pub(in crate::observation) check: CheckKey,
    pub(in crate::observation) target: TargetKey,
    /// None closes without opening: the target is no longer expected.
    pub(in crate::observation) found: Option<Observation>,
    /// Whether an interval is open now.
    pub(in crate::observation) was_open: bool,
}

pub(in crate::observation) async fn change_verdicts(
    c: &mut AnyConnection,
    org: Org,
    changes: &[Change],
    at: Timestamp,
) -> Result<()> {
    let closing: Vec<(i64, i64)> = changes
        .iter()
        .filter(|change| change.was_open)
        .map(|change| (change.check.0, change.target.0))
        .collect();
    for chunk in closing.chunks(PAIRS_PER_STATEMENT) {
        // Through a named table both databases find the rows by their key.
        let text = format!(
            "WITH closing (check_version, target) AS (VALUES {}) UPDATE verdict_interval SET until = $2 \
             WHERE organization = $1 AND until IS NULL \
             AND (check_version, target) IN (SELECT check_version, target FROM closing)",
            pairs(chunk)
        );
        sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(at.micros()).execute(&mut *c).await?;
    }
    let rows = changes.iter().filter_map(|change| {
        let found = change.found?;
        Some([
            Cell::from(org.0),
            change.check.0.into(),
            change.target.0.into(),
            at.micros().into(),
            i64::from(found.verdict().code()).into(),
            reason_code(found).into(),
        ])
    });
    let columns = ["organization", "check_version", "target", "since", "verdict", "reason"];
    insert_rows(c, "verdict_interval", columns, rows).await?;
    Ok(())
}

fn interval(row: &sqlx::any::AnyRow, first: usize) -> Result<Interval> {
    let (verdict, reason) =
        observation(row.try_get(first + 2)?, row.try_get(first + 3)?, "verdict interval")?;
    Ok(Interval {
        verdict,
        reason,
        span: Span {
            from: moment(row.try_get(first)?),
            to: row.try_get::<Option<i64>, _>(first + 1)?.map(moment),
        },
    })
}

pub(in crate::observation) async fn intervals(
    c: &mut AnyConnection,
    org: Org,
    check: CheckKey,
    target: TargetKey,
) -> Result<Vec<Interval>> {
    let rows = sqlx::query(
        "SELECT since, until, CAST(verdict AS BIGINT), CAST(reason AS BIGINT) FROM verdict_interval \
         WHERE organization = $1 AND check_version = $2 AND target = $3 ORDER BY since",
    )
    .bind(org.0)
    .bind(check.0)
    .bind(target.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(|row| interval(row, 0)).collect()
}

/// Returns the open intervals of all checks.
pub(in crate::observation) async fn open_intervals(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    keyed_intervals(c, org, "AND until IS NULL").await
}

/// Returns what the check versions in force say about some targets by their open intervals.
pub(in crate::observation) async fn open_at(
    c: &mut AnyConnection,
    org: Org,
    targets: &[TargetKey],
) -> Result<Vec<(CheckKey, TargetKey, Verdict)>> {
    let mut found = Vec::new();
    for chunk in targets.chunks(KEYS_PER_STATEMENT) {
        // In this order: each check has its targets side by side.
        let text = format!(
            "SELECT held.check_version, held.target, CAST(held.verdict AS BIGINT) FROM check_version \
             CROSS JOIN verdict_interval AS held WHERE check_version.organization = $1 \
             AND check_version.superseded_at IS NULL AND held.organization = $1 \
             AND held.check_version = check_version.key AND held.target IN ({}) AND held.until IS NULL",
            numbers(chunk)
        );
        let rows: Vec<(i64, i64, i64)> =
            sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        for (check, target, verdict) in rows {
            let (verdict, _) = observation(verdict, 0, "verdict interval")?;
            found.push((CheckKey(check), TargetKey(target), verdict));
        }
    }
    Ok(found)
}

/// Returns the intervals that are no pass and lie before `end` and after `from`, oldest first per check and target.
pub(in crate::observation) async fn other_than_pass(
    c: &mut AnyConnection,
    org: Org,
    from: Option<Timestamp>,
    end: Timestamp,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    let (from, end) = (from.map_or(i64::MIN, Timestamp::micros), end.micros());
    let those =
        format!("AND verdict <> 1 AND since < {end} AND (until IS NULL OR until > {})", from.max(-i64::MAX));
    keyed_intervals(c, org, &those).await
}

/// Returns all intervals, oldest first per check and target.
pub(in crate::observation) async fn all_intervals(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    keyed_intervals(c, org, "").await
}

/// Returns the whole index, sorted.
pub(in crate::observation) async fn index_rows(c: &mut AnyConnection, org: Org) -> Result<Vec<IndexRow>> {
    let rows = keyed_intervals(c, org, "").await?;
    let mut rows: Vec<IndexRow> = rows
        .into_iter()
        .map(|(check, target, interval)| IndexRow {
            check,
            target,
            since: interval.span.from,
            until: interval.span.to,
            found: Observation::new(interval.verdict, interval.reason),
        })
        .collect();
    rows.sort_unstable();
    Ok(rows)
}

/// Puts other rows in the place of the index.
pub(in crate::observation) async fn replace_index(
    c: &mut AnyConnection,
    org: Org,
    rows: &[IndexRow],
) -> Result<()> {
    sqlx::query("DELETE FROM verdict_interval WHERE organization = $1").bind(org.0).execute(&mut *c).await?;
    let rows = rows.iter().map(|row| {
        [
            Cell::from(org.0),
            row.check.0.into(),
            row.target.0.into(),
            row.since.micros().into(),
            row.until.map(Timestamp::micros).into(),
            i64::from(row.found.verdict().code()).into(),
            reason_code(row.found).into(),
        ]
    });
    let columns = ["organization", "check_version", "target", "since", "until", "verdict", "reason"];
    insert_rows(c, "verdict_interval", columns, rows).await?;
    Ok(())
}

/// Tells whether any check said something else about a target at a moment than that nothing was collected.
pub(in crate::observation) async fn was_reached(
    c: &mut AnyConnection,
    org: Org,
    target: TargetKey,
    at: Timestamp,
) -> Result<bool> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM verdict_interval WHERE organization = $1 AND target = $2 \
         AND since <= $3 AND (until IS NULL OR until > $4) AND NOT (verdict = 0 AND reason = 3) \
         AND NOT (verdict = 3 AND reason = 7)",
    )
    .bind(org.0)
    .bind(target.0)
    .bind(at.micros())
    .bind(at.micros())
    .fetch_one(c)
    .await?;
    Ok(count > 0)
}

/// Returns intervals by check version, target and time. They come as one text for each check version: a row of their own
/// for each is most of the time of a question about a year.
async fn keyed_intervals(
    c: &mut AnyConnection,
    org: Org,
    those: &str,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    let text = format!(
        "SELECT check_version, string_agg(target || ' ' || since || ' ' || COALESCE(CAST(until AS TEXT), '-') || ' ' \
         || verdict || ' ' || reason, ',' ORDER BY target, since) FROM verdict_interval \
         WHERE organization = $1 {those} GROUP BY check_version ORDER BY check_version"
    );
    let rows: Vec<(i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    let mut intervals = Vec::new();
    for (check, text) in rows {
        for packed in text.split(',') {
            let (target, interval) = unpacked(packed)
                .ok_or_else(|| Error::corrupt("verdict interval", format!("{packed:?} is none")))?;
            intervals.push((CheckKey(check), target, interval));
        }
    }
    Ok(intervals)
}

fn unpacked(text: &str) -> Option<(TargetKey, Interval)> {
    let mut fields = text.split(' ');
    let mut number = || fields.next()?.parse::<i64>().ok();
    let (target, since) = (number()?, number()?);
    let until = match fields.next()? {
        "-" => None,
        until => Some(moment(until.parse().ok()?)),
    };
    let mut number = || fields.next()?.parse::<i64>().ok();
    let (verdict, reason) = observation(number()?, number()?, "verdict interval").ok()?;
    Some((TargetKey(target), Interval { verdict, reason, span: Span { from: moment(since), to: until } }))
}

fn reason_code(observation: Observation) -> i64 {
    observation.reason().map_or(0, |reason| i64::from(reason.code()))
}

fn observation(verdict: i64, reason: i64, what: &str) -> Result<(Verdict, Option<ReasonClass>)> {
    let verdict = u8::try_from(verdict).ok().filter(|code| *code < 4).map(Verdict::from_code);
    let reason = u8::try_from(reason).map(ReasonClass::from_code);
    match (verdict, reason) {
        (Some(verdict), Ok(reason)) => Ok((verdict, reason)),
        _ => Err(Error::corrupt(what, "an unknown verdict or reason code")),
    }
}
