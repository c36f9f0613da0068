//! Reads the audit trail, access control, scheduled jobs, containers and trusted authorities.

use std::collections::BTreeSet;

use tickmark_core::Digest;
use tickmark_core::evidence::Method;
use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::account::Accounts;
use tickmark_core::observation::host::operation::{Audit, CaStore, Containers, Cron, CronPath, Mac};

use super::audit as rules;
use crate::host::look::{Look, Miss};
use crate::host::text::{significant, sorted};

/// Reads state and rules of the kernel's audit trail.
pub(crate) fn audit(look: &mut Look<'_>) -> Audit {
    let installed = look.has_program("auditd");
    let mut facts = Audit { installed: Some(installed), running: look.runs("auditd"), ..Audit::default() };
    let texts = rule_texts(look);
    if let Some(texts) = look.seen("audit.configured_rules", texts) {
        facts.configured_rules = Some(rules::configured(&texts));
        facts.configured_immutable = Some(rules::locks(&texts));
    }
    if look.has_program("auditctl") {
        loaded_rules(look, &mut facts);
    } else if installed {
        let miss = Miss::new(ReasonClass::NotPresent, "auditctl is not installed");
        look.gaps_for("audit", &["enabled", "immutable", "rules", "records"], &miss);
    } else {
        // Nothing but these tools switches the kernel's audit trail on; without them nothing is recorded.
        facts.enabled = Some(false);
        facts.immutable = Some(false);
        facts.rules = Some(Vec::new());
        facts.records = Some(rules::records(&[]));
    }
    let settings = look.read("/etc/audit/auditd.conf");
    if let Some(text) = look.seen_if_present("audit.disk_full_action", settings) {
        let value = |name: &str| crate::host::text::assignment(&text, name).map(str::to_ascii_lowercase);
        facts.disk_full_action = value("disk_full_action");
        facts.max_log_file_action = value("max_log_file_action");
    }
    facts
}

fn rule_texts(look: &mut Look<'_>) -> Result<Vec<(String, String)>, Miss> {
    // The compiled file is what is loaded; the folder is what it is compiled from.
    let paths = look.paths_in("/etc/audit/rules.d", |name| name.ends_with(".rules"))?;
    let texts = look.read_set("audit-rule-files", &paths)?;
    if !texts.is_empty() {
        return Ok(texts);
    }
    look.read_set("audit-rule-file", &["/etc/audit/audit.rules".to_owned()])
}

fn loaded_rules(look: &mut Look<'_>, facts: &mut Audit) {
    match look.run("audit-state", "auditctl", &["-s"]) {
        Ok(text) => {
            let state = rules::state(&text);
            let reached = state
                .enabled
                .ok_or_else(|| Miss::new(ReasonClass::ParseError, "auditctl -s: not of the documented form"));
            if let Some(enabled) = look.seen("audit.enabled", reached) {
                facts.enabled = Some(enabled > 0);
                facts.immutable = Some(enabled == 2);
            }
            // A name alone proves little; the kernel knows whether somebody listens.
            facts.running = facts.running.map(|running| running && state.pid.is_none_or(|pid| pid != 0));
        }
        Err(miss) => look.gaps_for("audit", &["enabled", "immutable"], &miss),
    }
    match look.run("audit-rules", "auditctl", &["-l"]) {
        Ok(text) => {
            let loaded = rules::loaded(&text);
            facts.records = Some(rules::records(&loaded));
            facts.rules = Some(loaded);
        }
        Err(miss) => look.gaps_for("audit", &["rules", "records"], &miss),
    }
}

/// Reads state of mandatory access control.
pub(crate) fn mac(look: &mut Look<'_>) -> Mac {
    let modules: Vec<String> = match look.bytes("/sys/kernel/security/lsm") {
        Ok(bytes) => String::from_utf8_lossy(&bytes)
            .trim()
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        // Without securityfs there is no module that would show there.
        Err(miss) if miss.is_not_present() => Vec::new(),
        Err(miss) => {
            look.gap("mac", &miss);
            return Mac::default();
        }
    };
    let mut facts = Mac::default();
    apparmor(look, &modules, &mut facts);
    selinux(look, &modules, &mut facts);
    let by_apparmor = match (facts.apparmor.as_deref(), facts.apparmor_enforced) {
        (Some("enabled"), Some(count)) => Some(count > 0),
        (Some("enabled"), None) => None,
        _ => Some(false),
    };
    facts.enforcing = match (by_apparmor, facts.selinux.as_deref()) {
        (_, Some("enforcing")) | (Some(true), _) => Some(true),
        (Some(false), Some(_)) => Some(false),
        _ => {
            let miss = Miss::new(ReasonClass::NotPermitted, "profiles of AppArmor may not be read");
            look.gap("mac.enforcing", &miss);
            None
        }
    };
    facts.modules = Some(modules);
    facts
}

fn apparmor(look: &mut Look<'_>, modules: &[String], facts: &mut Mac) {
    let enabled =
        look.bytes("/sys/module/apparmor/parameters/enabled").is_ok_and(|bytes| bytes.starts_with(b"Y"));
    let state = match (enabled, modules.iter().any(|name| name == "apparmor")) {
        (true, _) => "enabled",
        (false, true) => "disabled",
        (false, false) => "absent",
    };
    facts.apparmor = Some(state.to_owned());
    if !enabled {
        return;
    }
    let profiles = look.read("/sys/kernel/security/apparmor/profiles");
    if let Some(text) = look.seen("mac.apparmor_enforced", profiles) {
        let count = |mode: &str| u32::try_from(text.lines().filter(|line| line.ends_with(mode)).count()).ok();
        facts.apparmor_enforced = count("(enforce)");
        facts.apparmor_complain = count("(complain)");
    }
}

