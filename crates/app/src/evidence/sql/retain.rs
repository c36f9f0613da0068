//! What is kept and how it goes: removals, how long classes are kept, and legal holds.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row};
use tickmark_core::id::{ItemKey, TargetKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{insert_missing_rows, insert_rows};
use uuid::Uuid;

use super::keys::delete_key;
use super::{Org, WHAT, class};
use crate::evidence::{ArtifactKey, Hold, HoldScope, RemovalCause};
use crate::{Result, stored};

/// Deletes what makes the content of artifacts readable, and notes that it is gone.
pub(in crate::evidence) async fn forget(
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

pub(in crate::evidence) async fn insert_basis(
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
pub(in crate::evidence) async fn remove_later(
    c: &mut AnyConnection,
    org: Org,
    objects: &[(Digest, bool)],
) -> Result<()> {
    let rows = objects.iter().map(|(digest, is_plain)| [org.0.into(), digest.0.into(), (*is_plain).into()]);
    insert_missing_rows(c, "object_removal", ["organization", "stored", "is_plain"], rows).await?;
    Ok(())
}

pub(in crate::evidence) async fn to_remove(
    c: &mut AnyConnection,
    org: Org,
    limit: u32,
) -> Result<Vec<(Digest, bool)>> {
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

pub(in crate::evidence) async fn removed(c: &mut AnyConnection, org: Org, object: Digest) -> Result<()> {
    sqlx::query("DELETE FROM object_removal WHERE organization = $1 AND stored = $2")
        .bind(org.0)
        .bind(object.0.to_vec())
        .execute(c)
        .await?;
    Ok(())
}

/// Tells whether an artifact whose content is not gone has these stored bytes, in any organization: objects are shared.
pub(in crate::evidence) async fn is_stored_for(c: &mut AnyConnection, object: Digest) -> Result<bool> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM artifact a LEFT JOIN artifact_removal g \
           ON g.organization = a.organization AND g.artifact = a.key WHERE a.stored = $1 AND g.cause IS NULL",
    )
    .bind(object.0.to_vec())
    .fetch_one(c)
    .await?;
    Ok(count > 0)
}

/// An artifact with the moment from which another one stands in its place.
pub(in crate::evidence) struct Aging {
    pub(in crate::evidence) key: ArtifactKey,
    pub(in crate::evidence) target: Option<TargetKey>,
    pub(in crate::evidence) name: String,
    pub(in crate::evidence) size: u64,
    pub(in crate::evidence) stored: Digest,
    pub(in crate::evidence) commitment: Digest,
    pub(in crate::evidence) class: String,
    pub(in crate::evidence) is_plain: bool,
    pub(in crate::evidence) superseded_at: Timestamp,
}

/// Returns artifacts above `after` that others superseded before `limit_at` and whose content is there.
pub(in crate::evidence) async fn aging(
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

pub(in crate::evidence) async fn retention(c: &mut AnyConnection, org: Org) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT class, keep_days FROM retention_class WHERE organization = $1 ORDER BY class")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    Ok(rows.into_iter().collect())
}

pub(in crate::evidence) async fn set_retention(
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

pub(in crate::evidence) async fn holds(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<Hold>> {
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
pub(in crate::evidence) async fn insert_hold(c: &mut AnyConnection, org: Org, hold: &mut Hold) -> Result<()> {
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
pub(in crate::evidence) async fn release_hold(
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
