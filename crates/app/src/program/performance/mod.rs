//! Performances of controls: who did it when, for which window, and what shows it.
//!
//! A control with a rhythm is due once in each window of its frequency while it is in force. Nothing is ever changed: a
//! missed window stays missed until somebody performs it late, and late it stays. Owns the tables `performance*` of
//! migration `0014_period.sql`.

mod sql;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;
use tickmark_core::catalog::Nature;
use tickmark_core::conclusion::period::{self, WindowRow};
use tickmark_core::control::{Control, ControlId};
use tickmark_core::id::{ActorId, EvidenceKey, PerformanceKey};
use tickmark_core::program::performance::{Performance, Schedule, Window};
use tickmark_core::{Span, Timestamp};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::leaf::LeafKind;

use crate::context::{Cx, View};
use crate::control::{self, ControlVersion};
use crate::evidence::{self, ArtifactKey};
use crate::{Action, Error, Result, identity};

/// Largest file handed in as evidence, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 20;

/// A file handed in as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFile {
    /// Name without folders.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// What somebody says was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerformance {
    /// The control.
    pub control: ControlId,
    /// Name of the window; that which holds `performed_at` when left out.
    pub window: Option<String>,
    /// When it was done.
    pub performed_at: Timestamp,
    /// Who did it.
    pub performed_by: ActorId,
    /// Artifacts that are kept already.
    pub evidence: Vec<EvidenceKey>,
    /// Files that are kept now.
    pub files: Vec<EvidenceFile>,
    /// What there is to say; may be empty.
    pub note: String,
}

/// When a control was due: each schedule with the time that it held while the control was in force.
pub type Schedules = Vec<(Span, Schedule)>;

/// Says when a control is due from now on, where that is not what its frequency usually means.
///
/// # Errors
/// If the actor may not set up controls, or there is no such control.
pub async fn schedule(cx: &mut Cx<'_>, control: &ControlId, schedule: Schedule) -> Result<()> {
    cx.authorize(Action::Administer)?;
    control::find(cx, control).await?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::add_schedule(cx.connection(), organization, control, schedule, now).await?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({"event": "performance.scheduled", "control": control, "schedule": schedule}),
    )?;
    Ok(())
}

/// Records that a control was performed for a window, with what shows it.
///
/// # Errors
/// `NotFound` for an unknown control, person or artifact; `Invalid` without evidence, for a window that is none or had
/// not begun, or for a moment that lies ahead.
pub async fn record(cx: &mut Cx<'_>, new: NewPerformance) -> Result<Performance> {
    cx.authorize(Action::Observe)?;
    let (organization, now) = (cx.organization(), cx.now);
    let control = control::find(cx, &new.control).await?;
    identity::actor(cx, new.performed_by).await?;
    let window = window_for(cx, &control, &new).await?;
    let mut evidence = new.evidence;
    for &key in &evidence {
        evidence::find(cx, ArtifactKey(key.0)).await?;
    }
    // Before anything is kept: what is refused leaves no file behind.
    let mut performance = Performance {
        key: sql::next_key(cx.connection(), organization).await?,
        control: new.control,
        window: window.id.clone(),
        performed_at: new.performed_at,
        performed_by: new.performed_by,
        recorded_at: now,
        evidence: evidence.iter().copied().chain(new.files.iter().map(|_| EvidenceKey(0))).collect(),
        note: new.note.trim().to_owned(),
    };
    performance.check(&window).map_err(Error::invalid)?;
    for file in new.files {
        if file.bytes.len() > MAX_FILE_BYTES {
            return Err(Error::invalid(format!("{:?} is larger than {MAX_FILE_BYTES} bytes", file.name)));
        }
        let kept = evidence::store_document(cx, &file.name, &file.media_type, file.bytes).await?;
        evidence.push(EvidenceKey(kept.key.0));
    }
    evidence.sort_unstable();
    evidence.dedup();
    performance.evidence = evidence;
    let (salt, commitment) = super::commit(cx.app, "a performance", &performance)?;
    sql::add(cx.connection(), organization, &performance, salt, commitment).await?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({
            "event": "performance.recorded", "performance": performance.key, "control": performance.control,
            "window": performance.window, "performed_at": performance.performed_at,
            "artifacts": performance.evidence, "record": commitment,
        }),
    )?;
    Ok(performance)
}

/// Lists the performances of a control, oldest first.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for the other queries here.
pub async fn list(view: &mut View<'_>, control: &ControlId) -> Result<Vec<Performance>> {
    Ok(all(view).await?.remove(control).unwrap_or_default())
}

