//! Who somebody at a provider is here: said by an invitation that they used there, or by an administrator.

use tickmark_core::Timestamp;
use tickmark_core::id::{MembershipId, ProviderId};
use tickmark_core::identity::{Alert, Atom, Resource, Standing, Verb};
use uuid::Uuid;

use super::super::audit::{self, Event, Name};
use super::super::{people, session};
use super::{atom, find, sql};
use crate::context::{Cx, View};
use crate::{Error, Result};

/// Requests of one connection that wait at one time.
const MOST_WAITING: usize = 500;

/// Somebody at a provider, and who they are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Which link.
    pub id: Uuid,
    /// Through which connection.
    pub provider: ProviderId,
    /// What the provider calls them.
    pub subject: String,
    /// Who they are here.
    pub membership: MembershipId,
    /// How that came about: `invitation` or `approval`.
    pub how: String,
    /// When.
    pub made_at: Timestamp,
}

/// Somebody whom a provider knows and nobody here does yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which request.
    pub id: Uuid,
    /// Through which connection.
    pub provider: ProviderId,
    /// What the provider calls them.
    pub subject: String,
    /// The name that the provider says; may be empty.
    pub name: String,
    /// The address that the provider says; may be empty. It proves nothing.
    pub email: String,
    /// When they last asked.
    pub asked_at: Timestamp,
}

/// Lists who is linked to a connection, the latest first.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown connection.
pub async fn links(view: &mut View<'_>, provider: ProviderId) -> Result<Vec<Linked>> {
    find(view, provider).await?;
    let organization = view.organization();
    sql::links(view.connection(), organization, provider).await
}

/// Lists who waits for being known, the latest first.
///
/// # Errors
/// As [`links`].
pub async fn waiting(view: &mut View<'_>, provider: ProviderId) -> Result<Vec<Waiting>> {
    find(view, provider).await?;
    let organization = view.organization();
    sql::requests(view.connection(), organization, provider).await
}

/// Says that somebody who waits is a member: they come in as that member from now on.
///
/// # Errors
/// `Forbidden`, for programs too, and for whoever does not make owners and administrators where it is one; `StepUp`;
/// `NotFound`; `Conflict` for a membership that rests.
pub async fn approve(
    cx: &mut Cx<'_>,
    provider: ProviderId,
    request: Uuid,
    membership: MembershipId,
) -> Result<()> {
    cx.permit(atom(Verb::Update))?;
    cx.need_person()?;
    let asked = taken(cx, provider, request).await?;
    let member = people::member(cx, membership).await?;
    if member.roles.iter().any(|role| role.is_highest()) {
        // Whoever says who comes in as an owner could come in as one.
        cx.permit(Atom::new(Resource::HighestGrant, Verb::Create))?;
    }
    if member.standing != Standing::Active {
        return Err(Error::conflict("the membership rests; let it count again first"));
    }
    let (organization, by) = (cx.organization(), cx.actor.id);
    let found = find(cx, provider).await?;
    let link = Linked {
        id: cx.new_id(),
        provider,
        subject: asked.subject,
        membership,
        how: "approval".to_owned(),
        made_at: cx.now,
    };
    sql::insert_link(cx.connection(), organization, &link, &found.issuer, by).await?;
    sql::delete_request(cx.connection(), organization, request).await?;
    linked(cx, &link).await?;
    people::alert(cx, member.person, Alert::ProviderLinked).await
}

/// Records that somebody at a provider is a member from now on.
pub(super) async fn linked(cx: &mut Cx<'_>, link: &Linked) -> Result<()> {
    let after = serde_json::json!({"provider": link.provider, "link": link.id, "how": link.how});
    let event = Event { after: Some(after), ..Event::done(Name::ProviderLinked, "member", link.membership) };
    audit::record(cx, event).await
}

/// Says that somebody who waits is nobody here. They may ask again.
///
/// # Errors
/// As [`approve`].
pub async fn decline(cx: &mut Cx<'_>, provider: ProviderId, request: Uuid) -> Result<()> {
    cx.permit(atom(Verb::Update))?;
    cx.need_person()?;
    taken(cx, provider, request).await?;
    let organization = cx.organization();
    sql::delete_request(cx.connection(), organization, request).await?;
    let before = serde_json::json!({"request": request});
    let event =
        Event { before: Some(before), ..Event::done(Name::ProviderDeclined, "identity_provider", provider) };
    audit::record(cx, event).await
}

/// Takes a link away: whoever came in by it is signed out, and the provider vouches for them no more.
///
/// # Errors
/// As [`approve`]; `Invalid` without a reason.
pub async fn unlink(cx: &mut Cx<'_>, provider: ProviderId, link: Uuid, why: &str) -> Result<()> {
    cx.permit(atom(Verb::Update))?;
    cx.need_person()?;
    let found = links(cx, provider).await?.into_iter().find(|one| one.id == link);
    let found = found.ok_or_else(|| Error::not_found("link", link))?;
    if why.trim().is_empty() {
        return Err(Error::invalid("this needs a reason"));
    }
    let (organization, now) = (cx.organization(), cx.now);
    sql::end_link(cx.connection(), organization, link, now).await?;
    session::end_through(cx, provider, &found.subject, "", "unlinked").await?;
    let before = serde_json::json!({"provider": provider, "link": link});
    let event = Event {
        before: Some(before),
        why: Some(why),
        ..Event::done(Name::ProviderUnlinked, "member", found.membership)
    };
    audit::record(cx, event).await
}

/// Takes all links of a member away who is gone.
pub(crate) async fn end_links_of(cx: &mut Cx<'_>, membership: MembershipId) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    sql::end_links_of(cx.connection(), organization, membership, now).await
}

async fn taken(cx: &mut Cx<'_>, provider: ProviderId, request: Uuid) -> Result<Waiting> {
    let found = waiting(cx, provider).await?.into_iter().find(|one| one.id == request);
    found.ok_or_else(|| Error::not_found("request", request))
}

/// Keeps that somebody asked to be known. Asking again moves the moment.
pub(super) async fn ask(cx: &mut Cx<'_>, asked: &Waiting, issuer: &str) -> Result<()> {
    let organization = cx.organization();
    let all = sql::requests(cx.connection(), organization, asked.provider).await?;
    let is_new = !all.iter().any(|one| one.subject == asked.subject);
    if is_new && all.len() >= MOST_WAITING {
        return Err(Error::unavailable("too many wait for an administrator already"));
    }
    sql::put_request(cx.connection(), organization, asked, issuer).await?;
    if is_new {
        let after = serde_json::json!({"request": asked.id});
        let event = Event {
            after: Some(after),
            ..Event::done(Name::ProviderAsked, "identity_provider", asked.provider)
        };
        audit::record(cx, event).await?;
    }
    Ok(())
}
