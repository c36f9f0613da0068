//! What people decide about tests of controls: propose, approve, decline, end.
//!
//! Who proposed a change does not approve it. Whoever has the data folder in hand stands for both, on the machine; and
//! who is the only member of an organization decides about their own proposal with a reason that stays visible. Owns the
//! table of migration `0064_control_test.sql`.

mod sql;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tickmark_core::control::{
    Control, ControlId, ControlState, Frequency, OCCURRENCE, TestChange, TestContent, TestError, TestKind,
    TestRecord,
};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::{Digest, Span, Timestamp, canonical};

use super::edit;
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{Access, people};
use crate::register::Kind;
use crate::{Error, Result};

/// Most tests of one control that people decide about.
pub const TESTS_MAX: usize = 200;

/// A test as it stood over a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestVersion {
    /// The record.
    pub record: TestRecord,
    /// When it stood so.
    pub held: Span,
}

/// What came of a decision that was made from a state of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is done.
    Done(Box<TestRecord>),
    /// Somebody else changed the record meanwhile; nothing is done.
    Stale(Box<TestRecord>),
}

/// When a control is due from a moment on: how often, with how many days of grace, and whether on weekends as well; none
/// where it is due as its frequency usually means.
pub(crate) type Due = (ControlId, Timestamp, Option<(Frequency, u32, bool)>);

/// The permission to do something with tests.
#[must_use]
pub fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Test, verb)
}

/// Returns what names this state of a test: a decision that was made from another one is stale.
///
/// # Errors
/// If it cannot be written down, which its type rules out.
pub fn state_of(test: &TestRecord) -> Result<Digest> {
    canonical::digest(test).map_err(|error| Error::internal("digesting a test", error))
}

/// Lists the tests of a control: those that the library maps, and those that people decided about, also those that ended.
///
/// # Errors
/// `NotFound` if there is no such control; `Forbidden` for whoever may not see its tests.
pub async fn list(view: &mut View<'_>, id: &ControlId) -> Result<Vec<TestRecord>> {
    reached(view, id, Verb::Read).await?;
    now_of(view, id).await
}

/// Lists the tests of a control as they stood at a moment.
///
/// # Errors
/// As [`list`].
pub async fn at(view: &mut View<'_>, id: &ControlId, at: Timestamp) -> Result<Vec<TestRecord>> {
    reached(view, id, Verb::Read).await?;
    let organization = view.organization();
    let versions = sql::versions_of(view.connection(), organization, id).await?;
    let stood = versions.into_iter().filter(|version| version.held.contains(at));
    let stood: Vec<TestRecord> = stood.map(|version| version.record).collect();
    let mapped = super::sql::mapped_tests_of(view.connection(), organization, id).await?;
    let mapped = mapped.into_iter().filter(|test| test.held.contains(at));
    Ok(with_mapped(id, stood, mapped.map(|test| test.check)))
}

/// Lists every version of the tests of a control that people decided about, by name and then oldest first.
///
/// # Errors
/// As [`list`].
pub async fn history(view: &mut View<'_>, id: &ControlId) -> Result<Vec<TestVersion>> {
    reached(view, id, Verb::Read).await?;
    let organization = view.organization();
    sql::versions_of(view.connection(), organization, id).await
}

/// Returns when each check was a test of a control, by check and then oldest first: what conclusions over a period read.
///
/// # Errors
/// As [`list`].
pub async fn spans(view: &mut View<'_>, id: &ControlId) -> Result<BTreeMap<String, Vec<Span>>> {
    reached(view, id, Verb::Read).await?;
    let organization = view.organization();
    let mut spans: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for test in super::sql::mapped_tests_of(view.connection(), organization, id).await? {
        spans.entry(test.check).or_default().push(test.held);
    }
    Ok(spans)
}

