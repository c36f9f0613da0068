//! The sequencer: pending entries get their positions, in batches, each under a signed checkpoint.
//!
//! One transaction reads the head, appends leaves and full tiles, computes the new root twice from different
//! buffers, signs, and moves the head on only if it is still where it was found. (A key that somebody else holds signs
//! ahead of it, see [`super::ahead`].) The checkpoint is released after the database said that it committed. An error in between leaves "unknown": the database decides, and entry ids
//! make handing in twice harmless.

use tickmark_core::Timestamp;
use tickmark_ledger::leaf::{Leaf, LeafBytes, LeafKind};
use tickmark_ledger::note::Checkpoint;
use tickmark_ledger::tile::Edge;
use tickmark_ledger::tree::{Frontier, hash_leaf};
use tickmark_store::{Dialect, StoreError, WriteTx};

use super::ahead::{Ahead, is_any_again, sign};
use super::recover::OpenLog;
use super::{Head, State, marks, sql};
use crate::{Actor, App, Error, Organization, Result};

/// Most entries under one new checkpoint.
pub(super) const BATCH: u32 = 4096;
/// Entries read back at a time.
const PAGE: u32 = 1024;
/// Who records what the sequencer itself notices.
const SEQUENCER: &str = "sequencer";

/// A batch that is written but not committed.
struct Batch {
    tx: WriteTx,
    head: Head,
    frontier: Frontier,
    edge: Edge,
    last_moment: i64,
    whole: bool,
}

impl App {
    /// Gives every pending entry of the actor's organization its position and signs a checkpoint over all.
    ///
    /// Calling it often, at the same time, or again after a failure does no harm.
    ///
    /// # Errors
    /// If the database is busy or fails; if what is stored is damaged or older than what was released, in which case
    /// nothing is signed.
    pub async fn sequence(&self, actor: &Actor) -> Result<Head> {
        self.sequence_log(&actor.organization).await
    }

    pub(super) async fn sequence_log(&self, organization: &Organization) -> Result<Head> {
        let mut logs = self.logs.0.lock().await;
        let state = logs.entry(organization.key.0).or_default();
        loop {
            // Taken, not borrowed: whatever ends the batch early leaves "unknown" behind.
            let mut log = match std::mem::take(state) {
                State::Known(log) => log,
                State::Unknown => Box::new(self.open_log(organization).await?),
                State::Halted => {
                    *state = State::Halted;
                    return Err(Error::unavailable(
                        "the disk failed while the ledger was committed; start the program again",
                    ));
                }
            };
            if log.released < log.head.size {
                marks::release(self, organization.id, &log.head.checkpoint)?;
                log.released = log.head.size;
            }
            let batch = if log.is_signed_elsewhere() {
                match self.sign_ahead(organization, &mut log).await? {
                    None => None,
                    ahead => self.write_batch(organization, &mut log, ahead).await?,
                }
            } else {
                self.write_batch(organization, &mut log, None).await?
            };
            let Some(batch) = batch else {
                let head = log.head.clone();
                *state = State::Known(log);
                return Ok(head);
            };
            let Batch { tx, head, frontier, edge, last_moment, whole } = batch;
            if let Err(error) = tx.commit().await {
                // A server that went away knows what it has when it is back; a disk may show what it does not have.
                let is_file = self.database.dialect() == Dialect::Sqlite;
                if is_file && matches!(error, StoreError::Io { .. }) {
                    *state = State::Halted;
                }
                return Err(Error::Unavailable {
                    what: format!(
                        "the ledger may not be committed ({error}); it is read again before anything is signed"
                    ),
                    source: Some(Box::new(error)),
                });
            }
            marks::release(self, organization.id, &head.checkpoint)?;
            let released = head.size;
            *log = OpenLog { head, frontier, edge, last_moment, released, ..*log };
            let head = log.head.clone();
            *state = State::Known(log);
            if !whole {
                return Ok(head);
            }
        }
    }

