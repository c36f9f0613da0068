//! What changed of the controls in scope between what management signed and the report, and that management confirms it, on both
//! databases.

use std::collections::BTreeSet;

use tickmark_app::control;
use tickmark_app::control::edit;
use tickmark_app::engagement::fieldwork::report;
use tickmark_app::engagement::fieldwork::{Next, next};
use tickmark_app::engagement::{Completed, Confirming, Receiving, SinceSigned};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_app::testing::World;
use tickmark_app::{Actor, Error, engagement};
use tickmark_core::Digest;
use tickmark_core::control::{Content, ControlId, Frequency};
use tickmark_core::engagement::fieldwork::{Gate, Party};
use tickmark_core::engagement::{
    Description, ManagementStep, Paper, Part, Passage, ReportKind, Step, Unconfirmed,
};
use tickmark_core::identity::Role;
use tickmark_core::time::DAY_US;

use crate::fieldwork::{KEY, Scene, auditor, refused, scene, scope};
use crate::issue::reword;
use crate::reported::{completed, documents, number, signers};

async fn since(scene: &Scene, who: &Actor) -> Option<SinceSigned> {
    let found = scene.app.read(who, async |view| engagement::since_signed(view, KEY, &scene.catalog).await);
    found.await.expect("known")
}

async fn confirm(scene: &Scene, who: &Actor, seen: Digest, why: &str) -> Result<Confirming, Error> {
    let catalog = &scene.catalog;
    scene.app.transact(who, async |cx| engagement::confirm_changes(cx, KEY, seen, why, catalog).await).await
}

/// Confirms what changed as it is now.
async fn confirmed(scene: &Scene, who: &Actor) -> SinceSigned {
    let seen = since(scene, who).await.expect("signed").digest();
    match confirm(scene, who, seen, "The same is done by others.").await.expect("confirmed") {
        Confirming::Done(since) => *since,
        Confirming::Stale(since) => panic!("stale: {since:?}"),
    }
}

async fn receive(scene: &Scene, who: &Actor) -> Result<Completed, Error> {
    let from = scene
        .app
        .read(&scene.program, async |view| engagement::completion(view, KEY).await)
        .await
        .expect("there")
        .number;
    let receiving = Receiving {
        firm: "Example & Partners".into(),
        day: "2027-12-10".parse().expect("a day"),
        file: "report.pdf".into(),
        digest: Digest::of(b"the signed file"),
        bytes: None,
    };
    let catalog = &scene.catalog;
    scene
        .app
        .transact(who, async |cx| {
            engagement::receive_report(cx, KEY, from, receiving, (catalog, "a test")).await
        })
        .await
}

/// Gives a control another frequency, which somebody else approves.
async fn paced(scene: &Scene, id: &str) {
    let id: ControlId = id.parse().expect("an id");
    let somebody = async |name: &str| {
        let made =
            scene.app.transact(&scene.program, async |cx| ensure_actor(cx, ActorKind::Person, name).await);
        made.await.expect("a person")
    };
    let (robin, grace) = (somebody("Robin Example").await, somebody("Grace Example").await);
    let one = scene.app.read(&robin, async |view| control::find(view, &id).await).await.expect("there");
    let often = if one.frequency == Frequency::Weekly { Frequency::Daily } else { Frequency::Weekly };
    let content = Content { frequency: often, ..one.content() };
    let from = control::state_of(&one).expect("a digest");
    let changed = scene.app.transact(&robin, async |cx| {
        edit::change(cx, &id, from, content, one.assigned(), "as it is done", &scene.catalog).await
    });
    let edit::Changed::Done(waiting, _) = changed.await.expect("changed") else { panic!("stale") };
    let from = control::state_of(&waiting).expect("a digest");
    scene.app.transact(&grace, async |cx| edit::approve(cx, &id, from, None).await).await.expect("approved");
}

