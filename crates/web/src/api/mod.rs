//! The JSON API under `/api/v1`: what pages show, for programs.
//!
//! Every operation stands in [`OPERATIONS`], from which both the routes and the OpenAPI document are made, so neither can
//! have one that the other lacks. Requests come with a token, or with the session of a browser. Lists are paged by a cursor,
//! answers carry an entity tag, and what is refused is said as a problem (RFC 9457).

mod document;
mod handlers;
pub(crate) mod limit;
mod model;

use axum::Router;
use axum::extract::Query;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::json;
use tickmark_core::Digest;
use tickmark_core::identity::{Atom, Resource, Verb};

use crate::WebState;
use crate::error::Refusal;
use crate::permission::Needs;

pub use document::document;

/// Where the API lies.
pub const BASE: &str = "/api/v1";
/// Items on a page when nothing else is asked for.
pub const PAGE_ITEMS: usize = 100;
/// Most items on a page.
pub const MOST_ITEMS: usize = 200;
/// Pairs of a query that are looked at.
const PAIR_LIMIT: usize = 20;

/// One operation.
pub struct Operation {
    /// Its name.
    pub id: &'static str,
    /// Its path under [`BASE`], e.g. `/controls/{id}`.
    pub path: &'static str,
    /// An address of it.
    pub example: &'static str,
    /// What it answers, in a line.
    pub summary: &'static str,
    /// What it needs.
    pub needs: Atom,
    /// Whether it is a list, paged by a cursor.
    pub is_list: bool,
    /// Other parameters of its query: name and meaning.
    pub filters: &'static [(&'static str, &'static str)],
    /// The shape of its answer.
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    /// What answers.
    pub(crate) handler: fn() -> MethodRouter<WebState>,
}

const fn read(resource: Resource) -> Atom {
    Atom::new(resource, Verb::Read)
}

macro_rules! operation {
    ($id:literal, $path:literal, $example:literal, $summary:literal, $resource:ident, list $filters:expr, $model:ty, $handler:path) => {
        Operation {
            id: $id,
            path: $path,
            example: $example,
            summary: $summary,
            needs: read(Resource::$resource),
            is_list: true,
            filters: $filters,
            schema: SchemaGenerator::subschema_for::<model::Page<$model>>,
            handler: || get($handler),
        }
    };
    ($id:literal, $path:literal, $example:literal, $summary:literal, $resource:ident, one, $model:ty, $handler:path) => {
        Operation {
            id: $id,
            path: $path,
            example: $example,
            summary: $summary,
            needs: read(Resource::$resource),
            is_list: false,
            filters: &[],
            schema: SchemaGenerator::subschema_for::<$model>,
            handler: || get($handler),
        }
    };
}

