//! What the organization asks of its members when they sign in.

use std::collections::BTreeSet;

use sqlx::AnyConnection;
use tickmark_core::id::{OrganizationKey, PasskeyId, PersonId};
use tickmark_core::identity::{Atom, Factor, Resource, Role, SignInRule, Standing, Verb};

use super::super::audit::{self, Event, Name};
use super::super::people::{self, oneself};
use super::super::{Access, Version, attestation, passkey};
use super::{Session, factor_here, need_fresh_proof, own, sql};
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

/// Returns what the organization asked for, oldest first. Nothing before it first said so: what held then is the default.
///
/// # Errors
/// As [`rule`].
pub async fn rule_versions(view: &mut View<'_>) -> Result<Vec<Version<SignInRule>>> {
    view.permit(Atom::new(Resource::Organization, Verb::Read))?;
    let organization = view.organization();
    sql::rule_versions(view.connection(), organization).await
}

/// Sets what the organization asks for. It counts from the next request of everybody on.
///
/// # Errors
/// `Forbidden`; `StepUp`; `Invalid` without a reason; `Conflict` if it is as it was, if a passkey is asked for by somebody who is
/// not in by one and has no second one, or if attested ones are asked for and none could be accepted.
pub async fn set_rule(cx: &mut Cx<'_>, rule: SignInRule, why: &str) -> Result<()> {
    cx.permit(Atom::new(Resource::Organization, Verb::Update))?;
    let organization = cx.organization();
    let before = sql::rule(cx.connection(), organization).await?;
    if let Access::Member(signed_in) = &cx.actor.access {
        let factor = signed_in.subject.assurance.factor;
        need_fresh_proof(cx)?;
        let own = oneself(cx).await?;
        let asked = rule.required(&BTreeSet::from([Role::Owner]));
        let has = passkey::count(cx.connection(), own.person).await?;
        if asked >= Factor::Passkey && (factor < Factor::Passkey || has < OWN_PASSKEYS) {
            return Err(Error::conflict(
                "whoever asks for passkeys is signed in with one and has a second one, so that losing one does not \
                 lock the organization",
            ));
        }
        need_own_attested(cx, own.person, asked).await?;
    }
    if rule.asks_attestation() && attestation::anchors(cx.connection(), organization).await?.is_none() {
        return Err(Error::conflict(
            "before attested passkeys are asked for, say whose are accepted: at least one certificate of a maker, and one model",
        ));
    }
    if why.trim().is_empty() {
        return Err(Error::invalid("this needs a reason"));
    }
    if rule == before {
        return Err(Error::conflict("this is asked for already"));
    }
    let (by, now) = (cx.actor.id, cx.now);
    sql::set_rule(cx.connection(), organization, rule, (by, why), now).await?;
    let event = Event {
        before: Some(serde_json::json!({"sign_in": before.word()})),
        after: Some(serde_json::json!({"sign_in": rule.word()})),
        why: Some(why),
        ..Event::done(Name::ConfigChanged, "organization", cx.actor.organization.id)
    };
    audit::record(cx, event).await
}

/// Refuses whoever asks for attested passkeys without being in by one and having a second one.
async fn need_own_attested(cx: &mut Cx<'_>, person: PersonId, asked: Factor) -> Result<()> {
    if asked < Factor::Attested {
        return Ok(());
    }
    let organization = cx.organization();
    let (_, shown) = own_proof(cx).await?;
    let keys = passkey::ids(cx.connection(), person).await?;
    let trusted = attestation::trusted_of(cx.connection(), organization, &keys).await?;
    if trusted.len() >= OWN_PASSKEYS && shown.is_some_and(|shown| trusted.contains(&shown)) {
        return Ok(());
    }
    Err(Error::conflict(
        "whoever asks for attested passkeys is signed in with one that is accepted and has a second one, so that losing one \
         does not lock the organization",
    ))
}

/// Asks for a passkey of owners, administrators and auditors from the beginning: where the first owner comes in by one, so
/// that it is known to work here, and nothing was set before.
pub(crate) async fn begin_strict(cx: &mut Cx<'_>) -> Result<()> {
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    if sql::has_rule(cx.connection(), organization).await? {
        return Ok(());
    }
    let rule = SignInRule::PasskeyOfPrivileged;
    sql::set_rule(cx.connection(), organization, rule, (by, ""), now).await?;
    let event = Event {
        before: Some(serde_json::json!({"sign_in": SignInRule::default().word()})),
        after: Some(serde_json::json!({"sign_in": rule.word()})),
        ..Event::done(Name::ConfigChanged, "organization", cx.actor.organization.id)
    };
    audit::record(cx, event).await
}

/// Returns what an organization asks for, whoever asks.
pub(crate) async fn rule_of(c: &mut AnyConnection, organization: OrganizationKey) -> Result<SignInRule> {
    sql::rule(c, organization).await
}

/// Returns what was shown in the session that one is in: how strong it is, and which passkey it was.
pub(crate) async fn own_proof(view: &mut View<'_>) -> Result<(Factor, Option<PasskeyId>)> {
    let session = own_row(view).await?;
    Ok((session.factor, session.passkey))
}

/// Tells whether what was shown in the session that one is in is still enough here, as things are now.
pub(crate) async fn is_still_enough(view: &mut View<'_>) -> Result<bool> {
    let Access::Member(signed_in) = &view.actor.access else { return Ok(true) };
    let required = signed_in.subject.required;
    let session = own_row(view).await?;
    let organization = view.organization();
    let rule = sql::rule(view.connection(), organization).await?;
    Ok(factor_here(view.connection(), organization, rule, &session).await? >= required)
}

async fn own_row(view: &mut View<'_>) -> Result<Session> {
    let (_, id) = own(view).await?;
    let organization = view.organization();
    let found = sql::find(view.connection(), organization, id).await?;
    found.ok_or_else(|| Error::not_found("session", id))
}

/// Returns what each organization asks of a person where their membership counts.
pub(crate) async fn asked_of(
    view: &mut View<'_>,
    person: PersonId,
) -> Result<Vec<(OrganizationKey, Factor)>> {
    view.reach_all().await?;
    let (c, mut asked) = (view.connection(), Vec::new());
    for home in people::homes(c, person).await? {
        let member = people::membership(c, home.organization, home.membership).await?;
        if let Some(member) = member.filter(|member| member.standing == Standing::Active) {
            let required = sql::rule(c, home.organization).await?.required(&member.roles);
            asked.push((home.organization, required));
        }
    }
    view.confine().await?;
    Ok(asked)
}

/// Returns the most that any organization asks of a person.
pub(crate) async fn required_of(view: &mut View<'_>, person: PersonId) -> Result<Factor> {
    let asked = asked_of(view, person).await?;
    Ok(asked.into_iter().map(|(_, required)| required).max().unwrap_or(Factor::Code).max(Factor::Code))
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
