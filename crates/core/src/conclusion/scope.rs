//! What an assessment is about: categories, kind of examination, dates, and what was taken out with a reason.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::catalog::{CategoryChoice, Framework};
use crate::id::ActorId;

/// Months below which a period draws a warning. Never a refusal: its length is management's decision.
pub const SHORT_PERIOD_MONTHS: i32 = 3;

/// A calendar day, written `2027-03-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(jiff::civil::Date);

/// Why a text is not a day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day like 2027-03-31")]
pub struct InvalidDay(pub String);

impl FromStr for Day {
    type Err = InvalidDay;

    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        // The parser takes longer forms too, with a time that would be lost.
        let day: Option<jiff::civil::Date> = text.parse().ok();
        day.filter(|day| day.to_string() == text).map(Self).ok_or_else(|| InvalidDay(text.to_owned()))
    }
}

impl TryFrom<String> for Day {
    type Error = InvalidDay;

    fn try_from(text: String) -> Result<Self, InvalidDay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Day {
    /// Returns the day of a moment, UTC.
    ///
    /// # Panics
    /// Never: a moment has a day.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        at.date().parse().expect("a moment has a day")
    }

    /// Returns its first moment, UTC.
    #[must_use]
    pub fn starts(self) -> Timestamp {
        let midnight = jiff::tz::Offset::UTC.to_timestamp(self.0.at(0, 0, 0, 0));
        midnight.unwrap_or(jiff::Timestamp::MAX).into()
    }

    /// Returns the day after; none at the end of the calendar.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.tomorrow().ok().map(Self)
    }

    /// Returns the day before; none at the beginning of the calendar.
    #[must_use]
    pub fn before(self) -> Option<Self> {
        self.0.yesterday().ok().map(Self)
    }

    pub(crate) fn plus_months(self, months: i32) -> Option<Self> {
        self.0.checked_add(jiff::Span::new().try_months(months).ok()?).ok().map(Self)
    }
}

/// The examination aimed at, with dates as far as they are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// Description and design as of one date.
    Type1 {
        /// The date.
        as_of: Option<Day>,
    },
    /// Operation as well, throughout a period.
    Type2 {
        /// First day.
        from: Option<Day>,
        /// Last day, inside the period.
        to: Option<Day>,
    },
}

/// A criterion judged not relevant to the system. Disclosed in the description with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// The criterion.
    pub criterion: String,
    /// Why it is not relevant.
    pub reason: String,
    /// Who approved.
    pub approver: ActorId,
    /// When.
    pub at: Timestamp,
}

/// A category that readers expect and that was left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omission {
    /// The category.
    pub category: String,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// Why a scope is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// The choice belongs to another framework.
    #[error("categories were chosen from {chosen}, the scope is of {framework}")]
    Framework {
        /// Framework of the scope.
        framework: String,
        /// Framework of the choice.
        chosen: String,
    },
    /// The period is upside down.
    #[error("the period begins on {from}, after its end on {to}")]
    Period {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// The criterion is not among those the categories bring.
    #[error("criterion {0:?} is not in scope, so it cannot be excluded")]
    NotInScope(String),
    /// A criterion is excluded twice.
    #[error("criterion {0:?} is excluded twice")]
    Twice(String),
    /// Something left out has no reason.
    #[error("leaving out {0:?} needs a reason")]
    NoReason(String),
    /// A category cannot be claimed with all its criteria dropped.
    #[error("every criterion of category {0:?} is excluded: leave the category out instead")]
    EmptyCategory(String),
    /// An expected category is missing without a decision.
    #[error("category {0:?} is expected: leaving it out needs somebody to decide it with a reason")]
    Expected(String),
}

/// What a reader of the scope should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ScopeWarning {
    /// The period is shorter than is customary.
    ShortPeriod {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// A category that readers expect is left out.
    ExpectedCategoryLeftOut {
        /// The category.
        category: String,
    },
}

/// The scope of an assessment. Complete by construction: all criteria of the chosen categories, but for exclusions
/// with reason and approver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scope {
    categories: CategoryChoice,
    products: bool,
    target: Target,
    exclusions: Vec<Exclusion>,
    omissions: Vec<Omission>,
    criteria: Vec<String>,
}

