//! Writing a bundle: the same contents give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::consistency::{self, Step};
use super::history::{HistoryContents, rotations_to_bytes, to_files};
use super::manifest::{Manifest, signed_text};
use super::name::{self, FileKind, classify, is_safe_name};
use super::readme;
use super::records::{self, Record};
use super::salts::{self, Release};
use super::verify::{MAX_RATIO, RATIO_FREE_BYTES};
use crate::Hash;
use crate::canonical::WriteError;
use crate::dsse::{self, Envelope};
use crate::leaf::{Leaf, LeafError};
use crate::note::{Checkpoint, Note, NoteError, SignedCheckpoint, Signer};
use crate::policy::Policy;
use crate::proof::TlogProof;
use crate::tile::{self, TILE_WIDTH, TileError, TilePath, TileSet};
use crate::tree::{
    MissingTile, ProofError, consistency_proof, hash_leaf, inclusion_proof, verify_consistency,
    verify_inclusion,
};

/// Everything that goes into a bundle.
#[derive(Clone, Debug)]
pub struct BundleContents {
    /// What the bundle is about, in words.
    pub about: String,
    /// When it is made, microseconds since 1970-01-01T00:00:00Z.
    pub created_us: i64,
    /// The period it covers, in the same unit, if it is about one.
    pub period_us: Option<(i64, i64)>,
    /// Key of the log, for whoever reads; verifiers pin their own.
    pub policy: Policy,
    /// The checkpoint everything is proven against.
    pub checkpoint: SignedCheckpoint,
    /// Checkpoint at the beginning of the period.
    pub period_open: Option<SignedCheckpoint>,
    /// Checkpoint at the end of the period.
    pub period_close: Option<SignedCheckpoint>,
    /// The entries that are shipped.
    pub entries: Entries,
    /// What lets a verifier recompute the history of observations, if the bundle is about it.
    pub history: Option<HistoryContents>,
    /// Signed key rotations, oldest first, each as the text of its note; see [`crate::epoch::Rotation`].
    pub rotations: Vec<String>,
    /// Artifacts chosen for release.
    pub blobs: Vec<Blob>,
    /// Texts that entries commit to, chosen for release.
    pub records: Vec<Record>,
    /// Documents carried along, such as `report/readiness.pdf`. A leaf that names one's digest among its
    /// artifacts commits to it; others are named as uncommitted by the verifier.
    pub attachments: Vec<Attachment>,
}

/// Which entries are shipped.
#[derive(Clone, Debug)]
pub enum Entries {
    /// The whole log, so that its completeness can be proven.
    All {
        /// The exact bytes of every leaf in order.
        leaves: Vec<Vec<u8>>,
        /// Indices of the leaves that also get a file and a proof of their own.
        cited: BTreeSet<u64>,
    },
    /// Single entries with their proofs.
    Cited {
        /// The entries.
        leaves: Vec<CitedLeaf>,
        /// RFC 6962 consistency proofs between consecutive checkpoints of the bundle, oldest first.
        consistency: Vec<Vec<Hash>>,
    },
}

/// An entry shipped by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CitedLeaf {
    /// Its index.
    pub index: u64,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// Its inclusion proof under the latest checkpoint.
    pub proof: Vec<Hash>,
}

/// A released artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The content, decrypted if it is stored encrypted.
    pub content: Vec<u8>,
    /// The commitments of included leaves that it opens; at least one.
    pub releases: Vec<Release>,
}

/// A document carried along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Name in the bundle, e.g. `report/readiness.pdf`.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// SHA-256 of `MANIFEST.json`, which names everything else.
    pub manifest: Hash,
    /// Number of files.
    pub files: usize,
    /// Their sizes together, before compression.
    pub content_bytes: u64,
}

