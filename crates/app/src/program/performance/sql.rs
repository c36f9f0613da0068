//! The tables `performance`, `performance_note`, `performance_evidence`, `performance_schedule`.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, AssertSqlSafe, Row};
use tickmark_core::control::ControlId;
use tickmark_core::id::{EvidenceKey, OrganizationKey, PerformanceKey};
use tickmark_core::program::performance::{Days, Performance, Schedule};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use crate::{Error, Result, stored};

/// Most controls named in one statement.
const KEYS_PER_STATEMENT: usize = 500;

pub(super) async fn next_key(c: &mut AnyConnection, org: OrganizationKey) -> Result<PerformanceKey> {
    Ok(PerformanceKey(stored::next_key(c, org, "performance").await?))
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: OrganizationKey,
    performance: &Performance,
    salt: Salt,
    commitment: Digest,
) -> Result<()> {
    let key = performance.key.0;
    let row = [
        Cell::from(org.0),
        key.into(),
        performance.control.as_str().into(),
        performance.window.as_str().into(),
        performance.performed_at.micros().into(),
        performance.performed_by.to_string().into(),
        performance.recorded_at.micros().into(),
        commitment.0.to_vec().into(),
    ];
    let columns = [
        "organization",
        "key",
        "code",
        "window_id",
        "performed_at",
        "performed_by",
        "recorded_at",
        "commitment",
    ];
    insert_rows(&mut *c, "performance", columns, [row]).await?;
    let note = [Cell::from(org.0), key.into(), performance.note.as_str().into(), salt.0.to_vec().into()];
    insert_rows(&mut *c, "performance_note", ["organization", "performance", "note", "salt"], [note]).await?;
    let row = |artifact: &EvidenceKey| [Cell::from(org.0), key.into(), artifact.0.into()];
    let rows: Vec<_> = performance.evidence.iter().map(row).collect();
    insert_rows(c, "performance_evidence", ["organization", "performance", "artifact"], rows).await?;
    Ok(())
}

pub(super) async fn salts(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<BTreeMap<PerformanceKey, Salt>> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT performance, salt FROM performance_note WHERE organization = $1")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    let salt = |(key, salt): (i64, Vec<u8>)| {
        Ok((PerformanceKey(key), Salt(stored::array(&salt, "the note of a performance")?)))
    };
    rows.into_iter().map(salt).collect()
}

/// Which performances are read.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    All,
    One(PerformanceKey),
    Of(&'a [ControlId]),
    /// Of these controls, done at a moment or later.
    OfSince(&'a [ControlId], Timestamp),
}

/// Returns performances by control, oldest first.
pub(super) async fn read(
    c: &mut AnyConnection,
    org: OrganizationKey,
    which: Which<'_>,
) -> Result<Vec<Performance>> {
    match which {
        Which::All => those(c, org, "", &[]).await,
        Which::One(key) => those(c, org, &format!("AND p.key = {}", key.0), &[]).await,
        Which::Of(controls) => of(c, org, controls, "").await,
        Which::OfSince(controls, at) => {
            of(c, org, controls, &format!(" AND p.performed_at >= {}", at.micros())).await
        }
    }
}

async fn of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    controls: &[ControlId],
    also: &str,
) -> Result<Vec<Performance>> {
    let mut found = Vec::new();
    for chunk in controls.chunks(KEYS_PER_STATEMENT) {
        let named: Vec<String> = (2..chunk.len() + 2).map(|n| format!("${n}")).collect();
        let condition = format!("AND p.code IN ({}){also}", named.join(", "));
        found.extend(those(&mut *c, org, &condition, chunk).await?);
    }
    Ok(found)
}

async fn those(
    c: &mut AnyConnection,
    org: OrganizationKey,
    condition: &str,
    controls: &[ControlId],
) -> Result<Vec<Performance>> {
    let text = format!(
        "SELECT p.key, e.artifact FROM performance p JOIN performance_evidence e ON e.organization = p.organization \
         AND e.performance = p.key WHERE p.organization = $1 {condition} ORDER BY p.key, e.artifact"
    );
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(org.0);
    for control in controls {
        query = query.bind(control.as_str());
    }
    let mut evidence: BTreeMap<i64, Vec<EvidenceKey>> = BTreeMap::new();
    for row in query.fetch_all(&mut *c).await? {
        evidence.entry(row.try_get(0)?).or_default().push(EvidenceKey(row.try_get(1)?));
    }
    let text = format!(
        "SELECT p.key, p.code, p.window_id, p.performed_at, p.performed_by, p.recorded_at, COALESCE(n.note, '') \
         FROM performance p LEFT JOIN performance_note n ON n.organization = p.organization AND n.performance = p.key \
         WHERE p.organization = $1 {condition} ORDER BY p.code, p.performed_at, p.key"
    );
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(org.0);
    for control in controls {
        query = query.bind(control.as_str());
    }
    let rows = query.fetch_all(c).await?;
    rows.iter()
        .map(|row| {
            let key: i64 = row.try_get(0)?;
            Ok(Performance {
                key: PerformanceKey(key),
                control: stored::parse(&row.try_get::<String, _>(1)?, "performance")?,
                window: row.try_get(2)?,
                performed_at: Timestamp::from_micros(row.try_get(3)?),
                performed_by: stored::parse(&row.try_get::<String, _>(4)?, "performance")?,
                recorded_at: Timestamp::from_micros(row.try_get(5)?),
                evidence: evidence.remove(&key).unwrap_or_default(),
                note: row.try_get(6)?,
            })
        })
        .collect()
}

pub(super) async fn add_schedule(
    c: &mut AnyConnection,
    org: OrganizationKey,
    control: &ControlId,
    schedule: Schedule,
    now: Timestamp,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        control.as_str().into(),
        now.micros().into(),
        schedule.frequency().word().into(),
        i64::from(schedule.grace_days()).into(),
        schedule.days().word().into(),
    ];
    let columns = ["organization", "code", "since", "frequency", "grace_days", "days"];
    insert_rows(c, "performance_schedule", columns, [row]).await?;
    Ok(())
}

pub(super) async fn schedules(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<Vec<(ControlId, Timestamp, Schedule)>> {
    let rows = sqlx::query(
        "SELECT code, since, frequency, grace_days, days FROM performance_schedule WHERE organization = $1 \
         ORDER BY code, since",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            let what = "schedule of a control";
            let days: String = row.try_get(4)?;
            let days = [Days::Weekdays, Days::All].into_iter().find(|known| known.word() == days);
            let grace =
                u32::try_from(row.try_get::<i64, _>(3)?).map_err(|error| Error::corrupt(what, error))?;
            let schedule = Schedule::new(
                stored::parse(&row.try_get::<String, _>(2)?, what)?,
                grace,
                days.ok_or_else(|| Error::corrupt(what, "unknown days"))?,
            )
            .map_err(|error| Error::corrupt(what, error))?;
            let control = stored::parse(&row.try_get::<String, _>(0)?, what)?;
            Ok((control, Timestamp::from_micros(row.try_get(1)?), schedule))
        })
        .collect()
}
