//! Reading SQLite in the task that asks.
//!
//! The SQLite driver of sqlx runs each connection on a thread of its own: every statement and every batch of rows goes
//! to another thread and back, which for the short questions of a page takes longer than answering them, and it keeps a
//! hundred statements prepared, where pages have several hundred. Here a statement runs where it is asked, to its end.
//! That suits connections that only read: in WAL mode they wait for nobody. Writing stays with sqlx's own driver; both
//! use the one SQLite that is linked.
//!
//! Rows are collected before the first is handed out, so whoever reads much asks in parts.

mod stand_in;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Batch, OpenFlags, Statement};
use sqlx::any::{AnyArguments, AnyConnectOptions, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::any::{AnyTypeInfoKind, AnyValue};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::{ConnectOptions, Connection, Either, Error, SqlStr, Transaction};
use sqlx_core::HashMap;
use sqlx_core::any::driver::AnyDriver;
use sqlx_core::any::{AnyColumn, AnyConnectionBackend, AnyValueKind};
use sqlx_core::ext::ustr::UStr;

pub(crate) use stand_in::Direct;

/// How addresses of this driver begin; what follows is the path in hexadecimal, as paths hold what addresses do not.
const SCHEME: &str = "sqlite-direct";
/// Statements that a connection keeps prepared: more than the program has.
const PREPARED: usize = 2_000;

/// This driver, for connections whose kind is told by their address.
pub(crate) const DRIVER: AnyDriver = AnyDriver::without_migrate::<Direct>();

/// Returns the address at which this driver reads the file at `path`.
pub(crate) fn address(path: &str) -> String {
    format!("{SCHEME}:{}", hex::encode(path))
}

/// The file that is read.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: String,
}

impl Place {
    fn of_address(address: &str) -> sqlx::Result<Self> {
        let path = address.strip_prefix(SCHEME).and_then(|rest| rest.strip_prefix(':'));
        let bytes = path.and_then(|path| hex::decode(path).ok());
        let path = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        path.map(|path| Self { path }).ok_or_else(|| Error::Configuration("no address of a file".into()))
    }
}

impl TryFrom<&AnyConnectOptions> for Place {
    type Error = Error;

    fn try_from(options: &AnyConnectOptions) -> sqlx::Result<Self> {
        Self::of_address(options.database_url.as_str())
    }
}

impl std::str::FromStr for Place {
    type Err = Error;

    fn from_str(address: &str) -> sqlx::Result<Self> {
        Self::of_address(address)
    }
}

impl ConnectOptions for Place {
    type Connection = Reader;

    fn from_url(url: &sqlx_core::Url) -> sqlx::Result<Self> {
        Self::of_address(url.as_str())
    }

    async fn connect(&self) -> sqlx::Result<Reader> {
        // Readers write nothing of the file, but take part in its index of what was written last.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = rusqlite::Connection::open_with_flags(&self.path, flags).map_err(refused)?;
        file.set_prepared_statement_cache_capacity(PREPARED);
        // Else each statement whose plan looked at a value, such as that of a `LIMIT`, is prepared anew whenever it gets another.
        file.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(refused)?;
        Ok(Reader { file })
    }

    // Statements are told to whoever traces, by `tracing` alone.
    fn log_statements(self, _: log::LevelFilter) -> Self {
        self
    }

    fn log_slow_statements(self, _: log::LevelFilter, _: std::time::Duration) -> Self {
        self
    }
}

/// A connection that reads.
#[derive(Debug)]
pub(crate) struct Reader {
    file: rusqlite::Connection,
}

impl Reader {
    /// Runs one statement, or all statements of a text without arguments, and returns at most `most` rows.
    fn ask(
        &self,
        text: &str,
        is_kept: bool,
        arguments: Option<AnyArguments>,
        most: usize,
    ) -> sqlx::Result<Vec<AnyRow>> {
        tracing::debug!(target: "tickmark_store::query", text);
        let mut found = Vec::new();
        match arguments {
            None => {
                let mut batch = Batch::new(&self.file, text);
                while let Some(mut statement) = batch.next().map_err(refused)? {
                    collect(&mut statement, most, &mut found)?;
                }
            }
            Some(arguments) if is_kept => {
                let mut statement = self.file.prepare_cached(text).map_err(refused)?;
                bind(&mut statement, &arguments.values.0)?;
                collect(&mut statement, most, &mut found)?;
            }
            Some(arguments) => {
                let mut statement = self.file.prepare(text).map_err(refused)?;
                bind(&mut statement, &arguments.values.0)?;
                collect(&mut statement, most, &mut found)?;
            }
        }
        Ok(found)
    }

