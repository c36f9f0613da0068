//! What an examination is about: its systems, what its description claims and begins with, and where a SOC 1 begins.

use std::collections::BTreeSet;

use tickmark_app::control::{self, commitment, edit};
use tickmark_app::engagement::{self, Changed};
use tickmark_app::evidence::item;
use tickmark_app::identity::{self, ActorKind, ensure_actor, system};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::finding::{Plan, ProposedFinding};
use tickmark_core::control::commitment::{CommitmentKey, Promise};
use tickmark_core::control::{Content, ControlId, ControlState};
use tickmark_core::engagement::{EngagementKey, Paper, Part, Passage, ReportKind, Scope, Step, Told};
use tickmark_core::id::SystemId;
use tickmark_core::identity::Role;
use tickmark_core::observation::Severity;

use crate::engagement::{KEY, conflict, description, done, scene, scope, sign};
use crate::fieldwork::{self, auditor};

fn id(text: &str) -> ControlId {
    text.parse().expect("an id")
}

/// Two systems, a control of each, and all the others of the organization, in force.
async fn two_systems(world: &World, catalog: &Catalog) -> (App, Actor, Actor, [SystemId; 2]) {
    let (app, program) = world.start().await;
    let person = world.person(&app, &program).await;
    app.transact(&program, async |cx| control::adopt_starters(cx, catalog).await).await.expect("adopted");
    let first = app.read(&person, async |view| identity::systems(view).await).await.expect("systems")[0].id;
    let hosting = app.transact(&person, async |cx| system::write(cx, "Hosting", "Machines").await).await;
    let systems = [first, hosting.expect("written").id];
    for (control, of) in [("IAM-05", systems[0]), ("IAM-06", systems[1])] {
        let before =
            app.read(&person, async |view| control::find(view, &id(control)).await).await.expect("there");
        let content = Content { system: Some(of), ..before.content() };
        let from = control::state_of(&before).expect("a state");
        let moved = app.transact(&person, async |cx| {
            edit::change(cx, &id(control), from, content, before.assigned(), "it belongs there", catalog)
                .await
        });
        assert!(matches!(moved.await.expect("moved"), edit::Changed::Done(..)));
    }
    app.transact(&person, async |cx| {
        for starter in &catalog.controls {
            control::put_in_force(cx, &id(&starter.id), person.id).await?;
        }
        let promise = Promise {
            title: "Uptime".into(),
            statement: "99.5 % of each month.".into(),
            source: "Terms".into(),
            ..Promise::default()
        };
        commitment::write(cx, "page", promise, Some(person.id), "sold", catalog).await?;
        commitment::approve(cx, CommitmentKey(1), 1).await
    })
    .await
    .expect("a program");
    (app, program, person, systems)
}

async fn controls_of(app: &App, who: &Actor, key: EngagementKey, catalog: &Catalog) -> BTreeSet<String> {
    let package = app.read(who, async |view| engagement::package(view, key, catalog, "a test").await).await;
    package.expect("a package").controls.into_iter().map(|one| one.id).collect()
}

