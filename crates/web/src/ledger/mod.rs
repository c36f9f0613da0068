//! The ledger: its checkpoint, its latest leaves, and the proof of one leaf.

mod pages;

use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::Markup;

pub use pages::{LeafRow, LeafView, LedgerView};

use crate::error::Refusal;
use crate::evidence::attachment;
use crate::guard::SANDBOX;
use crate::visit::Asked;
use crate::{Route, WebState};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/ledger", example: "/ledger", handler: get(log) },
        Route { path: "/ledger/leaves/{index}", example: "/ledger/leaves/0", handler: get(leaf) },
        Route { path: "/ledger/checkpoint", example: "/ledger/checkpoint", handler: get(checkpoint) },
    ]
}

async fn log(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let view = state.source().ledger().await?;
    asked.frame(&state, &pages::log(&view, asked.visit.now)).await
}

async fn leaf(
    State(state): State<WebState>,
    Path(index): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let index = index.parse().map_err(|_| Refusal::NotFound)?;
    let view = state.source().leaf(index).await?;
    asked.frame(&state, &pages::leaf(&view)).await
}

async fn checkpoint(State(state): State<WebState>) -> Result<Response, Refusal> {
    let view = state.source().ledger().await?;
    if view.size == 0 {
        return Err(Refusal::NotFound);
    }
    let headers: [(HeaderName, String); 3] = [
        (CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, attachment("checkpoint.txt")),
        (CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
    ];
    Ok((headers, view.checkpoint).into_response())
}
