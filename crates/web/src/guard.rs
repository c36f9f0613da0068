//! What every answer carries and what every request must bring: request id, security headers, the right host, a
//! session. One layer around everything, so that no route and no error can be without it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::WebState;
use crate::design::frame::Theme;
use crate::error::Refusal;
use crate::session::cookie;

/// The policy of pages: our own styles, script, fonts and pictures, and nothing else; no inline code.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The policy of downloads, which may hold anything.
pub const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("x-permitted-cross-domain-policies", "none"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), \
         usb=(), browsing-topics=()",
    ),
];

/// Refuses what must not pass, answers the rest, and dresses the answer.
pub(crate) async fn guard(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let id = state.next_request_id();
    let theme = theme(request.headers());
    let line = format!("{} {}", request.method(), request.uri().path());
    let response = match admit(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    dress(explain(response, theme, &id, &line), &state, &id)
}

fn admit(state: &WebState, request: &Request) -> Result<(), Refusal> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    // Names are checked on every request: a page of another name that was rebound to this address gets nothing.
    if !state.answers_for(host) {
        return Err(Refusal::WrongHost);
    }
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        return Err(Refusal::Method);
    }
    let path = request.uri().path();
    let is_open = path == "/enter" || path.starts_with("/assets/");
    if is_open || state.sessions().admits(request.headers(), &state.cookie_name(), state.now()) {
        Ok(())
    } else {
        Err(Refusal::NoSession)
    }
}

/// Turns refusals, and failures of parts that know no pages, into pages; logs our own faults once.
fn explain(response: Response, theme: Theme, id: &str, line: &str) -> Response {
    let status = response.status();
    let known = response.extensions().get::<Arc<Refusal>>().cloned();
    let refusal = match known {
        Some(refusal) => refusal,
        None if status.is_client_error() || status.is_server_error() => Arc::new(Refusal::of_status(status)),
        None => return response,
    };
    if status.is_server_error() {
        tracing::error!(request_id = id, request = line, reason = %refusal, "request failed");
    }
    (status, refusal.page(theme, id)).into_response()
}

fn dress(mut response: Response, state: &WebState, id: &str) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if state.is_secure() {
        let value = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(HeaderName::from_static("strict-transport-security"), value);
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

/// The colors that the request's cookie chose.
pub(crate) fn theme(headers: &HeaderMap) -> Theme {
    match cookie(headers, THEME_COOKIE) {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// The cookie that keeps the colors; no secret, and script may set it.
pub(crate) const THEME_COOKIE: &str = "tickmark_theme";
