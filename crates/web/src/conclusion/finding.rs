//! Findings: what falls short, since when, and what to do about it.

use maud::{Markup, html};
use tickmark_core::Timestamp;
use tickmark_core::observation::Severity;

use crate::design::badge;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table};
use crate::design::{moment, prose, segment};
use crate::list::Listed;

/// Targets that are named with a finding.
const TARGET_LIMIT: usize = 6;

/// A target at which a finding stands.
#[derive(Clone, Debug)]
pub struct FindingTarget {
    /// Its key.
    pub key: i64,
    /// Its name.
    pub name: String,
    /// The last look that did not find it.
    pub seen_good: Option<Timestamp>,
    /// The first look that found it.
    pub seen_bad: Timestamp,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct FindingRow {
    /// What names it whenever it is found again.
    pub reference: String,
    /// Who corrects it by when, in words; empty while nobody has taken it on.
    pub taken: String,
    /// Title.
    pub title: String,
    /// How much it matters.
    pub severity: Severity,
    /// Control concerned; empty when a criterion has none.
    pub control: String,
    /// Criteria concerned.
    pub criteria: Vec<String>,
    /// Check that showed it; empty when people's answers did.
    pub check: String,
    /// What was found.
    pub condition: String,
    /// What follows from it.
    pub effect: String,
    /// What to do, as Markdown.
    pub remedy: String,
    /// Where it was seen.
    pub targets: Vec<FindingTarget>,
    /// The waiver that stands beside it, in words; may be empty.
    pub waiver: String,
}

impl FindingRow {
    /// The earliest first sight with the look before it.
    fn since(&self) -> Option<&FindingTarget> {
        self.targets.iter().min_by_key(|target| target.seen_bad)
    }
}

pub(super) fn page(rows: &[FindingRow], now: Timestamp, is_member: bool) -> Listed {
    let count = |wanted: Severity| rows.iter().filter(|row| row.severity == wanted).count();
    let table = Table {
        id: "findings",
        path: "/findings",
        noun: ("finding", "findings"),
        counted: None,
        columns: vec![
            Column::text("title", "Finding", Phone::Title),
            Column::text("severity", "Severity", Phone::Status),
            Column::text("control", "Control", Phone::Line),
            Column::text("where", "Where", Phone::Hidden),
            Column::number("since", "First seen", Phone::Line),
        ],
        filters: vec![
            badge::severity_filter(),
            Filter {
                key: "by",
                label: "Found by",
                options: vec![("check".into(), "check".into()), ("answers".into(), "answers".into())],
                shown: true,
            },
            Filter::yes_or_no("waived", "Waived"),
            Filter::yes_or_no("taken", "Taken on"),
        ],
        rows: rows.iter().map(|row| table_row(row, now, is_member)).collect(),
        empty: html! {
            div.empty {
                h3 { "Nothing falls short of what is known" }
                p { "No test fails and no answer is short. What could not be seen is under " a href="/coverage" { "coverage" } ", what nobody has judged under " a href="/controls?status=not_assessed" { "controls" } "." }
            }
        },
    };
    let mut page = Page::new(Place::Findings, "Findings", html! {});
    page.lead = html! {
        (rows.len()) " proposed by rules from failing tests and from people's answers"
        @for severity in badge::SEVERITIES {
            @if count(severity) > 0 { ", " a href={ "/findings?severity=" (severity.word()) } { (count(severity)) " " (badge::severity_word(severity).to_lowercase()) } }
        }
        ". A finding is closed by somebody who did not fix it."
    };
    Listed::of(page, table)
}

fn table_row(row: &FindingRow, now: Timestamp, is_member: bool) -> Row {
    let since = row.since();
    Row {
        cells: vec![
            Cell::by_text(title(row, is_member), &row.title),
            Cell::by_number(badge::severity(row.severity), -(row.severity as i64))
                .said(badge::severity_word(row.severity)),
            Cell::by_text(control(row), &row.control),
            Cell::by_text(targets(row), &row.targets.first().map(|t| t.name.clone()).unwrap_or_default()),
            Cell::by_number(
                html! { @if let Some(first) = since { (bounds(first, now)) } },
                since.map_or(i64::MIN, |first| first.seen_bad.micros()),
            )
            .said(since.map(|first| first.seen_bad.to_string()).unwrap_or_default()),
        ],
        find: format!("{} {} {} {}", row.title, row.control, row.check, row.criteria.join(" ")),
        facets: vec![
            ("severity", row.severity.word().to_owned()),
            ("by", if row.check.is_empty() { "answers" } else { "check" }.to_owned()),
            ("taken", if row.taken.is_empty() { "no" } else { "yes" }.to_owned()),
            ("waived", if row.waiver.is_empty() { "no" } else { "yes" }.to_owned()),
        ],
    }
}

fn title(row: &FindingRow, is_member: bool) -> Markup {
    let href = match (row.check.as_str(), row.control.as_str(), row.criteria.first()) {
        ("", "", Some(criterion)) => format!("/criteria/{}", segment(criterion)),
        ("", control, _) => format!("/controls/{}", segment(control)),
        (check, ..) => format!("/checks/{}", segment(check)),
    };
    let href = if is_member { format!("/findings/{}", segment(&row.reference)) } else { href };
    html! {
        div {
            a.primary href=(href) { (row.title) }
            span.sub { (row.condition) }
            @if !row.taken.is_empty() { span.sub { (row.taken) } }
            @if !row.waiver.is_empty() { span.sub { (Mark::Waived.draw()) " waived: " (row.waiver) } }
            details.behind { summary { "What to do" }
                p.small { (row.effect) }
                (prose::markdown(&row.remedy))
            }
        }
    }
}

fn control(row: &FindingRow) -> Markup {
    html! {
        span.refs {
            @if !row.control.is_empty() { a href={ "/period/" (segment(&row.control)) } { (row.control) } }
            @for id in row.criteria.iter().take(TARGET_LIMIT) { a.muted href={ "/criteria/" (segment(id)) } { (id) } }
        }
    }
}

fn targets(row: &FindingRow) -> Markup {
    html! {
        @for (at, target) in row.targets.iter().take(TARGET_LIMIT).enumerate() {
            @if at > 0 { ", " }
            a href=(super::period::moment_href(target.key, &row.check, target.seen_bad)) { (target.name) }
        }
        @if row.targets.len() > TARGET_LIMIT { " and " a href={ "/checks/" (segment(&row.check)) "#fail" } { (row.targets.len() - TARGET_LIMIT) " more" } }
    }
}

/// Both bounds: it began between the last look that did not find it and the first that did.
fn bounds(target: &FindingTarget, now: Timestamp) -> Markup {
    html! {
        span.nowrap { (moment::ago(target.seen_bad, now)) }
        span.sub.nowrap { @match target.seen_good { Some(good) => { "last seen good " (moment::written(good)) }, None => "never seen good" } }
    }
}
