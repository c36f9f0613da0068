//! Totals of a catalog, for people and for machines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::crosswalk::Relation;
use super::framework::{Count, Framework, InPlayTotal};
use super::validate::{count, count_by_category, count_points, roles_key};
use super::{Catalog, Crosswalk};
use crate::Digest;

/// What a catalog holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogStats {
    /// Digest of the files it was read from.
    pub digest: Digest,
    /// Everything together.
    pub totals: CatalogTotals,
    /// By framework.
    pub frameworks: Vec<FrameworkStats>,
    /// By crosswalk.
    pub crosswalks: Vec<CrosswalkStats>,
    /// Starter controls.
    pub controls: ControlStats,
}

/// Totals over the whole catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogTotals {
    /// Frameworks.
    pub frameworks: usize,
    /// Requirements of all frameworks.
    pub requirements: usize,
    /// Points of focus of all frameworks.
    pub points_of_focus: usize,
    /// Mappings of all crosswalks.
    pub mappings: usize,
    /// Starter controls.
    pub controls: usize,
    /// SOC 1 control objectives.
    pub objectives: usize,
    /// SOC 1 controls.
    pub objective_controls: usize,
    /// Complementary user entity controls.
    pub cuecs: usize,
    /// Request templates.
    pub requests: usize,
    /// Description criteria.
    pub description_criteria: usize,
    /// Legal and contractual clocks.
    pub clocks: usize,
}

/// Totals of one framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameworkStats {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Edition in words.
    pub edition: String,
    /// Requirements.
    pub requirements: usize,
    /// Points of focus.
    pub points_of_focus: usize,
    /// By category, with `common` for the common series together.
    pub categories: BTreeMap<String, Count>,
    /// By series, in document order.
    pub series: Vec<SeriesStats>,
    /// Points of focus by scope.
    pub scopes: BTreeMap<String, usize>,
    /// Points of focus by origin.
    pub origins: BTreeMap<String, usize>,
    /// Points of focus by their exact set of roles.
    pub roles: BTreeMap<String, usize>,
    /// What applies for the choices of categories the framework declares.
    pub in_play: Vec<InPlayTotal>,
    /// Requirements that have a key starter control.
    pub requirements_with_key_control: usize,
    /// Requirements that a request names.
    pub requirements_with_request: usize,
    /// Requirements and points of focus with the publisher's text loaded.
    pub official_texts: usize,
}

/// Totals of one series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeriesStats {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Requirements and points of focus.
    #[serde(flatten)]
    pub count: Count,
}

/// Totals of one crosswalk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CrosswalkStats {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Framework it starts from.
    pub source_framework: String,
    /// Frameworks it maps to.
    pub targets: Vec<String>,
    /// Mappings.
    pub mappings: usize,
    /// Mappings by relation.
    pub relations: BTreeMap<&'static str, usize>,
    /// Source requirements that were looked at and have no relation.
    pub unrelated: usize,
}

/// Totals of the starter controls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlStats {
    /// Controls that are key for at least one criterion.
    pub key: usize,
    /// By area.
    pub areas: BTreeMap<String, usize>,
    /// By kind.
    pub kinds: BTreeMap<&'static str, usize>,
    /// By nature.
    pub natures: BTreeMap<&'static str, usize>,
    /// By frequency.
    pub frequencies: BTreeMap<&'static str, usize>,
}

fn tally<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

