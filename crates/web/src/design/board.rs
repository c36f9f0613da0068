//! The period board: one row for each control, what was known at each moment, on one axis of time.
//!
//! A row is drawn in percent of its width, so that one drawing fits a phone and a wall, and neighbors of the same state
//! are one shape, so that a year of a hundred controls stays light. Shape tells the state without color: operating
//! stands at two thirds of the height, a deviation stands at full height under a filled diamond, unknown is hatched,
//! waived is an outline, missed is a hollow diamond, late is half a diamond, not yet due is dotted.

use maud::{Markup, html};
use tickmark_core::Timestamp;
use tickmark_core::conclusion::period::Grain;
use tickmark_core::time::DAY_US;

use super::icon::Mark;
use super::{criteria_map, moment, plural, table};

/// Shapes in one row. More are drawn by the week, the worst of each, because they could not be told apart.
const ROW_SHAPES: usize = 90;
/// Parts of the width, in hundredths of a percent.
const WHOLE: i64 = 10_000;
/// The least width of a shape: one day of a year.
const LEAST: i64 = 28;

/// One stretch of the same state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// What was known.
    pub mark: Mark,
    /// Why, in a few words; may be empty.
    pub note: String,
}

/// What the stretches of a board count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Time: their ends are moments at which something changed.
    Time,
    /// Cells: each is one cell with the worst that is known of it, so that only cells can be counted.
    Cells(Grain),
}

impl Count {
    fn unit(self, count: usize) -> &'static str {
        match self {
            Self::Time | Self::Cells(Grain::Day) => plural(count, "day", "days"),
            Self::Cells(Grain::Week) => plural(count, "week", "weeks"),
            Self::Cells(Grain::Month) => plural(count, "month", "months"),
        }
    }

    /// How long, or in how many cells: `for 9 days`, `in 2 weeks`.
    fn words(self, held: Held) -> String {
        match self {
            Self::Time => format!("for {}", moment::duration(held.micros)),
            Self::Cells(_) => format!("in {} {}", held.times, self.unit(held.times)),
        }
    }
}

/// What a click on a moment of a row opens. Only script makes use of it; every place is reached by links as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zoom {
    /// Nothing.
    None,
    /// This page with the time around the moment.
    Around(String),
    /// This page on the day of the moment.
    Day(String),
}

/// One row.
#[derive(Clone, Debug)]
pub struct BoardRow {
    /// Identifier, e.g. `IAM-07`; may be empty.
    pub id: String,
    /// Title.
    pub title: String,
    /// One line under the title; may be empty.
    pub about: String,
    /// Where its own page is.
    pub href: String,
    /// The page that lists its stretches, with an anchor for each state; may be empty for this page.
    pub lists: String,
    /// What a click on a moment opens.
    pub zoom: Zoom,
    /// Stretches in order, not overlapping. Empty when nothing tests it.
    pub stretches: Vec<Stretch>,
}

/// Rows under one heading.
#[derive(Clone, Debug)]
pub struct Group {
    /// Identifier, e.g. `CC6`; may be empty.
    pub id: String,
    /// Heading; may be empty.
    pub title: String,
    /// Where the heading leads; may be empty.
    pub href: String,
    /// Its rows.
    pub rows: Vec<BoardRow>,
}

/// A board.
#[derive(Clone, Debug)]
pub struct Board {
    /// What it is about, e.g. `Controls`.
    pub label: String,
    /// First moment of the period.
    pub from: Timestamp,
    /// First moment after the period.
    pub to: Timestamp,
    /// The moment of looking.
    pub now: Timestamp,
    /// Rows in groups.
    pub groups: Vec<Group>,
    /// What is said of a row without stretches, e.g. `no automated test`.
    pub empty_row: &'static str,
    /// The word of a state; [`word`] unless the board is about something else than controls.
    pub word: fn(Mark) -> &'static str,
    /// What the stretches count.
    pub count: Count,
    /// The address of the same page without a period, to choose a shorter one; empty if there is no choice.
    pub zoom: String,
}

