//! Blocks, and which run looked with which check: `block`, `coverage`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, Row};
use tickmark_core::id::{CheckKey, RunKey};
use tickmark_core::observation::Counts;
use tickmark_core::{Digest, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::{KEYS_PER_STATEMENT, Org, list, moment, next_key};
use crate::stored::{self, digest};
use crate::{Error, Result};

/// A block of the run before.
pub(in crate::observation) struct LastBlock {
    pub(in crate::observation) check: CheckKey,
    pub(in crate::observation) key: i64,
    pub(in crate::observation) digest: Digest,
    pub(in crate::observation) bytes: Vec<u8>,
    pub(in crate::observation) counts: Counts,
}

/// Returns the newest recorded run of a source, with its population.
pub(in crate::observation) async fn last_run(
    c: &mut AnyConnection,
    org: Org,
    source: &str,
) -> Result<Option<(RunKey, i64)>> {
    let found: Option<(i64, i64)> = sqlx::query_as(
        "SELECT key, population FROM run WHERE organization = $1 AND source = $2 AND population IS NOT NULL \
         ORDER BY key DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(source)
    .fetch_optional(c)
    .await?;
    Ok(found.map(|(run, population)| (RunKey(run), population)))
}

pub(in crate::observation) async fn blocks_to_go_on_from(
    c: &mut AnyConnection,
    org: Org,
    run: RunKey,
) -> Result<Vec<LastBlock>> {
    let rows = sqlx::query(
        "SELECT coverage.check_version, block.key, block.digest, block.bytes, coverage.expected, coverage.pass, \
         coverage.fail, coverage.not_applicable, coverage.unknown FROM coverage \
         JOIN block ON block.organization = coverage.organization AND block.key = coverage.block \
         WHERE coverage.organization = $1 AND coverage.run = $2",
    )
    .bind(org.0)
    .bind(run.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(LastBlock {
                check: CheckKey(row.try_get(0)?),
                key: row.try_get(1)?,
                digest: digest(&row.try_get::<Vec<u8>, _>(2)?, "block")?,
                bytes: row.try_get(3)?,
                counts: counts(row, 4)?,
            })
        })
        .collect()
}

fn counts(row: &sqlx::any::AnyRow, first: usize) -> Result<Counts> {
    let count = |i: usize| stored::count(row.try_get(first + i)?, "coverage");
    Ok(Counts {
        expected: count(0)?,
        pass: count(1)?,
        fail: count(2)?,
        not_applicable: count(3)?,
        unknown: count(4)?,
    })
}

pub(in crate::observation) struct NewBlock {
    pub(in crate::observation) check: CheckKey,
    pub(in crate::observation) digest: Digest,
    /// Its key, if it is known to be stored; then there are no bytes here.
    pub(in crate::observation) known: Option<i64>,
    pub(in crate::observation) bytes: Vec<u8>,
    pub(in crate::observation) counts: Counts,
}

/// Returns the keys of the blocks, in their order.
pub(in crate::observation) async fn add_blocks(
    c: &mut AnyConnection,
    org: Org,
    run: RunKey,
    blocks: &[NewBlock],
) -> Result<Vec<i64>> {
    let mut keys: BTreeMap<Digest, i64> =
        blocks.iter().filter_map(|block| Some((block.digest, block.known?))).collect();
    let asked: Vec<&NewBlock> = blocks.iter().filter(|block| block.known.is_none()).collect();
    for chunk in asked.chunks(KEYS_PER_STATEMENT) {
        let text = format!(
            "SELECT key, digest FROM block WHERE organization = $1 AND digest IN {}",
            list(2, chunk.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0);
        for block in chunk {
            query = query.bind(block.digest.0.to_vec());
        }
        for row in query.fetch_all(&mut *c).await? {
            keys.insert(digest(&row.try_get::<Vec<u8>, _>(1)?, "block")?, row.try_get::<i64, _>(0)?);
        }
    }
    let mut next = next_key(c, org, "block").await?;
    let mut rows = Vec::new();
    for block in blocks {
        keys.entry(block.digest).or_insert_with(|| {
            rows.push([Cell::from(org.0), next.into(), block.digest.0.into(), block.bytes.as_slice().into()]);
            next += 1;
            next - 1
        });
    }
    insert_rows(c, "block", ["organization", "key", "digest", "bytes"], rows).await?;
    let count = |n: u64| Cell::from(i64::try_from(n).expect("bounded by the size of a population"));
    let rows = blocks.iter().map(|block| {
        [
            Cell::from(org.0),
            run.0.into(),
            block.check.0.into(),
            keys[&block.digest].into(),
            count(block.counts.expected),
            count(block.counts.pass),
            count(block.counts.fail),
            count(block.counts.not_applicable),
            count(block.counts.unknown),
        ]
    });
    let columns = [
        "organization",
        "run",
        "check_version",
        "block",
        "expected",
        "pass",
        "fail",
        "not_applicable",
        "unknown",
    ];
    insert_rows(c, "coverage", columns, rows).await?;
    Ok(blocks.iter().map(|block| keys[&block.digest]).collect())
}

pub(in crate::observation) async fn coverage_of_run(
    c: &mut AnyConnection,
    org: Org,
    run: RunKey,
) -> Result<Vec<(CheckKey, String, Counts)>> {
    let rows = sqlx::query(
        "SELECT coverage.check_version, check_version.check_id, expected, pass, fail, not_applicable, unknown \
         FROM coverage JOIN check_version ON check_version.organization = coverage.organization \
         AND check_version.key = coverage.check_version \
         WHERE coverage.organization = $1 AND coverage.run = $2 ORDER BY check_version.check_id",
    )
    .bind(org.0)
    .bind(run.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(|row| Ok((CheckKey(row.try_get(0)?), row.try_get(1)?, counts(row, 2)?))).collect()
}

/// Returns the digests of (check version, block) of a run, as the run's leaf commits to them.
pub(in crate::observation) async fn blocks_of_run(
    c: &mut AnyConnection,
    org: Org,
    run: RunKey,
) -> Result<Vec<(Digest, Digest, Vec<u8>)>> {
    let rows = sqlx::query(
        "SELECT check_version.version, block.digest, block.bytes FROM coverage \
         JOIN check_version ON check_version.organization = coverage.organization AND check_version.key = coverage.check_version \
         JOIN block ON block.organization = coverage.organization AND block.key = coverage.block \
         WHERE coverage.organization = $1 AND coverage.run = $2",
    )
    .bind(org.0)
    .bind(run.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            let version = digest(&row.try_get::<Vec<u8>, _>(0)?, "check version")?;
            let block = digest(&row.try_get::<Vec<u8>, _>(1)?, "block")?;
            Ok((version, block, row.try_get(2)?))
        })
        .collect()
}

/// Returns when a check was looked at, oldest first.
pub(in crate::observation) async fn looks(
    c: &mut AnyConnection,
    org: Org,
    check: CheckKey,
) -> Result<Vec<Timestamp>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        // Through the runs: coverage is found by run and check. `CROSS JOIN` keeps SQLite in that order.
        "SELECT run.finished_at FROM run CROSS JOIN coverage WHERE run.organization = $1 \
         AND coverage.organization = run.organization AND coverage.run = run.key AND coverage.check_version = $2 \
         ORDER BY run.finished_at",
    )
    .bind(org.0)
    .bind(check.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(at,)| moment(at)).collect())
}

