//! Readiness (gap) analysis: four questions about each control, a status for each criterion, one figure.
//!
//! The questions are independent and never merged: a control can operate without evidence, or be evidenced without
//! being well designed. Answers are decisions of people ([`Decision`]); automated tests only suggest
//! ([`Suggestion`]), and there is no way from a suggestion to an answer but a person. The figure is for dashboards and
//! cannot hide anything: see [`ReadinessFigure`] for what it never does.
//!
//! Source: the method of readiness analysis customary among practitioners, with three answers scored 0, 1, 2.

mod answer;
mod criterion;
mod figure;
mod suggestion;

#[cfg(test)]
mod tests;

pub use answer::{Answer, ControlStatus, Decision, DecisionError, Points, Question, Rating, TargetType};
pub use criterion::{
    AssessedControl, AssessedCriterion, Assessment, ControlInput, CriterionDecision, CriterionJudgement,
    CriterionStatus, CriterionSuggestion, MappedControl, StatusCounts, suggest_criterion,
};
pub use figure::{KEY_WEIGHT, ReadinessFigure, SECONDARY_WEIGHT};
pub use suggestion::{
    EvidenceSeen, KNOWN_ENOUGH_BP, Suggestion, TargetResult, TestResult, suggest_evidenced,
    suggest_implemented, suggest_operating,
};
