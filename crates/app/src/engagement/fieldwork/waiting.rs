//! What of fieldwork waits for whoever looks. For management: requests to answer, and exceptions that were shared and have
//! no answer. For people of the firm: answers to decide about, and papers to sign.
//!
//! Each party learns of the other's work what was handed to it and nothing else. What is frozen or closed waits for nobody.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::Timestamp;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::ControlId;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{EvidenceRequest, Party, RequestState, Walkthrough, Workpaper};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::reminder::SOON_DAYS;
use tickmark_core::time::DAY_US;

use super::super::not_closed;
use super::signed::{Paper, Signing};
use super::workpaper::ANSWERING;
use super::{Field, Row, asking, field_of, paper, party, request, sql};
use crate::context::View;
use crate::identity::Access;
use crate::register::{self, Kind, Query, Want};
use crate::{Result, control};

/// Most requests of one kind that are looked at for somebody.
const MOST: u32 = 500;
/// Most answers that an auditor decides about in one engagement.
const MOST_ANSWERS: u32 = 5_000;

/// A request that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRequest {
    /// Of which engagement.
    pub engagement: EngagementKey,
    /// Its number there.
    pub number: i64,
    /// What is asked for.
    pub title: String,
    /// How far it has come.
    pub state: RequestState,
    /// When it is wanted.
    pub due: Option<Day>,
    /// Who of management sees to it.
    pub owner: Option<ActorId>,
    /// Since when it stands as it does.
    pub since: Timestamp,
}

/// An exception that was shared and that management has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Of which engagement.
    pub engagement: EngagementKey,
    /// In which workpaper.
    pub workpaper: i64,
    /// Its number there.
    pub exception: u32,
    /// The control that was tested.
    pub control: ControlId,
    /// What happened, in the auditor's words.
    pub nature: String,
    /// When it was shared.
    pub since: Timestamp,
}

/// A paper of the firm that waits for a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// Of which engagement.
    pub engagement: EngagementKey,
    /// What it is, in a word.
    pub noun: &'static str,
    /// What its number begins with.
    pub prefix: &'static str,
    /// Its number there.
    pub number: i64,
    /// The control that is tested, or the process that is walked through.
    pub subject: String,
    /// Which signature: that of who prepared it, or of who reviews it.
    pub signing: Signing,
    /// Since when it stands as it does.
    pub since: Timestamp,
}

/// What of fieldwork waits for somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Requests that management answers: the actor's own, and for those who run the program what nobody sees to and is
    /// near or came back.
    pub requests: Vec<WaitingRequest>,
    /// Exceptions that management answers.
    pub exceptions: Vec<Unanswered>,
    /// Answers that the auditor decides about.
    pub answers: Vec<WaitingRequest>,
    /// Papers that the auditor signs.
    pub papers: Vec<Unsigned>,
}

impl WaitingRequest {
    fn of(engagement: EngagementKey, row: &Row<EvidenceRequest>) -> Self {
        let one = &row.record;
        let since = match one.state {
            RequestState::Submitted => one.submitted.map(|(_, at)| at),
            RequestState::Open => None,
            RequestState::Accepted | RequestState::Returned | RequestState::NotApplicable => {
                one.decided.map(|(_, at)| at)
            }
        };
        Self {
            engagement,
            number: one.number,
            title: one.request.title.clone(),
            state: one.state,
            due: one.request.due,
            owner: one.owner,
            since: since.unwrap_or(row.since),
        }
    }

    /// Returns the first moment at which it is too late.
    #[must_use]
    pub fn late_from(&self) -> Option<Timestamp> {
        self.due.map(|day| day.starts().plus_micros(DAY_US))
    }

    /// Tells whether its last day is near, or over.
    #[must_use]
    pub fn is_near(&self, now: Timestamp) -> bool {
        self.late_from().is_some_and(|late| late <= now.plus_micros(i64::from(SOON_DAYS) * DAY_US + DAY_US))
    }
}

impl Unsigned {
    /// Returns what the trail calls it, e.g. "E-1/WP-3".
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}-{}", self.engagement, self.prefix, self.number)
    }

    /// Returns where its page is.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/engagements/{}/{}s/{}", self.engagement.0, self.noun, self.number)
    }
}

