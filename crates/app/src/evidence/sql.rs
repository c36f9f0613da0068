//! The tables `artifact`, `artifact_salt`.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::evidence::Provenance;
use tickmark_core::id::{OrganizationKey, RunKey, TargetKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::Salt;
use tickmark_store::insert_rows;
use uuid::Uuid;

use super::{Artifact, ArtifactKey, Claim};
use crate::{Error, Result, stored};

type Org = OrganizationKey;

const WHAT: &str = "the table of artifacts";

macro_rules! columns {
    () => {
        "a.key, a.run, a.target, a.name, a.media_type, a.size_bytes, a.stored, a.commitment, a.provenance, a.leaf, \
         a.added_at"
    };
}

fn artifact(row: &AnyRow) -> Result<Artifact> {
    Ok(Artifact {
        key: ArtifactKey(row.try_get(0)?),
        run: row.try_get::<Option<i64>, _>(1)?.map(RunKey),
        target: row.try_get::<Option<i64>, _>(2)?.map(TargetKey),
        name: row.try_get(3)?,
        media_type: row.try_get(4)?,
        size: stored::count(row.try_get(5)?, WHAT)?,
        stored: stored::digest(row.try_get(6)?, WHAT)?,
        commitment: stored::digest(row.try_get(7)?, WHAT)?,
        provenance: provenance(row.try_get(8)?)?,
        leaf: stored::parse(row.try_get(9)?, WHAT)?,
        added_at: Timestamp::from_micros(row.try_get(10)?),
    })
}

pub(super) fn provenance(text: Option<String>) -> Result<Option<Provenance>> {
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| Error::corrupt(WHAT, error))
}

/// Returns the newest row of each name up to `run`, leaving out those that were not there any more.
pub(super) async fn of_run(
    c: &mut AnyConnection,
    org: Org,
    run: RunKey,
    target: TargetKey,
) -> Result<BTreeMap<String, Artifact>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM artifact a JOIN (SELECT name, max(run) AS run FROM artifact \
           WHERE organization = $1 AND target = $2 AND run <= $3 GROUP BY name) newest \
         ON a.name = newest.name AND a.run = newest.run \
         WHERE a.organization = $1 AND a.target = $2 AND a.present = 1 ORDER BY a.name"
    ))
    .bind(org.0)
    .bind(target.0)
    .bind(run.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(|row| artifact(row).map(|artifact| (artifact.name.clone(), artifact))).collect()
}

pub(super) async fn list(
    c: &mut AnyConnection,
    org: Org,
    after: ArtifactKey,
    limit: u32,
) -> Result<Vec<Artifact>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM artifact a WHERE a.organization = $1 AND a.key > $2 AND a.present = 1 ORDER BY a.key LIMIT $3"
    ))
    .bind(org.0)
    .bind(after.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.iter().map(artifact).collect()
}

pub(super) async fn find(c: &mut AnyConnection, org: Org, key: ArtifactKey) -> Result<Option<Artifact>> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM artifact a WHERE a.organization = $1 AND a.key = $2 AND a.present = 1"
    ))
    .bind(org.0)
    .bind(key.0)
    .fetch_optional(c)
    .await?;
    row.as_ref().map(artifact).transpose()
}

pub(super) async fn find_stored(c: &mut AnyConnection, org: Org, digest: Digest) -> Result<Option<Artifact>> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM artifact a WHERE a.organization = $1 AND a.stored = $2 ORDER BY a.key LIMIT 1"
    ))
    .bind(org.0)
    .bind(digest.0.to_vec())
    .fetch_optional(c)
    .await?;
    row.as_ref().map(artifact).transpose()
}

pub(super) async fn last_key(c: &mut AnyConnection, org: Org) -> Result<ArtifactKey> {
    let (key,): (i64,) = sqlx::query_as("SELECT COALESCE(max(key), 0) FROM artifact WHERE organization = $1")
        .bind(org.0)
        .fetch_one(c)
        .await?;
    Ok(ArtifactKey(key))
}

