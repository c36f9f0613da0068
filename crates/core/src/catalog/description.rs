//! What a system description must tell, and the clocks that law and contracts start.

use serde::{Deserialize, Serialize};

/// Criteria for the description of a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DescriptionCriteria {
    /// Identifier, e.g. `dc-200`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Edition in words.
    pub edition: String,
    /// Official designation.
    pub reference: String,
    /// Who publishes them.
    pub publisher: String,
    /// The criteria.
    pub criteria: Vec<DescriptionCriterion>,
}

/// One thing the description must tell the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescriptionCriterion {
    /// Identifier, e.g. `DC 4`.
    pub id: String,
    /// What the reader must be told, in our words.
    pub text: String,
    /// What to hold to be able to tell it.
    pub fields: Vec<String>,
    /// Whether it is required only when the report covers a period.
    #[serde(default)]
    pub period_only: bool,
    /// The publisher's text. Always empty in what we ship.
    #[serde(default)]
    pub official_text: String,
}

/// In what a clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockUnit {
    /// Hours; they run through weekends.
    Hours,
    /// Calendar days.
    CalendarDays,
    /// Business days; they need a calendar.
    BusinessDays,
    /// Calendar months, which are not 30 days.
    Months,
    /// Years.
    Years,
}

/// A time limit that law, a standard or a contract sets. A template: amounts are parameters to check with counsel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalClock {
    /// Identifier.
    pub id: String,
    /// The duty.
    pub duty: String,
    /// The limit in words.
    pub limit: String,
    /// Length, where the source sets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<u32>,
    /// Unit of the length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<ClockUnit>,
    /// Length of the extension the source allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension_amount: Option<u32>,
    /// Unit of the extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension_unit: Option<ClockUnit>,
    /// The moment that starts it; it differs by law.
    pub starts: String,
    /// Conditions and notes.
    pub conditions: String,
    /// Where it comes from.
    pub reference: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescriptionFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    pub(super) id: String,
    pub(super) title: String,
    #[serde(default)]
    pub(super) edition: String,
    #[serde(default)]
    pub(super) reference: String,
    #[serde(default)]
    pub(super) publisher: String,
    pub(super) criteria: Vec<DescriptionCriterion>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClocksFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    #[serde(rename = "title")]
    pub(super) _title: String,
    #[serde(rename = "reviewed", default)]
    pub(super) _reviewed: String,
    pub(super) clocks: Vec<LegalClock>,
}
