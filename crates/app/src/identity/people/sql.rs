//! The tables `person`, `membership*`, `role_proposal`, `invitation*`, `reset_link`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AnyConnection;
use sqlx::Row as _;
use tickmark_core::id::{
    ActorId, EngagementKey, InvitationId, MembershipId, OrganizationKey, PersonId, SystemId,
};
use tickmark_core::identity::{Email, Role, Standing, Systems};
use tickmark_core::{Digest, Span, Timestamp};
use uuid::Uuid;

use super::reset::{Kept, Lost};
use super::{Invitation, LIST_LIMIT, Member, Proposal};
use crate::{Error, Result, stored};

const WHAT: &str = "the tables of members";

/// A membership through which a person can sign in.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) organization: OrganizationKey,
    pub(crate) membership: MembershipId,
    pub(crate) actor: ActorId,
    pub(crate) standing: Standing,
    pub(crate) valid: Span,
}

pub(super) async fn insert_person(
    c: &mut AnyConnection,
    id: PersonId,
    email: &Email,
    name: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("INSERT INTO person (id, email, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(id.to_string())
        .bind(email.as_str())
        .bind(name)
        .bind(now.micros())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn rename(c: &mut AnyConnection, id: PersonId, name: &str) -> Result<()> {
    sqlx::query("UPDATE person SET name = $1 WHERE id = $2")
        .bind(name)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn name(c: &mut AnyConnection, id: PersonId) -> Result<String> {
    let (name,): (String,) =
        sqlx::query_as("SELECT name FROM person WHERE id = $1").bind(id.to_string()).fetch_one(c).await?;
    Ok(name)
}

pub(crate) async fn person_by_email(c: &mut AnyConnection, email: &Email) -> Result<Option<PersonId>> {
    let row: Option<(String,)> = sqlx::query_as("SELECT id FROM person WHERE email = $1")
        .bind(email.as_str())
        .fetch_optional(c)
        .await?;
    row.map(|(id,)| stored::parse(&id, "the table of people")).transpose()
}

pub(crate) async fn person_email(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
) -> Result<Option<(PersonId, String)>> {
    let row: Option<(String, String)> = sqlx::query_as(
        "SELECT p.id, p.email FROM membership m JOIN person p ON p.id = m.person \
         WHERE m.organization = $1 AND m.id = $2",
    )
    .bind(org.0)
    .bind(membership.to_string())
    .fetch_optional(c)
    .await?;
    row.map(|(id, email)| Ok((stored::parse(&id, "the table of people")?, email))).transpose()
}

/// Returns the memberships of a person that were not removed, oldest organization first.
/// Returns the person that an actor is here.
pub(crate) async fn person_of_actor(
    c: &mut AnyConnection,
    org: OrganizationKey,
    actor: ActorId,
) -> Result<Option<PersonId>> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT person FROM membership WHERE organization = $1 AND actor = $2 AND state <> 'removed'",
    )
    .bind(org.0)
    .bind(actor.to_string())
    .fetch_optional(c)
    .await?;
    row.map(|(person,)| stored::parse(&person, "the table of members")).transpose()
}

pub(crate) async fn homes(c: &mut AnyConnection, person: PersonId) -> Result<Vec<Home>> {
    let rows = sqlx::query(
        "SELECT organization, id, actor, state, valid_from, valid_until FROM membership \
         WHERE person = $1 AND state <> 'removed' ORDER BY organization LIMIT $2",
    )
    .bind(person.to_string())
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Home {
                organization: OrganizationKey(row.try_get("organization")?),
                membership: stored::parse(row.try_get("id")?, WHAT)?,
                actor: stored::parse(row.try_get("actor")?, WHAT)?,
                standing: standing(row.try_get("state")?)?,
                valid: valid(row)?,
            })
        })
        .collect()
}

pub(super) async fn insert_membership(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: MembershipId,
    person: PersonId,
    actor: ActorId,
    source: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO membership (organization, id, person, actor, source, state, all_systems, valid_from, \
         valid_until, changed_at) VALUES ($1, $2, $3, $4, $5, 'active', 1, $6, NULL, $6)",
    )
    .bind(org.0)
    .bind(id.to_string())
    .bind(person.to_string())
    .bind(actor.to_string())
    .bind(source)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Returns what the ledger called a person who was here before.