/// The word of a state over a period.
#[must_use]
pub fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Pass => "Operating",
        Mark::Partly => "Partly operating",
        Mark::Fail => "Deviation",
        Mark::Unknown => "Unknown",
        Mark::Waived => "Waived",
        Mark::NotApplicable => "Not applicable",
        Mark::NotYetDue => "Not yet due",
        Mark::Missed => "Missed",
        Mark::Late => "Late",
    }
}

/// The word of a state in addresses.
#[must_use]
pub fn key(mark: Mark) -> &'static str {
    match mark {
        Mark::Pass => "operating",
        Mark::Partly => "partly",
        Mark::Fail => "deviation",
        Mark::Unknown => "unknown",
        Mark::Waived => "waived",
        Mark::NotApplicable => "not_applicable",
        Mark::NotYetDue => "not_yet_due",
        Mark::Missed => "missed",
        Mark::Late => "late",
    }
}

/// The states in the order of the legend, with what must not be overlooked first.
pub const STATES: [Mark; 9] = [
    Mark::Fail,
    Mark::Missed,
    Mark::Late,
    Mark::Unknown,
    Mark::Waived,
    Mark::Partly,
    Mark::Pass,
    Mark::NotApplicable,
    Mark::NotYetDue,
];

/// The place of a state where only one can be shown: what must not be overlooked is least.
fn rank(mark: Mark) -> usize {
    STATES.iter().position(|state| *state == mark).unwrap_or(STATES.len())
}

/// How often and how long a state held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Stretches.
    pub times: usize,
    /// Microseconds.
    pub micros: i64,
}

/// Sums one state over stretches.
#[must_use]
pub fn held(stretches: &[Stretch], mark: Mark) -> Held {
    let of_mark = stretches.iter().filter(|stretch| stretch.mark == mark);
    of_mark.fold(Held::default(), |sum, stretch| Held {
        times: sum.times + 1,
        micros: sum.micros + (stretch.to.micros() - stretch.from.micros()).max(0),
    })
}

/// A row in one sentence: `operating for 320 days, deviation for 9 days (2 times)`.
#[must_use]
pub fn summary(stretches: &[Stretch], count: Count) -> String {
    summary_in(stretches, word, count)
}

fn summary_in(stretches: &[Stretch], word: fn(Mark) -> &'static str, count: Count) -> String {
    let parts: Vec<String> = STATES
        .iter()
        .filter(|mark| **mark != Mark::NotYetDue)
        .filter_map(|&mark| {
            let held = held(stretches, mark);
            let word = word(mark).to_lowercase();
            match (held.times, mark) {
                (0, _) => None,
                (1, Mark::Missed | Mark::Late) => Some(format!("{word} once")),
                (times, Mark::Missed | Mark::Late) => Some(format!("{word} {times} times")),
                (times, Mark::Fail) if times > 1 && count == Count::Time => {
                    Some(format!("{word} {} in {times} stretches", count.words(held)))
                }
                _ => Some(format!("{word} {}", count.words(held))),
            }
        })
        .collect();
    if parts.is_empty() { "nothing due yet".to_owned() } else { parts.join(", ") }
}

/// The axis and its place in the width.
struct Scale {
    from: i64,
    to: i64,
}

impl Scale {
    fn part(&self, at: Timestamp) -> i64 {
        let span = i128::from((self.to - self.from).max(1));
        let passed = i128::from((at.micros() - self.from).clamp(0, self.to - self.from));
        i64::try_from(passed * i128::from(WHOLE) / span).unwrap_or(0)
    }
}

fn percent(part: i64) -> String {
    match part % 100 {
        0 => format!("{}%", part / 100),
        rest if rest % 10 == 0 => format!("{}.{}%", part / 100, rest / 10),
        rest => format!("{}.{rest:02}%", part / 100),
    }
}

impl Board {
    fn scale(&self) -> Scale {
        Scale { from: self.from.micros(), to: self.to.micros() }
    }

