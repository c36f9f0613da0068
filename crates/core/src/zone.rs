//! Time zones by name, and how dates are written: what turns moments into what people read on their clocks.
//!
//! Zones are those of the IANA database that is built in, so that the same moment is the same hour on every machine.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use crate::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time zone by its name in the IANA database, e.g. `Europe/Berlin`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// No zone has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone, as Europe/Berlin is")]
pub struct UnknownZone(pub String);

/// Why no single moment is meant by what a clock showed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Clocks were put forward over it.
    #[error("was skipped in {0}, where clocks were put forward")]
    Skipped(String),
    /// Clocks were put back behind it.
    #[error("came twice in {0}, where clocks were put back; write its offset")]
    Twice(String),
    /// Beyond the calendar.
    #[error("is outside the calendar")]
    Outside,
}

impl Zone {
    /// The zone where nobody has chosen one.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the names of all zones, in order.
    #[must_use]
    pub fn all() -> Vec<String> {
        let mut names: Vec<String> =
            TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect();
        names.sort();
        names
    }

    /// Returns what clocks show there at a moment.
    #[must_use]
    pub fn clock(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at.to_jiff())
    }

    /// Returns the day there at a moment.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Date {
        self.clock(at).date()
    }

    /// Returns the first moment of a day there; none at the ends of the calendar. Where clocks are put forward at
    /// midnight, the day begins later.
    #[must_use]
    pub fn first_moment(&self, day: Date) -> Option<Timestamp> {
        let found = self.zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible();
        found.ok().map(Timestamp::from)
    }

    /// Returns the moment at which clocks showed this there.
    ///
    /// # Errors
    /// If they never did, or twice.
    pub fn moment(&self, clock: DateTime) -> Result<Timestamp, ClockError> {
        let found = self.zone.to_ambiguous_timestamp(clock);
        match found.offset() {
            AmbiguousOffset::Gap { .. } => Err(ClockError::Skipped(self.name.clone())),
            AmbiguousOffset::Fold { .. } => Err(ClockError::Twice(self.name.clone())),
            AmbiguousOffset::Unambiguous { .. } => {
                found.compatible().map(Timestamp::from).map_err(|_| ClockError::Outside)
            }
        }
    }

    /// Returns how the zone is called at a moment: `CET`, `CEST`, or `+03` where it has no letters.
    #[must_use]
    pub fn abbreviation(&self, at: Timestamp) -> String {
        if self.name == "UTC" {
            return self.name.clone();
        }
        self.zone.to_offset_info(at.to_jiff()).abbreviation().to_owned()
    }

    /// Returns date and minute there: `2026-11-24 15:45`.
    #[must_use]
    pub fn minute(&self, at: Timestamp) -> String {
        self.clock(at).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        match TimeZoneDatabase::bundled().get(name) {
            // The database does not mind how a name is written; we keep it as it is there.
            Ok(zone) => Ok(Self { name: zone.iana_name().unwrap_or("UTC").to_owned(), zone }),
            Err(_) => Err(UnknownZone(name.chars().take(60).collect())),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

/// How an organization writes dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DateStyle {
    /// `24 Nov 2026`.
    #[default]
    DayFirst,
    /// `Nov 24, 2026`.
    MonthFirst,
    /// `2026-11-24`.
    Iso,
}

/// Dates are not written so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no style of dates called {0:?}")]
pub struct UnknownDateStyle(pub String);

impl DateStyle {
    /// All styles.
    pub const ALL: [Self; 3] = [Self::DayFirst, Self::MonthFirst, Self::Iso];

    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DayFirst => "day_first",
            Self::MonthFirst => "month_first",
            Self::Iso => "iso",
        }
    }

    /// Writes a date of numbers, the month from 1.
    #[must_use]
    pub fn written(self, year: &str, month: usize, day: &str) -> String {
        let name = MONTHS.get(month.wrapping_sub(1)).copied().unwrap_or("");
        let short = day.trim_start_matches('0');
        match self {
            Self::DayFirst => format!("{short} {name} {year}"),
            Self::MonthFirst => format!("{name} {short}, {year}"),
            Self::Iso => format!("{year}-{month:02}-{day:0>2}"),
        }
    }
}

impl FromStr for DateStyle {
    type Err = UnknownDateStyle;

    fn from_str(text: &str) -> Result<Self, UnknownDateStyle> {
        let found = Self::ALL.into_iter().find(|style| style.word() == text);
        found.ok_or_else(|| UnknownDateStyle(text.chars().take(60).collect()))
    }
}

/// Where and how somebody reads times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Their zone.
    pub zone: Zone,
    /// How their organization writes dates.
    pub style: DateStyle,
}

impl Default for Reading {
    fn default() -> Self {
        Self { zone: Zone::utc(), style: DateStyle::default() }
    }
}

impl Reading {
    /// Writes a moment as they read it, with the zone: `24 Nov 2026, 15:45 CET`.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> String {
        let clock = self.zone.clock(at);
        let date = self.day(clock.date());
        format!("{date}, {:02}:{:02} {}", clock.hour(), clock.minute(), self.zone.abbreviation(at))
    }

    /// Writes a day.
    #[must_use]
    pub fn day(&self, day: Date) -> String {
        let (year, month) = (format!("{:04}", day.year()), usize::try_from(day.month()).unwrap_or_default());
        self.style.written(&year, month, &format!("{:02}", day.day()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_those_of_the_database() {
        let read = |name: &str| name.parse::<Zone>().map(|zone| zone.to_string());
        assert_eq!(read("europe/berlin").as_deref(), Ok("Europe/Berlin"));
        for odd in ["", "Berlin", "../etc/passwd", "UTC+1", "<script>"] {
            assert_eq!(odd.parse::<Zone>(), Err(UnknownZone(odd.to_owned())));
        }
        let all = Zone::all();
        assert!(all.len() > 300 && all.iter().all(|name| name.parse::<Zone>().is_ok()));
    }

    #[test]
    fn a_moment_is_written_as_the_reader_reads_it() {
        let at: Timestamp = "2026-11-24T14:45:00Z".parse().expect("a moment");
        for (zone, style, expected) in [
            ("UTC", DateStyle::DayFirst, "24 Nov 2026, 14:45 UTC"),
            ("Europe/Berlin", DateStyle::DayFirst, "24 Nov 2026, 15:45 CET"),
            ("America/New_York", DateStyle::MonthFirst, "Nov 24, 2026, 09:45 EST"),
            ("Pacific/Auckland", DateStyle::Iso, "2026-11-25, 03:45 NZDT"),
            ("Asia/Kolkata", DateStyle::Iso, "2026-11-24, 20:15 IST"),
            ("America/Sao_Paulo", DateStyle::DayFirst, "24 Nov 2026, 11:45 -03"),
        ] {
            let reading = Reading { zone: zone.parse().expect("a zone"), style };
            assert_eq!(reading.moment(at), expected, "{zone}");
        }
        let summer: Timestamp = "2026-07-05T22:30:00Z".parse().expect("a moment");
        let berlin = Reading { zone: "Europe/Berlin".parse().expect("a zone"), ..Reading::default() };
        assert_eq!(berlin.moment(summer), "6 Jul 2026, 00:30 CEST");
    }
}
