//! Samples: how many units, which ones, and what they say.
//!
//! Attribute sampling as auditors know it, in whole numbers: nothing that is decided here passes through floating
//! point. Sizes come from the binomial distribution for large populations and from the hypergeometric one for those of
//! known size, or by judgement from the presets of the catalog, which are never shown with a confidence level. A
//! selection is a pure function of population, seed and size, so that a stranger can draw it again with ordinary tools;
//! `docs/sampling.md` says how.
//!
//! Source: `docs/domain/audit-methods.md` sections 4 to 6.

mod allocation;
mod binomial;
mod draw;
mod evaluation;
mod frame;
mod hypergeometric;
mod kept;
mod last_part;
mod own;
mod plan;
mod preset;
mod rate;
mod replacement;
mod seed;
mod size;
mod sizing;

#[cfg(test)]
mod tests;

pub use allocation::allocate;
pub use draw::{Draw, Method, Pick, StratumSize, UnknownMethod};
pub use evaluation::{Evaluation, Tested, UpperLimit};
pub use frame::{Frame, Unit};
pub use kept::{Drawn, Happened, RollForward, SampleEvent};
pub use last_part::{last_part_of, needed_of_last_part};
pub use own::{OwnSize, OwnSizes};
pub use plan::{CountPlan, NextStep};
pub use preset::{PresetSize, RiskLevel, preset_size};
pub use rate::{Rate, RateError, WHOLE_BP};
pub use replacement::{Absence, Consequence, Replacement, Sample};
pub use seed::{MAX_SEED_BYTES, Seed, SeedError};
pub use size::{Model, Parameters, Plan};
pub use sizing::{SizeRule, Sizing};

use crate::catalog::Frequency;
use crate::program::population::{MAX_ITEMS, PopulationError};

/// Most units of a sample that is computed or evaluated. Tables end far below: above [`PRACTICAL_SAMPLE`] a size is a sign
/// that the expected rate is too near to the tolerable one.
pub const MAX_SAMPLE: u64 = 10_000;
/// Above this a sample is too large to be practical.
pub const PRACTICAL_SAMPLE: u64 = 400;
/// Most strata of a selection.
pub const MAX_STRATA: usize = 1_000;

