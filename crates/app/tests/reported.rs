//! What ends an examination: management signs its papers, and the firm's report is recorded and issued, on both databases.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::engagement::fieldwork::{access, report, request};
use tickmark_app::engagement::{self, Completed, Receiving};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::testing::World;
use tickmark_app::{Actor, Error};
use tickmark_core::engagement::completion::Letter;
use tickmark_core::engagement::fieldwork::{Opinion, OpinionKind, Part as ReportPart, PartResult};
use tickmark_core::engagement::{
    Assertion, Description as SystemDescription, Paper, Part, Passage, ReportKind, Scope, Step,
};
use tickmark_core::identity::Role;
use tickmark_core::time::DAY_US;

use crate::fieldwork::{KEY, Scene, auditor, refused, scene};

/// A PDF as small as they come.
pub(crate) fn pdf(trailer: &str) -> Bytes {
    let body = "%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n";
    let table = "xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n";
    Bytes::from(format!("{body}{table}trailer\n{trailer}\nstartxref\n{}\n%%EOF\n", body.len()))
}

fn opinion() -> Opinion {
    let part = |part, result, concerns: &[&str], basis: &str| PartResult {
        part,
        result,
        concerns: concerns.iter().map(ToString::to_string).collect(),
        basis: basis.into(),
    };
    Opinion {
        parts: vec![
            part(ReportPart::Description, OpinionKind::Unmodified, &[], ""),
            part(ReportPart::Design, OpinionKind::Unmodified, &[], ""),
            part(
                ReportPart::Operation,
                OpinionKind::Qualified,
                &["CC8.1"],
                "Changes were approved by their authors.",
            ),
        ],
        label: OpinionKind::Qualified,
        dated: "2027-12-10".parse().expect("a day"),
    }
}

/// People of management, each for one step.
pub(crate) struct Signers {
    pub(crate) writer: Actor,
    pub(crate) reviewer: Actor,
    pub(crate) approver: Actor,
}

/// Lets three people in, whose names end with `mark`.
pub(crate) async fn signers(world: &World, scene: &Scene, mark: &str) -> Signers {
    let one = async |name: &str, role: Role| {
        let member = world.member(&scene.app, &scene.program, &format!("{name}{mark}"), &[role]).await;
        member.actor(world, &scene.app).await
    };
    Signers {
        writer: one("Mel", Role::ComplianceManager).await,
        reviewer: one("Mia", Role::ComplianceManager).await,
        approver: one("Eva", Role::Executive).await,
    }
}

pub(crate) async fn number(scene: &Scene) -> i64 {
    let version = scene.app.read(&scene.program, async |view| engagement::find(view, KEY).await).await;
    version.expect("there").number
}

async fn sign(scene: &Scene, by: &Signers, paper: Paper) {
    for (who, step) in [(&by.reviewer, Step::Review), (&by.approver, Step::Approve)] {
        let from = number(scene).await;
        scene
            .app
            .transact(who, async |cx| engagement::sign(cx, KEY, from, paper, step).await)
            .await
            .expect("signed");
    }
}

/// Management's documents, approved by three people.
pub(crate) async fn documents(scene: &Scene, by: &Signers) {
    let app = &scene.app;
    let passage = |(part, _): (Part, bool)| {
        let none = part.may_be_none();
        (part, Passage { text: if none { String::new() } else { "As it really runs.".into() }, none })
    };
    let version =
        app.read(&scene.program, async |view| engagement::find(view, KEY).await).await.expect("there");
    let scope = version.record.holds().clone();
    if scope.kind != ReportKind::Soc3 {
        let description = SystemDescription {
            parts: Part::of(scope.kind, scope.time).into_iter().map(passage).collect(),
            ..SystemDescription::default()
        };
        app.transact(&by.writer, async |cx| engagement::describe(cx, KEY, version.number, description).await)
            .await
            .expect("described");
        sign(scene, by, Paper::Description).await;
    }
    asserted(scene, by, "We assert.").await;
}

