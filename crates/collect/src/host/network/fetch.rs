//! Asks the kernel and the tools about sockets and packet filters.

use std::collections::BTreeSet;

use tickmark_core::evidence::Method;
use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::network::{Family, Firewall, Listener, Protocol, Sockets};

use super::firewall::{self, Answers};
use super::iptables::is_nft_variant;
use super::sockets::{listener, observe};
use crate::host::look::{Look, Manner, Miss};
use crate::host::operation::is_enabled;
use crate::host::process::socket_owners;

/// File that nftables loads at boot.
const NFT_FILE: &str = "/etc/nftables.conf";
/// Files that save iptables rules for the next boot, and the units that load them.
const IPTABLES_FILES: [(&str, &str); 3] = [
    ("/etc/iptables/rules.v4", "netfilter-persistent.service"),
    ("/etc/sysconfig/iptables", "iptables.service"),
    ("/etc/ufw/user.rules", "ufw.service"),
];

/// Family, usual program, program for rules of the older kind, and the kernel's list of tables of that kind.
const IPTABLES: [(Family, &str, &str, &str); 2] = [
    (Family::Ip4, "iptables-save", "iptables-legacy-save", "/proc/net/ip_tables_names"),
    (Family::Ip6, "ip6tables-save", "ip6tables-legacy-save", "/proc/net/ip6_tables_names"),
];

/// Lists listening sockets.
pub(crate) fn sockets(look: &mut Look<'_>) -> Sockets {
    let result = listening(look);
    let (listening, refused) = match result {
        Ok(found) => found,
        Err(miss) => {
            look.gap("sockets.listening", &miss);
            return Sockets::default();
        }
    };
    if refused {
        look.gap(
            "sockets.listening.process",
            &Miss::new(ReasonClass::NotPermitted, "open files of other accounts' processes may not be read"),
        );
    }
    Sockets { listening: Some(listening) }
}

type Listening = (Vec<Listener>, bool);

fn listening(look: &mut Look<'_>) -> Result<Listening, Miss> {
    let range = look.bytes("/proc/sys/net/ipv4/ip_local_port_range").ok();
    let ephemeral = range.and_then(|bytes| ephemeral_range(&bytes)).unwrap_or((32_768, 60_999));
    let mut entries = Vec::new();
    let mut kept = String::new();
    for (table, protocol, must_exist) in [
        ("tcp", Protocol::Tcp, true),
        ("udp", Protocol::Udp, true),
        ("tcp6", Protocol::Tcp, false),
        ("udp6", Protocol::Udp, false),
    ] {
        match look.bytes(&format!("/proc/net/{table}")) {
            Ok(bytes) => entries.extend(observe(&String::from_utf8_lossy(&bytes), protocol)),
            // Without IPv6 there is no such table.
            Err(miss) if miss.is_not_present() && !must_exist => {}
            Err(miss) => return Err(miss),
        }
    }
    let (owners, refused) = socket_owners(look);
    let mut found = BTreeSet::new();
    let mut unnamed = false;
    let mut listeners = Vec::new();
    for entry in &entries {
        let process = owners
            .get(&entry.inode)
            .and_then(|index| Some(look.processes.as_ref()?.get(*index)?.name.clone()));
        unnamed |= process.is_none();
        let Some(listener) = listener(entry, process.as_deref(), ephemeral) else { continue };
        let line = format!(
            "{:?} {}:{} uid {} {}\n",
            listener.protocol,
            listener.address,
            listener.port,
            listener.uid,
            listener.process.as_deref().unwrap_or("-")
        );
        if found.insert(line.clone()) {
            kept.push_str(&line);
            listeners.push(listener);
        }
    }
    listeners.sort_by_cached_key(|one| {
        (one.protocol, one.family, one.port, one.address.clone(), one.process.clone())
    });
    look.keep_extract(
        "listening-sockets",
        Method::Kernel { source: "/proc/net/{tcp,udp,tcp6,udp6}".to_owned() },
        &kept,
    );
    Ok((listeners, refused && unnamed))
}

fn ephemeral_range(bytes: &[u8]) -> Option<(u16, u16)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut words = text.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Reads the loaded rules of every backend and computes what they let in.
pub(crate) fn firewall(look: &mut Look<'_>) -> Firewall {
    let mut running = None;
    let mut facts = match rules(look) {
        Ok((facts, answers)) => {
            running = answers.nft;
            facts
        }
        Err(miss) => {
            let fields = [
                "active",
                "backends",
                "backends_mixed",
                "hooks",
                "open_ports",
                "open_to_any",
                "any_any_accept",
                "shadowed",
                "ipv6_wider",
                "not_understood",
                "rule_count",
                "ruleset_digest",
                "persistent_matches",
            ];
            look.gaps_for("firewall", &fields, &miss);
            Firewall::default()
        }
    };
    facts.ufw = Some(ufw_state(look));
    facts.firewalld = match (look.has_program("firewalld"), look.runs("firewalld")) {
        (_, Some(true)) => Some("active".to_owned()),
        (true, Some(false)) => Some("inactive".to_owned()),
        (false, _) => Some("absent".to_owned()),
        (true, None) => None,
    };
    persistence(look, &mut facts, running.as_deref());
    facts
}

