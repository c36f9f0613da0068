//! What was seen: verdicts, facts, gaps, and their history as blocks and intervals.

pub mod check;
pub mod collection;
pub mod verdict;

pub use check::{CheckDefinition, Outcome, Severity};
pub use collection::{Collected, Gap, TargetRef};
pub use verdict::{ReasonClass, Verdict};
