//! Management's part of a SOC 2 Type 2 report about the sample company.

use tickmark_core::Digest;
use tickmark_core::report::SocPackage;
use tickmark_core::report::package::{
    AssertionPart, ControlChange, ControlPart, CriterionPart, DescriptionPart, EarlierText, EventPart,
    Expected, Met, PACKAGE_SCHEMA, PassagePart, Promised, Reasoned, Response, SectionPart, SignedBy,
    SubservicePart,
};
use tickmark_core::report::readiness::DocumentStatus;

use super::readiness;

pub(super) fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn signed(steps: &[(&str, &str)]) -> Vec<SignedBy> {
    let at = readiness().generated;
    let one =
        |(step, name): &(&str, &str)| SignedBy { step: (*step).to_owned(), name: (*name).to_owned(), at };
    steps.iter().map(one).collect()
}

/// Returns a package with something in every part.
#[must_use]
pub fn package() -> SocPackage {
    let report = readiness();
    let passage = |part: &str, title: &str, criterion: &str, paragraphs: &[&str]| PassagePart {
        part: part.to_owned(),
        title: title.to_owned(),
        criterion: criterion.to_owned(),
        paragraphs: texts(paragraphs),
        none: false,
        needed: true,
    };
    let parts = vec![
        passage(
            "services",
            "Services provided",
            "DC 1",
            &[
                "Payroll for companies of up to 2,000 people.",
                "Billing of customers is not part of the system.",
            ],
        ),
        PassagePart {
            needed: false,
            ..passage("commitments", "Principal service commitments and system requirements", "DC 2", &[])
        },
        passage(
            "infrastructure",
            "Infrastructure",
            "DC 3",
            &["Virtual machines in two regions of one cloud."],
        ),
        passage("data", "Data", "DC 3", &["Wages, names and bank accounts of customers' staff."]),
        PassagePart { none: true, ..passage("incidents", "System incidents", "DC 4", &[]) },
        PassagePart {
            needed: false,
            ..passage("user_entities", "Controls and responsibilities of user entities", "DC 6", &[])
        },
        PassagePart { needed: false, ..passage("subservices", "Subservice organizations", "DC 7", &[]) },
        passage(
            "changes",
            "Significant changes during the period",
            "DC 9",
            &["The queue was replaced in May."],
        ),
    ];
    SocPackage {
        schema: PACKAGE_SCHEMA.to_owned(),
        engagement: "E-1".into(),
        report: "SOC 2 Type 2".into(),
        is_period: true,
        time: "throughout the period 2026-01-01 to 2026-12-31".into(),
        status: DocumentStatus::ManagementDraft,
        version: "7".into(),
        author: "Ada Byron".into(),
        generated: report.generated,
        cut_off: report.cut_off,
        generator: report.generator.clone(),
        organization: report.organization.name.clone(),
        system: report.system.name.clone(),
        is_example: true,
        firm: "Example Auditors LLP".into(),
        assertion_first: false,
        section: None,
        services: texts(&["Payroll", "Reports to authorities"]),
        boundary: "From the web form to the payment file that the bank takes.".into(),
        outside: texts(&["The customer's own time recording"]),
        categories: vec![Reasoned {
            id: "security".into(),
            title: "Security".into(),
            reason: "customers ask".into(),
        }],
        open: texts(&["Nobody has approved the description."]),
        assertion: Some(AssertionPart {
            paragraphs: texts(&[
                "We, the management, are responsible for the system.",
                "We assert that its controls operated effectively.",
            ]),
            signatory: "Grace Example".into(),
            title: "Chief executive".into(),
            status: DocumentStatus::FinalManagement,
            signed: signed(&[
                ("prepared", "Ada Byron"),
                ("reviewed", "Robin Example"),
                ("approved", "Grace Example"),
            ]),
        }),
        description: Some(DescriptionPart {
            parts,
            processes: Vec::new(),
            figures: Vec::new(),
            status: DocumentStatus::ManagementDraft,
            signed: signed(&[("prepared", "Ada Byron"), ("reviewed", "Robin Example")]),
        }),
        commitments: vec![Promised {
            id: "SC-1".into(),
            kind: "Service commitment".into(),
            statement: "The service answers 99.5 % of each month.".into(),
            source: "Terms of service, section 4".into(),
            criteria: texts(&["A1.2"]),
        }],
        subservices: vec![SubservicePart {
            name: "Cloud Example".into(),
            service: "Hosting of virtual machines and storage".into(),
            method: "Carve-out".into(),
            assumed: vec![Expected {
                text: "Access to the data centers is limited to those who need it.".into(),
                criteria: texts(&["CC6.4"]),
            }],
            monitoring: texts(&["VEN-02"]),
            parts: String::new(),
            is_inclusive: false,
            expects: vec![Met {
                text: "Customers review who may use the console.".into(),
                controls: texts(&["IAM-05"]),
            }],
        }],
        user_controls: Vec::new(),
        responsibilities: vec![Expected {
            text: "Customers tell us who may use the system.".into(),
            criteria: texts(&["CC6.2"]),
        }],
        excluded: vec![Reasoned {
            id: "CC6.4".into(),
            title: "Physical access is restricted".into(),
            reason: "There are no premises of our own.".into(),
        }],
        criteria: report
            .criteria
            .iter()
            .map(|one| CriterionPart {
                id: one.id.clone(),
                text: one.title.clone(),
                group: one.series.clone(),
                controls: one.controls.iter().map(|control| control.id.clone()).collect(),
                others: Vec::new(),
                assertions: Vec::new(),
                transactions: Vec::new(),
            })
            .collect(),
        controls: report
            .controls
            .iter()
            .map(|one| ControlPart {
                id: one.id.clone(),
                title: one.title.clone(),
                statement: one.statement.clone(),
                frequency: one.frequency.clone(),
                nature: "performed by people".into(),
                criteria: one.criteria.iter().map(|criterion| criterion.id.clone()).collect(),
                version: 2,
                earlier: earlier(&one.id),
                tests: Vec::new(),
            })
            .collect(),
        changes: vec![ControlChange {
            control: "NET-01".into(),
            at: report.generated,
            what: "its text changed (version 2): IPv6 is in".into(),
        }],
        confirmed: None,
        responses: vec![Response {
            finding: "0199".into(),
            controls: texts(&["IAM-07"]),
            condition: "Two of 25 leavers kept an account for nine days.".into(),
            response: "The directory takes leavers from payroll each night.".into(),
            plan: "Payroll tells the directory of contractors too.".into(),
            due: "2027-03-31".into(),
            state: "fixed, not verified".into(),
        }],
        events: vec![EventPart {
            number: 1,
            day: "2027-01-12".into(),
            kind: "Loss or change of a key vendor".into(),
            what: "The mail provider was changed".into(),
            effect: "Notices to customers leave through another relay.".into(),
        }],
    }
}

/// The one control of the sample whose text changed in the period.
fn earlier(id: &str) -> Vec<EarlierText> {
    let said = || EarlierText {
        version: 1,
        title: "Firewall rules".into(),
        statement: "Rules for IPv4 are reviewed each quarter.".into(),
        until: "2026-07-01".into(),
    };
    if id == "NET-01" { vec![said()] } else { Vec::new() }
}

/// Returns what a package says of the signed file whose bytes these are.
#[must_use]
pub fn section(signed: &[u8]) -> SectionPart {
    SectionPart {
        name: "Section I, signed.pdf".into(),
        digest: Digest::of(signed),
        size: Some(signed.len() as u64),
        firm: "Example Auditors LLP".into(),
        dated: "2027-02-10".into(),
        by: "Audrey Example".into(),
        at: readiness().generated,
    }
}

/// Returns the sample with `count` controls, for measuring.
#[must_use]
pub fn package_with_controls(count: usize) -> SocPackage {
    let mut package = package();
    let known = std::mem::take(&mut package.controls);
    package.controls = known
        .iter()
        .cycle()
        .take(count)
        .enumerate()
        .map(|(number, control)| ControlPart { id: format!("{}-{number}", control.id), ..control.clone() })
        .collect();
    package
}
