//! Evidence: artifacts as collected, with where they came from, and items as people hand them in. Only the redacted form
//! of raw output ever gets this far.

pub mod freshness;
pub mod item;
pub mod media;

use serde::{Deserialize, Serialize};

use crate::time::DAY_US;
use crate::{Digest, Timestamp};

/// Raw bytes of one answer of a source, already redacted, with their provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawArtifact {
    /// Stable name inside a run, unique per target, e.g. `sshd-effective-configuration`.
    pub name: String,
    /// Media type of `bytes`, e.g. `text/plain; charset=utf-8`.
    pub media_type: String,
    /// The bytes that are kept.
    pub bytes: Vec<u8>,
    /// How they were obtained.
    pub provenance: Provenance,
}

/// How an artifact was obtained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The act of reading.
    pub method: Method,
    /// When reading began.
    pub started: Timestamp,
    /// When reading ended.
    pub finished: Timestamp,
    /// The identity used, e.g. `root` (uid 0).
    pub user: String,
    /// Whether the answer was cut at its size limit.
    pub truncated: bool,
    /// Number of bytes before redaction and cutting.
    pub original_bytes: u64,
    /// What was taken out before storage.
    pub redactions: Vec<Redaction>,
}

/// The act by which an artifact was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Method {
    /// A program run without a shell.
    Command {
        /// Absolute path or name as found on the fixed search path.
        program: String,
        /// Arguments, one by one.
        arguments: Vec<String>,
        /// Exit status, or none when killed or never started.
        exit_status: Option<i32>,
        /// First part of standard error, redacted.
        stderr: String,
    },
    /// A file or a bounded set of files.
    File {
        /// Path, or pattern for a set.
        path: String,
    },
    /// System calls or kernel tables read directly.
    Kernel {
        /// What was asked, e.g. `/proc/net/tcp`.
        source: String,
    },
}

/// Something taken out of an artifact before it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// The kind of secret, e.g. `password hash`.
    pub kind: String,
    /// How many were taken out.
    pub count: u64,
}

/// A stored artifact: what a ledger leaf commits to. `stored` is the digest of the bytes on disk; `commitment` is a
/// salted commitment to the content. Both exist from the start so that encryption at rest changes no format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactDescriptor {
    /// Name inside its run.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Size of the content in bytes.
    pub size: u64,
    /// Digest of the bytes as stored.
    pub stored: Digest,
    /// HMAC-SHA-256 of the content under a random salt kept beside the row, not in the log.
    pub commitment: Digest,
}

/// Returns until when content is kept whose place another took at `superseded_at`, in a class that is kept for `days`.
///
/// What nothing took the place of is what is known now and has no such end: it can be old and yet be the evidence of
/// today.
#[must_use]
pub fn keep_until(superseded_at: Timestamp, days: i64) -> Timestamp {
    superseded_at.plus_micros(days.saturating_mul(DAY_US))
}
