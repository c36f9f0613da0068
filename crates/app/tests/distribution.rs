//! A report that came from outside freezes its engagement; recipients read it by link, code, agreement and approval, on both
//! databases.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::distribution::{self, Changed, Door, Opening, Taken, ToDo, Version};
use tickmark_app::engagement::{self, Completed, Receiving};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::ledger::MailSecurity;
use tickmark_app::mail::{self, MailSettings};
use tickmark_app::testing::World;
use tickmark_app::{Actor, Error};
use tickmark_core::distribution::{Asked, Class, GrantKey, Item, Origin, Recipient, Relation};
use tickmark_core::identity::Role;
use tickmark_core::mail::MailKind;
use tickmark_core::time::{DAY_US, SECOND_US};
use tickmark_core::{Digest, Timestamp};

use crate::engagement::{KEY, Scene, asserted, conflict, scene, scope};
use crate::reported::pdf;

const CLASS: Class = Class::SpecifiedParties;
const GRANT: GrantKey = GrantKey(1);

fn browser(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn origin() -> tickmark_app::identity::session::Origin {
    World::origin("192.0.2.7")
}

/// An engagement after its time whose report waits to be recorded.
async fn over(world: &World) -> Scene {
    let scene = scene(world).await;
    let (app, catalog) = (&scene.app, &scene.catalog);
    app.transact(&scene.ada, async |cx| engagement::plan(cx, "page", scope(), "first year").await)
        .await
        .expect("planned");
    app.transact(&scene.grace, async |cx| engagement::approve(cx, KEY, 1, catalog).await)
        .await
        .expect("approved");
    let then: Timestamp = "2027-12-15T12:00:00Z".parse().expect("a moment");
    world.clock.advance(then.micros() - app.now().micros());
    asserted(&scene).await;
    scene
}

async fn receive(scene: &Scene, digest: Digest, bytes: Option<Bytes>) -> Result<Completed, Error> {
    let (app, catalog) = (&scene.app, &scene.catalog);
    let from = app
        .read(&scene.ada, async |view| engagement::completion(view, KEY).await)
        .await
        .expect("there")
        .number;
    app.transact(&scene.ada, async |cx| {
        let receiving = Receiving {
            firm: "Example Auditors LLP".into(),
            day: "2027-12-15".parse().expect("a day"),
            file: "report.pdf".into(),
            digest,
            bytes,
        };
        engagement::receive_report(cx, KEY, from, receiving, (catalog, "a test")).await
    })
    .await
}

fn wanted(relation: Relation) -> Asked {
    Asked {
        origin: Origin::Requested,
        recipient: Recipient {
            name: "Nora Vale".into(),
            company: "Customer Ltd".into(),
            email: "nora@customer.example".into(),
            relation,
            serves: String::new(),
            used_from: Some("2027-01-01".parse().expect("a day")),
            used_to: None,
            basis: "contract C-12".into(),
        },
        purpose: "their review of vendors".into(),
        documents: BTreeSet::from([Item::Report]),
        until: "2028-01-15".parse().expect("a day"),
    }
}

async fn agree(scene: &Scene, from: u32, text: &str) -> Result<u32, Error> {
    scene
        .app
        .transact(&scene.ada, async |cx| {
            distribution::write_agreement(cx, CLASS, from, ("Use of the report", text)).await
        })
        .await
        .map(|agreement| agreement.version)
}

async fn version(scene: &Scene) -> Version {
    scene.app.read(&scene.ada, async |view| distribution::find(view, KEY, GRANT).await).await.expect("there")
}

fn done(changed: Result<Changed, Error>) -> Version {
    match changed.expect("done") {
        Changed::Done(version) => *version,
        Changed::Stale(version) => panic!("stale: {version:?}"),
    }
}

async fn approve(scene: &Scene, who: &Actor) -> Result<Changed, Error> {
    let from = version(scene).await.number;
    scene.app.transact(who, async |cx| distribution::approve(cx, KEY, GRANT, from).await).await
}

/// A recipient who shows a code that somebody tells them.
async fn opened(scene: &Scene, secret: &[u8; 32], name: &str) {
    let (app, browser) = (&scene.app, browser(name));
    app.ask_for_code(secret, browser, &origin()).await.expect("asked");
    let waiting = app
        .read(&scene.ada, async |view| distribution::codes_to_make(view, KEY, GRANT).await)
        .await
        .expect("listed");
    let number = waiting.first().expect("one waits").number;
    let code = app
        .transact(&scene.ada, async |cx| distribution::make_code(cx, KEY, GRANT, number).await)
        .await
        .expect("made");
    let opened = app.open_shared(secret, browser, &code.to_lowercase(), &origin()).await;
    assert_eq!(opened.expect("tried"), Opening::Open);
}

async fn door(scene: &Scene, secret: &[u8; 32], name: &str) -> Door {
    scene.app.shared(secret, Some(browser(name))).await.expect("it works").door
}

async fn take(scene: &Scene, secret: &[u8; 32], name: &str) -> Result<Taken, Error> {
    let with = (&scene.catalog, "a test");
    scene.app.take_shared(secret, browser(name), Item::Report, &origin(), with).await
}

fn is_nothing<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::NotFound { .. })), "{result:?}");
}

