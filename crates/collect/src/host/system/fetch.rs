//! Reads what the machine and its package manager say.

use tickmark_core::Digest;
use tickmark_core::evidence::Method;
use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::hardening::Sysctl;
use tickmark_core::observation::host::system::{
    Apt, AutoUpdates, Host, Os, Package, Packages, Runtime, Runtimes, Updates, Virtualization,
};

use super::{apt as sources, lifetimes, packages as status, upgrade};
use crate::host::look::{Look, Manner, Miss, Weight};
use crate::host::process::on_deleted_files;
use crate::host::text::{assignment, sorted};

const DPKG_STATUS: &str = "/var/lib/dpkg/status";
/// The status file of a machine with many thousand packages.
const DPKG_LIMIT: usize = 64 * 1024 * 1024;
const LISTS: &str = "/var/lib/apt/lists";

/// Reads which machine this is.
pub(crate) fn host(look: &mut Look<'_>, sysctl: &Sysctl) -> Host {
    let hostname = look.bytes("/proc/sys/kernel/hostname").or_else(|_| look.bytes("/etc/hostname"));
    let hostname =
        look.seen("host.hostname", hostname).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let machine_id = look.bytes("/etc/machine-id").and_then(|bytes| match bytes.trim_ascii() {
        [] => Err(Miss::new(ReasonClass::NotPresent, "/etc/machine-id is empty")),
        id => Ok(Digest::of(id)),
    });
    let container = container(look);
    let stack = look.exists("/proc/net/if_inet6");
    Host {
        hostname,
        machine_id_digest: look.seen("host.machine_id_digest", machine_id),
        virtualization: virtualization(look, container.is_some()),
        container,
        ipv6_enabled: Some(stack && sysctl.net_ipv6_conf_all_disable_ipv6 != Some(1)),
        forwards_packets: sysctl
            .net_ipv4_ip_forward
            .map(|value| value != 0 || sysctl.net_ipv6_conf_all_forwarding.unwrap_or(0) != 0),
    }
}

fn container(look: &Look<'_>) -> Option<String> {
    if look.exists("/.dockerenv") {
        return Some("docker".to_owned());
    }
    if look.exists("/run/.containerenv") {
        return Some("podman".to_owned());
    }
    // systemd writes the name its manager was told.
    let name = look.bytes("/run/systemd/container").ok()?;
    Some(String::from_utf8_lossy(&name).trim().to_owned()).filter(|name| !name.is_empty())
}

fn virtualization(look: &mut Look<'_>, in_container: bool) -> Option<Virtualization> {
    if in_container {
        return Some(Virtualization::Container);
    }
    // The flag is set on processors that run under a hypervisor; other architectures do not say.
    let cpu = look.bytes("/proc/cpuinfo");
    let cpu = look.seen("host.virtualization", cpu)?;
    let text = String::from_utf8_lossy(&cpu);
    let flags = text.lines().find(|line| line.starts_with("flags"))?;
    let is_virtual = flags.split_whitespace().any(|flag| flag == "hypervisor");
    Some(if is_virtual { Virtualization::VirtualMachine } else { Virtualization::Physical })
}

/// Reads the operating system and how long it is supported.
pub(crate) fn os(look: &mut Look<'_>) -> Os {
    let release = look.read("/etc/os-release").or_else(|_| look.read("/usr/lib/os-release"));
    let release = look.seen("os.id", release).unwrap_or_default();
    let value = |name: &str| assignment(&release, name).map(str::to_owned);
    let kernel = look.bytes("/proc/sys/kernel/osrelease");
    let kernel = look.seen("os.kernel_release", kernel);
    let (id, version) = (value("ID"), value("VERSION_ID"));
    let life =
        id.as_deref().zip(version.as_deref()).and_then(|(id, version)| lifetimes::release(id, version));
    if life.is_none() {
        let detail = format!(
            "no support dates for {} {} in the table of {}",
            id.as_deref().unwrap_or("an unknown system"),
            version.as_deref().unwrap_or("without version"),
            lifetimes::TABLE_DATE
        );
        look.gap("os.support_end_at", &Miss::new(ReasonClass::Unsupported, detail));
    }
    Os {
        id,
        version,
        codename: value("VERSION_CODENAME"),
        name: value("PRETTY_NAME"),
        kernel_release: kernel.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()),
        architecture: look
            .is_live()
            .then(|| rustix::system::uname().machine().to_string_lossy().into_owned()),
        support_end_at: life.map(|(end, _)| end),
        extended_support_end_at: life.and_then(|(_, extended)| extended),
        support_table_date: Some(lifetimes::TABLE_DATE.to_owned()),
    }
}

