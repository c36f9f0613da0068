//! One moment of the past: which runs there were, and why a check said what it said.

use std::collections::BTreeMap;

use tickmark_core::id::{RunKey, TargetKey};
use tickmark_core::{Span, Timestamp};
use tickmark_evaluate::Library;

use super::{CheckVersion, Replay, Run, replay, sql};
use crate::Result;
use crate::context::View;

/// Runs in one answer.
const MAX_RUNS: i64 = 500;
/// A run that began earlier than this before a span is not looked for in it, in microseconds: a day.
const LONGEST_RUN_US: i64 = tickmark_core::time::DAY_US;

/// Returns the runs whose moment lies in a span (an open end being now), newest first, at most 500. The moment
/// of a run is that of its observations; of one without a result, when it began.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for all functions here.
pub async fn runs_between(view: &mut View<'_>, span: Span) -> Result<Vec<Run>> {
    let first = begun_since(view, span.from.plus_micros(-LONGEST_RUN_US)).await?;
    let end = match span.to {
        Some(to) => Some(begun_since(view, to).await?),
        None => None,
    };
    let organization = view.organization();
    let mut found = sql::runs_between(
        view.connection(),
        organization,
        first..end.unwrap_or(RunKey(i64::MAX)),
        span,
        MAX_RUNS,
    )
    .await?;
    found.reverse();
    Ok(found)
}

/// Returns the key of the first run that began at a moment or later, or the next one if none did. Keys ascend with time
/// and have no holes, so it is found by halving.
async fn begun_since(view: &mut View<'_>, moment: Timestamp) -> Result<RunKey> {
    let organization = view.organization();
    let newest = sql::runs(view.connection(), organization, 1).await?.pop().map_or(0, |run| run.key.0);
    let (mut low, mut high) = (1, newest + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let run = sql::find_run(view.connection(), organization, RunKey(middle)).await?;
        if run.is_none_or(|run| run.started_at < moment) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(RunKey(low))
}

/// Computes the verdict of a check at a target at a moment again, with the check as history keeps it: observed and
/// expected values and the message are a function of facts, check version and moment, and are not stored for the past.
///
/// # Errors
/// `NotFound` if nothing was recorded for that moment; `Damaged` if the facts are not what they were.
pub async fn answer_at(
    view: &mut View<'_>,
    check_id: &str,
    target: TargetKey,
    at: Timestamp,
) -> Result<Replay> {
    replay::replay(view, &Library::default(), check_id, target, at).await
}

/// Returns the versions of checks that are in force, by id, without what they say.
///
/// # Errors
/// As [`runs_between`].
pub async fn checks_in_force(view: &mut View<'_>) -> Result<BTreeMap<String, CheckVersion>> {
    let organization = view.organization();
    let checks = sql::current_checks(view.connection(), organization).await?;
    Ok(checks.into_iter().map(|check| (check.definition.id.clone(), check)).collect())
}
