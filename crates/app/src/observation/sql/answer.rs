//! What checks answered: `answer`, `answer_since`, and until when answers hold that depend on time: `reevaluation`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AnyConnection;
use tickmark_core::id::{CheckKey, TargetKey};
use tickmark_core::observation::Outcome;
use tickmark_core::{Digest, Timestamp};
use tickmark_store::{Cell, insert_rows};

use super::{KEYS_PER_STATEMENT, Memory, Org, PAIRS_PER_STATEMENT, list, moment, next_key, pairs};
use crate::{Error, Result};

/// What a check answered about a target in this run.
pub(in crate::observation) struct Answer {
    pub(in crate::observation) check: CheckKey,
    pub(in crate::observation) target: TargetKey,
    /// Whether the check version said the same verdict of the target before; none if it said nothing.
    pub(in crate::observation) before: Option<bool>,
    pub(in crate::observation) outcome: Outcome,
}

/// Writes the answers that are not those of before.
pub(in crate::observation) async fn add_answers(
    c: &mut AnyConnection,
    org: Org,
    answers: &[Answer],
    memory: &mut Memory,
    at: Timestamp,
) -> Result<()> {
    let mut bodies = Vec::with_capacity(answers.len());
    for answer in answers {
        // Until when it holds stands in `reevaluation`; here it would make every look at the clock another answer.
        let lasting = Outcome { valid_until: None, ..answer.outcome.clone() };
        let body = serde_json::to_string(&lasting).expect("an outcome has string keys only");
        bodies.push((answer, hash_of(&body), body));
    }
    let unremembered: Vec<&Answer> = answers
        .iter()
        .filter(|answer| answer.before == Some(true) && memory.answer(answer.check, answer.target).is_none())
        .collect();
    let held = held_answers(c, org, &unremembered).await?;
    // Another verdict is another answer. Texts of one verdict are the same if their hashes are, 63 bits of SHA-256.
    let holds = |memory: &Memory, answer: &Answer, hash: i64| {
        let known = memory.answer(answer.check, answer.target);
        let known = known.or_else(|| held.get(&(answer.check.0, answer.target.0)).copied());
        answer.before == Some(true) && known == Some(hash)
    };
    let mut new: Vec<(&Answer, i64, String)> = Vec::new();
    for (answer, hash, body) in bodies {
        if !holds(memory, answer, hash) {
            new.push((answer, hash, body));
        }
        memory.set_answer(answer.check, answer.target, hash);
    }
    if new.is_empty() {
        return Ok(());
    }
    let wanted: BTreeSet<(i64, i64)> = new.iter().map(|(answer, hash, _)| (answer.check.0, *hash)).collect();
    let mut keys: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for chunk in wanted.into_iter().collect::<Vec<_>>().chunks(PAIRS_PER_STATEMENT) {
        let text = format!(
            "WITH wanted (check_version, hash) AS (VALUES {}) SELECT answer.check_version, answer.body, answer.key \
             FROM wanted CROSS JOIN answer WHERE answer.organization = $1 \
             AND answer.check_version = wanted.check_version AND answer.hash = wanted.hash",
            pairs(chunk)
        );
        let rows: Vec<(i64, String, i64)> =
            sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        keys.extend(rows.into_iter().map(|(check, body, key)| ((check, body), key)));
    }
    let mut next = next_key(c, org, "answer").await?;
    let (mut texts, mut since) = (Vec::new(), Vec::with_capacity(new.len()));
    for (answer, hash, body) in new {
        let check = answer.check.0;
        let key = *keys.entry((check, body)).or_insert_with_key(|(_, body)| {
            texts.push([Cell::from(org.0), next.into(), check.into(), hash.into(), body.as_str().into()]);
            next += 1;
            next - 1
        });
        since.push([Cell::from(org.0), check.into(), answer.target.0.into(), at.micros().into(), key.into()]);
    }
    insert_rows(c, "answer", ["organization", "key", "check_version", "hash", "body"], texts).await?;
    let columns = ["organization", "check_version", "target", "since", "answer"];
    insert_rows(c, "answer_since", columns, since).await?;
    Ok(())
}

fn hash_of(body: &str) -> i64 {
    let digest = Digest::of(body.as_bytes()).0;
    i64::from_be_bytes(std::array::from_fn(|i| digest[i])) & i64::MAX
}

