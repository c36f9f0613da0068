//! Proofs for people who hold a checkpoint. Each is verified here before it is handed out.

use sqlx::AnyConnection;
use tickmark_core::id::OrganizationKey;
use tickmark_ledger::Hash;
use tickmark_ledger::note::SignedCheckpoint;
use tickmark_ledger::proof::TlogProof;
use tickmark_ledger::tile::{Edge, TILE_HEIGHT, TILE_WIDTH, Tile, TileError, TileSet};
use tickmark_ledger::tree::{self, hash_leaf, root_of, verify_consistency, verify_inclusion};

use super::sql;
use crate::context::View;
use crate::{Error, Result};

/// Proof that the log of one size begins with the log of a smaller size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// The smaller size.
    pub old_size: u64,
    /// The larger size.
    pub new_size: u64,
    /// Root of the smaller tree.
    pub old_root: Hash,
    /// Root of the larger tree.
    pub new_root: Hash,
    /// The proof.
    pub hashes: Vec<Hash>,
}

/// Proves that the entry at `index` is under the newest checkpoint.
///
/// # Errors
/// `NotFound` if there is no such entry, `Damaged` if what is stored does not prove it.
pub async fn prove_inclusion(view: &mut View<'_>, index: u64) -> Result<TlogProof> {
    let organization = view.organization();
    let connection = view.connection();
    let (head, _) = sql::head(connection, organization).await?;
    if index >= head.size {
        return Err(Error::not_found("ledger entry", index));
    }
    let needed = tree::tiles_for_inclusion(index, head.size).map_err(damaged)?;
    let tiles = load(connection, organization, needed).await?;
    let hashes = tree::inclusion_proof(index, head.size, &tiles).map_err(damaged)?;
    let entries = sql::entries(connection, organization, index, 1).await?;
    let entry = entries
        .first()
        .filter(|entry| entry.index == index)
        .ok_or_else(|| Error::corrupt(format!("ledger entry {index}"), "it is missing"))?;
    verify_inclusion(&hash_leaf(&entry.content), index, head.size, &hashes, &head.root)
        .map_err(|error| Error::corrupt(format!("ledger entry {index}"), error))?;
    Ok(TlogProof { extra: None, index, hashes, checkpoint: head.checkpoint })
}

/// Proves that the log of `new_size` entries begins with that of `old_size`.
///
/// # Errors
/// `Invalid` if the sizes cannot be compared, `Damaged` if what is stored does not prove it.
pub async fn prove_consistency(view: &mut View<'_>, old_size: u64, new_size: u64) -> Result<Consistency> {
    let organization = view.organization();
    let connection = view.connection();
    let (head, _) = sql::head(connection, organization).await?;
    if old_size == 0 || old_size > new_size || new_size > head.size {
        return Err(Error::invalid(format!(
            "sizes {old_size} and {new_size} cannot be compared; the log has {} entries",
            head.size
        )));
    }
    let old_root = root_at(connection, organization, old_size).await?;
    let new_root = root_at(connection, organization, new_size).await?;
    let tiles = tiles_for_consistency(connection, organization, old_size, new_size).await?;
    let hashes = consistency_hashes(old_size, new_size, &tiles)?;
    verify_consistency(old_size, &old_root, new_size, &new_root, &hashes)
        .map_err(|error| Error::corrupt("the ledger", error))?;
    if new_size == head.size && new_root != head.root {
        return Err(Error::corrupt("the ledger", "its tiles do not lead to the signed head"));
    }
    Ok(Consistency { old_size, new_size, old_root, new_root, hashes })
}

/// Returns the signed checkpoint of exactly `size` entries.
///
/// # Errors
/// `NotFound` if none was signed at that size.
pub async fn checkpoint_at(view: &mut View<'_>, size: u64) -> Result<SignedCheckpoint> {
    let organization = view.organization();
    let note = sql::checkpoint(view.connection(), organization, size)
        .await?
        .ok_or_else(|| Error::not_found("checkpoint of size", size))?;
    SignedCheckpoint::parse(note.as_bytes())
        .map_err(|error| Error::corrupt(format!("the checkpoint of size {size}"), error))
}

