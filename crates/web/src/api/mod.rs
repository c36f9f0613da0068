//! The JSON API under `/api/v1`: what pages show and do, for programs.
//!
//! Each feature has its operations in a file of its own; from them both the routes and the OpenAPI document are made, so
//! neither can have one that the other lacks. Requests come with a token, or with the session of a browser. Lists are paged
//! by a cursor, answers carry an entity tag, and what is refused is said as a problem (RFC 9457).

mod access;
mod access_review;
mod answer;
mod asking;
mod assessment;
mod attestation;
mod bulk;
pub(crate) mod call;
mod comment;
mod commitment;
mod completion;
mod control;
mod control_test;
mod correction;
mod coverage;
mod distribution;
mod document;
mod engagement;
mod estate;
mod fit;
mod invitation;
mod item;
mod job;
mod keeping;
mod ledger;
pub(crate) mod limit;
mod look;
mod looking;
mod mail;
mod meanwhile;
mod member;
mod model;
mod notice;
mod operation;
mod own_check;
mod performance;
mod period;
mod population;
mod population_list;
mod provider;
mod readiness;
mod register;
mod reminder;
mod report;
mod request;
mod review_act;
mod sample;
mod saved_view;
mod segregation;
mod setting;
mod several;
mod simple_check;
mod start;
mod system;
mod token;
mod waiver;
mod words;
mod work;

use axum::Router;
use axum::http::{HeaderMap, Method};
use axum::response::Response;

use crate::WebState;
use crate::permission::Needs;
use crate::route::{At, get};

pub(crate) use answer::problem;
pub use call::Refused;
pub use document::document;
pub(crate) use operation::Wanted;
pub use operation::{Operation, Writing};

/// Where the API lies.
pub const BASE: &str = "/api/v1";
/// Items on a page when nothing else is asked for.
pub const PAGE_ITEMS: usize = 100;
/// Most items on a page.
pub const MOST_ITEMS: usize = 200;

/// Returns all operations that only look.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        control::LOOKS,
        control_test::LOOKS,
        commitment::LOOKS,
        item::LOOKS,
        keeping::LOOKS,
        performance::LOOKS,
        period::LOOKS,
        waiver::LOOKS,
        correction::LOOKS,
        engagement::LOOKS,
        engagement::changed::LOOKS,
        engagement::prepare::LOOKS,
        engagement::diagram::LOOKS,
        engagement::shared::LOOKS,
        engagement::sight::LOOKS,
        engagement::letting_in::LOOKS,
        engagement::take_out::LOOKS,
        report::LOOKS,
        assessment::LOOKS,
        readiness::LOOKS,
        own_check::LOOKS,
        simple_check::LOOKS,
        comment::LOOKS,
        member::LOOKS,
        invitation::LOOKS,
        setting::LOOKS,
        attestation::LOOKS,
        reminder::LOOKS,
        work::LOOKS,
        start::LOOKS,
        token::LOOKS,
        notice::LOOKS,
        saved_view::LOOKS,
        mail::LOOKS,
        provider::LOOKS,
        system::LOOKS,
        population::LOOKS,
        population_list::LOOKS,
        sample::LOOKS,
        request::LOOKS,
        completion::LOOKS,
        distribution::LOOKS,
        register::LOOKS,
        job::LOOKS,
        estate::LOOKS,
        look::LOOKS,
        coverage::LOOKS,
        ledger::LOOKS,
        access::LOOKS,
        segregation::LOOKS,
        access_review::LOOKS,
    ]
    .into_iter()
    .flatten()
}

/// Returns all operations that change something.
pub fn writings() -> impl Iterator<Item = &'static Writing> {
    [
        control::WRITES,
        control_test::WRITES,
        commitment::WRITES,
        item::WRITES,
        keeping::WRITES,
        performance::WRITES,
        period::WRITES,
        waiver::WRITES,
        correction::WRITES,
        engagement::WRITES,
        engagement::changed::WRITES,
        engagement::prepare::WRITES,
        engagement::diagram::WRITES,
        engagement::shared::WRITES,
        engagement::letting_in::WRITES,
        assessment::WRITES,
        readiness::WRITES,
        own_check::WRITES,
        simple_check::WRITES,
        comment::WRITES,
        bulk::WRITES,
        several::WRITES,
        member::WRITES,
        invitation::WRITES,
        setting::WRITES,
        attestation::WRITES,
        reminder::WRITES,
        start::WRITES,
        token::WRITES,
        notice::WRITES,
        saved_view::WRITES,
        mail::WRITES,
        provider::WRITES,
        system::WRITES,
        population::WRITES,
        population_list::WRITES,
        sample::WRITES,
        request::WRITES,
        completion::WRITES,
        distribution::WRITES,
        job::WRITES,
        estate::WRITES,
        access::WRITES,
        segregation::WRITES,
        access_review::WRITES,
        review_act::WRITES,
    ]
    .into_iter()
    .flatten()
}