    /// Writes the next batch, the one that was signed ahead if one was, or finds that there is nothing to do.
    async fn write_batch(
        &self,
        organization: &Organization,
        log: &mut Box<OpenLog>,
        ahead: Option<Ahead>,
    ) -> Result<Option<Batch>> {
        let org = organization.key;
        let mut tx = self.database.write().await?;
        let (stored, _) = sql::head(&mut tx, org).await?;
        if stored != log.head && ahead.is_some() {
            return Err(Error::unavailable("another node is writing the ledger; try again"));
        }
        if stored != log.head {
            // Another node went on, or a commit that looked failed was not. Look closely before going on from there.
            tx.rollback().await?;
            **log = self.open_log(organization).await?;
            tx = self.database.write().await?;
            if sql::head(&mut tx, org).await?.0 != log.head {
                return Err(Error::unavailable("another node is writing the ledger; try again"));
            }
        }
        if log.head.size < log.released {
            return Err(Error::unavailable(format!(
                "the ledger has {} entries, but a checkpoint over {} was released; nothing is signed over the gap",
                log.head.size, log.released
            )));
        }

        is_any_again(&mut tx, org).await?;
        sql::delete_sequenced(&mut tx, org).await?;
        let now = self.now();
        let (leaves, whole, signed) = match ahead {
            Some(Ahead { leaves, whole, checkpoint, signed }) => (leaves, whole, Some((checkpoint, signed))),
            None => {
                let pending = sql::pending(&mut tx, org, i64::from(BATCH)).await?;
                if pending.is_empty() {
                    // Entries handed in again are gone with this.
                    tx.commit().await?;
                    return Ok(None);
                }
                let whole = pending.len() == BATCH as usize;
                (self.leaves(pending, log, now)?, whole, None)
            }
        };

        // First computation: from the bytes as they were handed in.
        let first = log.head.size;
        let mut frontier = log.frontier.clone();
        for leaf in &leaves {
            frontier.push(leaf.hash());
        }
        sql::insert_leaves(&mut tx, org, first, &leaves).await?;

        // Second: from the bytes as the database gives them back, through the other structure.
        let mut edge = log.edge.clone();
        let mut full = Vec::new();
        let mut last_moment = log.last_moment;
        while edge.size() < frontier.size() {
            let page = sql::entries(&mut tx, org, edge.size(), PAGE).await?;
            if page.is_empty() {
                return Err(Error::corrupt(
                    "the table of ledger entries",
                    "entries just written are not there",
                ));
            }
            for entry in page {
                if entry.index != edge.size() {
                    return Err(Error::corrupt(
                        "the table of ledger entries",
                        format!("position {} is missing", edge.size()),
                    ));
                }
                last_moment = entry.leaf()?.ts_us();
                edge.push(hash_leaf(&entry.content), &mut full);
            }
        }
        if (edge.size(), edge.root()) != (frontier.size(), frontier.root()) {
            return Err(differ("released"));
        }
        sql::insert_tiles(&mut tx, org, &full).await?;

        let checkpoint =
            Checkpoint { origin: log.head.origin.clone(), size: frontier.size(), root: frontier.root() };
        let text = match signed {
            Some((ahead, _)) if ahead != checkpoint => return Err(differ("released")),
            Some((_, text)) => text,
            None => sign(&log.signers_of(checkpoint.size), &log.policy, &checkpoint)?,
        };
        let head = Head {
            size: checkpoint.size,
            root: checkpoint.root,
            checkpoint: text,
            updated_at: now,
            ..log.head.clone()
        };
        if !sql::advance(&mut tx, org, first, &head, &frontier).await? {
            return Err(Error::unavailable("another node is writing the ledger; try again"));
        }
        sql::delete_sequenced(&mut tx, org).await?;
        Ok(Some(Batch { tx, head, frontier, edge, last_moment, whole }))
    }

    /// Reads pending entries strictly, and notes first when the clock went back.
    pub(super) fn leaves(
        &self,
        pending: Vec<(String, Vec<u8>)>,
        log: &OpenLog,
        now: Timestamp,
    ) -> Result<Vec<LeafBytes>> {
        let mut leaves = Vec::with_capacity(pending.len() + 1);
        if now.micros() < log.last_moment {
            let body = serde_json::json!({
                "last": Timestamp::from_micros(log.last_moment).to_string(), "now": now.to_string(),
            });
            let id = self.new_id(now).to_string();
            leaves.push(
                Leaf::build(LeafKind::ClockAnomaly, &id, now.micros(), SEQUENCER, &body)
                    .map_err(|error| Error::internal("recording that the clock went back", error))?,
            );
        }
        for (id, content) in pending {
            let what = || format!("pending ledger entry {id}");
            let leaf = LeafBytes::new(content).map_err(|error| Error::corrupt(what(), error))?;
            if leaf.leaf().id != id {
                return Err(Error::corrupt(what(), format!("its bytes say id {}", leaf.leaf().id)));
            }
            leaves.push(leaf);
        }
        if log.head.size == 0 && leaves.first().is_some_and(|leaf| leaf.leaf().kind != LeafKind::LogGenesis) {
            return Err(Error::corrupt("the pending ledger entries", "the first one is not log.genesis"));
        }
        Ok(leaves)
    }
}

/// Two computations of the same root differ: somewhere a bit is not as it was.
pub(super) fn differ(what: &str) -> Error {
    Error::corrupt(
        "the memory or the database",
        format!("two computations of the ledger's root differ; nothing was {what}"),
    )
}
