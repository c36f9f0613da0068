//! Keys of a log: the private ones in files beside the database or with an agent, the public ones in `log_key`.
//!
//! No key file is part of a copy of the database. A key that was replaced is destroyed when its overlap is over; its
//! public half stays, with the sizes for which it counts.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::AnyConnection;
use tickmark_core::id::{OrganizationId, OrganizationKey};
use tickmark_ledger::note::{Algorithm, CheckpointError, NoteError, Signer, SignerKey, VerifierKey};
use tickmark_ledger::policy::{LogKey, Policy, Sizes};
use tickmark_store::StoreError;
use tickmark_store::folder::write_durably;

use super::agent::{AgentSigner, public_key_of};
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
    pub(super) fn signers(
        &self,
        app: &App,
        organization: OrganizationId,
    ) -> Result<Vec<(Arc<dyn Signer>, Sizes)>> {
        self.active.iter().map(|key| Ok((load(app, organization, &key.key)?, key.sizes))).collect()
    }
}

/// Makes the signing key of a new organization's log.
pub(crate) fn create(app: &App, organization: OrganizationId) -> Result<Arc<dyn Signer>> {
    let origin = super::origin(organization, super::FIRST_EPOCH);
    if let Some(agent) = new_with_agent(app, &origin)? {
        return Ok(agent);
    }
    let signer = new_signer(app, &origin)?;
    keep(&signer, &first_path(app, organization))?;
    Ok(Arc::new(signer))
}

/// Makes another signing key for a log that has those of `ring`.
pub(super) fn create_next(
    app: &App,
    organization: OrganizationId,
    origin: &str,
    ring: &Ring,
) -> Result<Arc<dyn Signer>> {
    if let Some(agent) = new_with_agent(app, origin)? {
        let public_key = agent.verifier();
        let is_known = |key: &LogKey| key.key.public_key() == public_key.public_key();
        if ring.policy.logs().iter().chain(&ring.active).any(is_known) {
            return Err(Error::conflict(
                "public_key of [ledger.signer] is one with which this log was signed before; name another one, or none \
                 for a key in a file",
            ));
        }
        return Ok(agent);
    }
    let signer = new_signer(app, origin)?;
    keep(&signer, &own_path(app, organization, &signer.verifier()))?;
    Ok(Arc::new(signer))
}

/// The key that the settings name for new logs and as the next key, if an agent holds it.
fn new_with_agent(app: &App, origin: &str) -> Result<Option<Arc<dyn Signer>>> {
    let outside = app.outside();
    let line = outside.settings.signer.as_ref().and_then(|signer| signer.public_key.as_deref());
    let Some(line) = line else { return Ok(None) };
    let public_key = public_key_of(line)
        .and_then(|bytes| VerifierKey::new(origin, Algorithm::Ed25519, &bytes).ok())
        .ok_or_else(|| Error::invalid("public_key of [ledger.signer] is no usable key"))?;
    Ok(with_agent(app, &public_key))
}

/// The agent of the settings as the holder of a key.
fn with_agent(app: &App, verifier: &VerifierKey) -> Option<Arc<dyn Signer>> {
    let outside = app.outside();
    let settings = outside.settings.signer.clone()?;
    let (socket, timeout_seconds) = (settings.socket, settings.timeout_seconds);
    Some(Arc::new(AgentSigner { verifier: verifier.clone(), socket, timeout_seconds, outside }))
}

/// Why nothing was signed: a holder of a key who does not answer is waited for.
pub(crate) fn unsigned(error: CheckpointError) -> Error {
    match error {
        CheckpointError::Note(NoteError::NotSigned(why)) => Error::unavailable(why),
        other => Error::internal("signing a checkpoint", other),
    }
}

fn new_signer(app: &App, origin: &str) -> Result<SignerKey> {
    SignerKey::from_seed(origin, &app.random())
        .map_err(|error| Error::internal("making a signing key", error))
}

fn keep(signer: &SignerKey, path: &std::path::Path) -> Result<()> {
    Ok(write_durably(path, format!("{}\n", signer.to_secret_text()).as_bytes())?)
}

/// Finds the holder of the private half of a key: its file, else the agent of the settings.
pub(crate) fn load(
    app: &App,
    organization: OrganizationId,
    verifier: &VerifierKey,
) -> Result<Arc<dyn Signer>> {
    let path = key_path(app, organization, verifier);
    if !holds(&path, verifier)
        && let Some(agent) = with_agent(app, verifier)
    {
        return Ok(agent);
    }
    Ok(Arc::new(read(&path, verifier)?))
}

/// Whether a file holds a key.
fn holds(path: &Path, verifier: &VerifierKey) -> bool {
    read(path, verifier).is_ok()
}

/// Reads a key from its file.
fn read(path: &Path, verifier: &VerifierKey) -> Result<SignerKey> {
    let text = fs::read_to_string(path).map_err(|source| Error::Unavailable {
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
    let path = key_path(app, organization, verifier);
    if !holds(&path, verifier) {
        return Ok(());
    }
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
