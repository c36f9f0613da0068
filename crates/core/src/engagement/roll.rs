//! The next examination from the last one: the scope as a draft for the time that follows, and what changed since.

use std::collections::BTreeSet;

use super::{Part, Scope, Subservice, Time, Vendor};
use crate::Timestamp;
use crate::conclusion::scope::Day;
use crate::control::commitment::CommitmentKey;
use crate::control::{Control, ControlId, ControlState};
use crate::time::DAY_US;

/// Months from one date of a Type 1 to the next.
const YEAR_MONTHS: i32 = 12;
/// Most months of a period that is counted in months.
const MONTHS_MAX: i32 = 120;

/// A commitment, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub key: CommitmentKey,
    /// Its title.
    pub title: String,
    /// Whether it holds.
    pub in_force: bool,
    /// When it was changed last.
    pub since: Timestamp,
}

impl Time {
    /// Returns the time that follows, back to back and as long; none at the end of the calendar.
    ///
    /// A period of whole months is followed by one of as many months: 2026-01-01 to 2026-12-31 by 2027-01-01 to 2027-12-31.
    #[must_use]
    pub fn following(self) -> Option<Self> {
        match self {
            Self::AsOf { date } => Some(Self::AsOf { date: date.plus_months(YEAR_MONTHS)? }),
            Self::Period { from, to } => {
                let start = to.next()?;
                let months = (1..=MONTHS_MAX).find(|months| from.plus_months(*months) == Some(start));
                let end = match months {
                    Some(months) => start.plus_months(months)?.before()?,
                    None => {
                        let days = std::iter::successors(Some(from), |day| day.next())
                            .take_while(|day| *day <= to)
                            .count();
                        std::iter::successors(Some(start), |day| day.next()).nth(days.checked_sub(1)?)?
                    }
                };
                Some(Self::Period { from: start, to: end })
            }
        }
    }
}

impl Scope {
    /// Returns the same scope over the time that follows, as a draft to look through; none at the end of the calendar. What
    /// vendors are is decided anew for each period.
    #[must_use]
    pub fn following(&self) -> Option<Self> {
        Some(Self {
            time: self.time.following()?,
            subservices: self.subservices.iter().map(Subservice::to_renew).collect(),
            vendors: self.vendors.iter().map(Vendor::to_renew).collect(),
            ..self.clone()
        })
    }

    /// Tells what changed since the day after `last`, in order of what it is about: what a scope that was copied has to be
    /// looked through for.
    #[must_use]
    pub fn changed_since(&self, last: Day, controls: &[Control], commitments: &[Kept]) -> Vec<String> {
        let since: Timestamp = format!("{last}T00:00:00Z")
            .parse::<Timestamp>()
            .map_or(Timestamp::from_micros(0), |at| at.plus_micros(DAY_US));
        let mut said = Vec::new();
        for kept in commitments {
            let is_in = self.commitments.contains(&kept.key);
            if is_in && !kept.in_force {
                said.push(format!(
                    "{} ({}) does not hold any more and is in the scope.",
                    kept.key, kept.title
                ));
            } else if !is_in && kept.in_force && kept.since >= since {
                said.push(format!(
                    "{} ({}) is new or changed and is not in the scope.",
                    kept.key, kept.title
                ));
            } else if is_in && kept.since >= since {
                said.push(format!("{} ({}) changed.", kept.key, kept.title));
            }
        }
        let named: BTreeSet<&ControlId> = self
            .objectives
            .iter()
            .flat_map(|objective| &objective.controls)
            .chain(self.subservices.iter().flat_map(|subservice| &subservice.monitoring))
            .chain(self.vendor_controls.iter().flat_map(|expected| &expected.controls))
            .collect();
        for control in controls.iter().filter(|control| self.covers(control) || named.contains(&control.id)) {
            said.extend(control_changes(control, since, named.contains(&control.id)));
        }
        for id in named {
            if !controls.iter().any(|control| control.id == *id) {
                said.push(format!("{id} is named in the scope and is not there."));
            }
        }
        said
    }
}

