//! Coming in: links that work once.
//!
//! A link opens a page and changes nothing; only what is sent from that page uses it up. The first owner comes in by the
//! set-up secret, which is printed where the program starts; everybody else by an invitation to their address. Who is new
//! chooses a password and, in the same step, shows a code of an authenticator or makes a passkey, so nobody is ever in with a
//! password alone. Who is not new shows what they have.

use std::collections::BTreeSet;

use tickmark_core::id::{ActorId, InvitationId, MembershipId, PersonId};
use tickmark_core::identity::totp::Seed;
use tickmark_core::identity::{Atom, Email, Factor, Resource, Role, Verb, separation};
use tickmark_core::time::{HOUR_US, SECOND_US};
use tickmark_core::{Digest, Span, Timestamp};
use zeroize::Zeroizing;

use super::super::audit::{self, Event, Name};
use super::super::credential::{self, Answer, Evidence, Need};
use super::super::passkey::{self, Begun, Examined, Newcomer, Presented, Purpose, Relying};
use super::super::session::{self, Origin, SignIn};
use super::super::{Access, Organization, attestation, check_name, sql as actors};
use super::settle::{Coming, Second, Settled, settle};
use super::{address, separated, sql};
use crate::context::{Cx, View};
use crate::mail;
use crate::{Actor, ActorKind, App, Error, Result};

/// How long an invitation works, in microseconds: 24 hours.
pub const INVITATION_US: i64 = 24 * HOUR_US;
/// How long a set-up secret works, in microseconds: 30 minutes.
pub const SET_UP_US: i64 = 30 * 60 * SECOND_US;

/// A link that was made. Its secret is shown this once.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// Which invitation.
    pub invitation: InvitationId,
    /// What the link holds; only its digest is kept.
    pub secret: [u8; 32],
    /// Until when it works.
    pub expires_at: Timestamp,
    /// Whether it goes to them by mail as well.
    pub is_mailed: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({}, ***)", self.invitation)
    }
}

impl Link {
    /// Returns the secret as it stands in an address.
    #[must_use]
    pub fn text(&self) -> String {
        hex::encode(self.secret)
    }
}

/// An invitation that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// To whom; none for the first owner.
    pub email: Option<String>,
    /// What they will be.
    pub roles: BTreeSet<Role>,
    /// How it came about.
    pub source: String,
    /// By whom.
    pub made_by: ActorId,
    /// When.
    pub made_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// Until when whoever comes in by it is a member; none: without an end.
    pub valid_until: Option<Timestamp>,
    /// When somebody came in by it.
    pub used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Invitation {
    /// Tells whether its link works.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        let has_time = self.valid_until.is_none_or(|until| now < until);
        has_time
            && self.used_at.is_none()
            && self.revoked_at.is_none()
            && self.made_at <= now
            && now < self.expires_at
    }
}

/// What the page of a link shows.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Into which organization.
    pub organization: Organization,
    /// To whom; none if they say so themselves.
    pub email: Option<String>,
    /// What they will be.
    pub roles: BTreeSet<Role>,
    /// What to add to an authenticator. Always the same for one link.
    pub seed: Seed,
    /// Whether they have password and authenticator already, and show those.
    pub is_enrolled: bool,
}

/// What somebody sends from that page.
#[derive(Clone)]
pub struct Joining<'a> {
    /// Their address, where the link does not say it.
    pub email: &'a str,
    /// Their name, if they are new.
    pub name: &'a str,
    /// The password that they choose, or have.
    pub password: &'a str,
    /// A code of their authenticator.
    pub code: &'a str,
    /// A passkey in place of the code.
    pub passkey: Option<Presented<'a>>,
}

/// Somebody is in.
#[derive(Clone)]
pub struct Joined {
    /// The cookie of their session.
    pub token: [u8; 32],
    /// Their recovery codes, if they are new. They can be shown this once.
    pub recovery_codes: Vec<Zeroizing<String>>,
}

/// How the link of the first owner came about.
const SET_UP: &str = "set_up";

/// Makes the link of the first owner, unless there is one. Earlier ones stop working.
///
/// # Errors
/// `Forbidden` for members.
pub async fn offer_set_up(cx: &mut Cx<'_>) -> Result<Option<Link>> {
    cx.authorize(crate::Action::Operate)?;
    let (organization, now) = (cx.organization(), cx.now);
    let members = sql::members(cx.connection(), organization).await?;
    if members.iter().any(|member| member.roles.contains(&Role::Owner)) {
        return Ok(None);
    }
    sql::revoke_set_up(cx.connection(), organization, now).await?;
    // Whoever begins alone runs the program too; roles that they should not keep are taken away later.
    let roles = BTreeSet::from([Role::Owner, Role::ComplianceManager]);
    link(cx, None, &roles, SET_UP, (SET_UP_US, None)).await.map(Some)
}

