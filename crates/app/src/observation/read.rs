//! What history says, now and before. A verdict whose look is too old is unknown here, whatever the interval says.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::observation::interval::{self, Interval};
use tickmark_core::observation::waiver::covering;
use tickmark_core::observation::{
    Counts, Observation, Outcome, ReasonClass, TargetRef, Verdict, Waiver, block,
};
use tickmark_core::time::HOUR_US;
use tickmark_core::{Digest, Timestamp};

use super::waiver::{self, Waived};
use super::{CheckVersion, FactsState, Run, Target, pack, sql};
use crate::context::View;
use crate::{Error, Result};

/// What a check says about a target now.
#[derive(Clone, Debug, Serialize)]
pub struct TargetVerdict {
    /// Id of the check.
    pub check_id: String,
    /// Version of the check.
    pub check: CheckKey,
    /// The target.
    pub target: TargetKey,
    /// The verdict, `unknown (stale)` if the last look is too old.
    pub verdict: Verdict,
    /// Why, for `unknown` and `not_applicable`.
    pub reason: Option<ReasonClass>,
    /// Since when it has been so.
    pub since: Timestamp,
    /// The last look.
    pub last_look: Timestamp,
    /// The run of the last look.
    pub run: RunKey,
    /// Facts it was said about, if the target was reached.
    pub facts: Option<Digest>,
    /// The whole answer.
    pub outcome: Outcome,
    /// The waiver that stands beside it, if one does. The verdict is what it is without.
    pub waiver: Option<Waived>,
}

/// A check with what it says now.
#[derive(Clone, Debug, Serialize)]
pub struct CheckNow {
    /// The version in force.
    pub version: CheckVersion,
    /// Counts over targets.
    pub counts: Counts,
    /// The last look.
    pub last_look: Option<Timestamp>,
}

/// The history of one version of a check at one target.
#[derive(Clone, Debug, Serialize)]
pub struct CheckHistory {
    /// The version.
    pub version: CheckVersion,
    /// What can be said at each moment, staleness applied; ends now or when the version was superseded.
    pub intervals: Vec<Interval>,
    /// When it was looked at.
    pub looks: Vec<Timestamp>,
    /// Waivers that stood beside it at some moment since the version came into force, oldest first.
    pub waivers: Vec<Waiver>,
}

/// A facts document with where it holds.
#[derive(Clone, Debug, Serialize)]
pub struct FactsDocument {
    /// Where it holds.
    pub state: FactsState,
    /// The document.
    pub document: serde_json::Value,
}

/// Lists the targets.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for all functions here.
pub async fn targets(view: &mut View<'_>) -> Result<Vec<Target>> {
    let organization = view.organization();
    sql::targets(view.connection(), organization).await
}

/// Finds one target.
///
/// # Errors
/// `NotFound` if there is none with that key.
pub async fn find_target(view: &mut View<'_>, key: TargetKey) -> Result<Target> {
    super::targets_of(view, &[key]).await?.pop().ok_or_else(|| Error::not_found("target", key))
}

/// Lists the newest runs, newest first.
///
/// # Errors
/// As [`targets`].
pub async fn runs(view: &mut View<'_>, limit: u32) -> Result<Vec<Run>> {
    let organization = view.organization();
    sql::runs(view.connection(), organization, i64::from(limit)).await
}

/// Finds one run.
///
/// # Errors
/// `NotFound` if there is none with that key.
pub async fn find_run(view: &mut View<'_>, key: RunKey) -> Result<Run> {
    let organization = view.organization();
    sql::find_run(view.connection(), organization, key).await?.ok_or_else(|| Error::not_found("run", key))
}

/// Lists what a run expected and saw, per check.
///
/// # Errors
/// As [`targets`].
pub async fn coverage_of_run(view: &mut View<'_>, run: RunKey) -> Result<Vec<(CheckKey, String, Counts)>> {
    let organization = view.organization();
    sql::coverage_of_run(view.connection(), organization, run).await
}

