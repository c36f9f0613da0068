//! What completes an engagement, on both databases: events, letters, copies, OSCAL, the next engagement.

use tickmark_app::control;
use tickmark_app::engagement::{self, Completed, Receiving, Single, Summary};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::testing::World;
use tickmark_app::{Actor, Error};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::ControlId;
use tickmark_core::engagement::completion::{
    BridgeLetter, Completion, Decided, EventKind, Follows, Learned, Letter, Told, represented,
};
use tickmark_core::engagement::{
    Administration, Assertion, EngagementKey, Part, ReportKind, Scope, Standing, Step, Time, drafted,
};
use tickmark_core::report::readiness::DocumentStatus;
use tickmark_core::{Digest, Timestamp};

use crate::engagement::{KEY, Scene, asserted, conflict, description, done, scene, scope};

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn complete(done: Result<Completed, Error>) -> Completion {
    match done.expect("done") {
        Completed::Done(record) => *record,
        Completed::Stale(version) => panic!("stale: {version:?}"),
    }
}

fn invalid<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Invalid(says)) => says,
        other => panic!("valid: {other:?}"),
    }
}

/// Moves the clock to noon of a day.
fn go_to(world: &World, scene: &Scene, day: &str) {
    let then: Timestamp = format!("{day}T12:00:00Z").parse().expect("a moment");
    world.clock.advance(then.micros() - scene.app.now().micros());
}

/// A scene with an engagement whose scope is approved.
async fn approved(world: &World) -> Scene {
    let scene = scene(world).await;
    let planned =
        scene.app.transact(&scene.ada, async |cx| engagement::plan(cx, "page", scope(), "first year").await);
    planned.await.expect("planned");
    let by = &scene.grace;
    done(scene.app.transact(by, async |cx| engagement::approve(cx, KEY, 1, &scene.catalog).await).await);
    scene
}

async fn number(scene: &Scene) -> i64 {
    let version = scene.app.read(&scene.program, async |view| engagement::completion(view, KEY).await).await;
    version.expect("there").number
}

async fn tell(scene: &Scene, on: &str, decided: Decided) -> Result<Completed, Error> {
    let told = Told {
        day: day(on),
        kind: EventKind::Incident,
        what: "Mail was down".into(),
        effect: "No customer data was touched.".into(),
        decided,
        reason: "looked into".into(),
    };
    let from = number(scene).await;
    scene.app.transact(&scene.ada, async |cx| engagement::tell_event(cx, KEY, from, None, told).await).await
}

async fn confirm(scene: &Scene, who: &Actor, until: &str) -> Result<Completed, Error> {
    let from = number(scene).await;
    scene.app.transact(who, async |cx| engagement::confirm_events(cx, KEY, from, day(until)).await).await
}

async fn sign_letter(scene: &Scene, who: &Actor, step: Step) -> Result<Completed, Error> {
    let from = number(scene).await;
    scene.app.transact(who, async |cx| engagement::sign_representation(cx, KEY, from, step).await).await
}

async fn receive(scene: &Scene, on: &str) -> Result<Completed, Error> {
    let from = number(scene).await;
    let digest = Digest::of(b"the signed file");
    scene
        .app
        .transact(&scene.ada, async |cx| {
            let receiving = Receiving {
                firm: "Example Auditors LLP".into(),
                day: day(on),
                file: "report.pdf".into(),
                digest,
                bytes: None,
            };
            engagement::receive_report(cx, KEY, from, receiving, (&scene.catalog, "a test")).await
        })
        .await
}

fn bridge(to: &str) -> BridgeLetter {
    BridgeLetter {
        to: day(to),
        items: Vec::new(),
        changes: String::new(),
        incidents: String::new(),
        next: "The next period began on 2027-11-01.".into(),
        signatory: "Grace".into(),
        title: "Director".into(),
    }
}

async fn write_bridge(
    scene: &Scene,
    number_of: Option<u32>,
    letter: BridgeLetter,
) -> Result<Completed, Error> {
    let from = number(scene).await;
    scene
        .app
        .transact(&scene.ada, async |cx| {
            engagement::write_bridge(cx, KEY, from, number_of, letter, &scene.catalog).await
        })
        .await
}

async fn sign_bridge(scene: &Scene, who: &Actor, step: Step) -> Result<Completed, Error> {
    let from = number(scene).await;
    scene
        .app
        .transact(who, async |cx| engagement::sign_bridge(cx, KEY, from, 1, step, &scene.catalog).await)
        .await
}

