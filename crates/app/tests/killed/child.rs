//! The process that dies: it collects, records, sequences, publishes, exports and erases, and says what was acknowledged.

use std::path::Path;
use std::sync::Arc;

use tickmark_app::evidence::{self, Erasure};
use tickmark_app::observation::{self, RunInput};
use tickmark_app::port::Clock;
use tickmark_app::testing::TestEntropy;
use tickmark_app::{ActorKind, App, Error, bundle, identity};
use tickmark_core::Timestamp;
use tickmark_core::id::TargetKey;
use tickmark_store::DataFolder;
use tickmark_store::folder::write_durably;

use crate::ledger::quiet;
use crate::observation::{facts, host, library, seen};

/// Variable with the folder to work in; without it there is nothing to do.
pub(super) const FOLDER: &str = "TICKMARK_KILLED_FOLDER";
/// Variable with the number of rounds.
pub(super) const ROUNDS: &str = "TICKMARK_KILLED_ROUNDS";

/// Names of things below the folder.
pub(super) const DATA: &str = "data";
/// Holds the address of the database; without it the database is a file in the data folder.
pub(super) const SERVER: &str = "server";
pub(super) const PUBLISHED: &str = "published";
pub(super) const BUNDLE: &str = "bundle.zip";

/// A clock that goes on from process to process.
#[derive(Debug)]
pub(super) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the processes of one test follow each other in time")]
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        Timestamp::from_micros(i64::try_from(since.as_micros()).expect("before the year 294,000"))
    }
}

/// Opens the data folder below `root`.
pub(super) async fn open(root: &Path) -> Result<App, Error> {
    let folder = DataFolder::create_or_open(&root.join(DATA))?;
    let seed = WallClock.now().micros().unsigned_abs();
    let server = std::fs::read_to_string(root.join(SERVER)).ok();
    App::open(folder, server.as_deref(), Arc::new(WallClock), Arc::new(TestEntropy::of(seed))).await
}

#[test]
fn works_until_it_dies() {
    #[expect(clippy::disallowed_methods, reason = "this test calls itself as a child")]
    let Some(root) = std::env::var_os(FOLDER) else { return };
    // The harness has begun a line.
    println!();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work(Path::new(&root), super::setting(ROUNDS, 1))).expect("work");
    println!("done");
}

async fn work(root: &Path, rounds: usize) -> Result<(), Error> {
    println!("begin start");
    let app = open(root).await?;
    let program = app.ensure_organization("Example Ltd", "Example system").await?;
    let person = app
        .transact(&program, async |cx| identity::ensure_actor(cx, ActorKind::Person, "Robin Example").await)
        .await?;
    let (library, hosts) = (library(""), [host("a"), host("b")]);
    println!("ready");
    for round in 0..rounds {
        println!("begin collect");
        let run = app
            .transact(&program, async |cx| {
                observation::miss_open_runs(cx).await?;
                observation::open_run(cx, "host", "test 1").await
            })
            .await?;
        println!("ack open {run}");
        println!("begin record");
        let name = format!("user-{}", app.now().micros());
        let second = u32::from(round % 2 == 0) * 1000;
        let collected = vec![
            seen(&hosts[0], facts(&[("root", 0), (&name, second)])),
            seen(&hosts[1], facts(&[("root", 0), ("ada", 1000)])),
        ];
        let input = RunInput { expected: hosts.to_vec(), enumeration: "the test".into(), collected };
        app.transact(&program, async |cx| observation::record(cx, &library, run, input).await).await?;
        println!("ack run {run}");
        println!("begin sequence");
        let head = app.sequence(&program).await?;
        println!("ack head {} {}", head.size, head.root.hex());
        println!("begin publish");
        let published = app.export_log(&program, &root.join(PUBLISHED), &quiet).await?;
        println!("ack published {}", published.size);
        println!("begin bundle");
        let exported = app.read(&program, async |view| bundle::export(view).await).await?;
        write_durably(&root.join(BUNDLE), &exported.zip)?;
        println!("ack bundle {}", exported.leaves);
        println!("begin erase");
        let artifacts =
            app.read(&program, async |view| evidence::of_run(view, run, TargetKey(1)).await).await?;
        let key = artifacts[0].key;
        app.transact(&person, async |cx| evidence::erase(cx, Erasure::Artifact(key), "a request").await)
            .await?;
        println!("ack erased {}", key.0);
        app.remove_objects(&person).await?;
        println!("ack removed {}", key.0);
    }
    app.close().await;
    Ok(())
}
