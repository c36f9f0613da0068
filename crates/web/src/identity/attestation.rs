//! Which makers and models of passkeys the organization accepts as attested.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::identity::attestation::{self, MAX_PEM_BYTES, Root, Trust};
use tickmark_app::identity::session;
use tickmark_core::identity::SignInRule;
use tickmark_core::identity::attestation::{MAX_NAME_CHARS, MOST_MODELS, Model};
use tickmark_core::{Digest, Timestamp};

use super::{go, prove_first};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::{block, digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// The page.
pub(super) const HOME: &str = "/people/sign-in/attestation";
const BACK: &str = "/people/sign-in";
const REASON_CHARS: usize = 2_000;
/// Most characters of lines of models.
const MODELS_CHARS: usize = MOST_MODELS * (MAX_NAME_CHARS + 40);

/// What stands in the fields of a form that was refused.
#[derive(Default)]
struct Typed {
    certificates: String,
    models: String,
    reason: String,
    /// Which form it was.
    act: String,
    faults: Faults,
}

struct View {
    trust: Trust,
    rule: SignInRule,
    now: Timestamp,
}

/// Shows it.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    let view = look(&state, &asked).await?;
    Ok(asked.frame(&state, &draw(&view, &asked.token, &Typed::default())).await?.into_response())
}

/// Adds or removes.
pub(super) async fn act(
    State(state): State<WebState>,
    Path(act): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let why = sent.text("reason");
    let done = match act.as_str() {
        "add-certificates" => {
            sent.only(&["certificates", "reason"])?;
            let pem = sent.text("certificates");
            app.transact(actor, async |cx| attestation::add_roots(cx, &pem, &why).await).await.map(|_| ())
        }
        "add-models" => {
            sent.only(&["models", "reason"])?;
            let lines = sent.text("models");
            app.transact(actor, async |cx| attestation::add_models(cx, &lines, &why).await).await.map(|_| ())
        }
        "remove-certificate" => {
            sent.only(&["certificate", "reason"])?;
            let digest = read(&sent.text("certificate"))?;
            app.transact(actor, async |cx| attestation::remove_root(cx, digest, &why).await).await
        }
        "remove-model" => {
            sent.only(&["model", "reason"])?;
            let aaguid = sent.text("model").parse().map_err(|_| Refusal::Malformed)?;
            app.transact(actor, async |cx| attestation::remove_model(cx, aaguid, &why).await).await
        }
        _ => return Err(Refusal::NotFound),
    };
    let (status, faults) = match done {
        Ok(()) => return Ok(go(HOME)),
        Err(Error::StepUp) => return prove_first(&state, &asked, asked.path(), HOME, &sent).await,
        Err(Error::Invalid(says)) => (StatusCode::UNPROCESSABLE_ENTITY, blame(&act, says)),
        Err(Error::Conflict(says)) => (StatusCode::CONFLICT, Faults::whole(says)),
        Err(error) => return Err(error.into()),
    };
    let (certificates, models) = (sent.text("certificates"), sent.text("models"));
    let typed = Typed { certificates, models, reason: why, act, faults };
    let view = look(&state, &asked).await?;
    asked.frame_refused(&state, status, &draw(&view, &asked.token, &typed)).await
}

/// Puts what was wrong beside the field it is about.
fn blame(act: &str, says: String) -> Faults {
    let mut faults = Faults::default();
    match act {
        "remove-certificate" | "remove-model" => return Faults::whole(says),
        _ if says.contains("reason") => faults.add("reason", says),
        "add-models" => faults.add("models", says),
        _ => faults.add("certificates", says),
    }
    faults
}

fn read(hex: &str) -> Result<Digest, Refusal> {
    super::secret(hex).map(Digest).ok_or(Refusal::Malformed)
}

async fn look(state: &WebState, asked: &Asked) -> Result<View, Refusal> {
    let (app, actor) = asked.member(state)?;
    let now = app.now();
    let view = app.read(actor, async |view| {
        Ok(View { trust: attestation::trust(view).await?, rule: session::rule(view).await?, now })
    });
    Ok(view.await?)
}

