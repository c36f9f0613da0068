//! A copy of a data folder, made beside whoever works with it.
//!
//! The database first, in one moment; then every object that is there. An object is durable before a row names it, so the
//! copy has all that its rows name. Keys are left out: a copy that is stolen tells as little as the encrypted artifacts do.

use std::path::Path;

use futures_util::StreamExt as _;
use tickmark_store::{Blobs, DataFolder, Dialect};

use crate::{App, Error, Result};

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Whether the database is in the copy; a server is backed up by its own tools.
    pub has_database: bool,
    /// Objects that the copy did not have.
    pub new_objects: usize,
    /// Their bytes.
    pub new_bytes: u64,
    /// Objects that it had from before.
    pub old_objects: usize,
}

impl App {
    /// Copies database and objects into a folder: an empty one, or an earlier copy, which then gets only what is new.
    /// Every object is verified against its digest on the way.
    ///
    /// # Errors
    /// `Conflict` if the folder holds something else or is in use; `Damaged` if an object is not what was written; as the
    /// disk answers.
    pub async fn back_up(&self, to: &Path) -> Result<BackedUp> {
        let own = self.folder().root().canonicalize().unwrap_or_else(|_| self.folder().root().to_owned());
        // What is not there yet will be where the nearest folder above it is.
        let place = to.ancestors().find_map(|above| above.canonicalize().ok());
        let is_around = to.canonicalize().is_ok_and(|to| own.starts_with(to));
        if is_around || place.is_some_and(|place| place.starts_with(&own)) {
            return Err(Error::conflict("a copy inside the folder itself, or around it, is none"));
        }
        let copy = DataFolder::create_or_open(to)?;
        let mut done =
            BackedUp { has_database: self.database.dialect() == Dialect::Sqlite, ..BackedUp::default() };
        if done.has_database {
            self.database.copy_sqlite(&copy.database()).await?;
        }
        let objects = Blobs::open(&copy.blobs())?;
        let mut all = self.blobs().list();
        while let Some(entry) = all.next().await {
            // What is not named as an object is left where it is; `ledger fsck` tells of it.
            let Ok(digest) = entry?.digest else { continue };
            if objects.contains(digest).await? {
                done.old_objects += 1;
                continue;
            }
            let bytes = self.blobs().get(digest).await?;
            done.new_bytes += bytes.len() as u64;
            objects.put(bytes).await?;
            done.new_objects += 1;
        }
        Ok(done)
    }
}
