//! What completes an engagement: subsequent events, the representation letter, the report as it was received, bridge
//! letters. Owns the table `engagement_completion` of migration `0049_completion.sql`.
//!
//! The record of an engagement ends with its closing; this one goes on, since bridge letters are written afterwards.

mod received;
mod sql;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::engagement::completion::{
    BridgeGround, BridgeItem, BridgeLetter, Completion, CompletionError, Decided, Learned, Letter, Received,
    Told,
};
use tickmark_core::engagement::{
    DocumentError, Engagement, EngagementKey, Paper, Problem, Signatures, Step, Time,
};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;
use tickmark_core::observation::Severity;
use tickmark_core::report::writing::{self, LetterFrame};
use tickmark_core::report::{SocPackage, Writing};
use tickmark_core::{Timestamp, canonical};

use super::own_work::taken;
use super::package::{changes, in_scope, signed, whole};
use super::unsigned::{Unsigned, What};
use super::{atom, fieldwork, find, signing};
use crate::conclusion::remediation;
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result, control, identity};

pub use received::{Receiving, receive_report, reports};

/// What completes an engagement, as it stood from a moment on. Number 0 stands for nothing yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Number of the record.
    pub number: i64,
    /// From when.
    pub since: Timestamp,
    /// The record.
    pub record: Completion,
}

/// What came of a change made from version `number`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done(Box<Completion>),
    /// Somebody else changed the record meanwhile; nothing is done.
    Stale(Box<Version>),
}

type Made = std::result::Result<(), CompletionError>;

/// A document of management that can be taken out by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Single {
    /// The description of the system.
    Description,
    /// The assertion.
    Assertion,
    /// The representation letter.
    Representation,
    /// A bridge letter, by its number.
    Bridge(u32),
}

impl Single {
    /// Returns the name of its file, without an ending.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Description => "description".to_owned(),
            Self::Assertion => "assertion".to_owned(),
            Self::Representation => "representation".to_owned(),
            Self::Bridge(number) => format!("bridge-{number}"),
        }
    }

    /// Reads the name again.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "description" => Self::Description,
            "assertion" => Self::Assertion,
            "representation" => Self::Representation,
            _ => Self::Bridge(name.strip_prefix("bridge-")?.parse().ok()?),
        })
    }
}

impl From<Paper> for Single {
    fn from(paper: Paper) -> Self {
        match paper {
            Paper::Description => Self::Description,
            Paper::Assertion => Self::Assertion,
        }
    }
}

/// Returns what completes an engagement, as it is now.
///
/// # Errors
/// `Forbidden`; `NotFound` if there is no such engagement.
pub async fn completion(view: &mut View<'_>, key: EngagementKey) -> Result<Version> {
    find(view, key).await?;
    current(view, key).await
}

/// Returns what completed an engagement in a version; none if there was none.
///
/// # Errors
/// As [`completion`].
pub async fn completion_at(view: &mut View<'_>, key: EngagementKey, number: i64) -> Result<Option<Version>> {
    find(view, key).await?;
    let organization = view.organization();
    sql::at(view.connection(), organization, key, number).await
}

/// Tells whether the report was issued here, or recorded as received; whoever asks.
pub(super) async fn has_report(view: &mut View<'_>, key: EngagementKey) -> Result<bool> {
    Ok(current(view, key).await?.record.received().is_some())
}

/// Returns who signed the representation letter as it stands, whoever asks.
pub(super) async fn letter_signatures(view: &mut View<'_>, engagement: &Engagement) -> Result<Signatures> {
    let record = current(view, engagement.key).await?.record;
    let ground = record.letter_ground(engagement.scope_digest());
    Ok(record.representation.as_ref().map(|letter| letter.signatures(ground)).unwrap_or_default())
}

/// Returns what management recorded, without what the auditor issued here, whoever asks.
pub(super) async fn recorded(view: &mut View<'_>, key: EngagementKey) -> Result<Completion> {
    let organization = view.organization();
    let found = sql::newest(view.connection(), organization, key).await?;
    Ok(found.map_or_else(|| Completion::begin(key), |version| version.record))
}