/// Invites somebody by address. Inviting again makes another link, and the earlier one stops working.
///
/// # Errors
/// `Forbidden`; `StepUp`; `Invalid` for what is no address, no role or none for members; `Conflict` if they are in already.
pub async fn invite(cx: &mut Cx<'_>, email: &str, roles: &BTreeSet<Role>) -> Result<Link> {
    if roles.contains(&Role::Auditor) {
        return Err(Error::invalid(super::AUDITORS));
    }
    invite_as(cx, email, roles, None).await
}

/// Invites somebody to be a member until a moment.
///
/// # Errors
/// As [`invite`]; `Invalid` for a moment that is past.
pub async fn invite_until(
    cx: &mut Cx<'_>,
    email: &str,
    roles: &BTreeSet<Role>,
    until: Option<Timestamp>,
) -> Result<Link> {
    if roles.contains(&Role::Auditor) {
        return Err(Error::invalid(super::AUDITORS));
    }
    super::time::need_coming(until, cx.now)?;
    invite_as(cx, email, roles, until).await
}

/// The same, whatever the roles.
pub(super) async fn invite_as(
    cx: &mut Cx<'_>,
    email: &str,
    roles: &BTreeSet<Role>,
    until: Option<Timestamp>,
) -> Result<Link> {
    cx.permit(Atom::new(Resource::Member, Verb::Create))?;
    cx.permit(Atom::new(Resource::Grant, Verb::Create))?;
    let email = address(email)?;
    if roles.is_empty() || !roles.iter().all(|role| role.is_for_members()) {
        return Err(Error::invalid("an invitation needs a role that members can have"));
    }
    let is_operator = cx.actor.access == Access::Local;
    if !is_operator && roles.iter().any(|role| role.is_highest()) {
        cx.refuse_by_rule("invitation", String::new(), separation::Conflict::SecondPerson.word());
        separated(Err(separation::Conflict::SecondPerson))?;
    }
    let organization = cx.organization();
    let members = sql::members(cx.connection(), organization).await?;
    if members.iter().any(|member| member.email == email.as_str()) {
        return Err(Error::conflict("they are in the organization already"));
    }
    withdraw_links(cx, email.as_str()).await?;
    let source = if is_operator { "operator" } else { "invitation" };
    link(cx, Some(email.as_str()), roles, source, (INVITATION_US, until)).await
}

/// Makes earlier links to an address stop working, also those on their way to it.
pub(super) async fn withdraw_links(cx: &mut Cx<'_>, email: &str) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    for earlier in sql::invitations(cx.connection(), organization).await? {
        if earlier.email.as_deref() == Some(email) && earlier.is_open(now) {
            mail::call_off(cx, &format!("invitation {}", earlier.id)).await?;
        }
    }
    sql::revoke_invitations_to(cx.connection(), organization, email, now).await?;
    Ok(())
}

/// Lists invitations, newest first.
///
/// # Errors
/// `Forbidden` if the actor may not see members.
pub async fn invitations(view: &mut View<'_>) -> Result<Vec<Invitation>> {
    let reach = view.permit(Atom::new(Resource::Member, Verb::Read))?;
    if reach.is_some_and(|reach| !reach.has(tickmark_core::identity::Scope::Organization)) {
        return Ok(Vec::new());
    }
    let organization = view.organization();
    sql::invitations(view.connection(), organization).await
}

/// Takes an invitation back.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it does not work any more anyway.
pub async fn revoke_invitation(cx: &mut Cx<'_>, id: InvitationId) -> Result<()> {
    cx.permit(Atom::new(Resource::Member, Verb::Update))?;
    let all = invitations(cx).await?;
    let found = all.iter().find(|one| one.id == id).ok_or_else(|| Error::not_found("invitation", id))?;
    if !found.is_open(cx.now) {
        return Err(Error::conflict("the invitation does not work any more anyway"));
    }
    take_back(cx, id).await
}

/// Takes an open invitation back, whoever asks.
pub(super) async fn take_back(cx: &mut Cx<'_>, id: InvitationId) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    sql::revoke_invitation(cx.connection(), organization, id, now).await?;
    mail::call_off(cx, &format!("invitation {id}")).await?;
    audit::record(cx, Event::done(Name::InvitationRevoked, "invitation", id)).await
}

