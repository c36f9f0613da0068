//! What is kept for programs that send the same thing twice, and lists that they page through.

use std::collections::BTreeSet;

use tickmark_app::identity::token::once::{self, Answered, Repeated};
use tickmark_app::identity::{people, system, token};
use tickmark_app::job;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::Digest;
use tickmark_core::identity::token::Given;
use tickmark_core::identity::{Atom, Object, Role, Systems};
use tickmark_core::job::JobKind;
use tickmark_core::time::DAY_US;

#[tokio::test]
async fn an_answer_is_kept_for_a_day_by_caller_and_key() {
    for world in World::both().await {
        let (app, starter) = world.start().await;
        let cam = world.member(&app, &starter, "Cam", &[Role::ComplianceManager]).await;
        let dan = world.member(&app, &starter, "Dan", &[Role::ComplianceManager]).await;
        let (cam, dan) = (cam.actor(&world, &app).await, dan.actor(&world, &app).await);
        let answered = Answered {
            status: 201,
            tag: "1".into(),
            location: "/api/v1/commitments/1".into(),
            body: b"{\"key\":1}".to_vec(),
        };
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let find = async |actor: &Actor, asked: Digest| {
            app.transact(actor, async |cx| once::find(cx, "key", asked).await).await.expect("found")
        };
        assert_eq!(find(&cam, one).await, Repeated::No);
        app.transact(&cam, async |cx| once::keep(cx, "key", one, &answered).await).await.expect("kept");
        assert_eq!(find(&cam, one).await, Repeated::Same(answered.clone()));
        assert_eq!(find(&cam, other).await, Repeated::Other);
        assert_eq!(find(&dan, one).await, Repeated::No, "keys are of whoever sent them");
        let twice = app.transact(&cam, async |cx| once::keep(cx, "key", other, &answered).await).await;
        assert!(matches!(twice, Err(tickmark_app::Error::Conflict(_))), "{twice:?}");
        assert!(app.transact(&starter, async |cx| once::find(cx, "key", one).await).await.is_err());
        // After a day the key is free, and the first answer goes.
        world.wait(24 * 3_600);
        assert_eq!(find(&cam, one).await, Repeated::No);
        app.transact(&cam, async |cx| once::keep(cx, "key", other, &answered).await).await.expect("kept");
        assert_eq!(find(&cam, other).await, Repeated::Same(answered.clone()));
    }
}

#[tokio::test]
async fn work_is_listed_page_by_page() {
    for world in World::both().await {
        let (app, starter) = world.start().await;
        for _ in 0..3 {
            let asked = app.transact(&starter, async |cx| job::ask(cx, JobKind::Collect).await).await;
            let key = asked.expect("asked").key;
            app.transact(&starter, async |cx| job::call_off(cx, key).await).await.expect("called off");
        }
        let page = async |before, limit| {
            let found = app.read(&starter, async |view| job::page(view, before, limit).await).await;
            found.expect("a page").iter().map(|job| job.key).collect::<Vec<_>>()
        };
        assert_eq!(page(None, 2).await, [3, 2]);
        assert_eq!(page(Some(2), 2).await, [1]);
    }
}

#[tokio::test]
async fn no_token_is_given_what_people_decide() {
    let world = World::sqlite();
    let (app, starter) = world.start().await;
    let cam = world.member(&app, &starter, "Cam", &[Role::ComplianceManager]).await;
    let cam = cam.actor(&world, &app).await;
    let given = app.read(&cam, async |view| token::can_be_given(view)).await.expect("permissions");
    let words: BTreeSet<String> = given.iter().map(ToString::to_string).collect();
    assert!(words.contains("control.update") && words.contains("evidence.create"), "{words:?}");
    assert!(!words.iter().any(|word| word.ends_with(".approve")), "{words:?}");
}

/// Makes a token for an account and returns it as it is handed out.
async fn made(app: &App, actor: &Actor, given: Given) -> String {
    let made = app.transact(actor, async |cx| token::create_within(cx, "job", given.clone(), 30).await).await;
    made.expect("a token").1.as_str().to_owned()
}

fn reading() -> Given {
    let atoms = ["control.read", "control.update", "evidence.read"];
    Given { atoms: atoms.iter().map(|atom| atom.parse().expect("an atom")).collect(), ..Given::default() }
}

