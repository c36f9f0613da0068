//! What the pages of checks show.

use maud::{Markup, html};
use tickmark_core::observation::{CheckDefinition, Outcome, Severity, Verdict};
use tickmark_core::{Digest, Timestamp};

use super::look_back::{self, LookBack};
use crate::design::badge::{self, VerdictCounts};
use crate::design::empty::{command, empty};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::strip::{self, Strip};
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, plain};
use crate::design::{block, digest, facts, moment, prose, segment};
use crate::list::Listed;

/// Targets that are told about in full.
const DETAIL_LIMIT: usize = 12;
/// Targets that get a row.
const ROW_LIMIT: usize = 200;

/// A check in a list.
#[derive(Clone, Debug)]
pub struct CheckRow {
    /// Identifier, worded as the passing state.
    pub id: String,
    /// Title.
    pub title: String,
    /// Group, e.g. `ssh`.
    pub group: String,
    /// How much a failure matters.
    pub severity: Severity,
    /// Controls it tests.
    pub controls: Vec<String>,
    /// What it says now, over all targets.
    pub verdicts: VerdictCounts,
    /// History over all targets, the worst at each moment.
    pub strip: Option<Strip>,
    /// Thousandths of the time, over all targets, at which something was known.
    pub known: Option<usize>,
    /// Targets under a waiver now.
    pub waived: usize,
}

/// A waiver of a check.
#[derive(Clone, Debug)]
pub struct WaiverRow {
    /// Its number.
    pub id: i64,
    /// Where it stands, e.g. `in force`.
    pub state: String,
    /// What it covers, e.g. `all targets`.
    pub scope: String,
    /// Why the check cannot be met.
    pub reason: String,
    /// What can happen meanwhile.
    pub risk: String,
    /// What is done instead.
    pub compensation: String,
    /// Who approved it.
    pub approved_by: String,
    /// From when.
    pub granted: Timestamp,
    /// Until when.
    pub expires: Timestamp,
}

/// What a check says about one target now.
#[derive(Clone, Debug)]
pub struct ResultRow {
    /// Target's key.
    pub target_key: i64,
    /// Target's name.
    pub target_name: String,
    /// The answer.
    pub outcome: Outcome,
    /// Since when.
    pub since: Timestamp,
    /// The last look.
    pub looked: Timestamp,
    /// History at this target.
    pub strip: Option<Strip>,
    /// The waiver that stands beside it, in words; may be empty.
    pub waiver: String,
}

/// One check.
#[derive(Clone, Debug)]
pub struct CheckView {
    /// As written down.
    pub definition: CheckDefinition,
    /// Its group, e.g. `ssh`.
    pub group: String,
    /// Where it was loaded from, e.g. `built in`.
    pub origin: String,
    /// Its logic.
    pub rego: String,
    /// Names of its tests.
    pub tests: Vec<String>,
    /// What it says now.
    pub results: Vec<ResultRow>,
    /// What was known over all targets, the worst at each moment.
    pub history: Option<Strip>,
    /// Its waivers, newest first.
    pub waivers: Vec<WaiverRow>,
    /// Its versions with their first use, latest first.
    pub versions: Vec<(Digest, Timestamp)>,
}

pub(super) fn list(rows: &[CheckRow], span: Option<&str>) -> Listed {
    let mut page = Page::new(Place::Checks, "Checks", html! {});
    let failing = rows.iter().filter(|row| row.verdicts.fail > 0).count();
    let unknown = rows.iter().filter(|row| row.verdicts.unknown > 0).count();
    page.lead = html! {
        (rows.len()) " checks. " a href="/checks?verdict=fail" { (failing) " fail" } " somewhere, "
        a href="/checks?verdict=unknown" { (unknown) " could not see" } " what they need. "
        "A check tests a control; it never proves a criterion by itself."
    };
    Listed::of(page, table(rows, span))
}

