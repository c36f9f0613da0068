//! Simple checks from a form: a field of the facts, how it is compared, and with what. What comes of it is files, to be tried,
//! changed and handed in like any others.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::observation::workshop::{self, Operator, SimpleCheck};
use tickmark_core::observation::Severity;
use tickmark_core::observation::host::field::{FactField, FieldKind, fields};
use tickmark_core::words::shortened;

use super::workshop::editor;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::{Page, Place};
use crate::error::Refusal;
use crate::form::Sent;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

const NAMES: [&str; 8] =
    ["title", "id", "field", "operator", "value", "severity", "rationale", "remediation"];
const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
/// The field of the form that a word of a refusal stands for.
const ABOUT: [(&str, &str); 10] = [
    ("cannot be asked whether", "operator"),
    ("cannot be ", "value"),
    ("give 1 to ", "value"),
    ("nothing could ", "value"),
    ("there is no field", "field"),
    ("why it matters", "rationale"),
    ("the remediation", "remediation"),
    ("the title", "title"),
    ("an id", "id"),
    ("there is a check", "id"),
];
/// Characters of what a field says that are shown beside it.
const ABOUT_CHARS: usize = 60;

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![Desk {
        path: "/checks/simple",
        example: "/checks/simple",
        looks: true,
        changes: true,
        handler: get(page).post(make),
    }]
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    asked.member(&state)?;
    let empty = Sent::of(vec![("severity".to_owned(), Severity::Medium.word().to_owned())]);
    asked.frame(&state, &draw(&asked, &empty, &Faults::default())).await
}

async fn make(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&NAMES)?;
    let severity = SEVERITIES.into_iter().find(|one| one.word() == sent.text("severity"));
    let operator = Operator::ALL.into_iter().find(|one| one.word() == sent.text("operator"));
    let (Some(severity), Some(operator)) = (severity, operator) else { return Err(Refusal::Malformed) };
    let of = SimpleCheck {
        id: sent.text("id"),
        title: sent.text("title"),
        rationale: sent.text("rationale"),
        remediation: sent.text("remediation"),
        severity,
        field: sent.text("field"),
        operator,
        value: sent.text("value"),
    };
    let made = app
        .read(actor, async |view| {
            let draft = workshop::make_simple(view, &of)?;
            let trial = workshop::try_out(view, &draft).await?;
            Ok((draft, trial))
        })
        .await;
    match made {
        Ok((draft, trial)) => {
            let page = editor(&asked, &draft, "", Some(&trial), &Faults::default());
            Ok(asked.frame(&state, &page).await?.into_response())
        }
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            let page = draw(&asked, &sent, &Faults::about(says, &ABOUT));
            asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(error) => Err(error.into()),
    }
}

fn draw(asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let value = |name: &str| sent.text(name);
    let [title, id, chosen, operator, compared, severity, rationale, remediation] = NAMES.map(value);
    let known: Vec<(String, String)> = fields().iter().map(option).collect();
    let operators = Operator::ALL.map(|one| (one.word().to_owned(), one.plain().to_owned()));
    let severities = SEVERITIES.map(|one| (one.word().to_owned(), one.word().to_owned()));
    let body = html! {
        (faults.summary())
        (field(&Field { name: "title", label: "What it asserts", value: &title, max: 200, fault: faults.of("title"), hint: "Worded as the passing state, e.g. \"Root cannot log in over SSH\".", ..Field::default() }))
        (field(&Field { name: "id", label: "Id", value: &id, max: 80, fault: faults.of("id"), hint: "Lower case words with hyphens; the first one is its group, e.g. own-root-login-off.", ..Field::default() }))
        (field(&Field { name: "field", label: "Field of the facts of a host", value: &chosen, kind: Kind::Select(&known), fault: faults.of("field"), hint: "With [] it is asked of each element of a list, and an empty list is unknown.", ..Field::default() }))
        div.fields {
            (field(&Field { name: "operator", label: "Compared", value: &operator, kind: Kind::Select(&operators), fault: faults.of("operator"), ..Field::default() }))
            (field(&Field { name: "severity", label: "Severity", value: &severity, kind: Kind::Select(&severities), ..Field::default() }))
        }
        (field(&Field { name: "value", label: "With", value: &compared, kind: Kind::Area(3), max: 4_000, fault: faults.of("value"), hint: "true or false, a whole number, or a text; for a list one value a line.", ..Field::default() }))
        (field(&Field { name: "rationale", label: "Why it matters", value: &rationale, kind: Kind::Area(2), max: 500, fault: faults.of("rationale"), ..Field::default() }))
        (field(&Field { name: "remediation", label: "What to do when it fails", value: &remediation, kind: Kind::Area(2), max: 500, fault: faults.of("remediation"), ..Field::default() }))
        (send("Make the files", "/checks"))
    };
    let mut page = Page::new(
        Place::Checks,
        "Simple check",
        html! { div.narrow { (form("/checks/simple", &asked.token, &body)) } },
    );
    page.lead = html! { "A field, a comparison and a value become files with tests that pass; a field that is absent is unknown, never a pass. Nothing is kept until you hand it in." };
    page.crumbs = vec![("Checks".into(), "/checks".into())];
    page
}

fn option(field: &FactField) -> (String, String) {
    let kind = match field.kind {
        FieldKind::Flag => "true or false",
        FieldKind::Text => "text",
        FieldKind::Number => "number",
    };
    let about = shortened(&field.about, ABOUT_CHARS);
    let dash = if about.is_empty() { "" } else { ": " };
    (field.path.clone(), format!("{} ({kind}){dash}{about}", field.path))
}