    /// Draws legend, board and the table behind it.
    #[must_use]
    pub fn draw(&self) -> Markup {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        html! {
            (self.legend())
            div.board data-from=(self.from.micros() / 1000) data-to=(self.to.micros() / 1000) data-zoom=[(!self.zoom.is_empty()).then_some(&self.zoom)] {
                svg.sprite aria-hidden="true" focusable="false" { symbol id="board-grid" overflow="visible" { (self.grid()) } }
                @if self.zoom.is_empty() {
                    div.board-row.board-axis aria-hidden="true" { span {} svg.axis aria-hidden="true" { (self.ticks()) } span {} }
                } @else {
                    nav.board-row.board-axis aria-label="Shorter periods" { span {} svg.axis role="group" aria-label="Time" { (self.ticks()) } span {} }
                }
                @for group in &self.groups { @if !group.rows.is_empty() {
                    @if !group.title.is_empty() {
                        h3.board-group {
                            @if group.href.is_empty() { b { (group.id) } " " (group.title) }
                            @else { a href=(group.href) { b { (group.id) } " " (group.title) } }
                            span.muted.num { (group.rows.len()) }
                        }
                    }
                    ul { @for row in &group.rows { (self.row(row)) } }
                } }
            }
            details.behind {
                summary { "Show the " (rows().count()) " " (plural(rows().count(), "row", "rows")) " as a table" }
                (self.table())
            }
        }
    }

    fn legend(&self) -> Markup {
        let is_there = |mark: Mark| {
            self.groups
                .iter()
                .flat_map(|g| &g.rows)
                .flat_map(|row| &row.stretches)
                .any(|stretch| stretch.mark == mark)
        };
        let mut seen: Vec<(Mark, &str)> =
            STATES.iter().filter(|mark| is_there(**mark)).map(|mark| (*mark, (self.word)(*mark))).collect();
        if self.to > self.now && !is_there(Mark::NotYetDue) {
            seen.push((Mark::NotYetDue, (self.word)(Mark::NotYetDue)));
        }
        criteria_map::legend(&seen)
    }

    fn row(&self, row: &BoardRow) -> Markup {
        html! {
            li.board-row {
                a.board-name href=(row.href) title=(row.title) {
                    @if !row.id.is_empty() { span.id { (row.id) } }
                    span.name { (row.title) }
                    @if !row.about.is_empty() { span.sub { (row.about) } }
                }
                @if row.stretches.is_empty() { span.board-empty { (self.empty_row) } }
                @else {
                    @let (around, day) = match &row.zoom { Zoom::None => (None, None), Zoom::Around(href) => (Some(href), None), Zoom::Day(href) => (None, Some(href)) };
                    svg.cells role="img" aria-label=(summary_in(&row.stretches, self.word, self.count)) data-around=[around] data-day=[day] {
                        use href="#board-grid" {}
                        (self.shapes(row))
                    }
                }
                span.board-sums { (sums(row, self.word, self.count)) }
            }
        }
    }

    fn shapes(&self, row: &BoardRow) -> Markup {
        let scale = self.scale();
        let merged = merge(&row.stretches);
        let drawn = if merged.len() > ROW_SHAPES { by_week(&merged, self.from) } else { merged };
        html! {
            @for stretch in &drawn {
                @let x = scale.part(stretch.from).min(WHOLE - LEAST);
                @let width = (scale.part(stretch.to) - x).max(LEAST);
                @let middle = percent(x + width / 2);
                @match stretch.mark {
                    Mark::Partly => {
                        rect.seg-unknown x=(percent(x)) y="6" width=(percent(width)) height="6" fill="url(#hatch)" { (title(stretch, self.word)) }
                        rect.seg-pass x=(percent(x)) y="12" width=(percent(width)) height="5" { (title(stretch, self.word)) }
                    },
                    Mark::Pass => rect.seg-pass x=(percent(x)) y="6" width=(percent(width)) height="11" { (title(stretch, self.word)) },
                    Mark::Unknown => rect.seg-unknown x=(percent(x)) y="6" width=(percent(width)) height="11" fill="url(#hatch)" { (title(stretch, self.word)) },
                    Mark::Waived => rect.seg-waived x=(percent(x)) y="6.75" width=(percent(width)) height="9.5" { (title(stretch, self.word)) },
                    Mark::NotApplicable => rect.seg-na x=(percent(x)) y="11" width=(percent(width)) height="1.5" { (title(stretch, self.word)) },
                    Mark::NotYetDue => line.seg-dots x1=(percent(x)) x2=(percent(x + width)) y1="11.5" y2="11.5" {},
                    Mark::Fail => {
                        rect.seg-fail x=(percent(x)) y="2" width=(percent(width)) height="15" { (title(stretch, self.word)) }
                        use href="#b-fail" x=(middle) {}
                    },
                    Mark::Missed => {
                        line.seg-frame x1=(percent(x)) x2=(percent(x + width)) y1="16.5" y2="16.5" {}
                        g { (title(stretch, self.word)) use href="#b-missed" x=(middle) {} }
                    },
                    Mark::Late => {
                        rect.seg-pass x=(percent(x)) y="6" width=(percent(width)) height="11" { (title(stretch, self.word)) }
                        line.seg-cut x1=(percent(x)) x2=(percent(x)) y1="5" y2="18" {}
                        use href="#b-late" x=(middle) {}
                    },
                }
            }
        }
    }

