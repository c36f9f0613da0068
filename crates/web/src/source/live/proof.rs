//! Raw evidence, the ledger and documents.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tickmark_app::evidence::{self, Artifact, ArtifactKey};
use tickmark_app::ledger::{self, LogEntry, PartyKind};
use tickmark_app::{View, identity, observation};
use tickmark_core::id::{ActorId, TargetKey};
use tickmark_core::{Digest, Timestamp};

use super::Live;
use crate::error::Refusal;
use crate::evidence::{ArtifactRow, ArtifactView, Origin, how};
use crate::ledger::{
    ANCHORS_SHOWN, AnchorRow, ConsistencyView, CosignatureRow, KeyRow, LeafRow, LeafView, LedgerView,
    OutsideView, PlaceRow, PolicyRow, PolicyView, ScrubView, SilentRow,
};
use crate::report::{ReportRow, documents};

/// Leaves that are listed at a time.
const SHOWN_LEAVES: u32 = 50;
/// Artifacts that are listed.
const ARTIFACT_LIMIT: usize = 1000;
/// Bytes of a document that are in memory at one time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The leaves before a position, newest first.
async fn leaves_before(view: &mut View<'_>, end: u64, limit: u32) -> tickmark_app::Result<Vec<LeafRow>> {
    let first = end.saturating_sub(u64::from(limit));
    let leaves = ledger::entries(view, first, u32::try_from(end - first).unwrap_or(limit)).await?;
    leaves.iter().rev().map(leaf_row).collect()
}

/// An artifact as its row shows it.
pub(super) fn artifact_row(artifact: &Artifact, targets: &BTreeMap<TargetKey, String>) -> ArtifactRow {
    ArtifactRow {
        digest: artifact.stored,
        name: artifact.name.clone(),
        target: artifact.target.map(|key| (key.0, targets.get(&key).cloned().unwrap_or_default())),
        run: artifact.run.map(|run| run.0),
        size: artifact.size,
        collected: artifact.added_at,
        how: artifact.provenance.as_ref().map(|provenance| how(&provenance.method)).unwrap_or_default(),
    }
}

async fn names(view: &mut View<'_>) -> tickmark_app::Result<BTreeMap<TargetKey, String>> {
    let targets = observation::targets(view).await?;
    Ok(targets.into_iter().map(|target| (target.key, target.target.name)).collect())
}

fn leaf_row(entry: &LogEntry) -> tickmark_app::Result<LeafRow> {
    let leaf = entry.leaf()?;
    Ok(LeafRow {
        index: entry.index,
        kind: leaf.kind.as_str().to_owned(),
        at: Timestamp::from_micros(leaf.ts_us()),
        summary: summary(leaf.kind.as_str(), &leaf.body_value()),
        hash: Digest(entry.hash.0),
    })
}

/// What a leaf records, in words.
fn summary(kind: &str, body: &serde_json::Value) -> String {
    let number = |key: &str| body[key].as_i64().unwrap_or(0);
    let word = |key: &str| body[key].as_str().unwrap_or("");
    match kind {
        "log.genesis" => "The log begins".to_owned(),
        "run.open" => format!("Run {} of {} began", number("run"), word("source")),
        "run.close" => format!(
            "Run {} reached {} of {} targets: {} pass, {} fail, {} unknown, {} gaps",
            number("run"),
            number("reached"),
            number("expected"),
            number("pass"),
            number("fail"),
            number("unknown"),
            number("gaps"),
        ),
        "run.missed" => format!("Run {} ended without a result", number("run")),
        "evidence.add" => {
            let count = body["artifacts"].as_array().map_or(0, Vec::len);
            match body["run"].as_i64() {
                Some(run) => format!("{count} artifacts of run {run}"),
                None if count == 1 => "1 document".to_owned(),
                None => format!("{count} documents"),
            }
        }
        "policy.set" => "Who signs, who outside is asked, how long evidence is kept".to_owned(),
        "population.define" => "Which targets are looked at".to_owned(),
        "schedule.set" => "Which checks are due, and when".to_owned(),
        "approval" | "audit.event" => word("event").replace(['.', '_'], " "),
        "time.anchor" => "A time authority saw the checkpoint".to_owned(),
        "clock.anomaly" => "The clock stood behind the entry before".to_owned(),
        other => other.replace('.', " "),
    }
}

