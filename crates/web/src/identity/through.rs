//! To an identity provider and back: signing in, joining by an invitation, showing again who one is; and being told that
//! somebody signed out there.
//!
//! People leave by a link, not by a form: browsers stop a form that ends at another site, as pages here say that none may.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tickmark_app::Error;
use tickmark_app::identity::provider::{Arrival, Offer, Purpose, Returned};
use tickmark_core::id::ProviderId;

use super::sign_in::with_session;
use super::{Caller, Who, go, pages, passkey, secret, set_cookie, with_cookie};
use crate::WebState;
use crate::error::Refusal;
use crate::form;
use crate::guard::{answer, is_from_elsewhere, record_away};
use crate::session::cookie;
use crate::visit::local;

/// What is said when a provider gives no answer.
const NOT_REACHED: &str =
    "the identity provider is not reached at this moment; try again, or sign in in another way";
const NOT_BEGUN: &str = "this was not begun in this browser, or it took too long; begin anew";

#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    back: String,
}

/// What a provider's answer holds. It may hold more.
#[derive(Deserialize)]
pub(super) struct Answered {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    iss: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Logout {
    logout_token: String,
}

/// The cookie of a browser that is at a provider.
fn visit_cookie(state: &WebState) -> String {
    state.form_cookie().replace("-form-", "-visit-")
}

/// The address to which a provider sends people back. The provider has it written down, so there is one.
pub(super) fn redirect(state: &WebState, id: ProviderId) -> String {
    format!("{}/sign-in/provider/{id}/callback", state.address())
}

/// The address at which a provider says that somebody signed out.
pub(super) fn logout_address(state: &WebState, id: ProviderId) -> String {
    format!("{}/sign-in/provider/{id}/logout", state.address())
}

/// The ways in through providers that a page offers.
pub(super) async fn offers(caller: &Caller, organization: &str) -> Result<Vec<Offer>, Refusal> {
    let chosen = Some(organization).filter(|id| !id.is_empty());
    Ok(caller.app.offered_providers(chosen).await?)
}

/// The page of signing in, with what went wrong.
async fn not_in(
    state: &WebState,
    caller: &Caller,
    status: StatusCode,
    says: &str,
) -> Result<Response, Refusal> {
    let (token, cookie) = form::offer(state, &caller.headers);
    let works = passkey::works(state, &caller.headers);
    let offers = offers(caller, "").await?;
    let entrance = pages::Entrance { back: "/", organization: "", offers: &offers };
    let page = pages::sign_in(caller.theme, &token, &entrance, "", &works, Some(says));
    let (name, gone) = set_cookie(state, &visit_cookie(state), "");
    let mut response = with_cookie(answer(status, page), cookie);
    response.headers_mut().append(name, gone);
    Ok(response)
}

/// Goes to a provider to come in. Not for whom another site sends here: nobody is signed in without wanting it.
pub(super) async fn leave(
    State(state): State<WebState>,
    Path(id): Path<String>,
    Query(back): Query<Back>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let id = read(&id)?;
    if is_from_elsewhere(&caller.headers, &state) {
        return Ok(go("/sign-in"));
    }
    send(&state, &caller, id, Purpose::SignIn, &back.back).await
}

/// Goes to a provider to join by an invitation.
pub(super) async fn join(
    State(state): State<WebState>,
    Path((link, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let link_secret = secret(&link).ok_or(Refusal::InvitationOver)?;
    if is_from_elsewhere(&caller.headers, &state) {
        return Ok(go(&format!("/join/{link}")));
    }
    send(&state, &caller, read(&id)?, Purpose::Join(&link_secret), "/").await
}

/// Goes to the provider by which somebody is in, to show again who they are.
pub(super) async fn step_up(
    State(state): State<WebState>,
    Query(back): Query<Back>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let actor = caller.member()?;
    let Some((id, _)) = caller.app.provider_of_session(actor).await? else { return Err(Refusal::NotFound) };
    send(&state, &caller, id, Purpose::StepUp(actor), &back.back).await
}

fn read(id: &str) -> Result<ProviderId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

async fn send(
    state: &WebState,
    caller: &Caller,
    id: ProviderId,
    purpose: Purpose<'_>,
    back: &str,
) -> Result<Response, Refusal> {
    let redirect = redirect(state, id);
    let left = caller.app.leave_for_provider(id, purpose, (&redirect, local(back)), &caller.origin).await;
    match left {
        Ok(leaving) => {
            let location = HeaderValue::from_str(&leaving.location).map_err(|_| Refusal::Malformed)?;
            let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
            let (name, value) = set_cookie(state, &visit_cookie(state), &hex::encode(leaving.handle));
            response.headers_mut().append(name, value);
            Ok(response)
        }
        Err(Error::Unavailable { what, .. }) => {
            tracing::warn!(provider = %id, what, "an identity provider is not reached");
            not_in(state, caller, StatusCode::SERVICE_UNAVAILABLE, NOT_REACHED).await
        }
        Err(Error::Conflict(says)) => not_in(state, caller, StatusCode::CONFLICT, &says).await,
        Err(error) => Err(error.into()),
    }
}

/// Takes what a browser brings back.
pub(super) async fn arrive(
    State(state): State<WebState>,
    Path(id): Path<String>,
    Query(answered): Query<Answered>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let id = read(&id)?;
    let Some(handle) = cookie(&caller.headers, &visit_cookie(&state)).and_then(secret) else {
        return not_in(&state, &caller, StatusCode::UNAUTHORIZED, NOT_BEGUN).await;
    };
    let redirect = redirect(&state, id);
    let returned = Returned {
        provider: id,
        handle: &handle,
        state: &answered.state,
        code: &answered.code,
        issuer: answered.iss.as_deref(),
        redirect: &redirect,
    };
    let who = match &caller.who {
        Who::Member(actor) => Some(actor.as_ref()),
        Who::Nobody | Who::Local => None,
    };
    match caller.app.arrive_from_provider(returned, who, &caller.origin).await {
        Ok(Arrival::In { token, back }) => Ok(gone(&state, with_session(&state, &token, go(&back)))),
        Ok(Arrival::Waiting { provider }) => {
            let page = pages::waiting(caller.theme, &provider);
            Ok(gone(&state, answer(StatusCode::FORBIDDEN, page)))
        }
        Ok(Arrival::No(says)) => not_in(&state, &caller, StatusCode::UNAUTHORIZED, says).await,
        Err(Error::Unavailable { what, .. }) => {
            tracing::warn!(provider = %id, what, "an identity provider is not reached");
            not_in(&state, &caller, StatusCode::SERVICE_UNAVAILABLE, NOT_REACHED).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes the cookie of the way to a provider away.
fn gone(state: &WebState, mut response: Response) -> Response {
    let (name, value): (HeaderName, HeaderValue) = set_cookie(state, &visit_cookie(state), "");
    response.headers_mut().append(name, value);
    response
}

/// A provider says that somebody signed out there. Not a browser: it has no cookie, and shows a token that is signed.
pub(super) async fn sign_out(
    State(state): State<WebState>,
    Path(id): Path<String>,
    caller: Caller,
    told: Result<Form<Logout>, FormRejection>,
) -> Result<Response, Refusal> {
    let id = read(&id)?;
    let network = caller.origin.network.to_string();
    let now = state.now();
    let wrong = state.limits().look_wrong(&network, now);
    if !wrong.is_within {
        return Err(Refusal::TooMany(wrong.seconds));
    }
    let taken = match &told {
        Ok(Form(told)) => caller.app.sign_out_by_provider(id, &told.logout_token, &caller.origin).await?,
        Err(_) => false,
    };
    if !taken {
        state.limits().count_wrong(&network, now);
        let path = "/sign-in";
        record_away(&state, None, "wrong_logout", (&caller.origin.request, path, &caller.headers)).await;
        return Err(Refusal::Malformed);
    }
    Ok((StatusCode::OK, no_store()).into_response())
}

fn no_store() -> HeaderMap {
    HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
}
