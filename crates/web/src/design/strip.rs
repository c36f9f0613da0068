//! The period strip: what was known about one thing over a span of time, drawn as one row, with its intervals in a
//! table behind it.
//!
//! Shape carries the meaning as well as color: what operated stands at two thirds of the height, a deviation stands at
//! full height with a diamond, what could not be seen is hatched, what was waived is an outline, what is not due is a
//! thin line.

use maud::{Markup, html};
use tickmark_core::Timestamp;
use tickmark_core::time::DAY_US;

use super::icon::Mark;
use super::{moment, table};

/// One stretch of the same state.
#[derive(Clone, Debug)]
pub struct Segment {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it, or none while it lasts.
    pub to: Option<Timestamp>,
    /// What was known.
    pub mark: Mark,
    /// What was known in words, e.g. `Fail`.
    pub word: String,
    /// Why, in one line; may be empty.
    pub note: String,
    /// Where its record is, e.g. a run; may be empty.
    pub href: String,
}

/// A row of time.
#[derive(Clone, Debug)]
pub struct Strip {
    /// What it is about, e.g. `IAM-07 on ada-01`.
    pub label: String,
    /// First moment of the period.
    pub from: Timestamp,
    /// First moment after the period.
    pub to: Timestamp,
    /// The moment of looking; what lies after it is not yet due.
    pub now: Timestamp,
    /// Stretches in order, not overlapping.
    pub segments: Vec<Segment>,
}

impl Strip {
    /// The segments with the time before the first look as what it is: unseen.
    fn told(&self) -> Vec<Segment> {
        let first = self.segments.first().map_or(self.from, |segment| segment.from);
        let before = (first > self.from).then(|| Segment {
            from: self.from,
            to: Some(first),
            mark: Mark::Unknown,
            word: "Unknown".to_owned(),
            note: "before the first look".to_owned(),
            href: String::new(),
        });
        before.into_iter().chain(self.segments.iter().cloned()).collect()
    }
}

/// Geometry of one drawing, in its own units.
struct Scale {
    width: i64,
    height: i64,
    top: i64,
    from: i64,
    to: i64,
}

impl Scale {
    fn x(&self, at: i64) -> i64 {
        let span = i128::from((self.to - self.from).max(1));
        let passed = i128::from((at - self.from).clamp(0, self.to - self.from));
        i64::try_from(passed * i128::from(self.width) / span).unwrap_or(0)
    }
}

/// The strip of a list row: 240 by 16, no text.
#[must_use]
pub fn row(strip: &Strip) -> Markup {
    let scale = Scale { width: 240, height: 16, top: 0, from: strip.from.micros(), to: strip.to.micros() };
    html! {
        span.strip.row-size {
            svg viewBox="0 0 240 16" role="img" aria-label={ (strip.label) ": " (summary(strip)) } { (bars(strip, &scale)) }
        }
    }
}

/// The strip of a detail page: months above, legend below, intervals in a table behind.
#[must_use]
pub fn full(strip: &Strip) -> Markup {
    let scale = Scale { width: 1000, height: 24, top: 18, from: strip.from.micros(), to: strip.to.micros() };
    let now_x = scale.x(strip.now.micros());
    let count = strip.told().len();
    html! {
        div.strip.full tabindex="0" role="group" aria-label={ "Period of " (strip.label) } {
            svg viewBox="0 0 1000 56" role="img" aria-label={ (strip.label) ": " (summary(strip)) } {
                @for (x, name) in months(&scale) {
                    line.tick x1=(x) x2=(x) y1="14" y2="44" {}
                    text x=(x + 3) y="10" { (name) }
                }
                (bars(strip, &scale))
                @if now_x > 0 && now_x < scale.width {
                    line.now-line x1=(now_x) x2=(now_x) y1="14" y2="46" {}
                    text.now-text x=(now_x.clamp(20, scale.width - 20)) y="55" text-anchor="middle" { "today" }
                }
            }
        }
        (legend(strip))
        details.behind {
            summary { "Show the " (count) " " (super::plural(count, "interval", "intervals")) " as a table" }
            (intervals(strip))
        }
    }
}

/// The intervals of a strip as a table.
#[must_use]
pub fn intervals(strip: &Strip) -> Markup {
    let segments = strip.told();
    let rows = segments.iter().map(|segment| {
        let until = segment.to.unwrap_or(strip.now);
        vec![
            html! { span class={ "badge " (segment.mark.class()) } { (segment.mark.draw()) (segment.word) } },
            moment::exact(segment.from),
            html! { @if let Some(to) = segment.to { (moment::exact(to)) } @else { span.muted { "still so" } } },
            html! { (moment::duration(until.micros() - segment.from.micros())) },
            html! { @if segment.href.is_empty() { (segment.note) } @else { a href=(segment.href) { (segment.note) } } },
        ]
    });
    table::plain(
        &format!("Intervals of {}", strip.label),
        &["State", "From", "Until", "For", "Why"],
        rows.collect(),
    )
}

