//! Reads `/proc/self/mountinfo` and `/proc/swaps` (proc(5)).

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::observation::host::storage::{BlockDevice, Mount, SwapDevice};

/// File systems of the kernel itself, and others that hold no data of anybody.
const KERNEL_TYPES: [&str; 24] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sysfs",
    "tracefs",
    "fuse.gvfsd-fuse",
    "fuse.portal",
];
const NETWORK_TYPES: [&str; 9] =
    ["nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs", "glusterfs", "afs", "9p"];
/// Gone after a restart, or a read-only image.
const PASSING_TYPES: [&str; 6] = ["tmpfs", "overlay", "aufs", "squashfs", "iso9660", "erofs"];
/// Encrypt each file themselves.
const ENCRYPTING_TYPES: [&str; 4] = ["ecryptfs", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs"];
/// Options that change with the memory of the machine.
const VOLATILE_OPTIONS: [&str; 4] = ["size=", "nr_inodes=", "nr_blocks=", "fd="];
/// Mounts taken at most.
const MOUNT_LIMIT: usize = 10_000;

/// A mount with the number of its device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mounted {
    pub(crate) device: String,
    pub(crate) mount: Mount,
}

/// Reads mountinfo. Of several mounts on one target the last one is what is seen there.
pub(crate) fn observe(text: &str) -> Vec<Mounted> {
    let mut by_target = BTreeMap::new();
    for mounted in text.lines().take(MOUNT_LIMIT).filter_map(mount) {
        by_target.insert(mounted.mount.target.clone(), mounted);
    }
    by_target.into_values().filter(|mounted| is_of_interest(&mounted.mount)).collect()
}

/// Leaves out the kernel's own, and what sessions and containers mount and unmount all the time.
fn is_of_interest(mount: &Mount) -> bool {
    let is_passing = match mount.fstype.as_str() {
        "tmpfs" => mount.target.starts_with("/run/") || mount.target.starts_with("/var/lib/kubelet/"),
        "overlay" => mount.target.starts_with("/var/lib/"),
        _ => false,
    };
    !is_passing && !KERNEL_TYPES.contains(&mount.fstype.as_str())
}

fn mount(line: &str) -> Option<Mounted> {
    let (left, right) = line.split_once(" - ")?;
    let left: Vec<&str> = left.split(' ').collect();
    let right: Vec<&str> = right.split(' ').collect();
    let (device, target, options) = (left.get(2)?, unescaped(left.get(4)?), left.get(5)?);
    let (fstype, source) = (*right.first()?, unescaped(right.get(1)?));
    let of_filesystem = right.get(2).copied().unwrap_or_default();
    // The mount may be read-only over a writable file system, and the other way round.
    let is_read_only = options.split(',').chain(of_filesystem.split(',')).any(|option| option == "ro");
    let all = options.split(',').chain(of_filesystem.split(','));
    let kept = all.filter(|option| {
        !option.is_empty()
            && !["ro", "rw"].contains(option)
            && !VOLATILE_OPTIONS.iter().any(|volatile| option.starts_with(volatile))
    });
    let options: BTreeSet<&str> = kept.chain([if is_read_only { "ro" } else { "rw" }]).collect();
    let has = |name: &str| options.contains(name);
    let is_network = NETWORK_TYPES.contains(&fstype);
    Some(Mounted {
        device: (*device).to_owned(),
        mount: Mount {
            is_persistent: !PASSING_TYPES.contains(&fstype),
            is_network,
            encrypted: ENCRYPTING_TYPES.contains(&fstype).then_some(true),
            nodev: has("nodev"),
            nosuid: has("nosuid"),
            noexec: has("noexec"),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            target,
            source,
            fstype: fstype.to_owned(),
        },
    })
}

/// Spaces and the like are written as `\040`.
fn unescaped(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = (*first == b'\\').then(|| tail.get(..3)).flatten();
        let byte = code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                rest = &tail[3..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Reads `/proc/swaps`.
pub(crate) fn swaps(text: &str) -> Vec<SwapDevice> {
    let mut devices: Vec<SwapDevice> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let device = unescaped(words.next()?);
            let kind = words.next()?.to_owned();
            Some(SwapDevice { is_zram: device.contains("/zram"), encrypted: None, device, kind })
        })
        .collect();
    devices.sort_by(|one, two| one.device.cmp(&two.device));
    devices
}

/// Finds the block device behind a source like `/dev/mapper/data`.
pub(crate) fn device_of<'a>(devices: &'a [BlockDevice], source: &str) -> Option<&'a BlockDevice> {
    let name = source.strip_prefix("/dev/mapper/").or_else(|| source.strip_prefix("/dev/"))?;
    devices.iter().find(|device| device.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_that_hold_data_are_listed() {
        let text = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n23 22 0:20 / /proc rw,nosuid - proc proc rw\n24 22 0:21 / /tmp rw,nosuid,nodev,noexec shared:1 - tmpfs tmpfs rw,size=100k,nr_inodes=9\n25 22 0:30 / /mnt/a\\040b rw - nfs4 server:/x rw\n26 22 8:1 / /tmp/x rw - ext4 /dev/sda1 rw\n27 22 8:2 / /tmp/x ro - ext4 /dev/sda2 rw\nnonsense\n";
        insta::assert_json_snapshot!(observe(text).iter().map(|mounted| &mounted.mount).collect::<Vec<_>>());
    }

    #[test]
    fn swaps_are_listed() {
        let text =
            "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 100\n/swap\\040file file 1 0 -2\n";
        let found: Vec<_> =
            swaps(text).into_iter().map(|swap| (swap.device, swap.kind, swap.is_zram)).collect();
        assert_eq!(
            found,
            [
                ("/dev/zram0".into(), "partition".into(), true),
                ("/swap file".to_owned(), "file".into(), false)
            ]
        );
    }
}