/// Proposes a test of a control. `known` are the checks that there are.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` with what cannot be right; `Conflict` if it holds already or the control is retired.
pub async fn propose(
    cx: &mut Cx<'_>,
    id: &ControlId,
    content: TestContent,
    reason: &str,
    known: &BTreeSet<String>,
) -> Result<TestRecord> {
    let control = open(cx, id, Verb::Create).await?;
    let there = now_of(cx, id).await?;
    let name = match &content.kind {
        TestKind::Configuration { check } if !known.contains(check) => {
            return Err(Error::invalid(format!("there is no check {check}; it is known once a run had it")));
        }
        TestKind::Configuration { check } => check.clone(),
        TestKind::Occurrence { .. } => OCCURRENCE.to_owned(),
        TestKind::Population { .. } => {
            let number = |test: &TestRecord| test.id.strip_prefix("population.")?.parse::<u32>().ok();
            let last = there.iter().filter_map(number).max().unwrap_or_default();
            format!("population.{}", last + 1)
        }
    };
    let before = there.iter().find(|test| test.id == name);
    if before.is_some_and(|test| test.held.is_some()) {
        return Err(Error::conflict(format!("{name} is a test of {id} already; change that one")));
    }
    if before.is_none() && there.len() >= TESTS_MAX {
        return Err(Error::invalid(format!("a control has at most {TESTS_MAX} tests")));
    }
    let mut after = before.cloned().unwrap_or_else(|| TestRecord::own(control.id.clone(), &name));
    let (by, now) = (cx.actor.id, cx.now);
    after.propose(TestChange::Set(content), by, now, reason).map_err(Error::invalid)?;
    save(cx, Name::TestProposed, before, &after, reason).await?;
    Ok(after)
}

/// Proposes a change of a test, from the state `from`, or its end. What holds stays so until somebody else approves.
///
/// # Errors
/// As [`propose`].
pub async fn change(
    cx: &mut Cx<'_>,
    id: &ControlId,
    test: &str,
    from: Digest,
    change: TestChange,
    reason: &str,
) -> Result<Decided> {
    let verb = if change == TestChange::End { Verb::Delete } else { Verb::Update };
    open(cx, id, verb).await?;
    let before = find(cx, id, test).await?;
    if state_of(&before)? != from {
        return Ok(Decided::Stale(Box::new(before)));
    }
    let (mut after, by, now) = (before.clone(), cx.actor.id, cx.now);
    after.propose(change, by, now, reason).map_err(Error::invalid)?;
    save(cx, Name::TestProposed, Some(&before), &after, reason).await?;
    Ok(Decided::Done(Box::new(after)))
}

/// Approves what waits about a test, from the state that was looked at: approval of another one is none. `alone` says why
/// the only member of an organization decides about what they proposed.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if nothing waits, or the approver proposed it.
pub async fn approve(
    cx: &mut Cx<'_>,
    id: &ControlId,
    test: &str,
    from: Digest,
    alone: &str,
) -> Result<Decided> {
    let control = open(cx, id, Verb::Approve).await?;
    cx.need_person()?;
    let before = find(cx, id, test).await?;
    if state_of(&before)? != from {
        return Ok(Decided::Stale(Box::new(before)));
    }
    let note = separated(cx, &before, alone).await?;
    let (mut after, by, now) = (before.clone(), cx.actor.id, cx.now);
    after.approve(by, now, &note).map_err(Error::conflict)?;
    bring_in_line(cx, &control, &before, &after).await?;
    let name = if after.is_ended() { Name::TestEnded } else { Name::TestApproved };
    save(cx, name, Some(&before), &after, &note).await?;
    Ok(Decided::Done(Box::new(after)))
}

