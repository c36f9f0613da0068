//! Handing in the list of a population: where it comes from, which column is what with the first rows in sight, and the
//! list itself, whole or not at all. Or a register of this program is read in its place.

use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::program::population::{self, List, MAX_LIST_BYTES, Register, Saved};
use tickmark_app::{Actor, App, Error};
use tickmark_core::Timestamp;
use tickmark_core::evidence::item::day;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{
    DateOrder, Ipe, MAX_COLUMN_CHARS, MAX_TEXT_CHARS, Mapping, Population,
};

use super::{href, key, wrong};
use crate::WebState;
use crate::design::block;
use crate::design::form::{Faults, Field, FilesField, Kind, field, files, form_with_files};
use crate::design::frame::{Page, Place};
use crate::design::table::wide;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::upload::{KEPT, KeptFiles, SentFiles, drop_kept};
use crate::visit::Asked;

/// What is said of where a list comes from.
pub(crate) const ORIGIN: [&str; 9] = [
    "source",
    "query",
    "parameters",
    "time_zone",
    "run_on",
    "rows",
    "control_total",
    "completeness",
    "accuracy",
];
/// What is said of its columns.
pub(crate) const COLUMNS: [&str; 9] = [
    "mapping",
    "column_key",
    "column_occurred_at",
    "column_note",
    "column_stratum",
    "column_amount",
    "dates",
    "save_as",
    "then",
];
/// Columns that are always asked for, with what people call them.
const FIXED: [(&str, &str); 5] = [
    ("column_key", "Key of an item"),
    ("column_occurred_at", "When it occurred"),
    ("column_note", "Note"),
    ("column_stratum", "Part it belongs to"),
    ("column_amount", "Amount"),
];
/// The choice of columns in the form, and what begins the name of a saved mapping.
const CHOSEN: &str = "columns";
const SAVED: &str = "saved:";
/// Problems of a list that stand beside the field.
const SHOWN: usize = 12;

struct Known {
    one: Population,
    saved: Vec<Saved>,
}

async fn known(state: &WebState, asked: &Asked, key: PopulationKey) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let known = app
        .read(actor, async |view| {
            Ok(Known { one: population::find(view, key).await?, saved: population::mappings(view).await? })
        })
        .await?;
    Ok(known)
}

/// The field that a word of a refusal of a list stands for: of where it comes from, of its columns, else the list itself.
pub(crate) const ABOUT: [(&str, &str); 14] = [
    ("was not imported", "files"),
    ("the source counts", "rows"),
    ("names the column", "mapping"),
    ("saved mapping", "save_as"),
    ("mappings", "save_as"),
    ("column", "mapping"),
    ("the source has", "source"),
    ("the query has", "query"),
    ("the parameters has", "parameters"),
    ("time zone", "time_zone"),
    ("the control total has", "control_total"),
    ("the completeness check has", "completeness"),
    ("the accuracy check has", "accuracy"),
    ("", "files"),
];

