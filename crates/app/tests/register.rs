//! The register on both databases: it follows every change in the same transaction, it is what a rebuild makes of the
//! records, and nobody finds in it what they may not see.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::conclusion;
use tickmark_app::control::{self, commitment, edit};
use tickmark_app::evidence::item::{self, NewItem, Upload};
use tickmark_app::identity::people;
use tickmark_app::register::{self, Kind, Page, Query, Want};
use tickmark_app::saved_view;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::Promise;
use tickmark_core::evidence::item::{Covers, Description, Kind as ItemKind, Method, Sensitivity};
use tickmark_core::identity::Role;

async fn page(app: &App, actor: &Actor, kind: Kind, query: Query) -> Page {
    let query = Query { rows: 500, page: 1, ..query };
    app.read(actor, async |view| register::page(view, kind, &query).await).await.expect("a page")
}

async fn found(app: &App, actor: &Actor, text: &str) -> Vec<String> {
    let found = app.read(actor, async |view| register::search(view, text, Kind::ALL, 50).await).await;
    found.expect("a search").into_iter().map(|one| format!("{} {}", one.kind.word(), one.id)).collect()
}

/// Everything that can be asked, as far as this test knows.
async fn dump(app: &App, program: &Actor) -> Vec<String> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        all.push(format!("{kind:?} {:?}", page(app, program, *kind, Query::default()).await));
        for name in ["state", "person", "frequency", "criterion", "until:quarterly", "by:title", "control"] {
            let values = app.read(program, async |view| register::values(view, *kind, name, 500).await).await;
            all.push(format!("{kind:?} {name} {:?}", values.expect("values")));
        }
    }
    for text in ["access", "acc rev", "payroll", "mia", "sla"] {
        all.push(format!("{text}: {:?}", found(app, program, text).await));
    }
    all
}

fn new_item(once: &str, title: &str, controls: &[&ControlId]) -> NewItem {
    NewItem {
        once: once.to_owned(),
        description: Description {
            title: title.to_owned(),
            kind: ItemKind::Export,
            source: "Directory, list of groups".to_owned(),
            method: Method::Exported,
            steps: String::new(),
            collected_by: "Oscar".to_owned(),
            collected_at: None,
            covers: Covers::days("2026-10-01", "2026-11-20").ok(),
            sensitivity: Sensitivity::Internal,
            redaction: String::new(),
        },
        retention: "evidence".to_owned(),
        controls: controls.iter().map(|id| (*id).clone()).collect(),
        files: vec![Upload { name: "groups.csv".to_owned(), bytes: Bytes::from_static(b"a,b\n") }],
    }
}

