//! Asks about file systems and devices.

use std::fs::File;
use std::io::Read;

use tickmark_core::evidence::Method;
use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::storage::{
    BlockDevice, Disks, FilesystemUsage, Luks, Mounts, PackageIntegrity, Swap, Usage,
};

use super::{disks as tree, luks, mounts as table};
use crate::host::look::{Look, Manner, Miss, Weight};
use crate::host::text::sorted;

/// Reads mounts, devices and swap, which explain each other.
pub(crate) fn disks_mounts_swap(look: &mut Look<'_>) -> (Disks, Mounts, Swap) {
    let disks = lsblk(look);
    let disks = look.seen("disks.devices", disks);
    let mounted = look.read("/proc/self/mountinfo").map(|text| table::observe(&text));
    let mut mounted = look.seen("mounts.mounted", mounted);
    let mut untraced = Vec::new();
    for one in
        mounted.iter_mut().flatten().filter(|one| one.mount.is_persistent && one.mount.encrypted.is_none())
    {
        let found = disks.as_ref().and_then(|disks| {
            let by_number = disks.iter().find(|disk| disk.number == one.device && !disk.number.is_empty());
            by_number.map(|disk| disk.device.encrypted).or_else(|| {
                let devices: Vec<BlockDevice> = disks.iter().map(|disk| disk.device.clone()).collect();
                table::device_of(&devices, &one.mount.source).map(|device| device.encrypted)
            })
        });
        one.mount.encrypted = found;
        if found.is_none() && !one.mount.is_network {
            untraced.push(one.mount.target.clone());
        }
    }
    if !untraced.is_empty() {
        let detail = format!("the device cannot be traced for {}", untraced.join(", "));
        look.gap("mounts.mounted.encrypted", &Miss::new(ReasonClass::Unsupported, detail));
    }
    let devices = disks.map(|disks| disks.into_iter().map(|disk| disk.device).collect::<Vec<_>>());
    let swap = swap(look, devices.as_deref(), mounted.as_deref());
    let luks = devices.as_ref().and_then(|devices| luks_headers(look, devices));
    let mounts = Mounts { mounted: mounted.map(|all| all.into_iter().map(|one| one.mount).collect()) };
    (Disks { devices, luks }, mounts, swap)
}

fn lsblk(look: &mut Look<'_>) -> Result<Vec<tree::Disk>, Miss> {
    let ask = |look: &mut Look<'_>, mountpoints: &str| {
        let columns = format!("NAME,KNAME,TYPE,SIZE,FSTYPE,{mountpoints},RM,MAJ:MIN");
        look.run("block-devices", "lsblk", &["-J", "-b", "-o", &columns])
    };
    // Before version 2.37 there is only one mount point for each device.
    let text = match ask(look, "MOUNTPOINTS") {
        Err(miss) if miss.reason == ReasonClass::Unsupported => ask(look, "MOUNTPOINT"),
        other => other,
    }?;
    tree::observe(text.as_bytes())
        .ok_or_else(|| Miss::new(ReasonClass::ParseError, "lsblk -J: not of the documented form"))
}

fn swap(look: &mut Look<'_>, devices: Option<&[BlockDevice]>, mounted: Option<&[table::Mounted]>) -> Swap {
    let text = look.read("/proc/swaps");
    let Some(text) = look.seen("swap.devices", text) else { return Swap::default() };
    let mut swaps = table::swaps(&text);
    let mut untraced = false;
    for swap in &mut swaps {
        swap.encrypted = if swap.kind == "file" {
            // A file is as encrypted as the file system it lies on.
            let over = mounted.and_then(|all| {
                let holds =
                    |one: &&table::Mounted| std::path::Path::new(&swap.device).starts_with(&one.mount.target);
                all.iter().filter(holds).max_by_key(|one| one.mount.target.len())
            });
            over.and_then(|one| one.mount.encrypted)
        } else {
            devices.and_then(|devices| {
                let by_mount =
                    devices.iter().filter(|device| device.mountpoints.iter().any(|point| point == "[SWAP]"));
                let kernel_name = swap.device.rsplit('/').next().unwrap_or_default();
                table::device_of(devices, &swap.device).map(|device| device.encrypted).or_else(|| {
                    // `/dev/dm-2` is listed under its mapper name: known when all swap devices are alike.
                    let all: Vec<bool> = by_mount.map(|device| device.encrypted).collect();
                    let alike = kernel_name.starts_with("dm-") && all.iter().all(|one| *one == all[0]);
                    all.first().copied().filter(|_| alike)
                })
            })
        };
        untraced |= swap.encrypted.is_none() && !swap.is_zram;
    }
    if untraced {
        look.gap(
            "swap.devices.encrypted",
            &Miss::new(ReasonClass::Unsupported, "a swap device cannot be traced"),
        );
    }
    Swap { devices: Some(swaps) }
}

fn luks_headers(look: &mut Look<'_>, devices: &[BlockDevice]) -> Option<Vec<Luks>> {
    let mut found = Vec::new();
    let mut refused = None;
    for device in devices.iter().filter(|device| device.fstype.as_deref() == Some("crypto_LUKS")) {
        match luks_header(look, &device.name) {
            Ok(luks) => found.push(luks),
            Err(miss) => refused = Some(miss),
        }
    }
    if let Some(miss) = refused {
        look.gap("disks.luks", &miss);
        return None;
    }
    if !found.is_empty() {
        let text: String = found.iter().map(|luks| format!("{luks:?}\n")).collect();
        look.keep_extract(
            "luks-headers",
            Method::Kernel { source: "first bytes of LUKS devices".to_owned() },
            &text,
        );
    }
    Some(found)
}