fn table(rows: &[CheckRow], span: Option<&str>) -> Table {
    let mut groups: Vec<String> = rows.iter().map(|r| r.group.clone()).collect();
    groups.sort_unstable();
    groups.dedup();
    let verdicts = [Verdict::Fail, Verdict::Unknown, Verdict::Pass, Verdict::NotApplicable];
    Table {
        id: "checks".into(),
        path: "/checks".into(),
        noun: ("check", "checks"),
        counted: None,
        columns: vec![
            Column::text("title", "Check", Phone::Title),
            Column::shown("period", "Period", Phone::Hidden),
            Column::text("severity", "Severity", Phone::Hidden),
            Column::number("known", "Known", Phone::Wide),
            Column::shown("controls", "Tests", Phone::Wide),
            Column::text("verdict", "Now", Phone::Status),
        ],
        filters: vec![
            Filter {
                key: "verdict",
                label: "Verdict",
                options: verdicts.map(|v| (v.word().to_owned(), badge::word_of(v).to_owned())).to_vec(),
                shown: true,
            },
            Filter {
                key: "group",
                label: "Group",
                options: groups.into_iter().map(|g| (g.clone(), g)).collect(),
                shown: true,
            },
            badge::severity_filter(),
            Filter::yes_or_no("waived", "Waived"),
            LookBack::filter(),
        ],
        rows: rows.iter().map(|row| table_row(row, span)).collect(),
        empty: empty(
            "No checks are loaded",
            "The built-in checks come with the program; your own are folders beside them.",
            "tickmark checks new my-check",
        ),
    }
}

fn table_row(row: &CheckRow, span: Option<&str>) -> Row {
    let href = format!("/checks/{}", segment(&row.id));
    let counts = &row.verdicts;
    let mut facets = vec![("group", row.group.clone()), ("severity", row.severity.word().to_owned())];
    for (verdict, count) in [
        (Verdict::Fail, counts.fail),
        (Verdict::Unknown, counts.unknown),
        (Verdict::Pass, counts.pass),
        (Verdict::NotApplicable, counts.not_applicable),
    ] {
        if count > 0 {
            facets.push(("verdict", verdict.word().to_owned()));
        }
    }
    // However far back is looked, every check is there.
    facets.extend(span.map(|span| (look_back::KEY, span.to_owned())));
    facets.push(("waived", if row.waived > 0 { "yes" } else { "no" }.to_owned()));
    let rank = counts.worst().map_or(i64::MAX, |verdict| i64::from(badge::rank(verdict)));
    Row {
        cells: vec![
            Cell {
                show: html! { a.primary href=(href) { (row.title) } span.sub.mono { (row.id) } },
                ..Cell::text(&row.title)
            },
            Cell::text("").showing(html! { @if let Some(strip) = &row.strip { (strip::row(strip)) } }),
            // Most severe first.
            Cell::by_number(badge::severity(row.severity), -(row.severity as i64)).said(badge::severity_word(row.severity)),
            Cell::by_number(
                html! { @if let Some(known) = row.known { a.num href={ "/coverage?by=check#" (row.id) } title="Share of the time at which something was known, over all targets" { (known / 10) "." (known % 10) " %" } } },
                row.known.and_then(|known| i64::try_from(known).ok()).unwrap_or(-1),
            )
            .said(row.known.map(|known| format!("{}.{} %", known / 10, known % 10)).unwrap_or_default()),
            Cell::text("").showing(control_links(&row.controls)),
            Cell::by_number(
                html! {
                    (now(counts, &href))
                    @if row.waived > 0 { " " a.small href={ (href) "#waivers" } { (Mark::Waived.draw()) " " (row.waived) " waived" } }
                },
                rank,
            ),
        ],
        find: format!("{} {} {}", row.id, row.title, row.controls.join(" ")),
        facets,
    }
}

/// One verdict in words while there is only one target; counts otherwise.
fn now(counts: &VerdictCounts, href: &str) -> Markup {
    match (counts.total(), counts.worst()) {
        (_, None) => html! { span.muted { "not run" } },
        (1, Some(verdict)) => badge::verdict(verdict),
        _ => badge::counts(counts, &format!("{href}#")),
    }
}

fn control_links(ids: &[String]) -> Markup {
    html! { span.refs { @for id in ids { a href={ "/controls/" (segment(id)) } { (id) } } } }
}

