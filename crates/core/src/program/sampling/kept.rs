//! Samples as they are kept: the draw, and what happened to it since.

use serde::{Deserialize, Serialize};

use super::{
    Draw, Frame, Method, Pick, Replacement, SamplingError, SizeRule, last_part_of, needed_of_last_part,
};
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
    /// What the end of the examined period asks of it; none where no period is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll_forward: Option<RollForward>,
    /// What was selected, and how.
    pub draw: Draw,
}

/// What the end of a period asks of a sample: that some units come from it. A list that ends before it was drawn from at an
/// interim date, and the rest is tested later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollForward {
    /// First moment after the period.
    pub period_to: Timestamp,
    /// First moment that the list does not cover; that of the period if it covers all of it.
    pub until: Timestamp,
    /// First moment of the last fourth of the period.
    pub last_from: Timestamp,
    /// Units from there on that were selected.
    pub selected: u64,
    /// Units from there on that are needed.
    pub needed: u64,
}

impl RollForward {
    /// Counts what a draw has of the end of a period. `items` says when each selected unit occurred.
    #[must_use]
    pub fn of(
        (from, to): (Timestamp, Timestamp),
        list_to: Timestamp,
        size_rule: &SizeRule,
        selected: &[Timestamp],
    ) -> Self {
        let last_from = last_part_of(from, to);
        let needed = match size_rule {
            SizeRule::Preset { size, .. } => size.from_last_quarter,
            _ => needed_of_last_part(selected.len() as u64),
        };
        let inside = selected.iter().filter(|at| last_from <= **at && **at < to);
        Self { period_to: to, until: list_to.min(to), last_from, selected: inside.count() as u64, needed }
    }

    /// Tells whether the list ends before the period does.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        self.until < self.period_to
    }

    /// Returns how many units from the end of the period are missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.needed.saturating_sub(self.selected)
    }

    /// Says what is left to do; none if nothing is.
    #[must_use]
    pub fn says(&self) -> Option<String> {
        let (missing, last) = (self.missing(), self.last_from.date());
        if self.is_interim() {
            let end = self.period_to.plus_micros(-1).date();
            return Some(format!(
                "this is an interim sample: its list ends before {} and the period on {end}; ask what changed since, and \
                 test at least {} of what occurs from {last} on",
                self.until.date(),
                missing.max(1)
            ));
        }
        (missing > 0).then(|| {
            format!(
                "{} of at least {} units occurred from {last} on, in the last quarter of the period; test {missing} more",
                self.selected, self.needed
            )
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_at_an_interim_date_says_what_the_end_of_the_period_asks_for() {
        let at = |text: &str| format!("{text}T00:00:00Z").parse::<Timestamp>().expect("a moment");
        let year = (at("2026-01-01"), at("2027-01-01"));
        let ten: Vec<Timestamp> = (1..=10).map(|month| at(&format!("2026-{month:02}-15"))).collect();
        let of = |list_to: &str, selected: &[Timestamp]| {
            RollForward::of(year, at(list_to), &SizeRule::Given, selected)
        };
        let interim = of("2026-09-01", &ten[..8]);
        assert!(interim.is_interim());
        assert_eq!((interim.selected, interim.needed, interim.missing()), (0, 2, 2));
        let says = interim.says().expect("something is left");
        assert!(says.contains("ends before 2026-09-01") && says.contains("at least 2"), "{says}");
        let whole = of("2027-01-01", &ten);
        assert_eq!((whole.is_interim(), whole.selected, whole.needed), (false, 1, 2));
        assert!(whole.says().is_some_and(|says| says.contains("test 1 more")));
        let fair: Vec<Timestamp> = ten.iter().copied().chain([at("2026-12-24")]).skip(1).collect();
        assert_eq!(of("2027-06-01", &fair).says(), None, "two of ten lie in the last quarter");
    }
}