pub(super) async fn insert(
    c: &mut AnyConnection,
    org: Org,
    artifacts: &[(Artifact, Option<String>)],
) -> Result<()> {
    let mut rows = Vec::with_capacity(artifacts.len());
    for (artifact, provenance) in artifacts {
        let size = i64::try_from(artifact.size)
            .map_err(|_| Error::invalid(format!("the artifact {:?} is too large", artifact.name)))?;
        rows.push([
            org.0.into(),
            artifact.key.0.into(),
            artifact.run.map(|run| run.0).into(),
            artifact.target.map(|target| target.0).into(),
            artifact.name.as_str().into(),
            true.into(),
            artifact.media_type.as_str().into(),
            size.into(),
            artifact.stored.0.into(),
            artifact.commitment.0.into(),
            provenance.clone().into(),
            artifact.leaf.to_string().into(),
            artifact.added_at.micros().into(),
        ]);
    }
    let columns = [
        "organization",
        "key",
        "run",
        "target",
        "name",
        "present",
        "media_type",
        "size_bytes",
        "stored",
        "commitment",
        "provenance",
        "leaf",
        "added_at",
    ];
    insert_rows(c, "artifact", columns, rows).await?;
    Ok(())
}

pub(super) async fn insert_absent(
    c: &mut AnyConnection,
    org: Org,
    run: Option<RunKey>,
    target: Option<TargetKey>,
    absent: Vec<(ArtifactKey, String, Uuid)>,
    now: Timestamp,
) -> Result<()> {
    let rows = absent.into_iter().map(|(key, name, leaf)| {
        [
            org.0.into(),
            key.0.into(),
            run.map(|run| run.0).into(),
            target.map(|target| target.0).into(),
            name.into(),
            false.into(),
            leaf.to_string().into(),
            now.micros().into(),
        ]
    });
    let columns = ["organization", "key", "run", "target", "name", "present", "leaf", "added_at"];
    insert_rows(c, "artifact", columns, rows).await?;
    Ok(())
}

pub(super) async fn insert_salts(
    c: &mut AnyConnection,
    org: Org,
    salts: Vec<(ArtifactKey, Salt)>,
) -> Result<()> {
    let rows = salts.into_iter().map(|(key, salt)| [org.0.into(), key.0.into(), salt.0.into()]);
    insert_rows(c, "artifact_salt", ["organization", "artifact", "salt"], rows).await?;
    Ok(())
}

pub(super) async fn salt(c: &mut AnyConnection, org: Org, key: ArtifactKey) -> Result<Option<Salt>> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT salt FROM artifact_salt WHERE organization = $1 AND artifact = $2")
            .bind(org.0)
            .bind(key.0)
            .fetch_optional(c)
            .await?;
    row.map(|(salt,)| stored::array(&salt, "the table of salts").map(Salt)).transpose()
}

pub(super) async fn claims(
    c: &mut AnyConnection,
    org: Org,
    after: ArtifactKey,
    limit: u32,
) -> Result<Vec<Claim>> {
    let rows = sqlx::query(
        "SELECT a.key, a.name, a.size_bytes, a.stored, a.commitment, s.salt FROM artifact a \
         LEFT JOIN artifact_salt s ON s.organization = a.organization AND s.artifact = a.key \
         WHERE a.organization = $1 AND a.key > $2 AND a.present = 1 ORDER BY a.key LIMIT $3",
    )
    .bind(org.0)
    .bind(after.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            let salt: Option<Vec<u8>> = row.try_get(5)?;
            Ok(Claim {
                key: ArtifactKey(row.try_get(0)?),
                name: row.try_get(1)?,
                size: stored::count(row.try_get(2)?, WHAT)?,
                stored: stored::digest(row.try_get(3)?, WHAT)?,
                commitment: stored::digest(row.try_get(4)?, WHAT)?,
                salt: salt.map(|salt| stored::array(&salt, "the table of salts").map(Salt)).transpose()?,
            })
        })
        .collect()
}
