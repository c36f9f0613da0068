//! What completes an engagement, through its pages: events, letters, the report as it was received, copies, files.

use std::sync::Arc;

use axum::http::StatusCode;
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_app::{Actor, engagement};
use tickmark_core::engagement::completion::Letter;
use tickmark_core::engagement::{Assertion, Description, Paper, Part, Passage, Step};
use tickmark_core::identity::Role;

use crate::engagements::{PLAN, program, send};
use crate::examination::{KEY, Says, auditor, owner};
use crate::members::{Browser, Server, hidden};

const DAY: i64 = 86_400;

/// A server with an engagement whose period is over since a few days.
pub(crate) async fn over() -> Server {
    let server = Server::start().await;
    program(&server).await;
    server.state.set_with(Arc::new(Says));
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let page = cam.get("/engagements/new").await;
    let once = hidden(page.text(), "once").to_owned();
    let mut plan: Vec<(&str, &str)> =
        PLAN.iter().copied().filter(|(name, _)| *name != "to" && *name != "from").collect();
    plan.extend([
        ("from", "2026-11-01"),
        ("to", "2026-11-25"),
        ("boundary", "From the form to the payment file."),
        ("firm", "Example Auditors LLP"),
        ("once", &once),
    ]);
    let planned = cam.send("/engagements/new", "/engagements/new", &plan).await;
    assert_eq!(planned.header("location"), "/engagements/1", "{}", planned.text());
    let (mut eva, _) = server.member("Eva", &[Role::Executive]).await;
    let approved = send(&mut eva, "/engagements/1/approve", &[]).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text());
    server.world.wait(10 * DAY);
    server
}

/// Three people who work on the machine itself.
async fn people(server: &Server) -> Vec<Actor> {
    let mut people = Vec::new();
    for name in ["Ann Example", "Ben Example", "Col Example"] {
        let made = server
            .app
            .transact(&server.program, async |cx| ensure_actor(cx, ActorKind::Person, name).await)
            .await;
        people.push(made.expect("a person"));
    }
    people
}

/// Has a document reviewed by the second and approved by the third of them.
async fn adopted(server: &Server, people: &[Actor], paper: Paper) {
    for (who, step) in [(&people[1], Step::Review), (&people[2], Step::Approve)] {
        server
            .app
            .transact(who, async |cx| {
                let from = engagement::find(cx, KEY).await?.number;
                engagement::sign(cx, KEY, from, paper, step).await
            })
            .await
            .expect("signed");
    }
}

/// Management's assertion, written and signed.
pub(crate) async fn asserted(server: &Server) {
    let people = people(server).await;
    let assertion =
        Assertion { text: "We assert.".into(), signatory: "Eva".into(), title: "Chief executive".into() };
    server
        .app
        .transact(&people[0], async |cx| {
            let from = engagement::find(cx, KEY).await?.number;
            engagement::assert(cx, KEY, from, assertion).await
        })
        .await
        .expect("written");
    adopted(server, &people, Paper::Assertion).await;
}

/// Whatever else an issue waits for on management's side: description, date of the report, register of events and letter.
pub(crate) async fn completed(server: &Server) {
    let people = people(server).await;
    let passage = |(part, _): (Part, bool)| {
        let none = part.may_be_none();
        (part, Passage { text: if none { String::new() } else { "As it really runs.".into() }, none })
    };
    let letter = Letter {
        to: "Example Auditors LLP".into(),
        text: "We confirm.".into(),
        signatory: "Eva".into(),
        title: "Chief executive".into(),
    };
    let day = "2026-12-03".parse().expect("a day");
    let app = &server.app;
    app.transact(&people[0], async |cx| {
        let held = engagement::find(cx, KEY).await?;
        let scope = held.record.holds();
        let parts = Part::of(scope.kind, scope.time).into_iter().map(passage).collect();
        let description = Description { parts, ..Description::default() };
        engagement::describe(cx, KEY, held.number, description).await?;
        engagement::date_report(cx, KEY, 0, day).await
    })
    .await
    .expect("described");
    adopted(server, &people, Paper::Description).await;
    app.transact(&people[2], async |cx| engagement::confirm_events(cx, KEY, 1, day).await)
        .await
        .expect("confirmed");
    app.transact(&people[0], async |cx| engagement::represent(cx, KEY, 2, letter).await)
        .await
        .expect("written");
    for (who, from, step) in [(&people[1], 3, Step::Review), (&people[2], 4, Step::Approve)] {
        app.transact(who, async |cx| engagement::sign_representation(cx, KEY, from, step).await)
            .await
            .expect("signed");
    }
}

