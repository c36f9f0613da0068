//! The process dies, or the database fails, between any two steps of sequencing.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use sqlx::AssertSqlSafe;
use tickmark_app::testing::World;
use tickmark_app::{Error, ledger};
use tickmark_store::{Access, Database, Dialect};

use crate::ledger::{quiet, record};

/// Polls a future a number of times and then drops it: the program is killed at that point.
struct KilledAfter<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
}

impl<F: Future> Future for KilledAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            self.future = None;
            return Poll::Ready(None);
        }
        self.polls -= 1;
        let future = self.future.as_mut().expect("polled only while alive");
        future.as_mut().poll(context).map(Some)
    }
}

/// Polls a future a number of times and leaves it there.
struct PausedAfter<'f, F> {
    future: &'f mut Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for PausedAfter<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

#[tokio::test]
async fn a_server_that_cuts_connections_at_any_step_loses_nothing() {
    for world in World::both().await {
        let Some(url) = world.database().url() else { continue };
        // Its connections have a name of their own: other tests are on the same server.
        let name = format!("cut{}", std::process::id());
        let folder = tickmark_store::DataFolder::create_or_open(&world.folder()).expect("a folder");
        let entropy = std::sync::Arc::new(tickmark_app::testing::TestEntropy::of(7));
        let url = format!("{url}&application_name={name}");
        let app =
            tickmark_app::App::open(folder, Some(&url), world.clock.clone(), entropy).await.expect("opened");
        let actor = app.ensure_organization("Example Ltd", "Example system").await.expect("an organization");
        let server = direct(&world).await;
        let cut = async || {
            let mut tx = server.read().await.expect("begin");
            let statement =
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
            let (count,): (i64,) =
                sqlx::query_as(statement).bind(&name).fetch_one(&mut *tx).await.expect("an answer");
            count
        };
        let (mut expected, mut polls, mut finished, mut hit) = (1, 1, 0, 0);
        while finished < 2 {
            assert!(polls < 1000, "sequencing never ends");
            record(&app, &actor, 20).await;
            expected += 20;
            let mut sequencing = Box::pin(app.sequence(&actor));
            match (PausedAfter { future: &mut sequencing, polls }).await {
                Some(done) => {
                    done.expect("nobody was cut off");
                    finished += 1;
                }
                None => {
                    assert!(cut().await > 0, "somebody is connected");
                    hit += usize::from(sequencing.await.is_err());
                }
            }
            let mut head = app.sequence(&actor).await;
            for _ in 0..5 {
                if head.is_ok() {
                    break;
                }
                head = app.sequence(&actor).await;
            }
            assert_eq!(head.expect("it goes on").size, expected, "after {polls} polls");
            polls += 1;
        }
        assert!(hit > 0, "none of the cuts was felt");
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
        app.close().await;
        server.close().await;
    }
}

#[tokio::test]
async fn killed_at_any_step_the_log_is_whole_and_complete_afterwards() {
    for world in World::both().await {
        let (mut app, actor) = world.start().await;
        let mut finished = 0;
        let mut expected = 1;
        let mut polls = 1;
        while finished < 3 {
            assert!(polls < 500, "sequencing never ends");
            record(&app, &actor, 100).await;
            expected += 100;
            let killed = KilledAfter { future: Some(Box::pin(app.sequence(&actor))), polls }.await;
            finished += usize::from(killed.is_some());
            if polls % 5 == 0 {
                // A new process must come to the same end as the one that lives on.
                app.close().await;
                drop(app);
                app = world.try_start().await.expect("starting");
            }
            let head = app.sequence(&actor).await.expect("sequencing");
            assert_eq!(head.size, expected, "after {polls} polls");
            assert_eq!(app.read(&actor, async |view| ledger::pending(view).await).await.expect("pending"), 0);
            polls += 1;
        }
        let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
        assert_eq!((scrub.leaves, scrub.count), (expected, 0), "{:?}", scrub.differences);
    }
}

async fn direct(world: &World) -> Database {
    match world.database().url() {
        Some(url) => Database::open_postgres(url, Access::Write).await,
        None => Database::open_sqlite(&world.folder().join("db/tickmark.sqlite"), Access::Write).await,
    }
    .expect("opening")
}

async fn run(database: &Database, script: &str) {
    let mut tx = database.write().await.expect("begin");
    sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&mut *tx).await.expect("a statement");
    tx.commit().await.expect("commit");
}

