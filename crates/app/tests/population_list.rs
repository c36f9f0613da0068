//! Lists of populations on both databases: read by a saved mapping, checked, in parts, and built from registers.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::program::population::{self, List, Register};
use tickmark_app::program::sampling::{self, NewSample};
use tickmark_app::testing::World;
use tickmark_app::{Actor, ActorKind, App, Error, Result, identity};
use tickmark_core::control::ControlId;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{
    Amount, AskedCheck, Aspect, Checked, DateOrder, Definition, Ipe, Mapping, Population,
};
use tickmark_core::program::sampling::{Method, Sizing};

use crate::program::{definition, ipe, leaves, started};

const LIST: &[u8] = b"Change;Deployed;Service;Cost\nCHG-1;02/02/2026 10:00;api;10.50\nCHG-2;03/02/2026;api;1\nCHG-4;04/02/2026;web;0.25\nCHG-5;05/02/2026;web;2\nCHG-6;06/02/2026;web;3\nCHG-7;07/02/2026;web;4\n";

fn mapping() -> Mapping {
    Mapping {
        key: "Change".into(),
        occurred_at: "Deployed".into(),
        stratum: Some("Service".into()),
        amount: Some("Cost".into()),
        dates: DateOrder::DayFirst,
        ..Mapping::default()
    }
}

async fn defined(app: &App, actor: &Actor, definition: Definition) -> PopulationKey {
    app.transact(actor, async |cx| population::define(cx, definition).await).await.expect("defined").key
}

async fn import(app: &App, actor: &Actor, key: PopulationKey, ipe: Ipe) -> Result<Population> {
    let list = List::of_csv("changes.csv", Bytes::from_static(LIST)).expect("a list");
    app.transact(actor, async |cx| {
        let saved = population::mapping(cx, "pipeline").await?;
        population::import_list(cx, key, list, Some(saved.mapping), ipe).await
    })
    .await
}

async fn check(app: &App, actor: &Actor, key: PopulationKey, asked: AskedCheck) -> Result<Checked> {
    app.transact(actor, async |cx| population::check(cx, key, asked).await).await
}

/// Where the list comes from, without a word on its completeness.
fn unchecked(rows: u64) -> Ipe {
    Ipe { completeness: String::new(), time_zone: "Europe/Berlin".into(), ..ipe(rows) }
}

#[tokio::test]
async fn a_mapping_is_saved_once_and_changed_from_the_version_that_was_seen() {
    for world in World::both().await {
        let (app, actor, _, id) = started(&world).await;
        let save = async |from, mapping: Mapping| {
            app.transact(&actor, async |cx| population::save_mapping(cx, " pipeline ", from, mapping).await)
                .await
        };
        let nothing = save(None, Mapping::default()).await.expect_err("no column");
        assert!(matches!(&nothing, Error::Invalid(why) if why.contains("names the column of the key")));
        assert_eq!(save(None, mapping()).await.expect("saved").version, 1);
        assert!(matches!(save(None, mapping()).await, Err(Error::Conflict(_))), "there is one");
        assert_eq!(save(Some(1), mapping()).await.expect("saved").version, 2);
        assert!(matches!(save(Some(1), mapping()).await, Err(Error::Conflict(_))), "changed meanwhile");

        let key = defined(&app, &actor, definition(&id)).await;
        let nowhere = import(&app, &actor, key, Ipe { time_zone: "local".into(), ..unchecked(6) }).await;
        assert!(
            matches!(&nowhere, Err(Error::Invalid(why)) if why.contains("is no time zone")),
            "{nowhere:?}"
        );
        assert_eq!(import(&app, &actor, key, unchecked(6)).await.expect("imported").items, 6);
        let (items, parts, reading) = app
            .read(&actor, async |view| {
                Ok((
                    population::items(view, key).await?,
                    population::parts_after(view, key, 2, 2).await?,
                    population::reading_of(view, key).await?.expect("how it was read"),
                ))
            })
            .await
            .expect("read");
        // Ten in Berlin, and the first moment of a day there.
        assert_eq!(items[0].occurred_at.to_string(), "2026-02-02T09:00:00.000000Z");
        assert_eq!(items[1].occurred_at.to_string(), "2026-02-02T23:00:00.000000Z");
        let web = |parts: i64| (Some("web".to_owned()), Some(Amount::of_parts(parts)));
        assert_eq!(parts.into_iter().collect::<Vec<_>>(), [(3, web(2_500)), (4, web(20_000))]);
        assert_eq!(reading.mapping, Some(mapping()));
        assert_eq!(reading.total.map(|total| total.to_string()).as_deref(), Some("20.75"));
        assert_eq!(
            reading.strata.into_iter().collect::<Vec<_>>(),
            [("api".to_owned(), 2), ("web".to_owned(), 4)]
        );

        app.transact(&actor, async |cx| population::forget_mapping(cx, "pipeline").await)
            .await
            .expect("gone");
        let kept =
            app.read(&actor, async |view| population::reading_of(view, key).await).await.expect("read");
        assert!(kept.is_some_and(|reading| reading.mapping.is_some()), "what was read by it stays");
        app.close().await;
    }
}

