//! One's own account: name, password, authenticator app, recovery codes.
//!
//! What somebody signs in with changes only after a fresh proof, and the password only with the one before it as well. Every
//! other session of theirs ends then, and the one that they are in gets another cookie.

use tickmark_core::Timestamp;
use tickmark_core::id::{MembershipId, PersonId};
use tickmark_core::identity::totp::Seed;
use tickmark_core::identity::{Alert, Email};
use zeroize::Zeroizing;

use super::super::audit::{self, Event, Name};
use super::super::credential::{self, Answer, Evidence, Need};
use super::super::passkey;
use super::super::session::{self, Origin, SignIn};
use super::super::{check_name, sql as actors};
use super::join::digits;
use super::{alert, sql, tell_elsewhere};
use crate::context::{Cx, View};
use crate::register::{Kind, Query};
use crate::{Actor, App, Error, Result, register};

/// Most records of one person that are ordered anew when their name changes.
const OWNED: u32 = 100_000;
/// Events of one's account that are looked at, of each thing.
const LOOKED_AT: u32 = 50;
/// Happenings that are shown.
const HAPPENINGS: usize = 10;

/// What came of changing a password.
#[derive(Clone, Debug)]
pub enum Changed {
    /// It is changed; the cookie that the session has now.
    Done(Zeroizing<[u8; 32]>),
    /// The one before it was not right, or somebody must wait.
    Not(SignIn),
}

/// New recovery codes, and the cookie that the session has now.
#[derive(Clone)]
pub struct Codes {
    /// The codes. They can be shown this once.
    pub codes: Vec<Zeroizing<String>>,
    /// The cookie.
    pub token: [u8; 32],
}

impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Codes(***)")
    }
}

/// Who somebody is in this installation.
pub(crate) struct Own {
    pub(crate) membership: MembershipId,
    pub(crate) person: PersonId,
    pub(crate) email: Email,
}

pub(crate) async fn oneself(view: &mut View<'_>) -> Result<Own> {
    let membership = session::own_membership(view).await?;
    let organization = view.organization();
    let found = sql::person_email(view.connection(), organization, membership).await?;
    let (person, email) = found.ok_or_else(|| Error::not_found("member", membership))?;
    let email = email.parse().map_err(|error| Error::corrupt("the table of people", error))?;
    Ok(Own { membership, person, email })
}

/// Replaces one's recovery codes by a new set. The old ones do not work any more.
///
/// # Errors
/// `Forbidden` if nobody is signed in; `StepUp`.
pub async fn renew_codes(cx: &mut Cx<'_>) -> Result<Codes> {
    session::need_own_proof(cx).await?;
    let own = oneself(cx).await?;
    let codes = credential::renew_codes(cx, own.person).await?;
    let event = Event::done(Name::CodesRenewed, "person", own.person);
    audit::record(cx, event).await?;
    alert(cx, own.person, Alert::CodesRenewed).await?;
    let token = session::renew_cookie(cx).await?;
    Ok(Codes { codes, token })
}

/// An authenticator app of one's own, as far as it is shown.
pub struct OwnApp {
    /// Whether there is one.
    pub is_there: bool,
    /// What to add to the one that is to take its place.
    pub seed: Seed,
    /// How one signs in; apps show it beside the code.
    pub email: Email,
}

/// Something that happened to one's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What, as a sentence.
    pub says: &'static str,
    /// Whether oneself did it.
    pub is_own: bool,
}

/// Lists what happened to one's account in this organization lately, newest first, as far as it is news.
///
/// # Errors
/// `Forbidden` if nobody is signed in.
pub async fn own_happenings(view: &mut View<'_>) -> Result<Vec<Happening>> {
    let own = oneself(view).await?;
    let objects = [own.person.to_string(), own.membership.to_string()];
    let rows = audit::latest_of(view, &objects, LOOKED_AT).await?;
    let actor = view.actor.id;
    let all = rows.into_iter().filter_map(|row| {
        let says = Alert::of_event(&row.event)?;
        Some(Happening { at: row.at, says, is_own: row.actor == actor })
    });
    Ok(all.take(HAPPENINGS).collect())
}

/// Returns one's address, and whether one has an authenticator app.
///
/// # Errors
/// `Forbidden` if nobody is signed in.
pub async fn own_ways(view: &mut View<'_>) -> Result<(String, bool)> {
    let own = oneself(view).await?;
    let has_app = credential::has_authenticator(view.connection(), own.person).await?;
    Ok((own.email.to_string(), has_app))
}

/// Returns what there is to add to an authenticator app, to have one or to replace the one there is.
///
/// # Errors
/// `Forbidden` if nobody is signed in; `StepUp`; `Conflict` where a passkey must be shown first.
pub async fn own_app(view: &mut View<'_>) -> Result<OwnApp> {
    session::need_own_proof(view).await?;
    passkey::need_own_strength(view).await?;
    let own = oneself(view).await?;
    let is_there = credential::has_authenticator(view.connection(), own.person).await?;
    let session = session::own_session(view).await?;
    let seed = credential::own_seed(view, own.person, session).await?;
    Ok(OwnApp { is_there, seed, email: own.email })
}

