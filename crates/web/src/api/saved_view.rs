//! Views of lists that people named: a filter and an order, one's own and those that others share.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::saved_view::{self, SavedView as Record};
use tickmark_core::identity::Resource::Control;
use tickmark_core::identity::Verb::Update;

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::Nothing;
use crate::WebState;
use crate::error::Refusal;
use crate::list::views::{place_of, query_of};
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[Operation::list::<SavedView>(
    "listViews",
    ("/views", "/views"),
    "Views of lists, by list and name: one's own, and those that others share",
    Control,
    || get(list),
)
.filtered(&[("list", "Only of this list")])
.for_members()
.for_people()];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewView, SavedView>(
        "saveView",
        ("/views", "/views"),
        "Names a filter and an order of a list; sent twice it is kept once",
        (Control, Update),
        || post(save),
    )
    .created()
    .for_members()
    .for_people(),
    Writing::post::<Nothing, SavedView>(
        "removeView",
        ("/views/{id}/removal", "/views/00000000-0000-7000-8000-000000000000/removal"),
        "Takes a view away: one's own, or a shared one for whoever runs the program",
        (Control, Update),
        || post(remove),
    )
    .for_members()
    .for_people(),
];

/// A filter and an order that somebody named.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SavedView {
    id: String,
    /// The list, e.g. `controls`.
    list: String,
    name: String,
    /// The query of its address.
    query: String,
    /// Whether everybody in the organization has it.
    is_shared: bool,
    made_by: String,
    made_at: String,
}

impl From<&Record> for SavedView {
    fn from(one: &Record) -> Self {
        Self {
            id: one.id.to_string(),
            list: one.list.clone(),
            name: one.name.clone(),
            query: one.query.clone(),
            is_shared: one.is_shared,
            made_by: one.made_by.to_string(),
            made_at: one.made_at.to_string(),
        }
    }
}

/// A view to be named.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewView {
    /// The list as the pages call it, e.g. `controls` or `findings`.
    #[schemars(length(min = 1, max = 60))]
    list: String,
    #[schemars(length(min = 1, max = 60))]
    name: String,
    /// The query of its address, e.g. `status=gap&sort=title`.
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    query: String,
    #[serde(default)]
    is_shared: bool,
}

impl Taken for NewView {}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, asking| {
            let mut all = saved_view::all(view).await?;
            // Views of a list that they may not see tell of it.
            all.retain(|one| place_of(&look.asked, &one.list).is_ok());
            all.retain(|one| asking.filter("list").is_none_or(|list| list == one.list));
            Ok(all.iter().map(SavedView::from).collect())
        },
        |item: &SavedView| item.id.clone(),
    )
    .await
}

async fn save(State(state): State<WebState>, asked: Asked, call: Call<NewView>) -> Answered {
    let body = &call.body;
    // Only lists that whoever names a view of them may see.
    place_of(&asked, &body.list)?;
    write(&state, &asked, &call, async |cx| {
        let query = query_of(&body.query);
        let made = saved_view::save(cx, &body.list, &body.name, &query, body.is_shared).await?;
        done(StatusCode::CREATED, &SavedView::from(&made), "", &format!("{BASE}/views"))
    })
    .await
}

async fn remove(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let all = saved_view::all(cx).await?;
        let one = all.iter().find(|one| one.id == id).ok_or_else(|| Error::not_found("view", id))?;
        saved_view::remove(cx, id).await?;
        done(StatusCode::OK, &SavedView::from(one), "", "")
    })
    .await
}
