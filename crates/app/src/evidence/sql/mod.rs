//! The tables of artifacts: `artifact`, `artifact_salt` and `artifact_provenance` here, the others by what they hold.

mod keys;
mod retain;

use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::evidence::Provenance;
use tickmark_core::id::{OrganizationKey, RunKey, TargetKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::Salt;
use tickmark_store::insert_rows;
use uuid::Uuid;

use super::retain::EVIDENCE_CLASS;
use super::{Artifact, ArtifactKey, Claim, Content, Removal, RemovalCause, WrappedKey};
use crate::{Error, Result, stored};

pub(super) use keys::*;
pub(super) use retain::*;

type Org = OrganizationKey;

/// Targets in one `VALUES` list.
const TARGETS_PER_STATEMENT: usize = 500;

const WHAT: &str = "the table of artifacts";

macro_rules! columns {
    () => {
        "a.key, a.run, a.target, a.name, a.media_type, a.size_bytes, a.stored, a.commitment, \
         COALESCE(p.provenance, a.provenance), a.leaf, a.added_at, a.retention, k.id, k.wrapped_by, k.wrapped, \
         g.cause, g.leaf, g.removed_at"
    };
}

macro_rules! details {
    () => {
        " LEFT JOIN artifact_key k ON k.organization = a.organization AND k.artifact = a.key \
         LEFT JOIN artifact_provenance p ON p.organization = a.organization AND p.artifact = a.key \
         LEFT JOIN artifact_removal g ON g.organization = a.organization AND g.artifact = a.key "
    };
}

fn artifact(row: &AnyRow) -> Result<Artifact> {
    let content = content(row, 12)?;
    let provenance = match content {
        Content::Gone(_) => None,
        _ => provenance(row.try_get(8)?)?,
    };
    Ok(Artifact {
        key: ArtifactKey(row.try_get(0)?),
        run: row.try_get::<Option<i64>, _>(1)?.map(RunKey),
        target: row.try_get::<Option<i64>, _>(2)?.map(TargetKey),
        name: row.try_get(3)?,
        media_type: row.try_get(4)?,
        size: stored::count(row.try_get(5)?, WHAT)?,
        stored: stored::digest(row.try_get(6)?, WHAT)?,
        commitment: stored::digest(row.try_get(7)?, WHAT)?,
        provenance,
        leaf: stored::parse(row.try_get(9)?, WHAT)?,
        added_at: Timestamp::from_micros(row.try_get(10)?),
        retention: class(row.try_get(11)?),
        content,
    })
}

fn class(stored: Option<String>) -> String {
    stored.unwrap_or_else(|| EVIDENCE_CLASS.to_owned())
}

/// Reads id, wrapping key, wrapped key, cause, leaf and moment from column `at` on.
fn content(row: &AnyRow, at: usize) -> Result<Content> {
    if let Some(cause) = row.try_get::<Option<String>, _>(at + 3)? {
        return Ok(Content::Gone(Removal {
            cause: RemovalCause::from_word(&cause)
                .ok_or_else(|| Error::corrupt("the table of removals", format!("{cause:?} is no cause")))?,
            leaf: stored::parse(row.try_get(at + 4)?, "the table of removals")?,
            at: Timestamp::from_micros(row.try_get(at + 5)?),
        }));
    }
    Ok(match row.try_get::<Option<String>, _>(at)? {
        None => Content::Plain,
        Some(id) => {
            Content::Sealed(WrappedKey { id, wrapped_by: row.try_get(at + 1)?, bytes: row.try_get(at + 2)? })
        }
    })
}

pub(super) fn provenance(text: Option<String>) -> Result<Option<Provenance>> {
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| Error::corrupt(WHAT, error))
}

/// Returns the newest row of each name up to `run` with its salt, leaving out those that were not there any more.
pub(super) async fn of_run(
    c: &mut AnyConnection,
    org: Org,
    run: RunKey,
    target: TargetKey,
) -> Result<BTreeMap<String, (Artifact, Option<Salt>)>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", s.salt FROM artifact a",
        details!(),
        "LEFT JOIN artifact_salt s ON s.organization = a.organization AND s.artifact = a.key JOIN (SELECT name, max(run) AS run FROM artifact \
           WHERE organization = $1 AND target = $2 AND run <= $3 GROUP BY name) newest \
         ON a.name = newest.name AND a.run = newest.run \
         WHERE a.organization = $1 AND a.target = $2 AND a.present = 1 ORDER BY a.name"
    ))
    .bind(org.0)
    .bind(target.0)
    .bind(run.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            let artifact = artifact(row)?;
            Ok((artifact.name.clone(), (artifact, salt_in(row, 18)?)))
        })
        .collect()
}

