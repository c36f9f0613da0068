//! Passkeys through HTTP, with a passkey in software: made, shown, called something else, removed; and everything that must
//! not do.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use serde_json::Value;
use tickmark_app::identity::audit::{self, Filter, Row};
use tickmark_app::identity::people;
use tickmark_app::testing::Account;
use tickmark_core::identity::Role;
use tickmark_core::identity::totp::STEP_SECONDS;
use tickmark_web::Settings;

use crate::authenticator::SoftKey;
use crate::members::{Browser, Server, hidden, token};
use crate::visitor::Answer;

const HOST: &str = "localhost:8143";
pub(crate) const ORIGIN: &str = "http://localhost:8143";

impl Server {
    /// A browser where passkeys work.
    pub(crate) fn at_localhost(&self) -> Browser {
        Browser { host: HOST, ..self.browser() }
    }

    /// Somebody who is signed in with password and code, where passkeys work.
    pub(crate) async fn person(&self, name: &str, roles: &[Role]) -> (Browser, Account) {
        let account = self.world.member(&self.app, &self.program, name, roles).await;
        let mut browser = self.at_localhost();
        self.sign_in_again(&mut browser, &account).await;
        (browser, account)
    }

    pub(crate) async fn sign_in_again(&self, browser: &mut Browser, account: &Account) {
        self.world.wait(STEP_SECONDS);
        browser.cookies.clear();
        let code = self.code(&account.seed);
        let answer = browser.sign_in(&account.email, &account.password, &code).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    }

    /// What the trail says of an event, newest first.
    pub(crate) async fn trail(&self, event: &str) -> Vec<Row> {
        let filter = Filter { event: Some(event.to_owned()), ..Filter::default() };
        self.app.read(&self.program, async |view| audit::search(view, &filter, 50).await).await.expect("rows")
    }
}

impl Browser {
    /// Asks what to ask a passkey for, as the script of the page at `page` does.
    pub(crate) async fn asked(
        &mut self,
        page: &str,
        options: &str,
        fields: &[(&str, &str)],
    ) -> (Value, String, String) {
        let form = token(self.get(page).await.text());
        let answer = self.post(options, &form, fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert!(answer.header("content-type").starts_with("application/json"));
        let mut asked: Value = serde_json::from_slice(&answer.bytes).expect("JSON");
        (asked["options"].take(), asked["ceremony"].as_str().expect("an id").to_owned(), form)
    }

    /// Adds a passkey on the page of one's own.
    async fn add(&mut self, key: &mut SoftKey, name: &str) -> Answer {
        self.add_with(key, &[("name", name)]).await
    }

    /// The same, with what is filled in.
    pub(crate) async fn add_with(&mut self, key: &mut SoftKey, filled: &[(&str, &str)]) -> Answer {
        let page = "/account/passkeys";
        let (options, ceremony, form) = self.asked(page, "/account/passkeys/options", filled).await;
        let made = key.make(&options).to_string();
        let mut fields = filled.to_vec();
        fields.extend([("with", "passkey"), ("ceremony", ceremony.as_str()), ("answer", made.as_str())]);
        self.post(page, &form, &fields).await
    }

    /// Shows a passkey on a page that asks for one.
    pub(crate) async fn show(&mut self, page: &str, key: &mut SoftKey, more: &[(&str, &str)]) -> Answer {
        let (options, ceremony, form) = self.asked(page, &format!("{page}/passkey"), &[]).await;
        let shown = key.show(&options).to_string();
        self.answer(page, &form, &ceremony, &shown, more).await
    }

    async fn answer(
        &mut self,
        page: &str,
        form: &str,
        ceremony: &str,
        answer: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut fields = vec![("with", "passkey"), ("ceremony", ceremony), ("answer", answer)];
        fields.extend_from_slice(more);
        self.post(page, form, &fields).await
    }
}

/// The id of the only passkey on the page of one's own.
fn only_id(page: &str) -> String {
    let mark = "action=\"/account/passkeys/";
    let at = page.find(mark).unwrap_or_else(|| panic!("no passkey: {page}")) + mark.len();
    page[at..at + 36].to_owned()
}

pub(crate) fn is_in(answer: &Answer) -> bool {
    answer.status == StatusCode::SEE_OTHER
}

#[tokio::test]
async fn a_passkey_is_added_signs_in_and_is_removed() {
    let server = Server::start().await;
    let (mut browser, account) = server.person("Robin", &[Role::ComplianceManager]).await;
    assert!(browser.get("/account/passkeys").await.text().contains("You have none"));
    let mut key = SoftKey::new(1, ORIGIN);
    let before = browser.cookies.clone();
    let added = browser.add(&mut key, "Laptop").await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.text());
    assert!(added.text().contains("The passkey is added") && added.text().contains("Not shown yet"));
    assert_ne!(browser.cookies, before, "what one signs in with changed, so the cookie did");

