//! What the auditor asks for, and the loop by which it is answered.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Party;
use crate::Timestamp;
use crate::catalog::{RequestKind, RequestTiming};
use crate::conclusion::scope::Day;
use crate::control::{ControlId, TEXT_MAX, TITLE_MAX};
use crate::id::{ActorId, ItemKey, PopulationKey};
use crate::words;

/// Most things of each kind that one answer holds.
const ANSWER_MAX: usize = 200;

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It waits for management.
    Open,
    /// It waits for the auditor.
    Submitted,
    /// The auditor took the answer.
    Accepted,
    /// The auditor sent it back, and it waits for management.
    Returned,
    /// The auditor agreed that it does not apply.
    NotApplicable,
}

words::words_of!(RequestState {
    Open = "open", "Open";
    Submitted = "submitted", "Submitted";
    Accepted = "accepted", "Accepted";
    Returned = "returned", "Returned";
    NotApplicable = "not_applicable", "Not applicable";
});

/// What moves a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestStep {
    /// Management answers.
    Submit,
    /// The auditor takes the answer.
    Accept,
    /// The auditor sends it back, with a reason.
    Return,
    /// The auditor says that it does not apply, with a reason.
    Excuse,
    /// The auditor asks again after all.
    Reopen,
}

words::words_of!(RequestStep {
    Submit = "submit", "Submit";
    Accept = "accept", "Accept";
    Return = "return", "Return";
    Excuse = "excuse", "Not applicable";
    Reopen = "reopen", "Open again";
});

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// In the words of whoever asks.
    pub title: String,
    /// What kind of thing.
    pub kind: RequestKind,
    /// Which time it concerns.
    pub timing: RequestTiming,
    /// Criteria or objectives it serves; none stands for all.
    pub criteria: BTreeSet<String>,
    /// Controls it is about.
    pub controls: BTreeSet<ControlId>,
    /// When it is wanted.
    pub due: Option<Day>,
    /// The firm's own number; may be empty.
    #[serde(default)]
    pub reference: String,
}

/// What management answers with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// In words; may be empty where there is evidence.
    pub text: String,
    /// Items of evidence.
    pub items: BTreeSet<ItemKey>,
    /// Populations.
    pub populations: BTreeSet<PopulationKey>,
}

/// A request with how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRequest {
    /// Number in the engagement, from 1.
    pub number: i64,
    /// What is asked for.
    pub request: Request,
    /// Who asked.
    pub asked_by: Party,
    /// How far it has come.
    pub state: RequestState,
    /// Who of management sees to it.
    pub owner: Option<ActorId>,
    /// What was answered last.
    pub answer: Answer,
    /// Who answered, and when.
    pub submitted: Option<(ActorId, Timestamp)>,
    /// Who of the firm decided last, and when.
    pub decided: Option<(ActorId, Timestamp)>,
    /// What they said; may be empty.
    pub decision: String,
}

/// Why something cannot be done with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nothing is asked for.
    #[error("it says nothing that is asked for")]
    Empty,
    /// A text that is too long or cannot be read.
    #[error("the {what} has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// It is the other party's.
    #[error("{0}")]
    OtherParty(&'static str),
    /// It cannot be done from here.
    #[error("a request that is {} cannot be {what}", .from.title().to_lowercase())]
    Step {
        /// Where it stands.
        from: RequestState,
        /// What was attempted.
        what: &'static str,
    },
    /// Whoever reads it must know why.
    #[error("say why, so that others can follow it")]
    NoReason,
    /// Nothing was answered.
    #[error("an answer is evidence, a population or a text; there is none of them")]
    NoAnswer,
    /// Beyond [`ANSWER_MAX`].
    #[error("an answer has at most {ANSWER_MAX} items and populations")]
    TooMuch,
}

/// What kinds are called in lists and forms.
#[must_use]
pub fn kind_words(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Document => "Document",
        RequestKind::Population => "Population",
        RequestKind::Sample => "Sample evidence",
        RequestKind::Configuration => "Configuration",
        RequestKind::Observation => "Observation",
    }
}

/// What times are called in lists and forms.
#[must_use]
pub fn timing_words(timing: RequestTiming) -> &'static str {
    match timing {
        RequestTiming::AsOf => "As of a date",
        RequestTiming::Period => "Whole period",
    }
}

fn readable(what: &'static str, text: &str, max: usize) -> Result<String, RequestError> {
    words::readable(text, max).ok_or(RequestError::Unreadable { what, max })
}

