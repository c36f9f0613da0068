//! Tests of a control as records: who proposed each, who approved or ended it, and why.
//!
//! What the library maps holds until somebody decides otherwise; what a person proposes holds once somebody else has
//! approved it. A decision of a person is never undone by the library.
//!
//! Source: `docs/domain/processes.md` section 0: approver is not author; approvals bind to a version.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ControlId, Frequency, TEXT_MAX, TestAttribute, TestKind};
use crate::id::ActorId;
use crate::{Timestamp, words};

/// Most characters of the attribute that a test covers, and of each text of a population's attribute.
pub const ATTRIBUTE_MAX: usize = 500;
/// Most attributes of a population test.
pub const ATTRIBUTES_MAX: usize = 20;
/// Most days of grace of an occurrence test.
pub const GRACE_MAX: u32 = 366;
/// The id of the test of a control that is due in windows; there is one.
pub const OCCURRENCE: &str = "occurrence";

/// Where a test comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOrigin {
    /// A check of the library names the starter control that this one was copied from.
    Library,
    /// Somebody proposed it here.
    Own,
}

/// What a test asks, and of what in the control it gives evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestContent {
    /// What is asked, over what.
    #[serde(flatten)]
    pub kind: TestKind,
    /// The attribute of the control that it covers, in words; empty for what the library maps.
    #[serde(default)]
    pub attribute: String,
}

/// What is to become of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestChange {
    /// It is to hold as this.
    Set(TestContent),
    /// It is to end.
    End,
}

/// A change that waits for somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestProposal {
    /// The change.
    pub change: TestChange,
    /// Who proposed it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// How a change was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It holds as it was proposed.
    Approved,
    /// What was proposed does not hold; what held before does.
    Declined,
    /// The test ended.
    Ended,
}

/// The last decision about a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestDecision {
    /// What was decided.
    pub outcome: TestOutcome,
    /// Who had proposed it.
    pub author: ActorId,
    /// Why they had.
    pub reason: String,
    /// Who decided.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why the author decided alone, or why it was declined; may be empty.
    #[serde(default)]
    pub note: String,
}

/// Where a test stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestState {
    /// It waits for approval and holds nothing yet.
    Proposed,
    /// It holds.
    InForce,
    /// It holds, and a change of it waits.
    Changing,
    /// It holds, and its end waits.
    Ending,
    /// It was not approved.
    Declined,
    /// It held and ended.
    Ended,
}

/// Why something about a test cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    /// A change without a reason.
    #[error("say why, so that others can follow it")]
    NoReason,
    /// A configuration test that covers nothing.
    #[error("say which attribute of the control the check covers")]
    NoAttribute,
    /// A population test without its trigger.
    #[error("say what produces an item: the trigger, not the evidence")]
    NoTrigger,
    /// A population test that asks nothing, too much, or one thing twice.
    #[error("a population test has 1 to {ATTRIBUTES_MAX} attributes with different names")]
    Attributes,
    /// An attribute that says too little to be tested.
    #[error("attribute {0:?} needs what must hold and what counts as a deviation, written before testing")]
    Attribute(String),
    /// A frequency that has no windows.
    #[error("a control that is performed {0} has no windows")]
    NoWindows(Frequency),
    /// More grace than anything could be late by.
    #[error("{0} days of grace are more than {GRACE_MAX}")]
    TooMuchGrace(u32),
    /// A text that is too long or cannot be read.
    #[error("the {what} has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// The kind of a test does not change: another kind is another test.
    #[error("a test keeps what it looks at; propose another test and end this one")]
    OtherKind,
    /// A change that changes nothing.
    #[error("it holds like this already")]
    NothingChanged,
    /// A decision about nothing.
    #[error("nothing about this test waits for a decision")]
    NothingWaits,
    /// An end of what does not hold.
    #[error("this test does not hold, so it cannot end")]
    NotInForce,
    /// The author decides about their own proposal.
    #[error("who proposed it does not approve it")]
    OwnProposal,
}

/// A test of a control, with who decided what about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRecord {
    /// The control.
    pub control: ControlId,
    /// Its name inside the control: the check, [`OCCURRENCE`], or `population.1`.
    pub id: String,
    /// Where it comes from.
    pub origin: TestOrigin,
    /// As what it holds; none if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<TestContent>,
    /// What waits for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<TestProposal>,
    /// What was decided last; none while the library alone says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<TestDecision>,
    /// Whether a person ended it and nobody has approved it again since.
    #[serde(default)]
    pub ended: bool,
}

impl TestState {
    /// Returns the word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::InForce => "in force",
            Self::Changing => "in force, a change waits",
            Self::Ending => "in force, its end waits",
            Self::Declined => "declined",
            Self::Ended => "ended",
        }
    }
}

