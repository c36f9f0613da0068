//! The period that an address asks for: the last days, a quarter, a year, or from one date to another.

use maud::{Markup, html};
use tickmark_core::Timestamp;
use tickmark_core::time::DAY_US;

use crate::design::moment;
use crate::design::table::TableQuery;

/// What is shown when the address names no period, in days.
const USUAL_DAYS: i64 = 365;
/// The longest period that is drawn, in days.
const LONGEST_DAYS: i64 = 10 * 366;
/// Quarters that can be chosen, the running one included.
const QUARTERS: usize = 4;

/// A period, and how the address names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// Only what was recorded up to this moment counts; none for now.
    pub known_at: Option<Timestamp>,
    /// The name in the address, e.g. `12m`; empty when it was given by dates.
    key: String,
}

/// The first moment of a date written as `2026-11-24`.
fn midnight(date: &str) -> Option<Timestamp> {
    let is_date = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_date.then(|| format!("{date}T00:00:00Z").parse().ok()).flatten()
}

/// A moment that an address asks for, with the day it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// First moment of the day.
    pub(crate) day: Timestamp,
    /// The moment.
    pub(crate) at: Timestamp,
}

impl Moment {
    /// Reads the moment from an address: an exact one, or a date, which means the end of that day. What cannot be read,
    /// and what lies ahead, is now.
    pub(crate) fn of(query: &TableQuery, now: Timestamp) -> Self {
        let asked = query.get("at").unwrap_or_default();
        let end_of = |date: &str| Some(midnight(date)?.plus_micros(DAY_US - 1));
        let at = end_of(asked).or_else(|| asked.parse().ok()).filter(|at| at.micros() >= 0);
        let at = at.map_or(now, |at: Timestamp| at.min(now));
        Self { day: day_of(at), at }
    }
}

/// Reads the moment up to which records count: a date means the end of that day. What cannot be read, and what lies ahead, is
/// now.
fn known_at(query: &TableQuery, now: Timestamp) -> Option<Timestamp> {
    let asked = query.get("known")?;
    let end_of = |date: &str| Some(midnight(date)?.plus_micros(DAY_US - 1));
    end_of(asked).or_else(|| asked.parse().ok()).filter(|at| at.micros() >= 0 && *at < now)
}

/// The first moment of the day of a moment.
pub(crate) fn day_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().div_euclid(DAY_US) * DAY_US)
}

/// Year and quarter (0 to 3) of a moment.
fn quarter_of(at: Timestamp) -> (i32, i32) {
    let date = at.date();
    let month: i32 = date[5..7].parse().unwrap_or(1);
    (date[..4].parse().unwrap_or(1970), (month - 1) / 3)
}

fn quarter(year: i32, at: i32) -> Option<(Timestamp, Timestamp)> {
    let start = |year: i32, at: i32| midnight(&format!("{year:04}-{:02}-01", at * 3 + 1));
    let next = if at == 3 { start(year + 1, 0) } else { start(year, at + 1) };
    Some((start(year, at)?, next?))
}

impl Chosen {
    /// Reads the period from an address. What cannot be read is the usual period, never an error: an old link shows
    /// something.
    #[must_use]
    pub fn of(query: &TableQuery, now: Timestamp) -> Self {
        let dates = || {
            let from = midnight(query.get("from")?)?;
            let to = midnight(query.get("to")?)?.plus_micros(DAY_US);
            Some(Self { from, to, known_at: None, key: String::new() })
        };
        let named = || Self::named(query.get("span")?, now);
        let chosen = named().or_else(dates).filter(|chosen| chosen.fits(now));
        let chosen = chosen.unwrap_or_else(|| Self::last_days(USUAL_DAYS, "12m", now));
        Self { known_at: known_at(query, now), ..chosen }
    }

    /// The period between two moments, the usual one before its end, or before the end of today, where one is left out; none
    /// if there is no such period to look over.
    pub(crate) fn between(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let to = to.unwrap_or_else(|| day_of(now).plus_micros(DAY_US));
        let from = from.unwrap_or_else(|| to.plus_micros(-USUAL_DAYS * DAY_US));
        Some(Self { from, to, known_at: None, key: String::new() }).filter(|chosen| chosen.fits(now))
    }

    fn fits(&self, now: Timestamp) -> bool {
        let days = (self.to.micros() - self.from.micros()) / DAY_US;
        self.from < self.to && days <= LONGEST_DAYS && self.from <= now
    }

    /// The moment of looking: now, or the earlier one that is asked about.
    #[must_use]
    pub fn looked_at(&self, now: Timestamp) -> Timestamp {
        self.known_at.unwrap_or(now)
    }

    fn last_days(days: i64, key: &str, now: Timestamp) -> Self {
        let to = day_of(now).plus_micros(DAY_US);
        Self { from: to.plus_micros(-days * DAY_US), to, known_at: None, key: key.to_owned() }
    }

