//! What the organization asks of its members when they sign in.

use tickmark_core::id::PersonId;
use tickmark_core::identity::{Atom, Factor, Resource, Role, SignInRule, Standing, Verb};

use super::super::audit::{self, Event, Name};
use super::super::people::{self, oneself};
use super::super::{Access, passkey};
use super::{need_fresh_proof, sql};
use crate::context::{Cx, View};
use crate::{Error, Result};

/// Passkeys of whoever asks others for one: losing one must not close the organization.
const OWN_PASSKEYS: usize = 2;

/// Returns what the organization asks for.
///
/// # Errors
/// `Forbidden` if the actor may not see it.
pub async fn rule(view: &mut View<'_>) -> Result<SignInRule> {
    view.permit(Atom::new(Resource::Organization, Verb::Read))?;
    let organization = view.organization();
    sql::rule(view.connection(), organization).await
}

/// Sets what the organization asks for. It counts from the next request of everybody on.
///
/// # Errors
/// `Forbidden`; `StepUp`; `Invalid` without a reason; `Conflict` if it is as it was, or if a passkey is asked for by somebody
/// who is not in by one and has no second one.
pub async fn set_rule(cx: &mut Cx<'_>, rule: SignInRule, why: &str) -> Result<()> {
    cx.permit(Atom::new(Resource::Organization, Verb::Update))?;
    let organization = cx.organization();
    let before = sql::rule(cx.connection(), organization).await?;
    if let Access::Member(signed_in) = &cx.actor.access {
        let factor = signed_in.subject.assurance.factor;
        need_fresh_proof(cx)?;
        let own = oneself(cx).await?;
        let asks = rule.required(&[tickmark_core::identity::Role::Owner].into()) == Factor::Passkey;
        let has = passkey::count(cx.connection(), own.person).await?;
        if asks && (factor < Factor::Passkey || has < OWN_PASSKEYS) {
            return Err(Error::conflict(
                "whoever asks for passkeys is signed in with one and has a second one, so that losing one does not \
                 lock the organization",
            ));
        }
    }
    if why.trim().is_empty() {
        return Err(Error::invalid("this needs a reason"));
    }
    if rule == before {
        return Err(Error::conflict("this is asked for already"));
    }
    let (by, now) = (cx.actor.id, cx.now);
    sql::set_rule(cx.connection(), organization, rule, by, now).await?;
    let event = Event {
        before: Some(serde_json::json!({"sign_in": before.word()})),
        after: Some(serde_json::json!({"sign_in": rule.word()})),
        why: Some(why),
        ..Event::done(Name::ConfigChanged, "organization", cx.actor.organization.id)
    };
    audit::record(cx, event).await
}

/// Returns the most that any organization asks of a person.
pub(crate) async fn required_of(view: &mut View<'_>, person: PersonId) -> Result<Factor> {
    view.reach_all().await?;
    let (c, mut most) = (view.connection(), Factor::Code);
    for home in people::homes(c, person).await? {
        let member = people::membership(c, home.organization, home.membership).await?;
        if let Some(member) = member.filter(|member| member.standing == Standing::Active) {
            most = most.max(sql::rule(c, home.organization).await?.required(&member.roles));
        }
    }
    view.confine().await?;
    Ok(most)
}

/// Somebody in the other organizations of the installation, seen from one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// Whether they are in any.
    pub(crate) is_member: bool,
    /// Whether one of them asks for more than this one, or has made them what only the highest or outsiders are: then
    /// nobody here decides about what they sign in with.
    pub(crate) asks_more: bool,
}

/// Returns how a person stands elsewhere. A membership that rests counts: it can count again any day.
pub(crate) async fn elsewhere(view: &mut View<'_>, person: PersonId) -> Result<Elsewhere> {
    let here = view.organization();
    view.reach_all().await?;
    let c = view.connection();
    let (mut own, mut most, mut is_member, mut is_high) = (Factor::Password, Factor::Password, false, false);
    for home in people::homes(c, person).await? {
        let Some(member) = people::membership(c, home.organization, home.membership).await? else { continue };
        let required = sql::rule(c, home.organization).await?.required(&member.roles);
        if home.organization == here {
            own = required;
            continue;
        }
        is_member = true;
        most = most.max(required);
        is_high |= member.roles.iter().any(|role| role.is_highest() || *role == Role::Auditor);
    }
    view.confine().await?;
    Ok(Elsewhere { is_member, asks_more: is_high || most > own })
}
