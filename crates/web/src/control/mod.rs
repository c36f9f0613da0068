//! Controls: the list and one control with its answers, tests and history.

mod answer;
mod pages;

use axum::extract::{Path, State};
use axum::routing::get;
use maud::Markup;
use tickmark_core::identity::{Atom, Resource, Verb};

pub use pages::{Answer, AnswerView, ControlRow, ControlStatus, ControlView, QUESTIONS, Question, TestRow};

use crate::error::Refusal;
use crate::visit::Asked;
use crate::{Desk, Route, WebState};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/controls", example: "/controls", handler: get(list) },
        Route { path: "/controls/{id}", example: "/controls/IAM-01", handler: get(one) },
    ]
}

pub(crate) fn desk_routes() -> Vec<Desk> {
    vec![Desk {
        path: "/controls/{id}/answer",
        example: "/controls/IAM-01/answer",
        looks: true,
        changes: true,
        handler: get(answer::page).post(answer::answer),
    }]
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let rows = state.source().controls().await?;
    asked.frame(&state, &pages::list(&rows, &asked.query)).await
}

async fn one(State(state): State<WebState>, Path(id): Path<String>, asked: Asked) -> Result<Markup, Refusal> {
    let view = state.source().control(&id).await?;
    let may_answer = asked.may(Atom::new(Resource::TestResult, Verb::Approve));
    asked.frame(&state, &pages::one(&view, asked.visit.now, may_answer)).await
}
