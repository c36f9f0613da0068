//! Summary, criteria, controls and findings.

use serde::{Deserialize, Serialize};

use super::{Citation, Figure};
use crate::Timestamp;
pub use crate::conclusion::readiness::{Answer, ControlStatus, CriterionStatus, Question, StatusCounts};
use crate::observation::Severity;

/// Criteria of one category by status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategorySummary {
    /// Name, e.g. `Security (common criteria)`.
    pub category: String,
    /// Met.
    pub met: Figure,
    /// Partly met.
    pub partly_met: Figure,
    /// Not met.
    pub not_met: Figure,
    /// Not assessed.
    pub not_assessed: Figure,
}

/// Criteria of one series by status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesSummary {
    /// Id, e.g. `CC6`.
    pub id: String,
    /// Title, e.g. `Logical and physical access`.
    pub title: String,
    /// Met.
    pub met: Figure,
    /// Partly met.
    pub partly_met: Figure,
    /// Not met.
    pub not_met: Figure,
    /// Not assessed.
    pub not_assessed: Figure,
}

/// The figures of the first pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// What a reader in a hurry must know, one or two sentences each.
    pub key_messages: Vec<String>,
    /// Points earned of points possible, in basis points, by the rule of the readiness module. Always printed next
    /// to [`Self::criteria_not_met`].
    pub readiness: Figure,
    /// Criteria that are not met.
    pub criteria_not_met: Figure,
    /// Criteria that are met.
    pub criteria_met: Figure,
    /// Criteria that are partly met.
    pub criteria_partly_met: Figure,
    /// Criteria that are not assessed.
    pub criteria_not_assessed: Figure,
    /// Key controls that are ready.
    pub key_controls_ready: Figure,
    /// Key controls in scope.
    pub key_controls: Figure,
    /// Open findings.
    pub findings_open: Figure,
    /// Things that could not be seen.
    pub gaps: Figure,
    /// By category, in scope order.
    pub categories: Vec<CategorySummary>,
    /// By series, in catalog order.
    pub series: Vec<SeriesSummary>,
}

/// A control as mapped to one criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriterionControl {
    /// Id, e.g. `IAM-07`.
    pub id: String,
    /// Whether it is key for this criterion.
    pub is_key: bool,
}

/// One criterion with its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriterionRow {
    /// Id, e.g. `CC6.1`.
    pub id: String,
    /// Series, e.g. `CC6`.
    pub series: String,
    /// Category as in [`CategorySummary::category`].
    pub category: String,
    /// Short paraphrase in our own words.
    pub title: String,
    /// The status that counts.
    pub status: CriterionStatus,
    /// Who decided it, or none when it is only the rule's suggestion.
    pub decided_by: Option<String>,
    /// Why, in one or two sentences.
    pub reason: String,
    /// Controls mapped to it, in id order.
    pub controls: Vec<CriterionControl>,
    /// Where the status comes from.
    pub cites: Vec<Citation>,
}

/// What automated tests suggest as an answer. Never an answer by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// The suggested answer.
    pub answer: Answer,
    /// Why, in one sentence.
    pub reason: String,
    /// The results it rests on.
    pub cites: Vec<Citation>,
}

/// One of the four questions about a control: what a person decided, and apart from it what tests suggest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionRow {
    /// Which question.
    pub question: Question,
    /// What was decided; [`Answer::NotAssessed`] until somebody decides.
    pub answer: Answer,
    /// Who decided, or none.
    pub decided_by: Option<String>,
    /// When, or none.
    pub decided_at: Option<Timestamp>,
    /// Why, may be empty.
    pub reason: String,
    /// What tests suggest, or none.
    pub suggestion: Option<Suggestion>,
}

/// One control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlRow {
    /// Id, e.g. `IAM-07`.
    pub id: String,
    /// Short title.
    pub title: String,
    /// What is done, who does it, how often.
    pub statement: String,
    /// Role or person who answers for it, or none.
    pub owner: Option<String>,
    /// How often it runs, e.g. `quarterly`.
    pub frequency: String,
    /// Status as suggested from the answers.
    pub status: ControlStatus,
    /// Criteria it is mapped to, with key marks, in catalog order.
    pub criteria: Vec<ControlCriterion>,
    /// The four questions in the order of [`Question::ALL`].
    pub questions: Vec<QuestionRow>,
    /// Ids of the checks that are tests of it.
    pub checks: Vec<String>,
    /// Where the row comes from.
    pub cites: Vec<Citation>,
}

/// A criterion as served by one control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlCriterion {
    /// Id, e.g. `CC6.1`.
    pub id: String,
    /// Whether the control is key for it.
    pub is_key: bool,
}

/// A condition found short of a criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRow {
    /// Short reference, e.g. `F-03`.
    pub reference: String,
    /// Short title.
    pub title: String,
    /// Criteria concerned, main one first.
    pub criteria: Vec<String>,
    /// Control concerned, or none.
    pub control: Option<String>,
    /// What was found.
    pub condition: String,
    /// Why it came about; empty while nobody has looked.
    pub cause: String,
    /// Why it matters: the effect on commitments.
    pub effect: String,
    /// How much it matters.
    pub severity: Severity,
    /// What to do, in plain text.
    pub recommendation: String,
    /// Who does it, or none.
    pub owner: Option<String>,
    /// Until when, `2027-01-31`, or none.
    pub due: Option<String>,
    /// State for people, e.g. `open`.
    pub state: String,
    /// What it rests on.
    pub cites: Vec<Citation>,
}
