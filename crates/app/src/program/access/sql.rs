//! The tables `access_list`, `access_holding`, `access_place`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, AssertSqlSafe};
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_core::program::access::{AccessList, Holding, ListKey, Place, fold};
use tickmark_store::{Cell, insert_rows};

use crate::{Error, Result};

type Org = OrganizationKey;

const WHAT: &str = "the table of lists of access";
/// Most keys named in one statement.
const KEYS_PER_STATEMENT: usize = 500;

pub(super) async fn next_key(c: &mut AnyConnection, org: Org) -> Result<ListKey> {
    let (key,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM access_list WHERE organization = $1",
    )
    .bind(org.0)
    .fetch_one(c)
    .await?;
    Ok(ListKey(key))
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: Org,
    list: &AccessList,
    holdings: impl Iterator<Item = Holding>,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        list.key.0.into(),
        fold(&list.system).into(),
        list.ipe.run_at.micros().into(),
        list.at.micros().into(),
        list.by.to_string().into(),
        body(list)?.into(),
    ];
    let columns = ["organization", "key", "system", "run_at", "handed_in_at", "by_actor", "body"];
    insert_rows(&mut *c, "access_list", columns, [row]).await?;
    let rows: Vec<[Cell; 5]> = (1_i64..)
        .zip(holdings)
        .map(|(seq, holding)| {
            Ok([
                Cell::from(org.0),
                list.key.0.into(),
                seq.into(),
                holding.key().into(),
                body(&holding)?.into(),
            ])
        })
        .collect::<Result<_>>()?;
    insert_rows(c, "access_holding", ["organization", "list", "seq", "right_key", "body"], rows).await?;
    Ok(())
}

fn body<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing a list of access", error))
}

fn read<T: serde::de::DeserializeOwned>((text,): (String,)) -> Result<T> {
    serde_json::from_str(&text).map_err(|error| Error::corrupt(WHAT, error))
}

pub(super) async fn lists(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<AccessList>> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT body FROM access_list WHERE organization = $1 ORDER BY key DESC LIMIT $2")
            .bind(org.0)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await?;
    rows.into_iter().map(read).collect()
}

pub(super) async fn find(c: &mut AnyConnection, org: Org, key: ListKey) -> Result<Option<AccessList>> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT body FROM access_list WHERE organization = $1 AND key = $2")
            .bind(org.0)
            .bind(key.0)
            .fetch_optional(c)
            .await?;
    row.map(read).transpose()
}

pub(super) async fn newest(c: &mut AnyConnection, org: Org, before: Timestamp) -> Result<Vec<AccessList>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT held.body FROM access_list AS held WHERE held.organization = $1 AND held.run_at < $2 \
         AND held.key = (SELECT other.key FROM access_list AS other WHERE other.organization = held.organization \
         AND other.system = held.system AND other.run_at < $2 ORDER BY other.run_at DESC, other.key DESC LIMIT 1) \
         ORDER BY held.system",
    )
    .bind(org.0)
    .bind(before.micros())
    .fetch_all(c)
    .await?;
    rows.into_iter().map(read).collect()
}

pub(super) async fn after(
    c: &mut AnyConnection,
    org: Org,
    system: &str,
    after: Timestamp,
) -> Result<Vec<AccessList>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM access_list WHERE organization = $1 AND system = $2 AND run_at > $3 ORDER BY run_at, key",
    )
    .bind(org.0)
    .bind(system)
    .bind(after.micros())
    .fetch_all(c)
    .await?;
    rows.into_iter().map(read).collect()
}

/// Returns the newest list of a system that was taken after a moment.
pub(super) async fn newest_after(
    c: &mut AnyConnection,
    org: Org,
    system: &str,
    after: Timestamp,
) -> Result<Option<AccessList>> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT body FROM access_list WHERE organization = $1 AND system = $2 AND run_at > $3 \
         ORDER BY run_at DESC, key DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(system)
    .bind(after.micros())
    .fetch_optional(c)
    .await?;
    row.map(read).transpose()
}

pub(super) async fn holdings(c: &mut AnyConnection, org: Org, key: ListKey) -> Result<Vec<Holding>> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT body FROM access_holding WHERE organization = $1 AND list = $2 ORDER BY seq")
            .bind(org.0)
            .bind(key.0)
            .fetch_all(c)
            .await?;
    rows.into_iter().map(read).collect()
}

/// Returns the keys of all rights of a list.
pub(super) async fn keys(c: &mut AnyConnection, org: Org, key: ListKey) -> Result<BTreeSet<String>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT right_key FROM access_holding WHERE organization = $1 AND list = $2 ORDER BY seq",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// Returns those of some keys that a list has.
pub(super) async fn present(
    c: &mut AnyConnection,
    org: Org,
    key: ListKey,
    keys: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let keys: Vec<&String> = keys.iter().collect();
    let mut found = BTreeSet::new();
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let named: Vec<String> = (3..chunk.len() + 3).map(|place| format!("${place}")).collect();
        let text = format!(
            "SELECT right_key FROM access_holding WHERE organization = $1 AND list = $2 AND right_key IN ({})",
            named.join(", ")
        );
        let mut query = sqlx::query_as::<_, (String,)>(AssertSqlSafe(text)).bind(org.0).bind(key.0);
        for one in chunk {
            query = query.bind(one.as_str());
        }
        found.extend(query.fetch_all(&mut *c).await?.into_iter().map(|(key,)| key));
    }
    Ok(found)
}

/// Returns what was last said of each system of lists, by its folded name, with the number of its version.
pub(super) async fn places(c: &mut AnyConnection, org: Org) -> Result<BTreeMap<String, (i64, Place)>> {
    let rows: Vec<(String, i64, String)> = sqlx::query_as(
        "SELECT held.system, held.version, held.body FROM access_place AS held WHERE held.organization = $1 \
         AND held.version = (SELECT MAX(other.version) FROM access_place AS other \
         WHERE other.organization = held.organization AND other.system = held.system) ORDER BY held.system",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(system, version, body)| Ok((system, (version, read((body,))?)))).collect()
}

pub(super) async fn add_place(
    c: &mut AnyConnection,
    org: Org,
    place: &Place,
    version: i64,
    (by, at): (ActorId, Timestamp),
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        fold(&place.name).into(),
        version.into(),
        at.micros().into(),
        by.to_string().into(),
        body(place)?.into(),
    ];
    let columns = ["organization", "system", "version", "at", "by_actor", "body"];
    insert_rows(c, "access_place", columns, [row]).await?;
    Ok(())
}
