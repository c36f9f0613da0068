//! From an assessment and failing tests to proposed findings, with their severity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::written::{self, Origin};
use crate::conclusion::readiness::{
    AssessedControl, AssessedCriterion, Assessment, ControlStatus, CriterionStatus, MappedControl,
};
use crate::control::ControlId;
use crate::observation::Severity;

/// Most targets and subjects named in one condition; the rest is counted.
const NAMED_MAX: usize = 5;

/// A finding that a rule proposes. It becomes one when a person opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedFinding {
    /// Short title.
    pub title: String,
    /// Criteria concerned, in order of scope.
    pub criteria: Vec<String>,
    /// Control concerned; none when a criterion has no control.
    pub control: Option<ControlId>,
    /// Check that showed it, if one did.
    pub check: Option<String>,
    /// What was found.
    pub condition: String,
    /// Why it came about. Always empty in a proposal: a machine sees the condition, not its cause.
    pub cause: String,
    /// Why it matters: the effect on commitments.
    pub effect: String,
    /// What to do.
    pub recommendation: String,
    /// How much it matters.
    pub severity: Severity,
    /// Where it comes from, if a person wrote it; none where rules found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl ProposedFinding {
    /// Returns what names this finding whenever the rules find it again: what it is about, not how it stands.
    #[must_use]
    pub fn reference(&self) -> String {
        if let Some(origin) = &self.origin {
            return written::reference(origin);
        }
        match (&self.control, &self.check) {
            (Some(control), Some(check)) => format!("test.{control}.{check}"),
            (Some(control), None) => format!("control.{control}"),
            (None, _) => format!("criterion.{}", self.criteria.first().map_or("", String::as_str)),
        }
    }
}

/// A check of a control that fails on some target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingTest {
    /// Control it is a test of.
    pub control: ControlId,
    /// Check.
    pub check: String,
    /// Title of the check, worded as the passing state.
    pub title: String,
    /// Why the assertion matters.
    pub rationale: String,
    /// What to do about a failure.
    pub remediation: String,
    /// How much a failure of the check matters by itself.
    pub severity: Severity,
    /// Targets that fail.
    pub failing: Vec<FailingTarget>,
    /// Targets that pass.
    pub passing: usize,
}

/// A target that fails a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingTarget {
    /// Name for people.
    pub target: String,
    /// Subjects inside it that are not as asserted.
    pub subjects: Vec<String>,
    /// Last day of the waiver that stands beside the failure, if one does. It is a failure all the same.
    pub waived_until: Option<String>,
}

/// Proposes findings: for criteria without a control, for controls whose decided answers fall short, and for failing
/// tests of controls in scope. In order of severity, worst first. What is only not assessed is open work and no
/// finding.
#[must_use]
pub fn findings_from(assessment: &Assessment, failing: &[FailingTest]) -> Vec<ProposedFinding> {
    let unmapped =
        assessment.criteria.iter().filter(|criterion| criterion.controls.is_empty()).map(|criterion| {
            ProposedFinding {
                title: format!("No control for {}", criterion.criterion),
                criteria: vec![criterion.criterion.clone()],
                control: None,
                check: None,
                condition: "No control is mapped to the criterion.".to_owned(),
                cause: String::new(),
                effect:
                    "The criterion cannot be met, so commitments that depend on it have nothing to rest on."
                        .to_owned(),
                recommendation:
                    "Adopt or write a control that answers the risks behind the criterion, or record why the \
                             criterion is not relevant to the system."
                        .to_owned(),
                severity: Severity::Critical,
                origin: None,
            }
        });
    let mapped = Mapped::of(assessment);
    let rated = assessment.controls.iter().filter_map(|control| from_rating(&mapped, control));
    let tested = failing.iter().filter_map(|test| from_test(&mapped, test));
    let mut findings: Vec<_> = unmapped.chain(rated).chain(tested).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// Returns the severity of a control's shortfall, or none if nothing is known to be wrong.
///
/// - Critical: it is key for a criterion that is not met.
/// - High: a key control is missing or failing, and others keep the criterion above not met.
/// - Medium: evidence is short, or a secondary control is missing or does not run as designed.
/// - Low: the design of a secondary control needs tidying.
#[must_use]
pub fn severity_of(status: ControlStatus, is_key: bool, is_criterion_unmet: bool) -> Option<Severity> {
    Some(match status {
        ControlStatus::Ready | ControlStatus::NotAssessed => return None,
        ControlStatus::EvidenceWeakness => Severity::Medium,
        _ if is_key && is_criterion_unmet => Severity::Critical,
        _ if is_key => Severity::High,
        ControlStatus::DesignWeakness => Severity::Low,
        ControlStatus::Gap | ControlStatus::OperatingWeakness => Severity::Medium,
    })
}

/// The criteria of each control in scope, with whether it is key for them, and the controls: looked up once for all of
/// thousands.
struct Mapped<'a> {
    criteria: BTreeMap<&'a ControlId, Vec<(&'a AssessedCriterion, bool)>>,
    controls: BTreeMap<&'a ControlId, &'a AssessedControl>,
}

