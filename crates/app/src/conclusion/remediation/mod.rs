//! Correcting what falls short: somebody takes a finding on, plans, fixes; somebody else verifies and closes.
//!
//! Findings of the rules are computed, again each time. What people add is kept under the finding's reference, and stays when
//! the finding is no longer found. What no rule finds is written down by somebody ([`write`]) and goes the same way. Owns the
//! tables of findings of migration `0031_exceptions.sql`, with what `0068_by_hand.sql` adds.

mod sql;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::conclusion::finding::{
    Finding, FindingError, FindingState, Fix, Plan, ProposedFinding, Verification, Written,
};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::evidence::item::State as ItemState;
use tickmark_core::id::{ActorId, FindingId, ItemKey};
use tickmark_core::identity::{Atom, Resource, Verb};

use crate::context::{Cx, View};
use crate::control;
use crate::evidence::item;
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, Access};
use crate::{Error, Result};

/// Most records of one reference, and of the list of open ones.
pub const LIST_LIMIT: u32 = 1_000;
/// Most items of evidence that show one fix.
pub const EVIDENCE_MAX: usize = 50;
/// Most characters of what names a page.
const ONCE_MAX: usize = 64;

/// What made a record so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Somebody took it on.
    Opened,
    /// Owner, cause, plan or end.
    Planned,
    /// The end was moved.
    Extended,
    /// Somebody says it is fixed.
    Fixed,
    /// Somebody else saw that it is.
    Closed,
    /// Somebody else saw that it is not.
    Reopened,
}

impl Step {
    const ALL: [Self; 6] =
        [Self::Opened, Self::Planned, Self::Extended, Self::Fixed, Self::Closed, Self::Reopened];

    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Planned => "planned",
            Self::Extended => "extended",
            Self::Fixed => "fixed",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
        }
    }

    fn name(self) -> Name {
        match self {
            Self::Opened => Name::FindingOpened,
            Self::Planned => Name::FindingPlanned,
            Self::Extended => Name::FindingExtended,
            Self::Fixed => Name::FindingFixed,
            Self::Closed => Name::FindingClosed,
            Self::Reopened => Name::FindingReopened,
        }
    }
}

/// A record as it stood from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Number, from 1.
    pub number: i64,
    /// From when.
    pub at: Timestamp,
    /// Who made it so.
    pub by: ActorId,
    /// By what.
    pub step: Step,
    /// The record.
    pub record: Finding,
}

/// What came of a step made from version `number`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is done.
    Done(Box<Finding>),
    /// Somebody else was faster; nothing is done.
    Stale,
}

fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Exception, verb)
}

/// Returns the records of what a finding is about, each with its versions, oldest first.
///
/// # Errors
/// `Forbidden` for whoever may not see all exceptions.
pub async fn records(view: &mut View<'_>, reference: &str) -> Result<Vec<Vec<Version>>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::records(view.connection(), organization, reference, LIST_LIMIT).await
}

/// Returns the open records by their reference, as they stand.
///
/// # Errors
/// As [`records`].
pub async fn open(view: &mut View<'_>) -> Result<BTreeMap<String, Finding>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::open(view.connection(), organization, LIST_LIMIT).await
}

/// Returns the open records by their reference, whoever asks.
pub(crate) async fn all_open(view: &mut View<'_>) -> Result<BTreeMap<String, Finding>> {
    let organization = view.organization();
    sql::open(view.connection(), organization, LIST_LIMIT).await
}

/// Returns the open records that were opened since a moment, by their reference.
///
/// # Errors
/// `Forbidden` for whoever may not see findings.
pub async fn opened_since(view: &mut View<'_>, since: Timestamp) -> Result<BTreeMap<String, Finding>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::opened_since(view.connection(), organization, since, LIST_LIMIT).await
}

/// Returns the records that were opened before a moment, closed ones with them, whoever asks.
pub(crate) async fn opened_until(view: &mut View<'_>, until: Timestamp) -> Result<Vec<Finding>> {
    let organization = view.organization();
    sql::opened_until(view.connection(), organization, until, LIST_LIMIT).await
}

/// Returns the open record of a finding, if somebody took it on, whoever asks.
pub(crate) async fn taken(view: &mut View<'_>, reference: &str) -> Result<Option<Finding>> {
    Ok(current(view, reference).await?.map(|version| version.record))
}

/// Returns the findings whose fix somebody else has verified, with their references, oldest first, whoever asks.
pub(crate) async fn verified(view: &mut View<'_>) -> Result<Vec<(String, Finding)>> {
    let organization = view.organization();
    sql::closed(view.connection(), organization).await
}

