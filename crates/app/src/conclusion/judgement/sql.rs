//! The table `criterion_judgement`.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::conclusion::readiness::CriterionJudgement;
use tickmark_core::id::OrganizationKey;
use tickmark_store::{Cell, insert_rows};

use super::Version;
use crate::{Error, Result, stored};

type Row = (i64, i64, String, String, String);

const WHAT: &str = "the table of judgements of criteria";

fn version((number, at, by, reason, body): Row) -> Result<Version> {
    Ok(Version {
        number,
        at: Timestamp::from_micros(at),
        by: stored::parse(&by, WHAT)?,
        reason,
        judgement: judgement(&body)?,
    })
}

fn judgement(body: &str) -> Result<CriterionJudgement> {
    serde_json::from_str(body).map_err(|error| Error::corrupt(WHAT, error))
}

/// Newest first.
pub(super) async fn versions(
    c: &mut AnyConnection,
    org: OrganizationKey,
    (framework, criterion): (&str, &str),
    limit: u32,
) -> Result<Vec<Version>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, at, by_actor, reason, body FROM criterion_judgement \
         WHERE organization = $1 AND framework = $2 AND criterion = $3 ORDER BY number DESC LIMIT $4",
    )
    .bind(org.0)
    .bind(framework)
    .bind(criterion)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(version).collect()
}

pub(super) async fn newest(
    c: &mut AnyConnection,
    org: OrganizationKey,
    framework: &str,
) -> Result<BTreeMap<String, CriterionJudgement>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT held.criterion, held.body FROM criterion_judgement AS held \
         WHERE held.organization = $1 AND held.framework = $2 AND held.number = \
         (SELECT MAX(newest.number) FROM criterion_judgement AS newest \
         WHERE newest.organization = held.organization AND newest.framework = held.framework \
         AND newest.criterion = held.criterion) ORDER BY held.criterion LIMIT 10000",
    )
    .bind(org.0)
    .bind(framework)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(criterion, body)| Ok((criterion, judgement(&body)?))).collect()
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: OrganizationKey,
    (framework, criterion): (&str, &str),
    version: &Version,
) -> Result<()> {
    let body = serde_json::to_string(&version.judgement).expect("a judgement has string keys only");
    let row = [
        Cell::from(org.0),
        framework.into(),
        criterion.into(),
        version.number.into(),
        version.at.micros().into(),
        version.by.to_string().into(),
        version.reason.as_str().into(),
        body.into(),
    ];
    let columns = ["organization", "framework", "criterion", "number", "at", "by_actor", "reason", "body"];
    insert_rows(c, "criterion_judgement", columns, [row]).await?;
    Ok(())
}
