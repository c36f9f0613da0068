//! Work beside the pages: what is asked for, what is being done, what came of it.

mod pages;

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::Markup;
use tickmark_app::job::{self, Job};
use tickmark_app::mail::{self, Sending};
use tickmark_app::{Error, View};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::job::{JobKind, MAX_EVERY_HOURS};

use crate::design::form::Faults;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::{go, names};
use crate::list::Listed;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(crate) use pages::ask;

pub(crate) fn desk_routes() -> Vec<Desk> {
    let desk = |path, example, looks, changes, handler| Desk { path, example, looks, changes, handler };
    vec![
        desk("/jobs", "/jobs", true, true, get(list).post(begin)),
        desk("/jobs/{key}/call-off", "/jobs/1/call-off", false, true, post(call_off)),
        desk("/jobs/mail/{key}/again", "/jobs/mail/1/again", false, true, post(send_again)),
        desk("/jobs/schedule", "/jobs/schedule", false, true, post(schedule)),
    ]
}

/// Jobs that the list has: the newest.
const SHOWN: u32 = 1_000;

/// What the page shows.
struct JobsView {
    jobs: Vec<Job>,
    /// Every how many hours each kind of work is asked for by itself.
    every_hours: BTreeMap<JobKind, u32>,
    names: BTreeMap<ActorId, String>,
    /// Letters, newest first; none for whoever may not see them.
    letters: Option<Vec<Sending>>,
    /// Whether letters go out.
    is_mail_on: bool,
}

async fn look(view: &mut View<'_>, sees_mail: bool) -> Result<JobsView, Error> {
    let jobs = job::page(view, None, SHOWN).await?;
    let names = names(view, jobs.iter().map(|job| job.asked_by)).await?;
    let every_hours = job::schedules(view)
        .await?
        .into_iter()
        .map(|schedule| (schedule.kind, schedule.every_hours))
        .collect();
    let letters = if sees_mail { Some(mail::list(view).await?) } else { None };
    Ok(JobsView { jobs, every_hours, names, letters, is_mail_on: mail::is_on(view.app) })
}

/// Tells whether work of a kind was asked for and has not ended.
pub(crate) async fn is_under_way(state: &WebState, asked: &Asked, kind: JobKind) -> Result<bool, Refusal> {
    let (app, actor) = asked.member(state)?;
    let jobs = app.read(actor, async |view| job::list(view).await).await?;
    Ok(jobs.iter().any(|job| job.kind == kind && job.state.is_open()))
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let listed = listed(&state, &asked).await?;
    crate::list::show(&state, &asked, listed).await
}

/// What was asked for, as a list.
pub(crate) async fn listed(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let sees_mail = asked.may(Atom::new(Resource::Notification, Verb::Read));
    let view = app.read(actor, async |view| look(view, sees_mail).await).await?;
    Ok(pages::list(&view, asked, &Sent::default(), &Faults::default()))
}

async fn begin(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["kind"])?;
    let kind: JobKind = sent.text("kind").parse().map_err(|_| Refusal::Malformed)?;
    app.transact(actor, async |cx| job::ask(cx, kind).await).await?;
    Ok(go("/jobs"))
}

async fn call_off(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let key = key.parse().map_err(|_| Refusal::NotFound)?;
    match app.transact(actor, async |cx| job::call_off(cx, key).await).await {
        // It ended while the page was looked at: the list says how.
        Ok(()) | Err(Error::Conflict(_)) => Ok(go("/jobs")),
        Err(error) => Err(error.into()),
    }
}

async fn send_again(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let key = key.parse().map_err(|_| Refusal::NotFound)?;
    match app.transact(actor, async |cx| mail::send_again(cx, key).await).await {
        // Somebody else did so already, or its link is over: the list says how it is.
        Ok(()) | Err(Error::Conflict(_)) => Ok(go("/jobs#mail")),
        Err(error) => Err(error.into()),
    }
}

async fn schedule(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["kind", "hours"])?;
    let kind: JobKind = sent.text("kind").parse().map_err(|_| Refusal::Malformed)?;
    let faults = match sent.text("hours").parse::<u32>() {
        Ok(hours) if hours <= MAX_EVERY_HOURS => {
            app.transact(actor, async |cx| job::schedule(cx, kind, hours).await).await?;
            return Ok(go("/jobs"));
        }
        _ => {
            let mut faults = Faults::default();
            faults.add("hours", format!("it needs whole hours, from 0 to {MAX_EVERY_HOURS}"));
            faults
        }
    };
    let sees_mail = asked.may(Atom::new(Resource::Notification, Verb::Read));
    let view = app.read(actor, async |view| look(view, sees_mail).await).await?;
    let listed = pages::list(&view, &asked, &sent, &faults);
    let page = crate::list::framed(&state, &asked, listed).await?;
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}
