//! A report is issued once nothing is missing, and what is issued stays as it was, on both databases.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_app::conclusion::remediation;
use tickmark_app::control::commitment;
use tickmark_app::control::edit::{self, Changed};
use tickmark_app::engagement::fieldwork::document::{self, Handed, Taken};
use tickmark_app::engagement::fieldwork::report::{self, Known};
use tickmark_app::engagement::fieldwork::signed::{self, Signing};
use tickmark_app::engagement::fieldwork::workpaper::{self, Concluding, Excepting};
use tickmark_app::engagement::{self, Single, Summary};
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_app::testing::World;
use tickmark_app::{Actor, Error, control};
use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::FindingState;
use tickmark_core::conclusion::finding::{Plan, ProposedFinding};
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::control::{Content, ControlId};
use tickmark_core::engagement::completion::{Decided, EventKind, Told};
use tickmark_core::engagement::fieldwork::{
    Cause, Gate, ManagementResponse, Opinion, OpinionKind, Outcome, Part, PartResult, Workpaper,
};
use tickmark_core::engagement::{
    Decision, Method, Objective, Paper, ReportKind, Scope, Step, Subservice, Time,
};
use tickmark_core::observation::Severity;
use tickmark_core::program::population::AttributeState;
use tickmark_core::report::SocPackage;
use tickmark_core::report::readiness::DocumentStatus;
use tickmark_ledger::bundle::{Level, Verification};

use crate::bundle::{contents, export};
use crate::fieldwork::{KEY, Scene, auditor, refused, scene_of};
use crate::reported::{Signers, asserted, completed, dated, documents, number, pdf, signers};
use crate::workpapers::{changes, plan, tested};

const DATED: &str = "2027-01-20";
const CONTROL: &str = "CHG-02";

fn period() -> Time {
    Time::Period { from: "2026-11-01".parse().expect("a day"), to: "2026-12-31".parse().expect("a day") }
}

fn as_of() -> Time {
    Time::AsOf { date: "2026-12-31".parse().expect("a day") }
}

fn scope(kind: ReportKind, time: Time) -> Scope {
    let mut scope = Scope {
        services: vec!["Payroll".into()],
        boundary: "From the web form to the payment file.".into(),
        firm: "Example & Partners".into(),
        ..Scope::of(kind, time, "Payroll")
    };
    if kind == ReportKind::Soc1 {
        scope.objectives = vec![Objective {
            id: "CO-01".into(),
            statement: "Controls provide reasonable assurance that changes are approved.".into(),
            assertions: BTreeSet::from(["accuracy".into()]),
            transactions: BTreeSet::new(),
            is_general_control: false,
            controls: BTreeSet::from([control_id()]),
        }];
    } else {
        scope.categories = BTreeMap::from([("security".into(), "customers ask".into())]);
    }
    scope
}

fn control_id() -> ControlId {
    CONTROL.parse().expect("an id")
}

/// Moves the clock to noon of a day.
fn go_to(world: &World, scene: &Scene, day: &str) {
    let then: Timestamp = format!("{day}T12:00:00Z").parse().expect("a moment");
    world.clock.advance(then.micros() - scene.app.now().micros());
}

async fn somebody(scene: &Scene, name: &str) -> Actor {
    let found =
        scene.app.transact(&scene.program, async |cx| ensure_actor(cx, ActorKind::Person, name).await);
    found.await.expect("a person")
}

/// Gives a control another text, which somebody else approves.
pub(crate) async fn reword(scene: &Scene, statement: &str) {
    let (app, id) = (&scene.app, control_id());
    let (robin, grace) = (somebody(scene, "Robin Example").await, somebody(scene, "Grace Example").await);
    let one = app.read(&robin, async |view| control::find(view, &id).await).await.expect("there");
    let content = Content { statement: statement.into(), ..one.content() };
    let from = control::state_of(&one).expect("a digest");
    let changed = app
        .transact(&robin, async |cx| {
            edit::change(cx, &id, from, content, one.assigned(), "clearer", &scene.catalog).await
        })
        .await
        .expect("changed");
    let Changed::Done(waiting, _) = changed else { panic!("stale") };
    let from = control::state_of(&waiting).expect("a digest");
    app.transact(&grace, async |cx| edit::approve(cx, &id, from, None).await).await.expect("approved");
}

