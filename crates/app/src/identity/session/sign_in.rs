//! Signing in and showing once more who one is.

use tickmark_core::id::{OrganizationId, PersonId, SessionId};
use tickmark_core::identity::throttle::{Layer, Wait};
use tickmark_core::identity::{Alert, Email, Factor, Standing};
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};

use super::super::audit::{self, Event, Name, Outcome};
use super::super::credential::{self, Answer, Evidence, Need, Used};
use super::super::passkey::{self, Begun, Examined, Presented, Purpose, Relying};
use super::super::people::{self, Home};
use super::super::{Access, Organization, sql as actors};
use super::{Origin, Proof, Session, begin, sql};
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
    /// Into which organization, where they are in several; the one where they were last else.
    pub organization: Option<OrganizationId>,
}

/// What came of it.
#[derive(Clone)]
pub enum SignIn {
    /// They are in; the cookie of their session.
    Done([u8; 32]),
    /// They are not, whatever the reason.
    No,
    /// Their passkey was not accepted; what they are told.
    NoPasskey(&'static str),
    /// It is them, and the organization has them come through its identity provider.
    ByProvider,
    /// It was not looked at: they must wait.
    Wait(Wait),
}

impl SignIn {
    /// What is said when they are not in. It does not tell what was wrong, nor whether there is such an account.
    pub const NO: &str = "address, password and code do not belong together, or the code was used already";

    /// What is said to whoever showed what they have, and has to come through an identity provider.
    pub const BY_PROVIDER: &str =
        "your organization has you sign in through its identity provider; take that way instead";

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
            None if wait.layer == Layer::Authenticator => {
                "too many attempts in a row; sign in with a passkey, or ask for a reset".to_owned()
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
            Self::NoPasskey(says) => write!(f, "NoPasskey({says:?})"),
            Self::ByProvider => f.write_str("ByProvider"),
            Self::Wait(wait) => write!(f, "Wait({wait:?})"),
        }
    }
}

/// Where somebody comes in.
struct Door {
    /// Their membership that counts, with its organization; none if none does.
    home: Option<(Home, Organization)>,
    /// Where a failure is recorded: with the organization it was about, or with the first one of the installation.
    place: Option<Organization>,
}

impl App {
    /// Signs somebody in with password and code.
    ///
    /// # Errors
    /// `Unavailable` when too many sign in at once; otherwise if the database fails.
    pub async fn sign_in(&self, attempt: Attempt<'_>, origin: &Origin) -> Result<SignIn> {
        let email = typed(attempt.email);
        let mut tx = self.database.read().await?;
        let person = people::person_by_email(&mut tx, &email).await?;
        drop(tx);
        let door = self.door(person, attempt.organization).await?;
        let evidence = Evidence {
            need: Need::Both,
            email: &email,
            person,
            password: attempt.password,
            code: attempt.code,
            network: origin.network,
        };
        match credential::examine(self, evidence).await? {
            Answer::Wait(wait) => Ok(SignIn::Wait(wait)),
            Answer::No { reason, locked, account } => {
                self.record_failure(door.place, person, &account, reason, locked, origin).await?;
                Ok(SignIn::No)
            }
            Answer::Shown(shown) => {
                let Some((home, organization)) = &door.home else {
                    self.record_failure(door.place, person, "", "no_membership", None, origin).await?;
                    return Ok(SignIn::No);
                };
                if self.comes_wrong(home).await? {
                    self.record_failure(door.place, person, "", "by_provider", None, origin).await?;
                    return Ok(SignIn::ByProvider);
                }
                let actor = self.as_person(home, organization);
                let token: [u8; 32] = self.random();
                let used = self
                    .transact(&actor, async |cx| {
                        let is_new = !credential::knows_network(cx, &email, origin.network).await?;
                        let Some(used) = shown.take(cx).await? else { return Ok(None) };
                        let session =
                            begin(cx, home.membership, Proof::other(Factor::Code), origin, &token).await?;
                        record_recovery(cx, used, session, origin).await?;
                        if let (Some(person), true) = (person, is_new) {
                            people::alert(cx, person, Alert::NewNetwork).await?;
                        }
                        if let (Some(person), Used::Recovery(_)) = (person, used) {
                            people::alert(cx, person, Alert::RecoveryUsed).await?;
                        }
                        Ok(Some(used))
                    })
                    .await?;
                if used.is_none() {
                    // Somebody else used the code in between.
                    self.record_failure(door.place, person, "", "code", None, origin).await?;
                }
                Ok(used.map_or(SignIn::No, |_| SignIn::Done(token)))
            }
        }
    }

