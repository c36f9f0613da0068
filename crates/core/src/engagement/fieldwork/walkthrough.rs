//! A walkthrough: one transaction traced from its beginning to its end, to see that a process is designed as it is described
//! and is in place. It proves nothing about operation over time. The firm's alone until it shares it.
//!
//! Source: `docs/domain/audit-methods.md` section 2 (one item start to end; inquiry is never enough alone).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::workpaper::{needed, readable};
use super::{Procedure, Signatures, SignedPaper, WorkpaperError};
use crate::conclusion::scope::Day;
use crate::control::{TEXT_MAX, TITLE_MAX};
use crate::engagement::{FlowStep, Process};
use crate::id::ActorId;
use crate::words::words_of;
use crate::{Digest, canonical};

/// What the auditor answers about a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// Nothing yet.
    #[default]
    Open,
    /// It is so.
    Yes,
    /// It is not so.
    No,
}

words_of!(Answered {
    Open = "open", "Not answered";
    Yes = "yes", "Yes";
    No = "no", "No";
});

/// What was done and found at a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walked {
    /// How it was looked at.
    pub procedures: BTreeSet<Procedure>,
    /// On which day.
    pub on: Option<Day>,
    /// Who was asked: name and function.
    pub asked: String,
    /// Documents, screens and records that were seen.
    pub seen: String,
    /// What was found.
    pub found: String,
    /// Whether it is designed as it is described.
    pub as_described: Answered,
    /// Whether it is in place.
    pub in_place: Answered,
}

/// A step, as the description told it when the walkthrough was begun, with what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkedStep {
    /// As it is described.
    pub step: FlowStep,
    /// What was found.
    pub walked: Walked,
}

/// A walkthrough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walkthrough {
    /// Number in the engagement, from 1.
    pub number: i64,
    /// The process, as the description calls it.
    pub process: String,
    /// Version of the description that was followed.
    pub version: u32,
    /// Which transaction was traced.
    pub transaction: String,
    /// Its steps in order.
    pub steps: Vec<WalkedStep>,
    /// What follows; empty until it is written.
    pub conclusion: String,
    /// Who worked on it.
    #[serde(flatten)]
    pub signatures: Signatures,
}

impl Walked {
    fn checked(mut self) -> Result<Self, WorkpaperError> {
        self.asked = readable("person asked", &self.asked, TITLE_MAX)?;
        self.seen = readable("list of what was seen", &self.seen, TEXT_MAX)?;
        self.found = readable("finding of a step", &self.found, TEXT_MAX)?;
        Ok(self)
    }

    /// Tells whether something at this step is not as it is described, or not in place.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.as_described == Answered::No || self.in_place == Answered::No
    }

    /// Returns the first thing that is missing before it can be signed.
    #[must_use]
    pub fn missing(&self) -> Option<&'static str> {
        let does = |one| self.procedures.contains(&one);
        let looked = self.procedures.iter().any(|one| *one != Procedure::Inquiry);
        if self.procedures.is_empty() {
            return Some("say how it was looked at");
        }
        if self.on.is_none() {
            return Some("say on which day");
        }
        if does(Procedure::Inquiry) && self.asked.is_empty() {
            return Some("say who was asked");
        }
        if looked && self.seen.is_empty() {
            return Some("say what was seen: documents, screens, records");
        }
        if self.as_described == Answered::Open {
            return Some("say whether it is designed as it is described");
        }
        if self.in_place == Answered::Open {
            return Some("say whether it is in place");
        }
        if self.in_place == Answered::Yes && !looked {
            return Some("inquiry alone does not show that it is in place");
        }
        if self.differs() && self.found.is_empty() {
            return Some("say what differs");
        }
        None
    }
}

