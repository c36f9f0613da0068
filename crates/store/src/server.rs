//! What a PostgreSQL server says of itself, before anything is entrusted to it: does it keep what it acknowledged, and does
//! nobody but us write our tables?
//!
//! A log has one order of its entries, so there is one server that decides it. A server to which others' changes are
//! brought, or that does not wait for its disk, gives positions out twice or takes them back, and a checkpoint over them is
//! signed by then. What is known to do so, and what cannot be told, is refused.

use sqlx::{AnyConnection, Row};

use crate::{Access, Result, StoreError};

/// Setting by which a server says that nothing on it is to be kept; `scripts/with-postgres` sets it.
const THROWAWAY: &str = "tickmark.throwaway";
/// Extensions that bring changes of other servers into tables here.
const MULTI_MASTER: &str = "'bdr', 'pgactive', 'pglogical', 'spock'";
/// Marks of servers that speak PostgreSQL's protocol, and keep data in ways of their own.
const LOOK_ALIKES: [&str; 5] = ["-YB-", "Redshift", "Greenplum", "CockroachDB", "openGauss"];

/// How a server keeps what it acknowledged, and who else may change it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Its version in its own words.
    pub version: String,
    /// Whether it only replays what another server does.
    pub is_standby: bool,
    /// Whether sessions begin without the right to write.
    pub is_read_only: bool,
    /// Whether it waits for its disk.
    pub waits_for_disk: bool,
    /// Whether a page of which only a part was written can be mended.
    pub writes_full_pages: bool,
    /// Standbys that have to have a change before it is acknowledged, as the server's setting names them.
    pub synchronous_standbys: String,
    /// Standbys and subscribers that follow it now.
    pub followers: u64,
    /// Tables of ours that a subscription changes.
    pub subscribed_tables: u64,
    /// Extensions that can bring changes of other servers here.
    pub multi_master: String,
    /// Whether it says that nothing on it is to be kept.
    pub is_throwaway: bool,
}

impl Server {
    /// Asks a server.
    ///
    /// # Errors
    /// If it does not answer, or is another one than PostgreSQL.
    pub(crate) async fn ask(connection: &mut AnyConnection) -> Result<Self> {
        let (version,): (String,) = sqlx::query_as("SELECT version()").fetch_one(&mut *connection).await?;
        if let Some(refusal) = look_alike(&version) {
            return Err(StoreError::Unsuitable(refusal));
        }
        let question = format!(
            "SELECT CAST(pg_is_in_recovery() AS INTEGER), current_setting('transaction_read_only'), \
             current_setting('fsync'), current_setting('full_page_writes'), \
             current_setting('synchronous_standby_names'), (SELECT count(*) FROM pg_stat_replication), \
             (SELECT count(*) FROM pg_subscription_rel r JOIN pg_class c ON c.oid = r.srrelid \
              WHERE c.relnamespace = to_regnamespace(CAST(current_schema() AS TEXT))), \
             COALESCE((SELECT string_agg(CAST(extname AS TEXT), ', ' ORDER BY extname) FROM pg_extension \
              WHERE extname IN ({MULTI_MASTER})), ''), COALESCE(current_setting('{THROWAWAY}', true), '')"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(question)).fetch_one(connection).await?;
        let is_on = |at: usize| Ok::<_, sqlx::Error>(row.try_get::<String, _>(at)? == "on");
        let count = |at: usize| Ok::<_, sqlx::Error>(u64::try_from(row.try_get::<i64, _>(at)?).unwrap_or(0));
        Ok(Self {
            version,
            is_standby: row.try_get::<i32, _>(0)? != 0,
            is_read_only: is_on(1)?,
            waits_for_disk: is_on(2)?,
            writes_full_pages: is_on(3)?,
            synchronous_standbys: row.try_get(4)?,
            followers: count(5)?,
            subscribed_tables: count(6)?,
            multi_master: row.try_get(7)?,
            is_throwaway: is_on(8)?,
        })
    }

