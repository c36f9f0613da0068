//! What was seen: verdicts, facts, gaps, and their history as blocks and intervals.

pub mod block;
pub mod check;
pub mod collection;
pub mod draft;
pub mod estate;
pub mod host;
pub mod interval;
pub mod verdict;
pub mod waiver;

pub use block::{Counts, Observation};
pub use check::{CheckDefinition, Outcome, Severity};
pub use collection::{Collected, Gap, TargetRef, facts_defect, facts_defect_in, facts_manifest};
pub use draft::{CheckDraft, DraftChange, DraftDecision, DraftError, DraftState};
pub use interval::Interval;
pub use verdict::{ReasonClass, Verdict};
pub use waiver::Waiver;
