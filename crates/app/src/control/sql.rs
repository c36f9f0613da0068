//! The tables `control`, `control_version`, `test_of_control`, `test_tolerance`, `program_start`.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::control::start::Draft;
use tickmark_core::control::{Control, ControlId, Tolerance};
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_core::{Span, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::start::Kept;
use super::tolerance::ToleranceVersion;
use super::{ControlVersion, MappedTest};
use crate::{Error, Result, stored};

pub(super) async fn controls(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Control>> {
    let rows = sqlx::query(
        "SELECT code, body FROM control_version WHERE organization = $1 AND until IS NULL ORDER BY code",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(current).collect()
}

pub(super) async fn ids(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<ControlId>> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT code FROM control WHERE organization = $1 ORDER BY code")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    let id =
        |(code,): (String,)| code.parse().map_err(|error| Error::corrupt("the table of controls", error));
    rows.into_iter().map(id).collect()
}

pub(super) async fn changed_since(
    c: &mut AnyConnection,
    org: OrganizationKey,
    since: Timestamp,
) -> Result<Vec<Control>> {
    let rows = sqlx::query(
        "SELECT code, body FROM control_version WHERE organization = $1 AND since >= $2 AND until IS NULL ORDER BY code",
    )
    .bind(org.0)
    .bind(since.micros())
    .fetch_all(c)
    .await?;
    rows.iter().map(current).collect()
}

pub(super) async fn find(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: &ControlId,
) -> Result<Option<Control>> {
    let body: Option<String> = sqlx::query_scalar(
        "SELECT body FROM control_version WHERE organization = $1 AND code = $2 AND until IS NULL",
    )
    .bind(org.0)
    .bind(id.as_str())
    .fetch_optional(c)
    .await?;
    body.map(|body| {
        serde_json::from_str(&body).map_err(|error| Error::corrupt(format!("control {id}"), error))
    })
    .transpose()
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: OrganizationKey,
    controls: &[Control],
    now: Timestamp,
) -> Result<()> {
    // Collected, since what waits for the database must not borrow by way of a closure: handlers of pages are sent between
    // threads.
    let rows: Vec<_> = controls
        .iter()
        .map(|control| [Cell::from(org.0), control.id.as_str().into(), now.micros().into()])
        .collect();
    insert_rows(&mut *c, "control", ["organization", "code", "created_at"], rows).await?;
    let rows: Vec<_> = controls
        .iter()
        .map(|control| {
            let body = serde_json::to_string(control).expect("a control has string keys only");
            [
                Cell::from(org.0),
                control.id.as_str().into(),
                now.micros().into(),
                control.state().word().into(),
                body.into(),
            ]
        })
        .collect();
    insert_rows(c, "control_version", ["organization", "code", "since", "state", "body"], rows).await?;
    Ok(())
}

pub(super) async fn tests(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<BTreeSet<(ControlId, String)>> {
    let rows =
        sqlx::query("SELECT code, check_id FROM test_of_control WHERE organization = $1 AND until IS NULL")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    rows.iter()
        .map(|row| Ok((stored::parse(&row.try_get::<String, _>(0)?, "test of control")?, row.try_get(1)?)))
        .collect()
}

/// Most controls named in one statement.
const KEYS_PER_STATEMENT: usize = 500;

/// Asks something about controls that are named, `{}` being where their names stand.
async fn about(
    c: &mut AnyConnection,
    org: OrganizationKey,
    text: &str,
    controls: &[ControlId],
) -> Result<Vec<AnyRow>> {
    let mut rows = Vec::new();
    for chunk in controls.chunks(KEYS_PER_STATEMENT) {
        let named: Vec<String> = (2..chunk.len() + 2).map(|n| format!("${n}")).collect();
        let text = text.replace("{}", &named.join(", "));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0);
        for control in chunk {
            query = query.bind(control.as_str());
        }
        rows.extend(query.fetch_all(&mut *c).await?);
    }
    Ok(rows)
}

pub(super) async fn several(
    c: &mut AnyConnection,
    org: OrganizationKey,
    controls: &[ControlId],
) -> Result<Vec<Control>> {
    let text =
        "SELECT code, body FROM control_version WHERE organization = $1 AND code IN ({}) AND until IS NULL";
    about(c, org, text, controls).await?.iter().map(current).collect()
}

pub(super) async fn tests_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    controls: &[ControlId],
) -> Result<Vec<(ControlId, String)>> {
    let text = "SELECT code, check_id FROM test_of_control WHERE organization = $1 AND code IN ({}) AND until IS NULL \
                ORDER BY code, check_id";
    let rows = about(c, org, text, controls).await?;
    rows.iter()
        .map(|row| Ok((stored::parse(&row.try_get::<String, _>(0)?, "test of control")?, row.try_get(1)?)))
        .collect()
}

fn current(row: &AnyRow) -> Result<Control> {
    let code: String = row.try_get(0)?;
    serde_json::from_str(&row.try_get::<String, _>(1)?)
        .map_err(|error| Error::corrupt(format!("control {code}"), error))
}

pub(super) async fn end_tests(
    c: &mut AnyConnection,
    org: OrganizationKey,
    tests: &[(ControlId, String)],
    now: Timestamp,
) -> Result<()> {
    // Rare and few: only when a check or a control goes.
    for (control, check) in tests {
        sqlx::query(
            "UPDATE test_of_control SET until = $4 WHERE organization = $1 AND code = $2 AND check_id = $3 AND until IS NULL",
        )
        .bind(org.0)
        .bind(control.as_str())
        .bind(check.as_str())
        .bind(now.micros())
        .execute(&mut *c)
        .await?;
    }
    Ok(())
}

pub(super) async fn add_tests(
    c: &mut AnyConnection,
    org: OrganizationKey,
    tests: &[(ControlId, String)],
    now: Timestamp,
) -> Result<()> {
    // Collected, as in `add`.
    let rows: Vec<_> = tests
        .iter()
        .map(|(control, check)| {
            [Cell::from(org.0), control.as_str().into(), check.as_str().into(), now.micros().into()]
        })
        .collect();
    insert_rows(c, "test_of_control", ["organization", "code", "check_id", "since"], rows).await?;
    Ok(())
}

pub(super) async fn change(
    c: &mut AnyConnection,
    org: OrganizationKey,
    control: &Control,
    now: Timestamp,
) -> Result<()> {
    let body = serde_json::to_string(control).expect("a control has string keys only");
    // What changes twice in one moment is one version.
    let same = sqlx::query(
        "UPDATE control_version SET state = $4, body = $5 \
         WHERE organization = $1 AND code = $2 AND since = $3 AND until IS NULL",
    )
    .bind(org.0)
    .bind(control.id.as_str())
    .bind(now.micros())
    .bind(control.state().word())
    .bind(body.as_str())
    .execute(&mut *c)
    .await?;
    if same.rows_affected() > 0 {
        return Ok(());
    }
    let ended = sqlx::query(
        "UPDATE control_version SET until = $3 WHERE organization = $1 AND code = $2 AND until IS NULL AND since < $3",
    )
    .bind(org.0)
    .bind(control.id.as_str())
    .bind(now.micros())
    .execute(&mut *c)
    .await?;
    if ended.rows_affected() != 1 {
        return Err(Error::conflict(format!(
            "control {} changed later than {now}; is the clock right",
            control.id
        )));
    }
    let row = [
        Cell::from(org.0),
        control.id.as_str().into(),
        now.micros().into(),
        control.state().word().into(),
        body.into(),
    ];
    insert_rows(c, "control_version", ["organization", "code", "since", "state", "body"], [row]).await?;
    Ok(())
}

pub(super) async fn versions(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<ControlVersion>> {
    let rows = sqlx::query(
        "SELECT code, since, until, body FROM control_version WHERE organization = $1 ORDER BY code, since",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(version).collect()
}

pub(super) async fn versions_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: &ControlId,
) -> Result<Vec<ControlVersion>> {
    let rows = sqlx::query(
        "SELECT code, since, until, body FROM control_version WHERE organization = $1 AND code = $2 ORDER BY since",
    )
    .bind(org.0)
    .bind(id.as_str())
    .fetch_all(c)
    .await?;
    rows.iter().map(version).collect()
}

pub(super) async fn versions_of_some(
    c: &mut AnyConnection,
    org: OrganizationKey,
    controls: &[ControlId],
) -> Result<Vec<ControlVersion>> {
    let text = "SELECT code, since, until, body FROM control_version WHERE organization = $1 AND code IN ({}) \
                ORDER BY code, since";
    about(c, org, text, controls).await?.iter().map(version).collect()
}

fn version(row: &AnyRow) -> Result<ControlVersion> {
    let code: String = row.try_get(0)?;
    let control = serde_json::from_str(&row.try_get::<String, _>(3)?)
        .map_err(|error| Error::corrupt(format!("control {code}"), error))?;
    Ok(ControlVersion { control, held: span(row, 1)? })
}

pub(super) async fn mapped_tests(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<MappedTest>> {
    let rows = sqlx::query(
        "SELECT code, since, until, check_id FROM test_of_control WHERE organization = $1 \
         ORDER BY code, check_id, since",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(mapped_test).collect()
}

pub(super) async fn mapped_tests_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    id: &ControlId,
) -> Result<Vec<MappedTest>> {
    let rows = sqlx::query(
        "SELECT code, since, until, check_id FROM test_of_control WHERE organization = $1 AND code = $2 \
         ORDER BY check_id, since",
    )
    .bind(org.0)
    .bind(id.as_str())
    .fetch_all(c)
    .await?;
    rows.iter().map(mapped_test).collect()
}

fn mapped_test(row: &AnyRow) -> Result<MappedTest> {
    let control = stored::parse(&row.try_get::<String, _>(0)?, "test of control")?;
    Ok(MappedTest { control, check: row.try_get(3)?, held: span(row, 1)? })
}

pub(super) async fn add_tolerance(
    c: &mut AnyConnection,
    org: OrganizationKey,
    (control, check): (&ControlId, &str),
    version: &ToleranceVersion,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        control.as_str().into(),
        check.into(),
        version.since.micros().into(),
        version.tolerance.map(|tolerance| i64::from(tolerance.hours())).into(),
        version.reason.as_str().into(),
        version.set_by.to_string().into(),
    ];
    let columns = ["organization", "code", "check_id", "since", "hours", "reason", "set_by"];
    insert_rows(c, "test_tolerance", columns, [row]).await?;
    Ok(())
}

/// Returns all tolerances by control, check and time. Their numbers are left to whoever counts them.
pub(super) async fn tolerances(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<Vec<(ControlId, String, ToleranceVersion)>> {
    const WHAT: &str = "tolerance of a test";
    let rows = sqlx::query(
        "SELECT code, check_id, since, hours, reason, set_by FROM test_tolerance WHERE organization = $1 \
         ORDER BY code, check_id, since",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            let hours: Option<i64> = row.try_get(3)?;
            let tolerance = hours.map(|hours| {
                let hours = u32::try_from(hours).map_err(|error| Error::corrupt(WHAT, error))?;
                Tolerance::of_hours(hours).map_err(|error| Error::corrupt(WHAT, error))
            });
            let version = ToleranceVersion {
                number: 0,
                since: Timestamp::from_micros(row.try_get(2)?),
                tolerance: tolerance.transpose()?,
                reason: row.try_get(4)?,
                set_by: stored::parse(&row.try_get::<String, _>(5)?, WHAT)?,
            };
            Ok((stored::parse(&row.try_get::<String, _>(0)?, WHAT)?, row.try_get(1)?, version))
        })
        .collect()
}

pub(super) async fn start(c: &mut AnyConnection, org: OrganizationKey) -> Result<Option<Kept>> {
    const WHAT: &str = "the guided start";
    let row: Option<(String, String, i64)> =
        sqlx::query_as("SELECT body, saved_by, saved_at FROM program_start WHERE organization = $1")
            .bind(org.0)
            .fetch_optional(c)
            .await?;
    row.map(|(body, by, at)| {
        Ok(Kept {
            draft: serde_json::from_str(&body).map_err(|error| Error::corrupt(WHAT, error))?,
            by: stored::parse(&by, WHAT)?,
            at: Timestamp::from_micros(at),
        })
    })
    .transpose()
}

pub(super) async fn keep_start(
    c: &mut AnyConnection,
    org: OrganizationKey,
    draft: &Draft,
    by: ActorId,
    at: Timestamp,
) -> Result<()> {
    let body = serde_json::to_string(draft).expect("a draft has string keys only");
    sqlx::query(
        "INSERT INTO program_start (organization, body, saved_by, saved_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization) DO UPDATE SET body = $2, saved_by = $3, saved_at = $4",
    )
    .bind(org.0)
    .bind(body)
    .bind(by.to_string())
    .bind(at.micros())
    .execute(c)
    .await?;
    Ok(())
}

fn span(row: &AnyRow, place: usize) -> Result<Span> {
    let to: Option<i64> = row.try_get(place + 1)?;
    Ok(Span { from: Timestamp::from_micros(row.try_get(place)?), to: to.map(Timestamp::from_micros) })
}
