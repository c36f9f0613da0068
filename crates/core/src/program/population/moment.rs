//! Moments as lists of other systems write them: with an offset, as a clock showed them somewhere, or as a day only.
//!
//! What has no offset is read in the time zone of its list. What can be read in two ways is refused, never guessed.

use jiff::civil::{Date, DateTime, Time, date};
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::zone::{ClockError, Zone};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Characters of a moment that a message shows.
const SHOWN_CHARS: usize = 40;

/// What comes first in dates like 03/04/2026.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// Nobody said so: only what can be read in one way is read.
    #[default]
    Iso,
    /// 3 April.
    DayFirst,
    /// 4 March.
    MonthFirst,
}

/// Why a text is not a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// It is none.
    #[error("{0:?} is neither a date like 2026-11-24 nor a moment like 2026-11-24T14:45:00Z")]
    None(String),
    /// It may be two.
    #[error("{text:?} may be {one} or {other}; say whether days or months come first")]
    TwoDates {
        /// As written.
        text: String,
        /// With the day first.
        one: Date,
        /// With the month first.
        other: Date,
    },
    /// Not there, or there twice.
    #[error("{text:?} {why}")]
    Clock {
        /// As written.
        text: String,
        /// Why.
        why: ClockError,
    },
}

impl DateOrder {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Iso, Self::DayFirst, Self::MonthFirst];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Iso => "iso",
            Self::DayFirst => "day_first",
            Self::MonthFirst => "month_first",
        }
    }

    /// Returns the order of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.word() == word)
    }
}

/// Reads a moment of a list whose clocks are those of `zone`. A day stands for its first moment there.
///
/// # Errors
/// If it is no moment, can be two dates, or no clock of the zone, or two, showed it.
pub fn read_moment(text: &str, zone: &Zone, order: DateOrder) -> Result<Timestamp, MomentError> {
    let text = text.trim();
    let none = || MomentError::None(text.chars().take(SHOWN_CHARS).collect());
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let (day, clock) = match text.parse::<DateTime>() {
        // What has an offset was read above, so there is none.
        Ok(at) if text.len() > 10 => (at.date(), Some(at.time())),
        Ok(at) => (at.date(), None),
        Err(_) => written(text, order).map_err(|why| why.unwrap_or_else(none))?,
    };
    if !(1990..2200).contains(&day.year()) {
        return Err(none());
    }
    match clock {
        None => zone.first_moment(day).ok_or_else(none),
        Some(time) => zone
            .moment(day.to_datetime(time))
            .map_err(|why| MomentError::Clock { text: text.chars().take(SHOWN_CHARS).collect(), why }),
    }
}

/// Reads dates as people write them: `24.11.2026`, `11/24/2026 2:45 PM`, `24 Nov 2026`. None for what is none of them.
fn written(text: &str, order: DateOrder) -> Result<(Date, Option<Time>), Option<MomentError>> {
    let cleaned = text.replace(',', " ");
    let mut words: Vec<&str> = cleaned.split_whitespace().collect();
    let half = match words.last().map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("am") => Some(0),
        Some("pm") => Some(12),
        _ => None,
    };
    if half.is_some() {
        words.pop();
    }
    let clock = match words.last() {
        Some(last) if last.contains(':') => Some(time(words.pop().unwrap_or_default(), half).ok_or(None)?),
        _ if half.is_some() => return Err(None),
        _ => None,
    };
    let joined = words.join(" ");
    let pieces: Vec<&str> = joined.split(['.', '/', '-', ' ']).collect();
    let [a, b, c] = pieces.as_slice() else { return Err(None) };
    let day = if a.len() == 4 {
        civil(a, b, c).ok_or(None)?
    } else if c.len() != 4 {
        return Err(None);
    } else if month_of(a).is_some() {
        civil(c, a, b).ok_or(None)?
    } else if month_of(b).is_some() || joined.contains('.') {
        // Points stand between figures only where days come first.
        civil(c, b, a).ok_or(None)?
    } else {
        match (order, civil(c, b, a), civil(c, a, b)) {
            (DateOrder::DayFirst, Some(day), _) | (DateOrder::MonthFirst, _, Some(day)) => day,
            (DateOrder::Iso, Some(one), Some(other)) if one != other => {
                let text = text.chars().take(SHOWN_CHARS).collect();
                return Err(Some(MomentError::TwoDates { text, one, other }));
            }
            (DateOrder::Iso, Some(day), _) | (DateOrder::Iso, None, Some(day)) => day,
            _ => return Err(None),
        }
    };
    Ok((day, clock))
}

fn month_of(text: &str) -> Option<i8> {
    let word = text.to_ascii_lowercase();
    let place = MONTHS.iter().position(|month| word.len() >= 3 && word.starts_with(month))?;
    i8::try_from(place + 1).ok()
}

fn civil(year: &str, month: &str, day: &str) -> Option<Date> {
    let is_figures = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_figures(year) || !is_figures(day) || day.len() > 2 {
        return None;
    }
    let month = match month_of(month) {
        Some(month) => month,
        None if is_figures(month) && month.len() <= 2 => month.parse().ok()?,
        None => return None,
    };
    Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()
}