/// Returns the checkpoints around the entries `first..end`: the newest of at most `first` entries, if there was one that
/// early, and the oldest of at least `end` entries. Both are of the present epoch: the key of an earlier one may be one that
/// nobody trusts any more.
///
/// # Errors
/// `NotFound` if no checkpoint has `end` entries yet.
pub async fn checkpoints_around(
    view: &mut View<'_>,
    first: u64,
    end: u64,
) -> Result<(Option<SignedCheckpoint>, SignedCheckpoint)> {
    let organization = view.organization();
    let read = |note: String| {
        SignedCheckpoint::parse(note.as_bytes())
            .map_err(|error| Error::corrupt("the table of checkpoints", error))
    };
    let began = sql::epoch_began(view.connection(), organization).await?;
    let before = match first {
        first if first > began => sql::checkpoint_until(view.connection(), organization, first).await?,
        _ => None,
    };
    let before = before.map(read).transpose()?.filter(|before| before.checkpoint.size > began);
    let end = if began == 0 { end } else { end.max(began + 1) };
    let after = sql::checkpoint_from(view.connection(), organization, end).await?;
    let after = after.ok_or_else(|| Error::not_found("checkpoint of at least", end))?;
    Ok((before, read(after)?))
}

/// Returns every tile of the tree of `size` leaves, full and partial.
///
/// # Errors
/// If the log is shorter, or a tile is missing.
pub async fn tiles(view: &mut View<'_>, size: u64) -> Result<TileSet> {
    let organization = view.organization();
    load(view.connection(), organization, Tile::all(size)).await
}

pub(super) async fn tiles_for_consistency(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
    old_size: u64,
    new_size: u64,
) -> Result<TileSet> {
    let needed = tree::tiles_for_consistency(old_size, new_size).map_err(damaged)?;
    load(connection, organization, needed).await
}

pub(super) fn consistency_hashes(old_size: u64, new_size: u64, tiles: &TileSet) -> Result<Vec<Hash>> {
    tree::consistency_proof(old_size, new_size, tiles).map_err(damaged)
}

/// Returns the hashes of a tile: from its row when full, from what lies below when partial.
pub(super) async fn tile_hashes(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
    tile: Tile,
) -> Result<Vec<Hash>> {
    let full = Tile { width: TILE_WIDTH as u16, ..tile };
    if tile == full {
        return full_tile(connection, organization, full).await;
    }
    let first = tile.index * TILE_WIDTH as u64;
    if tile.level == 0 {
        return sql::leaf_hashes(connection, organization, first, tile.width).await;
    }
    let mut hashes = Vec::with_capacity(usize::from(tile.width));
    for index in first..first + u64::from(tile.width) {
        let below = Tile { level: tile.level - 1, index, width: full.width };
        hashes.push(root_of(&full_tile(connection, organization, below).await?));
    }
    Ok(hashes)
}

async fn full_tile(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
    tile: Tile,
) -> Result<Vec<Hash>> {
    let bytes = sql::tile(connection, organization, tile.level, tile.index)
        .await?
        .ok_or_else(|| Error::corrupt(tile.path(), "the tile is missing"))?;
    tile.read(&bytes).map_err(|error| Error::corrupt(tile.path(), error))
}

async fn load(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
    tiles: impl IntoIterator<Item = Tile>,
) -> Result<TileSet> {
    let mut set = TileSet::new();
    for tile in tiles {
        set.insert(tile.level, tile.index, tile_hashes(connection, organization, tile).await?);
    }
    Ok(set)
}

/// Computes the root of the tree of the first `size` entries from tiles.
pub(super) async fn root_at(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
    size: u64,
) -> Result<Hash> {
    let mut edge = Vec::new();
    for tile in partial_tiles(size) {
        edge.push((tile, tile_hashes(connection, organization, tile).await?));
    }
    Ok(restore(size, edge)?.root())
}

/// Lists the partial tiles at the right edge of a tree of `size` leaves, lowest level first.
pub(super) fn partial_tiles(size: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let mut level = 0_u8;
    let mut hashes = size;
    while hashes > 0 {
        hashes >>= TILE_HEIGHT;
        let tile = Tile::of(level, hashes, size);
        if tile.width > 0 {
            tiles.push(tile);
        }
        level += 1;
    }
    tiles
}

/// Makes the edge from its partial tiles.
pub(super) fn restore(size: u64, mut partial: Vec<(Tile, Vec<Hash>)>) -> Result<Edge> {
    Edge::restore(size, |tile| {
        let found = partial.iter_mut().find(|(known, _)| *known == tile);
        Ok::<_, TileError>(found.map(|(_, hashes)| std::mem::take(hashes)).unwrap_or_default())
    })
    .map_err(|error| Error::corrupt("the right edge of the ledger", error))
}

fn damaged(error: tree::MissingTile) -> Error {
    Error::corrupt("the ledger", error)
}
