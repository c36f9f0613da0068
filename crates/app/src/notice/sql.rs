//! The tables `notice`, `notice_slot`.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_core::program::reminder::{Matter, Notice, Step};

use super::Kept;
use crate::context::Cx;
use crate::{Result, stored};

type Org = OrganizationKey;

const WHAT: &str = "the table of notices";
const COLUMNS: &str = "key, step, matter, title, path, detail, due_at, made_at, read_at";
/// Most notices that one letter looks at.
const UNMAILED_LIMIT: i64 = 500;

/// Returns what somebody was told already.
pub(super) async fn known(
    c: &mut AnyConnection,
    org: Org,
    actor: ActorId,
) -> Result<BTreeSet<(String, Step)>> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT about, step FROM notice WHERE organization = $1 AND actor = $2")
            .bind(org.0)
            .bind(actor.to_string())
            .fetch_all(c)
            .await?;
    rows.into_iter().map(|(about, step)| Ok((about, stored::parse(&step, WHAT)?))).collect()
}

/// Keeps what somebody is told, unless they were told it meanwhile. Returns how many are new.
pub(super) async fn add(cx: &mut Cx<'_>, actor: ActorId, notices: &[(Notice, String)]) -> Result<usize> {
    let (org, now) = (cx.organization(), cx.now);
    let c = cx.connection();
    let (mut key,): (i64,) =
        sqlx::query_as("SELECT CAST(COALESCE(MAX(key), 0) AS BIGINT) FROM notice WHERE organization = $1")
            .bind(org.0)
            .fetch_one(&mut *c)
            .await?;
    let mut added = 0;
    for (notice, detail) in notices {
        let done = sqlx::query(
            "INSERT INTO notice (organization, key, actor, about, step, matter, title, path, detail, due_at, made_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (organization, actor, about, step) DO NOTHING",
        )
        .bind(org.0)
        .bind(key + 1)
        .bind(actor.to_string())
        .bind(&notice.fact.about)
        .bind(notice.step.word())
        .bind(notice.fact.matter.word())
        .bind(&notice.fact.title)
        .bind(&notice.fact.path)
        .bind(detail)
        .bind(notice.fact.due.map(Timestamp::micros))
        .bind(now.micros())
        .execute(&mut *c)
        .await?;
        if done.rows_affected() > 0 {
            key += 1;
            added += 1;
        }
    }
    Ok(added)
}

pub(super) async fn list(c: &mut AnyConnection, org: Org, actor: ActorId, limit: u32) -> Result<Vec<Kept>> {
    let text = format!(
        "SELECT {COLUMNS} FROM notice WHERE organization = $1 AND actor = $2 ORDER BY made_at DESC, key DESC LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(actor.to_string())
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?;
    rows.iter().map(kept).collect()
}

pub(super) async fn unread(c: &mut AnyConnection, org: Org, actor: ActorId) -> Result<usize> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM notice WHERE organization = $1 AND actor = $2 AND read_at IS NULL",
    )
    .bind(org.0)
    .bind(actor.to_string())
    .fetch_one(c)
    .await?;
    Ok(usize::try_from(count).unwrap_or(0))
}

pub(super) async fn mark_read(
    c: &mut AnyConnection,
    org: Org,
    actor: ActorId,
    key: Option<i64>,
    now: Timestamp,
) -> Result<()> {
    let one = if key.is_some() { " AND key = $4" } else { "" };
    let text = format!(
        "UPDATE notice SET read_at = $3 WHERE organization = $1 AND actor = $2 AND read_at IS NULL{one}"
    );
    let mut query =
        sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(actor.to_string()).bind(now.micros());
    if let Some(key) = key {
        query = query.bind(key);
    }
    query.execute(c).await?;
    Ok(())
}

/// Marks what is told of a state that is over.
const OVER: &str = " until ";

