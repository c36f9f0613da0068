//! What people do every day, on both databases: findings that somebody writes, fixes with evidence, what waits for whose
//! decision, one change of several records, comments of more kinds, legal holds on items.

use std::collections::BTreeSet;

use tickmark_app::bulk::{self, Outcome};
use tickmark_app::comment::{self, About};
use tickmark_app::conclusion::remediation::{self, Done, Fixed};
use tickmark_app::control::{self, edit};
use tickmark_app::engagement::fieldwork::request;
use tickmark_app::evidence::item::{self, NewVersion, Upload};
use tickmark_app::evidence::{self, Erasure, HoldScope};
use tickmark_app::observation::estate;
use tickmark_app::register::{self, Kind, Query};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, work};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::finding::{FindingState, Plan, Source, Written};
use tickmark_core::control::ControlId;
use tickmark_core::evidence::item::{Item, State};
use tickmark_core::id::{ActorId, ItemKey, TargetKey};
use tickmark_core::identity::Role;
use tickmark_core::observation::Severity;
use tickmark_core::observation::estate::{Criticality, TargetRecord};

use crate::fieldwork::{KEY, auditor, wanted};
use crate::items::{Scene, new, opened, scene};
use crate::observation::{facts, host, library, run, seen};

fn written(title: &str) -> Written {
    Written {
        title: title.to_owned(),
        source: Source::PenetrationTest,
        said: "Report of 2026, finding 4".to_owned(),
        found_on: "2026-11-20".parse().expect("a day"),
        severity: Severity::High,
        control: None,
        criteria: vec!["CC6.1".to_owned()],
        condition: "A link worked after nine days.".to_owned(),
        effect: String::new(),
        recommendation: String::new(),
    }
}

fn plan(owner: ActorId) -> Plan {
    Plan {
        owner: Some(owner),
        due: "2026-12-31".parse().ok(),
        cause: String::new(),
        plan: "Let them end after an hour.".to_owned(),
    }
}

async fn submitted(scene: &Scene, once: &str) -> Item {
    let item = opened(scene, &scene.owner, new(once, &[&scene.quarterly])).await.expect("opened");
    let (key, revision) = (item.key, item.revision);
    let done = scene.app.transact(&scene.owner, async |cx| item::submit(cx, key, revision).await).await;
    done.expect("submitted")
}

fn said(outcomes: &[Outcome]) -> Vec<(&str, bool)> {
    outcomes.iter().map(|one| (one.id.as_str(), one.refused.is_none())).collect()
}

#[tokio::test]
async fn a_finding_that_somebody_wrote_is_fixed_with_evidence_and_closed_by_another() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, owner, manager) = (&scene.app, &scene.owner, &scene.manager);
        let write = async |once: &str, title: &str| {
            let (one, plan) = (written(title), plan(owner.id));
            app.transact(manager, async |cx| remediation::write(cx, once, one.clone(), plan.clone()).await)
                .await
        };
        for _ in 0..2 {
            let made = write("page", "Reset links do not expire").await.expect("written");
            assert_eq!(made.found.reference(), "own.1", "sent twice, written once");
        }
        assert_eq!(write("other", "A complaint").await.expect("written").found.reference(), "own.2");
        assert!(matches!(write("bad", " ").await, Err(Error::Invalid(_))));
        let (one, of) = (written("x"), plan(scene.employee.id));
        let refused = app
            .transact(&scene.employee, async |cx| remediation::write(cx, "p", one.clone(), of.clone()).await)
            .await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");

        let item = submitted(&scene, "shows it").await;
        let fix = async |evidence: &[i64], shown_by: &str| {
            let fixed = Fixed {
                note: "They end".into(),
                shown_by: shown_by.into(),
                evidence: evidence.iter().copied().map(ItemKey).collect(),
            };
            app.transact(owner, async |cx| remediation::fix(cx, "own.1", 1, &fixed).await).await
        };
        assert!(matches!(fix(&[], "").await, Err(Error::Invalid(_))), "nothing shows it");
        assert!(matches!(fix(&[99], "").await, Err(Error::Invalid(_))), "there is no such item");
        assert!(matches!(fix(&[item.key.0], "").await, Ok(Done::Done(_))));
        let own =
            app.transact(owner, async |cx| remediation::verify(cx, "own.1", 2, true, "looked").await).await;
        assert!(matches!(own, Err(Error::Forbidden(_) | Error::Conflict(_))), "{own:?}");
        let closed =
            app.transact(manager, async |cx| remediation::verify(cx, "own.1", 2, true, "looked").await).await;
        let Ok(Done::Done(closed)) = closed else { panic!("{closed:?}") };
        assert_eq!(closed.state(), FindingState::Closed);
        assert_eq!(closed.fix().map(|fix| fix.evidence.clone()), Some(vec![item.key]));
        let left = app.read(manager, async |view| remediation::open(view).await).await.expect("open");
        assert_eq!(left.keys().collect::<Vec<_>>(), ["own.2"]);
    }
}

