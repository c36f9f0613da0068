//! Who is in, and inviting somebody.

use std::collections::BTreeSet;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tickmark_app::Error;
use tickmark_app::identity::people;
use tickmark_core::identity::Role;

use super::{Caller, answer, go, pages};
use crate::WebState;
use crate::error::Refusal;
use crate::form;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inviting {
    form: String,
    email: String,
    role: String,
}

/// The page.
pub(super) async fn page(State(state): State<WebState>, caller: Caller) -> Result<Response, Refusal> {
    let (token, _) = form::offer(&state, &caller.headers);
    let view = look(&caller, &token).await?;
    Ok(pages::people(caller.theme, &view).into_response())
}

/// Makes an invitation; its link is shown this once.
pub(super) async fn invite(
    State(state): State<WebState>,
    caller: Caller,
    inviting: Result<Form<Inviting>, FormRejection>,
) -> Result<Response, Refusal> {
    let actor = caller.member()?;
    let Form(inviting) = inviting.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &inviting.form)?;
    let role: Role = inviting.role.parse().map_err(|_| Refusal::Malformed)?;
    let roles = BTreeSet::from([role]);
    let made = caller.app.transact(actor, async |cx| people::invite(cx, &inviting.email, &roles).await).await;
    let mut view = look(&caller, &inviting.form).await?;
    match made {
        Ok(link) => {
            view.link =
                Some((inviting.email.trim().to_owned(), format!("{}/join/{}", state.address(), link.text())));
            Ok(pages::people(caller.theme, &view).into_response())
        }
        Err(Error::StepUp) => Ok(go("/step-up?back=/people")),
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            view.says = Some(says);
            view.email = inviting.email.clone();
            Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, pages::people(caller.theme, &view)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn look(caller: &Caller, token: &str) -> Result<pages::PeopleView, Refusal> {
    let actor = caller.member()?;
    let (members, invitations) = caller
        .app
        .read(actor, async |view| Ok((people::members(view).await?, people::invitations(view).await?)))
        .await?;
    let now = caller.app.now();
    Ok(pages::PeopleView {
        token: token.to_owned(),
        members,
        open: invitations.into_iter().filter(|one| one.is_open(now)).collect(),
        may_invite: super::may_invite(actor),
        link: None,
        says: None,
        email: String::new(),
        now,
    })
}
