//! File systems, disks, swap, free space and files that should not be as they are.

mod disks;
mod fetch;
mod luks;
mod mounts;
mod walk;

pub(crate) use fetch::{disks_mounts_swap, package_integrity, usage};
pub(crate) use walk::files;
