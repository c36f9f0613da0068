//! The tables `use_agreement`, `report_grant*`, `report_link`, `report_code`, `report_download`.

use sqlx::AnyConnection;
use tickmark_core::distribution::{Agreement, Class, Grant, GrantKey};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::id::OrganizationKey;
use tickmark_core::{Digest, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::{CodeAsked, Download, Version};
use crate::stored::{self, VersionRow};
use crate::{Error, Result};

const WHAT: &str = "the tables of distribution";

fn corrupt(error: impl std::fmt::Display) -> Error {
    Error::corrupt(WHAT, error.to_string())
}

pub(super) async fn agreement(
    c: &mut AnyConnection,
    org: OrganizationKey,
    class: Class,
    version: Option<u32>,
) -> Result<Option<Agreement>> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT body FROM use_agreement WHERE organization = $1 AND class = $2 AND ($3 = 0 OR version = $3) \
         ORDER BY version DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(class.word())
    .bind(version.map_or(0, i64::from))
    .fetch_optional(c)
    .await?;
    row.map(|(body,)| serde_json::from_str(&body).map_err(corrupt)).transpose()
}

pub(super) async fn agreements(
    c: &mut AnyConnection,
    org: OrganizationKey,
    class: Class,
) -> Result<Vec<Agreement>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM use_agreement WHERE organization = $1 AND class = $2 ORDER BY version LIMIT 10000",
    )
    .bind(org.0)
    .bind(class.word())
    .fetch_all(c)
    .await?;
    rows.iter().map(|(body,)| serde_json::from_str(body).map_err(corrupt)).collect()
}

pub(super) async fn add_agreement(
    c: &mut AnyConnection,
    org: OrganizationKey,
    agreement: &Agreement,
) -> Result<()> {
    let body = serde_json::to_string(agreement).expect("an agreement has string keys only");
    let row = [
        Cell::from(org.0),
        agreement.class.word().to_owned().into(),
        i64::from(agreement.version).into(),
        agreement.at.micros().into(),
        body.into(),
    ];
    insert_rows(c, "use_agreement", ["organization", "class", "version", "since", "body"], [row]).await?;
    Ok(())
}

pub(super) async fn by_page(
    c: &mut AnyConnection,
    org: OrganizationKey,
    once: &str,
) -> Result<Option<GrantKey>> {
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT key FROM report_grant WHERE organization = $1 AND once = $2")
            .bind(org.0)
            .bind(once)
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(key,)| GrantKey(key)))
}

pub(super) async fn next_key(c: &mut AnyConnection, org: OrganizationKey) -> Result<GrantKey> {
    Ok(GrantKey(stored::next_key(c, org, "report_grant").await?))
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: OrganizationKey,
    grant: &Grant,
    once: &str,
    now: Timestamp,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        grant.key.0.into(),
        grant.engagement.0.into(),
        once.to_owned().into(),
        now.micros().into(),
    ];
    insert_rows(c, "report_grant", ["organization", "key", "engagement", "once", "made_at"], [row]).await?;
    Ok(())
}

pub(super) async fn add_version(
    c: &mut AnyConnection,
    org: OrganizationKey,
    number: i64,
    since: Timestamp,
    grant: &Grant,
) -> Result<()> {
    let body = serde_json::to_string(grant).expect("a grant has string keys only");
    let row = [Cell::from(org.0), grant.key.0.into(), number.into(), since.micros().into(), body.into()];
    let columns = ["organization", "key", "number", "since", "body"];
    insert_rows(c, "report_grant_version", columns, [row]).await?;
    Ok(())
}

fn version(row: VersionRow) -> Result<Version> {
    let (number, since, record) = stored::version(row, WHAT)?;
    Ok(Version { number, since, record })
}

pub(super) async fn newest(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: GrantKey,
) -> Result<Option<Version>> {
    let text = "SELECT number, since, body FROM report_grant_version WHERE organization = $1 AND key = $2 \
                ORDER BY number DESC LIMIT 1";
    stored::newest(c, text, org, key.0).await?.map(version).transpose()
}