    /// Says why nothing may be written to it.
    #[must_use]
    pub fn refusal(&self, access: Access) -> Option<String> {
        if access == Access::Inspect {
            return None;
        }
        if self.is_standby {
            return Some(
                "the PostgreSQL server is a standby, which only replays another one; name the primary"
                    .to_owned(),
            );
        }
        if self.is_read_only {
            return Some(
                "sessions of the PostgreSQL server begin without the right to write (default_transaction_read_only)"
                    .to_owned(),
            );
        }
        if !self.multi_master.is_empty() {
            return Some(format!(
                "the PostgreSQL database has the extension {}, which can bring changes of other servers into it; the \
                 ledger needs one server that alone decides the order of its entries",
                self.multi_master
            ));
        }
        if self.subscribed_tables > 0 {
            return Some(format!(
                "{} tables of the PostgreSQL database are changed by a subscription; the ledger needs one server that \
                 alone decides the order of its entries",
                self.subscribed_tables
            ));
        }
        if !self.waits_for_disk && !self.is_throwaway {
            return Some(
                "the PostgreSQL server has fsync switched off: after a power cut it would have lost what it had \
                 acknowledged, and the ledger would have been released beyond it"
                    .to_owned(),
            );
        }
        None
    }

    /// Says what whoever runs the server should know of it.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.is_standby {
            remarks
                .push("the server is a standby: what is shown may be older than what was signed".to_owned());
        }
        if self.is_throwaway {
            remarks.push("the server says that nothing on it is to be kept (tickmark.throwaway)".to_owned());
        }
        if !self.writes_full_pages {
            remarks.push(
                "full_page_writes is switched off: only a file system that never writes half a page makes up for it"
                    .to_owned(),
            );
        }
        if self.followers > 0 && self.synchronous_standbys.is_empty() {
            remarks.push(format!(
                "{} followers, none of them synchronous: after a failover the ledger can be behind what was released; \
                 the program then signs nothing until it is repaired. Name one in synchronous_standby_names",
                self.followers
            ));
        }
        remarks
    }
}

/// Says why a server of this version is none of PostgreSQL's.
fn look_alike(version: &str) -> Option<String> {
    let is_ours =
        version.starts_with("PostgreSQL ") && !LOOK_ALIKES.iter().any(|mark| version.contains(mark));
    let shown: String = version.chars().take(80).collect();
    (!is_ours).then(|| {
        format!(
            "the server calls itself {shown:?}: how it keeps and replicates what it acknowledged is not known here, so \
             nothing is entrusted to it"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Server {
        Server {
            version: "PostgreSQL 17.2 (Debian 17.2-1)".to_owned(),
            waits_for_disk: true,
            writes_full_pages: true,
            ..Server::default()
        }
    }

    #[test]
    fn what_can_give_a_position_twice_or_take_it_back_is_refused_for_writing() {
        assert_eq!(good().refusal(Access::Write), None);
        for (server, expected) in [
            (Server { is_standby: true, ..good() }, "a standby"),
            (Server { is_read_only: true, ..good() }, "without the right to write"),
            (Server { multi_master: "bdr".into(), ..good() }, "the extension bdr"),
            (Server { subscribed_tables: 3, ..good() }, "3 tables"),
            (Server { waits_for_disk: false, ..good() }, "fsync switched off"),
        ] {
            let said = server.refusal(Access::Write).unwrap_or_default();
            assert!(said.contains(expected), "{said}");
            assert_eq!(server.refusal(Access::Inspect), None, "whoever only looks harms nothing");
        }
        let throwaway = Server { waits_for_disk: false, is_throwaway: true, ..good() };
        assert_eq!(throwaway.refusal(Access::Write), None);
    }

    #[test]
    fn what_an_operator_should_know_is_said() {
        assert!(good().remarks().is_empty());
        let followed = Server { followers: 2, ..good() };
        assert!(followed.remarks()[0].contains("2 followers, none of them synchronous"));
        let synchronous = Server { synchronous_standbys: "one".into(), ..followed };
        assert!(synchronous.remarks().is_empty());
        let odd = Server { writes_full_pages: false, is_throwaway: true, is_standby: true, ..good() };
        assert_eq!(odd.remarks().len(), 3);
    }

    #[test]
    fn look_alikes_are_told_apart() {
        assert_eq!(look_alike("PostgreSQL 14.9 on x86_64-pc-linux-gnu"), None);
        for other in [
            "CockroachDB CCL v23.1.11",
            "PostgreSQL 11.2-YB-2.19.0.0-b0",
            "PostgreSQL 8.0.2 on i686-pc-linux-gnu, Redshift 1.0.5",
            "",
        ] {
            assert!(look_alike(other).is_some_and(|said| said.contains("nothing is entrusted")), "{other}");
        }
    }
}