#[tokio::test]
async fn what_others_wrote_or_fixed_waits_for_whoever_decides() {
    let catalog = Catalog::builtin();
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, owner, manager) = (&scene.app, &scene.owner, &scene.manager);
        let titles = async |actor: &Actor| -> Vec<String> {
            let work = app.read(actor, async |view| work::of(view).await).await.expect("their work");
            work.approvals.into_iter().map(|one| one.title).collect()
        };
        assert!(titles(manager).await.is_empty(), "drafts of the library wait for nobody");
        let second = world.member(app, &scene.program, "Mel", &[Role::ComplianceManager]).await;
        let second = second.actor(&world, app).await;
        let base = app
            .read(manager, async |view| control::find(view, &scene.quarterly).await)
            .await
            .expect("a control");
        let id: ControlId = "OWN-01".parse().expect("an id");
        let (content, assigned) = (base.content(), base.assigned());
        app.transact(manager, async |cx| {
            edit::write(cx, id.clone(), content.clone(), assigned, "new", &catalog).await
        })
        .await
        .expect("a draft");
        assert!(titles(manager).await.is_empty(), "whoever wrote it does not approve it");
        assert_eq!(titles(&second).await, ["The draft OWN-01 waits for your approval"]);

        let (one, of) = (written("Links"), plan(owner.id));
        app.transact(manager, async |cx| remediation::write(cx, "page", one.clone(), of.clone()).await)
            .await
            .expect("written");
        let findings = async |actor: &Actor| {
            app.read(actor, async |view| work::of(view).await).await.expect("their work").findings.len()
        };
        assert_eq!((findings(owner).await, findings(manager).await), (1, 0), "whoever answers for it");
        let fixed = Fixed { note: "done".into(), shown_by: "run 3".into(), evidence: BTreeSet::new() };
        app.transact(owner, async |cx| remediation::fix(cx, "own.1", 1, &fixed).await).await.expect("fixed");
        assert_eq!(findings(owner).await, 0);
        assert_eq!(titles(manager).await, ["A fix waits to be verified: Links"]);
        let (count, all) = app
            .read(&second, async |view| Ok((work::count(view).await?, work::of(view).await?)))
            .await
            .expect("counted");
        assert_eq!((count, all.approvals.len()), (all.count(), 2));
    }
}

#[tokio::test]
async fn an_owner_learns_of_a_role_that_waits_for_a_second_one() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    let first = world.owner(&app, &program).await;
    let second = world.member(&app, &program, "Olga", &[Role::Owner]).await;
    let eve = world.member(&app, &program, "Eve", &[Role::Employee]).await;
    let member = world.find_member(&app, &program, &eve.email).await.id;
    let (first, second) = (first.actor(&world, &app).await, second.actor(&world, &app).await);
    app.transact(&first, async |cx| tickmark_app::identity::people::propose(cx, member, Role::Admin).await)
        .await
        .expect("proposed");
    let decisions = async |actor: &Actor| {
        app.read(actor, async |view| work::of(view).await).await.expect("their work").approvals
    };
    assert!(decisions(&first).await.is_empty(), "who proposed it cannot agree");
    let waits = decisions(&second).await;
    assert_eq!(waits.len(), 1);
    assert!(waits[0].title.contains("waits for a second owner") && waits[0].path == "/people");
}

