//! What management did itself over the time of an examination: its tests of controls and what it found. Never an
//! auditor's: these rows stand in no section that an auditor writes.

use serde::{Deserialize, Serialize};

use super::SocPackage;
use super::sheet::{Sheet, SheetCell};
use super::writing::capital;
use crate::conclusion::FindingState;
use crate::conclusion::period::{Coverage, DeviationKind, Part, SampleResult, SampleSays, State, TestKind};
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
    /// Items that were not selected: a sample speaks for them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_selected: usize,
    /// Failing stretches within what is tolerated.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tolerated: usize,
    /// What samples say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<SampleResult>,
    /// Before, between and after fixes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Up to when it reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Where the control did not operate.
    pub deviations: Vec<OwnDeviation>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl OwnTest {
    /// Says what samples, limits, fixes and the end of the period add to the counts, a sentence each. No auditor said it.
    #[must_use]
    pub fn also(&self) -> Vec<String> {
        let mut said: Vec<String> = self.samples.iter().map(of_sample).collect();
        if self.unseen > 0 {
            let (unseen, all) = (self.unseen, self.subjects);
            said.push(match self.kind {
                TestKind::Configuration => format!(
                    "Of {all} targets, {unseen} {} of time could not be seen; nothing unseen counts as operating.",
                    if unseen == 1 { "stretch" } else { "stretches" }
                ),
                TestKind::Occurrence => format!("{unseen} of {all} windows could not be seen."),
                TestKind::Population => format!("{unseen} of {all} items were not looked at in full."),
            });
        }
        if self.not_selected > 0 {
            said.push(format!("{} items were not selected; the sample speaks for them.", self.not_selected));
        }
        if self.tolerated > 0 {
            let stretches = if self.tolerated == 1 { "stretch lies" } else { "stretches lie" };
            said.push(format!("{} failing {stretches} within what the control tolerates.", self.tolerated));
        }
        said.extend(self.parts.iter().map(of_part));
        if let Some(coverage) = &self.coverage {
            match coverage.until {
                Some(until) if until < coverage.to => said.push(format!(
                    "Tested until {}; what is left until {} is to be rolled forward over.",
                    until.minute(),
                    coverage.to.minute()
                )),
                _ => {}
            }
            let missing = coverage.missing();
            if missing > 0 {
                said.push(format!(
                    "{missing} more {} from the end of the period {}.",
                    if missing == 1 { "instance" } else { "instances" },
                    if missing == 1 { "is needed" } else { "are needed" }
                ));
            }
        }
        said
    }
}

fn of_sample(sample: &SampleResult) -> String {
    let limit = match (sample.upper_limit_bp, sample.risk, sample.tolerable) {
        (Some(bp), Some(risk), Some(tolerable)) => format!(
            ", upper limit {}.{}% at a risk of {risk} against a tolerable {tolerable}",
            bp / 100,
            bp % 100 / 10
        ),
        _ => String::new(),
    };
    format!(
        "Sample of {} from {}: {} tested, {} deviate{limit}; it {}.",
        sample.size,
        sample.items,
        sample.tested,
        sample.deviations,
        match sample.says {
            SampleSays::NotTested => "is not tested to its end",
            SampleSays::Supports => "supports that the control operated",
            SampleSays::MayExtend | SampleSays::DoesNotSupport =>
                "does not support that the control operated",
        }
    )
}

