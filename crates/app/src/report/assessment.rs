//! Criteria, controls, findings and the figures of the first pages.

use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::finding::ProposedFinding;
use tickmark_core::conclusion::readiness::{ControlStatus, CriterionStatus, Question, StatusCounts};
use tickmark_core::observation::Verdict;
use tickmark_core::report::readiness::{
    CategorySummary, Citation, ControlCriterion, ControlRow, CriterionControl, CriterionRow, Figure,
    FindingRow, QuestionRow, SeriesSummary, Suggestion, Summary,
};
use tickmark_evaluate::Library;

use crate::conclusion::{ControlStanding, Standing};

/// Name under which series common to all categories are summed up.
const COMMON: &str = "Common criteria";

pub(super) fn criteria(standing: &Standing, catalog: &Catalog) -> Vec<CriterionRow> {
    standing
        .assessment
        .criteria
        .iter()
        .filter_map(|criterion| {
            let requirement =
                catalog.requirement(&format!("{}/{}", standing.framework, criterion.criterion)).ok()?;
            Some(CriterionRow {
                id: criterion.criterion.clone(),
                series: requirement.requirement.series.clone(),
                category: category_title(catalog, &standing.framework, requirement.category),
                title: requirement.requirement.text.clone(),
                status: criterion.status(),
                decided_by: criterion.decision.as_ref().map(|decision| decision.by.to_string()),
                reason: sentence(&criterion.suggested.reason),
                controls: criterion
                    .controls
                    .iter()
                    .map(|control| CriterionControl {
                        id: control.control.to_string(),
                        is_key: control.is_key,
                    })
                    .collect(),
                cites: vec![Citation::rows(
                    "rating decisions",
                    &format!("controls of {}", criterion.criterion),
                )],
            })
        })
        .collect()
}

pub(super) fn controls(standing: &Standing, library: &Library) -> Vec<ControlRow> {
    standing
        .controls
        .iter()
        .filter(|control| {
            standing.assessment.controls.iter().any(|assessed| assessed.id == control.control.id)
        })
        .map(|control| control_row(control, standing, library))
        .collect()
}

fn control_row(standing: &ControlStanding, all: &Standing, library: &Library) -> ControlRow {
    let control = &standing.control;
    let text = control.text.current();
    ControlRow {
        id: control.id.to_string(),
        title: text.title.clone(),
        statement: text.statement.clone(),
        owner: Some(format!("{} (role; no person named)", control.owner_role))
            .filter(|_| control.owner.is_none()),
        frequency: control.frequency.plain().to_owned(),
        status: standing.status,
        criteria: control
            .criteria
            .iter()
            .filter(|mapping| mapping.framework == all.framework)
            .map(|mapping| ControlCriterion { id: mapping.criterion.clone(), is_key: mapping.is_key })
            .collect(),
        questions: Question::ALL
            .into_iter()
            .map(|question| question_row(question, standing, library))
            .collect(),
        checks: standing.checks.clone(),
        cites: vec![Citation::record(&format!("control {} version {}", control.id, text.version))],
    }
}

fn question_row(question: Question, standing: &ControlStanding, library: &Library) -> QuestionRow {
    let decision = standing.rating.decision(question);
    QuestionRow {
        question,
        answer: standing.rating.answer(question),
        decided_by: decision.map(|decision| decision.by.to_string()),
        decided_at: decision.map(|decision| decision.at),
        reason: decision.map(|decision| decision.reason.clone()).unwrap_or_default(),
        suggestion: standing.suggestions.iter().find(|suggestion| suggestion.question == question).map(
            |suggestion| Suggestion {
                answer: suggestion.answer,
                reason: sentence(&suggestion.reason),
                cites: suggestion
                    .checks
                    .iter()
                    .filter_map(|id| Some(Citation::check(id, &library.get(id)?.definition().version)))
                    .collect(),
            },
        ),
    }
}

pub(super) fn findings(proposed: &[ProposedFinding]) -> Vec<FindingRow> {
    proposed
        .iter()
        .zip(1..)
        .map(|(finding, number): (_, u32)| FindingRow {
            reference: format!("F-{number:02}"),
            title: finding.title.clone(),
            criteria: finding.criteria.clone(),
            control: finding.control.as_ref().map(ToString::to_string),
            condition: finding.condition.clone(),
            cause: finding.cause.clone(),
            effect: finding.effect.clone(),
            severity: finding.severity,
            recommendation: finding.recommendation.clone(),
            owner: None,
            due: None,
            state: "proposed".to_owned(),
            cites: finding
                .check
                .iter()
                .map(|check| {
                    Citation::rows("verdict intervals", &format!("check {check}, verdict fail, open"))
                })
                .chain(finding.control.iter().map(|control| Citation::record(&format!("control {control}"))))
                .collect(),
        })
        .collect()
}

