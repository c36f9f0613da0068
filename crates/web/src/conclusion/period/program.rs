//! The board of the whole program.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tickmark_core::Timestamp;

use super::{Chosen, clip};
use crate::design::board::{self, Board, BoardRow, Count, Group, STATES, Stretch, Zoom, held};
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{TableQuery, folded};
use crate::design::{plural, segment};

/// Rows that are drawn; more are reached by filters.
const ROW_LIMIT: usize = 400;
/// What is said of a control without tests.
const UNTESTED: &str = "not tested yet";

/// One control over the period.
#[derive(Clone, Debug)]
pub struct ControlPeriod {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Area, e.g. `Identity and access`.
    pub area: String,
    /// Who answers for it: the person, or the role while nobody is named.
    pub owner: String,
    /// The role of the person who is named; empty while nobody is.
    pub owner_role: String,
    /// Id of the system that it is for; empty for one that is for all.
    pub system: String,
    /// Criteria it maps to, the first one being the one it is listed under.
    pub criteria: Vec<String>,
    /// How it is tested, in words: `2 checks`, `quarterly`; empty when nothing tests it.
    pub tested_by: String,
    /// What was known, in order. Empty when nothing is promised and nothing tests it.
    pub stretches: Vec<Stretch>,
}

impl ControlPeriod {
    fn is_tested(&self) -> bool {
        !self.tested_by.is_empty()
    }
}

/// A series with its criteria.
#[derive(Clone, Debug)]
pub struct SeriesOf {
    /// Identifier, e.g. `CC6`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Categories that bring it, as identifiers.
    pub categories: Vec<String>,
    /// Criteria as (identifier, text).
    pub criteria: Vec<(String, String)>,
}

/// The program over the period.
#[derive(Clone, Debug)]
pub struct PeriodView {
    /// Controls in order.
    pub controls: Vec<ControlPeriod>,
    /// What the stretches of a control count.
    pub count: Count,
    /// Series in the order of the framework.
    pub series: Vec<SeriesOf>,
    /// Categories as (identifier, title).
    pub categories: Vec<(String, String)>,
}

/// What the address asks the board to show.
struct Asked<'a> {
    words: Vec<String>,
    state: Option<&'a str>,
    category: Option<&'a str>,
    series: Option<&'a str>,
    criterion: Option<&'a str>,
    system: Option<&'a str>,
    by_area: bool,
}

impl<'a> Asked<'a> {
    fn of(query: &'a TableQuery) -> Self {
        let search: String = query.get("q").unwrap_or("").chars().take(200).collect();
        Self {
            words: search.to_lowercase().split_whitespace().map(str::to_owned).collect(),
            state: query.get("state"),
            category: query.get("category"),
            series: query.get("series"),
            criterion: query.get("criterion"),
            system: query.get("system"),
            by_area: query.get("by") == Some("area"),
        }
    }

    fn is_narrow(&self) -> bool {
        !self.words.is_empty()
            || self.state.is_some()
            || self.category.is_some()
            || self.series.is_some()
            || self.criterion.is_some()
            || self.system.is_some()
    }

    fn shows(&self, row: &ControlPeriod, view: &PeriodView) -> bool {
        let text = [&row.id, &row.title, &row.area, &row.owner, &row.owner_role];
        let text = text.map(|part| part.to_lowercase()).join(" ");
        let has_state = |key: &str| match key {
            "untested" => !row.is_tested(),
            key => row.stretches.iter().any(|stretch| board::key(stretch.mark) == key),
        };
        let series: BTreeSet<&str> =
            row.criteria.iter().filter_map(|id| series_of(view, id)).map(|s| s.id.as_str()).collect();
        self.words.iter().all(|word| text.contains(word.as_str()))
            && self.state.is_none_or(has_state)
            && self.system.is_none_or(|id| row.system == id)
            && self.series.is_none_or(|id| series.contains(id))
            && self.criterion.is_none_or(|id| row.criteria.iter().any(|c| c == id))
            && self.category.is_none_or(|id| {
                view.series
                    .iter()
                    .any(|s| series.contains(s.id.as_str()) && s.categories.iter().any(|c| c == id))
            })
    }
}

