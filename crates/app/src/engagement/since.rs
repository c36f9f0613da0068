//! What changed of the controls in scope between what management signed and now, for both parties before a report is issued,
//! and that management confirms it: a report is recorded only with controls that it signed for, or confirmed.

use serde_json::json;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::engagement::{
    Confirmation, ControlChange, Engagement, EngagementKey, Paper, Step, Unconfirmed, digest_of_changes,
};
use tickmark_core::id::ActorId;
use tickmark_core::{Digest, Timestamp};

use super::{completion, current, fieldwork, find, signing, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result, control};

/// The controls in scope that are not what they were when management signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinceSigned {
    /// When management approved the description as it stands; the assertion, where there is no approved description.
    pub at: Timestamp,
    /// What is different, by control.
    pub changes: Vec<ControlChange>,
    /// What management confirmed last since then, whether or not it covers these changes.
    pub confirmed: Option<Confirmation>,
}

/// What came of confirming a list of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirming {
    /// It is confirmed.
    Done(Box<SinceSigned>),
    /// The changes are other ones by now; nothing is confirmed.
    Stale(Box<SinceSigned>),
}

impl SinceSigned {
    /// Returns the digest by which a confirmation names these changes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest_of_changes(&self.changes)
    }

    /// Returns what keeps a report from being recorded; none where nothing changed, or all of it is confirmed.
    #[must_use]
    pub fn unconfirmed(&self) -> Option<Unconfirmed> {
        Unconfirmed::of(&self.changes, self.confirmed.as_ref())
    }

    /// Returns the confirmation that covers the changes as they are.
    #[must_use]
    pub fn covered(&self) -> Option<&Confirmation> {
        self.confirmed.as_ref().filter(|one| !self.changes.is_empty() && one.covers(&self.changes))
    }
}

/// Compares the controls that serve the scope with those of when management approved its description, or its assertion where
/// there is no approved description; none while neither is approved as it stands. Once the engagement is frozen, with those of
/// when it was.
///
/// # Errors
/// `Forbidden`; `NotFound`; or if the catalog has no framework.
pub async fn since_signed(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
) -> Result<Option<SinceSigned>> {
    let record = find(view, key).await?.record;
    changed(view, &record, catalog).await
}

/// The same for a record that is loaded, whoever asks.
pub(super) async fn changed(
    view: &mut View<'_>,
    record: &Engagement,
    catalog: &Catalog,
) -> Result<Option<SinceSigned>> {
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    let described =
        record.description.as_ref().and_then(|one| one.approved(record.ground(Paper::Description)));
    let asserted = record.assertion.as_ref().and_then(|one| one.approved(record.ground(Paper::Assertion)));
    // What controls say is told with the description: whoever approves it anew, approves it with them.
    let Some(at) = described.or(asserted).map(|signed| signed.at) else { return Ok(None) };
    let nothing = SinceSigned { at, changes: Vec::new(), confirmed: None };
    let touched: Vec<ControlId> =
        control::changed_since(view, at).await?.into_iter().map(|one| one.id).collect();
    if touched.is_empty() {
        return Ok(Some(nothing));
    }
    let (organization, key) = (view.organization(), record.key);
    let frozen = fieldwork::newest_report(view, key).await?.frozen().map(|(_, at, _)| at);
    let all = control::controls(view).await?;
    let versions = control::versions_of_some(view, &touched).await?;
    let held = |moment: Timestamp| -> Vec<Control> {
        let then = |one: &Control| match touched.contains(&one.id) {
            false => Some(one.clone()),
            // One that was not there then served nothing.
            true => {
                let mut held = versions.iter().filter(|held| held.control.id == one.id);
                held.find(|held| held.held.contains(moment)).map(|held| held.control.clone())
            }
        };
        all.iter().filter_map(then).collect()
    };
    let now = frozen.map_or_else(|| all.clone(), held);
    let changes = record.holds().control_changes(framework, &held(at), &now);
    if changes.is_empty() {
        return Ok(Some(nothing));
    }
    let last = sql::confirmation(view.connection(), organization, key).await?;
    // What was confirmed before management signed anew is not about what it signed.
    let confirmed = last.map(|(_, one)| one).filter(|one| one.at >= at);
    Ok(Some(SinceSigned { changes, confirmed, ..nothing }))
}

/// Confirms for management what changed of the controls in scope since it signed: that what was signed holds with exactly
/// these changes. `seen` is the digest of the changes that were looked at.
///
/// # Errors
/// `Forbidden`, for programs too; `StepUp`; `NotFound`; `Invalid` without a reason; `Conflict` if nothing is signed or changed,
/// all of it is confirmed already, the report is there, or whoever confirms made all of these changes.
pub async fn confirm_changes(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    seen: Digest,
    reason: &str,
    catalog: &Catalog,
) -> Result<Confirming> {
    cx.permit_whole(signing(Step::Approve))?;
    cx.need_person()?;
    let record = current(cx, key).await?.record;
    if completion::has_report(cx, key).await? {
        return Err(Error::conflict("the report is there; what it was recorded with stays as it was"));
    }
    let Some(before) = changed(cx, &record, catalog).await? else {
        return Err(Error::conflict(
            "management has signed nothing yet that a control could have changed since",
        ));
    };
    if before.digest() != seen {
        return Ok(Confirming::Stale(Box::new(before)));
    }
    if before.unconfirmed().is_none() {
        return Err(Error::conflict(if before.changes.is_empty() {
            "no control in scope changed since management signed"
        } else {
            "what changed of the controls in scope is confirmed as it stands"
        }));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    if wrote_all(cx, &before, by).await? {
        cx.refuse_by_rule("engagement", key.to_string(), "own_text");
        return Err(Error::conflict(
            "who wrote all of these changes does not confirm them; somebody else does",
        ));
    }
    let given = Confirmation::of(before.changes.clone(), by, now, reason).map_err(Error::invalid)?;
    let last = sql::confirmation(cx.connection(), organization, key).await?;
    let number = last.as_ref().map_or(1, |(number, _)| number + 1);
    sql::add_confirmation(cx.connection(), organization, key, number, &given).await?;
    let said = |one: &Confirmation| json!({ "controls": one.changes.len(), "changes": one.digest });
    let event = Event {
        before: last.as_ref().map(|(_, one)| said(one)),
        after: Some(said(&given)),
        why: audit::kept_why(reason),
        ..Event::done(Name::ChangesConfirmed, "engagement", key)
    };
    audit::record(cx, event).await?;
    Ok(Confirming::Done(Box::new(SinceSigned { confirmed: Some(given), ..before })))
}

/// Tells whether somebody wrote the text of each control that changed since management signed: they confirm none of it.
///
/// # Errors
/// If the database fails.
pub async fn wrote_all(view: &mut View<'_>, since: &SinceSigned, who: ActorId) -> Result<bool> {
    let ids: Vec<ControlId> = since.changes.iter().map(|one| one.control.clone()).collect();
    let controls = control::several(view, &ids).await?;
    let is_own = |one: &Control| {
        let text = one.text.current();
        text.by == who && text.held.from >= since.at
    };
    Ok(!ids.is_empty() && controls.len() == ids.len() && controls.iter().all(is_own))
}
