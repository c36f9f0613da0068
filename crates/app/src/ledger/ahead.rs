//! Signing ahead: whoever holds a key elsewhere is asked before anybody has to wait for the database.
//!
//! An agent may take seconds, and one transaction at a time writes. So what the next checkpoint will say is computed from a
//! snapshot, twice from different buffers as always, and signed; the transaction then writes exactly these entries and
//! compares what it made of them. A signature that does not fit is dropped: none is kept or released that is not backed.

use std::sync::Arc;

use sqlx::AnyConnection;
use tickmark_core::id::OrganizationKey;
use tickmark_ledger::leaf::LeafBytes;
use tickmark_ledger::note::{Checkpoint, SignedCheckpoint, Signer};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tree::hash_leaf;
use tickmark_store::ReadTx;

use super::recover::OpenLog;
use super::sequence::{BATCH, differ};
use super::sql;
use crate::{App, Error, Organization, Result};

/// The entries of the next batch, and the checkpoint over them as it was signed.
pub(super) struct Ahead {
    pub(super) leaves: Vec<LeafBytes>,
    /// Whether more may wait.
    pub(super) whole: bool,
    pub(super) checkpoint: Checkpoint,
    pub(super) signed: String,
}

impl OpenLog {
    /// Tells whether a checkpoint is signed by somebody who has to be asked.
    pub(super) fn is_signed_elsewhere(&self) -> bool {
        self.signers.iter().any(|(signer, _)| signer.is_elsewhere())
    }

    /// Returns those who sign a checkpoint of `size` entries.
    pub(super) fn signers_of(&self, size: u64) -> Vec<Arc<dyn Signer>> {
        let counts = self.signers.iter().filter(|(_, sizes)| sizes.contains(size));
        counts.map(|(signer, _)| Arc::clone(signer)).collect()
    }
}

impl App {
    /// Has the next batch signed; none if nothing waits.
    pub(super) async fn sign_ahead(
        &self,
        organization: &Organization,
        log: &mut Box<OpenLog>,
    ) -> Result<Option<Ahead>> {
        let org = organization.key;
        let mut tx = self.snapshot(organization, log).await?;
        if is_any_again(&mut tx, org).await? {
            // Handed in twice: without them, what waits is what is new.
            drop(tx);
            let mut writing = self.database.write().await?;
            sql::delete_sequenced(&mut writing, org).await?;
            writing.commit().await?;
            tx = self.snapshot(organization, log).await?;
        }
        let pending = sql::pending(&mut tx, org, i64::from(BATCH)).await?;
        if pending.is_empty() {
            return Ok(None);
        }
        let (whole, count) = (pending.len() == BATCH as usize, pending.len());
        let leaves = self.leaves(pending, log, self.now())?;

        // First computation: from the bytes that will be written.
        let mut frontier = log.frontier.clone();
        for leaf in &leaves {
            frontier.push(leaf.hash());
        }
        // Second: from the bytes read once more, through the other structure.
        let mut edge = log.edge.clone();
        let mut full = Vec::new();
        let noted = leaves.iter().take(leaves.len() - count).map(LeafBytes::as_bytes);
        noted.for_each(|bytes| edge.push(hash_leaf(bytes), &mut full));
        for (_, content) in sql::pending(&mut tx, org, i64::from(BATCH)).await? {
            edge.push(hash_leaf(&content), &mut full);
        }
        drop(tx);
        if (edge.size(), edge.root()) != (frontier.size(), frontier.root()) {
            return Err(differ("signed"));
        }

        let (origin, size, root) = (log.head.origin.clone(), frontier.size(), frontier.root());
        let checkpoint = Checkpoint { origin, size, root };
        let (signers, policy) = (log.signers_of(size), log.policy.clone());
        let signed = checkpoint.clone();
        // Whoever is asked may keep a thread waiting.
        let asked = tokio::task::spawn_blocking(move || sign(&signers, &policy, &signed));
        let signed = asked.await.map_err(|error| Error::internal("signing a checkpoint", error))??;
        Ok(Some(Ahead { leaves, whole, checkpoint, signed }))
    }

    /// Begins to read the log where it is as we know it; looks closely first if somebody else went on.
    async fn snapshot(&self, organization: &Organization, log: &mut Box<OpenLog>) -> Result<ReadTx> {
        for _ in 0..2 {
            let mut tx = self.database.read().await?;
            if sql::head(&mut tx, organization.key).await?.0 == log.head {
                return Ok(tx);
            }
            drop(tx);
            **log = self.open_log(organization).await?;
        }
        Err(Error::unavailable("another node is writing the ledger; try again"))
    }
}

/// Tells whether entries wait that have their position; refuses them if they are other entries under the same id.
pub(super) async fn is_any_again(connection: &mut AnyConnection, org: OrganizationKey) -> Result<bool> {
    let again = sql::pending_again(connection, org, i64::from(BATCH)).await?;
    match again.iter().find(|(_, pending, logged)| pending != logged) {
        Some((id, ..)) => {
            Err(Error::corrupt(format!("pending ledger entry {id}"), "another entry has its id"))
        }
        None => Ok(!again.is_empty()),
    }
}

/// Signs, and reads the signature back before anybody sees it.
pub(super) fn sign(signers: &[Arc<dyn Signer>], policy: &Policy, checkpoint: &Checkpoint) -> Result<String> {
    let signers: Vec<&dyn Signer> = signers.iter().map(AsRef::as_ref).collect();
    let signed = checkpoint.sign(&signers).map_err(super::unsigned)?;
    let text = signed.to_text();
    let read = SignedCheckpoint::parse(text.as_bytes())
        .map_err(|error| Error::internal("reading back a checkpoint", error))?;
    policy.accept(&read).map_err(|error| Error::internal("verifying our own signature", error))?;
    Ok(text)
}
