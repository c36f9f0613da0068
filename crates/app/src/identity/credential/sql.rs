//! The tables `password`, `authenticator`, `recovery_code`, `sign_in_failure`, `known_network`.

use sqlx::AnyConnection;
use tickmark_core::id::PersonId;
use tickmark_core::identity::throttle::{ACCOUNT_IN_A_ROW, FORGET_ACCOUNT_US, FORGET_US, Failures};
use tickmark_core::{Digest, Timestamp};

use crate::{Result, stored};

/// Stands for all networks that an account knows, where its failures from them are counted together.
pub(super) const KNOWN: &str = "known";

pub(super) struct PasswordRow {
    pub(super) hash: String,
    pub(super) pepper: String,
}

pub(super) struct AuthenticatorRow {
    pub(super) sealed: Vec<u8>,
    pub(super) sealed_by: String,
    pub(super) last_step: i64,
}

/// Tells whether anybody has something that the installation's secret is needed for.
pub(super) async fn anybody(c: &mut AnyConnection) -> Result<bool> {
    let (count,): (i64,) =
        sqlx::query_as("SELECT (SELECT count(*) FROM password) + (SELECT count(*) FROM authenticator)")
            .fetch_one(c)
            .await?;
    Ok(count > 0)
}

pub(super) async fn set_password(
    c: &mut AnyConnection,
    person: PersonId,
    hash: &str,
    pepper: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO password (person, hash, pepper, set_at) VALUES ($1, $2, $3, $4) ON CONFLICT (person) \
         DO UPDATE SET hash = excluded.hash, pepper = excluded.pepper, set_at = excluded.set_at",
    )
    .bind(person.to_string())
    .bind(hash)
    .bind(pepper)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn password(c: &mut AnyConnection, person: PersonId) -> Result<Option<PasswordRow>> {
    let row: Option<(String, String)> = sqlx::query_as("SELECT hash, pepper FROM password WHERE person = $1")
        .bind(person.to_string())
        .fetch_optional(c)
        .await?;
    Ok(row.map(|(hash, pepper)| PasswordRow { hash, pepper }))
}

pub(super) async fn set_authenticator(
    c: &mut AnyConnection,
    person: PersonId,
    sealed: &[u8],
    sealed_by: &str,
    step: i64,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO authenticator (person, sealed, sealed_by, last_step, enrolled_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (person) DO UPDATE SET sealed = excluded.sealed, sealed_by = excluded.sealed_by, \
         last_step = excluded.last_step, enrolled_at = excluded.enrolled_at",
    )
    .bind(person.to_string())
    .bind(sealed.to_vec())
    .bind(sealed_by)
    .bind(step)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn authenticator(
    c: &mut AnyConnection,
    person: PersonId,
) -> Result<Option<AuthenticatorRow>> {
    let row: Option<(Vec<u8>, String, i64)> =
        sqlx::query_as("SELECT sealed, sealed_by, last_step FROM authenticator WHERE person = $1")
            .bind(person.to_string())
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(sealed, sealed_by, last_step)| AuthenticatorRow { sealed, sealed_by, last_step }))
}

