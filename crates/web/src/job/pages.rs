//! What the page of work shows.

use maud::{Markup, html};
use tickmark_app::job::{Job, needed};
use tickmark_app::mail::Sending;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::job::{JobKind, JobState, MAX_EVERY_HOURS};
use tickmark_core::mail::MailState;

use super::JobsView;
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, button, capital, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, plain};
use crate::design::{block, moment};
use crate::form::Sent;
use crate::list::Listed;
use crate::permission;
use crate::visit::Asked;

/// Seconds after which the page looks again while something goes on.
const AGAIN_SECONDS: u32 = 3;

/// A button that asks for work, for whoever may.
pub(crate) fn ask(asked: &Asked, kind: JobKind, words: &str) -> Markup {
    html! {
        @if asked.may(needed(kind)) {
            form.inline method="post" action="/jobs" {
                (hidden("form", &asked.token))
                (hidden("kind", kind.word()))
                button.button.primary type="submit" { (words) }
            }
        }
    }
}

pub(super) fn list(view: &JobsView, asked: &Asked, sent: &Sent, faults: &Faults) -> Listed {
    let is_going_on = view.jobs.iter().any(|job| job.state.is_open());
    let mut page = Page::new(
        Place::Jobs,
        "Jobs",
        html! { @if is_going_on { span hidden data-again=(AGAIN_SECONDS) {} } },
    );
    page.lead = html! { "What the server does beside these pages. What fails is tried again after 1, 5 and 25 minutes." };
    page.actions = html! {
        (ask(asked, JobKind::Collect, "Look now"))
        (ask(asked, JobKind::Report, "Write the report"))
    };
    let after = html! {
        @for kind in JobKind::ALL.into_iter().filter(|kind| asked.may(needed(*kind))) {
            (block(kind.word(), kind.title(), &said(view, kind), &html! { div.block-body.narrow { (schedule(kind, view, asked, sent, faults)) } }))
        }
        @if let Some(letters) = &view.letters { (mail(letters, view.is_mail_on, asked)) }
    };
    Listed { after, ..Listed::of(page, table(view, asked)) }
}

/// How often it is done by itself.
fn said(view: &JobsView, kind: JobKind) -> Markup {
    html! {
        @match view.every_hours.get(&kind) {
            None => "only when somebody asks",
            Some(1) => "every hour",
            Some(24) => "every day",
            Some(168) => "every week",
            Some(hours) => { "every " (hours) " hours" }
        }
    }
}

fn schedule(kind: JobKind, view: &JobsView, asked: &Asked, sent: &Sent, faults: &Faults) -> Markup {
    let is_this = sent.text("kind") == kind.word();
    let value = if is_this {
        sent.text("hours")
    } else {
        view.every_hours.get(&kind).copied().unwrap_or_default().to_string()
    };
    let hint = format!("24 is daily. 0 switches it off. At most {MAX_EVERY_HOURS}.");
    let body = html! {
        (hidden("kind", kind.word()))
        (field(&Field {
            name: "hours", label: "By itself, every so many hours", kind: Kind::Input("number"), value: &value, hint: &hint, max: 4,
            fault: faults.of("hours").filter(|_| is_this), ..Field::default()
        }))
        (send("Set", ""))
    };
    form("/jobs/schedule", &asked.token, &body)
}

fn table(view: &JobsView, asked: &Asked) -> Table {
    let kinds = JobKind::ALL.map(|kind| (kind.word().to_owned(), kind.title().to_owned()));
    let states = JobState::ALL.map(|state| (state.word().to_owned(), state_words(state).1.to_owned()));
    Table {
        id: "jobs".into(),
        path: "/jobs".into(),
        noun: ("job", "jobs"),
        columns: vec![
            Column::number("job", "Job", Phone::Line),
            Column::text("what", "What", Phone::Title),
            Column::text("state", "State", Phone::Status),
            Column::text("by", "Asked by", Phone::Line),
            Column::number("asked", "Asked", Phone::Line),
            Column::shown("act", "Action", Phone::Line),
        ],
        filters: vec![
            Filter { key: "state", label: "State", options: states.to_vec(), shown: true },
            Filter { key: "kind", label: "What", options: kinds.to_vec(), shown: true },
            Filter::of_values("by", "Asked by", view.jobs.iter().map(|job| asker(view, job).to_owned())),
        ],
        rows: view.jobs.iter().map(|job| row(job, view, asked)).collect(),
        counted: None,
        empty: html! {
            div.empty {
                h3 { "Nothing was asked for yet" }
                p { "The server can look at the machine it runs on, and write the readiness report, whenever somebody asks or on a schedule." }
            }
        },
    }
}

fn asker<'a>(view: &'a JobsView, job: &Job) -> &'a str {
    view.names.get(&job.asked_by).map_or("", String::as_str)
}

