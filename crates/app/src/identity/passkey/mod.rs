//! Passkeys: what a person signs in with that a false page cannot ask for, and that shows both factors at once.
//!
//! A ceremony has two halves: the browser is asked, and it answers. What was asked waits in the database for a few minutes,
//! bound to the cookie of the browser that was asked, and is gone with the first answer, right or wrong. A key belongs to
//! the person, so it says who they are in every organization they are in; whether it is an attested one, each organization finds
//! for itself (`attestation`). Owns `passkey` and `passkey_ceremony`.

mod ceremony;
mod own;
mod sql;

use serde_json::Value;
use sqlx::AnyConnection;
use tickmark_core::id::{PasskeyId, PersonId};
use tickmark_core::identity::throttle::Network;
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;

use super::attestation::{self, Anchors};
use super::audit::{self, Event, Name, Outcome};
use super::check_name;
use crate::context::Cx;
use crate::{App, Error, Result};

pub(crate) use ceremony::NewKey;
use ceremony::{Asked, Claim};
pub(crate) use own::need_own_strength;
pub use own::{Kinds, Wish, kinds, mine, remove, rename};

/// How long a browser may take to answer, in microseconds: 5 minutes.
pub const CEREMONY_US: i64 = 5 * 60 * SECOND_US;
/// Most passkeys of one person.
pub const MOST_PASSKEYS: usize = 20;
/// Questions that wait for answers from one network; the oldest make room.
const OPEN_PER_NETWORK: i64 = 100;

/// For whom browsers make and show passkeys: this server, at its public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relying {
    /// The host name. Keys made for one name are of no use at another.
    pub id: String,
    /// Scheme, host and port, as browsers say it.
    pub origin: String,
    /// What is shown to people.
    pub name: String,
}

/// How the maker of a device vouched for a key that was made on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attestation {
    /// Not at all.
    None,
    /// The key vouches for itself, which says nothing.
    Itself,
    /// By a certificate of the model.
    Basic,
    /// By an authority that knows the device.
    Authority,
    /// In a way that names no model.
    Other,
}

impl Attestation {
    const ALL: [Self; 5] = [Self::None, Self::Itself, Self::Basic, Self::Authority, Self::Other];

    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Itself => "self",
            Self::Basic => "basic",
            Self::Authority => "authority",
            Self::Other => "other",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// A passkey, for its owner to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its id here.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// Whether it can be on several devices, as its authenticator says.
    pub is_synced: bool,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was last shown; none if never.
    pub used_at: Option<Timestamp>,
    /// How its maker vouched for it when it was made.
    pub attestation: Attestation,
    /// The model (AAGUID), where the maker's certificate covers it.
    pub model: Option<Uuid>,
    /// What the organization calls the model, where it accepts the passkey as an attested one.
    pub accepted_as: Option<String>,
}

/// What a browser is asked.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Which question; the answer names it.
    pub ceremony: Uuid,
    /// The options of `navigator.credentials`, in the JSON form of the standard.
    pub options: Value,
}

/// What a browser answers.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// To which question.
    pub ceremony: &'a str,
    /// The answer, in the JSON form of the standard.
    pub answer: &'a str,
    /// The digest of the browser's cookie.
    pub browser: Digest,
    /// For whom it was asked.
    pub relying: &'a Relying,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignIn,
    StepUp,
    Add,
    Join,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::StepUp => "step_up",
            Self::Add => "add",
            Self::Join => "join",
        }
    }
}

/// What was found.
pub(crate) enum Examined {
    /// It is them, once [`Verified::take`] has noted it.
    Shown(Verified),
    /// It is not.
    No {
        reason: &'static str,
        /// Whose key it is, if it is anybody's.
        person: Option<PersonId>,
        /// The key counts less than it did.
        regress: Option<Regress>,
    },
}

/// A passkey was shown.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) person: PersonId,
    id: PasskeyId,
    counter: u32,
    regress: Option<Regress>,
    /// The key with its chain, where a maker vouches for it.
    vouched: Option<Vouched>,
}

/// A key for which a maker vouches.
#[derive(Clone, Debug)]
struct Vouched {
    body: String,
    model: Uuid,
}

/// A key counted less than before: there may be two of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Regress {
    id: PasskeyId,
    known: u32,
    shown: u32,
}

/// A key as it is kept.
struct Kept {
    id: PasskeyId,
    person: PersonId,
    body: String,
    counter: u32,
    is_synced: bool,
    model: Option<Uuid>,
}

/// A question as it is kept.
struct Waiting {
    person: Option<PersonId>,
    state: String,
    begun_at: Timestamp,
    expires_at: Timestamp,
}

