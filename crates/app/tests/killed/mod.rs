//! A process that works on a data folder dies, or the system refuses it a call, at any moment; then everything that it
//! had acknowledged is there, and nothing is half there.
//!
//! `TICKMARK_KILLS` says how often it is killed, 25 times unless set, and a few times with PostgreSQL; `TICKMARK_FAULTS=all` refuses every call of one round
//! of work in turn instead of a sample of them; `TICKMARK_FAULT_FIRST` and `TICKMARK_FAULT_STEP` share them out among several
//! processes. A killed process loses nothing that the kernel has; what a power cut loses is modelled in `power.rs`, on 12 disks
//! unless `TICKMARK_POWER_CUTS` says more.

mod check;
mod child;
mod faults;
mod power;

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tickmark_app::port::Entropy;
use tickmark_app::testing::TestEntropy;
use tickmark_store::testing::TestDatabase;

/// Times the process is killed, unless set otherwise.
const KILLS: usize = 25;
/// The same with a database server, whose beginnings take longer.
const KILLS_WITH_SERVER: usize = 5;
/// After so many rounds the data folder is a new one, so that checking everything stays quick.
const ROUNDS_PER_FOLDER: usize = 25;
/// Longest time until a kill: about three rounds of work, or a start.
const MOST_MILLIS: u64 = 400;
/// A process that says nothing for so long hangs. Twice as long as a connection to the database is tried for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running child and what it says.
struct Worker {
    child: Child,
    said: Receiver<String>,
    heard: Vec<String>,
}

impl Worker {
    /// Starts this very program again as the child of `root`, below `wrapper` if there is one.
    fn start(root: &Path, rounds: usize, wrapper: &[String]) -> Self {
        let program = std::env::current_exe().expect("this program").display().to_string();
        let name = "killed::child::works_until_it_dies";
        let arguments =
            [program.as_str(), name, "--exact", "--nocapture", "--test-threads=1"].map(str::to_owned);
        let all: Vec<String> = wrapper.iter().cloned().chain(arguments).collect();
        let mut child = Command::new(&all[0])
            .args(&all[1..])
            .env(child::FOLDER, root)
            .env(child::ROUNDS, rounds.to_string())
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A group of its own: below strace there are two processes to be killed.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; see scripts/install-test-needs", all[0]));
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, said, heard: Vec::new() }
    }

    /// Hears until the child says `what`. Tells whether it did.
    fn hear(&mut self, what: &str) -> bool {
        while let Ok(line) = self.said.recv_timeout(PATIENCE) {
            let found = line == what;
            self.heard.push(line);
            if found {
                return true;
            }
        }
        false
    }

    /// Hears for a while, and then kills the child.
    fn kill_after(mut self, delay: Duration) -> Vec<String> {
        let end = Instant::now() + delay;
        while let Ok(line) = self.said.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.heard.push(line);
        }
        self.kill();
        self.finish().0
    }

    fn kill(&self) {
        let group = format!("-{}", self.child.id());
        let done = Command::new("kill").args(["-KILL", "--", &group]).status().expect("kill");
        // Also a child that has ended is there until it is waited for.
        assert!(done.success(), "the group {group} cannot be killed");
    }

    /// Hears until the child ends by itself, or hangs and is killed. Tells what it said, and whether it ended.
    fn finish(mut self) -> (Vec<String>, bool) {
        let mut ended = true;
        loop {
            match self.said.recv_timeout(PATIENCE) {
                Ok(line) => self.heard.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    assert!(ended, "a killed child is still there");
                    ended = false;
                    self.kill();
                }
            }
        }
        self.child.wait().expect("ended");
        (self.heard, ended)
    }
}

fn below(entropy: &TestEntropy, limit: u64) -> u64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    u64::from_be_bytes(bytes) % limit
}

/// Tells a whole number, or what it is without the variable.
fn setting(name: &str, default: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "how much is tested is chosen by whoever runs the tests")]
    let set = std::env::var(name);
    set.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text:?} is not a number")))
}

/// Returns an empty scratch folder of the wanted kind; none where the tests leave servers out.
async fn scratch(with_server: bool) -> Option<TestDatabase> {
    if !with_server {
        return Some(TestDatabase::sqlite());
    }
    let test = TestDatabase::both().await.into_iter().find(|test| test.url().is_some())?;
    let url = test.url().expect("found by it");
    std::fs::write(test.folder().join(child::SERVER), url).expect("the address is written");
    Some(test)
}

/// Kills a process again and again, and compares each time.
async fn kill_often(kills: usize, with_server: bool) {
    let seed = setting("TICKMARK_KILL_SEED", 1);
    let entropy = TestEntropy::of(seed as u64);
    let mut tally = check::Tally::default();
    let Some(mut folder) = scratch(with_server).await else { return };
    for round in 0..kills {
        if round > 0 && round % ROUNDS_PER_FOLDER == 0 {
            folder = scratch(with_server).await.expect("as before");
        }
        let root = folder.folder();
        let mut worker = Worker::start(root, usize::MAX, &[]);
        // One in five dies while it starts: making the folder, recovering, sequencing what the one before left.
        if below(&entropy, 5) > 0 {
            assert!(worker.hear("ready"), "round {round}: it does not start: {:?}", worker.heard);
        }
        let heard = worker.kill_after(Duration::from_micros(below(&entropy, MOST_MILLIS * 1000)));
        tally.add(&heard);
        check::check(root, &heard)
            .await
            .unwrap_or_else(|why| panic!("round {round}, seed {seed}: {why}\n{heard:#?}"));
    }
    println!("killed {kills} times: {tally}");
    assert!(kills < KILLS_WITH_SERVER || tally.acknowledged > 0, "{tally}");
}

#[tokio::test]
async fn killed_at_random_moments_nothing_acknowledged_is_lost() {
    kill_often(setting("TICKMARK_KILLS", KILLS), false).await;
}

/// What a server was sent before the process died, it may still do afterwards.
#[tokio::test]
async fn killed_at_random_moments_with_a_server_nothing_acknowledged_is_lost() {
    kill_often(setting("TICKMARK_KILLS", KILLS_WITH_SERVER), true).await;
}
