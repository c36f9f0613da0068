//! One's own account: name, password, recovery codes.
//!
//! What somebody signs in with changes only after a fresh proof, and the password only with the one before it as well. Every
//! other session of theirs ends then, and the one that they are in gets another cookie.

use tickmark_core::id::{MembershipId, PersonId};
use tickmark_core::identity::Email;
use zeroize::Zeroizing;

use super::super::audit::{self, Event, Name};
use super::super::credential::{self, Answer, Evidence, Need};
use super::super::session::{self, Origin, SignIn};
use super::super::{check_name, sql as actors};
use super::sql;
use crate::context::{Cx, View};
use crate::register::{Kind, Query};
use crate::{Actor, App, Error, Result, register};

/// Most records of one person that are ordered anew when their name changes.
const OWNED: u32 = 100_000;

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
    session::need_fresh_proof(cx)?;
    let own = oneself(cx).await?;
    let codes = credential::renew_codes(cx, own.person).await?;
    let event = Event::done(Name::CodesRenewed, "person", own.person);
    audit::record(cx, event).await?;
    let token = session::renew_cookie(cx).await?;
    Ok(Codes { codes, token })
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
    let label = super::label(name, &own.email);
    cx.reach_all().await?;
    for home in sql::homes(cx.connection(), own.person).await? {
        actors::relabel(cx.connection(), home.organization, home.actor, &label).await?;
        let all = sql::members(cx.connection(), home.organization).await?;
        if let Some(member) = all.iter().find(|member| member.actor == home.actor) {
            register::put_member(cx, home.organization, register::member_entry(member)).await?;
        }
    }
    cx.confine().await?;
    // Lists that are ordered by who owns or approved something.
    let actor = cx.actor.id.to_string();
    for (kind, name) in [(Kind::Commitment, "owner"), (Kind::Waiver, "approver")] {
        let query = Query { rows: OWNED, ..Query::of(name, &actor) };
        for id in register::ids(cx, kind, &query).await? {
            cx.touch(kind, id);
        }
    }
    audit::record(cx, Event::done(Name::Renamed, "member", own.membership)).await
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
                session::need_fresh_proof(view)?;
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
        let known = [email.as_str(), name.as_str(), organization.name.as_str()];
        let password = credential::choose(self, new, &known).await?;
        let token = self
            .transact(actor, async |cx| {
                session::need_fresh_proof(cx)?;
                shown.take(cx).await?;
                credential::set_password(cx, own.person, &password).await?;
                audit::record(cx, Event::done(Name::PasswordSet, "person", own.person)).await?;
                session::end_others_of_person(cx, own.person, "password_changed").await?;
                session::renew_cookie(cx).await
            })
            .await?;
        Ok(Changed::Done(Zeroizing::new(token)))
    }
}
