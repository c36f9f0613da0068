//! The audit trail of accounts and rights: what happened, to whom, by whom, and what was refused.
//!
//! Each event is one `audit.event` entry of the ledger and one row to be searched, in the transaction of the change
//! itself: when it cannot be written, the change does not happen. The entry holds ids, words of closed lists and a salted
//! commitment to what a person wrote; the words themselves stand in the row, which can be erased.

mod denied;
mod export;
mod sql;
mod verify;

use serde_json::{Value, json};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Scope, Verb};
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::{self, Salt};
use tickmark_ledger::leaf::LeafKind;
use uuid::Uuid;

use super::Access;
use crate::context::{Cx, Refused, View};
use crate::{Error, Result};

pub use denied::TurnedAway;
pub use export::{EXPORT_PAGE, Format, begin_export, export_page};
pub use verify::{Break, Verified, verify};

/// What commitments to reasons are about.
const WHY_DOMAIN: &str = "tickmark/audit-why/v1";
/// Most characters of a reason.
const MAX_WHY_CHARS: usize = 2_000;
/// Most rows of one page.
pub const PAGE_LIMIT: u32 = 200;

macro_rules! names {
    ($($name:ident = $word:literal),+ $(,)?) => {
        /// What can happen, as a closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name { $(#[doc = $word] $name),+ }

        impl Name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns those that a word names: itself, or, for a first part as `auth`, all that begin with it.
            #[must_use]
            pub fn named(text: &str) -> Vec<Self> {
                let begins = |name: &Self| {
                    let rest = name.word().strip_prefix(text);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                Self::ALL.iter().copied().filter(begins).collect()
            }

            /// Returns the word.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

names! {
    AccessDenied = "access.denied",
    Login = "auth.login",
    Logout = "auth.logout",
    LoginFailed = "auth.failed",
    Locked = "auth.locked",
    SteppedUp = "auth.stepup",
    RecoveryUsed = "auth.recovery_used",
    SessionRevoked = "auth.session_revoked",
    FactorEnrolled = "factor.enrolled",
    FactorRenamed = "factor.renamed",
    FactorRemoved = "factor.removed",
    CounterRegressed = "factor.counter_regressed",
    FactorReset = "factor.reset",
    ResetOffered = "factor.reset_offered",
    CodesRenewed = "factor.codes_renewed",
    PasswordSet = "factor.password_set",
    SetUpOffered = "member.set_up_offered",
    Invited = "member.invited",
    InvitationRevoked = "member.invitation_revoked",
    Joined = "member.joined",
    Suspended = "member.suspended",
    Resumed = "member.resumed",
    Removed = "member.removed",
    ValiditySet = "member.validity_set",
    Expired = "member.expired",
    SignedOutByOther = "member.signed_out",
    AddressAsked = "member.address_asked",
    AddressChanged = "member.address_changed",
    Renamed = "member.renamed",
    RemindersSet = "member.reminders_set",
    OrganizationChanged = "organization.changed",
    SystemWritten = "system.written",
    SystemChanged = "system.changed",
    SystemRetired = "system.retired",
    SystemsAssigned = "member.systems_assigned",
    ProviderWritten = "idp.written",
    ProviderChanged = "idp.changed",
    ProviderAsked = "idp.link_asked",
    ProviderLinked = "idp.linked",
    ProviderDeclined = "idp.link_declined",
    ProviderUnlinked = "idp.unlinked",
    ProviderLogout = "idp.logout",
    SecretReplaced = "secret.replaced",
    RoleProposed = "role.proposed",
    RoleGranted = "role.granted",
    RoleRevoked = "role.revoked",
    CheckWritten = "check.written",
    CheckPutAside = "check.put_aside",
    CheckApproved = "check.approved",
    CheckDeclined = "check.declined",
    CheckFromFiles = "check.from_files",
    JobAsked = "job.asked",
    JobCalledOff = "job.called_off",
    JobScheduled = "job.scheduled",
    MailSentAgain = "mail.sent_again",
    ControlAdopted = "control.adopted",
    ControlWritten = "control.written",
    ControlChanged = "control.changed",
    ControlProposed = "control.proposed",
    ControlInForce = "control.in_force",
    ControlApproved = "control.approved",
    ControlDeclined = "control.declined",
    ControlRetired = "control.retired",
    TestProposed = "test.proposed",
    TestApproved = "test.approved",
    TestDeclined = "test.declined",
    TestEnded = "test.ended",
    ToleranceSet = "control.tolerance_set",
    SizesSet = "control.sizes_set",
    StartKept = "program.start_kept",
    ReadinessScopeWritten = "readiness.scope_written",
    CriterionJudged = "readiness.criterion_judged",
    FindingOpened = "finding.opened",
    FindingPlanned = "finding.planned",
    FindingExtended = "finding.extended",
    FindingFixed = "finding.fixed",
    FindingClosed = "finding.closed",
    FindingReopened = "finding.reopened",
    ExceptionRequested = "exception.requested",
    ExceptionApproved = "exception.approved",
    ExceptionRefused = "exception.refused",
    CommitmentWritten = "commitment.written",
    CommitmentChanged = "commitment.changed",
    CommitmentApproved = "commitment.approved",
    CommitmentRetired = "commitment.retired",
    EngagementPlanned = "engagement.planned",
    EngagementChanged = "engagement.changed",
    ScopeApproved = "engagement.scope_approved",
    EngagementClosed = "engagement.closed",
    DescriptionWritten = "description.written",
    DescriptionReviewed = "description.reviewed",
    DescriptionApproved = "description.approved",
    AssertionWritten = "assertion.written",
    AssertionReviewed = "assertion.reviewed",
    AssertionSigned = "assertion.signed",
    PackageTaken = "engagement.package_taken",
    DocumentTaken = "engagement.document_taken",
    CopyMade = "engagement.copy_made",
    ModificationTold = "engagement.modification_told",
    ReportDated = "engagement.report_dated",
    ReportReceived = "engagement.report_received",
    EventTold = "engagement.event_told",
    EventsConfirmed = "engagement.events_confirmed",
    ChangesConfirmed = "engagement.changes_confirmed",
    FactLearned = "engagement.fact_learned",
    RepresentationWritten = "representation.written",
    RepresentationReviewed = "representation.reviewed",
    RepresentationSigned = "representation.signed",
    BridgeWritten = "bridge_letter.written",
    BridgeReviewed = "bridge_letter.reviewed",
    BridgeSigned = "bridge_letter.signed",
    AccessGranted = "engagement.access_granted",
    AccessExtended = "engagement.access_extended",
    AccessEnded = "engagement.access_ended",
    RequestsListed = "request.listed",
    RequestWritten = "request.written",
    RequestAssigned = "request.assigned",
    RequestSubmitted = "request.submitted",
    RequestAccepted = "request.accepted",
    RequestReturned = "request.returned",
    RequestExcused = "request.excused",
    RequestReopened = "request.reopened",
    RequestsExported = "request.exported",
    WorkpaperWritten = "workpaper.written",
    WorkpaperSampled = "workpaper.sampled",
    WorkpaperSampledAgain = "workpaper.sampled_again",
    WorkpaperSampleChanged = "workpaper.sample_changed",
    WorkpaperPrepared = "workpaper.prepared",
    WorkpaperReviewed = "workpaper.reviewed",
    WorkpaperShared = "workpaper.shared",
    WalkthroughWritten = "walkthrough.written",
    WalkthroughPrepared = "walkthrough.prepared",
    WalkthroughReviewed = "walkthrough.reviewed",
    WalkthroughShared = "walkthrough.shared",
    NoteWritten = "note.written",
    ResponseWritten = "response.written",
    EngagementFrozen = "engagement.frozen",
    OpinionRecorded = "report.opinion_recorded",
    SectionUploaded = "report.section_uploaded",
    ReportIssued = "report.issued",
    ReportDownloaded = "report.downloaded",
    FileTaken = "engagement.file_taken",
    UseAgreementWritten = "distribution.agreement_written",
    GrantEntered = "distribution.entered",
    GrantChecked = "distribution.checked",
    GrantAccepted = "distribution.accepted",
    GrantApproved = "distribution.approved",
    GrantRefused = "distribution.refused",
    GrantRevoked = "distribution.revoked",
    GrantLinkMade = "distribution.link_made",
    GrantCodeAsked = "distribution.code_asked",
    GrantCodeMade = "distribution.code_made",
    GrantCodeFailed = "distribution.code_failed",
    GrantOpened = "distribution.opened",
    GrantTaken = "distribution.taken",
    EvidenceUploaded = "evidence.uploaded",
    EvidenceSuperseded = "evidence.superseded",
    EvidenceSubmitted = "evidence.submitted",
    EvidenceApproved = "evidence.approved",
    EvidenceRejected = "evidence.rejected",
    EvidenceWithdrawn = "evidence.withdrawn",
    EvidenceLinked = "evidence.linked",
    EvidenceUnlinked = "evidence.unlinked",
    EvidenceViewed = "evidence.viewed",
    EvidenceDownloaded = "evidence.downloaded",
    TargetDescribed = "target.described",
    TargetRetired = "target.retired",
    HoldPlaced = "hold.placed",
    HoldReleased = "hold.released",
    RetentionSet = "retention.set",
    PerformanceRecorded = "performance.recorded",
    PerformanceScheduled = "performance.scheduled",
    AccessListed = "access_list.handed_in",
    AccessListTaken = "access_list.taken",
    AccessPlaced = "access_list.placed",
    DutiesDecided = "segregation.matrix_decided",
    ConflictAsked = "segregation.exception_asked",
    ConflictApproved = "segregation.exception_approved",
    ConflictDeclined = "segregation.exception_declined",
    ConflictWithdrawn = "segregation.exception_withdrawn",
    ReviewDrafted = "access_review.drafted",
    ReviewChanged = "access_review.changed",
    ReviewStepped = "access_review.stepped",
    ReviewFrozen = "access_review.frozen",
    ReviewDecided = "access_review.decided",
    ReviewDelegated = "access_review.delegated",
    ReviewReassigned = "access_review.reassigned",
    ReviewTicketed = "access_review.ticketed",
    ReviewLookedBack = "access_review.looked_back",
    ReviewSigned = "access_review.signed",
    ReviewTaken = "access_review.pack_taken",
    ConfigChanged = "config.changed",
    Exported = "trail.exported",
    ListExported = "list.exported",
    ViewSaved = "view.saved",
    ViewRemoved = "view.removed",
    CommentWritten = "comment.written",
    CommentChanged = "comment.changed",
    CommentRemoved = "comment.removed",
    TokenMade = "token.made",
    TokenRevoked = "token.revoked",
}

impl Name {
    /// Returns how such an event goes. Searches rely on it: each name has one outcome.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Self::AccessDenied | Self::Locked => Outcome::Denied,
            Self::LoginFailed | Self::CounterRegressed | Self::GrantCodeFailed => Outcome::Failed,
            _ => Outcome::Done,
        }
    }

    /// Tells whether the record it is about stays as it was: it was looked at, taken along, or spoken of.
    fn leaves_record(self) -> bool {
        matches!(
            self,
            Self::CommentWritten
                | Self::CommentChanged
                | Self::CommentRemoved
                | Self::EvidenceViewed
                | Self::EvidenceDownloaded
                | Self::ReviewTaken
                | Self::PackageTaken
                | Self::DocumentTaken
                | Self::FileTaken
        )
    }
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not permitted.
    Denied,
    /// It did not succeed, as a sign-in with a wrong code.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Done, Self::Denied, Self::Failed];

    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Event<'a> {
    pub(crate) name: Name,
    pub(crate) outcome: Outcome,
    /// Kind and id of what it happened to.
    pub(crate) object: (&'static str, String),
    /// Its state before: words and ids, nothing that names a person.
    pub(crate) before: Option<Value>,
    /// Its state after.
    pub(crate) after: Option<Value>,
    /// Reason code; empty when it was done.
    pub(crate) reason: &'static str,
    /// What a person wrote.
    pub(crate) why: Option<&'a str>,
    /// The request, where no signed-in actor carries it.
    pub(crate) request: Option<&'a str>,
    /// From which network, where no signed-in actor carries it.
    pub(crate) network: Option<String>,
}

impl Event<'_> {
    /// An event that was done.
    pub(crate) fn done(name: Name, kind: &'static str, id: impl ToString) -> Self {
        Self {
            name,
            outcome: Outcome::Done,
            object: (kind, id.to_string()),
            before: None,
            after: None,
            reason: "",
            why: None,
            request: None,
            network: None,
        }
    }
}

/// What a person wrote, as far as the trail takes it: a longer text stands with the record that it is about.
pub(crate) fn kept_why(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty() && text.chars().count() <= MAX_WHY_CHARS)
}

