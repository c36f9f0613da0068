//! Attested passkeys on both databases: for whose devices a maker vouches, and the rules that ask for them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tickmark_app::identity::passkey::{self, Attestation, Wish};
use tickmark_app::identity::people::{self, Joining};
use tickmark_app::identity::{Access, attestation, audit, session};
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, App, Error};
use tickmark_core::Digest;
use tickmark_core::identity::{Factor, Role, SignInRule};
use uuid::Uuid;

use crate::authenticator::{SoftKey, Vouching};
use crate::maker::{Maker, pem};
use crate::passkeys::{
    ORIGIN, add, add_as, bring, browser, count, origin, presented, relying, show_again, step_up,
};

const MODEL: u128 = 0xEE88;
const OTHER_MODEL: u128 = 0xEE99;

/// What somebody on the way does to an answer.
type Change = fn(&mut Vec<u8>);

/// A key on a device of a model.
fn device(number: u8, maker: &Maker, model: u128) -> SoftKey {
    SoftKey { vouching: maker.device(model), ..SoftKey::new(number, ORIGIN) }
}

async fn trust_maker(app: &App, actor: &Actor, maker: &Maker) -> Result<usize, Error> {
    let text = pem(&maker.certificate);
    app.transact(actor, async |cx| attestation::add_roots(cx, &text, "bought there").await).await
}

async fn accept(app: &App, actor: &Actor, model: u128, name: &str) -> Result<usize, Error> {
    let line = format!("{} {name}", Uuid::from_u128(model));
    app.transact(actor, async |cx| attestation::add_models(cx, &line, "bought").await).await
}

async fn refuse(app: &App, actor: &Actor, model: u128) -> Result<(), Error> {
    let model = Uuid::from_u128(model);
    app.transact(actor, async |cx| attestation::remove_model(cx, model, "recalled").await).await
}

async fn set(app: &App, actor: &Actor, rule: SignInRule) -> Result<(), Error> {
    app.transact(actor, async |cx| session::set_rule(cx, rule, "phishing").await).await
}

async fn again(app: &App, token: &[u8; 32]) -> Actor {
    app.resume(token, "test").await.expect("resuming").expect("a session")
}

fn is_weak(actor: &Actor) -> bool {
    let Access::Member(member) = &actor.access else { panic!("a member") };
    member.subject.assurance.factor < member.subject.required
}

/// What each of one's passkeys is accepted as.
async fn accepted(app: &App, actor: &Actor) -> Vec<Option<String>> {
    let keys = app.read(actor, async |view| passkey::mine(view).await).await.expect("keys");
    keys.into_iter().map(|key| key.accepted_as).collect()
}

fn says<T: std::fmt::Debug>(result: Result<T, Error>, words: &str) {
    match result {
        Err(Error::Invalid(said) | Error::Conflict(said)) if said.contains(words) => {}
        other => panic!("{words:?} was expected: {other:?}"),
    }
}

/// An answer with its attestation object changed.
fn tampered(made: &Value, change: impl FnOnce(&mut Vec<u8>)) -> Value {
    let mut made = made.clone();
    let object = &mut made["response"]["attestationObject"];
    let mut bytes = URL_SAFE_NO_PAD.decode(object.as_str().expect("text")).expect("base64url");
    change(&mut bytes);
    *object = URL_SAFE_NO_PAD.encode(bytes).into();
    made
}

fn position(of: &[u8], within: &[u8]) -> usize {
    within.windows(of.len()).position(|window| window == of).expect("there")
}

/// Puts other bytes in the place of some.
fn replace(bytes: &mut Vec<u8>, from: &[u8], to: &[u8]) {
    let at = position(from, bytes);
    drop(bytes.splice(at..at + from.len(), to.iter().copied()));
}

