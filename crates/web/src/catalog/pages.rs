//! What the pages of criteria show.

use maud::{Markup, html};

use crate::control::{ControlStatus, owner_cell};
use crate::design::criteria_map::{self, Cell as MapCell, Series};
use crate::design::empty::empty;
use crate::design::form::capital;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, plain};
use crate::design::{badge::badge, block, plural, segment};
use crate::list::Listed;

/// How far a criterion is served by its controls. Readiness only; the opinion is the auditor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CriterionStatus {
    /// No key control is ready, or no control is mapped.
    NotMet,
    /// Some key controls are ready.
    PartlyMet,
    /// A key control is not assessed and none is failing.
    NotAssessed,
    /// All key controls are ready.
    Met,
}

impl CriterionStatus {
    /// All, worst first.
    pub const ALL: [Self; 4] = [Self::NotMet, Self::PartlyMet, Self::NotAssessed, Self::Met];

    /// The word in addresses.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::NotMet => "not_met",
            Self::PartlyMet => "partly_met",
            Self::NotAssessed => "not_assessed",
            Self::Met => "met",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotMet => "Not met",
            Self::PartlyMet => "Partly met",
            Self::NotAssessed => "Not assessed",
            Self::Met => "Met",
        }
    }

    /// The mark.
    #[must_use]
    pub fn mark(self) -> Mark {
        match self {
            Self::NotMet => Mark::Fail,
            Self::PartlyMet => Mark::Partly,
            Self::NotAssessed => Mark::Unknown,
            Self::Met => Mark::Pass,
        }
    }
}

/// A criterion in a list.
#[derive(Clone, Debug)]
pub struct CriterionRow {
    /// Identifier, e.g. `CC6.1`.
    pub id: String,
    /// Series, e.g. `CC6`.
    pub series: String,
    /// Title of the series.
    pub series_title: String,
    /// Category it belongs to, e.g. `Common criteria`.
    pub category: String,
    /// What is asked, in our words.
    pub text: String,
    /// How far it is served.
    pub status: CriterionStatus,
    /// Controls mapped to it.
    pub controls: usize,
    /// Key controls among them.
    pub key_controls: usize,
    /// Key controls that are ready.
    pub key_ready: usize,
}

/// Guidance on a criterion. Never assessed.
#[derive(Clone, Debug)]
pub struct PointOfFocus {
    /// Identifier, e.g. `CC6.1-POF3`.
    pub id: String,
    /// What it draws attention to, in our words.
    pub label: String,
    /// Category it is limited to, or empty.
    pub only_for: String,
}

/// A control that answers a criterion.
#[derive(Clone, Debug)]
pub struct MappedControl {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Who answers for it: the person, or the role while nobody is named.
    pub owner: String,
    /// The role of the person who is named; empty while nobody is.
    pub owner_role: String,
    /// Whether it is a key control for this criterion.
    pub is_key: bool,
    /// Its state.
    pub status: ControlStatus,
}

/// References of another framework.
#[derive(Clone, Debug)]
pub struct Crosswalk {
    /// The framework with its edition.
    pub framework: String,
    /// Identifiers there.
    pub references: Vec<String>,
    /// How they relate, e.g. `intersects`; may be empty.
    pub relation: String,
}

/// Something an auditor usually asks for.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// Number in the request list.
    pub number: u32,
    /// What is asked for.
    pub title: String,
    /// Document, population, sample and so on.
    pub kind: String,
}

/// One criterion.
#[derive(Clone, Debug)]
pub struct CriterionView {
    /// What its row shows.
    pub row: CriterionRow,
    /// Who decided the status and when, in words; empty while it is only suggested.
    pub decided: String,
    /// Why the status is what it is.
    pub basis: String,
    /// What the rule suggests beside the decision of a person; empty while nobody decided.
    pub suggested: String,
    /// What its key controls leave uncovered, as a person said; may be empty.
    pub lacks: String,
    /// What compensates, as a person said; may be empty.
    pub compensation: String,
    /// Why it is not in the scope of the assessment; empty if it is.
    pub outside: String,
    /// Guidance.
    pub points: Vec<PointOfFocus>,
    /// Controls, key ones first.
    pub controls: Vec<MappedControl>,
    /// Other frameworks.
    pub crosswalks: Vec<Crosswalk>,
    /// What an auditor usually asks for.
    pub requests: Vec<RequestRow>,
}

