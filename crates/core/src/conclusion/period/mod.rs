//! What follows over a period from observations, performances and population items: one shape for all three kinds of
//! test.
//!
//! A [`Conclusion`] says what was tested over which time, the deviations with their exact times and subjects, and what
//! could not be seen. Nothing unseen counts as operating; a window that is not due yet is no deviation; a waiver stands
//! beside a deviation and does not remove it. Conclusions over times that do not overlap can be joined in any order.

mod cells;
mod configuration;
mod coverage;
mod occurrence;
mod population;
mod sample;
mod spans;
mod split;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::control::ControlId;
use crate::id::{PopulationKey, TargetKey};
use crate::observation::ReasonClass;
use crate::observation::interval::Shares;

pub use cells::{Cell, Counted, Grain, MAX_CELLS, Tally};
pub use configuration::{Allowed, History, Waived, conclude_configuration, judged, tally_configuration};
pub use coverage::{Coverage, Share};
pub use occurrence::{WindowRow, conclude_occurrence, tally_occurrence, windows};
pub use population::{Found, Listed, conclude_population, tally_population};
pub use sample::{SampleResult, SampleSays, SampledUnit};
pub use spans::Spans;
pub use split::{Fix, Part, instances_needed, split_at};

/// The question a test asks over a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestKind {
    /// Was it so at every moment?
    Configuration,
    /// Was it done in every window it was due?
    Occurrence,
    /// Were all attributes met for every item its trigger produced?
    Population,
}

impl TestKind {
    /// Returns the word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Occurrence => "occurrence",
            Self::Population => "population",
        }
    }
}

/// What is known of a control, a test or a subject. In the order from what needs no attention to what needs it most:
/// of several the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The control was not in force.
    NotInForce,
    /// There was no subject.
    NotApplicable,
    /// Lies ahead, or time is left.
    NotYetDue,
    /// As designed.
    Operating,
    /// Not as designed, under an approved waiver.
    Waived,
    /// Could not be seen.
    Unknown,
    /// Done after its time.
    Late,
    /// Not done in its time.
    Missed,
    /// At least one subject was not as designed.
    Deviation,
}

impl State {
    /// All states, in order.
    pub const ALL: [Self; 9] = [
        Self::NotInForce,
        Self::NotApplicable,
        Self::NotYetDue,
        Self::Operating,
        Self::Waived,
        Self::Unknown,
        Self::Late,
        Self::Missed,
        Self::Deviation,
    ];

    /// Returns the word used in documents and addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotInForce => "not_in_force",
            Self::NotApplicable => "not_applicable",
            Self::NotYetDue => "not_yet_due",
            Self::Operating => "operating",
            Self::Waived => "waived",
            Self::Unknown => "unknown",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Deviation => "deviation",
        }
    }

    /// Returns the words for people.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::NotInForce => "not in force",
            Self::NotApplicable => "not applicable",
            Self::NotYetDue => "not yet due",
            other => other.word(),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plain())
    }
}

/// One thing a test looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A host, an account, a repository.
    Target(TargetKey),
    /// A window in which the control was due, by its name.
    Window(String),
    /// An item of a population.
    Item {
        /// The population.
        population: PopulationKey,
        /// The item's key.
        key: String,
    },
}

/// In which way a control did not operate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationKind {
    /// A target was not as asserted.
    Failing,
    /// A window passed without a performance.
    Missed,
    /// A performance came after its time.
    Late,
    /// An attribute of an item was not met.
    Attribute,
}

impl DeviationKind {
    /// Returns the word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Missed => "missed",
            Self::Late => "late",
            Self::Attribute => "attribute",
        }
    }

    fn state(self) -> State {
        match self {
            Self::Failing | Self::Attribute => State::Deviation,
            Self::Missed => State::Missed,
            Self::Late => State::Late,
        }
    }
}

/// A waiver that stood beside a deviation for some of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Beside {
    /// Number of the waiver.
    pub waiver: i64,
    /// From when it stood beside the deviation.
    pub from: Timestamp,
    /// First moment at which it did not any more.
    pub to: Timestamp,
}

