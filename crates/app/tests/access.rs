//! Who may change what somebody signs in with, across organizations; memberships for a time; one's own ways to sign in.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tickmark_app::identity::audit::{self, Filter, TurnedAway};
use tickmark_app::identity::people::{self, Joining, Link, Lost, Replaced, Replacing};
use tickmark_app::identity::session::{self, Attempt, SignIn};
use tickmark_app::ledger::{LedgerSettings, MailSecurity, MailTarget, Outside, Secret};
use tickmark_app::mail::{self, MailSettings};
use tickmark_app::port::{Answer, Letter, NotSent, Outbound, Post};
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, App, Error, evidence, identity};
use tickmark_core::identity::{Role, SignInRule};

const HOME: &str = "127.0.0.1";

/// Keeps what it is to send, and the password with which.
#[derive(Debug, Default)]
struct Postbox(Mutex<Vec<(String, Letter, Option<String>)>>);

impl Postbox {
    fn take(&self) -> Vec<(String, Letter, Option<String>)> {
        std::mem::take(&mut *self.0.lock().expect("lock"))
    }
}

impl Outbound for Postbox {
    fn post(&self, _: &Post) -> Result<Answer, NotSent> {
        Err(NotSent("only mail".into()))
    }

    fn mail(&self, target: &MailTarget, password: Option<&Secret>, letter: &Letter) -> Result<(), NotSent> {
        let password = password.map(|secret| secret.expose().to_owned());
        self.0.lock().expect("lock").push((target.to.clone(), letter.clone(), password));
        Ok(())
    }
}

async fn with_mail(world: &World, user: Option<&str>) -> (App, Actor, Arc<Postbox>) {
    let postbox = Arc::new(Postbox::default());
    let outbound: Arc<dyn Outbound> = postbox.clone();
    let outside = Outside { settings: LedgerSettings::default(), outbound };
    let mut app = world.try_start_with(outside).await.expect("starting");
    app.send_mail_by(MailSettings {
        server: "localhost:25".into(),
        security: MailSecurity::None,
        roots_file: None,
        user: user.map(str::to_owned),
        password_file: None,
        from: "Tickmark <tickmark@example.com>".into(),
        address: Some("https://tickmark.example.com".into()),
    });
    let program = app.ensure_organization("Example Ltd", "Example system").await.expect("an organization");
    (app, program, postbox)
}

/// Sends what waits; returns to whom, and what the letters say.
async fn letters(app: &App, program: &Actor, postbox: &Postbox) -> Vec<(String, String)> {
    app.send_mail(program).await.expect("a pass");
    postbox.take().into_iter().map(|(to, letter, _)| (to, letter.text)).collect()
}

async fn invite(app: &App, by: &Actor, email: &str, of: &[Role]) -> Link {
    let of: BTreeSet<Role> = of.iter().copied().collect();
    app.transact(by, async |cx| people::invite(cx, email, &of).await).await.expect("invited")
}

async fn reasons(app: &App, program: &Actor, event: &str) -> Vec<String> {
    let filter = Filter { event: Some(event.to_owned()), ..Filter::default() };
    let rows = app.read(program, async |view| audit::search(view, &filter, 200).await).await.expect("rows");
    rows.into_iter().map(|row| row.reason).collect()
}

/// Lets somebody who has an account into another organization.
async fn come(world: &World, app: &App, there: &Actor, account: &Account, of: &[Role]) {
    let link = invite(app, there, &account.email, of).await;
    world.wait(30);
    let code = account.code(app, 0);
    let joining = Joining { email: "", name: "", password: &account.password, code: &code, passkey: None };
    app.join(&link.secret, joining, &World::origin(HOME)).await.expect("joined");
}

/// Makes an owner of another organization.
async fn owner_of(world: &World, app: &App, there: &Actor, email: &str) -> Account {
    let link = app.transact(there, async |cx| people::offer_set_up(cx).await).await.expect("offered");
    world.join(app, &link.expect("no owner yet"), email, "Bea").await
}

