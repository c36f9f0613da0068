//! Letters that go out, without what stands in them: how far each has come, and sending again what failed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::mail::{self, Sending};
use tickmark_core::identity::Resource::Notification;
use tickmark_core::identity::Verb::Update;

use super::answer::Answered;
use super::asking::number;
use super::call::{Call, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::Nothing;
use crate::WebState;
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[Operation::list::<Letter>(
    "listLetters",
    ("/letters", "/letters"),
    "The newest letters by mail, newest first, without what stands in them",
    Notification,
    || get(list),
)
.for_people()];

pub(super) static WRITES: &[Writing] = &[Writing::post::<Nothing, Letter>(
    "sendLetterAgain",
    ("/letters/{key}/sending", "/letters/1/sending"),
    "Lets a letter go out again that was tried in vain",
    (Notification, Update),
    || post(again),
)
.for_people()];

/// A letter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Letter {
    key: i64,
    /// What it is about, e.g. `invitation`.
    kind: String,
    recipient: String,
    /// `waiting`, `sending`, `sent`, `failed` or `called_off`.
    state: String,
    made_at: String,
    /// After that it is of no use.
    good_until: Option<String>,
    /// Not before then.
    due_at: String,
    attempts: u32,
    ended_at: Option<String>,
    /// Why it failed last time; may be empty.
    problem: String,
    /// Whether its content is still there, so that it can be sent.
    has_content: bool,
}

impl From<&Sending> for Letter {
    fn from(one: &Sending) -> Self {
        Self {
            key: one.key,
            kind: one.kind.word().to_owned(),
            recipient: one.recipient.clone(),
            state: one.state.word().to_owned(),
            made_at: one.made_at.to_string(),
            good_until: one.good_until.map(|at| at.to_string()),
            due_at: one.due_at.to_string(),
            attempts: one.attempts,
            ended_at: one.ended_at.map(|at| at.to_string()),
            problem: one.problem.clone(),
            has_content: one.has_content,
        }
    }
}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(mail::list(view).await?.iter().map(Letter::from).collect()),
        |item: &Letter| item.key.to_string(),
    )
    .await
}

async fn again(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let key = number(&key)?;
    write(&state, &asked, &call, async |cx| {
        mail::send_again(cx, key).await?;
        done(StatusCode::OK, &Letter::from(&mail::find(cx, key).await?), "", "")
    })
    .await
}
