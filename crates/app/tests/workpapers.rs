//! Workpapers of the audit firm: private until shared, answered by management; their samples, on both databases.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::engagement;
use tickmark_app::engagement::fieldwork::sample::{self, Selecting};
use tickmark_app::engagement::fieldwork::signed::{self, Signing};
use tickmark_app::engagement::fieldwork::workpaper::{self, Concluding, Excepting};
use tickmark_app::engagement::fieldwork::{evidence, request};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::program::performance::EvidenceFile;
use tickmark_app::program::population;
use tickmark_app::testing::World;
use tickmark_app::{Actor, Error};
use tickmark_core::control::TestAttribute;
use tickmark_core::engagement::fieldwork::{
    Answer, Cause, ManagementResponse, Outcome, Plan, Procedure, RequestState, SignedPaper as _, Workpaper,
};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{AttributeState, Definition, Ipe, Unfit};
use tickmark_core::program::sampling::{Absence, Method as Selection};

use crate::fieldwork::{KEY, Scene, auditor, refused, scene, wanted};

/// That exceptions were noted, in these words.
fn concluding(text: &str) -> Concluding {
    Concluding { outcome: Outcome::Exceptions, text: text.to_owned(), zero: None }
}

/// A frozen list of ten changes of CHG-02, handed in by management.
pub(crate) async fn changes(scene: &Scene) -> PopulationKey {
    let days: Vec<String> = (1..=10).map(|number| format!("2026-11-{number:02}")).collect();
    changes_of(scene, "2026-11-01", &days).await
}

/// A frozen list of changes of CHG-02 on these days, over the time from a day on.
async fn changes_of(scene: &Scene, from: &str, days: &[String]) -> PopulationKey {
    let attribute = TestAttribute {
        id: "approved".into(),
        asserts: "approved before deployment".into(),
        deviation: "no approval".into(),
    };
    let definition = Definition {
        control: "CHG-02".parse().expect("an id"),
        title: "Production deployments".into(),
        trigger: "a deployment to production".into(),
        attributes: vec![attribute],
        from: format!("{from}T00:00:00Z").parse().expect("a moment"),
        to: "2026-11-24T00:00:00Z".parse().expect("a moment"),
    };
    let mut list = "key,occurred_at\n".to_owned();
    for (number, day) in (1..).zip(days) {
        list.push_str(&format!("CHG-{number:04},{day}T10:00:00Z\n"));
    }
    let ipe = Ipe {
        source: "pipeline".into(),
        query: "deployments".into(),
        parameters: String::new(),
        time_zone: "UTC".into(),
        run_by: "Cam".into(),
        run_at: scene.app.now(),
        row_count: days.len() as u64,
        control_total: String::new(),
        completeness: "numbers are without a gap".into(),
        accuracy: String::new(),
    };
    scene
        .app
        .transact(&scene.cam, async |cx| {
            let key = population::define(cx, definition).await?.key;
            population::import(cx, key, "changes.csv", Bytes::from(list), ipe).await?;
            population::freeze(cx, key, None).await?;
            Ok(key)
        })
        .await
        .expect("a population")
}

/// A list of CHG-02 without items over a time, frozen with evidence of zero.
async fn nothing(world: &World, scene: &Scene, from: &str, to: &str) -> PopulationKey {
    let moment = |day: &str| format!("{day}T00:00:00Z").parse().expect("a moment");
    let definition = Definition {
        control: "CHG-02".parse().expect("an id"),
        title: "Production deployments".into(),
        trigger: "a deployment to production".into(),
        attributes: plan().attributes,
        from: moment(from),
        to: moment(to),
    };
    let ipe = Ipe {
        source: "pipeline".into(),
        query: "deployments".into(),
        parameters: String::new(),
        time_zone: "UTC".into(),
        run_by: "Cam".into(),
        run_at: scene.app.now(),
        row_count: 0,
        control_total: String::new(),
        completeness: String::new(),
        accuracy: String::new(),
    };
    let zero = EvidenceFile {
        name: "nothing.txt".into(),
        media_type: "text/plain".into(),
        bytes: Bytes::from_static(b"no deployment"),
    };
    let person = world.person(&scene.app, &scene.program).await;
    scene
        .app
        .transact(&person, async |cx| {
            let key = population::define(cx, definition).await?.key;
            population::import(cx, key, "none.csv", Bytes::from_static(b"key,occurred_at\n"), ipe).await?;
            population::freeze(cx, key, Some(zero)).await?;
            Ok(key)
        })
        .await
        .expect("a list")
}

