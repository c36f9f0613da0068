//! Links by which somebody gets another password or another authenticator.
//!
//! Whoever makes the link learns nothing by it and gets nowhere with it: what was not lost must be shown as well. Both lost
//! at once is a matter for whoever operates the installation ([`super::reset`]). So is anybody of whom another organization
//! asks for more than the one where the link is made: what somebody signs in with is one for all of them, and none may make
//! it weaker than another one has it. Every organization that they are in has the event.

use tickmark_core::id::{MembershipId, PersonId};
use tickmark_core::identity::totp::Seed;
use tickmark_core::identity::{Alert, Atom, Email, Resource, Verb};
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::audit::{self, Event, Name};
use super::super::credential::{self, Answer, Evidence, Need, NewPassword};
use super::super::session::{self, Origin, SignIn};
use super::super::{Access, Organization, passkey, sql as actors};
use super::join::{digits, link_over};
use super::{acted_on, address, alert, need_reason, sql, tell_elsewhere};
use crate::context::Cx;
use crate::mail;
use crate::{App, Error, Result};

/// How long such a link works, in microseconds: 30 minutes.
pub const RESET_US: i64 = 30 * 60 * SECOND_US;

/// What somebody lost. The other is what they show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The password: they show a code, and choose another password.
    Password,
    /// The authenticator, and passkeys with it: they show the password, and enroll another authenticator.
    Authenticator,
}

impl Lost {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Password, Self::Authenticator];

    /// Returns the word used in storage and in forms.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Authenticator => "authenticator",
        }
    }
}

/// A link that was made. Its secret is shown this once.
#[derive(Clone, PartialEq, Eq)]
pub struct ResetLink {
    /// What the link holds; only its digest is kept.
    pub secret: [u8; 32],
    /// Until when it works.
    pub expires_at: Timestamp,
    /// Whether it goes to them by mail as well.
    pub is_mailed: bool,
}

impl std::fmt::Debug for ResetLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResetLink(***)")
    }
}

impl ResetLink {
    /// Returns the secret as it stands in an address.
    #[must_use]
    pub fn text(&self) -> String {
        hex::encode(self.secret)
    }
}

/// A link as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) id: Uuid,
    pub(super) membership: MembershipId,
    pub(super) lost: Lost,
    pub(super) expires_at: Timestamp,
}

/// What the page of a link shows. Nothing in it says whose it is.
#[derive(Clone, Debug)]
pub struct Resetting {
    /// Of which organization.
    pub organization: Organization,
    /// What was lost.
    pub lost: Lost,
    /// What to add to an authenticator. Always the same for one link.
    pub seed: Seed,
}

/// What somebody sends from that page.
#[derive(Clone, Copy)]
pub struct Replacing<'a> {
    /// The new password, or the one that they have.
    pub password: &'a str,
    /// A code of the new authenticator, or of the one that they have; a recovery code does for the latter.
    pub code: &'a str,
}

/// What came of it.
#[derive(Clone)]
pub enum Replaced {
    /// It is done; new recovery codes, where a new authenticator was enrolled.
    Done(Vec<Zeroizing<String>>),
    /// What was shown did not fit, or somebody must wait.
    Not(SignIn),
}

/// Makes a link for somebody who lost password or authenticator. Earlier ones for them stop working.
///
/// # Errors
/// `Forbidden`, also where another organization asks more of them; `StepUp`; `NotFound`; `Invalid` without a reason;
/// `Conflict` for oneself, or who rests.
pub async fn offer_reset(cx: &mut Cx<'_>, id: MembershipId, lost: Lost, why: &str) -> Result<ResetLink> {
    let member = acted_on(cx, id, Verb::Update).await?;
    // As far-reaching as giving a role, and asked for as carefully.
    cx.permit(Atom::new(Resource::Grant, Verb::Create))?;
    need_reason(why)?;
    if member.standing != tickmark_core::identity::Standing::Active {
        return Err(Error::conflict("the membership rests; let it count again first"));
    }
    if matches!(cx.actor.access, Access::Member(_)) && session::elsewhere(cx, member.person).await?.asks_more
    {
        cx.refuse_by_rule("member", id.to_string(), "other_organization");
        return Err(Error::Forbidden(NOT_HERE_ALONE.to_owned()));
    }
    // Who asked for it waits for nothing that others guessed.
    credential::forget_failures(cx, &address(&member.email)?).await?;
    let secret: [u8; 32] = cx.app.random();
    let mut link = ResetLink { secret, expires_at: cx.now.plus_micros(RESET_US), is_mailed: false };
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    sql::end_links(cx.connection(), sql::Links::Reset, organization, id, now).await?;
    let kept = Kept { id: cx.new_id(), membership: id, lost, expires_at: link.expires_at };
    sql::insert_reset_link(cx.connection(), organization, &kept, Digest::of(&secret), by, now).await?;
    let after = serde_json::json!({"lost": lost.word(), "expires_at": link.expires_at});
    let event = Event { after: Some(after), why: Some(why), ..Event::done(Name::ResetOffered, "member", id) };
    audit::record(cx, event).await?;
    let about = format!("reset {id}");
    mail::call_off(cx, &about).await?;
    link.is_mailed =
        mail::reset(cx, about, &member.email, &link.text(), lost.word(), link.expires_at).await?;
    Ok(link)
}

/// What is said where a link is not this organization's to make.
const NOT_HERE_ALONE: &str = "they are in another organization of this installation as well, which asks for more; whoever \
    operates the installation resets them, with `tickmark people reset`";

