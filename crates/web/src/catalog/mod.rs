//! Criteria: the map by series and one criterion.

mod judge;
mod pages;

use axum::extract::{Path, State};
use maud::{Markup, html};
use tickmark_core::conclusion::readiness;
use tickmark_core::identity::{Atom, Resource, Verb};

pub use pages::{
    CriterionRow, CriterionStatus, CriterionView, Crosswalk, MappedControl, PointOfFocus, RequestRow,
    map_legend, map_of,
};

use crate::design::segment;
use crate::error::Refusal;
use crate::list::{self, Listed};
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, Route, WebState};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/criteria", example: "/criteria", handler: get(list) },
        Route { path: "/criteria/{id}", example: "/criteria/CC6.1", handler: get(one) },
    ]
}

pub(crate) fn desk_routes() -> Vec<Desk> {
    vec![Desk {
        path: "/criteria/{id}/judge",
        example: "/criteria/CC6.1/judge",
        looks: true,
        changes: true,
        handler: get(judge::page).post(judge::judge),
    }]
}

/// The status as pages show it.
pub(crate) fn status_of(status: readiness::CriterionStatus) -> CriterionStatus {
    match status {
        readiness::CriterionStatus::NotMet => CriterionStatus::NotMet,
        readiness::CriterionStatus::PartlyMet => CriterionStatus::PartlyMet,
        readiness::CriterionStatus::NotAssessed => CriterionStatus::NotAssessed,
        readiness::CriterionStatus::Met => CriterionStatus::Met,
    }
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    list::show(&state, &asked, listed(&state).await?).await
}

pub(crate) async fn listed(state: &WebState) -> Result<Listed, Refusal> {
    Ok(pages::list(&state.source().criteria().await?))
}

async fn one(State(state): State<WebState>, Path(id): Path<String>, asked: Asked) -> Result<Markup, Refusal> {
    let view = state.source().criterion(&id).await?;
    let mut page = pages::one(&view);
    if view.outside.is_empty() && asked.may(Atom::new(Resource::TestResult, Verb::Approve)) {
        page.actions =
            html! { a.button.primary href={ "/criteria/" (segment(&id)) "/judge" } { "Judge it" } };
    }
    asked.frame(&state, &page).await
}
