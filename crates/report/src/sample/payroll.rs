//! Management's part of a SOC 1 Type 2 report about the sample company: payroll, with its pay run step by step.

use tickmark_core::Digest;
use tickmark_core::report::package::{
    ControlPart, CriterionPart, DescriptionPart, FigurePart, PassagePart, ProcessPart, StepPart, TestPart,
};
use tickmark_core::report::{Files, SocPackage};

use super::package::{package, texts};

/// The picture in the description.
const SYSTEM: &[u8] = include_bytes!("system.png");

/// Objectives of the payroll service with the controls for each.
const OBJECTIVES: [(&str, &str, &[&str]); 5] = [
    (
        "CO-02",
        "payroll input received from clients is authorized, complete, accurate and processed once.",
        &["FR-03", "FR-04", "FR-05"],
    ),
    (
        "CO-04",
        "gross pay, overtime, leave and other earnings are calculated accurately under client rules.",
        &["FR-09", "FR-10"],
    ),
    (
        "CO-07",
        "net pay is paid to the right people, in the right amount, on time, and once.",
        &["FR-15", "FR-16"],
    ),
    (
        "CO-10",
        "rejected or wrong items are found, corrected and processed again in the right period.",
        &["FR-21"],
    ),
    (
        "CO-11",
        "registers, payslips and journals are complete, accurate, timely and go only to authorized people.",
        &["FR-22"],
    ),
];

/// Controls with title, statement and frequency.
const CONTROLS: [(&str, &str, &str, &str); 9] = [
    (
        "FR-03",
        "Authorized submitter",
        "Only client users authorized by the client can submit or approve input.",
        "whenever it occurs",
    ),
    (
        "FR-04",
        "Input validation",
        "The system checks required fields, formats, ranges, duplicates and known employees, and rejects failures.",
        "continuously",
    ),
    (
        "FR-05",
        "Control totals",
        "Record counts and hours totals received are matched to what the client submitted before calculation.",
        "whenever it occurs",
    ),
    (
        "FR-09",
        "Automated calculation",
        "Earnings are calculated by the system from approved rates and rules.",
        "continuously",
    ),
    (
        "FR-10",
        "Variance review",
        "A specialist reviews gross pay variances over set limits against the previous run and resolves them before release.",
        "whenever it occurs",
    ),
    (
        "FR-15",
        "Payment file approval",
        "Payment files need two approvers who did not prepare them.",
        "whenever it occurs",
    ),
    (
        "FR-16",
        "Payment reconciliation",
        "Totals of net pay, payment file and bank confirmation are reconciled the next business day.",
        "whenever it occurs",
    ),
    (
        "FR-21",
        "Exception queue",
        "Rejected items are held in a queue, assigned, and cleared before the run is closed.",
        "whenever it occurs",
    ),
    (
        "FR-22",
        "Output review",
        "Registers are checked for completeness before release; delivery is limited to authorized client users.",
        "whenever it occurs",
    ),
];

/// Steps of the pay run: kind, what, who, system, in, out, controls, objectives.
type Step = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const PAY_RUN: [Step; 8] = [
    (
        "Initiate",
        "The client enters hours, absences and one-off payments by the cut-off day, or sends them as a file.",
        "Client's payroll user",
        "Web form",
        "Time sheets",
        "Submitted input",
        &["FR-03"],
        "CO-02",
    ),
    (
        "Authorize",
        "A second user of the client approves the submission; nothing is calculated before.",
        "Client's approver",
        "Web form",
        "Submitted input",
        "Approved input",
        &["FR-03"],
        "CO-02",
    ),
    (
        "Record",
        "The import checks each record and writes accepted ones to the pay period; counts and hours are matched to the submission.",
        "System; payroll operations",
        "Import service",
        "Approved input",
        "Recorded input, list of rejects",
        &["FR-04", "FR-05"],
        "CO-02",
    ),
    (
        "Correct",
        "Rejected records wait in a queue. Operations ask the client, who corrects and submits them again in the same period.",
        "Payroll operations; client",
        "Exception queue",
        "List of rejects",
        "Corrected input",
        &["FR-21"],
        "CO-10",
    ),
    (
        "Process",
        "Gross pay, deductions and net pay are calculated from the rates and rules in force on the pay day.",
        "System",
        "Calculation engine",
        "Recorded input, rates",
        "Calculated pay",
        &["FR-09"],
        "CO-04",
    ),
    (
        "Process",
        "A specialist looks through variances over the limits, resolves them and releases the run.",
        "Payroll specialist",
        "Variance report",
        "Calculated pay",
        "Released run",
        &["FR-10"],
        "CO-04",
    ),
    (
        "Process",
        "The payment file is made, approved by two people and sent to the bank; totals are reconciled on the next business day.",
        "Treasury",
        "Payment service; bank",
        "Released run",
        "Payment file, bank confirmation",
        &["FR-15", "FR-16"],
        "CO-07",
    ),
    (
        "Report",
        "Registers, payslips and the journal are checked for completeness and put where the client's authorized users take them.",
        "Payroll operations",
        "Client portal",
        "Released run",
        "Register, payslips, journal",
        &["FR-22"],
        "CO-11",
    ),
];

