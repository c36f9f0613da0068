//! A log as a C2SP `tlog-tiles` directory: written from entries, and checked by rehashing everything.
//!
//! Checking never trusts a stored hash: each entry is hashed again, each tile is compared with what the entries give,
//! and the root with the signed checkpoint. So a changed value is found even if all tiles were kept consistent.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use crate::Hash;
use crate::epoch::{KeyRotate, Rotation};
use crate::leaf::{Leaf, LeafKind};
use crate::note::{CheckpointError, SignedCheckpoint};
use crate::policy::{Accepted, Policy, PolicyInForce, Refusal};
use crate::tile::{self, Edge, FullTile, TILE_WIDTH, Tile, TileError, TilePath};
use crate::tree::hash_leaf;

/// Name of the signed checkpoint in the directory.
pub const CHECKPOINT: &str = "checkpoint";
/// Bytes from which a file of the layout cannot be genuine: 256 entries of the largest size, with their lengths.
pub const MAX_FILE_BYTES: usize = TILE_WIDTH * (tile::MAX_ENTRY_BYTES + 2);
/// Problems from which a check gives up.
pub const MAX_PROBLEMS: usize = 1000;

/// Reads files by their path in the layout.
pub trait FileSource {
    /// Returns the bytes of a file, or none if it does not exist. A file longer than `max_bytes` is an error.
    ///
    /// # Errors
    /// If the file exists and cannot be read.
    fn read(&mut self, path: &str, max_bytes: usize) -> io::Result<Option<Vec<u8>>>;
}

/// The files below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(pub PathBuf);

impl FileSource for Folder {
    fn read(&mut self, path: &str, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.0.join(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(max_bytes as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > max_bytes {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than a file of the layout"));
        }
        Ok(Some(bytes))
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `entry <index>`.
    pub subject: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What rehashing a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The root over the entries, if every entry could be read.
    pub root: Option<Hash>,
    /// Files and entries that are wrong, at most about [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
}

/// What checking a directory found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
    /// Who signed it.
    pub accepted: Accepted,
    /// How many rotations that the entries record led on from the keys of the policy.
    pub rotations: usize,
    /// Files and entries that are wrong; none if the directory is whole.
    pub problems: Vec<Problem>,
}

/// Why a directory cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// No checkpoint, or it cannot be read.
    #[error("checkpoint: {0}")]
    Io(#[from] io::Error),
    /// The file is not a checkpoint.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is not accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Checks a directory against its checkpoint, which `policy` must accept. `visit` sees each readable entry in order,
/// before it is known whether the checkpoint is accepted.
///
/// Where the log replaced its key, its entries hold the statements, each signed by the key before and the key after. So
/// whoever pinned an earlier key follows to the present one by what lies in the directory, and trusts nobody else for it.
///
/// # Errors
/// If there is no checkpoint to check against, or it is not accepted. Everything else is a problem in the report.
pub fn check<F: FileSource>(
    files: &mut F,
    policy: &Policy,
    mut visit: impl FnMut(u64, &[u8]),
) -> Result<Report, DirectoryError> {
    let bytes = files.read(CHECKPOINT, crate::note::MAX_NOTE_BYTES)?;
    let bytes = bytes.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is none"))?;
    let checkpoint = SignedCheckpoint::parse(&bytes)?;
    let mut policy = policy.clone();
    let mut rotations = 0;
    let mut in_force = PolicyInForce::default();
    let mut no_policies = Vec::new();
    let Walk { root, mut problems } = walk(files, checkpoint.checkpoint.size, |index, entry| {
        let taken = Leaf::parse_strict(entry).map_or(Ok(()), |leaf| in_force.entry(index, &leaf));
        no_policies.extend(taken.err().map(|problem| Problem { subject: format!("entry {index}"), problem }));
        rotations += usize::from(rotation(entry).is_some_and(|rotation| policy.follow(&rotation).is_ok()));
        visit(index, entry);
    });
    problems.extend(no_policies.into_iter().take(MAX_PROBLEMS));
    let accepted = policy.accept(&checkpoint)?;
    if let Err(problem) = in_force.compare(&accepted.log, &checkpoint.note) {
        let index = in_force.in_force().map_or(0, |(index, _)| *index);
        problems.push(Problem { subject: format!("entry {index}"), problem });
    }
    if root.is_some_and(|root| root != checkpoint.checkpoint.root) {
        let problem = "the entries do not hash to the root of the checkpoint".to_owned();
        problems.push(Problem { subject: CHECKPOINT.to_owned(), problem });
    }
    Ok(Report { checkpoint, accepted, rotations, problems })
}

/// Reads the statement of an entry that records a rotation, if both keys signed it.
fn rotation(entry: &[u8]) -> Option<Rotation> {
    let leaf = Leaf::parse_strict(entry).ok().filter(|leaf| leaf.kind == LeafKind::KeyRotate)?;
    let body: KeyRotate = serde_json::from_slice(leaf.body).ok()?;
    Rotation::verify(body.note.as_bytes()).ok()
}

/// Rehashes every entry of a log of `size` leaves and compares every tile. `visit` sees each readable entry in order.
pub fn walk<F: FileSource>(files: &mut F, size: u64, mut visit: impl FnMut(u64, &[u8])) -> Walk {
    let mut walker = Walker { files, edge: Edge::new(), is_whole: true, problems: Vec::new() };
    for (index, width) in TilePath::all_entries(size) {
        if walker.problems.len() >= MAX_PROBLEMS {
            walker.is_whole = false;
            break;
        }
        walker.bundle(index, width, size, &mut visit);
    }
    if walker.is_whole {
        let partial: Vec<(Tile, Vec<Hash>)> = walker
            .edge
            .partial()
            .filter(|(tile, _)| tile.level > 0)
            .map(|(tile, hashes)| (tile, hashes.to_vec()))
            .collect();
        for (tile, hashes) in partial {
            walker.compare(tile, &hashes);
        }
    }
    let root = walker.is_whole.then(|| walker.edge.root());
    Walk { root, problems: walker.problems }
}

struct Walker<'f, F> {
    files: &'f mut F,
    edge: Edge,
    is_whole: bool,
    problems: Vec<Problem>,
}

impl<F: FileSource> Walker<'_, F> {
    fn problem(&mut self, subject: impl Into<String>, problem: impl Into<String>) {
        self.problems.push(Problem { subject: subject.into(), problem: problem.into() });
    }

    fn read(&mut self, path: &str) -> Option<Vec<u8>> {
        match self.files.read(path, MAX_FILE_BYTES) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => self.problem(path, "missing"),
            Err(error) => self.problem(path, format!("cannot be read: {error}")),
        }
        None
    }