    // Alone, it is both factors: no address, no password, no code.
    let mut other = server.at_localhost();
    assert!(is_in(&other.show("/sign-in", &mut key, &[("back", "/controls")]).await));
    assert_eq!(other.get("/").await.status, StatusCode::OK);
    let page = other.get("/account/passkeys").await;
    assert!(page.text().contains("Last shown") && page.text().contains("on one device only"));

    // Beside a password, in place of the code: of the same person only.
    let beside = [("email", account.email.as_str()), ("password", account.password.as_str())];
    assert!(is_in(&server.at_localhost().show("/sign-in", &mut key, &beside).await));
    let wrong = [("email", account.email.as_str()), ("password", "not the password")];
    let no = server.at_localhost().show("/sign-in", &mut key, &wrong).await;
    assert_eq!(no.status, StatusCode::UNAUTHORIZED);
    server.world.wait(60);
    let (_, eve) = server.person("Eve", &[Role::Employee]).await;
    let theirs = [("email", eve.email.as_str()), ("password", eve.password.as_str())];
    let no = server.at_localhost().show("/sign-in", &mut key, &theirs).await;
    assert_eq!(no.status, StatusCode::UNAUTHORIZED, "somebody else's password");

    // Called something else; then removed: it does not work any more, and nothing is left half.
    let id = only_id(page.text());
    let long = "x".repeat(201);
    let no =
        browser.send("/account/passkeys", &format!("/account/passkeys/{id}/name"), &[("name", &long)]).await;
    let beside = format!("id=\"name-{id}-fault\">The name of the passkey");
    for says in [beside.as_str(), format!("value=\"{long}\"").as_str(), "One field needs another answer"] {
        assert!(no.text().contains(says), "{says}: {}", no.text());
    }
    assert!(!no.text().contains("id=\"name-fault\""), "the form of a new one is not to blame");
    let renamed = browser
        .send("/account/passkeys", &format!("/account/passkeys/{id}/name"), &[("name", "Old laptop")])
        .await;
    assert!(is_in(&renamed), "{}", renamed.text());
    assert!(browser.get("/account/passkeys").await.text().contains("Old laptop"));
    let mut late = server.at_localhost();
    let (options, ceremony, form) = late.asked("/sign-in", "/sign-in/passkey", &[]).await;
    let shown = key.show(&options).to_string();
    server.world.wait(601);
    server.sign_in_again(&mut browser, &account).await;
    let removed = browser.send("/account/passkeys", &format!("/account/passkeys/{id}/remove"), &[]).await;
    assert!(is_in(&removed), "{}", removed.text());
    assert_eq!(late.answer("/sign-in", &form, &ceremony, &shown, &[]).await.status, StatusCode::UNAUTHORIZED);
    let no = server.at_localhost().show("/sign-in", &mut key, &[]).await;
    assert_eq!(no.status, StatusCode::UNAUTHORIZED);
    assert!(no.text().contains("The passkey does not fit"), "{}", no.text());
    for (event, count) in [("factor.renamed", 1), ("factor.removed", 1)] {
        assert_eq!(server.trail(event).await.len(), count, "{event}");
    }
    assert_eq!(server.trail("auth.failed").await[0].reason, "passkey_unknown");
}

