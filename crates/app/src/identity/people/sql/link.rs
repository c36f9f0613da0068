//! Links by which people come in, come back and have another address: the tables `invitation*`, `reset_link`,
//! `address_change`.

use sqlx::{AnyConnection, Row as _};
use tickmark_core::id::{ActorId, EngagementKey, InvitationId, MembershipId, OrganizationKey};
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;

use super::LIST_LIMIT;
use crate::identity::people::Invitation;
use crate::identity::people::address::Asked;
use crate::identity::people::reset::{Kept, Lost};
use crate::{Error, Result, stored};

/// Keeps which engagement an invitation leads into.
pub(in crate::identity::people) async fn promise(
    c: &mut AnyConnection,
    org: OrganizationKey,
    invitation: InvitationId,
    engagement: EngagementKey,
    until: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO promised_engagement (organization, invitation, engagement, valid_until) VALUES ($1, $2, $3, $4)",
    )
    .bind(org.0)
    .bind(invitation.to_string())
    .bind(engagement.0)
    .bind(until.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Returns the engagements that an invitation is about, with until when each lets in.
pub(in crate::identity::people) async fn promised(
    c: &mut AnyConnection,
    org: OrganizationKey,
    invitation: InvitationId,
) -> Result<Vec<(EngagementKey, Timestamp)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT engagement, valid_until FROM promised_engagement WHERE organization = $1 AND invitation = $2 \
         ORDER BY engagement",
    )
    .bind(org.0)
    .bind(invitation.to_string())
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(promise_of).collect())
}

/// Returns the same of the open invitation to an address; nothing where there is none.
pub(in crate::identity::people) async fn promised_to(
    c: &mut AnyConnection,
    org: OrganizationKey,
    email: &str,
) -> Result<Vec<(EngagementKey, Timestamp)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT p.engagement, p.valid_until FROM promised_engagement p JOIN invitation i \
         ON i.organization = p.organization AND i.id = p.invitation WHERE p.organization = $1 AND i.email = $2 \
         AND i.used_at IS NULL AND i.revoked_at IS NULL ORDER BY p.engagement",
    )
    .bind(org.0)
    .bind(email)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(promise_of).collect())
}

fn promise_of((engagement, until): (i64, i64)) -> (EngagementKey, Timestamp) {
    (EngagementKey(engagement), Timestamp::from_micros(until))
}

/// Returns the invitations that are about an engagement, with until when each lets in.
pub(in crate::identity::people) async fn promises(
    c: &mut AnyConnection,
    org: OrganizationKey,
    engagement: EngagementKey,
) -> Result<Vec<(InvitationId, Timestamp)>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT invitation, valid_until FROM promised_engagement WHERE organization = $1 AND engagement = $2 \
         ORDER BY invitation LIMIT $3",
    )
    .bind(org.0)
    .bind(engagement.0)
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    let one = |(id, until): (String, i64)| {
        Ok((stored::parse(&id, "the table of invitations")?, Timestamp::from_micros(until)))
    };
    rows.into_iter().map(one).collect()
}

