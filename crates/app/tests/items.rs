//! Items of evidence on both databases: who may do what with them, what becomes of them, what the log says; and what
//! somebody has to do.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::evidence;
use tickmark_app::evidence::item::{self, NewItem, NewVersion, Purpose, Upload};
use tickmark_app::identity::audit;
use tickmark_app::program::performance;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, control, ledger, work};
use tickmark_core::catalog::{Catalog, Nature};
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::evidence::item::{Covers, Description, Item, Kind, Method, Sensitivity, State, day};
use tickmark_core::id::ItemKey;
use tickmark_core::identity::Role;
use tickmark_core::program::performance::WindowState;
use tickmark_core::time::DAY_US;

const DAY: i64 = 86_400;

pub(crate) struct Scene {
    pub(crate) app: App,
    pub(crate) program: Actor,
    pub(crate) manager: Actor,
    pub(crate) owner: Actor,
    pub(crate) employee: Actor,
    pub(crate) quarterly: ControlId,
}

/// People with accounts, and a quarterly control in force that the control owner answers for.
pub(crate) async fn scene(world: &World) -> Scene {
    let (app, program) = world.start().await;
    let catalog = Catalog::builtin();
    app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    let starter = catalog
        .controls
        .iter()
        .find(|c| c.frequency == Frequency::Quarterly && c.nature != Nature::Automated);
    let quarterly: ControlId = starter.expect("a quarterly control").id.parse().expect("an id");
    let mut people = Vec::new();
    for (name, role) in
        [("Mia", Role::ComplianceManager), ("Oscar", Role::ControlOwner), ("Eve", Role::Employee)]
    {
        let account = world.member(&app, &program, name, &[role]).await;
        people.push(account);
    }
    let person = world.person(&app, &program).await;
    let oscar = world.find_member(&app, &program, "oscar@example.com").await;
    app.transact(&person, async |cx| control::put_in_force(cx, &quarterly, oscar.actor).await)
        .await
        .expect("in force");
    let manager = people[0].actor(world, &app).await;
    let owner = people[1].actor(world, &app).await;
    let employee = people[2].actor(world, &app).await;
    Scene { app, program, manager, owner, employee, quarterly }
}

fn file(name: &str, text: &str) -> Upload {
    Upload { name: name.to_owned(), bytes: Bytes::copy_from_slice(text.as_bytes()) }
}

fn description(title: &str) -> Description {
    Description {
        title: title.to_owned(),
        kind: Kind::Export,
        source: "Directory, list of groups".to_owned(),
        method: Method::Exported,
        steps: String::new(),
        collected_by: "Oscar Secretname".to_owned(),
        collected_at: day("2026-11-20").ok(),
        covers: Covers::days("2026-10-01", "2026-11-20").ok(),
        sensitivity: Sensitivity::Internal,
        redaction: String::new(),
    }
}

pub(crate) fn new(once: &str, controls: &[&ControlId]) -> NewItem {
    NewItem {
        once: once.to_owned(),
        description: description("Groups of payroll"),
        retention: "evidence".to_owned(),
        controls: controls.iter().map(|id| (*id).clone()).collect(),
        files: vec![file("groups.csv", "group,member\npayroll,Ada\n")],
    }
}

pub(crate) async fn opened(scene: &Scene, actor: &Actor, new: NewItem) -> Result<Item, Error> {
    scene.app.transact(actor, async |cx| item::open(cx, new).await).await
}

async fn events(scene: &Scene) -> Vec<String> {
    let filter = audit::Filter { event: Some("evidence".into()), ..audit::Filter::default() };
    let rows = scene.app.read(&scene.program, async |view| audit::search(view, &filter, 100).await).await;
    rows.expect("rows").into_iter().rev().map(|row| row.event).collect()
}

#[tokio::test]
async fn a_bundle_holds_the_files_of_items_whatever_they_are_called() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let named = NewItem {
            files: vec![file("Gruppen: Löhne & (2).csv", "group,member\npayroll,Ada\n")],
            ..new("a form", &[&scene.quarterly])
        };
        opened(&scene, &scene.owner, named).await.expect("opened");
        let (exported, answer) = crate::bundle::export(&scene.app, &scene.program).await;
        assert!(!answer.has_failed(), "{answer}");
        let held = crate::bundle::contents(&exported);
        assert_eq!(held.iter().filter(|file| *file == b"group,member\npayroll,Ada\n").count(), 1);
    }
}

