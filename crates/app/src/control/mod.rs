//! Controls of the organization and which checks are tests of them.
//!
//! Adopting copies a starter control as a draft: only a person says that it is really run. What people change
//! ([`edit`]) is an event of the audit trail, with what the record was before and after. Owns the tables of migrations
//! `0011_control.sql`, `0029_start.sql` and `0057_test_tolerance.sql`.

pub mod commitment;
pub mod edit;
mod sql;
pub mod start;
pub mod test;
pub mod tolerance;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Control, ControlId, ControlState, TestKind, agreed, common_system, map_checks};
use tickmark_core::id::{ActorId, SystemId};
use tickmark_core::identity::Object;
use tickmark_core::{Digest, Span, Timestamp, canonical};
use tickmark_evaluate::Library;
use tickmark_ledger::leaf::LeafKind;

use crate::context::{Cx, View};
use crate::register::Kind;
use crate::{Action, Error, Result, identity};

pub use edit::{put_in_force, retire};
pub use tolerance::set_tolerance;

/// A control as it stood over a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlVersion {
    /// The record.
    pub control: Control,
    /// When it stood so.
    pub held: Span,
}

/// A check that was a test of a control over a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedTest {
    /// The control.
    pub control: ControlId,
    /// The check.
    pub check: String,
    /// When it was one of its tests.
    pub held: Span,
}

/// Adopts every starter control of the catalog that was never adopted, as a draft. Returns how many there were.
///
/// # Errors
/// If the actor may not set up controls, or the database refuses.
pub async fn adopt_starters(cx: &mut Cx<'_>, catalog: &Catalog) -> Result<usize> {
    cx.authorize(Action::Administer)?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let known: BTreeSet<ControlId> = controls(cx).await?.into_iter().map(|control| control.id).collect();
    let new: Vec<Control> = catalog
        .controls
        .iter()
        .filter(|starter| !known.iter().any(|id| id.as_str() == starter.id))
        .map(|starter| Control::adopt(starter, by, now).map_err(Error::invalid))
        .collect::<Result<_>>()?;
    if new.is_empty() {
        return Ok(0);
    }
    sql::add(cx.connection(), organization, &new, now).await?;
    for control in &new {
        cx.touch(Kind::Control, &control.id);
    }
    let digest = digest_of(&new)?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({"event": "control.adopted", "count": new.len(), "controls": digest, "catalog": catalog.digest}),
    )?;
    Ok(new.len())
}

/// Brings the tests of controls in line with the checks that are known and the controls that are adopted. What people
/// decided stays: a test that a person ended is not brought back, and one that a person added stays while there is its
/// check.
///
/// # Errors
/// If the actor may not set up tests, or the database refuses.
pub async fn sync_tests(cx: &mut Cx<'_>, library: &Library) -> Result<()> {
    cx.authorize(Action::Observe)?;
    let (organization, now) = (cx.organization(), cx.now);
    let controls = controls(cx).await?;
    let checks = library.checks().map(|check| (check.id(), check.definition().controls.as_slice()));
    let mapped: BTreeSet<(ControlId, String)> = map_checks(checks, &controls)
        .tests
        .into_iter()
        .filter_map(|test| match test.kind {
            TestKind::Configuration { check } => Some((test.control, check)),
            TestKind::Occurrence { .. } | TestKind::Population { .. } => None,
        })
        .collect();
    let mut wanted = agreed(mapped, &test::decided(cx).await?);
    let open: BTreeSet<&ControlId> = controls
        .iter()
        .filter(|control| control.state() != ControlState::Retired)
        .map(|control| &control.id)
        .collect();
    wanted.retain(|(control, check)| open.contains(control) && library.get(check).is_some());
    let known = sql::tests(cx.connection(), organization).await?;
    let ended: Vec<_> = known.difference(&wanted).cloned().collect();
    let started: Vec<_> = wanted.difference(&known).cloned().collect();
    if ended.is_empty() && started.is_empty() {
        return Ok(());
    }
    sql::end_tests(cx.connection(), organization, &ended, now).await?;
    sql::add_tests(cx.connection(), organization, &started, now).await?;
    for (control, _) in ended.iter().chain(&started) {
        cx.touch(Kind::Control, control);
    }
    let digest =
        canonical::digest(&wanted).map_err(|error| Error::internal("digesting tests of controls", error))?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({"event": "test.mapped", "tests": digest, "count": wanted.len(),
                "started": started.len(), "ended": ended.len()}),
    )?;
    Ok(())
}

/// Lists every version of every control, by id and then oldest first.
///
/// # Errors
/// As [`controls`].
pub async fn versions(view: &mut View<'_>) -> Result<Vec<ControlVersion>> {
    let organization = view.organization();
    sql::versions(view.connection(), organization).await
}

