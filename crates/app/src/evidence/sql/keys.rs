//! Keys: those that contents lie under, and those that wrap them.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row};
use tickmark_core::{Digest, Timestamp};
use tickmark_store::insert_rows;

use super::{CONTENTS_PER_STATEMENT, Org, WHAT};
use crate::evidence::{ArtifactKey, WrappedKey};
use crate::{Result, stored};

pub(in crate::evidence) async fn insert_keys(
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

/// Returns where contents are stored under a key, as far as they are.
pub(in crate::evidence) async fn sealed(
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

pub(in crate::evidence) async fn current_wrapping_key(
    c: &mut AnyConnection,
    org: Org,
) -> Result<Option<String>> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT id FROM wrapping_key WHERE organization = $1 AND retired_at IS NULL")
            .bind(org.0)
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(id,)| id))
}

/// Puts another wrapping key in force.
pub(in crate::evidence) async fn change_wrapping_key(
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
pub(in crate::evidence) type StoredKey = (ArtifactKey, WrappedKey, Digest, Digest);

type StoredKeyRow = (i64, String, String, Vec<u8>, Vec<u8>, Vec<u8>);

/// Returns keys that `wrapping` did not wrap, of artifacts above `after`: key, wrapped key, content, stored bytes.
pub(in crate::evidence) async fn keys_of_others(
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

pub(in crate::evidence) async fn replace_keys(
    c: &mut AnyConnection,
    org: Org,
    keys: Vec<(ArtifactKey, WrappedKey, Digest)>,
) -> Result<()> {
    for (artifact, ..) in &keys {
        delete_key(c, org, *artifact).await?;
    }
    insert_keys(c, org, keys).await
}

pub(super) async fn delete_key(c: &mut AnyConnection, org: Org, artifact: ArtifactKey) -> Result<()> {
    sqlx::query("DELETE FROM artifact_key WHERE organization = $1 AND artifact = $2")
        .bind(org.0)
        .bind(artifact.0)
        .execute(c)
        .await?;
    Ok(())
}

/// Counts the keys that a wrapping key wraps, in all organizations that share the key files.
pub(in crate::evidence) async fn count_wrapped(c: &mut AnyConnection, wrapping: &str) -> Result<i64> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM artifact_key WHERE wrapped_by = $1")
        .bind(wrapping)
        .fetch_one(c)
        .await?;
    Ok(count)
}
