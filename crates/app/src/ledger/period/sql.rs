//! The tables `log_period`, `log_period_end`.

use sqlx::{AnyConnection, Row};
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;
use tickmark_store::{Cell, insert_rows};
use uuid::Uuid;

use super::Period;
use crate::{Result, stored};

pub(super) async fn add(c: &mut AnyConnection, org: OrganizationKey, period: &Period) -> Result<()> {
    let row = [
        Cell::from(org.0),
        period.key.into(),
        period.from.micros().into(),
        period.to.micros().into(),
        period.opened_at.micros().into(),
        period.opened_by.to_string().into(),
    ];
    let columns = ["organization", "key", "covers_from", "covers_to", "opened_at", "leaf"];
    insert_rows(c, "log_period", columns, [row]).await?;
    Ok(())
}

pub(super) async fn end(
    c: &mut AnyConnection,
    org: OrganizationKey,
    period: i64,
    at: Timestamp,
    leaf: Uuid,
) -> Result<()> {
    let row = [Cell::from(org.0), period.into(), at.micros().into(), leaf.to_string().into()];
    insert_rows(c, "log_period_end", ["organization", "period", "closed_at", "leaf"], [row]).await?;
    Ok(())
}

pub(super) async fn all(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Period>> {
    let rows = sqlx::query(
        "SELECT p.key, p.covers_from, p.covers_to, p.opened_at, p.leaf, e.closed_at FROM log_period p \
         LEFT JOIN log_period_end e ON e.organization = p.organization AND e.period = p.key \
         WHERE p.organization = $1 ORDER BY p.key LIMIT 1000",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Period {
                key: row.try_get(0)?,
                from: Timestamp::from_micros(row.try_get(1)?),
                to: Timestamp::from_micros(row.try_get(2)?),
                opened_at: Timestamp::from_micros(row.try_get(3)?),
                opened_by: stored::parse(&row.try_get::<String, _>(4)?, "the table of periods")?,
                closed_at: row.try_get::<Option<i64>, _>(5)?.map(Timestamp::from_micros),
            })
        })
        .collect()
}
