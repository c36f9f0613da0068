//! A Linux host: what is fetched and how it becomes a facts document of schema `host/1`.
//!
//! One folder per subject: `fetch.rs` (and its like) reads files and runs programs, the other files turn redacted text
//! into facts and do nothing else. A look never fails as a whole: it returns what could be seen, and gaps.

mod access;
mod account;
mod hardening;
mod look;
mod network;
mod operation;
mod process;
mod storage;
mod system;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tickmark_core::observation::host::{HostFacts, SCHEMA};
use tickmark_core::observation::{Collected, TargetRef};
use tickmark_core::{Digest, Timestamp};

use look::Look;

/// How far a look at a host may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// Folder that holds the system's files; `/` for the running system. With another folder no program is run.
    pub root: PathBuf,
    /// Time a program may take; heavy ones get ten times as much.
    pub command_timeout: Duration,
    /// Bytes taken of one file or answer.
    pub output_limit_bytes: usize,
    /// Whether to simulate an upgrade, which takes seconds.
    pub simulate_upgrades: bool,
    /// Whether to walk the system's folders and rate the sandboxing of services, which takes seconds.
    pub walk_files: bool,
    /// Files the walk looks at, at most.
    pub walk_limit_files: u64,
    /// Seconds the walk takes, at most.
    pub walk_limit_seconds: u64,
    /// Whether to compare installed files with their packages, which takes minutes.
    pub verify_packages: bool,
    /// Folders searched for programs.
    pub search_path: Vec<PathBuf>,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
            command_timeout: Duration::from_secs(10),
            output_limit_bytes: 8 * 1024 * 1024,
            simulate_upgrades: true,
            walk_files: true,
            walk_limit_files: 1_000_000,
            walk_limit_seconds: 30,
            verify_packages: false,
            search_path: ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
                .map(PathBuf::from)
                .to_vec(),
        }
    }
}

/// Looks at the host once.
///
/// `clock` gives moments of the look; facts hold none of them but the first sight of pending updates, authorized keys and
/// WireGuard peers, which are carried over from `previous`, the facts of the last look. `progress` hears what is looked
/// at next.
pub fn collect(
    settings: &HostSettings,
    clock: &dyn Fn() -> Timestamp,
    previous: Option<&Value>,
    progress: &mut dyn FnMut(&str),
) -> Collected {
    let previous = previous.and_then(|facts| serde_json::from_value(facts.clone()).ok());
    let mut look = Look::new(settings, clock, previous);
    let mut facts = sections(&mut look, progress);
    let started = look.started;
    let finished = clock();
    let (gaps, artifacts) = look.finish();
    facts.gaps = gaps.clone();
    Collected {
        target: target(&facts),
        schema: SCHEMA.to_owned(),
        facts: serde_json::to_value(&facts).expect("facts have text keys and whole numbers only"),
        gaps,
        artifacts,
        collector: concat!("host ", env!("CARGO_PKG_VERSION")).to_owned(),
        started,
        finished,
    }
}

/// Fields that follow from the list of processes.
const FIELDS_OF_PROCESSES: [&str; 11] = [
    "audit.running",
    "containers.running",
    "firewall.firewalld",
    "logging.agents_running",
    "logging.journald_running",
    "logging.records_authentication",
    "logging.syslog_running",
    "protection.products.running",
    "sshd.running",
    "time_sync.active",
    "time_sync.daemon",
];

/// Fills the sections in an order in which earlier ones explain later ones.
fn sections(look: &mut Look<'_>, progress: &mut dyn FnMut(&str)) -> HostFacts {
    let mut facts = HostFacts::default();
    progress("processes and packages");
    let processes = process::list(look);
    match processes {
        Ok(processes) => look.processes = Some(processes),
        Err(miss) => look.gaps_for("", &FIELDS_OF_PROCESSES, &miss),
    }
    let inventory = system::inventory(look);
    progress("system");
    let sysctl = hardening::sysctl(look);
    let host = system::host(look, &sysctl);
    let os = system::os(look);
    facts.packages = Some(system::packages(look, inventory.as_ref()));
    facts.runtimes = Some(system::runtimes(look, inventory.as_ref().map(|found| found.installed.as_slice())));
    facts.kernel_modules = Some(hardening::kernel_modules(look, os.kernel_release.as_deref()));
    facts.hardening = Some(hardening::hardening(look));
    progress("accounts");
    let accounts = account::accounts(look);
    let pam = account::pam(look);
    facts.sudo = Some(account::sudo(look, host.hostname.as_deref().unwrap_or_default(), Some(&accounts)));
    facts.session = Some(account::session(look, &pam, Some(&accounts)));
    progress("remote access");
    let sshd = access::sshd(look);
    facts.authorized_keys = Some(access::authorized_keys(look, &sshd, Some(&accounts)));
    facts.wireguard = Some(access::wireguard(look));
    progress("network");
    facts.sockets = Some(network::sockets(look));
    facts.firewall = Some(network::firewall(look));
    progress("storage");
    let (disks, mounts, swap) = storage::disks_mounts_swap(look);
    facts.usage = Some(storage::usage(look, &mounts));
    progress("services and logs");
    facts.time_sync = Some(operation::time_sync(look));
    facts.services = Some(operation::services(look));
    facts.audit = Some(operation::audit(look));
    facts.logging = Some(operation::logging(look));
    facts.mac = Some(operation::mac(look));
    facts.cron = Some(operation::cron(look));
    facts.containers = Some(operation::containers(look, Some(&accounts)));
    facts.backup = Some(operation::backup(look));
    facts.protection = Some(operation::protection(look));
    facts.ca_store = Some(operation::ca_store(look));
    progress("updates");
    let (auto_updates, settings) = system::auto_updates(look);
    facts.apt = Some(system::apt(look, settings.as_ref()));
    facts.updates = Some(system::updates(look, inventory.as_ref()));
    progress("files");
    facts.files = Some(storage::files(look, Some(&accounts)));
    facts.package_integrity = Some(storage::package_integrity(look));
    facts.auto_updates = Some(auto_updates);
    facts.accounts = Some(accounts);
    facts.pam = Some(pam);
    facts.sshd = Some(sshd);
    facts.sysctl = Some(sysctl);
    facts.host = Some(host);
    facts.os = Some(os);
    facts.disks = Some(disks);
    facts.mounts = Some(mounts);
    facts.swap = Some(swap);
    facts
}

/// Names the host by its machine id, which survives renaming, else by its host name.
fn target(facts: &HostFacts) -> TargetRef {
    let host = facts.host.as_ref();
    let name = host.and_then(|host| host.hostname.clone()).unwrap_or_else(|| "unnamed host".to_owned());
    let identity =
        host.and_then(|host| host.machine_id_digest).unwrap_or_else(|| Digest::of(name.as_bytes()));
    TargetRef { kind: "host".to_owned(), external_id: identity.to_string(), name }
}