#[tokio::test]
async fn an_item_goes_from_draft_to_accepted_and_not_by_whoever_worked_on_it() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, owner, manager) = (&scene.app, &scene.owner, &scene.manager);
        let draft = opened(&scene, owner, new("a form", &[&scene.quarterly])).await.expect("opened");
        assert_eq!((draft.key, draft.state, draft.version.files.len()), (ItemKey(1), State::Draft, 1));
        let again = opened(&scene, owner, new("a form", &[&scene.quarterly])).await.expect("the same");
        assert_eq!(again, draft, "one form makes one item, and what is read is what was made");
        assert!(matches!(opened(&scene, manager, new("a form", &[])).await, Err(Error::Conflict(_))));

        // What is missing is said, and mended by a new version.
        let mut lacking = description("Groups of payroll");
        lacking.source.clear();
        let version = NewVersion {
            description: lacking,
            keep: BTreeSet::from([1]),
            files: Vec::new(),
            reason: String::new(),
        };
        let revised = app
            .transact(owner, async |cx| item::revise(cx, draft.key, 1, version).await)
            .await
            .expect("revised");
        assert_eq!((revised.state, revised.version.number, revised.revision), (State::Draft, 2, 2));
        let refused =
            app.transact(owner, async |cx| item::submit(cx, draft.key, 2).await).await.expect_err("lacking");
        assert!(refused.to_string().contains("say which system"), "{refused}");
        let version = NewVersion {
            description: description("Groups of payroll"),
            keep: BTreeSet::from([1]),
            files: vec![file("note.txt", "compared with the roster")],
            reason: String::new(),
        };
        let stale =
            app.transact(owner, async |cx| item::revise(cx, draft.key, 1, version.clone()).await).await;
        assert!(matches!(stale, Err(Error::Conflict(_))), "somebody else was faster");
        app.transact(owner, async |cx| item::revise(cx, draft.key, 2, version).await).await.expect("revised");
        let submitted =
            app.transact(owner, async |cx| item::submit(cx, draft.key, 3).await).await.expect("submitted");
        assert_eq!((submitted.state, submitted.version.files.len()), (State::Submitted, 2));

        // Its author may not accept it, nor may a program.
        let own = app.transact(owner, async |cx| item::accept(cx, draft.key, 4, "").await).await;
        assert!(matches!(own, Err(Error::Forbidden(_))), "{own:?}");
        let program = app.transact(&scene.program, async |cx| item::accept(cx, draft.key, 4, "").await).await;
        assert!(matches!(program, Err(Error::Forbidden(_))));
        let bare = app.transact(manager, async |cx| item::give_back(cx, draft.key, 4, " ").await).await;
        assert!(matches!(bare, Err(Error::Invalid(_))), "a reason is needed");
        let returned = app
            .transact(manager, async |cx| item::give_back(cx, draft.key, 4, "Which groups?").await)
            .await
            .expect("returned");
        assert_eq!(returned.state, State::Returned);
        app.transact(owner, async |cx| item::submit(cx, draft.key, 5).await).await.expect("handed in again");
        let accepted = app
            .transact(manager, async |cx| item::accept(cx, draft.key, 6, "").await)
            .await
            .expect("accepted");
        assert_eq!((accepted.state, accepted.decided.map(|(by, _)| by)), (State::Accepted, Some(manager.id)));
        assert_eq!(
            events(&scene).await,
            [
                "evidence.uploaded",
                "evidence.superseded",
                "evidence.superseded",
                "evidence.submitted",
                "evidence.rejected",
                "evidence.submitted",
                "evidence.approved"
            ]
        );
        // A new version is not accepted any more, and it says why it is there.
        let next = |reason: &str| NewVersion {
            description: description("Groups of payroll, again"),
            keep: BTreeSet::from([1, 2]),
            files: Vec::new(),
            reason: reason.to_owned(),
        };
        let bare = app.transact(owner, async |cx| item::revise(cx, draft.key, 7, next("")).await).await;
        assert!(matches!(bare, Err(Error::Invalid(_))), "{bare:?}");
        let draft_again = app
            .transact(owner, async |cx| item::revise(cx, draft.key, 7, next("A group was missing")).await)
            .await
            .expect("revised");
        assert_eq!((draft_again.state, draft_again.version.number), (State::Draft, 4));
        let whole = app.read(manager, async |view| item::whole(view, draft.key).await).await.expect("read");
        assert_eq!(whole.versions.len(), 4);
        assert_eq!(whole.versions[2].files.len(), 2, "versions before stay");
        assert!(whole.history.iter().any(|one| one.note == "Which groups?"));

        // Withdrawn is the end, and it stays readable.
        let gone = app
            .transact(owner, async |cx| item::withdraw(cx, draft.key, 8, "Wrong system").await)
            .await
            .expect("withdrawn");
        assert_eq!(gone.state, State::Withdrawn);
        let dead = app.transact(owner, async |cx| item::submit(cx, draft.key, 9).await).await;
        assert!(matches!(dead, Err(Error::Conflict(_))));
        assert_eq!(app.read(manager, async |view| item::list(view).await).await.expect("read").len(), 1);

        // The log holds neither names nor words, and what opens its commitments fits.
        app.sequence(&scene.program).await.expect("sequenced");
        let entries = app
            .read(&scene.program, async |view| ledger::entries(view, 0, 10_000).await)
            .await
            .expect("read");
        let log: Vec<String> =
            entries.iter().map(|one| String::from_utf8_lossy(&one.content).into_owned()).collect();
        for word in ["Secretname", "payroll", "Which groups", "groups.csv", "Directory"] {
            assert!(!log.iter().any(|leaf| leaf.contains(word)), "{word} is in the log");
        }
        let records =
            app.read(&scene.program, async |view| item::records(view).await).await.expect("records");
        assert_eq!(records.len(), 4);
        for record in records {
            let digest = format!("{}", tickmark_core::Digest(record.commitment().0));
            assert!(log.iter().any(|leaf| leaf.contains(&digest)), "an entry commits to each version");
        }
        app.close().await;
    }
}