/// Adds the letters of an engagement that the actor could review or sign now; `before` the report the representation letter
/// is among them.
pub(super) async fn unsigned(
    view: &mut View<'_>,
    engagement: &Engagement,
    before: bool,
    found: &mut Vec<Unsigned>,
) -> Result<()> {
    let version = current(view, engagement.key).await?;
    let (record, scope) = (&version.record, engagement.scope_digest());
    let (by, now) = (view.actor.id, view.now);
    let waiting = |what, step, since| Unsigned { engagement: engagement.key, what, step, since };
    if let Some(letter) = record.representation.as_ref().filter(|_| before) {
        let step = letter.progress(record.letter_ground(scope)).next_step();
        let step = step.filter(|step| view.sees_whole(signing(*step)));
        if let Some(step) = step.filter(|step| record.clone().sign_letter(*step, scope, by, now).is_ok()) {
            found.push(waiting(What::Representation, step, letter.at));
        }
    }
    let ground = record.bridge_ground(scope);
    for bridge in record.bridges() {
        let letter = &bridge.document;
        let step = letter.progress(ground).next_step();
        let step = step.filter(|step| view.sees_whole(signing(*step)));
        if let Some(step) = step.filter(|step| letter.separated(*step, by, ground).is_ok()) {
            found.push(waiting(What::Bridge(bridge.number), step, letter.at));
        }
    }
    Ok(())
}

async fn current(view: &mut View<'_>, key: EngagementKey) -> Result<Version> {
    let (organization, now) = (view.organization(), view.now);
    let found = sql::newest(view.connection(), organization, key).await?;
    let mut version =
        found.unwrap_or_else(|| Version { number: 0, since: now, record: Completion::begin(key) });
    // What the auditor issued here needs nobody to record it again.
    if version.record.received().is_none()
        && let Some(received) = fieldwork::report::received(view, key).await?
    {
        version.record.take_issued(received);
    }
    Ok(version)
}

/// Says which date the report will have.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` if it is not after the time of the examination.
pub async fn date_report(cx: &mut Cx<'_>, key: EngagementKey, from: i64, day: Day) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Update))?;
    fieldwork::refuse_issued(cx, key).await?;
    change(cx, key, from, Name::ReportDated, Verb::Update, |record, engagement, _, _| {
        engagement.open()?;
        record.date(day, engagement.holds().time)
    })
    .await
}

/// Enters a subsequent event, or writes one anew.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` with what cannot be right.
pub async fn tell_event(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    number: Option<u32>,
    told: Told,
) -> Result<Changed> {
    change(cx, key, from, Name::EventTold, Verb::Update, |record, engagement, by, at| {
        record.tell(number, told, engagement.holds().time, by, at).map(|_| ())
    })
    .await
}

/// Enters a fact that became known after the date of the report, or writes one anew.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` with what cannot be right, or if there is no report.
pub async fn learn_fact(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    number: Option<u32>,
    learned: Learned,
) -> Result<Changed> {
    change(cx, key, from, Name::FactLearned, Verb::Update, |record, _, by, at| {
        record.learn(number, learned, by, at).map(|_| ())
    })
    .await
}

/// States for management that the register of events is whole up to a day.
///
/// # Errors
/// `Forbidden`, for programs too; `NotFound`; `Invalid` if a decision is missing or the day cannot be.
pub async fn confirm_events(cx: &mut Cx<'_>, key: EngagementKey, from: i64, until: Day) -> Result<Changed> {
    cx.need_person()?;
    cx.permit_whole(atom(Verb::Approve))?;
    fieldwork::refuse_issued(cx, key).await?;
    change(cx, key, from, Name::EventsConfirmed, Verb::Approve, |record, engagement, by, at| {
        record.confirm(until, engagement.holds().time, by, at)
    })
    .await
}

