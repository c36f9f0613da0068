//! The pages over the real program: one host is looked at, and every page tells the same story.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, conclusion, control, evidence};
use tickmark_core::Digest;
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::id::TargetKey;
use tickmark_evaluate::Library;
use tickmark_web::source::test_names;
use tickmark_web::{Pages, Source};

use crate::host::{PASSWD, collect};
use crate::visitor::Visitor;

pub(crate) fn pages(app: App, actor: Actor, library: &Library) -> Source {
    let tests = library.checks().map(|check| {
        let rego = check.source().tests.as_deref().unwrap_or("");
        (check.id().to_owned(), test_names(rego))
    });
    let check_tests: BTreeMap<String, Vec<String>> = tests.collect();
    let out = app.folder().out();
    Source::live(Pages { app: Arc::new(app), actor, catalog: Catalog::builtin(), check_tests, out })
}

pub(crate) async fn text(guest: &Visitor, path: &str) -> String {
    let answer = guest.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    assert!(!answer.text().contains("<script>"), "{path}");
    answer.text().to_owned()
}

#[tokio::test]
async fn every_page_tells_the_same_story() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let catalog = Catalog::builtin();
    app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    collect(&app, &program, &library).await;
    let person = world.person(&app, &program).await;
    let tested =
        library.checks().find(|check| !check.definition().controls.is_empty()).expect("a test of a control");
    let (check_id, control_id) = (tested.id().to_owned(), tested.definition().controls[0].clone());
    let id = control_id.parse().expect("an id");
    app.transact(&person, async |cx| {
        conclusion::decide(cx, &id, Question::Designed, Answer::Yes, "reviewed with IT").await?;
        evidence::set_retention(cx, "evidence", 3000).await
    })
    .await
    .expect("decided");
    app.sequence(&program).await.expect("sequenced");
    let stored = stored_passwd(&app, &program).await;
    let guest = Visitor::guest_of(pages(app, program, &library)).await;

    let overview = text(&guest, "/").await;
    for told in [
        "Example Ltd",
        "61 of 61",
        "1 fact of ada may not be read",
        "acct-root-only-uid0",
        "suggested by tests",
    ] {
        assert!(overview.contains(told), "the overview tells {told}: {overview}");
    }
    let control = text(&guest, &format!("/controls/{control_id}")).await;
    for told in ["Robin Example, 24 Nov 2026", "reviewed with IT", check_id.as_str()] {
        assert!(control.contains(told), "the control tells {told}");
    }
    let check = text(&guest, "/checks/acct-root-only-uid0").await;
    for told in ["eve", "test_canary", "package</span> checks.acct_root_only_uid0", "built in"] {
        assert!(check.contains(told), "the check tells {told}");
    }
    assert!(text(&guest, "/targets/1").await.contains("/checks/acct-root-only-uid0"));
    assert!(text(&guest, "/targets/1?part=facts").await.contains("<td role=\"cell\">eve</td>"));
    assert!(text(&guest, "/targets/1?part=gaps").await.contains("accounts.shadow"));
    assert!(text(&guest, "/targets/1?part=evidence").await.contains("/etc/passwd"));
    let run = text(&guest, "/runs/1").await;
    assert!(run.contains("accounts.shadow") && run.contains("ledger leaf"), "{run}");
    let raw = text(&guest, &format!("/evidence/{}", stored.hex())).await;
    assert!(raw.contains("&lt;script&gt;") && raw.contains("ledger leaf") && raw.contains("ada (uid 1000)"));
    let ledger = text(&guest, "/ledger").await;
    assert!(ledger.contains("Run 1 reached 1 of 1 targets") && ledger.contains("tickmark/t/"), "{ledger}");
    // Which policy is in force since when, by whom, and what it changed.
    for told in ["3000</span> days", "by Robin Example", "how long evidence is kept", "Changes of policy"] {
        assert!(ledger.contains(told), "the ledger tells {told}: {ledger}");
    }
    assert!(text(&guest, "/ledger/leaves/0").await.contains("log.genesis"));
    assert!(text(&guest, "/criteria/CC6.1").await.contains("/controls/"));
    for path in ["/controls", "/criteria", "/checks", "/targets", "/runs", "/evidence", "/reports"] {
        text(&guest, path).await;
    }
    for path in [
        "/controls/no",
        "/controls/NO-1",
        "/checks/no",
        "/targets/9",
        "/runs/9",
        "/ledger/leaves/99999",
        "/criteria/X1",
    ] {
        assert_eq!(guest.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn before_the_first_look_pages_say_what_to_do() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let guest = Visitor::guest_of(pages(app, program, &library)).await;
    assert!(text(&guest, "/").await.contains("Nothing has been looked at yet"));
    for path in ["/controls", "/targets", "/runs", "/evidence", "/reports"] {
        assert!(text(&guest, path).await.contains("<code class=\"command\">tickmark "), "{path}");
    }
}

#[tokio::test]
async fn a_damaged_artifact_is_said_to_be_damaged_and_not_shown() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    collect(&app, &program, &library).await;
    let hex = stored_passwd(&app, &program).await.hex();
    let blob = find(&app.folder().blobs(), &hex).expect("stored under its digest");
    let guest = Visitor::guest_of(pages(app, program, &library)).await;
    let mut bytes = std::fs::read(&blob).expect("stored bytes");
    assert!(!String::from_utf8_lossy(&bytes).contains("eve"), "stored encrypted");
    bytes[40] ^= 1;
    std::fs::write(&blob, bytes).expect("tampered");
    let answer = guest.get(&format!("/evidence/{hex}")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text().contains("not what was written") && answer.text().contains("tickmark ledger fsck"));
    assert!(!answer.text().contains("bob") && !answer.text().contains(&blob.display().to_string()));
}

/// The digest of the stored, encrypted bytes of the artifact with the accounts.
async fn stored_passwd(app: &App, program: &Actor) -> Digest {
    let seen = app.read(program, async |view| evidence::of_target(view, TargetKey(1)).await).await;
    let passwd = seen.expect("artifacts").into_iter().find(|artifact| artifact.size == PASSWD.len() as u64);
    passwd.expect("the accounts were seen").stored
}

fn find(folder: &std::path::Path, name_part: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.filter_map(Result::ok).find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            find(&path, name_part)
        } else {
            path.to_string_lossy().replace('/', "").contains(name_part).then_some(path)
        }
    })
}

#[tokio::test]
async fn the_reader_chooses_how_far_back_checks_and_targets_are_looked_at() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let catalog = Catalog::builtin();
    app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    collect(&app, &program, &library).await;
    let guest = Visitor::guest_of(pages(app, program, &library)).await;
    for path in ["/checks/ssh-root-login-disabled", "/targets/1"] {
        let plain = text(&guest, path).await;
        assert!(plain.contains(&format!("href=\"{path}?span=12m\"")), "{path}: {plain}");
        let year = text(&guest, &format!("{path}?span=12m")).await;
        assert!(year.contains(&format!("href=\"{path}?span=12m\" aria-current=\"true\"")), "{path}: {year}");
        assert!(year.contains(&format!("href=\"{path}\">90 days")), "{path}: {year}");
        let odd = text(&guest, &format!("{path}?span=nonsense")).await;
        assert!(odd.contains(&format!("href=\"{path}\" aria-current=\"true\">90 days")), "{path}: {odd}");
    }
    let list = text(&guest, "/checks?span=12m&q=ssh-root").await;
    assert!(list.contains("/checks/ssh-root-login-disabled") && list.contains("Looking back"), "{list}");
}
