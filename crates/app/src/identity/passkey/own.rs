//! One's own passkeys: looked at, added, called something else, removed.

use tickmark_core::Digest;
use tickmark_core::id::PasskeyId;
use tickmark_core::identity::{Alert, Factor};

use super::super::audit::{self, Event, Name};
use super::super::people::{alert, oneself, tell_elsewhere};
use super::super::session::{self, Origin};
use super::super::{Access, check_name, credential};
use super::{Begun, Passkey, Presented, Purpose, Relying, sql};
use crate::context::{Cx, View};
use crate::{Actor, App, Error, Result};

/// Lists one's own passkeys, oldest first.
///
/// # Errors
/// `Forbidden` if nobody is signed in.
pub async fn mine(view: &mut View<'_>) -> Result<Vec<Passkey>> {
    let own = oneself(view).await?;
    sql::list(view.connection(), own.person).await
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
    sql::delete(cx.connection(), own.person, id).await?;
    audit::record(cx, Event::done(Name::FactorRemoved, "passkey", id)).await?;
    let after = serde_json::json!({"kind": "passkey"});
    tell_elsewhere(cx, own.person, Name::FactorRemoved, &after).await?;
    alert(cx, own.person, Alert::PasskeyRemoved).await?;
    session::renew_cookie(cx).await
}

/// Where a passkey is asked for and somebody has one, a session begun with less does not decide about passkeys: whoever got
/// hold of password and code would only have to add a key of their own.
pub(crate) async fn need_own_strength(view: &mut View<'_>) -> Result<()> {
    let Access::Member(signed_in) = &view.actor.access else {
        return Err(Error::Forbidden("nobody is signed in".to_owned()));
    };
    let factor = signed_in.subject.assurance.factor;
    let own = oneself(view).await?;
    let required = session::required_of(view, own.person).await?;
    let has_some = !sql::credentials(view.connection(), own.person).await?.is_empty();
    if factor < required && has_some {
        return Err(Error::conflict(
            "your organization asks for a passkey; show one that you have first. If you lost all, ask an owner or an \
             administrator for a reset",
        ));
    }
    Ok(())
}

impl App {
    /// Asks the browser for another passkey of whoever is signed in.
    ///
    /// # Errors
    /// `Forbidden` if nobody is signed in; `StepUp`; `Conflict` if they have as many as anybody may, or must show one first.
    pub async fn begin_adding_passkey(
        &self,
        actor: &Actor,
        relying: &Relying,
        browser: Digest,
        origin: &Origin,
    ) -> Result<Begun> {
        let own = self
            .read(actor, async |view| {
                session::need_own_proof(view).await?;
                need_own_strength(view).await?;
                oneself(view).await
            })
            .await?;
        let called = (own.email.as_str(), actor.label.as_str());
        super::ask_for_new(self, Purpose::Add, own.person, called, (relying, browser), origin.network).await
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