/// Writes the representation letter.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` with what cannot be right.
pub async fn represent(cx: &mut Cx<'_>, key: EngagementKey, from: i64, letter: Letter) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Update))?;
    fieldwork::refuse_issued(cx, key).await?;
    change(cx, key, from, Name::RepresentationWritten, Verb::Update, |record, engagement, by, at| {
        engagement.open()?;
        record.represent(letter, by, at)
    })
    .await
}

/// Signs the representation letter for management, as it stood in version `from`.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it is not there, not ready, or the signer did an earlier step.
pub async fn sign_representation(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    step: Step,
) -> Result<Changed> {
    let name = match step {
        Step::Review => Name::RepresentationReviewed,
        Step::Approve => Name::RepresentationSigned,
    };
    cx.permit_whole(signing(step))?;
    fieldwork::refuse_issued(cx, key).await?;
    sign(cx, key, from, step, name, |record, engagement, by, at| {
        engagement.open()?;
        record.sign_letter(step, engagement.scope_digest(), by, at)
    })
    .await
}

/// What a bridge letter is held against: what the registers hold from the end of the period on.
#[derive(Clone, Debug)]
pub struct BridgeBasis {
    time: Time,
    report: Option<Received>,
    /// What the registers hold, in order of time.
    pub items: Vec<BridgeItem>,
    today: Day,
}

impl BridgeBasis {
    /// Returns what is wrong with a letter, what blocks first.
    #[must_use]
    pub fn problems(&self, letter: &BridgeLetter) -> Vec<Problem> {
        letter.problems(&self.ground())
    }

    /// Returns what the registers hold up to a day, each with the answer that `letter` gives.
    #[must_use]
    pub fn items_until(&self, to: Day) -> Vec<BridgeItem> {
        self.items.iter().filter(|item| item.day <= to).cloned().collect()
    }

    fn ground(&self) -> BridgeGround<'_> {
        BridgeGround { time: self.time, report: self.report.as_ref(), items: &self.items, today: self.today }
    }
}

/// Collects what a bridge letter of an engagement is held against now: changes of controls in scope, grave findings about
/// them, and subsequent events that are not without effect.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn bridge_basis(view: &mut View<'_>, key: EngagementKey, catalog: &Catalog) -> Result<BridgeBasis> {
    view.permit_whole(atom(Verb::Read))?;
    let engagement = find(view, key).await?.record;
    let record = current(view, key).await?.record;
    let time = engagement.holds().time;
    let today = Day::of(view.now);
    let (_, end) = time.days();
    let mut items = Vec::new();
    if let Some(first) = end.next().filter(|first| *first <= today) {
        // What neither changed nor failed since is not read: pages ask each time.
        let findings = remediation::opened_since(view, first.starts()).await?;
        let named: Vec<ControlId> = findings.values().filter_map(|one| one.found.control.clone()).collect();
        let changed = control::changed_since(view, first.starts()).await?;
        let touched: Vec<Control> =
            changed.iter().cloned().chain(control::some(view, &named).await?).collect();
        let in_scope = in_scope(view, &engagement, catalog, &touched).await?;
        let in_scope: BTreeSet<&str> = in_scope.iter().map(String::as_str).collect();
        for change in changes(first, today, &changed, &in_scope) {
            let day = Day::of(change.at);
            let joint = if change.what.starts_with("its ") { ":" } else { "" };
            items.push(BridgeItem {
                day,
                reference: format!(
                    "control {} {day} {}",
                    change.control,
                    change.what.split(':').next().unwrap_or_default()
                ),
                says: format!("Control {}{joint} {}", change.control, change.what),
                is_incident: false,
                left_out: String::new(),
            });
        }
        for (reference, finding) in findings {
            let day = Day::of(finding.opened);
            let about = finding.found.control.as_ref().map(ToString::to_string).unwrap_or_default();
            let is_in_scope = in_scope.contains(about.as_str());
            let is_grave = matches!(finding.found.severity, Severity::High | Severity::Critical);
            if is_in_scope && is_grave && day >= first {
                items.push(BridgeItem {
                    day,
                    reference: format!("finding {reference}"),
                    says: format!("{}: {}", finding.found.title, finding.found.condition),
                    is_incident: true,
                    left_out: String::new(),
                });
            }
        }
    }
    for event in record.events().iter().filter(|event| event.told.decided != Decided::NoEffect) {
        items.push(BridgeItem {
            day: event.told.day,
            reference: format!("event {}", event.number),
            says: format!(
                "{}. {}.",
                event.told.what.trim_end_matches('.'),
                event.told.effect.trim_end_matches('.')
            ),
            is_incident: event.told.kind.is_incident(),
            left_out: String::new(),
        });
    }
    items.sort();
    Ok(BridgeBasis { time, report: record.received().cloned(), items, today })
}