/// Arranges criteria by series for the map. Rows are in the order of the framework.
#[must_use]
pub fn map_of(rows: &[CriterionRow]) -> Vec<Series> {
    let mut map: Vec<Series> = Vec::new();
    for row in rows {
        if map.last().is_none_or(|series| series.id != row.series) {
            map.push(Series { id: row.series.clone(), title: row.series_title.clone(), cells: Vec::new() });
        }
        if let Some(series) = map.last_mut() {
            series.cells.push(MapCell {
                id: row.id.clone(),
                text: row.text.clone(),
                mark: row.status.mark(),
                word: row.status.word().to_owned(),
            });
        }
    }
    map
}

/// The legend of the map.
#[must_use]
pub fn map_legend() -> Markup {
    criteria_map::legend(&CriterionStatus::ALL.map(|status| (status.mark(), status.word())))
}

pub(super) fn list(rows: &[CriterionRow]) -> Listed {
    let short = rows.iter().filter(|row| row.status != CriterionStatus::Met).count();
    let body = html! {
        (block("map", "Map", &html! { (map_legend()) }, &criteria_map::criteria_map(&map_of(rows))))
        div.block-head { h2 id="all" { "All criteria" } }
    };
    let mut page = Page::new(Place::Criteria, "Criteria", body);
    page.lead = html! {
        (rows.len()) " criteria apply. " (short) " " (plural(short, "is", "are")) " short of met. "
        "A status is readiness as management sees it; the opinion belongs to the auditor."
    };
    Listed::of(page, table(rows))
}

fn table(rows: &[CriterionRow]) -> Table {
    let mut series: Vec<(String, String)> =
        rows.iter().map(|r| (r.series.clone(), r.series.clone())).collect();
    series.dedup();
    let options = CriterionStatus::ALL.map(|s| (s.key().to_owned(), s.word().to_owned())).to_vec();
    Table {
        id: "criteria".into(),
        path: "/criteria".into(),
        noun: ("criterion", "criteria"),
        counted: None,
        columns: vec![
            Column::text("id", "Criterion", Phone::Title),
            Column::text("text", "What is asked, in our words", Phone::Subtitle),
            Column::number("controls", "Controls", Phone::Hidden),
            Column::number("ready", "Key controls ready", Phone::Hidden),
            Column::text("status", "Status", Phone::Status),
        ],
        filters: vec![
            Filter { key: "status", label: "Status", options, shown: true },
            Filter { key: "series", label: "Series", options: series, shown: true },
        ],
        rows: rows.iter().map(table_row).collect(),
        empty: empty(
            "No framework is loaded",
            "The catalog has no criteria. It is built in; a folder may override it.",
            "tickmark catalog stats",
        ),
    }
}

fn table_row(row: &CriterionRow) -> Row {
    let href = format!("/criteria/{}", segment(&row.id));
    let controls = format!("/controls?criterion={}", segment(&row.id));
    let key = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    Row {
        cells: vec![
            Cell::by_text(html! { a.primary.mono.nowrap href=(href) { (row.id) } }, &row.id),
            Cell { show: html! { span.clip { (row.text) } }, ..Cell::text(&row.text) },
            Cell::by_number(html! { a.num href=(controls) { (row.controls) } }, key(row.controls)),
            Cell::by_number(
                html! { a.num href={ (controls) "&key=yes" } { (row.key_ready) " of " (row.key_controls) } },
                key(row.key_ready),
            )
            .said(format!("{} of {}", row.key_ready, row.key_controls)),
            Cell::by_number(badge(row.status.mark(), row.status.word()), row.status as i64)
                .said(row.status.word()),
        ],
        find: format!("{} {}", row.id, row.text),
        facets: vec![("status", row.status.key().to_owned()), ("series", row.series.clone())],
    }
}

