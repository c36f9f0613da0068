//! High-water marks: how far the log is known to have gone, by what the database does not hold.
//!
//! Restoring an old copy of the database shortens the log silently, and the key would then sign a second history over
//! the gap. So before anything is signed the head is compared with the newest checkpoint that was released (a file beside
//! the database), with what witnesses and authorities were last seen to hold (another such file), and with the
//! checkpoints in the folders to which they are published.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use sqlx::AnyConnection;
use tickmark_core::id::OrganizationId;
use tickmark_ledger::Hash;
use tickmark_ledger::note::{Checkpoint, SignedCheckpoint};
use tickmark_ledger::policy::{Policy, Refusal};
use tickmark_store::folder::write_durably;

use super::{Head, prove};
use crate::{App, Error, Organization, Result};

/// Size from which a mark is refused.
const MAX_MARK_BYTES: u64 = 256 * 1024;

/// How far somebody saw the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Who, or which file.
    pub(super) source: String,
    pub(super) origin: String,
    pub(super) size: u64,
    /// Not known when a witness said only the size.
    pub(super) root: Option<Hash>,
}

impl Mark {
    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        let (origin, size) = (self.origin.clone(), self.size);
        self.root.map(|root| Checkpoint { origin, size, root })
    }
}

impl App {
    /// Collects the marks of the log's present epoch. Those of earlier ones say nothing about it.
    pub(super) fn marks(
        &self,
        organization: &Organization,
        policy: &Policy,
        head: &Head,
    ) -> Result<Vec<Mark>> {
        let mut marks = Vec::new();
        if let Some(signed) = released(self, organization.id)? {
            marks.push(accept(policy, signed, released_path(self, organization.id), head)?);
        }
        for target in &self.outside().settings.file {
            let path = super::outside::folder_of(target, organization.id).join("checkpoint");
            match read(&path) {
                Ok(None) => {}
                Ok(Some(signed)) => marks.push(accept(policy, signed, path, head)?),
                // A disk that is not there now must not stop the log.
                Err(error @ Error::Unavailable { .. }) => {
                    tracing::warn!(%error, "a published checkpoint is not compared")
                }
                Err(error) => return Err(error),
            }
        }
        marks.extend(noted(self, organization.id)?);
        marks.retain(|mark| mark.origin == head.origin);
        Ok(marks)
    }

    /// Refuses a log that is behind a mark, or is another one. Returns the size of the newest released checkpoint.
    pub(super) async fn check_marks(
        &self,
        connection: &mut AnyConnection,
        organization: &Organization,
        policy: &Policy,
        head: &Head,
    ) -> Result<u64> {
        let marks = self.marks(organization, policy, head)?;
        let own = released_path(self, organization.id).display().to_string();
        let released = marks.iter().find(|mark| mark.source == own).map(|mark| mark.size);
        if released.is_none() && head.size > 0 && head.epoch == super::FIRST_EPOCH {
            tracing::warn!(
                origin = head.origin,
                size = head.size,
                "no record of released checkpoints; a database restored from an old copy would not be noticed here"
            );
        }
        for mark in marks {
            if mark.size > head.size {
                return Err(behind(head, &mark));
            }
            let Some(root) = mark.root.filter(|_| mark.size > 0) else { continue };
            if prove::root_at(connection, organization.key, mark.size).await? != root {
                return Err(Error::corrupt(
                    "the ledger",
                    format!(
                        "its first {} entries are not those of the checkpoint that was released ({})",
                        mark.size, mark.source
                    ),
                ));
            }
        }
        Ok(released.unwrap_or(0))
    }

