//! What controls, their versions and the answers about them are in JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::control::{self, ControlVersion};
use tickmark_core::catalog::StarterControl;
use tickmark_core::conclusion::readiness::Decision;
use tickmark_core::control::{Assigned, Content, Control as Record, CriterionMapping, Level};
use tickmark_core::id::ActorId;

use crate::api::call::Taken;
use crate::api::words::{parsed, person, read, word};

const KINDS: [&str; 3] = ["preventive", "detective", "corrective"];
const NATURES: [&str; 3] = ["manual", "automated", "it_dependent_manual"];
const FREQUENCIES: [&str; 10] = [
    "continuous",
    "many_times_a_day",
    "daily",
    "weekly",
    "semi_monthly",
    "monthly",
    "quarterly",
    "semi_annual",
    "annual",
    "per_occurrence",
];
const LEVELS: [&str; 5] = ["", "entity", "process", "application", "infrastructure"];
const QUESTIONS: [&str; 4] = ["designed", "implemented", "operating", "evidenced"];
const ANSWERS: [&str; 4] = ["yes", "partly", "no", "not_assessed"];

/// A criterion that a control answers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// Framework with its edition, e.g. `tsc-2017`.
    #[schemars(length(min = 1, max = 60))]
    pub(super) framework: String,
    /// The criterion, e.g. `CC6.1`.
    #[schemars(length(min = 1, max = 40))]
    pub(super) criterion: String,
    /// Whether the control is a key control for it.
    pub(super) is_key: bool,
}

/// What a control says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlContent {
    #[schemars(length(min = 1, max = 200))]
    pub(super) title: String,
    /// Who does what, how often or on what trigger, using what, so that what.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) statement: String,
    /// Area it is grouped under.
    #[schemars(length(min = 1, max = 200))]
    pub(super) area: String,
    /// What it does about a risk.
    #[schemars(extend("enum" = KINDS))]
    pub(super) kind: String,
    /// Who or what performs it.
    #[schemars(extend("enum" = NATURES))]
    pub(super) nature: String,
    /// How often it is performed.
    #[schemars(extend("enum" = FREQUENCIES))]
    pub(super) frequency: String,
    /// Where it sits; empty while nobody has said so.
    #[serde(default)]
    #[schemars(extend("enum" = LEVELS))]
    pub(super) level: String,
    /// The system it is for; null if it is for the organization as a whole.
    #[serde(default)]
    #[schemars(extend("format" = "uuid"))]
    pub(super) system: Option<String>,
    /// Role that answers for it, in words.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) owner_role: String,
    /// Evidence it leaves.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 200)))]
    pub(super) evidence: Vec<String>,
    /// What would be sampled.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) population: String,
    /// Criteria it answers.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) criteria: Vec<Mapping>,
}

impl From<Content> for ControlContent {
    fn from(content: Content) -> Self {
        let mapping = |one: CriterionMapping| Mapping {
            framework: one.framework,
            criterion: one.criterion,
            is_key: one.is_key,
        };
        Self {
            title: content.title,
            statement: content.statement,
            area: content.area,
            kind: content.kind.word().to_owned(),
            nature: content.nature.word().to_owned(),
            frequency: content.frequency.word().to_owned(),
            level: content.level.map(word).unwrap_or_default(),
            system: content.system.map(|system| system.to_string()),
            owner_role: content.owner_role,
            evidence: content.evidence,
            population: content.population,
            criteria: content.criteria.into_iter().map(mapping).collect(),
        }
    }
}

impl ControlContent {
    pub(super) fn read(&self) -> Result<Content, Error> {
        let level = match self.level.as_str() {
            "" => None,
            word => Some(read::<Level>("level", word)?),
        };
        let mapping = |one: &Mapping| CriterionMapping {
            framework: one.framework.clone(),
            criterion: one.criterion.clone(),
            is_key: one.is_key,
        };
        Ok(Content {
            title: self.title.clone(),
            statement: self.statement.clone(),
            area: self.area.clone(),
            kind: read("kind", &self.kind)?,
            nature: read("nature", &self.nature)?,
            frequency: read("frequency", &self.frequency)?,
            level,
            system: self.system.as_deref().map(|id| parsed("system", id)).transpose()?,
            owner_role: self.owner_role.clone(),
            evidence: self.evidence.clone(),
            population: self.population.clone(),
            criteria: self.criteria.iter().map(mapping).collect(),
        })
    }
}

/// The people of a control, by their ids; null for nobody.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct People {
    /// Who answers for it.
    #[schemars(extend("format" = "uuid"))]
    pub(super) owner: Option<String>,
    /// Who performs it, where that is somebody else.
    #[schemars(extend("format" = "uuid"))]
    pub(super) operator: Option<String>,
    /// Who reviews it.
    #[schemars(extend("format" = "uuid"))]
    pub(super) reviewer: Option<String>,
}