/// One row of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// The entry of the ledger.
    pub leaf: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: ActorId,
    /// What.
    pub event: String,
    /// How it went.
    pub outcome: String,
    /// Kind of what it happened to.
    pub object_kind: String,
    /// Id of what it happened to.
    pub object: String,
    /// Reason code.
    pub reason: String,
    /// What a person wrote.
    pub why: Option<String>,
    /// The request.
    pub request: String,
    /// The session.
    pub session: String,
    /// With what they signed in, how long ago they showed it, and as what they acted: JSON; empty where nobody was signed in.
    pub auth: String,
    /// From which network.
    pub network: String,
}

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of whom.
    pub actor: Option<ActorId>,
    /// What happened: the whole word, or its first part, as `auth`.
    pub event: Option<String>,
    /// How it went.
    pub outcome: Option<Outcome>,
    /// To what.
    pub object: Option<String>,
    /// In which request.
    pub request: Option<String>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Before when.
    pub to: Option<Timestamp>,
    /// Rows before this one, for the next page of the newest.
    pub before: Option<i64>,
    /// Rows after this one, for the next page of the oldest.
    pub after: Option<i64>,
}

/// Returns rows, newest first, at most [`PAGE_LIMIT`]. Whoever may read only their own sees what they did.
///
/// # Errors
/// `Forbidden` if the actor may not read the trail.
pub async fn search(view: &mut View<'_>, filter: &Filter, limit: u32) -> Result<Vec<Row>> {
    let Some(filter) = within_reach(view, filter)? else { return Ok(Vec::new()) };
    let place = (view.organization(), view.app.database.dialect());
    sql::search(view.connection(), place, &filter, sql::Order::NewestFirst, limit.min(PAGE_LIMIT)).await
}

