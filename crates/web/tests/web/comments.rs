//! Comments through HTTP: said, changed and removed by their author; who is named is told; the feed of a record.

use axum::http::StatusCode;
use tickmark_app::comment::{self, About};
use tickmark_app::control;
use tickmark_app::identity::audit;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;

use crate::members::{Browser, Server, hidden};

const WHO: &[Role] = &[Role::ComplianceManager];

async fn server() -> Server {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    server
        .app
        .transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    server
}

async fn say(browser: &mut Browser, page: &str, kind: &str, id: &str, body: &str) -> crate::visitor::Answer {
    let shown = browser.get(page).await;
    let once = hidden(shown.text(), "once").to_owned();
    browser.send(page, "/comments/new", &[("kind", kind), ("id", id), ("once", &once), ("body", body)]).await
}

#[tokio::test]
async fn a_comment_is_said_changed_and_removed_by_its_author_and_its_past_stays() {
    let server = server().await;
    let (mut mia, _) = server.member("Mia", WHO).await;
    let (mut max, _) = server.member("Max", WHO).await;
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    let page = "/controls/IAM-01";
    let said = say(&mut mia, page, "control", "IAM-01", "Is <b>this</b> still so?\nI doubt it.").await;
    assert_eq!((said.status, said.header("location")), (StatusCode::SEE_OTHER, "/controls/IAM-01#comment-1"));
    let shown = max.get(page).await;
    assert!(shown.text().contains("Is &lt;b&gt;this&lt;/b&gt; still so?\nI doubt it."), "{}", shown.text());
    assert!(!shown.text().contains("/comments/1/edit"), "only its author changes it");

    // Sent twice from one page it is said once; what cannot be said is told beside the field, with what was typed.
    let once = hidden(mia.get(page).await.text(), "once").to_owned();
    let fields = [("kind", "control"), ("id", "IAM-01"), ("once", once.as_str()), ("body", "Again")];
    for _ in 0..2 {
        assert_eq!(
            mia.send(page, "/comments/new", &fields).await.header("location"),
            "/controls/IAM-01#comment-2"
        );
    }
    let long = "ä".repeat(4001);
    for body in ["", " \n ", long.as_str()] {
        let refused = say(&mut mia, page, "control", "IAM-01", body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.text().contains("Write 1 to 4000 characters")
                && refused.text().contains("id=\"body-fault\"")
        );
        assert!(body.trim().is_empty() || refused.text().contains(&long));
    }
    for (kind, id) in [
        ("control", "NOPE-1"),
        ("nothing", "1"),
        ("evidence", "77"),
        ("finding", "test.none"),
        ("commitment", "9"),
        ("waiver_request", "9"),
        ("occurrence", "NOPE-1"),
    ] {
        assert_eq!(say(&mut mia, page, kind, id, "x").await.status, StatusCode::NOT_FOUND, "{kind}");
    }

    let edit = "/comments/1/edit";
    assert!(mia.get(edit).await.text().contains("Is &lt;b&gt;this&lt;/b&gt;"));
    let changed = mia.send(edit, edit, &[("version", "1"), ("body", "Settled.")]).await;
    assert_eq!(changed.header("location"), "/controls/IAM-01#comment-1");
    let stale = mia.send(edit, edit, &[("version", "1"), ("body", "From an old window")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("Settled.") && stale.text().contains("From an old window"));
    let empty = mia.send(edit, edit, &[("version", "2"), ("body", "")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let shown = max.get(page).await;
    assert!(
        shown.text().contains("Settled.")
            && shown.text().contains(", edited")
            && shown.text().contains("What it said before")
    );

    // Nobody else touches it; whoever may not see the control knows nothing of it.
    for (browser, form) in [(&mut max, page), (&mut eve, "/account")] {
        assert_eq!(browser.get(edit).await.status, StatusCode::NOT_FOUND);
        assert_eq!(
            browser.send(form, edit, &[("version", "2"), ("body", "Mine now")]).await.status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(browser.send(form, "/comments/1/remove", &[]).await.status, StatusCode::NOT_FOUND);
    }
    let fields = [("kind", "control"), ("id", "IAM-01"), ("once", "another"), ("body", "Hello")];
    assert_eq!(eve.send("/account", "/comments/new", &fields).await.status, StatusCode::NOT_FOUND);

    assert_eq!(mia.send(page, "/comments/1/remove", &[]).await.status, StatusCode::SEE_OTHER);
    let shown = max.get(page).await;
    assert!(shown.text().contains("Removed by its author") && shown.text().contains("What it said before"));
    assert_eq!(mia.get(edit).await.status, StatusCode::NOT_FOUND, "what was removed is not changed any more");
    assert_eq!(mia.send(page, "/comments/1/remove", &[]).await.status, StatusCode::NOT_FOUND);

    // The trail says that, and commits to what, something was said; it does not say what.
    let filter = audit::Filter { event: Some("comment".into()), ..audit::Filter::default() };
    let rows = server.app.read(&server.program, async |view| audit::search(view, &filter, 50).await).await;
    let rows = rows.expect("rows");
    let events: Vec<&str> = rows.iter().rev().map(|row| row.event.as_str()).collect();
    assert_eq!(events, ["comment.written", "comment.written", "comment.changed", "comment.removed"]);
    assert!(rows.iter().all(|row| row.why.is_none() && row.object == "IAM-01"));
    let records =
        server.app.read(&server.program, async |view| comment::records(view).await).await.expect("records");
    assert_eq!(records.len(), 3, "each version can be opened");
}

#[tokio::test]
async fn whoever_is_named_finds_it_in_their_work_until_they_have_seen_it() {
    let server = server().await;
    let (mut mia, _) = server.member("Mia", WHO).await;
    let (mut max, _) = server.member("Max", WHO).await;
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    let page = "/controls/IAM-01";
    let body = "@max, @eve@example.com and @Mia: look. Not mail@max.";
    assert_eq!(say(&mut mia, page, "control", "IAM-01", body).await.status, StatusCode::SEE_OTHER);
    let shown = mia.get(page).await;
    assert!(shown.text().contains("<span class=\"mention\">@max</span>"), "{}", shown.text());
    let work = max.get("/work").await;
    assert!(
        work.text().contains("Comments that name you") && work.text().contains("/controls/IAM-01#comment-1")
    );
    assert!(work.text().contains("1<span class=\"visually-hidden\"> waiting"), "{}", work.text());
    assert!(
        !mia.get("/work").await.text().contains("Comments that name you"),
        "nobody is told by themselves"
    );
    assert!(!eve.get("/work").await.text().contains("Comments that name you"), "not of what she may not see");
    assert_eq!(eve.send("/account", "/comments/2/seen", &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(max.send("/work", "/comments/1/seen", &[]).await.header("location"), "/work");
    assert!(!max.get("/work").await.text().contains("Comments that name you"));
    assert_eq!(max.send("/account", "/comments/1/seen", &[]).await.status, StatusCode::NOT_FOUND);
    assert!(
        !max.get("/account").await.text().contains(" waiting"),
        "what somebody did themselves is counted at once"
    );
    // What others did is counted behind the pages, which are not kept waiting by it.
    say(&mut mia, page, "control", "IAM-01", "@Max, and this?").await;
    let mut looks = 0;
    while !max.get("/account").await.text().contains("1<span class=\"visually-hidden\"> waiting") {
        looks += 1;
        assert!(looks < 100, "it is counted");
    }
    assert_eq!(max.send("/work", "/comments/2/seen", &[]).await.header("location"), "/work");
    // What is removed calls nobody any more.
    say(&mut mia, page, "control", "IAM-01", "@Max once more").await;
    assert!(max.get("/work").await.text().contains("Comments that name you"));
    mia.send(page, "/comments/3/remove", &[]).await;
    assert!(!max.get("/work").await.text().contains("Comments that name you"));
}

#[tokio::test]
async fn the_feed_of_a_record_has_what_happened_and_what_was_said_in_one_order() {
    let server = server().await;
    let (mut mia, _) = server.member("Mia", WHO).await;
    let page = "/controls/IAM-01";
    say(&mut mia, page, "control", "IAM-01", "First words").await;
    server.world.wait(60);
    let retire = "/controls/IAM-01/retire";
    let retired = mia.send(retire, retire, &[("reason", "nobody does it")]).await;
    assert_eq!(retired.status, StatusCode::SEE_OTHER, "{}", retired.text());
    server.world.wait(60);
    say(&mut mia, page, "control", "IAM-01", "Last words").await;
    let shown = mia.get(page).await;
    let text = shown.text();
    let place = |mark: &str| text.find(mark).unwrap_or_else(|| panic!("no {mark}: {text}"));
    assert!(place("First words") < place("retired it") && place("retired it") < place("Last words"));
    let steps = server
        .app
        .read(&server.program, async |view| {
            comment::feed(view, &About::of("control", "IAM-01").expect("an id")).await
        })
        .await
        .expect("a feed");
    assert_eq!(steps.len(), 3);
    assert!(mia.get("/controls/IAM-01/occurrences").await.text().contains("id=\"activity\""));
}
