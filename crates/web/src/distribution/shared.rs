//! The page that a recipient comes to by their link: they ask for a code, show it, accept the agreement, and take what was
//! granted. They have no account.
//!
//! A link that is unknown, was replaced, or whose grant is over gets the same answer. What is asked for is counted by network.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use tickmark_app::Error;
use tickmark_app::distribution::{Door, Given, Opening, Shared, Taken};
use tickmark_core::distribution::{Agreement, Item};

use crate::WebState;
use crate::design::form::{Field, field, hidden, problem};
use crate::design::frame::{self, Theme};
use crate::design::moment;
use crate::engagement::take_out::{PDF, generator, make};
use crate::error::Refusal;
use crate::evidence;
use crate::form;
use crate::guard::answer;
use crate::identity::{Caller, secret, wait, with_cookie};

/// Requests of one network in a minute.
const REQUESTS: u32 = 60;
/// Seconds after which somebody comes back who asked for too many codes.
const LATER_SECONDS: i64 = 3_600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    form: String,
    act: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    name: String,
}

/// Whose request it is, within what one network may ask for.
fn opened(state: &WebState, caller: &Caller, link: &str) -> Result<[u8; 32], Refusal> {
    let network = caller.origin.network.to_string();
    let left = state.limits().count_costly("shared links", REQUESTS, &network, state.now());
    if !left.is_within {
        return Err(Refusal::TooMany(left.seconds));
    }
    secret(link).ok_or(Refusal::SharedOver)
}

fn told(error: Error) -> Refusal {
    match error {
        Error::NotFound { .. } => Refusal::SharedOver,
        error => error.into(),
    }
}

/// The page. Looking at it changes nothing.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let secret = opened(&state, &caller, &link)?;
    let browser = form::browser(&state, &caller.headers);
    let shared = caller.app.shared(&secret, browser).await.map_err(told)?;
    let (token, cookie) = form::offer(&state, &caller.headers);
    let page = draw(caller.theme, &token, &link, &shared, ("", None));
    Ok(with_cookie(page.into_response(), cookie))
}

/// Takes one of the forms.
pub(super) async fn act(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let secret = opened(&state, &caller, &link)?;
    let Form(typed) = typed.map_err(|_| Refusal::Malformed)?;
    // The same answer for a link that does not work, whatever is sent.
    let before = form::browser(&state, &caller.headers);
    let shared = caller.app.shared(&secret, before).await.map_err(told)?;
    form::check(&state, &caller.headers, &typed.form)?;
    let browser = before.ok_or(Refusal::Forged)?;
    let (app, origin) = (&caller.app, &caller.origin);
    let again = |shared: &Shared, says: &str| {
        draw(caller.theme, &typed.form, &link, shared, (&typed.name, Some(says)))
    };
    let done = match typed.act.as_str() {
        "ask" => app.ask_for_code(&secret, browser, origin).await,
        "open" => match app.open_shared(&secret, browser, &typed.code, origin).await {
            Ok(Opening::Open) => Ok(()),
            Ok(Opening::No) => {
                let now = app.shared(&secret, Some(browser)).await.map_err(told)?;
                let says = "the code does not fit, or does not work any more; a code is tried five times";
                return Ok(answer(StatusCode::UNAUTHORIZED, again(&now, says)));
            }
            Err(error) => Err(error),
        },
        "accept" => {
            let seen = typed.version.parse().map_err(|_| Refusal::Malformed)?;
            app.accept_agreement(&secret, browser, (seen, &typed.name), origin).await
        }
        _ => return Err(Refusal::Malformed),
    };
    match done {
        // The address holds the secret, so nothing of it is said but to go to the same page.
        Ok(()) => Ok(back(&link)),
        Err(Error::Unavailable { what, source: None }) => Ok(wait(LATER_SECONDS, again(&shared, &what))),
        Err(Error::Invalid(says)) => Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, again(&shared, &says))),
        Err(Error::Conflict(says)) => {
            let now = app.shared(&secret, Some(browser)).await.map_err(told)?;
            Ok(answer(StatusCode::CONFLICT, again(&now, &says)))
        }
        // Their time is over: they show a code again.
        Err(Error::Forbidden(_)) => Ok(back(&link)),
        Err(error) => Err(told(error)),
    }
}

fn back(link: &str) -> Response {
    crate::identity::go(&format!("/shared/{link}"))
}

