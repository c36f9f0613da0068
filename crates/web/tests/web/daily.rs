//! The daily work through HTTP: what search and notices lead to, findings that somebody writes, several records at once,
//! documents in a frame, how long evidence is kept.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_app::observation::{self, waiver};
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;
use tickmark_core::observation::Verdict;
use tickmark_core::observation::waiver::{Request, Scope};
use tickmark_core::time::DAY_US;
use tickmark_evaluate::Library;

use crate::members::{Browser, Server, hidden};

const NEW: &str = "/evidence/items/new";

/// Addresses of a page that begin with one of these.
fn ways(page: &str, to: &[&str]) -> BTreeSet<String> {
    let main = page.split_once("<main").map_or("", |(_, main)| main);
    let hrefs = main.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    hrefs
        .filter(|href| to.iter().any(|begin| href.starts_with(begin)))
        .map(|href| href.split('#').next().unwrap_or_default().replace("&amp;", "&"))
        .collect()
}

/// Hands an item in. Returns its address.
async fn hand_in(browser: &mut Browser, once: &str, title: &str, file: (&str, &[u8])) -> String {
    let fields = [
        ("once", once),
        ("title", title),
        ("kind", "export"),
        ("source", "Directory"),
        ("method", "exported"),
        ("steps", ""),
        ("collected_by", "Ada"),
        ("collected_on", "2026-11-20"),
        ("covers_from", "2026-10-01"),
        ("covers_to", "2026-11-20"),
        ("sensitivity", "internal"),
        ("retention", "evidence"),
        ("redaction", ""),
        ("then", "submit"),
    ];
    let made = browser.upload(NEW, NEW, &fields, &[file]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    made.header("location").to_owned()
}

async fn finding(browser: &mut Browser, title: &str, owner: &str) -> String {
    let new = "/findings/new";
    let page = browser.get(new).await;
    let once = hidden(page.text(), "once").to_owned();
    let fields = [
        ("once", once.as_str()),
        ("title", title),
        ("source", "complaint"),
        ("said", "Letter of 20 November"),
        ("found_on", "2026-11-20"),
        ("severity", "high"),
        ("control", ""),
        ("criteria", "CC6.1"),
        ("condition", "Nobody <answered>."),
        ("effect", ""),
        ("recommendation", ""),
        ("owner", owner),
        ("due", "2026-12-31"),
        ("cause", ""),
        ("plan", "Answer within a day."),
    ];
    let odd: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, if *name == "criteria" { "XX9.9" } else { *value }))
        .collect();
    let refused = browser.send(new, new, &odd).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("here is no criterion XX9.9"), "{}", refused.text());
    assert!(refused.text().contains("Nobody &lt;answered&gt;."), "what was typed is still there");
    let made = browser.send(new, new, &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    made.header("location").to_owned()
}

