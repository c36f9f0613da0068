//! Reminders: what is told to whom at which step, by the clock where they are.
//!
//! Pure: facts, a moment and a zone give notices. Whoever keeps them tells each thing and step once; so a program that did
//! not run for a while tells where a thing stands now, not every step that it missed.

use std::str::FromStr;

use jiff::{Span, ToSpan as _};

use crate::Timestamp;
use crate::time::DAY_US;
use crate::zone::Zone;

/// Days before its last day on which a thing is first told of.
pub const SOON_DAYS: i32 = 7;
/// Percent of its time at which what is told of by it is first told of.
///
/// Source: `docs/domain/identity.md` section 2.5.
pub const HALF: u8 = 50;
/// Percent of its time at which it is told of once more, before the last time at its end.
pub const MOST: u8 = 80;
/// Hour of the clock from which on a morning is one.
pub const MORNING_HOUR: i8 = 7;
/// Hour of the clock from which on nobody is written to any more.
pub const EVENING_HOUR: i8 = 21;
/// Most days after which what nobody did is told to others.
pub const MAX_ESCALATE_DAYS: u32 = 90;
/// Days after which it is, unless the organization says otherwise.
pub const ESCALATE_DAYS: u32 = 7;

/// What is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matter {
    /// A control that is due in a window.
    Occurrence,
    /// Evidence that came back.
    Returned,
    /// Something waits for their decision.
    Decision,
    /// Evidence that gets old.
    Evidence,
    /// A waiver that ends.
    Waiver,
    /// A finding that is to be fixed.
    Finding,
    /// A comment that names them.
    Mention,
    /// A request of an examination.
    Request,
    /// An exception that management answers.
    Response,
    /// A review of access that waits for answers.
    Review,
    /// Nobody outside sees the ledger.
    Ledger,
    /// The week, for those who run the program.
    Week,
}

/// How far a thing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It came up, and has no day.
    New,
    /// Half of the time for it is over.
    Half,
    /// Four fifths of the time for it are over.
    Most,
    /// Its last day is near.
    Soon,
    /// This is its last day.
    Today,
    /// Its time is over.
    Overdue,
    /// Its time has been over for long, and others are told.
    Escalated,
}

/// No matter, step or way of being reminded has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("reminders know no {0:?}")]
pub struct UnknownReminderWord(pub String);

macro_rules! words {
    ($type:ident, $count:literal: $($name:ident = $word:literal),+ $(,)?) => {
        impl $type {
            /// All of them.
            pub const ALL: [Self; $count] = [$(Self::$name),+];

            /// Returns the word used in storage and forms.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }

        impl FromStr for $type {
            type Err = UnknownReminderWord;

            fn from_str(text: &str) -> Result<Self, UnknownReminderWord> {
                let found = Self::ALL.into_iter().find(|one| one.word() == text);
                found.ok_or_else(|| UnknownReminderWord(text.chars().take(60).collect()))
            }
        }
    };
}

words!(Matter, 12: Occurrence = "occurrence", Returned = "returned", Decision = "decision", Evidence = "evidence",
    Waiver = "waiver", Finding = "finding", Mention = "mention", Request = "request", Response = "response",
    Review = "access_review", Ledger = "ledger", Week = "week");
words!(Step, 7: New = "new", Half = "half", Most = "most", Soon = "soon", Today = "today", Overdue = "overdue", Escalated = "escalated");
words!(Preference, 4: InApp = "in_app", Each = "each", Daily = "daily", Weekly = "weekly");

/// Something that somebody is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is, the same as long as it is the same: `window IAM-07 2026-Q4`.
    pub about: String,
    /// What kind of thing.
    pub matter: Matter,
    /// What people call it.
    pub title: String,
    /// Where it is in the pages.
    pub path: String,
    /// First moment at which it is too late; none for what has no day.
    pub due: Option<Timestamp>,
    /// How much of the time for it is over, in percent, where it is told of by that and not by its days.
    pub time_over: Option<u8>,
    /// For whoever looks after it that others do it: the moment from which on they are told.
    pub escalated_from: Option<Timestamp>,
}

impl Fact {
    /// Something that has no day: it is told of once, as it comes up.
    #[must_use]
    pub fn undated(about: String, matter: Matter, title: String, path: String) -> Self {
        Self { about, matter, title, path, due: None, time_over: None, escalated_from: None }
    }

    /// Something that is too late from a moment on, and told of by its days.
    #[must_use]
    pub fn due(about: String, matter: Matter, title: String, path: String, due: Timestamp) -> Self {
        Self { due: Some(due), ..Self::undated(about, matter, title, path) }
    }
}

/// Somebody is told of a fact at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The fact.
    pub fact: Fact,
    /// The step.
    pub step: Step,
}

