//! Waivers stand beside verdicts and change none, on both databases.

use std::collections::BTreeSet;

use tickmark_app::observation::waiver;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, ledger, observation};
use tickmark_core::id::{TargetKey, WaiverKey};
use tickmark_core::observation::waiver::{Request, Scope, State};
use tickmark_core::observation::{TargetRef, Verdict};
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use crate::observation::{facts, host, library, run, seen};

const ROOT: &str = "acct-root-only-uid0";
const DAY: i64 = 86_400;

/// Two hosts, the second of which fails.
async fn looked_at(world: &World, app: &App, actor: &Actor) -> [TargetRef; 2] {
    let hosts = [host("a"), host("b")];
    let look =
        vec![seen(&hosts[0], facts(&[("root", 0)])), seen(&hosts[1], facts(&[("root", 0), ("toor", 0)]))];
    run(app, actor, &library(""), &hosts, look).await;
    world.wait(60);
    hosts
}

fn request(app: &App, actor: &Actor) -> Request {
    Request {
        check: ROOT.into(),
        scope: Scope::Targets(BTreeSet::from([TargetKey(2)])),
        reason: "toor belongs to Ada's appliance".into(),
        risk: "two names for one power".into(),
        compensation: "its password is locked".into(),
        note: String::new(),
        requested_by: actor.id,
        expires_at: app.now().plus_micros(2 * DAY_US),
    }
}

async fn grant(app: &App, by: &Actor, request: Request) -> Result<WaiverKey, Error> {
    app.transact(by, async |cx| waiver::grant(cx, request).await).await.map(|waiver| waiver.id)
}

async fn now(app: &App, actor: &Actor) -> Vec<(Verdict, Option<WaiverKey>)> {
    let verdicts = app.read(actor, async |view| observation::verdicts_now(view).await).await.expect("read");
    verdicts.into_iter().map(|verdict| (verdict.verdict, verdict.waiver.map(|waiver| waiver.id))).collect()
}

#[tokio::test]
async fn a_waiver_stands_beside_a_verdict_until_it_expires_and_is_listed_after() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        looked_at(&world, &app, &actor).await;
        let before = now(&app, &actor).await;
        let id = grant(&app, &person, request(&app, &actor)).await.expect("granted");
        assert_eq!(before, [(Verdict::Pass, None), (Verdict::Fail, None)]);
        assert_eq!(now(&app, &actor).await, [(Verdict::Pass, None), (Verdict::Fail, Some(id))]);

        world.wait(2 * DAY);
        assert_eq!(now(&app, &actor).await, before, "an expired waiver hides nothing");
        let (listed, in_force, over, history) = app
            .read(&actor, async |view| {
                let week = Span { from: view.now.plus_micros(-7 * DAY_US), to: None };
                Ok((
                    waiver::list(view).await?,
                    waiver::in_force_at(view, view.now).await?,
                    waiver::in_force_over(view, week).await?,
                    observation::check_history(view, ROOT, TargetKey(2)).await?,
                ))
            })
            .await
            .expect("read");
        assert_eq!((listed.len(), listed[0].state(app.now())), (1, State::Expired));
        assert_eq!(listed[0].reason, "toor belongs to Ada's appliance");
        assert_eq!((listed[0].requested_by, listed[0].approved_by), (actor.id, person.id));
        assert!(in_force.is_empty() && over == listed && history[0].waivers == listed);
        let texts = crate::bundle::texts(&app, &actor).await;
        assert!(texts.iter().any(|text| text.contains("toor belongs to Ada's appliance")), "{texts:#?}");
        app.close().await;
    }
}

