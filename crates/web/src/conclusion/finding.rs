//! Findings: what falls short, since when, and what to do about it.

use std::cmp::Reverse;

use maud::{Markup, html};
use tickmark_core::Timestamp;
use tickmark_core::conclusion::finding::{Origin, Source};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::Severity;

use crate::bulk;
use crate::design::badge;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Counted, Filter, PICK, Phone, Row, Sort, Table, TableQuery};
use crate::design::{moment, prose, segment};
use crate::list::{Listed, Part};
use crate::visit::Asked;

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
    /// Where it comes from, if somebody wrote it.
    pub origin: Option<Origin>,
    /// Whether rules find it now, or somebody wrote it.
    pub is_found: bool,
}

impl FindingRow {
    /// The earliest first sight with the look before it.
    fn since(&self) -> Option<&FindingTarget> {
        self.targets.iter().min_by_key(|target| target.seen_bad)
    }

    fn first_target(&self) -> &str {
        self.targets.first().map_or("", |target| target.name.as_str())
    }

    /// How it was found.
    fn by(&self) -> &'static str {
        match (&self.origin, self.check.as_str()) {
            (Some(origin), _) => origin.source.word(),
            (None, "") => "answers",
            (None, _) => "check",
        }
    }

    /// What filters look at.
    fn facets(&self) -> [(&'static str, &'static str); 4] {
        let yes = |is: bool| if is { "yes" } else { "no" };
        [
            ("severity", self.severity.word()),
            ("by", self.by()),
            ("taken", yes(!self.taken.is_empty())),
            ("waived", yes(!self.waiver.is_empty())),
        ]
    }

    /// Tells whether all of these words are there.
    fn has(&self, words: &[String]) -> bool {
        let text = [self.title.as_str(), &self.control, &self.check, &self.criteria.join(" ")];
        let text = text.join(" ").to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    }
}

/// The rows that are asked for, in the order that is asked for: without one they stand as they are, worst first.
fn chosen<'a>(rows: &'a [FindingRow], query: &TableQuery) -> Vec<&'a FindingRow> {
    let words: Vec<String> = query.search().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let wanted: Vec<(&str, &str)> = query.pairs().filter(|(_, value)| !value.is_empty()).collect();
    let fits = |row: &&FindingRow| {
        let facets = row.facets();
        let is = |(key, value): &(&str, &str)| {
            facets.iter().find(|(name, _)| name == key).is_none_or(|(_, known)| known == value)
        };
        wanted.iter().all(is) && (words.is_empty() || row.has(&words))
    };
    let mut found: Vec<&FindingRow> = rows.iter().filter(fits).collect();
    match query.get("sort") {
        Some("title") => found.sort_by_cached_key(|row| Sort::text(&row.title)),
        Some("severity") => found.sort_by_key(|row| Reverse(row.severity)),
        Some("control") => found.sort_by_cached_key(|row| Sort::text(&row.control)),
        Some("where") => found.sort_by_cached_key(|row| Sort::text(row.first_target())),
        Some("since") => found.sort_by_key(|row| row.since().map(|first| first.seen_bad)),
        _ => return found,
    }
    if query.get("dir") == Some("desc") {
        found.reverse();
    }
    found
}

pub(super) fn page(rows: &[FindingRow], asked: &Asked, part: Part) -> Listed {
    let (now, is_member) = (asked.visit.now, asked.visit.actor.is_some());
    let found = chosen(rows, &asked.query);
    let counted = Some(Counted { found: found.len(), total: rows.len() });
    let count = |wanted: Severity| rows.iter().filter(|row| row.severity == wanted).count();
    let table = Table {
        id: "findings".into(),
        path: "/findings".into(),
        noun: ("finding", "findings"),
        counted,
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
                options: [("check", "check"), ("answers", "answers")]
                    .into_iter()
                    .chain(Source::ALL.iter().map(|source| (source.word(), source.title())))
                    .map(|(word, title)| (word.to_owned(), title.to_owned()))
                    .collect(),
                shown: true,
            },
            Filter::yes_or_no("waived", "Waived"),
            Filter::yes_or_no("taken", "Taken on"),
        ],
        rows: part.of_rows(found).into_iter().map(|row| table_row(row, now, is_member)).collect(),
        empty: html! {
            div.empty {
                h3 { "Nothing falls short of what is known" }
                p { "No test fails and no answer is short. What could not be seen is under " a href="/coverage" { "coverage" } ", what nobody has judged under " a href="/controls?status=not_assessed" { "controls" } "." }
            }
        },
    };
    let mut page = Page::new(Place::Findings, "Findings", html! {});
    page.lead = html! {
        (rows.len()) " found by rules from failing tests and people's answers, or written down by somebody"
        @for severity in badge::SEVERITIES {
            @if count(severity) > 0 { ", " a href={ "/findings?severity=" (severity.word()) } { (count(severity)) " " (badge::severity_word(severity).to_lowercase()) } }
        }
        ". A finding is closed by somebody who did not fix it."
    };
    if asked.may(Atom::new(Resource::Exception, Verb::Create)) {
        page.actions = html! { a.button.primary href="/findings/new" { "Write a finding down" } };
    }
    let mut listed = Listed::of(page, table);
    if !rows.is_empty()
        && let Some((picks_in, after)) = bulk::picks(asked, &[bulk::What::Assign, bulk::What::Extend])
    {
        (listed.picks_in, listed.after) = (Some(picks_in), after);
    }
    listed
}

fn table_row(row: &FindingRow, now: Timestamp, is_member: bool) -> Row {
    let since = row.since();
    Row {
        cells: vec![
            Cell::by_text(title(row, is_member), &row.title),
            Cell::by_number(badge::severity(row.severity), -(row.severity as i64))
                .said(badge::severity_word(row.severity)),
            Cell::by_text(control(row), &row.control),
            Cell::by_text(targets(row), row.first_target()),
            Cell::by_number(
                html! { @if let Some(first) = since { (bounds(first, now)) } },
                since.map_or(i64::MIN, |first| first.seen_bad.micros()),
            )
            .said(since.map(|first| first.seen_bad.to_string()).unwrap_or_default()),
        ],
        find: String::new(),
        facets: row
            .facets()
            .into_iter()
            .chain([(PICK, row.reference.as_str())])
            .map(|(key, value)| (key, value.to_owned()))
            .collect(),
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
            span.sub { @if let Some(origin) = &row.origin { (origin.source.title()) ": " } (row.condition) }
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
