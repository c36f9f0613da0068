//! Handing in a population for a request: the list with where it came from, read whole or not at all, and frozen. Where
//! nothing happened, what shows it takes the place of the list.

use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::{request, span, workpaper};
use tickmark_app::program::performance::EvidenceFile;
use tickmark_app::program::population::{self, List, MAX_LIST_BYTES, Saved};
use tickmark_app::{Actor, App, Error};
use tickmark_core::catalog::RequestKind;
use tickmark_core::control::{Control, TestAttribute};
use tickmark_core::engagement::fieldwork::Party;
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::evidence::media;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{Definition, Ipe, MAX_TEXT_CHARS, Mapping};
use tickmark_core::time::DAY_US;

use super::{Tabbed, head, href, key, number, page as framed, refused, wrong};
use crate::WebState;
use crate::design::form::{Faults, Field, FilesField, Kind, field, files, form_with_files};
use crate::design::frame::Page;
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::program::population as lists;
use crate::upload::{KEPT, KeptFiles, SentFiles, drop_kept};
use crate::visit::Asked;

const FIELDS: [&str; 7] = ["control", "title", "trigger", "from", "to", "attributes", "nothing"];
/// What is asked of each item unless management says more; what the auditor asks stands in their paper.
const ASKED: &str =
    "operated: the control operated as it is stated: it did not, or nothing shows that it did";

struct Known {
    record: Engagement,
    title: String,
    controls: Vec<Control>,
    saved: Vec<Saved>,
}

async fn known(state: &WebState, asked: &Asked, key: EngagementKey, number: i64) -> Result<Known, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let known = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let whole = request::find(view, key, number).await?;
            let held = &whole.row.record;
            let waits = held.state.waits_for_management() && held.request.kind == RequestKind::Population;
            if party != Party::Management || !whole.is_open || !waits {
                return Err(Error::not_found("request", number));
            }
            let mut controls = workpaper::controls(view, key, catalog).await?;
            let asked_for = &held.request;
            controls.sort_by_key(|one| {
                let serves = one.criteria.iter().any(|of| asked_for.criteria.contains(&of.criterion));
                !(serves || asked_for.controls.contains(&one.id))
            });
            let saved = population::mappings(view).await?;
            Ok(Known { record, title: held.request.title.clone(), controls, saved })
        })
        .await?;
    Ok(known)
}

/// What was handed in and not kept yet.
#[derive(Default)]
struct Look {
    list: Option<List>,
    held: KeptFiles,
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let number = number(&no)?;
    let known = known(&state, &asked, key(&at)?, number).await?;
    let time = span(known.record.holds());
    let today = asked.visit.now;
    let last = time.to.map_or(today, |to| to.plus_micros(-DAY_US)).min(today);
    let pairs = [
        ("title", known.title.clone()),
        ("from", time.from.date()),
        ("to", last.date()),
        ("time_zone", "UTC".to_owned()),
        ("run_on", today.date()),
        ("attributes", ASKED.to_owned()),
    ];
    let sent = Sent::of(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec());
    let page = draw(&known, number, (&state, &asked), &sent, &Faults::default(), &Look::default());
    asked.frame(&state, &page).await
}

