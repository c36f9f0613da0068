//! Lists: one way to filter, order, page, name a view and take out a file, for all of them.
//!
//! Each feature says what its list is ([`Listed`]); what stands around the rows is added here. A list that grows is asked of
//! the database page by page ([`query`]); the others are small enough to be had whole.

mod export;
pub(crate) mod views;

use axum::routing::{get, post};
use maud::{Markup, html};
use tickmark_app::register::{self, Query, Want};

use crate::design::frame::Page;
use crate::design::table::{Around, Column, Counted, PAGE_ROWS, Table, TableQuery};
use crate::error::Refusal;
use crate::visit::Asked;
use crate::{
    Desk, WebState, catalog, conclusion, control, engagement, evidence, identity, observation, program,
};

/// A list as its feature has it.
pub(crate) struct Listed {
    /// The page, its body being what stands before the table.
    pub(crate) page: Page,
    /// The table.
    pub(crate) table: Table,
    /// The form that boxes before the rows belong to.
    pub(crate) picks_in: Option<&'static str>,
    /// What stands after the table.
    pub(crate) after: Markup,
}

impl Listed {
    /// A page with a table.
    pub(crate) fn of(page: Page, table: Table) -> Self {
        Self { page, table, picks_in: None, after: html! {} }
    }
}

/// Which rows are wanted of a list that the database pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    page: u64,
    rows: u32,
}

impl Part {
    /// The page that the address asks for.
    pub(crate) fn of(query: &TableQuery) -> Self {
        Self { page: query.page(), rows: u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX) }
    }
}

/// The lists: what names them, and where they are.
const LISTS: [(&str, &str); 15] = [
    ("criteria", "/criteria"),
    ("controls", "/controls"),
    ("commitments", "/commitments"),
    ("items", "/evidence/items"),
    ("checks", "/checks"),
    ("targets", "/targets"),
    ("runs", "/runs"),
    ("findings", "/findings"),
    ("waivers", "/waivers"),
    ("waiver-requests", "/waivers/requests"),
    ("evidence", "/evidence"),
    ("engagements", "/engagements"),
    ("systems", "/systems"),
    ("people", "/people"),
    ("populations", "/populations"),
];

/// The audit trail, as its views name it.
pub(crate) const TRAIL: (&str, &str) = ("trail", "/audit-trail");

pub(crate) fn desk_routes() -> Vec<Desk> {
    vec![
        Desk {
            path: "/views/new",
            example: "/views/new",
            looks: true,
            changes: true,
            handler: get(views::page).post(views::save),
        },
        Desk {
            path: "/views/{id}/remove",
            example: "/views/00000000-0000-7000-8000-000000000000/remove",
            looks: false,
            changes: true,
            handler: post(views::remove),
        },
        Desk {
            path: "/export/{file}",
            example: "/export/controls.csv",
            looks: true,
            changes: false,
            handler: get(export::file),
        },
    ]
}

/// Returns where a list is.
fn path(list: &str) -> Option<&'static str> {
    LISTS.iter().find(|(name, _)| *name == list).map(|(_, path)| *path)
}

/// Returns where what has views is: the lists, and the audit trail, which is taken out in its own way.
fn viewed(list: &str) -> Option<&'static str> {
    if list == TRAIL.0 { Some(TRAIL.1) } else { path(list) }
}

/// Asks a feature for its list.
async fn listed(state: &WebState, asked: &Asked, list: &str, part: Part) -> Result<Listed, Refusal> {
    match list {
        "criteria" => catalog::listed(state).await,
        "controls" => control::listed(state, asked, part).await,
        "commitments" => control::listed_commitments(state, asked, part).await,
        "items" => evidence::item::listed(state, asked, part).await,
        "checks" => observation::listed_checks(state, asked).await,
        "targets" => observation::listed_targets(state, asked, part).await,
        "runs" => observation::listed_runs(state, asked).await,
        "findings" => conclusion::listed(state, asked, part).await,
        "waivers" => observation::listed_waivers(state, asked, part).await,
        "waiver-requests" => observation::listed_waiver_requests(state, asked, part).await,
        "engagements" => engagement::listed(state, asked).await,
        "systems" => identity::listed_systems(state, asked).await,
        "evidence" => evidence::listed(state, asked).await,
        "people" => identity::listed(state, asked, part).await,
        "populations" => program::listed_populations(state, asked).await,
        _ => Err(Refusal::NotFound),
    }
}

/// Frames the page of a list.
pub(crate) async fn show(state: &WebState, asked: &Asked, listed: Listed) -> Result<Markup, Refusal> {
    let page = framed(state, asked, listed).await?;
    asked.frame(state, &page).await
}

/// The page of a list with what stands around its rows.
pub(crate) async fn framed(state: &WebState, asked: &Asked, listed: Listed) -> Result<Page, Refusal> {
    let Listed { mut page, table, picks_in, after } = listed;
    // People of an audit firm have neither views nor files of lists: theirs are in their engagement.
    let is_auditor = asked.visit.is_auditor();
    let around = Around {
        picks_in,
        views: match is_auditor {
            true => html! {},
            false => views::of(state, asked, (table.id, table.path)).await?,
        },
        exports: asked.visit.actor.is_some() && !is_auditor,
    };
    page.body = html! { (page.body) (table.draw(&asked.query, &around)) (after) };
    Ok(page)
}

impl Part {
    /// Which of so many rows these are.
    pub(crate) fn of_rows<T>(self, rows: Vec<T>) -> Vec<T> {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let most = size(u64::from(self.rows)).max(1);
        let last = rows.len().div_ceil(most).max(1);
        let from = (size(self.page).clamp(1, last) - 1) * most;
        rows.into_iter().skip(from).take(most).collect()
    }
}

/// How many there are where the database found those of one page.
pub(crate) fn counted(page: &register::Page) -> Option<Counted> {
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    Some(Counted { found: size(page.found), total: size(page.total) })
}

/// What the address asks of the register: filters that are values of the same name, words, and an order by a column.
pub(crate) fn query(asked: &TableQuery, part: Part, filters: &[&str], columns: &[Column]) -> Query {
    let wanted =
        filters.iter().filter_map(|key| Some(((*key).to_owned(), Want::Is(asked.get(key)?.to_owned()))));
    let column = asked.get("sort").filter(|key| columns.iter().any(|one| one.sorts && one.key == *key));
    Query {
        filters: wanted.collect(),
        words: asked.search(),
        sort: column.map(|key| (format!("by:{key}"), asked.get("dir") == Some("desc"))),
        page: part.page,
        rows: part.rows,
    }
}