/// One subject for which the control did not operate as designed. Its times are its own: they do not change with the
/// period that is asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Deviation {
    /// When it was first known to be so: the first look that found it, the moment a window was over, the item's moment.
    pub first_seen_bad: Timestamp,
    /// What it is about.
    pub subject: Subject,
    /// In which way.
    pub kind: DeviationKind,
    /// The last moment known to be good before it: the true begin lies between the two. None when nobody looked before.
    pub last_seen_good: Option<Timestamp>,
    /// First moment known to be good again; none while it lasts, and for items and missed windows, which stay so.
    pub good_again: Option<Timestamp>,
    /// Waivers beside it, in order.
    pub waivers: Vec<Beside>,
    /// Attribute, check or window concerned, and what people noted.
    pub note: String,
}

impl Deviation {
    /// Tells whether waivers stood beside it for all of its time, an open end being `now`.
    #[must_use]
    pub fn is_waived(&self, now: Timestamp) -> bool {
        let whole = Spans::one(self.first_seen_bad, self.good_again.unwrap_or(now));
        !whole.is_empty() && whole.minus(&Spans::of(self.waivers.iter().map(|w| (w.from, w.to)))).is_empty()
    }
}

/// Why something could not be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The check could not say, or nobody looked.
    Look(ReasonClass),
    /// No list of what the trigger produced covers the time.
    NoPopulation,
    /// A list covers the time and can still change.
    NotFrozen,
    /// It fails, and nobody can say whether for longer than is tolerated: the looks lie too far apart.
    MayExceed,
}

impl Why {
    /// Returns the words for people.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::Look(reason) => reason.plain(),
            Self::NoPopulation => "no population covers this time",
            Self::NotFrozen => "the population is not frozen",
            Self::MayExceed => "it may have failed for longer than is tolerated",
        }
    }
}

/// A stretch of time that could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unseen {
    /// What was not seen; none for the test as a whole.
    pub subject: Option<Subject>,
    /// Why.
    pub why: Why,
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
}

/// How many items of a population occurred in the time that was tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemCounts {
    /// All of them.
    pub occurred: usize,
    /// Those of which not all attributes were looked at, and none was found short: they could not be seen. Where a sample
    /// speaks for the rest, only units of the sample.
    pub not_tested: usize,
    /// Those that were not selected: a sample speaks for them.
    #[serde(default)]
    pub unsampled: usize,
}

impl ItemCounts {
    fn add(&mut self, other: Self) {
        self.occurred += other.occurred;
        self.not_tested += other.not_tested;
        self.unsampled += other.unsampled;
    }
}

/// What one test of a control says over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The control.
    pub control: ControlId,
    /// Which question was asked.
    pub kind: TestKind,
    /// The test: check id, frequency, or trigger.
    pub test: String,
    /// The time asked about.
    pub asked: Spans,
    /// The part of it over which the control was in force, the test was one of it, and time has passed.
    pub tested: Spans,
    /// Targets and windows that were looked at or should have been.
    pub subjects: BTreeSet<Subject>,
    /// Items that were looked at or should have been: counted, as there may be a million. An item has one moment, so
    /// that times which do not overlap share none.
    pub items: BTreeMap<PopulationKey, ItemCounts>,
    /// Windows in which time is left. Neither good nor bad.
    pub pending: BTreeSet<Subject>,
    /// Where the control did not operate, in order of time.
    pub deviations: BTreeSet<Deviation>,
    /// Failing stretches that are no deviation, as they lie within what is tolerated as far as anybody can say.
    #[serde(default)]
    pub tolerated: BTreeSet<Deviation>,
    /// What the newest sample of each population says, about all of it.
    #[serde(default)]
    pub samples: BTreeMap<PopulationKey, SampleResult>,
    /// What could not be seen.
    pub unseen: BTreeSet<Unseen>,
    /// Time of subjects under each verdict. Zero for populations, which have moments and no time.
    pub shares: Shares,
}

impl Conclusion {
    /// Returns a conclusion over time in which nothing was tested.
    #[must_use]
    pub fn empty(control: ControlId, kind: TestKind, test: &str, asked: Spans) -> Self {
        Self {
            control,
            kind,
            test: test.to_owned(),
            asked,
            tested: Spans::default(),
            subjects: BTreeSet::new(),
            items: BTreeMap::new(),
            pending: BTreeSet::new(),
            deviations: BTreeSet::new(),
            tolerated: BTreeSet::new(),
            samples: BTreeMap::new(),
            unseen: BTreeSet::new(),
            shares: Shares::default(),
        }
    }

