use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use tickmark_app::identity::{Access, SignedIn};
use tickmark_app::testing::World;
use tickmark_app::{Action, Actor, ActorKind, Error, identity, ledger};
use tickmark_core::id::SessionId;
use tickmark_core::identity::{
    Assurance, Atom, Factor, Object, Resource, Role, Standing, Subject, Systems, Verb,
};
use tickmark_core::{Span, Timestamp};
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

/// The actor as a signed-in member with these roles, proven at `at`.
fn as_member(actor: &Actor, roles: &[Role], at: Timestamp) -> Actor {
    let subject = Subject {
        id: actor.id,
        organization: actor.organization.key,
        roles: roles.iter().copied().collect(),
        systems: Systems::All,
        engagements: BTreeSet::new(),
        standing: Standing::Active,
        valid: Span { from: at, to: None },
        assurance: Assurance { factor: Factor::Code, proven_at: at },
        required: Factor::Code,
        token: None,
        is_within_systems: false,
    };
    let session = SessionId(actor.id.0);
    let member = SignedIn { subject, session, request: "0123456789ab".to_owned(), network: String::new() };
    Actor { access: Access::Member(Box::new(member)), ..actor.clone() }
}

#[tokio::test]
async fn a_member_may_what_their_roles_say_and_a_refusal_stays_in_the_ledger() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let person = world.person(&app, &program).await;
        let now = app.now();
        for (action, able) in [
            (Action::Observe, vec![Role::ComplianceManager]),
            (Action::Administer, vec![Role::ComplianceManager]),
            (Action::Decide, vec![Role::ComplianceManager]),
            (Action::Operate, vec![]),
        ] {
            for role in Role::ALL.into_iter().filter(|role| role.is_for_members()) {
                let member = as_member(&person, &[role], now);
                let answer = app.transact(&member, async |cx| cx.authorize(action)).await;
                assert_eq!(answer.is_ok(), able.contains(&role), "{action:?} {role}: {answer:?}");
            }
        }
        app.sequence(&program).await.expect("sequencing");
        let latest = app.read(&program, async |view| ledger::latest(view, 1).await).await.expect("latest");
        let text = String::from_utf8_lossy(&latest[0].content).into_owned();
        assert!(text.contains("access.denied") && text.contains("not_granted"), "{text}");
        assert!(text.contains("0123456789ab"), "the request is named: {text}");
        assert_eq!(latest[0].leaf().expect("a leaf").who, person.id.to_string());
    }
}

#[tokio::test]
async fn a_query_that_is_refused_leaves_its_entry_too_and_a_step_up_is_asked_for() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let person = world.person(&app, &program).await;
        let admin = as_member(&person, &[Role::Admin], app.now());
        app.sequence(&program).await.expect("sequencing");
        let count = async || {
            app.sequence(&program).await.expect("sequencing");
            app.read(&program, async |view| ledger::entries(view, 0, 100).await).await.expect("entries").len()
        };
        let before = count().await;
        let evidence = Atom::new(Resource::Evidence, Verb::Read);
        let read = app.read(&admin, async |view| view.permit(evidence)).await;
        assert!(matches!(read, Err(Error::Forbidden(_))), "{read:?}");
        assert_eq!(count().await, before + 1);

        let grant = Atom::new(Resource::Grant, Verb::Create);
        app.transact(&admin, async |cx| cx.permit(grant)).await.expect("just proven");
        world.wait(600);
        let later = app.transact(&admin, async |cx| cx.permit(grant)).await;
        assert!(matches!(later, Err(Error::StepUp)), "{later:?}");
        assert_eq!(count().await, before + 1, "being asked again is no refusal");

        let elsewhere = Object {
            organization: tickmark_core::id::OrganizationKey(2),
            system: None,
            people: BTreeSet::new(),
            engagement: None,
            is_frozen: false,
            is_published: true,
        };
        let read = Atom::new(Resource::Control, Verb::Read);
        for actor in [&admin, &program] {
            let other = app.read(actor, async |view| view.permit_on(read, &elsewhere)).await;
            assert!(matches!(other, Err(Error::Forbidden(_))), "{other:?}");
        }
        assert_eq!(count().await, before + 3);
    }
}
