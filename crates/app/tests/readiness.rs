//! Readiness in the scope that people chose, criteria as people judge them, and a report filled from what is recorded.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tickmark_app::conclusion::judgement::{self, Judged, Said};
use tickmark_app::conclusion::remediation;
use tickmark_app::conclusion::scope::{self, Changed};
use tickmark_app::program::population;
use tickmark_app::register::{self, Kind, Query};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, conclusion, control, engagement, identity, report};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::chosen::{Choice, Chosen};
use tickmark_core::conclusion::finding::Plan;
use tickmark_core::conclusion::readiness::{Answer, ControlStatus, CriterionStatus, Question};
use tickmark_core::conclusion::scope::Target;
use tickmark_core::control::ControlId;
use tickmark_core::control::start::Answers;
use tickmark_core::engagement::{Assumed, Method, Subservice, UserEntityControl, UserEntityKind};
use tickmark_core::report::ReadinessReport;
use tickmark_core::report::readiness::{FindingRow, Level, SubserviceMethod, TargetType};

use crate::conclusion::library;
use crate::engagement::{KEY, Scene, description, scene, scope as examined};
use crate::program::{definition, ipe};

fn security() -> Choice {
    let catalog = Catalog::builtin();
    let categories = BTreeMap::from([("security".to_owned(), "customers ask".to_owned())]);
    Choice { categories, ..Choice::whole(&catalog.frameworks[0]) }
}

async fn write(scene: &Scene, who: &Actor, from: u32, choice: Choice) -> Result<Changed, Error> {
    let catalog = &scene.catalog;
    scene
        .app
        .transact(who, async |cx| scope::write(cx, catalog, from, choice.clone(), "the plan").await)
        .await
}

fn written(changed: Result<Changed, Error>) -> Chosen {
    match changed.expect("written") {
        Changed::Done(chosen) => *chosen,
        Changed::Stale(now) => panic!("stale: {now:?}"),
    }
}

async fn standing(scene: &Scene) -> conclusion::Standing {
    let read = async |view: &mut tickmark_app::View<'_>| conclusion::standing(view, &scene.catalog).await;
    scene.app.read(&scene.program, read).await.expect("computed")
}

async fn model(scene: &Scene) -> ReadinessReport {
    let library = library();
    let read = async |view: &mut tickmark_app::View<'_>| {
        report::readiness(view, &scene.catalog, &library, "Tickmark", "Tickmark").await
    };
    scene.app.read(&scene.program, read).await.expect("frozen")
}

async fn ready(scene: &Scene) -> u64 {
    let query = Query::of("status", "ready");
    let read = async |view: &mut tickmark_app::View<'_>| register::count(view, Kind::Control, &query).await;
    scene.app.read(&scene.program, read).await.expect("counted")
}

/// Ada answers some questions about every control with yes.
async fn answer(scene: &Scene, questions: &[Question]) {
    let ids: Vec<ControlId> =
        standing(scene).await.controls.iter().map(|one| one.control.id.clone()).collect();
    scene
        .app
        .transact(&scene.ada, async |cx| {
            for id in &ids {
                for question in questions {
                    conclusion::decide(cx, id, *question, Answer::Yes, "read it").await?;
                }
            }
            Ok(())
        })
        .await
        .expect("decided");
}