/// Returns the routes.
pub(crate) fn routes() -> Router<WebState> {
    let mut router = Router::new().at("/api/v1/openapi.json", get(described));
    for operation in operations() {
        router = router.at(&format!("{BASE}{}", operation.path), (operation.handler)());
    }
    for writing in writings() {
        router = router.at(&format!("{BASE}{}", writing.path), (writing.handler)());
    }
    // How large a body may be is said by its operation.
    router.layer(axum::extract::DefaultBodyLimit::disable())
}

async fn described(headers: HeaderMap) -> Response {
    answer::answer(&headers, &document())
}

/// Returns what a request asks for; none if it is no operation.
pub(crate) fn wanted(method: &Method, path: &str) -> Option<Wanted> {
    let rest: Vec<&str> = path.strip_prefix(BASE)?.strip_prefix('/')?.split('/').collect();
    if ![Method::GET, Method::HEAD].contains(method) {
        return writings().find(|one| one.method == *method && fits(one.path, &rest)).map(Wanted::Change);
    }
    if rest == ["openapi.json"] {
        return Some(Wanted::Document);
    }
    operations().find(|one| fits(one.path, &rest)).map(Wanted::Look)
}

/// Returns what looking at an address under `/api` needs.
#[must_use]
pub fn needs(rest: &[&str]) -> Option<Needs> {
    wanted(&Method::GET, &format!("/api/{}", rest.join("/"))).map(|wanted| wanted.needs())
}

/// Returns what changing something by an address needs.
#[must_use]
pub fn needs_to_write(method: &Method, path: &str) -> Option<Needs> {
    let is_look = [Method::GET, Method::HEAD].contains(method);
    if is_look { None } else { wanted(method, path).map(|wanted| wanted.needs()) }
}

/// Returns the methods that an address takes; none if it is no address of the API.
pub(crate) fn methods(path: &str) -> Vec<&'static str> {
    let Some(rest) = path.strip_prefix(BASE).and_then(|rest| rest.strip_prefix('/')) else {
        return Vec::new();
    };
    let rest: Vec<&str> = rest.split('/').collect();
    let mut methods = Vec::new();
    if rest == ["openapi.json"] || operations().any(|one| fits(one.path, &rest)) {
        methods.extend(["GET", "HEAD"]);
    }
    for (method, word) in [(Method::POST, "POST"), (Method::PUT, "PUT")] {
        if writings().any(|one| one.method == method && fits(one.path, &rest)) {
            methods.push(word);
        }
    }
    methods
}

fn fits(pattern: &str, rest: &[&str]) -> bool {
    let parts: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
    let is_one = |(part, given): (&&str, &&str)| {
        if part.starts_with('{') { !given.is_empty() } else { part == given }
    };
    parts.len() == rest.len() && parts.iter().zip(rest).all(is_one)
}

#[cfg(test)]
mod tests {
    use tickmark_core::identity::separation::is_for_tokens;

    use super::*;

    #[test]
    fn every_operation_declares_what_it_needs_and_has_a_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for operation in operations() {
            let path = format!("{BASE}{}", operation.example);
            let rest: Vec<&str> = path.split('/').skip(2).collect();
            assert_eq!(needs(&rest), Some(operation.needs), "{path}");
            assert!(names.insert(operation.id), "{}", operation.id);
        }
        for writing in writings() {
            let path = format!("{BASE}{}", writing.example);
            assert_eq!(needs_to_write(&writing.method, &path), Some(writing.needs), "{path}");
            assert!(methods(&path).contains(&writing.method.as_str()), "{path}");
            assert!(names.insert(writing.id), "{}", writing.id);
            // What no token may be given is done by people, and said to be.
            let Needs::Reach(atom) = writing.needs else { continue };
            assert!(writing.is_for_people || is_for_tokens(atom), "{}", writing.id);
        }
        assert_eq!(needs_to_write(&Method::DELETE, "/api/v1/controls"), None);
        assert_eq!(needs(&["v2", "controls"]), None);
        assert_eq!(needs(&["v1", "nothing"]), None);
    }
}