impl Request {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If it asks for nothing, or a text cannot be read.
    pub fn checked(mut self) -> Result<Self, RequestError> {
        self.title = readable("request", &self.title, TEXT_MAX)?;
        self.reference = readable("reference", &self.reference, TITLE_MAX)?;
        if self.title.is_empty() { Err(RequestError::Empty) } else { Ok(self) }
    }
}

impl RequestState {
    /// Returns the state after a step of a party.
    ///
    /// # Errors
    /// If the step is the other party's, or cannot be taken from here.
    pub fn after(self, step: RequestStep, party: Party) -> Result<Self, RequestError> {
        use RequestState as S;
        use RequestStep as T;
        let (whose, refusal, what) = match step {
            T::Submit => {
                (Party::Management, "management answers a request, and nobody of the audit firm", "submitted")
            }
            T::Accept => {
                (Party::Auditor, "the auditor accepts an answer, and nobody of the organization", "accepted")
            }
            T::Return => {
                (Party::Auditor, "the auditor returns an answer, and nobody of the organization", "returned")
            }
            T::Excuse => (
                Party::Auditor,
                "the auditor says that a request does not apply; management answers why it thinks so",
                "set aside",
            ),
            T::Reopen => (
                Party::Auditor,
                "the auditor opens a request again, and nobody of the organization",
                "opened again",
            ),
        };
        if party != whose {
            return Err(RequestError::OtherParty(refusal));
        }
        match (self, step) {
            (S::Open | S::Returned, T::Submit) => Ok(S::Submitted),
            (S::Submitted, T::Accept) => Ok(S::Accepted),
            // What turns out not to be enough later goes back as well.
            (S::Submitted | S::Accepted, T::Return) => Ok(S::Returned),
            (S::Open | S::Submitted | S::Returned, T::Excuse) => Ok(S::NotApplicable),
            (S::NotApplicable, T::Reopen) => Ok(S::Open),
            (from, _) => Err(RequestError::Step { from, what }),
        }
    }

    /// Tells whether it waits for management.
    #[must_use]
    pub fn waits_for_management(self) -> bool {
        matches!(self, Self::Open | Self::Returned)
    }
}

impl EvidenceRequest {
    /// Asks for something.
    ///
    /// # Errors
    /// If it asks for nothing, or a text cannot be read.
    pub fn new(number: i64, request: Request, asked_by: Party) -> Result<Self, RequestError> {
        Ok(Self {
            number,
            request: request.checked()?,
            asked_by,
            state: RequestState::Open,
            owner: None,
            answer: Answer::default(),
            submitted: None,
            decided: None,
            decision: String::new(),
        })
    }

    /// Says what is asked for in other words, while it waits for management.
    ///
    /// # Errors
    /// If the auditor asked and management changes it, or it does not wait for management any more.
    pub fn change(&mut self, request: Request, party: Party) -> Result<(), RequestError> {
        if self.asked_by == Party::Auditor && party == Party::Management {
            return Err(RequestError::OtherParty("what the auditor asks for, the auditor changes"));
        }
        if !self.state.waits_for_management() {
            return Err(RequestError::Step { from: self.state, what: "changed" });
        }
        self.request = request.checked()?;
        Ok(())
    }

    /// Says who of management sees to it.
    ///
    /// # Errors
    /// If the auditor does.
    pub fn assign(&mut self, owner: Option<ActorId>, party: Party) -> Result<(), RequestError> {
        if party == Party::Auditor {
            return Err(RequestError::OtherParty(
                "management says who of the organization sees to a request",
            ));
        }
        self.owner = owner;
        Ok(())
    }

    /// Answers it.
    ///
    /// # Errors
    /// If the auditor does, it does not wait for management, or nothing is answered.
    pub fn submit(
        &mut self,
        answer: Answer,
        party: Party,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), RequestError> {
        let state = self.state.after(RequestStep::Submit, party)?;
        let text = readable("answer", &answer.text, TEXT_MAX)?;
        if text.is_empty() && answer.items.is_empty() && answer.populations.is_empty() {
            return Err(RequestError::NoAnswer);
        }
        if answer.items.len() > ANSWER_MAX || answer.populations.len() > ANSWER_MAX {
            return Err(RequestError::TooMuch);
        }
        self.answer = Answer { text, ..answer };
        self.submitted = Some((by, at));
        self.state = state;
        Ok(())
    }

