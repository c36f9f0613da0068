//! How the API answers: JSON with an entity tag, or a problem.

use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use tickmark_core::Digest;

use super::fit::Misfit;
use super::methods;
use crate::error::Refusal;

/// What a handler comes to.
pub(super) type Answered = Result<Response, Refusal>;

/// An answer with its entity tag, or that it is as it was.
pub(super) fn answer<T: Serialize>(headers: &HeaderMap, value: &T) -> Response {
    let body = match serde_json::to_vec(value) {
        Ok(body) => body,
        Err(error) => return Refusal::Internal(format!("writing an answer: {error}")).into_response(),
    };
    let tag = format!("W/\"{}\"", &Digest::of(&body).hex()[..32]);
    tagged(headers, body, tag)
}

/// An answer with the version as its entity tag, by which it is changed.
pub(super) fn answer_of<T: Serialize>(headers: &HeaderMap, value: &T, version: &str) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => tagged(headers, body, quoted(version)),
        Err(error) => Refusal::Internal(format!("writing an answer: {error}")).into_response(),
    }
}

fn tagged(headers: &HeaderMap, body: Vec<u8>, tag: String) -> Response {
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

/// A version as an entity tag; empty stays empty.
pub(super) fn quoted(version: &str) -> String {
    if version.is_empty() { String::new() } else { format!("\"{version}\"") }
}

/// What is refused, as a problem (RFC 9457).
pub(crate) fn problem(refusal: &Refusal, status: StatusCode, id: &str, line: &str) -> Response {
    let detail = match refusal {
        Refusal::Unfit(says) => says.as_str(),
        Refusal::Refused(refused) => refused.says.as_str(),
        Refusal::NotFound => "there is no such thing, or it may not be known to be there",
        Refusal::Forged => "a page of another site sent this",
        Refusal::NoSession | Refusal::SignedOut => "send a token: Authorization: Bearer tmk_api_…",
        Refusal::TooMany(_) => "too many requests; wait as long as Retry-After says",
        Refusal::Method => "this address does not take this method",
        Refusal::WrongHost => "this server does not answer for this host",
        Refusal::Unavailable(_) => "it cannot be read in time; try again in a moment",
        _ => "the request could not be answered",
    };
    let mut document = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Problem"),
        "status": status.as_u16(),
        "detail": detail,
        "request": id,
    });
    if let Refusal::Refused(refused) = refusal {
        if !refused.misfits.is_empty() {
            let one = |one: &Misfit| json!({"pointer": one.pointer, "detail": one.says});
            document["errors"] = refused.misfits.iter().map(one).collect();
        }
        if let Some(meanwhile) = &refused.meanwhile {
            document["etag"] = quoted(&meanwhile.tag).into();
            document["current"] = meanwhile.current.clone();
            document["changes"] = meanwhile.changes.clone().into();
        }
    }
    let mut response = (status, document.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let path = line.split(' ').nth(1).unwrap_or_default();
        if let Ok(methods) = HeaderValue::from_str(&methods(path).join(", ")) {
            headers.insert(ALLOW, methods);
        }
    }
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9470 for who is known and has to show it again.
        let challenge = match refusal {
            Refusal::Refused(_) => "Bearer realm=\"tickmark\", error=\"insufficient_user_authentication\"",
            _ => "Bearer realm=\"tickmark\"",
        };
        headers.insert("www-authenticate", HeaderValue::from_static(challenge));
    }
    response
}
