//! People and their memberships: who is in an organization, as what, for which systems.
//!
//! Somebody comes in by a link ([`join`](mod@join)) and is given roles by somebody else ([`grant`](mod@grant)). What is here
//! changes the standing of those who are in. There is always an active owner: the last one is neither suspended nor removed.

mod address;
mod alert;
mod auditor;
mod grant;
mod join;
mod own;
mod reset;
mod settle;
mod sql;
mod time;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tickmark_core::id::{ActorId, EngagementKey, MembershipId, PersonId, SystemId};
use tickmark_core::identity::{
    Alert, Atom, Email, Object, Reach, Resource, Role, Scope, Standing, Systems, Verb, separation,
};
use tickmark_core::{Span, Timestamp};

use super::audit::{self, Event, Name};
use super::{Access, credential, provider, session};
use crate::context::{Cx, View};
use crate::register::{self, Kind, Page, Query};
use crate::{Error, Result};

pub use address::{ADDRESS_US, Confirming, ask_for_address, set_address};
pub(crate) use alert::{alert, tell_elsewhere};
pub use auditor::{Auditor, Awaited, LetIn};
pub(crate) use auditor::{awaited, let_in, of_engagement, set_end};
pub use grant::{Proposal, agree, decline, grant, proposals, propose, revoke};
pub(crate) use own::oneself;
pub use own::{
    Changed, Codes, Happening, OwnApp, own_app, own_happenings, own_ways, remove_own_app, rename,
    renew_codes, set_own_app,
};
pub use reset::{Lost, RESET_US, Replaced, Replacing, ResetLink, Resetting, offer_reset};

pub use time::set_until;

pub(crate) use join::{Comer, join_through};
pub use join::{
    INVITATION_US, Invitation, Invited, Joined, Joining, Link, SET_UP_US, invitations, invite, invite_until,
    offer_set_up, revoke_invitation,
};

/// What is said where an auditor would be made in another way.
const AUDITORS: &str = "auditors are let into one engagement, on its page, until a day";
/// Most people in one list.
pub const LIST_LIMIT: i64 = 100_000;
const READ: Atom = Atom::new(Resource::Member, Verb::Read);

/// A person in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub id: MembershipId,
    /// Who, in this installation.
    pub person: PersonId,
    /// What the ledger calls them here.
    pub actor: ActorId,
    /// Name for people.
    pub name: String,
    /// How they sign in.
    pub email: String,
    /// As what.
    pub roles: BTreeSet<Role>,
    /// For which systems.
    pub systems: Systems,
    /// Whether it counts.
    pub standing: Standing,
    /// From when until when it counts.
    pub valid: Span,
    /// When anything of it last changed.
    pub changed_at: Timestamp,
    /// Engagements that let them in as an auditor, with from when until when.
    pub engagements: BTreeMap<EngagementKey, Span>,
}

impl Member {
    /// Returns the engagements that let them in at a moment.
    #[must_use]
    pub fn engagements_at(&self, at: Timestamp) -> BTreeSet<EngagementKey> {
        self.engagements.iter().filter(|(_, valid)| valid.contains(at)).map(|(key, _)| *key).collect()
    }

    /// Returns what an audit event says about its state: words and ids.
    pub(crate) fn state(&self) -> Value {
        let systems = match &self.systems {
            Systems::All => Value::from("all"),
            Systems::Only(systems) => json!(systems),
        };
        json!({
            "standing": standing_word(self.standing),
            "roles": self.roles,
            "systems": systems,
            "valid_until": self.valid.to,
        })
    }

    fn object(&self, view: &View<'_>) -> Object {
        Object {
            organization: view.organization(),
            system: match &self.systems {
                Systems::Only(systems) => systems.first().copied(),
                Systems::All => None,
            },
            people: BTreeSet::from([self.actor]),
            engagement: None,
            is_frozen: false,
            is_published: false,
        }
    }

    fn has_highest(&self) -> bool {
        self.roles.iter().any(|role| role.is_highest())
    }
}

pub(crate) fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Suspended => "suspended",
    }
}

/// Lists those who are in the organization, by name, as far as the actor may see.
///
/// # Errors
/// `Forbidden` if the actor may not see members.
pub async fn members(view: &mut View<'_>) -> Result<Vec<Member>> {
    let reach = view.permit(READ)?;
    let mut all = everybody(view).await?;
    all.retain(|member| sees(view, reach.as_ref(), member));
    Ok(all)
}

