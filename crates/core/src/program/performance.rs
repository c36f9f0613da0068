//! Performances: a control with a frequency is due once in each window of the calendar.
//!
//! Windows are those of the calendar in UTC: months, quarters, ISO weeks. A performance is on time up to the end of the
//! window and the days of grace after it, late afterwards; a window without one is missed once that time is over, and
//! stays missed. A window belongs to the period in which it ends, so that each belongs to exactly one of adjoining
//! periods.

use jiff::civil::{Date, Weekday, date};
use jiff::tz::Offset;
use jiff::{Span as Calendar, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::control::{ControlId, Frequency};
use crate::id::{ActorId, EvidenceKey, PerformanceKey};
use crate::time::DAY_US;
use crate::{Span, Timestamp};

/// Most windows in one answer: a daily control over more than ten years.
pub const MAX_WINDOWS: usize = 4_000;
/// Most days of grace.
pub const MAX_GRACE_DAYS: u32 = 366;
/// Most characters of the note on a performance.
pub const MAX_NOTE_CHARS: usize = 4_000;
/// Most artifacts of one performance.
pub const MAX_EVIDENCE: usize = 100;

/// On which days a daily control is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Days {
    /// Monday to Friday.
    Weekdays,
    /// Every day.
    All,
}

impl Days {
    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Weekdays => "weekdays",
            Self::All => "all",
        }
    }
}

/// When a control is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Schedule {
    frequency: Frequency,
    grace_days: u32,
    days: Days,
}

/// One window of the calendar in which a control is due once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// Name: `2026`, `2026-H2`, `2026-Q4`, `2026-11`, `2026-11a`, `2026-W48` or `2026-11-24`.
    pub id: String,
    /// First moment inside.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// First moment at which a performance is late: the end with the days of grace.
    pub due: Timestamp,
}

/// One time that a control was performed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Number inside the organization.
    pub key: PerformanceKey,
    /// The control.
    pub control: ControlId,
    /// Name of the window it is for.
    pub window: String,
    /// When it was done, as whoever did it says.
    pub performed_at: Timestamp,
    /// Who did it.
    pub performed_by: ActorId,
    /// When it was written down here, which the ledger dates.
    pub recorded_at: Timestamp,
    /// What shows it, at least one.
    pub evidence: Vec<EvidenceKey>,
    /// What there is to say; may be empty, as after erasure.
    pub note: String,
}

/// What became of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowState {
    /// Performed on time.
    Done,
    /// Time is left. Not a deviation.
    NotYetDue,
    /// Performed after the time of grace. Stays so.
    Late,
    /// Not performed. Stays so until somebody performs it late.
    Missed,
}

impl WindowState {
    /// Returns the word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotYetDue => "not yet due",
            Self::Late => "late",
            Self::Missed => "missed",
        }
    }
}

/// Why a performance or a schedule is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerformanceError {
    /// Controls without a rhythm have populations or checks instead.
    #[error("a control that is performed {0} has no windows")]
    NoWindows(Frequency),
    /// Too long to say that something is late at all.
    #[error("{0} days of grace are more than {MAX_GRACE_DAYS}")]
    TooMuchGrace(u32),
    /// Not the name of a window.
    #[error("{window:?} is not a window of a {frequency} control, as {example} is")]
    UnknownWindow {
        /// What was given.
        window: String,
        /// The frequency.
        frequency: Frequency,
        /// A name that would be one.
        example: String,
    },
    /// Nothing can be done for a window before it begins.
    #[error("a performance at {performed_at} cannot be for window {window}, which begins at {from}")]
    BeforeWindow {
        /// The window.
        window: String,
        /// Its begin.
        from: Timestamp,
        /// When it is said to be done.
        performed_at: Timestamp,
    },
    /// Nothing is done yet that will be.
    #[error("a performance at {0} lies ahead")]
    InFuture(Timestamp),
    /// A performance that nobody can show is none.
    #[error("a performance of {0} needs evidence")]
    NoEvidence(ControlId),
    /// More than [`MAX_EVIDENCE`].
    #[error("a performance has at most {MAX_EVIDENCE} artifacts")]
    TooMuchEvidence,
    /// Too long, or with control characters.
    #[error("the note has at most {MAX_NOTE_CHARS} characters and no control characters")]
    Note,
}