/// Returns how SQLite would search, for tests: each step of its plan.
///
/// # Errors
/// If the database fails.
#[cfg(feature = "testing")]
pub async fn plan_of(view: &mut View<'_>, filter: &Filter) -> Result<Vec<String>> {
    let organization = view.organization();
    sql::plan(view.connection(), organization, filter).await
}

/// Narrows what is searched to what the actor may read; none if that is nothing.
fn within_reach(view: &mut View<'_>, filter: &Filter) -> Result<Option<Filter>> {
    let reach = view.permit(Atom::new(Resource::AuditTrail, Verb::Read))?;
    let mut filter = filter.clone();
    if reach.is_some_and(|reach| !reach.has(Scope::Organization)) {
        if filter.actor.is_some_and(|actor| actor != view.actor.id) {
            return Ok(None);
        }
        filter.actor = Some(view.actor.id);
    }
    Ok(Some(filter))
}

/// Returns one row, with where its entry stands in the log; none while it waits for its place there.
///
/// # Errors
/// `Forbidden` if the actor may not read the trail; `NotFound` if there is none, or it is not for them.
pub async fn event(view: &mut View<'_>, number: i64) -> Result<(Row, Option<u64>)> {
    let filter = Filter { before: number.checked_add(1), after: number.checked_sub(1), ..Filter::default() };
    let row = search(view, &filter, 1).await?.pop().ok_or_else(|| Error::not_found("event", number))?;
    let entry = crate::ledger::find(view, row.leaf).await?;
    Ok((row, entry.map(|entry| entry.index)))
}

