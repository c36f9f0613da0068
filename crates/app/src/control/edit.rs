//! What people do with controls: write, adopt, change, approve, decline, retire.
//!
//! Who wrote what waits for approval does not approve it. Whoever has the data folder in hand stands for both, on the
//! machine: otherwise a company of one could put nothing in force.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tickmark_core::Digest;
use tickmark_core::catalog::{Catalog, ObjectiveSet};
use tickmark_core::control::{
    Assigned, Change, Content, Control, ControlError, ControlId, ControlState, CriterionMapping,
};
use tickmark_core::id::{ActorId, SystemId};
use tickmark_core::identity::{Atom, Object, Resource, Verb};

use super::{find, sql, state_of};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, Access};
use crate::{ActorKind, Error, Result};

/// Words in addresses that no control can be called.
pub const RESERVED: [&str; 3] = ["new", "bulk", "library"];
/// Most controls that are changed at once.
pub const MANY: usize = 200;

/// What came of a change that was made from a state of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done(Box<Control>, Change),
    /// Somebody else changed the record meanwhile; nothing is done.
    Stale(Box<Control>),
}

/// The permission to do something with controls.
#[must_use]
pub fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Control, verb)
}

/// Returns a control as far as rights depend on it: of its system, or of the one that the organization has.
///
/// # Errors
/// If the database fails.
pub async fn object(view: &mut View<'_>, control: &Control) -> Result<Object> {
    let Assigned { owner, operator, reviewer } = control.assigned();
    super::object_serving(view, [owner, operator, reviewer].into_iter().flatten().collect(), [control]).await
}

/// Writes a control from nothing, as a draft. Sent twice it is written once.
///
/// # Errors
/// `Forbidden`; `Invalid` with what cannot be right; `Conflict` if the id is taken.
pub async fn write(
    cx: &mut Cx<'_>,
    id: ControlId,
    content: Content,
    assigned: Assigned,
    reason: &str,
    catalog: &Catalog,
) -> Result<Control> {
    cx.permit_whole(atom(Verb::Create))?;
    let control = checked(cx, id, content, assigned, reason, catalog).await?;
    keep_new(cx, control, reason).await
}

/// Copies one starter control as a draft, changed on the way as `content` says and under an id of its own. The checks of
/// the starter control are tests of the copy.
///
/// # Errors
/// As [`write`]; `NotFound` for a starter control that the catalog does not have.
pub async fn copy(
    cx: &mut Cx<'_>,
    starter: &str,
    id: ControlId,
    content: Content,
    assigned: Assigned,
    reason: &str,
    catalog: &Catalog,
) -> Result<Control> {
    cx.permit_whole(atom(Verb::Create))?;
    if !catalog.controls.iter().any(|known| known.id == starter) {
        return Err(Error::not_found("starter control", starter));
    }
    let control = checked(cx, id, content, assigned, reason, catalog).await?.copied_from(starter);
    keep_new(cx, control, reason).await
}

async fn checked(
    cx: &mut Cx<'_>,
    id: ControlId,
    content: Content,
    assigned: Assigned,
    reason: &str,
    catalog: &Catalog,
) -> Result<Control> {
    if RESERVED.contains(&id.as_str()) || id.as_str().contains(['/', '?', '#', '%']) {
        return Err(Error::invalid(format!("no control can be called {id}")));
    }
    known_criteria(&content, &[], catalog)?;
    known_people(cx, &assigned, &Assigned::default()).await?;
    known_system(cx, content.system, None).await?;
    let (now, by) = (cx.now, cx.actor.id);
    Control::write(id, content, assigned, by, now, reason).map_err(Error::invalid)
}

async fn keep_new(cx: &mut Cx<'_>, control: Control, reason: &str) -> Result<Control> {
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    if let Some(there) = sql::find(cx.connection(), organization, &control.id).await? {
        let is_same = there.content() == control.content()
            && there.assigned() == control.assigned()
            && there.starter == control.starter
            && there.text.current().by == by
            && there.state() == ControlState::Draft;
        let taken = || Error::conflict(format!("there is a control {} already", there.id));
        return if is_same { Ok(there) } else { Err(taken()) };
    }
    sql::add(cx.connection(), organization, std::slice::from_ref(&control), now).await?;
    let name = if control.starter.is_some() { Name::ControlAdopted } else { Name::ControlWritten };
    record(cx, name, None, &control, reason).await?;
    Ok(control)
}

