//! Workpapers: the list, the plan of a test, and one paper as the firm works in it. Management sees what is shared, on the
//! same addresses, as [`super::shared`] draws it.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::workpaper::{self, Excepting, Selecting, Signing};
use tickmark_app::engagement::fieldwork::{Row, evidence, paper};
use tickmark_core::control::{Control, ControlId, TEXT_MAX, TestAttribute};
use tickmark_core::engagement::fieldwork::{
    Cause, ManagementResponse, Outcome, Party, Plan, Procedure, Signature, Workpaper,
};
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::id::PopulationKey;
use tickmark_core::identity::Verb;
use tickmark_core::program::population::{AttributeState, Population};
use tickmark_core::program::sampling::Method;

use super::{Tabbed, head, href, key, number, page as framed, party, refused, shared, wrong};
use crate::WebState;
use crate::control::Names;
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::icon::Mark;
use crate::design::table::{plain, wide};
use crate::design::{block, digest, moment};
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// Items whose results stand in one form; more are recorded in several.
const ITEMS_SHOWN: usize = 200;
/// Fields of a plan.
const PLAN: [&str; 5] = ["version", "control", "procedures", "procedure", "attributes"];

pub(super) async fn list(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = key(&at)?;
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let (record, party, rows, responses, controls, names) = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let rows = workpaper::list(view, key).await?;
            let responses = workpaper::responses(view, key).await?;
            let controls = match party {
                Party::Auditor => workpaper::controls(view, key, catalog).await?,
                Party::Management => Vec::new(),
            };
            Ok((record, party, rows, responses, controls, Names::for_looking(view).await?))
        })
        .await?;
    if party == Party::Management {
        let page = shared::list(&record, &asked, &rows, &responses);
        return asked.frame(&state, &page).await;
    }
    let may_begin = asked.may(paper(Verb::Create));
    let path = format!("{}/workpapers", href(key));
    let tested = workpaper::tested(&rows);
    let untested = controls.iter().filter(|one| !tested.contains(&one.id)).count();
    let drawn = rows.iter().map(|row| {
        let one = &row.record;
        vec![
            html! { a.primary href={ (path) "/" (one.number) } { "WP-" (one.number) " " (one.plan.control) } span.sub { (one.plan.procedure.chars().take(120).collect::<String>()) } },
            html! { (one.items.len()) @if one.deviations() > 0 { span.sub { (one.deviations()) " deviating" } } },
            html! { @match &one.conclusion { Some(held) => { (held.outcome.title()) }, None => span.muted { "Not concluded" } } },
            html! { (signer(one.prepared(), &names)) },
            html! { (signer(one.reviewed(), &names)) },
            html! { @if one.shared().is_some() { "Shared" } @else if one.was_shared() { "Shared, changed since" } @else { span.muted { "Private" } } },
        ]
    });
    let body = html! {
        @if rows.is_empty() {
            div.empty { h3 { "No workpaper is begun" } p { "A workpaper holds the test of one control: what is done, what counts as a deviation, the items, what was found and what follows. It is your firm's until you share it." } @if may_begin { p { a.button.primary href={ (path) "/new" } { "Begin a workpaper" } } } }
        } @else { (plain("Workpapers", &["Workpaper", "Items", "Conclusion", "Prepared", "Reviewed", "Management"], drawn.collect())) }
    };
    let mut page = framed(&record, &asked, Tabbed::Workpapers, "Workpapers", &body);
    page.lead = html! { (untested) " of " (controls.len()) " controls in scope have no workpaper." };
    if may_begin && !rows.is_empty() {
        page.actions = html! { a.button.primary href={ (path) "/new" } { "Begin a workpaper" } };
    }
    asked.frame(&state, &page).await
}

fn signer(signature: Option<&Signature>, names: &Names) -> Markup {
    html! { @match signature { Some(one) => { (names.of(one.by)) span.sub { (moment::date(one.at)) } }, None => span.muted { "Nobody" } } }
}

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