#[tokio::test]
async fn a_token_dies_with_the_membership_of_whoever_it_acts_for() {
    for world in World::both().await {
        let (app, starter) = world.start().await;
        let works = async |text: &str| app.resume_token(text, "r").await.expect("read");
        let read: Atom = "control.read".parse().expect("an atom");
        let mut tokens = Vec::new();
        for name in ["Sue", "Rob", "Eve", "Ron"] {
            let account = world.member(&app, &starter, name, &[Role::ComplianceManager]).await;
            let text = made(&app, &account.actor(&world, &app).await, reading()).await;
            assert!(works(&text).await.is_some());
            tokens.push((world.find_member(&app, &starter, &account.email).await.id, text));
        }
        let [(sue, suspended), (rob, removed), (eve, ended), (ron, other)] = &tokens[..] else {
            panic!("four");
        };
        app.transact(&starter, async |cx| people::suspend(cx, *sue, "on leave").await).await.expect("rests");
        assert!(works(suspended).await.is_none());
        app.transact(&starter, async |cx| people::resume(cx, *sue, "back").await).await.expect("counts");
        assert!(works(suspended).await.is_some());
        app.transact(&starter, async |cx| people::remove(cx, *rob, "left").await).await.expect("removed");
        assert!(works(removed).await.is_none());
        let until = Some(app.now().plus_micros(DAY_US));
        app.transact(&starter, async |cx| people::set_until(cx, *eve, until, "a contract").await)
            .await
            .expect("ends");
        assert!(works(ended).await.is_some(), "until its end");
        world.wait(24 * 3_600);
        assert!(works(ended).await.is_none(), "nothing waits for a job that notes the end");
        // With another role it is the same token, and may what both have.
        let may = async |atom: Atom| {
            let actor = works(other).await.expect("works");
            app.read(&actor, async |view| view.permit(atom).map(|_| ())).await.is_ok()
        };
        assert!(may(read).await);
        app.transact(&starter, async |cx| {
            people::grant(cx, *ron, Role::Employee).await?;
            people::revoke(cx, *ron, Role::ComplianceManager, "moved").await
        })
        .await
        .expect("another role");
        assert!(may(read).await, "what is their own");
        assert!(!may("control.update".parse().expect("an atom")).await);
        app.close().await;
    }
}

#[tokio::test]
async fn a_token_is_bound_to_addresses_and_systems() {
    for world in World::both().await {
        let (app, starter) = world.start().await;
        let cam = world.member(&app, &starter, "Cam", &[Role::ComplianceManager]).await;
        let cam = cam.actor(&world, &app).await;
        let second = app.transact(&starter, async |cx| system::write(cx, "Second", "").await).await;
        let second = second.expect("a system").id;
        let first = app.read(&starter, async |view| system::all(view).await).await.expect("systems");
        let first = first.iter().find(|one| one.id != second).expect("the first").id;

        let office =
            Given { addresses: BTreeSet::from(["203.0.113.0/24".parse().expect("a range")]), ..reading() };
        let text = made(&app, &cam, office.clone()).await;
        let from = async |address: Option<&str>| {
            let address = address.map(|address| address.parse().expect("an address"));
            app.resume_token_from(&text, "r", address).await.expect("read").is_some()
        };
        assert!(from(Some("203.0.113.9")).await && from(Some("::ffff:203.0.113.9")).await);
        assert!(!from(Some("198.51.100.1")).await && !from(None).await);

        world.wait(1);
        let bound = Given { systems: Some(BTreeSet::from([second])), ..reading() };
        let text = made(&app, &cam, bound.clone()).await;
        let program = app.resume_token(&text, "r").await.expect("read").expect("works");
        let read: Atom = "control.read".parse().expect("an atom");
        let object = |system| Object {
            organization: program.organization.key,
            system,
            people: BTreeSet::new(),
            engagement: None,
            is_frozen: false,
            is_published: false,
        };
        let may = async |system| {
            app.read(&program, async |view| view.permit_on(read, &object(system)).map(|_| ())).await
        };
        assert!(may(Some(second)).await.is_ok());
        assert!(may(Some(first)).await.is_err() && may(None).await.is_err());
        assert!(app.read(&program, async |view| view.permit_whole(read)).await.is_err(), "not all of it");
        let kept = app.read(&cam, async |view| token::list(view).await).await.expect("own");
        assert_eq!(kept.iter().map(|one| &one.given).collect::<Vec<_>>(), [&bound, &office]);

        let own = world.member(&app, &starter, "Con", &[Role::ControlOwner]).await;
        let id = world.find_member(&app, &starter, &own.email).await.id;
        let only = Systems::Only(BTreeSet::from([first]));
        app.transact(&starter, async |cx| people::assign_systems(cx, id, only.clone(), "hers").await)
            .await
            .expect("assigned");
        let con = own.actor(&world, &app).await;
        let find = async |who: &Actor, id| app.read(who, async |view| token::find(view, id).await).await;
        let first_kept = &kept[0];
        assert_eq!(find(&cam, first_kept.id).await.expect("one's own"), *first_kept);
        assert_eq!(find(&starter, first_kept.id).await.expect("anybody's"), *first_kept);
        assert!(matches!(find(&con, first_kept.id).await, Err(Error::NotFound { .. })), "of somebody else");
        let theirs = app.transact(&con, async |cx| token::revoke(cx, first_kept.id).await).await;
        assert!(matches!(theirs, Err(Error::NotFound { .. })), "{theirs:?}");
        let atoms = BTreeSet::from([read]);
        let beyond =
            Given { atoms: atoms.clone(), systems: Some(BTreeSet::from([second])), ..Given::default() };
        for odd in [beyond, Given { atoms, systems: Some(BTreeSet::new()), ..Given::default() }] {
            let refused =
                app.transact(&con, async |cx| token::create_within(cx, "x", odd.clone(), 1).await).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        }
        app.close().await;
    }
}
