//! The tables `session`, `session_provider`, `sign_in_rule`, `sign_in_rule_version`.

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use tickmark_core::id::{ActorId, MembershipId, OrganizationKey, ProviderId, SessionId};
use tickmark_core::identity::{Factor, SignInRule};
use tickmark_core::{Digest, Timestamp};

use super::super::{Version, sql::version};
use super::{Proof, Session, Through, factor_word};
use crate::{Error, Result, stored};

const WHAT: &str = "the table of sessions";
const RULES: &str = "the tables of sign-in rules";
/// Most sessions in one list.
const LIST_LIMIT: i64 = 100;
/// Most versions of a rule.
const VERSION_LIMIT: i64 = 1_000;
const COLUMNS: &str = "s.organization, s.id, s.membership, s.factor, s.begun_at, s.seen_at, s.proven_at, s.network, s.agent, s.passkey, \
                       p.provider, p.subject, p.sid, p.ends_at, p.is_own FROM session s LEFT JOIN session_provider p \
                       ON p.organization = s.organization AND p.session = s.id";

pub(super) async fn insert(
    c: &mut AnyConnection,
    org: OrganizationKey,
    session: &Session,
    digest: Digest,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO session (organization, id, digest, membership, factor, begun_at, seen_at, proven_at, network, \
         agent, passkey) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(org.0)
    .bind(session.id.to_string())
    .bind(digest.0.to_vec())
    .bind(session.membership.to_string())
    .bind(factor_word(session.factor))
    .bind(session.begun_at.micros())
    .bind(session.seen_at.micros())
    .bind(session.proven_at.micros())
    .bind(&session.network)
    .bind(&session.agent)
    .bind(session.passkey.map(|passkey| passkey.to_string()))
    .execute(&mut *c)
    .await?;
    let Some(through) = &session.through else { return Ok(()) };
    sqlx::query(
        "INSERT INTO session_provider (organization, session, provider, subject, sid, ends_at, is_own) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(org.0)
    .bind(session.id.to_string())
    .bind(through.provider.to_string())
    .bind(&through.subject)
    .bind(&through.sid)
    .bind(through.ends_at.map(Timestamp::micros))
    .bind(i64::from(through.is_own))
    .execute(c)
    .await?;
    Ok(())
}

/// Notes what a provider said when it was asked again.
pub(super) async fn set_through(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: SessionId,
    through: &Through,
) -> Result<()> {
    sqlx::query(
        "UPDATE session_provider SET sid = $1, ends_at = $2, is_own = 0 WHERE organization = $3 AND session = $4",
    )
    .bind(&through.sid)
    .bind(through.ends_at.map(Timestamp::micros))
    .bind(org.0)
    .bind(id.to_string())
    .execute(c)
    .await?;
    Ok(())
}

/// Notes that what somebody has here was shown as well.
pub(super) async fn set_own(c: &mut AnyConnection, org: OrganizationKey, id: SessionId) -> Result<()> {
    sqlx::query("UPDATE session_provider SET is_own = 1 WHERE organization = $1 AND session = $2")
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

/// Lists the sessions that were not ended and that a provider vouches for: all, or those of a subject, or the one it calls so.
pub(super) async fn of_provider(
    c: &mut AnyConnection,
    org: OrganizationKey,
    provider: ProviderId,
    (subject, sid): (&str, &str),
) -> Result<Vec<SessionId>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT p.session FROM session_provider p JOIN session s ON s.organization = p.organization AND s.id = p.session \
         WHERE p.organization = $1 AND p.provider = $2 AND s.ended_at IS NULL AND ($3 = '' OR p.subject = $3) \
         AND ($4 = '' OR p.sid = $4) ORDER BY p.session",
    )
    .bind(org.0)
    .bind(provider.to_string())
    .bind(subject)
    .bind(sid)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(id,)| stored::parse(&id, WHAT)).collect()
}

