//! C2SP `tlog-tiles`: the tree cut into files of 256 hashes, and the entries into bundles of 256.
//!
//! Paths are `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`, with `N` in groups of three digits, all but the
//! last prefixed by `x`. A full tile never changes; partial ones exist only at the right edge.
//!
//! Source: c2sp.org/tlog-tiles.

use std::collections::BTreeMap;

use crate::Hash;
use crate::tree::{EMPTY_ROOT, TileSource, hash_node, root_of};

/// Levels of the tree in one tile.
pub const TILE_HEIGHT: u32 = 8;
/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: usize = 1 << TILE_HEIGHT;
/// The highest tile level the path format allows.
pub const MAX_LEVEL: u8 = 63;
/// Bytes of an entry from which its 16-bit length prefix would overflow.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// A tile of hashes: which one, and how wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// 0 for leaf hashes; each hash of a higher level is the root of a full tile of the level below.
    pub level: u8,
    /// Position in its level.
    pub index: u64,
    /// Number of hashes, 1 to 256; 0 for a tile that does not exist.
    pub width: u16,
}

/// A resource of the tile layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TilePath {
    /// A tile of hashes.
    Hashes(Tile),
    /// A bundle of entries.
    Entries {
        /// Position: its first entry is `index * 256`.
        index: u64,
        /// Number of entries, 1 to 256.
        width: u16,
    },
}

/// Why a path, a tile or a bundle is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The path is not of the layout.
    #[error("{0:?} is not a tile path")]
    Path(String),
    /// The tile has not the length of its hashes.
    #[error("tile has {actual} bytes instead of {expected}")]
    Length {
        /// Bytes that were there.
        actual: usize,
        /// Bytes that belong there.
        expected: usize,
    },
    /// The bundle ends inside an entry, or has a wrong number of entries.
    #[error("entry bundle has {actual} whole entries instead of {expected}, or bytes left over")]
    Entries {
        /// Entries that were there.
        actual: usize,
        /// Entries that belong there.
        expected: usize,
    },
    /// The entry does not fit its 16-bit length prefix.
    #[error("entry of {0} bytes is too large for a bundle")]
    EntryTooLarge(usize),
}

impl Tile {
    /// Returns the tile as it is in a tree of `size` leaves.
    #[must_use]
    pub fn of(level: u8, index: u64, size: u64) -> Self {
        let hashes = hashes_at(level, size);
        let before = index.saturating_mul(TILE_WIDTH as u64);
        let width = hashes.saturating_sub(before).min(TILE_WIDTH as u64);
        Self { level, index, width: u16::try_from(width).expect("at most 256") }
    }

    /// Returns the path of the tile.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, number_path(self.index, self.width))
    }

    /// Lists every tile of a tree of `size` leaves, level by level.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..=MAX_LEVEL).take_while(move |level| hashes_at(*level, size) > 0);
        levels.flat_map(move |level| {
            let tiles = hashes_at(level, size).div_ceil(TILE_WIDTH as u64);
            (0..tiles).map(move |index| Self::of(level, index, size))
        })
    }

    /// Reads the hashes of this tile from its file.
    ///
    /// # Errors
    /// If the length is not exactly that of its width.
    pub fn read(&self, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
        let expected = usize::from(self.width) * 32;
        if bytes.len() != expected {
            return Err(TileError::Length { actual: bytes.len(), expected });
        }
        Ok(bytes.as_chunks::<32>().0.iter().map(|chunk| Hash(*chunk)).collect())
    }
}

impl TilePath {
    /// Returns the bundle of entries `index` as it is in a tree of `size` leaves.
    #[must_use]
    pub fn entries_of(index: u64, size: u64) -> Self {
        Self::Entries { index, width: Tile::of(0, index, size).width }
    }

