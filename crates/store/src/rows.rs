//! Many rows in few statements.
//!
//! A statement per row costs 53-60 thousand rows a second on SQLite, a statement for several hundred rows five to
//! ten times that. Texts of full statements are the same each time, so the database keeps them prepared.

use std::sync::Arc;

use sqlx::any::AnyArguments;
use sqlx::{AnyConnection, Arguments, AssertSqlSafe};

use crate::Result;

/// Most parameters in one statement. SQLite allows 32,766, PostgreSQL 65,535.
const MOST_PARAMETERS: usize = 32_000;
/// Most rows in one statement; beyond some hundreds nothing is gained.
const MOST_ROWS: usize = 500;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// `BIGINT`, `SMALLINT`.
    Integer(Option<i64>),
    /// `TEXT`.
    Text(Option<String>),
    /// `{{BYTES}}`.
    Bytes(Option<Vec<u8>>),
}

/// Inserts rows into `table`; all or none, as part of the transaction of `connection`.
///
/// Returns how many were inserted.
///
/// # Errors
/// As the database answers, e.g. `Conflict` when a key exists.
pub async fn insert_rows<const N: usize>(
    connection: &mut AnyConnection,
    table: &'static str,
    columns: [&'static str; N],
    rows: impl IntoIterator<Item = [Cell; N]>,
) -> Result<u64> {
    insert(connection, table, columns, "", rows.into_iter()).await
}

/// Inserts those rows whose keys do not exist yet, and leaves the others alone.
///
/// Returns how many were inserted.
///
/// # Errors
/// As the database answers.
pub async fn insert_missing_rows<const N: usize>(
    connection: &mut AnyConnection,
    table: &'static str,
    columns: [&'static str; N],
    rows: impl IntoIterator<Item = [Cell; N]>,
) -> Result<u64> {
    insert(connection, table, columns, " ON CONFLICT DO NOTHING", rows.into_iter()).await
}

async fn insert<const N: usize>(
    connection: &mut AnyConnection,
    table: &str,
    columns: [&str; N],
    suffix: &str,
    mut rows: impl Iterator<Item = [Cell; N]>,
) -> Result<u64> {
    let per_statement = (MOST_PARAMETERS / N.max(1)).min(MOST_ROWS);
    // SQLite looks `$1` up in a list of names, which is quadratic here; a bare `?` counts.
    let numbered = connection.backend_name() == "PostgreSQL";
    let text = |count: usize| -> Arc<str> {
        let mut text = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        for row in 0..count {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..N {
                if column > 0 {
                    text.push_str(", ");
                }
                if numbered {
                    text.push_str(&format!("${}", row * N + column + 1));
                } else {
                    text.push('?');
                }
            }
            text.push(')');
        }
        text.push_str(suffix);
        text.into()
    };
    let mut full: Option<Arc<str>> = None;
    let mut inserted = 0;
    loop {
        let mut arguments = AnyArguments::default();
        let mut count = 0;
        for row in rows.by_ref().take(per_statement) {
            for cell in row {
                match cell {
                    Cell::Integer(value) => arguments.add(value),
                    Cell::Text(value) => arguments.add(value),
                    Cell::Bytes(value) => arguments.add(value),
                }
                .map_err(sqlx::Error::Encode)?;
            }
            count += 1;
        }
        if count == 0 {
            return Ok(inserted);
        }
        let whole = count == per_statement;
        let sql = if whole { full.get_or_insert_with(|| text(count)).clone() } else { text(count) };
        let done = sqlx::query_with(AssertSqlSafe(sql), arguments)
            .persistent(whole)
            .execute(&mut *connection)
            .await?;
        inserted += done.rows_affected();
        if !whole {
            return Ok(inserted);
        }
    }
}

macro_rules! cells {
    ($($from:ty => $variant:ident $convert:expr),+ $(,)?) => {$(
        impl From<$from> for Cell {
            fn from(value: $from) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }

        impl From<Option<$from>> for Cell {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )+};
}

cells! {
    i64 => Integer |value| value,
    i32 => Integer i64::from,
    i16 => Integer i64::from,
    u8 => Integer i64::from,
    u32 => Integer i64::from,
    bool => Integer i64::from,
    String => Text |value| value,
    &str => Text |value: &str| value.to_owned(),
    Vec<u8> => Bytes |value| value,
    &[u8] => Bytes |value: &[u8]| value.to_vec(),
    [u8; 32] => Bytes |value: [u8; 32]| value.to_vec(),
}
