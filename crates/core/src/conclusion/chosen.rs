//! What an organization chose to be assessed for, as people write it: each version with who wrote it, when and why.
//!
//! A [`Scope`] follows from it and a framework. While nobody chose anything the whole framework is assessed for a Type 2
//! whose dates are open: what nobody took out counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::readiness::TargetType;
use super::scope::{Day, Exclusion, Omission, Scope, ScopeError, Target};
use crate::catalog::Framework;
use crate::control::{ControlId, TEXT_MAX, TITLE_MAX};
use crate::id::ActorId;
use crate::time::DAY_US;
use crate::written::Written;
use crate::{Span, Timestamp, words};

/// Most services, and most parts outside.
pub const LIST_MAX: usize = 200;
/// Days looked back over while the target has no period that has begun.
pub const LOOK_BACK_DAYS: i64 = 90;

/// What is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Categories, with the reason.
    pub categories: BTreeMap<String, String>,
    /// Categories that readers expect and that are left out, with the reason.
    #[serde(default)]
    pub omissions: BTreeMap<String, String>,
    /// Criteria judged not relevant to the system, with the reason.
    #[serde(default)]
    pub exclusions: BTreeMap<String, String>,
    /// Whether the system makes or distributes goods.
    #[serde(default)]
    pub products: bool,
    /// The examination aimed at.
    pub target: Target,
    /// Controls that had no occurrence in the time of the target, with what shows that. Whether they operated is not asked.
    #[serde(default)]
    pub idle: BTreeMap<ControlId, String>,
    /// Services to customers that are in.
    #[serde(default)]
    pub services: Vec<String>,
    /// What lies outside, and could be thought to be in.
    #[serde(default)]
    pub outside: Vec<String>,
}

/// Why a choice cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// A category nobody knows, or none at all.
    #[error(transparent)]
    Category(#[from] crate::catalog::CategoryError),
    /// It makes no scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A text that everyone who reads it needs.
    #[error("it needs its {0}")]
    Missing(&'static str),
    /// A text that is too long or cannot be read.
    #[error("the {what} has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// More than there can be.
    #[error("there are at most {LIST_MAX} services, and parts outside")]
    TooMany,
    /// A category both in and out.
    #[error("category {0:?} is both chosen and left out")]
    Both(String),
    /// A Type 1 is about design at one date.
    #[error("a Type 1 does not ask whether {0} operated, so it needs no word on occurrences")]
    IdleAtOneDate(ControlId),
    /// Nothing is different.
    #[error("nothing is changed")]
    NothingChanged,
}

/// Who decided that something is left out, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// A choice as it was written, with who decided what is left out: whoever wrote its reason as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// What is chosen.
    pub choice: Choice,
    /// Who wrote it, when and why.
    pub written: Written,
    /// By criterion, or category.
    decided: BTreeMap<String, Decided>,
}

impl Choice {
    /// Returns the choice that holds while nobody made one: every category, for a Type 2 without dates.
    #[must_use]
    pub fn whole(framework: &Framework) -> Self {
        Self {
            categories: framework.categories.iter().map(|one| (one.id.clone(), String::new())).collect(),
            omissions: BTreeMap::new(),
            exclusions: BTreeMap::new(),
            products: false,
            target: Target::Type2 { from: None, to: None },
            idle: BTreeMap::new(),
            services: Vec::new(),
            outside: Vec::new(),
        }
    }

    /// Returns for what a control is rated.
    #[must_use]
    pub fn rates(&self, control: &ControlId) -> TargetType {
        match self.target {
            Target::Type1 { .. } => TargetType::Type1,
            Target::Type2 { .. } => {
                TargetType::Type2 { occurrences: u64::from(!self.idle.contains_key(control)) }
            }
        }
    }

    /// Brings texts to one form, and refuses what no framework could make a scope of.
    ///
    /// # Errors
    /// If a reason is missing, a text unreadable, a list too long, or two things contradict each other.
    fn checked(mut self) -> Result<Self, ChoiceError> {
        for (what, reasons) in [
            ("reason for each category", &mut self.categories),
            ("reason for leaving a category out", &mut self.omissions),
            ("reason for taking a criterion out", &mut self.exclusions),
        ] {
            for reason in reasons.values_mut() {
                *reason = needed(what, reason, TEXT_MAX)?;
            }
        }
        for shown in self.idle.values_mut() {
            *shown = needed("what shows that a control had no occurrence", shown, TEXT_MAX)?;
        }
        if self.services.len() > LIST_MAX || self.outside.len() > LIST_MAX {
            return Err(ChoiceError::TooMany);
        }
        for (what, list) in [("service", &mut self.services), ("part outside", &mut self.outside)] {
            for text in list.iter_mut() {
                *text = needed(what, text, TITLE_MAX)?;
            }
        }
        if let Some(both) = self.omissions.keys().find(|id| self.categories.contains_key(*id)) {
            return Err(ChoiceError::Both(both.clone()));
        }
        match (self.target, self.idle.keys().next()) {
            (Target::Type1 { .. }, Some(control)) => Err(ChoiceError::IdleAtOneDate(control.clone())),
            _ => Ok(self),
        }
    }
}