#[tokio::test]
async fn the_register_follows_every_change_and_a_rebuild_makes_the_same() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let catalog = Catalog::builtin();
        let count = app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await;
        let count = count.expect("adopted");
        let all = page(&app, &program, Kind::Control, Query::default()).await;
        assert_eq!((all.ids.len(), all.found, all.total), (count, count as u64, count as u64));
        let mia = world.member(&app, &program, "Mia", &[Role::ComplianceManager]).await;
        let oscar = world.member(&app, &program, "Oscar", &[Role::ControlOwner]).await;
        let eve = world.member(&app, &program, "Eve", &[Role::Employee]).await;
        let mia = mia.actor(&world, &app).await;
        let oscar = oscar.actor(&world, &app).await;
        let eve = eve.actor(&world, &app).await;
        let person = world.person(&app, &program).await;
        let id: ControlId = all.ids[0].parse().expect("an id");

        // What a person answers is what is filtered by.
        let gap = || Query::of("status", "gap");
        assert_eq!(page(&app, &program, Kind::Control, gap()).await.found, 0);
        app.transact(&person, async |cx| {
            conclusion::decide(cx, &id, Question::Designed, Answer::No, "nobody does it").await
        })
        .await
        .expect("answered");
        assert_eq!(page(&app, &program, Kind::Control, gap()).await.ids, [id.to_string()]);
        app.transact(&person, async |cx| control::put_in_force(cx, &id, oscar.id).await)
            .await
            .expect("in force");
        let active = Query::of("state", "active").and("owner", &oscar.id.to_string());
        assert_eq!(page(&app, &program, Kind::Control, active).await.ids, [id.to_string()]);

        // An item is its author's, and that of whoever answers for its control; it changes hands with the control.
        let made =
            app.transact(&mia, async |cx| item::open(cx, new_item("one", "Payroll groups", &[&id])).await);
        let made = made.await.expect("opened");
        let mine = app.transact(&eve, async |cx| item::open(cx, new_item("two", "Badge of Eve", &[])).await);
        let mine = mine.await.expect("opened");
        let of = async |actor: &Actor| page(&app, actor, Kind::Item, Query::default()).await;
        assert_eq!(of(&mia).await.ids, [mine.key.to_string(), made.key.to_string()], "newest first");
        assert_eq!((of(&eve).await.ids, of(&eve).await.total), (vec![mine.key.to_string()], 1));
        assert_eq!(found(&app, &eve, "payroll").await, [] as [&str; 0], "not even its title");
        assert_eq!(found(&app, &eve, "badge").await, [format!("item {}", mine.key)]);
        app.transact(&mia, async |cx| {
            edit::assign(cx, std::slice::from_ref(&id), eve.id, "Oscar left").await
        })
        .await
        .expect("assigned");
        assert_eq!(of(&eve).await.total, 2);
        assert_eq!(found(&app, &eve, "payr gro").await, [format!("item {}", made.key)]);
        let aged = async |word: &str| {
            let asked = async |view: &mut tickmark_app::View<'_>| {
                let want = item::as_fresh(view, word).expect("a word");
                item::page(view, &Query { filters: vec![want], rows: 10, ..Query::default() }).await
            };
            app.read(&mia, asked).await.expect("a page").1.found
        };
        let words = ["stale", "expiring", "fresh", "by_occurrence", "undated"];
        let mut sum = 0;
        for word in words {
            sum += aged(word).await;
        }
        assert_eq!(sum, 1, "one item has a control, and is as fresh as one word says");

        let promise = Promise {
            title: "SLA of 99.9 %".to_owned(),
            statement: "The service answers.".to_owned(),
            source: "Terms".to_owned(),
            controls: BTreeSet::from([id.clone()]),
            ..Promise::default()
        };
        app.transact(&mia, async |cx| {
            commitment::write(cx, "page", promise, None, "the contract", &catalog).await
        })
        .await
        .expect("written");
        assert_eq!(found(&app, &mia, "sla 99").await, ["commitment SC-1"]);
        app.transact(&mia, async |cx| people::rename(cx, "Mia Renamed").await).await.expect("renamed");
        assert_eq!(found(&app, &mia, "renamed").await.len(), 1);

        let before = dump(&app, &program).await;
        let rebuilt = app.transact(&program, async |cx| register::rebuild(cx).await).await.expect("rebuilt");
        assert!(rebuilt > count + 5);
        assert_eq!(dump(&app, &program).await, before);
        assert!(matches!(
            app.transact(&mia, async |cx| register::rebuild(cx).await).await,
            Err(Error::Forbidden(_))
        ));

        // What fails leaves no trace.
        let failed = app
            .transact(&mia, async |cx| {
                item::open(cx, new_item("three", "Never there", &[])).await?;
                Err::<(), _>(Error::invalid("changed my mind"))
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(found(&app, &program, "never there").await, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn what_was_found_once_is_found_anew_after_a_change_and_not_after_one_that_was_given_up() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let catalog = Catalog::builtin();
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        let one = world.person(&app, &program).await;
        let drafts = || Query::of("state", "draft");
        let before = page(&app, &program, Kind::Control, drafts()).await;
        let areas = async || {
            app.read(&program, async |view| register::values(view, Kind::Control, "area", 100).await).await
        };
        let known = areas().await.expect("areas");
        let id: ControlId = before.ids[0].parse().expect("an id");

        // What a change sees of itself is gone with it.
        let given_up = app
            .transact(&one, async |cx| {
                control::put_in_force(cx, &id, one.id).await?;
                register::page(cx, Kind::Control, &Query { rows: 500, ..drafts() }).await?;
                Err::<(), _>(Error::Conflict("thought better of it".to_owned()))
            })
            .await;
        assert!(matches!(given_up, Err(Error::Conflict(_))), "{given_up:?}");
        assert_eq!(page(&app, &program, Kind::Control, drafts()).await, before);

        app.transact(&one, async |cx| control::put_in_force(cx, &id, one.id).await).await.expect("in force");
        let after = page(&app, &program, Kind::Control, drafts()).await;
        assert_eq!((after.found, after.total), (before.found - 1, before.total));
        assert!(!after.ids.contains(&id.to_string()));
        assert_eq!(areas().await.expect("areas"), known);
    }
}

#[tokio::test]
async fn rows_are_filtered_ordered_and_cut_by_the_database() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let catalog = Catalog::builtin();
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        let all = page(&app, &program, Kind::Control, Query::default()).await;
        let down = Query { sort: Some(("by:id".to_owned(), true)), ..Query::default() };
        let mut reversed = page(&app, &program, Kind::Control, down).await.ids;
        reversed.reverse();
        assert_eq!(reversed, all.ids);
        let titles = Query { sort: Some(("by:title".to_owned(), false)), ..Query::default() };
        let by_title = page(&app, &program, Kind::Control, titles.clone()).await;
        assert_eq!(by_title.ids.iter().collect::<BTreeSet<_>>(), all.ids.iter().collect());

        // Pages follow each other without a gap; beyond the last is the last.
        let mut walked = Vec::new();
        for number in 1..=all.ids.len().div_ceil(30) {
            let query = Query { page: number as u64, rows: 30, ..titles.clone() };
            let part =
                app.read(&program, async |view| register::page(view, Kind::Control, &query).await).await;
            walked.extend(part.expect("a page").ids);
        }
        assert_eq!(walked, by_title.ids);
        let beyond = Query { page: u64::MAX, rows: 30, ..Query::default() };
        let last = app.read(&program, async |view| register::page(view, Kind::Control, &beyond).await).await;
        assert!(all.ids.ends_with(&last.expect("a page").ids));

        // A filter that few fit is found first and ordered then, one that many fit the other way round: same rows.
        let mut areas = Vec::new();
        for (area, count) in app
            .read(&program, async |view| register::values(view, Kind::Control, "area", 100).await)
            .await
            .expect("areas")
        {
            let few = Query { sort: Some(("by:title".to_owned(), false)), ..Query::of("area", &area) };
            let some = page(&app, &program, Kind::Control, few).await;
            assert_eq!((some.found, some.ids.len() as u64), (count, count), "{area}");
            let place = |id: &String| by_title.ids.iter().position(|one| one == id);
            assert!(some.ids.is_sorted_by_key(place), "{area}");
            let draft = Query {
                sort: Some(("by:title".to_owned(), false)),
                ..Query::of("state", "draft").and("area", &area)
            };
            assert_eq!(page(&app, &program, Kind::Control, draft).await.ids, some.ids);
            areas.extend(some.ids);
        }
        assert_eq!(areas.len(), all.ids.len());
        for hostile in ["'", "%", "_", "\\", "a' OR 1=1 --", "\u{0}", "😀"] {
            let query = Query { words: hostile.to_owned(), ..Query::of("area", hostile) };
            assert_eq!(page(&app, &program, Kind::Control, query).await.found, 0, "{hostile:?}");
        }
        let nothing = Query { filters: vec![("x".to_owned(), Want::Any(Vec::new()))], ..Query::default() };
        assert_eq!(page(&app, &program, Kind::Control, nothing).await.found, 0);
    }
}