/// Declines what waits about a test; what held stays. Authors take their own proposal back by it.
///
/// # Errors
/// As [`approve`]; `Invalid` without a reason.
pub async fn decline(
    cx: &mut Cx<'_>,
    id: &ControlId,
    test: &str,
    from: Digest,
    why: &str,
) -> Result<Decided> {
    let before = find_reached(cx, id, test).await?;
    let is_own = before.proposed.as_ref().is_some_and(|proposal| proposal.by == cx.actor.id);
    open(cx, id, if is_own { Verb::Update } else { Verb::Approve }).await?;
    if state_of(&before)? != from {
        return Ok(Decided::Stale(Box::new(before)));
    }
    let (mut after, by, now) = (before.clone(), cx.actor.id, cx.now);
    after.decline(by, now, why).map_err(|error| match error {
        TestError::NothingWaits => Error::conflict(error),
        _ => Error::invalid(error),
    })?;
    save(cx, Name::TestDeclined, Some(&before), &after, why).await?;
    Ok(Decided::Done(Box::new(after)))
}

/// Finds a test of a control.
///
/// # Errors
/// As [`list`]; `NotFound` if the control has no test of that name.
pub async fn find_reached(view: &mut View<'_>, id: &ControlId, test: &str) -> Result<TestRecord> {
    reached(view, id, Verb::Read).await?;
    find(view, id, test).await
}

/// Lists the tests that wait for a decision of the actor, by control and name.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn waiting(view: &mut View<'_>) -> Result<Vec<TestRecord>> {
    let (organization, actor) = (view.organization(), view.actor.id);
    if !view.may(atom(Verb::Approve)) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let all = sql::waiting(view.connection(), organization).await?;
    let is_by_actor = |test: &TestRecord| test.proposed.as_ref().is_some_and(|proposal| proposal.by == actor);
    let is_alone = all.iter().any(is_by_actor) && people::is_only_member(view).await?;
    for test in all {
        let is_own = is_by_actor(&test);
        let Some(control) = super::look_up(view, &test.control).await? else { continue };
        let object = edit::object(view, &control).await?;
        let is_open = control.state() != ControlState::Retired;
        if is_open && (!is_own || is_alone) && view.may_on(atom(Verb::Approve), &object) {
            found.push(test);
        }
    }
    Ok(found)
}

/// Returns every test that people decided about, as it is now.
pub(crate) async fn decided(view: &mut View<'_>) -> Result<Vec<TestRecord>> {
    let organization = view.organization();
    sql::current(view.connection(), organization).await
}

/// Returns since when controls, or one of them, are due otherwise than their frequency usually means, as people decided, by
/// control and then oldest first.
pub(crate) async fn due(view: &mut View<'_>, only: Option<&ControlId>) -> Result<Vec<Due>> {
    let organization = view.organization();
    let versions = match only {
        Some(id) => sql::versions_of(view.connection(), organization, id).await?,
        None => sql::versions_named(view.connection(), organization, OCCURRENCE).await?,
    };
    let mut found: Vec<Due> = Vec::new();
    for version in versions.into_iter().filter(|version| version.record.id == OCCURRENCE) {
        let holds = version.record.held.as_ref().and_then(|content| match content.kind {
            TestKind::Occurrence { window, grace_days, every_day } => Some((window, grace_days, every_day)),
            TestKind::Configuration { .. } | TestKind::Population { .. } => None,
        });
        let control = version.record.control;
        let before = found.last().filter(|(of, _, _)| *of == control).and_then(|(_, _, holds)| *holds);
        if before != holds {
            found.push((control, version.held.from, holds));
        }
    }
    Ok(found)
}

/// Refuses an author who decides about their own proposal, and returns why they do it all the same: who has the data
/// folder in hand, and who is the only member.
async fn separated(cx: &mut Cx<'_>, test: &TestRecord, alone: &str) -> Result<String> {
    let Err(conflict) = test.separated(cx.actor.id) else { return Ok(String::new()) };
    if conflict != TestError::OwnProposal {
        return Err(Error::conflict(conflict));
    }
    if cx.actor.access == Access::Local {
        return Ok("with the data folder in hand".to_owned());
    }
    if !people::is_only_member(cx).await? {
        cx.refuse_by_rule("test", format!("{}/{}", test.control, test.id), "own_proposal");
        return Err(Error::conflict(conflict));
    }
    match alone.trim() {
        "" => Err(Error::invalid("you are the only member here: say why you approve it yourself")),
        why => Ok(why.to_owned()),
    }
}

