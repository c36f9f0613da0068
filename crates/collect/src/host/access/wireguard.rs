//! Reads `wg show all dump` (keys already taken out) and configuration files.

use std::collections::BTreeMap;

use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::access::{WireguardInterface, WireguardOverlap, WireguardPeer};

use crate::host::network::range::{Prefix, RangeSet};
use crate::host::text::{significant, sorted};

use tickmark_core::observation::host::network::{Family, Scope};

/// Peers compared with each other for overlaps at most, over all interfaces.
const PREFIX_LIMIT: usize = 5_000;

/// Reads a dump: interface lines of 5 columns, peer lines of 9.
pub(crate) fn observe_dump(text: &str, now: Moment) -> Option<Vec<WireguardInterface>> {
    let mut interfaces: BTreeMap<String, WireguardInterface> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        match columns.as_slice() {
            [name, _, public_key, port, _] => {
                let interface = WireguardInterface {
                    name: (*name).to_owned(),
                    is_up: true,
                    public_key: Some((*public_key).to_owned()).filter(|key| key != "(none)"),
                    listen_port: port.parse().ok(),
                    peers: Vec::new(),
                };
                interfaces.insert((*name).to_owned(), interface);
            }
            [name, public_key, preshared, _, allowed, handshake, ..] => {
                let handshake: i64 = handshake.parse().ok()?;
                let allowed = if *allowed == "(none)" { "" } else { allowed };
                let mut peer = peer(public_key, allowed, *preshared != "(none)", now);
                peer.has_handshake = Some(handshake > 0);
                peer.latest_handshake_at = (handshake > 0).then(|| Moment(handshake).day());
                interfaces.get_mut(*name)?.peers.push(peer);
            }
            _ => return None,
        }
    }
    Some(in_order(interfaces.into_values().collect()))
}

/// Reads one configuration file of wg-quick or `wg setconf`.
pub(crate) fn observe_file(name: &str, text: &str, now: Moment) -> WireguardInterface {
    let mut interface = WireguardInterface {
        name: name.to_owned(),
        is_up: false,
        public_key: None,
        listen_port: None,
        peers: Vec::new(),
    };
    let mut section: Vec<(String, String)> = Vec::new();
    let mut in_peer = false;
    let mut end = |section: &mut Vec<(String, String)>, in_peer: bool| {
        let all = |name: &str| {
            section.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        if in_peer {
            if let Some(key) = all("publickey").first() {
                interface.peers.push(peer(
                    key,
                    &all("allowedips").join(","),
                    !all("presharedkey").is_empty(),
                    now,
                ));
            }
        } else if let Some(port) = all("listenport").first() {
            interface.listen_port = port.parse().ok();
        }
        section.clear();
    };
    for (_, line) in significant(text) {
        if line.starts_with('[') {
            end(&mut section, in_peer);
            in_peer = line.eq_ignore_ascii_case("[peer]");
        } else if let Some((key, value)) = line.split_once('=') {
            section.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    end(&mut section, in_peer);
    interface.peers.sort_by(|one, two| one.public_key.cmp(&two.public_key));
    interface
}

fn peer(public_key: &str, allowed: &str, has_preshared_key: bool, now: Moment) -> WireguardPeer {
    let allowed_ips: Vec<String> =
        sorted(allowed.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect());
    let prefixes: Vec<Prefix> = allowed_ips.iter().filter_map(|text| Prefix::parse(text)).collect();
    let reaches_everything = |family: Family| {
        let ranges = prefixes.iter().filter(|prefix| prefix.family == family).map(|prefix| prefix.range());
        RangeSet::of(ranges).scope(family) == Scope::Any
    };
    WireguardPeer {
        public_key: public_key.to_owned(),
        has_default_route: reaches_everything(Family::Ip4) || reaches_everything(Family::Ip6),
        allowed_ips,
        has_preshared_key,
        has_handshake: None,
        latest_handshake_at: None,
        first_seen_at: now,
    }
}

fn in_order(mut interfaces: Vec<WireguardInterface>) -> Vec<WireguardInterface> {
    interfaces.sort_by(|one, two| one.name.cmp(&two.name));
    for interface in &mut interfaces {
        interface.peers.sort_by(|one, two| one.public_key.cmp(&two.public_key));
    }
    interfaces
}

/// Lists prefixes that two peers of one interface both claim; none when there are too many to compare.
pub(crate) fn overlaps(interfaces: &[WireguardInterface]) -> Option<Vec<WireguardOverlap>> {
    let mut found = Vec::new();
    for interface in interfaces {
        let claims: Vec<(&str, &str, Prefix)> = interface
            .peers
            .iter()
            .flat_map(|peer| {
                peer.allowed_ips.iter().map(move |text| (peer.public_key.as_str(), text.as_str()))
            })
            .filter_map(|(key, text)| Some((key, text, Prefix::parse(text)?)))
            .collect();
        if claims.len() > PREFIX_LIMIT {
            return None;
        }
        for (index, (first_key, first_text, first)) in claims.iter().enumerate() {
            for (second_key, second_text, second) in &claims[index + 1..] {
                // Beside a route to everywhere, narrower prefixes of others are how it is meant.
                let comparable = (first.length == 0) == (second.length == 0);
                if comparable && first_key != second_key && first.overlaps(*second) {
                    found.push(WireguardOverlap {
                        interface: interface.name.clone(),
                        first_peer: (*first_key).to_owned(),
                        first_prefix: (*first_text).to_owned(),
                        second_peer: (*second_key).to_owned(),
                        second_prefix: (*second_text).to_owned(),
                    });
                }
            }
        }
    }
    Some(sorted(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{Layout, redact};

    #[test]
    fn a_dump_without_its_keys() {
        let raw = include_bytes!("../../../fixtures/wg-show-all-dump.txt");
        let text = redact(raw, Layout::WireguardDump).text;
        let interfaces = observe_dump(&text, Moment(1)).expect("dump");
        insta::assert_json_snapshot!((&interfaces, overlaps(&interfaces)));
        assert!(observe_dump("a\tb\n", Moment(0)).is_none());
        assert_eq!(observe_dump("", Moment(0)), Some(Vec::new()));
    }

    #[test]
    fn a_configuration_file() {
        let raw = b"[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\nListenPort = 51820\n[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nPresharedKey = FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=\nAllowedIPs = 0.0.0.0/1, 128.0.0.0/1\n";
        let text = redact(raw, Layout::Text).text;
        assert!(!text.contains("yAnz") && !text.contains("FpCy"));
        let interface = observe_file("wg0", &text, Moment(1));
        assert_eq!(interface.listen_port, Some(51_820));
        let peer = &interface.peers[0];
        assert!(peer.has_default_route && peer.has_preshared_key && peer.has_handshake.is_none());
    }
}
