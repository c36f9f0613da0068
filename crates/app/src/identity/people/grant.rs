//! Giving and taking roles.
//!
//! Nobody gives a role to themselves. Owners and administrators are made by two owners: one proposes, another agrees. Whoever
//! operates the installation stands for both, on the machine: otherwise an organization with one owner could never have a
//! second one. Sessions of whoever gets or loses a role end, so that the next one begins with what they now are.

use tickmark_core::id::{ActorId, MembershipId};
use tickmark_core::identity::{Alert, Atom, Resource, Role, Verb, separation};
use tickmark_core::{Span, Timestamp};
use uuid::Uuid;

use super::super::audit::{self, Event, Name};
use super::super::{Access, session};
use super::{AUDITORS, Member, alert, member, need_another_owner, need_reason, refused, sql};
use crate::context::{Cx, View};
use crate::{Error, Result};

/// How long a proposal waits for a second person, in microseconds: 7 days.
const PROPOSAL_US: i64 = 7 * tickmark_core::time::DAY_US;

/// A role that somebody proposed and nobody has agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: Uuid,
    /// For whom.
    pub member: MembershipId,
    /// Which role.
    pub role: Role,
    /// By whom.
    pub asked_by: ActorId,
    /// When.
    pub asked_at: Timestamp,
}

/// Gives an ordinary role. The highest ones need [`propose`], unless it is done on the machine.
///
/// # Errors
/// `Forbidden`; `StepUp`; `NotFound`; `Conflict` if they have it, or it is not for members.
pub async fn grant(cx: &mut Cx<'_>, id: MembershipId, role: Role) -> Result<()> {
    let member = receiver(cx, id, role, Verb::Create).await?;
    if !is_operator(cx) {
        let verdict = separation::grant(cx.actor.id, member.actor, role, None);
        refused(cx, id, verdict)?;
    }
    give(cx, &member, role).await
}

/// Proposes to make somebody an owner or administrator.
///
/// # Errors
/// As [`grant`]; `Conflict` if it is proposed already; `Invalid` if the role needs no second person.
pub async fn propose(cx: &mut Cx<'_>, id: MembershipId, role: Role) -> Result<Uuid> {
    if !role.is_highest() {
        return Err(Error::invalid("this role needs no second person"));
    }
    let member = receiver(cx, id, role, Verb::Create).await?;
    if cx.actor.id == member.actor {
        refused(cx, id, Err(separation::Conflict::OwnGrant))?;
    }
    let (organization, proposal) = (cx.organization(), cx.new_id());
    let (by, now) = (cx.actor.id, cx.now);
    sql::drop_proposals(cx.connection(), organization, sql::Which::Until(now.plus_micros(-PROPOSAL_US)))
        .await?;
    sql::insert_proposal(
        cx.connection(),
        organization,
        &Proposal { id: proposal, member: id, role, asked_by: by, asked_at: now },
    )
    .await?;
    let after = serde_json::json!({"role": role, "proposal": proposal});
    let event = Event { after: Some(after), ..Event::done(Name::RoleProposed, "member", id) };
    audit::record(cx, event).await?;
    Ok(proposal)
}

/// Lists what waits for a second person, oldest first.
///
/// # Errors
/// `Forbidden` if the actor may not see such grants.
pub async fn proposals(view: &mut View<'_>) -> Result<Vec<Proposal>> {
    view.permit(Atom::new(Resource::HighestGrant, Verb::Read))?;
    let organization = view.organization();
    let now = view.now;
    let waiting = Span { from: now.plus_micros(-PROPOSAL_US), to: None };
    let all = sql::proposals(view.connection(), organization).await?;
    Ok(all.into_iter().filter(|one| waiting.contains(one.asked_at)).collect())
}

