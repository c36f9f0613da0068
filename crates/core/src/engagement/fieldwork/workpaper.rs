//! A workpaper: how the auditor tests one control, what was found, and what follows. Theirs alone until they share it.
//!
//! What counts as a deviation is written before anything is tested. Whoever signs, signs the digest of what they saw: a
//! later change leaves the signature behind. The reviewer is somebody who wrote none of it.
//!
//! Source: `docs/domain/audit-methods.md` sections 2, 3, 6 and 7; `docs/domain/soc-reports.md` section 3, Section IV.

mod error;
mod sample;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use error::WorkpaperError;
pub use sample::{SampleChange, Selected};

use super::signature::{Signatures, SignedPaper};
use crate::conclusion::scope::Day;
use crate::control::{ControlId, TEXT_MAX, TITLE_MAX, TestAttribute};
use crate::id::{ActorId, EvidenceKey, PopulationKey};
use crate::program::population::{AttributeState, Population, normal_key};
use crate::words::{self, words_of};
use crate::{Digest, Timestamp, canonical};

/// Most attributes of a workpaper.
const ATTRIBUTES_MAX: usize = 20;
/// Most items of a workpaper.
const ITEMS_MAX: usize = 2_000;
/// Most exceptions of a workpaper.
const EXCEPTIONS_MAX: usize = 200;

/// Nature of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Procedure {
    /// Asking. Never enough alone.
    Inquiry,
    /// Watching it being done.
    Observation,
    /// Reading records, documents, configurations.
    Inspection,
    /// Doing it again independently and comparing.
    Reperformance,
}

words_of!(Procedure {
    Inquiry = "inquiry", "Inquiry";
    Observation = "observation", "Observation";
    Inspection = "inspection", "Inspection";
    Reperformance = "reperformance", "Reperformance";
});

/// Why a control did not operate as designed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nobody knows yet.
    Unknown,
    /// Somebody slipped, once.
    Slip,
    /// It is done so.
    Systematic,
    /// A system failed.
    SystemFault,
    /// Somebody with the power to do so went around it.
    Override,
    /// There are signs of fraud.
    FraudSign,
}

words_of!(Cause {
    Unknown = "unknown", "Not known";
    Slip = "slip", "One-off slip";
    Systematic = "systematic", "Systematic";
    SystemFault = "system_fault", "System fault";
    Override = "override", "Override";
    FraudSign = "fraud_sign", "Sign of fraud";
});

/// What the auditor concludes about the test of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No exceptions were noted.
    NoExceptions,
    /// Exceptions were noted.
    Exceptions,
    /// There was nothing to test: no occurrences during the period.
    NoOccurrences,
}

words_of!(Outcome {
    NoExceptions = "no_exceptions", "No exceptions noted";
    Exceptions = "exceptions", "Exceptions noted";
    NoOccurrences = "no_occurrences", "Not tested: no occurrences";
});

/// How a control is tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The control.
    pub control: ControlId,
    /// Nature of the test.
    pub procedures: BTreeSet<Procedure>,
    /// The test in words, as it will stand in Section IV.
    pub procedure: String,
    /// What is looked for at each item, and what counts as a deviation.
    pub attributes: Vec<TestAttribute>,
}

/// An item with what testing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedItem {
    /// Its key.
    pub key: String,
    /// When it occurred, if that is known.
    pub occurred_at: Option<Timestamp>,
    /// What was found, one for each attribute.
    pub states: Vec<AttributeState>,
    /// What there is to say; may be empty.
    pub note: String,
}

/// Deviations of one nature and cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Number in the workpaper, from 1.
    pub number: u32,
    /// Keys of the items.
    pub items: BTreeSet<String>,
    /// What happened, as it will stand in Section IV.
    pub nature: String,
    /// Why.
    pub cause: Cause,
    /// Why, and what followed from it, in words.
    pub effect: String,
}

/// A frozen list without items: what shows that a control had no occurrence. Zero is a result that needs evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZeroShown {
    /// The population.
    pub population: PopulationKey,
    /// The evidence of zero that was kept when it was frozen.
    pub evidence: EvidenceKey,
    /// First moment that the list covers.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
}

impl ZeroShown {
    /// Reads it from a population.
    ///
    /// # Errors
    /// If it is not of the control, is not frozen without items, or does not cover the period of the examination.
    pub fn of(
        population: &Population,
        control: &ControlId,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Self, WorkpaperError> {
        let definition = &population.definition;
        if definition.control != *control {
            return Err(WorkpaperError::Unfit("the list is about another control"));
        }
        let frozen = population.frozen.as_ref();
        let evidence = frozen.filter(|frozen| frozen.items == 0).and_then(|frozen| frozen.zero);
        let Some(evidence) = evidence else {
            return Err(WorkpaperError::Unfit(
                "the list has items or is not frozen; no occurrences are shown by one that was frozen without items",
            ));
        };
        if from < definition.from || definition.to < to {
            return Err(WorkpaperError::Unfit("the list does not cover the whole period of the examination"));
        }
        Ok(Self { population: population.key, evidence, from: definition.from, to: definition.to })
    }
}

/// What follows from a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// In short.
    pub outcome: Outcome,
    /// In words.
    pub text: String,
    /// What shows that there were no occurrences; only for that outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero: Option<ZeroShown>,
}

