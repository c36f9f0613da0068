//! The guided start through HTTP.

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::ControlState;
use tickmark_core::identity::Role;

use crate::members::{Server, token};

fn answers<'a>(services: &'a str, kept: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("services", services),
        ("company", "software"),
        ("size", "small"),
        ("premises", "remote"),
        ("hosting", "provider"),
        ("software", "yes"),
        ("availability", "yes"),
        ("kept", kept),
    ]
}

fn kept(page: &str) -> String {
    let rest = page.split_once("name=\"kept\" value=\"").expect("a draft").1;
    rest[..rest.find('"').expect("an end")].to_owned()
}

async fn states(server: &Server) -> Vec<(String, ControlState)> {
    let all = server.app.read(&server.program, async |view| control::controls(view).await).await;
    all.expect("controls").iter().map(|one| (one.id.to_string(), one.state())).collect()
}

#[tokio::test]
async fn questions_lead_to_a_program_that_is_kept_and_then_adopted() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let overview = cam.get("/").await;
    assert!(overview.text().contains("href=\"/start\""), "the empty overview leads there");
    assert!(cam.get("/controls").await.text().contains("href=\"/start\""));
    assert_eq!(cam.get("/start/program").await.header("location"), "/start");

    let refused = cam.send("/start", "/start", &answers(" ", "")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Name at least one service"));
    let sent = cam.send("/start", "/start", &answers("Payroll <b>", "")).await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/start/program"));

    // Left and returned to; somebody else's older page does not overwrite it.
    let page = cam.get("/start").await;
    assert!(page.text().contains("Payroll &lt;b&gt;") && page.text().contains("Kept 24 Nov 2026"));
    let (mut max, _) = server.member("Max", &[Role::ComplianceManager]).await;
    let stale = max.send("/start", "/start", &answers("Other", "")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("Other</textarea>"), "what was typed is there");

    let page = cam.get("/start/program").await;
    let text = page.text();
    assert!(text.contains("value=\"AVL-03\" checked"), "availability is in scope");
    assert!(
        text.contains("value=\"PRV-01\">")
            && text.contains("It answers privacy only, which is not in scope.")
    );
    assert!(text.contains("Nothing in scope stands in premises of yours."));
    let at = kept(text);
    server.world.wait(1);
    let few = [("starter", "IAM-05"), ("starter", "GOV-01"), ("decision", "keep"), ("kept", at.as_str())];
    assert_eq!(cam.send("/start/program", "/start/program", &few).await.status, StatusCode::SEE_OTHER);
    let page = cam.get("/start/program").await;
    assert!(page.text().contains("2 of 110 starter controls chosen"), "{}", page.text());
    assert!(page.text().contains("criteria in scope would be answered by no control"));
    assert!(states(&server).await.is_empty(), "nothing is adopted yet");
    let at = kept(page.text());
    server.world.wait(1);
    let none = [("decision", "adopt"), ("kept", at.as_str())];
    assert!(cam.send("/start/program", "/start/program", &none).await.text().contains("Choose at least one"));
    let unknown = [("starter", "NO-1"), ("decision", "adopt"), ("kept", at.as_str())];
    let refused = cam.send("/start/program", "/start/program", &unknown).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let few = [("starter", "IAM-05"), ("starter", "GOV-01"), ("decision", "adopt"), ("kept", at.as_str())];
    let form = token(cam.get("/start/program").await.text());
    assert_eq!(cam.post("/start/program", &form, &few).await.header("location"), "/start?step=next");
    let next = cam.get("/start?step=next").await;
    for said in ["2 of 2 drafts have none.", "0 controls are in force.", "href=\"/people\"", "href=\"/jobs\""]
    {
        assert!(next.text().contains(said), "{said}: {}", next.text());
    }
    // Sent twice, it is done once.
    assert_eq!(cam.post("/start/program", &form, &few).await.status, StatusCode::CONFLICT);
    let expected = ["GOV-01", "IAM-05"].map(|id| (id.to_owned(), ControlState::Draft));
    assert_eq!(states(&server).await, expected);
}

#[tokio::test]
async fn drafts_that_are_here_are_set_aside_with_the_reason_and_others_stay() {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    let adopted =
        server.app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await).await;
    assert_eq!(adopted.expect("adopted"), 110);
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    cam.send("/start", "/start", &answers("Payroll", "")).await;
    let page = cam.get("/start/program").await;
    assert!(page.text().contains("here: draft") && page.text().contains("Set aside the drafts"));
    let at = kept(page.text());
    server.world.wait(1);
    let fields = [("starter", "IAM-05"), ("aside", "yes"), ("decision", "adopt"), ("kept", at.as_str())];
    let sent = cam.send("/start/program", "/start/program", &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let states = states(&server).await;
    let drafts: Vec<&str> =
        states.iter().filter(|(_, state)| *state == ControlState::Draft).map(|(id, _)| id.as_str()).collect();
    assert_eq!((drafts, states.len()), (vec!["IAM-05"], 110));
    let page = cam.get("/controls/PRV-01").await;
    assert!(page.text().contains("Left out in the guided start: it answers privacy only"), "{}", page.text());

    for role in [Role::Owner, Role::ControlOwner, Role::Executive] {
        let (mut browser, _) = server.member(role.word(), &[role]).await;
        for path in ["/start", "/start/program"] {
            assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{role} {path}");
            let form = token(browser.get("/account").await.text());
            let answer = browser.post(path, &form, &answers("x", "")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role} {path}");
        }
        assert!(!browser.get("/").await.text().contains("href=\"/start\""), "{role}");
    }
}
