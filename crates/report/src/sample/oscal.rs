//! What an exchange in OSCAL about the sample company is made from, and its letters.

use tickmark_core::Digest;
use tickmark_core::conclusion::FindingState;
use tickmark_core::conclusion::period::{DeviationKind, State, TestKind};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::completion::{BridgeItem, BridgeLetter, Letter, Received};
use tickmark_core::observation::Severity;
use tickmark_core::report::own_work::{OwnDeviation, OwnFinding, OwnTest, OwnWork};
use tickmark_core::report::readiness::DocumentStatus;
use tickmark_core::report::writing::{self, LetterFrame};
use tickmark_core::report::{OscalModel, SocPackage, Writing};
use tickmark_core::time::DAY_US;

use super::{package, readiness};

/// Returns management's own tests and findings, with one of each kind.
#[must_use]
pub fn own_work() -> OwnWork {
    let report = readiness();
    let from = report.generated.plus_micros(-200 * DAY_US);
    let test = |control: &str, kind, test: &str, state, deviations: Vec<OwnDeviation>| OwnTest {
        control: control.to_owned(),
        kind,
        test: test.to_owned(),
        state,
        subjects: 25,
        unseen: usize::from(state == State::Unknown),
        not_selected: 0,
        tolerated: 0,
        samples: Vec::new(),
        parts: Vec::new(),
        coverage: None,
        deviations,
    };
    let left = |subject: &str, until| OwnDeviation {
        subject: subject.to_owned(),
        kind: DeviationKind::Attribute,
        from: from.plus_micros(DAY_US),
        until,
        waived: false,
        note: "removed after nine days".into(),
    };
    OwnWork {
        from,
        to: from.plus_micros(365 * DAY_US),
        tests: vec![
            test("IAM-07", TestKind::Occurrence, "quarterly", State::Operating, Vec::new()),
            test("NET-01", TestKind::Configuration, "firewall-default-deny", State::Unknown, Vec::new()),
            test(
                "IAM-07",
                TestKind::Population,
                "leavers",
                State::Deviation,
                vec![left("leaver 0017", Some(from.plus_micros(10 * DAY_US))), left("leaver 0021", None)],
            ),
        ],
        findings: vec![OwnFinding {
            reference: "test.IAM-07.leavers".into(),
            title: "Leavers keep accounts".into(),
            criteria: report.controls.iter().find(|one| one.id == "IAM-07").map_or_else(Vec::new, |one| {
                one.criteria.iter().map(|criterion| criterion.id.clone()).collect()
            }),
            control: Some("IAM-07".into()),
            condition: "Two of 25 leavers kept an account for nine days.".into(),
            cause: "Payroll told nobody.".into(),
            effect: "Somebody who left could read customers' data.".into(),
            recommendation: "Take leavers from payroll each night.".into(),
            severity: Severity::High,
            opened: from.plus_micros(20 * DAY_US),
            due: Some("2027-01-31".into()),
            plan: "The directory takes leavers from payroll each night.".into(),
            state: FindingState::Open,
        }],
    }
}

/// Returns the whole.
#[must_use]
pub fn oscal() -> OscalModel {
    OscalModel { package: package(), work: own_work() }
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn frame(package: &SocPackage) -> LetterFrame<'_> {
    LetterFrame { package, status: DocumentStatus::ManagementDraft, signed: Vec::new() }
}

/// Returns a representation letter.
#[must_use]
pub fn representation() -> Writing {
    let letter = Letter {
        to: "Example Auditors LLP".into(),
        text: "We confirm the following.\n\nWe gave you all records that we know to matter.".into(),
        signatory: "Grace Example".into(),
        title: "Chief executive".into(),
    };
    writing::representation(frame(&package()), &letter, Some(day("2027-03-01")))
}

/// Returns a bridge letter.
#[must_use]
pub fn bridge_letter() -> Writing {
    let item = |reference: &str, on: &str, says: &str, is_incident| BridgeItem {
        day: day(on),
        reference: reference.into(),
        says: says.into(),
        is_incident,
        left_out: String::new(),
    };
    let letter = BridgeLetter {
        to: day("2027-03-15"),
        items: vec![
            item(
                "control IAM-07",
                "2027-02-01",
                "Control IAM-07: its text changed (version 3): contractors are in",
                false,
            ),
            item("event 1", "2027-02-20", "Mail was down for an hour. No customer data was touched.", true),
        ],
        changes: String::new(),
        incidents: String::new(),
        next: "The next period began on 2027-01-01; its report is expected in March 2028.".into(),
        signatory: "Grace Example".into(),
        title: "Chief executive".into(),
    };
    let received = Received {
        firm: "Example Auditors LLP".into(),
        day: day("2027-03-01"),
        file: "report.pdf".into(),
        digest: Digest::of(b"a signed file"),
        kept: None,
        by: "00000000-0000-7000-8000-000000000001".parse().expect("an id"),
        at: readiness().generated,
    };
    writing::bridge(frame(&package()), &letter, Some(&received), day("2026-12-31"), Some(day("2027-03-16")))
}
