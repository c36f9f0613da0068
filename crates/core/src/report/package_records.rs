//! The records that the figures of management's part follow from, as they go with an issued report.
//!
//! Each record is written so that the digest of its canonical JSON is the one that an entry of the ledger names: whoever
//! holds both needs no program of ours to see that they are one. Papers of the audit firm are among them only as they were
//! shared; the representation letter and notes never are.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Digest;

/// Name and major version of the format.
pub const PACKAGE_RECORDS_SCHEMA: &str = "soc-package-records/1";

/// The records of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageRecords {
    /// Always [`PACKAGE_RECORDS_SCHEMA`].
    pub schema: String,
    /// Number of the engagement, e.g. `E-1`.
    pub engagement: String,
    /// Digest of the part that they are for.
    pub package: Digest,
    /// The records.
    pub records: Vec<CitedRecord>,
}

/// A record with what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitedRecord {
    /// `scope`, `description`, `assertion`, `opinion`, `control`, `commitment`, `workpaper` or `response`.
    pub kind: String,
    /// What names it, e.g. `IAM-05`, `WP-3`, `WP-3.1`; that of the engagement where there is one of its kind.
    pub id: String,
    /// The record.
    pub record: Value,
}