/// Returns the days of grace that a schedule has when nobody has said otherwise; none for frequencies without windows.
#[must_use]
pub fn default_grace_days(frequency: Frequency) -> Option<u32> {
    match frequency {
        Frequency::Daily => Some(1),
        Frequency::Weekly => Some(3),
        Frequency::SemiMonthly => Some(5),
        Frequency::Monthly => Some(10),
        Frequency::Quarterly => Some(15),
        Frequency::SemiAnnual | Frequency::Annual => Some(30),
        Frequency::Continuous | Frequency::ManyTimesADay | Frequency::PerOccurrence => None,
    }
}

impl Schedule {
    /// Makes a schedule. `days` matters to daily controls only.
    ///
    /// # Errors
    /// If the frequency has no windows, or the grace is more than [`MAX_GRACE_DAYS`].
    pub fn new(frequency: Frequency, grace_days: u32, days: Days) -> Result<Self, PerformanceError> {
        if default_grace_days(frequency).is_none() {
            return Err(PerformanceError::NoWindows(frequency));
        }
        if grace_days > MAX_GRACE_DAYS {
            return Err(PerformanceError::TooMuchGrace(grace_days));
        }
        Ok(Self { frequency, grace_days, days })
    }

    /// Returns the schedule of a frequency when nobody has said otherwise: usual grace, weekdays.
    #[must_use]
    pub fn usual(frequency: Frequency) -> Option<Self> {
        default_grace_days(frequency).map(|grace_days| Self { frequency, grace_days, days: Days::Weekdays })
    }

    /// Returns how often it is due.
    #[must_use]
    pub fn frequency(self) -> Frequency {
        self.frequency
    }

    /// Returns the days after a window within which a performance is still on time.
    #[must_use]
    pub fn grace_days(self) -> u32 {
        self.grace_days
    }

    /// Returns on which days a daily control is due.
    #[must_use]
    pub fn days(self) -> Days {
        self.days
    }

    /// Says it in words: `quarterly, 15 days of grace`.
    #[must_use]
    pub fn plain(self) -> String {
        let days = if self.frequency == Frequency::Daily && self.days == Days::Weekdays {
            " on weekdays"
        } else {
            ""
        };
        let unit = if self.grace_days == 1 { "day" } else { "days" };
        format!("{}{days}, {} {unit} of grace", self.frequency.plain(), self.grace_days)
    }

    /// Returns the window that holds a moment; none on days that are not due.
    #[must_use]
    pub fn window_at(self, at: Timestamp) -> Option<Window> {
        let day = date_of(at);
        let (window, is_due) = self.window_of(day)?;
        is_due.then_some(window)
    }

    /// Returns the windows that end inside a span, `from` exclusive and `to` inclusive, oldest first; at most
    /// [`MAX_WINDOWS`].
    #[must_use]
    pub fn windows_ending_in(self, from: Timestamp, to: Timestamp) -> Vec<Window> {
        let mut windows = Vec::new();
        let mut day = date_of(from);
        // The calendar of a 64-bit year ends somewhere; whoever asks up to there gets what fits.
        while windows.len() < MAX_WINDOWS {
            let Some((window, is_due)) = self.window_of(day) else { break };
            if window.to > to {
                break;
            }
            day = date_of(window.to);
            if is_due && window.to > from {
                windows.push(window);
            }
        }
        windows
    }

    /// Finds a window by its name.
    ///
    /// # Errors
    /// If this schedule has no window of that name.
    pub fn find(self, name: &str) -> Result<Window, PerformanceError> {
        let found = first_day(name).and_then(|day| self.window_of(day));
        match found {
            Some((window, true)) if window.id == name => Ok(window),
            _ => Err(PerformanceError::UnknownWindow {
                window: name.chars().take(40).collect(),
                frequency: self.frequency,
                example: self.window_of(date(2026, 11, 24)).map(|(window, _)| window.id).unwrap_or_default(),
            }),
        }
    }