/// Why a bundle was not written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The contents contradict each other.
    #[error("bundle would not verify: {0}")]
    Contradiction(String),
    /// A leaf breaks the rules.
    #[error("leaf {index}: {source}")]
    Leaf {
        /// Its index.
        index: u64,
        /// What is wrong.
        source: LeafError,
    },
    /// A proof does not prove.
    #[error("proof: {0}")]
    Proof(#[from] ProofError),
    /// A proof could not be made.
    #[error("proof: {0}")]
    MissingTile(#[from] MissingTile),
    /// An entry does not fit.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// Text of the manifest cannot be written.
    #[error("manifest: {0}")]
    Manifest(#[from] WriteError),
    /// The manifest cannot be signed.
    #[error("manifest: {0}")]
    Note(#[from] NoteError),
    /// The archive could not be written.
    #[error("archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// The writer failed.
    #[error("archive: {0}")]
    Io(#[from] std::io::Error),
}

/// Writes a bundle. What is written has been checked as the verifier will check it. `signer` is the log's key, which
/// signs the digest of the manifest.
///
/// # Errors
/// If the contents contradict each other, the key is not one of the policy, or writing fails.
pub fn write<W: Write + Seek>(
    contents: &BundleContents,
    signer: &dyn Signer,
    to: W,
) -> Result<Written, BundleError> {
    let mut files = BTreeMap::new();
    let mut add = |name: String, content: Vec<u8>| {
        let clash = BundleError::Contradiction(format!("two files have the name {name}"));
        files.insert(name, content).map_or(Ok(()), |_| Err(clash))
    };
    let checkpoint_text = contents.checkpoint.to_text();
    add(name::README.to_owned(), readme::TEXT.as_bytes().to_vec())?;
    add(name::POLICY.to_owned(), contents.policy.to_string().into_bytes())?;
    add(name::CHECKPOINT.to_owned(), checkpoint_text.clone().into_bytes())?;
    let checkpoints = checkpoints(contents)?;
    for (name, signed) in &checkpoints[..checkpoints.len() - 1] {
        add((*name).to_owned(), signed.to_text().into_bytes())?;
    }
    let (cited, proofs) = match &contents.entries {
        Entries::All { leaves, cited } => {
            let tiles = add_log(leaves, &contents.checkpoint.checkpoint, &mut add)?;
            (
                cite(leaves, cited, &tiles)?,
                steps(&checkpoints, |older, newer, _| Ok(consistency_proof(older, newer, &tiles)?))?,
            )
        }
        Entries::Cited { leaves, consistency } => {
            let given = |_, _, step: usize| {
                let missing = || BundleError::Contradiction("a consistency proof is missing".to_owned());
                consistency.get(step).cloned().ok_or_else(missing)
            };
            (leaves.clone(), steps(&checkpoints, given)?)
        }
    };
    if !proofs.is_empty() {
        add(name::CONSISTENCY.to_owned(), consistency::to_text(&proofs).into_bytes())?;
    }
    for leaf in cited {
        let CitedLeaf { index, bytes, proof } = leaf;
        check_cited(index, &bytes, &proof, &contents.checkpoint.checkpoint)?;
        let proof = TlogProof { extra: None, index, hashes: proof, checkpoint: checkpoint_text.clone() };
        add(name::leaf_name(index), bytes)?;
        add(name::proof_name(index), proof.to_text().into_bytes())?;
    }
    add_blobs(&contents.blobs, &mut add)?;
    if !contents.rotations.is_empty() {
        add(name::ROTATIONS.to_owned(), rotations_to_bytes(&contents.rotations)?)?;
    }
    for (name, content) in contents.history.as_ref().map(to_files).transpose()?.unwrap_or_default() {
        add(name, content)?;
    }
    for (name, content) in records::to_files(&contents.records)? {
        add(name, content)?;
    }
    for attachment in &contents.attachments {
        if !is_safe_name(&attachment.name) || classify(&attachment.name) != FileKind::Other {
            return Err(BundleError::Contradiction(format!("{:?} cannot be an attachment", attachment.name)));
        }
        add(attachment.name.clone(), attachment.content.clone())?;
    }
    let manifest = manifest(contents, &files)?.to_bytes()?;
    let digest = Hash::of(&manifest);
    let envelope = Envelope::sign(dsse::STATEMENT, manifest.clone(), &[signer]).map_err(NoteError::from)?;
    files.insert(name::MANIFEST.to_owned(), manifest);
    let origin = &contents.checkpoint.checkpoint.origin;
    let signature = Note::sign(signed_text(origin, &digest), &[signer])?;
    let accepted = contents.policy.accept_note(origin, contents.checkpoint.checkpoint.size, &signature);
    accepted.map_err(|error| BundleError::Contradiction(format!("{}: {error}", name::MANIFEST_SIGNATURE)))?;
    files.insert(name::MANIFEST_SIGNATURE.to_owned(), signature.to_text().into_bytes());
    files.insert(name::MANIFEST_ENVELOPE.to_owned(), envelope.to_bytes()?);
    let content_bytes = files.values().map(|content| content.len() as u64).sum();
    write_archive(&files, to)?;
    Ok(Written { manifest: digest, files: files.len(), content_bytes })
}

type Add<'a> = dyn FnMut(String, Vec<u8>) -> Result<(), BundleError> + 'a;

fn checkpoints(contents: &BundleContents) -> Result<Vec<(&'static str, &SignedCheckpoint)>, BundleError> {
    let a = contents.period_open.as_ref().map(|signed| (name::CHECKPOINT_A, signed));
    let b = contents.period_close.as_ref().map(|signed| (name::CHECKPOINT_B, signed));
    let all: Vec<_> = a.into_iter().chain(b).chain([(name::CHECKPOINT, &contents.checkpoint)]).collect();
    for (name, signed) in &all {
        let accepted = contents.policy.accept(signed);
        accepted.map_err(|error| BundleError::Contradiction(format!("{name}: {error}")))?;
        if signed.checkpoint.origin != contents.checkpoint.checkpoint.origin {
            return Err(BundleError::Contradiction(format!("{name} is of another log")));
        }
    }
    Ok(all)
}

/// Adds tiles and entry bundles of the whole log.
fn add_log(leaves: &[Vec<u8>], checkpoint: &Checkpoint, add: &mut Add<'_>) -> Result<TileSet, BundleError> {
    let mut hashes = Vec::with_capacity(leaves.len());
    for (index, bytes) in leaves.iter().enumerate() {
        check_leaf(index as u64, bytes)?;
        hashes.push(hash_leaf(bytes));
    }
    if leaves.len() as u64 != checkpoint.size || crate::tree::root_of(&hashes) != checkpoint.root {
        return Err(BundleError::Contradiction("the leaves are not those of the checkpoint".to_owned()));
    }
    let tiles = TileSet::from_leaf_hashes(hashes);
    for (tile, hashes) in tiles.iter() {
        add(tile.path(), tile::tile_bytes(hashes))?;
    }
    for (index, entries) in leaves.chunks(TILE_WIDTH).enumerate() {
        let mut bundle = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 2).sum());
        for entry in entries {
            tile::push_entry(&mut bundle, entry)?;
        }
        add(TilePath::entries_of(index as u64, checkpoint.size).path(), bundle)?;
    }
    Ok(tiles)
}

fn cite(leaves: &[Vec<u8>], cited: &BTreeSet<u64>, tiles: &TileSet) -> Result<Vec<CitedLeaf>, BundleError> {
    let cite = |index: &u64| {
        let bytes = usize::try_from(*index).ok().and_then(|place| leaves.get(place));
        let bytes =
            bytes.ok_or_else(|| BundleError::Contradiction(format!("there is no leaf {index} to cite")))?;
        let proof = inclusion_proof(*index, leaves.len() as u64, tiles)?;
        Ok(CitedLeaf { index: *index, bytes: bytes.clone(), proof })
    };
    cited.iter().map(cite).collect()
}

fn steps(
    checkpoints: &[(&'static str, &SignedCheckpoint)],
    mut proof_of: impl FnMut(u64, u64, usize) -> Result<Vec<Hash>, BundleError>,
) -> Result<Vec<Step>, BundleError> {
    let step = |(at, pair): (usize, &[(&'static str, &SignedCheckpoint)])| {
        let [(older_name, older), (newer_name, newer)] = [pair[0], pair[1]];
        let (older, newer) = (&older.checkpoint, &newer.checkpoint);
        let proof = proof_of(older.size, newer.size, at)?;
        verify_consistency(older.size, &older.root, newer.size, &newer.root, &proof)?;
        Ok(Step {
            older: older_name.to_owned(),
            older_size: older.size,
            newer: newer_name.to_owned(),
            newer_size: newer.size,
            proof,
        })
    };
    checkpoints.windows(2).enumerate().map(step).collect()
}

fn check_leaf(index: u64, bytes: &[u8]) -> Result<(), BundleError> {
    Leaf::parse_strict(bytes).map(drop).map_err(|source| BundleError::Leaf { index, source })
}

fn check_cited(index: u64, bytes: &[u8], proof: &[Hash], checkpoint: &Checkpoint) -> Result<(), BundleError> {
    check_leaf(index, bytes)?;
    verify_inclusion(&hash_leaf(bytes), index, checkpoint.size, proof, &checkpoint.root)?;
    Ok(())
}

fn add_blobs(blobs: &[Blob], add: &mut Add<'_>) -> Result<(), BundleError> {
    let mut releases = Vec::new();
    for blob in blobs {
        let digest = Hash::of(&blob.content);
        let fits = |release: &Release| {
            let commitment =
                crate::commitment::commit(&release.salt, crate::commitment::ARTIFACT_DOMAIN, &blob.content);
            release.blob == digest && release.commitment == commitment
        };
        if blob.releases.is_empty() || !blob.releases.iter().all(fits) {
            return Err(BundleError::Contradiction(format!("the salts of blob {digest} do not fit it")));
        }
        releases.extend_from_slice(&blob.releases);
        add(name::blob_name(&digest), blob.content.clone())?;
    }
    if releases.is_empty() { Ok(()) } else { add(name::SALTS.to_owned(), salts::to_bytes(&releases)?) }
}

fn manifest(contents: &BundleContents, files: &BTreeMap<String, Vec<u8>>) -> Result<Manifest, BundleError> {
    let moment = |micros: i64| {
        let impossible = || BundleError::Contradiction(format!("{micros} is not a moment"));
        crate::leaf::format_moment(micros).ok_or_else(impossible)
    };
    let period = contents.period_us.map(|(from, to)| Ok::<_, BundleError>((moment(from)?, moment(to)?)));
    Ok(Manifest {
        about: contents.about.clone(),
        created: moment(contents.created_us)?,
        period: period.transpose()?,
        origin: contents.checkpoint.checkpoint.origin.clone(),
        size: contents.checkpoint.checkpoint.size,
        is_whole_log: matches!(contents.entries, Entries::All { .. }),
        files: files.iter().map(|(name, content)| (name.clone(), Hash::of(content))).collect(),
    })
}

fn write_archive<W: Write + Seek>(files: &BTreeMap<String, Vec<u8>>, to: W) -> Result<(), BundleError> {
    let mut archive = ZipWriter::new(to);
    for (name, content) in files {
        archive.start_file(name.as_str(), options(name, content)?)?;
        archive.write_all(content)?;
    }
    archive.finish()?.flush()?;
    Ok(())
}

/// Hash tiles do not compress. Content that compresses suspiciously well is stored, so that a bundle never looks
/// like a decompression bomb to its own verifier.
fn options(name: &str, content: &[u8]) -> Result<SimpleFileOptions, BundleError> {
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::DEFAULT)
        .system(zip::System::Unix)
        .unix_permissions(0o644)
        .large_file(u32::try_from(content.len()).is_err());
    let stored = options.compression_method(CompressionMethod::Stored);
    let deflated = options.compression_method(CompressionMethod::Deflated).compression_level(Some(6));
    if matches!(classify(name), FileKind::Tile(TilePath::Hashes(_))) {
        return Ok(stored);
    }
    if content.len() as u64 <= RATIO_FREE_BYTES {
        return Ok(deflated);
    }
    let mut trial = ZipWriter::new(Cursor::new(Vec::new()));
    trial.start_file("trial", deflated)?;
    trial.write_all(content)?;
    let compressed = trial.finish()?.into_inner().len() as u64;
    Ok(if content.len() as u64 / compressed.max(1) >= MAX_RATIO / 2 { stored } else { deflated })
}