/// The fields that say where a list comes from.
pub(crate) fn origin_fields(sent: &Sent, faults: &Faults) -> Markup {
    let text = |name: &str| sent.text(name);
    let line = |name: &'static str, label: &str, hint: &str, optional: bool| {
        field(&Field {
            name,
            label,
            hint,
            optional,
            value: &text(name),
            max: MAX_TEXT_CHARS,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    html! {
        (line("source", "System of record", "", false))
        (field(&Field { name: "query", label: "Report name, or the exact query", kind: Kind::Area(3), value: &text("query"), max: MAX_TEXT_CHARS, fault: faults.of("query"), ..Field::default() }))
        (line("parameters", "Parameters and filters", "", true))
        div.fields {
            (line("time_zone", "Time zone of the list", "As Europe/Berlin is: days and times without an offset are read in it.", false))
            (field(&Field { name: "run_on", label: "Run on", kind: Kind::Input("date"), value: &text("run_on"), fault: faults.of("run_on"), ..Field::default() }))
            (field(&Field { name: "rows", label: "Rows, as the source counts them", kind: Kind::Input("number"), value: &text("rows"), fault: faults.of("rows"), ..Field::default() }))
        }
        (line("control_total", "Control total", "A sum that can be compared with the source.", true))
        (line("completeness", "How completeness was checked", "", true))
        (line("accuracy", "How accuracy was checked", "", true))
    }
}

/// Reads them; what is wrong stands beside the fields.
pub(crate) fn read_origin(sent: &Sent, actor: &Actor, faults: &mut Faults) -> Ipe {
    let run_at = day(&sent.text("run_on")).unwrap_or_else(|error| {
        faults.add("run_on", error);
        Timestamp::from_seconds(0)
    });
    let row_count = sent.text("rows").parse().unwrap_or_else(|_| {
        faults.add("rows", "say how many rows the source counts");
        0
    });
    for name in ["source", "query", "time_zone"] {
        if sent.text(name).is_empty() {
            faults.add(name, "it is needed");
        }
    }
    let ipe = Ipe {
        source: sent.text("source"),
        query: sent.text("query"),
        parameters: sent.text("parameters"),
        time_zone: sent.text("time_zone"),
        run_by: actor.label.clone(),
        run_at,
        row_count,
        control_total: sent.text("control_total"),
        completeness: sent.text("completeness"),
        accuracy: sent.text("accuracy"),
    };
    if let (false, Err(error)) = (ipe.time_zone.is_empty(), ipe.zone()) {
        faults.add("time_zone", error);
    }
    ipe
}

/// Choices of a mapping, the columns of a list that was read, and its first rows.
pub(crate) fn column_fields(
    attributes: &[String],
    saved: &[Saved],
    list: Option<&List>,
    sent: &Sent,
    faults: &Faults,
) -> Markup {
    let mut mappings = vec![(String::new(), "Columns have the usual names".to_owned())];
    mappings.extend(saved.iter().map(|one| (format!("{SAVED}{}", one.name), one.name.clone())));
    if list.is_some() {
        mappings.push((CHOSEN.to_owned(), "As chosen below".to_owned()));
    }
    let mapping = sent.text("mapping");
    let usual = "The usual names are key, occurred_at, note, stratum, amount and those of the attributes. Show the first rows to choose other columns.";
    html! {
        (field(&Field { name: "mapping", label: "Which column is what", kind: Kind::Select(&mappings), value: &mapping, hint: usual, fault: faults.of("mapping"), ..Field::default() }))
        @if let Some(list) = list { (chosen_columns(attributes, list, sent, faults)) }
    }
}

/// The first rows of a list, and the choice of its columns.
fn chosen_columns(attributes: &[String], list: &List, sent: &Sent, faults: &Faults) -> Markup {
    let mut choices = vec![(String::new(), "none".to_owned())];
    choices.extend(
        list.heading().iter().filter(|name| !name.is_empty()).map(|name| (name.clone(), name.clone())),
    );
    let heads: Vec<&str> = std::iter::once("Line").chain(list.heading().iter().map(String::as_str)).collect();
    let rows: Vec<Vec<Markup>> = list
        .preview()
        .into_iter()
        .map(|(line, cells)| {
            let mut row = vec![html! { span.num { (line) } }];
            row.extend(cells.into_iter().map(|cell| html! { (cell) }));
            row
        })
        .collect();
    let orders: Vec<(String, String)> = DateOrder::ALL
        .map(|order| (order.word().to_owned(), super::mapping::dates(order).to_owned()))
        .to_vec();
    let results = attributes.iter().enumerate();
    let results = results.map(|(at, id)| (format!("column_attribute_{at}"), format!("Result of {id}")));
    html! {
        (block("preview", "The first rows", &html! { (list.rows()) " rows in " (list.name()) }, &wide("The first rows", &heads, rows)))
        div.fields {
            @for (name, label) in FIXED { (field(&Field { name, label, kind: Kind::Select(&choices), value: &sent.text(name), ..Field::default() })) }
            @for (name, label) in results { (field(&Field { name: &name, label: &label, kind: Kind::Select(&choices), value: &sent.text(&name), ..Field::default() })) }
            (field(&Field { name: "dates", label: "Dates are written", kind: Kind::Select(&orders), value: &sent.text("dates"), ..Field::default() }))
            (field(&Field { name: "save_as", label: "Save the columns as", value: &sent.text("save_as"), max: MAX_COLUMN_CHARS, optional: true, hint: "To be chosen for the next list of this source.", fault: faults.of("save_as"), ..Field::default() }))
        }
    }
}

/// Reads which column is what: the mapping, and the name under which it is saved.
pub(crate) fn read_columns(
    attributes: &[String],
    saved: &[Saved],
    sent: &Sent,
    faults: &mut Faults,
) -> (Option<Mapping>, Option<String>) {
    let chosen = sent.text("mapping");
    if let Some(name) = chosen.strip_prefix(SAVED) {
        let found = saved.iter().find(|one| one.name == name);
        if found.is_none() {
            faults.add("mapping", "there is no such mapping any more");
        }
        return (found.map(|one| one.mapping.clone()), None);
    }
    if chosen != CHOSEN {
        return (None, None);
    }
    let some = |name: &str| Some(sent.raw(name).to_owned()).filter(|column| !column.is_empty());
    let results = attributes
        .iter()
        .enumerate()
        .filter_map(|(at, attribute)| Some((attribute.clone(), some(&format!("column_attribute_{at}"))?)));
    let mapping = Mapping {
        key: some("column_key").unwrap_or_default(),
        occurred_at: some("column_occurred_at").unwrap_or_default(),
        note: some("column_note"),
        stratum: some("column_stratum"),
        amount: some("column_amount"),
        attributes: results.collect(),
        dates: DateOrder::of_word(&sent.text("dates")).unwrap_or_default(),
    };
    if let Err(error) = mapping.check() {
        faults.add("mapping", error);
    }
    let save_as = Some(sent.text("save_as")).filter(|name| !name.is_empty());
    (Some(mapping), save_as)
}

/// The names of the fields of a form with columns.
pub(crate) fn column_names(attributes: usize) -> Vec<String> {
    let results = (0..attributes).map(|at| format!("column_attribute_{at}"));
    COLUMNS.iter().map(|name| (*name).to_owned()).chain(results).collect()
}

/// Says of a list that could not be read what is wrong, as far as it stands beside a field.
pub(crate) fn says(problems: &[population::ListProblem]) -> String {
    let shown: Vec<String> = problems.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = problems.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("nothing was applied: {}{rest}", shown.join("; "))
}

/// Fields that say what was meant where columns were not chosen yet: a column that is called as the field is.
pub(crate) fn guessed(sent: &Sent, list: &List, attributes: &[String]) -> Vec<(String, String)> {
    let fixed = [
        ("column_key", vec!["key", "id", "number"]),
        ("column_occurred_at", vec!["occurred_at", "occurred", "date", "created", "time"]),
        ("column_note", vec!["note", "comment"]),
        ("column_stratum", vec!["stratum", "part", "system"]),
        ("column_amount", vec!["amount", "value"]),
    ];
    let find = |names: &[&str]| {
        let called = |wanted: &str| list.heading().iter().find(|name| name.eq_ignore_ascii_case(wanted));
        names.iter().find_map(|wanted| called(wanted)).cloned()
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    // A list that lacks the usual names is read by the columns that are chosen below its first rows.
    let has = |wanted: &str| list.heading().iter().any(|name| name == wanted);
    if sent.text("mapping").is_empty() && !(has("key") && has("occurred_at")) {
        pairs.push(("mapping".to_owned(), CHOSEN.to_owned()));
    }
    for (name, names) in fixed {
        if sent.text(name).is_empty()
            && let Some(column) = find(&names)
        {
            pairs.push((name.to_owned(), column));
        }
    }
    for (at, attribute) in attributes.iter().enumerate() {
        let name = format!("column_attribute_{at}");
        if sent.text(&name).is_empty()
            && let Some(column) = find(&[attribute.as_str()])
        {
            pairs.push((name, column));
        }
    }
    pairs
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, key(&at)?).await?;
    let pairs = [("time_zone", "UTC".to_owned()), ("run_on", asked.visit.now.date())];
    let sent = Sent::of(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec());
    let page = draw(&known, &state, &asked.token, &sent, &Faults::default(), &Look::default());
    asked.frame(&state, &page).await
}

/// A list that was handed in and not imported yet.
#[derive(Default)]
struct Look {
    list: Option<List>,
    held: KeptFiles,
}

fn attributes(one: &Population) -> Vec<String> {
    one.definition.attributes.iter().map(|attribute| attribute.id.clone()).collect()
}

fn draw(known: &Known, state: &WebState, token: &str, sent: &Sent, faults: &Faults, look: &Look) -> Page {
    let path = href(known.one.key);
    let (accept, words) = accepted(state);
    let hint = format!("{words}. Each line that cannot be read is named, and nothing is kept then.");
    let body = html! {
        @if known.one.file.is_some() || known.one.frozen.is_some() {
            div.empty { h3 { "It has its list" } p { "A list is not exchanged for another. Where it is wrong, define another population." } p { a.button href=(path) { "The population" } } }
        } @else {
            (form_with_files(&format!("{path}/list"), token, &html! {
                (faults.summary())
                (look.held.draw_one())
                (files(&FilesField { name: "files", label: "List", hint: &hint, fault: faults.of("files"), accept, most_bytes: MAX_LIST_BYTES, most_files: 1, is_optional: !look.held.is_empty() }))
                (column_fields(&attributes(&known.one), &known.saved, look.list.as_ref(), sent, faults))
                (origin_fields(sent, faults))
                p.row {
                    button.button type="submit" name="then" value="look" formnovalidate { "Show the first rows" }
                    button.button.primary type="submit" name="then" value="import" { "Hand in the list" }
                    a.button href=(path) { "Cancel" }
                }
            }))
        }
    };
    let mut page = Page::new(Place::Populations, "Hand in the list", body);
    page.lead = html! { (known.one.definition.title) };
    page.crumbs =
        vec![("Populations".into(), "/populations".into()), (format!("Population {}", known.one.key), path)];
    page
}

/// Endings of lists that are read here, and what they are.
pub(crate) fn accepted(state: &WebState) -> (&'static str, &'static str) {
    if state.documents().is_some() {
        (".csv,.tsv,.txt,.json,.xlsx", "CSV, XLSX (its first sheet) or JSON")
    } else {
        (".csv,.tsv,.txt,.json", "CSV or JSON")
    }
}

type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

fn keep<'a>(
    app: &'a App,
    actor: &'a Actor,
    key: PopulationKey,
    list: List,
    (mapping, save_as): (Option<Mapping>, Option<String>),
    ipe: Ipe,
) -> Later<'a, ()> {
    Box::pin(app.transact(actor, async move |cx| {
        if let (Some(name), Some(mapping)) = (&save_as, &mapping) {
            population::save_mapping(cx, name, None, mapping.clone()).await?;
        }
        population::import_list(cx, key, list, mapping, ipe).await.map(|_| ())
    }))
}

