//! The calendar: what is due in a month, on the last day on which it is on time.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::program::performance::{self, Due};
use tickmark_core::Timestamp;
use tickmark_core::evidence::item::day;
use tickmark_core::id::ActorId;
use tickmark_core::program::performance::WindowState;
use tickmark_core::time::DAY_US;

use super::{mark_of, state_badge, word_of};
use crate::WebState;
use crate::design::frame::{Page, Place};
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table};
use crate::design::{moment, segment};
use crate::error::Refusal;
use crate::identity::{name, names};
use crate::list::Listed;
use crate::visit::Asked;

/// Entries that a day shows; the table below has all.
const PER_DAY: usize = 4;
/// Months before and after the one that is shown which can be chosen from a list.
const MONTHS: i32 = 12;
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Years that can be asked for.
const YEARS: std::ops::Range<i32> = 1990..2199;

/// A month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Month {
    year: i32,
    /// From 1 to 12.
    month: u8,
}

impl Month {
    /// Reads `2026-11`; what is none is the month of `now`.
    fn of(text: &str, now: Timestamp) -> Self {
        Self::parse(text).or_else(|| Self::parse(&now.date()[..7])).unwrap_or(Self { year: 2026, month: 1 })
    }

    fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|_| !text.contains('+'))?;
        let found = Self { year: year.parse().ok()?, month: month.parse().ok()? };
        (text.len() == 7 && YEARS.contains(&found.year) && (1..=12).contains(&found.month)).then_some(found)
    }

    fn plus(self, months: i32) -> Self {
        let all = self.year * 12 + i32::from(self.month) - 1 + months;
        Self { year: all.div_euclid(12), month: u8::try_from(all.rem_euclid(12)).unwrap_or(0) + 1 }
    }

    fn key(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    fn words(self) -> String {
        const NAMES: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        format!("{} {}", NAMES[usize::from(self.month) - 1], self.year)
    }

    /// First moment of the first day.
    fn first(self) -> Timestamp {
        day(&format!("{}-01", self.key())).unwrap_or(Timestamp::from_micros(0))
    }

    /// Weeks that touch it, Monday first; none for days of other months.
    fn weeks(self) -> Vec<[Option<Timestamp>; 7]> {
        let (first, end) = (self.first(), self.plus(1).first());
        // 1 January 1970 was a Thursday.
        let weekday = (first.micros().div_euclid(DAY_US) + 3).rem_euclid(7);
        let mut at = first.plus_micros(-weekday * DAY_US);
        let mut weeks = Vec::new();
        while at < end {
            let mut week = [None; 7];
            for slot in &mut week {
                *slot = (first <= at && at < end).then_some(at);
                at = at.plus_micros(DAY_US);
            }
            weeks.push(week);
        }
        weeks
    }
}

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let listed = listed(&state, &asked).await?;
    crate::list::show(&state, &asked, listed).await
}

/// What is due in the month that is asked for: the month as a calendar, and its windows as a list.
pub(super) async fn listed(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let now = asked.visit.now;
    let month = Month::of(asked.query.get("month").unwrap_or_default(), now);
    let owner = asked.query.get("owner").and_then(|id| id.parse::<ActorId>().ok());
    let (due, people) = app
        .read(actor, async |view| {
            // What is due at midnight is due by the day before.
            let (from, to) = (month.first(), month.plus(1).first());
            let due = performance::due_between(view, from, to).await?;
            let owners: BTreeSet<ActorId> =
                due.iter().flat_map(|one| [one.owner, one.operator]).flatten().collect();
            let people = names(view, owners.into_iter().chain([view.actor.id])).await?;
            Ok((due, people))
        })
        .await?;
    let mut owners: Vec<(ActorId, String)> = due
        .iter()
        .flat_map(|one| [one.owner, one.operator])
        .flatten()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|id| (id, name(&people, id).to_owned()))
        .collect();
    owners.sort_by(|a, b| (a.0 != actor.id, &a.1).cmp(&(b.0 != actor.id, &b.1)));
    let shown: Vec<&Due> = due.iter().filter(|one| owner.is_none_or(|owner| one.is_of(owner))).collect();
    let page = draw(month, &shown, owner, now);
    Ok(Listed::of(page, table(month, &due, &owners, &people, actor.id)))
}