/// Examines an answer. `of` is who it must be, where that is known.
pub(crate) async fn examine(
    app: &App,
    presented: Presented<'_>,
    purpose: Purpose,
    of: Option<PersonId>,
) -> Result<Examined> {
    let no = |reason, person| Ok(Examined::No { reason, person, regress: None });
    let Some(waiting) = take(app, presented, purpose).await? else { return no("passkey_ceremony", of) };
    let Some(claim) = Claim::read(presented.answer) else { return no("passkey_malformed", of) };
    let mut tx = app.database.read().await?;
    let kept = sql::by_credential(&mut tx, claim.credential()).await?;
    drop(tx);
    let Some(kept) = kept else { return no("passkey_unknown", of) };
    // Nobody but whom the key says it is: asked without a name, a key must say it.
    let says = claim.person();
    let is_theirs = match waiting.person.or(of) {
        Some(person) => kept.person == person && says.is_none_or(|says| says == person.0.as_bytes()),
        None => says.is_some_and(|says| says == kept.person.0.as_bytes()),
    };
    if !is_theirs {
        return no("passkey_of_another", Some(kept.person));
    }
    let signed = match claim.examine(presented.relying, &waiting.state, &kept.body)? {
        Ok(signed) => signed,
        Err(reason) => return no(reason, Some(kept.person)),
    };
    let counts = signed.counter > 0 || kept.counter > 0;
    let regress = (counts && signed.counter <= kept.counter).then_some(Regress {
        id: kept.id,
        known: kept.counter,
        shown: signed.counter,
    });
    // Devices that share a key may count apart; one that is alone never counts back.
    if regress.is_some() && !kept.is_synced {
        return Ok(Examined::No { reason: "passkey_counter", person: Some(kept.person), regress });
    }
    // What can be on several devices is not the device that its maker vouches for.
    let vouched = kept.model.filter(|_| !kept.is_synced).map(|model| Vouched { body: kept.body, model });
    Ok(Examined::Shown(Verified {
        person: kept.person,
        id: kept.id,
        counter: signed.counter,
        regress,
        vouched,
    }))
}

impl Verified {
    /// Notes that the key was shown, in the transaction of what was proven for. Tells whether it counts: not when it was
    /// removed in between, or a copy of it was shown at the same moment.
    pub(crate) async fn take(&self, cx: &mut Cx<'_>, request: &str) -> Result<bool> {
        let now = cx.now;
        if !sql::use_key(cx.connection(), self.id, self.counter, now).await? {
            return Ok(false);
        }
        if let Some(regress) = self.regress {
            record_regress(cx, regress, request).await?;
        }
        if let Some(vouched) = &self.vouched {
            judge(cx, self.id, vouched).await?;
        }
        Ok(true)
    }

    /// Which key it was.
    pub(crate) fn passkey(&self) -> PasskeyId {
        self.id
    }
}

/// Finds whether the chain of a key ends at a certificate of the organization, unless that is known.
async fn judge(cx: &mut Cx<'_>, id: PasskeyId, vouched: &Vouched) -> Result<()> {
    let organization = cx.organization();
    if attestation::is_noted(cx.connection(), organization, id).await? {
        return Ok(());
    }
    for (root, certificate) in attestation::roots(cx.connection(), organization).await? {
        if ceremony::ends_at(&vouched.body, &certificate)? {
            attestation::note(cx, id, root, vouched.model).await?;
        }
    }
    Ok(())
}

/// Records that a key counted less than before.
pub(crate) async fn record_regress(cx: &mut Cx<'_>, regress: Regress, request: &str) -> Result<()> {
    let event = Event {
        outcome: Outcome::Failed,
        reason: "passkey_counter",
        before: Some(serde_json::json!({"counter": regress.known})),
        after: Some(serde_json::json!({"counter": regress.shown})),
        request: Some(request),
        ..Event::done(Name::CounterRegressed, "passkey", regress.id)
    };
    audit::record(cx, event).await
}

/// Asks for a passkey that is there: of this person, or whoever it says.
pub(crate) async fn ask(
    app: &App,
    purpose: Purpose,
    person: Option<PersonId>,
    (relying, browser): (&Relying, Digest),
    network: Network,
) -> Result<Begun> {
    let known = match person {
        Some(person) => {
            let mut tx = app.database.read().await?;
            sql::credentials(&mut tx, person).await?
        }
        None => Vec::new(),
    };
    let asked = ceremony::ask_for_known(relying, &known)?;
    keep_waiting(app, purpose, person, asked, browser, network).await
}

/// Whose new passkey is asked for.
pub(crate) struct Newcomer<'a> {
    pub(crate) person: PersonId,
    /// How authenticators call the account, and the person.
    pub(crate) called: (&'a str, &'a str),
    /// Whom it must come from, where an attested one is asked for.
    pub(crate) anchors: Option<Anchors>,
}

/// Asks for a new passkey of a person.
pub(crate) async fn ask_for_new(
    app: &App,
    purpose: Purpose,
    newcomer: Newcomer<'_>,
    (relying, browser): (&Relying, Digest),
    network: Network,
) -> Result<Begun> {
    let Newcomer { person, called, anchors } = newcomer;
    let mut tx = app.database.read().await?;
    let known = sql::credentials(&mut tx, person).await?;
    drop(tx);
    if known.len() >= MOST_PASSKEYS {
        return Err(Error::conflict(format!(
            "you have {MOST_PASSKEYS} passkeys; remove one that you do not use"
        )));
    }
    let asked = ceremony::ask_for_new(relying, person, called, &known, anchors.as_ref())?;
    keep_waiting(app, purpose, Some(person), asked, browser, network).await
}