    /// Lists every bundle of a tree of `size` leaves as (index, width).
    pub fn all_entries(size: u64) -> impl Iterator<Item = (u64, u16)> {
        (0..size.div_ceil(TILE_WIDTH as u64)).map(move |index| (index, Tile::of(0, index, size).width))
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Hashes(tile) => tile.path(),
            Self::Entries { index, width } => format!("tile/entries/{}", number_path(*index, *width)),
        }
    }

    /// Reads a path. Only the one spelling that [`Self::path`] writes is accepted.
    ///
    /// # Errors
    /// If the path is not of the layout, or a number in it is too large.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        Self::parse_parts(path).ok_or_else(|| TileError::Path(crate::hash::shorten(path)))
    }

    fn parse_parts(path: &str) -> Option<Self> {
        /// Seven groups of three digits hold every 64-bit number.
        const MAX_GROUPS: usize = 7;
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, short_number(width).filter(|width| (1..256).contains(width))?),
            None => (rest, 256),
        };
        let mut groups = number.split('/').rev();
        let last = groups.next()?;
        let upper: Vec<&str> = groups.map(|group| group.strip_prefix('x')).collect::<Option<_>>()?;
        if upper.len() >= MAX_GROUPS || upper.last() == Some(&"000") {
            return None;
        }
        let mut index = 0_u64;
        for group in upper.iter().rev().chain([&last]) {
            if group.len() != 3 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let value: u64 = group.parse().ok()?;
            index = index.checked_mul(1000)?.checked_add(value)?;
        }
        if level == "entries" {
            return Some(Self::Entries { index, width });
        }
        let level = short_number(level)
            .and_then(|level| u8::try_from(level).ok())
            .filter(|level| *level <= MAX_LEVEL)?;
        Some(Self::Hashes(Tile { level, index, width }))
    }
}

/// Number of hashes that a level of tiles holds in a tree of `size` leaves.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * TILE_HEIGHT).unwrap_or(0)
}

fn short_number(digits: &str) -> Option<u16> {
    let plain = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    if plain && !leading_zero { digits.parse().ok() } else { None }
}

fn number_path(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut upper = index / 1000;
    while upper > 0 {
        path = format!("x{:03}/{path}", upper % 1000);
        upper /= 1000;
    }
    if usize::from(width) == TILE_WIDTH { path } else { format!("{path}.p/{width}") }
}

/// Appends one entry to a bundle: 16-bit big-endian length, then the bytes.
///
/// # Errors
/// If the entry is longer than [`MAX_ENTRY_BYTES`].
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
    let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLarge(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Splits a bundle into its entries.
///
/// # Errors
/// If there are not exactly `width` entries, or bytes are left over.
pub fn read_entries(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bundle;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let Some((entry, after)) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            break;
        };
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() && entries.len() == usize::from(width) {
        Ok(entries)
    } else {
        Err(TileError::Entries { actual: entries.len(), expected: usize::from(width) })
    }
}

/// Serializes hashes as a tile file.
#[must_use]
pub fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// A tile that has just become full, to be stored for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// Its level.
    pub level: u8,
    /// Its position in the level.
    pub index: u64,
    /// Its 256 hashes.
    pub hashes: Vec<Hash>,
}

/// The partial tiles at the right edge of a growing tree.
///
/// It is to tiles what [`crate::tree::Frontier`] is to roots, and knows the root as well: the sequencer computes
/// the root from both before it signs, so that one flipped bit in memory cannot end the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// Makes the edge of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Restores the edge of a tree of `size` leaves. `hashes_of` returns the hashes of a partial tile: leaf hashes
    /// at level 0, roots of the full tiles below at higher levels.
    ///
    /// # Errors
    /// As `hashes_of`, or if it returns a wrong number of hashes.
    pub fn restore<E: From<TileError>>(
        size: u64,
        mut hashes_of: impl FnMut(Tile) -> Result<Vec<Hash>, E>,
    ) -> Result<Self, E> {
        let mut levels = Vec::new();
        let mut level = 0;
        while hashes_at(level, size) > 0 {
            let tile = Tile::of(level, hashes_at(level, size) >> TILE_HEIGHT, size);
            let hashes = if tile.width == 0 { Vec::new() } else { hashes_of(tile)? };
            if hashes.len() != usize::from(tile.width) {
                let expected = usize::from(tile.width) * 32;
                return Err(TileError::Length { actual: hashes.len() * 32, expected }.into());
            }
            levels.push(hashes);
            level += 1;
        }
        Ok(Self { size, levels })
    }

    /// Returns the number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of the next leaf. Tiles that become full are added to `full`, lowest level first.
    pub fn push(&mut self, leaf_hash: Hash, full: &mut Vec<FullTile>) {
        self.size += 1;
        let mut hash = leaf_hash;
        for level in 0..=MAX_LEVEL {
            let place = usize::from(level);
            if self.levels.len() == place {
                self.levels.push(Vec::with_capacity(TILE_WIDTH));
            }
            self.levels[place].push(hash);
            if self.levels[place].len() < TILE_WIDTH {
                return;
            }
            let hashes = std::mem::replace(&mut self.levels[place], Vec::with_capacity(TILE_WIDTH));
            hash = root_of(&hashes);
            let index = (hashes_at(level, self.size) >> TILE_HEIGHT) - 1;
            full.push(FullTile { level, index, hashes });
        }
    }

    /// Returns the partial tiles that belong to the present size, lowest level first.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        let levels = self.levels.iter().enumerate().filter(|(_, hashes)| !hashes.is_empty());
        levels.map(|(level, hashes)| {
            let level = u8::try_from(level).expect("at most 64 levels");
            (Tile::of(level, hashes_at(level, self.size) >> TILE_HEIGHT, self.size), hashes.as_slice())
        })
    }

    /// Returns the root, computed from the tiles.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for hashes in &self.levels {
            let mut end = hashes.len();
            while end > 0 {
                let start = end & (end - 1);
                let left = root_of(&hashes[start..end]);
                root = Some(root.map_or(left, |right| hash_node(&left, &right)));
                end = start;
            }
        }
        root.unwrap_or(EMPTY_ROOT)
    }
}

