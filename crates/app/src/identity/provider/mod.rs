//! Signing in through an identity provider of the organization, by OpenID Connect.
//!
//! A connection belongs to one organization and vouches for people there and nowhere else: what it says is worth nothing in
//! another organization, and does not change what somebody signs in with. Who somebody at the provider is here is said by an
//! invitation or by an administrator, never by an address. Where the provider does not say that a second factor was shown,
//! one that somebody has here is asked for.

mod discover;
mod flow;
mod jose;
mod link;
mod logout;
mod sql;

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::{MembershipId, OrganizationKey, ProviderId};
use tickmark_core::identity::provider::{Algorithm, check_issuer};
use tickmark_core::identity::{Atom, Resource, Role, Verb};
use zeroize::Zeroizing;

use super::audit::{self, Event, Name};
use super::credential::Vault;
use super::people::Member;
use super::{Organization, Version, check_name, credential, session, sql as actors};
use crate::context::{Cx, View};
use crate::{App, Error, Result};

pub(crate) use discover::Known;
pub use flow::{Arrival, Leaving, Purpose, Returned};
pub(crate) use link::end_links_of;
pub use link::{Linked, Waiting, approve, decline, links, unlink, waiting};

/// Most connections of one organization.
pub const MOST_PROVIDERS: usize = 20;
/// Most characters of the words of one field.
const MAX_WORDS_CHARS: usize = 2_000;
/// Most characters of a client id, and of its secret.
const MAX_CLIENT_CHARS: usize = 500;

/// A connection to an identity provider. Its secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Which one; part of the address to which the provider sends people back.
    pub id: ProviderId,
    /// What people call it.
    pub name: String,
    /// Its issuer, exactly as it says it.
    pub issuer: String,
    /// What it calls this program.
    pub client: String,
    /// How its tokens may be signed.
    pub algorithms: BTreeSet<Algorithm>,
    /// Domains of addresses that are taken; all if there are none.
    pub domains: BTreeSet<String>,
    /// Words of `amr` or `acr` that stand for a second factor.
    pub second: BTreeSet<String>,
    /// Words of `amr` or `acr` that stand for a factor that no false page can ask for.
    pub strong: BTreeSet<String>,
    /// Whether those who are linked to it sign in by nothing else. Owners always can.
    pub is_required: bool,
    /// Whether it lets anybody in.
    pub is_on: bool,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// What was said of a connection at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSaid {
    /// The connection.
    pub provider: Provider,
    /// Whether it got another secret with this.
    pub has_new_secret: bool,
}

/// What is said of a connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// What people call it.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
    /// What it calls this program.
    pub client: String,
    /// The client secret; none leaves the one there is.
    pub secret: Option<Zeroizing<String>>,
    /// How its tokens may be signed.
    pub algorithms: BTreeSet<Algorithm>,
    /// Domains of addresses that are taken, in words.
    pub domains: String,
    /// Words that stand for a second factor.
    pub second: String,
    /// Words that stand for a strong one.
    pub strong: String,
    /// Whether those who are linked to it sign in by nothing else.
    pub is_required: bool,
    /// Whether it lets anybody in.
    pub is_on: bool,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({:?}, {:?}, ***)", self.name, self.issuer)
    }
}

/// A connection as a page of signing in offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which one.
    pub id: ProviderId,
    /// What people call it.
    pub name: String,
    /// Whether it is the organization's only way in but for owners.
    pub is_required: bool,
}

const fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::IdentityProvider, verb)
}

/// Lists connections by name.
///
/// # Errors
/// `Forbidden` if the actor may not see them.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Provider>> {
    view.permit(atom(Verb::Read))?;
    let organization = view.organization();
    sql::all(view.connection(), organization).await
}

/// Finds a connection.
///
/// # Errors
/// As [`list`]; `NotFound`.
pub async fn find(view: &mut View<'_>, id: ProviderId) -> Result<Provider> {
    let found = list(view).await?.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| Error::not_found("identity provider", id))
}

/// Returns what was said of a connection, oldest first. Secrets are no part of it.
///
/// # Errors
/// As [`find`].
pub async fn versions(view: &mut View<'_>, id: ProviderId) -> Result<Vec<Version<ProviderSaid>>> {
    find(view, id).await?;
    let organization = view.organization();
    sql::versions(view.connection(), organization, id).await
}

