//! Service commitments and system requirements: written, approved by somebody else, changed, retired. Owns the tables of
//! migration `0030_commitment.sql`.

mod sql;

use std::collections::BTreeSet;

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::{Commitment, CommitmentError, CommitmentKey, Promise};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::edit::atom;
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, Access};
use crate::register::{self, Kind, Page, Query};
use crate::{Error, Result};

/// Most commitments in one list.
pub const LIST_LIMIT: u32 = 1_000;
/// Most commitments of an organization that are looked at together.
const EVERYTHING: u32 = 100_000;
/// Most characters of what names a page.
const ONCE_MAX: usize = 64;

/// A record as it stood from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Number of the record, from 1.
    pub number: i64,
    /// From when.
    pub since: Timestamp,
    /// The record.
    pub record: Commitment,
}

/// What came of a change made from version `number`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done(Box<Commitment>),
    /// Somebody else changed the record meanwhile; nothing is done.
    Stale(Box<Version>),
}

/// Lists the commitments as they are now, by number.
///
/// # Errors
/// `Forbidden` for whoever may not see all controls.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Version>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::list(view.connection(), organization, LIST_LIMIT).await
}

/// Returns a page of the commitments as they are now, by number unless another order is asked for, with how many there are.
///
/// # Errors
/// As [`list`].
pub async fn page(view: &mut View<'_>, query: &Query) -> Result<(Vec<Version>, Page)> {
    view.permit_whole(atom(Verb::Read))?;
    let page = register::page(view, Kind::Commitment, query).await?;
    let keys = keys(&page.ids);
    let mut found = several(view, &keys).await?;
    found.sort_by_key(|version| keys.iter().position(|key| *key == version.record.key));
    Ok((found, page))
}

/// Lists at most so many commitments as they are now whose number is greater, by number.
///
/// # Errors
/// As [`list`].
pub async fn after(view: &mut View<'_>, key: Option<CommitmentKey>, limit: u32) -> Result<Vec<Version>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::after(view.connection(), organization, key.unwrap_or(CommitmentKey(0)), limit).await
}

/// Returns some commitments as they are now, by number, whoever asks.
pub(crate) async fn several(view: &mut View<'_>, keys: &[CommitmentKey]) -> Result<Vec<Version>> {
    let organization = view.organization();
    sql::several(view.connection(), organization, keys).await
}

/// The numbers that the register has.
fn keys(ids: &[String]) -> Vec<CommitmentKey> {
    ids.iter().filter_map(|id| id.trim_start_matches("SC-").parse().ok()).map(CommitmentKey).collect()
}

/// Lists the commitments as they are now, by number, whoever asks.
pub(crate) async fn everything(view: &mut View<'_>) -> Result<Vec<Version>> {
    let organization = view.organization();
    sql::list(view.connection(), organization, EVERYTHING).await
}

/// Returns every version of one, oldest first.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn versions(view: &mut View<'_>, key: CommitmentKey) -> Result<Vec<Version>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    let found = sql::versions(view.connection(), organization, key).await?;
    if found.is_empty() { Err(Error::not_found("commitment", key)) } else { Ok(found) }
}

/// Lists what a control keeps: commitments in force that name it, and those written down that do.
///
/// # Errors
/// As [`list`].
pub async fn kept_by(view: &mut View<'_>, control: &ControlId) -> Result<Vec<Commitment>> {
    view.permit_whole(atom(Verb::Read))?;
    let query = Query { rows: LIST_LIMIT, ..Query::of("kept_by", control.as_str()) };
    let ids = register::ids(view, Kind::Commitment, &query).await?;
    let mut found = several(view, &keys(&ids)).await?;
    found.sort_by_key(|version| version.record.key);
    Ok(found.into_iter().map(|version| version.record).collect())
}

