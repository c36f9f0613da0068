//! One control over the period: its tests, where they ran, each deviation with both bounds, each stretch unseen.

use maud::{Markup, html};
use tickmark_core::{Digest, Timestamp};

use super::detail::{self, PeriodDetails};
use super::{Chosen, ControlPeriod, clip, moment_href};
use crate::design::bar::{Fill, bar};
use crate::design::board::{self, Board, BoardRow, Count, Group, Stretch, Zoom};
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{TableQuery, plain};
use crate::design::{badge::badge, block, digest, moment, plural, segment};

/// Targets that get a row under each check; those with something to tell come first.
const TARGET_LIMIT: usize = 40;
/// Targets that get a row when all are asked for.
const ALL_LIMIT: usize = 2000;
/// Rows of a list of stretches.
const LIST_LIMIT: usize = 200;

/// A check at one target over the period.
#[derive(Clone, Debug)]
pub struct TargetPeriod {
    /// The target's key.
    pub key: i64,
    /// Its name.
    pub name: String,
    /// The first look that found a deviation, if one did.
    pub first_deviation: Option<Timestamp>,
    /// What was known.
    pub stretches: Vec<Stretch>,
}

/// A check over the period.
#[derive(Clone, Debug)]
pub struct CheckPeriod {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// The worst over its targets.
    pub stretches: Vec<Stretch>,
    /// Each target.
    pub targets: Vec<TargetPeriod>,
}

/// A population that a trigger produced.
#[derive(Clone, Debug)]
pub struct PopulationPeriod {
    /// Title.
    pub title: String,
    /// What produces an item.
    pub trigger: String,
    /// The system that the list came from.
    pub source: String,
    /// First moment that the list covers.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// Items listed.
    pub items: usize,
    /// Items with an attribute that is not met.
    pub deviating: usize,
    /// Items not tested in full.
    pub untested: usize,
    /// Items that were not selected: a sample speaks for them.
    pub unsampled: usize,
    /// When the list was frozen, with the digest of its keys.
    pub frozen: Option<(Timestamp, Digest)>,
}

/// A window in which the control was due.
#[derive(Clone, Debug)]
pub struct WindowLine {
    /// Its name, e.g. `2026-Q3`.
    pub name: String,
    /// First moment at which a performance is late.
    pub due: Timestamp,
    /// What became of it.
    pub mark: Mark,
    /// When it was performed.
    pub performed: Option<Timestamp>,
    /// Said to be on time, and written down when the time was over.
    pub is_recorded_late: bool,
    /// What the performer noted.
    pub note: String,
}

/// A stretch of time of one subject of one test.
#[derive(Clone, Debug)]
pub struct StretchRow {
    /// The target or item; empty for the test as a whole.
    pub subject: String,
    /// Where its record is.
    pub href: String,
    /// Which test it is about.
    pub test: String,
    /// First moment.
    pub from: Timestamp,
    /// First moment after it; the same for what has one moment.
    pub to: Timestamp,
    /// Why.
    pub why: String,
}

/// One deviation.
#[derive(Clone, Debug)]
pub struct DeviationRow {
    /// What kind: failing, missed, late, or an attribute not met.
    pub mark: Mark,
    /// What it was found at, e.g. a target, a window or an item.
    pub subject: String,
    /// Which test found it.
    pub test: String,
    /// Where its record is.
    pub href: String,
    /// The last look that did not find it, if there was one.
    pub seen_good: Option<Timestamp>,
    /// The first look that found it.
    pub seen_bad: Timestamp,
    /// The first look that no longer found it.
    pub good_again: Option<Timestamp>,
    /// The waiver that stands beside it, in words; may be empty.
    pub waiver: String,
    /// Why, in a few words; may be empty.
    pub note: String,
}

