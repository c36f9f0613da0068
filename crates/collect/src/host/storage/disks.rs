//! Reads `lsblk -J -b`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tickmark_core::observation::host::storage::BlockDevice;

/// Devices taken at most.
const DEVICE_LIMIT: usize = 10_000;
/// Layers followed at most.
const DEPTH_LIMIT: u32 = 32;

/// A device with its `major:minor` number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Disk {
    pub(crate) number: String,
    pub(crate) device: BlockDevice,
}

/// Reads the tree; none when it is not of the documented form. Devices of no size (unused loop devices) are left out.
pub(crate) fn observe(bytes: &[u8]) -> Option<Vec<Disk>> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    let mut disks = BTreeMap::new();
    for item in document.get("blockdevices")?.as_array()? {
        collect(item, None, false, 0, &mut disks);
    }
    Some(disks.into_values().filter(|disk| disk.device.size_bytes > 0).collect())
}

fn collect(
    item: &Value,
    parent: Option<&str>,
    below_crypt: bool,
    depth: u32,
    disks: &mut BTreeMap<String, Disk>,
) {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let Some(name) = text("name").filter(|_| disks.len() < DEVICE_LIMIT && depth < DEPTH_LIMIT) else {
        return;
    };
    let kind = text("type").unwrap_or_default();
    let encrypted = below_crypt || kind == "crypt";
    let entry = disks.entry(name.to_owned()).or_insert_with(|| Disk {
        number: text("maj:min").unwrap_or_default().trim().to_owned(),
        device: BlockDevice {
            name: name.to_owned(),
            kind: kind.to_owned(),
            size_bytes: number(item.get("size")),
            fstype: text("fstype").map(str::to_owned),
            parents: Vec::new(),
            mountpoints: mountpoints(item),
            encrypted,
            is_removable: flag(item.get("rm")),
        },
    });
    // A device over several others is encrypted when all of them are; the tree shows it once under each.
    entry.device.encrypted &= encrypted;
    if let Some(parent) = parent
        && !entry.device.parents.iter().any(|one| one == parent)
    {
        entry.device.parents.push(parent.to_owned());
        entry.device.parents.sort_unstable();
    }
    for child in item.get("children").and_then(Value::as_array).into_iter().flatten() {
        collect(child, Some(name), encrypted, depth + 1, disks);
    }
}

fn mountpoints(item: &Value) -> Vec<String> {
    let one = item.get("mountpoint").and_then(Value::as_str);
    let many =
        item.get("mountpoints").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    many.chain(one).map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Older versions write numbers and flags as text.
fn number(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::Number(number)) => number.as_u64().unwrap_or(0),
        Some(Value::String(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

fn flag(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Bool(true))) || value.and_then(Value::as_str) == Some("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_inherited_through_the_tree() {
        let disks = observe(include_bytes!("../../../fixtures/lsblk-luks-lvm.json")).expect("tree");
        insta::assert_json_snapshot!(disks.iter().map(|disk| &disk.device).collect::<Vec<_>>());
    }

    #[test]
    fn strange_trees_are_refused_or_empty() {
        assert!(observe(b"").is_none());
        assert!(observe(b"{}").is_none());
        assert_eq!(
            observe(br#"{"blockdevices":[{"name":null},3,{"name":"a","children":7}]}"#),
            Some(Vec::new())
        );
    }

    #[test]
    fn a_mirror_with_one_plain_half_is_not_encrypted() {
        let tree = br#"{"blockdevices":[
            {"name":"sda","type":"disk","size":"9","children":[{"name":"c","type":"crypt","size":9,"children":[{"name":"md0","type":"raid1","size":9}]}]},
            {"name":"sdb","type":"disk","size":9,"children":[{"name":"md0","type":"raid1","size":9}]}]}"#;
        let disks = observe(tree).expect("tree");
        let md = disks.iter().find(|disk| disk.device.name == "md0").expect("mirror");
        assert!(!md.device.encrypted);
        assert_eq!(md.device.parents, ["c", "sdb"]);
    }
}