    fn named(key: &str, now: Timestamp) -> Option<Self> {
        match key {
            "30d" => return Some(Self::last_days(30, key, now)),
            "90d" => return Some(Self::last_days(90, key, now)),
            "12m" => return Some(Self::last_days(365, key, now)),
            _ => {}
        }
        let (from, to) = match key.split_once("-Q") {
            Some((year, at)) => {
                let at: i32 = at.parse().ok().filter(|at| (1..=4).contains(at))?;
                quarter(year.parse().ok()?, at - 1)?
            }
            None => {
                let year: i32 = key.parse().ok().filter(|_| key.len() == 4)?;
                (midnight(&format!("{year:04}-01-01"))?, midnight(&format!("{:04}-01-01", year + 1))?)
            }
        };
        Some(Self { from, to, known_at: None, key: key.to_owned() })
    }

    /// The pairs that name this period in an address.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = if self.key.is_empty() {
            vec![("from", self.from.date()), ("to", self.to.plus_micros(-1).date())]
        } else {
            vec![("span", self.key.clone())]
        };
        // The end of a day is written as the day.
        let written = |at: Timestamp| if day_of(at.plus_micros(1)) > at { at.date() } else { at.to_string() };
        pairs.extend(self.known_at.map(|at| ("known", written(at))));
        pairs
    }

    /// The period as the end of an address: `?span=12m`.
    #[must_use]
    pub fn tail(&self) -> String {
        let pairs: Vec<String> = self.pairs().iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("?{}", pairs.join("&"))
    }

    /// The period in words: `1 Jan 2026 to 31 Dec 2026`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} to {}", moment::date(self.from), moment::date(self.to.plus_micros(-1)))
    }

    /// The period of the same length before this one, or behind it; months stay whole months.
    fn beside(&self, direction: i32) -> Option<(Timestamp, Timestamp)> {
        let month = |at: Timestamp| {
            let date = at.date();
            let number = |part: &str| part.parse::<i32>().ok();
            let is_first = day_of(at) == at && &date[8..] == "01";
            Some(number(&date[..4])? * 12 + number(&date[5..7])? - 1).filter(|_| is_first)
        };
        let first_of =
            |month: i32| midnight(&format!("{:04}-{:02}-01", month.div_euclid(12), month.rem_euclid(12) + 1));
        if let (Some(from), Some(to)) = (month(self.from), month(self.to)) {
            let months = (to - from) * direction;
            return Some((first_of(from + months)?, first_of(to + months)?));
        }
        let length = (self.to.micros() - self.from.micros()) * i64::from(direction);
        Some((self.from.plus_micros(length), self.to.plus_micros(length)))
    }

    /// Periods that are offered, as (name in the address, word).
    fn offers(now: Timestamp) -> Vec<(String, String)> {
        let mut offers = vec![
            ("30d".to_owned(), "30 days".to_owned()),
            ("90d".to_owned(), "90 days".to_owned()),
            ("12m".to_owned(), "12 months".to_owned()),
        ];
        let (mut year, mut at) = quarter_of(now);
        offers.push((year.to_string(), year.to_string()));
        for _ in 0..QUARTERS {
            offers.push((format!("{year}-Q{}", at + 1), format!("Q{} {year}", at + 1)));
            (year, at) = if at == 0 { (year - 1, 3) } else { (year, at - 1) };
        }
        offers
    }

    /// Links to the offered periods and a form for dates, on the page at `path` with the rest of its address kept.
    #[must_use]
    pub fn switcher(&self, path: &str, query: &TableQuery, now: Timestamp) -> Markup {
        let kept: Vec<(&str, &str)> = query
            .pairs()
            .filter(|(key, _)| !matches!(*key, "span" | "from" | "to" | "page" | "known"))
            .collect();
        let step = |direction: i32| {
            let (from, to) = self.beside(direction)?;
            let (first, last) = (from.date(), to.plus_micros(-1).date());
            let href = query.with(path, &[("span", ""), ("from", &first), ("to", &last)]);
            (from <= now && from.micros() >= 0).then_some((href, format!("{first} to {last}")))
        };
        html! {
            div.periods {
                nav aria-label="Period" {
                    @if let Some((href, words)) = step(-1) { a href=(href) title=(words) aria-label={ "Earlier, " (words) } { "\u{2190} earlier" } }
                    @for (key, word) in Self::offers(now) {
                        a href=(query.with(path, &[("from", ""), ("to", ""), ("span", &key)])) aria-current=[(key == self.key).then_some("true")] { (word) }
                    }
                    @if let Some((href, words)) = step(1) { a href=(href) title=(words) aria-label={ "Later, " (words) } { "later \u{2192}" } }
                }
                details open[self.key.is_empty() || self.known_at.is_some()] {
                    summary { "Other dates" }
                    form method="get" action=(path) {
                    @for (key, value) in kept { input type="hidden" name=(key) value=(value); }
                    label { "From" input type="date" name="from" value=(self.from.date()); }
                    label { "to" input type="date" name="to" value=(self.to.plus_micros(-1).date()); }
                    label { "as known on" input type="date" name="known" value=(self.known_at.map(Timestamp::date).unwrap_or_default()); }
                    button.button type="submit" { "Show" }
                    }
                }
            }
            @if let Some(at) = self.known_at {
                p.note-line { "As it was known at " (moment::exact(at)) ". Nothing that was recorded later counts. " a href=(query.with(path, &[("known", "")])) { "Show what is known now" } "." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(pairs: &[(&str, &str)]) -> String {
        // 24 November 2026, 14:45 UTC.
        let now = Timestamp::from_seconds(1_795_531_500);
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let chosen = Chosen::of(&TableQuery::new(pairs), now);
        format!("{} {}", chosen.words(), chosen.tail())
    }

    #[test]
    fn addresses_name_periods() {
        for (pairs, words) in [
            (vec![], "25 Nov 2025 to 24 Nov 2026 ?span=12m"),
            (vec![("span", "90d")], "27 Aug 2026 to 24 Nov 2026 ?span=90d"),
            (vec![("span", "2026-Q4")], "1 Oct 2026 to 31 Dec 2026 ?span=2026-Q4"),
            (vec![("span", "2026")], "1 Jan 2026 to 31 Dec 2026 ?span=2026"),
            (
                vec![("from", "2026-02-28"), ("to", "2026-03-01")],
                "28 Feb 2026 to 1 Mar 2026 ?from=2026-02-28&to=2026-03-01",
            ),
            (
                vec![("span", "2026"), ("known", "2026-07-01")],
                "1 Jan 2026 to 31 Dec 2026 ?span=2026&known=2026-07-01",
            ),
            (
                vec![("span", "2026"), ("known", "2026-07-01T12:30:00Z")],
                "1 Jan 2026 to 31 Dec 2026 ?span=2026&known=2026-07-01T12:30:00.000000Z",
            ),
            (vec![("span", "2026"), ("known", "2030-01-01")], "1 Jan 2026 to 31 Dec 2026 ?span=2026"),
            (vec![("span", "2026"), ("known", "")], "1 Jan 2026 to 31 Dec 2026 ?span=2026"),
        ] {
            assert_eq!(chosen(&pairs), words);
        }
    }

    #[test]
    fn the_period_before_has_the_same_length_and_months_stay_whole() {
        let now = Timestamp::from_seconds(1_795_531_500);
        let before = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let (from, to) = Chosen::of(&TableQuery::new(pairs), now).beside(-1).expect("a period");
            format!("{} {}", from.date(), to.plus_micros(-1).date())
        };
        assert_eq!(before(&[("span", "2026-Q1")]), "2025-10-01 2025-12-31");
        assert_eq!(before(&[("from", "2026-03-01"), ("to", "2026-03-31")]), "2026-02-01 2026-02-28");
        assert_eq!(before(&[("from", "2026-03-10"), ("to", "2026-03-16")]), "2026-03-03 2026-03-09");
    }

    #[test]
    fn moments_are_exact_or_the_end_of_a_day_and_never_ahead() {
        let now = Timestamp::from_seconds(1_795_531_500);
        let at = |text: &str| {
            let query = TableQuery::new(vec![("at".to_owned(), text.to_owned())]);
            let found = Moment::of(&query, now);
            format!("{} {}", found.day.date(), found.at.minute())
        };
        assert_eq!(at("2026-03-10"), "2026-03-10 2026-03-10 23:59 UTC");
        assert_eq!(at("2026-03-10T08:30:00Z"), "2026-03-10 2026-03-10 08:30 UTC");
        for odd in ["", "2030-01-01", "yesterday", "1960-01-01T00:00:00Z"] {
            assert_eq!(at(odd), "2026-11-24 2026-11-24 14:45 UTC", "{odd:?}");
        }
    }

    #[test]
    fn what_names_no_period_is_the_usual_one() {
        for pairs in [
            vec![("span", "2026-Q5")],
            vec![("span", "-999")],
            vec![("span", "9999")],
            vec![("from", "2026-13-01"), ("to", "2026-01-01")],
            vec![("from", "2026-03-01"), ("to", "2026-02-01")],
            vec![("from", "1900-01-01"), ("to", "2026-01-01")],
            vec![("from", "2026-01-01")],
            vec![("from", "<script>"), ("to", "2026-01-01")],
        ] {
            assert!(chosen(&pairs).ends_with("?span=12m"), "{pairs:?}");
        }
    }
}
