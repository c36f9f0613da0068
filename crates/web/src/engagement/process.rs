//! Processes of a SOC 1 description: one form for the narrative and the steps of a process.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::{self, Version};
use tickmark_core::control::{ControlId, TEXT_MAX, TITLE_MAX};
use tickmark_core::engagement::{Act, Engagement, FlowStep, NARRATIVE_MAX, Process, ReportKind, STEPS_MAX};

use super::paper::load;
use super::{flow, href, key, outcome, page_of, refused};
use crate::WebState;
use crate::design::block;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// Empty steps at the end of the form.
const SPARE: usize = 3;
/// What a step has: the beginnings of the names of its fields.
const OF_STEP: [&str; 9] =
    ["place", "act", "what", "who", "system", "input", "output", "controls", "objectives"];

/// A step as it is typed.
#[derive(Clone, Debug, Default)]
struct TypedStep {
    place: String,
    act: String,
    what: String,
    who: String,
    system: String,
    input: String,
    output: String,
    controls: String,
    objectives: String,
}

impl TypedStep {
    fn of(place: usize, step: &FlowStep) -> Self {
        let ids: Vec<String> = step.controls.iter().map(ToString::to_string).collect();
        Self {
            place: (place + 1).to_string(),
            act: step.act.word().to_owned(),
            what: step.what.clone(),
            who: step.who.clone(),
            system: step.system.clone(),
            input: step.input.clone(),
            output: step.output.clone(),
            controls: ids.join(", "),
            objectives: step.objectives.iter().cloned().collect::<Vec<_>>().join(", "),
        }
    }

    fn sent(sent: &Sent, row: usize) -> Self {
        let text = |name: &str| sent.text(&format!("{name}-{row}"));
        Self {
            place: text("place"),
            act: text("act"),
            what: text("what"),
            who: text("who"),
            system: text("system"),
            input: text("input"),
            output: text("output"),
            controls: text("controls"),
            objectives: text("objectives"),
        }
    }

    /// Nobody typed anything that a step could be made of.
    fn is_empty(&self) -> bool {
        let texts = [&self.what, &self.who, &self.system, &self.input, &self.output, &self.controls];
        texts.into_iter().all(String::is_empty) && self.objectives.is_empty()
    }
}

/// What stands in the form.
#[derive(Clone, Debug, Default)]
struct Typed {
    name: String,
    narrative: String,
    steps: Vec<TypedStep>,
    /// What is wrong with a field of a step, by its name.
    wrong: BTreeMap<String, String>,
}

impl Typed {
    fn of(process: &Process) -> Self {
        Self {
            name: process.name.clone(),
            narrative: process.narrative.clone(),
            steps: process.steps.iter().enumerate().map(|(place, step)| TypedStep::of(place, step)).collect(),
            wrong: BTreeMap::new(),
        }
    }

    fn sent(sent: &Sent) -> Self {
        let steps: Vec<TypedStep> = (0..STEPS_MAX + SPARE)
            .map(|row| TypedStep::sent(sent, row))
            .filter(|one| !one.is_empty())
            .collect();
        Self { name: sent.text("name"), narrative: sent.text("narrative"), steps, wrong: BTreeMap::new() }
    }

    /// Reads the process; what is wrong with a step stands beside its field.
    fn read(&mut self, faults: &mut Faults) -> Process {
        if self.name.is_empty() {
            faults.add("name", "say what the process is called");
        }
        let mut steps: Vec<(i64, FlowStep)> = Vec::new();
        let mut wrong = BTreeMap::new();
        for (row, typed) in self.steps.iter().enumerate() {
            let mut say = |name: &str, says: String| {
                wrong.insert(format!("{name}-{row}"), says);
            };
            if typed.what.is_empty() {
                say("what", "say what is done".into());
            }
            if typed.who.is_empty() {
                say("who", "say who does it".into());
            }
            let place = if typed.place.is_empty() { Ok(i64::MAX) } else { typed.place.parse() };
            if place.is_err() {
                say("place", "give a whole number".into());
            }
            let mut controls = BTreeSet::new();
            for id in listed(&typed.controls) {
                match id.parse::<ControlId>() {
                    Ok(id) => {
                        controls.insert(id);
                    }
                    Err(error) => say("controls", error.to_string()),
                }
            }
            let step = FlowStep {
                act: Act::from_word(&typed.act).unwrap_or(Act::Process),
                what: typed.what.clone(),
                who: typed.who.clone(),
                system: typed.system.clone(),
                input: typed.input.clone(),
                output: typed.output.clone(),
                controls,
                objectives: listed(&typed.objectives).map(str::to_owned).collect(),
            };
            steps.push((place.unwrap_or(i64::MAX), step));
        }
        if !wrong.is_empty() {
            let rows: BTreeSet<&str> = wrong.keys().filter_map(|name| name.rsplit('-').next()).collect();
            faults.add("steps", format!("{} of the steps need another answer", rows.len()));
        }
        self.wrong = wrong;
        steps.sort_by_key(|(place, _)| *place);
        let steps = steps.into_iter().map(|(_, step)| step).collect();
        Process { name: self.name.clone(), narrative: self.narrative.clone(), steps }
    }
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 5] = [
    ("name of a process", "name"),
    ("process called", "name"),
    ("narrative", "narrative"),
    ("step", "steps"),
    ("processes with their steps", "steps"),
];

