//! A period is opened and closed in the ledger, an authority says when, and its bundle is whole between the two.

use std::io::Cursor;

use tickmark_app::testing::World;
use tickmark_app::{Error, bundle, ledger};
use tickmark_core::Timestamp;
use tickmark_ledger::bundle::{Expectations, Level, verify};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::timestamp::Roots;

use crate::authority::{Authority, Kind};
use crate::observation::{facts, host, library, run, seen};
use crate::outside::{Outdoors, start, with_authority};

const DAY: i64 = 86_400;

fn day(day: u32) -> Timestamp {
    format!("2026-11-{day}T00:00:00Z").parse().expect("a moment")
}

#[tokio::test]
async fn a_period_is_whole_from_its_opening_to_its_closing() {
    for world in World::both().await {
        let authority = Authority::new(Kind::Curve);
        let (_scratch, settings) = with_authority(authority.root());
        let roots = Roots::from_pem(&authority.root()).expect("roots");
        let (app, actor) = start(&world, settings, &Outdoors::new(Some(authority))).await;
        let (library, hosts) = (library(""), [host("a")]);
        let look = async || {
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
            app.sequence(&actor).await.expect("sequenced");
        };
        look().await;
        // It is 24 November, 14:45.
        for (from, to) in [(26, 26), (27, 25), (20, 24)] {
            let refused = app.open_period(&actor, day(from), day(to)).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        }
        let opened = app.open_period(&actor, day(25), day(28)).await.expect("opened");
        assert_eq!((opened.key, opened.closed_at), (1, None));
        let again = app.open_period(&actor, day(25), day(28)).await.expect_err("opened before");
        assert!(matches!(again, Error::Conflict(_)), "{again:?}");
        world.wait(DAY);
        for _ in 0..3 {
            look().await;
            let early = app.close_period(&actor, 1).await;
            assert!(matches!(early, Err(Error::Invalid(_))), "{early:?}");
            world.wait(DAY);
        }
        look().await;
        let period = async || {
            let exported = app
                .read(&actor, async |view| bundle::export_period(view, day(25), day(28)).await)
                .await
                .expect("exported");
            let key = exported.verifier_key.parse().expect("a key");
            let expectations = Expectations {
                policy: Some(Policy::of_log(key).expect("a policy")),
                timestamp_roots: roots.clone(),
                ..Expectations::default()
            };
            verify(Cursor::new(&exported.zip), &expectations).expect("readable")
        };
        let answer = period().await;
        let Level::NotClaimed { reason } = &answer.completeness.period else { panic!("{answer}") };
        assert!(reason.contains("none closed it"), "{answer}");

        let closed = app.close_period(&actor, 1).await.expect("closed");
        assert_eq!(closed.period.closed_at, Some(app.now()));
        let anchor = closed.anchored[0].anchor.as_ref().unwrap_or_else(|| panic!("{closed:?}"));
        let head = app.read(&actor, async |view| ledger::head(view).await).await.expect("head");
        assert!(anchor.size < head.size, "the token is an entry after the checkpoint that it is over");
        assert!(matches!(app.close_period(&actor, 1).await, Err(Error::Conflict(_))));
        assert!(matches!(app.close_period(&actor, 2).await, Err(Error::NotFound { .. })));
        let known = app.read(&actor, async |view| ledger::periods(view).await).await.expect("periods");
        assert_eq!(known, [closed.period]);

        let answer = period().await;
        assert!(!answer.has_failed() && !answer.is_incomplete(), "{answer}");
        let Level::Proven { detail } = &answer.completeness.period else { panic!("{answer}") };
        assert!(detail.contains("opened the period on 2026-11-24T14:45:00"), "{answer}");
        let Level::Proven { detail } = &answer.time else { panic!("{answer}") };
        assert!(detail.contains("everything up to the closing of the period existed at"), "{answer}");
        app.close().await;
    }
}
