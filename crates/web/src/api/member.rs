//! Who is in the organization: the ids by which records name people. No token reads it.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::identity::people::{self, Member as Record};
use tickmark_core::identity::{Resource, Standing};

use super::answer::{Answered, answer};
use super::asking::asking;
use super::operation::Operation;
use super::words::word;
use crate::WebState;
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[Operation::list::<Member>(
    "listMembers",
    ("/members", "/members"),
    "Members, by name, with the ids by which records name people",
    Resource::Member,
    || get(list),
)
.narrowed()];

/// A person in the organization.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Member {
    /// What records call them.
    id: String,
    name: String,
    email: String,
    roles: Vec<String>,
    /// Whether the membership counts, or rests.
    is_active: bool,
}

impl From<&Record> for Member {
    fn from(member: &Record) -> Self {
        Self {
            id: member.actor.to_string(),
            name: member.name.clone(),
            email: member.email.clone(),
            roles: member.roles.iter().map(word).collect(),
            is_active: member.standing == Standing::Active,
        }
    }
}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/members")?;
    let all = app.read(actor, async |view| people::members(view).await).await?;
    let items: Vec<Member> = all.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}
