//! The tests of a control: what looks at its operation, since when, decided by whom; and proposing another one.

mod fields;
mod one;

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::control::test::{self, TestVersion};
use tickmark_app::program::performance;
use tickmark_app::{Error, View, control, observation};
use tickmark_core::Span;
use tickmark_core::control::{
    Control, ControlId, ControlState, OCCURRENCE, TestContent, TestKind, TestOrigin, TestRecord, TestState,
};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::performance::{Days, Schedule};

use super::Names;
use crate::design::as_of::AsOf;
use crate::design::form::{Faults, form, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

use fields::Typed;

/// Kinds of tests, with what each asks.
const KINDS: [(&str, &str, &str); 3] = [
    ("configuration", "By a check", "Was it so at every moment? A check looks at the facts of each run."),
    ("occurrence", "Each time it is due", "Was it done in every window? One of them for a control."),
    ("population", "Over a population", "Were all attributes met for every item that its trigger produced?"),
];

pub(super) fn desk_routes() -> Vec<Desk> {
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    vec![
        Desk {
            path: "/controls/{id}/tests",
            example: "/controls/IAM-01/tests",
            looks: true,
            changes: false,
            handler: get(page),
        },
        both("/controls/{id}/tests/new", "/controls/IAM-01/tests/new", get(new_page).post(propose)),
        both(
            "/controls/{id}/tests/{test}",
            "/controls/IAM-01/tests/occurrence",
            get(one::page).post(one::decide),
        ),
    ]
}

struct Shows {
    control: Control,
    tests: Vec<TestRecord>,
    history: Vec<TestVersion>,
    spans: BTreeMap<String, Vec<Span>>,
    due: Option<Schedule>,
    names: Names,
}

async fn load(view: &mut View<'_>, id: &ControlId) -> Result<Shows, Error> {
    Ok(Shows {
        tests: test::list(view, id).await?,
        history: test::history(view, id).await?,
        spans: test::spans(view, id).await?,
        due: performance::due_now(view, id).await?,
        names: Names::for_looking(view).await?,
        control: control::find(view, id).await?,
    })
}

/// What a control's own page shows to members: its tests as people agreed on them.
pub(super) async fn on_control(state: &WebState, asked: &Asked, id: &str) -> Result<Markup, Refusal> {
    let Ok((app, actor)) = asked.member(state) else { return Ok(html! {}) };
    let Ok(id) = id.parse::<ControlId>() else { return Ok(html! {}) };
    let shows = match app.read(actor, async |view| load(view, &id).await).await {
        Ok(shows) => shows,
        // A starter that nobody adopted has none; and not everybody who sees a control sees how it is tested.
        Err(Error::NotFound { .. } | Error::Forbidden(_)) => return Ok(html! {}),
        Err(error) => return Err(error.into()),
    };
    let href = format!("/controls/{}/tests", segment(id.as_str()));
    let holds: Vec<&TestRecord> =
        shows.tests.iter().filter(|test| test.held.is_some() || test.proposed.is_some()).collect();
    Ok(block(
        "tested-by",
        "How it is tested",
        &html! { a href=(href) { "all, and their history" } },
        &html! {
            (table("How it is tested", &holds, &shows))
            @if may_add(asked, &shows.control) { div.block-body { a.button href={ (href) "/new" } { "Propose a test" } } }
        },
    ))
}

fn may_add(asked: &Asked, control: &Control) -> bool {
    control.state() != ControlState::Retired && asked.may(Atom::new(Resource::Test, Verb::Create))
}

async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let as_of = AsOf::of(&asked.query);
    let (shows, then) = app
        .read(actor, async |view| {
            let shows = load(view, &id).await?;
            let then = match as_of.end() {
                Some(moment) => Some(test::at(view, &id, moment).await?),
                None => None,
            };
            Ok((shows, then))
        })
        .await?;
    asked
        .frame(&state, &draw(&shows, &as_of, &then.unwrap_or_default(), may_add(&asked, &shows.control)))
        .await
}

