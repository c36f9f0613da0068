//! The tables of observation history: `target`, `check_version`, `population`, `run`, `facts_interval`,
//! `verdict_memo`, `block`, `coverage`, `verdict_interval`, `reevaluation`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, Row};
use tickmark_core::id::{CheckKey, OrganizationKey, RunKey, TargetKey};
use tickmark_core::observation::interval::Interval;
use tickmark_core::observation::{
    CheckDefinition, Counts, Observation, Outcome, ReasonClass, TargetRef, Verdict,
};
use tickmark_core::{Digest, Span, Timestamp};
use tickmark_store::{Cell, insert_missing_rows, insert_rows};

use super::{CheckVersion, FactsState, Run, RunState, Target};
use crate::stored::{self, digest};
use crate::{Error, Result};

/// Most keys named in one `IN (…)` list.
const KEYS_PER_STATEMENT: usize = 500;

pub(super) type Org = OrganizationKey;

fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
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

/// Returns `($a, $b, …)` with `count` parameters from `$first` on.
fn list(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    format!("({})", numbers.join(", "))
}

async fn next_key(c: &mut AnyConnection, org: Org, text: &'static str) -> Result<i64> {
    let (key,): (i64,) = sqlx::query_as(text).bind(org.0).fetch_one(c).await?;
    Ok(key)
}

// ---- targets

pub(super) async fn targets(c: &mut AnyConnection, org: Org) -> Result<Vec<Target>> {
    let rows = sqlx::query(
        "SELECT key, kind, external_id, name, first_seen, retired_at FROM target WHERE organization = $1 ORDER BY key",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Target {
                key: TargetKey(row.try_get(0)?),
                target: TargetRef {
                    kind: row.try_get(1)?,
                    external_id: row.try_get(2)?,
                    name: row.try_get(3)?,
                },
                first_seen: moment(row.try_get(4)?),
                retired_at: row.try_get::<Option<i64>, _>(5)?.map(moment),
            })
        })
        .collect()
}

pub(super) async fn add_targets(
    c: &mut AnyConnection,
    org: Org,
    targets: &[TargetRef],
    now: Timestamp,
) -> Result<()> {
    let first = next_key(
        c,
        org,
        "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM target WHERE organization = $1",
    )
    .await?;
    let rows = (first..).zip(targets).map(|(key, target)| {
        [
            Cell::from(org.0),
            key.into(),
            target.kind.as_str().into(),
            target.external_id.as_str().into(),
            target.name.as_str().into(),
            now.micros().into(),
        ]
    });
    insert_rows(c, "target", ["organization", "key", "kind", "external_id", "name", "first_seen"], rows)
        .await?;
    Ok(())
}

pub(super) async fn rename_target(c: &mut AnyConnection, org: Org, key: TargetKey, name: &str) -> Result<()> {
    sqlx::query("UPDATE target SET name = $3 WHERE organization = $1 AND key = $2")
        .bind(org.0)
        .bind(key.0)
        .bind(name)
        .execute(c)
        .await?;
    Ok(())
}

// ---- check versions

const CHECK_VERSION: &str = "SELECT key, check_id, version, engine, origin, definition, logic, introduced_at, superseded_at \
     FROM check_version WHERE organization = $1 ";

fn check_version(row: &sqlx::any::AnyRow) -> Result<CheckVersion> {
    let id: String = row.try_get(1)?;
    let definition: CheckDefinition = serde_json::from_str(&row.try_get::<String, _>(5)?)
        .map_err(|error| Error::corrupt(format!("check {id}"), error))?;
    Ok(CheckVersion {
        key: CheckKey(row.try_get(0)?),
        version: digest(&row.try_get::<Vec<u8>, _>(2)?, "check version")?,
        engine: row.try_get(3)?,
        origin: row.try_get(4)?,
        definition,
        logic: row.try_get(6)?,
        introduced_at: moment(row.try_get(7)?),
        superseded_at: row.try_get::<Option<i64>, _>(8)?.map(moment),
    })
}