    fn read_tile(&mut self, tile: Tile) -> Option<Vec<Hash>> {
        let path = tile.path();
        let bytes = self.read(&path)?;
        match tile.read(&bytes) {
            Ok(hashes) => Some(hashes),
            Err(error) => {
                self.problem(path, error.to_string());
                None
            }
        }
    }

    fn bundle(&mut self, index: u64, width: u16, size: u64, visit: &mut impl FnMut(u64, &[u8])) {
        let path = TilePath::Entries { index, width }.path();
        let tile = self.read_tile(Tile::of(0, index, size));
        let hashes = self.read(&path).and_then(|bytes| match tile::read_entries(&bytes, width) {
            Ok(entries) => {
                for (place, entry) in (index * TILE_WIDTH as u64..).zip(&entries) {
                    visit(place, entry);
                }
                Some(entries.iter().map(|entry| hash_leaf(entry)).collect::<Vec<_>>())
            }
            Err(error) => {
                self.problem(path, error.to_string());
                None
            }
        });
        if let (Some(tile), Some(hashes)) = (&tile, &hashes) {
            for (place, _) in
                (index * TILE_WIDTH as u64..).zip(tile.iter().zip(hashes)).filter(|(_, (a, b))| a != b)
            {
                let tile = Tile::of(0, index, size).path();
                self.problem(format!("entry {place}"), format!("does not hash to what {tile} says"));
            }
        }
        // Without its entries a bundle proves nothing, but with the stored hashes the rest is still worth checking.
        self.is_whole &= hashes.is_some();
        let mut full = Vec::new();
        for hash in hashes.or(tile).unwrap_or_default() {
            self.edge.push(hash, &mut full);
        }
        if self.edge.size() == index * TILE_WIDTH as u64 + u64::from(width) {
            for FullTile { level, index, hashes } in full.into_iter().filter(|tile| tile.level > 0) {
                self.compare(Tile { level, index, width: 256 }, &hashes);
            }
        }
    }

    fn compare(&mut self, tile: Tile, expected: &[Hash]) {
        if let Some(hashes) = self.read_tile(tile)
            && hashes != expected
        {
            self.problem(tile.path(), "is not the tile over the level below");
        }
    }
}

/// Makes the files of a directory one by one, from the entries in order.
///
/// Files for earlier sizes stay valid: full tiles never change, and partial ones have their width in their name.
pub struct Export {
    edge: Edge,
    bundle: Vec<u8>,
    full: Vec<FullTile>,
}

impl Default for Export {
    fn default() -> Self {
        Self::new()
    }
}

impl Export {
    /// Begins with the first entry.
    #[must_use]
    pub fn new() -> Self {
        Self { edge: Edge::new(), bundle: Vec::new(), full: Vec::new() }
    }