#[tokio::test]
async fn what_lies_is_refused_and_leaves_nothing() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let before = scene
            .app
            .read(&scene.program, async |view| evidence::list(view, evidence::ArtifactKey(0), 1000).await)
            .await;
        let cases: [(&str, &[u8], &str); 5] = [
            ("shot.png", b"%PDF-1.7\n", "says it is a PNG picture"),
            ("report.pdf", b"MZ\x90\0\x03", "is a program"),
            ("all.zip", b"PK\x03\x04\0\0", "is an archive"),
            ("k.txt", b"-----BEGIN PRIVATE KEY-----\nAA", "holds a private key"),
            ("x.txt", b"", "is empty"),
        ];
        for (name, bytes, says) in cases {
            let mut odd = new(name, &[]);
            odd.files.push(Upload { name: name.to_owned(), bytes: Bytes::copy_from_slice(bytes) });
            let refused = opened(&scene, &scene.owner, odd).await.expect_err("refused");
            assert!(
                matches!(refused, Error::Invalid(_)) && refused.to_string().contains(says),
                "{name}: {refused}"
            );
        }
        let mut none = new("none", &[]);
        none.files.clear();
        assert!(matches!(opened(&scene, &scene.owner, none).await, Err(Error::Invalid(_))));
        let mut class = new("class", &[]);
        class.retention = "forever".into();
        assert!(matches!(opened(&scene, &scene.owner, class).await, Err(Error::Invalid(_))));
        let unknown = "NO-99".parse().expect("an id");
        assert!(matches!(
            opened(&scene, &scene.owner, new("unknown", &[&unknown])).await,
            Err(Error::NotFound { .. })
        ));
        let after = scene
            .app
            .read(&scene.program, async |view| evidence::list(view, evidence::ArtifactKey(0), 1000).await)
            .await;
        assert_eq!(before.expect("read"), after.expect("read"), "nothing was kept");
        let named = Upload { name: "..\\..\\evil\u{202E}\r\n.txt".into(), bytes: Bytes::from_static(b"x") };
        let kept = opened(&scene, &scene.owner, NewItem { files: vec![named], ..new("named", &[]) })
            .await
            .expect("kept");
        assert_eq!(kept.version.files[0].name, "evil.txt");
        scene.app.close().await;
    }
}

