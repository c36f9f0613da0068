//! Every question that pages ask of the data, in one place.
//!
//! Each method says what its page needs and answers with that page's view; pages know nothing else of the data. A
//! source is either live, over the use cases of `app`, or frozen, over views gathered beforehand.

mod live;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tickmark_app::register::Query;
use tickmark_app::{Actor, App};
use tickmark_core::catalog::Catalog;
use tickmark_core::id::OrganizationKey;
use tickmark_core::{Digest, Timestamp};

use crate::catalog::{CriterionRow, CriterionView};
use crate::conclusion::OverviewView;
use crate::conclusion::finding::FindingRow;
use crate::conclusion::over_time::{ComparisonView, SnapshotRow};
use crate::conclusion::period::{Chosen, ControlPeriodView, Moment, PeriodView};
use crate::control::{ControlList, ControlRow, ControlView};
use crate::design::badge::VerdictCounts;
use crate::design::frame::Context;
use crate::error::Refusal;
use crate::evidence::{ArtifactRow, ArtifactView};
use crate::ledger::{ConsistencyView, LeafRow, LeafView, LedgerView};
use crate::observation::LookBack;
use crate::observation::check::{CheckRow, CheckView};
use crate::observation::coverage::CoverageView;
use crate::observation::look::LookView;
use crate::observation::run::{RunView, RunsView};
use crate::observation::target::{TargetList, TargetRow, TargetView};
use crate::report::ReportRow;

/// Everything that pages show, gathered beforehand: a frozen picture of one moment.
#[derive(Clone, Debug)]
pub struct Views {
    /// Organization, system, aim and period.
    pub context: Context,
    /// The overview.
    pub overview: OverviewView,
    /// The period board, over the period of the context.
    pub period: PeriodView,
    /// Each control of the board.
    pub control_periods: Vec<ControlPeriodView>,
    /// Frozen assessments, newest first.
    pub snapshots: Vec<SnapshotRow>,
    /// Some of them compared.
    pub comparisons: Vec<ComparisonView>,
    /// Criteria in the order of the framework.
    pub criteria: Vec<CriterionView>,
    /// Controls in the order of the catalog.
    pub controls: Vec<ControlView>,
    /// Checks by group and id, with the history over all targets where it is known.
    pub checks: Vec<(CheckRow, CheckView)>,
    /// Targets by name.
    pub targets: Vec<TargetView>,
    /// What was seen over the period of the context.
    pub coverage: CoverageView,
    /// What falls short, worst first.
    pub findings: Vec<FindingRow>,
    /// Each check at each target.
    pub looks: Vec<LookView>,
    /// Runs, newest first.
    pub runs: Vec<RunView>,
    /// Artifacts, newest first.
    pub artifacts: Vec<ArtifactView>,
    /// The log.
    pub ledger: LedgerView,
    /// Leaves that can be shown, by index.
    pub leaves: Vec<LeafView>,
    /// Proofs between sizes of the log.
    pub consistency: Vec<ConsistencyView>,
    /// Documents in the output folder.
    pub reports: Vec<ReportRow>,
    /// The output folder.
    pub report_folder: Option<PathBuf>,
}

/// What live pages need.
#[derive(Debug)]
pub struct Pages {
    /// The running program; opened for looking only is enough.
    pub app: Arc<App>,
    /// Who looks.
    pub actor: Actor,
    /// Criteria, crosswalks and requests.
    pub catalog: Catalog,
    /// Names of the tests of each check, by its id: see [`test_names`].
    pub check_tests: BTreeMap<String, Vec<String>>,
    /// The folder that documents are written to.
    pub out: PathBuf,
}

/// Where pages get their data from. Cheap to clone.
#[derive(Clone)]
pub struct Source(Kind);

#[derive(Clone)]
enum Kind {
    Live(live::Live),
    Frozen(Arc<Views>),
}

impl Source {
    /// A source over the running program.
    #[must_use]
    pub fn live(pages: Pages) -> Self {
        Self(Kind::Live(live::Live::new(pages)))
    }