#[tokio::test]
async fn no_organization_resets_somebody_of_whom_another_one_asks_for_more() {
    for world in World::both().await {
        let (app, first) = world.start().await;
        let second = app.ensure_organization("Second Ltd", "Other system").await.expect("another");
        let owner = world.owner(&app, &first).await;
        let robin = world.member(&app, &first, "Robin", &[Role::Employee]).await;
        let bea = owner_of(&world, &app, &second, "bea@example.com").await;
        come(&world, &app, &second, &owner, &[Role::Employee]).await;
        come(&world, &app, &second, &robin, &[Role::Employee]).await;
        let bea = bea.actor(&world, &app).await;
        let offer = async |email: &str, lost| {
            let id = world.find_member(&app, &second, email).await.id;
            app.transact(&bea, async |cx| people::offer_reset(cx, id, lost, "says so").await).await
        };
        // An owner elsewhere, whatever was lost.
        for lost in Lost::ALL {
            let refused = offer(&owner.email, lost).await;
            assert!(
                matches!(&refused, Err(Error::Forbidden(says)) if says.contains("tickmark people reset"))
            );
        }
        assert_eq!(reasons(&app, &second, "access.denied").await, ["other_organization"; 2]);
        assert!(reasons(&app, &first, "access.denied").await.is_empty(), "it is told nothing of it");

        // Whoever is no more there than here is helped, and both organizations have it.
        let link = offer(&robin.email, Lost::Authenticator).await.expect("a link");
        let replace = async |link: &people::ResetLink| {
            let seed = app.resetting(&link.secret).await.expect("open").seed;
            let code = seed.code(app.now().seconds().div_euclid(30));
            let replacing = Replacing { password: &robin.password, code: &code };
            app.replace(&link.secret, replacing, &World::origin(HOME)).await
        };
        assert!(matches!(replace(&link).await, Ok(Replaced::Done(codes)) if codes.len() == 10));
        for organization in [&first, &second] {
            assert_eq!(reasons(&app, organization, "factor.reset").await.len(), 1);
        }

        // What was so when the link was made may be otherwise when it is used.
        world.wait(30);
        let link = offer(&robin.email, Lost::Authenticator).await.expect("a link");
        app.transact(&first, async |cx| session::set_rule(cx, SignInRule::Passkey, "stricter").await)
            .await
            .expect("set");
        assert!(matches!(replace(&link).await, Err(Error::Forbidden(_))));
        // Whoever operates the installation resets anybody, and both have it.
        let id = world.find_member(&app, &second, &robin.email).await.id;
        app.transact(&second, async |cx| people::reset(cx, id, "lost all").await).await.expect("reset");
        for organization in [&first, &second] {
            assert_eq!(reasons(&app, organization, "factor.reset").await.len(), 2);
            app.sequence(organization).await.expect("sequenced");
            let verified = audit::verify(&app, organization).await.expect("verified");
            assert!(verified.breaks.is_empty(), "{:?}", verified.breaks);
        }
    }
}

#[tokio::test]
async fn who_waits_to_enroll_again_is_enrolled_by_no_other_organization() {
    for world in World::both().await {
        let (app, first) = world.start().await;
        let second = app.ensure_organization("Second Ltd", "Other system").await.expect("another");
        let robin = world.member(&app, &first, "Robin", &[Role::ComplianceManager]).await;
        let bea = owner_of(&world, &app, &second, "bea@example.com").await.actor(&world, &app).await;
        let id = world.find_member(&app, &first, &robin.email).await.id;
        let own =
            app.transact(&first, async |cx| people::reset(cx, id, "lost all").await).await.expect("reset");
        let theirs = invite(&app, &bea, &robin.email, &[Role::Employee]).await;
        let invited = app.invited(&theirs.secret).await.expect("open");
        let code = Account { seed: invited.seed, ..robin.clone() }.code(&app, 0);
        let joining =
            Joining { email: "", name: "Robin", password: "horse and staple", code: &code, passkey: None };
        let taken = app.join(&theirs.secret, joining, &World::origin(HOME)).await;
        assert!(matches!(taken.err(), Some(Error::Conflict(says)) if says.contains("tickmark people reset")));
        // By the link of the reset they do, and then the invitation is theirs to take.
        let robin = world.join(&app, &own, &robin.email, "Robin").await;
        world.wait(30);
        let code = robin.code(&app, 0);
        let joining = Joining { email: "", name: "", password: &robin.password, code: &code, passkey: None };
        app.join(&theirs.secret, joining, &World::origin(HOME)).await.expect("joined");
    }
}