    fn depth(&self) -> usize {
        usize::from(!self.file.is_autocommit())
    }

    fn begin(&self, statement: Option<&SqlStr>) -> sqlx::Result<()> {
        if self.depth() > 0 {
            return Err(Error::InvalidSavePointStatement);
        }
        self.file.execute_batch(statement.map_or("BEGIN", SqlStr::as_str)).map_err(refused)
    }

    fn end(&self, statement: &str) -> sqlx::Result<()> {
        if self.depth() == 0 {
            return Ok(());
        }
        self.file.execute_batch(statement).map_err(refused)
    }
}

/// Binds values as sqlx's driver does: `$3` and `?3` are the third, each bare `?` the next one.
fn bind(statement: &mut Statement<'_>, values: &[AnyValueKind]) -> sqlx::Result<()> {
    let mut next = 0;
    for parameter in 1..=statement.parameter_count() {
        let number = match statement.parameter_name(parameter) {
            Some(name) => name
                .get(1..)
                .and_then(|digits| digits.parse::<usize>().ok())
                .ok_or_else(|| Error::Protocol(format!("the parameter {name} has no number")))?,
            None => {
                next += 1;
                next
            }
        };
        let value = number.checked_sub(1).and_then(|at| values.get(at));
        let value =
            value.ok_or_else(|| Error::Protocol(format!("nothing is bound to parameter {number}")))?;
        statement.raw_bind_parameter(parameter, ToSqlOutput::Borrowed(plain(value)?)).map_err(refused)?;
    }
    Ok(())
}

fn plain(value: &AnyValueKind) -> sqlx::Result<ValueRef<'_>> {
    Ok(match value {
        AnyValueKind::Null(_) => ValueRef::Null,
        AnyValueKind::Bool(value) => ValueRef::Integer((*value).into()),
        AnyValueKind::SmallInt(value) => ValueRef::Integer((*value).into()),
        AnyValueKind::Integer(value) => ValueRef::Integer((*value).into()),
        AnyValueKind::BigInt(value) => ValueRef::Integer(*value),
        AnyValueKind::Real(value) => ValueRef::Real((*value).into()),
        AnyValueKind::Double(value) => ValueRef::Real(*value),
        AnyValueKind::Text(text) => ValueRef::Text(text.as_bytes()),
        AnyValueKind::TextSlice(text) => ValueRef::Text(text.as_bytes()),
        AnyValueKind::Blob(bytes) => ValueRef::Blob(bytes),
        other => return Err(Error::Encode(format!("SQLite has no {other:?}").into())),
    })
}

/// Adds rows until there are `most`.
fn collect(statement: &mut Statement<'_>, most: usize, found: &mut Vec<AnyRow>) -> sqlx::Result<()> {
    let names: Vec<UStr> = statement.column_names().into_iter().map(UStr::new).collect();
    let mut numbers: Option<Arc<HashMap<UStr, usize>>> = None;
    let mut rows = statement.raw_query();
    while found.len() < most {
        let Some(row) = rows.next().map_err(refused)? else { break };
        let numbers = numbers.get_or_insert_with(|| {
            Arc::new(names.iter().enumerate().map(|(number, name)| (name.clone(), number)).collect())
        });
        let mut columns = Vec::with_capacity(names.len());
        let mut values = Vec::with_capacity(names.len());
        for (ordinal, name) in names.iter().enumerate() {
            let (value, kind) = value(row.get_ref(ordinal).map_err(refused)?)?;
            columns.push(AnyColumn { ordinal, name: name.clone(), type_info: AnyTypeInfo { kind } });
            values.push(AnyValue { kind: value });
        }
        found.push(AnyRow { column_names: Arc::clone(numbers), columns, values });
    }
    Ok(())
}

fn value(found: ValueRef<'_>) -> sqlx::Result<(AnyValueKind, AnyTypeInfoKind)> {
    Ok(match found {
        ValueRef::Null => (AnyValueKind::Null(AnyTypeInfoKind::Null), AnyTypeInfoKind::Null),
        ValueRef::Integer(value) => (AnyValueKind::BigInt(value), AnyTypeInfoKind::BigInt),
        ValueRef::Real(value) => (AnyValueKind::Double(value), AnyTypeInfoKind::Double),
        ValueRef::Text(bytes) => {
            let text = str::from_utf8(bytes).map_err(|error| Error::Decode(error.into()))?;
            (AnyValueKind::Text(Arc::new(text.to_owned())), AnyTypeInfoKind::Text)
        }
        ValueRef::Blob(bytes) => (AnyValueKind::Blob(Arc::new(bytes.to_vec())), AnyTypeInfoKind::Blob),
    })
}

