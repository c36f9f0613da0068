//! Released artifacts: each must be one that an included entry describes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use serde::Deserialize;

use super::Files;
use super::statements::{self, Statements};
use crate::Hash;
use crate::bundle::answer::Findings;
use crate::bundle::name::{self, FileKind, classify};
use crate::bundle::salts::{self, Release};
use crate::commitment::{ARTIFACT_DOMAIN, Committer};
use crate::leaf::{Leaf, LeafKind};

/// What an entry says of an artifact, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Described {
    stored: Hash,
    size: u64,
    is_plain: bool,
}

/// The descriptors that the bundle's blobs and documents need, found while walking through the entries.
pub(super) struct Descriptors {
    releases: BTreeMap<Hash, Vec<Release>>,
    wanted_commitments: BTreeSet<Hash>,
    by_commitment: BTreeMap<Hash, Described>,
    wanted_stored: BTreeSet<Hash>,
    committed: BTreeSet<Hash>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    artifacts: Vec<Artifact<'a>>,
}

#[derive(Deserialize)]
struct Artifact<'a> {
    #[serde(borrow)]
    stored: Cow<'a, str>,
    #[serde(borrow)]
    commitment: Cow<'a, str>,
    size: u64,
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
}

impl Descriptors {
    /// Reads `salts.json` and notes what to look for.
    pub(super) fn wanted_by<R: Read + Seek>(files: &mut Files<R>, inclusion: &mut Findings) -> Self {
        let mut wanted = Self {
            releases: BTreeMap::new(),
            wanted_commitments: BTreeSet::new(),
            by_commitment: BTreeMap::new(),
            wanted_stored: BTreeSet::new(),
            committed: BTreeSet::new(),
        };
        match files.fetch(name::SALTS).map(|bytes| salts::parse(&bytes)) {
            None => {}
            Some(Err(problem)) => inclusion.add(name::SALTS, problem),
            Some(Ok(releases)) => {
                for release in releases {
                    if !files.has(&name::blob_name(&release.blob)) {
                        inclusion.add(
                            name::blob_name(&release.blob),
                            "missing, though salts.json has a salt for it",
                        );
                    }
                    wanted.wanted_commitments.insert(release.commitment);
                    wanted.releases.entry(release.blob).or_default().push(release);
                }
            }
        }
        let documents = files.names.iter().filter(|name| classify(name) == FileKind::Other);
        wanted.wanted_stored = documents.filter_map(|name| files.expected.get(name)).copied().collect();
        wanted
    }

    /// Takes what is wanted from an included entry.
    pub(super) fn collect(&mut self, leaf: &Leaf<'_>) {
        let is_wanted = !self.wanted_commitments.is_empty() || !self.wanted_stored.is_empty();
        if leaf.kind != LeafKind::EvidenceAdd || !is_wanted {
            return;
        }
        // A body of another shape describes nothing; blobs that relied on it are reported.
        let Ok(body) = serde_json::from_slice::<Body<'_>>(leaf.body) else { return };
        for artifact in body.artifacts {
            let Ok(stored) = Hash::parse_digest(&artifact.stored) else { continue };
            let is_plain = artifact.key.is_none();
            if is_plain && self.wanted_stored.contains(&stored) {
                self.committed.insert(stored);
            }
            let Ok(commitment) = Hash::parse_digest(&artifact.commitment) else { continue };
            if self.wanted_commitments.contains(&commitment) {
                self.by_commitment.insert(commitment, Described { stored, size: artifact.size, is_plain });
            }
        }
    }
}

/// Checks every blob against its entries and returns the documents no entry commits to.
pub(super) fn examine<R: Read + Seek>(
    files: &mut Files<R>,
    descriptors: &Descriptors,
    statements: &mut Statements<'_>,
    inclusion: &mut Findings,
) -> Vec<String> {
    for name in files.names.clone() {
        match classify(&name) {
            FileKind::Blob(digest) => {
                let start = examine_blob(files, &name, digest, descriptors, inclusion);
                // One that stands here as a document too is looked at there.
                let is_document =
                    |(name, own): (&String, &Hash)| *own == digest && name.ends_with(statements::ENDING);
                let may_be = start.starts_with(b"{") && start.len() < statements::MAX_BYTES;
                if may_be && !files.expected.iter().any(is_document) {
                    statements.look(files, &name, &start, inclusion);
                }
            }
            FileKind::Other if name.ends_with(statements::ENDING) => {
                if let Some(content) = files.fetch(&name) {
                    statements.look(files, &name, &content, inclusion);
                }
            }
            _ => {}
        }
    }
    // A document that is stored encrypted is also a released blob, which was held against its commitment above.
    let is_committed =
        |digest: &Hash| descriptors.committed.contains(digest) || descriptors.releases.contains_key(digest);
    let is_uncommitted = |name: &&String| {
        // Timestamps vouch for themselves.
        let is_timestamp = name.split_once('/').is_some_and(|(folder, _)| folder == name::TIMESTAMPS);
        let is_document = classify(name) == FileKind::Other && !is_timestamp;
        is_document && !files.expected.get(*name).is_some_and(is_committed)
    };
    files.names.iter().filter(is_uncommitted).cloned().collect()
}

/// Returns the beginning of its content, at most [`statements::MAX_BYTES`].
fn examine_blob<R: Read + Seek>(
    files: &mut Files<R>,
    name: &str,
    named: Hash,
    descriptors: &Descriptors,
    inclusion: &mut Findings,
) -> Vec<u8> {
    let releases = descriptors.releases.get(&named).map_or(&[][..], Vec::as_slice);
    let mut committers: Vec<Committer> =
        releases.iter().map(|release| Committer::new(&release.salt, ARTIFACT_DOMAIN)).collect();
    let (mut size, mut start) = (0_u64, Vec::new());
    let digest = files.stream(name, |piece| {
        size += piece.len() as u64;
        let room = (statements::MAX_BYTES - start.len()).min(piece.len());
        start.extend_from_slice(&piece[..room]);
        committers.iter_mut().for_each(|committer| committer.update(piece));
    });
    let Some(digest) = digest else { return start };
    if digest != named {
        files.findings.add(name, "changed: its content has not the digest in its name");
    }
    if releases.is_empty() {
        inclusion.add(name, "no salt links it to an entry");
    }
    for (release, committer) in releases.iter().zip(committers) {
        let problem = match descriptors.by_commitment.get(&release.commitment) {
            None => "no included entry describes it",
            Some(_) if committer.finish() != release.commitment => {
                "does not reproduce the commitment of its entry"
            }
            Some(described) if described.size != size => "has not the size its entry says",
            Some(described) if described.is_plain && described.stored != digest => {
                "is not the content its entry says is stored"
            }
            Some(_) => continue,
        };
        inclusion.add(name, problem);
    }
    start
}
