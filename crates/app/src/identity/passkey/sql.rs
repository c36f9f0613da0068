//! The tables `passkey`, `passkey_ceremony`.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use tickmark_core::id::{PasskeyId, PersonId};
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;

use super::{Attestation, Kept, NewKey, Passkey, Waiting};
use crate::{Error, Result, stored};

const WHAT: &str = "the table of passkeys";
/// Most keys in one list.
const LIST_LIMIT: i64 = 100;

pub(super) async fn insert(
    c: &mut AnyConnection,
    id: PasskeyId,
    person: PersonId,
    key: &NewKey,
    name: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO passkey (id, person, credential, body, name, counter, is_synced, added_at, attestation, model) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(id.to_string())
    .bind(person.to_string())
    .bind(key.credential.clone())
    .bind(&key.body)
    .bind(name)
    .bind(i64::from(key.counter))
    .bind(i64::from(key.is_synced))
    .bind(now.micros())
    .bind(key.attestation.word())
    .bind(key.model.map(|model| model.to_string()))
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn by_credential(c: &mut AnyConnection, credential: &[u8]) -> Result<Option<Kept>> {
    let row =
        sqlx::query("SELECT id, person, body, counter, is_synced, model FROM passkey WHERE credential = $1")
            .bind(credential.to_vec())
            .fetch_optional(c)
            .await?;
    row.map(|row| {
        Ok(Kept {
            id: stored::parse(row.try_get("id")?, WHAT)?,
            person: stored::parse(row.try_get("person")?, WHAT)?,
            body: row.try_get("body")?,
            counter: u32::try_from(row.try_get::<i64, _>("counter")?)
                .map_err(|error| Error::corrupt(WHAT, error))?,
            is_synced: is_synced(&row)?,
            model: model(&row)?,
        })
    })
    .transpose()
}

fn model(row: &AnyRow) -> Result<Option<Uuid>> {
    let model: Option<String> = row.try_get("model")?;
    model.map(|model| stored::parse(&model, WHAT)).transpose()
}

fn is_synced(row: &AnyRow) -> Result<bool> {
    Ok(row.try_get::<i64, _>("is_synced")? != 0)
}

/// What a person's authenticators call the keys.
pub(super) async fn credentials(c: &mut AnyConnection, person: PersonId) -> Result<Vec<Vec<u8>>> {
    let rows: Vec<(Vec<u8>,)> =
        sqlx::query_as("SELECT credential FROM passkey WHERE person = $1 ORDER BY added_at, id LIMIT $2")
            .bind(person.to_string())
            .bind(LIST_LIMIT)
            .fetch_all(c)
            .await?;
    Ok(rows.into_iter().map(|(credential,)| credential).collect())
}

/// Which keys a person has, oldest first.
pub(super) async fn ids(c: &mut AnyConnection, person: PersonId) -> Result<Vec<PasskeyId>> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT id FROM passkey WHERE person = $1 ORDER BY added_at, id LIMIT $2")
            .bind(person.to_string())
            .bind(LIST_LIMIT)
            .fetch_all(c)
            .await?;
    rows.into_iter().map(|(id,)| stored::parse(&id, WHAT)).collect()
}

/// Lists a person's keys, oldest first; what organizations accept is not looked at.
pub(super) async fn list(c: &mut AnyConnection, person: PersonId) -> Result<Vec<Passkey>> {
    let rows = sqlx::query(
        "SELECT id, name, is_synced, added_at, used_at, attestation, model FROM passkey WHERE person = $1 \
         ORDER BY added_at, id LIMIT $2",
    )
    .bind(person.to_string())
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    let one = |row: &AnyRow| {
        let word: String = row.try_get("attestation")?;
        let attestation = Attestation::of_word(&word)
            .ok_or_else(|| Error::corrupt(WHAT, format!("the attestation {word:?} is none")))?;
        Ok(Passkey {
            id: stored::parse(row.try_get("id")?, WHAT)?,
            name: row.try_get("name")?,
            is_synced: is_synced(row)?,
            added_at: Timestamp::from_micros(row.try_get("added_at")?),
            used_at: row.try_get::<Option<i64>, _>("used_at")?.map(Timestamp::from_micros),
            attestation,
            model: model(row)?,
            accepted_as: None,
        })
    };
    rows.iter().map(one).collect()
}