/// Writes a connection. Nobody is asked yet whether there is such a provider: signing in shows it.
///
/// # Errors
/// `Forbidden`, for programs too; `StepUp`; `Invalid` with what to mend; `Conflict` for a name that there is, or too many.
pub async fn write(cx: &mut Cx<'_>, content: &Content) -> Result<Provider> {
    cx.permit(atom(Verb::Create))?;
    cx.need_person()?;
    let secret = content.secret.as_ref().ok_or_else(|| Error::invalid("it needs the client secret"))?;
    let provider = said(content, ProviderId(cx.new_id()), cx.now)?;
    let organization = cx.organization();
    let all = sql::all(cx.connection(), organization).await?;
    if all.iter().any(|one| one.name == provider.name) {
        return Err(taken(&provider.name));
    }
    if all.len() >= MOST_PROVIDERS {
        return Err(Error::conflict(format!(
            "an organization has at most {MOST_PROVIDERS} identity providers"
        )));
    }
    let (sealed, by) = sealed(cx, provider.id, secret).await?;
    sql::insert(cx.connection(), organization, &provider, &sealed, &by).await?;
    keep(cx, &provider, true, "").await?;
    let event = Event {
        after: Some(state(&provider)),
        ..Event::done(Name::ProviderWritten, "identity_provider", provider.id)
    };
    audit::record(cx, event).await?;
    Ok(provider)
}

/// Says anew what a connection is. Where it is another issuer or client, or off, everybody who is in by it is signed out.
///
/// # Errors
/// As [`write`]; `NotFound`; `Invalid` without a reason.
pub async fn change(cx: &mut Cx<'_>, id: ProviderId, content: &Content, why: &str) -> Result<Provider> {
    let before = find(cx, id).await?;
    cx.permit(atom(Verb::Update))?;
    cx.need_person()?;
    let after = said(content, id, cx.now)?;
    if why.trim().is_empty() {
        return Err(Error::invalid("this needs a reason"));
    }
    if list(cx).await?.iter().any(|one| one.id != id && one.name == after.name) {
        return Err(taken(&after.name));
    }
    let organization = cx.organization();
    sql::change(cx.connection(), organization, &after).await?;
    keep(cx, &after, content.secret.is_some(), why).await?;
    if let Some(secret) = &content.secret {
        let (sealed, by) = sealed(cx, id, secret).await?;
        sql::set_secret(cx.connection(), organization, id, &sealed, &by).await?;
        audit::record(cx, Event::done(Name::SecretReplaced, "identity_provider", id)).await?;
    }
    if (after.issuer != before.issuer) || (after.client != before.client) || !after.is_on {
        session::end_through(cx, id, "", "", "provider_changed").await?;
    }
    let event = Event {
        before: Some(state(&before)),
        after: Some(state(&after)),
        why: Some(why),
        ..Event::done(Name::ProviderChanged, "identity_provider", id)
    };
    audit::record(cx, event).await?;
    Ok(after)
}

/// Switches a connection off. For whoever operates the installation, on the machine: when a provider is wrong, nobody must be
/// locked out by it.
///
/// # Errors
/// `Forbidden` for members; `NotFound`; `Conflict` if it is off.
pub async fn switch_off(cx: &mut Cx<'_>, name: &str, why: &str) -> Result<()> {
    cx.authorize(crate::Action::Operate)?;
    let found = list(cx).await?.into_iter().find(|one| one.name == name);
    let before = found.ok_or_else(|| Error::not_found("identity provider", format!("{name:?}")))?;
    if !before.is_on {
        return Err(Error::conflict("it is off already"));
    }
    let after = Provider { is_on: false, changed_at: cx.now, ..before.clone() };
    let organization = cx.organization();
    sql::change(cx.connection(), organization, &after).await?;
    keep(cx, &after, false, why).await?;
    session::end_through(cx, before.id, "", "", "provider_changed").await?;
    let event = Event {
        before: Some(state(&before)),
        after: Some(state(&after)),
        why: Some(why),
        ..Event::done(Name::ProviderChanged, "identity_provider", before.id)
    };
    audit::record(cx, event).await
}

/// Keeps what is said of a connection now as its next version.
async fn keep(cx: &mut Cx<'_>, provider: &Provider, has_new_secret: bool, why: &str) -> Result<()> {
    let (organization, by) = (cx.organization(), cx.actor.id);
    let said = ProviderSaid { provider: provider.clone(), has_new_secret };
    sql::add_version(cx.connection(), organization, &said, (by, why)).await
}

fn taken(name: &str) -> Error {
    Error::conflict(format!("there is an identity provider with the name {name:?} already"))
}

async fn sealed(cx: &mut Cx<'_>, id: ProviderId, secret: &Zeroizing<String>) -> Result<(Vec<u8>, String)> {
    let vault = credential::vault(cx.app).await?;
    let place = place(cx.organization(), id);
    Ok((vault.seal_text(&place, secret.as_bytes(), cx.app.random()), vault.id().to_owned()))
}

/// Where a client secret is at home: it opens there only.
pub(crate) fn place(organization: OrganizationKey, id: ProviderId) -> String {
    format!("identity_provider|secret|{}|{id}", organization.0)
}

