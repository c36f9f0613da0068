//! The register of commitments through HTTP.

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;

use crate::members::{Server, token};

fn promise<'a>(statement: &'a str, owner: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("kind", "commitment"),
        ("title", "Uptime <b>"),
        ("statement", statement),
        ("source", "Terms, section 4"),
        ("owner", owner),
        ("category", "availability"),
        ("criterion", "A1.2"),
        ("criterion", "A1.1"),
        ("control", "AVL-07"),
        ("reason", "sold so"),
    ]
}

fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&mark).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    rest[..rest.find('"').expect("an end")].to_owned()
}

#[tokio::test]
async fn a_commitment_is_written_approved_by_another_changed_and_retired() {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    let adopted =
        server.app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await).await;
    adopted.expect("adopted");
    let (mut cam, account) = server.member("Cam", &[Role::ComplianceManager]).await;
    let (mut max, _) = server.member("Max", &[Role::ComplianceManager]).await;
    let owner =
        server.world.find_member(&server.app, &server.program, &account.email).await.actor.to_string();
    assert!(cam.get("/commitments").await.text().contains("Write down the first"));

    let new = "/commitments/new";
    let page = cam.get(new).await;
    let (form, once) = (token(page.text()), hidden(page.text(), "once"));
    let mut bad = promise(" ", "");
    bad.push(("once", &once));
    let refused = cam.post(new, &form, &bad).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Say what is promised") && refused.text().contains("Uptime &lt;b&gt;"));
    assert!(refused.text().contains("value=\"AVL-07\" checked"), "what was chosen is still chosen");
    let mut unknown = promise("99.5 %.", "");
    unknown.extend([("once", once.as_str()), ("control", "NO-1")]);
    let refused = cam.post(new, &form, &unknown).await;
    assert!(refused.text().contains("id=\"control-fault\">There is no control NO-1"), "{}", refused.text());
    let mut good = promise("99.5 % each month.", "");
    good.push(("once", &once));
    for _ in 0..2 {
        let sent = cam.post(new, &form, &good).await;
        assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/commitments/1"));
    }
    let list = cam.get("/commitments").await;
    assert!(list.text().contains("1 service commitments") && !list.text().contains("/commitments/2"));
    assert!(cam.get("/controls/AVL-07").await.text().contains("Commitments it keeps"));

    // Nobody answers for it yet, and who wrote it does not approve it.
    let (edit, approve) = ("/commitments/1/edit", "/commitments/1/approve");
    assert!(cam.get(approve).await.text().contains("somebody else decides"));
    let version = hidden(max.get(approve).await.text(), "version");
    let refused = max.send(approve, approve, &[("version", &version)]).await;
    assert!(refused.text().contains("has no named owner"), "{}", refused.text());
    let form = token(cam.get(edit).await.text());
    assert_eq!(
        cam.post(approve, &form, &[("version", &version)]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let mut owned = promise("99.5 % each month.", &owner);
    owned.push(("version", &version));
    assert_eq!(max.send(edit, edit, &owned).await.status, StatusCode::SEE_OTHER);
    let stale = max.send(approve, approve, &[("version", &version)]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let version = hidden(max.get(approve).await.text(), "version");
    assert_eq!(max.send(approve, approve, &[("version", &version)]).await.status, StatusCode::SEE_OTHER);
    assert!(max.get("/commitments/1").await.text().contains("approved by Max"));

    // A change waits; an older form loses nothing.
    let old = version;
    let version = hidden(max.get(edit).await.text(), "version");
    let mut more = promise("99.9 % each month.", &owner);
    more.push(("version", &version));
    assert_eq!(max.send(edit, edit, &more).await.status, StatusCode::SEE_OTHER);
    let page = max.get("/commitments/1").await;
    assert!(page.text().contains("<del>99.5</del> <ins>99.9</ins>"), "{}", page.text());
    let mut late = promise("95 %.", &owner);
    late.push(("version", &old));
    let stale = cam.send(edit, edit, &late).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("<ins>99.9</ins>") && stale.text().contains("95 %.</textarea>"));

    let retire = "/commitments/1/retire";
    assert_eq!(cam.send(retire, retire, &[("reason", " ")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(cam.send(retire, retire, &[("reason", "not sold")]).await.status, StatusCode::SEE_OTHER);
    assert!(cam.get("/commitments/1").await.text().contains("not sold"));
    for gone in [edit, approve, retire] {
        assert_eq!(cam.get(gone).await.status, StatusCode::NOT_FOUND, "{gone}");
    }
    assert!(!cam.get("/controls/AVL-07").await.text().contains("Commitments it keeps"));
    for path in ["/commitments/2", "/commitments/x", "/commitments/99999999999999999999"] {
        assert_eq!(cam.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for role in [Role::Owner, Role::ControlOwner] {
        let (mut browser, _) = server.member(role.word(), &[role]).await;
        let sees = browser.get("/commitments/1").await;
        assert_eq!(sees.status, StatusCode::OK, "{role}");
        assert!(!sees.text().contains("/edit\""), "{role}");
        let form = token(browser.get("/account").await.text());
        assert_eq!(browser.post(new, &form, &good).await.status, StatusCode::NOT_FOUND, "{role}");
    }
}
