//! Facts that become known after the date of the report. The auditor decides what follows; management records when it told
//! them, and what was decided.
//!
//! Source: `docs/domain/soc-reports.md` section 10.

use serde::{Deserialize, Serialize};

use super::super::{needed, readable, title};
use super::CompletionError;
use crate::Timestamp;
use crate::conclusion::scope::Day;
use crate::control::TEXT_MAX;
use crate::id::ActorId;
use crate::words::words_of;

/// What the auditor decided about a fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follows {
    /// Nothing yet.
    #[default]
    Undecided,
    /// The report is revised.
    Revised,
    /// Those who have the report are told.
    ReadersTold,
    /// Nothing: the report stands.
    Stands,
}

words_of!(Follows {
    Undecided = "undecided", "The auditor has not decided yet";
    Revised = "revised", "The report is revised";
    ReadersTold = "readers_told", "Readers of the report are told";
    Stands = "stands", "The report stands as it is";
});

/// What people tell of a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// When it became known.
    pub day: Day,
    /// What it is.
    pub what: String,
    /// What it means for the description or for controls in the time of the examination.
    pub effect: String,
    /// When the auditor was told; none before.
    #[serde(default)]
    pub told: Option<Day>,
    /// What the auditor decided.
    #[serde(default)]
    pub follows: Follows,
    /// Why, or how readers are told.
    #[serde(default)]
    pub reason: String,
}

impl Learned {
    /// Brings texts to one form. `report` is the date of the report.
    ///
    /// # Errors
    /// If one is missing or unreadable, a day cannot be, or a decision stands there before the auditor was told, or without a
    /// reason.
    pub fn checked(self, report: Day, today: Day) -> Result<Self, CompletionError> {
        if self.day < report {
            return Err(CompletionError::KnownBefore { day: self.day, report });
        }
        for day in [Some(self.day), self.told].into_iter().flatten() {
            if day > today {
                return Err(CompletionError::Ahead(day));
            }
        }
        if self.told.is_some_and(|told| told < self.day) {
            return Err(CompletionError::ToldBefore);
        }
        let reason = readable("reason", &self.reason, TEXT_MAX)?;
        if self.follows != Follows::Undecided {
            if self.told.is_none() {
                return Err(CompletionError::Untold);
            }
            if reason.is_empty() {
                return Err(CompletionError::NoReason);
            }
        }
        Ok(Self {
            what: title("title of what became known", &self.what)?,
            effect: needed("effect", &self.effect, TEXT_MAX)?,
            reason,
            ..self
        })
    }
}

/// A fact of the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Number in the register, from 1.
    pub number: u32,
    /// What people tell of it.
    pub learned: Learned,
    /// Who wrote it last.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Since when it stands there that the auditor revises the report; none while it does not. Its words may be corrected
    /// afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revised_at: Option<Timestamp>,
}

impl Fact {
    /// Returns since when the auditor revises the report because of it.
    #[must_use]
    pub fn revises_since(&self) -> Option<Timestamp> {
        (self.learned.follows == Follows::Revised).then(|| self.revised_at.unwrap_or(self.at))
    }
}
