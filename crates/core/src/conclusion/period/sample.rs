//! What a sample says about its population: a count against a plan where its size is judgement, an upper limit against what
//! is tolerable where it is computed.

use serde::{Deserialize, Serialize};

use crate::id::PopulationKey;
use crate::program::population::ItemOutcome;
use crate::program::sampling::{
    CountPlan, Drawn, Method, Model, NextStep, Rate, SizeRule, Tested, needed_of_last_part,
};

/// A unit of a sample, as far as a conclusion needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampledUnit {
    /// What testing found.
    pub outcome: ItemOutcome,
    /// Whether it came by the one extension.
    pub is_added: bool,
}

/// What follows from a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSays {
    /// Units are left to test.
    NotTested,
    /// The control can be relied on.
    Supports,
    /// It cannot, unless the deviation is isolated and the planned extension shows no other.
    MayExtend,
    /// It cannot be relied on.
    DoesNotSupport,
}

impl SampleSays {
    /// Returns the words for people.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::NotTested => "units are left to test",
            Self::Supports => "supports that the control operated",
            Self::MayExtend => "does not support it; it may be extended once, if the deviation is isolated",
            Self::DoesNotSupport => "does not support that the control operated",
        }
    }
}

/// What a sample says about its population.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleResult {
    /// The population.
    pub population: PopulationKey,
    /// Number of the sample in it; the newest one counts.
    pub number: i64,
    /// How units were selected.
    pub method: Method,
    /// Items of the population.
    pub items: u64,
    /// Units, with the extension.
    pub size: u64,
    /// Units that were tested.
    pub tested: u64,
    /// Units that deviate.
    pub deviations: u64,
    /// At least so many units come from the last fourth of the period.
    pub from_last_part: u64,
    /// Risk of over-reliance; none where the size is judgement, beside which no confidence stands.
    pub risk: Option<Rate>,
    /// Rate of deviations that is tolerable; none where the size is judgement.
    pub tolerable: Option<Rate>,
    /// Upper limit of the rate of deviations at that risk in basis points, rounded up to a tenth of a percent; none where
    /// the size is judgement, and while units are left to test.
    pub upper_limit_bp: Option<u64>,
    /// What follows.
    pub says: SampleSays,
}

impl SampleResult {
    /// Evaluates a sample. `units` are those that are tested now, without those that were replaced.
    ///
    /// Source: `docs/domain/audit-methods.md` sections 4, 5.3 and 7. 93 units with three deviations at 5 % risk have an upper
    /// limit of 8.2 %, which is above a tolerable rate of 5 %.
    #[must_use]
    pub fn of(drawn: &Drawn, units: &[SampledUnit]) -> Self {
        let count =
            |fits: &dyn Fn(&SampledUnit) -> bool| units.iter().filter(|unit| fits(unit)).count() as u64;
        let deviates = |unit: &SampledUnit| unit.outcome == ItemOutcome::Deviating;
        let size = units.len() as u64;
        let tested = count(&|unit| unit.outcome != ItemOutcome::NotTested);
        let from_last_part = match &drawn.size_rule {
            SizeRule::Preset { size, .. } => size.from_last_quarter,
            _ => needed_of_last_part(size),
        };
        let mut result = Self {
            population: drawn.population,
            number: drawn.number,
            method: drawn.draw.method,
            items: drawn.draw.items,
            size,
            tested,
            deviations: count(&deviates),
            from_last_part,
            risk: None,
            tolerable: None,
            upper_limit_bp: None,
            says: SampleSays::NotTested,
        };
        let is_whole = size == drawn.draw.items;
        match &drawn.size_rule {
            SizeRule::Attributes { parameters, plan } if !drawn.draw.method.is_judgment() => {
                result.risk = Some(parameters.risk());
                result.tolerable = Some(parameters.tolerable());
                let is_finite = is_whole || matches!(plan.model, Model::FinitePopulation { .. });
                if tested == size {
                    result.measure(is_finite.then_some(drawn.draw.items));
                }
            }
            _ if tested == size => {
                let added = count(&|unit| unit.is_added);
                let more = count(&|unit| unit.is_added && deviates(unit));
                let first = result.deviations - more;
                let planned = drawn.planned_extension.filter(|_| !is_whole || added > 0);
                result.says = judged(size - added, planned, first, (added > 0).then_some(more));
            }
            _ => {}
        }
        result
    }

    /// Tells whether the control can be relied on for what was not selected.
    #[must_use]
    pub fn supports(&self) -> bool {
        self.says == SampleSays::Supports
    }