fn opinion(scope: &Scope, label: OpinionKind) -> Opinion {
    let part = |part: Part| {
        let is_modified = part == Part::Operation && label != OpinionKind::Unmodified;
        PartResult {
            part,
            result: if is_modified { label } else { OpinionKind::Unmodified },
            concerns: if is_modified { BTreeSet::from(["CC8.1".into()]) } else { BTreeSet::new() },
            basis: if is_modified { "Authors approved.".into() } else { String::new() },
        }
    };
    Opinion {
        parts: Part::of(scope).into_iter().map(part).collect(),
        label,
        dated: DATED.parse().expect("a day"),
    }
}

/// An engagement after its time, with people of both sides who are in.
struct Stage {
    scene: Scene,
    by: Signers,
    audrey: Actor,
    bert: Actor,
}

impl Stage {
    /// Goes to the end of what is examined; CHG-02 is reworded in the period, and afterwards.
    async fn after(world: &World, scope: Scope) -> Self {
        let scene = scene_of(world, scope).await;
        changes(&scene).await;
        go_to(world, &scene, "2026-12-10");
        reword(&scene, "Another developer approves each change in the repository.").await;
        go_to(world, &scene, "2027-01-05");
        reword(&scene, "Two other developers approve each change in the repository.").await;
        go_to(world, &scene, "2027-01-21");
        let by = signers(world, &scene, "").await;
        let audrey = auditor(world, &scene, "Audrey").await;
        let bert = auditor(world, &scene, "Bert").await;
        Self { scene, by, audrey, bert }
    }

    async fn known(&self, who: &Actor) -> Known {
        let catalog = &self.scene.catalog;
        let found = self.scene.app.read(who, async |view| report::find(view, KEY, catalog).await);
        found.await.expect("known")
    }

    async fn record(&self, from: i64, opinion: Opinion) -> Result<(), Error> {
        let catalog = &self.scene.catalog;
        let recorded = self
            .scene
            .app
            .transact(&self.audrey, async |cx| report::record(cx, KEY, from, opinion, catalog).await);
        recorded.await
    }

    async fn attach(&self, from: i64) {
        let file = pdf("<< /Root 1 0 R >>");
        self.scene
            .app
            .transact(&self.audrey, async |cx| report::attach(cx, KEY, from, "Section I.pdf", file).await)
            .await
            .expect("attached");
    }

    async fn issue(&self, who: &Actor, from: i64) -> Result<(), Error> {
        let catalog = &self.scene.catalog;
        let issued =
            self.scene.app.transact(who, async |cx| report::issue(cx, KEY, from, catalog, "a test").await);
        issued.await
    }

    /// Does all that is needed, and issues.
    async fn issued(&self, scope: &Scope) {
        documents(&self.scene, &self.by).await;
        completed(&self.scene, &self.by, DATED).await;
        self.record(0, opinion(scope, OpinionKind::Unmodified)).await.expect("recorded");
        self.attach(1).await;
        assert_eq!(self.known(&self.bert).await.missing, []);
        self.issue(&self.bert, 2).await.expect("issued");
    }

    async fn package(&self) -> SocPackage {
        let (app, catalog) = (&self.scene.app, &self.scene.catalog);
        app.read(&self.by.writer, async |view| engagement::package(view, KEY, catalog, "later").await)
            .await
            .expect("a package")
    }

    /// Tests CHG-02 by items that are named, with one deviation; it is reviewed and shared, and management answers.
    async fn tested_by_name(&self) {
        let (app, catalog, audrey) = (&self.scene.app, &self.scene.catalog, &self.audrey);
        let keys = ["CHG-1".to_owned(), "CHG-2".to_owned()];
        let (met, not) = (AttributeState::Met, AttributeState::NotMet);
        let results = [
            (keys[0].clone(), vec![met, not], String::new()),
            (keys[1].clone(), vec![met, met], String::new()),
        ];
        app.transact(audrey, async |cx| {
            workpaper::begin(cx, KEY, plan(), catalog).await?;
            workpaper::name_items(cx, KEY, 1, 1, &keys).await?;
            workpaper::record(cx, KEY, 1, 2, &results).await?;
            let excepting = Excepting {
                number: None,
                items: BTreeSet::from([keys[0].clone()]),
                nature: "The author approved the change.".into(),
                cause: Cause::Slip,
                effect: "The change was right.".into(),
            };
            workpaper::except(cx, KEY, 1, 3, excepting).await?;
            let concluding =
                Concluding { outcome: Outcome::Exceptions, text: "Not once.".into(), zero: None };
            workpaper::conclude(cx, KEY, 1, 4, concluding, &Catalog::builtin()).await
        })
        .await
        .expect("tested");
        self.shared(5).await;
    }

