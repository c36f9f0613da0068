//! Fieldwork: what the auditor asks for, tests and records, and what management answers. Owns the tables of migrations
//! `0046_evidence_request.sql`, `0047_working_paper.sql`, `0052_walkthrough.sql` and `0100_request_item.sql`.
//!
//! Whoever asks is of one party ([`party`]): of the audit firm if an engagement let them in, of management else. The
//! auditor's use cases are for people of the firm who signed in; whoever has the data folder in hand stands for management
//! and for nobody of the firm. Once the engagement is frozen nothing is written any more.

pub mod access;
pub mod access_seen;
pub mod document;
pub mod evidence;
pub mod file;
mod handed_in;
mod next;
pub mod report;
pub mod request;
pub mod sample;
pub mod signed;
mod sql;
pub(crate) mod standing;
pub mod waiting;
pub mod walkthrough;
pub mod workpaper;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::engagement::fieldwork::{Party, Report, SignedPaper as _, Workpaper};
use tickmark_core::engagement::{Engagement, EngagementKey, Scope};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Object, Resource, Role, Verb};
use tickmark_core::report::package::{Response, TestCounts, TestPart};
use tickmark_core::time::DAY_US;
use tickmark_core::{Digest, Span, Timestamp, canonical};

pub use next::{Next, next};

use super::{Version, current};
use crate::context::{Cx, View};
use crate::identity::{self, Access};
use crate::{Error, Result, control};

/// A record as it stood from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row<T> {
    /// Version, from 1.
    pub version: i64,
    /// From when.
    pub since: Timestamp,
    /// Who wrote it.
    pub by: ActorId,
    /// The record.
    pub record: T,
}

/// The permission to do something with requests.
#[must_use]
pub const fn asking(verb: Verb) -> Atom {
    Atom::new(Resource::EvidenceRequest, verb)
}

/// The permission to do something with what is the firm's alone.
#[must_use]
pub const fn paper(verb: Verb) -> Atom {
    Atom::new(Resource::WorkingPaper, verb)
}

/// Returns which party somebody is of in an engagement; none for an auditor of another one.
#[must_use]
pub fn party(view: &View<'_>, key: EngagementKey) -> Option<Party> {
    match &view.actor.access {
        Access::Local => Some(Party::Management),
        Access::Member(member) if member.subject.roles.contains(&Role::Auditor) => {
            member.subject.engagements.contains(&key).then_some(Party::Auditor)
        }
        Access::Member(_) => Some(Party::Management),
    }
}

/// An engagement as far as its fieldwork depends on it.
pub(crate) struct Field {
    /// The engagement.
    pub(crate) version: Version,
    /// Of which party the actor is.
    pub(crate) party: Party,
    /// What is recorded about the report.
    pub(crate) report: Report,
    /// What rights depend on.
    pub(crate) object: Object,
}

impl Field {
    /// Refuses to change what is frozen or closed.
    pub(crate) fn need_open(&self) -> Result<()> {
        self.report.open().map_err(Error::conflict)?;
        self.version.record.open().map_err(Error::conflict)
    }

    /// Tells whether anything can still be written.
    pub(crate) fn is_open(&self) -> bool {
        self.need_open().is_ok()
    }
}

/// Loads an engagement for fieldwork. Whether the actor may is asked by whoever calls.
pub(crate) async fn field(view: &mut View<'_>, key: EngagementKey) -> Result<Field> {
    if party(view, key).is_none() {
        return Err(Error::not_found("engagement", key));
    }
    let version = current(view, key).await?;
    field_of(view, version).await
}

/// Loads what the fieldwork of an engagement depends on beside its record.
async fn field_of(view: &mut View<'_>, version: Version) -> Result<Field> {
    let key = version.record.key;
    let party = party(view, key).ok_or_else(|| Error::not_found("engagement", key))?;
    let report = newest_report(view, key).await?;
    let any = identity::object_of(view, BTreeSet::new()).await?;
    let object = Object { is_frozen: report.frozen().is_some(), ..super::object(&any, &version.record) };
    Ok(Field { version, party, report, object })
}

/// Returns an engagement for the head of a page, with the party of whoever asks: for those who may see it, or any request
/// of it.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn head(view: &mut View<'_>, key: EngagementKey) -> Result<(Engagement, Party)> {
    let field = field(view, key).await?;
    if !view.may_on(super::atom(Verb::Read), &field.object) {
        view.permit(asking(Verb::Read))?;
    }
    Ok((super::read_by(view, field.version.record), field.party))
}

/// Tells whether anything can still be written.
///
/// # Errors
/// `NotFound`.
pub async fn is_open(view: &mut View<'_>, key: EngagementKey) -> Result<bool> {
    let field = field(view, key).await?;
    Ok(field.is_open())
}

/// Loads an engagement to write in it: not once it is frozen.
pub(crate) async fn open_field(cx: &mut Cx<'_>, key: EngagementKey) -> Result<Field> {
    let field = field(cx, key).await?;
    field.need_open()?;
    cx.need_person()?;
    Ok(field)
}

pub(super) async fn newest_report(view: &mut View<'_>, key: EngagementKey) -> Result<Report> {
    let organization = view.organization();
    let rows = sql::papers::<Report>(view.connection(), organization, key, sql::Kind::Report).await?;
    Ok(rows.into_iter().next_back().map(|row| row.record).unwrap_or_default())
}

