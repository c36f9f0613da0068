//! Frameworks, their requirements and the guidance on them. Editions are data: nothing here knows an identifier.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What one requirement of a framework is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequirementKind {
    /// What controls are measured against, as in the trust services criteria.
    #[default]
    Criterion,
    /// A prescribed control.
    Control,
    /// An article or section of law.
    Article,
    /// A clause of a standard.
    Clause,
    /// An outcome.
    Outcome,
    /// Anything else that is asked for.
    Requirement,
}

/// A published or home-made set of requirements in one edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Framework {
    /// Identifier with edition, e.g. `tsc-2017`. Engagements are pinned to it.
    pub id: String,
    /// Title.
    pub title: String,
    /// Edition in words.
    pub edition: String,
    /// Official designation.
    pub reference: String,
    /// Who publishes it.
    pub publisher: String,
    /// What one requirement is called.
    pub requirement_kind: RequirementKind,
    /// Whether every requirement must have a key starter control.
    pub requires_key_controls: bool,
    /// Whether every requirement must be named by a request.
    pub requires_requests: bool,
    /// Series that apply whatever is chosen; empty if the framework has no categories.
    pub common_series: Vec<String>,
    /// Categories that can be chosen; empty if everything always applies.
    pub categories: Vec<Category>,
    /// Where points of focus come from.
    pub origins: Vec<Named>,
    /// When points of focus are in play.
    pub scopes: Vec<PointScope>,
    /// Roles that points of focus are typical for.
    pub roles: Vec<Named>,
    /// Totals the content must reconcile to.
    pub totals: Totals,
    /// Series in document order, with their requirements.
    pub series: Vec<Series>,
}

/// A choice that brings its own series into an engagement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Identifier, e.g. `availability`.
    pub id: String,
    /// Title.
    pub title: String,
    /// One sentence in our words.
    #[serde(default)]
    pub summary: String,
    /// Whether readers expect it: leaving it out needs a recorded reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_expected: bool,
    /// Series that only this category brings; empty for a category that is the common series alone.
    #[serde(default)]
    pub series: Vec<String>,
}

/// Something with an identifier and a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
}

/// When a point of focus is in play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointScope {
    /// Identifier, e.g. `all` or `privacy`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Category that must be chosen, or none for points that are always in play.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Whether it applies only to systems that produce, manufacture or distribute goods.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub products_only: bool,
}

/// A group of requirements under one heading. The heading itself is never assessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Series {
    /// Identifier, e.g. `CC6`.
    pub id: String,
    /// Title.
    pub title: String,
    /// One sentence in our words.
    pub summary: String,
    /// Requirements in document order.
    pub requirements: Vec<Requirement>,
}

/// What controls are measured against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Identifier, e.g. `CC6.1`.
    pub id: String,
    /// Series it belongs to.
    #[serde(skip_deserializing)]
    pub series: String,
    /// What it is called.
    #[serde(skip_deserializing)]
    pub kind: RequirementKind,
    /// What it asks for, in our words.
    pub text: String,
    /// Principle of COSO 2013 it is, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coso_principle: Option<u32>,
    /// The publisher's text, from a copy the user is licensed for. Always empty in what we ship.
    #[serde(default)]
    pub official_text: String,
    /// Guidance in document order. Never assessed by itself.
    #[serde(default)]
    pub points_of_focus: Vec<PointOfFocus>,
}

/// A characteristic that helps to judge a requirement. Guidance: it never passes or fails, and nobody has to show
/// that each one is addressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointOfFocus {
    /// Identifier in document order, e.g. `CC6.1-POF4`. The numbers are ours; the publisher has none.
    pub id: String,
    /// Label, in our words.
    pub label: String,
    /// Where it comes from: an origin of the framework.
    pub origin: String,
    /// When it is in play: a scope of the framework.
    pub scope: String,
    /// Roles it is typical for. A hint that pre-filters; it does not decide applicability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Group inside the requirement, such as the kind of objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The publisher's text. Always empty in what we ship.
    #[serde(default)]
    pub official_text: String,
}

/// Totals a framework declares about itself. Those given are asserted at every load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Totals {
    /// Requirements.
    pub requirements: Option<usize>,
    /// Points of focus.
    pub points_of_focus: Option<usize>,
    /// COSO principles, numbered from 1, each used exactly once.
    pub coso_principles: Option<u32>,
    /// By series.
    pub series: BTreeMap<String, Count>,
    /// By category, with `common` for the common series together.
    pub categories: BTreeMap<String, Count>,
    /// Points of focus by scope.
    pub scopes: BTreeMap<String, usize>,
    /// Points of focus by origin.
    pub origins: BTreeMap<String, usize>,
    /// Points of focus by their exact set of roles, joined with `+`.
    pub roles: BTreeMap<String, usize>,
    /// What applies for a choice of categories.
    pub in_play: Vec<InPlayTotal>,
}

