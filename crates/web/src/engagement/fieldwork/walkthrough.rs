//! Walkthroughs: one transaction traced through each step of a process. The firm writes them; management sees those that
//! are shared, on the same addresses.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::signed::{self, Signing};
use tickmark_app::engagement::fieldwork::walkthrough;
use tickmark_app::engagement::fieldwork::{Row, is_open, paper};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::{TEXT_MAX, TITLE_MAX};
use tickmark_core::engagement::fieldwork::{
    Answered, Party, Procedure, SignedPaper as _, Walked, WalkedStep, Walkthrough,
};
use tickmark_core::engagement::{Engagement, EngagementKey, Paper, Process, ReportKind};
use tickmark_core::identity::Verb;

use super::workpaper::{signed_cell, signing};
use super::{Tabbed, head, href, key, number, page as framed, party, refused, wrong};
use crate::WebState;
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::table::{Cell, Column, Filter, Phone, Row as TableRow, Table, plain};
use crate::design::{block, moment, plural, shortened};
use crate::engagement::flow;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::list::{Listed, OfEngagement};
use crate::visit::Asked;

/// Fields of a step: the beginnings of their names.
const OF_STEP: [&str; 7] = ["procedures", "on", "asked", "seen", "found", "described", "place"];

pub(super) async fn list(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let listed = listed(&state, &asked, key(&at)?).await?;
    crate::list::show(&state, &asked, listed).await
}

/// The walkthroughs of an engagement that whoever looks may see.
pub(super) async fn listed(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (record, party, rows, processes, names, is_open) = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let rows = signed::list::<Walkthrough>(view, key).await?;
            let processes = walkthrough::processes(view, key).await?;
            let is_open = is_open(view, key).await?;
            Ok((record, party, rows, processes, Names::for_looking(view).await?, is_open))
        })
        .await?;
    if record.holds().kind != ReportKind::Soc1 {
        return Err(Refusal::NotFound);
    }
    let is_auditor = party == Party::Auditor;
    let is_withheld = is_auditor && record.is_unreviewed(Paper::Description);
    let may_begin = is_auditor && is_open && asked.may(paper(Verb::Create)) && !processes.is_empty();
    let (id, path) = OfEngagement::Walkthroughs.of(key);
    let empty = html! {
        div.empty {
            @if party == Party::Management { h3 { "The auditor has shared no walkthrough" } p { "The audit firm traces one transaction through each step of a process. What it writes is its own until it shares it." } }
            @else if processes.is_empty() { h3 { "There is no process to walk through" } p { "Management describes the processes, step by step, in the description of the system." @if is_withheld { " It is working on it; you walk through them once somebody of management has reviewed it." } } p { a.button href={ (href(key)) "/description" } { "Read the description" } } }
            @else { h3 { "No walkthrough is begun" } p { "A walkthrough traces one transaction through each step of a process, as it is described: whom you asked, what you saw, whether it is designed as it is described and is in place. It is your firm\u{2019}s until you share it." } @if may_begin { p { a.button.primary href={ (path) "/new" } { "Begin a walkthrough" } } } }
        }
    };
    let table = Table {
        noun: ("walkthrough", "walkthroughs"),
        columns: vec![
            Column::text("walkthrough", "Walkthrough", Phone::Title),
            Column::number("steps", "Steps", Phone::Line),
            Column::text("conclusion", "Conclusion", Phone::Status),
            Column::text("prepared", "Prepared", Phone::Line),
            Column::text("reviewed", "Reviewed", Phone::Line),
            Column::text("management", "Management", Phone::Line),
        ],
        filters: vec![
            Filter::of_values("process", "Process", rows.iter().map(|row| row.record.process.clone())),
            Filter::yes_or_no("concluded", "Concluded"),
            Filter::yes_or_no("differs", "Has differences"),
            Filter::yes_or_no("reviewed", "Reviewed"),
        ],
        rows: rows.iter().map(|row| line(row, &path, &names)).collect(),
        counted: None,
        empty,
        id,
        path: path.clone(),
    };
    let title = if party == Party::Auditor { "Walkthroughs" } else { "Walkthroughs shared by the auditor" };
    let mut page = framed(&record, asked, Tabbed::Walkthroughs, title, &html! {});
    if party == Party::Auditor {
        let done: BTreeSet<&str> = rows.iter().map(|row| row.record.process.as_str()).collect();
        let left = processes.iter().filter(|process| !done.contains(process.name.as_str())).count();
        page.lead = html! { @if is_withheld { "Management is working on the description: its processes are told once somebody of management has reviewed it." } @else { (left) " of " (processes.len()) " " (plural(processes.len(), "process", "processes")) " in the description " (plural(left, "has", "have")) " no walkthrough." } };
    }
    if may_begin && !rows.is_empty() {
        page.actions = html! { a.button.primary href={ (path) "/new" } { "Begin a walkthrough" } };
    }
    Ok(Listed::of(page, table))
}

