//! Finds programs that look for malware, intrusions and changed files.

use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::operation::{Protection, ProtectionKind, ProtectionProduct};

use crate::host::look::Look;

/// How a product is recognized and where it keeps what it knows.
struct Product {
    name: &'static str,
    kind: ProtectionKind,
    /// Program files; one is enough.
    programs: &'static [&'static str],
    /// Names of its processes, up to 15 characters as the kernel keeps them; none for programs that run and end.
    processes: &'static [&'static str],
    /// Signatures, rules or baseline; the newest counts.
    databases: &'static [&'static str],
    /// Log or result of the last run.
    logs: &'static [&'static str],
}

const PRODUCTS: [Product; 19] = [
    product("clamav", ProtectionKind::Malware, &["clamd", "clamscan"], &["clamd"])
        .keeping(&["/var/lib/clamav/daily.cld", "/var/lib/clamav/daily.cvd"])
        .logging(&["/var/log/clamav/clamav.log", "/var/log/clamav/clamscan.log"]),
    product("rkhunter", ProtectionKind::Malware, &["rkhunter"], &[])
        .keeping(&["/var/lib/rkhunter/db/rkhunter.dat"])
        .logging(&["/var/log/rkhunter.log"]),
    product("chkrootkit", ProtectionKind::Malware, &["chkrootkit"], &[])
        .logging(&["/var/log/chkrootkit/log.today"]),
    product(
        "crowdstrike-falcon",
        ProtectionKind::Malware,
        &["/opt/CrowdStrike/falcond"],
        &["falcon-sensor", "falcond"],
    ),
    product("defender", ProtectionKind::Malware, &["mdatp"], &["wdavdaemon"]),
    product("sentinelone", ProtectionKind::Malware, &["/opt/sentinelone/bin/sentinelctl"], &["s1-agent"]),
    product("sophos", ProtectionKind::Malware, &["/opt/sophos-spl/bin/version"], &["sophos_watchdog"]),
    product("maldet", ProtectionKind::Malware, &["maldet"], &[])
        .keeping(&["/usr/local/maldetect/sigs/maldet.sigs.ver"])
        .logging(&["/usr/local/maldetect/logs/event_log"]),
    product("suricata", ProtectionKind::NetworkIntrusion, &["suricata"], &["Suricata-Main", "suricata"])
        .keeping(&["/var/lib/suricata/rules/suricata.rules", "/etc/suricata/rules"])
        .logging(&["/var/log/suricata/eve.json"]),
    product("zeek", ProtectionKind::NetworkIntrusion, &["zeek", "/opt/zeek/bin/zeek"], &["zeek"]),
    product("snort", ProtectionKind::NetworkIntrusion, &["snort"], &["snort"]).keeping(&["/etc/snort/rules"]),
    product("osquery", ProtectionKind::HostIntrusion, &["osqueryd"], &["osqueryd"]),
    product("falco", ProtectionKind::HostIntrusion, &["falco"], &["falco"])
        .keeping(&["/etc/falco/falco_rules.yaml"]),
    product(
        "wazuh-agent",
        ProtectionKind::HostIntrusion,
        &["/var/ossec/bin/wazuh-agentd"],
        &["wazuh-agentd"],
    ),
    product("ossec", ProtectionKind::HostIntrusion, &["/var/ossec/bin/ossec-agentd"], &["ossec-agentd"]),
    product("aide", ProtectionKind::FileIntegrity, &["aide"], &[])
        .keeping(&["/var/lib/aide/aide.db", "/var/lib/aide/aide.db.gz"])
        .logging(&["/var/log/aide/aide.log", "/var/log/aide.log"]),
    product("tripwire", ProtectionKind::FileIntegrity, &["tripwire"], &[])
        .keeping(&["/var/lib/tripwire"])
        .logging(&["/var/lib/tripwire/report"]),
    product("fail2ban", ProtectionKind::LoginBlocking, &["fail2ban-server"], &["fail2ban-server"]),
    product("crowdsec", ProtectionKind::LoginBlocking, &["crowdsec"], &["crowdsec"]),
];

const fn product(
    name: &'static str,
    kind: ProtectionKind,
    programs: &'static [&'static str],
    processes: &'static [&'static str],
) -> Product {
    Product { name, kind, programs, processes, databases: &[], logs: &[] }
}

impl Product {
    const fn keeping(mut self, databases: &'static [&'static str]) -> Self {
        self.databases = databases;
        self
    }

    const fn logging(mut self, logs: &'static [&'static str]) -> Self {
        self.logs = logs;
        self
    }

    fn is_installed(&self, look: &Look<'_>) -> bool {
        let exists = |program: &&str| {
            if program.starts_with('/') { look.exists(program) } else { look.has_program(program) }
        };
        self.programs.iter().any(exists)
    }
}

/// Lists the products that are installed.
pub(crate) fn protection(look: &mut Look<'_>) -> Protection {
    let mut products = Vec::new();
    let installed: Vec<&Product> = PRODUCTS.iter().filter(|product| product.is_installed(look)).collect();
    for product in installed {
        let path = format!("protection.products.{}", product.name);
        let database_at = newest(look, &path, product.databases);
        products.push(ProtectionProduct {
            name: product.name.to_owned(),
            kind: product.kind,
            running: look.runs_any(product.processes),
            initialized: (!product.databases.is_empty()).then_some(database_at.is_some()),
            database_at,
            // The log of a daemon that writes all the time would change with every look: the day is enough.
            last_run_at: newest(look, &path, product.logs).map(Moment::day),
        });
    }
    products.sort_by(|one, two| one.name.cmp(&two.name));
    Protection { products: Some(products) }
}

fn newest(look: &mut Look<'_>, gap: &str, paths: &[&str]) -> Option<Moment> {
    let mut newest = None;
    for path in paths {
        let stat = look.stat(path);
        newest = newest.max(look.seen_if_present(gap, stat).map(|stat| stat.modified_at));
    }
    newest
}