/// Moves the last step on; tells whether it was an earlier one. Of several that try, one does.
pub(super) async fn use_step(c: &mut AnyConnection, person: PersonId, step: i64) -> Result<bool> {
    let done = sqlx::query("UPDATE authenticator SET last_step = $1 WHERE person = $2 AND last_step < $1")
        .bind(step)
        .bind(person.to_string())
        .execute(c)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn insert_code(
    c: &mut AnyConnection,
    person: PersonId,
    (digest, keyed_by): (Digest, &str),
    now: Timestamp,
) -> Result<()> {
    sqlx::query("INSERT INTO recovery_code (person, digest, made_at, keyed_by) VALUES ($1, $2, $3, $4)")
        .bind(person.to_string())
        .bind(digest.0.to_vec())
        .bind(now.micros())
        .bind(keyed_by)
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn delete_codes(c: &mut AnyConnection, person: PersonId) -> Result<()> {
    sqlx::query("DELETE FROM recovery_code WHERE person = $1").bind(person.to_string()).execute(c).await?;
    Ok(())
}

pub(super) async fn unused_codes(c: &mut AnyConnection, person: PersonId) -> Result<Vec<Digest>> {
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
        "SELECT digest FROM recovery_code WHERE person = $1 AND used_at IS NULL ORDER BY digest LIMIT 100",
    )
    .bind(person.to_string())
    .fetch_all(c)
    .await?;
    rows.iter().map(|(digest,)| stored::digest(digest, "the table of recovery codes")).collect()
}

pub(super) async fn codes_left(c: &mut AnyConnection, person: PersonId) -> Result<u32> {
    Ok(u32::try_from(unused_codes(c, person).await?.len()).unwrap_or(u32::MAX))
}

/// Marks a code as used; tells whether it was not before.
pub(super) async fn use_code(
    c: &mut AnyConnection,
    person: PersonId,
    digest: Digest,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE recovery_code SET used_at = $1 WHERE person = $2 AND digest = $3 AND used_at IS NULL",
    )
    .bind(now.micros())
    .bind(person.to_string())
    .bind(digest.0.to_vec())
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_authenticator(c: &mut AnyConnection, person: PersonId) -> Result<()> {
    sqlx::query("DELETE FROM authenticator WHERE person = $1").bind(person.to_string()).execute(c).await?;
    Ok(())
}

pub(super) async fn reset(c: &mut AnyConnection, person: PersonId) -> Result<()> {
    delete_codes(c, person).await?;
    for statement in ["DELETE FROM password WHERE person = $1", "DELETE FROM authenticator WHERE person = $1"]
    {
        sqlx::query(statement).bind(person.to_string()).execute(&mut *c).await?;
    }
    Ok(())
}

pub(super) async fn failures(c: &mut AnyConnection, account: &str, network: &str) -> Result<Failures> {
    let row: Option<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT failures, in_window, window_from, last_at FROM sign_in_failure WHERE account = $1 AND network = $2",
    )
    .bind(account)
    .bind(network)
    .fetch_optional(c)
    .await?;
    Ok(row.map_or_else(Failures::default, |(count, in_window, from, last)| Failures {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        in_window: u32::try_from(in_window).unwrap_or(u32::MAX),
        window_from: Some(Timestamp::from_micros(from)),
        last: Some(Timestamp::from_micros(last)),
    }))
}

pub(super) async fn set_failures(
    c: &mut AnyConnection,
    account: &str,
    network: &str,
    failures: &Failures,
) -> Result<()> {
    let micros = |at: Option<Timestamp>| at.map_or(0, Timestamp::micros);
    sqlx::query(
        "INSERT INTO sign_in_failure (account, network, failures, in_window, window_from, last_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, network) DO UPDATE SET \
         failures = excluded.failures, in_window = excluded.in_window, window_from = excluded.window_from, \
         last_at = excluded.last_at",
    )
    .bind(account)
    .bind(network)
    .bind(i64::from(failures.count))
    .bind(i64::from(failures.in_window))
    .bind(micros(failures.window_from))
    .bind(micros(failures.last))
    .execute(c)
    .await?;
    Ok(())
}

/// Forgets the failures of an account, all told and from this network. Those of the network stay, but for this attempt,
/// which was none: whoever owns one account must not be able to guess at others without end.
pub(super) async fn clear_failures(c: &mut AnyConnection, account: &str, network: &str) -> Result<()> {
    sqlx::query("DELETE FROM sign_in_failure WHERE account = $1 AND network IN ($2, '', $3)")
        .bind(account)
        .bind(network)
        .bind(KNOWN)
        .execute(&mut *c)
        .await?;
    sqlx::query(
        "UPDATE sign_in_failure SET failures = failures - 1 WHERE account = '' AND network = $1 AND failures > 0",
    )
    .bind(network)
    .execute(c)
    .await?;
    Ok(())
}

/// Forgets every failure of an account, wherever it came from: after a reset nobody waits for what was guessed before.
pub(super) async fn forget_account(c: &mut AnyConnection, account: &str) -> Result<()> {
    sqlx::query("DELETE FROM sign_in_failure WHERE account = $1").bind(account).execute(c).await?;
    Ok(())
}