#[tokio::test]
async fn guessing_from_a_known_network_ends_and_a_reset_opens_it_again() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let wrong = async |from: &str| {
            let attempt = Attempt { email: &robin.email, password: "no", code: "000000", organization: None };
            app.sign_in(attempt, &World::origin(from)).await.expect("an answer")
        };
        for day in 0..50 {
            // So slowly that the network itself is forgotten each time.
            world.wait(25 * 3_600);
            assert!(matches!(wrong(HOME).await, SignIn::No), "day {day}");
        }
        world.wait(25 * 3_600);
        let came = robin.sign_in(&app).await.expect("an answer");
        let SignIn::Wait(wait) = came else { panic!("{came:?}") };
        assert!(SignIn::wait_words(wait).contains("passkey"), "{}", SignIn::wait_words(wait));
        assert_eq!(reasons(&app, &program, "auth.locked").await, ["authenticator"]);
        let owner = owner.actor(&world, &app).await;
        let id = world.find_member(&app, &program, &robin.email).await.id;
        app.transact(&owner, async |cx| people::offer_reset(cx, id, Lost::Password, "locked out").await)
            .await
            .expect("offered");
        assert!(matches!(robin.sign_in(&app).await, Ok(SignIn::Done(_))), "what was guessed is forgotten");
    }
}

#[tokio::test]
async fn what_somebody_made_for_others_ends_with_their_membership() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let second = world.member(&app, &program, "Sam", &[Role::Owner]).await.actor(&world, &app).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let robin = world.find_member(&app, &program, &robin.email).await.id;
        let sam = world.find_member(&app, &program, "sam@example.com").await.id;
        let invitation = invite(&app, &second, "new@example.com", &[Role::Employee]).await;
        let others = invite(&app, &owner, "other@example.com", &[Role::Employee]).await;
        let reset = app
            .transact(&second, async |cx| people::offer_reset(cx, robin, Lost::Password, "lost").await)
            .await
            .expect("offered");
        let proposal = app
            .transact(&second, async |cx| people::propose(cx, robin, Role::Admin).await)
            .await
            .expect("proposed");
        app.transact(&program, async |cx| people::suspend(cx, sam, "under inquiry").await)
            .await
            .expect("suspended");
        assert!(matches!(app.invited(&invitation.secret).await, Err(Error::NotFound { .. })));
        assert!(matches!(app.resetting(&reset.secret).await.err(), Some(Error::NotFound { .. })));
        let agreed = app.transact(&owner, async |cx| people::agree(cx, proposal).await).await;
        assert!(matches!(agreed, Err(Error::NotFound { .. })), "{agreed:?}");
        app.invited(&others.secret).await.expect("what others made stays");
    }
}

#[tokio::test]
async fn memberships_for_a_time_end_by_themselves() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await;
        let (until, past) = (app.now().plus_micros(86_400_000_000), app.now());
        let of = BTreeSet::from([Role::Admin]);
        let invite = async |until| {
            app.transact(&program, async |cx| {
                people::invite_until(cx, "cora@example.com", &of, Some(until)).await
            })
            .await
        };
        assert!(matches!(invite(past).await, Err(Error::Invalid(_))));
        let link = invite(until).await.expect("invited");
        let cora = world.join(&app, &link, "cora@example.com", "Cora").await;
        let member = world.find_member(&app, &program, &cora.email).await;
        assert_eq!(member.valid.to, Some(until));
        let actor = cora.actor(&world, &app).await;
        let theirs = app
            .transact(&actor, async |cx| people::invite(cx, "x@example.com", &[Role::Employee].into()).await);
        let theirs = theirs.await.expect("invited");
        assert_eq!(app.expire_memberships(&program).await.expect("nothing"), 0);
        world.wait(86_400);
        assert!(app.resume(&cora.token, "r").await.expect("resuming").is_none(), "without anything running");
        assert_eq!(app.expire_memberships(&program).await.expect("noted"), 1);
        assert_eq!(app.expire_memberships(&program).await.expect("noted once"), 0);
        assert_eq!(reasons(&app, &program, "member.expired").await.len(), 1);
        assert!(matches!(app.invited(&theirs.secret).await, Err(Error::NotFound { .. })));

        // It can be made to count again, and nobody sets their own end, or leaves nobody without one.
        let set = async |actor: &Actor, id, until| {
            app.transact(actor, async |cx| people::set_until(cx, id, until, "extended").await).await
        };
        set(&program, member.id, None).await.expect("without an end");
        assert!(matches!(set(&program, member.id, None).await, Err(Error::Conflict(_))));
        world.wait(30);
        assert!(matches!(cora.sign_in(&app).await, Ok(SignIn::Done(_))));
        let owner = owner.actor(&world, &app).await;
        let own = world.find_member(&app, &program, "owner@example.com").await.id;
        let soon = Some(app.now().plus_micros(1_000_000));
        assert!(matches!(set(&owner, own, soon).await, Err(Error::Conflict(_))), "one's own");
        assert!(matches!(set(&program, own, soon).await, Err(Error::Conflict(_))), "the last owner");
    }
}