pub(super) async fn earlier_actor(
    c: &mut AnyConnection,
    org: OrganizationKey,
    person: PersonId,
) -> Result<Option<ActorId>> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT actor FROM membership WHERE organization = $1 AND person = $2 ORDER BY valid_from DESC, id DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(person.to_string())
    .fetch_optional(c)
    .await?;
    row.map(|(actor,)| stored::parse(&actor, WHAT)).transpose()
}

pub(super) async fn set_state(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: MembershipId,
    state: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("UPDATE membership SET state = $1, changed_at = $2 WHERE organization = $3 AND id = $4")
        .bind(state)
        .bind(now.micros())
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

/// Lists the members of an organization by name, those that were removed left out.
pub(super) async fn members(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Member>> {
    read(c, org, "").await
}

/// Returns a member that was not removed. Each request asks.
pub(crate) async fn membership(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: MembershipId,
) -> Result<Option<Member>> {
    Ok(read(c, org, &id.to_string()).await?.pop())
}

/// Reads one membership, or all when the id is empty.
async fn read(c: &mut AnyConnection, org: OrganizationKey, id: &str) -> Result<Vec<Member>> {
    let (which, which_pair) = match id {
        "" => ("$2 = ''", "$2 = ''"),
        _ => ("m.id = $2", "membership = $2"),
    };
    let text = format!(
        "SELECT m.id, m.person, m.actor, m.state, m.all_systems, m.valid_from, m.valid_until, m.changed_at, p.name, \
         p.email FROM membership m JOIN person p ON p.id = m.person \
         WHERE m.organization = $1 AND {which} AND m.state <> 'removed' ORDER BY p.name, m.id LIMIT $3"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(id).bind(LIST_LIMIT);
    let rows = query.fetch_all(&mut *c).await?;
    let role =
        format!("SELECT membership, role FROM membership_role WHERE organization = $1 AND {which_pair}");
    let roles = pairs(c, role, org, id).await?;
    let system =
        format!("SELECT membership, system FROM membership_system WHERE organization = $1 AND {which_pair}");
    let systems = pairs(c, system, org, id).await?;
    let mut engagements = engagements(c, org, id).await?;
    rows.iter()
        .map(|row| {
            let id: String = row.try_get("id")?;
            let is_all: i64 = row.try_get("all_systems")?;
            let own = |of: &BTreeMap<String, Vec<String>>| of.get(&id).cloned().unwrap_or_default();
            Ok(Member {
                id: stored::parse(&id, WHAT)?,
                person: stored::parse(row.try_get("person")?, WHAT)?,
                actor: stored::parse(row.try_get("actor")?, WHAT)?,
                name: row.try_get("name")?,
                email: row.try_get("email")?,
                roles: parse_all::<Role>(&own(&roles))?,
                systems: if is_all == 1 {
                    Systems::All
                } else {
                    Systems::Only(parse_all::<SystemId>(&own(&systems))?)
                },
                standing: standing(row.try_get("state")?)?,
                valid: valid(row)?,
                changed_at: Timestamp::from_micros(row.try_get("changed_at")?),
                engagements: engagements.remove(&id).unwrap_or_default(),
            })
        })
        .collect()
}

/// Reads which engagements let whom in, by membership; of one, or of all when the id is empty.
async fn engagements(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: &str,
) -> Result<BTreeMap<String, BTreeMap<EngagementKey, Span>>> {
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT membership, engagement, valid_from, valid_until FROM membership_engagement \
         WHERE organization = $1 AND ($2 = '' OR membership = $2)",
    )
    .bind(org.0)
    .bind(id)
    .fetch_all(c)
    .await?;
    let mut all: BTreeMap<String, BTreeMap<EngagementKey, Span>> = BTreeMap::new();
    for (membership, engagement, from, to) in rows {
        let valid = Span { from: Timestamp::from_micros(from), to: Some(Timestamp::from_micros(to)) };
        all.entry(membership).or_default().insert(EngagementKey(engagement), valid);
    }
    Ok(all)
}

/// Sets from when until when an engagement lets somebody in.
pub(super) async fn set_engagement(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: MembershipId,
    engagement: EngagementKey,
    valid: Span,
    by: ActorId,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO membership_engagement (organization, membership, engagement, valid_from, valid_until, granted_by) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization, membership, engagement) DO UPDATE SET \
         valid_from = excluded.valid_from, valid_until = excluded.valid_until, granted_by = excluded.granted_by",
    )
    .bind(org.0)
    .bind(id.to_string())
    .bind(engagement.0)
    .bind(valid.from.micros())
    .bind(valid.to.map_or(i64::MAX, Timestamp::micros))
    .bind(by.to_string())
    .execute(c)
    .await?;
    Ok(())
}

