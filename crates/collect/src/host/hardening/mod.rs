//! Kernel settings, modules, core dumps and boot.

mod fetch;
mod modules;

pub(crate) use fetch::{hardening, kernel_modules, sysctl};