/// What a form of a plan is drawn from.
struct PlanForm<'a> {
    path: String,
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
    html! { div.narrow { (form(&of.path, token, &html! {
        (faults.summary())
        @if let Some(version) = of.version { (hidden("version", &version.to_string())) }
        @if of.version.is_none() { (field(&Field { name: "control", label: "Control", kind: Kind::Select(&controls), value: &control, ..Field::default() })) }
        (field(&Field { name: "procedures", label: "Nature of the test", kind: Kind::Several(&procedures), value: &chosen.unwrap_or_default(), fault: faults.of("procedures"), hint: "Inquiry is never enough alone.", ..Field::default() }))
        (field(&Field { name: "procedure", label: "Procedure", kind: Kind::Area(4), value: procedure, max: TEXT_MAX, fault: faults.of("procedure"), hint: "As it will stand in Section IV once you share it.", ..Field::default() }))
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

pub(super) async fn new_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (record, controls) = beginning(&state, &asked, key(&at)?).await?;
    let path = format!("{}/workpapers/new", href(record.key));
    let of = PlanForm { path, version: None, controls: &controls, plan: None, attributes: String::new() };
    let body = plan_form(&of, &asked.token, &Faults::default());
    asked.frame(&state, &framed(&record, &asked, Tabbed::Workpapers, "Begin a workpaper", &body)).await
}

pub(super) async fn begin(
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
            Err(error) => (status, faults) = wrong(error)?,
        }
    }
    let path = format!("{}/workpapers/new", href(key));
    let attributes = sent.text("attributes");
    let of = PlanForm { path, version: None, controls: &controls, plan: Some(&plan), attributes };
    let body = plan_form(&of, &asked.token, &faults);
    refused(&state, &asked, status, &framed(&record, &asked, Tabbed::Workpapers, "Begin a workpaper", &body))
        .await
}

/// What the page of one paper shows.
pub(super) struct Known {
    pub(super) record: Engagement,
    pub(super) party: Party,
    pub(super) row: Row<Workpaper>,
    pub(super) responses: Vec<Row<ManagementResponse>>,
    pub(super) control: Option<Control>,
    pub(super) populations: Vec<Population>,
    pub(super) names: Names,
    pub(super) is_open: bool,
}

pub(super) async fn known(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    number: i64,
) -> Result<Known, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let known = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let row = workpaper::find(view, key, number).await?;
            let mut responses = workpaper::responses(view, key).await?;
            responses.retain(|one| one.record.workpaper == number);
            let id = row.record.plan.control.clone();
            let controls = workpaper::controls(view, key, catalog).await?;
            let mut populations = match party {
                Party::Auditor => evidence::populations(view, key, catalog).await?,
                Party::Management => Vec::new(),
            };
            populations.sort_by_key(|one| (one.definition.control != id, one.key));
            let is_open = tickmark_app::engagement::fieldwork::is_open(view, key).await?;
            let names = Names::for_looking(view).await?;
            let control = controls.into_iter().find(|one| one.id == id);
            Ok(Known { record, party, row, responses, control, populations, names, is_open })
        })
        .await?;
    Ok(known)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, key(&at)?, number(&no)?).await?;
    asked.frame(&state, &draw(&known, &asked, &Sent::default(), &Faults::default())).await
}

