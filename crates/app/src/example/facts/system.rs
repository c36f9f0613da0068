//! The machine, its packages and disks.

use tickmark_core::Digest;
use tickmark_core::observation::host::hardening::{Hardening, KernelModules, Sysctl};
use tickmark_core::observation::host::storage::{
    BlockDevice, Disks, Files, FilesystemUsage, Luks, Mount, Mounts, PackageIntegrity, SetIdFile, Swap, Usage,
};
use tickmark_core::observation::host::system::{
    Apt, AptSource, AutoUpdates, Host, Os, Package, Packages, PendingUpdate, Runtime, Runtimes, Updates,
    Virtualization,
};
use tickmark_core::observation::host::{HostFacts, Moment};

use super::{Look, texts};
use crate::example::company::Role;

/// End of security support of the release, 2028-08-09, and of the volunteers' support, 2030-06-30.
const SUPPORT_END: (Moment, Moment) = (Moment(1_849_392_000), Moment(1_909_008_000));
/// End of the runtime of the application, 2029-04-30.
const RUNTIME_END: Moment = Moment(1_872_201_600);
/// Packages for which the example sees security updates.
const UPDATED: [&str; 8] =
    ["curl", "libssl3", "linux-image-amd64", "nginx", "openssh-server", "postgresql-17", "sudo", "systemd"];
/// Gigabyte in bytes.
const GB: u64 = 1_000_000_000;

pub(super) fn fill(look: &Look<'_>, facts: &mut HostFacts) {
    let is_web = look.is(Role::Web);
    facts.host = Some(Host {
        hostname: Some(look.host.name()),
        machine_id_digest: Some(Digest::of(&look.host.machine.0)),
        virtualization: Some(Virtualization::VirtualMachine),
        container: None,
        ipv6_enabled: Some(is_web),
        forwards_packets: Some(false),
    });
    facts.os = Some(Os {
        id: Some("debian".into()),
        version: Some("13".into()),
        codename: Some("trixie".into()),
        name: Some("Debian GNU/Linux 13 (trixie)".into()),
        kernel_release: Some("6.12.0-example-amd64".into()),
        architecture: Some("x86_64".into()),
        support_end_at: Some(SUPPORT_END.0),
        extended_support_end_at: Some(SUPPORT_END.1),
        support_table_date: Some("2025-11-01".into()),
    });
    facts.packages = Some(packages(look));
    facts.runtimes = Some(runtimes(look));
    facts.updates = Some(updates(look));
    facts.auto_updates = Some(AutoUpdates {
        installed: Some(true),
        tool: Some("unattended-upgrades".into()),
        refreshes_lists: Some(true),
        runs_upgrades: Some(true),
        covers_security: Some(true),
        allowed_origins: Some(texts(&["origin=Debian,codename=trixie-security"])),
        excluded: Some(Vec::new()),
        reboots: Some(false),
        security_on: Some(true),
    });
    facts.apt = Some(Apt {
        sources: Some(["trixie", "trixie-security"].map(source).to_vec()),
        signature_exceptions: Some(Vec::new()),
    });
    facts.sysctl = Some(sysctl(is_web));
    facts.kernel_modules = Some(KernelModules {
        loadable: Some(true),
        loaded: Some(texts(&["dm_crypt", "ext4", "nf_tables", "virtio_net"])),
        blocked: Some(texts(&["cramfs", "usb-storage"])),
        usb_storage_blocked: Some(true),
    });
    facts.hardening = Some(Hardening {
        core_limit_zero: Some(true),
        coredump_storage: Some("none".into()),
        secure_boot: Some("enabled".into()),
        boot_loader: Some("grub".into()),
        boot_loader_password: Some(false),
        boot_loader_config_mode: Some("0400".into()),
        lockdown: Some("integrity".into()),
        has_login_banner: Some(true),
    });
    storage(look, facts);
}

fn packages(look: &Look<'_>) -> Packages {
    let week = look.maintained() / 7;
    let mut names =
        vec!["auditd", "chrony", "clamav", "curl", "nftables", "openssh-server", "rsyslog", "sudo"];
    names.extend(match look.host.role {
        Role::Web => ["nginx", "certbot"],
        Role::App => ["larkspur-app", "nodejs"],
        Role::Data => ["postgresql-17", "restic"],
    });
    names.sort_unstable();
    let installed = names
        .into_iter()
        .map(|name| Package { name: name.to_owned(), version: format!("1.{}-example1", week / 4) })
        .collect();
    Packages {
        manager: Some("dpkg".into()),
        installed: Some(installed),
        insecure_services: Some(Vec::new()),
        broken: Some(Vec::new()),
    }
}

