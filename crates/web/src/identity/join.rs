//! Coming in by a link: set-up of the first owner, and invitations.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tickmark_app::Error;
use tickmark_app::identity::people::{Invited, Joining};
use tickmark_app::identity::provider::Offer;

use super::passkey::Given;
use super::sign_in::with_session;
use super::{Caller, pages, passkey, secret, through, wait, with_cookie};
use crate::WebState;
use crate::error::Refusal;
use crate::form;
use crate::guard::answer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    form: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    with: String,
    #[serde(default)]
    ceremony: String,
    #[serde(default)]
    answer: String,
}

/// The page behind a link. Looking at it uses nothing up: programs that check mail follow links too.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let (_, invited) = open(&caller, &link).await?;
    let (token, cookie) = form::offer(&state, &caller.headers);
    let offers = offers(&caller, &invited).await?;
    let path = format!("/join/{link}");
    let here = pages::Link { offers: &offers, path: &path, works: &passkey::works(&state, &caller.headers) };
    let page = pages::join(caller.theme, &token, &invited, &pages::Filled::default(), &here, None);
    Ok(with_cookie(page.into_response(), cookie))
}

/// Takes the form.
pub(super) async fn enter(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let (secret, invited) = open(&caller, &link).await?;
    let Form(typed) = typed.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &typed.form)?;
    let filled = pages::Filled { email: typed.email.clone(), name: typed.name.clone() };
    let works = passkey::works(&state, &caller.headers);
    let (offers, path) = (offers(&caller, &invited).await?, format!("/join/{link}"));
    let here = pages::Link { offers: &offers, path: &path, works: &works };
    let again = |says: &str| pages::join(caller.theme, &typed.form, &invited, &filled, &here, Some(says));
    if !invited.is_enrolled && typed.password != typed.again {
        return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, again(pages::DIFFER)));
    }
    let given = Given { with: &typed.with, ceremony: &typed.ceremony, answer: &typed.answer };
    let passkey = match given.is_meant() {
        true => Some(passkey::presented(&state, &caller.headers, &works, &given)?),
        false => None,
    };
    let joining = Joining {
        email: &typed.email,
        name: &typed.name,
        password: &typed.password,
        code: &typed.code,
        passkey,
    };
    match caller.app.join(&secret, joining, &caller.origin).await {
        Ok(joined) => {
            let page = pages::joined(caller.theme, &joined.recovery_codes, &invited.organization.name);
            Ok(with_session(&state, &joined.token, page.into_response()))
        }
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, again(&says)))
        }
        Err(Error::Unavailable { what, source: None }) => Ok(wait(5, again(&what))),
        Err(error) => Err(error.into()),
    }
}

/// The ways to join through identity providers: not for the first owner, nor for whoever enrolls again.
async fn offers(caller: &Caller, invited: &Invited) -> Result<Vec<Offer>, Refusal> {
    if invited.email.is_none() || invited.roles.is_empty() {
        return Ok(Vec::new());
    }
    through::offers(caller, &invited.organization.id.to_string()).await
}

async fn open(caller: &Caller, link: &str) -> Result<([u8; 32], Invited), Refusal> {
    let secret = secret(link).ok_or(Refusal::InvitationOver)?;
    match caller.app.invited(&secret).await {
        Ok(invited) => Ok((secret, invited)),
        Err(Error::NotFound { .. }) => Err(Refusal::InvitationOver),
        Err(error) => Err(error.into()),
    }
}
