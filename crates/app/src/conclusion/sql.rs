//! The tables `rating_decision`, `assessment`.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::conclusion::readiness::{Answer, Decision, Question, Rating};
use tickmark_core::control::ControlId;
use tickmark_core::id::OrganizationKey;
use tickmark_core::{Digest, Timestamp};

use super::Snapshot;
use crate::{Error, Result, stored};

/// Most controls named in one statement.
const KEYS_PER_STATEMENT: usize = 500;

pub(super) async fn decisions(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<BTreeMap<ControlId, Vec<Decision>>> {
    let rows = sqlx::query(
        "SELECT code, question, answer, decided_by, at, reason FROM rating_decision WHERE organization = $1 \
         ORDER BY code, at",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    let mut decisions: BTreeMap<ControlId, Vec<Decision>> = BTreeMap::new();
    for row in &rows {
        let control = stored::parse(&row.try_get::<String, _>(0)?, "rating decision")?;
        decisions.entry(control).or_default().push(decision(row)?);
    }
    Ok(decisions)
}

pub(super) async fn decisions_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    control: &ControlId,
) -> Result<Vec<Decision>> {
    let rows = sqlx::query(
        "SELECT code, question, answer, decided_by, at, reason FROM rating_decision \
         WHERE organization = $1 AND code = $2 ORDER BY at",
    )
    .bind(org.0)
    .bind(control.as_str())
    .fetch_all(c)
    .await?;
    rows.iter().map(decision).collect()
}

pub(super) async fn ratings_of(
    c: &mut AnyConnection,
    org: OrganizationKey,
    controls: &[ControlId],
) -> Result<BTreeMap<ControlId, Rating>> {
    let mut by_control: BTreeMap<ControlId, Vec<Decision>> = BTreeMap::new();
    for chunk in controls.chunks(KEYS_PER_STATEMENT) {
        let named: Vec<String> = (2..chunk.len() + 2).map(|n| format!("${n}")).collect();
        let text = format!(
            "SELECT code, question, answer, decided_by, at, reason FROM rating_decision \
             WHERE organization = $1 AND code IN ({}) ORDER BY code, at",
            named.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0);
        for control in chunk {
            query = query.bind(control.as_str());
        }
        for row in &query.fetch_all(&mut *c).await? {
            let control = stored::parse(&row.try_get::<String, _>(0)?, "rating decision")?;
            by_control.entry(control).or_default().push(decision(row)?);
        }
    }
    Ok(by_control.into_iter().map(|(id, decisions)| (id, Rating::of(decisions))).collect())
}

fn decision(row: &AnyRow) -> Result<Decision> {
    let word: String = row.try_get(1)?;
    let question = Question::ALL.into_iter().find(|question| question.word() == word);
    let word: String = row.try_get(2)?;
    let answer = Answer::ALL.into_iter().find(|answer| answer.word() == word);
    let (Some(question), Some(answer)) = (question, answer) else {
        return Err(Error::corrupt("rating decision", "an unknown question or answer"));
    };
    Ok(Decision {
        question,
        answer,
        by: stored::parse(&row.try_get::<String, _>(3)?, "rating decision")?,
        at: Timestamp::from_micros(row.try_get(4)?),
        reason: row.try_get(5)?,
    })
}

pub(super) async fn ratings(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<BTreeMap<ControlId, Rating>> {
    Ok(decisions(c, org).await?.into_iter().map(|(id, decisions)| (id, Rating::of(decisions))).collect())
}

pub(super) async fn add_decision(
    c: &mut AnyConnection,
    org: OrganizationKey,
    control: &ControlId,
    decision: &Decision,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO rating_decision (organization, code, question, at, answer, decided_by, reason) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(org.0)
    .bind(control.as_str())
    .bind(decision.question.word())
    .bind(decision.at.micros())
    .bind(decision.answer.word())
    .bind(decision.by.to_string())
    .bind(decision.reason.as_str())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn add_snapshot(
    c: &mut AnyConnection,
    org: OrganizationKey,
    by: &str,
    at: Timestamp,
    model: Digest,
) -> Result<i64> {
    let key = stored::next_key(c, org, "assessment").await?;
    sqlx::query(
        "INSERT INTO assessment (organization, key, taken_at, taken_by, model) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(org.0)
    .bind(key)
    .bind(at.micros())
    .bind(by)
    .bind(model.0.to_vec())
    .execute(c)
    .await?;
    Ok(key)
}

/// Tells whether the model of an assessment is this object, in any organization.
pub(super) async fn names_object(c: &mut AnyConnection, object: Digest) -> Result<bool> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM assessment WHERE model = $1")
        .bind(object.0.to_vec())
        .fetch_one(c)
        .await?;
    Ok(count > 0)
}

pub(super) async fn snapshots(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<Snapshot>> {
    let rows = sqlx::query(
        "SELECT key, taken_at, taken_by, model FROM assessment WHERE organization = $1 ORDER BY key DESC LIMIT 1000",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Snapshot {
                key: row.try_get(0)?,
                taken_at: Timestamp::from_micros(row.try_get(1)?),
                taken_by: stored::parse(&row.try_get::<String, _>(2)?, "assessment")?,
                model: stored::digest(&row.try_get::<Vec<u8>, _>(3)?, "assessment")?,
            })
        })
        .collect()
}