/// Returns the step at which a fact stands for somebody in a zone; none while there is nothing to tell.
#[must_use]
pub fn step_of(fact: &Fact, now: Timestamp, zone: &Zone) -> Option<Step> {
    if let Some(from) = fact.escalated_from {
        return (now >= from).then_some(Step::Escalated);
    }
    if let Some(over) = fact.time_over {
        return match over {
            0..HALF => None,
            HALF..MOST => Some(Step::Half),
            MOST..100 => Some(Step::Most),
            _ => Some(Step::Overdue),
        };
    }
    let Some(due) = fact.due else { return Some(Step::New) };
    if now >= due {
        return Some(Step::Overdue);
    }
    let (today, last) = (zone.day(now), zone.day(due.plus_micros(-1)));
    if today >= last {
        return Some(Step::Today);
    }
    let ahead = today.checked_add(SOON_DAYS.days()).unwrap_or(today);
    (ahead >= last).then_some(Step::Soon)
}

/// Returns what somebody in a zone is to be told now, in the order of the facts.
#[must_use]
pub fn notices(facts: &[Fact], now: Timestamp, zone: &Zone) -> Vec<Notice> {
    let told = |fact: &Fact| step_of(fact, now, zone).map(|step| Notice { fact: fact.clone(), step });
    facts.iter().filter_map(told).collect()
}

/// Returns the moment from which on others are told of what was too late at `due`.
#[must_use]
pub fn escalated_from(due: Timestamp, days: u32) -> Timestamp {
    due.plus_micros(i64::from(days) * DAY_US)
}

/// How somebody wants to be reminded. In the pages they always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preference {
    /// In the pages only.
    InApp,
    /// A letter for each thing, as it comes up; at night it waits for the morning.
    Each,
    /// One letter each morning with what came up.
    #[default]
    Daily,
    /// One letter each Monday morning.
    Weekly,
}

impl Preference {
    /// Returns the name of the time at which somebody may be written to now, which is the same until the next such time;
    /// none if this is no such time. In each named time they are written to at most once, apart from [`Self::Each`].
    #[must_use]
    pub fn slot(self, now: Timestamp, zone: &Zone) -> Option<String> {
        let clock = zone.clock(now);
        match self {
            Self::InApp => None,
            Self::Each => (MORNING_HOUR..EVENING_HOUR).contains(&clock.hour()).then(|| "each".to_owned()),
            Self::Daily => (clock.hour() >= MORNING_HOUR).then(|| format!("day {}", clock.date())),
            Self::Weekly => Some(format!("week {}", week(now, zone))),
        }
    }
}