    /// Decides about it, for the auditor.
    ///
    /// # Errors
    /// If management does, it cannot be done from here, or a reason is missing.
    pub fn decide(
        &mut self,
        step: RequestStep,
        says: &str,
        party: Party,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), RequestError> {
        if step == RequestStep::Submit {
            return Err(RequestError::Step { from: self.state, what: "decided about" });
        }
        let state = self.state.after(step, party)?;
        let says = readable("reason", says, TEXT_MAX)?;
        if says.is_empty() && matches!(step, RequestStep::Return | RequestStep::Excuse) {
            return Err(RequestError::NoReason);
        }
        self.state = state;
        self.decision = says;
        self.decided = Some((by, at));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn asked() -> Request {
        Request {
            title: " User lists ".into(),
            kind: RequestKind::Population,
            timing: RequestTiming::AsOf,
            criteria: BTreeSet::from(["CC6.1".into()]),
            controls: BTreeSet::new(),
            due: None,
            reference: String::new(),
        }
    }

    fn who() -> ActorId {
        ActorId(Uuid::from_u128(1))
    }

    #[test]
    fn each_step_is_of_one_party_and_from_some_states_only() {
        use RequestState as S;
        use RequestStep as T;
        let may = [
            (S::Open, T::Submit, S::Submitted),
            (S::Returned, T::Submit, S::Submitted),
            (S::Submitted, T::Accept, S::Accepted),
            (S::Submitted, T::Return, S::Returned),
            (S::Accepted, T::Return, S::Returned),
            (S::Open, T::Excuse, S::NotApplicable),
            (S::Submitted, T::Excuse, S::NotApplicable),
            (S::Returned, T::Excuse, S::NotApplicable),
            (S::NotApplicable, T::Reopen, S::Open),
        ];
        for from in S::ALL {
            for step in T::ALL {
                let whose = if *step == T::Submit { Party::Management } else { Party::Auditor };
                let other = if whose == Party::Auditor { Party::Management } else { Party::Auditor };
                assert!(
                    matches!(from.after(*step, other), Err(RequestError::OtherParty(_))),
                    "{from:?} {step:?}"
                );
                let expected = may.iter().find(|(a, b, _)| a == from && b == step).map(|(_, _, to)| *to);
                assert_eq!(from.after(*step, whose).ok(), expected, "{from:?} {step:?}");
            }
        }
    }

    #[test]
    fn a_request_is_answered_returned_and_accepted() {
        let mut one = EvidenceRequest::new(1, asked(), Party::Auditor).expect("asked");
        let (by, at) = (who(), Timestamp::from_seconds(1));
        assert_eq!(one.request.title, "User lists");
        assert_eq!(one.submit(Answer::default(), Party::Management, by, at), Err(RequestError::NoAnswer));
        let answer = Answer { items: BTreeSet::from([ItemKey(4)]), ..Answer::default() };
        assert_eq!(one.submit(answer, Party::Management, by, at), Ok(()));
        assert_eq!(one.decide(RequestStep::Return, " ", Party::Auditor, by, at), Err(RequestError::NoReason));
        assert_eq!(one.state, RequestState::Submitted, "what is refused changes nothing");
        assert_eq!(one.decide(RequestStep::Return, "no date", Party::Auditor, by, at), Ok(()));
        let text = Answer { text: "see the ticket".into(), ..one.answer.clone() };
        assert_eq!(one.submit(text, Party::Management, by, at), Ok(()));
        assert_eq!(one.decide(RequestStep::Accept, "", Party::Auditor, by, at), Ok(()));
        assert_eq!((one.state, one.decision.as_str()), (RequestState::Accepted, ""));
        assert!(matches!(one.change(asked(), Party::Auditor), Err(RequestError::Step { .. })));
    }

    #[test]
    fn neither_party_writes_what_is_the_others() {
        let mut one = EvidenceRequest::new(1, asked(), Party::Auditor).expect("asked");
        assert!(matches!(one.change(asked(), Party::Management), Err(RequestError::OtherParty(_))));
        assert!(matches!(one.assign(Some(who()), Party::Auditor), Err(RequestError::OtherParty(_))));
        assert_eq!(one.assign(Some(who()), Party::Management), Ok(()));
        let mut own = EvidenceRequest::new(2, asked(), Party::Management).expect("asked");
        assert_eq!(own.change(asked(), Party::Management), Ok(()));
        assert_eq!(own.change(asked(), Party::Auditor), Ok(()));
        let empty = Request { title: " ".into(), ..asked() };
        assert_eq!(EvidenceRequest::new(3, empty, Party::Auditor), Err(RequestError::Empty));
    }
}