/// Writes a bridge letter, or one anew. What the registers hold is put into it: an item whose reference `left_out` has is
/// left out for that reason, all others are named.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` with what cannot be right; `Conflict` if there is no report to bridge from.
pub async fn write_bridge(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    number: Option<u32>,
    letter: BridgeLetter,
    catalog: &Catalog,
) -> Result<Changed> {
    let basis = bridge_basis(cx, key, catalog).await?;
    if let Some(problem) =
        basis.problems(&letter).into_iter().find(|problem| problem.blocks && problem.rule != "registers")
    {
        return Err(Error::conflict(CompletionError::Blocked(problem.says)));
    }
    let mut letter = letter;
    let answered = std::mem::take(&mut letter.items);
    letter.items = basis.items_until(letter.to);
    for item in &mut letter.items {
        if let Some(answer) = answered.iter().find(|answer| answer.reference == item.reference) {
            item.left_out.clone_from(&answer.left_out);
        }
    }
    change(cx, key, from, Name::BridgeWritten, Verb::Update, |record, _, by, at| {
        record.bridge(number, letter, by, at).map(|_| ())
    })
    .await
}

/// Signs a bridge letter for management, as it stood in version `from`.
///
/// # Errors
/// As [`sign_representation`]; `Conflict` if the letter breaks a rule by what the registers hold now.
pub async fn sign_bridge(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    number: u32,
    step: Step,
    catalog: &Catalog,
) -> Result<Changed> {
    let basis = bridge_basis(cx, key, catalog).await?;
    let name = match step {
        Step::Review => Name::BridgeReviewed,
        Step::Approve => Name::BridgeSigned,
    };
    sign(cx, key, from, step, name, |record, engagement, by, at| {
        record.sign_bridge(number, step, engagement.scope_digest(), &basis.ground(), by, at)
    })
    .await
}

/// Freezes one document of management as a writing.
///
/// # Errors
/// `Forbidden`; `NotFound` if nobody wrote it; `Conflict` for a bridge letter whose time is over.
pub async fn single(
    view: &mut View<'_>,
    key: EngagementKey,
    what: Single,
    catalog: &Catalog,
    generator: &str,
) -> Result<Writing> {
    let package = whole(view, key, catalog, generator).await?;
    single_of(view, key, what, &package).await
}

/// The same from management's part as it was frozen, for whoever may see the engagement.
pub(super) async fn single_of(
    view: &mut View<'_>,
    key: EngagementKey,
    what: Single,
    package: &SocPackage,
) -> Result<Writing> {
    let missing = || Error::not_found("document", format!("{} of {key}", what.name()));
    let engagement = find(view, key).await?.record;
    let record = current(view, key).await?.record;
    let names = identity::labels(view).await?;
    let scope = engagement.scope_digest();
    match what {
        Single::Description => writing::description(package).ok_or_else(missing),
        Single::Assertion => writing::assertion(package).ok_or_else(missing),
        Single::Representation => {
            let document = record.representation.as_ref().ok_or_else(missing)?;
            let ground = record.letter_ground(scope);
            let frame = LetterFrame {
                package,
                status: document.status(ground),
                signed: signed(document, ground, &names),
            };
            Ok(writing::representation(frame, &document.content, record.report_date()))
        }
        Single::Bridge(number) => {
            let document = &record.bridge_of(number).map_err(|_| missing())?.document;
            let ground = record.bridge_ground(scope);
            if document.content.expires().is_some_and(|day| day <= Day::of(view.now)) {
                return Err(Error::conflict(format!(
                    "bridge letter {number} speaks of the time to {} and is not given out any more",
                    document.content.to
                )));
            }
            let frame = LetterFrame {
                package,
                status: document.status(ground),
                signed: signed(document, ground, &names),
            };
            let (_, end) = engagement.holds().time.days();
            let signed_on = document.approved(ground).map(|signed| Day::of(signed.at));
            let mut writing = writing::bridge(frame, &document.content, record.received(), end, signed_on);
            // It says what the registers held when it was written, long after management's part was frozen.
            writing.cut_off = document.at;
            Ok(writing)
        }
    }
}

