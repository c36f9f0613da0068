//! The tables `waiver`, `waiver_target`, `waiver_revocation`, `waiver_text`, `waiver_request`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, Row};
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey, TargetKey, WaiverKey};
use tickmark_core::observation::Waiver;
use tickmark_core::observation::waiver::{Request, Scope};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use super::Text;
use super::request::{Asked, Body, RequestState};
use crate::{Error, Result, stored};

type Org = OrganizationKey;

const WHAT: &str = "the table of waivers";
/// Most waivers named in one statement.
const KEYS_PER_STATEMENT: usize = 500;

/// Which waivers are wanted.
#[derive(Clone, Copy)]
pub(super) enum Which {
    One(WaiverKey),
    Newest(u32),
    /// At most so many before a number, the newest of them.
    Before(WaiverKey, u32),
    /// Granted before the second moment and expiring after the first.
    Over(Timestamp, Timestamp),
    /// Expiring after the first moment and not after the second.
    Ending(Timestamp, Timestamp),
}

pub(super) async fn next_key(c: &mut AnyConnection, org: Org) -> Result<WaiverKey> {
    Ok(WaiverKey(stored::next_key(c, org, "waiver").await?))
}

pub(super) async fn add(c: &mut AnyConnection, org: Org, waiver: &Waiver) -> Result<()> {
    let row = [
        Cell::from(org.0),
        waiver.id.0.into(),
        waiver.check.as_str().into(),
        (waiver.scope == Scope::All).into(),
        waiver.requested_by.to_string().into(),
        waiver.approved_by.to_string().into(),
        waiver.granted_at.micros().into(),
        waiver.expires_at.micros().into(),
    ];
    let columns = [
        "organization",
        "key",
        "check_id",
        "covers_all",
        "requested_by",
        "approved_by",
        "granted_at",
        "expires_at",
    ];
    insert_rows(c, "waiver", columns, [row]).await?;
    if let Scope::Targets(targets) = &waiver.scope {
        let rows: Vec<_> =
            targets.iter().map(|target| [Cell::from(org.0), waiver.id.0.into(), target.0.into()]).collect();
        insert_rows(c, "waiver_target", ["organization", "waiver", "target"], rows).await?;
    }
    Ok(())
}

pub(super) async fn add_text(
    c: &mut AnyConnection,
    org: Org,
    id: WaiverKey,
    event: &str,
    body: &str,
    salt: Salt,
) -> Result<()> {
    let row = [Cell::from(org.0), id.0.into(), event.into(), body.into(), salt.0.into()];
    insert_rows(c, "waiver_text", ["organization", "waiver", "event", "body", "salt"], [row]).await?;
    Ok(())
}

pub(super) async fn add_revocation(
    c: &mut AnyConnection,
    org: Org,
    id: WaiverKey,
    by: ActorId,
    at: Timestamp,
) -> Result<()> {
    let row = [Cell::from(org.0), id.0.into(), by.to_string().into(), at.micros().into()];
    insert_rows(c, "waiver_revocation", ["organization", "waiver", "revoked_by", "revoked_at"], [row])
        .await?;
    Ok(())
}

/// Returns waivers in the order of their numbers.
pub(super) async fn waivers(c: &mut AnyConnection, org: Org, which: Which) -> Result<Vec<Waiver>> {
    let (condition, a, b) = match which {
        // Numbers go up by one and none is ever taken away.
        Which::Before(key, limit) => ("waiver.key < $2 AND waiver.key >= $2 - $3", key.0, i64::from(limit)),
        Which::One(id) => ("waiver.key BETWEEN $2 AND $3", id.0, id.0),
        Which::Newest(limit) => (
            "waiver.key > $3 + (SELECT CAST(COALESCE(MAX(newest.key), 0) AS BIGINT) FROM waiver AS newest \
             WHERE newest.organization = $1) - $2",
            i64::from(limit),
            0,
        ),
        Which::Over(from, to) => {
            ("waiver.expires_at > $2 AND waiver.granted_at < $3", from.micros(), to.micros())
        }
        Which::Ending(from, to) => {
            ("waiver.expires_at > $2 AND waiver.expires_at <= $3", from.micros(), to.micros())
        }
    };
    read(c, org, condition, a, b).await
}

