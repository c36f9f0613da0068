//! What the pages of runs show.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tickmark_core::conclusion::period::Grain;
use tickmark_core::observation::{Gap, Verdict};
use tickmark_core::time::{DAY_US, HOUR_US};
use tickmark_core::{Digest, Timestamp};

use crate::design::badge::{badge, verdict};
use crate::design::bar::{Fill, bar};
use crate::design::board::{Board, BoardRow, Count, Group, Stretch, Zoom};
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, plain};
use crate::design::{block, digest, figure, moment, plural, segment};
use crate::list::Listed;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It goes on, or was cut off and nobody has noticed yet.
    Open,
    /// It reached everything it set out to reach. Only such a run can close anything.
    Complete,
    /// Some targets were not reached.
    Partial,
    /// It ended without a result.
    Missed,
}

impl RunState {
    /// The word in addresses and for people.
    const WORDS: [(Self, &'static str, &'static str); 4] = [
        (Self::Complete, "complete", "Complete"),
        (Self::Partial, "partial", "Partial"),
        (Self::Missed, "missed", "No result"),
        (Self::Open, "open", "Not finished"),
    ];

    /// The word in addresses.
    pub(crate) fn key(self) -> &'static str {
        Self::WORDS.iter().find(|(state, ..)| *state == self).map_or("", |(_, key, _)| key)
    }
}

/// A run in a list.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Key.
    pub key: i64,
    /// Collector and version, e.g. `host 0.1.0`.
    pub collector: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, or none while it goes on or was cut off.
    pub finished: Option<Timestamp>,
    /// Where it stands.
    pub state: RunState,
    /// Verdicts it gave, computed or known already.
    pub verdicts: usize,
    /// Facts it could not see.
    pub gaps: usize,
    /// Verdicts that changed with it.
    pub changes: usize,
    /// Index of the ledger leaf that closes it.
    pub leaf: Option<u64>,
}

/// What a run saw for one check.
#[derive(Clone, Debug)]
pub struct CheckCoverage {
    /// The check.
    pub check_id: String,
    /// Its title.
    pub check_title: String,
    /// Targets expected.
    pub expected: usize,
    /// Targets with a verdict other than unknown.
    pub seen: usize,
    /// Targets that failed among them.
    pub failed: usize,
    /// Targets with unknown.
    pub unknown: usize,
}

/// Changed verdicts that are listed with a run.
const CHANGE_LIMIT: usize = 200;

/// The runs with what is expected of them.
#[derive(Clone, Debug)]
pub struct RunsView {
    /// The latest, newest first.
    pub rows: Vec<RunRow>,
    /// The shortest cadence of a check in force, in hours.
    pub cadence_hours: Option<u32>,
}

/// A verdict that a run found changed.
#[derive(Clone, Debug)]
pub struct RunChange {
    /// The check.
    pub check_id: String,
    /// Its title.
    pub check_title: String,
    /// The target's key.
    pub target_key: i64,
    /// Its name.
    pub target_name: String,
    /// When it was found.
    pub at: Timestamp,
    /// What was said before, if it had been looked at.
    pub before: Option<Verdict>,
    /// What the run said.
    pub after: Verdict,
}

/// A gap at one target.
#[derive(Clone, Debug)]
pub struct RunGap {
    /// Target's key.
    pub target_key: i64,
    /// Target's name.
    pub target_name: String,
    /// The gap.
    pub gap: Gap,
}

/// One run.
#[derive(Clone, Debug)]
pub struct RunView {
    /// What its row shows.
    pub row: RunRow,
    /// Targets with their facts digests.
    pub facts: Vec<(i64, String, Digest)>,
    /// Per check.
    pub coverage: Vec<CheckCoverage>,
    /// Verdicts that it found changed.
    pub changes: Vec<RunChange>,
    /// What could not be seen.
    pub gaps: Vec<RunGap>,
}

/// The state of a run in words.
#[must_use]
pub fn state(row: &RunRow) -> Markup {
    match row.state {
        RunState::Complete if row.gaps == 0 => badge(Mark::Pass, "Complete"),
        RunState::Complete => badge(Mark::Partly, "Complete with gaps"),
        RunState::Partial => badge(Mark::Unknown, "Partial"),
        RunState::Missed => badge(Mark::Missed, "No result"),
        RunState::Open => badge(Mark::NotYetDue, "Not finished"),
    }
}