/// Returns the open record of a finding as it stands, if somebody took it on.
///
/// # Errors
/// As [`records`].
pub async fn newest_open(view: &mut View<'_>, reference: &str) -> Result<Option<Version>> {
    view.permit_whole(atom(Verb::Read))?;
    current(view, reference).await
}

/// Returns how often each step was taken since a moment.
pub(crate) async fn steps_since(view: &mut View<'_>, since: Timestamp) -> Result<BTreeMap<Step, u64>> {
    let organization = view.organization();
    sql::steps_since(view.connection(), organization, since).await
}

/// Takes a finding on, with a plan. While it is open, taking it on again changes nothing.
///
/// # Errors
/// `Forbidden`; `Conflict` if somebody took it on already; `Invalid` with what is missing.
pub async fn take(cx: &mut Cx<'_>, found: ProposedFinding, plan: Plan) -> Result<Finding> {
    let object = identity::object_of(cx, BTreeSet::new()).await?;
    cx.permit_on(atom(Verb::Update), &object)?;
    identity::need_known_person(cx, plan.owner).await?;
    let reference = found.reference();
    let (organization, now, id) = (cx.organization(), cx.now, FindingId(cx.new_id()));
    if current(cx, &reference).await?.is_some() {
        return Err(Error::conflict("somebody took it on already"));
    }
    let mut record = Finding::open(id, found, now);
    record.plan(plan).map_err(Error::invalid)?;
    sql::add(cx.connection(), organization, id, &reference, now, None).await?;
    save(cx, &reference, None, &record, Step::Opened, "").await?;
    Ok(record)
}

/// Writes a finding down that no rule finds, and takes it on with a plan. Sent twice from one page it is written once.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown control; `Invalid` with what is missing or cannot be.
pub async fn write(cx: &mut Cx<'_>, once: &str, written: Written, plan: Plan) -> Result<Finding> {
    let object = identity::object_of(cx, BTreeSet::new()).await?;
    cx.permit_on(atom(Verb::Create), &object)?;
    if once.is_empty() || once.len() > ONCE_MAX {
        return Err(Error::invalid("the page it was written on has no name; load it again"));
    }
    let (organization, now) = (cx.organization(), cx.now);
    if let Some(there) = sql::by_once(cx.connection(), organization, once).await? {
        return Ok(there.record);
    }
    identity::need_known_person(cx, plan.owner).await?;
    if let Some(control) = &written.control {
        control::edit::see(cx, control).await?;
    }
    let number = sql::next_written(cx.connection(), organization).await?;
    let found = written.numbered(number, Day::of(now)).map_err(Error::invalid)?;
    let (id, reference) = (FindingId(cx.new_id()), found.reference());
    let mut record = Finding::open(id, found, now);
    record.plan(plan).map_err(Error::invalid)?;
    sql::add(cx.connection(), organization, id, &reference, now, Some(once)).await?;
    save(cx, &reference, None, &record, Step::Opened, "").await?;
    Ok(record)
}

/// Changes owner, cause or plan.
///
/// # Errors
/// As [`take`]; `NotFound` if nobody took it on.
pub async fn plan(cx: &mut Cx<'_>, reference: &str, from: i64, plan: Plan) -> Result<Done> {
    identity::need_known_person(cx, plan.owner).await?;
    let Some(before) = begin(cx, reference, from, Verb::Update).await? else { return Ok(Done::Stale) };
    let mut after = before.record.clone();
    let decided = after.plan(plan);
    finish(cx, reference, &before, after, decided, Step::Planned, "").await
}

/// Moves the end to a later day, with a reason.
///
/// # Errors
/// As [`plan`].
pub async fn extend(cx: &mut Cx<'_>, reference: &str, from: i64, to: Day, reason: &str) -> Result<Done> {
    let Some(before) = begin(cx, reference, from, Verb::Update).await? else { return Ok(Done::Stale) };
    let (mut after, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    let decided = after.extend(by, now, to, reason);
    finish(cx, reference, &before, after, decided, Step::Extended, reason).await
}

/// How something was fixed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// What was done.
    pub note: String,
    /// Where it can be seen, beside the evidence.
    pub shown_by: String,
    /// Items of evidence that show it.
    pub evidence: BTreeSet<ItemKey>,
}

