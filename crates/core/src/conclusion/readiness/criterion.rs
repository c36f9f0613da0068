//! The status of a criterion, suggested by rule and judged by a person, and an assessment of all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ControlStatus, DecisionError, Points, Rating, ReadinessFigure, TargetType};
use crate::control::{ControlId, CriterionMapping, TEXT_MAX};
use crate::id::ActorId;
use crate::{Timestamp, words};

/// Status of a criterion, ordered from worst to best. Not assessed stands above what is known to fall short, since it
/// may still turn out met, and below met, since it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionStatus {
    /// No key control is ready, or no control is mapped to it. There is no "not applicable" here: taking a criterion
    /// out is a decision about scope.
    NotMet,
    /// At least one key control is ready, or others compensate.
    PartlyMet,
    /// A key control is not assessed and none is failing.
    NotAssessed,
    /// All key controls are ready and together cover it.
    Met,
}

impl CriterionStatus {
    /// All, worst first.
    pub const ALL: [Self; 4] = [Self::NotMet, Self::PartlyMet, Self::NotAssessed, Self::Met];

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotMet => "not_met",
            Self::PartlyMet => "partly_met",
            Self::NotAssessed => "not_assessed",
            Self::Met => "met",
        }
    }
}

/// A control as mapped to one criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappedControl {
    /// The control.
    pub control: ControlId,
    /// Whether it is key for the criterion.
    pub is_key: bool,
    /// Its status.
    pub status: ControlStatus,
}

/// What people have said about one criterion beyond the ratings of its controls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionJudgement {
    /// What the key controls leave uncovered even when all are ready, or none.
    pub lacks: Option<String>,
    /// Compensating controls: designed for the same risk, precise enough, in place the whole time, tested, and without
    /// a shared cause. None if there are none.
    pub compensation: Option<String>,
    /// The status a person decided, if one has.
    pub decision: Option<CriterionDecision>,
}

impl CriterionJudgement {
    /// Makes a judgement of what a person says: what the key controls leave uncovered, what compensates, and the status, each
    /// where there is something to say; `status` is none while the rule's suggestion stands. Without any of them, an
    /// earlier judgement is taken back.
    ///
    /// # Errors
    /// If the reason is empty or a text cannot be read.
    pub fn new(
        (lacks, compensation): (&str, &str),
        status: Option<CriterionStatus>,
        (by, at): (ActorId, Timestamp),
        reason: &str,
    ) -> Result<Self, DecisionError> {
        let reason = words::readable(reason, TEXT_MAX).ok_or(DecisionError::Unreadable("reason"))?;
        if reason.is_empty() {
            return Err(DecisionError::NoReason);
        }
        let said = |what, text: &str| {
            let text = words::readable(text, TEXT_MAX).ok_or(DecisionError::Unreadable(what))?;
            Ok(Some(text).filter(|text| !text.is_empty()))
        };
        Ok(Self {
            lacks: said("part that is not covered", lacks)?,
            compensation: said("compensation", compensation)?,
            decision: status.map(|status| CriterionDecision::new(status, by, at, reason)).transpose()?,
        })
    }
}

/// The status of a criterion as a person decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionDecision {
    /// The status.
    pub status: CriterionStatus,
    /// Who decided.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl CriterionDecision {
    /// Makes a decision.
    ///
    /// # Errors
    /// If the reason is empty.
    pub fn new(
        status: CriterionStatus,
        by: ActorId,
        at: Timestamp,
        reason: impl Into<String>,
    ) -> Result<Self, DecisionError> {
        let reason = reason.into();
        if reason.trim().is_empty() {
            return Err(DecisionError::NoReason);
        }
        Ok(Self { status, by, at, reason })
    }
}

/// A status that the rule suggests, with the reason in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CriterionSuggestion {
    /// The status.
    pub status: CriterionStatus,
    /// Why, in one sentence.
    pub reason: String,
}

/// Suggests the status of a criterion from its controls.
///
/// - `NotMet` if no control is mapped, or no key control is ready and nothing compensates.
/// - `Met` if all key controls are ready and nobody has noted what they leave uncovered together.
/// - `NotAssessed` if a key control is not assessed and none is failing.
/// - `PartlyMet` if at least one key control is ready, or others compensate.
///
/// Secondary controls change nothing here: if one compensates, a person says so.
#[must_use]
pub fn suggest_criterion(controls: &[MappedControl], judgement: &CriterionJudgement) -> CriterionSuggestion {
    let key: Vec<_> = controls.iter().filter(|control| control.is_key).collect();
    let count = |is: fn(ControlStatus) -> bool| key.iter().filter(|control| is(control.status)).count();
    let ready = count(|status| status == ControlStatus::Ready);
    let open = count(|status| status == ControlStatus::NotAssessed);
    let failing = count(ControlStatus::is_failing);
    let of_key =
        format!("of {} key controls {ready} ready, {failing} failing, {open} not assessed", key.len());
    let (status, reason) = if controls.is_empty() {
        (CriterionStatus::NotMet, "no control is mapped to it".to_owned())
    } else if key.is_empty() {
        match &judgement.compensation {
            Some(compensation) => {
                (CriterionStatus::PartlyMet, format!("no key control, but compensated: {compensation}"))
            }
            None => (CriterionStatus::NotMet, "no key control is mapped to it".to_owned()),
        }
    } else if ready == key.len() {
        match &judgement.lacks {
            None => (CriterionStatus::Met, of_key),
            Some(lacks) => {
                (CriterionStatus::PartlyMet, format!("{of_key}; together they leave uncovered: {lacks}"))
            }
        }
    } else if failing == 0 {
        (CriterionStatus::NotAssessed, of_key)
    } else if let Some(compensation) = &judgement.compensation {
        (CriterionStatus::PartlyMet, format!("{of_key}; compensated: {compensation}"))
    } else if ready > 0 {
        (CriterionStatus::PartlyMet, of_key)
    } else {
        (CriterionStatus::NotMet, of_key)
    };
    CriterionSuggestion { status, reason }
}