fn draw(known: &Known, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    if known.party == Party::Management {
        return shared::page(known, asked, sent, faults);
    }
    let (row, one) = (&known.row, &known.row.record);
    let path = format!("{}/workpapers/{}", href(known.record.key), one.number);
    let may_write = known.is_open && asked.may(paper(Verb::Update));
    let body = html! {
        (faults.summary())
        div.columns.flush {
            div {
                (block("items", "Items and results", &html! { (one.items.len()) @if one.deviations() > 0 { ", " (one.deviations()) " deviating" } }, &items(known, &path, asked, sent, may_write)))
                (block("exceptions", "Exceptions", &html! { (one.exceptions.len()) }, &exceptions(known, &path, asked, sent, may_write)))
                (block("conclusion", "Conclusion", &html! {}, &conclusion(row, &path, asked, sent, may_write)))
            }
            div {
                (block("plan", "Test", &html! { @if may_write { a href={ (path) "/edit" } { "Edit" } } }, &plan(known)))
                (block("signed", "Sign-off", &html! {}, &signing(known, &path, asked, may_write)))
            }
        }
    };
    let mut page = framed(&known.record, asked, Tabbed::Workpapers, &title(known), &body);
    page.id = format!("WP-{}", one.number);
    page.lead = html! { @if one.shared().is_some() { "Management can read it as it stands." } @else if one.was_shared() { "Management can read it as it was shared last, without the changes since." } @else { "Private to your firm." } };
    page.crumbs.push(("Workpapers".into(), format!("{}/workpapers", href(known.record.key))));
    page
}

pub(super) fn title(known: &Known) -> String {
    let id = &known.row.record.plan.control;
    known.control.as_ref().map_or_else(|| id.to_string(), |one| format!("{id} {}", one.text.current().title))
}

pub(super) fn plan(known: &Known) -> Markup {
    let plan = &known.row.record.plan;
    html! {
        @if let Some(control) = &known.control { p.statement { (control.text.current().statement) } }
        dl.facts {
            dt { "Nature" } dd { (plan.procedures.iter().map(|one| one.title()).collect::<Vec<_>>().join(", ")) }
            dt { "Procedure" } dd { span.lines { (plan.procedure) } }
            @for attribute in &plan.attributes { dt { (attribute.id) } dd { (attribute.asserts) span.sub { "Deviation: " (attribute.deviation) } } }
        }
    }
}

pub(super) fn state_mark(state: AttributeState) -> Markup {
    match state {
        AttributeState::Met => badge(Mark::Pass, "Met"),
        AttributeState::NotMet => badge(Mark::Fail, "Not met"),
        AttributeState::NotTested => badge(Mark::NotYetDue, "Not tested"),
    }
}

/// The table of items with what was found, to look at.
pub(super) fn results(one: &Workpaper) -> Markup {
    let heads: Vec<&str> = std::iter::once("Item")
        .chain(one.plan.attributes.iter().map(|attribute| attribute.id.as_str()))
        .chain(["Note"])
        .collect();
    let rows = one.items.iter().map(|item| {
        let mut cells = vec![html! { strong { (item.key) } @if let Some(at) = item.occurred_at { span.sub { (moment::date(at)) } } }];
        cells.extend(item.states.iter().map(|state| state_mark(*state)));
        cells.push(html! { (item.note) });
        cells
    });
    wide("Items and results", &heads, rows.collect())
}

fn items(known: &Known, path: &str, asked: &Asked, sent: &Sent, may_write: bool) -> Markup {
    let (row, one) = (&known.row, &known.row.record);
    let version = hidden("version", &row.version.to_string());
    html! {
        @if let Some(selected) = &one.selected {
            p.muted { "Selected from population " (selected.population) ": " (selected.draw.picks.len()) " of " (selected.draw.items) ", " (selected.draw.method.word())
                @if let Some(seed) = &selected.draw.seed { ", seed " code { (seed) } } @if let Some(reason) = &selected.draw.reason { ", because " (reason) } ". Anybody can repeat it from the frozen list " (digest::chip(&selected.draw.population)) "." }
        }
        @if one.items.is_empty() && !may_write { p.muted { "Nothing was selected." } }
        @else if !may_write { (results(one)) }
        @else if !one.items.is_empty() { (recording(one, path, &asked.token, &version, sent)) }
        @if may_write && one.items.is_empty() { (selecting(known, path, &asked.token, &version, sent)) }
        @if may_write && one.selected.is_none() {
            details.act open[one.items.is_empty() && known.populations.is_empty()] {
                summary { "Name items by hand" }
                form method="post" action={ (path) "/items" } {
                    (hidden("form", &asked.token)) (version)
                    (field(&Field { name: "items", label: "Items, one a line", kind: Kind::Area(4), value: &sent.text("items"), max: TEXT_MAX, hint: "Instances of a yearly or quarterly control, a configuration: whatever is not selected from a list.", ..Field::default() }))
                    p.row { button.button type="submit" { "Add" } }
                }
            }
        }
    }
}

