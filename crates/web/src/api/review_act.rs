//! What happens to the items of a review beside one decision: many decided at once, somebody else who decides, tickets of
//! removals, and whether a right was used that should not have been there.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::program::access_review::{self, DecideMany};
use tickmark_app::{Cx, Error};
use tickmark_core::identity::Resource::{AccessDecision, AccessReview};
use tickmark_core::identity::Verb::{Approve, Update};
use tickmark_core::program::access::Answer as Used;
use tickmark_core::program::access_review::{ReviewKey, SeatRole};

use super::access_review::{Item, Said, all_items, review_key};
use super::answer::Answered;
use super::asking::number;
use super::call::{Call, Done, Taken, done, write};
use super::operation::Writing;
use super::words::parsed;
use crate::WebState;
use crate::error::Refusal;
use crate::route::{post, put};
use crate::visit::Asked;

const USED: [&str; 4] = ["unknown", "not_applicable", "no", "yes"];
const SEATS: [&str; 2] = ["manager", "owner"];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewDecisions, DecidedMany>(
        "decideAccessReviewItems",
        ("/access-reviews/{key}/bulk-decisions", "/access-reviews/1/bulk-decisions"),
        "Decides about several items of the lowest tier at once, all or none; each is marked as decided in bulk",
        (AccessDecision, Approve),
        || post(decide_many),
    )
    .for_people(),
    Writing::post::<NewDelegation, Delegated>(
        "delegateAccessReview",
        ("/access-reviews/{key}/delegations", "/access-reviews/1/delegations"),
        "Lets somebody else decide in one's own place, for a time",
        (AccessDecision, Approve),
        || post(delegate),
    )
    .for_people(),
    Writing::put::<NewReviewer, Item>(
        "reassignAccessReviewItem",
        ("/access-reviews/{key}/items/{number}/reviewer", "/access-reviews/1/items/1/reviewer"),
        "Lets somebody else decide about an item that is not answered",
        (AccessReview, Update),
        || put(reassign),
    )
    .for_people(),
    Writing::put::<Ticket, Item>(
        "ticketAccessRemoval",
        ("/access-reviews/{key}/items/{number}/ticket", "/access-reviews/1/items/1/ticket"),
        "Says which ticket a removal has; it proves nothing",
        (AccessReview, Update),
        || put(ticket),
    )
    .for_people(),
    Writing::put::<LookedBack, Item>(
        "lookBackAtAccess",
        ("/access-reviews/{key}/items/{number}/look-back", "/access-reviews/1/items/1/look-back"),
        "Says whether a right was used while it should not have been there",
        (AccessReview, Update),
        || put(look_back),
    )
    .for_people(),
];

/// One decision about many items.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewDecisions {
    /// Numbers of items.
    #[schemars(length(min = 1, max = 1_000), inner(range(min = 1)))]
    items: Vec<u64>,
    #[serde(flatten)]
    said: Said,
}

/// What was decided.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct DecidedMany {
    review: i64,
    items: usize,
}

/// Who decides in one's place.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewDelegation {
    #[schemars(extend("format" = "uuid"))]
    to: String,
    /// First moment at which they do not any more.
    #[schemars(extend("format" = "date-time"))]
    until: String,
    #[schemars(length(min = 1, max = 2_000))]
    note: String,
}

/// Who decides in whose place.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Delegated {
    from: String,
    to: String,
    until: String,
    note: String,
}

/// Who decides about an item.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewReviewer {
    /// In which place.
    #[schemars(extend("enum" = SEATS))]
    role: String,
    #[schemars(extend("format" = "uuid"))]
    reviewer: String,
    #[schemars(length(min = 1, max = 2_000))]
    note: String,
}

/// The ticket of a removal.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ticket {
    #[schemars(length(min = 1, max = 200))]
    ticket: String,
}

/// What looking back showed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LookedBack {
    #[schemars(extend("enum" = USED))]
    used: String,
    /// Where somebody looked, and what they saw.
    #[schemars(length(min = 1, max = 4_000))]
    seen: String,
}

impl Taken for NewDecisions {}
impl Taken for NewDelegation {}
impl Taken for NewReviewer {}
impl Taken for Ticket {}
impl Taken for LookedBack {}

async fn decide_many(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewDecisions>,
) -> Answered {
    let key = review_key(&key)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let (decision, why) = (body.said.read()?, body.said.why.clone());
        let many = DecideMany { items: body.items.clone(), decision, why };
        let items = access_review::decide_many(cx, key, many).await?;
        done(StatusCode::OK, &DecidedMany { review: key.0, items }, "", "")
    })
    .await
}

async fn delegate(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewDelegation>,
) -> Answered {
    let key = review_key(&key)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let (to, until) = (parsed("to", &body.to)?, parsed("until", &body.until)?);
        let made = access_review::delegate(cx, key, to, until, &body.note).await?;
        let made = Delegated {
            from: made.from.to_string(),
            to: made.to.to_string(),
            until: made.until.to_string(),
            note: made.note,
        };
        done(StatusCode::OK, &made, "", "")
    })
    .await
}

async fn reassign(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<NewReviewer>,
) -> Answered {
    let body = &call.body;
    about(&state, &asked, at, &call, async |cx, key, item| {
        let role = SeatRole::from_word(&body.role);
        let role = role.ok_or_else(|| Error::invalid(format!("there is no place {:?}", body.role)))?;
        let to = parsed("reviewer", &body.reviewer)?;
        access_review::reassign(cx, key, (item, role, to), &body.note).await
    })
    .await
}

async fn ticket(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<Ticket>,
) -> Answered {
    let body = &call.body;
    about(&state, &asked, at, &call, async |cx, key, item| {
        access_review::ticket(cx, key, item, &body.ticket).await
    })
    .await
}

async fn look_back(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<LookedBack>,
) -> Answered {
    let body = &call.body;
    about(&state, &asked, at, &call, async |cx, key, item| {
        let used = Used::from_word(&body.used);
        let used = used.ok_or_else(|| Error::invalid(format!("there is no answer {:?}", body.used)))?;
        access_review::look_back(cx, key, item, used, &body.seen).await
    })
    .await
}

/// Does something about an item, and answers with the item as it is then.
async fn about<B, F>(
    state: &WebState,
    asked: &Asked,
    (key, at): (String, String),
    call: &Call<B>,
    act: F,
) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, ReviewKey, u64) -> Result<(), Error>,
{
    let (key, at) = (review_key(&key)?, number(&at)?);
    let at = u64::try_from(at).map_err(|_| Refusal::NotFound)?;
    write(state, asked, call, async |cx| {
        act(cx, key, at).await?;
        found(cx, key, at).await
    })
    .await
}

async fn found(cx: &mut Cx<'_>, key: ReviewKey, at: u64) -> Result<Done, Error> {
    let whole = access_review::whole(cx, key).await?;
    let item = all_items(&whole).into_iter().find(|item| item.number == at);
    let item = item.ok_or_else(|| Error::not_found("item of the review", at))?;
    done(StatusCode::OK, &item, "", "")
}
