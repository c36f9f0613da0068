//! The table `document_copy`.

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::id::OrganizationKey;
use tickmark_core::report::CopyFor;
use tickmark_store::{Cell, insert_rows};

use super::Made;
use crate::{Error, Result, stored};

type Row = (i64, String, String, String, String, String, i64);

pub(super) async fn next_key(c: &mut AnyConnection, org: OrganizationKey) -> Result<i64> {
    stored::next_key(c, org, "document_copy").await
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: OrganizationKey,
    engagement: EngagementKey,
    made: &Made,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        made.copy.number.into(),
        engagement.0.into(),
        made.document.clone().into(),
        made.model.to_string().into(),
        made.copy.recipient.clone().into(),
        made.copy.company.clone().into(),
        made.by.to_string().into(),
        made.copy.made.micros().into(),
    ];
    let columns = [
        "organization",
        "key",
        "engagement",
        "document",
        "model",
        "recipient",
        "company",
        "made_by",
        "made_at",
    ];
    insert_rows(c, "document_copy", columns, [row]).await?;
    Ok(())
}

pub(super) async fn list(
    c: &mut AnyConnection,
    org: OrganizationKey,
    engagement: EngagementKey,
    limit: u32,
) -> Result<Vec<Made>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT key, document, model, recipient, company, made_by, made_at FROM document_copy \
         WHERE organization = $1 AND engagement = $2 ORDER BY key DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(engagement.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(made).collect()
}

fn made((number, document, model, recipient, company, by, at): Row) -> Result<Made> {
    let what = "the table of copies";
    Ok(Made {
        copy: CopyFor { number, recipient, company, made: Timestamp::from_micros(at) },
        document,
        model: model.parse().map_err(|error| Error::corrupt(what, error))?,
        by: by.parse().map_err(|error| Error::corrupt(what, error))?,
    })
}
