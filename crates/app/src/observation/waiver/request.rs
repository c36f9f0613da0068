//! Asking for a waiver: one asks, another approves or refuses. Approved, it is a waiver like any other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, WaiverKey};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::Waiver;
use tickmark_core::observation::waiver::{Request, Scope};
use uuid::Uuid;

use super::{covered, grant, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, Access};
use crate::register::{self, Kind, Query};
use crate::{Error, Result};

/// Most characters of what names a page.
const ONCE_MAX: usize = 64;
/// Most characters of a decision's reason.
const REASON_MAX: usize = 4_000;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// It waits for somebody who decides.
    Open,
    /// It became a waiver.
    Granted,
    /// Somebody refused it.
    Refused,
}

impl RequestState {
    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Refused => "refused",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        [Self::Open, Self::Granted, Self::Refused].into_iter().find(|state| state.word() == word)
    }
}

/// What was asked for, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Number in the organization, from 1.
    pub key: i64,
    /// What was asked for.
    pub request: Request,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub state: RequestState,
    /// Who decided, when, and why if it was refused.
    pub decided: Option<(ActorId, Timestamp, String)>,
    /// The waiver that it became.
    pub waiver: Option<WaiverKey>,
}

/// What people wrote, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) scope: Scope,
    pub(super) reason: String,
    pub(super) risk: String,
    pub(super) compensation: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) decision: String,
}

fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Exception, verb)
}

/// Asks for a waiver. Sent twice from one page, it is asked once.
///
/// # Errors
/// `Forbidden`; `NotFound` for a check that never looked here, or an unknown target; `Invalid` with what is missing.
pub async fn ask(cx: &mut Cx<'_>, once: &str, request: Request) -> Result<Asked> {
    let object = identity::object_of(cx, BTreeSet::new()).await?;
    cx.permit_on(atom(Verb::Create), &object)?;
    if once.is_empty() || once.len() > ONCE_MAX {
        return Err(Error::invalid("the page it was asked on has no name"));
    }
    let (organization, now) = (cx.organization(), cx.now);
    if let Some(there) = sql::request_by_page(cx.connection(), organization, once).await? {
        return Ok(there);
    }
    // Whatever would keep it from being granted is said to whoever asks. Nobody approves here.
    let nobody = ActorId(Uuid::nil());
    Waiver::grant(WaiverKey(0), request.clone(), nobody, now).map_err(Error::invalid)?;
    let checks = crate::observation::sql::current_checks(cx.connection(), organization).await?;
    let check = checks.into_iter().find(|version| version.definition.id == request.check);
    let check = check.ok_or_else(|| Error::not_found("check in force with the id", &request.check))?;
    let targets = crate::observation::sql::targets(cx.connection(), organization).await?;
    covered(&targets, &check.definition.target_kind, &request)?;
    let key = sql::next_request(cx.connection(), organization).await?;
    let asked = Asked { key, request, at: now, state: RequestState::Open, decided: None, waiver: None };
    sql::add_request(cx.connection(), organization, &asked, once).await?;
    let after = json!({"check": asked.request.check, "expires_at": asked.request.expires_at});
    let why = audit::kept_why(&asked.request.reason);
    let event =
        Event { after: Some(after), why, ..Event::done(Name::ExceptionRequested, "waiver_request", key) };
    audit::record(cx, event).await?;
    Ok(asked)
}

/// Approves what somebody else asked for: from now on it is a waiver.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it does not wait any more, or whoever asked approves; `Invalid` if it cannot hold.
pub async fn approve(cx: &mut Cx<'_>, key: i64) -> Result<Waiver> {
    let asked = open(cx, key).await?;
    if matches!(cx.actor.access, Access::Member(_)) && asked.request.requested_by == cx.actor.id {
        cx.refuse_by_rule("waiver_request", key.to_string(), "own_request");
        return Err(Error::conflict("who asks for a waiver does not approve it; somebody else does"));
    }
    let waiver = grant(cx, asked.request.clone()).await?;
    decide(cx, &asked, RequestState::Granted, "", Some(waiver.id), Name::ExceptionApproved).await?;
    Ok(waiver)
}