/// Seals anew the client secrets that another key than the present one seals.
pub(crate) async fn reseal(app: &App, vault: &Vault) -> Result<usize> {
    let mut tx = app.database.write().await?;
    let secrets = sql::sealed_by_others(&mut tx, vault.id()).await?;
    for (organization, id, sealed, by) in &secrets {
        let place = place(*organization, *id);
        let opened = vault.open_text(&place, by, sealed)?;
        let sealed = vault.seal_text(&place, &opened, app.random());
        sql::set_secret(&mut tx, *organization, *id, &sealed, vault.id()).await?;
    }
    tx.commit().await?;
    Ok(secrets.len())
}

fn said(content: &Content, id: ProviderId, now: Timestamp) -> Result<Provider> {
    let name = content.name.trim();
    check_name("identity provider", name)?;
    let issuer = content.issuer.trim();
    check_issuer(issuer).map_err(Error::invalid)?;
    if issuer.len() > MAX_CLIENT_CHARS {
        return Err(Error::invalid(format!("the issuer has at most {MAX_CLIENT_CHARS} characters")));
    }
    let client = content.client.trim();
    let fits = |text: &str| {
        !text.is_empty() && text.chars().count() <= MAX_CLIENT_CHARS && !text.chars().any(char::is_control)
    };
    if !fits(client) {
        return Err(Error::invalid(format!("the client id needs 1 to {MAX_CLIENT_CHARS} characters")));
    }
    if content.secret.as_ref().is_some_and(|secret| !fits(secret)) {
        return Err(Error::invalid(format!("the client secret needs 1 to {MAX_CLIENT_CHARS} characters")));
    }
    if content.algorithms.is_empty() {
        return Err(Error::invalid("choose at least one algorithm of signatures"));
    }
    let second = words(&content.second, "second factor")?;
    let strong = words(&content.strong, "strong factor")?;
    let domains = words(&content.domains.to_lowercase(), "domains")?;
    let is_domain = |domain: &String| domain.contains('.') && !domain.contains(['@', '/', ':', '*']);
    if let Some(odd) = domains.iter().find(|domain| !is_domain(domain)) {
        return Err(Error::invalid(format!("domains are such as example.com, and {odd:?} is none")));
    }
    Ok(Provider {
        id,
        name: name.to_owned(),
        issuer: issuer.to_owned(),
        client: client.to_owned(),
        algorithms: content.algorithms.clone(),
        domains,
        second,
        strong,
        is_required: content.is_required,
        is_on: content.is_on,
        changed_at: now,
    })
}

fn words(text: &str, of: &str) -> Result<BTreeSet<String>> {
    if text.chars().count() > MAX_WORDS_CHARS || text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return Err(Error::invalid(format!("the words of {of} have at most {MAX_WORDS_CHARS} characters")));
    }
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// What an audit event says about a connection: no secret, and nobody's name.
fn state(provider: &Provider) -> serde_json::Value {
    json!({
        "issuer": provider.issuer,
        "client": provider.client,
        "algorithms": provider.algorithms.iter().map(|one| one.word()).collect::<Vec<_>>(),
        "domains": provider.domains,
        "second": provider.second,
        "strong": provider.strong,
        "required": provider.is_required,
        "on": provider.is_on,
    })
}

/// Returns the connections by one of which a member has to sign in; none if by any way.
///
/// Owners can always sign in with what they have here, so that a provider that is wrong locks nobody's organization.
pub(crate) async fn required_of(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    member: &Member,
) -> Result<BTreeSet<ProviderId>> {
    if member.roles.contains(&Role::Owner) {
        return Ok(BTreeSet::new());
    }
    required(c, organization, member.id).await
}

async fn required(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    membership: MembershipId,
) -> Result<BTreeSet<ProviderId>> {
    sql::required(c, organization, membership).await
}

impl App {
    /// Returns the ways into an organization that a page of signing in offers: of the one there is, or of the one that is
    /// named. Where there are several, none says unasked which organizations are here.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn offered_providers(&self, organization: Option<&str>) -> Result<Vec<Offer>> {
        let mut tx = self.database.read().await?;
        let all = actors::organizations(&mut tx).await?;
        let chosen: Option<Organization> = match (organization, all.as_slice()) {
            (Some(id), _) => all.iter().find(|one| one.id.to_string() == id).cloned(),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        };
        let Some(chosen) = chosen else { return Ok(Vec::new()) };
        let providers = sql::all(&mut tx, chosen.key).await?;
        let offer = |one: Provider| Offer { id: one.id, name: one.name, is_required: one.is_required };
        Ok(providers.into_iter().filter(|one| one.is_on).map(offer).collect())
    }
}
