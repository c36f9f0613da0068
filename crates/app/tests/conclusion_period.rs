//! Conclusions over a period, on both databases: limits of tests, samples, fixes, and what was known at an earlier moment.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::conclusion::period::{self, ControlConclusion, Question};
use tickmark_app::conclusion::remediation::{self, Done};
use tickmark_app::program::performance::{self, EvidenceFile, NewPerformance};
use tickmark_app::program::population::{self, ItemResult};
use tickmark_app::program::sampling::{self, NewSample};
use tickmark_app::testing::World;
use tickmark_app::{Actor, ActorKind, App, Error, control, engagement, identity};
use tickmark_core::catalog::{Catalog, Frequency, Nature};
use tickmark_core::conclusion::finding::{Plan, ProposedFinding};
use tickmark_core::conclusion::period::{Conclusion, SampleSays, State, TestKind, Why};
use tickmark_core::conclusion::readiness::Question as Asked;
use tickmark_core::control::{ControlId, Tolerance};
use tickmark_core::id::PopulationKey;
use tickmark_core::observation::{Severity, Verdict};
use tickmark_core::program::population::AttributeState::{self, Met, NotMet};
use tickmark_core::program::population::Definition;
use tickmark_core::program::sampling::{Method, OwnSizes, RiskLevel, SizeRule, Sizing};
use tickmark_core::time::{DAY_US, HOUR_US};
use tickmark_core::{Span, Timestamp};

use crate::fieldwork::KEY;
use crate::observation::{facts, host, library, run, seen};
use crate::program::{definition, ipe, started};

const ROOT: &str = "acct-root-only-uid0";
const DAY: i64 = 86_400;

async fn somebody(app: &App, program: &Actor, name: &str) -> Actor {
    app.transact(program, async |cx| identity::ensure_actor(cx, ActorKind::Person, name).await)
        .await
        .expect("a person")
}

async fn concluded(
    app: &App,
    actor: &Actor,
    control: &ControlId,
    asked: impl Into<Question>,
) -> ControlConclusion {
    let asked = asked.into();
    app.read(actor, async |view| period::conclude_one(view, control, asked).await).await.expect("concluded")
}

fn of_kind(concluded: &ControlConclusion, kind: TestKind) -> &Conclusion {
    concluded.tests.iter().find(|test| test.kind == kind).expect("a test")
}

fn hours(hours: u32) -> Option<Tolerance> {
    Some(Tolerance::of_hours(hours).expect("a tolerance"))
}

/// A world with a check that is a test of a control in force, and that control.
async fn tested(world: &World) -> (App, Actor, Actor, ControlId) {
    let (app, actor) = world.start().await;
    let person = world.person(&app, &actor).await;
    let (catalog, library) = (Catalog::builtin(), library(""));
    let id: ControlId = library.get(ROOT).expect("built in").definition().controls[0].parse().expect("an id");
    app.transact(&actor, async |cx| {
        control::adopt_starters(cx, &catalog).await?;
        control::sync_tests(cx, &library).await
    })
    .await
    .expect("adopted");
    app.transact(&person, async |cx| control::put_in_force(cx, &id, person.id).await)
        .await
        .expect("in force");
    (app, actor, person, id)
}