/// Finds a session that was not ended by its cookie.
pub(super) async fn by_digest(
    c: &mut AnyConnection,
    digest: Digest,
) -> Result<Option<(OrganizationKey, Session)>> {
    let text = format!("SELECT {COLUMNS} WHERE s.digest = $1 AND s.ended_at IS NULL");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(digest.0.to_vec()).fetch_optional(c).await?;
    row.map(|row| Ok((OrganizationKey(row.try_get("organization")?), session(&row)?))).transpose()
}

/// Finds a session by its cookie, ended or not.
pub(super) async fn ever_by_digest(
    c: &mut AnyConnection,
    digest: Digest,
) -> Result<Option<(OrganizationKey, Session)>> {
    let text = format!("SELECT {COLUMNS} WHERE s.digest = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(digest.0.to_vec()).fetch_optional(c).await?;
    row.map(|row| Ok((OrganizationKey(row.try_get("organization")?), session(&row)?))).transpose()
}

/// Finds a session that was not ended.
pub(super) async fn find(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: SessionId,
) -> Result<Option<Session>> {
    let text = format!("SELECT {COLUMNS} WHERE s.organization = $1 AND s.id = $2 AND s.ended_at IS NULL");
    let row =
        sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(id.to_string()).fetch_optional(c).await?;
    row.as_ref().map(session).transpose()
}

/// Lists the sessions of a membership that were not ended, oldest first.
pub(super) async fn of_member(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
) -> Result<Vec<Session>> {
    let text = format!(
        "SELECT {COLUMNS} WHERE s.organization = $1 AND s.membership = $2 AND s.ended_at IS NULL \
         ORDER BY s.begun_at, s.id LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(membership.to_string())
        .bind(LIST_LIMIT)
        .fetch_all(c)
        .await?;
    rows.iter().map(session).collect()
}

/// Returns when a member was last seen, in whatever session.
pub(super) async fn last_seen(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
) -> Result<Option<i64>> {
    let (last,): (Option<i64>,) =
        sqlx::query_as("SELECT max(seen_at) FROM session WHERE organization = $1 AND membership = $2")
            .bind(org.0)
            .bind(membership.to_string())
            .fetch_one(c)
            .await?;
    Ok(last)
}

fn session(row: &AnyRow) -> Result<Session> {
    let moment = |column| -> Result<Timestamp> { Ok(Timestamp::from_micros(row.try_get(column)?)) };
    let word: String = row.try_get("factor")?;
    let factor = [Factor::Password, Factor::Code, Factor::Passkey]
        .into_iter()
        .find(|factor| factor_word(*factor) == word)
        .ok_or_else(|| Error::corrupt(WHAT, format!("the factor {word:?} is none")))?;
    let passkey: Option<String> = row.try_get("passkey")?;
    let passkey = passkey.map(|passkey| stored::parse(&passkey, WHAT)).transpose()?;
    let provider: Option<String> = row.try_get("provider")?;
    let through = provider.map(|provider| through(row, &provider)).transpose()?;
    Ok(Session {
        id: stored::parse(row.try_get("id")?, WHAT)?,
        membership: stored::parse(row.try_get("membership")?, WHAT)?,
        factor,
        begun_at: moment("begun_at")?,
        seen_at: moment("seen_at")?,
        proven_at: moment("proven_at")?,
        network: row.try_get("network")?,
        agent: row.try_get("agent")?,
        passkey,
        through,
    })
}

fn through(row: &AnyRow, provider: &str) -> Result<Through> {
    let ends_at: Option<i64> = row.try_get("ends_at")?;
    Ok(Through {
        provider: stored::parse(provider, WHAT)?,
        subject: row.try_get("subject")?,
        sid: row.try_get("sid")?,
        ends_at: ends_at.map(Timestamp::from_micros),
        is_own: row.try_get::<i64, _>("is_own")? == 1,
    })
}

pub(super) async fn touch(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: SessionId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("UPDATE session SET seen_at = $1 WHERE organization = $2 AND id = $3 AND seen_at < $1")
        .bind(now.micros())
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

/// Gives a session another cookie, and a proof of this strength that was shown at a moment; tells whether it was still there.
pub(super) async fn prove(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: SessionId,
    (digest, proof): (Digest, Proof),
    (proven_at, now): (Timestamp, Timestamp),
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE session SET digest = $1, proven_at = $2, seen_at = $6, factor = $5, passkey = $7 WHERE organization = $3 \
         AND id = $4 AND ended_at IS NULL",
    )
    .bind(digest.0.to_vec())
    .bind(proven_at.micros())
    .bind(org.0)
    .bind(id.to_string())
    .bind(factor_word(proof.factor))
    .bind(now.micros())
    .bind(proof.passkey.map(|passkey| passkey.to_string()))
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a session another cookie. Its proof stays as old as it is.
pub(super) async fn renew(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: SessionId,
    digest: Digest,
) -> Result<()> {
    sqlx::query("UPDATE session SET digest = $1 WHERE organization = $2 AND id = $3 AND ended_at IS NULL")
        .bind(digest.0.to_vec())
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn end(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: SessionId,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE session SET ended_at = $1, end_reason = $2 WHERE organization = $3 AND id = $4 AND ended_at IS NULL",
    )
    .bind(now.micros())
    .bind(reason)
    .bind(org.0)
    .bind(id.to_string())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn end_of_member(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE session SET ended_at = $1, end_reason = $2 WHERE organization = $3 AND membership = $4 \
         AND ended_at IS NULL",
    )
    .bind(now.micros())
    .bind(reason)
    .bind(org.0)
    .bind(membership.to_string())
    .execute(c)
    .await?;
    Ok(())
}

/// Returns what an organization asks of its members.
pub(super) async fn rule(c: &mut AnyConnection, org: OrganizationKey) -> Result<SignInRule> {
    let row: Option<(String,)> = sqlx::query_as("SELECT rule FROM sign_in_rule WHERE organization = $1")
        .bind(org.0)
        .fetch_optional(c)
        .await?;
    row.map_or_else(|| Ok(SignInRule::default()), |(word,)| rule_of_word(&word))
}

fn rule_of_word(word: &str) -> Result<SignInRule> {
    SignInRule::of_word(word).ok_or_else(|| Error::corrupt(RULES, format!("the rule {word:?} is none")))
}

/// Returns the newest versions of what an organization asked for, oldest first; none before it first said so.
pub(super) async fn rule_versions(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<Vec<Version<SignInRule>>> {
    let rows = sqlx::query(
        "SELECT number, since, set_by, reason, rule FROM sign_in_rule_version WHERE organization = $1 \
         ORDER BY number DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(VERSION_LIMIT)
    .fetch_all(c)
    .await?;
    rows.iter().rev().map(|row| version(row, RULES, rule_of_word(row.try_get("rule")?)?)).collect()
}

/// Tells whether an organization ever said what it asks for.
pub(super) async fn has_rule(c: &mut AnyConnection, org: OrganizationKey) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM sign_in_rule WHERE organization = $1")
        .bind(org.0)
        .fetch_optional(c)
        .await?;
    Ok(row.is_some())
}

pub(super) async fn set_rule(
    c: &mut AnyConnection,
    org: OrganizationKey,
    rule: SignInRule,
    (by, why): (ActorId, &str),
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO sign_in_rule_version (organization, number, since, set_by, reason, rule) VALUES ($1, \
         (SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM sign_in_rule_version WHERE organization = $1), \
         $2, $3, $4, $5)",
    )
    .bind(org.0)
    .bind(now.micros())
    .bind(by.to_string())
    .bind(why)
    .bind(rule.word())
    .execute(&mut *c)
    .await?;
    sqlx::query(
        "INSERT INTO sign_in_rule (organization, rule, set_by, set_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization) DO UPDATE SET rule = excluded.rule, set_by = excluded.set_by, \
         set_at = excluded.set_at",
    )
    .bind(org.0)
    .bind(rule.word())
    .bind(by.to_string())
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}
