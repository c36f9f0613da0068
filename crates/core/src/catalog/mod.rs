//! Frameworks, mappings and templates as data.
//!
//! A catalog is read from texts ([`CatalogFiles`]): those inside the program, with the user's laid over them. It is
//! valid as a whole or refused with everything that is wrong. No identifier of any framework stands in the code:
//! an edition, a framework or a mapping is added by adding files. The format is described in `docs/catalog.md`.
//!
//! What an organization adopts from here is a copy that it owns; see [`crate::control`].

pub mod attribute;
mod crosswalk;
mod description;
mod files;
mod framework;
mod objective;
mod problem;
mod read;
mod request;
mod sampling;
mod segregation;
mod starter;
mod stats;
mod validate;
mod view;

#[cfg(test)]
mod tests;

pub use attribute::{ControlKind, Frequency, Nature};
pub use crosswalk::{
    Crosswalk, IdentifierRange, Mapping, MappingStatus, Rationale, Relation, TargetFramework,
    TargetParameter, Uncovered,
};
pub use description::{ClockUnit, DescriptionCriteria, DescriptionCriterion, LegalClock};
pub use files::CatalogFiles;
pub use framework::{
    Category, CategoryChoice, CategoryError, Count, Framework, InPlayTotal, Named, PointOfFocus, PointScope,
    Requirement, RequirementKind, Series, Totals,
};
pub use objective::{
    ControlObjective, ObjectiveSet, Soc1Control, SubserviceExample, SubserviceMethod, UserEntityControl,
};
pub use problem::{CatalogError, Problem};
pub use request::{RequestKind, RequestTemplate, RequestTiming};
pub use sampling::{
    EventBand, FiniteSize, FrequencySize, SamplingPreset, SamplingVectors, SelectionVector, SizeCell,
    SizeRow, SizeTable, SystematicVector, UpperLimits,
};
pub use segregation::{Duty, DutyConflict, is_id as is_duty_id, problems_of as duty_problems};
pub use starter::StarterControl;
pub use stats::{CatalogStats, CatalogTotals, ControlStats, CrosswalkStats, FrameworkStats, SeriesStats};
pub use view::{ControlLink, CrosswalkView, RequirementError, RequirementView};

use crate::Digest;

/// Everything the product knows about its subject as data. Valid by construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Digest of the files it was read from; reports cite it.
    pub digest: Digest,
    /// Frameworks, in order of their files.
    pub frameworks: Vec<Framework>,
    /// Mappings between frameworks.
    pub crosswalks: Vec<Crosswalk>,
    /// Starter controls, area by area.
    pub controls: Vec<StarterControl>,
    /// SOC 1 example sets.
    pub objective_sets: Vec<ObjectiveSet>,
    /// Requests.
    pub requests: Vec<RequestTemplate>,
    /// Criteria for descriptions.
    pub description_criteria: Vec<DescriptionCriteria>,
    /// Sample sizes by frequency.
    pub sampling_presets: Vec<SamplingPreset>,
    /// Legal and contractual clocks.
    pub clocks: Vec<LegalClock>,
    /// Duties that entitlements can grant.
    pub duties: Vec<Duty>,
    /// Duties that one person should not hold together.
    pub duty_conflicts: Vec<DutyConflict>,
}

impl Catalog {
    /// Returns the catalog inside the program.
    #[must_use]
    pub fn builtin() -> Self {
        Self::read(&CatalogFiles::builtin()).expect("a test loads the repository's catalog")
    }

    /// Reads `files` with `overlay` laid over them: a file of the same path replaces ours, an empty one removes it,
    /// any other is added.
    ///
    /// # Errors
    /// With everything that is wrong in any file, each naming file and item.
    pub fn load(files: &CatalogFiles, overlay: &CatalogFiles) -> Result<Self, CatalogError> {
        Self::read(&files.with(overlay))
    }

    /// Reads and validates `files`.
    ///
    /// # Errors
    /// As [`Catalog::load`].
    pub fn read(files: &CatalogFiles) -> Result<Self, CatalogError> {
        let mut problems = problem::Problems::default();
        let (catalog, sources) = read::read(files, &mut problems);
        validate::validate(&catalog, &sources, &mut problems);
        problems.into_result()?;
        Ok(catalog)
    }

    /// Finds a framework.
    #[must_use]
    pub fn framework(&self, id: &str) -> Option<&Framework> {
        self.frameworks.iter().find(|framework| framework.id == id)
    }

    /// Finds a starter control.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&StarterControl> {
        self.controls.iter().find(|control| control.id == id)
    }

    /// Iterates over the mappings of all crosswalks that start from a requirement.
    pub fn mappings<'a>(
        &'a self,
        framework: &'a str,
        requirement: &'a str,
    ) -> impl Iterator<Item = &'a Mapping> {
        self.crosswalks
            .iter()
            .filter(move |crosswalk| crosswalk.source_framework == framework)
            .flat_map(|crosswalk| &crosswalk.mappings)
            .filter(move |mapping| mapping.source == requirement)
    }

    fn empty(digest: Digest) -> Self {
        Self {
            digest,
            frameworks: Vec::new(),
            crosswalks: Vec::new(),
            controls: Vec::new(),
            objective_sets: Vec::new(),
            requests: Vec::new(),
            description_criteria: Vec::new(),
            sampling_presets: Vec::new(),
            clocks: Vec::new(),
            duties: Vec::new(),
            duty_conflicts: Vec::new(),
        }
    }
}
