//! The request list: looking at it, beginning it from the usual one or a firm's own, writing one request, taking it out.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::engagement::fieldwork::{Row, asking, criteria, is_open, request};
use tickmark_core::catalog::{RequestKind, RequestTiming};
use tickmark_core::control::{ControlId, TEXT_MAX};
use tickmark_core::engagement::fieldwork::{
    EvidenceRequest, ListRow, Party, Request, RequestState, kind_words, timing_words,
};
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::{Tabbed, head, href, key, number, page, refused, state_badge, wrong};
use crate::WebState;
use crate::control::Names;
use crate::design::form::{
    Faults, Field, FilesField, Kind, button, field, files, form, form_with_files, hidden, send,
};
use crate::design::frame::Page;
use crate::design::table::{Cell, Column, Filter, Phone, Row as TableRow, Table};
use crate::design::tabs::{Tab, tabs};
use crate::design::{moment, plural};
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::list::{Listed, OfEngagement};
use crate::program::access_review::{need_ending, sheet_file};
use crate::upload::{KEPT, SentFiles, drop_kept};
use crate::visit::Asked;

const FIELDS: [&str; 8] = ["version", "reference", "title", "kind", "timing", "criteria", "controls", "due"];

pub(super) async fn list(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let listed = listed(&state, &asked, key(&at)?).await?;
    crate::list::show(&state, &asked, listed).await
}

/// What is asked for in an engagement, as far as whoever looks may see it.
pub(super) async fn listed(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (record, party, rows, names, is_open) = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let is_open = is_open(view, key).await?;
            Ok((record, party, request::list(view, key).await?, Names::for_looking(view).await?, is_open))
        })
        .await?;
    let chosen = asked.query.get("state").and_then(RequestState::from_word);
    let (id, path) = OfEngagement::Requests.of(key);
    let may_ask = is_open && asked.may(asking(Verb::Create));
    let filters = std::iter::once(None).chain(RequestState::ALL.iter().copied().map(Some));
    let filters: Vec<Tab<'_>> = filters
        .map(|one| Tab {
            href: one.map_or_else(|| path.clone(), |state| format!("{path}?state={}", state.word())),
            label: one.map_or("All", RequestState::title),
            count: Some(one.map_or(rows.len(), |state| request::count(&rows, state))),
            current: chosen == one,
        })
        .collect();
    let body = html! { @if !rows.is_empty() { (tabs("State", &filters)) } };
    let mut page = page(&record, asked, Tabbed::Requests, "Request list", &body);
    let waiting = match party {
        Party::Auditor => request::count(&rows, RequestState::Submitted),
        Party::Management => rows.iter().filter(|row| row.record.state.waits_for_management()).count(),
    };
    let unsettled = request::unsettled(&rows);
    page.lead = html! {
        @if is_open {
            (waiting) " " (plural(waiting, "request waits", "requests wait")) " for " @if party == Party::Auditor { "you" } @else { "management" } "."
        } @else {
            "Nothing changes here any more."
            @if unsettled > 0 { " " (unsettled) " " (plural(unsettled, "request was", "requests were")) " neither accepted nor set aside." }
        }
    };
    page.actions = html! {
        @if may_ask && !rows.is_empty() { a.button href={ (path) "/new" } { "Ask for something" } a.button href={ (path) "/import" } { "Import" } }
        @if !rows.is_empty() {
            a.button.quiet href={ (path) "/export/csv" } { "With answers (CSV)" }
            @if state.documents().is_some() { a.button.quiet href={ (path) "/export/xlsx" } { "With answers (Excel)" } }
        }
    };
    let today = asked.visit.now.date();
    let drawn: Vec<TableRow> = rows.iter().map(|row| line(row, &path, (party, &today), &names)).collect();
    let measured = super::measures(record.holds());
    let table = table((id, path.clone()), &rows, (party, &names, measured), drawn, may_ask);
    Ok(Listed::of(page, table))
}