impl Waiting {
    /// Returns how many things there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.requests.len() + self.exceptions.len() + self.answers.len() + self.papers.len()
    }
}

/// Returns what waits for the actor.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn of(view: &mut View<'_>) -> Result<Waiting> {
    let mut waiting = Waiting::default();
    if !view.may(asking(Verb::Read)) {
        return Ok(waiting);
    }
    let concerning = concerning(view).await?;
    for version in not_closed(view).await? {
        if party(view, version.record.key).is_none() {
            continue;
        }
        let field = field_of(view, version).await?;
        if !field.is_open() {
            continue;
        }
        match field.party {
            Party::Management => {
                if let Some(numbers) = concerning.get(&field.version.record.key) {
                    requests(view, &field, numbers, &mut waiting).await?;
                }
                exceptions(view, &field, &mut waiting).await?;
            }
            Party::Auditor => for_auditor(view, &field, &mut waiting).await?,
        }
    }
    waiting.requests.sort_by_key(|one| (one.due.is_none(), one.due, one.engagement, one.number));
    waiting.answers.sort_by_key(|one| (one.since, one.engagement, one.number));
    Ok(waiting)
}

/// Returns the requests that may wait for the actor as the register has them, by engagement: reading all there are would take
/// longer the more is asked.
async fn concerning(view: &mut View<'_>) -> Result<BTreeMap<EngagementKey, BTreeSet<i64>>> {
    let mut queries = vec![Query::of("mine", &view.actor.id.to_string())];
    if view.sees_whole(asking(Verb::Create)) {
        let soon = view.now.plus_micros(i64::from(SOON_DAYS) * DAY_US + DAY_US).micros();
        let mut near = Query::of("nobodys", RequestState::Open.word());
        let due = Want::Between(register::ordered(i64::MIN), register::ordered(soon));
        near.filters.push(("late".to_owned(), due));
        queries.extend([Query::of("nobodys", RequestState::Returned.word()), near]);
    }
    let mut found: BTreeMap<EngagementKey, BTreeSet<i64>> = BTreeMap::new();
    for query in queries {
        let query = Query { rows: MOST, ..query };
        for id in register::ids(view, Kind::EvidenceRequest, &query).await? {
            if let Some((key, number)) = request::parse(&id) {
                found.entry(key).or_default().insert(number);
            }
        }
    }
    Ok(found)
}

async fn requests(
    view: &mut View<'_>,
    field: &Field,
    numbers: &BTreeSet<i64>,
    waiting: &mut Waiting,
) -> Result<()> {
    let (key, organization, actor, now) =
        (field.version.record.key, view.organization(), view.actor.id, view.now);
    let runs_program = view.sees_whole(asking(Verb::Create));
    let mut object = field.object.clone();
    let numbers: Vec<i64> = numbers.iter().copied().collect();
    for row in sql::requests_numbered(view.connection(), organization, key, &numbers).await? {
        let one = &row.record;
        if !one.state.waits_for_management() {
            continue;
        }
        object.people = one.owner.into_iter().collect();
        if !view.may_on(asking(Verb::Update), &object) {
            continue;
        }
        let request = WaitingRequest::of(key, &row);
        let is_returned = one.state == RequestState::Returned;
        let is_own = match one.owner {
            Some(owner) => owner == actor,
            None => is_returned && one.submitted.is_some_and(|(by, _)| by == actor),
        };
        let is_nobodys = one.owner.is_none() && runs_program && (is_returned || request.is_near(now));
        if is_own || is_nobodys {
            waiting.requests.push(request);
        }
    }
    Ok(())
}

