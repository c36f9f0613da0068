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
use tickmark_core::id::{ActorId, EvidenceKey, PerformanceKey, SystemId};
use tickmark_core::identity::{Atom, Object, Resource, Verb};
use tickmark_core::program::performance::{Days, Performance, Schedule, Window, WindowState};
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::leaf::LeafKind;

use crate::context::{Cx, View};
use crate::control::{self, ControlVersion};
use crate::evidence::{self, ArtifactKey};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, Access};
use crate::register::Kind;
use crate::{Action, Error, Result};

use sql::Which;

/// What whoever records a performance needs, at least for this control.
const CREATE: Atom = Atom::new(Resource::Evidence, Verb::Create);
/// What whoever looks at occurrences needs, at least for this control.
const SEE: Atom = Atom::new(Resource::Control, Verb::Read);
/// Largest file handed in as evidence, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 20;
/// Days back before a window that what was done for it may lie: the longest window and the longest grace, two years.
const DONE_DAYS: i64 = 732;

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
/// If the actor may not set up controls, or there is no such control; `Conflict` where a test that people approved says so.
pub async fn schedule(cx: &mut Cx<'_>, control: &ControlId, schedule: Schedule) -> Result<()> {
    cx.authorize(Action::Administer)?;
    control::find(cx, control).await?;
    let by_test = control::test::due(cx, Some(control)).await?;
    if by_test.last().is_some_and(|(_, _, due)| due.is_some()) {
        return Err(Error::conflict(format!("a test of {control} says when it is due; change that one")));
    }
    let (organization, now) = (cx.organization(), cx.now);
    sql::add_schedule(cx.connection(), organization, control, schedule, now).await?;
    let after = json!({"control": control, "schedule": schedule});
    let event = Event::done(Name::PerformanceScheduled, "control", control);
    audit::record(cx, Event { after: Some(after), ..event }).await
}

/// Records that a control was performed for a window, with what shows it.
///
/// # Errors
/// `NotFound` for an unknown control, person or artifact; `Invalid` without evidence, for a window that is none or had
/// not begun, or for a moment that lies ahead.
pub async fn record(cx: &mut Cx<'_>, new: NewPerformance) -> Result<Performance> {
    let (organization, now) = (cx.organization(), cx.now);
    let control = control::find(cx, &new.control).await?;
    let people = evidence::item::of_control_people(&control);
    let object = control::object_serving(cx, people, [&control]).await?;
    cx.permit_on(CREATE, &object)?;
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
        let kept = evidence::keep_document(cx, &file.name, &file.media_type, file.bytes).await?;
        evidence.push(EvidenceKey(kept.key.0));
    }
    evidence.sort_unstable();
    evidence.dedup();
    performance.evidence = evidence;
    let (salt, commitment) = super::commit(cx.app, "a performance", &performance)?;
    sql::add(cx.connection(), organization, &performance, salt, commitment).await?;
    cx.touch(Kind::Occurrence, format!("{}/{}", performance.control, performance.key));
    cx.record(
        LeafKind::AuditEvent,
        &json!({
            "event": "performance.recorded", "performance": performance.key, "control": performance.control,
            "window": performance.window, "performed_at": performance.performed_at,
            "artifacts": performance.evidence, "record": commitment,
        }),
    )?;
    if let Access::Member(_) = cx.actor.access {
        let after =
            json!({"control": performance.control, "window": performance.window, "record": commitment});
        let event = Event::done(Name::PerformanceRecorded, "performance", performance.key);
        audit::record(cx, Event { after: Some(after), ..event }).await?;
    }
    Ok(performance)
}

/// Lists the performances of a control, oldest first.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for the other queries here.
pub async fn list(view: &mut View<'_>, control: &ControlId) -> Result<Vec<Performance>> {
    let organization = view.organization();
    sql::read(view.connection(), organization, Which::Of(std::slice::from_ref(control))).await
}