#[tokio::test]
async fn readiness_follows_the_scope_that_was_chosen() {
    for world in World::both().await {
        let scene = scene(&world).await;
        assert_eq!(standing(&scene).await.assessment.criteria.len(), 61, "nobody took anything out");
        let refused = write(&scene, &scene.program, 0, security()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "a program took criteria out: {refused:?}");
        let mut choice = security();
        choice.exclusions.insert("CC6.4".into(), String::new());
        assert!(matches!(write(&scene, &scene.ada, 0, choice.clone()).await, Err(Error::Invalid(_))));
        choice.exclusions.insert("CC6.4".into(), "Nothing stands in premises of ours.".into());
        assert_eq!(written(write(&scene, &scene.ada, 0, choice.clone()).await).written.version, 1);
        assert!(matches!(write(&scene, &scene.grace, 0, security()).await, Ok(Changed::Stale(_))));

        let now = standing(&scene).await;
        assert_eq!(now.assessment.criteria.len(), 32);
        assert!(now.assessment.criteria.iter().all(|one| one.criterion.starts_with("CC")));
        let report = model(&scene).await;
        assert_eq!((report.criteria.len(), report.count_criteria().total()), (32, 32));
        assert_eq!(report.scope.categories, ["Security"]);
        let excluded = &report.scope.excluded[0];
        assert_eq!((excluded.id.as_str(), excluded.approved_by.as_deref()), ("CC6.4", Some("Ada")));
        assert!(report.summary.series.iter().all(|series| series.id.starts_with("CC")));
        assert!(report.basis.contains("version 1, by Ada"), "{}", report.basis);

        // A Type 1 does not ask whether a control operated, so answers to the other three make a whole.
        answer(&scene, &[Question::Designed, Question::Implemented, Question::Evidenced]).await;
        assert_eq!((ready(&scene).await, standing(&scene).await.assessment.figure.criteria().met), (0, 0));
        choice.target = Target::Type1 { as_of: Some("2027-03-31".parse().expect("a day")) };
        written(write(&scene, &scene.ada, 1, choice).await);
        let now = standing(&scene).await;
        assert_eq!(now.assessment.figure.criteria().met, 32);
        assert_eq!(now.assessment.figure.percent(), "100.0 %");
        assert_eq!(
            usize::try_from(ready(&scene).await).ok(),
            Some(now.controls.len()),
            "the register follows"
        );
        let report = model(&scene).await;
        assert_eq!(report.scope.target, TargetType::Type1 { as_of: Some("2027-03-31".into()) });
        let today = scene.app.now().date();
        assert_eq!(report.roadmap.earliest_period_start.as_ref(), Some(&today), "{}", report.roadmap.reason);
        scene.app.close().await;
    }
}

#[tokio::test]
async fn the_time_looked_at_and_occurrences_are_those_of_the_target() {
    for world in World::both().await {
        let scene = scene(&world).await;
        answer(&scene, &[Question::Designed, Question::Implemented, Question::Evidenced]).await;
        let day = |text: &str| Some(text.parse().expect("a day"));
        let mut choice = security();
        choice.target = Target::Type2 { from: day("2026-07-01"), to: day("2026-12-31") };
        let idle: ControlId = "INC-02".parse().expect("an id");
        choice.idle.insert(idle.clone(), "the list of incidents has no row".into());
        written(write(&scene, &scene.ada, 0, choice.clone()).await);
        let now = standing(&scene).await;
        assert_eq!(now.period.from.date(), "2026-07-01");
        assert_eq!(now.period.to, Some(now.at));
        assert_eq!(now.control(&idle).expect("adopted").status, ControlStatus::Ready);
        let others = now.controls.iter().filter(|one| one.control.id != idle);
        assert!(
            others.clone().count() > 0 && others.into_iter().all(|one| one.status != ControlStatus::Ready)
        );
        assert_eq!(ready(&scene).await, 1);

        let mut unknown = choice;
        unknown.idle.insert("ZZZ-99".parse().expect("an id"), "nothing".into());
        assert!(matches!(write(&scene, &scene.ada, 1, unknown).await, Err(Error::Invalid(_))));
        scene.app.close().await;
    }
}

#[tokio::test]
async fn the_guided_start_chooses_the_categories_and_keeps_what_was_written() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let take = async |answers: Answers| {
            app.transact(&scene.ada, async |cx| scope::take_over(cx, catalog, &answers).await).await
        };
        let mut answers = Answers {
            services: "Payroll\n\nReports".into(),
            categories: BTreeSet::from(["availability".to_owned()]),
            ..Answers::default()
        };
        let chosen = take(answers.clone()).await.expect("taken over").expect("something is new");
        let categories: Vec<_> = chosen.choice.categories.keys().map(String::as_str).collect();
        assert_eq!((categories, chosen.choice.services.len()), (vec!["availability", "security"], 2));
        assert_eq!(standing(&scene).await.assessment.criteria.len(), 36);
        assert_eq!(take(answers.clone()).await.expect("looked at"), None, "nothing is new");

        let mut choice = chosen.choice;
        choice.categories.insert("security".into(), "customers ask".into());
        for id in ["A1.1", "CC6.4"] {
            choice.exclusions.insert(id.into(), "not ours".into());
        }
        written(write(&scene, &scene.ada, 1, choice).await);
        answers.categories.clear();
        let chosen = take(answers).await.expect("taken over").expect("something is new");
        assert_eq!(chosen.choice.exclusions.keys().collect::<Vec<_>>(), ["CC6.4"]);
        assert_eq!(chosen.choice.categories["security"], "customers ask");
        assert_eq!(chosen.written.version, 3);
        scene.app.close().await;
    }
}

