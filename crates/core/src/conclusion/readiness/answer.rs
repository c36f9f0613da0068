//! The four questions, their answers, and the status of a control that follows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::control::TEXT_MAX;
use crate::id::ActorId;

/// One of the four independent questions about a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Written down with who, what, when and how evidenced; would meet the criterion if run; no conflict of duties.
    Designed,
    /// In place: at least one real instance seen.
    Implemented,
    /// Instances over the period show that it ran as designed, by someone competent, on time.
    Operating,
    /// Evidence is complete, dated, attributable, can be found again, and its population can be produced.
    Evidenced,
}

impl Question {
    /// All questions in the order in which they are asked.
    pub const ALL: [Self; 4] = [Self::Designed, Self::Implemented, Self::Operating, Self::Evidenced];

    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Designed => "designed",
            Self::Implemented => "implemented",
            Self::Operating => "operating",
            Self::Evidenced => "evidenced",
        }
    }
}

/// An answer to one question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Fully so.
    Yes,
    /// In part.
    Partly,
    /// Not so.
    No,
    /// Nobody has answered. Counts as zero earned, never as left out.
    #[default]
    NotAssessed,
}

impl Answer {
    /// All answers, best first.
    pub const ALL: [Self; 4] = [Self::Yes, Self::Partly, Self::No, Self::NotAssessed];

    /// Returns the score, 0 to 2, or none when not assessed.
    #[must_use]
    pub fn score(self) -> Option<u8> {
        match self {
            Self::Yes => Some(2),
            Self::Partly => Some(1),
            Self::No => Some(0),
            Self::NotAssessed => None,
        }
    }

    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partly => "partly",
            Self::No => "no",
            Self::NotAssessed => "not_assessed",
        }
    }
}

/// What a person decided about one question. The only thing a [`Rating`] is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Which question.
    pub question: Question,
    /// The answer; `NotAssessed` withdraws an earlier one.
    pub answer: Answer,
    /// Who decided.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Why a decision is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// Nobody can follow a decision without a reason.
    #[error("a decision needs a reason")]
    NoReason,
    /// A text that is too long or cannot be read.
    #[error("the {0} has at most {TEXT_MAX} characters and no control characters")]
    Unreadable(&'static str),
}

impl Decision {
    /// Makes a decision.
    ///
    /// # Errors
    /// If the reason is empty.
    pub fn new(
        question: Question,
        answer: Answer,
        by: ActorId,
        at: Timestamp,
        reason: impl Into<String>,
    ) -> Result<Self, DecisionError> {
        let reason = reason.into();
        if reason.trim().is_empty() {
            return Err(DecisionError::NoReason);
        }
        Ok(Self { question, answer, by, at, reason })
    }
}

/// The answers to the four questions that people have decided; not assessed where nobody has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rating(BTreeMap<Question, Decision>);

impl Rating {
    /// Takes the latest decision on each question. Of two at the same moment the later in order counts.
    #[must_use]
    pub fn of(decisions: impl IntoIterator<Item = Decision>) -> Self {
        let mut latest: BTreeMap<Question, Decision> = BTreeMap::new();
        for decision in decisions {
            if latest.get(&decision.question).is_none_or(|earlier| earlier.at <= decision.at) {
                latest.insert(decision.question, decision);
            }
        }
        Self(latest)
    }

    /// Returns the rating as it was at `at`.
    #[must_use]
    pub fn as_of(decisions: impl IntoIterator<Item = Decision>, at: Timestamp) -> Self {
        Self::of(decisions.into_iter().filter(|decision| decision.at <= at))
    }

    /// Returns the answer to a question.
    #[must_use]
    pub fn answer(&self, question: Question) -> Answer {
        self.decision(question).map(|decision| decision.answer).unwrap_or_default()
    }

    /// Returns the decision on a question, if there is one.
    #[must_use]
    pub fn decision(&self, question: Question) -> Option<&Decision> {
        self.0.get(&question)
    }

    /// Iterates over the questions that count for a target, with their answers.
    pub fn counted(&self, target: TargetType) -> impl Iterator<Item = (Question, Answer)> + '_ {
        Question::ALL
            .into_iter()
            .filter(move |&question| question != Question::Operating || target.counts_operating())
            .map(|question| (question, self.answer(question)))
    }

    /// Returns points earned of points possible; not assessed earns nothing.
    #[must_use]
    pub fn points(&self, target: TargetType) -> Points {
        self.counted(target).fold(Points::default(), |points, (_, answer)| Points {
            earned: points.earned + u64::from(answer.score().unwrap_or(0)),
            possible: points.possible + 2,
        })
    }

    /// Returns the status that follows.
    ///
    /// What is known to be wrong comes first, in the order gap, design, operating, evidence, so that an open question
    /// never hides a bad answer; then what is open; `Ready` is what is left. A control that is in place only in part
    /// has an operating weakness: it does not run everywhere as designed.
    #[must_use]
    pub fn status(&self, target: TargetType) -> ControlStatus {
        let score = |question| self.answer(question).score();
        let (designed, implemented) = (score(Question::Designed), score(Question::Implemented));
        let operating = if target.counts_operating() { score(Question::Operating) } else { Some(2) };
        let evidenced = score(Question::Evidenced);
        let below = |score: Option<u8>, limit: u8| score.is_some_and(|score| score < limit);
        if below(designed, 1) || below(implemented, 1) {
            ControlStatus::Gap
        } else if below(designed, 2) {
            ControlStatus::DesignWeakness
        } else if below(operating, 2) || below(implemented, 2) {
            ControlStatus::OperatingWeakness
        } else if below(evidenced, 2) {
            ControlStatus::EvidenceWeakness
        } else if [designed, implemented, operating, evidenced].contains(&None) {
            ControlStatus::NotAssessed
        } else {
            ControlStatus::Ready
        }
    }
}

/// For what kind of examination a control is rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TargetType {
    /// Design and implementation on one date; operation is not asked about.
    Type1,
    /// Operation over a period.
    Type2 {
        /// Times the control was due or triggered in the period. With none, operation cannot be judged and is not
        /// counted; that there were none needs evidence of its own.
        occurrences: u64,
    },
}

impl TargetType {
    /// Tells whether the question about operation counts.
    #[must_use]
    pub fn counts_operating(self) -> bool {
        matches!(self, Self::Type2 { occurrences: 1.. })
    }
}

/// Points earned of points possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Points {
    /// Earned.
    pub earned: u64,
    /// Possible.
    pub possible: u64,
}

impl std::ops::Add for Points {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { earned: self.earned + other.earned, possible: self.possible + other.possible }
    }
}

/// Status of a control, ordered from worst to best. Not assessed stands above what is known to be wrong, since it may
/// still turn out ready, and below ready, since it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlStatus {
    /// Not designed, or not in place.
    Gap,
    /// Designed in part.
    DesignWeakness,
    /// Does not run as designed, or not everywhere.
    OperatingWeakness,
    /// Runs, but cannot be shown in full.
    EvidenceWeakness,
    /// Nothing known to be wrong, and a counted question open.
    NotAssessed,
    /// Every counted question answered with yes.
    Ready,
}

impl ControlStatus {
    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::DesignWeakness => "design_weakness",
            Self::OperatingWeakness => "operating_weakness",
            Self::EvidenceWeakness => "evidence_weakness",
            Self::NotAssessed => "not_assessed",
            Self::Ready => "ready",
        }
    }

    /// Tells whether something is known to be wrong.
    #[must_use]
    pub fn is_failing(self) -> bool {
        !matches!(self, Self::Ready | Self::NotAssessed)
    }
}
