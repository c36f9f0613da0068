//! Getting in and out through HTTP, and who then sees what.

use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{Method, StatusCode};
use tickmark_app::identity::people;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::totp::STEP_SECONDS;
use tickmark_core::identity::{Role, Scope, matrix};
use tickmark_web::Settings;
use tickmark_web::permission::{Needs, needs};

use crate::members::{Browser, Server, hex_32, hidden, token};
use crate::visitor::Answer;

/// Addresses that answer with an empty data folder.
const LISTS: [&str; 12] = [
    "/",
    "/period",
    "/criteria",
    "/controls",
    "/checks",
    "/targets",
    "/runs",
    "/coverage",
    "/findings",
    "/evidence",
    "/ledger",
    "/reports",
];

#[tokio::test]
async fn from_the_set_up_secret_to_the_overview_out_and_in_again() {
    let server = Server::start().await;
    let link = server.set_up_link().await;
    let mut browser = server.browser();
    // Whoever looks at links before people do uses up nothing.
    for method in [Method::HEAD, Method::GET, Method::GET] {
        assert_eq!(server.browser().ask(method, &link, "").await.status, StatusCode::OK);
    }
    let page = browser.get(&link).await;
    assert!(page.text().contains("<svg class=\"qr\"") && page.text().contains("become the owner"));
    let secret = link.strip_prefix("/join/").expect("a link");
    let invited = server.app.invited(&hex_32(secret)).await.expect("open");
    let key = invited.seed.text();
    assert!(page.text().contains(key.as_str()), "the key can be typed as well");
    let code = server.code(&invited.seed);
    let form = token(page.text());
    let fields = |password: &'static str, code| {
        vec![
            ("email", "o@example.com"),
            ("name", "Olu <b>"),
            ("password", password),
            ("again", "a word and more"),
            ("code", code),
        ]
    };
    for (password, code, beside, says) in [
        ("a word and no more", code.as_str(), "again", "two passwords differ"),
        ("a word and more", "000000", "code", "code does not fit"),
    ] {
        let answer = browser.post(&link, &form, &fields(password, code)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(says), "{says}");
        assert!(answer.text().contains("One field needs another answer."), "{says}");
        assert!(answer.text().contains(&format!("<span class=\"fault\" id=\"{beside}-fault\">")), "{says}");
        assert!(answer.text().contains("Olu &lt;b&gt;"), "the name is still there, escaped");
        assert!(!answer.text().contains("a word and"), "passwords are not");
    }
    let answer = browser.post(&link, &form, &fields("a word and more", &code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.text().matches("<li><code>").count(), 10, "recovery codes");
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookie = answer.headers.get_all(SET_COOKIE).iter().next().expect("a cookie").to_str().expect("text");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(browser.get("/").await.text().contains("href=\"/account\""));
    assert_eq!(server.browser().get(&link).await.status, StatusCode::NOT_FOUND, "used");

    let out = browser.send("/account", "/sign-out", &[]).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(out.header("clear-site-data").contains("storage"));
    let away = browser.get("/controls?q=a").await;
    assert_eq!(away.header(LOCATION.as_str()), "/sign-in?back=%2Fcontrols%3Fq%3Da");
    server.world.wait(STEP_SECONDS);
    let page = token(browser.get("/sign-in?back=%2Fcontrols%3Fq%3Da").await.text());
    let code = server.code(&invited.seed);
    let fields = [
        ("email", "O@Example.com "),
        ("password", "a word and more"),
        ("code", &code),
        ("back", "/controls?q=a"),
    ];
    let back = browser.post("/sign-in", &page, &fields).await;
    assert_eq!((back.status, back.header("location")), (StatusCode::SEE_OTHER, "/controls?q=a"));
    assert_eq!(browser.get("/controls?q=a").await.status, StatusCode::OK);
}

