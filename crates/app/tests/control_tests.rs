//! Tests of controls as records: proposed by one, approved by another, kept whatever the library maps; on both databases.

use std::collections::BTreeSet;

use tickmark_app::control::test::{self, Decided};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::program::performance;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, Result, control, observation, work};
use tickmark_core::Span;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{
    ControlId, Frequency, OCCURRENCE, TestAttribute, TestChange, TestContent, TestKind, TestOrigin,
    TestRecord, TestState,
};
use tickmark_core::identity::Role;
use tickmark_core::program::performance::{Days, Schedule};
use tickmark_core::time::DAY_US;
use tickmark_evaluate::Library;

use crate::observation::{facts, host, library, run, seen};

const ROOT: &str = "acct-root-only-uid0";
const OWN: &[Role] = &[Role::ComplianceManager];

fn by_check(check: &str) -> TestContent {
    TestContent {
        kind: TestKind::Configuration { check: check.to_owned() },
        attribute: "nobody else is root".to_owned(),
    }
}

async fn propose(app: &App, who: &Actor, id: &ControlId, content: TestContent) -> Result<TestRecord> {
    app.transact(who, async |cx| {
        let known = observation::known_checks(cx).await?;
        test::propose(cx, id, content.clone(), "it sees it", &known).await
    })
    .await
}

async fn now(app: &App, who: &Actor, id: &ControlId, name: &str) -> Result<TestRecord> {
    app.read(who, async |view| test::find_reached(view, id, name).await).await
}

async fn approve(app: &App, who: &Actor, id: &ControlId, name: &str, alone: &str) -> Result<TestRecord> {
    let from = test::state_of(&now(app, who, id, name).await?)?;
    match app.transact(who, async |cx| test::approve(cx, id, name, from, alone).await).await? {
        Decided::Done(test) => Ok(*test),
        Decided::Stale(_) => panic!("changed meanwhile"),
    }
}

async fn end(app: &App, who: &Actor, id: &ControlId, name: &str) -> Result<Decided> {
    let from = test::state_of(&now(app, who, id, name).await?)?;
    app.transact(who, async |cx| test::change(cx, id, name, from, TestChange::End, "it does not").await).await
}

async fn mapped(app: &App, program: &Actor, id: &ControlId) -> BTreeSet<String> {
    let all = app.read(program, async |view| control::tests_by_control(view).await).await.expect("read");
    all.get(id).into_iter().flatten().cloned().collect()
}

async fn sync(app: &App, program: &Actor, library: &Library) {
    app.transact(program, async |cx| control::sync_tests(cx, library).await).await.expect("in line");
}

