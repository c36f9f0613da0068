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
//! DATA/OBJECTS          where the objects are, if they are not in `blobs/`
//! DATA/out/             documents for people
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt as _;

use crate::blob::Blobs;
use crate::bucket::{self, Bucket};
use crate::{Access, Result, StoreError};

/// What `LAYOUT` says.
const LAYOUT: &str = "tickmark data folder, layout 1\n";

/// What is said of objects that are in the folder itself.
const HERE: &str = "the data folder";
/// How often a lock that is held is asked for, and how long is waited in between.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// An open data folder. The lock ends with it.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    access: Access,
    bucket: Option<Bucket>,
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
        Ok(Self { root: root.clone(), access: Access::Write, bucket: None, _lock: Some(lock) })
    }

    /// Opens an existing folder for reading, beside a process that writes. Takes no lock and changes nothing.
    ///
    /// # Errors
    /// If it is not a data folder.
    pub fn inspect(root: &Path) -> Result<Self> {
        if !is_layout(root)? {
            return Err(not_ours(root, "is not a data folder; `init` makes one"));
        }
        Ok(Self { root: root.to_owned(), access: Access::Inspect, bucket: None, _lock: None })
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

    /// Says in which bucket the objects are, or are to be; the settings' word for [`Self::objects`].
    pub fn keep_objects_in(&mut self, bucket: Bucket) {
        self.bucket = Some(bucket);
    }

    /// Opens the objects, wherever they are. A folder without objects begins where the settings say; from then on they are
    /// there until [`Self::move_objects`] brings them elsewhere.
    ///
    /// # Errors
    /// If the settings say another place than the one where the objects are, or that place does not answer, or would write
    /// over what it has.
    pub async fn objects(&self) -> Result<Blobs> {
        let set = self.bucket.as_ref().map_or_else(|| HERE.to_owned(), Bucket::place);
        let held = self.objects_place()?;
        match held {
            Some(held) if held != set => {
                let detail = format!(
                    "the objects are in {held}, but the settings say {set}; `tickmark objects move` brings them over"
                );
                Err(StoreError::BadBucket { place: set, detail })
            }
            held => {
                let Some(bucket) = &self.bucket else { return Blobs::open(&self.blobs()) };
                let backend = bucket.connect()?;
                if self.access == Access::Write {
                    bucket::probe(backend.as_ref(), &set).await?;
                    if held.is_none() {
                        write_durably(&self.root.join("OBJECTS"), set.as_bytes())?;
                    }
                }
                Ok(Blobs::over(backend))
            }
        }
    }

    /// Returns where the objects are; none as long as there is none.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn objects_place(&self) -> Result<Option<String>> {
        let path = self.root.join("OBJECTS");
        let reading = |error| StoreError::io(format!("reading {}", path.display()), error);
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(reading(error)),
        }
        Ok(self.blobs().join("sha256").exists().then(|| HERE.to_owned()))
    }

    /// Copies all objects between the folder and the bucket of the settings, each verified on the way, and lets them be
    /// there from then on. Those in the old place stay, for somebody to delete. Can be repeated after it was cut off.
    /// Returns how many there are.
    ///
    /// # Errors
    /// If the settings have no bucket, the objects are in another one, or one place does not answer.
    pub async fn move_objects(&self, into_bucket: bool) -> Result<usize> {
        let Some(bucket) = &self.bucket else {
            return Err(StoreError::Unsuitable(
                "the settings name no bucket, section `[objects]`".to_owned(),
            ));
        };
        let place = bucket.place();
        let backend = bucket.connect()?;
        bucket::probe(backend.as_ref(), &place).await?;
        let (inside, outside) = (Blobs::open(&self.blobs())?, Blobs::over(backend));
        let (from, to, from_place, to_place) = if into_bucket {
            (inside, outside, HERE.to_owned(), place)
        } else {
            (outside, inside, place, HERE.to_owned())
        };
        match self.objects_place()? {
            Some(held) if held != from_place => {
                let detail = format!("the objects are in {held}, not in {from_place}");
                return Err(StoreError::BadBucket { place: to_place, detail });
            }
            _ => {}
        }
        let (mut all, mut count) = (from.list(), 0);
        while let Some(entry) = all.next().await {
            // What is not named as an object is none.
            let Ok(digest) = entry?.digest else { continue };
            to.put(from.get(digest).await?).await?;
            count += 1;
        }
        write_durably(&self.root.join("OBJECTS"), to_place.as_bytes())?;
        Ok(count)
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

    /// Returns the folder of one owner's checks, where several share this data folder; it need not be there. `name` is one
    /// part of a path.
    #[must_use]
    pub fn checks_of(&self, name: &str) -> PathBuf {
        self.root.join("organizations").join(name).join("checks")
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
        let parent = folder_of(path);
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

/// Returns the folder that a file is in; the one that the program runs in for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
/// and two openers in one process exclude each other too. A program that this process is just starting still holds what was
/// open here until it runs; that passes, so a lock that is held is asked for a few times.
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
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(locking(error)),
        }
    }
    Err(StoreError::Locked(root.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_named_without_a_folder_is_in_the_one_the_program_runs_in() {
        for (path, folder) in
            [("bundle.zip", "."), ("./bundle.zip", "."), ("out/bundle.zip", "out"), ("/bundle.zip", "/")]
        {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder), "{path}");
        }
    }
}