/// Returns these waivers in the order of their numbers.
pub(super) async fn several(c: &mut AnyConnection, org: Org, keys: &[WaiverKey]) -> Result<Vec<Waiver>> {
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let named: Vec<String> = chunk.iter().map(|key| key.0.to_string()).collect();
        let condition =
            format!("waiver.key > $2 AND waiver.key < $3 AND waiver.key IN ({})", named.join(", "));
        found.extend(read(&mut *c, org, &condition, 0, i64::MAX).await?);
    }
    Ok(found)
}

async fn read(c: &mut AnyConnection, org: Org, condition: &str, a: i64, b: i64) -> Result<Vec<Waiver>> {
    let chosen = format!("FROM waiver WHERE waiver.organization = $1 AND {condition}");
    let text = format!(
        "SELECT waiver.key, waiver.check_id, CAST(waiver.covers_all AS BIGINT), waiver.requested_by, \
         waiver.approved_by, waiver.granted_at, waiver.expires_at, waiver_revocation.revoked_at, \
         waiver_revocation.revoked_by FROM waiver LEFT JOIN waiver_revocation \
         ON waiver_revocation.organization = waiver.organization AND waiver_revocation.waiver = waiver.key \
         WHERE waiver.organization = $1 AND {condition} ORDER BY waiver.key"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(a).bind(b).fetch_all(&mut *c).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT waiver, target FROM waiver_target WHERE organization = $1 AND waiver IN (SELECT waiver.key {chosen})"
    );
    let mut targets: BTreeMap<i64, BTreeSet<TargetKey>> = BTreeMap::new();
    let pairs: Vec<(i64, i64)> =
        sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).bind(a).bind(b).fetch_all(&mut *c).await?;
    for (waiver, target) in pairs {
        targets.entry(waiver).or_default().insert(TargetKey(target));
    }
    let text = format!(
        "SELECT waiver, event, body FROM waiver_text WHERE organization = $1 AND waiver IN (SELECT waiver.key {chosen})"
    );
    let mut texts: BTreeMap<(i64, String), Text> = BTreeMap::new();
    let bodies: Vec<(i64, String, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).bind(a).bind(b).fetch_all(c).await?;
    for (waiver, event, body) in bodies {
        let text = serde_json::from_str(&body).map_err(|error| Error::corrupt(WHAT, error))?;
        texts.insert((waiver, event), text);
    }
    rows.iter()
        .map(|row| {
            let key: i64 = row.try_get(0)?;
            let granted = texts.remove(&(key, "granted".to_owned())).unwrap_or_default();
            let scope = match row.try_get::<i64, _>(2)? {
                0 => Scope::Targets(targets.remove(&key).unwrap_or_default()),
                _ => Scope::All,
            };
            Ok(Waiver {
                id: WaiverKey(key),
                check: row.try_get(1)?,
                scope,
                reason: granted.reason,
                risk: granted.risk,
                compensation: granted.compensation,
                note: granted.note,
                requested_by: stored::parse(&row.try_get::<String, _>(3)?, WHAT)?,
                approved_by: stored::parse(&row.try_get::<String, _>(4)?, WHAT)?,
                granted_at: Timestamp::from_micros(row.try_get(5)?),
                expires_at: Timestamp::from_micros(row.try_get(6)?),
                revoked_at: row.try_get::<Option<i64>, _>(7)?.map(Timestamp::from_micros),
                revoked_by: row
                    .try_get::<Option<String>, _>(8)?
                    .map(|id| stored::parse(&id, WHAT))
                    .transpose()?,
                revocation: texts.remove(&(key, "revoked".to_owned())).unwrap_or_default().reason,
            })
        })
        .collect()
}

pub(super) async fn records(c: &mut AnyConnection, org: Org) -> Result<Vec<Record>> {
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT body, salt FROM waiver_text WHERE organization = $1 ORDER BY waiver, event")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    let record =
        |(text, salt): (String, Vec<u8>)| Ok(Record { text, salt: Salt(stored::array(&salt, WHAT)?) });
    rows.into_iter().map(record).collect()
}

pub(super) async fn next_request(c: &mut AnyConnection, org: Org) -> Result<i64> {
    stored::next_key(c, org, "waiver_request").await
}

pub(super) async fn add_request(c: &mut AnyConnection, org: Org, asked: &Asked, once: &str) -> Result<()> {
    let row = [
        Cell::from(org.0),
        asked.key.into(),
        once.into(),
        asked.request.check.as_str().into(),
        body_of(asked).into(),
        asked.request.expires_at.micros().into(),
        asked.request.requested_by.to_string().into(),
        asked.at.micros().into(),
        asked.state.word().into(),
    ];
    let columns = [
        "organization",
        "key",
        "once",
        "check_id",
        "body",
        "expires_at",
        "requested_by",
        "requested_at",
        "state",
    ];
    insert_rows(c, "waiver_request", columns, [row]).await?;
    Ok(())
}

