//! Approving what somebody else wrote, declining it, and taking a control out of force.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::control::edit::{self, Changed};
use tickmark_app::{Actor, App, Error, control};
use tickmark_core::Digest;
use tickmark_core::control::{Control, ControlId, ControlState, TEXT_MAX};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::fields::{self, Names};
use crate::WebState;
use crate::design::diff::diff;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::{moment, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

async fn known(app: &App, actor: &Actor, id: &str, verb: Verb) -> Result<(Control, Names), Refusal> {
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    Ok(app
        .read(actor, async |view| {
            let control = control::find(view, &id).await?;
            let object = edit::object(view, &control).await?;
            view.permit_on(edit::atom(verb), &object)?;
            Ok((control, Names::read(view).await?))
        })
        .await?)
}

/// What waits, with the buttons.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (control, names) = known(app, actor, &id, Verb::Approve).await?;
    if !control.waits() {
        return Err(Refusal::NotFound);
    }
    let page = draw(&control, &names, actor, &asked.token, &Sent::default(), &Faults::default())?;
    asked.frame(&state, &page).await
}

/// Takes the decision.
pub(super) async fn decide(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "owner", "reason", "decision"])?;
    let (control, names) = known(app, actor, &id, Verb::Approve).await?;
    let from: Digest = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let done = match sent.text("decision").as_str() {
        "decline" => {
            let reason = sent.text("reason");
            let declined =
                app.transact(actor, async |cx| edit::decline(cx, &control.id, &reason).await).await;
            declined.map(|_| None)
        }
        "approve" => {
            let owner = match sent.text("owner").as_str() {
                "" => None,
                text => Some(text.parse::<ActorId>().map_err(|_| Refusal::Malformed)?),
            };
            let approved =
                app.transact(actor, async |cx| edit::approve(cx, &control.id, from, owner).await).await;
            approved.map(|changed| match changed {
                Changed::Done(..) => None,
                Changed::Stale(current) => Some(*current),
            })
        }
        _ => return Err(Refusal::Malformed),
    };
    let (control, faults) = match done {
        Ok(None) => return Ok(go(&format!("/controls/{}", segment(&id)))),
        Ok(Some(current)) => {
            status = StatusCode::CONFLICT;
            (
                current,
                Faults::whole(
                    "it was changed since you looked. This is what waits now; nothing was approved",
                ),
            )
        }
        Err(Error::Conflict(says) | Error::Invalid(says)) => {
            let about: &[(&str, &'static str)] = match control.state() {
                ControlState::Draft => &[("named owner", "owner"), ("choose", "owner")],
                _ => &[("say why", "reason"), ("the reason", "reason")],
            };
            let faults = Faults::about(says, about);
            (control, faults)
        }
        Err(error) => return Err(error.into()),
    };
    let page = draw(&control, &names, actor, &asked.token, &sent, &faults)?;
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

fn draw(
    control: &Control,
    names: &Names,
    actor: &Actor,
    token: &str,
    sent: &Sent,
    faults: &Faults,
) -> Result<Page, Refusal> {
    let href = format!("/controls/{}", segment(control.id.as_str()));
    let version = control::state_of(control)?;
    let is_draft = control.state() == ControlState::Draft;
    let owner = match sent.text("owner") {
        typed if typed.is_empty() => control.owner.map(|owner| owner.to_string()).unwrap_or_default(),
        typed => typed,
    };
    let reason = sent.text("reason");
    let buttons = html! {
        (hidden("version", &version.to_string()))
        @if is_draft {
            (field(&Field {
                name: "owner", label: "Owner", value: &owner, kind: Kind::Select(&names.options(Some("Nobody yet"), &owner)),
                hint: "The named person who answers for it. Nothing is in force without one.", fault: faults.of("owner"), ..Field::default()
            }))
            p.row { button.button.primary type="submit" name="decision" value="approve" { "Put it in force" } a.button href=(href) { "Cancel" } }
        } @else {
            (field(&Field {
                name: "reason", label: "Why not", value: &reason, kind: Kind::Area(2), max: TEXT_MAX, optional: true,
                hint: "Only when you decline.", fault: faults.of("reason"), ..Field::default()
            }))
            p.row {
                button.button.primary type="submit" name="decision" value="approve" { "Approve the change" }
                button.button type="submit" name="decision" value="decline" { "Decline it" }
                a.button.quiet href=(href) { "Cancel" }
            }
        }
    };
    let written = control.text.current();
    let body = html! {
        div.narrow.stack {
            (faults.summary())
            @match control.proposed() {
                Some(proposed) => section.card aria-labelledby="waits" {
                    h2 id="waits" { "What changes" }
                    p.muted { (names.of(proposed.by)) ", " (moment::written(proposed.at)) ": " (proposed.reason) }
                    (diff(&fields::compare((&control.content(), &control.assigned()), (&proposed.content, &control.assigned()), names)))
                },
                None => section.card aria-labelledby="waits" {
                    h2 id="waits" { "What it promises" }
                    p.muted { (names.of(written.by)) ", " (moment::written(written.held.from)) ": " (written.reason) }
                    dl.facts {
                        @for (label, text) in fields::lines(&control.content(), &control.assigned(), names).iter().filter(|(_, text)| !text.is_empty()) { dt { (label) } dd { (text) } }
                    }
                },
            }
            @if control.is_author(actor.id) {
                p.problem { "You wrote some of what waits here, so somebody else decides about it: another compliance manager, or whoever operates the installation with " code { "tickmark control start" } "." }
            } @else { (form(&format!("{href}/approve"), token, &buttons)) }
        }
    };
    let title = if is_draft { "Put in force" } else { "Approve a change" };
    let mut page = Page::new(Place::Controls, &format!("{title}: {}", written.title), body);
    page.id = control.id.to_string();
    page.crumbs = vec![("Controls".into(), "/controls".into()), (control.id.to_string(), href)];
    Ok(page)
}

/// Asks why a control is taken out of force.
pub(super) async fn retire_page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (control, _) = known(app, actor, &id, Verb::Delete).await?;
    if control.state() == ControlState::Retired {
        return Err(Refusal::NotFound);
    }
    asked.frame(&state, &draw_retire(&control, &asked.token, "", &Faults::default())).await
}

