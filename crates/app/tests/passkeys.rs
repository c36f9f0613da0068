//! Passkeys on both databases: kept, shown, counted, taken away; and the rule that asks for them.

use serde_json::Value;
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::passkey::{self, Begun, Presented, Relying, Wish};
use tickmark_app::identity::people::{self, Joining, Lost, Replacing};
use tickmark_app::identity::session::{self, Origin, SignIn};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::Digest;
use tickmark_core::identity::{Role, SignInRule};

use crate::authenticator::SoftKey;

pub(crate) const ORIGIN: &str = "https://tickmark.example";

pub(crate) fn relying() -> Relying {
    Relying { id: "tickmark.example".into(), origin: ORIGIN.into(), name: "Tickmark".into() }
}

pub(crate) fn origin() -> Origin {
    World::origin("127.0.0.1")
}

pub(crate) fn browser(number: u8) -> Digest {
    Digest::of(&[number])
}

pub(crate) fn presented<'a>(begun: &'a str, answer: &'a str, relying: &'a Relying) -> Presented<'a> {
    Presented { ceremony: begun, answer, browser: browser(1), relying }
}

async fn ask(app: &App) -> Begun {
    app.begin_passkey_sign_in(&relying(), browser(1), &origin()).await.expect("asked")
}

/// One letter for what came of it: in, no.
async fn answered(app: &App, begun: &Begun, key: &mut SoftKey) -> char {
    let (id, shown, relying) = (begun.ceremony.to_string(), key.show(&begun.options).to_string(), relying());
    match app
        .sign_in_with_passkey(presented(&id, &shown, &relying), None, &origin())
        .await
        .expect("an answer")
    {
        SignIn::Done(_) => 'i',
        SignIn::No | SignIn::NoPasskey(_) | SignIn::ByProvider | SignIn::Wait(_) => 'n',
    }
}

async fn show(app: &App, key: &mut SoftKey) -> char {
    answered(app, &ask(app).await, key).await
}

/// Adds a passkey; returns the actor with the cookie that the session has then.
pub(crate) async fn add(app: &App, actor: &Actor, key: &mut SoftKey, name: &str) -> Result<Actor, Error> {
    add_as(app, actor, Wish::Any, key, name).await
}

/// Adds a passkey of a kind.
pub(crate) async fn add_as(
    app: &App,
    actor: &Actor,
    wish: Wish,
    key: &mut SoftKey,
    name: &str,
) -> Result<Actor, Error> {
    let begun = app.begin_adding_passkey(actor, wish, (&relying(), browser(1)), &origin()).await?;
    let made = key.make(&begun.options);
    bring(app, actor, &begun, &made, name).await
}

/// Brings an answer to a question for a new passkey.
pub(crate) async fn bring(
    app: &App,
    actor: &Actor,
    begun: &Begun,
    made: &Value,
    name: &str,
) -> Result<Actor, Error> {
    let (id, made, relying) = (begun.ceremony.to_string(), made.to_string(), relying());
    let token = app.add_passkey(actor, presented(&id, &made, &relying), name).await?;
    Ok(app.resume(&token, "test").await.expect("resuming").expect("a session"))
}

/// Shows once more who somebody is; returns them in the session of a passkey.
pub(crate) async fn step_up(app: &App, actor: &Actor, key: &mut SoftKey) -> Actor {
    let token = show_again(app, actor, key).await;
    app.resume(&token, "test").await.expect("resuming").expect("a session")
}

/// The same; returns the cookie of the session.
pub(crate) async fn show_again(app: &App, actor: &Actor, key: &mut SoftKey) -> [u8; 32] {
    let relying = relying();
    let begun = app.begin_passkey_step_up(actor, &relying, browser(1), &origin()).await.expect("asked");
    assert_eq!(begun.options["allowCredentials"].as_array().map(Vec::is_empty), Some(false));
    let (id, shown) = (begun.ceremony.to_string(), key.show(&begun.options).to_string());
    let done = app.step_up_with_passkey(actor, presented(&id, &shown, &relying), &origin()).await;
    let SignIn::Done(token) = done.expect("an answer") else { panic!("not them") };
    token
}

pub(crate) async fn count(app: &App, program: &Actor, event: &str) -> usize {
    let filter = Filter { event: Some(event.to_owned()), ..Filter::default() };
    app.read(program, async |view| audit::search(view, &filter, 200).await).await.expect("the trail").len()
}