impl<'a> Mapped<'a> {
    fn of(assessment: &'a Assessment) -> Self {
        let mut criteria: BTreeMap<&ControlId, Vec<(&AssessedCriterion, bool)>> = BTreeMap::new();
        for criterion in &assessment.criteria {
            for mapped in &criterion.controls {
                criteria.entry(&mapped.control).or_default().push((criterion, mapped.is_key));
            }
        }
        let controls = assessment.controls.iter().map(|control| (&control.id, control)).collect();
        Self { criteria, controls }
    }

    fn criteria_of(&self, control: &ControlId) -> impl Iterator<Item = (&'a AssessedCriterion, bool)> {
        self.criteria.get(control).into_iter().flatten().copied()
    }
}

fn from_rating(mapped: &Mapped<'_>, control: &AssessedControl) -> Option<ProposedFinding> {
    let unmet = mapped
        .criteria_of(&control.id)
        .any(|(criterion, is_key)| is_key && criterion.status() == CriterionStatus::NotMet);
    let severity = severity_of(control.status, control.is_key, unmet)?;
    let (title, condition, recommendation) = match control.status {
        ControlStatus::Gap => (
            "is not in place",
            "The control is not designed, or no instance of it was seen.",
            "Write down who does what, when and how it is evidenced, and run it once.",
        ),
        ControlStatus::DesignWeakness => (
            "is designed in part",
            "As written, the control would not meet the criterion in full.",
            "Complete its wording: who, what, when, how evidenced, and without a conflict of duties.",
        ),
        ControlStatus::OperatingWeakness => (
            "does not run as designed",
            "Instances seen do not show that the control ran as designed, or not everywhere.",
            "Find the instances that deviate, correct the cause, and run it as designed for long enough to show it.",
        ),
        _ => (
            "cannot be shown in full",
            "Evidence is not complete, dated, attributable or retrievable, or its population cannot be produced.",
            "Keep the evidence where it arises, dated and attributable, and record how its population is produced.",
        ),
    };
    Some(ProposedFinding {
        title: format!("{} {title}", control.id),
        criteria: mapped.criteria_of(&control.id).map(|(criterion, _)| criterion.criterion.clone()).collect(),
        control: Some(control.id.clone()),
        check: None,
        condition: condition.to_owned(),
        cause: String::new(),
        effect: effect(unmet).to_owned(),
        recommendation: recommendation.to_owned(),
        severity,
        origin: None,
    })
}

fn effect(is_criterion_unmet: bool) -> &'static str {
    if is_criterion_unmet {
        "A criterion is not met, so commitments that depend on it are not supported."
    } else {
        "Commitments that depend on the control rest on other controls or on less evidence than planned."
    }
}