/// Returns when each check was looked at, oldest first per check.
pub(in crate::observation) async fn all_looks(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Vec<(CheckKey, Timestamp)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT coverage.check_version, run.finished_at FROM coverage \
         JOIN run ON run.organization = coverage.organization AND run.key = coverage.run \
         WHERE coverage.organization = $1 ORDER BY coverage.check_version, run.finished_at",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(check, at)| (CheckKey(check), moment(at))).collect())
}

/// A recorded run as far as looks are concerned.
pub(in crate::observation) struct RunLook {
    pub(in crate::observation) key: RunKey,
    pub(in crate::observation) source: String,
    pub(in crate::observation) at: Timestamp,
    pub(in crate::observation) population: i64,
}

/// Returns the recorded runs up to a moment, oldest first.
pub(in crate::observation) async fn run_looks(
    c: &mut AnyConnection,
    org: Org,
    end: Timestamp,
) -> Result<Vec<RunLook>> {
    let rows: Vec<(i64, String, i64, i64)> = sqlx::query_as(
        "SELECT key, source, finished_at, population FROM run \
         WHERE organization = $1 AND population IS NOT NULL AND finished_at <= $2 ORDER BY key",
    )
    .bind(org.0)
    .bind(end.micros())
    .fetch_all(c)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(key, source, at, population)| RunLook { key: RunKey(key), source, at: moment(at), population })
        .collect())
}

/// Returns which check versions each run asked up to `last`, oldest first. Runs that follow on each other and asked the
/// same share one set.
pub(in crate::observation) async fn asked(
    c: &mut AnyConnection,
    org: Org,
    last: RunKey,
) -> Result<Vec<(Vec<RunKey>, BTreeSet<CheckKey>)>> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT run, string_agg(CAST(check_version AS TEXT), ' ') FROM coverage \
         WHERE organization = $1 AND run <= $2 GROUP BY run ORDER BY run",
    )
    .bind(org.0)
    .bind(last.0)
    .fetch_all(c)
    .await?;
    rows.chunk_by(|a, b| a.1 == b.1)
        .map(|same| {
            let checks = same[0].1.split(' ').map(|key| key.parse().map(CheckKey));
            let checks =
                checks.collect::<Result<_, _>>().map_err(|error| Error::corrupt("coverage", error))?;
            Ok((same.iter().map(|(run, _)| RunKey(*run)).collect(), checks))
        })
        .collect()
}

/// Returns the last look at each current check.
pub(in crate::observation) async fn last_looks(
    c: &mut AnyConnection,
    org: Org,
) -> Result<BTreeMap<CheckKey, (Timestamp, RunKey)>> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT check_version.key, run.finished_at, run.key FROM check_version \
         JOIN run ON run.organization = check_version.organization \
           AND run.key = (SELECT coverage.run FROM coverage \
             WHERE coverage.organization = check_version.organization AND coverage.check_version = check_version.key \
             ORDER BY coverage.run DESC LIMIT 1) \
         WHERE check_version.organization = $1 AND check_version.superseded_at IS NULL",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(check, at, run)| (CheckKey(check), (moment(at), RunKey(run)))).collect())
}
