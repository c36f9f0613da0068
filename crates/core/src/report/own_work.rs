//! What management did itself over the time of an examination: its tests of controls and what it found. Never an
//! auditor's: these rows stand in no section that an auditor writes.

use serde::{Deserialize, Serialize};

use super::SocPackage;
use super::sheet::{Sheet, SheetCell};
use crate::conclusion::FindingState;
use crate::conclusion::period::{DeviationKind, State, TestKind};
use crate::observation::Severity;
use crate::{Digest, Timestamp, canonical};

/// Management's own tests and findings about controls in scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnWork {
    /// First moment of the examination's time.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// Tests of controls in scope, by control.
    pub tests: Vec<OwnTest>,
    /// Findings about controls or criteria in scope that are not closed.
    pub findings: Vec<OwnFinding>,
}

/// What one test of a control says over the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnTest {
    /// The control.
    pub control: String,
    /// Which question was asked.
    pub kind: TestKind,
    /// Check, rhythm or trigger.
    pub test: String,
    /// What is known.
    pub state: State,
    /// Targets, windows or items looked at.
    pub subjects: usize,
    /// Stretches or items that could not be seen.
    pub unseen: usize,
    /// Where the control did not operate.
    pub deviations: Vec<OwnDeviation>,
}

/// One subject for which a control did not operate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnDeviation {
    /// Target, window or item.
    pub subject: String,
    /// In which way.
    pub kind: DeviationKind,
    /// When it was first seen.
    pub from: Timestamp,
    /// When it was good again; none while it lasts or if it stays so.
    pub until: Option<Timestamp>,
    /// Whether an approved waiver stood beside it for all of its time.
    pub waived: bool,
    /// What was noted.
    pub note: String,
}

/// A finding that somebody took on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnFinding {
    /// What names it whenever it is found, e.g. `test.IAM-05.leavers`.
    pub reference: String,
    /// Title.
    pub title: String,
    /// Criteria in scope that it is about.
    pub criteria: Vec<String>,
    /// Control, where it is about one.
    pub control: Option<String>,
    /// What was found.
    pub condition: String,
    /// Why it came about; empty while nobody knows.
    pub cause: String,
    /// Why it matters.
    pub effect: String,
    /// What to do.
    pub recommendation: String,
    /// How much it matters.
    pub severity: Severity,
    /// When somebody took it on.
    pub opened: Timestamp,
    /// By when it will be mended, `2027-01-31`.
    pub due: Option<String>,
    /// What is done about it; empty while nothing is planned.
    pub plan: String,
    /// How far it has come.
    pub state: FindingState,
}

/// What an exchange in OSCAL is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OscalModel {
    /// Management's part. Criteria and controls stand in it whatever the report shows its readers.
    pub package: SocPackage,
    /// Management's own tests and findings.
    pub work: OwnWork,
}

impl OscalModel {
    /// Returns the digest of the canonical JSON of the model; it stands in each document.
    ///
    /// # Errors
    /// If the model cannot be written, which its types rule out.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        canonical::digest(self)
    }
}

/// Lists deviations that management's own tests showed, with what is done about each control. `None` of a control's rows
/// is an auditor's exception.
#[must_use]
pub fn exception_summary(package: &SocPackage, work: &OwnWork) -> Sheet {
    let text = |text: &str| SheetCell::Text(text.to_owned());
    let title = |id: &str| package.controls.iter().find(|one| one.id == id);
    let mut rows = Vec::new();
    for test in &work.tests {
        let control = title(&test.control);
        let about: Vec<&OwnFinding> = work
            .findings
            .iter()
            .filter(|finding| finding.control.as_deref() == Some(test.control.as_str()))
            .collect();
        let joined = |of: fn(&OwnFinding) -> &str| {
            let texts: Vec<&str> =
                about.iter().map(|finding| of(finding)).filter(|text| !text.is_empty()).collect();
            texts.join("; ")
        };
        for deviation in &test.deviations {
            rows.push(vec![
                text(&test.control),
                text(control.map_or("", |one| &one.title)),
                text(&control.map(|one| one.criteria.join(", ")).unwrap_or_default()),
                text(test.kind.word()),
                text(&test.test),
                SheetCell::Number(i64::try_from(test.subjects).unwrap_or(i64::MAX)),
                text(&deviation.subject),
                text(deviation.kind.word()),
                text(&deviation.from.minute()),
                text(&deviation.until.map(Timestamp::minute).unwrap_or_default()),
                text(if deviation.waived { "yes" } else { "no" }),
                text(&deviation.note),
                text(&joined(|finding| &finding.cause)),
                text(&joined(|finding| &finding.plan)),
            ]);
        }
    }
    let columns = [
        "Control",
        "Title",
        "Criteria",
        "Kind of test",
        "Test",
        "Tested",
        "Deviation",
        "In which way",
        "First seen",
        "Good again",
        "Waived",
        "Note",
        "Cause",
        "What management does",
    ];
    Sheet {
        title: format!("{} exceptions", package.engagement),
        organization: package.organization.clone(),
        at: package.generated,
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    }
}

/// Lists criteria or objectives in scope with the controls that serve them, one row for each pair.
#[must_use]
pub fn control_matrix(package: &SocPackage) -> Sheet {
    let text = |text: &str| SheetCell::Text(text.to_owned());
    let mut rows = Vec::new();
    for criterion in &package.criteria {
        for id in &criterion.controls {
            let control = package.controls.iter().find(|one| one.id == *id);
            rows.push(vec![
                text(&criterion.id),
                text(&criterion.text),
                text(id),
                text(control.map_or("", |one| &one.title)),
                text(control.map_or("", |one| &one.statement)),
                text(control.map_or("", |one| &one.frequency)),
            ]);
        }
        for other in &criterion.others {
            let assumed =
                package.subservices.iter().filter(|one| one.name == *other).flat_map(|one| &one.assumed);
            let types: Vec<&str> = assumed
                .filter(|one| one.criteria.contains(&criterion.id))
                .map(|one| one.text.as_str())
                .collect();
            rows.push(vec![
                text(&criterion.id),
                text(&criterion.text),
                text("assumed"),
                text(other),
                text(&types.join("; ")),
                text(""),
            ]);
        }
        if criterion.controls.is_empty() && criterion.others.is_empty() {
            rows.push(vec![
                text(&criterion.id),
                text(&criterion.text),
                text("none"),
                text(""),
                text(""),
                text(""),
            ]);
        }
    }
    let columns =
        ["Criterion", "What it asks for, in our words", "Control", "Title", "What is done", "How often"];
    Sheet {
        title: format!("{} matrix", package.engagement),
        organization: package.organization.clone(),
        at: package.generated,
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    }
}