/// A workpaper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workpaper {
    /// Number in the engagement, from 1.
    pub number: i64,
    /// How it is tested.
    pub plan: Plan,
    /// Where the items come from; none while they are named by hand.
    pub selected: Option<Selected>,
    /// What is tested.
    pub items: Vec<TestedItem>,
    /// What was found.
    pub exceptions: Vec<Exception>,
    /// What follows.
    pub conclusion: Option<Conclusion>,
    /// Who worked on it.
    #[serde(flatten)]
    pub signatures: Signatures,
}

/// A note of the firm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Number in the engagement, from 1.
    pub number: i64,
    /// What it is about, e.g. `WP-3`, `CC6.1`; may be empty.
    pub about: String,
    /// What it says.
    pub text: String,
}

/// What management says about an exception. Section V: nobody examined it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagementResponse {
    /// The workpaper.
    pub workpaper: i64,
    /// The exception.
    pub exception: u32,
    /// What management says: cause, effect with the result of looking back.
    pub response: String,
    /// What was done, or is planned.
    pub action: String,
    /// By when.
    pub due: Option<Day>,
}

pub(super) fn readable(what: &'static str, text: &str, max: usize) -> Result<String, WorkpaperError> {
    words::readable(text, max).ok_or(WorkpaperError::Unreadable { what, max })
}

pub(super) fn needed(what: &'static str, text: &str) -> Result<String, WorkpaperError> {
    let text = readable(what, text, TEXT_MAX)?;
    if text.is_empty() { Err(WorkpaperError::Missing(what)) } else { Ok(text) }
}

impl Plan {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If a text is missing, asking is all that is done, or attributes are not usable.
    pub fn checked(mut self) -> Result<Self, WorkpaperError> {
        self.procedure = needed("procedure", &self.procedure)?;
        if self.procedures.is_empty() {
            return Err(WorkpaperError::Missing("nature of the test"));
        }
        if self.procedures.iter().all(|one| *one == Procedure::Inquiry) {
            return Err(WorkpaperError::InquiryAlone);
        }
        for attribute in &mut self.attributes {
            attribute.id = readable("name of an attribute", &attribute.id, 20)?;
            attribute.asserts = needed("text of an attribute", &attribute.asserts)?;
            attribute.deviation = needed("definition of a deviation", &attribute.deviation)?;
        }
        let names: BTreeSet<&str> = self.attributes.iter().map(|one| one.id.as_str()).collect();
        let is_usable = !names.contains("") && names.len() == self.attributes.len();
        if names.is_empty() || !is_usable || names.len() > ATTRIBUTES_MAX {
            return Err(WorkpaperError::Attributes);
        }
        Ok(self)
    }
}

impl TestedItem {
    /// Returns an item of which nothing is known yet.
    #[must_use]
    pub fn of(key: &str, occurred_at: Option<Timestamp>, attributes: usize) -> Self {
        let states = vec![AttributeState::NotTested; attributes];
        Self { key: key.to_owned(), occurred_at, states, note: String::new() }
    }

    /// Tells whether an attribute is not met.
    #[must_use]
    pub fn deviates(&self) -> bool {
        self.states.contains(&AttributeState::NotMet)
    }

    /// Tells whether each attribute was looked at.
    #[must_use]
    pub fn is_tested(&self) -> bool {
        !self.states.is_empty() && !self.states.contains(&AttributeState::NotTested)
    }
}

impl Workpaper {
    /// Begins one.
    ///
    /// # Errors
    /// As [`Plan::checked`].
    pub fn begin(number: i64, plan: Plan, by: ActorId) -> Result<Self, WorkpaperError> {
        Ok(Self {
            number,
            plan: plan.checked()?,
            selected: None,
            items: Vec::new(),
            exceptions: Vec::new(),
            conclusion: None,
            signatures: Signatures::begun(by),
        })
    }

    /// Tells whether it was ever shared, however it stood then.
    #[must_use]
    pub fn was_shared(&self) -> bool {
        self.shared_at().is_some()
    }

    /// Tells whether something was tested.
    #[must_use]
    pub fn has_results(&self) -> bool {
        self.items.iter().any(|item| item.states.iter().any(|state| *state != AttributeState::NotTested))
    }

