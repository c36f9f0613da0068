//! Documents: the list and their downloads.

mod pages;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use bytes::BytesMut;
use futures_util::stream;
use maud::Markup;
use tickmark_core::job::JobKind;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

pub use pages::{Document, ReportRow, documents};

use crate::error::Refusal;
use crate::evidence::{self, BYTES};
use crate::route::get;
use crate::visit::Asked;
use crate::{Route, WebState, job};

/// Bytes of a document that are in memory at one time.
const CHUNK_BYTES: usize = 64 * 1024;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/reports", example: "/reports", handler: get(list) },
        Route { path: "/reports/{file}", example: "/reports/readiness.pdf", handler: get(download) },
    ]
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let rows = state.source().reports().await?;
    let write = job::ask(&asked, JobKind::Report, "Write the report");
    let asks = !write.0.is_empty();
    let is_under_way = asks && job::is_under_way(&state, &asked, JobKind::Report).await?;
    let mut page = pages::list(&rows, asked.visit.now, asks, is_under_way);
    page.actions = write;
    asked.frame(&state, &page).await
}

/// Sends a document of the output folder. Only the names in the list of documents exist.
async fn download(
    State(state): State<WebState>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    taken(&state, &asked, &name, false).await
}

/// The same; `is_bytes` if it is no document to be shown, whatever is in it.
pub(crate) async fn taken(
    state: &WebState,
    asked: &Asked,
    name: &str,
    is_bytes: bool,
) -> Result<Response, Refusal> {
    let document = documents().iter().find(|document| document.file == name).ok_or(Refusal::NotFound)?;
    let path = state.source().report_folder().ok_or(Refusal::NotFound)?.join(document.file);
    let file = match File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Refusal::NotFound),
        Err(error) => return Err(Refusal::Internal(format!("open {}: {error}", path.display()))),
    };
    let about = file
        .metadata()
        .await
        .map_err(|error| Refusal::Internal(format!("read {}: {error}", path.display())))?;
    if !about.is_file() {
        return Err(Refusal::NotFound);
    }
    // Recorded before the first byte leaves.
    if let Ok((app, actor)) = asked.member(state) {
        app.transact(actor, async |cx| tickmark_app::report::take_away(cx, document.file).await).await?;
    }
    let kind = if is_bytes { BYTES } else { document.media_type };
    let body = ([(CONTENT_LENGTH, about.len().to_string())], Body::from_stream(chunks(file)));
    Ok(evidence::taken(document.file, kind, body))
}

fn chunks(file: File) -> impl stream::Stream<Item = std::io::Result<bytes::Bytes>> {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), file)))
    })
}