#[tokio::test]
async fn a_commit_that_fails_changes_nothing_and_is_repeated() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let database = direct(&world).await;
        // A reference that is checked only at COMMIT: every statement succeeds, the commit does not.
        let table = "CREATE TABLE late (organization BIGINT REFERENCES organization (key) DEFERRABLE INITIALLY DEFERRED);";
        let (sabotage, repair) = match world.database().dialect() {
            Dialect::Sqlite => (
                "CREATE TRIGGER sabotage AFTER INSERT ON leaf BEGIN INSERT INTO late VALUES (-1); END",
                "DROP TRIGGER sabotage",
            ),
            Dialect::Postgres => (
                "CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO late VALUES (-1); \
                 RETURN NULL; END $$; CREATE TRIGGER sabotage AFTER INSERT ON leaf FOR EACH ROW EXECUTE FUNCTION sabotage()",
                "DROP TRIGGER sabotage ON leaf",
            ),
        };
        run(&database, table).await;
        run(&database, sabotage).await;
        record(&app, &actor, 10).await;
        for _ in 0..2 {
            let error = app.sequence(&actor).await.expect_err("the commit fails");
            assert!(error.to_string().contains("it is read again before anything is signed"), "{error}");
        }
        let head = app.read(&actor, async |view| ledger::head(view).await).await.expect("head");
        assert_eq!(head.size, 1);
        run(&database, repair).await;
        assert_eq!(app.sequence(&actor).await.expect("sequencing").size, 11);
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
    }
}

#[tokio::test]
async fn entries_handed_in_again_are_logged_once_and_other_bytes_under_an_old_id_are_refused() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        record(&app, &actor, 10).await;
        app.sequence(&actor).await.expect("sequencing");
        let database = direct(&world).await;
        let again = "INSERT INTO log_pending (organization, id, recorded_at, position, content) \
                     SELECT organization, id, 0, position, content FROM leaf";
        run(&database, again).await;
        assert_eq!(app.sequence(&actor).await.expect("sequencing").size, 11);
        assert_eq!(app.read(&actor, async |view| ledger::pending(view).await).await.expect("pending"), 0);
        let other = "INSERT INTO log_pending (organization, id, recorded_at, position, content) \
                     SELECT l.organization, l.id, 0, 0, m.content FROM leaf l \
                     JOIN leaf m ON m.organization = l.organization AND m.position = l.position + 1 WHERE l.position = 3";
        run(&database, other).await;
        let error = app.sequence(&actor).await.expect_err("another entry has its id");
        assert!(
            matches!(&error, Error::Damaged { detail, .. } if detail == "another entry has its id"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn two_sequencers_on_one_server_do_not_fork_the_log() {
    for world in World::both().await {
        if world.database().dialect() == Dialect::Sqlite {
            // One process holds the folder; there is no second sequencer.
            continue;
        }
        let (app, actor) = world.start().await;
        // A second node: its own data folder with the same key, the same database.
        let second = tempfile::tempdir().expect("scratch");
        let folder = tickmark_store::DataFolder::create_or_open(second.path()).expect("a folder");
        for file in std::fs::read_dir(app.folder().keys()).expect("keys").flatten() {
            std::fs::copy(file.path(), folder.keys().join(file.file_name())).expect("copying the key");
        }
        let entropy = std::sync::Arc::new(tickmark_app::testing::TestEntropy::of(99));
        let other = tickmark_app::App::open(folder, world.database().url(), world.clock.clone(), entropy)
            .await
            .expect("the second node");
        for round in 0..10 {
            record(&app, &actor, 3).await;
            record(&other, &actor, 3).await;
            let (one, two) = tokio::join!(app.sequence(&actor), other.sequence(&actor));
            // One may lose the race; it says so, and nothing is lost.
            for result in [one, two] {
                if let Err(error) = result {
                    assert!(matches!(error, Error::Unavailable { .. } | Error::Conflict(_)), "{error:?}");
                }
            }
            let head = app.sequence(&actor).await.expect("sequencing");
            assert_eq!(head.size, 1 + 6 * (round + 1));
        }
        assert_eq!(other.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_new_work_and_loses_nothing() {
    let world = World::sqlite();
    let (app, actor) = world.start().await;
    record(&app, &actor, 10).await;
    app.sequence(&actor).await.expect("sequencing");
    // SQLite answers as on a full disk when its file may not grow.
    let limit = async |pages: String| {
        app.transact(&actor, async |cx| {
            sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA max_page_count = {pages}")))
                .execute(cx.connection())
                .await?;
            Ok(())
        })
        .await
        .expect("a limit");
    };
    let (pages,): (i64,) = app
        .transact(&actor, async |cx| {
            Ok(sqlx::query_as("PRAGMA page_count").fetch_one(cx.connection()).await?)
        })
        .await
        .expect("pages");

    record(&app, &actor, 2000).await;
    limit((pages + 1).to_string()).await;
    let error = app.sequence(&actor).await.expect_err("full");
    assert!(
        matches!(error, Error::Unavailable { .. }) && error.to_string().contains("the disk is full"),
        "{error:?}"
    );
    let head = app.read(&actor, async |view| ledger::head(view).await).await.expect("head");
    assert_eq!(head.size, 11);
    assert_eq!(app.read(&actor, async |view| ledger::pending(view).await).await.expect("pending"), 2000);

    limit("1000000".to_owned()).await;
    assert_eq!(app.sequence(&actor).await.expect("room again").size, 2011);
    assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
}
