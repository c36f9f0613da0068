//! What of an examination waits for whom: in their work, in notices, on both databases.

use tickmark_app::engagement::fieldwork::signed::{self, Signing};
use tickmark_app::engagement::fieldwork::waiting::Waiting;
use tickmark_app::engagement::fieldwork::workpaper;
use tickmark_app::engagement::fieldwork::{report, request};
use tickmark_app::notice::{self, Kept};
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, App, register, work};
use tickmark_core::engagement::fieldwork::{Answer, ManagementResponse, RequestStep, Workpaper};
use tickmark_core::identity::Role;
use tickmark_core::program::reminder::{Matter, Step};
use tickmark_core::time::DAY_US;

use crate::fieldwork::{KEY, auditor, scene, wanted};
use crate::reported::{asserted, signers};
use crate::workpapers::{changes, tested};

async fn waits(app: &App, actor: &Actor) -> Waiting {
    app.read(actor, async |view| work::of(view).await).await.expect("their work").fieldwork
}

fn numbers(waiting: &Waiting) -> Vec<i64> {
    waiting.requests.iter().map(|one| one.number).collect()
}

/// What somebody was told of examinations, as they sign in to read it.
async fn told(world: &World, app: &App, account: &Account) -> Vec<Kept> {
    let actor = account.actor(world, app).await;
    let all = app.read(&actor, async |view| notice::list(view).await).await.expect("listed");
    all.into_iter().filter(|one| one.path.starts_with("/engagements/")).collect()
}

fn has(told: &[Kept], matter: Matter, step: Step, path: &str) -> bool {
    told.iter().any(|one| one.matter == matter && one.step == step && one.path == path)
}

#[tokio::test]
async fn a_request_reaches_whoever_sees_to_it() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, cam) = (&scene.app, &scene.cam);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let coo = world.member(app, &scene.program, "Coo", &[Role::Employee]).await;
        let other = world.member(app, &scene.program, "Olaf", &[Role::Employee]).await;
        let manager = world.member(app, &scene.program, "Mel", &[Role::ComplianceManager]).await;
        let owner = world.find_member(app, &scene.program, &coo.email).await.actor;
        app.transact(&audrey, async |cx| {
            let list = [("Chart", Some("2026-12-20")), ("Whenever", None), ("Near", Some("2026-11-27"))];
            request::add(cx, KEY, list.map(|(title, due)| wanted(title, due)).to_vec()).await
        })
        .await
        .expect("asked");
        let her = coo.actor(&world, app).await;
        assert!(numbers(&waits(app, &her).await).is_empty(), "nobody gave it to her");
        assert_eq!(numbers(&waits(app, cam).await), [3], "what is near and nobody sees to");
        let assigned = async |number: i64, from: i64| {
            app.transact(cam, async |cx| request::assign(cx, KEY, number, from, Some(owner)).await).await
        };
        assigned(1, 1).await.expect("assigned");
        assigned(2, 1).await.expect("assigned");
        assert_eq!(numbers(&waits(app, &her).await), [1, 2], "by its day, then what has none");
        let his = other.actor(&world, app).await;
        assert_eq!(waits(app, &his).await.count(), 0);
        assert_eq!(waits(app, &audrey).await.count(), 0, "what is not handed in is not hers to see");

        app.remind(&scene.program).await.expect("reminded");
        let path = "/engagements/1/requests/1";
        let news = told(&world, app, &coo).await;
        assert!(has(&news, Matter::Request, Step::New, path), "{news:?}");
        assert!(!has(&news, Matter::Request, Step::Soon, path), "it is four weeks away");
        assert!(told(&world, app, &other).await.is_empty());
        let managers = told(&world, app, &manager).await;
        assert!(has(&managers, Matter::Request, Step::Soon, "/engagements/1/requests/3"), "{managers:?}");
        assert!(!managers.iter().any(|one| one.path == path), "somebody sees to it");

        // Handed in, it waits for the auditor; returned, for her again, and she is told.
        let answer = || Answer { text: "here".into(), ..Answer::default() };
        app.transact(&her, async |cx| request::submit(cx, KEY, 1, 2, answer(), &scene.catalog).await)
            .await
            .expect("answered");
        assert_eq!(numbers(&waits(app, &her).await), [2]);
        let answers: Vec<i64> = waits(app, &audrey).await.answers.iter().map(|one| one.number).collect();
        assert_eq!(answers, [1]);
        app.transact(&audrey, async |cx| {
            request::decide(cx, KEY, 1, 3, RequestStep::Return, "the names are missing").await
        })
        .await
        .expect("returned");
        assert_eq!(numbers(&waits(app, &her).await), [1, 2]);
        assert!(waits(app, &audrey).await.answers.is_empty());
        app.remind(&scene.program).await.expect("reminded");
        assert!(has(&told(&world, app, &coo).await, Matter::Returned, Step::New, path));

        // Its day comes and goes; after a week managers are told, and not she again.
        world.clock.advance(27 * DAY_US);
        app.remind(&scene.program).await.expect("reminded");
        assert!(has(&told(&world, app, &coo).await, Matter::Request, Step::Overdue, path));
        world.clock.advance(8 * DAY_US);
        app.remind(&scene.program).await.expect("reminded");
        assert!(has(&told(&world, app, &manager).await, Matter::Request, Step::Escalated, path));
        assert!(!has(&told(&world, app, &coo).await, Matter::Request, Step::Escalated, path));
        let again = app.remind(&scene.program).await.expect("reminded");
        assert_eq!(again.notices, 0, "each thing and step once");

        // Frozen, it waits for nobody.
        let by = signers(&world, &scene, "2").await;
        asserted(&scene, &by, "We assert.").await;
        let mel = manager.actor(&world, app).await;
        let catalog = &scene.catalog;
        app.transact(&mel, async |cx| report::freeze(cx, KEY, "fieldwork is over", catalog, "a test").await)
            .await
            .expect("frozen");
        let her = coo.actor(&world, app).await;
        assert_eq!(waits(app, &her).await.count(), 0);
    }
}