    /// Signs and shares the one paper, and answers its exception.
    async fn shared(&self, mut version: i64) {
        let app = &self.scene.app;
        let signings =
            [(&self.audrey, Signing::Prepare), (&self.bert, Signing::Review), (&self.audrey, Signing::Share)];
        for (who, what) in signings {
            app.transact(who, async |cx| signed::sign::<Workpaper>(cx, KEY, 1, version, what).await)
                .await
                .expect("signed");
            version += 1;
        }
        let response = ManagementResponse {
            workpaper: 1,
            exception: 1,
            response: "We looked back: nothing else.".into(),
            action: "Branch protection covers administrators.".into(),
            due: Some("2027-03-31".parse().expect("a day")),
        };
        app.transact(&self.by.writer, async |cx| workpaper::respond(cx, KEY, 0, response).await)
            .await
            .expect("answered");
    }
}

#[tokio::test]
async fn each_thing_that_is_missing_keeps_a_report_from_being_issued() {
    for world in World::both().await {
        let scope = scope(ReportKind::Soc2, period());
        let stage = Stage::after(&world, scope.clone()).await;
        let Stage { scene, by, audrey, bert } = &stage;
        let needed = |day: Option<&str>| Gate::Unconfirmed {
            needed: day.map(|day| day.parse().expect("a day")),
            until: None,
        };
        let missing = async |who: &Actor| stage.known(who).await.missing;
        let unwritten = [Gate::Unwritten(Paper::Description), Gate::Unwritten(Paper::Assertion)];
        let managements = [&unwritten[..], &[Gate::NoDate, needed(None), Gate::NoLetter]].concat();
        assert_eq!(missing(&by.writer).await, managements);
        let all = [&managements[..], &[Gate::Opinion, Gate::Section]].concat();
        assert_eq!(missing(audrey).await, all);

        documents(scene, by).await;
        assert_eq!(missing(&by.writer).await, managements[2..]);
        stage.record(0, opinion(&scope, OpinionKind::Qualified)).await.expect("recorded");
        stage.attach(1).await;
        let modified = Gate::Unmodified(OpinionKind::Qualified);
        let rest = [Gate::NoDate, needed(Some(DATED)), Gate::NoLetter, modified.clone()];
        assert_eq!(missing(bert).await, rest);
        assert_eq!(missing(audrey).await, [&rest[..], &[Gate::OwnOpinion]].concat());
        // Management reads its own part of it, and nothing of the opinion.
        assert_eq!(missing(&by.writer).await, [Gate::NoDate, needed(None), Gate::NoLetter]);
        let says = refused(stage.issue(bert, 2).await).to_string();
        assert!(says.ends_with("management has not recorded the date of the report"), "{says}");

        dated(scene, by, "2027-01-19").await.expect("dated");
        let says = refused(stage.issue(bert, 2).await).to_string();
        assert!(says.ends_with("and the representation letter 2027-01-19; both have one date"), "{says}");
        completed(scene, by, DATED).await;
        assert_eq!(missing(&by.writer).await, []);
        assert_eq!(missing(bert).await, [modified]);
        let says = refused(stage.issue(bert, 2).await).to_string();
        assert!(says.contains("the opinion is qualified, and management's assertion is not"), "{says}");
        crate::reported::modified(&world, scene, by).await;
        assert_eq!(missing(bert).await, []);

        let says = refused(stage.issue(audrey, 2).await).to_string();
        assert!(says.contains("somebody else of the firm who is in the engagement does"), "{says}");
        stage.issue(bert, 2).await.expect("issued");
        let known = stage.known(&by.writer).await;
        let issue = known.report.issued().expect("issued");
        assert!(!issue.alone && issue.released().to_string() == "2027-01-21");
        assert!(known.missing.is_empty());
        // What it rests on stays as it was.
        let late = refused(dated(scene, by, "2027-01-18").await).to_string();
        assert!(late.contains("the report was issued on 2027-01-21"), "{late}");
    }
}

