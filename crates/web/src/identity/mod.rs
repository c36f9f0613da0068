//! Getting in and out: sign-in, joining by a link, showing again who one is, one's own sessions.
//!
//! Only where the server has accounts. Every page works without script. Forms carry a token bound to a cookie, and the
//! answer to somebody who is not let in says nothing about why.

mod account;
mod address;
mod attestation;
mod factor;
mod history;
mod join;
mod member;
mod pages;
pub(crate) mod passkey;
mod people;
mod provider;
mod qr;
mod reminders;
mod reset;
mod rule;
mod settings;
mod sign_in;
mod system;
mod through;
mod token;
mod trail;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::Markup;
use tickmark_app::identity::session::Origin;
use tickmark_app::{Actor, App, Error, View};
use tickmark_core::id::ActorId;
use tickmark_core::identity::throttle::Network;
use tickmark_core::identity::{Atom, Resource, Verb};

use crate::design::frame::Theme;
use crate::error::Refusal;
use crate::form::Sent;
use crate::guard::{answer, theme};
use crate::permission::{self, Needs};
use crate::route::{At, get, post};
use crate::session::cookie;
use crate::visit::Asked;
use crate::{Desk, WebState};

/// The addresses of this feature, with what they need.
pub const PATHS: &[(&str, Needs)] = &[
    ("/sign-in", Needs::Nothing),
    ("/join/{secret}", Needs::Nothing),
    ("/reset/{secret}", Needs::Nothing),
    ("/address/{secret}", Needs::Nothing),
    ("/shared/{secret}", Needs::Nothing),
    ("/sign-out", Needs::Session),
    ("/step-up", Needs::Session),
    ("/sign-in/passkey", Needs::Nothing),
    ("/join/{secret}/passkey", Needs::Nothing),
    ("/step-up/passkey", Needs::Session),
    ("/sign-in/provider/{id}", Needs::Nothing),
    ("/sign-in/provider/{id}/callback", Needs::Nothing),
    ("/sign-in/provider/{id}/logout", Needs::Nothing),
    ("/join/{secret}/provider/{id}", Needs::Nothing),
    ("/step-up/provider", Needs::Session),
];

pub(crate) use passkey::{is_half, is_too_weak};

/// Whose request it is.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// Nobody's, or nobody's yet.
    Nobody,
    /// Of whoever opened the one-time link on this machine: to look.
    Local,
    /// A member's.
    Member(Box<Actor>),
}

/// Returns the routes.
pub(crate) fn routes() -> Router<WebState> {
    Router::new()
        .at("/sign-in", get(sign_in::page).post(sign_in::enter))
        .at("/join/{secret}", get(join::page).post(join::enter))
        .at("/sign-out", post(sign_in::leave))
        .at("/step-up", get(sign_in::step_up_page).post(sign_in::step_up))
        .at("/reset/{secret}", get(reset::page).post(reset::enter))
        .at("/address/{secret}", get(address::confirm_page).post(address::confirm))
        .at("/sign-in/passkey", post(passkey::for_sign_in))
        .at("/join/{secret}/passkey", post(passkey::for_joining))
        .at("/step-up/passkey", post(passkey::for_step_up))
        .at("/sign-in/provider/{id}", get(through::leave))
        .at("/sign-in/provider/{id}/callback", get(through::arrive))
        .at("/sign-in/provider/{id}/logout", post(through::sign_out))
        .at("/join/{secret}/provider/{id}", get(through::join))
        .at("/step-up/provider", get(through::step_up))
}

/// An id of the form that addresses have.
const SOME_ID: &str = "/people/00000000-0000-7000-8000-000000000000";
const SOME_PROVIDER: &str = "/people/providers/00000000-0000-7000-8000-000000000000";
const SOME_SYSTEM: &str = "/systems/00000000-0000-7000-8000-000000000000";

