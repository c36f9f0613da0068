//! Controls that changed since management signed: named to both parties, and confirmed by management before a report is recorded.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_app::Actor;
use tickmark_app::control;
use tickmark_app::control::edit::{self, Changed};
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Content, ControlId};
use tickmark_core::identity::Role;

use crate::caller::{Caller, made, refused};
use crate::examination::{auditor, owner};
use crate::letters::{asserted, completed, over};
use crate::members::{Server, hidden};

/// Gives CHG-02 another text, which somebody else approves.
async fn reworded(server: &Server, statement: &str) {
    let robin = server.world.person(&server.app, &server.program).await;
    reworded_by(server, &robin, statement).await;
}

/// The same, written by somebody.
async fn reworded_by(server: &Server, by: &Actor, statement: &str) {
    let (app, program, catalog) = (&server.app, &server.program, Catalog::builtin());
    let id: ControlId = "CHG-02".parse().expect("an id");
    let grace = app
        .transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    let one = app.read(by, async |view| control::find(view, &id).await).await.expect("there");
    let content = Content { statement: statement.into(), ..one.content() };
    let from = control::state_of(&one).expect("a digest");
    let changed = app.transact(by, async |cx| {
        edit::change(cx, &id, from, content, one.assigned(), "clearer", &catalog).await
    });
    let Changed::Done(waiting, _) = changed.await.expect("changed") else { panic!("stale") };
    let from = control::state_of(&waiting).expect("a digest");
    app.transact(&grace, async |cx| edit::approve(cx, &id, from, None).await).await.expect("approved");
}

