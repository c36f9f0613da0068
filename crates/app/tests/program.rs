//! Performances and populations on both databases: what is recorded, what is refused, what the log says.

use bytes::Bytes;
use tickmark_app::program::{performance, population};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, control, ledger};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::period::Found;
use tickmark_core::control::{ControlId, Frequency, TestAttribute};
use tickmark_core::id::EvidenceKey;
use tickmark_core::program::performance::{Days, Schedule, WindowState};
use tickmark_core::program::population::{AttributeState, Definition, Ipe, ItemOutcome};
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

const DAY: i64 = 86_400;

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn file(name: &str, text: &'static str) -> performance::EvidenceFile {
    performance::EvidenceFile {
        name: name.into(),
        media_type: "text/plain".into(),
        bytes: Bytes::from_static(text.as_bytes()),
    }
}

/// The sequenced entries as text.
pub(crate) async fn leaves(app: &App, actor: &Actor) -> Vec<String> {
    let entries = app.read(actor, async |view| ledger::entries(view, 0, 10_000).await).await.expect("read");
    entries.iter().map(|entry| String::from_utf8_lossy(&entry.content).into_owned()).collect()
}

/// A started world with a control that people perform each quarter, in force from the first day of the test.
pub(crate) async fn started(world: &World) -> (App, Actor, Actor, ControlId) {
    let (app, actor) = world.start().await;
    let person = world.person(&app, &actor).await;
    let catalog = Catalog::builtin();
    let starter = catalog
        .controls
        .iter()
        .find(|c| {
            c.frequency == Frequency::Quarterly && c.nature != tickmark_core::catalog::Nature::Automated
        })
        .expect("a quarterly control");
    let id: ControlId = starter.id.parse().expect("an id");
    app.transact(&actor, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    app.transact(&person, async |cx| control::put_in_force(cx, &id, person.id).await)
        .await
        .expect("in force");
    (app, actor, person, id)
}

fn done(id: &ControlId, person: &Actor, at: Timestamp, window: Option<&str>) -> performance::NewPerformance {
    performance::NewPerformance {
        control: id.clone(),
        window: window.map(str::to_owned),
        performed_at: at,
        performed_by: person.id,
        evidence: Vec::new(),
        files: vec![file("minutes.txt", "we met")],
        note: "Robin signed".into(),
    }
}

#[tokio::test]
async fn a_window_is_done_late_or_missed_and_the_log_holds_no_note() {
    for world in World::both().await {
        // 2026-11-24.
        let (app, actor, person, id) = started(&world).await;
        let record = async |new| app.transact(&actor, async |cx| performance::record(cx, new).await).await;
        let early = done(&id, &person, app.now(), Some("2027-Q1"));
        let refused = record(early).await.expect_err("the window has not begun");
        assert!(
            matches!(refused, Error::Invalid(_)) && refused.to_string().contains("begins at 2027-01-01"),
            "{refused}"
        );
        let mut bare = done(&id, &person, app.now(), None);
        bare.files.clear();
        assert!(record(bare.clone()).await.expect_err("no evidence").to_string().contains("needs evidence"));
        bare.evidence = vec![EvidenceKey(999)];
        assert!(matches!(record(bare).await, Err(Error::NotFound { .. })), "evidence that is not there");
        let ahead = done(&id, &person, app.now().plus_micros(DAY_US), None);
        assert!(record(ahead).await.expect_err("ahead").to_string().contains("lies ahead"));
        let odd = done(&id, &person, app.now(), Some("2026-11"));
        assert!(record(odd).await.expect_err("a month").to_string().contains("as 2026-Q4 is"));

        let kept = record(done(&id, &person, app.now(), None)).await.expect("recorded");
        assert_eq!((kept.window.as_str(), kept.evidence.len()), ("2026-Q4", 1));
        // The first quarter of 2027 is performed late, the second is missed, the third is not over.
        world.wait(170 * DAY);
        let late = record(done(&id, &person, app.now(), Some("2027-Q1"))).await.expect("recorded");
        world.wait(80 * DAY);
        let year = Span { from: moment("2026-10-01T00:00:00Z"), to: Some(moment("2027-10-01T00:00:00Z")) };
        let rows = app
            .read(&actor, async |view| performance::windows_of(view, &id, year).await)
            .await
            .expect("computed");
        let states: Vec<_> = rows.iter().map(|row| (row.window.id.as_str(), row.state)).collect();
        assert_eq!(
            states,
            [
                ("2026-Q4", WindowState::Done),
                ("2027-Q1", WindowState::Late),
                ("2027-Q2", WindowState::Missed),
                ("2027-Q3", WindowState::NotYetDue)
            ]
        );
        assert_eq!(rows[1].performance.as_ref(), Some(&late), "what is read is what was recorded");
        assert_eq!(rows[0].performance.as_ref().map(|p| p.note.as_str()), Some("Robin signed"));

        app.sequence(&actor).await.expect("sequenced");
        let log = leaves(&app, &actor).await;
        assert!(log.iter().all(|leaf| !leaf.contains("Robin signed") && !leaf.contains("we met")));
        assert_eq!(log.iter().filter(|leaf| leaf.contains("performance.recorded")).count(), 2);
        app.close().await;
    }
}

#[tokio::test]
async fn what_is_due_follows_schedules_and_the_time_in_force() {
    for world in World::both().await {
        let (app, actor, person, id) = started(&world).await;
        world.wait(40 * DAY);
        let monthly = Schedule::new(Frequency::Monthly, 5, Days::All).expect("has windows");
        app.transact(&actor, async |cx| performance::schedule(cx, &id, monthly).await).await.expect("set");
        world.wait(60 * DAY);
        app.transact(&person, async |cx| control::retire(cx, &id, "no longer run").await)
            .await
            .expect("retired");
        world.wait(300 * DAY);
        let year = Span { from: moment("2026-10-01T00:00:00Z"), to: Some(moment("2027-10-01T00:00:00Z")) };
        let rows = app
            .read(&actor, async |view| performance::windows_of(view, &id, year).await)
            .await
            .expect("computed");
        let names: Vec<_> = rows.iter().map(|row| row.window.id.as_str()).collect();
        // In force 2026-11-24 to 2027-03-04, monthly from 2027-01-03; March ended after it was retired.
        assert_eq!(names, ["2026-Q4", "2027-01", "2027-02"]);
        assert!(rows.iter().all(|row| row.state == WindowState::Missed));
        let versions = app.read(&actor, async |view| control::versions(view).await).await.expect("read");
        let of_control: Vec<_> = versions.iter().filter(|version| version.control.id == id).collect();
        assert_eq!(of_control.len(), 2, "the draft and the one in force are of one moment");
        let starter_due = app
            .read(&actor, async |view| performance::schedules(view, &versions).await)
            .await
            .expect("computed");
        assert_eq!(starter_due.len(), 1, "drafts are never due");
        assert!(
            app.transact(&person, async |cx| control::put_in_force(cx, &id, person.id).await).await.is_err(),
            "a retired control does not come back"
        );
        app.close().await;
    }
}

pub(crate) fn definition(id: &ControlId) -> Definition {
    let attribute = |id: &str| TestAttribute {
        id: id.into(),
        asserts: format!("{id} before deployment"),
        deviation: format!("not {id}"),
    };
    Definition {
        control: id.clone(),
        title: "Production deployments".into(),
        trigger: "a deployment to production".into(),
        attributes: vec![attribute("approved"), attribute("tested")],
        from: moment("2026-01-01T00:00:00Z"),
        to: moment("2026-07-01T00:00:00Z"),
    }
}

pub(crate) fn ipe(row_count: u64) -> Ipe {
    Ipe {
        source: "deployment pipeline".into(),
        query: "deployments where environment = production".into(),
        parameters: "2026-01-01 to 2026-06-30".into(),
        time_zone: "UTC".into(),
        run_by: "Robin Example".into(),
        run_at: moment("2026-07-02T00:00:00Z"),
        row_count,
        control_total: String::new(),
        completeness: "numbers are without a gap".into(),
        accuracy: String::new(),
    }
}

const LIST: &str = "key,occurred_at,approved,tested\nDEP-2,2026-02-01,met,met\nDEP-1,2026-01-05,met,\nDEP-3,2026-03-01,not met,met\n";

#[tokio::test]
async fn a_population_is_defined_imported_frozen_and_tested() {
    for world in World::both().await {
        let (app, actor, person, id) = started(&world).await;
        let defined = app
            .transact(&actor, async |cx| population::define(cx, definition(&id)).await)
            .await
            .expect("defined");
        let key = defined.key;
        let import = async |text: &'static str, rows| {
            app.transact(&actor, async |cx| {
                population::import(cx, key, "deployments.csv", Bytes::from_static(text.as_bytes()), ipe(rows))
                    .await
            })
            .await
        };
        let bad =
            import("key,occurred_at\nDEP-1,2026-09-01\nDEP-2,2026-02-01\n", 2).await.expect_err("outside");
        assert!(bad.to_string().contains("line 2, column occurred_at"), "{bad}");
        assert!(
            import(LIST, 4).await.expect_err("counted").to_string().contains("counts 4 rows"),
            "row count"
        );
        let read =
            async || app.read(&actor, async |view| population::find(view, key).await).await.expect("read");
        assert_eq!(read().await, defined, "nothing was applied");
        let results = |key: &str, states: &[AttributeState]| population::ItemResult {
            key: key.into(),
            states: states.to_vec(),
            note: "looked at the ticket".into(),
        };
        use AttributeState::{Met, NotMet};
        let test = async |results: Vec<population::ItemResult>| {
            app.transact(&actor, async |cx| population::record_results(cx, key, &results).await).await
        };
        assert_eq!(import(LIST, 3).await.expect("imported").items, 3);
        assert!(matches!(import(LIST, 3).await, Err(Error::Conflict(_))), "a second list");
        assert!(
            matches!(test(vec![results("DEP-1", &[Met, Met])]).await, Err(Error::Conflict(_))),
            "not frozen"
        );
        let frozen =
            app.transact(&actor, async |cx| population::freeze(cx, key, None).await).await.expect("frozen");
        // printf 'DEP-1\nDEP-2\nDEP-3' | sha256sum
        let by_hand = tickmark_core::Digest::of(b"DEP-1\nDEP-2\nDEP-3");
        assert_eq!((frozen.items, frozen.keys), (3, by_hand));
        assert!(matches!(
            app.transact(&actor, async |cx| population::freeze(cx, key, None).await).await,
            Err(Error::Conflict(_))
        ));
        world.wait(60);
        assert!(
            matches!(test(vec![results("DEP-9", &[Met, Met])]).await, Err(Error::Invalid(_))),
            "no such item"
        );
        assert!(
            matches!(test(vec![results("DEP-1", &[Met])]).await, Err(Error::Invalid(_))),
            "one result of two"
        );
        test(vec![results("DEP-1", &[Met, NotMet])]).await.expect("tested");
        let items = app.read(&actor, async |view| population::items(view, key).await).await.expect("read");
        let found: Vec<_> =
            items.iter().map(|item| (item.key.as_str(), item.states.as_slice(), item.outcome())).collect();
        assert_eq!(
            found,
            [
                ("DEP-2", [Met, Met].as_slice(), ItemOutcome::Conforming),
                ("DEP-1", [Met, NotMet].as_slice(), ItemOutcome::Deviating),
                ("DEP-3", [NotMet, Met].as_slice(), ItemOutcome::Deviating),
            ]
        );
        let deviations =
            app.read(&actor, async |view| population::deviations(view, key).await).await.expect("read");
        assert_eq!(deviations.len(), 2);
        let sorted =
            async || app.read(&actor, async |view| population::found(view, key).await).await.expect("read");
        assert_eq!(sorted().await, Found::of(&items), "what is packed follows what was found");
        // A list from before outcomes were packed is read row by row, and packed with its next results.
        crate::damage::tamper(&world, &["DELETE FROM population_outcome"]).await;
        assert_eq!(sorted().await, Found::of(&items));
        world.wait(60);
        test(vec![results("DEP-3", &[Met, Met])]).await.expect("tested again");
        let again = sorted().await;
        assert_eq!((again.conforming.len(), again.deviating.as_slice()), (2, &items[1..2]));
        let whole = read().await;
        assert_eq!((whole.ipe, whole.frozen), (Some(ipe(3)), Some(frozen)));

        // Nothing happened in the second half of the year: a person shows it.
        let empty = Definition {
            from: moment("2026-07-01T00:00:00Z"),
            to: moment("2026-11-01T00:00:00Z"),
            ..definition(&id)
        };
        let empty =
            app.transact(&actor, async |cx| population::define(cx, empty).await).await.expect("defined").key;
        let freeze = async |actor: &Actor, zero| {
            app.transact(actor, async |cx| population::freeze(cx, empty, zero).await).await
        };
        let refused = freeze(&actor, None).await.expect_err("no evidence of zero").to_string();
        assert!(refused.contains("needs evidence of zero"), "{refused}");
        let zero = || Some(file("nothing.txt", "the pipeline's log of the time, empty"));
        assert!(matches!(freeze(&actor, zero()).await, Err(Error::Forbidden(_))), "a program confirmed zero");
        assert_eq!(freeze(&person, zero()).await.expect("frozen").items, 0);

        app.sequence(&actor).await.expect("sequenced");
        let log = leaves(&app, &actor).await;
        assert!(
            log.iter()
                .all(|leaf| !leaf.contains("DEP-1") && !leaf.contains("Robin") && !leaf.contains("ticket"))
        );
        for event in ["population.defined", "population.imported", "population.tested", "population.define\""]
        {
            assert!(log.iter().any(|leaf| leaf.contains(event)), "{event}");
        }
        // What the log only commits to can be read in a bundle, and opens its commitments.
        let texts = crate::bundle::texts(&app, &actor).await;
        let holds = |part: &str| texts.iter().any(|text| text.contains(part));
        for part in [
            "a deployment to production",
            "deployments where environment",
            "looked at the ticket",
            "deployments.csv",
        ] {
            assert!(holds(part), "{part}: {texts:#?}");
        }
        // Two definitions, two frozen lists, one import, two tests; and the names of two documents.
        assert_eq!(texts.len(), 9, "{texts:#?}");
        app.close().await;
    }
}