    /// Notes how far somebody outside saw the log. Afterwards no smaller log is signed.
    pub(super) fn note_mark(&self, organization: OrganizationId, mark: Mark) -> Result<()> {
        let mut marks = noted(self, organization)?;
        match marks.iter_mut().find(|old| old.source == mark.source) {
            Some(old) if old.origin == mark.origin && old.size >= mark.size => return Ok(()),
            Some(old) => *old = mark,
            None => marks.push(mark),
        }
        let mut text = String::new();
        for Mark { source, origin, size, root } in &marks {
            let root = root.as_ref().map_or_else(|| "-".to_owned(), Hash::hex);
            writeln!(text, "{origin} {size} {root} {source}").expect("writing to a string does not fail");
        }
        Ok(write_durably(&noted_path(self, organization), text.as_bytes())?)
    }
}

fn behind(head: &Head, mark: &Mark) -> Error {
    Error::unavailable(format!(
        "the ledger has {} entries, but a checkpoint over {} was released ({}): the database is older than what was \
         signed, as after restoring an old copy; nothing is signed over the gap. Restore a newer copy, or go on in one \
         of two ways: `tickmark ledger recover --from DIR` takes the missing entries from an exported log, `tickmark \
         ledger new-epoch --reason TEXT` begins a new epoch that says what is missing",
        head.size, mark.size, mark.source
    ))
}

fn accept(policy: &Policy, signed: SignedCheckpoint, path: PathBuf, head: &Head) -> Result<Mark> {
    let Checkpoint { origin, size, root } = signed.checkpoint.clone();
    let mut known = Some(root);
    match policy.accept(&signed) {
        Ok(_) => {}
        // Perhaps by a key whose rotation the restored database does not know: more was signed than is there, but what
        // exactly is not to be believed.
        Err(_) if size > head.size && origin == head.origin => known = None,
        // An earlier epoch ends where the database says; what was signed beyond is not claimed.
        Err(Refusal::OutOfRange { .. }) if origin != head.origin => {}
        Err(error) => return Err(Error::corrupt(path.display(), error)),
    }
    Ok(Mark { source: path.display().to_string(), origin, size, root: known })
}

/// Reads the newest checkpoint that was released, unverified.
pub(super) fn released(app: &App, organization: OrganizationId) -> Result<Option<SignedCheckpoint>> {
    read(&released_path(app, organization))
}

fn read(path: &std::path::Path) -> Result<Option<SignedCheckpoint>> {
    let unavailable = |source: io::Error| Error::Unavailable {
        what: format!("{} cannot be read", path.display()),
        source: Some(Box::new(source)),
    };
    match fs::metadata(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => return Ok(None),
        Err(error) => return Err(unavailable(error)),
        Ok(found) if found.len() > MAX_MARK_BYTES => {
            return Err(Error::corrupt(path.display(), "it is too large"));
        }
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(unavailable)?;
    SignedCheckpoint::parse(&bytes).map(Some).map_err(|error| Error::corrupt(path.display(), error))
}

/// Notes that a checkpoint is released. Afterwards no smaller log is signed.
pub(super) fn release(app: &App, organization: OrganizationId, checkpoint: &str) -> Result<()> {
    Ok(write_durably(&released_path(app, organization), checkpoint.as_bytes())?)
}

/// Returns the path of the released checkpoint.
pub(super) fn released_path(app: &App, organization: OrganizationId) -> PathBuf {
    app.folder().state().join(format!("log-{organization}.checkpoint"))
}

fn noted_path(app: &App, organization: OrganizationId) -> PathBuf {
    app.folder().state().join(format!("log-{organization}.marks"))
}

fn noted(app: &App, organization: OrganizationId) -> Result<Vec<Mark>> {
    let path = noted_path(app, organization);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            let what = format!("{} cannot be read", path.display());
            return Err(Error::Unavailable { what, source: Some(Box::new(source)) });
        }
    };
    let mark = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let (origin, size, root) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
        let root = if root == "-" { None } else { Some(Hash::parse_hex(root).ok()?) };
        Some(Mark { source: words.next()?.to_owned(), origin: origin.to_owned(), size, root })
    };
    text.lines()
        .map(|line| mark(line).ok_or_else(|| Error::corrupt(path.display(), "a line is no mark")))
        .collect()
}
