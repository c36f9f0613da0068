//! Verifying a bundle: one answer per level, and every file or entry that is wrong by name.

mod archive;
mod blobs;
mod directory;
mod held;
mod history;
mod log;
mod period;
mod records;
mod report;
mod statements;
mod time;

pub use archive::Limits;
pub(super) use archive::{MAX_RATIO, RATIO_FREE_BYTES};

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use self::archive::Archive;
use self::blobs::Descriptors;
use self::held::Held;
use self::records::Opened;
use self::report::Parts;
use self::statements::Statements;
use super::answer::{Completeness, Findings, Level, Signer, Stated, Verification};
use super::history::parse_rotations;
use super::manifest::{Manifest, signed_text};
use super::name::{self, FileKind, classify};
use crate::Hash;
use crate::dsse::{self, Envelope};
use crate::epoch::Rotation;
use crate::history::Rebuild;
use crate::leaf::parse_moment;
use crate::note::{Checkpoint, Note, SignedCheckpoint, VerifierKey};
use crate::policy::{Accepted, LogKey, Policy};
use crate::timestamp::{RevocationLists, Roots};

/// What the verifier brings along; nothing of it is taken from the bundle.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// Whose signatures count. Without it the bundle's own policy is used, and the answer says so.
    pub policy: Option<Policy>,
    /// Checkpoints of the log that the verifier kept: what was signed then must be the beginning of what is signed now.
    pub held: Vec<SignedCheckpoint>,
    /// Roots of time-stamping authorities that count. Those of the bundle never do.
    pub timestamp_roots: Roots,
    /// Lists of revoked certificates, for those of the authorities.
    pub revocation_lists: RevocationLists,
    /// Keys of people and firms whose signed statements count, beside those of the log.
    pub statement_keys: Vec<VerifierKey>,
    /// How large a bundle may be.
    pub limits: Limits,
}

/// Why a bundle could not be examined at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Not a ZIP of this kind, cut off, or made to harm its reader.
    #[error("unreadable: {0}")]
    Unreadable(String),
}

/// Examines a bundle.
///
/// # Errors
/// If it cannot be read as a bundle: not a ZIP, truncated, larger than the limits, with unsafe or duplicate names.
/// Anything else that is wrong is a finding in the answer.
pub fn verify<R: Read + Seek>(reader: R, expectations: &Expectations) -> Result<Verification, VerifyError> {
    let archive = Archive::open(reader, &expectations.limits).map_err(VerifyError::Unreadable)?;
    if !archive.has(name::MANIFEST) && !archive.has(name::CHECKPOINT) {
        return Err(VerifyError::Unreadable(
            "a ZIP, but not an evidence bundle: no MANIFEST.json".to_owned(),
        ));
    }
    let mut files = Files::open(archive);
    let signed = Signed::read(&mut files, expectations.policy.as_ref());
    let mut inclusion = Findings::default();
    for (subject, problem) in &signed.problems {
        inclusion.add(*subject, problem);
    }
    let mut descriptors = Descriptors::wanted_by(&mut files, &mut inclusion);
    check_signature(&mut files, &signed);
    check_envelope(&mut files, &signed);
    let objects = history::objects(&mut files, &mut inclusion);
    let mut rebuild = Rebuild::new(&objects);
    let mut opened = Opened::read(&mut files, &mut inclusion);
    let mut parts = Parts::read(&mut files);
    let mut held = Held::new(&expectations.held, &signed, &mut inclusion);
    let walk = log::Collectors {
        descriptors: &mut descriptors,
        opened: &mut opened,
        parts: &mut parts,
        rebuild: &mut rebuild,
    };
    let mut log = log::examine(&mut files, &signed, walk, &mut held, &mut inclusion);
    match opened.finish(&mut inclusion) {
        0 => {}
        some => log.inclusion += &format!("; {some} texts that entries commit to can be read"),
    }
    let history = match &log.completeness {
        Level::Proven { .. } => {
            let recomputed = rebuild.finish(files.period());
            history::answer(&mut files, recomputed)
        }
        _ => history::unclaimed("the whole log is needed for it"),
    };
    let mut statements = Statements::new(&signed, &expectations.statement_keys);
    let uncommitted = blobs::examine(&mut files, &descriptors, &mut statements, &mut inclusion);
    let statements = statements.finish();
    let time = time::examine(&mut files, &signed, expectations, log.period.ends);
    files.read_the_rest();
    let found = Found { inclusion, time, figures: parts.finish(), uncommitted, statements };
    Ok(answer(files, signed, log, history, found))
}

