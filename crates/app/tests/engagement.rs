//! Examinations from scope to management's part of the report, on both databases.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_app::control::{self, commitment};
use tickmark_app::engagement::{self, Changed, Grounds};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::{CommitmentKey, Promise};
use tickmark_core::engagement::{
    Assertion, Description, Engagement, EngagementKey, Paper, Part, Passage, ReportKind, Scope, Standing,
    Step, Time, drafted,
};
use tickmark_core::report::readiness::DocumentStatus;

pub(crate) const KEY: EngagementKey = EngagementKey(1);

pub(crate) struct Scene {
    pub(crate) app: App,
    pub(crate) program: Actor,
    pub(crate) ada: Actor,
    pub(crate) grace: Actor,
    pub(crate) robin: Actor,
    pub(crate) catalog: Catalog,
}

async fn somebody(app: &App, program: &Actor, name: &str) -> Actor {
    app.transact(program, async |cx| ensure_actor(cx, ActorKind::Person, name).await).await.expect("a person")
}

/// An organization whose starter controls are in force, with one approved commitment.
pub(crate) async fn scene(world: &World) -> Scene {
    let catalog = Catalog::builtin();
    let (app, program) = world.start().await;
    let ada = somebody(&app, &program, "Ada").await;
    let grace = somebody(&app, &program, "Grace").await;
    let robin = somebody(&app, &program, "Robin").await;
    app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    app.transact(&ada, async |cx| {
        for starter in &catalog.controls {
            let id: ControlId = starter.id.parse().expect("an id");
            control::put_in_force(cx, &id, ada.id).await?;
        }
        let promise = Promise {
            title: "Uptime".into(),
            statement: "The service answers 99.5 % of each month.".into(),
            source: "Terms of service".into(),
            ..Promise::default()
        };
        commitment::write(cx, "page", promise, Some(ada.id), "sold", &catalog).await?;
        commitment::approve(cx, CommitmentKey(1), 1).await
    })
    .await
    .expect("a program");
    Scene { app, program, ada, grace, robin, catalog }
}

pub(crate) fn scope() -> Scope {
    let time =
        Time::Period { from: "2026-11-01".parse().expect("a day"), to: "2027-10-31".parse().expect("a day") };
    Scope {
        services: vec!["Payroll".into()],
        boundary: "From the web form to the payment file.".into(),
        categories: BTreeMap::from([("security".into(), "customers ask".into())]),
        omissions: ["availability", "processing-integrity", "confidentiality", "privacy"]
            .map(|id| (id.to_owned(), "nothing is promised".to_owned()))
            .into(),
        commitments: BTreeSet::from([CommitmentKey(1)]),
        ..Scope::of(ReportKind::Soc2, time, "Payroll")
    }
}

pub(crate) fn description() -> Description {
    let passage = |(part, _): (Part, bool)| {
        let none = part.may_be_none();
        let text = if none { String::new() } else { format!("First about {}.\n\nThen more.", part.word()) };
        (part, Passage { text, none })
    };
    Description {
        parts: Part::of(ReportKind::Soc2, scope().time).into_iter().map(passage).collect(),
        ..Description::default()
    }
}

pub(crate) fn done(changed: Result<Changed, Error>) -> Engagement {
    match changed.expect("changed") {
        Changed::Done(record) => *record,
        Changed::Stale(version) => panic!("stale: {version:?}"),
    }
}

pub(crate) fn conflict<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Conflict(says)) => says,
        other => panic!("no conflict: {other:?}"),
    }
}

pub(crate) async fn sign(scene: &Scene, who: &Actor, paper: Paper, step: Step) -> Result<Changed, Error> {
    let version = scene.app.read(&scene.program, async |view| engagement::find(view, KEY).await).await?;
    scene.app.transact(who, async |cx| engagement::sign(cx, KEY, version.number, paper, step).await).await
}

