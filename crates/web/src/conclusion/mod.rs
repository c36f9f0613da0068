//! The overview: what needs attention, readiness by the four questions, criteria, coverage; the period board; findings;
//! readiness over time.

mod correct;
pub mod finding;
pub mod over_time;
mod pages;
pub mod period;
mod scope;
mod write;

use axum::extract::State;
use maud::Markup;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::job::JobKind;

pub(crate) use correct::proposed;
pub use pages::{Attention, GapCount, OverviewView, SectionCoverage};

use crate::error::Refusal;
use crate::list::{self, Listed, Part};
use crate::route::get;
use crate::visit::Asked;
use crate::{Route, WebState, job};

pub(crate) use correct::need_known;
pub(crate) use write::is_criterion;

pub(crate) fn desk_routes() -> Vec<crate::Desk> {
    [over_time::desk_routes(), write::desk_routes(), correct::desk_routes(), scope::desk_routes()]
        .into_iter()
        .flatten()
        .collect()
}

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![Route { path: "/", example: "/", handler: get(overview) }];
    routes.extend(period::routes());
    routes.extend(over_time::routes());
    routes.push(Route { path: "/findings", example: "/findings", handler: get(findings) });
    routes
}

async fn overview(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let view = state.source().overview().await?;
    let may_start = asked.may(Atom::new(Resource::Control, Verb::Create));
    let look = job::ask(&asked, JobKind::Collect, "Look now");
    let page = pages::overview(&view, asked.visit.now, may_start, &look);
    asked.frame(&state, &page).await
}

async fn findings(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let part = Part::of(&asked.query);
    list::show(&state, &asked, listed(&state, &asked, part).await?).await
}

pub(crate) async fn listed(state: &WebState, asked: &Asked, part: Part) -> Result<Listed, Refusal> {
    let rows = state.source().findings().await?;
    Ok(finding::page(&rows, asked, part))
}
