//! Diagrams of a description: putting them in, and showing them.

use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::engagement::{self, Changed, NewDiagram, Version};
use tickmark_app::{Actor, App};
use tickmark_core::Digest;
use tickmark_core::control::TITLE_MAX;
use tickmark_core::engagement::{
    ALTERNATIVE_MAX, DIAGRAM_ACCEPT, DIAGRAM_BYTES, DIAGRAMS_MAX, Diagram, Engagement, EngagementKey,
    ReportKind,
};

use super::paper::{load, paragraphs};
use super::{href, key, outcome, page_of, refused};
use crate::WebState;
use crate::design::form::{Faults, Field, FilesField, Kind, field, files, form_with_files, hidden, send};
use crate::design::frame::Page;
use crate::design::size;
use crate::error::Refusal;
use crate::evidence::attachment;
use crate::guard::SANDBOX;
use crate::upload::{KEPT, SentFiles, drop_kept};
use crate::visit::Asked;

/// The diagrams of a description, with the ways to change them.
pub(super) fn shown(record: &Engagement, may: bool) -> Markup {
    let path = format!("{}/diagrams", href(record.key));
    let diagrams = record.described().diagrams;
    html! {
        section.card aria-labelledby="diagrams" {
            h2 id="diagrams" { "Diagrams of the system" }
            @if diagrams.is_empty() {
                p.muted { "None." @if may { " One that shows the parts of the system and its boundary helps readers most." } }
            }
            @for (place, one) in diagrams.iter().enumerate() {
                (figure(&path, place, one))
                @if may { p { a.button href={ (path) "/" (one.digest.hex()) } { "Change figure " (place + 1) } } }
            }
            @if may && diagrams.len() < DIAGRAMS_MAX { p { a.button href={ (path) "/new" } { "Add a diagram" } } }
        }
    }
}

/// The diagrams as whoever signs sees them.
pub(super) fn seen(record: &Engagement) -> Markup {
    let path = format!("{}/diagrams", href(record.key));
    html! {
        @for (place, one) in record.described().diagrams.iter().enumerate() {
            section.card { (figure(&path, place, one)) }
        }
    }
}

fn figure(path: &str, place: usize, one: &Diagram) -> Markup {
    html! {
        figure.diagram {
            img src={ (path) "/" (one.digest.hex()) "/picture" } alt=(one.alternative) width=(one.width) height=(one.height) loading="lazy";
            figcaption { "Figure " (place + 1) ": " (one.caption) }
        }
        details.act { summary { "What figure " (place + 1) " shows, in words" } (paragraphs(&one.alternative)) p.muted { (one.name) ", " (size(one.size)) ", " (one.width) " \u{d7} " (one.height) " pixels" } }
    }
}

/// Which diagram an address is about; none for a new one.
fn which(record: &Engagement, at: &str) -> Result<Option<Diagram>, Refusal> {
    if record.holds().kind == ReportKind::Soc3 {
        return Err(Refusal::NotFound);
    }
    if at == "new" {
        return Ok(None);
    }
    let digest = digest(at)?;
    let found = record.described().diagrams.into_iter().find(|one| one.digest == digest);
    Ok(Some(found.ok_or(Refusal::NotFound)?))
}

fn digest(hex: &str) -> Result<Digest, Refusal> {
    format!("sha256:{hex}").parse().map_err(|_| Refusal::NotFound)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, word)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (version, _) = load(&state, &asked, &at).await?;
    let held = which(&version.record, &word)?;
    let typed = held.as_ref().map(|one| (one.caption.clone(), one.alternative.clone())).unwrap_or_default();
    asked.frame(&state, &draw(&version, held.as_ref(), &typed, &asked, &Faults::default())).await
}

