//! Populations: everything a trigger produced over a span, with what was asked about each item.
//!
//! A population is built by the trigger of the control, never by its evidence: deployments and not tickets, leavers and
//! not disabled accounts. What is asked is written before testing. Before anything is said about it the list is frozen:
//! its items and their order-free hash do not change any more, only what testing finds about them. A list without items
//! is a result that needs evidence of zero.

mod amount;
mod check;
mod look;
mod mapping;
mod moment;
mod problem;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::control::{ControlId, TestAttribute};
use crate::id::{EvidenceKey, PopulationKey};
use crate::zone::{UnknownZone, Zone};
use crate::{Digest, Span, Timestamp};

pub use amount::{Amount, NoAmount};
pub use check::{
    AskedCheck, Aspect, Check, CheckError, Checked, Difference, MAX_CHECKS, MAX_DIFFERENCES, MAX_TRACED,
    Procedure, Traced, is_explained, need_checks,
};
pub use look::Looked;
pub use mapping::{ListFormat, MAX_COLUMN_CHARS, MAX_MAPPINGS, Mapping, MappingError, Reading, mapping_name};
pub use moment::{DateOrder, MomentError, read_moment, serial_day};
pub use problem::ListProblem;

/// Most items of one population.
pub const MAX_ITEMS: usize = 1_000_000;
/// Most attributes of one population.
pub const MAX_ATTRIBUTES: usize = 20;
/// Longest key of an item in bytes.
pub const MAX_KEY_BYTES: usize = 200;
/// Most characters of each text of a definition or a record of where a list came from.
pub const MAX_TEXT_CHARS: usize = 4_000;

/// What a population is about; written before testing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Control that every item should have met.
    pub control: ControlId,
    /// Title, e.g. `Production deployments, first half of 2026`.
    pub title: String,
    /// What produces an item.
    pub trigger: String,
    /// What is asked about each item, and what counts as a deviation.
    pub attributes: Vec<TestAttribute>,
    /// First moment covered.
    pub from: Timestamp,
    /// First moment not covered.
    pub to: Timestamp,
}

/// Where a list came from: the record kept for information produced by the entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipe {
    /// System of record.
    pub source: String,
    /// Report name, or the exact query.
    pub query: String,
    /// Parameters and filters; may be empty.
    pub parameters: String,
    /// Time zone of the list's moments, e.g. `UTC`.
    pub time_zone: String,
    /// Who ran it.
    pub run_by: String,
    /// When it was run.
    pub run_at: Timestamp,
    /// Rows as the source counts them.
    pub row_count: u64,
    /// A total that can be compared with the source; may be empty.
    pub control_total: String,
    /// How completeness was checked; empty when nobody has.
    pub completeness: String,
    /// How accuracy was checked; empty when nobody has.
    pub accuracy: String,
}

/// What testing found about one attribute of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeState {
    /// As it should be.
    Met,
    /// A deviation.
    NotMet,
    /// Nobody has looked. Never counts as met.
    NotTested,
}

impl AttributeState {
    /// Returns the letter used in storage.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Met => 'm',
            Self::NotMet => 'n',
            Self::NotTested => '-',
        }
    }

    /// Returns the state of a letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        [Self::Met, Self::NotMet, Self::NotTested].into_iter().find(|state| state.letter() == letter)
    }

    /// Reads what people write in a list: `met`, `yes`, `not met`, `no`, `not tested` or nothing.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().replace(['_', '-'], " ").as_str() {
            "met" | "yes" | "y" | "true" | "1" => Some(Self::Met),
            "not met" | "no" | "n" | "false" | "0" => Some(Self::NotMet),
            "not tested" | "" => Some(Self::NotTested),
            _ => None,
        }
    }
}

