//! The list of what an auditor usually asks for.

use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A document.
    Document,
    /// A population; needs its record of how it was produced.
    Population,
    /// Evidence for selected items, asked after selection.
    Sample,
    /// A configuration; needs its record of how it was produced.
    Configuration,
    /// An observation or walkthrough.
    Observation,
}

impl RequestKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Document, Self::Population, Self::Sample, Self::Configuration, Self::Observation];
}

/// Which time it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestTiming {
    /// As of a date.
    AsOf,
    /// The whole period.
    Period,
}

impl RequestTiming {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::AsOf, Self::Period];
}

/// A request as a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTemplate {
    /// Number in its list.
    pub number: u32,
    /// Framework its criteria belong to.
    #[serde(skip_deserializing)]
    pub framework: String,
    /// What is asked for.
    pub title: String,
    /// Kind.
    pub kind: RequestKind,
    /// Which time it concerns.
    pub timing: RequestTiming,
    /// Criteria it serves.
    #[serde(default)]
    pub criteria: Vec<String>,
    /// Whether it serves every criterion without naming one.
    #[serde(default)]
    pub all_criteria: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestsFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    pub(super) framework: String,
    #[serde(rename = "title")]
    pub(super) _title: String,
    #[serde(default)]
    pub(super) totals: RequestTotals,
    pub(super) requests: Vec<RequestTemplate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RequestTotals {
    pub(super) requests: Option<usize>,
}