pub(super) async fn link(
    cx: &mut Cx<'_>,
    email: Option<&str>,
    roles: &BTreeSet<Role>,
    source: &'static str,
    (lasts_us, until): (i64, Option<Timestamp>),
) -> Result<Link> {
    let secret: [u8; 32] = cx.app.random();
    let invitation = Invitation {
        id: InvitationId(cx.new_id()),
        email: email.map(str::to_owned),
        roles: roles.clone(),
        source: source.to_owned(),
        made_by: cx.actor.id,
        made_at: cx.now,
        expires_at: cx.now.plus_micros(lasts_us),
        valid_until: until,
        used_at: None,
        revoked_at: None,
    };
    let organization = cx.organization();
    sql::insert_invitation(cx.connection(), organization, &invitation, Digest::of(&secret)).await?;
    let name = if email.is_some() { Name::Invited } else { Name::SetUpOffered };
    let after = serde_json::json!({
        "roles": roles,
        "expires_at": invitation.expires_at,
        "valid_until": until,
    });
    let event = Event { after: Some(after), ..Event::done(name, "invitation", invitation.id) };
    audit::record(cx, event).await?;
    let mut link =
        Link { invitation: invitation.id, secret, expires_at: invitation.expires_at, is_mailed: false };
    if let Some(email) = email {
        let (to, text) = (address(email)?, link.text());
        link.is_mailed = mail::invitation(cx, link.invitation, &to, &text, roles, link.expires_at).await?;
    }
    Ok(link)
}

impl App {
    /// Returns what the page of a link shows. Changes nothing: whoever follows links to look at them uses up none.
    ///
    /// # Errors
    /// `NotFound` if the link does not work.
    pub async fn invited(&self, secret: &[u8; 32]) -> Result<Invited> {
        let (organization, invitation) = self.open_invitation(secret).await?;
        let mut tx = self.database.read().await?;
        let is_enrolled = match &invitation.email {
            Some(email) => match sql::person_by_email(&mut tx, &address(email)?).await? {
                Some(person) => credential::is_enrolled(&mut tx, person).await?,
                None => false,
            },
            None => false,
        };
        drop(tx);
        let seed = credential::offered_seed(self, secret).await?;
        Ok(Invited { organization, email: invitation.email, roles: invitation.roles, seed, is_enrolled })
    }

    /// Lets somebody in by a link.
    ///
    /// # Errors
    /// `NotFound` if the link does not work (any more); `Invalid` with what to mend; `Unavailable` when they must wait.
    pub async fn join(&self, secret: &[u8; 32], joining: Joining<'_>, origin: &Origin) -> Result<Joined> {
        let (organization, invitation) = self.open_invitation(secret).await?;
        let email = address(invitation.email.as_deref().unwrap_or(joining.email))?;
        let mut tx = self.database.read().await?;
        let person = sql::person_by_email(&mut tx, &email).await?;
        let is_enrolled = match person {
            Some(person) => credential::is_enrolled(&mut tx, person).await?,
            None => false,
        };
        drop(tx);
        let seed = credential::offered_seed(self, secret).await?;
        let coming = match (person.filter(|_| is_enrolled), joining.passkey) {
            (Some(person), None) => self.show_both(&email, person, &joining, origin).await?,
            (Some(person), Some(presented)) => self.show_passkey(person, presented).await?,
            (None, _) => {
                self.need_newcomer(person, &invitation).await?;
                self.enroll(&email, &organization, &seed, &joining).await?
            }
        };
        let program = self.program_of(organization).await?;
        let token: [u8; 32] = self.random();
        let recovery_codes = self
            .transact(&program, async |cx| {
                let (key, now) = (cx.organization(), cx.now);
                if !sql::use_link(cx.connection(), sql::Links::Invitation, key, invitation.id.0, now).await? {
                    return Err(link_over());
                }
                let Settled { person, codes, proof } =
                    settle(cx, &email, person, &coming, &seed, origin).await?;
                credential::remember_network(cx, &email, origin.network).await?;
                let membership = admit(cx, person, &email, &invitation, origin).await?;
                if invitation.source == SET_UP && proof.is_passkey() {
                    session::begin_strict(cx).await?;
                }
                session::begin(cx, membership, proof, origin, &token).await?;
                Ok(codes)
            })
            .await?;
        Ok(Joined { token, recovery_codes })
    }