pub(crate) fn plan() -> Plan {
    let attribute = |id: &str, asserts: &str| TestAttribute {
        id: id.into(),
        asserts: asserts.into(),
        deviation: format!("not {asserts}"),
    };
    Plan {
        control: "CHG-02".parse().expect("an id"),
        procedures: BTreeSet::from([Procedure::Inspection]),
        procedure: "Inspected the approval of selected changes.".into(),
        attributes: vec![attribute("A", "approved"), attribute("B", "by another than the author")],
    }
}

/// A list of a control that can still change.
async fn unfrozen(scene: &Scene, control: &str) -> PopulationKey {
    let definition = Definition {
        control: control.parse().expect("an id"),
        title: "Production deployments".into(),
        trigger: "a deployment to production".into(),
        attributes: plan().attributes,
        from: "2026-11-01T00:00:00Z".parse().expect("a moment"),
        to: "2026-11-24T00:00:00Z".parse().expect("a moment"),
    };
    let app = &scene.app;
    let made = app.transact(&scene.cam, async |cx| Ok(population::define(cx, definition).await?.key)).await;
    made.expect("a list")
}

#[tokio::test]
async fn an_answer_holds_only_populations_that_the_examination_can_use() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog, cam) = (&scene.app, &scene.catalog, &scene.cam);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let fit = changes(&scene).await;
        let before = nothing(&world, &scene, "2026-05-01", "2026-06-01").await;
        let elsewhere = unfrozen(&scene, "PIN-01").await;
        let open = unfrozen(&scene, "CHG-02").await;
        app.transact(&audrey, async |cx| request::add(cx, KEY, vec![wanted("Changes", None)]).await)
            .await
            .expect("asked");
        let submit = async |actor: &Actor, populations: &[PopulationKey]| {
            let populations = populations.iter().copied().collect();
            let answer = Answer { text: "As listed.".into(), populations, ..Answer::default() };
            app.transact(actor, async |cx| request::submit(cx, KEY, 1, 1, answer, catalog).await).await
        };
        let stands = async || {
            let whole = app.read(cam, async |view| request::find(view, KEY, 1).await).await.expect("there");
            (whole.row, whole.populations.len())
        };
        // What is not offered is not taken either, and what is refused leaves nothing behind.
        let (row, _) = stands().await;
        let offered = app.read(cam, async |view| evidence::offered(view, KEY, &row.record, catalog).await);
        let offered = offered.await.expect("what is there");
        assert_eq!(offered.populations.iter().map(|one| one.key).collect::<Vec<_>>(), [fit]);
        let unfit: Vec<_> = offered.unfit.iter().map(|(one, why)| (one.key, *why)).collect();
        assert_eq!(unfit, [(open, Unfit::NotFrozen), (before, Unfit::OtherTime)]);
        let period = "is about 2026-05-01 to 2026-05-31, and examined is 2026-11-01 to 2027-10-31";
        for (population, why) in [
            (before, period),
            (elsewhere, "is about PIN-01, which is not in the scope of this engagement"),
            (open, "is not frozen; freeze it first"),
        ] {
            let error = refused(submit(cam, &[fit, population]).await);
            assert!(matches!(error, Error::Conflict(_)), "{error:?}");
            assert_eq!(error.to_string(), format!("population {population} {why}"));
            let (row, populations) = stands().await;
            assert_eq!((row.version, row.record.state, populations), (1, RequestState::Open, 0));
        }
        // The firm answers nothing, and is told nothing of lists that it may not see.
        let hers = refused(submit(&audrey, &[before]).await).to_string();
        assert!(hers.contains("nobody of the audit firm"), "{hers}");
        submit(cam, &[fit]).await.expect("submitted");
        let (row, populations) = stands().await;
        assert_eq!((row.record.state, populations), (RequestState::Submitted, 1));
    }
}

