//! A browser as far as the tests need one.

use std::sync::atomic::{AtomicU8, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, HOST, SET_COOKIE};
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use tickmark_web::source::{Source, Views};
use tickmark_web::{Settings, WebState, router};
use tower::ServiceExt;

pub(crate) use crate::answer::{Answer, HOST_NAME};

/// A browser with or without a session.
pub(crate) struct Visitor {
    router: Router,
    pub(crate) state: WebState,
    pub(crate) cookie: Option<String>,
}

impl Visitor {
    /// A stranger at the door of a server over `views`.
    pub(crate) fn stranger(views: Views, settings: Settings) -> Self {
        Self::over(Source::frozen(views), settings)
    }

    /// A stranger at the door of a server over any source.
    pub(crate) fn over(source: Source, settings: Settings) -> Self {
        let counter = AtomicU8::new(1);
        let random = move || [counter.fetch_add(1, Ordering::Relaxed); 32];
        let state = WebState::new(source, settings, crate::sample::now, random);
        Self { router: router(state.clone()), state, cookie: None }
    }

    /// Somebody who opened the one-time link.
    pub(crate) async fn guest(views: Views) -> Self {
        Self::guest_of(Source::frozen(views)).await
    }

    /// Somebody who opened the one-time link of a server over any source.
    pub(crate) async fn guest_of(source: Source) -> Self {
        let mut visitor = Self::over(source, Settings::loopback(8143));
        let link = visitor.state.one_time_link(&[200; 32]);
        let answer = visitor.get(&link).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let cookie = answer.header(SET_COOKIE.as_str());
        visitor.cookie = cookie.split(';').next().map(str::to_owned);
        visitor
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, HOST_NAME, "").await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, host: &str, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(HOST, host);
        if !body.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let request = request.body(Body::from(body.to_owned())).expect("request");
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }
}

/// All example addresses of all routes, with the parts and filters of those that have them.
pub(crate) fn pages() -> Vec<String> {
    let mut paths: Vec<String> = tickmark_web::routes()
        .iter()
        .map(|route| route.example.to_owned())
        .filter(|path| {
            let is_file = path.ends_with("/download")
                || path.ends_with("/tlog-proof")
                || path.ends_with(".json")
                || path.starts_with("/ledger/consistency/");
            !is_file && !path.starts_with("/reports/") && path != "/ledger/checkpoint"
        })
        .collect();
    paths.extend(
        [
            "/targets/1?part=facts",
            "/targets/1?part=gaps",
            "/targets/1?part=evidence",
            "/controls?status=gap&sort=title&dir=desc",
            "/controls?page=2",
            "/period?span=90d&state=deviation&by=area",
            "/period?from=2026-01-01&to=2026-12-31&series=CC6",
            "/coverage?by=check&span=90d",
            "/findings?severity=high&sort=since",
            "/ledger?before=1030",
            "/ledger/consistency",
            "/ledger/consistency?from=0&to=7",
            "/period/IAM-08?span=2026-Q4",
            "/period/IAM-08?from=2026-11-01&to=2026-11-30&targets=all",
            "/targets/1/checks/ssh-root-login-disabled?at=2026-11-20T10:30:00Z",
            "/targets/1?part=facts&at=2026-11-20",
            "/criteria?q=nothing-like-this",
        ]
        .map(str::to_owned),
    );
    paths
}
