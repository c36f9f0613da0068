//! The tables of observation history: `target` and `population` here, the others by what they hold.

mod answer;
mod block;
mod check;
mod draft;
pub(super) mod estate;
mod facts;
mod interval;
mod run;

use sqlx::{AnyConnection, Row};
use tickmark_core::id::{OrganizationKey, TargetKey};
use tickmark_core::observation::TargetRef;
use tickmark_core::{Digest, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::memory::Memory;
use super::rebuild::IndexRow;
use super::sections::Sections;
use super::{CheckVersion, FactsState, Run, RunState, Target};
use crate::stored::{digest, next_key};
use crate::{Error, Result};

pub(super) use answer::*;
pub(super) use block::*;
pub(super) use check::*;
pub(super) use draft::*;
pub(super) use facts::*;
pub(super) use interval::*;
pub(super) use run::*;

/// Most keys named in one `IN (…)` list.
const KEYS_PER_STATEMENT: usize = 500;

pub(super) type Org = OrganizationKey;

fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Returns `($a, $b, …)` with `count` parameters from `$first` on.
fn list(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    format!("({})", numbers.join(", "))
}

/// Pairs of numbers in one `VALUES` list. They stand in the text: SQLite looks parameters up in a list of names.
const PAIRS_PER_STATEMENT: usize = 400;

fn pairs(numbers: &[(i64, i64)]) -> String {
    let pairs: Vec<String> = numbers.iter().map(|(a, b)| format!("({a}, {b})")).collect();
    pairs.join(", ")
}

// ---- targets

const TARGETS: &str =
    "SELECT key, kind, external_id, name, first_seen, retired_at FROM target WHERE organization = $1 ";

pub(super) async fn targets(c: &mut AnyConnection, org: Org) -> Result<Vec<Target>> {
    let text = format!("{TARGETS} ORDER BY key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(target).collect()
}

/// Returns some targets, by key.
pub(super) async fn targets_of(c: &mut AnyConnection, org: Org, keys: &[TargetKey]) -> Result<Vec<Target>> {
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let text = format!("{TARGETS} AND key IN ({}) ORDER BY key", numbers(chunk));
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        found.extend(rows.iter().map(target).collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// Keys as they stand in a list.
fn numbers(keys: &[TargetKey]) -> String {
    keys.iter().map(|key| key.0.to_string()).collect::<Vec<_>>().join(", ")
}

fn target(row: &sqlx::any::AnyRow) -> Result<Target> {
    Ok(Target {
        key: TargetKey(row.try_get(0)?),
        target: TargetRef { kind: row.try_get(1)?, external_id: row.try_get(2)?, name: row.try_get(3)? },
        first_seen: moment(row.try_get(4)?),
        retired_at: row.try_get::<Option<i64>, _>(5)?.map(moment),
    })
}

pub(super) async fn add_targets(
    c: &mut AnyConnection,
    org: Org,
    targets: &[TargetRef],
    now: Timestamp,
) -> Result<()> {
    let first = next_key(c, org, "target").await?;
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

/// Returns the targets that left the scope.
pub(super) async fn retired(c: &mut AnyConnection, org: Org) -> Result<Vec<(TargetKey, Timestamp)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT key, retired_at FROM target WHERE organization = $1 AND retired_at IS NOT NULL ORDER BY key",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(key, at)| (TargetKey(key), moment(at))).collect())
}

pub(super) async fn set_retired(
    c: &mut AnyConnection,
    org: Org,
    targets: &[TargetKey],
    at: Option<Timestamp>,
) -> Result<()> {
    for chunk in targets.chunks(KEYS_PER_STATEMENT) {
        let text = format!(
            "UPDATE target SET retired_at = $2 WHERE organization = $1 AND key IN {}",
            list(3, chunk.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(at.map(Timestamp::micros));
        for target in chunk {
            query = query.bind(target.0);
        }
        query.execute(&mut *c).await?;
    }
    Ok(())
}

// ---- populations

/// Returns the populations of the newest recorded runs of all sources but one.
pub(super) async fn populations_of_others(c: &mut AnyConnection, org: Org, source: &str) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT population FROM run WHERE organization = $1 AND key IN (SELECT MAX(key) FROM run \
         WHERE organization = $1 AND population IS NOT NULL AND source <> $2 GROUP BY source)",
    )
    .bind(org.0)
    .bind(source)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(population,)| population).collect())
}

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
    let key = next_key(c, org, "population").await?;
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