/// Why something is not a sample.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamplingError {
    /// Nothing or everything.
    #[error("the {what} {rate} must lie between 0% and 100%, and be neither")]
    NotInside {
        /// Which rate.
        what: &'static str,
        /// As given.
        rate: Rate,
    },
    /// No sample can show less than is there.
    #[error("the expected rate {expected} must be below the tolerable rate {tolerable}")]
    ExpectedNotBelowTolerable {
        /// Expected rate.
        expected: Rate,
        /// Tolerable rate.
        tolerable: Rate,
    },
    /// The rates are too near to each other.
    #[error(
        "more than {MAX_SAMPLE} units would be needed to tell an expected rate of {expected} from a tolerable one of \
         {tolerable}"
    )]
    SizeTooLarge {
        /// Tolerable rate.
        tolerable: Rate,
        /// Expected rate.
        expected: Rate,
    },
    /// A sample of nothing.
    #[error("a sample needs at least one unit")]
    EmptySample,
    /// A population of nothing.
    #[error(
        "the population has no items, so nothing can be selected; that nothing happened needs evidence of zero"
    )]
    EmptyPopulation,
    /// Beyond [`MAX_ITEMS`].
    #[error("a population has at most {MAX_ITEMS} items, not {0}")]
    PopulationTooLarge(u64),
    /// Beyond [`MAX_SAMPLE`].
    #[error("a sample of {0} units is larger than {MAX_SAMPLE}, the most that is evaluated")]
    SampleTooLarge(u64),
    /// Fewer units where more rests on a control.
    #[error("sizes for low, usual and high risk do not become smaller")]
    LessForMoreRisk,
    /// More deviations than were looked at.
    #[error("{deviations} deviations cannot be found in {size} units")]
    MoreDeviationsThanUnits {
        /// Deviations.
        deviations: u64,
        /// Units.
        size: u64,
    },
    /// More than there are.
    #[error("{size} units cannot be selected from a population of {population}")]
    LargerThanPopulation {
        /// Units.
        size: u64,
        /// Items.
        population: u64,
    },
    /// An event-driven control has no size without its population.
    #[error(
        "the size for an event-driven control follows from how many occurrences there were; state the population"
    )]
    NeedsPopulation,
    /// The preset says nothing about it.
    #[error("the preset has no size for {frequency}")]
    NoPreset {
        /// The frequency.
        frequency: Frequency,
    },
    /// Not the key of an item, or one that comes twice.
    #[error(transparent)]
    Key(#[from] PopulationError),
    /// A stratum beyond a limit, or without a name.
    #[error("{0:?} is not the name of a stratum: it needs 1 to 200 bytes without control characters")]
    StratumName(String),
    /// Too many.
    #[error("a selection has at most {MAX_STRATA} strata")]
    TooManyStrata,
    /// Not all units say where they belong.
    #[error("{0:?} belongs to no stratum")]
    NoStratum(String),
    /// A size for what is not there.
    #[error("no item belongs to stratum {0:?}")]
    UnknownStratum(String),
    /// Strata that get nothing would not be tested at all.
    #[error("{size} units cannot cover {strata} strata; each needs at least one")]
    FewerThanStrata {
        /// Units.
        size: u64,
        /// Strata.
        strata: u64,
    },
    /// A stratum is smaller than what is wanted of it.
    #[error("{size} units cannot be selected from the {items} items of stratum {stratum:?}")]
    LargerThanStratum {
        /// The stratum.
        stratum: String,
        /// Units.
        size: u64,
        /// Items.
        items: u64,
    },
    /// A chosen unit that is not in the population.
    #[error("the population has no item {0:?}")]
    UnknownKey(String),
    /// A choice without a reason cannot be understood later.
    #[error("a {method} selection is judgement and needs a reason")]
    NeedsReason {
        /// The method.
        method: Method,
    },
    /// The units at one end of the list.
    #[error("these are the {which} {size} items of the list, which is no {method} selection; choose others")]
    FirstOrLast {
        /// `first` or `last`.
        which: &'static str,
        /// How many.
        size: u64,
        /// The method.
        method: Method,
    },
    /// A block has no holes.
    #[error("a block is without holes, and {0:?} does not follow the item before it in the list")]
    NotContiguous(String),
    /// A method that chooses by seed was given units, or the other way round.
    #[error("a {method} selection is not made {how}")]
    WrongMethod {
        /// The method.
        method: Method,
        /// How it was attempted.
        how: &'static str,
    },
    /// A draw is of one population.
    #[error("this is another population than the one that was drawn from")]
    OtherPopulation,
    /// The record is not what the rule gives.
    #[error("the same population, seed and rule select other items than were recorded")]
    OtherPicks,
    /// A unit that is not in the sample.
    #[error("{0:?} is not in the sample")]
    NotSelected(String),
    /// A unit that was replaced.
    #[error("{0:?} was replaced already")]
    Replaced(String),
    /// Nothing is left to replace it with.
    #[error("the reserve has no item left; every item of the population is in the sample or was replaced")]
    ReserveUsedUp,
    /// A second extension, or one that nobody planned.
    #[error("a sample is extended once, to the size planned before testing{}", .planned.map(|n| format!(": {n}")).unwrap_or_default())]
    ExtensionNotPlanned {
        /// What was planned.
        planned: Option<u64>,
    },
    /// It was extended.
    #[error("the sample was extended already; extending until it passes is not allowed")]
    ExtendedAlready,
    /// An extension that adds nothing.
    #[error("an extension to {extended} adds nothing to a sample of {size}")]
    ExtensionNotLarger {
        /// Size.
        size: u64,
        /// Planned size after the extension.
        extended: u64,
    },
}