/// Copies chosen starter controls into the organization, as drafts. Those that are here already stay as they are.
/// Returns how many were copied.
///
/// # Errors
/// `Forbidden`; `NotFound` for what the catalog does not have.
pub async fn adopt(cx: &mut Cx<'_>, catalog: &Catalog, chosen: &BTreeSet<String>) -> Result<usize> {
    cx.permit_whole(atom(Verb::Create))?;
    let (now, by) = (cx.now, cx.actor.id);
    let known = known_ids(cx).await?;
    let mut new = Vec::new();
    for id in chosen.iter().filter(|id| !known.contains(*id)) {
        let starter = catalog.controls.iter().find(|starter| starter.id == *id);
        let starter = starter.ok_or_else(|| Error::not_found("starter control", id))?;
        new.push(Control::adopt(starter, by, now).map_err(Error::invalid)?);
    }
    add(cx, &new).await
}

/// Copies the controls of an example set for a SOC 1 that serve these objectives, as drafts. Those that are here already stay
/// as they are.
///
/// # Errors
/// As [`adopt`].
pub async fn adopt_for_objectives(
    cx: &mut Cx<'_>,
    set: &ObjectiveSet,
    objectives: &BTreeSet<String>,
) -> Result<usize> {
    cx.permit_whole(atom(Verb::Create))?;
    let (now, by) = (cx.now, cx.actor.id);
    let known = known_ids(cx).await?;
    let area = |id: &str| set.objectives.iter().find(|one| one.id == id).map_or("", |one| &one.area);
    let chosen = set.controls.iter().filter(|one| objectives.contains(&one.objective));
    let new: Vec<Control> = chosen
        .filter(|one| !known.contains(&one.id))
        .map(|one| Control::adopt_for_objective(one, area(&one.objective), by, now).map_err(Error::invalid))
        .collect::<Result<_>>()?;
    add(cx, &new).await
}

async fn known_ids(view: &mut View<'_>) -> Result<BTreeSet<String>> {
    Ok(super::controls(view).await?.into_iter().map(|control| control.id.to_string()).collect())
}

/// Adds drafts that were copied.
async fn add(cx: &mut Cx<'_>, new: &[Control]) -> Result<usize> {
    if new.is_empty() {
        return Ok(0);
    }
    let (organization, now) = (cx.organization(), cx.now);
    sql::add(cx.connection(), organization, new, now).await?;
    for control in new {
        record(cx, Name::ControlAdopted, None, control, "").await?;
    }
    Ok(new.len())
}

/// Changes a control that was in the state `from` when the form was made.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` with what cannot be right.
pub async fn change(
    cx: &mut Cx<'_>,
    id: &ControlId,
    from: Digest,
    content: Content,
    assigned: Assigned,
    reason: &str,
    catalog: &Catalog,
) -> Result<Changed> {
    let control = reached(cx, id, Verb::Update).await?;
    if state_of(&control)? != from {
        return Ok(Changed::Stale(Box::new(control)));
    }
    known_criteria(&content, &control.criteria, catalog)?;
    known_people(cx, &assigned, &control.assigned()).await?;
    known_system(cx, content.system, control.system).await?;
    let (mut after, by, now) = (control.clone(), cx.actor.id, cx.now);
    if content.system != control.system {
        // Nobody moves a control to where they could not have changed it.
        after.system = content.system;
        let object = object(cx, &after).await?;
        cx.permit_on(atom(Verb::Update), &object)?;
        after.system = control.system;
    }
    let what = after.change(content, assigned, by, now, reason).map_err(Error::invalid)?;
    let name = if what == Change::Waits { Name::ControlProposed } else { Name::ControlChanged };
    save(cx, name, &control, &after, reason).await?;
    Ok(Changed::Done(Box::new(after), what))
}

