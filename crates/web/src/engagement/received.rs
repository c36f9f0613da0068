//! The report as management received it from outside: its date and digest, or the file itself.

use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::report::SECTION_BYTES;
use tickmark_app::engagement::{self, Completed, Receiving};
use tickmark_app::{Actor, App};
use tickmark_core::Digest;
use tickmark_core::catalog::Catalog;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{Gate, before_report, check_pdf};

use super::completion::{Complete, completed, day, href_of, load, version};
use super::take_out::generator;
use super::{catalog, href, key, page_of, refused};
use crate::WebState;
use crate::design::form::{
    Faults, Field, FilesField, Kind, capital, field, files, form, form_with_files, hidden, send,
};
use crate::design::frame::Page;
use crate::design::{digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::upload::{KEPT, SentFiles, drop_kept};
use crate::visit::Asked;

const FIELDS: [&str; 4] = ["firm", "day", "file", "digest"];

/// What is known of the report before anything is typed.
fn known(of: &Complete) -> Vec<(&'static str, String)> {
    let record = &of.version.record;
    match record.received() {
        // A revised report has its own date, and is another file.
        Some(received) if record.is_revised() => vec![("firm", received.firm.clone())],
        Some(received) => vec![
            ("firm", received.firm.clone()),
            ("day", received.day.to_string()),
            ("file", received.file.clone()),
            ("digest", received.digest.hex()),
        ],
        None => vec![
            ("firm", of.engagement.holds().firm.clone()),
            ("day", record.report_date().map_or_else(String::new, |day| day.to_string())),
        ],
    }
}

/// What the page is called.
fn title(of: &Complete) -> &'static str {
    if of.version.record.is_revised() { "Record the revised report" } else { "Record the report" }
}

/// Returns what management does before a report is recorded for the first time; none where it is done.
pub(super) fn comes_first(of: &Complete) -> Option<Gate> {
    if of.version.record.received().is_some() {
        return None;
    }
    before_report(&of.engagement, of.unconfirmed)
}

/// Where it is done: the end of an address, and what stands there.
pub(super) fn place_of(gate: &Gate) -> (&'static str, &'static str) {
    match gate {
        Gate::Changed(_) => ("/report#changed", "See what changed"),
        _ => ("/assertion", "Go to the assertion"),
    }
}

/// The page where nothing can be recorded, and why; none where it can.
fn closed(of: &Complete) -> Option<Page> {
    let body = if let Some(gate) = comes_first(of) {
        let (end, words) = place_of(&gate);
        html! { div.empty {
            @if matches!(gate, Gate::Changed(_)) {
                h3 { "Changed controls come first" }
                p { "The report holds controls as they are when it is recorded, and management signed before they changed. " (capital(&gate.to_string())) "." }
            } @else {
                h3 { "Management\u{2019}s assertion comes first" }
                p { "Every report holds it, and the engagement is frozen with the report. " (capital(&gate.to_string())) "." }
            }
            p { a.button.primary href={ (href(of.engagement.key)) (end) } { (words) } }
        } }
    } else if of.is_issued && !of.version.record.is_revised() {
        html! { div.empty {
            h3 { "The report was issued here" }
            p { "It needs nobody to record it again. A revised report is recorded once a fact that became known afterwards says that the auditor revises it." }
            p { a.button href=(href_of(of.engagement.key)) { "See the facts" } }
        } }
    } else {
        return None;
    };
    Some(page_of(&of.engagement, title(of), body))
}

/// What recording a report does, beside one that is there already.
fn follows(of: &Complete) -> Markup {
    let record = &of.version.record;
    html! {
        @if let (true, Some(before)) = (record.is_revised(), record.received()) {
            p { "It takes the place of the report dated " (moment::on(before.day)) ", " (before.file) " " (digest::chip(&before.digest)) ", which stays in the history. Whoever may read the report is given this one from then on; the copies that were given stay with those who have them, and the auditor decides how they are told." }
            p { "The engagement stays frozen: management\u{2019}s part is the one that was frozen with it. What the auditor wants changed in it stands in the revised file." }
        } @else { p { "The engagement is frozen with it: management\u{2019}s part stays as it is." } }
    }
}

/// The field that a word of a refusal stands for, in both forms.
const ABOUT: [(&str, &str); 4] = [
    ("audit firm", "firm"),
    ("the time of the examination", "day"),
    ("lies ahead", "day"),
    ("report is dated", "day"),
];