/// Tiles in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileSet {
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl TileSet {
    /// Makes an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes all tiles of the tree over `leaf_hashes`.
    #[must_use]
    pub fn from_leaf_hashes(leaf_hashes: impl IntoIterator<Item = Hash>) -> Self {
        let (mut set, mut edge, mut full) = (Self::new(), Edge::new(), Vec::new());
        for hash in leaf_hashes {
            edge.push(hash, &mut full);
            for tile in full.drain(..) {
                set.insert(tile.level, tile.index, tile.hashes);
            }
        }
        for (tile, hashes) in edge.partial() {
            set.insert(tile.level, tile.index, hashes.to_vec());
        }
        set
    }

    /// Adds a tile, replacing a narrower one.
    pub fn insert(&mut self, level: u8, index: u64, hashes: Vec<Hash>) {
        let place = self.tiles.entry((level, index)).or_default();
        if place.len() < hashes.len() {
            *place = hashes;
        }
    }

    /// Lists tiles with their hashes, level by level.
    pub fn iter(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        self.tiles.iter().map(|((level, index), hashes)| {
            let width = u16::try_from(hashes.len()).expect("tiles have at most 256 hashes");
            (Tile { level: *level, index: *index, width }, hashes.as_slice())
        })
    }
}

impl TileSource for TileSet {
    fn tile(&self, level: u8, index: u64) -> Option<&[Hash]> {
        self.tiles.get(&(level, index)).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Frontier, hash_leaf};

    fn hashes(count: u64) -> Vec<Hash> {
        (0..count).map(|index| hash_leaf(&index.to_be_bytes())).collect()
    }

    #[test]
    fn paths_of_the_specification() {
        assert_eq!(Tile { level: 0, index: 1_234_067, width: 256 }.path(), "tile/0/x001/x234/067");
        assert_eq!(Tile { level: 2, index: 0, width: 1 }.path(), "tile/2/000.p/1");
        assert_eq!(TilePath::Entries { index: 273, width: 112 }.path(), "tile/entries/273.p/112");
        let largest = TilePath::Entries { index: u64::MAX, width: 256 };
        assert_eq!(largest.path(), "tile/entries/x018/x446/x744/x073/x709/x551/615");
        assert_eq!(TilePath::parse(&largest.path()), Ok(largest));
    }

