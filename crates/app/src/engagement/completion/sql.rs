//! The table `engagement_completion`.

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::completion::Completion;
use tickmark_core::id::OrganizationKey;
use tickmark_store::{Cell, insert_rows};

use super::Version;
use crate::{Error, Result};

pub(super) async fn newest(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: EngagementKey,
) -> Result<Option<Version>> {
    let row: Option<(i64, i64, String)> = sqlx::query_as(
        "SELECT number, since, body FROM engagement_completion WHERE organization = $1 AND engagement = $2 \
         ORDER BY number DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_optional(c)
    .await?;
    row.map(|(number, since, body)| version(number, since, &body)).transpose()
}

pub(super) async fn at(
    c: &mut AnyConnection,
    org: OrganizationKey,
    key: EngagementKey,
    number: i64,
) -> Result<Option<Version>> {
    let row: Option<(i64, String)> = sqlx::query_as(
        "SELECT since, body FROM engagement_completion WHERE organization = $1 AND engagement = $2 AND number = $3",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(number)
    .fetch_optional(c)
    .await?;
    row.map(|(since, body)| version(number, since, &body)).transpose()
}

fn version(number: i64, since: i64, body: &str) -> Result<Version> {
    let record = serde_json::from_str(body)
        .map_err(|error| Error::corrupt("the table of what completes engagements", error))?;
    Ok(Version { number, since: Timestamp::from_micros(since), record })
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: OrganizationKey,
    number: i64,
    since: Timestamp,
    record: &Completion,
) -> Result<()> {
    let body = serde_json::to_string(record).expect("what completes an engagement has string keys only");
    let row =
        [Cell::from(org.0), record.engagement.0.into(), number.into(), since.micros().into(), body.into()];
    let columns = ["organization", "engagement", "number", "since", "body"];
    insert_rows(c, "engagement_completion", columns, [row]).await?;
    Ok(())
}
