//! Members acted on through the pages, and one's own account.

use axum::http::StatusCode;
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::people;
use tickmark_core::identity::Role;
use tickmark_core::identity::totp::STEP_SECONDS;

use crate::members::{Server, hex_32, token};

/// Names of the newest events, newest first.
async fn trail(server: &Server, limit: u32) -> Vec<String> {
    let filter = Filter::default();
    let rows = server.app.read(&server.program, async |view| audit::search(view, &filter, limit).await).await;
    rows.expect("the trail").into_iter().map(|row| row.event).collect()
}

fn link<'a>(page: &'a str, kind: &str) -> &'a str {
    let mark = format!("/{kind}/");
    let at = page.find(&mark).unwrap_or_else(|| panic!("no link: {page}"));
    &page[at..at + mark.len() + 64]
}

#[tokio::test]
async fn an_owner_gives_and_takes_roles_suspends_and_removes() {
    let server = Server::start().await;
    let account = server.world.owner(&server.app, &server.program).await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let mut owner = server.signed_in(&account).await;
    let id = server.world.find_member(&server.app, &server.program, &robin.email).await.id;
    let here = format!("/people/{id}");
    let list = owner.get("/people").await;
    assert!(list.text().contains(&format!("href=\"{here}\"")) && list.text().contains("What to do next"));
    assert!(list.text().contains("Invite a compliance manager."), "owners only look");
    let page = owner.get(&here).await;
    assert!(page.text().contains("robin@example.com") && page.text().contains("In one browser"));

    let form = token(page.text());
    let act = |act: &str| format!("{here}/{act}");
    let granted = owner.post(&act("grant"), &form, &[("role", "control_owner")]).await;
    assert_eq!((granted.status, granted.header("location")), (StatusCode::SEE_OTHER, here.as_str()));
    assert!(owner.get(&here).await.text().contains("Control owner, employee"));
    let twice = owner.post(&act("grant"), &form, &[("role", "control_owner")]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(twice.text().contains("They are control_owner already."), "{}", twice.text());
    let silent = owner.post(&act("revoke"), &form, &[("role", "employee"), ("reason", " ")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.text().contains("This needs a reason."));
    let revoked = owner.post(&act("revoke"), &form, &[("role", "employee"), ("reason", "moved <on>")]).await;
    assert_eq!(revoked.status, StatusCode::SEE_OTHER);

    let mut employee = server.signed_in(&robin).await;
    assert_eq!(employee.get("/account").await.status, StatusCode::OK);
    let suspended = owner.post(&act("suspend"), &form, &[("reason", "on leave")]).await;
    assert_eq!(suspended.status, StatusCode::SEE_OTHER);
    assert!(employee.get("/account").await.header("location").starts_with("/sign-in"), "at once");
    assert!(owner.get("/people?standing=suspended").await.text().contains("robin@example.com"));
    assert_eq!(
        owner.post(&act("reinstate"), &form, &[("reason", "back")]).await.status,
        StatusCode::SEE_OTHER
    );
    server.signed_in(&robin).await;
    let past = [("until", "2020-01-01"), ("reason", "the <contract> ended")];
    let refused = owner.post(&act("until"), &form, &past).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for says in ["id=\"until-fault\">A membership ends", "value=\"2020-01-01\"", "the &lt;contract&gt; ended"]
    {
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    for (path, body, status) in [
        (act("demote"), vec![], StatusCode::NOT_FOUND),
        (act("grant"), vec![("role", "king")], StatusCode::BAD_REQUEST),
        (act("grant"), vec![("role", "visitor")], StatusCode::UNPROCESSABLE_ENTITY),
        (act("grant"), vec![("role", "employee"), ("granted_by", "x")], StatusCode::BAD_REQUEST),
        ("/people/nobody/suspend".to_owned(), vec![("reason", "x")], StatusCode::NOT_FOUND),
    ] {
        assert_eq!(owner.post(&path, &form, &body).await.status, status, "{path} {body:?}");
    }
    let removed = owner.post(&act("remove"), &form, &[("reason", "left")]).await;
    assert_eq!(removed.header("location"), "/people");
    assert_eq!(owner.get(&here).await.status, StatusCode::NOT_FOUND);
    assert_eq!(trail(&server, 1).await, ["member.removed"]);

    // Nobody acts on themselves, and the forms are not offered.
    let own = server.world.find_member(&server.app, &server.program, &account.email).await.id;
    let page = owner.get(&format!("/people/{own}")).await;
    assert!(page.text().contains("This is you") && !page.text().contains("/suspend"));
    let answer = owner.post(&format!("/people/{own}/suspend"), &form, &[("reason", "x")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn whoever_may_not_act_is_offered_nothing_and_finds_nothing() {
    let server = Server::start().await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let id = server.world.find_member(&server.app, &server.program, &robin.email).await.id;
    let (mut manager, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let page = manager.get(&format!("/people/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text().contains("/suspend") && !page.text().contains("/grant"), "{}", page.text());
    let form = token(manager.get("/account").await.text());
    for act in ["suspend", "reinstate", "remove", "grant", "revoke", "reset"] {
        let fields = [("reason", "x"), ("role", "employee"), ("lost", "password")];
        let answer = manager.post(&format!("/people/{id}/{act}"), &form, &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{act}");
    }
    // An administrator does not act on an owner.
    let owner = server.world.owner(&server.app, &server.program).await;
    let id = server.world.find_member(&server.app, &server.program, &owner.email).await.id;
    let (mut admin, _) = server.member("Ada", &[Role::Admin]).await;
    let page = admin.get(&format!("/people/{id}")).await;
    assert!(!page.text().contains("/suspend") && !page.text().contains("/reset"));
    let form = token(admin.get("/account").await.text());
    for act in ["suspend", "remove", "reset"] {
        let fields = [("reason", "x"), ("lost", "password")];
        let answer = admin.post(&format!("/people/{id}/{act}"), &form, &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{act}");
    }
}

#[tokio::test]
async fn a_second_owner_agrees_to_what_the_first_one_proposes() {
    let server = Server::start().await;
    let (mut first, _) = server.member("Fay", &[Role::Owner]).await;
    let (mut second, _) = server.member("Sam", &[Role::Owner]).await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let id = server.world.find_member(&server.app, &server.program, &robin.email).await.id;
    let here = format!("/people/{id}");
    let sent = first.send(&here, &format!("{here}/grant"), &[("role", "admin")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert!(first.get(&here).await.text().contains("Proposed: <strong>Administrator</strong>"));
    let list = first.get("/people").await;
    assert!(list.text().contains("Another owner agrees here.") && list.text().contains("Take back"));
    let at = list.text().find("/people/proposals/").expect("a proposal");
    let proposal = list.text()[at..at + "/people/proposals/".len() + 36].to_owned();
    let own = first.post(&proposal, &token(list.text()), &[("decision", "agree")]).await;
    assert_eq!(own.status, StatusCode::NOT_FOUND, "nobody is their own second person");
    assert!(
        !server
            .world
            .find_member(&server.app, &server.program, &robin.email)
            .await
            .roles
            .contains(&Role::Admin)
    );
    let list = second.get("/people").await;
    assert!(list.text().contains("that Robin becomes Administrator"));
    let agreed = second.post(&proposal, &token(list.text()), &[("decision", "agree")]).await;
    assert_eq!(agreed.header("location"), "/people");
    assert!(
        server
            .world
            .find_member(&server.app, &server.program, &robin.email)
            .await
            .roles
            .contains(&Role::Admin)
    );
    assert_eq!(
        second.post(&proposal, &token(list.text()), &[("decision", "agree")]).await.status,
        StatusCode::NOT_FOUND
    );

    // An invitation is withdrawn, and its link is dead.
    let invited = first
        .send(
            "/people",
            "/people",
            &[("email", "n@example.com"), ("role", "employee"), ("role", "control_owner")],
        )
        .await;
    let join = link(invited.text(), "join").to_owned();
    let list = first.get("/people").await;
    let at = list.text().find("/people/invitations/").expect("an invitation");
    let path = list.text()[at..at + "/people/invitations/".len() + 36].to_owned();
    assert_eq!(first.post(&path, &token(list.text()), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(first.get(&join).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_reset_link_alone_lets_nobody_in() {
    let server = Server::start().await;
    let (mut owner, _) = server.member("Fay", &[Role::Owner]).await;
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::Employee]).await;
    let id = server.world.find_member(&server.app, &server.program, &robin.email).await.id;
    let here = format!("/people/{id}");
    let act = format!("{here}/reset");
    let mut employee = server.signed_in(&robin).await;
    let made = owner.send(&here, &act, &[("lost", "password"), ("reason", "forgot it")]).await;
    let earlier = link(made.text(), "reset").to_owned();
    let made = owner.send(&here, &act, &[("lost", "password"), ("reason", "forgot it")]).await;
    let reset = link(made.text(), "reset").to_owned();
    assert_eq!(owner.get(&earlier).await.status, StatusCode::NOT_FOUND, "replaced");
    assert!(!owner.get(&here).await.text().contains("/reset/"), "shown once");

    // Whoever has the link only does not get anywhere, and the person is still in.
    let mut thief = server.browser();
    let page = thief.get(&reset).await;
    assert!(!page.text().contains("robin"), "nothing says whose it is");
    let form = token(page.text());
    let try_it = [("password", "another good word"), ("again", "another good word"), ("code", "000000")];
    assert_eq!(thief.post(&reset, &form, &try_it).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(employee.get("/account").await.status, StatusCode::OK);
    server.world.wait(STEP_SECONDS);
    let code = server.code(&robin.seed);
    let short = [("password", "short"), ("again", "short"), ("code", code.as_str())];
    assert_eq!(thief.post(&reset, &form, &short).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("password", "another good word"), ("again", "another good word"), ("code", code.as_str())];
    let done = thief.post(&reset, &form, &fields).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(thief.get(&reset).await.status, StatusCode::NOT_FOUND, "used");
    assert!(employee.get("/account").await.header("location").starts_with("/sign-in"), "signed out");
    let changed = tickmark_app::testing::Account { password: "another good word".into(), ..robin.clone() };
    server.signed_in(&changed).await;

    // The other way round: the password shows who it is, and the new authenticator counts.
    let made = owner.send(&here, &act, &[("lost", "authenticator"), ("reason", "lost it")]).await;
    let reset = link(made.text(), "reset").to_owned();
    let secret = hex_32(reset.strip_prefix("/reset/").expect("a link"));
    let seed = server.app.resetting(&secret).await.expect("open").seed;
    let code = server.code(&seed);
    let form = token(thief.get(&reset).await.text());
    let wrong = [("password", "not the password"), ("code", code.as_str())];
    assert_eq!(thief.post(&reset, &form, &wrong).await.status, StatusCode::UNAUTHORIZED);
    server.world.wait(STEP_SECONDS);
    let code = server.code(&seed);
    let done = thief.post(&reset, &form, &[("password", "another good word"), ("code", code.as_str())]).await;
    assert_eq!(done.text().matches("<li><code>").count(), 10, "{}", done.text());
    let enrolled = tickmark_app::testing::Account { seed, ..changed };
    server.signed_in(&enrolled).await;
    assert!(trail(&server, 20).await.contains(&"factor.reset".to_owned()));
    // Not for whoever is suspended meanwhile, nor after its time.
    let made = owner.send(&here, &act, &[("lost", "password"), ("reason", "again")]).await;
    let reset = link(made.text(), "reset").to_owned();
    server.world.wait(30 * 60);
    assert_eq!(thief.get(&reset).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn one_changes_ones_own_password_codes_and_name() {
    let server = Server::start().await;
    let (mut one, account) = server.member("Robin", &[Role::ControlOwner]).await;
    let mut other = server.signed_in(&account).await;
    server.world.wait(601);
    for path in ["/account/password", "/account/codes"] {
        assert_eq!(one.get(path).await.header("location"), format!("/step-up?back={path}"));
    }
    // A form from before is not taken either.
    let form = token(one.get("/account").await.text());
    let fields =
        |current: &'static str, new: &'static str| [("current", current), ("password", new), ("again", new)];
    let stale = one.post("/account/password", &form, &fields("x", "another good word")).await;
    assert_eq!(stale.header("location"), "/step-up?back=/account/password");
    let code = server.code(&account.seed);
    let proof = [("password", account.password.as_str()), ("code", &code), ("back", "/account/password")];
    one.send("/step-up", "/step-up", &proof).await;
    let path = "/account/password";
    let wrong = one.send(path, path, &fields("not my password", "another good word")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text().contains("This is not your password.") && !wrong.text().contains("another good word")
    );
    server.world.wait(2);
    let current: &'static str = account.password.clone().leak();
    for (new, says) in
        [("short", "At least"), ("password", "common"), (current, "the password that you have")]
    {
        let answer = one.send(path, path, &fields(current, new)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}: {}", answer.text());
        assert!(answer.text().contains(says) || says == "common", "{says}: {}", answer.text());
    }
    let before = one.cookies.clone();
    let long: &'static str = "  ünïcode \u{1F511} with spaces around  ";
    let done = one.send(path, path, &fields(current, long)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_ne!(one.cookies, before, "another cookie");
    assert!(done.text().contains("Your password is changed"));
    assert!(other.get("/account").await.header("location").starts_with("/sign-in"), "ended elsewhere");
    // The page that says so has forms that work.
    let renamed = one.post("/account/name", &token(done.text()), &[("name", "Robin <Fox>")]).await;
    assert_eq!(renamed.header("location"), "/account");
    assert!(one.get("/account").await.text().contains("Robin &lt;Fox&gt;"));
    let empty = one.send("/account", "/account/name", &[("name", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let codes = one.send("/account/codes", "/account/codes", &[]).await;
    assert_eq!(codes.text().matches("<li><code>").count(), 10);
    assert_eq!(codes.header("cache-control"), "no-store");
    server.world.wait(STEP_SECONDS);
    let mut late = server.browser();
    let old = account.codes[0].as_str();
    assert_eq!(late.sign_in(&account.email, long, old).await.status, StatusCode::UNAUTHORIZED, "replaced");
    let changed = tickmark_app::testing::Account { password: long.to_owned(), ..account };
    server.signed_in(&changed).await;
    let names = trail(&server, 12).await;
    for name in ["factor.password_set", "factor.codes_renewed", "member.renamed", "auth.session_revoked"] {
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
}

#[tokio::test]
async fn members_of_another_organization_see_their_own_and_go_between() {
    let server = Server::start().await;
    let there = server.app.ensure_organization("Beta Ltd", "Beta system").await.expect("made");
    let robin = server.world.member(&server.app, &server.program, "Robin", &[Role::ComplianceManager]).await;
    let roles = std::collections::BTreeSet::from([Role::Owner]);
    let link = server
        .app
        .transact(&there, async |cx| people::invite(cx, "robin@example.com", &roles).await)
        .await
        .expect("invited");
    server.world.wait(STEP_SECONDS);
    let code = server.code(&robin.seed);
    let joining =
        people::Joining { email: "", name: "", password: &robin.password, code: &code, passkey: None };
    let origin = tickmark_app::testing::World::origin("127.0.0.1");
    server.app.join(&link.secret, joining, &origin).await.expect("in both");

    let mut browser = server.signed_in(&robin).await;
    let home = browser.get("/account").await;
    assert!(home.text().contains("<strong>Beta Ltd</strong>"), "where they were last");
    let first = server.program.organization.id.to_string();
    browser.post("/account/organization", &token(home.text()), &[("organization", &first)]).await;
    let home = browser.get("/controls").await;
    assert!(home.text().contains("Beta Ltd"), "one can go there");
    assert!(!home.text().contains("<strong>Beta Ltd</strong>"), "the oldest organization");
    let page = browser.get("/account").await;
    assert!(page.text().contains("Go to Beta Ltd"), "{}", page.text());
    let before = browser.cookies.clone();
    let id = there.organization.id.to_string();
    let gone = browser.post("/account/organization", &token(page.text()), &[("organization", &id)]).await;
    assert_eq!(gone.header("location"), "/");
    assert_ne!(browser.cookies, before);
    let page = browser.get("/controls").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("<strong>Beta Ltd</strong> / Beta system"), "{}", page.text());
    let mut old = server.browser();
    old.cookies = before;
    assert!(old.get("/account").await.header("location").starts_with("/sign-in"), "the session there ended");
    assert!(browser.get("/people").await.text().contains("robin@example.com"));
    let mut filter = Filter { event: Some("auth".into()), ..Filter::default() };
    let rows =
        server.app.read(&there, async |view| audit::search(view, &filter, 1).await).await.expect("rows");
    assert_eq!(rows[0].event, "auth.login", "entered there");
    filter.event = Some("auth.logout".into());
    let rows = server.app.read(&server.program, async |view| audit::search(view, &filter, 1).await).await;
    assert_eq!(rows.expect("rows").len(), 1, "left here");
    // Neither an organization that one is not in, nor one that is none.
    let form = token(browser.get("/account").await.text());
    for wrong in [id.as_str(), "0", "00000000-0000-7000-8000-000000000000"] {
        let answer = browser.post("/account/organization", &form, &[("organization", wrong)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}
