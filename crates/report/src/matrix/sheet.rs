//! The four tables of the matrix as plain rows.

use tickmark_core::report::ReadinessReport;
use tickmark_core::report::readiness::{
    Answer, Citation, ControlRow, CriterionRow, Question, QuestionRow, ResultRow,
};

use super::cell::Cell;

/// A table with one header row.
pub(super) struct Sheet {
    /// Name of the sheet.
    pub(super) name: &'static str,
    /// Names and widths (in characters) of the columns.
    pub(super) columns: Vec<(String, u16)>,
    /// Rows, each as long as `columns`.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Columns that stay in view, counted from the left.
    pub(super) frozen_columns: u16,
}

/// Criteria down, controls across; `key` and `x` where they meet.
pub(super) fn criteria(report: &ReadinessReport) -> Sheet {
    let leading = [
        ("Criterion", 11),
        ("Subject", 52),
        ("Status", 14),
        ("Decided by", 18),
        ("Key controls", 13),
        ("Controls", 10),
    ];
    let across = report.controls.iter().map(|control| (control.id.clone(), 8));
    let row = |criterion: &CriterionRow| {
        let key = criterion.controls.iter().filter(|control| control.is_key).count();
        let mut cells = vec![
            Cell::text(&criterion.id),
            Cell::text(&criterion.title),
            Cell::text(spoken(criterion.status.word())),
            Cell::text(criterion.decided_by.clone().unwrap_or_else(|| "suggested by rule".into())),
            count(key),
            count(criterion.controls.len()),
        ];
        cells.extend(report.controls.iter().map(|control| mark(criterion, &control.id)));
        cells
    };
    Sheet {
        name: "Criteria",
        columns: named(&leading).into_iter().chain(across).collect(),
        rows: report.criteria.iter().map(row).collect(),
        frozen_columns: 2,
    }
}

/// Controls with their four answers, apart from them suggestions, and their tests.
pub(super) fn controls(report: &ReadinessReport) -> Sheet {
    let columns = [
        ("Control", 10),
        ("Title", 30),
        ("Statement", 60),
        ("Owner", 20),
        ("Frequency", 15),
        ("Status", 20),
        ("Designed", 13),
        ("Implemented", 13),
        ("Operating", 13),
        ("Evidenced", 13),
        ("Suggested by tests (not an answer)", 46),
        ("Key for", 22),
        ("Also serves", 22),
        ("Tests", 46),
        ("Pass", 8),
        ("Fail", 8),
        ("Unknown", 10),
        ("Not applicable", 14),
    ];
    Sheet {
        name: "Controls",
        columns: named(&columns),
        rows: report.controls.iter().map(|control| control_cells(report, control)).collect(),
        frozen_columns: 2,
    }
}

fn control_cells(report: &ReadinessReport, control: &ControlRow) -> Vec<Cell> {
    let tests: Vec<_> = report.checks.iter().filter(|check| control.checks.contains(&check.id)).collect();
    let served = |is_key: bool| {
        let ids = control.criteria.iter().filter(|row| row.is_key == is_key).map(|row| row.id.as_str());
        Cell::text(ids.collect::<Vec<_>>().join(", "))
    };
    let answers = Question::ALL.map(|question| {
        let row = control.questions.iter().find(|row| row.question == question);
        Cell::text(spoken(row.map_or(Answer::NotAssessed, |row| row.answer).word()))
    });
    let mut cells = vec![
        Cell::text(&control.id),
        Cell::text(&control.title),
        Cell::text(&control.statement),
        Cell::text(control.owner.as_deref().unwrap_or_default()),
        Cell::text(&control.frequency),
        Cell::text(spoken(control.status.word())),
    ];
    cells.extend(answers);
    cells.extend([
        Cell::text(control.questions.iter().filter_map(suggestion).collect::<Vec<_>>().join("; ")),
        served(true),
        served(false),
        Cell::text(control.checks.join(", ")),
        Cell::Number(tests.iter().map(|check| check.pass.value).sum()),
        Cell::Number(tests.iter().map(|check| check.fail.value).sum()),
        Cell::Number(tests.iter().map(|check| check.unknown.value).sum()),
        Cell::Number(tests.iter().map(|check| check.not_applicable.value).sum()),
    ]);
    cells
}

