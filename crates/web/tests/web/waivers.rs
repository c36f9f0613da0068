//! Waivers through HTTP: asked for by one, decided by another, taken back.

use axum::http::StatusCode;
use tickmark_app::observation::{self, waiver};
use tickmark_core::identity::Role;
use tickmark_core::observation::Verdict;
use tickmark_evaluate::Library;

use crate::members::{Server, token};

fn asking<'a>(check: &'a str, once: &'a str, until: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("check", check),
        ("once", once),
        ("target", "1"),
        ("reason", "The vendor's agent <needs> it"),
        ("risk", "A shared account hides who acted"),
        ("compensation", "Sessions are recorded"),
        ("until", until),
    ]
}

#[tokio::test]
async fn one_asks_another_decides_and_the_failure_stays_a_failure() {
    let server = Server::start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    crate::host::collect(&server.app, &server.program, &library).await;
    let verdicts = server.app.read(&server.program, async |view| observation::verdicts_now(view).await).await;
    let failing = verdicts.expect("verdicts").into_iter().find(|one| one.verdict == Verdict::Fail);
    let check = failing.expect("something fails").check_id;
    let (mut cora, _) = server.member("Cora", &[Role::ControlOwner]).await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let (mut max, _) = server.member("Max", &[Role::Executive]).await;

    // A control owner asks, on the page of the failing check or of the look that failed.
    for path in [format!("/checks/{check}"), format!("/targets/1/checks/{check}")] {
        assert!(cora.get(&path).await.text().contains(&format!("/waivers/new?check={check}")), "{path}");
        assert!(!max.get(&path).await.text().contains("/waivers/new"), "{path}");
    }
    let new = format!("/waivers/new?check={check}&target=1");
    let page = cora.get(&new).await;
    assert!(page.text().contains("value=\"1\" checked"), "{}", page.text());
    let form = token(page.text());
    for (until, says) in [
        ("2026-11-20", "has expired already"),
        ("2028-01-01", "longer than 366 days"),
        ("soon", "Choose a day"),
    ] {
        let refused = cora.post("/waivers/new", &form, &asking(&check, "page-1", until)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{until}");
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
        assert!(refused.text().contains("agent &lt;needs&gt; it"));
    }
    for _ in 0..2 {
        let sent = cora.post("/waivers/new", &form, &asking(&check, "page-1", "2027-02-28")).await;
        assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/waivers/requests/1"));
    }
    let request = "/waivers/requests/1";
    assert!(cora.get(request).await.text().contains("somebody else decides"));
    assert_eq!(cora.post(request, &form, &[("decision", "approve")]).await.status, StatusCode::NOT_FOUND);
    let waiting = cam.get("/waivers").await;
    assert!(waiting.text().contains("Waiting for a decision") && waiting.text().contains("28 Feb 2027"));

    // Refused once, with a reason; asked for again by the manager, who does not approve it alone.
    let without = cam.send(request, request, &[("decision", "refuse"), ("reason", " ")]).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refused = cam.send(request, request, &[("decision", "refuse"), ("reason", "too long")]).await;
    assert_eq!(refused.status, StatusCode::SEE_OTHER);
    assert!(cora.get(request).await.text().contains("too long"));
    let form = token(cam.get(&new).await.text());
    let sent = cam.post("/waivers/new", &form, &asking(&check, "page-2", "2026-12-31")).await;
    assert_eq!(sent.header("location"), "/waivers/requests/2");
    let own = cam.post("/waivers/requests/2", &form, &[("decision", "approve"), ("reason", "")]).await;
    assert!(own.text().contains("does not approve it"), "{}", own.text());
    let approved = max
        .send("/waivers/requests/2", "/waivers/requests/2", &[("decision", "approve"), ("reason", "")])
        .await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text());
    let again = token(max.get("/account").await.text());
    let again = max.post("/waivers/requests/2", &again, &[("decision", "approve"), ("reason", "")]).await;
    assert!(again.text().contains("granted already"), "{}", again.text());

    let list = cam.get("/waivers").await;
    for says in ["31 Dec 2026", "in force", "asked by Cam", "/waivers/1/revoke"] {
        assert!(list.text().contains(says), "{says}: {}", list.text());
    }
    let page = cam.get(&format!("/checks/{check}")).await;
    assert!(page.text().contains("agent &lt;needs&gt; it") && page.text().contains("Fail"));
    // All of it has a page of its own, and the requests a list of theirs.
    assert!(list.text().contains("href=\"/waivers/1\""), "{}", list.text());
    let one = cam.get("/waivers/1").await;
    for says in [
        "agent &lt;needs&gt; it",
        "Asked for",
        "Approved",
        "/waivers/requests/2",
        "/targets/1/",
        "Take it back",
    ] {
        assert!(one.text().contains(says), "{says}: {}", one.text());
    }
    assert!(!cora.get("/waivers/1").await.text().contains("/waivers/1/revoke"), "not hers to take back");
    let requests = cam.get("/waivers/requests?state=refused").await;
    assert!(requests.text().contains("href=\"/waivers/requests/1\"") && requests.text().contains("too long"));
    assert!(!requests.text().contains("href=\"/waivers/requests/2\""), "{}", requests.text());
    let file = cam.get("/export/waiver-requests.csv").await;
    assert_eq!((file.status, file.text().lines().count()), (StatusCode::OK, 3), "{}", file.text());

    let revoke = "/waivers/1/revoke";
    assert_eq!(cora.get(revoke).await.status, StatusCode::NOT_FOUND);
    let refused = cam.send(revoke, revoke, &[("reason", "")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("id=\"reason-fault\""), "{}", refused.text());
    server.world.wait(1);
    let taken = cam.send(revoke, revoke, &[("reason", "the agent is replaced")]).await;
    assert_eq!((taken.status, taken.header("location")), (StatusCode::SEE_OTHER, "/waivers/1"));
    let one = cam.get("/waivers/1").await;
    assert!(one.text().contains("Taken back") && one.text().contains("the agent is replaced"));
    assert!(cam.get("/waivers").await.text().contains("revoked"));
    let all = server.app.read(&server.program, async |view| waiver::list(view).await).await.expect("listed");
    assert_eq!(all.len(), 1);
    for path in [
        "/waivers/new",
        "/waivers/new?check=no-such",
        "/waivers/requests/9",
        "/waivers/9/revoke",
        "/waivers/9",
        "/waivers/x",
        "/waivers/requests/x",
    ] {
        assert_eq!(cam.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
