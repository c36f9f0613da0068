//! Frozen assessments, and two of them compared.

use tickmark_app::conclusion::{self, Snapshot};
use tickmark_app::{View, identity, observation, report};
use tickmark_core::report::ReadinessReport;

use super::Live;
use crate::conclusion::over_time::{ComparisonView, Figures, SnapshotRow};
use crate::error::Refusal;

/// Assessments whose figures are read, newest first.
const SNAPSHOT_LIMIT: usize = 200;

fn figures(model: &ReadinessReport) -> Figures {
    let summary = &model.summary;
    let count =
        |figure: &tickmark_core::report::readiness::Figure| usize::try_from(figure.value).unwrap_or(0);
    Figures {
        readiness: summary.readiness.to_string(),
        met: count(&summary.criteria_met),
        partly_met: count(&summary.criteria_partly_met),
        not_met: count(&summary.criteria_not_met),
        not_assessed: count(&summary.criteria_not_assessed),
        key_ready: count(&summary.key_controls_ready),
        key_controls: count(&summary.key_controls),
        findings: count(&summary.findings_open),
        gaps: count(&summary.gaps),
    }
}

impl Live {
    async fn snapshot_row(
        &self,
        view: &mut View<'_>,
        snapshot: &Snapshot,
    ) -> tickmark_app::Result<SnapshotRow> {
        let figures = match self.known_figures.get(snapshot.model) {
            Some(figures) => figures,
            None => {
                let (_, model) = conclusion::assessment(view, snapshot.key).await?;
                self.known_figures.keep(snapshot.model, figures(&model))
            }
        };
        Ok(SnapshotRow {
            key: snapshot.key,
            taken: snapshot.taken_at,
            by: identity::actor(view, snapshot.taken_by).await?.label,
            model: snapshot.model,
            figures,
        })
    }

    pub(in crate::source) async fn snapshots(&self) -> Result<Vec<SnapshotRow>, Refusal> {
        let work = async |view: &mut View<'_>| {
            let mut rows = Vec::new();
            for snapshot in conclusion::snapshots(view).await?.iter().take(SNAPSHOT_LIMIT) {
                rows.push(self.snapshot_row(view, snapshot).await?);
            }
            Ok(rows)
        };
        Ok(self.app.read(&self.actor, work).await?)
    }

    pub(in crate::source) async fn comparison(
        &self,
        one: i64,
        other: i64,
    ) -> Result<ComparisonView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let comparison = report::compare(view, one, other).await?;
            let mut rows = Vec::new();
            for key in [one.min(other), one.max(other)] {
                let (snapshot, _) = conclusion::assessment(view, key).await?;
                rows.push(self.snapshot_row(view, &snapshot).await?);
            }
            let targets = observation::targets(view).await?;
            let targets = targets.into_iter().map(|target| (target.target.name, target.key.0)).collect();
            Ok((comparison, rows, targets))
        };
        let (comparison, rows, targets) = self.app.read(&self.actor, work).await?;
        let [before, after] = <[SnapshotRow; 2]>::try_from(rows)
            .map_err(|_| Refusal::Internal("two assessments were read".to_owned()))?;
        Ok(ComparisonView { before, after, changes: comparison.changes, targets })
    }
}