#[tokio::test]
async fn an_answer_counts_once_in_time_in_its_browser_and_for_its_question() {
    let server = Server::start().await;
    let (mut browser, _) = server.person("Robin", &[Role::Employee]).await;
    let mut key = SoftKey::new(1, ORIGIN);
    browser.add(&mut key, "Laptop").await;
    let reason = async || server.trail("auth.failed").await[0].reason.clone();

    let mut first = server.at_localhost();
    let (options, ceremony, form) = first.asked("/sign-in", "/sign-in/passkey", &[]).await;
    let shown = key.show(&options).to_string();
    let jar = first.cookies.clone();
    assert!(is_in(&first.answer("/sign-in", &form, &ceremony, &shown, &[]).await));
    let mut replayed = Browser { cookies: jar, ..server.at_localhost() };
    assert_eq!(
        replayed.answer("/sign-in", &form, &ceremony, &shown, &[]).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(reason().await, "passkey_ceremony", "the same answer again");
    let (_, fresh, form) = replayed.asked("/sign-in", "/sign-in/passkey", &[]).await;
    assert_eq!(
        replayed.answer("/sign-in", &form, &fresh, &shown, &[]).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(reason().await, "passkey_challenge", "an old answer to another question");

    let mut slow = server.at_localhost();
    let (options, ceremony, form) = slow.asked("/sign-in", "/sign-in/passkey", &[]).await;
    let shown = key.show(&options).to_string();
    server.world.wait(300);
    let no = slow.answer("/sign-in", &form, &ceremony, &shown, &[]).await;
    assert!(no.text().contains("longer than five minutes"), "{}", no.text());
    assert_eq!(reason().await, "passkey_ceremony");

    // The question of one browser is not answered from another one.
    let (options, ceremony, _) = slow.asked("/sign-in", "/sign-in/passkey", &[]).await;
    let shown = key.show(&options).to_string();
    let mut thief = server.at_localhost();
    let form = token(thief.get("/sign-in").await.text());
    assert_eq!(
        thief.answer("/sign-in", &form, &ceremony, &shown, &[]).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(reason().await, "passkey_ceremony");

    // Nor is a question of one kind an answer of another one, and no form works without its token.
    let (options, ceremony, form) = browser.asked("/step-up", "/step-up/passkey", &[]).await;
    let shown = key.show(&options).to_string();
    let fields = [("name", "x"), ("ceremony", ceremony.as_str()), ("answer", &shown)];
    assert_eq!(
        browser.post("/account/passkeys", &form, &fields).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(browser.post("/sign-in/passkey", "none", &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        server.at_localhost().post("/sign-in/passkey", "none", &[]).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn what_is_not_from_here_or_not_verified_or_nonsense_is_refused() {
    let server = Server::start().await;
    let (mut browser, _) = server.person("Robin", &[Role::Employee]).await;
    let mut key = SoftKey::new(1, ORIGIN);
    for (origin, says) in
        [("http://localhost:8144", "another address"), ("https://evil.example", "another address")]
    {
        let mut elsewhere = SoftKey::new(2, origin);
        let answer = browser.add(&mut elsewhere, "x").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    let mut careless = SoftKey { is_verifying: false, ..SoftKey::new(3, ORIGIN) };
    assert!(browser.add(&mut careless, "x").await.text().contains("did not verify"));
    assert_eq!(browser.add(&mut key, " ").await.status, StatusCode::UNPROCESSABLE_ENTITY, "no name");
    browser.add(&mut key, "Laptop").await;
    assert_eq!(browser.add(&mut key.clone(), "Twice").await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let before = server.trail("auth.failed").await.len();
    let good = key.clone();
    for (origin, is_verifying, number, reason) in [
        ("http://localhost", true, 1, "passkey_origin"),
        ("http://127.0.0.1:8143", true, 1, "passkey_origin"),
        ("http://xlocalhost:8143", true, 1, "passkey_origin"),
        (ORIGIN, false, 1, "passkey_unverified"),
        (ORIGIN, true, 9, "passkey_unknown"),
    ] {
        let mut bad = SoftKey { origin: origin.to_owned(), is_verifying, ..good.clone() };
        if number != 1 {
            bad = SoftKey::new(number, ORIGIN);
        }
        let answer = server.at_localhost().show("/sign-in", &mut bad, &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{reason}");
        assert_eq!(server.trail("auth.failed").await[0].reason, reason);
    }
    let mut browser = server.at_localhost();
    for nonsense in ["", "{}", "null", "[]", "\u{0}", "{\"id\":1}", &"x".repeat(70_000)] {
        let (_, ceremony, form) = browser.asked("/sign-in", "/sign-in/passkey", &[]).await;
        let answer = browser.answer("/sign-in", &form, &ceremony, nonsense, &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{nonsense:.20}");
        assert!(answer.text().contains("JavaScript"), "{}", answer.text());
    }
    // A signature over something else.
    let (options, ceremony, form) = browser.asked("/sign-in", "/sign-in/passkey", &[]).await;
    let mut shown = key.show(&options);
    shown["response"]["authenticatorData"] = SoftKey { counter: 40, ..SoftKey::new(1, ORIGIN) }
        .show(&options)["response"]["authenticatorData"]
        .take();
    let answer = browser.answer("/sign-in", &form, &ceremony, &shown.to_string(), &[]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.trail("auth.failed").await[0].reason, "passkey_signature");
    assert_eq!(server.trail("auth.failed").await.len(), before + 5 + 7 + 1, "each leaves its event");
    assert!(is_in(&browser.show("/sign-in", &mut key, &[]).await), "the right one works all the while");
}

#[tokio::test]
async fn a_copied_key_is_found_out_and_a_shared_one_is_not_locked_out() {
    let server = Server::start().await;
    let (mut browser, _) = server.person("Robin", &[Role::Employee]).await;
    let mut key = SoftKey::new(1, ORIGIN);
    browser.add(&mut key, "Security key").await;
    let mut copy = key.clone();
    for _ in 0..3 {
        assert!(is_in(&server.at_localhost().show("/sign-in", &mut key, &[]).await));
    }
    let no = server.at_localhost().show("/sign-in", &mut copy, &[]).await;
    assert_eq!(no.status, StatusCode::UNAUTHORIZED, "it counts 1 where 3 is known");
    assert_eq!(server.trail("auth.failed").await[0].reason, "passkey_counter");
    let regress = server.trail("factor.counter_regressed").await;
    assert_eq!((regress.len(), regress[0].object_kind.as_str()), (1, "passkey"));
    assert!(is_in(&server.at_localhost().show("/sign-in", &mut key, &[]).await), "the owner is not kept out");

    // Devices that share a key count apart, or not at all.
    let mut shared = SoftKey { is_synced: true, counter: 5, ..SoftKey::new(2, ORIGIN) };
    browser.add(&mut shared, "Shared").await;
    shared.counter = 3;
    assert!(is_in(&server.at_localhost().show("/sign-in", &mut shared, &[]).await));
    assert_eq!(server.trail("factor.counter_regressed").await.len(), 2, "it is noted");
    let mut silent = SoftKey { is_synced: true, ..SoftKey::new(3, ORIGIN) };
    browser.add(&mut silent, "Phone").await;
    for _ in 0..2 {
        assert!(is_in(&server.at_localhost().show("/sign-in", &mut silent, &[]).await));
    }
    assert_eq!(
        server.trail("factor.counter_regressed").await.len(),
        2,
        "keys that do not count are not noted"
    );
    assert!(browser.get("/account/passkeys").await.text().contains("on several of your devices"));
}

#[tokio::test]
async fn a_passkey_shows_again_who_is_there_and_less_does_not_stand_for_it() {
    let server = Server::start().await;
    let owner = server.world.owner(&server.app, &server.program).await;
    let mut browser = server.at_localhost();
    server.sign_in_again(&mut browser, &owner).await;
    assert!(!browser.get("/step-up").await.text().contains("Show a passkey"), "there is none");
    let form = token(browser.get("/step-up").await.text());
    assert_eq!(browser.post("/step-up/passkey", &form, &[]).await.status, StatusCode::CONFLICT);
    let mut key = SoftKey::new(1, ORIGIN);
    browser.add(&mut key, "Laptop").await;

    server.world.wait(601);
    let fields = [("email", "new@example.com"), ("role", "control_owner")];
    let stale = browser.send("/people", "/people", &fields).await;
    assert_eq!(stale.status, StatusCode::FORBIDDEN);
    assert!(stale.text().contains("Show a passkey") && stale.text().contains("name=\"password\""));
    let kept = hidden(stale.text(), "kept").replace("&amp;", "&");
    let before = browser.cookies.clone();
    let more = [("back", "/people"), ("then", "/people"), ("kept", kept.as_str())];
    let ready = browser.show("/step-up", &mut key, &more).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.text());
    assert_ne!(browser.cookies, before, "another cookie");
    let invited = browser.post("/people", &token(ready.text()), &fields).await;
    assert!(invited.text().contains("/join/"), "what was typed is done");
    assert_eq!(server.trail("auth.stepup").await.len(), 1);

    // The session is now one of a passkey; password and code do not stand for it.
    server.world.wait(601);
    let page = browser.get("/step-up").await;
    assert!(!page.text().contains("name=\"password\""), "{}", page.text());
    let code = server.code(&owner.seed);
    let less = [("password", owner.password.as_str()), ("code", &code)];
    let no = browser.post("/step-up", &token(page.text()), &less).await;
    assert_eq!(no.status, StatusCode::UNAUTHORIZED);
    assert!(no.text().contains("You signed in with a passkey"));
    // Nor does somebody else's passkey.
    let (mut eve, _) = server.person("Eve", &[Role::Employee]).await;
    let mut theirs = SoftKey::new(2, ORIGIN);
    eve.add(&mut theirs, "Phone").await;
    server.sign_in_again(&mut browser, &owner).await;
    let mut answer = browser.show("/step-up", &mut theirs, &[]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.trail("auth.failed").await[0].reason, "passkey_of_another");
    answer = browser.show("/step-up", &mut key, &[("back", "/people")]).await;
    assert_eq!((answer.status, answer.header(LOCATION.as_str())), (StatusCode::SEE_OTHER, "/people"));
}

#[tokio::test]
async fn one_joins_with_a_passkey_and_gets_back_in_by_a_recovery_code() {
    let server = Server::start().await;
    let email = "nia@example.com";
    let roles = [Role::ControlOwner].into();
    let link = server
        .app
        .transact(&server.program, async |cx| people::invite(cx, email, &roles).await)
        .await
        .expect("invited");
    let path = format!("/join/{}", link.text());
    let mut browser = server.at_localhost();
    let page = browser.get(&path).await;
    assert!(page.text().contains("Join with a passkey") && page.text().contains("Join with a code"));
    // What was typed is looked at before a key is made.
    let form = token(page.text());
    let options = format!("{path}/passkey");
    let password = "horse and staple";
    for (name, one, two, says) in [
        ("", password, password, "name of the person"),
        ("Nia New", "short", "short", "at least 8"),
        ("Nia New", password, "horse and stable", "passwords differ"),
    ] {
        let fields = [("name", name), ("password", one), ("again", two)];
        let answer = browser.post(&options, &form, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    let typed = [("name", "Nia New"), ("password", password), ("again", password)];
    let (asked, ceremony, form) = browser.asked(&path, &options, &typed).await;
    assert_eq!(asked["user"]["name"], email);
    assert_eq!(asked["rp"]["id"], "localhost");
    assert_eq!(asked["attestation"], "none", "nobody is asked what their device is for nothing");
    let mut key = SoftKey::new(1, ORIGIN);
    let made = key.make(&asked).to_string();
    let joined = browser.answer(&path, &form, &ceremony, &made, &typed).await;
    assert_eq!(joined.status, StatusCode::OK, "{}", joined.text());
    assert_eq!(joined.text().matches("<li><code>").count(), 10);
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    assert_eq!(server.browser().get(&path).await.status, StatusCode::NOT_FOUND, "the link is used up");

    // The last second factor stays.
    let page = browser.get("/account/passkeys").await;
    let remove = format!("/account/passkeys/{}/remove", only_id(page.text()));
    let no = browser.send("/account/passkeys", &remove, &[]).await;
    assert_eq!(no.status, StatusCode::CONFLICT);
    assert!(no.text().contains("This is all that you have"), "{}", no.text());

    assert!(is_in(&server.at_localhost().show("/sign-in", &mut key, &[]).await));
    let first = joined.text().split_once("<li><code>").expect("a code").1;
    let code = first[..first.find('<').expect("an end")].to_owned();
    assert_eq!(
        server.at_localhost().sign_in(email, password, "000000").await.status,
        StatusCode::UNAUTHORIZED,
        "no authenticator"
    );
    assert!(is_in(&server.at_localhost().sign_in(email, password, &code).await), "a recovery code is");
    assert_eq!(server.trail("auth.recovery_used").await.len(), 1);
}

#[tokio::test]
async fn an_organization_asks_for_passkeys() {
    let server = Server::start().await;
    let owner = server.world.owner(&server.app, &server.program).await;
    let mut browser = server.at_localhost();
    server.sign_in_again(&mut browser, &owner).await;
    let (mut robin, account) = server.person("Robin", &[Role::ComplianceManager]).await;
    assert_eq!(robin.get("/people/sign-in").await.status, StatusCode::NOT_FOUND, "not theirs to set");
    let page = "/people/sign-in";
    let set = [("rule", "passkey"), ("reason", "phishing")];
    let privileged = [("rule", "passkey_of_privileged"), ("reason", "phishing")];
    let no = browser.send(page, page, &set).await;
    assert_eq!(no.status, StatusCode::CONFLICT);
    assert!(no.text().contains("has a second one"), "{}", no.text());
    let (mut key, mut second) = (SoftKey::new(1, ORIGIN), SoftKey::new(2, ORIGIN));
    browser.add(&mut key, "Laptop").await;
    browser.add(&mut second, "Key ring").await;
    assert_eq!(browser.send(page, page, &set).await.status, StatusCode::CONFLICT, "signed in with a code");
    assert!(is_in(&browser.show("/step-up", &mut key, &[]).await));
    let no = browser.send(page, page, &[("rule", "passkey"), ("reason", " ")]).await;
    assert_eq!(no.status, StatusCode::UNPROCESSABLE_ENTITY, "no reason");
    assert!(is_in(&browser.send(page, page, &privileged).await));
    assert_eq!(robin.get("/controls").await.status, StatusCode::OK, "not privileged");
    assert!(is_in(&browser.send(page, page, &set).await));
    assert_eq!(server.trail("config.changed").await.len(), 2);
    let today = server.app.now().date();
    let then = browser.get(&format!("{page}?at={today}")).await.text().to_owned();
    let then = then.split_once("id=\"then\"").expect("what held").1;
    assert!(then.contains("phishing") && then.contains("<dt>Since</dt>"), "{then}");

    // Whoever is in with less sees their own account only, from the next request on.
    let led = robin.get("/controls").await;
    assert_eq!((led.status, led.header(LOCATION.as_str())), (StatusCode::SEE_OTHER, "/account/passkeys"));
    let own = robin.get("/account/passkeys").await;
    assert!(own.text().contains("Your organization asks for a passkey"), "{}", own.text());
    let mut theirs = SoftKey::new(3, ORIGIN);
    let added = robin.add(&mut theirs, "Phone").await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.text());
    assert_eq!(robin.get("/controls").await.status, StatusCode::SEE_OTHER, "it is not shown yet");
    assert!(is_in(&robin.show("/step-up", &mut theirs, &[]).await));
    assert_eq!(robin.get("/controls").await.status, StatusCode::OK);

    // Password and code let in, but not to a key of one's own: somebody else may have got hold of them.
    let mut phished = server.at_localhost();
    server.sign_in_again(&mut phished, &account).await;
    assert_eq!(phished.get("/controls").await.status, StatusCode::SEE_OTHER);
    let form = token(phished.get("/account/passkeys").await.text());
    let no = phished.post("/account/passkeys/options", &form, &[("name", "mine")]).await;
    assert_eq!(no.status, StatusCode::CONFLICT);
    assert!(no.text().contains("show one that you have first"), "{}", no.text());
    let id = only_id(robin.get("/account/passkeys").await.text());
    let remove = format!("/account/passkeys/{id}/remove");
    assert_eq!(phished.send("/account/passkeys", &remove, &[]).await.status, StatusCode::CONFLICT);
    let last = robin.send("/account/passkeys", &remove, &[]).await;
    assert!(last.text().contains("this is the last one"), "{}", last.text());
}

#[tokio::test]
async fn pages_say_where_passkeys_work() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let page = browser.get("/sign-in").await;
    assert!(page.text().contains("href=\"http://localhost:8143/sign-in\""), "{}", page.text());
    assert!(!page.text().contains("data-passkey"));
    let form = token(page.text());
    assert_eq!(browser.post("/sign-in/passkey", &form, &[]).await.status, StatusCode::BAD_REQUEST);
    let page = server.at_localhost().get("/sign-in").await;
    assert!(page.text().contains("data-passkey=\"show\"") && page.text().contains("<noscript>"));
    assert!(page.header("content-security-policy").contains("connect-src 'self'"));

    for (hosts, is_secure, works) in [
        (vec!["tickmark.example"], true, true),
        (vec!["203.0.113.7"], true, false),
        (vec!["tickmark.example"], false, false),
    ] {
        let host = hosts[0];
        let settings = Settings {
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            is_secure,
            ..Settings::loopback(443)
        };
        let server = Server::start_at(settings).await;
        let page = Browser { host, ..server.browser() }.get("/sign-in").await;
        assert_eq!(page.text().contains("data-passkey"), works, "{host}");
        assert_eq!(page.text().contains("by HTTPS under a name"), !works, "{host}");
    }
}
