//! Controls as a list.

use maud::{Markup, html};
use tickmark_core::control::ControlState;

use crate::design::badge::badge;
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::strip;
use crate::design::table::{Cell, Column, Counted, Filter, PICK, Phone, Row, Table};
use crate::design::{plural, segment};
use crate::list::Listed;

use super::May;
use super::bulk::What;
use super::pages::{Answer, ControlRow, ControlStatus, QUESTIONS, state_tag, state_word};

/// The form of what is done to several controls at once.
const PICKS: &str = "picked";

/// Controls as the list has them.
#[derive(Clone, Debug, Default)]
pub struct ControlList {
    /// Those of one page, or all.
    pub rows: Vec<ControlRow>,
    /// How many there are where `rows` are those of one page.
    pub counted: Option<Counted>,
    /// How many there are.
    pub total: usize,
    /// How many of them are key controls.
    pub key: usize,
    /// How many are ready.
    pub ready: usize,
    /// How many are drafts.
    pub drafts: usize,
    /// Changes to controls in force that wait for approval.
    pub waiting: usize,
    /// Their areas.
    pub areas: Vec<String>,
    /// Their owners, as value and words.
    pub owners: Vec<(String, String)>,
    /// The systems, as value and words, where there are several.
    pub systems: Vec<(String, String)>,
}

impl ControlList {
    /// All controls.
    #[must_use]
    pub fn whole(rows: Vec<ControlRow>) -> Self {
        let count = |is: &dyn Fn(&ControlRow) -> bool| rows.iter().filter(|row| is(row)).count();
        let mut areas: Vec<String> = rows.iter().map(|row| row.area.clone()).collect();
        areas.sort_unstable();
        areas.dedup();
        Self {
            counted: None,
            total: rows.len(),
            key: count(&|row| !row.key_for.is_empty()),
            ready: count(&|row| row.status == ControlStatus::Ready),
            drafts: count(&|row| row.state == ControlState::Draft),
            waiting: count(&|row| row.waits && row.state == ControlState::Active),
            areas,
            owners: Vec::new(),
            systems: Vec::new(),
            rows,
        }
    }
}

/// Filters of the list that are values of the register.
pub(crate) const FILTERS: [&str; 13] = [
    "status",
    "state",
    "waits",
    "area",
    "key",
    "owner",
    "system",
    "criterion",
    "frequency",
    "designed",
    "implemented",
    "operating",
    "evidenced",
];

pub(super) fn list(view: &ControlList, may: May) -> Listed {
    let mut page = Page::new(Place::Controls, "Controls", html! {});
    if may.create {
        page.actions = html! { a.button href="/controls/library" { "Library" } a.button href="/controls/new" { "New control" } };
    }
    page.lead = html! {
        (view.total) " controls, " a href="/controls?key=yes" { (view.key) " key" } ". "
        a href="/controls?status=ready" { (view.ready) " ready" } ". "
        @if view.drafts > 0 { a href="/controls?state=draft" { (view.drafts) " " (plural(view.drafts, "draft", "drafts")) } " promise nothing yet. " }
        @if view.waiting > 0 { a href="/controls?state=active&waits=yes" { (view.waiting) " " (plural(view.waiting, "change", "changes")) } " to approve. " }
        "What tests suggest stands beside the answers; only a person's answer counts."
    };
    let picks = may.picks() && view.total > 0;
    Listed {
        picks_in: picks.then_some(PICKS),
        after: html! { @if picks { (several(may)) } },
        ..Listed::of(page, table(view, may))
    }
}

/// What can be done to the chosen controls.
fn several(may: May) -> Markup {
    let offered = What::ALL.into_iter().filter(|what| match what {
        What::Assign => may.edit,
        What::Start => may.approve,
        What::Retire => may.retire,
    });
    html! {
        form.picked id=(PICKS) method="get" action="/controls/bulk/assign" {
            span { "With the chosen controls:" }
            @for what in offered { button.button type="submit" formaction={ "/controls/bulk/" (what.word()) } { (what.button()) } }
        }
    }
}

/// The columns.
pub(crate) fn columns() -> Vec<Column> {
    vec![
        Column::text("id", "Control", Phone::Title),
        Column::text("title", "Title", Phone::Subtitle),
        Column::shown("period", "Period", Phone::Hidden),
        Column::shown("owner", "Owner", Phone::Wide),
        Column::shown("criteria", "Criteria", Phone::Wide),
        Column::shown("answers", "D I O E", Phone::Hidden),
        Column::text("status", "Status", Phone::Status),
    ]
}

