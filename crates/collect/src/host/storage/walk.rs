//! Walks the system's own folders for set-id, world-writable and unowned files, within limits and at low priority.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tickmark_core::evidence::Method;
use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::account::Accounts;
use tickmark_core::observation::host::storage::{Files, SetIdFile};

use crate::host::look::{Look, Miss, octal};

/// Where the walk begins. Links (a merged `/bin`) are not followed.
const ROOTS: [&str; 11] =
    ["/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/opt", "/sbin", "/srv", "/usr", "/var"];
/// Not the system's own: file systems of containers, and folders everybody may write by design.
const SKIPPED: [&str; 9] = [
    "/var/lib/docker",
    "/var/lib/containers",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/lxc",
    "/var/lib/lxd",
    "/var/lib/machines",
    "/var/tmp",
    "/var/cache/apt/archives/partial",
];
/// Entries kept in one list at most; more leave the walk incomplete.
const LIST_LIMIT: usize = 5_000;

/// Files and ids that accounts explain.
struct Known {
    uids: Option<BTreeSet<u32>>,
    gids: Option<BTreeSet<u32>>,
}

/// Walks, when the settings ask for it.
pub(crate) fn files(look: &mut Look<'_>, accounts: Option<&Accounts>) -> Files {
    if !look.settings.walk_files {
        look.gap("files", &Miss::new(ReasonClass::NotCollected, "the file walk is switched off"));
        return Files::default();
    }
    let users = accounts.and_then(|accounts| accounts.users.as_ref());
    let groups = accounts.and_then(|accounts| accounts.groups.as_ref());
    let known = Known {
        uids: users.map(|users| users.iter().map(|user| user.uid).collect()),
        gids: groups.map(|groups| groups.iter().map(|group| group.gid).collect()),
    };
    let limits = (look.settings.walk_limit_files, Duration::from_secs(look.settings.walk_limit_seconds));
    let root = look.settings.root.clone();
    // A thread of its own, because on Linux the priority belongs to the thread and cannot be raised again.
    let walked = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let _ = rustix::process::setpriority_process(None, 19);
                Walk::new(&root, &known, limits).run()
            })
            .join()
    });
    let Ok(walk) = walked else {
        look.gap("files", &Miss::new(ReasonClass::ParseError, "the file walk ended unexpectedly"));
        return Files::default();
    };
    let incomplete = walk.cut.or(walk.refused);
    if let Some(miss) = &incomplete {
        look.gaps_for(
            "files",
            &["set_id", "world_writable_files", "world_writable_directories", "unowned"],
            miss,
        );
    }
    let mut found = walk.found;
    found.complete = Some(incomplete.is_none());
    if known.uids.is_none() || known.gids.is_none() {
        found.unowned = None;
        look.gap("files.unowned", &Miss::new(ReasonClass::NotCollected, "accounts or groups are not known"));
    }
    keep(look, &found, walk.visited);
    found
}

fn keep(look: &mut Look<'_>, found: &Files, visited: u64) {
    let mut text = format!("files looked at: about {} thousand\n", visited / 1000);
    for file in found.set_id.iter().flatten() {
        text.push_str(&format!("set-id {} {} {} {}\n", file.mode, file.owner_uid, file.group_gid, file.path));
    }
    for (name, list) in [
        ("world-writable file", &found.world_writable_files),
        ("world-writable directory", &found.world_writable_directories),
        ("unowned", &found.unowned),
    ] {
        list.iter().flatten().for_each(|path| text.push_str(&format!("{name} {path}\n")));
    }
    look.keep_extract(
        "file-walk",
        Method::Kernel { source: format!("lstat of files under {}", ROOTS.join(" ")) },
        &text,
    );
}