async fn judge(app: &App, who: &Actor, id: &str, from: i64, said: &Said) -> Result<Judged, Error> {
    let catalog = Catalog::builtin();
    app.transact(who, async |cx| judgement::judge(cx, &catalog, id, from, said).await).await
}

#[tokio::test]
async fn people_judge_a_criterion_and_the_rule_stays_beside_it() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let person = world.person(&app, &program).await;
        let said = Said {
            status: Some(CriterionStatus::PartlyMet),
            lacks: "contractors".into(),
            reason: "the review leaves them out".into(),
            ..Said::default()
        };
        let bare = judge(&app, &person, "CC6.1", 0, &said).await;
        assert!(matches!(bare, Err(Error::Conflict(_))), "no control is mapped: {bare:?}");
        let catalog = Catalog::builtin();
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        assert!(matches!(judge(&app, &program, "CC6.1", 0, &said).await, Err(Error::Forbidden(_))));
        assert!(matches!(judge(&app, &person, "CC99.9", 0, &said).await, Err(Error::NotFound { .. })));
        let without = Said { reason: " ".into(), ..said.clone() };
        assert!(matches!(judge(&app, &person, "CC6.1", 0, &without).await, Err(Error::Invalid(_))));
        assert!(matches!(judge(&app, &person, "CC6.1", 0, &said).await, Ok(Judged::Done(_))));
        assert!(matches!(judge(&app, &person, "CC6.1", 0, &said).await, Ok(Judged::Stale(_))));

        let library = library();
        let read = async |view: &mut tickmark_app::View<'_>| {
            let standing = conclusion::standing(view, &catalog).await?;
            Ok((standing, report::readiness(view, &catalog, &library, "a", "g").await?))
        };
        let (standing, report) = app.read(&program, read).await.expect("computed");
        let criterion =
            standing.assessment.criteria.iter().find(|one| one.criterion == "CC6.1").expect("there");
        assert_eq!(criterion.status(), CriterionStatus::PartlyMet);
        assert_eq!(criterion.suggested.status, CriterionStatus::NotAssessed, "the rule says what it said");
        let row = report.criteria.iter().find(|row| row.id == "CC6.1").expect("there");
        assert_eq!(
            (row.status, row.decided_by.as_deref()),
            (CriterionStatus::PartlyMet, Some("Robin Example"))
        );
        assert!(
            row.reason.starts_with("The review leaves them out. The rule suggests not assessed:"),
            "{}",
            row.reason
        );

        world.wait(1);
        let back = Said { reason: "asked the owner again".into(), ..Said::default() };
        assert!(matches!(judge(&app, &person, "CC6.1", 1, &back).await, Ok(Judged::Done(_))));
        let (standing, _) = app.read(&program, read).await.expect("computed");
        let criterion =
            standing.assessment.criteria.iter().find(|one| one.criterion == "CC6.1").expect("there");
        assert_eq!((criterion.status(), &criterion.lacks), (CriterionStatus::NotAssessed, &None));
        let history = app
            .read(&program, async |view| judgement::versions(view, &catalog, "CC6.1").await)
            .await
            .expect("read");
        let numbers: Vec<_> =
            history.iter().map(|version| (version.number, version.reason.as_str())).collect();
        assert_eq!(numbers, [(2, "asked the owner again"), (1, "the review leaves them out")]);
        app.close().await;
    }
}

fn row<'a>(rows: &'a [FindingRow], control: &str) -> &'a FindingRow {
    rows.iter().find(|row| row.control.as_deref() == Some(control)).expect("a finding")
}