/// What was found beside the answers about log and history.
struct Found {
    inclusion: Findings,
    time: Level,
    figures: Level,
    uncommitted: Vec<String>,
    statements: Vec<Stated>,
}

fn answer<R: Read + Seek>(
    files: Files<R>,
    signed: Signed,
    log: log::LogAnswer,
    history: history::HistoryAnswer,
    found: Found,
) -> Verification {
    let Found { inclusion, time, figures, uncommitted, statements } = found;
    let count = files.names.len();
    let about = files.manifest.map(|manifest| manifest.about).unwrap_or_default();
    let checkpoint = signed.checkpoint.as_ref().map(|signed| &signed.checkpoint);
    let signer = match &signed.accepted {
        Some(accepted) if signed.is_pinned => Signer::Pinned { key: accepted.log.to_string() },
        Some(accepted) => Signer::Unpinned { key: accepted.log.to_string() },
        None => Signer::Nobody,
    };
    Verification {
        about,
        origin: checkpoint.map(|checkpoint| checkpoint.origin.clone()).unwrap_or_default(),
        size: checkpoint.map(|checkpoint| checkpoint.size).unwrap_or_default(),
        root: checkpoint.map(|checkpoint| checkpoint.root.hex()).unwrap_or_default(),
        signer,
        bytes: files.findings.into_level(|| Level::Proven {
            detail: format!("{count} files are as the signed MANIFEST.json says"),
        }),
        inclusion: inclusion.into_level(|| Level::Proven { detail: log.inclusion }),
        time,
        completeness: Completeness {
            log: log.completeness,
            period: log.period.level,
            schedule: history.schedule,
            population: history.population,
            deviations: history.deviations,
            checks: history.checks,
        },
        figures,
        uncommitted,
        statements,
    }
}

/// The checkpoint and whether it may be believed.
struct Signed {
    policy: Option<Policy>,
    is_pinned: bool,
    checkpoint: Option<SignedCheckpoint>,
    accepted: Option<Accepted>,
    problems: Vec<(&'static str, String)>,
    /// Rotations that the policy followed; the log must have them too.
    rotations: Vec<String>,
}

impl Signed {
    fn read<R: Read + Seek>(files: &mut Files<R>, pinned: Option<&Policy>) -> Self {
        let mut problems = Vec::new();
        let own = files.fetch(name::POLICY).and_then(|bytes| {
            let text = String::from_utf8(bytes).map_err(|_| "is not text".to_owned());
            let policy = text.and_then(|text| text.parse::<Policy>().map_err(|error| error.to_string()));
            policy.map_err(|problem| problems.push((name::POLICY, problem))).ok()
        });
        let mut policy = pinned.cloned().or(own);
        let rotations = follow(files, policy.as_mut(), &mut problems);
        let (checkpoint, accepted) = match files.fetch(name::CHECKPOINT) {
            None => {
                problems
                    .push((name::CHECKPOINT, "there is no checkpoint to prove anything against".to_owned()));
                (None, None)
            }
            Some(bytes) => match SignedCheckpoint::parse(&bytes) {
                Err(error) => {
                    problems.push((name::CHECKPOINT, error.to_string()));
                    (None, None)
                }
                Ok(signed) => {
                    let accepted = match &policy {
                        None => Err("no policy says whose signature counts".to_owned()),
                        Some(policy) => policy.accept(&signed).map_err(|error| error.to_string()),
                    };
                    let accepted =
                        accepted.map_err(|problem| problems.push((name::CHECKPOINT, problem))).ok();
                    (Some(signed), accepted)
                }
            },
        };
        Self { policy, is_pinned: pinned.is_some(), checkpoint, accepted, problems, rotations }
    }
}

impl Signed {
    /// Returns the keys that count for the checkpoint.
    fn keys(&self) -> Vec<&VerifierKey> {
        let Some((checkpoint, policy)) = self.checkpoint.as_ref().zip(self.policy.as_ref()) else {
            return Vec::new();
        };
        let Checkpoint { origin, size, .. } = &checkpoint.checkpoint;
        let counts = |log: &&LogKey| log.key.name() == origin && log.sizes.contains(*size);
        policy.logs().iter().filter(counts).map(|log| &log.key).collect()
    }