pub(super) async fn current_checks(c: &mut AnyConnection, org: Org) -> Result<Vec<CheckVersion>> {
    let text = format!("{CHECK_VERSION} AND superseded_at IS NULL ORDER BY check_id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(check_version).collect()
}

pub(super) async fn check_versions_of(
    c: &mut AnyConnection,
    org: Org,
    check_id: &str,
) -> Result<Vec<CheckVersion>> {
    let text = format!("{CHECK_VERSION} AND check_id = $2 ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(check_id).fetch_all(c).await?;
    rows.iter().map(check_version).collect()
}

pub(super) async fn all_checks(c: &mut AnyConnection, org: Org) -> Result<Vec<CheckVersion>> {
    let text = format!("{CHECK_VERSION} ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(check_version).collect()
}

pub(super) async fn supersede_checks(
    c: &mut AnyConnection,
    org: Org,
    keys: &[CheckKey],
    now: Timestamp,
) -> Result<()> {
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        for text in [
            "UPDATE check_version SET superseded_at = $2 WHERE organization = $1 AND key IN ",
            "UPDATE verdict_interval SET until = $2 WHERE organization = $1 AND until IS NULL AND check_version IN ",
        ] {
            let text = format!("{text}{}", list(3, chunk.len()));
            let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(now.micros());
            for key in chunk {
                query = query.bind(key.0);
            }
            query.execute(&mut *c).await?;
        }
    }
    Ok(())
}

pub(super) struct NewCheckVersion<'a> {
    pub(super) definition: &'a CheckDefinition,
    pub(super) logic: &'a str,
    pub(super) origin: &'a str,
}

pub(super) async fn add_checks(
    c: &mut AnyConnection,
    org: Org,
    checks: &[NewCheckVersion<'_>],
    engine: &str,
    now: Timestamp,
) -> Result<()> {
    let first = next_key(
        c,
        org,
        "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM check_version WHERE organization = $1",
    )
    .await?;
    let rows = (first..).zip(checks).map(|(key, check)| {
        let definition = serde_json::to_string(check.definition).expect("a definition has string keys only");
        [
            Cell::from(org.0),
            key.into(),
            check.definition.id.as_str().into(),
            check.definition.version.0.into(),
            engine.into(),
            check.origin.into(),
            definition.into(),
            check.logic.into(),
            now.micros().into(),
        ]
    });
    let columns = [
        "organization",
        "key",
        "check_id",
        "version",
        "engine",
        "origin",
        "definition",
        "logic",
        "introduced_at",
    ];
    insert_rows(c, "check_version", columns, rows).await?;
    Ok(())
}

// ---- populations

pub(super) async fn population_key(
    c: &mut AnyConnection,
    org: Org,
    digest: Digest,
    targets: &[TargetKey],
) -> Result<(i64, bool)> {
    let found: Option<(i64,)> =
        sqlx::query_as("SELECT key FROM population WHERE organization = $1 AND digest = $2")
            .bind(org.0)
            .bind(digest.0.to_vec())
            .fetch_optional(&mut *c)
            .await?;
    if let Some((key,)) = found {
        return Ok((key, false));
    }
    let key = next_key(
        c,
        org,
        "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM population WHERE organization = $1",
    )
    .await?;
    let row = [
        Cell::from(org.0),
        key.into(),
        digest.0.into(),
        i64::try_from(targets.len()).expect("fits").into(),
        pack_keys(targets).into(),
    ];
    insert_rows(c, "population", ["organization", "key", "digest", "size", "targets"], [row]).await?;
    Ok((key, true))
}

pub(super) async fn population_targets(c: &mut AnyConnection, org: Org, key: i64) -> Result<Vec<TargetKey>> {
    let (bytes,): (Vec<u8>,) =
        sqlx::query_as("SELECT targets FROM population WHERE organization = $1 AND key = $2")
            .bind(org.0)
            .bind(key)
            .fetch_one(c)
            .await?;
    unpack_keys(&bytes).ok_or_else(|| Error::corrupt("population", "its list of targets is malformed"))
}

/// Returns every population with its targets in order.
pub(super) async fn populations(c: &mut AnyConnection, org: Org) -> Result<Vec<(Digest, Vec<TargetKey>)>> {
    let rows = sqlx::query("SELECT digest, targets FROM population WHERE organization = $1 ORDER BY key")
        .bind(org.0)
        .fetch_all(c)
        .await?;
    rows.iter()
        .map(|row| {
            let targets = unpack_keys(&row.try_get::<Vec<u8>, _>(1)?);
            let malformed = || Error::corrupt("population", "its list of targets is malformed");
            Ok((digest(&row.try_get::<Vec<u8>, _>(0)?, "population")?, targets.ok_or_else(malformed)?))
        })
        .collect()
}

/// Packs ascending keys as differences in unsigned LEB128.
fn pack_keys(keys: &[TargetKey]) -> Vec<u8> {
    let mut out = Vec::with_capacity(keys.len());
    let mut before = 0;
    for key in keys {
        let mut difference = u64::try_from(key.0 - before).expect("keys ascend");
        before = key.0;
        while difference >= 0x80 {
            out.push((difference & 0x7f) as u8 | 0x80);
            difference >>= 7;
        }
        out.push(difference as u8);
    }
    out
}

fn unpack_keys(bytes: &[u8]) -> Option<Vec<TargetKey>> {
    let mut keys = Vec::new();
    let (mut key, mut difference, mut shift) = (0_i64, 0_u64, 0_u32);
    for byte in bytes {
        difference |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            key = key.checked_add(i64::try_from(difference).ok()?)?;
            keys.push(TargetKey(key));
            (difference, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(keys)
}

// ---- runs

pub(super) async fn open_run(
    c: &mut AnyConnection,
    org: Org,
    source: &str,
    collector: &str,
    now: Timestamp,
) -> Result<RunKey> {
    let key =
        next_key(c, org, "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM run WHERE organization = $1")
            .await?;
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

pub(super) async fn miss_run(c: &mut AnyConnection, org: Org, key: RunKey, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE run SET state = 'missed', finished_at = $3 WHERE organization = $1 AND key = $2 AND state = 'open'")
        .bind(org.0)
        .bind(key.0)
        .bind(now.micros())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn close_run(c: &mut AnyConnection, org: Org, population: i64, run: &Run) -> Result<()> {
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

pub(super) async fn runs(c: &mut AnyConnection, org: Org, limit: i64) -> Result<Vec<Run>> {
    let text = format!("{RUN} ORDER BY key DESC LIMIT $2");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(limit).fetch_all(c).await?;
    rows.iter().map(run).collect()
}

pub(super) async fn find_run(c: &mut AnyConnection, org: Org, key: RunKey) -> Result<Option<Run>> {
    let text = format!("{RUN} AND key = $2");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(key.0).fetch_optional(c).await?;
    row.as_ref().map(run).transpose()
}

pub(super) async fn open_runs(c: &mut AnyConnection, org: Org) -> Result<Vec<Run>> {
    let text = format!("{RUN} AND state = 'open' ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(run).collect()
}

pub(super) async fn last_finished(c: &mut AnyConnection, org: Org) -> Result<Option<Timestamp>> {
    let (at,): (Option<i64>,) = sqlx::query_as(
        "SELECT CAST(MAX(finished_at) AS BIGINT) FROM run WHERE organization = $1 AND state <> 'missed'",
    )
    .bind(org.0)
    .fetch_one(c)
    .await?;
    Ok(at.map(moment))
}

// ---- facts

fn facts_state(row: &sqlx::any::AnyRow) -> Result<FactsState> {
    Ok(FactsState {
        target: TargetKey(row.try_get(0)?),
        span: Span { from: moment(row.try_get(1)?), to: row.try_get::<Option<i64>, _>(2)?.map(moment) },
        digest: digest(&row.try_get::<Vec<u8>, _>(3)?, "facts")?,
        schema: row.try_get(4)?,
        defect: row.try_get(5)?,
        run: RunKey(row.try_get(6)?),
    })
}

const FACTS: &str = "SELECT target, since, until, digest, schema_name, defect, run FROM facts_interval WHERE organization = $1 ";

pub(super) async fn current_facts(
    c: &mut AnyConnection,
    org: Org,
) -> Result<BTreeMap<TargetKey, FactsState>> {
    let text = format!("{FACTS} AND until IS NULL");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(|row| facts_state(row).map(|state| (state.target, state))).collect()
}

pub(super) async fn facts_history(
    c: &mut AnyConnection,
    org: Org,
    target: TargetKey,
) -> Result<Vec<FactsState>> {
    let text = format!("{FACTS} AND target = $2 ORDER BY since");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(target.0).fetch_all(c).await?;
    rows.iter().map(facts_state).collect()
}

pub(super) async fn change_facts(c: &mut AnyConnection, org: Org, states: &[FactsState]) -> Result<()> {
    for chunk in states.chunks(KEYS_PER_STATEMENT) {
        let text = format!(
            "UPDATE facts_interval SET until = $2 WHERE organization = $1 AND until IS NULL AND target IN {}",
            list(3, chunk.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(chunk[0].span.from.micros());
        for state in chunk {
            query = query.bind(state.target.0);
        }
        query.execute(&mut *c).await?;
    }
    let rows = states.iter().map(|state| {
        [
            Cell::from(org.0),
            state.target.0.into(),
            state.span.from.micros().into(),
            state.digest.0.into(),
            state.schema.as_str().into(),
            state.defect.as_deref().into(),
            state.run.0.into(),
        ]
    });
    let columns = ["organization", "target", "since", "digest", "schema_name", "defect", "run"];
    insert_rows(c, "facts_interval", columns, rows).await?;
    Ok(())
}

// ---- memoised verdicts

#[derive(Clone)]
pub(super) struct Memo {
    pub(super) check: CheckKey,
    pub(super) facts: Digest,
    pub(super) evaluated_at: Timestamp,
    pub(super) outcome: Outcome,
}

/// Returns the newest answer of every check about the given facts documents.
pub(super) async fn memos(
    c: &mut AnyConnection,
    org: Org,
    facts: &BTreeSet<Digest>,
) -> Result<BTreeMap<(CheckKey, Digest), Memo>> {
    let mut memos = BTreeMap::new();
    let facts: Vec<_> = facts.iter().collect();
    for chunk in facts.chunks(KEYS_PER_STATEMENT) {
        let text = format!(
            "SELECT check_version, facts, evaluated_at, outcome FROM verdict_memo WHERE organization = $1 \
             AND facts IN {} ORDER BY evaluated_at",
            list(2, chunk.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0);
        for digest in chunk {
            query = query.bind(digest.0.to_vec());
        }
        for row in query.fetch_all(&mut *c).await? {
            let check = CheckKey(row.try_get(0)?);
            let facts = digest(&row.try_get::<Vec<u8>, _>(1)?, "verdict memo")?;
            let outcome = serde_json::from_str(&row.try_get::<String, _>(3)?)
                .map_err(|error| Error::corrupt("verdict memo", error))?;
            let memo = Memo { check, facts, evaluated_at: moment(row.try_get(2)?), outcome };
            memos.insert((check, facts), memo);
        }
    }
    Ok(memos)
}

pub(super) async fn add_memos(c: &mut AnyConnection, org: Org, memos: &[Memo]) -> Result<()> {
    let rows = memos.iter().map(|memo| {
        let outcome = serde_json::to_string(&memo.outcome).expect("an outcome has string keys only");
        [
            Cell::from(org.0),
            memo.check.0.into(),
            memo.facts.0.into(),
            memo.evaluated_at.micros().into(),
            memo.outcome.valid_until.map(Timestamp::micros).into(),
            i64::from(memo.outcome.verdict.code()).into(),
            memo.outcome.reason.map_or(0, |reason| i64::from(reason.code())).into(),
            outcome.into(),
        ]
    });
    let columns = [
        "organization",
        "check_version",
        "facts",
        "evaluated_at",
        "valid_until",
        "verdict",
        "reason",
        "outcome",
    ];
    insert_missing_rows(c, "verdict_memo", columns, rows).await?;
    Ok(())
}

// ---- blocks and coverage

/// The last block of each current check with the population it is over.
pub(super) struct LastBlock {
    pub(super) check: CheckKey,
    pub(super) population: i64,
    pub(super) bytes: Vec<u8>,
}

pub(super) async fn last_blocks(c: &mut AnyConnection, org: Org) -> Result<Vec<LastBlock>> {
    let rows = sqlx::query(
        "SELECT coverage.check_version, run.population, block.bytes FROM check_version \
         JOIN coverage ON coverage.organization = check_version.organization AND coverage.check_version = check_version.key \
           AND coverage.run = (SELECT MAX(latest.run) FROM coverage AS latest \
             WHERE latest.organization = check_version.organization AND latest.check_version = check_version.key) \
         JOIN run ON run.organization = coverage.organization AND run.key = coverage.run \
         JOIN block ON block.organization = coverage.organization AND block.key = coverage.block \
         WHERE check_version.organization = $1 AND check_version.superseded_at IS NULL",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(LastBlock {
                check: CheckKey(row.try_get(0)?),
                population: row.try_get(1)?,
                bytes: row.try_get(2)?,
            })
        })
        .collect()
}

pub(super) struct NewBlock {
    pub(super) check: CheckKey,
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
    pub(super) counts: Counts,
}

pub(super) async fn add_blocks(
    c: &mut AnyConnection,
    org: Org,
    run: RunKey,
    blocks: &[NewBlock],
) -> Result<()> {
    let mut keys = BTreeMap::new();
    for chunk in blocks.chunks(KEYS_PER_STATEMENT) {
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
    let mut next = next_key(
        c,
        org,
        "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM block WHERE organization = $1",
    )
    .await?;
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
            block.check.0.into(),
            run.0.into(),
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
        "check_version",
        "run",
        "block",
        "expected",
        "pass",
        "fail",
        "not_applicable",
        "unknown",
    ];
    insert_rows(c, "coverage", columns, rows).await?;
    Ok(())
}

pub(super) async fn coverage_of_run(
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
    rows.iter()
        .map(|row| {
            let count = |i: usize| stored::count(row.try_get(i)?, "coverage");
            let counts = Counts {
                expected: count(2)?,
                pass: count(3)?,
                fail: count(4)?,
                not_applicable: count(5)?,
                unknown: count(6)?,
            };
            Ok((CheckKey(row.try_get(0)?), row.try_get(1)?, counts))
        })
        .collect()
}

/// Returns the digests of (check version, block) of a run, as the run's leaf commits to them.
pub(super) async fn blocks_of_run(
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
pub(super) async fn looks(c: &mut AnyConnection, org: Org, check: CheckKey) -> Result<Vec<Timestamp>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT run.finished_at FROM coverage JOIN run ON run.organization = coverage.organization AND run.key = coverage.run \
         WHERE coverage.organization = $1 AND coverage.check_version = $2 ORDER BY run.finished_at",
    )
    .bind(org.0)
    .bind(check.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(at,)| moment(at)).collect())
}

/// Returns when each check was looked at, oldest first per check.
pub(super) async fn all_looks(c: &mut AnyConnection, org: Org) -> Result<Vec<(CheckKey, Timestamp)>> {
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

/// Returns the last look at each current check.
pub(super) async fn last_looks(
    c: &mut AnyConnection,
    org: Org,
) -> Result<BTreeMap<CheckKey, (Timestamp, RunKey)>> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT check_version.key, run.finished_at, run.key FROM check_version \
         JOIN run ON run.organization = check_version.organization \
           AND run.key = (SELECT MAX(coverage.run) FROM coverage \
             WHERE coverage.organization = check_version.organization AND coverage.check_version = check_version.key) \
         WHERE check_version.organization = $1 AND check_version.superseded_at IS NULL",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(check, at, run)| (CheckKey(check), (moment(at), RunKey(run)))).collect())
}

// ---- intervals

/// One verdict that changed.
pub(super) struct Change {
    pub(super) check: CheckKey,
    pub(super) target: TargetKey,
    /// None closes without opening: the target is no longer expected.
    pub(super) found: Option<Observation>,
    /// Whether an interval is open now.
    pub(super) was_open: bool,
}

pub(super) async fn change_verdicts(
    c: &mut AnyConnection,
    org: Org,
    changes: &[Change],
    at: Timestamp,
) -> Result<()> {
    for of_check in changes.chunk_by(|a, b| a.check == b.check) {
        let closing: Vec<_> = of_check.iter().filter(|change| change.was_open).collect();
        for chunk in closing.chunks(KEYS_PER_STATEMENT) {
            let text = format!(
                "UPDATE verdict_interval SET until = $3 WHERE organization = $1 AND check_version = $2 \
                 AND until IS NULL AND target IN {}",
                list(4, chunk.len())
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(text))
                .bind(org.0)
                .bind(of_check[0].check.0)
                .bind(at.micros());
            for change in chunk {
                query = query.bind(change.target.0);
            }
            query.execute(&mut *c).await?;
        }
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

pub(super) async fn intervals(
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

const INTERVAL: &str = "SELECT check_version, target, since, until, CAST(verdict AS BIGINT), CAST(reason AS BIGINT) \
     FROM verdict_interval WHERE organization = $1 ";

/// Returns the open intervals of all checks.
pub(super) async fn open_intervals(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    keyed_intervals(c, org, format!("{INTERVAL} AND until IS NULL ORDER BY check_version, target")).await
}

/// Returns all intervals, oldest first per check and target.
pub(super) async fn all_intervals(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    keyed_intervals(c, org, format!("{INTERVAL} ORDER BY check_version, target, since")).await
}

async fn keyed_intervals(
    c: &mut AnyConnection,
    org: Org,
    text: String,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter()
        .map(|row| Ok((CheckKey(row.try_get(0)?), TargetKey(row.try_get(1)?), interval(row, 2)?)))
        .collect()
}

// ---- time-dependent verdicts

pub(super) async fn due(
    c: &mut AnyConnection,
    org: Org,
    now: Timestamp,
) -> Result<BTreeSet<(CheckKey, TargetKey)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT check_version, target FROM reevaluation WHERE organization = $1 AND due_at <= $2",
    )
    .bind(org.0)
    .bind(now.micros())
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(check, target)| (CheckKey(check), TargetKey(target))).collect())
}

/// Notes until when newly computed verdicts hold; none takes an older note away.
pub(super) async fn set_due(
    c: &mut AnyConnection,
    org: Org,
    notes: &[(CheckKey, TargetKey, Option<Timestamp>)],
) -> Result<()> {
    for of_check in notes.chunk_by(|a, b| a.0 == b.0) {
        for chunk in of_check.chunks(KEYS_PER_STATEMENT) {
            let text = format!(
                "DELETE FROM reevaluation WHERE organization = $1 AND check_version = $2 AND target IN {}",
                list(3, chunk.len())
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(chunk[0].0.0);
            for (_, target, _) in chunk {
                query = query.bind(target.0);
            }
            query.execute(&mut *c).await?;
        }
    }
    let rows = notes.iter().filter_map(|&(check, target, due)| {
        Some([Cell::from(org.0), check.0.into(), target.0.into(), due?.micros().into()])
    });
    insert_rows(c, "reevaluation", ["organization", "check_version", "target", "due_at"], rows).await?;
    Ok(())
}

/// Tells whether a facts document is this object, in any organization.
pub(super) async fn names_object(c: &mut AnyConnection, object: Digest) -> Result<bool> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM facts_interval WHERE digest = $1")
        .bind(object.0.to_vec())
        .fetch_one(c)
        .await?;
    Ok(count > 0)
}

/// Returns each object that holds a facts document with a target and the run that found it first, in order.
pub(super) async fn facts_objects(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<Vec<(Digest, TargetKey, RunKey)>> {
    let rows: Vec<(Vec<u8>, i64, i64)> = sqlx::query_as(
        "SELECT digest, min(target), min(run) FROM facts_interval WHERE organization = $1 GROUP BY digest \
         ORDER BY digest",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(digest, target, run)| Ok((stored::digest(&digest, "facts")?, TargetKey(target), RunKey(run))))
        .collect()
}