/// Returns the routes of pages in the frame.
pub(crate) fn desk_routes() -> Vec<Desk> {
    let both = |path, handler| Desk { path, example: path, looks: true, changes: true, handler };
    let looks = |path, example, handler| Desk { path, example, looks: true, changes: false, handler };
    let changes = |path, example, handler| Desk { path, example, looks: false, changes: true, handler };
    let some = |path, example: &'static str, handler| changes(path, example, handler);
    vec![
        looks("/account", "/account", get(account::page)),
        changes("/account/name", "/account/name", post(account::rename)),
        both("/account/password", get(account::password_page).post(account::password)),
        both("/account/reminders", get(reminders::page).post(reminders::set)),
        both("/settings/time", get(settings::page).post(settings::set)),
        both("/account/codes", get(account::codes_page).post(account::codes)),
        both("/account/address", get(address::page).post(address::ask)),
        both(factor::HOME, get(factor::page).post(factor::set)),
        changes("/account/authenticator/remove", "/account/authenticator/remove", post(factor::remove)),
        both(passkey::HOME, get(passkey::page).post(passkey::add)),
        changes("/account/passkeys/options", "/account/passkeys/options", post(passkey::for_adding)),
        some(
            "/account/passkeys/{id}/{act}",
            "/account/passkeys/00000000-0000-7000-8000-000000000000/name",
            post(passkey::act),
        ),
        changes("/account/organization", "/account/organization", post(account::switch)),
        changes("/account/sessions", "/account/sessions", post(account::end_others)),
        some(
            "/account/sessions/{id}",
            "/account/sessions/00000000-0000-7000-8000-000000000000",
            post(account::end_one),
        ),
        both("/account/tokens", get(token::page).post(token::make)),
        some(
            "/account/tokens/{id}",
            "/account/tokens/00000000-0000-7000-8000-000000000000",
            post(token::revoke),
        ),
        both("/systems", get(system::page).post(system::write)),
        Desk {
            path: "/systems/{id}",
            example: SOME_SYSTEM,
            looks: true,
            changes: true,
            handler: get(system::one).post(system::change),
        },
        some(
            "/systems/{id}/retire",
            "/systems/00000000-0000-7000-8000-000000000000/retire",
            post(system::retire),
        ),
        both("/people", get(people::page).post(people::invite)),
        both("/people/sign-in", get(rule::page).post(rule::set)),
        looks(attestation::HOME, attestation::HOME, get(attestation::page)),
        some(
            "/people/sign-in/attestation/{act}",
            "/people/sign-in/attestation/add-models",
            post(attestation::act),
        ),
        both(provider::HOME, get(provider::page).post(provider::write)),
        Desk {
            path: "/people/providers/{id}",
            example: SOME_PROVIDER,
            looks: true,
            changes: true,
            handler: get(provider::one).post(provider::change),
        },
        some(
            "/people/providers/{id}/{act}",
            "/people/providers/00000000-0000-7000-8000-000000000000/approve",
            post(provider::act),
        ),
        looks("/people/{id}", SOME_ID, get(member::page)),
        some("/people/{id}/{act}", "/people/00000000-0000-7000-8000-000000000000/suspend", post(member::act)),
        some(
            "/people/invitations/{id}",
            "/people/invitations/00000000-0000-7000-8000-000000000000",
            post(people::withdraw),
        ),
        some(
            "/people/proposals/{id}",
            "/people/proposals/00000000-0000-7000-8000-000000000000",
            post(people::second),
        ),
        looks("/audit-trail", "/audit-trail", get(trail::page)),
        looks("/audit-trail/export.csv", "/audit-trail/export.csv", get(trail::csv)),
        looks("/audit-trail/export.jsonl", "/audit-trail/export.jsonl", get(trail::json_lines)),
        looks("/audit-trail/{number}", "/audit-trail/1", get(trail::event)),
    ]
}

/// Asks somebody to show who they are before a form of theirs is taken; what they typed is kept, and sent from the page
/// behind.
pub(crate) async fn prove_first(
    state: &WebState,
    asked: &Asked,
    then: &str,
    back: &str,
    sent: &Sent,
) -> Result<Response, Refusal> {
    let kept = sent.packed();
    let waiting = pages::Waiting { then, kept: &kept };
    let (_, actor) = asked.member(state)?;
    let ways = passkey::ways(state, actor, asked.passkeys.clone()).await?;
    let page = pages::step_up(asked.visit.theme, &asked.token, back, waiting, &ways, None);
    Ok(answer(StatusCode::FORBIDDEN, page))
}

/// What the handlers of this feature get to know about a request.
pub(crate) struct Caller {
    pub(crate) app: Arc<App>,
    pub(crate) who: Who,
    pub(crate) origin: Origin,
    pub(crate) theme: Theme,
    pub(crate) headers: HeaderMap,
}

impl Caller {
    /// Returns the member whose request it is.
    pub(crate) fn member(&self) -> Result<&Actor, Refusal> {
        match &self.who {
            Who::Member(actor) => Ok(actor),
            Who::Nobody | Who::Local => Err(Refusal::NotFound),
        }
    }
}

