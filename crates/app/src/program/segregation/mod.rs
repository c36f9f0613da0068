//! Segregation of duties: the matrix of an organization, who holds both sides of a conflict, and exceptions for a time.
//!
//! Looking reads the newest list of access of each system. What could not be seen is said, and is never "no conflict".
//! Owns the tables of migration `0076_segregation.sql`.

mod sql;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{ControlId, ControlState};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::access::{AccessList, Holding, fold};
use tickmark_core::program::segregation::{
    ConflictException, ExceptionError, ExceptionKey, ExceptionState, Looked, Matrix, MatrixVersion,
    Preventive, Seen, Sight, look, would,
};
use tickmark_core::time::DAY_US;
use tickmark_core::written::Written;
use tickmark_core::{Span, Timestamp};
use tickmark_ledger::leaf::LeafKind;

use super::access;
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::people;
use crate::{ActorKind, Error, Result, control, identity};

const READ: Atom = Atom::new(Resource::AccessReview, Verb::Read);
const DECIDE: Atom = Atom::new(Resource::AccessReview, Verb::Update);
const ASK: Atom = Atom::new(Resource::Exception, Verb::Create);
const APPROVE: Atom = Atom::new(Resource::Exception, Verb::Approve);
/// Most versions of the matrix that are looked at.
const MAX_VERSIONS: u32 = 1_000;
/// Most exceptions in one answer.
pub const MAX_EXCEPTIONS: u32 = 10_000;

/// Returns the matrix that counts; none before somebody decided about one.
///
/// # Errors
/// `Forbidden` for whoever may not see reviews of access.
pub async fn current(view: &mut View<'_>) -> Result<Option<MatrixVersion>> {
    view.permit_whole(READ)?;
    newest(view).await
}

/// Returns the matrix that counts, whoever asks.
pub(crate) async fn newest(view: &mut View<'_>) -> Result<Option<MatrixVersion>> {
    let organization = view.organization();
    Ok(sql::versions(view.connection(), organization, 1).await?.pop())
}

/// Returns all versions of the matrix, newest first.
///
/// # Errors
/// As [`current`].
pub async fn versions(view: &mut View<'_>) -> Result<Vec<MatrixVersion>> {
    view.permit_whole(READ)?;
    let organization = view.organization();
    sql::versions(view.connection(), organization, MAX_VERSIONS).await
}

/// Decides about the matrix: from now on this one counts. `from` is the version that it was made from, 0 for none.
///
/// # Errors
/// `Forbidden`, also for programs; `Conflict` if somebody else was faster; `Invalid` if it is none.
pub async fn decide(cx: &mut Cx<'_>, matrix: Matrix, reason: &str, from: u32) -> Result<MatrixVersion> {
    cx.need_person()?;
    cx.permit_whole(DECIDE)?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let present = newest(cx).await?.map_or(0, |one| one.written.version);
    if present != from {
        return Err(Error::conflict("somebody else changed the matrix meanwhile; look at it again"));
    }
    let written = Written { version: present + 1, by, at: now, reason: reason.to_owned() };
    let version = MatrixVersion::next(matrix, written).map_err(Error::invalid)?;
    sql::add_version(cx.connection(), organization, &version).await?;
    let matrix = &version.matrix;
    let after = json!({
        "version": version.written.version, "duties": matrix.duties.len(), "conflicts": matrix.conflicts.len(),
        "rules": matrix.grants.len(),
        "digest": tickmark_core::canonical::digest(matrix)
            .map_err(|error| Error::internal("writing a matrix of duties", error))?,
    });
    let why = audit::kept_why(&version.written.reason);
    let event = Event::done(Name::DutiesDecided, "segregation_matrix", version.written.version);
    audit::record(cx, Event { after: Some(after), why, ..event }).await?;
    Ok(version)
}

/// Decides that the usual duties and conflicts of the catalog count. What the organization has said of its rights stays.
///
/// # Errors
/// As [`decide`].
pub async fn adopt(cx: &mut Cx<'_>, catalog: &Catalog, reason: &str) -> Result<MatrixVersion> {
    let present = newest(cx).await?;
    let from = present.as_ref().map_or(0, |one| one.written.version);
    let mut matrix = present.map(|one| one.matrix).unwrap_or_default();
    for duty in &catalog.duties {
        if matrix.duty(&duty.id).is_none() {
            matrix.duties.push(duty.clone());
        }
    }
    for conflict in &catalog.duty_conflicts {
        let is_same = |one: &tickmark_core::catalog::DutyConflict| {
            let (a, b) = ((&one.first, &one.second), (&conflict.first, &conflict.second));
            one.id == conflict.id || a == b || a == (b.1, b.0)
        };
        if !matrix.conflicts.iter().any(is_same) {
            matrix.conflicts.push(conflict.clone());
        }
    }
    decide(cx, matrix, reason, from).await
}

