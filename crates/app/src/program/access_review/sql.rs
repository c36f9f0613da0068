//! The tables `access_review`, `access_review_item`, `access_review_entry`, `access_review_wait`.

use sqlx::{AnyConnection, AssertSqlSafe};
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_core::program::access_review::{Item, Recorded, Review, ReviewKey, Wait};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use super::ReviewVersion;
use crate::{Error, Result, stored};

type Org = OrganizationKey;

const WHAT: &str = "the table of reviews of access";
/// Items named in one statement.
const ITEMS_PER_STATEMENT: usize = 500;
/// Items whose entries are looked for by name; for more of them all entries are read.
const ITEMS_LOOKED_FOR: usize = 20;
/// Open reviews in which items wait for somebody, with how many.
const WAITS_FOR: &str = "SELECT review, COUNT(DISTINCT item) FROM access_review_wait \
     WHERE organization = $1 AND who = $2 AND (until IS NULL OR until > $3) GROUP BY review ORDER BY review";

fn body<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing a review of access", error))
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::corrupt(WHAT, error))
}

fn number(number: u64) -> Cell {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

pub(super) async fn next_key(c: &mut AnyConnection, org: Org) -> Result<ReviewKey> {
    let (key,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM access_review WHERE organization = $1",
    )
    .bind(org.0)
    .fetch_one(c)
    .await?;
    Ok(ReviewKey(key))
}

pub(super) async fn add_version(
    c: &mut AnyConnection,
    org: Org,
    review: &Review,
    version: u32,
    (by, at): (ActorId, Timestamp),
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        review.key.0.into(),
        i64::from(version).into(),
        at.micros().into(),
        by.to_string().into(),
        body(review)?.into(),
    ];
    insert_rows(c, "access_review", ["organization", "key", "version", "at", "by_actor", "body"], [row])
        .await?;
    Ok(())
}

/// Returns a review as it is now, with the number of its newest version.
pub(super) async fn review(c: &mut AnyConnection, org: Org, key: ReviewKey) -> Result<Option<(Review, u32)>> {
    let row: Option<(String, i64)> = sqlx::query_as(
        "SELECT body, version FROM access_review WHERE organization = $1 AND key = $2 ORDER BY version DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_optional(c)
    .await?;
    row.map(|(text, version)| {
        let version = u32::try_from(version).map_err(|error| Error::corrupt(WHAT, error))?;
        Ok((read(&text)?, version))
    })
    .transpose()
}

/// Returns every version of a review, oldest first.
pub(super) async fn versions(c: &mut AnyConnection, org: Org, key: ReviewKey) -> Result<Vec<ReviewVersion>> {
    let rows: Vec<(i64, i64, String, String)> = sqlx::query_as(
        "SELECT version, at, by_actor, body FROM access_review WHERE organization = $1 AND key = $2 ORDER BY version",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|(number, at, by, text)| {
            Ok(ReviewVersion {
                number: *number,
                since: Timestamp::from_micros(*at),
                by: stored::parse(by, WHAT)?,
                record: read(text)?,
            })
        })
        .collect()
}

/// Returns reviews as they are now, newest first.
pub(super) async fn reviews(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<Review>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT held.body FROM access_review AS held WHERE held.organization = $1 AND held.version = \
         (SELECT MAX(other.version) FROM access_review AS other WHERE other.organization = held.organization \
         AND other.key = held.key) ORDER BY held.key DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.iter().map(|(text,)| read(text)).collect()
}

pub(super) async fn add_items(c: &mut AnyConnection, org: Org, key: ReviewKey, items: &[Item]) -> Result<()> {
    let rows: Vec<[Cell; 4]> = items
        .iter()
        .map(|item| Ok([Cell::from(org.0), key.0.into(), number(item.number), body(item)?.into()]))
        .collect::<Result<_>>()?;
    insert_rows(c, "access_review_item", ["organization", "review", "number", "body"], rows).await?;
    Ok(())
}

pub(super) async fn items(c: &mut AnyConnection, org: Org, key: ReviewKey) -> Result<Vec<Item>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM access_review_item WHERE organization = $1 AND review = $2 ORDER BY number",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(|(text,)| read(text)).collect()
}

/// Returns some items, by number. Those that are not there are left out.
pub(super) async fn items_numbered(
    c: &mut AnyConnection,
    org: Org,
    key: ReviewKey,
    numbers: &[u64],
) -> Result<Vec<Item>> {
    let mut found = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(ITEMS_PER_STATEMENT) {
        let named: Vec<String> = (3..chunk.len() + 3).map(|place| format!("${place}")).collect();
        let text = format!(
            "SELECT body FROM access_review_item WHERE organization = $1 AND review = $2 AND number IN ({}) \
             ORDER BY number",
            named.join(", ")
        );
        let mut query = sqlx::query_as::<_, (String,)>(AssertSqlSafe(text)).bind(org.0).bind(key.0);
        for number in chunk {
            query = query.bind(i64::try_from(*number).unwrap_or(i64::MAX));
        }
        for (text,) in query.fetch_all(&mut *c).await? {
            found.push(read(&text)?);
        }
    }
    Ok(found)
}

