//! Findings that people write down: from a penetration test, a complaint, a review, an audit.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::conclusion::remediation;
use tickmark_app::evidence::item;
use tickmark_app::{Actor, App, Error};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::finding::{CRITERIA_MAX, Source, TEXT_MAX, TITLE_MAX, Written};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::{Control, ControlState};

use super::correct::plan;
use crate::control::Names;
use crate::design::badge;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::segment;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

const NEW: &str = "/findings/new";
const FIELDS: [&str; 15] = [
    "once",
    "title",
    "source",
    "said",
    "found_on",
    "severity",
    "control",
    "criteria",
    "condition",
    "effect",
    "recommendation",
    "owner",
    "due",
    "cause",
    "plan",
];
/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 10] = [
    ("the title", "title"),
    ("condition", "condition"),
    ("effect", "effect"),
    ("recommendation", "recommendation"),
    ("place where it is written", "said"),
    ("still ahead", "found_on"),
    ("criteria", "criteria"),
    ("choose somebody", "owner"),
    ("cause", "cause"),
    ("the plan", "plan"),
];
/// Most characters of a line of criteria.
const LINE_MAX: usize = 2_000;

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![Desk { path: NEW, example: NEW, looks: true, changes: true, handler: get(page).post(write) }]
}

/// Tells whether a text names a criterion of the catalog.
pub(crate) fn is_criterion(catalog: Option<&Catalog>, id: &str) -> bool {
    let Some(framework) = catalog.and_then(|catalog| catalog.frameworks.first()) else { return true };
    framework.requirements().any(|requirement| requirement.id == id)
}

/// What can be chosen.
struct Offered {
    controls: Vec<Control>,
    names: Names,
}

async fn offered(app: &App, actor: &Actor) -> Result<Offered, Refusal> {
    Ok(app
        .read(actor, async |view| {
            let mut controls = item::linkable(view).await?;
            controls.retain(|control| control.state() != ControlState::Retired);
            Ok(Offered { controls, names: Names::read(view).await? })
        })
        .await?)
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let once = app.new_id(asked.visit.now).to_string();
    let sent = Sent::of(vec![
        ("once".into(), once),
        ("found_on".into(), asked.visit.now.date()),
        ("severity".into(), "medium".into()),
        ("control".into(), asked.query.get("control").unwrap_or_default().to_owned()),
    ]);
    let offered = offered(app, actor).await?;
    asked.frame(&state, &draw(&offered, &asked.token, &sent, &Faults::default())).await
}

async fn write(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&FIELDS)?;
    let mut faults = Faults::default();
    let written = written(&sent, state.source().catalog(), &mut faults)?;
    let (once, plan) = (sent.text("once"), plan(&sent));
    if plan.owner.is_none() {
        faults.add("owner", "choose who answers for the correction");
    }
    if plan.due.is_none() {
        faults.add("due", "choose a day");
    }
    if plan.plan.is_empty() {
        faults.add("plan", "say what will be done");
    }
    if let (Some(written), true) = (written, faults.is_empty()) {
        let done = app
            .transact(actor, async |cx| remediation::write(cx, &once, written.clone(), plan.clone()).await);
        match done.await {
            Ok(made) => return Ok(go(&format!("/findings/{}", segment(&made.found.reference())))),
            Err(Error::Invalid(says) | Error::Conflict(says)) => faults = Faults::about(says, &ABOUT),
            Err(error) => return Err(error.into()),
        }
    }
    let offered = offered(app, actor).await?;
    let page = draw(&offered, &asked.token, &sent, &faults);
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// Reads what somebody found; none if something is wrong with it.
fn written(sent: &Sent, catalog: Option<&Catalog>, faults: &mut Faults) -> Result<Option<Written>, Refusal> {
    for (name, says) in [("title", "say in one line what was found"), ("condition", "say what was found")] {
        if sent.text(name).is_empty() {
            faults.add(name, says);
        }
    }
    let text = sent.text("criteria");
    let criteria: Vec<String> =
        text.split([',', ' ', ';']).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if let Some(unknown) = criteria.iter().find(|id| !is_criterion(catalog, id)) {
        faults.add("criteria", format!("there is no criterion {unknown}"));
    } else if criteria.len() > CRITERIA_MAX {
        faults.add("criteria", format!("it concerns at most {CRITERIA_MAX} criteria"));
    }
    let found_on = sent.text("found_on").parse::<Day>().map_err(|_| faults.add("found_on", "choose a day"));
    let control = match sent.text("control") {
        empty if empty.is_empty() => None,
        id => Some(id.parse().map_err(|_| Refusal::Malformed)?),
    };
    let severity = badge::SEVERITIES.into_iter().find(|one| one.word() == sent.text("severity"));
    let (source, severity) = (Source::from_word(&sent.text("source")), severity.ok_or(Refusal::Malformed)?);
    let Ok(found_on) = found_on else { return Ok(None) };
    Ok(Some(Written {
        title: sent.text("title"),
        source: source.ok_or(Refusal::Malformed)?,
        said: sent.text("said"),
        found_on,
        severity,
        control,
        criteria,
        condition: sent.text("condition"),
        effect: sent.text("effect"),
        recommendation: sent.text("recommendation"),
    }))
}