#[tokio::test]
async fn what_the_report_says_of_controls_and_findings_is_what_people_recorded() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, changes): (&App, ControlId) = (&scene.app, "CHG-02".parse().expect("an id"));
        app.transact(&scene.grace, async |cx| {
            conclusion::decide(cx, &changes, Question::Designed, Answer::No, "nobody reviews").await
        })
        .await
        .expect("decided");
        let report = model(&scene).await;
        let control = report.controls.iter().find(|row| row.id == "CHG-02").expect("in scope");
        let owner = control.owner.as_deref().expect("Ada was named");
        assert!(owner.starts_with("Ada (") && owner.ends_with(')'), "{owner}");
        let designed = &control.questions[0];
        assert_eq!((designed.answer, designed.decided_by.as_deref()), (Answer::No, Some("Grace")));
        let found = row(&report.findings, "CHG-02");
        assert_eq!((&found.owner, &found.due, found.state.as_str()), (&None, &None, "proposed"));

        let proposed = report::proposed(&standing(&scene).await, &library());
        let proposed = proposed.into_iter().find(|one| one.control.as_ref() == Some(&changes)).expect("it");
        let plan = Plan {
            owner: Some(scene.robin.id),
            due: Some("2026-12-31".parse().expect("a day")),
            cause: "Merging asked for no review.".into(),
            plan: "Protect the main branch.".into(),
        };
        let reference = proposed.reference();
        app.transact(&scene.ada, async |cx| remediation::take(cx, proposed.clone(), plan.clone()).await)
            .await
            .expect("taken on");
        let report = model(&scene).await;
        let found = row(&report.findings, "CHG-02");
        assert_eq!((found.owner.as_deref(), found.due.as_deref()), (Some("Robin"), Some("2026-12-31")));
        assert_eq!((found.state.as_str(), found.cause.as_str()), ("open", "Merging asked for no review."));
        assert!(found.recommendation.contains("Protect the main branch."), "{}", found.recommendation);
        let step = report.roadmap.steps.iter().find(|step| step.findings.contains(&found.reference));
        let step = step.expect("it is on the roadmap");
        assert_eq!(step.owner.as_deref(), Some("Robin"));
        assert!(step.when.ends_with("by 2026-12-31"), "{}", step.when);
        let messages = report.summary.key_messages.join(" ");
        assert!(
            messages.contains("1 findings are taken on and not closed; 0 of them are overdue"),
            "{messages}"
        );

        // Its condition is gone, and nobody has verified that: it stays, and says so.
        world.wait(60 * 86_400);
        app.transact(&scene.grace, async |cx| {
            conclusion::decide(cx, &changes, Question::Designed, Answer::Yes, "it does now").await
        })
        .await
        .expect("decided");
        app.transact(&scene.robin, async |cx| {
            let fixed = remediation::Fixed {
                note: "protected".into(),
                shown_by: "settings of the repository".into(),
                evidence: BTreeSet::new(),
            };
            remediation::fix(cx, &reference, 1, &fixed).await
        })
        .await
        .expect("fixed");
        let report = model(&scene).await;
        let found = row(&report.findings, "CHG-02");
        assert_eq!(found.state, "fixed, to be verified; overdue; not found any more in this scope");
        app.close().await;
    }
}

