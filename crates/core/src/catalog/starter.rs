//! Starter controls: templates that an organization adopts, edits and then owns.

use serde::{Deserialize, Serialize};

use super::attribute::{ControlKind, Frequency, Nature};

/// A template of a control. Adopting it copies it; later editions of the catalog never change an adopted control.
///
/// Numbers in the statement are proposals. The number adopted becomes a promise that will be tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StarterControl {
    /// Identifier, e.g. `IAM-05`.
    pub id: String,
    /// Framework its criteria belong to.
    #[serde(skip_deserializing)]
    pub framework: String,
    /// Area it is grouped under.
    #[serde(skip_deserializing)]
    pub area: String,
    /// Title.
    pub title: String,
    /// Who does what, how often or on what trigger, and how it is evidenced.
    pub statement: String,
    /// Criteria it answers.
    pub criteria: Vec<String>,
    /// Criteria it is proposed as a key control for; a subset of `criteria`.
    #[serde(default)]
    pub key_for: Vec<String>,
    /// What it does about a risk.
    pub kind: ControlKind,
    /// Who or what performs it.
    pub nature: Nature,
    /// How often.
    pub frequency: Frequency,
    /// Role of the owner. An adopted control needs a named person.
    pub owner: String,
    /// Evidence it leaves.
    pub evidence: Vec<String>,
    /// Condition to raise or compare when monitoring it. A signal to look at, not proof of a deviation.
    pub check_idea: String,
    /// What would be sampled.
    pub population: String,
}

/// Starter controls as written in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlsFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    pub(super) framework: String,
    pub(super) area: String,
    #[serde(default)]
    pub(super) position: u32,
    pub(super) controls: Vec<StarterControl>,
}