#[tokio::test]
async fn a_report_from_outside_is_kept_and_freezes_its_engagement() {
    for world in World::both().await {
        let scene = over(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let bytes = pdf("<< /Root 1 0 R >>");
        let digest = Digest::of(&bytes);
        let other = receive(&scene, Digest::of(b"another"), Some(bytes.clone())).await;
        assert!(matches!(other, Err(Error::Invalid(_))), "{other:?}");
        let words = Bytes::from_static(b"words");
        let no_pdf = receive(&scene, Digest::of(&words), Some(words)).await;
        assert!(matches!(no_pdf, Err(Error::Invalid(_))), "{no_pdf:?}");
        receive(&scene, digest, Some(bytes.clone())).await.expect("received");

        let model = app
            .read(&scene.ada, async |view| engagement::package(view, KEY, catalog, "later").await)
            .await
            .expect("a model");
        let section = model.section.clone().expect("a section");
        assert_eq!((section.digest, section.size), (digest, Some(bytes.len() as u64)));
        let files = engagement::files_of_package(app, &scene.ada, KEY, &model).await.expect("files");
        assert_eq!(files.get(&digest).map(Vec::as_slice), Some(&bytes[..]), "byte for byte");

        // Nothing changes any more, and what is made of it is made from what was kept.
        let number =
            app.read(&scene.ada, async |view| engagement::find(view, KEY).await).await.expect("there").number;
        let changed = app
            .transact(&scene.ada, async |cx| engagement::change(cx, KEY, number, scope(), "late").await)
            .await;
        assert!(conflict(changed).contains("frozen"));
        let dated = app
            .transact(&scene.ada, async |cx| {
                let day = "2027-12-14".parse().expect("a day");
                engagement::date_report(cx, KEY, 1, day).await
            })
            .await;
        assert!(conflict(dated).contains("recorded as received"));
        world.clock.advance(60 * SECOND_US);
        let again = app
            .read(&scene.ada, async |view| engagement::package(view, KEY, catalog, "later").await)
            .await
            .expect("a model");
        assert_eq!(again.digest().expect("a digest"), model.digest().expect("a digest"));
        // Told once more by its digest alone, the file stays.
        receive(&scene, digest, None).await.expect("received");
        let kept =
            app.read(&scene.ada, async |view| engagement::completion(view, KEY).await).await.expect("there");
        assert!(kept.record.received().is_some_and(|received| received.kept.is_some()));
        app.close().await;
    }
}

#[tokio::test]
async fn a_recipient_reads_once_every_step_is_done_and_until_it_is_taken_back() {
    for world in World::both().await {
        let scene = over(&world).await;
        let app = &scene.app;
        let enter = async |once: &str, wanted: Asked| {
            app.transact(&scene.ada, async |cx| distribution::enter(cx, once, KEY, wanted).await).await
        };
        assert!(conflict(enter("a", wanted(Relation::Customer)).await).contains("no report yet"));
        let bytes = pdf("<< /Root 1 0 R >>");
        let digest = Digest::of(&bytes);
        receive(&scene, digest, Some(bytes)).await.expect("received");
        assert!(conflict(enter("a", wanted(Relation::Customer)).await).contains("agreement"));
        assert_eq!(agree(&scene, 0, "I keep it to myself.").await.expect("written"), 1);
        assert!(agree(&scene, 0, "Another.").await.is_err(), "from a version that is not the newest");
        let bridge = Asked { documents: BTreeSet::from([Item::Bridge(1)]), ..wanted(Relation::Customer) };
        assert!(matches!(enter("a", bridge).await, Err(Error::Invalid(_))), "there is no such letter");
        let (_, link) = enter("a", wanted(Relation::Customer)).await.expect("entered");
        let link = link.expect("a link");
        assert!(link.path().is_some_and(|path| path.starts_with("/shared/")), "no mail goes out");
        assert!(!format!("{link:?}").contains(&hex(&link.secret)));
        let secret = link.secret;
        let (again, none) = enter("a", wanted(Relation::Customer)).await.expect("entered");
        assert_eq!((again.record.key, none), (GRANT, None), "once from one page");

        is_nothing(app.shared(&[7; 32], None).await);
        assert!(matches!(door(&scene, &secret, "n").await, Door::Closed { asked: None, by_mail: false }));
        is_nothing(take(&scene, &secret, "n").await.map_err(|error| match error {
            Error::Forbidden(_) => Error::not_found("code", ""),
            error => error,
        }));
        // A code works in the browser that asked, five times.
        app.ask_for_code(&secret, browser("n"), &origin()).await.expect("asked");
        let code = app
            .transact(&scene.robin, async |cx| distribution::make_code(cx, KEY, GRANT, 1).await)
            .await
            .expect("made");
        for _ in 0..5 {
            let wrong = app.open_shared(&secret, browser("n"), "AAAAA-AAAAA", &origin()).await;
            assert_eq!(wrong.expect("tried"), Opening::No);
        }
        let late = app.open_shared(&secret, browser("n"), &code, &origin()).await.expect("tried");
        assert_eq!(late, Opening::No, "it was tried five times");
        app.ask_for_code(&secret, browser("n"), &origin()).await.expect("asked");
        let code = app
            .transact(&scene.robin, async |cx| distribution::make_code(cx, KEY, GRANT, 2).await)
            .await
            .expect("made");
        let elsewhere = app.open_shared(&secret, browser("m"), &code, &origin()).await.expect("tried");
        assert_eq!(elsewhere, Opening::No, "another browser");
        world.clock.advance(601 * SECOND_US);
        let late = app.open_shared(&secret, browser("n"), &code, &origin()).await.expect("tried");
        assert_eq!(late, Opening::No, "after ten minutes");
        opened(&scene, &secret, "n").await;

        let Door::Agreement(agreement) = door(&scene, &secret, "n").await else { panic!("to be accepted") };
        assert!(matches!(door(&scene, &secret, "m").await, Door::Closed { .. }));
        let accept = async |name: &str, seen: u32, by: &str| {
            app.accept_agreement(&secret, browser(name), (seen, by), &origin()).await
        };
        assert!(matches!(accept("m", 1, "Nora").await, Err(Error::Forbidden(_))));
        assert!(matches!(accept("n", 1, " ").await, Err(Error::Invalid(_))));
        accept("n", agreement.version, "Nora Vale").await.expect("accepted");
        assert!(matches!(door(&scene, &secret, "n").await, Door::Waits));
        is_nothing(take(&scene, &secret, "n").await);

        assert!(conflict(approve(&scene, &scene.grace).await).contains("checked the relationship"));
        let from = version(&scene).await.number;
        done(
            app.transact(&scene.ada, async |cx| {
                distribution::check(cx, KEY, GRANT, from, "called their head office").await
            })
            .await,
        );
        assert!(conflict(approve(&scene, &scene.ada).await).contains("somebody else does"));
        assert!(matches!(approve(&scene, &scene.program).await, Err(Error::Forbidden(_))));
        done(approve(&scene, &scene.grace).await);

        let Door::Open { items, .. } = door(&scene, &secret, "n").await else { panic!("it is open") };
        assert_eq!(items, [Item::Report]);
        let Taken::Report(model, copy, files) = take(&scene, &secret, "n").await.expect("taken") else {
            panic!("the report")
        };
        assert_eq!(copy.words(), "Copy 1 for Nora Vale, Customer Ltd, 2027-12-15");
        assert!(files.contains_key(&digest) && model.section.is_some());
        let downloads = app
            .read(&scene.ada, async |view| distribution::downloads(view, KEY, GRANT).await)
            .await
            .expect("listed");
        assert_eq!(downloads.len(), 1);
        assert_eq!((downloads[0].copy, downloads[0].network.as_str()), (1, "192.0.2.0/24"));

        // What was agreed to changed: it is accepted anew first.
        agree(&scene, 1, "I keep it to myself, and delete it when asked.").await.expect("written");
        assert!(matches!(door(&scene, &secret, "n").await, Door::Agreement(_)));
        is_nothing(take(&scene, &secret, "n").await);
        assert!(matches!(accept("n", 1, "Nora Vale").await, Err(Error::Conflict(_))), "another version");
        accept("n", 2, "Nora Vale").await.expect("accepted");
        take(&scene, &secret, "n").await.expect("taken");

        // A browser that showed a code reads for half an hour.
        world.clock.advance(1_801 * SECOND_US);
        assert!(matches!(take(&scene, &secret, "n").await, Err(Error::Forbidden(_))));
        opened(&scene, &secret, "n").await;
        let from = version(&scene).await.number;
        done(
            app.transact(&scene.ada, async |cx| {
                distribution::revoke(cx, KEY, GRANT, from, "the contract ended").await
            })
            .await,
        );
        is_nothing(app.shared(&secret, Some(browser("n"))).await);
        is_nothing(take(&scene, &secret, "n").await);
        is_nothing(app.ask_for_code(&secret, browser("n"), &origin()).await);

        let filter = Filter { object: Some(GRANT.to_string()), ..Filter::default() };
        let rows = app.read(&scene.program, async |view| audit::search(view, &filter, 100).await).await;
        let events: Vec<String> = rows.expect("rows").into_iter().map(|row| row.event).collect();
        for name in [
            "entered",
            "link_made",
            "code_asked",
            "code_made",
            "code_failed",
            "opened",
            "accepted",
            "checked",
        ] {
            let name = format!("distribution.{name}");
            assert!(events.contains(&name), "{name}: {events:?}");
        }
        assert_eq!(events.iter().filter(|event| *event == "distribution.taken").count(), 2);
        assert_eq!(events.first().map(String::as_str), Some("distribution.revoked"));
        app.close().await;
    }
}

#[tokio::test]
async fn a_link_is_replaced_codes_are_bounded_and_a_grant_ends() {
    for world in World::both().await {
        let mut scene = over(&world).await;
        let bytes = pdf("<< /Root 1 0 R >>");
        receive(&scene, Digest::of(&bytes), Some(bytes)).await.expect("received");
        agree(&scene, 0, "I keep it to myself.").await.expect("written");
        // A prospective customer may get a SOC 2 report.
        let (_, link) = scene
            .app
            .transact(&scene.ada, async |cx| {
                distribution::enter(cx, "a", KEY, wanted(Relation::Prospect)).await
            })
            .await
            .expect("entered");
        let first = link.expect("a link").secret;
        for _ in 0..5 {
            scene.app.ask_for_code(&first, browser("n"), &origin()).await.expect("asked");
        }
        let sixth = scene.app.ask_for_code(&first, browser("n"), &origin()).await;
        assert!(matches!(sixth, Err(Error::Unavailable { source: None, .. })), "{sixth:?}");

        // Where mail goes out nobody but the recipient gets link and code.
        scene.app.send_mail_by(MailSettings {
            server: "localhost:25".into(),
            security: MailSecurity::None,
            roots_file: None,
            user: None,
            password_file: None,
            from: "Tickmark <tickmark@example.com>".into(),
            address: Some("https://tickmark.example.com".into()),
        });
        let app = &scene.app;
        let link = app
            .transact(&scene.ada, async |cx| distribution::renew_link(cx, KEY, GRANT).await)
            .await
            .expect("made");
        assert!(link.is_mailed && link.path().is_none());
        is_nothing(app.shared(&first, None).await);
        world.clock.advance(3_601 * SECOND_US);
        app.ask_for_code(&link.secret, browser("n"), &origin()).await.expect("asked");
        let by_hand =
            app.transact(&scene.ada, async |cx| distribution::make_code(cx, KEY, GRANT, 6).await).await;
        assert!(conflict(by_hand).contains("by mail"));
        let letters = app.read(&scene.program, async |view| mail::list(view).await).await.expect("listed");
        assert_eq!(letters.len(), 2);
        assert!(letters.iter().all(|one| {
            one.kind == MailKind::Report && one.recipient == "nora@customer.example" && one.has_content
        }));

        let then: Timestamp = "2028-01-16T00:00:00Z".parse().expect("a moment");
        world.clock.advance(then.micros() - app.now().micros());
        is_nothing(app.shared(&link.secret, Some(browser("n"))).await);
        let late = app.transact(&scene.ada, async |cx| distribution::renew_link(cx, KEY, GRANT).await).await;
        assert!(conflict(late).contains("expired"));
        scene.app.close().await;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What waits for somebody, in words.
async fn waits(scene: &Scene, who: &Actor) -> Vec<&'static str> {
    let all = scene.app.read(who, async |view| distribution::waiting(view).await).await.expect("read");
    let word = |what: ToDo| match what {
        ToDo::Code { .. } => "code",
        ToDo::Check => "check",
        ToDo::Approve => "approve",
        ToDo::Ends => "ends",
    };
    all.into_iter().map(|one| word(one.what)).collect()
}

#[tokio::test]
async fn a_recipient_waits_for_those_who_can_do_something() {
    for world in World::both().await {
        let scene = over(&world).await;
        let app = &scene.app;
        let bytes = pdf("<< /Root 1 0 R >>");
        receive(&scene, Digest::of(&bytes), Some(bytes)).await.expect("received");
        agree(&scene, 0, "I keep it to myself.").await.expect("written");
        let (_, link) = app
            .transact(&scene.ada, async |cx| {
                distribution::enter(cx, "a", KEY, wanted(Relation::Customer)).await
            })
            .await
            .expect("entered");
        let secret = link.expect("a link").secret;
        assert_eq!(waits(&scene, &scene.ada).await, ["check"]);
        app.ask_for_code(&secret, browser("n"), &origin()).await.expect("asked");
        assert_eq!(waits(&scene, &scene.robin).await, ["check", "code"]);
        world.clock.advance(601 * SECOND_US);
        assert_eq!(waits(&scene, &scene.robin).await, ["check"], "nobody waits for a code any more");
        opened(&scene, &secret, "n").await;
        app.accept_agreement(&secret, browser("n"), (1, "Nora Vale"), &origin()).await.expect("accepted");
        let from = version(&scene).await.number;
        done(
            app.transact(&scene.ada, async |cx| distribution::check(cx, KEY, GRANT, from, "called").await)
                .await,
        );
        assert_eq!(waits(&scene, &scene.ada).await, [""; 0], "whoever entered them does not approve");
        assert_eq!(waits(&scene, &scene.grace).await, ["approve"]);
        let employee = world.member(app, &scene.program, "Emil", &[Role::Employee]).await;
        let employee = employee.actor(&world, app).await;
        assert_eq!(waits(&scene, &employee).await, [""; 0]);
        done(approve(&scene, &scene.grace).await);
        assert_eq!(waits(&scene, &scene.grace).await, [""; 0]);
        // It was given until 15 January.
        world.clock.advance(18 * DAY_US);
        assert_eq!(waits(&scene, &scene.ada).await, ["ends"]);
        world.clock.advance(14 * DAY_US);
        assert_eq!(waits(&scene, &scene.ada).await, [""; 0], "it is over");
        app.close().await;
    }
}