#[tokio::test]
async fn of_several_records_each_has_its_own_outcome() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, manager) = (&scene.app, &scene.manager);
        let (one, two) = (submitted(&scene, "one").await, submitted(&scene, "two").await);
        let draft = opened(&scene, &scene.owner, new("three", &[])).await.expect("opened");
        let stale = (two.key, two.revision - 1);
        let chosen = [(one.key, one.revision), stale, (draft.key, draft.revision), (ItemKey(99), 1)];
        let came = app
            .transact(manager, async |cx| bulk::accept_evidence(cx, &chosen).await)
            .await
            .expect("each for itself");
        assert_eq!(said(&came), [("1", true), ("2", false), ("3", false), ("99", false)]);
        let state = async |key: ItemKey| {
            app.read(manager, async |view| item::find(view, key).await).await.expect("an item").state
        };
        assert_eq!(
            (state(one.key).await, state(two.key).await, state(draft.key).await),
            (State::Accepted, State::Submitted, State::Draft)
        );
        let links = [(two.key, two.revision), (draft.key, draft.revision)];
        let came = app
            .transact(manager, async |cx| bulk::link_evidence(cx, &links, &scene.quarterly).await)
            .await
            .expect("each for itself");
        assert_eq!(said(&came), [("2", false), ("3", true)], "the first serves it already");

        let owner = scene.owner.id;
        for once in ["a", "b"] {
            let (finding, plan) = (written(once), plan(manager.id));
            app.transact(manager, async |cx| {
                remediation::write(cx, once, finding.clone(), plan.clone()).await
            })
            .await
            .expect("written");
        }
        let chosen = [("own.1".to_owned(), None), ("own.9".to_owned(), None)];
        let came = app
            .transact(manager, async |cx| bulk::assign_findings(cx, &chosen, owner, (None, "")).await)
            .await
            .expect("each for itself");
        assert_eq!(said(&came), [("own.1", true), ("own.9", false)]);
        let to = "2027-01-31".parse().expect("a day");
        let chosen = ["own.1", "own.2", "test.x.y"].map(str::to_owned);
        let came = app
            .transact(manager, async |cx| bulk::extend_findings(cx, &chosen, to, "the vendor is late").await)
            .await
            .expect("each for itself");
        assert_eq!(said(&came), [("own.1", true), ("own.2", true), ("test.x.y", false)]);
        let open = app.read(manager, async |view| remediation::open(view).await).await.expect("open");
        assert_eq!((open["own.1"].owner, open["own.1"].due), (Some(owner), Some(to)));
        let many = vec![(ItemKey(1), 1); bulk::MANY + 1];
        let refused = app.transact(manager, async |cx| bulk::accept_evidence(cx, &many).await).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_legal_hold_on_an_item_keeps_the_files_of_all_its_versions() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, manager, owner) = (&scene.app, &scene.manager, &scene.owner);
        let person = world.person(app, &scene.program).await;
        let item = opened(&scene, owner, new("held", &[&scene.quarterly])).await.expect("opened");
        let scope = HoldScope::Item(item.key);
        let place = async |who: &Actor| {
            app.transact(who, async |cx| evidence::place_hold(cx, scope, "a dispute").await).await
        };
        assert!(matches!(place(owner).await, Err(Error::Forbidden(_))), "not theirs to place");
        let hold = place(manager).await.expect("placed");
        let version = NewVersion {
            description: item.version.description.clone(),
            keep: BTreeSet::new(),
            files: vec![Upload { name: "later.csv".into(), bytes: b"group\nlater\n".as_slice().into() }],
            reason: "all of them".into(),
        };
        let (key, revision) = (item.key, item.revision);
        let newer = app
            .transact(owner, async |cx| item::revise(cx, key, revision, version.clone()).await)
            .await
            .expect("revised");
        for file in item.version.files.iter().chain(&newer.version.files) {
            let what = Erasure::Artifact(evidence::ArtifactKey(file.artifact.0));
            let erased = app.transact(&person, async |cx| evidence::erase(cx, what, "a right").await).await;
            assert!(matches!(erased, Err(Error::Conflict(_))), "{}: {erased:?}", file.name);
        }
        let holds = async |who: &Actor| {
            app.read(who, async |view| evidence::holds_of_item(view, key).await).await.expect("holds").len()
        };
        assert_eq!((holds(manager).await, holds(&scene.employee).await), (1, 0), "why is not for everybody");
        app.transact(manager, async |cx| evidence::release_hold(cx, hold.key).await).await.expect("released");
        let what = Erasure::Artifact(evidence::ArtifactKey(newer.version.files[0].artifact.0));
        app.transact(&person, async |cx| evidence::erase(cx, what, "a right").await).await.expect("erased");

        // How long things are kept is the organization's to say.
        let boss = world.member(app, &scene.program, "Olga", &[Role::Owner]).await.actor(&world, app).await;
        let set = async |who: &Actor| {
            app.transact(who, async |cx| evidence::set_retention(cx, "evidence", 3653).await).await
        };
        assert!(matches!(set(manager).await, Err(Error::Forbidden(_))));
        set(&boss).await.expect("set");
        let classes =
            app.read(&boss, async |view| evidence::retention_classes(view).await).await.expect("listed");
        let words: Vec<String> = classes.iter().map(|class| class.words()).collect();
        assert_eq!(words, ["10 years", "10 years"]);
    }
}

