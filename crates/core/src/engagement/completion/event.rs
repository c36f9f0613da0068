//! Subsequent events: what happened after the end of the time and could matter to the description or the controls.

use serde::{Deserialize, Serialize};

use super::super::{Time, needed, readable, title};
use super::{CompletionError, after};
use crate::Timestamp;
use crate::conclusion::scope::Day;
use crate::control::TEXT_MAX;
use crate::id::ActorId;
use crate::words::words_of;

/// What kind of event it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An incident or a breach.
    #[default]
    Incident,
    /// A change of the system or of a control.
    Change,
    /// An acquisition, a sale, another owner.
    Ownership,
    /// A key vendor was lost or changed.
    Vendor,
    /// Fraud, or the suspicion of it.
    Fraud,
    /// A claim, a law, a regulator.
    Legal,
    /// Anything else.
    Other,
}

words_of!(EventKind {
    Incident = "incident", "Incident or breach";
    Change = "change", "Change of the system or of a control";
    Ownership = "ownership", "Acquisition, sale or other owner";
    Vendor = "vendor", "Loss or change of a key vendor";
    Fraud = "fraud", "Fraud or suspicion of it";
    Legal = "legal", "Claim, law or regulator";
    Other = "other", "Something else";
});

impl EventKind {
    /// Tells whether it is an incident or failure rather than a change.
    #[must_use]
    pub fn is_incident(self) -> bool {
        matches!(self, Self::Incident | Self::Fraud)
    }
}

/// What is decided about an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// Nothing yet.
    #[default]
    Undecided,
    /// The description tells of it.
    Described,
    /// Section V tells of it.
    OtherInformation,
    /// The auditor was told, and it is not disclosed.
    ToldAuditor,
    /// It matters neither to the description nor to the controls.
    NoEffect,
}

words_of!(Decided {
    Undecided = "undecided", "Not decided yet";
    Described = "described", "The description tells of it";
    OtherInformation = "other_information", "Section V tells of it";
    ToldAuditor = "told_auditor", "The auditor is told; not disclosed";
    NoEffect = "no_effect", "No effect on description or controls";
});

/// What people tell of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// When it happened.
    pub day: Day,
    /// What kind of event it is.
    pub kind: EventKind,
    /// What happened.
    pub what: String,
    /// What it did to system and controls.
    pub effect: String,
    /// What is decided about it.
    #[serde(default)]
    pub decided: Decided,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

impl Told {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If one is missing or unreadable, the day is not after the time or lies ahead, or a decision has no reason.
    pub fn checked(self, time: Time, today: Day) -> Result<Self, CompletionError> {
        after(self.day, time)?;
        if self.day > today {
            return Err(CompletionError::Ahead(self.day));
        }
        let reason = readable("reason", &self.reason, TEXT_MAX)?;
        if self.decided != Decided::Undecided && reason.is_empty() {
            return Err(CompletionError::NoReason);
        }
        Ok(Self {
            what: title("title of what happened", &self.what)?,
            effect: needed("effect", &self.effect, TEXT_MAX)?,
            reason,
            ..self
        })
    }
}

/// An event of the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubsequentEvent {
    /// Number in the register, from 1.
    pub number: u32,
    /// What people tell of it.
    pub told: Told,
    /// Who wrote it last.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}