#[tokio::test]
async fn sessions_of_others_are_ended_without_suspending_them() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let id = world.find_member(&app, &program, &robin.email).await.id;
        let sign_out = async |actor: &Actor, id, why: &str| {
            app.transact(actor, async |cx| people::sign_out(cx, id, why).await).await
        };
        assert!(matches!(sign_out(&owner, id, "").await, Err(Error::Invalid(_))));
        sign_out(&owner, id, "a lost laptop").await.expect("ended");
        assert!(app.resume(&robin.token, "r").await.expect("resuming").is_none());
        assert_eq!(reasons(&app, &program, "member.signed_out").await.len(), 1);
        let actor = robin.actor(&world, &app).await;
        let own = world.find_member(&app, &program, "owner@example.com").await.id;
        assert!(sign_out(&actor, own, "because").await.is_err(), "nobody below them does so");
    }
}

#[tokio::test]
async fn ones_own_authenticator_app_is_replaced_by_whoever_shows_both() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let actor = robin.actor(&world, &app).await;
        let offered = app.read(&actor, async |view| people::own_app(view).await).await.expect("offered");
        let again = app.read(&actor, async |view| people::own_app(view).await).await.expect("offered");
        assert_eq!(offered.seed.bytes(), again.seed.bytes(), "looking changes nothing");
        assert!(offered.is_there && offered.seed.bytes() != robin.seed.bytes());
        let set =
            async |code: &str| app.transact(&actor, async |cx| people::set_own_app(cx, code).await).await;
        let of_before = robin.code(&app, 0);
        assert!(matches!(set(&of_before).await.err(), Some(Error::Invalid(_))));
        let renewed = Account { seed: offered.seed, ..robin.clone() };
        let made = set(&renewed.code(&app, 0)).await.expect("set");
        assert_eq!(made.codes.len(), 10);
        assert!(app.resume(&made.token, "r").await.expect("resuming").is_some(), "this session goes on");
        assert!(app.resume(&robin.token, "r").await.expect("resuming").is_none(), "the others end");
        world.wait(60);
        assert!(matches!(robin.sign_in(&app).await, Ok(SignIn::No)), "the app of before");
        let SignIn::Done(token) = renewed.sign_in(&app).await.expect("an answer") else { panic!("not in") };
        let actor = app.resume(&token, "r").await.expect("resuming").expect("a session");
        let removed = app.transact(&actor, async |cx| people::remove_own_app(cx).await).await;
        assert!(matches!(removed, Err(Error::Conflict(_))), "nothing would be left");
        world.wait(601);
        let late = app.read(&actor, async |view| people::own_app(view).await).await;
        assert!(matches!(late.err(), Some(Error::StepUp)));
        assert_eq!(reasons(&app, &program, "factor.enrolled").await.len(), 2);
    }
}

