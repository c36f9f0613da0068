//! One requirement with everything the catalog relates to it.

use serde::Serialize;

use super::crosswalk::{Mapping, TargetParameter};
use super::framework::{Framework, Requirement};
use super::request::RequestTemplate;
use super::starter::StarterControl;
use super::{Catalog, Crosswalk};

/// A requirement with its guidance, controls, mappings and requests.
#[derive(Clone, Debug, Serialize)]
pub struct RequirementView<'a> {
    /// Framework it belongs to.
    pub framework: &'a str,
    /// Title of the framework.
    pub framework_title: &'a str,
    /// Title of its series.
    pub series_title: &'a str,
    /// Category that brings it, or none if it is common to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'a str>,
    /// The requirement itself, with its points of focus.
    #[serde(flatten)]
    pub requirement: &'a Requirement,
    /// Starter controls, key ones first.
    pub controls: Vec<ControlLink<'a>>,
    /// What it maps to.
    pub crosswalks: Vec<CrosswalkView<'a>>,
    /// Requests that name it.
    pub requests: Vec<&'a RequestTemplate>,
}

/// A starter control seen from one requirement.
#[derive(Clone, Debug, Serialize)]
pub struct ControlLink<'a> {
    /// Identifier.
    pub id: &'a str,
    /// Title.
    pub title: &'a str,
    /// The control.
    pub statement: &'a str,
    /// Whether it is proposed as key for this requirement.
    pub is_key: bool,
}

/// Mappings of one requirement in one crosswalk.
#[derive(Clone, Debug, Serialize)]
pub struct CrosswalkView<'a> {
    /// Crosswalk.
    pub id: &'a str,
    /// Title.
    pub title: &'a str,
    /// Mappings that start from the requirement.
    pub mappings: Vec<&'a Mapping>,
    /// Numbers and frequencies that the mapped targets set.
    pub parameters: Vec<&'a TargetParameter>,
}

/// Why a requirement cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// No framework has it.
    #[error("no framework of the catalog has a requirement {0:?}")]
    NotFound(String),
    /// Several frameworks have it.
    #[error("{id:?} is in several frameworks, say which: {}", frameworks.iter().map(|f| format!("{f}/{id}")).collect::<Vec<_>>().join(", "))]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// Frameworks that have it.
        frameworks: Vec<String>,
    },
}

impl Catalog {
    /// Returns one requirement with everything related to it. `id` is the requirement's own (`CC6.1`), or with its
    /// framework in front (`tsc-2017/CC6.1`); case does not matter.
    ///
    /// # Errors
    /// If no framework or more than one has it.
    pub fn requirement(&self, id: &str) -> Result<RequirementView<'_>, RequirementError> {
        let (framework, wanted) =
            id.split_once('/').map_or((None, id), |(framework, id)| (Some(framework), id));
        let found: Vec<_> = self
            .frameworks
            .iter()
            .filter(|candidate| framework.is_none_or(|name| name.eq_ignore_ascii_case(&candidate.id)))
            .filter_map(|candidate| {
                let requirement = candidate.requirements().find(|r| r.id.eq_ignore_ascii_case(wanted))?;
                Some((candidate, requirement))
            })
            .collect();
        match found.as_slice() {
            [] => Err(RequirementError::NotFound(id.to_owned())),
            [(framework, requirement)] => Ok(self.view(framework, requirement)),
            several => Err(RequirementError::Ambiguous {
                id: wanted.to_owned(),
                frameworks: several.iter().map(|(framework, _)| framework.id.clone()).collect(),
            }),
        }
    }

    fn view<'a>(&'a self, framework: &'a Framework, requirement: &'a Requirement) -> RequirementView<'a> {
        let link = |control: &'a StarterControl| ControlLink {
            id: &control.id,
            title: &control.title,
            statement: &control.statement,
            is_key: control.key_for.contains(&requirement.id),
        };
        let answers = |control: &&StarterControl| {
            control.framework == framework.id && control.criteria.contains(&requirement.id)
        };
        let mut controls: Vec<_> = self.controls.iter().filter(answers).map(link).collect();
        controls.sort_by_key(|control| !control.is_key);
        let names = |request: &&RequestTemplate| {
            request.framework == framework.id && request.criteria.contains(&requirement.id)
        };
        let series = framework.series.iter().find(|series| series.id == requirement.series);
        let category = framework.categories.iter().find(|c| c.series.contains(&requirement.series));
        RequirementView {
            framework: &framework.id,
            framework_title: &framework.title,
            series_title: series.map(|series| series.title.as_str()).unwrap_or_default(),
            category: category.map(|category| category.id.as_str()),
            requirement,
            controls,
            crosswalks: self
                .crosswalks
                .iter()
                .filter(|crosswalk| crosswalk.source_framework == framework.id)
                .filter_map(|crosswalk| crosswalk_view(crosswalk, &requirement.id))
                .collect(),
            requests: self.requests.iter().filter(names).collect(),
        }
    }
}

fn crosswalk_view<'a>(crosswalk: &'a Crosswalk, source: &str) -> Option<CrosswalkView<'a>> {
    let mappings: Vec<_> = crosswalk.mappings.iter().filter(|mapping| mapping.source == source).collect();
    let sets = |parameter: &&TargetParameter| {
        mappings.iter().any(|m| m.target_framework == parameter.target && parameter.ids.contains(&m.target))
    };
    let parameters = crosswalk.parameters.iter().filter(sets).collect();
    (!mappings.is_empty()).then_some(CrosswalkView {
        id: &crosswalk.id,
        title: &crosswalk.title,
        parameters,
        mappings,
    })
}