/// All operations.
pub static OPERATIONS: &[Operation] = &[
    operation!(
        "listControls",
        "/controls",
        "/controls",
        "Controls, by identifier",
        Control,
        list & [("status", "Only of this status")],
        model::Control,
        handlers::controls
    ),
    operation!(
        "getControl",
        "/controls/{id}",
        "/controls/IAM-01",
        "One control",
        Control,
        one,
        model::Control,
        handlers::control
    ),
    operation!(
        "listCriteria",
        "/criteria",
        "/criteria",
        "Criteria, in the order of the framework",
        Catalog,
        list & [("status", "Only of this status")],
        model::Criterion,
        handlers::criteria
    ),
    operation!(
        "getCriterion",
        "/criteria/{id}",
        "/criteria/CC6.1",
        "One criterion",
        Catalog,
        one,
        model::Criterion,
        handlers::criterion
    ),
    operation!(
        "listChecks",
        "/checks",
        "/checks",
        "Checks, by group and identifier",
        Test,
        list & [],
        model::Check,
        handlers::checks
    ),
    operation!(
        "getCheck",
        "/checks/{id}",
        "/checks/ssh-root-login-disabled",
        "One check",
        Test,
        one,
        model::Check,
        handlers::check
    ),
    operation!(
        "listTargets",
        "/targets",
        "/targets",
        "What is looked at, by name",
        TestResult,
        list & [],
        model::Target,
        handlers::targets
    ),
    operation!(
        "getTarget",
        "/targets/{key}",
        "/targets/1",
        "One target with what checks say about it now",
        TestResult,
        one,
        model::TargetDetail,
        handlers::target
    ),
    operation!(
        "listRuns",
        "/runs",
        "/runs",
        "The latest runs, newest first",
        TestResult,
        list & [],
        model::Run,
        handlers::runs
    ),
    operation!("getRun", "/runs/{key}", "/runs/1", "One run", TestResult, one, model::Run, handlers::run),
    operation!(
        "listFindings",
        "/findings",
        "/findings",
        "What falls short now, worst first",
        Exception,
        list & [("severity", "Only of this severity")],
        model::Finding,
        handlers::findings
    ),
    operation!(
        "listEvidence",
        "/evidence",
        "/evidence",
        "The latest artifacts, newest first",
        Evidence,
        list & [],
        model::Artifact,
        handlers::evidence
    ),
    operation!(
        "getEvidence",
        "/evidence/{digest}",
        "/evidence/sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "One artifact, without its bytes",
        Evidence,
        one,
        model::Artifact,
        handlers::artifact
    ),
    operation!(
        "listAuditEvents",
        "/audit-events",
        "/audit-events",
        "The audit trail, newest first",
        AuditTrail,
        list & [
            ("event", "Only this event, or those whose name begins with this word"),
            ("actor", "Only of this actor"),
            ("outcome", "Only with this outcome"),
            ("object", "Only about this id"),
            ("request", "Only of this request"),
            ("from", "From this moment on (RFC 3339)"),
            ("to", "Before this moment (RFC 3339)"),
        ],
        model::AuditEvent,
        handlers::audit_events
    ),
    operation!(
        "getAuditEvent",
        "/audit-events/{number}",
        "/audit-events/1",
        "One event",
        AuditTrail,
        one,
        model::AuditEvent,
        handlers::audit_event
    ),
];

/// Returns the routes.
pub(crate) fn routes() -> Router<WebState> {
    let mut router = Router::new().route("/api/v1/openapi.json", get(described));
    for operation in OPERATIONS {
        router = router.route(&format!("{BASE}{}", operation.path), (operation.handler)());
    }
    router
}

async fn described(headers: HeaderMap) -> Response {
    answer(&headers, &document())
}

/// Returns what an address under [`BASE`] needs.
#[must_use]
pub fn needs(rest: &[&str]) -> Option<Needs> {
    match rest {
        ["v1", "openapi.json"] => Some(Needs::Session),
        ["v1", first, ..] => {
            let found = OPERATIONS.iter().find(|one| one.path.split('/').nth(1) == Some(first))?;
            // Events are narrowed to one's own by the use case; the rest shows all of the organization.
            Some(match found.needs.resource {
                Resource::AuditTrail => Needs::Reach(found.needs),
                _ => Needs::Permission(found.needs),
            })
        }
        _ => None,
    }
}

/// What a list is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    limit: usize,
    after: Option<String>,
    filters: Vec<(String, String)>,
}

impl Asking {
    /// Reads the query of a list. What is not known is refused: a filter that does nothing would show too much.
    fn read(uri: &Uri, filters: &[(&str, &str)]) -> Result<Self, Refusal> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Refusal::Unfit("the query cannot be read".to_owned()))?;
        if pairs.len() > PAIR_LIMIT {
            return Err(Refusal::Unfit("the query has too many parameters".to_owned()));
        }
        let mut asking = Self { limit: PAGE_ITEMS, after: None, filters: Vec::new() };
        let mut seen = std::collections::BTreeSet::new();
        for (name, value) in pairs {
            if !seen.insert(name.clone()) {
                return Err(Refusal::Unfit(format!("the parameter {name:?} is there twice")));
            }
            match name.as_str() {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MOST_ITEMS).contains(limit));
                    asking.limit = limit
                        .ok_or_else(|| Refusal::Unfit(format!("limit is a number from 1 to {MOST_ITEMS}")))?;
                }
                "cursor" => asking.after = Some(uncover(&value)?),
                known if filters.iter().any(|(name, _)| *name == known) => asking.filters.push((name, value)),
                unknown => {
                    return Err(Refusal::Unfit(format!("there is no parameter {unknown:?} here")));
                }
            }
        }
        Ok(asking)
    }

    fn filter(&self, name: &str) -> Option<&str> {
        self.filters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Cuts one page out of all items, whose keys are unique.
    fn page<T>(&self, items: Vec<T>, key: impl Fn(&T) -> String) -> Result<model::Page<T>, Refusal> {
        let mut items = items;
        let from = match &self.after {
            None => 0,
            Some(after) => {
                let at = items.iter().position(|item| key(item) == *after);
                at.ok_or_else(|| Refusal::Unfit("the cursor is of another list, or too old".to_owned()))? + 1
            }
        };
        items.drain(..from);
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items.last().filter(|_| more).map(|item| cover(&key(item)));
        Ok(model::Page { items, next })
    }
}