/// One control over the period.
#[derive(Clone, Debug)]
pub struct ControlPeriodView {
    /// What its row on the board shows.
    pub row: ControlPeriod,
    /// What the stretches count.
    pub count: Count,
    /// What is done, who, how often.
    pub statement: String,
    /// Its checks.
    pub checks: Vec<CheckPeriod>,
    /// Over the windows in which it was due, when it is done from time to time.
    pub occurrence: Vec<Stretch>,
    /// These windows.
    pub windows: Vec<WindowLine>,
    /// Over the items that its trigger produced.
    pub items: Vec<Stretch>,
    /// The populations of these items.
    pub populations: Vec<PopulationPeriod>,
    /// Every deviation, oldest first.
    pub deviations: Vec<DeviationRow>,
    /// Every stretch that could not be seen, oldest first.
    pub unseen: Vec<StretchRow>,
    /// Every stretch of a deviation beside which a waiver stood, oldest first.
    pub waived: Vec<StretchRow>,
    /// Limits, samples, fixes, and how far the tests reach.
    pub details: PeriodDetails,
}

pub(super) fn page(view: &ControlPeriodView, chosen: &Chosen, query: &TableQuery, now: Timestamp) -> Page {
    let row = &view.row;
    let path = format!("/period/{}", segment(&row.id));
    let body = html! {
        (chosen.switcher(&path, query, now))
        @if row.tested_by.is_empty() {
            (empty("Nothing tests this control yet", "A check, a performance of each window it is due in, or a population of what triggers it says how it operated.", &format!("tickmark perform {} --help", row.id)))
        } @else {
            (tests(view, chosen, query, now))
            (deviations(view, now))
            (windows(view))
            (populations(view))
            (unseen(view))
            (waived(view))
            (detail::blocks(&view.details))
        }
    };
    let mut page = Page::new(Place::Period, &row.title, body);
    page.id.clone_from(&row.id);
    page.lead = html! { (view.statement) };
    page.period = Some((chosen.from, chosen.to));
    page.crumbs = vec![("Period board".into(), format!("/period{}", chosen.tail()))];
    if let Some(criterion) = row.criteria.first() {
        page.crumbs
            .push((criterion.clone(), format!("/period{}&criterion={}", chosen.tail(), segment(criterion))));
    }
    page.actions = html! { a.button href={ "/controls/" (segment(&row.id)) } { "Answers and evidence" } };
    page
}

fn tests(view: &ControlPeriodView, chosen: &Chosen, query: &TableQuery, now: Timestamp) -> Markup {
    let path = format!("/period/{}", segment(&view.row.id));
    let row = |title: &str, about: String, href: String, stretches: &[Stretch]| BoardRow {
        id: String::new(),
        title: title.to_owned(),
        about,
        href,
        lists: String::new(),
        zoom: Zoom::Around(path.clone()),
        stretches: clip(stretches, chosen),
    };
    let group =
        |title: &str, href: String, rows| Group { id: String::new(), title: title.to_owned(), href, rows };
    let all =
        row("All tests together", view.row.tested_by.clone(), "#deviation".to_owned(), &view.row.stretches);
    let mut groups = vec![group("", String::new(), vec![all])];
    if !view.occurrence.is_empty() {
        let about = format!("{} {}", view.windows.len(), plural(view.windows.len(), "window", "windows"));
        let rows = vec![row("Performed in each window", about, "#windows".to_owned(), &view.occurrence)];
        groups.push(group("Was it done when it was due?", String::new(), rows));
    }
    if !view.items.is_empty() {
        let count: usize = view.populations.iter().map(|population| population.items).sum();
        let about = format!("{count} {}", plural(count, "item", "items"));
        let rows = vec![row("Every item", about, "#populations".to_owned(), &view.items)];
        groups.push(group("Was it done for everything that triggers it?", String::new(), rows));
    }
    let limit = if query.get("targets") == Some("all") { ALL_LIMIT } else { TARGET_LIMIT };
    let most = view.checks.iter().map(|check| check.targets.len()).max().unwrap_or(0);
    for check in &view.checks {
        let href = format!("/checks/{}", segment(&check.id));
        groups.push(group(&check.title, href, check_rows(check, &row, chosen, limit, now)));
    }
    let board = Board {
        label: "Test".to_owned(),
        from: chosen.from,
        to: chosen.to,
        now,
        groups,
        empty_row: "never looked at",
        word: board::word,
        count: view.count,
        zoom: query.with(&path, &[("span", ""), ("from", ""), ("to", "")]),
    };
    block(
        "operating",
        "What was known",
        &html! { (chosen.words()) },
        &html! {
            div.block-body {
                (board.draw())
                @if most > limit {
                    p.muted.small { "Of each check the " (limit) " targets with most to tell. " @if limit < ALL_LIMIT { a href=(query.with(&path, &[("targets", "all")])) { "Show all " (most) } } }
                }
            }
        },
    )
}

