//! Comments and activity of a record: a part of its page, the forms that change a comment, and what names somebody.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::comment::{self, About, Changed, Comment, Step, TEXT_CHARS};
use tickmark_app::identity::{people, without_address};
use tickmark_app::{Error, View};
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};

use crate::design::form::{Faults, Field, Kind, button, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::{go, name, names};
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(crate) fn desk_routes() -> Vec<Desk> {
    let changes = |path, example, handler| Desk { path, example, looks: false, changes: true, handler };
    vec![
        changes("/comments/new", "/comments/new", post(write)),
        Desk {
            path: "/comments/{key}/edit",
            example: "/comments/1/edit",
            looks: true,
            changes: true,
            handler: get(edit_page).post(edit),
        },
        changes("/comments/{key}/remove", "/comments/1/remove", post(remove)),
        changes("/comments/{key}/seen", "/comments/1/seen", post(seen)),
    ]
}

/// What happened in words: the last part of an event's name.
fn happened(event: &str) -> String {
    let words = match event {
        "control.written" => "wrote it",
        "control.adopted" => "copied it from the library",
        "control.changed" => "changed it",
        "control.proposed" => "proposed a change",
        "control.in_force" => "put it in force",
        "control.approved" => "approved the change",
        "control.declined" => "declined the change",
        "control.retired" => "retired it",
        "control.tolerance_set" => "set how long a test may fail",
        "control.sizes_set" => "set its sample sizes",
        "commitment.written" => "wrote it down",
        "commitment.changed" => "changed it",
        "commitment.approved" => "approved it",
        "commitment.retired" => "retired it",
        "evidence.uploaded" => "added it",
        "evidence.superseded" => "made a new version",
        "evidence.submitted" => "handed it in",
        "evidence.approved" => "accepted it",
        "evidence.rejected" => "sent it back",
        "evidence.withdrawn" => "withdrew it",
        "evidence.linked" => "linked it to a control",
        "evidence.unlinked" => "took a link to a control away",
        "evidence.viewed" => "looked at a restricted file",
        "evidence.downloaded" => "took a file away",
        "finding.opened" => "took it on",
        "finding.planned" => "planned the correction",
        "finding.extended" => "moved the due day",
        "finding.fixed" => "said it is fixed",
        "finding.closed" => "verified and closed it",
        "finding.reopened" => "saw that it is not fixed",
        "exception.requested" => "asked for it",
        "exception.approved" => "approved it",
        "exception.refused" => "refused it",
        "performance.recorded" => "recorded that it was performed",
        other => return examined(other).map_or_else(|| other.replace(['.', '_'], " "), str::to_owned),
    };
    words.to_owned()
}

/// What happened in an engagement or to a request of it.
fn examined(event: &str) -> Option<&'static str> {
    Some(match event {
        "engagement.planned" => "planned it",
        "engagement.changed" => "changed the scope",
        "engagement.scope_approved" => "approved the scope",
        "engagement.closed" => "closed it",
        "engagement.frozen" => "froze it",
        "engagement.package_taken" => "took management\u{2019}s part out",
        "engagement.document_taken" => "took a document out",
        "engagement.copy_made" => "made a copy for somebody",
        "engagement.file_taken" => "took the file of the examination out",
        "engagement.modification_told" => "recorded that the opinion will be modified",
        "engagement.report_dated" => "set the date of the report",
        "engagement.report_received" => "recorded the report",
        "engagement.event_told" => "entered a subsequent event",
        "engagement.events_confirmed" => "confirmed the register of subsequent events",
        "engagement.changes_confirmed" => "confirmed what changed of controls since management signed",
        "engagement.fact_learned" => "entered a fact known after the report",
        "engagement.access_granted" => "let somebody of the audit firm in",
        "engagement.access_extended" => "extended the access of the audit firm",
        "engagement.access_ended" => "ended the access of the audit firm",
        "description.written" => "wrote the description",
        "description.reviewed" => "reviewed the description",
        "description.approved" => "approved the description",
        "assertion.written" => "wrote the assertion",
        "assertion.reviewed" => "reviewed the assertion",
        "assertion.signed" => "signed the assertion",
        "report.issued" => "marked the report as issued",
        "request.written" => "asked for it",
        "request.assigned" => "said who sees to it",
        "request.submitted" => "submitted an answer",
        "request.accepted" => "accepted the answer",
        "request.returned" => "returned the answer",
        "request.excused" => "said that it does not apply",
        "request.reopened" => "opened it again",
        _ => return None,
    })
}

/// What somebody typed into the box of a record.
#[derive(Default)]
struct Typed {
    body: String,
    once: String,
    faults: Faults,
}