fn bars(strip: &Strip, scale: &Scale) -> Markup {
    let (top, height) = (scale.top, scale.height);
    let low = top + height / 3;
    let tall = height - height / 3;
    let middle = top + height / 2;
    let now = strip.now.micros();
    let segments = strip.told();
    let drawn: Vec<(Mark, i64, i64, String)> = segments
        .iter()
        .filter_map(|segment| {
            let end = segment.to.map_or(now, Timestamp::micros);
            if end <= scale.from || segment.from.micros() >= scale.to {
                return None;
            }
            let x = scale.x(segment.from.micros()).min(scale.width - 2);
            let width = (scale.x(end) - x).max(2);
            let title = format!(
                "{}, {} to {}",
                segment.word,
                moment::date(segment.from),
                segment.to.map_or("now".to_owned(), moment::date)
            );
            Some((segment.mark, x, width, title))
        })
        .collect();
    let seen_until = strip.segments.last().map_or(scale.from, |s| s.to.map_or(now, Timestamp::micros));
    let rest = scale.x(seen_until.max(scale.from));
    html! {
        rect.seg-due x=(rest) y=(top + height - 2) width=(scale.width - rest) height="1" {}
        @for (mark, x, width, title) in &drawn {
            g {
                title { (title) }
                @match mark {
                    Mark::Pass | Mark::Partly => rect.seg-pass x=(x) y=(low) width=(width) height=(tall) {},
                    Mark::Unknown => g.seg-unknown {
                        rect x=(x) y=(low) width=(width) height=(tall) fill="url(#hatch)" {}
                        rect.seg-unknown-edge x=(x) y=(low) width=(width) height=(tall) {}
                    },
                    Mark::Waived => rect.seg-waived x=(x + 1) y=(low + 1) width=((width - 2).max(1)) height=(tall - 2) {},
                    Mark::NotApplicable => rect.seg-na x=(x) y=(top + height - 4) width=(width) height="2" {},
                    Mark::NotYetDue => rect.seg-due x=(x) y=(top + height - 2) width=(width) height="1" {},
                    Mark::Missed | Mark::Late => path.seg-missed d=(diamond(x + width / 2, middle, height / 2 - 1)) {},
                    Mark::Fail => {
                        rect.seg-fail x=(x) y=(top) width=(width) height=(height) {}
                        @if *width >= height {
                            path.seg-knock d=(diamond(x + width / 2, middle, height / 4)) {}
                        }
                    }
                }
            }
        }
    }
}

fn diamond(x: i64, y: i64, r: i64) -> String {
    format!("M{} {}L{} {}L{} {}L{} {}z", x, y - r, x + r, y, x, y + r, x - r, y)
}

/// First days of the months inside, as (x, name).
fn months(scale: &Scale) -> Vec<(i64, String)> {
    let mut out: Vec<(i64, String)> = Vec::new();
    let days = (scale.to - scale.from) / DAY_US;
    // Months for a year, weeks would crowd; days of a period shorter than two months are marked by date.
    let mut at = scale.from;
    let mut previous = String::new();
    // A period longer than four years is marked by year.
    while at < scale.to && out.len() < 60 {
        let date = Timestamp::from_micros(at).date();
        let (year, month) = (&date[..4], date[5..7].parse().unwrap_or(0));
        let name = if days > 4 * 366 { year.to_owned() } else { moment::month_name(month).to_owned() };
        if name != previous {
            if out.last().is_none_or(|(x, _)| scale.x(at) - x >= 28) {
                out.push((scale.x(at), name.clone()));
            }
            previous = name;
        }
        at += DAY_US;
    }
    if out.last().is_some_and(|(x, _)| scale.width - x < 20) {
        out.pop();
    }
    out
}

fn legend(strip: &Strip) -> Markup {
    let segments = strip.told();
    let mut seen: Vec<(Mark, &str)> = segments.iter().map(|s| (s.mark, s.word.as_str())).collect();
    seen.sort_unstable();
    seen.dedup();
    if strip.to > strip.now {
        seen.push((Mark::NotYetDue, "Not yet due"));
    }
    super::criteria_map::legend(&seen)
}

/// The strip in one sentence: `Pass 88 %, fail 2 %, not seen 10 % of 95 days`.
#[must_use]
pub fn summary(strip: &Strip) -> String {
    let end = strip.to.min(strip.now).micros();
    let elapsed = end - strip.from.micros();
    if elapsed <= 0 || strip.segments.is_empty() {
        return "nothing known in this period yet".to_owned();
    }
    let mut sums: Vec<(Mark, &str, i64)> = Vec::new();
    let segments = strip.told();
    for segment in &segments {
        let from = segment.from.micros().max(strip.from.micros());
        let to = segment.to.map_or(end, Timestamp::micros).min(end);
        let length = (to - from).max(0);
        match sums.iter_mut().find(|(mark, word, _)| *mark == segment.mark && *word == segment.word) {
            Some((_, _, sum)) => *sum += length,
            None => sums.push((segment.mark, &segment.word, length)),
        }
    }
    let parts: Vec<String> = sums
        .iter()
        .map(|(_, word, sum)| format!("{} for {}", word.to_lowercase(), moment::duration(*sum)))
        .collect();
    format!("{}, of {} so far", parts.join(", "), moment::duration(elapsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_micros(n * DAY_US)
    }

    fn strip() -> Strip {
        let segment = |from, to, mark, word: &str| Segment {
            from: day(from),
            to,
            mark,
            word: word.into(),
            note: "<b>".into(),
            href: String::new(),
        };
        Strip {
            label: "a & b".into(),
            from: day(0),
            to: day(100),
            now: day(50),
            segments: vec![
                segment(0, Some(day(40)), Mark::Pass, "Pass"),
                segment(40, Some(day(42)), Mark::Fail, "Fail"),
                segment(42, None, Mark::Unknown, "Unknown"),
            ],
        }
    }

    #[test]
    fn says_in_words_what_it_draws() {
        assert_eq!(
            summary(&strip()),
            "pass for 40 days, fail for 2 days, unknown for 8 days, of 50 days so far"
        );
        let html = full(&strip()).0;
        assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"));
        assert!(html.contains("Not yet due"));
        // 40 of 100 days are 400 of 1000 units.
        assert!(html.contains(r#"<rect class="seg-pass" x="0" y="26" width="400""#), "{html}");
    }

    #[test]
    fn nothing_known_is_said() {
        let empty = Strip { segments: Vec::new(), ..strip() };
        assert_eq!(summary(&empty), "nothing known in this period yet");
    }
}