fn control_changes(control: &Control, since: Timestamp, is_named: bool) -> Option<String> {
    let id = &control.id;
    let force = control.force()?;
    if control.state() == ControlState::Retired {
        let to = force.to.filter(|to| *to >= since || is_named)?;
        return Some(format!(
            "{id} was retired on {}{}.",
            to.date(),
            if is_named { " and is named in the scope" } else { "" }
        ));
    }
    if force.from >= since {
        return Some(format!("{id} came into force on {}.", force.from.date()));
    }
    let text = control.text.current();
    (text.held.from >= since).then(|| {
        format!(
            "The text of {id} changed on {}: {}.",
            text.held.from.date(),
            text.reason.trim_end_matches('.')
        )
    })
}

/// Tells whether a part is about one period only, so that it is written anew.
pub(super) fn is_of_its_time(part: Part) -> bool {
    matches!(part, Part::Incidents | Part::Changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::engagement::ReportKind;
    use crate::id::ActorId;

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn period(from: &str, to: &str) -> Time {
        Time::Period { from: day(from), to: day(to) }
    }

    #[test]
    fn the_time_that_follows_is_back_to_back_and_as_long() {
        for (before, after) in [
            (period("2026-01-01", "2026-12-31"), period("2027-01-01", "2027-12-31")),
            (period("2026-01-01", "2026-03-31"), period("2026-04-01", "2026-06-30")),
            (period("2027-09-01", "2028-02-29"), period("2028-03-01", "2028-08-31")),
            (period("2026-01-10", "2026-01-19"), period("2026-01-20", "2026-01-29")),
            (period("2026-01-10", "2026-01-10"), period("2026-01-11", "2026-01-11")),
            (Time::AsOf { date: day("2026-06-30") }, Time::AsOf { date: day("2027-06-30") }),
        ] {
            assert_eq!(before.following(), Some(after), "{before}");
        }
        assert_eq!(period("9999-01-01", "9999-12-31").following(), None);
    }

    #[test]
    fn what_changed_since_is_told() {
        let at = |text: &str| format!("{text}T12:00:00Z").parse::<Timestamp>().expect("a moment");
        let somebody = ActorId(uuid::Uuid::from_u128(1));
        let catalog = Catalog::builtin();
        let control = |id: &str, from: &str, to: Option<&str>| {
            let mut control = Control::adopt(catalog.control(id).expect("there"), somebody, at("2025-12-01"))
                .expect("adopted");
            control.owner = Some(somebody);
            control.activate(at(from)).expect("active");
            if let Some(to) = to {
                control.retire(at(to)).expect("retired");
            }
            control
        };
        let controls = [
            control("IAM-05", "2026-01-01", None),
            control("IAM-06", "2027-01-10", None),
            control("IAM-07", "2026-01-01", Some("2027-02-01")),
            control("IAM-08", "2026-01-01", Some("2026-02-01")),
        ];
        let kept = |key, in_force, since: &str| Kept {
            key: CommitmentKey(key),
            title: format!("Promise {key}"),
            in_force,
            since: at(since),
        };
        let commitments = [
            kept(1, false, "2026-05-01"),
            kept(2, true, "2027-01-02"),
            kept(3, true, "2026-05-01"),
            kept(4, true, "2027-01-02"),
        ];
        let mut scope = Scope::of(ReportKind::Soc2, period("2027-01-01", "2027-12-31"), "Payroll");
        scope.commitments = [1, 3, 4].map(CommitmentKey).into();
        assert_eq!(
            scope.changed_since(day("2026-12-31"), &controls, &commitments),
            [
                "SC-1 (Promise 1) does not hold any more and is in the scope.",
                "SC-2 (Promise 2) is new or changed and is not in the scope.",
                "SC-4 (Promise 4) changed.",
                "IAM-06 came into force on 2027-01-10.",
                "IAM-07 was retired on 2027-02-01.",
            ]
        );
    }
}