#[tokio::test]
async fn a_test_that_may_fail_for_a_while_deviates_only_beyond_its_limit() {
    for world in World::both().await {
        let (app, actor, person, id) = tested(&world).await;
        let (library, hosts) = (library(""), [host("a")]);
        let look = async |users: &[(&str, u32)]| {
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(users))]).await;
            world.wait(DAY);
        };
        let good: &[(&str, u32)] = &[("root", 0)];
        let bad: &[(&str, u32)] = &[("root", 0), ("toor", 0)];
        let set = async |check: &str, from, tolerance, reason: &str| {
            app.transact(&person, async |cx| {
                control::set_tolerance(cx, &id, check, from, tolerance, reason).await
            })
            .await
        };
        let other = set("ssh-root-login-disabled", 0, hours(48), "by policy").await;
        assert!(matches!(other, Err(Error::NotFound { .. })), "no test of the control: {other:?}");
        assert!(matches!(set(ROOT, 0, hours(48), " ").await, Err(Error::Invalid(_))), "no reason");
        assert!(
            matches!(set(ROOT, 1, hours(48), "by policy").await, Err(Error::Conflict(_))),
            "no such version"
        );
        let first = set(ROOT, 0, hours(60), "the policy gives 60 hours").await.expect("set");
        assert_eq!((first.number, first.tolerance), (1, hours(60)));
        assert!(matches!(set(ROOT, 0, hours(70), "me too").await, Err(Error::Conflict(_))), "meanwhile");

        let begin = app.now();
        // Bad for one day, between looks two days apart: within the limit.
        for users in [good, bad, good] {
            look(users).await;
        }
        let asked = Span { from: begin, to: None };
        let found = concluded(&app, &actor, &id, asked).await;
        let test = of_kind(&found, TestKind::Configuration);
        assert_eq!((test.deviations.len(), test.tolerated.len()), (0, 1));
        assert_eq!(found.state, State::Operating, "{found:#?}");
        assert_eq!(found.details[0].tolerance, hours(60));
        let catalog = Catalog::builtin();
        let suggested = async || {
            let standing =
                app.read(&actor, async |view| tickmark_app::conclusion::standing(view, &catalog).await);
            let standing = standing.await.expect("computed");
            let of = standing.control(&id).expect("adopted");
            let failed = of.strip.iter().any(|interval| interval.verdict == Verdict::Fail);
            let operating = of.suggestions.iter().find(|one| one.question == Asked::Operating);
            (failed, operating.expect("a suggestion").reason.clone())
        };
        let (failed, reason) = suggested().await;
        assert!(!failed && reason.starts_with("no failure"), "{reason}");

        // Bad at looks a day apart, four days in all: first nobody can say, then it is certain.
        look(bad).await;
        look(bad).await;
        look(bad).await;
        let found = concluded(&app, &actor, &id, asked).await;
        let test = of_kind(&found, TestKind::Configuration);
        assert_eq!((found.state, test.deviations.len()), (State::Unknown, 0), "{test:#?}");
        assert!(test.unseen.iter().all(|unseen| unseen.why == Why::MayExceed));
        // Whoever widens the limit now excuses nothing that has begun.
        set(ROOT, 1, hours(240), "ten days, we say now").await.expect("set");
        look(bad).await;
        let found = concluded(&app, &actor, &id, asked).await;
        assert_eq!(
            (found.state, of_kind(&found, TestKind::Configuration).deviations.len()),
            (State::Deviation, 1)
        );
        let (failed, reason) = suggested().await;
        assert!(failed && reason.starts_with("fails for"), "{reason}");
        let board = app.read(&actor, async |view| period::board(view, asked).await).await.expect("a board");
        let row = board.rows.iter().find(|row| row.control == id).expect("a row");
        assert_eq!(row.state, State::Deviation);
        // The last day alone shows it too: the stretch is judged whole, whatever period is asked about.
        let last = Span { from: app.now().plus_micros(-DAY_US), to: None };
        let board = app.read(&actor, async |view| period::board(view, last).await).await.expect("a board");
        let row = board.rows.iter().find(|row| row.control == id).expect("a row");
        assert_eq!(row.state, State::Deviation);

        let versions = app
            .read(&actor, async |view| control::tolerance::of_control(view, &id).await)
            .await
            .expect("read")
            .remove(ROOT)
            .expect("set");
        let kept: Vec<_> =
            versions.iter().map(|one| (one.number, one.tolerance, one.reason.as_str())).collect();
        assert_eq!(
            kept,
            [(1, hours(60), "the policy gives 60 hours"), (2, hours(240), "ten days, we say now")]
        );
        app.close().await;
    }
}