/// The assertion, written anew and signed.
pub(crate) async fn asserted(scene: &Scene, by: &Signers, text: &str) {
    let from = number(scene).await;
    let assertion = Assertion { text: text.into(), signatory: "Eva".into(), title: "Director".into() };
    scene
        .app
        .transact(&by.writer, async |cx| engagement::assert(cx, KEY, from, assertion).await)
        .await
        .expect("asserted");
    sign(scene, by, Paper::Assertion).await;
}

async fn completing(scene: &Scene) -> i64 {
    let found = scene.app.read(&scene.program, async |view| engagement::completion(view, KEY).await).await;
    found.expect("there").number
}

/// Sets the date of the report.
pub(crate) async fn dated(scene: &Scene, by: &Signers, day: &str) -> Result<(), Error> {
    let from = completing(scene).await;
    let day = day.parse().expect("a day");
    let done =
        scene.app.transact(&by.writer, async |cx| engagement::date_report(cx, KEY, from, day).await).await?;
    assert!(matches!(done, Completed::Done(_)), "{done:?}");
    Ok(())
}

/// What completes an examination: the register of events confirmed up to the date of the report, and the letter signed.
pub(crate) async fn completed(scene: &Scene, by: &Signers, day: &str) {
    let app = &scene.app;
    dated(scene, by, day).await.expect("dated");
    let from = completing(scene).await;
    let until = day.parse().expect("a day");
    app.transact(&by.approver, async |cx| engagement::confirm_events(cx, KEY, from, until).await)
        .await
        .expect("confirmed");
    let letter = Letter {
        to: "Example & Partners".into(),
        text: "We confirm what we told you.".into(),
        signatory: "Eva".into(),
        title: "Director".into(),
    };
    let from = completing(scene).await;
    app.transact(&by.writer, async |cx| engagement::represent(cx, KEY, from, letter).await)
        .await
        .expect("written");
    for (who, step) in [(&by.reviewer, Step::Review), (&by.approver, Step::Approve)] {
        let from = completing(scene).await;
        app.transact(who, async |cx| engagement::sign_representation(cx, KEY, from, step).await)
            .await
            .expect("signed");
    }
}

/// Management says in its assertion that the opinion is modified.
pub(crate) async fn modified(world: &World, scene: &Scene, by: &Signers) {
    let from = number(scene).await;
    scene
        .app
        .transact(&by.writer, async |cx| {
            engagement::modify_opinion(cx, KEY, from, "CC8.1 was not met.").await
        })
        .await
        .expect("told");
    world.wait(1);
    asserted(scene, by, "We assert, except that CC8.1 was not met.").await;
}

#[tokio::test]
async fn an_engagement_is_frozen_only_once_managements_assertion_is_signed() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let by = signers(&world, &scene, "").await;
        let audrey = auditor(&world, &scene, "Audrey").await;
        let freeze = async |who: &Actor| {
            app.transact(who, async |cx| report::freeze(cx, KEY, "it is over", catalog, "a test").await).await
        };
        for who in [&by.writer, &audrey] {
            let says = refused(freeze(who).await).to_string();
            assert!(says.contains("frozen yet: management's assertion is not written"), "{says}");
            assert!(says.contains("management signs it first, or closes the engagement"), "{says}");
        }
        let from = number(&scene).await;
        let assertion =
            Assertion { text: "We assert.".into(), signatory: "Eva".into(), title: "Director".into() };
        app.transact(&by.writer, async |cx| engagement::assert(cx, KEY, from, assertion).await)
            .await
            .expect("asserted");
        let says = refused(freeze(&by.writer).await).to_string();
        assert!(says.contains("nobody of management has reviewed management's assertion"), "{says}");
        sign(&scene, &by, Paper::Assertion).await;
        freeze(&audrey).await.expect("frozen");
        let again = refused(freeze(&by.writer).await).to_string();
        assert!(again.contains("frozen since"), "{again}");

        // What is frozen so takes the report that came from outside.
        world.clock.advance(385 * DAY_US);
        let by = signers(&world, &scene, "2").await;
        let receiving = Receiving {
            firm: "Example & Partners".into(),
            day: "2027-12-10".parse().expect("a day"),
            file: "report.pdf".into(),
            digest: tickmark_core::Digest::of(b"the signed file"),
            bytes: None,
        };
        let from = completing(&scene).await;
        let received = app
            .transact(&by.writer, async |cx| {
                engagement::receive_report(cx, KEY, from, receiving, (catalog, "a test")).await
            })
            .await;
        assert!(matches!(received, Ok(Completed::Done(_))), "{received:?}");
    }
}