#[tokio::test]
async fn a_list_is_frozen_once_it_was_checked_and_sampled_in_proportion_to_its_parts() {
    for world in World::both().await {
        let (app, actor, _, id) = started(&world).await;
        app.transact(&actor, async |cx| population::save_mapping(cx, "pipeline", None, mapping()).await)
            .await
            .expect("saved");
        let key = defined(&app, &actor, definition(&id)).await;
        let freeze = async || app.transact(&actor, async |cx| population::freeze(cx, key, None).await).await;
        let early = check(&app, &actor, key, AskedCheck::Sequence { first: None, last: None }).await;
        assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
        import(&app, &actor, key, unchecked(6)).await.expect("imported");
        let refused = freeze().await.expect_err("nobody looked");
        assert!(matches!(&refused, Error::Invalid(why) if why.contains("nobody has checked")), "{refused}");

        let stated = |text: &str| AskedCheck::ControlTotal {
            source: "the pipeline's own report".into(),
            stated: text.parse().expect("an amount"),
        };
        let total = check(&app, &actor, key, stated("20.75")).await.expect("made");
        assert!(total.check.agrees() && total.check.done.aspect() == Some(Aspect::Completeness));
        let holes =
            check(&app, &actor, key, AskedCheck::Sequence { first: None, last: None }).await.expect("made");
        assert_eq!(holes.check.differences[0].to_string(), "CHG-3 is missing");
        let others = ["CHG-1", "CHG-2", "CHG-4", "CHG-5", "CHG-6", "CHG-8"].map(str::to_owned).to_vec();
        let both = AskedCheck::Reconciliation { source: "the ticket system".into(), keys: others };
        let both = check(&app, &actor, key, both).await.expect("made");
        let says: Vec<String> = both.check.differences.iter().map(ToString::to_string).collect();
        assert_eq!(says, ["CHG-7 is only in the list", "CHG-8 is not in the list"]);
        let refused = freeze().await.expect_err("unexplained");
        assert!(
            matches!(&refused, Error::Invalid(why) if why.contains("check 2 of population")),
            "{refused}"
        );
        for number in [2, 3] {
            let why = AskedCheck::Explained { check: number, text: "CHG-3 and CHG-8 were cancelled".into() };
            check(&app, &actor, key, why).await.expect("explained");
        }
        let nothing = AskedCheck::Explained { check: 1, text: "x".into() };
        assert!(matches!(check(&app, &actor, key, nothing).await, Err(Error::Invalid(_))), "it agrees");
        freeze().await.expect("frozen");

        let sam = app
            .transact(&actor, async |cx| identity::ensure_actor(cx, ActorKind::Person, "Sam").await)
            .await
            .expect("a person");
        let new = |size| NewSample {
            population: key,
            sizing: Sizing::Given(size),
            method: Method::Stratified,
            seed: Some("agreed".parse().expect("a seed")),
            picks: Vec::new(),
            reason: String::new(),
            planned_extension: None,
            again: String::new(),
        };
        let small = app.transact(&sam, async |cx| sampling::draw(cx, new(1)).await).await;
        assert!(
            matches!(&small, Err(Error::Invalid(why)) if why.contains("cannot cover 2 strata")),
            "{small:?}"
        );
        let sample = app.transact(&sam, async |cx| sampling::draw(cx, new(3)).await).await.expect("drawn");
        let sizes: Vec<(&str, u64)> =
            sample.drawn.draw.strata.iter().map(|one| (one.stratum.as_str(), one.size)).collect();
        assert_eq!(sizes, [("api", 1), ("web", 2)]);
        let parts: BTreeSet<&str> =
            sample.drawn.draw.picks.iter().filter_map(|pick| pick.stratum.as_deref()).collect();
        assert_eq!(parts, BTreeSet::from(["api", "web"]));
        let again = app.read(&sam, async |view| sampling::find(view, key, 1).await).await.expect("read");
        assert_eq!(again, sample, "seed and list give it again");
        assert_eq!(again.next_step(), None, "nothing follows before it is tested");

        app.sequence(&actor).await.expect("sequenced");
        let log = leaves(&app, &actor).await;
        assert!(log.iter().all(|leaf| !leaf.contains("CHG-") && !leaf.contains("ticket system")));
        for event in ["population.mapping_saved", "population.checked", "population.explained"] {
            assert!(log.iter().any(|leaf| leaf.contains(event)), "{event}");
        }
        let texts = crate::bundle::texts(&app, &actor).await;
        for part in ["the ticket system", "were cancelled", "\"Deployed\""] {
            assert!(texts.iter().any(|text| text.contains(part)), "{part}");
        }
        app.close().await;
    }
}