fn steps(of: &[Step]) -> Vec<StepPart> {
    let step = |(place, step): (usize, &Step)| {
        let (act, what, who, system, input, output, controls, objective) = *step;
        StepPart {
            number: place + 1,
            act: act.into(),
            what: what.into(),
            who: who.into(),
            system: system.into(),
            input: input.into(),
            output: output.into(),
            controls: texts(controls),
            objectives: texts(&[objective]),
        }
    };
    of.iter().enumerate().map(step).collect()
}

/// Returns the package, with something of a SOC 1 in every part.
#[must_use]
pub fn payroll() -> SocPackage {
    let sample = package();
    let passage = |part: &str, title: &str, paragraphs: &[&str]| PassagePart {
        part: part.to_owned(),
        title: title.to_owned(),
        criterion: String::new(),
        paragraphs: texts(paragraphs),
        none: false,
        needed: true,
    };
    let pay_run = ProcessPart {
        name: "Pay run".into(),
        paragraphs: texts(&[
            "Each client runs its payroll once a month, some every two weeks. The run begins with the client's input and ends \
             when registers and payslips are delivered and the payments are confirmed by the bank.",
            "What is not a transaction, such as a new rate of a tax, is captured by the maintenance of rates and is not part \
             of this process.",
        ]),
        steps: steps(&PAY_RUN),
    };
    let corrections = ProcessPart {
        name: "Correction after pay day".into(),
        paragraphs: texts(&[
            "An error that is found after pay day is corrected in the next run, or in a run of its own.",
        ]),
        steps: steps(&[PAY_RUN[3], PAY_RUN[5], PAY_RUN[7]]),
    };
    let description = DescriptionPart {
        parts: vec![
            passage("services", "Services provided", &["Payroll for companies of up to 2,000 people."]),
            passage("transactions", "Transactions, from initiation to reporting", &[]),
            passage("data", "Data", &["Registers and journals of each run are kept for ten years."]),
        ],
        processes: vec![pay_run, corrections],
        figures: vec![figure()],
        ..sample.description.clone().expect("the sample has a description")
    };
    let control = |(id, title, statement, frequency): &(&str, &str, &str, &str)| ControlPart {
        id: (*id).into(),
        title: (*title).into(),
        statement: (*statement).into(),
        frequency: (*frequency).into(),
        nature: "performed by people and systems".into(),
        criteria: OBJECTIVES
            .iter()
            .filter(|(_, _, controls)| controls.contains(id))
            .map(|(objective, ..)| (*objective).to_owned())
            .collect(),
        version: 1,
        earlier: Vec::new(),
        tests: Vec::new(),
    };
    let mut controls: Vec<ControlPart> = CONTROLS.iter().map(control).collect();
    controls[2].tests = vec![TestPart {
        workpaper: "WP-3".into(),
        nature: "Inspection".into(),
        procedure: "For 25 pay runs, inspected that counts and hours were matched before calculation.".into(),
        result: "No exceptions noted.".into(),
        counts: None,
    }];
    SocPackage {
        report: "SOC 1 Type 2".into(),
        categories: Vec::new(),
        commitments: Vec::new(),
        excluded: Vec::new(),
        description: Some(description),
        criteria: OBJECTIVES
            .iter()
            .map(|(id, statement, controls)| CriterionPart {
                id: (*id).into(),
                text: format!("Controls provide reasonable assurance that {statement}"),
                group: "Business process objectives".into(),
                controls: texts(controls),
                others: Vec::new(),
                assertions: texts(&["accuracy", "completeness"]),
                transactions: texts(&["wages"]),
            })
            .collect(),
        controls,
        changes: Vec::new(),
        responses: Vec::new(),
        events: Vec::new(),
        ..sample
    }
}

fn figure() -> FigurePart {
    FigurePart {
        number: 1,
        caption: "The payroll system and its boundary".into(),
        alternative: "Customers send input to the web form, which starts the pay run. Form and pay run write to one database. \
                      Payment files go from the database to the bank. Form, pay run and database are inside the boundary."
            .into(),
        media_type: "image/png".into(),
        digest: Digest::of(SYSTEM),
        width: 960,
        height: 400,
    }
}

/// Returns the files that the package names.
#[must_use]
pub fn payroll_files() -> Files {
    Files::from([(Digest::of(SYSTEM), SYSTEM.to_vec())])
}