/// Who is named beside a request: whoever answered it for the auditor, whoever sees to it for management.
fn beside(record: &EvidenceRequest, party: Party) -> Option<ActorId> {
    match party {
        Party::Auditor => record.submitted.map(|(by, _)| by),
        Party::Management => record.owner,
    }
}

fn table(
    (id, path): (String, String),
    rows: &[Row<EvidenceRequest>],
    (party, names, [one, many]): (Party, &Names, [&'static str; 2]),
    drawn: Vec<TableRow>,
    may_ask: bool,
) -> Table {
    let who = if party == Party::Auditor { "Answered by" } else { "Who sees to it" };
    let people: BTreeMap<ActorId, String> = rows
        .iter()
        .filter_map(|row| beside(&row.record, party))
        .map(|one| (one, names.of(one).to_owned()))
        .collect();
    let criteria = rows.iter().flat_map(|row| row.record.request.criteria.iter().cloned());
    let empty = html! {
        div.empty {
            h3 { "Nothing is asked for yet" }
            p { "A request says what the auditor needs, for which criteria and by when. Management answers it with evidence, and the auditor accepts or returns the answer." }
            @if may_ask { p { a.button.primary href={ (path) "/import" } { "Begin a request list" } } }
        }
    };
    Table {
        id,
        path,
        noun: ("request", "requests"),
        columns: vec![
            Column::text("no", "No.", Phone::Line),
            Column::text("request", "Request", Phone::Title),
            Column::text("criteria", many, Phone::Line),
            Column::text("due", "Due", Phone::Line),
            Column::text("who", who, Phone::Line),
            Column::text("state", "State", Phone::Status),
        ],
        filters: vec![
            Filter {
                key: "state",
                label: "State",
                options: RequestState::ALL
                    .iter()
                    .map(|one| (one.word().to_owned(), one.title().to_owned()))
                    .collect(),
                shown: true,
            },
            Filter {
                key: "who",
                label: who,
                shown: !people.is_empty(),
                options: people.into_iter().map(|(one, name)| (one.to_string(), name)).collect(),
            },
            Filter::of_values(
                "kind",
                "Kind",
                rows.iter().map(|row| kind_words(row.record.request.kind).to_owned()),
            ),
            Filter::of_values("criterion", one, criteria),
            Filter::yes_or_no("late", "Is late"),
        ],
        rows: drawn,
        counted: None,
        empty,
    }
}

fn line(row: &Row<EvidenceRequest>, path: &str, (party, today): (Party, &str), names: &Names) -> TableRow {
    let record = &row.record;
    let wanted = &record.request;
    let who = beside(record, party);
    let no = if wanted.reference.is_empty() { record.number.to_string() } else { wanted.reference.clone() };
    let criteria: Vec<&str> = wanted.criteria.iter().map(String::as_str).collect();
    let due = wanted.due.map_or_else(String::new, |day| day.to_string());
    let is_late = record.state.waits_for_management() && !due.is_empty() && due.as_str() < today;
    let name = who.map_or("Nobody yet", |who| names.of(who));
    let mut facets = vec![
        ("state", record.state.word().to_owned()),
        ("kind", kind_words(wanted.kind).to_owned()),
        ("late", if is_late { "yes" } else { "no" }.to_owned()),
    ];
    facets.extend(who.map(|who| ("who", who.to_string())));
    facets.extend(wanted.criteria.iter().map(|id| ("criterion", id.clone())));
    TableRow {
        find: format!("{no} {} {} {name} {}", wanted.title, criteria.join(" "), kind_words(wanted.kind)),
        cells: vec![
            Cell::by_text(html! { span.num.muted { (no) } }, &no),
            Cell::by_text(
                html! { div { a.primary href={ (path) "/" (record.number) } { (wanted.title) } span.sub { (kind_words(wanted.kind)) ", " (timing_words(wanted.timing).to_lowercase()) } } },
                &wanted.title,
            ),
            Cell::by_text(
                html! { span.refs { @for id in criteria.iter().take(3) { span { (id) } } @if criteria.len() > 3 { span.muted.small { "+" (criteria.len() - 3) } } } },
                &criteria.join(", "),
            ),
            Cell::by_text(
                html! { span.nowrap { @if let Some(day) = wanted.due { (moment::on(day)) } @if is_late { span.sub { "late" } } } },
                &due,
            ),
            Cell::by_text(html! { @if who.is_some() { (name) } @else { span.muted { (name) } } }, name),
            Cell::by_text(state_badge(record.state), record.state.title()),
        ],
        facets,
    }
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 3] = [
    ("nothing that is asked for", "title"),
    ("the request has", "title"),
    ("the reference has", "reference"),
];

/// What a form of a request holds.
fn typed(sent: &Sent) -> Result<(Request, Faults), Refusal> {
    let mut faults = Faults::default();
    let split = |name: &str| -> Vec<String> {
        let parts = sent.text(name);
        parts.split([',', ' ', '\n', ';']).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    let mut controls = BTreeSet::new();
    for id in split("controls") {
        match id.parse::<ControlId>() {
            Ok(id) => {
                controls.insert(id);
            }
            Err(error) => faults.add("controls", error),
        }
    }
    let due = match sent.text("due").as_str() {
        "" => None,
        text => match text.parse() {
            Ok(day) => Some(day),
            Err(error) => {
                faults.add("due", error);
                None
            }
        },
    };
    let kind = RequestKind::ALL.into_iter().find(|kind| kind_words(*kind) == sent.text("kind"));
    let timing = RequestTiming::ALL.into_iter().find(|timing| timing_words(*timing) == sent.text("timing"));
    let request = Request {
        title: sent.text("title"),
        kind: kind.ok_or(Refusal::Malformed)?,
        timing: timing.ok_or(Refusal::Malformed)?,
        criteria: split("criteria").into_iter().map(|id| id.to_uppercase()).collect(),
        controls,
        due,
        reference: sent.text("reference"),
    };
    if request.title.is_empty() {
        faults.add("title", "say what is asked for");
    }
    Ok((request, faults))
}

/// Says what of a request is not in this engagement.
fn within(request: &Request, in_scope: &BTreeSet<String>, faults: &mut Faults) {
    if let Some(id) = request.criteria.iter().find(|id| !in_scope.contains(*id)) {
        faults.add("criteria", format!("{id} is not in the scope of this engagement"));
    }
}

fn request_form(path: &str, token: &str, version: Option<i64>, request: &Request, faults: &Faults) -> Markup {
    let kinds: Vec<(String, String)> =
        RequestKind::ALL.map(|kind| (kind_words(kind).to_owned(), kind_words(kind).to_owned())).to_vec();
    let timings: Vec<(String, String)> =
        RequestTiming::ALL.map(|one| (timing_words(one).to_owned(), timing_words(one).to_owned())).to_vec();
    let join = |parts: Vec<String>| parts.join(", ");
    let criteria = join(request.criteria.iter().cloned().collect());
    let controls = join(request.controls.iter().map(ToString::to_string).collect());
    let due = request.due.map_or_else(String::new, |day| day.to_string());
    html! { div.narrow { (form(path, token, &html! {
        (faults.summary())
        @if let Some(version) = version { (hidden("version", &version.to_string())) }
        (field(&Field { name: "title", label: "What is asked for", kind: Kind::Area(3), value: &request.title, max: TEXT_MAX, fault: faults.of("title"), ..Field::default() }))
        div.fields {
            (field(&Field { name: "kind", label: "Kind", kind: Kind::Select(&kinds), value: kind_words(request.kind), ..Field::default() }))
            (field(&Field { name: "timing", label: "Time", kind: Kind::Select(&timings), value: timing_words(request.timing), ..Field::default() }))
            (field(&Field { name: "due", label: "Wanted by", kind: Kind::Input("date"), value: &due, optional: true, fault: faults.of("due"), ..Field::default() }))
            (field(&Field { name: "reference", label: "Your number", value: &request.reference, optional: true, fault: faults.of("reference"), ..Field::default() }))
        }
        (field(&Field { name: "criteria", label: "Criteria", value: &criteria, optional: true, max: 2_000, fault: faults.of("criteria"), hint: "With commas between, as CC6.1, CC6.2. None stands for all.", ..Field::default() }))
        (field(&Field { name: "controls", label: "Controls", value: &controls, optional: true, max: 2_000, fault: faults.of("controls"), ..Field::default() }))
        (send("Save", path.rsplit_once('/').map_or("", |(up, _)| up)))
    })) } }
}

fn empty() -> Request {
    Request {
        title: String::new(),
        kind: RequestKind::Document,
        timing: RequestTiming::Period,
        criteria: BTreeSet::new(),
        controls: BTreeSet::new(),
        due: None,
        reference: String::new(),
    }
}

async fn known(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<(Engagement, Party), Refusal> {
    let (app, actor) = asked.member(state)?;
    Ok(app.read(actor, async |view| head(view, key).await).await?)
}

fn new_form(record: &Engagement, asked: &Asked, request: &Request, faults: &Faults) -> Page {
    let path = format!("{}/requests/new", href(record.key));
    let body = request_form(&path, &asked.token, None, request, faults);
    page(record, asked, Tabbed::Requests, "Ask for something", &body)
}

pub(super) async fn new_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (record, _) = known(&state, &asked, key(&at)?).await?;
    asked.frame(&state, &new_form(&record, &asked, &empty(), &Faults::default())).await
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&FIELDS[1..])?;
    let (app, actor) = asked.member(&state)?;
    let (record, _) = known(&state, &asked, key).await?;
    let (request, mut faults) = typed(&sent)?;
    within(&request, &criteria(record.holds(), catalog(&state)?)?, &mut faults);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let asked_for = vec![request.clone()];
        match app.transact(actor, async |cx| request::add(cx, key, asked_for).await).await {
            Ok(_) => return Ok(go(&format!("{}/requests", href(key)))),
            Err(error) => (status, faults) = wrong(error, &ABOUT)?,
        }
    }
    refused(&state, &asked, status, &new_form(&record, &asked, &request, &faults)).await
}

pub(super) async fn edit_page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let (app, actor) = asked.member(&state)?;
    let (record, _) = known(&state, &asked, key).await?;
    let whole = app.read(actor, async |view| request::find(view, key, number).await).await?;
    let row = &whole.row;
    let page = edit_form(&record, &asked, number, row.version, &row.record.request, &Faults::default());
    asked.frame(&state, &page).await
}