/// Tells whether the actor is the only member that the organization has now: nobody else could approve what they did.
pub(crate) async fn is_only_member(view: &mut View<'_>) -> Result<bool> {
    let (actor, now) = (view.actor.id, view.now);
    let all = everybody(view).await?;
    let mut active =
        all.iter().filter(|member| member.standing == Standing::Active && member.valid.contains(now));
    Ok(active.next().is_some_and(|member| member.actor == actor) && active.next().is_none())
}

/// Returns a page of those who are in the organization, by name unless another order is asked for, as far as the actor may
/// see, with how many there are.
///
/// # Errors
/// `Forbidden` if the actor may not see members.
pub async fn page(view: &mut View<'_>, query: &Query) -> Result<(Vec<Member>, Page)> {
    let page = register::page(view, Kind::Member, query).await?;
    Ok((some(view, &page.ids).await?, page))
}

/// Returns those of these members that the actor may see, in the order of their ids here, which are as the register has them.
///
/// # Errors
/// `Forbidden` if the actor may not see members.
pub async fn some(view: &mut View<'_>, ids: &[String]) -> Result<Vec<Member>> {
    let reach = view.permit(READ)?;
    let ids: Vec<MembershipId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let mut found = several(view, &ids).await?;
    found.retain(|member| sees(view, reach.as_ref(), member));
    found.sort_by_key(|member| ids.iter().position(|id| *id == member.id));
    Ok(found)
}

fn sees(view: &View<'_>, reach: Option<&Reach>, member: &Member) -> bool {
    let (Some(reach), Access::Member(signed_in)) = (reach, &view.actor.access) else { return true };
    let shares = match (&signed_in.subject.systems, &member.systems) {
        (Systems::All, _) | (_, Systems::All) => true,
        (Systems::Only(mine), Systems::Only(theirs)) => !mine.is_disjoint(theirs),
    };
    reach.has(Scope::Organization) || member.actor == view.actor.id || (reach.has(Scope::Systems) && shares)
}

/// Lists those who are in the organization, by name, whoever asks.
pub(crate) async fn everybody(view: &mut View<'_>) -> Result<Vec<Member>> {
    let organization = view.organization();
    sql::members(view.connection(), organization).await
}

/// Refuses people of an audit firm: they examine the organization, and answer for nothing in it.
pub(crate) async fn need_own(view: &mut View<'_>, who: ActorId) -> Result<()> {
    let is_examiner = |one: &Member| one.actor == who && one.roles.contains(&Role::Auditor);
    if everybody(view).await?.iter().any(is_examiner) {
        return Err(Error::invalid(
            "people of an audit firm examine the organization and answer for nothing in it; choose somebody else",
        ));
    }
    Ok(())
}

/// Returns some of those who are in the organization, whoever asks.
pub(crate) async fn several(view: &mut View<'_>, ids: &[MembershipId]) -> Result<Vec<Member>> {
    let organization = view.organization();
    sql::several(view.connection(), organization, ids).await
}

/// Returns a member.
///
/// # Errors
/// `NotFound` if there is none, or the actor may not know.
pub async fn member(view: &mut View<'_>, id: MembershipId) -> Result<Member> {
    let reach = view.permit(READ)?;
    let found = several(view, &[id]).await?.pop().filter(|member| sees(view, reach.as_ref(), member));
    found.ok_or_else(|| Error::not_found("member", id))
}

/// Lets a membership rest: every session ends, and nothing is permitted until it is resumed.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` without a reason; `Conflict` for the last owner, oneself, or who rests already.
pub async fn suspend(cx: &mut Cx<'_>, id: MembershipId, why: &str) -> Result<()> {
    let member = acted_on(cx, id, Verb::Update).await?;
    if member.standing == Standing::Suspended {
        return Err(Error::conflict("the membership rests already"));
    }
    need_reason(why)?;
    need_another_owner(cx, &member).await?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::set_state(cx.connection(), organization, id, "suspended", now).await?;
    withdraw_made_by(cx, member.actor).await?;
    session::end_all(cx, id, "suspended").await?;
    let after = Member { standing: Standing::Suspended, ..member.clone() };
    changed(cx, Name::Suspended, &member, Some(&after), why).await
}

