//! Moments in words: relative on the screen, exact on hover and in print.

use std::future::Future;

use maud::{Markup, html};
use tickmark_core::Timestamp;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::Time;
use tickmark_core::time::{DAY_US, HOUR_US, SECOND_US};
use tickmark_core::zone::Reading;

tokio::task_local! {
    /// Where and how whoever gets the page reads times. A page is drawn in one task, the one of its request.
    static READING: Reading;
}

/// Draws pages as somebody reads times. Without it they are in UTC.
pub(crate) async fn read_as<T>(reading: Reading, page: impl Future<Output = T>) -> T {
    READING.scope(reading, page).await
}

fn reading<T>(with: impl FnOnce(&Reading) -> T) -> T {
    let mut with = Some(with);
    let known = READING.try_with(|reading| with.take().map(|with| with(reading)));
    match (known, with) {
        (Ok(Some(answer)), _) => answer,
        (_, Some(with)) => with(&Reading::default()),
        (_, None) => unreachable!("it is taken only where there is a reading"),
    }
}

/// The name of the zone in which times are shown.
pub(crate) fn zone() -> String {
    reading(|reading| reading.zone.name().to_owned())
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment as "3 hours ago", with the exact time on hover and in print.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! {
        time datetime=(at) title=(written(at)) {
            span.relative { (relative(at, now)) }
            span.exact { (written(at)) }
        }
    }
}

/// A moment written out: `24 Nov 2026, 14:45 UTC`.
#[must_use]
pub fn exact(at: Timestamp) -> Markup {
    html! { time.nowrap datetime=(at) { (written(at)) } }
}

/// The day of a moment where the reader is: `24 Nov 2026`.
#[must_use]
pub fn day(at: Timestamp) -> String {
    reading(|reading| reading.day(reading.zone.day(at)))
}

/// The date of a moment in UTC, written out as the organization writes dates: `24 Nov 2026`. For days that are the same for
/// everybody, as the ends of windows and periods.
#[must_use]
pub fn date(at: Timestamp) -> String {
    let text = at.date();
    let (year, month, day) = (&text[..4], &text[5..7], &text[8..10]);
    reading(|reading| reading.style.written(year, month.parse().unwrap_or_default(), day))
}

/// A day, written out as the organization writes dates: `24 Nov 2026`.
#[must_use]
pub fn on(day: Day) -> String {
    date(day.starts())
}

/// The time of an examination: `as of 24 Nov 2026`, or `1 Nov 2026 to 31 Oct 2027`.
#[must_use]
pub fn examined(time: Time) -> String {
    match time {
        Time::AsOf { date } => format!("as of {}", on(date)),
        Time::Period { from, to } => format!("{} to {}", on(from), on(to)),
    }
}

/// The time of an examination in a sentence: `throughout the period 1 Nov 2026 to 31 Oct 2027`.
#[must_use]
pub fn throughout(time: Time) -> String {
    let span = examined(time);
    if time.is_period() { format!("throughout the period {span}") } else { span }
}

/// The three letters of a month, 1 to 12.
#[must_use]
pub fn month_name(month: usize) -> &'static str {
    MONTHS.get(month.wrapping_sub(1)).copied().unwrap_or("")
}

/// Whether a word is a month as dates write it.
#[must_use]
pub fn is_month(word: &str) -> bool {
    MONTHS.contains(&word)
}

/// A moment as text, as the reader's clock shows it: `24 Nov 2026, 14:45 UTC`.
#[must_use]
pub fn written(at: Timestamp) -> String {
    reading(|reading| reading.moment(at))
}

/// A span of time as text: `3 days`, `2 hours`, `less than a second`.
#[must_use]
pub fn duration(micros: i64) -> String {
    let micros = micros.max(0);
    let (value, unit) = match micros {
        m if m < SECOND_US => return "less than a second".to_owned(),
        m if m < 60 * SECOND_US => (m / SECOND_US, "second"),
        m if m < HOUR_US => (m / (60 * SECOND_US), "minute"),
        m if m < DAY_US => (m / HOUR_US, "hour"),
        m => (m / DAY_US, "day"),
    };
    format!("{value} {unit}{}", if value == 1 { "" } else { "s" })
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let passed = now.micros().saturating_sub(at.micros());
    match passed {
        p if p < 0 => match duration(-p).as_str() {
            "less than a second" => "now".to_owned(),
            ahead => format!("in {ahead}"),
        },
        p if p < 45 * SECOND_US => "just now".to_owned(),
        p if p < 60 * DAY_US => format!("{} ago", duration(p.max(60 * SECOND_US))),
        _ => day(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_distances() {
        let now = Timestamp::from_seconds(1_795_531_500);
        for (back, words) in [
            (0, "just now"),
            (50, "1 minute ago"),
            (7_300, "2 hours ago"),
            (86_400, "1 day ago"),
            (100 * 86_400, "16 Aug 2026"),
            (-7_300, "in 2 hours"),
        ] {
            assert_eq!(relative(now.plus_micros(-back * SECOND_US), now), words);
        }
        assert_eq!(written(now), "24 Nov 2026, 14:45 UTC");
    }

    #[test]
    fn days_and_times_of_examinations_are_written_as_dates_are() {
        let (from, to) = ("2026-11-01".parse().expect("a day"), "2027-10-31".parse().expect("a day"));
        assert_eq!(on(to), "31 Oct 2027");
        assert_eq!(throughout(Time::Period { from, to }), "throughout the period 1 Nov 2026 to 31 Oct 2027");
        assert_eq!(throughout(Time::AsOf { date: to }), "as of 31 Oct 2027");
    }
}
