//! A clearly fictional company, for tests, benchmarks and the eye.
//!
//! Nothing here is random: the same call gives the same model.

mod assessment;
mod checks;
mod controls;
mod criteria;
mod oscal;
mod package;
mod payroll;
mod program;
mod testing;

use tickmark_core::report::readiness::{
    Citation, DocumentStatus, ExcludedCriterion, Figure, Organization, ReadinessReport, SCHEMA, Scope,
    SystemSummary, TargetType,
};
use tickmark_core::{Digest, Timestamp};

pub use oscal::{bridge_letter, oscal, own_work, representation};
pub use package::{package, package_with_controls, section};
pub use payroll::{payroll, payroll_files};

/// Moment at which the sample is frozen: 2026-11-24 14:45 UTC.
const NOW: i64 = 1_795_531_500;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Returns the sample: three hosts, 53 controls, 61 criteria.
#[must_use]
pub fn readiness() -> ReadinessReport {
    readiness_of(&["app-1.harbor.example", "db-1.harbor.example", "edge-1.harbor.example"])
}

/// Returns the sample with `count` hosts, for measuring.
#[must_use]
pub fn readiness_with_hosts(count: usize) -> ReadinessReport {
    let names: Vec<String> = (1..=count).map(|n| format!("node-{n:03}.harbor.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    readiness_of(&names)
}

fn readiness_of(hosts: &[&str]) -> ReadinessReport {
    let checks = testing::checks(hosts);
    let gaps = testing::gaps(hosts);
    let controls = assessment::controls(&checks);
    let criteria = assessment::criteria(&controls);
    let findings = assessment::findings();
    let summary = assessment::summary(&criteria, &controls, &findings, &gaps);
    ReadinessReport {
        schema: SCHEMA.into(),
        status: DocumentStatus::WorkingDraft,
        version: "3".into(),
        author: "Ines Okafor, compliance lead".into(),
        generated: moment(0),
        cut_off: moment(-600),
        generator: "Tickmark 0.1.0".into(),
        organization: Organization { name: "Example Harbor Payroll, Inc.".into() },
        system: SystemSummary {
            name: "Harbor Payroll Cloud".into(),
            description: "A web application and programming interface with which employers run payroll for their \
                          staff: time data in, payslips, payments and filings out. It runs on virtual machines in \
                          two regions of one hosting provider, with a PostgreSQL database in each."
                .into(),
            boundary: "Production application, its database, the edge proxies, the deployment pipeline, and the \
                       people who build and operate them."
                .into(),
        },
        purpose: "Management wants to know how far the system is from an examination of its controls, what to mend \
                  first, and from which day an observation period would make sense."
            .into(),
        basis: "Self-assessment by the compliance lead with the control owners. Configuration was tested by automated \
                checks of collected facts; everything else rests on inspection of documents and interviews. Automated \
                results are suggestions; each answer that counts was given by a named person."
            .into(),
        scope: Scope {
            services: vec!["Payroll calculation".into(), "Payslip delivery".into(), "Payment files".into()],
            categories: ["Security", "Availability", "Confidentiality", "Processing integrity", "Privacy"]
                .map(Into::into)
                .into(),
            target: TargetType::Type2 { from: Some("2027-03-01".into()), to: Some("2027-08-31".into()) },
            edition: "Trust services criteria 2017, points of focus revised 2022".into(),
            criteria_count: Figure::count(criteria.len(), vec![Citation::rows("criteria", "in scope")]),
            points_of_focus_count: Figure::count(330, vec![Citation::rows("points of focus", "in play")]),
            controls_count: Figure::count(controls.len(), vec![Citation::rows("controls", "adopted")]),
            targets_count: Figure::count(hosts.len(), vec![Citation::rows("targets", "seen"), Citation::run(41)]),
            excluded: vec![ExcludedCriterion {
                id: "DC 8".into(),
                reason: "Nothing was left out of the description, so there is nothing to disclose here.".into(),
                approved_by: None,
            }],
            outside: vec![
                "The marketing site and the office network.".into(),
                "The hosting provider's data centers (subservice organization, carved out).".into(),
            ],
        },
        summary,
        criteria,
        period: testing::period(&controls),
        controls,
        appendix: testing::appendix(&checks, hosts),
        waivers: testing::waivers(&checks),
        checks,
        findings,
        gaps,
        subservice: program::subservice(),
        cuecs: program::cuecs(),
        commitments: program::commitments(),
        description: program::description(),
        evidence_readiness: program::evidence_readiness(),
        roadmap: program::roadmap(),
    }
}

/// Returns the model of an organization that has adopted nothing and seen nothing.
#[must_use]
pub fn empty() -> ReadinessReport {
    let full = readiness();
    let zero = || Figure::count(0, vec![Citation::rows("controls", "adopted")]);
    let mut empty = ReadinessReport {
        organization: Organization { name: "Nobody, Inc.".into() },
        system: SystemSummary {
            name: "Nothing yet".into(),
            description: String::new(),
            boundary: String::new(),
        },
        controls: Vec::new(),
        checks: Vec::new(),
        findings: Vec::new(),
        gaps: Vec::new(),
        subservice: Vec::new(),
        cuecs: Vec::new(),
        commitments: Vec::new(),
        description: Vec::new(),
        evidence_readiness: Vec::new(),
        ..full
    };
    for criterion in &mut empty.criteria {
        criterion.status = tickmark_core::report::readiness::CriterionStatus::NotMet;
        criterion.controls.clear();
        criterion.decided_by = None;
        criterion.reason = "No control is mapped to this criterion.".into();
    }
    empty.summary = assessment::summary(&empty.criteria, &[], &[], &[]);
    empty.summary.key_messages.clear();
    empty.scope.target = TargetType::Type1 { as_of: None };
    empty.scope.services.clear();
    empty.scope.excluded.clear();
    empty.scope.outside.clear();
    empty.scope.controls_count = zero();
    empty.scope.targets_count = zero();
    empty.period.strips.clear();
    empty.roadmap.steps.clear();
    empty.roadmap.earliest_period_start = None;
    empty.roadmap.reason = "No control is adopted, so no day can be named.".into();
    empty.appendix.runs.clear();
    empty.appendix.evidence.clear();
    empty.appendix.check_versions.clear();
    empty.appendix.checkpoint = None;
    empty
}

/// Returns the moment `seconds` after the sample is frozen.
fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + seconds)
}

/// Returns a digest that is stable for `name`.
fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_read_back_as_they_were_written_and_keep_their_digest() {
        for report in [readiness(), readiness_with_hosts(5), empty()] {
            let text = serde_json::to_string(&report).expect("JSON");
            let read: ReadinessReport = serde_json::from_str(&text).expect("a model");
            assert_eq!(read, report);
            assert_eq!(read.digest().expect("digest"), report.digest().expect("digest"));
        }
    }
}
