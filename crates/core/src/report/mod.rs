//! Frozen models of documents: plain data that a renderer turns into bytes without asking anybody anything.

pub mod compare;
pub mod lint;
pub mod own_work;
pub mod package;
pub mod package_records;
pub mod readiness;
pub mod sheet;
pub mod writing;

use std::collections::BTreeMap;

use crate::Digest;

pub use compare::Comparison;
pub use own_work::{OscalModel, OwnWork};
pub use package::SocPackage;
pub use readiness::ReadinessReport;
pub use writing::{CopyFor, Writing};

/// Bytes that a document names by their digest and does not hold: the auditor's signed file, pictures.
pub type Files = BTreeMap<Digest, Vec<u8>>;
