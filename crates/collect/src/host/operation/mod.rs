//! What runs: time, services, audit trail, logs, protection, backups, scheduled jobs.

mod audit;
mod backup;
mod fetch;
mod logging;
mod logs;
mod services;
mod time_sync;
mod watch;

pub(crate) use backup::backup;
pub(crate) use fetch::{audit, ca_store, containers, cron, mac};
pub(crate) use logs::logging;
pub(crate) use services::{is_enabled, services};
pub(crate) use time_sync::time_sync;
pub(crate) use watch::protection;
