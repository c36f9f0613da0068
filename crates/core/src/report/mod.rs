//! Frozen models of documents: plain data that a renderer turns into bytes without asking anybody anything.

pub mod compare;
pub mod lint;
pub mod own_work;
pub mod package;
pub mod readiness;
pub mod sheet;
pub mod writing;

pub use compare::Comparison;
pub use own_work::{OscalModel, OwnWork};
pub use package::SocPackage;
pub use readiness::ReadinessReport;
pub use writing::{CopyFor, Writing};