/// Returns what happened to one thing, oldest first, whoever asks: for the page of the thing, which they may see.
pub(crate) async fn of_object(view: &mut View<'_>, kind: &str, id: &str, limit: u32) -> Result<Vec<Row>> {
    let place = (view.organization(), view.app.database.dialect());
    let filter = Filter { object: Some(id.to_owned()), ..Filter::default() };
    let rows = sql::search(view.connection(), place, &filter, sql::Order::NewestFirst, limit).await?;
    let mut rows: Vec<Row> =
        rows.into_iter().filter(|row| row.object_kind == kind && row.outcome == "done").collect();
    rows.reverse();
    Ok(rows)
}

/// Returns the latest of what happened to some things, newest first, whoever asks and whatever the outcome.
pub(crate) async fn latest_of(view: &mut View<'_>, objects: &[String], limit: u32) -> Result<Vec<Row>> {
    let place = (view.organization(), view.app.database.dialect());
    let mut all = Vec::new();
    for object in objects {
        let filter = Filter { object: Some(object.clone()), ..Filter::default() };
        all.extend(sql::search(view.connection(), place, &filter, sql::Order::NewestFirst, limit).await?);
    }
    all.sort_by_key(|row| std::cmp::Reverse(row.number));
    Ok(all)
}

/// Records an event.
pub(crate) async fn record(cx: &mut Cx<'_>, event: Event<'_>) -> Result<()> {
    let (kind, object) = &event.object;
    if event.outcome == Outcome::Done
        && !event.name.leaves_record()
        && let Some((kind, id)) = crate::register::of_object(kind, object)
    {
        cx.touch(kind, id);
    }
    let organization = cx.organization();
    let number = sql::next_number(cx.connection(), organization).await?;
    let (row, salt) = row(cx, event, number)?;
    sql::insert(cx.connection(), organization, &row, salt.as_ref()).await
}

