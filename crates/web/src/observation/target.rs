//! What the pages of targets show.

use maud::{Markup, html};
use serde_json::Value;
use tickmark_core::observation::estate::Criticality;
use tickmark_core::observation::{Gap, Outcome, Severity, Verdict};
use tickmark_core::{Digest, Timestamp};

use super::look_back::LookBack;
use super::run::{RunRow, run_table};
use crate::design::badge::{self, VerdictCounts};
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::strip::{self, Strip};
use crate::design::table::{Cell, Column, Counted, Filter, Phone, Row, Table, TableQuery, plain};
use crate::design::tabs::{Tab, tabs};
use crate::design::{block, digest, facts, figure, moment, plural, segment};
use crate::evidence::{ArtifactRow, artifact_table};
use crate::list::Listed;

/// A target in a list.
#[derive(Clone, Debug)]
pub struct TargetRow {
    /// Key.
    pub key: i64,
    /// Kind, e.g. `host`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Identity that survives renaming.
    pub external_id: String,
    /// What the checks say about it now.
    pub verdicts: VerdictCounts,
    /// Facts that could not be seen at the last look.
    pub gaps: usize,
    /// The last look.
    pub last_seen: Option<Timestamp>,
}

/// What a check says about this target now.
#[derive(Clone, Debug)]
pub struct TargetResult {
    /// The check.
    pub check_id: String,
    /// Its title.
    pub check_title: String,
    /// How much a failure matters.
    pub severity: Severity,
    /// The answer.
    pub outcome: Outcome,
    /// Since when.
    pub since: Timestamp,
    /// History.
    pub strip: Option<Strip>,
}

/// One target.
#[derive(Clone, Debug)]
pub struct TargetView {
    /// What its row shows.
    pub row: TargetRow,
    /// The moment whose facts are shown; none for the last look.
    pub as_of: Option<Timestamp>,
    /// Facts that hold; null when there are none.
    pub facts: Value,
    /// Schema of the facts.
    pub schema: String,
    /// Digest of the facts.
    pub facts_digest: Option<Digest>,
    /// The latest facts documents, newest first: since when, digest, and the run that found them.
    pub documents: Vec<(Timestamp, Digest, i64)>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// Verdicts, worst first.
    pub results: Vec<TargetResult>,
    /// Looks, latest first.
    pub runs: Vec<RunRow>,
    /// Raw evidence of the last look.
    pub artifacts: Vec<ArtifactRow>,
}

/// Targets as the list has them.
#[derive(Clone, Debug, Default)]
pub struct TargetList {
    /// Those of one page, or all.
    pub rows: Vec<TargetRow>,
    /// How many there are where `rows` are those of one page.
    pub counted: Option<Counted>,
    /// Their kinds.
    pub kinds: Vec<String>,
}

/// Filters that are values of the register.
pub(crate) const FILTERS: [&str; 5] = ["kind", "gone", "criticality", "owner", "system"];

/// The columns.
pub(crate) fn columns() -> Vec<Column> {
    vec![
        Column::text("name", "Target", Phone::Title),
        Column::text("kind", "Kind", Phone::Line),
        Column::shown("verdicts", "Checks now", Phone::Status),
        Column::shown("gaps", "Gaps", Phone::Hidden),
        Column::shown("seen", "Last seen", Phone::Line),
    ]
}

pub(super) fn list(view: &TargetList, now: Timestamp) -> Listed {
    let table = Table {
        id: "targets".into(),
        path: "/targets".into(),
        noun: ("target", "targets"),
        counted: view.counted,
        columns: columns(),
        filters: vec![
            Filter {
                key: "kind",
                label: "Kind",
                options: view.kinds.iter().map(|kind| (kind.clone(), kind.clone())).collect(),
                shown: view.kinds.len() > 1,
            },
            Filter { shown: false, ..Filter::yes_or_no("gone", "Left the scope") },
            Filter {
                key: "criticality",
                label: "Criticality",
                options: Criticality::ALL
                    .map(|one| (one.word().to_owned(), one.title().to_owned()))
                    .into_iter()
                    .chain([("none".to_owned(), "Nobody said".to_owned())])
                    .collect(),
                shown: true,
            },
            Filter { key: "owner", label: "Owner", options: Vec::new(), shown: false },
            Filter { key: "system", label: "System", options: Vec::new(), shown: false },
        ],
        rows: view.rows.iter().map(|row| table_row(row, now)).collect(),
        empty: empty(
            "Nothing has been looked at yet",
            "Start with the machine this runs on.",
            "tickmark collect",
        ),
    };
    let mut page = Page::new(Place::Targets, "Targets", html! {});
    page.lead =
        html! { "What is looked at. What could not be seen of it is counted as a gap, never as a pass." };
    Listed::of(page, table)
}

