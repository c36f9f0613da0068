//! One's own account: who one is here, and where one is signed in.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tickmark_app::identity::{Access, session};

use super::{Caller, go, pages};
use crate::WebState;
use crate::error::Refusal;
use crate::form;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ending {
    form: String,
}

/// The page.
pub(super) async fn page(State(state): State<WebState>, caller: Caller) -> Result<Response, Refusal> {
    let actor = caller.member()?;
    let (sessions, codes_left) = caller
        .app
        .read(actor, async |view| Ok((session::mine(view).await?, session::codes_left(view).await?)))
        .await?;
    let Access::Member(signed_in) = &actor.access else { return Err(Refusal::NotFound) };
    let (token, _) = form::offer(&state, &caller.headers);
    let view = pages::AccountView {
        name: actor.label.clone(),
        organization: actor.organization.name.clone(),
        roles: signed_in.subject.roles.iter().map(|role| role.name()).collect(),
        own: signed_in.session,
        sessions,
        codes_left,
        may_see_people: crate::permission::offers(actor, "/people"),
        now: state.now(),
    };
    Ok(pages::account(caller.theme, &token, &view).into_response())
}

/// Ends one session.
pub(super) async fn end_one(
    State(state): State<WebState>,
    Path(id): Path<String>,
    caller: Caller,
    ending: Result<Form<Ending>, FormRejection>,
) -> Result<Response, Refusal> {
    let actor = caller.member()?;
    let Form(ending) = ending.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &ending.form)?;
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    caller.app.transact(actor, async |cx| session::revoke(cx, id).await).await?;
    Ok(go("/account"))
}

/// Ends all sessions but this one.
pub(super) async fn end_others(
    State(state): State<WebState>,
    caller: Caller,
    ending: Result<Form<Ending>, FormRejection>,
) -> Result<Response, Refusal> {
    let actor = caller.member()?;
    let Form(ending) = ending.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &ending.form)?;
    caller.app.transact(actor, async |cx| session::revoke_others(cx).await).await?;
    Ok(go("/account"))
}
