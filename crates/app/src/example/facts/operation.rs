//! What runs: time, services, audit trail, logs, protection, backups.

use tickmark_core::Digest;
use tickmark_core::observation::host::operation::{
    Audit, AuditRecords, Backup, BackupJob, BackupRepository, CaStore, Containers, Cron, LogForwarding,
    LogRotation, Logging, Mac, Protection, ProtectionKind, ProtectionProduct, Services, TimeServer, TimeSync,
    Timer, UnitExposure,
};
use tickmark_core::observation::host::{HostFacts, Moment};

use super::{Look, texts};
use crate::example::company::Role;

/// Units that the company has approved.
pub(in crate::example) const UNITS: [&str; 10] = [
    "auditd.service",
    "chrony.service",
    "clamav-freshclam.service",
    "larkspur-app.service",
    "nftables.service",
    "nginx.service",
    "postgresql.service",
    "restic-backup.timer",
    "rsyslog.service",
    "ssh.service",
];

pub(super) fn fill(look: &Look<'_>, facts: &mut HostFacts) {
    facts.time_sync = Some(time_sync());
    facts.services = Some(services(look));
    facts.audit = Some(audit());
    facts.logging = Some(logging());
    facts.mac = Some(Mac {
        modules: Some(texts(&["lockdown", "capability", "apparmor"])),
        apparmor: Some("enabled".into()),
        apparmor_enforced: Some(21),
        apparmor_complain: Some(0),
        selinux: Some("absent".into()),
        enforcing: Some(true),
    });
    facts.cron = Some(Cron {
        installed: Some(false),
        paths: Some(Vec::new()),
        has_allow_list: Some(false),
        allowed: Some(Vec::new()),
        users_with_tables: Some(Vec::new()),
    });
    facts.containers = Some(Containers {
        runtimes: Some(Vec::new()),
        running: Some(Vec::new()),
        docker_group_members: Some(Vec::new()),
    });
    facts.backup = Some(backup(look));
    facts.protection = Some(protection(look));
    facts.ca_store = Some(CaStore {
        count: Some(142),
        digest: Some(Digest::of(b"certificate authorities of the example")),
        local_additions: Some(Vec::new()),
    });
}

fn time_sync() -> TimeSync {
    let server = |number: u32| TimeServer {
        name: format!("ntp{number}.larkspur.example"),
        kind: "server".into(),
        authenticated: true,
    };
    TimeSync {
        installed: Some(texts(&["chrony"])),
        active: Some(true),
        daemon: Some("chrony".into()),
        synchronized: Some(true),
        selected_source: Some("ntp1.larkspur.example".into()),
        offset_ms_at_most: Some(10),
        stratum: Some(3),
        leap: Some("normal".into()),
        servers: Some([1, 2, 3].map(server).to_vec()),
        all_authenticated: Some(true),
    }
}

fn services(look: &Look<'_>) -> Services {
    let (own, exposure) = match look.host.role {
        Role::Web => ("nginx.service", 58),
        Role::App => ("larkspur-app.service", 31),
        Role::Data => ("postgresql.service", 47),
    };
    let wanted = |unit: &&str| match *unit {
        "nginx.service" | "larkspur-app.service" | "postgresql.service" => *unit == own,
        _ => true,
    };
    let enabled: Vec<String> =
        UNITS.iter().filter(|unit| wanted(unit)).map(|unit| (*unit).to_owned()).collect();
    let active = enabled.iter().filter(|unit| unit.ends_with(".service")).cloned().collect();
    let mut exposed = vec![
        UnitExposure { unit: own.into(), exposure_tenths: exposure },
        UnitExposure { unit: "ssh.service".into(), exposure_tenths: 96 },
    ];
    exposed.sort_by(|a, b| a.unit.cmp(&b.unit));
    let ran_on = if look.is(Role::Data) { look.day } else { look.maintained() };
    let timers = vec![Timer {
        unit: "restic-backup.timer".into(),
        enabled: true,
        last_trigger_at: Some(look.on(ran_on).day()),
    }];
    Services {
        systemd_running: Some(true),
        enabled: Some(enabled),
        active: Some(active),
        failed: Some(Vec::new()),
        timers: Some(timers),
        exposure: Some(exposed),
    }
}