    /// Lines that every row shares: first days of months or weeks, and today.
    fn grid(&self) -> Markup {
        let scale = self.scale();
        html! {
            @for (at, _) in self.marks() {
                @let x = percent(scale.part(at));
                line.tick x1=(x) x2=(x) y1="0" y2="100%" {}
            }
            @if self.now > self.from && self.now < self.to {
                @let x = percent(scale.part(self.now));
                line.now-line x1=(x) x2=(x) y1="0" y2="100%" {}
            }
        }
    }

    fn ticks(&self) -> Markup {
        let scale = self.scale();
        let marks = self.marks();
        let ends = marks.iter().skip(1).map(|(at, _)| *at).chain([self.to]);
        html! {
            @for (place, ((at, name), end)) in marks.iter().zip(ends).enumerate() {
                @let part = scale.part(*at);
                // Of many names a phone has room for every third.
                @let between = (marks.len() > 7 && marks.len() != 12 && place % 3 != 0).then_some("between");
                @let text = html! {
                    @if part < WHOLE - 250 {
                        text class=[between] x=(percent(part)) y="15" dx="3" {
                            @match name.split_once(' ') {
                                // A phone has no room for the year.
                                Some((month, year)) if year.len() == 4 => { (month) tspan.year { " ’" (&year[2..]) } },
                                _ => (name),
                            }
                        }
                    }
                };
                @if self.zoom.is_empty() { (text) } @else {
                    @let last = end.plus_micros(-1);
                    a href={ (self.zoom) (if self.zoom.contains('?') { "&" } else { "?" }) "from=" (at.date()) "&to=" (last.date()) } {
                        title { "Show " (moment::date(*at)) " to " (moment::date(last)) }
                        rect.axis-hit x=(percent(part)) width=(percent(scale.part(end) - part)) height="24" {}
                        (text)
                    }
                }
            }
        }
    }

    /// Moments that are named on the axis: years, months, weeks or days, so that names do not run into each other.
    fn marks(&self) -> Vec<(Timestamp, String)> {
        let days = (self.to.micros() - self.from.micros()) / DAY_US;
        let mut out = Vec::new();
        let mut day = self.from.micros().div_euclid(DAY_US) * DAY_US;
        if day < self.from.micros() {
            day += DAY_US;
        }
        while day < self.to.micros() && out.len() < 60 {
            let at = Timestamp::from_micros(day);
            let text = at.date();
            let month = text[5..7].parse().unwrap_or(0);
            let number = text[8..10].trim_start_matches('0');
            // The first of January 1970 was a Thursday.
            let is_monday = (day / DAY_US + 3).rem_euclid(7) == 0;
            if days > 4 * 366 {
                if &text[5..10] == "01-01" {
                    out.push((at, text[..4].to_owned()));
                }
            } else if days > 120 {
                if number == "1" {
                    let name = moment::month_name(month);
                    out.push((
                        at,
                        if month == 1 { format!("{name} {}", &text[..4]) } else { name.to_owned() },
                    ));
                }
            } else if is_monday || days <= 14 {
                out.push((at, format!("{number} {}", moment::month_name(month))));
            }
            day += DAY_US;
        }
        out
    }

