//! Listening sockets and the packet filter.

mod fetch;
mod firewall;
mod iptables;
mod nftables;
pub(crate) mod range;
mod reach;
mod ruleset;
mod sockets;

pub(crate) use fetch::{firewall, sockets};
