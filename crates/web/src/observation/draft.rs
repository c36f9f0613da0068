//! A check that was handed in: what it changes, shown to whoever approves its exact content.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::observation::workshop::{self, Draft, Looked, TRIED_TARGETS, VerdictChange};
use tickmark_app::{Error, View};
use tickmark_core::Digest;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::draft::REASON_MAX;
use tickmark_core::observation::{CheckDraft, DraftChange, DraftState, Verdict};

use super::workshop::tried;
use crate::control::Names;
use crate::design::badge;
use crate::design::diff::lines;
use crate::design::form::{Faults, Field, Kind, field, form, hidden};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, digest, moment, plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![Desk {
        path: "/checks/{id}/draft",
        example: "/checks/own-first/draft",
        looks: true,
        changes: true,
        handler: get(page).post(decide),
    }]
}

/// What the list of checks says of drafts.
pub(super) async fn waiting(state: &WebState, asked: &Asked) -> Result<Markup, Refusal> {
    let Ok((app, actor)) = asked.member(state) else { return Ok(html! {}) };
    if !asked.may(Atom::new(Resource::Test, Verb::Update)) {
        return Ok(html! {});
    }
    let waiting = app.read(actor, async |view| workshop::all_waiting(view).await).await?;
    Ok(html! {
        @if !waiting.is_empty() {
            " " (waiting.len()) " " (plural(waiting.len(), "draft waits", "drafts wait")) " for approval: "
            @for (at, draft) in waiting.iter().enumerate() { @if at > 0 { ", " } a.mono href={ "/checks/" (segment(&draft.check)) "/draft" } { (draft.check) } }
            "."
        }
    })
}

/// What the page of a check says of its drafts: one that waits, and one that its author approved alone.
pub(super) async fn notice(state: &WebState, asked: &Asked, id: &str) -> Result<Markup, Refusal> {
    let Ok((app, actor)) = asked.member(state) else { return Ok(html! {}) };
    let drafts = match app.read(actor, async |view| workshop::drafts_of(view, id).await).await {
        Ok(drafts) => drafts,
        Err(Error::Forbidden(_)) => return Ok(html! {}),
        Err(error) => return Err(error.into()),
    };
    let waits = drafts.iter().find(|draft| draft.state == DraftState::Waiting);
    let approved = drafts.iter().rfind(|draft| draft.state == DraftState::Approved);
    Ok(html! {
        @if let Some(draft) = waits {
            p.note-line { "A change of it waits for approval since " (moment::written(draft.at)) ": " (draft.reason) ". " a href={ "/checks/" (segment(id)) "/draft" } { "Look at the change" } }
        }
        @if let Some(decision) = approved.filter(|draft| draft.is_alone()).and_then(|draft| draft.decided.as_ref()) {
            p.note-line { "Its text was approved by its author alone, " (moment::written(decision.at)) ": " (decision.note) }
        }
    })
}

struct Known {
    looked: Option<Looked>,
    drafts: Vec<CheckDraft>,
    names: Names,
}

async fn known(view: &mut View<'_>, id: &str) -> Result<Known, Error> {
    let drafts = workshop::drafts_of(view, id).await?;
    let looked = match workshop::look(view, id).await {
        Ok(looked) => Some(looked),
        // Nothing waits any more: what became of those before is still worth a page.
        Err(Error::NotFound { .. }) if !drafts.is_empty() => None,
        Err(error) => return Err(error),
    };
    Ok(Known { looked, drafts, names: Names::for_looking(view).await? })
}

async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let known = app.read(actor, async |view| known(view, &id).await).await?;
    asked.frame(&state, &draw(&id, &known, &asked, "", &Faults::default())).await
}

async fn decide(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["digest", "reason", "act"])?;
    let exact: Digest = sent.text("digest").parse().map_err(|_| Refusal::Malformed)?;
    let (act, reason) = (sent.text("act"), sent.text("reason"));
    if !["approve", "decline"].contains(&act.as_str()) {
        return Err(Refusal::Malformed);
    }
    let done = app
        .transact(actor, async |cx| {
            if act == "approve" {
                workshop::approve(cx, &id, exact, &reason).await
            } else {
                workshop::decline(cx, &id, exact, &reason).await
            }
        })
        .await;
    let (status, says) = match done {
        Ok(_) => return Ok(go(&format!("/checks/{}/draft", segment(&id)))),
        Err(Error::Conflict(says)) => (StatusCode::CONFLICT, says),
        Err(Error::Invalid(says)) => (StatusCode::UNPROCESSABLE_ENTITY, says),
        Err(error) => return Err(error.into()),
    };
    let known = app.read(actor, async |view| known(view, &id).await).await?;
    let faults = Faults::about(says, &[("say why", "reason")]);
    let page = draw(&id, &known, &asked, &reason, &faults);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

