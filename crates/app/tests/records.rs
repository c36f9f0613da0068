//! What people keep about the program: controls, the guided start, commitments, requests for waivers, findings. On both
//! databases.

use std::collections::BTreeSet;

use tickmark_app::conclusion::remediation::{self, Done, Fixed};
use tickmark_app::control::commitment::{self, Changed};
use tickmark_app::control::{self, edit, start};
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_app::observation::waiver::request::{self, RequestState};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::finding::{FindingState, Plan, ProposedFinding};
use tickmark_core::control::commitment::{CommitmentKey, CommitmentState, Promise};
use tickmark_core::control::start::{Answers, Draft};
use tickmark_core::control::{ControlId, ControlState};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Severity;
use tickmark_core::observation::waiver::{Request, Scope};
use tickmark_core::time::DAY_US;

use crate::observation::{facts, host, library, run, seen};

/// A fix that can be seen somewhere.
fn shown(at: &str) -> Fixed {
    Fixed { note: "adopted".into(), shown_by: at.into(), evidence: BTreeSet::new() }
}

async fn another(app: &App, program: &Actor) -> Actor {
    app.transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Sam Example").await)
        .await
        .expect("a person")
}

#[tokio::test]
async fn a_start_is_kept_and_its_controls_are_adopted_changed_and_retired() {
    let catalog = Catalog::builtin();
    for world in World::both().await {
        let (app, program) = world.start().await;
        let person = world.person(&app, &program).await;
        let answers = Answers { services: "Payroll".into(), ..Answers::default() };
        let chosen: BTreeSet<String> = ["IAM-05", "GOV-01"].map(str::to_owned).into();
        let mut draft = Draft { answers, chosen: None };
        app.transact(&person, async |cx| start::keep(cx, None, &draft, &catalog).await).await.expect("kept");
        let kept =
            app.read(&person, async |view| start::kept(view).await).await.expect("read").expect("there");
        assert_eq!((&kept.draft, kept.by), (&draft, person.id));
        draft.chosen = Some(chosen.clone());
        world.wait(1);
        let stale = app.transact(&person, async |cx| start::keep(cx, None, &draft, &catalog).await).await;
        assert!(matches!(stale, Err(Error::Conflict(_))), "{stale:?}");
        app.transact(&person, async |cx| start::keep(cx, Some(kept.at), &draft, &catalog).await)
            .await
            .expect("kept again");
        let adopted = app
            .transact(&person, async |cx| start::put_together(cx, &catalog, &chosen, &[]).await)
            .await
            .expect("adopted");
        assert_eq!((adopted.copied, adopted.aside), (2, 0));

        let ids: Vec<ControlId> = ["GOV-01", "IAM-05"].map(|id| id.parse().expect("an id")).into();
        world.wait(1);
        let start = app.transact(&person, async |cx| edit::start(cx, &ids).await).await;
        assert!(matches!(start, Err(Error::Conflict(_))), "nobody owns them: {start:?}");
        app.transact(&person, async |cx| edit::assign(cx, &ids, person.id, "begins").await)
            .await
            .expect("assigned");
        world.wait(1);
        app.transact(&person, async |cx| edit::start(cx, &ids).await).await.expect("in force");
        world.wait(1);
        app.transact(&person, async |cx| control::retire(cx, &ids[0], "no staff").await)
            .await
            .expect("retired");
        let denied = app.transact(&program, async |cx| control::retire(cx, &ids[1], "x").await).await;
        assert!(matches!(denied, Err(Error::Forbidden(_))), "{denied:?}");
        let versions = app
            .read(&program, async |view| control::versions_of(view, &ids[0]).await)
            .await
            .expect("versions");
        let states: Vec<ControlState> = versions.iter().map(|version| version.control.state()).collect();
        use ControlState::{Active, Draft as Written, Retired};
        assert_eq!(states, [Written, Written, Active, Retired]);
        assert!(versions.windows(2).all(|pair| pair[0].held.to == Some(pair[1].held.from)));
    }
}

