//! Systems: the boundaries that reports describe, to which many permissions are confined. People retire them, no token does.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::identity::{System as Record, Version, system};
use tickmark_app::{Cx, Error};
use tickmark_core::Digest;
use tickmark_core::id::SystemId;
use tickmark_core::identity::Resource::System as Systems;
use tickmark_core::identity::Verb::{Create, Delete, Update};

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Reason};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const SOME: &str = "/systems/00000000-0000-7000-8000-000000000000";

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<System>(
        "listSystems",
        ("/systems", "/systems"),
        "Systems, by name, as far as whoever asks is assigned to them",
        Systems,
        || get(list),
    )
    .narrowed(),
    Operation::one::<System>(
        "getSystem",
        ("/systems/{system}", SOME),
        "One system; its tag is the version",
        Systems,
        || get(one),
    )
    .narrowed(),
    Operation::list::<SystemVersion>(
        "listSystemVersions",
        ("/systems/{system}/versions", "/systems/00000000-0000-7000-8000-000000000000/versions"),
        "What was said of a system, oldest first",
        Systems,
        || get(versions),
    )
    .narrowed()
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<SystemContent, System>(
        "writeSystem",
        ("/systems", "/systems"),
        "Writes a system. Sent twice it is written once",
        (Systems, Create),
        || post(new),
    )
    .created(),
    Writing::put::<SystemContent, System>(
        "changeSystem",
        ("/systems/{system}", SOME),
        "Says anew what a system is called and what lies within it",
        (Systems, Update),
        || put(change),
    )
    .versioned(),
    Writing::post::<Reason, System>(
        "retireSystem",
        ("/systems/{system}/retirement", "/systems/00000000-0000-7000-8000-000000000000/retirement"),
        "Retires a system for which no control is any more; it stays readable",
        (Systems, Delete),
        || post(retire),
    )
    .versioned()
    .for_people(),
];

/// A system.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct System {
    id: String,
    name: String,
    /// What lies within, in words.
    boundary: String,
    /// When it was retired; null while it is in use.
    retired_at: Option<String>,
}

/// What a system is called and what lies within it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SystemContent {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// What lies within, in words.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    boundary: String,
}

impl Taken for SystemContent {}

impl From<&Record> for System {
    fn from(system: &Record) -> Self {
        Self {
            id: system.id.to_string(),
            name: system.name.clone(),
            boundary: system.boundary.clone(),
            retired_at: system.retired_at.map(|at| at.to_string()),
        }
    }
}

/// What was said of a system at a time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SystemVersion {
    version: i64,
    since: String,
    /// Who said it; null where that was not kept yet.
    by: Option<String>,
    /// Why; empty where nobody was asked.
    reason: String,
    system: System,
}

impl From<&Version<Record>> for SystemVersion {
    fn from(version: &Version<Record>) -> Self {
        Self {
            version: version.number,
            since: version.since.to_string(),
            by: version.by.map(|by| by.to_string()),
            reason: version.reason.clone(),
            system: System::from(&version.record),
        }
    }
}

fn tag(system: &Record) -> String {
    let text = format!("{}\n{}\n{:?}", system.name, system.boundary, system.retired_at);
    Digest::of(text.as_bytes()).hex()[..16].to_owned()
}

fn read(id: &str) -> Result<SystemId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(system::list(view).await?.iter().map(System::from).collect()),
        |item: &System| item.id.clone(),
    )
    .await
}

async fn one(Path(id): Path<String>, look: Looking) -> Answered {
    let id = read(&id)?;
    look.tagged(async |view| {
        let found = system::find(view, id).await?;
        Ok((System::from(&found), tag(&found)))
    })
    .await
}

async fn versions(Path(id): Path<String>, look: Looking) -> Answered {
    let id = read(&id)?;
    look.versions(
        async |view| system::versions(view, id).await,
        |version| version.since,
        |item: &SystemVersion| item.version.to_string(),
    )
    .await
}

async fn new(State(state): State<WebState>, asked: Asked, call: Call<SystemContent>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let made = system::write(cx, &call.body.name, &call.body.boundary).await?;
        said(StatusCode::CREATED, &made)
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<SystemContent>,
) -> Answered {
    let (id, from) = (read(&id)?, call.version()?.to_owned());
    write(&state, &asked, &call, async |cx| {
        if let Some(meanwhile) = meanwhile(cx, id, &from).await? {
            return Ok(meanwhile);
        }
        said(StatusCode::OK, &system::change(cx, id, &call.body.name, &call.body.boundary).await?)
    })
    .await
}

async fn retire(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (id, from) = (read(&id)?, call.version()?.to_owned());
    write(&state, &asked, &call, async |cx| {
        if let Some(meanwhile) = meanwhile(cx, id, &from).await? {
            return Ok(meanwhile);
        }
        said(StatusCode::OK, &system::retire(cx, id, &call.body.reason).await?)
    })
    .await
}

/// What is answered when the system is not as it was in version `from`.
async fn meanwhile(cx: &mut Cx<'_>, id: SystemId, from: &str) -> Result<Option<Done>, Error> {
    let now = system::find(cx, id).await?;
    if tag(&now) == from {
        return Ok(None);
    }
    stale(&System::from(&now), &tag(&now), None).map(Some)
}

fn said(status: StatusCode, system: &Record) -> Result<Done, Error> {
    done(status, &System::from(system), &tag(system), &format!("{BASE}/systems/{}", system.id))
}
