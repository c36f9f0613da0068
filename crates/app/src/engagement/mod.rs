//! Examinations from scope to management's part of the report, and to its letters. Owns the tables of migrations
//! `0044_engagement.sql`, `0049_completion.sql` and `0106_engagement_confirmation.sql`, and the table `engagement_preset`.
//!
//! A scope holds once somebody else approved it; description and assertion are signed by three people, as they stood
//! ([`tickmark_core::engagement`]). That holds for whoever has the data folder in hand too: they name the people.

mod completion;
mod copies;
mod describing;
pub mod fieldwork;
mod files;
mod frozen;
mod own_work;
mod package;
mod preset;
mod proposing;
mod serving;
mod signer;
mod since;
mod sql;
pub mod unsigned;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use tickmark_core::catalog::{Catalog, ObjectiveSet};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::Control;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::fieldwork::Party;
use tickmark_core::engagement::{
    Administration, Assertion, Description, Document, DocumentError, Engagement, EngagementError,
    EngagementKey, Ground, Kept, KnownCommitment, KnownSystem, Paper, Problem, Scope, Step,
};
use tickmark_core::id::{ActorId, SystemId};
use tickmark_core::identity::{Atom, Object, Resource, Verb};
use tickmark_core::{Digest, Timestamp, canonical};

use crate::context::{Cx, View};
use crate::control::{self, commitment};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, System, system};
use crate::register::{self, Kind, Query};
use crate::{Error, Result};

pub use completion::{
    BridgeBasis, Changed as Completed, Receiving, Single, Version as CompletionVersion, bridge_basis,
    completion, completion_at, confirm_events, date_report, learn_fact, receive_report, reports, represent,
    sign_bridge, sign_representation, single, take_out_single, tell_event, write_bridge,
};
pub(crate) use copies::copied as copy_for;
pub use copies::{Made, copies, copy_package, handing_out};
pub use describing::{NewDiagram, put_diagram, read_diagram, remove_diagram, remove_process, write_process};
pub use files::{files_of_package, files_of_writing, prove_for_package};
pub use own_work::{Summary, oscal, take_out_oscal, take_out_summary};
pub use package::{package, take_out};
pub use preset::{KeptPreset, kept_preset, preset_for};
pub use proposing::{
    DescriptionFaults, begin_parts, candidates, decide_incident, description_faults, proposed,
};
pub use serving::{ServedObjective, objectives_of};
pub use signer::{Signers, signers};
pub use since::{Confirming, SinceSigned, confirm_changes, since_signed, wrote_all};

/// Most engagements in one list, and versions of one.
pub const LIST_LIMIT: u32 = 200;
/// Most characters of what names a page.
const ONCE_MAX: usize = 64;

/// A record as it stood from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Number of the record, from 1.
    pub number: i64,
    /// From when.
    pub since: Timestamp,
    /// The record.
    pub record: Engagement,
}

/// What came of a change made from version `number`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done(Box<Engagement>),
    /// Somebody else changed the record meanwhile; nothing is done.
    Stale(Box<Version>),
}

/// The permission to do something with engagements.
#[must_use]
pub fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Description, verb)
}

/// The permission to sign a document.
#[must_use]
pub fn signing(step: Step) -> Atom {
    atom(match step {
        Step::Review => Verb::Update,
        Step::Approve => Verb::Approve,
    })
}

/// What scopes are held against.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// The systems of the organization, retired ones with them.
    pub systems: Vec<System>,
    /// The controls of the organization.
    pub controls: Vec<Control>,
    /// Commitments as they are now.
    pub commitments: Vec<commitment::Version>,
    /// All engagements, newest first.
    pub engagements: Vec<Version>,
}

impl Grounds {
    /// Reads them.
    ///
    /// # Errors
    /// `Forbidden` for whoever may not see them all.
    pub async fn read(view: &mut View<'_>) -> Result<Self> {
        view.permit_whole(atom(Verb::Read))?;
        Self::recorded(view).await
    }

    /// Reads them, whoever asks.
    async fn recorded(view: &mut View<'_>) -> Result<Self> {
        let organization = view.organization();
        Ok(Self {
            systems: system::all(view).await?,
            controls: control::controls(view).await?,
            commitments: commitment::everything(view).await?,
            engagements: sql::list(view.connection(), organization, LIST_LIMIT).await?,
        })
    }

