//! Findings through HTTP: taken on, planned, extended, fixed by one and closed by another.

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;
use tickmark_evaluate::Library;

use crate::members::{Server, token};

fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&mark).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    rest[..rest.find('"').expect("an end")].to_owned()
}

#[tokio::test]
async fn a_finding_is_fixed_by_one_and_closed_by_another() {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    server
        .app
        .transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    crate::host::collect(&server.app, &server.program, &library).await;
    let (mut cora, account) = server.member("Cora", &[Role::ControlOwner]).await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let owner =
        server.world.find_member(&server.app, &server.program, &account.email).await.actor.to_string();
    let list = cora.get("/findings").await;
    let text = list.text();
    let at = text.find("href=\"/findings/test.").expect("a finding of a test");
    let path = text[at + 6..].split('"').next().expect("an end").to_owned();

    let plan = |due: &'static str, act: &'static str| {
        vec![("act", act), ("owner", owner.as_str()), ("due", due), ("cause", ""), ("plan", "Delete <eve>")]
    };
    let page = cora.get(&path).await;
    assert!(page.text().contains("nobody has taken it on"), "{}", page.text());
    let refused = cora.send(&path, &path, &plan("never", "take")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("It needs its due day") && refused.text().contains("Delete &lt;eve&gt;"));
    assert_eq!(cora.send(&path, &path, &plan("2026-12-31", "take")).await.status, StatusCode::SEE_OTHER);
    let form = token(cora.get(&path).await.text());
    let twice = cora.post(&path, &form, &plan("2026-12-31", "take")).await;
    assert!(
        twice.text().contains("taken it on already") || twice.text().contains("took it on already"),
        "{}",
        twice.text()
    );

    let version = hidden(cora.get(&path).await.text(), "version");
    let extend = [
        ("act", "extend"),
        ("version", version.as_str()),
        ("to", "2027-01-31"),
        ("reason", "vendor is late"),
    ];
    assert_eq!(cora.post(&path, &form, &extend).await.status, StatusCode::SEE_OTHER);
    assert_eq!(cora.post(&path, &form, &extend).await.status, StatusCode::CONFLICT, "an old page");
    let page = cora.get(&path).await;
    assert!(
        page.text().contains("extended 1 time") && page.text().contains("due 31 Jan 2027"),
        "{}",
        page.text()
    );
    assert!(cora.get("/findings").await.text().contains("2027-01-31"), "the list says by when");

    let version = hidden(page.text(), "version");
    let fix =
        |shown| [("act", "fix"), ("version", version.as_str()), ("note", "eve is gone"), ("shown_by", shown)];
    let refused = cora.post(&path, &form, &fix("")).await;
    let beside = "id=\"shown_by-fault\">Say where the fix can be seen.";
    assert!(refused.text().contains(beside), "{}", refused.text());
    assert!(
        refused.text().contains("<details open><summary>Say that it is fixed"),
        "what was typed is in sight"
    );
    assert_eq!(cora.post(&path, &form, &fix("run 2")).await.status, StatusCode::SEE_OTHER);

    // Whoever fixed it verifies nothing, even with the right to.
    let verify = format!("{path}/verify");
    let close = |version: &str| {
        vec![("version", version.to_owned()), ("note", "looked".to_owned()), ("decision", "close".to_owned())]
    };
    let version = hidden(cam.get(&path).await.text(), "version");
    let fields = close(&version);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(cora.post(&verify, &form, &fields).await.status, StatusCode::NOT_FOUND);
    let reopened = [("version", version.as_str()), ("note", "still there"), ("decision", "reopen")];
    assert_eq!(cam.send(&path, &verify, &reopened).await.status, StatusCode::SEE_OTHER);
    let version = hidden(cam.get(&path).await.text(), "version");
    let own = [("act", "fix"), ("version", version.as_str()), ("note", "really gone"), ("shown_by", "run 3")];
    assert_eq!(cam.send(&path, &path, &own).await.status, StatusCode::SEE_OTHER);
    let page = cam.get(&path).await;
    assert!(page.text().contains("somebody else verifies it"), "{}", page.text());
    let form = token(cam.get("/account").await.text());
    let number: i64 = version.parse().expect("a number");
    let fields = close(&(number + 1).to_string());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = cam.post(&verify, &form, &fields).await;
    assert!(
        refused.text().contains("who fixed it does not verify it")
            || refused.text().contains("Who fixed it does not verify it"),
        "{}",
        refused.text()
    );
    let (mut max, _) = server.member("Max", &[Role::Executive]).await;
    let page = max.get(&path).await;
    assert_eq!(max.post(&verify, &token(page.text()), &fields).await.status, StatusCode::SEE_OTHER);

    let page = max.get(&path).await;
    for says in ["Verified and closed", "Did not hold", "Extended", "still there", "nobody has taken it on"] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    for path in ["/findings/test.NO-1.x", "/findings/x", "/findings/%00"] {
        assert_eq!(cam.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
