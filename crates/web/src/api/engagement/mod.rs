//! Examinations: planned, their scope changed and approved, described, asserted, signed, closed. Only people do this, with
//! the session of a browser: no token may be given it.

pub(super) mod changed;
pub(super) mod diagram;
pub(super) mod letting_in;
pub(super) mod prepare;
mod shape;
pub(super) mod shared;
pub(super) mod sight;
pub(super) mod take_out;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use tickmark_app::engagement::{self, Changed};
use tickmark_app::{Cx, Error, View};
use tickmark_core::engagement::{Assertion as CoreAssertion, EngagementKey, Paper, Step};
use tickmark_core::identity::Resource::Description as Engagements;
use tickmark_core::identity::Verb::{Approve, Create, Read, Update};

use crate::WebState;
use crate::api::BASE;
use crate::api::answer::Answered;
use crate::api::asking::number;
use crate::api::call::{Call, Done, done, write};
use crate::api::looking::Looking;
use crate::api::meanwhile::stale;
use crate::api::operation::{Operation, Writing};
use crate::api::words::{AS_OF, Nothing, Reason, read};
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

use shape::*;

pub(in crate::api) static LOOKS: &[Operation] = &[
    Operation::list::<Engagement>(
        "listEngagements",
        ("/engagements", "/engagements"),
        "Examinations, newest first",
        Engagements,
        || get(list),
    ),
    Operation::one::<Engagement>(
        "getEngagement",
        ("/engagements/{key}", "/engagements/1"),
        "One examination; its tag is the version",
        Engagements,
        || get(one),
    ),
    Operation::list::<EngagementVersion>(
        "listEngagementVersions",
        ("/engagements/{key}/versions", "/engagements/1/versions"),
        "Every version of an examination, oldest first",
        Engagements,
        || get(versions),
    )
    .filtered(AS_OF),
];

pub(in crate::api) static WRITES: &[Writing] = &[
    Writing::post::<NewEngagement, Engagement>(
        "planEngagement",
        ("/engagements", "/engagements"),
        "Plans an examination",
        (Engagements, Create),
        || post(plan),
    )
    .created()
    .for_people(),
    Writing::put::<NewEngagement, Engagement>(
        "changeEngagementScope",
        ("/engagements/{key}/scope", "/engagements/1/scope"),
        "Writes the scope anew; what was approved holds until this is",
        (Engagements, Update),
        || put(change),
    )
    .versioned()
    .for_people(),
    Writing::post::<Nothing, Engagement>(
        "approveEngagementScope",
        ("/engagements/{key}/approval", "/engagements/1/approval"),
        "Approves the scope that somebody else wrote",
        (Engagements, Approve),
        || post(approve),
    )
    .versioned()
    .for_people(),
    Writing::put::<DescriptionText, Engagement>(
        "describeSystem",
        ("/engagements/{key}/description", "/engagements/1/description"),
        "Writes the description of the system, whole",
        (Engagements, Update),
        || put(describe),
    )
    .versioned()
    .for_people(),
    Writing::put::<AssertionText, Engagement>(
        "writeAssertion",
        ("/engagements/{key}/assertion", "/engagements/1/assertion"),
        "Writes management's assertion",
        (Engagements, Update),
        || put(assert),
    )
    .versioned()
    .for_people(),
    Writing::post::<Signature, Engagement>(
        "signDocument",
        ("/engagements/{key}/{paper}/signatures", "/engagements/1/description/signatures"),
        "Reviews or approves the description or the assertion as it stands; each step by another person",
        (Engagements, Read),
        || post(sign),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, Engagement>(
        "closeEngagement",
        ("/engagements/{key}/closure", "/engagements/1/closure"),
        "Ends an examination, or gives it up",
        (Engagements, Update),
        || post(close),
    )
    .versioned()
    .for_people(),
];

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(engagement::list(view).await?.iter().map(Engagement::from).collect()),
        |item: &Engagement| item.key.to_string(),
    )
    .await
}

async fn one(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    look.tagged(async |view| {
        let found = engagement::find(view, key).await?;
        Ok((Engagement::from(&found), found.number.to_string()))
    })
    .await
}

async fn versions(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    look.versions(
        async |view| {
            let mut all = engagement::versions(view, key).await?;
            all.reverse();
            Ok(all)
        },
        |version| version.since,
        |item: &EngagementVersion| item.version.to_string(),
    )
    .await
}

async fn plan(State(state): State<WebState>, asked: Asked, call: Call<NewEngagement>) -> Answered {
    let once = call.once(&state, &asked);
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let made = engagement::plan(cx, &once, body.scope.read()?, &body.reason).await?;
        now(cx, StatusCode::CREATED, made.key).await
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewEngagement>,
) -> Answered {
    let body = &call.body;
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::change(cx, key, from, body.scope.read()?, &body.reason).await
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    step(&state, &asked, &key, &call, async |cx, key, from| engagement::approve(cx, key, from, catalog).await)
        .await
}

async fn describe(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<DescriptionText>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::describe(cx, key, from, call.body.read()?).await
    })
    .await
}

async fn assert(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<AssertionText>,
) -> Answered {
    let body = &call.body;
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let assertion = CoreAssertion {
            text: body.text.clone(),
            signatory: body.signatory.clone(),
            title: body.title.clone(),
        };
        engagement::assert(cx, key, from, assertion).await
    })
    .await
}

async fn sign(
    State(state): State<WebState>,
    Path((key, paper)): Path<(String, String)>,
    asked: Asked,
    call: Call<Signature>,
) -> Answered {
    let paper = Paper::from_word(&paper).ok_or(Refusal::NotFound)?;
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::sign(cx, key, from, paper, read::<Step>("step", &call.body.step)?).await
    })
    .await
}

async fn close(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (key, from) = (EngagementKey(number(&key)?), call.number()?);
    write(&state, &asked, &call, async |cx| {
        cx.permit_whole(engagement::atom(Update))?;
        if engagement::find(cx, key).await?.number != from {
            return meanwhile(cx, key, from).await;
        }
        engagement::close(cx, key, &call.body.reason).await?;
        now(cx, StatusCode::OK, key).await
    })
    .await
}

/// Takes one step with an examination, from the version that was looked at.
async fn step<B, F>(state: &WebState, asked: &Asked, key: &str, call: &Call<B>, take: F) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, EngagementKey, i64) -> Result<Changed, Error>,
{
    let (key, from) = (EngagementKey(number(key)?), call.number()?);
    write(state, asked, call, async |cx| match take(cx, key, from).await? {
        Changed::Done(after) => now(cx, StatusCode::OK, after.key).await,
        Changed::Stale(_) => meanwhile(cx, key, from).await,
    })
    .await
}

/// What is answered when it is done: the newest version.
async fn now(view: &mut View<'_>, status: StatusCode, key: EngagementKey) -> Result<Done, Error> {
    let newest = engagement::find(view, key).await?;
    let location = format!("{BASE}/engagements/{}", key.0);
    done(status, &Engagement::from(&newest), &newest.number.to_string(), &location)
}

async fn meanwhile(view: &mut View<'_>, key: EngagementKey, from: i64) -> Result<Done, Error> {
    let versions = engagement::versions(view, key).await?;
    let newest = versions.first().ok_or_else(|| Error::not_found("engagement", key))?;
    let seen = versions.iter().find(|version| version.number == from).map(Engagement::from);
    stale(&Engagement::from(newest), &newest.number.to_string(), seen.as_ref())
}
