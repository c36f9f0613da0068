//! Fieldwork: an audit firm is let in, asks, and is answered, on both databases.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tickmark_app::engagement::fieldwork::{access, evidence, request};
use tickmark_app::engagement::{self, fieldwork};
use tickmark_app::evidence::item::{self, NewItem, Purpose, RETENTION, Upload};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::people::{self, LetIn};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, control, register};
use tickmark_core::catalog::{Catalog, RequestKind, RequestTiming};
use tickmark_core::control::ControlId;
use tickmark_core::engagement::fieldwork::{Answer, ListRow, Party, Request, RequestState, RequestStep};
use tickmark_core::engagement::{EngagementKey, ReportKind, Scope, Time};
use tickmark_core::evidence::item::{
    Covers, Description, Kind, Method, Sensitivity, State as ItemState, day,
};
use tickmark_core::id::ItemKey;
use tickmark_core::identity::Role;
use tickmark_core::time::DAY_US;

pub(crate) const KEY: EngagementKey = EngagementKey(1);

/// Both sides of an examination whose scope is approved.
pub(crate) struct Scene {
    pub(crate) app: App,
    pub(crate) program: Actor,
    pub(crate) cam: Actor,
    pub(crate) catalog: Catalog,
}

pub(crate) fn scope() -> Scope {
    let day = |text: &str| text.parse().expect("a day");
    let time = Time::Period { from: day("2026-11-01"), to: day("2027-10-31") };
    Scope {
        services: vec!["Payroll".into()],
        boundary: "From the web form to the payment file.".into(),
        firm: "Example & Partners".into(),
        categories: BTreeMap::from([("security".into(), "customers ask".into())]),
        ..Scope::of(ReportKind::Soc2, time, "Payroll")
    }
}

pub(crate) async fn scene(world: &World) -> Scene {
    scene_of(world, scope()).await
}

/// The same with a scope of its own, which gets the one commitment.
pub(crate) async fn scene_of(world: &World, scope: Scope) -> Scene {
    let catalog = Catalog::builtin();
    let (app, program) = world.start().await;
    let person = world.person(&app, &program).await;
    app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    app.transact(&person, async |cx| {
        for starter in &catalog.controls {
            let id: ControlId = starter.id.parse().expect("an id");
            control::put_in_force(cx, &id, person.id).await?;
        }
        Ok(())
    })
    .await
    .expect("in force");
    let cam = world.member(&app, &program, "Cam", &[Role::ComplianceManager]).await;
    let cam = cam.actor(world, &app).await;
    app.transact(&cam, async |cx| engagement::plan(cx, "page", scope.clone(), "first year").await)
        .await
        .expect("planned");
    engagement_approved(&app, &program, &catalog, scope).await;
    Scene { app, program, cam, catalog }
}

/// Gives the engagement a commitment and has its scope approved by somebody else.
async fn engagement_approved(app: &App, program: &Actor, catalog: &Catalog, scope: Scope) {
    use tickmark_app::control::commitment;
    use tickmark_app::identity::{ActorKind, ensure_actor};
    use tickmark_core::control::commitment::{CommitmentKey, Promise};
    let grace = app
        .transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    let robin = app
        .transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Robin Example").await)
        .await
        .expect("a person");
    let promise = Promise {
        title: "Uptime".into(),
        statement: "99.5 % of each month.".into(),
        source: "Terms".into(),
        ..Promise::default()
    };
    app.transact(&robin, async |cx| {
        commitment::write(cx, "page", promise, Some(robin.id), "sold", catalog).await?;
        commitment::approve(cx, CommitmentKey(1), 1).await
    })
    .await
    .expect("a commitment");
    let whole = Scope { commitments: BTreeSet::from([CommitmentKey(1)]), ..scope };
    app.transact(&robin, async |cx| engagement::change(cx, KEY, 1, whole, "its commitment").await)
        .await
        .expect("changed");
    app.transact(&grace, async |cx| engagement::approve(cx, KEY, 2, catalog).await).await.expect("approved");
}

pub(crate) async fn auditor(world: &World, scene: &Scene, name: &str) -> Actor {
    let email = format!("{}@firm.example", name.to_lowercase());
    let last = scene.app.now().plus_micros(68 * DAY_US).date().parse().expect("a day");
    let let_in =
        scene.app.transact(&scene.program, async |cx| access::let_in(cx, KEY, &email, last).await).await;
    let LetIn::ByLink(link) = let_in.expect("let in") else { panic!("no link") };
    world.join(&scene.app, &link, &email, name).await.actor(world, &scene.app).await
}

pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Error {
    result.expect_err("refused")
}

pub(crate) fn file(title: &str, covers: (&str, &str), controls: &[&str]) -> NewItem {
    NewItem {
        once: title.to_owned(),
        description: Description {
            title: title.to_owned(),
            kind: Kind::Export,
            source: "identity provider".into(),
            method: Method::Exported,
            steps: String::new(),
            collected_by: "Cam".into(),
            collected_at: day("2026-11-24").ok(),
            covers: Covers::days(covers.0, covers.1).ok(),
            sensitivity: Sensitivity::Internal,
            redaction: String::new(),
        },
        retention: RETENTION[0].to_owned(),
        controls: controls.iter().map(|id| id.parse().expect("an id")).collect(),
        files: vec![Upload { name: "users.csv".into(), bytes: Bytes::from_static(b"name\nada\n") }],
    }
}

#[tokio::test]
async fn an_auditor_is_let_into_one_engagement_until_a_day() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let app = &scene.app;
        let audrey = auditor(&world, &scene, "Audrey").await;
        let sees = |actor: Actor| async move {
            app.read(&actor, async |view| engagement::find(view, KEY).await.map(|one| one.record.key)).await
        };
        assert_eq!(sees(audrey.clone()).await.expect("there"), KEY);
        let list = app.read(&audrey, async |view| engagement::list(view).await).await.expect("a list");
        assert_eq!(list.len(), 1);
        // Another engagement of the same organization is not there for her.
        let other = Scope { system: "Hosting".into(), ..scope() };
        app.transact(&scene.cam, async |cx| engagement::plan(cx, "other", other, "second").await)
            .await
            .expect("planned");
        let second = EngagementKey(2);
        let found = app.read(&audrey, async |view| engagement::find(view, second).await).await;
        assert!(matches!(refused(found), Error::Forbidden(_) | Error::NotFound { .. }));
        let asked = app.read(&audrey, async |view| request::list(view, second).await).await;
        assert!(matches!(refused(asked), Error::NotFound { .. }));
        let list = app.read(&audrey, async |view| engagement::list(view).await).await.expect("a list");
        assert_eq!(list.len(), 1);

        // She is nothing else here, and nobody who is something else becomes an auditor.
        let member = world.find_member(app, &scene.program, "audrey@firm.example").await;
        let more = app
            .transact(&scene.program, async |cx| people::grant(cx, member.id, Role::ComplianceManager).await)
            .await;
        assert!(refused(more).to_string().contains("an auditor holds no other role here"));
        let last = "2027-01-31".parse().expect("a day");
        let cam = app
            .transact(&scene.program, async |cx| access::let_in(cx, KEY, "cam@example.com", last).await)
            .await;
        assert!(refused(cam).to_string().contains("an auditor holds no other role here"));
        let plainly = app
            .transact(&scene.program, async |cx| {
                people::invite(cx, "x@firm.example", &BTreeSet::from([Role::Auditor])).await
            })
            .await;
        assert!(refused(plainly).to_string().contains("let into one engagement"));
        let far = "2027-06-30".parse().expect("a day");
        let too_long = app
            .transact(&scene.program, async |cx| access::let_in(cx, KEY, "y@firm.example", far).await)
            .await;
        assert!(refused(too_long).to_string().contains("at most 180 days"));

        // Her access ends by its day and by somebody's hand; it is extended with a reason, by others.
        let ends = |actor: Actor, why: &'static str| async move {
            app.transact(&actor, async |cx| access::end(cx, KEY, member.id, why).await).await
        };
        assert!(matches!(refused(ends(audrey.clone(), "x").await), Error::NotFound { .. }));
        assert!(refused(ends(scene.cam.clone(), " ").await).to_string().contains("say why"));
        ends(scene.cam.clone(), "the fieldwork is over").await.expect("ended");
        let token = world.find_member(app, &scene.program, "audrey@firm.example").await;
        assert!(token.engagements_at(app.now()).is_empty());
        let extended = app
            .transact(&scene.cam, async |cx| {
                access::extend(
                    cx,
                    KEY,
                    member.id,
                    "2026-12-01".parse().expect("a day"),
                    "one more walkthrough",
                )
                .await
            })
            .await;
        extended.expect("extended");
        world.wait(8 * 86_400);
        let over = world.find_member(app, &scene.program, "audrey@firm.example").await;
        assert!(over.engagements_at(app.now()).is_empty(), "the day is over");
        let trail = app
            .read(&scene.program, async |view| {
                let filter = Filter { event: Some("engagement".into()), ..Filter::default() };
                audit::search(view, &filter, 100).await
            })
            .await
            .expect("the trail");
        for event in ["engagement.access_granted", "engagement.access_ended", "engagement.access_extended"] {
            assert_eq!(trail.iter().filter(|row| row.event == event).count(), 1, "{event}");
        }
    }
}

