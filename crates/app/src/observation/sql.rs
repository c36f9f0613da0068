//! The tables of observation history: `target`, `check_version`, `population`, `run`, `facts_interval`,
//! `facts_section`, `answer`, `answer_since`, `block`, `coverage`, `verdict_interval`, `reevaluation`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, Row};
use tickmark_core::id::{CheckKey, OrganizationKey, RunKey, TargetKey};
use tickmark_core::observation::interval::Interval;
use tickmark_core::observation::{
    CheckDefinition, Counts, Observation, Outcome, ReasonClass, TargetRef, Verdict,
};
use tickmark_core::{Digest, Span, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::rebuild::IndexRow;
use super::sections::Sections;
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

const CHECK_VERSION: &str = "SELECT key, check_id, version, engine, origin, definition, logic, introduced_at, superseded_at, \
     tolerated_gaps FROM check_version WHERE organization = $1 ";

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
        tolerated_gaps: row
            .try_get::<Option<String>, _>(9)?
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| Error::corrupt("check version", error))?,
    })
}

/// A check version in force, as far as recording needs it.
pub(super) struct CurrentCheck {
    pub(super) key: CheckKey,
    pub(super) id: String,
    pub(super) version: Digest,
    pub(super) engine: String,
}

/// Returns the check versions in force by id, without their texts.
pub(super) async fn check_keys(c: &mut AnyConnection, org: Org) -> Result<Vec<CurrentCheck>> {
    let rows = sqlx::query(
        "SELECT key, check_id, version, engine FROM check_version \
         WHERE organization = $1 AND superseded_at IS NULL ORDER BY check_id",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(CurrentCheck {
                key: CheckKey(row.try_get(0)?),
                id: row.try_get(1)?,
                version: digest(&row.try_get::<Vec<u8>, _>(2)?, "check version")?,
                engine: row.try_get(3)?,
            })
        })
        .collect()
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
    pub(super) tolerated_gaps: Vec<&'a str>,
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
            serde_json::to_string(&check.tolerated_gaps).expect("a list of texts").into(),
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
        "tolerated_gaps",
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

// ---- sections of facts

pub(super) async fn sections(
    c: &mut AnyConnection,
    org: Org,
    targets: &[TargetKey],
) -> Result<BTreeMap<TargetKey, Sections>> {
    let mut found = BTreeMap::new();
    for chunk in targets.chunks(KEYS_PER_STATEMENT) {
        let keys: Vec<String> = chunk.iter().map(|key| key.0.to_string()).collect();
        let text = format!(
            "SELECT target, sections FROM facts_section WHERE organization = $1 AND target IN ({})",
            keys.join(", ")
        );
        for row in sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await? {
            // What cannot be read is no help, and no harm.
            if let Some(sections) = Sections::unpack(&row.try_get::<Vec<u8>, _>(1)?) {
                found.insert(TargetKey(row.try_get(0)?), sections);
            }
        }
    }
    Ok(found)
}

/// Keeps the sections of the facts that hold now, or none where they are not worth keeping.
pub(super) async fn set_sections(
    c: &mut AnyConnection,
    org: Org,
    sections: Vec<(TargetKey, Option<&Sections>)>,
) -> Result<()> {
    for chunk in sections.chunks(KEYS_PER_STATEMENT) {
        let keys: Vec<String> = chunk.iter().map(|(key, _)| key.0.to_string()).collect();
        let text =
            format!("DELETE FROM facts_section WHERE organization = $1 AND target IN ({})", keys.join(", "));
        sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).execute(&mut *c).await?;
    }
    let rows = sections.into_iter().filter_map(|(target, sections)| {
        Some([Cell::from(org.0), target.0.into(), sections?.pack()?.into()])
    });
    insert_rows(c, "facts_section", ["organization", "target", "sections"], rows).await?;
    Ok(())
}

// ---- answers

/// What a check answered about a target in this run.
pub(super) struct Answer {
    pub(super) check: CheckKey,
    pub(super) target: TargetKey,
    /// Whether the check version said nothing about the target before.
    pub(super) is_first: bool,
    pub(super) outcome: Outcome,
}

/// Pairs of numbers in one `VALUES` list. They stand in the text: SQLite looks parameters up in a list of names.
const PAIRS_PER_STATEMENT: usize = 400;

fn pairs(numbers: &[(i64, i64)]) -> String {
    let pairs: Vec<String> = numbers.iter().map(|(a, b)| format!("({a}, {b})")).collect();
    pairs.join(", ")
}

