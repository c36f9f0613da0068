//! Ways in: the SSH server, authorized keys, WireGuard.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::Moment;

/// The OpenSSH server with its effective settings.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sshd {
    /// Whether it is installed.
    pub installed: Option<bool>,
    /// Whether a server process runs.
    pub running: Option<bool>,
    /// Ports.
    pub ports: Option<Vec<u16>>,
    /// `permitrootlogin`: `yes`, `no`, `prohibit-password`, `forced-commands-only`.
    pub permit_root_login: Option<String>,
    /// `passwordauthentication`
    pub password_authentication: Option<bool>,
    /// `kbdinteractiveauthentication`
    pub kbd_interactive_authentication: Option<bool>,
    /// `pubkeyauthentication`
    pub pubkey_authentication: Option<bool>,
    /// `hostbasedauthentication`
    pub hostbased_authentication: Option<bool>,
    /// `permitemptypasswords`
    pub permit_empty_passwords: Option<bool>,
    /// `usepam`
    pub use_pam: Option<bool>,
    /// `authenticationmethods`: alternatives, each a comma list; `any` alone when not set.
    pub authentication_methods: Option<Vec<String>>,
    /// Ciphers offered.
    pub ciphers: Option<Vec<String>>,
    /// Message authentication codes offered.
    pub macs: Option<Vec<String>>,
    /// Key exchanges offered.
    pub kex_algorithms: Option<Vec<String>>,
    /// Host key algorithms offered.
    pub host_key_algorithms: Option<Vec<String>>,
    /// `maxauthtries`
    pub max_auth_tries: Option<i64>,
    /// `maxsessions`
    pub max_sessions: Option<i64>,
    /// `logingracetime` in seconds.
    pub login_grace_seconds: Option<i64>,
    /// `clientaliveinterval` in seconds.
    pub client_alive_interval_seconds: Option<i64>,
    /// `clientalivecountmax`
    pub client_alive_count_max: Option<i64>,
    /// Seconds until an unresponsive or idle session ends: the interval times the count, or the session limit of
    /// `channeltimeout`; 0 when never.
    pub idle_limit_seconds: Option<i64>,
    /// `x11forwarding`
    pub x11_forwarding: Option<bool>,
    /// `allowagentforwarding`
    pub agent_forwarding: Option<bool>,
    /// `allowtcpforwarding`: `yes`, `no`, `local`, `remote`.
    pub tcp_forwarding: Option<String>,
    /// `permittunnel`: `yes`, `no`, `point-to-point`, `ethernet`.
    pub permit_tunnel: Option<String>,
    /// `gatewayports`: `yes`, `no`, `clientspecified`.
    pub gateway_ports: Option<String>,
    /// `permituserenvironment`: `yes`, `no` or a pattern.
    pub permit_user_environment: Option<String>,
    /// `allowusers`
    pub allow_users: Option<Vec<String>>,
    /// `allowgroups`
    pub allow_groups: Option<Vec<String>>,
    /// `denyusers`
    pub deny_users: Option<Vec<String>>,
    /// `denygroups`
    pub deny_groups: Option<Vec<String>>,
    /// `loglevel` in upper case, e.g. `VERBOSE`.
    pub log_level: Option<String>,
    /// `authorizedkeysfile`
    pub authorized_keys_files: Option<Vec<String>>,
    /// `authorizedkeyscommand` is set, so keys may come from elsewhere.
    pub has_authorized_keys_command: Option<bool>,
    /// `trustedusercakeys` is set, so certificates let people in.
    pub has_trusted_user_ca: Option<bool>,
    /// `banner` is set.
    pub has_banner: Option<bool>,
    /// Host keys the server uses, sorted by path.
    pub host_keys: Option<Vec<HostKey>>,
    /// Match blocks in reading order.
    pub match_blocks: Option<Vec<MatchBlock>>,
    /// Settings inside Match blocks that are weaker than the global ones above.
    pub match_weakenings: Option<Vec<MatchWeakening>>,
}

/// A host key.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostKey {
    /// Path of the private key file.
    pub path: String,
    /// Type by the public half: `ed25519`, `ecdsa`, `rsa`, `dsa`.
    pub kind: Option<String>,
    /// Size in bits.
    pub bits: Option<u32>,
    /// `SHA256:…` fingerprint of the public half.
    pub fingerprint: Option<String>,
    /// Permission bits of the private half in octal.
    pub mode: Option<String>,
    /// Whether only its owner may read the private half.
    pub is_private: Option<bool>,
}

