//! My work: what somebody has to do, on one page. Everybody has it.

pub(crate) mod path;

use std::collections::BTreeMap;

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::signed::Signing;
use tickmark_app::engagement::fieldwork::waiting::{Unanswered, Unsigned, WaitingRequest};
use tickmark_app::program::access_review::WaitingReview;
use tickmark_app::program::performance::Due;
use tickmark_app::work::{self, Aging, Decision, OwnFinding, Work};
use tickmark_core::Timestamp;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TestRecord;
use tickmark_core::engagement::fieldwork::RequestState;
use tickmark_core::evidence::freshness::Freshness;
use tickmark_core::evidence::item::Item;
use tickmark_core::id::ActorId;
use tickmark_core::observation::waiver::Waiver;
use tickmark_core::observation::{CheckDraft, DraftChange};

use tickmark_core::program::segregation::ConflictException;

use crate::comment::mention_row;
use crate::design::form::capital;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::{block, moment, plural};
use crate::engagement::request_mark;
use crate::error::Refusal;
use crate::evidence::item::{fresh_mark, fresh_word, mark_of};
use crate::identity::{name, names};
use crate::permission;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(crate) fn desk_routes() -> Vec<Desk> {
    vec![Desk { path: "/work", example: "/work", looks: true, changes: false, handler: get(page) }]
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (work, people) = app
        .read(actor, async |view| {
            let work = work::of(view).await?;
            let involved: Vec<ActorId> = work
                .waiting
                .iter()
                .filter_map(|item| item.submitted.map(|(by, _)| by))
                .chain(work.returned.iter().filter_map(|item| item.decided.map(|(by, _)| by)))
                .chain(work.mentions.iter().map(|one| one.by))
                .collect();
            let people = names(view, involved).await?;
            Ok((work, people))
        })
        .await?;
    state.waiting().keep(actor.id, work.count(), asked.visit.now);
    let links = Links {
        calendar: permission::offers(actor, "/calendar"),
        add: permission::offers(actor, "/evidence/items/new"),
        controls: permission::offers(actor, "/controls"),
        is_auditor: permission::is_auditor(actor),
    };
    asked.frame(&state, &draw(&work, &people, links, &asked.token, asked.visit.now)).await
}

/// Says how many there are where not all are shown.
fn first_of(shown: usize, count: usize) -> String {
    if count > shown { format!("the {shown} that wait longest of {count}") } else { String::new() }
}

/// What somebody can go on to.
#[derive(Clone, Copy)]
struct Links {
    calendar: bool,
    add: bool,
    controls: bool,
    is_auditor: bool,
}

fn draw(work: &Work, people: &BTreeMap<ActorId, String>, links: Links, token: &str, now: Timestamp) -> Page {
    let count = work.count();
    let section = |id: &str, title: &str, note: &str, rows: Vec<Markup>| {
        html! { @if !rows.is_empty() { (block(id, title, &html! { (note) }, &html! { ul.todo { @for row in &rows { (row) } } })) } }
    };
    let body = html! {
        @if count == 0 && work.drafts.is_empty() {
            div.empty {
                h3 { "Nothing waits for you" }
                p {
                    @if links.is_auditor { "Answers that management hands in and workpapers that wait for a signature are listed here." } @else {
                    "What is due of your controls, what an examination asks of you, evidence that comes back to you or waits for your decision, what others wrote and you approve, findings that you correct, comments that name you, and what will not be good much longer is listed here." }
                }
                p.row {
                    @if links.calendar { a.button href="/calendar" { "See the calendar" } }
                    @if links.add { a.button href="/evidence/items/new" { "Add evidence" } }
                }
            }
        }
        (section("missed", "Missed", "they can be recorded late, and late they stay", work.missed.iter().map(|due| window(due, Mark::Missed, now)).collect()))
        (section("due", "Due", "windows of your controls that have begun", work.due.iter().map(|due| window(due, Mark::NotYetDue, now)).collect()))
        (section("returned", "Returned to you", "", work.returned.iter().map(|item| returned(item, people, now)).collect()))
        (section("waiting", "Waiting for your decision", &first_of(work.waiting.len(), work.waiting_count), work.waiting.iter().map(|item| waiting(item, people, now)).collect()))
        (section("decisions", "Waiting for your approval", "what others wrote, asked for or fixed", work.approvals.iter().map(|one| decision(one, now)).collect()))
        (section("findings", "Findings you correct", "", work.findings.iter().map(|one| finding(one, now)).collect()))
        (section("requests", "Requests of examinations", "asked by the auditor, answered by management", work.fieldwork.requests.iter().map(|one| request(one, now)).collect()))
        (section("exceptions", "Exceptions to answer", "what the auditor shared and management has not answered", work.fieldwork.exceptions.iter().map(|one| exception(one, now)).collect()))
        (section("answers", "Answers to decide about", "management handed them in", work.fieldwork.answers.iter().map(|one| answer(one, now)).collect()))
        (section("papers", "Workpapers to sign", "they are your firm\u{2019}s alone until they are shared", work.fieldwork.papers.iter().map(|one| unsigned(one, now)).collect()))
        (section("tests", "Tests of controls to decide about", "somebody else proposed them", work.decisions.tests.iter().map(|test| test_row(test, now)).collect()))
        (section("checks", "Checks to decide about", "written by somebody else, not in force yet", work.decisions.checks.iter().map(|draft| check_row(draft, now)).collect()))
        (section("access", "Access to decide about", "no answer is never a keep", work.access_reviews.iter().map(|one| access_row(one, now)).collect()))
        (section("conflicts", "Exceptions to conflicts of duties to decide about", "somebody else asked for them", work.conflict_exceptions.iter().map(|one| conflict_row(one, now)).collect()))
        (section("mentions", "Comments that name you", "", work.mentions.iter().map(|one| mention_row(one, people, token, now)).collect()))
        (section("aging", "Evidence that needs renewal", "the best there is for each control", work.aging.iter().map(|one| aging(one, now)).collect()))
        (section("waivers", "Waivers that end", "", work.waivers.iter().map(|waiver| waiver_row(waiver, now)).collect()))
        (section("drafts", "Drafts", "nobody waits for these", work.drafts.iter().map(|item| draft(item, now)).collect()))
    };
    let mut page = Page::new(Place::Work, "My work", body);
    page.lead = html! {
        @if count > 0 { (count) " " (plural(count, "thing waits", "things wait")) " for you." }
        @else { "Nothing is open." }
    };
    page.actions = html! {
        @if links.add { a.button href="/evidence/items/new" { "Add evidence" } }
        @if links.is_auditor { a.button href="/engagements" { "Your engagements" } }
        @else if !links.controls && !links.add { a.button href="/account" { "Your account" } }
    };
    page
}

