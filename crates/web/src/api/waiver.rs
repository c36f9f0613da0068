//! Waivers: asked for by one, granted or refused by another, taken back.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::observation::waiver::{self, request};
use tickmark_core::Timestamp;
use tickmark_core::id::{TargetKey, WaiverKey};
use tickmark_core::identity::Resource::Exception;
use tickmark_core::identity::Verb::{Approve, Create};
use tickmark_core::observation::Waiver as Record;
use tickmark_core::observation::waiver::{Request, Scope};

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::{asking, number, plain};
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::{Nothing, Reason, parsed, word};
use crate::WebState;
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<WaiverRequest>(
        "listWaiverRequests",
        ("/waiver-requests", "/waiver-requests"),
        "Requests for waivers, newest first",
        Exception,
        || get(requests),
    ),
    Operation::one::<WaiverRequest>(
        "getWaiverRequest",
        ("/waiver-requests/{key}", "/waiver-requests/1"),
        "One request for a waiver",
        Exception,
        || get(one_request),
    ),
    Operation::list::<Waiver>(
        "listWaivers",
        ("/waivers", "/waivers"),
        "Waivers, those that ended included, newest first",
        Exception,
        || get(list),
    ),
    Operation::one::<WholeWaiver>(
        "getWaiver",
        ("/waivers/{key}", "/waivers/1"),
        "One waiver, with what happened to it",
        Exception,
        || get(one),
    ),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewWaiverRequest, WaiverRequest>(
        "askForWaiver",
        ("/waiver-requests", "/waiver-requests"),
        "Asks for a waiver; somebody else decides",
        (Exception, Create),
        || post(ask),
    )
    .created(),
    Writing::post::<Nothing, Waiver>(
        "approveWaiverRequest",
        ("/waiver-requests/{key}/approval", "/waiver-requests/1/approval"),
        "Approves what somebody else asked for: from now on it is a waiver",
        (Exception, Approve),
        || post(approve),
    )
    .created()
    .for_people(),
    Writing::post::<Reason, WaiverRequest>(
        "refuseWaiverRequest",
        ("/waiver-requests/{key}/refusal", "/waiver-requests/1/refusal"),
        "Refuses what somebody asked for",
        (Exception, Approve),
        || post(refuse),
    )
    .for_people(),
    Writing::post::<Reason, Waiver>(
        "revokeWaiver",
        ("/waivers/{key}/revocation", "/waivers/1/revocation"),
        "Takes a waiver back from now on",
        (Exception, Approve),
        || post(revoke),
    )
    .for_people(),
];

/// A waiver that is asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewWaiverRequest {
    /// Id of the check.
    #[schemars(length(min = 1, max = 200))]
    check: String,
    /// Keys of targets; all that the check is about, those to come included, when left out.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1_000), inner(range(min = 1)))]
    targets: Option<Vec<i64>>,
    /// Why the check cannot be met.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
    /// What can happen meanwhile.
    #[schemars(length(min = 1, max = 4_000))]
    risk: String,
    /// What is done instead, or why nothing is.
    #[schemars(length(min = 1, max = 4_000))]
    compensation: String,
    /// First moment at which it does not hold any more.
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
}

/// What was asked for, and what became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WaiverRequest {
    key: i64,
    check: String,
    /// Keys of targets; null for all.
    targets: Option<Vec<i64>>,
    reason: String,
    risk: String,
    compensation: String,
    requested_by: String,
    asked_at: String,
    expires_at: String,
    /// `open`, `granted` or `refused`.
    state: String,
    /// Who decided; null while it is open.
    decided_by: Option<String>,
    /// Why it was refused; empty if it was not.
    decision: String,
    /// Number of the waiver that it became.
    waiver: Option<i64>,
}

impl From<&request::Asked> for WaiverRequest {
    fn from(asked: &request::Asked) -> Self {
        let request = &asked.request;
        Self {
            key: asked.key,
            check: request.check.clone(),
            targets: targets(&request.scope),
            reason: request.reason.clone(),
            risk: request.risk.clone(),
            compensation: request.compensation.clone(),
            requested_by: request.requested_by.to_string(),
            asked_at: asked.at.to_string(),
            expires_at: request.expires_at.to_string(),
            state: asked.state.word().to_owned(),
            decided_by: asked.decided.as_ref().map(|(who, _, _)| who.to_string()),
            decision: asked.decided.as_ref().map(|(_, _, why)| why.clone()).unwrap_or_default(),
            waiver: asked.waiver.map(|key| key.0),
        }
    }
}

/// An exception to a check that somebody approved, for a time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Waiver {
    key: i64,
    check: String,
    /// Keys of targets; null for all.
    targets: Option<Vec<i64>>,
    reason: String,
    risk: String,
    compensation: String,
    requested_by: String,
    approved_by: String,
    granted_at: String,
    expires_at: String,
    /// `in_force`, `expired` or `revoked`.
    state: String,
    /// When it was taken back; null if it was not.
    revoked_at: Option<String>,
    /// Why; empty if it was not.
    revocation: String,
}

