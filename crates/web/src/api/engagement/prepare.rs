//! What management prepares beside scope and papers: processes of a SOC 1, parts of the description that begin with what
//! records tell, decisions about incidents, the auditor's modification, what is recorded around an examination, and the next
//! one.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use tickmark_app::engagement;
use tickmark_app::{Error, View};
use tickmark_core::engagement::{EngagementKey, Part, Told};
use tickmark_core::identity::Resource::Description as Engagements;
use tickmark_core::identity::Verb::{Create, Update};

use super::shape::*;
use super::{now, step};
use crate::WebState;
use crate::api::answer::{Answered, answer};
use crate::api::asking::{asking, number};
use crate::api::call::{Call, write};
use crate::api::operation::{Operation, Writing};
use crate::api::words::{Nothing, Reason, read};
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

pub(in crate::api) static LOOKS: &[Operation] = &[Operation::list::<PartProposal>(
    "listDescriptionProposals",
    ("/engagements/{key}/proposals", "/engagements/1/proposals"),
    "What records tell for the parts of the description, as drafts",
    Engagements,
    || get(proposals),
)];

pub(in crate::api) static WRITES: &[Writing] = &[
    Writing::post::<Process, Engagement>(
        "describeProcess",
        ("/engagements/{key}/processes", "/engagements/1/processes"),
        "Adds a process with its narrative and steps to a SOC 1 description",
        (Engagements, Update),
        || post(add_process),
    )
    .versioned()
    .for_people(),
    Writing::put::<Process, Engagement>(
        "changeProcess",
        ("/engagements/{key}/processes/{place}", "/engagements/1/processes/1"),
        "Writes the process at this place, from 1, anew",
        (Engagements, Update),
        || put(change_process),
    )
    .versioned()
    .for_people(),
    Writing::post::<Nothing, Engagement>(
        "removeProcess",
        ("/engagements/{key}/processes/{place}/removal", "/engagements/1/processes/1/removal"),
        "Takes a process out of the description; earlier versions keep it",
        (Engagements, Update),
        || post(remove_process),
    )
    .versioned()
    .for_people(),
    Writing::post::<BeginParts, Engagement>(
        "beginDescriptionParts",
        ("/engagements/{key}/proposals", "/engagements/1/proposals"),
        "Begins parts of the description that nobody wrote yet with what records tell",
        (Engagements, Update),
        || post(begin_parts),
    )
    .versioned()
    .for_people(),
    Writing::put::<IncidentDecision, Engagement>(
        "decideIncident",
        ("/engagements/{key}/incidents/{finding}", "/engagements/1/incidents/F-1"),
        "Decides whether a heavy finding is told of in the description as an incident",
        (Engagements, Update),
        || put(decide_incident),
    )
    .versioned()
    .for_people(),
    Writing::put::<Modification, Engagement>(
        "tellModification",
        ("/engagements/{key}/modification", "/engagements/1/modification"),
        "Records how the auditor's opinion is going to be modified; the assertion is written and signed anew",
        (Engagements, Update),
        || put(modify),
    )
    .versioned()
    .for_people(),
    Writing::put::<Administration, Engagement>(
        "administerEngagement",
        ("/engagements/{key}/administration", "/engagements/1/administration"),
        "Records the firms that were considered, the choice, the letter of engagement and walkthroughs, whole",
        (Engagements, Update),
        || put(administer),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, Engagement>(
        "planNextEngagement",
        ("/engagements/{key}/roll-forward", "/engagements/1/roll-forward"),
        "Plans the next examination from this one: scope and description as drafts over the time that follows",
        (Engagements, Create),
        || post(roll_forward),
    )
    .created()
    .for_people(),
];

async fn proposals(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let key = EngagementKey(number(&key)?);
    let asking = asking(&uri, "/engagements/{key}/proposals")?;
    let (all, described) = app
        .read(actor, async |view| {
            let described = engagement::find(view, key).await?.record.described();
            Ok((engagement::proposed(view, key, catalog).await?, described))
        })
        .await?;
    let item = |one| PartProposal::of(one, !described.text(one.part).is_empty());
    let items: Vec<PartProposal> = all.iter().map(item).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.part.clone())?))
}

async fn add_process(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Process>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::write_process(cx, key, from, None, call.body.read()?).await
    })
    .await
}

/// The name of the process at a place, from 1.
async fn at_place(view: &mut View<'_>, key: EngagementKey, place: &str) -> Result<String, Error> {
    let described = engagement::find(view, key).await?.record.described();
    let at = place.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
    let found = at.and_then(|at| described.processes.get(at)).map(|one| one.name.clone());
    found.ok_or_else(|| Error::not_found("process", place))
}

async fn change_process(
    State(state): State<WebState>,
    Path((key, place)): Path<(String, String)>,
    asked: Asked,
    call: Call<Process>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let held = at_place(cx, key, &place).await?;
        engagement::write_process(cx, key, from, Some(&held), call.body.read()?).await
    })
    .await
}

async fn remove_process(
    State(state): State<WebState>,
    Path((key, place)): Path<(String, String)>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let held = at_place(cx, key, &place).await?;
        engagement::remove_process(cx, key, from, &held).await
    })
    .await
}

async fn begin_parts(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<BeginParts>,
) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let parts = call.body.parts.iter().map(|word| read::<Part>("part", word));
        let parts = parts.collect::<Result<BTreeSet<Part>, Error>>()?;
        if parts.is_empty() {
            return Err(Error::invalid("choose at least one part"));
        }
        engagement::begin_parts(cx, key, from, &parts, catalog).await
    })
    .await
}

async fn decide_incident(
    State(state): State<WebState>,
    Path((key, finding)): Path<(String, String)>,
    asked: Asked,
    call: Call<IncidentDecision>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let why = call.body.why.trim().to_owned();
        if why.is_empty() {
            return Err(Error::invalid("say why"));
        }
        engagement::decide_incident(cx, key, from, &finding, Told { is_told: call.body.is_told, why }).await
    })
    .await
}

async fn modify(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Modification>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::modify_opinion(cx, key, from, &call.body.text).await
    })
    .await
}

async fn administer(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Administration>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::administer(cx, key, from, call.body.read()?).await
    })
    .await
}

async fn roll_forward(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (key, once) = (EngagementKey(number(&key)?), call.once(&state, &asked));
    write(&state, &asked, &call, async |cx| {
        let made = engagement::roll_forward(cx, &once, key, &call.body.reason).await?;
        now(cx, StatusCode::CREATED, made.key).await
    })
    .await
}