/// A holder of both duties with the exception that covers it, if one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The exception.
    pub exception: ExceptionKey,
    /// First moment at which it does not cover it.
    pub until: Timestamp,
    /// The control that compensates.
    pub control: ControlId,
}

/// What looking for conflicts found.
#[derive(Clone, Debug)]
pub struct Report {
    /// As of when it was looked.
    pub at: Timestamp,
    /// The matrix.
    pub matrix: MatrixVersion,
    /// The lists that were looked at, by system.
    pub lists: Vec<AccessList>,
    /// What was found about each conflict, in the order of the matrix.
    pub looked: Vec<Looked>,
    /// Exceptions that cover somebody who holds both, by conflict and holder.
    pub covered: BTreeMap<(String, String), Covered>,
    /// Rights of which nobody has said what they grant: system and right with how many accounts have it.
    pub unmapped: BTreeMap<(String, String), u64>,
    /// Everybody whom the lists name, by the one name of each.
    pub(crate) holders: BTreeSet<String>,
    /// How it was looked.
    pub(crate) sight: Sight,
}

impl Report {
    /// Counts people who hold both duties of a conflict and whom no exception covers.
    #[must_use]
    pub fn uncovered(&self) -> usize {
        let held = self.looked.iter().flat_map(|one| one.held.iter().map(move |both| (one, both)));
        held.filter(|(one, both)| !self.covered.contains_key(&(one.conflict.id.clone(), both.holder.clone())))
            .count()
    }
}

/// Lists and their rows, as far as they were taken.
pub(crate) struct Snapshot {
    pub(crate) lists: Vec<(AccessList, Vec<Holding>)>,
}

impl Snapshot {
    pub(crate) async fn newest(view: &mut View<'_>) -> Result<Self> {
        let now = view.now;
        Self::at(view, now, |_| true).await
    }

    /// Those that were the newest at a moment, as far as they are wanted.
    async fn at(
        view: &mut View<'_>,
        at: Timestamp,
        is_wanted: impl Fn(&AccessList) -> bool + Send,
    ) -> Result<Self> {
        let mut lists = Vec::new();
        // What is taken in this very moment counts too.
        for list in access::newest(view, at.plus_micros(1)).await?.into_iter().filter(is_wanted) {
            let rows = access::rows_of(view, list.key).await?;
            lists.push((list, rows));
        }
        Ok(Self { lists })
    }

    pub(crate) fn seen(&self) -> Vec<Seen<'_>> {
        self.lists
            .iter()
            .map(|(list, rows)| Seen {
                system: &list.system,
                run_at: list.ipe.run_at,
                is_complete: list.is_complete(),
                holdings: rows,
            })
            .collect()
    }

    /// Names everybody who has a right.
    fn holders(&self) -> impl Iterator<Item = String> {
        self.lists.iter().flat_map(|(_, rows)| rows.iter().filter_map(Holding::holder))
    }
}

/// How lists are looked at: members are one person by their address and, where nobody else has it, by their name.
pub(crate) async fn sight(view: &mut View<'_>, at: Timestamp) -> Result<Sight> {
    let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut add = |name: &str, of: String| {
        let held = names.entry(fold(name)).or_insert_with(|| Some(of.clone()));
        // Two people of one name are not told apart by it.
        if held.as_ref() != Some(&of) {
            *held = None;
        }
    };
    for member in people::everybody(view).await? {
        let address = fold(&member.email);
        add(&member.name, address.clone());
        add(&member.email, address);
    }
    // Whoever works on the machine itself has a name here and is no member.
    for (&who, label) in identity::labels(view).await?.iter() {
        let is_new = !label.is_empty() && !names.contains_key(&fold(label));
        if is_new && identity::actor(view, who).await?.kind == ActorKind::Person {
            names.insert(fold(label), Some(fold(label)));
        }
    }
    let names = names.into_iter().map(|(name, of)| (name.clone(), of.unwrap_or(name))).collect();
    Ok(Sight { names, ..Sight::at(at) })
}

/// What is looked at, and as of when.
pub(crate) struct Scene<'a> {
    /// As of when.
    pub(crate) at: Timestamp,
    /// Which of the newest lists of then.
    pub(crate) is_wanted: &'a (dyn Fn(&AccessList) -> bool + Sync),
    /// The systems that may be known of, by their folded names; none for all of them.
    pub(crate) systems: Option<&'a BTreeSet<String>>,
}