#[tokio::test]
async fn an_assertion_that_nobody_signed_keeps_a_report_out_of_an_engagement_that_is_over() {
    let world = World::sqlite();
    let scene = scene(&world).await;
    let (app, catalog) = (&scene.app, &scene.catalog);
    app.transact(&scene.cam, async |cx| engagement::close(cx, KEY, "given up").await).await.expect("closed");
    world.clock.advance(385 * DAY_US);
    let by = signers(&world, &scene, "").await;
    let receiving = Receiving {
        firm: "Example & Partners".into(),
        day: "2027-12-10".parse().expect("a day"),
        file: "report.pdf".into(),
        digest: tickmark_core::Digest::of(b"the signed file"),
        bytes: None,
    };
    let received = app.transact(&by.writer, async |cx| {
        engagement::receive_report(cx, KEY, 0, receiving, (catalog, "a test")).await
    });
    let says = refused(received.await).to_string();
    assert!(says.ends_with("the engagement is over, and nothing is signed in it any more"), "{says}");
}

#[tokio::test]
async fn a_report_is_recorded_issued_and_then_nothing_changes() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        documents(&scene, &signers(&world, &scene, "").await).await;
        // A report is issued after the end of what it is about, on its date or later.
        world.clock.advance(385 * DAY_US);
        let by = signers(&world, &scene, "2").await;
        let cam = &by.writer;
        let audrey = auditor(&world, &scene, "Audrey").await;
        let bert = auditor(&world, &scene, "Bert").await;
        let record = |actor: Actor, from: i64, opinion: Opinion| async move {
            app.transact(&actor, async |cx| report::record(cx, KEY, from, opinion, catalog).await).await
        };
        let attach = |actor: Actor, from: i64, bytes: Bytes| async move {
            app.transact(&actor, async |cx| report::attach(cx, KEY, from, "Section I.pdf", bytes).await).await
        };
        let issue = |actor: Actor, from: i64| async move {
            app.transact(&actor, async |cx| report::issue(cx, KEY, from, catalog, "a test").await).await
        };
        // Nobody but the firm, whatever they hold in hand.
        for other in [cam.clone(), scene.program.clone()] {
            assert!(matches!(refused(record(other.clone(), 0, opinion()).await), Error::Forbidden(_)));
            assert!(matches!(
                refused(attach(other.clone(), 0, pdf("<< /Root 1 0 R >>")).await),
                Error::Forbidden(_)
            ));
            assert!(matches!(refused(issue(other, 0).await), Error::Forbidden(_)));
        }
        let mut foreign = opinion();
        foreign.parts[2].concerns = BTreeSet::from(["A1.2".into()]);
        assert!(
            refused(record(audrey.clone(), 0, foreign).await).to_string().contains("\"A1.2\" is neither")
        );
        record(audrey.clone(), 0, opinion()).await.expect("recorded");
        let locked = attach(audrey.clone(), 1, pdf("<< /Root 1 0 R /Encrypt 3 0 R >>")).await;
        assert!(refused(locked).to_string().contains("encrypted PDF"));
        let whole = pdf("<< /Root 1 0 R >>");
        let cut = attach(audrey.clone(), 1, whole.slice(..whole.len() - 10)).await;
        assert!(refused(cut).to_string().contains("breaks off"));
        let digest = attach(audrey.clone(), 1, whole.clone()).await.expect("attached");
        assert_eq!(digest, tickmark_core::Digest::of(&whole));
        // Management knows nothing of it before it is issued.
        let known = app.read(cam, async |view| report::find(view, KEY, catalog).await).await.expect("known");
        assert!(known.report.opinion().is_none() && known.report.section().is_none());
        assert!(matches!(refused(report::read_section(app, cam, KEY).await), Error::NotFound { .. }));
        assert!(refused(issue(bert.clone(), 1).await).to_string().contains("changed it meanwhile"));
        completed(&scene, &by, "2027-12-10").await;
        let unmodified = refused(issue(bert.clone(), 2).await).to_string();
        assert!(
            unmodified.contains("the opinion is qualified, and management's assertion is not"),
            "{unmodified}"
        );
        modified(&world, &scene, &by).await;
        let own = refused(issue(audrey.clone(), 2).await).to_string();
        assert!(own.contains("whoever set the opinion does not issue the report"), "{own}");
        issue(bert.clone(), 2).await.expect("issued");
        let (section, bytes) = report::read_section(app, cam, KEY).await.expect("read");
        assert_eq!((section.digest, bytes), (digest, whole));
        let known = app.read(cam, async |view| report::find(view, KEY, catalog).await).await.expect("known");
        assert_eq!(known.report.opinion().map(|held| held.label), Some(OpinionKind::Qualified));

        // It is no part of what the organization hands out as proof.
        let (exported, answer) = crate::bundle::export(app, &scene.program).await;
        assert!(!answer.has_failed(), "{answer}");
        let held = crate::bundle::contents(&exported);
        assert!(held.len() > 3 && held.iter().all(|file| tickmark_core::Digest::of(file) != digest));

        // Management's part names the file, and it goes with it byte for byte.
        let part = app.read(cam, async |view| engagement::package(view, KEY, catalog, "a test").await).await;
        let part = part.expect("frozen");
        let named = part.section.clone().expect("the signed section");
        assert_eq!((named.digest, named.size), (digest, Some(section.size)));
        assert!(named.name == "Section I.pdf" && named.by.starts_with("Bert"), "{named:?}");
        assert_eq!(named.dated, "2027-12-10");
        let files = engagement::files_of_package(app, cam, KEY, &part).await.expect("its files");
        assert_eq!(files.get(&digest).map(|bytes| tickmark_core::Digest::of(bytes)), Some(digest));

        // Frozen for all.
        let says = "frozen since";
        assert!(refused(record(audrey.clone(), 3, opinion()).await).to_string().contains(says));
        let asked = app.transact(&audrey, async |cx| request::add_defaults(cx, KEY, catalog).await).await;
        assert!(refused(asked).to_string().contains(says));
        let version =
            app.read(&scene.program, async |view| engagement::find(view, KEY).await).await.expect("there");
        let from = version.number;
        let changed = Scope { boundary: "Elsewhere.".into(), ..version.record.scope.clone() };
        let scope =
            app.transact(cam, async |cx| engagement::change(cx, KEY, from, changed, "later").await).await;
        assert!(refused(scope).to_string().contains(says));
        let last = "2027-01-31".parse().expect("a day");
        let late = app
            .transact(&scene.program, async |cx| access::let_in(cx, KEY, "late@firm.example", last).await)
            .await;
        assert!(refused(late).to_string().contains(says));
        let trail = app
            .read(&scene.program, async |view| {
                let filter = Filter { event: Some("report".into()), ..Filter::default() };
                audit::search(view, &filter, 100).await
            })
            .await
            .expect("rows");
        for (event, times) in [
            ("report.opinion_recorded", 1),
            ("report.section_uploaded", 1),
            ("report.issued", 1),
            // Alone, and with management's part.
            ("report.downloaded", 2),
        ] {
            assert_eq!(trail.iter().filter(|row| row.event == event).count(), times, "{event}");
        }
    }
}