/// A second engagement whose scope is approved.
async fn second(scene: &Scene) -> EngagementKey {
    use tickmark_app::identity::{ActorKind, ensure_actor};
    use tickmark_core::control::commitment::CommitmentKey;
    let (app, key) = (&scene.app, EngagementKey(2));
    let other =
        Scope { system: "Hosting".into(), commitments: BTreeSet::from([CommitmentKey(1)]), ..scope() };
    app.transact(&scene.cam, async |cx| engagement::plan(cx, "other", other, "second").await)
        .await
        .expect("planned");
    let grace = app
        .transact(&scene.program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    app.transact(&grace, async |cx| engagement::approve(cx, key, 1, &scene.catalog).await)
        .await
        .expect("approved");
    key
}

#[tokio::test]
async fn a_link_that_was_lost_is_made_anew_until_somebody_came_in_by_it() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, program, email) = (&scene.app, &scene.program, "audrey@firm.example");
        let other = second(&scene).await;
        let let_in = async |key: EngagementKey| {
            let last = "2027-01-31".parse().expect("a day");
            app.transact(program, async |cx| access::let_in(cx, key, email, last).await)
                .await
                .expect("let in")
        };
        let awaited = async |key: EngagementKey| {
            app.read(program, async |view| access::awaited(view, key).await).await.expect("a list")
        };
        assert!(awaited(KEY).await.is_empty());
        let LetIn::ByLink(lost) = let_in(KEY).await else { panic!("no link") };
        // Into another engagement by another link, which is about both: the first one does not work any more.
        let LetIn::ByLink(both) = let_in(other).await else { panic!("no link") };
        assert!(matches!(refused(app.invited(&lost.secret).await.map(|_| ())), Error::NotFound { .. }));
        for key in [KEY, other] {
            let ids: Vec<_> = awaited(key).await.into_iter().map(|one| one.invitation.id).collect();
            assert_eq!(ids, [both.invitation], "{key}");
        }

        // It runs out unused, and is made anew with the same last day; whoever may invite nobody makes none.
        world.wait(2 * 86_400);
        assert!(app.invited(&both.secret).await.is_err(), "24 hours are over");
        let renew =
            async |actor: &Actor, id| app.transact(actor, async |cx| access::renew(cx, KEY, id).await).await;
        assert!(matches!(refused(renew(&scene.cam, both.invitation).await), Error::Forbidden(_)));
        let (to, LetIn::ByLink(anew)) = renew(program, both.invitation).await.expect("renewed") else {
            panic!("no link")
        };
        assert_eq!(to, email);
        assert!(matches!(refused(renew(program, both.invitation).await), Error::NotFound { .. }));
        let until = "2027-02-01T00:00:00Z".parse().expect("a moment");
        assert!(
            awaited(KEY).await.iter().all(|one| one.until == until && one.invitation.id == anew.invitation)
        );

        // Whoever comes in by it is in both, and nobody is awaited any more.
        let audrey = world.join(app, &anew, email, "Audrey").await.actor(&world, app).await;
        let list = app.read(&audrey, async |view| engagement::list(view).await).await.expect("a list");
        assert_eq!(list.len(), 2);
        assert!(awaited(KEY).await.is_empty() && awaited(other).await.is_empty());
        assert!(matches!(refused(renew(program, anew.invitation).await), Error::NotFound { .. }));
        let filter = Filter { event: Some("engagement.access_granted".into()), ..Filter::default() };
        let trail = app.read(program, async |view| audit::search(view, &filter, 100).await).await;
        assert_eq!(trail.expect("the trail").len(), 3, "each link");
    }
}