/// Who outside saw the log, from the tables that keep it.
async fn outside(view: &mut View<'_>) -> tickmark_app::Result<OutsideView> {
    let mut anchors = Vec::new();
    for (place, anchor) in ledger::anchors(view).await?.into_iter().enumerate() {
        let is_shown = place < ANCHORS_SHOWN;
        let answer =
            if is_shown { Some(evidence::find(view, ArtifactKey(anchor.artifact)).await?) } else { None };
        anchors.push(AnchorRow {
            authority: anchor.authority,
            size: anchor.size,
            latest: anchor.latest_at,
            answer: answer.map(|artifact| artifact.stored),
        });
    }
    let cosignatures = ledger::cosignatures(view).await?;
    let witnessed = ledger::witnessed(view).await?;
    // The newest of each place stands first.
    let mut places: Vec<PlaceRow> = Vec::new();
    for delivery in ledger::deliveries(view).await? {
        if !places.iter().any(|place| place.name == delivery.target) {
            places.push(PlaceRow {
                name: delivery.target,
                size: delivery.size,
                arrived: delivery.delivered_at,
                problem: delivery.problem.unwrap_or_default(),
            });
        }
    }
    places.sort_by(|a, b| a.name.cmp(&b.name));
    let watched = ledger::watched(view).await?;
    let silent = watched.silent().map(|party| SilentRow {
        kind: party_word(party.kind),
        name: party.name.clone(),
        since: party.failing_since.unwrap_or(view.now),
        problem: party.problem.clone().unwrap_or_default(),
    });
    let silent = silent.collect();
    Ok(OutsideView {
        anchors,
        cosignatures: cosignatures
            .into_iter()
            .map(|line| CosignatureRow { witness: line.witness, size: line.size, at: line.cosigned_at })
            .collect(),
        quorum: (witnessed.witnesses, witnessed.needed),
        witnessed: witnessed.size,
        places,
        silent,
        lacking: watched.lacking().into_iter().map(party_word).collect(),
        open_periods: watched.open_periods,
    })
}

/// The policy of the log, and who changed it.
async fn policy(view: &mut View<'_>) -> tickmark_app::Result<PolicyView> {
    let ledger::LogPolicy { policy, changes } = ledger::log_policy(view).await?;
    let labels = if changes.is_empty() { Arc::default() } else { identity::labels(view).await? };
    let name = |by: Option<ActorId>| by.and_then(|by| labels.get(&by).cloned()).unwrap_or_default();
    let change = |change: ledger::PolicyChange| PolicyRow {
        at: change.at,
        leaf: change.index,
        by: name(change.by),
        what: change.what,
    };
    Ok(PolicyView {
        keys: policy.keys.len(),
        witnesses: policy.witnesses.into_iter().map(|witness| witness.name).collect(),
        quorum: policy.quorum,
        authorities: policy.authorities.into_iter().map(|authority| authority.name).collect(),
        places: policy.places,
        publish_every_minutes: policy.publish_every_minutes,
        anchor_every_hours: policy.anchor_every_hours,
        alert_after_hours: policy.alert_after_hours,
        retention: policy.retention_days.into_iter().collect(),
        changes: changes.into_iter().map(change).collect(),
    })
}

fn party_word(kind: PartyKind) -> &'static str {
    match kind {
        PartyKind::Place => "place that keeps checkpoints",
        PartyKind::Authority => "time-stamping authority",
        PartyKind::Witness => "witness",
    }
}