/// The page of a check. `has_texts` where there are pages for members, which show the text of each version.
pub(super) fn one(view: &CheckView, at: Timestamp, has_texts: bool) -> Page {
    let definition = &view.definition;
    let counts = VerdictCounts::of(view.results.iter().map(|result| result.outcome.verdict));
    let body = html! {
        (block("results", "Now", &badge::counts(&counts, "#"), &results(view, at)))
        (history(view))
        div.columns {
            div {
                (block("remediation", "When it fails", &html! {}, &html! { div.block-body { (prose::markdown(&definition.remediation)) } }))
                (block("logic", "Logic", &html! { "Rego, evaluated over facts; no network, no clock" }, &html! { div.block-body { (prose::rego(&view.rego)) } }))
            }
            div {
                (block("about", "As written", &html! {}, &about(view)))
                (block("parameters", "Parameters", &html! {}, &parameters(definition)))
                (block("tests", "Its own tests", &html! { (view.tests.len()) }, &tests(view)))
                (block("waivers", "Waivers", &html! { (view.waivers.len()) }, &waivers(view)))
                (block("versions", "Versions", &html! { @if has_texts { a href={ "/checks/" (segment(&definition.id)) "/versions" } { "texts, and two compared" } } }, &versions(view, at)))
            }
        }
    };
    let mut page = Page::new(Place::Checks, &definition.title, body);
    page.lead = html! { (definition.asserts) " " (definition.rationale) };
    page.crumbs = vec![
        ("Checks".into(), "/checks".into()),
        (view.group.clone(), format!("/checks?group={}", segment(&view.group))),
    ];
    page
}

fn results(view: &CheckView, at: Timestamp) -> Markup {
    if view.results.is_empty() {
        return empty("Never run", "This check has not looked at any target yet.", "tickmark collect");
    }
    let (loud, quiet): (Vec<&ResultRow>, Vec<&ResultRow>) = view
        .results
        .iter()
        .partition(|result| matches!(result.outcome.verdict, Verdict::Fail | Verdict::Unknown));
    let rest = quiet.into_iter().chain(loud.iter().skip(DETAIL_LIMIT).copied());
    let rows: Vec<Vec<Markup>> =
        rest.take(ROW_LIMIT).map(|result| result_row(&view.definition.id, result, at)).collect();
    html! {
        @for result in loud.iter().take(DETAIL_LIMIT) { (result_detail(&view.definition.id, result, at)) }
        @if !rows.is_empty() {
            div id="pass" { (plain("Other targets", &["Verdict", "Target", "What was seen", "Period", "Since"], rows)) }
        }
        @if view.results.len() > DETAIL_LIMIT + ROW_LIMIT {
            p.muted.small.block-body { "Showing the first targets of " (view.results.len()) "." }
        }
    }
}

/// The worst of all targets at each moment, and where more of it is told.
fn history(view: &CheckView) -> Markup {
    html! {
        @if let Some(strip) = &view.history {
            (block("history", "History over all targets", &html! { "the worst at each moment" }, &html! {
                (strip::full(strip))
                p.muted.small {
                    "Each target by itself, over any period: "
                    @for (at, id) in view.definition.controls.iter().enumerate() { @if at > 0 { ", " } a href={ "/period/" (segment(id)) } { (id) } }
                    @if view.definition.controls.is_empty() { a href="/coverage?by=check" { "coverage" } }
                    "."
                }
            }))
        }
    }
}

/// The page that says why, over facts and raw evidence.
fn why(check: &str, result: &ResultRow) -> String {
    format!("/targets/{}/checks/{}", result.target_key, segment(check))
}

fn result_row(view_id: &str, result: &ResultRow, at: Timestamp) -> Vec<Markup> {
    vec![
        badge::verdict(result.outcome.verdict),
        html! { a.primary href={ "/targets/" (result.target_key) } { (result.target_name) } },
        html! {
            a.quiet href=(why(view_id, result)) { (result.outcome.message) }
            @if !result.waiver.is_empty() { span.sub { (Mark::Waived.draw()) " waived " (result.waiver) } }
        },
        html! { @if let Some(strip) = &result.strip { (strip::row(strip)) } },
        html! { span.muted.nowrap { (moment::ago(result.since, at)) } },
    ]
}

