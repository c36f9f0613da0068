//! Where the size of a sample comes from, as it is asked for and as it is recorded.

use serde::{Deserialize, Serialize};

use super::{OwnSize, Parameters, Plan, PresetSize, RiskLevel, SamplingError, preset_size};
use crate::Digest;
use crate::catalog::{Frequency, SamplingPreset};

/// How the size of a sample is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Sizing<'a> {
    /// A number.
    Given(u64),
    /// Computed for the population.
    Attributes(Parameters),
    /// By judgment: the items of the population are the occurrences.
    Preset {
        /// The preset.
        preset: &'a SamplingPreset,
        /// Digest of the catalog it is in.
        catalog: Digest,
        /// How often the control is performed.
        frequency: Frequency,
        /// How much rests on it.
        level: RiskLevel,
        /// Sizes that the control has instead.
        own: Option<&'a OwnSize>,
    },
}

/// Why a sample has its size, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum SizeRule {
    /// Somebody said so.
    Given,
    /// Somebody said so for each stratum.
    GivenByStratum,
    /// Computed.
    Attributes {
        /// What the sample is to show.
        parameters: Parameters,
        /// What follows for the population.
        plan: Plan,
    },
    /// By judgment. No confidence level belongs beside it.
    Preset {
        /// Title of the preset.
        preset: String,
        /// Digest of the catalog it is in.
        catalog: Digest,
        /// How often the control is performed.
        frequency: Frequency,
        /// How much rests on it.
        level: RiskLevel,
        /// What follows for the population.
        size: PresetSize,
        /// Sizes that the control has instead of the preset's, with why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        own: Option<OwnSize>,
    },
}

impl Sizing<'_> {
    /// Returns the size for a population of `items`, with the rule to be recorded.
    ///
    /// # Errors
    /// As [`Parameters::finite_population`] and [`preset_size`].
    pub fn resolve(&self, items: u64) -> Result<(u64, SizeRule), SamplingError> {
        match *self {
            Self::Given(size) => Ok((size, SizeRule::Given)),
            Self::Attributes(parameters) => {
                let plan = parameters.finite_population(items)?;
                Ok((plan.size, SizeRule::Attributes { parameters, plan }))
            }
            Self::Preset { preset, catalog, frequency, level, own } => {
                let mut size = preset_size(preset, frequency, level, Some(items))?;
                if let Some(own) = own {
                    size = own.instead_of(size, level, items);
                }
                let units = size.size.min(items);
                let (preset, own) = (preset.title.clone(), own.cloned());
                Ok((units, SizeRule::Preset { preset, catalog, frequency, level, size, own }))
            }
        }
    }
}