#[tokio::test]
async fn another_address_is_confirmed_by_whoever_reads_its_mail() {
    for world in World::both().await {
        let (app, program, postbox) = with_mail(&world, None).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        world.member(&app, &program, "Eve", &[Role::Employee]).await;
        let actor = robin.actor(&world, &app).await;
        letters(&app, &program, &postbox).await;
        let ask = async |email: &str| {
            app.transact(&actor, async |cx| people::ask_for_address(cx, email).await).await
        };
        assert!(matches!(ask("robin@example.com").await, Err(Error::Conflict(_))));
        assert!(matches!(ask("nobody").await, Err(Error::Invalid(_))));
        let link = async |email: &str| {
            ask(email).await.expect("asked");
            let [(to, text)] = letters(&app, &program, &postbox).await.try_into().expect("one letter");
            assert_eq!(to, email);
            let at = text.find("/address/").expect("a link") + "/address/".len();
            let mut secret = [0; 32];
            hex::decode_to_slice(&text[at..at + 64], &mut secret).expect("hexadecimal");
            secret
        };
        // Somebody else's address is not told of; its owner is, and confirming it fails.
        let taken = link("eve@example.com").await;
        let origin = World::origin(HOME);
        assert!(matches!(app.confirm_address(&taken, &origin).await, Err(Error::Conflict(_))));
        let old = link("robin@home.example").await;
        let new = link("byrd@example.com").await;
        assert!(matches!(app.confirming_address(&old).await, Err(Error::NotFound { .. })), "replaced");
        let shown = app.confirming_address(&new).await.expect("open");
        assert_eq!(shown.email.as_str(), "byrd@example.com");
        assert!(letters(&app, &program, &postbox).await.is_empty());
        app.confirm_address(&new, &origin).await.expect("confirmed");
        assert!(matches!(app.confirm_address(&new, &origin).await, Err(Error::NotFound { .. })), "once");
        let told = letters(&app, &program, &postbox).await;
        let to: Vec<&str> = told.iter().map(|(to, _)| to.as_str()).collect();
        assert_eq!(to, ["robin@example.com", "byrd@example.com"], "both are told");
        world.wait(60);
        assert!(matches!(robin.sign_in(&app).await, Ok(SignIn::No)));
        let byrd = Account { email: "byrd@example.com".to_owned(), ..robin.clone() };
        assert!(matches!(byrd.sign_in(&app).await, Ok(SignIn::Done(_))));
        assert_eq!(reasons(&app, &program, "member.address_changed").await.len(), 1);
        app.close().await;
    }
}

#[tokio::test]
async fn people_are_told_what_happens_to_their_account() {
    for world in World::both().await {
        let (app, program, postbox) = with_mail(&world, None).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        letters(&app, &program, &postbox).await;
        let said = async |part: &str| {
            let all = letters(&app, &program, &postbox).await;
            let [(to, text)] = all.try_into().unwrap_or_else(|all| panic!("{part}: {all:?}"));
            assert!(to == robin.email && text.contains(part), "{to}: {text}");
        };
        let sign_in = async |code: &str, from: &str| {
            let (email, password) = (robin.email.as_str(), robin.password.as_str());
            let attempt = Attempt { email, password, code, organization: None };
            let SignIn::Done(token) = app.sign_in(attempt, &World::origin(from)).await.expect("an answer")
            else {
                panic!("not in")
            };
            app.resume(&token, "r").await.expect("resuming").expect("a session")
        };
        world.wait(30);
        sign_in(&robin.code(&app, 0), HOME).await;
        assert!(letters(&app, &program, &postbox).await.is_empty(), "as always");
        world.wait(30);
        let actor = sign_in(&robin.code(&app, 0), "203.0.113.9").await;
        said("from a network that was not seen before").await;
        app.change_password(&actor, &robin.password, "a new one, and longer", &World::origin(HOME))
            .await
            .expect("changed");
        said("Your password was changed").await;
        let id = world.find_member(&app, &program, &robin.email).await.id;
        app.transact(&program, async |cx| people::grant(cx, id, Role::ControlOwner).await)
            .await
            .expect("granted");
        said("Your roles were changed").await;
        app.close().await;
    }
}

#[tokio::test]
async fn the_password_of_the_mail_server_is_kept_sealed() {
    for world in World::both().await {
        let (app, program, postbox) = with_mail(&world, Some("tickmark")).await;
        let none = app.test_mail("robin@example.com").await.expect_err("no password").to_string();
        assert!(none.contains("tickmark mail password"), "{none}");
        let keep =
            async |text: &str| app.transact(&program, async |cx| mail::keep_password(cx, text).await).await;
        assert!(matches!(keep("").await, Err(Error::Invalid(_))));
        keep("first secret").await.expect("kept");
        keep("hunter2 hunter2").await.expect("kept");
        app.test_mail("robin@example.com").await.expect("sent");
        let [(_, _, password)] = postbox.take().try_into().expect("one letter");
        assert_eq!(password.as_deref(), Some("hunter2 hunter2"));
        let sealed: Vec<(Vec<u8>,)> = app
            .read(&program, async |view| {
                Ok(sqlx::query_as("SELECT sealed FROM installation_secret")
                    .fetch_all(view.connection())
                    .await?)
            })
            .await
            .expect("rows");
        assert!(sealed.len() == 1 && !sealed[0].0.windows(7).any(|part| part == b"hunter2"));
        app.close().await;
    }
}