/// Notes that a key was shown; tells whether it is still there and, if it is on one device only, counted on.
pub(super) async fn use_key(
    c: &mut AnyConnection,
    id: PasskeyId,
    counter: u32,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE passkey SET counter = CASE WHEN counter < $1 THEN $1 ELSE counter END, used_at = $2 WHERE id = $3 \
         AND (is_synced = 1 OR counter < $1 OR (counter = 0 AND $1 = 0))",
    )
    .bind(i64::from(counter))
    .bind(now.micros())
    .bind(id.to_string())
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn rename(
    c: &mut AnyConnection,
    person: PersonId,
    id: PasskeyId,
    name: &str,
) -> Result<bool> {
    let done = sqlx::query("UPDATE passkey SET name = $1 WHERE id = $2 AND person = $3")
        .bind(name)
        .bind(id.to_string())
        .bind(person.to_string())
        .execute(c)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete(c: &mut AnyConnection, person: PersonId, id: PasskeyId) -> Result<bool> {
    let done = sqlx::query("DELETE FROM passkey WHERE id = $1 AND person = $2")
        .bind(id.to_string())
        .bind(person.to_string())
        .execute(c)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_of(c: &mut AnyConnection, person: PersonId) -> Result<()> {
    sqlx::query("DELETE FROM passkey WHERE person = $1").bind(person.to_string()).execute(c).await?;
    Ok(())
}

pub(super) async fn insert_ceremony(
    c: &mut AnyConnection,
    id: Uuid,
    purpose: &str,
    browser: Digest,
    network: &str,
    waiting: &Waiting,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO passkey_ceremony (id, purpose, browser, person, network, state, begun_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id.to_string())
    .bind(purpose)
    .bind(browser.0.to_vec())
    .bind(waiting.person.map(|person| person.to_string()))
    .bind(network)
    .bind(&waiting.state)
    .bind(waiting.begun_at.micros())
    .bind(waiting.expires_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Takes a question out that waits for this browser. Of several that try, one gets it.
pub(super) async fn take_ceremony(
    c: &mut AnyConnection,
    id: Uuid,
    purpose: &str,
    browser: Digest,
) -> Result<Option<Waiting>> {
    let row = sqlx::query(
        "DELETE FROM passkey_ceremony WHERE id = $1 AND purpose = $2 AND browser = $3 \
         RETURNING person, state, begun_at, expires_at",
    )
    .bind(id.to_string())
    .bind(purpose)
    .bind(browser.0.to_vec())
    .fetch_optional(c)
    .await?;
    row.map(|row| {
        let person: Option<String> = row.try_get("person")?;
        Ok(Waiting {
            person: person.map(|text| stored::parse(&text, "the table of passkey ceremonies")).transpose()?,
            state: row.try_get("state")?,
            begun_at: Timestamp::from_micros(row.try_get("begun_at")?),
            expires_at: Timestamp::from_micros(row.try_get("expires_at")?),
        })
    })
    .transpose()
}

/// Forgets what nobody can answer any more.
pub(super) async fn forget_ceremonies(c: &mut AnyConnection, now: Timestamp) -> Result<()> {
    sqlx::query("DELETE FROM passkey_ceremony WHERE expires_at <= $1").bind(now.micros()).execute(c).await?;
    Ok(())
}

/// Keeps the latest `most` questions of a network.
pub(super) async fn make_room(c: &mut AnyConnection, network: &str, most: i64) -> Result<()> {
    sqlx::query(
        "DELETE FROM passkey_ceremony WHERE network = $1 AND id NOT IN (SELECT id FROM passkey_ceremony \
         WHERE network = $1 ORDER BY begun_at DESC, id DESC LIMIT $2)",
    )
    .bind(network)
    .bind(most)
    .execute(c)
    .await?;
    Ok(())
}
