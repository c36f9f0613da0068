//! One moment of the past: its runs, what was said of one target, and why, on both databases.

use tickmark_app::observation::{self, Replayed, RunState};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use crate::observation::{facts, host, library, run, seen};

const ROOT: &str = "acct-root-only-uid0";
const DAY: i64 = 86_400;

async fn runs_of(app: &App, actor: &Actor, from: Timestamp, to: Option<Timestamp>) -> Vec<(i64, RunState)> {
    let runs = app.read(actor, async |view| observation::runs_between(view, Span { from, to }).await).await;
    runs.expect("read").iter().map(|run| (run.key.0, run.state)).collect()
}

#[tokio::test]
async fn runs_are_found_by_their_moment_and_one_without_a_result_when_it_began() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a")]);
        let start = app.now();
        assert_eq!(runs_of(&app, &actor, start, None).await, []);
        for day in 0..9 {
            if day == 4 {
                let open = app.transact(&actor, async |cx| observation::open_run(cx, "host", "test 1").await);
                open.await.expect("opened");
            } else {
                let missed = app.transact(&actor, async |cx| observation::miss_open_runs(cx).await);
                missed.await.expect("noticed");
                let look = seen(&hosts[0], facts(&[("root", 0)]));
                run(&app, &actor, &library, &hosts, vec![look]).await;
            }
            world.wait(DAY);
        }
        let day = |day: i64| start.plus_micros(day * DAY_US);
        let complete = RunState::Complete;
        assert_eq!(runs_of(&app, &actor, day(2), Some(day(4))).await, [(4, complete), (3, complete)]);
        assert_eq!(
            runs_of(&app, &actor, day(4), Some(day(5))).await,
            [(5, RunState::Missed)],
            "not on the day on which it was noticed"
        );
        assert_eq!(runs_of(&app, &actor, day(7), None).await, [(9, complete), (8, complete)]);
        assert_eq!(runs_of(&app, &actor, day(20), None).await, []);
        assert_eq!(runs_of(&app, &actor, day(-20), Some(day(0))).await, []);
        app.close().await;
    }
}

#[tokio::test]
async fn what_was_observed_then_is_said_again_after_facts_and_check_changed() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let hosts = [host("a"), host("b")];
        let start = app.now();
        let look = |bad: bool| {
            let users: &[(&str, u32)] = if bad { &[("root", 0), ("toor", 0)] } else { &[("root", 0)] };
            vec![seen(&hosts[0], facts(users)), seen(&hosts[1], facts(&[("root", 0)]))]
        };
        for (bad, parameters) in [(true, ""), (false, ""), (true, "allowed_names = [\"root\", \"toor\"]")] {
            run(&app, &actor, &library(parameters), &hosts, look(bad)).await;
            world.wait(DAY);
        }
        let at = |day: i64| start.plus_micros(day * DAY_US + DAY_US / 2);
        let answer = async |day| {
            let answered = app
                .read(&actor, async |view| observation::answer_at(view, ROOT, TargetKey(1), at(day)).await);
            answered.await.expect("answered")
        };
        let first = answer(0).await;
        let outcome = first.answer.expect("an answer");
        assert_eq!((first.result, outcome.verdict), (Replayed::Same, Verdict::Fail));
        assert!(outcome.message.contains("toor") && outcome.subjects == ["toor"], "{outcome:?}");
        assert!(outcome.observed.to_string().contains("toor") && !outcome.expected.is_null());
        let second = answer(1).await;
        assert_eq!(second.answer.map(|outcome| outcome.verdict), Some(Verdict::Pass));
        let third = answer(2).await;
        assert_eq!(third.answer.map(|outcome| outcome.verdict), Some(Verdict::Pass), "toor is allowed now");
        assert_ne!(first.version, third.version);

        // One target's history is what it is among all.
        let (one, all) = app
            .read(&actor, async |view| {
                let span = Span { from: start, to: None };
                let one = observation::histories_of_target(view, span, TargetKey(1)).await?;
                Ok((one, observation::histories_in(view, span, None).await?))
            })
            .await
            .expect("read");
        assert_eq!(one[ROOT], all[ROOT][&TargetKey(1)]);
        let verdicts: Vec<Verdict> = one[ROOT].iter().map(|interval| interval.verdict).collect();
        assert_eq!(verdicts.first(), Some(&Verdict::Fail));
        let versions = app.read(&actor, async |view| observation::checks_in_force(view).await).await;
        assert_eq!(versions.expect("read")[ROOT].version, third.version);
        app.close().await;
    }
}