/// Leavers of two months from a moment on, one each day, as nobody has looked at them.
async fn listed(app: &App, actor: &Actor, id: &ControlId, from: Timestamp, items: i64) -> PopulationKey {
    let to = from.plus_micros(items * DAY_US);
    let mut rows = "key,occurred_at\n".to_owned();
    for item in 0..items {
        let at = from.plus_micros(item * DAY_US + HOUR_US);
        rows.push_str(&format!("DEP-{item:03},{at}\n"));
    }
    let definition = Definition { from, to, ..definition(id) };
    let count = u64::try_from(items).expect("some");
    app.transact(actor, async |cx| {
        let key = population::define(cx, definition).await?.key;
        population::import(cx, key, "list.csv", Bytes::from(rows), ipe(count)).await?;
        population::freeze(cx, key, None).await?;
        Ok(key)
    })
    .await
    .expect("listed")
}

async fn record(app: &App, actor: &Actor, key: PopulationKey, found: &[(String, AttributeState)]) {
    let results: Vec<ItemResult> = found
        .iter()
        .map(|(key, state)| ItemResult { key: key.clone(), states: vec![*state, Met], note: String::new() })
        .collect();
    app.transact(actor, async |cx| population::record_results(cx, key, &results).await)
        .await
        .expect("recorded");
}

#[tokio::test]
async fn a_tested_sample_concludes_and_an_old_conclusion_comes_out_as_it_did() {
    for world in World::both().await {
        let (app, program, owner, id) = started(&world).await;
        let sam = somebody(&app, &program, "Sam").await;
        let begin = app.now();
        world.wait(60 * DAY);
        let key = listed(&app, &program, &id, begin, 60).await;
        world.wait(60);
        let asked = Span { from: begin, to: Some(begin.plus_micros(60 * DAY_US)) };
        let before = concluded(&app, &program, &id, asked).await;
        let unlooked = of_kind(&before, TestKind::Population);
        assert_eq!((unlooked.untested_items(), unlooked.unsampled_items()), (60, 0), "nothing is projected");
        let first = app.now();
        world.wait(60);

        let new = NewSample {
            population: key,
            sizing: Sizing::Given(10),
            method: Method::Random,
            seed: Some("agreed".parse().expect("a seed")),
            picks: Vec::new(),
            reason: String::new(),
            planned_extension: Some(15),
            again: String::new(),
        };
        let drawn =
            app.transact(&sam, async |cx| sampling::draw(cx, new.clone()).await).await.expect("drawn");
        let units: Vec<String> = drawn.units.iter().map(|item| item.key.clone()).collect();
        let found = concluded(&app, &program, &id, asked).await;
        let test = of_kind(&found, TestKind::Population);
        assert_eq!((test.untested_items(), test.unsampled_items()), (10, 50));
        assert_eq!(test.samples[&key].says, SampleSays::NotTested);
        assert_eq!(test.state(app.now()), State::Unknown);

        record(&app, &program, key, &units.iter().map(|unit| (unit.clone(), Met)).collect::<Vec<_>>()).await;
        let clean = concluded(&app, &program, &id, asked).await;
        let test = of_kind(&clean, TestKind::Population);
        assert_eq!((test.untested_items(), test.unsampled_items()), (0, 50));
        assert_eq!((test.samples[&key].size, test.samples[&key].says), (10, SampleSays::Supports));
        assert_eq!(test.state(app.now()), State::Operating, "{test:#?}");
        let second = app.now();
        world.wait(60);

        // Later: a result is corrected, the sample is extended, a window is performed, a limit is set.
        record(&app, &program, key, &[(units[0].clone(), NotMet)]).await;
        app.transact(&sam, async |cx| sampling::extend(cx, key, 1, "a slip").await).await.expect("extended");
        let performed = NewPerformance {
            control: id.clone(),
            window: None,
            performed_at: second,
            performed_by: owner.id,
            evidence: Vec::new(),
            files: vec![EvidenceFile {
                name: "minutes.txt".into(),
                media_type: "text/plain".into(),
                bytes: Bytes::from_static(b"we met"),
            }],
            note: String::new(),
        };
        app.transact(&program, async |cx| performance::record(cx, performed.clone()).await)
            .await
            .expect("performed");
        listed(&app, &program, &id, begin.plus_micros(DAY_US), 3).await;
        let now = concluded(&app, &program, &id, asked).await;
        let test = of_kind(&now, TestKind::Population);
        assert_eq!((test.deviating(), test.samples[&key].size), (1, 15));
        assert_eq!(test.state(app.now()), State::Deviation);

        let known = |at| Question { span: asked, known_at: Some(at) };
        assert_eq!(concluded(&app, &program, &id, known(first)).await, before);
        assert_eq!(concluded(&app, &program, &id, known(second)).await, clean);
        assert_eq!(concluded(&app, &program, &id, known(app.now())).await, now);
        let ahead = known(app.now().plus_micros(1));
        let refused = app.read(&program, async |view| period::conclude_one(view, &id, ahead).await).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        let early = known(begin.plus_micros(-1));
        let refused = app.read(&program, async |view| period::conclude_one(view, &id, early).await).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "nobody knew of it: {refused:?}");
        app.close().await;
    }
}

