//! How many units a sample needs.

use serde::{Deserialize, Serialize};

use super::SamplingError;
use super::rate::{Rate, WHOLE_BP};
use super::{MAX_SAMPLE, binomial, hypergeometric};
use crate::program::population::MAX_ITEMS;

/// What a sample is to show: that the rate of deviations is below what is tolerable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Parameters {
    #[serde(rename = "risk_bp")]
    risk: Rate,
    #[serde(rename = "tolerable_bp")]
    tolerable: Rate,
    #[serde(rename = "expected_bp")]
    expected: Rate,
}

/// Parameters as they are read back, before they are checked.
#[derive(Deserialize)]
struct Unchecked {
    risk_bp: Rate,
    tolerable_bp: Rate,
    expected_bp: Rate,
}

impl TryFrom<Unchecked> for Parameters {
    type Error = SamplingError;

    fn try_from(read: Unchecked) -> Result<Self, SamplingError> {
        Self::new(read.risk_bp, read.tolerable_bp, read.expected_bp)
    }
}

/// How the size was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Model {
    /// Binomial: the population is too large for a sample to use it up.
    LargePopulation,
    /// Hypergeometric: the size of the population is known.
    FinitePopulation {
        /// Its size.
        population: u64,
        /// Deviations in it that reach the tolerable rate.
        reaching_tolerable: u64,
    },
}

/// A sample size with the deviations it accepts, planned before anything is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How it was computed.
    #[serde(flatten)]
    pub model: Model,
    /// Units to test.
    pub size: u64,
    /// Deviations with which the sample still supports reliance. None when no sample can: every item is tested.
    pub acceptable: Option<u64>,
}

impl Parameters {
    /// Checks what a sample is to show.
    ///
    /// # Errors
    /// If the risk or the tolerable rate is 0 % or 100 %, or the expected rate is not below the tolerable one.
    pub fn new(risk: Rate, tolerable: Rate, expected: Rate) -> Result<Self, SamplingError> {
        check_inside("risk of over-reliance", risk)?;
        check_inside("tolerable rate", tolerable)?;
        if expected >= tolerable {
            return Err(SamplingError::ExpectedNotBelowTolerable { expected, tolerable });
        }
        Ok(Self { risk, tolerable, expected })
    }

    /// Returns the risk of relying on a control that deviates more than is tolerable.
    #[must_use]
    pub fn risk(&self) -> Rate {
        self.risk
    }

    /// Returns the rate of deviations that is tolerable.
    #[must_use]
    pub fn tolerable(&self) -> Rate {
        self.tolerable
    }

    /// Returns the rate of deviations that is expected.
    #[must_use]
    pub fn expected(&self) -> Rate {
        self.expected
    }

    /// Returns the sample size for a large population: for k = 0, 1, 2, ... the smallest n > k with
    /// P(X <= k | n, T) <= r; the first whose n E <= k is the answer.
    ///
    /// n E <= k bounds n for each k, so sizes and accepted deviations are walked once, upwards.
    ///
    /// # Errors
    /// If it needs more than [`MAX_SAMPLE`] units.
    ///
    /// Source: AICPA, Audit Sampling guide, appendix A. 5 % risk, 5 % tolerable, 1 % expected give 93(1).
    pub fn large_population(&self) -> Result<Plan, SamplingError> {
        let mut walk = binomial::Walk::new(self.tolerable);
        for acceptable in 0.. {
            let most = self.most_for(acceptable);
            while u64::from(walk.size()) <= most {
                if walk.is_at_most(self.risk) {
                    let size = u64::from(walk.size());
                    return Ok(Plan { model: Model::LargePopulation, size, acceptable: Some(acceptable) });
                }
                if u64::from(walk.size()) >= MAX_SAMPLE {
                    return Err(self.too_large());
                }
                walk.draw();
            }
            walk.accept();
        }
        unreachable!("sizes end at MAX_SAMPLE, and an expected rate below the whole lets them grow")
    }

    /// Returns the sample size for a population of known size. If no sample works, everything is tested.
    ///
    /// Not monotone in the population: the deviations that reach the tolerable rate move in whole steps.
    ///
    /// # Errors
    /// If there are no items or more than [`MAX_ITEMS`], or it needs more than [`MAX_SAMPLE`] units.
    ///
    /// Source: `docs/domain/audit-methods.md` section 5.2. 100 items, 5 % risk, 6 % tolerable give 39(0).
    pub fn finite_population(&self, population: u64) -> Result<Plan, SamplingError> {
        check_population(population)?;
        let reaching_tolerable = self.tolerable.ceil_of(population);
        let model = Model::FinitePopulation { population, reaching_tolerable };
        let mut walk = hypergeometric::Walk::new(population, reaching_tolerable);
        for acceptable in 0..reaching_tolerable {
            let most = self.most_for(acceptable).min(population);
            while walk.size() <= most {
                if walk.is_at_most(self.risk) {
                    return Ok(Plan { model, size: walk.size(), acceptable: Some(acceptable) });
                }
                if walk.size() >= MAX_SAMPLE {
                    return Err(self.too_large());
                }
                walk.draw();
            }
            if acceptable + 1 < reaching_tolerable {
                walk.accept();
            }
        }
        Ok(Plan { model, size: population, acceptable: None })
    }

    /// Returns the largest n with n E <= k.
    fn most_for(&self, acceptable: u64) -> u64 {
        match self.expected.bp() {
            0 => u64::MAX,
            expected => acceptable * u64::from(WHOLE_BP) / u64::from(expected),
        }
    }

    fn too_large(&self) -> SamplingError {
        SamplingError::SizeTooLarge { tolerable: self.tolerable, expected: self.expected }
    }
}

/// Checks a rate that must be neither nothing nor everything.
pub(super) fn check_inside(what: &'static str, rate: Rate) -> Result<(), SamplingError> {
    if rate.bp() == 0 || rate.bp() >= WHOLE_BP {
        return Err(SamplingError::NotInside { what, rate });
    }
    Ok(())
}

/// Checks the size of a population.
pub(super) fn check_population(population: u64) -> Result<(), SamplingError> {
    if population == 0 {
        return Err(SamplingError::EmptyPopulation);
    }
    if population > MAX_ITEMS as u64 {
        return Err(SamplingError::PopulationTooLarge(population));
    }
    Ok(())
}