fn draw(of: &Complete, asked: &Asked, typed: &[(&str, String)], faults: &Faults) -> Page {
    let key = of.engagement.key;
    let value = |name: &str| typed.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
    let body = html! {
        (faults.summary())
        (hidden("version", &of.version.number.to_string()))
        p { "The report is the auditor\u{2019}s and stays as it was signed. Its date and digest are recorded here, so that letters can name it and anybody can see which file is meant." }
        (follows(of))
        p { a href={ (href(key)) "/received/file" } { "Record it with its file instead" } ", which is kept byte for byte: only then can the report be given to readers from here." }
        div.fields {
            (field(&Field { name: "firm", label: "Audit firm", value: value("firm"), fault: faults.of("firm"), ..Field::default() }))
            (field(&Field { name: "day", label: "Date of the report", value: value("day"), kind: Kind::Input("date"), fault: faults.of("day"), ..Field::default() }))
        }
        (field(&Field { name: "file", label: "Name of the file", value: value("file"), fault: faults.of("file"), ..Field::default() }))
        (field(&Field { name: "digest", label: "SHA-256 of the file", value: value("digest"), max: 71, fault: faults.of("digest"), hint: "64 hexadecimal digits, as sha256sum prints them.", ..Field::default() }))
        (send(title(of), &href_of(key)))
    };
    let inside = form(&format!("{}/received", href(key)), &asked.token, &body);
    page_of(&of.engagement, title(of), html! { div.narrow { (inside) } })
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let of = load(&state, &asked, &at).await?;
    let page = closed(&of).unwrap_or_else(|| draw(&of, &asked, &known(&of), &Faults::default()));
    asked.frame(&state, &page).await
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let mut names = FIELDS.to_vec();
    names.push("version");
    sent.only(&names)?;
    let ((key, from), catalog) = ((key(&at)?, version(&sent)?), catalog(&state)?);
    let generator = generator(&state);
    let typed: Vec<(&str, String)> = FIELDS.iter().map(|name| (*name, sent.text(name))).collect();
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let on = day("day", &sent.text("day"), &mut faults);
    let hex = sent.text("digest").to_lowercase();
    let digest: Option<Digest> = format!("sha256:{}", hex.trim_start_matches("sha256:")).parse().ok();
    if digest.is_none() {
        faults.add("digest", "it has 64 hexadecimal digits");
    }
    for (name, says) in [("firm", "say which firm signed"), ("file", "say what the file is called")] {
        if sent.text(name).is_empty() {
            faults.add(name, says);
        }
    }
    if let (Some(day), Some(digest), true) = (on, digest, faults.is_empty()) {
        let (firm, file) = (sent.text("firm"), sent.text("file"));
        let done = app
            .transact(actor, async |cx| {
                let receiving = Receiving { firm, day, file, digest, bytes: None };
                engagement::receive_report(cx, key, from, receiving, (catalog, generator)).await
            })
            .await;
        let about = [&[("name of the file", "file"), ("this file", "digest")][..], &ABOUT].concat();
        match completed(done, &href_of(key), &about) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    let of = load(&state, &asked, &at).await?;
    refused(&state, &asked, status, &draw(&of, &asked, &typed, &faults)).await
}

fn draw_with_file(of: &Complete, asked: &Asked, typed: &[(&str, String)], faults: &Faults) -> Page {
    let key = of.engagement.key;
    let value = |name: &str| typed.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
    let body = html! {
        (faults.summary())
        (hidden("version", &of.version.number.to_string()))
        p { "The file is kept byte for byte, as it was signed, and goes to readers that way, inside a copy that is made for each of them." }
        (follows(of))
        div.fields {
            (field(&Field { name: "firm", label: "Audit firm", value: value("firm"), fault: faults.of("firm"), ..Field::default() }))
            (field(&Field { name: "day", label: "Date of the report", value: value("day"), kind: Kind::Input("date"), fault: faults.of("day"), ..Field::default() }))
        }
        (files(&FilesField { name: "files", label: "Signed report (PDF)", hint: "Whole and without a password.", fault: faults.of("files"), accept: ".pdf,application/pdf", most_bytes: SECTION_BYTES, most_files: 1, is_optional: false }))
        (send(title(of), &href_of(key)))
    };
    let inside = form_with_files(&format!("{}/received/file", href(key)), &asked.token, &body);
    page_of(&of.engagement, &format!("{} with its file", title(of)), html! { div.narrow { (inside) } })
}

pub(super) async fn file_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let of = load(&state, &asked, &at).await?;
    let draw = || draw_with_file(&of, &asked, &known(&of), &Faults::default());
    let page = closed(&of).unwrap_or_else(draw);
    asked.frame(&state, &page).await
}

type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

fn receiving<'a>(
    (app, actor): (&'a App, &'a Actor),
    (key, from): (EngagementKey, i64),
    receiving: Receiving,
    with: (&'a Catalog, &'a str),
) -> Later<'a, Completed> {
    Box::pin(
        app.transact(actor, async move |cx| engagement::receive_report(cx, key, from, receiving, with).await),
    )
}

pub(super) async fn take_file(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let SentFiles { sent, files, refused: too_large, turn: _turn } = form.with_kept(app, actor).await?;
    sent.only(&["version", "firm", "day", KEPT[0], KEPT[1]])?;
    let ((key, from), catalog) = ((key(&at)?, version(&sent)?), catalog(&state)?);
    let typed = vec![("firm", sent.text("firm")), ("day", sent.text("day"))];
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let on = day("day", &sent.text("day"), &mut faults);
    if sent.text("firm").is_empty() {
        faults.add("firm", "say which firm signed");
    }
    let file = files.into_iter().next_back();
    match (&file, too_large) {
        (_, Some(says)) => faults.add("files", says),
        (None, None) => faults.add("files", "choose the signed file"),
        (Some(file), None) => {
            if let Err(error) = check_pdf(&file.bytes) {
                faults.add("files", error);
            }
        }
    }
    if let (Some(day), Some(file), true) = (on, file, faults.is_empty()) {
        let digest = Digest::of(&file.bytes);
        let given =
            Receiving { firm: sent.text("firm"), day, file: file.name, digest, bytes: Some(file.bytes) };
        let done = receiving((app, actor), (key, from), given, (catalog, generator(&state))).await;
        let about = [&[("the file", "files"), ("this file", "files")][..], &ABOUT].concat();
        match completed(done, &href_of(key), &about) {
            Ok(done) => {
                drop_kept(app, actor, &sent).await?;
                return Ok(done);
            }
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    let of = load(&state, &asked, &at).await?;
    refused(&state, &asked, status, &draw_with_file(&of, &asked, &typed, &faults)).await
}
