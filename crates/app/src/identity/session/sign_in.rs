//! Signing in and showing once more who one is.

use tickmark_core::id::OrganizationId;
use tickmark_core::identity::throttle::Wait;
use tickmark_core::identity::{Email, Factor, Standing};
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, id::PersonId};

use super::super::audit::{self, Event, Name, Outcome};
use super::super::credential::{self, Answer, Evidence, Need, Used};
use super::super::people::{self, Home};
use super::super::{Access, Organization, sql as actors};
use super::{Origin, begin, sql};
use crate::{Actor, ActorKind, App, Error, Result};

/// What somebody types to sign in.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Their address.
    pub email: &'a str,
    /// Their password.
    pub password: &'a str,
    /// A code of their authenticator, or a recovery code.
    pub code: &'a str,
    /// Into which organization, where they are in several; the oldest else.
    pub organization: Option<OrganizationId>,
}

/// What came of it.
#[derive(Clone)]
pub enum SignIn {
    /// They are in; the cookie of their session.
    Done([u8; 32]),
    /// They are not, whatever the reason.
    No,
    /// It was not looked at: they must wait.
    Wait(Wait),
}

impl SignIn {
    /// What is said when they are not in. It does not tell what was wrong, nor whether there is such an account.
    pub const NO: &str = "address, password and code do not belong together, or the code was used already";

    /// What is said when they must wait. Said of every address alike.
    #[must_use]
    pub fn wait_words(wait: Wait) -> String {
        match wait.micros {
            Some(micros) if micros <= 90 * SECOND_US => {
                format!("too many attempts; try again in {} seconds", (micros + SECOND_US - 1) / SECOND_US)
            }
            Some(micros) => {
                format!("too many attempts; try again in {} minutes", micros / (60 * SECOND_US) + 1)
            }
            None => "too many attempts from elsewhere; sign in from a network that you used before, or ask for a reset"
                .to_owned(),
        }
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done(_) => f.write_str("Done(***)"),
            Self::No => f.write_str("No"),
            Self::Wait(wait) => write!(f, "Wait({wait:?})"),
        }
    }
}

impl App {
    /// Signs somebody in with password and code.
    ///
    /// # Errors
    /// `Unavailable` when too many sign in at once; otherwise if the database fails.
    pub async fn sign_in(&self, attempt: Attempt<'_>, origin: &Origin) -> Result<SignIn> {
        // What is no address is nobody's, and must not be answered sooner.
        let email: Email =
            attempt.email.parse().unwrap_or_else(|_| "nobody@invalid.invalid".parse().expect("an address"));
        let mut tx = self.database.read().await?;
        let person = people::person_by_email(&mut tx, &email).await?;
        let homes = match person {
            Some(person) => people::homes(&mut tx, person).await?,
            None => Vec::new(),
        };
        let organizations = actors::organizations(&mut tx).await?;
        drop(tx);
        let evidence = Evidence {
            need: Need::Both,
            email: &email,
            person,
            password: attempt.password,
            code: attempt.code,
            network: origin.network,
        };
        let at = |home: &Home| organizations.iter().find(|one| one.key == home.organization);
        let now = self.now();
        let counts = |home: &&Home| {
            let is_wanted =
                attempt.organization.is_none_or(|wanted| at(home).is_some_and(|one| one.id == wanted));
            is_wanted && home.standing == Standing::Active && home.valid.contains(now)
        };
        let home = homes.iter().find(counts);
        // Where a failure is recorded: with the organization it was about, or with the first one of the installation.
        let place = home.or(homes.first()).and_then(at).or(organizations.first()).cloned();
        match credential::examine(self, evidence).await? {
            Answer::Wait(wait) => Ok(SignIn::Wait(wait)),
            Answer::No { reason, locked, account } => {
                self.record_failure(place, person, &account, reason, locked, origin).await?;
                Ok(SignIn::No)
            }
            Answer::Shown(shown) => {
                let Some((home, organization)) = home.and_then(|home| Some((home, at(home)?))) else {
                    self.record_failure(place, person, "", "no_membership", None, origin).await?;
                    return Ok(SignIn::No);
                };
                let actor = self.as_person(home, organization);
                let token: [u8; 32] = self.random();
                let used = self
                    .transact(&actor, async |cx| {
                        let Some(used) = shown.take(cx).await? else { return Ok(None) };
                        let session = begin(cx, home.membership, Factor::Code, origin, &token).await?;
                        record_recovery(cx, used, session, origin).await?;
                        Ok(Some(used))
                    })
                    .await?;
                if used.is_none() {
                    // Somebody else used the code in between.
                    self.record_failure(place, person, "", "code", None, origin).await?;
                }
                Ok(used.map_or(SignIn::No, |_| SignIn::Done(token)))
            }
        }
    }

