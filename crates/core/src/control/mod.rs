//! What the organization does about its risks: controls as adopted, edited, versioned and owned.
//!
//! A control starts as a copy of a [`StarterControl`] or from nothing. Its text is kept in versions with the moments
//! at which they held, because a report over a period needs the text of each day. Tests of controls say how its
//! operation is looked at; a check reaches a criterion only through them.

pub mod commitment;
mod content;
pub mod start;
mod test_of_control;
mod test_record;
mod text;
mod tolerance;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use crate::catalog::{ControlKind, Frequency, Nature};
pub use content::{Assigned, CRITERIA_MAX, Change, Content, EVIDENCE_MAX, TEXT_MAX, TITLE_MAX};
pub use test_of_control::{TestAttribute, TestKind, TestMapping, TestOfControl, map_checks};
pub use test_record::{
    ATTRIBUTE_MAX, ATTRIBUTES_MAX, GRACE_MAX, OCCURRENCE, TestChange, TestContent, TestDecision, TestError,
    TestOrigin, TestOutcome, TestProposal, TestRecord, TestState, agreed,
};
pub use text::{ControlText, TextHistory};
pub use tolerance::{Tolerance, ToleranceError, Tolerated, tolerance_at};

use crate::catalog::{Soc1Control, StarterControl};
use crate::id::{ActorId, SystemId};
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
    /// A control needs a title.
    #[error("control {0} has no title")]
    NoTitle(ControlId),
    /// A text that is too long or cannot be read.
    #[error("the {what} of a control has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// More lines of evidence or criteria than anybody reads.
    #[error("a control has at most {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        max: usize,
    },
    /// Nothing was changed.
    #[error("nothing of control {0} is changed")]
    NothingChanged(ControlId),
    /// There is nothing to approve.
    #[error("nothing of control {0} waits for approval")]
    NothingWaits(ControlId),
    /// Four eyes.
    #[error("who wrote the text of control {0} does not approve it; somebody else does")]
    OwnText(ControlId),
}

/// A change of a control in force that waits for somebody else's approval. Until then the control stands as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// What it would say.
    pub content: Content,
    /// Who wrote it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Somebody's approval of one version of the text. A later text needs another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who approved.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Which version of the text.
    pub version: u32,
}

/// Why a control was taken out of force, or a draft set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retirement {
    /// Who decided.
    pub by: ActorId,
    /// Why.
    pub reason: String,
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
    /// The system it is for; none if it is for the organization as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemId>,
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
    /// Who changed a draft, besides the author of its text. None of them approves it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    authors: BTreeSet<ActorId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposed: Option<Box<Proposed>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<Approval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retirement: Option<Retirement>,
}

/// Returns the one system that all of some controls are for; none if they are for several, or any for all of the
/// organization, or there are none.
pub fn common_system<'a>(controls: impl IntoIterator<Item = &'a Control>) -> Option<SystemId> {
    let mut systems = controls.into_iter().map(|control| control.system);
    let first = systems.next()?;
    systems.all(|other| other == first).then_some(first)?
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
            system: None,
            owner_role: starter.owner.clone(),
            owner: None,
            operator: None,
            reviewer: None,
            evidence: starter.evidence.clone(),
            population: starter.population.clone(),
            criteria: starter.criteria.iter().map(mapping).collect(),
            active: None,
            retired: None,
            authors: BTreeSet::new(),
            proposed: None,
            approval: None,
            retirement: None,
        })
    }

    /// Copies a control of an example set for a SOC 1 into the organization, as a draft with its first text. It answers no
    /// criterion: an objective of a scope names it.
    ///
    /// # Errors
    /// As [`Self::adopt`].
    pub fn adopt_for_objective(
        of: &Soc1Control,
        area: &str,
        by: ActorId,
        at: Timestamp,
    ) -> Result<Self, ControlError> {
        let starter = StarterControl {
            id: of.id.clone(),
            framework: String::new(),
            area: area.to_owned(),
            title: of.title.clone(),
            statement: of.statement.clone(),
            criteria: Vec::new(),
            key_for: Vec::new(),
            kind: of.kind,
            nature: of.nature,
            frequency: of.frequency,
            owner: String::new(),
            evidence: of.evidence.clone(),
            check_idea: String::new(),
            population: of.population.clone(),
        };
        Self::adopt(&starter, by, at)
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
        self.proposed = None;
        Ok(())
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
        let revise = |control: &mut Control, statement: &str, at, reason: &str| {
            let id = control.id.clone();
            control.text.revise(&id, "Leaver removal", statement, somebody(), at, reason)
        };
        revise(&mut control, "Access ends within one hour.", day(10), "promised to a customer")
            .expect("later than the first");
        assert_eq!(control.text.at(day(0)), None);
        assert_eq!(control.text.at(day(9)).map(|text| &text.statement), Some(&before));
        assert_eq!(control.text.at(day(10)).map(|text| text.version), Some(2));
        assert_eq!(control.text.current().statement, "Access ends within one hour.");
        assert!(revise(&mut control, "y", day(10), "same moment").is_err());
        assert!(revise(&mut control, "y", day(11), " ").is_err());
        assert!(revise(&mut control, " ", day(11), "why").is_err());
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
