//! The tables `person`, `membership*`, `role_proposal` here; those of links in a file of their own.

mod link;

use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use tickmark_core::id::{ActorId, EngagementKey, MembershipId, OrganizationKey, PersonId, SystemId};
use tickmark_core::identity::{Email, Role, Standing, Systems};
use tickmark_core::{Span, Timestamp};
use uuid::Uuid;

use super::{LIST_LIMIT, Member, Proposal};
use crate::{Error, Result, stored};

pub(in crate::identity::people) use link::*;

const WHAT: &str = "the tables of members";
/// Most members named in one statement.
const KEYS_PER_STATEMENT: usize = 500;

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

/// Gives a person another address.
pub(super) async fn set_email(c: &mut AnyConnection, id: PersonId, email: &Email) -> Result<()> {
    sqlx::query("UPDATE person SET email = $1 WHERE id = $2")
        .bind(email.as_str())
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

/// Says until when a membership counts.
pub(super) async fn set_until(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: MembershipId,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE membership SET valid_until = $1, expired_at = NULL, changed_at = $2 \
         WHERE organization = $3 AND id = $4",
    )
    .bind(until.map(Timestamp::micros))
    .bind(now.micros())
    .bind(org.0)
    .bind(id.to_string())
    .execute(c)
    .await?;
    Ok(())
}

/// Returns memberships whose time is over, as far as that was not noted.
pub(super) async fn over(
    c: &mut AnyConnection,
    org: OrganizationKey,
    now: Timestamp,
) -> Result<Vec<MembershipId>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT id FROM membership WHERE organization = $1 AND valid_until IS NOT NULL AND valid_until <= $2 \
         AND expired_at IS NULL AND state = 'active' ORDER BY valid_until, id LIMIT $3",
    )
    .bind(org.0)
    .bind(now.micros())
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(id,)| stored::parse(&id, WHAT)).collect()
}

/// Notes that the time of a membership is over; tells whether that was not noted before.
pub(super) async fn set_expired(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: MembershipId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE membership SET expired_at = $1 WHERE organization = $2 AND id = $3 AND expired_at IS NULL \
         AND valid_until IS NOT NULL AND valid_until <= $1",
    )
    .bind(now.micros())
    .bind(org.0)
    .bind(id.to_string())
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Returns how a person signs in.
pub(super) async fn email(c: &mut AnyConnection, id: PersonId) -> Result<String> {
    let (email,): (String,) =
        sqlx::query_as("SELECT email FROM person WHERE id = $1").bind(id.to_string()).fetch_one(c).await?;
    Ok(email)
}

pub(crate) async fn person_by_email(c: &mut AnyConnection, email: &Email) -> Result<Option<PersonId>> {
    let row: Option<(String,)> = sqlx::query_as("SELECT id FROM person WHERE email = $1")
        .bind(email.as_str())
        .fetch_optional(c)
        .await?;
    row.map(|(id,)| stored::parse(&id, "the table of people")).transpose()
}

/// Returns addresses of some people after one, by id.
pub(crate) async fn addresses(
    c: &mut AnyConnection,
    after: Option<PersonId>,
) -> Result<Vec<(PersonId, String)>> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, email FROM person WHERE id > $1 ORDER BY id LIMIT 500")
            .bind(after.map_or_else(String::new, |person| person.to_string()))
            .fetch_all(c)
            .await?;
    rows.into_iter().map(|(id, email)| Ok((stored::parse(&id, "the table of people")?, email))).collect()
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

/// Returns the memberships of a person that were not removed, oldest organization first.
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
    valid: Span,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO membership (organization, id, person, actor, source, state, all_systems, valid_from, \
         valid_until, changed_at) VALUES ($1, $2, $3, $4, $5, 'active', 1, $6, $7, $6)",
    )
    .bind(org.0)
    .bind(id.to_string())
    .bind(person.to_string())
    .bind(actor.to_string())
    .bind(source)
    .bind(valid.from.micros())
    .bind(valid.to.map(Timestamp::micros))
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

/// Returns when somebody was here as something else than an auditor, those that were removed included: memberships with the
/// time that they lasted.
pub(super) async fn held_otherwise(
    c: &mut AnyConnection,
    org: OrganizationKey,
    email: &str,
) -> Result<Vec<(MembershipId, Span)>> {
    let rows: Vec<(String, i64, Option<i64>, i64, String)> = sqlx::query_as(
        "SELECT m.id, m.valid_from, m.valid_until, m.changed_at, m.state FROM membership m \
         JOIN person p ON p.id = m.person WHERE m.organization = $1 AND p.email = $2 AND NOT EXISTS \
         (SELECT 1 FROM membership_role r WHERE r.organization = m.organization AND r.membership = m.id \
         AND r.role = 'auditor') ORDER BY m.valid_from, m.id LIMIT $3",
    )
    .bind(org.0)
    .bind(email)
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(id, from, until, changed, state)| {
            let to = if state == "removed" { Some(changed) } else { until };
            let held = Span { from: Timestamp::from_micros(from), to: to.map(Timestamp::from_micros) };
            Ok((stored::parse(&id, WHAT)?, held))
        })
        .collect()
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
    read(c, org, None).await
}