/// Tests, with one deviation, and returns the version of the paper.
pub(crate) async fn tested(scene: &Scene, audrey: &Actor, population: PopulationKey) -> i64 {
    let (app, catalog) = (&scene.app, &scene.catalog);
    let number = app
        .transact(audrey, async |cx| workpaper::begin(cx, KEY, plan(), catalog).await)
        .await
        .expect("begun");
    let again = app.transact(audrey, async |cx| workpaper::begin(cx, KEY, plan(), catalog).await).await;
    assert_eq!((number, again.expect("the same")), (1, 1), "sent twice, begun once");
    let selecting = Selecting {
        population,
        method: Selection::Random,
        size: 4,
        seed: Some("agreed on 24 November".into()),
        picks: Vec::new(),
        reason: String::new(),
        planned_extension: None,
        again: String::new(),
    };
    app.transact(audrey, async |cx| sample::select(cx, KEY, 1, 1, selecting, catalog).await)
        .await
        .expect("selected");
    let row =
        app.read(audrey, async |view| signed::find::<Workpaper>(view, KEY, 1).await).await.expect("there");
    assert_eq!(row.record.items.len(), 4);
    let results: Vec<_> = row
        .record
        .items
        .iter()
        .enumerate()
        .map(|(place, item)| {
            let second = if place == 0 { AttributeState::NotMet } else { AttributeState::Met };
            (item.key.clone(), vec![AttributeState::Met, second], String::new())
        })
        .collect();
    let deviating = BTreeSet::from([results[0].0.clone()]);
    app.transact(audrey, async |cx| {
        workpaper::record(cx, KEY, 1, 2, &results).await?;
        let excepting = Excepting {
            number: None,
            items: deviating,
            nature: "The author approved the change.".into(),
            cause: Cause::Slip,
            effect: "The change was right.".into(),
        };
        workpaper::except(cx, KEY, 1, 3, excepting).await?;
        workpaper::conclude(cx, KEY, 1, 4, concluding("It did not operate once."), catalog).await
    })
    .await
    .expect("tested");
    5
}