/// The part of a record's page; nothing for whoever only looks.
pub(crate) async fn part(state: &WebState, asked: &Asked, about: &About) -> Result<Markup, Refusal> {
    let Ok((app, _)) = asked.member(state) else { return Ok(html! {}) };
    let typed = Typed { once: app.new_id(asked.visit.now).to_string(), ..Typed::default() };
    draw(state, asked, about, &typed).await
}

/// Tells whether a comment may name somebody: only then it matters who is here.
fn names_somebody(comment: &Comment) -> bool {
    comment.now().is_some_and(|text| text.body.contains('@'))
}

async fn draw(state: &WebState, asked: &Asked, about: &About, typed: &Typed) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(state)?;
    let sees_members = asked.may(Atom::new(Resource::Member, Verb::Read));
    let (steps, people, here) = app
        .read(actor, async |view: &mut View<'_>| {
            let steps = comment::feed(view, about).await?;
            let people = names(view, steps.iter().map(Step::by)).await?;
            // Names are marked for whoever may see who is here; others read them as they were written.
            let names_some = steps.iter().any(|step| matches!(step, Step::Said(one) if names_somebody(one)));
            let members = if sees_members && names_some { people::members(view).await? } else { Vec::new() };
            Ok((steps, people, members))
        })
        .await?;
    let here: BTreeMap<String, ActorId> = here
        .iter()
        .flat_map(|member| [&member.name, &member.email].map(|name| (name.to_lowercase(), member.actor)))
        .collect();
    let now = asked.visit.now;
    let said = steps.iter().filter(|step| matches!(step, Step::Said(one) if one.now().is_some())).count();
    let body = html! {
        @if steps.is_empty() { p.muted.block-body { "Nothing has happened yet." } }
        ol.activity {
            @for step in &steps {
                @match step {
                    Step::Said(one) => (said_row(one, &people, &here, actor.id, &asked.token, now)),
                    Step::Happened(row) => li.happened {
                        span { strong { (without_address(name(&people, row.actor))) } " " (happened(&row.event)) }
                        span.when { (moment::ago(row.at, now)) }
                    }
                }
            }
        }
        div.narrow id="say" {
            (typed.faults.summary())
            (form("/comments/new", &asked.token, &html! {
                (hidden("kind", about.kind()))
                (hidden("id", &about.id()))
                (hidden("once", &typed.once))
                (field(&Field { name: "body", label: "Comment", kind: Kind::Area(3), value: &typed.body, fault: typed.faults.of("body"), hint: "Write @ and a name or an address to tell somebody.", ..Field::default() }))
                (send("Comment", ""))
            }))
        }
    };
    Ok(block(
        "activity",
        "Activity",
        &html! { (said) " " (crate::design::plural(said, "comment", "comments")) },
        &body,
    ))
}

fn said_row(
    one: &Comment,
    people: &BTreeMap<ActorId, String>,
    here: &BTreeMap<String, ActorId>,
    own: ActorId,
    token: &str,
    now: Timestamp,
) -> Markup {
    html! {
        li.comment id={ "comment-" (one.key) } {
            p.head {
                strong { (without_address(name(people, one.by))) }
                span.when { (moment::ago(one.at, now)) @if one.texts.len() > 1 && one.removed_at.is_none() { ", edited" } }
            }
            @match one.now() {
                Some(text) => div.text { (marked(&text.body, here)) },
                None if one.removed_at.is_some() => p.muted { "Removed by its author " @if let Some(at) = one.removed_at { (moment::ago(at, now)) } "." },
                None => p.muted { "What was said here was erased." },
            }
            @if one.texts.len() > 1 || (one.removed_at.is_some() && !one.texts.is_empty()) {
                details.act {
                    summary { "What it said before" }
                    @let before = if one.removed_at.is_some() { one.texts.len() } else { one.texts.len() - 1 };
                    @for text in one.texts.iter().take(before).rev() {
                        p.muted.small { (moment::written(text.at)) }
                        div.text { (marked(&text.body, here)) }
                    }
                }
            }
            @if one.by == own && one.removed_at.is_none() {
                div.row {
                    a.small href={ "/comments/" (one.key) "/edit" } { "Edit" }
                    (button(&format!("/comments/{}/remove", one.key), token, "Remove", "this comment"))
                }
            }
        }
    }
}

/// A text with the names in it marked; lines stay.
fn marked(text: &str, here: &BTreeMap<String, ActorId>) -> Markup {
    let mut rest = 0;
    let mut parts: Vec<(bool, &str)> = Vec::new();
    for (range, _) in comment::mentions_in(text, here) {
        parts.push((false, &text[rest..range.start]));
        parts.push((true, &text[range.clone()]));
        rest = range.end;
    }
    parts.push((false, &text[rest..]));
    html! { @for (is_name, part) in parts { @if is_name { span.mention { (part) } } @else { (part) } } }
}

fn back(about: &About, key: i64) -> Response {
    go(&format!("{}#comment-{key}", about.path()))
}