fn audit() -> Audit {
    let rules = [
        "-w /etc/passwd -p wa -k identity",
        "-w /etc/shadow -p wa -k identity",
        "-w /etc/group -p wa -k identity",
        "-w /etc/gshadow -p wa -k identity",
        "-w /etc/sudoers -p wa -k identity",
        "-a always,exit -F arch=b64 -S execve -C uid!=euid -F euid=0 -k privileged",
        "-a always,exit -F arch=b64 -S adjtimex,settimeofday,clock_settime -k time",
    ];
    Audit {
        installed: Some(true),
        running: Some(true),
        enabled: Some(true),
        immutable: Some(true),
        rules: Some(texts(&rules)),
        configured_rules: Some(texts(&rules)),
        configured_immutable: Some(true),
        records: Some(AuditRecords {
            passwd: true,
            shadow: true,
            group: true,
            gshadow: true,
            sudoers: true,
            opasswd: true,
            identity_files: true,
            privileged_commands: true,
            time_change: true,
            kernel_modules: true,
            sessions: true,
        }),
        disk_full_action: Some("halt".into()),
        max_log_file_action: Some("keep_logs".into()),
    }
}

fn logging() -> Logging {
    Logging {
        journald_running: Some(true),
        journald_storage: Some("persistent".into()),
        journald_persistent: Some(true),
        journald_retention_days: Some(90),
        journald_forwards_to_syslog: Some(true),
        syslog_installed: Some(texts(&["rsyslog"])),
        syslog_running: Some(true),
        records_authentication: Some(true),
        forwarding: Some(vec![LogForwarding {
            host: "logs.larkspur.example".into(),
            port: 6514,
            protocol: "tcp".into(),
            tls: true,
            authenticated: true,
            via: "rsyslog".into(),
        }]),
        agents_installed: Some(Vec::new()),
        agents_running: Some(Vec::new()),
        rotation: Some(vec![LogRotation {
            pattern: "/var/log/auth.log".into(),
            frequency: "weekly".into(),
            rotate: 13,
            retention_days: Some(91),
        }]),
        retention_days: Some(91),
        loose_files: Some(Vec::new()),
    }
}

/// Hosts that keep data are backed up every night, the others with their weekly maintenance.
fn backup(look: &Look<'_>) -> Backup {
    let (rhythm, newest) =
        if look.is(Role::Data) { ("daily", look.ago(1)) } else { ("weekly", look.maintenance(1)) };
    let job = |name: &str, schedule: &str, action: &str, at: Moment| BackupJob {
        name: name.into(),
        tool: "restic".into(),
        scheduler: "systemd".into(),
        schedule: schedule.into(),
        enabled: true,
        actions: texts(&[action]),
        retention: Vec::new(),
        last_run_succeeded: Some(true),
        last_success_at: Some(at),
    };
    Backup {
        tools: Some(texts(&["restic"])),
        jobs: Some(vec![
            job("restic-backup.timer", rhythm, "backup", newest),
            job("restic-check.timer", "weekly", "check", look.maintenance(3)),
        ]),
        repositories: Some(vec![BackupRepository {
            tool: "restic".into(),
            address: format!("rest:https://backup.larkspur.example/{}", look.host.name()),
            kind: "rest".into(),
            is_offsite: true,
            encrypted: Some(true),
            append_only: Some(true),
            snapshots: Some(60),
            newest_snapshot_at: Some(newest),
            oldest_snapshot_at: Some(Moment(look.on(look.maintained()).day().0 - 60 * 86_400)),
        }]),
    }
}

fn protection(look: &Look<'_>) -> Protection {
    Protection {
        products: Some(vec![
            ProtectionProduct {
                name: "aide".into(),
                kind: ProtectionKind::FileIntegrity,
                running: Some(false),
                initialized: Some(true),
                database_at: Some(look.on(look.host.joins)),
                last_run_at: Some(look.maintenance(2)),
            },
            ProtectionProduct {
                name: "clamav".into(),
                kind: ProtectionKind::Malware,
                running: Some(true),
                initialized: Some(true),
                database_at: Some(look.maintenance(2)),
                last_run_at: None,
            },
        ]),
    }
}