fn runtimes(look: &Look<'_>) -> Runtimes {
    let found = match look.host.role {
        Role::Web => Vec::new(),
        Role::App => vec![Runtime {
            product: "nodejs".into(),
            series: "26".into(),
            package: "nodejs".into(),
            is_distribution_package: false,
            support_end_at: Some(RUNTIME_END),
        }],
        Role::Data => vec![Runtime {
            product: "postgresql".into(),
            series: "17".into(),
            package: "postgresql-17".into(),
            is_distribution_package: true,
            support_end_at: None,
        }],
    };
    Runtimes { found: Some(found) }
}

/// Up to three security updates come each week and are gone by the maintenance of the next.
fn updates(look: &Look<'_>) -> Updates {
    let week = u64::from(look.maintained());
    let place = |detail: &str| format!("updates/{}/{detail}", look.host.number);
    let count = look.chance.below(4, &place("count"), week);
    let mut pending: Vec<PendingUpdate> = (0..count)
        .map(|index| {
            update(
                look.chance.pick::<&str>(&UPDATED, &place("name"), week * 4 + index),
                look.maintained(),
                look,
            )
        })
        .collect();
    pending.sort_by(|a, b| a.name.cmp(&b.name));
    pending.dedup_by(|a, b| a.name == b.name);
    Updates {
        pending_security: Some(u32::try_from(pending.len()).expect("a few")),
        pending: Some(pending),
        remembered: None,
        lists_refreshed_at: Some(look.maintenance(1)),
        reboot_required: Some(false),
        reboot_required_since_at: None,
        reboot_required_by: Some(Vec::new()),
        programs_on_deleted_files: Some(Vec::new()),
        held: Some(Vec::new()),
    }
}

/// Returns a pending security update that was first seen on a day.
pub(in crate::example) fn update(name: &str, first_seen: u32, look: &Look<'_>) -> PendingUpdate {
    PendingUpdate {
        name: name.to_owned(),
        installed: Some(format!("1.{}-example1", first_seen / 28)),
        candidate: format!("1.{}-example2", first_seen / 28),
        origin: "Debian-Security:13/stable-security".into(),
        is_security: true,
        first_seen_at: look.on(first_seen),
    }
}

fn source(suite: &str) -> AptSource {
    AptSource {
        file: "/etc/apt/sources.list.d/larkspur.sources".into(),
        uri: "https://packages.larkspur.example/debian".into(),
        host: Some("packages.larkspur.example".into()),
        suite: suite.to_owned(),
        components: texts(&["main"]),
        signed_by: Some("/usr/share/keyrings/larkspur.gpg".into()),
        is_trusted_blindly: false,
        is_encrypted_transport: true,
    }
}

fn sysctl(has_ipv6: bool) -> Sysctl {
    let six = |value| has_ipv6.then_some(value);
    Sysctl {
        fs_protected_fifos: Some(1),
        fs_protected_hardlinks: Some(1),
        fs_protected_regular: Some(2),
        fs_protected_symlinks: Some(1),
        fs_suid_dumpable: Some(0),
        kernel_dmesg_restrict: Some(1),
        kernel_kexec_load_disabled: Some(1),
        kernel_kptr_restrict: Some(2),
        kernel_perf_event_paranoid: Some(3),
        kernel_randomize_va_space: Some(2),
        kernel_sysrq: Some(0),
        kernel_unprivileged_bpf_disabled: Some(1),
        kernel_yama_ptrace_scope: Some(1),
        net_ipv4_conf_all_accept_redirects: Some(0),
        net_ipv4_conf_all_accept_source_route: Some(0),
        net_ipv4_conf_all_log_martians: Some(1),
        net_ipv4_conf_all_rp_filter: Some(1),
        net_ipv4_conf_all_secure_redirects: Some(0),
        net_ipv4_conf_all_send_redirects: Some(0),
        net_ipv4_conf_default_accept_redirects: Some(0),
        net_ipv4_conf_default_accept_source_route: Some(0),
        net_ipv4_conf_default_rp_filter: Some(1),
        net_ipv4_conf_default_secure_redirects: Some(0),
        net_ipv4_conf_default_send_redirects: Some(0),
        net_ipv4_icmp_echo_ignore_broadcasts: Some(1),
        net_ipv4_icmp_ignore_bogus_error_responses: Some(1),
        net_ipv4_ip_forward: Some(0),
        net_ipv4_tcp_syncookies: Some(1),
        net_ipv6_conf_all_accept_ra: six(0),
        net_ipv6_conf_all_accept_redirects: six(0),
        net_ipv6_conf_all_accept_source_route: six(0),
        net_ipv6_conf_all_disable_ipv6: Some(i64::from(!has_ipv6)),
        net_ipv6_conf_all_forwarding: six(0),
        net_ipv6_conf_default_accept_redirects: six(0),
        net_ipv6_conf_default_accept_source_route: six(0),
    }
}

