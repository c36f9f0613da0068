//! Signing in, showing again who one is, signing out.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tickmark_app::Error;
use tickmark_app::identity::session::{self, Attempt, SignIn};
use tickmark_core::identity::throttle::Wait;
use tickmark_core::time::SECOND_US;

use super::pages::{Entrance, Waiting};
use super::passkey::{Given, Ways};
use super::{Caller, Who, go, pages, passkey, set_cookie, through, wait, with_cookie};
use crate::WebState;
use crate::error::Refusal;
use crate::form;
use crate::guard::answer;

/// Seconds after which somebody may come back who waits for what has no end of its own.
const LONG_WAIT_SECONDS: i64 = 3_600;

#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    back: String,
    /// Whose ways in are offered, where several organizations are here.
    #[serde(default)]
    organization: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    form: String,
    #[serde(default)]
    back: String,
    #[serde(default)]
    organization: String,
    #[serde(default)]
    then: String,
    #[serde(default)]
    kept: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    with: String,
    #[serde(default)]
    ceremony: String,
    #[serde(default)]
    answer: String,
}

impl Typed {
    fn given(&self) -> Given<'_> {
        Given { with: &self.with, ceremony: &self.ceremony, answer: &self.answer }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leaving {
    form: String,
}

/// The page with the form.
pub(super) async fn page(
    State(state): State<WebState>,
    caller: Caller,
    Query(back): Query<Back>,
) -> Result<Response, Refusal> {
    if matches!(caller.who, Who::Member(_)) {
        return Ok(go(&back.back));
    }
    let (token, cookie) = form::offer(&state, &caller.headers);
    let works = passkey::works(&state, &caller.headers);
    let offers = through::offers(&caller, &back.organization).await?;
    let entrance = Entrance { back: &back.back, organization: &back.organization, offers: &offers };
    let page = pages::sign_in(caller.theme, &token, &entrance, "", &works, None).into_response();
    Ok(with_cookie(page, cookie))
}

/// Takes the form.
pub(super) async fn enter(
    State(state): State<WebState>,
    caller: Caller,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(typed) = typed.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &typed.form)?;
    let works = passkey::works(&state, &caller.headers);
    let given = typed.given();
    let came = if given.is_meant() {
        let presented = passkey::presented(&state, &caller.headers, &works, &given)?;
        // The button beside the password sends both; the one above sends a passkey alone.
        let password =
            Some((typed.email.as_str(), typed.password.as_str())).filter(|(email, _)| !email.is_empty());
        caller.app.sign_in_with_passkey(presented, password, &caller.origin).await
    } else {
        let attempt =
            Attempt { email: &typed.email, password: &typed.password, code: &typed.code, organization: None };
        caller.app.sign_in(attempt, &caller.origin).await
    };
    let offers = through::offers(&caller, &typed.organization).await?;
    let entrance = Entrance { back: &typed.back, organization: &typed.organization, offers: &offers };
    let again =
        |says: &str| pages::sign_in(caller.theme, &typed.form, &entrance, &typed.email, &works, Some(says));
    match said(came)? {
        Said::In(token) => Ok(with_session(&state, &token, go(&typed.back))),
        Said::No(says) => Ok(answer(StatusCode::UNAUTHORIZED, again(says))),
        Said::Wait(seconds, says) => Ok(wait(seconds, again(&says))),
    }
}

/// The page that asks once more who one is.
pub(super) async fn step_up_page(
    State(state): State<WebState>,
    caller: Caller,
    Query(back): Query<Back>,
) -> Result<Response, Refusal> {
    let ways = ways(&state, &caller).await?;
    let (token, _) = form::offer(&state, &caller.headers);
    Ok(pages::step_up(caller.theme, &token, &back.back, Waiting::default(), &ways, None).into_response())
}

async fn ways(state: &WebState, caller: &Caller) -> Result<Ways, Refusal> {
    passkey::ways(state, caller.member()?, passkey::works(state, &caller.headers)).await
}

/// Takes password and code once more, or a passkey. The session gets another cookie.
pub(super) async fn step_up(
    State(state): State<WebState>,
    caller: Caller,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let actor = caller.member()?;
    let Form(typed) = typed.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &typed.form)?;
    let ways = ways(&state, &caller).await?;
    let given = typed.given();
    let came = if given.is_meant() {
        let presented = passkey::presented(&state, &caller.headers, &ways.works, &given)?;
        caller.app.step_up_with_passkey(actor, presented, &caller.origin).await
    } else {
        caller.app.step_up(actor, &typed.password, &typed.code, &caller.origin).await
    };
    let waiting = Waiting { then: &typed.then, kept: &typed.kept };
    let again =
        |says: &str| pages::step_up(caller.theme, &typed.form, &typed.back, waiting, &ways, Some(says));
    match said(came)? {
        Said::In(token) if typed.then.is_empty() => Ok(with_session(&state, &token, go(&typed.back))),
        Said::In(token) => {
            let page = form::resend(caller.theme, &typed.then, &typed.kept, &form::token_for(&token))?;
            Ok(with_session(&state, &token, page))
        }
        Said::No(says) => Ok(answer(StatusCode::UNAUTHORIZED, again(says))),
        Said::Wait(seconds, says) => Ok(wait(seconds, again(&says))),
    }
}

/// Signs out.
pub(super) async fn leave(
    State(state): State<WebState>,
    caller: Caller,
    leaving: Result<Form<Leaving>, FormRejection>,
) -> Result<Response, Refusal> {
    let actor = caller.member()?;
    let Form(leaving) = leaving.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &leaving.form)?;
    caller.app.transact(actor, async |cx| session::sign_out(cx).await).await?;
    let mut response = go("/sign-in");
    let (name, value) = set_cookie(&state, &state.account_cookie(), "");
    response.headers_mut().append(name, value);
    response
        .headers_mut()
        .insert("clear-site-data", axum::http::HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

pub(super) fn with_session(state: &WebState, token: &[u8; 32], mut response: Response) -> Response {
    let (name, value) = set_cookie(state, &state.account_cookie(), &hex::encode(token));
    response.headers_mut().append(name, value);
    let (name, value) = set_cookie(state, &state.form_cookie(), "");
    response.headers_mut().append(name, value);
    response
}

enum Said {
    In([u8; 32]),
    No(&'static str),
    Wait(i64, String),
}

fn said(came: tickmark_app::Result<SignIn>) -> Result<Said, Refusal> {
    match came {
        Ok(SignIn::Done(token)) => Ok(Said::In(token)),
        Ok(SignIn::No) => Ok(Said::No(SignIn::NO)),
        Ok(SignIn::NoPasskey(says)) => Ok(Said::No(says)),
        Ok(SignIn::ByProvider) => Ok(Said::No(SignIn::BY_PROVIDER)),
        Err(Error::Conflict(_)) => Ok(Said::No("you signed in with a passkey; show a passkey again")),
        Ok(SignIn::Wait(wait)) => Ok(Said::Wait(seconds(wait), SignIn::wait_words(wait))),
        // The queue of hashing is full.
        Err(Error::Unavailable { what, source: None }) => Ok(Said::Wait(5, what)),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn seconds(wait: Wait) -> i64 {
    wait.micros.map_or(LONG_WAIT_SECONDS, |micros| micros / SECOND_US + 1)
}
