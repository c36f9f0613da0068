//! The examination of the example company: a SOC 2 Type 2 under way, as company and audit firm carry it, and a SOC 1 Type 2
//! that is only planned.
//!
//! The period lies within the story and ends before it does, so that fieldwork has begun: one control was drawn from and
//! showed a deviation, one exception is answered and one waits. No report of it is issued: that is left to whoever looks
//! around. An earlier report was received, and people outside read it.

mod document;
mod firm;
mod paper;
mod readers;
mod request;
mod scope;

use std::collections::BTreeSet;

use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::ControlId;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::id::PopulationKey;
use tickmark_core::time::SECOND_US;

use self::firm::Account;
use super::chance::Chance;
use super::people::People;
use super::{Settings, Stage, YEAR_DAYS, lists};
use crate::engagement::Changed;
use crate::{App, Error, Result};

pub use firm::hand_over;

/// Fewest days of an example with an examination: in fewer nothing is left for fieldwork.
pub const EXAMINED_DAYS: u32 = 40;
/// Days from which on the period begins and ends with a month.
const MONTHLY_DAYS: u32 = 180;
/// Between two things that people do.
const MINUTE_US: i64 = 60 * SECOND_US;
/// The examination under way. Numbers are given in order, and an example is made where there is none.
const SOC2: EngagementKey = EngagementKey(1);
/// The one that is planned.
const SOC1: EngagementKey = EngagementKey(2);

/// The examinations of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Under way.
    pub soc2: EngagementKey,
    /// Planned.
    pub soc1: EngagementKey,
    /// Address of the auditor who leads the one under way.
    pub auditor: &'static str,
}

/// The days on which something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Calendar {
    /// First day of the period.
    first: u32,
    /// Last day of the period, inside it.
    last: u32,
    /// Scopes are written and approved.
    scoped: u32,
    /// Description and assertion are drafted.
    described: u32,
    /// The firm is let in and asks, and management answers.
    opened: u32,
    /// The firm tests.
    tested: u32,
}

impl Calendar {
    /// Lays it over a story; none over one that is too short.
    fn over(settings: &Settings) -> Option<Self> {
        let days = settings.days;
        if days < EXAMINED_DAYS {
            return None;
        }
        let at = |permille: u32| days * permille / 1000;
        let (mut first, mut last) = (at(80), at(920));
        if days >= MONTHLY_DAYS {
            let begins_month = |day: u32| settings.midnight(day).date().ends_with("-01");
            last = (first..=last).rev().find(|day| begins_month(day + 1)).unwrap_or(last);
            first = first.max((last + 1).saturating_sub(YEAR_DAYS));
            first = (first..last).find(|day| begins_month(*day)).unwrap_or(first);
        }
        let opened = last + 1;
        Some(Self {
            first,
            last,
            scoped: last * 92 / 100,
            described: last * 96 / 100,
            opened,
            tested: opened + (days - 1 - opened) / 2,
        })
    }
}

/// What every act needs.
struct Play<'a> {
    stage: &'a Stage<'a>,
    settings: &'a Settings,
    people: &'a People,
    chance: Chance,
    calendar: Calendar,
}

impl<'a> Play<'a> {
    fn app(&self) -> &'a App {
        self.stage.app
    }

    /// Lets minutes go by.
    fn pass(&self, minutes: i64) {
        (self.stage.move_clock)(self.app().now().plus_micros(minutes * MINUTE_US));
    }

    /// Returns the day of the calendar on which a day of the story falls.
    fn day(&self, day: u32) -> Day {
        Day::of(self.settings.midnight(day))
    }

    fn period(&self) -> (Day, Day) {
        (self.day(self.calendar.first), self.day(self.calendar.last))
    }
}

/// The examination as it goes on.
pub(super) struct Examined {
    calendar: Option<Calendar>,
    firm: Vec<Account>,
    drawn_from: Option<PopulationKey>,
    nothing_in: Option<PopulationKey>,
}

impl Examined {
    /// Plans it, if the story is long enough.
    pub(super) fn plan(settings: &Settings) -> Self {
        Self { calendar: Calendar::over(settings), firm: Vec::new(), drawn_from: None, nothing_in: None }
    }

    /// Returns the day up to which the examined list was brought in for the period.
    pub(super) fn listed_until(&self) -> Option<u32> {
        self.calendar.map(|calendar| calendar.opened)
    }

    /// Returns what there is at the end.
    pub(super) fn made(&self) -> Option<Examination> {
        self.calendar.map(|_| Examination { soc2: SOC2, soc1: SOC1, auditor: firm::LEAD.email })
    }

