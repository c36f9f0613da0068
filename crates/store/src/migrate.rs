//! Schema changes, forward only, each applied once.
//!
//! Pending ones run together in one transaction when the program starts, so a failure leaves the schema as it was;
//! on SQLite a copy of the database from before stays beside it as well. A migration that was applied and edited
//! since, or is unknown, stops the program: its checksum is in the field.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use crate::database::run_script;
use crate::{Access, Database, Dialect, Result, StoreError, tenant};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../migrations");

/// Key of the lock by which two nodes do not migrate PostgreSQL at the same time ("tickmark" in ASCII).
const MIGRATION_LOCK: i64 = 0x7469_636b_6d61_726b;

/// One schema change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The number in front of the file name.
    pub version: i64,
    /// The rest of the file name.
    pub name: String,
    /// The text as written, with tokens of [`Dialect::expand`].
    pub sql: String,
}

/// All schema changes a program knows, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrations(Vec<Migration>);

impl Migration {
    fn checksum(&self) -> Vec<u8> {
        Sha256::digest(self.sql.as_bytes()).to_vec()
    }

    fn failed(&self, detail: impl Into<String>, source: Option<sqlx::Error>) -> StoreError {
        StoreError::Migration {
            version: self.version,
            name: self.name.clone(),
            detail: detail.into(),
            source,
        }
    }
}

impl Migrations {
    /// Returns the ones inside the program.
    ///
    /// # Panics
    /// If a file in `migrations/` is misnamed; a test reads them all.
    #[must_use]
    pub fn embedded() -> Self {
        let files = EMBEDDED.files().filter(|file| file.path().extension().is_some_and(|end| end == "sql"));
        Self::from_files(files.map(|file| {
            (file.path().to_string_lossy().into_owned(), file.contents_utf8().unwrap_or_default().to_owned())
        }))
        .expect("names of embedded migrations are checked by a test")
    }