fn draw(shows: &Shows, as_of: &AsOf, then: &[TestRecord], may_add: bool) -> Page {
    let href = format!("/controls/{}", segment(shows.control.id.as_str()));
    let all: Vec<&TestRecord> = shows.tests.iter().collect();
    let held: Vec<&TestRecord> = then.iter().filter(|test| test.held.is_some()).collect();
    let is_set = shows.tests.iter().any(|test| test.id == OCCURRENCE && test.held.is_some());
    let body = html! {
        (block("now", "Now", &html! {}, &table("Tests of the control", &all, shows)))
        p.muted {
            @match shows.due {
                Some(due) => { "It is due " (due.plain()) @if is_set { ", as its occurrence test says." } @else { ", as its frequency usually means or as was said on the machine." } },
                None => "Nothing is due by the calendar.",
            }
        }
        (as_of.choice(&format!("{href}/tests")))
        (as_of.then(|_| table("Tests on that day", &held, shows)))
        (block("history", "History", &html! {}, &history(shows)))
    };
    let mut page =
        Page::new(Place::Controls, &format!("Tests of {}", shows.control.text.current().title), body);
    page.id = shows.control.id.to_string();
    page.lead = html! { "What the library maps holds until somebody decides otherwise. What people propose holds once somebody else has approved it; what a person ended is not brought back." };
    if may_add {
        page.actions = html! { a.button.primary href={ (href) "/tests/new" } { "Propose a test" } };
    }
    page.crumbs = vec![("Controls".into(), "/controls".into()), (shows.control.id.to_string(), href)];
    page
}

/// What a test is called.
pub(super) fn name(content: &TestContent) -> Markup {
    match &content.kind {
        TestKind::Configuration { check } => html! { span.mono { (check) } },
        TestKind::Occurrence { window, grace_days, every_day } => {
            let days = if *every_day { Days::All } else { Days::Weekdays };
            let due = Schedule::new(*window, *grace_days, days).map(Schedule::plain).unwrap_or_default();
            html! { "Due " (due) }
        }
        TestKind::Population { trigger, attributes } => html! {
            "Every item of: " (trigger)
            span.sub { @for (at, one) in attributes.iter().enumerate() { @if at > 0 { ", " } (one.id) } }
        },
    }
}

/// The words for where a test comes from.
pub(super) fn origin(test: &TestRecord) -> Markup {
    html! {
        @match test.origin {
            TestOrigin::Library => { span.tag { "from the library" } @if test.decided.is_none() { span.sub { "nobody has decided about it" } } },
            TestOrigin::Own => span.tag { "proposed here" },
        }
    }
}

fn table(title: &str, tests: &[&TestRecord], shows: &Shows) -> Markup {
    if tests.is_empty() {
        return html! {
            div.empty {
                h3 { "No test yet" }
                p { "Nothing looks at whether this control operates: propose a check that sees it, when it is due, or the population it is sampled from." }
            }
        };
    }
    let rows = tests.iter().map(|test| {
        let href = format!("/controls/{}/tests/{}", segment(test.control.as_str()), segment(&test.id));
        vec![
            html! {
                a.primary href=(href) { @match test.content() { Some(content) => (name(content)), None => span.mono { (test.id) } } }
                @if let Some(content) = test.content() { @if !content.attribute.is_empty() { span.sub { (content.attribute) } } }
            },
            origin(test),
            html! { (test.state().word()) @if test.is_alone() { span.sub { "approved by its author alone" } } },
            since(test, shows),
            decided(test, &shows.names),
        ]
    });
    plain(title, &["Test", "Origin", "State", "Held", "Decided"], rows.collect())
}

/// When it held: as conclusions over a period read it, for a check; as it was decided otherwise.
fn since(test: &TestRecord, shows: &Shows) -> Markup {
    if let Some(spans) = shows.spans.get(&test.id) {
        return html! {
            @for (at, span) in spans.iter().enumerate() {
                @if at > 0 { br; }
                span.nowrap { (moment::exact(span.from)) } " to "
                @match span.to { Some(to) => span.nowrap { (moment::exact(to)) }, None => "now" }
            }
        };
    }
    let at = test.decided.as_ref().map(|decision| decision.at);
    html! { @match (at, test.held.is_some()) { (Some(at), true) => { "since " (moment::exact(at)) }, (Some(at), false) => { "until " (moment::exact(at)) }, _ => span.muted { "not yet" } } }
}