/// Returns a member that was not removed. Each request asks.
pub(crate) async fn membership(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: MembershipId,
) -> Result<Option<Member>> {
    Ok(read(c, org, Some(&[id])).await?.pop())
}

/// Returns some members that were not removed.
pub(super) async fn several(
    c: &mut AnyConnection,
    org: OrganizationKey,
    ids: &[MembershipId],
) -> Result<Vec<Member>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(KEYS_PER_STATEMENT) {
        found.extend(read(&mut *c, org, Some(chunk)).await?);
    }
    Ok(found)
}

/// Asks about some members, or about all; `{}` stands where their condition goes, on `column`.
async fn about(
    c: &mut AnyConnection,
    org: OrganizationKey,
    (text, column): (&str, &str),
    ids: Option<&[MembershipId]>,
) -> Result<Vec<AnyRow>> {
    let condition = match ids {
        None => String::new(),
        Some(ids) => {
            let named: Vec<String> = (3..ids.len() + 3).map(|n| format!("${n}")).collect();
            format!("AND {column} IN ({})", named.join(", "))
        }
    };
    let text = text.replace("{}", &condition);
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(LIST_LIMIT);
    for id in ids.unwrap_or_default() {
        query = query.bind(id.to_string());
    }
    Ok(query.fetch_all(c).await?)
}

/// Reads some memberships, or all.
async fn read(
    c: &mut AnyConnection,
    org: OrganizationKey,
    ids: Option<&[MembershipId]>,
) -> Result<Vec<Member>> {
    let text = "SELECT m.id, m.person, m.actor, m.state, m.all_systems, m.valid_from, m.valid_until, m.changed_at, \
         p.name, p.email FROM membership m JOIN person p ON p.id = m.person \
         WHERE m.organization = $1 {} AND m.state <> 'removed' ORDER BY p.name, m.id LIMIT $2";
    let rows = about(&mut *c, org, (text, "m.id"), ids).await?;
    let role = "SELECT membership, role FROM membership_role WHERE organization = $1 AND $2 > 0 {}";
    let roles = pairs(about(&mut *c, org, (role, "membership"), ids).await?)?;
    let system = "SELECT membership, system FROM membership_system WHERE organization = $1 AND $2 > 0 {}";
    let systems = pairs(about(&mut *c, org, (system, "membership"), ids).await?)?;
    let mut engagements = engagements(c, org, ids).await?;
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

/// Reads which engagements let whom in, by membership.
async fn engagements(
    c: &mut AnyConnection,
    org: OrganizationKey,
    ids: Option<&[MembershipId]>,
) -> Result<BTreeMap<String, BTreeMap<EngagementKey, Span>>> {
    let text = "SELECT membership, engagement, valid_from, valid_until FROM membership_engagement \
         WHERE organization = $1 AND $2 > 0 {}";
    let mut all: BTreeMap<String, BTreeMap<EngagementKey, Span>> = BTreeMap::new();
    for row in about(c, org, (text, "membership"), ids).await? {
        let moment = |at: usize| row.try_get(at).map(Timestamp::from_micros);
        let valid = Span { from: moment(2)?, to: Some(moment(3)?) };
        all.entry(row.try_get(0)?).or_default().insert(EngagementKey(row.try_get(1)?), valid);
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

fn pairs(rows: Vec<AnyRow>) -> Result<BTreeMap<String, Vec<String>>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        all.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
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

/// Which proposals.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    /// One.
    One(Uuid),
    /// Those for somebody.
    For(MembershipId),
    /// Those that somebody made.
    By(ActorId),
    /// Those that waited since this moment or longer.
    Until(Timestamp),
}

/// Drops proposals.
pub(super) async fn drop_proposals(c: &mut AnyConnection, org: OrganizationKey, which: Which) -> Result<()> {
    let query = match which {
        Which::One(id) => {
            let text = "DELETE FROM role_proposal WHERE organization = $1 AND id = $2";
            sqlx::query(text).bind(org.0).bind(id.to_string())
        }
        Which::For(membership) => {
            let text = "DELETE FROM role_proposal WHERE organization = $1 AND membership = $2";
            sqlx::query(text).bind(org.0).bind(membership.to_string())
        }
        Which::By(maker) => {
            let text = "DELETE FROM role_proposal WHERE organization = $1 AND asked_by = $2";
            sqlx::query(text).bind(org.0).bind(maker.to_string())
        }
        Which::Until(before) => {
            let text = "DELETE FROM role_proposal WHERE organization = $1 AND asked_at <= $2";
            sqlx::query(text).bind(org.0).bind(before.micros())
        }
    };
    query.execute(c).await?;
    Ok(())
}
