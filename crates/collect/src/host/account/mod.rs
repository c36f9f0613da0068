//! Accounts, sudo, PAM and shell sessions.

mod accounts;
mod fetch;
mod pam;
mod session;
mod sudo;

pub(crate) use fetch::{accounts, pam, session, sudo};
