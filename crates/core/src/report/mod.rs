//! Frozen models of documents: plain data that a renderer turns into bytes without asking anybody anything.

pub mod lint;
pub mod readiness;

pub use readiness::ReadinessReport;
