//! Signing in: what counts, what is counted, and how long it lasts.

use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::credential::{BrokenPasswords, Cost};
use tickmark_app::identity::people::Changed;
use tickmark_app::identity::session::{self, Attempt, Origin, SignIn};
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, App, Error};
use tickmark_core::identity::{Atom, Resource, Role, Verb};

const HOME: &str = "127.0.0.1";
const ELSEWHERE: &str = "203.0.113.9";

/// One letter for what came of an attempt: in, no, wait.
async fn attempt(app: &App, email: &str, password: &str, code: &str, origin: &Origin) -> char {
    let attempt = Attempt { email, password, code, organization: None };
    match app.sign_in(attempt, origin).await.expect("an answer") {
        SignIn::Done(_) => 'i',
        SignIn::No | SignIn::NoPasskey(_) | SignIn::ByProvider => 'n',
        SignIn::Wait(_) => 'w',
    }
}

async fn right(app: &App, account: &Account, code: &str, from: &str) -> char {
    attempt(app, &account.email, &account.password, code, &World::origin(from)).await
}

async fn wrong(app: &App, account: &Account, from: &str) -> char {
    attempt(app, &account.email, "not the password", "000000", &World::origin(from)).await
}

async fn robin(world: &World) -> (App, Actor, Account) {
    let (app, program) = world.start().await;
    let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
    (app, program, robin)
}

async fn count(app: &App, program: &Actor, event: &str) -> usize {
    let filter = Filter { event: Some(event.to_owned()), ..Filter::default() };
    app.read(program, async |view| audit::search(view, &filter, 200).await).await.expect("the trail").len()
}

