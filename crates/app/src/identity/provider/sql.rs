//! The tables `identity_provider`, `identity_provider_version`, `provider_link`, `provider_request`, `provider_visit`,
//! `provider_logout`.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Database, Row as _};
use tickmark_core::id::{ActorId, MembershipId, OrganizationKey, ProviderId};
use tickmark_core::identity::provider::{Algorithm, Logout};
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::{Version, sql::version};
use super::flow::Visit;
use super::link::{Linked, Waiting};
use super::{Provider, ProviderSaid};
use crate::{Error, Result, stored};

const WHAT: &str = "the tables of identity providers";
/// Most rows of one list.
const LIST_LIMIT: i64 = 10_000;
const COLUMNS: &str = "organization, id, name, issuer, client, algorithms, domains, second, strong, is_required, is_on, \
                       changed_at";

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn set(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn provider(row: &AnyRow) -> Result<Provider> {
    let words = |column| -> Result<BTreeSet<String>> { Ok(set(row.try_get(column)?)) };
    let is = |column| -> Result<bool> { Ok(row.try_get::<i64, _>(column)? == 1) };
    let algorithms: String = row.try_get("algorithms")?;
    let algorithm =
        |word| Algorithm::of_word(word).ok_or_else(|| Error::corrupt(WHAT, "an algorithm is none"));
    Ok(Provider {
        id: stored::parse(row.try_get("id")?, WHAT)?,
        name: row.try_get("name")?,
        issuer: row.try_get("issuer")?,
        client: row.try_get("client")?,
        algorithms: algorithms.split_whitespace().map(algorithm).collect::<Result<_>>()?,
        domains: words("domains")?,
        second: words("second")?,
        strong: words("strong")?,
        is_required: is("is_required")?,
        is_on: is("is_on")?,
        changed_at: Timestamp::from_micros(row.try_get("changed_at")?),
    })
}

pub(super) async fn all(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Provider>> {
    let text =
        format!("SELECT {COLUMNS} FROM identity_provider WHERE organization = $1 ORDER BY name, id LIMIT $2");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(LIST_LIMIT);
    query.fetch_all(c).await?.iter().map(provider).collect()
}

pub(super) async fn by_id(
    c: &mut AnyConnection,
    id: ProviderId,
) -> Result<Option<(OrganizationKey, Provider)>> {
    let text = format!("SELECT {COLUMNS} FROM identity_provider WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.to_string()).fetch_optional(c).await?;
    row.map(|row| Ok((OrganizationKey(row.try_get("organization")?), provider(&row)?))).transpose()
}

/// A statement about a connection, whose first twelve parameters are what [`COLUMNS`] name.
fn about(
    text: &'static str,
    org: OrganizationKey,
    provider: &Provider,
) -> Query<'static, Any, <Any as Database>::Arguments> {
    sqlx::query(text)
        .bind(org.0)
        .bind(provider.id.to_string())
        .bind(&provider.name)
        .bind(&provider.issuer)
        .bind(&provider.client)
        .bind(joined(provider.algorithms.iter().map(|one| one.word())))
        .bind(joined(provider.domains.iter().map(String::as_str)))
        .bind(joined(provider.second.iter().map(String::as_str)))
        .bind(joined(provider.strong.iter().map(String::as_str)))
        .bind(i64::from(provider.is_required))
        .bind(i64::from(provider.is_on))
        .bind(provider.changed_at.micros())
}

pub(super) async fn insert(
    c: &mut AnyConnection,
    org: OrganizationKey,
    provider: &Provider,
    secret: &[u8],
    sealed_by: &str,
) -> Result<()> {
    let text = "INSERT INTO identity_provider (organization, id, name, issuer, client, algorithms, domains, second, \
                strong, is_required, is_on, changed_at, secret, sealed_by) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    about(text, org, provider).bind(secret.to_vec()).bind(sealed_by).execute(c).await?;
    Ok(())
}

pub(super) async fn change(c: &mut AnyConnection, org: OrganizationKey, provider: &Provider) -> Result<()> {
    let text = "UPDATE identity_provider SET name = $3, issuer = $4, client = $5, algorithms = $6, domains = $7, \
                second = $8, strong = $9, is_required = $10, is_on = $11, changed_at = $12 \
                WHERE organization = $1 AND id = $2";
    about(text, org, provider).execute(c).await?;
    Ok(())
}

/// Keeps what is said of a connection now as its next version: by whom, and why.
pub(super) async fn add_version(
    c: &mut AnyConnection,
    org: OrganizationKey,
    said: &ProviderSaid,
    (by, why): (ActorId, &str),
) -> Result<()> {
    let text = "INSERT INTO identity_provider_version (organization, provider, name, issuer, client, algorithms, domains, \
                second, strong, is_required, is_on, since, number, has_new_secret, set_by, reason) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
                (SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM identity_provider_version \
                WHERE organization = $1 AND provider = $2), $13, $14, $15)";
    let query = about(text, org, &said.provider).bind(i64::from(said.has_new_secret));
    query.bind(by.to_string()).bind(why.to_owned()).execute(c).await?;
    Ok(())
}

/// Returns the newest versions of what was said of a connection, oldest first.
pub(super) async fn versions(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: ProviderId,
) -> Result<Vec<Version<ProviderSaid>>> {
    let rows = sqlx::query(
        "SELECT provider AS id, name, issuer, client, algorithms, domains, second, strong, is_required, is_on, \
         since AS changed_at, since, number, has_new_secret, set_by, reason FROM identity_provider_version \
         WHERE organization = $1 AND provider = $2 ORDER BY number DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(id.to_string())
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    let said = |row: &AnyRow| -> Result<ProviderSaid> {
        let has_new_secret = row.try_get::<i64, _>("has_new_secret")? == 1;
        Ok(ProviderSaid { provider: provider(row)?, has_new_secret })
    };
    rows.iter().rev().map(|row| version(row, WHAT, said(row)?)).collect()
}

/// Returns a sealed client secret, with what it was sealed by.
pub(super) async fn secret(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: ProviderId,
) -> Result<(Vec<u8>, String)> {
    Ok(sqlx::query_as("SELECT secret, sealed_by FROM identity_provider WHERE organization = $1 AND id = $2")
        .bind(org.0)
        .bind(id.to_string())
        .fetch_one(c)
        .await?)
}

pub(super) async fn set_secret(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: ProviderId,
    secret: &[u8],
    sealed_by: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE identity_provider SET secret = $3, sealed_by = $4 WHERE organization = $1 AND id = $2",
    )
    .bind(org.0)
    .bind(id.to_string())
    .bind(secret.to_vec())
    .bind(sealed_by)
    .execute(c)
    .await?;
    Ok(())
}

/// Returns the connections that are on, to which a member is linked, and which they have to use.
pub(super) async fn required(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
) -> Result<BTreeSet<ProviderId>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT p.id FROM provider_link l JOIN identity_provider p ON p.organization = l.organization \
         AND p.id = l.provider AND p.issuer = l.issuer WHERE l.organization = $1 AND l.membership = $2 \
         AND l.ended_at IS NULL AND p.is_on = 1 AND p.is_required = 1 LIMIT $3",
    )
    .bind(org.0)
    .bind(membership.to_string())
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(id,)| stored::parse(&id, WHAT)).collect()
}