fn selecting(known: &Known, path: &str, token: &str, version: &Markup, sent: &Sent) -> Markup {
    let populations: Vec<(String, String)> = known
        .populations
        .iter()
        .map(|one| {
            let items = one.frozen.as_ref().map_or(one.items, |frozen| frozen.items);
            (
                one.key.to_string(),
                format!("{} ({}, {items} items)", one.definition.title, one.definition.control),
            )
        })
        .collect();
    let methods: Vec<(String, String)> = Method::ALL
        .into_iter()
        .filter(|method| *method != Method::Stratified)
        .map(|method| {
            let words = if method.is_judgment() {
                format!("{} (by judgment)", method.word())
            } else {
                method.word().to_owned()
            };
            (method.word().to_owned(), words)
        })
        .collect();
    html! {
        @if populations.is_empty() {
            div.empty { h3 { "No frozen population is in sight" } p { "Ask management for one: a request of the kind population. It says where the list comes from, and is frozen before anything is selected." } }
        } @else {
            form.card method="post" action={ (path) "/select" } {
                (hidden("form", token)) (version)
                (field(&Field { name: "population", label: "Population", kind: Kind::Select(&populations), value: &sent.text("population"), ..Field::default() }))
                div.fields {
                    (field(&Field { name: "method", label: "Method", kind: Kind::Select(&methods), value: &sent.text("method"), ..Field::default() }))
                    (field(&Field { name: "size", label: "How many", kind: Kind::Input("number"), value: &sent.text("size"), hint: "Yours to decide.", ..Field::default() }))
                }
                (field(&Field { name: "seed", label: "Seed", value: &sent.text("seed"), optional: true, hint: "Agreed after the list was frozen; random bytes when left out.", ..Field::default() }))
                (field(&Field { name: "picks", label: "Items chosen by judgment, one a line", kind: Kind::Area(2), value: &sent.text("picks"), max: TEXT_MAX, optional: true, ..Field::default() }))
                (field(&Field { name: "reason", label: "Why these", value: &sent.text("reason"), optional: true, max: 1_000, hint: "For a choice by judgment.", ..Field::default() }))
                p.row { button.button.primary type="submit" { "Select items" } }
            }
        }
    }
}

fn letters() -> Vec<(String, String)> {
    [
        (AttributeState::NotTested, "not tested"),
        (AttributeState::Met, "met"),
        (AttributeState::NotMet, "not met"),
    ]
    .map(|(state, words)| (state.letter().to_string(), words.to_owned()))
    .to_vec()
}

fn recording(one: &Workpaper, path: &str, token: &str, version: &Markup, sent: &Sent) -> Markup {
    let options = letters();
    let typed = |name: &str, held: String| if sent.text(name).is_empty() { held } else { sent.text(name) };
    let heads: Vec<&str> = std::iter::once("Item")
        .chain(one.plan.attributes.iter().map(|attribute| attribute.id.as_str()))
        .chain(["Note"])
        .collect();
    let rows = one.items.iter().enumerate().take(ITEMS_SHOWN).map(|(place, item)| {
        let mut cells = vec![html! { strong { (item.key) } @if let Some(at) = item.occurred_at { span.sub { (moment::date(at)) } } }];
        for (at, (state, attribute)) in item.states.iter().zip(&one.plan.attributes).enumerate() {
            let name = format!("state-{place}-{at}");
            let held = typed(&name, state.letter().to_string());
            cells.push(html! {
                select name=(name) aria-label={ (item.key) ", " (attribute.id) } { @for (value, words) in &options { option value=(value) selected[*value == held] { (words) } } }
            });
        }
        let name = format!("note-{place}");
        let held = typed(&name, item.note.clone());
        cells.push(html! { input name=(name) type="text" value=(held) maxlength="2000" aria-label={ "Note on " (item.key) }; });
        cells
    });
    html! {
        form method="post" action={ (path) "/results" } {
            (hidden("form", token)) (version)
            (wide("Items and results", &heads, rows.collect()))
            @if one.items.len() > ITEMS_SHOWN { p.muted { "The first " (ITEMS_SHOWN) " items stand here." } }
            p.row { button.button.primary type="submit" { "Save results" } }
        }
    }
}