/// Returns the hash of the answer that held until now, for those pairs that had one. `CROSS JOIN` keeps SQLite from
/// walking all answers in search of the wanted ones.
async fn held_answers(
    c: &mut AnyConnection,
    org: Org,
    answers: &[&Answer],
) -> Result<BTreeMap<(i64, i64), i64>> {
    let known: Vec<(i64, i64)> = answers.iter().map(|answer| (answer.check.0, answer.target.0)).collect();
    let mut held = BTreeMap::new();
    for chunk in known.chunks(PAIRS_PER_STATEMENT) {
        let text = format!(
            "WITH wanted (check_version, target) AS (VALUES {}) SELECT wanted.check_version, wanted.target, \
             (SELECT answer.hash FROM answer_since CROSS JOIN answer WHERE answer_since.organization = $1 \
               AND answer_since.check_version = wanted.check_version AND answer_since.target = wanted.target \
               AND answer.organization = $1 AND answer.key = answer_since.answer \
               ORDER BY answer_since.since DESC LIMIT 1) FROM wanted",
            pairs(chunk)
        );
        let rows: Vec<(i64, i64, Option<i64>)> =
            sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).fetch_all(&mut *c).await?;
        held.extend(rows.into_iter().filter_map(|(check, target, hash)| Some(((check, target), hash?))));
    }
    Ok(held)
}

/// Returns the newest answers of the check versions in force, and their texts.
pub(in crate::observation) async fn answers_now(
    c: &mut AnyConnection,
    org: Org,
) -> Result<(BTreeMap<(CheckKey, TargetKey), i64>, BTreeMap<i64, Outcome>)> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT answer_since.check_version, answer_since.target, answer_since.answer FROM check_version \
         JOIN answer_since ON answer_since.organization = check_version.organization \
           AND answer_since.check_version = check_version.key \
         WHERE check_version.organization = $1 AND check_version.superseded_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM answer_since AS newer WHERE newer.organization = answer_since.organization \
           AND newer.check_version = answer_since.check_version AND newer.target = answer_since.target \
           AND newer.since > answer_since.since)",
    )
    .bind(org.0)
    .fetch_all(&mut *c)
    .await?;
    let held: BTreeMap<_, _> = rows
        .into_iter()
        .map(|(check, target, answer)| ((CheckKey(check), TargetKey(target)), answer))
        .collect();
    let wanted: BTreeSet<i64> = held.values().copied().collect();
    let texts: Vec<(i64, String)> = sqlx::query_as(
        "SELECT answer.key, answer.body FROM check_version JOIN answer ON answer.organization = check_version.organization \
         AND answer.check_version = check_version.key \
         WHERE check_version.organization = $1 AND check_version.superseded_at IS NULL",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    let outcomes = texts
        .into_iter()
        .filter(|(key, _)| wanted.contains(key))
        .map(|(key, body)| {
            Ok((key, serde_json::from_str(&body).map_err(|error| Error::corrupt("answer", error))?))
        })
        .collect::<Result<_>>()?;
    Ok((held, outcomes))
}

pub(in crate::observation) async fn due(
    c: &mut AnyConnection,
    org: Org,
    now: Timestamp,
) -> Result<BTreeSet<(CheckKey, TargetKey)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT check_version, target FROM reevaluation WHERE organization = $1 AND due_at <= $2",
    )
    .bind(org.0)
    .bind(now.micros())
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(check, target)| (CheckKey(check), TargetKey(target))).collect())
}

/// Returns until when answers hold that depend on time.
pub(in crate::observation) async fn all_due(
    c: &mut AnyConnection,
    org: Org,
) -> Result<BTreeMap<(CheckKey, TargetKey), Timestamp>> {
    let rows: Vec<(i64, i64, i64)> =
        sqlx::query_as("SELECT check_version, target, due_at FROM reevaluation WHERE organization = $1")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(check, target, at)| ((CheckKey(check), TargetKey(target)), moment(at)))
        .collect())
}

/// Notes until when newly computed verdicts hold; none takes an older note away.
pub(in crate::observation) async fn set_due(
    c: &mut AnyConnection,
    org: Org,
    notes: &[(CheckKey, TargetKey, Option<Timestamp>)],
) -> Result<()> {
    for of_check in notes.chunk_by(|a, b| a.0 == b.0) {
        for chunk in of_check.chunks(KEYS_PER_STATEMENT) {
            let text = format!(
                "DELETE FROM reevaluation WHERE organization = $1 AND check_version = $2 AND target IN {}",
                list(3, chunk.len())
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(chunk[0].0.0);
            for (_, target, _) in chunk {
                query = query.bind(target.0);
            }
            query.execute(&mut *c).await?;
        }
    }
    let rows = notes.iter().filter_map(|&(check, target, due)| {
        Some([Cell::from(org.0), check.0.into(), target.0.into(), due?.micros().into()])
    });
    insert_rows(c, "reevaluation", ["organization", "check_version", "target", "due_at"], rows).await?;
    Ok(())
}