fn draw(id: &str, known: &Known, asked: &Asked, reason: &str, faults: &Faults) -> Page {
    let body = html! {
        div.stack {
            (faults.summary())
            @match &known.looked {
                None => div.empty { h3 { "Nothing waits" } p { "What was approved goes live with the next run." } p.row { (crate::job::ask(asked, tickmark_core::job::JobKind::Collect, "Look now")) a.button href={ "/checks/" (segment(id)) "/edit" } { "Edit" } } },
                Some(looked) => {
                    (block("waits", "What waits for approval", &digest::chip(&looked.draft.change.digest()), &html! {
                        div.block-body {
                            p.muted { (known.names.of(looked.draft.by)) ", " (moment::written(looked.draft.at)) ": " (looked.draft.reason) }
                            (decision(id, looked, asked, reason, faults))
                        }
                    }))
                    (block("changes", "Verdicts that would change", &html! { (looked.changes.len()) }, &changes(&looked.changes)))
                    @if looked.would_be.is_some() { (tried(&looked.trial)) }
                    (files(looked))
                },
            }
            (block("drafts", "What became of its drafts", &html! { (known.drafts.len()) }, &drafts(known)))
        }
    };
    let mut page = Page::new(Place::Checks, &format!("Draft of {id}"), body);
    page.id = id.to_owned();
    page.lead =
        html! { "An approval is of exactly these files. Until then the check in force stays as it is." };
    page.crumbs =
        vec![("Checks".into(), "/checks".into()), (id.to_owned(), format!("/checks/{}", segment(id)))];
    page
}

fn decision(id: &str, looked: &Looked, asked: &Asked, reason: &str, faults: &Faults) -> Markup {
    let actor = asked.visit.actor.as_deref().map(|actor| actor.id);
    let is_own = actor.is_some_and(|actor| looked.draft.authors.contains(&actor));
    let may_approve = asked.may(Atom::new(Resource::Test, Verb::Approve));
    let hint = if is_own {
        "Why you take it back; or, where you are the only member, why you approve it yourself. That stays visible."
    } else {
        "Only when you decline."
    };
    let body = html! {
        (hidden("digest", &looked.draft.change.digest().to_string()))
        (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), value: reason, max: REASON_MAX, optional: true, fault: faults.of("reason"), hint, ..Field::default() }))
        p.row {
            @if may_approve { button.button.primary type="submit" name="act" value="approve" { "Approve these files" } }
            button.button type="submit" name="act" value="decline" { @if is_own { "Take it back" } @else { "Decline" } }
            a.button.quiet href={ "/checks/" (segment(id)) "/edit" } { "Go on editing" }
        }
    };
    html! {
        @if is_own { p.problem { "You wrote some of it, so somebody else decides about it." } }
        @if may_approve || is_own { (form(&format!("/checks/{}/draft", segment(id)), &asked.token, &body)) }
    }
}

fn changes(changes: &[VerdictChange]) -> Markup {
    if changes.is_empty() {
        return html! { p.muted.block-body { "None, over the facts that hold now of the first " (TRIED_TARGETS) " targets." } };
    }
    let one = |verdict: Option<Verdict>| html! { @match verdict { Some(verdict) => (badge::verdict(verdict)), None => span.muted { "not asked" } } };
    let rows = changes.iter().map(|change| {
        vec![
            html! { a.primary href={ "/targets/" (change.target.0) } { (change.name) } },
            one(change.before),
            one(change.after),
        ]
    });
    plain("Verdicts that would change", &["Target", "In force", "With this draft"], rows.collect())
}

fn files(looked: &Looked) -> Markup {
    let empty = Draft::default();
    let (before, after) =
        (looked.in_force.as_ref().unwrap_or(&empty), looked.would_be.as_ref().unwrap_or(&empty));
    let texts = [
        ("logic", "Logic (check.rego)", &before.rego, &after.rego),
        ("manifest", "About it (check.toml)", &before.manifest, &after.manifest),
        ("tests", "Tests (check_test.rego)", &before.tests, &after.tests),
    ];
    html! {
        @for (id, title, before, after) in texts {
            (block(id, title, &html! { @if before == after { "as in force" } @else { "against what is in force" } }, &html! { div.block-body { (lines(title, before, after)) } }))
        }
    }
}

fn drafts(known: &Known) -> Markup {
    let rows = known.drafts.iter().rev().map(|draft| {
        vec![
            html! { span.nowrap { (moment::exact(draft.at)) } },
            html! { (known.names.of(draft.by)) span.sub { (draft.reason) } },
            html! { @if draft.change == DraftChange::Aside { "put aside" } @else { (digest::chip(&draft.change.digest())) } },
            html! { (draft.state.word()) @if draft.is_alone() { span.sub { "by its author alone" } } },
            html! { @if let Some(decision) = &draft.decided { (known.names.of(decision.by)) ", " (moment::written(decision.at)) @if !decision.note.is_empty() { span.sub { (decision.note) } } } },
        ]
    });
    plain("What became of its drafts", &["Written", "By", "Files", "State", "Decided"], rows.collect())
}