/// One thing the trigger produced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Stable key in NFC without spaces around it, e.g. `DEP-2041`; unique in its population.
    pub key: String,
    /// When the trigger produced it.
    pub occurred_at: Timestamp,
    /// What testing found, one for each attribute in order.
    pub states: Vec<AttributeState>,
    /// What there is to say; may be empty.
    pub note: String,
}

/// What follows for one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemOutcome {
    /// All attributes are met.
    Conforming,
    /// Not all attributes were looked at, and none was found short. Not a result.
    NotTested,
    /// At least one attribute is not met.
    Deviating,
}

/// A list that does not change any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// When it was frozen.
    pub at: Timestamp,
    /// Number of items.
    pub items: u64,
    /// Hash of its keys, as [`digest_of_keys`].
    pub keys: Digest,
    /// What shows that nothing happened, for a list without items.
    pub zero: Option<EvidenceKey>,
}

/// A population with how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Population {
    /// Number inside the organization.
    pub key: PopulationKey,
    /// What it is about.
    pub definition: Definition,
    /// When it was defined.
    pub defined_at: Timestamp,
    /// Where the list came from, once it came.
    pub ipe: Option<Ipe>,
    /// The list itself as it was handed in.
    pub file: Option<EvidenceKey>,
    /// Items so far.
    pub items: u64,
    /// Set once it does not change any more.
    pub frozen: Option<Frozen>,
}

/// Why an examination cannot use a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unfit {
    /// It can still change.
    #[error("it is not frozen")]
    NotFrozen,
    /// None of its days is examined.
    #[error("none of its days lies in the time that is examined")]
    OtherTime,
    /// It is about something that is not examined.
    #[error("its control is not in the scope of this examination")]
    OtherControl,
}

impl Population {
    /// Returns the zone of its list; UTC while there is none.
    fn zone(&self) -> Zone {
        self.ipe.as_ref().and_then(|ipe| ipe.time_zone.parse().ok()).unwrap_or_else(Zone::utc)
    }

    /// Returns its first and last day, as the zone of its list counts days.
    #[must_use]
    pub fn days(&self) -> [String; 2] {
        let (zone, Definition { from, to, .. }) = (self.zone(), &self.definition);
        [*from, to.plus_micros(-1)].map(|at| zone.day(at).to_string())
    }

    /// Returns why an examination of a time cannot use it; none where it can.
    #[must_use]
    pub fn unfit(&self, time: Span) -> Option<Unfit> {
        let Definition { from, to, .. } = self.definition;
        if self.frozen.is_none() {
            Some(Unfit::NotFrozen)
        } else if to <= time.from || time.to.is_some_and(|end| end <= from) {
            Some(Unfit::OtherTime)
        } else {
            None
        }
    }

    /// Tells whether it begins and ends with days of that zone.
    #[must_use]
    pub fn is_of_days(&self) -> bool {
        let (zone, Definition { from, to, .. }) = (self.zone(), &self.definition);
        [*from, *to].into_iter().all(|at| zone.first_moment(zone.day(at)) == Some(at))
    }
}

