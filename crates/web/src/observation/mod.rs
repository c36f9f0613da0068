//! Checks, targets and runs: what is asserted, what is looked at, and when it was.

pub mod check;
pub mod coverage;
mod draft;
mod estate;
pub mod look;
mod look_back;
pub mod run;
mod simple;
pub mod target;
mod version;
mod waive;
mod workshop;

use axum::extract::{Path, State};
use maud::{Markup, html};
use tickmark_app::comment::About;
use tickmark_core::id::{RunKey, TargetKey};
use tickmark_core::job::JobKind;

use crate::conclusion::period::{Chosen, Moment};
use crate::design::segment;
use crate::error::Refusal;
use crate::list::{self, Listed, Part};
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, Route, WebState, comment, job};

pub(crate) use look_back::LookBack;
pub(crate) use waive::{listed as listed_waivers, listed_requests as listed_waiver_requests};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/checks", example: "/checks", handler: get(checks) },
        Route { path: "/checks/{id}", example: "/checks/ssh-root-login-disabled", handler: get(check) },
        Route { path: "/targets", example: "/targets", handler: get(targets) },
        Route { path: "/targets/{key}", example: "/targets/1", handler: get(target) },
        Route {
            path: "/targets/{key}/checks/{id}",
            example: "/targets/1/checks/ssh-root-login-disabled",
            handler: get(one_look),
        },
        Route { path: "/coverage", example: "/coverage", handler: get(coverage_over) },
        Route { path: "/runs", example: "/runs", handler: get(runs) },
        Route { path: "/runs/{key}", example: "/runs/1", handler: get(run) },
    ]
}

pub(crate) fn desk_routes() -> Vec<Desk> {
    let mut routes = workshop::desk_routes();
    routes.extend(simple::desk_routes());
    routes.extend(draft::desk_routes());
    routes.extend(version::desk_routes());
    routes.extend(waive::desk_routes());
    routes.extend(estate::desk_routes());
    routes
}

async fn checks(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    list::show(&state, &asked, listed_checks(&state, &asked).await?).await
}

pub(crate) async fn listed_checks(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    let over = LookBack::of(&asked.query);
    let mut listed = check::list(&state.source().checks(over).await?, asked.query.get(look_back::KEY));
    listed.page.actions = workshop::begin_button(asked);
    listed.page.lead = html! { (listed.page.lead) (draft::waiting(state, asked).await?) };
    Ok(listed)
}

async fn check(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let over = LookBack::of(&asked.query);
    let view = state.source().check(&id, over).await?;
    let mut page = check::one(&view, asked.visit.now, asked.visit.actor.is_some());
    // A check that never looked at anything here has nothing to be said about it yet.
    let said = match comment::part(&state, &asked, &About::Check(id.clone())).await {
        Err(Refusal::NotFound) => html! {},
        said => said?,
    };
    page.body = html! { (page.body) (said) };
    page.actions = html! { (waive::button(&asked, &id, None)) (workshop::actions(&asked, &id)) };
    let spans = over.choice(&format!("/checks/{}", segment(&id)), &asked.query);
    page.body = html! { (draft::notice(&state, &asked, &id).await?) (spans) (page.body) };
    asked.frame(&state, &page).await
}

async fn targets(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let part = Part::of(&asked.query);
    list::show(&state, &asked, listed_targets(&state, &asked, part).await?).await
}

pub(crate) async fn listed_targets(state: &WebState, asked: &Asked, part: Part) -> Result<Listed, Refusal> {
    let query = list::query(&asked.query, part, &target::FILTERS, &target::columns());
    Ok(target::list(&state.source().target_list(&query).await?, asked.visit.now))
}

async fn target(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let at = asked.query.get("at").map(|_| Moment::of(&asked.query, asked.visit.now).at);
    let key = integer(&key)?;
    let over = LookBack::of(&asked.query);
    let view = state.source().target(key, at, over).await?;
    let mut page = target::one(&view, &asked.query, over, asked.visit.now);
    (page.lead, page.actions) = estate::said(&state, &asked, TargetKey(key), page.lead).await?;
    let said = comment::part(&state, &asked, &About::Target(TargetKey(key))).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

async fn one_look(
    State(state): State<WebState>,
    Path((key, id)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let now = asked.visit.now;
    let view = state.source().look(integer(&key)?, &id, Moment::of(&asked.query, now)).await?;
    let mut page = look::page(&view, now);
    if matches!(view.verdict, Some((tickmark_core::observation::Verdict::Fail, _))) && view.waiver.is_empty()
    {
        page.actions = html! { (waive::button(&asked, &id, Some(view.target_key))) (page.actions) };
    }
    asked.frame(&state, &page).await
}

async fn coverage_over(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let chosen = Chosen::of(&asked.query, asked.visit.now);
    let view = state.source().coverage(&chosen).await?;
    asked.frame(&state, &coverage::page(&view, &chosen, &asked.query, asked.visit.now)).await
}

async fn runs(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    list::show(&state, &asked, listed_runs(&state, &asked).await?).await
}

pub(crate) async fn listed_runs(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    let mut listed = run::list(&state.source().runs().await?, asked.visit.now);
    listed.page.actions = job::ask(asked, JobKind::Collect, "Look now");
    Ok(listed)
}

async fn run(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = integer(&key)?;
    let view = state.source().run(key).await?;
    let mut page = run::one(&view, asked.visit.now);
    let said = comment::part(&state, &asked, &About::Run(RunKey(key))).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

/// Reads a key of an address; anything else is an address of nothing.
fn integer(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}
