//! What runs: time, services, audit trail, logs, protection, backups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::Moment;
use crate::Digest;

/// Clock synchronization.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeSync {
    /// Daemons installed, sorted: `chrony`, `systemd-timesyncd`, `ntpsec`, `ntp`, `openntpd`.
    pub installed: Option<Vec<String>>,
    /// Whether one of them runs.
    pub active: Option<bool>,
    /// The one that runs.
    pub daemon: Option<String>,
    /// Whether a source is selected. Absent when the daemon could not be asked.
    pub synchronized: Option<bool>,
    /// Selected source.
    pub selected_source: Option<String>,
    /// Absolute offset in milliseconds, rounded up to 10, 20, 50, 100, 200, 500, 1000 and so on.
    pub offset_ms_at_most: Option<u64>,
    /// Stratum.
    pub stratum: Option<u32>,
    /// Leap status: `normal`, `insert_second`, `delete_second`, `not_synchronized`.
    pub leap: Option<String>,
    /// Configured servers and pools, sorted.
    pub servers: Option<Vec<TimeServer>>,
    /// Whether every configured source is authenticated by NTS or a key.
    pub all_authenticated: Option<bool>,
}

/// One configured time source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeServer {
    /// Name or address.
    pub name: String,
    /// `server`, `pool`, `peer`, `refclock`.
    pub kind: String,
    /// Whether NTS or a key authenticates it.
    pub authenticated: bool,
}

/// Units and timers.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// Whether systemd runs as process 1.
    pub systemd_running: Option<bool>,
    /// Units enabled to start (services, sockets, timers, paths), sorted.
    pub enabled: Option<Vec<String>>,
    /// Services that are active, sorted. Absent when systemd does not run.
    pub active: Option<Vec<String>>,
    /// Units that failed, sorted. Absent when systemd does not run.
    pub failed: Option<Vec<String>>,
    /// Timers, sorted by name.
    pub timers: Option<Vec<Timer>>,
    /// Exposure of services that listen on a network, from `systemd-analyze security`, sorted by unit.
    pub exposure: Option<Vec<UnitExposure>>,
}

/// One timer.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// Unit.
    pub unit: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Day it was last triggered, start of the day in UTC; absent when never or not known.
    pub last_trigger_at: Option<Moment>,
}

/// How exposed a service is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitExposure {
    /// Unit.
    pub unit: String,
    /// Overall exposure in tenths, 0 (sandboxed) to 100 (open).
    pub exposure_tenths: u32,
}

/// The kernel's audit trail.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Whether auditd is installed.
    pub installed: Option<bool>,
    /// Whether the daemon runs.
    pub running: Option<bool>,
    /// Whether the kernel records (state 1 or 2).
    pub enabled: Option<bool>,
    /// Whether the configuration is locked until restart (state 2).
    pub immutable: Option<bool>,
    /// Rules loaded, in order, as `auditctl -l` writes them.
    pub rules: Option<Vec<String>>,
    /// Rules in the files that are loaded at boot, in order.
    pub configured_rules: Option<Vec<String>>,
    /// Whether the files end by locking the configuration (`-e 2`).
    pub configured_immutable: Option<bool>,
    /// Which events the loaded rules record.
    pub records: Option<AuditRecords>,
    /// What happens at full disk: `disk_full_action`, lower case.
    pub disk_full_action: Option<String>,
    /// What happens to full log files: `max_log_file_action`, lower case.
    pub max_log_file_action: Option<String>,
}

/// Events that the loaded rules record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditRecords {
    /// Writes to `/etc/passwd`.
    pub passwd: bool,
    /// Writes to `/etc/shadow`.
    pub shadow: bool,
    /// Writes to `/etc/group`.
    pub group: bool,
    /// Writes to `/etc/gshadow`.
    pub gshadow: bool,
    /// Writes to `/etc/sudoers` or `/etc/sudoers.d`.
    pub sudoers: bool,
    /// Writes to the password history.
    pub opasswd: bool,
    /// All of passwd, shadow, group, gshadow and sudoers.
    pub identity_files: bool,
    /// Commands run with raised rights: execve with effective user 0, or the set-id programs.
    pub privileged_commands: bool,
    /// Changes of the clock: adjtimex, settimeofday or clock_settime.
    pub time_change: bool,
    /// Loading and unloading of kernel modules.
    pub kernel_modules: bool,
    /// Session records: wtmp, btmp, utmp or lastlog.
    pub sessions: bool,
}