pub(in crate::identity::people) async fn insert_invitation(
    c: &mut AnyConnection,
    org: OrganizationKey,
    invitation: &Invitation,
    digest: Digest,
) -> Result<()> {
    let roles: Vec<&str> = invitation.roles.iter().map(|role| role.word()).collect();
    sqlx::query(
        "INSERT INTO invitation (organization, id, digest, email, roles, source, made_by, made_at, expires_at, \
         valid_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(org.0)
    .bind(invitation.id.to_string())
    .bind(digest.0.to_vec())
    .bind(invitation.email.as_deref())
    .bind(roles.join(" "))
    .bind(&invitation.source)
    .bind(invitation.made_by.to_string())
    .bind(invitation.made_at.micros())
    .bind(invitation.expires_at.micros())
    .bind(invitation.valid_until.map(Timestamp::micros))
    .execute(c)
    .await?;
    Ok(())
}

const INVITATION: &str = "SELECT organization, id, email, roles, source, made_by, made_at, expires_at, used_at, \
                          revoked_at, valid_until FROM invitation";

pub(in crate::identity::people) async fn invitations(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<Vec<Invitation>> {
    let text = sqlx::AssertSqlSafe(format!(
        "{INVITATION} WHERE organization = $1 ORDER BY made_at DESC, id DESC LIMIT $2"
    ));
    let rows = sqlx::query(text).bind(org.0).bind(LIST_LIMIT).fetch_all(c).await?;
    rows.iter().map(|row| invitation(row).map(|(_, invitation)| invitation)).collect()
}

pub(in crate::identity::people) async fn invitation_by_digest(
    c: &mut AnyConnection,
    digest: Digest,
) -> Result<Option<(OrganizationKey, Invitation)>> {
    let text = sqlx::AssertSqlSafe(format!("{INVITATION} WHERE digest = $1"));
    let row = sqlx::query(text).bind(digest.0.to_vec()).fetch_optional(c).await?;
    row.as_ref().map(invitation).transpose()
}

fn invitation(row: &sqlx::any::AnyRow) -> Result<(OrganizationKey, Invitation)> {
    let moment = |column| -> Result<Option<Timestamp>> {
        let micros: Option<i64> = row.try_get(column)?;
        Ok(micros.map(Timestamp::from_micros))
    };
    let roles: String = row.try_get("roles")?;
    let what = "the table of invitations";
    Ok((
        OrganizationKey(row.try_get("organization")?),
        Invitation {
            id: stored::parse(row.try_get("id")?, what)?,
            email: row.try_get("email")?,
            roles: roles.split_whitespace().map(|role| stored::parse(role, what)).collect::<Result<_>>()?,
            source: row.try_get("source")?,
            made_by: stored::parse(row.try_get("made_by")?, what)?,
            made_at: Timestamp::from_micros(row.try_get("made_at")?),
            expires_at: Timestamp::from_micros(row.try_get("expires_at")?),
            valid_until: moment("valid_until")?,
            used_at: moment("used_at")?,
            revoked_at: moment("revoked_at")?,
        },
    ))
}

pub(in crate::identity::people) async fn revoke_invitation(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: InvitationId,
    now: Timestamp,
) -> Result<()> {
    let text =
        "UPDATE invitation SET revoked_at = $1 WHERE organization = $2 AND id = $3 AND used_at IS NULL";
    stored::end(c, text, now, org, id).await?;
    Ok(())
}

pub(in crate::identity::people) async fn revoke_invitations_to(
    c: &mut AnyConnection,
    org: OrganizationKey,
    email: &str,
    now: Timestamp,
) -> Result<()> {
    let text = "UPDATE invitation SET revoked_at = $1 WHERE organization = $2 AND email = $3 AND used_at IS NULL \
                AND revoked_at IS NULL";
    stored::end(c, text, now, org, email).await?;
    Ok(())
}

pub(in crate::identity::people) async fn revoke_set_up(
    c: &mut AnyConnection,
    org: OrganizationKey,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE invitation SET revoked_at = $1 WHERE organization = $2 AND source = 'set_up' AND used_at IS NULL \
         AND revoked_at IS NULL",
    )
    .bind(now.micros())
    .bind(org.0)
    .execute(c)
    .await?;
    Ok(())
}

pub(in crate::identity::people) async fn insert_reset_link(
    c: &mut AnyConnection,
    org: OrganizationKey,
    kept: &Kept,
    digest: Digest,
    by: ActorId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO reset_link (organization, id, digest, membership, lost, made_by, made_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(org.0)
    .bind(kept.id.to_string())
    .bind(digest.0.to_vec())
    .bind(kept.membership.to_string())
    .bind(kept.lost.word())
    .bind(by.to_string())
    .bind(now.micros())
    .bind(kept.expires_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Returns for whom links wait that somebody made.
pub(in crate::identity::people) async fn reset_links_by(
    c: &mut AnyConnection,
    org: OrganizationKey,
    maker: ActorId,
) -> Result<Vec<MembershipId>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT membership FROM reset_link WHERE organization = $1 AND made_by = $2 AND over_at IS NULL \
         ORDER BY membership LIMIT $3",
    )
    .bind(org.0)
    .bind(maker.to_string())
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(membership,)| stored::parse(&membership, "the table of reset links")).collect()
}

/// Finds a link that was not used and not replaced.
pub(in crate::identity::people) async fn reset_link(
    c: &mut AnyConnection,
    digest: Digest,
) -> Result<Option<(OrganizationKey, Kept)>> {
    let row: Option<(i64, String, String, String, i64)> = sqlx::query_as(
        "SELECT organization, id, membership, lost, expires_at FROM reset_link \
         WHERE digest = $1 AND over_at IS NULL",
    )
    .bind(digest.0.to_vec())
    .fetch_optional(c)
    .await?;
    row.map(|(org, id, membership, lost, expires_at)| {
        let what = "the table of reset links";
        let lost = Lost::ALL.into_iter().find(|one| one.word() == lost);
        Ok((
            OrganizationKey(org),
            Kept {
                id: stored::parse(&id, what)?,
                membership: stored::parse(&membership, what)?,
                lost: lost.ok_or_else(|| Error::corrupt(what, "something unknown was lost"))?,
                expires_at: Timestamp::from_micros(expires_at),
            },
        ))
    })
    .transpose()
}

pub(in crate::identity::people) async fn insert_address_change(
    c: &mut AnyConnection,
    org: OrganizationKey,
    asked: &Asked,
    digest: Digest,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO address_change (organization, id, digest, membership, email, made_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(org.0)
    .bind(asked.id.to_string())
    .bind(digest.0.to_vec())
    .bind(asked.membership.to_string())
    .bind(asked.email.as_str())
    .bind(now.micros())
    .bind(asked.expires_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Finds a link that was not used and not replaced.
pub(in crate::identity::people) async fn address_change(
    c: &mut AnyConnection,
    digest: Digest,
) -> Result<Option<(OrganizationKey, Asked)>> {
    let row: Option<(i64, String, String, String, i64)> = sqlx::query_as(
        "SELECT organization, id, membership, email, expires_at FROM address_change \
         WHERE digest = $1 AND over_at IS NULL",
    )
    .bind(digest.0.to_vec())
    .fetch_optional(c)
    .await?;
    row.map(|(org, id, membership, email, expires_at)| {
        let what = "the table of changed addresses";
        let asked = Asked {
            id: stored::parse(&id, what)?,
            membership: stored::parse(&membership, what)?,
            email: stored::parse(&email, what)?,
            expires_at: Timestamp::from_micros(expires_at),
        };
        Ok((OrganizationKey(org), asked))
    })
    .transpose()
}

/// Which links.
#[derive(Clone, Copy, Debug)]
pub(in crate::identity::people) enum Links {
    /// Those by which people come in.
    Invitation,
    /// Those by which something lost is replaced.
    Reset,
    /// Those by which a new address is confirmed.
    Address,
}

/// Uses a link up; tells whether it was open. Of several that try, one does.
pub(in crate::identity::people) async fn use_link(
    c: &mut AnyConnection,
    links: Links,
    org: OrganizationKey,
    id: Uuid,
    now: Timestamp,
) -> Result<bool> {
    let text = match links {
        Links::Invitation => {
            "UPDATE invitation SET used_at = $1 WHERE organization = $2 AND id = $3 AND used_at IS NULL \
             AND revoked_at IS NULL AND expires_at > $1"
        }
        Links::Reset => {
            "UPDATE reset_link SET over_at = $1 WHERE organization = $2 AND id = $3 AND over_at IS NULL \
             AND expires_at > $1"
        }
        Links::Address => {
            "UPDATE address_change SET over_at = $1 WHERE organization = $2 AND id = $3 AND over_at IS NULL \
             AND expires_at > $1"
        }
    };
    Ok(stored::end(c, text, now, org, id).await? == 1)
}

/// Lets no link of a membership work any more. Invitations are of nobody yet, and are revoked by address.
pub(in crate::identity::people) async fn end_links(
    c: &mut AnyConnection,
    links: Links,
    org: OrganizationKey,
    membership: MembershipId,
    now: Timestamp,
) -> Result<()> {
    let text = match links {
        Links::Invitation => return Ok(()),
        Links::Reset => {
            "UPDATE reset_link SET over_at = $1 WHERE organization = $2 AND membership = $3 AND over_at IS NULL"
        }
        Links::Address => {
            "UPDATE address_change SET over_at = $1 WHERE organization = $2 AND membership = $3 AND over_at IS NULL"
        }
    };
    stored::end(c, text, now, org, membership).await?;
    Ok(())
}
