//! Reviews and roadmap of the sample.

use tickmark_core::report::readiness::{
    Citation, CommitmentRow, CuecRow, DescriptionRow, EvidenceReadinessRow, Level, Roadmap, RoadmapStep,
    SubserviceMethod, SubserviceRow,
};

use super::{DAY, moment};

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

pub(super) fn subservice() -> Vec<SubserviceRow> {
    vec![
        SubserviceRow {
            name: "Example Hosting B.V.".into(),
            services: "Virtual machines, block storage and network in two regions".into(),
            method: SubserviceMethod::CarveOut,
            assumed_controls: words(&["Physical access to data centers", "Disposal of storage media"]),
            criteria: words(&["CC6.4", "CC6.5", "A1.2"]),
            monitored_by: words(&["PHY-02"]),
            level: Level::Partly,
            note: "The latest report of the provider was filed but its complementary controls were not compared with \
                   ours."
                .into(),
        },
        SubserviceRow {
            name: "Example Mail Ltd".into(),
            services: "Delivery of notices that payslips are ready".into(),
            method: SubserviceMethod::Undecided,
            assumed_controls: Vec::new(),
            criteria: words(&["CC9.2"]),
            monitored_by: Vec::new(),
            level: Level::Missing,
            note: "Decide on carve-out or inclusive, and name the control that monitors it.".into(),
        },
    ]
}

pub(super) fn cuecs() -> Vec<CuecRow> {
    vec![CuecRow {
        reference: "UE-1".into(),
        statement: "Employers approve each payroll run before payment files are released.".into(),
        criteria: words(&["PI1.2", "PI1.4"]),
        level: Level::Partly,
    }]
}

pub(super) fn commitments() -> Vec<CommitmentRow> {
    let row = |reference: &str, statement: &str, criteria: &[&str], level| CommitmentRow {
        reference: reference.into(),
        statement: statement.into(),
        source: "Terms of service, 2026-05".into(),
        criteria: words(criteria),
        level,
    };
    vec![
        row(
            "PC-1",
            "Payroll data is visible only to the employer it belongs to.",
            &["CC6.1", "C1.1"],
            Level::Ready,
        ),
        row(
            "PC-2",
            "After a disaster the service is back within eight hours.",
            &["A1.2", "A1.3"],
            Level::Partly,
        ),
        row(
            "PC-3",
            "Wages are calculated by the rules that were in force on the pay day.",
            &["PI1.3"],
            Level::NotAssessed,
        ),
    ]
}

pub(super) fn description() -> Vec<DescriptionRow> {
    [
        ("DC 1", "Services provided", Level::Ready, "Written and approved."),
        (
            "DC 2",
            "Principal service commitments and system requirements",
            Level::Partly,
            "Commitments are listed; requirements are not.",
        ),
        (
            "DC 3",
            "Components of the system",
            Level::Partly,
            "Infrastructure and software; people and data are missing.",
        ),
        (
            "DC 4",
            "Incidents that mattered",
            Level::Ready,
            "None in the last twelve months; checked against the incident register.",
        ),
        (
            "DC 5",
            "Criteria and the controls that meet them",
            Level::Partly,
            "Taken from the control register.",
        ),
        ("DC 6", "Complementary user entity controls", Level::Partly, "One is written down."),
        ("DC 7", "Subservice organizations", Level::Missing, "Method undecided for one of two."),
        ("DC 8", "Criteria that do not apply", Level::Ready, "None."),
        (
            "DC 9",
            "Changes during the period",
            Level::NotAssessed,
            "Only for Type 2; written at the end of the period.",
        ),
    ]
    .map(|(id, title, level, note)| DescriptionRow {
        id: id.into(),
        title: title.into(),
        level,
        note: note.into(),
    })
    .into()
}

pub(super) fn evidence_readiness() -> Vec<EvidenceReadinessRow> {
    let row = |subject: &str, controls: &[&str], levels: [Level; 3], note: &str| EvidenceReadinessRow {
        subject: subject.into(),
        controls: words(controls),
        population: levels[0],
        ipe: levels[1],
        retrievable: levels[2],
        note: note.into(),
        cites: vec![Citation::rows("populations", subject)],
    };
    vec![
        row(
            "All production deployments",
            &["CHG-01", "CHG-02"],
            [Level::Ready, Level::Partly, Level::Ready],
            "The pipeline's list is not compared with what runs.",
        ),
        row(
            "All leavers with last day",
            &["IAM-05"],
            [Level::Partly, Level::Missing, Level::Partly],
            "The list is kept by hand.",
        ),
        row("Host configuration", &["NET-01", "VUL-01"], [Level::Ready, Level::Ready, Level::Ready], ""),
        row("Incidents", &["INC-02"], [Level::Ready, Level::NotAssessed, Level::Ready], ""),
    ]
}

pub(super) fn roadmap() -> Roadmap {
    let step = |days: i64, what: &str, owner: &str, findings: &[&str]| RoadmapStep {
        when: format!("by {}", moment(days * DAY).date()),
        what: what.into(),
        owner: (!owner.is_empty()).then(|| owner.into()),
        findings: words(findings),
    };
    Roadmap {
        steps: vec![
            step(7, "Close the database port and load the rule set for both address families.", "Platform lead", &["F-01"]),
            step(10, "Install waiting security updates and remove the pin.", "Platform lead", &["F-03"]),
            step(30, "First restore test with a measured time.", "Platform lead", &["F-02"]),
            step(45, "First access review with a record.", "", &["F-04"]),
            step(90, "Rate all controls again; freeze the description.", "Compliance lead", &["F-05"]),
        ],
        earliest_period_start: Some("2027-03-01".into()),
        reason: "By then every control in scope has been designed, put in place and has produced evidence once, if the \
                 steps above keep their dates."
            .into(),
        cites: vec![Citation::rows("roadmap", "5 steps"), Citation::rows("findings", "state open")],
    }
}
