//! Who may look, and what every answer carries.

use axum::http::{Method, StatusCode};
use tickmark_web::{Settings, assets, routes};

use crate::sample::{empty_views, views};
use crate::visitor::{Answer, HOST_NAME, Visitor};

/// What every answer carries, whatever it answers.
fn assert_dressed(answer: &Answer, path: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{path}");
    }
    assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
    assert_eq!(answer.header("x-request-id").len(), 12, "{path}");
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{path}: {policy}"
    );
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    let kind = answer.header("content-type");
    assert!(
        answer.status.is_redirection() || !kind.starts_with("text/") || kind.contains("charset=utf-8"),
        "{path}: {kind}"
    );
    if !path.starts_with("/assets/") || !answer.status.is_success() {
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_stranger_sees_nothing_but_how_to_get_in() {
    let stranger = Visitor::stranger(views(None), Settings::loopback(8143));
    let unknown =
        ["/nope", "/controls/../etc/passwd", "/metrics", "/.git/config", "/theme"].map(str::to_owned);
    let paths: Vec<String> = routes().iter().map(|route| route.example.to_owned()).chain(unknown).collect();
    assert!(paths.len() > 18, "every feature exports its routes");
    for path in &paths {
        let answer = stranger.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_dressed(&answer, path);
        assert!(
            answer.text().contains("one-time link") && answer.text().contains("tickmark serve"),
            "{path}"
        );
        for secret in ["Acme", "ada-01", "permitrootlogin"] {
            assert!(!answer.text().contains(secret), "{path} tells {secret}");
        }
    }
}

#[tokio::test]
async fn a_guest_is_answered_everywhere_and_always_dressed() {
    let guest = Visitor::guest(views(None)).await;
    for route in routes().iter().filter(|route| !route.example.starts_with("/reports/")) {
        let answer = guest.get(route.example).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", route.example);
        assert_dressed(&answer, route.example);
    }
    for path in assets::all() {
        let answer = guest.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_dressed(&answer, &path);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_in_plain_words() {
    let guest = Visitor::guest(views(None)).await;
    for path in [
        "/nope",
        "/controls/NO-99",
        "/criteria/CC99.9",
        "/checks/%3Cscript%3E",
        "/targets/99",
        "/targets/x",
        "/targets/99999999999999999999",
        "/runs/-1",
        "/evidence/abc",
        "/evidence/%00",
        "/ledger/leaves/99999",
        "/reports/readiness.pdf",
        "/reports/..%2Fdata.sqlite",
        "/assets/tickmark.css",
        "/assets/..%2Fsecrets",
    ] {
        let answer = guest.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_dressed(&answer, path);
        assert!(
            answer.text().contains("Nothing is here")
                && answer.text().contains(answer.header("x-request-id")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn only_reading_is_answered() {
    let guest = Visitor::guest(views(None)).await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::TRACE, Method::OPTIONS, Method::PATCH] {
        let answer = guest.ask(method.clone(), "/controls", HOST_NAME, "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_dressed(&answer, "/controls");
    }
    assert_eq!(guest.ask(Method::HEAD, "/controls", HOST_NAME, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn other_names_for_this_address_get_nothing() {
    let guest = Visitor::guest(views(None)).await;
    for host in
        ["evil.example", "evil.example:8143", "127.0.0.1", "127.0.0.1:80", "", "localhost.evil.example:8143"]
    {
        for path in ["/", "/enter?token=00", "/nope"] {
            let answer = guest.ask(Method::GET, path, host, "").await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host} {path}");
            assert_dressed(&answer, path);
            assert!(!answer.text().contains("Acme"));
        }
    }
    for host in ["localhost:8143", "LOCALHOST:8143", "[::1]:8143"] {
        assert_eq!(guest.ask(Method::GET, "/", host, "").await.status, StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn a_link_opens_one_browser_once() {
    let mut visitor = Visitor::stranger(views(None), Settings::loopback(8143));
    let link = visitor.state.one_time_link(&[77; 32]);
    for wrong in [
        "/enter",
        "/enter?token=",
        "/enter?token=4d",
        "/enter?token=%FF",
        &format!("/enter?token={}", "4e".repeat(32)),
    ] {
        let answer = visitor.get(wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert!(answer.header("set-cookie").is_empty(), "{wrong}");
    }

    let answer = visitor.get(&link).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = answer.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains(&"4d".repeat(32)), "the cookie is not the token");
    visitor.cookie = cookie.split(';').next().map(str::to_owned);
    assert_eq!(visitor.get("/").await.status, StatusCode::OK);

    let again = visitor.get(&link).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.text().contains("used already"));

    visitor.cookie = Some(format!("tickmark-8143={}", "00".repeat(32)));
    assert_eq!(visitor.get("/").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let settings =
        Settings { hosts: vec!["tickmark.example".into()], is_secure: true, ..Settings::loopback(443) };
    let visitor = Visitor::stranger(empty_views(), settings);
    let link = visitor.state.one_time_link(&[5; 32]);
    let answer = visitor.ask(Method::GET, &link, "tickmark.example", "").await;
    assert!(answer.header("set-cookie").starts_with("__Host-tickmark-443="));
    assert!(answer.header("set-cookie").ends_with("; Secure"));
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
}

#[tokio::test]
async fn colors_are_kept_and_lead_back() {
    let guest = Visitor::guest(views(None)).await;
    let answer = guest.ask(Method::POST, "/theme", HOST_NAME, "theme=dark&back=%2Fcontrols%3Fq%3Da").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/controls?q=a"));
    assert!(answer.header("set-cookie").starts_with("tickmark_theme=dark;"));
    let odd = guest.ask(Method::POST, "/theme", HOST_NAME, "theme=%22%3E&back=%2F").await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    let far = guest.ask(Method::POST, "/theme", HOST_NAME, "theme=light&back=%2F%2Fevil.example").await;
    assert_eq!(far.header("location"), "/");

    let mut dark = Visitor::guest(views(None)).await;
    dark.cookie = dark.cookie.map(|cookie| format!("{cookie}; tickmark_theme=dark"));
    assert!(dark.get("/").await.text().contains("<html lang=\"en\" data-theme=\"dark\">"));
}
