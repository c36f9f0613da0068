//! The SSH server, authorized keys and WireGuard.

mod authorized_keys;
mod fetch;
mod key;
mod sshd;
mod wireguard;

pub(crate) use fetch::{authorized_keys, sshd, wireguard};