fn line(row: &Row<Walkthrough>, path: &str, names: &Names) -> TableRow {
    let one = &row.record;
    let differing = one.differences().count();
    let said = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let name = format!("WT-{} {}", one.number, one.process);
    let transaction = shortened(&one.transaction, 120);
    let conclusion = if one.conclusion.is_empty() { "Not concluded" } else { "Concluded" };
    let management = match (one.shared().is_some(), one.shared_at().is_some()) {
        (true, _) => "Shared",
        (false, true) => "Shared, changed since",
        (false, false) => "Private",
    };
    TableRow {
        cells: vec![
            Cell::by_text(
                html! { div { a.primary href={ (path) "/" (one.number) } { (name) } span.sub { (transaction) } } },
                &name,
            ),
            Cell::by_number(
                html! { (one.walked()) " of " (one.steps.len()) @if differing > 0 { span.sub { (differing) " differing" } } },
                i64::try_from(one.walked()).unwrap_or(i64::MAX),
            )
            .said(format!("{} of {}", one.walked(), one.steps.len())),
            Cell::text(conclusion),
            signed_cell(one.prepared(), names),
            signed_cell(one.reviewed(), names),
            Cell::text(management),
        ],
        find: format!("{name} {}", one.transaction),
        facets: vec![
            ("process", one.process.clone()),
            ("concluded", said(!one.conclusion.is_empty())),
            ("differs", said(differing > 0)),
            ("reviewed", said(one.reviewed().is_some())),
        ],
    }
}

async fn beginning(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
) -> Result<(Engagement, Vec<Process>), Refusal> {
    let (app, actor) = asked.member(state)?;
    if party(state, asked, key).await? != Party::Auditor {
        return Err(Refusal::NotFound);
    }
    let found = app
        .read(actor, async |view| Ok((head(view, key).await?.0, walkthrough::processes(view, key).await?)))
        .await?;
    Ok(found)
}

fn begin_form(
    record: &Engagement,
    processes: &[Process],
    (process, transaction): (&str, &str),
    asked: &Asked,
    faults: &Faults,
) -> Page {
    let path = format!("{}/walkthroughs", href(record.key));
    let choices: Vec<(String, String)> = processes
        .iter()
        .map(|one| (one.name.clone(), format!("{}, {} steps", one.name, one.steps.len())))
        .collect();
    let body = html! { div.narrow {
        @if processes.is_empty() { p.muted { "The description tells no process yet, or nobody of management has reviewed it." } }
        @else { (form(&format!("{path}/new"), &asked.token, &html! {
            (faults.summary())
            (field(&Field { name: "process", label: "Process", kind: Kind::Select(&choices), value: process, fault: faults.of("process"), hint: "Its steps are kept as the description tells them now.", ..Field::default() }))
            (field(&Field { name: "transaction", label: "Transaction", kind: Kind::Area(2), value: transaction, max: TEXT_MAX, fault: faults.of("transaction"), hint: "The one that is traced, so that somebody else finds it again. As: February pay run of customer 118, submission 2027-02-24.", ..Field::default() }))
            (send("Begin", &path))
        })) }
    } };
    framed(record, asked, Tabbed::Walkthroughs, "Begin a walkthrough", &body)
}

pub(super) async fn new_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (record, processes) = beginning(&state, &asked, key(&at)?).await?;
    let page = begin_form(&record, &processes, ("", ""), &asked, &Faults::default());
    asked.frame(&state, &page).await
}

