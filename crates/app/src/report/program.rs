//! Reviews beside the controls: commitments, evidence, roadmap. What nobody has recorded is said to be missing.

use std::collections::BTreeSet;

use tickmark_core::Timestamp;
use tickmark_core::conclusion::readiness::{Answer, ControlStatus, CriterionStatus, Question};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::observation::Severity;
use tickmark_core::program::population::Population;
use tickmark_core::report::readiness::{
    Citation, CommitmentRow, EvidenceReadinessRow, FindingRow, Level, Roadmap, RoadmapStep,
};

use super::ground::Ground;
use crate::conclusion::{ControlStanding, Standing};
use crate::control::commitment;

/// Most rows of evidence readiness: controls whose population must be produced by its trigger.
const MAX_POPULATIONS: usize = 60;

/// Commitments in force, each as far as the controls that keep it.
pub(super) fn commitments(all: &[commitment::Version], standing: &Standing) -> Vec<CommitmentRow> {
    all.iter()
        .filter_map(|version| {
            let promise = version.record.in_force()?;
            let status = |id| standing.control(id).map(|control| control.status);
            let mut statuses = promise.controls.iter().filter_map(status);
            let level = if promise.controls.is_empty() {
                Level::Missing
            } else if statuses.clone().all(|status| status == ControlStatus::Ready) {
                Level::Ready
            } else if statuses.clone().all(|status| status == ControlStatus::NotAssessed) {
                Level::NotAssessed
            } else if statuses.all(|status| status == ControlStatus::Gap) {
                Level::Missing
            } else {
                Level::Partly
            };
            Some(CommitmentRow {
                reference: version.record.key.to_string(),
                statement: promise.statement.clone(),
                source: promise.source.clone(),
                criteria: promise.criteria.iter().cloned().collect(),
                level,
            })
        })
        .collect()
}

/// Whether the lists that controls are sampled from can be produced, shown to be complete and found again: by the populations
/// that people defined for the time looked at.
pub(super) fn evidence_readiness(
    standing: &Standing,
    populations: &[Population],
) -> Vec<EvidenceReadinessRow> {
    let in_scope = in_scope(standing);
    standing
        .controls
        .iter()
        .filter(|control| in_scope.contains(&control.control.id))
        .map(|control| {
            let of_control = |one: &&Population| {
                let definition = &one.definition;
                definition.control == control.control.id
                    && definition.from < standing.at
                    && definition.to > standing.period.from
            };
            (control, populations.iter().filter(of_control).collect::<Vec<_>>())
        })
        .filter(|(control, lists)| {
            let is_sampled =
                !control.checks.is_empty() || control.control.frequency == Frequency::PerOccurrence;
            !lists.is_empty() || (is_sampled && !control.control.population.is_empty())
        })
        .take(MAX_POPULATIONS)
        .map(|(control, lists)| match lists.as_slice() {
            [] => unlisted(control, standing),
            _ => listed(control, &lists, standing),
        })
        .collect()
}

/// A control for which nobody defined a population.
fn unlisted(control: &ControlStanding, standing: &Standing) -> EvidenceReadinessRow {
    let seen = standing.verdicts_of(control).any(|verdict| verdict.facts.is_some());
    EvidenceReadinessRow {
        subject: control.control.population.clone(),
        controls: vec![control.control.id.to_string()],
        population: if seen { Level::Partly } else { Level::NotAssessed },
        ipe: Level::NotAssessed,
        retrievable: if seen { Level::Ready } else { Level::NotAssessed },
        note: if seen {
            "Facts of the targets looked at are kept; whether these are all targets in scope is not shown."
                .to_owned()
        } else {
            "Nobody has recorded how this list is produced and checked.".to_owned()
        },
        cites: vec![Citation::record(&format!("control {}", control.control.id))],
    }
}

fn listed(control: &ControlStanding, lists: &[&Population], standing: &Standing) -> EvidenceReadinessRow {
    let mut missing = Vec::new();
    let covered = covered_to(lists, standing);
    match covered {
        None => missing.push("frozen lists do not cover the time so far without a hole".to_owned()),
        Some(to) if to < standing.period.to.unwrap_or(standing.at) => {
            missing.push(format!("frozen lists reach to {}", to.plus_micros(-1).date()));
        }
        Some(_) => {}
    }
    let (mut complete, mut accurate, mut kept) = (true, true, true);
    for list in lists {
        let ipe = list.ipe.as_ref();
        complete &= ipe.is_some_and(|ipe| !ipe.completeness.trim().is_empty());
        accurate &= ipe.is_some_and(|ipe| !ipe.accuracy.trim().is_empty());
        kept &= list.file.is_some() || list.frozen.as_ref().is_some_and(|frozen| frozen.zero.is_some());
    }
    for (is_shown, what) in [
        (complete, "how completeness was checked is not recorded for each list"),
        (accurate, "how accuracy was checked is not recorded for each list"),
        (kept, "not every list is kept as it was handed in"),
    ] {
        if !is_shown {
            missing.push(what.to_owned());
        }
    }
    let has_list = lists.iter().any(|list| list.ipe.is_some() || list.frozen.is_some());
    let subject = match control.control.population.as_str() {
        "" => lists.last().map(|list| list.definition.title.clone()).unwrap_or_default(),
        population => population.to_owned(),
    };
    EvidenceReadinessRow {
        subject,
        controls: vec![control.control.id.to_string()],
        population: match (covered.is_some(), has_list) {
            (true, _) => Level::Ready,
            (false, true) => Level::Partly,
            (false, false) => Level::Missing,
        },
        ipe: match (complete && accurate, complete || accurate) {
            (true, _) => Level::Ready,
            (false, true) => Level::Partly,
            (false, false) => Level::Missing,
        },
        retrievable: if kept { Level::Ready } else { Level::Missing },
        note: super::sentence(&missing.join("; ")),
        cites: lists.iter().map(|list| Citation::record(&format!("population {}", list.key))).collect(),
    }
}

