//! One's own authenticator app: added, replaced, removed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::identity::people::{self, OwnApp};

use super::account::within;
use super::sign_in::with_session;
use super::{go, qr};
use crate::WebState;
use crate::design::block;
use crate::design::form::{Faults, Field, field, form, send};
use crate::design::frame::Page;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// The page.
pub(super) const HOME: &str = "/account/authenticator";
/// Where whoever comes without a fresh proof is led first.
const PROVE: &str = "/step-up?back=/account/authenticator";
/// Most characters of a code, with blanks.
const CODE_CHARS: usize = 20;

/// Shows what to add to an app. It asks for a fresh proof before anything is shown.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    shown(&state, &asked, &Faults::default()).await
}

async fn shown(state: &WebState, asked: &Asked, faults: &Faults) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (own, passkeys) = match app
        .read(actor, async |view| {
            let passkeys = tickmark_app::identity::passkey::mine(view).await?.len();
            Ok((people::own_app(view).await?, passkeys))
        })
        .await
    {
        Ok(found) => found,
        Err(Error::StepUp) => return Ok(go(PROVE)),
        Err(Error::Conflict(says)) => {
            let page = within("Your authenticator app", html! { (Faults::whole(says).summary()) });
            return asked.frame_refused(state, StatusCode::CONFLICT, &page).await;
        }
        Err(error) => return Err(error.into()),
    };
    let page = draw(&own, passkeys > 0, &actor.organization.name, &asked.token, faults);
    if faults.is_empty() {
        return Ok(asked.frame(state, &page).await?.into_response());
    }
    asked.frame_refused(state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// Takes the app whose code is shown. New recovery codes are shown this once.
pub(super) async fn set(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["code"])?;
    match app.transact(actor, async |cx| people::set_own_app(cx, sent.raw("code")).await).await {
        Ok(made) => {
            let body = html! {
                p { "Its codes count from now on, and you are signed out everywhere else. With it come new recovery codes; those before do not work any more. " strong { "They are shown only now" } ": print them, or keep them where your password is not." }
                ol.codes { @for code in &made.codes { li { code { (code.as_str()) } } } }
                p.row { a.button.primary href="/account" { "I have kept them" } }
            };
            let page = asked.frame(&state, &within("Your authenticator app is added", body)).await?;
            Ok(with_session(&state, &made.token, page.into_response()))
        }
        Err(Error::StepUp) => Ok(go(PROVE)),
        Err(Error::Invalid(says)) => {
            let mut faults = Faults::default();
            faults.add("code", says);
            shown(&state, &asked, &faults).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes the app.
pub(super) async fn remove(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    match app.transact(actor, async |cx| people::remove_own_app(cx).await).await {
        Ok(token) => Ok(with_session(&state, &token, go("/account"))),
        Err(Error::StepUp) => Ok(go(PROVE)),
        Err(Error::Conflict(says)) => shown(&state, &asked, &Faults::whole(says)).await,
        Err(error) => Err(error.into()),
    }
}

fn draw(own: &OwnApp, has_passkey: bool, organization: &str, token: &str, faults: &Faults) -> Page {
    let uri = own.seed.uri(organization, own.email.as_str());
    let adding = html! {
        p { "Scan this with an authenticator app, or type the key into it. Then give the code that it shows." }
        div.enroll {
            @if let Some(svg) = qr::draw(&uri, "QR code with the key below") { (svg) }
            p { span.hint { "Key" } br; code.key { (own.seed.text().as_str()) } }
        }
        (field(&Field { name: "code", label: "Code", complete: "one-time-code", hint: "Six digits. They change every half minute.", fault: faults.of("code"), max: CODE_CHARS, ..Field::default() }))
        (send(if own.is_there { "Replace the app" } else { "Add the app" }, "/account"))
    };
    let body = html! {
        (faults.summary())
        div.narrow { (form(HOME, token, &adding)) }
        @if own.is_there { (removing(has_passkey, token)) }
    };
    let mut page = within("Your authenticator app", body);
    page.lead = html! {
        @if own.is_there { "You have one. The one below takes its place: codes of the one before do not count any more." }
        @else { "You have none. Its codes stand beside your password, where a passkey cannot be used." }
    };
    page
}

fn removing(has_passkey: bool, token: &str) -> Markup {
    block(
        "remove",
        "Remove it",
        &html! {},
        &html! {
            @if has_passkey {
                p { "You sign in with a passkey then, or with your password and a recovery code." }
                div.narrow { (form("/account/authenticator/remove", token, &html! {
                    p.row { button.button type="submit" { "Remove the app" } }
                })) }
            } @else {
                p.muted { "It is all that you have beside your password. " a href="/account/passkeys" { "Add a passkey" } " first." }
            }
        },
    )
}
