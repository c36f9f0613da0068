//! Sample sizes by frequency, and the published values that sampling arithmetic must reproduce. No arithmetic here.

use serde::{Deserialize, Serialize};

use super::attribute::Frequency;
use super::problem::{CatalogError, Problems};
use super::{CatalogFiles, read};

/// Default sample sizes for management's own testing. Judgement, not statistics: never shown with a confidence
/// level. Auditors choose their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingPreset {
    #[serde(rename = "format", skip_serializing)]
    pub(super) _format: String,
    /// Title.
    pub title: String,
    /// How often a sample may be extended after a deviation.
    pub extensions_allowed: u32,
    /// Share of the sample that comes from the last quarter of the period after interim testing, in basis points.
    pub last_quarter_share_bp: u32,
    /// At high risk, every item is taken of populations up to this size.
    pub high_risk_take_all_up_to: u32,
    /// Sizes by frequency.
    pub frequencies: Vec<FrequencySize>,
    /// Sizes for event-driven controls, by size of the population; the bands adjoin and the last is open.
    pub event_driven: Vec<EventBand>,
}

/// Sample sizes of one frequency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrequencySize {
    /// Frequency of the control.
    pub frequency: Frequency,
    /// About how many occurrences a year has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrences_per_year: Option<u32>,
    /// Size at low risk.
    pub low: u32,
    /// Size by default.
    pub default: u32,
    /// Size at high risk.
    pub high: u32,
    /// What is selected, e.g. `month`.
    pub unit: String,
}

/// Sample sizes for populations of a size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventBand {
    /// Smallest population.
    pub from: u32,
    /// Largest population, or none for the last band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// Size at low risk; the least when a share is given.
    pub low: u32,
    /// Size by default; the least when a share is given.
    pub default: u32,
    /// Size at high risk; the least when a share is given.
    pub high: u32,
    /// Share of the population in basis points, rounded up, within the least and `at_most`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_bp: Option<u32>,
    /// The most when a share is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
    /// What to mind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Values that the arithmetic must reproduce. Rates are in basis points.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingVectors {
    #[serde(rename = "format")]
    _format: String,
    /// Sizes for large populations, one table for each risk of over-reliance.
    pub large_population: Vec<SizeTable>,
    /// Upper deviation limits, rounded up to 0.1 %.
    pub upper_limits: Vec<UpperLimits>,
    /// Sizes for finite populations.
    pub finite_population: Vec<FiniteSize>,
    /// Reproducible selection.
    pub selection: SelectionVector,
}

/// A published table of sizes at one risk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeTable {
    /// Risk of over-reliance.
    pub risk_bp: u32,
    /// Tolerable rates, one for each cell of a row.
    pub tolerable_bp: Vec<u32>,
    /// Rows by expected rate.
    pub rows: Vec<SizeRow>,
}

/// Sizes for one expected rate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeRow {
    /// Expected rate.
    pub expected_bp: u32,
    /// One cell for each tolerable rate of the table.
    pub cells: Vec<SizeCell>,
}

/// A size with the deviations it accepts, written `157(1)`, or `-` where no practical size exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SizeCell(pub Option<(u32, u32)>);

impl TryFrom<String> for SizeCell {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self(None));
        }
        text.strip_suffix(')')
            .and_then(|text| text.split_once('('))
            .and_then(|(size, acceptable)| Some((size.parse().ok()?, acceptable.parse().ok()?)))
            .map(|cell| Self(Some(cell)))
            .ok_or_else(|| format!("{text:?} is not a cell like 157(1) or -"))
    }
}

/// Upper deviation limits for one sample size, indexed by deviations found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpperLimits {
    /// Sample size.
    pub sample_size: u32,
    /// Limits at 5 % risk.
    pub risk_500_bp: Vec<u32>,
    /// Limits at 10 % risk.
    pub risk_1000_bp: Vec<u32>,
}

/// A size for a finite population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiniteSize {
    /// Size of the population.
    pub population: u32,
    /// Tolerable rate.
    pub tolerable_bp: u32,
    /// Expected rate.
    pub expected_bp: u32,
    /// Risk of over-reliance.
    pub risk_bp: u32,
    /// Deviations in the population that reach the tolerable rate.
    pub deviations: u32,
    /// Sample size; none means to test everything.
    #[serde(default)]
    pub size: Option<u32>,
    /// Deviations it accepts.
    #[serde(default)]
    pub acceptable: Option<u32>,
}

/// A selection that anybody can repeat.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectionVector {
    /// Seed, as text.
    pub seed_text: String,
    /// Keys of the items.
    pub population: Vec<String>,
    /// SHA-256 of the sorted keys joined with line feeds, in hexadecimal.
    pub population_sha256: String,
    /// First eight by HMAC-SHA-256 of seed and key.
    pub keyed_hash_rank_first8: Vec<String>,
    /// A systematic selection.
    pub systematic: SystematicVector,
}

/// A systematic selection with a start from the seed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystematicVector {
    /// How many are picked.
    pub sample_size: u32,
    /// Start position.
    pub start: u32,
    /// Keys picked.
    pub selected: Vec<String>,
}

impl SamplingVectors {
    /// Reads the values from the catalog's files. They are not part of a loaded catalog: only whoever checks the
    /// arithmetic needs them.
    ///
    /// # Errors
    /// If the file is missing, doubled or malformed, or a row does not fit its table.
    pub fn read(files: &CatalogFiles) -> Result<Self, CatalogError> {
        let mut problems = Problems::default();
        let mut found: Option<Self> = None;
        for (path, text) in files.iter().filter(|(_, text)| read::format_of(text) == Some(read::VECTORS)) {
            let Some(vectors) = read::parse::<Self>(path, text, &mut problems) else { continue };
            for table in &vectors.large_population {
                for row in table.rows.iter().filter(|row| row.cells.len() != table.tolerable_bp.len()) {
                    let item = format!("risk {} expected {}", table.risk_bp, row.expected_bp);
                    problems.add(path, &item, "one cell for each tolerable rate is needed");
                }
            }
            for limits in vectors.upper_limits.iter().filter(|l| l.risk_500_bp.len() != l.risk_1000_bp.len())
            {
                problems.add(
                    path,
                    &limits.sample_size.to_string(),
                    "both risks need the same number of limits",
                );
            }
            if found.replace(vectors).is_some() {
                problems.add(path, "", "sampling vectors are given twice");
            }
        }
        problems.into_result()?;
        found.ok_or_else(|| {
            let mut problems = Problems::default();
            problems.add("sampling/vectors.toml", "", "no file has the sampling vectors");
            problems.into_result().expect_err("one problem was added")
        })
    }
}
