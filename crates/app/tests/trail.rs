//! The audit trail: searched, taken out, compared with the ledger.

use std::collections::BTreeMap;

use tickmark_app::identity::audit::{self, Break, Filter, Format, Outcome, Row};
use tickmark_app::identity::people;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App};
use tickmark_core::identity::Role;

async fn search(app: &App, program: &Actor, filter: &Filter) -> Vec<Row> {
    app.read(program, async |view| audit::search(view, filter, 200).await).await.expect("rows")
}

/// A trail of several people over some days.
async fn lived_in(world: &World, app: &App, program: &Actor) {
    let robin = world.member(app, program, "Robin", &[Role::ControlOwner]).await;
    let sam = world.member(app, program, "Sam", &[Role::Employee]).await;
    let id = world.find_member(app, program, &robin.email).await.id;
    for day in 0..4 {
        world.wait(24 * 3600);
        robin.actor(world, app).await;
        let actor = sam.actor(world, app).await;
        // What Sam may not is an event as well.
        let roles = std::collections::BTreeSet::from([Role::Employee]);
        let refused = app
            .transact(&actor, async |cx| people::invite(cx, "x@example.com", &roles).await.map(|_| ()))
            .await;
        assert!(refused.is_err());
        let why = format!("day {day}");
        app.transact(program, async |cx| people::suspend(cx, id, &why).await).await.expect("suspended");
        app.transact(program, async |cx| people::resume(cx, id, &why).await).await.expect("resumed");
    }
}

#[tokio::test]
async fn a_search_finds_what_looking_at_every_row_finds() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        lived_in(&world, &app, &program).await;
        let all = search(&app, &program, &Filter::default()).await;
        assert!(all.len() > 25 && all.len() < 200, "{}", all.len());
        assert!(
            all.windows(2).all(|pair| pair[0].number == pair[1].number + 1),
            "newest first, without gaps"
        );
        let some = &all[all.len() / 3];
        let events =
            [None, Some("auth"), Some("member"), Some("auth.login"), Some("access"), Some("aut"), Some("")];
        let (early, late) = (all[all.len() - 6].at, all[5].at);
        let mut tried = 0;
        for event in events {
            for actor in [None, Some(some.actor), Some(program.id)] {
                for outcome in [None, Some(Outcome::Done), Some(Outcome::Denied)] {
                    for object in [None, Some(some.object.clone())] {
                        for (from, to) in [(None, None), (Some(early), Some(late)), (Some(late), None)] {
                            let filter = Filter {
                                event: event.map(str::to_owned),
                                actor,
                                outcome,
                                object: object.clone(),
                                from,
                                to,
                                ..Filter::default()
                            };
                            let found = search(&app, &program, &filter).await;
                            let expected: Vec<Row> =
                                all.iter().filter(|row| is_wanted(row, &filter)).cloned().collect();
                            assert_eq!(found, expected, "{filter:?}");
                            tried += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(tried, 7 * 3 * 3 * 2 * 3);
        // Page by page it is the same.
        let mut filter = Filter { event: Some("auth".into()), ..Filter::default() };
        let whole = search(&app, &program, &filter).await;
        let mut pages = Vec::new();
        loop {
            let page =
                app.read(&program, async |view| audit::search(view, &filter, 3).await).await.expect("rows");
            let Some(last) = page.last() else { break };
            filter.before = Some(last.number);
            pages.extend(page);
        }
        assert_eq!(pages, whole);
        let request = whole.iter().find(|row| !row.request.is_empty()).expect("a request");
        let filter = Filter { request: Some(request.request.clone()), ..Filter::default() };
        assert!(search(&app, &program, &filter).await.contains(request));
    }
}

fn is_wanted(row: &Row, filter: &Filter) -> bool {
    let event = filter.event.as_deref().is_none_or(|event| {
        row.event == event || row.event.strip_prefix(event).is_some_and(|rest| rest.starts_with('.'))
    });
    event
        && filter.actor.is_none_or(|actor| actor == row.actor)
        && filter.outcome.is_none_or(|outcome| outcome.word() == row.outcome)
        && filter.object.as_ref().is_none_or(|object| *object == row.object)
        && filter.from.is_none_or(|from| row.at >= from)
        && filter.to.is_none_or(|to| row.at < to)
}

#[tokio::test]
async fn what_is_taken_out_is_everything_and_an_event_itself() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    lived_in(&world, &app, &program).await;
    let mut filter = Filter { event: Some("member".into()), ..Filter::default() };
    let expected = search(&app, &program, &filter).await;
    let end = app
        .transact(&program, async |cx| audit::begin_export(cx, &filter, Format::JsonLines).await)
        .await
        .expect("begun");
    filter.before = Some(end);
    let mut names = BTreeMap::new();
    let (text, next) = app
        .read(&program, async |view| audit::export_page(view, &filter, Format::JsonLines, &mut names).await)
        .await
        .expect("lines");
    assert_eq!(next, None);
    let numbers: Vec<i64> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["number"]
                .as_i64()
                .expect("a number")
        })
        .collect();
    assert_eq!(numbers, expected.iter().rev().map(|row| row.number).collect::<Vec<_>>());
    let newest = search(&app, &program, &Filter::default()).await.remove(0);
    assert_eq!((newest.event.as_str(), newest.number), ("trail.exported", end));
}