/// Forgets what is old, but not that an account was failed at too often in a row, nor what a network that the account knows
/// failed at: that is counted until somebody gets in.
pub(super) async fn forget_failures(c: &mut AnyConnection, now: Timestamp) -> Result<()> {
    sqlx::query(
        "DELETE FROM sign_in_failure WHERE last_at < $1 AND network <> $4 \
         AND (network <> '' OR (last_at < $2 AND failures < $3))",
    )
    .bind(now.plus_micros(-FORGET_US).micros())
    .bind(now.plus_micros(-FORGET_ACCOUNT_US).micros())
    .bind(i64::from(ACCOUNT_IN_A_ROW))
    .bind(KNOWN)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn is_known_network(c: &mut AnyConnection, account: &str, network: &str) -> Result<bool> {
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT last_at FROM known_network WHERE account = $1 AND network = $2")
            .bind(account)
            .bind(network)
            .fetch_optional(c)
            .await?;
    Ok(row.is_some())
}

pub(super) async fn remember_network(
    c: &mut AnyConnection,
    account: &str,
    network: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO known_network (account, network, last_at) VALUES ($1, $2, $3) \
         ON CONFLICT (account, network) DO UPDATE SET last_at = excluded.last_at",
    )
    .bind(account)
    .bind(network)
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Most rows that are moved in one transaction.
const MOVED_AT_ONCE: i64 = 500;

/// Says of codes whose key nobody noted that it was this one: there was no other.
pub(super) async fn note_key_of_codes(c: &mut AnyConnection, key: &str) -> Result<()> {
    sqlx::query("UPDATE recovery_code SET keyed_by = $1 WHERE keyed_by = ''").bind(key).execute(c).await?;
    Ok(())
}

/// Returns seeds that another key than this one seals.
pub(super) async fn seeds_of_others(
    c: &mut AnyConnection,
    key: &str,
) -> Result<Vec<(PersonId, Vec<u8>, String)>> {
    let rows: Vec<(String, Vec<u8>, String)> = sqlx::query_as(
        "SELECT person, sealed, sealed_by FROM authenticator WHERE sealed_by <> $1 ORDER BY person LIMIT $2",
    )
    .bind(key)
    .bind(MOVED_AT_ONCE)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(person, sealed, by)| Ok((stored::parse(&person, "the table of authenticators")?, sealed, by)))
        .collect()
}

pub(super) async fn reseal_seed(
    c: &mut AnyConnection,
    person: PersonId,
    sealed: &[u8],
    sealed_by: &str,
) -> Result<()> {
    sqlx::query("UPDATE authenticator SET sealed = $1, sealed_by = $2 WHERE person = $3")
        .bind(sealed.to_vec())
        .bind(sealed_by)
        .bind(person.to_string())
        .execute(c)
        .await?;
    Ok(())
}

/// Counts what a person alone can move from a key: passwords and unused recovery codes, as how many people have some.
pub(super) async fn held_by(c: &mut AnyConnection, key: &str) -> Result<(i64, i64)> {
    Ok(sqlx::query_as(
        "SELECT (SELECT count(*) FROM password WHERE pepper = $1), \
         (SELECT count(DISTINCT person) FROM recovery_code WHERE keyed_by = $1 AND used_at IS NULL)",
    )
    .bind(key)
    .fetch_one(c)
    .await?)
}

/// Counts an account under another name from now on: networks that it knows, and failures. What was counted under both names
/// meanwhile is counted together.
pub(super) async fn rename_account(c: &mut AnyConnection, before: &str, now: &str) -> Result<()> {
    let networks: Vec<(String, i64)> =
        sqlx::query_as("SELECT network, last_at FROM known_network WHERE account = $1")
            .bind(before)
            .fetch_all(&mut *c)
            .await?;
    for (network, last_at) in networks {
        if !is_known_network(c, now, &network).await? {
            remember_network(c, now, &network, Timestamp::from_micros(last_at)).await?;
        }
    }
    let counted: Vec<(String,)> = sqlx::query_as("SELECT network FROM sign_in_failure WHERE account = $1")
        .bind(before)
        .fetch_all(&mut *c)
        .await?;
    for (network,) in counted {
        let (old, new) = (failures(c, before, &network).await?, failures(c, now, &network).await?);
        let both = Failures {
            count: old.count.saturating_add(new.count),
            in_window: old.in_window.saturating_add(new.in_window),
            window_from: old.window_from.max(new.window_from),
            last: old.last.max(new.last),
        };
        set_failures(c, now, &network, &both).await?;
    }
    for statement in
        ["DELETE FROM known_network WHERE account = $1", "DELETE FROM sign_in_failure WHERE account = $1"]
    {
        sqlx::query(statement).bind(before).execute(&mut *c).await?;
    }
    Ok(())
}
