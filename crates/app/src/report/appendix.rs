//! Records behind the document and how to check them.

use tickmark_core::observation::Verdict;
use tickmark_core::report::readiness::{Appendix, CheckVersion, CheckpointRow, EvidenceItem, RunRow};
use tickmark_evaluate::Library;

use crate::conclusion::Standing;
use crate::context::View;
use crate::observation::RunState;
use crate::{Result, evidence, ledger, observation};

/// Most runs listed.
const MAX_RUNS: u32 = 100;
/// Most artifacts listed.
const MAX_ARTIFACTS: usize = 1_000;

pub(super) async fn appendix(
    view: &mut View<'_>,
    standing: &Standing,
    library: &Library,
) -> Result<Appendix> {
    let runs = observation::runs(view, MAX_RUNS).await?;
    let mut artifacts = Vec::new();
    for &target in standing.targets.keys() {
        artifacts.extend(evidence::of_target(view, target).await?);
        artifacts.truncate(MAX_ARTIFACTS);
    }
    let head = ledger::head(view).await?;
    let key = head.verifier_key.rsplit_once('+').map_or(head.verifier_key.clone(), |(key, _)| key.to_owned());
    Ok(Appendix {
        runs: runs
            .iter()
            .map(|run| RunRow {
                key: run.key.0,
                collector: run.collector.clone(),
                scope: run.source.clone(),
                started: run.started_at,
                finished: run.finished_at,
                complete: run.state == RunState::Complete,
                gaps: u64::try_from(run.gaps).unwrap_or(0),
                leaf: None,
            })
            .collect(),
        evidence: artifacts
            .iter()
            .filter_map(|artifact| Some((artifact, artifact.run?)))
            .map(|(artifact, run)| EvidenceItem {
                name: artifact.name.clone(),
                target: artifact.target.and_then(|key| standing.targets.get(&key).cloned()).unwrap_or_default(),
                run: run.0,
                size: artifact.size,
                collected: artifact.provenance.as_ref().map_or(artifact.added_at, |provenance| provenance.finished),
                digest: artifact.stored,
            })
            .collect(),
        checkpoint: (head.size > 0).then(|| CheckpointRow {
            origin: head.origin.clone(),
            size: head.size,
            root: head.root.base64(),
            key,
            signed_at: head.updated_at,
        }),
        check_versions: library
            .checks()
            .filter(|check| standing.verdicts.iter().any(|v| v.check_id == check.id() && v.verdict != Verdict::Unknown))
            .map(|check| CheckVersion {
                id: check.id().to_owned(),
                version: check.definition().version,
                origin: check.origin().word().to_owned(),
            })
            .collect(),
        how_to_verify: vec![
            "Ask for the bundle that belongs to this report, and for the log's public key by another way than the bundle."
                .to_owned(),
            "Run `tickmark-verify bundle.zip --key KEY`; it needs no network and says level by level what is proven."
                .to_owned(),
            "Compare the digest of this document's model, printed on each page, with `report/readiness.json` in the bundle."
                .to_owned(),
            "README.txt in the bundle says how to repeat the same with sha256sum and a few lines of Python.".to_owned(),
        ],
    })
}
