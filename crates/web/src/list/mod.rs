//! Lists: one way to filter, order, page, name a view and take out a file, for all of them.
//!
//! Each feature says what its list is ([`Listed`]); what stands around the rows is added here. A list that grows is asked of
//! the database page by page ([`query`]); the others are small enough to be had whole.

pub(crate) mod done;
mod export;
pub(crate) mod views;

use maud::{Markup, html};
use tickmark_app::register::{self, Query, Want};
use tickmark_core::engagement::EngagementKey;

use crate::design::frame::Page;
use crate::design::table::{Around, Column, Counted, PAGE_ROWS, Table, TableQuery};
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{
    Desk, WebState, catalog, conclusion, control, engagement, evidence, identity, job, observation, program,
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
const LISTS: [(&str, &str); 17] = [
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
    ("due", "/calendar"),
    ("jobs", "/jobs"),
];

/// The lists of one engagement: what names them before its number, and what their address ends with.
const OF_ENGAGEMENTS: [(&str, &str); 4] = [
    ("requests", "requests"),
    ("workpapers", "workpapers"),
    ("walkthroughs", "walkthroughs"),
    ("in-sight", "evidence"),
];

/// What stands before the name of a list where people of an audit firm name their views of it: management does not see how
/// the firm looks at its work, nor the firm how management does.
const FIRM: &str = "firm:";

/// A list of one engagement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfEngagement {
    /// What the auditor asks for.
    Requests,
    /// What was tested.
    Workpapers,
    /// What was walked through.
    Walkthroughs,
    /// Evidence that an auditor sees.
    InSight,
}

impl OfEngagement {
    fn name(self) -> &'static str {
        OF_ENGAGEMENTS[self as usize].0
    }

    /// What names the list of this engagement, and its address.
    pub(crate) fn of(self, key: EngagementKey) -> (String, String) {
        let (name, end) = OF_ENGAGEMENTS[self as usize];
        (format!("{name}-{}", key.0), format!("/engagements/{}/{end}", key.0))
    }

    /// Reads the name of a list of an engagement.
    fn read(list: &str) -> Option<(Self, EngagementKey)> {
        let (name, number) = list.rsplit_once('-')?;
        let key = EngagementKey(number.parse().ok().filter(|key: &i64| *key > 0)?);
        let all = [Self::Requests, Self::Workpapers, Self::Walkthroughs, Self::InSight];
        let found = all.into_iter().find(|one| one.name() == name)?;
        // One list has one name.
        (found.of(key).0 == list).then_some((found, key))
    }
}

/// Tells whether a list is one that an audit firm works with.
pub(crate) fn is_of_engagement(list: &str) -> bool {
    OfEngagement::read(list).is_some()
}

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
fn path(list: &str) -> Option<String> {
    if let Some((kind, key)) = OfEngagement::read(list) {
        return Some(kind.of(key).1);
    }
    LISTS.iter().find(|(name, _)| *name == list).map(|(_, path)| (*path).to_owned())
}

/// Returns where what has views is: the lists, and the audit trail, which is taken out in its own way.
fn viewed(list: &str) -> Option<String> {
    if list == TRAIL.0 { Some(TRAIL.1.to_owned()) } else { path(list.strip_prefix(FIRM).unwrap_or(list)) }
}

/// Asks a feature for its list.
async fn listed(state: &WebState, asked: &Asked, list: &str, part: Part) -> Result<Listed, Refusal> {
    if let Some((kind, key)) = OfEngagement::read(list) {
        return engagement::listed_of(state, asked, kind, key).await;
    }
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
        "due" => program::listed_due(state, asked).await,
        "jobs" => job::listed(state, asked).await,
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
    let Listed { mut page, mut table, picks_in, after } = listed;
    name_systems(state, &mut table).await?;
    // People of an audit firm have views and files of the lists of their engagement only.
    let is_auditor = asked.visit.is_auditor();
    let has_around = !is_auditor || is_of_engagement(&table.id);
    let named = if is_auditor { format!("{FIRM}{}", table.id) } else { table.id.clone() };
    let around = Around {
        picks_in,
        views: match has_around {
            false => html! {},
            true => views::of(state, asked, (&named, &table.path)).await?,
        },
        exports: asked.visit.actor.is_some() && has_around,
    };
    let said = done::said(asked, &table);
    page.body = html! { @if let Some(said) = said { (said) } (page.body) (table.draw(&asked.query, &around)) (after) };
    Ok(page)
}

/// Names the systems by which a list is filtered; of a single one there is nothing to choose.
async fn name_systems(state: &WebState, table: &mut Table) -> Result<(), Refusal> {
    let mut unnamed =
        table.filters.iter_mut().filter(|filter| filter.key == "system" && filter.options.is_empty());
    if let Some(filter) = unnamed.next() {
        filter.options = state.source().context().await?.systems;
        filter.shown = filter.options.len() > 1;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_an_engagement_has_one_name() {
        for (name, at) in [
            ("requests-1", Some("/engagements/1/requests")),
            ("in-sight-12", Some("/engagements/12/evidence")),
            ("waiver-requests", Some("/waivers/requests")),
            ("requests-01", None),
            ("requests-+1", None),
            ("requests-0", None),
            ("requests--1", None),
            ("requests", None),
            ("nope-1", None),
        ] {
            assert_eq!(path(name).as_deref(), at, "{name}");
        }
        assert_eq!(viewed("firm:workpapers-3").as_deref(), Some("/engagements/3/workpapers"));
        assert!(!is_of_engagement("controls") && is_of_engagement("walkthroughs-1"));
    }
}