/// Takes a control out of force.
pub(super) async fn retire(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["reason"])?;
    let (control, _) = known(app, actor, &id, Verb::Delete).await?;
    let reason = sent.text("reason");
    let faults = if reason.is_empty() {
        let mut faults = Faults::default();
        faults.add("reason", "say why, so that others can follow it");
        faults
    } else {
        match app.transact(actor, async |cx| edit::retire(cx, &control.id, &reason).await).await {
            Ok(_) => return Ok(go(&format!("/controls/{}", segment(&id)))),
            Err(Error::Conflict(says) | Error::Invalid(says)) => {
                Faults::about(says, &[("the reason", "reason")])
            }
            Err(error) => return Err(error.into()),
        }
    };
    let page = draw_retire(&control, &asked.token, &reason, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

fn draw_retire(control: &Control, token: &str, reason: &str, faults: &Faults) -> Page {
    let href = format!("/controls/{}", segment(control.id.as_str()));
    let is_draft = control.state() == ControlState::Draft;
    let body = html! {
        (faults.summary())
        @if is_draft {
            p { "The draft is set aside. It counts for no criterion any more and does not come back; its text stays readable." }
        } @else {
            p { "It is in force until now and counts for no criterion from now on. Reports about a period still say what held on each day. It does not come back: write a new one when it is run again." }
        }
        (field(&Field {
            name: "reason", label: "Why", kind: Kind::Area(2), value: reason, max: TEXT_MAX, fault: faults.of("reason"),
            hint: "It is kept with your name and the time.", ..Field::default()
        }))
        (send(if is_draft { "Set the draft aside" } else { "Retire the control" }, &href))
    };
    let body = html! { div.narrow { (form(&format!("{href}/retire"), token, &body)) } };
    let mut page = Page::new(Place::Controls, &format!("Retire {}", control.text.current().title), body);
    page.id = control.id.to_string();
    page.crumbs = vec![("Controls".into(), "/controls".into()), (control.id.to_string(), href)];
    page
}
