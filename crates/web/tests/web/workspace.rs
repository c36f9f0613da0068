//! What the auditor's workspace says to whom: what waits, what comes next, how a sample goes on, what is taken out.

use axum::http::StatusCode;
use tickmark_core::identity::Role;

use crate::examination::{auditor, company, done, owner};
use crate::members::Server;

#[tokio::test]
async fn a_request_stands_in_the_work_of_whoever_sees_to_it_and_its_answer_in_the_auditors() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let (mut coo, account) = server.member("Coo", &[Role::ControlOwner]).await;
    let list = "/engagements/1/requests/import";
    audrey.send(list, "/engagements/1/requests/defaults", &[]).await;
    assert!(audrey.get("/work").await.text().contains("Nothing waits for you"));
    assert!(coo.get("/work").await.text().contains("Nothing waits for you"));
    let member = server.world.find_member(&server.app, &server.program, &account.email).await;
    let path = "/engagements/1/requests/1";
    done(&mut cam, path, &format!("{path}/assign"), &[("owner", &member.actor.to_string())]).await;
    let work = coo.get("/work").await;
    for says in ["Requests of examinations", path, "Organisation chart with names and dates", "You see to it"]
    {
        assert!(work.text().contains(says), "{says}: {}", work.text());
    }
    assert!(!audrey.get("/work").await.text().contains(path), "not handed in");
    let page = cam.get(path).await;
    let (version, once) = (
        crate::members::hidden(page.text(), "version").to_owned(),
        crate::members::hidden(page.text(), "once").to_owned(),
    );
    let fields = [("version", version.as_str()), ("once", &once), ("answer", "As of today."), ("source", "")];
    let sent = cam.upload(path, &format!("{path}/submit"), &fields, &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert!(!coo.get("/work").await.text().contains(path));
    let hers = audrey.get("/work").await;
    assert!(hers.text().contains("Answers to decide about") && hers.text().contains(path), "{}", hers.text());
    let back = [("reason", "the names are missing")];
    done(&mut audrey, path, &format!("{path}/return"), &back).await;
    assert!(coo.get("/work").await.text().contains("The auditor sent it back"));
    let nothing = audrey.get("/work").await;
    assert!(nothing.text().contains("Nothing waits for you") && nothing.text().contains("auditor-band"));
}