pub(super) async fn hand_in(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    let known = known(&state, &asked, key).await?;
    let attributes = attributes(&known.one);
    let names = column_names(attributes.len());
    let all: Vec<&str> = ORIGIN.into_iter().chain(names.iter().map(String::as_str)).chain(KEPT).collect();
    form.sent.only(&all)?;
    let SentFiles { mut sent, files, refused: too_large, turn: _turn } = form.with_kept(app, actor).await?;
    let (mut faults, mut status) = (Faults::default(), StatusCode::UNPROCESSABLE_ENTITY);
    let mut look = Look::default();
    // A file that is chosen now takes the place of the one from before.
    let file = files.last().cloned();
    match (&too_large, &file) {
        (Some(says), _) => faults.add("files", says),
        (None, None) => faults.add("files", "choose the list"),
        (None, Some(file)) => {
            match List::open(&file.name, file.bytes.clone(), state.documents().as_deref()) {
                Ok(list) => look.list = Some(list),
                Err(problems) => faults.add("files", says(&problems)),
            }
        }
    }
    if sent.text("then") == "import" && faults.is_empty() {
        let ipe = read_origin(&sent, actor, &mut faults);
        let columns = read_columns(&attributes, &known.saved, &sent, &mut faults);
        if let (true, Some(list)) = (faults.is_empty(), look.list.clone()) {
            match keep(app, actor, key, list, columns, ipe).await {
                Ok(()) => {
                    drop_kept(app, actor, &sent).await?;
                    return Ok(go(&href(key)));
                }
                Err(Error::Invalid(says)) => faults = Faults::about(says, &ABOUT),
                Err(error) => (status, faults) = wrong(error, &[("mapping called", "save_as")])?,
            }
        }
    } else if let (true, Some(list)) = (faults.is_empty(), &look.list) {
        status = StatusCode::OK;
        let more = guessed(&sent, list, &attributes);
        sent = sent.and(more);
    }
    look.held = KeptFiles::keep(app, actor, &sent, file.as_slice()).await?;
    let page = draw(&known, &state, &asked.token, &sent, &faults, &look);
    asked.frame_refused(&state, status, &page).await
}

pub(super) async fn build(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&[])?;
    let (app, actor) = asked.member(&state)?;
    let register = asked.query.get("register").and_then(Register::of_word).ok_or(Refusal::Malformed)?;
    match app.transact(actor, async |cx| population::build(cx, key, register).await).await {
        Ok(_) => Ok(go(&href(key))),
        Err(error) => {
            let (status, faults) = wrong(error, &[])?;
            let known = known(&state, &asked, key).await?;
            let page = draw(&known, &state, &asked.token, &Sent::default(), &faults, &Look::default());
            asked.frame_refused(&state, status, &page).await
        }
    }
}