#[tokio::test]
async fn a_fix_that_was_verified_cuts_the_period() {
    for world in World::both().await {
        let (app, actor, person, id) = tested(&world).await;
        let other = somebody(&app, &actor, "Kim").await;
        let (library, hosts) = (library(""), [host("a")]);
        let look = async |users: &[(&str, u32)]| {
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(users))]).await;
            world.wait(DAY);
        };
        let begin = app.now();
        look(&[("root", 0)]).await;
        look(&[("root", 0), ("toor", 0)]).await;
        look(&[("root", 0)]).await;
        let found = ProposedFinding {
            title: "A second name for root".into(),
            criteria: vec!["CC6.1".into()],
            control: Some(id.clone()),
            check: Some(ROOT.into()),
            condition: "toor has number 0".into(),
            cause: String::new(),
            effect: "e".into(),
            recommendation: "remove it".into(),
            severity: Severity::High,
            origin: None,
        };
        let reference = found.reference();
        let plan = Plan {
            owner: Some(person.id),
            due: Some("2027-01-31".parse().expect("a day")),
            cause: "an appliance".into(),
            plan: "remove it".into(),
        };
        app.transact(&person, async |cx| remediation::take(cx, found.clone(), plan.clone()).await)
            .await
            .expect("taken on");
        let fixed_at = app.now();
        let fixed = app
            .transact(&person, async |cx| {
                let fixed = remediation::Fixed {
                    note: "removed".into(),
                    shown_by: "the host".into(),
                    evidence: BTreeSet::new(),
                };
                remediation::fix(cx, &reference, 1, &fixed).await
            })
            .await;
        assert!(matches!(fixed, Ok(Done::Done(_))), "{fixed:?}");
        world.wait(60);
        let asked = Span { from: begin, to: None };
        let waiting = concluded(&app, &actor, &id, asked).await;
        assert!(waiting.details[0].parts.is_empty(), "nobody has verified it");
        let known = app.now();
        world.wait(60);
        let verified = app
            .transact(&other, async |cx| remediation::verify(cx, &reference, 2, true, "looked").await)
            .await;
        assert!(matches!(verified, Ok(Done::Done(_))), "{verified:?}");
        look(&[("root", 0)]).await;

        let one = app
            .read(&actor, async |view| period::control_period(view, &id, asked).await)
            .await
            .expect("computed");
        assert_eq!(one.fixes.len(), 1);
        assert_eq!((one.fixes[0].at, one.fixes[0].finding.as_str()), (fixed_at, reference.as_str()));
        let [before, after] = one.tests[0].detail.parts.as_slice() else {
            panic!("{:#?}", one.tests[0].detail)
        };
        assert_eq!((before.from, before.to, after.from), (begin, fixed_at, fixed_at));
        assert_eq!((before.state, before.deviating, before.needed), (State::Deviation, 1, None));
        assert_eq!((after.state, after.deviating, after.needed), (State::Operating, 0, Some(1)));
        assert!(after.is_enough());
        let past = Question { span: Span { from: begin, to: Some(known) }, known_at: Some(known) };
        let past = concluded(&app, &actor, &id, past).await;
        assert!(past.details[0].parts.is_empty(), "it was not verified then");
        app.close().await;
    }
}