#[tokio::test]
async fn what_an_organization_has_no_room_for_is_refused_and_leaves_nothing() {
    for world in World::both().await {
        let mut scene = scene(&world).await;
        opened(&scene, &scene.owner, new("first", &[])).await.expect("there is room");
        let held = async |scene: &Scene| {
            let list = scene
                .app
                .read(&scene.program, async |view| evidence::list(view, evidence::ArtifactKey(0), 1000).await)
                .await;
            (list.expect("read").len(), events(scene).await)
        };
        let before = held(&scene).await;
        scene.app.limit_evidence(40);
        let two = NewItem {
            files: vec![file("a.txt", "a few words that fit"), file("b.txt", "and some that do not")],
            ..new("second", &[])
        };
        let refused = opened(&scene, &scene.owner, two.clone()).await.expect_err("no room");
        assert!(
            matches!(refused, Error::Invalid(_)) && refused.to_string().contains("gives it more room"),
            "{refused}"
        );
        assert_eq!(held(&scene).await, before, "neither of the files, nor the item, nor an event");
        scene.app.limit_evidence(1_000_000);
        let opened = opened(&scene, &scene.owner, two).await.expect("the same form, once there is room");
        assert_eq!(opened.version.files.len(), 2);
        scene.app.close().await;
    }
}

#[tokio::test]
async fn each_sees_and_moves_what_is_theirs() {
    let world = World::sqlite();
    let scene = scene(&world).await;
    let (app, employee, owner, manager) = (&scene.app, &scene.employee, &scene.owner, &scene.manager);
    // An employee hands in their own, and sees nothing else.
    let own = opened(&scene, employee, new("eve", &[])).await.expect("opened");
    let other = opened(&scene, owner, new("oscar", &[&scene.quarterly])).await.expect("opened");
    let seen = app.read(employee, async |view| item::list(view).await).await.expect("listed");
    assert_eq!(seen.iter().map(|item| item.key).collect::<Vec<_>>(), [own.key]);
    assert!(matches!(
        app.read(employee, async |view| item::find(view, other.key).await).await,
        Err(Error::Forbidden(_))
    ));
    let foreign = app.transact(employee, async |cx| item::submit(cx, other.key, 1).await).await;
    assert!(matches!(foreign, Err(Error::Forbidden(_))));
    let hidden = opened(&scene, employee, new("probe", &[&scene.quarterly])).await;
    assert!(matches!(hidden, Err(Error::NotFound { .. })), "a control they may not see is none: {hidden:?}");
    app.transact(employee, async |cx| item::submit(cx, own.key, 1).await)
        .await
        .expect("their own can be handed in");

    // Looking is reading; taking away needs more, and both are recorded where they must be.
    let (file, bytes) = item::read_file(app, employee, own.key, 1, 1, Purpose::Look).await.expect("read");
    assert_eq!(
        (file.name.as_str(), bytes.as_ref()),
        ("groups.csv", b"group,member\npayroll,Ada\n".as_slice())
    );
    let taken = item::read_file(app, employee, own.key, 1, 1, Purpose::TakeAway).await;
    assert!(matches!(taken, Err(Error::Forbidden(_))));
    assert!(matches!(
        item::read_file(app, manager, own.key, 1, 9, Purpose::Look).await,
        Err(Error::NotFound { .. })
    ));
    item::read_file(app, manager, own.key, 1, 1, Purpose::TakeAway).await.expect("taken");
    let recorded = events(&scene).await;
    assert_eq!(recorded.iter().filter(|event| *event == "evidence.downloaded").count(), 1);
    assert_eq!(recorded.iter().filter(|event| *event == "evidence.viewed").count(), 0);
    let mut restricted = new("restricted", &[]);
    restricted.description.sensitivity = Sensitivity::Restricted;
    let restricted = opened(&scene, owner, restricted).await.expect("opened");
    item::read_file(app, manager, restricted.key, 1, 1, Purpose::Look).await.expect("read");
    assert!(events(&scene).await.contains(&"evidence.viewed".to_owned()));

    // Links are changed by whoever may change the item.
    let linked = app
        .transact(manager, async |cx| item::link(cx, own.key, 2, &scene.quarterly).await)
        .await
        .expect("linked");
    assert!(linked.controls.contains(&scene.quarterly));
    let twice = app.transact(manager, async |cx| item::link(cx, own.key, 3, &scene.quarterly).await).await;
    assert!(matches!(twice, Err(Error::Conflict(_))));
    let of_control = app
        .read(manager, async |view| item::of_control(view, &scene.quarterly, 100).await)
        .await
        .expect("read");
    assert_eq!(of_control.len(), 2);
    let unlinked = app
        .transact(manager, async |cx| item::unlink(cx, own.key, 3, &scene.quarterly).await)
        .await
        .expect("unlinked");
    assert!(unlinked.controls.is_empty());
    // Linked again, a moment later, it is the owner's business too.
    world.wait(1);
    app.transact(manager, async |cx| item::link(cx, own.key, 4, &scene.quarterly).await)
        .await
        .expect("linked");
    app.close().await;
}