pub(super) fn one(view: &CriterionView) -> Page {
    let row = &view.row;
    let body = html! {
        @if view.outside.is_empty() { (block("standing", "Status", &html! {}, &status(view))) }
        @else { (block("standing", "Not in scope", &html! {}, &html! { div.block-body.stack { p.prose { (view.outside) } } })) }
        (block("controls", "Controls that answer it", &html! { (row.key_ready) " of " (row.key_controls) " key controls ready" }, &controls(view)))
        div.columns {
            div { (block("points", "Points of focus", &html! { "guidance, never assessed" }, &points(&view.points))) }
            div {
                (block("crosswalks", "In other frameworks", &html! {}, &crosswalks(&view.crosswalks)))
                (block("requests", "What an auditor usually asks for", &html! {}, &requests(&view.requests)))
            }
        }
    };
    let mut page = Page::new(Place::Criteria, &row.series_title, body);
    page.id.clone_from(&row.id);
    page.lead = html! { (row.text) };
    page.crumbs = vec![
        ("Criteria".into(), "/criteria".into()),
        (row.series.clone(), format!("/criteria?series={}", segment(&row.series))),
    ];
    page
}

fn status(view: &CriterionView) -> Markup {
    let row = &view.row;
    html! {
        div.block-body.stack {
            p.row { (badge(row.status.mark(), row.status.word())) @if view.decided.is_empty() { span.suggestion { "suggested by rule, not yet decided by a person" } } @else { span.muted { (view.decided) } } }
            p.prose { (capital(&view.basis)) }
            @if !view.suggested.is_empty() { p.muted { "The rule suggests " (view.suggested) "." } }
            @if !view.lacks.is_empty() { p { strong { "Left uncovered: " } (view.lacks) } }
            @if !view.compensation.is_empty() { p { strong { "Compensated: " } (view.compensation) } }
        }
    }
}

fn controls(view: &CriterionView) -> Markup {
    if view.controls.is_empty() {
        return empty(
            "No control answers this criterion",
            "A criterion without a control is not met. Map one in a folder of your own beside the catalog.",
            "tickmark catalog list --controls",
        );
    }
    let rows = view.controls.iter().map(|control| {
        vec![
            html! { a.primary.mono href={ "/controls/" (segment(&control.id)) } { (control.id) } },
            html! { (control.title) @if control.is_key { " " span.tag.key { "key" } } },
            owner_cell(&control.owner, &control.owner_role),
            badge(control.status.mark(), control.status.word()),
        ]
    });
    plain("Controls that answer it", &["Control", "Title", "Owner", "Status"], rows.collect())
}

fn points(points: &[PointOfFocus]) -> Markup {
    html! {
        ol.lines {
            @for point in points {
                li id=(point.id) {
                    (point.label)
                    @if !point.only_for.is_empty() { " " span.tag { (point.only_for) } }
                }
            }
        }
    }
}

fn crosswalks(crosswalks: &[Crosswalk]) -> Markup {
    html! {
        ul.lines {
            @for crosswalk in crosswalks {
                li {
                    strong { (crosswalk.framework) }
                    @if crosswalk.references.is_empty() { " " span.muted { "no useful relation" } }
                    @if !crosswalk.references.is_empty() {
                        div.refs { @for reference in &crosswalk.references { code { (reference) } } }
                        @if !crosswalk.relation.is_empty() { div.muted.small { (crosswalk.relation) } }
                    }
                }
            }
        }
    }
}

fn requests(requests: &[RequestRow]) -> Markup {
    html! {
        @if requests.is_empty() { div.empty { p { "Nothing by name. The general requests still apply." } } }
        ul.lines {
            @for request in requests { li { span.mono.muted { (request.number) } " " (request.title) " " span.tag { (request.kind) } } }
        }
    }
}