/// Why something is not a population.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PopulationError {
    /// A text that every reader needs.
    #[error("a population of {control} needs its {what}")]
    Missing {
        /// The control.
        control: ControlId,
        /// Which text.
        what: &'static str,
    },
    /// A text beyond [`MAX_TEXT_CHARS`], or with control characters.
    #[error("the {0} has at most {MAX_TEXT_CHARS} characters and no control characters")]
    Unreadable(&'static str),
    /// It covers nothing.
    #[error("a population from {from} to {to} covers no time")]
    Empty {
        /// First moment.
        from: Timestamp,
        /// First moment after it.
        to: Timestamp,
    },
    /// None, too many, or two of one name.
    #[error(
        "a population asks 1 to {MAX_ATTRIBUTES} attributes with different names of letters, digits, - and _"
    )]
    Attributes,
    /// Not the key of an item.
    #[error(
        "{0:?} is not the key of an item: it needs 1 to {MAX_KEY_BYTES} bytes without control characters"
    )]
    Key(String),
    /// Two items of one key.
    #[error("the key {0:?} comes twice")]
    Twice(String),
    /// An item outside the span.
    #[error("{key} occurred at {at}, which this population does not cover")]
    Outside {
        /// The item.
        key: String,
        /// When it occurred.
        at: Timestamp,
    },
    /// Another number of states than of attributes.
    #[error("{key} has {found} results for {expected} attributes")]
    States {
        /// The item.
        key: String,
        /// How many it has.
        found: usize,
        /// How many are asked.
        expected: usize,
    },
    /// More than [`MAX_ITEMS`].
    #[error("a population has at most {MAX_ITEMS} items")]
    TooManyItems,
    /// The list is not what the source counts.
    #[error("the source counts {reported} rows and the list has {found}")]
    RowCount {
        /// As reported.
        reported: u64,
        /// As found.
        found: u64,
    },
    /// Nothing is a result that needs evidence.
    #[error("population {0} has no items; that nothing happened needs evidence of zero")]
    ZeroWithoutEvidence(PopulationKey),
    /// Evidence of zero for a list that has items.
    #[error("population {0} has items, so evidence of zero contradicts it")]
    ZeroContradicted(PopulationKey),
    /// Nobody looked whether the list is complete.
    #[error(
        "nobody has checked whether population {0} is complete: record a check, or say why there is none, before it is \
         frozen"
    )]
    Unchecked(PopulationKey),
    /// Something did not agree, and nobody said why.
    #[error(
        "check {check} of population {population} found differences that nobody has explained: explain them, or define \
         another population with the right list"
    )]
    Unexplained {
        /// The population.
        population: PopulationKey,
        /// The check.
        check: i64,
    },
    /// Clocks of nowhere.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// It does not change any more.
    #[error("population {0} is frozen")]
    Frozen(PopulationKey),
    /// It has its list.
    #[error("population {0} has its list already; define another one")]
    HasItems(PopulationKey),
}

impl Definition {
    /// Checks a definition.
    ///
    /// # Errors
    /// If a text is missing or cannot be kept, the span is empty, or the attributes are not usable.
    pub fn check(&self) -> Result<(), PopulationError> {
        for (what, text) in [("title", &self.title), ("trigger", &self.trigger)] {
            if text.trim().is_empty() {
                return Err(PopulationError::Missing { control: self.control.clone(), what });
            }
            readable(what, text)?;
        }
        if self.from >= self.to {
            return Err(PopulationError::Empty { from: self.from, to: self.to });
        }
        let names: BTreeSet<&str> = self.attributes.iter().map(|attribute| attribute.id.as_str()).collect();
        let is_name = |name: &str| {
            !name.is_empty()
                && name.len() <= 60
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !["key", "occurred_at", "note", "stratum", "amount"].contains(&name)
        };
        if names.is_empty()
            || names.len() != self.attributes.len()
            || names.len() > MAX_ATTRIBUTES
            || !names.into_iter().all(is_name)
        {
            return Err(PopulationError::Attributes);
        }
        for attribute in &self.attributes {
            readable("attribute", &attribute.asserts)?;
            readable("deviation", &attribute.deviation)?;
        }
        Ok(())
    }

    /// Tells whether a moment is covered.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Checks one item.
    ///
    /// # Errors
    /// If its key, moment or results do not fit.
    pub fn check_item(&self, item: &Item) -> Result<(), PopulationError> {
        if item.key != normal_key(&item.key)? {
            return Err(PopulationError::Key(shown(&item.key)));
        }
        if !self.covers(item.occurred_at) {
            return Err(PopulationError::Outside { key: item.key.clone(), at: item.occurred_at });
        }
        if item.states.len() != self.attributes.len() {
            return Err(PopulationError::States {
                key: item.key.clone(),
                found: item.states.len(),
                expected: self.attributes.len(),
            });
        }
        readable("note", &item.note)
    }
}

