//! One test of a control: what it says, what waits, and the decisions that are open to whoever looks.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::control::test::{self, Decided, TestVersion};
use tickmark_app::{Error, View, control};
use tickmark_core::Digest;
use tickmark_core::control::{
    Control, ControlId, ControlState, TEXT_MAX, TestChange, TestContent, TestKind, TestProposal, TestRecord,
};
use tickmark_core::identity::{Atom, Resource, Verb};

use super::fields::{self, Typed};
use super::{Names, decided, name, origin};
use crate::WebState;
use crate::design::diff::{Changed, changed, diff};
use crate::design::form::{Faults, Field, Kind, field, form, hidden};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

struct Known {
    control: Control,
    test: TestRecord,
    history: Vec<TestVersion>,
    names: Names,
    /// Whether whoever looks may do each of these with it.
    may_change: bool,
    may_end: bool,
    may_approve: bool,
}

async fn known(view: &mut View<'_>, id: &ControlId, test: &str) -> Result<Known, Error> {
    let found = test::find_reached(view, id, test).await?;
    let control = control::find(view, id).await?;
    let object = control::edit::object(view, &control).await?;
    let history = test::history(view, id).await?.into_iter();
    let is_open = control.state() != ControlState::Retired;
    // In a block of its own: what looks at the view is gone before the database is waited for again.
    let [may_change, may_end, may_approve] = {
        let may = |verb| is_open && view.may_on(Atom::new(Resource::Test, verb), &object);
        [Verb::Update, Verb::Delete, Verb::Approve].map(may)
    };
    Ok(Known {
        history: history.filter(|version| version.record.id == test).collect(),
        names: Names::for_looking(view).await?,
        control,
        test: found,
        may_change,
        may_end,
        may_approve,
    })
}

