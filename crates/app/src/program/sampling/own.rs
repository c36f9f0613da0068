//! Sizes that a control has instead of the preset's, with their history.

use serde::Serialize;
use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::control::{ControlId, TEXT_MAX};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;
use tickmark_core::program::sampling::{OwnSize, OwnSizes};
use tickmark_core::words;

use super::sql;
use crate::context::{Cx, View};
use crate::control::edit;
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result, control};

/// Sizes of a control as they were set, until the next ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnVersion {
    /// Number in the control's history, from 1.
    pub number: u32,
    /// From when.
    pub since: Timestamp,
    /// The sizes; none when those of the preset hold.
    pub sizes: Option<OwnSizes>,
    /// Why.
    pub reason: String,
    /// Who set them.
    pub set_by: ActorId,
}

/// Gives a control sizes of its own from now on, or those of the preset again. `from` is the number of the version that was
/// looked at, 0 when there was none. Samples that were drawn stay as they are.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if somebody else set them meanwhile; `Invalid` without a reason.
pub async fn set_sizes(
    cx: &mut Cx<'_>,
    id: &ControlId,
    from: u32,
    sizes: Option<OwnSizes>,
    reason: &str,
) -> Result<OwnVersion> {
    let control = control::find(cx, id).await?;
    let object = edit::object(cx, &control).await?;
    cx.permit_on(edit::atom(Verb::Update), &object)?;
    let reason = words::readable(reason, TEXT_MAX)
        .ok_or_else(|| Error::invalid(format!("the reason has at most {TEXT_MAX} characters")))?;
    if reason.is_empty() {
        return Err(Error::invalid("say why the control has other sizes than the preset"));
    }
    let known = sizes_of(cx, id).await?;
    let current = known.last();
    if current.map_or(0, |version| version.number) != from {
        return Err(Error::conflict("somebody else set the sizes of this control meanwhile"));
    }
    if current.and_then(|version| version.sizes) == sizes {
        return Err(Error::conflict("this is what holds already"));
    }
    let (organization, now, set_by) = (cx.organization(), cx.now, cx.actor.id);
    let version = OwnVersion { number: from + 1, since: now, sizes, reason, set_by };
    sql::add_own(cx.connection(), organization, id, &version).await?;
    let said = |version: &OwnVersion| json!({"sizes": version.sizes});
    let event = Event {
        before: current.map(said),
        after: Some(said(&version)),
        why: audit::kept_why(&version.reason),
        ..Event::done(Name::SizesSet, "control", id)
    };
    audit::record(cx, event).await?;
    Ok(version)
}

/// Returns the sizes that a control had instead of the preset's, oldest first.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn sizes_of(view: &mut View<'_>, control: &ControlId) -> Result<Vec<OwnVersion>> {
    let organization = view.organization();
    sql::own(view.connection(), organization, control).await
}

/// Returns the sizes that hold for a control instead of the preset's, if there are any.
pub(super) async fn current(view: &mut View<'_>, control: &ControlId) -> Result<Option<OwnSize>> {
    let newest = sizes_of(view, control).await?.pop();
    Ok(newest.and_then(|version| {
        Some(OwnSize { version: version.number, sizes: version.sizes?, reason: version.reason })
    }))
}