fn row(mark: Mark, href: &str, what: &Markup, when: &Markup, why: &Markup) -> Markup {
    html! {
        li {
            (mark.draw())
            a.what href=(href) { (what) }
            span.when { (when) }
            span.why { (why) }
        }
    }
}

fn window(due: &Due, mark: Mark, now: Timestamp) -> Markup {
    let is_over = due.window.to <= now;
    row(
        mark,
        &path::window(due),
        &html! { span.mono { (due.control) } " " (due.title) },
        &html! { @if mark == Mark::Missed { "since " (moment::date(due.window.due)) } @else { "by " (moment::date(due.last_day())) } },
        &html! {
            "Window " (due.window.id)
            @if mark == Mark::NotYetDue && is_over { ", which is over: these are its days of grace" }
            @if mark == Mark::Missed { ". Record it with what shows it, and say why it is late" }
        },
    )
}

fn returned(item: &Item, people: &BTreeMap<ActorId, String>, now: Timestamp) -> Markup {
    let by = item.decided.map(|(by, _)| name(people, by)).unwrap_or("somebody");
    row(
        mark_of(item.state),
        &path::item(item),
        &html! { (item.version.description.title) },
        &html! { @if let Some((_, at)) = item.decided { (moment::ago(at, now)) } },
        &html! { (by) " sent it back and says what to mend" },
    )
}

fn waiting(item: &Item, people: &BTreeMap<ActorId, String>, now: Timestamp) -> Markup {
    let by = item.submitted.map(|(by, _)| name(people, by)).unwrap_or("somebody");
    let ids: Vec<&str> = item.controls.iter().map(tickmark_core::control::ControlId::as_str).collect();
    row(
        mark_of(item.state),
        &path::item(item),
        &html! { (item.version.description.title) },
        &html! { @if let Some((_, at)) = item.submitted { (moment::ago(at, now)) } },
        &html! { "Handed in by " (by) @if !ids.is_empty() { " for " (ids.join(", ")) } },
    )
}

fn request(one: &WaitingRequest, now: Timestamp) -> Markup {
    let is_late = one.late_from().is_some_and(|late| late <= now);
    row(
        if is_late { Mark::Missed } else { request_mark(one.state) },
        &path::request(one),
        &html! { span.mono { "R-" (one.number) } " " (one.title) },
        &html! { @if let Some(day) = one.due { @if is_late { "was wanted by " } @else { "by " } (moment::on(day)) } },
        &html! {
            (one.engagement) ". "
            @if one.state == RequestState::Returned { "The auditor sent it back and says what is missing" }
            @else if one.owner.is_none() { "Nobody sees to it yet" }
            @else { "You see to it" }
        },
    )
}

