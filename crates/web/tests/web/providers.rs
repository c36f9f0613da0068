//! Signing in through an identity provider, with one that is started here and can also misbehave.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::people;
use tickmark_app::identity::session::Through;
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, Error};
use tickmark_core::identity::Role;
use tickmark_web::Settings;

use crate::caller::{Caller, parse, refused};
use crate::members::{Browser, Server, encode, hex_32};
use crate::provider::{CLIENT, IdentityProvider, SECRET, Sign, ThisMachine, parameters};

const HOME: &str = "/people/providers";

/// A server with one provider that is connected, and its owner.
struct Scene {
    server: Server,
    provider: IdentityProvider,
    owner: Browser,
    /// The page of the connection.
    page: String,
}

impl Scene {
    async fn start() -> Self {
        let world = World::sqlite();
        let app = world.try_start_with(ThisMachine::outside()).await.expect("started");
        let program = app.ensure_organization("Example Ltd", "Example system").await.expect("made");
        let server = Server::over(world, app, program, Settings::loopback(8143));
        let provider = IdentityProvider::start().await;
        let (owner, _) = server.member("Olga", &[Role::Owner]).await;
        let mut scene = Self { server, provider, owner, page: String::new() };
        scene.page = scene.connect("Directory", &[]).await;
        scene
    }

    /// Connects the provider once more, under a name; returns the page of the connection.
    async fn connect(&mut self, name: &str, more: &[(&str, &str)]) -> String {
        let issuer = self.provider.issuer.clone();
        let mut fields = vec![("name", name), ("issuer", &issuer), ("client", CLIENT), ("secret", SECRET)];
        fields.extend([("algorithm", "RS256"), ("algorithm", "ES256"), ("second", "mfa"), ("strong", "phr")]);
        fields.extend([("domains", ""), ("on", "yes")]);
        fields.extend_from_slice(more);
        let written = self.owner.send(HOME, HOME, &fields).await;
        assert_eq!(written.status, StatusCode::SEE_OTHER, "{}", written.text());
        written.header("location").to_owned()
    }

    fn id(&self) -> &str {
        self.page.rsplit('/').next().expect("an id")
    }

    fn now(&self) -> i64 {
        self.server.app.now().seconds()
    }

    /// Goes to the provider from an address here; returns where that is.
    async fn leave(&self, browser: &mut Browser, from: &str) -> String {
        let answer = browser.get(from).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let location = answer.header("location").to_owned();
        assert!(location.starts_with(&format!("{}/authorize?", self.provider.issuer)), "{location}");
        location
    }

    /// Comes in through the provider as a subject.
    async fn enter(&self, browser: &mut Browser, subject: &str, sign: Sign, changes: &Value) -> StatusCode {
        let location = self.leave(browser, &format!("/sign-in/provider/{}", self.id())).await;
        let back = self.provider.let_in(&location, subject, self.now(), sign, changes);
        browser.get(&back).await.status
    }

    /// Says that whoever waits is a member.
    async fn approve(&mut self, email: &str) {
        let member = self.server.world.find_member(&self.server.app, &self.server.program, email).await;
        let page = self.owner.get(&self.page).await;
        let request = crate::members::hidden(page.text(), "request").to_owned();
        let path = format!("{}/approve", self.page);
        let fields = [("request", request.as_str()), ("member", &member.id.to_string())];
        let done = self.owner.send(&self.page.clone(), &path, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    }

    /// A member who is linked to the provider, as `robin` there.
    async fn linked(&mut self, role: Role) -> Account {
        let account =
            self.server.world.member(&self.server.app, &self.server.program, "Robin", &[role]).await;
        let mut browser = self.server.browser();
        assert_eq!(
            self.enter(&mut browser, "robin", Sign::Rs256, &json!({})).await,
            StatusCode::FORBIDDEN,
            "the address alone is nobody"
        );
        assert!(!is_in(&browser));
        self.approve("robin@example.com").await;
        account
    }

    /// Sends the form of the connection with these changes.
    async fn change(&mut self, more: &[(&str, &str)]) {
        let issuer = self.provider.issuer.clone();
        let mut fields = vec![("name", "Directory"), ("issuer", &issuer), ("client", CLIENT)];
        fields.extend([("algorithm", "RS256"), ("algorithm", "ES256"), ("second", "mfa"), ("strong", "phr")]);
        fields.extend([("reason", "It is so now")]);
        fields.extend_from_slice(more);
        let page = self.page.clone();
        let changed = self.owner.send(&page, &page, &fields).await;
        assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text());
    }