    /// Returns how many items deviate.
    #[must_use]
    pub fn deviations(&self) -> usize {
        self.items.iter().filter(|item| item.deviates()).count()
    }

    /// Plans the test anew. Once something was tested, only its words may change, and not what counts as a deviation.
    ///
    /// # Errors
    /// As [`Plan::checked`]; if attributes change too late, or the control changes.
    pub fn replan(&mut self, plan: Plan, by: ActorId) -> Result<(), WorkpaperError> {
        let plan = plan.checked()?;
        if plan.control != self.plan.control {
            return Err(WorkpaperError::Unfit("a workpaper stays with its control; begin another one"));
        }
        if plan.attributes != self.plan.attributes {
            if self.has_results() {
                return Err(WorkpaperError::Tested);
            }
            for item in &mut self.items {
                item.states = vec![AttributeState::NotTested; plan.attributes.len()];
            }
        }
        self.plan = plan;
        self.signatures.authors.insert(by);
        Ok(())
    }

    /// Adds items by hand, where no population was selected from: instances of a yearly control, a configuration.
    ///
    /// # Errors
    /// If items were selected, none is named, a key is not usable or comes twice, or there are too many.
    pub fn name_items(&mut self, keys: &[String], by: ActorId) -> Result<(), WorkpaperError> {
        if self.selected.is_some() {
            return Err(WorkpaperError::SelectedAlready);
        }
        if keys.is_empty() {
            return Err(WorkpaperError::Missing("items, one on each line"));
        }
        let mut items = self.items.clone();
        for key in keys {
            let key = normal_key(key).map_err(|error| WorkpaperError::Key(error.to_string()))?;
            if items.iter().any(|item| item.key == key) {
                return Err(WorkpaperError::Twice(key));
            }
            items.push(TestedItem::of(&key, None, self.plan.attributes.len()));
        }
        if items.len() > ITEMS_MAX {
            return Err(WorkpaperError::TooMany { what: "items", max: ITEMS_MAX });
        }
        self.items = items;
        self.signatures.authors.insert(by);
        Ok(())
    }

    /// Keeps what testing found about items.
    ///
    /// # Errors
    /// If there is no such item, results do not fit, or an exception names an item that does not deviate any more.
    pub fn record(
        &mut self,
        results: &[(String, Vec<AttributeState>, String)],
        by: ActorId,
    ) -> Result<(), WorkpaperError> {
        let mut items = self.items.clone();
        for (key, states, note) in results {
            let item = items.iter_mut().find(|item| item.key == *key);
            let item = item.ok_or_else(|| WorkpaperError::NoItem(key.clone()))?;
            if states.len() != self.plan.attributes.len() {
                return Err(WorkpaperError::States(key.clone()));
            }
            item.note = readable("note of an item", note, TEXT_MAX)?;
            item.states.clone_from(states);
        }
        for key in self.exceptions.iter().flat_map(|one| &one.items) {
            if items.iter().any(|item| item.key == *key && !item.deviates()) {
                return Err(WorkpaperError::NoDeviation(key.clone()));
            }
        }
        self.items = items;
        self.signatures.authors.insert(by);
        Ok(())
    }

    /// Writes an exception: a new one where `number` is none.
    ///
    /// # Errors
    /// If a text is missing, or it names items that do not deviate.
    pub fn except(
        &mut self,
        number: Option<u32>,
        items: BTreeSet<String>,
        nature: &str,
        (cause, effect): (Cause, &str),
        by: ActorId,
    ) -> Result<u32, WorkpaperError> {
        let nature = needed("nature of the exception", nature)?;
        let effect = readable("cause and effect", effect, TEXT_MAX)?;
        if items.is_empty() {
            return Err(WorkpaperError::Missing("items that deviate"));
        }
        for key in &items {
            let item = self.items.iter().find(|item| item.key == *key);
            if !item.ok_or_else(|| WorkpaperError::NoItem(key.clone()))?.deviates() {
                return Err(WorkpaperError::NoDeviation(key.clone()));
            }
        }
        let next = self.exceptions.iter().map(|one| one.number).max().unwrap_or(0) + 1;
        let written = Exception { number: number.unwrap_or(next), items, nature, cause, effect };
        match number {
            None if self.exceptions.len() >= EXCEPTIONS_MAX => {
                return Err(WorkpaperError::TooMany { what: "exceptions", max: EXCEPTIONS_MAX });
            }
            None => self.exceptions.push(written),
            Some(number) => {
                let held = self.exceptions.iter_mut().find(|one| one.number == number);
                *held.ok_or(WorkpaperError::NoException(number))? = written;
            }
        }
        self.signatures.authors.insert(by);
        Ok(number.unwrap_or(next))
    }

