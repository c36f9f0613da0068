//! Controls: the list and one control with its answers, tests and history.

mod pages;

use axum::extract::{Path, State};
use axum::routing::get;
use maud::Markup;

pub use pages::{Answer, AnswerView, ControlRow, ControlStatus, ControlView, QUESTIONS, Question, TestRow};

use crate::error::Refusal;
use crate::visit::Asked;
use crate::{Route, WebState};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/controls", example: "/controls", handler: get(list) },
        Route { path: "/controls/{id}", example: "/controls/IAM-01", handler: get(one) },
    ]
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let rows = state.source().controls().await?;
    asked.frame(&state, &pages::list(&rows, &asked.query)).await
}

async fn one(State(state): State<WebState>, Path(id): Path<String>, asked: Asked) -> Result<Markup, Refusal> {
    let view = state.source().control(&id).await?;
    asked.frame(&state, &pages::one(&view, asked.visit.now)).await
}