/// Controls that are adopted, a check that a run had; the control that the library maps it to, and one it does not.
async fn started(world: &World) -> (App, Actor, Library, ControlId, ControlId) {
    let (app, program) = world.start().await;
    let (catalog, library) = (Catalog::builtin(), library(""));
    let of_library: ControlId =
        library.get(ROOT).expect("built in").definition().controls[0].parse().expect("an id");
    let named: BTreeSet<&String> = library.checks().flat_map(|check| &check.definition().controls).collect();
    let other = catalog.controls.iter().find(|starter| !named.contains(&starter.id)).expect("one without");
    let other: ControlId = other.id.parse().expect("an id");
    app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    sync(&app, &program, &library).await;
    let hosts = [host("a")];
    run(&app, &program, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
    world.wait(1);
    (app, program, library, of_library, other)
}

#[tokio::test]
async fn a_mapping_that_a_person_decided_about_stays_as_they_decided() {
    for world in World::both().await {
        let (app, program, library, of_library, other) = started(&world).await;
        let cam = world.member(&app, &program, "Cam", OWN).await.actor(&world, &app).await;
        let max = world.member(&app, &program, "Max", OWN).await.actor(&world, &app).await;
        let ona = world.member(&app, &program, "Ona", &[Role::ControlOwner]).await.actor(&world, &app).await;

        // What nobody decided about is shown as the library's; what is proposed tests nothing yet.
        let shown = now(&app, &cam, &of_library, ROOT).await.expect("mapped");
        assert_eq!((shown.origin, shown.state()), (TestOrigin::Library, TestState::InForce));
        assert!(matches!(propose(&app, &cam, &of_library, by_check(ROOT)).await, Err(Error::Conflict(_))));
        assert!(matches!(propose(&app, &cam, &other, by_check("no-such")).await, Err(Error::Invalid(_))));
        assert!(matches!(propose(&app, &ona, &other, by_check(ROOT)).await, Err(Error::Forbidden(_))));
        propose(&app, &cam, &other, by_check(ROOT)).await.expect("proposed");
        assert!(mapped(&app, &program, &other).await.is_empty());

        // Not by the author; by somebody else, in whose work it waits.
        assert!(matches!(approve(&app, &cam, &other, ROOT, "I say so").await, Err(Error::Conflict(_))));
        let denied = Filter { event: Some("access.denied".into()), ..Filter::default() };
        let rows =
            app.read(&program, async |view| audit::search(view, &denied, 10).await).await.expect("rows");
        assert!(rows.iter().any(|row| row.reason == "own_proposal"), "{rows:?}");
        let waits =
            async |who| app.read(who, async |view| work::decisions(view).await).await.expect("read").tests;
        assert!(waits(&cam).await.is_empty());
        assert_eq!(waits(&max).await.len(), 1);
        let held = approve(&app, &max, &other, ROOT, "").await.expect("approved");
        assert_eq!(
            (held.origin, held.state(), held.is_alone()),
            (TestOrigin::Own, TestState::InForce, false)
        );
        assert_eq!(mapped(&app, &program, &other).await, BTreeSet::from([ROOT.to_owned()]));

        // The library's is ended the same way; until then it holds.
        world.wait(60);
        end(&app, &max, &of_library, ROOT).await.expect("proposed");
        sync(&app, &program, &library).await;
        assert!(mapped(&app, &program, &of_library).await.contains(ROOT));
        let before_end = app.now();
        world.wait(60);
        approve(&app, &cam, &of_library, ROOT, "").await.expect("ended");
        world.wait(60);
        sync(&app, &program, &library).await;
        assert!(!mapped(&app, &program, &of_library).await.contains(ROOT), "the library brought it back");
        assert!(
            mapped(&app, &program, &other).await.contains(ROOT),
            "the library took away what a person added"
        );

        // As of before it was there; the time in which it was a test stays for conclusions over a period.
        let then =
            app.read(&cam, async |view| test::at(view, &of_library, before_end).await).await.expect("read");
        assert!(then.iter().any(|test| test.id == ROOT && test.state() == TestState::Ending));
        let spans = app.read(&cam, async |view| test::spans(view, &of_library).await).await.expect("read");
        assert!(matches!(spans[ROOT][..], [Span { to: Some(_), .. }]), "{spans:?}");
        let history =
            app.read(&cam, async |view| test::history(view, &of_library).await).await.expect("read");
        assert_eq!(history.last().expect("versions").record.state(), TestState::Ended);
        for (event, count) in [("test.proposed", 2), ("test.approved", 1), ("test.ended", 1)] {
            let filter = Filter { event: Some(event.into()), ..Filter::default() };
            let rows = app.read(&program, async |view| audit::search(view, &filter, 10).await).await;
            assert_eq!(rows.expect("rows").len(), count, "{event}");
        }
        app.close().await;
    }
}

#[tokio::test]
async fn the_only_member_decides_alone_with_a_reason_that_stays_visible() {
    for world in World::both().await {
        let (app, program, _, _, other) = started(&world).await;
        let cam = world.member(&app, &program, "Cam", OWN).await.actor(&world, &app).await;
        propose(&app, &cam, &other, by_check(ROOT)).await.expect("proposed");
        assert!(matches!(approve(&app, &cam, &other, ROOT, " ").await, Err(Error::Invalid(_))));
        let held = approve(&app, &cam, &other, ROOT, "nobody else works here yet").await.expect("alone");
        assert!(held.is_alone());
        assert_eq!(held.decided.expect("decided").note, "nobody else works here yet");
        // With somebody else here, the exception is over.
        world.wait(60);
        end(&app, &cam, &other, ROOT).await.expect("proposed");
        world.member(&app, &program, "Max", OWN).await;
        assert!(matches!(approve(&app, &cam, &other, ROOT, "alone").await, Err(Error::Conflict(_))));
        // Whoever has the data folder in hand stands for both, and the record says so.
        let robin = world.person(&app, &program).await;
        let ended = approve(&app, &robin, &other, ROOT, "").await.expect("ended");
        assert!(ended.is_ended() && mapped(&app, &program, &other).await.is_empty());
        app.close().await;
    }
}

#[tokio::test]
async fn when_a_control_is_due_changes_by_a_test_that_somebody_else_approves() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let catalog = Catalog::builtin();
        let starter = catalog.controls.iter().find(|one| one.frequency == Frequency::Quarterly);
        let id: ControlId = starter.expect("quarterly").id.parse().expect("an id");
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        let robin = world.person(&app, &program).await;
        app.transact(&robin, async |cx| control::put_in_force(cx, &id, robin.id).await)
            .await
            .expect("in force");
        let cam = world.member(&app, &program, "Cam", OWN).await.actor(&world, &app).await;
        let max = world.member(&app, &program, "Max", OWN).await.actor(&world, &app).await;
        let due = async || {
            let due = app.read(&cam, async |view| performance::due_now(view, &id).await).await.expect("read");
            due.map(|due| (due.frequency(), due.grace_days()))
        };
        let usual = due().await;
        let kind = TestKind::Occurrence { window: Frequency::Monthly, grace_days: 5, every_day: false };
        let monthly = TestContent { kind, attribute: String::new() };
        world.wait(60);
        let proposed = propose(&app, &cam, &id, monthly.clone()).await.expect("proposed");
        assert_eq!((proposed.id.as_str(), due().await), (OCCURRENCE, usual));
        approve(&app, &max, &id, OCCURRENCE, "").await.expect("approved");
        assert_eq!(due().await, Some((Frequency::Monthly, 5)));
        let weekly = Schedule::new(Frequency::Weekly, 3, Days::All).expect("has windows");
        let set = app.transact(&program, async |cx| performance::schedule(cx, &id, weekly).await).await;
        assert!(matches!(set, Err(Error::Conflict(_))), "the machine overrules what was approved");
        world.wait(60);
        end(&app, &cam, &id, OCCURRENCE).await.expect("proposed");
        approve(&app, &max, &id, OCCURRENCE, "").await.expect("ended");
        assert_eq!(due().await, usual, "due as usual again");
        app.close().await;
    }
}

