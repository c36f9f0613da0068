//! One organization's rows kept from another's by the database itself, beside the `WHERE organization = …` of every
//! statement: row-level security of PostgreSQL. SQLite has none.
//!
//! Every table with a column `organization` has a policy. A transaction that said whose it is ([`confine`]) sees and
//! writes rows of that organization only; one that did not, such as signing in, sees all. The policy binds the owner of
//! the tables too, but no superuser, nor a role with `BYPASSRLS`.

use sqlx::AnyConnection;

use crate::Result;
use crate::database::run_script;

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
