//! Reviews beside the controls: subservice organizations, user entities, commitments, description, evidence, roadmap.

use serde::{Deserialize, Serialize};

use super::Citation;

/// How far something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Done.
    Ready,
    /// Begun.
    Partly,
    /// Not begun.
    Missing,
    /// Nobody has looked.
    NotAssessed,
}

/// How a subservice organization stands in the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubserviceMethod {
    /// Its controls are left out and assumed.
    CarveOut,
    /// Its controls are described and examined.
    Inclusive,
    /// Nobody has decided.
    Undecided,
}

/// A vendor whose controls ours rely on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubserviceRow {
    /// Name.
    pub name: String,
    /// What it does for the system.
    pub services: String,
    /// Method.
    pub method: SubserviceMethod,
    /// Types of its controls that are assumed.
    pub assumed_controls: Vec<String>,
    /// Criteria concerned.
    pub criteria: Vec<String>,
    /// Own controls that monitor it.
    pub monitored_by: Vec<String>,
    /// How far the review is.
    pub level: Level,
    /// What is missing, one sentence; may be empty.
    pub note: String,
}

/// A control that customers must have for a commitment to be achieved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CuecRow {
    /// Short reference.
    pub reference: String,
    /// What the customer must do.
    pub statement: String,
    /// Criteria concerned.
    pub criteria: Vec<String>,
    /// How far it is.
    pub level: Level,
}

/// A principal service commitment or system requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitmentRow {
    /// Short reference.
    pub reference: String,
    /// The promise or requirement.
    pub statement: String,
    /// Where it was made, e.g. the terms of service.
    pub source: String,
    /// Criteria it is measured by.
    pub criteria: Vec<String>,
    /// How far it is.
    pub level: Level,
}

/// One description criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescriptionRow {
    /// Id, `DC 1` to `DC 9`.
    pub id: String,
    /// Subject in our own words.
    pub title: String,
    /// How far it is.
    pub level: Level,
    /// What exists and what is missing.
    pub note: String,
}

/// Whether evidence of one kind could be produced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceReadinessRow {
    /// The population or list, e.g. `All production deployments of the period`.
    pub subject: String,
    /// Controls it serves.
    pub controls: Vec<String>,
    /// Whether the population can be produced.
    pub population: Level,
    /// Whether completeness and accuracy of the list can be shown.
    pub ipe: Level,
    /// Whether single items can be found again.
    pub retrievable: Level,
    /// What is missing; may be empty.
    pub note: String,
    /// Where that is recorded.
    pub cites: Vec<Citation>,
}

/// One step of the roadmap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoadmapStep {
    /// When, e.g. `by 2027-01-15` or `month 1`.
    pub when: String,
    /// What.
    pub what: String,
    /// Who, or none.
    pub owner: Option<String>,
    /// References of findings it closes.
    pub findings: Vec<String>,
}

/// What to do, and from when a period makes sense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roadmap {
    /// Steps in order.
    pub steps: Vec<RoadmapStep>,
    /// First day on which every control in scope is designed, in place and producing evidence that can be found
    /// again, `2027-03-01`; none while that cannot be said.
    pub earliest_period_start: Option<String>,
    /// Why that day, or what is missing to say one.
    pub reason: String,
    /// What the day rests on.
    pub cites: Vec<Citation>,
}
