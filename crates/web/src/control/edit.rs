//! Writing a control, and changing one. What changed meanwhile stands beside what was typed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::control::edit::{self, Changed};
use tickmark_app::control::{self, ControlVersion};
use tickmark_app::{Error, View};
use tickmark_core::control::{Control, ControlId, ControlState};
use tickmark_core::{Digest, Timestamp};

use super::fields::{self, Names, Typed};
use crate::WebState;
use crate::design::diff::diff;
use crate::design::form::{Faults, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::{moment, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// The form of a new control, from nothing or from a starter control.
pub(super) async fn new_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let framework = fields::framework(catalog)?;
    let names = app.read(actor, async |view| Names::read(view).await).await?;
    let typed = match asked.query.get("from") {
        Some(from) => {
            let starter = catalog.controls.iter().find(|starter| starter.id == from);
            let mut typed = Typed::of_starter(starter.ok_or(Refusal::NotFound)?, &framework.id);
            typed.reason = format!("Copied from the starter control {from}");
            typed
        }
        None => Typed::default(),
    };
    let fields = fields::draw(&typed, &Faults::default(), framework, &names, true);
    let from = asked.query.get("from").map(str::to_owned).unwrap_or_default();
    asked.frame(&state, &new_form(&from, &fields, &asked.token, &Faults::default())).await
}

/// Takes the form of a new control.
pub(super) async fn write(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let framework = fields::framework(catalog)?;
    let all: Vec<&str> = fields::NAMES.iter().copied().chain(["from"]).collect();
    sent.only(&all)?;
    let (typed, from) = (Typed::of_sent(&sent), sent.text("from"));
    let mut faults = Faults::default();
    let checked = typed.content(&framework.id, &[]).map_err(|found| faults = found).ok();
    let id = typed.id.parse::<ControlId>();
    if id.is_err() {
        faults.add("id", "it needs 1 to 40 characters without spaces");
    }
    if let (Some((content, assigned)), Ok(id)) = (checked, id) {
        let reason = typed.reason.clone();
        let written = app
            .transact(actor, async |cx| {
                let (id, content) = (id.clone(), content.clone());
                if from.is_empty() {
                    edit::write(cx, id, content, assigned, &reason, catalog).await
                } else {
                    edit::copy(cx, &from, id, content, assigned, &reason, catalog).await
                }
            })
            .await;
        match written {
            Ok(control) => return Ok(go(&format!("/controls/{}", segment(control.id.as_str())))),
            Err(Error::Conflict(says)) => faults.add("id", says),
            Err(Error::Invalid(says)) => faults = Faults::about(says, &fields::ABOUT),
            Err(error) => return Err(error.into()),
        }
    }
    let names = app.read(actor, async |view| Names::read(view).await).await?;
    let fields = fields::draw(&typed, &faults, framework, &names, true);
    let page = new_form(&from, &fields, &asked.token, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

fn new_form(from: &str, fields: &Markup, token: &str, faults: &Faults) -> Page {
    let body = html! { (faults.summary()) @if !from.is_empty() { (hidden("from", from)) } (fields) (send("Write it down as a draft", "/controls")) };
    let body = html! { div.narrow { (form("/controls/new", token, &body)) } };
    let mut page = Page::new(Place::Controls, "New control", body);
    page.lead = html! {
        "A draft promises nothing. Somebody else puts it in force."
        @if !from.is_empty() { " It is copied from the starter control " span.mono { (from) } ", so the checks of that one are tests of it." }
    };
    page.crumbs = vec![("Controls".into(), "/controls".into())];
    page
}

struct Known {
    control: Control,
    names: Names,
    versions: Vec<ControlVersion>,
}

async fn known(view: &mut View<'_>, id: &ControlId) -> Result<Known, Error> {
    let control = control::find(view, id).await?;
    let object = edit::object(view, &control).await?;
    view.permit_on(edit::atom(tickmark_core::identity::Verb::Update), &object)?;
    let versions = control::versions_of(view, id).await?;
    Ok(Known { control, names: Names::read(view).await?, versions })
}

/// The form of a control that is there.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let framework = fields::framework(state.source().catalog().ok_or(Refusal::NotFound)?)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let known = app.read(actor, async |view| known(view, &id).await).await?;
    if known.control.state() == ControlState::Retired {
        return Err(Refusal::NotFound);
    }
    // What waits for approval is gone on with.
    let waiting = known.control.proposed().map(|proposed| &proposed.content);
    let now = known.control.content();
    let typed = Typed::of_control(&known.control, waiting.unwrap_or(&now), &framework.id);
    let fields = fields::draw(&typed, &Faults::default(), framework, &known.names, false);
    let version = control::state_of(&known.control)?;
    let page = edit_form(&known, &fields, version, &asked.token, &Faults::default(), &html! {});
    asked.frame(&state, &page).await
}

/// Takes the form of a control that is there.
pub(super) async fn change(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let framework = fields::framework(catalog)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let all: Vec<&str> =
        fields::NAMES.iter().copied().filter(|name| *name != "id").chain(["version"]).collect();
    sent.only(&all)?;
    let from: Digest = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let known = app.read(actor, async |view| known(view, &id).await).await?;
    let mut typed = Typed::of_sent(&sent);
    typed.id = id.to_string();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let (mut version, mut beside) = (from, html! {});
    let faults = match typed.content(&framework.id, &known.control.criteria) {
        Err(faults) => faults,
        Ok((content, assigned)) => {
            let changed = app
                .transact(actor, async |cx| {
                    edit::change(cx, &id, from, content, assigned, &typed.reason, catalog).await
                })
                .await;
            match changed {
                Ok(Changed::Done(..)) => return Ok(go(&format!("/controls/{}", segment(id.as_str())))),
                Ok(Changed::Stale(current)) => {
                    status = StatusCode::CONFLICT;
                    version = control::state_of(&current)?;
                    beside = meanwhile(&known, from, &current)?;
                    Faults::whole(
                        "somebody changed it while you typed. Nothing was saved; what you typed is still in the fields",
                    )
                }
                Err(Error::Invalid(says) | Error::Conflict(says)) => Faults::about(says, &fields::ABOUT),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let fields = fields::draw(&typed, &faults, framework, &known.names, false);
    let page = edit_form(&known, &fields, version, &asked.token, &faults, &beside);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

/// What others changed since the form was made.
fn meanwhile(known: &Known, from: Digest, current: &Control) -> Result<Markup, Refusal> {
    let mut seen = None;
    for version in &known.versions {
        if control::state_of(&version.control)? == from {
            seen = Some(&version.control);
        }
    }
    let when: Option<Timestamp> = known.versions.last().map(|version| version.held.from);
    Ok(html! {
        section.card aria-labelledby="meanwhile" {
            h2 id="meanwhile" { "What changed meanwhile" }
            @if let Some(when) = when { p.muted { "Last changed " (moment::written(when)) "." } }
            @match seen {
                Some(seen) => (diff(&fields::compare(
                    (&waiting(seen), &seen.assigned()), (&waiting(current), &current.assigned()), &known.names
                ))),
                None => p { "The version that your form was made from is not there any more. This is what it says now:" (diff(&fields::compare(
                    (&current.content(), &current.assigned()), (&waiting(current), &current.assigned()), &known.names
                ))) },
            }
            p { "Take over into the fields what shall stay, then send it again." }
        }
    })
}

/// What it says, or would say once what waits is approved.
fn waiting(control: &Control) -> tickmark_core::control::Content {
    control.proposed().map_or_else(|| control.content(), |proposed| proposed.content.clone())
}

fn edit_form(
    known: &Known,
    fields: &Markup,
    version: Digest,
    token: &str,
    faults: &Faults,
    beside: &Markup,
) -> Page {
    let control = &known.control;
    let href = format!("/controls/{}", segment(control.id.as_str()));
    let is_active = control.state() == ControlState::Active;
    let words = if is_active { "Propose the change" } else { "Save the draft" };
    let body = html! {
        (faults.summary())
        (hidden("version", &version.to_string()))
        (fields)
        (send(words, &href))
    };
    let body = html! { div.narrow.stack { (beside) (form(&format!("{href}/edit"), token, &body)) } };
    let mut page = Page::new(Place::Controls, &format!("Edit {}", control.text.current().title), body);
    page.id = control.id.to_string();
    page.lead = if is_active {
        html! { "It is in force, so what it says stands until somebody else approves the change. People are assigned at once." }
    } else {
        html! { "A draft changes at once. Whoever writes it does not put it in force." }
    };
    page.crumbs = vec![("Controls".into(), "/controls".into()), (control.id.to_string(), href)];
    page
}