#[tokio::test]
async fn the_one_person_of_a_firm_issues_alone_and_the_record_says_so() {
    let world = World::sqlite();
    let scope = scope(ReportKind::Soc2, period());
    let scene = scene_of(&world, scope.clone()).await;
    go_to(&world, &scene, "2027-01-21");
    let by = signers(&world, &scene, "").await;
    let audrey = auditor(&world, &scene, "Audrey").await;
    let stage = Stage { bert: audrey.clone(), scene, by, audrey };
    assert!(stage.known(&stage.audrey).await.is_alone);
    stage.issued(&scope).await;
    let known = stage.known(&stage.by.writer).await;
    assert!(known.report.issued().expect("issued").alone);
}

/// What is done about a finding.
fn planned(owner: &Actor, plan: &str) -> Plan {
    Plan {
        owner: Some(owner.id),
        due: Some("2027-06-30".parse().expect("a day")),
        cause: String::new(),
        plan: plan.into(),
    }
}

/// A finding about a control in scope that is being corrected. Returns what names it.
async fn finding(scene: &Scene) -> String {
    let found = ProposedFinding {
        title: "Approval is late".into(),
        criteria: Vec::new(),
        control: Some(control_id()),
        check: None,
        condition: "Two approvals came after the deployment.".into(),
        cause: String::new(),
        effect: "e".into(),
        recommendation: "r".into(),
        severity: Severity::Medium,
        origin: None,
    };
    let (robin, reference) = (somebody(scene, "Robin Example").await, found.reference());
    let plan = planned(&robin, "a first plan");
    let taken = scene.app.transact(&robin, async |cx| remediation::take(cx, found, plan).await);
    assert_eq!(taken.await.expect("taken on").state(), FindingState::Open);
    reference
}

/// Changes everything that the part was made from: a control, a commitment, a finding.
async fn move_on(scene: &Scene, finding: &str) {
    reword(scene, "Nobody approves anything.").await;
    let (robin, grace) = (somebody(scene, "Robin Example").await, somebody(scene, "Grace Example").await);
    let key = CommitmentKey(1);
    let app = &scene.app;
    let plan = planned(&robin, "nothing");
    let replanned = app.transact(&robin, async |cx| remediation::plan(cx, finding, 1, plan).await).await;
    assert!(matches!(replanned, Ok(remediation::Done::Done(_))), "{replanned:?}");
    let held = app.read(&scene.program, async |view| commitment::list(view).await).await.expect("a list");
    let mut promise = held[0].record.promise.clone();
    promise.statement = "80 % of each month.".into();
    let from = held[0].number;
    app.transact(&robin, async |cx| {
        commitment::change(cx, key, from, promise, Some(robin.id), "less", &scene.catalog).await
    })
    .await
    .expect("changed");
    app.transact(&grace, async |cx| commitment::approve(cx, key, from + 1).await).await.expect("approved");
}

