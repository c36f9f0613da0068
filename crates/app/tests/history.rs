//! Histories, failures, gaps, the index and replays over random and told years, on both databases.

use sqlx::AnyConnection;
use tickmark_app::observation::{self, Rebuilt, Replayed, RunInput, Unchanged};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::id::{RunKey, TargetKey};
use tickmark_core::observation::{Interval, ReasonClass, TargetRef, Verdict};
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp, canonical};
use tickmark_evaluate::Library;

use crate::observation::{facts, host, library, run, seen};

const ROOT: &str = "acct-root-only-uid0";
const DAY: i64 = 86_400;

/// Runs one statement in the database, behind the program's back.
async fn tamper(app: &App, actor: &Actor, text: &'static str) {
    app.transact(actor, async |cx| {
        let connection: &mut AnyConnection = cx.connection();
        sqlx::query(text).execute(connection).await?;
        Ok(())
    })
    .await
    .expect("changed");
}

async fn rebuild(app: &App, actor: &Actor) -> Result<Rebuilt, Error> {
    app.transact(actor, async |cx| observation::rebuild_intervals(cx).await).await
}

/// Looks at some of six hosts each day, in two sources, with facts, populations and a check version that change.
async fn random_history(world: &World, app: &App, actor: &Actor, seed: u64) {
    let mut dice = seed;
    let mut below = move |limit: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % limit
    };
    let hosts: Vec<TargetRef> = ["a", "b", "c", "d", "e", "f"].iter().map(|name| host(name)).collect();
    for day in 0..14 {
        let library = if day < 7 { library("") } else { library("allowed_names = [\"root\", \"toor\"]") };
        for (source, mine) in [("one", &hosts[..3]), ("two", &hosts[3..])] {
            let expected: Vec<TargetRef> = mine.iter().filter(|_| below(5) > 0).cloned().collect();
            let mut collected = Vec::new();
            for target in &expected {
                match below(8) {
                    0 | 1 => {}
                    2 | 3 => collected.push(seen(target, facts(&[("root", 0), ("toor", 0)]))),
                    _ => collected.push(seen(target, facts(&[("root", 0)]))),
                }
            }
            let input = RunInput { expected: expected.clone(), enumeration: "the test".into(), collected };
            let key = app
                .transact(actor, async |cx| observation::open_run(cx, source, "test 1").await)
                .await
                .expect("opened");
            app.transact(actor, async |cx| observation::record(cx, &library, key, input).await)
                .await
                .expect("recorded");
            world.wait(60);
        }
        world.wait(DAY);
    }
}

#[tokio::test]
async fn blocks_give_the_index_and_the_index_gives_the_histories() {
    for seed in [3, 17, 4242] {
        for world in World::both().await {
            let (app, actor) = world.start().await;
            random_history(&world, &app, &actor, seed).await;
            let same = rebuild(&app, &actor).await.expect("rebuilt");
            assert_eq!((same.runs, same.missing, same.extra), (28, 0, 0), "seed {seed}");
            assert!(same.intervals > 20);
            let always = Span { from: Timestamp::from_micros(i64::MIN), to: None };
            let all = async || {
                app.read(&actor, async |view| observation::histories_in(view, always, None).await)
                    .await
                    .expect("read")
            };
            let histories = all().await;
            // What passes follows from looks and populations; rows say the same.
            let of_pairs = histories.iter().flat_map(|(check, targets)| {
                targets.iter().map(move |(target, found)| (check, target, found))
            });
            for (check, target, intervals) in of_pairs {
                let parts = app
                    .read(&actor, async |view| observation::check_history(view, check, *target).await)
                    .await
                    .expect("read");
                let rows: Vec<Interval> = parts.into_iter().flat_map(|part| part.intervals).collect();
                let at = |list: &[Interval], at| list.iter().find(|i| i.span.contains(at)).map(|i| i.verdict);
                let mut moment = intervals[0].span.from;
                while moment < app.now() {
                    // Rows know of looks at others too, so they may take stale for fresh, never the reverse.
                    let known = at(intervals, moment);
                    assert!(
                        known == at(&rows, moment) || known == Some(Verdict::Unknown),
                        "{check} at {target} on {moment}: {known:?}, rows say {:?}",
                        at(&rows, moment)
                    );
                    moment = moment.plus_micros(DAY_US / 4);
                }
            }
            tamper(&app, &actor, "DELETE FROM verdict_interval WHERE verdict = 2").await;
            tamper(&app, &actor, "UPDATE verdict_interval SET verdict = 2, reason = 0 WHERE target = 5")
                .await;
            let mended = rebuild(&app, &actor).await.expect("rebuilt");
            assert!(mended.missing > 0 && mended.extra > 0, "{mended:?}");
            assert_eq!(rebuild(&app, &actor).await.expect("rebuilt"), same);
            assert_eq!(all().await, histories);
            app.close().await;
        }
    }
}

#[tokio::test]
async fn a_block_that_is_not_what_it_was_is_named_and_nothing_is_changed() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        random_history(&world, &app, &actor, 99).await;
        tamper(&app, &actor, "DELETE FROM verdict_interval WHERE target = 1").await;
        tamper(
            &app,
            &actor,
            "UPDATE block SET bytes = (SELECT b.bytes FROM block b WHERE b.key = 2) WHERE key = 1",
        )
        .await;
        let refused = rebuild(&app, &actor).await.expect_err("refused").to_string();
        assert_eq!(refused, format!("the block of {ROOT} in run 1 is damaged: it does not match its digest"));
        let histories = app
            .read(&actor, async |view| observation::check_history(view, ROOT, TargetKey(1)).await)
            .await
            .expect("read");
        assert!(histories.iter().all(|part| part.intervals.is_empty()), "the index was left as it was");
        app.close().await;
    }
}