    /// Computes the upper limit and compares it with what is tolerable.
    fn measure(&mut self, population: Option<u64>) {
        let (Some(risk), Some(tolerable)) = (self.risk, self.tolerable) else { return };
        let evaluated = Tested::new(self.size, self.deviations, population)
            .and_then(|tested| tested.evaluate(risk, tolerable));
        // What cannot be evaluated supports nothing.
        self.says = SampleSays::DoesNotSupport;
        if let Ok(evaluation) = evaluated {
            self.upper_limit_bp = Some(evaluation.upper_limit.bp());
            if evaluation.supports_reliance {
                self.says = SampleSays::Supports;
            }
        }
    }
}

/// Judges by count. A plan that does not fit what happened supports only what has no deviation.
fn judged(size: u64, planned: Option<u64>, first: u64, more: Option<u64>) -> SampleSays {
    let step = CountPlan::new(size, planned).and_then(|plan| plan.judge(first, more));
    match step {
        Ok(NextStep::Operated) => SampleSays::Supports,
        Ok(NextStep::StopOrExtend { .. }) => SampleSays::MayExtend,
        Ok(NextStep::DidNotOperate) => SampleSays::DoesNotSupport,
        Err(_) if first + more.unwrap_or(0) == 0 && size > 0 => SampleSays::Supports,
        Err(_) => SampleSays::DoesNotSupport,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ActorId;
    use crate::program::sampling::{Draw, Parameters};
    use crate::{Digest, Timestamp};

    fn drawn(size_rule: SizeRule, items: u64, planned_extension: Option<u64>) -> Drawn {
        Drawn {
            population: PopulationKey(1),
            number: 1,
            drawn_at: Timestamp::from_micros(0),
            drawn_by: ActorId(uuid::Uuid::nil()),
            size_rule,
            again: None,
            planned_extension,
            roll_forward: None,
            draw: Draw {
                method: Method::Random,
                population: Digest([0; 32]),
                items,
                seed: None,
                start: None,
                strata: Vec::new(),
                reason: None,
                picks: Vec::new(),
                reserve: Vec::new(),
            },
        }
    }

    fn units(conforming: usize, deviating: usize, untested: usize) -> Vec<SampledUnit> {
        let some = |count, outcome| std::iter::repeat_n(SampledUnit { outcome, is_added: false }, count);
        some(conforming, ItemOutcome::Conforming)
            .chain(some(deviating, ItemOutcome::Deviating))
            .chain(some(untested, ItemOutcome::NotTested))
            .collect()
    }

    fn computed(risk: u32, tolerable: u32, expected: u32) -> SizeRule {
        let rate = |bp| Rate::of_bp(bp).expect("a rate");
        let parameters = Parameters::new(rate(risk), rate(tolerable), rate(expected)).expect("parameters");
        SizeRule::Attributes { parameters, plan: parameters.large_population().expect("a plan") }
    }

    #[test]
    fn a_computed_sample_gives_the_published_upper_limits() {
        let check = |rule: SizeRule, units: Vec<SampledUnit>, limit, says| {
            let result = SampleResult::of(&drawn(rule, 1_000_000, None), &units);
            assert_eq!((result.upper_limit_bp, result.says), (limit, says), "{result:?}");
        };
        // Tables of the AICPA guide: 93 units at 5 % risk with 1 and with 3 deviations, 25 at 10 % with none.
        check(computed(500, 500, 100), units(92, 1, 0), Some(500), SampleSays::Supports);
        check(computed(500, 500, 100), units(90, 3, 0), Some(820), SampleSays::DoesNotSupport);
        check(computed(1000, 900, 0), units(25, 0, 0), Some(880), SampleSays::Supports);
        check(computed(1000, 500, 0), units(25, 0, 0), Some(880), SampleSays::DoesNotSupport);
        check(computed(1000, 900, 0), units(24, 0, 1), None, SampleSays::NotTested);
    }

    #[test]
    fn a_sample_by_judgement_is_counted_and_has_no_confidence() {
        let rule = SizeRule::Given;
        let of = |units: &[SampledUnit], planned| SampleResult::of(&drawn(rule.clone(), 400, planned), units);
        let clean = of(&units(25, 0, 0), Some(40));
        assert_eq!((clean.says, clean.risk, clean.upper_limit_bp), (SampleSays::Supports, None, None));
        assert_eq!(clean.from_last_part, 5, "a fifth of it");
        assert_eq!(of(&units(24, 1, 0), Some(40)).says, SampleSays::MayExtend);
        assert_eq!(of(&units(24, 1, 0), None).says, SampleSays::DoesNotSupport);
        let mut extended = units(24, 1, 0);
        extended.extend([SampledUnit { outcome: ItemOutcome::Conforming, is_added: true }; 15]);
        assert_eq!(of(&extended, Some(40)).says, SampleSays::Supports);
        extended[30].outcome = ItemOutcome::Deviating;
        assert_eq!(of(&extended, Some(40)).says, SampleSays::DoesNotSupport);
        assert_eq!(of(&units(24, 0, 1), None).says, SampleSays::NotTested);
    }
}
