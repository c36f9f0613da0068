//! Notices, time zones and reminders through HTTP.

use axum::http::StatusCode;
use tickmark_core::catalog::{Catalog, Nature};
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::identity::Role;

use crate::members::{Server, token};

#[tokio::test]
async fn somebody_is_told_reads_it_and_sees_times_as_their_clock_shows_them() {
    let server = Server::start().await;
    let (_, account) = server.member("Coo", &[Role::ControlOwner]).await;
    let owner = server.world.find_member(&server.app, &server.program, &account.email).await.actor;
    let catalog = Catalog::builtin();
    let starter = catalog
        .controls
        .iter()
        .find(|control| control.frequency == Frequency::Monthly && control.nature != Nature::Automated);
    let id: ControlId = starter.expect("a monthly control").id.parse().expect("an id");
    let person = server.world.person(&server.app, &server.program).await;
    server
        .app
        .transact(&server.program, async |cx| tickmark_app::control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    server
        .app
        .transact(&person, async |cx| tickmark_app::control::put_in_force(cx, &id, owner).await)
        .await
        .expect("in force");
    let mut browser = server.signed_in(&account).await;
    let page = browser.get("/notices").await;
    assert!(page.text().contains("Nothing to tell yet") && page.text().contains("href=\"/notices\""));
    // The window of November ends with its month and ten days of grace.
    server.world.wait(14 * 86_400);
    server.app.remind(&server.program).await.expect("reminded");
    let mut browser = server.signed_in(&account).await;
    let page = browser.get("/notices").await;
    assert!(page.text().contains("Unread") && page.text().contains("Soon"), "{}", page.text());
    assert!(page.text().contains(&format!("href=\"/controls/{id}/occurrences\"")));
    assert!(page.text().contains("1<span class=\"visually-hidden\"> unread</span>"), "the bell counts");
    // Another's notices are another's.
    let (mut other, _) = server.member("Eve", &[Role::Employee]).await;
    assert!(other.get("/notices").await.text().contains("Nothing to tell yet"));
    other.send("/account", "/notices", &[("key", "1")]).await;
    assert!(browser.get("/notices").await.text().contains("Unread"));
    let own = token(browser.get("/account").await.text());
    assert_eq!(browser.post("/notices", &own, &[("key", "x")]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.send("/notices", "/notices", &[]).await.header("location"), "/notices");
    let page = browser.get("/notices").await;
    assert!(!page.text().contains("Unread") && !page.text().contains("Mark all as read"));

    // Times are those of their zone, named.
    assert!(browser.get("/account").await.text().contains("Times are shown in <strong>UTC</strong>"));
    for (zone, reminders, says) in [
        ("Mars/Olympus", "daily", "Choose one of the list"),
        ("Europe/Berlin", "hourly", "Choose one of the list"),
    ] {
        let fields = [("zone", zone), ("reminders", reminders)];
        let refused = browser.send("/account/reminders", "/account/reminders", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(says), "{zone} {reminders}");
    }
    let fields = [("zone", "Pacific/Auckland"), ("reminders", "weekly")];
    let set = browser.send("/account/reminders", "/account/reminders", &fields).await;
    assert_eq!((set.status, set.header("location")), (StatusCode::SEE_OTHER, "/account/reminders"));
    let page = browser.get("/account").await;
    assert!(page.text().contains("Pacific/Auckland") && page.text().contains(" NZDT"), "{}", page.text());
    assert!(other.get("/account").await.text().contains("Times are shown in <strong>UTC</strong>"));
}

#[tokio::test]
async fn owners_set_what_holds_in_the_organization_and_nobody_else_finds_the_page() {
    let server = Server::start().await;
    let (mut owner, _) = server.member("Ona", &[Role::Owner]).await;
    let path = "/settings/time";
    assert!(owner.get("/account").await.text().contains("href=\"/settings/time\""));
    for (zone, style, days) in [
        ("Berlin", "iso", "7"),
        ("UTC", "roman", "7"),
        ("UTC", "iso", "91"),
        ("UTC", "iso", "-1"),
        ("UTC", "iso", ""),
    ] {
        let fields = [("zone", zone), ("style", style), ("days", days)];
        let refused = owner.send(path, path, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(refused.text().contains(&format!("value=\"{days}\"")), "what was typed is still there");
    }
    let fields = [("zone", "America/New_York"), ("style", "month_first"), ("days", "0")];
    assert_eq!(owner.send(path, path, &fields).await.status, StatusCode::SEE_OTHER);
    let page = owner.get("/account").await;
    assert!(page.text().contains(" EST") && page.text().contains("Nov 24, 2026"), "{}", page.text());
    let trail = owner.get("/audit-trail?event=organization").await;
    assert!(trail.text().contains("organization.changed"), "{}", trail.text());
    for role in [Role::ComplianceManager, Role::ControlOwner, Role::Employee] {
        let (mut other, _) = server.member(role.word(), &[role]).await;
        assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND, "{role}");
        let own = token(other.get("/account").await.text());
        assert_eq!(other.post(path, &own, &fields).await.status, StatusCode::NOT_FOUND, "{role}");
    }
}