    /// Shows once more who is in a session. The session gets another cookie, which is returned, and a fresh proof.
    ///
    /// # Errors
    /// As [`App::sign_in`]; `Forbidden` if nobody is signed in; `NotFound` if the session is over.
    pub async fn step_up(
        &self,
        actor: &Actor,
        password: &str,
        code: &str,
        origin: &Origin,
    ) -> Result<SignIn> {
        let Access::Member(signed_in) = &actor.access else {
            return Err(Error::Forbidden("nobody is signed in".to_owned()));
        };
        let mut tx = self.database.read().await?;
        let key = actor.organization.key;
        let over = || Error::not_found("session", signed_in.session);
        let session = sql::find(&mut tx, key, signed_in.session).await?.ok_or_else(over)?;
        let found = people::person_email(&mut tx, key, session.membership).await?;
        drop(tx);
        let (person, email) = found.ok_or_else(over)?;
        let email = email.parse().map_err(|error| Error::corrupt("the table of people", error))?;
        let network = origin.network;
        let evidence =
            Evidence { need: Need::Both, email: &email, person: Some(person), password, code, network };
        match credential::examine(self, evidence).await? {
            Answer::Wait(wait) => Ok(SignIn::Wait(wait)),
            Answer::No { reason, locked, account } => {
                let place = Some(actor.organization.clone());
                self.record_failure(place, Some(person), &account, reason, locked, origin).await?;
                Ok(SignIn::No)
            }
            Answer::Shown(shown) => {
                let token: [u8; 32] = self.random();
                let used = self
                    .transact(actor, async |cx| {
                        let Some(used) = shown.take(cx).await? else { return Ok(None) };
                        let now = cx.now;
                        let digest = Digest::of(&token);
                        if !sql::prove(cx.connection(), key, session.id, digest, now).await? {
                            return Err(over());
                        }
                        audit::record(cx, Event::done(Name::SteppedUp, "session", session.id)).await?;
                        record_recovery(cx, used, session.id, origin).await?;
                        Ok(Some(used))
                    })
                    .await?;
                Ok(used.map_or(SignIn::No, |_| SignIn::Done(token)))
            }
        }
    }

    fn as_person(&self, home: &Home, organization: &Organization) -> Actor {
        Actor {
            id: home.actor,
            organization: organization.clone(),
            kind: ActorKind::Person,
            label: String::new(),
            access: Access::Local,
        }
    }

    /// Records that somebody did not get in. No name and no address: what was typed stands as a keyed digest.
    pub(in crate::identity) async fn record_failure(
        &self,
        place: Option<Organization>,
        person: Option<PersonId>,
        account: &str,
        reason: &'static str,
        locked: Option<Wait>,
        origin: &Origin,
    ) -> Result<()> {
        let Some(organization) = place else { return Ok(()) };
        let program = self.program_of(organization).await?;
        self.transact(&program, async |cx| {
            let (kind, object) = match person {
                Some(person) => ("person", person.to_string()),
                None => ("account", account.to_owned()),
            };
            let failed = Event {
                outcome: Outcome::Failed,
                reason,
                request: Some(&origin.request),
                ..Event::done(Name::LoginFailed, kind, &object)
            };
            audit::record(cx, failed).await?;
            // The waits of seconds between attempts are no news; those that close something are.
            if let Some(wait) =
                locked.filter(|wait| wait.micros.is_none_or(|micros| micros >= 60 * SECOND_US))
            {
                let locked = Event {
                    outcome: Outcome::Denied,
                    reason: wait.layer.word(),
                    request: Some(&origin.request),
                    ..Event::done(Name::Locked, kind, &object)
                };
                audit::record(cx, locked).await?;
            }
            Ok(())
        })
        .await
    }
}

async fn record_recovery(
    cx: &mut crate::Cx<'_>,
    used: Used,
    session: tickmark_core::id::SessionId,
    origin: &Origin,
) -> Result<()> {
    if !matches!(used, Used::Recovery(_)) {
        return Ok(());
    }
    let event =
        Event { request: Some(&origin.request), ..Event::done(Name::RecoveryUsed, "session", session) };
    audit::record(cx, event).await
}