#[tokio::test]
async fn a_workpaper_is_private_until_it_is_shared_and_answered_by_management() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, cam) = (&scene.app, &scene.cam);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let bert = auditor(&world, &scene, "Bert").await;
        let population = changes(&scene).await;
        let mut version = tested(&scene, &audrey, population).await;
        let list = |actor: Actor| async move {
            app.read(&actor, async |view| signed::list::<Workpaper>(view, KEY).await).await.expect("a list")
        };
        assert_eq!(list(bert.clone()).await.len(), 1);
        assert!(list(cam.clone()).await.is_empty(), "private");
        assert!(
            list(scene.program.clone()).await.is_empty(),
            "whoever has the data folder stands for management"
        );
        let own = app
            .transact(&scene.program, async |cx| workpaper::begin(cx, KEY, plan(), &scene.catalog).await)
            .await;
        assert!(matches!(refused(own), Error::Forbidden(_)));
        let hers =
            app.transact(cam, async |cx| workpaper::begin(cx, KEY, plan(), &scene.catalog).await).await;
        assert!(matches!(refused(hers), Error::Forbidden(_)));
        let notes = app.read(cam, async |view| workpaper::notes(view, KEY).await).await;
        assert!(matches!(refused(notes), Error::Forbidden(_)));
        app.transact(&audrey, async |cx| workpaper::note(cx, KEY, "WP-1", "ask the lead developer").await)
            .await
            .expect("noted");
        let answer = |number: u32, from: i64| ManagementResponse {
            workpaper: 1,
            exception: number,
            response: "We looked back: nothing else.".into(),
            action: "Branch protection covers administrators.".into(),
            due: Some(if from == 0 { "2026-12-31" } else { "2027-01-31" }.parse().expect("a day")),
        };
        let respond = |actor: Actor, number: u32, from: i64| async move {
            app.transact(&actor, async |cx| workpaper::respond(cx, KEY, from, answer(number, from)).await)
                .await
        };
        assert!(matches!(refused(respond(cam.clone(), 1, 0).await), Error::NotFound { .. }), "not shared");

        let sign = |actor: Actor, from: i64, what: Signing| async move {
            app.transact(&actor, async |cx| signed::sign::<Workpaper>(cx, KEY, 1, from, what).await).await
        };
        assert!(
            refused(sign(audrey.clone(), version, Signing::Share).await).to_string().contains("not signed")
        );
        sign(audrey.clone(), version, Signing::Prepare).await.expect("prepared");
        version += 1;
        assert!(
            refused(sign(audrey.clone(), version, Signing::Review).await)
                .to_string()
                .contains("does not review")
        );
        sign(audrey.clone(), version, Signing::Share).await.expect("shared");
        version += 1;
        let seen = list(cam.clone()).await;
        assert_eq!(seen[0].record.exceptions.len(), 1);
        assert!(matches!(refused(respond(cam.clone(), 2, 0).await), Error::NotFound { .. }));
        assert!(matches!(refused(respond(audrey.clone(), 1, 0).await), Error::Forbidden(_)));
        respond(cam.clone(), 1, 0).await.expect("answered");
        assert!(refused(respond(cam.clone(), 1, 0).await).to_string().contains("changed it meanwhile"));
        respond(cam.clone(), 1, 1).await.expect("answered anew");
        let read = app.read(&audrey, async |view| workpaper::responses(view, KEY).await).await.expect("read");
        assert_eq!((read.len(), read[0].version), (1, 2));

        // Section IV has it once it is reviewed, Section V has the answer.
        let catalog = &scene.catalog;
        let package = |actor: Actor| async move {
            app.read(&actor, async |view| engagement::package(view, KEY, catalog, "test").await)
                .await
                .expect("a package")
        };
        let tests = |package: &tickmark_core::report::SocPackage| -> Vec<String> {
            package.controls.iter().flat_map(|one| &one.tests).map(|test| test.result.clone()).collect()
        };
        assert!(tests(&package(cam.clone()).await).is_empty(), "not reviewed");
        sign(bert.clone(), version, Signing::Review).await.expect("reviewed");
        version += 1;
        let whole = package(cam.clone()).await;
        assert_eq!(
            tests(&whole),
            ["Exception noted: for 1 of 4 items tested, the author approved the change."]
        );
        assert!(
            whole.responses.iter().any(|one| one.finding == "WP-1.1" && one.response.contains("looked back"))
        );

        // A change is private again until it is shared; management keeps what it was shown.
        app.transact(&audrey, async |cx| {
            workpaper::conclude(cx, KEY, 1, version, concluding("Another word."), catalog).await
        })
        .await
        .expect("changed");
        let kept = list(cam.clone()).await;
        let conclusion = kept[0].record.conclusion.as_ref().expect("concluded");
        assert_eq!(conclusion.text, "It did not operate once.");
        assert!(kept[0].record.reviewed().is_some(), "as it was reviewed after it was shared");
        let one =
            app.read(cam, async |view| signed::find::<Workpaper>(view, KEY, 1).await).await.expect("shared");
        assert_eq!(one, kept[0]);
        let two = app.read(cam, async |view| signed::find::<Workpaper>(view, KEY, 2).await).await;
        assert!(matches!(refused(two), Error::NotFound { .. }));
        // The ledger and the trail hold no word of a paper.
        let filter = Filter { event: Some("workpaper".into()), ..Filter::default() };
        let trail = app.read(&scene.program, async |view| audit::search(view, &filter, 100).await).await;
        let trail = trail.expect("rows");
        assert!(trail.len() >= 8 && trail.iter().all(|row| row.why.is_none()), "{}", trail.len());
    }
}

fn selecting(population: PopulationKey, size: u64, extension: Option<u64>, again: &str) -> Selecting {
    Selecting {
        population,
        method: Selection::Random,
        size,
        seed: Some(format!("agreed for {size}")),
        picks: Vec::new(),
        reason: String::new(),
        planned_extension: extension,
        again: again.to_owned(),
    }
}

