//! Criteria, controls, findings and the figures of the first pages.

use std::cmp::Reverse;

use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::finding::{Finding, FindingState, ProposedFinding};
use tickmark_core::conclusion::readiness::{
    AssessedCriterion, ControlStatus, CriterionDecision, CriterionStatus, Question, StatusCounts,
};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::Control;
use tickmark_core::observation::Verdict;
use tickmark_core::report::readiness::{
    CategorySummary, Citation, ControlCriterion, ControlRow, CriterionControl, CriterionRow, Figure,
    FindingRow, QuestionRow, SeriesSummary, Suggestion, Summary,
};
use tickmark_evaluate::Library;

use super::ground::{Ground, People};
use crate::conclusion::{ControlStanding, Standing};

/// State of a finding that nobody took on.
const PROPOSED: &str = "proposed";
/// Name under which series common to all categories are summed up.
const COMMON: &str = "Common criteria";

pub(super) fn criteria(standing: &Standing, catalog: &Catalog, people: &People) -> Vec<CriterionRow> {
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
                decided_by: counted(criterion).map(|decision| people.of(decision.by)),
                reason: criterion_reason(criterion),
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

/// The decision that counts: none where no control is mapped any more.
fn counted(criterion: &AssessedCriterion) -> Option<&CriterionDecision> {
    criterion.decision.as_ref().filter(|_| !criterion.controls.is_empty())
}

/// Why a status counts: the person's reason and beside it what the rule suggests, or the rule's alone.
fn criterion_reason(criterion: &AssessedCriterion) -> String {
    let suggested = sentence(&criterion.suggested.reason);
    match counted(criterion) {
        None => suggested,
        Some(decision) => format!(
            "{} The rule suggests {}: {suggested}",
            sentence(&decision.reason),
            criterion.suggested.status.word().replace('_', " ")
        ),
    }
}

pub(super) fn controls(standing: &Standing, library: &Library, people: &People) -> Vec<ControlRow> {
    standing
        .controls
        .iter()
        .filter(|control| {
            standing.assessment.controls.iter().any(|assessed| assessed.id == control.control.id)
        })
        .map(|control| control_row(control, standing, library, people))
        .collect()
}

/// Who answers for a control: the person with the role, the role alone, or nobody.
fn owner(control: &Control, people: &People) -> Option<String> {
    match (control.owner, control.owner_role.as_str()) {
        (Some(who), "") => Some(people.of(who)),
        (Some(who), role) => Some(format!("{} ({role})", people.of(who))),
        (None, "") => None,
        (None, role) => Some(format!("{role} (role; no person named)")),
    }
}

fn control_row(standing: &ControlStanding, all: &Standing, library: &Library, people: &People) -> ControlRow {
    let control = &standing.control;
    let text = control.text.current();
    ControlRow {
        id: control.id.to_string(),
        title: text.title.clone(),
        statement: text.statement.clone(),
        owner: owner(control, people),
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
            .map(|question| question_row(question, standing, library, people))
            .collect(),
        checks: standing.checks.clone(),
        cites: vec![Citation::record(&format!("control {} version {}", control.id, text.version))],
    }
}

fn question_row(
    question: Question,
    standing: &ControlStanding,
    library: &Library,
    people: &People,
) -> QuestionRow {
    let decision = standing.rating.decision(question);
    QuestionRow {
        question,
        answer: standing.rating.answer(question),
        decided_by: decision.map(|decision| people.of(decision.by)),
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

/// What the rules find now, beside what people do about it; and what people took on that is not found any more. Worst first.
pub(super) fn findings(proposed: &[ProposedFinding], ground: &Ground, today: Day) -> Vec<FindingRow> {
    let mut gone = ground.taken.clone();
    let mut rows: Vec<FindingRow> = proposed
        .iter()
        .map(|found| {
            let taken = gone.remove(&found.reference());
            finding_row(found, taken.as_ref(), ground, today)
        })
        .collect();
    rows.extend(gone.values().map(|record| {
        let row = finding_row(&record.found, Some(record), ground, today);
        FindingRow { state: format!("{}; not found any more in this scope", row.state), ..row }
    }));
    rows.sort_by_key(|row| Reverse(row.severity));
    for (row, number) in rows.iter_mut().zip(1_u32..) {
        row.reference = format!("F-{number:02}");
    }
    rows
}

fn finding_row(found: &ProposedFinding, taken: Option<&Finding>, ground: &Ground, today: Day) -> FindingRow {
    let of_check = found
        .check
        .iter()
        .map(|check| Citation::rows("verdict intervals", &format!("check {check}, verdict fail, open")));
    let of_control = found.control.iter().map(|control| Citation::record(&format!("control {control}")));
    let of_record = taken.iter().map(|record| Citation::record(&format!("finding {}", record.id)));
    FindingRow {
        reference: String::new(),
        title: found.title.clone(),
        criteria: found.criteria.clone(),
        control: found.control.as_ref().map(ToString::to_string),
        condition: found.condition.clone(),
        cause: taken.map_or(&found.cause, |record| &record.found.cause).clone(),
        effect: found.effect.clone(),
        severity: found.severity,
        recommendation: match taken.map(|record| record.plan.as_str()) {
            None | Some("") => found.recommendation.clone(),
            Some(plan) => format!("{}\n\nPlanned: {plan}", found.recommendation),
        },
        owner: taken.and_then(|record| record.owner).map(|owner| ground.people.of(owner)),
        due: taken.and_then(|record| record.due).map(|due| due.to_string()),
        state: match taken {
            None => PROPOSED.to_owned(),
            Some(record) => {
                let words = match record.state() {
                    FindingState::Open => "open",
                    FindingState::Fixed => "fixed, to be verified",
                    FindingState::Closed => "closed",
                };
                let overdue = if record.is_overdue(today) { "; overdue" } else { "" };
                format!("{words}{overdue}")
            }
        },
        cites: of_check.chain(of_control).chain(of_record).collect(),
    }
}

pub(super) fn summary(
    standing: &Standing,
    catalog: &Catalog,
    rows: &[CriterionRow],
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
        key_messages: key_messages(standing, counts, findings, gaps),
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
        categories: categories(rows),
        series: series(standing, catalog, rows),
    }
}

fn key_messages(
    standing: &Standing,
    counts: StatusCounts,
    findings: &[FindingRow],
    gaps: usize,
) -> Vec<String> {
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
    let proposed = findings.iter().filter(|row| row.state == PROPOSED).count();
    if proposed > 0 {
        messages.push(format!(
            "{proposed} findings are proposed; a person has to open, correct or dismiss each."
        ));
    }
    let taken = findings.len() - proposed;
    if taken > 0 {
        let overdue = findings.iter().filter(|row| row.state.contains("overdue")).count();
        messages
            .push(format!("{taken} findings are taken on and not closed; {overdue} of them are overdue."));
    }
    if gaps > 0 {
        messages.push(format!("{gaps} things could not be seen. None of them counts as good."));
    }
    messages
}

fn categories(rows: &[CriterionRow]) -> Vec<CategorySummary> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
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

/// Series of which a criterion is in scope.
fn series(standing: &Standing, catalog: &Catalog, rows: &[CriterionRow]) -> Vec<SeriesSummary> {
    let framework = catalog.framework(&standing.framework).expect("the standing was computed from it");
    framework
        .series
        .iter()
        .filter(|series| rows.iter().any(|row| row.series == series.id))
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