async fn exceptions(view: &mut View<'_>, field: &Field, waiting: &mut Waiting) -> Result<()> {
    let (key, actor) = (field.version.record.key, view.actor.id);
    if view.may_on(ANSWERING, &field.object) && view.may_on(super::super::atom(Verb::Read), &field.object) {
        let runs_program = view.sees_whole(Atom::new(Resource::Exception, Verb::Approve));
        let open = unanswered(view, key).await?;
        let ids: BTreeSet<ControlId> = open.iter().map(|one| one.control.clone()).collect();
        let ids: Vec<ControlId> = ids.into_iter().collect();
        let owned: BTreeSet<ControlId> = control::several(view, &ids)
            .await?
            .into_iter()
            .filter(|control| control.owner == Some(actor))
            .map(|control| control.id)
            .collect();
        let is_theirs = |one: &Unanswered| runs_program || owned.contains(&one.control);
        waiting.exceptions.extend(open.into_iter().filter(is_theirs));
    }
    Ok(())
}

/// Returns the exceptions that were shared and have no answer, whoever asks.
pub(crate) async fn unanswered(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Unanswered>> {
    let organization = view.organization();
    sql::unanswered(view.connection(), organization, key).await
}

async fn for_auditor(view: &mut View<'_>, field: &Field, waiting: &mut Waiting) -> Result<()> {
    let (key, organization) = (field.version.record.key, view.organization());
    if view.actor.access == Access::Local {
        return Ok(());
    }
    if view.may_on(asking(Verb::Update), &field.object) {
        let query = Query::of("engagement", &key.to_string()).and("state", RequestState::Submitted.word());
        let query = Query { rows: MOST_ANSWERS, ..query };
        let ids = register::ids(view, Kind::EvidenceRequest, &query).await?;
        let numbers: Vec<i64> =
            ids.iter().filter_map(|id| request::parse(id)).map(|(_, number)| number).collect();
        let rows = sql::requests_numbered(view.connection(), organization, key, &numbers).await?;
        let submitted = rows.iter().filter(|row| row.record.state == RequestState::Submitted);
        waiting.answers.extend(submitted.map(|row| WaitingRequest::of(key, row)));
    }
    if view.may_on(paper(Verb::Update), &field.object) {
        let papers = to_sign::<Workpaper>(view, key).await?;
        let walkthroughs = to_sign::<Walkthrough>(view, key).await?;
        waiting.papers.extend(papers.into_iter().chain(walkthroughs));
    }
    Ok(())
}

/// Returns the papers that the actor signs next: what they wrote and is whole, and what others prepared.
async fn to_sign<P: Paper>(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Unsigned>> {
    let (organization, actor, today) = (view.organization(), view.actor.id, Day::of(view.now));
    let mut unsigned = Vec::new();
    for one in sql::to_sign(view.connection(), organization, key, P::KIND).await? {
        let wrote = one.authors.contains(&actor);
        let signing = match (one.is_prepared, wrote) {
            (true, false) => Signing::Review,
            (false, true) if one.is_whole || is_whole::<P>(view, key, one.number, today).await? => {
                Signing::Prepare
            }
            _ => continue,
        };
        unsigned.push(Unsigned {
            engagement: key,
            noun: P::NOUN,
            prefix: P::PREFIX,
            number: one.number,
            subject: one.subject,
            signing,
            since: one.since,
        });
    }
    Ok(unsigned)
}

/// Tells whether a paper that named a day ahead when it was written is whole by now.
async fn is_whole<P: Paper>(
    view: &mut View<'_>,
    key: EngagementKey,
    number: i64,
    today: Day,
) -> Result<bool> {
    let organization = view.organization();
    let row: Option<Row<P>> = sql::paper(view.connection(), organization, key, P::KIND, number).await?;
    Ok(row.is_some_and(|row| row.record.complete(today).is_ok()))
}

/// Returns requests that somebody sees to and that are late, since `back` or later; whoever asks.
pub(crate) async fn late(view: &mut View<'_>, back: Timestamp) -> Result<Vec<WaitingRequest>> {
    let (organization, now) = (view.organization(), view.now);
    let mut late = Vec::new();
    for version in not_closed(view).await? {
        let field = field_of(view, version).await?;
        if !field.is_open() {
            continue;
        }
        let key = field.version.record.key;
        for row in sql::requests(view.connection(), organization, key).await? {
            let one = WaitingRequest::of(key, &row);
            let is_late = one.late_from().is_some_and(|from| back <= from && from <= now);
            if is_late && one.state.waits_for_management() && one.owner.is_some() {
                late.push(one);
            }
        }
    }
    Ok(late)
}
