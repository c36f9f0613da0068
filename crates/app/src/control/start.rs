//! The guided start: what was answered is kept, so that it can be left and gone on with; then the chosen starter
//! controls are adopted in one step.

use std::collections::BTreeSet;

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::start::{Answers, Draft};
use tickmark_core::control::{ControlId, ControlState};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::edit::{adopt, atom, retire};
use super::sql;
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result};

/// A draft with who kept it when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The draft.
    pub draft: Draft,
    /// Who kept it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// What adopting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Starter controls that were copied.
    pub copied: usize,
    /// Drafts that were here and are set aside.
    pub aside: usize,
}

/// Returns what was kept.
///
/// # Errors
/// `Forbidden` for whoever may not write controls.
pub async fn kept(view: &mut View<'_>) -> Result<Option<Kept>> {
    view.permit_whole(atom(Verb::Create))?;
    let organization = view.organization();
    sql::start(view.connection(), organization).await
}

/// Returns what was answered, whoever asks.
pub(crate) async fn answered(view: &mut View<'_>) -> Result<Option<Answers>> {
    let organization = view.organization();
    Ok(sql::start(view.connection(), organization).await?.map(|kept| kept.draft.answers))
}

/// Keeps a draft. `from` is when the one that was gone on with was kept.
///
/// # Errors
/// `Forbidden`; `Conflict` if somebody else kept another one meanwhile; `Invalid`.
pub async fn keep(cx: &mut Cx<'_>, from: Option<Timestamp>, draft: &Draft, catalog: &Catalog) -> Result<()> {
    let there = kept(cx).await?;
    if there.as_ref().map(|kept| kept.at) != from {
        return Err(Error::conflict("somebody else went on with it meanwhile"));
    }
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    draft.answers.clone().checked(framework).map_err(Error::invalid)?;
    let unknown = |id: &&String| !catalog.controls.iter().any(|starter| starter.id == **id);
    if let Some(unknown) = draft.chosen.iter().flatten().find(unknown) {
        return Err(Error::invalid(format!("there is no starter control {unknown}")));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    sql::keep_start(cx.connection(), organization, draft, by, now).await?;
    let after = json!({
        "categories": draft.answers.categories,
        "chosen": draft.chosen.as_ref().map(BTreeSet::len),
    });
    let event = Event { after: Some(after), ..Event::done(Name::StartKept, "program", "start") };
    audit::record(cx, event).await
}

/// Adopts the chosen starter controls. `aside` says why each draft that is here and not chosen is set aside; those that
/// are not in it stay.
///
/// # Errors
/// As [`adopt`] and [`retire`].
pub async fn put_together(
    cx: &mut Cx<'_>,
    catalog: &Catalog,
    chosen: &BTreeSet<String>,
    aside: &[(String, String)],
) -> Result<Adopted> {
    let copied = adopt(cx, catalog, chosen).await?;
    let here = super::controls(cx).await?;
    let mut set_aside = 0;
    for (id, why) in aside {
        let is_untouched = here.iter().any(|control| {
            control.id.as_str() == id
                && control.state() == ControlState::Draft
                && control.starter.as_deref() == Some(id.as_str())
                && control.text.current().version == 1
        });
        if is_untouched && !chosen.contains(id) {
            let id: ControlId = id.parse().map_err(Error::invalid)?;
            retire(cx, &id, why).await?;
            set_aside += 1;
        }
    }
    Ok(Adopted { copied, aside: set_aside })
}