/// Ids between commas or spaces.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', ' ', '\n']).map(str::trim).filter(|id| !id.is_empty())
}

/// The processes of a description, with the ways to write them.
pub(super) fn shown(record: &Engagement, may: bool) -> Markup {
    let path = format!("{}/processes", href(record.key));
    let processes = record.described().processes;
    if !has_processes(record) {
        return html! {};
    }
    let faults = record.described().process_faults(record.holds());
    html! {
        section.card aria-labelledby="processes" {
            h2 id="processes" { "Processes" }
            p.muted { "How transactions go from initiation to reporting, step by step, with the controls at each step. They stand in the description under \u{201c}Transactions\u{201d}." }
            @if !faults.is_empty() { ul.problem { @for fault in &faults { li { (crate::design::form::capital(fault)) "." } } } }
            @if processes.is_empty() { p.muted { "None is described yet." } }
            @for (place, process) in processes.iter().enumerate() {
                (block(&format!("process-{}", place + 1), &process.name, &html! { @if may { a href={ (path) "/" (place + 1) } { "Edit" } } }, &flow::process(process)))
            }
            @if may { p { a.button href={ (path) "/new" } { "Describe a process" } } }
        }
    }
}

fn has_processes(record: &Engagement) -> bool {
    record.holds().kind == ReportKind::Soc1
}

/// Which process an address is about; none for a new one.
fn place(record: &Engagement, at: &str) -> Result<Option<usize>, Refusal> {
    if !has_processes(record) {
        return Err(Refusal::NotFound);
    }
    if at == "new" {
        return Ok(None);
    }
    let place = at.parse().ok().filter(|number| (1..=record.described().processes.len()).contains(number));
    Ok(Some(place.ok_or(Refusal::NotFound)? - 1))
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, which)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (version, _) = load(&state, &asked, &at).await?;
    let place = place(&version.record, &which)?;
    let held = place.map(|place| version.record.described().processes[place].clone());
    let typed = held.as_ref().map(Typed::of).unwrap_or_default();
    asked.frame(&state, &draw(&version, &which, &typed, &asked, &Faults::default())).await
}

fn draw(version: &Version, which: &str, typed: &Typed, asked: &Asked, faults: &Faults) -> Page {
    let record = &version.record;
    let href = href(record.key);
    let action = format!("{href}/processes/{which}");
    let spare = SPARE.min(STEPS_MAX.saturating_sub(typed.steps.len()));
    let rows = typed.steps.len() + spare;
    let empty = TypedStep::default();
    let objectives: Vec<&str> = record.holds().objectives.iter().map(|one| one.id.as_str()).collect();
    let body = html! {
        div.narrow.stack {
            (form(&action, &asked.token, &html! {
                (faults.summary())
                (hidden("version", &version.number.to_string()))
                (field(&Field { name: "name", label: "Process", value: &typed.name, max: TITLE_MAX, fault: faults.of("name"), hint: "As: Pay run.", ..Field::default() }))
                (field(&Field { name: "narrative", label: "Narrative", kind: Kind::Area(8), value: &typed.narrative, max: NARRATIVE_MAX, optional: true, fault: faults.of("narrative"), hint: "How it goes, as it really runs, and how events other than transactions are captured. Needed before the description is signed.", ..Field::default() }))
                h2 { "Steps" }
                p.muted { "In order. A step that is left empty is not kept; to move one, change its number." @if !objectives.is_empty() { " Objectives in the scope: " (objectives.join(", ")) "." } }
                @if let Some(says) = faults.of("steps") { p.fault { (crate::design::form::capital(says)) "." } }
                @for row in 0..rows { (step_fields(row, typed.steps.get(row).unwrap_or(&empty), &typed.wrong)) }
                (send("Save", &format!("{href}/description")))
            }))
            @if which != "new" {
                details.act {
                    summary { "Take the process out" }
                    form method="post" action=(action) {
                        (hidden("form", &asked.token)) (hidden("version", &version.number.to_string())) (hidden("remove", "yes"))
                        p.muted { "Earlier versions of the description keep it. The description is reviewed and approved again." }
                        p.row { button.button type="submit" { "Take it out" } }
                    }
                }
            }
        }
    };
    let title = if which == "new" { "Describe a process" } else { "Process" };
    let mut page = page_of(record, title, body);
    page.crumbs.push(("Description".into(), format!("{href}/description")));
    page
}