impl Ipe {
    /// Checks that a reader could produce the list again.
    ///
    /// # Errors
    /// If source, query, time zone or who ran it is missing, there is no such zone, or a text cannot be kept.
    pub fn check(&self, control: &ControlId) -> Result<(), PopulationError> {
        match self.lacks() {
            Some(what) => Err(PopulationError::Missing { control: control.clone(), what }),
            None => self.check_texts(),
        }
    }

    /// Returns what a reader would miss who wants to produce the list again.
    #[must_use]
    pub fn lacks(&self) -> Option<&'static str> {
        let missing = self.needed().into_iter().find(|(_, text)| text.trim().is_empty());
        missing.map(|(what, _)| what)
    }

    /// Checks that its texts can be kept and its zone is one.
    ///
    /// # Errors
    /// If not.
    pub fn check_texts(&self) -> Result<(), PopulationError> {
        let optional = [
            ("parameters", &self.parameters),
            ("control total", &self.control_total),
            ("completeness check", &self.completeness),
            ("accuracy check", &self.accuracy),
        ];
        for (what, text) in self.needed().into_iter().chain(optional) {
            readable(what, text)?;
        }
        self.zone().map(|_| ())
    }

    fn needed(&self) -> [(&'static str, &String); 4] {
        [
            ("source", &self.source),
            ("query", &self.query),
            ("time zone", &self.time_zone),
            ("name of who ran it", &self.run_by),
        ]
    }

    /// Returns the zone of the clocks of the list.
    ///
    /// # Errors
    /// If there is no such zone.
    pub fn zone(&self) -> Result<Zone, PopulationError> {
        Ok(self.time_zone.trim().parse::<Zone>()?)
    }
}

impl Item {
    /// Returns what follows from what was found.
    #[must_use]
    pub fn outcome(&self) -> ItemOutcome {
        if self.states.contains(&AttributeState::NotMet) {
            ItemOutcome::Deviating
        } else if self.states.is_empty() || self.states.contains(&AttributeState::NotTested) {
            ItemOutcome::NotTested
        } else {
            ItemOutcome::Conforming
        }
    }
}

impl Population {
    /// Freezes the list.
    ///
    /// # Errors
    /// If it is frozen, if it has no items and no evidence of that, or items and evidence of none; if the source counts
    /// other rows.
    pub fn freeze<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
        zero: Option<EvidenceKey>,
        at: Timestamp,
    ) -> Result<Frozen, PopulationError> {
        if self.frozen.is_some() {
            return Err(PopulationError::Frozen(self.key));
        }
        let (keys, items) = digest_of_keys(keys);
        match (items, zero) {
            (0, None) => return Err(PopulationError::ZeroWithoutEvidence(self.key)),
            (1.., Some(_)) => return Err(PopulationError::ZeroContradicted(self.key)),
            _ => {}
        }
        if let Some(ipe) = &self.ipe
            && ipe.row_count != items
        {
            return Err(PopulationError::RowCount { reported: ipe.row_count, found: items });
        }
        Ok(Frozen { at, items, keys, zero })
    }
}

/// Brings a key to the form in which it is stored and hashed: NFC, without spaces around it.
///
/// # Errors
/// If it is empty, too long, or has control characters.
pub fn normal_key(text: &str) -> Result<String, PopulationError> {
    if text.len() > 4 * MAX_KEY_BYTES {
        return Err(PopulationError::Key(shown(text)));
    }
    let key: String = text.trim().nfc().collect();
    if key.is_empty() || key.len() > MAX_KEY_BYTES || key.chars().any(char::is_control) {
        return Err(PopulationError::Key(shown(text)));
    }
    Ok(key)
}