/// Makes the mapping that conclusions read follow a decision.
async fn bring_in_line(
    cx: &mut Cx<'_>,
    control: &Control,
    before: &TestRecord,
    after: &TestRecord,
) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    match (before.check_in_force(), after.check_in_force()) {
        (None, Some(check)) => {
            let pair = (control.id.clone(), check.to_owned());
            let ids = std::slice::from_ref(&control.id);
            let there = super::sql::tests_of(cx.connection(), organization, ids).await?;
            if !there.contains(&pair) {
                super::sql::add_tests(cx.connection(), organization, &[pair], now).await?;
            }
        }
        (Some(check), None) => {
            let pair = (control.id.clone(), check.to_owned());
            super::sql::end_tests(cx.connection(), organization, &[pair], now).await?;
        }
        (None, None) | (Some(_), Some(_)) => {}
    }
    cx.touch(Kind::Control, &control.id);
    Ok(())
}

async fn now_of(view: &mut View<'_>, id: &ControlId) -> Result<Vec<TestRecord>> {
    let organization = view.organization();
    let versions = sql::versions_of(view.connection(), organization, id).await?;
    let current = versions.into_iter().filter(|version| version.held.to.is_none());
    let current: Vec<TestRecord> = current.map(|version| version.record).collect();
    let mapped = super::sql::tests_of(view.connection(), organization, std::slice::from_ref(id)).await?;
    Ok(with_mapped(id, current, mapped.into_iter().map(|(_, check)| check)))
}

/// Adds the tests that the library maps to those that people decided about. One that is mapped holds, whatever became of
/// a proposal of the same check.
fn with_mapped(
    id: &ControlId,
    mut decided: Vec<TestRecord>,
    mapped: impl Iterator<Item = String>,
) -> Vec<TestRecord> {
    for check in mapped {
        let of_library = TestRecord::of_library(id.clone(), &check);
        match decided.iter_mut().find(|test| test.id == check) {
            None => decided.push(of_library),
            Some(test) if test.held.is_none() && !test.is_ended() => {
                (test.origin, test.held) = (of_library.origin, of_library.held);
            }
            Some(_) => {}
        }
    }
    decided.sort_by(|a, b| a.id.cmp(&b.id));
    decided
}

async fn find(view: &mut View<'_>, id: &ControlId, test: &str) -> Result<TestRecord> {
    let all = now_of(view, id).await?;
    all.into_iter().find(|one| one.id == test).ok_or_else(|| Error::not_found("test of a control", test))
}

async fn reached(view: &mut View<'_>, id: &ControlId, verb: Verb) -> Result<Control> {
    let control = super::find(view, id).await?;
    let object = edit::object(view, &control).await?;
    view.permit_on(atom(verb), &object)?;
    Ok(control)
}

/// Finds a control that something may be done about: nothing is tested any more of one that is retired.
async fn open(cx: &mut Cx<'_>, id: &ControlId, verb: Verb) -> Result<Control> {
    let control = reached(cx, id, verb).await?;
    if control.state() == ControlState::Retired {
        return Err(Error::conflict(format!("control {id} is retired")));
    }
    Ok(control)
}

async fn save(
    cx: &mut Cx<'_>,
    name: Name,
    before: Option<&TestRecord>,
    after: &TestRecord,
    why: &str,
) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    sql::keep(cx.connection(), organization, after, now).await?;
    let event = Event {
        before: before.map(said_of).transpose()?,
        after: Some(said_of(after)?),
        why: audit::kept_why(why),
        ..Event::done(name, "test", format!("{}/{}", after.control, after.id))
    };
    audit::record(cx, event).await
}

/// What an event says of a test: nothing that a person wrote.
fn said_of(test: &TestRecord) -> Result<Value> {
    Ok(json!({
        "state": test.state().word(),
        "origin": test.origin,
        "kind": test.content().map(|content| content.kind.word()),
        "alone": test.is_alone(),
        "record": state_of(test)?,
    }))
}