/// A cursor says nothing to whoever has it, and is no address.
fn cover(key: &str) -> String {
    hex::encode(key)
}

fn uncover(cursor: &str) -> Result<String, Refusal> {
    let bytes = hex::decode(cursor).ok().filter(|bytes| bytes.len() <= 400);
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Refusal::Unfit("the cursor is none that was handed out".to_owned()))
}

/// An answer with its entity tag, or that it is as it was.
fn answer<T: Serialize>(headers: &HeaderMap, value: &T) -> Response {
    let body = match serde_json::to_vec(value) {
        Ok(body) => body,
        Err(error) => return Refusal::Internal(format!("writing an answer: {error}")).into_response(),
    };
    let tag = format!("W/\"{}\"", &Digest::of(&body).hex()[..32]);
    let is_same = headers
        .get(IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| matches(one.trim(), &tag)));
    let fields: [(HeaderName, String); 3] = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (ETAG, tag),
        // Kept by whoever asked, and asked about each time.
        (CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if is_same { (StatusCode::NOT_MODIFIED, fields).into_response() } else { (fields, body).into_response() }
}

fn matches(known: &str, tag: &str) -> bool {
    let bare = |text: &str| text.strip_prefix("W/").unwrap_or(text).to_owned();
    known == "*" || bare(known) == bare(tag)
}

/// What is refused, as a problem (RFC 9457).
pub(crate) fn problem(refusal: &Refusal, status: StatusCode, id: &str) -> Response {
    let detail = match refusal {
        Refusal::Unfit(says) => says.as_str(),
        Refusal::NotFound => "there is no such thing, or it may not be known to be there",
        Refusal::NoSession | Refusal::SignedOut => "send a token: Authorization: Bearer tmk_api_…",
        Refusal::TooMany(_) => "too many requests; wait as long as Retry-After says",
        Refusal::Method => "this address does not take this method",
        Refusal::WrongHost => "this server does not answer for this host",
        Refusal::Unavailable(_) => "it cannot be read in time; try again in a moment",
        _ => "the request could not be answered",
    };
    let document = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Problem"),
        "status": status.as_u16(),
        "detail": detail,
        "request": id,
    });
    let mut response = (status, document.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert("www-authenticate", HeaderValue::from_static("Bearer realm=\"tickmark\""));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let ask = |query: &str| {
            let uri: Uri = format!("/x?{query}").parse().expect("an address");
            Asking::read(&uri, &[("status", "")])
        };
        let items = || (1..=5).collect::<Vec<i32>>();
        let mut seen = Vec::new();
        let mut query = "limit=2&status=x".to_owned();
        loop {
            let page = ask(&query).expect("fits").page(items(), ToString::to_string).expect("a page");
            seen.extend(page.items);
            match page.next {
                Some(next) => query = format!("limit=2&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, items());
        for wrong in [
            "limit=0",
            "limit=201",
            "limit=x",
            "cursor=zz",
            "cursor=ff",
            "other=1",
            "limit=1&limit=2",
            "status=a&status=b",
        ] {
            assert!(matches!(ask(wrong), Err(Refusal::Unfit(_))), "{wrong}");
        }
        assert!(
            ask(&format!("cursor={}", cover("9"))).expect("fits").page(items(), ToString::to_string).is_err()
        );
    }

    #[test]
    fn every_operation_declares_what_it_needs_and_has_a_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for operation in OPERATIONS {
            let path = format!("/api/v1{}", operation.example);
            let rest: Vec<&str> = path.split('/').skip(2).collect();
            let declared = needs(&rest).expect("declared");
            assert!(
                matches!(declared, Needs::Permission(atom) | Needs::Reach(atom) if atom == operation.needs),
                "{path}"
            );
            assert!(names.insert(operation.id));
        }
        assert_eq!(needs(&["v2", "controls"]), None);
        assert_eq!(needs(&["v1", "nothing"]), None);
    }
}
