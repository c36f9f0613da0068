use std::os::unix::fs::PermissionsExt;

use tickmark_app::testing::World;
use tickmark_app::{Action, ActorKind, Error, identity, ledger};
use tickmark_ledger::leaf::LeafKind;

#[tokio::test]
async fn the_first_start_makes_an_organization_with_a_log_and_later_ones_find_it() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        assert_eq!((actor.kind, actor.organization.name.as_str()), (ActorKind::Program, "Example Ltd"));
        let again = app.ensure_organization("Example Ltd", "Example system").await.expect("found");
        assert_eq!(again, actor);
        assert_eq!(app.only_organization().await.expect("only one"), actor);
        let systems = app.read(&actor, async |view| identity::systems(view).await).await.expect("systems");
        assert_eq!(systems.len(), 1);
        let first = app.read(&actor, async |view| ledger::entries(view, 0, 10).await).await.expect("entries");
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].leaf().expect("a leaf").kind, LeafKind::LogGenesis);
        assert!(!String::from_utf8_lossy(&first[0].content).contains("Example"), "the log names nobody");

        let keys: Vec<_> = std::fs::read_dir(app.folder().keys()).expect("keys").flatten().collect();
        assert_eq!(keys.len(), 2, "one that signs the log, one that wraps keys of artifacts");
        for key in keys {
            assert_eq!(key.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        }

        app.ensure_organization("Second Ltd", "Example system").await.expect("another");
        assert!(matches!(app.only_organization().await, Err(Error::Conflict(_))));
        assert_eq!(app.organizations().await.expect("all").len(), 2);
        drop(app);
        assert_eq!(world.start().await.1, actor);
    }
}

#[tokio::test]
async fn before_the_first_start_there_is_nobody() {
    for world in World::both().await {
        let app = world.try_start().await.expect("starting");
        assert!(matches!(app.only_organization().await, Err(Error::NotFound { .. })));
        for bad in ["", " x", "x\n", &"x".repeat(201)] {
            assert!(
                matches!(app.ensure_organization(bad, "Example system").await, Err(Error::Invalid(_))),
                "{bad:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_first_starts_at_once_make_one_organization() {
    for world in World::both().await {
        let app = world.try_start().await.expect("starting");
        let (one, two) = tokio::join!(
            app.ensure_organization("Example", "Example system"),
            app.ensure_organization("Example", "Example system")
        );
        assert_eq!(one.expect("one"), two.expect("two"));
        assert_eq!(app.organizations().await.expect("all").len(), 1);
    }
}

#[tokio::test]
async fn only_a_person_decides() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let person = world.person(&app, &program).await;
        assert_eq!(person, world.person(&app, &program).await);
        let decide = |actor| app.transact(actor, async |cx| cx.authorize(Action::Decide));
        assert!(matches!(decide(&program).await, Err(Error::Forbidden(_))));
        decide(&person).await.expect("a person may");
        app.sequence(&program).await.expect("sequencing");
        let latest = app.read(&program, async |view| ledger::latest(view, 1).await).await.expect("latest");
        let text = String::from_utf8_lossy(&latest[0].content).into_owned();
        assert!(text.contains("actor.added") && !text.contains("Robin"), "{text}");
    }
}