#[tokio::test]
async fn only_what_a_trusted_maker_vouches_for_is_accepted() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let (maker, other) = (Maker::new(1, "Example Keys"), Maker::new(2, "Other Keys"));
        let mut any = device(1, &maker, MODEL);
        says(add_as(&app, &owner, Wish::Attested, &mut any, "x").await, "has not said yet");

        // Certificates of authorities only, once, with a reason.
        assert_eq!(trust_maker(&app, &owner, &maker).await.expect("added"), 1);
        says(trust_maker(&app, &owner, &maker).await, "here already");
        let Vouching::Maker { chain, .. } = maker.device(MODEL) else { panic!("a device") };
        for (text, words) in [
            (pem(&chain[0]), "not the certificate of an authority"),
            (pem(&maker.certificate[..200]), "cannot be read"),
            ("a key".to_owned(), "no certificate"),
        ] {
            let refused = app.transact(&owner, async |cx| attestation::add_roots(cx, &text, "why").await);
            says(refused.await, words);
        }
        let two = pem(&maker.certificate) + &pem(&other.certificate);
        let no_reason = app.transact(&owner, async |cx| attestation::add_roots(cx, &two, " ").await);
        says(no_reason.await, "reason");
        says(accept(&app, &owner, 0, "nobody").await, "zeros");
        assert_eq!(accept(&app, &owner, MODEL, "Example key").await.expect("listed"), 1);

        let synced = SoftKey { is_synced: true, ..device(6, &maker, MODEL) };
        let mut lying = device(7, &maker, MODEL);
        if let Vouching::Maker { model, .. } = &mut lying.vouching {
            *model = OTHER_MODEL.to_be_bytes();
        }
        let itself = SoftKey { vouching: Vouching::Itself, ..SoftKey::new(3, ORIGIN) };
        for (mut key, words) in [
            (SoftKey::new(2, ORIGIN), "no maker vouches"),
            (itself, "no maker vouches"),
            (device(4, &other, MODEL), "does not trust the maker"),
            (device(5, &maker, OTHER_MODEL), "does not accept this model"),
            (synced, "several devices"),
            (lying, "is not right"),
        ] {
            says(add_as(&app, &owner, Wish::Attested, &mut key, "x").await, words);
        }
        let changes: [(Change, &str); 5] = [
            // The counter is signed with the rest, so is the model, and the format says how to read it.
            (
                |bytes| {
                    let at = position(&Sha256::digest(b"tickmark.example"), bytes);
                    bytes[at + 36] ^= 1;
                },
                "is not right",
            ),
            (|bytes| replace(bytes, &MODEL.to_be_bytes(), &OTHER_MODEL.to_be_bytes()), "is not right"),
            (|bytes| replace(bytes, b"\x66packed", b"\x64none"), "no maker vouches"),
            (|bytes| replace(bytes, b"\x66packed", b"\x63tpm"), "does not fit"),
            (|bytes| replace(bytes, b"\x66packed", b"\x66sealed"), "no maker vouches"),
        ];
        for (change, words) in changes {
            let begun =
                app.begin_adding_passkey(&owner, Wish::Attested, (&relying(), browser(1)), &origin()).await;
            let begun = begun.expect("asked");
            assert_eq!(begun.options["attestation"], "direct");
            let made = device(8, &maker, MODEL).make(&begun.options);
            says(bring(&app, &owner, &begun, &tampered(&made, change), "x").await, words);
        }
        assert!(accepted(&app, &owner).await.is_empty(), "none of these was kept");

        // The right one is, with what it is; one that was asked for nothing is an ordinary one.
        let mut right = device(9, &maker, MODEL);
        let owner = add_as(&app, &owner, Wish::Attested, &mut right, "Right").await.expect("added");
        world.wait(1);
        let owner = add(&app, &owner, &mut device(10, &maker, MODEL), "Any").await.expect("added");
        let keys = app.read(&owner, async |view| passkey::mine(view).await).await.expect("keys");
        let what = |at: usize| (keys[at].attestation, keys[at].model, keys[at].accepted_as.as_deref());
        assert_eq!(what(0), (Attestation::Basic, Some(Uuid::from_u128(MODEL)), Some("Example key")));
        assert_eq!(what(1), (Attestation::None, None, None));
        assert_eq!(count(&app, &program, "config.changed").await, 2);
        app.sequence(&program).await.expect("sequenced");
        let verified = audit::verify(&app, &program).await.expect("verified");
        assert!(verified.breaks.is_empty(), "{:?}", verified.breaks);
    }
}