fn series_of<'a>(view: &'a PeriodView, criterion: &str) -> Option<&'a SeriesOf> {
    view.series.iter().find(|series| series.criteria.iter().any(|(id, _)| id == criterion))
}

pub(super) fn page(view: &PeriodView, chosen: &Chosen, query: &TableQuery, now: Timestamp) -> Page {
    let asked = Asked::of(query);
    let rows: Vec<ControlPeriod> = view
        .controls
        .iter()
        .map(|row| ControlPeriod { stretches: clip(&row.stretches, chosen), ..row.clone() })
        .filter(|row| asked.shows(row, view))
        .take(ROW_LIMIT)
        .collect();
    let board = Board {
        label: "Control".to_owned(),
        from: chosen.from,
        to: chosen.to,
        now,
        groups: groups(&rows, view, chosen, &asked, query),
        empty_row: UNTESTED,
        word: crate::design::board::word,
        count: view.count,
        zoom: query.with("/period", &[("span", ""), ("from", ""), ("to", ""), ("page", "")]),
    };
    let body = html! {
        (chosen.switcher("/period", query, now))
        (filters(view, &asked, query, chosen, rows.len()))
        @if view.controls.is_empty() {
            (empty("No controls yet", "Adopt the starter controls; the board has a row for each.", "tickmark init"))
        } @else if rows.is_empty() {
            div.empty {
                h3 { "No control matches" }
                p { "Take away a filter, or " a href={ "/period" (chosen.tail()) } { "show all " (view.controls.len()) " controls" } "." }
            }
        } @else { (board.draw()) }
    };
    let mut page = Page::new(Place::Period, &title(view, &asked), body);
    page.lead = lead(view, chosen, query);
    page.period = Some((chosen.from, chosen.to));
    if asked.series.is_some() || asked.criterion.is_some() {
        page.crumbs = vec![("Period board".into(), format!("/period{}", chosen.tail()))];
    }
    page
}

fn title(view: &PeriodView, asked: &Asked<'_>) -> String {
    let series = view.series.iter().find(|series| Some(series.id.as_str()) == asked.series);
    match (series, asked.criterion) {
        (_, Some(criterion)) if series_of(view, criterion).is_some() => {
            format!("{criterion} over the period")
        }
        (Some(series), _) => format!("{} {}", series.id, series.title),
        _ => "Period board".to_owned(),
    }
}

/// The board in one sentence; each figure is the filter that shows its rows.
fn lead(view: &PeriodView, chosen: &Chosen, query: &TableQuery) -> Markup {
    let tested = view.controls.iter().filter(|row| row.is_tested());
    let tested: Vec<Vec<Stretch>> = tested.map(|row| clip(&row.stretches, chosen)).collect();
    let with = |mark: Mark| tested.iter().filter(|stretches| held(stretches, mark).times > 0).count();
    let clean = tested
        .iter()
        .filter(|stretches| {
            stretches.iter().all(|s| matches!(s.mark, Mark::Pass | Mark::NotApplicable | Mark::NotYetDue))
        })
        .count();
    let link = |state: &str| query.with("/period", &[("state", state)]);
    let all = view.controls.len();
    html! {
        a href=(link("deviation")) { (with(Mark::Fail)) " of " (all) " " (plural(all, "control", "controls")) } " had a deviation, "
        @for mark in [Mark::Missed, Mark::Late] {
            @if with(mark) > 0 { a href=(link(board::key(mark))) { (with(mark)) } " " @if mark == Mark::Missed { "missed an occurrence, " } @else { "were late, " } }
        }
        a href=(link("unknown")) { (with(Mark::Unknown)) } " could not be seen for some of the time, "
        (clean) " operated all the time. "
        a href=(link("untested")) { (all - tested.len()) } " have no test yet."
    }
}

