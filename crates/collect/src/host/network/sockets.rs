//! Reads `/proc/net/{tcp,tcp6,udp,udp6}`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tickmark_core::observation::host::network::{Family, Listener, Protocol};

use super::range::listen_scope;

/// Sockets taken from one table at most.
const SOCKET_LIMIT: usize = 50_000;
/// State of a TCP socket that listens.
const LISTEN: &str = "0A";

/// One socket of a kernel table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) protocol: Protocol,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) uid: u32,
    pub(crate) inode: u64,
}

/// Lists the sockets that wait for others: listening TCP, unconnected UDP.
pub(crate) fn observe(text: &str, protocol: Protocol) -> Vec<Entry> {
    text.lines().skip(1).take(SOCKET_LIMIT).filter_map(|line| entry(line, protocol)).collect()
}

fn entry(line: &str, protocol: Protocol) -> Option<Entry> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (local, remote, state) = (*columns.get(1)?, *columns.get(2)?, *columns.get(3)?);
    let waits = match protocol {
        Protocol::Tcp => state == LISTEN,
        Protocol::Udp => remote.ends_with(":0000"),
    };
    let (host, port) = local.split_once(':')?;
    Some(Entry {
        protocol,
        address: address(host)?,
        port: u16::from_str_radix(port, 16).ok()?,
        uid: columns.get(7)?.parse().ok()?,
        inode: columns.get(9)?.parse().ok()?,
    })
    .filter(|_| waits)
}

/// Reads the kernel's form: 32-bit words in hexadecimal, each in the byte order of the machine.
fn address(digits: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let value = u32::from_str_radix(digits.get(at * 8..at * 8 + 8)?, 16).ok()?;
        Some(value.to_ne_bytes())
    };
    match digits.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&word(at)?);
            }
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

/// Turns a socket into a fact. None for client sockets of ordinary accounts, which come and go.
pub(crate) fn listener(entry: &Entry, process: Option<&str>, ephemeral: (u16, u16)) -> Option<Listener> {
    let is_ephemeral_port = (ephemeral.0..=ephemeral.1).contains(&entry.port);
    let is_client =
        entry.protocol == Protocol::Udp && is_ephemeral_port && entry.uid >= 1000 && process.is_some();
    (!is_client).then(|| Listener {
        protocol: entry.protocol,
        family: if entry.address.is_ipv4() { Family::Ip4 } else { Family::Ip6 },
        address: entry.address.to_string(),
        port: entry.port,
        scope: listen_scope(entry.address),
        uid: entry.uid,
        process: process.map(str::to_owned),
        is_ephemeral_port,
    })
}

#[cfg(test)]
mod tests {
    use tickmark_core::observation::host::network::Scope;

    use super::*;

    #[test]
    fn kernel_tables_are_read() {
        let tcp = include_str!("../../../fixtures/proc-net-tcp.txt");
        let found = observe(tcp, Protocol::Tcp);
        let listed: Vec<_> =
            found.iter().map(|e| format!("{}:{} {} {}", e.address, e.port, e.uid, e.inode)).collect();
        assert_eq!(listed, ["127.0.0.1:5432 106 21077", "0.0.0.0:22 0 18801"]);
        let tcp6 = include_str!("../../../fixtures/proc-net-tcp6.txt");
        let found = observe(tcp6, Protocol::Tcp);
        let listed: Vec<_> = found.iter().map(|e| format!("{} {}", e.address, e.port)).collect();
        assert_eq!(listed, [":: 22", "::1 5432"]);
        assert_eq!(listener(&found[0], Some("sshd"), (32768, 60999)).expect("service").scope, Scope::Any);
        for bad in ["", "x", "head\n0: zz:1 0:0 0A", "head\n 0: 0100007F:1538 00000000:0000 0A"] {
            assert!(observe(bad, Protocol::Tcp).is_empty());
        }
    }

    #[test]
    fn only_client_sockets_are_left_out() {
        let entry = |port, uid| Entry {
            protocol: Protocol::Udp,
            address: "0.0.0.0".parse().expect("address"),
            port,
            uid,
            inode: 1,
        };
        let range = (32768, 60999);
        assert!(listener(&entry(40000, 1000), Some("chromium"), range).is_none());
        // The kernel's own, e.g. WireGuard, have no process.
        assert!(listener(&entry(51820, 0), None, range).is_some());
        assert!(listener(&entry(40000, 0), Some("named"), range).is_some());
        assert!(listener(&entry(53, 1000), Some("dnsmasq"), range).is_some());
    }
}