/// A waiver with what happened to it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WholeWaiver {
    #[serde(flatten)]
    waiver: Waiver,
    /// Why who asked could approve as well; empty when somebody else approved.
    note: String,
    /// Number of the request that it came from; null for one that was granted without.
    request: Option<i64>,
    /// Oldest first.
    history: Vec<WaiverTurn>,
}

/// Something that happened to a waiver.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WaiverTurn {
    at: String,
    /// `asked`, `granted`, `revoked` or `expired`.
    step: String,
    /// Who; null for time that ran out.
    by: Option<String>,
    /// Why, if that was said.
    why: String,
}

impl WholeWaiver {
    fn of(waiver: &Record, request: Option<&request::Asked>, now: Timestamp) -> Self {
        let turn = |turn: waiver::Turn| WaiverTurn {
            at: turn.at.to_string(),
            step: word(turn.step),
            by: turn.by.map(|who| who.to_string()),
            why: turn.why,
        };
        Self {
            waiver: Waiver::of(waiver, now),
            note: waiver.note.clone(),
            request: request.map(|one| one.key),
            history: waiver::turns(waiver, request, now).into_iter().map(turn).collect(),
        }
    }
}

impl Waiver {
    fn of(waiver: &Record, now: Timestamp) -> Self {
        Self {
            key: waiver.id.0,
            check: waiver.check.clone(),
            targets: targets(&waiver.scope),
            reason: waiver.reason.clone(),
            risk: waiver.risk.clone(),
            compensation: waiver.compensation.clone(),
            requested_by: waiver.requested_by.to_string(),
            approved_by: waiver.approved_by.to_string(),
            granted_at: waiver.granted_at.to_string(),
            expires_at: waiver.expires_at.to_string(),
            state: word(waiver.state(now)),
            revoked_at: waiver.revoked_at.map(|at| at.to_string()),
            revocation: waiver.revocation.clone(),
        }
    }
}

fn targets(scope: &Scope) -> Option<Vec<i64>> {
    match scope {
        Scope::All => None,
        Scope::Targets(some) => Some(some.iter().map(|key| key.0).collect()),
    }
}

impl Taken for NewWaiverRequest {}

async fn requests(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/waiver-requests")?;
    let (before, most) = (asking.number()?, asking.one_more());
    let all = app.read(actor, async |view| request::before(view, before, most).await).await?;
    let items: Vec<WaiverRequest> = all.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.cut(items, |item| item.key.to_string())))
}

async fn one_request(Path(key): Path<String>, look: Looking) -> Answered {
    let key = number(&key)?;
    look.one(async |view| Ok(WaiverRequest::from(&request::request(view, key).await?))).await
}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/waivers")?;
    let (before, most) = (asking.number()?.map(WaiverKey), asking.one_more());
    let (all, now) =
        app.read(actor, async |view| Ok((waiver::before(view, before, most).await?, view.now))).await?;
    let items: Vec<Waiver> = all.iter().map(|waiver| Waiver::of(waiver, now)).collect();
    Ok(answer(&headers, &asking.cut(items, |item| item.key.to_string())))
}

async fn one(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let key = WaiverKey(number(&key)?);
    let (found, request, now) = app
        .read(actor, async |view| {
            Ok((waiver::find(view, key).await?, request::of_waiver(view, key).await?, view.now))
        })
        .await?;
    Ok(answer(&headers, &WholeWaiver::of(&found, request.as_ref(), now)))
}

async fn ask(State(state): State<WebState>, asked: Asked, call: Call<NewWaiverRequest>) -> Answered {
    let once = call.once(&state, &asked);
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let scope = match &body.targets {
            None => Scope::All,
            Some(keys) => Scope::Targets(keys.iter().copied().map(TargetKey).collect()),
        };
        let request = Request {
            check: body.check.clone(),
            scope,
            reason: body.reason.clone(),
            risk: body.risk.clone(),
            compensation: body.compensation.clone(),
            note: String::new(),
            requested_by: cx.actor.id,
            expires_at: parsed("expires_at", &body.expires_at)?,
        };
        let made = request::ask(cx, &once, request).await?;
        let location = format!("{BASE}/waiver-requests/{}", made.key);
        done(StatusCode::CREATED, &WaiverRequest::from(&made), "", &location)
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let key = number(&key)?;
    write(&state, &asked, &call, async |cx| {
        let granted = request::approve(cx, key).await?;
        let location = format!("{BASE}/waivers/{}", granted.id.0);
        done(StatusCode::CREATED, &Waiver::of(&granted, cx.now), "", &location)
    })
    .await
}

async fn refuse(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let key = number(&key)?;
    write(&state, &asked, &call, async |cx| {
        request::refuse(cx, key, &call.body.reason).await?;
        let refused = request::request(cx, key).await?;
        let location = format!("{BASE}/waiver-requests/{key}");
        done(StatusCode::OK, &WaiverRequest::from(&refused), "", &location)
    })
    .await
}

async fn revoke(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let key = WaiverKey(number(&key)?);
    write(&state, &asked, &call, async |cx| {
        let revoked = waiver::revoke(cx, key, &call.body.reason).await?;
        done(StatusCode::OK, &Waiver::of(&revoked, cx.now), "", &format!("{BASE}/waivers/{}", key.0))
    })
    .await
}
