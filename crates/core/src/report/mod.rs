//! Frozen models of documents: plain data that a renderer turns into bytes without asking anybody anything.

pub mod compare;
pub mod lint;
pub mod package;
pub mod readiness;
pub mod sheet;

pub use compare::Comparison;
pub use package::SocPackage;
pub use readiness::ReadinessReport;