#[tokio::test]
async fn strangers_are_led_to_the_door_from_everywhere() {
    let server = Server::start().await;
    let unknown = ["/nope", "/people", "/account", "/step-up", "/.git/config"].map(str::to_owned);
    for path in tickmark_web::routes().iter().map(|route| route.example.to_owned()).chain(unknown) {
        let answer = server.browser().get(&path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.header("location").starts_with("/sign-in?back="), "{path}");
        let answer = server.browser().ask(Method::POST, &path, "form=x").await;
        assert!(matches!(answer.status.as_u16(), 401 | 405), "{path} is {}", answer.status);
    }
    let wrong = format!("/join/{}", "0".repeat(64));
    for path in [wrong.as_str(), "/join/x", "/join/", "/join/a/b"] {
        assert_eq!(server.browser().get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn each_role_sees_what_the_table_says_and_the_rest_is_not_there() {
    let server = Server::start().await;
    // People of an audit firm come in by an engagement; what they see is tested with it.
    let members = |role: &Role| role.is_for_members() && *role != Role::Auditor;
    for role in Role::ALL.into_iter().filter(members) {
        let (mut browser, _) = server.member(role.word(), &[role]).await;
        let nothing = browser.get("/nope").await;
        assert_eq!(nothing.status, StatusCode::NOT_FOUND);
        let same = |answer: &Answer| {
            answer.text().replace(answer.header("x-request-id"), "")
                == nothing.text().replace(nothing.header("x-request-id"), "")
        };
        for path in LISTS {
            let Some(Needs::Permission(atom) | Needs::Reach(atom)) = needs(path) else {
                panic!("{path} declares nothing")
            };
            // New members are in all systems.
            let sees = matches!(matrix::scope(role, atom), Some(Scope::Organization | Scope::Systems));
            let answer = browser.get(path).await;
            if sees {
                assert_eq!(answer.status, StatusCode::OK, "{role} {path}");
            } else if path == "/" {
                assert_eq!(answer.header("location"), "/work", "{role}");
            } else {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role} {path}");
                assert!(same(&answer), "{role} learns that {path} exists");
            }
        }
        for path in ["/account", "/work"] {
            assert_eq!(browser.get(path).await.status, StatusCode::OK, "{role} {path}");
        }
    }
}

#[tokio::test]
async fn forms_of_other_sites_and_other_browsers_change_nothing() {
    let server = Server::start().await;
    let (mut victim, _) = server.member("Vic", &[Role::Employee]).await;
    let (mut other, _) = server.member("Oth", &[Role::Employee]).await;
    let own = token(victim.get("/account").await.text());
    let foreign = token(other.get("/account").await.text());
    assert_ne!(own, foreign);
    for form in ["", "x", foreign.as_str()] {
        let answer = victim.post("/sign-out", form, &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form}");
    }
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:1"),
        ("origin", "https://127.0.0.1:8143"),
    ] {
        victim.headers = vec![(name, value.to_owned())];
        let answer = victim.post("/sign-out", &own, &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    victim.headers.clear();
    assert_eq!(victim.get("/account").await.status, StatusCode::OK, "still in");
    // Signing somebody in to an account of another's choice is forgery too.
    let mut fresh = server.browser();
    let answer = fresh.post("/sign-in", &own, &[("email", "a"), ("password", "b"), ("code", "c")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    victim.headers = vec![("sec-fetch-site", "same-origin".to_owned())];
    assert_eq!(victim.post("/sign-out", &own, &[]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_outlives_the_session_it_was_typed_in() {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    let adopted = server
        .app
        .transact(&server.program, async |cx| tickmark_app::control::adopt_starters(cx, &catalog).await)
        .await;
    assert!(adopted.expect("adopted") > 100);
    let (mut browser, account) = server.member("Cam", &[Role::ComplianceManager]).await;
    let path = "/controls/IAM-05/answer";
    let fields = [("designed", "yes"), ("operating", "keep"), ("reason", "Read & <compared>")];
    let empty = browser.send(path, path, &[("designed", "keep"), ("reason", "")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        empty.text().contains("Answer at least one") && empty.text().contains("Say why"),
        "{}",
        empty.text()
    );
    let unknown = browser.send(path, path, &[("designed", "yes"), ("reason", "x"), ("owner", "me")]).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST, "unknown fields are refused");
    let form = token(browser.get(path).await.text());

    browser.send("/account", "/sign-out", &[]).await;
    let kept = browser.post(path, &form, &fields).await;
    assert_eq!(kept.status, StatusCode::UNAUTHORIZED);
    assert!(kept.text().contains("name=\"reason\" value=\"Read &amp; &lt;compared&gt;\""), "{}", kept.text());
    server.world.wait(STEP_SECONDS);
    let code = server.code(&account.seed);
    browser.sign_in(&account.email, &account.password, &code).await;
    // Sent again from the page that kept it: it has no token of this session yet.
    let asks = browser.post(path, "", &fields).await;
    assert_eq!(asks.status, StatusCode::FORBIDDEN);
    assert!(asks.text().contains("Send it again?") && asks.text().contains("value=\"yes\""));
    let sent = browser.post(path, &token(asks.text()), &fields).await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/controls/IAM-05"));
    assert!(browser.get("/controls/IAM-05").await.text().contains("Cam"), "who decided");

    // Others neither see the page nor can they send the form.
    let (mut owner, _) = server.member("Ona", &[Role::Owner]).await;
    assert_eq!(owner.get(path).await.status, StatusCode::NOT_FOUND);
    let own = token(owner.get("/account").await.text());
    assert_eq!(owner.post(path, &own, &fields).await.status, StatusCode::NOT_FOUND);
    assert!(!owner.get("/controls/IAM-05").await.text().contains("/answer"));
}

#[tokio::test]
async fn the_answer_does_not_tell_whether_there_is_such_an_account() {
    let server = Server::start().await;
    let account = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    server.world.wait(STEP_SECONDS);
    let code = server.code(&account.seed);
    let mut shapes = Vec::new();
    for (email, password, code) in [
        ("robin@example.com", "not the password", code.as_str()),
        ("robin@example.com", account.password.as_str(), "000000"),
        ("never@example.com", "not the password", &code),
    ] {
        let mut browser = server.browser();
        let form = token(browser.get("/sign-in").await.text());
        let fields = [("email", email), ("password", password), ("code", code)];
        let mut answers = Vec::new();
        for _ in 0..6 {
            let answer = browser.post("/sign-in", &form, &fields).await;
            let text = answer.text().replace(&form, "").replace(email, "");
            answers.push((answer.status, answer.header("retry-after").to_owned(), text));
        }
        assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED);
        assert!(answers[0].2.contains("do not belong together"));
        assert_eq!((answers[5].0, answers[5].1.as_str()), (StatusCode::TOO_MANY_REQUESTS, "2"));
        shapes.push(answers);
        // The next one is from a network that nobody was at; the address of tests is one for all.
        server.world.wait(24 * 3600);
    }
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{shapes:#?}");
}

#[tokio::test]
async fn a_session_that_was_ended_elsewhere_is_over_with_the_next_request() {
    let server = Server::start().await;
    let (mut one, account) = server.member("Robin", &[Role::ControlOwner]).await;
    server.world.wait(STEP_SECONDS);
    let mut two = server.browser();
    let code = server.code(&account.seed);
    two.sign_in(&account.email, &account.password, &code).await;
    assert_eq!(one.get("/controls").await.status, StatusCode::OK);
    let page = two.get("/account").await;
    assert_eq!(page.text().matches("id=\"name\"").count(), 1, "the field has an id of its own");
    assert!(page.text().contains("This one") && page.text().contains("End all others"));
    assert_eq!(two.send("/account", "/account/sessions", &[]).await.status, StatusCode::SEE_OTHER);
    assert!(one.get("/controls").await.header("location").starts_with("/sign-in"));
    let member = server.world.find_member(&server.app, &server.program, &account.email).await;
    server
        .app
        .transact(&server.program, async |cx| people::suspend(cx, member.id, "a test").await)
        .await
        .expect("suspended");
    assert!(two.get("/controls").await.header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let server = Server::start().await;
    let account = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    for back in ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"] {
        server.world.wait(STEP_SECONDS);
        let mut browser = server.browser();
        let code = server.code(&account.seed);
        let fields = [
            ("email", account.email.as_str()),
            ("password", &account.password),
            ("code", &code),
            ("back", back),
        ];
        let answer = browser.send("/sign-in", "/sign-in", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"), "{back}");
    }
}

#[tokio::test]
async fn where_there_is_https_cookies_are_bound_to_the_host() {
    let settings =
        Settings { hosts: vec!["tickmark.example".into()], is_secure: true, ..Settings::loopback(443) };
    let server = Server::start_at(settings).await;
    let account = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    server.world.wait(STEP_SECONDS);
    let mut browser = Browser { host: "tickmark.example", ..server.browser() };
    let code = server.code(&account.seed);
    let answer = browser.sign_in(&account.email, &account.password, &code).await;
    let cookies: Vec<&str> =
        answer.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().expect("text")).collect();
    assert!(
        cookies[0].starts_with("__Host-tickmark=") && cookies.iter().all(|one| one.contains("; Secure")),
        "{cookies:?}"
    );
    assert!(!cookies.iter().any(|one| one.contains("Domain")), "{cookies:?}");

    // Only the last entry of the list is the proxy's; a client may write the others.
    let mut browser = Browser { host: "tickmark.example", ..server.browser() };
    let form = token(browser.get("/sign-in").await.text());
    let mut answers = Vec::new();
    for attempt in 0..7 {
        browser.headers = vec![("x-forwarded-for", format!("10.9.{attempt}.1, 203.0.113.7"))];
        let fields = [("email", account.email.as_str()), ("password", "no"), ("code", "000000")];
        answers.push(browser.post("/sign-in", &form, &fields).await.status);
    }
    assert_eq!(answers[4], StatusCode::UNAUTHORIZED);
    assert_eq!(answers[6], StatusCode::TOO_MANY_REQUESTS, "a written header does not help");
}

#[tokio::test]
async fn inviting_asks_for_a_fresh_proof_and_gives_a_link_that_works() {
    let server = Server::start().await;
    let owner = server.world.owner(&server.app, &server.program).await;
    server.world.wait(STEP_SECONDS);
    let mut browser = server.browser();
    let code = server.code(&owner.seed);
    browser.sign_in(&owner.email, &owner.password, &code).await;
    server.world.wait(601);
    let fields = [("email", "new@example.com"), ("role", "control_owner")];
    let stale = browser.send("/people", "/people", &fields).await;
    assert_eq!(stale.status, StatusCode::FORBIDDEN);
    assert_eq!((hidden(stale.text(), "then"), hidden(stale.text(), "back")), ("/people", "/people"));
    let kept = hidden(stale.text(), "kept").replace("&amp;", "&");
    assert_eq!(kept, "email=new%40example.com&role=control_owner", "what was typed is kept");
    let before = browser.cookies.clone();
    let code = server.code(&owner.seed);
    let proof = [
        ("password", owner.password.as_str()),
        ("code", &code),
        ("back", "/people"),
        ("then", "/people"),
        ("kept", &kept),
    ];
    let form = token(stale.text());
    let ready = browser.post("/step-up", &form, &proof).await;
    assert_ne!(browser.cookies, before, "another cookie");
    assert_eq!(ready.status, StatusCode::OK);
    assert!(ready.text().contains("name=\"email\" value=\"new@example.com\""), "{}", ready.text());
    let answer = browser.post("/people", &token(ready.text()), &fields).await;
    assert!(answer.text().contains("/join/"), "sent from where it was kept");
    for then in ["//evil.example", "https://evil.example/people"] {
        server.world.wait(STEP_SECONDS);
        let code = server.code(&owner.seed);
        let proof =
            [("password", owner.password.as_str()), ("code", &code), ("then", then), ("kept", "email=a")];
        let answer = browser.send("/step-up", "/step-up", &proof).await;
        assert!(answer.text().contains("action=\"/\""), "{then}: {}", answer.text());
    }
    let answer =
        browser.send("/people", "/people", &[("email", "not an address"), ("role", "control_owner")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.text().contains("An e-mail address has") && answer.text().contains("value=\"not an address\"")
    );
    let answer = browser.send("/people", "/people", &fields).await;
    let text = answer.text();
    let at = text.find("/join/").expect("a link");
    let link = &text[at..at + "/join/".len() + 64];
    let page = server.browser().get(link).await;
    assert!(page.text().contains("as control owner"), "{}", page.text());
    assert!(!browser.get("/people").await.text().contains("/join/"), "shown once");
    let (mut employee, _) = server.member("Eve", &[Role::Employee]).await;
    assert_eq!(employee.get("/people").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_a_form_is_refused_whole() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let form = token(browser.get("/sign-in").await.text());
    for body in [
        String::new(),
        format!("form={form}"),
        format!("form={form}&email=a&password=b&code=c&role=owner"),
        format!("form={form}&email=a&email=b&password=b&code=c"),
        "%FF=%FF".to_owned(),
    ] {
        let answer = browser.ask(Method::POST, "/sign-in", &body).await;
        assert!(answer.status.is_client_error(), "{body}: {}", answer.status);
        assert!(!answer.text().contains("panicked"));
    }
    let huge = format!("form={form}&email={}&password=b&code=c", "a".repeat(3_000_000));
    assert!(browser.ask(Method::POST, "/sign-in", &huge).await.status.is_client_error());
}
