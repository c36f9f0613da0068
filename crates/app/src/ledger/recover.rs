//! Before anything is signed: does what is stored carry the signed head, and is it at least what was released?

use std::sync::Arc;

use sqlx::AnyConnection;
use tickmark_core::id::OrganizationKey;
use tickmark_ledger::note::{SignedCheckpoint, Signer};
use tickmark_ledger::policy::{Policy, Sizes};
use tickmark_ledger::tile::{Edge, TILE_HEIGHT, TILE_WIDTH};
use tickmark_ledger::tree::{Frontier, hash_leaf};

use super::keys::Ring;
use super::{Head, State, prove, sql};
use crate::{App, Error, Organization, Result};

/// A log as left by its last batch.
#[derive(Debug)]
pub(super) struct OpenLog {
    /// The keys that sign, with the sizes from which they do.
    pub(super) signers: Vec<(Arc<dyn Signer>, Sizes)>,
    pub(super) policy: Policy,
    pub(super) head: Head,
    pub(super) frontier: Frontier,
    pub(super) edge: Edge,
    /// Size of the newest released checkpoint.
    pub(super) released: u64,
    /// `ts` of the last entry, in microseconds.
    pub(super) last_moment: i64,
}

impl App {
    /// Checks every log; where writing is allowed, sequences what was left pending.
    pub(crate) async fn recover(&self) -> Result<()> {
        for organization in self.organizations().await? {
            let log = self.open_log(&organization).await?;
            let pending = {
                let mut tx = self.database.read().await?;
                sql::count_pending(&mut tx, organization.key).await?
            };
            let behind = log.released < log.head.size;
            self.logs.0.lock().await.insert(organization.key.0, State::Known(Box::new(log)));
            if self.may_write() && (pending > 0 || behind) {
                match self.sequence_log(&organization).await {
                    Ok(_) => {}
                    // On a full disk everything can still be read, and the entries wait.
                    Err(error @ Error::Unavailable { .. }) => {
                        tracing::warn!(%error, pending, "ledger entries wait for their position");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Reads a log's right edge and refuses it when it does not carry the signed head, or is behind a mark.
    pub(super) async fn open_log(&self, organization: &Organization) -> Result<OpenLog> {
        let mut tx = self.database.read().await?;
        let (head, frontier) = sql::head(&mut tx, organization.key).await?;
        let Ring { policy, active } = Ring::read(&mut tx, organization.key, &head).await?;
        let signers = Ring { policy: policy.clone(), active }.signers(self, organization.id)?;
        let (frontier, edge) = check_stored(&mut tx, organization.key, &policy, &head, &frontier).await?;
        let released = self.check_marks(&mut tx, organization, &policy, &head).await?;
        let last_moment = match sql::latest(&mut tx, organization.key, 1).await?.first() {
            Some(last) => last.leaf()?.ts_us(),
            None => i64::MIN,
        };
        Ok(OpenLog { signers, policy, head, frontier, edge, released, last_moment })
    }
}

/// Makes sure that entries, tiles and frontier lead to the signed head. Returns frontier and right edge.
pub(super) async fn check_stored(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
    policy: &Policy,
    head: &Head,
    frontier: &[u8],
) -> Result<(Frontier, Edge)> {
    check_signed(policy, head)?;
    check_extent(connection, organization, head.size).await?;
    let frontier = Frontier::from_bytes(frontier)
        .map_err(|error| Error::corrupt("the frontier of the ledger", error))?;
    if (frontier.size(), frontier.root()) != (head.size, head.root) {
        return Err(Error::corrupt(
            "the frontier of the ledger",
            format!(
                "its {} entries lead to {}, the head says {}",
                frontier.size(),
                frontier.root(),
                head.root
            ),
        ));
    }
    let edge = read_edge(connection, organization, head.size).await?;
    if edge.root() != head.root {
        return Err(Error::corrupt(
            "the ledger",
            format!(
                "its tiles and last entries lead to {}, the signed head of {} entries says {}; \
                 `ledger fsck` names what differs",
                edge.root(),
                head.size,
                head.root
            ),
        ));
    }
    Ok((frontier, edge))
}

/// Checks that the head's checkpoint is ours and says what the columns say.
pub(super) fn check_signed(policy: &Policy, head: &Head) -> Result<()> {
    let what = "the head of the ledger";
    let signed =
        SignedCheckpoint::parse(head.checkpoint.as_bytes()).map_err(|error| Error::corrupt(what, error))?;
    policy.accept(&signed).map_err(|error| Error::corrupt(what, error))?;
    let checkpoint = signed.checkpoint;
    if (checkpoint.size, checkpoint.root) != (head.size, head.root) {
        return Err(Error::corrupt(
            what,
            format!(
                "it says {} entries and {}, its signed checkpoint says {} and {}",
                head.size, head.root, checkpoint.size, checkpoint.root
            ),
        ));
    }
    Ok(())
}

/// Checks that no entry and no tile is missing or too many.
async fn check_extent(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
    size: u64,
) -> Result<()> {
    let (count, last) = sql::leaf_extent(connection, organization).await?;
    if count != size || last.map_or(0, |last| last + 1) != size {
        return Err(Error::corrupt(
            "the table of ledger entries",
            match last {
                Some(last) => {
                    format!("it has {count} entries up to position {last}, the signed head says {size}")
                }
                None => format!("it is empty, the signed head says {size} entries"),
            },
        ));
    }
    let tiles = sql::count_tiles(connection, organization).await?;
    let expected = full_tiles(size);
    if tiles != expected {
        return Err(Error::corrupt(
            "the table of tiles",
            format!("it has {tiles} tiles, {size} entries make {expected}"),
        ));
    }
    Ok(())
}

/// Returns how many full tiles a tree of `size` leaves has.
pub(super) fn full_tiles(size: u64) -> u64 {
    let mut hashes = size;
    let mut tiles = 0;
    while hashes >= TILE_WIDTH as u64 {
        hashes >>= TILE_HEIGHT;
        tiles += hashes;
    }
    tiles
}

/// Rebuilds the partial tiles from entries and full tiles, hashing again what is read.
async fn read_edge(connection: &mut AnyConnection, organization: OrganizationKey, size: u64) -> Result<Edge> {
    let mut found = Vec::new();
    for tile in prove::partial_tiles(size) {
        let hashes = if tile.level == 0 {
            let first = tile.index * TILE_WIDTH as u64;
            let entries = sql::entries(connection, organization, first, u32::from(tile.width)).await?;
            let mut hashes = Vec::with_capacity(entries.len());
            for entry in entries {
                let hash = hash_leaf(&entry.content);
                if hash != entry.hash {
                    return Err(Error::corrupt(
                        format!("ledger entry {}", entry.index),
                        format!("its bytes hash to {hash}, stored with it is {}", entry.hash),
                    ));
                }
                hashes.push(hash);
            }
            hashes
        } else {
            prove::tile_hashes(connection, organization, tile).await?
        };
        found.push((tile, hashes));
    }
    prove::restore(size, found)
}