/// Sends a document that was granted, made for this recipient.
pub(super) async fn take(
    State(state): State<WebState>,
    Path((link, item)): Path<(String, String)>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let secret = opened(&state, &caller, &link)?;
    let item: Item = item.parse().map_err(|_| Refusal::SharedOver)?;
    let Some(browser) = form::browser(&state, &caller.headers) else {
        return closed(&caller, &secret, &link).await;
    };
    if state.documents().is_none() {
        return Err(Refusal::Unavailable("documents are not set here".to_owned()));
    }
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let with = (catalog, generator(&state));
    let taken = match caller.app.take_shared(&secret, browser, item, &caller.origin, with).await {
        Ok(taken) => taken,
        Err(Error::Forbidden(_)) => return closed(&caller, &secret, &link).await,
        Err(error) => return Err(told(error)),
    };
    let (name, pdf) = match taken {
        Taken::Report(model, copy, files) => (
            format!("report-copy-{}.pdf", copy.number),
            make(&state, move |documents| documents.package_pdf(&model, Some(&copy), &files)).await?,
        ),
        Taken::Letter(model, copy, files) => (
            format!("{item}-copy-{}.pdf", copy.number),
            make(&state, move |documents| documents.writing_pdf(&model, Some(&copy), &files)).await?,
        ),
    };
    Ok(evidence::taken(&name, PDF, pdf))
}

/// Leads whoever has to show a code to where they do, if the link works.
async fn closed(caller: &Caller, secret: &[u8; 32], link: &str) -> Result<Response, Refusal> {
    caller.app.shared(secret, None).await.map_err(told)?;
    Ok(back(link))
}

fn draw(
    theme: Theme,
    token: &str,
    link: &str,
    shared: &Shared,
    (name, says): (&str, Option<&str>),
) -> Markup {
    let inside = match &shared.door {
        Door::Closed { asked, by_mail } => ask(token, asked.as_ref(), *by_mail, says),
        Door::Agreement(agreement) => accept(token, agreement, name, says),
        Door::Waits => html! {
            (problem(says))
            p { "You accepted the agreement. Somebody at " (shared.company) " has to open the report to you, or it is being revised; come back to this page later." }
        },
        Door::Open { items, until, name, company } => html! {
            (problem(says))
            p { "Each copy is made for " (name) ", " (company) ", and says so on its pages. The auditor's signed report lies in it as a file, byte for byte as it was signed: programs that show PDF list it among the attachments." }
            ul.stack { @for item in items { li { a.button href={ "/shared/" (link) "/" (item) } { (item.title()) " (PDF)" } } } }
            p.muted { "Until " (moment::written(*until)) ". What you take is logged." }
        },
    };
    let body = html! {
        p.muted { (shared.company) " shares this with you. It is for restricted use: for you alone." }
        (inside)
    };
    frame::bare("A report is shared with you", theme, &body)
}

fn ask(token: &str, asked: Option<&Given>, by_mail: bool, says: Option<&str>) -> Markup {
    let button = |words: &str, is_primary: bool| {
        html! {
            form method="post" {
                (hidden("form", token)) (hidden("act", "ask"))
                p.row { button class=(if is_primary { "button primary" } else { "button" }) type="submit" { (words) } }
            }
        }
    };
    html! {
        @match asked {
            None => {
                (problem(says))
                @if by_mail { p { "A code goes to the address to which this link was sent. It works in this browser, for ten minutes." } }
                @else { p { "Ask for a code, and whoever sent you this link tells it to you. It works in this browser, for ten minutes." } }
                (button("Ask for a code", true))
            }
            Some(given) => {
                form.card method="post" {
                    (problem(says))
                    (hidden("form", token)) (hidden("act", "open"))
                    @if by_mail { p { "A code is on its way to the address to which this link was sent. The letter names " strong { (given.reference) } "." } }
                    @else { p { "Tell whoever sent you this link that your page shows " strong { (given.reference) } ". They tell you the code." } }
                    (field(&Field { name: "code", label: "Code", complete: "one-time-code", max: 40, hint: "Ten letters and digits.", ..Field::default() }))
                    p.row { button.button.primary type="submit" { "Open" } }
                    p.muted.small { "Until " (moment::written(given.until)) "." }
                }
                (button("Ask for another code", false))
            }
        }
    }
}

fn accept(token: &str, agreement: &Agreement, name: &str, says: Option<&str>) -> Markup {
    html! {
        h2 { (agreement.title) }
        @for paragraph in agreement.paragraphs() { p.lines { (paragraph) } }
        form.card method="post" {
            (problem(says))
            (hidden("form", token)) (hidden("act", "accept")) (hidden("version", &agreement.version.to_string()))
            (field(&Field { name: "name", label: "Your name", complete: "name", value: name, max: 200, hint: "It is kept with the version, the time, your address and the network that you come from.", ..Field::default() }))
            p.row { button.button.primary type="submit" { "I accept the agreement" } }
        }
    }
}
