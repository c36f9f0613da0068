//! API tokens: made in the pages, used by programs.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use tickmark_app::identity::people;
use tickmark_app::identity::token;
use tickmark_core::identity::Role;
use tickmark_core::identity::token::TokenText;

use crate::members::{Browser, Server};

const PATH: &str = "/account/tokens";

/// A program that has this token.
fn program(server: &Server, token: &str) -> Browser {
    let mut browser = server.browser();
    browser.headers = vec![("authorization", format!("Bearer {token}"))];
    browser
}

fn shown(page: &str) -> String {
    let at = page.find("tmk_api_").unwrap_or_else(|| panic!("no token: {page}"));
    page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[tokio::test]
async fn a_token_does_what_it_was_given_and_no_more() {
    let server = Server::start().await;
    let (mut browser, account) = server.member("Cam", &[Role::ComplianceManager]).await;
    let fields = [("name", "nightly <job>"), ("atom", "control.read"), ("atom", "test.read"), ("days", "30")];
    let made = browser.send(PATH, PATH, &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let text = shown(made.text());
    assert!(TokenText::read(&text).is_some() && made.text().contains("nightly &lt;job&gt;"));
    assert!(!browser.get(PATH).await.text().contains("tmk_api_"), "shown once");

    let mut job = program(&server, &text);
    let list = job.get("/api/v1/controls").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text());
    assert!(list.header("ratelimit").starts_with("\"token\";r=599;t="), "{:?}", list.headers);
    assert_eq!(list.header("ratelimit-policy"), "\"token\";q=600;w=60");
    assert_eq!(job.get("/api/v1/checks").await.status, StatusCode::OK);
    for path in ["/api/v1/runs", "/api/v1/evidence", "/api/v1/audit-events", "/api/v1/nothing", "/api/v2"] {
        let answer = job.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
    // It opens no pages, and takes no forms.
    for path in ["/controls", "/account", PATH, "/people"] {
        assert!(job.get(path).await.header("location").starts_with("/sign-in"), "{path}");
    }
    assert_eq!(job.post(PATH, "x", &fields).await.status, StatusCode::UNAUTHORIZED);
    assert!(browser.get(PATH).await.text().contains("Last used"));

    // Fewer roles, fewer permissions; none while the membership rests, and none after revoking.
    let id = server.world.find_member(&server.app, &server.program, &account.email).await.id;
    let change = async |suspends: bool| {
        let why = "a test";
        server
            .app
            .transact(&server.program, async |cx| {
                if suspends { people::suspend(cx, id, why).await } else { people::resume(cx, id, why).await }
            })
            .await
            .expect("changed");
    };
    change(true).await;
    assert_eq!(job.get("/api/v1/controls").await.status, StatusCode::UNAUTHORIZED);
    change(false).await;
    assert_eq!(job.get("/api/v1/controls").await.status, StatusCode::OK);
    server
        .app
        .transact(&server.program, async |cx| {
            people::revoke(cx, id, Role::ComplianceManager, "a test").await?;
            people::grant(cx, id, Role::Employee).await
        })
        .await
        .expect("another role");
    assert_eq!(job.get("/api/v1/controls").await.status, StatusCode::NOT_FOUND, "the owner may not either");
    server
        .app
        .transact(&server.program, async |cx| people::grant(cx, id, Role::ComplianceManager).await)
        .await
        .expect("back");
    let mut browser = server.signed_in(&account).await;
    let page = browser.get(PATH).await;
    let at = page.text().find("/account/tokens/").expect("a token");
    let path = page.text()[at..at + "/account/tokens/".len() + 36].to_owned();
    assert_eq!(browser.send(PATH, &path, &[]).await.header("location"), PATH);
    assert_eq!(job.get("/api/v1/controls").await.status, StatusCode::UNAUTHORIZED);
    assert!(browser.get(PATH).await.text().contains("Revoked "));
}

#[tokio::test]
async fn a_token_ends_by_itself_and_is_never_given_more_than_its_maker_has() {
    let server = Server::start().await;
    let (mut browser, account) = server.member("Con", &[Role::ControlOwner]).await;
    for (fields, says) in [
        (vec![("name", "x"), ("days", "1")], "Choose at least one permission."),
        (vec![("name", "x"), ("days", "1"), ("atom", "risk.approve")], "cannot be given"),
        (vec![("name", "x"), ("days", "1"), ("atom", "member.create")], "cannot be given"),
        (vec![("name", "x"), ("days", "1"), ("atom", "token.create")], "cannot be given"),
        (vec![("name", "x"), ("days", "1"), ("atom", "control.create")], "cannot be given"),
        (vec![("name", "x"), ("days", "0"), ("atom", "control.read")], "1 to 365 days"),
        (vec![("name", "x"), ("days", "366"), ("atom", "control.read")], "1 to 365 days"),
        (vec![("name", "x"), ("days", "soon"), ("atom", "control.read")], "1 to 365 days"),
        (vec![("name", " "), ("days", "1"), ("atom", "control.read")], "1 to 200 characters"),
    ] {
        let answer = browser.send(PATH, PATH, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
    }
    let unknown = [("name", "x"), ("days", "1"), ("atom", "no.such")];
    assert_eq!(browser.send(PATH, PATH, &unknown).await.status, StatusCode::BAD_REQUEST);
    let offered = browser.get(PATH).await;
    for never in ["value=\"member.read\"", "value=\"audit_trail.read\"", ".approve\""] {
        assert!(!offered.text().contains(never), "{never}");
    }
    let made = browser.send(PATH, PATH, &[("name", "x"), ("days", "1"), ("atom", "control.read")]).await;
    let text = shown(made.text());
    assert_eq!(program(&server, &text).get("/api/v1/controls").await.status, StatusCode::OK);
    server.world.wait(601);
    let stale = server.browser();
    drop(stale);
    let asks = browser.send(PATH, PATH, &[("name", "x"), ("days", "1"), ("atom", "control.read")]).await;
    assert_eq!(asks.status, StatusCode::FORBIDDEN);
    assert!(asks.text().contains("Show that it is you"));
    server.world.wait(24 * 3600);
    assert_eq!(program(&server, &text).get("/api/v1/controls").await.status, StatusCode::UNAUTHORIZED);

    // Others do not see it, administrators do; an employee has none.
    let (mut admin, _) = server.member("Ada", &[Role::Admin]).await;
    assert!(admin.get(PATH).await.text().contains("Con"));
    let (mut manager, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    assert!(manager.get(PATH).await.text().contains("None. A token lets"));
    let (mut employee, _) = server.member("Eve", &[Role::Employee]).await;
    assert_eq!(employee.get(PATH).await.status, StatusCode::NOT_FOUND);
    let actor = account.actor(&server.world, &server.app).await;
    let tokens = server.app.read(&actor, async |view| token::list(view).await).await.expect("own");
    let id = tokens[0].id;
    let others = manager.send("/account", &format!("{PATH}/{id}"), &[]).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND, "not theirs to revoke");
}

#[tokio::test]
async fn what_is_no_token_gets_nowhere_and_is_slowed_down() {
    let server = Server::start().await;
    let account = server.world.member(&server.app, &server.program, "Cam", &[Role::ComplianceManager]).await;
    let actor = account.actor(&server.world, &server.app).await;
    let atoms = BTreeSet::from(["control.read".parse().expect("an atom")]);
    let (_, text) =
        server.app.transact(&actor, async |cx| token::create(cx, "x", &atoms, 1).await).await.expect("made");
    let text = text.as_str().to_owned();
    let mut read = TokenText::read(&text).expect("a token");
    read.secret[0] ^= 1;
    let other_secret = read.write();
    read.secret[0] ^= 1;
    read.id = uuid::Uuid::from_u128(1);
    let other_id = read.write();
    let wrong = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {text}"),
        format!("Bearer {}", &text[1..]),
        format!("Bearer {}", other_secret.as_str()),
        format!("Bearer {}", other_id.as_str()),
        format!("Bearer {text} {text}"),
    ];
    let mut stranger = server.browser();
    for value in &wrong {
        stranger.headers = vec![("authorization", value.clone())];
        let answer = stranger.get("/api/v1/controls").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{value}");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"tickmark\"");
        assert_eq!(answer.header("location"), "");
    }
    stranger.headers.clear();
    assert_eq!(stranger.get("/api/v1/controls").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        stranger.get(&format!("/api/v1/controls?access_token={text}")).await.status,
        StatusCode::UNAUTHORIZED
    );
    for _ in wrong.len()..30 {
        stranger.headers = vec![("authorization", "Bearer x".to_owned())];
        stranger.get("/api/v1/controls").await;
    }
    let answer = stranger.get("/api/v1/controls").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.header("retry-after").parse::<i64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    server.world.wait(60);
    let mut job = program(&server, &text);
    for _ in 0..600 {
        assert_eq!(job.get("/api/v1/controls/none").await.status, StatusCode::NOT_FOUND);
    }
    let answer = job.get("/api/v1/controls/none").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::TOO_MANY_REQUESTS, "application/problem+json")
    );
}

