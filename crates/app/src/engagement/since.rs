//! What changed of the controls in scope between what management signed and now, for both parties before a report is issued.

use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::engagement::{ControlChange, EngagementKey, Paper};

use super::find;
use crate::context::View;
use crate::{Error, Result, control};

/// The controls in scope that are not what they were when management signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinceSigned {
    /// When management approved first what stands approved now: the description, or the assertion.
    pub at: Timestamp,
    /// What is different, by control.
    pub changes: Vec<ControlChange>,
}

/// Compares the controls that serve the scope with those of when management approved its description and its assertion; none
/// while neither is approved as it stands.
///
/// # Errors
/// `Forbidden`; `NotFound`; or if the catalog has no framework.
pub async fn since_signed(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
) -> Result<Option<SinceSigned>> {
    let record = find(view, key).await?.record;
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    let described =
        record.description.as_ref().and_then(|one| one.approved(record.ground(Paper::Description)));
    let asserted = record.assertion.as_ref().and_then(|one| one.approved(record.ground(Paper::Assertion)));
    let Some(at) = described.into_iter().chain(asserted).map(|signed| signed.at).min() else {
        return Ok(None);
    };
    let changed = control::changed_since(view, at).await?;
    let changed: Vec<ControlId> = changed.into_iter().map(|one| one.id).collect();
    if changed.is_empty() {
        return Ok(Some(SinceSigned { at, changes: Vec::new() }));
    }
    let now = control::controls(view).await?;
    let versions = control::versions_of_some(view, &changed).await?;
    let then = |one: &Control| match changed.contains(&one.id) {
        false => Some(one.clone()),
        // One that was not there then served nothing.
        true => {
            let held = versions.iter().find(|held| held.control.id == one.id && held.held.contains(at));
            held.map(|held| held.control.clone())
        }
    };
    let before: Vec<Control> = now.iter().filter_map(then).collect();
    let changes = record.holds().control_changes(framework, &before, &now);
    Ok(Some(SinceSigned { at, changes }))
}