/// Freezes as [`single`] does, and records that somebody took it out.
///
/// # Errors
/// As [`single`].
pub async fn take_out_single(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    what: Single,
    catalog: &Catalog,
    generator: &str,
) -> Result<Writing> {
    let writing = single(cx, key, what, catalog, generator).await?;
    let digest = writing.digest().map_err(|error| Error::internal("digesting a document", error))?;
    taken(cx, key, &what.name(), digest).await?;
    Ok(writing)
}

async fn change(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    name: Name,
    verb: Verb,
    make: impl FnOnce(&mut Completion, &Engagement, ActorId, Timestamp) -> Made,
) -> Result<Changed> {
    cx.permit_whole(atom(verb))?;
    apply(cx, key, from, name, make).await
}

async fn sign(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    step: Step,
    name: Name,
    make: impl FnOnce(&mut Completion, &Engagement, ActorId, Timestamp) -> Made,
) -> Result<Changed> {
    cx.permit_whole(signing(step))?;
    cx.need_person()?;
    if find(cx, key).await?.record.approved().is_none() {
        return Err(Error::conflict(DocumentError::NoScope));
    }
    apply(cx, key, from, name, make).await
}

async fn apply(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    name: Name,
    make: impl FnOnce(&mut Completion, &Engagement, ActorId, Timestamp) -> Made,
) -> Result<Changed> {
    let engagement = find(cx, key).await?.record;
    let before = current(cx, key).await?;
    if before.number != from {
        return Ok(Changed::Stale(Box::new(before)));
    }
    let (mut after, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    if let Err(error) = make(&mut after, &engagement, by, now) {
        return Err(refusal(cx, key, &error));
    }
    let organization = cx.organization();
    sql::add(cx.connection(), organization, before.number + 1, now, &after).await?;
    let event = Event {
        before: Some(said(&before.record)?),
        after: Some(said(&after)?),
        ..Event::done(name, "engagement", key)
    };
    audit::record(cx, event).await?;
    Ok(Changed::Done(Box::new(after)))
}

/// What a rule refuses: a step out of turn is a conflict, a wrong text is invalid.
fn refusal(cx: &mut Cx<'_>, key: EngagementKey, error: &CompletionError) -> Error {
    match error {
        CompletionError::Document(DocumentError::OwnText(_) | DocumentError::OwnReview) => {
            cx.refuse_by_rule("engagement", key.to_string(), "own_draft");
            Error::conflict(error)
        }
        CompletionError::Document(DocumentError::NothingChanged) => Error::invalid(error),
        CompletionError::Document(_) | CompletionError::Blocked(_) => Error::conflict(error),
        _ => Error::invalid(error),
    }
}

/// What the trail and the log hold of it: days, counts and digests.
fn said(record: &Completion) -> Result<Value> {
    let digest = canonical::digest(record)
        .map_err(|error| Error::internal("digesting what completes an engagement", error))?;
    Ok(json!({
        "report_date": record.report_date(),
        "events": record.events().len(),
        "facts": record.facts().len(),
        "confirmed_until": record.confirmed().map(|confirmed| confirmed.until),
        "report": record.received().map(|received| received.digest),
        "bridge_letters": record.bridges().len(),
        "record": digest,
    }))
}
