//! A made-up organization for the gallery and the tests: the real catalog, invented states. Deterministic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tickmark_core::evidence::{Method, Provenance, Redaction};
use tickmark_core::observation::{CheckDefinition, Gap, Outcome, ReasonClass, Severity, Verdict};
use tickmark_core::time::{DAY_US, HOUR_US, SECOND_US};
use tickmark_core::{Digest, Timestamp};
use tickmark_web::catalog::{
    CriterionRow, CriterionStatus, CriterionView, Crosswalk, MappedControl, PointOfFocus, RequestRow,
};
use tickmark_web::conclusion::finding::{FindingRow, FindingTarget};
use tickmark_web::conclusion::over_time::{ComparisonView, Figures, SnapshotRow};
use tickmark_web::conclusion::period::{
    CheckPeriod, ControlPeriod, ControlPeriodView, DeviationRow, PeriodDetails, PeriodView, PopulationPeriod,
    SeriesOf, StretchRow, TargetPeriod, WindowLine,
};
use tickmark_web::conclusion::{Attention, GapCount, OverviewView, SectionCoverage};
use tickmark_web::control::{Answer, AnswerView, ControlRow, ControlStatus, ControlView, TestRow};
use tickmark_web::design::badge::VerdictCounts;
use tickmark_web::design::board::{Count, Stretch};
use tickmark_web::design::frame::Context;
use tickmark_web::design::icon::Mark;
use tickmark_web::design::strip::{Segment, Strip};
use tickmark_web::evidence::{ArtifactRow, ArtifactView, Origin, how};
use tickmark_web::ledger::{
    AnchorRow, ConsistencyView, CosignatureRow, KeyRow, LeafRow, LeafView, LedgerView, OutsideView, PlaceRow,
    PolicyRow, PolicyView, ScrubView, SilentRow,
};
use tickmark_web::observation::check::{CheckRow, CheckView, ResultRow, WaiverRow};
use tickmark_web::observation::coverage::{CoverageRow, CoverageView};
use tickmark_web::observation::look::{Again, LookView};
use tickmark_web::observation::run::{CheckCoverage, RunChange, RunGap, RunRow, RunState, RunView};
use tickmark_web::observation::target::{TargetResult, TargetRow, TargetView};
use tickmark_web::report::ReportRow;
use tickmark_web::source::{Views, counts_of};

mod checks;
mod evidence;
mod ledger;
mod over_time;
mod overview;
mod period;
mod program;

use checks::*;
use evidence::*;
use ledger::*;
use over_time::*;
use overview::*;
use period::*;
use program::*;

/// The moment the sample is looked at: 24 November 2026, 14:45 UTC.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_531_500)
}

fn span() -> (Timestamp, Timestamp) {
    (Timestamp::from_seconds(1_767_225_600), Timestamp::from_seconds(1_798_761_600))
}

fn ago(days: i64, hours: i64) -> Timestamp {
    now().plus_micros(-days * DAY_US - hours * HOUR_US)
}

fn dice(text: &str, sides: u64) -> u64 {
    let digest = Digest::of(text.as_bytes()).0;
    u64::from_be_bytes([0, digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6]])
        % sides
}

const HOSTS: [(i64, &str); 3] = [(1, "ada-01"), (2, "lin-02"), (3, "backup-eu")];

/// Everything, with an output folder for documents.
pub(crate) fn views(report_folder: Option<PathBuf>) -> Views {
    let checks = checks();
    let artifacts = artifacts();
    let controls = controls(&checks, &artifacts);
    let criteria = criteria(&controls);
    let runs = runs(&checks);
    let targets = targets(&checks, &artifacts, &runs);
    let leaves = leaves();
    let ledger = log(&leaves, artifacts[0].digest);
    let control_periods = control_periods(&controls);
    let (from, to) = span();
    let report = |file: &str, size| ReportRow {
        file: file.into(),
        size,
        made: ago(0, 1),
        digest: Digest::of(file.as_bytes()),
    };
    Views {
        context: Context {
            systems: Vec::new(),
            organization: "Acme".into(),
            system: "Payroll SaaS".into(),
            aim: "SOC 2 Type 2".into(),
            from,
            to,
            notice: String::new(),
        },
        period: period_view(&control_periods, &criteria),
        control_periods,
        coverage: coverage(&targets, &checks),
        findings: findings(&checks),
        looks: looks(&checks, &runs, &artifacts),
        overview: overview(&controls, &criteria, &checks, &targets, &runs),
        criteria,
        controls,
        checks,
        targets,
        runs,
        artifacts,
        ledger,
        leaves,
        consistency: vec![consistency()],
        snapshots: snapshots(),
        comparisons: vec![comparison()],
        reports: vec![
            report("readiness.pdf", 812_044),
            report("matrix.xlsx", 48_310),
            report("bundle.zip", 1_204_511),
        ],
        report_folder,
    }
}

/// The same organization before anything was looked at.
pub(crate) fn empty_views() -> Views {
    let mut views = views(None);
    views.checks.iter_mut().for_each(|(row, view)| {
        row.verdicts = VerdictCounts::default();
        row.strip = None;
        view.results.clear();
        view.history = None;
        view.versions.clear();
    });
    views.controls.iter_mut().for_each(|control| {
        control.tests.clear();
        control.evidence.clear();
        control.row.strip = None;
        control.row.verdicts = VerdictCounts::default();
    });
    for view in &mut views.control_periods {
        (view.checks, view.windows, view.deviations) = (Vec::new(), Vec::new(), Vec::new());
        (view.occurrence, view.items, view.populations) = (Vec::new(), Vec::new(), Vec::new());
        (view.unseen, view.waived) = (Vec::new(), Vec::new());
        view.row.stretches.clear();
        view.row.tested_by.clear();
    }
    for row in &mut views.period.controls {
        (row.stretches, row.tested_by) = (Vec::new(), String::new());
    }
    views.looks.clear();
    views.coverage = CoverageView { targets: Vec::new(), checks: Vec::new() };
    views.findings.clear();
    views.targets.clear();
    views.runs.clear();
    views.artifacts.clear();
    views.leaves.clear();
    views.consistency.clear();
    views.ledger.outside = OutsideView {
        lacking: vec!["place that keeps checkpoints", "time-stamping authority", "witness"],
        ..OutsideView::default()
    };
    views.snapshots.clear();
    views.comparisons.clear();
    views.ledger.scrub = None;
    views.reports.clear();
    views.ledger.size = 0;
    let overview = &mut views.overview;
    (overview.targets, overview.gaps, overview.failing_checks, overview.key_ready) = (0, 0, 0, 0);
    overview.attention.clear();
    overview.coverage.clear();
    overview.gap_reasons.clear();
    overview.runs.clear();
    overview.ledger = None;
    views
}