    fn table(&self) -> Markup {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let states: Vec<Mark> = STATES
            .into_iter()
            .filter(|mark| *mark != Mark::NotYetDue)
            .filter(|mark| rows().flat_map(|row| &row.stretches).any(|stretch| stretch.mark == *mark))
            .collect();
        let cell = |row: &BoardRow, mark: Mark| {
            let held = held(&row.stretches, mark);
            let is_window = matches!(mark, Mark::Missed | Mark::Late);
            let text = match self.count {
                _ if is_window => held.times.to_string(),
                Count::Time => moment::duration(held.micros),
                Count::Cells(_) => format!("{} {}", held.times, self.count.unit(held.times)),
            };
            html! {
                @if held.times > 0 {
                    a.num href={ (row.lists) "#" (key(mark)) } { (text) }
                    @if held.times > 1 && !is_window && self.count == Count::Time { span.muted { ", " (held.times) " times" } }
                }
            }
        };
        let body = rows().map(|row| {
            let name = html! {
                a.primary href=(row.href) { @if !row.id.is_empty() { (row.id) " " } (row.title) }
                @if row.stretches.is_empty() { span.sub { (self.empty_row) } }
            };
            [name].into_iter().chain(states.iter().map(|mark| cell(row, *mark))).collect()
        });
        let heads: Vec<&str> =
            [self.label.as_str()].into_iter().chain(states.iter().map(|mark| (self.word)(*mark))).collect();
        table::plain(&format!("{} over the period", self.label), &heads, body.collect())
    }
}

/// The hover text of a shape.
fn title(stretch: &Stretch, word: fn(Mark) -> &'static str) -> Markup {
    let until = moment::date(stretch.to.plus_micros(-1));
    let from = moment::date(stretch.from);
    html! {
        title {
            (word(stretch.mark)) ", " (from) @if until != from { " to " (until) }
            @if !stretch.note.is_empty() { ": " (stretch.note) }
        }
    }
}

/// The figures at the end of a row, each leading to what it counts.
fn sums(row: &BoardRow, word: fn(Mark) -> &'static str, count: Count) -> Markup {
    let sum = |mark| held(&row.stretches, mark);
    let figure = |mark: Mark, text: String, title: String| {
        html! {
            a href={ (row.lists) "#" (key(mark)) } title=(title) {
                (mark.draw()) span.num { (text) } span.visually-hidden { " " (title) }
            }
        }
    };
    html! {
        @for mark in [Mark::Fail, Mark::Missed, Mark::Late] {
            @let held = sum(mark);
            @if held.times > 0 {
                @let title = match (count, mark) {
                    (Count::Cells(_), Mark::Fail) => format!("{} with {}", count.unit(held.times), word(mark).to_lowercase()),
                    _ => word(mark).to_lowercase(),
                };
                (figure(mark, held.times.to_string(), title))
            }
        }
        @let unknown = sum(Mark::Unknown);
        @match count {
            Count::Time if unknown.micros < DAY_US => {},
            Count::Cells(_) if unknown.times == 0 => {},
            Count::Time => (figure(Mark::Unknown, format!("{} d", unknown.micros / DAY_US), format!("days {}", word(Mark::Unknown).to_lowercase()))),
            Count::Cells(_) => (figure(Mark::Unknown, unknown.times.to_string(), format!("{} with {}", count.unit(unknown.times), word(Mark::Unknown).to_lowercase()))),
        }
    }
}

/// Joins neighbors that look alike; their notes are kept while they agree.
#[must_use]
pub fn merge(stretches: &[Stretch]) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    for stretch in stretches.iter().filter(|stretch| stretch.to > stretch.from) {
        match out.last_mut() {
            // Each missed or late window is one of its own.
            Some(last)
                if last.mark == stretch.mark
                    && last.to == stretch.from
                    && !matches!(stretch.mark, Mark::Missed | Mark::Late) =>
            {
                last.to = stretch.to;
                if last.note != stretch.note {
                    last.note.clear();
                }
            }
            _ => out.push(stretch.clone()),
        }
    }
    out
}