/// Records events for which no record was changed, many in few statements: for tests and benchmarks.
#[cfg(feature = "testing")]
pub(crate) async fn record_many(
    cx: &mut Cx<'_>,
    events: impl IntoIterator<Item = Event<'static>>,
) -> Result<()> {
    let organization = cx.organization();
    let first = sql::next_number(cx.connection(), organization).await?;
    let mut rows = Vec::new();
    for (number, event) in (first..).zip(events) {
        rows.push(row(cx, event, number)?);
    }
    sql::insert_many(cx.connection(), organization, &rows).await
}

/// Records the entry of an event in the ledger, and returns the row that goes with it.
fn row(cx: &mut Cx<'_>, event: Event<'_>, number: i64) -> Result<(Row, Option<Salt>)> {
    debug_assert_eq!(event.outcome, event.name.outcome(), "{}", event.name.word());
    let why = event.why.map(str::trim).filter(|why| !why.is_empty());
    if why.is_some_and(|why| why.chars().count() > MAX_WHY_CHARS) {
        return Err(Error::invalid(format!("a reason has at most {MAX_WHY_CHARS} characters")));
    }
    let salt = why.map(|_| Salt(cx.app.random()));
    let commitment = why
        .zip(salt.as_ref())
        .map(|(why, salt)| Digest(commitment::commit(salt, WHY_DOMAIN, why.as_bytes()).0));
    let (request, session, network) = match &cx.actor.access {
        Access::Member(member) => {
            (member.request.clone(), member.session.to_string(), member.network.clone())
        }
        Access::Local => {
            (event.request.unwrap_or_default().to_owned(), String::new(), event.network.unwrap_or_default())
        }
    };
    let auth = auth(cx);
    let (kind, object) = (event.object.0, &event.object.1);
    let body = json!({
        "event": event.name.word(),
        "outcome": event.outcome.word(),
        "object": {"kind": kind, "id": object},
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "why": commitment,
        "request": request,
        "session": session,
        "auth": auth,
    });
    let leaf = cx.record(LeafKind::AuditEvent, &body)?;
    let row = Row {
        number,
        leaf,
        at: cx.now,
        actor: cx.actor.id,
        event: event.name.word().to_owned(),
        outcome: event.outcome.word().to_owned(),
        object_kind: kind.to_owned(),
        object: object.clone(),
        reason: event.reason.to_owned(),
        why: why.map(str::to_owned),
        request,
        session,
        auth: auth.map(|auth| auth.to_string()).unwrap_or_default(),
        network,
    };
    Ok((row, salt))
}

/// Returns what there is to say about how whoever acts is signed in: words, nothing that names them.
fn auth(cx: &Cx<'_>) -> Option<Value> {
    let Access::Member(member) = &cx.actor.access else { return None };
    let subject = &member.subject;
    let age = cx.now.micros().saturating_sub(subject.assurance.proven_at.micros()).max(0) / SECOND_US;
    // A token proves nothing about a person.
    let factor =
        if subject.token.is_some() { "token" } else { super::session::factor_word(subject.assurance.factor) };
    Some(json!({"factor": factor, "proof_age_s": age, "roles": subject.roles}))
}

/// Records that somebody asked for what they may not.
pub(crate) async fn record_refused(cx: &mut Cx<'_>, refused: &Refused) -> Result<()> {
    let event = Event {
        outcome: Outcome::Denied,
        reason: refused.reason,
        ..Event::done(Name::AccessDenied, refused.kind, &refused.object)
    };
    record(cx, event).await
}