#[tokio::test]
async fn a_commitment_is_written_once_and_every_version_stays() {
    let catalog = Catalog::builtin();
    for world in World::both().await {
        let (app, program) = world.start().await;
        let person = world.person(&app, &program).await;
        let promise = |statement: &str| Promise {
            title: "Uptime".into(),
            statement: statement.into(),
            source: "Terms".into(),
            criteria: BTreeSet::from(["A1.2".into()]),
            ..Promise::default()
        };
        for _ in 0..2 {
            let written = app
                .transact(&person, async |cx| {
                    commitment::write(cx, "page", promise("99.5 %"), Some(person.id), "sold", &catalog).await
                })
                .await
                .expect("written");
            assert_eq!(written.key, CommitmentKey(1));
        }
        let key = CommitmentKey(1);
        app.transact(&person, async |cx| commitment::approve(cx, key, 1).await).await.expect("approved");
        let change = async |from| {
            app.transact(&person, async |cx| {
                commitment::change(cx, key, from, promise("99.9 %"), Some(person.id), "sold", &catalog).await
            })
            .await
            .expect("changes")
        };
        assert!(matches!(change(1).await, Changed::Stale(_)));
        assert!(matches!(change(2).await, Changed::Done(_)));
        let list = app.read(&program, async |view| commitment::list(view).await).await.expect("listed");
        assert_eq!((list.len(), list[0].number, list[0].record.state()), (1, 3, CommitmentState::Waits));
        app.transact(&person, async |cx| commitment::retire(cx, key, "not sold").await)
            .await
            .expect("retired");
        let all = app.read(&program, async |view| commitment::versions(view, key).await).await.expect("all");
        assert_eq!(all.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn a_request_becomes_a_waiver_or_not() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let (person, other) = (world.person(&app, &program).await, another(&app, &program).await);
        let hosts = [host("a")];
        let look = vec![seen(&hosts[0], facts(&[("root", 0), ("toor", 0)]))];
        run(&app, &program, &library(""), &hosts, look).await;
        world.wait(60);
        let wanted = Request {
            check: "acct-root-only-uid0".into(),
            scope: Scope::Targets(BTreeSet::from([TargetKey(1)])),
            reason: "an appliance".into(),
            risk: "two names".into(),
            compensation: "locked".into(),
            note: String::new(),
            requested_by: person.id,
            expires_at: app.now().plus_micros(2 * DAY_US),
        };
        for (page, key) in [("one", 1), ("one", 1), ("two", 2)] {
            let asked = app
                .transact(&person, async |cx| request::ask(cx, page, wanted.clone()).await)
                .await
                .expect("asked");
            assert_eq!((asked.key, asked.state), (key, RequestState::Open));
        }
        app.transact(&other, async |cx| request::refuse(cx, 1, "too long").await).await.expect("refused");
        let waiver = app.transact(&other, async |cx| request::approve(cx, 2).await).await.expect("approved");
        assert_eq!((waiver.requested_by, waiver.approved_by), (person.id, other.id));
        let again = app.transact(&other, async |cx| request::approve(cx, 2).await).await;
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
        let all =
            app.read(&program, async |view| request::before(view, None, 100).await).await.expect("listed");
        let states: Vec<_> = all.iter().map(|one| (one.key, one.state, one.waiver)).collect();
        assert_eq!(states, [(2, RequestState::Granted, Some(waiver.id)), (1, RequestState::Refused, None)]);
        assert_eq!(
            all[1].decided.as_ref().map(|(by, _, why)| (*by, why.as_str())),
            Some((other.id, "too long"))
        );
    }
}

#[tokio::test]
async fn a_finding_is_known_again_and_closed_by_somebody_else() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let (person, other) = (world.person(&app, &program).await, another(&app, &program).await);
        let found = ProposedFinding {
            title: "No control for A1.2".into(),
            criteria: vec!["A1.2".into()],
            control: None,
            check: None,
            condition: "none".into(),
            cause: String::new(),
            effect: "e".into(),
            recommendation: "adopt one".into(),
            severity: Severity::High,
            origin: None,
        };
        let reference = found.reference();
        let plan = Plan {
            owner: Some(person.id),
            due: Some("2027-01-31".parse().expect("a day")),
            cause: String::new(),
            plan: "adopt AVL-03".into(),
        };
        for round in 1..=2 {
            let take = async || {
                app.transact(&person, async |cx| remediation::take(cx, found.clone(), plan.clone()).await)
                    .await
            };
            take().await.expect("taken on");
            assert!(matches!(take().await, Err(Error::Conflict(_))), "once at a time");
            let open = app.read(&program, async |view| remediation::open(view).await).await.expect("open");
            assert_eq!(open.keys().collect::<Vec<_>>(), [&reference]);
            let fixed = app
                .transact(&person, async |cx| remediation::fix(cx, &reference, 1, &shown("AVL-03")).await)
                .await;
            assert!(matches!(fixed, Ok(Done::Done(_))), "{fixed:?}");
            let verify = async |who: &Actor, from| {
                app.transact(who, async |cx| remediation::verify(cx, &reference, from, true, "looked").await)
                    .await
            };
            assert!(matches!(verify(&person, 2).await, Err(Error::Conflict(_))), "the fixer");
            assert!(matches!(verify(&other, 1).await, Ok(Done::Stale)));
            assert!(matches!(verify(&other, 2).await, Ok(Done::Done(_))));
            let open = app.read(&program, async |view| remediation::open(view).await).await.expect("open");
            assert!(open.is_empty());
            let records = app
                .read(&program, async |view| remediation::records(view, &reference).await)
                .await
                .expect("all");
            let ends: Vec<_> =
                records.iter().map(|one| (one.len(), one.last().map(|last| last.record.state()))).collect();
            assert_eq!(ends, vec![(3, Some(FindingState::Closed)); round]);
            world.wait(1);
        }
    }
}
