//! The only code that knows HTTP: server-rendered pages on loopback.
//!
//! [`router`] answers everything; [`WebState`] carries where data comes from ([`source::Source`]), who may look, and
//! the clock and randomness that the caller provides. Each feature exports its own routes; nothing is reachable
//! without a session except the one-time link, the style sheets and, with accounts, the doors: sign-in and invitations.
//! [`permission::needs`] declares what each address needs.

pub mod api;
pub mod assets;
mod bulk;
pub mod catalog;
mod comment;
pub mod conclusion;
pub mod control;
pub mod design;
mod distribution;
mod engagement;
pub mod error;
pub mod evidence;
mod form;
pub mod guard;
pub mod identity;
mod job;
pub mod ledger;
mod list;
mod notice;
pub mod observation;
pub mod permission;
pub mod program;
pub mod report;
mod route;
mod search;
pub mod session;
pub mod source;
mod state;
mod upload;
mod visit;
mod waiting;
pub mod work;

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

pub use source::{Pages, Source};
pub use state::{Settings, WebState};

use crate::error::Refusal;
use crate::route::{At, Methods, get, post};

/// How long one answer may take.
const ANSWER_TIME_LIMIT: Duration = Duration::from_secs(20);

/// A route of a feature, with an address that leads to it in the sample data: tests walk these.
pub struct Route {
    /// Pattern, e.g. `/controls/{id}`.
    pub path: &'static str,
    /// An address of that pattern.
    pub example: &'static str,
    /// What answers.
    pub(crate) handler: Methods,
}

/// A route of people who do the work: it is there only where the server has accounts, and for members.
pub struct Desk {
    /// Pattern.
    pub path: &'static str,
    /// An address of that pattern.
    pub example: &'static str,
    /// Whether it can be looked at.
    pub looks: bool,
    /// Whether it takes forms.
    pub changes: bool,
    /// What answers.
    pub(crate) handler: Methods,
}

/// Returns all routes of people who do the work, in the order of the flow.
#[must_use]
pub fn desk_routes() -> Vec<Desk> {
    [
        identity::desk_routes(),
        job::desk_routes(),
        list::desk_routes(),
        catalog::desk_routes(),
        control::desk_routes(),
        evidence::desk_routes(),
        observation::desk_routes(),
        program::desk_routes(),
        comment::desk_routes(),
        conclusion::desk_routes(),
        engagement::desk_routes(),
        distribution::desk_routes(),
        search::desk_routes(),
        bulk::desk_routes(),
        work::desk_routes(),
        notice::desk_routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns all routes of all features, in the order of the flow.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        catalog::routes(),
        control::routes(),
        evidence::routes(),
        observation::routes(),
        conclusion::routes(),
        report::routes(),
        ledger::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Ends what takes too long. Forms with files take as long as somebody's connection needs.
async fn in_time(request: Request, next: Next) -> Response {
    let limit =
        if upload::is_upload(request.headers()) { upload::UPLOAD_TIME_LIMIT } else { ANSWER_TIME_LIMIT };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Makes the service that answers everything.
pub fn router(state: WebState) -> Router {
    serving(state.clone()).layer(from_fn_with_state(state, guard::guard))
}

/// What answers behind the guard, in one organization.
fn serving(state: WebState) -> Router {
    let mut router = Router::new();
    for route in routes() {
        router = router.at(route.path, route.handler);
    }
    for desk in desk_routes() {
        router = router.at(desk.path, desk.handler);
    }
    router
        .at("/enter", get(session::enter))
        .merge(identity::routes())
        .merge(distribution::routes())
        .merge(api::routes())
        .at("/theme", post(visit::choose_theme))
        .at("/looking-at", post(visit::choose_system))
        .at("/assets/{file}", get(assets::serve))
        .fallback(|| async { Refusal::NotFound })
        .method_not_allowed_fallback(|| async { Refusal::Method })
        // Pages are drawn anew each time: packing them harder takes longer than it saves.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn(in_time))
        // A panic is our own broken invariant: that request ends with a page, the others go on.
        .layer(CatchPanicLayer::custom(|_| {
            Refusal::Internal("panic in a handler".to_owned()).into_response()
        }))
        .with_state(state)
}
