//! The ledger: its checkpoint and who signed it, its latest leaves, and proofs to read and to take away.

mod consistency;
mod outside;
mod pages;
mod policy;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::Markup;
use serde_json::json;
use tickmark_core::Digest;

pub use consistency::ConsistencyView;
pub use outside::{ANCHORS_SHOWN, AnchorRow, CosignatureRow, KeyRow, OutsideView, PlaceRow, SilentRow};
pub use pages::{LeafRow, LeafView, LedgerView, ScrubView};
pub use policy::{PolicyRow, PolicyView};

use crate::error::Refusal;
use crate::evidence::taken;
use crate::route::get;
use crate::visit::Asked;
use crate::{Route, WebState};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/ledger", example: "/ledger", handler: get(log) },
        Route { path: "/ledger/leaves/{index}", example: "/ledger/leaves/0", handler: get(leaf) },
        Route {
            path: "/ledger/leaves/{index}/tlog-proof",
            example: "/ledger/leaves/0/tlog-proof",
            handler: get(leaf_proof),
        },
        Route {
            path: "/ledger/leaves/{index}/proof.json",
            example: "/ledger/leaves/0/proof.json",
            handler: get(leaf_json),
        },
        Route {
            path: "/ledger/consistency",
            example: "/ledger/consistency?from=1000&to=1042",
            handler: get(consistency_between),
        },
        Route {
            path: "/ledger/consistency/{old}/{new}",
            example: "/ledger/consistency/1000/1042",
            handler: get(consistency_json),
        },
        Route {
            path: "/ledger/consistency/{old}/{new}/proof.txt",
            example: "/ledger/consistency/1000/1042/proof.txt",
            handler: get(consistency_text),
        },
        Route { path: "/ledger/checkpoint", example: "/ledger/checkpoint", handler: get(checkpoint) },
    ]
}

async fn log(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let before = asked.query.get("before").map(number).transpose()?;
    let view = state.source().ledger(before).await?;
    asked.frame(&state, &pages::log(&view, &asked.query, asked.visit.now)).await
}

async fn leaf(
    State(state): State<WebState>,
    Path(index): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let view = state.source().leaf(number(&index)?).await?;
    asked.frame(&state, &pages::leaf(&view)).await
}

/// The newest signed checkpoint, or the one of a size.
async fn checkpoint(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    let size = asked.query.get("size").map(number).transpose()?;
    let (size, note) = state.source().checkpoint(size).await?;
    if size == 0 {
        return Err(Refusal::NotFound);
    }
    let name =
        asked.query.get("size").map_or("checkpoint.txt".to_owned(), |_| format!("checkpoint-{size}.txt"));
    Ok(taken(&name, "text/plain; charset=utf-8", note))
}

async fn leaf_proof(State(state): State<WebState>, Path(index): Path<String>) -> Result<Response, Refusal> {
    let view = state.source().leaf(number(&index)?).await?;
    let name = format!("leaf-{}.tlog-proof", view.row.index);
    Ok(taken(&name, "text/plain; charset=utf-8", view.proof_text))
}

async fn leaf_json(State(state): State<WebState>, Path(index): Path<String>) -> Result<Response, Refusal> {
    let view = state.source().leaf(number(&index)?).await?;
    let document = json!({
        "index": view.row.index,
        "leaf": view.bytes,
        "leaf_hash": view.row.hash.hex(),
        "size": view.size,
        "root": view.root.hex(),
        "hashes": view.proof.iter().map(Digest::hex).collect::<Vec<_>>(),
        "tlog_proof": view.proof_text,
    });
    Ok(taken(&format!("leaf-{}.json", view.row.index), "application/json", pretty(&document)))
}

async fn consistency_between(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let size = |key: &str| asked.query.get(key).map(number).transpose();
    let (old, new) = (size("from")?, size("to")?);
    let log = state.source().ledger(None).await?;
    let new = new.unwrap_or(log.size);
    let view = match old {
        Some(old) if old > 0 && old <= new && new <= log.size => {
            Some(state.source().consistency(old, new).await?)
        }
        _ => None,
    };
    asked.frame(&state, &consistency::page(&log, view.as_ref(), old, new)).await
}

async fn consistency_json(
    State(state): State<WebState>,
    Path((old, new)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let view = state.source().consistency(number(&old)?, number(&new)?).await?;
    let document = json!({
        "old_size": view.old_size,
        "old_root": view.old_root.hex(),
        "new_size": view.new_size,
        "new_root": view.new_root.hex(),
        "hashes": view.hashes.iter().map(Digest::hex).collect::<Vec<_>>(),
    });
    let name = format!("consistency-{}-{}.json", view.old_size, view.new_size);
    Ok(taken(&name, "application/json", pretty(&document)))
}

async fn consistency_text(
    State(state): State<WebState>,
    Path((old, new)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let view = state.source().consistency(number(&old)?, number(&new)?).await?;
    let text = view.text.ok_or(Refusal::NotFound)?;
    let name = format!("consistency-{}-{}.txt", view.old_size, view.new_size);
    Ok(taken(&name, "text/plain; charset=utf-8", text))
}

fn pretty(document: &serde_json::Value) -> String {
    format!("{document:#}\n")
}

/// Reads a size or an index of an address; anything else is an address of nothing.
fn number(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}
