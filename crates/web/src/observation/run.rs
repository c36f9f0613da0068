//! What the pages of runs show.

use maud::{Markup, html};
use tickmark_core::observation::Gap;
use tickmark_core::{Digest, Timestamp};

use crate::design::bar::{Fill, bar};
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, TableQuery, plain};
use crate::design::{badge::badge, block, digest, figure, moment, plural, segment};

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

    fn key(self) -> &'static str {
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
            html! { (figure(row.gaps, &format!("/runs/{}#gaps", row.key))) " " (plural(row.gaps, "gap", "gaps")) },
        ]
    });
    plain("Runs", &["Run", "Started", "State", "Gaps"], body.collect())
}

pub(super) fn list(rows: &[RunRow], query: &TableQuery, now: Timestamp) -> Page {
    let table = Table {
        id: "runs",
        path: "/runs",
        noun: ("run", "runs"),
        columns: vec![
            Column::number("run", "Run", Phone::Title),
            Column::number("started", "Started", Phone::Subtitle),
            Column::number("took", "Took", Phone::Wide),
            Column::text("collector", "Collector", Phone::Wide),
            Column::number("verdicts", "Verdicts", Phone::Hidden),
            Column::number("gaps", "Gaps", Phone::Hidden),
            Column::number("changes", "Changes", Phone::Hidden),
            Column::number("leaf", "Leaf", Phone::Wide),
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
    let mut page = Page::new(Place::Runs, "Runs", table.render(query));
    page.lead = html! { "Each look that was taken, what it reached and what it could not see. A partial run closes nothing." };
    page
}

fn table_row(row: &RunRow, now: Timestamp) -> Row {
    let href = format!("/runs/{}", row.key);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let took = row.finished.map(|finished| finished.micros() - row.started.micros());
    Row {
        cells: vec![
            Cell::by_number(html! { a.primary href=(href) { "Run " (row.key) } }, row.key),
            Cell::by_number(html! { span.nowrap { (moment::ago(row.started, now)) } }, row.started.micros()),
            Cell::by_number(
                html! { @if let Some(took) = took { span.muted.nowrap { (moment::duration(took)) } } },
                took.unwrap_or(-1),
            ),
            Cell::by_text(html! { span.muted { (row.collector) } }, &row.collector),
            Cell::by_number(
                html! { a.num href={ (href) "#coverage" } { (row.verdicts) } },
                count(row.verdicts),
            ),
            Cell::by_number(figure(row.gaps, &format!("{href}#gaps")), count(row.gaps)),
            Cell::by_number(
                html! { a.num href={ (href) "#coverage" } { (row.changes) } },
                count(row.changes),
            ),
            Cell::by_number(
                html! { @if let Some(leaf) = row.leaf { a.num href={ "/ledger/leaves/" (leaf) } { (leaf) } } },
                row.leaf.and_then(|leaf| i64::try_from(leaf).ok()).unwrap_or(-1),
            ),
            Cell::by_text(state(row), row.state.key()),
        ],
        find: format!("run {} {} {}", row.key, row.collector, row.started.date()),
        facets: vec![("state", row.state.key().to_owned())],
    }
}

pub(super) fn one(view: &RunView, now: Timestamp) -> Page {
    let row = &view.row;
    let body = html! {
        (block("summary", "What it reached", &state(row), &summary(view)))
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
            dt { "Took" } dd { @match row.finished { Some(finished) => (moment::duration(finished.micros() - row.started.micros())), None => "did not finish" } }
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
