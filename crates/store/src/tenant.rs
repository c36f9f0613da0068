//! One organization's rows kept from another's by the database itself, beside the `WHERE organization = …` of every
//! statement: row-level security of PostgreSQL. SQLite has none.
//!
//! Every table with a column `organization` has a policy. A transaction that said whose it is ([`confine`]) sees and
//! writes rows of that organization only; one that did not, such as signing in, sees all. The policy binds the owner of
//! the tables too, but no superuser, nor a role with `BYPASSRLS`: that it binds is proven at each start ([`prove`]).

use sqlx::AnyConnection;

use crate::database::run_script;
use crate::{Database, Dialect, Result, StoreError};

/// The setting that holds the organization's key for the length of a transaction.
const SETTING: &str = "tickmark.organization";

/// Gives the policy to tables that lack it. `organization` itself is known by its key.
const PROTECT: &str = "DO $$ DECLARE one record; BEGIN
  FOR one IN
    SELECT c.relname AS name, a.attname AS key FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind = 'r' AND NOT a.attisdropped
      AND a.attname = CASE c.relname WHEN 'organization' THEN 'key' ELSE 'organization' END
      AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant')
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.name);
    EXECUTE format('CREATE POLICY tenant ON %1$I USING (%2$I = COALESCE(
      (SELECT CAST(NULLIF(current_setting(''tickmark.organization'', true), '''') AS BIGINT)), %2$I))',
      one.name, one.key);
  END LOOP;
END $$;";

pub(crate) async fn protect(connection: &mut AnyConnection) -> Result<()> {
    Ok(run_script(connection, PROTECT.to_owned()).await?)
}

/// Asks whether the policy holds: no table of organizations is without it, and who is confined to an organization that does
/// not exist sees nothing. A role that owns the tables is bound because the policy is forced.
const PROVE: &str = "DO $$ DECLARE one record; seen boolean; BEGIN
  IF (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'the role % passes by row-level security', current_user;
  END IF;
  PERFORM set_config('tickmark.organization', '-1', true);
  FOR one IN
    SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity
      AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant') AS is_bound
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind = 'r' AND NOT a.attisdropped
      AND a.attname = CASE c.relname WHEN 'organization' THEN 'key' ELSE 'organization' END
  LOOP
    IF NOT one.is_bound THEN
      RAISE EXCEPTION 'the table % has no forced policy', one.name;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', one.name) INTO seen;
    IF seen THEN
      RAISE EXCEPTION 'rows of % are seen by an organization that does not exist', one.name;
    END IF;
  END LOOP;
END $$;";

/// Proves that the database keeps organizations apart; SQLite has nothing to prove. Changes nothing.
///
/// # Errors
/// `Unsuitable`, with what does not hold: then nothing may be served from it.
pub async fn prove(database: &Database) -> Result<()> {
    if database.dialect() != Dialect::Postgres {
        return Ok(());
    }
    let mut tx = database.read().await?;
    match run_script(&mut tx, PROVE.to_owned()).await {
        Ok(()) => Ok(()),
        Err(sqlx::Error::Database(error)) => Err(StoreError::Unsuitable(format!(
            "PostgreSQL does not keep organizations apart: {}; connect with a role that is no superuser, has no \
             BYPASSRLS, and owns the tables",
            error.message()
        ))),
        Err(error) => Err(error.into()),
    }
}

/// Confines a transaction on PostgreSQL to the rows of one organization until its end; none lifts it.
///
/// # Errors
/// If the connection fails.
pub async fn confine(connection: &mut AnyConnection, organization: Option<i64>) -> Result<()> {
    if connection.backend_name() == "PostgreSQL" {
        sqlx::query("SELECT set_config($1, $2, true)")
            .bind(SETTING)
            .bind(organization.map_or_else(String::new, |key| key.to_string()))
            .execute(connection)
            .await?;
    }
    Ok(())
}
