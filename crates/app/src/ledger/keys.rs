//! Files beside the database: the signing key, and the newest checkpoint that was released.
//!
//! Neither is part of a copy of the database. A database restored from an old copy is therefore behind its released
//! checkpoint, and the key does not sign a second history over the gap.

use std::fs;
use std::io;
use std::path::PathBuf;

use tickmark_core::id::OrganizationId;
use tickmark_ledger::note::{SignedCheckpoint, SignerKey};
use tickmark_store::folder::write_durably;

use crate::{App, Error, Result};

/// Makes the signing key of a new organization's log.
pub(crate) fn create(app: &App, organization: OrganizationId) -> Result<SignerKey> {
    let path = key_path(app, organization);
    let signer = SignerKey::from_seed(&super::origin(organization), &app.random())
        .map_err(|error| Error::internal("making a signing key", error))?;
    write_durably(&path, format!("{}\n", signer.to_secret_text()).as_bytes())?;
    Ok(signer)
}

/// Reads the signing key of an organization's log.
pub(crate) fn load(app: &App, organization: OrganizationId) -> Result<SignerKey> {
    let path = key_path(app, organization);
    let text = fs::read_to_string(&path).map_err(|source| Error::Unavailable {
        what: format!(
            "the signing key {} cannot be read; restore it from where keys are kept",
            path.display()
        ),
        source: Some(Box::new(source)),
    })?;
    // The source is left out: it could repeat part of the key.
    text.trim_end().parse().map_err(|_| Error::corrupt(path.display(), "it does not hold a signing key"))
}

/// Reads the newest checkpoint that was released, unverified.
pub(super) fn released(app: &App, organization: OrganizationId) -> Result<Option<SignedCheckpoint>> {
    let path = released_path(app, organization);
    match fs::read(&path) {
        Ok(bytes) => {
            SignedCheckpoint::parse(&bytes).map(Some).map_err(|error| Error::corrupt(path.display(), error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Unavailable {
            what: format!("{} cannot be read", path.display()),
            source: Some(Box::new(source)),
        }),
    }
}

/// Notes that a checkpoint is released. Afterwards no smaller log is signed.
pub(super) fn release(app: &App, organization: OrganizationId, checkpoint: &str) -> Result<()> {
    Ok(write_durably(&released_path(app, organization), checkpoint.as_bytes())?)
}

/// Returns the path of the released checkpoint.
pub(super) fn released_path(app: &App, organization: OrganizationId) -> PathBuf {
    app.folder().state().join(format!("log-{organization}.checkpoint"))
}

fn key_path(app: &App, organization: OrganizationId) -> PathBuf {
    app.folder().keys().join(format!("log-{organization}.key"))
}
