//! A use-case world on throw-away databases, with a clock and randomness that repeat.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use tickmark_core::Timestamp;
use tickmark_core::time::SECOND_US;
use tickmark_store::DataFolder;
use tickmark_store::testing::TestDatabase;

use crate::identity::audit::{self, Event, Name};
use crate::identity::credential::Cost;
use crate::ledger::Outside;
use crate::port::{Clock, Entropy};
use crate::{Actor, ActorKind, App, Result, identity};

mod account;

pub use account::Account;

/// What passwords cost in tests: next to nothing.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1 };

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Makes a clock that shows `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.micros()))
    }

    /// Moves the clock by `micros`, also backwards.
    pub fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and come in the same order each time.
#[derive(Debug)]
pub struct TestEntropy {
    seed: u64,
    count: AtomicU64,
}

impl TestEntropy {
    /// Makes another order for each seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { seed, count: AtomicU64::new(0) }
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.count.fetch_add(1, Ordering::SeqCst);
            let block = Sha256::digest([self.seed.to_be_bytes(), count.to_be_bytes()].concat());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// A database with a data folder beside it. The program on it can be started again and again.
#[derive(Debug)]
pub struct World {
    database: TestDatabase,
    /// The clock of every program started here.
    pub clock: Arc<TestClock>,
    starts: AtomicU64,
}

impl World {
    /// Returns one empty world for each database.
    ///
    /// # Panics
    /// As [`TestDatabase::both`].
    pub async fn both() -> Vec<Self> {
        TestDatabase::both().await.into_iter().map(Self::over).collect()
    }

    /// Returns an empty world on SQLite.
    #[must_use]
    pub fn sqlite() -> Self {
        Self::over(TestDatabase::sqlite())
    }

    fn over(database: TestDatabase) -> Self {
        // 2026-11-24T14:45:00Z.
        let clock = Arc::new(TestClock::at(Timestamp::from_seconds(1_795_531_500)));
        Self { database, clock, starts: AtomicU64::new(0) }
    }

    /// Returns the database below.
    #[must_use]
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Returns the path of the data folder.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.database.folder().join("data")
    }

    /// Starts the program; the one before must be gone, as its lock is exclusive.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn try_start(&self) -> Result<App> {
        self.open(DataFolder::create_or_open(&self.folder())?).await
    }

    /// Starts the program for inspection.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn try_inspect(&self) -> Result<App> {
        self.open(DataFolder::inspect(&self.folder())?).await
    }

    async fn open(&self, folder: DataFolder) -> Result<App> {
        let seed = self.starts.fetch_add(1, Ordering::SeqCst);
        let entropy = Arc::new(TestEntropy::of(seed));
        let mut app = App::open(folder, self.database.url(), self.clock.clone(), entropy).await?;
        app.set_password_cost(CHEAP);
        Ok(app)
    }

    /// Starts the program with places outside.
    ///
    /// # Errors
    /// As [`App::open_with`].
    pub async fn try_start_with(&self, outside: Outside) -> Result<App> {
        let seed = self.starts.fetch_add(1, Ordering::SeqCst);
        let folder = DataFolder::create_or_open(&self.folder())?;
        let entropy = Arc::new(TestEntropy::of(seed));
        let mut app =
            App::open_with(folder, self.database.url(), self.clock.clone(), entropy, outside).await?;
        app.set_password_cost(CHEAP);
        Ok(app)
    }

    /// Starts the program to repair a log.
    ///
    /// # Errors
    /// As [`App::open_to_repair`].
    pub async fn try_repair(&self) -> Result<App> {
        let seed = self.starts.fetch_add(1, Ordering::SeqCst);
        let folder = DataFolder::create_or_open(&self.folder())?;
        let entropy = Arc::new(TestEntropy::of(seed));
        App::open_to_repair(folder, self.database.url(), self.clock.clone(), entropy, Outside::default())
            .await
    }

    /// Starts the program with an organization and its program actor.
    ///
    /// # Panics
    /// If that fails.
    pub async fn start(&self) -> (App, Actor) {
        let app = self.try_start().await.expect("starting");
        let actor = app.ensure_organization("Example Ltd", "Example system").await.expect("an organization");
        (app, actor)
    }

    /// Returns a person of the organization, who may decide.
    ///
    /// # Panics
    /// If that fails.
    pub async fn person(&self, app: &App, program: &Actor) -> Actor {
        app.transact(program, async |cx| identity::ensure_actor(cx, ActorKind::Person, "Robin Example").await)
            .await
            .expect("a person")
    }

    /// Records events of all kinds about `objects` evidence items in turn, in one transaction. The items stay as they are.
    ///
    /// # Errors
    /// If that fails.
    pub async fn trail(&self, app: &App, actor: &Actor, events: usize, objects: usize) -> Result<()> {
        app.transact(actor, async |cx| {
            let names = Name::ALL.iter().copied().cycle();
            let event = |(n, name): (usize, Name)| Event {
                outcome: name.outcome(),
                ..Event::done(name, "evidence", n % objects)
            };
            audit::record_many(cx, (0..events).zip(names).map(event)).await
        })
        .await
    }

    /// Moves the clock on by `seconds`.
    pub fn wait(&self, seconds: i64) {
        self.clock.advance(seconds * SECOND_US);
    }
}