    /// Returns the organization that it shows; none for a frozen picture.
    pub(crate) fn organization(&self) -> Option<OrganizationKey> {
        match &self.0 {
            Kind::Live(live) => Some(live.actor.organization.key),
            Kind::Frozen(_) => None,
        }
    }

    /// A source over the same running program, of the organization in which it is `program`.
    pub(crate) fn of(&self, program: Actor) -> Option<Self> {
        let Kind::Live(live) = &self.0 else { return None };
        // Documents are written for the first organization; those of others lie apart.
        let out = live.out.join(program.organization.id.to_string());
        Some(Self::live(Pages {
            app: Arc::clone(&live.app),
            actor: program,
            catalog: live.catalog.clone(),
            check_tests: live.check_tests.clone(),
            out,
        }))
    }

    /// A source that shows a frozen picture.
    #[must_use]
    pub fn frozen(views: Views) -> Self {
        Self(Kind::Frozen(Arc::new(views)))
    }

    /// The catalog; none over a frozen picture.
    pub(crate) fn catalog(&self) -> Option<&Catalog> {
        match &self.0 {
            Kind::Live(live) => Some(&live.catalog),
            Kind::Frozen(_) => None,
        }
    }

    /// Organization, system, aim and period: on every page.
    pub(crate) async fn context(&self) -> Result<Context, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.context().await,
            Kind::Frozen(views) => Ok(views.context.clone()),
        }
    }

    /// Counts of controls by answer and status, criteria with status, attention, coverage, the last five runs, head.
    pub(crate) async fn overview(&self) -> Result<OverviewView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.overview().await,
            Kind::Frozen(views) => Ok(views.overview.clone()),
        }
    }

    /// All controls over a period.
    pub(crate) async fn period(&self, chosen: &Chosen) -> Result<PeriodView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.period(chosen).await,
            Kind::Frozen(views) => Ok(views.period.clone()),
        }
    }

    /// One control over a period, by check and target, with its deviations.
    pub(crate) async fn control_period(
        &self,
        id: &str,
        chosen: &Chosen,
    ) -> Result<ControlPeriodView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.control_period(id, chosen).await,
            Kind::Frozen(views) => find(&views.control_periods, |view| view.row.id == id),
        }
    }

    /// The frozen assessments, newest first.
    pub(crate) async fn snapshots(&self) -> Result<Vec<SnapshotRow>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.snapshots().await,
            Kind::Frozen(views) => Ok(views.snapshots.clone()),
        }
    }

    /// Two frozen assessments compared, whichever order they are named in.
    pub(crate) async fn comparison(&self, one: i64, other: i64) -> Result<ComparisonView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.comparison(one, other).await,
            Kind::Frozen(views) => find(&views.comparisons, |view| {
                (view.before.key, view.after.key) == (one.min(other), one.max(other))
            }),
        }
    }

    /// All criteria of the framework in order, with status and counts of controls.
    pub(crate) async fn criteria(&self) -> Result<Vec<CriterionRow>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.criteria().await,
            Kind::Frozen(views) => Ok(views.criteria.iter().map(|view| view.row.clone()).collect()),
        }
    }

    /// One criterion with points of focus, mapped controls, crosswalks and requests.
    pub(crate) async fn criterion(&self, id: &str) -> Result<CriterionView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.criterion(id).await,
            Kind::Frozen(views) => find(&views.criteria, |view| view.row.id == id),
        }
    }

    /// All controls with answers, status, current verdicts of their tests and history over the period.
    pub(crate) async fn controls(&self) -> Result<Vec<ControlRow>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.controls().await,
            Kind::Frozen(views) => Ok(views.controls.iter().map(|view| view.row.clone()).collect()),
        }
    }

    /// What the list of controls shows: what a query asks of the register, or all.
    /// As far as `who` sees, where it is somebody.
    pub(crate) async fn control_list(
        &self,
        query: Option<&Query>,
        who: Option<&Actor>,
    ) -> Result<ControlList, Refusal> {
        match (&self.0, query) {
            (Kind::Live(live), Some(query)) => live.control_list(query, who).await,
            _ => Ok(ControlList::whole(self.controls().await?)),
        }
    }

    /// One control with answers and their origin, tests by check and target, evidence.
    pub(crate) async fn control(&self, id: &str) -> Result<ControlView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.control(id).await,
            Kind::Frozen(views) => find(&views.controls, |view| view.row.id == id),
        }
    }

    /// All checks with current verdicts over all targets, and their history so far back.
    pub(crate) async fn checks(&self, over: LookBack) -> Result<Vec<CheckRow>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.checks(over).await,
            Kind::Frozen(views) => Ok(views.checks.iter().map(|(row, _)| row.clone()).collect()),
        }
    }

    /// One check with logic, tests, results now and versions.
    pub(crate) async fn check(&self, id: &str, over: LookBack) -> Result<CheckView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.check(id, over).await,
            Kind::Frozen(views) => find(&views.checks, |(row, _)| row.id == id).map(|(_, view)| view),
        }
    }

    /// What the list of targets shows: what a query asks of the register, with current verdicts, gaps and last look.
    pub(crate) async fn target_list(&self, query: &Query) -> Result<TargetList, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.target_list(query).await,
            Kind::Frozen(views) => Ok(TargetList {
                rows: views.targets.iter().map(|view| view.row.clone()).collect(),
                ..TargetList::default()
            }),
        }
    }

    /// At most so many targets after one that is named, by name, and the one after which they go on.
    pub(crate) async fn targets_after(
        &self,
        last: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<TargetRow>, Option<String>), Refusal> {
        match &self.0 {
            Kind::Live(live) => live.targets_after(last, limit).await,
            Kind::Frozen(views) => Ok((views.targets.iter().map(|view| view.row.clone()).collect(), None)),
        }
    }

    /// At most so many controls of a status after one that is named, by id, and the one after which they go on.
    pub(crate) async fn controls_after(
        &self,
        query: &Query,
        last: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<ControlRow>, Option<String>), Refusal> {
        match &self.0 {
            Kind::Live(live) => live.controls_after(query, last, limit).await,
            Kind::Frozen(_) => Ok((self.controls().await?, None)),
        }
    }

    /// One target with facts (those of a moment, when one is asked for), gaps, results, its latest runs and the artifacts
    /// of the last one.
    pub(crate) async fn target(
        &self,
        key: i64,
        at: Option<Timestamp>,
        over: LookBack,
    ) -> Result<TargetView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.target(key, at, over).await,
            Kind::Frozen(views) => find(&views.targets, |view| view.row.key == key),
        }
    }

    /// What was seen of each target and by each check over a period.
    pub(crate) async fn coverage(&self, chosen: &Chosen) -> Result<CoverageView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.coverage(chosen).await,
            Kind::Frozen(views) => Ok(views.coverage.clone()),
        }
    }

    /// The checks in force: id and title.
    pub(crate) async fn check_titles(&self) -> Result<Arc<[(String, String)]>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.check_titles().await,
            Kind::Frozen(views) => {
                Ok(views.checks.iter().map(|(row, _)| (row.id.clone(), row.title.clone())).collect())
            }
        }
    }

    /// What falls short now, worst first.
    pub(crate) async fn findings(&self) -> Result<Arc<[FindingRow]>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.findings().await,
            Kind::Frozen(views) => Ok(views.findings.as_slice().into()),
        }
    }

    /// One check at one target at one moment.
    pub(crate) async fn look(&self, target: i64, check: &str, moment: Moment) -> Result<LookView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.look(target, check, moment).await,
            Kind::Frozen(views) => {
                find(&views.looks, |view| view.target_key == target && view.check_id == check)
                    .map(|view| LookView { day: moment.day, at: moment.at, ..view })
            }
        }
    }

    /// The latest runs, newest first.
    pub(crate) async fn runs(&self) -> Result<RunsView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.runs().await,
            Kind::Frozen(views) => Ok(RunsView {
                rows: views.runs.iter().map(|view| view.row.clone()).collect(),
                cadence_hours: Some(24),
            }),
        }
    }

    /// One run with facts digests, gaps and coverage by check.
    pub(crate) async fn run(&self, key: i64) -> Result<RunView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.run(key).await,
            Kind::Frozen(views) => find(&views.runs, |view| view.row.key == key),
        }
    }

    /// The latest artifacts, newest first.
    pub(crate) async fn artifacts(&self) -> Result<Vec<ArtifactRow>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.artifacts().await,
            Kind::Frozen(views) => {
                let newest = views.artifacts.iter().filter_map(|view| view.origins.first());
                Ok(newest.map(|origin| origin.row.clone()).collect())
            }
        }
    }

    /// One artifact with its bytes and every run that brought them.
    pub(crate) async fn artifact(&self, digest: &Digest) -> Result<ArtifactView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.artifact(digest).await,
            Kind::Frozen(views) => find(&views.artifacts, |view| view.digest == *digest),
        }
    }

    /// The log's head, checkpoint, keys, who outside saw it, and its latest leaves, or those before one of them.
    pub(crate) async fn ledger(&self, before: Option<u64>) -> Result<LedgerView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.ledger(before).await,
            Kind::Frozen(views) => {
                let mut view = views.ledger.clone();
                view.leaves.retain(|leaf| before.is_none_or(|before| leaf.index < before));
                Ok(view)
            }
        }
    }

    /// How many leaves the log has.
    pub(crate) async fn ledger_size(&self) -> Result<u64, Refusal> {
        Ok(self.checkpoint(None).await?.0)
    }

    /// At most so many leaves, newest first: the latest, or those before one of them.
    pub(crate) async fn leaves(&self, before: Option<u64>, limit: u32) -> Result<Vec<LeafRow>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.leaves(before, limit).await,
            Kind::Frozen(_) => {
                let mut leaves = self.ledger(before).await?.leaves;
                leaves.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(leaves)
            }
        }
    }

    /// The signed checkpoint of a size, or the newest, with its size.
    pub(crate) async fn checkpoint(&self, size: Option<u64>) -> Result<(u64, String), Refusal> {
        match &self.0 {
            Kind::Live(live) => live.checkpoint(size).await,
            Kind::Frozen(views) => {
                let newest = (views.ledger.size, views.ledger.checkpoint.clone());
                Some(newest)
                    .filter(|(known, _)| size.is_none_or(|size| size <= *known))
                    .ok_or(Refusal::NotFound)
            }
        }
    }

    /// One leaf with its inclusion proof under the latest checkpoint.
    pub(crate) async fn leaf(&self, index: u64) -> Result<LeafView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.leaf(index).await,
            Kind::Frozen(views) => find(&views.leaves, |view| view.row.index == index),
        }
    }

    /// The proof that the log of `new` leaves begins with the log of `old` leaves.
    pub(crate) async fn consistency(&self, old: u64, new: u64) -> Result<ConsistencyView, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.consistency(old, new).await,
            Kind::Frozen(views) => {
                find(&views.consistency, |view| view.old_size == old && view.new_size == new)
            }
        }
    }

    /// Documents that lie in the output folder.
    pub(crate) async fn reports(&self) -> Result<Vec<ReportRow>, Refusal> {
        match &self.0 {
            Kind::Live(live) => live.reports().await,
            Kind::Frozen(views) => Ok(views.reports.clone()),
        }
    }

    /// The output folder.
    pub(crate) fn report_folder(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Live(live) => Some(&live.out),
            Kind::Frozen(views) => views.report_folder.as_deref(),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Live(_) => "Source(live)",
            Kind::Frozen(_) => "Source(frozen)",
        })
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

/// Returns the names of the tests in the Rego source of a check's tests: `test_pass_off`, `test_canary_open`.
#[must_use]
pub fn test_names(rego: &str) -> Vec<String> {
    let mut names: Vec<String> = rego
        .lines()
        .filter(|line| line.starts_with("test_"))
        .filter_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next())
        .map(str::to_owned)
        .collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_read_from_their_rules() {
        let rego =
            "package x_test\n\ntest_pass_off if {\n\ttest_not_me\n}\ntest_fail_on := true\n# test_comment\n";
        assert_eq!(test_names(rego), ["test_pass_off", "test_fail_on"]);
    }
}
