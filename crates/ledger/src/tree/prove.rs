//! Making proofs from tiles.

use super::hash_node;
use crate::Hash;
use crate::tile::{TILE_HEIGHT, Tile};

/// Where the hashes of tiles come from.
pub trait TileSource {
    /// Returns the hashes of tile `index` of `level`. More than a proof needs (a full tile where a partial one would
    /// do) is welcome; fewer make the proof fail.
    fn tile(&self, level: u8, index: u64) -> Option<&[Hash]>;
}

/// A tile that a proof needs and the source does not have, or not wide enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MissingTile {
    /// The tile is not there.
    #[error("tile {0} is missing or too narrow")]
    Tile(String),
    /// No such leaf or size.
    #[error("{part} is outside a tree of {size} leaves")]
    OutOfRange {
        /// The index or the older size.
        part: u64,
        /// The size of the tree.
        size: u64,
    },
}

/// The perfect subtree over leaves `index << height` up to `(index + 1) << height`.
#[derive(Clone, Copy)]
struct Node {
    height: u32,
    index: u64,
}

/// A run of leaves whose hash is one element of a proof.
#[derive(Clone, Copy)]
struct Range {
    start: u64,
    end: u64,
}

/// Proves that leaf `index` is in the tree of `size` leaves: sibling hashes from the leaf up.
///
/// # Errors
/// If there is no such leaf, or a tile is missing.
pub fn inclusion_proof<S: TileSource>(index: u64, size: u64, tiles: &S) -> Result<Vec<Hash>, MissingTile> {
    inclusion_ranges(index, size)?.into_iter().map(|range| range_hash(range, size, tiles)).collect()
}

/// Proves that the tree of `old` leaves is a beginning of the tree of `new` leaves. Empty if `old` is 0 or `new`.
///
/// # Errors
/// If `old` is larger than `new`, or a tile is missing.
pub fn consistency_proof<S: TileSource>(old: u64, new: u64, tiles: &S) -> Result<Vec<Hash>, MissingTile> {
    consistency_ranges(old, new)?.into_iter().map(|range| range_hash(range, new, tiles)).collect()
}

/// Lists the tiles that [`inclusion_proof`] reads, each once.
///
/// # Errors
/// If there is no such leaf.
pub fn tiles_for_inclusion(index: u64, size: u64) -> Result<Vec<Tile>, MissingTile> {
    Ok(tiles_of(&inclusion_ranges(index, size)?, size))
}

/// Lists the tiles that [`consistency_proof`] reads, each once.
///
/// # Errors
/// If `old` is larger than `new`.
pub fn tiles_for_consistency(old: u64, new: u64) -> Result<Vec<Tile>, MissingTile> {
    Ok(tiles_of(&consistency_ranges(old, new)?, new))
}

fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<Range>, MissingTile> {
    if index >= size {
        return Err(MissingTile::OutOfRange { part: index, size });
    }
    let (mut start, mut end) = (0, size);
    let mut ranges = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push(Range { start: middle, end });
            end = middle;
        } else {
            ranges.push(Range { start, end: middle });
            start = middle;
        }
    }
    ranges.reverse();
    Ok(ranges)
}

fn consistency_ranges(old: u64, new: u64) -> Result<Vec<Range>, MissingTile> {
    if old > new {
        return Err(MissingTile::OutOfRange { part: old, size: new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, new);
    let mut ranges = Vec::new();
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            ranges.push(Range { start: middle, end });
            end = middle;
        } else {
            ranges.push(Range { start, end: middle });
            start = middle;
        }
    }
    // The verifier knows the old root already, so a subtree that is the whole old tree is left out.
    if start != 0 {
        ranges.push(Range { start, end });
    }
    ranges.reverse();
    Ok(ranges)
}

/// The largest power of two below `count`, where RFC 6962 splits a tree.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// Cuts a run into its perfect subtrees, left to right. The start of a run is aligned by construction.
fn nodes(range: Range) -> impl Iterator<Item = Node> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let left = range.end - start;
        (left > 0).then(|| {
            let height = u64::BITS - 1 - left.leading_zeros();
            let node = Node { height, index: start >> height };
            start += 1 << height;
            node
        })
    })
}

fn range_hash<S: TileSource>(range: Range, size: u64, tiles: &S) -> Result<Hash, MissingTile> {
    let hashes: Vec<Hash> =
        nodes(range).map(|node| node_hash(node, size, tiles)).collect::<Result<_, _>>()?;
    let (last, rest) = hashes.split_last().expect("a run has at least one leaf");
    Ok(rest.iter().rev().fold(*last, |right, left| hash_node(left, &right)))
}

/// Where a node's hash is found: tile level and index, first hash, number of hashes below the node.
fn place(node: Node) -> (u8, u64, usize, usize) {
    let below = node.height % TILE_HEIGHT;
    let level = u8::try_from(node.height / TILE_HEIGHT).expect("64 levels of nodes are 8 levels of tiles");
    let first = node.index << below;
    let offset = usize::try_from(first % (1 << TILE_HEIGHT)).expect("below the tile width");
    (level, first >> TILE_HEIGHT, offset, 1 << below)
}

fn node_hash<S: TileSource>(node: Node, size: u64, tiles: &S) -> Result<Hash, MissingTile> {
    let (level, index, offset, count) = place(node);
    let hashes = tiles.tile(level, index).and_then(|hashes| hashes.get(offset..offset + count));
    let hashes = hashes.ok_or_else(|| MissingTile::Tile(Tile::of(level, index, size).path()))?;
    Ok(super::root_of(hashes))
}

fn tiles_of(ranges: &[Range], size: u64) -> Vec<Tile> {
    let nodes = ranges.iter().flat_map(|range| nodes(*range));
    let mut tiles: Vec<Tile> = nodes
        .map(|node| {
            let (level, index, ..) = place(node);
            Tile::of(level, index, size)
        })
        .collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}