fn table_row(row: &TargetRow, now: Timestamp) -> Row {
    let href = format!("/targets/{}", row.key);
    Row {
        cells: vec![
            Cell {
                show: html! { a.primary href=(href) { (row.name) } span.sub.mono { (row.external_id) } },
                ..Cell::text(&row.name)
            },
            Cell::text(&row.kind),
            Cell::text(&row.verdicts.words()).showing(badge::counts(&row.verdicts, &format!("{href}#"))),
            Cell::by_number(
                figure(row.gaps, &format!("{href}?part=gaps")),
                i64::try_from(row.gaps).unwrap_or(i64::MAX),
            ),
            Cell::by_number(
                html! { @match row.last_seen { Some(at) => span.muted.nowrap { (moment::ago(at, now)) }, None => span.muted { "never" } } },
                row.last_seen.map_or(i64::MIN, Timestamp::micros),
            )
            .said(row.last_seen.map(|at| at.to_string()).unwrap_or_default()),
        ],
        find: format!("{} {} {}", row.name, row.kind, row.external_id),
        facets: vec![("kind", row.kind.clone())],
    }
}

/// The parts of one target, as addresses.
const PARTS: [(&str, &str); 4] =
    [("", "Verdicts"), ("facts", "Facts"), ("gaps", "Gaps"), ("evidence", "Raw evidence and runs")];

pub(super) fn one(view: &TargetView, query: &TableQuery, over: LookBack, now: Timestamp) -> Page {
    let row = &view.row;
    let part = query.get("part").filter(|part| PARTS.iter().any(|(key, _)| key == part)).unwrap_or("");
    let sections = view
        .facts
        .as_object()
        .map_or(0, |facts| facts.keys().filter(|k| !matches!(k.as_str(), "schema" | "gaps")).count());
    let counts = [view.results.len(), sections, view.gaps.len(), view.artifacts.len()];
    let entries: Vec<Tab<'_>> = PARTS
        .iter()
        .zip(counts)
        .map(|((key, label), count)| Tab {
            href: if key.is_empty() {
                format!("/targets/{}", row.key)
            } else {
                format!("/targets/{}?part={key}", row.key)
            },
            label,
            count: Some(count),
            current: *key == part,
        })
        .collect();
    let body = html! {
        (tabs("Parts of this target", &entries))
        @match part {
            "facts" => (facts_part(view)),
            "gaps" => (gaps(view)),
            "evidence" => {
                (block("evidence", "Raw evidence of the last look", &html! { (view.artifacts.len()) }, &artifacts(view, now)))
                (block("runs", "Looks", &html! {}, &run_table(&view.runs, now)))
            }
            _ => { (over.choice(&format!("/targets/{}", row.key), query)) (verdicts(view, now)) },
        }
    };
    let mut page = Page::new(Place::Targets, &row.name, body);
    page.lead = html! {
        (row.kind) " " span.mono.small { (row.external_id) }
        @if let Some(seen) = row.last_seen { ", last seen " (moment::ago(seen, now)) }
        ". " (badge::counts(&row.verdicts, &format!("/targets/{}#", row.key)))
    };
    page.crumbs = vec![("Targets".into(), "/targets".into())];
    page
}

fn verdicts(view: &TargetView, now: Timestamp) -> Markup {
    if view.results.is_empty() {
        return empty(
            "No check has looked at it yet",
            "Collect facts, then the checks of its kind are evaluated.",
            "tickmark collect",
        );
    }
    html! {
        div.verdicts { @for verdict in [Verdict::Fail, Verdict::Unknown, Verdict::Pass, Verdict::NotApplicable] {
            @let results = of_verdict(view, verdict);
            @if !results.is_empty() {
                (block(verdict.word(), badge::word_of(verdict), &html! { (results.len()) " " (plural(results.len(), "check", "checks")) }, &result_table(view.row.key, verdict, &results, now)))
            }
        } }
    }
}