fn rules(look: &mut Look<'_>) -> Result<(Firewall, Answers), Miss> {
    let optional = |result: Result<String, Miss>| match result {
        Err(miss) if miss.is_not_present() => Ok(None),
        other => other.map(Some),
    };
    let nft = optional(look.run("nft-ruleset", "nft", &["-j", "list", "ruleset"]))?;
    let mut iptables = Vec::new();
    for (family, program, legacy, names) in IPTABLES {
        let name = program.replace("tables-save", "tables-rules");
        let usual = optional(look.run(&name, program, &[]))?;
        // The usual program may speak to nftables; rules of the older kind are then shown by another one only.
        let has_legacy = look.bytes(names).is_ok_and(|bytes| !bytes.trim_ascii().is_empty());
        let shows_legacy = usual.as_deref().is_some_and(|text| !is_nft_variant(text));
        if has_legacy && !shows_legacy {
            let text =
                look.run(&format!("{name}-legacy"), legacy, &[]).map_err(|miss| match miss.reason {
                    ReasonClass::NotPresent => Miss::new(
                        ReasonClass::Unsupported,
                        "the kernel has iptables rules and no tool to read them is installed",
                    ),
                    _ => miss,
                })?;
            iptables.push((family, text));
        }
        iptables.extend(usual.map(|text| (family, text)));
    }
    let answers = Answers { nft: nft.map(String::into_bytes), iptables };
    let facts = firewall::observe(&answers).ok_or_else(|| {
        Miss::new(ReasonClass::ParseError, "nft -j list ruleset: not of the documented form")
    })?;
    if facts.shadowed.is_none() {
        look.gap(
            "firewall.shadowed",
            &Miss::new(ReasonClass::Limit, "too many rules in one chain to compare"),
        );
    }
    Ok((facts, answers))
}

fn ufw_state(look: &mut Look<'_>) -> String {
    if !look.has_program("ufw") {
        return "absent".to_owned();
    }
    let enabled = look.read("/etc/ufw/ufw.conf").is_ok_and(|text| {
        text.lines().any(|line| line.trim().to_ascii_lowercase().replace(' ', "") == "enabled=yes")
    });
    if enabled { "active".to_owned() } else { "inactive".to_owned() }
}

/// Compares the file loaded at boot with what is loaded now.
fn persistence(look: &mut Look<'_>, facts: &mut Firewall, running: Option<&[u8]>) {
    let uses_iptables = facts
        .backends
        .as_ref()
        .is_some_and(|backends| backends.iter().any(|backend| backend.name != "nftables" && backend.active));
    if uses_iptables {
        let saved = IPTABLES_FILES.iter().find(|(file, _)| look.exists(file));
        facts.persistent_file = saved.map(|(file, _)| (*file).to_owned());
        facts.persistent_unit_enabled = Some(saved.is_some_and(|(_, unit)| is_enabled(look, unit)));
        let detail = "rules of iptables are not compared with the file they are saved in";
        look.gap("firewall.persistent_matches", &Miss::new(ReasonClass::Unsupported, detail));
        return;
    }
    if !look.exists(NFT_FILE) {
        facts.persistent_unit_enabled = Some(false);
        look.gap(
            "firewall.persistent_file",
            &Miss::new(ReasonClass::NotPresent, format!("{NFT_FILE} does not exist")),
        );
        look.gap(
            "firewall.persistent_matches",
            &Miss::new(ReasonClass::NotPresent, format!("{NFT_FILE} does not exist")),
        );
        return;
    }
    facts.persistent_file = Some(NFT_FILE.to_owned());
    facts.persistent_unit_enabled = Some(is_enabled(look, "nftables.service"));
    // The file is part of the evidence whatever it says.
    if let Err(miss) = look.read(NFT_FILE) {
        look.gap("firewall.persistent_matches", &miss);
        return;
    }
    let Some(running) = running else { return };
    let compared = compare(look, running);
    facts.persistent_matches = look.seen("firewall.persistent_matches", compared);
}

/// Loads the file into a network namespace of its own, which touches nothing of the host, and lists what it gives.
fn compare(look: &mut Look<'_>, running: &[u8]) -> Result<bool, Miss> {
    let script = format!("include \"{NFT_FILE}\"\nlist ruleset\n");
    let manner = Manner { input: &script, ..Manner::default() };
    let loaded = look.run_as("nft-boot-ruleset", "unshare", &["-n", "--", "nft", "-j", "-i"], manner)?;
    firewall::same_rules(running, loaded.as_bytes())
        .ok_or_else(|| Miss::new(ReasonClass::ParseError, "nft -j list ruleset: not of the documented form"))
}
