//! Mappings of columns, saved by name and used again for the next list of the same source.

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::program::population::{MAX_MAPPINGS, Mapping, mapping_name};
use tickmark_ledger::leaf::LeafKind;

use super::sql;
use crate::context::{Cx, View};
use crate::{Action, Error, Result};

/// A mapping with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its name, unique in the organization.
    pub name: String,
    /// How often it was saved.
    pub version: i64,
    /// When it was last saved.
    pub saved_at: Timestamp,
    /// By whom.
    pub saved_by: ActorId,
    /// Which column is what.
    pub mapping: Mapping,
}

/// Saves a mapping. `from` is the version that it was made of; none for a new one.
///
/// # Errors
/// If the actor may not bring in lists; `Invalid` for a mapping or a name that is none; `Conflict` if it was saved
/// meanwhile, or there is one of this name.
pub async fn save_mapping(cx: &mut Cx<'_>, name: &str, from: Option<i64>, mapping: Mapping) -> Result<Saved> {
    cx.authorize(Action::Observe)?;
    mapping.check().map_err(Error::invalid)?;
    let name = mapping_name(name).map_err(Error::invalid)?;
    let all = mappings(cx).await?;
    let held = all.iter().find(|saved| saved.name == name).map(|saved| saved.version);
    match (held, from) {
        (held, from) if held == from => {}
        (Some(_), None) => {
            return Err(Error::conflict(format!("there is a mapping called {name:?} already")));
        }
        _ => return Err(Error::conflict(format!("the mapping {name:?} was changed meanwhile"))),
    }
    if held.is_none() && all.len() >= MAX_MAPPINGS {
        return Err(Error::invalid(format!("an organization has at most {MAX_MAPPINGS} mappings")));
    }
    let saved =
        Saved { name, version: held.unwrap_or(0) + 1, saved_at: cx.now, saved_by: cx.actor.id, mapping };
    let organization = cx.organization();
    sql::put_mapping(cx.connection(), organization, &saved).await?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({"event": "population.mapping_saved", "mapping": saved.name, "version": saved.version}),
    )?;
    Ok(saved)
}

/// Takes a saved mapping away. Lists that were read by it keep what they were read by.
///
/// # Errors
/// If the actor may not bring in lists; `NotFound` if there is none of this name.
pub async fn forget_mapping(cx: &mut Cx<'_>, name: &str) -> Result<()> {
    cx.authorize(Action::Observe)?;
    let saved = mapping(cx, name).await?;
    let organization = cx.organization();
    sql::remove_mapping(cx.connection(), organization, &saved.name).await?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({"event": "population.mapping_removed", "mapping": saved.name, "version": saved.version}),
    )?;
    Ok(())
}

/// Returns the saved mappings by name.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn mappings(view: &mut View<'_>) -> Result<Vec<Saved>> {
    let organization = view.organization();
    sql::mappings(view.connection(), organization).await
}

/// Finds a saved mapping.
///
/// # Errors
/// `NotFound` if there is none of this name.
pub async fn mapping(view: &mut View<'_>, name: &str) -> Result<Saved> {
    let all = mappings(view).await?;
    all.into_iter().find(|saved| saved.name == name.trim()).ok_or_else(|| Error::not_found("mapping", name))
}