#[tokio::test]
async fn a_population_test_names_its_trigger_and_what_a_deviation_is() {
    for world in World::both().await {
        let (app, program, _, _, other) = started(&world).await;
        let cam = world.member(&app, &program, "Cam", OWN).await.actor(&world, &app).await;
        let of = |deviation: &str| TestContent {
            kind: TestKind::Population {
                trigger: "production deployments".to_owned(),
                attributes: vec![TestAttribute {
                    id: "approved".to_owned(),
                    asserts: "approved before it was deployed".to_owned(),
                    deviation: deviation.to_owned(),
                }],
            },
            attribute: String::new(),
        };
        assert!(matches!(propose(&app, &cam, &other, of(" ")).await, Err(Error::Invalid(_))));
        let first = propose(&app, &cam, &other, of("no approval, or a later one")).await.expect("proposed");
        let second = propose(&app, &cam, &other, of("none")).await.expect("another one");
        assert_eq!((first.id.as_str(), second.id.as_str()), ("population.1", "population.2"));
        // A stale decision is none; who proposed it may take it back.
        let stale = test::state_of(&first).expect("a digest");
        let other_id = other.clone();
        let taken = app
            .transact(&cam, async |cx| {
                test::decline(cx, &other_id, "population.1", stale, "wrong trigger").await
            })
            .await
            .expect("taken back");
        assert!(matches!(taken, Decided::Done(test) if test.state() == TestState::Declined));
        world.wait(DAY_US / 1_000_000);
        let max = world.member(&app, &program, "Max", OWN).await.actor(&world, &app).await;
        let again = app
            .transact(&max, async |cx| test::approve(cx, &other_id, "population.1", stale, "").await)
            .await
            .expect("looked at");
        assert!(matches!(again, Decided::Stale(_)));
        app.close().await;
    }
}
