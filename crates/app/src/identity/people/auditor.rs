//! People of an audit firm: they come in by an engagement, for a time, and are nothing else here.

use std::collections::BTreeSet;

use tickmark_core::id::{EngagementKey, InvitationId, MembershipId};
use tickmark_core::identity::{Atom, Resource, Role, Verb, separation};
use tickmark_core::{Span, Timestamp};

use super::super::audit::{self, Event, Name};
use super::join::invite_as;
use super::{Invitation, Link, Member, address, refused, sql};
use crate::context::{Cx, View};
use crate::{Error, Result};

/// Somebody of an audit firm, as an engagement lets them in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auditor {
    /// Who.
    pub member: Member,
    /// From when until when.
    pub valid: Span,
}

/// How somebody is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetIn {
    /// They are new here: by a link that works once.
    ByLink(Link),
    /// They are here as an auditor already.
    AtOnce(MembershipId),
}

/// Somebody of an audit firm who was let into an engagement by a link and has not come in by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// By which invitation.
    pub invitation: Invitation,
    /// Until when they are let in once they come.
    pub until: Timestamp,
}

/// Lets somebody of an audit firm into an engagement until a moment. `examined` is the first moment of what is examined.
///
/// # Errors
/// `StepUp`; `Invalid` for what is no address; `Forbidden`, also for whoever is anything else here, or was from 12 months
/// before what is examined on.
pub(crate) async fn let_in(
    cx: &mut Cx<'_>,
    email: &str,
    engagement: EngagementKey,
    examined: Timestamp,
    until: Timestamp,
) -> Result<LetIn> {
    cx.permit(Atom::new(Resource::Member, Verb::Create))?;
    cx.permit(Atom::new(Resource::Grant, Verb::Create))?;
    let organization = cx.organization();
    let typed = address(email)?;
    for (id, held) in sql::held_otherwise(cx.connection(), organization, typed.as_str()).await? {
        refused(cx, id, separation::independent(&[held], examined, None))?;
    }
    let members = sql::members(cx.connection(), organization).await?;
    let Some(member) = members.into_iter().find(|member| member.email == typed.as_str()) else {
        // The earlier link stops working; into what it was to let them, the new one lets them as well.
        let promised = sql::promised_to(cx.connection(), organization, typed.as_str()).await?;
        let link = invite_as(cx, email, &BTreeSet::from([Role::Auditor]), None).await?;
        sql::promise(cx.connection(), organization, link.invitation, engagement, until).await?;
        for (other, until) in promised.into_iter().filter(|(other, _)| *other != engagement) {
            sql::promise(cx.connection(), organization, link.invitation, other, until).await?;
        }
        granted(cx, engagement, "invitation", link.invitation.to_string(), until).await?;
        return Ok(LetIn::ByLink(link));
    };
    let verdict = separation::auditor_only(&member.roles);
    refused(cx, member.id, verdict)?;
    if member.engagements.get(&engagement).is_some_and(|valid| valid.contains(cx.now)) {
        return Err(Error::conflict(format!("{engagement} lets them in already; extend it instead")));
    }
    let (by, valid) = (cx.actor.id, Span { from: cx.now, to: Some(until) });
    sql::set_engagement(cx.connection(), organization, member.id, engagement, valid, by).await?;
    granted(cx, engagement, "member", member.id.to_string(), until).await?;
    Ok(LetIn::AtOnce(member.id))
}

async fn granted(
    cx: &mut Cx<'_>,
    engagement: EngagementKey,
    whom: &'static str,
    id: String,
    until: Timestamp,
) -> Result<()> {
    let after = serde_json::json!({whom: id, "valid_until": until});
    let event = Event { after: Some(after), ..Event::done(Name::AccessGranted, "engagement", engagement) };
    audit::record(cx, event).await
}

/// Lets whoever came in by an invitation into the engagements that it was about.
pub(super) async fn keep_promise(
    cx: &mut Cx<'_>,
    invitation: InvitationId,
    membership: MembershipId,
) -> Result<()> {
    let organization = cx.organization();
    let (by, now) = (cx.actor.id, cx.now);
    for (engagement, until) in sql::promised(cx.connection(), organization, invitation).await? {
        // A day that is over meanwhile lets nobody in.
        let valid = Span { from: now.min(until), to: Some(until) };
        sql::set_engagement(cx.connection(), organization, membership, engagement, valid, by).await?;
    }
    Ok(())
}

/// Lists those whom an engagement awaits, newest first; whoever asks. A link that was replaced or taken back awaits nobody.
pub(crate) async fn awaited(view: &mut View<'_>, engagement: EngagementKey) -> Result<Vec<Awaited>> {
    let organization = view.organization();
    let promises = sql::promises(view.connection(), organization, engagement).await?;
    if promises.is_empty() {
        return Ok(Vec::new());
    }
    let all = sql::invitations(view.connection(), organization).await?;
    let unused = all.into_iter().filter(|one| one.used_at.is_none() && one.revoked_at.is_none());
    Ok(unused
        .filter_map(|invitation| {
            let until = promises.iter().find(|(id, _)| *id == invitation.id)?.1;
            Some(Awaited { invitation, until })
        })
        .collect())
}

/// Lists those whom an engagement lets in, or let in, by name; whoever asks.
pub(crate) async fn of_engagement(view: &mut View<'_>, engagement: EngagementKey) -> Result<Vec<Auditor>> {
    let organization = view.organization();
    let members = sql::members(view.connection(), organization).await?;
    let one = |member: Member| {
        let valid = *member.engagements.get(&engagement)?;
        Some(Auditor { member, valid })
    };
    Ok(members.into_iter().filter_map(one).collect())
}

/// Moves the end of somebody's access; whoever asks.
///
/// # Errors
/// `NotFound` if the engagement does not let them in; `Conflict` for oneself.
pub(crate) async fn set_end(
    cx: &mut Cx<'_>,
    engagement: EngagementKey,
    id: MembershipId,
    until: Timestamp,
) -> Result<Auditor> {
    let all = of_engagement(cx, engagement).await?;
    let found = all.into_iter().find(|one| one.member.id == id);
    let found = found.ok_or_else(|| Error::not_found("auditor", id))?;
    let verdict = separation::extend(cx.actor.id, found.member.actor);
    refused(cx, id, verdict)?;
    let (organization, by) = (cx.organization(), cx.actor.id);
    let from = if found.valid.contains(cx.now) { found.valid.from } else { cx.now };
    let valid = Span { from: from.min(until), to: Some(until) };
    sql::set_engagement(cx.connection(), organization, id, engagement, valid, by).await?;
    Ok(Auditor { valid, ..found })
}