/// Assigns an owner to each of these controls.
///
/// # Errors
/// As [`change`]; `Conflict` for one that is retired.
pub async fn assign(cx: &mut Cx<'_>, ids: &[ControlId], owner: ActorId, reason: &str) -> Result<usize> {
    let mut changed = 0;
    for id in few(ids)? {
        let control = reached(cx, id, Verb::Update).await?;
        if control.owner == Some(owner) {
            continue;
        }
        let assigned = Assigned { owner: Some(owner), ..control.assigned() };
        known_people(cx, &assigned, &control.assigned()).await?;
        let (mut after, by, now) = (control.clone(), cx.actor.id, cx.now);
        after.change(control.content(), assigned, by, now, reason).map_err(said)?;
        save(cx, Name::ControlChanged, &control, &after, reason).await?;
        changed += 1;
    }
    Ok(changed)
}

/// Approves what waits: puts a draft in force under a named owner, or lets a proposed change hold. `from` is the state
/// that was looked at; approval of another one is none.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if nothing waits, there is no owner, or the approver wrote it.
pub async fn approve(
    cx: &mut Cx<'_>,
    id: &ControlId,
    from: Digest,
    owner: Option<ActorId>,
) -> Result<Changed> {
    let control = reached(cx, id, Verb::Approve).await?;
    cx.need_person()?;
    if state_of(&control)? != from {
        return Ok(Changed::Stale(Box::new(control)));
    }
    let after = approved(cx, &control, owner.or(control.owner)).await?;
    Ok(Changed::Done(Box::new(after), Change::Holds))
}

/// Approves each of these drafts: puts them in force. All or none.
///
/// # Errors
/// As [`approve`].
pub async fn start(cx: &mut Cx<'_>, ids: &[ControlId]) -> Result<usize> {
    cx.need_person()?;
    for id in few(ids)? {
        let control = reached(cx, id, Verb::Approve).await?;
        if control.state() != ControlState::Draft {
            return Err(said(ControlError::Transition {
                control: control.id.clone(),
                from: control.state(),
                to: ControlState::Active,
            }));
        }
        approved(cx, &control, control.owner).await?;
    }
    Ok(ids.len())
}

/// Refuses a proposed change; what is in force stays so.
///
/// # Errors
/// As [`approve`]; `Invalid` without a reason.
pub async fn decline(cx: &mut Cx<'_>, id: &ControlId, reason: &str) -> Result<Control> {
    let control = reached(cx, id, Verb::Approve).await?;
    cx.need_person()?;
    if reason.trim().is_empty() {
        return Err(Error::invalid("say why, so that its author can follow it"));
    }
    let mut after = control.clone();
    after.decline().map_err(said)?;
    save(cx, Name::ControlDeclined, &control, &after, reason).await?;
    Ok(after)
}

/// Puts a draft in force under a named owner. From here on its text is a promise that is tested.
///
/// # Errors
/// `Forbidden` for programs and for whoever may not, `NotFound`, or `Conflict` if it is no draft or the approver wrote it.
pub async fn put_in_force(cx: &mut Cx<'_>, id: &ControlId, owner: ActorId) -> Result<Control> {
    let control = reached(cx, id, Verb::Approve).await?;
    cx.need_person()?;
    if control.state() != ControlState::Draft {
        let (from, to) = (control.state(), ControlState::Active);
        return Err(said(ControlError::Transition { control: control.id, from, to }));
    }
    approved(cx, &control, Some(owner)).await
}

/// Takes a control out of force, or sets a draft aside. It stays readable, with its history.
///
/// # Errors
/// `Forbidden` for programs and for whoever may not; `NotFound`; `Conflict` if it is retired already or no reason is given.
pub async fn retire(cx: &mut Cx<'_>, id: &ControlId, reason: &str) -> Result<Control> {
    let control = reached(cx, id, Verb::Delete).await?;
    cx.need_person()?;
    let (mut after, by, now) = (control.clone(), cx.actor.id, cx.now);
    after.retire_because(by, now, reason).map_err(said)?;
    save(cx, Name::ControlRetired, &control, &after, reason).await?;
    Ok(after)
}

