//! One change of several records, each for itself: what came of it is said of each.

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::bulk::{self, Chosen, Outcome as Came};
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::id::{ActorId, ItemKey};
use tickmark_core::identity::Resource::{Control, Evidence, Exception};
use tickmark_core::identity::Verb::{Approve, Delete, Update};

use super::answer::Answered;
use super::call::{Call, Done, Taken, done, write};
use super::operation::Writing;
use super::words::parsed;
use crate::WebState;
use crate::route::post;
use crate::visit::Asked;

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<Acceptances, Outcomes>(
        "acceptEvidenceItems",
        ("/evidence-acceptances", "/evidence-acceptances"),
        "Accepts several items, each as it was in a revision; nobody accepts what they worked on",
        (Evidence, Approve),
        || post(accept),
    )
    .for_people(),
    Writing::post::<Links, Outcomes>(
        "linkEvidenceItems",
        ("/evidence-links", "/evidence-links"),
        "Links several items to a control",
        (Evidence, Update),
        || post(link),
    ),
    Writing::post::<Assignments, Outcomes>(
        "assignFindings",
        ("/finding-assignments", "/finding-assignments"),
        "Gives several findings an owner; those that nobody has taken on are taken on with the day and the plan",
        (Exception, Update),
        || post(assign),
    ),
    Writing::post::<Extensions, Outcomes>(
        "extendFindings",
        ("/finding-extensions", "/finding-extensions"),
        "Moves the day until when several findings are fixed to a later one, with a reason",
        (Exception, Update),
        || post(extend),
    ),
    Writing::post::<Retirements, Outcomes>(
        "retireCommitments",
        ("/commitment-retirements", "/commitment-retirements"),
        "Retires several commitments; they do not come back",
        (Control, Delete),
        || post(retire),
    )
    .for_people(),
];

/// An item as somebody saw it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Seen {
    #[schemars(range(min = 1))]
    key: i64,
    #[schemars(range(min = 1))]
    revision: i64,
}

/// Items that are accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Acceptances {
    #[schemars(length(min = 1, max = 200))]
    items: Vec<Seen>,
}

/// Items that serve a control too.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Links {
    #[schemars(length(min = 1, max = 200))]
    items: Vec<Seen>,
    #[schemars(length(min = 1, max = 40))]
    control: String,
}

/// Findings that somebody corrects.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Assignments {
    /// References.
    #[schemars(length(min = 1, max = 200), inner(length(min = 1, max = 200)))]
    findings: Vec<String>,
    #[schemars(extend("format" = "uuid"))]
    owner: String,
    /// Until when, for those that nobody has taken on.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    due: Option<String>,
    /// What will be done, for those that nobody has taken on.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    plan: String,
}

/// Findings that are due later.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Extensions {
    /// References.
    #[schemars(length(min = 1, max = 200), inner(length(min = 1, max = 200)))]
    findings: Vec<String>,
    #[schemars(extend("format" = "date"))]
    due: String,
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// Commitments that are retired.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Retirements {
    #[schemars(length(min = 1, max = 200), inner(range(min = 1)))]
    commitments: Vec<i64>,
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Outcomes {
    /// One for each record, in the order that was sent.
    outcomes: Vec<Outcome>,
}

/// What came of it for one record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Outcome {
    id: String,
    is_done: bool,
    /// Why not; empty if it was done.
    says: String,
}

impl Taken for Acceptances {}
impl Taken for Links {}
impl Taken for Assignments {}
impl Taken for Extensions {}
impl Taken for Retirements {}

fn said(outcomes: Vec<Came>) -> Result<Done, Error> {
    let one = |outcome: Came| Outcome {
        id: outcome.id,
        is_done: outcome.refused.is_none(),
        says: outcome.refused.unwrap_or_default(),
    };
    let outcomes = outcomes.into_iter().map(one).collect();
    done(StatusCode::OK, &Outcomes { outcomes }, "", "")
}

fn seen(items: &[Seen]) -> Vec<(ItemKey, i64)> {
    items.iter().map(|one| (ItemKey(one.key), one.revision)).collect()
}

async fn accept(State(state): State<WebState>, asked: Asked, call: Call<Acceptances>) -> Answered {
    let items = seen(&call.body.items);
    write(&state, &asked, &call, async |cx| said(bulk::accept_evidence(cx, &items).await?)).await
}

async fn link(State(state): State<WebState>, asked: Asked, call: Call<Links>) -> Answered {
    let items = seen(&call.body.items);
    write(&state, &asked, &call, async |cx| {
        let control: ControlId = parsed("control", &call.body.control)?;
        said(bulk::link_evidence(cx, &items, &control).await?)
    })
    .await
}

async fn assign(State(state): State<WebState>, asked: Asked, call: Call<Assignments>) -> Answered {
    let rows = state.source().findings().await?;
    let body = &call.body;
    let proposed = |reference: &String| {
        let row = rows.iter().find(|row| row.reference == *reference && row.is_found);
        (reference.clone(), row.map(crate::conclusion::proposed))
    };
    let found: Vec<Chosen> = body.findings.iter().map(proposed).collect();
    write(&state, &asked, &call, async |cx| {
        let owner: ActorId = parsed("owner", &body.owner)?;
        let due = body.due.as_deref().map(|day| parsed("due", day)).transpose()?;
        said(bulk::assign_findings(cx, &found, owner, (due, &body.plan)).await?)
    })
    .await
}

async fn extend(State(state): State<WebState>, asked: Asked, call: Call<Extensions>) -> Answered {
    let body = &call.body;
    write(&state, &asked, &call, async |cx| {
        let due = parsed("due", &body.due)?;
        said(bulk::extend_findings(cx, &body.findings, due, &body.reason).await?)
    })
    .await
}

async fn retire(State(state): State<WebState>, asked: Asked, call: Call<Retirements>) -> Answered {
    let keys: Vec<CommitmentKey> = call.body.commitments.iter().copied().map(CommitmentKey).collect();
    write(&state, &asked, &call, async |cx| {
        said(bulk::retire_commitments(cx, &keys, &call.body.reason).await?)
    })
    .await
}