    /// Returns the window that holds a day, and whether the control is due in it.
    fn window_of(self, day: Date) -> Option<(Window, bool)> {
        let (year, month) = (day.year(), day.month());
        let month_of = |month: i8| Date::new(year, month, 1).ok();
        let (id, first, length): (String, Date, Calendar) = match self.frequency {
            Frequency::Annual => (format!("{year:04}"), month_of(1)?, 1.year()),
            Frequency::SemiAnnual => {
                let half = (month - 1) / 6;
                (format!("{year:04}-H{}", half + 1), month_of(half * 6 + 1)?, 6.months())
            }
            Frequency::Quarterly => {
                let quarter = (month - 1) / 3;
                (format!("{year:04}-Q{}", quarter + 1), month_of(quarter * 3 + 1)?, 3.months())
            }
            Frequency::Monthly => (format!("{year:04}-{month:02}"), month_of(month)?, 1.month()),
            Frequency::SemiMonthly if day.day() <= 15 => {
                (format!("{year:04}-{month:02}a"), month_of(month)?, 15.days())
            }
            Frequency::SemiMonthly => {
                let first = Date::new(year, month, 16).ok()?;
                (format!("{year:04}-{month:02}b"), first, i64::from(day.days_in_month() - 15).days())
            }
            Frequency::Weekly => {
                let week = day.iso_week_date();
                let first = day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()?;
                (format!("{:04}-W{:02}", week.year(), week.week()), first, 7.days())
            }
            Frequency::Daily => (day.to_string(), day, 1.day()),
            Frequency::Continuous | Frequency::ManyTimesADay | Frequency::PerOccurrence => return None,
        };
        let end = midnight(first.checked_add(length).ok()?)?;
        let window = Window {
            id,
            from: midnight(first)?,
            to: end,
            due: end.plus_micros(i64::from(self.grace_days) * DAY_US),
        };
        let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let is_due = self.frequency != Frequency::Daily || self.days == Days::All || !is_weekend;
        Some((window, is_due))
    }
}

impl Window {
    /// Returns what became of the window, and the performance that decides it: the earliest.
    #[must_use]
    pub fn outcome<'a>(
        &self,
        performances: impl IntoIterator<Item = &'a Performance>,
        now: Timestamp,
    ) -> (WindowState, Option<&'a Performance>) {
        let earliest = performances
            .into_iter()
            .filter(|performance| performance.window == self.id)
            .min_by_key(|performance| (performance.performed_at, performance.key));
        let state = match earliest {
            Some(performance) if performance.performed_at < self.due => WindowState::Done,
            Some(_) => WindowState::Late,
            None if now < self.due => WindowState::NotYetDue,
            None => WindowState::Missed,
        };
        (state, earliest)
    }

    /// Returns the window as a span.
    #[must_use]
    pub fn span(&self) -> Span {
        Span { from: self.from, to: Some(self.to) }
    }
}

impl Performance {
    /// Checks that what somebody says was done can be a performance of a window.
    ///
    /// # Errors
    /// If it lies ahead or before its window, shows no evidence, or its note cannot be kept.
    pub fn check(&self, window: &Window) -> Result<(), PerformanceError> {
        if self.performed_at > self.recorded_at {
            return Err(PerformanceError::InFuture(self.performed_at));
        }
        if self.performed_at < window.from {
            return Err(PerformanceError::BeforeWindow {
                window: window.id.clone(),
                from: window.from,
                performed_at: self.performed_at,
            });
        }
        if self.evidence.is_empty() {
            return Err(PerformanceError::NoEvidence(self.control.clone()));
        }
        if self.evidence.len() > MAX_EVIDENCE {
            return Err(PerformanceError::TooMuchEvidence);
        }
        let is_odd = |c: char| c.is_control() && c != '\n';
        if self.note.chars().count() > MAX_NOTE_CHARS || self.note.chars().any(is_odd) {
            return Err(PerformanceError::Note);
        }
        Ok(())
    }

    /// Tells whether it is said to have been on time and was written down when the time was over. Evidence counts only
    /// if it existed at the time, so a reader has to look at it.
    #[must_use]
    pub fn is_recorded_late(&self, window: &Window) -> bool {
        self.performed_at < window.due && self.recorded_at >= window.due
    }
}

fn date_of(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at.to_jiff()).date()
}

fn midnight(day: Date) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok().map(Timestamp::from)
}