/// Returns what somebody was told of a matter and that is not over.
pub(super) async fn standing(c: &mut AnyConnection, org: Org, matter: Matter) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT DISTINCT about FROM notice WHERE organization = $1 AND matter = $2 AND about NOT LIKE $3 \
         ORDER BY about LIMIT 1000",
    )
    .bind(org.0)
    .bind(matter.word())
    .bind(format!("%{OVER}%"))
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(about,)| about).collect())
}

/// Marks as read what everybody was told of a state that is over, under a name that it has once.
pub(super) async fn end(cx: &mut Cx<'_>, matter: Matter, about: &str) -> Result<()> {
    let (org, now) = (cx.organization(), cx.now.micros());
    sqlx::query(
        "UPDATE notice SET about = $4, read_at = COALESCE(read_at, $5) \
         WHERE organization = $1 AND matter = $2 AND about = $3",
    )
    .bind(org.0)
    .bind(matter.word())
    .bind(about)
    .bind(format!("{about}{OVER}{now}"))
    .bind(now)
    .execute(cx.connection())
    .await?;
    Ok(())
}

/// Returns what no letter told of yet, oldest first.
pub(super) async fn unmailed(c: &mut AnyConnection, org: Org, actor: ActorId) -> Result<Vec<Kept>> {
    let text = format!(
        "SELECT {COLUMNS} FROM notice WHERE organization = $1 AND actor = $2 AND read_at IS NULL \
         AND mailed_at IS NULL ORDER BY made_at, key LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(actor.to_string())
        .bind(UNMAILED_LIMIT)
        .fetch_all(c)
        .await?;
    rows.iter().map(kept).collect()
}

pub(super) async fn mark_mailed(
    c: &mut AnyConnection,
    org: Org,
    actor: ActorId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE notice SET mailed_at = $3 WHERE organization = $1 AND actor = $2 AND read_at IS NULL \
         AND mailed_at IS NULL",
    )
    .bind(org.0)
    .bind(actor.to_string())
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn is_written(c: &mut AnyConnection, org: Org, actor: ActorId, slot: &str) -> Result<bool> {
    let found: Option<(i64,)> =
        sqlx::query_as("SELECT at FROM notice_slot WHERE organization = $1 AND actor = $2 AND slot = $3")
            .bind(org.0)
            .bind(actor.to_string())
            .bind(slot)
            .fetch_optional(c)
            .await?;
    Ok(found.is_some())
}

/// Takes a morning; false if it was taken already. Mornings of long ago are forgotten.
pub(super) async fn take_slot(
    c: &mut AnyConnection,
    org: Org,
    actor: ActorId,
    slot: &str,
    now: Timestamp,
) -> Result<bool> {
    const KEPT_US: i64 = 90 * tickmark_core::time::DAY_US;
    sqlx::query("DELETE FROM notice_slot WHERE organization = $1 AND actor = $2 AND at < $3")
        .bind(org.0)
        .bind(actor.to_string())
        .bind(now.micros() - KEPT_US)
        .execute(&mut *c)
        .await?;
    let done = sqlx::query(
        "INSERT INTO notice_slot (organization, actor, slot, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization, actor, slot) DO NOTHING",
    )
    .bind(org.0)
    .bind(actor.to_string())
    .bind(slot)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(done.rows_affected() > 0)
}

fn kept(row: &AnyRow) -> Result<Kept> {
    let moment =
        |place| Ok::<_, crate::Error>(row.try_get::<Option<i64>, _>(place)?.map(Timestamp::from_micros));
    Ok(Kept {
        key: row.try_get("key")?,
        step: stored::parse(row.try_get("step")?, WHAT)?,
        matter: stored::parse(row.try_get("matter")?, WHAT)?,
        title: row.try_get("title")?,
        path: row.try_get("path")?,
        detail: row.try_get("detail")?,
        due: moment("due_at")?,
        made_at: Timestamp::from_micros(row.try_get("made_at")?),
        read_at: moment("read_at")?,
    })
}
