//! Lists of access, conflicts of duties and reviews as an auditor sees them: of their engagement's systems and time, and
//! nothing else, on both databases.

use std::collections::BTreeSet;

use tickmark_app::engagement;
use tickmark_app::engagement::fieldwork::access_seen::{self as seen, Looking, Pack};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::{ActorKind, ensure_actor, system};
use tickmark_app::program::access_review::{self, Answer};
use tickmark_app::program::{access, segregation};
use tickmark_app::testing::World;
use tickmark_app::{Actor, Error};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::id::SystemId;
use tickmark_core::program::access::{Employment, ListKey};
use tickmark_core::program::access_review::{Decision, ReviewKey, Scope as ReviewScope, ScopedSystem};
use tickmark_core::program::segregation::{Grant, Unseen, Verdict};
use tickmark_core::time::DAY_US;

use crate::access_reviews::{ROWS, files, hand_in, people, scope};
use crate::fieldwork::{KEY, Scene, auditor, refused, scene};

const AWS: ListKey = ListKey(1);
const PAYROLL: ListKey = ListKey(2);
const REVIEW: ReviewKey = ReviewKey(1);

/// Two systems with a list each, a matrix over both, and a review of both that is open.
async fn fill(scene: &Scene) {
    let app = &scene.app;
    let people = people(app, &scene.program).await;
    hand_in(app, &people.lead, "AWS", ROWS, 4).await.expect("kept");
    let rows = "ada.p,approve,Ada,human,1,2026-11-01,yes,Bob,active\nzed,secret: wages,Zed,human,2,,yes,Bob,active\n";
    hand_in(app, &people.lead, "Wages", rows, 3).await.expect("kept");
    let grant = |system: &str, right: &str, duty: &str| Grant {
        system: system.into(),
        entitlement: right.into(),
        duty: Some(duty.into()),
    };
    let made = app.transact(&people.lead, async |cx| {
        let first = segregation::adopt(cx, &scene.catalog, "As usual").await?;
        let mut matrix = first.matrix;
        matrix.grants = vec![grant("aws", "deploy", "deploy"), grant("wages", "approve", "approve-change")];
        segregation::decide(cx, matrix, "Ours", first.written.version).await?;
        let both = scope(&people, app);
        let more = ScopedSystem { name: "wages".into(), owner: people.lin.id, provisioners: BTreeSet::new() };
        let systems = both.systems.iter().cloned().chain([more]).collect();
        let key = access_review::draft(cx, ReviewScope { systems, ..both }).await?.key;
        access_review::confirm(cx, key).await?;
        access_review::freeze(cx, key).await?;
        access_review::open(cx, key).await
    });
    made.await.expect("made");
    let answer = Answer { item: 1, decision: Decision::Revoke, why: "not needed".into() };
    app.transact(&people.lin, async |cx| access_review::decide(cx, REVIEW, answer.clone()).await)
        .await
        .expect("decided");
}

/// Gives the organization another system than the one that the examination was planned for.
async fn another_system(scene: &Scene) -> [SystemId; 2] {
    let app = &scene.app;
    let held = app.read(&scene.cam, async |view| engagement::find(view, KEY).await).await.expect("there");
    let first = held.record.holds().only_system().expect("the one that there was");
    let robin = app
        .transact(&scene.program, async |cx| ensure_actor(cx, ActorKind::Person, "Robin Example").await)
        .await
        .expect("a person");
    let second = app.transact(&robin, async |cx| system::write(cx, "Hosting", "Machines").await).await;
    [first, second.expect("written").id]
}

async fn lists(scene: &Scene, who: &Actor) -> Vec<ListKey> {
    let all = scene.app.read(who, async |view| seen::lists(view, KEY).await).await.expect("read");
    all.into_iter().map(|list| list.key).collect()
}

