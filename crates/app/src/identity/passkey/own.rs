//! One's own passkeys: looked at, added, called something else, removed.

use std::collections::BTreeSet;

use tickmark_core::Digest;
use tickmark_core::id::PasskeyId;
use tickmark_core::identity::{Alert, Factor};

use super::super::attestation::{self, Anchors};
use super::super::audit::{self, Event, Name};
use super::super::people::{alert, oneself, tell_elsewhere};
use super::super::session::{self, Origin};
use super::super::{Access, check_name, credential};
use super::{Begun, Newcomer, Passkey, Presented, Purpose, Relying, sql};
use crate::context::{Cx, View};
use crate::{Actor, App, Error, Result};

/// What kind of passkey somebody adds, where the organization leaves it to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Any.
    Any,
    /// One that the organization accepts as attested.
    Attested,
}

/// What kinds of passkeys somebody may add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// Whether it must be an attested one.
    pub must_be_attested: bool,
    /// What the organization calls the models that it accepts as attested; empty where it could accept none.
    pub models: Vec<String>,
}

/// Returns what kinds of passkeys one may add.
///
/// # Errors
/// `Forbidden` if nobody is signed in.
pub async fn kinds(view: &mut View<'_>) -> Result<Kinds> {
    let Access::Member(signed_in) = &view.actor.access else {
        return Err(Error::Forbidden("nobody is signed in".to_owned()));
    };
    let must_be_attested = signed_in.subject.required >= Factor::Attested;
    let organization = view.organization();
    let accepted = attestation::anchors(view.connection(), organization).await?;
    let mut models: Vec<String> = accepted
        .map(|anchors| anchors.models.into_iter().map(|model| model.name).collect())
        .unwrap_or_default();
    models.dedup();
    Ok(Kinds { must_be_attested, models })
}

/// Lists one's own passkeys, oldest first, with what the organization accepts of them.
///
/// # Errors
/// `Forbidden` if nobody is signed in.
pub async fn mine(view: &mut View<'_>) -> Result<Vec<Passkey>> {
    let own = oneself(view).await?;
    let organization = view.organization();
    let mut all = sql::list(view.connection(), own.person).await?;
    let models = attestation::names(view.connection(), organization).await?;
    for one in &mut all {
        if attestation::is_trusted(view.connection(), organization, one.id).await? {
            let model = models.iter().find(|model| Some(model.aaguid) == one.model);
            one.accepted_as = model.map(|model| model.name.clone());
        }
    }
    Ok(all)
}

/// Calls one's own passkey something else.
///
/// # Errors
/// `Forbidden` if nobody is signed in; `NotFound` if it is not one's own; `Invalid` for what is no name.
pub async fn rename(cx: &mut Cx<'_>, id: PasskeyId, name: &str) -> Result<()> {
    let name = name.trim();
    check_name("passkey", name)?;
    let own = oneself(cx).await?;
    if !sql::rename(cx.connection(), own.person, id, name).await? {
        return Err(Error::not_found("passkey", id));
    }
    audit::record(cx, Event::done(Name::FactorRenamed, "passkey", id)).await
}

/// Removes one's own passkey; it does not work any more at once. Returns the cookie that the session has now.
///
/// # Errors
/// `Forbidden` if nobody is signed in; `StepUp`; `NotFound` if it is not one's own; `Conflict` if nothing would be left to
/// sign in with.
pub async fn remove(cx: &mut Cx<'_>, id: PasskeyId) -> Result<[u8; 32]> {
    session::need_own_proof(cx).await?;
    need_own_strength(cx).await?;
    let own = oneself(cx).await?;
    let others = sql::list(cx.connection(), own.person).await?;
    if !others.iter().any(|one| one.id == id) {
        return Err(Error::not_found("passkey", id));
    }
    if others.len() == 1 {
        if session::required_of(cx, own.person).await? >= Factor::Passkey {
            return Err(Error::conflict(
                "your organization asks for a passkey, and this is the last one; add another first",
            ));
        }
        if !credential::has_authenticator(cx.connection(), own.person).await? {
            return Err(Error::conflict(
                "this is all that you have beside your password; add another passkey first",
            ));
        }
    }
    if is_last_attested(cx, id).await? {
        return Err(Error::conflict(
            "your organization asks for an attested passkey, and this is the last one; add another attested one first",
        ));
    }
    sql::delete(cx.connection(), own.person, id).await?;
    audit::record(cx, Event::done(Name::FactorRemoved, "passkey", id)).await?;
    let after = serde_json::json!({"kind": "passkey"});
    tell_elsewhere(cx, own.person, Name::FactorRemoved, &after).await?;
    alert(cx, own.person, Alert::PasskeyRemoved).await?;
    session::renew_cookie(cx).await
}

