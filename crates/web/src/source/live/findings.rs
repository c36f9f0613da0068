//! Findings, proposed by the rules of `core` from the present answers and failing tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tickmark_app::conclusion::remediation;
use tickmark_app::{View, identity, observation};
use tickmark_core::conclusion::finding::{FailingTarget, FailingTest, Finding, FindingState, findings_from};
use tickmark_core::id::{ActorId, TargetKey};
use tickmark_core::observation::Verdict;
use tickmark_core::observation::interval::Failure;
use tickmark_core::{Span, Timestamp};

use super::Live;
use crate::conclusion::finding::{FindingRow, FindingTarget};
use crate::design::moment;
use crate::error::Refusal;

/// Findings that are listed.
const FINDING_LIMIT: usize = 20_000;

/// The last day that a waiver covers.
fn last_day(expires: Timestamp) -> String {
    moment::date(expires.plus_micros(-1))
}

/// Who corrects it by when.
fn taken_words(one: &Finding, labels: &BTreeMap<ActorId, String>) -> String {
    let owner = one.owner.and_then(|owner| labels.get(&owner)).map_or("Somebody", String::as_str);
    let due = one.due.map(|due| format!(", due {due}")).unwrap_or_default();
    let state = if one.state() == FindingState::Fixed { " says it is fixed" } else { " corrects it" };
    format!("{owner}{state}{due}")
}

impl Live {
    /// What falls short now. Findings are no records but follow from what others say, so they are kept in memory until one of
    /// these changes.
    pub(in crate::source) async fn findings(&self) -> Result<Arc<[FindingRow]>, Refusal> {
        let (mark, now) = (self.mark().await?, self.app.now());
        let live = self.clone();
        let work = async move { Ok::<Arc<[FindingRow]>, Refusal>(live.find().await?.into()) };
        self.findings.get(mark, now, work).await
    }

    async fn find(&self) -> Result<Vec<FindingRow>, Refusal> {
        let standing = self.standing().await?;
        let work = async |view: &mut View<'_>| {
            let checks = observation::checks_in_force(view).await?;
            let mut failing: Vec<String> = Vec::new();
            for verdict in standing.verdicts.iter().filter(|verdict| verdict.verdict == Verdict::Fail) {
                if failing.last() != Some(&verdict.check_id) {
                    failing.push(verdict.check_id.clone());
                }
            }
            let lasting = Span { from: view.now, to: None };
            let failures = observation::failures(view, lasting, Some(&failing)).await?;
            Ok((checks, failures, remediation::open(view).await?, identity::labels(view).await?))
        };
        let (checks, failures, taken, labels) = self.app.read(&self.actor, work).await?;
        let bounds: BTreeMap<(&str, TargetKey), Failure> =
            failures.iter().map(|known| ((known.check_id.as_str(), known.target), known.failure)).collect();
        let mut failing = Vec::new();
        for control in &standing.controls {
            for id in &control.checks {
                let of_check = || standing.verdicts_of_check(id).iter();
                let fails: Vec<FailingTarget> = of_check()
                    .filter(|verdict| verdict.verdict == Verdict::Fail)
                    .map(|verdict| FailingTarget {
                        target: standing.targets.get(&verdict.target).cloned().unwrap_or_default(),
                        subjects: verdict.outcome.subjects.clone(),
                        waived_until: verdict.waiver.as_ref().map(|waiver| last_day(waiver.expires_at)),
                    })
                    .collect();
                let Some(check) = checks.get(id).filter(|_| !fails.is_empty()) else { continue };
                let definition = &check.definition;
                failing.push(FailingTest {
                    control: control.control.id.clone(),
                    check: id.clone(),
                    title: definition.title.clone(),
                    rationale: definition.rationale.clone(),
                    remediation: definition.remediation.clone(),
                    severity: definition.severity,
                    passing: of_check().filter(|verdict| verdict.verdict == Verdict::Pass).count(),
                    failing: fails,
                });
            }
        }
        let mut found = findings_from(&standing.assessment, &failing);
        // What somebody wrote, and what somebody took on, stays until it is closed, whether rules still find it or not.
        let known: BTreeSet<String> = found.iter().map(|finding| finding.reference()).collect();
        let kept = taken.iter().filter(|(reference, _)| !known.contains(*reference));
        found.extend(kept.map(|(_, record)| record.found.clone()));
        found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(found
            .into_iter()
            .take(FINDING_LIMIT)
            .map(|finding| {
                let reference = finding.reference();
                let known_by = reference.clone();
                let taken = taken.get(&reference).map(|one| taken_words(one, &labels)).unwrap_or_default();
                let (check, origin) = (finding.check.unwrap_or_default(), finding.origin);
                let of_check = || {
                    let verdicts = standing.verdicts_of_check(&check).iter();
                    verdicts.filter(|verdict| verdict.verdict == Verdict::Fail)
                };
                let waived = of_check().find_map(|verdict| verdict.waiver.as_ref());
                FindingRow {
                    reference,
                    taken,
                    title: finding.title,
                    severity: finding.severity,
                    control: finding.control.map(|id| id.to_string()).unwrap_or_default(),
                    criteria: finding.criteria,
                    condition: finding.condition,
                    effect: finding.effect,
                    remedy: finding.recommendation,
                    targets: of_check()
                        .map(|verdict| {
                            let failure = bounds.get(&(check.as_str(), verdict.target));
                            FindingTarget {
                                key: verdict.target.0,
                                name: standing.targets.get(&verdict.target).cloned().unwrap_or_default(),
                                seen_good: failure.and_then(|failure| failure.last_seen_good),
                                seen_bad: failure.map_or(verdict.since, |failure| failure.first_seen_bad),
                            }
                        })
                        .collect(),
                    waiver: waived
                        .map(|waiver| format!("until {}; {}", last_day(waiver.expires_at), waiver.reason))
                        .unwrap_or_default(),
                    is_found: origin.is_some() || known.contains(&known_by),
                    check,
                    origin,
                }
            })
            .collect())
    }
}
