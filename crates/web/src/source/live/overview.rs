//! The overview: what needs attention, and the counts.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use tickmark_app::conclusion::Standing;
use tickmark_app::observation::{self, CheckVersion, Run, RunState, TargetVerdict};
use tickmark_app::{View, ledger};
use tickmark_core::Digest;
use tickmark_core::control::ControlState;
use tickmark_core::id::TargetKey;
use tickmark_core::observation::{Gap, ReasonClass, Verdict};

use super::Live;
use crate::conclusion::{Attention, GapCount, OverviewView, SectionCoverage};
use crate::control::{ControlRow, ControlStatus};
use crate::design::badge::VerdictCounts;
use crate::design::icon::Mark;
use crate::design::{plural, segment};
use crate::error::Refusal;

/// Entries in the list of what needs attention.
const ATTENTION_LIMIT: usize = 8;
/// Runs shown.
const LATEST_RUNS: u32 = 5;

type TargetGaps = BTreeMap<TargetKey, Arc<[Gap]>>;
type Checks = BTreeMap<String, CheckVersion>;

impl Live {
    pub(in crate::source) async fn overview(&self) -> Result<OverviewView, Refusal> {
        let (mark, now) = (self.mark().await?, self.app.now());
        let live = self.clone();
        let work = async move { live.look_over().await.map(Arc::new) };
        let view = self.overview.get(mark, now, work).await?;
        // Everything that happens is an entry.
        let head = self.app.read(&self.actor, async |view| ledger::head(view).await).await?;
        let ledger = (head.size > 0).then_some((head.size, Digest(head.root.0), head.updated_at));
        Ok(OverviewView { ledger, ..OverviewView::clone(&view) })
    }

    async fn look_over(&self) -> Result<OverviewView, Refusal> {
        let standing = self.standing().await?;
        let work = async |view: &mut View<'_>| {
            let gaps = self.gaps_now(view, &standing.verdicts).await?;
            let runs = observation::runs(view, LATEST_RUNS).await?;
            let checks = observation::checks_in_force(view).await?;
            Ok((gaps, runs, checks))
        };
        let (gaps, runs, checks) = self.app.read(&self.actor, work).await?;
        let rows: Vec<ControlRow> = standing
            .controls
            .iter()
            .filter(|control| control.control.state() != ControlState::Retired)
            .map(|control| super::readiness::control_row(&standing, control, &BTreeMap::new()))
            .collect();
        let key = || rows.iter().filter(|row| !row.key_for.is_empty());
        let mut questions = [[0; 4]; 4];
        let mut suggested = [0; 4];
        for row in &rows {
            for at in 0..4 {
                questions[at][row.answers[at] as usize] += 1;
                suggested[at] += usize::from(row.suggestions[at].is_some());
            }
        }
        let mut reasons: BTreeMap<ReasonClass, usize> = BTreeMap::new();
        for gap in gaps.values().flat_map(|gaps| gaps.iter()) {
            *reasons.entry(gap.reason).or_default() += 1;
        }
        Ok(OverviewView {
            controls: rows.len(),
            in_force: rows.iter().filter(|row| row.state == ControlState::Active).count(),
            key_controls: key().count(),
            key_ready: key().filter(|row| row.status == ControlStatus::Ready).count(),
            failing_checks: failing(&standing).len(),
            targets: standing.targets.len(),
            gaps: gaps.values().map(|gaps| gaps.len()).sum(),
            percent: standing.assessment.figure.percent(),
            questions,
            suggested,
            attention: attention(&standing, &checks, &runs, &gaps),
            criteria: self.criterion_rows(&standing),
            coverage: coverage(&standing),
            gap_reasons: reasons.into_iter().map(|(reason, count)| GapCount { reason, count }).collect(),
            runs: runs.iter().map(super::observed::run_row).collect(),
            ledger: None,
        })
    }
}

