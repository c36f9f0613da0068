//! Facts about a Linux host, schema `host/1`.
//!
//! One document per look: sections by subject, each field absent when it was not seen, and a [`Gap`] for each absence
//! that matters. Lists are sorted unless stated, and nothing changes by itself from look to look, so an unchanged host
//! has unchanged canonical bytes. Moments are seconds since 1970-01-01T00:00:00Z, the unit of `input.now` in checks.
//! Algorithms (firewall reachability, prefix overlap, group resolution, end-of-life dates) are done before facts are
//! written; a check only compares.

pub mod access;
pub mod account;
pub mod field;
pub mod hardening;
pub mod network;
pub mod operation;
pub mod storage;
pub mod system;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

pub use validate::{FactsError, json_schema, validate};

use super::Gap;
use crate::Timestamp;
use crate::time::DAY_US;

/// Name and major version of this schema.
pub const SCHEMA: &str = "host/1";

/// The name of this schema, the only one a [`HostFacts`] can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SchemaName {
    /// `host/1`
    #[default]
    #[serde(rename = "host/1")]
    Host1,
}

/// A moment in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// Returns the start of the day (UTC) this moment lies in.
    #[must_use]
    pub fn day(self) -> Self {
        let day = DAY_US / crate::time::SECOND_US;
        Self(self.0.div_euclid(day) * day)
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at.seconds())
    }
}

/// The whole document.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostFacts {
    /// Always `host/1`.
    pub schema: SchemaName,
    /// What could not be seen, sorted by path.
    pub gaps: Vec<Gap>,
    /// Which machine this is.
    pub host: Option<system::Host>,
    /// The operating system.
    pub os: Option<system::Os>,
    /// Installed packages.
    pub packages: Option<system::Packages>,
    /// Language runtimes and databases with a published end of life.
    pub runtimes: Option<system::Runtimes>,
    /// Pending updates.
    pub updates: Option<system::Updates>,
    /// Automatic security updates.
    pub auto_updates: Option<system::AutoUpdates>,
    /// Package sources and signatures.
    pub apt: Option<system::Apt>,
    /// Accounts and groups.
    pub accounts: Option<account::Accounts>,
    /// Rights through sudo.
    pub sudo: Option<account::Sudo>,
    /// Password rules, lockout, second factors.
    pub pam: Option<account::Pam>,
    /// Idle time-out and umask of shells.
    pub session: Option<account::Session>,
    /// The SSH server.
    pub sshd: Option<access::Sshd>,
    /// Keys that open SSH sessions.
    pub authorized_keys: Option<access::AuthorizedKeys>,
    /// WireGuard.
    pub wireguard: Option<access::Wireguard>,
    /// Listening sockets.
    pub sockets: Option<network::Sockets>,
    /// The packet filter.
    pub firewall: Option<network::Firewall>,
    /// Kernel settings.
    pub sysctl: Option<hardening::Sysctl>,
    /// Kernel modules.
    pub kernel_modules: Option<hardening::KernelModules>,
    /// Core dumps and boot.
    pub hardening: Option<hardening::Hardening>,
    /// Mounted file systems.
    pub mounts: Option<storage::Mounts>,
    /// Block devices.
    pub disks: Option<storage::Disks>,
    /// Swap.
    pub swap: Option<storage::Swap>,
    /// Free space.
    pub usage: Option<storage::Usage>,
    /// Files found by the bounded walk.
    pub files: Option<storage::Files>,
    /// Installed files against package digests.
    pub package_integrity: Option<storage::PackageIntegrity>,
    /// Clock synchronization.
    pub time_sync: Option<operation::TimeSync>,
    /// Units and timers.
    pub services: Option<operation::Services>,
    /// The audit trail.
    pub audit: Option<operation::Audit>,
    /// Logs.
    pub logging: Option<operation::Logging>,
    /// Mandatory access control.
    pub mac: Option<operation::Mac>,
    /// Scheduled jobs' permissions.
    pub cron: Option<operation::Cron>,
    /// Container runtimes.
    pub containers: Option<operation::Containers>,
    /// Backups.
    pub backup: Option<operation::Backup>,
    /// Malware, intrusion and integrity programs.
    pub protection: Option<operation::Protection>,
    /// Trusted certificate authorities.
    pub ca_store: Option<operation::CaStore>,
}
