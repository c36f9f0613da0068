//! Throw-away databases: every storage test runs its one body on SQLite and on PostgreSQL.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::{Access, Database, Dialect, Migrations, Result};

/// Address of a PostgreSQL for tests, set by `scripts/with-postgres`.
pub const POSTGRES_VARIABLE: &str = "TICKMARK_TEST_POSTGRES_URL";
/// `sqlite` leaves PostgreSQL out, for quick work on one machine.
pub const CHOICE_VARIABLE: &str = "TICKMARK_TEST_DATABASES";

/// An empty database and a scratch folder, both gone with it (a schema in PostgreSQL goes with its server).
#[derive(Debug)]
pub struct TestDatabase {
    dialect: Dialect,
    folder: tempfile::TempDir,
    url: Option<String>,
}

impl TestDatabase {
    /// Returns one empty database of each kind.
    ///
    /// # Panics
    /// If there is no PostgreSQL and nobody said to leave it out: a test never skips in silence.
    #[expect(clippy::disallowed_methods, reason = "tests are told by their command where the server is")]
    pub async fn both() -> Vec<Self> {
        let mut all = vec![Self::sqlite()];
        if env::var(CHOICE_VARIABLE).is_ok_and(|choice| choice == "sqlite") {
            return all;
        }
        let Ok(server) = env::var(POSTGRES_VARIABLE) else {
            panic!(
                "storage tests run on both databases: run `scripts/with-postgres cargo test …`, \
                 or set {CHOICE_VARIABLE}=sqlite to leave PostgreSQL out"
            );
        };
        all.push(Self::postgres(&server).await);
        all
    }

    /// Returns an empty SQLite database in a scratch folder.
    ///
    /// # Panics
    /// If there is no scratch folder.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        Self { dialect: Dialect::Sqlite, folder, url: None }
    }

    async fn postgres(server: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        crate::database::install_drivers();
        let started = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_micros());
        let schema = format!("t{}_{started}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut connection = sqlx::AnyConnection::connect(server)
            .await
            .unwrap_or_else(|error| panic!("the PostgreSQL of {POSTGRES_VARIABLE} does not answer: {error}"));
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))))
            .await
            .expect("a schema for the test");
        connection.close().await.expect("closing");
        let mark = if server.contains('?') { '&' } else { '?' };
        Self {
            dialect: Dialect::Postgres,
            folder: tempfile::tempdir().expect("a scratch folder"),
            url: Some(format!("{server}{mark}options=-c%20search_path%3D{schema}")),
        }
    }

    /// Returns which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns the address, if it is on a server.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Returns the scratch folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the file of a SQLite database.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("test.sqlite")
    }

    /// Opens it; more than once is fine.
    ///
    /// # Errors
    /// As [`Database::open_sqlite`] and [`Database::open_postgres`].
    pub async fn open(&self, access: Access) -> Result<Database> {
        match &self.url {
            Some(url) => Database::open_postgres(url, access).await,
            None => Database::open_sqlite(&self.file(), access).await,
        }
    }

    /// Opens it for writing and applies `migrations`.
    ///
    /// # Panics
    /// If that fails.
    pub async fn migrated(&self, migrations: &Migrations) -> Database {
        let database = self.open(Access::Write).await.expect("opening");
        migrations.run(&database, self.folder(), 0).await.expect("migrating");
        database
    }
}
