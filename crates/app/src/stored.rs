//! Reading stored columns back into types; anything else than what we write is damage. And statements that several tables
//! have alike, each with its own text.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use sqlx::{AnyConnection, AssertSqlSafe};
use tickmark_core::id::OrganizationKey;
use tickmark_core::{Digest, Timestamp};

use crate::{Error, Result};

/// Reads a SHA-256 column.
pub(crate) fn digest(bytes: &[u8], what: &str) -> Result<Digest> {
    array(bytes, what).map(Digest)
}

/// Reads a column of exactly 32 bytes.
pub(crate) fn array(bytes: &[u8], what: &str) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| Error::corrupt(what, format!("{} bytes instead of 32", bytes.len())))
}

/// Reads a column whose text has a form.
pub(crate) fn parse<T: FromStr>(text: &str, what: &str) -> Result<T> {
    text.parse().map_err(|_| Error::corrupt(what, format!("{text:?} is not of its form")))
}

/// Reads a column that counts something.
pub(crate) fn count(number: i64, what: &str) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::corrupt(what, format!("{number} is negative")))
}

/// A version of a record that is kept whole: its number, since when it holds, and the record as JSON.
pub(crate) type VersionRow = (i64, i64, String);

/// Reads a version of a record.
pub(crate) fn version<T: DeserializeOwned>(
    (number, since, body): VersionRow,
    what: &str,
) -> Result<(i64, Timestamp, T)> {
    let record = serde_json::from_str(&body).map_err(|error| Error::corrupt(what, error))?;
    Ok((number, Timestamp::from_micros(since), record))
}

/// Returns the row that a statement finds first by organization (`$1`) and key (`$2`): of a record its newest version.
pub(crate) async fn newest(
    c: &mut AnyConnection,
    text: &'static str,
    org: OrganizationKey,
    key: i64,
) -> Result<Option<VersionRow>> {
    Ok(sqlx::query_as(text).bind(org.0).bind(key).fetch_optional(c).await?)
}

/// Returns the number of the next record of an organization in a table that numbers them by `key`, from 1.
pub(crate) async fn next_key(
    c: &mut AnyConnection,
    org: OrganizationKey,
    table: &'static str,
) -> Result<i64> {
    let text =
        format!("SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM {table} WHERE organization = $1");
    let (key,): (i64,) = sqlx::query_as(AssertSqlSafe(text)).bind(org.0).fetch_one(c).await?;
    Ok(key)
}

/// Runs a statement by which something is over from a moment (`$1`) on: of an organization (`$2`), what is named (`$3`).
/// Returns how many rows it ended.
pub(crate) async fn end(
    c: &mut AnyConnection,
    text: &'static str,
    now: Timestamp,
    org: OrganizationKey,
    named: impl ToString,
) -> Result<u64> {
    let query = sqlx::query(text).bind(now.micros()).bind(org.0).bind(named.to_string());
    Ok(query.execute(c).await?.rows_affected())
}