#[tokio::test]
async fn a_sample_goes_on_in_the_order_of_its_seed_and_each_step_is_recorded() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let bert = auditor(&world, &scene, "Bert").await;
        let population = changes(&scene).await;
        app.transact(&audrey, async |cx| workpaper::begin(cx, KEY, plan(), catalog).await)
            .await
            .expect("begun");
        let paper = async || {
            let row = app.read(&audrey, async |view| signed::find::<Workpaper>(view, KEY, 1).await).await;
            row.expect("there")
        };
        let select = async |actor: &Actor, number: i64, from: i64, what: Selecting| {
            app.transact(actor, async |cx| sample::select(cx, KEY, number, from, what, catalog).await).await
        };
        let small = select(&audrey, 1, 1, selecting(population, 3, Some(3), "")).await;
        assert!(refused(small).to_string().contains("adds nothing"));
        select(&audrey, 1, 1, selecting(population, 3, Some(5), "")).await.expect("selected");
        // A second draw: with a reason, by somebody else, and the first one stays.
        let silent = select(&bert, 1, 2, selecting(population, 4, Some(6), " ")).await;
        assert!(refused(silent).to_string().contains("drawing again needs the reason"));
        let why = "the size was that of a lower risk";
        let own = select(&audrey, 1, 2, selecting(population, 4, Some(6), why)).await;
        assert!(matches!(refused(own), Error::Conflict(says) if says.contains("somebody else of the firm")));
        select(&bert, 1, 2, selecting(population, 4, Some(6), why)).await.expect("drawn again");
        let row = paper().await;
        let selected = row.record.selected.clone().expect("selected");
        assert_eq!((row.record.items.len(), selected.earlier.len(), selected.again.as_str()), (4, 1, why));
        // Another paper that draws from the same list says why as well.
        let other = Plan { procedure: "Observed a deployment.".into(), ..plan() };
        app.transact(&audrey, async |cx| workpaper::begin(cx, KEY, other, catalog).await)
            .await
            .expect("begun");
        let once_more = select(&audrey, 2, 1, selecting(population, 2, None, "")).await;
        assert!(refused(once_more).to_string().contains("WP-1 has a sample of this population"));
        select(&audrey, 2, 1, selecting(population, 2, None, "another attribute")).await.expect("selected");

        // Void is replaced by the next; what deviates is not, and the planned extension follows.
        let keys: Vec<String> = row.record.items.iter().map(|item| item.key.clone()).collect();
        let replace = async |from: i64, key: String, absence: Absence, reason: &'static str| {
            app.transact(&audrey, async |cx| {
                sample::replace(cx, KEY, (1, from), &key, (absence, reason), catalog).await
            })
            .await
        };
        let lost = replace(3, keys[1].clone(), Absence::NoEvidence, "no ticket").await;
        assert!(refused(lost).to_string().contains("record it as not met"));
        replace(3, keys[1].clone(), Absence::Void, "cancelled").await.expect("replaced");
        let met = vec![AttributeState::Met, AttributeState::NotMet];
        let found = [(keys[0].clone(), met, "by its author".to_owned())];
        app.transact(&audrey, async |cx| workpaper::record(cx, KEY, 1, 4, &found).await)
            .await
            .expect("recorded");
        let deviates = replace(5, keys[0].clone(), Absence::Void, "inconvenient").await;
        assert!(refused(deviates).to_string().contains("never replaced"));
        let late = select(&bert, 1, 5, selecting(population, 4, None, "another try")).await;
        assert!(matches!(refused(late), Error::Conflict(says) if says.contains("something of the sample")));
        let extend = async |from: i64| {
            let why = "a new colleague, once";
            app.transact(&audrey, async |cx| sample::extend(cx, KEY, 1, from, why, catalog).await).await
        };
        extend(5).await.expect("extended");
        assert!(matches!(refused(extend(6).await), Error::Conflict(says) if says.contains("already")));
        let row = paper().await;
        let tested: BTreeSet<&String> = row.record.items.iter().map(|item| &item.key).collect();
        assert_eq!((row.version, tested.len()), (6, 6));
        assert!(!tested.contains(&keys[1]), "replaced");
        let selected = row.record.selected.expect("selected");
        assert_eq!(selected.replaced().map(|(item, _)| &item.key).collect::<Vec<_>>(), [&keys[1]]);
        assert_eq!(selected.changes.iter().map(|one| one.actor).collect::<Vec<_>>(), [audrey.id; 2]);

        // The trail has each step, and no word of what was drawn or found.
        let filter = Filter { event: Some("workpaper".into()), ..Filter::default() };
        let trail = app.read(&scene.program, async |view| audit::search(view, &filter, 100).await).await;
        let trail = trail.expect("rows");
        for (event, count) in
            [("workpaper.sampled", 1), ("workpaper.sampled_again", 2), ("workpaper.sample_changed", 2)]
        {
            assert_eq!(trail.iter().filter(|row| row.event == event).count(), count, "{event}");
        }
        assert!(trail.iter().all(|row| !format!("{row:?}").contains("CHG-0")));
        let denied = Filter { event: Some("access.denied".into()), ..Filter::default() };
        let denied = app.read(&scene.program, async |view| audit::search(view, &denied, 100).await).await;
        assert!(denied.expect("rows").iter().any(|row| row.reason == "draws_again"));
        let theirs = app.read(&scene.cam, async |view| signed::list::<Workpaper>(view, KEY).await).await;
        assert!(theirs.expect("a list").is_empty(), "private");
    }
}