/// Refuses what was asked for.
///
/// # Errors
/// As [`approve`]; `Invalid` without a reason.
pub async fn refuse(cx: &mut Cx<'_>, key: i64, reason: &str) -> Result<()> {
    let asked = open(cx, key).await?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        return Err(Error::invalid(format!(
            "say why in 1 to {REASON_MAX} characters, so that who asked can follow it"
        )));
    }
    decide(cx, &asked, RequestState::Refused, reason, None, Name::ExceptionRefused).await
}

/// Lists at most so many requests before a number, newest first.
///
/// # Errors
/// `Forbidden` for whoever may not see all exceptions.
pub async fn before(view: &mut View<'_>, key: Option<i64>, limit: u32) -> Result<Vec<Asked>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::requests_before(view.connection(), organization, key.unwrap_or(i64::MAX), limit).await
}

/// Lists at most so many requests that wait for somebody who decides, newest first, and how many there are.
///
/// # Errors
/// As [`before`].
pub async fn waiting(view: &mut View<'_>, limit: u32) -> Result<(Vec<Asked>, u64)> {
    view.permit_whole(atom(Verb::Read))?;
    let query = Query { rows: limit, ..Query::of("state", RequestState::Open.word()) };
    let page = register::page(view, Kind::Request, &query).await?;
    let keys: Vec<i64> = page.ids.iter().filter_map(|id| id.parse().ok()).collect();
    Ok((several(view, &keys).await?, page.found))
}

/// Returns a page of requests, newest first unless another order is asked for, with how many there are.
///
/// # Errors
/// As [`before`].
pub async fn page(view: &mut View<'_>, query: &Query) -> Result<(Vec<Asked>, register::Page)> {
    view.permit_whole(atom(Verb::Read))?;
    let page = register::page(view, Kind::Request, query).await?;
    let keys: Vec<i64> = page.ids.iter().filter_map(|id| id.parse().ok()).collect();
    let mut found = several(view, &keys).await?;
    found.sort_by_key(|one| keys.iter().position(|key| *key == one.key));
    Ok((found, page))
}

/// Lists requests, newest first, whoever asks.
pub(crate) async fn all(view: &mut View<'_>) -> Result<Vec<Asked>> {
    let organization = view.organization();
    sql::requests_before(view.connection(), organization, i64::MAX, u32::MAX).await
}

/// Returns these requests, newest first, whoever asks.
pub(crate) async fn several(view: &mut View<'_>, keys: &[i64]) -> Result<Vec<Asked>> {
    let organization = view.organization();
    sql::requests(view.connection(), organization, keys).await
}

/// Returns the request that became a waiver; none for one that was granted without.
///
/// # Errors
/// As [`before`].
pub async fn of_waiver(view: &mut View<'_>, waiver: WaiverKey) -> Result<Option<Asked>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::request_of_waiver(view.connection(), organization, waiver).await
}

/// Finds one request.
///
/// # Errors
/// As [`before`]; `NotFound`.
pub async fn request(view: &mut View<'_>, key: i64) -> Result<Asked> {
    view.permit_whole(atom(Verb::Read))?;
    several(view, &[key]).await?.pop().ok_or_else(|| Error::not_found("waiver request", key))
}

async fn open(cx: &mut Cx<'_>, key: i64) -> Result<Asked> {
    cx.permit_whole(atom(Verb::Approve))?;
    let asked = request(cx, key).await?;
    if asked.state != RequestState::Open {
        return Err(Error::conflict(format!("the request was {} already", asked.state.word())));
    }
    Ok(asked)
}

async fn decide(
    cx: &mut Cx<'_>,
    asked: &Asked,
    state: RequestState,
    reason: &str,
    waiver: Option<WaiverKey>,
    name: Name,
) -> Result<()> {
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    let mut decided = asked.clone();
    decided.state = state;
    decided.decided = Some((by, now, reason.to_owned()));
    decided.waiver = waiver;
    sql::decide_request(cx.connection(), organization, &decided).await?;
    let why = audit::kept_why(reason);
    let event = Event {
        before: Some(json!({"state": asked.state.word()})),
        after: Some(json!({"state": state.word(), "waiver": waiver})),
        why,
        ..Event::done(name, "waiver_request", asked.key)
    };
    audit::record(cx, event).await
}