/// A table of runs inside another record.
#[must_use]
pub fn run_table(rows: &[RunRow], now: Timestamp) -> Markup {
    if rows.is_empty() {
        return empty(
            "No run yet",
            "A run collects facts and raw evidence, then evaluates the checks.",
            "tickmark collect",
        );
    }
    let body = rows.iter().map(|row| {
        vec![
            html! { a.primary href={ "/runs/" (row.key) } { "Run " (row.key) } },
            html! { span.nowrap { (moment::ago(row.started, now)) } },
            state(row),
            html! { a.num href={ "/runs/" (row.key) "#gaps" } { (row.gaps) " " (plural(row.gaps, "gap", "gaps")) } },
        ]
    });
    plain("Runs", &["Run", "Started", "State", "Gaps"], body.collect())
}

pub(super) fn list(view: &RunsView, now: Timestamp) -> Listed {
    let rows = &view.rows;
    let table = Table {
        id: "runs".into(),
        path: "/runs".into(),
        noun: ("run", "runs"),
        counted: None,
        columns: vec![
            Column::number("run", "Run", Phone::Title),
            Column::number("started", "Started", Phone::Subtitle),
            Column::number("took", "Took", Phone::Wide),
            Column::text("collector", "Collector", Phone::Wide),
            Column::number("verdicts", "Verdicts", Phone::Hidden),
            Column::number("gaps", "Gaps", Phone::Hidden),
            Column::number("changes", "Changes", Phone::Hidden),
            Column::text("state", "State", Phone::Status),
        ],
        filters: vec![Filter {
            key: "state",
            label: "State",
            options: RunState::WORDS.map(|(_, key, word)| (key.to_owned(), word.to_owned())).to_vec(),
            shown: true,
        }],
        rows: rows.iter().map(|row| table_row(row, now)).collect(),
        empty: empty(
            "No run yet",
            "A run collects facts and raw evidence, then evaluates the checks.",
            "tickmark collect",
        ),
    };
    let body = html! {
        (under_way(view, now))
        @if !rows.is_empty() { (days(view, now)) }
    };
    let mut page = Page::new(Place::Runs, "Runs", body);
    page.lead = html! { (expected(view, now)) "Each look that was taken, what it reached and what it could not see. A partial run closes nothing." };
    Listed::of(page, table)
}

fn table_row(row: &RunRow, now: Timestamp) -> Row {
    let href = format!("/runs/{}", row.key);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    // A run without a result ends when somebody notices.
    let ended = row.finished.filter(|_| row.state != RunState::Missed);
    let took = ended.map(|finished| finished.micros() - row.started.micros());
    Row {
        cells: vec![
            Cell::by_number(html! { a.primary href=(href) { "Run " (row.key) } }, row.key),
            Cell::by_number(html! { span.nowrap { (moment::ago(row.started, now)) } }, row.started.micros())
                .said(row.started.to_string()),
            Cell::by_number(
                html! { @if let Some(took) = took { span.muted.nowrap { (moment::duration(took)) } } },
                took.unwrap_or(-1),
            )
            .said(took.map(moment::duration).unwrap_or_default()),
            Cell::by_text(html! { span.muted { (row.collector) } }, &row.collector),
            Cell::by_number(
                html! { a.num href={ (href) "#coverage" } { (row.verdicts) } },
                count(row.verdicts),
            ),
            Cell::by_number(figure(row.gaps, &format!("{href}#gaps")), count(row.gaps)),
            Cell::by_number(html! { a.num href={ (href) "#changes" } { (row.changes) } }, count(row.changes)),
            Cell::by_text(state(row), row.state.key()),
        ],
        find: format!("run {} {} {}", row.key, row.collector, row.started.date()),
        facets: vec![("state", row.state.key().to_owned())],
    }
}

/// Runs from which the usual time is taken.
const USUAL_OF: usize = 9;

/// Days of runs that are drawn.
const BOARD_DAYS: i64 = 365;

