//! A SOC 1 description with processes and diagrams, and the walkthroughs of the audit firm, on both databases.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::engagement::fieldwork::signed::{self, Signing};
use tickmark_app::engagement::fieldwork::{waiting, walkthrough};
use tickmark_app::engagement::{self, Changed, NewDiagram};
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_app::testing::World;
use tickmark_app::{Actor, Error};
use tickmark_core::Digest;
use tickmark_core::control::ControlId;
use tickmark_core::engagement::fieldwork::{Answered, Procedure, Walked, Walkthrough};
use tickmark_core::engagement::{
    Act, Description, Engagement, FlowStep, Objective, Paper, Part, Passage, Process, ReportKind, Scope, Step,
};
use tickmark_core::identity::Role;

use crate::fieldwork::{KEY, Scene, auditor, refused, scene};

/// A picture of this size: a head, something in between, an end.
pub(crate) fn png(width: u32, marked: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(120_u32.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, marked, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(b"IEND\xAE\x42\x60\x82");
    bytes
}

fn pay_run() -> Process {
    let step = |act, what: &str, controls: &[&str]| FlowStep {
        act,
        what: what.into(),
        who: "Payroll operations".into(),
        system: "Web form".into(),
        input: "Hours".into(),
        output: "Register".into(),
        controls: controls.iter().map(|id| id.parse().expect("an id")).collect(),
        objectives: BTreeSet::from(["CO-02".to_owned()]),
    };
    Process {
        name: "Pay run".into(),
        narrative: "Each month.\n\nFor each client.".into(),
        steps: vec![
            step(Act::Initiate, "The client sends hours.", &["CHG-02"]),
            step(Act::Report, "The register is delivered.", &[]),
        ],
    }
}

async fn record(scene: &Scene) -> (i64, Engagement) {
    let found = scene.app.read(&scene.program, async |view| engagement::find(view, KEY).await).await;
    let version = found.expect("there");
    (version.number, version.record)
}

/// The engagement turned into a SOC 1, with its texts described.
async fn soc1(scene: &Scene) {
    let (from, record_before) = record(scene).await;
    let objective = Objective {
        id: "CO-02".into(),
        statement: "Controls provide reasonable assurance that input is complete and processed once.".into(),
        assertions: BTreeSet::from(["completeness".into()]),
        transactions: BTreeSet::from(["wages".into()]),
        controls: BTreeSet::from(["CHG-02".parse().expect("an id")]),
        ..Objective::default()
    };
    let held = &record_before.scope;
    let scope = Scope {
        firm: held.firm.clone(),
        services: held.services.clone(),
        boundary: held.boundary.clone(),
        objectives: vec![objective],
        ..Scope::of(ReportKind::Soc1, held.time, "Payroll")
    };
    let (app, catalog) = (&scene.app, &scene.catalog);
    let changed = app
        .transact(&scene.cam, async |cx| engagement::change(cx, KEY, from, scope, "a SOC 1").await)
        .await
        .expect("changed");
    assert!(matches!(changed, Changed::Done(_)));
    let grace = app
        .transact(&scene.program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    let from = record(scene).await.0;
    app.transact(&grace, async |cx| engagement::approve(cx, KEY, from, catalog).await)
        .await
        .expect("approved");
    let (from, now) = record(scene).await;
    let passage = |(part, _): (Part, bool)| {
        let none = part.may_be_none();
        let text = if none || part == Part::Transactions { "" } else { "As it really runs." };
        (part, Passage { text: text.into(), none })
    };
    let parts = Part::of(now.holds().kind, now.holds().time).into_iter().map(passage).collect();
    let texts = Description { parts, ..Description::default() };
    app.transact(&scene.cam, async |cx| engagement::describe(cx, KEY, from, texts).await)
        .await
        .expect("described");
}

fn whole(changed: Result<Changed, Error>) -> Engagement {
    match changed.expect("done") {
        Changed::Done(record) => *record,
        Changed::Stale(_) => panic!("stale"),
    }
}

async fn put(
    scene: &Scene,
    held: Option<Digest>,
    alternative: &str,
    file: Option<(&str, Vec<u8>)>,
) -> Result<Changed, Error> {
    let from = record(scene).await.0;
    let file = file.map(|(name, bytes)| (name.to_owned(), Bytes::from(bytes)));
    let new = NewDiagram { caption: "The system".into(), alternative: alternative.into(), file };
    scene.app.transact(&scene.cam, async |cx| engagement::put_diagram(cx, KEY, from, held, new).await).await
}

async fn write_process(scene: &Scene, held: Option<&str>, process: Process) -> Result<Changed, Error> {
    let from = record(scene).await.0;
    scene
        .app
        .transact(&scene.cam, async |cx| engagement::write_process(cx, KEY, from, held, process).await)
        .await
}

#[tokio::test]
async fn a_control_learns_of_the_objectives_that_name_it_while_the_examination_is_open() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, cam) = (&scene.app, &scene.cam);
        let served = async |id: &str| {
            let id: ControlId = id.parse().expect("an id");
            let found = app.read(cam, async |view| engagement::objectives_of(view, &id).await).await;
            found.expect("objectives").into_iter().map(|one| (one.engagement, one.id)).collect::<Vec<_>>()
        };
        assert!(served("CHG-02").await.is_empty(), "a SOC 2");
        soc1(&scene).await;
        assert_eq!(served("CHG-02").await, [(KEY, "CO-02".to_owned())]);
        assert!(served("IAM-02").await.is_empty());
        app.transact(cam, async |cx| engagement::close(cx, KEY, "given up").await).await.expect("closed");
        assert!(served("CHG-02").await.is_empty(), "it is closed");
    }
}