/// Writes one down. Sent twice from one page, it is written once.
///
/// # Errors
/// `Forbidden`; `Invalid` with what cannot be right.
pub async fn write(
    cx: &mut Cx<'_>,
    once: &str,
    promise: Promise,
    owner: Option<ActorId>,
    reason: &str,
    catalog: &Catalog,
) -> Result<Commitment> {
    cx.permit_whole(atom(Verb::Create))?;
    if once.is_empty() || once.len() > ONCE_MAX {
        return Err(Error::invalid("the page it was written on has no name"));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    if let Some(there) = sql::by_page(cx.connection(), organization, once).await? {
        return Ok(there.record);
    }
    known(cx, &promise, &Promise::default(), owner, catalog).await?;
    let key = sql::next_key(cx.connection(), organization).await?;
    let record = Commitment::write(key, promise, owner, by, now, reason).map_err(Error::invalid)?;
    sql::add(cx.connection(), organization, key, once, now).await?;
    save(cx, Name::CommitmentWritten, None, &record, reason).await?;
    Ok(record)
}

/// Writes one anew, from version `from` of its record.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` with what cannot be right.
pub async fn change(
    cx: &mut Cx<'_>,
    key: CommitmentKey,
    from: i64,
    promise: Promise,
    owner: Option<ActorId>,
    reason: &str,
    catalog: &Catalog,
) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Update))?;
    let before = current(cx, key).await?;
    if before.number != from {
        return Ok(Changed::Stale(Box::new(before)));
    }
    known(cx, &promise, &before.record.promise, owner, catalog).await?;
    let (mut after, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    after.change(promise, owner, by, now, reason).map_err(Error::invalid)?;
    save(cx, Name::CommitmentChanged, Some(&before), &after, reason).await?;
    Ok(Changed::Done(Box::new(after)))
}

/// Approves what waits, as it stood in version `from`.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if nothing waits, nobody answers for it, or the approver wrote it.
pub async fn approve(cx: &mut Cx<'_>, key: CommitmentKey, from: i64) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Approve))?;
    cx.need_person()?;
    let before = current(cx, key).await?;
    if before.number != from {
        return Ok(Changed::Stale(Box::new(before)));
    }
    let (mut after, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    if matches!(cx.actor.access, Access::Member(_)) && before.record.is_author(by) {
        cx.refuse_by_rule("commitment", key.to_string(), "own_text");
        return Err(Error::conflict(CommitmentError::OwnText(key)));
    }
    after.approve(by, now).map_err(Error::conflict)?;
    save(cx, Name::CommitmentApproved, Some(&before), &after, "").await?;
    Ok(Changed::Done(Box::new(after)))
}

/// Ends one, with a reason.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` if it is retired already or no reason is given.
pub async fn retire(cx: &mut Cx<'_>, key: CommitmentKey, reason: &str) -> Result<Commitment> {
    cx.permit_whole(atom(Verb::Delete))?;
    cx.need_person()?;
    let before = current(cx, key).await?;
    let (mut after, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    after.retire(by, now, reason).map_err(Error::invalid)?;
    save(cx, Name::CommitmentRetired, Some(&before), &after, reason).await?;
    Ok(after)
}

async fn current(view: &mut View<'_>, key: CommitmentKey) -> Result<Version> {
    let organization = view.organization();
    let mut all = sql::versions(view.connection(), organization, key).await?;
    all.pop().ok_or_else(|| Error::not_found("commitment", key))
}

/// Refuses links to what is not here. What was linked before may stay.
async fn known(
    view: &mut View<'_>,
    promise: &Promise,
    before: &Promise,
    owner: Option<ActorId>,
    catalog: &Catalog,
) -> Result<()> {
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    let named: Vec<ControlId> = promise.controls.iter().cloned().collect();
    let controls: BTreeSet<ControlId> =
        super::several(view, &named).await?.into_iter().map(|control| control.id).collect();
    if let Some(unknown) =
        promise.controls.iter().find(|id| !controls.contains(*id) && !before.controls.contains(*id))
    {
        return Err(Error::invalid(format!("there is no control {unknown}")));
    }
    let is_criterion = |id: &String| framework.requirements().any(|requirement| requirement.id == *id);
    if let Some(unknown) =
        promise.criteria.iter().find(|id| !is_criterion(id) && !before.criteria.contains(*id))
    {
        return Err(Error::invalid(format!("there is no criterion {unknown}")));
    }
    let is_category = |id: &String| framework.categories.iter().any(|category| category.id == *id);
    if let Some(unknown) = promise.categories.iter().find(|id| !is_category(id)) {
        return Err(Error::invalid(format!("there is no category {unknown}")));
    }
    identity::need_known_person(view, owner).await
}

async fn save(
    cx: &mut Cx<'_>,
    name: Name,
    before: Option<&Version>,
    after: &Commitment,
    why: &str,
) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    let number = before.map_or(1, |version| version.number + 1);
    sql::add_version(cx.connection(), organization, number, now, after).await?;
    let said = |one: &Commitment| -> Result<serde_json::Value> {
        let record = tickmark_core::canonical::digest(one)
            .map_err(|error| Error::internal("digesting a commitment", error))?;
        Ok(json!({"state": one.state().word(), "text": one.written.version, "record": record}))
    };
    let event = Event {
        before: before.map(|version| said(&version.record)).transpose()?,
        after: Some(said(after)?),
        why: Some(why),
        ..Event::done(name, "commitment", after.key)
    };
    audit::record(cx, event).await
}
