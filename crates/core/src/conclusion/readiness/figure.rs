//! One figure for dashboards that cannot look better than what it stands for.

use std::fmt;

use serde::Serialize;

use super::{AssessedControl, CriterionStatus, Points, StatusCounts};

/// Weight of the points of a control that is key for a criterion in scope.
pub const KEY_WEIGHT: u64 = 3;
/// Weight of the points of any other control in scope.
pub const SECONDARY_WEIGHT: u64 = 1;

/// All of it, in basis points.
const WHOLE_BP: u64 = 10_000;

/// Points earned of points possible over the controls in scope, key ones weighing three times as much, with the
/// criteria it must always be shown next to.
///
/// What it never does, by construction:
/// - it never says 100 % while a criterion in scope is below met: it stops at 99.99 %, printed as 99.9 %;
/// - it never stands alone: it carries the number of criteria by status and prints those not met;
/// - it never averages a failing criterion away: criteria are counted, not averaged;
/// - it never leaves out what was not assessed: that earns zero of its possible points;
/// - it is never called "compliance".
///
/// Three key controls with (2,2,2,2), (2,2,1,2) and (1,2,2,2) earn 22 of 24 points: 91.7 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReadinessFigure {
    basis_points: u64,
    key: Points,
    secondary: Points,
    criteria: StatusCounts,
}

impl ReadinessFigure {
    /// Computes the figure. Without any control or criterion it is zero.
    #[must_use]
    pub fn of(controls: &[AssessedControl], criteria: impl IntoIterator<Item = CriterionStatus>) -> Self {
        let sum = |is_key| {
            let counted = controls.iter().filter(|control| control.is_key == is_key);
            counted.fold(Points::default(), |sum, control| sum + control.points)
        };
        let (key, secondary) = (sum(true), sum(false));
        let criteria = StatusCounts::of(criteria);
        let earned = KEY_WEIGHT * key.earned + SECONDARY_WEIGHT * secondary.earned;
        let possible = KEY_WEIGHT * key.possible + SECONDARY_WEIGHT * secondary.possible;
        let rounded = (earned * WHOLE_BP + possible / 2).checked_div(possible).unwrap_or(0);
        let is_whole = earned == possible && criteria.met == criteria.total() && criteria.total() > 0;
        let basis_points = if is_whole { rounded } else { rounded.min(WHOLE_BP - 1) };
        Self { basis_points, key, secondary, criteria }
    }

    /// Returns the figure in basis points, 0 to 10000; 10000 only if every criterion is met.
    #[must_use]
    pub fn basis_points(&self) -> u64 {
        self.basis_points
    }

    /// Returns the points of key controls, unweighted.
    #[must_use]
    pub fn key_points(&self) -> Points {
        self.key
    }

    /// Returns the points of the other controls in scope, unweighted.
    #[must_use]
    pub fn secondary_points(&self) -> Points {
        self.secondary
    }

    /// Returns the criteria in scope by status.
    #[must_use]
    pub fn criteria(&self) -> StatusCounts {
        self.criteria
    }

    /// Returns the figure with one decimal, such as `91.7 %`, to be shown next to the criteria not met. `100.0 %` is
    /// printed only for all of it.
    #[must_use]
    pub fn percent(&self) -> String {
        let tenths =
            if self.basis_points == WHOLE_BP { 1000 } else { ((self.basis_points + 5) / 10).min(999) };
        format!("{}.{} %", tenths / 10, tenths % 10)
    }
}

impl fmt::Display for ReadinessFigure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StatusCounts { partly_met, not_met, not_assessed, .. } = self.criteria;
        write!(f, "readiness {}; of {} criteria {not_met} not met, ", self.percent(), self.criteria.total())?;
        write!(f, "{partly_met} partly met, {not_assessed} not assessed")
    }
}
