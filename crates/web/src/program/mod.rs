//! What people do in the program: occurrences of controls, the calendar of what is due, populations of what triggers
//! produced, lists of access, conflicts of duties and reviews of access.

pub(crate) mod access;
pub(crate) mod access_review;
mod calendar;
mod occurrence;
pub(crate) mod population;
pub(crate) mod segregation;

use axum::extract::DefaultBodyLimit;
use maud::{Markup, html};
use tickmark_core::program::performance::WindowState;

use crate::design::badge::badge;
use crate::design::icon::Mark;
use crate::error::Refusal;
use crate::list::Listed;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(crate) use occurrence::on_control;
pub(crate) use population::{file_of as population_file, listed as listed_populations};

pub(crate) fn desk_routes() -> Vec<Desk> {
    let mut routes = vec![
        Desk {
            path: "/calendar",
            example: "/calendar",
            looks: true,
            changes: false,
            handler: get(calendar::page),
        },
        Desk {
            path: "/controls/{id}/occurrences",
            example: "/controls/IAM-01/occurrences",
            looks: true,
            changes: true,
            handler: get(occurrence::page).post(occurrence::record).layer(DefaultBodyLimit::disable()),
        },
    ];
    routes.extend(population::desk_routes());
    routes.extend(access::desk_routes());
    routes.extend(segregation::desk_routes());
    routes.extend(access_review::desk_routes());
    routes
}

/// What is due in a month, as a list.
pub(crate) async fn listed_due(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    calendar::listed(state, asked).await
}

/// The mark of what became of a window.
fn mark_of(state: WindowState) -> Mark {
    match state {
        WindowState::Done => Mark::Pass,
        WindowState::NotYetDue => Mark::NotYetDue,
        WindowState::Late => Mark::Late,
        WindowState::Missed => Mark::Missed,
    }
}

/// What became of a window in a word.
fn word_of(state: WindowState) -> &'static str {
    match state {
        WindowState::Done => "Done",
        WindowState::NotYetDue => "Due",
        WindowState::Late => "Late",
        WindowState::Missed => "Missed",
    }
}

fn state_badge(state: WindowState) -> Markup {
    html! { (badge(mark_of(state), word_of(state))) }
}