struct Walk<'a> {
    root: &'a Path,
    known: &'a Known,
    limit_files: u64,
    deadline: Instant,
    visited: u64,
    /// Why it ended early.
    cut: Option<Miss>,
    /// A folder that may not be listed; the walk goes on without it.
    refused: Option<Miss>,
    found: Files,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Path, known: &'a Known, (limit_files, limit): (u64, Duration)) -> Self {
        let empty = || Some(Vec::new());
        let found = Files {
            complete: None,
            roots: empty(),
            set_id: Some(Vec::new()),
            world_writable_files: empty(),
            world_writable_directories: empty(),
            unowned: empty(),
        };
        Self {
            root,
            known,
            limit_files,
            deadline: Instant::now() + limit,
            visited: 0,
            cut: None,
            refused: None,
            found,
        }
    }

    fn run(mut self) -> Self {
        let device = fs::metadata(self.root).map(|metadata| metadata.dev()).ok();
        let mut waiting: Vec<PathBuf> = Vec::new();
        for start in ROOTS {
            let path = self.root.join(start.trim_start_matches('/'));
            // Begins on the root file system only, and never at a link.
            if fs::symlink_metadata(&path)
                .is_ok_and(|metadata| metadata.is_dir() && Some(metadata.dev()) == device)
            {
                self.found.roots.get_or_insert_default().push(start.to_owned());
                waiting.push(path);
            }
        }
        waiting.reverse();
        while let Some(folder) = waiting.pop() {
            if self.is_over() {
                break;
            }
            self.folder(&folder, device, &mut waiting);
        }
        for list in [
            &mut self.found.world_writable_files,
            &mut self.found.world_writable_directories,
            &mut self.found.unowned,
        ] {
            list.get_or_insert_default().sort_unstable();
        }
        self.found.set_id.get_or_insert_default().sort_by(|one, two| one.path.cmp(&two.path));
        self
    }

    fn is_over(&mut self) -> bool {
        let miss = |detail: String| Some(Miss::new(ReasonClass::Limit, detail));
        if self.visited >= self.limit_files {
            self.cut = miss(format!("the walk was cut at {} files", self.limit_files));
        } else if Instant::now() >= self.deadline {
            self.cut = miss("the walk was cut at its time limit".to_owned());
        }
        self.cut.is_some()
    }

    fn folder(&mut self, folder: &Path, device: Option<u64>, waiting: &mut Vec<PathBuf>) {
        let name = self.name(folder);
        if SKIPPED.contains(&name.as_str()) {
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() == std::io::ErrorKind::PermissionDenied {
                    self.refused =
                        Some(Miss::new(ReasonClass::NotPermitted, format!("{name} may not be listed")));
                }
                return;
            }
        };
        for entry in entries.flatten() {
            self.visited += 1;
            let Ok(metadata) = entry.metadata() else { continue };
            if Some(metadata.dev()) != device || metadata.is_symlink() {
                continue;
            }
            self.judge(&entry.path(), &metadata);
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
            if self.visited.is_multiple_of(4_096) && self.is_over() {
                return;
            }
        }
    }

    fn judge(&mut self, path: &Path, metadata: &fs::Metadata) {
        let mode = metadata.mode();
        let is_unowned = self.known.uids.as_ref().is_some_and(|uids| !uids.contains(&metadata.uid()))
            || self.known.gids.as_ref().is_some_and(|gids| !gids.contains(&metadata.gid()));
        if mode & 0o6002 == 0 && !is_unowned {
            return;
        }
        let name = self.name(path);
        if metadata.is_file() && mode & 0o6000 != 0 {
            let file = SetIdFile {
                path: name.clone(),
                mode: octal(mode),
                owner_uid: metadata.uid(),
                group_gid: metadata.gid(),
            };
            let list = self.found.set_id.get_or_insert_default();
            if list.len() < LIST_LIMIT {
                list.push(file);
            } else {
                self.cut =
                    Some(Miss::new(ReasonClass::Limit, format!("more than {LIST_LIMIT} set-id files")));
            }
        }
        if metadata.is_file() && mode & 0o002 != 0 {
            self.add(|found| &mut found.world_writable_files, name.clone());
        }
        if metadata.is_dir() && mode & 0o1002 == 0o002 {
            self.add(|found| &mut found.world_writable_directories, name.clone());
        }
        if is_unowned {
            self.add(|found| &mut found.unowned, name);
        }
    }

    fn add(&mut self, list: impl Fn(&mut Files) -> &mut Option<Vec<String>>, name: String) {
        let list = list(&mut self.found).get_or_insert_default();
        if list.len() < LIST_LIMIT {
            list.push(name);
        } else {
            self.cut =
                Some(Miss::new(ReasonClass::Limit, format!("more than {LIST_LIMIT} files of one kind")));
        }
    }

    fn name(&self, path: &Path) -> String {
        let inside = path.strip_prefix(self.root).unwrap_or(path);
        format!("/{}", inside.to_string_lossy())
    }
}
