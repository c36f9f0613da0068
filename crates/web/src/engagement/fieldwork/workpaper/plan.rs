//! The plan of a test: as it is begun, and written anew.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::workpaper;
use tickmark_core::control::{Control, ControlId, TEXT_MAX, TestAttribute};
use tickmark_core::engagement::fieldwork::{Party, Plan, Procedure};
use tickmark_core::engagement::{Engagement, EngagementKey};

use super::super::{Tabbed, head, href, key, number, page as framed, party, refused, wrong};
use super::{Known, has_results, known, title};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// Fields of a plan.
const PLAN: [&str; 5] = ["version", "control", "procedures", "procedure", "attributes"];

/// Attributes as they are typed: one line each, with bars between.
fn typed_attributes(plan: &Plan) -> String {
    let line = |one: &TestAttribute| format!("{} | {} | {}", one.id, one.asserts, one.deviation);
    plan.attributes.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn read_attributes(text: &str, faults: &mut Faults) -> Vec<TestAttribute> {
    let mut attributes = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        match parts[..] {
            [id, asserts, deviation] => attributes.push(TestAttribute {
                id: id.to_owned(),
                asserts: asserts.to_owned(),
                deviation: deviation.to_owned(),
            }),
            _ => faults.add("attributes", format!("{line:?} has not three parts with bars between")),
        }
    }
    attributes
}

fn typed_plan(sent: &Sent, control: Option<&ControlId>) -> Result<(Plan, Faults), Refusal> {
    let mut faults = Faults::default();
    let control = match control {
        Some(control) => control.clone(),
        None => sent.text("control").parse().map_err(|_| Refusal::Malformed)?,
    };
    let words = sent.all("procedures");
    let procedures: BTreeSet<Procedure> =
        words.iter().filter_map(|word| Procedure::from_word(word)).collect();
    if procedures.is_empty() {
        faults.add("procedures", "say what is done");
    }
    let attributes = read_attributes(&sent.text("attributes"), &mut faults);
    Ok((Plan { control, procedures, procedure: sent.text("procedure"), attributes }, faults))
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 6] = [
    ("inquiry alone", "procedures"),
    ("nature of the test", "procedures"),
    ("procedure", "procedure"),
    ("attribute", "attributes"),
    ("definition of a deviation", "attributes"),
    ("counts as a deviation", "attributes"),
];

/// What a form of a plan is drawn from.
struct PlanForm<'a> {
    path: String,
    record: &'a Engagement,
    version: Option<i64>,
    controls: &'a [Control],
    plan: Option<&'a Plan>,
    /// What was typed, where it is more than the plan takes in.
    attributes: String,
}

fn plan_form(of: &PlanForm<'_>, token: &str, faults: &Faults) -> Markup {
    let controls: Vec<(String, String)> = of
        .controls
        .iter()
        .map(|one| (one.id.to_string(), format!("{}  {}", one.id, one.text.current().title)))
        .collect();
    let procedures: Vec<(String, String)> =
        Procedure::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let chosen =
        of.plan.map(|plan| plan.procedures.iter().map(|one| one.word()).collect::<Vec<_>>().join(" "));
    let control = of.plan.map(|plan| plan.control.to_string()).unwrap_or_default();
    let procedure = of.plan.map_or("", |plan| plan.procedure.as_str());
    let place = match has_results(of.record) {
        true => "As it will stand in Section IV once you share it.",
        false => "For your own papers: this report shows no tests and no results.",
    };
    html! { div.narrow { (form(&of.path, token, &html! {
        (faults.summary())
        @if let Some(version) = of.version { (hidden("version", &version.to_string())) }
        @if of.version.is_none() { (field(&Field { name: "control", label: "Control", kind: Kind::Select(&controls), value: &control, ..Field::default() })) }
        (field(&Field { name: "procedures", label: "Nature of the test", kind: Kind::Several(&procedures), value: &chosen.unwrap_or_default(), fault: faults.of("procedures"), hint: "Inquiry is never enough alone.", ..Field::default() }))
        (field(&Field { name: "procedure", label: "Procedure", kind: Kind::Area(4), value: procedure, max: TEXT_MAX, fault: faults.of("procedure"), hint: place, ..Field::default() }))
        (field(&Field { name: "attributes", label: "Attributes", kind: Kind::Area(5), value: &of.attributes, max: TEXT_MAX, fault: faults.of("attributes"), hint: "One a line: name | what must hold | what counts as a deviation. As: A | approved before deployment | no approval, or a later one. They are fixed once something is tested.", ..Field::default() }))
        (send("Save", of.path.rsplit_once('/').map_or("", |(up, _)| up)))
    })) } }
}