fn figures(answer: &Verification) -> String {
    assert!(!answer.has_failed(), "{answer}");
    match &answer.figures {
        Level::Proven { detail } => detail.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_issued_stays_as_it_was_and_its_figures_follow_from_the_bundle() {
    for world in World::both().await {
        let scope = scope(ReportKind::Soc2, period());
        let stage = Stage::after(&world, scope.clone()).await;
        let Stage { scene, by, audrey, .. } = &stage;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let (_, answer) = export(app, &scene.program).await;
        assert!(matches!(answer.figures, Level::NotClaimed { .. }), "{answer}");
        let version = tested(scene, audrey, tickmark_core::id::PopulationKey(1)).await;
        stage.shared(version).await;
        app.transact(audrey, async |cx| workpaper::note(cx, KEY, "WP-1", "ask the lead developer").await)
            .await
            .expect("noted");
        // A paper that is never shared.
        let second =
            tickmark_core::engagement::fieldwork::Plan { procedure: "A secret test.".into(), ..plan() };
        app.transact(audrey, async |cx| workpaper::begin(cx, KEY, second, catalog).await)
            .await
            .expect("begun");
        let draft = stage.package().await;
        let found = finding(scene).await;
        assert_ne!(draft.responses, stage.package().await.responses, "a draft is as things are");
        stage.issued(&scope).await;

        let issued = stage.package().await;
        let one = issued.controls.iter().find(|one| one.id == CONTROL).expect("in scope");
        // Both wordings of the period with the day of the change, and not the one from after it.
        assert_eq!(one.statement, "Another developer approves each change in the repository.");
        assert_eq!((one.version, one.earlier.len()), (2, 1));
        assert_eq!((one.earlier[0].version, one.earlier[0].until.as_str()), (1, "2026-12-10"));
        let counts = one.tests[0].counts.expect("a deviation");
        assert_eq!((counts.tested, counts.deviations, counts.population), (4, 1, Some(10)));
        let kept = stage.known(&by.writer).await.report.kept().cloned().expect("kept");
        assert_eq!(issued.digest().expect("a digest"), kept.package.digest);
        assert_eq!(issued.generator, "a test", "as it was when it was issued");

        let take = async |what: Single| {
            app.read(&by.writer, async |view| engagement::single(view, KEY, what, catalog, "later").await)
                .await
                .expect("a document")
        };
        let oscal = async || {
            app.read(&by.writer, async |view| engagement::oscal(view, KEY, catalog, "later").await)
                .await
                .expect("a model")
        };
        let matrix = async || {
            app.transact(&by.writer, async |cx| {
                engagement::take_out_summary(cx, KEY, Summary::Matrix, catalog, "later").await
            })
            .await
            .expect("a list")
        };
        let before = (take(Single::Description).await, oscal().await, matrix().await);
        assert_eq!(before.1.digest().expect("a digest"), kept.whole.digest);
        world.wait(1);
        move_on(scene, &found).await;
        assert_eq!(stage.package().await, issued);
        assert_eq!((take(Single::Description).await, oscal().await, matrix().await), before);
        let (copied, _) = app
            .transact(&by.writer, async |cx| {
                engagement::copy_package(cx, KEY, "Rita", "Customer Ltd", catalog, "later").await
            })
            .await
            .expect("copied");
        assert_eq!(copied, issued);
        let taken = app
            .transact(audrey, async |cx| document::take(cx, KEY, Handed::Package, catalog, "later").await)
            .await
            .expect("taken");
        let Taken::Package(hers, _) = taken else { panic!("{taken:?}") };
        assert_eq!(*hers, issued);

        let (exported, answer) = export(app, &scene.program).await;
        let detail = figures(&answer);
        let count = issued.controls.len();
        let expected = format!(
            "E-1: {count} controls in {} texts, 1 test of 4 items with 1 deviation, the size of 1 population",
            count + 1
        );
        assert!(detail.starts_with(&expected), "{detail}");
        assert!(detail.contains("1 response to management's own findings"), "{detail}");
        // The log's key states in an envelope what was frozen, for tools that know nothing else of this format.
        let [stated] = &answer.statements[..] else { panic!("{answer}") };
        assert_eq!(stated.file, "report/E-1-statement.dsse.json");
        assert_eq!(stated.about, ["report/E-1-package.json", "report/E-1-records.json"]);
        assert_eq!((stated.what.as_str(), stated.signers.len()), ("urn:tickmark:frozen-part:1", 1));
        assert!(!answer.uncommitted.contains(&stated.file), "an entry commits to it");
        let held = contents(&exported);
        let digest = |bytes: &[u8]| tickmark_core::Digest::of(bytes);
        assert!(held.iter().any(|file| digest(file) == kept.package.digest), "the part travels");
        for (what, file) in
            [("own work", kept.whole.digest), ("Section I", digest(&pdf("<< /Root 1 0 R >>")))]
        {
            assert!(held.iter().all(|one| digest(one) != file), "{what} stays here");
        }
        for secret in ["A secret test.", "ask the lead developer", "We confirm what we told you."] {
            let has = |file: &Vec<u8>| file.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!held.iter().any(has), "{secret}");
        }
    }
}

#[tokio::test]
async fn a_report_as_of_one_date_has_no_operating_results() {
    for world in World::both().await {
        let scope = scope(ReportKind::Soc2, as_of());
        let stage = Stage::after(&world, scope.clone()).await;
        stage.tested_by_name().await;
        let operation = opinion(&self::scope(ReportKind::Soc2, period()), OpinionKind::Unmodified);
        let says = refused(stage.record(0, operation).await).to_string();
        assert!(says.contains("this report gives no opinion on (c)"), "{says}");
        stage.issued(&scope).await;
        let package = stage.package().await;
        assert_eq!((package.report.as_str(), package.is_period), ("SOC 2 Type 1", false));
        assert_eq!(package.time, "as of 2026-12-31");
        assert!(!package.controls.is_empty() && !package.criteria.is_empty());
        assert!(package.controls.iter().all(|one| one.tests.is_empty() && one.earlier.is_empty()));
        assert!(package.changes.is_empty() && package.responses.is_empty(), "{:?}", package.responses);
        let one = package.controls.iter().find(|one| one.id == CONTROL).expect("in scope");
        assert_eq!(one.statement, "Another developer approves each change in the repository.", "on its date");
        let (exported, answer) = export(&stage.scene.app, &stage.scene.program).await;
        assert!(figures(&answer).contains("0 tests of 0 items"), "{answer}");
        let text = "The author approved the change.";
        let has = |file: &Vec<u8>| file.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!contents(&exported).iter().any(has), "no result of a test travels");
    }
}