/// Examines a new key; returns it with whose it is.
pub(crate) async fn examine_new(
    app: &App,
    presented: Presented<'_>,
    purpose: Purpose,
) -> Result<std::result::Result<(PersonId, NewKey), &'static str>> {
    let Some(waiting) = take(app, presented, purpose).await? else { return Ok(Err("passkey_ceremony")) };
    let person = waiting.person.ok_or_else(|| Error::corrupt("a passkey ceremony", "it is of nobody"))?;
    let made = ceremony::examine_new(presented.relying, &waiting.state, presented.answer)?;
    Ok(made.map(|key| (person, key)))
}

/// Keeps a new key of a person, and records it.
pub(crate) async fn keep(cx: &mut Cx<'_>, person: PersonId, key: &NewKey, name: &str) -> Result<PasskeyId> {
    check_name("passkey", name)?;
    if sql::by_credential(cx.connection(), &key.credential).await?.is_some() {
        return Err(Error::conflict("this passkey is here already"));
    }
    let (id, now) = (PasskeyId(cx.new_id()), cx.now);
    sql::insert(cx.connection(), id, person, key, name, now).await?;
    if let Some(model) = key.model.filter(|_| !key.is_synced) {
        judge(cx, id, &Vouched { body: key.body.clone(), model }).await?;
    }
    let organization = cx.organization();
    if key.is_asked_attested && !attestation::is_trusted(cx.connection(), organization, id).await? {
        return Err(Error::conflict(
            "the organization changed meanwhile whose passkeys it accepts; try again",
        ));
    }
    let after = serde_json::json!({
        "kind": "passkey", "passkey": id, "synced": key.is_synced,
        "attestation": key.attestation.word(), "model": key.model,
    });
    let event = Event { after: Some(after), ..Event::done(Name::FactorEnrolled, "person", person) };
    audit::record(cx, event).await?;
    Ok(id)
}

/// Returns how many passkeys a person has.
pub(crate) async fn count(c: &mut AnyConnection, person: PersonId) -> Result<usize> {
    Ok(sql::credentials(c, person).await?.len())
}

/// Returns which passkeys a person has, oldest first.
pub(crate) async fn ids(c: &mut AnyConnection, person: PersonId) -> Result<Vec<PasskeyId>> {
    sql::ids(c, person).await
}

/// Takes all passkeys of a person away.
pub(crate) async fn forget(c: &mut AnyConnection, person: PersonId) -> Result<()> {
    sql::delete_of(c, person).await
}

/// What somebody is told whose answer was refused.
pub(crate) fn refusal(reason: &str) -> &'static str {
    match reason {
        "passkey_ceremony" => "it took longer than five minutes, or was sent twice; try again",
        "passkey_origin" => "the passkey was made for another address than this server's",
        "passkey_unverified" => "the passkey did not verify that it is you, by PIN, finger or face",
        "passkey_malformed" => {
            "the browser sent no passkey; this needs a browser that has passkeys, with JavaScript on"
        }
        "attestation_missing" => {
            "an attested passkey is asked for, and no maker vouches for this one; take a device of a model that your \
             organization accepts, and let the browser pass on what it is"
        }
        "attestation_maker" => "your organization does not trust the maker of this passkey",
        "attestation_model" => "your organization does not accept this model of passkey",
        "attestation_synced" => {
            "this passkey can be on several devices, so no maker vouches for the device; take one that stays on its device"
        }
        "attestation_invalid" => "what the maker says of this passkey is not right, so it is not accepted",
        _ => "the passkey does not fit",
    }
}

async fn keep_waiting(
    app: &App,
    purpose: Purpose,
    person: Option<PersonId>,
    asked: Asked,
    browser: Digest,
    network: Network,
) -> Result<Begun> {
    let now = app.now();
    let id = app.new_id(now);
    let waiting =
        Waiting { person, state: asked.state, begun_at: now, expires_at: now.plus_micros(CEREMONY_US) };
    let network = network.to_string();
    let mut tx = app.database.write().await?;
    sql::forget_ceremonies(&mut tx, now).await?;
    sql::make_room(&mut tx, &network, OPEN_PER_NETWORK - 1).await?;
    sql::insert_ceremony(&mut tx, id, purpose.word(), browser, &network, &waiting).await?;
    tx.commit().await?;
    Ok(Begun { ceremony: id, options: asked.options })
}

/// Takes a question back that waits for this browser's answer. Whatever the answer is, there is no second one.
async fn take(app: &App, presented: Presented<'_>, purpose: Purpose) -> Result<Option<Waiting>> {
    let Ok(id) = presented.ceremony.parse::<Uuid>() else { return Ok(None) };
    let mut tx = app.database.write().await?;
    let waiting = sql::take_ceremony(&mut tx, id, purpose.word(), presented.browser).await?;
    tx.commit().await?;
    let now = app.now();
    Ok(waiting.filter(|waiting| waiting.begun_at <= now && now < waiting.expires_at))
}