fn exceptions(known: &Known, path: &str, asked: &Asked, sent: &Sent, may_write: bool) -> Markup {
    let one = &known.row.record;
    let deviating: Vec<(String, String)> = one
        .items
        .iter()
        .filter(|item| item.deviates())
        .map(|item| (item.key.clone(), item.key.clone()))
        .collect();
    let causes: Vec<(String, String)> =
        Cause::ALL.iter().map(|cause| (cause.word().to_owned(), cause.title().to_owned())).collect();
    let named: BTreeSet<&String> = one.exceptions.iter().flat_map(|one| &one.items).collect();
    let open: Vec<String> =
        deviating.iter().map(|(key, _)| key).filter(|key| !named.contains(key)).cloned().collect();
    let excepting = |number: Option<u32>,
                     nature: &str,
                     cause: Cause,
                     effect: &str,
                     chosen: &BTreeSet<String>| {
        html! {
            form.card method="post" action={ (path) "/except" } {
                (hidden("form", &asked.token)) (hidden("version", &known.row.version.to_string()))
                @if let Some(number) = number { (hidden("number", &number.to_string())) }
                fieldset.field { legend { "Items" } div.choices { @for (value, words) in &deviating { label.choice { input type="checkbox" name="item" value=(value) checked[chosen.contains(value)]; span { (words) } } } } }
                (field(&Field { name: "nature", label: "What happened", kind: Kind::Area(3), value: nature, max: TEXT_MAX, hint: "As it will stand in Section IV.", ..Field::default() }))
                (field(&Field { name: "cause", label: "Cause", kind: Kind::Select(&causes), value: cause.word(), ..Field::default() }))
                (field(&Field { name: "effect", label: "Cause and effect in words", kind: Kind::Area(2), value: effect, max: TEXT_MAX, optional: true, hint: "Whether a wrong outcome occurred, and whether others are affected.", ..Field::default() }))
                p.row { button.button type="submit" { @if number.is_some() { "Save" } @else { "Note the exception" } } }
            }
        }
    };
    html! {
        @if one.exceptions.is_empty() { p.muted { @if deviating.is_empty() { "No item deviates." } @else { (open.len()) " deviating items wait to be explained." } } }
        @for exception in &one.exceptions {
            (exception_card(known, exception.number))
            @if may_write { details.act { summary { "Change exception " (exception.number) } (excepting(Some(exception.number), &exception.nature, exception.cause, &exception.effect, &exception.items)) } }
        }
        @if may_write && !open.is_empty() {
            @let nature = sent.text("nature");
            (excepting(None, &nature, Cause::from_word(&sent.text("cause")).unwrap_or(Cause::Unknown), &sent.text("effect"), &open.iter().cloned().collect()))
        }
    }
}

/// An exception with what management says about it.
pub(super) fn exception_card(known: &Known, number: u32) -> Markup {
    let found = known.row.record.exceptions.iter().find(|one| one.number == number);
    let response = known.responses.iter().find(|one| one.record.exception == number);
    html! {
        @if let Some(exception) = found {
            dl.facts {
                dt { "Exception " (exception.number) } dd { strong { (exception.nature) } span.sub { (exception.items.iter().map(String::as_str).collect::<Vec<_>>().join(", ")) } }
                dt { "Cause" } dd { (exception.cause.title()) @if !exception.effect.is_empty() { span.sub { (exception.effect) } } }
                dt { "Management" } dd {
                    @match response {
                        Some(row) => { span.lines { (row.record.response) } @if !row.record.action.is_empty() { span.sub { "Done or planned: " (row.record.action.trim_end_matches('.')) @if let Some(day) = row.record.due { ", by " (day) } } } span.sub { (known.names.of(row.by)) ", " (moment::exact(row.since)) } }
                        None => span.muted { "No answer yet" }
                    }
                }
            }
        }
    }
}

