//! One change of several controls, done for all of them or for none.

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::control::edit;
use tickmark_core::control::ControlId;
use tickmark_core::id::ActorId;
use tickmark_core::identity::Resource::Control;
use tickmark_core::identity::Verb::{Approve, Delete, Update};

use super::answer::Answered;
use super::call::{Call, Done, Taken, done, write};
use super::operation::Writing;
use super::words::parsed;
use crate::WebState;
use crate::route::post;
use crate::visit::Asked;

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<Assignment, Several>(
        "assignControls",
        ("/control-assignments", "/control-assignments"),
        "Gives several controls an owner",
        (Control, Update),
        || post(assign),
    ),
    Writing::post::<Start, Several>(
        "startControls",
        ("/control-starts", "/control-starts"),
        "Puts several drafts in force; nobody puts in force what they wrote",
        (Control, Approve),
        || post(start),
    )
    .for_people(),
    Writing::post::<Retirement, Several>(
        "retireControls",
        ("/control-retirements", "/control-retirements"),
        "Retires several controls; they do not come back",
        (Control, Delete),
        || post(retire),
    )
    .for_people(),
];

/// Who answers for several controls from now on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Assignment {
    #[schemars(length(min = 1, max = 200), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
    #[schemars(extend("format" = "uuid"))]
    owner: String,
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// Drafts that are put in force.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Start {
    #[schemars(length(min = 1, max = 200), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
}

/// Controls that are retired.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Retirement {
    #[schemars(length(min = 1, max = 200), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// What was done to several controls.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Several {
    /// How many are another than before.
    changed: usize,
}

impl Taken for Assignment {}
impl Taken for Start {}
impl Taken for Retirement {}

fn ids(texts: &[String]) -> Result<Vec<ControlId>, Error> {
    let mut ids: Vec<ControlId> = Vec::new();
    for text in texts {
        let id = parsed("control", text)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn several(changed: usize) -> Result<Done, Error> {
    done(StatusCode::OK, &Several { changed }, "", "")
}

async fn assign(State(state): State<WebState>, asked: Asked, call: Call<Assignment>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let owner: ActorId = parsed("owner", &body.owner)?;
        several(edit::assign(cx, &ids(&body.controls)?, owner, &body.reason).await?)
    })
    .await
}

async fn start(State(state): State<WebState>, asked: Asked, call: Call<Start>) -> Answered {
    write(&state, &asked, &call, async |cx| several(edit::start(cx, &ids(&call.body.controls)?).await?)).await
}

async fn retire(State(state): State<WebState>, asked: Asked, call: Call<Retirement>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let ids = ids(&call.body.controls)?;
        for id in &ids {
            edit::retire(cx, id, &call.body.reason).await?;
        }
        several(ids.len())
    })
    .await
}