/// Lets a membership that rests count again. Its sessions stay ended.
///
/// # Errors
/// As [`suspend`].
pub async fn resume(cx: &mut Cx<'_>, id: MembershipId, why: &str) -> Result<()> {
    let member = acted_on(cx, id, Verb::Update).await?;
    if member.standing == Standing::Active {
        return Err(Error::conflict("the membership does not rest"));
    }
    need_reason(why)?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::set_state(cx.connection(), organization, id, "active", now).await?;
    let after = Member { standing: Standing::Active, ..member.clone() };
    changed(cx, Name::Resumed, &member, Some(&after), why).await
}

/// Removes somebody from the organization. What they did stays theirs; coming back needs an invitation.
///
/// # Errors
/// As [`suspend`].
pub async fn remove(cx: &mut Cx<'_>, id: MembershipId, why: &str) -> Result<()> {
    let member = acted_on(cx, id, Verb::Delete).await?;
    need_reason(why)?;
    need_another_owner(cx, &member).await?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::set_state(cx.connection(), organization, id, "removed", now).await?;
    sql::drop_proposals(cx.connection(), organization, sql::Which::For(id)).await?;
    sql::end_links(cx.connection(), sql::Links::Reset, organization, id, now).await?;
    crate::mail::call_off(cx, &format!("reset {id}")).await?;
    withdraw_made_by(cx, member.actor).await?;
    provider::end_links_of(cx, id).await?;
    session::end_all(cx, id, "removed").await?;
    changed(cx, Name::Removed, &member, None, why).await
}

/// Takes back what somebody made who is gone, or rests: invitations, links for others, proposals.
async fn withdraw_made_by(cx: &mut Cx<'_>, maker: ActorId) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    for invitation in sql::invitations(cx.connection(), organization).await? {
        if invitation.made_by == maker && invitation.is_open(now) {
            join::take_back(cx, invitation.id).await?;
        }
    }
    for membership in sql::reset_links_by(cx.connection(), organization, maker).await? {
        sql::end_links(cx.connection(), sql::Links::Reset, organization, membership, now).await?;
        crate::mail::call_off(cx, &format!("reset {membership}")).await?;
    }
    sql::drop_proposals(cx.connection(), organization, sql::Which::By(maker)).await
}

/// Returns how many sessions a member is signed in to. For whoever may act on members.
///
/// # Errors
/// `Forbidden` if the actor may not see members; `NotFound` as [`member`].
pub async fn sessions(view: &mut View<'_>, id: MembershipId) -> Result<usize> {
    let member = member(view, id).await?;
    session::count(view, &member).await
}

/// Ends every session of a member, wherever they are signed in to the organization. The membership goes on.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` without a reason; `Conflict` for oneself, whose own sessions are on the page of the
/// account.
pub async fn sign_out(cx: &mut Cx<'_>, id: MembershipId, why: &str) -> Result<()> {
    let member = acted_on(cx, id, Verb::Update).await?;
    need_reason(why)?;
    session::end_all(cx, member.id, "ended_by_another").await?;
    let event = Event { why: Some(why), ..Event::done(Name::SignedOutByOther, "member", id) };
    audit::record(cx, event).await
}

/// Takes away what somebody signs in with, and makes a link by which they enroll again. For whoever operates the
/// installation, on the machine: it is about the person, in every organization they are in. Earlier links of this organization
/// stop working.
///
/// # Errors
/// `Forbidden` for members; `NotFound`; `Invalid` without a reason.
pub async fn reset(cx: &mut Cx<'_>, id: MembershipId, why: &str) -> Result<Link> {
    cx.authorize(crate::Action::Operate)?;
    let member = member(cx, id).await?;
    need_reason(why)?;
    credential::reset(cx, member.person).await?;
    credential::forget_failures(cx, &address(&member.email)?).await?;
    session::end_all_of_person(cx, member.person, "reset").await?;
    let after = json!({"lost": "all"});
    let event =
        Event { after: Some(after.clone()), why: Some(why), ..Event::done(Name::FactorReset, "member", id) };
    audit::record(cx, event).await?;
    tell_elsewhere(cx, member.person, Name::FactorReset, &after).await?;
    alert(cx, member.person, Alert::Reset).await?;
    join::withdraw_links(cx, &member.email).await?;
    join::link(cx, Some(&member.email), &BTreeSet::new(), "operator", (INVITATION_US, None)).await
}