#[tokio::test]
async fn what_can_be_chosen_has_its_title_unless_it_is_too_much() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let catalog = Catalog::builtin();
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        let all = page(&app, &program, Kind::Control, Query::default()).await;
        let count = u32::try_from(all.ids.len()).expect("few");
        let titled = async |query: Query| {
            app.read(&program, async |view| register::titled(view, Kind::Control, &query).await).await
        };
        let of = |rows: u32| {
            let not_retired = ("state".to_owned(), Want::Not("retired".to_owned()));
            Query { rows, filters: vec![not_retired], ..Query::default() }
        };
        let found = titled(of(count)).await.expect("read").expect("not too many");
        assert_eq!(found.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), all.ids);
        let first = catalog.controls.iter().find(|control| control.id == found[0].0).expect("a starter");
        assert_eq!(found[0].1, first.title);
        assert_eq!(titled(of(count - 1)).await.expect("read"), None);
    }
}

#[tokio::test]
async fn sqlite_uses_an_index_for_what_is_asked() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    for (query, index) in [
        (Query::default(), "r USING COVERING INDEX"),
        (Query::of("state", "draft"), "v USING PRIMARY KEY"),
        (Query::of("state", "draft").and("area", "x"), "COVERING INDEX register_value_by_record"),
        (Query { words: "acc".to_owned(), ..Query::default() }, "w USING PRIMARY KEY"),
    ] {
        let plan =
            app.read(&program, async |view| register::plan_of(view, Kind::Control, &query).await).await;
        let plan = plan.expect("a plan");
        assert!(plan.iter().any(|step| step.contains(index)), "{query:?}: {plan:?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{query:?}: {plan:?}");
    }
}

