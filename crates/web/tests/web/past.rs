//! The pages over a past that really happened: a control fails on the fourth day, is mended, and nobody looks for a while.

use axum::http::StatusCode;
use serde_json::json;
use tickmark_app::conclusion;
use tickmark_app::observation::{self, RunInput};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, control, report};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::observation::{Collected, TargetRef};
use tickmark_evaluate::Library;
use tickmark_web::Source;

use crate::live::{pages, text};
use crate::visitor::Visitor;

const DAY: i64 = 86_400;
/// How long before the moment of the pages the story begins, in days.
const LENGTH: i64 = 20;
const CHECK: &str = "acct-root-only-uid0";
const CONTROL: &str = "IAM-08";

fn look(app: &App, roots: &[&str]) -> Collected {
    let user = |name: &&str| {
        json!({"name": name, "uid": 0, "gid": 0, "comment": "", "home": "/", "shell": "/bin/sh",
               "is_system": false, "is_login_capable": true, "groups": [name]})
    };
    let users: Vec<_> = roots.iter().map(user).collect();
    Collected {
        target: TargetRef { kind: "host".into(), external_id: "id-of-ada".into(), name: "ada".into() },
        schema: "host/1".into(),
        facts: json!({"schema": "host/1", "gaps": [], "accounts": {"users": users, "malformed_lines": []}}),
        gaps: Vec::new(),
        artifacts: Vec::new(),
        collector: "host 0.1.0".into(),
        started: app.now(),
        finished: app.now(),
    }
}

async fn run(app: &App, actor: &Actor, library: &Library, roots: &[&str]) {
    let key = app.transact(actor, async |cx| observation::open_run(cx, "host", "host 0.1.0").await);
    let key = key.await.expect("opened");
    let look = look(app, roots);
    let input = RunInput {
        expected: vec![look.target.clone()],
        enumeration: "this machine".into(),
        collected: vec![look],
    };
    app.transact(actor, async |cx| observation::record(cx, library, key, input).await)
        .await
        .expect("recorded");
}

/// Plays the story and returns pages that look at it from its end.
async fn story() -> (World, Source) {
    let world = World::sqlite();
    world.wait(-LENGTH * DAY);
    let (app, program) = world.start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let catalog = Catalog::builtin();
    app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    app.transact(&program, async |cx| control::sync_tests(cx, &library).await).await.expect("mapped");
    let person = world.person(&app, &program).await;
    let id = CONTROL.parse().expect("an id");
    app.transact(&person, async |cx| control::put_in_force(cx, &id, cx.actor.id).await)
        .await
        .expect("in force");
    let freeze = async || {
        app.transact(&person, async |cx| {
            let model = report::readiness(cx, &catalog, &library, "Robin Example", "test").await?;
            conclusion::snapshot(cx, &model).await
        })
        .await
        .expect("frozen")
    };
    for day in 0..LENGTH {
        match day {
            3 | 4 => run(&app, &program, &library, &["root", "eve"]).await,
            // A run that is cut off, and nobody looks for six days.
            10 => {
                let open =
                    app.transact(&program, async |cx| observation::open_run(cx, "host", "host 0.1.0").await);
                open.await.expect("opened");
            }
            11..16 => {}
            _ => {
                let missed = app.transact(&program, async |cx| observation::miss_open_runs(cx).await);
                missed.await.expect("noticed");
                run(&app, &program, &library, &["root"]).await;
            }
        }
        if day == 4 {
            freeze().await;
        }
        app.sequence(&program).await.expect("sequenced");
        world.wait(DAY);
    }
    let decided = app.transact(&person, async |cx| {
        conclusion::decide(cx, &id, Question::Designed, Answer::Yes, "read with the owner").await
    });
    decided.await.expect("decided");
    freeze().await;
    app.sequence(&program).await.expect("sequenced");
    (world, pages(app, program, &library))
}

/// The first address in `html` that begins with `start`.
fn link(html: &str, start: &str) -> String {
    let from = html.find(&format!("href=\"{start}")).unwrap_or_else(|| panic!("no link to {start}: {html}"));
    html[from + 6..].split('"').next().unwrap_or("").replace("&amp;", "&")
}

