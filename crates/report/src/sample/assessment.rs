//! Controls, criteria, findings and the summary of the sample.

use tickmark_core::observation::Severity;
use tickmark_core::report::readiness::{
    Answer, CategorySummary, CheckRow, Citation, ControlCriterion, ControlRow, ControlStatus,
    CriterionControl, CriterionRow, CriterionStatus, Figure, FindingRow, GapRow, Question, QuestionRow,
    SeriesSummary, StatusCounts, Suggestion, Summary,
};

use super::controls::CONTROLS;
use super::criteria::CRITERIA;
use super::{DAY, moment};

pub(super) fn controls(checks: &[CheckRow]) -> Vec<ControlRow> {
    CONTROLS.iter().enumerate().map(|(index, _)| control(index, checks)).collect()
}

fn control(index: usize, checks: &[CheckRow]) -> ControlRow {
    let (id, title, statement, owner, frequency, criteria) = CONTROLS[index];
    let tests: Vec<&CheckRow> =
        checks.iter().filter(|check| check.controls.iter().any(|c| c == id)).collect();
    let status = match index % 9 {
        3 => ControlStatus::Gap,
        5 => ControlStatus::EvidenceWeakness,
        7 => ControlStatus::NotAssessed,
        8 => ControlStatus::OperatingWeakness,
        1 if index > 20 => ControlStatus::DesignWeakness,
        _ => ControlStatus::Ready,
    };
    let questions = Question::ALL
        .into_iter()
        .map(|question| QuestionRow {
            question,
            answer: answer(status, question),
            decided_by: (answer(status, question) != Answer::NotAssessed).then(|| owner.to_owned()),
            decided_at: (answer(status, question) != Answer::NotAssessed).then(|| moment(-6 * DAY)),
            reason: String::new(),
            suggestion: suggestion(question, &tests),
        })
        .collect();
    ControlRow {
        id: id.into(),
        title: title.into(),
        statement: statement.into(),
        owner: (index % 11 != 4).then(|| owner.into()),
        frequency: frequency.into(),
        status,
        criteria: criteria
            .iter()
            .enumerate()
            .map(|(n, id)| ControlCriterion { id: (*id).into(), is_key: n < 2 })
            .collect(),
        questions,
        checks: tests.iter().map(|check| check.id.clone()).collect(),
        cites: vec![Citation::record(&format!("control {id} v2")), Citation::leaf(100 + index as u64)],
    }
}

fn answer(status: ControlStatus, question: Question) -> Answer {
    match (status, question) {
        (ControlStatus::Gap, Question::Designed) | (ControlStatus::DesignWeakness, Question::Designed) => {
            Answer::Partly
        }
        (ControlStatus::Gap, _) => Answer::No,
        (ControlStatus::OperatingWeakness, Question::Operating) => Answer::Partly,
        (ControlStatus::EvidenceWeakness, Question::Evidenced) => Answer::No,
        (ControlStatus::NotAssessed, _) => Answer::NotAssessed,
        _ => Answer::Yes,
    }
}

fn suggestion(question: Question, tests: &[&CheckRow]) -> Option<Suggestion> {
    if question != Question::Implemented || tests.is_empty() {
        return None;
    }
    let count = |figure: fn(&CheckRow) -> &Figure| tests.iter().map(|check| figure(check).value).sum::<i64>();
    let (pass, fail, unknown) = (count(|c| &c.pass), count(|c| &c.fail), count(|c| &c.unknown));
    let (answer, reason) = match (pass, fail, unknown) {
        (0, 1.., _) => (Answer::No, format!("All {fail} results fail.")),
        (_, 1.., _) => (Answer::Partly, format!("{fail} of {} results fail.", pass + fail + unknown)),
        (1.., 0, 0) => (Answer::Yes, format!("All {pass} results pass.")),
        _ => (Answer::NotAssessed, format!("{unknown} results could not be seen.")),
    };
    Some(Suggestion {
        answer,
        reason,
        cites: tests.iter().map(|check| Citation::check(&check.id, &check.version)).collect(),
    })
}