#[tokio::test]
async fn a_report_is_completed_and_bridged() {
    for world in World::both().await {
        let scene = approved(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        assert_eq!(number(&scene).await, 0, "nothing yet");
        let early = app
            .transact(&scene.ada, async |cx| engagement::date_report(cx, KEY, 0, day("2027-10-31")).await)
            .await;
        assert!(invalid(early).contains("not after the time of the examination"));
        complete(
            app.transact(&scene.ada, async |cx| engagement::date_report(cx, KEY, 0, day("2027-12-15")).await)
                .await,
        );
        let stale = app
            .transact(&scene.ada, async |cx| engagement::date_report(cx, KEY, 0, day("2027-12-16")).await)
            .await;
        assert!(matches!(stale.expect("asked"), Completed::Stale(version) if version.number == 1));

        go_to(&world, &scene, "2027-11-20");
        complete(tell(&scene, "2027-11-10", Decided::ToldAuditor).await);
        let record = app.read(&scene.program, async |view| engagement::completion(view, KEY).await).await;
        let text = represented(&scope(), "Example Ltd", &record.expect("there").record);
        assert!(text.contains("Mail was down"), "{text}");
        let letter = Letter {
            to: "Example Auditors LLP".into(),
            text,
            signatory: "Grace".into(),
            title: "Director".into(),
        };
        let from = number(&scene).await;
        complete(
            app.transact(&scene.ada, async |cx| engagement::represent(cx, KEY, from, letter).await).await,
        );
        assert!(conflict(sign_letter(&scene, &scene.ada, Step::Review).await).contains("who wrote it"));
        let by_program = sign_letter(&scene, &scene.program, Step::Review).await;
        assert!(matches!(by_program, Err(Error::Forbidden(_))), "{by_program:?}");
        complete(sign_letter(&scene, &scene.robin, Step::Review).await);
        let early = conflict(sign_letter(&scene, &scene.grace, Step::Approve).await);
        assert!(early.contains("signed then or later"), "{early}");

        go_to(&world, &scene, "2027-12-15");
        let unconfirmed = conflict(sign_letter(&scene, &scene.grace, Step::Approve).await);
        assert!(unconfirmed.contains("nobody has confirmed"), "{unconfirmed}");
        let by_program = confirm(&scene, &scene.program, "2027-12-15").await;
        assert!(matches!(by_program, Err(Error::Forbidden(_))), "{by_program:?}");
        complete(confirm(&scene, &scene.grace, "2027-12-15").await);
        complete(sign_letter(&scene, &scene.grace, Step::Approve).await);
        let writing = app
            .transact(&scene.grace, async |cx| {
                engagement::take_out_single(cx, KEY, Single::Representation, catalog, "a test").await
            })
            .await
            .expect("written");
        assert_eq!(writing.status, DocumentStatus::FinalManagement);
        assert_eq!(writing.letter.as_ref().expect("a letter").dated, "2027-12-15");
        // The letter is part of no package.
        let model =
            app.read(&scene.ada, async |view| engagement::package(view, KEY, catalog, "a test").await).await;
        let package = serde_json::to_string(&model.expect("a model")).expect("JSON");
        assert!(!package.contains("Mail was down") && !package.contains("representation"), "{package}");

        let none = conflict(write_bridge(&scene, None, bridge("2027-12-10")).await);
        assert!(none.contains("no report of this engagement is recorded"), "{none}");
        // Every report holds management's assertion.
        let unasserted = conflict(receive(&scene, "2027-12-15").await);
        assert_eq!(unasserted, "the report cannot be recorded yet: management's assertion is not written");
        asserted(&scene).await;
        assert!(invalid(receive(&scene, "2027-12-14").await).contains("both have one date"));
        complete(receive(&scene, "2027-12-15").await);
        // What becomes known now is no subsequent event any more.
        assert!(
            invalid(tell(&scene, "2027-12-10", Decided::NoEffect).await).contains("a fact discovered after")
        );
        let learned = Learned {
            day: day("2027-12-15"),
            what: "A key was shared".into(),
            effect: "Some changes were not approved by two people.".into(),
            told: None,
            follows: Follows::Undecided,
            reason: String::new(),
        };
        let learn = async |number, learned: Learned| {
            let from = self::number(&scene).await;
            app.transact(&scene.ada, async |cx| engagement::learn_fact(cx, KEY, from, number, learned).await)
                .await
        };
        complete(learn(None, learned.clone()).await);
        let stands = Learned { follows: Follows::Stands, reason: "small".into(), ..learned.clone() };
        assert!(invalid(learn(Some(1), stands.clone()).await).contains("say when they were told"));
        let record = complete(learn(Some(1), Learned { told: Some(day("2027-12-15")), ..stands }).await);
        assert_eq!(record.facts()[0].learned.follows, Follows::Stands);
        let long = conflict(write_bridge(&scene, None, bridge("2028-02-01")).await);
        assert!(long.contains("nobody knows yet") || long.contains("at most 3 months"), "{long}");

        go_to(&world, &scene, "2028-01-10");
        let id: ControlId = "IAM-05".parse().expect("an id");
        let retired = app
            .transact(&scene.robin, async |cx| control::retire(cx, &id, "another one does it").await)
            .await;
        retired.expect("retired");
        let mut letter = bridge("2028-01-10");
        let basis =
            app.read(&scene.ada, async |view| engagement::bridge_basis(view, KEY, catalog).await).await;
        let basis = basis.expect("a basis");
        let references: Vec<&str> = basis.items.iter().map(|item| item.reference.as_str()).collect();
        assert_eq!(references, ["event 1", "control IAM-05 2028-01-10 was retired"]);
        let event = basis.items[0].clone();
        letter.items = vec![tickmark_core::engagement::completion::BridgeItem {
            left_out: "no customer was touched".into(),
            ..event
        }];
        let record = complete(write_bridge(&scene, None, letter).await);
        let written = &record.bridge_of(1).expect("there").document.content;
        assert_eq!(written.items.len(), 2, "what the registers hold is in it");
        assert_eq!(written.named(false).count(), 1);
        assert_eq!(written.named(true).count(), 0, "left out for a reason");
        complete(sign_bridge(&scene, &scene.robin, Step::Review).await);
        complete(tell(&scene, "2028-01-09", Decided::Described).await);
        let blocked = conflict(sign_bridge(&scene, &scene.grace, Step::Approve).await);
        assert!(blocked.contains("neither names it"), "{blocked}");
        let again = BridgeLetter { items: written.items.clone(), ..bridge("2028-01-10") };
        complete(write_bridge(&scene, Some(1), again).await);
        complete(sign_bridge(&scene, &scene.robin, Step::Review).await);
        complete(sign_bridge(&scene, &scene.grace, Step::Approve).await);
        let take = async || {
            app.transact(&scene.grace, async |cx| {
                engagement::take_out_single(cx, KEY, Single::Bridge(1), catalog, "a test").await
            })
            .await
        };
        go_to(&world, &scene, "2028-01-20");
        let writing = take().await.expect("written");
        assert_eq!(Day::of(writing.cut_off).to_string(), "2028-01-10", "of the day on which it was written");
        let text = serde_json::to_string(&writing).expect("JSON");
        assert!(
            text.contains("Control IAM-05 was retired") && text.contains("2028-01-09: Mail was down"),
            "{text}"
        );
        assert_eq!(writing.status, DocumentStatus::FinalManagement);
        go_to(&world, &scene, "2028-04-10");
        assert!(conflict(take().await).contains("not given out any more"));

        let filter = Filter { object: Some(KEY.to_string()), ..Filter::default() };
        let rows = app.read(&scene.program, async |view| audit::search(view, &filter, 100).await).await;
        let events: Vec<String> = rows.expect("rows").into_iter().map(|row| row.event).collect();
        for name in [
            "engagement.report_dated",
            "engagement.event_told",
            "engagement.events_confirmed",
            "engagement.fact_learned",
            "representation.signed",
            "engagement.report_received",
            "bridge_letter.signed",
            "engagement.document_taken",
        ] {
            assert!(events.iter().any(|event| event == name), "{name}: {events:?}");
        }
        app.close().await;
    }
}

#[tokio::test]
async fn an_examination_is_exchanged_and_listed() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let bare = Scope::of(ReportKind::Soc1, scope().time, "Payroll");
        app.transact(&scene.ada, async |cx| engagement::plan(cx, "page", bare, "first year").await)
            .await
            .expect("planned");
        let take = async || {
            app.transact(&scene.ada, async |cx| engagement::take_out_oscal(cx, KEY, catalog, "a test").await)
                .await
        };
        assert!(invalid(take().await).contains("no criterion"));
        done(
            app.transact(&scene.ada, async |cx| engagement::change(cx, KEY, 1, scope(), "security").await)
                .await,
        );
        let model = take().await.expect("taken out");
        assert_eq!(model.package.criteria.len(), 33);
        assert_eq!(model.work.from.to_string(), "2026-11-01T00:00:00.000000Z");
        assert_eq!(model.work.to.to_string(), "2027-11-01T00:00:00.000000Z");
        let controls: Vec<&str> = model.package.controls.iter().map(|one| one.id.as_str()).collect();
        assert!(!model.work.tests.is_empty());
        assert!(model.work.tests.iter().all(|test| controls.contains(&test.control.as_str())));
        let sheet = app
            .transact(&scene.ada, async |cx| {
                engagement::take_out_summary(cx, KEY, Summary::Matrix, catalog, "a test").await
            })
            .await
            .expect("a list");
        assert!(sheet.rows.len() >= 33 && sheet.rows.iter().all(|row| row.len() == sheet.columns.len()));
        let sheet = app
            .transact(&scene.ada, async |cx| {
                engagement::take_out_summary(cx, KEY, Summary::Exceptions, catalog, "a test").await
            })
            .await
            .expect("a list");
        assert!(sheet.rows.iter().all(|row| row.len() == sheet.columns.len()));
        app.close().await;
    }
}