#[tokio::test]
async fn papers_wait_inside_the_firm_and_exceptions_for_management_once_they_are_shared() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, cam) = (&scene.app, &scene.cam);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let bert = auditor(&world, &scene, "Bert").await;
        let manager = world.member(app, &scene.program, "Mel", &[Role::ComplianceManager]).await;
        let employee = world.member(app, &scene.program, "Olaf", &[Role::Employee]).await;
        let population = changes(&scene).await;
        let version = tested(&scene, &audrey, population).await;
        let papers = async |actor: &Actor| -> Vec<Signing> {
            waits(app, actor).await.papers.iter().map(|one| one.signing).collect()
        };
        let sign = async |actor: &Actor, from: i64, what: Signing| {
            app.transact(actor, async |cx| signed::sign::<Workpaper>(cx, KEY, 1, from, what).await)
                .await
                .expect("signed");
        };
        assert_eq!((papers(&audrey).await, papers(&bert).await), (vec![Signing::Prepare], vec![]));
        sign(&audrey, version, Signing::Prepare).await;
        assert_eq!((papers(&audrey).await, papers(&bert).await), (vec![], vec![Signing::Review]));
        // Nothing of it is management's to know.
        assert_eq!(waits(app, cam).await.count(), 0);
        app.remind(&scene.program).await.expect("reminded");
        assert!(told(&world, app, &manager).await.is_empty());
        let his = app.read(&bert, async |view| notice::list(view).await).await.expect("listed");
        assert_eq!(
            his.iter().map(|one| one.title.as_str()).collect::<Vec<_>>(),
            ["E-1/WP-1 waits for your review"]
        );

        sign(&audrey, version + 1, Signing::Share).await;
        let open = waits(app, cam).await.exceptions;
        assert_eq!(open.len(), 1);
        // What is kept of papers can be made again from them.
        let (of_audrey, of_bert) = (waits(app, &audrey).await, waits(app, &bert).await);
        app.transact(&scene.program, async |cx| register::rebuild(cx).await).await.expect("rebuilt");
        assert_eq!(waits(app, cam).await.exceptions, open);
        assert_eq!((waits(app, &audrey).await, waits(app, &bert).await), (of_audrey, of_bert));
        assert_eq!((open[0].workpaper, open[0].exception), (1, 1));
        assert_eq!(open[0].nature, "The author approved the change.");
        assert!(waits(app, &audrey).await.exceptions.is_empty());
        app.remind(&scene.program).await.expect("reminded");
        let path = "/engagements/1/workpapers/1";
        assert!(has(&told(&world, app, &manager).await, Matter::Response, Step::New, path));
        assert!(told(&world, app, &employee).await.is_empty());
        let response = ManagementResponse {
            workpaper: 1,
            exception: 1,
            response: "We looked back.".into(),
            action: String::new(),
            due: None,
        };
        app.transact(cam, async |cx| workpaper::respond(cx, KEY, 0, response).await).await.expect("answered");
        assert_eq!(waits(app, cam).await.count(), 0);
    }
}