#[tokio::test]
async fn what_changed_of_controls_since_management_signed_is_told_to_both_parties() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let party = async |who: &Actor| {
            let found = scene.app.read(who, async |view| Ok(engagement::fieldwork::party(view, KEY))).await;
            found.expect("known")
        };
        assert_eq!(party(&scene.cam).await, Some(Party::Management));
        assert_eq!(since(&scene, &scene.cam).await, None, "nothing is signed");
        let by = signers(&world, &scene, "").await;
        documents(&scene, &by).await;
        world.wait(60);
        let signed = since(&scene, &scene.cam).await.expect("signed");
        assert!(signed.changes.is_empty() && signed.unconfirmed().is_none(), "{signed:?}");

        reword(&scene, "Another developer approves each change in the repository.").await;
        let told = since(&scene, &scene.cam).await.expect("signed");
        assert_eq!(told.at, signed.at, "what changes a control makes no signature void");
        let [change] = told.changes.as_slice() else { panic!("{told:?}") };
        assert_eq!((change.control.as_str(), change.says.as_str()), ("CHG-02", "its text is another one"));
        assert_eq!(told.unconfirmed(), Some(Unconfirmed { changed: 1, since_confirmed: None }));
        let audrey = auditor(&world, &scene, "Audrey").await;
        assert_eq!((party(&audrey).await, since(&scene, &audrey).await), (Some(Party::Auditor), Some(told)));
    }
}

#[tokio::test]
async fn what_changed_since_management_signed_is_confirmed_before_a_report_is_recorded() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let early = confirm(&scene, &signers(&world, &scene, "").await.approver, Digest([0; 32]), "x").await;
        assert!(refused(early).to_string().contains("management has signed nothing yet"));
        documents(&scene, &signers(&world, &scene, "1").await).await;
        world.clock.advance(385 * DAY_US);
        let by = signers(&world, &scene, "2").await;
        let (cam, eva) = (&by.writer, &by.approver);
        let nothing = since(&scene, cam).await.expect("signed");
        let none = confirm(&scene, eva, nothing.digest(), "x").await;
        assert!(refused(none).to_string().contains("no control in scope changed since management signed"));

        reword(&scene, "Another developer approves each change in the repository.").await;
        let says = "1 control in scope changed since management signed, and management has not confirmed it";
        assert_eq!(
            refused(receive(&scene, cam).await).to_string(),
            format!("the report cannot be recorded yet: {says}")
        );
        let frozen =
            app.transact(cam, async |cx| report::freeze(cx, KEY, "over", catalog, "a test").await).await;
        let frozen = refused(frozen).to_string();
        assert!(frozen.contains(says) && frozen.contains("management confirms what changed"), "{frozen}");
        let missing = async |who: &Actor| {
            app.read(who, async |view| report::find(view, KEY, catalog).await).await.expect("known").missing
        };
        let changed = Gate::Changed(Unconfirmed { changed: 1, since_confirmed: None });
        assert!(missing(cam).await.contains(&changed));
        let coming = async |who: &Actor| {
            app.read(who, async |view| next(view, KEY, &[], catalog).await).await.expect("known")
        };
        auditor(&world, &scene, "Audrey").await;
        assert_eq!(coming(cam).await, Some(Next::Management(ManagementStep::ConfirmChanges(1))));

        // Who may approve the description, with a fresh proof, a reason, and having looked at these changes.
        let seen = since(&scene, cam).await.expect("signed").digest();
        for (who, is) in
            [(cam, "no role for it"), (&by.reviewer, "no role for it"), (&scene.program, "a program")]
        {
            let denied = refused(confirm(&scene, who, seen, "x").await);
            assert!(matches!(denied, Error::Forbidden(_)), "{is}: {denied}");
        }
        assert!(matches!(refused(confirm(&scene, eva, seen, " ").await), Error::Invalid(_)));
        let other = confirm(&scene, eva, nothing.digest(), "x").await.expect("asked");
        assert!(matches!(&other, Confirming::Stale(now) if now.digest() == seen), "{other:?}");
        let robin = app
            .transact(&scene.program, async |cx| ensure_actor(cx, ActorKind::Person, "Robin Example").await);
        let own = refused(confirm(&scene, &robin.await.expect("a person"), seen, "x").await).to_string();
        assert!(own.contains("who wrote all of these changes does not confirm them"), "{own}");
        let given = confirmed(&scene, eva).await;
        assert_eq!(
            given.covered().map(|one| (one.by, one.reason.as_str())),
            Some((eva.id, "The same is done by others."))
        );
        assert_eq!(since(&scene, cam).await, Some(given.clone()));
        assert!(!missing(cam).await.contains(&changed));
        let twice = refused(confirm(&scene, eva, seen, "x").await).to_string();
        assert!(twice.contains("confirmed as it stands"), "{twice}");

        // Another control, and the same one once more: what was confirmed covers neither.
        world.wait(60);
        paced(&scene, "IAM-05").await;
        let more = since(&scene, cam).await.expect("signed");
        assert_eq!(more.unconfirmed(), Some(Unconfirmed { changed: 2, since_confirmed: Some(1) }));
        let says = refused(receive(&scene, cam).await).to_string();
        assert!(
            says.ends_with("one more control changed since the confirmation: management confirms again"),
            "{says}"
        );
        confirmed(&scene, eva).await;
        world.wait(60);
        reword(&scene, "Two other developers approve each change in the repository.").await;
        let again = since(&scene, cam).await.expect("signed");
        assert_eq!(again.unconfirmed(), Some(Unconfirmed { changed: 2, since_confirmed: Some(1) }));
        let part = async || {
            let found = app.read(cam, async |view| engagement::package(view, KEY, catalog, "a test").await);
            found.await.expect("a part")
        };
        let draft = part().await;
        assert!(draft.open.iter().any(|open| open.contains("since the confirmation")), "{:?}", draft.open);
        assert_eq!(draft.confirmed, None);
        confirmed(&scene, eva).await;

        // Then the report is recorded, and management's part says who confirmed what.
        assert!(matches!(receive(&scene, cam).await, Ok(Completed::Done(_))));
        let kept = part().await;
        let told = kept.confirmed.clone().expect("told");
        let controls: BTreeSet<&str> = told.changes.iter().map(|one| one.control.as_str()).collect();
        assert_eq!(controls, BTreeSet::from(["CHG-02", "IAM-05"]));
        assert!(told.by.starts_with("Eva2"), "{told:?}");
        let late = refused(confirm(&scene, eva, again.digest(), "x").await).to_string();
        assert!(late.contains("the report is there"), "{late}");
        let filter = Filter { event: Some("engagement.changes_confirmed".into()), ..Filter::default() };
        let rows = app.read(&scene.program, async |view| audit::search(view, &filter, 10).await).await;
        let rows = rows.expect("rows");
        assert_eq!(rows.len(), 3);
        let why = Some("The same is done by others.");
        assert!(rows.iter().all(|row| row.object == "E-1" && row.why.as_deref() == why), "{rows:?}");
    }
}