const LINK: &str = "SELECT id, provider, subject, membership, how, made_at FROM provider_link";

fn link(row: &AnyRow) -> Result<Linked> {
    Ok(Linked {
        id: stored::parse(row.try_get("id")?, WHAT)?,
        provider: stored::parse(row.try_get("provider")?, WHAT)?,
        subject: row.try_get("subject")?,
        membership: stored::parse(row.try_get("membership")?, WHAT)?,
        how: row.try_get("how")?,
        made_at: Timestamp::from_micros(row.try_get("made_at")?),
    })
}

pub(super) async fn links(
    c: &mut AnyConnection,
    org: OrganizationKey,
    provider: ProviderId,
) -> Result<Vec<Linked>> {
    let text = format!(
        "{LINK} WHERE organization = $1 AND provider = $2 AND ended_at IS NULL ORDER BY made_at DESC, id DESC LIMIT $3"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(provider.to_string());
    query.bind(LIST_LIMIT).fetch_all(c).await?.iter().map(link).collect()
}

/// Finds who somebody at a provider is, by issuer and subject.
pub(super) async fn link_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    provider: ProviderId,
    (issuer, subject): (&str, &str),
) -> Result<Option<Linked>> {
    let text = format!(
        "{LINK} WHERE organization = $1 AND provider = $2 AND issuer = $3 AND subject = $4 AND ended_at IS NULL"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(provider.to_string())
        .bind(issuer)
        .bind(subject)
        .fetch_optional(c)
        .await?;
    row.as_ref().map(link).transpose()
}

pub(super) async fn insert_link(
    c: &mut AnyConnection,
    org: OrganizationKey,
    link: &Linked,
    issuer: &str,
    by: ActorId,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO provider_link (organization, id, provider, issuer, subject, membership, how, made_by, made_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(org.0)
    .bind(link.id.to_string())
    .bind(link.provider.to_string())
    .bind(issuer)
    .bind(&link.subject)
    .bind(link.membership.to_string())
    .bind(&link.how)
    .bind(by.to_string())
    .bind(link.made_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn end_link(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: Uuid,
    now: Timestamp,
) -> Result<()> {
    let text =
        "UPDATE provider_link SET ended_at = $1 WHERE organization = $2 AND id = $3 AND ended_at IS NULL";
    stored::end(c, text, now, org, id).await?;
    Ok(())
}

pub(super) async fn end_links_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
    now: Timestamp,
) -> Result<()> {
    let text = "UPDATE provider_link SET ended_at = $1 WHERE organization = $2 AND membership = $3 AND ended_at IS NULL";
    stored::end(c, text, now, org, membership).await?;
    Ok(())
}

pub(super) async fn requests(
    c: &mut AnyConnection,
    org: OrganizationKey,
    provider: ProviderId,
) -> Result<Vec<Waiting>> {
    let rows = sqlx::query(
        "SELECT id, provider, subject, name, email, asked_at FROM provider_request \
         WHERE organization = $1 AND provider = $2 ORDER BY asked_at DESC, id DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(provider.to_string())
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    let request = |row: &AnyRow| {
        Ok(Waiting {
            id: stored::parse(row.try_get("id")?, WHAT)?,
            provider: stored::parse(row.try_get("provider")?, WHAT)?,
            subject: row.try_get("subject")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            asked_at: Timestamp::from_micros(row.try_get("asked_at")?),
        })
    };
    rows.iter().map(request).collect()
}

pub(super) async fn put_request(
    c: &mut AnyConnection,
    org: OrganizationKey,
    asked: &Waiting,
    issuer: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO provider_request (organization, id, provider, issuer, subject, name, email, asked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organization, provider, issuer, subject) DO UPDATE SET \
         name = excluded.name, email = excluded.email, asked_at = excluded.asked_at",
    )
    .bind(org.0)
    .bind(asked.id.to_string())
    .bind(asked.provider.to_string())
    .bind(issuer)
    .bind(&asked.subject)
    .bind(&asked.name)
    .bind(&asked.email)
    .bind(asked.asked_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn delete_request(c: &mut AnyConnection, org: OrganizationKey, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM provider_request WHERE organization = $1 AND id = $2")
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn insert_visit(
    c: &mut AnyConnection,
    org: OrganizationKey,
    digest: Digest,
    network: &str,
    visit: &Visit,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO provider_visit (organization, digest, provider, purpose, state, nonce, verifier, session, \
         invitation, back, network, begun_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(org.0)
    .bind(digest.0.to_vec())
    .bind(visit.provider.to_string())
    .bind(&visit.purpose)
    .bind(&visit.state)
    .bind(&visit.nonce)
    .bind(visit.verifier.as_str())
    .bind(visit.session.map(|id| id.to_string()))
    .bind(visit.invitation.map(|digest| digest.0.to_vec()))
    .bind(&visit.back)
    .bind(network)
    .bind(visit.begun_at.micros())
    .bind(visit.expires_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Takes out what waits for this browser. Of several that try, one gets it.
pub(super) async fn take_visit(
    c: &mut AnyConnection,
    digest: Digest,
) -> Result<Option<(OrganizationKey, Visit)>> {
    let row = sqlx::query(
        "DELETE FROM provider_visit WHERE digest = $1 RETURNING organization, provider, purpose, state, nonce, verifier, \
         session, invitation, back, begun_at, expires_at",
    )
    .bind(digest.0.to_vec())
    .fetch_optional(c)
    .await?;
    row.map(|row| {
        let session: Option<String> = row.try_get("session")?;
        let invitation: Option<Vec<u8>> = row.try_get("invitation")?;
        let visit = Visit {
            provider: stored::parse(row.try_get("provider")?, WHAT)?,
            purpose: row.try_get("purpose")?,
            state: row.try_get("state")?,
            nonce: row.try_get("nonce")?,
            verifier: Zeroizing::new(row.try_get("verifier")?),
            session: session.map(|id| stored::parse(&id, WHAT)).transpose()?,
            invitation: invitation.map(|digest| stored::digest(&digest, WHAT)).transpose()?,
            back: row.try_get("back")?,
            begun_at: Timestamp::from_micros(row.try_get("begun_at")?),
            expires_at: Timestamp::from_micros(row.try_get("expires_at")?),
        };
        Ok((OrganizationKey(row.try_get("organization")?), visit))
    })
    .transpose()
}

/// Forgets who did not come back in time.
pub(super) async fn forget_visits(c: &mut AnyConnection, now: Timestamp) -> Result<()> {
    sqlx::query("DELETE FROM provider_visit WHERE expires_at <= $1").bind(now.micros()).execute(c).await?;
    Ok(())
}

/// Keeps the latest `most` visits of a network.
pub(super) async fn make_room(c: &mut AnyConnection, network: &str, most: i64) -> Result<()> {
    sqlx::query(
        "DELETE FROM provider_visit WHERE network = $1 AND digest NOT IN (SELECT digest FROM provider_visit \
         WHERE network = $1 ORDER BY begun_at DESC, digest LIMIT $2)",
    )
    .bind(network)
    .bind(most)
    .execute(c)
    .await?;
    Ok(())
}

/// Notes a logout; tells whether it is the first with this id.
pub(super) async fn take_logout(
    c: &mut AnyConnection,
    org: OrganizationKey,
    provider: ProviderId,
    logout: &Logout,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO provider_logout (organization, provider, jti, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization, provider, jti) DO NOTHING",
    )
    .bind(org.0)
    .bind(provider.to_string())
    .bind(&logout.jti)
    .bind(Timestamp::from_seconds(logout.until).micros())
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets logouts that are too old to be taken again.
pub(super) async fn forget_logouts(
    c: &mut AnyConnection,
    org: OrganizationKey,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM provider_logout WHERE organization = $1 AND expires_at < $2")
        .bind(org.0)
        .bind(now.micros())
        .execute(c)
        .await?;
    Ok(())
}

/// A client secret: whose, of which connection, sealed, and by which key.
type Sealed = (OrganizationKey, ProviderId, Vec<u8>, String);

/// Returns client secrets that another key than this one seals.
pub(super) async fn sealed_by_others(c: &mut AnyConnection, key: &str) -> Result<Vec<Sealed>> {
    let rows: Vec<(i64, String, Vec<u8>, String)> = sqlx::query_as(
        "SELECT organization, id, secret, sealed_by FROM identity_provider WHERE sealed_by <> $1 \
         ORDER BY organization, id LIMIT $2",
    )
    .bind(key)
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(org, id, sealed, by)| Ok((OrganizationKey(org), stored::parse(&id, WHAT)?, sealed, by)))
        .collect()
}
