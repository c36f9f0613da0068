//! The table `control_test`.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::control::{ControlId, TestRecord};
use tickmark_core::id::OrganizationKey;
use tickmark_core::{Span, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::TestVersion;
use crate::{Error, Result};

const VERSION: &str = "SELECT since, until, body FROM control_test WHERE organization = $1";

/// Every test as it is now, by control and name.
pub(super) async fn current(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<TestRecord>> {
    let rows = sqlx::query(
        "SELECT since, until, body FROM control_test WHERE organization = $1 AND until IS NULL ORDER BY code, test",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(|row| version(row).map(|version| version.record)).collect()
}

/// Those about which a decision waits, by control and name.
pub(super) async fn waiting(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<TestRecord>> {
    let rows = sqlx::query(
        "SELECT since, until, body FROM control_test WHERE organization = $1 AND until IS NULL AND waits = 1 \
         ORDER BY code, test",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(|row| version(row).map(|version| version.record)).collect()
}

/// Every version of the tests of a control, by name and then oldest first.
pub(super) async fn versions_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    control: &ControlId,
) -> Result<Vec<TestVersion>> {
    let text = format!("{VERSION} AND code = $2 ORDER BY test, since");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(control.as_str()).fetch_all(c).await?;
    rows.iter().map(version).collect()
}

/// Every version of tests of this name, by control and then oldest first.
pub(super) async fn versions_named(
    c: &mut AnyConnection,
    org: OrganizationKey,
    test: &str,
) -> Result<Vec<TestVersion>> {
    let text = format!("{VERSION} AND test = $2 ORDER BY code, since");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(test).fetch_all(c).await?;
    rows.iter().map(version).collect()
}

/// Keeps a test as it is from now on.
pub(super) async fn keep(
    c: &mut AnyConnection,
    org: OrganizationKey,
    test: &TestRecord,
    now: Timestamp,
) -> Result<()> {
    let body = serde_json::to_string(test).expect("a test has string keys only");
    let waits = i64::from(test.proposed.is_some());
    // What changes twice in one moment is one version.
    let same = sqlx::query(
        "UPDATE control_test SET waits = $5, body = $6 \
         WHERE organization = $1 AND code = $2 AND test = $3 AND since = $4 AND until IS NULL",
    )
    .bind(org.0)
    .bind(test.control.as_str())
    .bind(test.id.as_str())
    .bind(now.micros())
    .bind(waits)
    .bind(body.as_str())
    .execute(&mut *c)
    .await?;
    if same.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query(
        "UPDATE control_test SET until = $4 \
         WHERE organization = $1 AND code = $2 AND test = $3 AND until IS NULL AND since < $4",
    )
    .bind(org.0)
    .bind(test.control.as_str())
    .bind(test.id.as_str())
    .bind(now.micros())
    .execute(&mut *c)
    .await?;
    let row = [
        Cell::from(org.0),
        test.control.as_str().into(),
        test.id.as_str().into(),
        now.micros().into(),
        waits.into(),
        body.into(),
    ];
    insert_rows(c, "control_test", ["organization", "code", "test", "since", "waits", "body"], [row]).await?;
    Ok(())
}

fn version(row: &AnyRow) -> Result<TestVersion> {
    let to: Option<i64> = row.try_get(1)?;
    let held = Span { from: Timestamp::from_micros(row.try_get(0)?), to: to.map(Timestamp::from_micros) };
    let record = serde_json::from_str(&row.try_get::<String, _>(2)?)
        .map_err(|error| Error::corrupt("a test of a control", error))?;
    Ok(TestVersion { record, held })
}
