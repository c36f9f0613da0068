//! Judging by count: what follows from deviations in a sample whose size is judgement.

use serde::{Deserialize, Serialize};

use super::SamplingError;

/// Sizes written down before testing. A sample that is extended until it passes shows nothing, so there is at most one
/// extension, and its size is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountPlan {
    /// Units tested first.
    size: u64,
    /// Size after the one extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extended: Option<u64>,
}

/// What follows. No confidence level belongs beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum NextStep {
    /// No deviation, or one that was isolated and stayed alone: the control operated in what was looked at.
    Operated,
    /// Conclude that the control did not operate, or, if there is reason to believe the deviation is isolated, extend
    /// once.
    StopOrExtend {
        /// Units to add.
        add: u64,
        /// Size after it.
        to: u64,
    },
    /// The control did not operate.
    DidNotOperate,
}

impl CountPlan {
    /// Checks a plan.
    ///
    /// # Errors
    /// For a sample of nothing, or an extension that adds nothing.
    pub fn new(size: u64, extended: Option<u64>) -> Result<Self, SamplingError> {
        if size == 0 {
            return Err(SamplingError::EmptySample);
        }
        match extended {
            Some(extended) if extended <= size => Err(SamplingError::ExtensionNotLarger { size, extended }),
            _ => Ok(Self { size, extended }),
        }
    }

    /// Returns the units tested first.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the size after the one extension, if one is planned.
    #[must_use]
    pub fn extended(&self) -> Option<u64> {
        self.extended
    }

    /// Says what follows from `first` deviations in the sample, and from `more` in the extension if it was tested.
    ///
    /// # Errors
    /// For more deviations than units, and for an extension that was not planned or not called for.
    ///
    /// Source: `docs/domain/audit-methods.md` section 4. One deviation of 25, none in the next 15: operated.
    pub fn judge(&self, first: u64, more: Option<u64>) -> Result<NextStep, SamplingError> {
        if first > self.size {
            return Err(SamplingError::MoreDeviationsThanUnits { deviations: first, size: self.size });
        }
        match (first, more, self.extended) {
            (_, Some(_), None) => Err(SamplingError::ExtensionNotPlanned { planned: None }),
            (_, Some(more), Some(extended)) if more > extended - self.size => {
                Err(SamplingError::MoreDeviationsThanUnits { deviations: more, size: extended - self.size })
            }
            (0, None | Some(0), _) | (_, Some(0), Some(_)) => Ok(NextStep::Operated),
            (_, None, Some(extended)) => {
                Ok(NextStep::StopOrExtend { add: extended - self.size, to: extended })
            }
            _ => Ok(NextStep::DidNotOperate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_extension_and_no_more() {
        let plan = CountPlan::new(25, Some(40)).expect("a plan");
        let check =
            |first, more, expected| assert_eq!(plan.judge(first, more), Ok(expected), "{first} {more:?}");
        check(0, None, NextStep::Operated);
        check(1, None, NextStep::StopOrExtend { add: 15, to: 40 });
        check(1, Some(0), NextStep::Operated);
        check(1, Some(1), NextStep::DidNotOperate);
        check(0, Some(1), NextStep::DidNotOperate);
        assert!(plan.judge(26, None).is_err() && plan.judge(1, Some(16)).is_err());
        let plain = CountPlan::new(25, None).expect("a plan");
        assert_eq!(plain.judge(1, None), Ok(NextStep::DidNotOperate));
        assert_eq!(plain.judge(1, Some(0)), Err(SamplingError::ExtensionNotPlanned { planned: None }));
        assert!(CountPlan::new(25, Some(25)).is_err() && CountPlan::new(0, None).is_err());
    }
}