fn draw(offered: &Offered, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let text = |name: &str| sent.text(name);
    let area = |name: &'static str, label: &str, hint: &str, optional: bool| {
        field(&Field {
            name,
            label,
            hint,
            optional,
            value: &text(name),
            kind: Kind::Area(3),
            max: TEXT_MAX,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let sources: Vec<(String, String)> =
        Source::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let severities: Vec<(String, String)> = badge::SEVERITIES
        .into_iter()
        .map(|one| (one.word().to_owned(), badge::severity_word(one).to_owned()))
        .collect();
    let controls: Vec<(String, String)> = std::iter::once((String::new(), "None".to_owned()))
        .chain(
            offered
                .controls
                .iter()
                .map(|one| (one.id.to_string(), format!("{}  {}", one.id, one.text.current().title))),
        )
        .collect();
    let owner = text("owner");
    let body = html! {
        (hidden("once", &text("once")))
        (faults.summary())
        (field(&Field { name: "title", label: "Finding", value: &text("title"), max: TITLE_MAX, fault: faults.of("title"), hint: "In one line, as \"Reset links do not expire\".", ..Field::default() }))
        div.fields {
            (field(&Field { name: "source", label: "Source", kind: Kind::Select(&sources), value: &text("source"), ..Field::default() }))
            (field(&Field { name: "severity", label: "Severity", kind: Kind::Select(&severities), value: &text("severity"), ..Field::default() }))
            (field(&Field { name: "found_on", label: "Found on", kind: Kind::Input("date"), value: &text("found_on"), fault: faults.of("found_on"), ..Field::default() }))
        }
        (field(&Field { name: "said", label: "Where it is written", value: &text("said"), max: TEXT_MAX, optional: true, fault: faults.of("said"), hint: "The report, the ticket, the letter.", ..Field::default() }))
        (area("condition", "What was found", "", false))
        (area("effect", "Why it matters", "", true))
        (area("recommendation", "What to do", "", true))
        (field(&Field { name: "control", label: "Control", kind: Kind::Select(&controls), value: &text("control"), optional: true, ..Field::default() }))
        (field(&Field { name: "criteria", label: "Criteria", value: &text("criteria"), max: LINE_MAX, optional: true, fault: faults.of("criteria"), hint: "As CC6.1, CC7.2.", ..Field::default() }))
        (field(&Field { name: "owner", label: "Owner", value: &owner, kind: Kind::Select(&offered.names.options(None, &owner)), fault: faults.of("owner"), hint: "Answers for the correction.", ..Field::default() }))
        (field(&Field { name: "due", label: "Due", kind: Kind::Input("date"), value: &text("due"), fault: faults.of("due"), hint: "Moved later only by an extension, which is counted.", ..Field::default() }))
        (area("cause", "Cause", "Why it came about, once somebody has looked into it.", true))
        (area("plan", "Plan", "What will be done.", false))
        (send("Write it down", "/findings"))
    };
    let mut page = Page::new(
        Place::Findings,
        "Write a finding down",
        html! { div.narrow { (form(NEW, token, &body)) } },
    );
    page.lead = html! { "What no rule finds. It is corrected as the others are: planned, fixed, and closed by somebody who did not fix it." };
    page.crumbs = vec![("Findings".into(), "/findings".into())];
    page
}