/// Who decided last, and what waits.
pub(super) fn decided(test: &TestRecord, names: &Names) -> Markup {
    html! {
        @if let Some(decision) = &test.decided {
            (names.of(decision.by)) ", " (moment::written(decision.at))
            span.sub { (decision.reason) @if !decision.note.is_empty() { " (" (decision.note) ")" } }
        } @else { span.muted { "nobody" } }
        @if let Some(proposal) = &test.proposed { span.sub { "waits: " (names.of(proposal.by)) ", " (moment::written(proposal.at)) ": " (proposal.reason) } }
    }
}

fn history(shows: &Shows) -> Markup {
    if shows.history.is_empty() {
        return html! { p.muted.block-body { "Nobody has decided anything about its tests yet." } };
    }
    let mut versions: Vec<&TestVersion> = shows.history.iter().collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version.held.from));
    let rows = versions.into_iter().map(|version| {
        let test = &version.record;
        vec![
            html! { span.nowrap { (moment::exact(version.held.from)) } },
            html! { span.mono { (test.id) } },
            html! { (happened(test)) },
            decided(test, &shows.names),
        ]
    });
    plain("History", &["From", "Test", "State", "Decided"], rows.collect())
}

fn happened(test: &TestRecord) -> &'static str {
    match (test.state(), test.proposed.is_some()) {
        (TestState::InForce, _) if test.is_alone() => "in force, approved by its author alone",
        (state, _) => state.word(),
    }
}

fn kind_of(asked: &Asked) -> &'static str {
    let wanted = asked.query.get("kind").unwrap_or_default();
    KINDS.iter().find(|(kind, _, _)| *kind == wanted).map_or(KINDS[0].0, |(kind, _, _)| *kind)
}

async fn known(view: &mut View<'_>, id: &ControlId) -> Result<Control, Error> {
    let control = control::find(view, id).await?;
    let object = control::edit::object(view, &control).await?;
    view.permit_on(test::atom(Verb::Create), &object)?;
    Ok(control)
}

/// The form of a new test.
async fn new_page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let (control, checks) = app
        .read(actor, async |view| Ok((known(view, &id).await?, observation::known_checks(view).await?)))
        .await?;
    if control.state() == ControlState::Retired {
        return Err(Refusal::NotFound);
    }
    let typed = Typed::new(kind_of(&asked), control.frequency);
    let fields = fields::draw(&typed, &Faults::default(), Some(&checks));
    asked.frame(&state, &new_form(&control, &typed, &fields, &asked.token, &Faults::default())).await
}

/// Takes the form of a new test.
async fn propose(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    sent.only(&fields::NAMES)?;
    let typed = Typed::of_sent(&sent);
    let (control, checks) = app
        .read(actor, async |view| Ok((known(view, &id).await?, observation::known_checks(view).await?)))
        .await?;
    let faults = match typed.content() {
        Err(faults) => faults,
        Ok(content) => {
            let proposed = app
                .transact(actor, async |cx| {
                    test::propose(cx, &id, content.clone(), &typed.reason, &checks).await
                })
                .await;
            match proposed {
                Ok(test) => {
                    let to = format!("/controls/{}/tests/{}", segment(id.as_str()), segment(&test.id));
                    return Ok(go(&to));
                }
                Err(Error::Invalid(says) | Error::Conflict(says)) => typed.blame(says),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let fields = fields::draw(&typed, &faults, Some(&checks));
    let page = new_form(&control, &typed, &fields, &asked.token, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

fn new_form(control: &Control, typed: &Typed, fields: &Markup, token: &str, faults: &Faults) -> Page {
    let href = format!("/controls/{}/tests", segment(control.id.as_str()));
    let body = html! { (faults.summary()) (fields) (send("Propose the test", &href)) };
    let body = html! {
        div.narrow.stack {
            nav.tabs aria-label="Kinds of tests" {
                @for (kind, label, _) in KINDS {
                    a href={ (href) "/new?kind=" (kind) } aria-current=[(kind == typed.kind).then_some("page")] { (label) }
                }
            }
            @for (_, _, asks) in KINDS.iter().filter(|(kind, _, _)| *kind == typed.kind) { p.muted { (asks) } }
            (form(&format!("{href}/new"), token, &body))
        }
    };
    let mut page =
        Page::new(Place::Controls, &format!("Propose a test of {}", control.text.current().title), body);
    page.id = control.id.to_string();
    page.lead = html! { "It tests nothing until somebody else has approved it." };
    page.crumbs = vec![("Controls".into(), "/controls".into()), (control.id.to_string(), href)];
    page
}