#[tokio::test]
async fn my_work_is_what_waits_for_me_and_goes_when_it_is_done() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, owner, manager, employee) = (&scene.app, &scene.owner, &scene.manager, &scene.employee);
        let of =
            async |actor: &Actor| app.read(actor, async |view| work::of(view).await).await.expect("work");
        assert_eq!(of(employee).await.count(), 0);
        // The window of the fourth quarter ends on 31 December and is due by 15 January: not yet soon.
        assert_eq!(of(owner).await.count(), 0);
        let account = world.member(app, &scene.program, "Otto", &[Role::ControlOwner]).await;
        world.wait(40 * DAY);
        let due = of(owner).await;
        assert_eq!((due.due.len(), due.missed.len()), (1, 0));
        assert_eq!(due.due[0].window.id, "2026-Q4");
        assert_eq!(due.due[0].last_day().date(), "2027-01-15");
        let other = account.actor(&world, app).await;
        assert!(of(&other).await.due.is_empty(), "it is another one's");

        // Handed in, it waits for the manager and not for its author.
        let evidence = opened(&scene, owner, new("q4", &[&scene.quarterly])).await.expect("opened");
        assert_eq!(of(owner).await.drafts.len(), 1);
        app.transact(owner, async |cx| item::submit(cx, evidence.key, 1).await).await.expect("submitted");
        assert_eq!((of(owner).await.waiting.len(), of(manager).await.waiting.len()), (0, 1));
        app.transact(manager, async |cx| item::give_back(cx, evidence.key, 2, "Sign it").await)
            .await
            .expect("returned");
        assert_eq!((of(owner).await.returned.len(), of(manager).await.count()), (1, 0));
        app.transact(owner, async |cx| item::submit(cx, evidence.key, 3).await).await.expect("submitted");
        app.transact(manager, async |cx| item::accept(cx, evidence.key, 4, "").await)
            .await
            .expect("accepted");
        let performance = performance::NewPerformance {
            control: scene.quarterly.clone(),
            window: Some("2026-Q4".into()),
            performed_at: app.now(),
            performed_by: owner.id,
            evidence: evidence.version.files.iter().map(|file| file.artifact).collect(),
            files: Vec::new(),
            note: String::new(),
        };
        let stranger =
            app.transact(employee, async |cx| performance::record(cx, performance.clone()).await).await;
        assert!(matches!(stranger, Err(Error::Forbidden(_))), "{stranger:?}");
        app.transact(owner, async |cx| performance::record(cx, performance).await).await.expect("recorded");
        assert_eq!(of(owner).await.count(), 0, "all done");

        // What covers up to 20 November serves a quarterly control up to 20 February and 15 days of grace.
        world.wait(60 * DAY);
        let aging = of(owner).await.aging;
        assert_eq!(aging.iter().map(|one| one.freshness.word()).collect::<Vec<_>>(), ["expiring"]);
        world.wait(120 * DAY);
        let work = of(owner).await;
        assert_eq!(work.aging.iter().map(|one| one.freshness.word()).collect::<Vec<_>>(), ["stale"]);
        assert_eq!(work.missed.iter().map(|due| due.window.id.as_str()).collect::<Vec<_>>(), ["2027-Q1"]);
        let calendar = app
            .read(owner, async |view| {
                let (from, to) = (view.now.plus_micros(-400 * DAY_US), view.now);
                performance::due_between(view, from, to).await
            })
            .await
            .expect("listed");
        let states: Vec<_> = calendar.iter().map(|due| (due.window.id.as_str(), due.state)).collect();
        assert_eq!(states, [("2026-Q4", WindowState::Done), ("2027-Q1", WindowState::Missed)]);
        app.close().await;
    }
}