/// Management's assertion, written, reviewed and approved.
pub(crate) async fn asserted(scene: &Scene) {
    let text = drafted(&scope(), "Example Ltd");
    let assertion = Assertion { text, signatory: "Grace".into(), title: "Director".into() };
    let written = scene.app.transact(&scene.ada, async |cx| {
        let from = engagement::find(cx, KEY).await?.number;
        engagement::assert(cx, KEY, from, assertion).await
    });
    done(written.await);
    done(sign(scene, &scene.robin, Paper::Assertion, Step::Review).await);
    done(sign(scene, &scene.grace, Paper::Assertion, Step::Approve).await);
}

#[tokio::test]
async fn three_people_carry_an_examination_from_scope_to_managements_part() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        for _ in 0..2 {
            let planned = app
                .transact(&scene.ada, async |cx| engagement::plan(cx, "page", scope(), "first year").await)
                .await
                .expect("planned");
            assert_eq!((planned.key, planned.standing()), (KEY, Standing::Planned), "once from one page");
        }
        let own = app.transact(&scene.ada, async |cx| engagement::approve(cx, KEY, 1, catalog).await).await;
        assert!(conflict(own).contains("somebody else"));
        let by_program =
            app.transact(&scene.program, async |cx| engagement::approve(cx, KEY, 1, catalog).await).await;
        assert!(matches!(by_program, Err(Error::Forbidden(_))), "{by_program:?}");
        done(app.transact(&scene.grace, async |cx| engagement::approve(cx, KEY, 1, catalog).await).await);

        let stale =
            app.transact(&scene.ada, async |cx| engagement::describe(cx, KEY, 1, description()).await);
        assert!(matches!(stale.await.expect("asked"), Changed::Stale(version) if version.number == 2));
        let mut lacks = description();
        lacks.parts.remove(&Part::Data);
        done(app.transact(&scene.ada, async |cx| engagement::describe(cx, KEY, 2, lacks).await).await);
        let early = conflict(sign(&scene, &scene.robin, Paper::Description, Step::Review).await);
        assert!(early.contains("Data") && early.contains("not written"), "{early}");
        done(
            app.transact(&scene.ada, async |cx| engagement::describe(cx, KEY, 3, description()).await).await,
        );
        let text = drafted(&scope(), "Example Ltd");
        let assertion = Assertion { text, signatory: "Grace".into(), title: "Director".into() };
        done(app.transact(&scene.ada, async |cx| engagement::assert(cx, KEY, 4, assertion).await).await);

        for &paper in Paper::ALL {
            let own = conflict(sign(&scene, &scene.ada, paper, Step::Review).await);
            assert!(own.contains("who wrote it"), "{own}");
            assert!(conflict(sign(&scene, &scene.grace, paper, Step::Approve).await).contains("reviewed"));
            done(sign(&scene, &scene.robin, paper, Step::Review).await);
            assert!(
                conflict(sign(&scene, &scene.robin, paper, Step::Approve).await).contains("who reviewed")
            );
            done(sign(&scene, &scene.grace, paper, Step::Approve).await);
        }
        let model = app
            .transact(&scene.grace, async |cx| engagement::take_out(cx, KEY, catalog, "a test").await)
            .await
            .expect("taken out");
        assert_eq!(model.status, DocumentStatus::FinalManagement);
        assert_eq!(model.open, Vec::<String>::new());
        assert_eq!((model.report.as_str(), model.criteria.len()), ("SOC 2 Type 2", 33));
        assert!(model.criteria.iter().all(|criterion| !criterion.controls.is_empty()));
        let listed: BTreeSet<&str> = model.controls.iter().map(|control| control.id.as_str()).collect();
        let named = model.criteria.iter().flat_map(|criterion| &criterion.controls);
        assert_eq!(
            named.map(String::as_str).collect::<BTreeSet<_>>(),
            listed,
            "each control once, none else"
        );
        assert_eq!(model.changes.len(), listed.len(), "all came into force inside the period");
        assert_eq!(model.commitments.len(), 1);
        let signed = &model.assertion.as_ref().expect("written").signed;
        assert_eq!(signed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Ada", "Robin", "Grace"]);

        // A change of the scope leaves what holds alone; once approved it voids the signatures.
        let narrower = Scope { services: vec!["Wages".into()], ..scope() };
        let version = app.read(&scene.program, async |view| engagement::find(view, KEY).await).await;
        let number = version.expect("there").number;
        done(
            app.transact(&scene.robin, async |cx| {
                engagement::change(cx, KEY, number, narrower, "reports are another team's").await
            })
            .await,
        );
        let model =
            app.read(&scene.ada, async |view| engagement::package(view, KEY, catalog, "a test").await).await;
        let model = model.expect("a model");
        assert_eq!((model.services.as_slice(), model.open.len()), (&["Payroll".to_owned()][..], 1));
        done(
            app.transact(&scene.grace, async |cx| engagement::approve(cx, KEY, number + 1, catalog).await)
                .await,
        );
        let model =
            app.read(&scene.ada, async |view| engagement::package(view, KEY, catalog, "a test").await).await;
        let model = model.expect("a model");
        assert_eq!(model.status, DocumentStatus::WorkingDraft);
        assert_eq!(
            model.open.iter().filter(|open| open.contains("signed again")).count(),
            2,
            "{:?}",
            model.open
        );

        let filter = Filter { object: Some(KEY.to_string()), ..Filter::default() };
        let rows = app.read(&scene.program, async |view| audit::search(view, &filter, 50).await).await;
        let events: Vec<String> = rows.expect("rows").into_iter().rev().map(|row| row.event).collect();
        let count = |name: &str| events.iter().filter(|event| *event == name).count();
        assert_eq!(events[0], "engagement.planned");
        assert_eq!((count("engagement.scope_approved"), count("assertion.signed")), (2, 1), "{events:?}");
        assert_eq!((count("description.written"), count("engagement.package_taken")), (2, 1), "{events:?}");
        app.close().await;
    }
}

