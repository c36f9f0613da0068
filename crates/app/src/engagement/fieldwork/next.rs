//! What comes next in an engagement for whoever looks.

use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::fieldwork::{Gate, Party, RequestState, SignedPaper as _, Workpaper};
use tickmark_core::engagement::{
    AuditorGround, AuditorStep, EngagementKey, ManagementGround, ManagementStep, Problem,
};
use tickmark_core::identity::Verb;

use super::super::completion;
use super::waiting::unanswered;
use super::{Field, asking, controls_in_scope, field, report, request, signed, sql, workpaper};
use crate::Result;
use crate::context::View;
use crate::identity::people;

/// A party's next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Management's.
    Management(ManagementStep),
    /// The auditor's.
    Auditor(AuditorStep),
}

/// Returns what comes next for the party of whoever asks; none where nothing does. `problems` are those of the scope that
/// waits, for management.
///
/// # Errors
/// `Forbidden`; `NotFound`; or if the catalog has no framework.
pub async fn next(
    view: &mut View<'_>,
    key: EngagementKey,
    problems: &[Problem],
    catalog: &Catalog,
) -> Result<Option<Next>> {
    let field = field(view, key).await?;
    view.permit_on(super::super::atom(Verb::Read), &field.object)?;
    match field.party {
        Party::Management => Ok(for_management(view, &field, problems, catalog).await?.map(Next::Management)),
        Party::Auditor => Ok(Some(Next::Auditor(for_auditor(view, &field, catalog).await?))),
    }
}

async fn for_management(
    view: &mut View<'_>,
    field: &Field,
    problems: &[Problem],
    catalog: &Catalog,
) -> Result<Option<ManagementStep>> {
    let (record, organization, now) = (&field.version.record, view.organization(), view.now);
    let key = record.key;
    let requests = sql::requests(view.connection(), organization, key).await?;
    let auditors = people::of_engagement(view, key).await?;
    let mut ground = ManagementGround {
        problems: problems.iter().filter(|problem| problem.blocks).count(),
        auditors: auditors.iter().filter(|one| one.valid.contains(now)).count(),
        requests: requests.iter().filter(|row| row.record.state.waits_for_management()).count(),
        exceptions: unanswered(view, key).await?.len(),
        unconfirmed: 0,
        missing: 0,
        has_report: completion::has_report(view, key).await?,
        is_revised: completion::recorded(view, key).await?.is_revised(),
        is_frozen: field.report.frozen().is_some(),
    };
    // What the report waits for is read last, and once there can be a report.
    let (_, end) = record.holds().time.days();
    if record.next_for_management(&ground) == Some(ManagementStep::Await) && Day::of(now) > end {
        let missing = report::find(view, key, catalog).await?.missing;
        let unconfirmed = missing.iter().find_map(|gate| match gate {
            Gate::Changed(unconfirmed) => Some(unconfirmed.changed),
            _ => None,
        });
        (ground.unconfirmed, ground.missing) = (unconfirmed.unwrap_or(0), missing.len());
    }
    Ok(record.next_for_management(&ground))
}

async fn for_auditor(view: &mut View<'_>, field: &Field, catalog: &Catalog) -> Result<AuditorStep> {
    let key = field.version.record.key;
    let requests = if view.may(asking(Verb::Read)) { request::list(view, key).await? } else { Vec::new() };
    let papers = signed::list::<Workpaper>(view, key).await?;
    let tested = workpaper::tested(&papers);
    let controls = controls_in_scope(view, field.version.record.holds(), catalog).await?;
    let prepared = papers.iter().filter(|row| row.record.prepared().is_some());
    let ground = AuditorGround {
        requests: requests.len(),
        submitted: request::count(&requests, RequestState::Submitted),
        open: requests.iter().filter(|row| row.record.state.waits_for_management()).count(),
        untested: controls.keys().filter(|id| !tested.contains(*id)).count(),
        unprepared: papers.len() - prepared.clone().count(),
        unreviewed: prepared.filter(|row| row.record.reviewed().is_none()).count(),
        missing: report::find(view, key, catalog).await?.missing.first().map(ToString::to_string),
    };
    Ok(field.report.next_for_auditor(&ground))
}
