//! Waivers: a person approves an exception to a check, for a time. Verdicts stay what they are.
//!
//! The ledger entry holds ids, moments and a salted commitment to what people wrote; the text with its salt stands in
//! a row that may be erased. Owns the tables of migrations `0013_waiver.sql` and `0031_exceptions.sql`.

pub mod request;
mod sql;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tickmark_core::id::{TargetKey, WaiverKey};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::Waiver;
use tickmark_core::observation::waiver::{Request, Scope, WaiverError};
use tickmark_core::{Digest, Span, Timestamp, canonical};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::commitment::{self, RECORD_DOMAIN, Salt};
use tickmark_ledger::leaf::LeafKind;

use crate::context::{Cx, View};
use crate::observation::Target;
use crate::register::{self, Kind, Page, Query, Want};
use crate::{Error, Result};

/// Most waivers in one list.
pub const MAX_WAIVERS: u32 = 1_000;

/// What stands beside a verdict while a waiver covers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// Which waiver.
    pub id: WaiverKey,
    /// Why the check cannot be met.
    pub reason: String,
    /// First moment at which it does not hold any more.
    pub expires_at: Timestamp,
}

impl From<&Waiver> for Waived {
    fn from(waiver: &Waiver) -> Self {
        Self { id: waiver.id, reason: waiver.reason.clone(), expires_at: waiver.expires_at }
    }
}

/// What people wrote, in the form that is committed to.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Text {
    reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    risk: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    compensation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

/// Grants a waiver: the actor approves what somebody asked for. It holds from now on, never backwards.
///
/// # Errors
/// `Forbidden` for programs; `NotFound` for a check that never looked here, or a target that is not known; `Invalid`
/// with what is missing or cannot hold.
pub async fn grant(cx: &mut Cx<'_>, request: Request) -> Result<Waiver> {
    decides(cx)?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let definition = super::sql::current_checks(cx.connection(), organization)
        .await?
        .into_iter()
        .find(|version| version.definition.id == request.check)
        .ok_or_else(|| Error::not_found("check in force with the id", &request.check))?
        .definition;
    let targets = super::sql::targets(cx.connection(), organization).await?;
    let covered = covered(&targets, &definition.target_kind, &request)?;
    crate::identity::actor(cx, request.requested_by).await?;
    let id = sql::next_key(cx.connection(), organization).await?;
    let waiver = Waiver::grant(id, request, by, now).map_err(Error::invalid)?;
    let text = Text {
        reason: waiver.reason.clone(),
        risk: waiver.risk.clone(),
        compensation: waiver.compensation.clone(),
        note: waiver.note.clone(),
    };
    let (body, salt, commitment) = commit(cx, &text)?;
    sql::add(cx.connection(), organization, &waiver).await?;
    sql::add_text(cx.connection(), organization, id, "granted", &body, salt).await?;
    cx.touch(Kind::Waiver, id);
    cx.record(
        LeafKind::Exception,
        &json!({
            "event": "waiver.granted", "waiver": id, "check": waiver.check,
            "scope": if waiver.scope == Scope::All { "all" } else { "targets" },
            "n": covered.len(), "targets": Digest::of(&covered.concat()),
            "requested_by": waiver.requested_by, "approved_by": waiver.approved_by,
            "expires_at": waiver.expires_at, "text": commitment,
        }),
    )?;
    Ok(waiver)
}

/// Takes a waiver back from now on. Where it stood until then is still said.
///
/// # Errors
/// `Forbidden` for programs; `NotFound`; `Invalid` if it is not in force or no reason is given.
pub async fn revoke(cx: &mut Cx<'_>, id: WaiverKey, reason: &str) -> Result<Waiver> {
    decides(cx)?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let waiver = find(cx, id).await?.revoke(by, reason, now).map_err(Error::invalid)?;
    let text = Text { reason: waiver.revocation.clone(), ..Text::default() };
    let (body, salt, commitment) = commit(cx, &text)?;
    sql::add_revocation(cx.connection(), organization, id, by, now).await?;
    sql::add_text(cx.connection(), organization, id, "revoked", &body, salt).await?;
    cx.touch(Kind::Waiver, id);
    cx.record(
        LeafKind::Exception,
        &json!({"event": "waiver.revoked", "waiver": id, "check": waiver.check, "text": commitment}),
    )?;
    Ok(waiver)
}

