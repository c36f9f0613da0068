//! Facts that become known after the report: the register on the page of what completes an engagement, and its form.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::completion::{Follows, Learned};

use super::completion::{ABOUT_DAY, Complete, completed, day, href_of, load, numbered, version};
use super::{href, key, page_of, refused};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::moment;
use crate::design::table::plain;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

const FIELDS: [&str; 6] = ["day", "what", "effect", "told", "follows", "reason"];

/// Draws the register.
pub(super) fn register(of: &Complete, may_write: bool) -> Markup {
    let (record, href) = (&of.version.record, href(of.engagement.key));
    let rows = record.facts().iter().map(|fact| {
        let learned = &fact.learned;
        vec![
            html! { span.nowrap { (moment::on(learned.day)) } },
            html! {
                @if may_write { a.primary href={ (href) "/facts/" (fact.number) } { (learned.what) } } @else { span.primary { (learned.what) } }
                span.sub { (learned.effect) }
            },
            html! {
                @match learned.told { Some(told) => { "Auditor told on " (moment::on(told)) }, None => strong { "The auditor is not told" } }
                @if learned.follows == Follows::ReadersTold { span.sub { a href={ (href) "/grants" } { "Who has it" } } }
                span.sub { (learned.follows.title()) @if !learned.reason.is_empty() { ": " (learned.reason) } }
            },
        ]
    });
    html! {
        @if record.facts().is_empty() {
            p.muted { "Nothing is entered. What was so at the date of the report, could have changed it, and became known afterwards belongs here; the auditor decides whether the report is revised or its readers are told." }
        } @else {
            (plain("Facts known after the report", &["Known since", "What", "What follows"], rows.collect()))
        }
        @if may_write { p { a.button href={ (href) "/facts/new" } { "Enter a fact" } } }
    }
}

fn draw(
    of: &Complete,
    asked: &Asked,
    number: Option<u32>,
    typed: &[(&str, String)],
    faults: &Faults,
) -> Page {
    let href = href(of.engagement.key);
    let value = |name: &str| typed.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
    let follows: Vec<(String, String)> =
        Follows::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let body = html! {
        (faults.summary())
        (hidden("version", &of.version.number.to_string()))
        (field(&Field { name: "day", label: "When it became known", value: value("day"), kind: Kind::Input("date"), fault: faults.of("day"), ..Field::default() }))
        (field(&Field { name: "what", label: "What became known", value: value("what"), fault: faults.of("what"), hint: "In a few words.", ..Field::default() }))
        (field(&Field { name: "effect", label: "What it means for the description or controls in the time examined", value: value("effect"), kind: Kind::Area(4), max: TEXT_MAX, fault: faults.of("effect"), ..Field::default() }))
        div.fields {
            (field(&Field { name: "told", label: "When the auditor was told", value: value("told"), kind: Kind::Input("date"), optional: true, fault: faults.of("told"), ..Field::default() }))
            (field(&Field { name: "follows", label: "What the auditor decided", value: value("follows"), kind: Kind::Select(&follows), fault: faults.of("follows"), ..Field::default() }))
        }
        (field(&Field { name: "reason", label: "Why, or how readers are told", value: value("reason"), kind: Kind::Area(2), max: TEXT_MAX, optional: true, fault: faults.of("reason"), hint: "Needed once something is decided.", ..Field::default() }))
        (send("Save", &href_of(of.engagement.key)))
    };
    let at = number.map_or_else(|| "new".to_owned(), |number| number.to_string());
    let title = if number.is_some() { "Fact known after the report" } else { "Enter a fact" };
    let inside = form(&format!("{href}/facts/{at}"), &asked.token, &body);
    page_of(&of.engagement, title, html! { div.narrow { (inside) } })
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, number)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let of = load(&state, &asked, &at).await?;
    let number = numbered(&number)?;
    let typed = match number {
        None => Vec::new(),
        Some(number) => {
            let fact = of.version.record.facts().iter().find(|fact| fact.number == number);
            let learned = &fact.ok_or(Refusal::NotFound)?.learned;
            vec![
                ("day", learned.day.to_string()),
                ("what", learned.what.clone()),
                ("effect", learned.effect.clone()),
                ("told", learned.told.map(|day| day.to_string()).unwrap_or_default()),
                ("follows", learned.follows.word().to_owned()),
                ("reason", learned.reason.clone()),
            ]
        }
    };
    asked.frame(&state, &draw(&of, &asked, number, &typed, &Faults::default())).await
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path((at, number)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let mut names = FIELDS.to_vec();
    names.push("version");
    sent.only(&names)?;
    let (key, from, number) = (key(&at)?, version(&sent)?, numbered(&number)?);
    let typed: Vec<(&str, String)> = FIELDS.iter().map(|name| (*name, sent.text(name))).collect();
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let on = day("day", &sent.text("day"), &mut faults);
    let told = sent.text("told");
    let told = if told.is_empty() { None } else { day("told", &told, &mut faults) };
    let follows = Follows::from_word(&sent.text("follows"));
    if follows.is_none() {
        faults.add("follows", "choose one");
    }
    for (name, says) in [("what", "say what became known"), ("effect", "say what it means")] {
        if sent.text(name).is_empty() {
            faults.add(name, says);
        }
    }
    if let (Some(day), Some(follows), true) = (on, follows, faults.is_empty()) {
        let (what, effect, reason) = (sent.text("what"), sent.text("effect"), sent.text("reason"));
        let about = [
            &[
                ("title of what became known", "what"),
                ("the effect", "effect"),
                ("been told", "told"),
                ("were told", "told"),
                ("the reason", "reason"),
            ][..],
            &ABOUT_DAY,
        ]
        .concat();
        let learned = Learned { day, what, effect, told, follows, reason };
        let done = app
            .transact(actor, async |cx| engagement::learn_fact(cx, key, from, number, learned.clone()).await)
            .await;
        match completed(done, &href_of(key), &about) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    let of = load(&state, &asked, &at).await?;
    refused(&state, &asked, status, &draw(&of, &asked, number, &typed, &faults)).await
}
