//! Whose system, and what of it.

use serde::{Deserialize, Serialize};

use super::Figure;

/// Whose assessment it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Name as it should stand on the cover.
    pub name: String,
}

/// The system that the assessment is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemSummary {
    /// Name as it should stand on the cover.
    pub name: String,
    /// What it is, in sentences; may be empty.
    pub description: String,
    /// Where the boundary runs, in sentences; may be empty.
    pub boundary: String,
}

/// The examination that the organization gets ready for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TargetType {
    /// Design on one date.
    Type1 {
        /// The as-of date, `2027-03-31`, or none while undecided.
        as_of: Option<String>,
    },
    /// Design and operation over a period.
    Type2 {
        /// First day, or none while undecided.
        from: Option<String>,
        /// Last day, or none while undecided.
        to: Option<String>,
    },
}

/// A criterion that was taken out with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExcludedCriterion {
    /// Id, e.g. `CC6.4`.
    pub id: String,
    /// Why it does not apply.
    pub reason: String,
    /// Who approved that, or none while nobody has.
    pub approved_by: Option<String>,
}

/// What was assessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Services in scope.
    pub services: Vec<String>,
    /// Names of the categories in scope, e.g. `Security`.
    pub categories: Vec<String>,
    /// Kind and dates of the examination aimed at.
    pub target: TargetType,
    /// Edition of the criteria, for people.
    pub edition: String,
    /// Number of criteria in scope.
    pub criteria_count: Figure,
    /// Number of points of focus in play. Guidance only; never assessed.
    pub points_of_focus_count: Figure,
    /// Number of controls in scope.
    pub controls_count: Figure,
    /// Number of targets looked at.
    pub targets_count: Figure,
    /// Criteria taken out, with reasons.
    pub excluded: Vec<ExcludedCriterion>,
    /// What the boundary leaves out, one sentence each.
    pub outside: Vec<String>,
}