impl Chosen {
    /// Writes a choice, on top of the one before.
    ///
    /// # Errors
    /// If it makes no scope of the framework, a text is missing or unreadable, or nothing is changed.
    pub fn write(
        before: Option<&Self>,
        choice: Choice,
        framework: &Framework,
        (by, at): (ActorId, Timestamp),
        reason: &str,
    ) -> Result<Self, ChoiceError> {
        let choice = choice.checked()?;
        let reason = needed("reason for the change", reason, TEXT_MAX)?;
        if before.is_some_and(|before| before.choice == choice) {
            return Err(ChoiceError::NothingChanged);
        }
        let was = |id: &String, why: &String| {
            let before = before?;
            let same = before.choice.exclusions.get(id).or_else(|| before.choice.omissions.get(id))? == why;
            same.then(|| before.decided.get(id).copied()).flatten()
        };
        let left_out = choice.exclusions.iter().chain(&choice.omissions);
        let decided =
            left_out.map(|(id, why)| (id.clone(), was(id, why).unwrap_or(Decided { by, at }))).collect();
        let version = before.map_or(1, |before| before.written.version + 1);
        let chosen = Self { choice, written: Written { version, by, at, reason }, decided };
        chosen.scope(framework)?;
        Ok(chosen)
    }

    /// Returns the scope that follows.
    ///
    /// # Errors
    /// If the framework knows a category or a criterion no more, or a chosen category has no criterion left.
    pub fn scope(&self, framework: &Framework) -> Result<Scope, ChoiceError> {
        let (exclusions, omissions) = (self.exclusions(), self.omissions());
        scope_of(&self.choice, framework, exclusions, omissions)
    }

    /// Returns the criteria that were taken out.
    #[must_use]
    pub fn exclusions(&self) -> Vec<Exclusion> {
        let of = |(criterion, reason): (&String, &String)| {
            let Decided { by, at } = self.decided_on(criterion);
            Exclusion { criterion: criterion.clone(), reason: reason.clone(), approver: by, at }
        };
        self.choice.exclusions.iter().map(of).collect()
    }

    fn omissions(&self) -> Vec<Omission> {
        let of = |(category, reason): (&String, &String)| {
            let Decided { by, at } = self.decided_on(category);
            Omission { category: category.clone(), reason: reason.clone(), by, at }
        };
        self.choice.omissions.iter().map(of).collect()
    }

    fn decided_on(&self, id: &str) -> Decided {
        let written = Decided { by: self.written.by, at: self.written.at };
        self.decided.get(id).copied().unwrap_or(written)
    }
}

/// Returns the scope of a whole framework.
///
/// # Errors
/// If the framework has no category to choose.
pub fn whole(framework: &Framework) -> Result<Scope, ChoiceError> {
    scope_of(&Choice::whole(framework), framework, Vec::new(), Vec::new())
}

fn scope_of(
    choice: &Choice,
    framework: &Framework,
    exclusions: Vec<Exclusion>,
    omissions: Vec<Omission>,
) -> Result<Scope, ChoiceError> {
    let categories = framework.choose(choice.categories.keys())?;
    Ok(Scope::new(framework, categories, choice.products, choice.target, exclusions, omissions)?)
}

/// Returns the time that readiness looks back over at a moment: as much of the target's period as is past; the last
/// [`LOOK_BACK_DAYS`] while none has begun, or for one date.
#[must_use]
pub fn looks_back(target: Target, now: Timestamp) -> Span {
    let end = |to: Option<Day>| to.and_then(Day::next).map(Day::starts).filter(|end| *end < now);
    match target {
        Target::Type2 { from: Some(from), to } if from.starts() < now => {
            Span { from: from.starts(), to: Some(end(to).unwrap_or(now)) }
        }
        _ => Span { from: now.plus_micros(-LOOK_BACK_DAYS * DAY_US), to: Some(now) },
    }
}

/// Returns the controls whose status can be another one under another choice.
#[must_use]
pub fn rated_anew<'a>(
    before: &Choice,
    after: &Choice,
    controls: impl IntoIterator<Item = &'a ControlId>,
) -> BTreeSet<&'a ControlId> {
    controls.into_iter().filter(|control| before.rates(control) != after.rates(control)).collect()
}