fn draw(
    version: &Version,
    held: Option<&Diagram>,
    (caption, alternative): &(String, String),
    asked: &Asked,
    faults: &Faults,
) -> Page {
    let record = &version.record;
    let href = href(record.key);
    let path = format!("{href}/diagrams");
    let action = format!("{path}/{}", held.map_or_else(|| "new".to_owned(), |one| one.digest.hex()));
    let body = html! {
        div.narrow.stack {
            (form_with_files(&action, &asked.token, &html! {
                (faults.summary())
                (hidden("version", &version.number.to_string()))
                @if let Some(one) = held { figure.diagram { img src={ (path) "/" (one.digest.hex()) "/picture" } alt=(one.alternative) width=(one.width) height=(one.height); } }
                (files(&FilesField { name: "files", label: if held.is_some() { "Another picture in its place" } else { "Picture" }, hint: "PNG or JPEG, whole. Nothing in it helps an attacker: no addresses, no names of machines.", fault: faults.of("files"), accept: DIAGRAM_ACCEPT, most_bytes: DIAGRAM_BYTES, most_files: 1, is_optional: held.is_some() }))
                (field(&Field { name: "caption", label: "Caption", value: caption, max: TITLE_MAX, fault: faults.of("caption"), hint: "What stands under it. As: The payroll system and its boundary.", ..Field::default() }))
                (field(&Field { name: "alternative", label: "What it shows, in words", kind: Kind::Area(5), value: alternative, max: ALTERNATIVE_MAX, fault: faults.of("alternative"), hint: "For readers who do not see it: the parts, what goes between them, and what is inside the boundary.", ..Field::default() }))
                (send("Save", &format!("{href}/description")))
            }))
            @if held.is_some() {
                details.act {
                    summary { "Take the diagram out" }
                    form method="post" action=(action) enctype="multipart/form-data" {
                        (hidden("form", &asked.token)) (hidden("version", &version.number.to_string())) (hidden("remove", "yes"))
                        p.muted { "Earlier versions of the description keep it. The description is reviewed and approved again." }
                        p.row { button.button type="submit" { "Take it out" } }
                    }
                }
            }
        }
    };
    let mut page = page_of(record, if held.is_some() { "Diagram" } else { "Add a diagram" }, body);
    page.crumbs.push(("Description".into(), format!("{href}/description")));
    page
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 5] = [
    ("caption", "caption"),
    ("alternative text", "alternative"),
    ("was not taken", "files"),
    ("choose the file", "files"),
    ("this picture", "files"),
];

type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

fn putting<'a>(
    app: &'a App,
    actor: &'a Actor,
    (key, from): (EngagementKey, i64),
    held: Option<Digest>,
    new: NewDiagram,
) -> Later<'a, Changed> {
    Box::pin(app.transact(actor, async move |cx| engagement::put_diagram(cx, key, from, held, new).await))
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path((at, word)): Path<(String, String)>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let SentFiles { sent, files, refused: too_large, turn: _turn } = form.with_kept(app, actor).await?;
    sent.only(&["version", "remove", "caption", "alternative", KEPT[0], KEPT[1]])?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (version, _) = load(&state, &asked, &at).await?;
    let held = which(&version.record, &word)?;
    let digest = held.as_ref().map(|one| one.digest);
    let done = format!("{}/description", href(key));
    let typed = (sent.text("caption"), sent.text("alternative"));
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let mut faults = Faults::default();
    if let (Some(digest), "yes") = (digest, sent.text("remove").as_str()) {
        let changed =
            app.transact(actor, async |cx| engagement::remove_diagram(cx, key, from, digest).await).await;
        match outcome(changed, &done, &[]) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
        return refused(&state, &asked, status, &draw(&version, held.as_ref(), &typed, &asked, &faults))
            .await;
    }
    if typed.0.is_empty() {
        faults.add("caption", "say what stands under it");
    }
    if typed.1.is_empty() {
        faults.add("alternative", "say what it shows, for those who do not see it");
    }
    let file = files.into_iter().next().map(|file| (file.name, file.bytes));
    match (&file, too_large) {
        (_, Some(says)) => faults.add("files", says),
        (None, None) if held.is_none() => faults.add("files", "choose the picture"),
        _ => {}
    }
    if faults.is_empty() {
        let new = NewDiagram { caption: typed.0.clone(), alternative: typed.1.clone(), file };
        match outcome(putting(app, actor, (key, from), digest, new).await, &done, &ABOUT) {
            Ok(done) => {
                drop_kept(app, actor, &sent).await?;
                return Ok(done);
            }
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    refused(&state, &asked, status, &draw(&version, held.as_ref(), &typed, &asked, &faults)).await
}

/// Sends a picture of the description as it is written now.
pub(super) async fn picture(
    State(state): State<WebState>,
    Path((at, hex)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (diagram, bytes) = engagement::read_diagram(app, actor, key(&at)?, digest(&hex)?).await?;
    let disposition = attachment(&diagram.name).replacen("attachment", "inline", 1);
    let headers = [
        (CONTENT_TYPE, diagram.media_type),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
    ];
    Ok((headers, bytes).into_response())
}