/// The worst of each week.
fn by_week(stretches: &[Stretch], from: Timestamp) -> Vec<Stretch> {
    let week_of = |at: Timestamp| (at.micros() - from.micros()).div_euclid(7 * DAY_US);
    let mut weeks: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        for week in week_of(stretch.from)..=week_of(stretch.to.plus_micros(-1)) {
            let start = from.plus_micros(week * 7 * DAY_US).max(from);
            let part = Stretch {
                from: start,
                to: start.plus_micros(7 * DAY_US),
                note: String::new(),
                ..stretch.clone()
            };
            match weeks.last_mut() {
                Some(last) if last.from == part.from => {
                    if rank(part.mark) < rank(last.mark) {
                        *last = part;
                    }
                }
                _ => weeks.push(part),
            }
        }
    }
    merge(&weeks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000 + n * DAY_US)
    }

    fn stretch(from: i64, to: i64, mark: Mark) -> Stretch {
        Stretch { from: day(from), to: day(to), mark, note: String::new() }
    }

    fn board(rows: Vec<BoardRow>) -> Board {
        let group = Group { id: "CC6".into(), title: "Access".into(), href: String::new(), rows };
        Board {
            label: "Control".into(),
            from: day(0),
            to: day(365),
            now: day(300),
            groups: vec![group],
            empty_row: "no automated test",
            word,
            count: Count::Time,
            zoom: "/period?by=area".into(),
        }
    }

    fn row(stretches: Vec<Stretch>) -> BoardRow {
        BoardRow {
            id: "IAM-07".into(),
            title: "<b>".into(),
            about: String::new(),
            href: "/x".into(),
            lists: "/x".into(),
            zoom: Zoom::Day("/x".into()),
            stretches,
        }
    }

    #[test]
    fn says_in_words_what_it_draws() {
        let stretches = vec![
            stretch(0, 100, Mark::Pass),
            stretch(100, 109, Mark::Fail),
            stretch(109, 120, Mark::Pass),
            stretch(120, 210, Mark::Missed),
            stretch(210, 365, Mark::NotYetDue),
        ];
        assert_eq!(
            summary(&stretches, Count::Time),
            "deviation for 9 days, missed once, operating for 111 days"
        );
        assert_eq!(
            summary(&stretches, Count::Cells(Grain::Week)),
            "deviation in 1 week, missed once, operating in 2 weeks"
        );
        let html = board(vec![row(stretches)]).draw().0;
        assert!(html.contains("Deviation, 11 Apr 2026 to 19 Apr 2026") && !html.contains("<b>x"), "{html}");
        // 100 of 365 days are 27.39 %.
        assert!(html.contains(r#"<rect class="seg-pass" x="0%" y="6" width="27.39%""#), "{html}");
        assert!(html.contains(r##"<use href="#b-missed""##) && html.contains("&lt;b&gt;"), "{html}");
        assert!(html.contains(">Jan<tspan class=\"year\"> ’26<") && html.contains(">Dec<"), "{html}");
        assert!(html.contains("href=\"/period?by=area&amp;from=2026-04-01&amp;to=2026-04-30\""), "{html}");
        assert!(board(vec![row(Vec::new())]).draw().0.contains("no automated test"));
    }

    #[test]
    fn neighbors_of_one_state_are_one_shape_but_missed_windows_are_counted() {
        let alike = [stretch(0, 1, Mark::Pass), stretch(1, 2, Mark::Pass), stretch(2, 3, Mark::Fail)];
        assert_eq!(merge(&alike), [stretch(0, 2, Mark::Pass), stretch(2, 3, Mark::Fail)]);
        let missed = [stretch(0, 30, Mark::Missed), stretch(30, 60, Mark::Missed)];
        assert_eq!(merge(&missed), missed);
    }

    #[test]
    fn a_year_that_changes_daily_stays_light_and_hides_no_deviation() {
        let year = |fails: Option<i64>| -> Vec<Stretch> {
            let mark = |n: i64| match n % 2 {
                _ if fails == Some(n) => Mark::Fail,
                0 => Mark::Pass,
                _ => Mark::Unknown,
            };
            (0..364).map(|n| stretch(n, n + 1, mark(n))).collect()
        };
        let weeks = by_week(&year(None), day(0));
        assert!(weeks.iter().all(|week| week.mark == Mark::Unknown), "the worst of each week");
        assert!(by_week(&year(Some(200)), day(0)).iter().any(|week| week.mark == Mark::Fail));
        let html = board((0..110).map(|_| row(year(Some(200)))).collect()).draw().0;
        assert!(html.len() < 300_000, "{}", html.len());
    }
}
