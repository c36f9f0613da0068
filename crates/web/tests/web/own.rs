//! One's own account and what surrounds it: weak sessions, the authenticator app, another address, several organizations, limits.

use axum::http::header::RETRY_AFTER;
use axum::http::{Method, StatusCode};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::session;
use tickmark_app::testing::World;
use tickmark_core::identity::totp::{STEP_SECONDS, Seed};
use tickmark_core::identity::{Role, SignInRule, base32};
use tickmark_web::Settings;

use crate::members::{Server, token};

/// The reason codes of events of a name.
async fn reasons(server: &Server, event: &str) -> Vec<String> {
    let filter = Filter { event: Some(event.to_owned()), ..Filter::default() };
    let rows = server.app.read(&server.program, async |view| audit::search(view, &filter, 200).await).await;
    rows.expect("rows").into_iter().map(|row| row.reason).collect()
}

#[tokio::test]
async fn a_session_below_the_rule_sees_its_own_account_only() {
    let server = Server::start().await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::ControlOwner]).await;
    let mut browser = server.signed_in(&robin).await;
    assert_eq!(browser.get("/work").await.status, StatusCode::OK);
    server
        .app
        .transact(&server.program, async |cx| session::set_rule(cx, SignInRule::Passkey, "stricter").await)
        .await
        .expect("set");
    for path in ["/work", "/notices", "/search", "/controls", "/account/tokens", "/export/controls.csv"] {
        let answer = browser.get(path).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, "/account/passkeys"),
            "{path}"
        );
    }
    for path in ["/account", "/account/passkeys", "/account/password"] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
    let form = token(browser.get("/account").await.text());
    let answer = browser.post("/notices", &form, &[]).await;
    assert_eq!(answer.header("location"), "/account/passkeys", "nor changes anything");
}

