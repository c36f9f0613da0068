//! The tables `artifact`, `artifact_salt`, `artifact_key`, `artifact_provenance`, `artifact_removal`, `wrapping_key`,
//! `retention_class`, `legal_hold`, `erasure_basis`, `object_removal`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::evidence::Provenance;
use tickmark_core::id::{ItemKey, OrganizationKey, RunKey, TargetKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{insert_missing_rows, insert_rows};
use uuid::Uuid;

use super::{
    Artifact, ArtifactKey, Claim, Content, Hold, HoldScope, Removal, RemovalCause, WrappedKey, retain,
};
use crate::{Error, Result, stored};

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
    stored.unwrap_or_else(|| retain::EVIDENCE_CLASS.to_owned())
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

pub(super) async fn insert_keys(
    c: &mut AnyConnection,
    org: Org,
    keys: Vec<(ArtifactKey, WrappedKey, Digest)>,
) -> Result<()> {
    let rows = keys.into_iter().map(|(artifact, key, content)| {
        [
            org.0.into(),
            artifact.0.into(),
            key.id.into(),
            key.wrapped_by.into(),
            key.bytes.into(),
            content.0.into(),
        ]
    });
    let columns = ["organization", "artifact", "id", "wrapped_by", "wrapped", "content"];
    insert_rows(c, "artifact_key", columns, rows).await?;
    Ok(())
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

/// Returns where contents are stored under a key, as far as they are.
pub(super) async fn sealed(
    c: &mut AnyConnection,
    org: Org,
    contents: &[Digest],
) -> Result<BTreeMap<Digest, (Digest, WrappedKey)>> {
    let mut found = BTreeMap::new();
    for chunk in contents.chunks(CONTENTS_PER_STATEMENT) {
        let places: Vec<String> = (2..chunk.len() + 2).map(|place| format!("${place}")).collect();
        let text = format!(
            "SELECT k.content, a.stored, k.id, k.wrapped_by, k.wrapped FROM artifact_key k \
             JOIN artifact a ON a.organization = k.organization AND a.key = k.artifact \
             WHERE k.organization = $1 AND k.content IN ({}) ORDER BY k.artifact",
            places.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0);
        for content in chunk {
            query = query.bind(content.0.to_vec());
        }
        for row in query.fetch_all(&mut *c).await? {
            let content = stored::digest(row.try_get(0)?, WHAT)?;
            let key = WrappedKey { id: row.try_get(2)?, wrapped_by: row.try_get(3)?, bytes: row.try_get(4)? };
            found.insert(content, (stored::digest(row.try_get(1)?, WHAT)?, key));
        }
    }
    Ok(found)
}

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

// ---- wrapping keys

pub(super) async fn current_wrapping_key(c: &mut AnyConnection, org: Org) -> Result<Option<String>> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT id FROM wrapping_key WHERE organization = $1 AND retired_at IS NULL")
            .bind(org.0)
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(id,)| id))
}

/// Puts another wrapping key in force.
pub(super) async fn change_wrapping_key(
    c: &mut AnyConnection,
    org: Org,
    id: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("UPDATE wrapping_key SET retired_at = $1 WHERE organization = $2 AND retired_at IS NULL")
        .bind(now.micros())
        .bind(org.0)
        .execute(&mut *c)
        .await?;
    // A key that the operator brings back is in force again.
    sqlx::query(
        "INSERT INTO wrapping_key (organization, id, created_at) VALUES ($1, $2, $3) \
         ON CONFLICT (organization, id) DO UPDATE SET retired_at = NULL",
    )
    .bind(org.0)
    .bind(id)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// A wrapped key with everything that is needed to wrap it anew.
pub(super) type StoredKey = (ArtifactKey, WrappedKey, Digest, Digest);

type StoredKeyRow = (i64, String, String, Vec<u8>, Vec<u8>, Vec<u8>);

/// Returns keys that `wrapping` did not wrap, of artifacts above `after`: key, wrapped key, content, stored bytes.
pub(super) async fn keys_of_others(
    c: &mut AnyConnection,
    org: Org,
    wrapping: &str,
    after: ArtifactKey,
    limit: u32,
) -> Result<Vec<StoredKey>> {
    let rows: Vec<StoredKeyRow> = sqlx::query_as(
        "SELECT k.artifact, k.id, k.wrapped_by, k.wrapped, k.content, a.stored FROM artifact_key k \
         JOIN artifact a ON a.organization = k.organization AND a.key = k.artifact \
         WHERE k.organization = $1 AND k.wrapped_by <> $2 AND k.artifact > $3 ORDER BY k.artifact LIMIT $4",
    )
    .bind(org.0)
    .bind(wrapping)
    .bind(after.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(artifact, id, wrapped_by, bytes, content, stored)| {
            Ok((
                ArtifactKey(artifact),
                WrappedKey { id, wrapped_by, bytes },
                stored::digest(&content, WHAT)?,
                stored::digest(&stored, WHAT)?,
            ))
        })
        .collect()
}

pub(super) async fn replace_keys(
    c: &mut AnyConnection,
    org: Org,
    keys: Vec<(ArtifactKey, WrappedKey, Digest)>,
) -> Result<()> {
    for (artifact, ..) in &keys {
        delete_key(c, org, *artifact).await?;
    }
    insert_keys(c, org, keys).await
}

async fn delete_key(c: &mut AnyConnection, org: Org, artifact: ArtifactKey) -> Result<()> {
    sqlx::query("DELETE FROM artifact_key WHERE organization = $1 AND artifact = $2")
        .bind(org.0)
        .bind(artifact.0)
        .execute(c)
        .await?;
    Ok(())
}

/// Counts the keys that a wrapping key wraps, in all organizations that share the key files.
pub(super) async fn count_wrapped(c: &mut AnyConnection, wrapping: &str) -> Result<i64> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM artifact_key WHERE wrapped_by = $1")
        .bind(wrapping)
        .fetch_one(c)
        .await?;
    Ok(count)
}