/// The results with one verdict, most severe first.
fn of_verdict(view: &TargetView, verdict: Verdict) -> Vec<&TargetResult> {
    let mut results: Vec<&TargetResult> =
        view.results.iter().filter(|r| r.outcome.verdict == verdict).collect();
    results.sort_by_key(|result| std::cmp::Reverse(result.severity));
    results
}

fn result_table(target: i64, verdict: Verdict, results: &[&TargetResult], now: Timestamp) -> Markup {
    let rows = results.iter().map(|result| {
        vec![
            html! {
                span.badge {
                    (badge::mark_of(verdict).draw())
                    span.visually-hidden { (badge::word_of(verdict)) }
                    a.primary href={ "/targets/" (target) "/checks/" (segment(&result.check_id)) } title="Why, over facts and raw evidence" { (result.check_title) }
                }
                @if verdict != Verdict::Pass {
                    span.sub { (result.outcome.message) @if let Some(reason) = result.outcome.reason { " (" (reason.plain()) ")" } }
                }
            },
            badge::severity(result.severity),
            html! { @if let Some(strip) = &result.strip { (strip::row(strip)) } },
            html! { span.muted.nowrap { (moment::ago(result.since, now)) } },
        ]
    });
    plain(badge::word_of(verdict), &["Check", "Severity", "Period", "Since"], rows.collect())
}

fn facts_part(view: &TargetView) -> Markup {
    if !view.facts.is_object() {
        return empty("No facts yet", "Facts come with the first complete look.", "tickmark collect");
    }
    let title = if view.as_of.is_some() { "Facts of then" } else { "Facts of the last look" };
    html! {
        @if let Some(at) = view.as_of {
            p.note-line { "As they were known at " (moment::exact(at)) ". " a href={ "/targets/" (view.row.key) "?part=facts" } { "Show the facts of now" } }
        }
        (block("facts", title, &html! { "schema " code { (view.schema) } }, &html! {
            @if let Some(digest) = &view.facts_digest { p.block-body.muted.small { "Digest of the canonical document: " (digest::chip(digest)) } }
            (facts::document(&view.facts, &view.gaps))
        }))
        @if view.documents.len() > 1 { (block("documents", "When they changed", &html! { "newest first" }, &documents(view))) }
    }
}

/// Each document that held, to be looked at as it was.
fn documents(view: &TargetView) -> Markup {
    let rows = view.documents.iter().map(|(since, digest, run)| {
        vec![
            html! { a.primary href={ "/targets/" (view.row.key) "?part=facts&at=" (since) } { (moment::written(*since)) } },
            digest::chip(digest),
            html! { a href={ "/runs/" (run) } { "run " (run) } },
        ]
    });
    plain("When they changed", &["Since", "Document", "Found by"], rows.collect())
}

fn gaps(view: &TargetView) -> Markup {
    if view.gaps.is_empty() {
        return html! { div.empty { h3 { "Everything asked for was seen" } p { "The last look had no gap." } } };
    }
    let rows = view.gaps.iter().map(|gap| {
        vec![
            html! { code { (gap.path) } },
            html! { (gap.reason.plain()) },
            html! { span.muted { (gap.detail) } },
        ]
    });
    block(
        "gaps",
        "What could not be seen",
        &html! { "never counted as a pass" },
        &html! {
            (plain("Gaps", &["Fact", "Why", "What was answered"], rows.collect()))
            div.block-body {
                p.muted.small { "Most gaps close when the look is taken with the right to read" span.by-hand-words { ":" } span.on-pages-words { ": whoever operates the server runs it as root." } }
                div.by-hand { (crate::design::empty::command("sudo tickmark collect")) }
            }
        },
    )
}

fn artifacts(view: &TargetView, now: Timestamp) -> Markup {
    if view.artifacts.is_empty() {
        return empty("No raw evidence", "The last look kept no raw answers.", "tickmark collect");
    }
    artifact_table(&view.artifacts, now)
}
