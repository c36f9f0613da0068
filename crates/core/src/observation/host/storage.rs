//! File systems, disks, swap, and files that should not be as they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Mounted file systems.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mounts {
    /// File systems that can hold data, sorted by target. Kernel file systems (proc, sysfs, cgroup …) are left out.
    pub mounted: Option<Vec<Mount>>,
}

/// One mounted file system.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Where.
    pub target: String,
    /// What.
    pub source: String,
    /// Type, e.g. `ext4`.
    pub fstype: String,
    /// Options, sorted, without volatile ones.
    pub options: Vec<String>,
    /// Whether its data outlives a restart (not tmpfs, overlay of a container image, squashfs …).
    pub is_persistent: bool,
    /// Whether it lives on another machine (nfs, cifs …).
    pub is_network: bool,
    /// Whether an encrypted layer lies under it. Absent, with a gap, when the device cannot be traced.
    pub encrypted: Option<bool>,
    /// Whether `nodev` is set.
    pub nodev: bool,
    /// Whether `nosuid` is set.
    pub nosuid: bool,
    /// Whether `noexec` is set.
    pub noexec: bool,
}

/// Block devices.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disks {
    /// Devices, sorted by name.
    pub devices: Option<Vec<BlockDevice>>,
    /// LUKS containers, sorted by device.
    pub luks: Option<Vec<Luks>>,
}

/// One block device.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockDevice {
    /// Kernel or mapper name.
    pub name: String,
    /// `disk`, `part`, `crypt`, `lvm`, `raid1`, `loop`, `rom` …
    pub kind: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// File system or container type found on it.
    pub fstype: Option<String>,
    /// Names of the devices it lies on, sorted.
    pub parents: Vec<String>,
    /// Mount points, sorted.
    pub mountpoints: Vec<String>,
    /// Whether it or a device below it is an encrypted layer.
    pub encrypted: bool,
    /// Whether it can be removed.
    pub is_removable: bool,
}

/// Parameters of a LUKS container.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Luks {
    /// Device.
    pub device: String,
    /// 1 or 2.
    pub version: u32,
    /// Cipher, e.g. `aes-xts-plain64`.
    pub cipher: Option<String>,
    /// Key size in bits.
    pub key_bits: Option<u32>,
    /// Key derivation of each key slot in use, sorted, e.g. `argon2id`.
    pub key_derivations: Option<Vec<String>>,
}

/// Swap space.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// Active swap areas, sorted by device; empty when there is none.
    pub devices: Option<Vec<SwapDevice>>,
}

/// One swap area.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwapDevice {
    /// Device or file.
    pub device: String,
    /// `partition` or `file`.
    pub kind: String,
    /// Whether it is compressed memory.
    pub is_zram: bool,
    /// Whether an encrypted layer lies under it; absent when it cannot be traced.
    pub encrypted: Option<bool>,
}

/// Free space.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Persistent file systems, sorted by target.
    pub filesystems: Option<Vec<FilesystemUsage>>,
}

/// Free space of one file system, rounded down to steps of five so that it does not change with every look.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesystemUsage {
    /// Mount point.
    pub target: String,
    /// Free space for ordinary accounts in percent, in steps of 5.
    pub free_percent: u32,
    /// Free inodes in percent, in steps of 5; absent for file systems without a fixed number.
    pub free_inodes_percent: Option<u32>,
}

/// Files found by a bounded walk of the system paths on the root file system.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Whether the walk reached its end. When false the lists are what was found so far and prove nothing absent.
    pub complete: Option<bool>,
    /// Paths the walk began at, sorted.
    pub roots: Option<Vec<String>>,
    /// Set-user-id and set-group-id files, sorted by path.
    pub set_id: Option<Vec<SetIdFile>>,
    /// Regular files that everybody may write, sorted.
    pub world_writable_files: Option<Vec<String>>,
    /// Directories that everybody may write and that lack the sticky bit, sorted.
    pub world_writable_directories: Option<Vec<String>>,
    /// Files whose owner or group does not exist, sorted.
    pub unowned: Option<Vec<String>>,
}

/// A file that runs with the rights of its owner or group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetIdFile {
    /// Path.
    pub path: String,
    /// Permission bits in octal, e.g. `4755`.
    pub mode: String,
    /// Owner.
    pub owner_uid: u32,
    /// Group.
    pub group_gid: u32,
}

/// Comparison of installed files with the digests of their packages.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageIntegrity {
    /// Whether every package was compared. When false nothing is proven about the others.
    pub complete: Option<bool>,
    /// Files whose content differs, configuration left out, sorted.
    pub modified: Option<Vec<String>>,
    /// Files that are missing, configuration and excluded documentation left out, sorted.
    pub missing: Option<Vec<String>>,
}