pub(super) async fn begin(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&["process", "transaction"])?;
    let (app, actor) = asked.member(&state)?;
    let (record, processes) = beginning(&state, &asked, key).await?;
    let (process, transaction) = (sent.text("process"), sent.text("transaction"));
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if !processes.iter().any(|one| one.name == process) {
        faults.add("process", "choose a process of the description");
    }
    if transaction.is_empty() {
        faults.add("transaction", "say which transaction is traced");
    }
    if faults.is_empty() {
        let done =
            app.transact(actor, async |cx| walkthrough::begin(cx, key, &process, &transaction).await).await;
        match done {
            Ok(number) => return Ok(go(&format!("{}/walkthroughs/{number}", href(key)))),
            Err(error) => (status, faults) = wrong(error, &[("transaction", "transaction")])?,
        }
    }
    let page = begin_form(&record, &processes, (&process, &transaction), &asked, &faults);
    refused(&state, &asked, status, &page).await
}

/// What the page of one walkthrough shows.
struct Known {
    record: Engagement,
    party: Party,
    row: Row<Walkthrough>,
    /// The process as the description tells it now.
    process: Option<Process>,
    names: Names,
    is_open: bool,
}

async fn known(state: &WebState, asked: &Asked, key: EngagementKey, number: i64) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let known = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let row = signed::find::<Walkthrough>(view, key, number).await?;
            let processes = walkthrough::processes(view, key).await?;
            let process = processes.into_iter().find(|one| one.name == row.record.process);
            let is_open = is_open(view, key).await?;
            Ok(Known { record, party, row, process, names: Names::for_looking(view).await?, is_open })
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
    asked.frame(&state, &draw(&known, &asked, None, &Faults::default())).await
}

fn draw(known: &Known, asked: &Asked, sent: Option<&Sent>, faults: &Faults) -> Page {
    let (row, one) = (&known.row, &known.row.record);
    let is_auditor = known.party == Party::Auditor;
    let path = format!("{}/walkthroughs/{}", href(known.record.key), one.number);
    let may_write = is_auditor && known.is_open && asked.may(paper(Verb::Update));
    let steps = html! {
        @if may_write { (recording(row, &path, asked, sent, faults)) }
        @else { (facts(one)) }
    };
    let body = html! {
        (faults.summary())
        @if is_auditor && known.record.is_unreviewed(Paper::Description) {
            p.muted { "Nobody of management has reviewed the description as it stands now. Whether it tells this process as you followed it, of version " (one.version) ", is said once somebody has." }
        } @else if is_auditor && !known.process.as_ref().is_some_and(|process| one.follows(process)) {
            p.problem { "The description tells this process otherwise now. The walkthrough keeps the steps that were followed, of version " (one.version) "; begin another one if the change matters." }
        }
        div.columns.flush {
            div { (block("steps", "Steps", &html! { (one.walked()) " of " (one.steps.len()) " answered" }, &steps)) }
            div {
                (block("about", "Transaction", &html! {}, &html! {
                    dl.facts {
                        dt { "Process" } dd { (one.process) span.sub { "Description, version " (one.version) } }
                        dt { "Traced" } dd { span.lines { (one.transaction) } }
                        dt { "Differing" } dd { @if one.differences().count() == 0 { span.muted { "No step" } } @for (number, step) in one.differences() { span.sub { "Step " (number) ": " (step.walked.found) } } }
                    }
                }))
                (block("conclusion", "Conclusion", &html! {}, &conclusion(row, &path, asked, (sent, faults), may_write)))
                (block("signed", "Sign-off", &html! {}, &signing(&known.row, &known.names, &path, asked, may_write)))
            }
        }
    };
    let mut page = framed(&known.record, asked, Tabbed::Walkthroughs, &one.process, &body);
    page.id = format!("WT-{}", one.number);
    page.lead = html! {
        @if !is_auditor { "As the auditor shared it. It shows whether the process is designed as it is described and is in place, not that it operates over time." }
        @else if one.shared().is_some() { "Management can read it as it stands." }
        @else if one.shared_at().is_some() { "Management can read it as it was shared last, without the changes since." }
        @else { "Private to your firm." }
    };
    page.crumbs.push(("Walkthroughs".into(), format!("{}/walkthroughs", href(known.record.key))));
    page
}

