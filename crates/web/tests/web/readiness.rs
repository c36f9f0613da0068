//! What is assessed, and what people say about criteria, through pages and the API.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_app::control;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;

use crate::caller::{Caller, parse, refused};
use crate::members::{Server, token};

const WHO: &[Role] = &[Role::ComplianceManager];

async fn adopted() -> Server {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    let adopted =
        server.app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await).await;
    assert!(adopted.expect("adopted") > 100);
    server
}

fn scope<'a>(version: &'a str, exclusions: &'a str, reason: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("version", version),
        ("services", "Payroll & <more>\n\nReports"),
        ("outside", ""),
        ("in-security", "yes"),
        ("why-security", "customers ask"),
        ("why-privacy", "no promises to the people themselves"),
        ("kind", "type_2"),
        ("as_of", ""),
        ("from", "2027-01-01"),
        ("to", "2027-12-31"),
        ("exclusions", exclusions),
        ("idle", ""),
        ("reason", reason),
    ]
}

#[tokio::test]
async fn the_scope_is_chosen_on_a_page_and_what_is_shown_follows_it() {
    let server = adopted().await;
    let (mut cam, _) = server.member("Cam", WHO).await;
    assert!(cam.get("/readiness").await.text().contains("href=\"/readiness/scope\""));
    let page = cam.get("/readiness/scope").await;
    assert!(page.text().contains("61 criteria") && page.text().contains("Nobody has chosen a scope"));
    assert!(cam.get("/criteria").await.text().contains("61 criteria apply"));

    let path = "/readiness/scope";
    let unreadable = cam.send(path, path, &scope("0", "CC6.4 no premises", "first plan")).await;
    assert_eq!(unreadable.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unreadable.text().contains("id: reason") && unreadable.text().contains("CC6.4 no premises"));
    let outside = cam.send(path, path, &scope("0", "P3.1: nothing is collected", "first plan")).await;
    assert_eq!(outside.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(outside.text().contains("id=\"exclusions-fault\">Criterion"), "{}", outside.text());
    let sent = cam.send(path, path, &scope("0", "CC6.4: no <premises> of ours", "first plan")).await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, path), "{}", sent.text());

    let page = cam.get(path).await;
    assert!(page.text().contains("32 criteria") && page.text().contains("Payroll &amp; &lt;more&gt;"));
    assert!(page.text().contains("first plan"), "the history says why");
    assert!(cam.get("/criteria").await.text().contains("32 criteria apply"));
    let left_out = cam.get("/criteria/CC6.4").await;
    assert!(left_out.text().contains("Judged not relevant to the system by Cam"), "{}", left_out.text());
    assert!(left_out.text().contains("no &lt;premises&gt; of ours"));
    assert!(cam.get("/criteria/P3.1").await.text().contains("not among those that are assessed"));

    let (mut max, _) = server.member("Max", WHO).await;
    let stale = max.send(path, path, &scope("0", "", "another plan")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("another plan"), "what was typed is there");

    let (mut ed, _) = server.member("Ed", &[Role::Executive]).await;
    let page = ed.get(path).await;
    assert!(page.text().contains("customers ask") && !page.text().contains("Save the scope"));
    let form = token(ed.get("/account").await.text());
    assert_eq!(ed.post(path, &form, &scope("1", "", "x")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_criterion_is_judged_on_its_page() {
    let server = adopted().await;
    let (mut cam, _) = server.member("Cam", WHO).await;
    let one = cam.get("/criteria/CC6.1").await;
    assert!(one.text().contains("suggested by rule") && one.text().contains("/criteria/CC6.1/judge"));
    let path = "/criteria/CC6.1/judge";
    let said = |version: &'static str, reason: &'static str| {
        vec![
            ("version", version),
            ("status", "partly_met"),
            ("lacks", "<contractors>"),
            ("compensation", ""),
            ("reason", reason),
        ]
    };
    let bare = cam.send(path, path, &said("0", "")).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bare.text().contains("Say why") && bare.text().contains("&lt;contractors&gt;"));
    let sent = cam.send(path, path, &said("0", "the review leaves them out")).await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (StatusCode::SEE_OTHER, "/criteria/CC6.1"),
        "{}",
        sent.text()
    );
    let one = cam.get("/criteria/CC6.1").await;
    let text = one.text();
    assert!(
        text.contains("Partly met") && text.contains("Cam ") && !text.contains("suggested by rule"),
        "{text}"
    );
    assert!(
        text.contains("The rule suggests not assessed") && text.contains("&lt;contractors&gt;"),
        "{text}"
    );
    let stale = cam.send(path, path, &said("0", "once more")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("the review leaves them out"), "the history has what was said");

    let (mut ed, _) = server.member("Ed", &[Role::Executive]).await;
    assert!(!ed.get("/criteria/CC6.1").await.text().contains("/judge"));
    assert_eq!(ed.get(path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn people_change_both_through_the_api_from_the_version_that_they_saw() {
    let server = adopted().await;
    let mut cam = Caller::person(&server, "Cam", Role::ComplianceManager).await;
    let (scope, judgement) = ("/readiness/scope", "/criteria/CC6.1/judgement");
    let seen = cam.get(scope).await;
    let mut wanted = parse(&seen);
    assert_eq!(wanted["categories"].as_array().map(Vec::len), Some(5));
    assert_eq!((&wanted["report_type"], &wanted["from"]), (&json!(2), &Value::Null));
    wanted["categories"] = json!([{"id": "security", "reason": "customers ask"}]);
    wanted["exclusions"] = json!([{"id": "CC6.4", "reason": "no premises"}]);
    let change = json!({"scope": wanted, "reason": "first plan"});
    let changed = cam.from(&seen, Method::PUT, scope, &change).await;
    assert_eq!((changed.status, parse(&changed)), (StatusCode::OK, wanted.clone()), "{}", changed.text());
    let stale = cam.from(&seen, Method::PUT, scope, &change).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let mut mixed = wanted;
    mixed["as_of"] = json!("2027-03-31");
    let mixed = cam.from(&changed, Method::PUT, scope, &json!({"scope": mixed, "reason": "x"})).await;
    refused(&mixed, StatusCode::UNPROCESSABLE_ENTITY, "a type 1 has as_of");
    let versions = parse(&cam.get("/readiness/scope/versions").await);
    assert_eq!(
        (&versions["items"][0]["version"], &versions["items"][0]["reason"]),
        (&json!(1), &json!("first plan"))
    );

    let seen = cam.get(judgement).await;
    assert_eq!(parse(&seen)["status"], Value::Null);
    let said = json!({"status": "not_met", "lacks": "contractors", "reason": "the review leaves them out"});
    let judged = cam.from(&seen, Method::PUT, judgement, &said).await;
    assert_eq!(
        (judged.status, &parse(&judged)["status"]),
        (StatusCode::OK, &json!("not_met")),
        "{}",
        judged.text()
    );
    let stale = cam.from(&seen, Method::PUT, judgement, &said).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let versions = parse(&cam.get("/criteria/CC6.1/judgement/versions").await);
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(1));
    let unknown = cam.get("/criteria/CC99.9/judgement").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);

    // What a program wrote would be a suggestion; nobody decides by a token.
    let mut program = Caller::program(&server, "Max", Role::ComplianceManager, None).await;
    let by_token = program.from(&judged, Method::PUT, judgement, &said).await;
    assert!(by_token.status.is_client_error(), "{}", by_token.text());
}