#[tokio::test]
async fn a_failure_has_both_bounds_and_a_gap_says_who_was_not_looked_at() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a"), host("b")]);
        let good = || facts(&[("root", 0)]);
        let bad = || facts(&[("root", 0), ("toor", 0)]);
        let start = app.now();
        let day = |day: i64| start.plus_micros(day * DAY_US);
        // b: good, not reached, bad, bad, good.
        for look in [Some(good()), None, Some(bad()), Some(bad()), Some(good())] {
            let mut collected = vec![seen(&hosts[0], good())];
            collected.extend(look.map(|facts| seen(&hosts[1], facts)));
            run(&app, &actor, &library, &hosts, collected).await;
            world.wait(DAY);
        }
        let span = Span { from: start, to: None };
        let (failures, gaps) = app
            .read(&actor, async |view| {
                let failures = observation::failures(view, span, None).await?;
                Ok((failures, observation::coverage_gaps(view, span, None).await?))
            })
            .await
            .expect("read");
        let [found] = failures.as_slice() else { panic!("one failure: {failures:?}") };
        assert_eq!((found.check_id.as_str(), found.target), (ROOT, TargetKey(2)));
        assert_eq!(
            (found.failure.last_seen_good, found.failure.first_seen_bad),
            (Some(day(0)), day(2)),
            "a look that saw nothing was no good look"
        );
        assert_eq!(
            (found.failure.last_seen_bad, found.failure.first_seen_good_again),
            (day(3), Some(day(4)))
        );
        let [gap] = gaps.as_slice() else { panic!("one target: {gaps:?}") };
        assert_eq!(
            (gap.target, gap.unseen.as_slice()),
            (TargetKey(2), [Span { from: day(1), to: Some(day(2)) }].as_slice())
        );
        assert_eq!(gap.checks[ROOT][0].reason, ReasonClass::NotCollected);
        app.close().await;
    }
}

#[tokio::test]
async fn what_is_said_to_be_unchanged_is_held_against_what_is_stored() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a")]);
        let document = facts(&[("root", 0), ("toor", 0)]);
        let digest = canonical::digest(&document).expect("digest");
        run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], document)]).await;
        world.wait(DAY);
        let next = async |facts| {
            let key =
                app.transact(&actor, async |cx| observation::open_run(cx, "host", "test 1").await).await?;
            let input =
                RunInput { expected: hosts.to_vec(), enumeration: "the test".into(), collected: Vec::new() };
            let unchanged = [Unchanged { target: hosts[0].clone(), facts }];
            app.transact(&actor, async |cx| {
                observation::record_changes(cx, &library, key, input, &unchanged).await
            })
            .await
        };
        let other = canonical::digest(&facts(&[])).expect("digest");
        let refused = next(other).await.expect_err("refused").to_string();
        assert!(refused.contains("which are not those stored for it"), "{refused}");
        let same = next(digest).await.expect("recorded");
        assert_eq!((same.run.evaluated, same.run.changed, same.counts.fail), (0, 0, 1));
        let runs = [RunKey(1), RunKey(3)].map(async |key| {
            app.read(&actor, async |view| observation::find_run(view, key).await).await.expect("read")
        });
        let [first, last] = runs;
        let (first, last) = (first.await, last.await);
        assert_eq!((first.blocks, first.facts), (last.blocks, last.facts));
        app.close().await;
    }
}

#[tokio::test]
async fn past_verdicts_are_computed_again_and_a_forged_one_is_found() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let start = app.now();
        random_history(&world, &app, &actor, 7).await;
        let always = Timestamp::from_micros(i64::MIN);
        let library: Library = library("");
        let all = async || {
            app.read(&actor, async |view| observation::replay_all(view, &library, always).await)
                .await
                .expect("replayed")
        };
        let count = all().await;
        assert!(count.same > 10 && count.not_reached > 0, "{count:?}");
        assert_eq!((count.different, count.impossible, count.other_engine), (0, 0, 0), "{:?}", count.listed);
        // The second version is not the library's; it is made from what history keeps.
        let later = app
            .read(&actor, async |view| {
                observation::replay(view, &library, ROOT, TargetKey(1), view.now).await
            })
            .await;
        if let Ok(later) = later {
            assert!(matches!(later.result, Replayed::Same | Replayed::NotReached), "{later:?}");
            assert_ne!(Some(later.version), library.get(ROOT).map(|check| check.definition().version));
        }
        let before = app
            .read(&actor, async |view| {
                observation::replay(view, &library, ROOT, TargetKey(1), start.plus_micros(-1)).await
            })
            .await
            .expect_err("nothing was recorded")
            .to_string();
        assert!(before.starts_with("there is no verdict of acct-root-only-uid0"), "{before}");
        tamper(&app, &actor, "UPDATE verdict_interval SET verdict = 1, reason = 0 WHERE verdict = 2").await;
        tamper(&app, &actor, "UPDATE check_version SET engine = 'another 0.1' WHERE key = 1").await;
        let count = all().await;
        assert!(count.different > 0 && count.other_engine > 0, "{count:?}");
        app.close().await;
    }
}