/// Returns the newest facts of a kind of target and whose they are, for a collector that carries first sights over.
///
/// # Errors
/// As [`targets`].
pub async fn newest_facts(view: &mut View<'_>, kind: &str) -> Result<Option<(TargetRef, serde_json::Value)>> {
    let known: BTreeMap<TargetKey, TargetRef> = targets(view)
        .await?
        .into_iter()
        .filter(|t| t.target.kind == kind)
        .map(|t| (t.key, t.target))
        .collect();
    let organization = view.organization();
    let current = sql::current_facts(view.connection(), organization).await?;
    let newest =
        current.values().filter(|state| known.contains_key(&state.target)).max_by_key(|state| state.run);
    let Some(state) = newest else { return Ok(None) };
    let (target, now) = (known[&state.target].clone(), view.now);
    Ok(facts_at(view, state.target, now).await?.map(|facts| (target, facts.document)))
}

/// Lists the facts states of a target, oldest first.
///
/// # Errors
/// As [`targets`].
pub async fn facts_history(view: &mut View<'_>, target: TargetKey) -> Result<Vec<FactsState>> {
    let organization = view.organization();
    sql::facts_history(view.connection(), organization, target).await
}

/// Returns the facts that held for a target at a moment.
///
/// # Errors
/// `Corrupt` if the stored document does not match its digest.
pub async fn facts_at(
    view: &mut View<'_>,
    target: TargetKey,
    at: Timestamp,
) -> Result<Option<FactsDocument>> {
    let history = facts_history(view, target).await?;
    let Some(state) = history.into_iter().rev().find(|state| state.span.from <= at) else { return Ok(None) };
    let document = pack::read(view, &state).await?;
    Ok(Some(FactsDocument { state, document }))
}

/// Returns what every check in force says about every target now.
///
/// # Errors
/// As [`targets`].
pub async fn verdicts_now(view: &mut View<'_>) -> Result<Vec<TargetVerdict>> {
    let organization = view.organization();
    let checks = sql::current_checks(view.connection(), organization).await?;
    verdicts_by(view, checks).await
}

/// Returns what some checks in force say about every target now.
///
/// # Errors
/// As [`targets`].
pub(crate) async fn verdicts_of(view: &mut View<'_>, checks: &[String]) -> Result<Vec<TargetVerdict>> {
    let organization = view.organization();
    let checks = sql::named_checks(view.connection(), organization, checks, true).await?;
    if checks.is_empty() { Ok(Vec::new()) } else { verdicts_by(view, checks).await }
}

async fn verdicts_by(view: &mut View<'_>, checks: Vec<CheckVersion>) -> Result<Vec<TargetVerdict>> {
    let (organization, now) = (view.organization(), view.now);
    let checks: BTreeMap<CheckKey, CheckVersion> =
        checks.into_iter().map(|check| (check.key, check)).collect();
    let facts = sql::current_facts(view.connection(), organization).await?;
    let (answers, outcomes) = sql::answers_now(view.connection(), organization).await?;
    let due = sql::all_due(view.connection(), organization).await?;
    let looks = sql::last_looks(view.connection(), organization).await?;
    let in_force = waiver::about_now(view).await?;
    let mut verdicts = Vec::new();
    for (check, target, interval) in sql::open_intervals(view.connection(), organization).await? {
        let (Some(version), Some(&(last_look, run))) = (checks.get(&check), looks.get(&check)) else {
            continue;
        };
        let facts = facts.get(&target).map(|state| state.digest);
        let limit = last_look.plus_micros(i64::from(version.definition.stale_after_hours) * HOUR_US);
        let answer = answers.get(&(check, target)).and_then(|key| outcomes.get(key));
        let (verdict, reason, since, outcome) = if limit <= now {
            let message = format!(
                "the last look was {last_look}, longer ago than {} hours",
                version.definition.stale_after_hours
            );
            (Verdict::Unknown, Some(ReasonClass::Stale), limit, Outcome::unknown(ReasonClass::Stale, message))
        } else {
            // A target that was not reached is unknown whatever its last facts say; what they say does not fit then.
            let outcome = answer
                .filter(|outcome| {
                    Observation::new(outcome.verdict, outcome.reason)
                        == Observation::new(interval.verdict, interval.reason)
                })
                .map_or_else(
                    || {
                        Outcome::unknown(
                            interval.reason.unwrap_or(ReasonClass::NotCollected),
                            "the target was not reached",
                        )
                    },
                    |outcome| Outcome { valid_until: due.get(&(check, target)).copied(), ..outcome.clone() },
                );
            (interval.verdict, interval.reason, interval.span.from, outcome)
        };
        let check_id = version.definition.id.clone();
        let waiver = covering(in_force.waivers.iter(), &check_id, target, now).map(Waived::from);
        verdicts.push(TargetVerdict {
            check_id,
            check,
            target,
            verdict,
            reason,
            since,
            last_look,
            run,
            facts,
            outcome,
            waiver,
        });
    }
    verdicts.sort_by(|a, b| (&a.check_id, a.target).cmp(&(&b.check_id, b.target)));
    Ok(verdicts)
}

