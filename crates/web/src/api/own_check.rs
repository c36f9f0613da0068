//! Checks of the organization's own: read as files, tried over the facts that hold now, kept, put aside.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post, put};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::observation::workshop::{self, Draft, Trial as CoreTrial};
use tickmark_core::identity::Resource::Test;
use tickmark_core::identity::Verb::{Delete, Update};

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::plain;
use super::call::{Call, Taken, done, write};
use super::operation::{Operation, Writing};
use super::words::{Nothing, word};
use crate::WebState;
use crate::design::segment;
use crate::visit::Asked;

/// Most faults that are told at once.
const MOST_FAULTS: usize = 20;

pub(super) static LOOKS: &[Operation] = &[Operation::one::<CheckFiles>(
    "getCheckFiles",
    ("/checks/{id}/files", "/checks/ssh-root-login-disabled/files"),
    "The files of a check, to begin one of your own from",
    Test,
    || get(files),
)
.to(Update)];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<Files, Trial>(
        "tryCheck",
        ("/checks/{id}/trial", "/checks/ssh-root-login-disabled/trial"),
        "Tries a check over the facts that hold now; nothing is kept",
        (Test, Update),
        || post(try_out),
    ),
    Writing::put::<Files, Trial>(
        "keepCheck",
        ("/checks/{id}/files", "/checks/ssh-root-login-disabled/files"),
        "Keeps a check that passes as the organization's own, from the next run on",
        (Test, Update),
        || put(keep),
    ),
    Writing::post::<Nothing, PutAside>(
        "putCheckAside",
        ("/checks/{id}/retirement", "/checks/ssh-root-login-disabled/retirement"),
        "Takes a check of your own out, from the next run on; what it said stays",
        (Test, Delete),
        || post(put_aside),
    ),
];

/// The files of a check.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Files {
    /// `check.toml`.
    #[schemars(length(min = 1, max = 100_000))]
    manifest: String,
    /// `check.rego`.
    #[schemars(length(min = 1, max = 100_000))]
    rego: String,
    /// `check_test.rego`.
    #[schemars(length(min = 1, max = 100_000))]
    tests: String,
}

impl Files {
    fn read(&self, id: &str) -> Draft {
        Draft {
            id: id.to_owned(),
            manifest: self.manifest.clone(),
            rego: self.rego.clone(),
            tests: self.tests.clone(),
        }
    }
}

/// The files of a check, with whose they are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct CheckFiles {
    id: String,
    /// Whether it is the organization's own, or one inside the program.
    is_own: bool,
    manifest: String,
    rego: String,
    tests: String,
}

/// What trying a check showed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Trial {
    /// Whether it may be kept.
    is_passed: bool,
    /// Tests that ran.
    tests: usize,
    /// What is wrong with its files, or what its tests found wrong.
    faults: Vec<String>,
    /// What it says about the facts that hold now, of the first 200 targets.
    results: Vec<TrialResult>,
}

/// What a check that is tried says about a target.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TrialResult {
    /// Key of the target.
    target: i64,
    name: String,
    /// `pass`, `fail`, `unknown` or `not_applicable`.
    verdict: String,
}

impl From<&CoreTrial> for Trial {
    fn from(trial: &CoreTrial) -> Self {
        let results = trial.said.iter().map(|said| TrialResult {
            target: said.target.0,
            name: said.name.clone(),
            verdict: word(said.outcome.verdict),
        });
        Self {
            is_passed: trial.passed(),
            tests: trial.tests,
            faults: trial.refused.iter().chain(&trial.failures).take(MOST_FAULTS).cloned().collect(),
            results: results.collect(),
        }
    }
}

/// That a check was taken out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct PutAside {
    id: String,
}

impl Taken for Files {}

async fn files(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let (draft, is_own) = app.read(actor, async |view| workshop::open(view, &id)).await?;
    let Draft { id, manifest, rego, tests } = draft;
    Ok(answer(&headers, &CheckFiles { id, is_own, manifest, rego, tests }))
}

async fn try_out(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Files>,
) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let trial = workshop::try_out(cx, &call.body.read(&id)).await?;
        done(StatusCode::OK, &Trial::from(&trial), "", "")
    })
    .await
}

async fn keep(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Files>,
) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let trial = Trial::from(&workshop::keep(cx, &call.body.read(&id)).await?);
        if !trial.is_passed {
            return Err(Error::invalid(format!("it does not pass: {}", trial.faults.join("; "))));
        }
        done(StatusCode::OK, &trial, "", &format!("{BASE}/checks/{}/files", segment(&id)))
    })
    .await
}

async fn put_aside(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    write(&state, &asked, &call, async |cx| {
        workshop::put_aside(cx, &id).await?;
        done(StatusCode::OK, &PutAside { id: id.clone() }, "", "")
    })
    .await
}