#[tokio::test]
async fn a_token_is_bound_to_addresses_and_systems_on_its_page() {
    let server = Server::start().await;
    let (mut browser, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let page = browser.get(PATH).await;
    let mark = "name=\"system\" value=\"";
    let at = page.text().find(mark).map(|at| at + mark.len()).expect("a system is offered");
    let system = page.text()[at..at + 36].to_owned();
    let fields = [("name", "job"), ("atom", "control.read"), ("days", "30")];
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        fields.iter().chain(more).copied().collect()
    };
    let wrong = browser.send(PATH, PATH, &with(&[("addresses", "203.0.113.0/24 here")])).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text().contains("203.0.113.0/24 here") && wrong.text().contains("an address is written as")
    );
    let other = with(&[("system", "00000000-0000-7000-8000-000000000000")]);
    let other = browser.send(PATH, PATH, &other).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text());

    let made = browser.send(PATH, PATH, &with(&[("addresses", "203.0.113.0/24,\r\n198.51.100.7")])).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let elsewhere = program(&server, &shown(made.text())).get("/api/v1/controls").await;
    assert_eq!(elsewhere.status, StatusCode::UNAUTHORIZED, "this machine is none of them");
    let mut bound = fields.to_vec();
    bound.extend([("addresses", "127.0.0.1"), ("system", system.as_str())]);
    let made = browser.send(PATH, PATH, &bound).await;
    let narrowed = program(&server, &shown(made.text())).get("/api/v1/controls").await;
    assert_eq!(narrowed.status, StatusCode::NOT_FOUND, "not all of them are its system's");
    let listed = browser.get(PATH).await;
    for says in [
        "Only from <code>127.0.0.1</code>",
        "Only from <code>198.51.100.7 203.0.113.0/24</code>",
        "Only for ",
    ] {
        assert!(listed.text().contains(says), "{says}: {}", listed.text());
    }
}
