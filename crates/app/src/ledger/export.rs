//! The log as a folder in the C2SP `tlog-tiles` layout: an archive that any such client can verify.
//!
//! Tiles and bundles are create-only: what is there already is compared, never overwritten. Partial ones of the
//! exported size are written too. The checkpoint comes last, so a folder never promises more than it holds.

use std::fs;
use std::io;
use std::path::Path;

use tickmark_ledger::tile::{Tile, TilePath, push_entry, tile_bytes};
use tickmark_store::StoreError;
use tickmark_store::folder::write_durably;

use super::{prove, sql};
use crate::{Actor, App, Error, Result};

/// Entries in one bundle.
const BUNDLE: u64 = 256;

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Number of entries in the folder.
    pub size: u64,
    /// Files that are new.
    pub written: u64,
    /// Files that were there and are the same.
    pub kept: u64,
}

impl App {
    /// Writes the organization's log into `folder`, which may hold an earlier export of it.
    ///
    /// `progress` hears how many files are done, and how many there are.
    ///
    /// # Errors
    /// If the disk refuses, or the folder holds something that differs.
    pub async fn export_log(
        &self,
        actor: &Actor,
        folder: &Path,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Exported> {
        let organization = actor.organization.key;
        let mut tx = self.database.read().await?;
        let (head, _) = sql::head(&mut tx, organization).await?;
        let mut exported = Exported { size: head.size, written: 0, kept: 0 };
        let total = (Tile::all(head.size).count() + TilePath::all_entries(head.size).count()) as u64;

        for tile in Tile::all(head.size) {
            let hashes = prove::tile_hashes(&mut tx, organization, tile).await?;
            exported.put(folder, &tile.path(), &tile_bytes(&hashes))?;
            progress(exported.written + exported.kept, total);
        }
        for (index, width) in TilePath::all_entries(head.size) {
            let entries = sql::entries(&mut tx, organization, index * BUNDLE, u32::from(width)).await?;
            if entries.len() != usize::from(width) {
                return Err(Error::corrupt(
                    "the table of ledger entries",
                    "entries are missing; see `ledger fsck`",
                ));
            }
            let mut bundle = Vec::new();
            for entry in entries {
                push_entry(&mut bundle, &entry.content)
                    .map_err(|error| Error::corrupt(format!("ledger entry {}", entry.index), error))?;
            }
            exported.put(folder, &TilePath::Entries { index, width }.path(), &bundle)?;
            progress(exported.written + exported.kept, total);
        }
        write_durably(&folder.join("checkpoint"), head.checkpoint.as_bytes())?;
        Ok(exported)
    }
}

impl Exported {
    fn put(&mut self, folder: &Path, path: &str, bytes: &[u8]) -> Result<()> {
        let file = folder.join(path);
        match fs::read(&file) {
            Ok(found) if found == bytes => {
                self.kept += 1;
                return Ok(());
            }
            Ok(_) => {
                return Err(Error::conflict(format!(
                    "{} is there and is not of this log; export into another folder",
                    file.display()
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io(format!("reading {}", file.display()), error).into()),
        }
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)
                .map_err(|error| StoreError::io(format!("making {}", parent.display()), error))?;
        }
        write_durably(&file, bytes)?;
        self.written += 1;
        Ok(())
    }
}