#[tokio::test]
async fn processes_and_diagrams_are_part_of_what_is_signed() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        // A SOC 2 has no processes.
        let none = write_process(&scene, None, pay_run()).await;
        assert!(refused(none).to_string().contains("part of a SOC 1"));
        soc1(&scene).await;
        let (_, now) = record(&scene).await;
        assert_eq!(now.described().missing(now.holds()), [Part::Transactions]);

        let mut foreign = pay_run();
        foreign.steps[0].objectives = BTreeSet::from(["CO-9".into()]);
        let held = whole(write_process(&scene, None, foreign).await);
        assert!(held.described().missing(held.holds()).is_empty(), "a process tells of transactions");
        assert!(refused(write_process(&scene, None, pay_run()).await).to_string().contains("already"));
        let unknown = write_process(&scene, Some("Year end"), pay_run()).await;
        assert!(matches!(refused(unknown), Error::NotFound { .. }));

        for (name, bytes, says) in [
            ("net.svg", b"<svg onload='x'/>".to_vec(), "neither PNG nor JPEG"),
            ("net.png", b"\xFF\xD8\xFF\xE0".to_vec(), "its bytes are those of a JPEG"),
            ("net.png", png(9_000, 0), "9000"),
        ] {
            let error = refused(put(&scene, None, "Form and database.", Some((name, bytes))).await);
            assert!(matches!(error, Error::Invalid(_)) && error.to_string().contains(says), "{error}");
        }
        let wordless = put(&scene, None, " ", Some(("net.png", png(640, 1)))).await;
        assert!(refused(wordless).to_string().contains("alternative text"));
        let held = whole(put(&scene, None, "Form and database.", Some(("net.png", png(640, 1)))).await);
        let diagram = held.described().diagrams[0].clone();
        assert_eq!((diagram.digest, diagram.width), (Digest::of(&png(640, 1)), 640));
        let twice = put(&scene, None, "The same.", Some(("net.png", png(640, 1)))).await;
        assert!(refused(twice).to_string().contains("in the description already"));
        let (_, bytes) = engagement::read_diagram(app, &scene.cam, KEY, diagram.digest).await.expect("read");
        assert_eq!(bytes, png(640, 1));

        // Signed only once its steps fit the scope.
        let mia = world.member(app, &scene.program, "Mia", &[Role::ComplianceManager]).await;
        let mia = mia.actor(&world, app).await;
        let eva = world.member(app, &scene.program, "Eva", &[Role::Executive]).await;
        let eva = eva.actor(&world, app).await;
        let sign = |who: Actor, step: Step| {
            let scene = &scene;
            async move {
                let from = record(scene).await.0;
                let paper = Paper::Description;
                scene.app.transact(&who, async |cx| engagement::sign(cx, KEY, from, paper, step).await).await
            }
        };
        let early = refused(sign(mia.clone(), Step::Review).await).to_string();
        assert!(early.contains("objective CO-9, which is not in the scope"), "{early}");
        whole(write_process(&scene, Some("Pay run"), pay_run()).await);
        whole(sign(mia.clone(), Step::Review).await);
        let held = whole(sign(eva.clone(), Step::Approve).await);
        assert_eq!(held.progress(Paper::Description).map(|one| one.is_void), Some(false));

        // Texts are written without taking anything else away.
        let (from, now) = record(&scene).await;
        let texts = Description { parts: now.described().parts, ..Description::default() };
        let same =
            app.transact(&scene.cam, async |cx| engagement::describe(cx, KEY, from, texts).await).await;
        assert!(refused(same).to_string().contains("nothing is changed"));

        // Another picture in its place voids what was approved.
        let other = Some(("net.png", png(640, 2)));
        let held = whole(put(&scene, Some(diagram.digest), "Form, database, bank.", other).await);
        assert_eq!(held.progress(Paper::Description).map(|one| one.is_void), Some(true));
        assert_eq!(held.described().diagrams.len(), 1);
        let gone = engagement::read_diagram(app, &scene.cam, KEY, diagram.digest).await;
        assert!(matches!(refused(gone), Error::NotFound { .. }));

        // The package names both, and the picture goes with it.
        let part =
            app.read(&scene.cam, async |view| engagement::package(view, KEY, catalog, "a test").await).await;
        let part = part.expect("frozen");
        assert!(part.open.iter().any(|open| open.contains("has to be signed again")), "{:?}", part.open);
        let description = part.description.as_ref().expect("described");
        assert_eq!(description.processes[0].steps[0].controls, ["CHG-02"]);
        assert_eq!(description.processes[0].paragraphs, ["Each month.", "For each client."]);
        assert_eq!(description.figures[0].alternative, "Form, database, bank.");
        let files = engagement::files_of_package(app, &scene.cam, KEY, &part).await.expect("its files");
        assert_eq!(files.values().collect::<Vec<_>>(), [&png(640, 2)]);
        let from = record(&scene).await.0;
        let taken = app
            .transact(&scene.cam, async |cx| {
                engagement::remove_diagram(cx, KEY, from, Digest::of(&png(640, 2))).await
            })
            .await;
        assert!(whole(taken).described().diagrams.is_empty());
        let late = engagement::files_of_package(app, &scene.cam, KEY, &part).await;
        assert!(refused(late).to_string().contains("replaced meanwhile"));
    }
}

