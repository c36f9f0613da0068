//! Samples of populations on both databases: who may draw, what is repeatable, what became of the units.

use bytes::Bytes;
use tickmark_app::program::population;
use tickmark_app::program::sampling::{self, NewSample, SampleView};
use tickmark_app::testing::World;
use tickmark_app::{Actor, ActorKind, App, Error, Result, identity};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{AttributeState, ItemOutcome};
use tickmark_core::program::sampling::{Absence, Method, SizeRule, Sizing};

use crate::program::{definition, ipe, leaves, started};

const SEED: &str = "tickmark-demo-seed-2025-Q1";

async fn somebody(app: &App, program: &Actor, name: &str) -> Actor {
    app.transact(program, async |cx| identity::ensure_actor(cx, ActorKind::Person, name).await)
        .await
        .expect("a person")
}

fn new(population: PopulationKey, size: u64) -> NewSample<'static> {
    NewSample {
        population,
        sizing: Sizing::Given(size),
        method: Method::Random,
        seed: Some(SEED.parse().expect("a seed")),
        picks: Vec::new(),
        reason: String::new(),
        planned_extension: None,
        again: String::new(),
    }
}

async fn draw(app: &App, actor: &Actor, new: NewSample<'static>) -> Result<SampleView> {
    app.transact(actor, async |cx| sampling::draw(cx, new.clone()).await).await
}

fn keys(view: &SampleView) -> Vec<&str> {
    view.units.iter().map(|item| item.key.as_str()).collect()
}