    /// Returns the keys that the log has and had.
    fn keys_of_origin(&self) -> Vec<&VerifierKey> {
        let Some((checkpoint, policy)) = self.checkpoint.as_ref().zip(self.policy.as_ref()) else {
            return Vec::new();
        };
        let origin = &checkpoint.checkpoint.origin;
        policy.logs().iter().map(|log| &log.key).filter(|key| key.name() == origin).collect()
    }
}

/// Follows the rotations of the bundle from the keys of the policy. They are signed by the keys themselves, so it does
/// not matter who hands them over.
fn follow<R: Read + Seek>(
    files: &mut Files<R>,
    policy: Option<&mut Policy>,
    problems: &mut Vec<(&'static str, String)>,
) -> Vec<String> {
    let Some(bytes) = files.fetch(name::ROTATIONS) else { return Vec::new() };
    let notes = match parse_rotations(&bytes) {
        Ok(notes) => notes,
        Err(problem) => {
            problems.push((name::ROTATIONS, problem));
            return Vec::new();
        }
    };
    let Some(policy) = policy else { return notes };
    for note in &notes {
        let followed = Rotation::verify(note.as_bytes())
            .map_err(|error| error.to_string())
            .and_then(|rotation| policy.follow(&rotation).map_err(|error| error.to_string()));
        if let Err(problem) = followed {
            problems.push((name::ROTATIONS, problem));
        }
    }
    notes
}

/// Checks that the log's key signed the manifest.
fn check_signature<R: Read + Seek>(files: &mut Files<R>, signed: &Signed) {
    let Some(digest) = files.manifest_digest else { return };
    let checked = match files.fetch(name::MANIFEST_SIGNATURE) {
        None if files.has(name::MANIFEST_SIGNATURE) => return,
        None => Err("missing: nobody vouches for MANIFEST.json".to_owned()),
        Some(bytes) => Note::parse(&bytes).map_err(|error| error.to_string()).and_then(|note| {
            let checkpoint =
                signed.checkpoint.as_ref().ok_or("there is no checkpoint that says which log signs")?;
            let origin = &checkpoint.checkpoint.origin;
            if note.text != signed_text(origin, &digest) {
                return Err("signs another manifest than MANIFEST.json".to_owned());
            }
            let policy = signed.policy.as_ref().ok_or("no policy says whose signature counts")?;
            policy
                .accept_note(origin, checkpoint.checkpoint.size, &note)
                .map(drop)
                .map_err(|error| error.to_string())
        }),
    };
    if let Err(problem) = checked {
        files.findings.add(name::MANIFEST_SIGNATURE, problem);
    }
}

/// Checks that the envelope holds the manifest, as the log's key signed it and in no other spelling.
fn check_envelope<R: Read + Seek>(files: &mut Files<R>, signed: &Signed) {
    let Some(digest) = files.manifest_digest else { return };
    let checked = match files.fetch(name::MANIFEST_ENVELOPE) {
        None if files.has(name::MANIFEST_ENVELOPE) => return,
        None => Err("missing".to_owned()),
        Some(bytes) => Envelope::parse(&bytes).map_err(|error| error.to_string()).and_then(|envelope| {
            if envelope.payload_type != dsse::STATEMENT || Hash::of(&envelope.payload) != digest {
                return Err("holds another statement than MANIFEST.json".to_owned());
            }
            let keys = signed.keys();
            let [signer] = envelope.signers(keys.iter().copied())[..] else {
                return Err("is not signed by one key of the log".to_owned());
            };
            let said = envelope.signatures.iter().map(|one| one.key_id.as_deref());
            if !said.eq([Some(dsse::key_id(signer).as_str())])
                || envelope.to_bytes().ok().as_ref() != Some(&bytes)
            {
                return Err("is spelled otherwise than it was written".to_owned());
            }
            Ok(())
        }),
    };
    if let Err(problem) = checked {
        files.findings.add(name::MANIFEST_ENVELOPE, problem);
    }
}

/// The files of the bundle, each compared with the manifest when it is read.
struct Files<R> {
    archive: Archive<R>,
    names: Vec<String>,
    manifest: Option<Manifest>,
    manifest_digest: Option<Hash>,
    expected: BTreeMap<String, Hash>,
    read: BTreeSet<String>,
    findings: Findings,
}

impl<R: Read + Seek> Files<R> {
    fn open(archive: Archive<R>) -> Self {
        let names = archive.names();
        let mut files = Self {
            archive,
            names,
            manifest: None,
            manifest_digest: None,
            expected: BTreeMap::new(),
            read: BTreeSet::new(),
            findings: Findings::default(),
        };
        files.read_manifest();
        files.check_names();
        files
    }

    fn read_manifest(&mut self) {
        self.read.insert(name::MANIFEST.to_owned());
        let manifest = match self.archive.read(name::MANIFEST) {
            None => Err("missing".to_owned()),
            Some(Err(problem)) => Err(problem),
            Some(Ok(bytes)) => {
                self.manifest_digest = Some(Hash::of(&bytes));
                Manifest::parse(&bytes)
            }
        };
        match manifest {
            Ok(manifest) => {
                self.expected.clone_from(&manifest.files);
                self.manifest = Some(manifest);
            }
            Err(problem) => self.findings.add(name::MANIFEST, problem),
        }
    }

    fn check_names(&mut self) {
        for pair in self.names.windows(2) {
            if pair[0] > pair[1] {
                self.findings.add(&pair[1], format!("out of order: stands after {}", pair[0]));
            }
        }
        for name in &self.names {
            if classify(name) == FileKind::Misplaced {
                self.findings.add(name, "not a name of the format");
            }
            if self.manifest.is_some() && !name::is_of_manifest(name) && !self.expected.contains_key(name) {
                self.findings.add(name, "added: MANIFEST.json does not name it");
            }
        }
        for name in self.expected.keys().filter(|name| !self.archive.has(name)) {
            self.findings.add(name, "missing");
        }
    }

    /// The period that the manifest names.
    fn period(&self) -> Option<(i64, i64)> {
        let (from, to) = self.manifest.as_ref()?.period.as_ref()?;
        Some((parse_moment(from)?, parse_moment(to)?))
    }

    fn has(&self, name: &str) -> bool {
        self.archive.has(name)
    }

    /// Reads a file of bounded size into memory and compares it. Changed bytes are returned all the same, so that
    /// the other levels can say what the change breaks.
    fn fetch(&mut self, name: &str) -> Option<Vec<u8>> {
        let content = self.archive.read(name)?;
        self.read.insert(name.to_owned());
        match content {
            Ok(bytes) => {
                self.compare(name, &Hash::of(&bytes));
                Some(bytes)
            }
            Err(problem) => {
                self.findings.add(name, problem);
                None
            }
        }
    }

    /// Hashes a file of any size piece by piece, showing each piece to `see`, and compares it.
    fn stream(&mut self, name: &str, see: impl FnMut(&[u8])) -> Option<Hash> {
        self.read.insert(name.to_owned());
        match self.archive.stream(name, see) {
            Ok(digest) => {
                self.compare(name, &digest);
                Some(digest)
            }
            Err(problem) => {
                self.findings.add(name, problem);
                None
            }
        }
    }

    fn compare(&mut self, name: &str, digest: &Hash) {
        if self.expected.get(name).is_some_and(|expected| expected != digest) {
            self.findings.add(name, "changed: SHA-256 is not the one in MANIFEST.json");
        }
    }

    /// Compares what no level has asked for.
    fn read_the_rest(&mut self) {
        for name in self.names.clone() {
            if !self.read.contains(&name) {
                self.stream(&name, |_| ());
            }
        }
    }
}