/// Keeps which engagement an invitation leads into.
pub(super) async fn promise(
    c: &mut AnyConnection,
    org: OrganizationKey,
    invitation: InvitationId,
    engagement: EngagementKey,
    until: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO invitation_engagement (organization, invitation, engagement, valid_until) VALUES ($1, $2, $3, $4)",
    )
    .bind(org.0)
    .bind(invitation.to_string())
    .bind(engagement.0)
    .bind(until.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn promised(
    c: &mut AnyConnection,
    org: OrganizationKey,
    invitation: InvitationId,
) -> Result<Option<(EngagementKey, Timestamp)>> {
    let row: Option<(i64, i64)> = sqlx::query_as(
        "SELECT engagement, valid_until FROM invitation_engagement WHERE organization = $1 AND invitation = $2",
    )
    .bind(org.0)
    .bind(invitation.to_string())
    .fetch_optional(c)
    .await?;
    Ok(row.map(|(engagement, until)| (EngagementKey(engagement), Timestamp::from_micros(until))))
}

async fn pairs(
    c: &mut AnyConnection,
    text: String,
    org: OrganizationKey,
    id: &str,
) -> Result<BTreeMap<String, Vec<String>>> {
    let rows: Vec<(String, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).bind(id).fetch_all(c).await?;
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (membership, value) in rows {
        all.entry(membership).or_default().push(value);
    }
    Ok(all)
}

fn parse_all<T: std::str::FromStr + Ord>(texts: &[String]) -> Result<BTreeSet<T>> {
    texts.iter().map(|text| stored::parse(text, WHAT)).collect()
}

fn standing(state: &str) -> Result<Standing> {
    match state {
        "active" => Ok(Standing::Active),
        "suspended" => Ok(Standing::Suspended),
        other => Err(Error::corrupt(WHAT, format!("the state {other:?} is none"))),
    }
}

fn valid(row: &sqlx::any::AnyRow) -> Result<Span> {
    let until: Option<i64> = row.try_get("valid_until")?;
    Ok(Span {
        from: Timestamp::from_micros(row.try_get("valid_from")?),
        to: until.map(Timestamp::from_micros),
    })
}

pub(super) async fn insert_role(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
    role: Role,
    by: ActorId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO membership_role (organization, membership, role, granted_by, granted_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(org.0)
    .bind(membership.to_string())
    .bind(role.word())
    .bind(by.to_string())
    .bind(now.micros())
    .execute(&mut *c)
    .await?;
    touch(c, org, membership, now).await
}

pub(super) async fn delete_role(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
    role: Role,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM membership_role WHERE organization = $1 AND membership = $2 AND role = $3")
        .bind(org.0)
        .bind(membership.to_string())
        .bind(role.word())
        .execute(&mut *c)
        .await?;
    touch(c, org, membership, now).await
}

pub(super) async fn set_systems(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
    systems: &Systems,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM membership_system WHERE organization = $1 AND membership = $2")
        .bind(org.0)
        .bind(membership.to_string())
        .execute(&mut *c)
        .await?;
    let some = match systems {
        Systems::All => &BTreeSet::new(),
        Systems::Only(some) => some,
    };
    for system in some {
        sqlx::query("INSERT INTO membership_system (organization, membership, system) VALUES ($1, $2, $3)")
            .bind(org.0)
            .bind(membership.to_string())
            .bind(system.to_string())
            .execute(&mut *c)
            .await?;
    }
    sqlx::query("UPDATE membership SET all_systems = $1 WHERE organization = $2 AND id = $3")
        .bind(i64::from(*systems == Systems::All))
        .bind(org.0)
        .bind(membership.to_string())
        .execute(&mut *c)
        .await?;
    touch(c, org, membership, now).await
}

async fn touch(c: &mut AnyConnection, org: OrganizationKey, id: MembershipId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE membership SET changed_at = $1 WHERE organization = $2 AND id = $3")
        .bind(now.micros())
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn insert_proposal(
    c: &mut AnyConnection,
    org: OrganizationKey,
    proposal: &Proposal,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO role_proposal (organization, id, membership, role, asked_by, asked_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(org.0)
    .bind(proposal.id.to_string())
    .bind(proposal.member.to_string())
    .bind(proposal.role.word())
    .bind(proposal.asked_by.to_string())
    .bind(proposal.asked_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn proposals(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Proposal>> {
    let rows: Vec<(String, String, String, String, i64)> = sqlx::query_as(
        "SELECT id, membership, role, asked_by, asked_at FROM role_proposal WHERE organization = $1 \
         ORDER BY asked_at, id LIMIT $2",
    )
    .bind(org.0)
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(id, member, role, asked_by, asked_at)| {
            Ok(Proposal {
                id: stored::parse(&id, WHAT)?,
                member: stored::parse(&member, WHAT)?,
                role: stored::parse(&role, WHAT)?,
                asked_by: stored::parse(&asked_by, WHAT)?,
                asked_at: Timestamp::from_micros(asked_at),
            })
        })
        .collect()
}

pub(super) async fn delete_proposal(c: &mut AnyConnection, org: OrganizationKey, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM role_proposal WHERE organization = $1 AND id = $2")
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn drop_proposals(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
) -> Result<()> {
    sqlx::query("DELETE FROM role_proposal WHERE organization = $1 AND membership = $2")
        .bind(org.0)
        .bind(membership.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn drop_old_proposals(
    c: &mut AnyConnection,
    org: OrganizationKey,
    before: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM role_proposal WHERE organization = $1 AND asked_at <= $2")
        .bind(org.0)
        .bind(before.micros())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn insert_invitation(
    c: &mut AnyConnection,
    org: OrganizationKey,
    invitation: &Invitation,
    digest: Digest,
) -> Result<()> {
    let roles: Vec<&str> = invitation.roles.iter().map(|role| role.word()).collect();
    sqlx::query(
        "INSERT INTO invitation (organization, id, digest, email, roles, source, made_by, made_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
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
    .execute(c)
    .await?;
    Ok(())
}

const INVITATION: &str = "SELECT organization, id, email, roles, source, made_by, made_at, expires_at, used_at, \
                          revoked_at FROM invitation";

pub(super) async fn invitations(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Invitation>> {
    let text = sqlx::AssertSqlSafe(format!(
        "{INVITATION} WHERE organization = $1 ORDER BY made_at DESC, id DESC LIMIT $2"
    ));
    let rows = sqlx::query(text).bind(org.0).bind(LIST_LIMIT).fetch_all(c).await?;
    rows.iter().map(|row| invitation(row).map(|(_, invitation)| invitation)).collect()
}

pub(super) async fn invitation_by_digest(
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
            used_at: moment("used_at")?,
            revoked_at: moment("revoked_at")?,
        },
    ))
}

/// Uses an invitation up; tells whether it was open. Of several that try, one does.
pub(super) async fn use_invitation(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: InvitationId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE invitation SET used_at = $1 WHERE organization = $2 AND id = $3 AND used_at IS NULL \
         AND revoked_at IS NULL AND expires_at > $1",
    )
    .bind(now.micros())
    .bind(org.0)
    .bind(id.to_string())
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn revoke_invitation(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: InvitationId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE invitation SET revoked_at = $1 WHERE organization = $2 AND id = $3 AND used_at IS NULL",
    )
    .bind(now.micros())
    .bind(org.0)
    .bind(id.to_string())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn revoke_invitations_to(
    c: &mut AnyConnection,
    org: OrganizationKey,
    email: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE invitation SET revoked_at = $1 WHERE organization = $2 AND email = $3 AND used_at IS NULL \
         AND revoked_at IS NULL",
    )
    .bind(now.micros())
    .bind(org.0)
    .bind(email)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn revoke_set_up(c: &mut AnyConnection, org: OrganizationKey, now: Timestamp) -> Result<()> {
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

pub(super) async fn insert_reset_link(
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

/// Finds a link that was not used and not replaced.
pub(super) async fn reset_link(
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

/// Uses a link up; tells whether it was open. Of several that try, one does.
pub(super) async fn use_reset_link(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: Uuid,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE reset_link SET over_at = $1 WHERE organization = $2 AND id = $3 AND over_at IS NULL \
         AND expires_at > $1",
    )
    .bind(now.micros())
    .bind(org.0)
    .bind(id.to_string())
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets no link of a membership work any more.
pub(super) async fn end_reset_links(
    c: &mut AnyConnection,
    org: OrganizationKey,
    membership: MembershipId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE reset_link SET over_at = $1 WHERE organization = $2 AND membership = $3 AND over_at IS NULL",
    )
    .bind(now.micros())
    .bind(org.0)
    .bind(membership.to_string())
    .execute(c)
    .await?;
    Ok(())
}