async fn beginning(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
) -> Result<(Engagement, Vec<Control>), Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    if party(state, asked, key).await? != Party::Auditor {
        return Err(Refusal::NotFound);
    }
    let found = app
        .read(actor, async |view| {
            Ok((head(view, key).await?.0, workpaper::controls(view, key, catalog).await?))
        })
        .await?;
    Ok(found)
}

pub(in crate::engagement::fieldwork) async fn new_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (record, controls) = beginning(&state, &asked, key(&at)?).await?;
    let path = format!("{}/workpapers/new", href(record.key));
    let of = PlanForm {
        path,
        record: &record,
        version: None,
        controls: &controls,
        plan: None,
        attributes: String::new(),
    };
    let body = plan_form(&of, &asked.token, &Faults::default());
    asked.frame(&state, &framed(&record, &asked, Tabbed::Workpapers, "Begin a workpaper", &body)).await
}

pub(in crate::engagement::fieldwork) async fn begin(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&PLAN[1..])?;
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let (record, controls) = beginning(&state, &asked, key).await?;
    let (plan, mut faults) = typed_plan(&sent, None)?;
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let typed = plan.clone();
        match app.transact(actor, async |cx| workpaper::begin(cx, key, typed, catalog).await).await {
            Ok(number) => return Ok(go(&format!("{}/workpapers/{number}", href(key)))),
            Err(error) => (status, faults) = wrong(error, &ABOUT)?,
        }
    }
    let path = format!("{}/workpapers/new", href(key));
    let attributes = sent.text("attributes");
    let of =
        PlanForm { path, record: &record, version: None, controls: &controls, plan: Some(&plan), attributes };
    let body = plan_form(&of, &asked.token, &faults);
    refused(&state, &asked, status, &framed(&record, &asked, Tabbed::Workpapers, "Begin a workpaper", &body))
        .await
}

pub(in crate::engagement::fieldwork) async fn edit_page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, key(&at)?, number(&no)?).await?;
    if known.party != Party::Auditor {
        return Err(Refusal::NotFound);
    }
    let plan = known.row.record.plan.clone();
    asked.frame(&state, &edit_form(&known, &asked, &plan, typed_attributes(&plan), &Faults::default())).await
}

fn edit_form(known: &Known, asked: &Asked, plan: &Plan, attributes: String, faults: &Faults) -> Page {
    let path = format!("{}/workpapers/{}/edit", href(known.record.key), known.row.record.number);
    let of = PlanForm {
        path,
        record: &known.record,
        version: Some(known.row.version),
        controls: &[],
        plan: Some(plan),
        attributes,
    };
    let body = plan_form(&of, &asked.token, faults);
    framed(&known.record, asked, Tabbed::Workpapers, &title(known), &body)
}

pub(in crate::engagement::fieldwork) async fn replan(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    sent.only(&PLAN)?;
    let (app, actor) = asked.member(&state)?;
    let known = known(&state, &asked, key, number).await?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (plan, mut faults) = typed_plan(&sent, Some(&known.row.record.plan.control))?;
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let typed = plan.clone();
        match app.transact(actor, async |cx| workpaper::replan(cx, key, number, from, typed).await).await {
            Ok(()) => return Ok(go(&format!("{}/workpapers/{number}", href(key)))),
            Err(error) => (status, faults) = wrong(error, &ABOUT)?,
        }
    }
    let attributes = sent.text("attributes");
    refused(&state, &asked, status, &edit_form(&known, &asked, &plan, attributes, &faults)).await
}