fn selinux(look: &mut Look<'_>, modules: &[String], facts: &mut Mac) {
    let state = match look.bytes("/sys/fs/selinux/enforce") {
        Ok(bytes) if bytes.starts_with(b"1") => "enforcing",
        Ok(_) => "permissive",
        Err(miss) if miss.is_not_present() => {
            if modules.iter().any(|name| name == "selinux") {
                "disabled"
            } else {
                "absent"
            }
        }
        Err(miss) => {
            look.gap("mac.selinux", &miss);
            return;
        }
    };
    facts.selinux = Some(state.to_owned());
}

/// Reads who may schedule jobs.
pub(crate) fn cron(look: &mut Look<'_>) -> Cron {
    const PATHS: [&str; 8] = [
        "/etc/cron.allow",
        "/etc/cron.d",
        "/etc/cron.daily",
        "/etc/cron.deny",
        "/etc/cron.hourly",
        "/etc/cron.monthly",
        "/etc/cron.weekly",
        "/etc/crontab",
    ];
    let mut facts = Cron {
        installed: Some(["cron", "crond", "anacron"].iter().any(|program| look.has_program(program))),
        has_allow_list: Some(look.exists("/etc/cron.allow")),
        ..Cron::default()
    };
    let mut paths = Vec::new();
    for path in PATHS {
        let stat = look.stat(path);
        if let Some(stat) = look.seen_if_present("cron.paths", stat) {
            paths.push(CronPath {
                path: path.to_owned(),
                mode: stat.octal(),
                owner_uid: stat.uid,
                is_writable_by_others: stat.group_or_others_write(),
            });
        }
    }
    facts.paths = Some(paths);
    let allowed = look.read("/etc/cron.allow");
    facts.allowed = look
        .seen_if_present("cron.allowed", allowed)
        .map(|text| sorted(significant(&text).map(|(_, name)| name.to_owned()).collect()));
    let tables = crontab_folder(look).map(|(_, names)| names);
    facts.users_with_tables = look.seen("cron.users_with_tables", tables);
    facts
}

/// Finds the folder with tables of accounts and the names in it; empty without one.
pub(super) fn crontab_folder(look: &Look<'_>) -> Result<(String, Vec<String>), Miss> {
    for folder in ["/var/spool/cron/crontabs", "/var/spool/cron"] {
        match look.names_in(folder) {
            Ok(names) => {
                let names = names
                    .into_iter()
                    .filter(|name| !name.starts_with('.') && name != "crontabs" && !name.starts_with("tmp."));
                return Ok((folder.to_owned(), names.collect()));
            }
            Err(miss) if miss.is_not_present() => {}
            Err(miss) => return Err(miss),
        }
    }
    Ok((String::new(), Vec::new()))
}

/// Finds container runtimes.
pub(crate) fn containers(look: &mut Look<'_>, accounts: Option<&Accounts>) -> Containers {
    // Runtime, program, process.
    const RUNTIMES: [(&str, &str, &str); 8] = [
        ("docker", "dockerd", "dockerd"),
        ("containerd", "containerd", "containerd"),
        ("podman", "podman", "podman"),
        ("cri-o", "crio", "crio"),
        ("kubelet", "kubelet", "kubelet"),
        ("k3s", "k3s", "k3s-server"),
        ("lxc", "lxc-start", "lxc-start"),
        ("lxd", "lxd", "lxd"),
    ];
    let installed: Vec<_> = RUNTIMES.iter().filter(|(_, program, _)| look.has_program(program)).collect();
    let running = look.processes.as_ref().map(|_| {
        let running = installed.iter().filter(|(_, _, process)| look.runs(process) == Some(true));
        sorted(running.map(|(name, ..)| (*name).to_owned()).collect())
    });
    let members = accounts.and_then(|accounts| accounts.groups.as_ref()).map(|groups| {
        groups
            .iter()
            .filter(|group| group.name == "docker")
            .flat_map(|group| group.members.iter().cloned())
            .collect::<BTreeSet<_>>()
    });
    Containers {
        running,
        runtimes: Some(sorted(installed.iter().map(|(name, ..)| (*name).to_owned()).collect())),
        docker_group_members: members.map(|members| members.into_iter().collect()),
    }
}

/// Reads the bundle of trusted certificate authorities.
pub(crate) fn ca_store(look: &mut Look<'_>) -> CaStore {
    let bundle = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
        .iter()
        .find(|path| look.exists(path))
        .map_or_else(
            || Err(Miss::new(ReasonClass::NotPresent, "no bundle of certificate authorities was found")),
            |path| look.bytes(path).map(|bytes| (*path, bytes)),
        );
    let Some((path, bytes)) = look.seen("ca_store", bundle) else { return CaStore::default() };
    let mark = b"-----BEGIN CERTIFICATE-----";
    let count = bytes.windows(mark.len()).filter(|window| window == mark).count();
    let digest = Digest::of(&bytes);
    look.keep_extract(
        "certificate-authorities",
        Method::File { path: format!("{path} (count and digest)") },
        &format!("{count} certificates, {digest}\n"),
    );
    let mut additions = Vec::new();
    for folder in ["/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors"] {
        let paths =
            look.paths_in(folder, |name| [".crt", ".pem", ".cer"].iter().any(|end| name.ends_with(end)));
        additions.extend(look.seen("ca_store.local_additions", paths).unwrap_or_default());
    }
    CaStore {
        count: u32::try_from(count).ok(),
        digest: Some(digest),
        local_additions: Some(sorted(additions)),
    }
}