fn luks_header(look: &Look<'_>, name: &str) -> Result<Luks, Miss> {
    let path =
        [format!("/dev/{name}"), format!("/dev/mapper/{name}")].into_iter().find(|path| look.exists(path));
    let path = path.unwrap_or_else(|| format!("/dev/{name}"));
    let refused = |error: std::io::Error| {
        let reason = match error.kind() {
            std::io::ErrorKind::PermissionDenied => ReasonClass::NotPermitted,
            _ => ReasonClass::Unsupported,
        };
        Miss::new(reason, format!("the header of {path} could not be read: {error}"))
    };
    let mut file = File::open(look.under_root(&path)).map_err(refused)?;
    let mut header = vec![0; luks::FIRST_BYTES];
    file.read_exact(&mut header).map_err(refused)?;
    let unknown = || Miss::new(ReasonClass::ParseError, format!("the header of {path} is not understood"));
    let more = luks::header_bytes(&header).ok_or_else(unknown)?.saturating_sub(header.len() as u64);
    file.take(more).read_to_end(&mut header).map_err(refused)?;
    luks::observe(name, &header).ok_or_else(unknown)
}

/// Measures free space of persistent file systems.
pub(crate) fn usage(look: &mut Look<'_>, mounts: &Mounts) -> Usage {
    let Some(mounted) = &mounts.mounted else {
        look.gap("usage", &Miss::new(ReasonClass::NotCollected, "mounts are not known"));
        return Usage::default();
    };
    if !look.is_live() {
        look.gap(
            "usage",
            &Miss::new(ReasonClass::NotCollected, "a copy of a system has no file systems of its own"),
        );
        return Usage::default();
    }
    let mut filesystems = Vec::new();
    let mut text = String::new();
    // A dead network server would block for ever, so those are not asked.
    for mount in mounted.iter().filter(|mount| mount.is_persistent && !mount.is_network) {
        match rustix::fs::statvfs(mount.target.as_str()) {
            Ok(stat) => {
                let usage = FilesystemUsage {
                    target: mount.target.clone(),
                    free_percent: steps_of_five(stat.f_bavail, stat.f_blocks).unwrap_or(0),
                    free_inodes_percent: steps_of_five(stat.f_favail, stat.f_files),
                };
                text.push_str(&format!(
                    "{} {} {:?}\n",
                    usage.target, usage.free_percent, usage.free_inodes_percent
                ));
                filesystems.push(usage);
            }
            Err(error) => {
                let detail = format!("{} could not be asked: {error}", mount.target);
                look.gap("usage.filesystems", &Miss::new(ReasonClass::NotPermitted, detail));
            }
        }
    }
    look.keep_extract("free-space", Method::Kernel { source: "statvfs".to_owned() }, &text);
    Usage { filesystems: Some(filesystems) }
}

/// A share in percent, rounded down to a multiple of five; none of nothing.
fn steps_of_five(part: u64, whole: u64) -> Option<u32> {
    let percent = part.checked_mul(100)?.checked_div(whole)?.min(100);
    u32::try_from(percent / 5 * 5).ok()
}

/// Compares installed files with their packages, when the settings ask for it.
pub(crate) fn package_integrity(look: &mut Look<'_>) -> PackageIntegrity {
    if !look.settings.verify_packages {
        let miss = Miss::new(ReasonClass::NotCollected, "package verification is switched off");
        look.gap("package_integrity", &miss);
        return PackageIntegrity::default();
    }
    let manner = Manner { weight: Weight::Heavy, ..Manner::default() };
    let text = look.run_as("package-verification", "dpkg", &["--verify"], manner);
    let Some(text) = look.seen("package_integrity", text) else { return PackageIntegrity::default() };
    let (modified, missing) = verified(&text);
    PackageIntegrity { complete: Some(true), modified: Some(modified), missing: Some(missing) }
}

/// Reads `dpkg --verify`: `??5?????? c /etc/x` and `missing     /usr/share/x`. `c` marks configuration.
fn verified(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut modified, mut missing) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let Some(at) = line.find('/') else { continue };
        let (flags, path) = line.split_at(at);
        let path = path.split(" (").next().unwrap_or(path).trim().to_owned();
        let words: Vec<&str> = flags.split_whitespace().collect();
        if words.get(1) == Some(&"c") {
            continue;
        }
        match words.first() {
            Some(&"missing")
                if !path.starts_with("/usr/share/doc/")
                    && !path.starts_with("/usr/share/man/")
                    && !path.starts_with("/usr/share/locale/") =>
            {
                missing.push(path)
            }
            Some(flags) if flags.contains('5') => modified.push(path),
            _ => {}
        }
    }
    (sorted(modified), sorted(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verification_leaves_configuration_out() {
        let text = "??5?????? c /etc/issue\n??5??????   /usr/bin/ls\nmissing     /usr/share/man/x.gz\nmissing   c /etc/x\nmissing     /usr/bin/cat (Permission denied)\n";
        assert_eq!(verified(text), (vec!["/usr/bin/ls".to_owned()], vec!["/usr/bin/cat".to_owned()]));
    }

    #[test]
    fn shares_go_in_steps() {
        assert_eq!(steps_of_five(99, 100), Some(95));
        assert_eq!(steps_of_five(4, 100), Some(0));
        assert_eq!(steps_of_five(1, 0), None);
    }
}
