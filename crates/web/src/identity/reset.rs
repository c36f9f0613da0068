//! Getting another password or another authenticator by a link.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tickmark_app::Error;
use tickmark_app::identity::people::{Lost, Replaced, Replacing, Resetting};
use tickmark_app::identity::session::SignIn;

use super::sign_in::seconds;
use super::{Caller, pages, secret, wait, with_cookie};
use crate::WebState;
use crate::error::Refusal;
use crate::form;
use crate::guard::answer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    form: String,
    password: String,
    #[serde(default)]
    again: String,
    code: String,
}

/// The page behind a link. Looking at it uses nothing up.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let (_, resetting) = open(&caller, &link).await?;
    let (token, cookie) = form::offer(&state, &caller.headers);
    let page = pages::reset(caller.theme, &token, &resetting, None);
    Ok(with_cookie(page.into_response(), cookie))
}

/// Takes the form.
pub(super) async fn enter(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let (secret, resetting) = open(&caller, &link).await?;
    let Form(typed) = typed.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &typed.form)?;
    let again = |says: &str| pages::reset(caller.theme, &typed.form, &resetting, Some(says));
    if resetting.lost == Lost::Password && typed.password != typed.again {
        return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, again(pages::DIFFER)));
    }
    let replacing = Replacing { password: &typed.password, code: &typed.code };
    match caller.app.replace(&secret, replacing, &caller.origin).await {
        Ok(Replaced::Done(codes)) => Ok(pages::replaced(caller.theme, &codes).into_response()),
        Ok(Replaced::Not(SignIn::Wait(waits))) => Ok(wait(seconds(waits), again(&SignIn::wait_words(waits)))),
        Ok(Replaced::Not(_)) => {
            let says = match resetting.lost {
                Lost::Password => "the code does not fit, or was used already",
                Lost::Authenticator => "the password does not fit",
            };
            Ok(answer(StatusCode::UNAUTHORIZED, again(says)))
        }
        Err(Error::Invalid(says)) => Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, again(&says))),
        Err(Error::NotFound { .. }) => Err(Refusal::InvitationOver),
        Err(Error::Unavailable { what, source: None }) => Ok(wait(5, again(&what))),
        Err(error) => Err(error.into()),
    }
}

async fn open(caller: &Caller, link: &str) -> Result<([u8; 32], Resetting), Refusal> {
    let secret = secret(link).ok_or(Refusal::InvitationOver)?;
    match caller.app.resetting(&secret).await {
        Ok(resetting) => Ok((secret, resetting)),
        Err(Error::NotFound { .. }) => Err(Refusal::InvitationOver),
        Err(error) => Err(error.into()),
    }
}
