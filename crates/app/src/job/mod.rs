//! Work that goes on beside the pages: asked for by people or by a schedule, done by the running server.
//!
//! One of a kind at a time. Whoever works on a job holds a lease and renews it with what is being done; what died with its
//! worker is taken over when the lease is over, so work happens at least once and must bear being done twice. Owns the
//! tables of migration `0036_job.sql`.

mod sql;

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::job::{self, JobKind, JobState, LEASE_US, MAX_EVERY_HOURS};

use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Action, Error, Result};

/// Jobs in one list.
pub const LISTED: u32 = 100;
/// Most characters of what is said about a job.
const MAX_WORDS: usize = 1_000;

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number, from 1.
    pub key: i64,
    /// What is done.
    pub kind: JobKind,
    /// How far it has come.
    pub state: JobState,
    /// Who asked for it.
    pub asked_by: ActorId,
    /// When.
    pub asked_at: Timestamp,
    /// Not before then.
    pub due_at: Timestamp,
    /// How often it was begun.
    pub attempts: u32,
    /// Until when its worker has it.
    pub lease_until: Option<Timestamp>,
    /// When it was last begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What is being done now.
    pub progress: String,
    /// What came of it, or why it failed.
    pub outcome: String,
}

/// How often work is asked for by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobSchedule {
    /// What is done.
    pub kind: JobKind,
    /// Each so many hours.
    pub every_hours: u32,
}

/// Returns what a member needs to ask for work and to say how often it is done.
#[must_use]
pub fn needed(kind: JobKind) -> Atom {
    match kind {
        JobKind::Collect => Atom::new(Resource::Test, Verb::Update),
        JobKind::Report => Atom::new(Resource::Description, Verb::Update),
    }
}

/// Asks for work. Where it waits or runs already, that job is the answer.
///
/// # Errors
/// `Forbidden` if the actor may not ask for it, or the database refuses.
pub async fn ask(cx: &mut Cx<'_>, kind: JobKind) -> Result<Job> {
    cx.permit_whole(needed(kind))?;
    let organization = cx.organization();
    if let Some(open) = sql::open_of(cx.connection(), organization, kind).await? {
        return Ok(open);
    }
    let job = add(cx, kind).await?;
    audit::record(cx, Event::done(Name::JobAsked, "job", job.key)).await?;
    Ok(job)
}

async fn add(cx: &mut Cx<'_>, kind: JobKind) -> Result<Job> {
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let job = Job {
        key: sql::next_key(cx.connection(), organization).await?,
        kind,
        state: JobState::Waiting,
        asked_by: by,
        asked_at: now,
        due_at: now,
        attempts: 0,
        lease_until: None,
        started_at: None,
        finished_at: None,
        progress: String::new(),
        outcome: String::new(),
    };
    sql::insert(cx.connection(), organization, &job).await?;
    Ok(job)
}

/// Calls work off. What runs stops when its worker next says what it does.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict` if it is over.
pub async fn call_off(cx: &mut Cx<'_>, key: i64) -> Result<()> {
    let mut job = find(cx, key).await?;
    cx.permit_whole(needed(job.kind))?;
    if !job.state.is_open() {
        return Err(Error::conflict(format!("job {key} is over already")));
    }
    (job.state, job.lease_until, job.finished_at) = (JobState::CalledOff, None, Some(cx.now));
    let organization = cx.organization();
    sql::update(cx.connection(), organization, &job).await?;
    audit::record(cx, Event::done(Name::JobCalledOff, "job", key)).await
}

/// Says how often work is asked for by itself; 0 hours: not at all.
///
/// # Errors
/// `Forbidden`; `Invalid` for more than [`MAX_EVERY_HOURS`].
pub async fn schedule(cx: &mut Cx<'_>, kind: JobKind, every_hours: u32) -> Result<()> {
    cx.permit_whole(needed(kind))?;
    if every_hours > MAX_EVERY_HOURS {
        return Err(Error::invalid(format!("a pause has at most {MAX_EVERY_HOURS} hours")));
    }
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let before = sql::schedules(cx.connection(), organization).await?;
    let before = before.iter().find(|schedule| schedule.kind == kind).map_or(0, |one| one.every_hours);
    if before == every_hours {
        return Ok(());
    }
    sql::insert_schedule(cx.connection(), organization, JobSchedule { kind, every_hours }, by, now).await?;
    let event = Event {
        before: Some(json!({"every_hours": before})),
        after: Some(json!({"every_hours": every_hours})),
        ..Event::done(Name::JobScheduled, "job_kind", kind)
    };
    audit::record(cx, event).await
}

/// Lists how often work is asked for by itself; what is not, is not here.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for the other queries here.
pub async fn schedules(view: &mut View<'_>) -> Result<Vec<JobSchedule>> {
    let organization = view.organization();
    let mut all = sql::schedules(view.connection(), organization).await?;
    all.retain(|schedule| schedule.every_hours > 0);
    Ok(all)
}