    async fn reasons(&self) -> Vec<String> {
        let filter = Filter { event: Some("auth.failed".to_owned()), ..Filter::default() };
        let rows =
            self.server.app.read(&self.server.program, async |view| audit::search(view, &filter, 100).await);
        rows.await.expect("rows").into_iter().map(|row| row.reason).collect()
    }

    async fn actor(&self, browser: &Browser) -> Option<Actor> {
        let token = browser.cookies.get("tickmark-account-8143")?;
        self.server.app.resume(&hex_32(token), "r").await.expect("resuming")
    }
}

fn is_in(browser: &Browser) -> bool {
    browser.cookies.contains_key("tickmark-account-8143")
}

fn mfa() -> Value {
    json!({"amr": ["pwd", "mfa"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_joined_through_the_provider() {
    let mut scene = Scene::start().await;
    let invited =
        scene.owner.send("/people", "/people", &[("email", "nia@example.com"), ("role", "employee")]).await;
    let link =
        invited.text().split("/join/").nth(1).map(|rest| format!("/join/{}", &rest[..64])).expect("a link");
    let mut browser = scene.server.browser();
    let page = browser.get(&link).await;
    let way = format!("{link}/provider/{}", scene.id());
    assert!(page.text().contains(&way) && page.text().contains("Join with Directory"), "{}", page.text());
    let location = scene.leave(&mut browser, &way).await;
    let back = scene.provider.let_in(&location, "n-1", scene.now(), Sign::Es256, &mfa());
    let answer = browser.get(&back).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"), "{}", answer.text());
    assert!(is_in(&browser) && !browser.cookies.contains_key("tickmark-visit-8143"));
    assert_eq!(browser.get("/work").await.status, StatusCode::OK);
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    assert_eq!(scene.server.browser().get(&link).await.status, StatusCode::NOT_FOUND, "it was used up");

    // Signing in again finds them by the subject, whatever the address.
    let mut again = scene.server.browser();
    let changes = json!({"amr": ["mfa"], "email": "another@example.org"});
    assert_eq!(scene.enter(&mut again, "n-1", Sign::Rs256, &changes).await, StatusCode::SEE_OTHER);
    let page = scene.owner.get(&scene.page).await;
    assert!(page.text().contains("By an invitation") && !page.text().contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_nobody_here_waits_until_it_is_said_who_they_are() {
    let mut scene = Scene::start().await;
    scene.linked(Role::Employee).await;
    let mut browser = scene.server.browser();
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &mfa()).await, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/work").await.status, StatusCode::OK);

    // Who is declined is as unknown as before.
    let mut eve = scene.server.browser();
    assert_eq!(scene.enter(&mut eve, "eve", Sign::Rs256, &mfa()).await, StatusCode::FORBIDDEN);
    let page = scene.owner.get(&scene.page).await;
    let request = crate::members::hidden(page.text(), "request").to_owned();
    let path = format!("{}/decline", scene.page);
    let page = scene.page.clone();
    let declined = scene.owner.send(&page, &path, &[("request", &request)]).await;
    assert_eq!(declined.status, StatusCode::SEE_OTHER);
    assert_eq!(scene.enter(&mut eve, "eve", Sign::Rs256, &mfa()).await, StatusCode::FORBIDDEN);
    assert!(!is_in(&eve));

    // Unlinked they are signed out, and nobody again.
    let page_text = scene.owner.get(&page).await.text().to_owned();
    let link = crate::members::hidden(&page_text, "link").to_owned();
    let path = format!("{page}/unlink");
    let unlinked = scene.owner.send(&page, &path, &[("link", &link), ("reason", "left the directory")]).await;
    assert_eq!(unlinked.status, StatusCode::SEE_OTHER, "{}", unlinked.text());
    assert!(scene.actor(&browser).await.is_none());
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &mfa()).await, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_says_of_no_owner_who_comes_in_as_them() {
    let scene = Scene::start().await;
    scene.server.world.member(&scene.server.app, &scene.server.program, "Oda", &[Role::Owner]).await;
    let (mut admin, _) = scene.server.member("Ada", &[Role::Admin]).await;
    let mut browser = scene.server.browser();
    assert_eq!(scene.enter(&mut browser, "x", Sign::Rs256, &mfa()).await, StatusCode::FORBIDDEN);
    let page = admin.get(&scene.page).await;
    let request = crate::members::hidden(page.text(), "request").to_owned();
    let oda =
        scene.server.world.find_member(&scene.server.app, &scene.server.program, "oda@example.com").await;
    let path = format!("{}/approve", scene.page);
    let fields = [("request", request.as_str()), ("member", &oda.id.to_string())];
    let refused = admin.send(&scene.page, &path, &fields).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    assert_eq!(scene.enter(&mut browser, "x", Sign::Rs256, &mfa()).await, StatusCode::FORBIDDEN);
    let (mut employee, _) = scene.server.member("Emil", &[Role::Employee]).await;
    assert_eq!(employee.get(&scene.page).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_token_that_does_not_fit_is_refused_and_recorded() {
    let mut scene = Scene::start().await;
    scene.linked(Role::Employee).await;
    let now = scene.now();
    let cases = [
        (Sign::None, json!({}), "provider_algorithm"),
        (Sign::Hs256, json!({}), "provider_algorithm"),
        (Sign::Other, json!({}), "provider_signature"),
        (Sign::Rs256, json!({"nonce": "another"}), "provider_nonce"),
        (Sign::Rs256, json!({"nonce": null}), "provider_nonce"),
        (Sign::Rs256, json!({"iss": "https://evil.example"}), "provider_issuer"),
        (Sign::Rs256, json!({"aud": "another"}), "provider_audience"),
        (Sign::Rs256, json!({"aud": [CLIENT, "another"]}), "provider_audience"),
        (Sign::Rs256, json!({"azp": "another"}), "provider_audience"),
        (Sign::Rs256, json!({"exp": now - 120}), "provider_time"),
        (Sign::Rs256, json!({"iat": now + 3_600}), "provider_time"),
        (Sign::Rs256, json!({"session_expiry": now - 1}), "provider_time"),
        (Sign::Rs256, json!({"sub": null}), "provider_subject"),
        (Sign::Rs256, json!({"exp": "soon"}), "provider_malformed"),
    ];
    for (sign, changes, reason) in cases {
        let mut browser = scene.server.browser();
        let status = scene.enter(&mut browser, "robin", sign, &changes).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{sign:?} {changes}");
        assert!(!is_in(&browser), "{sign:?} {changes}");
        assert_eq!(scene.reasons().await.first().map(String::as_str), Some(reason), "{sign:?} {changes}");
    }
    let mut browser = scene.server.browser();
    let azp = json!({"aud": [CLIENT, "another"], "azp": CLIENT, "amr": ["mfa"]});
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Es256, &azp).await, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_fits_one_browser_one_connection_and_one_moment() {
    let mut scene = Scene::start().await;
    scene.linked(Role::Employee).await;
    let second = scene.connect("Other", &[]).await;
    let other = second.rsplit('/').next().expect("an id").to_owned();
    let start = format!("/sign-in/provider/{}", scene.id());
    let let_in = |location: &str| scene.provider.let_in(location, "robin", scene.now(), Sign::Rs256, &mfa());

    // Somebody else's answer, in a browser that did not begin, or that began for itself.
    let mut attacker = scene.server.browser();
    let location = scene.leave(&mut attacker, &start).await;
    let back = let_in(&location);
    let mut victim = scene.server.browser();
    assert_eq!(victim.get(&back).await.status, StatusCode::UNAUTHORIZED);
    scene.leave(&mut victim, &start).await;
    assert_eq!(victim.get(&back).await.status, StatusCode::UNAUTHORIZED);
    assert!(!is_in(&victim));
    assert_eq!(scene.reasons().await[0], "provider_state");

    // In the browser that began it fits once.
    assert_eq!(attacker.get(&back).await.status, StatusCode::SEE_OTHER);
    let mut replayed = attacker.clone();
    replayed.cookies.remove("tickmark-account-8143");
    assert_eq!(replayed.get(&back).await.status, StatusCode::UNAUTHORIZED);

    // At the address of another connection; said by another issuer, or by none; with a code that was used.
    for (what, change) in [
        ("another connection", (scene.id().to_owned(), other.clone())),
        ("another issuer", ("iss=".to_owned(), "iss=https%3A%2F%2Fevil.example&was=".to_owned())),
        ("no issuer", ("iss=".to_owned(), "was=".to_owned())),
        ("another state", ("state=".to_owned(), "state=x&was=".to_owned())),
        ("no code", ("code=".to_owned(), "error=access_denied&was=".to_owned())),
        ("another code", ("code=".to_owned(), "code=guessed&was=".to_owned())),
    ] {
        let mut browser = scene.server.browser();
        let location = scene.leave(&mut browser, &start).await;
        let back = let_in(&location).replacen(&change.0, &change.1, 1);
        assert_eq!(browser.get(&back).await.status, StatusCode::UNAUTHORIZED, "{what}");
        assert!(!is_in(&browser), "{what}");
    }

    // Too late.
    let mut late = scene.server.browser();
    let location = scene.leave(&mut late, &start).await;
    let back = let_in(&location);
    scene.server.world.wait(600);
    assert_eq!(late.get(&back).await.status, StatusCode::UNAUTHORIZED);

    // Sent here by another site: nobody is signed in without wanting it.
    let mut sent = scene.server.browser();
    sent.headers = vec![("sec-fetch-site", "cross-site".to_owned())];
    let answer = sent.get(&start).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    // Back from the provider is always from another site.
    let mut browser = scene.server.browser();
    let location = scene.leave(&mut browser, &start).await;
    browser.headers = vec![("sec-fetch-site", "cross-site".to_owned())];
    assert_eq!(browser.get(&let_in(&location)).await.status, StatusCode::SEE_OTHER);
    assert!(location.contains("code_challenge_method=S256"));
    let asked = parameters(&location);
    assert!(asked["state"].len() >= 43 && asked["nonce"].len() >= 43 && asked["state"] != asked["nonce"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_factor_there_needs_another_one_here() {
    let mut scene = Scene::start().await;
    let account = scene.linked(Role::Employee).await;
    let mut browser = scene.server.browser();
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &json!({})).await, StatusCode::SEE_OTHER);
    let away = browser.get("/work").await;
    assert_eq!((away.status, away.header("location")), (StatusCode::SEE_OTHER, "/step-up?back=%2Fwork"));
    scene.server.world.wait(30);
    let code = account.code(&scene.server.app, 0);
    let wrong = browser
        .send("/step-up", "/step-up", &[("password", ""), ("code", "000000"), ("back", "/work")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let shown =
        browser.send("/step-up", "/step-up", &[("password", ""), ("code", &code), ("back", "/work")]).await;
    assert_eq!(
        (shown.status, shown.header("location")),
        (StatusCode::SEE_OTHER, "/work"),
        "{}",
        shown.text()
    );
    assert_eq!(browser.get("/work").await.status, StatusCode::OK);

    // What the provider vouches for changes nothing that counts elsewhere.
    let actor = scene.actor(&browser).await.expect("in");
    let changed = scene.server.app.transact(&actor, async |cx| people::renew_codes(cx).await).await;
    assert!(matches!(changed, Err(Error::Conflict(_))), "{changed:?}");
    scene.server.world.wait(30);
    let code = account.code(&scene.server.app, 0);
    let both = [("password", account.password.as_str()), ("code", &code), ("back", "/account")];
    assert_eq!(browser.send("/step-up", "/step-up", &both).await.status, StatusCode::SEE_OTHER);
    let actor = scene.actor(&browser).await.expect("in");
    scene
        .server
        .app
        .transact(&actor, async |cx| people::renew_codes(cx).await)
        .await
        .expect("with one's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_vouches_for_is_worth_nothing_in_another_organization() {
    let mut scene = Scene::start().await;
    let account = scene.linked(Role::Employee).await;
    let app = &scene.server.app;
    let beta = app.ensure_organization("Beta", "Other system").await.expect("made");
    let invite = async |cx: &mut tickmark_app::Cx<'_>| {
        people::invite(cx, &account.email, &[Role::Employee].into()).await
    };
    let link = app.transact(&beta, invite).await.expect("invited");
    scene.server.world.wait(30);
    let code = account.code(app, 0);
    let joining =
        people::Joining { email: "", name: "", password: &account.password, code: &code, passkey: None };
    app.join(&link.secret, joining, &World::origin("127.0.0.1")).await.expect("joined");

    let mut browser = scene.server.browser();
    assert_eq!(
        scene.enter(&mut browser, "robin", Sign::Rs256, &json!({"acr": "phr"})).await,
        StatusCode::SEE_OTHER
    );
    let actor = scene.actor(&browser).await.expect("in");
    let origin = World::origin("127.0.0.1");
    let switched = app.switch(&actor, beta.organization.id, &origin).await;
    assert!(matches!(switched, Err(Error::StepUp)), "{switched:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_to_come_through_it_gets_in_by_nothing_else() {
    let mut scene = Scene::start().await;
    let account = scene.linked(Role::Employee).await;
    let mut by_password = scene.server.signed_in(&account).await;
    assert_eq!(by_password.get("/work").await.status, StatusCode::OK);
    scene.change(&[("on", "yes"), ("required", "yes")]).await;
    assert_eq!(by_password.get("/work").await.status, StatusCode::SEE_OTHER, "the session before ends");
    scene.server.world.wait(30);
    let code = account.code(&scene.server.app, 0);
    let mut browser = scene.server.browser();
    let answer = browser.sign_in(&account.email, &account.password, &code).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.text().contains("through its identity provider"), "{}", answer.text());
    assert_eq!(scene.reasons().await[0], "by_provider");
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &mfa()).await, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/work").await.status, StatusCode::OK);

    // Off, it lets nobody in, signs everybody out, and what people have here works again.
    scene.change(&[]).await;
    assert!(scene.actor(&browser).await.is_none());
    assert_eq!(
        scene.server.browser().get(&format!("/sign-in/provider/{}", scene.id())).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(!scene.server.browser().get("/sign-in").await.text().contains("Sign in with Directory"));
    let page = scene.owner.get(&scene.page.clone()).await;
    for says in
        ["Issuer: </span>", "State: </span>On, and the only way in", "State: </span>Off", "It is so now"]
    {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    let today = scene.server.app.now().date();
    let page = scene.owner.get(&format!("{}?at={today}", scene.page)).await;
    let then = page.text().split_once("id=\"then\"").expect("what held").1;
    assert!(then.contains("Issuer: </span>") && then.contains("State: </span>Off"), "{then}");
    scene.server.signed_in(&account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_always_has_a_way_in() {
    let mut scene = Scene::start().await;
    let account = scene.linked(Role::Owner).await;
    scene.change(&[("on", "yes"), ("required", "yes")]).await;
    let mut browser = scene.server.signed_in(&account).await;
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_bounds_a_session_and_ends_it() {
    let mut scene = Scene::start().await;
    scene.linked(Role::Employee).await;
    let until = scene.now() + 300;
    let bounded = json!({"amr": ["mfa"], "session_expiry": until, "sid": "bounded"});
    let mut browser = scene.server.browser();
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &bounded).await, StatusCode::SEE_OTHER);
    assert!(scene.actor(&browser).await.is_some());
    scene.server.world.wait(300);
    assert!(scene.actor(&browser).await.is_none(), "until then and no longer");

    let (mut one, mut two) = (scene.server.browser(), scene.server.browser());
    for (browser, sid) in [(&mut one, "one"), (&mut two, "two")] {
        let changes = json!({"amr": ["mfa"], "sid": sid});
        assert_eq!(scene.enter(browser, "robin", Sign::Rs256, &changes).await, StatusCode::SEE_OTHER);
    }
    let now = scene.now();
    let claims = |changes: Value| {
        let mut claims = json!({
            "iss": scene.provider.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "jti": "j-1", "sid": "one",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
    };
    let path = format!("/sign-in/provider/{}/logout", scene.id());
    let tell = async |sign: Sign, kind: &str, changes: Value| {
        let token = scene.provider.sign(sign, kind, &claims(changes));
        let body = format!("logout_token={}", encode(&token));
        scene.server.browser().ask(Method::POST, &path, &body).await.status
    };
    for (sign, kind, changes) in [
        (Sign::Other, "logout+jwt", json!({})),
        (Sign::None, "logout+jwt", json!({})),
        (Sign::Rs256, "JWT", json!({})),
        (Sign::Rs256, "logout+jwt", json!({"nonce": "n"})),
        (Sign::Rs256, "logout+jwt", json!({"events": {}})),
        (Sign::Rs256, "logout+jwt", json!({"aud": "another"})),
        (Sign::Rs256, "logout+jwt", json!({"iat": now - 600})),
    ] {
        assert_eq!(
            tell(sign, kind, changes.clone()).await,
            StatusCode::BAD_REQUEST,
            "{sign:?} {kind} {changes}"
        );
    }
    assert!(scene.actor(&one).await.is_some());
    assert_eq!(
        tell(Sign::Rs256, "logout+jwt", json!({"sid": "unknown", "jti": "j-0"})).await,
        StatusCode::OK
    );
    assert!(scene.actor(&one).await.is_some(), "another session");
    assert_eq!(tell(Sign::Es256, "logout+jwt", json!({})).await, StatusCode::OK);
    assert!(scene.actor(&one).await.is_none() && scene.actor(&two).await.is_some());
    let everywhere = json!({"sid": null, "sub": "robin", "jti": "j-2"});
    assert_eq!(tell(Sign::Es256, "logout+jwt", everywhere).await, StatusCode::OK);
    assert!(scene.actor(&two).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_proof_is_shown_at_the_provider() {
    let mut scene = Scene::start().await;
    scene.linked(Role::ComplianceManager).await;
    let mut browser = scene.server.browser();
    // Signed in there long ago: a session, and no fresh proof.
    let silent = json!({"amr": ["mfa"], "auth_time": scene.now() - 3_600});
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &silent).await, StatusCode::SEE_OTHER);
    let page = browser.get("/step-up?back=/account").await;
    assert!(page.text().contains("Show it at Directory"), "{}", page.text());
    for (subject, changes) in [
        ("robin", json!({"amr": ["mfa"], "auth_time": scene.now() - 3_600})),
        ("robin", json!({"amr": ["mfa"], "auth_time": null})),
        ("somebody-else", mfa()),
    ] {
        let location = scene.leave(&mut browser, "/step-up/provider?back=/account").await;
        assert!(location.contains("max_age=0") && location.contains("prompt=login"), "{location}");
        let back = scene.provider.let_in(&location, subject, scene.now(), Sign::Rs256, &changes);
        assert_eq!(browser.get(&back).await.status, StatusCode::UNAUTHORIZED, "{subject} {changes}");
    }
    let before = browser.cookies.clone();
    let location = scene.leave(&mut browser, "/step-up/provider?back=/account").await;
    let back = scene.provider.let_in(&location, "robin", scene.now(), Sign::Rs256, &mfa());
    let shown = browser.get(&back).await;
    assert_eq!((shown.status, shown.header("location")), (StatusCode::SEE_OTHER, "/account"));
    assert_ne!(browser.cookies, before, "another cookie");
    let actor = scene.actor(&browser).await.expect("in");
    let tickmark_app::identity::Access::Member(member) = &actor.access else { panic!("a member") };
    assert_eq!(member.subject.assurance.proven_at, scene.server.app.now());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_wrong_about_itself_is_not_used() {
    let mut scene = Scene::start().await;
    let start = |page: &str| format!("/sign-in/provider/{}", page.rsplit('/').next().expect("an id"));
    for (name, says) in [
        ("Another", json!({"issuer": "https://evil.example"})),
        ("Plain", json!({"token_endpoint": "http://evil.example/token"})),
        ("No PKCE", json!({"code_challenge_methods_supported": ["plain"]})),
        ("No secret", json!({"token_endpoint_auth_methods_supported": ["private_key_jwt"]})),
    ] {
        scene.provider.say(says);
        let page = scene.connect(name, &[]).await;
        let answer = scene.server.browser().get(&start(&page)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{name}");
        assert!(answer.text().contains("not reached at this moment"), "{name}");
    }
    // What is no connection at all is refused when it is written.
    for (field, value, says) in [
        ("issuer", "https://login.microsoftonline.com/common/v2.0", "stands for every tenant"),
        ("issuer", "http://id.example.com", "An issuer is an https address"),
        ("client", " ", "client id needs"),
        ("domains", "@example.com", "and &quot;@example.com&quot; is none"),
    ] {
        let mut fields = vec![("name", "Wrong"), ("algorithm", "RS256"), ("on", "yes"), ("secret", SECRET)];
        fields.extend([("issuer", "https://id.example.com"), ("client", CLIENT), ("domains", "")]);
        for pair in fields.iter_mut().filter(|(name, _)| *name == field) {
            pair.1 = value;
        }
        let refused = scene.owner.send(HOME, HOME, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{value}");
        assert!(refused.text().contains(says), "{value}: {}", refused.text());
        assert!(!refused.text().contains(SECRET), "a secret is typed anew");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_other_domains_are_turned_away() {
    let mut scene = Scene::start().await;
    scene.linked(Role::Employee).await;
    scene.change(&[("on", "yes"), ("domains", "example.com example.org")]).await;
    for (changes, status) in [
        (json!({"amr": ["mfa"]}), StatusCode::SEE_OTHER),
        (json!({"amr": ["mfa"], "email": "robin@evil.example"}), StatusCode::UNAUTHORIZED),
        (json!({"amr": ["mfa"], "email": null}), StatusCode::UNAUTHORIZED),
    ] {
        let mut browser = scene.server.browser();
        assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &changes).await, status, "{changes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_is_gone_comes_in_by_nothing() {
    let mut scene = Scene::start().await;
    scene.linked(Role::Employee).await;
    let mut browser = scene.server.browser();
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &mfa()).await, StatusCode::SEE_OTHER);
    let member =
        scene.server.world.find_member(&scene.server.app, &scene.server.program, "robin@example.com").await;
    let app = &scene.server.app;
    let suspend = async |cx: &mut tickmark_app::Cx<'_>| people::suspend(cx, member.id, "on leave").await;
    app.transact(&scene.server.program, suspend).await.expect("suspended");
    assert!(scene.actor(&browser).await.is_none());
    assert_eq!(scene.enter(&mut browser, "robin", Sign::Rs256, &mfa()).await, StatusCode::UNAUTHORIZED);
    let remove = async |cx: &mut tickmark_app::Cx<'_>| people::remove(cx, member.id, "left").await;
    app.transact(&scene.server.program, remove).await.expect("removed");
    assert_eq!(
        scene.enter(&mut browser, "robin", Sign::Rs256, &mfa()).await,
        StatusCode::FORBIDDEN,
        "nobody any more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_written_and_decided_through_the_api_by_people_only() {
    let scene = Scene::start().await;
    let mut owner = Caller::person(&scene.server, "Ola", Role::Owner).await;
    let here = format!("/identity-providers/{}", scene.id());
    let seen = owner.get(&here).await;
    assert!(!seen.text().contains(SECRET) && !seen.text().contains("\"secret\""), "{}", seen.text());
    let mut content = parse(&seen)["content"].clone();
    content["is_required"] = json!(true);
    let change = json!({"content": content, "reason": "All come through it"});
    let changed = owner.from(&seen, Method::PUT, &here, &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    assert_eq!(parse(&changed)["content"]["is_required"], json!(true));
    let stale = owner.from(&seen, Method::PUT, &here, &change).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.text());

    let mut browser = scene.server.browser();
    assert_eq!(scene.enter(&mut browser, "eve", Sign::Rs256, &mfa()).await, StatusCode::FORBIDDEN);
    let request = parse(&owner.get(&here).await)["waiting"][0]["id"].clone();
    let decided = owner.post(&format!("{here}/decisions"), &json!({"request": request})).await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.text());
    assert_eq!(parse(&decided)["waiting"], json!([]));
    let again = owner.post(&format!("{here}/decisions"), &json!({"request": request})).await;
    refused(&again, StatusCode::NOT_FOUND, "");
    let mut program = Caller::program(&scene.server, "Olaf", Role::Owner, None).await;
    assert!(program.get(&here).await.status.is_client_error(), "no token sees them");
}

/// What a page of one's own sessions knows of a provider is what it needs and nothing secret.
#[test]
fn what_a_session_has_from_a_provider_ends_when_it_says() {
    let at = tickmark_core::Timestamp::from_seconds;
    let through = Through {
        provider: "00000000-0000-7000-8000-000000000000".parse().expect("an id"),
        subject: "robin".to_owned(),
        sid: String::new(),
        ends_at: Some(at(10)),
        is_own: false,
    };
    assert!(!through.is_over(at(9)) && through.is_over(at(10)));
    assert!(!Through { ends_at: None, ..through }.is_over(at(10)));
}