// ---- removal

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

/// Deletes what makes the content of artifacts readable, and notes that it is gone.
pub(super) async fn forget(
    c: &mut AnyConnection,
    org: Org,
    artifacts: &[ArtifactKey],
    cause: RemovalCause,
    leaf: Uuid,
    now: Timestamp,
) -> Result<()> {
    for artifact in artifacts {
        delete_key(c, org, *artifact).await?;
        sqlx::query("DELETE FROM artifact_salt WHERE organization = $1 AND artifact = $2")
            .bind(org.0)
            .bind(artifact.0)
            .execute(&mut *c)
            .await?;
        sqlx::query("DELETE FROM artifact_provenance WHERE organization = $1 AND artifact = $2")
            .bind(org.0)
            .bind(artifact.0)
            .execute(&mut *c)
            .await?;
    }
    let rows = artifacts.iter().map(|artifact| {
        [org.0.into(), artifact.0.into(), cause.word().into(), leaf.to_string().into(), now.micros().into()]
    });
    let columns = ["organization", "artifact", "cause", "leaf", "removed_at"];
    insert_rows(c, "artifact_removal", columns, rows).await?;
    Ok(())
}

pub(super) async fn insert_basis(
    c: &mut AnyConnection,
    org: Org,
    leaf: Uuid,
    basis: &str,
    salt: Salt,
) -> Result<()> {
    let row = [org.0.into(), leaf.to_string().into(), basis.into(), salt.0.into()];
    insert_rows(c, "erasure_basis", ["organization", "leaf", "basis", "salt"], [row]).await?;
    Ok(())
}

/// Notes objects that are to be deleted, and whether they are plain.
pub(super) async fn remove_later(c: &mut AnyConnection, org: Org, objects: &[(Digest, bool)]) -> Result<()> {
    let rows = objects.iter().map(|(digest, is_plain)| [org.0.into(), digest.0.into(), (*is_plain).into()]);
    insert_missing_rows(c, "object_removal", ["organization", "stored", "is_plain"], rows).await?;
    Ok(())
}

pub(super) async fn to_remove(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<(Digest, bool)>> {
    let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(
        "SELECT stored, CAST(is_plain AS BIGINT) FROM object_removal WHERE organization = $1 ORDER BY stored LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|(digest, is_plain)| Ok((stored::digest(digest, "the table of removals")?, *is_plain == 1)))
        .collect()
}

pub(super) async fn removed(c: &mut AnyConnection, org: Org, object: Digest) -> Result<()> {
    sqlx::query("DELETE FROM object_removal WHERE organization = $1 AND stored = $2")
        .bind(org.0)
        .bind(object.0.to_vec())
        .execute(c)
        .await?;
    Ok(())
}

/// Tells whether an artifact whose content is not gone has these stored bytes, in any organization: objects are shared.
pub(super) async fn is_stored_for(c: &mut AnyConnection, object: Digest) -> Result<bool> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM artifact a LEFT JOIN artifact_removal g \
           ON g.organization = a.organization AND g.artifact = a.key WHERE a.stored = $1 AND g.cause IS NULL",
    )
    .bind(object.0.to_vec())
    .fetch_one(c)
    .await?;
    Ok(count > 0)
}

// ---- retention

/// An artifact with the moment from which another one stands in its place.
pub(super) struct Aging {
    pub(super) key: ArtifactKey,
    pub(super) target: Option<TargetKey>,
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) stored: Digest,
    pub(super) commitment: Digest,
    pub(super) class: String,
    pub(super) is_plain: bool,
    pub(super) superseded_at: Timestamp,
}

