//! Keys of a log: the private ones in files beside the database, the public ones in `log_key`.
//!
//! No key file is part of a copy of the database. A key that was replaced is destroyed when its overlap is over; its
//! public half stays, with the sizes for which it counts.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use sqlx::AnyConnection;
use tickmark_core::id::{OrganizationId, OrganizationKey};
use tickmark_ledger::note::{SignerKey, VerifierKey};
use tickmark_ledger::policy::{LogKey, Policy, Sizes};
use tickmark_store::StoreError;
use tickmark_store::folder::write_durably;

use super::{Head, sql};
use crate::{App, Error, Result};

/// A public key of the log, and for which of its checkpoints it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOfLog {
    /// The key, `name+id+base64`.
    pub verifier_key: String,
    /// The epoch in which it signs.
    pub epoch: i64,
    /// The first size.
    pub from: u64,
    /// The last size; none while it signs.
    pub to: Option<u64>,
}

/// The keys of a log, past and present.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) policy: Policy,
    /// Those that sign now, oldest first.
    pub(super) active: Vec<LogKey>,
}

impl Ring {
    /// Reads the keys, and makes sure that the head's is among those that sign.
    pub(super) async fn read(
        connection: &mut AnyConnection,
        org: OrganizationKey,
        head: &Head,
    ) -> Result<Self> {
        let what = "the table of keys";
        let mut all = Vec::new();
        for row in sql::keys(connection, org).await? {
            let key: VerifierKey = row.verifier_key.parse().map_err(|error| Error::corrupt(what, error))?;
            // A key that was revoked before it signed anything that counts.
            if row.to.is_none_or(|to| to >= row.from) {
                all.push(LogKey { key, sizes: Sizes { from: row.from, to: row.to } });
            }
        }
        let is_active = |key: &&LogKey| key.sizes.to.is_none() && key.key.name() == head.origin;
        let active: Vec<LogKey> = all.iter().filter(is_active).cloned().collect();
        if !active.iter().any(|key| key.key.to_string() == head.verifier_key) {
            return Err(Error::corrupt(what, format!("{} is not one that signs", head.verifier_key)));
        }
        let policy = Policy::of_keys(all).map_err(|error| Error::corrupt(what, error))?;
        Ok(Self { policy, active })
    }

    /// Reads the private halves of the keys that sign.
    pub(super) fn signers(&self, app: &App, organization: OrganizationId) -> Result<Vec<(SignerKey, Sizes)>> {
        self.active.iter().map(|key| Ok((load(app, organization, &key.key)?, key.sizes))).collect()
    }
}

/// Makes the signing key of a new organization's log.
pub(crate) fn create(app: &App, organization: OrganizationId) -> Result<SignerKey> {
    let signer = new_signer(app, &super::origin(organization, super::FIRST_EPOCH))?;
    keep(&signer, &first_path(app, organization))?;
    Ok(signer)
}

/// Makes another signing key for a log that has one.
pub(super) fn create_next(app: &App, organization: OrganizationId, origin: &str) -> Result<SignerKey> {
    let signer = new_signer(app, origin)?;
    keep(&signer, &own_path(app, organization, &signer.verifier()))?;
    Ok(signer)
}

fn new_signer(app: &App, origin: &str) -> Result<SignerKey> {
    SignerKey::from_seed(origin, &app.random())
        .map_err(|error| Error::internal("making a signing key", error))
}

fn keep(signer: &SignerKey, path: &std::path::Path) -> Result<()> {
    Ok(write_durably(path, format!("{}\n", signer.to_secret_text()).as_bytes())?)
}

/// Reads the private half of a key.
pub(crate) fn load(app: &App, organization: OrganizationId, verifier: &VerifierKey) -> Result<SignerKey> {
    let path = key_path(app, organization, verifier);
    let text = fs::read_to_string(&path).map_err(|source| Error::Unavailable {
        what: format!(
            "the signing key {} cannot be read; restore it from where keys are kept",
            path.display()
        ),
        source: Some(Box::new(source)),
    })?;
    // The source is left out: it could repeat part of the key.
    let signer: SignerKey = text
        .trim_end()
        .parse()
        .map_err(|_| Error::corrupt(path.display(), "it does not hold a signing key"))?;
    if signer.verifier() == *verifier {
        Ok(signer)
    } else {
        Err(Error::corrupt(
            "the head of the ledger",
            format!("it belongs to key {verifier}, the key file holds {}", signer.verifier()),
        ))
    }
}

/// Destroys the private half of a key that signs no longer. What a disk keeps of overwritten bytes is beyond us.
pub(super) fn destroy(app: &App, organization: OrganizationId, verifier: &VerifierKey) -> Result<()> {
    // A file that holds another key, or none, is left alone.
    if load(app, organization, verifier).is_err() {
        return Ok(());
    }
    let path = key_path(app, organization, verifier);
    let destroy = || {
        let length = fs::metadata(&path)?.len();
        let mut file = fs::OpenOptions::new().write(true).open(&path)?;
        file.write_all(&vec![0; usize::try_from(length).unwrap_or(0)])?;
        file.sync_all()?;
        fs::remove_file(&path)
    };
    Ok(destroy().map_err(|error| StoreError::io(format!("destroying {}", path.display()), error))?)
}

fn key_path(app: &App, organization: OrganizationId, verifier: &VerifierKey) -> PathBuf {
    let own = own_path(app, organization, verifier);
    if own.exists() { own } else { first_path(app, organization) }
}

fn own_path(app: &App, organization: OrganizationId, verifier: &VerifierKey) -> PathBuf {
    app.folder().keys().join(format!("log-{organization}-{:08x}.key", verifier.id()))
}

fn first_path(app: &App, organization: OrganizationId) -> PathBuf {
    app.folder().keys().join(format!("log-{organization}.key"))
}
