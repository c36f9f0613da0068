//! The tables `api_token`, `api_answer`.

use std::collections::BTreeSet;

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use tickmark_core::id::{MembershipId, OrganizationKey, SessionId};
use tickmark_core::identity::token::Given;
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;

use super::Token;
use super::once::Answered;
use crate::{Error, Result, stored};

const WHAT: &str = "the table of API tokens";
const ANSWERS: &str = "what programs were answered";
/// Most tokens in one list.
const LIST_LIMIT: i64 = 1_000;
const COLUMNS: &str =
    "organization, id, membership, name, atoms, systems, addresses, made_at, expires_at, used_at, revoked_at";

/// Words with spaces between.
fn joined<T: ToString>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|word| word.to_string()).collect::<Vec<_>>().join(" ")
}

pub(super) async fn insert(
    c: &mut AnyConnection,
    org: OrganizationKey,
    token: &Token,
    digest: Digest,
) -> Result<()> {
    let given = &token.given;
    sqlx::query(
        "INSERT INTO api_token (organization, id, digest, membership, name, atoms, made_at, expires_at, systems, \
         addresses) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(org.0)
    .bind(token.id.to_string())
    .bind(digest.0.to_vec())
    .bind(token.membership.to_string())
    .bind(&token.name)
    .bind(joined(&given.atoms))
    .bind(token.made_at.micros())
    .bind(token.expires_at.micros())
    .bind(given.systems.as_ref().map(joined))
    .bind((!given.addresses.is_empty()).then(|| joined(&given.addresses)))
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn by_digest(
    c: &mut AnyConnection,
    digest: Digest,
) -> Result<Option<(OrganizationKey, Token)>> {
    let text = format!("SELECT {COLUMNS} FROM api_token WHERE digest = $1 AND revoked_at IS NULL");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(digest.0.to_vec()).fetch_optional(c).await?;
    row.map(|row| Ok((OrganizationKey(row.try_get("organization")?), token(&row)?))).transpose()
}

pub(super) async fn of_member(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
) -> Result<Vec<Token>> {
    let text = format!(
        "SELECT {COLUMNS} FROM api_token WHERE organization = $1 AND membership = $2 ORDER BY id DESC LIMIT $3"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(membership.to_string());
    query.bind(LIST_LIMIT).fetch_all(c).await?.iter().map(token).collect()
}

pub(super) async fn all(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Token>> {
    let text = format!("SELECT {COLUMNS} FROM api_token WHERE organization = $1 ORDER BY id DESC LIMIT $2");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(LIST_LIMIT);
    query.fetch_all(c).await?.iter().map(token).collect()
}

pub(super) async fn find(c: &mut AnyConnection, org: OrganizationKey, id: Uuid) -> Result<Option<Token>> {
    let text = format!("SELECT {COLUMNS} FROM api_token WHERE organization = $1 AND id = $2");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(id.to_string());
    query.fetch_optional(c).await?.as_ref().map(token).transpose()
}

fn parsed<T: Ord + std::str::FromStr>(words: &str) -> Result<BTreeSet<T>> {
    words.split_whitespace().map(|word| stored::parse(word, WHAT)).collect()
}

fn token(row: &AnyRow) -> Result<Token> {
    let moment = |column| -> Result<Timestamp> { Ok(Timestamp::from_micros(row.try_get(column)?)) };
    let perhaps = |column| -> Result<Option<Timestamp>> {
        let micros: Option<i64> = row.try_get(column)?;
        Ok(micros.map(Timestamp::from_micros))
    };
    let atoms: String = row.try_get("atoms")?;
    let systems: Option<String> = row.try_get("systems")?;
    let addresses: Option<String> = row.try_get("addresses")?;
    let given = Given {
        atoms: parsed(&atoms)?,
        systems: systems.as_deref().map(parsed).transpose()?,
        addresses: parsed(addresses.as_deref().unwrap_or_default())?,
    };
    Ok(Token {
        id: stored::parse(row.try_get("id")?, WHAT)?,
        membership: stored::parse(row.try_get("membership")?, WHAT)?,
        name: row.try_get("name")?,
        given,
        made_at: moment("made_at")?,
        expires_at: moment("expires_at")?,
        used_at: perhaps("used_at")?,
        revoked_at: perhaps("revoked_at")?,
    })
}

pub(super) async fn revoke(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: Uuid,
    now: Timestamp,
) -> Result<()> {
    let text =
        "UPDATE api_token SET revoked_at = $1 WHERE organization = $2 AND id = $3 AND revoked_at IS NULL";
    stored::end(c, text, now, org, id).await?;
    Ok(())
}

pub(super) async fn touch(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: Uuid,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("UPDATE api_token SET used_at = $1 WHERE organization = $2 AND id = $3")
        .bind(now.micros())
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

/// Digest of what was asked, status, tag, location, body.
type AnswerRow = (Vec<u8>, i64, String, String, Vec<u8>);

/// Returns what was answered to a key of a token since a moment, with the digest of what was asked.
pub(super) async fn answer(
    c: &mut AnyConnection,
    org: OrganizationKey,
    token: SessionId,
    key: &str,
    since: Timestamp,
) -> Result<Option<(Digest, Answered)>> {
    let row: Option<AnswerRow> = sqlx::query_as(
        "SELECT digest, status, tag, location, body FROM api_answer \
         WHERE organization = $1 AND token = $2 AND key = $3 AND at > $4",
    )
    .bind(org.0)
    .bind(token.to_string())
    .bind(key)
    .bind(since.micros())
    .fetch_optional(c)
    .await?;
    let Some((digest, status, tag, location, body)) = row else { return Ok(None) };
    let status = u16::try_from(status).map_err(|error| Error::corrupt(ANSWERS, error))?;
    Ok(Some((stored::digest(&digest, ANSWERS)?, Answered { status, tag, location, body })))
}

pub(super) async fn keep_answer(
    c: &mut AnyConnection,
    org: OrganizationKey,
    token: SessionId,
    key: &str,
    asked: Digest,
    answered: &Answered,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO api_answer (organization, token, key, digest, status, tag, location, body, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(org.0)
    .bind(token.to_string())
    .bind(key)
    .bind(asked.0.to_vec())
    .bind(i64::from(answered.status))
    .bind(&answered.tag)
    .bind(&answered.location)
    .bind(answered.body.clone())
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn forget_answers(
    c: &mut AnyConnection,
    org: OrganizationKey,
    until: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM api_answer WHERE organization = $1 AND at <= $2")
        .bind(org.0)
        .bind(until.micros())
        .execute(c)
        .await?;
    Ok(())
}
