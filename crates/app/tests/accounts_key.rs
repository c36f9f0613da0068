//! Another key of accounts: everything goes on with it, whenever the program is killed in between.

use std::path::PathBuf;

use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::people;
use tickmark_app::identity::session::SignIn;
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, App, Error};
use tickmark_core::identity::Role;

async fn robin(world: &World) -> (App, Actor, Account) {
    let (app, program) = world.start().await;
    let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
    (app, program, robin)
}

async fn is_let_in(world: &World, app: &App, robin: &Account) -> bool {
    world.wait(30);
    matches!(robin.sign_in(app).await.expect("an answer"), SignIn::Done(_))
}

fn file(world: &World) -> PathBuf {
    world.folder().join("keys").join("accounts.key")
}

fn lines(world: &World) -> usize {
    std::fs::read_to_string(file(world)).expect("the file").lines().count()
}

#[tokio::test]
async fn a_key_takes_the_place_of_another_and_is_dropped_when_nothing_needs_it() {
    for world in World::both().await {
        let (mut app, program, robin) = robin(&world).await;
        let made = app.make_accounts_key().await.expect("made");
        assert_eq!(lines(&world), 2);
        assert!(is_let_in(&world, &app, &robin).await, "before anything is moved");
        let moved = app.move_to_accounts_key().await.expect("moved");
        assert_eq!((moved.seeds, moved.accounts), (1, 1));
        assert_eq!(app.move_to_accounts_key().await.expect("again").seeds, 0, "nothing twice");

        // The password was hashed anew when they signed in; the codes on paper are theirs alone.
        let uses = app.use_of_accounts_keys().await.expect("counted");
        assert_eq!((uses.len(), uses[0].passwords, uses[0].codes), (1, 0, 1));
        let refused = app.drop_older_accounts_keys().await.expect_err("needed still");
        assert!(
            matches!(&refused, Error::Conflict(says) if says.contains("recovery codes of 1 people")),
            "{refused}"
        );
        assert_eq!(lines(&world), 2);

        let actor = robin.actor(&world, &app).await;
        app.transact(&actor, async |cx| people::renew_codes(cx).await).await.expect("new ones");
        assert_eq!(app.drop_older_accounts_keys().await.expect("dropped"), 1);
        assert_eq!(lines(&world), 1);
        assert!(is_let_in(&world, &app, &robin).await);
        let filter = Filter { event: Some("secret.replaced".to_owned()), ..Filter::default() };
        let rows =
            app.read(&program, async |view| audit::search(view, &filter, 10).await).await.expect("rows");
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row.object == made), "{rows:?}");

        app.close().await;
        drop(app);
        let app = world.try_start().await.expect("starting anew");
        assert!(is_let_in(&world, &app, &robin).await, "with the file as it is");
        app.close().await;
    }
}

#[tokio::test]
async fn a_recovery_code_of_the_key_before_works_until_it_is_dropped() {
    for world in World::both().await {
        let (mut app, _, robin) = robin(&world).await;
        app.make_accounts_key().await.expect("made");
        app.move_to_accounts_key().await.expect("moved");
        let attempt = tickmark_app::identity::session::Attempt {
            email: &robin.email,
            password: &robin.password,
            code: &robin.codes[0],
            organization: None,
        };
        let origin = World::origin("127.0.0.1");
        assert!(matches!(app.sign_in(attempt, &origin).await.expect("an answer"), SignIn::Done(_)));
        assert!(matches!(app.sign_in(attempt, &origin).await.expect("an answer"), SignIn::No), "once");
        app.close().await;
    }
}

#[tokio::test]
async fn who_guesses_is_not_forgotten_by_another_key() {
    for world in World::both().await {
        let (mut app, _, robin) = robin(&world).await;
        let wrong = tickmark_app::identity::session::Attempt {
            email: &robin.email,
            password: "not the password",
            code: "000000",
            organization: None,
        };
        let origin = World::origin("203.0.113.9");
        for _ in 0..5 {
            assert!(matches!(app.sign_in(wrong, &origin).await.expect("an answer"), SignIn::No));
        }
        app.make_accounts_key().await.expect("made");
        app.move_to_accounts_key().await.expect("moved");
        assert!(matches!(app.sign_in(wrong, &origin).await.expect("an answer"), SignIn::Wait(_)));
        app.close().await;
    }
}

#[tokio::test]
async fn a_program_that_ends_in_between_leaves_everything_usable() {
    for world in World::both().await {
        let (mut app, _, robin) = robin(&world).await;
        app.make_accounts_key().await.expect("made");
        // Killed after the file was written, and before anything was moved.
        app.close().await;
        drop(app);
        let mut app = world.try_start().await.expect("starting anew");
        assert!(is_let_in(&world, &app, &robin).await);
        // Another key on top, with the one before half used.
        app.make_accounts_key().await.expect("made");
        assert_eq!(lines(&world), 3);
        assert!(is_let_in(&world, &app, &robin).await);
        app.move_to_accounts_key().await.expect("moved");
        app.close().await;
        drop(app);
        let app = world.try_start().await.expect("starting anew");
        assert!(is_let_in(&world, &app, &robin).await);
        assert_eq!(app.use_of_accounts_keys().await.expect("counted").len(), 2);
        app.close().await;
    }
}

#[tokio::test]
async fn a_key_that_is_gone_too_early_is_said_and_nothing_is_overwritten() {
    let world = World::sqlite();
    let (mut app, _, robin) = robin(&world).await;
    let before = std::fs::read_to_string(file(&world)).expect("the file");
    app.make_accounts_key().await.expect("made");
    app.close().await;
    drop(app);
    let both = std::fs::read_to_string(file(&world)).expect("the file");
    assert!(both.ends_with(&before), "the new one comes first");
    let alone = both.strip_suffix(before.as_str()).expect("two");
    std::fs::write(file(&world), alone).expect("written");
    let app = world.try_start().await.expect("starting");
    world.wait(30);
    let refused = robin.sign_in(&app).await.expect_err("the seed does not open");
    assert!(matches!(refused, Error::Unavailable { .. }), "{refused}");
    app.close().await;
}