#[tokio::test]
async fn the_top_of_the_ladder_holds_from_the_next_request_on() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let maker = Maker::new(1, "Example Keys");
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let actor = robin.actor(&world, &app).await;
        let mut plain = SoftKey::new(20, ORIGIN);
        let actor = add(&app, &actor, &mut plain, "Plain").await.expect("added");
        let token = show_again(&app, &actor, &mut plain).await;
        assert!(!is_weak(&again(&app, &token).await));

        // Whoever asks for it is in by one, and has another.
        let (mut first, mut second) = (device(1, &maker, MODEL), device(2, &maker, MODEL));
        let (mut old, mut spare) = (SoftKey::new(3, ORIGIN), SoftKey::new(4, ORIGIN));
        let owner = add(&app, &owner, &mut old, "Old").await.expect("added");
        let owner = add(&app, &owner, &mut spare, "Spare").await.expect("added");
        let owner = step_up(&app, &owner, &mut old).await;
        says(set(&app, &owner, SignInRule::Attested).await, "accepted and has a second one");
        says(set(&app, &program, SignInRule::Attested).await, "at least one certificate of a maker");
        trust_maker(&app, &owner, &maker).await.expect("trusted");
        accept(&app, &owner, MODEL, "Example key").await.expect("listed");
        let owner = add_as(&app, &owner, Wish::Attested, &mut first, "First").await.expect("added");
        let owner = step_up(&app, &owner, &mut first).await;
        says(set(&app, &owner, SignInRule::Attested).await, "accepted and has a second one");
        let owner = add_as(&app, &owner, Wish::Attested, &mut second, "Second").await.expect("added");
        set(&app, &owner, SignInRule::AttestedOfPrivileged).await.expect("set");
        assert!(!is_weak(&again(&app, &token).await), "an employee needs a passkey, of whatever kind");
        set(&app, &owner, SignInRule::Attested).await.expect("set");

        // A session that was good is too weak with the next request, and there is a way on.
        let weak = again(&app, &token).await;
        assert!(is_weak(&weak));
        says(add(&app, &weak, &mut SoftKey::new(21, ORIGIN), "x").await, "no maker vouches");
        let mut good = device(22, &maker, MODEL);
        let weak = add(&app, &weak, &mut good, "Good").await.expect("added, and asked for attested");
        assert!(is_weak(&weak), "it is not shown yet");
        let token = show_again(&app, &weak, &mut good).await;
        let strong = again(&app, &token).await;
        assert!(!is_weak(&strong));

        // Less than the best that one has does not decide about passkeys.
        let by_code = robin.actor(&world, &app).await;
        assert!(is_weak(&by_code));
        says(add(&app, &by_code, &mut device(23, &maker, MODEL), "x").await, "show one that you have first");
        let by_plain = step_up(&app, &by_code, &mut plain).await;
        says(add(&app, &by_plain, &mut device(23, &maker, MODEL), "x").await, "attested passkey; show one");
        let keys = app.read(&strong, async |view| passkey::mine(view).await).await.expect("keys");
        let last = keys.iter().find(|key| key.name == "Good").expect("there").id;
        let removed = app.transact(&strong, async |cx| passkey::remove(cx, last).await).await;
        says(removed, "this is the last one");

        // What is taken off the list counts no longer at once; nobody locks everybody out by it, or themselves.
        let owner = step_up(&app, &owner, &mut first).await;
        says(refuse(&app, &owner, MODEL).await, "last model");
        accept(&app, &owner, OTHER_MODEL, "Newer key").await.expect("listed");
        says(refuse(&app, &owner, MODEL).await, "would not be accepted any more");
        let mut newer = device(5, &maker, OTHER_MODEL);
        let owner = add(&app, &owner, &mut newer, "Newer").await.expect("added");
        let owner = step_up(&app, &owner, &mut newer).await;
        refuse(&app, &owner, MODEL).await.expect("removed");
        assert!(is_weak(&again(&app, &token).await));
        assert_eq!(accepted(&app, &again(&app, &token).await).await, [None, None]);
        accept(&app, &owner, MODEL, "Example key").await.expect("listed again");
        assert!(!is_weak(&again(&app, &token).await), "its chain is known");
        let root = Digest::of(&maker.certificate);
        let remove = async |by: &Actor| {
            app.transact(by, async |cx| attestation::remove_root(cx, root, "broken into").await).await
        };
        says(remove(&owner).await, "last certificate");
        trust_maker(&app, &owner, &Maker::new(2, "Other Keys")).await.expect("trusted");
        says(remove(&owner).await, "would not be accepted any more");
        remove(&program).await.expect("whoever runs the machine may");
        assert!(is_weak(&again(&app, &token).await));

        // A chain is examined again when its key is shown after the certificate came back.
        trust_maker(&app, &program, &maker).await.expect("trusted again");
        let weak = again(&app, &token).await;
        assert!(is_weak(&weak));
        let back = show_again(&app, &weak, &mut good).await;
        assert!(!is_weak(&again(&app, &back).await));
        app.sequence(&program).await.expect("sequenced");
        let verified = audit::verify(&app, &program).await.expect("verified");
        assert!(verified.breaks.is_empty(), "{:?}", verified.breaks);
    }
}

/// Joins by a link with a passkey; an answer to an attested question where `wanted` says so.
async fn join(
    app: &App,
    secret: &[u8; 32],
    email: &str,
    key: &mut SoftKey,
    wanted: &str,
) -> Result<[u8; 32], Error> {
    let (relying, typed) = (relying(), (email, "Nia New", "horse and staple"));
    let begun = app.begin_joining_with_passkey(secret, typed, &relying, browser(1), &origin()).await?;
    assert_eq!(begun.options["attestation"], wanted);
    let (id, made) = (begun.ceremony.to_string(), key.make(&begun.options).to_string());
    let passkey = Some(presented(&id, &made, &relying));
    let joining = Joining { email, name: typed.1, password: typed.2, code: "", passkey };
    Ok(app.join(secret, joining, &origin()).await?.token)
}

