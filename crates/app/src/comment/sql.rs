//! The tables `comment`, `comment_text`, `comment_mention`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use super::{About, Comment, Text};
use crate::{Error, Result, stored};

type Org = OrganizationKey;
type Row = (i64, String, String, String, i64, i64, Option<i64>);

const WHAT: &str = "the tables of comments";
const COLUMNS: &str = "c.key, c.object_kind, c.object, c.made_by, c.made_at, c.version, c.removed_at";

/// Which comments are read.
#[derive(Clone, Copy)]
enum Which<'a> {
    One(i64),
    Of(&'a About),
}

pub(super) async fn next_key(c: &mut AnyConnection, org: Org) -> Result<i64> {
    stored::next_key(c, org, "comment").await
}

/// Returns the numbers of all comments, in order.
pub(super) async fn keys(c: &mut AnyConnection, org: Org) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = sqlx::query_as("SELECT key FROM comment WHERE organization = $1 ORDER BY key")
        .bind(org.0)
        .fetch_all(c)
        .await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

pub(super) async fn by_once(c: &mut AnyConnection, org: Org, once: &str) -> Result<Option<i64>> {
    let row: Option<(i64,)> = sqlx::query_as("SELECT key FROM comment WHERE organization = $1 AND once = $2")
        .bind(org.0)
        .bind(once)
        .fetch_optional(c)
        .await?;
    Ok(row.map(|(key,)| key))
}

pub(super) async fn add(c: &mut AnyConnection, org: Org, comment: &Comment, once: &str) -> Result<()> {
    let row = [
        Cell::from(org.0),
        comment.key.into(),
        once.into(),
        comment.about.kind().into(),
        comment.about.id().into(),
        comment.by.to_string().into(),
        comment.at.micros().into(),
        comment.version().into(),
    ];
    let columns = ["organization", "key", "once", "object_kind", "object", "made_by", "made_at", "version"];
    insert_rows(c, "comment", columns, [row]).await?;
    Ok(())
}

pub(super) async fn add_text(
    c: &mut AnyConnection,
    org: Org,
    comment: i64,
    number: i64,
    text: &Text,
    salt: Salt,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        comment.into(),
        number.into(),
        text.body.as_str().into(),
        text.at.micros().into(),
        salt.0.to_vec().into(),
    ];
    let columns = ["organization", "comment", "number", "body", "at", "salt"];
    insert_rows(&mut *c, "comment_text", columns, [row]).await?;
    sqlx::query("UPDATE comment SET version = $3 WHERE organization = $1 AND key = $2")
        .bind(org.0)
        .bind(comment)
        .bind(number)
        .execute(c)
        .await?;
    Ok(())
}

/// Adds mentions of people whom the comment did not name yet.
pub(super) async fn mention(
    c: &mut AnyConnection,
    org: Org,
    comment: i64,
    people: &BTreeSet<ActorId>,
) -> Result<()> {
    let rows: Vec<_> =
        people.iter().map(|actor| [Cell::from(org.0), comment.into(), actor.to_string().into()]).collect();
    tickmark_store::insert_missing_rows(c, "comment_mention", ["organization", "comment", "actor"], rows)
        .await?;
    Ok(())
}

pub(super) async fn unmention(c: &mut AnyConnection, org: Org, comment: i64) -> Result<()> {
    sqlx::query("DELETE FROM comment_mention WHERE organization = $1 AND comment = $2")
        .bind(org.0)
        .bind(comment)
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn seen(
    c: &mut AnyConnection,
    org: Org,
    comment: i64,
    actor: ActorId,
    at: Timestamp,
) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE comment_mention SET seen_at = $4 WHERE organization = $1 AND comment = $2 AND actor = $3 \
         AND seen_at IS NULL",
    )
    .bind(org.0)
    .bind(comment)
    .bind(actor.to_string())
    .bind(at.micros())
    .execute(c)
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn remove(c: &mut AnyConnection, org: Org, comment: i64, at: Timestamp) -> Result<()> {
    sqlx::query("UPDATE comment SET removed_at = $3 WHERE organization = $1 AND key = $2")
        .bind(org.0)
        .bind(comment)
        .bind(at.micros())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn find(c: &mut AnyConnection, org: Org, key: i64) -> Result<Option<Comment>> {
    Ok(read(c, org, Which::One(key), 1).await?.pop())
}

pub(super) async fn of(c: &mut AnyConnection, org: Org, about: &About, limit: u32) -> Result<Vec<Comment>> {
    read(c, org, Which::Of(about), limit).await
}

/// Reads comments in their order with all versions of their texts.
async fn read(c: &mut AnyConnection, org: Org, which: Which<'_>, limit: u32) -> Result<Vec<Comment>> {
    let (key, kind, object) = match which {
        Which::One(key) => (key, "", String::new()),
        Which::Of(about) => (0, about.kind(), about.id()),
    };
    let which = match which {
        Which::One(_) => "c.key = $2 AND c.object_kind <> $3 AND c.object <> $4",
        Which::Of(_) => "c.key > $2 AND c.object_kind = $3 AND c.object = $4",
    };
    let text = format!(
        "SELECT {COLUMNS} FROM comment AS c WHERE c.organization = $1 AND {which} ORDER BY c.key LIMIT $5"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(key)
        .bind(kind)
        .bind(&object)
        .bind(i64::from(limit))
        .fetch_all(&mut *c)
        .await?;
    let text = format!(
        "SELECT t.comment, t.body, t.at FROM comment AS c JOIN comment_text AS t \
         ON t.organization = c.organization AND t.comment = c.key \
         WHERE c.organization = $1 AND {which} ORDER BY t.comment, t.number"
    );
    let mut texts: BTreeMap<i64, Vec<Text>> = BTreeMap::new();
    let all: Vec<(i64, String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(key)
        .bind(kind)
        .bind(&object)
        .fetch_all(c)
        .await?;
    for (comment, body, at) in all {
        texts.entry(comment).or_default().push(Text { body, at: Timestamp::from_micros(at) });
    }
    rows.into_iter().map(|row| comment(row, &mut texts)).collect()
}

fn comment(row: Row, texts: &mut BTreeMap<i64, Vec<Text>>) -> Result<Comment> {
    let (key, kind, object, by, at, number, removed_at) = row;
    Ok(Comment {
        key,
        about: About::of(&kind, &object).ok_or_else(|| Error::corrupt(WHAT, format!("{kind} {object}")))?,
        by: stored::parse(&by, WHAT)?,
        at: Timestamp::from_micros(at),
        number,
        texts: texts.remove(&key).unwrap_or_default(),
        removed_at: removed_at.map(Timestamp::from_micros),
    })
}

/// Returns the keys of comments that name somebody who has not seen them, the oldest first.
pub(super) async fn unseen(c: &mut AnyConnection, org: Org, actor: ActorId, limit: u32) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT comment FROM comment_mention WHERE organization = $1 AND actor = $2 AND seen_at IS NULL \
         ORDER BY comment LIMIT $3",
    )
    .bind(org.0)
    .bind(actor.to_string())
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

pub(super) async fn records(c: &mut AnyConnection, org: Org) -> Result<Vec<Record>> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
        "SELECT body, salt FROM comment_text WHERE organization = $1 ORDER BY comment, number",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(text, salt)| Ok(Record { text, salt: Salt(stored::array(&salt, WHAT)?) }))
        .collect()
}
