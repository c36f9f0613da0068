//! The tables `engagement`, `engagement_version`, `engagement_preset`, `engagement_confirmation`.

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::engagement::{Confirmation, Engagement, EngagementKey};
use tickmark_core::id::OrganizationKey;
use tickmark_store::{Cell, insert_rows};

use super::{KeptPreset, Version};
use crate::stored::{self, VersionRow};
use crate::{Error, Result};

type Org = OrganizationKey;

/// The format of the catalog's file of presets.
const PRESET_FORMAT: &str = "sampling-presets/1";

pub(super) async fn next_key(c: &mut AnyConnection, org: Org) -> Result<EngagementKey> {
    Ok(EngagementKey(stored::next_key(c, org, "engagement").await?))
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    once: &str,
    at: Timestamp,
) -> Result<()> {
    let row = [Cell::from(org.0), key.0.into(), once.into(), at.micros().into()];
    insert_rows(c, "engagement", ["organization", "key", "once", "created_at"], [row]).await?;
    Ok(())
}

pub(super) async fn add_version(
    c: &mut AnyConnection,
    org: Org,
    number: i64,
    since: Timestamp,
    record: &Engagement,
) -> Result<()> {
    let body = serde_json::to_string(record).expect("an engagement has string keys only");
    let row = [Cell::from(org.0), record.key.0.into(), number.into(), since.micros().into(), body.into()];
    let columns = ["organization", "engagement", "number", "since", "body"];
    insert_rows(c, "engagement_version", columns, [row]).await?;
    Ok(())
}

/// Keeps the preset that an engagement uses from now on.
pub(super) async fn keep_preset(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    kept: &KeptPreset,
) -> Result<()> {
    let mut body = serde_json::to_value(&kept.preset).expect("a preset has string keys only");
    // What a file of the catalog says first, and a reader asks for.
    body["format"] = PRESET_FORMAT.into();
    let row = [
        Cell::from(org.0),
        key.0.into(),
        kept.since.micros().into(),
        kept.catalog.0.to_vec().into(),
        body.to_string().into(),
    ];
    let columns = ["organization", "engagement", "since", "catalog", "body"];
    insert_rows(c, "engagement_preset", columns, [row]).await?;
    Ok(())
}

pub(super) async fn preset(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
) -> Result<Option<KeptPreset>> {
    const WHAT: &str = "the preset of an engagement";
    let row: Option<(i64, Vec<u8>, String)> = sqlx::query_as(
        "SELECT since, catalog, body FROM engagement_preset WHERE organization = $1 AND engagement = $2",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_optional(c)
    .await?;
    row.map(|(since, catalog, body)| {
        Ok(KeptPreset {
            engagement: Some(key),
            since: Timestamp::from_micros(since),
            catalog: stored::digest(&catalog, WHAT)?,
            preset: serde_json::from_str(&body).map_err(|error| Error::corrupt(WHAT, error))?,
        })
    })
    .transpose()
}

/// Keeps what management confirmed.
pub(super) async fn add_confirmation(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    number: i64,
    one: &Confirmation,
) -> Result<()> {
    let body = serde_json::to_string(&one.changes).expect("changes have texts only");
    let row = [
        Cell::from(org.0),
        key.0.into(),
        number.into(),
        one.at.micros().into(),
        one.by.to_string().into(),
        one.reason.clone().into(),
        one.digest.0.to_vec().into(),
        body.into(),
    ];
    let columns =
        ["organization", "engagement", "number", "since", "confirmed_by", "reason", "digest", "body"];
    insert_rows(c, "engagement_confirmation", columns, [row]).await?;
    Ok(())
}

/// Number, when, who, why, digest of the changes, the changes.
type ConfirmationRow = (i64, i64, String, String, Vec<u8>, String);

/// What management confirmed last, with its number.
pub(super) async fn confirmation(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
) -> Result<Option<(i64, Confirmation)>> {
    const WHAT: &str = "the table of confirmed changes";
    let row: Option<ConfirmationRow> = sqlx::query_as(
        "SELECT number, since, confirmed_by, reason, digest, body FROM engagement_confirmation \
         WHERE organization = $1 AND engagement = $2 ORDER BY number DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_optional(c)
    .await?;
    row.map(|(number, since, by, reason, digest, body)| {
        let one = Confirmation {
            changes: serde_json::from_str(&body).map_err(|error| Error::corrupt(WHAT, error))?,
            digest: stored::digest(&digest, WHAT)?,
            by: stored::parse(&by, WHAT)?,
            at: Timestamp::from_micros(since),
            reason,
        };
        Ok((number, one))
    })
    .transpose()
}

pub(super) async fn list(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<Version>> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT held.number, held.since, held.body FROM engagement_version AS held \
         WHERE held.organization = $1 AND held.number = (SELECT MAX(newest.number) FROM engagement_version AS newest \
         WHERE newest.organization = held.organization AND newest.engagement = held.engagement) \
         ORDER BY held.engagement DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(version).collect()
}

/// The numbers of all engagements, newest first.
pub(super) async fn keys(c: &mut AnyConnection, org: Org) -> Result<Vec<EngagementKey>> {
    let rows: Vec<(i64,)> =
        sqlx::query_as("SELECT key FROM engagement WHERE organization = $1 ORDER BY key DESC")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    Ok(rows.into_iter().map(|(key,)| EngagementKey(key)).collect())
}

pub(super) async fn newest(c: &mut AnyConnection, org: Org, key: EngagementKey) -> Result<Option<Version>> {
    let text = "SELECT number, since, body FROM engagement_version WHERE organization = $1 AND engagement = $2 \
                ORDER BY number DESC LIMIT 1";
    stored::newest(c, text, org, key.0).await?.map(version).transpose()
}

pub(super) async fn versions(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    limit: u32,
) -> Result<Vec<Version>> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT number, since, body FROM engagement_version WHERE organization = $1 AND engagement = $2 \
         ORDER BY number DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(version).collect()
}

pub(super) async fn by_page(c: &mut AnyConnection, org: Org, once: &str) -> Result<Option<EngagementKey>> {
    let key: Option<(i64,)> =
        sqlx::query_as("SELECT key FROM engagement WHERE organization = $1 AND once = $2")
            .bind(org.0)
            .bind(once)
            .fetch_optional(c)
            .await?;
    Ok(key.map(|(key,)| EngagementKey(key)))
}

fn version(row: VersionRow) -> Result<Version> {
    let (number, since, record) = stored::version(row, "the table of engagements")?;
    Ok(Version { number, since, record })
}
