//! What the organization does about its risks: controls as adopted, edited, versioned and owned.
//!
//! A control starts as a copy of a [`StarterControl`] or from nothing. Its text is kept in versions with the moments
//! at which they held, because a report over a period needs the text of each day. Tests of controls say how its
//! operation is looked at; a check reaches a criterion only through them.

mod test_of_control;
mod text;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use crate::catalog::{ControlKind, Frequency, Nature};
pub use test_of_control::{TestAttribute, TestKind, TestMapping, TestOfControl, map_checks};
pub use text::{ControlText, TextHistory};

use crate::catalog::StarterControl;
use crate::id::ActorId;
use crate::{Span, Timestamp};

/// Longest [`ControlId`] in bytes.
pub const CONTROL_ID_MAX_BYTES: usize = 40;

/// The organization's own name for a control, e.g. `IAM-05`. No spaces, at most [`CONTROL_ID_MAX_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ControlId(String);

impl ControlId {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ControlId {
    type Error = ControlError;

    fn try_from(text: String) -> Result<Self, ControlError> {
        let fits = !text.is_empty()
            && text.len() <= CONTROL_ID_MAX_BYTES
            && !text.chars().any(|character| character.is_whitespace() || character.is_control());
        if fits { Ok(Self(text)) } else { Err(ControlError::InvalidId(text)) }
    }
}

impl FromStr for ControlId {
    type Err = ControlError;

    fn from_str(text: &str) -> Result<Self, ControlError> {
        text.to_owned().try_into()
    }
}

impl From<ControlId> for String {
    fn from(id: ControlId) -> Self {
        id.0
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a control sits in the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The organization as a whole.
    Entity,
    /// A business process.
    Process,
    /// An application.
    Application,
    /// Infrastructure.
    Infrastructure,
}

/// How far a control has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlState {
    /// Written down and not promised yet.
    Draft,
    /// In force.
    Active,
    /// No longer in force. Kept, since a period may need it.
    Retired,
}

impl ControlState {
    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// Tells whether the state may follow this one. A retired control does not come back: its history would have a
    /// hole that nobody sees; a new one is adopted instead.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Draft, Self::Active | Self::Retired) | (Self::Active, Self::Retired))
    }
}

/// A criterion a control answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CriterionMapping {
    /// Framework of the criterion, with its edition.
    pub framework: String,
    /// The criterion.
    pub criterion: String,
    /// Whether its failure would leave the criterion unmet with no other control. Judged for each criterion: a
    /// control may be key for one and secondary for another.
    pub is_key: bool,
}

/// Why something cannot be done with a control.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// Not a name for a control.
    #[error("{0:?} is not a control id: it needs 1 to 40 bytes without spaces")]
    InvalidId(String),
    /// An active control needs somebody who answers for it.
    #[error("control {0} has no named owner")]
    NoOwner(ControlId),
    /// States do not follow each other like this.
    #[error("control {control} is {} and cannot become {}", from.word(), to.word())]
    Transition {
        /// Which control.
        control: ControlId,
        /// Its state.
        from: ControlState,
        /// The state asked for.
        to: ControlState,
    },
    /// A version of the text must begin after the one before.
    #[error(
        "the text of control {control} already has a version from {latest}, a new one cannot begin at {asked}"
    )]
    TextOrder {
        /// Which control.
        control: ControlId,
        /// Begin of the latest version.
        latest: Timestamp,
        /// Begin asked for.
        asked: Timestamp,
    },
    /// A change of text must say why.
    #[error("a new text of control {0} needs a reason")]
    NoReason(ControlId),
    /// A control must say what is done.
    #[error("control {0} has no statement")]
    NoStatement(ControlId),
}

/// A control of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The organization's name for it.
    pub id: ControlId,
    /// Starter control it was adopted from, if any.
    pub starter: Option<String>,
    /// Area it is grouped under.
    pub area: String,
    /// Its text, in versions.
    pub text: TextHistory,
    /// What it does about a risk.
    pub kind: ControlKind,
    /// Who or what performs it.
    pub nature: Nature,
    /// How often the activity is performed.
    pub frequency: Frequency,
    /// Where it sits, once somebody has said so.
    pub level: Option<Level>,
    /// Role that answers for it, in words.
    pub owner_role: String,
    /// The named person who answers for it.
    pub owner: Option<ActorId>,
    /// Who performs it, where that is not the owner.
    pub operator: Option<ActorId>,
    /// Who reviews it.
    pub reviewer: Option<ActorId>,
    /// Evidence it leaves.
    pub evidence: Vec<String>,
    /// What would be sampled: built by its trigger, never by its evidence.
    pub population: String,
    /// Criteria it answers.
    pub criteria: Vec<CriterionMapping>,
    active: Option<Timestamp>,
    retired: Option<Timestamp>,
}

impl Control {
    /// Copies a starter control into the organization, as a draft with its first text. Later editions of the
    /// catalog do not reach it.
    ///
    /// # Errors
    /// If the starter's identifier cannot name a control, or it has no statement.
    pub fn adopt(starter: &StarterControl, by: ActorId, at: Timestamp) -> Result<Self, ControlError> {
        let id: ControlId = starter.id.parse()?;
        let reason = format!("adopted from the starter control {}", starter.id);
        let mapping = |criterion: &String| CriterionMapping {
            framework: starter.framework.clone(),
            criterion: criterion.clone(),
            is_key: starter.key_for.contains(criterion),
        };
        Ok(Self {
            text: TextHistory::begin(&id, &starter.title, &starter.statement, by, at, &reason)?,
            id,
            starter: Some(starter.id.clone()),
            area: starter.area.clone(),
            kind: starter.kind,
            nature: starter.nature,
            frequency: starter.frequency,
            level: None,
            owner_role: starter.owner.clone(),
            owner: None,
            operator: None,
            reviewer: None,
            evidence: starter.evidence.clone(),
            population: starter.population.clone(),
            criteria: starter.criteria.iter().map(mapping).collect(),
            active: None,
            retired: None,
        })
    }