/// Writes the answers that are not those of before.
pub(super) async fn add_answers(
    c: &mut AnyConnection,
    org: Org,
    answers: &[Answer],
    at: Timestamp,
) -> Result<()> {
    let held = held_answers(c, org, answers).await?;
    let mut new: Vec<(&Answer, i64, String)> = Vec::new();
    for answer in answers {
        // Until when it holds stands in `reevaluation`; here it would make every look at the clock another answer.
        let lasting = Outcome { valid_until: None, ..answer.outcome.clone() };
        let body = serde_json::to_string(&lasting).expect("an outcome has string keys only");
        if held.get(&(answer.check.0, answer.target.0)) != Some(&body) {
            new.push((answer, hash_of(&body), body));
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let wanted: BTreeSet<(i64, i64)> = new.iter().map(|(answer, hash, _)| (answer.check.0, *hash)).collect();
    let mut keys: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for chunk in wanted.into_iter().collect::<Vec<_>>().chunks(PAIRS_PER_STATEMENT) {
        let text = format!(
            "WITH wanted (check_version, hash) AS (VALUES {}) SELECT answer.check_version, answer.body, answer.key \
             FROM wanted CROSS JOIN answer WHERE answer.organization = $1 \
             AND answer.check_version = wanted.check_version AND answer.hash = wanted.hash",
            pairs(chunk)
        );
        let rows: Vec<(i64, String, i64)> =
            sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        keys.extend(rows.into_iter().map(|(check, body, key)| ((check, body), key)));
    }
    let mut next = next_key(
        c,
        org,
        "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM answer WHERE organization = $1",
    )
    .await?;
    let (mut texts, mut since) = (Vec::new(), Vec::with_capacity(new.len()));
    for (answer, hash, body) in new {
        let check = answer.check.0;
        let key = *keys.entry((check, body)).or_insert_with_key(|(_, body)| {
            texts.push([Cell::from(org.0), next.into(), check.into(), hash.into(), body.as_str().into()]);
            next += 1;
            next - 1
        });
        since.push([Cell::from(org.0), check.into(), answer.target.0.into(), at.micros().into(), key.into()]);
    }
    insert_rows(c, "answer", ["organization", "key", "check_version", "hash", "body"], texts).await?;
    let columns = ["organization", "check_version", "target", "since", "answer"];
    insert_rows(c, "answer_since", columns, since).await?;
    Ok(())
}

fn hash_of(body: &str) -> i64 {
    let digest = Digest::of(body.as_bytes()).0;
    i64::from_be_bytes(std::array::from_fn(|i| digest[i])) & i64::MAX
}

/// Returns the text of the answer that held until now, for those pairs that had one. `CROSS JOIN` keeps SQLite from
/// walking all answers in search of the wanted ones.
async fn held_answers(
    c: &mut AnyConnection,
    org: Org,
    answers: &[Answer],
) -> Result<BTreeMap<(i64, i64), String>> {
    let known: Vec<(i64, i64)> = answers
        .iter()
        .filter(|answer| !answer.is_first)
        .map(|answer| (answer.check.0, answer.target.0))
        .collect();
    let mut held = BTreeMap::new();
    for chunk in known.chunks(PAIRS_PER_STATEMENT) {
        let text = format!(
            "WITH wanted (check_version, target) AS (VALUES {}) SELECT wanted.check_version, wanted.target, \
             (SELECT answer.body FROM answer_since CROSS JOIN answer WHERE answer_since.organization = $1 \
               AND answer_since.check_version = wanted.check_version AND answer_since.target = wanted.target \
               AND answer.organization = $1 AND answer.key = answer_since.answer \
               ORDER BY answer_since.since DESC LIMIT 1) FROM wanted",
            pairs(chunk)
        );
        let rows: Vec<(i64, i64, Option<String>)> =
            sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        held.extend(rows.into_iter().filter_map(|(check, target, body)| Some(((check, target), body?))));
    }
    Ok(held)
}

/// Returns the newest answers of the check versions in force, and their texts.
pub(super) async fn answers_now(
    c: &mut AnyConnection,
    org: Org,
) -> Result<(BTreeMap<(CheckKey, TargetKey), i64>, BTreeMap<i64, Outcome>)> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT answer_since.check_version, answer_since.target, answer_since.answer FROM check_version \
         JOIN answer_since ON answer_since.organization = check_version.organization \
           AND answer_since.check_version = check_version.key \
         WHERE check_version.organization = $1 AND check_version.superseded_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM answer_since AS newer WHERE newer.organization = answer_since.organization \
           AND newer.check_version = answer_since.check_version AND newer.target = answer_since.target \
           AND newer.since > answer_since.since)",
    )
    .bind(org.0)
    .fetch_all(&mut *c)
    .await?;
    let held: BTreeMap<_, _> = rows
        .into_iter()
        .map(|(check, target, answer)| ((CheckKey(check), TargetKey(target)), answer))
        .collect();
    let wanted: BTreeSet<i64> = held.values().copied().collect();
    let texts: Vec<(i64, String)> = sqlx::query_as(
        "SELECT answer.key, answer.body FROM check_version JOIN answer ON answer.organization = check_version.organization \
         AND answer.check_version = check_version.key \
         WHERE check_version.organization = $1 AND check_version.superseded_at IS NULL",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    let outcomes = texts
        .into_iter()
        .filter(|(key, _)| wanted.contains(key))
        .map(|(key, body)| {
            Ok((key, serde_json::from_str(&body).map_err(|error| Error::corrupt("answer", error))?))
        })
        .collect::<Result<_>>()?;
    Ok((held, outcomes))
}