/// Returns artifacts above `after` that others superseded before `limit_at` and whose content is there.
pub(super) async fn aging(
    c: &mut AnyConnection,
    org: Org,
    after: ArtifactKey,
    limit_at: Timestamp,
    limit: u32,
) -> Result<Vec<Aging>> {
    let rows = sqlx::query(
        "SELECT * FROM (SELECT a.key, a.target, a.name, a.size_bytes, a.stored, a.commitment, a.retention, \
           CASE WHEN a.target IS NOT NULL \
             THEN (SELECT min(b.added_at) FROM artifact b WHERE b.organization = a.organization \
                   AND b.target = a.target AND b.name = a.name AND b.run > a.run) \
             ELSE (SELECT min(b.added_at) FROM artifact b WHERE b.organization = a.organization \
                   AND b.target IS NULL AND b.name = a.name AND b.key > a.key) END AS superseded_at, k.id AS data_key \
         FROM artifact a LEFT JOIN artifact_key k ON k.organization = a.organization AND k.artifact = a.key \
         LEFT JOIN artifact_removal g ON g.organization = a.organization AND g.artifact = a.key \
         WHERE a.organization = $1 AND a.key > $2 AND a.present = 1 AND a.added_at <= $3 AND g.cause IS NULL) old \
         WHERE superseded_at <= $3 ORDER BY key LIMIT $4",
    )
    .bind(org.0)
    .bind(after.0)
    .bind(limit_at.micros())
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Aging {
                key: ArtifactKey(row.try_get(0)?),
                target: row.try_get::<Option<i64>, _>(1)?.map(TargetKey),
                name: row.try_get(2)?,
                size: stored::count(row.try_get(3)?, WHAT)?,
                stored: stored::digest(row.try_get(4)?, WHAT)?,
                commitment: stored::digest(row.try_get(5)?, WHAT)?,
                class: class(row.try_get(6)?),
                superseded_at: Timestamp::from_micros(row.try_get(7)?),
                is_plain: row.try_get::<Option<String>, _>(8)?.is_none(),
            })
        })
        .collect()
}

pub(super) async fn retention(c: &mut AnyConnection, org: Org) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT class, keep_days FROM retention_class WHERE organization = $1 ORDER BY class")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    Ok(rows.into_iter().collect())
}

pub(super) async fn set_retention(
    c: &mut AnyConnection,
    org: Org,
    class: &str,
    keep_days: u32,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO retention_class (organization, class, keep_days, set_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization, class) DO UPDATE SET keep_days = excluded.keep_days, set_at = excluded.set_at",
    )
    .bind(org.0)
    .bind(class)
    .bind(i64::from(keep_days))
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

// ---- holds

pub(super) async fn holds(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<Hold>> {
    let rows = sqlx::query(
        "SELECT key, artifact, target, reason, placed_by, placed_at, released_by, released_at, item FROM legal_hold \
         WHERE organization = $1 ORDER BY CASE WHEN released_at IS NULL THEN 0 ELSE 1 END, key LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    let what = "the table of legal holds";
    rows.iter()
        .map(|row| {
            let artifact: Option<i64> = row.try_get(1)?;
            let target: Option<i64> = row.try_get(2)?;
            let released_by: Option<String> = row.try_get(6)?;
            Ok(Hold {
                key: row.try_get(0)?,
                scope: match (artifact, target, row.try_get::<Option<i64>, _>(8)?) {
                    (Some(key), ..) => HoldScope::Artifact(ArtifactKey(key)),
                    (None, Some(key), _) => HoldScope::Target(TargetKey(key)),
                    (None, None, Some(key)) => HoldScope::Item(ItemKey(key)),
                    (None, None, None) => HoldScope::All,
                },
                reason: row.try_get(3)?,
                placed_by: stored::parse(row.try_get(4)?, what)?,
                placed_at: Timestamp::from_micros(row.try_get(5)?),
                released_by: released_by.map(|id| stored::parse(&id, what)).transpose()?,
                released_at: row.try_get::<Option<i64>, _>(7)?.map(Timestamp::from_micros),
            })
        })
        .collect()
}

/// Numbers and inserts a hold.
pub(super) async fn insert_hold(c: &mut AnyConnection, org: Org, hold: &mut Hold) -> Result<()> {
    let (last,): (i64,) =
        sqlx::query_as("SELECT COALESCE(max(key), 0) FROM legal_hold WHERE organization = $1")
            .bind(org.0)
            .fetch_one(&mut *c)
            .await?;
    hold.key = last + 1;
    let (artifact, target, item) = match hold.scope {
        HoldScope::All => (None, None, None),
        HoldScope::Target(target) => (None, Some(target.0), None),
        HoldScope::Artifact(artifact) => (Some(artifact.0), None, None),
        HoldScope::Item(item) => (None, None, Some(item.0)),
    };
    let row = [
        org.0.into(),
        hold.key.into(),
        artifact.into(),
        target.into(),
        hold.reason.as_str().into(),
        hold.placed_by.to_string().into(),
        hold.placed_at.micros().into(),
        item.into(),
    ];
    let columns = ["organization", "key", "artifact", "target", "reason", "placed_by", "placed_at", "item"];
    insert_rows(c, "legal_hold", columns, [row]).await?;
    Ok(())
}

/// Ends a hold. Tells whether it was in force.
pub(super) async fn release_hold(
    c: &mut AnyConnection,
    org: Org,
    key: i64,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE legal_hold SET released_by = $1, released_at = $2 \
         WHERE organization = $3 AND key = $4 AND released_at IS NULL",
    )
    .bind(by)
    .bind(now.micros())
    .bind(org.0)
    .bind(key)
    .execute(c)
    .await?;
    Ok(done.rows_affected() > 0)
}