impl TestKind {
    /// Returns the word used in addresses and storage.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Configuration { .. } => "configuration",
            Self::Occurrence { .. } => "occurrence",
            Self::Population { .. } => "population",
        }
    }
}

impl TestContent {
    /// Brings the texts to one form.
    ///
    /// # Errors
    /// If it could not be tested by what it says.
    pub fn checked(mut self) -> Result<Self, TestError> {
        self.attribute = readable("attribute", &self.attribute, ATTRIBUTE_MAX)?;
        match &mut self.kind {
            TestKind::Configuration { .. } if self.attribute.is_empty() => {
                return Err(TestError::NoAttribute);
            }
            TestKind::Configuration { .. } => {}
            TestKind::Occurrence { window, grace_days, .. } => {
                let has_windows = !matches!(
                    window,
                    Frequency::Continuous | Frequency::ManyTimesADay | Frequency::PerOccurrence
                );
                if !has_windows {
                    return Err(TestError::NoWindows(*window));
                }
                if *grace_days > GRACE_MAX {
                    return Err(TestError::TooMuchGrace(*grace_days));
                }
            }
            TestKind::Population { trigger, attributes } => {
                *trigger = readable("trigger", trigger, ATTRIBUTE_MAX)?;
                if trigger.is_empty() {
                    return Err(TestError::NoTrigger);
                }
                let mut seen = BTreeSet::new();
                for attribute in attributes.iter_mut() {
                    *attribute = checked_attribute(attribute)?;
                    if !seen.insert(attribute.id.clone()) {
                        return Err(TestError::Attributes);
                    }
                }
                if attributes.is_empty() || attributes.len() > ATTRIBUTES_MAX {
                    return Err(TestError::Attributes);
                }
            }
        }
        Ok(self)
    }
}

fn checked_attribute(given: &TestAttribute) -> Result<TestAttribute, TestError> {
    let checked = TestAttribute {
        id: readable("attribute", &given.id, ATTRIBUTE_MAX)?,
        asserts: readable("attribute", &given.asserts, ATTRIBUTE_MAX)?,
        deviation: readable("attribute", &given.deviation, ATTRIBUTE_MAX)?,
    };
    if checked.id.is_empty() || checked.asserts.is_empty() || checked.deviation.is_empty() {
        return Err(TestError::Attribute(checked.id));
    }
    Ok(checked)
}

impl TestRecord {
    /// A test that the library maps and about which nobody has decided.
    #[must_use]
    pub fn of_library(control: ControlId, check: &str) -> Self {
        let kind = TestKind::Configuration { check: check.to_owned() };
        Self {
            control,
            id: check.to_owned(),
            origin: TestOrigin::Library,
            held: Some(TestContent { kind, attribute: String::new() }),
            proposed: None,
            decided: None,
            ended: false,
        }
    }

    /// A test of the organization's own, which holds nothing yet.
    #[must_use]
    pub fn own(control: ControlId, id: &str) -> Self {
        Self { origin: TestOrigin::Own, held: None, ..Self::of_library(control, id) }
    }

    /// Returns where it stands.
    #[must_use]
    pub fn state(&self) -> TestState {
        match (&self.held, self.proposed.as_ref().map(|proposal| &proposal.change)) {
            (Some(_), None) => TestState::InForce,
            (Some(_), Some(TestChange::Set(_))) => TestState::Changing,
            (Some(_), Some(TestChange::End)) => TestState::Ending,
            (None, Some(_)) => TestState::Proposed,
            (None, None) if self.ended => TestState::Ended,
            (None, None) => TestState::Declined,
        }
    }

    /// Returns what it says, or would say, or said: for pages about it.
    #[must_use]
    pub fn content(&self) -> Option<&TestContent> {
        let proposed = self.proposed.as_ref().and_then(|proposal| match &proposal.change {
            TestChange::Set(content) => Some(content),
            TestChange::End => None,
        });
        self.held.as_ref().or(proposed)
    }