// ---- blocks and coverage

/// A block of the run before.
pub(super) struct LastBlock {
    pub(super) check: CheckKey,
    pub(super) key: i64,
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
    pub(super) counts: Counts,
}

/// Returns the newest recorded run of a source, with its population.
pub(super) async fn last_run(c: &mut AnyConnection, org: Org, source: &str) -> Result<Option<(RunKey, i64)>> {
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

pub(super) async fn blocks_to_go_on_from(
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

pub(super) struct NewBlock {
    pub(super) check: CheckKey,
    pub(super) digest: Digest,
    /// Its key, if it is known to be stored; then there are no bytes here.
    pub(super) known: Option<i64>,
    pub(super) bytes: Vec<u8>,
    pub(super) counts: Counts,
}

pub(super) async fn add_blocks(
    c: &mut AnyConnection,
    org: Org,
    run: RunKey,
    blocks: &[NewBlock],
) -> Result<()> {
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
    rows.iter().map(|row| Ok((CheckKey(row.try_get(0)?), row.try_get(1)?, counts(row, 2)?))).collect()
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

/// A recorded run as far as looks are concerned.
pub(super) struct RunLook {
    pub(super) key: RunKey,
    pub(super) source: String,
    pub(super) at: Timestamp,
    pub(super) population: i64,
}

/// Returns the recorded runs up to a moment, oldest first.
pub(super) async fn run_looks(c: &mut AnyConnection, org: Org, end: Timestamp) -> Result<Vec<RunLook>> {
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

/// Returns for each check version the first and the last run that asked it up to `last`, and how many did.
pub(super) async fn answered(
    c: &mut AnyConnection,
    org: Org,
    last: Option<RunKey>,
) -> Result<Vec<(CheckKey, RunKey, RunKey, u64)>> {
    let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT check_version, CAST(MIN(run) AS BIGINT), CAST(MAX(run) AS BIGINT), CAST(COUNT(*) AS BIGINT) \
         FROM coverage WHERE organization = $1 AND run <= $2 GROUP BY check_version ORDER BY check_version",
    )
    .bind(org.0)
    .bind(last.map_or(0, |last| last.0))
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(check, first, last, count)| {
            Ok((CheckKey(check), RunKey(first), RunKey(last), stored::count(count, "coverage")?))
        })
        .collect()
}

/// Returns the runs that asked a check version, oldest first.
pub(super) async fn runs_of_check(c: &mut AnyConnection, org: Org, check: CheckKey) -> Result<Vec<RunKey>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT run FROM coverage WHERE organization = $1 AND check_version = $2 ORDER BY run",
    )
    .bind(org.0)
    .bind(check.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(run,)| RunKey(run)).collect())
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

/// Returns the intervals that are no pass and lie before `end` and after `from`, oldest first per check and target.
pub(super) async fn other_than_pass(
    c: &mut AnyConnection,
    org: Org,
    from: Option<Timestamp>,
    end: Timestamp,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    let (from, end) = (from.map_or(i64::MIN, Timestamp::micros), end.micros());
    let text = format!(
        "{INTERVAL} AND verdict <> 1 AND since < {end} AND (until IS NULL OR until > {}) \
         ORDER BY check_version, target, since",
        from.max(-i64::MAX)
    );
    keyed_intervals(c, org, text).await
}

/// Returns all intervals, oldest first per check and target.
pub(super) async fn all_intervals(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Vec<(CheckKey, TargetKey, Interval)>> {
    keyed_intervals(c, org, format!("{INTERVAL} ORDER BY check_version, target, since")).await
}

/// Returns the whole index, sorted.
pub(super) async fn index_rows(c: &mut AnyConnection, org: Org) -> Result<Vec<IndexRow>> {
    let rows = keyed_intervals(c, org, INTERVAL.to_owned()).await?;
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
pub(super) async fn replace_index(c: &mut AnyConnection, org: Org, rows: &[IndexRow]) -> Result<()> {
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
pub(super) async fn was_reached(
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

/// Returns until when answers hold that depend on time.
pub(super) async fn all_due(
    c: &mut AnyConnection,
    org: Org,
) -> Result<BTreeMap<(CheckKey, TargetKey), Timestamp>> {
    let rows: Vec<(i64, i64, i64)> =
        sqlx::query_as("SELECT check_version, target, due_at FROM reevaluation WHERE organization = $1")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(check, target, at)| ((CheckKey(check), TargetKey(target)), moment(at)))
        .collect())
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
