//! Handing in a population for a request: the list with where it came from, read whole or not at all, and frozen.

use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::{request, span, workpaper};
use tickmark_app::program::population::{self, MAX_LIST_BYTES};
use tickmark_app::{Actor, App, Error};
use tickmark_core::catalog::RequestKind;
use tickmark_core::control::{Control, TestAttribute};
use tickmark_core::engagement::fieldwork::Party;
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::evidence::item::day;
use tickmark_core::program::population::{Definition, Ipe, MAX_TEXT_CHARS};
use tickmark_core::time::DAY_US;

use super::{Tabbed, head, href, key, number, page as framed, refused, wrong};
use crate::WebState;
use crate::design::form::{Faults, Field, FilesField, Kind, field, files, form_with_files, send};
use crate::design::frame::Page;
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::upload::{KEPT, SentFiles, drop_kept};
use crate::visit::Asked;

const FIELDS: [&str; 12] = [
    "control",
    "title",
    "trigger",
    "from",
    "to",
    "source",
    "query",
    "parameters",
    "time_zone",
    "run_on",
    "rows",
    "completeness",
];

struct Known {
    record: Engagement,
    title: String,
    controls: Vec<Control>,
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
            let controls = workpaper::controls(view, key, catalog).await?;
            Ok(Known { record, title: held.request.title.clone(), controls })
        })
        .await?;
    Ok(known)
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
    ];
    let sent = Sent::of(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec());
    asked.frame(&state, &draw(&known, number, &asked, &sent, &Faults::default())).await
}

fn draw(known: &Known, number: i64, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let up = format!("{}/requests/{number}", href(known.record.key));
    let controls: Vec<(String, String)> = known
        .controls
        .iter()
        .map(|one| (one.id.to_string(), format!("{}  {}", one.id, one.text.current().title)))
        .collect();
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
    let body = html! {
        div.narrow { (form_with_files(&format!("{up}/population"), &asked.token, &html! {
            (faults.summary())
            (field(&Field { name: "control", label: "Control", kind: Kind::Select(&controls), value: &text("control"), ..Field::default() }))
            (line("title", "Title", "", false))
            (line("trigger", "What produces an item", "The trigger, never the evidence: deployments and not tickets, leavers and not disabled accounts.", false))
            div.fields { (date("from", "First day")) (date("to", "Last day")) }
            (line("source", "System of record", "", false))
            (field(&Field { name: "query", label: "Report name, or the exact query", kind: Kind::Area(3), value: &text("query"), max: MAX_TEXT_CHARS, fault: faults.of("query"), ..Field::default() }))
            (line("parameters", "Parameters and filters", "", true))
            div.fields {
                (line("time_zone", "Time zone of the list", "", false))
                (date("run_on", "Run on"))
                (field(&Field { name: "rows", label: "Rows, as the source counts them", kind: Kind::Input("number"), value: &text("rows"), fault: faults.of("rows"), ..Field::default() }))
            }
            (line("completeness", "How completeness was checked", "", true))
            (files(&FilesField { name: "files", label: "List", hint: "CSV with the columns key and occurred_at, as 2026-11-24T10:00:00Z. Each line that cannot be read is named, and nothing is kept then.", fault: faults.of("files"), accept: ".csv", most_bytes: MAX_LIST_BYTES, most_files: 1, is_optional: false }))
            p.muted { "It is frozen at once: its items do not change any more, and the auditor selects from it." }
            (send("Hand in and freeze", &up))
        })) }
    };
    let mut page = framed(&known.record, asked, Tabbed::Requests, "Hand in a population", &body);
    page.crumbs.push((format!("Request {number}"), up));
    page
}

/// Reads what was typed; what is wrong stands beside the fields.
fn typed(sent: &Sent, actor: &Actor, faults: &mut Faults) -> Result<(Definition, Ipe), Refusal> {
    let mut date = |name: &'static str| match day(&sent.text(name)) {
        Ok(at) => at,
        Err(error) => {
            faults.add(name, error);
            tickmark_core::Timestamp::from_seconds(0)
        }
    };
    let (from, to, run_at) = (date("from"), date("to"), date("run_on"));
    let row_count = sent.text("rows").parse().unwrap_or_else(|_| {
        faults.add("rows", "say how many rows the source counts");
        0
    });
    for name in ["title", "trigger", "source", "query", "time_zone"] {
        if sent.text(name).is_empty() {
            faults.add(name, "it is needed");
        }
    }
    let definition = Definition {
        control: sent.text("control").parse().map_err(|_| Refusal::Malformed)?,
        title: sent.text("title"),
        trigger: sent.text("trigger"),
        // What is asked of each item is the auditor's to say; a population asks at least this.
        attributes: vec![TestAttribute {
            id: "operated".into(),
            asserts: "the control operated as it is stated".into(),
            deviation: "it did not, or nothing shows that it did".into(),
        }],
        from,
        to: to.plus_micros(DAY_US),
    };
    let ipe = Ipe {
        source: sent.text("source"),
        query: sent.text("query"),
        parameters: sent.text("parameters"),
        time_zone: sent.text("time_zone"),
        run_by: actor.label.clone(),
        run_at,
        row_count,
        control_total: String::new(),
        completeness: sent.text("completeness"),
        accuracy: String::new(),
    };
    Ok((definition, ipe))
}

type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

fn keep<'a>(
    app: &'a App,
    actor: &'a Actor,
    definition: Definition,
    ipe: Ipe,
    name: String,
    bytes: Bytes,
) -> Later<'a, ()> {
    Box::pin(app.transact(actor, async move |cx| {
        let key = population::define(cx, definition).await?.key;
        population::import(cx, key, &name, bytes, ipe).await?;
        population::freeze(cx, key, None).await.map(|_| ())
    }))
}

pub(super) async fn hand_in(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let (app, actor) = asked.member(&state)?;
    let SentFiles { sent, files, refused: too_large, turn: _turn } = form.with_kept(app, actor).await?;
    sent.only(&[&FIELDS[..], &KEPT].concat())?;
    let known = known(&state, &asked, key, number).await?;
    let mut faults = Faults::default();
    let (definition, ipe) = typed(&sent, actor, &mut faults)?;
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    match (too_large, files.into_iter().next()) {
        (Some(says), _) => faults.add("files", says),
        (None, None) => faults.add("files", "choose the list"),
        (None, Some(file)) if faults.is_empty() => {
            match keep(app, actor, definition, ipe, file.name, file.bytes).await {
                Ok(()) => {
                    drop_kept(app, actor, &sent).await?;
                    return Ok(go(&format!("{}/requests/{number}", href(key))));
                }
                Err(Error::Invalid(says)) => faults.add("files", says),
                Err(error) => (status, faults) = wrong(error)?,
            }
        }
        (None, Some(_)) => {}
    }
    refused(&state, &asked, status, &draw(&known, number, &asked, &sent, &faults)).await
}