#[tokio::test]
async fn a_sample_is_drawn_by_somebody_else_extended_once_and_never_redrawn_in_silence() {
    for world in World::both().await {
        let (app, program, owner, id) = started(&world).await;
        let (sam, kim) = (somebody(&app, &program, "Sam").await, somebody(&app, &program, "Kim").await);
        let key = app
            .transact(&program, async |cx| population::define(cx, definition(&id)).await)
            .await
            .expect("defined")
            .key;
        let rows: String = (1..=20).map(|number| format!("CHG-{number:04},2026-02-01\n")).collect();
        let list = Bytes::from(format!("key,occurred_at\n{rows}"));
        app.transact(&program, async |cx| {
            population::import(cx, key, "list.csv", list.clone(), ipe(20)).await
        })
        .await
        .expect("imported");

        let early = draw(&app, &sam, new(key, 8)).await.expect_err("not frozen");
        assert!(matches!(&early, Error::Conflict(why) if why.contains("is not frozen")), "{early}");
        app.transact(&program, async |cx| population::freeze(cx, key, None).await).await.expect("frozen");
        for (actor, part) in [(&program, "by a person"), (&owner, "does not select its sample")] {
            let refused = draw(&app, actor, new(key, 8)).await.expect_err("refused");
            assert!(matches!(&refused, Error::Forbidden(why) if why.contains(part)), "{refused}");
        }
        for (asked, part) in [
            (new(key, 21), "21 units cannot be selected"),
            (NewSample { planned_extension: Some(8), ..new(key, 8) }, "adds nothing"),
            (NewSample { picks: vec!["CHG-0001".into()], ..new(key, 1) }, "not made by naming items"),
            (NewSample { method: Method::Stratified, ..new(key, 8) }, "import it with a column of strata"),
        ] {
            let refused = draw(&app, &sam, asked).await.expect_err("refused");
            assert!(matches!(&refused, Error::Invalid(why) if why.contains(part)), "{refused}");
        }
        let read = async || app.read(&sam, async |view| sampling::list(view, key).await).await.expect("read");
        assert_eq!(read().await, [], "what is refused leaves nothing");

        let drawn = draw(&app, &sam, NewSample { planned_extension: Some(10), ..new(key, 8) }).await;
        let drawn = drawn.expect("drawn");
        let published =
            ["CHG-0008", "CHG-0017", "CHG-0007", "CHG-0003", "CHG-0010", "CHG-0019", "CHG-0018", "CHG-0009"];
        assert_eq!(keys(&drawn), published);
        assert_eq!((drawn.drawn.drawn_by, &drawn.drawn.size_rule), (sam.id, &SizeRule::Given));
        assert_eq!(drawn.count(ItemOutcome::NotTested), 8);

        // Drawing again needs a reason and another person.
        let again = |why: &str| NewSample {
            method: Method::Targeted,
            sizing: Sizing::Given(1),
            seed: None,
            picks: vec!["CHG-0020".into()],
            reason: "the one with a known outage".into(),
            again: why.into(),
            ..new(key, 1)
        };
        assert!(matches!(draw(&app, &kim, again("")).await, Err(Error::Conflict(_))));
        assert!(matches!(draw(&app, &sam, again("a larger risk")).await, Err(Error::Forbidden(_))));
        let second = draw(&app, &kim, again("a larger risk")).await.expect("another person");
        assert_eq!((second.drawn.number, keys(&second)), (2, vec!["CHG-0020"]));

        // What cannot be shown stays; what never happened is replaced by the next of the reserve, once.
        let replace = async |unit: &'static str, absence| {
            app.transact(&sam, async |cx| {
                sampling::replace(cx, key, 1, unit, absence, "as the log says").await
            })
            .await
        };
        let kept = replace("CHG-0017", Absence::NoEvidence).await.expect_err("a deviation");
        assert!(matches!(&kept, Error::Invalid(why) if why.contains("never replaced")), "{kept}");
        let replaced = replace("CHG-0017", Absence::Void).await.expect("replaced");
        assert!(!keys(&replaced).contains(&"CHG-0017") && keys(&replaced).contains(&"CHG-0004"));
        assert!(matches!(replace("CHG-0017", Absence::Void).await, Err(Error::Conflict(_))));
        assert!(matches!(replace("CHG-0001", Absence::Void).await, Err(Error::Invalid(_))), "not selected");

        // One extension, planned, after a deviation, with a reason.
        let extend = async |number, reason: &'static str| {
            app.transact(&sam, async |cx| sampling::extend(cx, key, number, reason).await).await
        };
        let nothing = extend(1, "isolated").await.expect_err("no deviation");
        assert!(matches!(&nothing, Error::Conflict(why) if why.contains("no unit")), "{nothing}");
        world.wait(60);
        let result = population::ItemResult {
            key: "CHG-0008".into(),
            states: vec![AttributeState::NotMet, AttributeState::Met],
            note: String::new(),
        };
        app.transact(&program, async |cx| {
            population::record_results(cx, key, std::slice::from_ref(&result)).await
        })
        .await
        .expect("tested");
        assert!(matches!(extend(1, " ").await, Err(Error::Invalid(_))), "no reason");
        assert!(matches!(extend(2, "isolated").await, Err(Error::Conflict(_))), "not planned");
        let extended = extend(1, "one approver was ill").await.expect("extended");
        assert_eq!(extended.units.len(), 10);
        assert!(keys(&extended).contains(&"CHG-0005"));
        let counts = [ItemOutcome::Deviating, ItemOutcome::NotTested].map(|outcome| extended.count(outcome));
        assert_eq!((counts, extended.events.len()), ([1, 9], 2));
        assert!(matches!(extend(1, "once more").await, Err(Error::Conflict(_))), "extended already");
        assert_eq!(read().await, [extended, second], "what is read is what was answered");

        app.sequence(&program).await.expect("sequenced");
        let log = leaves(&app, &program).await;
        assert!(
            log.iter()
                .all(|leaf| !leaf.contains("CHG-00") && !leaf.contains(SEED) && !leaf.contains("ill\""))
        );
        for event in ["population.sampled", "population.sample_replaced", "population.sample_extended"] {
            assert!(log.iter().any(|leaf| leaf.contains(event)), "{event}");
        }
        // A bundle has what the log only commits to.
        let texts = crate::bundle::texts(&app, &program).await;
        for part in
            [SEED, "one approver was ill", "as the log says", "the one with a known outage", "a larger risk"]
        {
            assert!(texts.iter().any(|text| text.contains(part)), "{part}");
        }
        app.close().await;
    }
}