/// What happened to a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Somebody asked for it.
    Asked,
    /// Somebody approved it.
    Granted,
    /// Somebody took it back.
    Revoked,
    /// Its time ran out.
    Expired,
}

/// A turn in the way of a waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub step: Step,
    /// Who did it; nobody lets time run out.
    pub by: Option<tickmark_core::id::ActorId>,
    /// Why, if that was said.
    pub why: String,
}

/// Returns what happened to a waiver until `now`, oldest first, with what was asked for it, if it was.
#[must_use]
pub fn turns(waiver: &Waiver, request: Option<&request::Asked>, now: Timestamp) -> Vec<Turn> {
    let turn = |at, step, by, why: &str| Turn { at, step, by, why: why.to_owned() };
    let mut turns = Vec::new();
    if let Some(asked) = request {
        turns.push(turn(asked.at, Step::Asked, Some(asked.request.requested_by), &asked.request.reason));
    }
    turns.push(turn(waiver.granted_at, Step::Granted, Some(waiver.approved_by), &waiver.note));
    match waiver.revoked_at {
        Some(at) => turns.push(turn(at, Step::Revoked, waiver.revoked_by, &waiver.revocation)),
        None if waiver.expires_at <= now => {
            turns.push(turn(waiver.expires_at, Step::Expired, None, ""));
        }
        None => {}
    }
    turns
}

/// Refuses programs, and whoever may not approve exceptions.
fn decides(cx: &mut Cx<'_>) -> Result<()> {
    cx.need_person()?;
    cx.permit_whole(Atom::new(Resource::Exception, Verb::Approve))
}

/// Finds one waiver.
///
/// # Errors
/// `NotFound` if there is none with that number.
pub async fn find(view: &mut View<'_>, id: WaiverKey) -> Result<Waiver> {
    let organization = view.organization();
    let found = sql::waivers(view.connection(), organization, sql::Which::One(id)).await?.pop();
    found.ok_or_else(|| Error::not_found("waiver", id))
}

/// Lists waivers, those that ended included, newest first, at most [`MAX_WAIVERS`].
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for the other queries here.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Waiver>> {
    let organization = view.organization();
    let mut all = sql::waivers(view.connection(), organization, sql::Which::Newest(MAX_WAIVERS)).await?;
    all.reverse();
    Ok(all)
}

/// Returns a page of waivers, those that ended included, newest first unless another order is asked for, with how many there
/// are, as far as the actor may see them.
///
/// # Errors
/// As [`list`].
pub async fn page(view: &mut View<'_>, query: &Query) -> Result<(Vec<Waiver>, Page)> {
    let page = register::page(view, Kind::Waiver, query).await?;
    let keys: Vec<WaiverKey> = page.ids.iter().filter_map(|id| id.parse().ok()).map(WaiverKey).collect();
    let organization = view.organization();
    let mut found = sql::several(view.connection(), organization, &keys).await?;
    found.sort_by_key(|waiver| keys.iter().position(|key| *key == waiver.id));
    Ok((found, page))
}

/// Returns what asks for waivers that stand somewhere now; none for an unknown word.
#[must_use]
pub fn standing(view: &View<'_>, word: &str) -> Option<Vec<(String, Want)>> {
    let (now, first, last) =
        (register::ordered(view.now.micros()), register::ordered(i64::MIN), register::ordered(i64::MAX));
    let revoked = |word: &str| ("revoked".to_owned(), Want::Is(word.to_owned()));
    let until = |from: String, to: String| ("until".to_owned(), Want::Between(from, to));
    match word {
        "in_force" => Some(vec![revoked("no"), until(now, last)]),
        "expired" => Some(vec![revoked("no"), until(first, now)]),
        "revoked" => Some(vec![revoked("yes")]),
        _ => None,
    }
}

/// Lists at most so many waivers before a number, those that ended included, newest first.
///
/// # Errors
/// As [`list`].
pub async fn before(view: &mut View<'_>, key: Option<WaiverKey>, limit: u32) -> Result<Vec<Waiver>> {
    let organization = view.organization();
    let which = match key {
        Some(key) => sql::Which::Before(key, limit),
        None => sql::Which::Newest(limit),
    };
    let mut found = sql::waivers(view.connection(), organization, which).await?;
    found.reverse();
    Ok(found)
}

