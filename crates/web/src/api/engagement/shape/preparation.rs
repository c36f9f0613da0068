//! What management prepares beside scope and papers, in JSON: processes, what records propose for the description, decisions
//! about incidents, what is recorded around an examination.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_core::engagement::{
    Administration as CoreAdministration, Firm as CoreFirm, FlowStep, Meeting as CoreMeeting,
    Process as CoreProcess, Proposal as CoreProposal,
};

use crate::api::call::Taken;
use crate::api::words::{parsed, read};

const ACTS: [&str; 6] = ["initiate", "authorize", "record", "process", "correct", "report"];

/// A step of a process.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct ProcessStep {
    #[schemars(extend("enum" = ACTS))]
    act: String,
    /// What is done.
    #[schemars(length(min = 1, max = 4_000))]
    what: String,
    /// Who does it: a function, not a name.
    #[schemars(length(min = 1, max = 200))]
    who: String,
    #[serde(default)]
    #[schemars(length(max = 200))]
    system: String,
    /// What goes in.
    #[serde(default)]
    #[schemars(length(max = 200))]
    input: String,
    /// What comes out.
    #[serde(default)]
    #[schemars(length(max = 200))]
    output: String,
    /// Controls at this step.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
    /// Control objectives that it serves.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    objectives: Vec<String>,
}

/// A process of a SOC 1 description: its narrative and its steps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Process {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// How it goes, in words; needed before the description is signed.
    #[serde(default)]
    #[schemars(length(max = 20_000))]
    narrative: String,
    /// In order.
    #[serde(default)]
    #[schemars(length(max = 60))]
    steps: Vec<ProcessStep>,
}

impl From<&CoreProcess> for Process {
    fn from(process: &CoreProcess) -> Self {
        let step = |one: &FlowStep| ProcessStep {
            act: one.act.word().to_owned(),
            what: one.what.clone(),
            who: one.who.clone(),
            system: one.system.clone(),
            input: one.input.clone(),
            output: one.output.clone(),
            controls: one.controls.iter().map(ToString::to_string).collect(),
            objectives: one.objectives.iter().cloned().collect(),
        };
        Self {
            name: process.name.clone(),
            narrative: process.narrative.clone(),
            steps: process.steps.iter().map(step).collect(),
        }
    }
}

impl Process {
    /// Reads it.
    ///
    /// # Errors
    /// `Invalid` for a word or an id that cannot be read.
    pub(in crate::api::engagement) fn read(&self) -> Result<CoreProcess, Error> {
        let step = |one: &ProcessStep| {
            Ok(FlowStep {
                act: read("act", &one.act)?,
                what: one.what.clone(),
                who: one.who.clone(),
                system: one.system.clone(),
                input: one.input.clone(),
                output: one.output.clone(),
                controls: one
                    .controls
                    .iter()
                    .map(|id| parsed("control", id))
                    .collect::<Result<_, Error>>()?,
                objectives: one.objectives.iter().cloned().collect(),
            })
        };
        Ok(CoreProcess {
            name: self.name.clone(),
            narrative: self.narrative.clone(),
            steps: self.steps.iter().map(step).collect::<Result<_, Error>>()?,
        })
    }
}

/// What records tell for a part of the description, as a draft.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::api::engagement) struct PartProposal {
    /// The part it is for.
    pub(in crate::api::engagement) part: String,
    text: String,
    /// What it was made from.
    sources: Vec<String>,
    /// Whether somebody wrote this part already; then it stays as it is.
    is_written: bool,
}

impl PartProposal {
    pub(in crate::api::engagement) fn of(proposal: &CoreProposal, is_written: bool) -> Self {
        Self {
            part: proposal.part.word().to_owned(),
            text: proposal.text.clone(),
            sources: proposal.sources.clone(),
            is_written,
        }
    }
}

/// Parts that begin with what records tell.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct BeginParts {
    /// Words of parts, as the proposals have them.
    #[schemars(length(min = 1, max = 13), inner(length(min = 1, max = 40)))]
    pub(in crate::api::engagement) parts: Vec<String>,
}

/// Whether a finding is told of as an incident, and why.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct IncidentDecision {
    pub(in crate::api::engagement) is_told: bool,
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) why: String,
}