#[tokio::test]
async fn a_scope_that_breaks_a_rule_is_kept_and_not_approved() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let wrong = Scope { commitments: BTreeSet::from([CommitmentKey(9)]), ..scope() };
        app.transact(&scene.ada, async |cx| engagement::plan(cx, "page", wrong, "first year").await)
            .await
            .expect("planned");
        let blocked = conflict(
            app.transact(&scene.grace, async |cx| engagement::approve(cx, KEY, 1, catalog).await).await,
        );
        assert!(blocked.contains("there is no commitment SC-9"), "{blocked}");
        let problems = app
            .read(&scene.ada, async |view| {
                let version = engagement::find(view, KEY).await?;
                Grounds::read(view).await?.problems(KEY, &version.record.scope, catalog)
            })
            .await
            .expect("asked");
        assert_eq!(problems.iter().map(|problem| problem.rule).collect::<Vec<_>>(), ["commitments"]);
        let upside_down = Scope {
            time: Time::Period {
                from: "2027-01-01".parse().expect("a day"),
                to: "2026-01-01".parse().expect("a day"),
            },
            ..scope()
        };
        let refused =
            app.transact(&scene.ada, async |cx| engagement::change(cx, KEY, 1, upside_down, "x").await).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        let closed = app
            .transact(&scene.ada, async |cx| engagement::close(cx, KEY, "not this year").await)
            .await
            .expect("closed");
        assert_eq!(closed.standing(), Standing::Closed);
        let late =
            app.transact(&scene.ada, async |cx| engagement::change(cx, KEY, 2, scope(), "x").await).await;
        assert!(matches!(late, Err(Error::Invalid(_))), "{late:?}");
        let versions = app.read(&scene.program, async |view| engagement::versions(view, KEY).await).await;
        assert_eq!(versions.expect("kept").len(), 2);
        let none =
            app.read(&scene.program, async |view| engagement::find(view, EngagementKey(2)).await).await;
        assert!(matches!(none, Err(Error::NotFound { .. })));
        app.close().await;
    }
}