#[tokio::test]
async fn the_authenticator_app_is_replaced_on_the_page_of_the_account() {
    let server = Server::start().await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let mut browser = server.signed_in(&robin).await;
    let page = browser.get("/account/authenticator").await;
    assert!(page.text().contains("You have one") && page.text().contains("<svg class=\"qr\""));
    let mark = "<code class=\"key\">";
    let at = page.text().find(mark).expect("a key") + mark.len();
    let key = page.text()[at..].split('<').next().expect("its end").replace(' ', "");
    let seed = Seed::new(base32::decode(&key).expect("base 32").try_into().expect("20 bytes"));
    let home = "/account/authenticator";
    let wrong = browser.send(home, home, &[("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("code does not fit") && wrong.text().contains(&page.text()[at..at + 4]));
    let removed = browser.send(home, "/account/authenticator/remove", &[]).await;
    assert_eq!(removed.status, StatusCode::UNPROCESSABLE_ENTITY);
    let made = browser.send(home, home, &[("code", &server.code(&seed))]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    assert_eq!(made.text().matches("<li><code>").count(), 10);
    assert_eq!(browser.get("/account").await.status, StatusCode::OK, "with the new cookie");
    server.world.wait(STEP_SECONDS);
    let (email, password) = (robin.email.as_str(), robin.password.as_str());
    let old = server.browser().sign_in(email, password, &robin.code(&server.app, 0)).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let new = server.browser().sign_in(email, password, &server.code(&seed)).await;
    assert_eq!(new.status, StatusCode::SEE_OTHER);
    server.world.wait(601);
    assert_eq!(browser.get(home).await.header("location"), "/step-up?back=/account/authenticator");
}

#[tokio::test]
async fn without_mail_an_address_is_changed_by_whoever_operates_the_installation() {
    let server = Server::start().await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let mut browser = server.signed_in(&robin).await;
    let home = "/account/address";
    let refused = browser.send(home, home, &[("email", "byrd@example.com")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("tickmark people address"));
    let over = browser.get(&format!("/address/{}", "7".repeat(64))).await;
    assert_eq!(over.status, StatusCode::NOT_FOUND);
    assert_eq!(reasons(&server, "access.denied").await, ["link_over"]);
}

#[tokio::test]
async fn what_is_turned_away_has_its_event_and_floods_nothing() {
    let server = Server::start().await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let mut browser = server.signed_in(&robin).await;
    for _ in 0..30 {
        let answer = browser.post("/account/name", "not the token", &[("name", "Mallory")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(reasons(&server, "access.denied").await, vec!["forged"; 20]);
    server.world.wait(60);
    browser.post("/account/name", "not the token", &[("name", "Mallory")]).await;
    assert_eq!(reasons(&server, "access.denied").await.len(), 21, "a minute later there is room again");
}

#[tokio::test]
async fn what_costs_much_is_bounded() {
    let server = Server::start().await;
    let lead = server.world.member(&server.app, &server.program, "Lee", &[Role::ComplianceManager]).await;
    let mut browser = server.signed_in(&lead).await;
    let mut last = browser.get("/export/controls.csv").await;
    for _ in 0..60 {
        last = browser.get("/export/controls.csv").await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.header(RETRY_AFTER.as_str()).parse::<u32>().expect("seconds") <= 60);
    assert!(last.text().contains("Too many requests"));
    assert_eq!(browser.get("/controls").await.status, StatusCode::OK, "the rest goes on");
    server.world.wait(60);
    assert_eq!(browser.get("/export/controls.csv").await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_is_in_several_organizations_goes_between_them_in_the_header() {
    let server = Server::start_at(Settings::loopback(8143)).await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let mut browser = server.signed_in(&robin).await;
    assert!(
        !browser.get("/account").await.text().contains("Another organization"),
        "of one there is no choice"
    );
    let there = server.app.ensure_organization("Beta GmbH", "Beta system").await.expect("made");
    let link = server
        .app
        .transact(&there, async |cx| {
            tickmark_app::identity::people::invite(cx, &robin.email, &[Role::Employee].into()).await
        })
        .await
        .expect("invited");
    server.world.wait(STEP_SECONDS);
    let code = robin.code(&server.app, 0);
    let joining = tickmark_app::identity::people::Joining {
        email: "",
        name: "",
        password: &robin.password,
        code: &code,
        passkey: None,
    };
    server.app.join(&link.secret, joining, &World::origin("127.0.0.1")).await.expect("joined");
    server.world.wait(61);
    let page = browser.get("/account").await;
    assert!(page.text().contains("Another organization") && page.text().contains(">Beta GmbH</option>"));
    let to = there.organization.id.to_string();
    let gone = browser.send("/account", "/account/organization", &[("organization", &to)]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.text());
    assert!(browser.get("/account").await.text().contains(">Example Ltd</option>"));
    // Where more is asked for, they show it first.
    server
        .app
        .transact(&server.program, async |cx| session::set_rule(cx, SignInRule::Passkey, "stricter").await)
        .await
        .expect("set");
    let back = server.program.organization.id.to_string();
    let refused = browser.send("/account", "/account/organization", &[("organization", &back)]).await;
    assert_eq!(refused.header("location"), "/step-up?back=/account");
    assert_eq!(
        browser.ask(Method::GET, "/account", "").await.status,
        StatusCode::OK,
        "and stay where they are"
    );
}

#[tokio::test]
async fn a_member_is_given_an_end_and_signed_out_on_their_page() {
    let server = Server::start().await;
    let owner = server.world.owner(&server.app, &server.program).await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let mut theirs = server.signed_in(&robin).await;
    let mut browser = server.signed_in(&owner).await;
    let id = server.world.find_member(&server.app, &server.program, &robin.email).await.id;
    let page = format!("/people/{id}");
    let act = |act: &str| format!("{page}/{act}");
    let wrong = browser.send(&page, &act("until"), &[("until", "soon"), ("reason", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let day = server.app.now().plus_micros(5 * 86_400_000_000).date();
    let set = browser.send(&page, &act("until"), &[("until", &day), ("reason", "the contract ends")]).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.text());
    assert!(browser.get(&page).await.text().contains(&format!("value=\"{day}\"")));
    let out = browser.send(&page, &act("sign-out"), &[("reason", "a lost laptop")]).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert_eq!(theirs.get("/account").await.status, StatusCode::SEE_OTHER, "led to the sign-in");
}