#[tokio::test]
async fn what_changed_since_management_signed_is_confirmed_on_the_page_of_the_report() {
    let server = over().await;
    asserted(&server).await;
    completed(&server).await;
    let mut olu = owner(&server).await;
    let mut audrey = auditor(&server, &mut olu, "Audrey").await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    let (mut ewa, _) = server.member("Ewa", &[Role::Executive]).await;
    let (report, received) = ("/engagements/1/report", "/engagements/1/received/file");
    let to = format!("{report}/changes");
    assert!(cam.get(received).await.text().contains("type=\"file\""), "nothing changed");
    server.world.wait(60);
    reworded(&server, "Another developer approves each change in the repository.").await;

    // Where the report is recorded, what comes first is said, with the way there.
    for path in [received, "/engagements/1/received"] {
        let page = cam.get(path).await;
        for says in [
            "Changed controls come first",
            "1 control in scope changed since management signed, and management has not confirmed it.",
            "href=\"/engagements/1/report#changed\"",
        ] {
            assert!(page.text().contains(says), "{path}, {says}: {}", page.text());
        }
    }
    let page = cam.get("/engagements/1/completion").await;
    assert!(
        page.text().contains("Before a report is recorded: 1 control in scope changed"),
        "{}",
        page.text()
    );
    // What comes next names who may, and leads them there.
    let next = cam.get("/engagements/1").await;
    let says =
        "somebody else confirms what changed of controls in scope since management signed: Eva or Ewa may";
    assert!(next.text().contains(says), "{}", next.text());
    let next = ewa.get("/engagements/1").await;
    assert!(next.text().contains("confirm what changed of 1 control in scope"), "{}", next.text());
    assert!(next.text().contains("href=\"/engagements/1/report#changed\""), "{}", next.text());

    let button = "Confirm these changes for management";
    for (browser, offers) in [(&mut cam, false), (&mut audrey, false), (&mut ewa, true)] {
        let page = browser.get(report).await;
        assert!(page.text().contains("its text is another one"), "{}", page.text());
        assert_eq!(page.text().contains(button), offers, "{}", page.text());
    }
    let seen = hidden(ewa.get(report).await.text(), "changes").to_owned();
    let silent = ewa.send(report, &to, &[("changes", &seen), ("why", "")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", silent.text());
    assert!(
        silent.text().contains("id=\"why-fault\">Say why what was signed holds with these changes."),
        "{}",
        silent.text()
    );
    // What the use case refuses of it stands beside the field as well.
    let long = ewa.send(report, &to, &[("changes", &seen), ("why", &"x".repeat(4_001))]).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", long.text());
    assert!(long.text().contains("id=\"why-fault\">The reason has at most"), "{}", long.text());
    for browser in [&mut cam, &mut audrey] {
        let forged = browser.send("/account", &to, &[("changes", &seen), ("why", "x")]).await;
        assert_eq!(forged.status, StatusCode::NOT_FOUND, "{}", forged.text());
    }

    // What changed once more meanwhile is not what was looked at; nothing that was typed is lost.
    server.world.wait(60);
    reworded(&server, "Two other developers approve each change in the repository.").await;
    let typed = [("changes", seen.as_str()), ("why", "It is <as> strict.")];
    let stale = ewa.send("/account", &to, &typed).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.text());
    assert!(stale.text().contains("nothing was confirmed"), "{}", stale.text());
    assert!(stale.text().contains("It is &lt;as&gt; strict."), "{}", stale.text());
    let seen = hidden(stale.text(), "changes").to_owned();
    let done = ewa.send(report, &to, &[("changes", &seen), typed[1]]).await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, report), "{}", done.text());
    for browser in [&mut cam, &mut audrey, &mut ewa] {
        let page = browser.get(report).await;
        assert!(page.text().contains("Confirmed for management by Ewa, "), "{}", page.text());
        assert!(page.text().contains("It is &lt;as&gt; strict.") && !page.text().contains(button));
    }
    assert!(cam.get(received).await.text().contains("type=\"file\""), "it can be recorded");
    let trail = cam.get("/audit-trail?event=engagement.changes_confirmed").await;
    assert!(trail.text().contains("engagement.changes_confirmed"), "{}", trail.text());

    // One that changes afterwards asks for it again.
    server.world.wait(60);
    reworded(&server, "Nobody approves.").await;
    let page = audrey.get(report).await;
    let says = "One more control changed since the confirmation: management confirms again.";
    assert!(
        page.text().contains(says) && !page.text().contains("Confirmed for management"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn who_wrote_all_of_the_changes_reads_who_may_confirm_them() {
    let server = over().await;
    asserted(&server).await;
    let (mut dora, account) = server.member("Dora", &[Role::ComplianceManager, Role::Executive]).await;
    let (mut ewa, _) = server.member("Ewa", &[Role::Executive]).await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    server.world.wait(60);
    let by = account.actor(&server.world, &server.app).await;
    reworded_by(&server, &by, "Another developer approves each change in the repository.").await;
    let (report, button) = ("/engagements/1/report", "Confirm these changes for management");

    let own = dora.get(report).await;
    let says = "Who wrote all of these changes does not confirm them: ";
    assert!(own.text().contains(says) && own.text().contains("Ewa may."), "{}", own.text());
    assert!(!own.text().contains(button) && !own.text().contains("them: Dora"), "{}", own.text());
    let other = cam.get(report).await;
    assert!(other.text().contains("Somebody else confirms them: "), "{}", other.text());
    assert!(
        other.text().contains("href=\"/controls/CHG-02/history\""),
        "the words stand there: {}",
        other.text()
    );
    assert!(other.text().contains("Section IV prints the text of each as it was"), "{}", other.text());
    let page = ewa.get(report).await;
    assert!(
        page.text().contains(button) && !page.text().contains("does not confirm them"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_workpaper_shows_what_its_control_said_at_the_end_of_the_period() {
    let server = over().await;
    let mut olu = owner(&server).await;
    let mut audrey = auditor(&server, &mut olu, "Audrey").await;
    let (new, path) = ("/engagements/1/workpapers/new", "/engagements/1/workpapers/1");
    let plan = [
        ("control", "CHG-02"),
        ("procedures", "inspection"),
        ("procedure", "Inspected changes."),
        ("attributes", "A | approved by somebody else | no approval"),
    ];
    let begun = audrey.send(new, new, &plan).await;
    assert_eq!(begun.header("location"), path, "{}", begun.text());
    let one = server
        .app
        .read(&server.program, async |view| control::find(view, &"CHG-02".parse().expect("an id")).await);
    let said = one.await.expect("there").text.current().statement.clone();
    reworded(&server, "Nobody at all approves.").await;
    let page = audrey.get(path).await;
    assert!(page.text().contains(&said), "{}", page.text());
    assert!(!page.text().contains("Nobody at all approves."), "that is not what was tested: {}", page.text());
}

#[tokio::test]
async fn what_changed_since_management_signed_is_confirmed_through_the_api() {
    let server = over().await;
    let mut cam = Caller::person(&server, "Cem", Role::ComplianceManager).await;
    let path = "/engagements/1/controls-since-signing";
    let unsigned = made(&cam.get(path).await, StatusCode::OK);
    assert_eq!((&unsigned["signed_at"], &unsigned["changes"]), (&Value::Null, &json!([])));
    asserted(&server).await;
    server.world.wait(60);
    reworded(&server, "Another developer approves each change in the repository.").await;
    let mut ewa = Caller::person(&server, "Ewa", Role::Executive).await;
    let seen = ewa.get(path).await;
    let value = made(&seen, StatusCode::OK);
    let changes = json!([{"control": "CHG-02", "says": "its text is another one"}]);
    assert_eq!((&value["changes"], &value["confirmation"]), (&changes, &Value::Null));
    assert!(value["missing"].as_str().is_some_and(|says| says.contains("has not confirmed it")), "{value}");

    let (to, body) = (format!("{path}/confirmation"), json!({"reason": "It is as strict."}));
    refused(&ewa.post(&to, &body).await, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    refused(&cam.from(&seen, Method::POST, &to, &body).await, StatusCode::NOT_FOUND, "no such thing");
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    refused(&program.from(&seen, Method::POST, &to, &body).await, StatusCode::NOT_FOUND, "no such thing");
    server.world.wait(60);
    reworded(&server, "Two other developers approve each change in the repository.").await;
    let stale = ewa.from(&seen, Method::POST, &to, &body).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let seen = ewa.get(path).await;
    let done = made(&ewa.from(&seen, Method::POST, &to, &body).await, StatusCode::OK);
    assert_eq!((&done["missing"], &done["confirmation"]["covers"]), (&Value::Null, &json!(true)));
    assert_eq!(done["confirmation"]["reason"], "It is as strict.");
    let twice = ewa.from(&seen, Method::POST, &to, &body).await;
    refused(&twice, StatusCode::CONFLICT, "confirmed as it stands");
    let now = ewa.get(path).await;
    assert_ne!(now.header("etag"), seen.header("etag"), "what is kept of it is asked for anew");
}