/// Returns the checks in force with counts of what they say now.
///
/// # Errors
/// As [`targets`].
pub async fn checks_now(view: &mut View<'_>) -> Result<Vec<CheckNow>> {
    let mut counts: BTreeMap<CheckKey, (Counts, Timestamp)> = BTreeMap::new();
    for verdict in verdicts_now(view).await? {
        let entry = counts.entry(verdict.check).or_insert((Counts::default(), verdict.last_look));
        entry.0.count(verdict.verdict);
    }
    let organization = view.organization();
    let checks = sql::current_checks(view.connection(), organization).await?;
    Ok(checks
        .into_iter()
        .map(|version| {
            let found = counts.get(&version.key);
            CheckNow {
                counts: found.map(|(counts, _)| *counts).unwrap_or_default(),
                last_look: found.map(|(_, at)| *at),
                version,
            }
        })
        .collect())
}

/// Returns the versions a check has had, oldest first.
///
/// # Errors
/// As [`targets`].
pub async fn check_versions(view: &mut View<'_>, check_id: &str) -> Result<Vec<CheckVersion>> {
    let organization = view.organization();
    sql::check_versions_of(view.connection(), organization, check_id).await
}

/// Returns the checks that are in force: what a control can be tested by.
///
/// # Errors
/// As [`targets`].
pub async fn known_checks(view: &mut View<'_>) -> Result<BTreeSet<String>> {
    let organization = view.organization();
    let known = sql::check_keys(view.connection(), organization).await?;
    Ok(known.into_iter().map(|check| check.id).collect())
}

/// Returns the history of a check at a target, per version, oldest first.
///
/// # Errors
/// As [`targets`].
pub async fn check_history(
    view: &mut View<'_>,
    check_id: &str,
    target: TargetKey,
) -> Result<Vec<CheckHistory>> {
    let (organization, now) = (view.organization(), view.now);
    let mut waivers = waiver::list(view).await?;
    waivers.retain(|waiver| waiver.check == check_id && waiver.scope.covers(target));
    waivers.reverse();
    let mut histories = Vec::new();
    for version in check_versions(view, check_id).await? {
        let looks = sql::looks(view.connection(), organization, version.key).await?;
        let intervals = sql::intervals(view.connection(), organization, version.key, target).await?;
        let end = version.superseded_at.unwrap_or(now);
        let stale = i64::from(version.definition.stale_after_hours) * HOUR_US;
        let intervals = interval::with_staleness(&intervals, &looks, stale, end);
        let since = |waiver: &&Waiver| {
            let span = waiver.span();
            span.to.is_some_and(|to| version.introduced_at < to) && span.from < end
        };
        let waivers = waivers.iter().filter(since).cloned().collect();
        histories.push(CheckHistory { version, intervals, looks, waivers });
    }
    Ok(histories)
}

/// Recomputes what a run's leaf commits to from the stored blocks.
///
/// # Errors
/// `Corrupt`, naming what does not match.
pub async fn verify_run(view: &mut View<'_>, key: RunKey) -> Result<()> {
    let run = find_run(view, key).await?;
    let Some(expected) = run.blocks else { return Ok(()) };
    let organization = view.organization();
    let mut manifest = Vec::new();
    for (version, digest, bytes) in sql::blocks_of_run(view.connection(), organization, key).await? {
        if block::digest(&bytes) != digest {
            return Err(Error::corrupt(format!("run {key}"), "a block does not match its digest"));
        }
        manifest.push((version, digest));
    }
    if block::manifest_digest(&manifest) != expected {
        return Err(Error::corrupt(
            format!("run {key}"),
            "its blocks are not those that its leaf commits to",
        ));
    }
    Ok(())
}
