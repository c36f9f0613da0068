//! Sizes that a control has instead of the preset's: judgment of its own, with a reason.

use serde::{Deserialize, Serialize};

use super::{MAX_SAMPLE, PresetSize, RiskLevel, SamplingError, needed_of_last_part};

/// Sizes of one control by how much rests on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u64, u64, u64)", into = "(u64, u64, u64)")]
pub struct OwnSizes {
    low: u64,
    usual: u64,
    high: u64,
}

/// Sizes of a control as they were set: a version of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnSize {
    /// Number in the control's history, from 1.
    pub version: u32,
    /// The sizes.
    pub sizes: OwnSizes,
    /// Why they differ from the preset.
    pub reason: String,
}

impl OwnSizes {
    /// Checks sizes for low, usual and high risk.
    ///
    /// # Errors
    /// For a size of nothing or above [`MAX_SAMPLE`], and if a higher risk has fewer units.
    pub fn new(low: u64, usual: u64, high: u64) -> Result<Self, SamplingError> {
        match (low, high) {
            (0, _) => Err(SamplingError::EmptySample),
            (_, high) if high > MAX_SAMPLE => Err(SamplingError::SampleTooLarge(high)),
            _ if low > usual || usual > high => Err(SamplingError::LessForMoreRisk),
            _ => Ok(Self { low, usual, high }),
        }
    }

    /// Returns the size for a level of risk.
    #[must_use]
    pub fn of(&self, level: RiskLevel) -> u64 {
        match level {
            RiskLevel::Low => self.low,
            RiskLevel::Default => self.usual,
            RiskLevel::High => self.high,
        }
    }
}

impl TryFrom<(u64, u64, u64)> for OwnSizes {
    type Error = SamplingError;

    fn try_from((low, usual, high): (u64, u64, u64)) -> Result<Self, SamplingError> {
        Self::new(low, usual, high)
    }
}

impl From<OwnSizes> for (u64, u64, u64) {
    fn from(sizes: OwnSizes) -> Self {
        (sizes.low, sizes.usual, sizes.high)
    }
}

impl OwnSize {
    /// Puts the control's own size in the place of the preset's, for a population of `items`. It may be extended to the size
    /// of the next level, as that of a preset.
    #[must_use]
    pub fn instead_of(&self, preset: PresetSize, level: RiskLevel, items: u64) -> PresetSize {
        let size = self.sizes.of(level).min(items);
        let above = [RiskLevel::Default, RiskLevel::High].into_iter().filter(|above| *above > level);
        let larger = above.map(|level| self.sizes.of(level).min(items)).find(|larger| *larger > size);
        PresetSize {
            size,
            extended: preset.extended.and(larger),
            from_last_quarter: needed_of_last_part(size).max(preset.from_last_quarter.min(size)),
            rule: format!("the control's own size, version {}: {}", self.version, self.reason),
            unit: preset.unit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_may_have_sizes_of_its_own() {
        let sizes = OwnSizes::new(5, 12, 30).expect("sizes");
        let own = OwnSize { version: 2, sizes, reason: "a new team runs it".into() };
        let preset = PresetSize {
            size: 3,
            unit: "month".into(),
            extended: Some(5),
            from_last_quarter: 1,
            rule: "monthly".into(),
        };
        let size = |level, items| own.instead_of(preset.clone(), level, items);
        let usual = size(RiskLevel::Default, 100);
        assert_eq!((usual.size, usual.extended, usual.from_last_quarter), (12, Some(30), 3));
        assert_eq!(usual.rule, "the control's own size, version 2: a new team runs it");
        assert_eq!((size(RiskLevel::Low, 100).size, size(RiskLevel::High, 100).extended), (5, None));
        assert_eq!(size(RiskLevel::High, 12).size, 12, "there are no more");
    }

    #[test]
    fn more_risk_never_has_fewer_units() {
        assert_eq!(OwnSizes::new(0, 1, 1), Err(SamplingError::EmptySample));
        assert_eq!(OwnSizes::new(3, 2, 5), Err(SamplingError::LessForMoreRisk));
        assert_eq!(OwnSizes::new(3, 5, 4), Err(SamplingError::LessForMoreRisk));
        assert!(OwnSizes::new(1, 1, MAX_SAMPLE + 1).is_err());
        assert!(serde_json::from_str::<OwnSizes>("[3,2,5]").is_err());
    }
}
