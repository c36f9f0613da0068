//! Asking for work in the pages.

use std::sync::Arc;

use axum::http::StatusCode;
use tickmark_app::job;
use tickmark_app::ledger::{LedgerSettings, MailSecurity, Outside};
use tickmark_app::mail::MailSettings;
use tickmark_app::port::NoOutbound;
use tickmark_app::testing::World;
use tickmark_core::identity::Role;
use tickmark_core::job::JobKind;
use tickmark_web::Settings;

use crate::members::{Server, token};

#[tokio::test]
async fn whoever_may_asks_for_work_and_sees_what_comes_of_it() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    assert!(cam.get("/jobs").await.text().contains("Nothing was asked for yet"));
    assert!(cam.get("/reports").await.text().contains("Write the report"));
    for _ in 0..2 {
        let asked = cam.send("/runs", "/jobs", &[("kind", "collect")]).await;
        assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, "/jobs"));
    }
    let list = cam.get("/jobs").await;
    assert_eq!(list.text().matches("Begins in a moment").count(), 1, "{}", list.text());
    assert!(list.text().contains("data-again"), "the page looks again");

    let take = async |cx: &mut tickmark_app::Cx<'_>| job::take(cx).await;
    let taken = server.app.transact(&server.program, take).await.expect("taken").expect("waits");
    let say = async |cx: &mut tickmark_app::Cx<'_>| job::go_on(cx, &taken, "looking at <this>").await;
    server.app.transact(&server.program, say).await.expect("said");
    assert!(cam.get("/jobs").await.text().contains("Looking at &lt;this&gt; …"));
    let end = async |cx: &mut tickmark_app::Cx<'_>| job::finish(cx, &taken, Err("no room".into())).await;
    server.app.transact(&server.program, end).await.expect("finished");
    assert!(cam.get("/jobs").await.text().contains("Failed: no room. Tried again from"));
    let off = cam.send("/jobs", &format!("/jobs/{}/call-off", taken.key), &[]).await;
    assert_eq!(off.status, StatusCode::SEE_OTHER);
    let list = cam.get("/jobs").await;
    assert!(list.text().contains("Called off") && !list.text().contains("data-again"));

    // While a report is written the page of reports says so, and what it brought is led to.
    let waits = "The report is being written.";
    assert!(!cam.get("/reports").await.text().contains(waits));
    cam.send("/reports", "/jobs", &[("kind", "report")]).await;
    assert!(cam.get("/reports").await.text().contains(waits));
    let taken = server.app.transact(&server.program, take).await.expect("taken").expect("waits");
    let end = async |cx: &mut tickmark_app::Cx<'_>| job::finish(cx, &taken, Ok("readiness.pdf".into())).await;
    server.app.transact(&server.program, end).await.expect("finished");
    assert!(!cam.get("/reports").await.text().contains(waits));
    let list = cam.get("/jobs").await;
    assert!(
        list.text().contains("readiness.pdf <a data-row href=\"/reports\">See the reports</a>"),
        "{}",
        list.text()
    );

    for wrong in ["", "x", "-1", "9000", "1.5"] {
        let fields = [("kind", "report"), ("hours", wrong)];
        let refused = cam.send("/jobs", "/jobs/schedule", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(refused.text().contains("It needs whole hours, from 0 to 8760."), "{wrong}");
    }
    cam.send("/jobs", "/jobs/schedule", &[("kind", "report"), ("hours", "168")]).await;
    assert!(cam.get("/jobs").await.text().contains("every week"));

    // The list is filtered by its address, and taken out.
    let none = cam.get("/jobs?state=failed").await;
    assert!(none.text().contains("No job matches"), "{}", none.text());
    let off = cam.get("/jobs?state=called_off&kind=collect").await;
    assert!(off.text().contains("1</span> of 2 jobs"), "{}", off.text());
    let csv = cam.get("/export/jobs.csv?state=called_off").await;
    let lines: Vec<&str> = csv.text().lines().collect();
    assert!(lines[0].starts_with("Job,What,State,Asked by,Asked"), "{}", csv.text());
    assert!(
        lines.len() == 2 && lines[1].contains("Called off") && lines[1].contains("Cam"),
        "{}",
        csv.text()
    );

    // A control owner sees what is done and asks for nothing.
    let (mut coo, _) = server.member("Coo", &[Role::ControlOwner]).await;
    let list = coo.get("/jobs").await;
    assert!(
        list.status == StatusCode::OK && !list.text().contains("method=\"post\" action=\"/jobs"),
        "{}",
        list.text()
    );
    let own = token(coo.get("/account").await.text());
    for (path, fields) in
        [("/jobs", vec![("kind", "collect")]), ("/jobs/schedule", vec![("kind", "report"), ("hours", "1")])]
    {
        assert_eq!(coo.post(path, &own, &fields).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let jobs = server.app.read(&server.program, async |view| job::list(view).await).await.expect("read");
    assert_eq!(jobs.iter().map(|job| job.kind).collect::<Vec<_>>(), [JobKind::Report, JobKind::Collect]);
}

#[tokio::test]
async fn an_invitation_is_mailed_and_what_does_not_arrive_is_seen_and_sent_again() {
    let world = World::sqlite();
    let outside = Outside { settings: LedgerSettings::default(), outbound: Arc::new(NoOutbound) };
    let mut app = world.try_start_with(outside).await.expect("starting");
    app.send_mail_by(MailSettings {
        server: "localhost:25".into(),
        security: MailSecurity::None,
        roots_file: None,
        user: None,
        password_file: None,
        from: "tickmark@example.com".into(),
        address: None,
    });
    let program = app.ensure_organization("Example Ltd", "Example system").await.expect("an organization");
    // Nobody knows yet where the pages are: links are handed over.
    let account = world.owner(&app, &program).await;
    app.serve_at("http://127.0.0.1:8143".into());
    let server = Server::over(world, app, program, Settings::loopback(8143));
    let mut owner = server.signed_in(&account).await;
    assert!(owner.get("/jobs").await.text().contains("No mail was sent yet"));
    let made =
        owner.send("/people", "/people", &[("email", "r@example.com"), ("role", "control_owner")]).await;
    assert!(made.text().contains("is on its way to <strong>r@example.com</strong>"), "{}", made.text());
    assert!(made.text().contains("http://127.0.0.1:8143/join/"), "and can be copied");
    assert!(owner.get("/jobs").await.text().contains("To r@example.com"));

    for minutes in [0, 1, 5, 25] {
        server.world.wait(60 * minutes);
        assert_eq!(server.app.send_mail(&server.program).await.expect("a pass").failed, 1);
    }
    // The session ended meanwhile.
    let mut owner = server.signed_in(&account).await;
    let list = owner.get("/jobs").await;
    assert!(
        list.text().contains("Nothing is sent from here") && list.text().contains("Failed"),
        "{}",
        list.text()
    );
    let again = owner.send("/jobs", "/jobs/mail/1/again", &[]).await;
    assert_eq!((again.status, again.header("location")), (StatusCode::SEE_OTHER, "/jobs#mail"));
    let list = owner.get("/jobs").await;
    assert!(
        list.text().contains("Waiting") && !list.text().contains("/jobs/mail/1/again"),
        "{}",
        list.text()
    );

    // A control owner sees the work and not to whom mail goes.
    let (mut coo, _) = server.member("Coo", &[Role::ControlOwner]).await;
    assert!(!coo.get("/jobs").await.text().contains("r@example.com"));
    let own = token(coo.get("/account").await.text());
    assert_eq!(coo.post("/jobs/mail/1/again", &own, &[]).await.status, StatusCode::NOT_FOUND);
}
