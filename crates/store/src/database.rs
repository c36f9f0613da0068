//! Opening the database, and the two kinds of transaction.
//!
//! SQLite has one writing connection, so writers queue in the program instead of failing inside the database, and a
//! few reading ones that see a steady snapshot (WAL) and answer where they are asked ([`crate::direct`]). PostgreSQL
//! has one pool.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};

use sqlx::any::AnyConnectOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AssertSqlSafe, ConnectOptions, Connection, Executor, Row, Transaction};

use crate::connections::{Connections, Seat};
use crate::{Dialect, Result, Server, StoreError, direct};

/// Oldest SQLite that may be linked: earlier ones can lose committed data in WAL mode with two connections
/// (the WAL-reset race, fixed in 3.51.3).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Reading connections of SQLite, and all connections to PostgreSQL.
const CONNECTIONS: u32 = 4;

/// What the opener may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read and write; at most one process per data folder.
    Write,
    /// Read only, beside a process that writes.
    Inspect,
}

/// An open database.
#[derive(Clone, Debug)]
pub struct Database {
    dialect: Dialect,
    access: Access,
    writer: Connections,
    readers: Connections,
    /// How often a transaction that may write has ended.
    changes: Arc<AtomicU64>,
    /// Where the file is, if it is one: for work that takes so long that it must not be done by whoever asks.
    file: Option<AnyConnectOptions>,
}

/// A transaction that may write. Undone when dropped before [`WriteTx::commit`].
///
/// It begins and ends by plain statements on its own connection. When the end is not clean (dropped, or a full disk
/// made SQLite roll back by itself) the connection is closed instead of going back to the pool in a state that
/// nobody knows.
#[derive(Debug)]
pub struct WriteTx {
    connection: PoolConnection<Any>,
    is_open: bool,
    changes: Arc<AtomicU64>,
    // After the connection: whoever gets it next finds the connection free, or being closed.
    _seat: Seat,
}

/// A transaction that only reads, all of it from one snapshot.
#[derive(Debug)]
pub struct ReadTx {
    inner: Transaction<'static, Any>,
    _seat: Seat,
}

impl Database {
    /// Opens the SQLite file at `path`, which is made first when `access` allows writing.
    ///
    /// # Errors
    /// If the file cannot be opened, is not a database, or the linked SQLite is too old to be trusted.
    pub async fn open_sqlite(path: &Path, access: Access) -> Result<Self> {
        install_drivers();
        if access == Access::Inspect && !path.exists() {
            return Err(StoreError::Missing(format!("a database at {}", path.display())));
        }
        let mode = if access == Access::Write { "rwc" } else { "rw" };
        let options = options(&format!("sqlite://{}?mode={mode}", percent_encode(path)?))?;
        probe_sqlite(&options, access).await.map_err(|error| opening(path, error))?;
        let writer = sqlite(&options, access, 1);
        let direct = self::options(&direct::address(utf8(path)?))?;
        let readers = sqlite(&direct, Access::Inspect, CONNECTIONS);
        let (mut connection, _seat) = writer.acquire().await?;
        let (version,): (String,) =
            sqlx::query_as("SELECT sqlite_version()").fetch_one(&mut *connection).await?;
        drop(connection);
        refuse_old_sqlite(&version)?;
        Ok(Self {
            dialect: Dialect::Sqlite,
            access,
            writer,
            readers,
            changes: Arc::default(),
            file: Some(options),
        })
    }

