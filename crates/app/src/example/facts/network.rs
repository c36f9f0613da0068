//! Listening sockets and the packet filter.

use tickmark_core::Digest;
use tickmark_core::observation::host::HostFacts;
use tickmark_core::observation::host::network::{
    Family, Firewall, FirewallBackend, FirewallHook, HookName, Listener, OpenPort, Protocol, Scope, Sockets,
};

use super::{Look, texts};
use crate::example::company::Role;

/// Where administration comes from.
const OFFICE: &str = "10.20.0.0/16";
/// Where the application lives.
const INSIDE: &str = "10.30.0.0/16";
/// Names of the rule sets that the company has approved, one for each role.
pub(in crate::example) const APPROVED_SETS: [&str; 3] = ["web", "app", "data"];

pub(super) fn fill(look: &Look<'_>, facts: &mut HostFacts) {
    let role = look.host.role;
    let service: &[(u16, &str)] = match role {
        Role::Web => &[(80, "nginx"), (443, "nginx")],
        Role::App => &[(8080, "larkspur-app")],
        Role::Data => &[(5432, "postgres")],
    };
    let listener = |address: &str, port, scope, uid, process: &str| Listener {
        protocol: Protocol::Tcp,
        family: Family::Ip4,
        address: address.into(),
        port,
        scope,
        uid,
        process: Some(process.into()),
        is_ephemeral_port: false,
    };
    let mut listening = vec![listener("0.0.0.0", 22, Scope::Any, 0, "sshd")];
    listening.extend(service.iter().map(|(port, name)| listener("0.0.0.0", *port, Scope::Any, 33, name)));
    listening.push(listener("127.0.0.1", 9100, Scope::Loopback, 998, "node-exporter"));
    facts.sockets = Some(Sockets { listening: Some(listening) });
    facts.firewall = Some(firewall(role));
}

fn firewall(role: Role) -> Firewall {
    let is_web = role == Role::Web;
    let mut open_ports = vec![open(Family::Ip4, 22, OFFICE, Scope::Private)];
    match role {
        Role::Web => open_ports.extend([80, 443].map(|port| any_source(Family::Ip4, port))),
        Role::App => open_ports.push(open(Family::Ip4, 8080, INSIDE, Scope::Private)),
        Role::Data => open_ports.push(open(Family::Ip4, 5432, INSIDE, Scope::Private)),
    }
    if is_web {
        open_ports.extend([80, 443].map(|port| any_source(Family::Ip6, port)));
    }
    let open_to_any = if is_web {
        texts(&["ip4 tcp 443-443", "ip4 tcp 80-80", "ip6 tcp 443-443", "ip6 tcp 80-80"])
    } else {
        Vec::new()
    };
    let hooks = [Family::Ip4, Family::Ip6]
        .into_iter()
        .flat_map(|family| {
            [HookName::Input, HookName::Forward, HookName::Output].map(|name| hook(family, name, role))
        })
        .collect();
    Firewall {
        active: Some(true),
        backends: Some(vec![FirewallBackend { name: "nftables".into(), active: true, rule_count: 12 }]),
        backends_mixed: Some(false),
        hooks: Some(hooks),
        open_ports: Some(open_ports),
        open_to_any: Some(open_to_any),
        any_any_accept: Some(Vec::new()),
        shadowed: Some(Vec::new()),
        ipv6_wider: Some(Vec::new()),
        not_understood: Some(Vec::new()),
        rule_count: Some(12),
        ruleset_digest: Some(ruleset(role.word())),
        persistent_file: Some("/etc/nftables.conf".into()),
        persistent_unit_enabled: Some(true),
        persistent_matches: Some(true),
        ufw: Some("absent".into()),
        firewalld: Some("absent".into()),
    }
}

fn hook(family: Family, name: HookName, role: Role) -> FirewallHook {
    let drops = name != HookName::Output || role == Role::Data;
    FirewallHook {
        family,
        hook: name,
        has_base_chain: true,
        policy: Some(if drops { "drop" } else { "accept" }.into()),
        ends_in_drop: false,
        default_deny: drops,
        accepts_established: true,
        established_first: true,
        drops_logged: drops,
        log_rate_limited: drops,
        rule_count: 4,
    }
}

fn open(family: Family, port: u16, source: &str, scope: Scope) -> OpenPort {
    OpenPort {
        family,
        protocol: Protocol::Tcp,
        first_port: port,
        last_port: port,
        sources: texts(&[source]),
        scope,
        interfaces: Vec::new(),
    }
}

/// Returns a port that every address may reach.
pub(in crate::example) fn any_source(family: Family, port: u16) -> OpenPort {
    let everywhere = match family {
        Family::Ip4 => "0.0.0.0/0",
        Family::Ip6 => "::/0",
    };
    open(family, port, everywhere, Scope::Any)
}

/// Returns the digest of a named rule set.
pub(in crate::example) fn ruleset(name: &str) -> Digest {
    Digest::of(format!("rule set of the example: {name}").as_bytes())
}
