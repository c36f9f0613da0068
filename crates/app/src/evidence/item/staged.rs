//! Files of a form that was refused, kept for an hour so that whoever sent it need not choose them again.
//!
//! They lie in a folder of their own beside the objects, sealed with a key that follows from a secret which only the page
//! of the form holds, and from whose it is. Nothing names them in the database; what nobody comes for is taken away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tickmark_core::Timestamp;
use tickmark_core::time::HOUR_US;
use tickmark_store::folder::write_durably;
use zeroize::Zeroizing;

use super::super::seal::DataKey;
use super::Upload;
use crate::{Actor, App, Error, Result};

/// How long they are kept, in microseconds.
pub const STAGED_US: i64 = HOUR_US;
/// Forms of one person whose files are kept at a time: the oldest make room.
const OF_ONE: usize = 4;
/// Bytes of all of them together.
const ALL_BYTES: u64 = 1 << 30;
const NONCE_BYTES: usize = 24;
const DOMAIN: &[u8] = b"tickmark/staged-files/v1\0";

/// What opens the files of a form: as the form has it.
pub type Secret = String;

/// Where a form's files lie.
struct Place {
    path: PathBuf,
    key: DataKey,
}

fn folder(app: &App) -> PathBuf {
    app.folder().root().join("staged")
}

/// Tells in a name whose files are, without saying it to whoever only sees the folder.
fn owner(actor: &Actor) -> String {
    let digest = Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(actor.organization.key.0.to_be_bytes())
        .chain_update(actor.id.0.as_bytes());
    hex::encode(&digest.finalize()[..8])
}

fn place(app: &App, actor: &Actor, secret: &[u8; 32], until: Timestamp) -> Place {
    let named = Sha256::new().chain_update(b"name").chain_update(secret).finalize();
    let name = format!("{:020}-{}-{}", until.micros().max(0), owner(actor), hex::encode(&named[..16]));
    let key: [u8; 32] = Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(secret)
        .chain_update(actor.organization.key.0.to_be_bytes())
        .chain_update(actor.id.0.as_bytes())
        .chain_update(until.micros().to_be_bytes())
        .finalize()
        .into();
    Place { path: folder(app).join(name), key: DataKey::new(key) }
}

/// Keeps files for an hour. Returns what the form has to hold to get them again; none where there is no room for them.
///
/// # Errors
/// If the disk refuses.
pub async fn stage(app: &App, actor: &Actor, files: &[Upload]) -> Result<Option<Secret>> {
    if files.is_empty() || !app.may_write() {
        return Ok(None);
    }
    let (now, secret) = (app.now(), Zeroizing::new(app.random::<32>()));
    let until = now.plus_micros(STAGED_US);
    let place = place(app, actor, &secret, until);
    let (nonce, whole) = (app.random::<NONCE_BYTES>(), packed(files));
    let (folder, owner) = (folder(app), owner(actor));
    let task = tokio::task::spawn_blocking(move || -> io::Result<bool> {
        if !folder.exists() {
            fs::create_dir_all(&folder)?;
        }
        sweep_folder(&folder, now)?;
        let mut own: Vec<PathBuf> =
            entries(&folder)?.into_iter().filter(|path| is_of(path, &owner)).collect();
        own.sort();
        let over = (own.len() + 1).saturating_sub(OF_ONE);
        for path in own.iter().take(over) {
            remove(path)?;
        }
        let mut held = 0;
        for path in entries(&folder)? {
            held += fs::metadata(&path).map_or(0, |found| found.len());
        }
        if held.saturating_add(whole.len() as u64) > ALL_BYTES {
            return Ok(false);
        }
        let sealed = place.key.seal(nonce, &whole);
        write_durably(&place.path, &sealed).map_err(io::Error::other)?;
        Ok(true)
    });
    let is_kept = finish(task.await)?;
    Ok(is_kept.then(|| format!("{}{:020}", hex::encode(*secret), until.micros())))
}