    /// Writes what follows from the test. That there were no occurrences needs the frozen list that shows it.
    ///
    /// # Errors
    /// If it does not fit what was found.
    pub fn conclude(
        &mut self,
        outcome: Outcome,
        text: &str,
        zero: Option<ZeroShown>,
        by: ActorId,
    ) -> Result<(), WorkpaperError> {
        let text = needed("conclusion", text)?;
        let zero = zero.filter(|_| outcome == Outcome::NoOccurrences);
        self.fits(outcome, zero.as_ref())?;
        self.conclusion = Some(Conclusion { outcome, text, zero });
        self.signatures.authors.insert(by);
        Ok(())
    }

    fn fits(&self, outcome: Outcome, zero: Option<&ZeroShown>) -> Result<(), WorkpaperError> {
        let unfit = |says| Err(WorkpaperError::Unfit(says));
        match outcome {
            Outcome::NoExceptions if self.deviations() > 0 => {
                unfit("an item deviates, so exceptions were noted")
            }
            Outcome::Exceptions if self.deviations() == 0 => {
                unfit("no item deviates, so there is no exception to note")
            }
            Outcome::NoOccurrences if !self.items.is_empty() => {
                unfit("there are items, so there were occurrences")
            }
            Outcome::NoOccurrences if zero.is_none() => unfit(
                "that there were no occurrences needs the frozen population without items that shows it",
            ),
            Outcome::NoExceptions if self.items.is_empty() => {
                unfit("nothing was tested; say that there were no occurrences, or name what was inspected")
            }
            _ => Ok(()),
        }
    }

    /// Returns the result as it stands in Section IV; none before there is a conclusion. Where a deviation was found, the
    /// number of items tested and the number and nature of deviations are told, whatever the opinion.
    #[must_use]
    pub fn result(&self) -> Option<String> {
        let conclusion = self.conclusion.as_ref()?;
        Some(match conclusion.outcome {
            Outcome::NoExceptions => "No exceptions noted.".to_owned(),
            Outcome::NoOccurrences => {
                "Not tested: there were no occurrences of the control during the period.".to_owned()
            }
            Outcome::Exceptions => {
                let each = self.exceptions.iter().map(|one| {
                    let (deviating, tested) = (one.items.len(), self.items.len());
                    format!(
                        "Exception noted: for {deviating} of {tested} items tested, {}",
                        sentence(&one.nature)
                    )
                });
                each.collect::<Vec<_>>().join("\n\n")
            }
        })
    }
}

impl SignedPaper for Workpaper {
    fn number(&self) -> i64 {
        self.number
    }

    fn digest(&self) -> Digest {
        let signed = (&self.plan, &self.selected, &self.items, &self.exceptions, &self.conclusion);
        canonical::digest(&signed).expect("a workpaper has texts and whole numbers only")
    }

    fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    fn signatures_mut(&mut self) -> &mut Signatures {
        &mut self.signatures
    }

    fn complete(&self, _today: Day) -> Result<(), WorkpaperError> {
        let conclusion = self.conclusion.as_ref().ok_or(WorkpaperError::Missing("conclusion"))?;
        self.fits(conclusion.outcome, conclusion.zero.as_ref())?;
        for item in &self.items {
            if !item.is_tested() {
                return Err(WorkpaperError::Untested(item.key.clone()));
            }
            if item.deviates() && !self.exceptions.iter().any(|one| one.items.contains(&item.key)) {
                return Err(WorkpaperError::Unexplained(item.key.clone()));
            }
        }
        Ok(())
    }
}

/// A text that follows a comma and ends with a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut letters = text.chars();
    let first = letters.next().map(|first| match letters.clone().next() {
        // An abbreviation keeps its capitals.
        Some(second) if second.is_uppercase() => first.to_string(),
        _ => first.to_lowercase().to_string(),
    });
    let rest: String = letters.collect();
    let ends = text.ends_with(['.', '!', '?']);
    format!("{}{rest}{}", first.unwrap_or_default(), if ends { "" } else { "." })
}

impl Note {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If it says nothing, or a text cannot be read.
    pub fn checked(mut self) -> Result<Self, WorkpaperError> {
        self.about = readable("subject", &self.about, TITLE_MAX)?;
        self.text = needed("text", &self.text)?;
        Ok(self)
    }
}

impl ManagementResponse {
    /// Brings texts to one form, for an examination whose time begins on a day.
    ///
    /// # Errors
    /// If it says nothing, a text cannot be read, or what is done was due before that day.
    pub fn checked(mut self, begin: Day) -> Result<Self, WorkpaperError> {
        self.response = needed("response", &self.response)?;
        self.action = readable("action", &self.action, TEXT_MAX)?;
        match self.due {
            Some(due) if due < begin => Err(WorkpaperError::DueBefore { due, begin }),
            _ => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests;
