//! Freezing a list, and confirming that nothing happened.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::evidence::item::UPLOAD;
use tickmark_app::program::performance::EvidenceFile;
use tickmark_app::program::population;
use tickmark_core::evidence::media;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{Checked, Population, need_checks};

use super::{href, key, wrong};
use crate::WebState;
use crate::design::form::{Faults, FilesField, capital, files, form_with_files, send};
use crate::design::frame::{Page, Place};
use crate::error::Refusal;
use crate::identity::go;
use crate::upload::SentFiles;
use crate::visit::Asked;

async fn known(
    state: &WebState,
    asked: &Asked,
    key: PopulationKey,
) -> Result<(Population, Vec<Checked>), Refusal> {
    let (app, actor) = asked.member(state)?;
    let known = app
        .read(actor, async |view| {
            Ok((population::find(view, key).await?, population::checks(view, key).await?))
        })
        .await?;
    Ok(known)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (one, checks) = known(&state, &asked, key(&at)?).await?;
    asked.frame(&state, &draw(&one, &checks, &asked.token, &Faults::default())).await
}

fn draw(one: &Population, checks: &[Checked], token: &str, faults: &Faults) -> Page {
    let path = href(one.key);
    let action = format!("{path}/freeze");
    let misses = need_checks(one.key, checks, one.ipe.as_ref()).err();
    let body = html! {
        div.narrow.stack {
            (faults.summary())
            @if one.frozen.is_some() {
                div.empty { h3 { "It is frozen" } p { a.button href=(path) { "The population" } } }
            } @else if one.items > 0 {
                @if let Some(misses) = &misses {
                    div.empty { h3 { "It cannot be frozen yet" } p { (capital(&misses.to_string())) "." } p { a.button.primary href={ (path) "/checks" } { "Check it" } } }
                } @else {
                    (form_with_files(&action, token, &html! {
                        p { (one.items) " items. From here on they do not change: what testing finds about them is added, and samples are drawn from them." }
                        (send("Freeze the list", &path))
                    }))
                }
            } @else {
                (form_with_files(&action, token, &html! {
                    p { "You confirm that the trigger produced nothing in this time: " (one.definition.trigger) "." }
                    (files(&FilesField {
                        name: "files", label: "What shows it",
                        hint: &format!("The empty report with its query, or the log of the time. {}.", capital(media::ACCEPTED)),
                        fault: faults.of("files"), accept: media::ACCEPT, most_bytes: UPLOAD.file_bytes, most_files: 1, is_optional: false,
                    }))
                    (send("Confirm and freeze", &path))
                }))
            }
        }
    };
    let title = if one.items > 0 { "Freeze the list" } else { "Confirm that nothing happened" };
    let mut page = Page::new(Place::Populations, title, body);
    page.lead = html! { (one.definition.title) };
    page.crumbs =
        vec![("Populations".into(), "/populations".into()), (format!("Population {}", one.key), path)];
    page
}

/// A file that shows that nothing happened, as its bytes say what it is.
pub(crate) fn shows_zero(name: &str, bytes: bytes::Bytes) -> Result<EvidenceFile, String> {
    let format = media::Format::of(name, &bytes).map_err(|error| error.to_string())?;
    Ok(EvidenceFile { name: name.to_owned(), media_type: format.media_type.to_owned(), bytes })
}

pub(super) async fn freeze(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    let SentFiles { sent, files, refused: too_large, turn: _turn } = form;
    sent.only(&[])?;
    let (one, checks) = known(&state, &asked, key).await?;
    let mut faults = Faults::default();
    let mut zero = None;
    match (too_large, files.into_iter().next()) {
        (Some(says), _) => faults.add("files", says),
        (None, Some(file)) => match shows_zero(&file.name, file.bytes) {
            Ok(file) => zero = Some(file),
            Err(says) => faults.add("files", says),
        },
        (None, None) if one.items == 0 => faults.add("files", "choose what shows that nothing happened"),
        (None, None) => {}
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        match app.transact(actor, async |cx| population::freeze(cx, key, zero.clone()).await).await {
            Ok(_) => return Ok(go(&href(key))),
            Err(error) => (status, faults) = wrong(error, &[])?,
        }
    }
    asked.frame_refused(&state, status, &draw(&one, &checks, &asked.token, &faults)).await
}