#[tokio::test]
async fn the_description_signed_anew_covers_what_changed_of_controls() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        documents(&scene, &signers(&world, &scene, "").await).await;
        world.clock.advance(385 * DAY_US);
        let by = signers(&world, &scene, "2").await;
        reword(&scene, "Another developer approves each change in the repository.").await;
        assert!(since(&scene, &by.writer).await.expect("signed").unconfirmed().is_some());
        let gates = async || {
            let found = app.read(&by.writer, async |view| report::find(view, KEY, catalog).await);
            found.await.expect("known").missing
        };
        completed(&scene, &by, "2027-12-10").await;
        assert_eq!(gates().await, [Gate::Changed(Unconfirmed { changed: 1, since_confirmed: None })]);

        world.wait(60);
        let passage = |(part, _): (Part, bool)| {
            let none = part.may_be_none();
            (part, Passage { text: if none { String::new() } else { "As it runs since.".into() }, none })
        };
        let parts = Part::of(ReportKind::Soc2, scope().time).into_iter().map(passage).collect();
        let (from, anew) = (number(&scene).await, Description { parts, ..Description::default() });
        app.transact(&by.writer, async |cx| engagement::describe(cx, KEY, from, anew).await)
            .await
            .expect("described");
        for (who, step) in [(&by.reviewer, Step::Review), (&by.approver, Step::Approve)] {
            let from = number(&scene).await;
            app.transact(who, async |cx| engagement::sign(cx, KEY, from, Paper::Description, step).await)
                .await
                .expect("signed");
        }
        let anew = since(&scene, &by.writer).await.expect("signed");
        assert!(anew.changes.is_empty(), "{anew:?}");
        assert_eq!(gates().await, []);
        assert!(matches!(receive(&scene, &by.writer).await, Ok(Completed::Done(_))));
    }
}

#[tokio::test]
async fn an_executive_alone_confirms_with_a_proof_that_is_fresh() {
    let world = World::sqlite();
    let scene = scene(&world).await;
    let by = signers(&world, &scene, "").await;
    documents(&scene, &by).await;
    world.wait(60);
    reword(&scene, "Another developer approves each change in the repository.").await;
    let seen = since(&scene, &scene.cam).await.expect("signed").digest();
    world.wait(601);
    let stale = refused(confirm(&scene, &by.approver, seen, "x").await);
    assert!(matches!(stale, Error::StepUp), "{stale}");
    let fresh = world.member(&scene.app, &scene.program, "Ewa", &[Role::Executive]).await;
    let fresh = fresh.actor(&world, &scene.app).await;
    assert!(matches!(confirm(&scene, &fresh, seen, "It is the same.").await, Ok(Confirming::Done(_))));
}
