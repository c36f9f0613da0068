//! What the audit firm shared with management: results of its tests and walkthroughs, as they stood when they were shared, and
//! what management answers to exceptions. What is not shared is the firm's alone, and no part of the API.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::engagement::fieldwork::{Row, signed, workpaper};
use tickmark_app::{Error, View};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{
    ManagementResponse, SignedPaper as _, WalkedStep, Walkthrough as Walk, Workpaper as Paper,
};
use tickmark_core::identity::Resource::{Description as Engagements, Exception as Exceptions};
use tickmark_core::identity::Verb::Update;

use crate::WebState;
use crate::api::BASE;
use crate::api::answer::Answered;
use crate::api::asking::number;
use crate::api::call::{Call, Taken, done, write};
use crate::api::looking::Looking;
use crate::api::operation::{Operation, Writing};
use crate::api::words::{parsed, word};
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

pub(in crate::api) static LOOKS: &[Operation] = &[
    Operation::list::<Workpaper>(
        "listWorkpapers",
        ("/engagements/{key}/workpapers", "/engagements/1/workpapers"),
        "Results of tests that the auditor shared, by number, as they stood then, with management's answers",
        Engagements,
        || get(papers),
    )
    .narrowed()
    .for_people(),
    Operation::one::<Workpaper>(
        "getWorkpaper",
        ("/engagements/{key}/workpapers/{number}", "/engagements/1/workpapers/1"),
        "One result that the auditor shared",
        Engagements,
        || get(paper),
    )
    .narrowed()
    .for_people(),
    Operation::list::<Walkthrough>(
        "listWalkthroughs",
        ("/engagements/{key}/walkthroughs", "/engagements/1/walkthroughs"),
        "Walkthroughs that the auditor shared, by number, as they stood then",
        Engagements,
        || get(walkthroughs),
    )
    .narrowed()
    .for_people(),
    Operation::one::<Walkthrough>(
        "getWalkthrough",
        ("/engagements/{key}/walkthroughs/{number}", "/engagements/1/walkthroughs/1"),
        "One walkthrough that the auditor shared",
        Engagements,
        || get(walkthrough),
    )
    .narrowed()
    .for_people(),
];

pub(in crate::api) static WRITES: &[Writing] = &[Writing::post::<NewResponse, Workpaper>(
    "answerException",
    ("/engagements/{key}/workpapers/{number}/responses", "/engagements/1/workpapers/1/responses"),
    "Says what management answers to an exception that was shared; the answer stands in the report",
    (Exceptions, Update),
    || post(respond),
)
.for_people()];

/// A test of the auditor, as it was shared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Workpaper {
    engagement: i64,
    number: i64,
    version: i64,
    shared_at: Option<String>,
    control: String,
    /// `inquiry`, `observation`, `inspection`, `reperformance`.
    natures: Vec<String>,
    procedure: String,
    items: Vec<Item>,
    exceptions: Vec<Exception>,
    /// In short; null while it is not concluded.
    outcome: Option<String>,
    /// In words.
    conclusion: Option<String>,
}

/// An item that was tested.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Item {
    key: String,
    occurred_at: Option<String>,
    /// For each attribute `met`, `not_met` or `not_tested`.
    states: Vec<String>,
    note: String,
}

/// An exception with what management answers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Exception {
    number: u32,
    /// Keys of items that deviate.
    items: Vec<String>,
    nature: String,
    cause: String,
    effect: String,
    response: Option<Response>,
}

/// What management answers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Response {
    /// The number that the next answer names.
    version: i64,
    since: String,
    by: String,
    response: String,
    /// What was done, or is planned; may be empty.
    action: String,
    due: Option<String>,
}

impl From<&Row<ManagementResponse>> for Response {
    fn from(row: &Row<ManagementResponse>) -> Self {
        Self {
            version: row.version,
            since: row.since.to_string(),
            by: row.by.to_string(),
            response: row.record.response.clone(),
            action: row.record.action.clone(),
            due: row.record.due.map(|day| day.to_string()),
        }
    }
}

impl Workpaper {
    fn of(key: EngagementKey, row: &Row<Paper>, responses: &[Row<ManagementResponse>]) -> Self {
        let paper = &row.record;
        let answer = |exception: u32| {
            let of = |one: &&Row<ManagementResponse>| {
                one.record.workpaper == paper.number && one.record.exception == exception
            };
            responses.iter().find(of).map(Response::from)
        };
        Self {
            engagement: key.0,
            number: paper.number,
            version: row.version,
            shared_at: paper.shared_at().map(|at| at.to_string()),
            control: paper.plan.control.to_string(),
            natures: paper.plan.procedures.iter().map(|one| one.word().to_owned()).collect(),
            procedure: paper.plan.procedure.clone(),
            items: paper
                .items
                .iter()
                .map(|item| Item {
                    key: item.key.clone(),
                    occurred_at: item.occurred_at.map(|at| at.to_string()),
                    states: item.states.iter().map(word).collect(),
                    note: item.note.clone(),
                })
                .collect(),
            exceptions: paper
                .exceptions
                .iter()
                .map(|one| Exception {
                    number: one.number,
                    items: one.items.iter().cloned().collect(),
                    nature: one.nature.clone(),
                    cause: one.cause.word().to_owned(),
                    effect: one.effect.clone(),
                    response: answer(one.number),
                })
                .collect(),
            outcome: paper.conclusion.as_ref().map(|held| held.outcome.word().to_owned()),
            conclusion: paper.conclusion.as_ref().map(|held| held.text.clone()),
        }
    }
}