#[tokio::test]
async fn nobody_who_was_in_the_company_within_twelve_months_becomes_its_auditor() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, program) = (&scene.app, &scene.program);
        let olaf = world.member(app, program, "Olaf", &[Role::Employee]).await;
        let member = world.find_member(app, program, &olaf.email).await;
        app.transact(program, async |cx| people::remove(cx, member.id, "he left").await)
            .await
            .expect("removed");
        let let_in = async |email: &str, key: EngagementKey| {
            let last = app.now().plus_micros(60 * DAY_US).date().parse().expect("a day");
            app.transact(program, async |cx| access::let_in(cx, key, email, last).await).await
        };
        let says = refused(let_in(&olaf.email, KEY).await).to_string();
        assert!(says.contains("from 12 months before the period"), "{says}");
        let trail = app
            .read(program, async |view| {
                let filter = Filter { event: Some("access.denied".into()), ..Filter::default() };
                audit::search(view, &filter, 100).await
            })
            .await
            .expect("rows");
        assert!(trail.iter().any(|row| row.reason == "independence"));
        let_in("somebody.else@firm.example", KEY).await.expect("was never here");
    }
}

#[tokio::test]
async fn requests_go_from_the_auditor_to_management_and_back() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog, cam) = (&scene.app, &scene.catalog, &scene.cam);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let defaults = |actor: Actor| async move {
            app.transact(&actor, async |cx| request::add_defaults(cx, KEY, catalog).await)
                .await
                .expect("added")
        };
        let first = defaults(audrey.clone()).await;
        assert!(first.added > 70 && first.added < 96, "{first:?}");
        let again = defaults(cam.clone()).await;
        assert_eq!((again.added, again.known), (0, first.added), "sent twice, asked once");

        // A firm's own list is taken whole or not at all.
        let row =
            |line, cells: &[&str]| ListRow { line, cells: cells.iter().map(ToString::to_string).collect() };
        let list =
            vec![row(1, &["request", "criteria"]), row(2, &["Fine", "CC6.1"]), row(3, &["Bad", "A1.2"])];
        let wrong =
            app.transact(&audrey, async |cx| request::import(cx, KEY, "pbc.csv", &list, catalog).await).await;
        let says = refused(wrong).to_string();
        assert!(says.contains("nothing was applied") && says.contains("line 3, column criteria"), "{says}");
        let count = |actor: Actor| async move {
            app.read(&actor, async |view| request::list(view, KEY).await).await.expect("a list").len()
        };
        assert_eq!(count(audrey.clone()).await, first.added);
        app.transact(&audrey, async |cx| request::import(cx, KEY, "pbc.csv", &list[..2], catalog).await)
            .await
            .expect("imported");
        assert_eq!(count(cam.clone()).await, first.added + 1);

        // Management answers with evidence; the auditor returns, and accepts.
        let number = 1;
        let key = app
            .transact(cam, async |cx| {
                let new = file("Users", ("2026-11-01", "2026-11-23"), &["IAM-02"]);
                Ok(item::open(cx, new).await?.key)
            })
            .await
            .expect("an item");
        let before = app.read(&audrey, async |view| evidence::items(view, KEY, catalog).await).await;
        assert!(before.expect("items").is_empty(), "a draft that nobody handed to her");
        let answer = Answer { items: BTreeSet::from([key]), ..Answer::default() };
        let submit = |actor: Actor, from: i64, answer: Answer| async move {
            app.transact(&actor, async |cx| request::submit(cx, KEY, number, from, answer, catalog).await)
                .await
        };
        let decide = |actor: Actor, from: i64, step: RequestStep, says: &'static str| async move {
            app.transact(&actor, async |cx| request::decide(cx, KEY, number, from, step, says).await).await
        };
        let nothing = submit(cam.clone(), 1, Answer::default()).await;
        assert!(refused(nothing).to_string().contains("there is none of them"));
        let missing = Answer { items: BTreeSet::from([ItemKey(99)]), ..Answer::default() };
        assert!(matches!(refused(submit(cam.clone(), 1, missing).await), Error::NotFound { .. }));
        // The answer hands the draft in, and waits with it for somebody of the organization.
        let stands = || async {
            let whole = app.read(cam, async |view| item::whole(view, key).await).await.expect("an item");
            (whole.item.state, whole.history.last().map(|one| one.note.clone()).unwrap_or_default())
        };
        assert_eq!(stands().await.0, ItemState::Draft);
        submit(cam.clone(), 1, answer.clone()).await.expect("submitted");
        assert_eq!(stands().await.0, ItemState::Submitted);
        let stale = submit(cam.clone(), 1, answer.clone()).await;
        assert!(refused(stale).to_string().contains("changed it meanwhile"));
        let of_item = app.read(cam, async |view| request::of_item(view, key).await).await.expect("requests");
        assert_eq!(
            of_item.iter().map(|(key, row)| (*key, row.record.number)).collect::<Vec<_>>(),
            [(KEY, 1)]
        );
        // Neither does what is the other's.
        let own = decide(cam.clone(), 2, RequestStep::Accept, "").await;
        assert!(refused(own).to_string().contains("nobody of the organization"));
        decide(audrey.clone(), 2, RequestStep::Return, "the second half is missing").await.expect("returned");
        let back =
            (ItemState::Returned, "Request E-1/R-1 was returned: the second half is missing".to_owned());
        assert_eq!(stands().await, back);
        let hers = Answer { text: "here it is".into(), ..Answer::default() };
        assert!(matches!(refused(submit(audrey.clone(), 3, hers).await), Error::Conflict(_)));
        submit(cam.clone(), 3, answer.clone()).await.expect("submitted again");
        decide(audrey.clone(), 4, RequestStep::Accept, "").await.expect("accepted");
        assert_eq!(stands().await.0, ItemState::Submitted, "what the auditor accepts is the answer");

        // One item answers many requests: while one of them stands, another one's return sends nothing back.
        let second = |actor: Actor, from: i64, answer: Answer| async move {
            app.transact(&actor, async |cx| request::submit(cx, KEY, 2, from, answer, catalog).await).await
        };
        second(cam.clone(), 1, answer.clone()).await.expect("submitted");
        app.transact(&audrey, async |cx| {
            request::decide(cx, KEY, 2, 2, RequestStep::Return, "other days").await
        })
        .await
        .expect("returned");
        assert_eq!(stands().await.0, ItemState::Submitted);
        // What can be made again is made again.
        let program = &scene.program;
        app.transact(program, async |cx| register::rebuild(cx).await).await.expect("rebuilt");
        let of_item = app.read(cam, async |view| request::of_item(view, key).await).await.expect("requests");
        assert_eq!(of_item.len(), 2);
        // Answered without it, the request is not one of the item's any more.
        let words = Answer { text: "as said".into(), ..Answer::default() };
        second(cam.clone(), 3, words).await.expect("submitted");
        let of_item = app.read(cam, async |view| request::of_item(view, key).await).await.expect("requests");
        assert_eq!(of_item.len(), 1);

        // A draft that lacks something is refused with its number, and the request stays as it was.
        let mut new = file("Half", ("2026-11-01", "2026-11-23"), &["IAM-02"]);
        new.description.source = String::new();
        let half = app.transact(cam, async |cx| Ok(item::open(cx, new).await?.key)).await.expect("an item");
        let with_half = Answer { items: BTreeSet::from([half]), ..Answer::default() };
        let third =
            app.transact(cam, async |cx| request::submit(cx, KEY, 3, 1, with_half, catalog).await).await;
        let says = refused(third).to_string();
        assert!(says.contains(&format!("item {half}: it cannot be handed in yet")), "{says}");
        let whole = app.read(cam, async |view| request::find(view, KEY, 3).await).await.expect("there");
        assert_eq!(whole.row.record.state, RequestState::Open);
        let whole =
            app.read(&audrey, async |view| request::find(view, KEY, number).await).await.expect("there");
        assert_eq!((whole.row.record.state, whole.versions.len()), (RequestState::Accepted, 5));
        assert_eq!((whole.party, whole.row.record.asked_by), (Party::Auditor, Party::Auditor));

        // What was handed in for a request she sees and reads, and each look is recorded.
        let seen =
            app.read(&audrey, async |view| evidence::items(view, KEY, catalog).await).await.expect("items");
        assert_eq!(seen.iter().map(|one| one.key).collect::<Vec<_>>(), [key]);
        let (file, bytes) =
            evidence::read_file(app, &audrey, (KEY, key), 1, Purpose::Look, catalog).await.expect("a file");
        assert_eq!((file.name.as_str(), bytes.as_ref()), ("users.csv", &b"name\nada\n"[..]));
        let program = &scene.program;
        let trail = |event: &'static str| async move {
            let filter = Filter { event: Some(event.to_owned()), ..Filter::default() };
            app.read(program, async |view| audit::search(view, &filter, 100).await).await.expect("rows")
        };
        assert_eq!(trail("evidence.viewed").await.len(), 1);
        assert_eq!(trail("request").await.iter().filter(|row| row.event == "request.returned").count(), 2);
        assert!(trail("access.denied").await.iter().any(|row| row.reason == "other_party"));
    }
}