impl People {
    pub(super) fn of(assigned: Assigned) -> Self {
        let id = |who: Option<ActorId>| who.map(|who| who.to_string());
        Self { owner: id(assigned.owner), operator: id(assigned.operator), reviewer: id(assigned.reviewer) }
    }

    pub(super) fn read(&self) -> Result<Assigned, Error> {
        Ok(Assigned {
            owner: person("owner", self.owner.as_deref())?,
            operator: person("operator", self.operator.as_deref())?,
            reviewer: person("reviewer", self.reviewer.as_deref())?,
        })
    }
}

/// What people wrote about a control.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ControlRecord {
    pub(super) id: String,
    /// `draft`, `active` or `retired`.
    pub(super) state: String,
    /// Whether something waits for somebody's approval: a draft as a whole, or a change of what is in force.
    pub(super) waits: bool,
    /// The starter control that it was copied from; null for one from nothing.
    pub(super) starter: Option<String>,
    /// What holds, or what the draft says.
    pub(super) content: ControlContent,
    /// What would hold once the change that waits is approved; null where none does.
    pub(super) proposed: Option<ControlContent>,
    pub(super) people: People,
}

impl From<&Record> for ControlRecord {
    fn from(control: &Record) -> Self {
        Self {
            id: control.id.to_string(),
            state: control.state().word().to_owned(),
            waits: control.waits(),
            starter: control.starter.clone(),
            content: control.content().into(),
            proposed: control.proposed().map(|proposed| proposed.content.clone().into()),
            people: People::of(control.assigned()),
        }
    }
}

/// A control as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ControlVersionRecord {
    /// From when.
    pub(super) since: String,
    /// Until when; null for what is now.
    pub(super) until: Option<String>,
    /// Its version, as `ETag` and `If-Match` have it.
    pub(super) version: String,
    pub(super) control: ControlRecord,
}

impl ControlVersionRecord {
    pub(super) fn of(version: &ControlVersion) -> Result<Self, Error> {
        Ok(Self {
            since: version.held.from.to_string(),
            until: version.held.to.map(|to| to.to_string()),
            version: control::state_of(&version.control)?.to_string(),
            control: ControlRecord::from(&version.control),
        })
    }
}

/// A new control.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewControl {
    /// Its id, e.g. `IAM-30`.
    #[schemars(length(min = 1, max = 40))]
    pub(super) id: String,
    /// The starter control that it is copied from; its checks are tests of the copy. Null for one from nothing.
    #[serde(default)]
    #[schemars(length(min = 1, max = 40))]
    pub(super) starter: Option<String>,
    pub(super) content: ControlContent,
    #[serde(default)]
    pub(super) people: People,
    /// Why it is written.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) reason: String,
}

/// A change of a control. What is in force stays so until somebody else approves; people change at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlChange {
    pub(super) content: ControlContent,
    pub(super) people: People,
    /// Why.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) reason: String,
}

/// An approval.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlApproval {
    /// Who answers for it from now on; left out, whoever does already.
    #[serde(default)]
    #[schemars(extend("format" = "uuid"))]
    pub(super) owner: Option<String>,
}

/// Which starter controls are copied.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    /// Their ids.
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 40)))]
    pub(super) controls: Vec<String>,
}

/// What was copied.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Adopted {
    /// How many were not here yet.
    pub(super) adopted: usize,
}

/// A control of the library.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Starter {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) area: String,
    /// What it says.
    pub(super) statement: String,
    pub(super) frequency: String,
}

impl From<&StarterControl> for Starter {
    fn from(starter: &StarterControl) -> Self {
        Self {
            id: starter.id.clone(),
            title: starter.title.clone(),
            area: starter.area.clone(),
            statement: starter.statement.clone(),
            frequency: starter.frequency.word().to_owned(),
        }
    }
}

/// An answer that somebody gives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAnswer {
    #[schemars(extend("enum" = QUESTIONS))]
    pub(super) question: String,
    /// `not_assessed` takes an answer back.
    #[schemars(extend("enum" = ANSWERS))]
    pub(super) answer: String,
    /// Why.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) reason: String,
}

/// An answer that somebody gave.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct QuestionAnswer {
    pub(super) question: String,
    pub(super) answer: String,
    /// Who answered.
    pub(super) by: String,
    pub(super) at: String,
    pub(super) reason: String,
}

impl From<&Decision> for QuestionAnswer {
    fn from(decision: &Decision) -> Self {
        Self {
            question: word(decision.question),
            answer: word(decision.answer),
            by: decision.by.to_string(),
            at: decision.at.to_string(),
            reason: decision.reason.clone(),
        }
    }
}

impl Taken for NewControl {}
impl Taken for ControlChange {}
impl Taken for ControlApproval {}
impl Taken for Chosen {}
impl Taken for NewAnswer {}
