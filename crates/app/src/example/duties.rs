//! What people do in windows of the calendar: planned once, performed day by day.

use std::collections::BTreeMap;

use tickmark_core::catalog::{Catalog, Frequency, Nature, StarterControl};
use tickmark_core::program::performance::{Schedule, Window};
use tickmark_core::time::DAY_US;

use super::chance::Chance;
use super::people::{self, People};
use super::{Settings, Stage};
use crate::program::performance::{self, EvidenceFile, NewPerformance};
use crate::{Error, Result, identity};

/// The review of access rights: late in every first quarter of the calendar and missed in every second.
const ACCESS_REVIEW: &str = "IAM-07";
/// Days after the end of its window on which a late review is done; the grace of a quarter is shorter.
const LATE_DAYS: i64 = 22;
/// The test of restoring a backup: forgotten in one quarter. `bak-restore-tested` is told of each test.
const RESTORE_TEST: &str = "AVL-04";
/// Share of the story, in thousandths, that lies in the quarter in which nobody tested a restore.
const FORGOTTEN_PERMILLE: u32 = 450;
/// Days before the story for which duties are planned as well: the newest restore test of then is still of use.
const BEFORE_DAYS: i64 = 250;

/// One performance of a control.
#[derive(Debug)]
struct Duty {
    /// Position of the control in the catalog.
    control: usize,
    window: Window,
    is_late: bool,
}

/// All performances of the story.
#[derive(Debug)]
pub(super) struct Duties {
    by_day: BTreeMap<u32, Vec<Duty>>,
    restore_tests: Vec<i64>,
}

impl Duties {
    /// Plans them from the frequencies of the catalog.
    pub(super) fn plan(catalog: &Catalog, settings: &Settings, chance: Chance) -> Self {
        let start = settings.midnight(0);
        let day_of = |micros: i64| (micros - start.micros()).div_euclid(DAY_US);
        let forgotten = settings.midnight(settings.days * FORGOTTEN_PERMILLE / 1000);
        let mut duties = Self { by_day: BTreeMap::new(), restore_tests: Vec::new() };
        for (control, starter) in catalog.controls.iter().enumerate() {
            if !is_a_duty(starter) {
                continue;
            }
            let Some(schedule) = Schedule::usual(starter.frequency) else { continue };
            let share =
                i64::try_from(55 + chance.below(30, &format!("window/{}", starter.id), 0)).expect("small");
            let mut next = schedule.window_at(start.plus_micros(-BEFORE_DAYS * DAY_US));
            while let Some(window) = next.filter(|window| window.from <= settings.end) {
                next = schedule.window_at(window.to);
                let quarter = window.id.chars().last();
                let is_late = starter.id == ACCESS_REVIEW && quarter == Some('1');
                let is_missed = (starter.id == ACCESS_REVIEW && quarter == Some('2'))
                    || (starter.id == RESTORE_TEST && window.from <= forgotten && forgotten < window.to);
                if is_missed {
                    continue;
                }
                let length = (window.to.micros() - window.from.micros()) / DAY_US;
                let offset = if is_late { length + LATE_DAYS } else { length * share / 100 };
                let day = day_of(window.from.micros()) + offset;
                if starter.id == RESTORE_TEST {
                    duties.restore_tests.push(day);
                }
                // What would have been done before the story is done soon after its begin, if its window is still open.
                let soon = i64::from(settings.days / 30) + 2 + share % 8;
                let is_open = soon < day_of(window.to.micros());
                let day = if day < 0 && is_open { soon } else { day };
                if let Some(day) = u32::try_from(day).ok().filter(|day| *day < settings.days) {
                    duties.by_day.entry(day).or_default().push(Duty { control, window, is_late });
                }
            }
        }
        duties
    }

    /// Returns the day of the newest restore test that was made before a day; below 0 if before the story.
    pub(super) fn restore_tested_before(&self, day: u32) -> Option<i64> {
        self.restore_tests.iter().copied().filter(|tested| *tested < i64::from(day)).max()
    }

    /// Performs what is done on a day; returns how many times.
    pub(super) async fn perform(&self, stage: &Stage<'_>, people: &People, day: u32) -> Result<usize> {
        let today = self.by_day.get(&day).map(Vec::as_slice).unwrap_or_default();
        for duty in today {
            let starter = &stage.catalog.controls[duty.control];
            let owner = people.owner(&starter.id);
            let now = stage.app.now();
            let text = format!(
                "{}\n\n{} {}\nWindow {}\nDone on {}\n\n{}\n",
                identity::EXAMPLE_NOTICE,
                starter.id,
                starter.title,
                duty.window.id,
                now.date(),
                starter.statement
            );
            let file = EvidenceFile {
                name: format!("{}-{}.txt", starter.id, duty.window.id),
                media_type: "text/plain; charset=utf-8".into(),
                bytes: text.into(),
            };
            let new = NewPerformance {
                control: starter.id.parse().map_err(Error::invalid)?,
                window: Some(duty.window.id.clone()),
                performed_at: now,
                performed_by: owner.id,
                evidence: Vec::new(),
                files: vec![file],
                note: if duty.is_late {
                    "Delayed by the move of the office (fictional).".into()
                } else {
                    String::new()
                },
            };
            stage.app.transact(owner, async |cx| performance::record(cx, new).await).await?;
        }
        Ok(today.len())
    }
}

/// Tells whether people perform a control in windows long enough for the example: it keeps no daily or weekly duties.
pub(super) fn is_too_frequent(starter: &StarterControl) -> bool {
    starter.nature != Nature::Automated
        && matches!(starter.frequency, Frequency::Daily | Frequency::Weekly | Frequency::SemiMonthly)
}

fn is_a_duty(starter: &StarterControl) -> bool {
    starter.nature != Nature::Automated && !is_too_frequent(starter) && !people::is_not_run(&starter.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned() -> (Duties, Settings, Catalog) {
        let catalog = Catalog::builtin();
        let settings = Settings::year(1, "2026-11-24T14:45:00Z".parse().expect("a moment"));
        (Duties::plan(&catalog, &settings, Chance::of(1)), settings, catalog)
    }

    #[test]
    fn a_year_has_one_late_and_one_missed_review_and_one_forgotten_restore_test() {
        let (duties, _, catalog) = planned();
        let windows = |control: &str| -> Vec<(&str, bool)> {
            let all = duties.by_day.values().flatten();
            let of = all.filter(|duty| catalog.controls[duty.control].id == control);
            of.map(|duty| (duty.window.id.as_str(), duty.is_late)).collect()
        };
        let reviews = windows(ACCESS_REVIEW);
        assert!(reviews.contains(&("2026-Q1", true)), "{reviews:?}");
        assert!(!reviews.iter().any(|(window, _)| *window == "2026-Q2"), "{reviews:?}");
        let tests: Vec<&str> = windows(RESTORE_TEST).into_iter().map(|(window, _)| window).collect();
        assert!(tests.contains(&"2026-Q1") && !tests.contains(&"2026-Q2"), "{tests:?}");
    }

    #[test]
    fn the_newest_restore_test_is_one_that_was_made() {
        let (duties, settings, _) = planned();
        let first = duties.restore_tested_before(0).expect("before the story");
        assert!((-120..0).contains(&first), "{first}");
        for day in 1..settings.days {
            let tested = duties.restore_tested_before(day).expect("one at least");
            assert!(tested < i64::from(day));
        }
        assert!(duties.by_day.keys().all(|day| *day < settings.days));
    }
}
