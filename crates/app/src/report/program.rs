//! Reviews beside the controls: description, evidence, roadmap. What nobody has recorded is said to be missing.

use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::readiness::{ControlStatus, Question};
use tickmark_core::control::Frequency;
use tickmark_core::report::readiness::{
    Citation, CommitmentRow, DescriptionRow, EvidenceReadinessRow, FindingRow, Level, Roadmap, RoadmapStep,
};

use crate::conclusion::Standing;
use crate::control::commitment;

/// Most rows of evidence readiness: controls whose population must be produced by its trigger.
const MAX_POPULATIONS: usize = 60;

pub(super) fn description(catalog: &Catalog) -> Vec<DescriptionRow> {
    catalog
        .description_criteria
        .iter()
        .flat_map(|set| &set.criteria)
        .map(|criterion| DescriptionRow {
            id: criterion.id.clone(),
            title: criterion.text.clone(),
            level: Level::NotAssessed,
            note: format!("Nothing is recorded. To hold: {}.", criterion.fields.join("; ")),
        })
        .collect()
}

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

pub(super) fn evidence_readiness(standing: &Standing) -> Vec<EvidenceReadinessRow> {
    standing
        .controls
        .iter()
        .filter(|control| !control.control.population.is_empty())
        .filter(|control| !control.checks.is_empty() || control.control.frequency == Frequency::PerOccurrence)
        .take(MAX_POPULATIONS)
        .map(|control| {
            let tested = !control.checks.is_empty();
            let seen = standing.verdicts_of(control).any(|verdict| verdict.facts.is_some());
            EvidenceReadinessRow {
                subject: control.control.population.clone(),
                controls: vec![control.control.id.to_string()],
                population: if tested && seen { Level::Partly } else { Level::NotAssessed },
                ipe: Level::NotAssessed,
                retrievable: if seen { Level::Ready } else { Level::NotAssessed },
                note: if seen {
                    "Facts of the targets looked at are kept; whether these are all targets in scope is not shown.".to_owned()
                } else {
                    "Nobody has recorded how this list is produced and checked.".to_owned()
                },
                cites: vec![Citation::record(&format!("control {}", control.control.id))],
            }
        })
        .collect()
}

pub(super) fn roadmap(standing: &Standing, findings: &[FindingRow]) -> Roadmap {
    let open = standing
        .assessment
        .controls
        .iter()
        .filter(|control| control.status == ControlStatus::NotAssessed)
        .count();
    let undesigned = standing
        .controls
        .iter()
        .filter(|control| control.rating.decision(Question::Designed).is_none())
        .count();
    let step = |when: &str, what: String, findings: Vec<String>| RoadmapStep {
        when: when.to_owned(),
        what,
        owner: None,
        findings,
    };
    let mut steps = Vec::new();
    if undesigned > 0 {
        let what = format!(
            "Go through the {undesigned} draft controls: keep what is really run, correct its wording, drop the rest."
        );
        steps.push(step("first", what, Vec::new()));
    }
    for (when, worst) in [("next", "critical"), ("then", "high")] {
        let these: Vec<String> =
            findings.iter().filter(|f| f.severity.word() == worst).map(|f| f.reference.clone()).collect();
        if !these.is_empty() {
            let what = format!(
                "Mend the {} findings of severity {worst}, name an owner and a date for each.",
                these.len()
            );
            steps.push(step(when, what, these));
        }
    }
    if open > 0 {
        let what = format!("Answer the four questions about the {open} controls that are not assessed.");
        steps.push(step("then", what, Vec::new()));
    }
    steps.push(step("always", "Collect every day, so that the history has no hole.".to_owned(), Vec::new()));
    let ready = open == 0
        && standing.assessment.controls.iter().all(|control| control.status == ControlStatus::Ready);
    let counts = standing.assessment.figure.criteria();
    Roadmap {
        steps,
        earliest_period_start: (ready && counts.met == counts.total()).then(|| standing.at.date()),
        reason: if ready {
            "Every control in scope is designed, in place and evidenced.".to_owned()
        } else {
            "A period can begin on the first day on which every control in scope is designed, in place and producing \
             evidence that can be found again. That day cannot be said yet."
                .to_owned()
        },
        cites: vec![Citation::rows("rating decisions", "all controls in scope")],
    }
}