    /// Reads migrations from names like `0003_ledger.sql` and their texts.
    ///
    /// # Errors
    /// Names the file whose name is not of that form, or whose number is taken.
    pub fn from_files(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, String> {
        let mut all = Vec::new();
        for (file, sql) in files {
            let parts = file.strip_suffix(".sql").and_then(|stem| stem.split_once('_'));
            let version = parts.filter(|(number, _)| number.len() == 4).and_then(|(n, _)| n.parse().ok());
            let (Some((_, name)), Some(version)) = (parts, version) else {
                return Err(format!("{file} is not named like 0003_ledger.sql"));
            };
            all.push(Migration { version, name: name.to_owned(), sql });
        }
        all.sort_by_key(|migration| migration.version);
        if let Some(twice) = all.windows(2).find(|pair| pair[0].version == pair[1].version) {
            return Err(format!("migration {:04} exists twice", twice[0].version));
        }
        Ok(Self(all))
    }

    /// Returns the highest number, 0 without any.
    #[must_use]
    pub fn latest(&self) -> i64 {
        self.0.last().map_or(0, |migration| migration.version)
    }

    /// Returns them in order.
    #[must_use]
    pub fn all(&self) -> &[Migration] {
        &self.0
    }

    /// Brings `database` to the latest schema. `now_micros` is noted beside each; copies go to `backup`.
    ///
    /// Returns the numbers that were applied.
    ///
    /// # Errors
    /// If the database is newer, was migrated by other texts, or a statement fails.
    pub async fn run(&self, database: &Database, backup: &Path, now_micros: i64) -> Result<Vec<i64>> {
        if database.access() == Access::Inspect {
            let mut tx = database.read().await?;
            let found = self.compare(applied(&mut tx, database.dialect()).await?)?;
            return match self.0.get(found..) {
                Some([]) | None => Ok(Vec::new()),
                Some(_) => Err(StoreError::OlderDatabase {
                    found: found.checked_sub(1).map_or(0, |at| self.0[at].version),
                    known: self.latest(),
                }),
            };
        }
        let copy = self.copy_before(database, backup).await?;
        let mut tx = database.write().await?;
        if database.dialect() == Dialect::Postgres {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *tx).await?;
        }
        prepare(&mut tx, database.dialect()).await?;
        let done = self.compare(applied(&mut tx, database.dialect()).await?)?;
        for migration in &self.0[done..] {
            apply(&mut tx, database.dialect(), migration, now_micros)
                .await
                .map_err(|error| with_copy(error, copy.as_deref()))?;
            tracing::info!(version = migration.version, name = migration.name, "schema changed");
        }
        if database.dialect() == Dialect::Postgres {
            tenant::protect(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(self.0[done..].iter().map(|migration| migration.version).collect())
    }

    /// Copies a SQLite database that has something to lose and something to be applied.
    async fn copy_before(&self, database: &Database, backup: &Path) -> Result<Option<PathBuf>> {
        if database.dialect() == Dialect::Postgres {
            return Ok(None);
        }
        let mut tx = database.read().await?;
        let done = self.compare(applied(&mut tx, database.dialect()).await?)?;
        drop(tx);
        let Some(next) = self.0.get(done).filter(|_| done > 0) else { return Ok(None) };
        let copy = backup.join(format!("before-migration-{:04}.sqlite", next.version));
        database.copy_sqlite(&copy).await?;
        Ok(Some(copy))
    }

    /// Compares what was applied with what is known; returns how many of ours are applied.
    fn compare(&self, applied: Vec<(i64, Vec<u8>)>) -> Result<usize> {
        let newest = applied.last().map_or(0, |(version, _)| *version);
        if newest > self.latest() {
            return Err(StoreError::NewerDatabase { found: newest, known: self.latest() });
        }
        for (position, (version, checksum)) in applied.iter().enumerate() {
            let Some(ours) = self.0.get(position) else {
                return Err(StoreError::NewerDatabase { found: *version, known: self.latest() });
            };
            if ours.version != *version {
                let low = ours.version.min(*version);
                return Err(ours.failed(
                    format!("the database went on to {newest:04} without knowing {low:04}; migrations only go forward"),
                    None,
                ));
            }
            if ours.checksum() != *checksum {
                return Err(
                    ours.failed("was applied with another text; a released migration is never edited", None)
                );
            }
        }
        Ok(applied.len())
    }
}

fn with_copy(error: StoreError, copy: Option<&Path>) -> StoreError {
    match (error, copy) {
        (StoreError::Migration { version, name, detail, source }, Some(copy)) => StoreError::Migration {
            version,
            name,
            detail: format!("{detail}; an untouched copy of the database is at {}", copy.display()),
            source,
        },
        (error, _) => error,
    }
}

/// Makes the table of what was applied, and what `{{APPEND_ONLY}}` needs.
async fn prepare(connection: &mut AnyConnection, dialect: Dialect) -> Result<()> {
    let mut script = format!(
        "CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, \
         checksum {} NOT NULL, applied_at BIGINT NOT NULL);",
        dialect.bytes_type()
    );
    if dialect == Dialect::Postgres {
        script.push_str(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION '% refuses %', TG_TABLE_NAME, TG_OP; END $$;",
        );
    }
    Ok(run_script(connection, script).await?)
}

async fn applied(connection: &mut AnyConnection, dialect: Dialect) -> Result<Vec<(i64, Vec<u8>)>> {
    let exists = match dialect {
        Dialect::Sqlite => {
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'"
        }
        Dialect::Postgres => {
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_migration'"
        }
    };
    let (count,): (i64,) = sqlx::query_as(exists).fetch_one(&mut *connection).await?;
    if count == 0 {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as("SELECT version, checksum FROM schema_migration ORDER BY version")
        .fetch_all(connection)
        .await?)
}

async fn apply(
    connection: &mut AnyConnection,
    dialect: Dialect,
    migration: &Migration,
    now_micros: i64,
) -> Result<()> {
    let script = dialect.expand(&migration.sql).map_err(|detail| migration.failed(detail, None))?;
    run_script(connection, script)
        .await
        .map_err(|error| migration.failed("a statement failed and nothing was changed", Some(error)))?;
    sqlx::query("INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)")
        .bind(migration.version)
        .bind(&migration.name)
        .bind(migration.checksum())
        .bind(now_micros)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Result<Migrations, String> {
        Migrations::from_files(names.iter().map(|name| ((*name).to_owned(), String::new())))
    }

    #[test]
    fn file_names_carry_unique_numbers() {
        let sorted = files(&["0002_b.sql", "0001_a.sql"]).expect("good names");
        assert_eq!(sorted.all().iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(sorted.latest(), 2);
        for bad in ["1_a.sql", "0001.sql", "abcd_a.sql", "0001_a.txt", "00001_a.sql"] {
            assert!(files(&[bad]).is_err(), "{bad}");
        }
        assert!(files(&["0001_a.sql", "0001_b.sql"]).is_err());
    }

    #[test]
    fn embedded_migrations_are_named_well_and_use_known_tokens() {
        for migration in Migrations::embedded().all() {
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                dialect.expand(&migration.sql).unwrap_or_else(|error| panic!("{}: {error}", migration.name));
            }
        }
    }
}