/// Says that it is fixed, and where that can be seen.
///
/// # Errors
/// As [`plan`]; `Invalid` for evidence that is not there, or was withdrawn.
pub async fn fix(cx: &mut Cx<'_>, reference: &str, from: i64, fixed: &Fixed) -> Result<Done> {
    let Some(before) = begin(cx, reference, from, Verb::Update).await? else { return Ok(Done::Stale) };
    if fixed.evidence.len() > EVIDENCE_MAX {
        return Err(Error::invalid(format!("at most {EVIDENCE_MAX} items of evidence show a fix")));
    }
    for key in &fixed.evidence {
        let item = match item::find(cx, *key).await {
            Err(Error::NotFound { .. }) => return Err(Error::invalid(format!("there is no item E-{key}"))),
            item => item?,
        };
        if item.state == ItemState::Withdrawn {
            return Err(Error::invalid(format!("item E-{key} was withdrawn and shows nothing")));
        }
    }
    let (mut after, by, at) = (before.record.clone(), cx.actor.id, cx.now);
    let (note, shown_by) = (fixed.note.trim().to_owned(), fixed.shown_by.trim().to_owned());
    let evidence: Vec<ItemKey> = fixed.evidence.iter().copied().collect();
    let decided = after.record_fix(Fix { by, at, note, evidence, shown_by });
    finish(cx, reference, &before, after, decided, Step::Fixed, "").await
}

/// Says what somebody other than the fixer saw: that the fix holds, which closes it, or that it does not.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if nothing waits for it or the fixer verifies; `Invalid` without a note.
pub async fn verify(cx: &mut Cx<'_>, reference: &str, from: i64, holds: bool, note: &str) -> Result<Done> {
    cx.need_person()?;
    let note = note.trim().to_owned();
    if note.is_empty() {
        return Err(Error::invalid("say what you saw"));
    }
    let Some(before) = begin(cx, reference, from, Verb::Approve).await? else { return Ok(Done::Stale) };
    let (mut after, by, at) = (before.record.clone(), cx.actor.id, cx.now);
    let verification = Verification { by, at, note };
    let decided = if holds { after.verify(verification) } else { after.reject(verification) };
    let step = if holds { Step::Closed } else { Step::Reopened };
    finish(cx, reference, &before, after, decided, step, "").await
}

/// Finds the open record and asks whether something may be done with it; none if it is not as it was in version `from`.
async fn begin(cx: &mut Cx<'_>, reference: &str, from: i64, verb: Verb) -> Result<Option<Version>> {
    let before = current(cx, reference).await?.ok_or_else(|| Error::not_found("open finding", reference))?;
    let object = identity::object_of(cx, before.record.owner.into_iter().collect()).await?;
    cx.permit_on(atom(verb), &object)?;
    Ok(Some(before).filter(|before| before.number == from))
}

async fn finish(
    cx: &mut Cx<'_>,
    reference: &str,
    before: &Version,
    after: Finding,
    decided: Result<(), FindingError>,
    step: Step,
    why: &str,
) -> Result<Done> {
    if let Err(refused) = decided {
        return Err(match refused {
            FindingError::SamePerson(_) => {
                if matches!(cx.actor.access, Access::Member(_)) {
                    cx.refuse_by_rule("finding", reference.to_owned(), "own_fix");
                }
                Error::conflict("who fixed it does not verify it; somebody else does")
            }
            FindingError::NotOpen(_) => Error::conflict("it is not open any more"),
            FindingError::NotFixed(_) => Error::conflict("no fix waits to be verified"),
            FindingError::NoEvidence(_) => Error::invalid("say where the fix can be seen"),
            other => Error::invalid(other),
        });
    }
    save(cx, reference, Some(before), &after, step, why).await?;
    Ok(Done::Done(Box::new(after)))
}

async fn current(view: &mut View<'_>, reference: &str) -> Result<Option<Version>> {
    let organization = view.organization();
    sql::current(view.connection(), organization, reference).await
}

async fn save(
    cx: &mut Cx<'_>,
    reference: &str,
    before: Option<&Version>,
    record: &Finding,
    step: Step,
    why: &str,
) -> Result<()> {
    let (organization, by, at) = (cx.organization(), cx.actor.id, cx.now);
    let number = before.map_or(1, |version| version.number + 1);
    let version = Version { number, at, by, step, record: record.clone() };
    sql::add_version(cx.connection(), organization, &version).await?;
    if record.state() == FindingState::Closed {
        sql::close(cx.connection(), organization, record.id).await?;
    }
    let said = |record: &Finding| -> Result<serde_json::Value> {
        let digest = tickmark_core::canonical::digest(record)
            .map_err(|error| Error::internal("digesting a finding", error))?;
        Ok(
            json!({"state": record.state(), "due": record.due, "extended": record.extensions().len(), "record": digest}),
        )
    };
    let why = audit::kept_why(why);
    let event = Event {
        before: before.map(|version| said(&version.record)).transpose()?,
        after: Some(said(record)?),
        why,
        ..Event::done(step.name(), "finding", reference)
    };
    audit::record(cx, event).await
}