fn filters(
    view: &PeriodView,
    asked: &Asked<'_>,
    query: &TableQuery,
    chosen: &Chosen,
    shown: usize,
) -> Markup {
    let option = |value: &str, word: &str, current: Option<&str>| {
        html! { option value=(value) selected[current == Some(value)] { (word) } }
    };
    let made = [asked.state, asked.category, asked.series].into_iter().flatten().count()
        + usize::from(asked.by_area);
    let choices = html! {
        label { "State" select name="state" {
            (option("", "any", asked.state))
            @for mark in STATES { (option(board::key(mark), board::word(mark), asked.state)) }
            (option("untested", "Not tested yet", asked.state))
        } }
        label { "Category" select name="category" {
            (option("", "any", asked.category))
            @for (id, title) in &view.categories { (option(id, title, asked.category)) }
        } }
        label { "Series" select name="series" {
            (option("", "any", asked.series))
            @for series in &view.series { (option(&series.id, &format!("{} {}", series.id, series.title), asked.series)) }
        } }
        label { "Group by" select name="by" {
            (option("", "series", None))
            (option("area", "area", asked.by_area.then_some("area")))
        } }
    };
    html! {
        form.filters method="get" action="/period" role="search" data-auto {
            @for (key, value) in chosen.pairs() { input type="hidden" name=(key) value=(value); }
            @if let Some(criterion) = asked.criterion { input type="hidden" name="criterion" value=(criterion); }
            @if let Some(system) = asked.system { input type="hidden" name="system" value=(system); }
            label.visually-hidden for="board-q" { "Find among controls" }
            input type="search" name="q" id="board-q" value=(query.get("q").unwrap_or("")) placeholder="Find controls  ( / )" autocomplete="off";
            (folded(made, &choices))
            button.button type="submit" { "Apply" }
            span.count { (shown) " of " (view.controls.len()) @if asked.is_narrow() { " · " a href={ "/period" (chosen.tail()) } { "clear" } } }
        }
    }
}

fn groups(
    rows: &[ControlPeriod],
    view: &PeriodView,
    chosen: &Chosen,
    asked: &Asked<'_>,
    query: &TableQuery,
) -> Vec<Group> {
    let drawn = |row: &ControlPeriod| BoardRow {
        id: row.id.clone(),
        title: row.title.clone(),
        // An empty row says so in its place.
        about: if row.is_tested() || row.stretches.is_empty() { String::new() } else { UNTESTED.to_owned() },
        href: format!("/period/{}{}", segment(&row.id), chosen.tail()),
        lists: format!("/period/{}{}", segment(&row.id), chosen.tail()),
        zoom: Zoom::Around(format!("/period/{}", segment(&row.id))),
        stretches: row.stretches.clone(),
    };
    if asked.by_area {
        let mut areas: Vec<&str> = rows.iter().map(|row| row.area.as_str()).collect();
        areas.dedup();
        let mut seen = BTreeSet::new();
        areas.retain(|area| seen.insert(*area));
        return areas
            .into_iter()
            .map(|area| Group {
                id: String::new(),
                title: area.to_owned(),
                href: String::new(),
                rows: rows.iter().filter(|row| row.area == area).map(drawn).collect(),
            })
            .collect();
    }
    // Inside one series a control stands under each of its criteria there; in the whole program only once.
    if let Some(series) = view.series.iter().find(|series| Some(series.id.as_str()) == asked.series) {
        return series
            .criteria
            .iter()
            .filter(|(id, _)| asked.criterion.is_none_or(|wanted| wanted == id))
            .map(|(id, text)| Group {
                id: id.clone(),
                title: text.clone(),
                href: query.with("/period", &[("series", ""), ("criterion", id)]),
                rows: rows.iter().filter(|row| row.criteria.contains(id)).map(drawn).collect(),
            })
            .collect();
    }
    let first =
        |row: &ControlPeriod| row.criteria.first().and_then(|id| series_of(view, id)).map(|s| s.id.clone());
    let mut groups: Vec<Group> = view
        .series
        .iter()
        .map(|series| Group {
            id: series.id.clone(),
            title: series.title.clone(),
            href: query.with("/period", &[("series", &series.id)]),
            rows: rows.iter().filter(|row| first(row).as_ref() == Some(&series.id)).map(drawn).collect(),
        })
        .collect();
    groups.push(Group {
        id: String::new(),
        title: "Mapped to no criterion".to_owned(),
        href: String::new(),
        rows: rows.iter().filter(|row| first(row).is_none()).map(drawn).collect(),
    });
    groups
}