/// A Match block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchBlock {
    /// File and line, `file:line`.
    pub place: String,
    /// Criteria as written.
    pub criteria: String,
    /// Keywords it sets, lower case, sorted.
    pub keywords: Vec<String>,
}

/// A setting that a Match block weakens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchWeakening {
    /// Criteria as written.
    pub criteria: String,
    /// Keyword in lower case.
    pub keyword: String,
    /// Value outside the block.
    pub global_value: String,
    /// Value inside.
    pub match_value: String,
}

/// Keys that open SSH sessions.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizedKeys {
    /// Keys, sorted by user, file and fingerprint.
    pub keys: Option<Vec<AuthorizedKey>>,
    /// Files that hold keys or could, sorted by path.
    pub files: Option<Vec<AuthorizedKeysFile>>,
    /// Lines that are no key, as `file:line`.
    pub malformed_lines: Option<Vec<String>>,
}

/// One authorized key.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizedKey {
    /// Account it opens.
    pub user: String,
    /// File.
    pub file: String,
    /// `SHA256:…` fingerprint.
    pub fingerprint: String,
    /// Type: `ed25519`, `ecdsa`, `rsa`, `dsa`, `sk-ed25519`, `sk-ecdsa`.
    pub kind: String,
    /// Size in bits.
    pub bits: Option<u32>,
    /// Comment behind the key.
    pub comment: String,
    /// Names of options before the key, sorted, e.g. `command`, `from`, `restrict`, `cert-authority`.
    pub options: Vec<String>,
    /// Addresses of the `from` option.
    pub from: Vec<String>,
    /// When the key was first seen for this account: by an earlier look, else by this one.
    pub first_seen_at: Moment,
}

/// A file of authorized keys.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizedKeysFile {
    /// Account.
    pub user: String,
    /// Path.
    pub path: String,
    /// Permission bits in octal.
    pub mode: String,
    /// Owner.
    pub owner_uid: u32,
    /// Whether somebody other than root and the account may write it.
    pub is_writable_by_others: bool,
}

/// WireGuard interfaces. Private and preshared keys are never read into memory longer than needed to drop them.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wireguard {
    /// Whether the tool is installed or configuration exists.
    pub installed: Option<bool>,
    /// Interfaces that are up, sorted by name.
    pub interfaces: Option<Vec<WireguardInterface>>,
    /// Prefixes claimed by two peers of one interface, sorted. A route to everywhere overlaps only with another one.
    pub overlapping_allowed_ips: Option<Vec<WireguardOverlap>>,
    /// Key and configuration files, sorted by path.
    pub files: Option<Vec<WireguardFile>>,
}

/// One interface.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireguardInterface {
    /// Name, e.g. `wg0`.
    pub name: String,
    /// Whether it is up; false for one that is only configured in a file.
    pub is_up: bool,
    /// Public key of this host; absent when only a file was read.
    pub public_key: Option<String>,
    /// Port it listens on.
    pub listen_port: Option<u16>,
    /// Peers, sorted by public key.
    pub peers: Vec<WireguardPeer>,
}

/// One peer.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireguardPeer {
    /// Public key, its identity.
    pub public_key: String,
    /// Prefixes it may use, sorted.
    pub allowed_ips: Vec<String>,
    /// Whether it may use every IPv4 or every IPv6 address, also when split in halves.
    pub has_default_route: bool,
    /// Whether a preshared key is set.
    pub has_preshared_key: bool,
    /// Whether a handshake ever happened; absent for interfaces that are not up.
    pub has_handshake: Option<bool>,
    /// Day of the latest handshake, start of the day in UTC.
    pub latest_handshake_at: Option<Moment>,
    /// When the key was first seen on this interface: by an earlier look, else by this one.
    pub first_seen_at: Moment,
}

/// Two peers that claim the same addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireguardOverlap {
    /// Interface.
    pub interface: String,
    /// First peer's public key.
    pub first_peer: String,
    /// Its prefix.
    pub first_prefix: String,
    /// Second peer's public key.
    pub second_peer: String,
    /// Its prefix.
    pub second_prefix: String,
}

/// A file that holds WireGuard keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireguardFile {
    /// Path.
    pub path: String,
    /// Permission bits in octal.
    pub mode: String,
    /// Owner.
    pub owner_uid: u32,
    /// Whether only root may read it.
    pub is_private: bool,
}
