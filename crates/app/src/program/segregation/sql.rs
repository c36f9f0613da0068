//! The tables `segregation_matrix`, `segregation_exception`.

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_core::program::segregation::{ConflictException, ExceptionKey, MatrixVersion};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use super::ExceptionVersion;
use crate::{Error, Result, stored};

type Org = OrganizationKey;

const WHAT: &str = "the table of conflicts of duties";

fn body<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing about conflicts of duties", error))
}

fn read<T: serde::de::DeserializeOwned>((text,): (String,)) -> Result<T> {
    serde_json::from_str(&text).map_err(|error| Error::corrupt(WHAT, error))
}

pub(super) async fn add_version(c: &mut AnyConnection, org: Org, version: &MatrixVersion) -> Result<()> {
    let written = &version.written;
    let row = [
        Cell::from(org.0),
        i64::from(written.version).into(),
        written.at.micros().into(),
        written.by.to_string().into(),
        body(version)?.into(),
    ];
    insert_rows(c, "segregation_matrix", ["organization", "version", "at", "by_actor", "body"], [row])
        .await?;
    Ok(())
}

/// Returns versions of the matrix, newest first.
pub(super) async fn versions(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<MatrixVersion>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM segregation_matrix WHERE organization = $1 ORDER BY version DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(read).collect()
}

pub(super) async fn next_exception(c: &mut AnyConnection, org: Org) -> Result<ExceptionKey> {
    Ok(ExceptionKey(stored::next_key(c, org, "segregation_exception").await?))
}

pub(super) async fn add_exception(
    c: &mut AnyConnection,
    org: Org,
    exception: &ConflictException,
    version: i64,
    (by, at): (ActorId, Timestamp),
    salt: Salt,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        exception.key.0.into(),
        version.into(),
        at.micros().into(),
        by.to_string().into(),
        body(exception)?.into(),
        salt.0.into(),
    ];
    let columns = ["organization", "key", "version", "at", "by_actor", "body", "salt"];
    insert_rows(c, "segregation_exception", columns, [row]).await?;
    Ok(())
}

/// Returns exceptions as they are now, newest first.
/// Returns every version of an exception, oldest first.
pub(super) async fn exception_versions(
    c: &mut AnyConnection,
    org: Org,
    key: ExceptionKey,
) -> Result<Vec<ExceptionVersion>> {
    let rows: Vec<(i64, i64, String, String)> = sqlx::query_as(
        "SELECT version, at, by_actor, body FROM segregation_exception WHERE organization = $1 AND key = $2 \
         ORDER BY version",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(number, at, by, body)| {
            let (since, by) = (Timestamp::from_micros(at), stored::parse(&by, WHAT)?);
            Ok(ExceptionVersion { number, since, by, record: read((body,))? })
        })
        .collect()
}

pub(super) async fn exceptions(
    c: &mut AnyConnection,
    org: Org,
    limit: u32,
) -> Result<Vec<ConflictException>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT held.body FROM segregation_exception AS held WHERE held.organization = $1 AND held.version = \
         (SELECT MAX(other.version) FROM segregation_exception AS other WHERE other.organization = held.organization \
         AND other.key = held.key) ORDER BY held.key DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(read).collect()
}

/// Returns exceptions about which nobody decided, oldest first: the first version is what was asked for, and each decision
/// makes another one.
pub(super) async fn undecided(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<ConflictException>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT asked.body FROM segregation_exception AS asked WHERE asked.organization = $1 AND asked.version = 1 \
         AND NOT EXISTS (SELECT 1 FROM segregation_exception AS decided WHERE decided.organization = asked.organization \
         AND decided.key = asked.key AND decided.version = 2) ORDER BY asked.key LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(read).collect()
}

/// Returns every version of an exception, oldest first.
pub(super) async fn exception(
    c: &mut AnyConnection,
    org: Org,
    key: ExceptionKey,
) -> Result<Vec<ConflictException>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM segregation_exception WHERE organization = $1 AND key = $2 ORDER BY version",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(read).collect()
}
