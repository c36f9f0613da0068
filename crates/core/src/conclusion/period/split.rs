//! A control whose finding was fixed within the period: before and after are two populations, each with its own counts.

use serde::{Deserialize, Serialize};

use super::{Conclusion, State, TestKind};
use crate::Timestamp;
use crate::catalog::Frequency;

/// A fix of a finding about the control that somebody other than the fixer has verified.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fix {
    /// When it was fixed.
    pub at: Timestamp,
    /// When somebody else saw that the fix holds.
    pub verified_at: Timestamp,
    /// The finding, by its reference.
    pub finding: String,
    /// Its title.
    pub title: String,
}

/// One test over the time between two fixes, or between a fix and an end of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// What is known.
    pub state: State,
    /// Targets, windows or items that were looked at or should have been.
    pub subjects: usize,
    /// Those that deviate.
    pub deviating: usize,
    /// Instances that were looked at: what there is to judge a fix by.
    pub instances: usize,
    /// Instances that are needed after a fix; none before the first.
    pub needed: Option<usize>,
}

impl Part {
    /// Counts what a conclusion over the part says.
    #[must_use]
    pub fn of(conclusion: &Conclusion, frequency: Frequency, is_after: bool, now: Timestamp) -> Option<Self> {
        let from = conclusion.asked.iter().next()?.0;
        let to = conclusion.asked.iter().last()?.1;
        let shares = conclusion.shares;
        let left_out = conclusion.untested_items() + conclusion.unsampled_items();
        let instances = match conclusion.kind {
            // A setting is one instance as soon as somebody has seen it.
            TestKind::Configuration => {
                usize::from(shares.pass_us + shares.fail_us + shares.not_applicable_us > 0)
            }
            TestKind::Occurrence | TestKind::Population => conclusion.subject_count() - left_out,
        };
        let needed = instances_needed(conclusion.kind, frequency, conclusion.subject_count());
        Some(Self {
            from,
            to,
            state: conclusion.state(now),
            subjects: conclusion.subject_count(),
            deviating: conclusion.deviating(),
            instances,
            needed: is_after.then_some(needed),
        })
    }

    /// Tells whether there are instances enough to say that a fix holds. Before the first fix nothing is needed.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.needed.is_none_or(|needed| self.instances >= needed)
    }
}

/// Returns the stretches that fixes cut a period into, in order. Fixes outside it cut nothing.
#[must_use]
pub fn split_at(from: Timestamp, to: Timestamp, fixes: &[Fix]) -> Vec<(Timestamp, Timestamp)> {
    let mut edges: Vec<Timestamp> =
        fixes.iter().map(|fix| fix.at).filter(|at| from < *at && *at < to).chain([from, to]).collect();
    edges.sort_unstable();
    edges.dedup();
    edges.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// Returns how many instances after a fix are needed to say that it holds. `occurred` is how many there were, as of what
/// happens by event all are taken when they are fewer.
///
/// Source: `docs/domain/audit-methods.md` section 7: monthly 2, weekly 5, daily 15, by event 10 or all. What lies between
/// two rows takes the larger number, what is rarer than monthly the next instance.
#[must_use]
pub fn instances_needed(kind: TestKind, frequency: Frequency, occurred: usize) -> usize {
    match (kind, frequency) {
        (TestKind::Configuration, _) => 1,
        (TestKind::Population, _) | (_, Frequency::PerOccurrence) => occurred.clamp(1, 10),
        (_, Frequency::Daily | Frequency::ManyTimesADay) => 15,
        (_, Frequency::Weekly | Frequency::SemiMonthly) => 5,
        (_, Frequency::Monthly) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixes_inside_a_period_cut_it() {
        let at = Timestamp::from_seconds;
        let fix = |second| Fix {
            at: at(second),
            verified_at: at(second + 1),
            finding: "test.IAM-05.leavers".into(),
            title: "Leavers".into(),
        };
        let cut = |fixes: &[Fix]| split_at(at(10), at(90), fixes);
        assert_eq!(cut(&[]), [(at(10), at(90))]);
        assert_eq!(cut(&[fix(50)]), [(at(10), at(50)), (at(50), at(90))]);
        assert_eq!(
            cut(&[fix(70), fix(30), fix(70), fix(10), fix(90), fix(5)]),
            [(at(10), at(30)), (at(30), at(70)), (at(70), at(90))]
        );
    }

    #[test]
    fn how_many_instances_a_fix_needs_follows_the_rule_of_thumb() {
        let check = |kind, frequency, occurred, needed| {
            assert_eq!(instances_needed(kind, frequency, occurred), needed, "{frequency}");
        };
        check(TestKind::Occurrence, Frequency::Monthly, 6, 2);
        check(TestKind::Occurrence, Frequency::Weekly, 20, 5);
        check(TestKind::Occurrence, Frequency::Daily, 90, 15);
        check(TestKind::Occurrence, Frequency::Quarterly, 1, 1);
        check(TestKind::Population, Frequency::PerOccurrence, 4, 4);
        check(TestKind::Population, Frequency::PerOccurrence, 250, 10);
        check(TestKind::Population, Frequency::PerOccurrence, 0, 1);
        check(TestKind::Configuration, Frequency::Continuous, 40, 1);
    }
}
