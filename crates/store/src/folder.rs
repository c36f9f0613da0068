//! The data folder: what is where, and who may use it.
//!
//! ```text
//! DATA/LAYOUT           says that this is a data folder, and of which layout
//! DATA/lock             held by the process that writes
//! DATA/db/              the SQLite database
//! DATA/blobs/           content-addressed objects
//! DATA/keys/            signing keys; never part of a database backup
//! DATA/state/           marks against rollback; never part of a database backup
//! DATA/backup/          copies made before migrations
//! DATA/checks/          checks of the user's own, made when there is one
//! DATA/out/             documents for people
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::{Access, Result, StoreError};

/// What `LAYOUT` says.
const LAYOUT: &str = "tickmark data folder, layout 1\n";

/// An open data folder. The lock ends with it.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    access: Access,
    _lock: Option<File>,
}

impl DataFolder {
    /// Makes the folder if it is not there, and opens it as the only writer.
    ///
    /// # Errors
    /// If another process writes to it, it holds something else, or the disk refuses.
    pub fn create_or_open(root: &Path) -> Result<Self> {
        let making = |error| StoreError::io(format!("making the data folder {}", root.display()), error);
        if !root.exists() {
            folder(root).map_err(making)?;
        }
        let root = &root.canonicalize().map_err(making)?;
        if !is_layout(root)? {
            let mut entries = fs::read_dir(root).map_err(making)?;
            if entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != "lock")) {
                return Err(not_ours(root, "is not empty and is not a data folder; choose another"));
            }
        }
        let lock = lock(root)?;
        let preparing =
            |error| StoreError::io(format!("preparing the data folder {}", root.display()), error);
        fs::set_permissions(root, Permissions::from_mode(0o700)).map_err(preparing)?;
        for name in ["db", "blobs", "keys", "state", "backup", "out"] {
            folder(&root.join(name)).map_err(preparing)?;
        }
        if !is_layout(root)? {
            write_durably(&root.join("LAYOUT"), LAYOUT.as_bytes())?;
        }
        Ok(Self { root: root.clone(), access: Access::Write, _lock: Some(lock) })
    }

    /// Opens an existing folder for reading, beside a process that writes. Takes no lock and changes nothing.
    ///
    /// # Errors
    /// If it is not a data folder.
    pub fn inspect(root: &Path) -> Result<Self> {
        if !is_layout(root)? {
            return Err(not_ours(root, "is not a data folder; `init` makes one"));
        }
        Ok(Self { root: root.to_owned(), access: Access::Inspect, _lock: None })
    }

    /// Returns what this opener may do.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Returns the folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of the SQLite database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("db/tickmark.sqlite")
    }

    /// Returns the folder of objects.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Returns the folder of signing keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Returns the folder of marks against rollback.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Returns the folder of copies made before migrations.
    #[must_use]
    pub fn backup(&self) -> PathBuf {
        self.root.join("backup")
    }

    /// Returns the folder of the user's own checks, which need not be there.
    #[must_use]
    pub fn checks(&self) -> PathBuf {
        self.root.join("checks")
    }

    /// Returns the folder of documents for people.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.root.join("out")
    }
}

/// Writes a small file, readable by its owner only, so that after a crash either the old or the new content is
/// there, and the new one once this returned.
///
/// # Errors
/// If the disk refuses.
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        // The descriptor is held across the renaming: an error of the folder's own flush is not lost with its
        // inode.
        let folder = File::open(parent)?;
        let unfinished = path.with_extension("unfinished");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        folder.sync_all()
    };
    write().map_err(|error| StoreError::io(format!("writing {}", path.display()), error))
}

fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn is_layout(root: &Path) -> Result<bool> {
    let path = root.join("LAYOUT");
    match fs::read(&path) {
        Ok(text) if text == LAYOUT.as_bytes() => Ok(true),
        Ok(_) => Err(not_ours(root, "has a layout that this version does not know")),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(error) => Err(StoreError::io(format!("reading {}", path.display()), error)),
    }
}

fn not_ours(root: &Path, detail: &str) -> StoreError {
    StoreError::NotADataFolder { folder: root.to_owned(), detail: detail.to_owned() }
}

/// Locks by `flock`, whose locks belong to the open file: closing another descriptor of it does not release them,
/// and two openers in one process exclude each other too.
fn lock(root: &Path) -> Result<File> {
    let path = root.join("lock");
    let locking = |error| StoreError::io(format!("locking {}", path.display()), error);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(locking)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(root.to_owned())),
        Err(TryLockError::Error(error)) => Err(locking(error)),
    }
}