/// Agrees to what somebody else proposed: the role is given.
///
/// # Errors
/// As [`grant`]; `Forbidden` for whoever proposed it and for whom it is about; `NotFound` if it waits no longer.
pub async fn agree(cx: &mut Cx<'_>, id: Uuid) -> Result<()> {
    let proposal = find(cx, id).await?;
    let member = receiver(cx, proposal.member, proposal.role, Verb::Create).await?;
    let second = Some(cx.actor.id);
    let verdict = separation::grant(proposal.asked_by, member.actor, proposal.role, second);
    refused(cx, proposal.member, verdict)?;
    let organization = cx.organization();
    sql::drop_proposals(cx.connection(), organization, sql::Which::One(id)).await?;
    give(cx, &member, proposal.role).await
}

/// Declines what was proposed, or takes it back.
///
/// # Errors
/// As [`agree`], except that anybody who may agree to such grants may.
pub async fn decline(cx: &mut Cx<'_>, id: Uuid, why: &str) -> Result<()> {
    let proposal = find(cx, id).await?;
    cx.permit(Atom::new(Resource::HighestGrant, Verb::Delete))?;
    let organization = cx.organization();
    sql::drop_proposals(cx.connection(), organization, sql::Which::One(id)).await?;
    let before = serde_json::json!({"role": proposal.role, "proposal": id});
    let event = Event {
        before: Some(before),
        why: Some(why),
        ..Event::done(Name::RoleRevoked, "member", proposal.member)
    };
    audit::record(cx, event).await
}

/// Takes a role away.
///
/// # Errors
/// `Forbidden`; `StepUp`; `NotFound`; `Invalid` without a reason; `Conflict` if they do not have it, or it is the last
/// owner's.
pub async fn revoke(cx: &mut Cx<'_>, id: MembershipId, role: Role, why: &str) -> Result<()> {
    let member = member(cx, id).await?;
    cx.permit(Atom::new(kind(role), Verb::Delete))?;
    need_reason(why)?;
    if !member.roles.contains(&role) {
        return Err(Error::conflict(format!("they are not {role}")));
    }
    if role == Role::Owner {
        need_another_owner(cx, &member).await?;
    }
    let (organization, now) = (cx.organization(), cx.now);
    sql::delete_role(cx.connection(), organization, id, role, now).await?;
    session::end_all(cx, id, "roles_changed").await?;
    let mut after = member.clone();
    after.roles.remove(&role);
    let event = Event {
        before: Some(member.state()),
        after: Some(after.state()),
        why: Some(why),
        ..Event::done(Name::RoleRevoked, "member", id)
    };
    audit::record(cx, event).await?;
    alert(cx, member.person, Alert::RolesChanged).await
}

async fn give(cx: &mut Cx<'_>, member: &Member, role: Role) -> Result<()> {
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    sql::insert_role(cx.connection(), organization, member.id, role, by, now).await?;
    session::end_all(cx, member.id, "roles_changed").await?;
    let mut after = member.clone();
    after.roles.insert(role);
    let event = Event {
        before: Some(member.state()),
        after: Some(after.state()),
        ..Event::done(Name::RoleGranted, "member", member.id)
    };
    audit::record(cx, event).await?;
    alert(cx, member.person, Alert::RolesChanged).await
}

async fn receiver(cx: &mut Cx<'_>, id: MembershipId, role: Role, verb: Verb) -> Result<Member> {
    let member = member(cx, id).await?;
    cx.permit(Atom::new(kind(role), verb))?;
    if !role.is_for_members() {
        return Err(Error::invalid(format!("nobody is made a {role}")));
    }
    if role == Role::Auditor {
        return Err(Error::invalid(AUDITORS));
    }
    if member.roles.contains(&role) {
        return Err(Error::conflict(format!("they are {role} already")));
    }
    let verdict = separation::no_auditor(&member.roles);
    refused(cx, id, verdict)?;
    Ok(member)
}

async fn find(cx: &mut Cx<'_>, id: Uuid) -> Result<Proposal> {
    let all = proposals(cx).await?;
    all.into_iter().find(|one| one.id == id).ok_or_else(|| Error::not_found("proposal", id))
}

fn kind(role: Role) -> Resource {
    if role.is_highest() { Resource::HighestGrant } else { Resource::Grant }
}

fn is_operator(cx: &Cx<'_>) -> bool {
    cx.actor.access == Access::Local
}