pub(super) async fn decide_request(c: &mut AnyConnection, org: Org, asked: &Asked) -> Result<()> {
    let (by, at) = match &asked.decided {
        Some((by, at, _)) => (by.to_string(), at.micros()),
        None => return Err(Error::conflict("nobody decided")),
    };
    sqlx::query(
        "UPDATE waiver_request SET body = $3, state = $4, decided_by = $5, decided_at = $6, waiver = $7 \
         WHERE organization = $1 AND key = $2 AND state = 'open'",
    )
    .bind(org.0)
    .bind(asked.key)
    .bind(body_of(asked))
    .bind(asked.state.word())
    .bind(by)
    .bind(at)
    .bind(asked.waiver.map(|waiver| waiver.0))
    .execute(c)
    .await?;
    Ok(())
}

const REQUEST_COLUMNS: &str =
    "key, check_id, body, expires_at, requested_by, requested_at, state, decided_by, decided_at, waiver";

/// Returns at most so many requests before a number, newest first.
pub(super) async fn requests_before(
    c: &mut AnyConnection,
    org: Org,
    key: i64,
    limit: u32,
) -> Result<Vec<Asked>> {
    let text = format!(
        "SELECT {REQUEST_COLUMNS} FROM waiver_request WHERE organization = $1 AND key < $2 ORDER BY key DESC LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(key)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?;
    rows.iter().map(asked).collect()
}

pub(super) async fn requests(c: &mut AnyConnection, org: Org, keys: &[i64]) -> Result<Vec<Asked>> {
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let named: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let text = format!(
            "SELECT {REQUEST_COLUMNS} FROM waiver_request WHERE organization = $1 AND key IN ({}) ORDER BY key DESC",
            named.join(", ")
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        found.extend(rows.iter().map(asked).collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

pub(super) async fn request_by_page(c: &mut AnyConnection, org: Org, once: &str) -> Result<Option<Asked>> {
    let text = format!("SELECT {REQUEST_COLUMNS} FROM waiver_request WHERE organization = $1 AND once = $2");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(once).fetch_optional(c).await?;
    row.as_ref().map(asked).transpose()
}

pub(super) async fn request_of_waiver(
    c: &mut AnyConnection,
    org: Org,
    waiver: WaiverKey,
) -> Result<Option<Asked>> {
    let text =
        format!("SELECT {REQUEST_COLUMNS} FROM waiver_request WHERE organization = $1 AND waiver = $2");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(waiver.0).fetch_optional(c).await?;
    row.as_ref().map(asked).transpose()
}

fn body_of(asked: &Asked) -> String {
    let body = Body {
        scope: asked.request.scope.clone(),
        reason: asked.request.reason.clone(),
        risk: asked.request.risk.clone(),
        compensation: asked.request.compensation.clone(),
        decision: asked.decided.as_ref().map(|(_, _, why)| why.clone()).unwrap_or_default(),
    };
    serde_json::to_string(&body).expect("a request has string keys only")
}

fn asked(row: &sqlx::any::AnyRow) -> Result<Asked> {
    const WHAT: &str = "the table of waiver requests";
    let body: Body =
        serde_json::from_str(&row.try_get::<String, _>(2)?).map_err(|error| Error::corrupt(WHAT, error))?;
    let word: String = row.try_get(6)?;
    let by: Option<String> = row.try_get(7)?;
    let at: Option<i64> = row.try_get(8)?;
    let decided = match (by, at) {
        (Some(by), Some(at)) => {
            Some((stored::parse(&by, WHAT)?, Timestamp::from_micros(at), body.decision.clone()))
        }
        _ => None,
    };
    Ok(Asked {
        key: row.try_get(0)?,
        request: Request {
            check: row.try_get(1)?,
            scope: body.scope,
            reason: body.reason,
            risk: body.risk,
            compensation: body.compensation,
            note: String::new(),
            requested_by: stored::parse(&row.try_get::<String, _>(4)?, WHAT)?,
            expires_at: Timestamp::from_micros(row.try_get(3)?),
        },
        at: Timestamp::from_micros(row.try_get(5)?),
        state: RequestState::of(&word).ok_or_else(|| Error::corrupt(WHAT, "an unknown state"))?,
        decided,
        waiver: row.try_get::<Option<i64>, _>(9)?.map(WaiverKey),
    })
}