#[tokio::test]
async fn keys_are_kept_counted_and_taken_away() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let actor = robin.actor(&world, &app).await;
        let mut key = SoftKey::new(1, ORIGIN);
        let actor = add(&app, &actor, &mut key, "Key").await.expect("added");
        let mut copy = key.clone();
        assert_eq!([show(&app, &mut key).await, show(&app, &mut key).await], ['i', 'i']);
        assert_eq!(show(&app, &mut copy).await, 'n', "it counts behind");
        assert_eq!(count(&app, &program, "factor.counter_regressed").await, 1);
        world.wait(1);
        let mut shared = SoftKey { is_synced: true, counter: 9, ..SoftKey::new(2, ORIGIN) };
        let actor = add(&app, &actor, &mut shared, "Shared").await.expect("added");
        shared.counter = 2;
        assert_eq!(show(&app, &mut shared).await, 'i', "devices may count apart");
        assert_eq!(count(&app, &program, "factor.counter_regressed").await, 2);

        // Late, and of another browser.
        let begun = ask(&app).await;
        world.wait(300);
        assert_eq!(answered(&app, &begun, &mut key).await, 'n');
        let begun = ask(&app).await;
        let (id, shown, relying) =
            (begun.ceremony.to_string(), key.show(&begun.options).to_string(), relying());
        let other = Presented { browser: browser(2), ..presented(&id, &shown, &relying) };
        let came = app.sign_in_with_passkey(other, None, &origin()).await.expect("an answer");
        assert!(matches!(came, SignIn::NoPasskey(_)));
        let came = app.sign_in_with_passkey(presented(&id, &shown, &relying), None, &origin()).await;
        assert!(matches!(came, Ok(SignIn::Done(_))), "it still waits for its own");
        // The oldest questions make room, so nobody fills the database.
        let oldest = ask(&app).await;
        world.wait(1);
        for _ in 0..100 {
            ask(&app).await;
        }
        assert_eq!(answered(&app, &oldest, &mut key).await, 'n');

        let keys = app.read(&actor, async |view| passkey::mine(view).await).await.expect("keys");
        assert_eq!(
            keys.iter().map(|key| (key.name.as_str(), key.is_synced)).collect::<Vec<_>>(),
            [("Key", false), ("Shared", true)]
        );
        let id = keys[0].id;
        app.transact(&actor, async |cx| passkey::rename(cx, id, "Old key").await).await.expect("renamed");
        let empty = app.transact(&actor, async |cx| passkey::rename(cx, id, " ").await).await;
        assert!(matches!(empty, Err(Error::Invalid(_))));
        let eve = world.member(&app, &program, "Eve", &[Role::Employee]).await.actor(&world, &app).await;
        let theirs = app.transact(&eve, async |cx| passkey::remove(cx, id).await).await;
        assert!(matches!(theirs, Err(Error::NotFound { .. })));
        app.transact(&actor, async |cx| passkey::remove(cx, id).await).await.expect("removed");
        assert_eq!(show(&app, &mut key).await, 'n', "it is gone");

        // Whoever gets another authenticator lost the keys too.
        let member = world.find_member(&app, &program, &robin.email).await;
        let link = app
            .transact(&program, async |cx| {
                people::offer_reset(cx, member.id, Lost::Authenticator, "lost").await
            })
            .await
            .expect("a link");
        let seed = app.resetting(&link.secret).await.expect("open").seed;
        let code = seed.code(app.now().seconds().div_euclid(30));
        let replacing = Replacing { password: &robin.password, code: &code };
        app.replace(&link.secret, replacing, &origin()).await.expect("replaced");
        assert_eq!(show(&app, &mut shared).await, 'n');
        app.sequence(&program).await.expect("sequenced");
        let verified = audit::verify(&app, &program).await.expect("verified");
        assert!(verified.breaks.is_empty(), "{:?}", verified.breaks);
    }
}

#[tokio::test]
async fn one_joins_with_a_key_and_an_organization_asks_for_them() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let set = async |actor: &Actor, rule| {
            app.transact(actor, async |cx| session::set_rule(cx, rule, "phishing").await).await
        };
        assert!(matches!(set(&owner, SignInRule::Passkey).await, Err(Error::Conflict(_))));
        let (mut first, mut second) = (SoftKey::new(1, ORIGIN), SoftKey::new(2, ORIGIN));
        let owner = add(&app, &owner, &mut first, "One").await.expect("added");
        let owner = add(&app, &owner, &mut second, "Two").await.expect("added");
        let owner = step_up(&app, &owner, &mut first).await;
        set(&owner, SignInRule::Passkey).await.expect("set");
        assert!(matches!(set(&owner, SignInRule::Passkey).await, Err(Error::Conflict(_))), "as it was");

        let roles = [Role::ControlOwner].into();
        let link = app
            .transact(&program, async |cx| people::invite(cx, "nia@example.com", &roles).await)
            .await
            .expect("a link");
        let (relying, typed) = (relying(), ("", "Nia New", "horse and staple"));
        let begun = app
            .begin_joining_with_passkey(&link.secret, typed, &relying, browser(1), &origin())
            .await
            .expect("asked");
        let mut key = SoftKey::new(3, ORIGIN);
        let (id, made) = (begun.ceremony.to_string(), key.make(&begun.options).to_string());
        let passkey = Some(presented(&id, &made, &relying));
        let joining = Joining { email: "", name: typed.1, password: typed.2, code: "", passkey };
        let joined = app.join(&link.secret, joining, &origin()).await.expect("in");
        assert_eq!(joined.recovery_codes.len(), 10);
        let nia = app.resume(&joined.token, "test").await.expect("resuming").expect("a session");
        assert_eq!(show(&app, &mut key).await, 'i');
        let keys = app.read(&nia, async |view| passkey::mine(view).await).await.expect("keys");
        let id = keys[0].id;
        let last = app.transact(&nia, async |cx| passkey::remove(cx, id).await).await;
        assert!(matches!(last, Err(Error::Conflict(_))), "{last:?}");
        set(&owner, SignInRule::SecondFactor).await.expect("set back");
        let last = app.transact(&nia, async |cx| passkey::remove(cx, id).await).await;
        assert!(matches!(last, Err(Error::Conflict(_))), "there is no authenticator either");
        assert_eq!(count(&app, &program, "config.changed").await, 2);
        let rules =
            app.read(&owner, async |view| session::rule_versions(view).await).await.expect("versions");
        let said: Vec<_> = rules.iter().map(|one| (one.number, one.record, one.reason.as_str())).collect();
        assert_eq!(said, [(1, SignInRule::Passkey, "phishing"), (2, SignInRule::SecondFactor, "phishing")]);
        assert!(rules.iter().all(|one| one.by == Some(owner.id)));
    }
}
