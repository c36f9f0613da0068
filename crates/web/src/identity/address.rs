//! Another address to sign in with: asked for on the page of the account, confirmed by a link that goes to it.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Deserialize;
use tickmark_app::Error;
use tickmark_app::identity::people::{self, Confirming};

use super::account::{is_fresh, within};
use super::{Caller, go, pages, secret, with_cookie};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::Page;
use crate::design::moment;
use crate::error::Refusal;
use crate::form::{self as forms, Sent};
use crate::guard::answer;
use crate::visit::Asked;

const PROVE: &str = "/step-up?back=/account/address";

/// The page on which one asks for it. It asks for a fresh proof before anything is typed.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    let (_, actor) = asked.member(&state)?;
    if !is_fresh(actor, state.now()) {
        return Ok(go(PROVE));
    }
    Ok(asked.frame(&state, &draw(&asked.token, "", &Faults::default())).await?.into_response())
}

/// Takes the form.
pub(super) async fn ask(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["email"])?;
    let email = sent.text("email");
    let (status, faults) = match app
        .transact(actor, async |cx| people::ask_for_address(cx, &email).await)
        .await
    {
        Ok(until) => {
            let body = html! {
                div.card role="status" {
                    p { "A letter is on its way to " strong { (email) } ". Open the link in it until " (moment::written(until)) " to sign in with that address. Until then everything is as it was." }
                }
                p.row { a.button href="/account" { "Back to your account" } }
            };
            return Ok(asked.frame(&state, &within("Your e-mail address", body)).await?.into_response());
        }
        Err(Error::StepUp) => return Ok(go(PROVE)),
        Err(Error::Invalid(says)) => (StatusCode::UNPROCESSABLE_ENTITY, says),
        Err(Error::Conflict(says)) => (StatusCode::CONFLICT, says),
        Err(error) => return Err(error.into()),
    };
    let mut shown = Faults::default();
    shown.add("email", faults);
    asked.frame_refused(&state, status, &draw(&asked.token, &email, &shown)).await
}

fn draw(token: &str, email: &str, faults: &Faults) -> Page {
    let body = html! {
        (faults.summary())
        (field(&Field { name: "email", label: "New e-mail address", kind: Kind::Input("email"), complete: "email", value: email, fault: faults.of("email"), max: 254, hint: "A letter with a link goes to it; the address that you have is told when it changes.", ..Field::default() }))
        (send("Send the letter", "/account"))
    };
    let mut page =
        within("Your e-mail address", html! { div.narrow { (form("/account/address", token, &body)) } });
    page.lead = html! { "How you sign in, in every organization that you are in." };
    page
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    form: String,
}

/// The page behind a link. Looking at it changes nothing.
pub(super) async fn confirm_page(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let (_, confirming) = open(&caller, &link).await?;
    let (token, cookie) = forms::offer(&state, &caller.headers);
    let page = pages::confirm_address(caller.theme, &token, &confirming, None);
    Ok(with_cookie(page.into_response(), cookie))
}

/// Makes the address theirs.
pub(super) async fn confirm(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let (secret, confirming) = open(&caller, &link).await?;
    let Form(typed) = typed.map_err(|_| Refusal::Malformed)?;
    forms::check(&state, &caller.headers, &typed.form)?;
    match caller.app.confirm_address(&secret, &caller.origin).await {
        Ok(()) => Ok(pages::address_confirmed(caller.theme, &confirming).into_response()),
        Err(Error::Conflict(says)) => {
            let page = pages::confirm_address(caller.theme, &typed.form, &confirming, Some(&says));
            Ok(answer(StatusCode::CONFLICT, page))
        }
        Err(Error::NotFound { .. }) => Err(Refusal::InvitationOver),
        Err(error) => Err(error.into()),
    }
}

async fn open(caller: &Caller, link: &str) -> Result<([u8; 32], Confirming), Refusal> {
    let secret = secret(link).ok_or(Refusal::InvitationOver)?;
    match caller.app.confirming_address(&secret).await {
        Ok(confirming) => Ok((secret, confirming)),
        Err(Error::NotFound { .. }) => Err(Refusal::InvitationOver),
        Err(error) => Err(error.into()),
    }
}