#[tokio::test]
async fn whatever_search_and_notices_lead_to_is_there_for_whoever_is_led() {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    let app = &server.app;
    app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    crate::host::collect(app, &server.program, &library).await;
    let failing = app.read(&server.program, async |view| observation::verdicts_now(view).await).await;
    let failing = failing.expect("verdicts").into_iter().find(|one| one.verdict == Verdict::Fail);
    let check = failing.expect("something fails").check_id;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut cora, account) = server.member("Cora", &[Role::ControlOwner]).await;
    let (mut max, _) = server.member("Max", &[Role::Executive]).await;
    let who = server.world.find_member(app, &server.program, &account.email).await.actor;
    let person = server.world.person(app, &server.program).await;
    let wanted = Request {
        check: check.clone(),
        scope: Scope::All,
        reason: "Zebra agent".into(),
        risk: "a shared account".into(),
        compensation: "it is watched".into(),
        note: String::new(),
        requested_by: who,
        expires_at: app.now().plus_micros(9 * DAY_US),
    };
    app.transact(&person, async |cx| waiver::grant(cx, wanted.clone()).await).await.expect("granted");
    hand_in(&mut cora, "one", "Zebra list", ("a.txt", b"x")).await;
    let path = finding(&mut mia, "Zebra complaint", &who.to_string()).await;
    assert_eq!(path, "/findings/own.1");
    app.remind(&server.program).await.expect("reminded");
    let begins =
        ["/controls/", "/evidence/items/", "/findings/", "/waivers/", "/targets/", "/checks/", "/people/"];
    for browser in [&mut mia, &mut cora, &mut max] {
        let mut led = BTreeSet::new();
        for from in ["/search?q=zebra", "/search?q=waiver", "/search?q=access", "/notices", "/work"] {
            led.extend(ways(browser.get(from).await.text(), &begins));
        }
        assert!(led.contains("/waivers/1") && led.contains("/findings/own.1"), "{led:?}");
        for path in led {
            let answer = browser.get(&path).await;
            let is_there =
                answer.status == StatusCode::OK || answer.header("location").starts_with("/step-up");
            assert!(is_there, "{path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn what_somebody_wrote_stands_among_the_findings_and_several_are_assigned_at_once() {
    let server = Server::start().await;
    let (mut mia, account) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    let (_, other) = server.member("Cora", &[Role::ControlOwner]).await;
    let who = server.world.find_member(&server.app, &server.program, &account.email).await.actor.to_string();
    let cora = server.world.find_member(&server.app, &server.program, &other.email).await.actor.to_string();
    assert_eq!(eve.get("/findings/new").await.status, StatusCode::NOT_FOUND);
    let one = finding(&mut mia, "Complaint of Ada", &who).await;
    let two = finding(&mut mia, "Complaint of Bob", &who).await;
    let list = mia.get("/findings?by=complaint").await;
    assert!(
        list.text().contains("Complaint of Ada") && list.text().contains("Complaint: Nobody &lt;answered")
    );
    assert!(list.text().contains("formaction=\"/findings/bulk/assign\""), "{}", list.text());
    assert!(!mia.get("/findings?by=audit").await.text().contains("Complaint of Ada"));
    let page = mia.get(&one).await;
    for says in ["Complaint", "found 20 Nov 2026", "Letter of 20 November", "Answer within a day."] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }

    let bulk = "/findings/bulk/assign";
    let confirm = mia.get(&format!("{bulk}?pick=own.1&pick=own.2&pick=own.9")).await;
    assert!(confirm.text().contains("Complaint of Bob"), "{}", confirm.text());
    let picks = [("pick", "own.1"), ("pick", "own.2"), ("pick", "own.9"), ("owner", cora.as_str())];
    let came = mia.send(&format!("{bulk}?pick=own.1"), bulk, &picks).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.text());
    assert!(came.text().contains("2 of 3 findings done"), "{}", came.text());
    // The list tells it to whoever comes back, not to whoever follows their link, and carries it nowhere.
    let back = came.text().split('"').find(|part| part.starts_with("/findings?done=")).expect("a way back");
    let list = mia.get(back).await;
    let says = "2 of 3 findings given an owner. 1 is as before.";
    assert!(list.text().contains(says), "{}", list.text());
    assert!(!list.text().contains("href=\"/findings?done="), "{}", list.text());
    let (mut max, _) = server.member("Max", &[Role::ComplianceManager]).await;
    assert!(!max.get(back).await.text().contains("given an owner"));
    assert!(!mia.get(&back.replacen("assigned.2", "assigned.9", 1)).await.text().contains("given an owner"));
    assert!(mia.get(&two).await.text().contains("Cora"));
    let from = format!("{bulk}?pick=own.1");
    let without = mia.send(&from, bulk, &[("pick", "own.1"), ("owner", "")]).await;
    assert!(without.status == StatusCode::UNPROCESSABLE_ENTITY && without.text().contains("Choose somebody"));

    // Fixed with evidence, it leads to it.
    let item = hand_in(&mut mia, "shows", "Answers of a week", ("a.txt", b"x")).await;
    let version = hidden(mia.get(&one).await.text(), "version").to_owned();
    let fix = |evidence: &'static str| {
        vec![("act", "fix"), ("version", version.as_str()), ("note", "answered"), ("evidence", evidence)]
    };
    assert!(mia.send(&one, &one, &fix("E-9")).await.text().contains("here is no item E-9"));
    let refused = mia.send(&one, &one, &fix("nine")).await;
    assert!(refused.text().contains("id=\"evidence-fault\">&quot;nine&quot; is no number of an item."));
    assert_eq!(mia.send(&one, &one, &fix("E-1")).await.status, StatusCode::SEE_OTHER);
    assert!(mia.get(&one).await.text().contains(&format!("href=\"{item}\"")));
}

