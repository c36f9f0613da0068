//! Work beside the pages: looking at the machine, writing reports. Asked for, called off, done by itself each so many hours.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::job::{self, Job as Record, JobSchedule};
use tickmark_core::identity::Resource::{Test, TestResult};
use tickmark_core::identity::Verb::{Read, Update};
use tickmark_core::job::JobKind;

use super::answer::{Answered, answer};
use super::asking::{asking, cover, number};
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::{Nothing, parsed};
use super::{BASE, model};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const KINDS: [&str; 2] = ["collect", "report"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Job>("listJobs", ("/jobs", "/jobs"), "Work, newest first", TestResult, || get(list))
        .narrowed(),
    Operation::one::<Job>("getJob", ("/jobs/{key}", "/jobs/1"), "One piece of work", TestResult, || get(one))
        .narrowed(),
    Operation::list::<Schedule>(
        "listJobSchedules",
        ("/job-schedules", "/job-schedules"),
        "Work that is asked for by itself",
        TestResult,
        || get(schedules),
    )
    .narrowed(),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewJob, Job>(
        "askForJob",
        ("/jobs", "/jobs"),
        "Asks for work, such as a look at the machine now; where it waits or runs already, that is the answer",
        (Test, Update),
        || post(ask),
    )
    .accepted(),
    Writing::post::<Nothing, Job>(
        "callOffJob",
        ("/jobs/{key}/cancellation", "/jobs/1/cancellation"),
        "Calls work off; what runs stops when its worker next says what it does",
        (TestResult, Read),
        || post(call_off),
    ),
    Writing::put::<Rhythm, Schedule>(
        "scheduleJob",
        ("/job-schedules/{kind}", "/job-schedules/collect"),
        "Says how often work is asked for by itself",
        (TestResult, Read),
        || put(schedule),
    ),
];

/// Work that is asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewJob {
    /// `collect` looks at the machine; `report` writes the readiness report.
    #[schemars(extend("enum" = KINDS))]
    kind: String,
}

/// How often work is asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rhythm {
    /// Each so many hours; 0: not by itself.
    #[schemars(range(max = 8_760))]
    every_hours: u32,
}

/// Work that is asked for by itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Schedule {
    kind: String,
    every_hours: u32,
}

impl From<&JobSchedule> for Schedule {
    fn from(schedule: &JobSchedule) -> Self {
        Self { kind: schedule.kind.word().to_owned(), every_hours: schedule.every_hours }
    }
}

/// One piece of work.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Job {
    key: i64,
    /// `collect` or `report`.
    kind: String,
    /// `waiting`, `running`, `done`, `failed` or `called_off`.
    state: String,
    asked_by: String,
    asked_at: String,
    attempts: u32,
    started_at: Option<String>,
    finished_at: Option<String>,
    /// What is being done now, in words.
    progress: String,
    /// What came of it, or why it failed.
    outcome: String,
}

impl From<&Record> for Job {
    fn from(job: &Record) -> Self {
        Self {
            key: job.key,
            kind: job.kind.word().to_owned(),
            state: job.state.word().to_owned(),
            asked_by: job.asked_by.to_string(),
            asked_at: job.asked_at.to_string(),
            attempts: job.attempts,
            started_at: job.started_at.map(|at| at.to_string()),
            finished_at: job.finished_at.map(|at| at.to_string()),
            progress: job.progress.clone(),
            outcome: job.outcome.clone(),
        }
    }
}

impl Taken for NewJob {}
impl Taken for Rhythm {}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/jobs")?;
    let (before, limit) = (asking.number()?, asking.limit);
    let most = u32::try_from(limit).unwrap_or(u32::MAX);
    let found = app.read(actor, async |view| job::page(view, before, most).await).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|job| cover(&job.key.to_string()));
    Ok(answer(&headers, &model::Page { items: found.iter().map(Job::from).collect(), next }))
}

async fn one(Path(key): Path<String>, look: Looking) -> Answered {
    let key = number(&key)?;
    look.one(async |view| Ok(Job::from(&job::find(view, key).await?))).await
}

async fn schedules(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(job::schedules(view).await?.iter().map(Schedule::from).collect()),
        |item: &Schedule| item.kind.clone(),
    )
    .await
}

async fn ask(State(state): State<WebState>, asked: Asked, call: Call<NewJob>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let asked = job::ask(cx, parsed("kind", &call.body.kind)?).await?;
        let location = format!("{BASE}/jobs/{}", asked.key);
        done(StatusCode::ACCEPTED, &Job::from(&asked), "", &location)
    })
    .await
}

async fn call_off(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let key = number(&key)?;
    write(&state, &asked, &call, async |cx| {
        job::call_off(cx, key).await?;
        let after = job::find(cx, key).await?;
        done(StatusCode::OK, &Job::from(&after), "", &format!("{BASE}/jobs/{key}"))
    })
    .await
}

async fn schedule(
    State(state): State<WebState>,
    Path(kind): Path<String>,
    asked: Asked,
    call: Call<Rhythm>,
) -> Answered {
    let kind: JobKind = kind.parse().map_err(|_| Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let every_hours = call.body.every_hours;
        job::schedule(cx, kind, every_hours).await?;
        done(StatusCode::OK, &Schedule::from(&JobSchedule { kind, every_hours }), "", "")
    })
    .await
}