/// What SQLite answers, with its extended result code in decimal as sqlx's driver gives it.
#[derive(Debug, thiserror::Error)]
#[error("(code: {code}) {message}")]
struct Refused {
    code: i32,
    message: String,
}

fn refused(error: rusqlite::Error) -> Error {
    match error.sqlite_error() {
        Some(failure) => {
            let code = failure.extended_code;
            Error::Database(Box::new(Refused { code, message: error.to_string() }))
        }
        None => Error::Decode(error.into()),
    }
}

impl DatabaseError for Refused {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    // Readers break no constraint.
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl AnyConnectionBackend for Reader {
    fn name(&self) -> &str {
        // Both drivers of SQLite speak the same dialect.
        "SQLite"
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, sqlx::Result<()>> {
        Box::pin(Connection::close(*self))
    }

    fn close_hard(self: Box<Self>) -> BoxFuture<'static, sqlx::Result<()>> {
        Box::pin(Connection::close(*self))
    }

    fn ping(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(Connection::ping(self))
    }

    fn begin(&mut self, statement: Option<SqlStr>) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(async move { Reader::begin(self, statement.as_ref()) })
    }

    fn commit(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(async move { self.end("COMMIT") })
    }

    fn rollback(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(async move { self.end("ROLLBACK") })
    }

    fn start_rollback(&mut self) {
        // When it fails, the next one to begin is refused, and opens another connection.
        let _ = self.end("ROLLBACK");
    }

    fn get_transaction_depth(&self) -> usize {
        self.depth()
    }

    fn shrink_buffers(&mut self) {}

    fn flush(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn should_flush(&self) -> bool {
        false
    }

    fn fetch_many(
        &mut self,
        query: SqlStr,
        persistent: bool,
        arguments: Option<AnyArguments>,
    ) -> BoxStream<'_, sqlx::Result<Either<AnyQueryResult, AnyRow>>> {
        let asked = async move {
            // Whoever asks much lets others go before them now and then.
            tokio::task::coop::consume_budget().await;
            self.ask(query.as_str(), persistent, arguments, usize::MAX)
        };
        let answered =
            stream::once(asked).map_ok(|rows| stream::iter(rows).map(|row| Ok(Either::Right(row))));
        Box::pin(answered.try_flatten())
    }

    fn fetch_optional(
        &mut self,
        query: SqlStr,
        persistent: bool,
        arguments: Option<AnyArguments>,
    ) -> BoxFuture<'_, sqlx::Result<Option<AnyRow>>> {
        Box::pin(async move {
            tokio::task::coop::consume_budget().await;
            Ok(self.ask(query.as_str(), persistent, arguments, 1)?.pop())
        })
    }

    fn prepare_with<'c, 'q: 'c>(
        &'c mut self,
        _: SqlStr,
        _: &[AnyTypeInfo],
    ) -> BoxFuture<'c, sqlx::Result<AnyStatement>> {
        Box::pin(async { Err(Error::Protocol("statements are prepared as they are asked".to_owned())) })
    }
}

impl Connection for Reader {
    type Database = Direct;
    type Options = Place;

    async fn close(self) -> sqlx::Result<()> {
        self.file.close().map_err(|(_, error)| refused(error))
    }

    async fn close_hard(self) -> sqlx::Result<()> {
        Connection::close(self).await
    }

    // There is nobody at the other end who could have gone.
    async fn ping(&mut self) -> sqlx::Result<()> {
        Ok(())
    }

    fn begin(&mut self) -> impl Future<Output = sqlx::Result<Transaction<'_, Direct>>> + Send + '_ {
        Transaction::begin(self, None)
    }

    fn shrink_buffers(&mut self) {}

    async fn flush(&mut self) -> sqlx::Result<()> {
        Ok(())
    }

