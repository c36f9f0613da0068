//! The tables `job`, `job_schedule`.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_core::job::{JobKind, JobState};

use super::{Job, JobSchedule};
use crate::{Error, Result, stored};

const COLUMNS: &str = "key, kind, state, asked_by, asked_at, due_at, attempts, lease_until, started_at, finished_at, \
    progress, outcome";

pub(super) async fn next_key(c: &mut AnyConnection, org: OrganizationKey) -> Result<i64> {
    stored::next_key(c, org, "job").await
}

pub(super) async fn insert(c: &mut AnyConnection, org: OrganizationKey, job: &Job) -> Result<()> {
    sqlx::query(
        "INSERT INTO job (organization, key, kind, state, asked_by, asked_at, due_at, attempts, progress, outcome) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(org.0)
    .bind(job.key)
    .bind(job.kind.word())
    .bind(job.state.word())
    .bind(job.asked_by.to_string())
    .bind(job.asked_at.micros())
    .bind(job.due_at.micros())
    .bind(i64::from(job.attempts))
    .bind(&job.progress)
    .bind(&job.outcome)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn update(c: &mut AnyConnection, org: OrganizationKey, job: &Job) -> Result<()> {
    sqlx::query(
        "UPDATE job SET state = $3, due_at = $4, attempts = $5, lease_until = $6, started_at = $7, finished_at = $8, \
         progress = $9, outcome = $10 WHERE organization = $1 AND key = $2",
    )
    .bind(org.0)
    .bind(job.key)
    .bind(job.state.word())
    .bind(job.due_at.micros())
    .bind(i64::from(job.attempts))
    .bind(job.lease_until.map(Timestamp::micros))
    .bind(job.started_at.map(Timestamp::micros))
    .bind(job.finished_at.map(Timestamp::micros))
    .bind(&job.progress)
    .bind(&job.outcome)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn find(c: &mut AnyConnection, org: OrganizationKey, key: i64) -> Result<Option<Job>> {
    let text = format!("SELECT {COLUMNS} FROM job WHERE organization = $1 AND key = $2");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(key).fetch_optional(c).await?;
    row.as_ref().map(job).transpose()
}

pub(super) async fn list(c: &mut AnyConnection, org: OrganizationKey, limit: u32) -> Result<Vec<Job>> {
    let text = format!("SELECT {COLUMNS} FROM job WHERE organization = $1 ORDER BY key DESC LIMIT $2");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(i64::from(limit)).fetch_all(c).await?;
    rows.iter().map(job).collect()
}

/// Lists jobs whose number is less, newest first.
pub(super) async fn before(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: i64,
    limit: u32,
) -> Result<Vec<Job>> {
    let text =
        format!("SELECT {COLUMNS} FROM job WHERE organization = $1 AND key < $2 ORDER BY key DESC LIMIT $3");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(key)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?;
    rows.iter().map(job).collect()
}

pub(super) async fn open_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    kind: JobKind,
) -> Result<Option<Job>> {
    let text = format!(
        "SELECT {COLUMNS} FROM job WHERE organization = $1 AND kind = $2 AND state IN ('waiting', 'running')"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(kind.word()).fetch_optional(c).await?;
    row.as_ref().map(job).transpose()
}

/// Returns the oldest job that may begin now, or whose worker has not been heard of for the whole of its lease.
pub(super) async fn next(c: &mut AnyConnection, org: OrganizationKey, now: Timestamp) -> Result<Option<Job>> {
    let text = format!(
        "SELECT {COLUMNS} FROM job WHERE organization = $1 AND state IN ('waiting', 'running') \
         AND ((state = 'waiting' AND due_at <= $2) OR (state = 'running' AND lease_until <= $2)) \
         ORDER BY key LIMIT 1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(now.micros()).fetch_optional(c).await?;
    row.as_ref().map(job).transpose()
}

pub(super) async fn last_asked(
    c: &mut AnyConnection,
    org: OrganizationKey,
    kind: JobKind,
) -> Result<Option<Timestamp>> {
    let (at,): (Option<i64>,) =
        sqlx::query_as("SELECT MAX(asked_at) FROM job WHERE organization = $1 AND kind = $2")
            .bind(org.0)
            .bind(kind.word())
            .fetch_one(c)
            .await?;
    Ok(at.map(Timestamp::from_micros))
}

pub(super) async fn insert_schedule(
    c: &mut AnyConnection,
    org: OrganizationKey,
    schedule: JobSchedule,
    by: ActorId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO job_schedule (organization, kind, since, every_hours, set_by) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(org.0)
    .bind(schedule.kind.word())
    .bind(now.micros())
    .bind(i64::from(schedule.every_hours))
    .bind(by.to_string())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn schedules(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<JobSchedule>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT kind, every_hours FROM job_schedule WHERE organization = $1 AND since = (SELECT MAX(newer.since) \
         FROM job_schedule AS newer WHERE newer.organization = job_schedule.organization \
         AND newer.kind = job_schedule.kind) ORDER BY kind",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(kind, hours)| {
            let every_hours =
                u32::try_from(hours).map_err(|error| Error::corrupt("a schedule of work", error))?;
            Ok(JobSchedule { kind: stored::parse(&kind, "a schedule of work")?, every_hours })
        })
        .collect()
}

fn job(row: &AnyRow) -> Result<Job> {
    let what = "a job";
    let moment = |place| Ok::<_, Error>(row.try_get::<Option<i64>, _>(place)?.map(Timestamp::from_micros));
    let state: String = row.try_get("state")?;
    Ok(Job {
        key: row.try_get("key")?,
        kind: stored::parse(row.try_get("kind")?, what)?,
        state: JobState::ALL
            .into_iter()
            .find(|known| known.word() == state)
            .ok_or_else(|| Error::corrupt(what, format!("its state is {state:?}")))?,
        asked_by: stored::parse(row.try_get("asked_by")?, what)?,
        asked_at: Timestamp::from_micros(row.try_get("asked_at")?),
        due_at: Timestamp::from_micros(row.try_get("due_at")?),
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?)
            .map_err(|error| Error::corrupt(what, error))?,
        lease_until: moment("lease_until")?,
        started_at: moment("started_at")?,
        finished_at: moment("finished_at")?,
        progress: row.try_get("progress")?,
        outcome: row.try_get("outcome")?,
    })
}
