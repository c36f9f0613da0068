//! One moment of the past: which runs there were, and why a check said what it said.

use std::collections::BTreeMap;

use tickmark_core::id::{RunKey, TargetKey};
use tickmark_core::{Span, Timestamp};
use tickmark_evaluate::Library;

use super::{CheckVersion, Replay, Run, RunState, replay, sql};
use crate::Result;
use crate::context::View;

/// Runs in one answer.
const MAX_RUNS: usize = 500;
/// A run that began earlier than this before a span is not looked for in it, in microseconds: a day.
const LONGEST_RUN_US: i64 = tickmark_core::time::DAY_US;

/// Returns the runs whose moment lies in a span (an open end being now), newest first, at most 500. The moment
/// of a run is that of its observations; of one without a result, when it began.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for all functions here.
pub async fn runs_between(view: &mut View<'_>, span: Span) -> Result<Vec<Run>> {
    let organization = view.organization();
    let Some(newest) = sql::runs(view.connection(), organization, 1).await?.pop() else {
        return Ok(Vec::new());
    };
    let earliest = span.from.plus_micros(-LONGEST_RUN_US);
    // Keys ascend with time and have no holes, so the first run is found by halving.
    let (mut low, mut high) = (1, newest.key.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let run = sql::find_run(view.connection(), organization, RunKey(middle)).await?;
        if run.is_none_or(|run| run.started_at < earliest) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let mut found = Vec::new();
    for key in low..=newest.key.0 {
        let Some(run) = sql::find_run(view.connection(), organization, RunKey(key)).await? else { continue };
        if span.to.is_some_and(|to| to <= run.started_at) || found.len() == MAX_RUNS {
            break;
        }
        // A run without a result ends when somebody notices.
        let ended = run.finished_at.filter(|_| run.state != RunState::Missed);
        let moment = ended.unwrap_or(run.started_at);
        if span.from <= moment && span.to.is_none_or(|to| moment < to) {
            found.push(run);
        }
    }
    found.reverse();
    Ok(found)
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