#[tokio::test]
async fn several_items_are_accepted_each_for_itself() {
    let server = Server::start().await;
    let (mut cora, _) = server.member("Cora", &[Role::ControlOwner]).await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    hand_in(&mut cora, "one", "First list", ("a.txt", b"x")).await;
    hand_in(&mut cora, "two", "Second list", ("b.txt", b"y")).await;
    hand_in(&mut mia, "three", "Own list", ("c.txt", b"z")).await;
    let bulk = "/evidence/items/bulk/accept";
    assert!(!cora.get("/evidence/items").await.text().contains(bulk), "accepting is not hers");
    let list = mia.get("/evidence/items").await;
    assert!(list.text().contains(&format!("formaction=\"{bulk}\"")), "{}", list.text());
    assert!(list.text().contains("name=\"pick\" value=\"1.2\""), "{}", list.text());
    let confirm = mia.get(&format!("{bulk}?pick=1.2&pick=2.1&pick=3.2")).await;
    assert!(confirm.text().contains("First list") && confirm.text().contains("value=\"2.1\""));
    let from = format!("{bulk}?pick=2.2");
    let came = mia.send(&from, bulk, &[("pick", "1.2"), ("pick", "2.1"), ("pick", "3.2")]).await;
    assert!(came.text().contains("1 of 3 items done"), "{}", came.text());
    assert!(mia.get("/evidence/items/1").await.text().contains("Accepted by"));
    assert!(!mia.get("/evidence/items/3").await.text().contains("Accepted by"), "her own");
    let all = mia.send(&from, bulk, &[("pick", "2.2")]).await;
    assert_eq!(all.status, StatusCode::SEE_OTHER, "{}", all.text());
    assert!(mia.get(all.header("location")).await.text().contains("1 item accepted."), "{}", all.text());
    for odd in ["x", "1.x", "1"] {
        let answer = mia.send(&from, bulk, &[("pick", odd)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{odd}");
    }
    assert!(mia.get(bulk).await.text().contains("Nothing is chosen"));
}

#[tokio::test]
async fn a_document_is_shown_in_a_frame_that_runs_nothing() {
    let server = Server::start().await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    hand_in(&mut mia, "pdf", "Policy", ("policy.pdf", b"%PDF-1.7\n")).await;
    hand_in(&mut mia, "text", "Text", ("notes.txt", b"x")).await;
    let page = mia.get("/evidence/items/1").await;
    let src = "/evidence/items/1/files/1/1/pages";
    assert!(page.text().contains(&format!("src=\"{src}\"")), "{}", page.text());
    assert!(page.text().contains("sandbox=\"\""), "{}", page.text());
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let shown = mia.get(src).await;
    assert_eq!((shown.status, shown.text()), (StatusCode::OK, "%PDF-1.7\n"));
    for (name, value) in [
        ("content-type", "application/pdf"),
        ("content-disposition", "inline"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
    ] {
        assert_eq!(shown.header(name), value, "{name}");
    }
    let policy = shown.header("content-security-policy");
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("allow"), "{policy}");
    // Nothing else is shown so, and no other page has frames.
    assert_eq!(mia.get("/evidence/items/2/files/1/1/pages").await.status, StatusCode::NOT_FOUND);
    assert!(!mia.get("/evidence/items").await.header("content-security-policy").contains("frame-src"));
    let plain = mia.get("/evidence/items/1/files/1/1").await;
    assert!(plain.header("content-disposition").starts_with("attachment;"));
}

#[tokio::test]
async fn how_long_evidence_is_kept_and_what_is_held_is_said_and_set_in_the_pages() {
    let server = Server::start().await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut ona, _) = server.member("Ona", &[Role::Owner]).await;
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    hand_in(&mut eve, "held", "Mail of a dispute", ("mail.txt", b"x")).await;
    let keeping = "/evidence/keeping";
    assert!(mia.get(keeping).await.text().contains("7 years"));
    assert_eq!(eve.get(keeping).await.status, StatusCode::NOT_FOUND);
    let set = [("class", "evidence"), ("days", "3653")];
    assert_eq!(mia.send(keeping, keeping, &set).await.status, StatusCode::NOT_FOUND);
    let refused = ona.send(keeping, keeping, &[("class", "evidence"), ("days", "0")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert_eq!(ona.send(keeping, keeping, &set).await.status, StatusCode::SEE_OTHER);
    // What is set is what forms and items say.
    assert!(mia.get(NEW).await.text().contains("Evidence: 10 years after it was replaced"));
    assert!(mia.get("/evidence/items/1").await.text().contains("Evidence: 10 years"));

    let holds = "/evidence/keeping/holds";
    let placed = mia.send("/evidence/items/1", holds, &[("item", "1"), ("reason", "A <dispute>")]).await;
    assert_eq!(placed.header("location"), "/evidence/items/1#holds", "{}", placed.text());
    assert!(mia.get("/evidence/items/1").await.text().contains("A &lt;dispute&gt;"));
    assert!(!eve.get("/evidence/items/1").await.text().contains("dispute&gt;"), "why is not for everybody");
    let page = mia.get(keeping).await;
    assert!(page.text().contains("item E-1") && page.text().contains("Release"), "{}", page.text());
    assert!(!ona.get(keeping).await.text().contains("/release"));
    let unknown = mia.send(keeping, holds, &[("item", "9"), ("reason", "x")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", unknown.text());
    let released = mia.send(keeping, "/evidence/keeping/holds/1/release", &[]).await;
    assert_eq!(released.header("location"), keeping, "{}", released.text());
    assert!(mia.get(keeping).await.text().contains("Released by"));
    let trail = ona.get("/audit-trail?event=hold").await;
    assert!(trail.text().contains("hold.placed") && trail.text().contains("hold.released"));
}

#[tokio::test]
async fn printed_pages_say_whose_words_they_are() {
    let server = Server::start().await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    assert!(mia.get("/findings").await.text().contains("class=\"of-management\""));
    assert!(!mia.get("/account").await.text().contains("class=\"of-"));
}

#[tokio::test]
async fn a_target_has_an_owner_and_is_taken_out_in_the_pages() {
    let server = Server::start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    crate::host::collect(&server.app, &server.program, &library).await;
    let (mut mia, account) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut max, _) = server.member("Max", &[Role::Executive]).await;
    let who = server.world.find_member(&server.app, &server.program, &account.email).await.actor.to_string();
    let about = "/targets/1/about";
    assert!(mia.get("/targets/1").await.text().contains("href=\"/targets/1/about\""));
    let fields = |version: &'static str| {
        vec![
            ("version", version),
            ("owner", who.as_str()),
            ("system", ""),
            ("criticality", "critical"),
            ("note", "In <the> cellar"),
            ("reason", ""),
        ]
    };
    assert_eq!(mia.send(about, about, &fields("0")).await.header("location"), about);
    let stale = mia.send(about, about, &fields("0")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("In &lt;the&gt; cellar"), "what was typed is still there");
    assert!(mia.get("/targets/1").await.text().contains("Criticality critical."));
    assert!(mia.get("/targets?criticality=critical").await.text().contains("href=\"/targets/1\""));
    assert!(!mia.get("/targets?criticality=low").await.text().contains("href=\"/targets/1\""));
    let seen = max.get(about).await;
    assert!(seen.text().contains("In &lt;the&gt; cellar") && !seen.text().contains("Take it out"));
    let none = mia.send(about, "/targets/1/retire", &[("why", "")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text().contains("id=\"why-fault\">Say why"), "{}", none.text());
    assert_eq!(mia.send(about, "/targets/1/retire", &[("why", "sold")]).await.header("location"), about);
    let page = mia.get(about).await;
    assert!(page.text().contains("Left the scope") && page.text().contains("sold"), "{}", page.text());
    assert_eq!(mia.get("/targets/9/about").await.status, StatusCode::NOT_FOUND);
}