    /// Returns what is wrong with the scope of an engagement that has this key.
    ///
    /// # Errors
    /// If the catalog has no framework.
    pub fn problems(&self, key: EngagementKey, scope: &Scope, catalog: &Catalog) -> Result<Vec<Problem>> {
        let framework =
            catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
        let commitments: BTreeMap<CommitmentKey, KnownCommitment> = self
            .commitments
            .iter()
            .map(|version| {
                let (record, holds) = (&version.record, version.record.in_force());
                let categories = holds.unwrap_or(&record.promise).categories.clone();
                (record.key, KnownCommitment { holds: holds.is_some(), categories })
            })
            .collect();
        let others: Vec<(EngagementKey, Scope)> = self
            .engagements
            .iter()
            .filter(|version| version.record.key != key)
            .map(|version| (version.record.key, version.record.holds().clone()))
            .collect();
        let systems: BTreeMap<SystemId, KnownSystem> = self
            .systems
            .iter()
            .map(|one| (one.id, KnownSystem { name: one.name.clone(), is_retired: one.retired_at.is_some() }))
            .collect();
        let ground = Ground {
            framework,
            systems: &systems,
            controls: &self.controls,
            commitments: &commitments,
            others: &others,
        };
        let mut problems = scope.problems(&ground);
        let own = self.engagements.iter().find(|version| version.record.key == key);
        if let Some(approved) = own.and_then(|version| version.record.approved()) {
            problems.extend(scope.taken_out_of(&approved.scope));
        }
        Ok(problems)
    }
}

/// Returns a record as whoever asks reads it: people of the audit firm read no text that nobody of management has reviewed as
/// it stands. Pages, the API and files are made of what this returns.
fn read_by(view: &View<'_>, record: Engagement) -> Engagement {
    match fieldwork::party(view, record.key) {
        Some(Party::Management) => record,
        Some(Party::Auditor) | None => record.without_unreviewed(),
    }
}

/// Lists the engagements that the actor may see as they are now, newest first.
///
/// # Errors
/// `Forbidden` for whoever may see none at all.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Version>> {
    view.permit(atom(Verb::Read))?;
    let organization = view.organization();
    let all = sql::list(view.connection(), organization, LIST_LIMIT).await?;
    let any = identity::object_of(view, BTreeSet::new()).await?;
    let mut seen = Vec::new();
    for version in all {
        if view.may_on(atom(Verb::Read), &object(&any, &version.record)) {
            seen.push(Version { record: read_by(view, version.record), ..version });
        }
    }
    Ok(seen)
}

/// What rights on an engagement depend on: itself, and the system that it is about.
fn object(any: &Object, record: &Engagement) -> Object {
    let system = record.holds().only_system().or(any.system);
    Object { engagement: Some(record.key), system, ..any.clone() }
}

/// Returns a scope with the system that it is about: where none is chosen and the organization has one, that one.
async fn with_system(view: &mut View<'_>, scope: Scope) -> Result<Scope> {
    if !scope.systems.is_empty() {
        return Ok(scope);
    }
    let systems = identity::systems(view).await?;
    let mut named = systems.iter().filter(|one| systems.len() == 1 || one.name == scope.system);
    Ok(Scope { systems: named.next().map(|one| one.id).into_iter().collect(), ..scope })
}

/// Returns the numbers of all, newest first, whoever asks.
async fn keys(view: &mut View<'_>) -> Result<Vec<EngagementKey>> {
    let organization = view.organization();
    sql::keys(view.connection(), organization).await
}

/// Returns all as they are now, newest first, whoever asks.
pub(crate) async fn everything(view: &mut View<'_>) -> Result<Vec<Version>> {
    let organization = view.organization();
    sql::list(view.connection(), organization, LIST_LIMIT).await
}

/// Returns those that are not closed, newest first, whoever asks.
pub(crate) async fn not_closed(view: &mut View<'_>) -> Result<Vec<Version>> {
    open_with(view, Query::default()).await
}

/// Returns those that are not closed and have what is asked for, newest first, whoever asks.
async fn open_with(view: &mut View<'_>, query: Query) -> Result<Vec<Version>> {
    let organization = view.organization();
    // Those that are closed stay for good, each with its description: the register names the others.
    let query = Query { rows: LIST_LIMIT, ..query.and("closed", "no") };
    let mut open = Vec::new();
    for id in register::ids(view, Kind::Engagement, &query).await? {
        let key = id.trim_start_matches("E-").parse().map(EngagementKey);
        let Ok(key) = key else { continue };
        open.extend(sql::newest(view.connection(), organization, key).await?);
    }
    open.retain(|version| version.record.closed().is_none());
    Ok(open)
}

