//! The machine, its operating system, and what keeps it current.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::Moment;
use crate::Digest;

/// Which machine this is.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Host name as set in the kernel.
    pub hostname: Option<String>,
    /// Digest of `/etc/machine-id`; the id itself is meant to stay confidential.
    #[schemars(with = "Option<String>")]
    pub machine_id_digest: Option<Digest>,
    /// Kind of virtualization as far as it can be told.
    pub virtualization: Option<Virtualization>,
    /// Container technology, e.g. `docker`, `podman`, `lxc`; absent when it does not look like a container.
    pub container: Option<String>,
    /// Whether IPv6 is usable (the stack is present and not disabled for all interfaces).
    pub ipv6_enabled: Option<bool>,
    /// Whether the kernel forwards packets between interfaces, IPv4 or IPv6.
    pub forwards_packets: Option<bool>,
}

/// What the machine runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Virtualization {
    /// No sign of a hypervisor.
    Physical,
    /// A virtual machine.
    VirtualMachine,
    /// A container.
    Container,
}

/// The operating system.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Os {
    /// `ID` of os-release, e.g. `debian`.
    pub id: Option<String>,
    /// `VERSION_ID`, e.g. `12`.
    pub version: Option<String>,
    /// `VERSION_CODENAME`, e.g. `bookworm`.
    pub codename: Option<String>,
    /// `PRETTY_NAME`.
    pub name: Option<String>,
    /// Kernel release, e.g. `6.1.0-18-amd64`.
    pub kernel_release: Option<String>,
    /// Machine architecture, e.g. `x86_64`.
    pub architecture: Option<String>,
    /// End of free security support of the release, from the dated table in this program. Absent, with a gap, when the
    /// table does not know the release.
    pub support_end_at: Option<Moment>,
    /// End of paid or volunteer extended support, when there is any.
    pub extended_support_end_at: Option<Moment>,
    /// Date of the table of support dates, e.g. `2026-11-01`.
    pub support_table_date: Option<String>,
}

/// Installed packages.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// The package manager, e.g. `dpkg`.
    pub manager: Option<String>,
    /// Installed packages, sorted by name.
    pub installed: Option<Vec<Package>>,
    /// Installed packages that bring services with clear-text logins (telnet, rsh, tftp, ftp, NIS servers), sorted.
    pub insecure_services: Option<Vec<String>>,
    /// Packages that are neither fully installed nor removed, sorted.
    pub broken: Option<Vec<String>>,
}

/// One installed package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Name, with `:architecture` when foreign.
    pub name: String,
    /// Version.
    pub version: String,
}

/// Language runtimes, databases and servers with a published end of life.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtimes {
    /// What was recognized among the installed packages, sorted by name and series.
    pub found: Option<Vec<Runtime>>,
}

/// One runtime or database.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// Product, e.g. `postgresql`, `python`, `nodejs`.
    pub product: String,
    /// Series the dates are given for, e.g. `15`, `3.11`.
    pub series: String,
    /// Package it was recognized by.
    pub package: String,
    /// Whether the distribution supports this package with its own security updates, so that the dates of the
    /// distribution apply rather than the project's.
    pub is_distribution_package: bool,
    /// End of life by the project itself; absent when the table does not know the series.
    pub support_end_at: Option<Moment>,
}

/// Pending updates.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Updates {
    /// Updates that an upgrade would install now, sorted by name. Absent when no simulation was made.
    pub pending: Option<Vec<PendingUpdate>>,
    /// What was pending at the last look that knew, when this one does not: a memory of first sights, so that an update does
    /// not grow younger by a look that failed or was switched off. Proves nothing about now.
    pub remembered: Option<Vec<RememberedUpdate>>,
    /// Number of pending updates from a security origin.
    pub pending_security: Option<u32>,
    /// When the package lists were last fetched.
    pub lists_refreshed_at: Option<Moment>,
    /// Whether a restart of the machine is asked for.
    pub reboot_required: Option<bool>,
    /// Since when.
    pub reboot_required_since_at: Option<Moment>,
    /// Packages that ask for the restart, sorted.
    pub reboot_required_by: Option<Vec<String>>,
    /// Programs that still run deleted (replaced) program or library files, by name, sorted.
    pub programs_on_deleted_files: Option<Vec<String>>,
    /// Packages held back by choice, sorted.
    pub held: Option<Vec<String>>,
}

/// One pending update.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingUpdate {
    /// Package.
    pub name: String,
    /// Installed version; absent for a package that would be newly installed.
    pub installed: Option<String>,
    /// Version that would be installed.
    pub candidate: String,
    /// Where it comes from, e.g. `Debian-Security:12/oldstable-security`.
    pub origin: String,
    /// Whether the origin is a security one.
    pub is_security: bool,
    /// When this candidate was first seen pending: by an earlier look, else by this one.
    pub first_seen_at: Moment,
}

/// An update that was pending at an earlier look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RememberedUpdate {
    /// Package.
    pub name: String,
    /// Version that would have been installed.
    pub candidate: String,
    /// When it was first seen pending.
    pub first_seen_at: Moment,
}

/// Automatic installation of security updates.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoUpdates {
    /// Whether a tool for it is installed.
    pub installed: Option<bool>,
    /// The tool, e.g. `unattended-upgrades`.
    pub tool: Option<String>,
    /// Whether package lists are refreshed periodically (`APT::Periodic::Update-Package-Lists` above 0).
    pub refreshes_lists: Option<bool>,
    /// Whether upgrades run periodically (`APT::Periodic::Unattended-Upgrade` above 0).
    pub runs_upgrades: Option<bool>,
    /// Whether the allowed origins include a security one.
    pub covers_security: Option<bool>,
    /// Allowed origins or patterns as configured.
    pub allowed_origins: Option<Vec<String>>,
    /// Packages excluded by pattern.
    pub excluded: Option<Vec<String>>,
    /// Whether it restarts the machine by itself when needed.
    pub reboots: Option<bool>,
    /// All of the above that matters: installed, periodic, and covering security.
    pub security_on: Option<bool>,
}

/// Package sources and signature settings.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Apt {
    /// Enabled sources, sorted by file and address.
    pub sources: Option<Vec<AptSource>>,
    /// Settings that let unsigned or unverified packages in, as `name=value`, sorted; empty when signatures are enforced.
    pub signature_exceptions: Option<Vec<String>>,
}

/// One enabled package source.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AptSource {
    /// File it is written in.
    pub file: String,
    /// Address without credentials.
    pub uri: String,
    /// Host of the address; absent for local ones.
    pub host: Option<String>,
    /// Suite, e.g. `bookworm-security`.
    pub suite: String,
    /// Components, e.g. `main`.
    pub components: Vec<String>,
    /// Key ring it is bound to; absent when any trusted key may sign it.
    pub signed_by: Option<String>,
    /// Whether `trusted=yes` or an allow-insecure option switches verification off.
    pub is_trusted_blindly: bool,
    /// Whether the address is encrypted in transit or local.
    pub is_encrypted_transport: bool,
}