/// Journal, syslog, rotation, and who may read logs.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    /// Whether journald runs.
    pub journald_running: Option<bool>,
    /// `Storage`, lower case; `auto` when not set.
    pub journald_storage: Option<String>,
    /// Whether the journal outlives a restart.
    pub journald_persistent: Option<bool>,
    /// `MaxRetentionSec` in days; absent when not limited by time.
    pub journald_retention_days: Option<i64>,
    /// `ForwardToSyslog`.
    pub journald_forwards_to_syslog: Option<bool>,
    /// Syslog daemons installed, sorted: `rsyslog`, `syslog-ng`.
    pub syslog_installed: Option<Vec<String>>,
    /// Whether one of them runs.
    pub syslog_running: Option<bool>,
    /// Whether messages about logins reach a file or the journal: a syslog rule for auth or authpriv, or a journal.
    pub records_authentication: Option<bool>,
    /// Places outside this host that logs go to, sorted.
    pub forwarding: Option<Vec<LogForwarding>>,
    /// Programs installed that ship logs, sorted, e.g. `vector`, `fluent-bit`, `filebeat`.
    pub agents_installed: Option<Vec<String>>,
    /// Agents among them that run, sorted.
    pub agents_running: Option<Vec<String>>,
    /// Rotation of log files, sorted by pattern.
    pub rotation: Option<Vec<LogRotation>>,
    /// Days the files for messages and logins (syslog, messages, auth.log, secure) are kept at least; absent when there are
    /// none.
    pub retention_days: Option<i64>,
    /// Files under `/var/log` that others may read or write, or the group may write, sorted by path.
    pub loose_files: Option<Vec<LooseLogFile>>,
}

/// Where logs go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogForwarding {
    /// Host.
    pub host: String,
    /// Port, 0 when not written.
    pub port: u16,
    /// `udp`, `tcp`, `relp`, `http`, `https`.
    pub protocol: String,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Whether the receiver's identity is verified.
    pub authenticated: bool,
    /// Which program sends: `rsyslog`, `journal-upload`.
    pub via: String,
}

/// Rotation of one pattern of log files.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRotation {
    /// File pattern.
    pub pattern: String,
    /// `daily`, `weekly`, `monthly`, `yearly`, or `size`.
    pub frequency: String,
    /// Number of old files kept.
    pub rotate: i64,
    /// Days kept as frequency times number, or `maxage`; absent when rotation depends on size alone.
    pub retention_days: Option<i64>,
}

/// A log file open to more than its owner and group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LooseLogFile {
    /// Path.
    pub path: String,
    /// Permission bits in octal.
    pub mode: String,
    /// Whether others may read it.
    pub world_readable: bool,
    /// Whether others may write it.
    pub world_writable: bool,
    /// Whether the group may write it.
    pub group_writable: bool,
}

/// Mandatory access control.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mac {
    /// Security modules active in the kernel, in order; empty when the kernel has none.
    pub modules: Option<Vec<String>>,
    /// `absent`, `disabled`, `enabled`.
    pub apparmor: Option<String>,
    /// Number of AppArmor profiles in enforce mode.
    pub apparmor_enforced: Option<u32>,
    /// Number in complain mode.
    pub apparmor_complain: Option<u32>,
    /// `absent`, `disabled`, `permissive`, `enforcing`.
    pub selinux: Option<String>,
    /// Whether one of them enforces: AppArmor with at least one enforced profile, or SELinux enforcing.
    pub enforcing: Option<bool>,
}

/// Permissions of scheduled jobs.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cron {
    /// Whether cron is installed.
    pub installed: Option<bool>,
    /// Cron files and directories that exist, sorted by path.
    pub paths: Option<Vec<CronPath>>,
    /// Whether `/etc/cron.allow` exists, so only listed accounts may schedule.
    pub has_allow_list: Option<bool>,
    /// Accounts in `/etc/cron.allow`, sorted.
    pub allowed: Option<Vec<String>>,
    /// Accounts with a table of their own, sorted.
    pub users_with_tables: Option<Vec<String>>,
}