#[tokio::test]
async fn an_auditor_sees_what_belongs_to_the_examination_and_each_look_is_recorded() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let app = &scene.app;
        fill(&scene).await;
        let audrey = auditor(&world, &scene, "Audrey").await;
        assert_eq!(lists(&scene, &audrey).await, [PAYROLL, AWS], "the examination is about everything");
        let conflicts =
            app.read(&audrey, async |view| seen::conflicts(view, KEY, None).await).await.expect("read");
        assert!(!conflicts.is_partial);
        let report = conflicts.report.expect("a matrix");
        let both = report.looked.iter().find(|one| one.conflict.id == "change-deployment").expect("there");
        assert_eq!((both.verdict(), both.held[0].holder.as_str()), (Verdict::Held, "ada"));
        let whole =
            app.read(&audrey, async |view| seen::review(view, KEY, REVIEW).await).await.expect("read");
        assert_eq!((whole.whole.items.len(), whole.hidden), (5, 0));

        // Nothing of the organization's own pages is theirs, nor another engagement.
        let own = app.read(&audrey, async |view| access::lists(view).await).await;
        assert!(matches!(own, Err(Error::Forbidden(_))), "{own:?}");
        let own = app.read(&audrey, async |view| access_review::whole(view, REVIEW).await).await;
        assert!(matches!(own, Err(Error::Forbidden(_))), "{own:?}");
        let other = app.read(&audrey, async |view| seen::lists(view, EngagementKey(2)).await).await;
        assert!(matches!(refused(other), Error::NotFound { .. }));

        // The roster is left out, and the look is there before the rows are.
        let look = async |what| app.transact(&audrey, async |cx| seen::looked_at(cx, KEY, what).await).await;
        for what in [Looking::List(AWS), Looking::Conflicts(None), Looking::Review(REVIEW)] {
            look(what).await.expect("recorded");
        }
        let (_, rows) =
            app.read(&audrey, async |view| seen::list(view, KEY, AWS).await).await.expect("theirs");
        let roster = |row: &tickmark_core::program::access::Holding| {
            row.employment == Employment::Unknown && row.manager.is_none() && row.job.is_none()
        };
        assert!(rows.len() == 3 && rows.iter().all(roster));
        let filter = Filter { event: Some("evidence.viewed".into()), ..Filter::default() };
        let events = app.read(&scene.program, async |view| audit::search(view, &filter, 10).await).await;
        assert_eq!(events.expect("read").len(), 3);

        // Outside of the time nothing is: neither a day to come nor a list of later.
        let late = app.now().plus_micros(DAY_US);
        let refused_day = app.read(&audrey, async |view| seen::conflicts(view, KEY, Some(late)).await).await;
        assert!(matches!(refused(refused_day), Error::Invalid(_)));
        world.wait(400 * 86_400);
        hand_in(app, &crate::access_reviews::people(app, &scene.program).await.lead, "AWS", ROWS, 4)
            .await
            .expect("kept");
        let robin = world.person(app, &scene.program).await;
        assert_eq!(lists(&scene, &robin).await, [PAYROLL, AWS], "the time is over");
    }
}

#[tokio::test]
async fn what_belongs_to_another_system_is_not_named() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let app = &scene.app;
        fill(&scene).await;
        let [first, second] = another_system(&scene).await;
        let audrey = auditor(&world, &scene, "Audrey").await;
        assert_eq!(lists(&scene, &audrey).await, [], "nobody has said what they belong to");
        let none = app.read(&audrey, async |view| seen::reviews(view, KEY).await).await.expect("read");
        assert!(none.is_empty());
        let lead = world.person(app, &scene.program).await;
        app.transact(&lead, async |cx| {
            access::place(cx, "aws", [first].into()).await?;
            access::place(cx, "wages", [second].into()).await
        })
        .await
        .expect("placed");
        assert_eq!(lists(&scene, &audrey).await, [AWS]);
        let other = app.read(&audrey, async |view| seen::list(view, KEY, PAYROLL).await).await;
        assert!(matches!(refused(other), Error::NotFound { .. }));
        let look =
            app.transact(&audrey, async |cx| seen::looked_at(cx, KEY, Looking::List(PAYROLL)).await).await;
        assert!(matches!(refused(look), Error::NotFound { .. }));

        let conflicts =
            app.read(&audrey, async |view| seen::conflicts(view, KEY, None).await).await.expect("read");
        assert!(conflicts.is_partial);
        let report = conflicts.report.expect("a matrix");
        let row = report.looked.iter().find(|one| one.conflict.id == "change-deployment").expect("there");
        assert_eq!(row.verdict(), Verdict::Unseen, "what is hidden is never no conflict");
        assert!(
            row.unseen.contains(&Unseen::Elsewhere { duty: "approve-change".into() }),
            "{:?}",
            row.unseen
        );
        let told = format!("{:?} {:?}", report.matrix, report.looked).to_lowercase();
        assert!(!told.contains("wages"), "{told}");

        let review =
            app.read(&audrey, async |view| seen::review(view, KEY, REVIEW).await).await.expect("read");
        assert_eq!((review.whole.items.len(), review.hidden), (3, 2));
        let Pack::Whole(bytes) = app
            .transact(&audrey, async |cx| seen::take_pack(cx, KEY, REVIEW, true).await)
            .await
            .expect("taken")
        else {
            panic!("no archive")
        };
        for (name, text) in files(&bytes) {
            let text = text.to_lowercase();
            assert!(!text.contains("wages") && !text.contains("zed"), "{name}: {text}");
        }
        let Pack::Items(sheet) = app
            .transact(&audrey, async |cx| seen::take_pack(cx, KEY, REVIEW, false).await)
            .await
            .expect("taken")
        else {
            panic!("no list")
        };
        assert_eq!(sheet.rows.len(), 3);
        let filter = Filter { event: Some("evidence.downloaded".into()), ..Filter::default() };
        let events = app.read(&scene.program, async |view| audit::search(view, &filter, 10).await).await;
        assert_eq!(events.expect("read").len(), 2);
    }
}