/// Reads installed packages. Run first: other sections ask what is installed.
pub(crate) fn inventory(look: &mut Look<'_>) -> Result<status::Status, Miss> {
    let bytes = match look.bytes_up_to(DPKG_STATUS, DPKG_LIMIT) {
        Err(miss) if miss.is_not_present() => {
            return Err(Miss::new(
                ReasonClass::Unsupported,
                "only dpkg is understood, and it is not used here",
            ));
        }
        other => other?,
    };
    let native =
        look.bytes("/var/lib/dpkg/arch").ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let native = native.as_deref().and_then(|text| text.lines().next()).unwrap_or(std::env::consts::ARCH);
    let native = if native == "x86_64" { "amd64" } else { native };
    let found = status::observe(&bytes, native);
    let text: String =
        found.installed.iter().map(|package| format!("{} {}\n", package.name, package.version)).collect();
    let path = format!("{DPKG_STATUS} (name and version of installed packages)");
    look.keep_extract("installed-packages", Method::File { path }, &text);
    look.packages = Some(status::by_name(&found.installed));
    Ok(found)
}

/// Turns the inventory into facts.
pub(crate) fn packages(look: &mut Look<'_>, inventory: Result<&status::Status, &Miss>) -> Packages {
    match inventory {
        Ok(found) => Packages {
            manager: Some("dpkg".to_owned()),
            insecure_services: Some(status::insecure(&found.installed)),
            broken: Some(found.broken.clone()),
            installed: Some(found.installed.clone()),
        },
        Err(miss) => {
            look.gap("packages", miss);
            Packages::default()
        }
    }
}

/// Recognizes runtimes and databases among the packages.
pub(crate) fn runtimes(look: &mut Look<'_>, installed: Result<&[Package], &Miss>) -> Runtimes {
    let installed = match installed {
        Ok(installed) => installed,
        Err(miss) => {
            look.gap("runtimes", miss);
            return Runtimes::default();
        }
    };
    let mut found: Vec<Runtime> = installed
        .iter()
        .filter_map(|package| {
            let (product, series) = lifetimes::recognize(&package.name, &package.version)?;
            Some(Runtime {
                support_end_at: lifetimes::runtime(product, &series),
                product: product.to_owned(),
                series,
                package: package.name.clone(),
                is_distribution_package: is_distribution_version(&package.version),
            })
        })
        .collect();
    found.sort_by(|one, two| (&one.product, &one.series).cmp(&(&two.product, &two.series)));
    found.dedup_by(|one, two| (&one.product, &one.series) == (&two.product, &two.series));
    Runtimes { found: Some(found) }
}

/// Versions of distributions end in a revision like `-0+deb12u1` or `-1ubuntu3`; those of projects carry their own mark.
fn is_distribution_version(version: &str) -> bool {
    let revision = version.rsplit_once('-').map_or("", |(_, revision)| revision);
    let foreign = ["pgdg", "nodesource", "mariadb", "sury", "maria"];
    revision.starts_with(|c: char| c.is_ascii_digit()) && !foreign.iter().any(|mark| version.contains(mark))
}

/// Reads pending updates and restarts.
pub(crate) fn updates(look: &mut Look<'_>, inventory: Result<&status::Status, &Miss>) -> Updates {
    let mut facts = Updates { held: inventory.ok().map(|found| found.held.clone()), ..Updates::default() };
    let refreshed = lists_refreshed_at(look);
    facts.lists_refreshed_at = look.seen("updates.lists_refreshed_at", refreshed);
    reboot(look, &mut facts);
    let (stale, refused) = on_deleted_files(look);
    if let Some(miss) = &refused {
        look.gap("updates.programs_on_deleted_files", miss);
    }
    // One program found is a finding; none found proves nothing when not all could be looked into.
    facts.programs_on_deleted_files = (refused.is_none() || !stale.is_empty()).then_some(stale);
    let pending = pending(look);
    let earlier = look
        .previous
        .as_ref()
        .and_then(|facts| facts.updates.as_ref())
        .map(upgrade::memory)
        .unwrap_or_default();
    match pending {
        Ok(mut pending) => {
            upgrade::keep_first_seen(&mut pending, &earlier);
            let security = pending.iter().filter(|update| update.is_security).count();
            facts.pending_security = u32::try_from(security).ok();
            facts.pending = Some(pending);
        }
        Err(miss) => {
            look.gaps_for("updates", &["pending", "pending_security"], &miss);
            facts.remembered = (!earlier.is_empty()).then_some(earlier);
        }
    }
    facts
}

