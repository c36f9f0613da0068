//! Running processes, read from `/proc` once per look.

use std::collections::BTreeMap;

use tickmark_core::observation::ReasonClass;

use super::look::{Look, Miss};

/// Processes looked at, at most.
const PROCESS_LIMIT: usize = 20_000;
/// Open files looked at per process, at most.
const OPEN_FILE_LIMIT: usize = 20_000;

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// Short name, as in `/proc/<pid>/comm`.
    pub(crate) name: String,
}

/// Lists processes, sorted by id.
pub(crate) fn list(look: &Look<'_>) -> Result<Vec<Process>, Miss> {
    let entries = std::fs::read_dir(look.under_root("/proc"))
        .map_err(|error| Miss::new(ReasonClass::NotPresent, format!("/proc could not be read: {error}")))?;
    let mut processes: Vec<Process> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .take(PROCESS_LIMIT)
        .filter_map(|pid: u32| {
            // A process that ended meanwhile is no gap.
            let name = std::fs::read(look.under_root(&format!("/proc/{pid}/comm"))).ok()?;
            Some(Process { pid, name: String::from_utf8_lossy(&name).trim_end().to_owned() })
        })
        .collect();
    processes.sort_unstable_by_key(|process| process.pid);
    if processes.is_empty() {
        // There is always at least the process that looks.
        return Err(Miss::new(ReasonClass::NotPresent, "/proc shows no processes"));
    }
    Ok(processes)
}

/// Finds which process holds each socket inode. Also says whether a process could not be looked into.
pub(crate) fn socket_owners(look: &Look<'_>) -> (BTreeMap<u64, usize>, bool) {
    let mut owners = BTreeMap::new();
    let mut refused = false;
    for (index, process) in look.processes.iter().flatten().enumerate() {
        let folder = look.under_root(&format!("/proc/{}/fd", process.pid));
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                refused |= error.kind() == std::io::ErrorKind::PermissionDenied;
                continue;
            }
        };
        for entry in entries.flatten().take(OPEN_FILE_LIMIT) {
            let Ok(target) = std::fs::read_link(entry.path()) else { continue };
            let inode = target
                .to_str()
                .and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode {
                owners.entry(inode).or_insert(index);
            }
        }
    }
    (owners, refused)
}

/// Names of programs that still run deleted program or library files, sorted, and why others could not be told.
pub(crate) fn on_deleted_files(look: &Look<'_>) -> (Vec<String>, Option<Miss>) {
    let mut names = Vec::new();
    let mut refused = 0;
    let Some(processes) = &look.processes else {
        return (names, Some(Miss::new(ReasonClass::NotCollected, "processes could not be listed")));
    };
    for process in processes {
        let path = format!("/proc/{}/maps", process.pid);
        match std::fs::read(look.under_root(&path)) {
            Ok(maps) => {
                if maps_deleted_code(&maps) {
                    names.push(process.name.clone());
                }
            }
            Err(error) => refused += u32::from(error.kind() == std::io::ErrorKind::PermissionDenied),
        }
    }
    names.sort_unstable();
    names.dedup();
    // No count in the detail: processes come and go.
    let detail = "memory maps of some processes may not be read";
    (names, (refused > 0).then(|| Miss::new(ReasonClass::NotPermitted, detail)))
}

/// Tells whether a memory map runs code from a deleted file of the system's own folders.
pub(crate) fn maps_deleted_code(maps: &[u8]) -> bool {
    maps.split(|byte| *byte == b'\n').filter(|line| line.ends_with(b" (deleted)")).any(|line| {
        let text = String::from_utf8_lossy(line);
        let executable = text.split_whitespace().nth(1).is_some_and(|flags| flags.contains('x'));
        let path = text.find('/').map_or("", |at| &text[at..]);
        executable
            && ["/usr/", "/lib", "/bin/", "/sbin/", "/opt/"].iter().any(|folder| path.starts_with(folder))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_deleted_code_of_the_system_counts() {
        let library = b"7f00-7f01 r-xp 00000000 fe:00 1 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)\n";
        assert!(maps_deleted_code(library));
        let data = b"7f00-7f01 r--p 00000000 fe:00 1 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)\n";
        assert!(!maps_deleted_code(data));
        let shared =
            b"7f00-7f01 r-xs 00000000 fe:00 1 /memfd:jit (deleted)\n7f00 r-xp 0 fe:0 1 /usr/lib/libc.so\n";
        assert!(!maps_deleted_code(shared));
    }
}
