//! The tables `outbox`, `installation_secret`.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;
use tickmark_core::mail::MailKind;

use super::{Mail, Sending};
use crate::{Error, Result, stored};

const WHAT: &str = "the outbox";
const COLUMNS: &str = "key, kind, recipient, state, made_at, good_until, due_at, attempts, ended_at, problem, \
    CAST(CASE WHEN content IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_content";

/// A letter that is being sent by whoever holds this.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub(super) key: i64,
    pub(super) kind: MailKind,
    pub(super) recipient: String,
    pub(super) content: Vec<u8>,
    pub(super) sealed_by: String,
    pub(super) made_at: Timestamp,
    pub(super) good_until: Option<Timestamp>,
    pub(super) attempts: u32,
}

/// How an attempt came to its end.
pub(super) struct Ended<'a> {
    pub(super) is_sent: bool,
    /// When it is tried again; none if it is not.
    pub(super) again: Option<Timestamp>,
    pub(super) problem: &'a str,
}

pub(super) async fn next_key(c: &mut AnyConnection, org: OrganizationKey) -> Result<i64> {
    stored::next_key(c, org, "outbox").await
}

pub(super) async fn insert(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: i64,
    mail: &Mail,
    sealed: &[u8],
    sealed_by: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (organization, key, kind, about, recipient, content, sealed_by, state, made_at, good_until, \
         due_at, attempts, problem) VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9, $8, 0, '')",
    )
    .bind(org.0)
    .bind(key)
    .bind(mail.kind.word())
    .bind(&mail.about)
    .bind(&mail.to)
    .bind(sealed.to_vec())
    .bind(sealed_by)
    .bind(now.micros())
    .bind(mail.good_until.map(Timestamp::micros))
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn call_off(
    c: &mut AnyConnection,
    org: OrganizationKey,
    about: &str,
    now: Timestamp,
) -> Result<()> {
    // What is being sent right now is left to whoever sends it; its link does not work any more.
    sqlx::query(
        "UPDATE outbox SET state = 'called_off', content = NULL, ended_at = $3 \
         WHERE organization = $1 AND about = $2 AND content IS NOT NULL AND state IN ('waiting', 'failed')",
    )
    .bind(org.0)
    .bind(about)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn list(c: &mut AnyConnection, org: OrganizationKey, limit: u32) -> Result<Vec<Sending>> {
    let text = format!("SELECT {COLUMNS} FROM outbox WHERE organization = $1 ORDER BY key DESC LIMIT $2");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(i64::from(limit)).fetch_all(c).await?;
    rows.iter().map(sending).collect()
}

pub(super) async fn find(c: &mut AnyConnection, org: OrganizationKey, key: i64) -> Result<Option<Sending>> {
    let text = format!("SELECT {COLUMNS} FROM outbox WHERE organization = $1 AND key = $2");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(key).fetch_optional(c).await?;
    row.as_ref().map(sending).transpose()
}

/// Returns the letters that may go out now, oldest first, and those whose sender has not been heard of.
pub(super) async fn due(
    c: &mut AnyConnection,
    org: OrganizationKey,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT key FROM outbox WHERE organization = $1 AND state IN ('waiting', 'sending') \
         AND ((state = 'waiting' AND due_at <= $2) OR (state = 'sending' AND lease_until <= $2)) \
         ORDER BY due_at, key LIMIT $3",
    )
    .bind(org.0)
    .bind(now.micros())
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// Takes a letter to send it; none if somebody else has it, or it is not to go out any more.
pub(super) async fn claim(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: i64,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Claimed>> {
    let taken = sqlx::query(
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = $4 \
         WHERE organization = $1 AND key = $2 \
         AND ((state = 'waiting' AND due_at <= $3) OR (state = 'sending' AND lease_until <= $3))",
    )
    .bind(org.0)
    .bind(key)
    .bind(now.micros())
    .bind(until.micros())
    .execute(&mut *c)
    .await?;
    if taken.rows_affected() == 0 {
        return Ok(None);
    }
    let row = sqlx::query(
        "SELECT kind, recipient, content, sealed_by, made_at, good_until, attempts FROM outbox \
         WHERE organization = $1 AND key = $2",
    )
    .bind(org.0)
    .bind(key)
    .fetch_one(c)
    .await?;
    let kind: String = row.try_get(0)?;
    let good_until: Option<i64> = row.try_get(5)?;
    Ok(Some(Claimed {
        key,
        kind: stored::parse(&kind, WHAT)?,
        recipient: row.try_get(1)?,
        content: row.try_get(2)?,
        sealed_by: row.try_get(3)?,
        made_at: Timestamp::from_micros(row.try_get(4)?),
        good_until: good_until.map(Timestamp::from_micros),
        attempts: attempts(row.try_get(6)?)?,
    }))
}

/// Writes down what came of an attempt, unless somebody else has the letter by now.
pub(super) async fn end(
    c: &mut AnyConnection,
    org: OrganizationKey,
    claimed: &Claimed,
    ended: &Ended<'_>,
    now: Timestamp,
) -> Result<()> {
    let (state, due, at) = match (ended.is_sent, ended.again) {
        (true, _) => ("sent", now, Some(now)),
        (false, Some(again)) => ("waiting", again, None),
        (false, None) => ("failed", now, Some(now)),
    };
    let is_over = claimed.good_until.is_some_and(|until| now >= until);
    let keeps = i64::from(!(ended.is_sent || (is_over && state == "failed")));
    sqlx::query(
        "UPDATE outbox SET state = $4, due_at = $5, ended_at = $6, lease_until = NULL, problem = $7, \
         content = CASE WHEN $8 = 1 THEN content ELSE NULL END \
         WHERE organization = $1 AND key = $2 AND state = 'sending' AND attempts = $3",
    )
    .bind(org.0)
    .bind(claimed.key)
    .bind(i64::from(claimed.attempts))
    .bind(state)
    .bind(due.micros())
    .bind(at.map(Timestamp::micros))
    .bind(ended.problem)
    .bind(keeps)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn send_again(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: i64,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET state = 'waiting', due_at = $3, attempts = 0, ended_at = NULL \
         WHERE organization = $1 AND key = $2 AND state = 'failed'",
    )
    .bind(org.0)
    .bind(key)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Forgets to whom something was sent, or in vain, before a moment; and what letters say whose link is over.
pub(super) async fn forget(c: &mut AnyConnection, org: OrganizationKey, before: Timestamp) -> Result<()> {
    // The newest row stays, as numbers are not used twice.
    sqlx::query(
        "DELETE FROM outbox WHERE organization = $1 AND ended_at < $2 \
         AND key < (SELECT MAX(newer.key) FROM outbox AS newer WHERE newer.organization = $1)",
    )
    .bind(org.0)
    .bind(before.micros())
    .execute(c)
    .await?;
    Ok(())
}

fn attempts(number: i64) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::corrupt(WHAT, format!("{number} attempts")))
}

fn sending(row: &AnyRow) -> Result<Sending> {
    let (kind, state): (String, String) = (row.try_get(1)?, row.try_get(3)?);
    let (good_until, ended_at): (Option<i64>, Option<i64>) = (row.try_get(5)?, row.try_get(8)?);
    let has_content: i64 = row.try_get(10)?;
    Ok(Sending {
        key: row.try_get(0)?,
        kind: stored::parse(&kind, WHAT)?,
        recipient: row.try_get(2)?,
        state: stored::parse(&state, WHAT)?,
        made_at: Timestamp::from_micros(row.try_get(4)?),
        good_until: good_until.map(Timestamp::from_micros),
        due_at: Timestamp::from_micros(row.try_get(6)?),
        attempts: attempts(row.try_get(7)?)?,
        ended_at: ended_at.map(Timestamp::from_micros),
        problem: row.try_get(9)?,
        has_content: has_content == 1,
    })
}

/// Keeps a secret of the installation, in place of the one before.
pub(super) async fn set_secret(
    c: &mut AnyConnection,
    name: &str,
    sealed: &[u8],
    sealed_by: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO installation_secret (name, sealed, sealed_by, set_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, sealed_by = excluded.sealed_by, \
         set_at = excluded.set_at",
    )
    .bind(name)
    .bind(sealed.to_vec())
    .bind(sealed_by)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Returns a secret of the installation as it is sealed, with the key that seals it.
pub(super) async fn secret(c: &mut AnyConnection, name: &str) -> Result<Option<(Vec<u8>, String)>> {
    Ok(sqlx::query_as("SELECT sealed, sealed_by FROM installation_secret WHERE name = $1")
        .bind(name)
        .fetch_optional(c)
        .await?)
}

/// A letter: whose, its number, its sealed content, and by which key.
type Sealed = (OrganizationKey, i64, Vec<u8>, String);

/// Returns some letters that another key than this one seals.
pub(super) async fn sealed_by_others(c: &mut AnyConnection, key: &str) -> Result<Vec<Sealed>> {
    let rows: Vec<(i64, i64, Vec<u8>, String)> = sqlx::query_as(
        "SELECT organization, key, content, sealed_by FROM outbox WHERE content IS NOT NULL AND sealed_by <> $1 \
         ORDER BY organization, key LIMIT 500",
    )
    .bind(key)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(org, key, sealed, by)| (OrganizationKey(org), key, sealed, by)).collect())
}

pub(super) async fn reseal(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: i64,
    sealed: &[u8],
    sealed_by: &str,
) -> Result<()> {
    sqlx::query("UPDATE outbox SET content = $1, sealed_by = $2 WHERE organization = $3 AND key = $4")
        .bind(sealed.to_vec())
        .bind(sealed_by)
        .bind(org.0)
        .bind(key)
        .execute(c)
        .await?;
    Ok(())
}