fn pending(
    look: &mut Look<'_>,
) -> Result<Vec<tickmark_core::observation::host::system::PendingUpdate>, Miss> {
    if !look.settings.simulate_upgrades {
        return Err(Miss::new(ReasonClass::NotCollected, "the upgrade simulation is switched off"));
    }
    let arguments = [
        "-s",
        "-q",
        "-o",
        "Debug::NoLocking=1",
        "-o",
        "APT::Get::Show-User-Simulation-Note=0",
        "upgrade",
        "--with-new-pkgs",
    ];
    let manner = Manner { weight: Weight::Heavy, ..Manner::default() };
    let text = look.run_as("simulated-upgrade", "apt-get", &arguments, manner)?;
    Ok(upgrade::observe(&text, look.now()))
}

/// The newest of the fetched lists and of apt's own mark of success.
fn lists_refreshed_at(look: &Look<'_>) -> Result<Moment, Miss> {
    let stamps = ["update-success-stamp", "update-stamp"]
        .map(|name| look.stat(&format!("/var/lib/apt/periodic/{name}")));
    let mut newest = stamps.into_iter().flatten().map(|stat| stat.modified_at).max();
    let paths = look.paths_in(LISTS, |name| name.ends_with("InRelease") || name.ends_with("_Release"))?;
    for path in paths {
        // The time of the file is the one the server gave; the change of the inode is when it was fetched here.
        let metadata = std::fs::metadata(look.under_root(&path));
        let changed = metadata.map(|metadata| Moment(std::os::unix::fs::MetadataExt::ctime(&metadata))).ok();
        newest = newest.max(changed);
    }
    newest.ok_or_else(|| Miss::new(ReasonClass::NotPresent, format!("{LISTS} holds no package lists")))
}

fn reboot(look: &mut Look<'_>, facts: &mut Updates) {
    match look.stat("/run/reboot-required") {
        Ok(stat) => {
            facts.reboot_required = Some(true);
            facts.reboot_required_since_at = Some(stat.modified_at);
            let by = look.read("/run/reboot-required.pkgs").unwrap_or_default();
            facts.reboot_required_by = Some(sorted(by.lines().map(str::to_owned).collect()));
        }
        Err(miss) if miss.is_not_present() && look.exists("/run") => {
            facts.reboot_required = Some(false);
            facts.reboot_required_by = Some(Vec::new());
        }
        Err(miss) => look.gap("updates.reboot_required", &miss),
    }
}

/// Reads package sources and signature settings.
pub(crate) fn apt(look: &mut Look<'_>, settings: Result<&Settings, &Miss>) -> Apt {
    let mut facts = Apt::default();
    let texts = source_texts(look);
    let found = look.seen("apt.sources", texts).map(|texts| {
        let mut all: Vec<_> = texts.iter().flat_map(|(path, text)| sources::sources(path, text)).collect();
        all.sort_by(|one, two| (&one.file, &one.uri, &one.suite).cmp(&(&two.file, &two.uri, &two.suite)));
        all
    });
    facts.sources = found;
    match settings {
        Ok(settings) => facts.signature_exceptions = Some(sources::signature_exceptions(settings)),
        Err(miss) => look.gap("apt.signature_exceptions", miss),
    }
    facts
}

/// Settings of apt, name and value.
pub(crate) type Settings = Vec<(String, String)>;

fn source_texts(look: &mut Look<'_>) -> Result<Vec<(String, String)>, Miss> {
    if !look.exists("/etc/apt") {
        return Err(Miss::new(ReasonClass::NotPresent, "/etc/apt does not exist"));
    }
    let mut paths = vec!["/etc/apt/sources.list".to_owned()];
    paths.extend(
        look.paths_in("/etc/apt/sources.list.d", |name| {
            name.ends_with(".list") || name.ends_with(".sources")
        })?,
    );
    look.read_set("package-sources", &paths)
}

/// Reads the settings files of apt in their order.
fn apt_settings(look: &mut Look<'_>) -> Result<Settings, Miss> {
    if !look.exists("/etc/apt") {
        return Err(Miss::new(ReasonClass::NotPresent, "/etc/apt does not exist"));
    }
    // Names with another ending are ignored by apt; names without ending count.
    let mut paths =
        look.paths_in("/etc/apt/apt.conf.d", |name| !name.contains('.') || name.ends_with(".conf"))?;
    paths.push("/etc/apt/apt.conf".to_owned());
    let texts = look.read_set("apt-settings", &paths)?;
    Ok(texts.iter().flat_map(|(_, text)| sources::settings(text)).collect())
}

/// Reads automatic updates, and returns the settings for [`apt`].
pub(crate) fn auto_updates(look: &mut Look<'_>) -> (AutoUpdates, Result<Settings, Miss>) {
    let settings = apt_settings(look);
    let facts = match &settings {
        Ok(settings) => {
            let installed = look.has_package("unattended-upgrades") || look.has_program("unattended-upgrade");
            sources::auto_updates(settings, installed)
        }
        Err(miss) => {
            look.gap("auto_updates", miss);
            AutoUpdates::default()
        }
    };
    (facts, settings)
}