/// A failing test matters as the control does, and never more than the check does by itself. A criterion is taken to
/// be unmet if the check passes nowhere and no other key control of the criterion is ready.
fn from_test(mapped: &Mapped<'_>, test: &FailingTest) -> Option<ProposedFinding> {
    let control = mapped.controls.get(&test.control)?;
    if test.failing.is_empty() {
        return None;
    }
    let status = if test.passing == 0 { ControlStatus::Gap } else { ControlStatus::OperatingWeakness };
    let alone = |criterion: &AssessedCriterion| {
        let other = |one: &&MappedControl| one.is_key && one.control != test.control;
        !criterion.controls.iter().filter(other).any(|one| one.status == ControlStatus::Ready)
    };
    let unmet = test.passing == 0
        && mapped.criteria_of(&test.control).any(|(criterion, is_key)| is_key && alone(criterion));
    let severity = severity_of(status, control.is_key, unmet)?.min(test.severity);
    let seen = test.failing.len() + test.passing;
    let targets = named(test.failing.iter().map(|failing| {
        let mut text = failing.target.clone();
        if !failing.subjects.is_empty() {
            text.push_str(&format!(" ({})", named(failing.subjects.iter().cloned())));
        }
        if let Some(until) = &failing.waived_until {
            text.push_str(&format!(" [waived until {until}]"));
        }
        text
    }));
    let waived = test.failing.iter().filter(|failing| failing.waived_until.is_some()).count();
    let waived = if waived == 0 { String::new() } else { format!(" {waived} of them under a waiver.") };
    Some(ProposedFinding {
        title: format!("Test fails: {}", test.title),
        criteria: mapped
            .criteria_of(&test.control)
            .map(|(criterion, _)| criterion.criterion.clone())
            .collect(),
        control: Some(test.control.clone()),
        check: Some(test.check.clone()),
        condition: format!("{} of {seen} targets seen fail: {targets}.{waived}", test.failing.len()),
        cause: String::new(),
        effect: test.rationale.clone(),
        recommendation: test.remediation.clone(),
        severity,
        origin: None,
    })
}

