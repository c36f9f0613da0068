//! What a tested sample says: the upper deviation limit, and whether it supports reliance.

use std::fmt;

use serde::{Serialize, Serializer};

use super::rate::{Rate, WHOLE_BP};
use super::size::{check_inside, check_population};
use super::{MAX_SAMPLE, SamplingError, binomial, hypergeometric};

/// Basis points of the step in which limits are published.
const STEP_BP: u64 = 10;

/// What testing a sample found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tested {
    size: u64,
    deviations: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<u64>,
}

/// An upper limit of the rate of deviations in tenths of a percent, rounded up as published tables are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpperLimit {
    bp: u64,
}

/// A tested sample against what is tolerable. Statistics: for a random, systematic or stratified selection only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// What was found.
    #[serde(flatten)]
    pub tested: Tested,
    /// Risk of over-reliance.
    #[serde(rename = "risk_bp")]
    pub risk: Rate,
    /// What is tolerable.
    #[serde(rename = "tolerable_bp")]
    pub tolerable: Rate,
    /// Upper deviation limit.
    pub upper_limit: UpperLimit,
    /// Whether the sample supports reliance: the limit is at most the tolerable rate. Decided without rounding.
    pub supports_reliance: bool,
}

impl Tested {
    /// Checks what was found.
    ///
    /// # Errors
    /// For a sample of nothing, more deviations than units, a sample larger than its population or than
    /// [`MAX_SAMPLE`], unless it is the whole population.
    pub fn new(size: u64, deviations: u64, population: Option<u64>) -> Result<Self, SamplingError> {
        if size == 0 {
            return Err(SamplingError::EmptySample);
        }
        if deviations > size {
            return Err(SamplingError::MoreDeviationsThanUnits { deviations, size });
        }
        if let Some(population) = population {
            check_population(population)?;
            if size > population {
                return Err(SamplingError::LargerThanPopulation { size, population });
            }
        }
        if size > MAX_SAMPLE && population != Some(size) {
            return Err(SamplingError::SampleTooLarge(size));
        }
        Ok(Self { size, deviations, population })
    }

    /// Returns the units tested.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the units that deviate.
    #[must_use]
    pub fn deviations(&self) -> u64 {
        self.deviations
    }

    /// Returns the size of the population, if it is used.
    #[must_use]
    pub fn population(&self) -> Option<u64> {
        self.population
    }

    /// Returns the rate of deviations in the sample in basis points, to the nearest. To be shown, not to decide.
    #[must_use]
    pub fn sample_rate_bp(&self) -> u64 {
        (self.deviations * u64::from(WHOLE_BP) * 2 + self.size) / (self.size * 2)
    }

    /// Returns how many deviations the population would have at the rate of the sample, to the nearest. Information
    /// only: the upper limit decides.
    #[must_use]
    pub fn projected_deviations(&self) -> Option<u64> {
        self.population.map(|population| (population * self.deviations * 2 + self.size) / (self.size * 2))
    }

    /// Returns the upper deviation limit: the largest rate that would show this few deviations with a probability above
    /// `risk`, one-sided, rounded up to a tenth of a percent.
    ///
    /// # Errors
    /// If the risk is 0 % or 100 %.
    ///
    /// Source: Clopper and Pearson, Biometrika 26(4), 1934; AICPA, Audit Sampling guide, appendix A. 25 units without a
    /// deviation at 10 % risk give 8.8 %; 93 with three at 5 % give 8.2 %.
    pub fn upper_limit(&self, risk: Rate) -> Result<UpperLimit, SamplingError> {
        check_inside("risk of over-reliance", risk)?;
        Ok(match self.population {
            Some(population) => UpperLimit::of(self.most_deviations(population, risk), population),
            None => UpperLimit { bp: self.binomial_limit(risk) },
        })
    }

    /// Evaluates what was found.
    ///
    /// # Errors
    /// If the risk or the tolerable rate is 0 % or 100 %.
    ///
    /// Source: `docs/domain/audit-methods.md` section 5.3.
    pub fn evaluate(&self, risk: Rate, tolerable: Rate) -> Result<Evaluation, SamplingError> {
        check_inside("tolerable rate", tolerable)?;
        let upper_limit = self.upper_limit(risk)?;
        let supports_reliance = match self.population {
            Some(population) => self.most_deviations(population, risk) <= tolerable.floor_of(population),
            None => self.is_unlikely_at(tolerable, risk),
        };
        Ok(Evaluation { tested: *self, risk, tolerable, upper_limit, supports_reliance })
    }

    fn is_unlikely_at(&self, rate: Rate, risk: Rate) -> bool {
        let count = |number: u64| u32::try_from(number).expect("at most MAX_SAMPLE");
        binomial::is_at_most(count(self.size), count(self.deviations), rate, risk)
    }

    /// Returns the smallest step at which so few deviations are as unlikely as `risk`: the exact limit, rounded up.
    fn binomial_limit(&self, risk: Rate) -> u64 {
        let steps = u64::from(WHOLE_BP) / STEP_BP;
        let (mut below, mut at) = (0, steps);
        // At 100 % only a sample of nothing but deviations is likely, and its limit is 100 %.
        while at - below > 1 {
            let middle = u64::midpoint(below, at);
            let bp = u32::try_from(middle * STEP_BP).expect("below the whole");
            if self.is_unlikely_at(Rate::of_bp(bp).expect("below the whole"), risk) {
                at = middle;
            } else {
                below = middle;
            }
        }
        at * STEP_BP
    }

    /// Returns the largest number of deviations in the population that would show this few with a probability above
    /// `risk`.
    fn most_deviations(&self, population: u64, risk: Rate) -> u64 {
        let mut likely = self.deviations;
        let mut unlikely = population - (self.size - self.deviations) + 1;
        if unlikely - likely == 1 {
            return likely;
        }
        let sampled = hypergeometric::Sampled::new(population, self.size);
        while unlikely - likely > 1 {
            let middle = u64::midpoint(likely, unlikely);
            if sampled.is_at_most(middle, self.deviations, risk) {
                unlikely = middle;
            } else {
                likely = middle;
            }
        }
        likely
    }
}

impl Evaluation {
    /// Returns the allowance for sampling risk, limit less rate of the sample, in basis points rounded up to a tenth of
    /// a percent.
    #[must_use]
    pub fn allowance_bp(&self) -> u64 {
        let (size, deviations) = (self.tested.size, self.tested.deviations);
        let left = (self.upper_limit.bp * size).saturating_sub(deviations * u64::from(WHOLE_BP));
        left.div_ceil(size * STEP_BP) * STEP_BP
    }
}

impl UpperLimit {
    /// Rounds a share up.
    fn of(part: u64, whole: u64) -> Self {
        Self { bp: (part * u64::from(WHOLE_BP)).div_ceil(whole * STEP_BP) * STEP_BP }
    }

    /// Returns the basis points, a multiple of ten.
    #[must_use]
    pub fn bp(self) -> u64 {
        self.bp
    }
}

impl fmt::Display for UpperLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}%", self.bp / 100, self.bp % 100 / 10)
    }
}

impl Serialize for UpperLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