    /// Returns the one word for it. A deviation without a waiver for all of its time comes first, then what could not
    /// be seen: nothing unseen is operating, and neither is what a sample does not support.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        let open = self.deviations.iter().filter(|deviation| !deviation.is_waived(now));
        if let Some(worst) = open.map(|deviation| deviation.kind.state()).max() {
            return worst;
        }
        let is_supported = self.samples.values().all(SampleResult::supports);
        if !self.unseen.is_empty() || self.untested_items() > 0 || !is_supported {
            return State::Unknown;
        }
        if !self.deviations.is_empty() {
            return State::Waived;
        }
        if self.subject_count() == 0 {
            return match (self.pending.is_empty(), self.tested.is_empty(), self.kind) {
                (false, _, _) => State::NotYetDue,
                (true, true, _) => State::NotInForce,
                // A list that is frozen without items was shown to be empty; a calendar may have no window here.
                (true, false, TestKind::Population | TestKind::Occurrence) => State::NotApplicable,
                (true, false, TestKind::Configuration) => State::Unknown,
            };
        }
        let has_only_not_applicable = self.kind == TestKind::Configuration
            && self.shares.pass_us == 0
            && self.shares.fail_us == 0
            && self.shares.not_applicable_us > 0;
        if has_only_not_applicable { State::NotApplicable } else { State::Operating }
    }

    /// Counts the targets, windows and items that were looked at or should have been.
    #[must_use]
    pub fn subject_count(&self) -> usize {
        self.subjects.len() + self.items.values().map(|items| items.occurred).sum::<usize>()
    }

    /// Counts the items of which not all attributes were looked at.
    #[must_use]
    pub fn untested_items(&self) -> usize {
        self.items.values().map(|items| items.not_tested).sum()
    }

    /// Counts the items that a sample speaks for.
    #[must_use]
    pub fn unsampled_items(&self) -> usize {
        self.items.values().map(|items| items.unsampled).sum()
    }

    /// Counts the subjects with at least one deviation.
    #[must_use]
    pub fn deviating(&self) -> usize {
        self.deviations.iter().map(|deviation| &deviation.subject).collect::<BTreeSet<_>>().len()
    }

    /// Joins conclusions of one test over times that do not overlap. The order does not matter.
    ///
    /// Returns nothing for different tests or overlapping times, whose shares would count twice.
    #[must_use]
    pub fn join(&self, other: &Self) -> Option<Self> {
        let is_same = self.control == other.control && self.kind == other.kind && self.test == other.test;
        if !is_same || !self.asked.intersect(&other.asked).is_empty() {
            return None;
        }
        let mut shares = self.shares;
        shares.add(&other.shares);
        let subjects: BTreeSet<Subject> = self.subjects.union(&other.subjects).cloned().collect();
        let mut items = self.items.clone();
        for (population, counts) in &other.items {
            items.entry(*population).or_default().add(*counts);
        }
        let deviations: BTreeSet<Deviation> = self.deviations.union(&other.deviations).cloned().collect();
        // What began within the limit in one part may have gone beyond it in another.
        let tolerated = self.tolerated.union(&other.tolerated).filter(|one| !deviations.contains(one));
        let mut samples = self.samples.clone();
        samples.extend(other.samples.iter().map(|(key, result)| (*key, result.clone())));
        let pending = self.pending.union(&other.pending).filter(|window| !subjects.contains(window));
        Some(Self {
            control: self.control.clone(),
            kind: self.kind,
            test: self.test.clone(),
            asked: self.asked.union(&other.asked),
            tested: self.tested.union(&other.tested),
            pending: pending.cloned().collect(),
            tolerated: tolerated.cloned().collect(),
            deviations,
            samples,
            unseen: adjoin(self.unseen.iter().chain(&other.unseen).cloned()),
            subjects,
            items,
            shares,
        })
    }
}

/// Joins stretches of one subject and reason that touch, so that cutting time leaves no trace.
fn adjoin(unseen: impl IntoIterator<Item = Unseen>) -> BTreeSet<Unseen> {
    let mut by_subject: BTreeMap<_, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for one in unseen.into_iter().filter(|one| one.from < one.to) {
        by_subject.entry((one.subject, one.why)).or_default().push((one.from, one.to));
    }
    for ((subject, why), spans) in by_subject {
        for (from, to) in Spans::of(spans).iter() {
            out.insert(Unseen { subject: subject.clone(), why, from, to });
        }
    }
    out
}

#[cfg(test)]
mod tests;