impl Catalog {
    /// Counts what the catalog holds.
    #[must_use]
    pub fn stats(&self) -> CatalogStats {
        let sum = |count: fn(&super::ObjectiveSet) -> usize| self.objective_sets.iter().map(count).sum();
        CatalogStats {
            digest: self.digest,
            totals: CatalogTotals {
                frameworks: self.frameworks.len(),
                requirements: self.frameworks.iter().map(|f| f.requirements().count()).sum(),
                points_of_focus: self.frameworks.iter().map(|f| f.points_of_focus().count()).sum(),
                mappings: self.crosswalks.iter().map(|crosswalk| crosswalk.mappings.len()).sum(),
                controls: self.controls.len(),
                objectives: sum(|set| set.objectives.len()),
                objective_controls: sum(|set| set.controls.len()),
                cuecs: sum(|set| set.cuecs.len()),
                requests: self.requests.len(),
                description_criteria: self.description_criteria.iter().map(|set| set.criteria.len()).sum(),
                clocks: self.clocks.len(),
            },
            frameworks: self.frameworks.iter().map(|framework| self.framework_stats(framework)).collect(),
            crosswalks: self.crosswalks.iter().map(crosswalk_stats).collect(),
            controls: ControlStats {
                key: self.controls.iter().filter(|control| !control.key_for.is_empty()).count(),
                areas: tally(self.controls.iter().map(|control| control.area.clone())),
                kinds: tally(self.controls.iter().map(|control| control.kind.word())),
                natures: tally(self.controls.iter().map(|control| control.nature.word())),
                frequencies: tally(self.controls.iter().map(|control| control.frequency.word())),
            },
        }
    }

    fn framework_stats(&self, framework: &Framework) -> FrameworkStats {
        let all = count(framework.requirements());
        let in_play = framework.totals.in_play.iter().filter_map(|declared| {
            let choice = framework.choose(&declared.categories).ok()?;
            let points = |products| framework.points_of_focus_in_play(&choice, products).count();
            let (without, with) = (points(false), points(true));
            Some(InPlayTotal {
                categories: declared.categories.clone(),
                requirements: framework.requirements_in_scope(&choice).count(),
                points_of_focus: without,
                points_of_focus_with_products: (with != without).then_some(with),
            })
        });
        let key = |id: &String| {
            self.controls
                .iter()
                .any(|control| control.framework == framework.id && control.key_for.contains(id))
        };
        let requested = |id: &String| {
            self.requests
                .iter()
                .any(|request| request.framework == framework.id && request.criteria.contains(id))
        };
        let texts = framework
            .requirements()
            .map(|requirement| &requirement.official_text)
            .chain(framework.points_of_focus().map(|point| &point.official_text));
        FrameworkStats {
            id: framework.id.clone(),
            title: framework.title.clone(),
            edition: framework.edition.clone(),
            requirements: all.requirements,
            points_of_focus: all.points_of_focus,
            categories: count_by_category(framework),
            series: framework
                .series
                .iter()
                .map(|series| SeriesStats {
                    id: series.id.clone(),
                    title: series.title.clone(),
                    count: count(series.requirements.iter()),
                })
                .collect(),
            scopes: count_points(framework, |point| Some(point.scope.clone())),
            origins: count_points(framework, |point| Some(point.origin.clone())),
            roles: count_points(framework, roles_key),
            in_play: in_play.collect(),
            requirements_with_key_control: framework.requirements().filter(|r| key(&r.id)).count(),
            requirements_with_request: framework.requirements().filter(|r| requested(&r.id)).count(),
            official_texts: texts.filter(|text| !text.is_empty()).count(),
        }
    }
}

fn crosswalk_stats(crosswalk: &Crosswalk) -> CrosswalkStats {
    let unrelated = |id: &&String| !crosswalk.mappings.iter().any(|mapping| &mapping.source == *id);
    let of = |relation| crosswalk.mappings.iter().filter(|mapping| mapping.relation == relation).count();
    CrosswalkStats {
        id: crosswalk.id.clone(),
        title: crosswalk.title.clone(),
        source_framework: crosswalk.source_framework.clone(),
        targets: crosswalk.targets.iter().map(|target| target.id.clone()).collect(),
        mappings: crosswalk.mappings.len(),
        relations: Relation::ALL.into_iter().map(|relation| (relation.code(), of(relation))).collect(),
        unrelated: crosswalk.looked_at.iter().filter(unrelated).count(),
    }
}