    /// Proposes a change. Nothing holds otherwise until it is approved; a proposal takes the place of the one before.
    ///
    /// # Errors
    /// If no reason is given, nothing would change, what holds is of another kind, or as [`TestContent::checked`].
    pub fn propose(
        &mut self,
        change: TestChange,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<(), TestError> {
        let reason = readable("reason", reason, TEXT_MAX)?;
        if reason.is_empty() {
            return Err(TestError::NoReason);
        }
        let change = match change {
            TestChange::Set(content) => {
                let content = content.checked()?;
                if self.held.as_ref() == Some(&content) {
                    return Err(TestError::NothingChanged);
                }
                if self.held.as_ref().is_some_and(|held| !held.kind.is_like(&content.kind)) {
                    return Err(TestError::OtherKind);
                }
                TestChange::Set(content)
            }
            TestChange::End if self.held.is_none() => return Err(TestError::NotInForce),
            TestChange::End => TestChange::End,
        };
        self.proposed = Some(TestProposal { change, by, at, reason });
        Ok(())
    }

    /// Refuses a decision by whoever proposed what waits.
    ///
    /// # Errors
    /// If they did, or nothing waits.
    pub fn separated(&self, approver: ActorId) -> Result<(), TestError> {
        match &self.proposed {
            None => Err(TestError::NothingWaits),
            Some(proposal) if proposal.by == approver => Err(TestError::OwnProposal),
            Some(_) => Ok(()),
        }
    }

    /// Lets what waits hold. Who may is said by [`Self::separated`]; `alone` says why the author decides all the same.
    ///
    /// # Errors
    /// If nothing waits.
    pub fn approve(&mut self, by: ActorId, at: Timestamp, alone: &str) -> Result<(), TestError> {
        let proposal = self.proposed.take().ok_or(TestError::NothingWaits)?;
        let outcome = match proposal.change {
            TestChange::Set(content) => {
                self.held = Some(content);
                TestOutcome::Approved
            }
            TestChange::End => {
                self.held = None;
                TestOutcome::Ended
            }
        };
        self.ended = outcome == TestOutcome::Ended;
        let note = alone.to_owned();
        let (author, reason) = (proposal.by, proposal.reason);
        self.decided = Some(TestDecision { outcome, author, reason, by, at, note });
        Ok(())
    }

    /// Refuses what waits: what held before stays. Authors take their own proposal back by it.
    ///
    /// # Errors
    /// If nothing waits, or no reason is given.
    pub fn decline(&mut self, by: ActorId, at: Timestamp, why: &str) -> Result<(), TestError> {
        let note = readable("reason", why, TEXT_MAX)?;
        if note.is_empty() {
            return Err(TestError::NoReason);
        }
        let proposal = self.proposed.take().ok_or(TestError::NothingWaits)?;
        let (outcome, author, reason) = (TestOutcome::Declined, proposal.by, proposal.reason);
        self.decided = Some(TestDecision { outcome, author, reason, by, at, note });
        Ok(())
    }

    /// Returns the check of a configuration test that holds.
    #[must_use]
    pub fn check_in_force(&self) -> Option<&str> {
        match self.held.as_ref().map(|content| &content.kind) {
            Some(TestKind::Configuration { check }) => Some(check),
            _ => None,
        }
    }

    /// Tells whether a person ended it. A proposal to have it again changes that only once it is approved.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.held.is_none() && self.ended
    }

    /// Tells whether its author decided about it alone.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.decided.as_ref().is_some_and(|one| one.by == one.author && one.outcome != TestOutcome::Declined)
    }
}

impl TestKind {
    /// Tells whether another one looks at the same things.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Configuration { check: one }, Self::Configuration { check: other }) => one == other,
            (Self::Occurrence { .. }, Self::Occurrence { .. })
            | (Self::Population { .. }, Self::Population { .. }) => true,
            _ => false,
        }
    }
}

/// Returns the pairs of control and check that hold: what the library maps without what a person ended, and what a
/// person has added.
#[must_use]
pub fn agreed(
    mapped: BTreeSet<(ControlId, String)>,
    records: &[TestRecord],
) -> BTreeSet<(ControlId, String)> {
    let mut agreed = mapped;
    for record in records {
        match record.check_in_force() {
            Some(check) => {
                agreed.insert((record.control.clone(), check.to_owned()));
            }
            None if record.is_ended() => {
                agreed.remove(&(record.control.clone(), record.id.clone()));
            }
            None => {}
        }
    }
    agreed
}