fn storage(look: &Look<'_>, facts: &mut HostFacts) {
    let data = if look.is(Role::Data) { "/var/lib/postgresql" } else { "/var" };
    facts.mounts = Some(Mounts {
        mounted: Some(vec![
            mount("/", "/dev/mapper/root", true, &["relatime", "rw"]),
            mount("/boot", "/dev/vda1", false, &["nodev", "noexec", "nosuid", "rw"]),
            mount(data, "/dev/mapper/data", true, &["nodev", "nosuid", "rw"]),
        ]),
    });
    let device =
        |name: &str, kind: &str, gigabytes: u64, parents: &[&str], at: &[&str], encrypted| BlockDevice {
            name: name.to_owned(),
            kind: kind.to_owned(),
            size_bytes: gigabytes * GB,
            fstype: Some(
                if kind == "part" && !at.contains(&"/boot") { "crypto_LUKS" } else { "ext4" }.into(),
            ),
            parents: texts(parents),
            mountpoints: texts(at),
            encrypted,
            is_removable: false,
        };
    facts.disks = Some(Disks {
        devices: Some(vec![
            device("data", "crypt", 60, &["vda3"], &[data], true),
            device("root", "crypt", 20, &["vda2"], &["/"], true),
            device("vda1", "part", 1, &[], &["/boot"], false),
            device("vda2", "part", 20, &[], &[], false),
            device("vda3", "part", 60, &[], &[], false),
        ]),
        luks: Some(["/dev/vda2", "/dev/vda3"].map(luks).to_vec()),
    });
    facts.swap = Some(Swap { devices: Some(Vec::new()) });
    let free = |target: &str, percent| FilesystemUsage {
        target: target.to_owned(),
        free_percent: percent,
        free_inodes_percent: Some(90),
    };
    facts.usage = Some(Usage { filesystems: Some(vec![free("/", 60), free(data, 45)]) });
    let set_id = ["/usr/bin/chfn", "/usr/bin/newgrp", "/usr/bin/passwd", "/usr/bin/su", "/usr/bin/sudo"];
    facts.files = Some(Files {
        complete: Some(true),
        roots: Some(texts(&["/etc", "/opt", "/srv", "/usr", "/var"])),
        set_id: Some(
            set_id
                .map(|path| SetIdFile { path: path.into(), mode: "4755".into(), owner_uid: 0, group_gid: 0 })
                .to_vec(),
        ),
        world_writable_files: Some(Vec::new()),
        world_writable_directories: Some(Vec::new()),
        unowned: Some(Vec::new()),
    });
    facts.package_integrity = Some(PackageIntegrity {
        complete: Some(true),
        modified: Some(Vec::new()),
        missing: Some(Vec::new()),
    });
}

fn mount(target: &str, source: &str, encrypted: bool, options: &[&str]) -> Mount {
    Mount {
        target: target.to_owned(),
        source: source.to_owned(),
        fstype: "ext4".into(),
        options: texts(options),
        is_persistent: true,
        is_network: false,
        encrypted: Some(encrypted),
        nodev: options.contains(&"nodev"),
        nosuid: options.contains(&"nosuid"),
        noexec: options.contains(&"noexec"),
    }
}

fn luks(device: &str) -> Luks {
    Luks {
        device: device.to_owned(),
        version: 2,
        cipher: Some("aes-xts-plain64".into()),
        key_bits: Some(512),
        key_derivations: Some(texts(&["argon2id"])),
    }
}
