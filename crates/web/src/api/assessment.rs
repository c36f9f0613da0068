//! Readiness assessments that people freeze. They say how ready something is, and are never an opinion.

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::conclusion::{self, Snapshot};
use tickmark_app::report;
use tickmark_core::identity::Resource::{Control, TestResult};
use tickmark_core::identity::Verb::Approve;

use super::answer::Answered;
use super::call::{Call, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::Nothing;
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[Operation::list::<Assessment>(
    "listAssessments",
    ("/assessments", "/assessments"),
    "Readiness assessments that were frozen, newest first",
    Control,
    || get(list),
)];

pub(super) static WRITES: &[Writing] = &[Writing::post::<Nothing, Assessment>(
    "freezeAssessment",
    ("/assessments", "/assessments"),
    "Freezes a readiness assessment: what is known at this moment, whole",
    (TestResult, Approve),
    || post(freeze),
)
.created()
.for_people()];

/// A frozen assessment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Assessment {
    key: i64,
    taken_at: String,
    taken_by: String,
    /// Digest of what it says, to which the ledger is committed.
    model: String,
}

impl From<&Snapshot> for Assessment {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            key: snapshot.key,
            taken_at: snapshot.taken_at.to_string(),
            taken_by: snapshot.taken_by.to_string(),
            model: snapshot.model.to_string(),
        }
    }
}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(conclusion::snapshots(view).await?.iter().map(Assessment::from).collect()),
        |item: &Assessment| item.key.to_string(),
    )
    .await
}

async fn freeze(State(state): State<WebState>, asked: Asked, call: Call<Nothing>) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let (library, generator) = state.assessing().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let author = cx.actor.label.clone();
        let model = report::readiness(cx, catalog, library, &author, generator).await?;
        done(StatusCode::CREATED, &Assessment::from(&conclusion::snapshot(cx, &model).await?), "", "")
    })
    .await
}
