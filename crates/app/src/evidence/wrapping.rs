//! Files of wrapping keys, outside of the database.
//!
//! Each key made here is a file `keys/wrapping-<id>.key` of its own, created once and never changed, so that two programs
//! cannot overwrite each other's. Where the operator brings keys, a file named by a setting holds them, one a line;
//! the first one is for new artifacts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tickmark_store::folder::write_durably;
use zeroize::Zeroizing;

use super::seal::WrappingKey;
use crate::{App, Error, Result};

/// Most bytes of a key file.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Finds a key by its id.
pub(super) fn find(app: &App, id: &str) -> Result<WrappingKey> {
    let path = path(app, id);
    let in_folder = read(&path)?.into_iter().find(|key| key.id() == id);
    let in_file = match app.wrapping_keys() {
        Some(file) if in_folder.is_none() => read(file)?.into_iter().find(|key| key.id() == id),
        _ => None,
    };
    in_folder.or(in_file).ok_or_else(|| {
        Error::unavailable(format!(
            "the wrapping key {id} is not here; restore {} from where keys are kept",
            app.wrapping_keys().unwrap_or(&path).display()
        ))
    })
}

/// Returns the key for new artifacts: the first one of the file that the operator named, or a new one.
pub(super) fn fresh(app: &App) -> Result<WrappingKey> {
    if let Some(file) = app.wrapping_keys() {
        return read(file)?
            .into_iter()
            .next()
            .ok_or_else(|| Error::unavailable(format!("{} does not hold a wrapping key", file.display())));
    }
    let key = WrappingKey::new(app.random());
    write_durably(&path(app, key.id()), key.to_text().as_bytes())?;
    Ok(key)
}

/// Destroys the file of a key that wraps nothing any more. Tells whether there was one; what the operator brought stays.
pub(super) fn destroy(app: &App, id: &str) -> Result<bool> {
    let path = path(app, id);
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(failed("deleting", &path, source)),
    }
}

/// Reads all keys of a file; none if it is not there.
fn read(path: &Path) -> Result<Vec<WrappingKey>> {
    match fs::metadata(path) {
        Ok(about) if about.len() > MAX_FILE_BYTES => {
            return Err(Error::invalid(format!("{} is too large to be a file of keys", path.display())));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed("reading", path, source)),
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|source| failed("reading", path, source))?);
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            // The line is left out of the message: it could be part of a key.
            let damaged = || Error::corrupt(path.display(), format!("line {number} is not a wrapping key"));
            WrappingKey::parse(line).ok_or_else(damaged)
        })
        .collect()
}

fn failed(doing: &str, path: &Path, source: io::Error) -> Error {
    let what = format!("{doing} the wrapping key {} failed", path.display());
    Error::Unavailable { what, source: Some(Box::new(source)) }
}

fn path(app: &App, id: &str) -> PathBuf {
    app.folder().keys().join(format!("wrapping-{id}.key"))
}
