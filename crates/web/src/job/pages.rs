//! What the page of work shows.

use maud::{Markup, html};
use tickmark_app::job::{Job, needed};
use tickmark_app::mail::Sending;
use tickmark_core::Timestamp;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::job::{JobKind, JobState, MAX_EVERY_HOURS};
use tickmark_core::mail::MailState;

use super::JobsView;
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, button, capital, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::form::Sent;
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

pub(super) fn list(view: &JobsView, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let now = asked.visit.now;
    let is_going_on = view.jobs.iter().any(|job| job.state.is_open());
    let body = html! {
        div data-again=[is_going_on.then_some(AGAIN_SECONDS)] {
            @if view.jobs.is_empty() {
                div.empty {
                    h3 { "Nothing was asked for yet" }
                    p { "The server can look at the machine it runs on, and write the readiness report, whenever somebody asks or on a schedule." }
                }
            } @else {
                (jobs(view, asked, now))
            }
        }
        @for kind in JobKind::ALL.into_iter().filter(|kind| asked.may(needed(*kind))) {
            (block(kind.word(), kind.title(), &said(view, kind), &html! { div.block-body.narrow { (schedule(kind, view, asked, sent, faults)) } }))
        }
    };
    let body =
        html! { (body) @if let Some(letters) = &view.letters { (mail(letters, view.is_mail_on, asked)) } };
    let mut page = Page::new(Place::Jobs, "Jobs", body);
    page.lead = html! { "What the server does beside these pages. What fails is tried again after 1, 5 and 25 minutes." };
    page.actions = html! {
        (ask(asked, JobKind::Collect, "Look now"))
        (ask(asked, JobKind::Report, "Write the report"))
    };
    page
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

fn jobs(view: &JobsView, asked: &Asked, now: Timestamp) -> Markup {
    let rows = view.jobs.iter().map(|job| {
        let may_call_off = job.state.is_open() && asked.may(needed(job.kind));
        vec![
            html! { span.mono { (job.key) } },
            html! { (job.kind.title()) span.sub { (what_became(job)) } },
            state(job.state),
            html! { (view.names.get(&job.asked_by).map_or("", String::as_str)) },
            html! { span.muted.nowrap { (moment::ago(job.asked_at, now)) } },
            html! { @if may_call_off { (button(&format!("/jobs/{}/call-off", job.key), &asked.token, "Call off", &format!("job {}", job.key))) } },
        ]
    });
    plain("Work", &["Job", "What", "State", "Asked by", "Asked", ""], rows.collect())
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

fn state(state: JobState) -> Markup {
    match state {
        JobState::Waiting => badge(Mark::NotYetDue, "Waiting"),
        JobState::Running => badge(Mark::Partly, "Running"),
        JobState::Done => badge(Mark::Pass, "Done"),
        JobState::Failed => badge(Mark::Fail, "Failed"),
        JobState::CalledOff => badge(Mark::NotApplicable, "Called off"),
    }
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