fn draw(
    known: &Known,
    number: i64,
    (state, asked): (&WebState, &Asked),
    sent: &Sent,
    faults: &Faults,
    look: &Look,
) -> Page {
    let up = format!("{}/requests/{number}", href(known.record.key));
    let controls: Vec<(String, String)> = known
        .controls
        .iter()
        .map(|one| (one.id.to_string(), format!("{}  {}", one.id, one.text.current().title)))
        .collect();
    let text = |name: &str| sent.text(name);
    let line = |name: &'static str, label: &str, hint: &str| {
        field(&Field {
            name,
            label,
            hint,
            value: &text(name),
            max: MAX_TEXT_CHARS,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let date = |name: &'static str, label: &str| {
        field(&Field {
            name,
            label,
            kind: Kind::Input("date"),
            value: &text(name),
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let (accept, words) = lists::accepted(state);
    let accept = format!("{accept},{}", media::ACCEPT);
    let hint = format!(
        "{words}. Each line that cannot be read is named, and nothing is kept then. Where nothing happened, what shows it."
    );
    let ids = ids(&lists::attributes(&text("attributes")).unwrap_or_default());
    let body = html! {
        div.narrow { (form_with_files(&format!("{up}/population"), &asked.token, &html! {
            (faults.summary())
            (field(&Field { name: "control", label: "Control", kind: Kind::Select(&controls), value: &text("control"), fault: faults.of("control"), hint: "Those that serve the criteria of the request stand first.", ..Field::default() }))
            (line("title", "Title", ""))
            (line("trigger", "What produces an item", "The trigger, never the evidence: deployments and not tickets, leavers and not disabled accounts."))
            div.fields { (date("from", "First day")) (date("to", "Last day")) }
            (field(&Field { name: "attributes", label: "What is asked of each item, one a line", kind: Kind::Area(3), value: &text("attributes"), max: 20_000, fault: faults.of("attributes"), hint: "As name: what must hold: what counts as a deviation.", ..Field::default() }))
            (look.held.draw_one())
            (files(&FilesField { name: "files", label: "List", hint: &hint, fault: faults.of("files"), accept: &accept, most_bytes: MAX_LIST_BYTES, most_files: 1, is_optional: !look.held.is_empty() }))
            (field(&Field { name: "nothing", label: "Nothing happened in this time, and the file shows it", kind: Kind::Check, value: &text("nothing"), optional: true, ..Field::default() }))
            (lists::column_fields(&ids, &known.saved, look.list.as_ref(), sent, faults))
            (lists::origin_fields(sent, faults))
            p.muted { "It is frozen at once: its items do not change any more, and the auditor selects from it." }
            p.row {
                button.button type="submit" name="then" value="look" formnovalidate { "Show the first rows" }
                button.button.primary type="submit" name="then" value="import" { "Hand in and freeze" }
                a.button href=(up) { "Cancel" }
            }
        })) }
    };
    let mut page = framed(&known.record, asked, Tabbed::Requests, "Hand in a population", &body);
    page.crumbs.push((format!("Request {number}"), up));
    page
}

fn ids(attributes: &[TestAttribute]) -> Vec<String> {
    attributes.iter().map(|attribute| attribute.id.clone()).collect()
}

/// Reads what was typed; what is wrong stands beside the fields.
fn typed(sent: &Sent, actor: &Actor, faults: &mut Faults) -> Result<(Definition, Ipe), Refusal> {
    let (from, to) = lists::days(sent, faults);
    let mut ipe = lists::read_origin(sent, actor, faults);
    for name in ["title", "trigger"] {
        if sent.text(name).is_empty() {
            faults.add(name, "it is needed");
        }
    }
    if ipe.completeness.is_empty() {
        faults.add("completeness", "say how it was checked, or why it was not: it is frozen at once");
    }
    if sent.text("nothing") == "yes" {
        ipe.row_count = 0;
    }
    let attributes = lists::attributes(&sent.text("attributes")).unwrap_or_else(|says| {
        faults.add("attributes", says);
        Vec::new()
    });
    let definition = Definition {
        control: sent.text("control").parse().map_err(|_| Refusal::Malformed)?,
        title: sent.text("title"),
        trigger: sent.text("trigger"),
        attributes,
        from,
        to,
    };
    Ok((definition, ipe))
}

type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

/// What is handed in.
struct Given {
    definition: Definition,
    ipe: Ipe,
    list: List,
    columns: (Option<Mapping>, Option<String>),
    zero: Option<EvidenceFile>,
}

fn keep<'a>(app: &'a App, actor: &'a Actor, given: Given) -> Later<'a, PopulationKey> {
    Box::pin(app.transact(actor, async move |cx| {
        let Given { definition, ipe, list, columns: (mapping, save_as), zero } = given;
        if let (Some(name), Some(mapping)) = (&save_as, &mapping) {
            population::save_mapping(cx, name, None, mapping.clone()).await?;
        }
        let key = population::define(cx, definition).await?.key;
        population::import_list(cx, key, list, mapping, ipe).await?;
        population::freeze(cx, key, zero).await?;
        Ok(key)
    }))
}

/// The list of a time in which nothing happened: its query is kept with it as that of any other.
fn empty_list() -> List {
    List::of_csv("nothing.csv", Bytes::from_static(b"key,occurred_at\n")).expect("a heading is a list")
}

pub(super) async fn hand_in(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let (app, actor) = asked.member(&state)?;
    let known = known(&state, &asked, key, number).await?;
    let ids = ids(&lists::attributes(&form.sent.text("attributes")).unwrap_or_default());
    let names = lists::column_names(ids.len());
    let fields = FIELDS.into_iter().chain(lists::ORIGIN).chain(names.iter().map(String::as_str)).chain(KEPT);
    form.sent.only(&fields.collect::<Vec<_>>())?;
    let SentFiles { mut sent, files, refused: too_large, turn: _turn } = form.with_kept(app, actor).await?;
    let (mut faults, mut status) = (Faults::default(), StatusCode::UNPROCESSABLE_ENTITY);
    let (mut look, mut zero) = (Look::default(), None);
    let is_nothing = sent.text("nothing") == "yes";
    // A file that is chosen now takes the place of the one from before.
    let file = files.last().cloned();
    match (too_large, &file) {
        (Some(says), _) => faults.add("files", says),
        (None, None) if is_nothing => faults.add("files", "choose what shows that nothing happened"),
        (None, None) => faults.add("files", "choose the list"),
        (None, Some(file)) if is_nothing => match lists::shows_zero(&file.name, file.bytes.clone()) {
            Ok(shows) => zero = Some(shows),
            Err(says) => faults.add("files", says),
        },
        (None, Some(file)) => {
            match List::open(&file.name, file.bytes.clone(), state.documents().as_deref()) {
                Ok(list) => look.list = Some(list),
                Err(problems) => faults.add("files", lists::says(&problems)),
            }
        }
    }
    if sent.text("then") == "look" {
        if let (true, Some(list)) = (faults.is_empty(), &look.list) {
            status = StatusCode::OK;
            let more = lists::guessed(&sent, list, &ids);
            sent = sent.and(more);
        }
    } else if faults.is_empty() {
        let (definition, ipe) = typed(&sent, actor, &mut faults)?;
        let columns = match is_nothing {
            true => (None, None),
            false => lists::read_columns(&ids, &known.saved, &sent, &mut faults),
        };
        let list = if is_nothing { Some(empty_list()) } else { look.list.clone() };
        if let (true, Some(list)) = (faults.is_empty(), list) {
            match keep(app, actor, Given { definition, ipe, list, columns, zero }).await {
                Ok(list) => {
                    drop_kept(app, actor, &sent).await?;
                    return Ok(go(&format!("{}/requests/{number}?list={list}#submit", href(key))));
                }
                Err(Error::Invalid(says)) => {
                    let list = [("was not imported", "files")];
                    let about = [&list[..], &lists::ABOUT_DEFINITION, &lists::ABOUT_LIST].concat();
                    faults = Faults::about(says, &about);
                }
                Err(error) => (status, faults) = wrong(error, &[("mapping called", "save_as")])?,
            }
        }
    }
    look.held = KeptFiles::keep(app, actor, &sent, file.as_slice()).await?;
    let page = draw(&known, number, (&state, &asked), &sent, &faults, &look);
    refused(&state, &asked, status, &page).await
}