/// Returns to which moment frozen lists cover the time looked at without a hole; none where they leave one at its beginning or
/// between them. While the time runs on, they end before now.
fn covered_to(lists: &[&Population], standing: &Standing) -> Option<Timestamp> {
    let mut frozen: Vec<&&Population> = lists.iter().filter(|list| list.frozen.is_some()).collect();
    frozen.sort_by_key(|list| list.definition.from);
    let mut reached = None;
    for list in frozen {
        let to = reached.unwrap_or(standing.period.from);
        if list.definition.from > to {
            return None;
        }
        reached = Some(to.max(list.definition.to));
    }
    reached
}

fn in_scope(standing: &Standing) -> BTreeSet<&ControlId> {
    standing.assessment.controls.iter().map(|control| &control.id).collect()
}

pub(super) fn roadmap(standing: &Standing, findings: &[FindingRow], ground: &Ground) -> Roadmap {
    let in_scope = in_scope(standing);
    let of_scope: Vec<&ControlStanding> =
        standing.controls.iter().filter(|control| in_scope.contains(&control.control.id)).collect();
    let owners = |some: &[&ControlStanding]| {
        ground.people.together(some.iter().filter_map(|control| control.control.owner))
    };
    let undesigned: Vec<&ControlStanding> = of_scope
        .iter()
        .copied()
        .filter(|control| control.rating.decision(Question::Designed).is_none())
        .collect();
    let open: Vec<&ControlStanding> =
        of_scope.iter().copied().filter(|control| control.status == ControlStatus::NotAssessed).collect();
    let step = |when: &str, what: String, owner: Option<String>| RoadmapStep {
        when: when.to_owned(),
        what,
        owner,
        findings: Vec::new(),
    };
    let mut steps = Vec::new();
    if !undesigned.is_empty() {
        let what = format!(
            "Go through the {} draft controls: keep what is really run, correct its wording, drop the rest.",
            undesigned.len()
        );
        steps.push(step("first", what, owners(&undesigned)));
    }
    for (when, worst) in [("next", Severity::Critical), ("then", Severity::High)] {
        let these: Vec<&FindingRow> = findings.iter().filter(|row| row.severity == worst).collect();
        if !these.is_empty() {
            steps.push(mend(when, worst, &these));
        }
    }
    if !open.is_empty() {
        let what =
            format!("Answer the four questions about the {} controls that are not assessed.", open.len());
        steps.push(step("then", what, owners(&open)));
    }
    steps.push(step("always", "Collect every day, so that the history has no hole.".to_owned(), None));
    let (earliest, reason) = earliest_start(standing, &of_scope);
    Roadmap {
        steps,
        earliest_period_start: earliest.map(|day| day.to_string()),
        reason,
        cites: vec![Citation::rows("rating decisions", "all controls in scope")],
    }
}

/// The step that mends the findings of one severity: by whom and until when, as far as people said.
fn mend(when: &str, severity: Severity, these: &[&FindingRow]) -> RoadmapStep {
    let bare = these.iter().filter(|row| row.owner.is_none() || row.due.is_none()).count();
    let mut owners: Vec<&str> = these.iter().filter_map(|row| row.owner.as_deref()).collect();
    owners.sort_unstable();
    owners.dedup();
    let due = these.iter().filter_map(|row| row.due.as_deref()).max();
    let mut what = format!("Mend the {} findings of severity {}", these.len(), severity.word());
    if bare > 0 {
        what.push_str(&format!(", name an owner and a date for {bare} of them"));
    }
    what.push('.');
    RoadmapStep {
        when: due.map_or_else(|| when.to_owned(), |due| format!("{when}, by {due}")),
        what,
        owner: Some(owners.join(", ")).filter(|owners| !owners.is_empty()),
        findings: these.iter().map(|row| row.reference.clone()).collect(),
    }
}

/// The first day on which every control in scope is designed, in place and producing evidence that can be found again, as
/// people decided; none while one is not, or a criterion has no control or is judged not met.
fn earliest_start(standing: &Standing, controls: &[&ControlStanding]) -> (Option<Day>, String) {
    const NEEDED: [Question; 3] = [Question::Designed, Question::Implemented, Question::Evidenced];
    let decided = |control: &&ControlStanding| {
        let answers = NEEDED.map(|question| control.rating.decision(question));
        let all_yes = answers.iter().all(|one| one.is_some_and(|one| one.answer == Answer::Yes));
        answers.into_iter().flatten().map(|one| one.at).max().filter(|_| all_yes)
    };
    let since: Option<Vec<Timestamp>> = controls.iter().map(decided).collect();
    let unserved = standing.assessment.criteria.iter().filter(|criterion| {
        criterion.controls.is_empty()
            || (criterion.decision.is_some() && criterion.status() == CriterionStatus::NotMet)
    });
    let unserved: Vec<&str> = unserved.map(|criterion| criterion.criterion.as_str()).collect();
    let since = since.and_then(|all| all.into_iter().max());
    match (since, unserved.as_slice()) {
        (Some(since), []) => {
            let reason = "From that day on every control in scope is designed, in place and evidenced.";
            (Some(Day::of(since)), reason.to_owned())
        }
        (Some(_), some) => (
            None,
            format!(
                "Every control in scope is designed, in place and evidenced, but no control serves {}, or it was judged not \
                 met.",
                some.join(", ")
            ),
        ),
        (None, _) => (
            None,
            "A period can begin on the first day on which every control in scope is designed, in place and producing \
             evidence that can be found again. That day cannot be said yet."
                .to_owned(),
        ),
    }
}