    /// Returns the state, which follows from the moments it came into force and was retired.
    #[must_use]
    pub fn state(&self) -> ControlState {
        match (self.active, self.retired) {
            (_, Some(_)) => ControlState::Retired,
            (Some(_), None) => ControlState::Active,
            (None, None) => ControlState::Draft,
        }
    }

    /// Tells whether it was in force at `at`.
    #[must_use]
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.active.is_some_and(|from| from <= at) && self.retired.is_none_or(|to| at < to)
    }

    /// Returns when it was in force, if it ever was.
    #[must_use]
    pub fn force(&self) -> Option<Span> {
        self.active.map(|from| Span { from, to: self.retired })
    }

    /// Tells whether it is key for a criterion.
    #[must_use]
    pub fn is_key_for(&self, framework: &str, criterion: &str) -> bool {
        self.criteria.iter().any(|m| m.is_key && m.framework == framework && m.criterion == criterion)
    }

    /// Puts a draft in force. From here on its text is a promise that will be tested.
    ///
    /// # Errors
    /// If it has no named owner, or is not a draft.
    pub fn activate(&mut self, at: Timestamp) -> Result<(), ControlError> {
        if self.owner.is_none() {
            return Err(ControlError::NoOwner(self.id.clone()));
        }
        self.expect_step(ControlState::Active)?;
        self.active = Some(at);
        Ok(())
    }

    /// Takes it out of force.
    ///
    /// # Errors
    /// If it is retired already.
    pub fn retire(&mut self, at: Timestamp) -> Result<(), ControlError> {
        self.expect_step(ControlState::Retired)?;
        self.retired = Some(at);
        Ok(())
    }

    /// Gives it a new text from `at` on.
    ///
    /// # Errors
    /// If the latest text began at or after `at`, the reason or the statement is empty.
    pub fn revise(
        &mut self,
        title: &str,
        statement: &str,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<(), ControlError> {
        self.text.revise(&self.id, title, statement, by, at, reason)
    }

    fn expect_step(&self, to: ControlState) -> Result<(), ControlError> {
        let from = self.state();
        if from.may_become(to) {
            Ok(())
        } else {
            Err(ControlError::Transition { control: self.id.clone(), from, to })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn somebody() -> ActorId {
        ActorId(uuid::Uuid::from_u128(7))
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::from_micros(number * crate::time::DAY_US)
    }

    fn leaver_removal() -> Control {
        let catalog = Catalog::builtin();
        let starter = catalog.control("IAM-05").expect("built in");
        Control::adopt(starter, somebody(), day(1)).expect("a starter control can be adopted")
    }

    #[test]
    fn every_starter_control_can_be_adopted() {
        for starter in &Catalog::builtin().controls {
            let control = Control::adopt(starter, somebody(), day(1)).expect("adopts");
            assert_eq!(control.state(), ControlState::Draft);
            assert_eq!(control.criteria.len(), starter.criteria.len());
            let key = control.criteria.iter().filter(|mapping| mapping.is_key).count();
            assert_eq!(key, starter.key_for.len());
        }
    }

    #[test]
    fn a_control_comes_into_force_with_a_named_owner_only() {
        let mut control = leaver_removal();
        assert_eq!(control.activate(day(2)), Err(ControlError::NoOwner("IAM-05".parse().expect("id"))));
        assert!(!control.in_force(day(9)));
        control.owner = Some(somebody());
        control.activate(day(2)).expect("has an owner");
        assert!(!control.in_force(day(1)) && control.in_force(day(2)));
        let twice = control.activate(day(3)).expect_err("already active").to_string();
        assert_eq!(twice, "control IAM-05 is active and cannot become active");
        control.retire(day(5)).expect("active");
        assert!(control.in_force(day(4)) && !control.in_force(day(5)));
        assert!(control.retire(day(6)).is_err());
        control.owner = None;
        assert!(control.activate(day(7)).is_err());
    }

    #[test]
    fn the_text_of_a_day_is_the_version_that_held_then() {
        let mut control = leaver_removal();
        let before = control.text.at(day(1)).expect("first version").statement.clone();
        control
            .revise(
                "Leaver removal",
                "Access ends within one hour.",
                somebody(),
                day(10),
                "promised to a customer",
            )
            .expect("later than the first");
        assert_eq!(control.text.at(day(0)), None);
        assert_eq!(control.text.at(day(9)).map(|text| &text.statement), Some(&before));
        assert_eq!(control.text.at(day(10)).map(|text| text.version), Some(2));
        assert_eq!(control.text.current().statement, "Access ends within one hour.");
        assert!(control.revise("x", "y", somebody(), day(10), "same moment").is_err());
        assert!(control.revise("x", "y", somebody(), day(11), " ").is_err());
        assert!(control.revise("x", " ", somebody(), day(11), "why").is_err());
        assert_eq!(control.text.versions().len(), 2);
    }

    #[test]
    fn ids_are_short_and_have_no_spaces() {
        assert!("IAM-05".parse::<ControlId>().is_ok());
        for bad in ["", "IAM 05", "a\nb", &"x".repeat(41)] {
            assert_eq!(bad.parse::<ControlId>(), Err(ControlError::InvalidId(bad.to_owned())));
        }
        assert!(serde_json::from_str::<ControlId>("\"a b\"").is_err());
    }
}