    /// Takes the next entry and hands every file that became complete to `emit`.
    ///
    /// # Errors
    /// As `emit`, or if the entry does not fit a bundle.
    pub fn push<E: From<TileError>>(
        &mut self,
        entry: &[u8],
        emit: &mut impl FnMut(String, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        tile::push_entry(&mut self.bundle, entry)?;
        self.edge.push(hash_leaf(entry), &mut self.full);
        for tile in self.full.drain(..) {
            if tile.level == 0 {
                let path = TilePath::Entries { index: tile.index, width: 256 }.path();
                emit(path, std::mem::take(&mut self.bundle))?;
            }
            emit(
                Tile { level: tile.level, index: tile.index, width: 256 }.path(),
                tile::tile_bytes(&tile.hashes),
            )?;
        }
        Ok(())
    }

    /// Hands the partial files of the right edge and the checkpoint to `emit`, the checkpoint last, and returns the
    /// root over the entries, which the caller compares with its checkpoint before publishing it.
    ///
    /// # Errors
    /// As `emit`.
    pub fn finish<E>(
        self,
        checkpoint: &SignedCheckpoint,
        emit: &mut impl FnMut(String, Vec<u8>) -> Result<(), E>,
    ) -> Result<Hash, E> {
        let size = self.edge.size();
        if !self.bundle.is_empty() {
            emit(TilePath::entries_of(size / TILE_WIDTH as u64, size).path(), self.bundle)?;
        }
        for (tile, hashes) in self.edge.partial() {
            emit(tile.path(), tile::tile_bytes(hashes))?;
        }
        emit(CHECKPOINT.to_owned(), checkpoint.to_text().into_bytes())?;
        Ok(self.edge.root())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::note::{Checkpoint, SignerKey};

    #[derive(Clone)]
    struct Memory(BTreeMap<String, Vec<u8>>);

    impl FileSource for Memory {
        fn read(&mut self, path: &str, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
            let file = self.0.get(path).cloned();
            assert!(file.as_ref().is_none_or(|bytes| bytes.len() <= max_bytes));
            Ok(file)
        }
    }

    fn exported(size: u64) -> (Memory, Policy) {
        let signer = SignerKey::from_seed("example.org/log", &[3; 32]).expect("key");
        let mut files = BTreeMap::new();
        let mut emit = |path: String, bytes: Vec<u8>| {
            assert!(files.insert(path.clone(), bytes).is_none(), "{path} twice");
            Ok::<_, TileError>(())
        };
        let mut export = Export::new();
        let mut leaf_hashes = Vec::new();
        for index in 0..size {
            let entry = format!("entry {index}");
            leaf_hashes.push(hash_leaf(entry.as_bytes()));
            export.push(entry.as_bytes(), &mut emit).expect("fits");
        }
        let root = crate::tree::root_of(&leaf_hashes);
        let checkpoint = Checkpoint { origin: "example.org/log".to_owned(), size, root };
        let signed = checkpoint.sign(&[&signer]).expect("checkpoint");
        assert_eq!(export.finish(&signed, &mut emit), Ok(root));
        (Memory(files), Policy::of_log(signer.verifier()).expect("policy"))
    }

    fn problems(files: &Memory, policy: &Policy) -> Vec<String> {
        let report = check(&mut files.clone(), policy, |_, _| ()).expect("report");
        report.problems.into_iter().map(|problem| problem.subject).collect()
    }

    #[test]
    fn what_was_exported_checks() {
        for size in [0, 1, 255, 256, 257, 600, 65_536, 65_800] {
            let (files, policy) = exported(size);
            let mut seen = 0;
            let report = check(&mut files.clone(), &policy, |index, entry| {
                assert_eq!((index, entry), (seen, format!("entry {seen}").as_bytes()));
                seen += 1;
            });
            assert_eq!(report.expect("report").problems, [], "{size}");
            assert_eq!(seen, size);
            let expected = Tile::all(size).count() + TilePath::all_entries(size).count() + 1;
            assert_eq!(files.0.len(), expected, "{size}");
        }
    }

    #[test]
    fn every_changed_or_missing_file_is_named() {
        for (size, path) in [
            (600, "tile/0/000"),
            (600, "tile/0/002.p/88"),
            (600, "tile/1/000.p/2"),
            (600, "tile/entries/001"),
            (600, "tile/entries/002.p/88"),
            (65_800, "tile/1/000"),
            (65_800, "tile/2/000.p/1"),
        ] {
            let (files, policy) = exported(size);
            let mut missing = files.clone();
            missing.0.remove(path).expect(path);
            assert_eq!(problems(&missing, &policy), [path]);
            let mut changed = files.clone();
            *changed.0.get_mut(path).expect(path).last_mut().expect("not empty") ^= 1;
            let subjects = problems(&changed, &policy);
            assert!(!subjects.is_empty(), "{path}");
            if !path.starts_with("tile/0") && !path.starts_with("tile/entries") {
                assert_eq!(subjects, [path]);
            }
            let mut short = files.clone();
            short.0.get_mut(path).expect(path).pop();
            assert_eq!(problems(&short, &policy), [path]);
        }
    }

    #[test]
    fn rewritten_history_is_found_even_if_all_tiles_agree() {
        let (files, policy) = exported(300);
        let (mut other, _) = exported(299);
        let mut rewritten = Export::new();
        let mut emit = |path: String, bytes: Vec<u8>| {
            other.0.insert(path, bytes);
            Ok::<_, TileError>(())
        };
        for index in 0..300 {
            let entry = if index == 7 { "rewritten".to_owned() } else { format!("entry {index}") };
            rewritten.push(entry.as_bytes(), &mut emit).expect("fits");
        }
        let checkpoint = SignedCheckpoint::parse(&files.0[CHECKPOINT]).expect("checkpoint");
        rewritten.finish(&checkpoint, &mut emit).expect("written");
        assert_eq!(problems(&other, &policy), [CHECKPOINT]);
    }

    #[test]
    fn whoever_pinned_the_first_key_follows_the_rotations_in_the_entries() {
        const ORIGIN: &str = "example.org/log";
        let key = |seed: u8| SignerKey::from_seed(ORIGIN, &[seed; 32]).expect("key");
        let entry = |number: u64, rotation: &Rotation, old: &SignerKey, new: &SignerKey| {
            let body = KeyRotate::new(&rotation.sign(old, new).expect("rotation"));
            let id = format!("01935f2e-7b1c-7abc-8def-{number:012x}");
            Leaf::build(LeafKind::KeyRotate, &id, 0, "a", &body).expect("leaf").into_bytes()
        };
        let rotated = |first: &SignerKey, signer: &SignerKey| {
            let mut files = BTreeMap::new();
            let mut emit = |path: String, bytes: Vec<u8>| {
                files.insert(path, bytes);
                Ok::<_, TileError>(())
            };
            let (second, third) = (key(2), key(3));
            let steps = [
                (
                    Rotation { old: first.verifier(), new: second.verifier(), from: 1, until: None },
                    first,
                    &second,
                ),
                (
                    Rotation { old: first.verifier(), new: second.verifier(), from: 1, until: Some(1) },
                    first,
                    &second,
                ),
                (
                    Rotation { old: second.verifier(), new: third.verifier(), from: 2, until: Some(2) },
                    &second,
                    &third,
                ),
            ];
            let mut export = Export::new();
            let mut hashes = Vec::new();
            for (number, (rotation, old, new)) in (0..).zip(&steps) {
                let entry = entry(number, rotation, old, new);
                hashes.push(hash_leaf(&entry));
                export.push(&entry, &mut emit).expect("fits");
            }
            let root = crate::tree::root_of(&hashes);
            let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 3, root };
            export.finish(&checkpoint.sign(&[signer]).expect("checkpoint"), &mut emit).expect("written");
            Memory(files)
        };
        let pinned = Policy::of_log(key(1).verifier()).expect("policy");
        let report = check(&mut rotated(&key(1), &key(3)), &pinned, |_, _| ()).expect("followed");
        assert_eq!((report.rotations, report.accepted.log), (3, key(3).verifier()));
        assert_eq!(report.problems, []);
        // The retired key signs on, a key signs to which nothing leads, and the rotations begin with a stranger's.
        for (first, signer) in [(1, 1), (1, 2), (1, 4), (4, 3)] {
            let refused = check(&mut rotated(&key(first), &key(signer)), &pinned, |_, _| ());
            assert!(matches!(refused, Err(DirectoryError::Refused(_))), "{first} {signer}: {refused:?}");
        }
    }

    #[test]
    fn a_huge_size_without_files_gives_up() {
        let walked = walk(&mut Memory(BTreeMap::new()), u64::MAX, |_, _| ());
        assert_eq!(walked.root, None);
        assert!(walked.problems.len() <= MAX_PROBLEMS + 2);
    }

    #[test]
    fn directory_without_acceptable_checkpoint_is_refused() {
        let (mut files, policy) = exported(3);
        let stranger = SignerKey::from_seed("example.org/other", &[4; 32]).expect("key");
        let other = Policy::of_log(stranger.verifier()).expect("policy");
        assert!(matches!(check(&mut files, &other, |_, _| ()), Err(DirectoryError::Refused(_))));
        files.0.remove(CHECKPOINT);
        assert!(matches!(check(&mut files, &policy, |_, _| ()), Err(DirectoryError::Io(_))));
    }
}