fn needed(what: &'static str, text: &str, max: usize) -> Result<String, ChoiceError> {
    let text = words::readable(text, max).ok_or(ChoiceError::Unreadable { what, max })?;
    if text.is_empty() { Err(ChoiceError::Missing(what)) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn person(number: u128) -> ActorId {
        ActorId(uuid::Uuid::from_u128(number))
    }

    fn day(text: &str) -> Option<Day> {
        Some(text.parse().expect("a day"))
    }

    fn moment(day_of_year: i64) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000).plus_micros(day_of_year * DAY_US)
    }

    fn security() -> Choice {
        let catalog = Catalog::builtin();
        let framework = catalog.framework("tsc-2017").expect("built in");
        Choice {
            categories: BTreeMap::from([("security".into(), "customers ask".into())]),
            ..Choice::whole(framework)
        }
    }

    fn write(before: Option<&Chosen>, choice: Choice, by: u128) -> Result<Chosen, ChoiceError> {
        let catalog = Catalog::builtin();
        let framework = catalog.framework("tsc-2017").expect("built in");
        let at = moment(i64::try_from(by).expect("small"));
        Chosen::write(before, choice, framework, (person(by), at), "first plan")
    }

    #[test]
    fn security_alone_is_33_criteria_and_the_whole_is_61() {
        let catalog = Catalog::builtin();
        let framework = catalog.framework("tsc-2017").expect("built in");
        let chosen = write(None, security(), 1).expect("fits");
        assert_eq!(chosen.scope(framework).expect("fits").criteria().count(), 33);
        assert_eq!(whole(framework).expect("fits").criteria().count(), 61);
        assert_eq!((chosen.written.version, chosen.written.by), (1, person(1)));
    }

    #[test]
    fn whoever_wrote_a_reason_decided_and_stays_the_decider_while_it_stands() {
        let mut choice = security();
        choice.exclusions.insert("CC6.4".into(), "nothing stands in premises of ours".into());
        let first = write(None, choice.clone(), 1).expect("fits");
        choice.exclusions.insert("CC6.5".into(), "no media".into());
        let second = write(Some(&first), choice.clone(), 2).expect("fits");
        let by = |chosen: &Chosen| chosen.exclusions().iter().map(|one| one.approver).collect::<Vec<_>>();
        assert_eq!(by(&second), [person(1), person(2)]);
        choice.exclusions.insert("CC6.4".into(), "the office was given up".into());
        let third = write(Some(&second), choice.clone(), 3).expect("fits");
        assert_eq!(by(&third), [person(3), person(2)]);
        assert_eq!(third.written.version, 3);
        assert_eq!(write(Some(&third), choice, 4), Err(ChoiceError::NothingChanged));
    }

    #[test]
    fn what_is_left_out_needs_a_reason_and_what_makes_no_scope_is_refused() {
        let mut choice = security();
        choice.exclusions.insert("CC6.4".into(), " ".into());
        assert_eq!(write(None, choice, 1), Err(ChoiceError::Missing("reason for taking a criterion out")));
        let mut choice = security();
        choice.exclusions.insert("P3.1".into(), "collects nothing".into());
        assert_eq!(write(None, choice, 1), Err(ChoiceError::Scope(ScopeError::NotInScope("P3.1".into()))));
        let mut choice = security();
        choice.target = Target::Type2 { from: day("2026-06-30"), to: day("2026-01-01") };
        assert!(matches!(write(None, choice, 1), Err(ChoiceError::Scope(ScopeError::Period { .. }))));
        let mut choice = security();
        choice.categories = BTreeMap::from([("availability".into(), "uptime is promised".into())]);
        assert_eq!(write(None, choice, 1), Err(ChoiceError::Scope(ScopeError::Expected("security".into()))));
        let mut choice = security();
        choice.omissions.insert("security".into(), "no".into());
        assert_eq!(write(None, choice, 1), Err(ChoiceError::Both("security".into())));
    }

    #[test]
    fn operation_is_not_asked_at_one_date_nor_of_what_had_no_occurrence() {
        let control: ControlId = "INC-01".parse().expect("an id");
        let other: ControlId = "NET-01".parse().expect("an id");
        let mut choice = security();
        assert_eq!(choice.rates(&control), TargetType::Type2 { occurrences: 1 });
        choice.idle.insert(control.clone(), "list of incidents without a row, 2026".into());
        assert_eq!(choice.rates(&control), TargetType::Type2 { occurrences: 0 });
        assert_eq!(rated_anew(&security(), &choice, [&control, &other]), BTreeSet::from([&control]));
        choice.target = Target::Type1 { as_of: None };
        assert_eq!(choice.rates(&control), TargetType::Type1);
        assert_eq!(write(None, choice, 1), Err(ChoiceError::IdleAtOneDate(control)));
    }

    #[test]
    fn readiness_looks_back_over_the_part_of_the_period_that_is_past() {
        let now = moment(100);
        let over = |target| looks_back(target, now);
        let last_90 = Span { from: moment(10), to: Some(now) };
        assert_eq!(over(Target::Type2 { from: None, to: None }), last_90);
        assert_eq!(over(Target::Type1 { as_of: day("2026-12-31") }), last_90);
        assert_eq!(over(Target::Type2 { from: day("2026-07-01"), to: day("2026-12-31") }), last_90);
        let running = Target::Type2 { from: day("2026-01-01"), to: day("2026-12-31") };
        assert_eq!(over(running), Span { from: moment(0), to: Some(now) });
        let over_since = Target::Type2 { from: day("2026-01-01"), to: day("2026-01-31") };
        assert_eq!(over(over_since), Span { from: moment(0), to: Some(moment(31)) });
    }
}