/// Says something.
async fn write(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["kind", "id", "once", "body"])?;
    let about = About::of(&sent.text("kind"), &sent.text("id")).ok_or(Refusal::NotFound)?;
    if let About::Finding(reference) = &about {
        crate::conclusion::need_known(&state, &asked, reference).await?;
    }
    let (once, body) = (sent.text("once"), sent.text("body"));
    let said = app.transact(actor, async |cx| comment::write(cx, &once, about.clone(), &body).await).await;
    match said {
        Ok(comment) => Ok(back(&about, comment.key)),
        Err(Error::Invalid(says)) => {
            let mut faults = Faults::default();
            faults.add("body", says);
            let typed = Typed { body, once, faults };
            let part = draw(&state, &asked, &about, &typed).await?;
            let page = framed(&about, "Comment", part);
            asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(error) => Err(error.into()),
    }
}

fn framed(about: &About, title_: &str, body: Markup) -> Page {
    let place = match about {
        About::Control(_) => Place::Controls,
        About::Occurrence(_) => Place::Calendar,
        About::Commitment(_) => Place::Commitments,
        About::Item(_) => Place::Items,
        About::Finding(_) => Place::Findings,
        About::Request(_) | About::Waiver(_) => Place::Waivers,
        About::Check(_) => Place::Checks,
        About::Target(_) => Place::Targets,
        About::Run(_) => Place::Runs,
        About::System(_) => Place::Systems,
        About::Engagement(_) | About::EvidenceRequest(..) => Place::Engagements,
    };
    let mut page = Page::new(place, title_, body);
    page.crumbs = vec![(about.title(), about.path())];
    page
}

fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().ok().filter(|key| *key > 0).ok_or(Refusal::NotFound)
}

fn edit_form(comment: &Comment, body: &str, token: &str, faults: &Faults, before: Markup) -> Page {
    let key = comment.key;
    let form = form(
        &format!("/comments/{key}/edit"),
        token,
        &html! {
            (hidden("version", &comment.version().to_string()))
            (field(&Field { name: "body", label: "Comment", kind: Kind::Area(5), value: body, fault: faults.of("body"), hint: "What it said before stays readable.", ..Field::default() }))
            (send("Save", &format!("{}#comment-{key}", comment.about.path())))
        },
    );
    framed(&comment.about, "Edit a comment", html! { (faults.summary()) (before) div.narrow { (form) } })
}

async fn edit_page(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = number(&key)?;
    let comment = app.read(actor, async |view| comment::own(view, key).await).await?;
    let body = comment.now().map(|text| text.body.clone()).unwrap_or_default();
    asked.frame(&state, &edit_form(&comment, &body, &asked.token, &Faults::default(), html! {})).await
}

async fn edit(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "body"])?;
    let key = number(&key)?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let body = sent.text("body");
    match app.transact(actor, async |cx| comment::change(cx, key, from, &body).await).await {
        Ok(Changed::Done(comment)) => Ok(back(&comment.about, key)),
        Ok(Changed::Stale(comment)) => {
            let says = html! {
                div.card role="alert" {
                    p { "You changed it meanwhile in another window. It says now:" }
                    div.text { @if let Some(text) = comment.now() { (text.body) } }
                    p { "What you typed here is below, and takes its place when you save." }
                }
            };
            let page = edit_form(&comment, &body, &asked.token, &Faults::default(), says);
            asked.frame_refused(&state, StatusCode::CONFLICT, &page).await
        }
        Err(Error::Invalid(says)) => {
            let mut faults = Faults::default();
            faults.add("body", says);
            let comment = app.read(actor, async |view| comment::own(view, key).await).await?;
            let page = edit_form(&comment, &body, &asked.token, &faults, html! {});
            asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn remove(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let key = number(&key)?;
    let comment = app.transact(actor, async |cx| comment::remove(cx, key).await).await?;
    Ok(back(&comment.about, key))
}

async fn seen(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let key = number(&key)?;
    app.transact(actor, async |cx| comment::seen(cx, key).await).await?;
    Ok(go("/work"))
}

/// A line of what names somebody, with the button that says it was seen.
pub(crate) fn mention_row(
    one: &Comment,
    people: &BTreeMap<ActorId, String>,
    token: &str,
    now: Timestamp,
) -> Markup {
    let text = one.now().map(|text| text.body.chars().take(TEXT_CHARS.min(200)).collect::<String>());
    html! {
        li {
            (crate::design::icon::Mark::NotYetDue.draw())
            a.what href={ (one.about.path()) "#comment-" (one.key) } { (one.about.title()) }
            span.when { (moment::ago(one.at, now)) }
            span.why { (without_address(name(people, one.by))) ": " (text.unwrap_or_default()) }
            (button(&format!("/comments/{}/seen", one.key), token, "Seen", &format!("the comment on {}", one.about.title())))
        }
    }
}
