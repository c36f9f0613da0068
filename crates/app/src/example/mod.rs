//! The example company: a year of a company that does not exist, made through the same use cases as real work.
//!
//! [`create`] opens and records runs, lets people decide and sequences the log as the program does at a real company;
//! only the clock is moved by the story and what is seen is invented. The same seed and end give the same facts, verdicts
//! and records. Everything is marked as an example: the names, the database ([`identity::example`]), and by that pages,
//! reports and bundles. An example is never made beside a real organization.

mod access;
mod chance;
mod company;
mod duties;
mod estate;
mod examination;
mod facts;
mod lists;
mod look;
mod people;
mod plug;
mod schedule;
mod story;
mod waivers;

use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::time::{DAY_US, HOUR_US};
use tickmark_evaluate::Library;

use self::chance::Chance;
use self::duties::Duties;
use self::estate::Estate;
use self::examination::Examined;
use self::people::People;
use self::schedule::Demands;
use self::story::Story;
use crate::{Actor, App, Error, Result, control, identity};

pub use company::{ORGANIZATION, SYSTEM};
pub use examination::{EXAMINED_DAYS, Examination, hand_over};
pub use plug::{StoryClock, StoryEntropy};

/// Days of the example's year.
pub const YEAR_DAYS: u32 = 365;
/// Fewest days over which the story can be told.
const MIN_DAYS: u32 = 20;
/// Most days: beyond two years nothing new happens.
const MAX_DAYS: u32 = 730;
/// Fewest hosts that leave two of each role.
const MIN_HOSTS: u32 = 6;
/// Most hosts; more take minutes.
const MAX_HOSTS: u32 = 1000;
/// When hosts are looked at, after the start of the day.
const LOOK_US: i64 = 2 * HOUR_US;
/// When people work, after the start of the day.
const OFFICE_US: i64 = LOOK_US + 3 * HOUR_US / 2;
/// Days between two words about how far it is.
const TELL_DAYS: u32 = 10;

/// What kind of example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// From which everything is drawn.
    pub seed: u64,
    /// Hosts on the first day: two more join.
    pub hosts: u32,
    /// Length in days.
    pub days: u32,
    /// The present moment, at which the story ends.
    pub end: Timestamp,
}

impl Settings {
    /// Returns the example of a year with 24 hosts.
    #[must_use]
    pub fn year(seed: u64, end: Timestamp) -> Self {
        Self { seed, hosts: 24, days: YEAR_DAYS, end }
    }

    /// Returns a small one for tests: 60 days with 6 hosts.
    #[must_use]
    pub fn small(seed: u64, end: Timestamp) -> Self {
        Self { seed, hosts: MIN_HOSTS, days: 60, end }
    }

    /// Returns the moment at which the clock must stand when the program is opened for [`create`].
    #[must_use]
    pub fn opening(&self) -> Timestamp {
        self.midnight(0).plus_micros(HOUR_US)
    }

    /// Returns the start of a day of the story. The last day is that of the newest look before the end.
    fn midnight(&self, day: u32) -> Timestamp {
        let settled = 2 * LOOK_US;
        let last = self.end.plus_micros(-settled).micros().div_euclid(DAY_US) * DAY_US;
        Timestamp::from_micros(last - i64::from(self.days - 1 - day) * DAY_US)
    }

    /// Returns the period that is opened and closed in the ledger: the whole days of the story that are over at its end.
    #[must_use]
    pub fn period(&self) -> (Timestamp, Timestamp) {
        let today = self.end.micros().div_euclid(DAY_US) * DAY_US;
        (self.midnight(0), Timestamp::from_micros(today))
    }

    /// Tells what is out of range.
    ///
    /// # Errors
    /// `Invalid`, naming the range.
    pub fn check(&self) -> Result<()> {
        if !(MIN_DAYS..=MAX_DAYS).contains(&self.days) {
            return Err(Error::invalid(format!("an example has {MIN_DAYS} to {MAX_DAYS} days")));
        }
        if !(MIN_HOSTS..=MAX_HOSTS).contains(&self.hosts) {
            return Err(Error::invalid(format!("an example has {MIN_HOSTS} to {MAX_HOSTS} hosts")));
        }
        Ok(())
    }
}