fn draw(month: Month, due: &[&Due], owner: Option<ActorId>, now: Timestamp) -> Page {
    let tail = owner.map(|owner| format!("&owner={owner}")).unwrap_or_default();
    let to = |month: Month| format!("/calendar?month={}{tail}", month.key());
    let today = now.date();
    let mut by_day: BTreeMap<Timestamp, Vec<&Due>> = BTreeMap::new();
    for one in due {
        by_day.entry(one.last_day()).or_default().push(one);
    }
    let counts = [WindowState::Missed, WindowState::Late, WindowState::NotYetDue, WindowState::Done]
        .map(|state| (state, due.iter().filter(|one| one.state == state).count()));
    let body = html! {
        div.cal-head {
            nav.row aria-label="Month" {
                @if YEARS.contains(&month.plus(-1).year) { a.button href=(to(month.plus(-1))) aria-label={ "Earlier: " (month.plus(-1).words()) } { "\u{2190}" } }
                strong { (month.words()) }
                @if YEARS.contains(&month.plus(1).year) { a.button href=(to(month.plus(1))) aria-label={ "Later: " (month.plus(1).words()) } { "\u{2192}" } }
                @if month.key() != today[..7] { a.button href={ "/calendar" @if let Some(owner) = owner { "?owner=" (owner) } } { "This month" } }
            }
            span.marks { @for (state, count) in counts.iter().filter(|(_, count)| *count > 0) { span { (mark_of(*state).draw()) (count) " " (word_of(*state).to_lowercase()) } } }
        }
        @if due.is_empty() {
            div.empty {
                h3 { "Nothing is due in " (month.words()) }
                p { "Controls in force that people perform are due once in each window of their frequency." }
                p { a.button href="/controls" { "See the controls" } }
            }
        }
        table.cal aria-label=(month.words()) {
            thead { tr { @for day in DAYS { th scope="col" { abbr title=(day) { (&day[..3]) } } } } }
            tbody {
                @for week in month.weeks() {
                    tr {
                        @for slot in week {
                            @match slot {
                                None => td.other {},
                                Some(at) => { (cell(at, by_day.get(&at).map(Vec::as_slice).unwrap_or_default(), &today)) },
                            }
                        }
                    }
                }
            }
        }
    };
    let mut page = Page::new(Place::Calendar, "Calendar", body);
    page.lead = html! { "Each window stands on the last day on which it is on time, its days of grace included. Days are UTC." };
    page
}

fn cell(at: Timestamp, due: &[&Due], today: &str) -> Markup {
    let date = at.date();
    let is_today = date == today;
    let class = match (due.is_empty(), is_today) {
        (true, false) => "quiet",
        (_, true) => "today",
        (false, false) => "",
    };
    html! {
        td class=(class) {
            time datetime=(date) { span.n { (date[8..].trim_start_matches('0')) } span.visually-hidden { " " (moment::date(at)) } @if is_today { span.small.muted { " today" } } }
            ul {
                @for one in due.iter().take(PER_DAY) {
                    li {
                        a href={ "/controls/" (segment(one.control.as_str())) "/occurrences" @if one.state != WindowState::Done { "?window=" (segment(&one.window.id)) } } title={ (one.title) ", " (one.window.id) ": " (one.state.word()) } {
                            (mark_of(one.state).draw()) span.mono { (one.control) } span.what { (one.title) }
                            span.visually-hidden { ", " (one.window.id) ": " (one.state.word()) }
                        }
                    }
                }
                @if due.len() > PER_DAY { li.more { a href="#due" { (due.len() - PER_DAY) " more" } } }
            }
        }
    }
}

