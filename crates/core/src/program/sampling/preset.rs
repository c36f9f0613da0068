//! Sizes by frequency: judgement, not statistics. No confidence level stands beside them.

use serde::{Deserialize, Serialize};

use super::SamplingError;
use crate::catalog::{EventBand, Frequency, FrequencySize, SamplingPreset};
use crate::program::population::MAX_ITEMS;

/// How much rests on a control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Little.
    Low,
    /// As by default.
    #[default]
    Default,
    /// Much, or nothing is tolerable: privileged grants, leavers with administrator rights.
    High,
}

/// A size by judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetSize {
    /// Units to test.
    pub size: u64,
    /// What a unit is, e.g. `month`.
    pub unit: String,
    /// Size to which it may be extended once after a deviation; none if everything is tested or nothing larger is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended: Option<u64>,
    /// At least so many from the last quarter of the period, when testing was done before its end.
    pub from_last_quarter: u64,
    /// Why this size, for people.
    pub rule: String,
}

/// Returns the size that a preset gives. `occurrences` is how many there are in the period, which event-driven controls
/// need; for an automated control it is the number of scenarios.
///
/// A period shorter than a year takes its own row: the one whose yearly occurrences are the fewest that reach the actual
/// ones, never one beyond the row of the frequency.
///
/// # Errors
/// If an event-driven control has no population, or the preset has no row for the frequency.
///
/// Source: `docs/domain/audit-methods.md` section 4. Quarterly gives 2; 180 events give 18.
pub fn preset_size(
    preset: &SamplingPreset,
    frequency: Frequency,
    level: RiskLevel,
    occurrences: Option<u64>,
) -> Result<PresetSize, SamplingError> {
    if let Some(population) = occurrences.filter(|&count| count > MAX_ITEMS as u64) {
        return Err(SamplingError::PopulationTooLarge(population));
    }
    if frequency == Frequency::PerOccurrence {
        let population = occurrences.ok_or(SamplingError::NeedsPopulation)?;
        return event_driven(preset, level, population);
    }
    let own = preset
        .frequencies
        .iter()
        .find(|row| row.frequency == frequency)
        .ok_or(SamplingError::NoPreset { frequency })?;
    if frequency == Frequency::Continuous {
        let scenarios = occurrences.unwrap_or(1);
        let each = of_row(own, level);
        let size = each * scenarios;
        let rule = match level {
            RiskLevel::High => "each scenario at the start and at the end of the period",
            _ => "one of each scenario",
        };
        return Ok(PresetSize {
            size,
            unit: own.unit.clone(),
            extended: None,
            from_last_quarter: 0,
            rule: rule.to_owned(),
        });
    }
    let row = match occurrences {
        None => own,
        Some(actual) => preset
            .frequencies
            .iter()
            .filter(|row| row.occurrences_per_year <= own.occurrences_per_year)
            .filter(|row| row.occurrences_per_year.is_some_and(|yearly| u64::from(yearly) >= actual))
            .min_by_key(|row| row.occurrences_per_year)
            .unwrap_or(own),
    };
    let most = occurrences.unwrap_or(row.occurrences_per_year.map_or(u64::MAX, u64::from));
    let size = of_row(row, level).min(most);
    let rule = match occurrences {
        Some(actual) if row.frequency != frequency => {
            format!("{frequency} with {actual} in the period: as {}", row.frequency)
        }
        Some(actual) => format!("{frequency}, {actual} in the period"),
        None => format!("{frequency}"),
    };
    let larger = larger(level, |level| of_row(row, level));
    Ok(sized(preset, size, Some(most), &own.unit, larger, rule))
}

fn event_driven(
    preset: &SamplingPreset,
    level: RiskLevel,
    population: u64,
) -> Result<PresetSize, SamplingError> {
    let frequency = Frequency::PerOccurrence;
    let holds = |band: &&EventBand| {
        u64::from(band.from) <= population && band.to.is_none_or(|to| population <= u64::from(to))
    };
    let band = preset.event_driven.iter().find(holds).ok_or(SamplingError::NoPreset { frequency })?;
    if population == 0 {
        let rule = "no occurrence: record zero, with evidence of zero".to_owned();
        return Ok(sized(preset, 0, Some(0), "occurrence", 0, rule));
    }
    let span = match band.to {
        Some(to) if to == band.from => format!("{population}"),
        Some(to) => format!("{population} ({} to {to})", band.from),
        None => format!("{population} (over {})", band.from - 1),
    };
    let (mut size, mut rule) = (of_band(band, level, population), format!("population of {span}"));
    if level == RiskLevel::High && population <= u64::from(preset.high_risk_take_all_up_to) {
        size = population;
        rule.push_str("; high risk, so all of them");
    }
    let larger = larger(level, |level| of_band(band, level, population));
    Ok(sized(preset, size, Some(population), "occurrence", larger, rule))
}

fn sized(
    preset: &SamplingPreset,
    size: u64,
    most: Option<u64>,
    unit: &str,
    larger: u64,
    rule: String,
) -> PresetSize {
    let larger = most.map_or(larger, |most| larger.min(most));
    PresetSize {
        size,
        unit: unit.to_owned(),
        extended: (preset.extensions_allowed > 0 && larger > size).then_some(larger),
        from_last_quarter: (size * u64::from(preset.last_quarter_share_bp)).div_ceil(10_000),
        rule,
    }
}

/// Returns the size of the next level that has a larger one: what an extension goes to.
fn larger(level: RiskLevel, size_of: impl Fn(RiskLevel) -> u64) -> u64 {
    let above = [RiskLevel::Default, RiskLevel::High].into_iter().filter(|above| *above > level);
    above.map(&size_of).find(|&size| size > size_of(level)).unwrap_or_default()
}

fn of_row(row: &FrequencySize, level: RiskLevel) -> u64 {
    u64::from(match level {
        RiskLevel::Low => row.low,
        RiskLevel::Default => row.default,
        RiskLevel::High => row.high,
    })
}

fn of_band(band: &EventBand, level: RiskLevel, population: u64) -> u64 {
    let least = u64::from(match level {
        RiskLevel::Low => band.low,
        RiskLevel::Default => band.default,
        RiskLevel::High => band.high,
    });
    let share = band.share_bp.map_or(0, |share| (population * u64::from(share)).div_ceil(10_000));
    least.max(share).min(band.at_most.map_or(u64::MAX, u64::from)).min(population)
}