/// Lists all performances by control, oldest first.
///
/// # Errors
/// As [`list`].
pub async fn all(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Vec<Performance>>> {
    let organization = view.organization();
    Ok(by_control(sql::read(view.connection(), organization, Which::All).await?))
}

fn by_control(performances: Vec<Performance>) -> BTreeMap<ControlId, Vec<Performance>> {
    let mut by_control: BTreeMap<ControlId, Vec<Performance>> = BTreeMap::new();
    for performance in performances {
        by_control.entry(performance.control.clone()).or_default().push(performance);
    }
    by_control
}

/// Returns what opens the commitments to performances, apart from those whose note was erased.
///
/// # Errors
/// As [`list`].
pub async fn records(view: &mut View<'_>) -> Result<Vec<Record>> {
    let organization = view.organization();
    let salts = sql::salts(view.connection(), organization).await?;
    let all = sql::read(view.connection(), organization, Which::All).await?;
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
    look_up(view, key).await?.ok_or_else(|| Error::not_found("performance", key))
}

/// Finds a performance, if there is one with this key.
pub(crate) async fn look_up(view: &mut View<'_>, key: PerformanceKey) -> Result<Option<Performance>> {
    let organization = view.organization();
    Ok(sql::read(view.connection(), organization, Which::One(key)).await?.pop())
}

/// Returns the windows of a control that belong to a period and what became of each, oldest first.
///
/// # Errors
/// `NotFound` for an unknown control.
pub async fn windows_of(view: &mut View<'_>, control: &ControlId, asked: Span) -> Result<Vec<WindowRow>> {
    let versions = control::versions_of(view, control).await?;
    let performances = list(view, control).await?;
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
    let now = view.now;
    let first = versions.first().map(|version| &version.control.id);
    let only = first.filter(|id| versions.iter().all(|version| version.control.id == **id));
    let explicit = explicit(view, only).await?;
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

/// Returns since when each control is due otherwise than its frequency usually means, oldest first: as was said on the
/// machine, and as people decided about its test. Nothing means that it is due as usual again.
async fn explicit(
    view: &mut View<'_>,
    only: Option<&ControlId>,
) -> Result<BTreeMap<ControlId, Vec<(Timestamp, Option<Schedule>)>>> {
    let organization = view.organization();
    let mut explicit: BTreeMap<ControlId, Vec<(Timestamp, Option<Schedule>)>> = BTreeMap::new();
    for (control, since, schedule) in sql::schedules(view.connection(), organization).await? {
        explicit.entry(control).or_default().push((since, Some(schedule)));
    }
    for (control, since, due) in control::test::due(view, only).await? {
        let schedule = due
            .map(|(frequency, grace_days, every_day)| {
                let days = if every_day { Days::All } else { Days::Weekdays };
                Schedule::new(frequency, grace_days, days)
            })
            .transpose()
            .map_err(|error| Error::corrupt("a test of a control", error))?;
        explicit.entry(control).or_default().push((since, schedule));
    }
    for schedules in explicit.values_mut() {
        schedules.sort_by_key(|(since, _)| *since);
    }
    Ok(explicit)
}

/// Returns when a control is due now; none if it is not.
///
/// # Errors
/// `NotFound` for an unknown control; `Forbidden` for whoever may not see it.
pub async fn due_now(view: &mut View<'_>, id: &ControlId) -> Result<Option<Schedule>> {
    control_of(view, id).await?;
    schedule_of(view, id).await
}

/// The same, whoever asks.
pub(crate) async fn schedule_of(view: &mut View<'_>, id: &ControlId) -> Result<Option<Schedule>> {
    let versions = control::versions_of(view, id).await?;
    let all = schedules(view, &versions).await?;
    let last = all.get(id).and_then(|schedules| schedules.last());
    Ok(last.filter(|(held, _)| held.to.is_none()).map(|(_, schedule)| *schedule))
}

/// Finds a control whose occurrences the actor may see.
///
/// # Errors
/// `NotFound` if there is none; `Forbidden` if they may not see it.
pub async fn control_of(view: &mut View<'_>, id: &ControlId) -> Result<Control> {
    let control = control::find(view, id).await?;
    let people = evidence::item::of_control_people(&control);
    let object = control::object_serving(view, people, [&control]).await?;
    view.permit_on(SEE, &object)?;
    Ok(control)
}

/// A window in which a control is due, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The control.
    pub control: ControlId,
    /// Its title.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<ActorId>,
    /// Who performs it, where that is somebody else.
    pub operator: Option<ActorId>,
    /// The system the control is for.
    pub system: Option<SystemId>,
    /// The window.
    pub window: Window,
    /// What became of it.
    pub state: WindowState,
    /// The performance that decides it.
    pub performance: Option<PerformanceKey>,
    /// When that was done.
    pub performed_at: Option<Timestamp>,
}

impl Due {
    /// Tells whether somebody answers for it or performs it.
    #[must_use]
    pub fn is_of(&self, actor: ActorId) -> bool {
        self.owner == Some(actor) || self.operator == Some(actor)
    }

    /// Returns the last day on which it is on time, by its first moment.
    #[must_use]
    pub fn last_day(&self) -> Timestamp {
        let before = self.window.due.plus_micros(-1);
        Timestamp::from_micros(before.micros().div_euclid(DAY_US) * DAY_US)
    }
}

/// Lists windows of all controls that are due, grace included, after `from` and up to `to`, as far as the actor may see the
/// controls; by when they are due, then by control.
///
/// # Errors
/// `Forbidden` if the actor may see no control at all.
pub async fn due_between(view: &mut View<'_>, from: Timestamp, to: Timestamp) -> Result<Vec<Due>> {
    let reach = view.permit(SEE)?;
    let is_whole = match (&reach, &view.actor.access) {
        (Some(reach), Access::Member(member)) => reach.is_whole(&member.subject),
        _ => true,
    };
    let object = identity::object_of(view, std::collections::BTreeSet::new()).await?;
    let all = due_of_all(view, from, to).await?;
    if is_whole {
        return Ok(all);
    }
    let sees = |due: &Due| {
        let people = [due.owner, due.operator].into_iter().flatten().collect();
        view.may_on(SEE, &Object { people, system: due.system.or(object.system), ..object.clone() })
    };
    Ok(all.into_iter().filter(sees).collect())
}

/// Lists what is due of some controls, by when it is due, whatever the actor may see.
///
/// # Errors
/// If the database refuses.
pub(crate) async fn due_of(
    view: &mut View<'_>,
    controls: &[Control],
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Due>> {
    let ids: Vec<ControlId> = controls.iter().map(|control| control.id.clone()).collect();
    let versions = control::versions_of_some(view, &ids).await?;
    let organization = view.organization();
    // What is done belongs to a window that lasts a year at most and then waits a year at most.
    let since = from.plus_micros(-DONE_DAYS * DAY_US);
    let done = by_control(sql::read(view.connection(), organization, Which::OfSince(&ids, since)).await?);
    due_by(view, &versions, &done, from, to).await
}

/// Lists what is due of every control.
pub(crate) async fn due_of_all(view: &mut View<'_>, from: Timestamp, to: Timestamp) -> Result<Vec<Due>> {
    let versions = control::versions(view).await?;
    let performances = all(view).await?;
    due_by(view, &versions, &performances, from, to).await
}

async fn due_by(
    view: &mut View<'_>,
    versions: &[ControlVersion],
    performances: &BTreeMap<ControlId, Vec<Performance>>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Due>> {
    let schedules = schedules(view, versions).await?;
    let mut current: BTreeMap<&ControlId, &Control> = BTreeMap::new();
    for version in versions {
        current.insert(&version.control.id, &version.control);
    }
    let now = view.now;
    let mut found = Vec::new();
    for (id, schedules) in &schedules {
        let Some(control) = current.get(id) else { continue };
        let done = performances.get(id).map(Vec::as_slice).unwrap_or_default();
        for (held, schedule) in schedules {
            let grace = i64::from(schedule.grace_days()) * DAY_US;
            for window in schedule.windows_ending_in(from.plus_micros(-grace), to.plus_micros(-grace)) {
                // A window counts when the schedule held at its end; one that is under way when it still holds.
                let is_held = held.from < window.to && held.to.is_none_or(|end| window.to <= end);
                if !is_held {
                    continue;
                }
                let (state, performance) = window.outcome(done, now);
                found.push(Due {
                    control: id.clone(),
                    title: control.text.current().title.clone(),
                    owner: control.owner,
                    operator: control.operator,
                    system: control.system,
                    state,
                    performance: performance.map(|performance| performance.key),
                    performed_at: performance.map(|performance| performance.performed_at),
                    window,
                });
            }
        }
    }
    found.sort_by(|a, b| {
        (a.window.due, &a.control, &a.window.id).cmp(&(b.window.due, &b.control, &b.window.id))
    });
    Ok(found)
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
    explicit: &[(Timestamp, Option<Schedule>)],
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
        in_force = schedule.or(usual);
    }
    if from < end {
        parts.extend(in_force.map(|schedule| (Span { from, to: held.to }, schedule)));
    }
    parts
}

/// Finds the window that a performance is for. Nothing is due before the control is in force or after it was retired, but
/// what was done counts as evidence of the window all the same.
async fn window_for(view: &mut View<'_>, control: &Control, new: &NewPerformance) -> Result<Window> {
    let explicit = explicit(view, Some(&control.id)).await?;
    let newest = explicit.get(&control.id).and_then(|all| all.last()).and_then(|(_, schedule)| *schedule);
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
        let explicit = [(at(30), Some(other))];
        let span = |from, to| Span { from: at(from), to: Some(at(to)) };
        assert_eq!(
            parts(held, usual, &explicit, at(99)),
            [(span(10, 30), usual.expect("has windows")), (span(30, 50), other)]
        );
        assert_eq!(parts(held, None, &explicit, at(99)), [(span(30, 50), other)]);
        assert_eq!(parts(held, usual, &[(at(5), Some(other))], at(99)), [(span(10, 50), other)]);
        assert_eq!(parts(held, None, &[(at(60), Some(other))], at(99)), []);
        let ended = [(at(20), Some(other)), (at(30), None)];
        let usual_again = usual.expect("has windows");
        assert_eq!(
            parts(held, usual, &ended, at(99)),
            [(span(10, 20), usual_again), (span(20, 30), other), (span(30, 50), usual_again)]
        );
    }
}