fn draw(view: &View, token: &str, typed: &Typed) -> Page {
    let trust = &view.trust;
    let body = html! {
        @if !matches!(typed.act.as_str(), "add-certificates" | "add-models") { (typed.faults.summary()) }
        div.narrow {
            p {
                "A passkey is attested when the maker of the device vouches for it with a certificate. It is accepted when that chain ends at a certificate below, and its model is listed. Passkeys that are synchronized between devices never are."
            }
            p.muted {
                "Asked for now: " strong { (view.rule.name()) } ". "
                @if !trust.takes_any() { "Attested passkeys can be asked for once there is one certificate and one model. " }
                "What is removed here counts no longer from everybody's next request on. "
                a href=(BACK) { "What is asked for" }
            }
        }
        (block("makers", "Certificates of makers", &html! {}, &html! {
            @if trust.roots.is_empty() { p.muted { "None. The makers of security keys publish theirs; so does the metadata service of the FIDO Alliance." } }
            @for root in &trust.roots { (root_row(root, token, view.now)) }
            (add_certificates(token, typed))
        }))
        (block("accepted", "Models", &html! {}, &html! {
            @if trust.models.is_empty() { p.muted { "None. Each model has a number, its AAGUID, that its maker publishes; another firmware can have another one." } }
            @for model in &trust.models { (model_row(model, token)) }
            (add_models(token, typed))
        }))
    };
    let mut page = Page::new(Place::People, "Attested passkeys", body);
    page.crumbs = vec![("People".into(), "/people".into()), ("How people sign in".into(), BACK.into())];
    page
}

fn reason(form: &'static str, typed: &Typed) -> Markup {
    let is_it = typed.act == form;
    let (value, fault) = if is_it { (typed.reason.as_str(), typed.faults.of("reason")) } else { ("", None) };
    // Two forms of a page have this field, and an id is there once.
    let id = format!("reason-{form}");
    field(&Field {
        name: "reason",
        id: &id,
        label: "Reason",
        value,
        fault,
        max: REASON_CHARS,
        hint: "It stands in the audit trail.",
        ..Field::default()
    })
}

fn add_certificates(token: &str, typed: &Typed) -> Markup {
    let faults = if typed.act == "add-certificates" { typed.faults.clone() } else { Faults::default() };
    html! {
        div.narrow.code {
            (faults.summary())
            (form(&format!("{HOME}/add-certificates"), token, &html! {
                (field(&Field { name: "certificates", label: "Add certificates", kind: Kind::Area(5), value: &typed.certificates, fault: faults.of("certificates"), max: MAX_PEM_BYTES, hint: "As PEM, one or several, from -----BEGIN CERTIFICATE----- on. Take those of the makers themselves, not those of devices.", ..Field::default() }))
                (reason("add-certificates", typed))
                (send("Add them", ""))
            }))
        }
    }
}

fn add_models(token: &str, typed: &Typed) -> Markup {
    let faults = if typed.act == "add-models" { typed.faults.clone() } else { Faults::default() };
    html! {
        div.narrow.code {
            (faults.summary())
            (form(&format!("{HOME}/add-models"), token, &html! {
                (field(&Field { name: "models", label: "Add models", kind: Kind::Area(4), value: &typed.models, fault: faults.of("models"), max: MODELS_CHARS, hint: "One a line: the AAGUID, a blank, and what people call it. A model that is listed takes the new name.", ..Field::default() }))
                (reason("add-models", typed))
                (send("Add them", ""))
            }))
        }
    }
}

/// The form that removes one: `field` is its name in the form, `value` which one, `called` what people call it.
fn removal(act: &str, token: &str, (field, value): (&str, &str), called: &str) -> Markup {
    let id = format!("why-{value}");
    html! {
        form.row method="post" action={ (HOME) "/" (act) } {
            (hidden("form", token)) (hidden(field, value))
            label.visually-hidden for=(id) { "Why " (called) " is removed" }
            input id=(id) name="reason" maxlength=(REASON_CHARS) placeholder="Why" required autocomplete="off";
            button.button type="submit" { "Remove" span.visually-hidden { " " (called) } }
        }
    }
}

fn root_row(root: &Root, token: &str, now: Timestamp) -> Markup {
    let hex = root.digest.hex();
    html! {
        article.card.passkey aria-labelledby={ "root-" (hex) } {
            div {
                h3 id={ "root-" (hex) } { (root.name) }
                p.muted {
                    (digest::chip(&root.digest)) " "
                    @if root.ends_at <= now { "Not valid since " } @else { "Valid until " } (moment::date(root.ends_at)) ". Added " (moment::ago(root.added_at, now)) "."
                }
            }
            (removal("remove-certificate", token, ("certificate", &hex), &root.name))
        }
    }
}

fn model_row(model: &Model, token: &str) -> Markup {
    let aaguid = model.aaguid.to_string();
    html! {
        article.card.passkey aria-labelledby={ "model-" (aaguid) } {
            div {
                h3 id={ "model-" (aaguid) } { (model.name) }
                p.muted { code { (aaguid) } }
            }
            (removal("remove-model", token, ("model", &aaguid), &model.name))
        }
    }
}