fn table(view: &ControlList, may: May) -> Table {
    let statuses = ControlStatus::ALL.map(|s| (s.key().to_owned(), s.word().to_owned())).to_vec();
    let mut filters = vec![
        Filter { key: "status", label: "Status", options: statuses, shown: true },
        Filter {
            key: "state",
            label: "State",
            options: [ControlState::Draft, ControlState::Active, ControlState::Retired]
                .map(|state| (state.word().to_owned(), state_word(state).to_owned()))
                .to_vec(),
            shown: true,
        },
        Filter { key: "waits", label: "Waits for approval", options: Vec::new(), shown: false },
        Filter {
            key: "area",
            label: "Area",
            options: view.areas.iter().map(|area| (area.clone(), area.clone())).collect(),
            shown: true,
        },
        Filter {
            key: "key",
            label: "Key",
            options: vec![("yes".into(), "yes".into()), ("no".into(), "no".into())],
            shown: true,
        },
        Filter { key: "owner", label: "Owner", options: view.owners.clone(), shown: !view.owners.is_empty() },
        Filter {
            key: "system",
            label: "System",
            options: view.systems.clone(),
            shown: !view.systems.is_empty(),
        },
        Filter { key: "criterion", label: "Criterion", options: Vec::new(), shown: false },
        Filter { key: "frequency", label: "Frequency", options: Vec::new(), shown: false },
    ];
    let questions = QUESTIONS.map(|q| (q.key.to_owned(), q.word.to_owned())).to_vec();
    filters.push(Filter { key: "suggested", label: "Suggested", options: questions, shown: false });
    let answers = Answer::ALL.map(|a| (a.key().to_owned(), a.word().to_owned())).to_vec();
    filters.extend(QUESTIONS.map(|q| Filter {
        key: q.key,
        label: q.word,
        options: answers.clone(),
        shown: false,
    }));
    Table {
        id: "controls".into(),
        path: "/controls".into(),
        noun: ("control", "controls"),
        columns: columns(),
        filters,
        rows: view.rows.iter().map(table_row).collect(),
        counted: view.counted,
        empty: if may.create {
            html! {
                div.empty {
                    h3 { "No controls yet" }
                    p { a.button.primary href="/start" { "Put a program together" } " " a.button href="/controls/new" { "Write one from nothing" } }
                }
            }
        } else {
            empty(
                "No controls yet",
                "The starter controls are part of the catalog.",
                "tickmark catalog stats",
            )
        },
    }
}

fn table_row(row: &ControlRow) -> Row {
    let href = format!("/controls/{}", segment(&row.id));
    let mut facets = vec![
        ("status", row.status.key().to_owned()),
        ("area", row.area.clone()),
        ("key", if row.key_for.is_empty() { "no" } else { "yes" }.to_owned()),
        ("state", row.state.word().to_owned()),
        ("waits", if row.waits { "yes" } else { "no" }.to_owned()),
    ];
    if row.state != ControlState::Retired {
        facets.push((PICK, row.id.clone()));
    }
    facets.extend(row.criteria.iter().map(|criterion| ("criterion", criterion.clone())));
    let suggested = QUESTIONS.iter().zip(row.suggestions).filter(|(_, suggestion)| suggestion.is_some());
    facets.extend(suggested.map(|(question, _)| ("suggested", question.key.to_owned())));
    facets.extend(
        QUESTIONS.iter().zip(row.answers).map(|(question, answer)| (question.key, answer.key().to_owned())),
    );
    Row {
        cells: vec![
            Cell::by_text(html! { a.primary.mono.nowrap href=(href) { (row.id) } }, &row.id),
            Cell { show: html! { span { (row.title) @if !row.key_for.is_empty() { " " span.tag.key { "key" } } @if let Some(tag) = state_tag(row) { " " span.tag { (tag) } } } }, ..Cell::text(&row.title) },
            Cell::text("").showing(html! { @match &row.strip { Some(strip) => (strip::row(strip)), None => span.muted.small { "no automated test" } } }),
            Cell::by_text(owner_cell(&row.owner, &row.owner_role), &row.owner).said(owner_words(row)),
            Cell::text(&row.criteria.join(" ")).showing(criteria(&row.criteria)),
            Cell::text(&row.answers.map(Answer::word).join("; ")).showing(four(row)),
            Cell::by_number(badge(row.status.mark(), row.status.word()), row.status as i64).said(row.status.word()),
        ],
        find: format!("{} {} {} {} {}", row.id, row.title, row.owner, row.owner_role, row.criteria.join(" ")),
        facets,
    }
}

/// Who answers for a control, with their role under the name.
pub(crate) fn owner_cell(name: &str, role: &str) -> Markup {
    html! { span.owner { (name) @if !role.is_empty() { span.sub { (role) } } } }
}

/// The same in a file.
fn owner_words(row: &ControlRow) -> String {
    if row.owner_role.is_empty() { row.owner.clone() } else { format!("{} ({})", row.owner, row.owner_role) }
}

/// Links to criteria, the first few.
fn criteria(ids: &[String]) -> Markup {
    const SHOWN: usize = 3;
    html! {
        span.refs {
            @for id in ids.iter().take(SHOWN) { a href={ "/criteria/" (segment(id)) } { (id) } }
            @if ids.len() > SHOWN { span.muted.small { "+" (ids.len() - SHOWN) } }
        }
    }
}

/// The four answers as four marks, said once in words. A suggestion is drawn fainter and said to be one.
fn four(row: &ControlRow) -> Markup {
    let words: Vec<String> = QUESTIONS
        .iter()
        .zip(row.answers)
        .zip(row.suggestions)
        .map(|((question, answer), suggestion)| match suggestion {
            Some(suggested) => format!("{}: suggested {}", question.word, suggested.word().to_lowercase()),
            None => format!("{}: {}", question.word, answer.word().to_lowercase()),
        })
        .collect();
    html! {
        span.four role="img" title=(words.join(", ")) {
            @for (answer, suggestion) in row.answers.iter().zip(&row.suggestions) {
                @match suggestion {
                    Some(suggested) => span.suggested { (suggested.mark().draw()) },
                    None => (answer.mark().draw()),
                }
            }
        }
    }
}