fn walked(in_place: Answered) -> Walked {
    Walked {
        procedures: BTreeSet::from([Procedure::Inquiry, Procedure::Inspection]),
        on: Some("2026-11-20".parse().expect("a day")),
        asked: "Pia Example, payroll lead".into(),
        seen: "Import log of 20 November".into(),
        found: if in_place == Answered::No { "Nobody keeps the log.".into() } else { String::new() },
        as_described: Answered::Yes,
        in_place,
    }
}

#[tokio::test]
async fn a_walkthrough_is_private_until_it_is_shared() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, cam) = (&scene.app, &scene.cam);
        soc1(&scene).await;
        whole(write_process(&scene, None, pay_run()).await);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let bert = auditor(&world, &scene, "Bert").await;
        let begin = |actor: Actor, process: &'static str| async move {
            app.transact(&actor, async |cx| {
                walkthrough::begin(cx, KEY, process, "November run of client 118").await
            })
            .await
        };
        for other in [cam.clone(), scene.program.clone()] {
            assert!(matches!(refused(begin(other, "Pay run").await), Error::Forbidden(_)));
        }
        assert!(matches!(refused(begin(audrey.clone(), "Year end").await), Error::NotFound { .. }));
        // What nobody of management has reviewed is not the firm's to follow.
        let told = async |actor: &Actor| {
            app.read(actor, async |view| walkthrough::processes(view, KEY).await)
                .await
                .expect("processes")
                .len()
        };
        assert_eq!((told(&audrey).await, told(cam).await), (0, 1));
        assert!(matches!(refused(begin(audrey.clone(), "Pay run").await), Error::NotFound { .. }));
        let mia = world.member(app, &scene.program, "Mia", &[Role::ComplianceManager]).await;
        let mia = mia.actor(&world, app).await;
        let from = record(&scene).await.0;
        app.transact(&mia, async |cx| {
            engagement::sign(cx, KEY, from, Paper::Description, Step::Review).await
        })
        .await
        .expect("reviewed");
        assert_eq!(told(&audrey).await, 1);
        assert_eq!(begin(audrey.clone(), "Pay run").await.expect("begun"), 1);
        assert_eq!(begin(audrey.clone(), "Pay run").await.expect("the same"), 1, "sent twice");
        let list = |actor: Actor| async move {
            app.read(&actor, async |view| signed::list::<Walkthrough>(view, KEY).await).await.expect("a list")
        };
        assert_eq!(list(bert.clone()).await.len(), 1);
        assert!(
            list(cam.clone()).await.is_empty() && list(scene.program.clone()).await.is_empty(),
            "private"
        );
        let hidden = app.read(cam, async |view| signed::find::<Walkthrough>(view, KEY, 1).await).await;
        assert!(matches!(refused(hidden), Error::NotFound { .. }));

        let keep = |from: i64, found: Vec<(usize, Walked)>| {
            let audrey = &audrey;
            async move {
                app.transact(audrey, async |cx| {
                    walkthrough::record(cx, KEY, 1, from, "November run of client 118", found.clone()).await
                })
                .await
            }
        };
        let both = vec![(1, walked(Answered::Yes)), (2, walked(Answered::No))];
        keep(1, both).await.expect("recorded");
        assert!(refused(keep(1, Vec::new()).await).to_string().contains("changed it meanwhile"));
        let sign = |actor: Actor, from: i64, what: Signing| async move {
            app.transact(&actor, async |cx| signed::sign::<Walkthrough>(cx, KEY, 1, from, what).await).await
        };
        assert!(refused(sign(audrey.clone(), 2, Signing::Prepare).await).to_string().contains("conclusion"));
        let conclude = |from: i64, text: &'static str| {
            let audrey = &audrey;
            async move {
                app.transact(audrey, async |cx| walkthrough::conclude(cx, KEY, 1, from, text).await).await
            }
        };
        conclude(2, "As described; the register is not in place.").await.expect("concluded");
        let waits = async |actor: &Actor| -> Vec<(String, String, Signing)> {
            let waiting = app.read(actor, async |view| waiting::of(view).await).await.expect("a list");
            waiting.papers.iter().map(|one| (one.path(), one.subject.clone(), one.signing)).collect()
        };
        let own = |what| vec![("/engagements/1/walkthroughs/1".to_owned(), "Pay run".to_owned(), what)];
        assert_eq!(waits(&audrey).await, own(Signing::Prepare));
        assert!(waits(&bert).await.is_empty(), "it is not prepared");
        sign(audrey.clone(), 3, Signing::Prepare).await.expect("prepared");
        assert!(waits(&audrey).await.is_empty(), "she wrote it");
        assert_eq!(waits(&bert).await, own(Signing::Review));
        assert!(matches!(refused(sign(audrey.clone(), 4, Signing::Review).await), Error::Conflict(_)));
        sign(bert.clone(), 4, Signing::Review).await.expect("reviewed");
        sign(audrey.clone(), 5, Signing::Share).await.expect("shared");
        conclude(6, "A private second thought.").await.expect("concluded");

        // Management reads it as it was shared.
        let seen = list(cam.clone()).await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].record.conclusion, "As described; the register is not in place.");
        let found = app
            .read(cam, async |view| signed::find::<Walkthrough>(view, KEY, 1).await)
            .await
            .expect("shared");
        assert_eq!(found.record.differences().map(|(number, _)| number).collect::<Vec<_>>(), [2]);
        assert!(matches!(refused(sign(cam.clone(), 7, Signing::Share).await), Error::Forbidden(_)));
        let own = list(bert.clone()).await;
        assert_eq!(own[0].record.conclusion, "A private second thought.");
    }
}