/// A cron file or directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CronPath {
    /// Path.
    pub path: String,
    /// Permission bits in octal.
    pub mode: String,
    /// Owner.
    pub owner_uid: u32,
    /// Whether somebody other than its owner may write it.
    pub is_writable_by_others: bool,
}

/// Container runtimes.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Containers {
    /// Runtimes installed, sorted: `containerd`, `docker`, `podman`, `lxc`, `kubelet` …
    pub runtimes: Option<Vec<String>>,
    /// Runtimes whose daemon runs, sorted.
    pub running: Option<Vec<String>>,
    /// Accounts in the `docker` group: as good as root; sorted.
    pub docker_group_members: Option<Vec<String>>,
}

/// Backups as this host knows them.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Tools installed, sorted: `borg`, `restic`, `duplicity`, `rsnapshot`, `bacula`, `pgbackrest` …
    pub tools: Option<Vec<String>>,
    /// Scheduled jobs that run such a tool, sorted by name.
    pub jobs: Option<Vec<BackupJob>>,
    /// Repositories named by jobs or settings, sorted by address.
    pub repositories: Option<Vec<BackupRepository>>,
}

/// One scheduled backup job.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupJob {
    /// Unit or file and line.
    pub name: String,
    /// Tool it runs.
    pub tool: String,
    /// `systemd` or `cron`.
    pub scheduler: String,
    /// Schedule as written.
    pub schedule: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// What it does, sorted: `backup`, `check`, `forget`, `prune`, `restore`.
    pub actions: Vec<String>,
    /// Retention options as written, sorted, e.g. `--keep-daily 7`.
    pub retention: Vec<String>,
    /// Whether the last run succeeded; absent when the scheduler keeps no result.
    pub last_run_succeeded: Option<bool>,
    /// When it last succeeded, as far as the scheduler or the repository tells.
    pub last_success_at: Option<Moment>,
}

/// A place where backups are kept.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupRepository {
    /// Tool.
    pub tool: String,
    /// Address without credentials.
    pub address: String,
    /// `local`, `sftp`, `ssh`, `s3`, `rest`, `rclone`, `azure`, `gs`, `b2`, `swift`.
    pub kind: String,
    /// Whether it lies on another machine.
    pub is_offsite: bool,
    /// Whether it is encrypted; absent when it cannot be told from here.
    pub encrypted: Option<bool>,
    /// Whether it is marked append-only; absent when it cannot be told from here.
    pub append_only: Option<bool>,
    /// Number of snapshots, for local repositories.
    pub snapshots: Option<u32>,
    /// Moment of the newest snapshot, for local repositories.
    pub newest_snapshot_at: Option<Moment>,
    /// Moment of the oldest snapshot that is kept, for local repositories.
    pub oldest_snapshot_at: Option<Moment>,
}

/// Programs that look for malware, intrusions and changed files.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    /// Products found, sorted by name. Empty when there is none.
    pub products: Option<Vec<ProtectionProduct>>,
}

/// One such program.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtectionProduct {
    /// Name, e.g. `clamav`, `aide`, `suricata`, `osquery`, `falco`, `wazuh-agent`.
    pub name: String,
    /// What it is for.
    pub kind: ProtectionKind,
    /// Whether a process of it runs; false for programs that run and end. Absent when processes could not be listed.
    pub running: Option<bool>,
    /// Whether its database or signatures exist; absent when it has none.
    pub initialized: Option<bool>,
    /// When its database or signatures were last written.
    pub database_at: Option<Moment>,
    /// When it last ran, by its own log.
    pub last_run_at: Option<Moment>,
}

/// What a protection program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProtectionKind {
    /// Looks for malware.
    Malware,
    /// Watches hosts for intrusions.
    HostIntrusion,
    /// Watches the network for intrusions.
    NetworkIntrusion,
    /// Compares files with a baseline.
    FileIntegrity,
    /// Blocks addresses after failed logins.
    LoginBlocking,
}

/// Certificate authorities the system trusts.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaStore {
    /// Number of certificates in the bundle.
    pub count: Option<u32>,
    /// Digest of the bundle.
    #[schemars(with = "Option<String>")]
    pub digest: Option<Digest>,
    /// Files added locally, sorted.
    pub local_additions: Option<Vec<String>>,
}