/// How the auditor's opinion is going to be modified.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Modification {
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) text: String,
}

/// A firm that was considered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Firm {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// How its license was checked, and what came of it.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    license: String,
    /// The result of its last peer review.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    peer_review: String,
    /// Whether it is independent.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    independence: String,
    /// What it has examined before, and who works on it.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    experience: String,
    /// How it goes about the work, by when.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    approach: String,
    /// What it asks for.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    price: String,
    /// Who told what of its work.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    references: String,
}

/// A walkthrough as it is agreed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Meeting {
    #[schemars(extend("format" = "date"))]
    day: String,
    /// What is walked through.
    #[schemars(length(min = 1, max = 4_000))]
    what: String,
    /// Who takes part.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    who: String,
}

/// What is recorded around an examination.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Administration {
    /// Firms that were considered.
    #[serde(default)]
    #[schemars(length(max = 40))]
    firms: Vec<Firm>,
    /// Name of the one that was chosen.
    #[serde(default)]
    #[schemars(length(max = 200))]
    chosen: String,
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    why: String,
    /// Who decided.
    #[serde(default)]
    #[schemars(length(max = 200))]
    approver: String,
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    decided: Option<String>,
    /// Where the signed letter of engagement is.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    letter: String,
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    letter_dated: Option<String>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    walkthroughs: Vec<Meeting>,
    /// Whether management's assertion is Section I of the report and the auditor's report Section II; else it is the other way
    /// round.
    #[serde(default)]
    assertion_first: bool,
}

impl From<&CoreAdministration> for Administration {
    fn from(held: &CoreAdministration) -> Self {
        let firm = |one: &CoreFirm| Firm {
            name: one.name.clone(),
            license: one.license.clone(),
            peer_review: one.peer_review.clone(),
            independence: one.independence.clone(),
            experience: one.experience.clone(),
            approach: one.approach.clone(),
            price: one.price.clone(),
            references: one.references.clone(),
        };
        let meeting = |one: &CoreMeeting| Meeting {
            day: one.day.to_string(),
            what: one.what.clone(),
            who: one.who.clone(),
        };
        Self {
            firms: held.firms.iter().map(firm).collect(),
            chosen: held.chosen.clone(),
            why: held.why.clone(),
            approver: held.approver.clone(),
            decided: held.decided.map(|day| day.to_string()),
            letter: held.letter.clone(),
            letter_dated: held.letter_dated.map(|day| day.to_string()),
            walkthroughs: held.walkthroughs.iter().map(meeting).collect(),
            assertion_first: held.assertion_first,
        }
    }
}

impl Administration {
    /// Reads it.
    ///
    /// # Errors
    /// `Invalid` for a day that cannot be read.
    pub(in crate::api::engagement) fn read(&self) -> Result<CoreAdministration, Error> {
        let firm = |one: &Firm| CoreFirm {
            name: one.name.clone(),
            license: one.license.clone(),
            peer_review: one.peer_review.clone(),
            independence: one.independence.clone(),
            experience: one.experience.clone(),
            approach: one.approach.clone(),
            price: one.price.clone(),
            references: one.references.clone(),
        };
        let meeting = |one: &Meeting| {
            Ok(CoreMeeting { day: parsed("day", &one.day)?, what: one.what.clone(), who: one.who.clone() })
        };
        let day =
            |field: &str, day: &Option<String>| day.as_deref().map(|day| parsed(field, day)).transpose();
        Ok(CoreAdministration {
            firms: self.firms.iter().map(firm).collect(),
            chosen: self.chosen.clone(),
            why: self.why.clone(),
            approver: self.approver.clone(),
            decided: day("decided", &self.decided)?,
            letter: self.letter.clone(),
            letter_dated: day("letter_dated", &self.letter_dated)?,
            walkthroughs: self.walkthroughs.iter().map(meeting).collect::<Result<_, Error>>()?,
            assertion_first: self.assertion_first,
        })
    }
}

impl Taken for Process {}
impl Taken for BeginParts {}
impl Taken for IncidentDecision {}
impl Taken for Modification {}
impl Taken for Administration {}
