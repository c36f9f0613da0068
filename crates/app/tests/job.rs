//! Work beside the pages, on both databases.

use tickmark_app::job::{self, Job};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::identity::Role;
use tickmark_core::job::{JobKind, JobState};

async fn take(app: &App, program: &Actor) -> Option<Job> {
    app.transact(program, async |cx| job::take(cx).await).await.expect("taken")
}

async fn newest(app: &App, program: &Actor) -> Job {
    app.read(program, async |view| job::list(view).await).await.expect("listed").remove(0)
}

async fn finish(app: &App, program: &Actor, taken: &Job, outcome: Result<&str, &str>) {
    let outcome = outcome.map(str::to_owned).map_err(str::to_owned);
    app.transact(program, async |cx| job::finish(cx, taken, outcome).await).await.expect("finished");
}

#[tokio::test]
async fn work_is_asked_for_once_done_and_tried_again_when_it_fails() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let account = world.member(&app, &program, "Cam", &[Role::ComplianceManager]).await;
        let cam = account.actor(&world, &app).await;
        let ask = async || {
            app.transact(&cam, async |cx| job::ask(cx, JobKind::Collect).await).await.expect("asked")
        };
        assert_eq!(take(&app, &program).await, None);
        let asked = ask().await;
        assert_eq!(
            (ask().await.key, asked.asked_by),
            (asked.key, cam.id),
            "the one that waits is the answer"
        );
        assert!(app.read(&program, async |view| job::is_due(view).await).await.expect("asked"));
        let taken = take(&app, &program).await.expect("waits");
        assert_eq!((taken.key, taken.attempts, take(&app, &program).await), (asked.key, 1, None));
        assert_eq!(ask().await.key, asked.key, "nor is it asked for twice while it runs");

        finish(&app, &program, &taken, Err("the disk is\u{7} full")).await;
        let waits = newest(&app, &program).await;
        assert_eq!((waits.state, waits.outcome.as_str()), (JobState::Waiting, "the disk is full"));
        assert_eq!(take(&app, &program).await, None, "not before its pause is over");
        for minutes in [1, 5, 25] {
            world.wait(60 * minutes);
            let taken = take(&app, &program).await.expect("its pause is over");
            finish(&app, &program, &taken, Err("still full")).await;
        }
        assert_eq!(newest(&app, &program).await.state, JobState::Failed, "not for ever");

        let next = ask().await;
        assert_eq!(next.key, asked.key + 1);
        let taken = take(&app, &program).await.expect("waits");
        finish(&app, &program, &taken, Ok("108 checks")).await;
        let done = newest(&app, &program).await;
        assert_eq!(
            (done.state, done.outcome.as_str(), done.lease_until),
            (JobState::Done, "108 checks", None)
        );
        let over = app.transact(&cam, async |cx| job::call_off(cx, done.key).await).await;
        assert!(matches!(over, Err(Error::Conflict(_))));
        app.close().await;
    }
}

#[tokio::test]
async fn what_died_with_its_worker_is_taken_over_and_the_dead_one_changes_nothing() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        app.transact(&program, async |cx| job::ask(cx, JobKind::Report).await).await.expect("asked");
        let first = take(&app, &program).await.expect("waits");
        let go_on = async |taken: &Job, words: &str| {
            app.transact(&program, async |cx| job::go_on(cx, taken, words).await).await.expect("said")
        };
        world.wait(50);
        assert!(go_on(&first, "page 3").await);
        assert_eq!(newest(&app, &program).await.progress, "page 3");
        world.wait(50);
        assert_eq!(take(&app, &program).await, None, "its lease was renewed");
        world.wait(11);
        let second = take(&app, &program).await.expect("its worker is silent");
        assert_eq!((second.key, second.attempts), (first.key, 2));
        assert!(!go_on(&first, "page 4").await, "the silent one is told to stop");
        finish(&app, &program, &first, Ok("late")).await;
        assert_eq!(newest(&app, &program).await.state, JobState::Running);
        app.transact(&program, async |cx| job::call_off(cx, second.key).await).await.expect("called off");
        assert!(!go_on(&second, "page 5").await);
        finish(&app, &program, &second, Ok("late")).await;
        assert_eq!(newest(&app, &program).await.state, JobState::CalledOff);
        app.close().await;
    }
}

#[tokio::test]
async fn a_schedule_asks_by_itself_and_only_who_may_sets_it() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let cam =
            world.member(&app, &program, "Cam", &[Role::ComplianceManager]).await.actor(&world, &app).await;
        let coo = world.member(&app, &program, "Coo", &[Role::ControlOwner]).await.actor(&world, &app).await;
        let set = async |who: &Actor, hours| {
            app.transact(who, async |cx| job::schedule(cx, JobKind::Collect, hours).await).await
        };
        assert!(matches!(set(&coo, 24).await, Err(Error::Forbidden(_))));
        assert!(matches!(
            app.transact(&coo, async |cx| job::ask(cx, JobKind::Collect).await).await,
            Err(Error::Forbidden(_))
        ));
        assert!(matches!(set(&cam, 8_761).await, Err(Error::Invalid(_))));
        set(&cam, 24).await.expect("set");
        let first = take(&app, &program).await.expect("never done yet");
        assert_eq!(first.asked_by, program.id);
        finish(&app, &program, &first, Ok("done")).await;
        world.wait(23 * 3_600);
        assert_eq!(take(&app, &program).await, None);
        world.wait(3_600);
        let second = take(&app, &program).await.expect("a day has passed");
        finish(&app, &program, &second, Ok("done")).await;
        set(&cam, 0).await.expect("switched off");
        world.wait(48 * 3_600);
        assert!(!app.read(&program, async |view| job::is_due(view).await).await.expect("asked"));
        assert_eq!(app.read(&program, async |view| job::schedules(view).await).await.expect("read"), []);
        app.close().await;
    }
}
