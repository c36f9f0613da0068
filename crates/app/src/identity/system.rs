//! Systems: the boundaries that reports describe, and to which many permissions are confined. Their tables are in this feature's
//! `sql.rs`; what migrations `0053_system.sql` and `0105_identity_version.sql` add is written here.

use serde_json::json;
use tickmark_core::id::SystemId;
use tickmark_core::identity::{Atom, Object, Resource, Verb};
use tickmark_core::words;

use super::audit::{self, Event, Name};
use super::{System, Version, check_name, object_of, sql};
use crate::context::{Cx, View};
use crate::{Error, Result, control};

/// Most characters of what lies within.
pub const BOUNDARY_CHARS: usize = 4_000;
/// Most systems of one organization, retired ones with them.
pub const SYSTEMS: usize = 200;

/// Lists all systems by name, retired ones with them.
///
/// # Errors
/// If the database fails.
pub async fn all(view: &mut View<'_>) -> Result<Vec<System>> {
    let organization = view.organization();
    sql::systems(view.connection(), organization).await
}

/// Lists the systems that the actor may see, by name, retired ones with them.
///
/// # Errors
/// `Forbidden` for whoever may see none at all; or if the database fails.
pub async fn list(view: &mut View<'_>) -> Result<Vec<System>> {
    view.permit(atom(Verb::Read))?;
    let (mut systems, any) = (all(view).await?, object_of(view, [].into()).await?);
    systems.retain(|system| view.may_on(atom(Verb::Read), &of(&any, system.id)));
    Ok(systems)
}

/// Finds a system.
///
/// # Errors
/// `NotFound` if there is none; `Forbidden` if the actor may not see it.
pub async fn find(view: &mut View<'_>, id: SystemId) -> Result<System> {
    let found = look_up(view, id).await?;
    let object = of(&object_of(view, [].into()).await?, id);
    view.permit_on(atom(Verb::Read), &object)?;
    Ok(found)
}

/// Returns what was said of a system, oldest first.
///
/// # Errors
/// As [`find`].
pub async fn versions(view: &mut View<'_>, id: SystemId) -> Result<Vec<Version<System>>> {
    find(view, id).await?;
    let organization = view.organization();
    sql::system_versions(view.connection(), organization, id).await
}

/// Writes a system. Sent twice it is written once.
///
/// # Errors
/// `Forbidden`; `Invalid` for a name or a boundary that cannot be; `Conflict` if another one has the name.
pub async fn write(cx: &mut Cx<'_>, name: &str, boundary: &str) -> Result<System> {
    cx.permit_whole(atom(Verb::Create))?;
    let (name, boundary) = said(name, boundary)?;
    let systems = all(cx).await?;
    if let Some(there) = systems.iter().find(|system| system.name == name) {
        let is_same = there.boundary == boundary && there.retired_at.is_none();
        return if is_same { Ok(there.clone()) } else { Err(taken(&name)) };
    }
    if systems.len() >= SYSTEMS {
        return Err(Error::conflict(format!("an organization has at most {SYSTEMS} systems")));
    }
    let system = System { id: SystemId(cx.new_id()), name, boundary, retired_at: None };
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    sql::insert_system(cx.connection(), organization, &system, now).await?;
    sql::add_system_version(cx.connection(), organization, &system, (by, now, "")).await?;
    let event =
        Event { after: Some(state(&system)), ..Event::done(Name::SystemWritten, "system", system.id) };
    audit::record(cx, event).await?;
    Ok(system)
}

/// Says anew what a system is called and what lies within it.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` as [`write`]; `Conflict` for a retired one, or if another one has the name.
pub async fn change(cx: &mut Cx<'_>, id: SystemId, name: &str, boundary: &str) -> Result<System> {
    let before = reached(cx, id, Verb::Update).await?;
    let (name, boundary) = said(name, boundary)?;
    if all(cx).await?.iter().any(|other| other.id != id && other.name == name) {
        return Err(taken(&name));
    }
    let after = System { name, boundary, ..before.clone() };
    if after == before {
        return Ok(after);
    }
    save(cx, Name::SystemChanged, &before, &after, "").await?;
    Ok(after)
}

/// Retires a system. It stays readable, as reports of before are about it.
///
/// # Errors
/// `Forbidden`, for programs too; `NotFound`; `Invalid` without a reason; `Conflict` for the last one, or while controls are for it.
pub async fn retire(cx: &mut Cx<'_>, id: SystemId, why: &str) -> Result<System> {
    let before = reached(cx, id, Verb::Delete).await?;
    cx.need_person()?;
    if why.trim().is_empty() {
        return Err(Error::invalid("say why"));
    }
    let others = all(cx).await?;
    if !others.iter().any(|other| other.id != id && other.retired_at.is_none()) {
        return Err(Error::conflict("this is the only system; write the one that takes its place first"));
    }
    let held = control::of_system(cx, id).await?;
    if let Some(first) = held.first() {
        return Err(Error::conflict(format!(
            "{} of its controls are not retired, {} among them; retire them or move them first",
            held.len(),
            first.id
        )));
    }
    let after = System { retired_at: Some(cx.now), ..before.clone() };
    save(cx, Name::SystemRetired, &before, &after, why).await?;
    Ok(after)
}

fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::System, verb)
}

fn of(any: &Object, id: SystemId) -> Object {
    Object { system: Some(id), ..any.clone() }
}

fn taken(name: &str) -> Error {
    Error::conflict(format!("there is a system {name} already"))
}

fn said(name: &str, boundary: &str) -> Result<(String, String)> {
    let name = name.trim();
    check_name("system", name)?;
    let boundary = words::readable(boundary, BOUNDARY_CHARS).ok_or_else(|| {
        Error::invalid(format!(
            "what lies within has at most {BOUNDARY_CHARS} characters and no control characters"
        ))
    })?;
    Ok((name.to_owned(), boundary))
}

async fn look_up(view: &mut View<'_>, id: SystemId) -> Result<System> {
    let found = all(view).await?.into_iter().find(|system| system.id == id);
    found.ok_or_else(|| Error::not_found("system", id))
}

async fn reached(cx: &mut Cx<'_>, id: SystemId, verb: Verb) -> Result<System> {
    let found = look_up(cx, id).await?;
    let object = of(&object_of(cx, [].into()).await?, id);
    cx.permit_on(atom(verb), &object)?;
    if found.retired_at.is_some() {
        return Err(Error::conflict(format!("{} is retired and does not come back", found.name)));
    }
    Ok(found)
}

async fn save(cx: &mut Cx<'_>, name: Name, before: &System, after: &System, why: &str) -> Result<()> {
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    sql::change_system(cx.connection(), organization, after).await?;
    sql::add_system_version(cx.connection(), organization, after, (by, now, why)).await?;
    let event = Event {
        before: Some(state(before)),
        after: Some(state(after)),
        why: Some(why).filter(|why| !why.is_empty()),
        ..Event::done(name, "system", after.id)
    };
    audit::record(cx, event).await
}

fn state(system: &System) -> serde_json::Value {
    json!({"name": system.name, "retired_at": system.retired_at})
}