    fn should_flush(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use sqlx::any::AnyPoolOptions;
    use sqlx::{AnyPool, Row};

    use super::*;

    /// The same file behind both drivers: sqlx's own, and this one.
    async fn both() -> (tempfile::TempDir, [AnyPool; 2]) {
        crate::database::install_drivers();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a b?c#d%é.db");
        let path = path.to_str().expect("UTF-8");
        rusqlite::Connection::open(path)
            .expect("made")
            .execute_batch(
                "CREATE TABLE t (a INTEGER, b TEXT, c BLOB, d REAL);
                 INSERT INTO t VALUES (1, 'one', x'00ff', 0.5), (NULL, NULL, NULL, NULL), (-9223372036854775808, '', x'', -1e300)",
            )
            .expect("filled");
        let encoded = crate::database::percent_encode(std::path::Path::new(path)).expect("UTF-8");
        let open = |address: String| {
            AnyPoolOptions::new().max_connections(1).connect_lazy(&address).expect("an address")
        };
        let pools = [open(format!("sqlite://{encoded}?mode=rw")), open(address(path))];
        (folder, pools)
    }

    type Line = (Option<i64>, Option<String>, Option<Vec<u8>>, Option<f64>);

    #[tokio::test]
    async fn both_drivers_give_the_same_rows_and_bind_the_same_values() {
        let (_folder, pools) = both().await;
        let mut answers = Vec::new();
        for pool in &pools {
            let all: Vec<Line> = sqlx::query_as("SELECT a, b, c, d FROM t ORDER BY rowid")
                .fetch_all(pool)
                .await
                .expect("rows");
            // Numbers say which value is meant, in whatever order they come; bare ones count.
            let numbered: (i64, String, i64) = sqlx::query_as("SELECT $2 + 0, $1, $2 * 2")
                .bind("x")
                .bind(21_i64)
                .fetch_one(pool)
                .await
                .expect("a row");
            let bare: (i64, i64) =
                sqlx::query_as("SELECT ?, ?").bind(1_i64).bind(2_i64).fetch_one(pool).await.expect("a row");
            let none: Option<(i64,)> = sqlx::query_as("SELECT a FROM t WHERE b = $1")
                .bind("two")
                .fetch_optional(pool)
                .await
                .expect("none");
            let by_name = sqlx::query("SELECT b AS name, a FROM t WHERE a = $1").bind(1_i64);
            let by_name = by_name.fetch_one(pool).await.expect("a row");
            let named: (String, i64, usize) = (by_name.get("name"), by_name.get(1), by_name.len());
            answers.push((all, numbered, bare, none, named));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[1].0.len(), 3);
        assert_eq!(answers[1].1, (21, "x".to_owned(), 42));
    }

    #[tokio::test]
    async fn both_drivers_refuse_with_the_same_code() {
        let (_folder, pools) = both().await;
        let mut codes = Vec::new();
        for pool in &pools {
            let mut connection = pool.acquire().await.expect("a connection");
            sqlx::raw_sql("PRAGMA query_only = ON; SELECT 1")
                .execute(&mut *connection)
                .await
                .expect("set up");
            let mut refusals = Vec::new();
            for text in ["SELECT * FROM nothing", "INSERT INTO t VALUES (1, '', x'', 0)", "SELECT"] {
                let error = sqlx::query(text).execute(&mut *connection).await.expect_err(text);
                let error = error.as_database_error().expect("SQLite's own");
                refusals.push((error.code().map(|code| code.into_owned()), error.kind() == ErrorKind::Other));
            }
            codes.push(refusals);
        }
        assert_eq!(codes[0], codes[1]);
    }

    #[tokio::test]
    async fn a_transaction_reads_one_snapshot_and_ends_when_it_is_dropped() {
        let (_folder, [writer, reader]) = both().await;
        sqlx::query("PRAGMA journal_mode = WAL").execute(&writer).await.expect("set up");
        let count = "SELECT count(*) FROM t";
        let mut tx = reader.begin_with("BEGIN DEFERRED").await.expect("begun");
        let before: (i64,) = sqlx::query_as(count).fetch_one(&mut *tx).await.expect("counted");
        sqlx::query("INSERT INTO t VALUES (2, '', x'', 0)").execute(&writer).await.expect("written");
        let during: (i64,) = sqlx::query_as(count).fetch_one(&mut *tx).await.expect("counted");
        drop(tx);
        let after: (i64,) = sqlx::query_as(count).fetch_one(&reader).await.expect("counted");
        assert_eq!((before, during, after), ((3,), (3,), (4,)));
    }

    #[tokio::test]
    async fn what_is_not_bound_or_no_text_is_an_error() {
        let (_folder, [_, reader]) = both().await;
        let unbound = sqlx::query("SELECT $1, $2").bind(1_i64).execute(&reader).await;
        assert!(unbound.expect_err("refused").to_string().contains("parameter 2"));
        let bytes = sqlx::query("SELECT CAST(x'ff' AS TEXT)").execute(&reader).await;
        assert!(matches!(bytes, Err(Error::Decode(_))));
    }

    #[test]
    fn an_address_of_something_else_is_refused() {
        for address in ["sqlite-direct:zz", "sqlite-direct:ff", "sqlite:61", ""] {
            assert!(Place::of_address(address).is_err(), "{address}");
        }
    }
}