/// Changes a stored row as somebody would who has the database in hand.
async fn meddle(app: &App, program: &Actor, statement: &'static str) {
    app.transact(program, async |cx| {
        sqlx::query(statement).execute(cx.connection()).await?;
        Ok(())
    })
    .await
    .expect("changed");
}

#[tokio::test]
async fn rows_that_do_not_say_what_the_ledger_says_are_told() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        lived_in(&world, &app, &program).await;
        let waiting = audit::verify(&app, &program).await.expect("compared");
        assert_eq!((waiting.entries, waiting.breaks), (0, Vec::new()), "all wait for their place");
        assert_eq!(waiting.waiting, waiting.rows);
        app.sequence(&program).await.expect("sequenced");
        let good = audit::verify(&app, &program).await.expect("compared");
        assert_eq!((good.breaks.clone(), good.waiting, good.erased), (Vec::new(), 0, 0));
        assert_eq!(good.rows, good.entries);

        let broken = async || {
            let found = audit::verify(&app, &program).await.expect("compared");
            found.breaks.into_iter().map(|Break { number, what, .. }| (number, what)).collect::<Vec<_>>()
        };
        meddle(&app, &program, "UPDATE audit_event SET outcome = 'done' WHERE number = (SELECT min(number) FROM audit_event WHERE outcome = 'denied')").await;
        let found = broken().await;
        assert!(found.len() == 1 && found[0].1.contains("outcome is \"done\""), "{found:?}");
        meddle(&app, &program, "UPDATE audit_event SET outcome = 'denied' WHERE event = 'access.denied'")
            .await;
        assert_eq!(broken().await, []);

        meddle(&app, &program, "UPDATE audit_event SET why = 'day 9' WHERE why = 'day 1'").await;
        let found = broken().await;
        assert!(found.len() == 2 && found[0].1.contains("not what the entry commits to"), "{found:?}");
        meddle(&app, &program, "UPDATE audit_event SET why = NULL, salt = NULL WHERE why = 'day 9'").await;
        let erased = audit::verify(&app, &program).await.expect("compared");
        assert_eq!((erased.erased, erased.breaks), (2, Vec::new()), "erasing is lawful");

        meddle(&app, &program, "UPDATE audit_event SET at = at + 1 WHERE number = 7").await;
        assert_eq!(broken().await, [(Some(7), "its time is not that of the entry".to_owned())]);
        meddle(&app, &program, "UPDATE audit_event SET at = at - 1 WHERE number = 7").await;
        meddle(&app, &program, "DELETE FROM audit_event WHERE number = 9").await;
        let found = broken().await;
        assert!(found.iter().any(|(_, what)| what == "the entry has no row"), "{found:?}");
        assert!(
            found.iter().any(|(number, what)| *number == Some(10) && what.contains("after row 8")),
            "{found:?}"
        );
        assert!(found.iter().any(|(_, what)| what.contains("some are missing")), "{found:?}");
    }
}

#[tokio::test]
async fn a_row_that_nobody_recorded_is_told() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    lived_in(&world, &app, &program).await;
    app.sequence(&program).await.expect("sequenced");
    meddle(
        &app,
        &program,
        "INSERT INTO audit_event (organization, number, leaf, at, actor, event, outcome, object_kind, object, reason, \
         request, session) SELECT organization, number + 1, 'made up', at, actor, event, outcome, object_kind, object, \
         reason, request, session FROM audit_event ORDER BY number DESC LIMIT 1",
    )
    .await;
    let found = audit::verify(&app, &program).await.expect("compared");
    assert!(found.breaks.iter().any(|one| one.what.contains("have no entry")), "{found:?}");
}

#[tokio::test]
async fn every_search_reads_its_page_from_an_index_and_sorts_nothing() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    lived_in(&world, &app, &program).await;
    let at = app.now();
    let text = |text: &str| Some(text.to_owned());
    for filter in [
        Filter::default(),
        Filter { actor: Some(program.id), ..Filter::default() },
        Filter { event: text("auth"), ..Filter::default() },
        Filter { event: text("auth.login"), actor: Some(program.id), ..Filter::default() },
        Filter { object: text("x"), actor: Some(program.id), event: text("member"), ..Filter::default() },
        Filter { request: text("x"), ..Filter::default() },
        Filter { from: Some(at), to: Some(at), outcome: Some(Outcome::Denied), ..Filter::default() },
        Filter { event: text("member"), from: Some(at), before: Some(9), ..Filter::default() },
    ] {
        let plan =
            app.read(&program, async |view| audit::plan_of(view, &filter).await).await.expect("a plan");
        assert!(!plan.is_empty());
        for step in &plan {
            assert!(!step.contains("SCAN audit_event"), "{filter:?}: {plan:#?}");
        }
        // What is sorted are the first rows of each name, a page at most, never the trail.
        let before_sorts =
            plan.windows(2).filter(|pair| pair[1].contains("TEMP B-TREE")).map(|pair| &pair[0]);
        for step in before_sorts {
            assert!(step.contains("part_"), "{filter:?}: {plan:#?}");
        }
    }
}