/// A check over all targets, then those targets that have most to tell.
fn check_rows(
    check: &CheckPeriod,
    row: &impl Fn(&str, String, String, &[Stretch]) -> BoardRow,
    chosen: &Chosen,
    limit: usize,
    now: Timestamp,
) -> Vec<BoardRow> {
    let mut targets: Vec<&TargetPeriod> = check.targets.iter().collect();
    targets.sort_by_key(|target| worst(&clip(&target.stretches, chosen)));
    let about = format!("{} {}", targets.len(), plural(targets.len(), "target", "targets"));
    let mut rows =
        vec![row("Over all targets", about, format!("/checks/{}", segment(&check.id)), &check.stretches)];
    rows.extend(targets.iter().take(limit).map(|target| {
        // To the day that matters: the first deviation, else the latest moment that was looked at.
        let last = chosen.to.min(now).plus_micros(-1);
        let at = target.first_deviation.map_or(last, |first| first.max(chosen.from));
        let page = format!("/targets/{}/checks/{}", target.key, segment(&check.id));
        BoardRow {
            zoom: Zoom::Day(page),
            ..row(&target.name, String::new(), moment_href(target.key, &check.id, at), &target.stretches)
        }
    }));
    rows
}

/// The order of targets: deviations first, then what could not be seen.
fn worst(stretches: &[Stretch]) -> u8 {
    let has = |mark: Mark| stretches.iter().any(|stretch| stretch.mark == mark);
    if has(Mark::Fail) {
        0
    } else if has(Mark::Waived) {
        1
    } else if has(Mark::Unknown) {
        2
    } else {
        3
    }
}

/// The funnel of each population: all, tested, deviating.
fn populations(view: &ControlPeriodView) -> Markup {
    let rows = view.populations.iter().map(|population| {
        let tested = population.items - population.untested - population.unsampled;
        let fine = tested - population.deviating;
        let mut label = format!("{fine} met every attribute, {} did not, {} not tested", population.deviating, population.untested);
        if population.unsampled > 0 {
            label.push_str(&format!(", {} not selected", population.unsampled));
        }
        vec![
            html! { strong { (population.title) } span.sub { (moment::date(population.from)) " to " (moment::date(population.to.plus_micros(-1))) "; each " (population.trigger) @if !population.source.is_empty() { ", from " (population.source) } } },
            html! { span.num { (population.items) } },
            html! { span.fixed-bar title=(label) { (bar(&[(Fill::Pass, fine), (Fill::Fail, population.deviating), (Fill::Unknown, population.untested), (Fill::Rest, population.unsampled)], &label)) } span.sub { (label) } },
            html! {
                @match &population.frozen {
                    Some((at, keys)) => { (moment::exact(*at)) span.sub { (digest::chip(keys)) } },
                    None => span.badge.is-unknown { (Mark::Unknown.draw()) "not frozen" },
                }
            },
        ]
    });
    html! {
        @if !view.populations.is_empty() {
            (block("populations", "Populations", &html! { "what triggers it, tested item by item" }, &plain("Populations", &["Population", "Items", "Found", "Frozen"], rows.collect())))
        }
    }
}

fn deviations(view: &ControlPeriodView, now: Timestamp) -> Markup {
    let count = view.deviations.len();
    let rows = view.deviations.iter().take(LIST_LIMIT).map(|row| html_row(row, now));
    block(
        "deviation",
        "Deviations",
        &html! { (count) },
        &html! {
            span id="missed" {} span id="late" {}
            @if count == 0 {
                div.empty { h3 { "None was seen" } p { "Of the time that was looked at. What was not seen is below." } }
            } @else {
                (plain("Deviations", &["State", "Where", "Test", "Last seen good", "First seen bad", "Good again", "Why"], rows.collect()))
                @if count > LIST_LIMIT { p.muted.small { "The first " (LIST_LIMIT) " of " (count) "." } }
            }
        },
    )
}

