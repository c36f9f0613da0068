//! What is kept for programs that send the same thing twice, and lists that they page through.

use std::collections::BTreeSet;

use tickmark_app::Actor;
use tickmark_app::identity::token;
use tickmark_app::identity::token::once::{self, Answered, Repeated};
use tickmark_app::job;
use tickmark_app::testing::World;
use tickmark_core::Digest;
use tickmark_core::identity::Role;
use tickmark_core::job::JobKind;

#[tokio::test]
async fn an_answer_is_kept_for_a_day_by_caller_and_key() {
    for world in World::both().await {
        let (app, starter) = world.start().await;
        let cam = world.member(&app, &starter, "Cam", &[Role::ComplianceManager]).await;
        let dan = world.member(&app, &starter, "Dan", &[Role::ComplianceManager]).await;
        let (cam, dan) = (cam.actor(&world, &app).await, dan.actor(&world, &app).await);
        let answered = Answered {
            status: 201,
            tag: "1".into(),
            location: "/api/v1/commitments/1".into(),
            body: b"{\"key\":1}".to_vec(),
        };
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let find = async |actor: &Actor, asked: Digest| {
            app.transact(actor, async |cx| once::find(cx, "key", asked).await).await.expect("found")
        };
        assert_eq!(find(&cam, one).await, Repeated::No);
        app.transact(&cam, async |cx| once::keep(cx, "key", one, &answered).await).await.expect("kept");
        assert_eq!(find(&cam, one).await, Repeated::Same(answered.clone()));
        assert_eq!(find(&cam, other).await, Repeated::Other);
        assert_eq!(find(&dan, one).await, Repeated::No, "keys are of whoever sent them");
        let twice = app.transact(&cam, async |cx| once::keep(cx, "key", other, &answered).await).await;
        assert!(matches!(twice, Err(tickmark_app::Error::Conflict(_))), "{twice:?}");
        assert!(app.transact(&starter, async |cx| once::find(cx, "key", one).await).await.is_err());
        // After a day the key is free, and the first answer goes.
        world.wait(24 * 3_600);
        assert_eq!(find(&cam, one).await, Repeated::No);
        app.transact(&cam, async |cx| once::keep(cx, "key", other, &answered).await).await.expect("kept");
        assert_eq!(find(&cam, other).await, Repeated::Same(answered.clone()));
    }
}

#[tokio::test]
async fn work_is_listed_page_by_page() {
    for world in World::both().await {
        let (app, starter) = world.start().await;
        for _ in 0..3 {
            let asked = app.transact(&starter, async |cx| job::ask(cx, JobKind::Collect).await).await;
            let key = asked.expect("asked").key;
            app.transact(&starter, async |cx| job::call_off(cx, key).await).await.expect("called off");
        }
        let page = async |before, limit| {
            let found = app.read(&starter, async |view| job::page(view, before, limit).await).await;
            found.expect("a page").iter().map(|job| job.key).collect::<Vec<_>>()
        };
        assert_eq!(page(None, 2).await, [3, 2]);
        assert_eq!(page(Some(2), 2).await, [1]);
    }
}

#[tokio::test]
async fn no_token_is_given_what_people_decide() {
    let world = World::sqlite();
    let (app, starter) = world.start().await;
    let cam = world.member(&app, &starter, "Cam", &[Role::ComplianceManager]).await;
    let cam = cam.actor(&world, &app).await;
    let given = app.read(&cam, async |view| token::can_be_given(view)).await.expect("permissions");
    let words: BTreeSet<String> = given.iter().map(ToString::to_string).collect();
    assert!(words.contains("control.update") && words.contains("evidence.create"), "{words:?}");
    assert!(!words.iter().any(|word| word.ends_with(".approve")), "{words:?}");
}
