//! Which units: selection by seed, or by judgement with a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Frame, SamplingError, Seed};
use crate::Digest;
use crate::program::population::{MAX_TEXT_CHARS, PopulationError, normal_key};

/// What the start of a systematic selection is the HMAC of.
const SYSTEMATIC_START: &str = "systematic-start";

/// How units are selected. First and last ones of a list are no method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By rank of the keyed hash.
    #[default]
    Random,
    /// At equal distances from a start that the seed gives.
    Systematic,
    /// By rank of the keyed hash within each part of the population.
    Stratified,
    /// Chosen without a pattern. Judgement.
    Haphazard,
    /// Neighbors in the list. Judgement, and weak.
    Block,
    /// Chosen for their value or risk. Judgement; results are not projected.
    Targeted,
}

/// Why a word is not a method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a method of selection; there are random, systematic, stratified, haphazard, block and targeted"
)]
pub struct UnknownMethod(pub String);

/// One selected unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// Its key.
    pub key: String,
    /// Its place in the list, counted from 1.
    pub place: u64,
    /// Its stratum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum: Option<String>,
    /// HMAC-SHA-256 of its key under the seed, which is its rank. None where a person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Digest>,
}

/// What was selected from one stratum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StratumSize {
    /// The stratum.
    pub stratum: String,
    /// Items it has.
    pub items: u64,
    /// Units selected.
    pub size: u64,
}

/// A selection with all that is needed to make it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// How.
    pub method: Method,
    /// Digest of the population.
    pub population: Digest,
    /// Items of the population.
    pub items: u64,
    /// The seed. None where a person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
    /// Where a systematic selection starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// What was selected from each stratum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<StratumSize>,
    /// Why a person chose these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was selected, in order of selection.
    pub picks: Vec<Pick>,
    /// What takes the place of a pick that never happened, and extends the sample; in order. None where a person chose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserve: Vec<Pick>,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Random, Self::Systematic, Self::Stratified, Self::Haphazard, Self::Block, Self::Targeted];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Systematic => "systematic",
            Self::Stratified => "stratified",
            Self::Haphazard => "haphazard",
            Self::Block => "block",
            Self::Targeted => "targeted",
        }
    }

    /// Tells whether a person chooses, so that no statistics follow from the result.
    #[must_use]
    pub fn is_judgment(self) -> bool {
        matches!(self, Self::Haphazard | Self::Block | Self::Targeted)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        let word = text.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|method| method.word() == word)
            .ok_or_else(|| UnknownMethod(text.to_owned()))
    }
}

impl Frame {
    /// Selects by rank: the units with the smallest HMAC-SHA-256 of their keys under the seed. The reserve follows in
    /// the same order, so the sample is extended without a change of earlier picks.
    ///
    /// # Errors
    /// For no unit, or more than there are.
    ///
    /// Source: `docs/domain/audit-methods.md` section 6. Seed `tickmark-demo-seed-2025-Q1` puts CHG-0008 first of
    /// CHG-0001 to CHG-0020.
    pub fn random(&self, seed: &Seed, size: u64) -> Result<Draw, SamplingError> {
        self.check_size(size)?;
        let mut picks = self.ranked(seed);
        let reserve = picks.split_off(index(size));
        Ok(self.draw(Method::Random, Some(seed), picks, reserve))
    }

    /// Selects at equal distances: units sorted by key, start r = HMAC(seed, "systematic-start") mod N, zero-based
    /// positions floor((r + i N) / n). The reserve is everything else by rank.
    ///
    /// # Errors
    /// For no unit, or more than there are.
    pub fn systematic(&self, seed: &Seed, size: u64) -> Result<Draw, SamplingError> {
        self.check_size(size)?;
        let population = self.size();
        let start = seed
            .mac(SYSTEMATIC_START)
            .0
            .iter()
            .fold(0_u128, |rest, byte| (rest * 256 + u128::from(*byte)) % u128::from(population));
        let mut reserve = self.ranked(seed);
        let mut by_key = reserve.clone();
        by_key.sort_by(|a, b| a.key.cmp(&b.key));
        let picks: Vec<Pick> = (0..u128::from(size))
            .map(|i| (start + i * u128::from(population)) / u128::from(size))
            .map(|position| by_key[usize::try_from(position).expect("below the population")].clone())
            .collect();
        let selected: BTreeSet<&str> = picks.iter().map(|pick| pick.key.as_str()).collect();
        reserve.retain(|pick| !selected.contains(pick.key.as_str()));
        let mut draw = self.draw(Method::Systematic, Some(seed), picks, reserve);
        draw.start = Some(u64::try_from(start).expect("below the population"));
        Ok(draw)
    }