/// What was found at each step, to read.
fn facts(one: &Walkthrough) -> Markup {
    let rows = one.steps.iter().enumerate().map(|(place, held)| {
        let walked = &held.walked;
        let did: Vec<&str> = walked.procedures.iter().map(|one| one.title()).collect();
        vec![
            step_told(place + 1, held),
            html! { (did.join(", ")) @if let Some(day) = walked.on { span.sub { (moment::on(day)) } } },
            html! { (walked.asked) @if !walked.seen.is_empty() { span.sub { (walked.seen) } } },
            html! { (answer("Designed as described", walked.as_described)) (answer("In place", walked.in_place)) @if !walked.found.is_empty() { span.sub { (walked.found) } } },
        ]
    });
    let head = ["Step as described", "How", "Asked and seen", "Found"];
    plain("Steps of the walkthrough", &head, rows.collect())
}

fn answer(question: &str, answered: Answered) -> Markup {
    html! { span.sub { (question) ": " (answered.title()) } }
}

fn step_told(number: usize, held: &WalkedStep) -> Markup {
    let step = &held.step;
    html! { strong { (number) ". " (step.act.title()) } span.sub { (step.what) } span.sub { (step.who) @if !step.system.is_empty() { ", " (step.system) } } (flow::controls(step)) }
}

/// The step of a form, or as it is held.
fn typed(sent: Option<&Sent>, place: usize, held: &Walked) -> (Walked, String) {
    let Some(sent) = sent.filter(|sent| !sent.text("transaction").is_empty()) else {
        return (held.clone(), held.on.map_or_else(String::new, |day| day.to_string()));
    };
    (walked_of(sent, place), sent.text(&format!("on-{place}")))
}

fn walked_of(sent: &Sent, place: usize) -> Walked {
    let text = |name: &str| sent.text(&format!("{name}-{place}"));
    let answered = |name: &str| Answered::from_word(&text(name)).unwrap_or_default();
    let words = sent.all(&format!("procedures-{place}"));
    Walked {
        procedures: words.iter().filter_map(|word| Procedure::from_word(word)).collect(),
        on: text("on").parse().ok(),
        asked: text("asked"),
        seen: text("seen"),
        found: text("found"),
        as_described: answered("described"),
        in_place: answered("place"),
    }
}

fn recording(
    row: &Row<Walkthrough>,
    path: &str,
    asked: &Asked,
    sent: Option<&Sent>,
    faults: &Faults,
) -> Markup {
    let one = &row.record;
    let held = sent.map(|sent| sent.text("transaction")).filter(|text| !text.is_empty());
    let transaction = held.unwrap_or_else(|| one.transaction.clone());
    html! {
        form.card method="post" action={ (path) "/record" } {
            (hidden("form", &asked.token)) (hidden("version", &row.version.to_string()))
            (field(&Field { name: "transaction", label: "Transaction", kind: Kind::Area(2), value: &transaction, max: TEXT_MAX, fault: faults.of("transaction"), ..Field::default() }))
            @for (place, held) in one.steps.iter().enumerate() { (step_fields(place, held, &typed(sent, place, &held.walked))) }
            p.row { button.button.primary type="submit" { "Save the steps" } }
        }
    }
}

fn step_fields(place: usize, held: &WalkedStep, (walked, on): &(Walked, String)) -> Markup {
    let procedures: Vec<(String, String)> =
        Procedure::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let answers: Vec<(String, String)> =
        Answered::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let chosen = walked.procedures.iter().map(|one| one.word()).collect::<Vec<_>>().join(" ");
    let draw = |name: &str, label: &str, kind: Kind<'_>, value: &str, max: usize, hint: &str| {
        let name = format!("{name}-{place}");
        field(&Field { name: &name, label, kind, value, max, hint, optional: true, ..Field::default() })
    };
    html! {
        fieldset.card {
            legend { "Step " (place + 1) ": " (held.step.act.title()) }
            p { (held.step.what) }
            p.muted.small {
                (held.step.who) @if !held.step.system.is_empty() { ", " (held.step.system) }
                @for control in &held.step.controls { " · " (control) }
                @for objective in &held.step.objectives { " · " (objective) }
            }
            (draw("procedures", "How it was looked at", Kind::Several(&procedures), &chosen, 0, ""))
            div.fields {
                (draw("on", "Day", Kind::Input("date"), on, 10, ""))
                (draw("asked", "Who was asked", Kind::Text, &walked.asked, TITLE_MAX, "Name and function."))
            }
            (draw("seen", "What was seen", Kind::Area(2), &walked.seen, TEXT_MAX, "Documents, screens, records, so that somebody else finds them again."))
            div.fields {
                (draw("described", "Designed as it is described", Kind::Select(&answers), walked.as_described.word(), 10, ""))
                (draw("place", "In place", Kind::Select(&answers), walked.in_place.word(), 10, "Inquiry alone does not show it."))
            }
            (draw("found", "What was found", Kind::Area(2), &walked.found, TEXT_MAX, "Needed where something differs."))
            @if let Some(missing) = walked.missing() { p.muted { "Before it is signed: " (missing) "." } }
        }
    }
}