/// Says for which systems somebody is. Where roles reach assigned systems only, they reach these.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown member or system; `Invalid` for none.
pub async fn assign_systems(cx: &mut Cx<'_>, id: MembershipId, systems: Systems, why: &str) -> Result<()> {
    let member = acted_on(cx, id, Verb::Update).await?;
    if matches!(&systems, Systems::Only(some) if some.is_empty()) {
        return Err(Error::invalid("name at least one system"));
    }
    known_systems(cx, &systems).await?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::set_systems(cx.connection(), organization, id, &systems, now).await?;
    let after = Member { systems, ..member.clone() };
    changed(cx, Name::SystemsAssigned, &member, Some(&after), why).await
}

/// Finds whom something is done to, and asks whether it may be.
async fn acted_on(cx: &mut Cx<'_>, id: MembershipId, verb: Verb) -> Result<Member> {
    let member = member(cx, id).await?;
    let object = member.object(cx);
    cx.permit_on(Atom::new(Resource::Member, verb), &object)?;
    if member.has_highest() {
        // Only those who make owners and administrators act on them.
        cx.permit(Atom::new(Resource::HighestGrant, Verb::Delete))?;
    }
    if member.actor == cx.actor.id {
        return Err(Error::conflict("nobody changes their own membership"));
    }
    Ok(member)
}

async fn need_another_owner(cx: &mut Cx<'_>, member: &Member) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    let is_owner = move |one: &Member| {
        one.standing == Standing::Active && one.roles.contains(&Role::Owner) && one.valid.contains(now)
    };
    if !is_owner(member) {
        return Ok(());
    }
    let all = sql::members(cx.connection(), organization).await?;
    if all.iter().any(|one| one.id != member.id && is_owner(one)) {
        Ok(())
    } else {
        Err(Error::conflict("this is the last owner"))
    }
}

fn need_reason(why: &str) -> Result<()> {
    if why.trim().is_empty() { Err(Error::invalid("this needs a reason")) } else { Ok(()) }
}

async fn changed(
    cx: &mut Cx<'_>,
    name: Name,
    before: &Member,
    after: Option<&Member>,
    why: &str,
) -> Result<()> {
    let event = Event {
        before: Some(before.state()),
        after: after.map(Member::state),
        why: Some(why),
        ..Event::done(name, "member", before.id)
    };
    audit::record(cx, event).await
}

/// Where a person is a member, for signing in.
pub(crate) use sql::{Home, addresses, homes, membership, person_by_email, person_email, person_of_actor};

/// Returns who is signed in, in this installation.
///
/// # Errors
/// `Forbidden` if nobody is.
pub(crate) async fn own_person(view: &mut View<'_>) -> Result<PersonId> {
    if view.actor.access == Access::Local {
        return Err(Error::Forbidden("only people with accounts set something for themselves".to_owned()));
    }
    let (organization, actor) = (view.organization(), view.actor.id);
    let found = sql::person_of_actor(view.connection(), organization, actor).await?;
    found.ok_or_else(|| Error::not_found("member", actor))
}

/// Reads a list of system ids that are here.
async fn known_systems(view: &mut View<'_>, systems: &Systems) -> Result<()> {
    let Systems::Only(wanted) = systems else { return Ok(()) };
    let here: BTreeSet<SystemId> = super::systems(view).await?.into_iter().map(|system| system.id).collect();
    match wanted.iter().find(|system| !here.contains(system)) {
        Some(unknown) => Err(Error::not_found("system", unknown)),
        None => Ok(()),
    }
}

/// Says why a separation of duties refuses.
fn separated(result: Result<(), separation::Conflict>) -> Result<()> {
    result.map_err(|conflict| Error::Forbidden(conflict.to_string()))
}

/// What an actor is called: two people can have the same name, and a name on the command line is nobody's account.
fn label(name: &str, email: &Email) -> String {
    format!("{name} <{email}>").chars().take(200).collect()
}

/// Parses an address that somebody typed.
fn address(text: &str) -> Result<Email> {
    text.parse().map_err(Error::invalid)
}

/// Refuses what a separation of duties refuses; the refusal is recorded after the change is undone.
fn refused(
    cx: &mut Cx<'_>,
    id: MembershipId,
    verdict: std::result::Result<(), separation::Conflict>,
) -> Result<()> {
    if let Err(conflict) = verdict {
        cx.refuse_by_rule("member", id.to_string(), conflict.word());
    }
    separated(verdict)
}