#[tokio::test]
async fn the_reviews_of_the_report_are_those_of_the_open_examination() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let app = &scene.app;
        let bare = model(&scene).await;
        assert!(bare.subservice.is_empty() && bare.cuecs.is_empty());
        assert_eq!(bare.system.name, "Example system");
        assert!(bare.description.iter().all(|row| row.level == Level::NotAssessed));
        assert_eq!(bare.scope.target, TargetType::Type2 { from: None, to: None });

        app.transact(&scene.ada, async |cx| {
            let system = identity::systems(cx).await?.remove(0);
            identity::system::change(cx, system.id, "Payroll system", "Two data centers.").await?;
            identity::system::write(cx, "Archive", "").await
        })
        .await
        .expect("described");
        let recorded = model(&scene).await.system;
        assert_eq!(recorded.name, "Archive, Payroll system", "not only the first");
        assert_eq!(recorded.boundary, "Payroll system: Two data centers.");

        let mut scope = examined();
        scope.outside = vec!["Devices of customers".into()];
        scope.subservices = vec![Subservice {
            assumed: vec![Assumed {
                text: "Access to the building".into(),
                criteria: BTreeSet::from(["CC6.4".to_owned()]),
            }],
            monitoring: BTreeSet::from(["VEN-03".parse().expect("an id")]),
            ..Subservice::of("Hosting Ltd", "Runs the machines.", Method::CarveOut, "It holds the doors.")
        }];
        let expected = |kind, text: &str| UserEntityControl {
            kind,
            text: text.into(),
            criteria: BTreeSet::from(["CC6.2".to_owned()]),
            commitment: None,
            why: String::new(),
        };
        scope.user_entities = vec![
            expected(UserEntityKind::Control, "Customers remove their leavers."),
            expected(UserEntityKind::Responsibility, "Customers keep their browsers new."),
        ];
        app.transact(&scene.ada, async |cx| {
            engagement::plan(cx, "page", scope.clone(), "sold").await?;
            engagement::describe(cx, KEY, 1, description()).await
        })
        .await
        .expect("planned");
        let report = model(&scene).await;
        let vendor = &report.subservice[0];
        assert_eq!((vendor.name.as_str(), vendor.method), ("Hosting Ltd", SubserviceMethod::CarveOut));
        assert_eq!((vendor.level, vendor.criteria.as_slice()), (Level::Partly, &["CC6.4".to_owned()][..]));
        assert!(vendor.note.contains("VEN-03, which watches it, is not ready"), "{}", vendor.note);
        let cuecs: Vec<_> = report.cuecs.iter().map(|row| row.statement.as_str()).collect();
        assert_eq!(cuecs, ["Customers remove their leavers."], "a responsibility is no control");
        assert_eq!(report.system.name, "Payroll");
        assert_eq!(report.system.boundary, "From the web form to the payment file.");
        assert!(
            report.system.description.starts_with("First about services."),
            "{}",
            report.system.description
        );
        assert_eq!(report.scope.services, ["Payroll"]);
        assert_eq!(report.scope.outside, ["Devices of customers"]);
        let period = TargetType::Type2 { from: Some("2026-11-01".into()), to: Some("2027-10-31".into()) };
        assert_eq!(report.scope.target, period);
        assert!(report.description.iter().all(|row| row.level == Level::Partly), "{:#?}", report.description);
        assert!(report.basis.contains("It covers other categories than this assessment: security."));
        app.close().await;
    }
}

#[tokio::test]
async fn readiness_of_evidence_reads_the_populations() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let changes: ControlId = "CHG-02".parse().expect("an id");
        let mut choice = security();
        choice.target = Target::Type2 { from: Some("2026-01-01".parse().expect("a day")), to: None };
        written(write(&scene, &scene.ada, 0, choice).await);
        let level = async || {
            let report = model(&scene).await;
            let row = report.evidence_readiness.into_iter().find(|row| row.controls == ["CHG-02"]);
            let row = row.expect("it runs per occurrence");
            (row.population, row.ipe, row.retrievable, row.note)
        };
        let (population, ipe_level, _, _) = level().await;
        assert_eq!((population, ipe_level), (Level::NotAssessed, Level::NotAssessed));
        let app = &scene.app;
        let key = app
            .transact(&scene.program, async |cx| population::define(cx, definition(&changes)).await)
            .await
            .expect("defined")
            .key;
        assert_eq!(level().await.0, Level::Missing, "defined, and no list");
        let list = "key,occurred_at,approved,tested\nDEP-1,2026-01-05,met,met\n";
        app.transact(&scene.program, async |cx| {
            population::import(cx, key, "deployments.csv", Bytes::from_static(list.as_bytes()), ipe(1))
                .await?;
            population::freeze(cx, key, None).await
        })
        .await
        .expect("frozen");
        let (population, ipe_level, retrievable, note) = level().await;
        assert_eq!((population, ipe_level, retrievable), (Level::Ready, Level::Partly, Level::Ready));
        assert!(note.contains("reach to 2026-06-30") && note.contains("accuracy"), "{note}");
        app.close().await;
    }
}