#[tokio::test]
async fn a_control_has_sizes_of_its_own_and_an_engagement_keeps_its_preset() {
    for world in World::both().await {
        let scene = crate::fieldwork::scene(&world).await;
        let (app, program) = (&scene.app, &scene.program);
        let (sam, kim) = (somebody(app, program, "Sam").await, somebody(app, program, "Kim").await);
        let id: ControlId = scene
            .catalog
            .controls
            .iter()
            .find(|control| control.frequency == Frequency::Quarterly && control.nature == Nature::Manual)
            .map(|starter| starter.id.parse().expect("an id"))
            .expect("a quarterly control");
        let begin = app.now();
        app.open_period(program, begin, begin.plus_micros(120 * DAY_US)).await.expect("opened");
        world.wait(60 * DAY);
        let first = listed(app, program, &id, begin, 60).await;
        let second = listed(app, program, &id, begin, 60).await;

        let mut later = Catalog::builtin();
        later.sampling_presets[0].title = "A later preset".into();
        let kept = async |catalog: &Catalog, from: Timestamp| {
            let span = (from, from.plus_micros(60 * DAY_US));
            app.transact(program, async |cx| engagement::preset_for(cx, span, catalog).await)
                .await
                .expect("a preset")
        };
        let of_engagement = kept(&scene.catalog, begin).await;
        assert_eq!(of_engagement.engagement, Some(KEY));
        assert_eq!(kept(&later, begin).await.preset, of_engagement.preset, "it keeps the one it used");
        let elsewhere = kept(&later, begin.plus_micros(1_000 * DAY_US)).await;
        assert_eq!((elsewhere.engagement, elsewhere.preset.title.as_str()), (None, "A later preset"));
        let read = app.read(program, async |view| engagement::kept_preset(view, KEY).await).await;
        assert_eq!(read.expect("read"), Some(of_engagement.clone()));

        let draw = async |actor: &Actor, population| {
            let sizing = Sizing::Preset {
                preset: &of_engagement.preset,
                catalog: of_engagement.catalog,
                frequency: Frequency::Quarterly,
                level: RiskLevel::Default,
                own: None,
            };
            let new = NewSample {
                population,
                sizing,
                method: Method::Random,
                seed: Some("agreed".parse().expect("a seed")),
                picks: Vec::new(),
                reason: String::new(),
                planned_extension: None,
                again: String::new(),
            };
            app.transact(actor, async |cx| sampling::draw(cx, new.clone()).await).await.expect("drawn")
        };
        let by_preset = draw(&sam, first).await;
        assert_eq!(by_preset.units.len(), 2, "quarterly");
        let left = by_preset.drawn.roll_forward.expect("a period is open");
        assert!(left.is_interim() && left.missing() > 0, "the list ends before the period: {left:?}");

        let set = async |from, sizes: Option<(u64, u64, u64)>, reason: &str| {
            let sizes = sizes.map(|(low, usual, high)| OwnSizes::new(low, usual, high).expect("sizes"));
            app.transact(&kim, async |cx| sampling::set_sizes(cx, &id, from, sizes, reason).await).await
        };
        assert!(matches!(set(0, Some((5, 12, 30)), "").await, Err(Error::Invalid(_))), "no reason");
        set(0, Some((5, 12, 30)), "a new team runs it").await.expect("set");
        assert!(matches!(set(0, None, "me too").await, Err(Error::Conflict(_))), "meanwhile");
        let by_own = draw(&kim, second).await;
        assert_eq!(by_own.units.len(), 12);
        let SizeRule::Preset { own: Some(own), .. } = &by_own.drawn.size_rule else {
            panic!("{:?}", by_own.drawn.size_rule)
        };
        assert_eq!((own.version, own.reason.as_str()), (1, "a new team runs it"));
        world.wait(60);
        set(1, None, "they know it now").await.expect("set");
        let versions =
            app.read(program, async |view| sampling::sizes_of(view, &id).await).await.expect("read");
        let kept: Vec<_> = versions.iter().map(|one| (one.number, one.sizes.is_some())).collect();
        assert_eq!(kept, [(1, true), (2, false)]);
        scene.app.close().await;
    }
}