pub(super) async fn versions(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: GrantKey,
) -> Result<Vec<Version>> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT number, since, body FROM report_grant_version WHERE organization = $1 AND key = $2 ORDER BY number \
         LIMIT 10000",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(version).collect()
}

pub(super) async fn list(
    c: &mut AnyConnection,
    org: OrganizationKey,
    engagement: EngagementKey,
    limit: u32,
) -> Result<Vec<Version>> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT v.number, v.since, v.body FROM report_grant g JOIN report_grant_version v \
         ON v.organization = g.organization AND v.key = g.key \
         WHERE g.organization = $1 AND g.engagement = $2 AND v.number = (SELECT MAX(n.number) FROM report_grant_version n \
         WHERE n.organization = g.organization AND n.key = g.key) ORDER BY g.key DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(engagement.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(version).collect()
}

/// Grants of all engagements, newest first.
pub(super) async fn all(c: &mut AnyConnection, org: OrganizationKey, limit: u32) -> Result<Vec<Version>> {
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(
        "SELECT v.number, v.since, v.body FROM report_grant_version v WHERE v.organization = $1 AND v.number = \
         (SELECT MAX(n.number) FROM report_grant_version n WHERE n.organization = v.organization AND n.key = v.key) \
         ORDER BY v.key DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(version).collect()
}

/// Requests for a code that nobody made yet and that still count, the longest first.
pub(super) async fn codes_waiting(
    c: &mut AnyConnection,
    org: OrganizationKey,
    now: Timestamp,
) -> Result<Vec<(GrantKey, i64, Timestamp)>> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT key, number, asked_at FROM report_code WHERE organization = $1 AND digest IS NULL \
         AND expires_at > $2 ORDER BY asked_at, key, number LIMIT 200",
    )
    .bind(org.0)
    .bind(now.micros())
    .fetch_all(c)
    .await?;
    let read = |(key, number, at)| (GrantKey(key), number, Timestamp::from_micros(at));
    Ok(rows.into_iter().map(read).collect())
}

/// Puts a link in the place of earlier ones.
pub(super) async fn link(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: GrantKey,
    digest: Digest,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE report_link SET over_at = $3 WHERE organization = $1 AND key = $2 AND over_at IS NULL",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(now.micros())
    .execute(&mut *c)
    .await?;
    sqlx::query(
        "INSERT INTO report_link (organization, key, number, digest, made_at) VALUES ($1, $2, \
         (SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM report_link WHERE organization = $1 AND key = $2), $3, $4)",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(digest.0.to_vec())
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Finds whose link it is, in whichever organization; none if it does not count any more.
pub(super) async fn by_link(
    c: &mut AnyConnection,
    digest: Digest,
) -> Result<Option<(OrganizationKey, GrantKey)>> {
    let row: Option<(i64, i64)> =
        sqlx::query_as("SELECT organization, key FROM report_link WHERE digest = $1 AND over_at IS NULL")
            .bind(digest.0.to_vec())
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(organization, key)| (OrganizationKey(organization), GrantKey(key))))
}

