//! What the organization asks of its members when they sign in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;
use tickmark_app::Error;
use tickmark_app::identity::attestation::{self, Trust};
use tickmark_app::identity::{self, Version, session};
use tickmark_core::identity::SignInRule;

use super::history::{Labels, history};
use super::{go, prove_first};
use crate::WebState;
use crate::design::as_of::AsOf;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::{Page, Place};
use crate::design::{block, plural};
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

const PATH: &str = "/people/sign-in";

/// The page.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    let now = look(&state, &asked).await?;
    let page = draw(&asked, &now, now.rule.word(), "", &Faults::default());
    Ok(asked.frame(&state, &page).await?.into_response())
}

/// Sets it.
pub(super) async fn set(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["rule", "reason"])?;
    let (word, why) = (sent.text("rule"), sent.text("reason"));
    let rule = SignInRule::of_word(&word).ok_or(Refusal::Malformed)?;
    let mut faults = Faults::default();
    let status = match app.transact(actor, async |cx| session::set_rule(cx, rule, &why).await).await {
        Ok(()) => return Ok(go("/people")),
        Err(Error::StepUp) => return prove_first(&state, &asked, PATH, PATH, &sent).await,
        Err(Error::Invalid(says)) => {
            faults.add("reason", says);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(Error::Conflict(says)) => {
            faults = Faults::whole(says);
            StatusCode::CONFLICT
        }
        Err(error) => return Err(error.into()),
    };
    let now = look(&state, &asked).await?;
    asked.frame_refused(&state, status, &draw(&asked, &now, &word, &why, &faults)).await
}

/// What holds now.
struct Now {
    rule: SignInRule,
    trust: Trust,
    versions: Vec<Version<SignInRule>>,
    labels: Arc<Labels>,
}

async fn look(state: &WebState, asked: &Asked) -> Result<Now, Refusal> {
    let (app, actor) = asked.member(state)?;
    let now = app.read(actor, async |view| {
        Ok(Now {
            rule: session::rule(view).await?,
            trust: attestation::trust(view).await?,
            versions: session::rule_versions(view).await?,
            labels: identity::labels(view).await?,
        })
    });
    Ok(now.await?)
}

fn draw(asked: &Asked, now: &Now, chosen: &str, why: &str, faults: &Faults) -> Page {
    let trust = &now.trust;
    let options: Vec<(String, String)> =
        SignInRule::ALL.map(|rule| (rule.word().to_owned(), rule.name().to_owned())).to_vec();
    let hint = "Whoever signed in with less sees their own account only, until they show a passkey.";
    let fields = html! {
        (faults.summary())
        (field(&Field { name: "rule", label: "What is asked for", kind: Kind::Select(&options), value: chosen, hint, ..Field::default() }))
        (field(&Field { name: "reason", label: "Reason", kind: Kind::Area(2), value: why, fault: faults.of("reason"), max: 2_000, hint: "It stands in the audit trail.", ..Field::default() }))
        (send("Change it", "/people"))
    };
    let body = html! {
        div.narrow {
            p { "Asked for now: " strong { (now.rule.name()) } ". It counts from everybody's next request on." }
            p.muted { "Nobody is ever in with a password alone. A passkey is both factors at once, and no false page can ask for it. To ask others for one you are signed in with a passkey and have a second one." }
            (form(PATH, &asked.token, &fields))
        }
        (block("attested", "Attested passkeys", &html! {}, &html! {
            p.narrow {
                "For an attested passkey the maker of the device vouches, so nobody brings a device of their own making. Accepted: "
                (trust.models.len()) " " (plural(trust.models.len(), "model", "models")) " of "
                (trust.roots.len()) " " (plural(trust.roots.len(), "certificate", "certificates")) " of makers"
                @if !trust.takes_any() { "; nobody could sign in by one" } "."
            }
            p.row { a.button href=(super::attestation::HOME) { "Makers and models" } }
        }))
        (history(&now.versions, &now.labels, (PATH, &AsOf::of(&asked.query)), |rule, _| html! { (rule.name()) }))
    };
    let mut page = Page::new(Place::People, "How people sign in", body);
    page.crumbs = vec![("People".into(), "/people".into())];
    page
}