/// Returns one as it is now, as far as the actor reads it.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn find(view: &mut View<'_>, key: EngagementKey) -> Result<Version> {
    let found = find_whole(view, key).await?;
    Ok(Version { record: read_by(view, found.record), ..found })
}

/// Returns one as it is now, for whoever may see it, with what nobody has reviewed: not to be shown.
async fn find_whole(view: &mut View<'_>, key: EngagementKey) -> Result<Version> {
    let found = current(view, key).await?;
    let object = object(&identity::object_of(view, BTreeSet::new()).await?, &found.record);
    view.permit_on(atom(Verb::Read), &object)?;
    Ok(found)
}

/// Returns the versions of one, newest first.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn versions(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Version>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    let found = sql::versions(view.connection(), organization, key, LIST_LIMIT).await?;
    if found.is_empty() { Err(Error::not_found("engagement", key)) } else { Ok(found) }
}

/// Plans one. Sent twice from one page, it is planned once.
///
/// # Errors
/// `Forbidden`; `Invalid` with what cannot be right.
pub async fn plan(cx: &mut Cx<'_>, once: &str, scope: Scope, reason: &str) -> Result<Engagement> {
    cx.permit_whole(atom(Verb::Create))?;
    if once.is_empty() || once.len() > ONCE_MAX {
        return Err(Error::invalid("the page it was written on has no name"));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    if let Some(key) = sql::by_page(cx.connection(), organization, once).await? {
        return Ok(current(cx, key).await?.record);
    }
    let key = sql::next_key(cx.connection(), organization).await?;
    let scope = with_system(cx, scope).await?;
    let record = Engagement::plan(key, scope, by, now, reason).map_err(Error::invalid)?;
    sql::add(cx.connection(), organization, key, once, now).await?;
    save(cx, Name::EngagementPlanned, None, &record, reason).await?;
    Ok(record)
}

/// Plans a SOC 1 that begins from an example set: these objectives come into the scope, the controls that serve them into the
/// register as drafts.
///
/// # Errors
/// As [`plan`]; `Forbidden` for whoever may not write controls.
pub async fn plan_from_set(
    cx: &mut Cx<'_>,
    once: &str,
    mut scope: Scope,
    (set, chosen): (&ObjectiveSet, &BTreeSet<String>),
    reason: &str,
) -> Result<Engagement> {
    control::edit::adopt_for_objectives(cx, set, chosen).await?;
    scope.begin_from(set, chosen);
    plan(cx, once, scope, reason).await
}

/// Plans the next one from an engagement: its scope over the time that follows, and its description, as drafts. Sent twice
/// from one page, it is planned once.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` without a reason.
pub async fn roll_forward(
    cx: &mut Cx<'_>,
    once: &str,
    from: EngagementKey,
    reason: &str,
) -> Result<Engagement> {
    cx.permit_whole(atom(Verb::Create))?;
    if once.is_empty() || once.len() > ONCE_MAX {
        return Err(Error::invalid("the page it was written on has no name"));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    if let Some(key) = sql::by_page(cx.connection(), organization, once).await? {
        return Ok(current(cx, key).await?.record);
    }
    let before = current(cx, from).await?.record;
    let key = sql::next_key(cx.connection(), organization).await?;
    let record = before.roll_forward(key, by, now, reason).map_err(Error::invalid)?;
    sql::add(cx.connection(), organization, key, once, now).await?;
    save(cx, Name::EngagementPlanned, None, &record, reason).await?;
    Ok(record)
}

/// Tells what changed since the examination that one was made from: what its copied scope has to be looked through for.
/// Empty for one that was not made from another.
///
/// # Errors
/// `Forbidden`; `NotFound` if the one before is not there.
pub async fn changed_since(
    view: &mut View<'_>,
    record: &Engagement,
    grounds: &Grounds,
) -> Result<Vec<String>> {
    let Some(before) = record.follows else { return Ok(Vec::new()) };
    let (_, last) = find(view, before).await?.record.holds().time.days();
    let kept: Vec<Kept> = grounds
        .commitments
        .iter()
        .map(|version| Kept {
            key: version.record.key,
            title: version.record.promise.title.clone(),
            in_force: version.record.in_force().is_some(),
            since: version.since,
        })
        .collect();
    Ok(record.scope.changed_since(last, &grounds.controls, &kept))
}

/// Writes the scope anew, from version `from` of the record; `reason` is the note that goes with the change.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` with what cannot be right.
pub async fn change(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    scope: Scope,
    reason: &str,
) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Update))?;
    let scope = with_system(cx, scope).await?;
    write(cx, key, from, Name::EngagementChanged, reason, |record, by, now| {
        record.change(scope, by, now, reason)
    })
    .await
}