#[tokio::test]
async fn an_event_says_how_whoever_did_it_was_signed_in() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let actor = robin.actor(&world, &app).await;
        world.wait(90);
        app.transact(&actor, async |cx| people::rename(cx, "Robin Byrd").await).await.expect("renamed");
        let filter = Filter { event: Some("member.renamed".to_owned()), ..Filter::default() };
        let rows =
            app.read(&program, async |view| audit::search(view, &filter, 1).await).await.expect("rows");
        let auth: serde_json::Value = serde_json::from_str(&rows[0].auth).expect("an object");
        assert_eq!(auth, serde_json::json!({"factor": "code", "proof_age_s": 90, "roles": ["employee"]}));
        assert_eq!(rows[0].network, "127.0.0.0/24");
        // What is turned away before anything looks at it has its event too.
        let turned = TurnedAway { reason: "forged", place: "people", request: "r1", network: "192.0.2.0/24" };
        app.record_turned_away(None, turned).await.expect("recorded");
        assert_eq!(reasons(&app, &program, "access.denied").await, ["forged"]);
        app.sequence(&program).await.expect("sequenced");
        let verified = audit::verify(&app, &program).await.expect("verified");
        assert!(verified.breaks.is_empty(), "{:?}", verified.breaks);
    }
}

#[tokio::test]
async fn raw_downloads_are_recorded_for_whoever_may_take_them() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let eve = world.member(&app, &program, "Eve", &[Role::Employee]).await.actor(&world, &app).await;
        let digest = tickmark_core::Digest::of(b"nothing");
        let refused = app.transact(&eve, async |cx| evidence::take_away(cx, digest).await).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let absent = app.transact(&program, async |cx| evidence::take_away(cx, digest).await).await;
        assert!(matches!(absent, Err(Error::NotFound { .. })), "{absent:?}");
        let take =
            async |cx: &mut tickmark_app::Cx<'_>| tickmark_app::report::take_away(cx, "readiness.pdf").await;
        app.transact(&program, take).await.expect("recorded");
        assert_eq!(reasons(&app, &program, "report.downloaded").await.len(), 1);
    }
}

#[tokio::test]
async fn the_installation_has_several_organizations_and_each_is_named() {
    for world in World::both().await {
        let (mut app, first) = world.start().await;
        assert!(app.read(&first, async |view| identity::is_alone(view).await).await.expect("asked"));
        let second = app.ensure_organization("Second Ltd", "Other system").await.expect("another");
        assert!(!app.read(&first, async |view| identity::is_alone(view).await).await.expect("asked"));
        let says = app.only_organization().await.expect_err("which").to_string();
        assert!(
            says.contains("\"Example Ltd\", \"Second Ltd\"") && says.contains("--organization"),
            "{says}"
        );
        let rename = async |app: &App, name: &str| {
            app.transact(&second, async |cx| identity::rename_organization(cx, name).await).await
        };
        assert!(matches!(rename(&app, "Example Ltd").await, Err(Error::Conflict(_))));
        rename(&app, "Second GmbH").await.expect("renamed");
        app.work_in("Second GmbH".to_owned());
        assert_eq!(app.only_organization().await.expect("named").organization.id, second.organization.id);
        app.work_in("Third".to_owned());
        assert!(matches!(app.only_organization().await, Err(Error::NotFound { .. })));
        let all = app.everywhere().await.expect("all");
        assert_eq!(all.iter().map(|one| one.organization.key).collect::<Vec<_>>().len(), 2);

        // Whoever is in both comes in where they were last.
        let robin = world.member(&app, &first, "Robin", &[Role::Employee]).await;
        world.wait(60);
        come(&world, &app, &second, &robin, &[Role::Employee]).await;
        let there = robin.actor(&world, &app).await;
        assert_eq!(there.organization.id, second.organization.id);
    }
}