pub(crate) async fn done(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) {
    let sent = send(browser, path, fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{path}: {}", sent.text());
}

#[tokio::test]
async fn letters_are_written_signed_and_taken_out() {
    let server = over().await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut eva, _) = server.member("Evi", &[Role::Executive]).await;

    let page = cam.get("/engagements/1/completion").await;
    for says in [
        "Nothing is entered",
        "Not agreed with the auditor yet",
        "One can be written once the report is recorded",
    ] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    assert_eq!(cam.get("/engagements/1/bridges/new").await.status, StatusCode::NOT_FOUND, "no report yet");
    assert_eq!(
        cam.get("/engagements/1/confirm-events").await.status,
        StatusCode::NOT_FOUND,
        "for executives"
    );

    done(&mut cam, "/engagements/1/report-date", &[("day", "2026-12-03")]).await;
    let mut event = vec![
        ("day", "2026-11-20"),
        ("kind", "incident"),
        ("what", "Mail was down <b>"),
        ("effect", "No customer data was touched."),
        ("decided", "undecided"),
        ("reason", ""),
    ];
    let refused = send(&mut cam, "/engagements/1/events/new", &event).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("id=\"day-fault\">2026-11-20 is not after the time")
            && refused.text().contains("Mail was down &lt;b&gt;")
    );
    event[0].1 = "2026-11-28";
    done(&mut cam, "/engagements/1/events/new", &event).await;
    let undecided = send(&mut eva, "/engagements/1/confirm-events", &[("day", "2026-12-03")]).await;
    assert!(undecided.text().contains("obody has decided about event 1"), "{}", undecided.text());
    event[4].1 = "told_auditor";
    event[5].1 = "it did not reach customers";
    done(&mut cam, "/engagements/1/events/1", &event).await;

    let draft = cam.get("/engagements/1/representation").await;
    assert!(draft.text().contains("On 2026-11-28: Mail was down &lt;b&gt;"), "{}", draft.text());
    let letter = [
        ("to", "Example Auditors LLP"),
        ("text", "We confirm."),
        ("signatory", "Evi"),
        ("title", "Chief executive"),
    ];
    done(&mut cam, "/engagements/1/representation", &letter).await;
    let review = "/engagements/1/letters/representation/review";
    let approve = "/engagements/1/letters/representation/approve";
    assert!(cam.get(review).await.text().contains("Who wrote it does not review it"));
    let page = cam.get("/engagements/1/completion").await;
    assert!(page.text().contains("Somebody else reviews it: Cam or Mia may."), "{}", page.text());
    assert!(!page.text().contains(review), "{}", page.text());
    assert!(mia.get("/engagements/1/completion").await.text().contains(review));
    assert_eq!(eva.get(approve).await.status, StatusCode::NOT_FOUND, "review comes first");
    done(&mut mia, review, &[]).await;
    let early = send(&mut eva, approve, &[]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.text().contains("nobody has confirmed"), "{}", early.text());
    done(&mut eva, "/engagements/1/confirm-events", &[("day", "2026-12-03")]).await;
    done(&mut eva, approve, &[]).await;
    // The auditor reads what is true of it: that it is signed, by whom.
    let mut olu = owner(&server).await;
    let mut audrey = auditor(&server, &mut olu, "Audrey").await;
    let page = audrey.get("/engagements/1").await;
    for says in ["Signed for management", "Reviewed by Mia, ", "Signed by Evi, "] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    let pdf = cam.get("/engagements/1/documents/representation/pdf").await;
    assert_eq!(pdf.text(), "Representation letter of Payroll, final \u{2013} management");

    let digest = "a".repeat(64);
    let received = [
        ("firm", "Example Auditors LLP"),
        ("day", "2026-12-03"),
        ("file", "report.pdf"),
        ("digest", digest.as_str()),
    ];
    // Every report holds management's assertion: it is signed first.
    for path in ["/engagements/1/received", "/engagements/1/received/file"] {
        let page = cam.get(path).await;
        assert!(page.text().contains("Management\u{2019}s assertion comes first"), "{path}: {}", page.text());
        assert!(page.text().contains("Management's assertion is not written."), "{path}: {}", page.text());
    }
    let page = cam.get("/engagements/1/completion").await;
    assert!(
        page.text().contains("Before a report is recorded") && !page.text().contains("Record the report")
    );
    asserted(&server).await;
    assert!(!cam.get("/engagements").await.text().contains("Report issued"));
    done(&mut cam, "/engagements/1/received", &received).await;
    let list = cam.get("/engagements").await;
    assert!(
        list.text().contains("Report issued") && list.text().contains("dated 3 Dec 2026"),
        "{}",
        list.text()
    );
    let mut fact = vec![
        ("day", "2026-12-03"),
        ("what", "A key was shared"),
        ("effect", "Some changes were not approved by two people."),
        ("told", ""),
        ("follows", "stands"),
        ("reason", "It was small."),
    ];
    let untold = send(&mut cam, "/engagements/1/facts/new", &fact).await;
    assert_eq!(untold.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(untold.text().contains("say when they were told") && untold.text().contains("A key was shared"));
    assert!(untold.text().contains("id=\"told-fault\""), "{}", untold.text());
    fact[3].1 = "2026-12-03";
    done(&mut cam, "/engagements/1/facts/new", &fact).await;
    let page = cam.get("/engagements/1/completion").await;
    assert!(page.text().contains("The report stands as it is: It was small."), "{}", page.text());
    assert!(cam.get("/engagements/1/facts/1").await.text().contains("value=\"A key was shared\""));
    assert_eq!(cam.get("/engagements/1/facts/2").await.status, StatusCode::NOT_FOUND);
    let page = cam.get("/engagements/1/bridges/new").await;
    assert!(page.text().contains("2026-11-28: Mail was down &lt;b&gt;"), "{}", page.text());
    let reference = hidden(page.text(), "reference-0").to_owned();
    assert_eq!(reference, "event 1");
    let mut bridge = vec![
        ("to", "2026-12-09"),
        ("reference-0", reference.as_str()),
        ("left-out-0", ""),
        ("changes", "We are certified."),
        ("incidents", ""),
        ("next", "The next period began on 2026-11-26."),
        ("signatory", "Evi"),
        ("title", "Chief executive"),
    ];
    let ahead = send(&mut cam, "/engagements/1/bridges/new", &bridge).await;
    assert!(ahead.text().contains("nobody knows yet what happens"), "{}", ahead.text());
    bridge[0].1 = "2026-12-02";
    let assured = send(&mut cam, "/engagements/1/bridges/new", &bridge).await;
    assert_eq!(assured.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(assured.text().contains("gives no assurance") && assured.text().contains("We are certified."));
    bridge[3].1 = "";
    done(&mut cam, "/engagements/1/bridges/new", &bridge).await;
    done(&mut mia, "/engagements/1/letters/bridge-1/review", &[]).await;
    done(&mut eva, "/engagements/1/letters/bridge-1/approve", &[]).await;
    let docx = cam.get("/engagements/1/documents/bridge-1/docx").await;
    assert!(docx.text().contains("Mail was down <b>. No customer data was touched."), "{}", docx.text());
    assert!(docx.header("content-disposition").contains("e-1-bridge-1.docx"));
    assert!(cam.get("/engagements/1/completion").await.text().contains("1 incident named"));

    // Others see none of it.
    let (mut cora, _) = server.member("Cora", &[Role::Employee]).await;
    for path in [
        "/engagements/1/completion",
        "/engagements/1/representation",
        "/engagements/1/documents/representation/pdf",
        "/engagements/1/copies",
        "/engagements/1/oscal",
    ] {
        assert_eq!(cora.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn files_copies_and_the_next_engagement() {
    let server = over().await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    for (path, says, name) in [
        ("/engagements/1/oscal", "33 criteria", "e-1-oscal.zip"),
        ("/engagements/1/sheets/matrix", "E-1 matrix of Example Ltd", "e-1-matrix.xlsx"),
        ("/engagements/1/sheets/exceptions", "E-1 exceptions of Example Ltd", "e-1-exceptions.xlsx"),
    ] {
        let file = cam.get(path).await;
        assert!(file.status == StatusCode::OK && file.text().contains(says), "{path}: {}", file.text());
        assert!(file.header("content-disposition").contains(name), "{path}");
        assert!(file.header("content-security-policy").starts_with("sandbox"), "{path}");
    }
    for path in [
        "/engagements/1/sheets/nope",
        "/engagements/1/documents/description/pdf",
        "/engagements/1/documents/bridge-1/pdf",
        "/engagements/1/documents/assertion/exe",
        "/engagements/1/events/9",
    ] {
        assert_eq!(cam.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let copies = "/engagements/1/copies";
    assert!(cam.get(copies).await.text().contains("No copy was made for anybody"));
    let refused = cam.send(copies, copies, &[("recipient", "Cleo"), ("company", "")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Say of which company") && refused.text().contains("value=\"Cleo\""));
    let pdf = cam.send(copies, copies, &[("recipient", "Cleo"), ("company", "Customer Ltd")]).await;
    assert!(pdf.text().ends_with("Copy 1 for Cleo, Customer Ltd, 2026-12-04"), "{}", pdf.text());
    assert!(cam.get(copies).await.text().contains("Customer Ltd"));

    let roll = "/engagements/1/roll-forward";
    let page = cam.get(roll).await;
    assert!(page.text().contains("(26 Nov 2026 to 20 Dec 2026)"), "{}", page.text());
    let once = hidden(page.text(), "once").to_owned();
    for _ in 0..2 {
        let next = cam.send(roll, roll, &[("once", &once), ("reason", "the second time")]).await;
        assert_eq!(next.header("location"), "/engagements/2", "{}", next.text());
    }
    assert_eq!(cam.get("/engagements/2").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_assertion_is_signed_anew_when_the_opinion_is_modified() {
    let server = over().await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (path, review) = ("/engagements/1/assertion", "/engagements/1/sign/assertion/review");
    let texts = [("text", "We assert."), ("signatory", "Eva"), ("title", "Chief executive")];
    done(&mut cam, path, &texts).await;
    done(&mut mia, review, &[]).await;
    let modification = "/engagements/1/modification";
    let empty = send(&mut cam, modification, &[("text", "")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    server.world.wait(60);
    done(&mut cam, modification, &[("text", "Except for CC6.2 <leavers>")]).await;
    let page = cam.get(path).await;
    for says in [
        "Except for CC6.2 &lt;leavers&gt;",
        "changed since it was signed",
        "The assertion was written before that",
    ] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    let early = send(&mut mia, review, &[]).await;
    assert!(early.text().contains("write it anew with the same modification"), "{}", early.text());
    server.world.wait(60);
    done(&mut cam, path, &[("text", "We assert, except for CC6.2."), texts[1], texts[2]]).await;
    done(&mut mia, review, &[]).await;
}