pub(crate) fn wanted(title: &str, due: Option<&str>) -> Request {
    Request {
        title: title.to_owned(),
        kind: RequestKind::Document,
        timing: RequestTiming::Period,
        criteria: BTreeSet::new(),
        controls: BTreeSet::new(),
        due: due.map(|day| day.parse().expect("a day")),
        reference: String::new(),
    }
}

/// More versions than are read of one request.
const WRITTEN: i64 = 520;

#[tokio::test]
async fn the_newest_versions_of_a_request_are_read_however_many_there_are() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let app = &scene.app;
        app.transact(&scene.cam, async |cx| {
            request::add(cx, KEY, vec![wanted("Draft 1", None)]).await?;
            for version in 1..WRITTEN {
                let words = wanted(&format!("Draft {}", version + 1), None);
                request::change(cx, KEY, 1, version, words).await?;
            }
            Ok(())
        })
        .await
        .expect("written");
        let whole =
            app.read(&scene.cam, async |view| request::find(view, KEY, 1).await).await.expect("there");
        assert_eq!((whole.row.version, whole.row.record.request.title.as_str()), (WRITTEN, "Draft 520"));
        let numbers: Vec<i64> = whole.versions.iter().map(|row| row.version).collect();
        assert_eq!(numbers, (WRITTEN - 499..=WRITTEN).collect::<Vec<_>>(), "the newest, oldest first");
    }
}