#[tokio::test]
async fn controls_and_evidence_of_another_system_are_in_no_examination_of_this_one() {
    for world in World::both().await {
        let catalog = Catalog::builtin();
        let (app, program, person, [payroll, hosting]) = two_systems(&world, &catalog).await;
        let grace = app
            .transact(&program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace").await)
            .await
            .expect("a person");
        for (page, of) in [("one", BTreeSet::new()), ("two", BTreeSet::from([hosting]))] {
            let scope = Scope { systems: of, system: page.to_owned(), ..scope() };
            app.transact(&person, async |cx| engagement::plan(cx, page, scope, "asked for").await)
                .await
                .expect("planned");
        }
        // Nothing is approved that would have the other system in it.
        let all = app.transact(&grace, async |cx| engagement::approve(cx, KEY, 1, &catalog).await).await;
        assert!(conflict(all).contains("several systems"));
        let chosen = Scope { systems: BTreeSet::from([payroll]), ..scope() };
        done(app.transact(&person, async |cx| engagement::change(cx, KEY, 1, chosen, "payroll").await).await);
        done(app.transact(&grace, async |cx| engagement::approve(cx, KEY, 2, &catalog).await).await);

        let own = controls_of(&app, &person, KEY, &catalog).await;
        assert!(own.contains("IAM-05") && own.contains("IAM-02") && !own.contains("IAM-06"));
        let other = controls_of(&app, &person, EngagementKey(2), &catalog).await;
        assert!(other.contains("IAM-06") && other.contains("IAM-02") && !other.contains("IAM-05"));

        let cam = world.member(&app, &program, "Cam", &[Role::ComplianceManager]).await;
        let cam = cam.actor(&world, &app).await;
        let mira = world.member(&app, &program, "Mira", &[Role::ComplianceManager]).await;
        let mira = mira.actor(&world, &app).await;
        for (title, control) in [("own", "IAM-05"), ("other", "IAM-06"), ("whole", "IAM-02")] {
            let mut new = fieldwork::file(title, ("2026-11-01", "2026-11-20"), &[control]);
            new.description.collected_at = tickmark_core::evidence::item::day("2026-11-22").ok();
            let key = app
                .transact(&cam, async |cx| {
                    let made = item::open(cx, new).await?;
                    item::submit(cx, made.key, made.revision).await.map(|one| one.key)
                })
                .await
                .expect("submitted");
            app.transact(&mira, async |cx| item::accept(cx, key, 2, "").await).await.expect("accepted");
        }
        let firm = fieldwork::Scene { app, program, cam, catalog };
        let audrey = auditor(&world, &firm, "Audrey").await;
        let seen = firm
            .app
            .read(&audrey, async |view| {
                engagement::fieldwork::evidence::items(view, KEY, &firm.catalog).await
            })
            .await
            .expect("items");
        let titles: BTreeSet<&str> = seen.iter().map(|one| one.version.description.title.as_str()).collect();
        assert_eq!(titles, BTreeSet::from(["own", "whole"]));
    }
}

#[tokio::test]
async fn a_scope_takes_the_only_system_there_is() {
    let world = World::sqlite();
    let scene = scene(&world).await;
    let planned = scene
        .app
        .transact(&scene.ada, async |cx| engagement::plan(cx, "page", scope(), "first year").await)
        .await
        .expect("planned");
    let systems =
        scene.app.read(&scene.ada, async |view| identity::systems(view).await).await.expect("systems");
    assert_eq!(planned.scope.only_system(), Some(systems[0].id));
}

fn finding() -> ProposedFinding {
    ProposedFinding {
        title: "Leavers kept access".into(),
        criteria: vec!["CC6.3".into()],
        control: Some(id("IAM-05")),
        check: None,
        condition: "Two leavers kept their accounts for a week.".into(),
        cause: String::new(),
        effect: "Access was not limited.".into(),
        recommendation: "Remove accounts on the last day.".into(),
        severity: Severity::High,
        origin: None,
    }
}

#[tokio::test]
async fn a_description_claims_what_records_support_and_decides_about_each_incident() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        app.transact(&scene.ada, async |cx| engagement::plan(cx, "page", scope(), "first year").await)
            .await
            .expect("planned");
        done(app.transact(&scene.grace, async |cx| engagement::approve(cx, KEY, 1, catalog).await).await);

        let parts = BTreeSet::from([Part::Services, Part::Procedures]);
        let begun = app
            .transact(&scene.ada, async |cx| engagement::begin_parts(cx, KEY, 2, &parts, catalog).await)
            .await;
        let begun = done(begun).described();
        assert!(begun.text(Part::Services).contains("Payroll"));
        assert!(begun.text(Part::Procedures).contains("(IAM-05, "), "{}", begun.text(Part::Procedures));
        assert_eq!(begun.sources[&Part::Procedures], ["the controls in scope"]);
        let again = app
            .transact(&scene.ada, async |cx| engagement::begin_parts(cx, KEY, 3, &parts, catalog).await)
            .await;
        assert!(conflict(again).contains("written already"), "what somebody wrote stays");

        let mut claims = description();
        let text = "Access is reviewed (IAM-99).".to_owned();
        claims.parts.insert(Part::Procedures, Passage { text, none: false });
        let written =
            done(app.transact(&scene.ada, async |cx| engagement::describe(cx, KEY, 3, claims).await).await);
        assert!(written.described().sources.contains_key(&Part::Procedures), "where it began is kept");
        let faults = app
            .read(&scene.ada, async |view| engagement::description_faults(view, KEY, catalog).await)
            .await
            .expect("asked");
        assert!(faults.of_parts[0].0 == Part::Procedures && faults.of_parts[0].1.contains("IAM-99"));
        let refused = conflict(sign(&scene, &scene.robin, Paper::Description, Step::Review).await);
        assert!(refused.contains("IAM-99") && refused.contains("Procedures"), "{refused}");
        done(
            app.transact(&scene.ada, async |cx| engagement::describe(cx, KEY, 4, description()).await).await,
        );

        let plan = Plan {
            owner: Some(scene.ada.id),
            due: Some("2026-12-31".parse().expect("a day")),
            cause: String::new(),
            plan: "Accounts end by themselves.".into(),
        };
        // A heavy finding about a control in scope is told of, or left out for a reason.
        app.transact(&scene.ada, async |cx| {
            tickmark_app::conclusion::remediation::take(cx, finding(), plan.clone()).await
        })
        .await
        .expect("taken");
        let candidates = app
            .read(&scene.ada, async |view| engagement::candidates(view, KEY).await)
            .await
            .expect("candidates");
        assert_eq!(candidates.len(), 1);
        let refused = conflict(sign(&scene, &scene.robin, Paper::Description, Step::Review).await);
        assert!(refused.contains("Leavers kept access"), "{refused}");
        let decide = async |from, which: &str, told: Told| {
            app.transact(&scene.ada, async |cx| engagement::decide_incident(cx, KEY, from, which, told).await)
                .await
        };
        let not = Told { is_told: false, why: "No account was used after the last day.".into() };
        let unknown = decide(5, "another", not.clone()).await;
        assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
        let silent = decide(5, &candidates[0].id, Told { why: " ".into(), ..not.clone() }).await;
        assert!(matches!(silent, Err(Error::Invalid(_))), "{silent:?}");
        done(decide(5, &candidates[0].id, not).await);
        done(sign(&scene, &scene.robin, Paper::Description, Step::Review).await);
    }
}