/// Takes the place of what was lost, once what was not lost is shown. Passkeys of whoever is in another organization as
/// well stay: none decides alone that they are lost, and their owner removes them. Returns new recovery codes.
async fn exchange(
    cx: &mut Cx<'_>,
    person: PersonId,
    lost: Lost,
    new: (Option<&NewPassword>, Option<(&Seed, i64)>),
) -> Result<Vec<Zeroizing<String>>> {
    let elsewhere = session::elsewhere(cx, person).await?;
    // It may have come to be so since the link was made.
    if lost == Lost::Authenticator && elsewhere.asks_more {
        return Err(Error::Forbidden(NOT_HERE_ALONE.to_owned()));
    }
    let (password, app) = new;
    if let Some(password) = password {
        credential::set_password(cx, person, password).await?;
    }
    let Some((seed, step)) = app else { return Ok(Vec::new()) };
    if !elsewhere.is_member {
        // Lost keys must not let in whoever finds them.
        passkey::forget(cx.connection(), person).await?;
    }
    credential::enroll(cx, person, seed, step).await
}

impl App {
    /// Returns what the page of a link shows. Changes nothing.
    ///
    /// # Errors
    /// `NotFound` if the link does not work.
    pub async fn resetting(&self, secret: &[u8; 32]) -> Result<Resetting> {
        let (organization, kept) = self.open_reset_link(secret).await?;
        let seed = credential::offered_seed(self, secret).await?;
        Ok(Resetting { organization, lost: kept.lost, seed })
    }

    /// Replaces what was lost. Every session of the person ends, in every organization.
    ///
    /// # Errors
    /// `NotFound` if the link does not work (any more); `Invalid` with what to mend; `Unavailable` when too many do so at
    /// once.
    pub async fn replace(
        &self,
        secret: &[u8; 32],
        replacing: Replacing<'_>,
        origin: &Origin,
    ) -> Result<Replaced> {
        let (organization, kept) = self.open_reset_link(secret).await?;
        let mut tx = self.database.read().await?;
        let found = sql::person_email(&mut tx, organization.key, kept.membership).await?;
        let (person, email) = found.ok_or_else(link_over)?;
        let name = sql::name(&mut tx, person).await?;
        drop(tx);
        let email: Email = email.parse().map_err(|error| Error::corrupt("the table of people", error))?;
        let seed = credential::offered_seed(self, secret).await?;
        let need = match kept.lost {
            Lost::Password => Need::Code,
            Lost::Authenticator => Need::Password,
        };
        // What is new is looked at first: a code of the old authenticator must not be used up for a password that is not
        // taken.
        let (password, step) = match kept.lost {
            Lost::Password => {
                let mut known = self.words_of(&organization).await?;
                known.extend([email.to_string(), name]);
                (Some(credential::choose(self, replacing.password, &known).await?), None)
            }
            Lost::Authenticator => {
                let step = seed.matching_step(&digits(replacing.code), self.now(), None);
                (
                    None,
                    Some(step.ok_or_else(|| {
                        Error::invalid("the code does not fit; take the one that the authenticator shows now")
                    })?),
                )
            }
        };
        let evidence = Evidence {
            need,
            email: &email,
            person: Some(person),
            password: if need == Need::Password { replacing.password } else { "" },
            code: if need == Need::Code { replacing.code } else { "" },
            network: origin.network,
        };
        let shown = match credential::examine(self, evidence).await? {
            Answer::Wait(wait) => return Ok(Replaced::Not(SignIn::Wait(wait))),
            Answer::No { reason, locked, account } => {
                self.record_failure(Some(organization), Some(person), &account, reason, locked, origin)
                    .await?;
                return Ok(Replaced::Not(SignIn::No));
            }
            Answer::Shown(shown) => shown,
        };
        let program = self.program_of(organization).await?;
        let codes = self
            .transact(&program, async |cx| {
                let (key, now) = (cx.organization(), cx.now);
                if !sql::use_link(cx.connection(), sql::Links::Reset, key, kept.id, now).await? {
                    return Err(link_over());
                }
                if shown.take(cx).await?.is_none() {
                    return Ok(None);
                }
                let new = (password.as_ref(), step.map(|step| (&seed, step)));
                let codes = exchange(cx, person, kept.lost, new).await?;
                credential::forget_failures(cx, &email).await?;
                session::end_all_of_person(cx, person, "reset").await?;
                let after = serde_json::json!({"lost": kept.lost.word()});
                let event = Event {
                    after: Some(after.clone()),
                    request: Some(&origin.request),
                    ..Event::done(Name::FactorReset, "member", kept.membership)
                };
                audit::record(cx, event).await?;
                tell_elsewhere(cx, person, Name::FactorReset, &after).await?;
                alert(cx, person, Alert::Reset).await?;
                Ok(Some(codes))
            })
            .await?;
        Ok(codes.map_or(Replaced::Not(SignIn::No), Replaced::Done))
    }

    async fn open_reset_link(&self, secret: &[u8; 32]) -> Result<(Organization, Kept)> {
        let mut tx = self.database.read().await?;
        let found = sql::reset_link(&mut tx, Digest::of(secret)).await?;
        let (key, kept) = found.ok_or_else(link_over)?;
        let member = sql::membership(&mut tx, key, kept.membership).await?;
        let counts = member.is_some_and(|member| {
            member.standing == tickmark_core::identity::Standing::Active && member.valid.contains(self.now())
        });
        if !counts || self.now() >= kept.expires_at {
            return Err(link_over());
        }
        let organization = actors::organizations(&mut tx).await?.into_iter().find(|one| one.key == key);
        Ok((organization.ok_or_else(link_over)?, kept))
    }
}