async fn comments(app: &App, actor: &Actor, once: &str, about: &About) -> Result<i64, Error> {
    let made =
        app.transact(actor, async |cx| comment::write(cx, once, about.clone(), "Look @Audrey").await).await?;
    let found = app.read(actor, async |view| comment::feed(view, about).await).await?;
    assert!(!found.is_empty());
    Ok(made.key)
}

#[tokio::test]
async fn people_of_an_audit_firm_answer_for_nothing_of_the_organization() {
    for world in World::both().await {
        let scene = crate::fieldwork::scene(&world).await;
        let (app, cam) = (&scene.app, &scene.cam);
        let audrey = auditor(&world, &scene, "Audrey").await;
        app.transact(&audrey, async |cx| request::add(cx, KEY, vec![wanted("Chart", None)]).await)
            .await
            .expect("asked");
        let control: ControlId = "CHG-02".parse().expect("an id");
        let owned = app
            .transact(cam, async |cx| {
                edit::assign(cx, std::slice::from_ref(&control), audrey.id, "helps").await
            })
            .await;
        let seen_to = app
            .transact(cam, async |cx| request::assign(cx, KEY, 1, 1, Some(audrey.id)).await)
            .await
            .map(|_| 1);
        for refused in [owned, seen_to] {
            let says = refused.expect_err("refused").to_string();
            assert!(says.contains("people of an audit firm"), "{says}");
        }
    }
}