/// Returns the ISO week, `2026-W48`, that began with the last Monday morning there.
#[must_use]
pub fn week(at: Timestamp, zone: &Zone) -> String {
    let back: Span = i64::from(MORNING_HOUR).hours();
    let clock = zone.clock(at);
    let week = clock.checked_sub(back).unwrap_or(clock).date().iso_week_date();
    format!("{:04}-W{:02}", week.year(), week.week())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::time::HOUR_US;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn zone(name: &str) -> Zone {
        name.parse().expect("a zone")
    }

    fn fact(due: Option<Timestamp>) -> Fact {
        let about = "window IAM-07 2026-11".into();
        let undated =
            Fact::undated(about, Matter::Occurrence, "IAM-07".into(), "/controls/IAM-07/occurrences".into());
        Fact { due, ..undated }
    }

    #[test]
    fn a_step_comes_where_somebody_is() {
        // Due at the end of 30 November in UTC: in Auckland (13 hours ahead) its last day is the first of December.
        let due = fact(Some(at("2026-12-01T00:00:00Z")));
        for (zone_name, now, expected) in [
            ("UTC", "2026-11-22T23:59:59Z", None),
            ("UTC", "2026-11-23T00:00:00Z", Some(Step::Soon)),
            ("UTC", "2026-11-29T23:59:59Z", Some(Step::Soon)),
            ("UTC", "2026-11-30T00:00:00Z", Some(Step::Today)),
            ("UTC", "2026-12-01T00:00:00Z", Some(Step::Overdue)),
            ("Pacific/Auckland", "2026-11-30T10:59:59Z", Some(Step::Soon)),
            ("Pacific/Auckland", "2026-11-30T11:00:00Z", Some(Step::Today)),
            ("America/Los_Angeles", "2026-11-30T07:59:59Z", Some(Step::Soon)),
            ("America/Los_Angeles", "2026-11-30T08:00:00Z", Some(Step::Today)),
            ("America/Los_Angeles", "2026-12-01T00:00:00Z", Some(Step::Overdue)),
        ] {
            assert_eq!(step_of(&due, at(now), &zone(zone_name)), expected, "{zone_name} {now}");
        }
        assert_eq!(step_of(&fact(None), at("2026-11-30T00:00:00Z"), &Zone::utc()), Some(Step::New));
        let late = Fact { escalated_from: Some(at("2026-12-08T00:00:00Z")), ..due };
        assert_eq!(step_of(&late, at("2026-12-07T23:59:59Z"), &Zone::utc()), None);
        assert_eq!(step_of(&late, at("2026-12-08T00:00:00Z"), &Zone::utc()), Some(Step::Escalated));
    }

    #[test]
    fn what_is_told_by_its_share_of_time_is_told_three_times() {
        for (over, expected) in [
            (0, None),
            (49, None),
            (50, Some(Step::Half)),
            (79, Some(Step::Half)),
            (80, Some(Step::Most)),
            (99, Some(Step::Most)),
            (100, Some(Step::Overdue)),
        ] {
            let due = Some(at("2026-12-01T00:00:00Z"));
            let review = Fact { time_over: Some(over), ..fact(due) };
            assert_eq!(step_of(&review, at("2026-11-30T12:00:00Z"), &Zone::utc()), expected, "{over}");
        }
    }

    #[test]
    fn letters_come_in_the_morning_where_somebody_is() {
        for (preference, zone_name, now, expected) in [
            (Preference::Daily, "Europe/Berlin", "2026-11-24T05:59:59Z", None),
            (Preference::Daily, "Europe/Berlin", "2026-11-24T06:00:00Z", Some("day 2026-11-24")),
            (Preference::Daily, "Pacific/Auckland", "2026-11-24T18:00:00Z", Some("day 2026-11-25")),
            (Preference::Each, "UTC", "2026-11-24T06:59:59Z", None),
            (Preference::Each, "UTC", "2026-11-24T20:59:59Z", Some("each")),
            (Preference::Each, "UTC", "2026-11-24T21:00:00Z", None),
            (Preference::Weekly, "UTC", "2026-11-23T06:59:59Z", Some("week 2026-W47")),
            (Preference::Weekly, "UTC", "2026-11-23T07:00:00Z", Some("week 2026-W48")),
            (Preference::Weekly, "America/Los_Angeles", "2026-11-23T14:59:59Z", Some("week 2026-W47")),
            (Preference::Weekly, "UTC", "2027-01-01T12:00:00Z", Some("week 2026-W53")),
            (Preference::InApp, "UTC", "2026-11-24T12:00:00Z", None),
        ] {
            let slot = preference.slot(at(now), &zone(zone_name));
            assert_eq!(slot.as_deref(), expected, "{preference:?} {zone_name} {now}");
        }
    }

    #[test]
    fn words_lead_back() {
        for matter in Matter::ALL {
            assert_eq!(matter.word().parse(), Ok(matter));
        }
        for step in Step::ALL {
            assert_eq!(step.word().parse(), Ok(step));
        }
        for preference in Preference::ALL {
            assert_eq!(preference.word().parse(), Ok(preference));
        }
        assert_eq!("hourly".parse::<Preference>(), Err(UnknownReminderWord("hourly".into())));
    }

    /// Zones whose clocks do odd things: at midnight, by half an hour, over the line of dates, or never.
    const ZONES: [&str; 10] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "Africa/Cairo",
        "Pacific/Apia",
        "Pacific/Kiritimati",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whoever looks every hour, whatever clocks do meanwhile, tells each step once, in order, and the last one.
        #[test]
        fn steps_come_once_and_in_order(
            zone_at in 0..ZONES.len(),
            // From 2010 to 2030, so that clocks were put forward and back in each of these zones.
            hour in 350_000_i64..525_000,
            before in 1_i64..24 * 12,
        ) {
            let zone = zone(ZONES[zone_at]);
            let due = Timestamp::from_micros(hour * HOUR_US);
            let fact = fact(Some(due));
            let (mut told, mut order) = (BTreeSet::new(), Vec::new());
            for hours in -before..48 {
                for notice in notices(std::slice::from_ref(&fact), due.plus_micros(hours * HOUR_US), &zone) {
                    if told.insert((notice.fact.about.clone(), notice.step)) {
                        order.push(notice.step);
                    }
                }
            }
            prop_assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{order:?}");
            prop_assert_eq!(order.last(), Some(&Step::Overdue));
            // Its last day may begin half an hour before it ends.
            let last = zone.day(due.plus_micros(-1));
            let is_seen = (-before..0).any(|hours| zone.day(due.plus_micros(hours * HOUR_US)) >= last);
            prop_assert_eq!(order.contains(&Step::Today), is_seen);
        }

        /// A day has one letter, and every day has one, whatever clocks do; weeks as well.
        #[test]
        fn each_day_and_each_week_has_one_letter(zone_at in 0..ZONES.len(), hour in 350_000_i64..525_000) {
            let zone = zone(ZONES[zone_at]);
            let (mut days, mut weeks, mut dates) = (Vec::new(), Vec::new(), BTreeSet::new());
            for hours in 0..24 * 30 {
                let now = Timestamp::from_micros((hour + hours) * HOUR_US);
                if zone.clock(now).hour() >= MORNING_HOUR {
                    dates.insert(zone.day(now).to_string());
                }
                days.extend(Preference::Daily.slot(now, &zone));
                weeks.extend(Preference::Weekly.slot(now, &zone));
            }
            days.dedup();
            weeks.dedup();
            let once = |all: &[String]| all.iter().collect::<BTreeSet<_>>().len() == all.len();
            prop_assert!(once(&days) && once(&weeks), "a time comes back: {days:?} {weeks:?}");
            let named: BTreeSet<String> = days.iter().map(|day| day.replace("day ", "")).collect();
            prop_assert_eq!(named, dates);
        }
    }
}