#[tokio::test]
async fn a_copy_says_for_whom_and_the_log_keeps_it() {
    for world in World::both().await {
        let scene = approved(&world).await;
        let app = &scene.app;
        let copy = async |recipient: &str| {
            app.transact(&scene.ada, async |cx| {
                engagement::copy_package(cx, KEY, recipient, "Customer Ltd", &scene.catalog, "a test").await
            })
            .await
        };
        assert!(invalid(copy("  ").await).contains("who gets it"));
        let (model, one) = copy(" Cleo ").await.expect("made");
        assert_eq!(one.words(), "Copy 1 for Cleo, Customer Ltd, 2026-11-24");
        assert_eq!(copy("Max").await.expect("made").1.number, 2);
        let made = app.read(&scene.program, async |view| engagement::copies(view, KEY).await).await;
        let made = made.expect("a list");
        assert_eq!(made.iter().map(|one| one.copy.number).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((made[1].by, made[1].model), (scene.ada.id, model.digest().expect("a digest")));
        app.close().await;
    }
}

#[tokio::test]
async fn sections_stand_in_the_order_that_the_chosen_firm_has() {
    for world in World::both().await {
        let scene = approved(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let package = async || {
            app.read(&scene.ada, async |view| engagement::package(view, KEY, catalog, "a test").await)
                .await
                .expect("a model")
        };
        let usual = package().await;
        assert!(!usual.assertion_first);
        let administration = Administration { assertion_first: true, ..Administration::default() };
        let administer = app.transact(&scene.ada, async |cx| {
            let from = engagement::find(cx, KEY).await?.number;
            engagement::administer(cx, KEY, from, administration).await
        });
        assert!(done(administer.await).administration.assertion_first);
        let first = package().await;
        assert!(first.assertion_first);
        assert_ne!(first.digest().expect("a digest"), usual.digest().expect("a digest"));
        app.close().await;
    }
}

#[tokio::test]
async fn the_next_one_is_planned_from_the_last() {
    for world in World::both().await {
        let scene = approved(&world).await;
        let app = &scene.app;
        done(
            app.transact(&scene.ada, async |cx| engagement::describe(cx, KEY, 2, description()).await).await,
        );
        let text = drafted(&scope(), "Example Ltd");
        let assertion = Assertion { text, signatory: "Grace".into(), title: "Director".into() };
        done(app.transact(&scene.ada, async |cx| engagement::assert(cx, KEY, 3, assertion).await).await);
        go_to(&world, &scene, "2027-12-01");
        let id: ControlId = "IAM-05".parse().expect("an id");
        let retired = app
            .transact(&scene.robin, async |cx| control::retire(cx, &id, "another one does it").await)
            .await;
        retired.expect("retired");
        for _ in 0..2 {
            let next = app
                .transact(&scene.ada, async |cx| {
                    engagement::roll_forward(cx, "next", KEY, "the second year").await
                })
                .await
                .expect("planned");
            assert_eq!((next.key, next.follows), (EngagementKey(2), Some(KEY)), "once from one page");
            assert_eq!(next.standing(), Standing::Planned);
            let following = Time::Period { from: day("2027-11-01"), to: day("2028-10-31") };
            assert_eq!(next.scope.time, following);
            assert!(next.assertion.is_none());
            let copied = &next.description.as_ref().expect("copied").content;
            assert!(!copied.text(Part::Services).is_empty());
            assert!(
                !copied.parts.contains_key(&Part::Incidents) && !copied.parts.contains_key(&Part::Changes)
            );
            let changed = app
                .read(&scene.ada, async |view| {
                    let grounds = engagement::Grounds::read(view).await?;
                    engagement::changed_since(view, &next, &grounds).await
                })
                .await
                .expect("asked");
            assert_eq!(changed, ["IAM-05 was retired on 2027-12-01."]);
        }
        app.close().await;
    }
}