/// Failing verdicts by check.
fn failing(standing: &Standing) -> BTreeMap<&str, Vec<&TargetVerdict>> {
    let mut failing: BTreeMap<&str, Vec<&TargetVerdict>> = BTreeMap::new();
    for verdict in standing.verdicts.iter().filter(|verdict| verdict.verdict == Verdict::Fail) {
        failing.entry(&verdict.check_id).or_default().push(verdict);
    }
    failing
}

fn attention(standing: &Standing, checks: &Checks, runs: &[Run], gaps: &TargetGaps) -> Vec<Attention> {
    let mut lines = Vec::new();
    if let Some(run) = runs.first().filter(|run| matches!(run.state, RunState::Partial | RunState::Missed)) {
        lines.push(Attention {
            mark: Mark::Missed,
            word: "Missed".to_owned(),
            title: format!("Run {} did not reach everything", run.key),
            detail: "It closes nothing. See what was not reached, then take the look again.".to_owned(),
            href: format!("/runs/{}", run.key),
            since: Some(run.started_at),
        });
    }
    lines.extend(gaps.iter().filter_map(|(target, gaps)| unseen(standing, *target, gaps)));
    lines.extend(failures(standing, checks));
    lines.truncate(ATTENTION_LIMIT);
    lines
}

/// What could not be seen of one target for want of rights.
fn unseen(standing: &Standing, target: TargetKey, gaps: &[Gap]) -> Option<Attention> {
    let refused = gaps.iter().filter(|gap| gap.reason == ReasonClass::NotPermitted).count();
    if refused == 0 {
        return None;
    }
    let name = standing.targets.get(&target)?;
    let is_unknown =
        |verdict: &&TargetVerdict| verdict.target == target && verdict.verdict == Verdict::Unknown;
    let unknown = standing.verdicts.iter().filter(is_unknown).count();
    Some(Attention {
        mark: Mark::Unknown,
        word: "Unknown".to_owned(),
        title: format!("{refused} {} of {name} may not be read", plural(refused, "fact", "facts")),
        detail: format!(
            "{unknown} {} unknown, not passed. A look as root sees more.",
            plural(unknown, "check is", "checks are")
        ),
        href: format!("/targets/{target}?part=gaps"),
        since: None,
    })
}

/// One line for each failing check, most severe first, then the longest failing.
fn failures(standing: &Standing, checks: &Checks) -> Vec<Attention> {
    let mut lines = Vec::new();
    for (id, fails) in failing(standing) {
        let Some(definition) = checks.get(id).map(|check| &check.definition) else { continue };
        let Some(first) = fails.iter().min_by_key(|verdict| verdict.since) else { continue };
        let place = match fails.as_slice() {
            [one] => standing.targets.get(&one.target).cloned().unwrap_or_default(),
            several => format!("{} targets", several.len()),
        };
        let controls = definition.controls.join(", ");
        lines.push((
            definition.severity,
            Attention {
                mark: Mark::Fail,
                word: "Fail".to_owned(),
                title: capital(&first.outcome.message),
                detail: if controls.is_empty() {
                    format!("On {place}.")
                } else {
                    format!("On {place}. Tests {controls}.")
                },
                href: format!("/checks/{}", segment(&definition.id)),
                since: Some(first.since),
            },
        ));
    }
    lines.sort_by_key(|(severity, line)| (Reverse(*severity), line.since));
    lines.into_iter().map(|(_, line)| line).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn coverage(standing: &Standing) -> Vec<SectionCoverage> {
    let mut by_target: BTreeMap<TargetKey, Vec<Verdict>> = BTreeMap::new();
    for verdict in &standing.verdicts {
        by_target.entry(verdict.target).or_default().push(verdict.verdict);
    }
    standing
        .targets
        .iter()
        .map(|(key, name)| {
            let counts = VerdictCounts::of(by_target.remove(key).unwrap_or_default());
            SectionCoverage {
                label: name.clone(),
                seen: counts.total() - counts.unknown,
                unknown: counts.unknown,
                href: format!("/targets/{key}#unknown"),
            }
        })
        .collect()
}