    /// Asks the browser of somebody who is new for a passkey. What they typed is looked at first, so that no key is made for
    /// what is refused afterwards.
    ///
    /// # Errors
    /// `NotFound` if the link does not work (any more); `Invalid` with what to mend; `Conflict` if they are not new.
    pub async fn begin_joining_with_passkey(
        &self,
        secret: &[u8; 32],
        (email, name, password): (&str, &str, &str),
        relying: &Relying,
        browser: Digest,
        origin: &Origin,
    ) -> Result<Begun> {
        let (organization, invitation) = self.open_invitation(secret).await?;
        let email = address(invitation.email.as_deref().unwrap_or(email))?;
        let mut tx = self.database.read().await?;
        let person = sql::person_by_email(&mut tx, &email).await?;
        if let Some(person) = person
            && credential::is_enrolled(&mut tx, person).await?
        {
            return Err(Error::conflict("you have an account here already; show what you have"));
        }
        let rule = session::rule_of(&mut tx, organization.key).await?;
        let anchors = match rule.required(&invitation.roles) {
            Factor::Attested => attestation::anchors(&mut tx, organization.key).await?,
            _ => None,
        };
        drop(tx);
        self.need_newcomer(person, &invitation).await?;
        let name = name.trim();
        check_name("person", name)?;
        let mut known = self.words_of(&organization).await?;
        known.extend([email.to_string(), name.to_owned()]);
        credential::take(self, password, &known).await?;
        let person = person.unwrap_or_else(|| PersonId(self.new_id(self.now())));
        let called = (email.as_str(), name);
        let newcomer = Newcomer { person, called, anchors };
        passkey::ask_for_new(self, Purpose::Join, newcomer, (relying, browser), origin.network).await
    }

    /// Refuses that a link lets somebody enroll who is in the installation and has nothing to sign in with, as after a
    /// reset: whoever made the link would be them in every organization that they are in. Only who operates the
    /// installation makes such links.
    async fn need_newcomer(&self, person: Option<PersonId>, invitation: &Invitation) -> Result<()> {
        let Some(person) = person.filter(|_| invitation.source != "operator") else { return Ok(()) };
        let mut tx = self.database.read().await?;
        if sql::homes(&mut tx, person).await?.is_empty() {
            return Ok(());
        }
        Err(Error::conflict(
            "this address has an account with nothing to sign in with; whoever operates the installation makes a link \
             for that, with `tickmark people reset`",
        ))
    }

    async fn open_invitation(&self, secret: &[u8; 32]) -> Result<(Organization, Invitation)> {
        let mut tx = self.database.read().await?;
        let found = sql::invitation_by_digest(&mut tx, Digest::of(secret)).await?;
        let (key, invitation) = found.ok_or_else(link_over)?;
        if !invitation.is_open(self.now()) {
            return Err(link_over());
        }
        let organization = actors::organizations(&mut tx).await?.into_iter().find(|one| one.key == key);
        Ok((organization.ok_or_else(link_over)?, invitation))
    }

    async fn show_both(
        &self,
        email: &Email,
        person: PersonId,
        joining: &Joining<'_>,
        origin: &Origin,
    ) -> Result<Coming> {
        let evidence = Evidence {
            need: Need::Both,
            email,
            person: Some(person),
            password: joining.password,
            code: joining.code,
            network: origin.network,
        };
        match credential::examine(self, evidence).await? {
            Answer::Shown(shown) => Ok(Coming::Known(shown)),
            Answer::No { .. } => Err(Error::invalid(SignIn::NO)),
            Answer::Wait(wait) => Err(Error::unavailable(SignIn::wait_words(wait))),
        }
    }

    async fn show_passkey(&self, person: PersonId, presented: Presented<'_>) -> Result<Coming> {
        match passkey::examine(self, presented, Purpose::SignIn, Some(person)).await? {
            Examined::Shown(verified) => Ok(Coming::KnownByPasskey(verified)),
            Examined::No { reason, .. } => Err(Error::invalid(passkey::refusal(reason))),
        }
    }

    async fn enroll(
        &self,
        email: &Email,
        organization: &Organization,
        seed: &Seed,
        joining: &Joining<'_>,
    ) -> Result<Coming> {
        let name = joining.name.trim();
        check_name("person", name)?;
        let mut known = self.words_of(organization).await?;
        known.extend([email.to_string(), name.to_owned()]);
        let password = credential::choose(self, joining.password, &known).await?;
        let second = match joining.passkey {
            Some(presented) => {
                let made = passkey::examine_new(self, presented, Purpose::Join).await?;
                let (person, key) = made.map_err(|reason| Error::invalid(passkey::refusal(reason)))?;
                Second::Passkey(person, key)
            }
            None => {
                let step = seed.matching_step(&digits(joining.code), self.now(), None);
                Second::App(step.ok_or_else(|| {
                    Error::invalid("the code does not fit; take the one that the authenticator shows now, and see that its clock is right")
                })?)
            }
        };
        Ok(Coming::New { name: name.to_owned(), password, second })
    }
}

