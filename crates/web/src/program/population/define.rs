//! Defining a population: what it is about, and what is asked of each item, before there is a list.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::program::population;
use tickmark_app::{Error, control};
use tickmark_core::Timestamp;
use tickmark_core::control::{Control, ControlState, TestAttribute};
use tickmark_core::program::population::{Definition, MAX_ATTRIBUTES, MAX_TEXT_CHARS};
use tickmark_core::zone::Zone;

use super::{href, lines, wrong};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::{Page, Place};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

const FIELDS: [&str; 7] = ["control", "title", "trigger", "from", "to", "time_zone", "attributes"];

async fn controls(state: &WebState, asked: &Asked) -> Result<Vec<Control>, Refusal> {
    let (app, actor) = asked.member(state)?;
    let mut all = app.read(actor, async |view| control::controls(view).await).await?;
    all.retain(|one| one.state() != ControlState::Retired);
    Ok(all)
}

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let all = controls(&state, &asked).await?;
    let wanted = asked.query.get("control").unwrap_or_default();
    let chosen = all.iter().find(|one| one.id.as_str() == wanted);
    let day = |at: Timestamp| at.date();
    let now = asked.visit.now;
    let year = format!("{}-01-01", &day(now)[..4]);
    let pairs = [
        ("control", wanted.to_owned()),
        ("title", String::new()),
        ("trigger", chosen.map(|one| one.population.clone()).unwrap_or_default()),
        ("from", year),
        ("to", day(now)),
        ("time_zone", "UTC".to_owned()),
        ("attributes", String::new()),
    ];
    let sent = Sent::of(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec());
    asked.frame(&state, &draw(&all, &asked.token, &sent, &Faults::default())).await
}

fn draw(controls: &[Control], token: &str, sent: &Sent, faults: &Faults) -> Page {
    let choices: Vec<(String, String)> = controls
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
    let body = html! {
        div.narrow { (form("/populations/new", token, &html! {
            (faults.summary())
            (field(&Field { name: "control", label: "Control", kind: Kind::Select(&choices), value: &text("control"), fault: faults.of("control"), ..Field::default() }))
            (line("title", "Title", "Such as: production deployments, first half of 2026."))
            (line("trigger", "What produces an item", "The trigger, never the evidence: deployments and not tickets, leavers and not disabled accounts."))
            div.fields {
                (date("from", "First day")) (date("to", "Last day"))
                (line("time_zone", "Days are those of", "A time zone as Europe/Berlin is. Periods of reports are in UTC."))
            }
            (field(&Field { name: "attributes", label: "What is asked of each item, one a line", kind: Kind::Area(5), value: &text("attributes"), max: 20_000, fault: faults.of("attributes"), hint: "As name: what must hold: what counts as a deviation. Such as approved: approved by another person before deployment: no approval, or by the author.", ..Field::default() }))
            p.muted { "It is written before testing, and does not change afterwards." }
            (send("Define the population", "/populations"))
        })) }
    };
    let mut page = Page::new(Place::Populations, "Define a population", body);
    page.crumbs = vec![("Populations".into(), "/populations".into())];
    page
}

/// Reads attributes, one a line.
pub(crate) fn attributes(text: &str) -> Result<Vec<TestAttribute>, String> {
    let lines = lines(text);
    if lines.is_empty() || lines.len() > MAX_ATTRIBUTES {
        return Err(format!("ask at least one thing, and at most {MAX_ATTRIBUTES}"));
    }
    let read = |line: &String| {
        let mut parts = line.splitn(3, ':').map(|part| part.trim().to_owned());
        match (parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(asserts), Some(deviation)) if !asserts.is_empty() && !deviation.is_empty() => {
                Ok(TestAttribute { id, asserts, deviation })
            }
            _ => {
                let shown: String = line.chars().take(60).collect();
                Err(format!("{shown:?} is not of the form name: what must hold: what counts as a deviation"))
            }
        }
    };
    lines.iter().map(read).collect()
}

/// Reads the days of a form in their zone: the first moment, and the first after them.
pub(crate) fn days(sent: &Sent, faults: &mut Faults) -> (Timestamp, Timestamp) {
    let zone = match sent.text("time_zone").parse::<Zone>() {
        Ok(zone) => zone,
        Err(error) => {
            faults.add("time_zone", error);
            Zone::utc()
        }
    };
    let mut moment = |name: &'static str, is_last: bool| {
        let found = tickmark_core::evidence::item::day(&sent.text(name));
        match found {
            Ok(at) => {
                let day = Zone::utc().day(at);
                let day = if is_last { day.tomorrow().unwrap_or(day) } else { day };
                zone.first_moment(day).unwrap_or(at)
            }
            Err(error) => {
                faults.add(name, error);
                Timestamp::from_seconds(0)
            }
        }
    };
    (moment("from", false), moment("to", true))
}

/// The field that a word of a refusal stands for.
pub(crate) const ABOUT: [(&str, &str); 6] = [
    ("its title", "title"),
    ("the title has", "title"),
    ("trigger", "trigger"),
    ("covers no time", "to"),
    ("attribute", "attributes"),
    ("the deviation has", "attributes"),
];

pub(super) async fn define(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sent.only(&FIELDS)?;
    let (app, actor) = asked.member(&state)?;
    let mut faults = Faults::default();
    let (from, to) = days(&sent, &mut faults);
    for name in ["title", "trigger"] {
        if sent.text(name).is_empty() {
            faults.add(name, "it is needed");
        }
    }
    let attributes = attributes(&sent.text("attributes")).unwrap_or_else(|says| {
        faults.add("attributes", says);
        Vec::new()
    });
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let definition = Definition {
            control: sent.text("control").parse().map_err(|_| Refusal::Malformed)?,
            title: sent.text("title"),
            trigger: sent.text("trigger"),
            attributes,
            from,
            to,
        };
        match app.transact(actor, async |cx| population::define(cx, definition.clone()).await).await {
            Ok(made) => return Ok(go(&href(made.key))),
            Err(error @ Error::NotFound { .. }) => faults.add("control", error),
            Err(error) => (status, faults) = wrong(error, &ABOUT)?,
        }
    }
    let all = controls(&state, &asked).await?;
    asked.frame_refused(&state, status, &draw(&all, &asked.token, &sent, &faults)).await
}