impl FromRequestParts<WebState> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Refusal> {
        // Without accounts these addresses are none.
        let app = state.accounts().cloned().ok_or(Refusal::NotFound)?;
        let who = parts.extensions.get::<Who>().cloned().unwrap_or(Who::Nobody);
        let request = parts.extensions.get::<crate::guard::RequestId>().map(|id| id.0.clone());
        let agent = parts.headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let origin = Origin {
            network: network(state, &parts.headers),
            agent: agent.to_owned(),
            request: request.unwrap_or_default(),
        };
        Ok(Self { app, who, origin, theme: theme(&parts.headers), headers: parts.headers.clone() })
    }
}

/// Returns the network that a request comes from. The server is reached on loopback: directly, or through the one proxy
/// that does HTTPS for it, whose own entry is the last of the list; those before it are whatever the client wrote.
pub(crate) fn network(state: &WebState, headers: &HeaderMap) -> Network {
    Network::of(address(state, headers))
}

/// Returns the address that a request comes from, as far as that is known: see [`network`].
pub(crate) fn address(state: &WebState, headers: &HeaderMap) -> std::net::IpAddr {
    let loopback = std::net::IpAddr::from([127, 0, 0, 1]);
    let last = || {
        let list = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        list.rsplit(',').next()?.trim().parse().ok()
    };
    state.is_secure().then(last).flatten().unwrap_or(loopback)
}

/// The member whose cookie came with the request.
pub(crate) async fn resume(
    state: &WebState,
    headers: &HeaderMap,
    request: &str,
) -> Result<Option<Actor>, Refusal> {
    let Some(app) = state.accounts() else { return Ok(None) };
    let Some(token) = cookie(headers, &state.account_cookie()).and_then(secret) else { return Ok(None) };
    Ok(app.resume_from(&token, request, Some(network(state, headers))).await?)
}

/// The member whose cookie came with the request, even if their session is over. They may do nothing by it.
pub(crate) async fn was(state: &WebState, headers: &HeaderMap) -> Result<Option<Actor>, Refusal> {
    let Some(app) = state.accounts() else { return Ok(None) };
    let Some(token) = cookie(headers, &state.account_cookie()).and_then(secret) else { return Ok(None) };
    Ok(app.was_in(&token).await?)
}

/// Reads 32 bytes of hexadecimal digits.
pub(crate) fn secret(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

/// A cookie of this server, for as long as the browser runs; gone at once when `value` is empty.
pub(crate) fn set_cookie(state: &WebState, name: &str, value: &str) -> (HeaderName, HeaderValue) {
    let secure = if state.is_secure() { "; Secure" } else { "" };
    let gone = if value.is_empty() { "; Max-Age=0" } else { "" };
    let text = format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/{secure}{gone}");
    (SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))
}

/// An answer that also sets a cookie, if there is one to set.
pub(crate) fn with_cookie(mut response: Response, cookie: Option<(HeaderName, HeaderValue)>) -> Response {
    if let Some((name, value)) = cookie {
        response.headers_mut().append(name, value);
    }
    response
}

/// The names of people, as far as they are known; erased ones have none.
pub(crate) async fn names(
    view: &mut View<'_>,
    people: impl IntoIterator<Item = ActorId>,
) -> Result<BTreeMap<ActorId, String>, Error> {
    let mut names = BTreeMap::new();
    for id in people.into_iter().collect::<BTreeSet<_>>() {
        match tickmark_app::identity::actor(view, id).await {
            Ok(actor) if !actor.label.is_empty() => names.insert(id, actor.name().to_owned()),
            Ok(_) | Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
    }
    Ok(names)
}

/// The name of somebody.
pub(crate) fn name(names: &BTreeMap<ActorId, String>, id: ActorId) -> &str {
    names.get(&id).map_or("somebody", String::as_str)
}

/// The same for somebody who must wait.
pub(crate) fn wait(seconds: i64, page: Markup) -> Response {
    let mut response = answer(StatusCode::TOO_MANY_REQUESTS, page);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}

/// Tells whether to offer inviting; the use case decides.
fn may_invite(actor: &Actor) -> bool {
    [Resource::Member, Resource::Grant]
        .into_iter()
        .all(|resource| permission::may(actor, Atom::new(resource, Verb::Create)))
}

pub(crate) use people::listed;
pub(crate) use system::listed as listed_systems;

/// Leads to another page of this server.
pub(crate) fn go(path: &str) -> Response {
    let headers: [(HeaderName, String); 1] =
        [(axum::http::header::LOCATION, crate::visit::local(path).to_owned())];
    (StatusCode::SEE_OTHER, headers).into_response()
}