    /// Opens the PostgreSQL database at `url`.
    ///
    /// # Errors
    /// If it cannot be reached, sorts text otherwise than by bytes (both databases must give the same order), or could
    /// lose or double what it acknowledged ([`Server::refusal`]).
    pub async fn open_postgres(url: &str, access: Access) -> Result<Self> {
        install_drivers();
        let options = options(url)?;
        // A pool waits for a server that refuses connections; one connection says so at once.
        options.connect().await?.close().await?;
        let pool = Connections::new(options, CONNECTIONS * 2, |connection| {
            Box::pin(async move {
                // A checkpoint is released after COMMIT answers, so an answer must mean "on disk".
                connection
                    .execute(
                        "SELECT set_config('synchronous_commit', 'on', false) \
                         WHERE current_setting('synchronous_commit') = 'off'",
                    )
                    .await?;
                Ok(())
            })
        });
        let (mut connection, _seat) = pool.acquire().await?;
        let server = Server::ask(&mut connection).await?;
        if let Some(refusal) = server.refusal(access) {
            return Err(StoreError::Unsuitable(refusal));
        }
        for remark in server.remarks().iter().filter(|_| !server.is_throwaway) {
            tracing::warn!(remark, "the PostgreSQL server");
        }
        let row = sqlx::query(
            "SELECT CAST(datcollate AS TEXT), pg_encoding_to_char(encoding)::TEXT FROM pg_database \
             WHERE datname = current_database()",
        )
        .fetch_one(&mut *connection)
        .await?;
        drop(connection);
        let (collation, encoding): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if !matches!(collation.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8") || encoding != "UTF8" {
            return Err(StoreError::Unsuitable(format!(
                "the PostgreSQL database has collation {collation} and encoding {encoding}; create it with \
                 TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            )));
        }
        Ok(Self {
            dialect: Dialect::Postgres,
            access,
            writer: pool.clone(),
            readers: pool,
            changes: Arc::default(),
            file: None,
        })
    }

    /// Returns which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns what this opener may do.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Returns a number that is another one after each change, for whoever keeps what they read: what was read in a
    /// transaction that began after this was asked is good as long as the number stays. None where others may write, too: on
    /// a server, and beside a process that writes.
    #[must_use]
    pub fn moment(&self) -> Option<u64> {
        let is_alone = self.dialect == Dialect::Sqlite && self.access == Access::Write;
        is_alone.then(|| self.changes.load(Ordering::SeqCst))
    }

    /// Begins a transaction that may write, waiting for the writer before it.
    ///
    /// # Errors
    /// If the database was opened for reading, or stays busy.
    pub async fn write(&self) -> Result<WriteTx> {
        if self.access == Access::Inspect {
            return Err(StoreError::ReadOnly("the database was opened for inspection".to_owned()));
        }
        let begin = match self.dialect {
            // A deferred transaction that reads first cannot become a writer later without failing.
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        let (connection, seat) = self.writer.acquire().await?;
        let changes = Arc::clone(&self.changes);
        let mut tx = WriteTx { connection, is_open: true, changes, _seat: seat };
        tx.execute(begin).await?;
        Ok(tx)
    }

    /// Begins a transaction that reads one snapshot.
    ///
    /// # Errors
    /// If no connection becomes free.
    pub async fn read(&self) -> Result<ReadTx> {
        let begin = match self.dialect {
            Dialect::Sqlite => "BEGIN DEFERRED",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut attempts = 0;
        loop {
            match self.readers.begin(begin).await {
                Ok((inner, seat)) => return Ok(ReadTx { inner, _seat: seat }),
                // An earlier failure may have left a connection inside a transaction that no longer exists.
                Err(_) if attempts < self.readers.open() => {
                    attempts += 1;
                    let (connection, _seat) = self.readers.acquire().await?;
                    connection.close().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks a PostgreSQL server how it keeps what it acknowledged; none is asked where the database is a file.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn server(&self) -> Result<Option<Server>> {
        if self.dialect == Dialect::Sqlite {
            return Ok(None);
        }
        let (mut connection, _seat) = self.readers.acquire().await?;
        Server::ask(&mut connection).await.map(Some)
    }

    /// Asks the database itself whether its file is sound. PostgreSQL has no such question and answers yes.
    ///
    /// # Errors
    /// If damage is found: the first findings.
    pub async fn check_integrity(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut connection = aside(file, Access::Inspect).await?;
        let findings: Vec<(String,)> =
            sqlx::query_as("PRAGMA quick_check(10)").fetch_all(&mut connection).await?;
        connection.close().await?;
        match findings.as_slice() {
            [(only,)] if only == "ok" => Ok(()),
            _ => Err(StoreError::Corrupt {
                what: "the database file".to_owned(),
                detail: findings.into_iter().map(|(line,)| line).collect::<Vec<_>>().join("; "),
            }),
        }
    }

    /// Copies a SQLite database into a file, consistent and on disk when this returns; what was there under the name
    /// stays until then. Works beside a process that writes.
    ///
    /// # Errors
    /// If the copy cannot be written, or the database is a server.
    pub async fn copy_sqlite(&self, to: &Path) -> Result<()> {
        let file = self.file.as_ref().ok_or_else(|| {
            StoreError::Unsuitable("a PostgreSQL database is copied by its own tools".to_owned())
        })?;
        let what = || format!("copying the database to {}", to.display());
        let unfinished = to.with_extension("unfinished");
        match std::fs::remove_file(&unfinished) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io(what(), error));
            }
            _ => {}
        }
        let name = utf8(&unfinished)?;
        let mut connection = aside(file, Access::Inspect).await?;
        // Whoever only looks may write nothing, the copy included; the connection goes with the permission.
        connection.execute("PRAGMA query_only = OFF").await?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await?;
        connection.close().await?;
        let sync = || -> std::io::Result<()> {
            std::fs::File::open(&unfinished)?.sync_all()?;
            std::fs::rename(&unfinished, to)?;
            std::fs::File::open(crate::folder::folder_of(to))?.sync_all()
        };
        sync().map_err(|error| StoreError::io(what(), error))
    }

    /// Closes every connection; further use fails.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl WriteTx {
    /// Waits until no other transaction holds the same turn; holds it until the end. On SQLite every writer has
    /// its turn already.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn take_turn(&mut self, turn: i32) -> Result<()> {
        if self.backend_name() == "PostgreSQL" {
            // Bound to the transaction, never to the session: it cannot be stranded behind a pooler.
            sqlx::query("SELECT pg_advisory_xact_lock(hashtext(current_schema()), $1)")
                .bind(turn)
                .execute(&mut **self)
                .await?;
        }
        Ok(())
    }

    /// Makes the changes durable. After an error it is **not known** whether they are: read again.
    ///
    /// # Errors
    /// If the database did not say that it committed.
    pub async fn commit(mut self) -> Result<()> {
        self.execute("COMMIT").await?;
        self.is_open = false;
        Ok(())
    }

    /// Undoes the changes.
    ///
    /// # Errors
    /// If the connection is gone; the changes are undone then too.
    pub async fn rollback(mut self) -> Result<()> {
        self.execute("ROLLBACK").await?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for WriteTx {
    fn drop(&mut self) {
        if self.is_open {
            self.connection.close_on_drop();
        }
        // However it ended: what was committed, or may have been, shows from here on.
        self.changes.fetch_add(1, Ordering::SeqCst);
    }
}

impl Deref for WriteTx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Deref for ReadTx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.inner
    }
}

impl DerefMut for ReadTx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}

/// Lets addresses say how a database is spoken to.
pub(crate) fn install_drivers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let drivers = &[sqlx::sqlite::any::DRIVER, sqlx::postgres::any::DRIVER, direct::DRIVER];
        // Nobody else in the process installs any.
        sqlx::any::install_drivers(drivers).expect("installed once");
    });
}

/// Opens a connection to a file on a thread of its own.
async fn aside(file: &AnyConnectOptions, access: Access) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = file.connect().await?;
    set_up_sqlite(&mut connection, access).await?;
    Ok(connection)
}