#[tokio::test]
async fn an_auditor_sees_evidence_in_scope_and_inside_the_time_only() {
    let world = World::sqlite();
    let scene = scene(&world).await;
    let (app, catalog) = (&scene.app, &scene.catalog);
    let audrey = auditor(&world, &scene, "Audrey").await;
    let mira = world.member(app, &scene.program, "Mira", &[Role::ComplianceManager]).await;
    let mira = mira.actor(&world, app).await;
    let day = |text: &str| tickmark_core::evidence::item::day(text).ok();
    let mut keys = Vec::new();
    for (title, covers, controls) in [
        ("inside", ("2026-11-01", "2026-11-20"), &["IAM-02"][..]),
        ("before", ("2025-03-01", "2025-03-31"), &["IAM-02"]),
        // Processing integrity is not in scope.
        ("elsewhere", ("2026-11-01", "2026-11-20"), &["PIN-01"]),
        ("waiting", ("2026-11-01", "2026-11-20"), &["IAM-02"]),
    ] {
        let mut new = file(title, covers, controls);
        new.description.collected_at = day("2026-11-22");
        let key = app
            .transact(&scene.cam, async |cx| {
                let made = item::open(cx, new).await?;
                item::submit(cx, made.key, made.revision).await.map(|one| one.key)
            })
            .await
            .unwrap_or_else(|error| panic!("{title}: {error}"));
        if title != "waiting" {
            let revision = 2;
            app.transact(&mira, async |cx| item::accept(cx, key, revision, "").await)
                .await
                .expect("accepted");
        }
        keys.push(key);
    }
    let seen =
        app.read(&audrey, async |view| evidence::items(view, KEY, catalog).await).await.expect("items");
    let titles: Vec<&str> = seen.iter().map(|one| one.version.description.title.as_str()).collect();
    assert_eq!(titles, ["inside"]);
    for key in &keys[1..] {
        let file = evidence::read_file(app, &audrey, (KEY, *key), 1, Purpose::Look, catalog).await;
        assert!(matches!(refused(file), Error::NotFound { .. }));
    }
    // The pages of management are no way around.
    let direct = app.read(&audrey, async |view| item::find(view, keys[1]).await).await;
    assert!(matches!(refused(direct), Error::Forbidden(_)));
    let party = app.read(&audrey, async |view| Ok(fieldwork::party(view, EngagementKey(2)))).await;
    assert_eq!(party.expect("asked"), None);
}
