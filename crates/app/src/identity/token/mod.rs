//! API tokens: programs that act for a member.
//!
//! A token has some permissions, chosen when it is made among those that its maker has and tokens may have. It can do what it
//! was given as far as its owner may at that moment: what the owner loses, the token loses, and when the membership rests or
//! ends, the token does nothing. It may be for some systems only, and work from some addresses only. It ends by itself, is
//! shown once, and makes no other tokens.

pub mod once;
mod sql;

use std::collections::BTreeSet;
use std::net::IpAddr;

use tickmark_core::id::{MembershipId, SessionId};
use tickmark_core::identity::throttle::Network;
use tickmark_core::identity::token::{Given, MAX_TOKEN_DAYS, TokenText};
use tickmark_core::identity::{Alert, Assurance, Atom, Factor, Resource, Scope, Systems, Verb, separation};
use tickmark_core::time::{DAY_US, HOUR_US};
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::audit::{self, Event, Name};
use super::{Access, SignedIn, System, check_name, people, session, system};
use crate::context::{Cx, View};
use crate::{Actor, ActorKind, App, Error, Result};

/// Tokens of one member that work at one time.
pub const MOST_TOKENS: usize = 20;
/// Addresses and ranges of them from which one token works.
pub const MOST_ADDRESSES: usize = 50;
/// How old the moment of the last use may get before it is written again, in microseconds.
const TOUCH_US: i64 = HOUR_US;

/// A token, for people to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Which one.
    pub id: Uuid,
    /// Whose.
    pub membership: MembershipId,
    /// What it is for.
    pub name: String,
    /// What it was given.
    pub given: Given,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// The last request, at most an hour old.
    pub used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Tells whether it works, as far as that is its own matter.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.made_at <= now && now < self.expires_at
    }
}

/// Returns what a member can give to a token of theirs: what they may do, and tokens may do at all.
///
/// # Errors
/// `Forbidden` if nobody is signed in.
pub fn can_be_given(view: &View<'_>) -> Result<Vec<Atom>> {
    let Access::Member(signed_in) = &view.actor.access else {
        return Err(Error::Forbidden("nobody is signed in".to_owned()));
    };
    let subject = &signed_in.subject;
    let at = subject.assurance.proven_at;
    let may = |atom: &Atom| separation::is_for_tokens(*atom) && subject.decide(*atom, at).is_allowed();
    Ok(Atom::all().filter(may).collect())
}

/// Returns the systems for which a member can make a token: those that they are there for, and that are in use.
///
/// # Errors
/// `Forbidden` if nobody is signed in; or if the database fails.
pub async fn systems_to_give(view: &mut View<'_>) -> Result<Vec<System>> {
    let Access::Member(signed_in) = &view.actor.access else {
        return Err(Error::Forbidden("nobody is signed in".to_owned()));
    };
    let own = signed_in.subject.systems.clone();
    let mut systems = system::all(view).await?;
    systems.retain(|one| {
        let is_own = match &own {
            Systems::All => true,
            Systems::Only(own) => own.contains(&one.id),
        };
        is_own && one.retired_at.is_none()
    });
    Ok(systems)
}

/// Makes a token that works for some days, from anywhere, as far as whoever makes it reaches.
///
/// # Errors
/// As [`create_within`].
pub async fn create(
    cx: &mut Cx<'_>,
    name: &str,
    atoms: &BTreeSet<Atom>,
    days: i64,
) -> Result<(Token, Zeroizing<String>)> {
    create_within(cx, name, Given { atoms: atoms.clone(), ..Given::default() }, days).await
}

/// Makes a token that works for some days. Returns it as it is handed out; it can be shown this once.
///
/// # Errors
/// `Forbidden`; `StepUp`; `Invalid` for what is no name, no permission, one that cannot be given, a system that is not
/// theirs, too many addresses or days; `Conflict` for too many tokens.
pub async fn create_within(
    cx: &mut Cx<'_>,
    name: &str,
    given: Given,
    days: i64,
) -> Result<(Token, Zeroizing<String>)> {
    cx.permit(Atom::new(Resource::Token, Verb::Create))?;
    check_name("token", name.trim())?;
    let can_be = can_be_given(cx)?;
    if given.atoms.is_empty() {
        return Err(Error::invalid("choose at least one permission"));
    }
    if let Some(beyond) = given.atoms.iter().find(|atom| !can_be.contains(atom)) {
        return Err(Error::invalid(format!("{beyond} cannot be given to a token of yours")));
    }
    check_within(cx, &given).await?;
    if !(1..=MAX_TOKEN_DAYS).contains(&days) {
        return Err(Error::invalid(format!("a token lasts 1 to {MAX_TOKEN_DAYS} days")));
    }
    let membership = session::own_membership(cx).await?;
    let (organization, now) = (cx.organization(), cx.now);
    let before = sql::of_member(cx.connection(), organization, membership).await?;
    if before.iter().filter(|token| token.is_open(now)).count() >= MOST_TOKENS {
        return Err(Error::conflict(format!("{MOST_TOKENS} tokens work already; revoke one first")));
    }
    let token = Token {
        id: cx.new_id(),
        membership,
        name: name.trim().to_owned(),
        given,
        made_at: now,
        expires_at: now.plus_micros(days * DAY_US),
        used_at: None,
        revoked_at: None,
    };
    let text = TokenText { id: token.id, secret: Zeroizing::new(cx.app.random()) };
    sql::insert(cx.connection(), organization, &token, Digest::of(&*text.secret)).await?;
    let words: Vec<String> = token.given.atoms.iter().map(ToString::to_string).collect();
    let addresses: Vec<String> = token.given.addresses.iter().map(ToString::to_string).collect();
    let after = serde_json::json!({
        "atoms": words, "expires_at": token.expires_at, "member": membership,
        "systems": token.given.systems, "addresses": addresses,
    });
    let event = Event { after: Some(after), ..Event::done(Name::TokenMade, "token", token.id) };
    audit::record(cx, event).await?;
    let person = people::oneself(cx).await?.person;
    people::alert(cx, person, Alert::TokenMade).await?;
    Ok((token, text.write()))
}