#[tokio::test]
async fn both_parties_speak_about_a_request_and_management_alone_about_the_rest() {
    for world in World::both().await {
        let scene = crate::fieldwork::scene(&world).await;
        let (app, cam) = (&scene.app, &scene.cam);
        let audrey = auditor(&world, &scene, "Audrey").await;
        app.transact(&audrey, async |cx| request::add(cx, KEY, vec![wanted("Chart", None)]).await)
            .await
            .expect("asked");
        let shared = About::EvidenceRequest(KEY, 1);
        comments(app, cam, "one", &shared).await.expect("management");
        comments(app, &audrey, "two", &shared).await.expect("the auditor");
        let named = app.read(&audrey, async |view| comment::mentions(view).await).await.expect("mentions");
        assert_eq!(
            named.iter().map(|one| one.about.path()).collect::<Vec<_>>(),
            ["/engagements/1/requests/1"]
        );
        let own = About::Engagement(KEY);
        comments(app, cam, "three", &own).await.expect("management");
        // What is asked and what is said is found, as far as somebody may see it.
        let found = async |actor: &Actor, words: &str| -> Vec<String> {
            let all = app.read(actor, async |view| register::search(view, words, Kind::ALL, 50).await).await;
            all.expect("a search").into_iter().map(|one| format!("{} {}", one.kind.word(), one.id)).collect()
        };
        assert!(found(cam, "chart").await.contains(&"evidence_request E-1/R-1".to_owned()));
        let said = found(cam, "look").await;
        assert!(said.contains(&"comment 1 request E-1/R-1".to_owned()), "{said:?}");
        assert!(said.contains(&"comment 3 engagement E-1".to_owned()), "{said:?}");
        assert!(found(cam, "payroll").await.contains(&"engagement E-1".to_owned()));
        assert!(found(&audrey, "look").await.is_empty() && found(&audrey, "chart").await.is_empty());
        let refused = comments(app, &audrey, "four", &own).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
        let control = About::Control("IAM-05".parse().expect("an id"));
        let refused = comments(app, &audrey, "five", &control).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "their notes are elsewhere: {refused:?}");
        let named = app.read(&audrey, async |view| comment::mentions(view).await).await.expect("mentions");
        assert_eq!(named.len(), 1, "what is management's own names no auditor");
        for nothing in [
            About::Waiver(tickmark_core::id::WaiverKey(9)),
            About::Check("no-such".into()),
            About::Target(TargetKey(9)),
            About::Run(tickmark_core::id::RunKey(9)),
            About::EvidenceRequest(KEY, 9),
        ] {
            let refused = comments(app, cam, "nothing", &nothing).await;
            assert!(matches!(refused, Err(Error::NotFound { .. })), "{nothing:?}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_target_is_described_and_taken_out_and_is_there_again_when_it_is_seen() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let hosts = [host("a")];
        let look = || vec![seen(&hosts[0], facts(&[("root", 0)]))];
        run(&app, &program, &library(""), &hosts, look()).await;
        let manager = world.member(&app, &program, "Mia", &[Role::ComplianceManager]).await;
        let manager = manager.actor(&world, &app).await;
        let employee = world.member(&app, &program, "Eve", &[Role::Employee]).await.actor(&world, &app).await;
        let key = TargetKey(1);
        let record = TargetRecord {
            owner: Some(manager.id),
            criticality: Some(Criticality::High),
            note: "by the door".into(),
            ..TargetRecord::default()
        };
        let describe = async |who: &Actor, from: i64| {
            let record = record.clone();
            app.transact(who, async |cx| estate::describe(cx, key, from, record.clone(), "asked").await).await
        };
        assert!(matches!(describe(&employee, 0).await, Err(Error::Forbidden(_))));
        assert_eq!(describe(&manager, 0).await.expect("described").number, 1);
        assert!(matches!(describe(&manager, 0).await, Err(Error::Conflict(_))), "an old page");
        let of = async |name: &str, value: &str| {
            let query = Query { rows: 9, page: 1, ..Query::of(name, value) };
            app.read(&manager, async |view| register::page(view, Kind::Target, &query).await)
                .await
                .expect("a page")
                .ids
        };
        assert_eq!(of("criticality", "high").await, ["1"]);
        assert!(of("criticality", "low").await.is_empty());

        let retire =
            async |why: &str| app.transact(&manager, async |cx| estate::retire(cx, key, why).await).await;
        assert!(matches!(retire(" ").await, Err(Error::Invalid(_))));
        retire("it was sold").await.expect("out");
        assert!(matches!(retire("again").await, Err(Error::Conflict(_))));
        assert_eq!(of("gone", "yes").await, ["1"]);
        world.wait(60);
        run(&app, &program, &library(""), &hosts, look()).await;
        assert_eq!(of("gone", "no").await, ["1"], "a source still expects it");
        let versions =
            app.read(&manager, async |view| estate::versions(view, key).await).await.expect("versions");
        let said: Vec<(i64, &str)> = versions.iter().map(|one| (one.number, one.said.word())).collect();
        assert_eq!(said, [(1, "described"), (2, "retired")]);
    }
}