/// Lists every version of one control, oldest first.
///
/// # Errors
/// `NotFound` if there is none with that id.
pub async fn versions_of(view: &mut View<'_>, id: &ControlId) -> Result<Vec<ControlVersion>> {
    let organization = view.organization();
    let found = sql::versions_of(view.connection(), organization, id).await?;
    if found.is_empty() { Err(Error::not_found("control", id)) } else { Ok(found) }
}

/// Lists every version of some controls, oldest first for each. Those that are not there are left out.
pub(crate) async fn versions_of_some(view: &mut View<'_>, ids: &[ControlId]) -> Result<Vec<ControlVersion>> {
    let organization = view.organization();
    sql::versions_of_some(view.connection(), organization, ids).await
}

/// Returns what names this state of a record: a form that was made from another one is stale.
///
/// # Errors
/// If it cannot be written down, which its type rules out.
pub fn state_of(control: &Control) -> Result<Digest> {
    digest_of(std::slice::from_ref(control))
}

/// Lists every check that was ever a test of a control, with when.
///
/// # Errors
/// As [`controls`].
pub async fn mapped_tests(view: &mut View<'_>) -> Result<Vec<MappedTest>> {
    let organization = view.organization();
    sql::mapped_tests(view.connection(), organization).await
}

/// Lists the controls as they are now, by id.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for the other queries here.
pub async fn controls(view: &mut View<'_>) -> Result<Vec<Control>> {
    let organization = view.organization();
    sql::controls(view.connection(), organization).await
}

/// Finds a control as it is now.
///
/// # Errors
/// `NotFound` if there is none with that id.
pub async fn find(view: &mut View<'_>, id: &ControlId) -> Result<Control> {
    let organization = view.organization();
    sql::find(view.connection(), organization, id).await?.ok_or_else(|| Error::not_found("control", id))
}

/// Lists the controls that are for a system, by id, without retired ones.
pub(crate) async fn of_system(view: &mut View<'_>, system: SystemId) -> Result<Vec<Control>> {
    let mut found = controls(view).await?;
    found.retain(|control| control.system == Some(system) && control.state() != ControlState::Retired);
    Ok(found)
}

/// Returns a thing as far as rights depend on it that serves some controls: of the one system they are for, and of `people`.
pub(crate) async fn object_serving<'a>(
    view: &mut View<'_>,
    people: BTreeSet<ActorId>,
    controls: impl IntoIterator<Item = &'a Control>,
) -> Result<Object> {
    let common = common_system(controls);
    let object = identity::object_of(view, people).await?;
    Ok(Object { system: common.or(object.system), ..object })
}

/// Finds controls as they are now, in no order. Those that are not there are left out.
///
/// # Errors
/// As [`controls`].
pub async fn some(view: &mut View<'_>, ids: &[ControlId]) -> Result<Vec<Control>> {
    let distinct: BTreeSet<&ControlId> = ids.iter().collect();
    let ids: Vec<ControlId> = distinct.into_iter().cloned().collect();
    several(view, &ids).await
}

/// Finds a control as it is now, if there is one.
pub(crate) async fn look_up(view: &mut View<'_>, id: &ControlId) -> Result<Option<Control>> {
    let organization = view.organization();
    sql::find(view.connection(), organization, id).await
}

/// Lists the checks that are tests of each control now.
///
/// # Errors
/// As [`controls`].
pub async fn tests_by_control(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Vec<String>>> {
    let organization = view.organization();
    let mut by_control: BTreeMap<ControlId, Vec<String>> = BTreeMap::new();
    for (control, check) in sql::tests(view.connection(), organization).await? {
        by_control.entry(control).or_default().push(check);
    }
    Ok(by_control)
}

/// Returns the ids of all controls, in order.
pub(crate) async fn ids(view: &mut View<'_>) -> Result<Vec<ControlId>> {
    let organization = view.organization();
    sql::ids(view.connection(), organization).await
}

/// Finds controls as they are now, by id. Those that are not there are left out.
pub(crate) async fn several(view: &mut View<'_>, ids: &[ControlId]) -> Result<Vec<Control>> {
    let organization = view.organization();
    sql::several(view.connection(), organization, ids).await
}

/// Lists controls as they are now of which something was written since a moment, by id.
pub(crate) async fn changed_since(view: &mut View<'_>, since: Timestamp) -> Result<Vec<Control>> {
    let organization = view.organization();
    sql::changed_since(view.connection(), organization, since).await
}

/// Lists the checks that are tests of some controls now.
pub(crate) async fn tests_of(
    view: &mut View<'_>,
    ids: &[ControlId],
) -> Result<BTreeMap<ControlId, Vec<String>>> {
    let organization = view.organization();
    let mut by_control: BTreeMap<ControlId, Vec<String>> = BTreeMap::new();
    for (control, check) in sql::tests_of(view.connection(), organization, ids).await? {
        by_control.entry(control).or_default().push(check);
    }
    Ok(by_control)
}

fn digest_of(controls: &[Control]) -> Result<Digest> {
    canonical::digest(&controls).map_err(|error| Error::internal("digesting controls", error))
}
