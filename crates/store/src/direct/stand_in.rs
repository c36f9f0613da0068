//! What sqlx asks of a driver besides connections. Everybody here speaks to `sqlx::Any`, whose rows and values the
//! connection makes itself, so of these types there is never a value.

use std::borrow::Cow;
use std::fmt;

use sqlx::encode::Encode;
use sqlx::error::BoxDynError;
use sqlx::{
    Arguments, Column, ColumnIndex, Database, Either, Row, SqlStr, Statement, Type, TypeInfo, Value, ValueRef,
};
use sqlx_core::transaction::TransactionManager;

use super::{Reader, SCHEME};

/// SQLite, read without a thread in between.
#[derive(Debug)]
pub(crate) struct Direct;

/// Stands for all that there never is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Never {}

/// What is bound through this driver alone, which is nothing.
#[derive(Debug, Default)]
pub(crate) struct Nothing;

impl Database for Direct {
    type Connection = Reader;
    type TransactionManager = Self;
    type Row = Never;
    type QueryResult = Nothing;
    type Column = Never;
    type TypeInfo = Never;
    type Value = Never;
    type ValueRef<'r> = Never;
    type Arguments = Nothing;
    type ArgumentBuffer = Nothing;
    type Statement = Never;

    const NAME: &'static str = "SQLite";
    const URL_SCHEMES: &'static [&'static str] = &[SCHEME];
}

impl TransactionManager for Direct {
    type Database = Self;

    async fn begin(reader: &mut Reader, statement: Option<SqlStr>) -> sqlx::Result<()> {
        Reader::begin(reader, statement.as_ref())
    }

    async fn commit(reader: &mut Reader) -> sqlx::Result<()> {
        reader.end("COMMIT")
    }

    async fn rollback(reader: &mut Reader) -> sqlx::Result<()> {
        reader.end("ROLLBACK")
    }

    fn start_rollback(reader: &mut Reader) {
        // As for connections behind `Any`.
        let _ = reader.end("ROLLBACK");
    }

    fn get_transaction_depth(reader: &Reader) -> usize {
        reader.depth()
    }
}

impl Extend<Nothing> for Nothing {
    fn extend<T: IntoIterator<Item = Nothing>>(&mut self, _: T) {}
}

impl Arguments for Nothing {
    type Database = Direct;

    fn reserve(&mut self, _: usize, _: usize) {}

    fn add<'t, T>(&mut self, _: T) -> Result<(), BoxDynError>
    where
        T: Encode<'t, Direct> + Type<Direct>,
    {
        Err("values are bound as those of any database".into())
    }

    fn len(&self) -> usize {
        0
    }
}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl TypeInfo for Never {
    fn is_null(&self) -> bool {
        match *self {}
    }

    fn name(&self) -> &str {
        match *self {}
    }
}

impl Column for Never {
    type Database = Direct;

    fn ordinal(&self) -> usize {
        match *self {}
    }

    fn name(&self) -> &str {
        match *self {}
    }

    fn type_info(&self) -> &Never {
        match *self {}
    }
}

impl Row for Never {
    type Database = Direct;

    fn columns(&self) -> &[Never] {
        match *self {}
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, _: I) -> sqlx::Result<Never> {
        match *self {}
    }
}

impl Value for Never {
    type Database = Direct;

    fn as_ref(&self) -> Never {
        match *self {}
    }

    fn type_info(&self) -> Cow<'_, Never> {
        match *self {}
    }

    fn is_null(&self) -> bool {
        match *self {}
    }
}

impl ValueRef<'_> for Never {
    type Database = Direct;

    fn to_owned(&self) -> Never {
        match *self {}
    }

    fn type_info(&self) -> Cow<'_, Never> {
        match *self {}
    }

    fn is_null(&self) -> bool {
        match *self {}
    }
}

sqlx_core::impl_into_arguments_for_arguments!(Nothing);

impl Statement for Never {
    type Database = Direct;

    fn into_sql(self) -> SqlStr {
        match self {}
    }

    fn sql(&self) -> &SqlStr {
        match *self {}
    }

    fn parameters(&self) -> Option<Either<&[Never], usize>> {
        match *self {}
    }

    fn columns(&self) -> &[Never] {
        match *self {}
    }

    sqlx_core::impl_statement_query!(Nothing);
}
