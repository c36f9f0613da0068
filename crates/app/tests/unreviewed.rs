//! A text that nobody of management has reviewed is management's own: the auditor reads it in no record, list or file, on both
//! databases.

use std::io::{Cursor, Read as _};

use tickmark_app::Actor;
use tickmark_app::engagement;
use tickmark_app::engagement::fieldwork::{self, file};
use tickmark_app::port::{RenderError, Renderer};
use tickmark_app::testing::World;
use tickmark_core::engagement::{Assertion, Description, Engagement, Paper, Part, Passage, ReportKind, Step};
use tickmark_core::identity::Role;
use tickmark_core::report::sheet::Sheet;
use tickmark_core::report::{CopyFor, Files, OscalModel, ReadinessReport, SocPackage, Writing};

use crate::fieldwork::{KEY, Scene, auditor, scene, scope};
use crate::reported::number;

/// Sets nothing.
#[derive(Debug)]
struct Blank;

type Set = Result<Vec<u8>, RenderError>;

impl Renderer for Blank {
    fn readiness_pdf(&self, _: &ReadinessReport) -> Set {
        Ok(Vec::new())
    }

    fn package_pdf(&self, _: &SocPackage, _: Option<&CopyFor>, _: &Files) -> Set {
        Ok(Vec::new())
    }

    fn writing_pdf(&self, _: &Writing, _: Option<&CopyFor>, _: &Files) -> Set {
        Ok(Vec::new())
    }

    fn writing_docx(&self, _: &Writing, _: &Files) -> Set {
        Ok(Vec::new())
    }

    fn oscal_zip(&self, _: &OscalModel) -> Set {
        Ok(Vec::new())
    }

    fn matrix_xlsx(&self, _: &ReadinessReport) -> Set {
        Ok(Vec::new())
    }

    fn matrix_csv(&self, _: &ReadinessReport) -> Set {
        Ok(Vec::new())
    }

    fn list_xlsx(&self, _: &Sheet) -> Set {
        Ok(Vec::new())
    }
}

/// Writes the description for management.
async fn describe(scene: &Scene, text: &str) {
    let passage = |(part, _): (Part, bool)| {
        let none = part.may_be_none();
        (part, Passage { text: if none { String::new() } else { text.to_owned() }, none })
    };
    let parts = Part::of(ReportKind::Soc2, scope().time).into_iter().map(passage).collect();
    let (from, whole) = (number(scene).await, Description { parts, ..Description::default() });
    scene
        .app
        .transact(&scene.cam, async |cx| engagement::describe(cx, KEY, from, whole).await)
        .await
        .expect("described");
}

/// Everything in which somebody reads an engagement.
async fn read(scene: &Scene, who: &Actor) -> Vec<String> {
    let records: Vec<Engagement> = scene
        .app
        .read(who, async |view| {
            let listed = engagement::list(view).await?.into_iter().map(|version| version.record);
            let mut all: Vec<Engagement> = listed.collect();
            all.push(engagement::find(view, KEY).await?.record);
            all.push(fieldwork::head(view, KEY).await?.0);
            Ok(all)
        })
        .await
        .expect("records");
    let taken = file::take(&scene.app, who, KEY, &Blank).await.expect("a file");
    let mut archive = zip::ZipArchive::new(Cursor::new(taken)).expect("an archive");
    let mut held = String::new();
    archive.by_name("engagement.json").expect("there").read_to_string(&mut held).expect("text");
    let mut all: Vec<String> = records.iter().map(|one| serde_json::to_string(one).expect("JSON")).collect();
    all.push(held);
    assert_eq!(all.len(), 4);
    all
}

#[tokio::test]
async fn an_auditor_reads_no_document_that_nobody_of_management_has_reviewed() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, cam) = (&scene.app, &scene.cam);
        let audrey = auditor(&world, &scene, "Audrey").await;
        describe(&scene, "As it really runs.").await;
        let assertion = Assertion { text: "We assert.".into(), signatory: "Eva".into(), title: "CEO".into() };
        let from = number(&scene).await;
        app.transact(cam, async |cx| engagement::assert(cx, KEY, from, assertion).await)
            .await
            .expect("asserted");
        let says = async |who: &Actor, text: &str| -> usize {
            read(&scene, who).await.iter().filter(|one| one.contains(text)).count()
        };
        for (text, hers) in [("As it really runs.", 0), ("We assert.", 0)] {
            assert_eq!((says(&audrey, text).await, says(cam, text).await), (hers, 4), "{text}");
        }
        // That it is written, by whom, and how far it has come is no secret.
        let seen = app.read(&audrey, async |view| engagement::find(view, KEY).await).await.expect("there");
        assert!(seen.record.is_unreviewed(Paper::Description));
        assert_eq!(seen.record.description.as_ref().map(|held| (held.version, held.by)), Some((1, cam.id)));

        let mia = world.member(app, &scene.program, "Mia", &[Role::ComplianceManager]).await;
        let mia = mia.actor(&world, app).await;
        let from = number(&scene).await;
        app.transact(&mia, async |cx| {
            engagement::sign(cx, KEY, from, Paper::Description, Step::Review).await
        })
        .await
        .expect("reviewed");
        assert_eq!((says(&audrey, "As it really runs.").await, says(&audrey, "We assert.").await), (4, 0));

        // What is written anew is management's own again.
        describe(&scene, "As it runs since.").await;
        assert_eq!((says(&audrey, "As it runs").await, says(&audrey, "As it really").await), (0, 0));
        assert_eq!(says(cam, "As it runs since.").await, 4);
    }
}
