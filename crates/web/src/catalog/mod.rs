//! Criteria: the map by series and one criterion.

mod pages;

use axum::extract::{Path, State};
use axum::routing::get;
use maud::Markup;

pub use pages::{
    CriterionRow, CriterionStatus, CriterionView, Crosswalk, MappedControl, PointOfFocus, RequestRow,
    map_legend, map_of,
};

use crate::error::Refusal;
use crate::list::{self, Listed};
use crate::visit::Asked;
use crate::{Route, WebState};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/criteria", example: "/criteria", handler: get(list) },
        Route { path: "/criteria/{id}", example: "/criteria/CC6.1", handler: get(one) },
    ]
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    list::show(&state, &asked, listed(&state).await?).await
}

pub(crate) async fn listed(state: &WebState) -> Result<Listed, Refusal> {
    Ok(pages::list(&state.source().criteria().await?))
}

async fn one(State(state): State<WebState>, Path(id): Path<String>, asked: Asked) -> Result<Markup, Refusal> {
    let view = state.source().criterion(&id).await?;
    asked.frame(&state, &pages::one(&view)).await
}