/// Writes the texts of the description and the order in which they stand, from version `from` of the record. Its processes
/// and diagrams stay: they are written one by one.
///
/// # Errors
/// As [`change`].
pub async fn describe(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    description: Description,
) -> Result<Changed> {
    write(cx, key, from, Name::DescriptionWritten, "", |record, by, now| {
        let Description { parts, order, .. } = description;
        let whole = Description { parts, order, ..record.described() };
        record.describe(whole, by, now)
    })
    .await
}

/// Records what is around an engagement, from version `from` of the record: the choice of the firm, the letter of engagement,
/// walkthroughs.
///
/// # Errors
/// As [`change`].
pub async fn administer(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    administration: Administration,
) -> Result<Changed> {
    write(cx, key, from, Name::EngagementChanged, "", |record, _, now| {
        record.administer(administration, Day::of(now))
    })
    .await
}

/// Writes the assertion, from version `from` of the record.
///
/// # Errors
/// As [`change`].
pub async fn assert(cx: &mut Cx<'_>, key: EngagementKey, from: i64, assertion: Assertion) -> Result<Changed> {
    write(cx, key, from, Name::AssertionWritten, "", |record, by, now| record.assert(assertion, by, now))
        .await
}

/// Records how the auditor's opinion is going to be modified, from version `from` of the record. The assertion has to be
/// written and signed anew.
///
/// # Errors
/// As [`change`].
pub async fn modify_opinion(cx: &mut Cx<'_>, key: EngagementKey, from: i64, text: &str) -> Result<Changed> {
    write(cx, key, from, Name::ModificationTold, "", |record, by, now| record.modify(text, by, now)).await
}

/// Approves the scope that waits, as it stood in version `from`.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if nothing waits, the scope breaks a rule, or the approver wrote it.
pub async fn approve(cx: &mut Cx<'_>, key: EngagementKey, from: i64, catalog: &Catalog) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Approve))?;
    cx.need_person()?;
    let before = current(cx, key).await?;
    if before.number != from {
        return Ok(Changed::Stale(Box::new(before)));
    }
    fieldwork::refuse_frozen(cx, key).await?;
    let by = cx.actor.id;
    if before.record.is_author(by) {
        cx.refuse_by_rule("engagement", key.to_string(), "own_text");
        return Err(Error::conflict(EngagementError::OwnScope(key)));
    }
    let problems = Grounds::read(cx).await?.problems(key, &before.record.scope, catalog)?;
    let (mut after, now) = (before.record.clone(), cx.now);
    after.approve(&problems, by, now).map_err(Error::conflict)?;
    save(cx, Name::ScopeApproved, Some(&before), &after, "").await?;
    Ok(Changed::Done(Box::new(after)))
}