#[tokio::test]
async fn a_folder_from_before_the_register_gets_one_when_it_is_opened() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    let catalog = Catalog::builtin();
    app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    let before = page(&app, &program, Kind::Control, Query::default()).await;
    app.transact(&program, async |cx| {
        for table in ["register_word", "register_value", "register", "register_form"] {
            sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(cx.connection()).await?;
        }
        // As it is then; what looks from outside was told of no change.
        assert_eq!(register::page(cx, Kind::Control, &Query::default()).await?.total, 0);
        Ok(())
    })
    .await
    .expect("forgotten");
    app.close().await;
    drop(app);
    let app = world.try_start().await.expect("opened again");
    assert_eq!(page(&app, &program, Kind::Control, Query::default()).await, before);
}

#[tokio::test]
async fn views_are_ones_own_or_shared() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let mia = world.member(&app, &program, "Mia", &[Role::ComplianceManager]).await;
        let oscar = world.member(&app, &program, "Oscar", &[Role::ControlOwner]).await;
        let (mia, oscar) = (mia.actor(&world, &app).await, oscar.actor(&world, &app).await);
        let save = async |actor: &Actor, name: &str, query: &str, shared: bool| {
            app.transact(actor, async |cx| saved_view::save(cx, "controls", name, query, shared).await).await
        };
        let names = async |actor: &Actor| -> Vec<String> {
            let all = app.read(actor, async |view| saved_view::of_list(view, "controls").await).await;
            all.expect("views").into_iter().map(|one| one.name).collect()
        };
        let own = save(&oscar, " Not   ready ", "status=gap", false).await.expect("saved");
        assert_eq!(own.name, "Not ready");
        assert_eq!(save(&oscar, "Not ready", "status=gap", false).await.expect("the same").id, own.id);
        assert!(matches!(save(&oscar, "Not ready", "status=ready", false).await, Err(Error::Invalid(_))));
        for bad in ["", "  ", "a\u{0}b", &"x".repeat(61)] {
            assert!(matches!(save(&oscar, bad, "", false).await, Err(Error::Invalid(_))), "{bad:?}");
        }
        assert!(matches!(save(&oscar, "Long", &"x".repeat(2001), false).await, Err(Error::Invalid(_))));
        assert!(matches!(save(&program, "Program", "", true).await, Err(Error::Forbidden(_))));
        let shared = save(&oscar, "Ours", "state=active", true).await.expect("saved");
        assert_eq!(
            (names(&oscar).await, names(&mia).await),
            (vec!["Not ready".into(), "Ours".into()], vec!["Ours".into()])
        );

        // Nobody takes away what is another's own; what is shared goes with whoever runs the program.
        let remove =
            async |actor: &Actor, id| app.transact(actor, async |cx| saved_view::remove(cx, id).await).await;
        assert!(matches!(remove(&mia, own.id).await, Err(Error::NotFound { .. })));
        assert_eq!(remove(&mia, shared.id).await.expect("removed"), "controls");
        let theirs = save(&mia, "Mine", "", true).await.expect("saved");
        assert!(matches!(remove(&oscar, theirs.id).await, Err(Error::NotFound { .. })));
        assert!(remove(&oscar, own.id).await.is_ok());
        assert_eq!(names(&oscar).await, ["Mine"]);
    }
}