pub(super) fn summary(
    standing: &Standing,
    catalog: &Catalog,
    findings: &[FindingRow],
    gaps: usize,
) -> Summary {
    let counts = standing.assessment.figure.criteria();
    let keys: Vec<_> = standing.assessment.controls.iter().filter(|control| control.is_key).collect();
    let ready = keys.iter().filter(|control| control.status == ControlStatus::Ready).count();
    let criteria = |count, status: &str| {
        Figure::count(count, vec![Citation::rows("criteria of this report", &format!("status {status}"))])
    };
    Summary {
        key_messages: key_messages(standing, counts, findings.len(), gaps),
        readiness: Figure::basis_points(
            u32::try_from(standing.assessment.figure.basis_points()).unwrap_or(u32::MAX),
            vec![Citation::rows("rating decisions", "points of controls in scope, key 3, secondary 1")],
        ),
        criteria_met: criteria(counts.met, "met"),
        criteria_partly_met: criteria(counts.partly_met, "partly met"),
        criteria_not_met: criteria(counts.not_met, "not met"),
        criteria_not_assessed: criteria(counts.not_assessed, "not assessed"),
        key_controls_ready: Figure::count(
            ready,
            vec![Citation::rows("controls of this report", "key, status ready")],
        ),
        key_controls: Figure::count(keys.len(), vec![Citation::rows("controls of this report", "key")]),
        findings_open: Figure::count(findings.len(), vec![Citation::rows("findings of this report", "all")]),
        gaps: Figure::count(gaps, vec![Citation::rows("gaps of this report", "all")]),
        categories: categories(standing, catalog),
        series: series(standing, catalog),
    }
}

fn key_messages(standing: &Standing, counts: StatusCounts, findings: usize, gaps: usize) -> Vec<String> {
    let count = |verdict| standing.verdicts.iter().filter(|v| v.verdict == verdict).count();
    let (pass, fail, unknown) = (count(Verdict::Pass), count(Verdict::Fail), count(Verdict::Unknown));
    let mut messages = vec![format!(
        "Of {} criteria {} are met, {} partly met, {} not met and {} not assessed.",
        counts.total(),
        counts.met,
        counts.partly_met,
        counts.not_met,
        counts.not_assessed
    )];
    if !standing.verdicts.is_empty() {
        messages.push(format!(
            "Automated tests looked at {} {}: {pass} results are as asserted, {fail} are not, {unknown} could not be seen.",
            standing.targets.len(),
            if standing.targets.len() == 1 { "target" } else { "targets" }
        ));
    }
    if counts.not_assessed > 0 {
        messages.push(
            "Controls are drafts from the starter library until people say which of them are really run, and answer the \
             four questions about each."
                .to_owned(),
        );
    }
    if findings > 0 {
        messages.push(format!(
            "{findings} findings are proposed; a person has to open, correct or dismiss each."
        ));
    }
    if gaps > 0 {
        messages.push(format!("{gaps} things could not be seen. None of them counts as good."));
    }
    messages
}

fn categories(standing: &Standing, catalog: &Catalog) -> Vec<CategorySummary> {
    let rows = criteria(standing, catalog);
    let mut names: Vec<&str> = Vec::new();
    for row in &rows {
        if !names.contains(&row.category.as_str()) {
            names.push(&row.category);
        }
    }
    names
        .iter()
        .map(|name| {
            let (met, partly_met, not_met, not_assessed) =
                figures(rows.iter().filter(|row| row.category == *name), &format!("category {name}"));
            CategorySummary { category: (*name).to_owned(), met, partly_met, not_met, not_assessed }
        })
        .collect()
}

fn series(standing: &Standing, catalog: &Catalog) -> Vec<SeriesSummary> {
    let rows = criteria(standing, catalog);
    let framework = catalog.framework(&standing.framework).expect("the standing was computed from it");
    framework
        .series
        .iter()
        .map(|series| {
            let (met, partly_met, not_met, not_assessed) =
                figures(rows.iter().filter(|row| row.series == series.id), &format!("series {}", series.id));
            SeriesSummary {
                id: series.id.clone(),
                title: series.title.clone(),
                met,
                partly_met,
                not_met,
                not_assessed,
            }
        })
        .collect()
}

fn figures<'a>(rows: impl Iterator<Item = &'a CriterionRow>, rule: &str) -> (Figure, Figure, Figure, Figure) {
    let counts = StatusCounts::of(rows.map(|row| row.status));
    let figure = |count, status: &CriterionStatus| {
        let rule = format!("{rule}, status {}", status.word());
        Figure::count(count, vec![Citation::rows("criteria of this report", &rule)])
    };
    (
        figure(counts.met, &CriterionStatus::Met),
        figure(counts.partly_met, &CriterionStatus::PartlyMet),
        figure(counts.not_met, &CriterionStatus::NotMet),
        figure(counts.not_assessed, &CriterionStatus::NotAssessed),
    )
}

fn category_title(catalog: &Catalog, framework: &str, category: Option<&str>) -> String {
    let found = category.and_then(|id| {
        let framework = catalog.framework(framework)?;
        framework.categories.iter().find(|category| category.id == id || category.title == id)
    });
    found.map_or_else(|| category.unwrap_or(COMMON).to_owned(), |category| category.title.clone())
}

/// Makes a sentence of a reason: capital first, period last.
pub(crate) fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let Some(first) = letters.next() else { return String::new() };
    let end = if reason.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}
