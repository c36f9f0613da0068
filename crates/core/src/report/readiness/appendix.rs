//! Records behind the document and the way to check them.

use serde::{Deserialize, Serialize};

use crate::{Digest, Timestamp};

/// One collection run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRow {
    /// Key.
    pub key: i64,
    /// Collector and version.
    pub collector: String,
    /// What was looked at, for people.
    pub scope: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; none when it never did.
    pub finished: Option<Timestamp>,
    /// Whether it reached all it set out to.
    pub complete: bool,
    /// Number of gaps.
    pub gaps: u64,
    /// Index of its leaf in the ledger, or none when not committed yet.
    pub leaf: Option<u64>,
}

/// One stored artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceItem {
    /// Name inside its run.
    pub name: String,
    /// Name of the target.
    pub target: String,
    /// Run that brought it.
    pub run: i64,
    /// Size in bytes.
    pub size: u64,
    /// When it was read.
    pub collected: Timestamp,
    /// Digest of the stored bytes.
    pub digest: Digest,
}

/// Checkpoint of the ledger that covers the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointRow {
    /// Name of the log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root hash of the tree in base64, as in the signed note.
    pub root: String,
    /// Name and id of the signing key.
    pub key: String,
    /// When it was signed.
    pub signed_at: Timestamp,
}

/// Version of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckVersion {
    /// Id.
    pub id: String,
    /// Digest over logic, parameters and metadata.
    pub version: Digest,
    /// Where it comes from, e.g. `built in`.
    pub origin: String,
}

/// Records behind the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appendix {
    /// Runs up to the data cut-off that the document rests on.
    pub runs: Vec<RunRow>,
    /// Stored artifacts.
    pub evidence: Vec<EvidenceItem>,
    /// Checkpoint, or none when nothing is committed yet.
    pub checkpoint: Option<CheckpointRow>,
    /// Versions of all checks that answered.
    pub check_versions: Vec<CheckVersion>,
    /// How to verify, one step each, commands included.
    pub how_to_verify: Vec<String>,
}