fn named(names: impl Iterator<Item = String>) -> String {
    let names: Vec<_> = names.collect();
    let shown = names.len().min(NAMED_MAX);
    let mut text = names[..shown].join(", ");
    if names.len() > shown {
        text.push_str(&format!(" and {} more", names.len() - shown));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Timestamp;
    use crate::conclusion::readiness::{Answer, ControlInput, Decision, Question, Rating, TargetType};
    use crate::control::CriterionMapping;
    use crate::id::ActorId;

    fn person(number: u128) -> ActorId {
        ActorId(uuid::Uuid::from_u128(number))
    }

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn control(id: &str, answers: [Answer; 4], criteria: &[(&str, bool)]) -> ControlInput {
        let decisions = Question::ALL.into_iter().zip(answers).map(|(question, answer)| {
            Decision::new(question, answer, person(1), moment(1), "looked").expect("has a reason")
        });
        ControlInput {
            id: id.parse().expect("id"),
            rating: Rating::of(decisions),
            target: TargetType::Type2 { occurrences: 4 },
            criteria: criteria
                .iter()
                .map(|&(criterion, is_key)| CriterionMapping {
                    framework: "f".into(),
                    criterion: criterion.into(),
                    is_key,
                })
                .collect(),
        }
    }

    fn assess(criteria: &[&str], controls: &[ControlInput]) -> Assessment {
        Assessment::of("f", criteria.iter().copied(), controls, &BTreeMap::new())
    }

    fn failing(control: &str, severity: Severity, failing: usize, passing: usize) -> FailingTest {
        FailingTest {
            control: control.parse().expect("id"),
            check: "ssh-root-login-disabled".into(),
            title: "root cannot log in over SSH".into(),
            rationale: "shared accounts hide who acted".into(),
            remediation: "set PermitRootLogin no".into(),
            severity,
            failing: (0..failing)
                .map(|host| FailingTarget {
                    target: format!("host-{host}"),
                    subjects: vec!["root".into()],
                    waived_until: None,
                })
                .collect(),
            passing,
        }
    }

    const YES: [Answer; 4] = [Answer::Yes; 4];
    const OPEN: [Answer; 4] = [Answer::NotAssessed; 4];

    #[test]
    fn severity_follows_what_depends_on_the_control() {
        use Answer::{No, Partly, Yes};
        let summary = |criteria: &[&str], controls: &[ControlInput]| {
            findings_from(&assess(criteria, controls), &[])
                .into_iter()
                .map(|finding| format!("{} {}", finding.severity.word(), finding.title))
                .collect::<Vec<_>>()
        };
        let ready = || control("A", YES, &[("X", true)]);
        assert_eq!(summary(&["X"], &[ready()]), Vec::<String>::new());
        assert_eq!(summary(&["X"], &[control("B", OPEN, &[("X", true)])]), Vec::<String>::new());
        assert_eq!(summary(&["X"], &[]), ["critical No control for X"]);
        let gap = |is_key| control("B", [No, Yes, Yes, Yes], &[("X", is_key)]);
        assert_eq!(summary(&["X"], &[gap(true)]), ["critical B is not in place"]);
        assert_eq!(summary(&["X"], &[ready(), gap(true)]), ["high B is not in place"]);
        assert_eq!(summary(&["X"], &[ready(), gap(false)]), ["medium B is not in place"]);
        let evidence = control("B", [Yes, Yes, Yes, Partly], &[("X", true)]);
        assert_eq!(summary(&["X"], &[evidence]), ["medium B cannot be shown in full"]);
        let wording = control("B", [Partly, Yes, Yes, Yes], &[("X", false)]);
        assert_eq!(summary(&["X"], &[ready(), wording]), ["low B is designed in part"]);
    }

    #[test]
    fn a_failing_test_proposes_a_finding_without_a_cause() {
        let assessment = assess(&["X", "Y"], &[control("IAM-01", OPEN, &[("X", true), ("Y", false)])]);
        let findings = findings_from(&assessment, &[failing("IAM-01", Severity::Critical, 7, 1)]);
        let [finding] = findings.as_slice() else { panic!("one finding: {findings:?}") };
        assert_eq!(finding.criteria, ["X", "Y"]);
        assert_eq!(
            finding.condition,
            "7 of 8 targets seen fail: host-0 (root), host-1 (root), host-2 (root), host-3 (root), host-4 (root) and 2 more."
        );
        let mut waived = failing("IAM-01", Severity::Critical, 2, 0);
        waived.failing[1].waived_until = Some("2027-03-31".into());
        let with_waiver = findings_from(&assessment, &[waived]);
        assert_eq!(
            with_waiver[0].condition,
            "2 of 2 targets seen fail: host-0 (root), host-1 (root) [waived until 2027-03-31]. 1 of them under a waiver."
        );
        assert_eq!(with_waiver[0].severity, Severity::Critical, "a waiver takes nothing away");
        assert_eq!(finding.cause, "");
        assert_eq!(finding.recommendation, "set PermitRootLogin no");
        assert_eq!(finding.severity, Severity::High, "it passes somewhere");
        let severity = |severity, failing_targets, passing| {
            let test = failing("IAM-01", severity, failing_targets, passing);
            findings_from(&assessment, &[test]).first().map(|finding| finding.severity)
        };
        assert_eq!(severity(Severity::Critical, 2, 0), Some(Severity::Critical));
        assert_eq!(severity(Severity::Low, 2, 0), Some(Severity::Low), "never more than the check by itself");
        assert_eq!(severity(Severity::High, 0, 2), None);
        let elsewhere = failing("NET-01", Severity::High, 1, 0);
        assert!(findings_from(&assessment, &[elsewhere]).is_empty(), "the control is not in scope");
    }
}