    /// Asks a browser for whatever passkey somebody has here. Tells nothing about any account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin_passkey_sign_in(
        &self,
        relying: &Relying,
        browser: Digest,
        origin: &Origin,
    ) -> Result<Begun> {
        passkey::ask(self, Purpose::SignIn, None, (relying, browser), origin.network).await
    }

    /// Signs somebody in with a passkey, which is both factors. Where an address and a password come with it, they must
    /// be theirs.
    ///
    /// # Errors
    /// As [`App::sign_in`].
    pub async fn sign_in_with_passkey(
        &self,
        presented: Presented<'_>,
        password: Option<(&str, &str)>,
        origin: &Origin,
    ) -> Result<SignIn> {
        let verified = match passkey::examine(self, presented, Purpose::SignIn, None).await? {
            Examined::Shown(verified) => verified,
            Examined::No { reason, person, regress } => {
                self.record_refused_passkey(None, person, reason, regress, origin).await?;
                return Ok(SignIn::NoPasskey(passkey::refusal(reason)));
            }
        };
        let person = Some(verified.person);
        let shown = match password {
            Some((email, password)) => {
                let email = typed(email);
                let mut tx = self.database.read().await?;
                let whose = people::person_by_email(&mut tx, &email).await?;
                drop(tx);
                let (need, network) = (Need::Password, origin.network);
                let whose = whose.filter(|whose| *whose == verified.person);
                let evidence = Evidence { need, email: &email, person: whose, password, code: "", network };
                match credential::examine(self, evidence).await? {
                    Answer::Wait(wait) => return Ok(SignIn::Wait(wait)),
                    Answer::No { reason, locked, account } => {
                        let place = self.door(whose, None).await?.place;
                        self.record_failure(place, whose, &account, reason, locked, origin).await?;
                        return Ok(SignIn::No);
                    }
                    Answer::Shown(shown) => Some(shown),
                }
            }
            None => None,
        };
        let door = self.door(person, None).await?;
        let Some((home, organization)) = &door.home else {
            self.record_failure(door.place, person, "", "no_membership", None, origin).await?;
            return Ok(SignIn::NoPasskey(passkey::refusal("")));
        };
        if self.comes_wrong(home).await? {
            self.record_failure(door.place, person, "", "by_provider", None, origin).await?;
            return Ok(SignIn::ByProvider);
        }
        let actor = self.as_person(home, organization);
        let token: [u8; 32] = self.random();
        let is_in = self
            .transact(&actor, async |cx| {
                if !verified.take(cx, &origin.request).await? {
                    return Ok(false);
                }
                if let Some(shown) = &shown {
                    shown.take(cx).await?;
                }
                begin(cx, home.membership, Proof::passkey(verified.passkey()), origin, &token).await?;
                if let Some((person, email)) =
                    people::person_email(cx.connection(), organization.key, home.membership).await?
                {
                    let email =
                        email.parse().map_err(|error| Error::corrupt("the table of people", error))?;
                    if !credential::knows_network(cx, &email, origin.network).await? {
                        credential::remember_network(cx, &email, origin.network).await?;
                        people::alert(cx, person, Alert::NewNetwork).await?;
                    }
                }
                Ok(true)
            })
            .await?;
        if !is_in {
            self.record_failure(door.place, person, "", "passkey_unknown", None, origin).await?;
            return Ok(SignIn::NoPasskey(passkey::refusal("")));
        }
        Ok(SignIn::Done(token))
    }

    /// Shows once more who is in a session. The session gets another cookie, which is returned, and a fresh proof.
    ///
    /// # Errors
    /// As [`App::sign_in`]; `Forbidden` if nobody is signed in; `NotFound` if the session is over; `Conflict` if it was begun
    /// with a passkey, which less does not stand for.
    pub async fn step_up(
        &self,
        actor: &Actor,
        password: &str,
        code: &str,
        origin: &Origin,
    ) -> Result<SignIn> {
        let (session, person, email) = self.in_session(actor).await?;
        if session.factor == Factor::Passkey {
            return Err(Error::conflict("you signed in with a passkey; show a passkey again"));
        }
        let network = origin.network;
        // A provider showed the one; what somebody has here is the other.
        let is_second =
            session.through.is_some() && session.factor == Factor::Password && password.is_empty();
        let need = if is_second { Need::Code } else { Need::Both };
        let evidence = Evidence { need, email: &email, person: Some(person), password, code, network };
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
                        if is_second {
                            // It becomes no fresher than what the provider showed.
                            let at = session.proven_at;
                            prove_at(cx, session.id, &token, (Proof::other(Factor::Code), at)).await?;
                        } else {
                            prove(cx, session.id, &token, Proof::other(Factor::Code)).await?;
                        }
                        record_recovery(cx, used, session.id, origin).await?;
                        if matches!(used, Used::Recovery(_)) {
                            people::alert(cx, person, Alert::RecoveryUsed).await?;
                        }
                        Ok(Some(used))
                    })
                    .await?;
                Ok(used.map_or(SignIn::No, |_| SignIn::Done(token)))
            }
        }
    }

    /// Asks the browser for a passkey of whoever is in the session.
    ///
    /// # Errors
    /// `Forbidden` if nobody is signed in; `NotFound` if the session is over; `Conflict` if they have no passkey.
    pub async fn begin_passkey_step_up(
        &self,
        actor: &Actor,
        relying: &Relying,
        browser: Digest,
        origin: &Origin,
    ) -> Result<Begun> {
        let (_, person, _) = self.in_session(actor).await?;
        let mut tx = self.database.read().await?;
        let has_none = passkey::count(&mut tx, person).await? == 0;
        drop(tx);
        if has_none {
            return Err(Error::conflict("you have no passkey; show password and code"));
        }
        passkey::ask(self, Purpose::StepUp, Some(person), (relying, browser), origin.network).await
    }

    /// Shows once more who is in a session, by a passkey. The session is then one of a passkey, however it was begun.
    ///
    /// # Errors
    /// `Forbidden` if nobody is signed in; `NotFound` if the session is over.
    pub async fn step_up_with_passkey(
        &self,
        actor: &Actor,
        presented: Presented<'_>,
        origin: &Origin,
    ) -> Result<SignIn> {
        let (session, person, _) = self.in_session(actor).await?;
        let place = Some(actor.organization.clone());
        let verified = match passkey::examine(self, presented, Purpose::StepUp, Some(person)).await? {
            Examined::Shown(verified) => verified,
            Examined::No { reason, regress, .. } => {
                self.record_refused_passkey(place, Some(person), reason, regress, origin).await?;
                return Ok(SignIn::NoPasskey(passkey::refusal(reason)));
            }
        };
        let token: [u8; 32] = self.random();
        let is_shown = self
            .transact(actor, async |cx| {
                let is_shown = verified.take(cx, &origin.request).await?;
                if is_shown {
                    prove(cx, session.id, &token, Proof::passkey(verified.passkey())).await?;
                }
                Ok(is_shown)
            })
            .await?;
        Ok(if is_shown { SignIn::Done(token) } else { SignIn::NoPasskey(passkey::refusal("")) })
    }

    /// Returns the session that somebody is in, who they are, and their address.
    async fn in_session(&self, actor: &Actor) -> Result<(Session, PersonId, Email)> {
        let Access::Member(signed_in) = &actor.access else {
            return Err(Error::Forbidden("nobody is signed in".to_owned()));
        };
        let mut tx = self.database.read().await?;
        let key = actor.organization.key;
        let over = || Error::not_found("session", signed_in.session);
        let session = sql::find(&mut tx, key, signed_in.session).await?.ok_or_else(over)?;
        let found = people::person_email(&mut tx, key, session.membership).await?;
        let (person, email) = found.ok_or_else(over)?;
        let email = email.parse().map_err(|error| Error::corrupt("the table of people", error))?;
        Ok((session, person, email))
    }

    /// Finds where somebody comes in: into the organization that is wanted, or the one where they were last.
    async fn door(&self, person: Option<PersonId>, wanted: Option<OrganizationId>) -> Result<Door> {
        let mut tx = self.database.read().await?;
        let homes = match person {
            Some(person) => people::homes(&mut tx, person).await?,
            None => Vec::new(),
        };
        let organizations = actors::organizations(&mut tx).await?;
        // Into the one where they were last; who was nowhere yet comes into the oldest.
        let mut homes = homes;
        if homes.len() > 1 && wanted.is_none() {
            let mut seen = Vec::with_capacity(homes.len());
            for home in homes {
                let last = sql::last_seen(&mut tx, home.organization, home.membership).await?;
                seen.push((last, home));
            }
            seen.sort_by_key(|(last, _)| std::cmp::Reverse(*last));
            homes = seen.into_iter().map(|(_, home)| home).collect();
        }
        drop(tx);
        let at = |home: &Home| organizations.iter().find(|one| one.key == home.organization).cloned();
        let now = self.now();
        let counts = |home: &&Home| {
            let is_wanted = wanted.is_none_or(|wanted| at(home).is_some_and(|one| one.id == wanted));
            is_wanted && home.standing == Standing::Active && home.valid.contains(now)
        };
        let home = homes.iter().position(|home| counts(&home));
        let first = home.map_or(homes.first(), |index| homes.get(index)).and_then(at);
        let place = first.or(organizations.first().cloned());
        let home = home.and_then(|index| homes.into_iter().nth(index));
        Ok(Door { home: home.and_then(|home| at(&home).map(|organization| (home, organization))), place })
    }

    /// Records that a passkey was not accepted.
    async fn record_refused_passkey(
        &self,
        place: Option<Organization>,
        person: Option<PersonId>,
        reason: &'static str,
        regress: Option<passkey::Regress>,
        origin: &Origin,
    ) -> Result<()> {
        let place = match place {
            Some(place) => Some(place),
            None => self.door(person, None).await?.place,
        };
        self.record_failure(place.clone(), person, "", reason, None, origin).await?;
        if let (Some(regress), Some(organization)) = (regress, place) {
            let program = self.program_of(organization).await?;
            self.transact(&program, async |cx| passkey::record_regress(cx, regress, &origin.request).await)
                .await?;
        }
        Ok(())
    }

    /// Tells whether an organization has somebody come through its identity provider, and by nothing else.
    async fn comes_wrong(&self, home: &Home) -> Result<bool> {
        let mut tx = self.database.read().await?;
        let there = super::acting(&mut tx, home.organization, home.membership, self.now()).await?;
        Ok(there.is_some_and(|there| there.comes_wrong(None)))
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
                network: Some(origin.network.to_string()),
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
                    network: Some(origin.network.to_string()),
                    ..Event::done(Name::Locked, kind, &object)
                };
                audit::record(cx, locked).await?;
            }
            Ok(())
        })
        .await
    }
}