/// Refuses to change what is frozen; for what management writes about the engagement itself.
pub(super) async fn refuse_frozen(view: &mut View<'_>, key: EngagementKey) -> Result<()> {
    newest_report(view, key).await?.open().map_err(Error::conflict)
}

/// Refuses to change what a report rests on beside the record of the engagement, once it is issued or recorded as received.
pub(super) async fn refuse_issued(view: &mut View<'_>, key: EngagementKey) -> Result<()> {
    let how = match newest_report(view, key).await?.issued() {
        Some(issue) => format!("issued on {}", issue.released()),
        None => match super::completion::recorded(view, key).await?.received() {
            Some(received) => format!("recorded as received on {}", received.at.date()),
            None => return Ok(()),
        },
    };
    Err(Error::conflict(format!(
        "the report was {how}: its date, the register up to it and the representation letter stay as they were"
    )))
}

/// Returns the criteria in scope, or the ids of the objectives.
///
/// # Errors
/// If the catalog has no framework.
pub fn criteria(scope: &Scope, catalog: &Catalog) -> Result<BTreeSet<String>> {
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    Ok(scope.criteria(framework).into_iter().collect())
}

/// Returns the controls in scope by id: those of a criterion or objective, and those that watch subservice organizations.
///
/// # Errors
/// If the catalog has no framework, or the database fails.
pub(crate) async fn controls_in_scope(
    view: &mut View<'_>,
    scope: &Scope,
    catalog: &Catalog,
) -> Result<BTreeMap<ControlId, Control>> {
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    let all = control::controls(view).await?;
    let watching: BTreeSet<&ControlId> =
        scope.subservices.iter().flat_map(|one| one.monitoring.iter()).collect();
    let is_watching = |one: &&Control| scope.covers(one) && watching.contains(&one.id);
    let mut ids: BTreeSet<ControlId> = all.iter().filter(is_watching).map(|one| one.id.clone()).collect();
    for id in scope.criteria(framework) {
        ids.extend(scope.controls_for(framework, &all, &id).map(|control| control.id.clone()));
    }
    Ok(all.into_iter().filter(|one| ids.contains(&one.id)).map(|one| (one.id.clone(), one)).collect())
}

/// Returns the time that the examination is about.
#[must_use]
pub fn span(scope: &Scope) -> Span {
    let (from, to) = scope.time.days();
    Span { from: from.starts(), to: Some(to.starts().plus_micros(DAY_US)) }
}

/// Returns the auditor's tests by control, as they were shared and reviewed; their words, unchanged.
pub(super) async fn results(
    view: &mut View<'_>,
    key: EngagementKey,
) -> Result<BTreeMap<String, Vec<TestPart>>> {
    let mut tests: BTreeMap<String, Vec<TestPart>> = BTreeMap::new();
    for row in signed::shared::<Workpaper>(view, key).await? {
        let one = &row.record;
        let Some(result) = one.result().filter(|_| one.reviewed().is_some()) else { continue };
        let nature = one.plan.procedures.iter().map(|one| one.title()).collect::<Vec<_>>().join(", ");
        tests.entry(one.plan.control.to_string()).or_default().push(TestPart {
            workpaper: format!("WP-{}", one.number),
            nature,
            procedure: one.plan.procedure.clone(),
            result,
            counts: (one.deviations() > 0).then(|| counts(one)),
        });
    }
    Ok(tests)
}

fn counts(paper: &Workpaper) -> TestCounts {
    TestCounts {
        tested: paper.items.len() as u64,
        deviations: paper.deviations() as u64,
        population: paper.selected.as_ref().map(|selected| selected.draw.items),
    }
}

/// Returns what management answered to exceptions that were shared.
pub(super) async fn answered(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Response>> {
    let shared = signed::shared::<Workpaper>(view, key).await?;
    let mut answered = Vec::new();
    for row in workpaper::held_responses(view, key).await? {
        let response = row.record;
        let paper = shared.iter().find(|one| one.record.number == response.workpaper);
        let exception = paper.and_then(|one| {
            let exceptions = &one.record.exceptions;
            Some((one, exceptions.iter().find(|one| one.number == response.exception)?))
        });
        let Some((paper, exception)) = exception else { continue };
        answered.push(Response {
            finding: format!("WP-{}.{}", response.workpaper, response.exception),
            controls: vec![paper.record.plan.control.to_string()],
            condition: exception.nature.clone(),
            response: response.response,
            plan: response.action,
            due: response.due.map(|day| day.to_string()).unwrap_or_default(),
            state: response.due.map_or_else(|| "answered".to_owned(), |day| format!("planned by {day}")),
        });
    }
    Ok(answered)
}

fn digest<T: Serialize>(record: &T) -> Result<Digest> {
    canonical::digest(record).map_err(|error| Error::internal("digesting a record of fieldwork", error))
}

/// Refuses a change of what somebody else changed meanwhile.
fn same(held: i64, from: i64) -> Result<()> {
    if held == from {
        return Ok(());
    }
    Err(Error::conflict("somebody changed it meanwhile; nothing was saved, look at it as it is now"))
}