/// Returns the hash of a list and the number of its keys: SHA-256 of the keys sorted bytewise and joined with line
/// feeds, so that anybody can repeat it with `sort` and `sha256sum`.
///
/// Source: `docs/domain/audit-methods.md` section 6, reproducible selection. `CHG-0001` to `CHG-0020` give
/// `f337ff7c86210a35bda61ab8a7c086a6ffd73f43d4f35e072e7adfa0a7df34fc`.
pub fn digest_of_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> (Digest, u64) {
    let mut keys: Vec<&str> = keys.into_iter().collect();
    keys.sort_unstable();
    let mut hasher = Sha256::new();
    for (place, key) in keys.iter().enumerate() {
        if place > 0 {
            hasher.update(b"\n");
        }
        hasher.update(key.as_bytes());
    }
    (Digest(hasher.finalize().into()), keys.len() as u64)
}

/// Counts items by what follows for them.
#[must_use]
pub fn count(items: &[Item]) -> BTreeMap<ItemOutcome, u64> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item.outcome()).or_default() += 1;
    }
    counts
}

fn readable(what: &'static str, text: &str) -> Result<(), PopulationError> {
    let is_odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.chars().count() > MAX_TEXT_CHARS || text.chars().any(is_odd) {
        return Err(PopulationError::Unreadable(what));
    }
    Ok(())
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY_US;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY_US)
    }

    fn definition() -> Definition {
        let attribute = |id: &str| TestAttribute {
            id: id.into(),
            asserts: format!("{id} before deployment"),
            deviation: format!("not {id}"),
        };
        Definition {
            control: "CHG-02".parse().expect("an id"),
            title: "Production deployments".into(),
            trigger: "a deployment to production".into(),
            attributes: vec![attribute("approved"), attribute("tested")],
            from: day(0),
            to: day(90),
        }
    }

    fn population(items: u64) -> Population {
        Population {
            key: PopulationKey(4),
            definition: definition(),
            defined_at: day(91),
            ipe: None,
            file: None,
            items,
            frozen: None,
        }
    }

    #[test]
    fn the_hash_of_a_list_is_the_documented_one_in_any_order() {
        let keys: Vec<String> = (1..=20).map(|number| format!("CHG-{number:04}")).collect();
        let forward = digest_of_keys(keys.iter().map(String::as_str));
        assert_eq!(forward, digest_of_keys(keys.iter().rev().map(String::as_str)));
        assert_eq!(forward.0.hex(), "f337ff7c86210a35bda61ab8a7c086a6ffd73f43d4f35e072e7adfa0a7df34fc");
        assert_eq!(forward.1, 20);
    }

    #[test]
    fn nothing_needs_evidence_of_zero() {
        let empty = population(0);
        assert_eq!(
            empty.freeze([], None, day(92)),
            Err(PopulationError::ZeroWithoutEvidence(PopulationKey(4)))
        );
        let frozen = empty.freeze([], Some(EvidenceKey(9)), day(92)).expect("shown");
        assert_eq!((frozen.items, frozen.zero), (0, Some(EvidenceKey(9))));
        let full = population(1);
        assert_eq!(
            full.freeze(["a"], Some(EvidenceKey(9)), day(92)),
            Err(PopulationError::ZeroContradicted(PopulationKey(4)))
        );
        let frozen = Population { frozen: full.freeze(["a"], None, day(92)).ok(), ..full };
        assert_eq!(frozen.freeze(["a"], None, day(93)), Err(PopulationError::Frozen(PopulationKey(4))));
    }

    #[test]
    fn a_list_that_the_source_counts_otherwise_is_not_frozen() {
        let ipe = Ipe {
            source: "pipeline".into(),
            query: "deployments".into(),
            parameters: String::new(),
            time_zone: "UTC".into(),
            run_by: "Robin".into(),
            run_at: day(91),
            row_count: 2,
            control_total: String::new(),
            completeness: String::new(),
            accuracy: String::new(),
        };
        assert_eq!(ipe.check(&definition().control), Ok(()));
        let missing = Ipe { query: " ".into(), ..ipe.clone() }.check(&definition().control);
        assert_eq!(missing.expect_err("refused").to_string(), "a population of CHG-02 needs its query");
        let nowhere = Ipe { time_zone: "local time".into(), ..ipe.clone() }.check(&definition().control);
        assert!(matches!(nowhere, Err(PopulationError::Zone(_))), "{nowhere:?}");
        let utc = Population { ipe: Some(ipe.clone()), ..population(1) };
        assert_eq!((utc.days(), utc.is_of_days()), (["1970-01-01".into(), "1970-03-31".into()], true));
        // Days of Berlin begin an hour earlier, and are days of its list.
        let mut berlin = Population {
            ipe: Some(Ipe { time_zone: "Europe/Berlin".into(), ..ipe.clone() }),
            ..population(1)
        };
        assert!(!berlin.is_of_days());
        berlin.definition.from = day(0).plus_micros(-DAY_US / 24);
        berlin.definition.to = day(90).plus_micros(-DAY_US / 24);
        assert_eq!((berlin.days(), berlin.is_of_days()), (["1970-01-01".into(), "1970-03-31".into()], true));
        let counted = Population { ipe: Some(ipe), ..population(1) };
        assert_eq!(
            counted.freeze(["a"], None, day(92)),
            Err(PopulationError::RowCount { reported: 2, found: 1 })
        );
    }

    #[test]
    fn only_what_was_looked_at_and_met_conforms() {
        use AttributeState::{Met, NotMet, NotTested};
        for (states, outcome) in [
            (vec![Met, Met], ItemOutcome::Conforming),
            (vec![Met, NotTested], ItemOutcome::NotTested),
            (vec![NotTested, NotMet], ItemOutcome::Deviating),
            (vec![], ItemOutcome::NotTested),
        ] {
            let item = Item { key: "a".into(), occurred_at: day(1), states, note: String::new() };
            assert_eq!(item.outcome(), outcome);
        }
        for (text, state) in
            [("Met", Some(Met)), ("no", Some(NotMet)), (" ", Some(NotTested)), ("maybe", None)]
        {
            assert_eq!(AttributeState::read(text), state);
        }
        for state in [Met, NotMet, NotTested] {
            assert_eq!(AttributeState::of_letter(state.letter()), Some(state));
        }
    }

    #[test]
    fn definitions_and_items_that_do_not_fit_are_refused() {
        assert_eq!(definition().check(), Ok(()));
        let refused = |change: &dyn Fn(&mut Definition)| {
            let mut definition = definition();
            change(&mut definition);
            definition.check().expect_err("refused")
        };
        assert_eq!(refused(&|d| d.attributes.clear()), PopulationError::Attributes);
        assert_eq!(refused(&|d| d.attributes[1].id = "approved".into()), PopulationError::Attributes);
        assert_eq!(refused(&|d| d.attributes[1].id = "note".into()), PopulationError::Attributes);
        assert_eq!(refused(&|d| d.to = day(0)), PopulationError::Empty { from: day(0), to: day(0) });
        assert_eq!(refused(&|d| d.trigger.clear()).to_string(), "a population of CHG-02 needs its trigger");
        let item = |key: &str, at: i64, states: usize| Item {
            key: key.into(),
            occurred_at: day(at),
            states: vec![AttributeState::Met; states],
            note: String::new(),
        };
        assert_eq!(definition().check_item(&item("a", 89, 2)), Ok(()));
        assert!(matches!(definition().check_item(&item("a", 90, 2)), Err(PopulationError::Outside { .. })));
        assert!(matches!(definition().check_item(&item("a", 1, 1)), Err(PopulationError::States { .. })));
        assert!(matches!(definition().check_item(&item(" a", 1, 2)), Err(PopulationError::Key(_))));
        assert_eq!(normal_key(" e\u{301} ").as_deref(), Ok("\u{e9}"));
        assert!(normal_key("a\tb").is_err() && normal_key(&"x".repeat(201)).is_err());
    }
}