impl Live {
    /// What was last seen of each target, newest first.
    pub(in crate::source) async fn artifacts(&self) -> Result<Vec<ArtifactRow>, Refusal> {
        let work = async |view: &mut View<'_>| {
            let names = names(view).await?;
            let mut rows = Vec::new();
            for key in names.keys() {
                let artifacts = evidence::of_target(view, *key).await?;
                rows.extend(artifacts.iter().map(|artifact| artifact_row(artifact, &names)));
                if rows.len() >= ARTIFACT_LIMIT {
                    break;
                }
            }
            Ok(rows)
        };
        let mut rows: Vec<ArtifactRow> = self.app.read(&self.actor, work).await?;
        rows.truncate(ARTIFACT_LIMIT);
        rows.sort_by_key(|row| std::cmp::Reverse(row.collected));
        Ok(rows)
    }

    pub(in crate::source) async fn artifact(&self, digest: &Digest) -> Result<ArtifactView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let artifact = evidence::find_stored(view, *digest).await?;
            let row = artifact_row(&artifact, &names(view).await?);
            let leaf = ledger::find(view, artifact.leaf).await?.map(|entry| entry.index);
            Ok((artifact, row, leaf))
        };
        let (artifact, row, leaf) = self.app.read(&self.actor, work).await?;
        let bytes = evidence::read(&self.app, &artifact).await?;
        Ok(ArtifactView {
            digest: artifact.stored,
            media_type: artifact.media_type,
            bytes: bytes.to_vec(),
            origins: vec![Origin { row, provenance: artifact.provenance, leaf }],
        })
    }

    pub(in crate::source) async fn ledger(&self, before: Option<u64>) -> Result<LedgerView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let head = ledger::head(view).await?;
            let rows = leaves_before(view, before.unwrap_or(head.size).min(head.size), SHOWN_LEAVES).await?;
            let keys = ledger::keys_of_log(view).await?;
            let (pending, scrub) = (ledger::pending(view).await?, ledger::last_scrub(view).await?);
            Ok((head, rows, keys, outside(view).await?, policy(view).await?, pending, scrub))
        };
        let (head, leaves, keys, outside, policy, pending, scrub) = self.app.read(&self.actor, work).await?;
        Ok(LedgerView {
            origin: head.origin,
            size: head.size,
            root: Digest(head.root.0),
            checkpoint: head.checkpoint,
            signed_at: head.updated_at,
            key: head.verifier_key,
            epoch: head.epoch,
            pending,
            scrub: scrub.map(|scrub| ScrubView {
                at: scrub.finished_at,
                leaves: scrub.leaves,
                tiles: scrub.tiles,
                objects: scrub.objects,
                differences: scrub.count,
            }),
            outside,
            keys: keys
                .into_iter()
                .map(|key| KeyRow { key: key.verifier_key, epoch: key.epoch, from: key.from, to: key.to })
                .collect(),
            policy,
            leaves,
        })
    }

    pub(in crate::source) async fn leaves(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LeafRow>, Refusal> {
        let work = async |view: &mut View<'_>| {
            let size = ledger::head(view).await?.size;
            leaves_before(view, before.unwrap_or(size).min(size), limit).await
        };
        Ok(self.app.read(&self.actor, work).await?)
    }

    pub(in crate::source) async fn checkpoint(&self, size: Option<u64>) -> Result<(u64, String), Refusal> {
        let work = async |view: &mut View<'_>| match size {
            Some(size) => Ok((size, ledger::checkpoint_at(view, size).await?.to_text())),
            None => ledger::head(view).await.map(|head| (head.size, head.checkpoint)),
        };
        Ok(self.app.read(&self.actor, work).await?)
    }

    pub(in crate::source) async fn leaf(&self, index: u64) -> Result<LeafView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let proof = ledger::prove_inclusion(view, index).await?;
            let entry = ledger::entries(view, index, 1).await?;
            Ok((entry.into_iter().next(), proof, ledger::head(view).await?))
        };
        let (entry, proof, head) = self.app.read(&self.actor, work).await?;
        let entry = entry.filter(|entry| entry.index == index).ok_or(Refusal::NotFound)?;
        Ok(LeafView {
            row: leaf_row(&entry)?,
            bytes: String::from_utf8_lossy(&entry.content).into_owned(),
            proof_text: proof.to_text(),
            proof: proof.hashes.iter().map(|hash| Digest(hash.0)).collect(),
            size: head.size,
            root: Digest(head.root.0),
        })
    }

    pub(in crate::source) async fn consistency(
        &self,
        old: u64,
        new: u64,
    ) -> Result<ConsistencyView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let proof = ledger::prove_consistency(view, old, new).await?;
            let signed = match ledger::checkpoint_at(view, new).await {
                Err(tickmark_app::Error::NotFound { .. }) => None,
                found => Some(found?.to_text()),
            };
            Ok((proof, signed))
        };
        let (proof, signed) = self.app.read(&self.actor, work).await?;
        let hashes: String = proof.hashes.iter().map(|hash| format!("{}\n", hash.base64())).collect();
        Ok(ConsistencyView {
            old_size: proof.old_size,
            old_root: Digest(proof.old_root.0),
            old_root_base64: proof.old_root.base64(),
            new_size: proof.new_size,
            new_root: Digest(proof.new_root.0),
            new_root_base64: proof.new_root.base64(),
            text: signed.map(|note| format!("old {}\n{hashes}\n{note}", proof.old_size)),
            hashes: proof.hashes.iter().map(|hash| Digest(hash.0)).collect(),
        })
    }

    /// Documents that lie in the output folder. They are read to be digested, one after another.
    pub(in crate::source) async fn reports(&self) -> Result<Vec<ReportRow>, Refusal> {
        let mut rows = Vec::new();
        for document in documents() {
            let path = self.out.join(document.file);
            let unreadable =
                |error: std::io::Error| Refusal::Unavailable(format!("{}: {error}", path.display()));
            let about = match tokio::fs::metadata(&path).await {
                Ok(about) if about.is_file() => about,
                Ok(_) => continue,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unreadable(error)),
            };
            let made = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            let made = made.and_then(|since| i64::try_from(since.as_micros()).ok()).unwrap_or(0);
            rows.push(ReportRow {
                file: document.file.to_owned(),
                size: about.len(),
                made: Timestamp::from_micros(made),
                digest: digest_of(&path).await.map_err(unreadable)?,
            });
        }
        Ok(rows)
    }
}

/// Digests a file piece by piece.
async fn digest_of(path: &Path) -> std::io::Result<Digest> {
    use sha2::Digest as _;
    use tokio::io::AsyncReadExt as _;
    let mut file = tokio::fs::File::open(path).await?;
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            return Ok(Digest(hasher.finalize().into()));
        }
        hasher.update(&chunk[..read]);
    }
}