fn conclusion(
    row: &Row<Walkthrough>,
    path: &str,
    asked: &Asked,
    (sent, faults): (Option<&Sent>, &Faults),
    may_write: bool,
) -> Markup {
    let one = &row.record;
    let typed = sent.map(|sent| sent.text("text")).filter(|text| !text.is_empty());
    let text = typed.unwrap_or_else(|| one.conclusion.clone());
    html! {
        @if may_write {
            form.card method="post" action={ (path) "/conclude" } {
                (hidden("form", &asked.token)) (hidden("version", &row.version.to_string()))
                (field(&Field { name: "text", label: "Conclusion", kind: Kind::Area(4), value: &text, max: TEXT_MAX, fault: faults.of("text"), hint: "Whether the process is designed as it is described, and is in place.", ..Field::default() }))
                p.row { button.button type="submit" { "Save the conclusion" } }
            }
        } @else if one.conclusion.is_empty() { p.muted { "Nobody concluded yet." } }
        @else { p.lines { (one.conclusion) } }
    }
}

pub(super) async fn act(
    State(state): State<WebState>,
    Path((at, no, act)): Path<(String, String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let (app, actor) = asked.member(&state)?;
    if party(&state, &asked, key).await? != Party::Auditor {
        return Err(Refusal::NotFound);
    }
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let signing = match act.as_str() {
        "prepare" => Some(Signing::Prepare),
        "review" => Some(Signing::Review),
        "share" => Some(Signing::Share),
        _ => None,
    };
    let done = match (act.as_str(), signing) {
        (_, Some(signing)) => {
            sent.only(&["version"])?;
            app.transact(actor, async |cx| signed::sign::<Walkthrough>(cx, key, number, from, signing).await)
                .await
        }
        ("record", _) => {
            let held =
                app.read(actor, async |view| signed::find::<Walkthrough>(view, key, number).await).await?;
            let found = found(&sent, held.record.steps.len())?;
            let transaction = sent.text("transaction");
            app.transact(actor, async |cx| {
                walkthrough::record(cx, key, number, from, &transaction, found.clone()).await
            })
            .await
        }
        ("conclude", _) => {
            sent.only(&["version", "text"])?;
            let text = sent.text("text");
            app.transact(actor, async |cx| walkthrough::conclude(cx, key, number, from, &text).await).await
        }
        _ => return Err(Refusal::NotFound),
    };
    match done {
        Ok(()) => Ok(go(&format!("{}/walkthroughs/{number}", href(key)))),
        Err(error) => {
            let about = [("transaction", "transaction"), ("conclusion", "text")];
            let (status, faults) = wrong(error, &about)?;
            let known = known(&state, &asked, key, number).await?;
            refused(&state, &asked, status, &draw(&known, &asked, Some(&sent), &faults)).await
        }
    }
}

/// The steps of a form, by number from 1.
fn found(sent: &Sent, steps: usize) -> Result<Vec<(usize, Walked)>, Refusal> {
    let names = (0..steps).flat_map(|place| OF_STEP.map(|name| format!("{name}-{place}")));
    let known: Vec<String> = names.chain(["version", "transaction"].map(str::to_owned)).collect();
    sent.only(&known.iter().map(String::as_str).collect::<Vec<_>>())?;
    let days = (0..steps).map(|place| sent.text(&format!("on-{place}"))).filter(|text| !text.is_empty());
    if days.into_iter().any(|text| text.parse::<Day>().is_err()) {
        return Err(Refusal::Malformed);
    }
    Ok((0..steps).map(|place| (place + 1, walked_of(sent, place))).collect())
}