/// Tells whether an organization asks for an attested passkey and would have none of them without this one.
async fn is_last_attested(view: &mut View<'_>, id: PasskeyId) -> Result<bool> {
    let own = oneself(view).await?;
    let keys = sql::ids(view.connection(), own.person).await?;
    let asked = session::asked_of(view, own.person).await?;
    view.reach_all().await?;
    let mut is_last = false;
    for (organization, required) in asked {
        if required == Factor::Attested {
            let trusted = attestation::trusted_of(view.connection(), organization, &keys).await?;
            is_last |= trusted == BTreeSet::from([id]);
        }
    }
    view.confine().await?;
    Ok(is_last)
}

/// Where a passkey is asked for and somebody has one, a session begun with less does not decide about passkeys: whoever got
/// hold of password and code would only have to add a key of their own. The same holds for attested ones.
pub(crate) async fn need_own_strength(view: &mut View<'_>) -> Result<()> {
    let own = oneself(view).await?;
    let (shown, passkey) = session::own_proof(view).await?;
    let keys = sql::ids(view.connection(), own.person).await?;
    let asked = session::asked_of(view, own.person).await?;
    view.reach_all().await?;
    let mut lacks = None;
    for (organization, required) in asked {
        let trusted = match required {
            Factor::Attested => attestation::trusted_of(view.connection(), organization, &keys).await?,
            _ => BTreeSet::new(),
        };
        let best = match (trusted.is_empty(), keys.is_empty()) {
            (false, _) => Factor::Attested,
            (true, false) => Factor::Passkey,
            (true, true) => Factor::Password,
        };
        let is_attested = passkey.is_some_and(|passkey| trusted.contains(&passkey));
        let factor = if is_attested { Factor::Attested } else { shown };
        if factor < required.min(best) {
            lacks = lacks.max(Some(required.min(best)));
        }
    }
    view.confine().await?;
    match lacks {
        None => Ok(()),
        Some(Factor::Attested) => Err(Error::conflict(
            "an organization that you are in asks for an attested passkey; show one that you have first. If you lost all, \
             ask an owner or an administrator for a reset",
        )),
        Some(_) => Err(Error::conflict(
            "your organization asks for a passkey; show one that you have first. If you lost all, ask an owner or an \
             administrator for a reset",
        )),
    }
}

/// Whom a new passkey must come from: nobody in particular, unless an attested one is asked for or wished for.
async fn anchors(view: &mut View<'_>, wish: Wish) -> Result<Option<Anchors>> {
    let Access::Member(signed_in) = &view.actor.access else {
        return Err(Error::Forbidden("nobody is signed in".to_owned()));
    };
    if signed_in.subject.required < Factor::Attested && wish == Wish::Any {
        return Ok(None);
    }
    let organization = view.organization();
    let found = attestation::anchors(view.connection(), organization).await?;
    found.map(Some).ok_or_else(|| {
        Error::conflict("your organization has not said yet which makers and models of passkeys it accepts")
    })
}

impl App {
    /// Asks the browser for another passkey of whoever is signed in: an attested one where that is asked of them, whatever
    /// they wish.
    ///
    /// # Errors
    /// `Forbidden` if nobody is signed in; `StepUp`; `Conflict` if they have as many as anybody may, must show one first, or no
    /// attested one could be accepted.
    pub async fn begin_adding_passkey(
        &self,
        actor: &Actor,
        wish: Wish,
        (relying, browser): (&Relying, Digest),
        origin: &Origin,
    ) -> Result<Begun> {
        let (own, anchors) = self
            .read(actor, async |view| {
                session::need_own_proof(view).await?;
                need_own_strength(view).await?;
                Ok((oneself(view).await?, anchors(view, wish).await?))
            })
            .await?;
        let called = (own.email.as_str(), actor.label.as_str());
        let newcomer = Newcomer { person: own.person, called, anchors };
        super::ask_for_new(self, Purpose::Add, newcomer, (relying, browser), origin.network).await
    }

    /// Adds the passkey that the browser made. Returns the cookie that the session has now.
    ///
    /// # Errors
    /// As [`App::begin_adding_passkey`]; `Invalid` for what is no name, or an answer that does not fit.
    pub async fn add_passkey(&self, actor: &Actor, presented: Presented<'_>, name: &str) -> Result<[u8; 32]> {
        let name = name.trim();
        check_name("passkey", name)?;
        let own = self
            .read(actor, async |view| {
                session::need_own_proof(view).await?;
                need_own_strength(view).await?;
                oneself(view).await
            })
            .await?;
        let made = super::examine_new(self, presented, Purpose::Add).await?;
        let (person, key) = made.map_err(|reason| Error::invalid(super::refusal(reason)))?;
        if person != own.person {
            return Err(Error::invalid(super::refusal("passkey_of_another")));
        }
        self.transact(actor, async |cx| {
            session::need_own_proof(cx).await?;
            super::keep(cx, person, &key, name).await?;
            let after = serde_json::json!({"kind": "passkey"});
            tell_elsewhere(cx, person, Name::FactorEnrolled, &after).await?;
            alert(cx, person, Alert::PasskeyAdded).await?;
            session::renew_cookie(cx).await
        })
        .await
    }
}