/// Looks for everybody who holds both duties of a conflict, in the newest list of each system. None before there is a
/// matrix.
///
/// # Errors
/// As [`current`].
pub async fn report(view: &mut View<'_>) -> Result<Option<Report>> {
    let now = view.now;
    report_at(view, now).await
}

/// Looks as one would have at a moment: with the matrix that counted and the lists that were the newest then.
///
/// # Errors
/// As [`current`]; `Invalid` for a moment that is still to come.
pub async fn report_at(view: &mut View<'_>, at: Timestamp) -> Result<Option<Report>> {
    view.permit_whole(READ)?;
    if at > view.now {
        return Err(Error::invalid("nobody has looked there yet: it is still to come"));
    }
    look_at(view, &Scene { at, is_wanted: &|_| true, systems: None }).await
}

/// Looks at a scene, whoever asks.
pub(crate) async fn look_at(view: &mut View<'_>, scene: &Scene<'_>) -> Result<Option<Report>> {
    let organization = view.organization();
    let at = scene.at;
    let mut versions = sql::versions(view.connection(), organization, MAX_VERSIONS).await?.into_iter();
    let Some(mut matrix) = versions.find(|one| one.written.at <= at) else { return Ok(None) };
    let snapshot = Snapshot::at(view, at, scene.is_wanted).await?;
    let mut sight = sight(view, at).await?;
    if let Some(systems) = scene.systems {
        let known: Vec<&str> = systems.iter().map(String::as_str).collect();
        (matrix.matrix, sight.hidden) = matrix.matrix.within(&known);
    }
    let looked = look(&matrix.matrix, &snapshot.seen(), &sight);
    let exceptions = in_force(view).await?;
    let mut covered = BTreeMap::new();
    for one in &looked {
        for both in &one.held {
            let covers = |exception: &&ConflictException| {
                exception.covers(&one.conflict.id, &exception.holder, at)
                    && sight.name_of(&exception.holder) == both.holder
            };
            if let Some(exception) = exceptions.iter().find(covers) {
                let key = (one.conflict.id.clone(), both.holder.clone());
                covered.insert(
                    key,
                    Covered {
                        exception: exception.key,
                        until: exception.expires_at,
                        control: exception.control.clone(),
                    },
                );
            }
        }
    }
    let mut unmapped: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (list, rows) in &snapshot.lists {
        for right in rows.iter().filter_map(|holding| holding.entitlement.as_ref()) {
            if matrix.matrix.granted(&list.system, right).is_none() {
                *unmapped.entry((list.system.clone(), right.clone())).or_default() += 1;
            }
        }
    }
    let holders = snapshot.holders().map(|name| sight.name_of(&name)).collect();
    let lists = snapshot.lists.into_iter().map(|(list, _)| list).collect();
    Ok(Some(Report { at, matrix, lists, looked, covered, unmapped, holders, sight }))
}

/// Says whether giving somebody a right would make a conflict. None before there is a matrix.
///
/// # Errors
/// As [`current`]; `Invalid` for names that are none.
pub async fn ask(
    view: &mut View<'_>,
    person: &str,
    system: &str,
    entitlement: &str,
) -> Result<Option<Preventive>> {
    view.permit_whole(READ)?;
    for (what, text) in [("person", person), ("system", system), ("right", entitlement)] {
        tickmark_core::program::access::name(what, text).map_err(Error::invalid)?;
    }
    let Some(matrix) = newest(view).await? else { return Ok(None) };
    let now = view.now;
    let (snapshot, sight) = (Snapshot::newest(view).await?, sight(view, now).await?);
    Ok(Some(would(&matrix.matrix, &snapshot.seen(), &sight, person, (system, entitlement))))
}

/// Returns exceptions to conflicts of a report that lay in a time and are of somebody whom it names, newest first, whoever
/// asks.
pub(crate) async fn exceptions_of(
    view: &mut View<'_>,
    report: &Report,
    time: Span,
) -> Result<Vec<ConflictException>> {
    let organization = view.organization();
    let mut all = sql::exceptions(view.connection(), organization, MAX_EXCEPTIONS).await?;
    all.retain(|one| {
        let ended = one.withdrawn.as_ref().or(one.declined.as_ref()).map_or(one.expires_at, |end| end.at);
        let is_in_time = ended >= time.from && time.to.is_none_or(|to| one.asked_at < to);
        is_in_time && report.holders.contains(&report.sight.name_of(&one.holder))
    });
    Ok(all)
}