#[tokio::test]
async fn a_waiver_that_was_taken_back_covers_what_it_covered_and_no_more() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        looked_at(&world, &app, &actor).await;
        let all = Request { scope: Scope::All, ..request(&app, &actor) };
        let id = grant(&app, &person, all).await.expect("granted");
        assert_eq!(now(&app, &actor).await, [(Verdict::Pass, Some(id)), (Verdict::Fail, Some(id))]);
        let granted_at = app.now();
        world.wait(60);
        let revoke = async |by: &Actor, reason: &str| {
            app.transact(by, async |cx| waiver::revoke(cx, id, reason).await).await
        };
        assert!(matches!(revoke(&actor, "gone").await, Err(Error::Forbidden(_))));
        assert!(matches!(revoke(&person, " ").await, Err(Error::Invalid(_))));
        let revoked = revoke(&person, "the appliance is gone").await.expect("revoked");
        assert_eq!((revoked.revoked_at, revoked.revoked_by), (Some(app.now()), Some(person.id)));
        assert!(matches!(revoke(&person, "again").await, Err(Error::Invalid(_))));
        assert_eq!(now(&app, &actor).await, [(Verdict::Pass, None), (Verdict::Fail, None)]);
        let at = async |at: Timestamp| {
            app.read(&actor, async |view| waiver::in_force_at(view, at).await).await.expect("read").len()
        };
        assert_eq!((at(granted_at).await, at(app.now()).await), (1, 0));
        let stored = app.read(&actor, async |view| waiver::find(view, id).await).await.expect("read");
        assert_eq!(stored, revoked);
        app.close().await;
    }
}

#[tokio::test]
async fn what_covers_nothing_or_nobody_answers_for_is_refused_and_nothing_is_kept() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        let early = grant(&app, &person, request(&app, &actor)).await.expect_err("no look yet").to_string();
        assert_eq!(early, format!("there is no check in force with the id {ROOT}"));
        looked_at(&world, &app, &actor).await;
        let base = || request(&app, &actor);
        let of = |targets: &[i64]| Scope::Targets(targets.iter().copied().map(TargetKey).collect());
        for (request, words) in [
            (Request { check: "ssh-x11-off".into(), ..base() }, "no check in force with the id ssh-x11-off"),
            (Request { scope: of(&[]), ..base() }, "covers nothing"),
            (Request { scope: of(&[1, 9]), ..base() }, "there is no target 9"),
            (Request { reason: String::new(), ..base() }, "needs its reason"),
            (Request { expires_at: app.now(), ..base() }, "has expired already"),
            (Request { expires_at: app.now().plus_micros(367 * DAY_US), ..base() }, "longer than 366 days"),
            (Request { requested_by: person.id, ..base() }, "cannot approve it alone"),
            (
                Request { requested_by: tickmark_core::id::ActorId(uuid::Uuid::nil()), ..base() },
                "there is no actor",
            ),
        ] {
            let refused = grant(&app, &person, request).await.expect_err(words).to_string();
            assert!(refused.contains(words), "{refused}");
        }
        assert!(matches!(grant(&app, &actor, base()).await, Err(Error::Forbidden(_))), "a program approved");
        let listed = app.read(&actor, async |view| waiver::list(view).await).await.expect("read");
        assert!(listed.is_empty());
        app.close().await;
    }
}

#[tokio::test]
async fn the_log_commits_to_the_text_and_does_not_hold_it() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        looked_at(&world, &app, &actor).await;
        let id = grant(&app, &person, request(&app, &actor)).await.expect("granted");
        app.transact(&person, async |cx| waiver::revoke(cx, id, "Ada has left").await)
            .await
            .expect("revoked");
        app.sequence(&actor).await.expect("sequenced");
        let leaves = app.read(&actor, async |view| ledger::latest(view, 20).await).await.expect("read");
        let leaves: Vec<String> =
            leaves.iter().map(|leaf| String::from_utf8_lossy(&leaf.content).into_owned()).collect();
        for event in ["waiver.granted", "waiver.revoked"] {
            let leaf = leaves.iter().find(|leaf| leaf.contains(event)).expect(event);
            assert!(leaf.contains("\"text\":\"sha256:") && leaf.contains("\"t\":\"exception\""), "{leaf}");
        }
        assert!(leaves.iter().all(|leaf| !leaf.contains("Ada") && !leaf.contains("password")), "{leaves:#?}");
        app.close().await;
    }
}
