//! SOC 1: control objectives that management writes, with controls, customers' controls and other organizations.

use serde::{Deserialize, Serialize};

use super::attribute::{ControlKind, Frequency, Nature};

/// An example set of objectives for one kind of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectiveSet {
    /// Identifier, e.g. `soc1-payroll`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Words before each objective.
    pub lead_in: String,
    /// Objectives.
    pub objectives: Vec<ControlObjective>,
    /// Controls, each for one objective.
    pub controls: Vec<Soc1Control>,
    /// Words before each customer control.
    pub cuec_lead_in: String,
    /// Complementary user entity controls.
    pub cuecs: Vec<UserEntityControl>,
    /// Subservice organizations usually present.
    pub subservice: Vec<SubserviceExample>,
}

/// What controls should achieve, tied to the customers' financial statement assertions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlObjective {
    /// Identifier, e.g. `CO-03`.
    pub id: String,
    /// Area of the business.
    pub area: String,
    /// The objective, to be read after the lead-in.
    pub statement: String,
    /// Whether it is an IT general control area. Those matter only for systems that support business objectives.
    pub is_general_control: bool,
    /// Financial statement assertions it touches; `all` for most general controls.
    pub assertions: Vec<String>,
    /// Classes of transactions that it is about; none for IT general controls.
    #[serde(default)]
    pub transactions: Vec<String>,
}

/// A control that serves one objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Soc1Control {
    /// Identifier, e.g. `FR-07`.
    pub id: String,
    /// Objective it serves.
    pub objective: String,
    /// Title.
    pub title: String,
    /// The control.
    pub statement: String,
    /// What it does about a risk.
    pub kind: ControlKind,
    /// Who or what performs it.
    pub nature: Nature,
    /// How often.
    pub frequency: Frequency,
    /// Evidence it leaves.
    pub evidence: Vec<String>,
    /// What would be sampled.
    pub population: String,
}

/// A complementary user entity control: without it the service's own controls do not reach the objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntityControl {
    /// Identifier, e.g. `UE-01`.
    pub id: String,
    /// What the customer does, to be read after the lead-in.
    pub statement: String,
    /// Objectives that depend on it.
    pub objectives: Vec<String>,
}

/// How a subservice organization is treated in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubserviceMethod {
    /// Its controls are left out; the types of control assumed are named.
    CarveOut,
    /// Its controls are described and tested too.
    Inclusive,
}

/// A subservice organization usually present in this kind of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubserviceExample {
    /// Identifier, e.g. `SO-01`.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it does.
    pub service: String,
    /// Proposed method.
    pub method: SubserviceMethod,
    /// Objectives affected.
    pub objectives: Vec<String>,
    /// Types of control assumed there.
    pub assumed_controls: Vec<String>,
    /// Own controls that monitor it.
    pub monitored_by: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectivesFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    pub(super) set: String,
    pub(super) title: String,
    pub(super) lead_in: String,
    #[serde(default)]
    pub(super) totals: ObjectiveTotals,
    pub(super) objectives: Vec<ControlObjective>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ObjectiveTotals {
    pub(super) objectives: Option<usize>,
    pub(super) controls: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectiveControlsFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    pub(super) set: String,
    pub(super) controls: Vec<Soc1Control>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CuecsFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    pub(super) set: String,
    pub(super) lead_in: String,
    pub(super) cuecs: Vec<UserEntityControl>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubserviceFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    pub(super) set: String,
    pub(super) organizations: Vec<SubserviceExample>,
}