/// Reads `14:45`, `14:45:30` or, with the half of a day, `2:45`.
fn time(text: &str, half: Option<i8>) -> Option<Time> {
    let mut parts = text.split(':');
    let mut figure = || parts.next().map(|part| part.parse::<i8>().ok().filter(|_| part.len() <= 2));
    let (hour, minute) = (figure()??, figure()??);
    let second = figure().unwrap_or(Some(0))?;
    if parts.next().is_some() {
        return None;
    }
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    Time::new(hour, minute, second, 0).ok()
}

/// A day as spreadsheets count them. 46350 is 2026-11-24, counted from 1899-12-30, or from 1904-01-01 where a workbook
/// says so; the fraction is the time of day, to the second.
///
/// Source: ECMA-376 part 1, section 18.17.4.1.
#[must_use]
pub fn serial_day(text: &str, is_1904: bool) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let days: i32 = whole.parse().ok()?;
    let begins = if is_1904 { date(1904, 1, 1) } else { date(1899, 12, 30) };
    let day = begins.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    // Nine figures are less than a tenth of a millisecond; more are noise.
    let figures: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let seconds = (figures.parse::<u64>().ok()? * 86_400 + 500_000_000) / 1_000_000_000;
    if seconds == 0 {
        return Some(day.to_string());
    }
    // What is rounded up to midnight is the next day.
    let at = day
        .to_datetime(Time::midnight())
        .checked_add(jiff::Span::new().try_seconds(i64::try_from(seconds).ok()?).ok()?);
    Some(at.ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().expect("a zone")
    }

    fn check(text: &str, name: &str, order: DateOrder, expected: &str) {
        let found = read_moment(text, &zone(name), order).map(|at| at.to_string());
        assert_eq!(found.as_deref(), Ok(expected), "{text} in {name}");
    }

    #[test]
    fn what_has_no_offset_is_read_in_the_zone_of_the_list() {
        use DateOrder::Iso;
        check("2026-11-24T14:45:00Z", "Europe/Berlin", Iso, "2026-11-24T14:45:00.000000Z");
        check("2026-11-24T14:45:00+01:00", "UTC", Iso, "2026-11-24T13:45:00.000000Z");
        // Winter and summer: the first moment of a day is an hour apart.
        check("2026-01-01", "Europe/Berlin", Iso, "2025-12-31T23:00:00.000000Z");
        check("2026-07-01", "Europe/Berlin", Iso, "2026-06-30T22:00:00.000000Z");
        check("2026-06-30", "America/New_York", Iso, "2026-06-30T04:00:00.000000Z");
        check("2026-06-30 23:30", "America/New_York", Iso, "2026-07-01T03:30:00.000000Z");
        // Clocks are put forward at midnight there: that day begins at one.
        check("2026-09-06", "America/Santiago", Iso, "2026-09-06T04:00:00.000000Z");
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        use DateOrder::{DayFirst, Iso, MonthFirst};
        for text in
            ["24.11.2026", "24 Nov 2026", "Nov 24, 2026", "24-November-2026", "11/24/2026", "2026/11/24"]
        {
            check(text, "UTC", Iso, "2026-11-24T00:00:00.000000Z");
        }
        check("03/04/2026", "UTC", DayFirst, "2026-04-03T00:00:00.000000Z");
        check("03/04/2026", "UTC", MonthFirst, "2026-03-04T00:00:00.000000Z");
        check("04/04/2026", "UTC", Iso, "2026-04-04T00:00:00.000000Z");
        check("11/24/2026 2:45 PM", "UTC", MonthFirst, "2026-11-24T14:45:00.000000Z");
        check("24.11.2026 00:05:09", "UTC", Iso, "2026-11-24T00:05:09.000000Z");
        check("24.11.2026 12:05 am", "UTC", Iso, "2026-11-24T00:05:00.000000Z");
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_none_is_refused() {
        let says = |text: &str, name: &str| {
            read_moment(text, &zone(name), DateOrder::Iso).expect_err("refused").to_string()
        };
        assert_eq!(
            says("03/04/2026", "UTC"),
            "\"03/04/2026\" may be 2026-04-03 or 2026-03-04; say whether days or months come first"
        );
        // 2026-03-29 02:00 to 03:00 was skipped in Berlin, 2026-10-25 02:00 to 03:00 came twice.
        assert!(says("2026-03-29 02:30", "Europe/Berlin").contains("was skipped in Europe/Berlin"));
        assert!(says("2026-10-25 02:30", "Europe/Berlin").contains("came twice in Europe/Berlin"));
        for text in
            ["", "yesterday", "24.11.26", "31.02.2026", "46350", "24.11.2026 25:00", "1.1.1800", "13:00 PM"]
        {
            assert!(says(text, "UTC").contains("is neither a date"), "{text}");
        }
        let day_first = read_moment("11/24/2026", &Zone::utc(), DateOrder::DayFirst);
        assert!(matches!(day_first, Err(MomentError::None(_))), "there is no 24th month");
    }

    #[test]
    fn days_of_spreadsheets_are_counted_as_they_count_them() {
        assert_eq!(serial_day("46350", false).as_deref(), Some("2026-11-24"));
        assert_eq!(serial_day("46350.5", false).as_deref(), Some("2026-11-24T12:00:00"));
        assert_eq!(serial_day("46350.99999999999", false).as_deref(), Some("2026-11-25T00:00:00"));
        assert_eq!(serial_day("44888", true).as_deref(), Some("2026-11-24"));
        assert_eq!(serial_day("soon", false), None);
    }
}