pub(super) fn criteria(controls: &[ControlRow]) -> Vec<CriterionRow> {
    CRITERIA
        .iter()
        .map(|(id, series, _, category, title)| criterion(id, series, category, title, controls))
        .collect()
}

fn criterion(id: &str, series: &str, category: &str, title: &str, controls: &[ControlRow]) -> CriterionRow {
    let mapped: Vec<(&ControlRow, bool)> = controls
        .iter()
        .filter_map(|control| {
            let mapping = control.criteria.iter().find(|mapping| mapping.id == id)?;
            Some((control, mapping.is_key))
        })
        .collect();
    let key: Vec<&ControlRow> =
        mapped.iter().filter(|(_, is_key)| *is_key).map(|(control, _)| *control).collect();
    let ready = key.iter().filter(|control| control.status == ControlStatus::Ready).count();
    let open = key.iter().filter(|control| control.status == ControlStatus::NotAssessed).count();
    let (status, reason) = if key.is_empty() {
        (CriterionStatus::NotMet, "No key control is mapped to it.".to_owned())
    } else if ready == key.len() {
        (CriterionStatus::Met, "All key controls are ready.".to_owned())
    } else if open > 0 && ready + open == key.len() {
        (CriterionStatus::NotAssessed, format!("{open} of {} key controls are not assessed.", key.len()))
    } else if ready > 0 {
        (CriterionStatus::PartlyMet, format!("{ready} of {} key controls are ready.", key.len()))
    } else {
        (CriterionStatus::NotMet, "No key control is ready.".to_owned())
    };
    CriterionRow {
        id: id.into(),
        series: series.into(),
        category: category.into(),
        title: title.into(),
        status,
        decided_by: (status != CriterionStatus::NotAssessed && !id.ends_with('3'))
            .then(|| "Ines Okafor".into()),
        reason,
        controls: mapped
            .iter()
            .map(|(control, is_key)| CriterionControl { id: control.id.clone(), is_key: *is_key })
            .collect(),
        cites: vec![Citation::rows("control ratings", &format!("criterion {id}"))],
    }
}

pub(super) fn findings() -> Vec<FindingRow> {
    let finding = |number: usize,
                   title: &str,
                   criteria: &[&str],
                   control: &str,
                   severity,
                   texts: [&str; 4],
                   days: i64| {
        FindingRow {
            reference: format!("F-{number:02}"),
            title: title.into(),
            criteria: criteria.iter().map(|id| (*id).into()).collect(),
            control: (!control.is_empty()).then(|| control.into()),
            condition: texts[0].into(),
            cause: texts[1].into(),
            effect: texts[2].into(),
            severity,
            recommendation: texts[3].into(),
            owner: (number != 4).then(|| "Platform lead".into()),
            due: (number != 4).then(|| moment(days * DAY).date()),
            state: "open".into(),
            cites: vec![Citation::run(41), Citation::leaf(1_200 + number as u64)],
        }
    };
    vec![
        finding(
            1,
            "Database port reachable from anywhere",
            &["CC6.6", "C1.1"],
            "NET-01",
            Severity::Critical,
            [
                "On db-1.harbor.example port 5432 accepts connections from any source; the rule set has no default \
                 deny for IPv6.",
                "IPv6 was enabled by the provider after the rule set was written.",
                "Customer payroll data can be attacked from the internet; the confidentiality commitment cannot be \
                 achieved while this stands.",
                "Load a rule set whose input policy is drop for both families, and allow port 5432 from the \
                 application hosts only.",
            ],
            7,
        ),
        finding(
            2,
            "Restores are not tested",
            &["A1.2", "A1.3"],
            "AVL-04",
            Severity::High,
            [
                "No restore test was performed in the last twelve months; the backup job itself succeeded every day.",
                "",
                "Recovery within the promised eight hours is an assumption.",
                "Restore the payroll database into an isolated host each quarter and keep the log with the measured \
                 time.",
            ],
            30,
        ),
        finding(
            3,
            "Security updates wait longer than the limit",
            &["CC7.1", "CC6.8"],
            "VUL-03",
            Severity::High,
            [
                "Seven pending security updates on edge-1.harbor.example are older than 14 days.",
                "Automatic updates are held back by a pinned kernel package.",
                "Known weaknesses stay open at the edge of the system.",
                "Remove the pin, install the updates, and alert when one waits for more than seven days.",
            ],
            10,
        ),
        finding(
            4,
            "Access reviews leave no record",
            &["CC6.2", "CC6.3"],
            "IAM-07",
            Severity::Medium,
            [
                "Reviews of the last two quarters are remembered by the reviewers but not written down.",
                "",
                "An auditor could not see that the control operated.",
                "Record each review with the list reviewed, the date, the reviewer and the changes made.",
            ],
            45,
        ),
        finding(
            5,
            "Policy names a former owner",
            &["CC5.3"],
            "",
            Severity::Low,
            [
                "The cryptography policy names an owner who has left.",
                "",
                "Nobody approves changes to it.",
                "Name the platform lead as owner and approve the policy again.",
            ],
            60,
        ),
    ]
}