/// Reads a day that lies in the window of this name, whatever the frequency; whoever asks compares the name again.
fn first_day(name: &str) -> Option<Date> {
    let year: i16 = name.get(..4)?.parse().ok()?;
    let rest = name.get(4..)?;
    let in_year = |month: i8, day: i8| Date::new(year, month, day).ok();
    if rest.is_empty() {
        return in_year(1, 1);
    }
    let rest = rest.strip_prefix('-')?;
    let number = |text: &str| text.parse::<i8>().ok();
    if let Some(half) = rest.strip_prefix('H') {
        return in_year(number(half)?.checked_mul(6)?.checked_sub(5)?, 1);
    }
    if let Some(quarter) = rest.strip_prefix('Q') {
        return in_year(number(quarter)?.checked_mul(3)?.checked_sub(2)?, 1);
    }
    if let Some(week) = rest.strip_prefix('W') {
        // Week 1 holds 4 January (ISO 8601).
        let first = in_year(1, 4)?;
        return first.checked_add(i64::from(number(week)?.checked_sub(1)?).weeks()).ok();
    }
    let month = number(rest.get(..2)?)?;
    match rest.get(2..)? {
        "" | "a" => in_year(month, 1),
        "b" => in_year(month, 16),
        day => in_year(month, number(day.strip_prefix('-')?)?),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn usual(frequency: Frequency) -> Schedule {
        Schedule::usual(frequency).expect("has windows")
    }

    fn performance(window: &str, performed_at: Timestamp) -> Performance {
        Performance {
            key: PerformanceKey(1),
            control: "IAM-07".parse().expect("an id"),
            window: window.to_owned(),
            performed_at,
            performed_by: ActorId(uuid::Uuid::from_u128(1)),
            recorded_at: performed_at,
            evidence: vec![EvidenceKey(1)],
            note: String::new(),
        }
    }

    #[test]
    fn windows_are_those_of_the_calendar() {
        let names = |frequency, from, to| {
            let windows = usual(frequency).windows_ending_in(at(from), at(to));
            windows.into_iter().map(|window| window.id).collect::<Vec<_>>()
        };
        let (from, to) = ("2025-12-01T00:00:00Z", "2026-07-01T00:00:00Z");
        assert_eq!(names(Frequency::Annual, from, to), ["2025"]);
        assert_eq!(names(Frequency::SemiAnnual, from, to), ["2025-H2", "2026-H1"]);
        assert_eq!(names(Frequency::Quarterly, from, to), ["2025-Q4", "2026-Q1", "2026-Q2"]);
        assert_eq!(
            names(Frequency::Monthly, from, to).len(),
            7,
            "a window that ends at `from` is of the period before"
        );
        assert_eq!(
            names(Frequency::SemiMonthly, "2026-02-01T00:00:00Z", "2026-03-16T00:00:00Z"),
            ["2026-02a", "2026-02b", "2026-03a"]
        );
        assert_eq!(
            names(Frequency::Weekly, "2026-12-21T00:00:00Z", "2027-01-11T00:00:00Z"),
            ["2026-W52", "2026-W53", "2027-W01"]
        );
        assert_eq!(
            names(Frequency::Daily, "2026-11-19T00:00:00Z", "2026-11-25T00:00:00Z"),
            ["2026-11-19", "2026-11-20", "2026-11-23", "2026-11-24"],
            "weekdays only"
        );
        let all = Schedule::new(Frequency::Daily, 0, Days::All).expect("has windows");
        assert_eq!(all.windows_ending_in(at(from), at(to)).len(), 212);
        assert_eq!(all.window_at(at("2026-11-22T12:00:00Z")).map(|w| w.id).as_deref(), Some("2026-11-22"));
        assert_eq!(usual(Frequency::Daily).window_at(at("2026-11-22T12:00:00Z")), None, "a Sunday");
        assert!(Schedule::usual(Frequency::PerOccurrence).is_none());
        assert_eq!(
            Schedule::new(Frequency::Continuous, 1, Days::All),
            Err(PerformanceError::NoWindows(Frequency::Continuous))
        );
        assert_eq!(Schedule::new(Frequency::Daily, 400, Days::All), Err(PerformanceError::TooMuchGrace(400)));
    }

    #[test]
    fn a_window_is_found_by_its_name_and_others_are_refused() {
        for (frequency, good) in [
            (Frequency::Annual, "2026"),
            (Frequency::SemiAnnual, "2026-H1"),
            (Frequency::Quarterly, "2026-Q3"),
            (Frequency::Monthly, "2026-02"),
            (Frequency::SemiMonthly, "2026-02b"),
            (Frequency::Weekly, "2026-W53"),
            (Frequency::Daily, "2026-11-24"),
        ] {
            assert_eq!(usual(frequency).find(good).expect("a window").id, good);
            for bad in [
                "",
                "2026-Q5",
                "2026-H0",
                "2026-W54",
                "2025-W53",
                "2026-13",
                "2026-11-22",
                "26",
                "2026-Qé",
                "x",
            ] {
                assert!(usual(frequency).find(bad).is_err(), "{frequency} {bad}");
            }
        }
        assert_eq!(
            usual(Frequency::Quarterly).find("2026-11").expect_err("a month").to_string(),
            "\"2026-11\" is not a window of a quarterly control, as 2026-Q4 is"
        );
    }

    #[test]
    fn late_is_late_and_missed_stays_missed() {
        let window = usual(Frequency::Quarterly).find("2026-Q3").expect("a window");
        assert_eq!(window.due, at("2026-10-16T00:00:00Z"));
        let state = |performances: &[Performance], now| window.outcome(performances, at(now)).0;
        let (before, after) = ("2026-10-15T23:59:59Z", "2026-10-16T00:00:00Z");
        assert_eq!(state(&[], before), WindowState::NotYetDue);
        assert_eq!(state(&[], after), WindowState::Missed);
        assert_eq!(state(&[], "2036-01-01T00:00:00Z"), WindowState::Missed);
        let late = performance("2026-Q3", at(after));
        let on_time = performance("2026-Q3", at(before));
        assert_eq!(state(std::slice::from_ref(&on_time), after), WindowState::Done);
        assert_eq!(state(std::slice::from_ref(&late), after), WindowState::Late);
        assert_eq!(state(&[late.clone(), on_time], after), WindowState::Done, "the earliest counts");
        assert_eq!(
            state(&[performance("2026-Q2", at(before))], after),
            WindowState::Missed,
            "another window"
        );
    }

    #[test]
    fn what_cannot_be_a_performance_is_refused() {
        let window = usual(Frequency::Quarterly).find("2026-Q3").expect("a window");
        let good = performance("2026-Q3", at("2026-09-30T12:00:00Z"));
        assert_eq!(good.check(&window), Ok(()));
        let refused = |change: &dyn Fn(&mut Performance)| {
            let mut performance = good.clone();
            change(&mut performance);
            performance.check(&window).expect_err("refused").to_string()
        };
        assert!(refused(&|p| p.performed_at = at("2026-06-30T00:00:00Z")).contains("begins at 2026-07-01"));
        assert!(refused(&|p| p.performed_at = at("2026-12-30T00:00:00Z")).contains("lies ahead"));
        assert_eq!(refused(&|p| p.evidence.clear()), "a performance of IAM-07 needs evidence");
        assert!(refused(&|p| p.evidence = vec![EvidenceKey(1); 101]).contains("at most 100 artifacts"));
        assert!(refused(&|p| p.note = "\u{7}".into()).contains("control characters"));
        let mut written_later = good.clone();
        written_later.recorded_at = at("2026-12-01T00:00:00Z");
        assert!(written_later.is_recorded_late(&window) && !good.is_recorded_late(&window));
    }

    proptest! {
        #[test]
        fn each_window_belongs_to_one_of_adjoining_periods(
            start in 0_i64..20_000, first in 0_i64..500, second in 0_i64..500, which in 0_usize..7) {
            let frequency = [Frequency::Annual, Frequency::SemiAnnual, Frequency::Quarterly, Frequency::Monthly,
                Frequency::SemiMonthly, Frequency::Weekly, Frequency::Daily][which];
            let day = |day: i64| Timestamp::from_micros(day * DAY_US + 7);
            let (a, b, c) = (day(start), day(start + first), day(start + first + second));
            let schedule = usual(frequency);
            let mut parts = schedule.windows_ending_in(a, b);
            parts.extend(schedule.windows_ending_in(b, c));
            let whole = schedule.windows_ending_in(a, c);
            prop_assert_eq!(&parts, &whole);
            prop_assert!(whole.windows(2).all(|pair| pair[0].to <= pair[1].from));
            for window in &whole {
                prop_assert_eq!(schedule.find(&window.id), Ok(window.clone()));
                prop_assert_eq!(schedule.window_at(window.from), Some(window.clone()));
            }
        }
    }
}
