//! The tables `attestation_root`, `attestation_model`, `passkey_trust`.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use tickmark_core::id::{ActorId, OrganizationKey, PasskeyId};
use tickmark_core::identity::attestation::Model;
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;

use super::Root;
use crate::{Result, stored};

const ROOTS: &str = "the table of certificates of makers";
const MODELS: &str = "the table of models of authenticators";
/// Most rows of one list.
const LIST_LIMIT: i64 = 1_000;

/// Lists certificates by name.
pub(super) async fn roots(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Root>> {
    let rows = sqlx::query(
        "SELECT digest, name, ends_at, added_at FROM attestation_root WHERE organization = $1 \
         ORDER BY name, digest LIMIT $2",
    )
    .bind(org.0)
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    let one = |row: &AnyRow| {
        Ok(Root {
            digest: stored::digest(row.try_get("digest")?, ROOTS)?,
            name: row.try_get("name")?,
            ends_at: Timestamp::from_micros(row.try_get("ends_at")?),
            added_at: Timestamp::from_micros(row.try_get("added_at")?),
        })
    };
    rows.iter().map(one).collect()
}

/// Lists certificates with their bytes.
pub(super) async fn certificates(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<Vec<(Digest, Vec<u8>)>> {
    let rows = sqlx::query(
        "SELECT digest, certificate FROM attestation_root WHERE organization = $1 ORDER BY digest LIMIT $2",
    )
    .bind(org.0)
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    let one =
        |row: &AnyRow| Ok((stored::digest(row.try_get("digest")?, ROOTS)?, row.try_get("certificate")?));
    rows.iter().map(one).collect()
}

pub(super) async fn insert_root(
    c: &mut AnyConnection,
    org: OrganizationKey,
    root: &Root,
    certificate: &[u8],
    by: ActorId,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO attestation_root (organization, digest, certificate, name, ends_at, added_by, added_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(org.0)
    .bind(root.digest.0.to_vec())
    .bind(certificate.to_vec())
    .bind(&root.name)
    .bind(root.ends_at.micros())
    .bind(by.to_string())
    .bind(root.added_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn delete_root(c: &mut AnyConnection, org: OrganizationKey, digest: Digest) -> Result<()> {
    sqlx::query("DELETE FROM attestation_root WHERE organization = $1 AND digest = $2")
        .bind(org.0)
        .bind(digest.0.to_vec())
        .execute(c)
        .await?;
    Ok(())
}

/// Lists models by name.
pub(super) async fn models(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Model>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT aaguid, name FROM attestation_model WHERE organization = $1 ORDER BY name, aaguid LIMIT $2",
    )
    .bind(org.0)
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(aaguid, name)| Ok(Model { aaguid: stored::parse(&aaguid, MODELS)?, name }))
        .collect()
}

/// Keeps a model, or gives it another name.
pub(super) async fn put_model(
    c: &mut AnyConnection,
    org: OrganizationKey,
    model: &Model,
    by: ActorId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO attestation_model (organization, aaguid, name, added_by, added_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (organization, aaguid) DO UPDATE SET name = excluded.name, added_by = excluded.added_by, \
         added_at = excluded.added_at",
    )
    .bind(org.0)
    .bind(model.aaguid.to_string())
    .bind(&model.name)
    .bind(by.to_string())
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn delete_model(c: &mut AnyConnection, org: OrganizationKey, aaguid: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM attestation_model WHERE organization = $1 AND aaguid = $2")
        .bind(org.0)
        .bind(aaguid.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn insert_trust(
    c: &mut AnyConnection,
    org: OrganizationKey,
    passkey: PasskeyId,
    (root, model): (Digest, Uuid),
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO passkey_trust (organization, passkey, root, model, found_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (organization, passkey, root) DO NOTHING",
    )
    .bind(org.0)
    .bind(passkey.to_string())
    .bind(root.0.to_vec())
    .bind(model.to_string())
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn has_trust(
    c: &mut AnyConnection,
    org: OrganizationKey,
    passkey: PasskeyId,
) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM passkey_trust WHERE organization = $1 AND passkey = $2 LIMIT 1")
        .bind(org.0)
        .bind(passkey.to_string())
        .fetch_optional(c)
        .await?;
    Ok(row.is_some())
}

pub(super) async fn is_trusted(
    c: &mut AnyConnection,
    org: OrganizationKey,
    passkey: PasskeyId,
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT 1 FROM passkey_trust t JOIN attestation_model m ON m.organization = t.organization \
         AND m.aaguid = t.model WHERE t.organization = $1 AND t.passkey = $2 LIMIT 1",
    )
    .bind(org.0)
    .bind(passkey.to_string())
    .fetch_optional(c)
    .await?;
    Ok(row.is_some())
}