/// Ends the codes that a browser has, and what they opened.
pub(super) async fn end_codes(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: GrantKey,
    browser: Option<Digest>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE report_code SET expires_at = CASE WHEN expires_at > $4 THEN $4 ELSE expires_at END, \
         open_until = CASE WHEN open_until > $4 THEN $4 ELSE open_until END \
         WHERE organization = $1 AND key = $2 AND ($5 = 1 OR browser = $3)",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(browser.map(|browser| browser.0.to_vec()).unwrap_or_default())
    .bind(now.micros())
    .bind(i64::from(browser.is_none()))
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn add_code(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: GrantKey,
    (browser, reference, digest): (Digest, &str, Option<Digest>),
    (asked, expires): (Timestamp, Timestamp),
) -> Result<i64> {
    let (number,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM report_code WHERE organization = $1 AND key = $2",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_one(&mut *c)
    .await?;
    sqlx::query(
        "INSERT INTO report_code (organization, key, number, browser, reference, digest, asked_at, expires_at, tries) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(number)
    .bind(browser.0.to_vec())
    .bind(reference)
    .bind(digest.map(|digest| digest.0.to_vec()))
    .bind(asked.micros())
    .bind(expires.micros())
    .execute(c)
    .await?;
    Ok(number)
}

/// Gives a request the code that somebody made for it.
pub(super) async fn fill_code(
    c: &mut AnyConnection,
    org: OrganizationKey,
    (key, number): (GrantKey, i64),
    digest: Digest,
    expires: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE report_code SET digest = $4, expires_at = $5 \
         WHERE organization = $1 AND key = $2 AND number = $3 AND digest IS NULL",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(number)
    .bind(digest.0.to_vec())
    .bind(expires.micros())
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Codes that were asked for from a moment on, newest first.
pub(super) async fn codes(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: GrantKey,
    from: Timestamp,
) -> Result<Vec<CodeAsked>> {
    type Row = (i64, Vec<u8>, String, Option<Vec<u8>>, i64, i64, i64, Option<i64>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, browser, reference, digest, asked_at, expires_at, tries, open_until FROM report_code \
         WHERE organization = $1 AND key = $2 AND asked_at >= $3 ORDER BY number DESC LIMIT 200",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(from.micros())
    .fetch_all(c)
    .await?;
    let digest_of = |bytes: Vec<u8>| {
        bytes.try_into().map(Digest).map_err(|_| corrupt("a digest of another length than 32 bytes"))
    };
    rows.into_iter()
        .map(|(number, browser, reference, digest, asked, expires, tries, open)| {
            Ok(CodeAsked {
                number,
                browser: digest_of(browser)?,
                reference,
                digest: digest.map(digest_of).transpose()?,
                asked_at: Timestamp::from_micros(asked),
                expires_at: Timestamp::from_micros(expires),
                tries,
                open_until: open.map(Timestamp::from_micros),
            })
        })
        .collect()
}

pub(super) async fn count_try(
    c: &mut AnyConnection,
    org: OrganizationKey,
    (key, number): (GrantKey, i64),
) -> Result<()> {
    sqlx::query(
        "UPDATE report_code SET tries = tries + 1 WHERE organization = $1 AND key = $2 AND number = $3",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(number)
    .execute(c)
    .await?;
    Ok(())
}

/// Opens for the browser that showed the code; the code is used up by it.
pub(super) async fn open(
    c: &mut AnyConnection,
    org: OrganizationKey,
    (key, number): (GrantKey, i64),
    (now, until): (Timestamp, Timestamp),
) -> Result<()> {
    sqlx::query(
        "UPDATE report_code SET opened_at = $4, expires_at = $4, open_until = $5 \
         WHERE organization = $1 AND key = $2 AND number = $3",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(number)
    .bind(now.micros())
    .bind(until.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn add_download(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: GrantKey,
    download: &Download,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO report_download (organization, key, number, item, model, copy, network, at) VALUES ($1, $2, \
         (SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM report_download WHERE organization = $1 AND key = $2), \
         $3, $4, $5, $6, $7)",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(download.item.to_string())
    .bind(download.model.to_string())
    .bind(download.copy)
    .bind(&download.network)
    .bind(download.at.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn downloads(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: GrantKey,
    limit: u32,
) -> Result<Vec<Download>> {
    let rows: Vec<(String, String, i64, String, i64)> = sqlx::query_as(
        "SELECT item, model, copy, network, at FROM report_download WHERE organization = $1 AND key = $2 \
         ORDER BY number DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(item, model, copy, network, at)| {
            Ok(Download {
                item: item.parse().map_err(corrupt)?,
                model: model.parse().map_err(corrupt)?,
                copy,
                network,
                at: Timestamp::from_micros(at),
            })
        })
        .collect()
}