fn html_row(row: &DeviationRow, now: Timestamp) -> Vec<Markup> {
    // A window or an item has one moment; it was not good before and is not good again.
    let is_moment = row.good_again == Some(row.seen_bad) || matches!(row.mark, Mark::Missed | Mark::Late);
    vec![
        badge(row.mark, board::word(row.mark)),
        html! { a.primary href=(row.href) { (row.subject) } },
        html! { (row.test) },
        html! { @match row.seen_good { _ if is_moment => {}, Some(at) => (moment::exact(at)), None => span.muted { "never before" } } },
        moment::exact(row.seen_bad),
        html! {
            @match row.good_again {
                Some(at) if at == row.seen_bad => {},
                None if row.mark == Mark::Missed => "never",
                Some(at) if row.mark == Mark::Late => { (moment::exact(at)) span.sub { (moment::duration(at.micros() - row.seen_bad.micros())) " late" } },
                Some(at) => { (moment::exact(at)) span.sub { "after " (moment::duration(at.micros() - row.seen_bad.micros())) } },
                None => strong { "still so, " (moment::duration(now.micros() - row.seen_bad.micros())) },
            }
        },
        html! {
            (row.note)
            @if !row.waiver.is_empty() { span.sub { (Mark::Waived.draw()) " waived: " (row.waiver) } }
        },
    ]
}

/// What became of each window.
fn windows(view: &ControlPeriodView) -> Markup {
    let rows = view.windows.iter().take(LIST_LIMIT).map(|window| {
        vec![
            badge(window.mark, if window.mark == Mark::Pass { "Performed" } else { board::word(window.mark) }),
            html! { strong.num { (window.name) } },
            moment::exact(window.due),
            html! {
                @match window.performed { Some(at) => (moment::exact(at)), None => span.muted { "not performed" } }
                @if window.is_recorded_late { span.sub { "written down after its time: look at the evidence" } }
            },
            html! { span.muted { (window.note) } },
        ]
    });
    html! {
        @if !view.windows.is_empty() {
            (block("windows", "Windows", &html! { "in which it was due" }, &html! {
                (plain("Windows", &["State", "Window", "Due", "Performed", "Note"], rows.collect()))
                @if view.windows.len() > LIST_LIMIT { p.muted.small { "The first " (LIST_LIMIT) " of " (view.windows.len()) "." } }
            }))
        }
    }
}

pub(super) fn listed(name: &str, rows: &[StretchRow]) -> Markup {
    let lines = rows.iter().take(LIST_LIMIT).map(|row| {
        vec![
            html! { a.primary href=(row.href) { @if row.subject.is_empty() { "The test as a whole" } @else { (row.subject) } } },
            html! { (row.test) },
            moment::exact(row.from),
            html! { @if row.to > row.from { (moment::exact(row.to)) } },
            html! { @if row.to > row.from { (moment::duration(row.to.micros() - row.from.micros())) } },
            html! { span.muted { (row.why) } },
        ]
    });
    html! {
        (plain(name, &["Where", "Test", "From", "Until", "For", "Why"], lines.collect()))
        @if rows.len() > LIST_LIMIT { p.muted.small { "The first " (LIST_LIMIT) " of " (rows.len()) ". A shorter period shows the rest." } }
    }
}

fn unseen(view: &ControlPeriodView) -> Markup {
    block(
        "unknown",
        "What could not be seen",
        &html! { "never counted as operating" },
        &html! {
            @if view.unseen.is_empty() { div.empty { p { "Everything was looked at for the whole period." } } }
            @else { (listed("What could not be seen", &view.unseen)) }
        },
    )
}

fn waived(view: &ControlPeriodView) -> Markup {
    html! {
        @if !view.waived.is_empty() {
            (block("waived", "Waived", &html! { "an approved exception stands beside the deviation" }, &listed("Waived", &view.waived)))
        }
    }
}