fn edit_form(
    record: &Engagement,
    asked: &Asked,
    number: i64,
    version: i64,
    request: &Request,
    faults: &Faults,
) -> Page {
    let path = format!("{}/requests/{number}/edit", href(record.key));
    let body = request_form(&path, &asked.token, Some(version), request, faults);
    page(record, asked, Tabbed::Requests, &format!("Request {number}"), &body)
}

pub(super) async fn change(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    sent.only(&FIELDS)?;
    let version: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (app, actor) = asked.member(&state)?;
    let (record, _) = known(&state, &asked, key).await?;
    let (request, mut faults) = typed(&sent)?;
    within(&request, &criteria(record.holds(), catalog(&state)?)?, &mut faults);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let typed = request.clone();
        match app.transact(actor, async |cx| request::change(cx, key, number, version, typed).await).await {
            Ok(()) => return Ok(go(&format!("{}/requests/{number}", href(key)))),
            Err(error) => (status, faults) = wrong(error, &ABOUT)?,
        }
    }
    refused(&state, &asked, status, &edit_form(&record, &asked, number, version, &request, &faults)).await
}

async fn import_form(
    record: &Engagement,
    asked: &Asked,
    state: &WebState,
    faults: &Faults,
) -> Result<Page, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let (key, path) = (record.key, format!("{}/requests", href(record.key)));
    let usual = app.read(actor, async |view| request::usual(view, key, catalog).await).await?.len();
    let accept = if state.documents().is_some() { ".xlsx,.csv" } else { ".csv" };
    let body = html! {
        div.narrow.stack {
            (faults.summary())
            section.card aria-labelledby="usual" {
                h2 id="usual" { "The usual list" }
                @if record.holds().kind.has_criteria() { p { (usual) " of " (catalog.requests.len()) " requests concern the criteria in scope" @if !record.holds().time.is_period() { " as of one date" } ". Those that are asked already are left alone." } }
                @else { p { (usual) " requests: what the controls for each objective did, and what is usually asked about such controls. Those that are asked already are left alone." } }
                (button(&format!("{path}/defaults"), &asked.token, &format!("Ask for these {usual}"), ""))
            }
            (form_with_files(&format!("{path}/import"), &asked.token, &html! {
                h2 { "Your own list" }
                p { "An XLSX or CSV file whose first line names the columns. One of them is " code { "request" } "; " code { "number" } ", " code { "kind" } ", " code { "period" } ", " code { "criteria" } ", " code { "controls" } " and " code { "due" } " are read where they are there. It is taken whole or not at all." }
                (files(&FilesField { name: "files", label: "File", hint: "Of a workbook, the first sheet is read. Merged cells are refused.", fault: faults.of("files"), accept, most_bytes: request::MAX_LIST_BYTES, most_files: 1, is_optional: false }))
                (send("Import", &path))
            }))
        }
    };
    Ok(page(record, asked, Tabbed::Requests, "Begin a request list", &body))
}

