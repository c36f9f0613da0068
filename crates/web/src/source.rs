//! Every question that pages ask of the data, in one place.
//!
//! Each method says what its page needs and answers with that page's view. Pages know nothing else of the data, so
//! a method that reads from the use cases of `app` replaces its line here and no page changes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tickmark_core::Digest;

use crate::catalog::{CriterionRow, CriterionView};
use crate::conclusion::OverviewView;
use crate::control::{ControlRow, ControlView};
use crate::design::badge::VerdictCounts;
use crate::design::frame::Context;
use crate::error::Refusal;
use crate::evidence::{ArtifactRow, ArtifactView};
use crate::ledger::{LeafView, LedgerView};
use crate::observation::check::{CheckRow, CheckView};
use crate::observation::run::{RunRow, RunView};
use crate::observation::target::{TargetRow, TargetView};
use crate::report::ReportRow;

/// Everything that pages show, gathered beforehand: a frozen picture of one moment.
#[derive(Clone, Debug)]
pub struct Views {
    /// Organization, system, aim and period.
    pub context: Context,
    /// The overview.
    pub overview: OverviewView,
    /// Criteria in the order of the framework.
    pub criteria: Vec<CriterionView>,
    /// Controls in the order of the catalog.
    pub controls: Vec<ControlView>,
    /// Checks by group and id, with the history over all targets where it is known.
    pub checks: Vec<(CheckRow, CheckView)>,
    /// Targets by name.
    pub targets: Vec<TargetView>,
    /// Runs, newest first.
    pub runs: Vec<RunView>,
    /// Artifacts, newest first.
    pub artifacts: Vec<ArtifactView>,
    /// The log.
    pub ledger: LedgerView,
    /// Leaves that can be shown, by index.
    pub leaves: Vec<LeafView>,
    /// Documents in the output folder.
    pub reports: Vec<ReportRow>,
    /// The output folder.
    pub report_folder: Option<PathBuf>,
}

/// Where pages get their data from. Cheap to clone.
#[derive(Clone)]
pub struct Source(Arc<Views>);

impl Source {
    /// A source that shows a frozen picture.
    #[must_use]
    pub fn frozen(views: Views) -> Self {
        Self(Arc::new(views))
    }

    /// Organization, system, aim and period: on every page.
    pub(crate) async fn context(&self) -> Result<Context, Refusal> {
        Ok(self.0.context.clone())
    }

    /// Counts of controls by answer and status, criteria with status, attention, coverage, the last five runs, head.
    pub(crate) async fn overview(&self) -> Result<OverviewView, Refusal> {
        Ok(self.0.overview.clone())
    }

    /// All criteria of the framework in order, with status and counts of controls.
    pub(crate) async fn criteria(&self) -> Result<Vec<CriterionRow>, Refusal> {
        Ok(self.0.criteria.iter().map(|view| view.row.clone()).collect())
    }

    /// One criterion with points of focus, mapped controls, crosswalks and requests.
    pub(crate) async fn criterion(&self, id: &str) -> Result<CriterionView, Refusal> {
        find(&self.0.criteria, |view| view.row.id == id)
    }

    /// All controls with answers, status, current verdicts of their tests and history over the period.
    pub(crate) async fn controls(&self) -> Result<Vec<ControlRow>, Refusal> {
        Ok(self.0.controls.iter().map(|view| view.row.clone()).collect())
    }

    /// One control with answers and their origin, tests by check and target, evidence.
    pub(crate) async fn control(&self, id: &str) -> Result<ControlView, Refusal> {
        find(&self.0.controls, |view| view.row.id == id)
    }

    /// All checks with current verdicts over all targets.
    pub(crate) async fn checks(&self) -> Result<Vec<CheckRow>, Refusal> {
        Ok(self.0.checks.iter().map(|(row, _)| row.clone()).collect())
    }

    /// One check with logic, tests, results now and versions.
    pub(crate) async fn check(&self, id: &str) -> Result<CheckView, Refusal> {
        find(&self.0.checks, |(row, _)| row.id == id).map(|(_, view)| view)
    }

    /// All targets with current verdicts, gaps and last look.
    pub(crate) async fn targets(&self) -> Result<Vec<TargetRow>, Refusal> {
        Ok(self.0.targets.iter().map(|view| view.row.clone()).collect())
    }

    /// One target with facts, gaps, results, its latest runs and the artifacts of the last one.
    pub(crate) async fn target(&self, key: i64) -> Result<TargetView, Refusal> {
        find(&self.0.targets, |view| view.row.key == key)
    }

    /// The latest runs, newest first.
    pub(crate) async fn runs(&self) -> Result<Vec<RunRow>, Refusal> {
        Ok(self.0.runs.iter().map(|view| view.row.clone()).collect())
    }

    /// One run with facts digests, gaps and coverage by check.
    pub(crate) async fn run(&self, key: i64) -> Result<RunView, Refusal> {
        find(&self.0.runs, |view| view.row.key == key)
    }

    /// The latest artifacts, newest first.
    pub(crate) async fn artifacts(&self) -> Result<Vec<ArtifactRow>, Refusal> {
        Ok(self
            .0
            .artifacts
            .iter()
            .filter_map(|view| view.origins.first())
            .map(|origin| origin.row.clone())
            .collect())
    }

    /// One artifact with its bytes and every run that brought them.
    pub(crate) async fn artifact(&self, digest: &Digest) -> Result<ArtifactView, Refusal> {
        find(&self.0.artifacts, |view| view.digest == *digest)
    }

    /// The log's head, checkpoint, key and latest leaves.
    pub(crate) async fn ledger(&self) -> Result<LedgerView, Refusal> {
        Ok(self.0.ledger.clone())
    }

    /// One leaf with its inclusion proof under the latest checkpoint.
    pub(crate) async fn leaf(&self, index: u64) -> Result<LeafView, Refusal> {
        find(&self.0.leaves, |view| view.row.index == index)
    }

    /// Documents that lie in the output folder.
    pub(crate) async fn reports(&self) -> Result<Vec<ReportRow>, Refusal> {
        Ok(self.0.reports.clone())
    }

    /// The output folder.
    pub(crate) fn report_folder(&self) -> Option<&Path> {
        self.0.report_folder.as_deref()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source(frozen)")
    }
}

fn find<T: Clone>(records: &[T], is_it: impl Fn(&T) -> bool) -> Result<T, Refusal> {
    records.iter().find(|record| is_it(record)).cloned().ok_or(Refusal::NotFound)
}

/// Counts of verdicts over the results of a check.
#[must_use]
pub fn counts_of(view: &CheckView) -> VerdictCounts {
    VerdictCounts::of(view.results.iter().map(|result| result.outcome.verdict))
}