/// Where the story is played.
pub struct Stage<'a> {
    /// The program, on a data folder without an organization, its clock at [`Settings::opening`].
    pub app: &'a App,
    /// Moves the clock of the program, only ever forward.
    pub move_clock: &'a (dyn Fn(Timestamp) + Sync),
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The checks, before the company gives them its parameters.
    pub library: &'a Library,
    /// Hears how far it is, for people.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Created {
    /// The program as actor of the example.
    pub actor: Actor,
    /// The leader of the security program, who may decide.
    pub lead: Actor,
    /// The checks as they are at the end.
    pub library: Library,
    /// Runs, with those that never ended.
    pub runs: u32,
    /// Hosts, with those that joined.
    pub hosts: usize,
    /// Answers that people gave.
    pub decisions: usize,
    /// Times that people performed a control in a window.
    pub performances: usize,
    /// The examinations; none in fewer than [`EXAMINED_DAYS`].
    pub examination: Option<Examination>,
}

/// Makes the example company and plays its story up to [`Settings::end`].
///
/// # Errors
/// `Conflict` if there is an organization already; `Invalid` if the settings are out of range; otherwise as the use
/// cases. What was made until then stays, marked as an example.
pub async fn create(stage: &Stage<'_>, settings: &Settings) -> Result<Created> {
    settings.check()?;
    let app = stage.app;
    if let Some(found) = app.organizations().await?.first() {
        return Err(Error::conflict(format!("an example is not made beside {}", found.name)));
    }
    let chance = Chance::of(settings.seed);
    let story = Story::over(settings.days);
    let hosts = company::hosts(settings.hosts, settings.days, chance);
    let duties = Duties::plan(stage.catalog, settings, chance);
    let demands = Demands { start: settings.midnight(0), story: &story, duties: &duties, chance };
    (stage.move_clock)(settings.opening());
    let actor = app.ensure_organization(ORGANIZATION, SYSTEM).await?;
    let library = schedule::on(0, demands, stage.library)?;
    app.transact(&actor, async |cx| {
        identity::mark_example(cx, settings.seed).await?;
        control::adopt_starters(cx, stage.catalog).await?;
        // Once: other parameters of the same checks test the same controls.
        control::sync_tests(cx, &library).await
    })
    .await?;
    let (from, to) = settings.period();
    let period = app.open_period(&actor, from, to).await?;
    let people = People::hire(stage, &actor, settings, chance).await?;
    let mut examined = Examined::plan(settings);
    let mut created = Created {
        actor: actor.clone(),
        lead: people.lead().clone(),
        library,
        runs: settings.days,
        hosts: hosts.len(),
        decisions: 0,
        performances: 0,
        examination: examined.made(),
    };
    let mut estate = Estate::of(hosts, &story, chance);
    for day in 0..settings.days {
        if day.is_multiple_of(TELL_DAYS) {
            (stage.tell)(&format!("day {day} of {}", settings.days));
        }
        if day > 0 && schedule::changes_on(demands, day) {
            created.library = schedule::on(day, demands, stage.library)?;
        }
        (stage.move_clock)(settings.midnight(day).plus_micros(LOOK_US));
        estate.look_at_all(stage, &actor, &created.library, day).await?;
        (stage.move_clock)(settings.midnight(day).plus_micros(OFFICE_US));
        waivers::grant(stage, settings, &people, &created.library, day).await?;
        access::work(stage, settings, &people, day).await?;
        created.performances += duties.perform(stage, &people, day).await?;
        if day == settings.days - 1 {
            lists::bring_in(stage, settings, &people, chance, examined.listed_until()).await?;
        }
        created.decisions += people.work(stage, settings, &created.library, day, chance).await?;
        examined.work(stage, settings, &people, chance, day).await?;
        app.sequence(&actor).await?;
    }
    (stage.move_clock)(settings.end);
    // The authorities of the settings are asked, as for any period; without any nobody else says when it was closed.
    app.close_period(&actor, period.key).await?;
    Ok(created)
}
