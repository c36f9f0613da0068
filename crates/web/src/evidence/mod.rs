//! Raw evidence: the list, one artifact as text or bytes, and its download.

pub mod item;
mod keeping;
mod pages;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::Markup;
use tickmark_core::Digest;

pub use pages::{ArtifactRow, ArtifactView, Origin, artifact_table, how};

use crate::error::Refusal;
use crate::guard::SANDBOX;
use crate::list::{self, Listed};
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, Route, WebState};

/// An address of the sample data: the digest of `Linux ada-01 6.12.57 x86_64` and a line end.
const EXAMPLE: &str = "/evidence/c3037f689a39ea5095d2339cbcbe346a53860db4162df51616b654332b7d97cf";

/// The same, downloaded.
const EXAMPLE_DOWNLOAD: &str =
    "/evidence/c3037f689a39ea5095d2339cbcbe346a53860db4162df51616b654332b7d97cf/download";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/evidence", example: "/evidence", handler: get(list) },
        Route { path: "/evidence/{digest}", example: EXAMPLE, handler: get(one) },
        Route { path: "/evidence/{digest}/download", example: EXAMPLE_DOWNLOAD, handler: get(download) },
    ]
}

pub(crate) fn desk_routes() -> Vec<Desk> {
    item::desk_routes().into_iter().chain(keeping::desk_routes()).collect()
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    list::show(&state, &asked, listed(&state, &asked).await?).await
}

pub(crate) async fn listed(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    Ok(pages::list(&state.source().artifacts().await?, asked.visit.now))
}

async fn one(
    State(state): State<WebState>,
    Path(digest): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let view = state.source().artifact(&parse(&digest)?).await?;
    asked.frame(&state, &pages::one(&view)).await
}

async fn download(
    State(state): State<WebState>,
    Path(digest): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let digest = parse(&digest)?;
    let view = state.source().artifact(&digest).await?;
    // Recorded before the first byte leaves. Whoever only looks, on the machine, has the folder in hand anyway.
    if let Ok((app, actor)) = asked.member(&state) {
        app.transact(actor, async |cx| tickmark_app::evidence::take_away(cx, digest).await).await?;
    }
    // Foreign bytes never get a type that a browser would show, whatever they claim to be.
    Ok(taken(&pages::file_name(&view), BYTES, view.bytes))
}

fn parse(hex: &str) -> Result<Digest, Refusal> {
    format!("sha256:{hex}").parse().map_err(|_| Refusal::NotFound)
}

/// The type of what a browser shows in no way.
pub(crate) const BYTES: &str = "application/octet-stream";

/// A file that is taken away: a browser saves it under `name`, and runs nothing in it.
pub(crate) fn taken(name: &str, kind: &str, body: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, attachment(name)),
        (CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
    ];
    (headers, body).into_response()
}

/// A file that is shown where it stands.
pub(crate) fn inline(kind: &str, policy: &str, bytes: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, "inline".to_owned()),
        (CONTENT_SECURITY_POLICY, policy.to_owned()),
    ];
    (headers, bytes).into_response()
}

/// The header value that makes a browser save a file under `name`.
pub(crate) fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", crate::design::segment(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_names_cannot_leave_the_header() {
        assert_eq!(
            attachment("a\"\r\nX: 1/é.txt"),
            "attachment; filename=\"a___X__1__.txt\"; filename*=UTF-8''a%22%0D%0AX%3A%201%2F%C3%A9.txt"
        );
    }
}