fn readable(what: &'static str, text: &str, max: usize) -> Result<String, TestError> {
    words::readable(text, max).ok_or(TestError::Unreadable { what, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> ActorId {
        ActorId(uuid::Uuid::from_u128(number))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn control() -> ControlId {
        "IAM-01".parse().expect("an id")
    }

    fn configuration(check: &str, attribute: &str) -> TestContent {
        TestContent {
            kind: TestKind::Configuration { check: check.to_owned() },
            attribute: attribute.to_owned(),
        }
    }

    #[test]
    fn what_one_proposes_holds_once_another_approves() {
        let mut test = TestRecord::own(control(), "ssh-root");
        let set = TestChange::Set(configuration("ssh-root", " direct root logins "));
        assert_eq!(test.propose(set.clone(), person(1), at(1), " "), Err(TestError::NoReason));
        let bare = TestChange::Set(configuration("ssh-root", ""));
        assert_eq!(test.propose(bare, person(1), at(1), "why"), Err(TestError::NoAttribute));
        test.propose(set.clone(), person(1), at(1), "why").expect("proposed");
        assert_eq!((test.state(), test.check_in_force()), (TestState::Proposed, None));
        assert_eq!(test.separated(person(1)), Err(TestError::OwnProposal));
        test.separated(person(2)).expect("somebody else");
        test.approve(person(2), at(2), "").expect("waits");
        assert_eq!((test.state(), test.check_in_force()), (TestState::InForce, Some("ssh-root")));
        assert_eq!(test.content().expect("holds").attribute, "direct root logins");
        assert!(!test.is_alone());
        let same = TestChange::Set(configuration("ssh-root", "direct root logins"));
        assert_eq!(test.propose(same, person(1), at(3), "why"), Err(TestError::NothingChanged));

        test.propose(TestChange::End, person(2), at(3), "weak").expect("proposed");
        assert_eq!((test.state(), test.check_in_force()), (TestState::Ending, Some("ssh-root")));
        test.decline(person(1), at(4), "it is not").expect("waits");
        assert_eq!(test.state(), TestState::InForce);
        test.propose(TestChange::End, person(2), at(5), "weak").expect("proposed");
        test.approve(person(2), at(6), "the only one here").expect("waits");
        assert!(test.is_ended() && test.is_alone());
        let mut again = test.clone();
        again.propose(set, person(1), at(7), "why").expect("proposed");
        again.decline(person(2), at(8), "no").expect("waits");
        assert!(again.is_ended(), "what is declined brings nothing back");
        assert_eq!(test.propose(TestChange::End, person(2), at(7), "again"), Err(TestError::NotInForce));
        assert_eq!(test.approve(person(1), at(7), ""), Err(TestError::NothingWaits));
        let json = serde_json::to_value(&test).expect("written");
        assert_eq!(serde_json::from_value::<TestRecord>(json).expect("read"), test);
    }

    #[test]
    fn the_library_never_undoes_what_a_person_decided() {
        let pair = |check: &str| (control(), check.to_owned());
        let mut ended = TestRecord::of_library(control(), "gone");
        ended.propose(TestChange::End, person(1), at(1), "does not fit").expect("holds");
        assert_eq!(agreed(BTreeSet::from([pair("gone")]), std::slice::from_ref(&ended)).len(), 1, "waits");
        ended.approve(person(2), at(2), "").expect("waits");
        let mut added = TestRecord::own(control(), "more");
        let set = TestChange::Set(configuration("more", "locks"));
        added.propose(set, person(1), at(1), "ours").expect("proposed");
        let mapped = BTreeSet::from([pair("gone"), pair("stays")]);
        let waiting = agreed(mapped.clone(), &[ended.clone(), added.clone()]);
        assert_eq!(waiting, BTreeSet::from([pair("stays")]));
        added.approve(person(2), at(2), "").expect("waits");
        let all = agreed(mapped, &[ended, added]);
        assert_eq!(all, BTreeSet::from([pair("stays"), pair("more")]));
    }

    #[test]
    fn a_test_that_could_not_be_done_is_refused() {
        let of = |kind| TestContent { kind, attribute: String::new() }.checked();
        let due = |window, grace_days| TestKind::Occurrence { window, grace_days, every_day: false };
        assert_eq!(of(due(Frequency::Continuous, 1)), Err(TestError::NoWindows(Frequency::Continuous)));
        assert_eq!(of(due(Frequency::Monthly, 367)), Err(TestError::TooMuchGrace(367)));
        of(due(Frequency::Monthly, 366)).expect("a year of grace");
        let attribute = |id: &str, deviation: &str| TestAttribute {
            id: id.to_owned(),
            asserts: "approved before".to_owned(),
            deviation: deviation.to_owned(),
        };
        let population = |attributes| {
            of(TestKind::Population { trigger: "production deployments".to_owned(), attributes })
        };
        assert_eq!(population(Vec::new()), Err(TestError::Attributes));
        let bare = vec![attribute("approved", " ")];
        assert_eq!(population(bare), Err(TestError::Attribute("approved".to_owned())));
        let twice = vec![attribute("approved", "none"), attribute("approved", "late")];
        assert_eq!(population(twice), Err(TestError::Attributes));
        let no_trigger = TestKind::Population { trigger: " ".to_owned(), attributes: Vec::new() };
        assert_eq!(of(no_trigger), Err(TestError::NoTrigger));
        population(vec![attribute("approved", "none")]).expect("complete");
    }
}