impl Walkthrough {
    /// Begins one with the steps as the description tells them.
    ///
    /// # Errors
    /// If the transaction is not named, or the process has no step.
    pub fn begin(
        number: i64,
        process: &Process,
        version: u32,
        transaction: &str,
        by: ActorId,
    ) -> Result<Self, WorkpaperError> {
        if process.steps.is_empty() {
            return Err(WorkpaperError::Unfit("the process has no step to walk through"));
        }
        let step = |step: &FlowStep| WalkedStep { step: step.clone(), walked: Walked::default() };
        Ok(Self {
            number,
            process: process.name.clone(),
            version,
            transaction: needed("transaction that is traced", transaction)?,
            steps: process.steps.iter().map(step).collect(),
            conclusion: String::new(),
            signatures: Signatures::begun(by),
        })
    }

    /// Returns how many steps are answered whole.
    #[must_use]
    pub fn walked(&self) -> usize {
        self.steps.iter().filter(|one| one.walked.missing().is_none()).count()
    }

    /// Returns the steps that differ from their description, or are not in place, by number from 1.
    pub fn differences(&self) -> impl Iterator<Item = (usize, &WalkedStep)> {
        let numbered = self.steps.iter().enumerate().map(|(place, one)| (place + 1, one));
        numbered.filter(|(_, one)| one.walked.differs())
    }

    /// Tells whether the description still tells the process as it was followed.
    #[must_use]
    pub fn follows(&self, process: &Process) -> bool {
        self.process == process.name && self.steps.iter().map(|one| &one.step).eq(&process.steps)
    }

    /// Keeps what was found at steps, by number from 1, and which transaction it was.
    ///
    /// # Errors
    /// If there is no such step, or a text is missing or unreadable.
    pub fn record(
        &mut self,
        transaction: &str,
        found: Vec<(usize, Walked)>,
        by: ActorId,
    ) -> Result<(), WorkpaperError> {
        let transaction = needed("transaction that is traced", transaction)?;
        let mut steps = self.steps.clone();
        for (number, walked) in found {
            let place = number.checked_sub(1).and_then(|place| steps.get_mut(place));
            place.ok_or(WorkpaperError::NoStep(number))?.walked = walked.checked()?;
        }
        (self.transaction, self.steps) = (transaction, steps);
        self.signatures.authors.insert(by);
        Ok(())
    }

    /// Writes what follows.
    ///
    /// # Errors
    /// If it says nothing.
    pub fn conclude(&mut self, text: &str, by: ActorId) -> Result<(), WorkpaperError> {
        self.conclusion = needed("conclusion", text)?;
        self.signatures.authors.insert(by);
        Ok(())
    }
}

impl SignedPaper for Walkthrough {
    fn number(&self) -> i64 {
        self.number
    }

    fn digest(&self) -> Digest {
        let signed = (&self.process, self.version, &self.transaction, &self.steps, &self.conclusion);
        canonical::digest(&signed).expect("a walkthrough has texts and whole numbers only")
    }

    fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    fn signatures_mut(&mut self) -> &mut Signatures {
        &mut self.signatures
    }