impl Scope {
    /// Makes a scope. `products` says that the system produces, manufactures or distributes goods.
    ///
    /// # Errors
    /// If the choice belongs to another framework, the period ends before it begins, an exclusion names no criterion
    /// in scope or has no reason, a chosen category is left without criteria of its own, or an expected category is
    /// left out without an omission.
    pub fn new(
        framework: &Framework,
        categories: CategoryChoice,
        products: bool,
        target: Target,
        exclusions: Vec<Exclusion>,
        omissions: Vec<Omission>,
    ) -> Result<Self, ScopeError> {
        if categories.framework() != framework.id {
            let chosen = categories.framework().to_owned();
            return Err(ScopeError::Framework { framework: framework.id.clone(), chosen });
        }
        if let Target::Type2 { from: Some(from), to: Some(to) } = target
            && from > to
        {
            return Err(ScopeError::Period { from, to });
        }
        let mut excluded = BTreeSet::new();
        for exclusion in &exclusions {
            let criterion = &exclusion.criterion;
            if !framework.requirements_in_scope(&categories).any(|known| &known.id == criterion) {
                return Err(ScopeError::NotInScope(criterion.clone()));
            }
            if exclusion.reason.trim().is_empty() {
                return Err(ScopeError::NoReason(criterion.clone()));
            }
            if !excluded.insert(criterion.as_str()) {
                return Err(ScopeError::Twice(criterion.clone()));
            }
        }
        let criteria: Vec<_> = framework
            .requirements_in_scope(&categories)
            .filter(|requirement| !excluded.contains(requirement.id.as_str()))
            .collect();
        for category in &framework.categories {
            let own = |series: &String| category.series.contains(series);
            if !categories.contains(&category.id) {
                let omission = omissions.iter().find(|omission| omission.category == category.id);
                match omission {
                    Some(omission) if omission.reason.trim().is_empty() => {
                        return Err(ScopeError::NoReason(category.id.clone()));
                    }
                    None if category.is_expected => return Err(ScopeError::Expected(category.id.clone())),
                    _ => {}
                }
            } else if !category.series.is_empty() && !criteria.iter().any(|criterion| own(&criterion.series))
            {
                return Err(ScopeError::EmptyCategory(category.id.clone()));
            }
        }
        let criteria = criteria.into_iter().map(|requirement| requirement.id.clone()).collect();
        let omissions =
            omissions.into_iter().filter(|omission| !categories.contains(&omission.category)).collect();
        Ok(Self { categories, products, target, exclusions, omissions, criteria })
    }

    /// Returns the framework, with its edition.
    #[must_use]
    pub fn framework(&self) -> &str {
        self.categories.framework()
    }

    /// Returns the categories chosen.
    #[must_use]
    pub fn categories(&self) -> &CategoryChoice {
        &self.categories
    }

    /// Tells whether the system makes or distributes goods.
    #[must_use]
    pub fn products(&self) -> bool {
        self.products
    }

    /// Returns the examination aimed at.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// Returns what was taken out.
    #[must_use]
    pub fn exclusions(&self) -> &[Exclusion] {
        &self.exclusions
    }

    /// Iterates over the criteria in scope, in document order.
    pub fn criteria(&self) -> impl Iterator<Item = &str> {
        self.criteria.iter().map(String::as_str)
    }

