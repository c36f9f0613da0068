//! Notices: what somebody is told, newest first, and what they have read. Everybody has the page.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::notice::{self, Kept};
use tickmark_core::program::reminder::{Matter, Step};

use crate::design::badge::badge;
use crate::design::block;
use crate::design::form::hidden;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::moment;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(crate) fn desk_routes() -> Vec<Desk> {
    vec![Desk {
        path: "/notices",
        example: "/notices",
        looks: true,
        changes: true,
        handler: get(page).post(read),
    }]
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let notices = app.read(actor, async |view| notice::list(view).await).await?;
    asked.frame(&state, &draw(&notices, &asked)).await
}

/// Marks one as read, or all of them.
async fn read(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["key"])?;
    let key = match sent.text("key").as_str() {
        "" => None,
        text => Some(text.parse::<i64>().map_err(|_| Refusal::Malformed)?),
    };
    app.transact(actor, async |cx| notice::mark_read(cx, key).await).await?;
    Ok(go("/notices"))
}

fn draw(notices: &[Kept], asked: &Asked) -> Page {
    let (unread, earlier): (Vec<&Kept>, Vec<&Kept>) = notices.iter().partition(|one| one.read_at.is_none());
    let body = html! {
        @if notices.is_empty() {
            div.empty {
                h3 { "Nothing to tell yet" }
                p { "What is due, comes back to you or waits for your decision appears here when its time comes." }
                p { a.button href="/work" { "See what waits for you" } }
            }
        }
        @if !unread.is_empty() { (block("unread", "Unread", &html! { (unread.len()) }, &list(&unread, asked))) }
        @if !earlier.is_empty() { (block("earlier", "Read", &html! {}, &list(&earlier, asked))) }
    };
    let mut page = Page::new(Place::Notices, "Notices", body);
    page.lead = html! { "What you were told, each thing once at each step. " a href="/account/reminders" { "When and how you are reminded" } "." };
    if !unread.is_empty() {
        page.actions = html! {
            form.inline method="post" action="/notices" { (hidden("form", &asked.token)) button.button type="submit" { "Mark all as read" } }
        };
    }
    page
}

fn list(notices: &[&Kept], asked: &Asked) -> Markup {
    let now = asked.visit.now;
    html! {
        ul.notices {
            @for one in notices {
                li {
                    div.what {
                        (step(one.step))
                        div {
                            a href=(one.path) { (one.title) }
                            @if let Some(due) = one.due { span.sub { "By " (moment::day(due.plus_micros(-1))) } }
                            @if one.matter == Matter::Week {
                                details { summary { "Read the week" } ul { @for line in one.detail.lines() { li { (line) } } } }
                            }
                        }
                    }
                    div.when {
                        span.muted.nowrap { (moment::ago(one.made_at, now)) }
                        @if one.read_at.is_none() {
                            form.inline method="post" action="/notices" {
                                (hidden("form", &asked.token)) (hidden("key", &one.key.to_string()))
                                button.button.quiet type="submit" { "Mark as read" span.visually-hidden { ": " (one.title) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn step(step: Step) -> Markup {
    match step {
        Step::New => badge(Mark::NotYetDue, "New"),
        Step::Half => badge(Mark::NotYetDue, "Half the time is over"),
        Step::Most => badge(Mark::Partly, "Little time is left"),
        Step::Soon => badge(Mark::NotYetDue, "Soon"),
        Step::Today => badge(Mark::Partly, "Today"),
        Step::Overdue => badge(Mark::Missed, "Too late"),
        Step::Escalated => badge(Mark::Fail, "Nobody did it"),
    }
}
