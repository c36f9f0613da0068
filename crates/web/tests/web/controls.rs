//! Controls through HTTP: written, changed, approved by somebody else, retired; several at once; history.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use tickmark_app::control;
use tickmark_app::identity::audit;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Control, ControlId, ControlState};
use tickmark_core::identity::Role;
use tickmark_evaluate::Library;

use crate::members::{Browser, Server, token};
use crate::visitor::Answer;

const WHO: &[Role] = &[Role::ComplianceManager];

async fn control(server: &Server, id: &str) -> Control {
    let id: ControlId = id.parse().expect("an id");
    server.app.read(&server.program, async |view| control::find(view, &id).await).await.expect("is there")
}

async fn actor(server: &Server, email: &str) -> String {
    server.world.find_member(&server.app, &server.program, email).await.actor.to_string()
}

async fn adopt(server: &Server) {
    let catalog = Catalog::builtin();
    let adopted =
        server.app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await).await;
    assert!(adopted.expect("adopted") > 100);
}

/// The value of a hidden field.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&mark).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    &rest[..rest.find('"').expect("an end")]
}

fn typed<'a>(statement: &'a str, owner: &'a str, reason: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("title", "Tape & <safe>"),
        ("statement", statement),
        ("kind", "preventive"),
        ("nature", "manual"),
        ("frequency", "monthly"),
        ("level", ""),
        ("owner", owner),
        ("operator", ""),
        ("reviewer", ""),
        ("owner_role", "Platform lead"),
        ("area", "Backups"),
        ("evidence", "Log\n\nPhoto"),
        ("population", "Months"),
        ("criterion", "A1.2"),
        ("criterion", "CC6.1"),
        ("key", "A1.2"),
        ("reason", reason),
    ]
}

async fn change(browser: &mut Browser, path: &str, version: &str, fields: &[(&str, &str)]) -> Answer {
    let form = token(browser.get(path).await.text());
    let mut all = fields.to_vec();
    all.push(("version", version));
    browser.post(path, &form, &all).await
}