pub(super) fn summary(
    criteria: &[CriterionRow],
    controls: &[ControlRow],
    findings: &[FindingRow],
    gaps: &[GapRow],
) -> Summary {
    let of = |count: usize, rule: &str| Figure::count(count, vec![Citation::rows("criteria", rule)]);
    let all = StatusCounts::of(criteria.iter().map(|row| row.status));
    let ready = controls.iter().filter(|control| control.status == ControlStatus::Ready).count();
    let earned = if controls.is_empty() { 0 } else { ready * 10_000 / controls.len() };
    let mut categories: Vec<CategorySummary> = Vec::new();
    let mut series: Vec<SeriesSummary> = Vec::new();
    for (_, id, title, category, _) in CRITERIA {
        if !categories.iter().any(|row| row.category == category) {
            let counts =
                StatusCounts::of(criteria.iter().filter(|c| c.category == category).map(|c| c.status));
            categories.push(CategorySummary {
                category: category.into(),
                met: of(counts.met, "met"),
                partly_met: of(counts.partly_met, "partly met"),
                not_met: of(counts.not_met, "not met"),
                not_assessed: of(counts.not_assessed, "not assessed"),
            });
        }
        if !series.iter().any(|row| row.id == id) {
            let counts = StatusCounts::of(criteria.iter().filter(|c| c.series == id).map(|c| c.status));
            series.push(SeriesSummary {
                id: id.into(),
                title: title.into(),
                met: of(counts.met, "met"),
                partly_met: of(counts.partly_met, "partly met"),
                not_met: of(counts.not_met, "not met"),
                not_assessed: of(counts.not_assessed, "not assessed"),
            });
        }
    }
    Summary {
        key_messages: vec![
            "One finding is critical: the database accepts connections from anywhere over IPv6.".into(),
            "Most controls are designed and in place; what is missing most often is evidence that can be found again."
                .into(),
            "On one host the audit log and password states could not be read; nothing is claimed about them.".into(),
        ],
        readiness: Figure::basis_points(
            u32::try_from(earned).unwrap_or(0),
            vec![Citation::rows("control ratings", "in scope, key x3 and secondary x1")],
        ),
        criteria_not_met: of(all.not_met, "status not met"),
        criteria_met: of(all.met, "status met"),
        criteria_partly_met: of(all.partly_met, "status partly met"),
        criteria_not_assessed: of(all.not_assessed, "status not assessed"),
        key_controls_ready: Figure::count(ready, vec![Citation::rows("controls", "key and ready")]),
        key_controls: Figure::count(controls.len(), vec![Citation::rows("controls", "key")]),
        findings_open: Figure::count(findings.len(), vec![Citation::rows("findings", "state open")]),
        gaps: Figure::count(gaps.len(), vec![Citation::run(41)]),
        categories,
        series,
    }
}
