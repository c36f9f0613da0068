//! What follows from what was seen and decided: readiness, findings, the scope they hold for.
//!
//! Readiness is management's own view before an auditor looks. An opinion is the auditor's; nothing here computes or
//! predicts one.

pub mod chosen;
pub mod finding;
pub mod period;
pub mod readiness;
pub mod scope;

pub use chosen::{Choice, Chosen};
pub use finding::{Finding, FindingError, FindingState, ProposedFinding};
pub use period::{Conclusion, Deviation, DeviationKind, State};
pub use readiness::{
    Answer, Assessment, ControlStatus, CriterionStatus, Decision, Question, Rating, ReadinessFigure,
    StatusCounts, Suggestion, TargetType,
};
pub use scope::{Exclusion, Scope, ScopeError, Target};
