//! The files of items: looked at in a page, or taken away. Foreign bytes never run here, whatever they are.

use axum::extract::{Path, State};
use axum::response::Response;
use tickmark_app::evidence::item::{self, Purpose};
use tickmark_core::evidence::media::{self, Format, Shown};

use super::key;
use crate::WebState;
use crate::error::Refusal;
use crate::evidence::{BYTES, inline, taken};
use crate::guard::{FRAMED, SANDBOX};
use crate::visit::Asked;

type Place = Path<(String, i64, i64)>;

/// A file to be looked at: a picture as itself, text as nothing but text, and what a browser cannot show without running
/// it as a file to be saved.
pub(super) async fn look(
    State(state): State<WebState>,
    Path((number, version, seq)): Place,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (file, bytes) = item::read_file(app, actor, key(&number)?, version, seq, Purpose::Look).await?;
    let shown = Format::by_media_type(&file.media_type).map(|format| format.shown);
    Ok(match shown {
        Some(Shown::Picture) if media::is_shown(&bytes) => inline(&file.media_type, SANDBOX, bytes),
        Some(Shown::Text) => inline("text/plain; charset=utf-8", SANDBOX, bytes),
        _ => taken(&file.name, BYTES, bytes),
    })
}

/// A document in the frame of its item's page: nothing in it runs, and no other site shows it.
pub(super) async fn pages(
    State(state): State<WebState>,
    Path((number, version, seq)): Place,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (file, bytes) = item::read_file(app, actor, key(&number)?, version, seq, Purpose::Look).await?;
    let shown = Format::by_media_type(&file.media_type).map(|format| format.shown);
    if shown != Some(Shown::Pages) || !media::is_pages(&bytes) {
        return Err(Refusal::NotFound);
    }
    Ok(inline(&file.media_type, FRAMED, bytes))
}

/// A file to be taken away.
pub(super) async fn take(
    State(state): State<WebState>,
    Path((number, version, seq)): Place,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (file, bytes) = item::read_file(app, actor, key(&number)?, version, seq, Purpose::TakeAway).await?;
    Ok(taken(&file.name, BYTES, bytes))
}