#[tokio::test]
async fn a_soc_1_has_objectives_and_their_results() {
    for world in World::both().await {
        let scope = scope(ReportKind::Soc1, period());
        let stage = Stage::after(&world, scope.clone()).await;
        stage.tested_by_name().await;
        stage.issued(&scope).await;
        let package = stage.package().await;
        assert_eq!((package.report.as_str(), package.is_period), ("SOC 1 Type 2", true));
        assert!(package.categories.is_empty() && package.excluded.is_empty());
        let ids: Vec<&str> = package.criteria.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["CO-01"]);
        let [one] = package.controls.as_slice() else { panic!("{:?}", package.controls) };
        assert_eq!(
            one.tests[0].result,
            "Exception noted: for 1 of 2 items tested, the author approved the change."
        );
        assert_eq!(one.tests[0].counts.expect("a deviation").population, None, "named by hand");
        let [response] = package.responses.as_slice() else { panic!("{:?}", package.responses) };
        assert_eq!(response.response, "We looked back: nothing else.");
        assert_eq!(
            (response.plan.as_str(), response.due.as_str()),
            ("Branch protection covers administrators.", "2027-03-31")
        );
        let parts = &package.description.as_ref().expect("described").parts;
        assert!(parts.iter().any(|part| part.part == "transactions"));
        assert!(parts.iter().all(|part| part.criterion.is_empty()), "no description criteria of a SOC 2");
        let (_, answer) = export(&stage.scene.app, &stage.scene.program).await;
        let detail = figures(&answer);
        assert!(
            detail
                .starts_with("E-1: 1 control in 2 texts, 1 test of 2 items with 1 deviation, the sizes of 0"),
            "{detail}"
        );
        assert!(!detail.contains("criteria apply"), "objectives stand in the scope: {detail}");
    }
}