/// Criteria by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatusCounts {
    /// Met.
    pub met: usize,
    /// Partly met.
    pub partly_met: usize,
    /// Not met.
    pub not_met: usize,
    /// Not assessed.
    pub not_assessed: usize,
}

impl StatusCounts {
    /// Counts `statuses`.
    #[must_use]
    pub fn of(statuses: impl IntoIterator<Item = CriterionStatus>) -> Self {
        let mut counts = Self::default();
        for status in statuses {
            *match status {
                CriterionStatus::Met => &mut counts.met,
                CriterionStatus::PartlyMet => &mut counts.partly_met,
                CriterionStatus::NotMet => &mut counts.not_met,
                CriterionStatus::NotAssessed => &mut counts.not_assessed,
            } += 1;
        }
        counts
    }

    /// Returns the number of all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.met + self.partly_met + self.not_met + self.not_assessed
    }
}

/// A control to assess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlInput {
    /// The control.
    pub id: ControlId,
    /// What people decided about it.
    pub rating: Rating,
    /// For what it is rated.
    pub target: TargetType,
    /// Criteria it answers, in any framework.
    pub criteria: Vec<CriterionMapping>,
}

/// A control of an assessment: one that answers a criterion in scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssessedControl {
    /// The control.
    pub id: ControlId,
    /// Whether it is key for at least one criterion in scope.
    pub is_key: bool,
    /// Its status.
    pub status: ControlStatus,
    /// Its points, unweighted.
    pub points: Points,
}

/// A criterion of an assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssessedCriterion {
    /// The criterion.
    pub criterion: String,
    /// Controls mapped to it, in order of id.
    pub controls: Vec<MappedControl>,
    /// What the rule suggests.
    pub suggested: CriterionSuggestion,
    /// What a person decided, if one has.
    pub decision: Option<CriterionDecision>,
    /// What the key controls leave uncovered, as a person said.
    pub lacks: Option<String>,
    /// What compensates, as a person said.
    pub compensation: Option<String>,
}

impl AssessedCriterion {
    /// Returns the status that counts: the person's, else the rule's. A criterion without a control is not met,
    /// whatever was decided before its last control went.
    #[must_use]
    pub fn status(&self) -> CriterionStatus {
        match &self.decision {
            Some(decision) if !self.controls.is_empty() => decision.status,
            _ => self.suggested.status,
        }
    }
}

/// Readiness for one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// Controls in scope, in order of id.
    pub controls: Vec<AssessedControl>,
    /// Criteria in scope, in the order given.
    pub criteria: Vec<AssessedCriterion>,
    /// The figure for dashboards.
    pub figure: ReadinessFigure,
}

impl Assessment {
    /// Assesses `criteria` of `framework`, in that order, by their `controls` and what people said about the criteria.
    /// Controls that answer none of the criteria are out of scope and left out.
    #[must_use]
    pub fn of<'a>(
        framework: &str,
        criteria: impl IntoIterator<Item = &'a str>,
        controls: &[ControlInput],
        judgements: &BTreeMap<String, CriterionJudgement>,
    ) -> Self {
        let criteria: Vec<&str> = criteria.into_iter().collect();
        let mut assessed: BTreeMap<&ControlId, AssessedControl> = BTreeMap::new();
        let mut mapped: BTreeMap<&str, BTreeMap<&ControlId, MappedControl>> = BTreeMap::new();
        for input in controls {
            let status = input.rating.status(input.target);
            for mapping in input.criteria.iter().filter(|mapping| mapping.framework == framework) {
                let Some(&criterion) = criteria.iter().find(|criterion| **criterion == mapping.criterion)
                else {
                    continue;
                };
                let entry = assessed.entry(&input.id).or_insert_with(|| AssessedControl {
                    id: input.id.clone(),
                    is_key: false,
                    status,
                    points: input.rating.points(input.target),
                });
                entry.is_key |= mapping.is_key;
                let control = MappedControl { control: input.id.clone(), is_key: mapping.is_key, status };
                mapped.entry(criterion).or_default().insert(&input.id, control);
            }
        }
        let nothing = CriterionJudgement::default();
        let criteria: Vec<_> = criteria
            .into_iter()
            .map(|criterion| {
                let controls: Vec<_> = mapped
                    .get(criterion)
                    .map(|controls| controls.values().cloned().collect())
                    .unwrap_or_default();
                let judgement = judgements.get(criterion).unwrap_or(&nothing);
                AssessedCriterion {
                    criterion: criterion.to_owned(),
                    suggested: suggest_criterion(&controls, judgement),
                    decision: judgement.decision.clone(),
                    lacks: judgement.lacks.clone(),
                    compensation: judgement.compensation.clone(),
                    controls,
                }
            })
            .collect();
        let controls: Vec<_> = assessed.into_values().collect();
        let figure = ReadinessFigure::of(&controls, criteria.iter().map(AssessedCriterion::status));
        Self { controls, criteria, figure }
    }
}
