//! Samples as they are kept: the draw, and what happened to it since.

use serde::{Deserialize, Serialize};

use super::{Draw, Frame, Method, Pick, Replacement, SamplingError, SizeRule};
use crate::Timestamp;
use crate::id::{ActorId, PopulationKey};

/// A sample of a population when it was drawn. Its draw is kept without the reserve, which seed and population give
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The population.
    pub population: PopulationKey,
    /// Counted from 1 in its population; a second draw needs a reason and another person.
    pub number: i64,
    /// When.
    pub drawn_at: Timestamp,
    /// By whom.
    pub drawn_by: ActorId,
    /// Why so many.
    pub size_rule: SizeRule,
    /// Why it was drawn again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// Size after the one extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_extension: Option<u64>,
    /// What was selected, and how.
    pub draw: Draw,
}

/// What happens to a sample after it was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SampleEvent {
    /// The one extension.
    Extended {
        /// Why the deviation is believed to be isolated.
        reason: String,
        /// Keys that were added, in order.
        added: Vec<String>,
    },
    /// A unit had nothing to show.
    Replaced(Replacement),
}

/// An event with when and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// The population.
    pub population: PopulationKey,
    /// The sample.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: ActorId,
    /// What.
    #[serde(flatten)]
    pub event: SampleEvent,
}

impl Draw {
    /// Returns the draw without its reserve, as it is kept.
    #[must_use]
    pub fn without_reserve(&self) -> Self {
        Self { reserve: Vec::new(), ..self.clone() }
    }
}

impl Frame {
    /// Makes a draw again from what was recorded of it, with its reserve.
    ///
    /// # Errors
    /// If this is another population, or the same seed and rule select something else.
    pub fn again(&self, recorded: &Draw) -> Result<Draw, SamplingError> {
        if recorded.population != self.digest() {
            return Err(SamplingError::OtherPopulation);
        }
        let size = recorded.picks.len() as u64;
        let draw = match (&recorded.seed, recorded.method) {
            (Some(seed), Method::Random) => self.random(seed, size)?,
            (Some(seed), Method::Systematic) => self.systematic(seed, size)?,
            (Some(seed), Method::Stratified) => {
                let sizes =
                    recorded.strata.iter().map(|stratum| (stratum.stratum.as_str(), stratum.size)).collect();
                self.stratified(seed, &sizes)?
            }
            (Some(_), method) => return Err(SamplingError::WrongMethod { method, how: "by seed" }),
            (None, method) => {
                let keys: Vec<String> = recorded.picks.iter().map(|pick| pick.key.clone()).collect();
                self.chosen(method, &keys, recorded.reason.as_deref().unwrap_or_default())?
            }
        };
        // Places are those of a list, and the order of a list plays no part.
        let same = |a: &Pick, b: &Pick| a.key == b.key && a.mac == b.mac;
        let is_same = draw.picks.len() == recorded.picks.len()
            && draw.picks.iter().zip(&recorded.picks).all(|(a, b)| same(a, b))
            && draw.start == recorded.start;
        if is_same { Ok(draw) } else { Err(SamplingError::OtherPicks) }
    }
}