pub(super) async fn import_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (record, _) = known(&state, &asked, key(&at)?).await?;
    let page = import_form(&record, &asked, &state, &Faults::default()).await?;
    asked.frame(&state, &page).await
}

/// Reads the cells of a file by what its name says it is.
pub(crate) fn cells(state: &WebState, name: &str, bytes: &[u8]) -> Result<Vec<ListRow>, String> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match (ending.as_deref(), state.documents()) {
        (Some("xlsx"), Some(documents)) => documents
            .read_xlsx(bytes)
            .map_err(|error| format!("{name:?} was not imported, nothing was applied: {}", error.why)),
        (Some("csv"), _) => request::read_csv(name, bytes).map_err(|error| error.to_string()),
        _ => Err(format!("{name:?} is neither XLSX nor CSV; save the list as one of them")),
    }
}

pub(super) async fn import(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    let (record, _) = known(&state, &asked, key).await?;
    let SentFiles { sent, files, refused: too_large, turn: _turn } = form.with_kept(app, actor).await?;
    sent.only(&KEPT)?;
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    match (too_large, files.as_slice()) {
        (Some(says), _) => faults.add("files", says),
        (None, [file]) => match cells(&state, &file.name, &file.bytes) {
            Err(says) => faults.add("files", says),
            Ok(rows) => {
                let (name, catalog) = (file.name.clone(), catalog(&state)?);
                let done = app
                    .transact(actor, async |cx| request::import(cx, key, &name, &rows, catalog).await)
                    .await;
                match done {
                    Ok(_) => {
                        drop_kept(app, actor, &sent).await?;
                        return Ok(go(&format!("{}/requests", href(key))));
                    }
                    Err(Error::Invalid(says)) => faults.add("files", says),
                    Err(error) => (status, faults) = wrong(error, &[])?,
                }
            }
        },
        (None, _) => faults.add("files", "choose one file"),
    }
    refused(&state, &asked, status, &import_form(&record, &asked, &state, &faults).await?).await
}

pub(super) async fn add_defaults(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&[])?;
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    match app.transact(actor, async |cx| request::add_defaults(cx, key, catalog).await).await {
        Ok(_) => Ok(go(&format!("{}/requests", href(key)))),
        Err(error) => {
            let (status, faults) = wrong(error, &[])?;
            let (record, _) = known(&state, &asked, key).await?;
            refused(&state, &asked, status, &import_form(&record, &asked, &state, &faults).await?).await
        }
    }
}

pub(super) async fn export(
    State(state): State<WebState>,
    Path((at, ending)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    need_ending(&state, &ending)?;
    let sheet = app.transact(actor, async |cx| request::sheet(cx, key).await).await?;
    sheet_file(&state, &format!("{}-requests.{ending}", key.to_string().to_lowercase()), sheet).await
}