/// Returns exceptions that were approved and whose control is in force, so that it can compensate.
pub(crate) async fn in_force(view: &mut View<'_>) -> Result<Vec<ConflictException>> {
    let organization = view.organization();
    let mut all = sql::exceptions(view.connection(), organization, MAX_EXCEPTIONS).await?;
    let controls: BTreeMap<ControlId, ControlState> = control::controls(view)
        .await?
        .into_iter()
        .map(|control| (control.id.clone(), control.state()))
        .collect();
    all.retain(|one| {
        one.approved.is_some()
            && controls.get(&one.control).is_some_and(|state| *state != ControlState::Retired)
    });
    Ok(all)
}

/// What somebody asks an exception for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewException {
    /// The conflict.
    pub conflict: String,
    /// Who holds both duties, as lists of access name them.
    pub holder: String,
    /// Why.
    pub reason: String,
    /// The control that compensates.
    pub control: ControlId,
    /// First moment at which it covers nothing any more.
    pub expires_at: Timestamp,
}

/// Asks for an exception. It covers nothing before somebody else approved it.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown conflict or control; `Invalid` without a reason or an end, or with a control that
/// is retired.
pub async fn request(cx: &mut Cx<'_>, new: NewException) -> Result<ConflictException> {
    cx.need_person()?;
    cx.permit_whole(ASK)?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let matrix = newest(cx).await?;
    let known = matrix.as_ref().and_then(|one| one.matrix.conflict(&new.conflict));
    known.ok_or_else(|| Error::not_found("conflict of duties", &new.conflict))?;
    if control::find(cx, &new.control).await?.state() == ControlState::Retired {
        return Err(Error::invalid(format!("{} is retired and compensates nothing", new.control)));
    }
    let holder_actor = member_named(cx, &new.holder).await?;
    let exception = ConflictException {
        key: sql::next_exception(cx.connection(), organization).await?,
        conflict: new.conflict,
        holder: new.holder,
        holder_actor,
        reason: new.reason,
        control: new.control,
        asked_by: by,
        asked_at: now,
        expires_at: new.expires_at,
        approved: None,
        declined: None,
        withdrawn: None,
    };
    let exception = exception.ask().map_err(Error::invalid)?;
    keep(cx, &exception, Name::ConflictAsked, 1).await?;
    Ok(exception)
}

/// What is decided about an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It covers from now on.
    Approve,
    /// It does not.
    Decline,
    /// It does not any more.
    Withdraw,
}

/// Decides about an exception.
///
/// # Errors
/// `Forbidden`, also for whoever asked for it or is whom it is about; `NotFound`; `Conflict` if it has come too far; `Invalid`
/// without a reason where one is needed.
pub async fn rule(
    cx: &mut Cx<'_>,
    key: ExceptionKey,
    ruling: Ruling,
    why: &str,
) -> Result<ConflictException> {
    cx.need_person()?;
    cx.permit_whole(APPROVE)?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let mut versions = sql::exception(cx.connection(), organization, key).await?;
    let count = versions.len();
    let exception =
        versions.pop().ok_or_else(|| Error::not_found("exception to a conflict of duties", key))?;
    let decided = match ruling {
        Ruling::Approve => exception.approve(by, now),
        Ruling::Decline => exception.decline(by, why, now),
        Ruling::Withdraw => exception.withdraw(by, why, now),
    };
    let decided = decided.map_err(|error| match error {
        ExceptionError::OwnRequest | ExceptionError::OwnAccess => {
            let reason = if error == ExceptionError::OwnRequest { "own_request" } else { "own_access" };
            cx.refuse_by_rule("segregation_exception", key.to_string(), reason);
            Error::Forbidden(error.to_string())
        }
        ExceptionError::State(_) => Error::conflict(error),
        error => Error::invalid(error),
    })?;
    let name = match ruling {
        Ruling::Approve => Name::ConflictApproved,
        Ruling::Decline => Name::ConflictDeclined,
        Ruling::Withdraw => Name::ConflictWithdrawn,
    };
    keep(cx, &decided, name, i64::try_from(count).unwrap_or(i64::MAX) + 1).await?;
    Ok(decided)
}

/// Lists exceptions as they are now, newest first.
///
/// # Errors
/// `Forbidden` for whoever may not see exceptions.
pub async fn exceptions(view: &mut View<'_>) -> Result<Vec<ConflictException>> {
    view.permit_whole(Atom::new(Resource::Exception, Verb::Read))?;
    let organization = view.organization();
    sql::exceptions(view.connection(), organization, MAX_EXCEPTIONS).await
}

