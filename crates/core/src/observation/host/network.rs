//! Listening sockets and the packet filter in front of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::Digest;

/// Listening sockets.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sockets {
    /// TCP sockets that listen and UDP sockets that are bound and not connected, sorted. UDP sockets of short-lived
    /// client queries (ports of the ephemeral range, owner is not a service) are left out.
    pub listening: Option<Vec<Listener>>,
}

/// One listening socket. Several of one program on the same address and port are one.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// `tcp` or `udp`.
    pub protocol: Protocol,
    /// Address family.
    pub family: Family,
    /// Address, e.g. `0.0.0.0`, `::1`.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Who can reach it by its address alone.
    pub scope: Scope,
    /// User id of the owner.
    pub uid: u32,
    /// Program name; absent when not readable.
    pub process: Option<String>,
    /// Whether the port belongs to the range for ephemeral ports, so it may differ after a restart.
    pub is_ephemeral_port: bool,
}

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4.
    Ip4,
    /// IPv6.
    Ip6,
}

/// How far an address or a source range reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This machine only.
    Loopback,
    /// Private, link-local or unique local addresses only.
    Private,
    /// Named public addresses.
    Public,
    /// Every address.
    Any,
}

/// The packet filter, computed over every backend that is loaded.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Firewall {
    /// Whether a ruleset with an input hook is loaded.
    pub active: Option<bool>,
    /// Backends, sorted by name.
    pub backends: Option<Vec<FirewallBackend>>,
    /// Whether nftables rules of its own and legacy iptables rules are both loaded.
    pub backends_mixed: Option<bool>,
    /// One entry for each family (`ip4`, `ip6`) and hook (`input`, `forward`, `output`), always six, in this order.
    pub hooks: Option<Vec<FirewallHook>>,
    /// What the input hook lets in, computed: sorted by family, protocol, port. A family without filtering has one
    /// entry per protocol with ports 0 to 65535 from anywhere.
    pub open_ports: Option<Vec<OpenPort>>,
    /// Entries of `open_ports` whose source is any address, as `family protocol first-last`, sorted.
    pub open_to_any: Option<Vec<String>>,
    /// Rules of the input hook that accept every protocol from every address on every interface.
    pub any_any_accept: Option<Vec<FirewallRule>>,
    /// Rules that can never match because an earlier rule takes all their packets.
    pub shadowed: Option<Vec<ShadowedRule>>,
    /// Ports open over IPv6 and not over IPv4, or to a wider source, as `protocol first-last`, sorted. Empty when IPv6 is
    /// filtered at least as strictly.
    pub ipv6_wider: Option<Vec<String>>,
    /// Rules whose meaning could not be computed. They are read as if they accepted, so that openness is never
    /// understated, and are listed here.
    pub not_understood: Option<Vec<FirewallRule>>,
    /// Number of rules over all backends.
    pub rule_count: Option<u32>,
    /// Digest of the ruleset in a normal form without counters and handles.
    #[schemars(with = "Option<String>")]
    pub ruleset_digest: Option<Digest>,
    /// File that is loaded at boot, e.g. `/etc/nftables.conf`; absent when there is none.
    pub persistent_file: Option<String>,
    /// Whether the unit that loads it is enabled.
    pub persistent_unit_enabled: Option<bool>,
    /// Whether the file, loaded, gives the running ruleset. Absent when this cannot be computed.
    pub persistent_matches: Option<bool>,
    /// State of ufw: `absent`, `inactive`, `active`.
    pub ufw: Option<String>,
    /// State of firewalld: `absent`, `inactive`, `active`.
    pub firewalld: Option<String>,
}

/// One way of filtering packets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirewallBackend {
    /// `nftables`, `iptables-nft`, `iptables-legacy`.
    pub name: String,
    /// Whether it has rules or chains at a hook.
    pub active: bool,
    /// Number of rules.
    pub rule_count: u32,
}

/// The three hooks that matter to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HookName {
    /// Packets for this host.
    Input,
    /// Packets passing through.
    Forward,
    /// Packets from this host.
    Output,
}

/// What happens at one hook for one family.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirewallHook {
    /// Family.
    pub family: Family,
    /// Hook.
    pub hook: HookName,
    /// Whether a filter chain is attached.
    pub has_base_chain: bool,
    /// `accept` or `drop`; absent without a chain. With several chains: `drop` if one drops.
    pub policy: Option<String>,
    /// Whether the last rule drops or rejects everything.
    pub ends_in_drop: bool,
    /// Whether unmatched packets are refused: policy drop or an unconditional drop at the end.
    pub default_deny: bool,
    /// Whether packets of established connections are accepted.
    pub accepts_established: bool,
    /// Whether that comes before rules for services.
    pub established_first: bool,
    /// Whether refused packets are logged.
    pub drops_logged: bool,
    /// Whether the logging is limited in rate.
    pub log_rate_limited: bool,
    /// Number of rules, jumps followed.
    pub rule_count: u32,
}

/// A range of ports that a hook lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenPort {
    /// Family.
    pub family: Family,
    /// Protocol.
    pub protocol: Protocol,
    /// First port.
    pub first_port: u16,
    /// Last port, inclusive.
    pub last_port: u16,
    /// Sources as prefixes, merged and sorted; `0.0.0.0/0` or `::/0` for any.
    pub sources: Vec<String>,
    /// The widest of the sources.
    pub scope: Scope,
    /// Interfaces it is limited to, sorted; empty for every interface.
    pub interfaces: Vec<String>,
}

/// A rule, by its place and in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirewallRule {
    /// Backend, family, table and chain, e.g. `nftables inet filter input`.
    pub chain: String,
    /// Position in the chain, from 1.
    pub position: u32,
    /// The rule in short words.
    pub text: String,
}

/// A rule behind another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowedRule {
    /// Chain as in [`FirewallRule`].
    pub chain: String,
    /// Position of the rule that never matches.
    pub position: u32,
    /// The rule in short words.
    pub text: String,
    /// Position of the earlier rule that takes its packets.
    pub by_position: u32,
}