/// Takes an authenticator app that shows the right code; the one before does not count any more. Every other session ends,
/// in every organization, and there are new recovery codes.
///
/// # Errors
/// As [`own_app`]; `Invalid` for a code that does not fit.
pub async fn set_own_app(cx: &mut Cx<'_>, code: &str) -> Result<Codes> {
    let OwnApp { seed, .. } = own_app(cx).await?;
    let step = seed.matching_step(&digits(code), cx.now, None).ok_or_else(|| {
        Error::invalid("the code does not fit; take the one that the authenticator shows now")
    })?;
    let own = oneself(cx).await?;
    let codes = credential::enroll(cx, own.person, &seed, step).await?;
    let after = serde_json::json!({"kind": "app"});
    let event =
        Event { after: Some(after.clone()), ..Event::done(Name::FactorEnrolled, "person", own.person) };
    audit::record(cx, event).await?;
    tell_elsewhere(cx, own.person, Name::FactorEnrolled, &after).await?;
    alert(cx, own.person, Alert::AppAdded).await?;
    session::end_others_of_person(cx, own.person, "factor_changed").await?;
    let token = session::renew_cookie(cx).await?;
    Ok(Codes { codes, token })
}

/// Removes one's authenticator app. Returns the cookie that the session has now.
///
/// # Errors
/// As [`own_app`]; `NotFound` if there is none; `Conflict` if there is no passkey, so that nothing would be left.
pub async fn remove_own_app(cx: &mut Cx<'_>) -> Result<[u8; 32]> {
    session::need_own_proof(cx).await?;
    passkey::need_own_strength(cx).await?;
    let own = oneself(cx).await?;
    if !credential::has_authenticator(cx.connection(), own.person).await? {
        return Err(Error::not_found("authenticator app", "of yours"));
    }
    if passkey::count(cx.connection(), own.person).await? == 0 {
        return Err(Error::conflict("this is all that you have beside your password; add a passkey first"));
    }
    credential::remove_authenticator(cx, own.person).await?;
    let after = serde_json::json!({"kind": "app"});
    let event =
        Event { after: Some(after.clone()), ..Event::done(Name::FactorRemoved, "person", own.person) };
    audit::record(cx, event).await?;
    tell_elsewhere(cx, own.person, Name::FactorRemoved, &after).await?;
    alert(cx, own.person, Alert::AppRemoved).await?;
    session::end_others_of_person(cx, own.person, "factor_changed").await?;
    session::renew_cookie(cx).await
}

/// Changes one's name, in every organization that one is in.
///
/// # Errors
/// `Forbidden` if nobody is signed in; `Invalid` for what is no name.
pub async fn rename(cx: &mut Cx<'_>, name: &str) -> Result<()> {
    let name = name.trim();
    check_name("person", name)?;
    let own = oneself(cx).await?;
    sql::rename(cx.connection(), own.person, name).await?;
    relabel(cx, own.person, &super::label(name, &own.email)).await?;
    audit::record(cx, Event::done(Name::Renamed, "member", own.membership)).await
}

/// Says what a person is called, in every organization that they are in.
pub(super) async fn relabel(cx: &mut Cx<'_>, person: PersonId, label: &str) -> Result<()> {
    cx.reach_all().await?;
    let homes = sql::homes(cx.connection(), person).await?;
    for home in &homes {
        actors::relabel(cx.connection(), home.organization, home.actor, label).await?;
        let all = sql::members(cx.connection(), home.organization).await?;
        if let Some(member) = all.iter().find(|member| member.actor == home.actor) {
            register::put_member(cx, home.organization, register::member_entry(member)).await?;
        }
    }
    cx.confine().await?;
    // Lists that are ordered by who owns or approved something.
    let organization = cx.organization();
    let here = homes.iter().find(|home| home.organization == organization);
    let Some(actor) = here.map(|home| home.actor.to_string()) else { return Ok(()) };
    for (kind, name) in [(Kind::Commitment, "owner"), (Kind::Waiver, "approver")] {
        let query = Query { rows: OWNED, ..Query::of(name, &actor) };
        for id in register::ids(cx, kind, &query).await? {
            cx.touch(kind, id);
        }
    }
    Ok(())
}

impl App {
    /// Changes one's own password. Every other session ends, in every organization.
    ///
    /// # Errors
    /// `Forbidden` if nobody is signed in; `StepUp`; `Invalid` for a password that is not taken; `Unavailable` when too many
    /// do so at once.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: &str,
        new: &str,
        origin: &Origin,
    ) -> Result<Changed> {
        let organization = &actor.organization;
        let (own, name) = self
            .read(actor, async |view| {
                session::need_own_proof(view).await?;
                let own = oneself(view).await?;
                let name = sql::name(view.connection(), own.person).await?;
                Ok((own, name))
            })
            .await?;
        let (email, network) = (&own.email, origin.network);
        let evidence = Evidence {
            need: Need::Password,
            email,
            person: Some(own.person),
            password: current,
            code: "",
            network,
        };
        let shown = match credential::examine(self, evidence).await? {
            Answer::Wait(wait) => return Ok(Changed::Not(SignIn::Wait(wait))),
            Answer::No { reason, locked, account } => {
                let place = Some(organization.clone());
                self.record_failure(place, Some(own.person), &account, reason, locked, origin).await?;
                return Ok(Changed::Not(SignIn::No));
            }
            Answer::Shown(shown) => shown,
        };
        if current == new {
            return Err(Error::invalid("this is the password that you have"));
        }
        let mut known = self.words_of(organization).await?;
        known.extend([email.to_string(), name]);
        let password = credential::choose(self, new, &known).await?;
        let token = self
            .transact(actor, async |cx| {
                session::need_own_proof(cx).await?;
                shown.take(cx).await?;
                credential::set_password(cx, own.person, &password).await?;
                audit::record(cx, Event::done(Name::PasswordSet, "person", own.person)).await?;
                alert(cx, own.person, Alert::PasswordChanged).await?;
                session::end_others_of_person(cx, own.person, "password_changed").await?;
                session::renew_cookie(cx).await
            })
            .await?;
        Ok(Changed::Done(Zeroizing::new(token)))
    }
}