    fn complete(&self, today: Day) -> Result<(), WorkpaperError> {
        for (place, one) in self.steps.iter().enumerate() {
            let step = place + 1;
            if let Some(says) = one.walked.missing() {
                return Err(WorkpaperError::Step { step, says });
            }
            if one.walked.on.is_some_and(|day| day > today) {
                return Err(WorkpaperError::Step { step, says: "its day lies ahead" });
            }
        }
        if self.conclusion.is_empty() { Err(WorkpaperError::Missing("conclusion")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Timestamp;
    use crate::engagement::Act;

    fn who(n: u128) -> ActorId {
        ActorId(Uuid::from_u128(n))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn process() -> Process {
        let step = |act, what: &str| FlowStep {
            act,
            what: what.into(),
            who: "Customer".into(),
            system: String::new(),
            input: String::new(),
            output: String::new(),
            controls: BTreeSet::new(),
            objectives: BTreeSet::new(),
        };
        let steps = vec![step(Act::Initiate, "Hours are sent in."), step(Act::Process, "Pay is calculated.")];
        Process { name: "Pay run".into(), narrative: "Each month.".into(), steps }
    }

    fn walked() -> Walked {
        Walked {
            procedures: BTreeSet::from([Procedure::Inquiry, Procedure::Inspection]),
            on: Some("2027-03-02".parse().expect("a day")),
            asked: "Pia Example, payroll lead".into(),
            seen: "Import log of 28 February".into(),
            found: String::new(),
            as_described: Answered::Yes,
            in_place: Answered::Yes,
        }
    }

    fn begun() -> Walkthrough {
        Walkthrough::begin(1, &process(), 3, "February pay run of customer 118", who(1)).expect("begun")
    }

    #[test]
    fn each_step_is_answered_with_more_than_a_question() {
        let missing = |change: &dyn Fn(&mut Walked)| {
            let mut one = walked();
            change(&mut one);
            one.missing()
        };
        assert_eq!(missing(&|_| {}), None);
        type Spoil<'a> = &'a dyn Fn(&mut Walked);
        let cases: [(Spoil<'_>, &str); 8] = [
            (&|one| one.procedures.clear(), "how it was looked at"),
            (&|one| one.on = None, "on which day"),
            (&|one| one.asked.clear(), "who was asked"),
            (&|one| one.seen.clear(), "what was seen"),
            (&|one| one.as_described = Answered::Open, "designed as it is described"),
            (&|one| one.in_place = Answered::Open, "whether it is in place"),
            (&|one| one.procedures = BTreeSet::from([Procedure::Inquiry]), "inquiry alone"),
            (&|one| one.as_described = Answered::No, "what differs"),
        ];
        for (change, says) in cases {
            let found = missing(change).unwrap_or_default();
            assert!(found.contains(says), "{says}: {found}");
        }
    }

    #[test]
    fn a_walkthrough_is_signed_whole_and_by_two() {
        let mut one = begun();
        let noon = at("2027-03-02T12:00:00Z");
        assert_eq!(one.walked(), 0);
        let says = one.prepare(who(1), noon).expect_err("unfinished").to_string();
        assert_eq!(says, "step 1: say how it was looked at");
        let text = one.transaction.clone();
        assert_eq!(one.record(&text, vec![(3, walked())], who(1)), Err(WorkpaperError::NoStep(3)));
        one.record(&text, vec![(1, walked()), (2, walked())], who(1)).expect("recorded");
        assert_eq!((one.walked(), one.differences().count()), (2, 0));
        assert_eq!(one.prepare(who(1), noon), Err(WorkpaperError::Missing("conclusion")));
        one.conclude("As described, and in place.", who(1)).expect("concluded");
        let early = one.prepare(who(1), at("2027-03-01T12:00:00Z")).expect_err("ahead").to_string();
        assert!(early.contains("lies ahead"), "{early}");
        assert_eq!(one.share(who(1), noon), Err(WorkpaperError::NotPrepared));
        one.prepare(who(1), noon).expect("prepared");
        assert_eq!(one.review(who(1), noon), Err(WorkpaperError::OwnPaper));
        one.review(who(2), noon).expect("reviewed");
        one.share(who(1), noon).expect("shared");
        assert!(one.reviewed().is_some() && one.shared().is_some());
        // Whatever changes is signed and shared again.
        one.conclude("But for step 2.", who(3)).expect("concluded");
        assert!(one.prepared().is_none() && one.reviewed().is_none() && one.shared().is_none());
        assert_eq!(one.signatures.shared_at(), Some(noon));
    }

    #[test]
    fn it_keeps_the_steps_that_were_followed() {
        let one = begun();
        let mut process = process();
        assert!(one.follows(&process));
        process.steps[1].what = "Pay is calculated twice.".into();
        assert!(!one.follows(&process));
        let text = serde_json::to_string(&one).expect("JSON");
        assert_eq!(serde_json::from_str::<Walkthrough>(&text).expect("read"), one);
        process.steps.clear();
        assert!(Walkthrough::begin(1, &process, 1, "One", who(1)).is_err());
        assert!(Walkthrough::begin(1, &super::tests::process(), 1, " ", who(1)).is_err());
    }
}