/// An exception as it stood from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionVersion {
    /// Number, from 1.
    pub number: i64,
    /// From when.
    pub since: Timestamp,
    /// Who asked or decided.
    pub by: ActorId,
    /// The exception.
    pub record: ConflictException,
}

/// Returns every version of an exception, oldest first.
///
/// # Errors
/// As [`exceptions`]; `NotFound`.
pub async fn exception_versions(view: &mut View<'_>, key: ExceptionKey) -> Result<Vec<ExceptionVersion>> {
    view.permit_whole(Atom::new(Resource::Exception, Verb::Read))?;
    let organization = view.organization();
    let versions = sql::exception_versions(view.connection(), organization, key).await?;
    if versions.is_empty() {
        return Err(Error::not_found("exception to a conflict of duties", key));
    }
    Ok(versions)
}

/// Finds an exception as it is now.
///
/// # Errors
/// As [`exceptions`]; `NotFound`.
pub async fn find_exception(view: &mut View<'_>, key: ExceptionKey) -> Result<ConflictException> {
    view.permit_whole(Atom::new(Resource::Exception, Verb::Read))?;
    let organization = view.organization();
    let found = sql::exception(view.connection(), organization, key).await?.pop();
    found.ok_or_else(|| Error::not_found("exception to a conflict of duties", key))
}

/// Returns exceptions that wait for the actor's decision, the longest first.
///
/// # Errors
/// If the database fails.
pub async fn waiting(view: &mut View<'_>) -> Result<Vec<ConflictException>> {
    if !view.sees_whole(APPROVE) {
        return Ok(Vec::new());
    }
    let (organization, now, by) = (view.organization(), view.now, view.actor.id);
    let mut all = sql::undecided(view.connection(), organization, MAX_EXCEPTIONS).await?;
    all.retain(|one| one.clone().approve(by, now).is_ok());
    Ok(all)
}

/// Days before its end from which an exception is announced.
const ENDING_DAYS: i64 = 30;

/// Returns exceptions that cover something and end soon, which the actor asked for or decides about, by when they end.
///
/// # Errors
/// If the database fails.
pub async fn ending(view: &mut View<'_>) -> Result<Vec<ConflictException>> {
    let (organization, now, by) = (view.organization(), view.now, view.actor.id);
    let decides = view.sees_whole(APPROVE);
    let mut all = sql::exceptions(view.connection(), organization, MAX_EXCEPTIONS).await?;
    all.retain(|one| {
        let is_theirs = decides || one.asked_by == by || one.approved.is_some_and(|(who, _)| who == by);
        let is_soon = one.expires_at <= now.plus_micros(ENDING_DAYS * DAY_US);
        is_theirs && is_soon && one.state(now) == ExceptionState::Approved
    });
    all.sort_by_key(|one| (one.expires_at, one.key));
    Ok(all)
}

/// Reads the number of an exception as it stands in addresses.
#[must_use]
pub fn parse(text: &str) -> Option<ExceptionKey> {
    text.strip_prefix("SX-").unwrap_or(text).parse().ok().filter(|key| *key > 0).map(ExceptionKey)
}

async fn member_named(view: &mut View<'_>, name: &str) -> Result<Option<ActorId>> {
    let name = fold(name);
    let all = people::everybody(view).await?;
    let member = all.into_iter().find(|one| fold(&one.email) == name || fold(&one.name) == name);
    if let Some(member) = member {
        return Ok(Some(member.actor));
    }
    let labels = identity::labels(view).await?;
    Ok(labels.iter().find(|(_, label)| fold(label) == name).map(|(&who, _)| who))
}

async fn keep(cx: &mut Cx<'_>, exception: &ConflictException, name: Name, version: i64) -> Result<()> {
    let organization = cx.organization();
    let (salt, commitment) = super::commit(cx.app, "an exception to a conflict of duties", exception)?;
    let (now, by) = (cx.now, cx.actor.id);
    sql::add_exception(cx.connection(), organization, exception, version, (by, now), salt).await?;
    let state = exception.state(now);
    let after = json!({
        "exception": exception.key, "conflict": exception.conflict, "control": exception.control, "state": state,
        "expires_at": exception.expires_at, "record": commitment,
    });
    if name == Name::ConflictApproved {
        cx.record(
            LeafKind::Exception,
            &json!({
                "event": "segregation.approved", "exception": exception.key, "conflict": exception.conflict,
                "approved_by": by, "expires_at": exception.expires_at, "record": commitment,
            }),
        )?;
    }
    let event = Event::done(name, "segregation_exception", exception.key);
    audit::record(cx, Event { after: Some(after), ..event }).await
}