/// Opens and closes one connection, reading from the file: what is wrong with it shows before anything else.
async fn probe_sqlite(file: &AnyConnectOptions, access: Access) -> Result<(), sqlx::Error> {
    let mut connection = aside(file, access).await?;
    connection.execute("SELECT count(*) FROM sqlite_master").await?;
    connection.close().await
}

async fn set_up_sqlite(connection: &mut AnyConnection, access: Access) -> Result<(), sqlx::Error> {
    let pragmas = match access {
        Access::Write => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -24576; PRAGMA wal_autocheckpoint = 4000;"
        }
        Access::Inspect => {
            "PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; \
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;"
        }
    };
    connection.execute(sqlx::raw_sql(pragmas)).await?;
    Ok(())
}

fn sqlite(options: &AnyConnectOptions, access: Access, count: u32) -> Connections {
    Connections::new(options.clone(), count, move |connection| Box::pin(set_up_sqlite(connection, access)))
}

fn options(url: &str) -> Result<AnyConnectOptions> {
    url.parse().map_err(|error: sqlx::Error| {
        StoreError::Unsuitable(format!("the address of the database is not understood: {error}"))
    })
}

fn opening(path: &Path, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Corrupt { detail, .. } => {
            StoreError::Corrupt { what: format!("the database {}", path.display()), detail }
        }
        StoreError::ReadOnly(_) => StoreError::ReadOnly(format!("opening the database {}", path.display())),
        StoreError::Full(_) => StoreError::Full(format!("opening the database {}", path.display())),
        StoreError::Io { source, .. } => {
            StoreError::Io { what: format!("opening the database {}", path.display()), source }
        }
        other => other,
    }
}

fn refuse_old_sqlite(version: &str) -> Result<()> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_SQLITE {
        return Err(StoreError::Unsuitable(format!(
            "SQLite {version} can lose committed data; 3.51.3 or later is needed"
        )));
    }
    Ok(())
}

fn utf8(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| StoreError::Unsuitable(format!("the path {} is not valid UTF-8", path.display())))
}

/// Writes a path so that no character of it is read as part of an address.
pub(crate) fn percent_encode(path: &Path) -> Result<String> {
    Ok(utf8(path)?
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect())
}

/// Runs several statements that stand in one text, for migrations.
pub(crate) async fn run_script(connection: &mut AnyConnection, script: String) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(script))).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_sqlite_is_refused() {
        for (version, good) in [
            ("3.51.3", true),
            ("3.52.1", true),
            ("4.0.0", true),
            ("3.51.2", false),
            ("3.9.9", false),
            ("", false),
        ] {
            assert_eq!(refuse_old_sqlite(version).is_ok(), good, "{version}");
        }
    }

    #[test]
    fn odd_characters_in_a_path_stay_part_of_it() {
        assert_eq!(percent_encode(Path::new("/a b/c?d#é")).expect("UTF-8"), "/a%20b/c%3Fd%23%C3%A9");
    }
}