#[tokio::test]
async fn whoever_joins_is_asked_for_what_is_asked_of_their_roles() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let link = app.transact(&program, async |cx| people::offer_set_up(cx).await).await.expect("offered");
        let secret = link.expect("nobody is here").secret;
        // Where the first owner comes in by a passkey, passkeys work: they are asked of the highest from then on.
        let rule = async || app.read(&program, async |view| session::rule(view).await).await.expect("a rule");
        assert_eq!(rule().await, SignInRule::SecondFactor);
        let mut first = SoftKey::new(1, ORIGIN);
        let token = join(&app, &secret, "olu@example.com", &mut first, "none").await.expect("in");
        assert_eq!(rule().await, SignInRule::PasskeyOfPrivileged);
        assert!(!is_weak(&again(&app, &token).await));
        assert_eq!(count(&app, &program, "config.changed").await, 1);

        let maker = Maker::new(1, "Example Keys");
        trust_maker(&app, &program, &maker).await.expect("trusted");
        accept(&app, &program, MODEL, "Example key").await.expect("listed");
        set(&app, &program, SignInRule::AttestedOfPrivileged).await.expect("set");
        let invite = async |email: &str, role| {
            let roles = [role].into();
            let link = app.transact(&program, async |cx| people::invite(cx, email, &roles).await).await;
            link.expect("invited").secret
        };
        let employee = invite("emil@example.com", Role::Employee).await;
        let mut plain = SoftKey::new(2, ORIGIN);
        let token = join(&app, &employee, "", &mut plain, "none").await.expect("in");
        assert!(!is_weak(&again(&app, &token).await));
        let admin = invite("ada@example.com", Role::Admin).await;
        let refused = join(&app, &admin, "", &mut SoftKey::new(3, ORIGIN), "direct").await;
        says(refused, "no maker vouches");
        let token = join(&app, &admin, "", &mut device(4, &maker, MODEL), "direct").await.expect("in");
        assert!(!is_weak(&again(&app, &token).await));
    }
}

/// Lets somebody who has an account into another organization.
async fn come(world: &World, app: &App, there: &Actor, account: &Account) {
    let roles = [Role::Employee].into();
    let link = app.transact(there, async |cx| people::invite(cx, &account.email, &roles).await).await;
    world.wait(30);
    let code = account.code(app, 0);
    let joining = Joining { email: "", name: "", password: &account.password, code: &code, passkey: None };
    app.join(&link.expect("invited").secret, joining, &origin()).await.expect("joined");
}

#[tokio::test]
async fn each_organization_trusts_its_own_makers() {
    for world in World::both().await {
        let (app, first) = world.start().await;
        let second = app.ensure_organization("Second Ltd", "Other system").await.expect("another");
        let robin = world.member(&app, &first, "Robin", &[Role::Employee]).await;
        come(&world, &app, &second, &robin).await;
        let (here, there) = (Maker::new(1, "Example Keys"), Maker::new(2, "Other Keys"));
        for (organization, maker) in [(&first, &here), (&second, &there)] {
            trust_maker(&app, organization, maker).await.expect("trusted");
            accept(&app, organization, MODEL, "Example key").await.expect("listed");
            set(&app, organization, SignInRule::Attested).await.expect("set");
        }
        // The organization where they were last is the one where they come in.
        world.wait(30);
        let code = robin.code(&app, 0);
        let attempt = session::Attempt {
            email: &robin.email,
            password: &robin.password,
            code: &code,
            organization: Some(first.organization.id),
        };
        let session::SignIn::Done(token) = app.sign_in(attempt, &origin()).await.expect("an answer") else {
            panic!("not in")
        };
        let mut key = device(1, &here, MODEL);
        let actor = add(&app, &again(&app, &token).await, &mut key, "Of here").await.expect("added");
        let token = show_again(&app, &actor, &mut key).await;
        let strong = again(&app, &token).await;
        assert!(!is_weak(&strong));

        // The same passkey is an attested one here and an ordinary one there, where one sees one's own account and adds one.
        let to = second.organization.id;
        let token = app.switch(&strong, to, &origin()).await.expect("a session there");
        let weak = again(&app, &token).await;
        let Access::Member(member) = &weak.access else { panic!("a member") };
        assert_eq!(member.subject.assurance.factor, Factor::Passkey);
        assert!(is_weak(&weak));
        says(add(&app, &weak, &mut device(2, &here, MODEL), "x").await, "does not trust the maker");
        world.wait(1);
        let mut other = device(3, &there, MODEL);
        let actor = add(&app, &weak, &mut other, "Of there").await.expect("added");
        assert!(!is_weak(&step_up(&app, &actor, &mut other).await));
        assert_eq!(accepted(&app, &actor).await, [None, Some("Example key".to_owned())]);
    }
}