    /// Selects by rank within each stratum; `sizes` says how many of each, and every stratum is named. The reserve is
    /// everything else by rank: a unit is replaced by the next of its own stratum.
    ///
    /// # Errors
    /// If a unit has no stratum, a size is for none there is, or is nothing or more than there are.
    pub fn stratified(&self, seed: &Seed, sizes: &BTreeMap<&str, u64>) -> Result<Draw, SamplingError> {
        if let Some(unit) = self.units().iter().find(|unit| unit.stratum.is_none()) {
            return Err(SamplingError::NoStratum(unit.key.clone()));
        }
        let strata = self.strata();
        if let Some(unknown) = sizes.keys().find(|name| !strata.contains_key(*name)) {
            return Err(SamplingError::UnknownStratum((*unknown).to_owned()));
        }
        let mut wanted = Vec::with_capacity(strata.len());
        for (&stratum, &items) in &strata {
            let size = sizes.get(stratum).copied().unwrap_or(0);
            if size == 0 {
                return Err(SamplingError::FewerThanStrata {
                    size: sizes.len() as u64,
                    strata: strata.len() as u64,
                });
            }
            if size > items {
                return Err(SamplingError::LargerThanStratum { stratum: stratum.to_owned(), size, items });
            }
            wanted.push(StratumSize { stratum: stratum.to_owned(), items, size });
        }
        let mut left: BTreeMap<&str, u64> =
            wanted.iter().map(|stratum| (stratum.stratum.as_str(), stratum.size)).collect();
        let (mut picks, reserve): (Vec<Pick>, Vec<Pick>) = self.ranked(seed).into_iter().partition(|pick| {
            let stratum = pick.stratum.as_deref().expect("checked above");
            let left = left.get_mut(stratum).expect("one of the strata");
            *left > 0 && {
                *left -= 1;
                true
            }
        });
        // Stable: within a stratum by rank.
        picks.sort_by(|a, b| a.stratum.cmp(&b.stratum));
        let mut draw = self.draw(Method::Stratified, Some(seed), picks, reserve);
        draw.strata = wanted;
        Ok(draw)
    }

    /// Takes the units that a person chose, in their order, with the reason.
    ///
    /// # Errors
    /// For a method that selects by seed, without a reason, for keys that are not there or come twice, for the first or
    /// last items of the list, and for a block with holes.
    pub fn chosen(&self, method: Method, keys: &[String], reason: &str) -> Result<Draw, SamplingError> {
        if !method.is_judgment() {
            return Err(SamplingError::WrongMethod { method, how: "by naming items" });
        }
        if reason.trim().is_empty() || reason.chars().count() > MAX_TEXT_CHARS {
            return Err(SamplingError::NeedsReason { method });
        }
        self.check_size(keys.len() as u64)?;
        let places: BTreeMap<&str, usize> =
            self.units().iter().enumerate().map(|(place, unit)| (unit.key.as_str(), place)).collect();
        let mut chosen = Vec::with_capacity(keys.len());
        for key in keys {
            let key = normal_key(key)?;
            let place = *places.get(key.as_str()).ok_or(SamplingError::UnknownKey(key.clone()))?;
            if chosen.contains(&place) {
                return Err(PopulationError::Twice(key).into());
            }
            chosen.push(place);
        }
        self.check_pattern(method, &chosen)?;
        let picks = chosen.into_iter().map(|place| self.pick(place, None)).collect();
        let mut draw = self.draw(method, None, picks, Vec::new());
        draw.reason = Some(reason.trim().to_owned());
        Ok(draw)
    }

    fn check_pattern(&self, method: Method, chosen: &[usize]) -> Result<(), SamplingError> {
        let mut sorted = chosen.to_vec();
        sorted.sort_unstable();
        let (first, last, count) = (sorted[0], sorted[sorted.len() - 1], sorted.len());
        if method == Method::Block
            && let Some(pair) = sorted.windows(2).find(|pair| pair[1] != pair[0] + 1)
        {
            return Err(SamplingError::NotContiguous(self.units()[pair[1]].key.clone()));
        }
        let is_run = last + 1 - first == count;
        // Risky items may well lie at an end of the list; a single one is no pattern; all of them are all of them.
        if method == Method::Targeted || !is_run || count < 2 || count == self.units().len() {
            return Ok(());
        }
        let size = count as u64;
        if first == 0 {
            return Err(SamplingError::FirstOrLast { which: "first", size, method });
        }
        if last + 1 == self.units().len() {
            return Err(SamplingError::FirstOrLast { which: "last", size, method });
        }
        Ok(())
    }

    fn check_size(&self, size: u64) -> Result<(), SamplingError> {
        if size == 0 {
            return Err(SamplingError::EmptySample);
        }
        if size > self.size() {
            return Err(SamplingError::LargerThanPopulation { size, population: self.size() });
        }
        Ok(())
    }

    /// Returns all units by rank: ascending bytes of the HMAC, ties by key.
    fn ranked(&self, seed: &Seed) -> Vec<Pick> {
        let mut ranked: Vec<Pick> =
            (0..self.units().len()).map(|place| self.pick(place, Some(seed))).collect();
        ranked.sort_by(|a, b| a.mac.cmp(&b.mac).then_with(|| a.key.cmp(&b.key)));
        ranked
    }

    fn pick(&self, place: usize, seed: Option<&Seed>) -> Pick {
        let unit = &self.units()[place];
        Pick {
            key: unit.key.clone(),
            place: place as u64 + 1,
            stratum: unit.stratum.clone(),
            mac: seed.map(|seed| seed.mac(&unit.key)),
        }
    }

    fn draw(&self, method: Method, seed: Option<&Seed>, picks: Vec<Pick>, reserve: Vec<Pick>) -> Draw {
        Draw {
            method,
            population: self.digest(),
            items: self.size(),
            seed: seed.cloned(),
            start: None,
            strata: Vec::new(),
            reason: None,
            picks,
            reserve,
        }
    }
}

fn index(size: u64) -> usize {
    usize::try_from(size).expect("at most the number of items")
}