fn exception(one: &Unanswered, now: Timestamp) -> Markup {
    row(
        Mark::Fail,
        &path::exception(one),
        &html! { span.mono { (one.control) } " " (one.nature) },
        &html! { (moment::ago(one.since, now)) },
        &html! { (one.engagement) ", exception WP-" (one.workpaper) "." (one.exception) ". Say what caused it, what followed, and what is done" },
    )
}

fn answer(one: &WaitingRequest, now: Timestamp) -> Markup {
    row(
        request_mark(one.state),
        &path::request(one),
        &html! { span.mono { "R-" (one.number) } " " (one.title) },
        &html! { (moment::ago(one.since, now)) },
        &html! { (one.engagement) ". Accept it, or return it with what is missing" },
    )
}

fn unsigned(one: &Unsigned, now: Timestamp) -> Markup {
    row(
        Mark::NotYetDue,
        &format!("{}#signed", one.path()),
        &html! { span.mono { (one.prefix) "-" (one.number) } " " (one.subject) },
        &html! { (moment::ago(one.since, now)) },
        &html! { (one.engagement) ". " @if one.signing == Signing::Review { "Prepared by somebody else, and not reviewed as it stands" } @else { "Complete, and not signed by who prepared it" } },
    )
}

fn access_row(one: &WaitingReview, now: Timestamp) -> Markup {
    row(
        if one.due_at <= now { Mark::Missed } else { Mark::NotYetDue },
        &path::review(one),
        &html! { (one.title) },
        &html! { "due " (moment::ago(one.due_at, now)) },
        &html! { (one.items) " " (plural(one.items, "item", "items")) ", " (one.time_over) " % of the time is over" },
    )
}

fn conflict_row(one: &ConflictException, now: Timestamp) -> Markup {
    row(
        Mark::Unknown,
        path::CONFLICTS,
        &html! { (one.key) ": " (one.conflict) },
        &html! { (moment::ago(one.asked_at, now)) },
        &html! { (one.reason) },
    )
}

fn decision(one: &Decision, now: Timestamp) -> Markup {
    row(
        Mark::Unknown,
        &one.path,
        &html! { (one.title) },
        &html! { (moment::ago(one.since, now)) },
        &html! { (one.note) },
    )
}

fn finding(one: &OwnFinding, now: Timestamp) -> Markup {
    let record = &one.record;
    let is_late = record.due.is_some_and(|due| record.is_overdue(Day::of(now)) && due < Day::of(now));
    row(
        if is_late { Mark::Missed } else { Mark::NotYetDue },
        &path::finding(one),
        &html! { (record.found.title) },
        &html! { @if let Some(due) = record.due { @if is_late { "was due " } @else { "by " } (moment::on(due)) } },
        &html! { (record.plan) },
    )
}

fn aging(one: &Aging, now: Timestamp) -> Markup {
    let when = match one.freshness {
        Freshness::Stale { since } => html! { "since " (moment::date(since)) },
        Freshness::Expiring { until } => html! { (moment::ago(until, now)) },
        Freshness::Fresh { .. } | Freshness::ByOccurrence | Freshness::Undated => html! {},
    };
    row(
        fresh_mark(one.freshness),
        &path::aging(one),
        &html! { span.mono { (one.control) } " " (one.title) },
        &when,
        &html! { (fresh_word(one.freshness.word())) ": " (one.item_title) },
    )
}

fn test_row(test: &TestRecord, now: Timestamp) -> Markup {
    let since = test.proposed.as_ref().map(|proposal| proposal.at);
    row(
        Mark::NotYetDue,
        &path::test(test),
        &html! { span.mono { (test.control) } " " (test.id) },
        &html! { @if let Some(since) = since { (moment::ago(since, now)) } },
        &html! { (capital(test.state().word())) @if let Some(proposal) = &test.proposed { ": " (proposal.reason) } },
    )
}

fn check_row(draft: &CheckDraft, now: Timestamp) -> Markup {
    row(
        Mark::NotYetDue,
        &path::check(draft),
        &html! { span.mono { (draft.check) } },
        &html! { (moment::ago(draft.at, now)) },
        &html! { @if draft.change == DraftChange::Aside { "To be put aside: " } (draft.reason) },
    )
}

fn waiver_row(waiver: &Waiver, now: Timestamp) -> Markup {
    row(
        Mark::Waived,
        &path::waiver(waiver),
        &html! { "Waiver " (waiver.id) " of " span.mono { (waiver.check) } },
        &html! { (moment::ago(waiver.expires_at, now)) },
        &html! { "It ends " (moment::date(waiver.expires_at)) ". Mend what it excuses, or ask for another one" },
    )
}

fn draft(item: &Item, now: Timestamp) -> Markup {
    row(
        mark_of(item.state),
        &path::item(item),
        &html! { (item.version.description.title) },
        &html! { (moment::ago(item.version.at, now)) },
        &html! { "Not handed in" },
    )
}
