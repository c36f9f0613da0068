//! Reads `/proc/modules` and modprobe.d(5).

use std::collections::BTreeSet;

use tickmark_core::observation::host::hardening::KernelModules;

use crate::host::text::significant;

/// How a module is kept from loading.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Blocked {
    /// By `install … /bin/false` or `true`: cannot be loaded at all.
    pub(crate) installs: BTreeSet<String>,
    /// By `blacklist`: not loaded by itself.
    pub(crate) blacklists: BTreeSet<String>,
}

/// Reads files of modprobe.d.
pub(crate) fn blocked<'a>(texts: impl Iterator<Item = &'a str>) -> Blocked {
    let mut found = Blocked::default();
    for text in texts {
        for (_, line) in significant(text) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["blacklist", name, ..] => {
                    found.blacklists.insert(canonical(name));
                }
                ["install", name, program, ..]
                    if ["false", "true"].contains(&program.rsplit('/').next().unwrap_or("")) =>
                {
                    found.installs.insert(canonical(name));
                }
                _ => {}
            }
        }
    }
    found
}

/// `-` and `_` are the same in names of modules.
fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

/// Puts loaded and blocked modules together. `available` says whether the kernel has the USB storage driver as a module.
pub(crate) fn observe(loaded: Option<&str>, blocked: &Blocked, usb_storage_available: bool) -> KernelModules {
    let names = loaded.map(|text| {
        text.lines().filter_map(|line| line.split(' ').next()).map(canonical).collect::<BTreeSet<String>>()
    });
    let is_loaded = names.as_ref().is_some_and(|names| names.contains("usb_storage"));
    let usb = "usb_storage";
    let usb_storage_blocked = !is_loaded
        && (blocked.installs.contains(usb) || blocked.blacklists.contains(usb) || !usb_storage_available);
    KernelModules {
        loadable: Some(loaded.is_some()),
        loaded: Some(names.unwrap_or_default().into_iter().collect()),
        blocked: Some(blocked.installs.union(&blocked.blacklists).cloned().collect()),
        usb_storage_blocked: Some(usb_storage_blocked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usb_storage_is_blocked_or_not() {
        let check = |loaded: Option<&str>, config: &str, available, expected| {
            let facts = observe(loaded, &blocked([config].into_iter()), available);
            assert_eq!(facts.usb_storage_blocked, Some(expected), "{loaded:?} {config}");
        };
        check(Some("ext4 1 0\n"), "", true, false);
        check(Some("ext4 1 0\n"), "install usb-storage /bin/false\n", true, true);
        check(Some("ext4 1 0\n"), "blacklist usb_storage\n", true, true);
        check(Some("usb_storage 1 0\n"), "blacklist usb-storage\n", true, false);
        check(Some("ext4 1 0\n"), "#blacklist usb-storage\n", true, false);
        check(Some("ext4 1 0\n"), "install usb-storage /sbin/modprobe x\n", true, false);
        check(None, "", false, true);
    }
}