/// Lists all performances by control, oldest first.
///
/// # Errors
/// As [`list`].
pub async fn all(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Vec<Performance>>> {
    let organization = view.organization();
    let mut by_control: BTreeMap<ControlId, Vec<Performance>> = BTreeMap::new();
    for performance in sql::all(view.connection(), organization).await? {
        by_control.entry(performance.control.clone()).or_default().push(performance);
    }
    Ok(by_control)
}

/// Returns what opens the commitments to performances, apart from those whose note was erased.
///
/// # Errors
/// As [`list`].
pub async fn records(view: &mut View<'_>) -> Result<Vec<Record>> {
    let organization = view.organization();
    let salts = sql::salts(view.connection(), organization).await?;
    let all = sql::all(view.connection(), organization).await?;
    let opening = |performance: &Performance| {
        let salt = salts.get(&performance.key)?;
        Some(super::opening("performance", *salt, performance))
    };
    all.iter().filter_map(opening).collect()
}

/// Finds a performance.
///
/// # Errors
/// `NotFound` if there is none with this key.
pub async fn find(view: &mut View<'_>, key: PerformanceKey) -> Result<Performance> {
    let found = all(view).await?.into_values().flatten().find(|performance| performance.key == key);
    found.ok_or_else(|| Error::not_found("performance", key))
}

/// Returns the windows of a control that belong to a period and what became of each, oldest first.
///
/// # Errors
/// `NotFound` for an unknown control.
pub async fn windows_of(view: &mut View<'_>, control: &ControlId, asked: Span) -> Result<Vec<WindowRow>> {
    control::find(view, control).await?;
    let performances = list(view, control).await?;
    let versions = control::versions(view).await?;
    let schedules = schedules(view, &versions).await?.remove(control).unwrap_or_default();
    Ok(period::windows(asked, &schedules, &performances, view.now))
}

/// Returns when each control was due. A control in force that people perform is due at its frequency; others only once
/// somebody has said when. Drafts are promised to nobody and are never due.
///
/// # Errors
/// As [`list`].
pub async fn schedules(
    view: &mut View<'_>,
    versions: &[ControlVersion],
) -> Result<BTreeMap<ControlId, Schedules>> {
    let (organization, now) = (view.organization(), view.now);
    let mut explicit: BTreeMap<ControlId, Vec<(Timestamp, Schedule)>> = BTreeMap::new();
    for (control, since, schedule) in sql::schedules(view.connection(), organization).await? {
        explicit.entry(control).or_default().push((since, schedule));
    }
    let mut current: BTreeMap<&ControlId, &Control> = BTreeMap::new();
    for version in versions {
        current.insert(&version.control.id, &version.control);
    }
    let mut by_control: BTreeMap<ControlId, Schedules> = BTreeMap::new();
    for version in versions {
        let id = &version.control.id;
        // In force by the newest record: older versions know less about when it ended.
        let Some(force) = current.get(id).and_then(|control| control.force()) else { continue };
        let explicit = explicit.get(id).map(Vec::as_slice).unwrap_or_default();
        let usual = Some(version.control.frequency)
            .filter(|_| version.control.nature != Nature::Automated)
            .and_then(Schedule::usual);
        let held = Span { from: version.held.from.max(force.from), to: earlier(version.held.to, force.to) };
        let all = by_control.entry(id.clone()).or_default();
        for (span, schedule) in parts(held, usual, explicit, now) {
            // A version that changes nothing about when it is due does not cut a window.
            match all.last_mut() {
                Some((last, same)) if *same == schedule && last.to == Some(span.from) => last.to = span.to,
                _ => all.push((span, schedule)),
            }
        }
    }
    by_control.retain(|_, schedules| !schedules.is_empty());
    Ok(by_control)
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Cuts the time that a version held by the schedules that were set for it.
fn parts(
    held: Span,
    usual: Option<Schedule>,
    explicit: &[(Timestamp, Schedule)],
    now: Timestamp,
) -> Vec<(Span, Schedule)> {
    let mut parts = Vec::new();
    let mut from = held.from;
    let mut in_force = usual;
    let end = held.to.unwrap_or(Timestamp::from_micros(i64::MAX)).max(from);
    for &(since, schedule) in explicit.iter().filter(|(since, _)| *since < end && *since <= now) {
        if since > from {
            parts.extend(in_force.map(|schedule| (Span { from, to: Some(since) }, schedule)));
            from = since;
        }
        in_force = Some(schedule);
    }
    if from < end {
        parts.extend(in_force.map(|schedule| (Span { from, to: held.to }, schedule)));
    }
    parts
}

/// Finds the window that a performance is for. Nothing is due before the control is in force or after it was retired, but
/// what was done counts as evidence of the window all the same.
async fn window_for(view: &mut View<'_>, control: &Control, new: &NewPerformance) -> Result<Window> {
    let organization = view.organization();
    let explicit = sql::schedules(view.connection(), organization).await?;
    let newest =
        explicit.into_iter().rev().find(|(id, _, _)| *id == control.id).map(|(_, _, schedule)| schedule);
    let schedule = match newest.or_else(|| Schedule::usual(control.frequency)) {
        Some(schedule) => schedule,
        None => {
            return Err(Error::invalid(format!(
                "control {} is performed {}, so it has no windows; its items belong into a population",
                control.id,
                control.frequency.plain()
            )));
        }
    };
    match &new.window {
        Some(name) => schedule.find(name).map_err(Error::invalid),
        None => schedule.window_at(new.performed_at).ok_or_else(|| {
            Error::invalid(format!(
                "control {} is not due on {}; name a window",
                control.id,
                new.performed_at.date()
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use tickmark_core::control::Frequency;

    use super::*;

    #[test]
    fn a_schedule_holds_from_when_it_was_set() {
        let at = Timestamp::from_seconds;
        let usual = Schedule::usual(Frequency::Monthly);
        let other = Schedule::usual(Frequency::Weekly).expect("has windows");
        let held = Span { from: at(10), to: Some(at(50)) };
        let explicit = [(at(30), other)];
        let span = |from, to| Span { from: at(from), to: Some(at(to)) };
        assert_eq!(
            parts(held, usual, &explicit, at(99)),
            [(span(10, 30), usual.expect("has windows")), (span(30, 50), other)]
        );
        assert_eq!(parts(held, None, &explicit, at(99)), [(span(30, 50), other)]);
        assert_eq!(parts(held, usual, &[(at(5), other)], at(99)), [(span(10, 50), other)]);
        assert_eq!(parts(held, None, &[(at(60), other)], at(99)), []);
    }
}
