//! What is selected from: the units of a population, each with a key, and in which order the list has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MAX_STRATA, SamplingError};
use crate::Digest;
use crate::program::population::{MAX_ITEMS, MAX_KEY_BYTES, PopulationError, digest_of_keys, normal_key};

/// One sampling unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Stable key, unique in its frame.
    pub key: String,
    /// The part of the population it belongs to, for a stratified selection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum: Option<String>,
}

/// The units of a population in the order of the list, with keys brought to one form and none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    units: Vec<Unit>,
    digest: Digest,
}

impl Frame {
    /// Brings keys to the form in which they are hashed, and checks that none comes twice.
    ///
    /// # Errors
    /// If there are no units or too many, or a key or stratum is not usable.
    pub fn new(mut units: Vec<Unit>) -> Result<Self, SamplingError> {
        if units.is_empty() {
            return Err(SamplingError::EmptyPopulation);
        }
        if units.len() > MAX_ITEMS {
            return Err(SamplingError::PopulationTooLarge(units.len() as u64));
        }
        for unit in &mut units {
            unit.key = normal_key(&unit.key)?;
            if let Some(stratum) = &mut unit.stratum {
                *stratum = normal_stratum(stratum)?;
            }
        }
        let mut keys: Vec<&str> = units.iter().map(|unit| unit.key.as_str()).collect();
        keys.sort_unstable();
        if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(PopulationError::Twice(pair[0].to_owned()).into());
        }
        let (digest, _) = digest_of_keys(keys);
        let frame = Self { units, digest };
        if frame.strata().len() > MAX_STRATA {
            return Err(SamplingError::TooManyStrata);
        }
        Ok(frame)
    }

    /// Returns the units in the order of the list.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Returns how many there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.units.len() as u64
    }

    /// Returns the digest of the population, whatever the order of the list; see [`digest_of_keys`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns how many units each stratum has. Units without one are not counted.
    #[must_use]
    pub fn strata(&self) -> BTreeMap<&str, u64> {
        let mut strata = BTreeMap::new();
        for stratum in self.units.iter().filter_map(|unit| unit.stratum.as_deref()) {
            *strata.entry(stratum).or_default() += 1;
        }
        strata
    }
}

/// Brings the name of a stratum to the form of keys.
fn normal_stratum(text: &str) -> Result<String, SamplingError> {
    normal_key(text)
        .map_err(|_| SamplingError::StratumName(text.chars().take(MAX_KEY_BYTES).collect::<String>()))
}
