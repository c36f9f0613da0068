//! Letting people of the audit firm into one engagement, for a time.

use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{Party, access_ends};
use tickmark_core::id::{InvitationId, MembershipId};
use tickmark_core::identity::{Atom, Resource, Verb};

use super::super::atom;
use super::{Field, field};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::people::{self, Auditor, Awaited, LetIn};
use crate::{Error, Result};

/// The permission to let somebody in: that of whoever invites people.
pub const LETTING_IN: Atom = Atom::new(Resource::Member, Verb::Create);

/// Lists whom the engagement lets in, or let in.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn auditors(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Auditor>> {
    let field = field(view, key).await?;
    view.permit_on(atom(Verb::Read), &field.object)?;
    people::of_engagement(view, key).await
}

/// Lists who was let in by a link and has not come in by it.
///
/// # Errors
/// As [`auditors`].
pub async fn awaited(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Awaited>> {
    let field = field(view, key).await?;
    view.permit_on(atom(Verb::Read), &field.object)?;
    people::awaited(view, key).await
}

/// Returns why nobody can be let in now, nor a link be made anew; none where both can be done. To move the end of an access
/// that is there needs none of it: who was in may have to read what was frozen.
///
/// # Errors
/// As [`auditors`].
pub async fn shut(view: &mut View<'_>, key: EngagementKey) -> Result<Option<String>> {
    let field = field(view, key).await?;
    view.permit_on(atom(Verb::Read), &field.object)?;
    Ok(match may_let_in(&field) {
        Ok(()) => None,
        Err(Error::Conflict(why)) => Some(why),
        Err(error) => return Err(error),
    })
}

fn may_let_in(field: &Field) -> Result<()> {
    field.need_open()?;
    if field.version.record.approved().is_none() {
        return Err(Error::conflict("the scope is not approved; it says what an auditor may see"));
    }
    Ok(())
}

/// Makes another link for somebody who was let in and has not come in; the earlier one stops working. The end of their
/// access stays.
///
/// # Errors
/// As [`let_in`]; `NotFound` for whoever came in, or was not let in; `Conflict` if their access would be over by now.
pub async fn renew(cx: &mut Cx<'_>, key: EngagementKey, invitation: InvitationId) -> Result<(String, LetIn)> {
    let field = field(cx, key).await?;
    cx.permit_on(LETTING_IN, &field.object)?;
    may_let_in(&field)?;
    let awaited = people::awaited(cx, key).await?;
    let found = awaited.into_iter().find(|one| one.invitation.id == invitation);
    let missing = || Error::not_found("invitation", invitation);
    let Awaited { invitation: held, until } = found.ok_or_else(missing)?;
    let email = held.email.ok_or_else(missing)?;
    if until <= cx.now {
        return Err(Error::conflict("their access would be over by now; let them in until another day"));
    }
    let (first, _) = field.version.record.holds().time.days();
    let let_in = people::let_in(cx, &email, key, first.starts(), until).await?;
    Ok((email, let_in))
}

/// Lets somebody of the firm in until the end of a day.
///
/// # Errors
/// `Forbidden`, also for whoever is anything else in the organization, or was from 12 months before the time that is
/// examined on; `StepUp`; `NotFound`; `Invalid` for what is no address, or a day that is over or too far away; `Conflict` once
/// the engagement is frozen.
pub async fn let_in(cx: &mut Cx<'_>, key: EngagementKey, email: &str, last: Day) -> Result<LetIn> {
    let field = field(cx, key).await?;
    cx.permit_on(LETTING_IN, &field.object)?;
    may_let_in(&field)?;
    let until = access_ends(last, cx.now).map_err(Error::invalid)?;
    let (first, _) = field.version.record.holds().time.days();
    people::let_in(cx, email, key, first.starts(), until).await
}

/// Moves the end of somebody's access to the end of another day, with a reason.
///
/// # Errors
/// As [`let_in`]; `Invalid` without a reason.
pub async fn extend(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    id: MembershipId,
    last: Day,
    why: &str,
) -> Result<()> {
    let until = access_ends(last, cx.now).map_err(Error::invalid)?;
    set_end(cx, key, id, (until, Name::AccessExtended), why).await
}

/// Ends somebody's access now, with a reason.
///
/// # Errors
/// As [`extend`].
pub async fn end(cx: &mut Cx<'_>, key: EngagementKey, id: MembershipId, why: &str) -> Result<()> {
    let now = cx.now;
    set_end(cx, key, id, (now, Name::AccessEnded), why).await
}

async fn set_end(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    id: MembershipId,
    (until, name): (tickmark_core::Timestamp, Name),
    why: &str,
) -> Result<()> {
    let field = field(cx, key).await?;
    if field.party == Party::Auditor {
        return Err(Error::not_found("auditor", id));
    }
    cx.permit_on(atom(Verb::Update), &field.object)?;
    cx.need_person()?;
    if why.trim().is_empty() {
        return Err(Error::invalid("say why, so that others can follow it"));
    }
    people::set_end(cx, key, id, until).await?;
    let after = serde_json::json!({"member": id, "valid_until": until});
    let event = Event { after: Some(after), why: Some(why), ..Event::done(name, "engagement", key) };
    audit::record(cx, event).await
}