#[tokio::test]
async fn from_the_board_to_why_it_failed_then() {
    let (_world, source) = story().await;
    let guest = Visitor::guest_of(source).await;
    let board = text(&guest, "/period?span=30d&state=deviation").await;
    assert!(board.contains("2 of 110 controls") && board.contains("/period/IAM-08?span=30d"), "{board}");
    // By the day: from a look in one afternoon to a look in another, two days later.
    assert!(board.contains("deviation in 3 days, unknown in"), "{board}");
    let year = text(&guest, "/period?span=12m&state=deviation").await;
    assert!(year.contains("deviation in 2 weeks, unknown in"), "weeks in a year: {year}");

    let control = text(&guest, "/period/IAM-08?span=30d").await;
    for told in ["7 Nov 2026, 14:45 UTC", "6 Nov 2026, 14:45 UTC", "after 2 days", "last look too old"] {
        assert!(control.contains(told), "{told}: {control}");
    }
    // On the second day of it nobody knew that it would be good again.
    let then = text(&guest, "/period/IAM-08?span=30d&known=2026-11-08").await;
    for told in ["As it was known at", "Show what is known now", "still so, ", "How far the tests reach"] {
        assert!(then.contains(told), "{told}: {then}");
    }
    assert!(!then.contains("after 2 days"), "that was seen later: {then}");
    let moment = link(&control, &format!("/targets/1/checks/{CHECK}?at=2026-11-07T14:45"));
    let then = text(&guest, &moment).await;
    for told in [
        "user id 0 is also held by eve",
        "Computed again just now from the facts of then: the same verdict",
        "<dt>Observed</dt>",
        "<dt>Expected</dt>",
        "not yet so at 6 Nov 2026, 14:45 UTC",
    ] {
        assert!(then.contains(told), "{told}: {then}");
    }
    let facts = text(&guest, &link(&then, "/targets/1?part=facts&amp;at=")).await;
    assert!(facts.contains(">eve</td>") && facts.contains("As they were known at"), "{facts}");
    assert!(!text(&guest, "/targets/1?part=facts").await.contains(">eve</td>"), "now she is gone");
    let mended = text(&guest, &format!("/targets/1/checks/{CHECK}?at=2026-11-09")).await;
    assert!(mended.contains("accounts: 1, user id 0 is held by root only"), "{mended}");
    let stale = text(&guest, &format!("/targets/1/checks/{CHECK}?at=2026-11-18")).await;
    assert!(stale.contains("A look older than 72 hours is not relied on"), "{stale}");
    let before = text(&guest, &format!("/targets/1/checks/{CHECK}?at=2026-11-01")).await;
    assert!(before.contains("Nothing is known of this moment"), "{before}");
}

#[tokio::test]
async fn runs_coverage_and_findings_tell_what_was_missed() {
    let (_world, source) = story().await;
    let guest = Visitor::guest_of(source).await;
    let runs = text(&guest, "/runs").await;
    assert!(runs.contains("No result") && runs.contains("no run in 5 days, no result in 1 day"), "{runs}");
    let found = text(&guest, "/runs/4").await;
    assert!(found.contains("at=2026-11-07") && found.contains("ledger leaf"), "{found}");
    assert_eq!(text(&guest, "/runs/3").await.matches("Every verdict is what it was").count(), 1);
    let coverage = text(&guest, "/coverage?span=30d").await;
    assert!(coverage.contains("not seen for") && coverage.contains("/targets/1"), "{coverage}");
    let findings = text(&guest, "/findings").await;
    assert!(!findings.contains("eve"), "it was mended: {findings}");
    let target = text(&guest, "/targets/1").await;
    assert!(target.contains(&format!("/targets/1/checks/{CHECK}")), "{target}");
}

#[tokio::test]
async fn two_assessments_say_what_changed_and_why() {
    let (_world, source) = story().await;
    let guest = Visitor::guest_of(source).await;
    let list = text(&guest, "/readiness").await;
    assert!(list.contains("number 1, by Robin Example") && list.contains("number 2"), "{list}");
    let compared = text(&guest, "/readiness/compare?before=1&after=2").await;
    for told in [
        "acct-root-only-uid0 on ada: fail to pass",
        "IAM-08 designed: not assessed to yes",
        "/controls/IAM-08",
    ] {
        assert!(compared.contains(told), "{told}: {compared}");
    }
    assert!(compared.contains(&format!("/targets/1/checks/{CHECK}?at=2026-11-")), "{compared}");
    // The order in which they are named does not matter, and what is not there is not found.
    assert!(text(&guest, "/readiness/compare?before=2&after=1").await.contains("fail to pass"));
    for path in
        ["/readiness/compare", "/readiness/compare?before=1&after=9", "/readiness/compare?before=x&after=1"]
    {
        assert_eq!(guest.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_signed_checkpoint_can_be_taken_away_with_its_proof() {
    let (_world, source) = story().await;
    let guest = Visitor::guest_of(source).await;
    let older = text(&guest, "/ledger?before=5").await;
    assert!(older.contains("log.genesis") && older.contains("5 of 40"), "{older}");
    let newest = guest.get("/ledger/checkpoint").await.text().to_owned();
    let size: u64 = newest.lines().nth(1).and_then(|line| line.parse().ok()).expect("a size");
    let same = guest.get(&format!("/ledger/checkpoint?size={size}")).await;
    assert_eq!(same.text(), newest);
    assert_eq!(guest.get("/ledger/checkpoint?size=99999").await.status, StatusCode::NOT_FOUND);
    let page = text(&guest, &format!("/ledger/consistency?from=3&to={size}")).await;
    assert!(page.contains("old = new = step 1") && page.contains("new = H(new, step"), "{page}");
    let proof = guest.get(&format!("/ledger/consistency/3/{size}/proof.txt")).await;
    assert!(proof.header("content-disposition").contains(&format!("consistency-3-{size}.txt")));
    let (hashes, note) = proof.text().split_once("\n\n").expect("two parts");
    assert!(hashes.starts_with("old 3\n") && hashes.lines().skip(1).all(|line| line.len() == 44), "{hashes}");
    assert_eq!(note, newest);
}