/// Results of automated tests, one row per check and target.
pub(super) fn results(report: &ReadinessReport) -> Sheet {
    let columns = [
        ("Check", 32),
        ("Asserts", 48),
        ("Severity", 10),
        ("Controls", 18),
        ("Target", 28),
        ("Result", 14),
        ("Reason", 26),
        ("Message", 46),
        ("Subjects", 36),
        ("Waiver", 28),
        ("Since (UTC)", 20),
        ("Last seen (UTC)", 20),
        ("Run", 8),
        ("Facts digest", 72),
        ("Check version", 72),
    ];
    let rows = report.checks.iter().flat_map(|check| {
        check.results.iter().map(move |result: &ResultRow| {
            vec![
                Cell::text(&check.id),
                Cell::text(&check.asserts),
                Cell::text(check.severity.word()),
                Cell::text(check.controls.join(", ")),
                Cell::text(&result.target),
                Cell::text(spoken(result.verdict.word())),
                Cell::text(result.reason.map_or("", |reason| reason.plain())),
                Cell::text(&result.message),
                Cell::text(result.subjects.join(", ")),
                Cell::text(result.waiver.as_deref().unwrap_or_default()),
                Cell::text(result.since.minute()),
                Cell::text(result.seen.minute()),
                result.run.map_or_else(|| Cell::text(""), Cell::Number),
                Cell::text(result.evidence.map(|digest| digest.to_string()).unwrap_or_default()),
                Cell::text(check.version.to_string()),
            ]
        })
    });
    Sheet { name: "Test results", columns: named(&columns), rows: rows.collect(), frozen_columns: 1 }
}

/// What the file is, and where each row of the other sheets comes from.
pub(super) fn sources(report: &ReadinessReport, digest: &str, status_line: &str) -> Sheet {
    let fact = |name: &str, value: String| vec![Cell::text("Document"), Cell::text(name), Cell::text(value)];
    let cited = |kind: &'static str, id: &str, cites: &[Citation]| {
        let cites = cites.iter().map(Citation::to_string).collect::<Vec<_>>().join("; ");
        vec![Cell::text(kind), Cell::text(id), Cell::text(cites)]
    };
    let mut rows = vec![
        fact("About", status_line.to_owned()),
        fact("Organization", report.organization.name.clone()),
        fact("System", report.system.name.clone()),
        fact("Status", report.status.words().to_owned()),
        fact("Version", report.version.clone()),
        fact("Author", report.author.clone()),
        fact("Data cut-off", report.cut_off.to_string()),
        fact("Frozen", report.generated.to_string()),
        fact("Frozen by", report.generator.clone()),
        fact("Digest of the model", digest.to_owned()),
    ];
    if let Some(checkpoint) = &report.appendix.checkpoint {
        rows.push(fact(
            "Ledger",
            format!("{}, {} leaves, root {}", checkpoint.origin, checkpoint.size, checkpoint.root),
        ));
    }
    rows.extend(report.criteria.iter().map(|row| cited("Criterion", &row.id, &row.cites)));
    rows.extend(report.controls.iter().map(|row| cited("Control", &row.id, &row.cites)));
    rows.extend(report.checks.iter().map(|row| cited("Check", &row.id, &row.pass.cites)));
    let columns = [("Kind", 12), ("Item", 34), ("Records", 110)];
    Sheet { name: "Sources", columns: named(&columns), rows, frozen_columns: 0 }
}

fn named(columns: &[(&str, u16)]) -> Vec<(String, u16)> {
    columns.iter().map(|(name, width)| ((*name).to_owned(), *width)).collect()
}

fn count(number: usize) -> Cell {
    Cell::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

fn mark(criterion: &CriterionRow, control: &str) -> Cell {
    let mapping = criterion.controls.iter().find(|mapping| mapping.id == control);
    Cell::text(mapping.map_or("", |mapping| if mapping.is_key { "key" } else { "x" }))
}

fn suggestion(row: &QuestionRow) -> Option<String> {
    let suggestion = row.suggestion.as_ref()?;
    Some(format!("{}: {}. {}", row.question.word(), spoken(suggestion.answer.word()), suggestion.reason))
}

/// Returns a word of storage as it is said: `not met` for `not_met`.
fn spoken(word: &str) -> String {
    word.replace('_', " ")
}
