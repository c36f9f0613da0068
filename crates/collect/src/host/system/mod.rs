//! The machine, its operating system, packages, updates and package sources.

mod apt;
mod fetch;
mod lifetimes;
mod packages;
mod upgrade;

pub(crate) use fetch::{apt, auto_updates, host, inventory, os, packages, runtimes, updates};