/// Lists the newest jobs, newest first, at most [`LISTED`].
///
/// # Errors
/// As [`schedules`].
pub async fn list(view: &mut View<'_>) -> Result<Vec<Job>> {
    let organization = view.organization();
    sql::list(view.connection(), organization, LISTED).await
}

/// Lists jobs before a number, newest first.
///
/// # Errors
/// As [`schedules`].
pub async fn page(view: &mut View<'_>, before: Option<i64>, limit: u32) -> Result<Vec<Job>> {
    let organization = view.organization();
    sql::before(view.connection(), organization, before.unwrap_or(i64::MAX), limit).await
}

/// Finds a job.
///
/// # Errors
/// `NotFound` if there is none with this number.
pub async fn find(view: &mut View<'_>, key: i64) -> Result<Job> {
    let organization = view.organization();
    sql::find(view.connection(), organization, key).await?.ok_or_else(|| Error::not_found("job", key))
}

/// Tells whether there is anything for a worker to do now.
///
/// # Errors
/// As [`schedules`].
pub async fn is_due(view: &mut View<'_>) -> Result<bool> {
    let (organization, now) = (view.organization(), view.now);
    if sql::next(view.connection(), organization, now).await?.is_some() {
        return Ok(true);
    }
    Ok(!due(view).await?.is_empty())
}

/// Returns the kinds of work whose schedule says that it is time.
async fn due(view: &mut View<'_>) -> Result<Vec<JobKind>> {
    let (organization, now) = (view.organization(), view.now);
    let mut kinds = Vec::new();
    for JobSchedule { kind, every_hours } in schedules(view).await? {
        let last = sql::last_asked(view.connection(), organization, kind).await?;
        if job::is_due(last, every_hours, now)
            && sql::open_of(view.connection(), organization, kind).await?.is_none()
        {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// Asks for what the schedules say is due, then takes the oldest job that may begin, or one whose worker died.
///
/// # Errors
/// As [`schedules`].
pub async fn take(cx: &mut Cx<'_>) -> Result<Option<Job>> {
    cx.authorize(Action::Observe)?;
    for kind in due(cx).await? {
        add(cx, kind).await?;
    }
    let (organization, now) = (cx.organization(), cx.now);
    let Some(mut job) = sql::next(cx.connection(), organization, now).await? else { return Ok(None) };
    job.state = JobState::Running;
    job.attempts += 1;
    (job.started_at, job.lease_until) = (Some(now), Some(now.plus_micros(LEASE_US)));
    job.progress.clear();
    sql::update(cx.connection(), organization, &job).await?;
    Ok(Some(job))
}

/// Renews the lease of a job and says what is being done. Tells whether to go on: not if it was called off, or if somebody
/// else has taken it over.
///
/// # Errors
/// As [`schedules`].
pub async fn go_on(cx: &mut Cx<'_>, taken: &Job, progress: &str) -> Result<bool> {
    cx.authorize(Action::Observe)?;
    let (organization, now) = (cx.organization(), cx.now);
    let Some(mut job) = held(cx, taken).await? else { return Ok(false) };
    job.lease_until = Some(now.plus_micros(LEASE_US));
    job.progress = words(progress);
    sql::update(cx.connection(), organization, &job).await?;
    Ok(true)
}

/// Says what came of a job: what it brought, or why it failed. A failure is tried again after a pause, a few times. What
/// was called off or taken over meanwhile stays as it is.
///
/// # Errors
/// As [`schedules`].
pub async fn finish(cx: &mut Cx<'_>, taken: &Job, outcome: Result<String, String>) -> Result<()> {
    cx.authorize(Action::Observe)?;
    let (organization, now) = (cx.organization(), cx.now);
    let Some(mut job) = held(cx, taken).await? else { return Ok(()) };
    job.lease_until = None;
    job.progress.clear();
    match outcome {
        Ok(brought) => {
            (job.state, job.finished_at, job.outcome) = (JobState::Done, Some(now), words(&brought));
        }
        Err(why) => {
            job.outcome = words(&why);
            match job::retry_at(job.attempts, now) {
                Some(at) => (job.state, job.due_at) = (JobState::Waiting, at),
                None => (job.state, job.finished_at) = (JobState::Failed, Some(now)),
            }
        }
    }
    sql::update(cx.connection(), organization, &job).await
}

/// The job as it is now, if it is still held by whoever took it.
async fn held(cx: &mut Cx<'_>, taken: &Job) -> Result<Option<Job>> {
    let job = find(cx, taken.key).await?;
    Ok((job.state == JobState::Running && job.attempts == taken.attempts).then_some(job))
}

fn words(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(MAX_WORDS).collect()
}