async fn approved(cx: &mut Cx<'_>, control: &Control, owner: Option<ActorId>) -> Result<Control> {
    let is_member = matches!(cx.actor.access, Access::Member(_));
    let (mut after, by, now) = (control.clone(), cx.actor.id, cx.now);
    if is_member && let Err(conflict) = control.separated(by) {
        cx.refuse_by_rule("control", control.id.to_string(), "own_text");
        return Err(said(conflict));
    }
    let assigned = Assigned { owner, ..control.assigned() };
    known_people(cx, &assigned, &control.assigned()).await?;
    after.owner = owner;
    after.approve(by, now).map_err(said)?;
    let is_draft = control.state() == ControlState::Draft;
    let name = if is_draft { Name::ControlInForce } else { Name::ControlApproved };
    save(cx, name, control, &after, "").await?;
    Ok(after)
}

/// Finds a control that the actor may see.
///
/// # Errors
/// `NotFound` if there is none; `Forbidden` if they may not see it.
pub async fn see(view: &mut View<'_>, id: &ControlId) -> Result<Control> {
    let control = find(view, id).await?;
    let object = object(view, &control).await?;
    view.permit_on(atom(Verb::Read), &object)?;
    Ok(control)
}

/// Finds a control, and asks whether something may be done with it. What may not be known of is not found.
pub(super) async fn reached(cx: &mut Cx<'_>, id: &ControlId, verb: Verb) -> Result<Control> {
    let control = find(cx, id).await?;
    let object = object(cx, &control).await?;
    cx.permit_on(atom(verb), &object)?;
    Ok(control)
}

fn few(ids: &[ControlId]) -> Result<&[ControlId]> {
    match ids.len() {
        0 => Err(Error::invalid("choose at least one control")),
        1..=MANY => Ok(ids),
        _ => Err(Error::invalid(format!("at most {MANY} controls are changed at once"))),
    }
}

fn said(error: ControlError) -> Error {
    Error::conflict(error)
}

fn known_criteria(content: &Content, before: &[CriterionMapping], catalog: &Catalog) -> Result<()> {
    let is_known = |mapping: &CriterionMapping| {
        let was_there = || {
            before.iter().any(|b| (&b.framework, &b.criterion) == (&mapping.framework, &mapping.criterion))
        };
        was_there() || catalog.requirement(&format!("{}/{}", mapping.framework, mapping.criterion)).is_ok()
    };
    match content.criteria.iter().find(|mapping| !is_known(mapping)) {
        Some(unknown) => Err(Error::invalid(format!("there is no criterion {}", unknown.criterion))),
        None => Ok(()),
    }
}

/// Refuses a system that is not here. One that was retired meanwhile may stay.
async fn known_system(view: &mut View<'_>, system: Option<SystemId>, before: Option<SystemId>) -> Result<()> {
    let Some(id) = system.filter(|_| system != before) else { return Ok(()) };
    let is_here = identity::systems(view).await?.iter().any(|one| one.id == id);
    if is_here { Ok(()) } else { Err(Error::invalid("choose a system that is in use")) }
}

/// Refuses people who are not here. Whoever was assigned before may stay, whatever became of them.
async fn known_people(view: &mut View<'_>, assigned: &Assigned, before: &Assigned) -> Result<()> {
    let all = |a: &Assigned| [a.owner, a.operator, a.reviewer].into_iter().flatten().collect::<BTreeSet<_>>();
    for one in all(assigned).difference(&all(before)) {
        match identity::actor(view, *one).await {
            Ok(actor) if actor.kind == ActorKind::Person => {
                identity::people::need_own(view, *one).await?;
            }
            Ok(_) => return Err(Error::invalid("a program answers for nothing; choose a person")),
            Err(Error::NotFound { .. }) => return Err(Error::invalid("choose somebody who is here")),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn save(cx: &mut Cx<'_>, name: Name, before: &Control, after: &Control, why: &str) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    sql::change(cx.connection(), organization, after, now).await?;
    record(cx, name, Some(before), after, why).await
}

async fn record(
    cx: &mut Cx<'_>,
    name: Name,
    before: Option<&Control>,
    after: &Control,
    why: &str,
) -> Result<()> {
    let event = Event {
        before: before.map(said_of).transpose()?,
        after: Some(said_of(after)?),
        why: Some(why),
        ..Event::done(name, "control", &after.id)
    };
    audit::record(cx, event).await
}

/// What an event says of a control: nothing that a person wrote.
fn said_of(control: &Control) -> Result<Value> {
    Ok(json!({
        "state": control.state(),
        "text": control.text.current().version,
        "waits": control.waits(),
        "record": state_of(control)?,
    }))
}