#[tokio::test]
async fn a_list_with_items_from_outside_the_period_is_not_drawn_from() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let days = |all: &[&str]| all.iter().map(|day| (*day).to_owned()).collect::<Vec<_>>();
        let wide = changes_of(&scene, "2026-10-20", &days(&["2026-10-21", "2026-10-28", "2026-11-02"])).await;
        // Its time begins before the period; all of its items are inside.
        let inside = changes_of(&scene, "2026-10-20", &days(&["2026-11-02", "2026-11-03"])).await;
        app.transact(&audrey, async |cx| workpaper::begin(cx, KEY, plan(), catalog).await)
            .await
            .expect("begun");
        let select = async |from: PopulationKey| {
            let what = selecting(from, 2, None, "");
            app.transact(&audrey, async |cx| sample::select(cx, KEY, 1, 1, what, catalog).await).await
        };
        let says = refused(select(wide).await).to_string();
        assert!(says.contains("2 of the 3 items") && says.contains("2026-11-01 to 2027-10-31"), "{says}");
        let row = app.read(&audrey, async |view| signed::find::<Workpaper>(view, KEY, 1).await).await;
        assert!(row.expect("there").record.items.is_empty(), "nothing is drawn");
        select(inside).await.expect("selected");
    }
}

#[tokio::test]
async fn no_occurrences_are_concluded_from_a_frozen_list_that_shows_it() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let (app, catalog) = (&scene.app, &scene.catalog);
        let audrey = auditor(&world, &scene, "Audrey").await;
        let some = changes(&scene).await;
        let part = nothing(&world, &scene, "2026-11-01", "2026-11-24").await;
        let whole = nothing(&world, &scene, "2026-11-01", "2027-11-01").await;
        app.transact(&audrey, async |cx| workpaper::begin(cx, KEY, plan(), catalog).await)
            .await
            .expect("begun");
        let conclude = async |zero| {
            let concluding =
                Concluding { outcome: Outcome::NoOccurrences, text: "Nothing was deployed.".into(), zero };
            app.transact(&audrey, async |cx| {
                workpaper::conclude(cx, KEY, 1, 1, concluding.clone(), catalog).await
            })
            .await
        };
        for (zero, says) in
            [(None, "needs the frozen population"), (Some(some), "has items"), (Some(part), "whole period")]
        {
            let error = conclude(zero).await.expect_err("refused");
            assert!(matches!(&error, Error::Invalid(why) if why.contains(says)), "{error}");
        }
        assert!(matches!(conclude(Some(PopulationKey(99))).await, Err(Error::NotFound { .. })));
        conclude(Some(whole)).await.expect("concluded");
        let row = app.read(&audrey, async |view| signed::find::<Workpaper>(view, KEY, 1).await).await;
        let zero = row.expect("there").record.conclusion.and_then(|one| one.zero).expect("shown");
        assert_eq!(zero.population, whole);
        app.transact(&audrey, async |cx| signed::sign::<Workpaper>(cx, KEY, 1, 2, Signing::Prepare).await)
            .await
            .expect("signed");
    }
}