#[tokio::test]
async fn a_soc_1_begins_from_the_example_set() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let set = &catalog.objective_sets[0];
        let chosen = BTreeSet::from(["CO-04".to_owned(), "CO-15".to_owned()]);
        let begin = async || {
            let bare = Scope {
                services: scope().services,
                boundary: scope().boundary,
                ..Scope::of(ReportKind::Soc1, scope().time, "Payroll")
            };
            app.transact(&scene.ada, async |cx| {
                engagement::plan_from_set(cx, "page", bare, (set, &chosen), "clients' auditors ask").await
            })
            .await
        };
        let planned = begin().await.expect("planned");
        assert_eq!(begin().await.expect("planned"), planned, "once from one page");
        assert_eq!(planned.scope.objectives.len(), 2);
        let first = planned.scope.objectives[0].controls.iter().next().expect("proposed").clone();
        let control =
            app.read(&scene.ada, async |view| control::find(view, &first).await).await.expect("copied");
        assert_eq!(control.state(), ControlState::Draft, "somebody owns it before it is in force");
        let early =
            app.transact(&scene.grace, async |cx| engagement::approve(cx, KEY, 1, catalog).await).await;
        assert!(conflict(early).contains("nothing answers for CO-04"));

        app.transact(&scene.ada, async |cx| {
            for id in planned.scope.objectives.iter().flat_map(|one| &one.controls) {
                control::put_in_force(cx, id, scene.ada.id).await?;
            }
            Ok(())
        })
        .await
        .expect("in force");
        let mut own = planned.scope.clone();
        for one in &mut own.user_entities {
            one.why = "Only customers know what was worked.".into();
        }
        done(
            app.transact(&scene.ada, async |cx| engagement::change(cx, KEY, 1, own, "made ours").await).await,
        );
        let approved =
            app.transact(&scene.grace, async |cx| engagement::approve(cx, KEY, 2, catalog).await).await;
        assert!(matches!(approved, Ok(Changed::Done(_))), "{approved:?}");
        let package = app
            .read(&scene.ada, async |view| engagement::package(view, KEY, catalog, "a test").await)
            .await
            .expect("a package");
        let (wages, change) = (&package.criteria[0], &package.criteria[1]);
        assert_eq!(
            (wages.assertions.as_slice(), wages.transactions.as_slice()),
            (&["accuracy".to_owned()][..], &["wages".to_owned()][..])
        );
        assert_eq!(change.group, "IT general control objectives");
    }
}
