//! The audit trail through HTTP.

use axum::http::StatusCode;
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::people;
use tickmark_core::identity::Role;

use crate::members::Server;

#[tokio::test]
async fn events_are_searched_and_lead_to_their_entries() {
    let server = Server::start().await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let member = server.world.find_member(&server.app, &server.program, &robin.email).await;
    let why = "on <leave>, =1+1";
    server
        .app
        .transact(&server.program, async |cx| people::suspend(cx, member.id, why).await)
        .await
        .expect("suspended");
    server.app.sequence(&server.program).await.expect("sequenced");
    let (mut manager, account) = server.member("Cam", &[Role::ComplianceManager]).await;
    let all = manager.get("/audit-trail").await;
    assert_eq!(all.status, StatusCode::OK);
    for word in ["member.suspended", "member.joined", "auth.login", "Export CSV", "Robin"] {
        assert!(all.text().contains(word), "{word}");
    }
    let rows = async |query: &str| {
        let mut browser = server.signed_in(&account).await;
        let page = browser.get(&format!("/audit-trail?{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        page.text().matches("<a class=\"num\" href=\"/audit-trail/").count()
    };
    assert_eq!(rows("event=member.suspended").await, 1);
    assert_eq!(rows(&format!("object={}&event=member", member.id)).await, 2, "joined and suspended");
    let by = Filter { actor: Some(server.program.id), ..Filter::default() };
    let done = server.app.read(&server.program, async |view| audit::search(view, &by, 100).await).await;
    assert_eq!(rows(&format!("actor={}", server.program.id)).await, done.expect("rows").len());
    assert_eq!(rows("outcome=denied").await, 0);
    assert_eq!(rows("to=2001-01-01").await, 0);
    assert_eq!(rows("from=2001-01-01&event=member.suspended").await, 1);
    assert_eq!(rows("event=no.such").await, 0);
    for wrong in ["outcome=maybe", "actor=x", "from=yesterday", "before=x"] {
        assert_eq!(
            manager.get(&format!("/audit-trail?{wrong}")).await.status,
            StatusCode::BAD_REQUEST,
            "{wrong}"
        );
    }
    let filter = Filter { event: Some("member.suspended".into()), ..Filter::default() };
    let found = server.app.read(&server.program, async |view| audit::search(view, &filter, 2).await).await;
    let row = found.expect("rows").pop().expect("one");
    let page = manager.get(&format!("/audit-trail/{}", row.number)).await;
    assert!(page.text().contains("on &lt;leave&gt;") && page.text().contains(&row.leaf.to_string()));
    let at = page.text().find("/ledger/leaves/").expect("a link to the entry");
    let entry: String = page.text()[at..].chars().take_while(|c| *c != '"').collect();
    let entry = manager.get(&entry).await;
    assert!(entry.text().contains("member.suspended"), "{}", entry.text());
    for number in ["0", "999999", "-1", "x", "9223372036854775807", "-9223372036854775808"] {
        let path = format!("/audit-trail/{number}");
        assert_eq!(manager.get(&path).await.status, StatusCode::NOT_FOUND, "{number}");
    }
}

#[tokio::test]
async fn whoever_reads_only_their_own_sees_no_others() {
    let server = Server::start().await;
    let (mut owner, _) = server.member("Fay", &[Role::Owner]).await;
    owner.get("/account").await;
    let (mut employee, account) = server.member("Eve", &[Role::Employee]).await;
    let own = server.world.find_member(&server.app, &server.program, &account.email).await.actor;
    let page = employee.get("/audit-trail").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("auth.login") && !page.text().contains("Fay"), "{}", page.text());
    assert!(!page.text().contains("Export CSV"));
    let other = server.world.find_member(&server.app, &server.program, "fay@example.com").await.actor;
    let page = employee.get(&format!("/audit-trail?actor={other}")).await;
    assert!(page.text().contains("No event matches"));
    let rows =
        server.app.read(&server.program, async |view| audit::search(view, &Filter::default(), 200).await);
    for row in rows.await.expect("rows") {
        let status = employee.get(&format!("/audit-trail/{}", row.number)).await.status;
        let expected = if row.actor == own { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(status, expected, "{row:?}");
    }
    for path in ["/audit-trail/export.csv", "/audit-trail/export.jsonl"] {
        assert_eq!(employee.get(path).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_trail_is_taken_out_whole_and_that_is_an_event() {
    let server = Server::start().await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let id = server.world.find_member(&server.app, &server.program, &robin.email).await.id;
    for (at, why) in ["=cmd|' /C calc'!A1", "+1", "-1", "@SUM(A1)", "a \"quoted\", line"].iter().enumerate() {
        let change = async |cx: &mut tickmark_app::Cx<'_>| {
            if at % 2 == 0 { people::suspend(cx, id, why).await } else { people::resume(cx, id, why).await }
        };
        server.app.transact(&server.program, change).await.expect("changed");
    }
    let (mut manager, account) = server.member("Cam", &[Role::ComplianceManager]).await;
    server.world.wait(601);
    let stale = manager.get("/audit-trail/export.csv?event=member").await;
    assert_eq!(stale.header("location"), "/step-up?back=%2Faudit-trail%2Fexport.csv%3Fevent%3Dmember");
    let mut manager = server.signed_in(&account).await;
    let csv = manager.get("/audit-trail/export.csv").await;
    assert_eq!(csv.status, StatusCode::OK);
    assert!(csv.header("content-disposition").starts_with("attachment"));
    assert!(csv.header("content-security-policy").starts_with("sandbox"));
    for written in ["'=cmd|' /C calc'!A1", ",'+1,", ",'-1,", ",'@SUM(A1),", "\"a \"\"quoted\"\", line\""] {
        assert!(csv.text().contains(written), "{written}: {}", csv.text());
    }
    let lines = manager.get("/audit-trail/export.jsonl?event=member").await;
    let parsed: Vec<serde_json::Value> =
        lines.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(
        parsed.len() >= 8
            && parsed.windows(2).all(|pair| { pair[0]["number"].as_i64() < pair[1]["number"].as_i64() })
    );
    let filter = Filter { event: Some("trail.exported".into()), ..Filter::default() };
    let rows = server.app.read(&server.program, async |view| audit::search(view, &filter, 9).await).await;
    assert_eq!(rows.expect("rows").len(), 2, "one for each file");
}

#[tokio::test]
async fn among_many_members_those_are_offered_who_stand_on_the_page() {
    let server = Server::start().await;
    for number in 0..201 {
        server.world.member(&server.app, &server.program, &format!("Robin{number}"), &[Role::Employee]).await;
    }
    let member = async |name: &str| server.world.find_member(&server.app, &server.program, name).await;
    let (suspended, other) = (member("robin7@example.com").await, member("robin42@example.com").await);
    let change = async |cx: &mut tickmark_app::Cx<'_>| people::suspend(cx, suspended.id, "on leave").await;
    server.app.transact(&server.program, change).await.expect("suspended");
    let (mut manager, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let page = manager.get("/audit-trail?event=member.suspended").await;
    let about = format!("<a href=\"/people/{}\">Robin7</a>", suspended.id);
    assert!(page.text().contains(&about), "{}", page.text());
    assert!(page.text().contains("offers those who stand on this page") && !page.text().contains("Robin42"));
    let page = manager.get(&format!("/audit-trail?actor={}", other.actor)).await;
    let chosen = format!("<option value=\"{}\" selected>Robin42</option>", other.actor);
    assert!(page.text().contains(&chosen) && !page.text().contains("Robin43"), "{}", page.text());
    let page = manager.get(&format!("/people/{}", other.id)).await;
    assert!(page.text().contains(&format!("/audit-trail?actor={}", other.actor)));
}
