//! What is done with an item: submit, accept, return, withdraw, link, unlink.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use tickmark_app::Error;
use tickmark_app::evidence::item;
use tickmark_core::control::ControlId;

use super::{key, one};
use crate::WebState;
use crate::error::Refusal;
use crate::form::Sent;
use crate::guard::with_frames;
use crate::identity::go;
use crate::visit::Asked;

pub(super) async fn act(
    State(state): State<WebState>,
    Path((number, word)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&number)?;
    let fields: &[&str] = match word.as_str() {
        "submit" => &["revision"],
        "accept" | "return" | "withdraw" => &["revision", "reason"],
        "link" | "unlink" => &["revision", "control"],
        _ => return Err(Refusal::NotFound),
    };
    sent.only(fields)?;
    let revision: i64 = sent.text("revision").parse().map_err(|_| Refusal::Malformed)?;
    let reason = sent.text("reason");
    let named = sent.text("control").trim().to_owned();
    let control = || named.parse::<ControlId>();
    let unknown = || Error::invalid(format!("no control is called {named:?}"));
    let done = match word.as_str() {
        "submit" => app.transact(actor, async |cx| item::submit(cx, key, revision).await).await,
        "accept" => app.transact(actor, async |cx| item::accept(cx, key, revision, &reason).await).await,
        "return" => app.transact(actor, async |cx| item::give_back(cx, key, revision, &reason).await).await,
        "withdraw" => app.transact(actor, async |cx| item::withdraw(cx, key, revision, &reason).await).await,
        // Where controls are many, somebody typed it.
        "link" => match control() {
            Ok(control) => {
                let linked = app.transact(actor, async |cx| item::link(cx, key, revision, &control).await);
                linked.await.map_err(|error| match error {
                    Error::NotFound { .. } => unknown(),
                    error => error,
                })
            }
            Err(_) => Err(unknown()),
        },
        _ => {
            let control = control().map_err(|_| Refusal::Malformed)?;
            app.transact(actor, async |cx| item::unlink(cx, key, revision, &control).await).await
        }
    };
    let (status, says) = match done {
        Ok(_) => return Ok(go(&format!("/evidence/items/{key}"))),
        Err(Error::Invalid(says)) => (StatusCode::UNPROCESSABLE_ENTITY, says),
        Err(Error::Conflict(says)) => (StatusCode::CONFLICT, says),
        Err(error) => return Err(error.into()),
    };
    let tried = one::Tried { act: word, says, reason };
    let page = one::draw(&state, &asked, key, Some(&tried)).await?;
    Ok(with_frames(asked.frame_refused(&state, status, &page).await?))
}