fn table(
    month: Month,
    due: &[Due],
    owners: &[(ActorId, String)],
    people: &BTreeMap<ActorId, String>,
    own: ActorId,
) -> Table {
    let states = [WindowState::Missed, WindowState::Late, WindowState::NotYetDue, WindowState::Done];
    let whose = |(id, name): &(ActorId, String)| {
        (id.to_string(), if *id == own { format!("{name} (you)") } else { name.clone() })
    };
    // Months around the one that is shown; the arrows above lead further.
    let months = (-MONTHS..=MONTHS).map(|by| month.plus(by)).filter(|one| YEARS.contains(&one.year));
    Table {
        id: "due".into(),
        path: "/calendar".into(),
        noun: ("window", "windows"),
        columns: vec![
            Column::number("by", "By", Phone::Line),
            Column::text("control", "Control", Phone::Title),
            Column::text("window", "Window", Phone::Line),
            Column::text("owner", "Owner", Phone::Line),
            Column::text("state", "State", Phone::Status),
        ],
        filters: vec![
            Filter {
                key: "month",
                label: "Month",
                options: months.map(|one| (one.key(), one.words())).collect(),
                shown: true,
            },
            Filter { key: "owner", label: "Of", options: owners.iter().map(whose).collect(), shown: true },
            Filter {
                key: "state",
                label: "State",
                options: states.map(|one| (one.word().to_owned(), word_of(one).to_owned())).to_vec(),
                shown: true,
            },
        ],
        rows: due.iter().map(|one| row(month, one, people)).collect(),
        counted: None,
        empty: html! {},
    }
}

fn row(month: Month, one: &Due, people: &BTreeMap<ActorId, String>) -> Row {
    let owner = one.owner.or(one.operator).map_or("nobody", |id| name(people, id));
    let title = format!("{} {}", one.control, one.title);
    let mut facets = vec![("month", month.key()), ("state", one.state.word().to_owned())];
    let of: BTreeSet<ActorId> = [one.owner, one.operator].into_iter().flatten().collect();
    facets.extend(of.into_iter().map(|id| ("owner", id.to_string())));
    Row {
        cells: vec![
            Cell::by_number(
                html! { span.nowrap { (moment::date(one.last_day())) } },
                one.last_day().micros(),
            )
            .said(one.last_day().date()),
            Cell::by_text(
                html! { a.primary href={ "/controls/" (segment(one.control.as_str())) "/occurrences" } { span.mono { (one.control) } " " (one.title) } },
                &title,
            ),
            Cell::text(&one.window.id),
            Cell::text(owner),
            Cell::by_text(state_badge(one.state), word_of(one.state)),
        ],
        find: format!("{title} {} {owner}", one.window.id),
        facets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_weeks() {
        let november = Month::parse("2026-11").expect("a month");
        let weeks = november.weeks();
        // It begins on a Sunday and has 30 days.
        assert_eq!(weeks.len(), 6);
        assert!(weeks[0][..6].iter().all(Option::is_none));
        assert_eq!(weeks[0][6].map(Timestamp::date).as_deref(), Some("2026-11-01"));
        assert_eq!(weeks[5][0].map(Timestamp::date).as_deref(), Some("2026-11-30"));
        assert_eq!(weeks.iter().flatten().flatten().count(), 30);
        let february = Month::parse("2027-02").expect("a month");
        assert_eq!(
            (february.weeks().len(), february.weeks()[0][0].is_some()),
            (4, true),
            "it begins on a Monday"
        );
        assert_eq!(Month::parse("2026-01").map(|month| month.plus(-1).key()).as_deref(), Some("2025-12"));
        assert_eq!(november.plus(2).words(), "January 2027");
        for odd in ["", "2026-13", "2026-00", "2026-1", "26-11", "9999-01", "2026-+1", "<script>"] {
            let now = Timestamp::from_seconds(1_795_531_500);
            assert_eq!(Month::of(odd, now), november, "{odd}");
        }
    }
}