/// Returns the entries that could be about some items, and all that are about none, oldest first. Each entry about an item
/// names it as `"item":12,`, which no text inside of it can, as quotes in texts are escaped; whoever asks looks at what it says.
pub(super) async fn entries_about(
    c: &mut AnyConnection,
    org: Org,
    key: ReviewKey,
    numbers: &[u64],
) -> Result<Vec<Recorded>> {
    if numbers.len() > ITEMS_LOOKED_FOR {
        return entries(c, org, key).await;
    }
    let named: Vec<String> = (3..numbers.len() + 3).map(|place| format!("body LIKE ${place}")).collect();
    let text = format!(
        "SELECT body FROM access_review_entry WHERE organization = $1 AND review = $2 \
         AND (body NOT LIKE '%\"item\":%' OR {}) ORDER BY number",
        named.join(" OR ")
    );
    let mut query = sqlx::query_as::<_, (String,)>(AssertSqlSafe(text)).bind(org.0).bind(key.0);
    for number in numbers {
        query = query.bind(format!("%\"item\":{number},%"));
    }
    query.fetch_all(c).await?.iter().map(|(text,)| read(text)).collect()
}

/// Returns the number of the newest entry; 0 while there is none.
pub(super) async fn last_entry(c: &mut AnyConnection, org: Org, key: ReviewKey) -> Result<u64> {
    let (last,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) FROM access_review_entry \
         WHERE organization = $1 AND review = $2",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_one(c)
    .await?;
    u64::try_from(last).map_err(|error| Error::corrupt(WHAT, error))
}

pub(super) async fn add_entries(
    c: &mut AnyConnection,
    org: Org,
    key: ReviewKey,
    entries: &[(Recorded, Salt)],
) -> Result<()> {
    let rows: Vec<[Cell; 7]> = entries
        .iter()
        .map(|(recorded, salt)| {
            Ok([
                Cell::from(org.0),
                key.0.into(),
                number(recorded.number),
                recorded.at.micros().into(),
                recorded.by.to_string().into(),
                body(recorded)?.into(),
                salt.0.into(),
            ])
        })
        .collect::<Result<_>>()?;
    let columns = ["organization", "review", "number", "at", "by_actor", "body", "salt"];
    insert_rows(c, "access_review_entry", columns, rows).await?;
    Ok(())
}

pub(super) async fn entries(c: &mut AnyConnection, org: Org, key: ReviewKey) -> Result<Vec<Recorded>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM access_review_entry WHERE organization = $1 AND review = $2 ORDER BY number",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(|(text,)| read(text)).collect()
}

/// Writes down for whose answers items of a review wait.
pub(super) async fn add_waits(c: &mut AnyConnection, org: Org, key: ReviewKey, waits: &[Wait]) -> Result<()> {
    let rows: Vec<[Cell; 6]> = waits
        .iter()
        .map(|wait| {
            [
                Cell::from(org.0),
                wait.who.to_string().into(),
                key.0.into(),
                number(wait.item),
                wait.seat.word().into(),
                wait.until.map(Timestamp::micros).into(),
            ]
        })
        .collect();
    let columns = ["organization", "who", "review", "item", "seat", "until"];
    insert_rows(c, "access_review_wait", columns, rows).await?;
    Ok(())
}

/// Forgets it for some items.
pub(super) async fn forget_waits_of(
    c: &mut AnyConnection,
    org: Org,
    key: ReviewKey,
    items: &[u64],
) -> Result<()> {
    for chunk in items.chunks(ITEMS_PER_STATEMENT) {
        let named: Vec<String> = (3..chunk.len() + 3).map(|place| format!("${place}")).collect();
        let text = format!(
            "DELETE FROM access_review_wait WHERE organization = $1 AND review = $2 AND item IN ({})",
            named.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(org.0).bind(key.0);
        for item in chunk {
            query = query.bind(i64::try_from(*item).unwrap_or(i64::MAX));
        }
        query.execute(&mut *c).await?;
    }
    Ok(())
}

/// Forgets it for a whole review.
pub(super) async fn forget_waits(c: &mut AnyConnection, org: Org, key: ReviewKey) -> Result<()> {
    sqlx::query("DELETE FROM access_review_wait WHERE organization = $1 AND review = $2")
        .bind(org.0)
        .bind(key.0)
        .execute(c)
        .await?;
    Ok(())
}

/// Forgets it for all reviews.
pub(super) async fn forget_all_waits(c: &mut AnyConnection, org: Org) -> Result<()> {
    sqlx::query("DELETE FROM access_review_wait WHERE organization = $1").bind(org.0).execute(c).await?;
    Ok(())
}

/// Returns the reviews in which items wait for somebody, with how many.
pub(super) async fn waits_for(
    c: &mut AnyConnection,
    org: Org,
    who: ActorId,
    now: Timestamp,
) -> Result<Vec<(ReviewKey, usize)>> {
    let rows: Vec<(i64, i64)> =
        sqlx::query_as(WAITS_FOR).bind(org.0).bind(who.to_string()).bind(now.micros()).fetch_all(c).await?;
    Ok(rows.into_iter().map(|(key, items)| (ReviewKey(key), usize::try_from(items).unwrap_or(0))).collect())
}

/// Returns how SQLite would answer that, for tests: each step of its plan.
#[cfg(feature = "testing")]
pub(super) async fn plan_of_waits(c: &mut AnyConnection, org: Org, who: ActorId) -> Result<Vec<String>> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {WAITS_FOR}")))
        .bind(org.0)
        .bind(who.to_string())
        .bind(0_i64)
        .fetch_all(c)
        .await?;
    rows.iter().map(|row| Ok(sqlx::Row::try_get(row, "detail")?)).collect()
}
