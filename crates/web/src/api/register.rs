//! The search over all records, as far as somebody may see them.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::register::{self, Found, Kind};
use tickmark_core::identity::Resource;

use super::answer::{Answered, answer};
use super::asking::asking;
use super::operation::Operation;
use crate::WebState;
use crate::error::Refusal;
use crate::route::get;
use crate::visit::Asked;

/// Most records that one search finds.
const MOST_FOUND: u32 = 200;

pub(super) static LOOKS: &[Operation] = &[Operation::list::<Hit>(
    "search",
    ("/search", "/search"),
    "Records that have all words, or words that begin with them, the best first; at most 200",
    Resource::Control,
    || get(search),
)
.filtered(&[
    ("words", "Words, or their beginnings; without them nothing is found"),
    (
        "kind",
        "Only records of this kind: control, item, commitment, finding, waiver, request, target, occurrence, member, \
         system, engagement, evidence_request, run or comment",
    ),
])
.for_members()];

/// A record that was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Hit {
    /// What kind of record, e.g. `control`.
    kind: String,
    /// As addresses have it.
    id: String,
    title: String,
    /// What else names it.
    detail: String,
}

impl From<&Found> for Hit {
    fn from(found: &Found) -> Self {
        Self {
            kind: found.kind.word().to_owned(),
            id: found.id.clone(),
            title: found.title.clone(),
            detail: found.detail.clone(),
        }
    }
}

async fn search(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/search")?;
    let words = asking.filter("words").unwrap_or_default();
    let one = match asking.filter("kind") {
        None => None,
        Some(word) => {
            Some(Kind::of(word).ok_or_else(|| Refusal::Unfit(format!("there is no kind {word:?}")))?)
        }
    };
    let kinds: Vec<Kind> = one.map_or_else(|| Kind::ALL.to_vec(), |one| vec![one]);
    let found = app.read(actor, async |view| register::search(view, words, &kinds, MOST_FOUND).await).await?;
    let items: Vec<Hit> = found.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| format!("{} {}", item.kind, item.id))?))
}