/// Whether each source was asked on each day: complete, in part, without a result, or not at all.
fn days(view: &RunsView, now: Timestamp) -> Markup {
    let mut sources: BTreeMap<&str, BTreeMap<i64, Mark>> = BTreeMap::new();
    for row in &view.rows {
        let source = source(row);
        // A run without a result ends when somebody notices.
        let ended = row.finished.filter(|_| row.state != RunState::Missed);
        let day = ended.unwrap_or(row.started).micros().div_euclid(DAY_US);
        let mark = match row.state {
            RunState::Complete => Mark::Pass,
            RunState::Partial => Mark::Partly,
            RunState::Missed | RunState::Open => Mark::Unknown,
        };
        let place = |mark: Mark| [Mark::Pass, Mark::Partly, Mark::Unknown].iter().position(|m| *m == mark);
        let of_day = sources.entry(source).or_default().entry(day).or_insert(mark);
        // The best look of a day counts: it saw what the others did not.
        if place(mark) < place(*of_day) {
            *of_day = mark;
        }
    }
    let today = now.micros().div_euclid(DAY_US);
    let first = sources.values().filter_map(|days| days.keys().next().copied()).min().unwrap_or(today);
    let from = first.max(today - BOARD_DAYS);
    let at = |day: i64| Timestamp::from_micros(day * DAY_US);
    let rows = sources.into_iter().map(|(source, days)| {
        let begins = days.keys().next().copied().unwrap_or(today).max(from);
        let stretches: Vec<Stretch> = (begins..=today)
            .filter(|day| *day < today || days.contains_key(day))
            .map(|day| Stretch {
                from: at(day),
                to: at(day + 1),
                mark: days.get(&day).copied().unwrap_or(Mark::Fail),
                note: String::new(),
            })
            .collect();
        BoardRow {
            id: String::new(),
            title: source.to_owned(),
            about: String::new(),
            href: format!("/runs?q={}", segment(source)),
            lists: "/runs?".to_owned(),
            zoom: Zoom::None,
            stretches,
        }
    });
    let word = |mark: Mark| match mark {
        Mark::Pass => "Complete",
        Mark::Partly => "Partial",
        Mark::Fail => "No run",
        Mark::NotYetDue => "Not yet due",
        _ => "No result",
    };
    let board = Board {
        label: "Source".to_owned(),
        from: at(from),
        to: at(today + 1),
        now,
        groups: vec![Group {
            id: String::new(),
            title: String::new(),
            href: String::new(),
            rows: rows.collect(),
        }],
        empty_row: "never asked",
        word,
        count: Count::Cells(Grain::Day),
        zoom: String::new(),
    };
    html! { (board.draw()) }
}

/// The source of a run: its collector without the version.
fn source(row: &RunRow) -> &str {
    row.collector.split(' ').next().unwrap_or(&row.collector)
}

/// How long the last complete runs of a source took, in microseconds: the middle of them.
fn usual(rows: &[RunRow], of: &str) -> Option<i64> {
    let complete = rows.iter().filter(|row| row.state == RunState::Complete && source(row) == of);
    let took = complete.filter_map(|row| Some(row.finished?.micros() - row.started.micros()));
    let mut took: Vec<i64> = took.take(USUAL_OF).collect();
    took.sort_unstable();
    took.get(took.len() / 2).copied()
}

/// Runs that go on, with how far they are by what earlier ones took. The page looks again by itself.
fn under_way(view: &RunsView, now: Timestamp) -> Markup {
    let open: Vec<&RunRow> = view.rows.iter().filter(|row| row.state == RunState::Open).collect();
    html! {
        @if !open.is_empty() {
            div.note-line data-again="5" {
                @for row in open {
                    @let passed = now.micros() - row.started.micros();
                    p.row {
                        (badge(Mark::NotYetDue, "Under way"))
                        a href={ "/runs/" (row.key) } { "Run " (row.key) } " of " (source(row)) ", for " (moment::duration(passed)) "."
                        @match usual(&view.rows, source(row)) {
                            Some(usual) if passed <= 2 * usual => {
                                @let part = usize::try_from(passed * 100 / usual.max(1)).unwrap_or(0).min(99);
                                @let label = format!("about {part} % of the time that earlier runs took");
                                span.fixed-bar title=(label) { (bar(&[(Fill::Pass, part), (Fill::Rest, 100 - part)], &label)) }
                                span.muted { "Earlier runs took " (moment::duration(usual)) "." }
                            },
                            Some(usual) => strong { "Earlier runs took " (moment::duration(usual)) "; it may have been cut off. The next run says so." },
                            None => span.muted { "It is the first of its kind." },
                        }
                    }
                }
            }
        }
    }
}

/// The last look and when the next is expected.
fn expected(view: &RunsView, now: Timestamp) -> Markup {
    let last = view.rows.iter().filter_map(|row| row.finished).max();
    let Some(last) = last else { return html! {} };
    let next = view.cadence_hours.map(|hours| last.plus_micros(i64::from(hours) * HOUR_US));
    html! {
        "The last look ended " (moment::ago(last, now)) ". "
        @match next {
            Some(next) if next >= now => { "The next is expected by " (moment::written(next)) ". " },
            Some(next) => { strong { "The next was expected by " (moment::written(next)) " and has not come. " } },
            None => {},
        }
    }
}