fn conclusion(row: &Row<Workpaper>, path: &str, asked: &Asked, sent: &Sent, may_write: bool) -> Markup {
    let one = &row.record;
    let outcomes: Vec<(String, String)> =
        Outcome::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let typed = sent.text("outcome");
    // Nothing is chosen beforehand: what follows is the auditor's to say.
    let held = one.conclusion.as_ref().map_or("", |held| held.outcome.word());
    let text = if sent.text("text").is_empty() {
        one.conclusion.as_ref().map_or(String::new(), |held| held.text.clone())
    } else {
        sent.text("text")
    };
    let mut options = vec![(String::new(), "Choose".to_owned())];
    options.extend(outcomes);
    html! {
        @if let Some(result) = one.result() { p { span.muted { "In Section IV: " } span.lines { (result) } } }
        @if may_write {
            form.card method="post" action={ (path) "/conclude" } {
                (hidden("form", &asked.token)) (hidden("version", &row.version.to_string()))
                (field(&Field { name: "outcome", label: "Result", kind: Kind::Select(&options), value: if typed.is_empty() { held } else { &typed }, ..Field::default() }))
                (field(&Field { name: "text", label: "Conclusion", kind: Kind::Area(3), value: &text, max: TEXT_MAX, ..Field::default() }))
                p.row { button.button type="submit" { "Save the conclusion" } }
            }
        } @else if let Some(held) = &one.conclusion { p { strong { (held.outcome.title()) } " " (held.text) } }
        @else { p.muted { "Nobody concluded yet." } }
    }
}

fn signing(known: &Known, path: &str, asked: &Asked, may_write: bool) -> Markup {
    let (row, one, names) = (&known.row, &known.row.record, &known.names);
    let version = row.version.to_string();
    let act = |word: &str, words: &str, class: &str| {
        html! {
            form.inline method="post" action={ (path) "/" (word) } { (hidden("form", &asked.token)) (hidden("version", &version)) button class=(class) type="submit" { (words) } }
        }
    };
    let who = asked.visit.actor.as_ref().map(|actor| actor.id);
    let wrote = who.is_some_and(|who| one.authors.contains(&who));
    let missing = one.complete().err();
    html! {
        dl.facts {
            dt { "Prepared" } dd { (signer(one.prepared(), names)) }
            dt { "Reviewed" } dd { (signer(one.reviewed(), names)) }
            dt { "Shared" } dd { (signer(one.shared(), names)) }
        }
        @if may_write {
            div.row.actions.block-body {
                @if one.prepared().is_none() {
                    @match &missing {
                        Some(missing) => p.muted { "Before it is signed: " (missing) "." }
                        None => (act("prepare", "Sign as preparer", "button primary"))
                    }
                } @else {
                    @if one.reviewed().is_none() { @if wrote { p.muted { "Somebody of your firm who wrote none of it reviews it." } } @else { (act("review", "Sign as reviewer", "button primary")) } }
                    @if one.shared().is_none() { (act("share", "Share with management", "button")) }
                }
            }
        }
    }
}

pub(super) async fn edit_page(
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
    let of = PlanForm { path, version: Some(known.row.version), controls: &[], plan: Some(plan), attributes };
    let body = plan_form(&of, &asked.token, faults);
    framed(&known.record, asked, Tabbed::Workpapers, &title(known), &body)
}