fn step_fields(row: usize, step: &TypedStep, wrong: &BTreeMap<String, String>) -> Markup {
    let acts: Vec<(String, String)> =
        Act::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let place = if step.place.is_empty() { (row + 1).to_string() } else { step.place.clone() };
    let draw = |name: &str, label: &str, kind: Kind<'_>, value: &str, max: usize, hint: &str| {
        let name = format!("{name}-{row}");
        field(&Field {
            name: &name,
            label,
            kind,
            value,
            max,
            hint,
            fault: wrong.get(&name).map(String::as_str),
            optional: true,
            ..Field::default()
        })
    };
    html! {
        fieldset.card {
            legend { "Step " (row + 1) }
            div.fields {
                (draw("place", "No.", Kind::Input("number"), &place, 4, ""))
                (draw("act", "Kind", Kind::Select(&acts), &step.act, 20, ""))
                (draw("who", "Who", Kind::Text, &step.who, TITLE_MAX, "A function, not a name."))
                (draw("system", "System", Kind::Text, &step.system, TITLE_MAX, ""))
            }
            (draw("what", "What is done", Kind::Area(2), &step.what, TEXT_MAX, ""))
            div.fields {
                (draw("input", "What goes in", Kind::Text, &step.input, TITLE_MAX, ""))
                (draw("output", "What comes out", Kind::Text, &step.output, TITLE_MAX, ""))
                (draw("controls", "Controls", Kind::Text, &step.controls, TITLE_MAX, "Ids, with commas between."))
                (draw("objectives", "Control objectives", Kind::Text, &step.objectives, TITLE_MAX, "Ids, with commas between."))
            }
        }
    }
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path((at, which)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let rows = (0..STEPS_MAX + SPARE).flat_map(|row| OF_STEP.map(|name| format!("{name}-{row}")));
    let known: Vec<String> =
        rows.chain(["version", "remove", "name", "narrative"].map(str::to_owned)).collect();
    sent.only(&known.iter().map(String::as_str).collect::<Vec<_>>())?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (version, _) = load(&state, &asked, &at).await?;
    let place = place(&version.record, &which)?;
    let held = place.map(|place| version.record.described().processes[place].name.clone());
    let done = format!("{}/description", href(key));
    if let (Some(name), "yes") = (&held, sent.text("remove").as_str()) {
        let changed =
            app.transact(actor, async |cx| engagement::remove_process(cx, key, from, name).await).await;
        let (status, faults) = match outcome(changed, &done, &[]) {
            Ok(done) => return Ok(done),
            Err(wrong) => wrong?,
        };
        let typed = Typed::of(&version.record.described().processes[place.unwrap_or(0)]);
        return refused(&state, &asked, status, &draw(&version, &which, &typed, &asked, &faults)).await;
    }
    let (mut typed, mut faults) = (Typed::sent(&sent), Faults::default());
    let process = typed.read(&mut faults);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let changed = app
            .transact(actor, async |cx| {
                engagement::write_process(cx, key, from, held.as_deref(), process.clone()).await
            })
            .await;
        match outcome(changed, &done, &ABOUT) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    refused(&state, &asked, status, &draw(&version, &which, &typed, &asked, &faults)).await
}