fn result_detail(view_id: &str, result: &ResultRow, at: Timestamp) -> Markup {
    let outcome = &result.outcome;
    html! {
        div.result.stack id=(outcome.verdict.word()) {
            p.row {
                (badge::verdict(outcome.verdict))
                a href={ "/targets/" (result.target_key) } { (result.target_name) }
                a.small href=(why(view_id, result)) { "Why, over facts and raw evidence" }
                span.muted.small { "since " (moment::ago(result.since, at)) ", last looked " (moment::ago(result.looked, at)) }
            }
            p.prose {
                (outcome.message)
                @if let Some(reason) = outcome.reason { " " span.muted { "(" (reason.plain()) ")" } }
            }
            @if !outcome.observed.is_null() || !outcome.expected.is_null() || !outcome.subjects.is_empty() {
                dl.facts {
                    @if !outcome.observed.is_null() { dt { "Observed" } dd { (facts::inline(&outcome.observed)) } }
                    @if !outcome.expected.is_null() { dt { "Expected" } dd { (facts::inline(&outcome.expected)) } }
                    @if !outcome.subjects.is_empty() { dt { "Subjects" } dd { (subjects(&outcome.subjects)) } }
                    @if let Some(until) = outcome.valid_until { dt { "Holds until" } dd { (moment::exact(until)) } }
                }
            }
            @if !result.waiver.is_empty() { p.note-line { (Mark::Waived.draw()) " Waived " (result.waiver) } }
            @if let Some(strip) = &result.strip { (strip::full(strip)) }
        }
    }
}

fn subjects(subjects: &[String]) -> Markup {
    const SHOWN: usize = 40;
    html! {
        @for (at, subject) in subjects.iter().take(SHOWN).enumerate() { @if at > 0 { ", " } code { (subject) } }
        @if subjects.len() > SHOWN { " and " (subjects.len() - SHOWN) " more" }
    }
}

fn about(view: &CheckView) -> Markup {
    let definition = &view.definition;
    html! {
        dl.facts {
            dt { "Identifier" } dd.mono { (definition.id) }
            dt { "Severity" } dd { (badge::severity(definition.severity)) }
            dt { "Tests" } dd { (control_links(&definition.controls)) }
            dt { "May support" } dd { span.refs { @for id in &definition.criteria { a href={ "/criteria/" (segment(id)) } { (id) } } } }
            dt { "Looks at" } dd { (definition.target_kind) ", facts " (definition.facts_schema) }
            dt { "Needs" } dd { @for (at, need) in definition.needs.iter().enumerate() { @if at > 0 { ", " } code { (need) } } }
            dt { "Cadence" } dd { "every " (definition.cadence_hours) " hours; stale after " (definition.stale_after_hours) }
            dt { "Origin" } dd { (view.origin) }
            @if !definition.references.is_empty() {
                dt { "References" } dd { @for (at, reference) in definition.references.iter().enumerate() { @if at > 0 { br; } (reference) } }
            }
        }
    }
}

fn parameters(definition: &CheckDefinition) -> Markup {
    match definition.parameters.as_object() {
        Some(parameters) if !parameters.is_empty() => html! {
            dl.facts { @for (name, value) in parameters { dt.mono { (name) } dd { (facts::inline(value)) } } }
        },
        _ => html! { div.block-body { p.muted { "None." } } },
    }
}

fn tests(view: &CheckView) -> Markup {
    html! {
        ul.lines { @for test in &view.tests { li.mono { (test) } } }
        (command(&format!("tickmark checks test {}", view.definition.id)))
    }
}

fn waivers(view: &CheckView) -> Markup {
    html! {
        @for waiver in &view.waivers {
            div.waiver.stack {
                p.row { (badge::badge(Mark::Waived, &waiver.state)) span.muted.small { "number " (waiver.id) ", " (waiver.scope) } }
                p.prose { (waiver.reason) }
                dl.facts {
                    dt { "Risk" } dd { (waiver.risk) }
                    dt { "Meanwhile" } dd { (waiver.compensation) }
                    dt { "Approved by" } dd { (waiver.approved_by) }
                    dt { "From" } dd { (moment::exact(waiver.granted)) }
                    dt { "Until" } dd { (moment::exact(waiver.expires)) }
                }
            }
        }
        @if view.waivers.is_empty() { div.block-body { p.muted.small { "None. A waiver stands beside a verdict for a time and changes none; it needs a reason, a risk, a compensation and somebody who approves." } } }
    }
}

fn versions(view: &CheckView, at: Timestamp) -> Markup {
    let rows =
        view.versions.iter().map(|(version, since)| vec![digest::chip(version), moment::ago(*since, at)]);
    plain("Versions", &["Version", "In use since"], rows.collect())
}