fn of_part(part: &Part) -> String {
    let needed = match part.needed {
        None => "before the fix".to_owned(),
        Some(needed) if part.is_enough() => format!("after a fix, for which {needed} are needed"),
        Some(needed) => format!("after a fix, for which {needed} are needed and so too few"),
    };
    format!(
        "{} to {}: {}, {} of {} deviate, {} looked at {needed}.",
        part.from.date(),
        part.to.plus_micros(-1).date(),
        part.state,
        part.deviating,
        part.subjects,
        part.instances
    )
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

/// Objectives of management stand in a SOC 1, never criteria.
fn is_soc1(package: &SocPackage) -> bool {
    package.report.starts_with("SOC 1")
}

fn way(kind: DeviationKind) -> &'static str {
    if kind == DeviationKind::Attribute { "attribute not met" } else { kind.word() }
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
                text(way(deviation.kind)),
                text(&deviation.from.minute()),
                text(&deviation.until.map(Timestamp::minute).unwrap_or_default()),
                text(if deviation.waived { "yes" } else { "no" }),
                text(if deviation.note == test.test { "" } else { &deviation.note }),
                text(&joined(|finding| &finding.cause)),
                text(&joined(|finding| &finding.plan)),
            ]);
        }
    }
    let columns = [
        "Control",
        "Title",
        if is_soc1(package) { "Objectives" } else { "Criteria" },
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

/// Lists criteria or objectives in scope with the controls that serve them and what management's own tests of each show, one
/// row for each pair.
#[must_use]
pub fn control_matrix(package: &SocPackage, work: &OwnWork) -> Sheet {
    // A day shows how something is set, and neither a rhythm nor what a trigger produced.
    let is_told = |test: &OwnTest| package.is_period || test.kind == TestKind::Configuration;
    let state = |state: State| match (package.is_period, state) {
        (false, State::Operating) => "as it should be".to_owned(),
        (false, State::Deviation) => "not as it should be".to_owned(),
        (_, state) => state.to_string(),
    };
    let tested = |id: &str| {
        let of = work.tests.iter().filter(|&test| test.control == id && is_told(test)).map(|test| {
            let mut says = format!("{} ({}): {}.", capital(test.kind.word()), test.test, state(test.state));
            for sentence in test.also() {
                says.push(' ');
                says.push_str(&sentence);
            }
            says
        });
        let of = of.collect::<Vec<_>>();
        if of.is_empty() { "No test of its own.".to_owned() } else { of.join("\n") }
    };
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
                text(&tested(id)),
            ]);
        }
        for other in &criterion.others {
            let of_name = || package.subservices.iter().filter(|one| one.name == *other);
            let types: Vec<String> = of_name()
                .flat_map(|one| &one.assumed)
                .filter(|one| one.criteria.contains(&criterion.id))
                .map(|one| capital(&one.text))
                .collect();
            // What an inclusive organization does is examined, and nothing that is assumed.
            let is_examined = of_name().any(|one| one.is_inclusive);
            rows.push(vec![
                text(&criterion.id),
                text(&criterion.text),
                text(if is_examined { "run there" } else { "assumed" }),
                text(other),
                text(&types.join("; ")),
                text(""),
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
                text(""),
            ]);
        }
    }
    let columns = [
        if is_soc1(package) { "Objective" } else { "Criterion" },
        if is_soc1(package) { "Control objective" } else { "What it asks for, in our words" },
        "Control",
        "Title",
        "What is done",
        "How often",
        match package.is_period {
            true => "What management's own tests show",
            false => "What management's own tests show on that date",
        },
    ];
    Sheet {
        title: format!("{} matrix", package.engagement),
        organization: package.organization.clone(),
        at: package.generated,
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PopulationKey;
    use crate::program::sampling::{Method, Rate};

    #[test]
    fn what_a_test_says_tells_samples_limits_fixes_and_what_is_left() {
        let at = |text: &str| format!("{text}T00:00:00Z").parse::<Timestamp>().expect("a moment");
        let part = |from: &str, to: &str, deviating, instances, needed| Part {
            from: at(from),
            to: at(to),
            state: if deviating > 0 { State::Deviation } else { State::Operating },
            subjects: 40,
            deviating,
            instances,
            needed,
        };
        let test = OwnTest {
            control: "IAM-07".into(),
            kind: TestKind::Population,
            test: "leavers".into(),
            state: State::Deviation,
            subjects: 400,
            unseen: 0,
            not_selected: 307,
            tolerated: 1,
            samples: vec![SampleResult {
                population: PopulationKey(1),
                number: 1,
                method: Method::Random,
                items: 400,
                size: 93,
                tested: 93,
                deviations: 3,
                from_last_part: 19,
                risk: Rate::of_bp(500).ok(),
                tolerable: Rate::of_bp(500).ok(),
                upper_limit_bp: Some(820),
                says: SampleSays::DoesNotSupport,
            }],
            parts: vec![
                part("2026-01-01", "2026-06-01", 3, 20, None),
                part("2026-06-01", "2027-01-01", 0, 8, Some(10)),
            ],
            coverage: Some(Coverage::throughout(at("2027-01-01"), Some(at("2026-10-01")))),
            deviations: Vec::new(),
        };
        assert_eq!(
            test.also(),
            [
                "Sample of 93 from 400: 93 tested, 3 deviate, upper limit 8.2% at a risk of 5% against a tolerable 5%; \
                 it does not support that the control operated.",
                "307 items were not selected; the sample speaks for them.",
                "1 failing stretch lies within what the control tolerates.",
                "2026-01-01 to 2026-05-31: deviation, 3 of 40 deviate, 20 looked at before the fix.",
                "2026-06-01 to 2026-12-31: operating, 0 of 40 deviate, 8 looked at after a fix, for which 10 are needed \
                 and so too few.",
                "Tested until 2026-10-01 00:00 UTC; what is left until 2027-01-01 00:00 UTC is to be rolled forward over.",
            ]
        );
        let unseen = |kind, unseen| OwnTest {
            kind,
            unseen,
            subjects: 26,
            not_selected: 0,
            tolerated: 0,
            samples: Vec::new(),
            parts: Vec::new(),
            coverage: None,
            ..test.clone()
        };
        let says = "Of 26 targets, 1 stretch of time could not be seen; nothing unseen counts as operating.";
        assert_eq!(unseen(TestKind::Configuration, 1).also(), [says]);
        assert_eq!(unseen(TestKind::Occurrence, 2).also(), ["2 of 26 windows could not be seen."]);
        assert!(unseen(TestKind::Population, 0).also().is_empty());
        let json = serde_json::to_string(&test).expect("serializes");
        assert_eq!(serde_json::from_str::<OwnTest>(&json).expect("reads back"), test);
    }
}