    #[test]
    fn tiles_of_a_tree_as_in_the_specification() {
        let tiles: Vec<Tile> = Tile::all(70_000).collect();
        let full = |level| tiles.iter().filter(|tile| tile.level == level && tile.width == 256).count();
        let partial: Vec<String> = tiles.iter().filter(|tile| tile.width < 256).map(Tile::path).collect();
        assert_eq!((full(0), full(1), full(2)), (273, 1, 0));
        assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        let tiles: Vec<String> = Tile::all(256).map(|tile| tile.path()).collect();
        assert_eq!(tiles, ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(Tile::all(0).count(), 0);
    }

    #[test]
    fn other_spellings_are_refused() {
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x001",
            "tile/0/001/002",
            "tile/0/x000/001",
            "tile/0/x1/001",
            "tile/0/X001/002",
            "tile/00/001",
            "tile/64/001",
            "tile/-1/001",
            "tile/+1/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/01",
            "tile/0/001.p/+1",
            "tile/0/001.p/",
            "tile/0/001.p",
            "tile/0/001.p/1/",
            "tile/0/001.p/1.p/1",
            "/tile/0/001",
            "tile/0/001/",
            "tile/0/../001",
            "tile/entries/001.p/999",
            "tile/8/0/data/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x001/x018/x446/x744/x073/x709/x551/615",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/\u{661}\u{662}\u{663}",
            "Tile/0/001",
        ] {
            assert!(TilePath::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn entry_bundles_read_back_and_broken_ones_do_not() {
        let mut bundle = Vec::new();
        for entry in [&b""[..], b"a", &[7; 300]] {
            push_entry(&mut bundle, entry).expect("fits");
        }
        assert_eq!(&bundle[..5], &[0, 0, 0, 1, b'a']);
        assert_eq!(read_entries(&bundle, 3).expect("entries"), [&b""[..], b"a", &[7; 300]]);
        assert!(read_entries(&bundle, 2).is_err());
        assert!(read_entries(&bundle, 4).is_err());
        assert!(read_entries(&bundle[..bundle.len() - 1], 3).is_err());
        assert!(read_entries(&[bundle.as_slice(), &[0]].concat(), 3).is_err());
        assert_eq!(push_entry(&mut bundle, &vec![0; 65_536]), Err(TileError::EntryTooLarge(65_536)));
    }

    #[test]
    fn edge_and_frontier_agree_and_the_edge_restores() {
        let (mut edge, mut frontier, mut full) = (Edge::new(), Frontier::new(), Vec::new());
        let mut stored = TileSet::new();
        for (at, hash) in hashes(66_000).into_iter().enumerate() {
            edge.push(hash, &mut full);
            frontier.push(hash);
            for tile in full.drain(..) {
                assert_eq!(tile.hashes.len(), TILE_WIDTH);
                stored.insert(tile.level, tile.index, tile.hashes);
            }
            if at % 977 == 0 || [255, 256, 65_535, 65_536].contains(&at) {
                assert_eq!(edge.root(), frontier.root(), "{at}");
                let restored = Edge::restore(edge.size(), |tile| {
                    let partial = edge.partial().find(|(own, _)| *own == tile);
                    Ok::<_, TileError>(partial.expect("asked only for what is partial").1.to_vec())
                });
                assert_eq!(restored.as_ref().map(Edge::root), Ok(edge.root()));
            }
        }
        assert_eq!(stored.iter().filter(|(tile, _)| tile.level == 1).count(), 1);
        let missing = Edge::restore(10, |_| Ok::<_, TileError>(Vec::new()));
        assert_eq!(missing, Err(TileError::Length { actual: 0, expected: 320 }));
    }

    #[test]
    fn set_has_exactly_the_tiles_of_its_size() {
        for size in [0, 1, 255, 256, 257, 65_536, 66_000] {
            let set = TileSet::from_leaf_hashes(hashes(size));
            let tiles: Vec<Tile> = set.iter().map(|(tile, _)| tile).collect();
            assert_eq!(tiles, Tile::all(size).collect::<Vec<_>>(), "{size}");
        }
    }

    mod properties {
        use super::super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn paths_read_back(level in 0..=MAX_LEVEL, index in any::<u64>(), shift in 0..64_u32, width in 1..=256_u16) {
                let index = index >> shift;
                let tile = TilePath::Hashes(Tile { level, index, width });
                prop_assert_eq!(TilePath::parse(&tile.path()), Ok(tile));
                let entries = TilePath::Entries { index, width };
                prop_assert_eq!(TilePath::parse(&entries.path()), Ok(entries));
            }

            #[test]
            fn what_parses_is_the_only_spelling(path in "tile/(entries|[0-9]{1,3})(/x[0-9]{3}){0,8}/[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
                if let Ok(tile) = TilePath::parse(&path) {
                    prop_assert_eq!(tile.path(), path);
                }
            }

            #[test]
            fn arbitrary_input_never_panics(path in ".*", bytes in prop::collection::vec(any::<u8>(), 0..100), width in 0..300_u16) {
                let _ = TilePath::parse(&path);
                let _ = TilePath::parse(&format!("tile/{path}"));
                let _ = read_entries(&bytes, width);
            }
        }
    }
}