pub(super) async fn targets_with_some(
    c: &mut AnyConnection,
    org: Org,
    targets: &[TargetKey],
) -> Result<BTreeSet<TargetKey>> {
    let mut found = BTreeSet::new();
    for chunk in targets.chunks(TARGETS_PER_STATEMENT) {
        let keys: Vec<String> = chunk.iter().map(|key| format!("({})", key.0)).collect();
        let text = format!(
            "WITH wanted (key) AS (VALUES {}) SELECT key FROM wanted WHERE EXISTS \
             (SELECT 1 FROM artifact WHERE artifact.organization = $1 AND artifact.target = wanted.key)",
            keys.join(", ")
        );
        let rows: Vec<(i64,)> =
            sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        found.extend(rows.into_iter().map(|(key,)| TargetKey(key)));
    }
    Ok(found)
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
        " FROM artifact a",
        details!(),
        "WHERE a.organization = $1 AND a.key > $2 AND a.present = 1 ORDER BY a.key LIMIT $3"
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
        " FROM artifact a",
        details!(),
        "WHERE a.organization = $1 AND a.key = $2 AND a.present = 1"
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
        " FROM artifact a",
        details!(),
        "WHERE a.organization = $1 AND a.stored = $2 ORDER BY CASE WHEN g.cause IS NULL THEN 0 ELSE 1 END, a.key LIMIT 1"
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

pub(super) async fn insert(c: &mut AnyConnection, org: Org, artifacts: &[Artifact]) -> Result<()> {
    let mut rows = Vec::with_capacity(artifacts.len());
    for artifact in artifacts {
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
            artifact.leaf.to_string().into(),
            artifact.added_at.micros().into(),
            artifact.retention.as_str().into(),
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
        "leaf",
        "added_at",
        "retention",
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

fn salt_in(row: &AnyRow, column: usize) -> Result<Option<Salt>> {
    let salt: Option<Vec<u8>> = row.try_get(column)?;
    salt.map(|salt| stored::array(&salt, "the table of salts").map(Salt)).transpose()
}

pub(super) async fn insert_provenances(
    c: &mut AnyConnection,
    org: Org,
    provenances: Vec<(ArtifactKey, String)>,
) -> Result<()> {
    let rows = provenances.into_iter().map(|(key, text)| [org.0.into(), key.0.into(), text.into()]);
    insert_rows(c, "artifact_provenance", ["organization", "artifact", "provenance"], rows).await?;
    Ok(())
}

/// Contents looked for in one statement.
const CONTENTS_PER_STATEMENT: usize = 500;

/// Returns how many bytes of content an organization has, what was erased left out.
pub(super) async fn bytes_held(c: &mut AnyConnection, org: Org) -> Result<u64> {
    let (held,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(a.size_bytes), 0) AS BIGINT) FROM artifact a WHERE a.organization = $1 \
         AND NOT EXISTS (SELECT 1 FROM artifact_removal g WHERE g.organization = a.organization AND g.artifact = a.key)",
    )
    .bind(org.0)
    .fetch_one(c)
    .await?;
    stored::count(held, WHAT)
}

/// Returns media type and size of artifacts, by key.
pub(super) async fn sizes(
    c: &mut AnyConnection,
    org: Org,
    keys: &[i64],
) -> Result<BTreeMap<i64, (String, u64)>> {
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(CONTENTS_PER_STATEMENT) {
        let places: Vec<String> = (2..chunk.len() + 2).map(|place| format!("${place}")).collect();
        let text = format!(
            "SELECT key, media_type, size_bytes FROM artifact WHERE organization = $1 AND key IN ({})",
            places.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0);
        for key in chunk {
            query = query.bind(*key);
        }
        for row in query.fetch_all(&mut *c).await? {
            found.insert(row.try_get(0)?, (row.try_get(1)?, stored::count(row.try_get(2)?, WHAT)?));
        }
    }
    Ok(found)
}

/// Returns the SHA-256 of the content of an artifact; none once it is gone.
pub(super) async fn content_digest(
    c: &mut AnyConnection,
    org: Org,
    key: ArtifactKey,
) -> Result<Option<Digest>> {
    let row = sqlx::query(
        "SELECT k.content, a.stored, g.cause FROM artifact a \
         LEFT JOIN artifact_key k ON k.organization = a.organization AND k.artifact = a.key \
         LEFT JOIN artifact_removal g ON g.organization = a.organization AND g.artifact = a.key \
         WHERE a.organization = $1 AND a.key = $2",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_optional(c)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<Option<String>, _>(2)?.is_some() {
        return Ok(None);
    }
    let sealed: Option<Vec<u8>> = row.try_get(0)?;
    let plain: Option<Vec<u8>> = row.try_get(1)?;
    sealed.or(plain).map(|bytes| stored::digest(&bytes, WHAT)).transpose()
}

pub(super) async fn claims(
    c: &mut AnyConnection,
    org: Org,
    after: ArtifactKey,
    limit: u32,
) -> Result<Vec<Claim>> {
    let rows = sqlx::query(concat!(
        "SELECT a.key, a.name, a.size_bytes, a.stored, a.commitment, s.salt, k.id, k.wrapped_by, k.wrapped, g.cause, \
         g.leaf, g.removed_at FROM artifact a",
        details!(),
        "LEFT JOIN artifact_salt s ON s.organization = a.organization AND s.artifact = a.key \
         WHERE a.organization = $1 AND a.key > $2 AND a.present = 1 ORDER BY a.key LIMIT $3"
    ))
    .bind(org.0)
    .bind(after.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Claim {
                key: ArtifactKey(row.try_get(0)?),
                name: row.try_get(1)?,
                size: stored::count(row.try_get(2)?, WHAT)?,
                stored: stored::digest(row.try_get(3)?, WHAT)?,
                commitment: stored::digest(row.try_get(4)?, WHAT)?,
                salt: salt_in(row, 5)?,
                content: content(row, 6)?,
            })
        })
        .collect()
}

/// Returns all artifacts with these stored bytes, oldest first.
pub(super) async fn all_stored(c: &mut AnyConnection, org: Org, digest: Digest) -> Result<Vec<Artifact>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM artifact a",
        details!(),
        "WHERE a.organization = $1 AND a.stored = $2 ORDER BY a.key"
    ))
    .bind(org.0)
    .bind(digest.0.to_vec())
    .fetch_all(c)
    .await?;
    rows.iter().map(artifact).collect()
}