#[tokio::test]
async fn a_control_is_written_by_one_and_put_in_force_by_another() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", WHO).await;
    let (mut max, account) = server.member("Max", WHO).await;
    let owner = actor(&server, &account.email).await;
    let mut new = typed("Tapes are stored monthly.", "", "the auditor asked");
    new.insert(0, ("id", "BKP-01"));
    let mut bad = new.clone();
    bad[0].1 = "has space";
    bad[2].1 = " ";
    bad.push(("key", "CC7.1"));
    let refused = cam.send("/controls/new", "/controls/new", &bad).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for says in ["Say who does what", "without spaces", "does not answer", "Tape &amp; &lt;safe&gt;"] {
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    for id in ["new", "bulk", "a/b"] {
        let mut odd = new.clone();
        odd[0].1 = id;
        let refused = cam.send("/controls/new", "/controls/new", &odd).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{id}");
    }
    // A double click makes one record; another text under the same id is refused.
    for _ in 0..2 {
        let sent = cam.send("/controls/new", "/controls/new", &new).await;
        assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/controls/BKP-01"));
    }
    let mut other = new.clone();
    other[2].1 = "Another text.";
    let taken = cam.send("/controls/new", "/controls/new", &other).await;
    assert!(taken.text().contains("There is a control BKP-01 already"), "{}", taken.text());
    let written = control(&server, "BKP-01").await;
    assert_eq!(written.evidence, ["Log", "Photo"]);
    assert!(written.is_key_for("tsc-2017", "A1.2") && !written.is_key_for("tsc-2017", "CC6.1"));

    // Who wrote it is told so, and refused all the same; the refusal is recorded.
    let path = "/controls/BKP-01/approve";
    let page = cam.get(path).await;
    assert!(page.text().contains("somebody else decides") && !page.text().contains("name=\"decision\""));
    let version = control::state_of(&written).expect("a digest").to_string();
    let own = token(cam.get("/controls/BKP-01/edit").await.text());
    let fields = [("version", version.as_str()), ("owner", &owner), ("decision", "approve")];
    let refused = cam.post(path, &own, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let denied = audit::Filter { event: Some("access.denied".into()), ..audit::Filter::default() };
    let rows = server.app.read(&server.program, async |view| audit::search(view, &denied, 10).await).await;
    assert!(rows.expect("rows").iter().any(|row| row.reason == "own_text" && row.object == "BKP-01"));

    let page = max.get(path).await;
    assert!(page.text().contains("Tape &amp; &lt;safe&gt;") && page.text().contains("the auditor asked"));
    let nobody = [("version", version.as_str()), ("owner", ""), ("decision", "approve")];
    let refused = max.post(path, &token(page.text()), &nobody).await;
    assert!(refused.text().contains("has no named owner"), "{}", refused.text());
    assert!(refused.text().contains("id=\"owner-fault\""), "it stands beside the field: {}", refused.text());
    let sent = max.post(path, &token(page.text()), &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let active = control(&server, "BKP-01").await;
    assert_eq!(
        (active.state(), active.owner.map(|one| one.to_string())),
        (ControlState::Active, Some(owner))
    );
    assert!(max.get("/controls/BKP-01").await.text().contains("Max"), "the owner is named");
    for list in ["/controls?q=BKP-01", "/criteria/CC6.1"] {
        let page = max.get(list).await;
        let named = "<span class=\"owner\">Max<span class=\"sub\">Platform lead</span></span>";
        assert!(page.text().contains(named), "{list}: {}", page.text());
    }
    for words in ["max", "platform", "max+lead"] {
        let board = max.get(&format!("/period?q={words}")).await;
        assert_eq!(board.text().matches("<li class=\"board-row\">").count(), 1, "{words}: {}", board.text());
    }
    assert!(max.get("/period?q=cam").await.text().contains("No control matches"), "she only wrote it");
    let file = max.get("/export/controls.csv?q=BKP-01").await;
    assert!(file.text().contains("Max (Platform lead)"), "{}", file.text());
}

#[tokio::test]
async fn what_is_in_force_changes_by_proposal_and_stale_forms_lose_nothing() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", WHO).await;
    let (mut max, account) = server.member("Max", WHO).await;
    let (mut cora, _) = server.member("Cora", &[Role::ControlOwner]).await;
    let owner = actor(&server, &account.email).await;
    let mut new = typed("Tapes are stored monthly.", &owner, "first");
    new.insert(0, ("id", "BKP-01"));
    cam.send("/controls/new", "/controls/new", &new).await;
    let (edit, approve) = ("/controls/BKP-01/edit", "/controls/BKP-01/approve");
    let version = hidden(max.get(approve).await.text(), "version").to_owned();
    let fields = [("version", version.as_str()), ("owner", &owner), ("decision", "approve")];
    server.world.wait(1);
    assert_eq!(max.send(approve, approve, &fields).await.status, StatusCode::SEE_OTHER);

    // A control owner may write within their reach, not approve.
    let version = hidden(cora.get(edit).await.text(), "version").to_owned();
    server.world.wait(1);
    let weekly = typed("Tapes are stored weekly.", &owner, "promised");
    let sent = change(&mut cora, edit, &version, &weekly).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(control(&server, "BKP-01").await.text.current().statement, "Tapes are stored monthly.");
    assert_eq!(cora.get(approve).await.status, StatusCode::NOT_FOUND);
    assert!(!cora.get("/controls/BKP-01").await.text().contains("/approve"));

    // Cam's form is from before: 409, with what changed beside what was typed.
    let daily = typed("Tapes are stored daily.", &owner, "better");
    let stale = change(&mut cam, edit, &version, &daily).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let text = stale.text();
    assert!(text.contains("<del>monthly.</del> <ins>weekly.</ins>"), "{text}");
    assert!(text.contains("Tapes are stored daily.</textarea>"), "{text}");
    let now = hidden(text, "version").to_owned();
    assert_ne!(now, version);
    let nonsense = change(&mut cam, edit, "nonsense", &daily).await;
    assert_eq!(nonsense.status, StatusCode::BAD_REQUEST);

    // What was looked at is what is approved.
    let old = [("version", version.as_str()), ("decision", "approve")];
    let refused = max.send(approve, approve, &old).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let without =
        max.send(approve, approve, &[("version", &now), ("decision", "decline"), ("reason", "")]).await;
    assert!(without.text().contains("Say why"), "{}", without.text());
    server.world.wait(1);
    let sent = max.send(approve, approve, &[("version", &now), ("decision", "approve")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let changed = control(&server, "BKP-01").await;
    assert_eq!(changed.text.current().statement, "Tapes are stored weekly.");
    assert_eq!(max.get(approve).await.status, StatusCode::NOT_FOUND, "nothing waits");

    let history = cora.get("/controls/BKP-01/history?from=1&to=4&at=2026-11-24").await;
    let text = history.text();
    for says in
        ["Written by Cam", "approved by Max", "proposed by Cora", "<ins>weekly.</ins>", "On 24 Nov 2026"]
    {
        assert!(text.contains(says), "{says}: {text}");
    }
    let before = cora.get("/controls/BKP-01/history?at=2020-01-01&from=x&to=99").await;
    assert!(before.text().contains("not written down by then"));
    assert!(cora.get("/controls/BKP-01/history?at=never").await.text().contains("not a date"));
    assert_eq!(cora.get("/controls/NO-1/history").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn several_are_chosen_without_script_and_changed_at_once() {
    let server = Server::start().await;
    adopt(&server).await;
    let (mut cam, account) = server.member("Cam", WHO).await;
    let owner = actor(&server, &account.email).await;
    let list = cam.get("/controls").await;
    assert!(list.text().contains("<input type=\"checkbox\" name=\"pick\" value=\"IAM-05\" form=\"picked\""));
    assert!(list.text().contains("formaction=\"/controls/bulk/start\""));

    let chosen = "?pick=IAM-05&pick=IAM-07";
    let start = format!("/controls/bulk/start{chosen}");
    let picks = [("pick", "IAM-05"), ("pick", "IAM-07")];
    let refused = cam.send(&start, "/controls/bulk/start", &picks).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("has no named owner. Nothing was changed"), "{}", refused.text());
    // What comes first is one step away, with the same controls chosen.
    let first = "href=\"/controls/bulk/assign?pick=IAM-05&amp;pick=IAM-07\"";
    assert!(refused.text().contains(first), "{}", refused.text());

    let assign = format!("/controls/bulk/assign{chosen}");
    let page = cam.get(&assign).await;
    assert!(page.text().contains("Leaver removal") && page.text().contains("2 controls"));
    let with = |more: &[(&'static str, &str)]| {
        picks.iter().copied().chain(more.iter().copied()).map(|(a, b)| (a, b.to_owned())).collect::<Vec<_>>()
    };
    let fields = with(&[("owner", owner.as_str()), ("reason", "starts today")]);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    server.world.wait(1);
    let sent = cam.send(&assign, "/controls/bulk/assign", &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let back = sent.header("location").to_owned();
    assert!(cam.get(&back).await.text().contains("2 controls given an owner."), "{back}");
    server.world.wait(1);
    // The program wrote these texts, so one compliance manager is enough.
    let sent = cam.send(&start, "/controls/bulk/start", &picks).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    for id in ["IAM-05", "IAM-07"] {
        assert_eq!(control(&server, id).await.state(), ControlState::Active, "{id}");
    }
    // All or none.
    server.world.wait(1);
    let mixed = [("pick", "IAM-05"), ("pick", "IAM-07"), ("pick", "IAM-05"), ("reason", "")];
    let refused = cam.send(&assign, "/controls/bulk/retire", &mixed).await;
    assert!(refused.text().contains("Say why"), "{}", refused.text());
    let sent =
        cam.send(&assign, "/controls/bulk/retire", &[("pick", "IAM-05"), ("reason", "outsourced")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let refused = cam
        .send(
            &assign,
            "/controls/bulk/retire",
            &mixed[..3].iter().copied().chain([("reason", "x")]).collect::<Vec<_>>(),
        )
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(control(&server, "IAM-07").await.state(), ControlState::Active, "all or none");
    // Retired: readable, counted no more, not to be edited.
    let page = cam.get("/controls/IAM-05").await;
    assert!(page.text().contains("outsourced") && !page.text().contains("/controls/IAM-05/edit"));
    assert_eq!(cam.get("/controls/IAM-05/edit").await.status, StatusCode::NOT_FOUND);
    assert!(cam.get("/controls/bulk/assign").await.text().contains("No control is chosen"));
    let many: String = (0..201).map(|n| format!("&pick=X-{n}")).collect();
    let answer = cam.get(&format!("/controls/bulk/assign?{}", &many[1..])).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);

    let events = audit::Filter { event: Some("control".into()), ..audit::Filter::default() };
    let rows = server.app.read(&server.program, async |view| audit::search(view, &events, 50).await).await;
    let words: Vec<String> = rows.expect("rows").iter().rev().map(|row| row.event.clone()).collect();
    let expected =
        ["changed", "changed", "in_force", "in_force", "retired"].map(|word| format!("control.{word}"));
    assert_eq!(words, expected);
}

#[tokio::test]
async fn who_may_not_is_not_offered_and_not_answered() {
    let server = Server::start().await;
    adopt(&server).await;
    let paths = ["edit", "approve", "retire"].map(|word| format!("/controls/IAM-05/{word}"));
    let more = [
        "/controls/new",
        "/controls/bulk/assign?pick=IAM-05",
        "/controls/bulk/start",
        "/controls/bulk/retire",
    ];
    for role in [Role::Owner, Role::Admin, Role::Executive] {
        let (mut browser, _) = server.member(role.word(), &[role]).await;
        let form = token(browser.get("/account").await.text());
        for path in paths.iter().map(String::as_str).chain(more) {
            assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{role} {path}");
            let path = path.split('?').next().unwrap_or_default();
            let answer = browser.post(path, &form, &[("reason", "x"), ("pick", "IAM-05")]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role} {path}");
        }
        let list = browser.get("/controls").await;
        assert!(!list.text().contains("name=\"pick\"") && !list.text().contains("/controls/new"), "{role}");
        let one = browser.get("/controls/IAM-05").await;
        for word in ["/edit\"", "/approve\"", "/retire\""] {
            assert!(!one.text().contains(word), "{role} {word}");
        }
        assert!(one.text().contains("/controls/IAM-05/history"), "{role}");
    }
    assert_eq!(control(&server, "IAM-05").await.state(), ControlState::Draft);
    // Whoever only looks has no such pages at all.
    let mut stranger = server.browser();
    let answer = stranger.ask(Method::POST, "/controls/new", "title=x").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn approving_needs_a_fresh_proof_and_loses_nothing_that_was_typed() {
    let server = Server::start().await;
    adopt(&server).await;
    let (mut cam, account) = server.member("Cam", WHO).await;
    let owner = actor(&server, &account.email).await;
    let path = "/controls/IAM-05/approve";
    let page = cam.get(path).await;
    let (form, version) = (token(page.text()), hidden(page.text(), "version").to_owned());
    server.world.wait(601);
    let led = cam.get(path).await;
    assert_eq!(led.header("location"), "/step-up?back=%2Fcontrols%2FIAM-05%2Fapprove");
    let fields = [("version", version.as_str()), ("owner", &owner), ("decision", "approve")];
    let kept = cam.post(path, &form, &fields).await;
    assert_eq!(kept.status, StatusCode::FORBIDDEN);
    assert!(
        kept.text().contains("Show once more") && kept.text().contains("value=\"approve\""),
        "{}",
        kept.text()
    );
    let code = server.code(&account.seed);
    let proof = [("password", account.password.as_str()), ("code", &code), ("back", "/account")];
    assert_eq!(cam.send("/step-up", "/step-up", &proof).await.status, StatusCode::SEE_OTHER);
    // The session is another one now, so the kept form is asked for once more, and then counts.
    let again = cam.post(path, &token(kept.text()), &fields).await;
    assert!(again.text().contains("Send it again?"), "{}", again.text());
    let sent = cam.post(path, &token(again.text()), &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(control(&server, "IAM-05").await.state(), ControlState::Active);
}

#[tokio::test]
async fn an_assessment_is_frozen_by_whoever_judges() {
    let server = Server::start().await;
    adopt(&server).await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let (mut cam, _) = server.member("Cam", WHO).await;
    let page = cam.get("/readiness").await;
    assert!(page.text().contains("tickmark assess snapshot"), "without checks only the command line can");
    server.state.assess_with(Arc::new(library), "Tickmark of a test");
    for number in 1..=2 {
        server.world.wait(1);
        let sent = cam.send("/readiness", "/readiness/freeze", &[]).await;
        assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/readiness"), "{number}");
    }
    let page = cam.get("/readiness").await;
    assert!(
        page.text().contains("Cam") && page.text().contains("Freeze an assessment now"),
        "{}",
        page.text()
    );
    let (_, model) = server
        .app
        .read(&server.program, async |view| tickmark_app::conclusion::assessment(view, 2).await)
        .await
        .expect("frozen");
    assert_eq!((model.author.as_str(), model.generator.as_str()), ("Cam", "Tickmark of a test"));
    let (mut cora, _) = server.member("Cora", &[Role::ControlOwner]).await;
    assert!(!cora.get("/readiness").await.text().contains("Freeze an assessment"));
    let form = token(cora.get("/account").await.text());
    assert_eq!(cora.post("/readiness/freeze", &form, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_copy_of_a_starter_control_is_tested_by_its_checks() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", WHO).await;
    let library = Library::load(Library::builtin_sources()).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let check =
        library.checks().find(|check| !check.definition().controls.is_empty()).expect("one that tests");
    let starter = check.definition().controls[0].clone();

    let from = format!("/controls/new?from={starter}");
    let listed = cam.get("/controls/library").await;
    assert!(listed.text().contains(&format!("href=\"{from}\"")), "{}", listed.text());
    assert!(cam.get("/controls").await.text().contains("href=\"/controls/library\""));
    let page = cam.get(&from).await;
    assert_eq!(hidden(page.text(), "from"), starter);

    let mut new = typed("We do it our own way, monthly.", "", "copied");
    new.extend([("id", "OWN-01"), ("from", starter.as_str())]);
    let sent = cam.send(&from, "/controls/new", &new).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let mut unknown = typed("We do it our own way, monthly.", "", "copied");
    unknown.extend([("id", "OWN-02"), ("from", "NOPE-99")]);
    assert_eq!(cam.send(&from, "/controls/new", &unknown).await.status, StatusCode::NOT_FOUND);
    assert_eq!(control(&server, "OWN-01").await.starter.as_deref(), Some(starter.as_str()));

    server.world.wait(1);
    let program = &server.program;
    server.app.transact(program, async |cx| control::sync_tests(cx, &library).await).await.expect("mapped");
    let tests =
        server.app.read(program, async |view| control::tests_by_control(view).await).await.expect("read");
    let of_copy = &tests[&"OWN-01".parse().expect("an id")];
    assert!(of_copy.iter().any(|id| id == check.id()), "{of_copy:?}");
    assert!(cam.get("/controls/library").await.text().contains("href=\"/controls/OWN-01\""));
}

#[tokio::test]
async fn a_test_of_a_control_is_proposed_approved_by_another_and_its_time_stays_visible() {
    let server = Server::start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    crate::host::collect(&server.app, &server.program, &library).await;
    let (mut cam, _) = server.member("Cam", WHO).await;
    let (mut max, _) = server.member("Max", WHO).await;
    let (mut ona, _) = server.member("Ona", &[Role::ControlOwner]).await;
    let mut new = typed("We do it our own way, monthly.", "", "ours");
    new.push(("id", "OWN-01"));
    cam.send("/controls/new", "/controls/new", &new).await;
    server.world.wait(1);

    let (all, form) = ("/controls/OWN-01/tests", "/controls/OWN-01/tests/new");
    assert!(cam.get("/controls/OWN-01").await.text().contains("Propose a test"));
    assert_eq!(ona.get(form).await.status, StatusCode::NOT_FOUND);
    let check = "ssh-root-login-disabled";
    let one = format!("{all}/{check}");
    let mut fields =
        vec![("kind", "configuration"), ("check", check), ("attribute", ""), ("reason", "it sees it")];
    let refused = cam.send(form, form, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Say which attribute"), "{}", refused.text());
    fields[2].1 = "direct root logins";
    let sent = cam.send(form, form, &fields).await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, one.as_str()));

    let page = cam.get(&one).await;
    assert!(page.text().contains("somebody else decides") && page.text().contains("direct root logins"));
    let version = hidden(page.text(), "version").to_owned();
    let approve = [("version", version.as_str()), ("reason", ""), ("act", "approve")];
    assert_eq!(cam.send(&one, &one, &approve).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(max.get("/work").await.text().contains(&one));
    let decline = [("version", version.as_str()), ("reason", " "), ("act", "decline")];
    let refused = max.send(&one, &one, &decline).await;
    assert!(refused.text().contains("id=\"reason-fault\">Say why"), "{}", refused.text());
    assert_eq!(max.send(&one, &one, &approve).await.status, StatusCode::SEE_OTHER);
    let shown = cam.get(all).await;
    assert!(shown.text().contains("proposed here") && shown.text().contains("in force"), "{}", shown.text());
    assert_eq!(cam.send(&one, &one, &approve).await.status, StatusCode::CONFLICT, "a stale decision is none");

    // It ends the same way, and is not there any more on a later day; on the day before it was not there either.
    server.world.wait(1);
    let version = hidden(max.get(&one).await.text(), "version").to_owned();
    let end = [("version", version.as_str()), ("reason", "sees too little"), ("act", "end")];
    assert_eq!(max.send(&one, &one, &end).await.status, StatusCode::SEE_OTHER);
    let version = hidden(cam.get(&one).await.text(), "version").to_owned();
    let approve = [("version", version.as_str()), ("reason", ""), ("act", "approve")];
    assert_eq!(cam.send(&one, &one, &approve).await.status, StatusCode::SEE_OTHER);
    let shown = cam.get(&one).await;
    assert!(shown.text().contains("Holds nothing now") && shown.text().contains("sees too little"));
    let before = cam.get(&format!("{all}?at=2020-01-01")).await;
    assert!(before.text().contains("On 1 Jan 2020"), "{}", before.text());

    // When it is due, the same way.
    let due = "/controls/OWN-01/tests/new?kind=occurrence";
    let fields =
        [("kind", "occurrence"), ("window", "monthly"), ("grace_days", "x"), ("reason", "as agreed")];
    let refused = cam.send(due, form, &fields).await;
    assert!(refused.text().contains("number from 0 to 366"), "{}", refused.text());
    let twice = "kept | it is kept | it is not\nkept | it is there | it is not";
    let fields = [
        ("kind", "population"),
        ("trigger", "tapes"),
        ("attributes", twice),
        ("reason", "what is asked of each"),
    ];
    let refused = cam.send(form, form, &fields).await;
    for says in ["id=\"attributes-fault\">A population test has", "it is there | it is not</textarea>"] {
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    let fields =
        [("kind", "occurrence"), ("window", "monthly"), ("grace_days", "5"), ("reason", "as agreed")];
    let sent = cam.send(due, form, &fields).await;
    assert_eq!(sent.header("location"), "/controls/OWN-01/tests/occurrence", "{}", sent.text());
}