/// Returns what opens the commitments to what people wrote, apart from what was erased.
///
/// # Errors
/// As [`list`].
pub async fn records(view: &mut View<'_>) -> Result<Vec<Record>> {
    let organization = view.organization();
    sql::records(view.connection(), organization).await
}

/// Lists the waivers that stand beside verdicts at a moment, oldest first.
///
/// # Errors
/// As [`list`].
pub async fn in_force_at(view: &mut View<'_>, at: Timestamp) -> Result<Vec<Waiver>> {
    in_force_over(view, Span { from: at, to: Some(at.plus_micros(1)) }).await
}

/// Waivers that stood beside verdicts at a moment.
#[derive(Debug)]
pub(crate) struct InForce {
    at: Timestamp,
    pub(crate) waivers: Vec<Waiver>,
}

/// Lists the waivers that stand beside verdicts now, and may list some that ended a moment ago.
pub(crate) async fn about_now(view: &mut View<'_>) -> Result<Arc<InForce>> {
    // Nothing is granted while nothing is written; only a clock that went backwards asks for what has ended since.
    let known = view.once("waivers", String::new(), |view| Box::pin(read_about_now(view))).await?;
    if known.at <= view.now { Ok(known) } else { read_about_now(view).await.map(Arc::new) }
}

async fn read_about_now(view: &mut View<'_>) -> Result<InForce> {
    let at = view.now;
    Ok(InForce { at, waivers: in_force_at(view, at).await? })
}

/// Lists the waivers in force now that expire until a moment, oldest first.
pub(crate) async fn ending(view: &mut View<'_>, until: Timestamp) -> Result<Vec<Waiver>> {
    let (organization, now) = (view.organization(), view.now);
    let all = sql::waivers(view.connection(), organization, sql::Which::Ending(now, until)).await?;
    let stands = |waiver: &Waiver| waiver.span().to.is_some_and(|to| now < to);
    Ok(all.into_iter().filter(stands).collect())
}

/// Lists the waivers that stood beside verdicts at some moment of a span (an open end being now), oldest first.
///
/// # Errors
/// As [`list`].
pub async fn in_force_over(view: &mut View<'_>, span: Span) -> Result<Vec<Waiver>> {
    let (organization, end) = (view.organization(), span.to.unwrap_or(view.now.plus_micros(1)));
    let all = sql::waivers(view.connection(), organization, sql::Which::Over(span.from, end)).await?;
    let overlaps = |waiver: &Waiver| waiver.span().to.is_some_and(|to| span.from < to);
    Ok(all.into_iter().filter(overlaps).collect())
}

/// Returns the identities of what a request covers now, or why it covers nothing.
fn covered(targets: &[Target], kind: &str, request: &Request) -> Result<Vec<[u8; 32]>> {
    let about: Vec<&Target> = match &request.scope {
        Scope::All => targets.iter().filter(|target| target.target.kind == kind).collect(),
        Scope::Targets(keys) => {
            let known = |key: &TargetKey| {
                targets
                    .iter()
                    .find(|target| target.key == *key)
                    .ok_or_else(|| Error::not_found("target", key))
            };
            let named: Vec<&Target> = keys.iter().map(known).collect::<Result<_>>()?;
            if let Some(other) = named.iter().find(|target| target.target.kind != kind) {
                return Err(Error::invalid(format!(
                    "a waiver of {} cannot cover target {}: the check is about targets of kind {kind}, not {}",
                    request.check, other.target.name, other.target.kind
                )));
            }
            named
        }
    };
    if about.is_empty() {
        return Err(Error::invalid(WaiverError::CoversNothing(request.check.clone())));
    }
    Ok(about.into_iter().map(|target| super::record::identity(&target.target).0).collect())
}

fn commit(cx: &Cx<'_>, text: &Text) -> Result<(String, Salt, Digest)> {
    let bytes = canonical::bytes(text).map_err(|error| Error::internal("writing a waiver", error))?;
    let salt = Salt(cx.app.random());
    let commitment = Digest(commitment::commit(&salt, RECORD_DOMAIN, &bytes).0);
    let body = String::from_utf8(bytes).map_err(|error| Error::internal("writing a waiver", error))?;
    Ok((body, salt, commitment))
}