/// Returns the files that a form's secret stands for; none once they are gone, or if they are somebody else's.
///
/// # Errors
/// If the disk refuses.
pub async fn staged(app: &App, actor: &Actor, secret: &str) -> Result<Vec<Upload>> {
    let Some(place) = found(app, actor, secret) else { return Ok(Vec::new()) };
    let task = tokio::task::spawn_blocking(move || -> io::Result<Vec<Upload>> {
        let sealed = match fs::read(&place.path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // What cannot be opened is nobody's any more.
        Ok(place.key.open(&sealed).ok().and_then(|whole| unpacked(whole.into())).unwrap_or_default())
    });
    finish(task.await)
}

/// Takes the files of a form away.
///
/// # Errors
/// If the disk refuses.
pub async fn unstage(app: &App, actor: &Actor, secret: &str) -> Result<()> {
    let Some(place) = found(app, actor, secret) else { return Ok(()) };
    finish(tokio::task::spawn_blocking(move || remove(&place.path)).await)
}

impl App {
    /// Takes files of refused forms away that nobody came for.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn sweep_staged(&self) -> Result<()> {
        let (folder, now) = (folder(self), self.now());
        if !self.may_write() || !folder.exists() {
            return Ok(());
        }
        finish(tokio::task::spawn_blocking(move || sweep_folder(&folder, now)).await)
    }
}

fn found(app: &App, actor: &Actor, secret: &str) -> Option<Place> {
    let (secret, until) = secret.split_at_checked(64)?;
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(secret, bytes.as_mut_slice()).ok()?;
    let until = Timestamp::from_micros(until.parse().ok()?);
    (app.now() < until).then(|| place(app, actor, &bytes, until))
}

fn finish<T>(done: std::result::Result<io::Result<T>, tokio::task::JoinError>) -> Result<T> {
    let done = done.map_err(|error| Error::internal("keeping files of a form", error))?;
    done.map_err(|source| Error::Unavailable {
        what: "files of a form that was refused cannot be kept".to_owned(),
        source: Some(Box::new(source)),
    })
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn is_of(path: &Path, owner: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('-').nth(1) == Some(owner)
}

/// Takes away what is too old, and what has no such name.
fn sweep_folder(folder: &Path, now: Timestamp) -> io::Result<()> {
    for path in entries(folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let until = name.split('-').next().and_then(|until| until.parse::<i64>().ok());
        // A clock that was set back does not keep them for longer than an hour.
        let is_good = until.is_some_and(|until| (1..=STAGED_US).contains(&(until - now.micros())));
        if !is_good {
            remove(&path)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Names and bytes in one piece, each after its length.
fn packed(files: &[Upload]) -> Zeroizing<Vec<u8>> {
    let mut whole =
        Vec::with_capacity(files.iter().map(|file| file.name.len() + file.bytes.len() + 16).sum());
    for file in files {
        for part in [file.name.as_bytes(), &file.bytes] {
            whole.extend_from_slice(&(part.len() as u64).to_be_bytes());
            whole.extend_from_slice(part);
        }
    }
    Zeroizing::new(whole)
}

fn unpacked(mut whole: Bytes) -> Option<Vec<Upload>> {
    let mut next = || -> Option<Bytes> {
        let length = whole.get(..8)?.try_into().ok().map(u64::from_be_bytes)?;
        let length = usize::try_from(length).ok()?;
        if whole.len() < length.checked_add(8)? {
            return None;
        }
        let _ = whole.split_to(8);
        Some(whole.split_to(length))
    };
    let mut files = Vec::new();
    while let Some(name) = next() {
        files.push(Upload { name: String::from_utf8(name.to_vec()).ok()?, bytes: next()? });
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out_again() {
        let file = |name: &str, bytes: &'static [u8]| Upload {
            name: name.to_owned(),
            bytes: Bytes::from_static(bytes),
        };
        let files = [file("a.csv", b"1,2\n"), file("ä b.pdf", b"")];
        let whole = Bytes::from(packed(&files).to_vec());
        assert_eq!(unpacked(whole.clone()).expect("whole"), files);
        for cut in 1..8 {
            let part = whole.slice(..whole.len() - cut);
            assert!(unpacked(part).is_none_or(|found| found.len() < files.len()), "{cut}");
        }
        assert_eq!(unpacked(Bytes::new()), Some(Vec::new()));
    }
}