    /// Does what is done on a day.
    pub(super) async fn work(
        &mut self,
        stage: &Stage<'_>,
        settings: &Settings,
        people: &People,
        chance: Chance,
        day: u32,
    ) -> Result<()> {
        let Some(calendar) = self.calendar else { return Ok(()) };
        let play = Play { stage, settings, people, chance, calendar };
        match day {
            day if day == calendar.scoped => scope::settle(&play).await,
            day if day == calendar.described => document::draft(&play).await,
            day if day == calendar.opened => self.open(&play).await,
            day if day == calendar.tested => self.test(&play).await,
            _ => Ok(()),
        }
    }

    /// The period is over: documents are signed, the firm comes in and asks, and what it will draw from is frozen.
    async fn open(&mut self, play: &Play<'_>) -> Result<()> {
        document::sign(play).await?;
        let Calendar { first, opened, .. } = play.calendar;
        let listed = async |control| {
            let Play { stage, settings, people, chance, .. } = play;
            lists::of_period(stage, settings, people, *chance, control, (first, opened)).await
        };
        self.drawn_from = Some(listed(lists::EXAMINED).await?);
        self.nothing_in = Some(listed(lists::UNUSED).await?);
        for auditor in [firm::LEAD, firm::STAFF] {
            let (account, actor) = firm::let_in(play, auditor).await?;
            if auditor == firm::LEAD {
                request::ask(play, &actor).await?;
            }
            firm::sign_out(play, &actor).await?;
            self.firm.push(account);
        }
        request::answer(play).await?;
        readers::distribute(play).await
    }

    /// The firm tests, decides and shares, and management answers one of two exceptions.
    async fn test(&self, play: &Play<'_>) -> Result<()> {
        let [lead, staff] = self.firm.as_slice() else { return Err(lost("people of its firm")) };
        let population = self.drawn_from.ok_or_else(|| lost("list to draw from"))?;
        let nothing = self.nothing_in.ok_or_else(|| lost("list without items"))?;
        let staff = staff.sign_in(play).await?;
        let sample = paper::draw(play, &staff, population).await?;
        request::answer_sample(play, &sample, population).await?;
        paper::write(play, &staff, &sample, nothing).await?;
        firm::sign_out(play, &staff).await?;
        let lead = lead.sign_in(play).await?;
        request::decide(play, &lead).await?;
        paper::review(play, &lead).await?;
        firm::sign_out(play, &lead).await?;
        paper::respond(play).await
    }
}

fn lost(what: &str) -> Error {
    Error::conflict(format!("the examination of the example has lost the {what}"))
}

/// Refuses to go on where somebody else wrote meanwhile: nobody else is in an example that is being made.
fn done(changed: &Changed) -> Result<()> {
    match changed {
        Changed::Done(_) => Ok(()),
        Changed::Stale(_) => Err(Error::conflict("somebody changes the example while it is made")),
    }
}

fn words(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(ToString::to_string).collect()
}

fn controls(of: &[&str]) -> Result<BTreeSet<ControlId>> {
    of.iter().map(|id| id.parse().map_err(Error::invalid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(days: u32) -> Option<(Calendar, Settings)> {
        let end = "2026-11-24T14:45:00Z".parse().expect("a moment");
        let settings = Settings { days, ..Settings::year(1, end) };
        Calendar::over(&settings).map(|calendar| (calendar, settings))
    }

    #[test]
    fn days_follow_one_another_in_every_story_that_is_long_enough() {
        assert_eq!(over(EXAMINED_DAYS - 1), None);
        for days in EXAMINED_DAYS..=super::super::MAX_DAYS {
            let (calendar, _) = over(days).expect("long enough");
            let Calendar { first, last, scoped, described, opened, tested } = calendar;
            let in_order = [days / 30 + 1, first, scoped, described, last, opened, tested, days - 1];
            assert!(in_order.is_sorted_by(|a, b| a <= b), "{days}: {calendar:?}");
            assert!(scoped < described && described < opened && opened < tested && tested < days - 1);
            assert!(last + 1 - first <= 366, "{days}: {calendar:?}");
        }
    }

    #[test]
    fn the_period_of_a_year_has_whole_months() {
        let (calendar, settings) = over(YEAR_DAYS).expect("long enough");
        let day = |day| settings.midnight(day).date();
        assert_eq!((day(calendar.first), day(calendar.last)), ("2026-01-01".into(), "2026-09-30".into()));
    }
}
