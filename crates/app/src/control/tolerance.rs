//! How long checks may fail before that is a deviation of a control. Part of the test of the control, with its history: what
//! held when a failing stretch began judges it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::control::{ControlId, TEXT_MAX, Tolerance, Tolerated};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::edit::reached;
use super::{mapped_tests, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::register::Kind;
use crate::{Error, Result};

/// A tolerance of one test as it was set, until the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToleranceVersion {
    /// Number in the test's history, from 1.
    pub number: u32,
    /// From when.
    pub since: Timestamp,
    /// How long the check may fail; none when every failing stretch is a deviation.
    pub tolerance: Option<Tolerance>,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub set_by: ActorId,
}

impl ToleranceVersion {
    /// Returns what conclusions need of it.
    #[must_use]
    pub fn tolerated(&self) -> Tolerated {
        Tolerated { since: self.since, tolerance: self.tolerance }
    }
}

/// Tolerances of a control's tests by check, each oldest first.
pub type Tolerances = BTreeMap<String, Vec<ToleranceVersion>>;

/// Says how long a check may fail from now on before that is a deviation of the control; none when it may not. What began to
/// fail before is judged by what held then. `from` is the number of the version that was looked at, 0 when there was none.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown control, or a check that is no test of it; `Conflict` if somebody else set it
/// meanwhile; `Invalid` without a reason.
pub async fn set_tolerance(
    cx: &mut Cx<'_>,
    control: &ControlId,
    check: &str,
    from: u32,
    tolerance: Option<Tolerance>,
    reason: &str,
) -> Result<ToleranceVersion> {
    reached(cx, control, Verb::Update).await?;
    let is_test =
        |test: &super::MappedTest| test.control == *control && test.check == check && test.held.to.is_none();
    if !mapped_tests(cx).await?.iter().any(is_test) {
        return Err(Error::not_found("test of the control", check));
    }
    let reason = tickmark_core::words::readable(reason, TEXT_MAX)
        .ok_or_else(|| Error::invalid(format!("the reason has at most {TEXT_MAX} characters")))?;
    if reason.is_empty() {
        return Err(Error::invalid(
            "say why it may fail for so long: what the commitment or the policy gives",
        ));
    }
    let known = of_control(cx, control).await?.remove(check).unwrap_or_default();
    let current = known.last();
    if current.map_or(0, |version| version.number) != from {
        return Err(Error::conflict("somebody else set the tolerance of this test meanwhile"));
    }
    if current.and_then(|version| version.tolerance) == tolerance {
        return Err(Error::conflict("this is what holds already"));
    }
    let (organization, now, set_by) = (cx.organization(), cx.now, cx.actor.id);
    let version = ToleranceVersion { number: from + 1, since: now, tolerance, reason, set_by };
    sql::add_tolerance(cx.connection(), organization, (control, check), &version).await?;
    let hours = |version: &ToleranceVersion| json!({"check": check, "hours": version.tolerance.map(Tolerance::hours)});
    let event = Event {
        before: current.map(hours),
        after: Some(hours(&version)),
        why: audit::kept_why(&version.reason),
        ..Event::done(Name::ToleranceSet, "control", control)
    };
    audit::record(cx, event).await?;
    // Where the program stands is computed anew.
    cx.touch(Kind::Control, control);
    Ok(version)
}

/// Returns the tolerances of a control's tests, by check.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn of_control(view: &mut View<'_>, control: &ControlId) -> Result<Tolerances> {
    Ok(tolerances(view).await?.remove(control).unwrap_or_default())
}

/// Returns the tolerances of all tests, by control and check.
///
/// # Errors
/// As [`of_control`].
pub async fn tolerances(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Tolerances>> {
    let organization = view.organization();
    let mut all: BTreeMap<ControlId, Tolerances> = BTreeMap::new();
    for (control, check, mut version) in sql::tolerances(view.connection(), organization).await? {
        let versions = all.entry(control).or_default().entry(check).or_default();
        version.number = versions.last().map_or(0, |last| last.number) + 1;
        versions.push(version);
    }
    Ok(all)
}
