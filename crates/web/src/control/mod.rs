//! Controls: the list and one control with its answers, tests and history.

mod answer;
mod approve;
mod bulk;
mod commitment;
mod edit;
mod fields;
mod history;
mod library;
mod pages;
mod start;
mod table;
mod test;

use axum::extract::{Path, State};
use maud::Markup;
use tickmark_app::comment::About;
use tickmark_app::engagement;
use tickmark_core::identity::{Atom, Resource, Verb};

pub(crate) use commitment::listed as listed_commitments;
pub(crate) use fields::Names;
pub use pages::{Answer, AnswerView, ControlRow, ControlStatus, ControlView, QUESTIONS, Question, TestRow};
pub use table::ControlList;
pub(crate) use table::owner_cell;

use crate::error::Refusal;
use crate::list::{self, Listed, Part};
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, Route, WebState};
use crate::{comment, permission};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/controls", example: "/controls", handler: get(all) },
        Route { path: "/controls/{id}", example: "/controls/IAM-01", handler: get(one) },
    ]
}

pub(crate) fn desk_routes() -> Vec<Desk> {
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    let mut routes = vec![
        both("/start", "/start", get(start::page).post(start::answer)),
        both("/start/program", "/start/program", get(start::program_page).post(start::adopt)),
        both("/controls/new", "/controls/new", get(edit::new_page).post(edit::write)),
        both("/controls/bulk/assign", "/controls/bulk/assign", get(bulk::page).post(bulk::apply)),
        both("/controls/bulk/start", "/controls/bulk/start", get(bulk::page).post(bulk::apply)),
        both("/controls/bulk/retire", "/controls/bulk/retire", get(bulk::page).post(bulk::apply)),
        both("/controls/{id}/answer", "/controls/IAM-01/answer", get(answer::page).post(answer::answer)),
        both("/controls/{id}/edit", "/controls/IAM-01/edit", get(edit::page).post(edit::change)),
        both("/controls/{id}/approve", "/controls/IAM-01/approve", get(approve::page).post(approve::decide)),
        both(
            "/controls/{id}/retire",
            "/controls/IAM-01/retire",
            get(approve::retire_page).post(approve::retire),
        ),
        Desk {
            path: "/controls/library",
            example: "/controls/library",
            looks: true,
            changes: false,
            handler: get(library::page),
        },
        Desk {
            path: "/controls/{id}/history",
            example: "/controls/IAM-01/history",
            looks: true,
            changes: false,
            handler: get(history::page),
        },
    ];
    routes.extend(commitment::desk_routes());
    routes.extend(test::desk_routes());
    routes
}

/// What whoever looks may do with controls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct May {
    answer: bool,
    create: bool,
    edit: bool,
    approve: bool,
    retire: bool,
    /// Whether there are pages for members at all.
    history: bool,
}

impl May {
    fn of(asked: &Asked) -> Self {
        let control = |verb| asked.may(Atom::new(Resource::Control, verb));
        Self {
            answer: asked.may(Atom::new(Resource::TestResult, Verb::Approve)),
            create: control(Verb::Create),
            edit: control(Verb::Update),
            approve: control(Verb::Approve),
            retire: control(Verb::Delete),
            history: asked.visit.actor.is_some(),
        }
    }

    /// Whether anything can be done to several at once.
    fn picks(self) -> bool {
        self.edit || self.approve || self.retire
    }
}

async fn all(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let part = Part::of(&asked.query);
    list::show(&state, &asked, listed(&state, &asked, part).await?).await
}

pub(crate) async fn listed(state: &WebState, asked: &Asked, part: Part) -> Result<Listed, Refusal> {
    let query = list::query(&asked.query, part, &table::FILTERS, &table::columns());
    // What tests suggest is computed from what they say now, so for that filter all are looked at.
    let who = asked.visit.actor.as_deref();
    let sees_all =
        who.is_none_or(|actor| permission::may_all(actor, Atom::new(Resource::Control, Verb::Read)));
    let query = Some(query).filter(|_| !sees_all || asked.query.get("suggested").is_none());
    let view = state.source().control_list(query.as_ref(), who).await?;
    Ok(table::list(&view, May::of(asked)))
}

async fn one(State(state): State<WebState>, Path(id): Path<String>, asked: Asked) -> Result<Markup, Refusal> {
    let mut served = Vec::new();
    if asked.visit.actor.is_some() {
        let (app, actor) = asked.member(&state)?;
        let id = id.parse().map_err(|_| Refusal::NotFound)?;
        served = app
            .read(actor, async |view| {
                tickmark_app::control::edit::see(view, &id).await?;
                engagement::objectives_of(view, &id).await
            })
            .await?;
    }
    let mut view = state.source().control(&id).await?;
    view.objectives = served.into_iter().map(|one| (one.engagement.0, one.id, one.statement)).collect();
    let mut page = pages::one(&view, asked.visit.now, May::of(&asked));
    let tested = test::on_control(&state, &asked, &id).await?;
    let done = crate::program::on_control(&state, &asked, &id).await?;
    let populations = crate::program::population::on_control(&state, &asked, &id).await?;
    let said = match id.parse() {
        Ok(id) => comment::part(&state, &asked, &About::Control(id)).await?,
        Err(_) => maud::html! {},
    };
    page.body = maud::html! { (page.body) (tested) (done) (populations) (said) };
    asked.frame(&state, &page).await
}