/// What somebody typed as their address. What is no address is nobody's, and must not be answered sooner.
fn typed(email: &str) -> Email {
    email.parse().unwrap_or_else(|_| "nobody@invalid.invalid".parse().expect("an address"))
}

/// Gives a session another cookie and a fresh proof, of what somebody has here.
async fn prove(cx: &mut crate::Cx<'_>, id: SessionId, token: &[u8; 32], proof: Proof) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    prove_at(cx, id, token, (proof, now)).await?;
    sql::set_own(cx.connection(), organization, id).await
}

/// Gives a session another cookie, and a proof that was shown at a moment.
pub(super) async fn prove_at(
    cx: &mut crate::Cx<'_>,
    id: SessionId,
    token: &[u8; 32],
    (proof, at): (Proof, Timestamp),
) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    if !sql::prove(cx.connection(), organization, id, (Digest::of(token), proof), (at, now)).await? {
        return Err(Error::not_found("session", id));
    }
    let after = serde_json::json!({"factor": super::factor_word(proof.factor)});
    let event = Event { after: Some(after), ..Event::done(Name::SteppedUp, "session", id) };
    audit::record(cx, event).await
}

async fn record_recovery(
    cx: &mut crate::Cx<'_>,
    used: Used,
    session: SessionId,
    origin: &Origin,
) -> Result<()> {
    if !matches!(used, Used::Recovery(_)) {
        return Ok(());
    }
    let event =
        Event { request: Some(&origin.request), ..Event::done(Name::RecoveryUsed, "session", session) };
    audit::record(cx, event).await
}
