//! Reviews of access: the list, a review and its way, what is somebody's to decide, and the record of it.

mod beside;
mod decide;
mod draft;
mod one;
mod seen;

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::program::access_review::{self, Reviewed};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::access_review::{Due, Outcome, Review, ReviewKey, State as Stage};

use crate::design::badge::badge;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(crate) use one::{need_ending, sheet_file};
pub(crate) use seen::Shown;

const PATH: &str = "/access-reviews";
const CREATE: Atom = Atom::new(Resource::AccessReview, Verb::Create);
const UPDATE: Atom = Atom::new(Resource::AccessReview, Verb::Update);

pub(super) fn desk_routes() -> Vec<Desk> {
    let looks = |path, example, handler| Desk { path, example, looks: true, changes: false, handler };
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    let changes = |path, example, handler| Desk { path, example, looks: false, changes: true, handler };
    vec![
        looks(PATH, PATH, get(page)),
        both("/access-reviews/new", "/access-reviews/new", get(draft::page).post(draft::make)),
        looks("/access-reviews/{key}", "/access-reviews/1", get(one::page)),
        both(
            "/access-reviews/{key}/decide",
            "/access-reviews/1/decide",
            get(decide::page).post(decide::decide),
        ),
        changes("/access-reviews/{key}/sign", "/access-reviews/1/sign", post(one::sign)),
        changes("/access-reviews/{key}/{act}", "/access-reviews/1/confirm", post(one::act)),
        looks("/access-reviews/{key}/pack/{ending}", "/access-reviews/1/pack/csv", get(one::pack)),
    ]
}

fn href(key: ReviewKey) -> String {
    format!("{PATH}/{}", key.0)
}

fn key(text: &str) -> Result<ReviewKey, Refusal> {
    access_review::parse(text).ok_or(Refusal::NotFound)
}

fn may(asked: &Asked, atom: Atom) -> bool {
    asked.visit.actor.as_deref().is_some_and(|actor| crate::permission::may_all(actor, atom))
}

pub(crate) fn state_badge(review: &Review) -> Markup {
    let mark = match review.state {
        Stage::Draft | Stage::Scoped | Stage::Frozen => Mark::NotYetDue,
        Stage::Open | Stage::Decided | Stage::Remediating | Stage::Verified => Mark::Partly,
        Stage::Signed | Stage::Archived => Mark::Pass,
    };
    badge(mark, review.state.title())
}

fn outcome_badge(outcome: Outcome) -> Markup {
    let mark = match outcome {
        Outcome::Undecided => Mark::NotYetDue,
        Outcome::Keep => Mark::Pass,
        Outcome::Exception => Mark::Waived,
        Outcome::Reduce | Outcome::Revoke => Mark::Fail,
    };
    badge(mark, outcome.title())
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (all, reviewed) = app
        .read(actor, async |view| {
            Ok((access_review::list(view).await?, access_review::reviewed(view).await?))
        })
        .await?;
    let may_create = may(&asked, CREATE);
    let rows = all.iter().map(|review| {
        let systems: Vec<&str> = review.scope.systems.iter().map(|system| system.name.as_str()).collect();
        let items = review.snapshot.as_ref().map(|snapshot| snapshot.items);
        vec![
            html! { a.primary href=(href(review.key)) { (review.scope.title) } span.sub { span.mono { (review.key) } " " (systems.join(", ")) } },
            html! { @if let Some(items) = items { span.num { (items) } } @else { span.muted { "not frozen" } } },
            html! { (moment::date(review.scope.due_at)) },
            html! {
                @match &review.signed {
                    Some(signed) if signed.deviations.is_empty() => (badge(Mark::Pass, "As it should be")),
                    Some(_) => (badge(Mark::Fail, "Deviates")),
                    None => span.muted { "not signed off" },
                }
            },
            state_badge(review),
        ]
    });
    let body = html! {
        @if all.is_empty() {
            div.empty {
                h3 { "No access was reviewed here yet" }
                p { "A review freezes who has which right, asks people who know the need about each, and ends when a later list shows that what had to go is gone." }
                @if may_create { p.row { a.button.primary href="/access-reviews/new" { "Begin a review" } a.button href="/access" { "Lists of access" } } }
            }
        } @else { (plain("Reviews", &["Review", "Items", "Decisions due", "Result", "State"], rows.collect())) }
        @if !reviewed.is_empty() { (block("reviewed", "When each system is reviewed again", &html! { "privileged rights each quarter, others each year" }, &again(&reviewed))) }
    };
    let mut page = Page::new(Place::AccessReviews, "Access reviews", body);
    page.lead = html! { "Who has which right, decided about by people who know the need. " a href="/access" { "Lists of access" } };
    if may_create {
        page.actions = html! { a.button href="/access-reviews/new" { "Begin a review" } };
    }
    asked.frame(&state, &page).await
}

/// When the rights of each system are reviewed again. A system of which there is no list is not known here.
fn again(all: &[Reviewed]) -> Markup {
    let rows = all.iter().map(|one| {
        let (mark, says) = match one.due {
            Due::Never => (Mark::Missed, html! { "no review of them is signed off" }),
            Due::Late { since } => (Mark::Late, html! { "since " (moment::date(since)) }),
            Due::InTime { until } => (Mark::Pass, html! { "until " (moment::date(until)) }),
        };
        let word = match one.due {
            Due::Never => "Never",
            Due::Late { .. } => "Late",
            Due::InTime { .. } => "In time",
        };
        vec![html! { (one.system) }, html! { (one.rights.title()) }, says, badge(mark, word)]
    });
    plain("When each system is reviewed again", &["System", "Rights", "Next", "State"], rows.collect())
}
