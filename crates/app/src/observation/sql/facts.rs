//! Facts of targets, and the digests of their sections: `facts_interval`, `facts_pack`.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row};
use tickmark_core::id::{OrganizationKey, RunKey, TargetKey};
use tickmark_core::{Digest, Span};
use tickmark_store::{Cell, insert_rows};

use super::{FactsState, KEYS_PER_STATEMENT, Org, Sections, list, moment, next_key, numbers};
use crate::stored::digest;
use crate::{Error, Result};

fn facts_state(row: &sqlx::any::AnyRow) -> Result<FactsState> {
    Ok(FactsState {
        target: TargetKey(row.try_get(0)?),
        span: Span { from: moment(row.try_get(1)?), to: row.try_get::<Option<i64>, _>(2)?.map(moment) },
        digest: digest(&row.try_get::<Vec<u8>, _>(3)?, "facts")?,
        schema: row.try_get(4)?,
        defect: row.try_get(5)?,
        run: RunKey(row.try_get(6)?),
        pack: row.try_get(7)?,
    })
}

const FACTS: &str = "SELECT target, since, until, digest, schema_name, defect, run, pack \
     FROM facts_interval WHERE organization = $1 ";

pub(in crate::observation) async fn current_facts(
    c: &mut AnyConnection,
    org: Org,
) -> Result<BTreeMap<TargetKey, FactsState>> {
    let text = format!("{FACTS} AND until IS NULL");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(c).await?;
    rows.iter().map(|row| facts_state(row).map(|state| (state.target, state))).collect()
}

/// Returns the digests of the facts that hold at some targets now.
pub(in crate::observation) async fn facts_of(
    c: &mut AnyConnection,
    org: Org,
    targets: &[TargetKey],
) -> Result<BTreeMap<TargetKey, Digest>> {
    let mut found = BTreeMap::new();
    for chunk in targets.chunks(KEYS_PER_STATEMENT) {
        let text = format!("{FACTS} AND until IS NULL AND target IN ({})", numbers(chunk));
        for row in sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await? {
            let state = facts_state(&row)?;
            found.insert(state.target, state.digest);
        }
    }
    Ok(found)
}

pub(in crate::observation) async fn facts_history(
    c: &mut AnyConnection,
    org: Org,
    target: TargetKey,
) -> Result<Vec<FactsState>> {
    let text = format!("{FACTS} AND target = $2 ORDER BY since");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(target.0).fetch_all(c).await?;
    rows.iter().map(facts_state).collect()
}

/// Ends what held at targets and writes what holds now, with its sections where they are worth keeping.
pub(in crate::observation) async fn change_facts(
    c: &mut AnyConnection,
    org: Org,
    states: &[(FactsState, Option<Sections>)],
) -> Result<()> {
    for chunk in states.chunks(KEYS_PER_STATEMENT) {
        let text = format!(
            "UPDATE facts_interval SET until = $2, sections = NULL WHERE organization = $1 AND until IS NULL \
             AND target IN {}",
            list(3, chunk.len())
        );
        let mut query =
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(chunk[0].0.span.from.micros());
        for (state, _) in chunk {
            query = query.bind(state.target.0);
        }
        query.execute(&mut *c).await?;
    }
    let rows = states.iter().map(|(state, sections)| {
        [
            Cell::from(org.0),
            state.target.0.into(),
            state.span.from.micros().into(),
            state.digest.0.into(),
            state.schema.as_str().into(),
            state.defect.as_deref().into(),
            state.run.0.into(),
            state.pack.into(),
            sections.as_ref().and_then(Sections::pack).into(),
        ]
    });
    let columns =
        ["organization", "target", "since", "digest", "schema_name", "defect", "run", "pack", "sections"];
    insert_rows(c, "facts_interval", columns, rows).await?;
    Ok(())
}

/// Returns the sections of the facts that hold now, where they are kept.
pub(in crate::observation) async fn sections(
    c: &mut AnyConnection,
    org: Org,
    targets: &[TargetKey],
) -> Result<BTreeMap<TargetKey, Sections>> {
    let mut found = BTreeMap::new();
    for chunk in targets.chunks(KEYS_PER_STATEMENT) {
        let keys: Vec<String> = chunk.iter().map(|key| key.0.to_string()).collect();
        let text = format!(
            "SELECT target, sections FROM facts_interval WHERE organization = $1 AND until IS NULL \
             AND sections IS NOT NULL AND target IN ({})",
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

// ---- objects

/// Notes packs of facts documents under new keys, and returns the first of these; they go on from there.
pub(in crate::observation) async fn add_packs(
    c: &mut AnyConnection,
    org: Org,
    objects: &[Digest],
) -> Result<i64> {
    let first = next_key(c, org, "facts_pack").await?;
    let rows = (first..).zip(objects).map(|(key, object)| [Cell::from(org.0), key.into(), object.0.into()]);
    insert_rows(c, "facts_pack", ["organization", "key", "object"], rows).await?;
    Ok(first)
}

pub(in crate::observation) async fn pack_object(c: &mut AnyConnection, org: Org, key: i64) -> Result<Digest> {
    let found: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT object FROM facts_pack WHERE organization = $1 AND key = $2")
            .bind(org.0)
            .bind(key)
            .fetch_optional(c)
            .await?;
    let (object,) = found.ok_or_else(|| Error::corrupt(format!("pack {key}"), "it has no row"))?;
    digest(&object, "facts pack")
}

/// Tells whether this object holds facts documents, in any organization.
pub(in crate::observation) async fn names_object(c: &mut AnyConnection, object: Digest) -> Result<bool> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM facts_interval WHERE digest = $1 AND pack IS NULL) \
         + (SELECT count(*) FROM facts_pack WHERE object = $1)",
    )
    .bind(object.0.to_vec())
    .fetch_one(c)
    .await?;
    Ok(count > 0)
}

/// A facts document, where it is kept, and a target and the run that found it first.
pub(in crate::observation) struct KeptDocument {
    pub(in crate::observation) digest: Digest,
    /// The pack's object, none where it is an object of its own.
    pub(in crate::observation) pack: Option<Digest>,
    pub(in crate::observation) target: TargetKey,
    pub(in crate::observation) run: RunKey,
}

/// Returns every facts document wherever it is kept, by pack.
pub(in crate::observation) async fn kept_documents(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<Vec<KeptDocument>> {
    let rows = sqlx::query(
        "SELECT facts_interval.digest, facts_pack.object, CAST(min(target) AS BIGINT), CAST(min(run) AS BIGINT) \
         FROM facts_interval LEFT JOIN facts_pack \
           ON facts_pack.organization = facts_interval.organization AND facts_pack.key = facts_interval.pack \
         WHERE facts_interval.organization = $1 GROUP BY facts_interval.digest, facts_pack.object \
         ORDER BY facts_pack.object, facts_interval.digest",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            let pack: Option<Vec<u8>> = row.try_get(1)?;
            Ok(KeptDocument {
                digest: digest(&row.try_get::<Vec<u8>, _>(0)?, "facts")?,
                pack: pack.map(|pack| digest(&pack, "facts pack")).transpose()?,
                target: TargetKey(row.try_get(2)?),
                run: RunKey(row.try_get(3)?),
            })
        })
        .collect()
}