/// Signs a document as it stood in version `from`.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it is not there, not ready, or the signer did an earlier step.
pub async fn sign(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    paper: Paper,
    step: Step,
) -> Result<Changed> {
    cx.permit_whole(signing(step))?;
    cx.need_person()?;
    let before = current(cx, key).await?;
    if before.number != from {
        return Ok(Changed::Stale(Box::new(before)));
    }
    fieldwork::refuse_frozen(cx, key).await?;
    let (mut after, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    after.open().map_err(Error::conflict)?;
    if after.approved().is_none() {
        return Err(Error::conflict(DocumentError::NoScope));
    }
    let (ground, fault) = (after.ground(paper), not_ready(cx, &after, paper).await?);
    let signed = match paper {
        Paper::Description => sign_one(after.description.as_mut(), step, fault, (by, now), ground),
        Paper::Assertion => sign_one(after.assertion.as_mut(), step, fault, (by, now), ground),
    };
    if let Err(error) = signed {
        if matches!(error, DocumentError::OwnText(_) | DocumentError::OwnReview) {
            cx.refuse_by_rule("engagement", key.to_string(), "own_draft");
        }
        return Err(Error::conflict(error));
    }
    let name = match (paper, step) {
        (Paper::Description, Step::Review) => Name::DescriptionReviewed,
        (Paper::Description, Step::Approve) => Name::DescriptionApproved,
        (Paper::Assertion, Step::Review) => Name::AssertionReviewed,
        (Paper::Assertion, Step::Approve) => Name::AssertionSigned,
    };
    save(cx, name, Some(&before), &after, "").await?;
    Ok(Changed::Done(Box::new(after)))
}

/// Ends one, with a reason.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` if it is closed already or no reason is given.
pub async fn close(cx: &mut Cx<'_>, key: EngagementKey, reason: &str) -> Result<Engagement> {
    cx.permit_whole(atom(Verb::Update))?;
    cx.need_person()?;
    let before = current(cx, key).await?;
    let (mut after, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    after.close(by, now, reason).map_err(Error::invalid)?;
    save(cx, Name::EngagementClosed, Some(&before), &after, reason).await?;
    Ok(after)
}

fn sign_one<T: Clone + PartialEq + Serialize>(
    document: Option<&mut Document<T>>,
    step: Step,
    fault: Option<String>,
    (by, at): (ActorId, Timestamp),
    scope: Digest,
) -> Result<(), DocumentError> {
    let document = document.ok_or(DocumentError::None)?;
    document.separated(step, by, scope)?;
    match fault {
        Some(fault) => Err(DocumentError::NotReady(fault)),
        None => document.sign(step, by, at, scope),
    }
}

/// Returns the first thing that keeps a document from being signed.
async fn not_ready(view: &mut View<'_>, record: &Engagement, paper: Paper) -> Result<Option<String>> {
    let description = match (paper, &record.description, &record.assertion) {
        (Paper::Description, Some(document), _) => &document.content,
        (Paper::Assertion, _, Some(document)) => {
            let own = document.content.faults().into_iter().next();
            return Ok(own.or_else(|| record.assertion_fault()));
        }
        _ => return Ok(None),
    };
    if let Some(part) = description.missing(record.holds()).first() {
        return Ok(Some(format!("\u{201c}{}\u{201d} is not written", part.title())));
    }
    // Everybody's pages ask this of each document that waits: no more is read than it is about.
    let (named, others) = description.named(control::ids(view).await?);
    let controls = control::several(view, &named).await?;
    let candidates = proposing::candidates_of(view, record.holds()).await?;
    let faults = proposing::held_against(record, None, (&controls, &others), &candidates);
    let of_part = faults.of_parts.into_iter().next();
    let of_part = of_part.map(|(part, fault)| format!("in \u{201c}{}\u{201d}, {fault}", part.title()));
    Ok(of_part.or_else(|| faults.others.into_iter().next()))
}

async fn write(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    name: Name,
    reason: &str,
    make: impl FnOnce(&mut Engagement, ActorId, Timestamp) -> Result<(), EngagementError>,
) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Update))?;
    let before = current(cx, key).await?;
    if before.number != from {
        return Ok(Changed::Stale(Box::new(before)));
    }
    fieldwork::refuse_frozen(cx, key).await?;
    let (mut after, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    make(&mut after, by, now).map_err(Error::invalid)?;
    save(cx, name, Some(&before), &after, reason).await?;
    Ok(Changed::Done(Box::new(after)))
}

async fn current(view: &mut View<'_>, key: EngagementKey) -> Result<Version> {
    let organization = view.organization();
    let found = sql::newest(view.connection(), organization, key).await?;
    found.ok_or_else(|| Error::not_found("engagement", key))
}

async fn save(
    cx: &mut Cx<'_>,
    name: Name,
    before: Option<&Version>,
    after: &Engagement,
    why: &str,
) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    let number = before.map_or(1, |version| version.number + 1);
    sql::add_version(cx.connection(), organization, number, now, after).await?;
    let event = Event {
        before: before.map(|version| said(&version.record)).transpose()?,
        after: Some(said(after)?),
        why: audit::kept_why(why),
        ..Event::done(name, "engagement", after.key)
    };
    audit::record(cx, event).await
}

/// What the trail and the log hold of a record: words and digests.
fn said(one: &Engagement) -> Result<Value> {
    let digest = |text: Result<Digest, serde_json::Error>| {
        text.map_err(|error| Error::internal("digesting an engagement", error))
    };
    let scope = one.scope_digest();
    Ok(json!({
        "state": one.standing().word(),
        "scope": scope,
        "written": digest(canonical::digest(&one.scope))?,
        "description": one.description.as_ref().map(|document| document.digest(scope)),
        "assertion": one.assertion.as_ref().map(|document| document.digest(one.ground(Paper::Assertion))),
        "record": digest(canonical::digest(one))?,
    }))
}