/// Requirements and points of focus of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Requirements.
    pub requirements: usize,
    /// Points of focus.
    pub points_of_focus: usize,
}

/// What applies for one choice of categories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InPlayTotal {
    /// Categories chosen.
    pub categories: Vec<String>,
    /// Requirements in scope.
    pub requirements: usize,
    /// Points of focus in play for a service.
    pub points_of_focus: usize,
    /// Points of focus in play for a system that makes or distributes goods, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_of_focus_with_products: Option<usize>,
}

/// Categories of one framework that an engagement has chosen: known ones, at least one where there are any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CategoryChoice {
    framework: String,
    ids: BTreeSet<String>,
}

/// Why categories cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CategoryError {
    /// The framework has no such category.
    #[error("{framework} has no category {category:?}, it has {known}")]
    Unknown {
        /// Framework.
        framework: String,
        /// What was asked for.
        category: String,
        /// What there is.
        known: String,
    },
    /// Nothing was chosen although the framework has categories.
    #[error("choose at least one category of {0}")]
    Empty(String),
}

impl CategoryChoice {
    /// Returns the framework chosen from.
    #[must_use]
    pub fn framework(&self) -> &str {
        &self.framework
    }

    /// Iterates over the categories in order of their identifiers.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// Tells whether a category was chosen.
    #[must_use]
    pub fn contains(&self, category: &str) -> bool {
        self.ids.contains(category)
    }
}

impl Framework {
    /// Chooses categories.
    ///
    /// # Errors
    /// If one is unknown, or none is chosen although the framework has categories.
    pub fn choose<S: AsRef<str>>(
        &self,
        categories: impl IntoIterator<Item = S>,
    ) -> Result<CategoryChoice, CategoryError> {
        let mut ids = BTreeSet::new();
        for category in categories {
            let category = category.as_ref();
            if !self.categories.iter().any(|known| known.id == category) {
                let known: Vec<_> = self.categories.iter().map(|known| known.id.as_str()).collect();
                return Err(CategoryError::Unknown {
                    framework: self.id.clone(),
                    category: category.to_owned(),
                    known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
                });
            }
            ids.insert(category.to_owned());
        }
        if ids.is_empty() && !self.categories.is_empty() {
            return Err(CategoryError::Empty(self.id.clone()));
        }
        Ok(CategoryChoice { framework: self.id.clone(), ids })
    }

    /// Iterates over all requirements in document order.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.series.iter().flat_map(|series| &series.requirements)
    }

    /// Iterates over all points of focus in document order.
    pub fn points_of_focus(&self) -> impl Iterator<Item = &PointOfFocus> {
        self.requirements().flat_map(|requirement| &requirement.points_of_focus)
    }

    /// Finds a requirement.
    #[must_use]
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements().find(|requirement| requirement.id == id)
    }

    /// Tells whether a series applies: the common ones always, the others with their category. Without
    /// categories everything applies.
    #[must_use]
    pub fn applies(&self, series: &str, choice: &CategoryChoice) -> bool {
        self.categories.is_empty()
            || self.common_series.iter().any(|common| common == series)
            || self.categories.iter().any(|category| {
                choice.contains(&category.id) && category.series.iter().any(|own| own == series)
            })
    }

    /// Iterates over the requirements of an engagement with these categories, in document order, before any
    /// is excluded with a reason.
    pub fn requirements_in_scope<'a>(
        &'a self,
        choice: &'a CategoryChoice,
    ) -> impl Iterator<Item = &'a Requirement> {
        self.requirements().filter(|requirement| self.applies(&requirement.series, choice))
    }

    /// Iterates over the points of focus in play: those that always are, and those whose scope names a chosen
    /// category; points for goods only if the system makes or distributes `products`.
    ///
    /// Source: TSP section 100 (2022 points of focus). Security alone gives 208 of the 232 points under the
    /// common criteria; all five categories give 329, or 330 with products.
    pub fn points_of_focus_in_play<'a>(
        &'a self,
        choice: &'a CategoryChoice,
        products: bool,
    ) -> impl Iterator<Item = &'a PointOfFocus> {
        self.points_of_focus().filter(move |point| {
            self.scopes.iter().find(|scope| scope.id == point.scope).is_none_or(|scope| {
                (products || !scope.products_only)
                    && scope.category.as_deref().is_none_or(|category| choice.contains(category))
            })
        })
    }
}