#[tokio::test]
async fn a_soc_3_shows_the_public_no_controls_and_no_names() {
    for world in World::both().await {
        let subservice = Subservice {
            assumed: vec![tickmark_core::engagement::Assumed {
                text: "Doors are locked.".into(),
                criteria: BTreeSet::from(["CC6.4".into()]),
            }],
            monitoring: BTreeSet::from([control_id()]),
            decision: Decision {
                approver: "Mara Example".into(),
                decided: Some("2026-11-20".parse().expect("a day")),
                categories: BTreeSet::from(["security".into()]),
            },
            ..Subservice::of("Cloud Example", "hosts the servers", Method::CarveOut, "its data centers")
        };
        let scope = Scope { subservices: vec![subservice], ..scope(ReportKind::Soc3, period()) };
        let stage = Stage::after(&world, scope.clone()).await;
        stage.tested_by_name().await;
        let from = number(&stage.scene).await;
        let description = stage
            .scene
            .app
            .transact(&stage.by.writer, async |cx| {
                engagement::describe(cx, KEY, from, tickmark_core::engagement::Description::default()).await
            })
            .await;
        assert!(refused(description).to_string().contains("a SOC 3 has no description"));
        stage.issued(&scope).await;
        let package = stage.package().await;
        assert_eq!((package.report.as_str(), package.is_period), ("SOC 3", true));
        assert!(package.description.is_none() && package.assertion.is_some());
        assert!(package.criteria.is_empty() && package.controls.is_empty());
        assert!(package.responses.is_empty() && package.changes.is_empty() && package.events.is_empty());
        assert!(!package.boundary.is_empty() && package.commitments.len() == 1);
        let text = serde_json::to_string(&package).expect("JSON");
        assert!(!text.contains("Cloud Example") && !text.contains("Doors are locked."), "{text}");
        assert_eq!(package.subservices.len(), 1, "told in summary");
        // Those who run it still exchange criteria and controls.
        let (app, catalog) = (&stage.scene.app, &stage.scene.catalog);
        let model = app
            .read(&stage.by.writer, async |view| engagement::oscal(view, KEY, catalog, "later").await)
            .await
            .expect("a model");
        assert!(!model.package.controls.is_empty());
        assert!(model.package.controls.iter().all(|one| one.tests.is_empty()));
        let (_, answer) = export(app, &stage.scene.program).await;
        assert!(figures(&answer).starts_with("E-1: 0 controls in 0 texts, 0 tests"), "{answer}");
    }
}

#[tokio::test]
async fn drafts_go_to_the_auditor_for_review_and_section_v_tells_of_events() {
    for world in World::both().await {
        let stage = Stage::after(&world, scope(ReportKind::Soc2, period())).await;
        let Stage { scene, by, audrey, .. } = &stage;
        let (app, catalog) = (&scene.app, &scene.catalog);
        for (number, decided) in [Decided::OtherInformation, Decided::ToldAuditor].into_iter().enumerate() {
            let told = Told {
                day: "2027-01-10".parse().expect("a day"),
                kind: EventKind::Vendor,
                what: format!("Vendor {number} was changed"),
                effect: "Mail leaves through another relay.".into(),
                decided,
                reason: "readers ask".into(),
            };
            app.transact(&by.writer, async |cx| {
                let from = engagement::completion(cx, KEY).await?.number;
                engagement::tell_event(cx, KEY, from, None, told).await
            })
            .await
            .expect("told");
        }
        let package = stage.package().await;
        let [event] = package.events.as_slice() else { panic!("{:?}", package.events) };
        assert_eq!((event.number, event.day.as_str()), (1, "2027-01-10"));
        assert_eq!(event.what, "Vendor 0 was changed");

        documents(scene, by).await;
        let from = number(scene).await;
        let assertion = tickmark_core::engagement::Assertion {
            text: "We assert again.".into(),
            signatory: "Eva".into(),
            title: "Director".into(),
        };
        app.transact(&by.writer, async |cx| engagement::assert(cx, KEY, from, assertion).await)
            .await
            .expect("asserted");
        let from = number(scene).await;
        app.transact(&by.reviewer, async |cx| {
            engagement::sign(cx, KEY, from, Paper::Assertion, Step::Review).await
        })
        .await
        .expect("reviewed");
        let status = |package: &SocPackage| package.assertion.as_ref().expect("there").status;
        assert_eq!(status(&stage.package().await), DocumentStatus::ManagementDraft);
        world.wait(60);
        let what = Handed::Single(Single::Assertion);
        let taken = app
            .transact(audrey, async |cx| document::take(cx, KEY, what, catalog, "a test").await)
            .await
            .expect("taken");
        let Taken::Writing(writing, _) = taken else { panic!("{taken:?}") };
        assert_eq!(writing.status, DocumentStatus::ForAuditorReview);
        let package = stage.package().await;
        assert_eq!(status(&package), DocumentStatus::ForAuditorReview);
        assert_eq!(package.status, DocumentStatus::ForAuditorReview);
        // What is written anew afterwards is management's draft again.
        asserted(scene, by, "We assert once more.").await;
        assert_eq!(status(&stage.package().await), DocumentStatus::FinalManagement);
    }
}
