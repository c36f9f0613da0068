//! What one is told of: one's own notices, and that they are read. Nobody sees those of others.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::notice::{self, Kept};
use tickmark_app::{Cx, Error};
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

pub(super) static LOOKS: &[Operation] = &[Operation::list::<Notice>(
    "listNotices",
    ("/notices", "/notices"),
    "What one is told of, newest first, the newest 200",
    Notification,
    || get(list),
)
.for_members()
.for_people()];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<Nothing, Read>(
        "readNotice",
        ("/notices/{key}/reading", "/notices/1/reading"),
        "Marks one's own notice as read",
        (Notification, Update),
        || post(read_one),
    )
    .for_members()
    .for_people(),
    Writing::post::<Nothing, Read>(
        "readNotices",
        ("/notices/reading", "/notices/reading"),
        "Marks all of one's own notices as read",
        (Notification, Update),
        || post(read_all),
    )
    .for_members()
    .for_people(),
];

/// Something one is told of.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Notice {
    key: i64,
    /// What kind of thing it is about, e.g. `decision`.
    matter: String,
    /// `new`, `soon`, `today`, `overdue` or `escalated`.
    step: String,
    title: String,
    /// More lines; may be empty.
    detail: String,
    /// Where it is in the pages.
    path: String,
    /// First moment at which it is too late.
    due: Option<String>,
    made_at: String,
    read_at: Option<String>,
}

impl From<&Kept> for Notice {
    fn from(kept: &Kept) -> Self {
        Self {
            key: kept.key,
            matter: kept.matter.word().to_owned(),
            step: kept.step.word().to_owned(),
            title: kept.title.clone(),
            detail: kept.detail.clone(),
            path: kept.path.clone(),
            due: kept.due.map(|at| at.to_string()),
            made_at: kept.made_at.to_string(),
            read_at: kept.read_at.map(|at| at.to_string()),
        }
    }
}

/// How many are left.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Read {
    /// Notices that one has not read.
    unread: usize,
}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(notice::list(view).await?.iter().map(Notice::from).collect()),
        |item: &Notice| item.key.to_string(),
    )
    .await
}

async fn read_one(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let key = number(&key)?;
    write(&state, &asked, &call, async |cx| {
        if !notice::list(cx).await?.iter().any(|one| one.key == key) {
            return Err(Error::not_found("notice", key));
        }
        read(cx, Some(key)).await
    })
    .await
}

async fn read_all(State(state): State<WebState>, asked: Asked, call: Call<Nothing>) -> Answered {
    write(&state, &asked, &call, async |cx| read(cx, None).await).await
}

async fn read(cx: &mut Cx<'_>, key: Option<i64>) -> Result<super::call::Done, Error> {
    notice::mark_read(cx, key).await?;
    let unread = notice::unread(cx).await?;
    done(StatusCode::OK, &Read { unread }, "", "")
}