pub(super) fn one(view: &RunView, now: Timestamp) -> Page {
    let row = &view.row;
    let body = html! {
        (block("summary", "What it reached", &state(row), &summary(view)))
        (block("changes", "What changed", &html! { (view.changes.len()) " " (plural(view.changes.len(), "verdict", "verdicts")) }, &changes(view)))
        (block("gaps", "What it could not see", &html! { (view.gaps.len()) " " (plural(view.gaps.len(), "gap", "gaps")) }, &gaps(view)))
        (block("coverage", "Coverage by check", &html! { (view.coverage.len()) " checks" }, &coverage(view)))
    };
    let mut page = Page::new(Place::Runs, &format!("Run {}", row.key), body);
    page.lead = html! { (row.collector) ", started " (moment::exact(row.started)) " (" (moment::ago(row.started, now)) ")" };
    page.crumbs = vec![("Runs".into(), "/runs".into())];
    page
}

fn summary(view: &RunView) -> Markup {
    let row = &view.row;
    html! {
        dl.facts {
            dt { "Verdicts" }
            dd { a href="#coverage" { (row.verdicts) } }
            dt { "Took" } dd { @match row.finished.filter(|_| row.state != RunState::Missed) { Some(finished) => (moment::duration(finished.micros() - row.started.micros())), None => "did not finish" } }
            dt { "Changes" } dd { (row.changes) " " (plural(row.changes, "verdict", "verdicts")) " changed" }
            @if let Some(leaf) = row.leaf {
                dt { "Committed to" }
                dd { a href={ "/ledger/leaves/" (leaf) } { "ledger leaf " (leaf) } }
            }
        }
        div id="targets" {
            @if !view.facts.is_empty() {
                (plain("Targets of this run", &["Target", "Facts"], view.facts.iter().map(|(key, name, facts)| vec![
                    html! { a.primary href={ "/targets/" (key) } { (name) } },
                    digest::chip(facts),
                ]).collect()))
            }
        }
    }
}

fn changes(view: &RunView) -> Markup {
    if view.changes.is_empty() {
        return html! { div.empty { p { "Every verdict is what it was at the look before." } } };
    }
    let rows = view.changes.iter().take(CHANGE_LIMIT).map(|change| {
        vec![
            html! { a.primary href={ "/targets/" (change.target_key) "/checks/" (segment(&change.check_id)) "?at=" (change.at.date()) } { (change.check_title) } },
            html! { a href={ "/targets/" (change.target_key) } { (change.target_name) } },
            html! { @match change.before { Some(before) => (verdict(before)), None => span.muted { "first look" } } },
            verdict(change.after),
        ]
    });
    html! {
        (plain("Changes", &["Check", "Target", "Before", "Now"], rows.collect()))
        @if view.changes.len() > CHANGE_LIMIT { p.muted.small { "The first " (CHANGE_LIMIT) " of " (view.changes.len()) "." } }
    }
}

fn gaps(view: &RunView) -> Markup {
    if view.gaps.is_empty() {
        return html! { div.empty { h3 { "Nothing was out of sight" } p { "Every fact that was asked for was read." } } };
    }
    let rows = view.gaps.iter().map(|gap| {
        vec![
            html! { code { (gap.gap.path) } },
            html! { a href={ "/targets/" (gap.target_key) "?part=gaps" } { (gap.target_name) } },
            html! { (gap.gap.reason.plain()) },
            html! { span.muted { (gap.gap.detail) } },
        ]
    });
    plain("Gaps", &["Fact", "Target", "Why", "What was answered"], rows.collect())
}

fn coverage(view: &RunView) -> Markup {
    if view.coverage.is_empty() {
        return empty(
            "No check was evaluated",
            "The run brought no facts that a check could look at.",
            "tickmark collect",
        );
    }
    let rows = view.coverage.iter().map(|check| {
        let passed = check.seen.saturating_sub(check.failed);
        let rest = check.expected.saturating_sub(check.seen + check.unknown);
        let label = format!("{passed} as asserted, {} failed, {} unknown, {rest} not reached", check.failed, check.unknown);
        vec![
            html! { a.primary href={ "/checks/" (segment(&check.check_id)) } { (check.check_title) } },
            html! { span.num.nowrap { (check.seen) " of " (check.expected) } },
            html! { span.fixed-bar title=(label) { (bar(&[(Fill::Pass, passed), (Fill::Fail, check.failed), (Fill::Unknown, check.unknown), (Fill::Rest, rest)], &label)) } },
        ]
    });
    plain("Coverage by check", &["Check", "Targets seen", "Share"], rows.collect())
}