    /// Returns what a reader should know.
    #[must_use]
    pub fn warnings(&self) -> Vec<ScopeWarning> {
        let left_out = self
            .omissions
            .iter()
            .map(|omission| ScopeWarning::ExpectedCategoryLeftOut { category: omission.category.clone() });
        let short = match self.target {
            // A period to the 31st of March that begins on the 1st of January is three months: the end is inside.
            Target::Type2 { from: Some(from), to: Some(to) }
                if from
                    .plus_months(SHORT_PERIOD_MONTHS)
                    .is_some_and(|end| to.0.tomorrow().is_ok_and(|after| after < end.0)) =>
            {
                Some(ScopeWarning::ShortPeriod { from, to })
            }
            _ => None,
        };
        left_out.chain(short).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn day(text: &str) -> Option<Day> {
        Some(text.parse().expect("a day"))
    }

    fn exclusion(criterion: &str, reason: &str) -> Exclusion {
        Exclusion {
            criterion: criterion.into(),
            reason: reason.into(),
            approver: ActorId(uuid::Uuid::nil()),
            at: Timestamp::from_seconds(0),
        }
    }

    fn omission(reason: &str) -> Omission {
        Omission {
            category: "security".into(),
            reason: reason.into(),
            by: ActorId(uuid::Uuid::nil()),
            at: Timestamp::from_seconds(0),
        }
    }

    fn scope(
        categories: &[&str],
        target: Target,
        exclusions: Vec<Exclusion>,
        omissions: Vec<Omission>,
    ) -> Result<Scope, ScopeError> {
        let catalog = Catalog::builtin();
        let tsc = catalog.framework("tsc-2017").expect("built in");
        let choice = tsc.choose(categories).expect("known");
        Scope::new(tsc, choice, false, target, exclusions, omissions)
    }

    const TYPE_1: Target = Target::Type1 { as_of: None };

    #[test]
    fn a_scope_is_complete_but_for_reasoned_exclusions() {
        let all = ["security", "availability", "processing-integrity", "confidentiality", "privacy"];
        let full = scope(&all, TYPE_1, vec![], vec![]).expect("fits");
        assert_eq!(full.criteria().count(), 61);
        let less = scope(&all, TYPE_1, vec![exclusion("P3.1", "collects nothing from people")], vec![]);
        let less = less.expect("fits");
        assert_eq!(less.criteria().count(), 60);
        assert!(!less.criteria().any(|criterion| criterion == "P3.1"));
        for (exclusions, expected) in [
            (vec![exclusion("P3.1", " ")], ScopeError::NoReason("P3.1".into())),
            (vec![exclusion("P9.1", "x")], ScopeError::NotInScope("P9.1".into())),
            (vec![exclusion("A1.1", "x"), exclusion("A1.1", "x")], ScopeError::Twice("A1.1".into())),
            (
                vec![exclusion("C1.1", "x"), exclusion("C1.2", "x")],
                ScopeError::EmptyCategory("confidentiality".into()),
            ),
        ] {
            assert_eq!(scope(&all, TYPE_1, exclusions, vec![]), Err(expected));
        }
        let outside = scope(&["security"], TYPE_1, vec![exclusion("A1.1", "x")], vec![]);
        assert_eq!(outside, Err(ScopeError::NotInScope("A1.1".into())));
    }

    #[test]
    fn leaving_out_security_takes_a_decision_and_draws_a_warning() {
        let without = |omissions| scope(&["availability"], TYPE_1, vec![], omissions);
        assert_eq!(without(vec![]), Err(ScopeError::Expected("security".into())));
        assert_eq!(without(vec![omission("")]), Err(ScopeError::NoReason("security".into())));
        let scope = without(vec![omission("readers asked for availability alone")]).expect("decided");
        assert_eq!(scope.criteria().count(), 36, "the common criteria still apply");
        assert_eq!(scope.warnings(), [ScopeWarning::ExpectedCategoryLeftOut { category: "security".into() }]);
    }

    #[test]
    fn a_period_has_its_ends_in_order_and_is_warned_about_when_short() {
        let period = |from, to| scope(&["security"], Target::Type2 { from, to }, vec![], vec![]);
        let warned = |from, to| !period(day(from), day(to)).expect("in order").warnings().is_empty();
        assert!(!warned("2026-01-01", "2026-03-31"));
        assert!(warned("2026-01-01", "2026-03-30"));
        assert!(warned("2026-02-01", "2026-02-01"));
        assert!(period(day("2026-01-01"), None).expect("open").warnings().is_empty());
        let upside_down = period(day("2026-02-01"), day("2026-01-31")).expect_err("ends first");
        assert_eq!(upside_down.to_string(), "the period begins on 2026-02-01, after its end on 2026-01-31");
    }

    #[test]
    fn a_day_is_written_one_way() {
        assert_eq!("2026-02-29".parse::<Day>(), Err(InvalidDay("2026-02-29".into())));
        for other in ["2026-2-1", "20260201", "2026-02-01T10:00:00", "", "tomorrow"] {
            assert!(other.parse::<Day>().is_err(), "{other}");
        }
        assert_eq!(serde_json::to_string(&day("2026-02-01")).expect("serializes"), "\"2026-02-01\"");
    }
}