/// Makes the membership, or finds the one they have.
async fn admit(
    cx: &mut Cx<'_>,
    person: PersonId,
    email: &Email,
    invitation: &Invitation,
    origin: &Origin,
) -> Result<MembershipId> {
    let organization = cx.organization();
    let now = cx.now;
    let members = sql::members(cx.connection(), organization).await?;
    let before = members.into_iter().find(|member| member.person == person);
    // A link without a role is for somebody who enrolls again, whatever they are.
    if let Some(member) = before.as_ref().filter(|_| !invitation.roles.is_empty()) {
        let is_auditor = invitation.roles.contains(&Role::Auditor);
        let rule = if is_auditor { separation::auditor_only } else { separation::no_auditor };
        let verdict = rule(&member.roles);
        super::refused(cx, member.id, verdict)?;
    }
    let id = match &before {
        Some(member) => member.id,
        None => {
            let id = MembershipId(cx.new_id());
            let actor = match sql::earlier_actor(cx.connection(), organization, person).await? {
                Some(actor) => actor,
                None => new_actor(cx, person, email).await?,
            };
            let valid = Span { from: now, to: invitation.valid_until };
            sql::insert_membership(
                cx.connection(),
                organization,
                id,
                person,
                actor,
                &invitation.source,
                valid,
            )
            .await?;
            id
        }
    };
    for role in &invitation.roles {
        let is_new = before.as_ref().is_none_or(|member| !member.roles.contains(role));
        if is_new {
            sql::insert_role(cx.connection(), organization, id, *role, invitation.made_by, now).await?;
        }
    }
    super::auditor::keep_promise(cx, invitation.id, id).await?;
    let after = serde_json::json!({
        "standing": "active",
        "roles": invitation.roles,
        "invitation": invitation.id,
        "made_by": invitation.made_by,
    });
    let event = Event {
        before: before.map(|member| member.state()),
        after: Some(after),
        request: Some(&origin.request),
        ..Event::done(Name::Joined, "member", id)
    };
    audit::record(cx, event).await?;
    Ok(id)
}

async fn new_actor(cx: &mut Cx<'_>, person: PersonId, email: &Email) -> Result<ActorId> {
    let name = sql::name(cx.connection(), person).await?;
    let label = super::label(&name, email);
    let (organization, now) = (cx.actor.organization.clone(), cx.now);
    let actor = Actor {
        id: ActorId(cx.new_id()),
        organization,
        kind: ActorKind::Person,
        label,
        access: Access::Local,
    };
    actors::insert_actor(cx.connection(), &actor, now).await?;
    Ok(actor.id)
}

/// Somebody whom an identity provider let in.
pub(crate) struct Comer<'a> {
    /// The name that it says; may be empty.
    pub(crate) name: &'a str,
}

/// Lets somebody in by an invitation whom an identity provider of the organization knows. They have nothing here to sign in
/// with by that, and what somebody has who is here already stays as it is: the provider vouches for them in this organization
/// only. Returns the membership, and who made the invitation.
///
/// # Errors
/// `NotFound` if the link does not work (any more).
pub(crate) async fn join_through(
    cx: &mut Cx<'_>,
    digest: Digest,
    comer: &Comer<'_>,
    origin: &Origin,
) -> Result<(MembershipId, ActorId)> {
    let (key, now) = (cx.organization(), cx.now);
    let found = sql::invitation_by_digest(cx.connection(), digest).await?;
    let (_, invitation) =
        found.filter(|(of, invitation)| *of == key && invitation.is_open(now)).ok_or_else(link_over)?;
    // The first owner has something of their own, or nobody could get in without the provider.
    let email = address(invitation.email.as_deref().ok_or_else(link_over)?)?;
    // One without roles is for whoever enrolls again, which is done here and not there.
    if invitation.roles.is_empty()
        || !sql::use_link(cx.connection(), sql::Links::Invitation, key, invitation.id.0, now).await?
    {
        return Err(link_over());
    }
    let person = match sql::person_by_email(cx.connection(), &email).await? {
        Some(person) => person,
        None => {
            let person = PersonId(cx.new_id());
            let name = comer.name.trim();
            let name = if check_name("person", name).is_ok() { name } else { email.as_str() };
            sql::insert_person(cx.connection(), person, &email, name, now).await?;
            person
        }
    };
    let membership = admit(cx, person, &email, &invitation, origin).await?;
    Ok((membership, invitation.made_by))
}

pub(super) fn digits(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(12).collect()
}

pub(super) fn link_over() -> Error {
    Error::not_found("invitation", "behind this link; it was used, taken back, or its time is over")
}
