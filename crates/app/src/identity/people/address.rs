//! Another address to sign in with: asked for after a fresh proof, confirmed by a link that goes to it, told to the one before.
//!
//! An address is how somebody signs in and where links go, so whoever could set it could take an account over. The link opens
//! a page and changes nothing; only what is sent from that page does. Whoever operates the installation changes addresses
//! without a link, on the machine.

use tickmark_core::id::{MembershipId, PersonId};
use tickmark_core::identity::{Alert, Email, Standing};
use tickmark_core::time::HOUR_US;
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;

use super::super::audit::{self, Event, Name};
use super::super::session::{self, Origin};
use super::super::{Organization, credential, sql as actors};
use super::join::link_over;
use super::{address, need_reason, oneself, own, sql, tell_elsewhere};
use crate::context::Cx;
use crate::mail;
use crate::{App, Error, Result};

/// How long such a link works, in microseconds: 2 hours.
pub const ADDRESS_US: i64 = 2 * HOUR_US;

/// A link as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) id: Uuid,
    pub(super) membership: MembershipId,
    pub(super) email: Email,
    pub(super) expires_at: Timestamp,
}

/// What the page of a link shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirming {
    /// In which organization it was asked for.
    pub organization: String,
    /// The address that is to be theirs.
    pub email: Email,
}

/// Asks for another address: a letter with a link goes to it, and until the link is used everything is as it was. An earlier
/// link stops working.
///
/// # Errors
/// `Forbidden` if nobody is signed in; `StepUp`; `Invalid` for what is no address; `Conflict` if it is the one there is, or no
/// mail goes out.
pub async fn ask_for_address(cx: &mut Cx<'_>, email: &str) -> Result<Timestamp> {
    session::need_own_proof(cx).await?;
    let own = oneself(cx).await?;
    let email = address(email)?;
    if email == own.email {
        return Err(Error::conflict("this is the address that you have"));
    }
    if !mail::is_on(cx.app) {
        return Err(Error::conflict(
            "no mail goes out here, so a new address cannot be confirmed; whoever operates the installation changes \
             yours, with `tickmark people address`",
        ));
    }
    let secret: [u8; 32] = cx.app.random();
    let (organization, now) = (cx.organization(), cx.now);
    let asked = Asked {
        id: cx.new_id(),
        membership: own.membership,
        email: email.clone(),
        expires_at: now.plus_micros(ADDRESS_US),
    };
    sql::end_links(cx.connection(), sql::Links::Address, organization, own.membership, now).await?;
    sql::insert_address_change(cx.connection(), organization, &asked, Digest::of(&secret), now).await?;
    let about = format!("address {}", own.membership);
    mail::call_off(cx, &about).await?;
    mail::confirm_address(cx, about, &email, &hex::encode(secret), asked.expires_at).await?;
    audit::record(cx, Event::done(Name::AddressAsked, "member", own.membership)).await?;
    Ok(asked.expires_at)
}

/// Changes somebody's address at once. For whoever operates the installation, on the machine.
///
/// # Errors
/// `Forbidden` for members; `NotFound`; `Invalid` without a reason, or for what is no address; `Conflict` if somebody has it.
pub async fn set_address(cx: &mut Cx<'_>, id: MembershipId, email: &str, why: &str) -> Result<()> {
    cx.authorize(crate::Action::Operate)?;
    let member = super::member(cx, id).await?;
    need_reason(why)?;
    let email = address(email)?;
    exchange(cx, member.person, &email).await?;
    let event = Event { why: Some(why), ..Event::done(Name::AddressChanged, "member", id) };
    audit::record(cx, event).await
}

/// Gives a person another address, here and in every organization that they are in, and tells both addresses.
async fn exchange(cx: &mut Cx<'_>, person: PersonId, email: &Email) -> Result<()> {
    if sql::person_by_email(cx.connection(), email).await?.is_some() {
        return Err(Error::conflict("somebody signs in with this address already"));
    }
    let before = sql::email(cx.connection(), person).await?;
    sql::set_email(cx.connection(), person, email).await?;
    let name = sql::name(cx.connection(), person).await?;
    own::relabel(cx, person, &super::label(&name, email)).await?;
    credential::forget_failures(cx, email).await?;
    tell_elsewhere(cx, person, Name::AddressChanged, &serde_json::Value::Null).await?;
    for to in [before.as_str(), email.as_str()] {
        mail::security(cx, person, to, Alert::EmailChanged).await?;
    }
    Ok(())
}

impl App {
    /// Returns what the page of a link shows. Changes nothing.
    ///
    /// # Errors
    /// `NotFound` if the link does not work.
    pub async fn confirming_address(&self, secret: &[u8; 32]) -> Result<Confirming> {
        let (organization, asked) = self.open_address_change(secret).await?;
        Ok(Confirming { organization: organization.name, email: asked.email })
    }

    /// Makes the address of a link that of whoever asked for it.
    ///
    /// # Errors
    /// `NotFound` if the link does not work (any more); `Conflict` if somebody else signs in with the address.
    pub async fn confirm_address(&self, secret: &[u8; 32], origin: &Origin) -> Result<()> {
        let (organization, asked) = self.open_address_change(secret).await?;
        let program = self.program_of(organization).await?;
        self.transact(&program, async |cx| {
            let (key, now) = (cx.organization(), cx.now);
            if !sql::use_link(cx.connection(), sql::Links::Address, key, asked.id, now).await? {
                return Err(link_over());
            }
            let found = sql::person_email(cx.connection(), key, asked.membership).await?;
            let (person, _) = found.ok_or_else(link_over)?;
            exchange(cx, person, &asked.email).await?;
            credential::remember_network(cx, &asked.email, origin.network).await?;
            let event = Event {
                request: Some(&origin.request),
                ..Event::done(Name::AddressChanged, "member", asked.membership)
            };
            audit::record(cx, event).await
        })
        .await
    }

    async fn open_address_change(&self, secret: &[u8; 32]) -> Result<(Organization, Asked)> {
        let mut tx = self.database.read().await?;
        let (key, asked) = sql::address_change(&mut tx, Digest::of(secret)).await?.ok_or_else(link_over)?;
        let member = sql::membership(&mut tx, key, asked.membership).await?;
        let now = self.now();
        let counts = member.is_some_and(|one| one.standing == Standing::Active && one.valid.contains(now));
        if !counts || now >= asked.expires_at {
            return Err(link_over());
        }
        let organization = actors::organizations(&mut tx).await?.into_iter().find(|one| one.key == key);
        Ok((organization.ok_or_else(link_over)?, asked))
    }
}