/// Refuses systems that are not one's own to give, and more addresses than a token is bound to.
async fn check_within(view: &mut View<'_>, given: &Given) -> Result<()> {
    if given.addresses.len() > MOST_ADDRESSES {
        return Err(Error::invalid(format!("a token is bound to at most {MOST_ADDRESSES} addresses")));
    }
    let Some(systems) = &given.systems else { return Ok(()) };
    if systems.is_empty() {
        return Err(Error::invalid("choose at least one system, or leave the choice out"));
    }
    let own = systems_to_give(view).await?;
    match systems.iter().find(|id| !own.iter().any(|one| one.id == **id)) {
        Some(other) => Err(Error::invalid(format!("the system {other} cannot be given to a token of yours"))),
        None => Ok(()),
    }
}

/// Lists tokens, the newest first: one's own, or those of everybody for whoever may read them all.
///
/// # Errors
/// `Forbidden` if the actor has no tokens.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Token>> {
    let reach = view.permit(Atom::new(Resource::Token, Verb::Read))?;
    let organization = view.organization();
    if reach.is_none_or(|reach| reach.has(Scope::Organization)) {
        return sql::all(view.connection(), organization).await;
    }
    let membership = session::own_membership(view).await?;
    sql::of_member(view.connection(), organization, membership).await
}

/// Returns a token: one's own, or anybody's for whoever may read them all.
///
/// # Errors
/// `Forbidden` if the actor has no tokens; `NotFound` if there is none, or it is not theirs to see.
pub async fn find(view: &mut View<'_>, id: Uuid) -> Result<Token> {
    let reach = view.permit(Atom::new(Resource::Token, Verb::Read))?;
    let organization = view.organization();
    let found = sql::find(view.connection(), organization, id).await?;
    let token = found.ok_or_else(|| Error::not_found("token", id))?;
    if reach.is_none_or(|reach| reach.has(Scope::Organization))
        || token.membership == session::own_membership(view).await?
    {
        Ok(token)
    } else {
        Err(Error::not_found("token", id))
    }
}

/// Lists all tokens, the newest first, whoever asks.
pub(crate) async fn everybody(view: &mut View<'_>) -> Result<Vec<Token>> {
    let organization = view.organization();
    sql::all(view.connection(), organization).await
}

/// Takes a token back: it does nothing from now on.
///
/// # Errors
/// `Forbidden`; `NotFound` if there is none, or it is not one's own to take back; `Conflict` if it does not work anyway.
pub async fn revoke(cx: &mut Cx<'_>, id: Uuid) -> Result<()> {
    cx.permit(Atom::new(Resource::Token, Verb::Delete))?;
    let token = find(cx, id).await?;
    if !token.is_open(cx.now) {
        return Err(Error::conflict("the token does not work any more anyway"));
    }
    let (organization, now) = (cx.organization(), cx.now);
    sql::revoke(cx.connection(), organization, id, now).await?;
    audit::record(cx, Event::done(Name::TokenRevoked, "token", id)).await
}

impl App {
    /// Returns for whom a token acts, as they are at this moment; none if it does not work.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn resume_token(&self, text: &str, request: &str) -> Result<Option<Actor>> {
        self.resume_token_from(text, request, None).await
    }

    /// The same for a request that comes from an address.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn resume_token_from(
        &self,
        text: &str,
        request: &str,
        address: Option<IpAddr>,
    ) -> Result<Option<Actor>> {
        let Some(shown) = TokenText::read(text) else { return Ok(None) };
        let now = self.now();
        let mut tx = self.database.read().await?;
        let found = sql::by_digest(&mut tx, Digest::of(&*shown.secret)).await?;
        let works =
            |token: &Token| token.id == shown.id && token.is_open(now) && token.given.works_from(address);
        let Some((key, token)) = found.filter(|(_, token)| works(token)) else { return Ok(None) };
        let found = session::acting(&mut tx, key, token.membership, now).await?;
        drop(tx);
        let Some(acting) = found else { return Ok(None) };
        let is_old = token.used_at.is_none_or(|used| now.micros() - used.micros() >= TOUCH_US);
        if self.may_write() && is_old {
            let mut tx = self.database.write().await?;
            sql::touch(&mut tx, key, token.id, now).await?;
            tx.commit().await?;
        }
        // A token proves nothing about a person; what it may do is said by its permissions.
        let assurance = Assurance { factor: Factor::Password, proven_at: token.made_at };
        let id = SessionId(token.id);
        let request = request.to_owned();
        let network = address.map(|address| Network::of(address).to_string()).unwrap_or_default();
        let signed_in = |subject| SignedIn { subject, session: id, request, network };
        Ok(Some(session::actor_of(acting, ActorKind::Program, assurance, Some(token.given), signed_in)))
    }
}