/// A walkthrough of the auditor, as it was shared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Walkthrough {
    engagement: i64,
    number: i64,
    version: i64,
    shared_at: Option<String>,
    /// The process, as the description calls it.
    process: String,
    /// Version of the description that was followed.
    description: u32,
    /// Which transaction was traced.
    transaction: String,
    steps: Vec<Step>,
    conclusion: String,
}

/// A step, as it is described, with what was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Step {
    what: String,
    who: String,
    controls: Vec<String>,
    on: Option<String>,
    found: String,
    /// `open`, `yes` or `no`.
    as_described: String,
    in_place: String,
}

impl From<&WalkedStep> for Step {
    fn from(one: &WalkedStep) -> Self {
        Self {
            what: one.step.what.clone(),
            who: one.step.who.clone(),
            controls: one.step.controls.iter().map(ToString::to_string).collect(),
            on: one.walked.on.map(|day| day.to_string()),
            found: one.walked.found.clone(),
            as_described: one.walked.as_described.word().to_owned(),
            in_place: one.walked.in_place.word().to_owned(),
        }
    }
}

impl Walkthrough {
    fn of(key: EngagementKey, row: &Row<Walk>) -> Self {
        let walk = &row.record;
        Self {
            engagement: key.0,
            number: walk.number,
            version: row.version,
            shared_at: walk.shared_at().map(|at| at.to_string()),
            process: walk.process.clone(),
            description: walk.version,
            transaction: walk.transaction.clone(),
            steps: walk.steps.iter().map(Step::from).collect(),
            conclusion: walk.conclusion.clone(),
        }
    }
}

/// What management answers from now on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewResponse {
    /// Number of the exception in its workpaper.
    #[schemars(range(min = 1))]
    exception: u32,
    /// The version of the answer that is changed; 0 for the first.
    #[schemars(range(min = 0))]
    version: i64,
    #[schemars(length(min = 1, max = 4_000))]
    response: String,
    /// What was done, or is planned.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    action: String,
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    due: Option<String>,
}

impl Taken for NewResponse {}

/// The examination and the number that an address names.
fn named(key: &str, at: &str) -> Result<(EngagementKey, i64), Refusal> {
    Ok((EngagementKey(number(key)?), number(at)?))
}

async fn one_paper(view: &mut View<'_>, key: EngagementKey, at: i64) -> Result<Workpaper, Error> {
    let row = signed::find::<Paper>(view, key, at).await?;
    let responses = workpaper::responses(view, key).await?;
    Ok(Workpaper::of(key, &row, &responses))
}

async fn papers(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    look.list(
        async |view, _| {
            let rows = signed::list::<Paper>(view, key).await?;
            let responses = workpaper::responses(view, key).await?;
            Ok(rows.iter().map(|row| Workpaper::of(key, row, &responses)).collect())
        },
        |item: &Workpaper| item.number.to_string(),
    )
    .await
}

async fn paper(Path((key, at)): Path<(String, String)>, look: Looking) -> Answered {
    let (key, at) = named(&key, &at)?;
    look.one(async |view| one_paper(view, key, at).await).await
}

async fn walkthroughs(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    look.list(
        async |view, _| {
            let rows = signed::list::<Walk>(view, key).await?;
            Ok(rows.iter().map(|row| Walkthrough::of(key, row)).collect())
        },
        |item: &Walkthrough| item.number.to_string(),
    )
    .await
}

async fn walkthrough(Path((key, at)): Path<(String, String)>, look: Looking) -> Answered {
    let (key, at) = named(&key, &at)?;
    look.one(async |view| Ok(Walkthrough::of(key, &signed::find::<Walk>(view, key, at).await?))).await
}

async fn respond(
    State(state): State<WebState>,
    Path((key, at)): Path<(String, String)>,
    asked: Asked,
    call: Call<NewResponse>,
) -> Answered {
    let (key, at) = named(&key, &at)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let response = ManagementResponse {
            workpaper: at,
            exception: body.exception,
            response: body.response.clone(),
            action: body.action.clone(),
            due: body.due.as_deref().map(|day| parsed("due", day)).transpose()?,
        };
        workpaper::respond(cx, key, body.version, response).await?;
        let after = one_paper(cx, key, at).await?;
        done(StatusCode::OK, &after, "", &format!("{BASE}/engagements/{}/workpapers/{at}", key.0))
    })
    .await
}