pub(super) async fn replan(
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
            Err(error) => (status, faults) = wrong(error)?,
        }
    }
    let attributes = sent.text("attributes");
    refused(&state, &asked, status, &edit_form(&known, &asked, &plan, attributes, &faults)).await
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The results of a form, by the places of the items.
fn read_results(sent: &Sent, one: &Workpaper) -> Result<Vec<(String, Vec<AttributeState>, String)>, Refusal> {
    let mut results = Vec::new();
    for (place, item) in one.items.iter().enumerate().take(ITEMS_SHOWN) {
        let mut states = Vec::new();
        for (at, held) in item.states.iter().enumerate() {
            let text = sent.text(&format!("state-{place}-{at}"));
            let state = match text.chars().next() {
                Some(letter) => AttributeState::of_letter(letter).ok_or(Refusal::Malformed)?,
                None => *held,
            };
            states.push(state);
        }
        results.push((item.key.clone(), states, sent.text(&format!("note-{place}"))));
    }
    Ok(results)
}

pub(super) async fn act(
    State(state): State<WebState>,
    Path((at, no, act)): Path<(String, String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    if party(&state, &asked, key).await? != Party::Auditor {
        return Err(Refusal::NotFound);
    }
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let done = match act.as_str() {
        "prepare" | "review" | "share" => {
            sent.only(&["version"])?;
            let signing = match act.as_str() {
                "prepare" => Signing::Prepare,
                "review" => Signing::Review,
                _ => Signing::Share,
            };
            app.transact(actor, async |cx| workpaper::sign(cx, key, number, from, signing).await).await
        }
        "items" => {
            sent.only(&["version", "items"])?;
            let keys = lines(&sent.text("items"));
            app.transact(actor, async |cx| workpaper::name_items(cx, key, number, from, &keys).await).await
        }
        "select" => {
            sent.only(&["version", "population", "method", "size", "seed", "picks", "reason"])?;
            let selecting = Selecting {
                population: sent
                    .text("population")
                    .parse()
                    .map(PopulationKey)
                    .map_err(|_| Refusal::Malformed)?,
                method: sent.text("method").parse().map_err(|_| Refusal::Malformed)?,
                size: sent.text("size").parse().unwrap_or(0),
                seed: Some(sent.text("seed")).filter(|seed| !seed.is_empty()),
                picks: lines(&sent.text("picks")),
                reason: sent.text("reason"),
            };
            app.transact(actor, async |cx| workpaper::select(cx, key, number, from, selecting, catalog).await)
                .await
        }
        "results" => {
            let held = app.read(actor, async |view| workpaper::find(view, key, number).await).await?;
            let results = read_results(&sent, &held.record)?;
            app.transact(actor, async |cx| workpaper::record(cx, key, number, from, &results).await).await
        }
        "except" => {
            sent.only(&["version", "number", "item", "nature", "cause", "effect"])?;
            let excepting = Excepting {
                number: sent.text("number").parse().ok(),
                items: sent.all("item").into_iter().collect(),
                nature: sent.text("nature"),
                cause: Cause::from_word(&sent.text("cause")).ok_or(Refusal::Malformed)?,
                effect: sent.text("effect"),
            };
            app.transact(actor, async |cx| workpaper::except(cx, key, number, from, excepting).await).await
        }
        "conclude" => {
            sent.only(&["version", "outcome", "text"])?;
            let (outcome, text) = (Outcome::from_word(&sent.text("outcome")), sent.text("text"));
            match outcome {
                None => Err(tickmark_app::Error::invalid("choose a result")),
                Some(outcome) => {
                    app.transact(actor, async |cx| {
                        workpaper::conclude(cx, key, number, from, outcome, &text).await
                    })
                    .await
                }
            }
        }
        _ => return Err(Refusal::NotFound),
    };
    match done {
        Ok(()) => Ok(go(&format!("{}/workpapers/{number}", href(key)))),
        Err(error) => {
            let (status, faults) = wrong(error)?;
            let known = known(&state, &asked, key, number).await?;
            refused(&state, &asked, status, &draw(&known, &asked, &sent, &faults)).await
        }
    }
}