#[tokio::test]
async fn a_code_counts_once_and_the_one_of_the_enrollment_is_spent() {
    for world in World::both().await {
        let (app, program, robin) = robin(&world).await;
        let enrolled = robin.code(&app, 0);
        assert_eq!(right(&app, &robin, &enrolled, HOME).await, 'n', "it proved the enrollment");
        let before = robin.code(&app, -1);
        assert_eq!(right(&app, &robin, &before, HOME).await, 'n', "a step before it");
        let next = robin.code(&app, 1);
        assert_eq!(right(&app, &robin, &next, HOME).await, 'i', "a clock that is ahead");
        assert_eq!(right(&app, &robin, &next, HOME).await, 'n', "the same again");
        world.wait(60);
        assert_eq!(right(&app, &robin, &robin.code(&app, 2), HOME).await, 'n', "too far ahead");
        assert_eq!(right(&app, &robin, &robin.code(&app, 0), HOME).await, 'i');
        assert_eq!(count(&app, &program, "auth.login").await, 3);
        assert_eq!(count(&app, &program, "auth.failed").await, 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_use_one_code_at_once_one_is_in() {
    for world in World::both().await {
        let (app, _, robin) = robin(&world).await;
        world.wait(30);
        let code = robin.code(&app, 0);
        let (one, two) = tokio::join!(right(&app, &robin, &code, HOME), right(&app, &robin, &code, HOME));
        let mut both = [one, two];
        both.sort_unstable();
        assert_eq!(both, ['i', 'n']);
    }
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    for world in World::both().await {
        let (app, program, robin) = robin(&world).await;
        world.wait(30);
        let code = robin.code(&app, 0);
        let password = robin.password.as_str();
        let long = "x".repeat(100_000);
        for (email, password, code) in [
            ("nobody@example.com", password, code.as_str()),
            ("not an address", password, &code),
            (robin.email.as_str(), "not the password", &code),
            (&robin.email, "", &code),
            (&robin.email, &long, &code),
            (&robin.email, password, "000000"),
            (&robin.email, password, ""),
            (&robin.email, password, &long),
            (&robin.email, password, "aaaa-aaaa-aaaa-aaaa"),
        ] {
            // A network of its own each, so that none is told to wait.
            let origin = World::origin(&format!("198.51.{}.1", password.len() % 200));
            let answer = attempt(&app, email, password, code, &origin).await;
            assert!(matches!(answer, 'n' | 'w'), "{email} is {answer}");
            world.wait(31);
        }
        assert_eq!(right(&app, &robin, &robin.code(&app, 0), HOME).await, 'i');
        let filter = Filter { event: Some("auth.failed".to_owned()), ..Filter::default() };
        let rows =
            app.read(&program, async |view| audit::search(view, &filter, 50).await).await.expect("rows");
        let mut reasons: Vec<_> = rows.iter().map(|row| row.reason.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons, ["code", "password", "unknown"], "the trail keeps the difference");
    }
}

#[tokio::test]
async fn guessing_waits_and_nobody_elsewhere_keeps_the_owner_out() {
    for world in World::both().await {
        let (app, program, robin) = robin(&world).await;
        world.wait(30);
        let answers = async |times: usize, from: &str| {
            let mut all = String::new();
            for _ in 0..times {
                all.push(wrong(&app, &robin, from).await);
            }
            all
        };
        assert_eq!(answers(7, ELSEWHERE).await, "nnnnnww", "five, then a wait");
        let code = robin.code(&app, 0);
        assert_eq!(right(&app, &robin, &code, ELSEWHERE).await, 'w', "also with the right ones");
        assert_eq!(right(&app, &robin, &code, HOME).await, 'i', "from where they were before");

        // Many networks: the account closes to all that it does not know.
        let mut evaluated = 0;
        for network in 0..40 {
            let from = format!("203.0.{network}.1");
            if wrong(&app, &robin, &from).await == 'n' {
                evaluated += 1;
            }
        }
        assert_eq!(evaluated, 20);
        world.wait(60);
        let code = robin.code(&app, 0);
        assert_eq!(right(&app, &robin, &code, "192.0.2.1").await, 'w', "an unknown network waits");
        assert_eq!(right(&app, &robin, &code, HOME).await, 'i');
        assert!(count(&app, &program, "auth.locked").await >= 1);
        world.wait(30);
        assert_eq!(right(&app, &robin, &robin.code(&app, 0), "192.0.2.1").await, 'i', "forgotten by then");
    }
}

#[tokio::test]
async fn an_address_that_nobody_has_is_throttled_as_any_other() {
    for world in World::both().await {
        let (app, _, robin) = robin(&world).await;
        let nobody = Account { email: "nobody@example.com".to_owned(), ..robin.clone() };
        let mut of = (String::new(), String::new());
        for _ in 0..7 {
            of.0.push(wrong(&app, &nobody, "203.0.113.1").await);
            of.1.push(wrong(&app, &robin, "198.51.100.1").await);
        }
        assert_eq!(of.0, of.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_the_same_moment_are_counted_before_they_are_looked_at() {
    for world in World::both().await {
        let (app, _, robin) = robin(&world).await;
        let origin = World::origin(ELSEWHERE);
        let one = || attempt(&app, &robin.email, "not the password", "000000", &origin);
        let all = tokio::join!(one(), one(), one(), one(), one(), one(), one(), one());
        let all = [all.0, all.1, all.2, all.3, all.4, all.5, all.6, all.7];
        assert_eq!(all.iter().filter(|answer| **answer == 'n').count(), 5, "{all:?}");
    }
}

#[tokio::test]
async fn people_behind_one_address_who_get_in_are_no_attack() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        for number in 0..12 {
            let account = world.member(&app, &program, &format!("P{number}"), &[Role::Employee]).await;
            world.wait(30);
            assert_eq!(right(&app, &account, &account.code(&app, 0), "192.0.2.7").await, 'i', "{number}");
        }
    }
}

#[tokio::test]
async fn a_recovery_code_works_once() {
    for world in World::both().await {
        let (app, program, robin) = robin(&world).await;
        let code = robin.codes[3].to_uppercase().replace('-', " ");
        assert_eq!(right(&app, &robin, &code, HOME).await, 'i');
        assert_eq!(right(&app, &robin, &code, HOME).await, 'n');
        assert_eq!(right(&app, &robin, &robin.codes[4], HOME).await, 'i');
        assert_eq!(count(&app, &program, "auth.recovery_used").await, 2);
        let actor = robin.actor(&world, &app).await;
        let left = app.read(&actor, async |view| session::codes_left(view).await).await.expect("counted");
        assert_eq!(left, 8);
        let other = world.member(&app, &program, "Eve", &[Role::Employee]).await;
        assert_eq!(right(&app, &other, &robin.codes[5], HOME).await, 'n', "another person's");
    }
}

#[tokio::test]
async fn a_session_ends_by_idleness_by_age_and_by_hand() {
    for world in World::both().await {
        let (app, _, robin) = robin(&world).await;
        let is_in = async |token: &[u8; 32]| app.resume(token, "r").await.expect("resuming").is_some();
        assert!(is_in(&robin.token).await && !is_in(&[1; 32]).await);
        // Looked at every 29 minutes it lasts, until its twelve hours are over.
        for _ in 0..24 {
            world.wait(29 * 60);
            assert!(is_in(&robin.token).await);
        }
        world.wait(24 * 60);
        assert!(!is_in(&robin.token).await, "twelve hours");

        let SignIn::Done(token) = robin.sign_in(&app).await.expect("signing in") else { panic!("not in") };
        world.wait(30 * 60);
        assert!(!is_in(&token).await, "half an hour of nothing");

        let SignIn::Done(one) = robin.sign_in(&app).await.expect("signing in") else { panic!("not in") };
        world.wait(30);
        let SignIn::Done(two) = robin.sign_in(&app).await.expect("signing in") else { panic!("not in") };
        let actor = app.resume(&two, "r").await.expect("resuming").expect("in");
        let ended = app.transact(&actor, async |cx| session::revoke_others(cx).await).await.expect("ended");
        assert!(ended >= 1 && !is_in(&one).await && is_in(&two).await);
        app.transact(&actor, async |cx| session::sign_out(cx).await).await.expect("out");
        assert!(!is_in(&two).await);
        let again = app.transact(&actor, async |cx| session::sign_out(cx).await).await;
        assert!(matches!(again, Err(Error::NotFound { .. })));
    }
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else_and_ten_are_the_most() {
    for world in World::both().await {
        let (app, program, robin) = robin(&world).await;
        let eve = world.member(&app, &program, "Eve", &[Role::Employee]).await.actor(&world, &app).await;
        let mut tokens = vec![robin.token];
        for _ in 0..10 {
            world.wait(30);
            let SignIn::Done(token) = robin.sign_in(&app).await.expect("signing in") else {
                panic!("not in")
            };
            tokens.push(token);
        }
        assert!(app.resume(&tokens[0], "r").await.expect("resuming").is_none(), "the oldest made room");
        let actor = app.resume(&tokens[1], "r").await.expect("resuming").expect("in");
        let mine = app.read(&actor, async |view| session::mine(view).await).await.expect("listed");
        assert_eq!(mine.len(), 10);
        let theirs = app.transact(&eve, async |cx| session::revoke(cx, mine[0].id).await).await;
        assert!(matches!(theirs, Err(Error::NotFound { .. })));
        app.transact(&actor, async |cx| session::revoke(cx, mine[0].id).await).await.expect("ended");
        assert!(
            app.resume(&tokens[10], "r").await.expect("resuming").is_none(),
            "the latest was listed first"
        );
    }
}

#[tokio::test]
async fn a_step_up_gives_another_cookie_and_a_fresh_proof() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let account = world.owner(&app, &program).await;
        let actor = app.resume(&account.token, "r").await.expect("resuming").expect("in");
        world.wait(601);
        let grant = Atom::new(Resource::Grant, Verb::Create);
        let may = async |actor: &Actor| app.transact(actor, async |cx| cx.permit(grant).map(|_| ())).await;
        assert!(matches!(may(&actor).await, Err(Error::StepUp)));
        let origin = World::origin(HOME);
        let code = account.code(&app, 0);
        let no = app.step_up(&actor, "not the password", &code, &origin).await.expect("answered");
        assert!(matches!(no, SignIn::No));
        let done = app.step_up(&actor, &account.password, &code, &origin).await.expect("answered");
        let SignIn::Done(token) = done else { panic!("not stepped up: {done:?}") };
        assert!(app.resume(&account.token, "r").await.expect("resuming").is_none(), "the old cookie is dead");
        let proven = app.resume(&token, "r").await.expect("resuming").expect("in");
        may(&proven).await.expect("just proven");
        assert_eq!(count(&app, &program, "auth.stepup").await, 1);
        let mine = app.read(&proven, async |view| session::mine(view).await).await.expect("listed");
        assert_eq!(mine.len(), 1, "the same session");
        // Owners have eight hours and a quarter of an hour.
        world.wait(15 * 60);
        assert!(app.resume(&token, "r").await.expect("resuming").is_none());
    }
}

#[tokio::test]
async fn a_hash_of_another_cost_is_replaced_when_its_owner_signs_in() {
    for world in World::both().await {
        let (app, _, robin) = robin(&world).await;
        drop(app);
        let mut app = world.try_start().await.expect("starting");
        app.set_password_cost(Cost { memory_kib: 128, passes: 1 });
        world.wait(30);
        assert_eq!(right(&app, &robin, &robin.code(&app, 0), HOME).await, 'i');
        world.wait(30);
        assert_eq!(right(&app, &robin, &robin.code(&app, 0), HOME).await, 'i', "with the new hash");
    }
}

#[tokio::test]
async fn without_the_key_of_accounts_nobody_is_in_and_nothing_is_made_anew() {
    for world in World::both().await {
        let (app, _, robin) = robin(&world).await;
        let key = app.folder().keys().join("accounts.key");
        drop(app);
        let kept = std::fs::read(&key).expect("the key");
        std::fs::remove_file(&key).expect("gone");
        let app = world.try_start().await.expect("starting");
        world.wait(30);
        let refused = robin.sign_in(&app).await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
        assert!(!key.exists());
        std::fs::write(&key, kept).expect("restored");
        assert_eq!(right(&app, &robin, &robin.code(&app, 0), HOME).await, 'i');
    }
}

#[tokio::test]
async fn what_is_known_from_broken_accounts_is_nobodys_password() {
    for world in World::both().await {
        let (mut app, program) = world.start().await;
        let folder = tempfile::tempdir().expect("scratch");
        let file = folder.path().join("sha1.txt");
        // The SHA-1 of "horse and staple", as `sha1sum` says it, between two others.
        let lines =
            ["0000000000000000000000000000000000000000:3", "8F2562028028F9AA82FC7A75119B6FB5B57DD56B:1"];
        std::fs::write(&file, format!("{}\r\n{}\r\n{}:9", lines[0], lines[1], "F".repeat(40)))
            .expect("written");
        app.refuse_passwords_in(BrokenPasswords::take(file).expect("a list"));
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let actor = robin.actor(&world, &app).await;
        let change = async |new: &str| {
            let origin = World::origin(HOME);
            app.change_password(&actor, &robin.password, new, &origin).await
        };
        let refused = change("horse and staple").await;
        assert!(matches!(&refused, Err(Error::Invalid(says)) if says.contains("broken into")), "{refused:?}");
        let done = change("Horse and staple").await.expect("an answer");
        assert!(matches!(done, Changed::Done(_)), "it is the whole that is compared");
    }
}
