//! The table `api_token`.

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use tickmark_core::id::{MembershipId, OrganizationKey};
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;

use super::Token;
use crate::{Result, stored};

const WHAT: &str = "the table of API tokens";
/// Most tokens in one list.
const LIST_LIMIT: i64 = 1_000;
const COLUMNS: &str = "organization, id, membership, name, atoms, made_at, expires_at, used_at, revoked_at";

pub(super) async fn insert(
    c: &mut AnyConnection,
    org: OrganizationKey,
    token: &Token,
    digest: Digest,
) -> Result<()> {
    let atoms: Vec<String> = token.atoms.iter().map(ToString::to_string).collect();
    sqlx::query(
        "INSERT INTO api_token (organization, id, digest, membership, name, atoms, made_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(org.0)
    .bind(token.id.to_string())
    .bind(digest.0.to_vec())
    .bind(token.membership.to_string())
    .bind(&token.name)
    .bind(atoms.join(" "))
    .bind(token.made_at.micros())
    .bind(token.expires_at.micros())
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

fn token(row: &AnyRow) -> Result<Token> {
    let moment = |column| -> Result<Timestamp> { Ok(Timestamp::from_micros(row.try_get(column)?)) };
    let perhaps = |column| -> Result<Option<Timestamp>> {
        let micros: Option<i64> = row.try_get(column)?;
        Ok(micros.map(Timestamp::from_micros))
    };
    let atoms: String = row.try_get("atoms")?;
    Ok(Token {
        id: stored::parse(row.try_get("id")?, WHAT)?,
        membership: stored::parse(row.try_get("membership")?, WHAT)?,
        name: row.try_get("name")?,
        atoms: atoms.split_whitespace().map(|atom| stored::parse(atom, WHAT)).collect::<Result<_>>()?,
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
    sqlx::query(
        "UPDATE api_token SET revoked_at = $1 WHERE organization = $2 AND id = $3 AND revoked_at IS NULL",
    )
    .bind(now.micros())
    .bind(org.0)
    .bind(id.to_string())
    .execute(c)
    .await?;
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
