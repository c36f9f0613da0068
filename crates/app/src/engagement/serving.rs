//! The control objectives that a control serves. A criterion is chosen with the control; an objective names its controls in
//! the scope of a SOC 1, so a control learns of it from there: the register holds which controls an examination names.

use std::collections::BTreeSet;

use tickmark_core::control::ControlId;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::identity::Verb;

use super::{atom, object, open_with};
use crate::Result;
use crate::context::View;
use crate::identity;
use crate::register::Query;

/// A control objective that names a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedObjective {
    /// The examination in whose scope it stands.
    pub engagement: EngagementKey,
    /// Its identifier there, e.g. `CO-03`.
    pub id: String,
    /// The objective.
    pub statement: String,
}

/// Lists the control objectives that name a control, in the scopes that hold of examinations that are not closed, newest first;
/// those of examinations that the actor may see.
///
/// # Errors
/// If the database fails, or holds what we never wrote.
pub async fn objectives_of(view: &mut View<'_>, control: &ControlId) -> Result<Vec<ServedObjective>> {
    if !view.may(atom(Verb::Read)) {
        return Ok(Vec::new());
    }
    let naming = open_with(view, Query::of("serves", &control.to_string())).await?;
    if naming.is_empty() {
        return Ok(Vec::new());
    }
    let any = identity::object_of(view, BTreeSet::new()).await?;
    let mut served = Vec::new();
    for version in naming {
        let record = &version.record;
        if !view.may_on(atom(Verb::Read), &object(&any, record)) {
            continue;
        }
        let those = record.holds().objectives.iter().filter(|one| one.controls.contains(control));
        served.extend(those.map(|one| ServedObjective {
            engagement: record.key,
            id: one.id.clone(),
            statement: one.statement.clone(),
        }));
    }
    Ok(served)
}