/// A control that events trigger would be better; any has texts and members beside it.
fn of_the_year(id: &ControlId) -> Definition {
    Definition {
        from: "2026-11-01T00:00:00Z".parse().expect("a moment"),
        to: "2027-01-01T00:00:00Z".parse().expect("a moment"),
        ..definition(id)
    }
}

#[tokio::test]
async fn registers_are_read_whole_with_the_record_of_what_was_read() {
    for world in World::both().await {
        let (app, actor, person, id) = started(&world).await;
        let build = async |register| {
            let key = defined(&app, &actor, of_the_year(&id)).await;
            let built = app
                .transact(&actor, async |cx| population::build(cx, key, register).await)
                .await
                .expect("built");
            let items =
                app.read(&actor, async |view| population::items(view, key).await).await.expect("read");
            (built.ipe.expect("a record"), items)
        };
        let (record, items) = build(Register::Performances).await;
        assert_eq!((record.row_count, items.len()), (0, 0), "nothing was performed yet");
        let done = tickmark_app::program::performance::NewPerformance {
            control: id.clone(),
            window: None,
            performed_at: app.now(),
            performed_by: person.id,
            evidence: Vec::new(),
            files: vec![tickmark_app::program::performance::EvidenceFile {
                name: "minutes.txt".into(),
                media_type: "text/plain".into(),
                bytes: Bytes::from_static(b"we met"),
            }],
            note: String::new(),
        };
        app.transact(&actor, async |cx| tickmark_app::program::performance::record(cx, done.clone()).await)
            .await
            .expect("recorded");
        let (record, items) = build(Register::Performances).await;
        assert_eq!((record.row_count, items[0].key.as_str()), (1, "PERF-1"));
        assert_eq!(items[0].note, "window 2026-Q4");
        assert_eq!(
            record.query,
            format!(
                "all performances of {id} with a moment of performance at or after 2026-11-01T00:00:00.000000Z and before 2027-01-01T00:00:00.000000Z"
            )
        );
        assert!(
            record.completeness.contains("1 entries, 1 of them in this time, 0 outside it"),
            "{record:?}"
        );
        let (texts, items) = build(Register::ControlTexts).await;
        assert_eq!(items.len() as u64, texts.row_count);
        assert!(items.iter().any(|item| item.key == format!("{id} text 1")), "its text came into being");
        let (members, items) = build(Register::Joiners).await;
        assert_eq!(items.len() as u64, members.row_count);
        build(Register::Leavers).await;
        let (_, roles) = build(Register::RoleChanges).await;
        assert!(roles.iter().all(|item| item.key.starts_with("EVENT-")));
        app.close().await;
    }
}