fn row(job: &Job, view: &JobsView, asked: &Asked) -> Row {
    let may_call_off = job.state.is_open() && asked.may(needed(job.kind));
    let by = asker(view, job);
    let (mark, word) = state_words(job.state);
    Row {
        cells: vec![
            Cell::by_number(html! { span.mono { (job.key) } }, job.key),
            Cell::by_text(
                html! { div { (job.kind.title()) span.sub { (what_became(job)) (result(job, asked)) } } },
                job.kind.title(),
            )
            .said(if job.outcome.is_empty() {
                job.kind.title().to_owned()
            } else {
                format!("{}: {}", job.kind.title(), job.outcome)
            }),
            Cell::by_text(badge(mark, word), word),
            Cell::text(by),
            Cell::by_number(
                html! { span.muted.nowrap { (moment::ago(job.asked_at, asked.visit.now)) } },
                job.asked_at.micros(),
            )
            .said(job.asked_at.to_string()),
            Cell::by_text(
                html! { @if may_call_off { (button(&format!("/jobs/{}/call-off", job.key), &asked.token, "Call off", &format!("job {}", job.key))) } },
                "",
            ),
        ],
        find: format!("{} {} {} {word} {by}", job.key, job.kind.title(), job.outcome),
        facets: vec![
            ("state", job.state.word().to_owned()),
            ("kind", job.kind.word().to_owned()),
            ("by", by.to_owned()),
        ],
    }
}

/// What goes out by mail, with what went wrong.
fn mail(letters: &[Sending], is_on: bool, asked: &Asked) -> Markup {
    let now = asked.visit.now;
    let may_send = asked.may(Atom::new(Resource::Notification, Verb::Update));
    let rows = letters.iter().map(|letter| {
        let action = format!("/jobs/mail/{}/again", letter.key);
        let what = format!("letter {}", letter.key);
        vec![
            html! { span.mono { (letter.key) } },
            html! { (letter.kind.title()) span.sub { "To " (letter.recipient) } },
            html! { (mail_state(letter.state)) @if !letter.problem.is_empty() && letter.state != MailState::Sent { span.sub { (capital(&letter.problem)) @if letter.state == MailState::Waiting { ". Tried again from " (moment::exact(letter.due_at)) } } } },
            html! { span.muted.nowrap { (moment::ago(letter.made_at, now)) } },
            html! { @if may_send && letter.can_go_again(now) { (button(&action, &asked.token, "Send again", &what)) } },
        ]
    });
    let content = html! {
        @if letters.is_empty() {
            div.empty {
                h3 { @if is_on { "No mail was sent yet" } @else { "No mail goes out" } }
                @if is_on { p { "Invitations, links for lost passwords and reminders appear here." } }
                @else { p { "Links are handed over by whoever makes them. Whoever operates the installation can name a mail server: see " code { "docs/operate/mail.md" } "." } }
            }
        } @else {
            (plain("Mail", &["Letter", "About", "State", "Written", ""], rows.collect()))
        }
    };
    block("mail", "Mail", &html! { "tried again after 1, 5 and 25 minutes" }, &content)
}

fn mail_state(state: MailState) -> Markup {
    match state {
        MailState::Waiting => badge(Mark::NotYetDue, "Waiting"),
        MailState::Sending => badge(Mark::Partly, "Being sent"),
        MailState::Sent => badge(Mark::Pass, "Sent"),
        MailState::Failed => badge(Mark::Fail, "Failed"),
        MailState::CalledOff => badge(Mark::NotApplicable, "Taken back"),
    }
}

fn state_words(state: JobState) -> (Mark, &'static str) {
    match state {
        JobState::Waiting => (Mark::NotYetDue, "Waiting"),
        JobState::Running => (Mark::Partly, "Running"),
        JobState::Done => (Mark::Pass, "Done"),
        JobState::Failed => (Mark::Fail, "Failed"),
        JobState::CalledOff => (Mark::NotApplicable, "Called off"),
    }
}

/// The way to what a job brought, for whoever may see it.
fn result(job: &Job, asked: &Asked) -> Markup {
    let (href, words) = match job.kind {
        JobKind::Collect => ("/runs", "See the runs"),
        JobKind::Report => ("/reports", "See the reports"),
    };
    let is_offered = asked.visit.actor.as_deref().is_some_and(|actor| permission::offers(actor, href));
    html! { @if job.state == JobState::Done && is_offered { " " a href=(href) { (words) } } }
}

fn what_became(job: &Job) -> Markup {
    html! {
        @match job.state {
            JobState::Running => { (capital(&job.progress)) @if job.progress.is_empty() { "Begun" } " …" }
            JobState::Waiting if !job.outcome.is_empty() => { "Failed: " (job.outcome) ". Tried again from " (moment::exact(job.due_at)) "." }
            JobState::Waiting => "Begins in a moment.",
            JobState::Done | JobState::Failed | JobState::CalledOff => (job.outcome),
        }
    }
}