/// The page.
pub(super) async fn page(
    State(state): State<WebState>,
    Path((id, test)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let known = app.read(actor, async |view| known(view, &id, &test).await).await?;
    asked.frame(&state, &draw(&known, &asked, &Given::default())?).await
}

/// What was sent and refused.
#[derive(Default)]
struct Given {
    act: String,
    reason: String,
    typed: Option<Typed>,
    faults: Faults,
}

impl Given {
    /// The reason as it was typed into the form of these acts, and what is wrong with it.
    fn reason(&self, acts: &[&str]) -> (&str, Option<&str>) {
        if acts.contains(&self.act.as_str()) { (&self.reason, self.faults.of("reason")) } else { ("", None) }
    }
}

/// Takes a decision, or the proposal of a change.
pub(super) async fn decide(
    State(state): State<WebState>,
    Path((id, test)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let all: Vec<&str> = fields::NAMES.iter().copied().chain(["act", "version"]).collect();
    sent.only(&all)?;
    let from: Digest = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (act, reason) = (sent.text("act"), sent.text("reason"));
    let typed = (act == "change").then(|| Typed::of_sent(&sent));
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let asked_for = match (act.as_str(), typed.as_ref().map(Typed::content)) {
        ("change", Some(Ok(content))) => Ok(Some(TestChange::Set(content))),
        ("change", Some(Err(faults))) => Err(faults),
        ("end", _) => Ok(Some(TestChange::End)),
        ("approve" | "decline", _) => Ok(None),
        _ => return Err(Refusal::Malformed),
    };
    let faults = match asked_for {
        Err(faults) => faults,
        Ok(change) => {
            let done = app
                .transact(actor, async |cx| match &change {
                    Some(change) => test::change(cx, &id, &test, from, change.clone(), &reason).await,
                    None if act == "approve" => test::approve(cx, &id, &test, from, &reason).await,
                    None => test::decline(cx, &id, &test, from, &reason).await,
                })
                .await;
            match done {
                Ok(Decided::Done(_)) => {
                    let to = format!("/controls/{}/tests/{}", segment(id.as_str()), segment(&test));
                    return Ok(go(&to));
                }
                Ok(Decided::Stale(_)) => {
                    status = StatusCode::CONFLICT;
                    Faults::whole(
                        "it was changed since you looked. This is how it stands now; nothing was done",
                    )
                }
                Err(Error::Invalid(says) | Error::Conflict(says)) => match &typed {
                    Some(typed) => typed.blame(says),
                    None => Faults::about(says, &[("say why", "reason"), ("the reason", "reason")]),
                },
                Err(error) => return Err(error.into()),
            }
        }
    };
    let known = app.read(actor, async |view| known(view, &id, &test).await).await?;
    let page = draw(&known, &asked, &Given { act, reason, typed, faults })?;
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

fn draw(known: &Known, asked: &Asked, given: &Given) -> Result<Page, Refusal> {
    let test = &known.test;
    let control = segment(known.control.id.as_str());
    let href = format!("/controls/{control}/tests/{}", segment(&test.id));
    let version = test::state_of(test)?.to_string();
    let actor = asked.visit.actor.as_deref().map(|actor| actor.id);
    let is_own = test.proposed.as_ref().is_some_and(|proposal| Some(proposal.by) == actor);
    let body = html! {
        div.stack {
            (given.faults.summary())
            (block("about", "As it stands", &html! { (test.state().word()) }, &about(known)))
            @if let Some(proposal) = &test.proposed {
                (block("waits", "What waits for a decision", &html! {}, &html! {
                    div.block-body {
                        p.muted { (known.names.of(proposal.by)) ", " (moment::written(proposal.at)) ": " (proposal.reason) }
                        (proposed(test, proposal))
                        (decision(&href, &asked.token, &version, (is_own, known.may_approve), given))
                    }
                }))
            } @else if let Some(held) = &test.held {
                @if known.may_change { (block("change", "Propose a change", &html! {}, &change(&href, &asked.token, &version, held, given))) }
                @if known.may_end { (block("end", "Propose its end", &html! {}, &end(&href, &asked.token, &version, given))) }
            }
            (block("history", "History", &html! {}, &history(known)))
        }
    };
    let mut page = Page::new(Place::Controls, &format!("Test of {}", known.control.id), body);
    page.id.clone_from(&test.id);
    page.lead =
        html! { "A test of " a href={ "/controls/" (control) } { (known.control.text.current().title) } "." };
    page.crumbs = vec![
        ("Controls".into(), "/controls".into()),
        (known.control.id.to_string(), format!("/controls/{control}")),
        ("Tests".into(), format!("/controls/{control}/tests")),
    ];
    Ok(page)
}

fn about(known: &Known) -> Markup {
    let test = &known.test;
    html! {
        dl.facts {
            dt { "Test" } dd { @match &test.held { Some(held) => (name(held)), None => "Holds nothing now" } }
            @if let Some(held) = &test.held {
                @if !held.attribute.is_empty() { dt { "Covers" } dd { (held.attribute) } }
                (asked_about(&held.kind))
            }
            dt { "Origin" } dd { (origin(test)) }
            dt { "Decided" } dd { (decided(test, &known.names)) }
            @if test.is_alone() { dt { "Four eyes" } dd { "Approved by its author alone; somebody else should look at it." } }
        }
    }
}

/// What a check is called, or what is asked about each item.
fn asked_about(kind: &TestKind) -> Markup {
    match kind {
        TestKind::Configuration { check } => {
            html! { dt { "Check" } dd { a href={ "/checks/" (segment(check)) } { (check) } } }
        }
        TestKind::Population { attributes, .. } => html! {
            @for one in attributes { dt { (one.id) } dd { (one.asserts) span.sub { "deviation: " (one.deviation) } } }
        },
        TestKind::Occurrence { .. } => html! {},
    }
}

/// What would change.
fn proposed(test: &TestRecord, proposal: &TestProposal) -> Markup {
    match &proposal.change {
        TestChange::End => {
            html! { p { "It ends. Verdicts of before stay with the time in which they were a test." } }
        }
        TestChange::Set(content) => {
            let (before, after) = (test.held.as_ref().map(lines).unwrap_or_default(), lines(content));
            let fields = ["Looks at", "Covers", "Attributes"];
            let all = fields.into_iter().enumerate().map(|(at, label)| Changed {
                label,
                before: before.get(at).cloned().unwrap_or_default(),
                after: after.get(at).cloned().unwrap_or_default(),
            });
            diff(&changed(all))
        }
    }
}

/// What a test says, as lines of text: what it looks at, what it covers, what it asks of each item.
fn lines(content: &TestContent) -> Vec<String> {
    let (looks, asks) = match &content.kind {
        TestKind::Configuration { check } => (check.clone(), String::new()),
        TestKind::Occurrence { window, grace_days, every_day } => {
            let days = if *every_day { ", on weekends as well" } else { "" };
            (format!("{}, {grace_days} days of grace{days}", window.plain()), String::new())
        }
        TestKind::Population { trigger, attributes } => {
            let asks = attributes
                .iter()
                .map(|one| format!("{}: {}; deviation: {}", one.id, one.asserts, one.deviation));
            (trigger.clone(), asks.collect::<Vec<_>>().join("\n"))
        }
    };
    vec![looks, content.attribute.clone(), asks]
}

fn decision(
    href: &str,
    token: &str,
    version: &str,
    (is_own, may_approve): (bool, bool),
    given: &Given,
) -> Markup {
    let (value, fault) = given.reason(&["approve", "decline"]);
    let hint = if is_own {
        "Why you take it back; or, where you are the only member, why you approve it yourself. That stays visible."
    } else {
        "Only when you decline."
    };
    let body = html! {
        (hidden("version", version))
        (field(&Field {
            name: "reason", label: "Why", kind: Kind::Area(2), value, max: TEXT_MAX, optional: true, fault, hint, ..Field::default()
        }))
        p.row {
            @if may_approve { button.button.primary type="submit" name="act" value="approve" { "Approve" } }
            button.button type="submit" name="act" value="decline" { @if is_own { "Take it back" } @else { "Decline" } }
        }
    };
    html! {
        @if is_own { p.problem { "You proposed it, so somebody else decides about it." } }
        @if may_approve || is_own { (form(href, token, &body)) }
    }
}

fn change(href: &str, token: &str, version: &str, held: &TestContent, given: &Given) -> Markup {
    let (now, none) = (Typed::of(held), Faults::default());
    let (typed, faults) = match &given.typed {
        Some(typed) => (typed, &given.faults),
        None => (&now, &none),
    };
    let fields = fields::draw(typed, faults, None);
    let body = html! {
        (hidden("version", version))
        (fields)
        p.row { button.button.primary type="submit" name="act" value="change" { "Propose the change" } }
    };
    html! { div.block-body { (form(href, token, &body)) } }
}

fn end(href: &str, token: &str, version: &str, given: &Given) -> Markup {
    let (value, fault) = given.reason(&["end"]);
    let body = html! {
        (hidden("version", version))
        (field(&Field { name: "reason", id: "end-reason", label: "Why it ends", kind: Kind::Area(2), value, fault, max: TEXT_MAX, ..Field::default() }))
        p.row { button.button type="submit" name="act" value="end" { "Propose its end" } }
    };
    html! { div.block-body { (form(href, token, &body)) } }
}

fn history(known: &Known) -> Markup {
    if known.history.is_empty() {
        return html! { p.muted.block-body { "Nobody has decided anything about it yet." } };
    }
    let rows = known.history.iter().rev().map(|version| {
        vec![
            html! { span.nowrap { (moment::exact(version.held.from)) } },
            html! { @match version.held.to { Some(to) => span.nowrap { (moment::exact(to)) }, None => "holds now" } },
            html! { (version.record.state().word()) @if let Some(held) = &version.record.held { span.sub { (name(held)) @if !held.attribute.is_empty() { ": " (held.attribute) } } } },
            decided(&version.record, &known.names),
        ]
    });
    plain("History", &["From", "Until", "State", "Decided"], rows.collect())
}
