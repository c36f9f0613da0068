//! The log part of a bundle: entries, proofs, tiles and the checkpoints of a period.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read, Seek};

use super::blobs::Descriptors;
use super::held::Held;
use super::period::{PeriodAnswer, Periods};
use super::records::Opened;
use super::report::Parts;
use super::{Files, Signed};
use crate::Hash;
use crate::bundle::answer::{Findings, Level};
use crate::bundle::consistency::{self, Step};
use crate::bundle::name::{self, FileKind, classify};
use crate::directory::{self, FileSource};
use crate::epoch::{Continued, Genesis, KeyRotate};
use crate::history::Rebuild;
use crate::leaf::{Leaf, LeafKind};
use crate::note::{Checkpoint, SignedCheckpoint};
use crate::policy::PolicyInForce;
use crate::proof::TlogProof;
use crate::tile::TilePath;
use crate::tree::{Frontier, hash_leaf, verify_consistency, verify_inclusion};

pub(super) struct LogAnswer {
    /// What inclusion proves if nothing is wrong.
    pub(super) inclusion: String,
    pub(super) completeness: Level,
    pub(super) period: PeriodAnswer,
}

/// Who takes something from each entry.
pub(super) struct Collectors<'c, 'o> {
    pub(super) descriptors: &'c mut Descriptors,
    pub(super) opened: &'c mut Opened,
    pub(super) parts: &'c mut Parts,
    /// Needs every entry of the log.
    pub(super) rebuild: &'c mut Rebuild<'o>,
}

pub(super) fn examine<R: Read + Seek>(
    files: &mut Files<R>,
    signed: &Signed,
    mut collectors: Collectors<'_, '_>,
    held: &mut Held,
    inclusion: &mut Findings,
) -> LogAnswer {
    let Some(checkpoint) = signed.checkpoint.as_ref().map(|signed| signed.checkpoint.clone()) else {
        let reason = "there is no checkpoint to compare with".to_owned();
        let level = || Level::NotClaimed { reason: reason.clone() };
        let period = PeriodAnswer { level: level(), ends: None };
        return LogAnswer { inclusion: String::new(), completeness: level(), period };
    };
    if let Some(manifest) = &files.manifest
        && (manifest.origin != checkpoint.origin || manifest.size != checkpoint.size)
    {
        inclusion.add(name::MANIFEST, "is about another checkpoint than checkpoint.latest");
    }
    let mut cited = Cited::read(files, inclusion);
    let claims_whole = files.manifest.as_ref().is_some_and(|manifest| manifest.is_whole_log);
    let has_tiles = files.names.iter().any(|name| matches!(classify(name), FileKind::Tile(_)));
    let mut seen = Seen { periods: Periods::of(files.period()), ..Seen::default() };
    let whole = (claims_whole || has_tiles).then(|| {
        let mut findings = Findings::default();
        walk(files, &checkpoint, &mut findings, |index, bytes| {
            seen.entry(index, bytes, &mut collectors, true);
            cited.compare(index, bytes);
            held.entry(bytes);
        });
        findings
    });
    if whole.is_none() {
        cited.entries.iter().for_each(|(index, bytes)| seen.entry(*index, bytes, &mut collectors, false));
    } else {
        let missing = signed.rotations.iter().filter(|note| !seen.rotations.contains(*note)).count();
        if missing > 0 {
            inclusion.add(name::ROTATIONS, format!("has {missing} rotations that no entry records"));
        }
    }
    for (subject, problem) in seen.problems.drain(..).chain(cited.problems.drain(..)) {
        inclusion.add(subject, problem);
    }
    check_proofs(files, signed, &checkpoint, &cited, inclusion);
    let [first, last] = check_period(files, signed, &checkpoint, inclusion);
    let held = held.finish(whole.is_some(), &checkpoint, inclusion);
    if let Some((index, continued)) = seen.continues.as_ref().filter(|_| whole.is_some()) {
        check_continued(files, &checkpoint, *index, continued, inclusion);
    }
    let whole_log = whole.is_some();
    let completeness = complete(whole, &checkpoint, signed, seen.continues.as_ref(), inclusion);
    let mut period = std::mem::take(&mut seen.periods).finish(first, last);
    if !matches!(completeness, Level::Proven { .. }) && !matches!(period.level, Level::Failed { .. }) {
        let reason = "the whole log is needed for it".to_owned();
        period = PeriodAnswer { level: Level::NotClaimed { reason }, ends: None };
    }
    let blobs = files.names.iter().filter(|name| matches!(classify(name), FileKind::Blob(_))).count();
    let size = checkpoint.size;
    let policy = seen.policy(signed, whole_log, inclusion);
    let inclusion = format!(
        "{} entries and {blobs} artifacts under the checkpoint of {size} entries{held}{policy}",
        seen.count
    );
    LogAnswer { inclusion, completeness, period }
}

fn complete(
    whole: Option<Findings>,
    checkpoint: &Checkpoint,
    signed: &Signed,
    continues: Option<&(u64, Continued)>,
    inclusion: &mut Findings,
) -> Level {
    let Some(findings) = whole else {
        let reason = "the bundle holds single entries, not the whole log".to_owned();
        return Level::NotClaimed { reason };
    };
    if !findings.is_empty() {
        // What does not rehash is not shown to be included either.
        for finding in findings.iter() {
            inclusion.add(&finding.subject, &finding.problem);
        }
    }
    findings.into_level(|| {
        if signed.accepted.is_none() {
            return Level::NotClaimed {
                reason: "no accepted checkpoint says how long the log is".to_owned(),
            };
        }
        let size = checkpoint.size;
        let mut detail = format!("all {size} entries are here and rehash to the signed root");
        match continues {
            None => {}
            Some((0, Continued { origin, size, .. })) => {
                detail += &format!("; the first {size} entries of {origin}, which it continues, are not here");
            }
            Some((index, Continued { origin, size, .. })) if size > index => {
                detail += &format!(
                    "; it continues {origin} from entry {index} on: {} later entries of that are lost",
                    size - index
                );
            }
            Some((index, Continued { origin, size, .. })) => {
                detail += &format!(
                    "; from entry {index} on it continues {origin}, whose first {size} entries are the first ones here"
                );
            }
        }
        Level::Proven { detail }
    })
}

/// Checks that the entries before an epoch are those on which it says to build, as far as they are here.
fn check_continued<R: Read + Seek>(
    files: &mut Files<R>,
    checkpoint: &Checkpoint,
    index: u64,
    continued: &Continued,
    inclusion: &mut Findings,
) {
    if continued.size == 0 || continued.size > index {
        return;
    }
    let mut frontier = Frontier::new();
    directory::walk(&mut Tiles(files), checkpoint.size, |at, bytes| {
        if at < continued.size {
            frontier.push(hash_leaf(bytes));
        }
    });
    if continued.checkpoint().is_ok_and(|claimed| claimed.root != frontier.root()) {
        let problem =
            format!("continues {} entries of {} that are not those here", continued.size, continued.origin);
        inclusion.add(format!("entry {index}"), problem);
    }
}

/// Rehashes the whole log and names tiles that do not belong to it.
fn walk<R: Read + Seek>(
    files: &mut Files<R>,
    checkpoint: &Checkpoint,
    findings: &mut Findings,
    visit: impl FnMut(u64, &[u8]),
) {
    let walked = directory::walk(&mut Tiles(files), checkpoint.size, visit);
    for problem in walked.problems {
        findings.add(problem.subject, problem.problem);
    }
    if walked.root.is_some_and(|root| root != checkpoint.root) {
        findings.add(name::CHECKPOINT, "the entries of the bundle do not hash to its root");
    }
    for name in &files.names {
        let FileKind::Tile(path) = classify(name) else { continue };
        let belongs = match path {
            TilePath::Hashes(tile) => tile == crate::tile::Tile::of(tile.level, tile.index, checkpoint.size),
            TilePath::Entries { index, .. } => path == TilePath::entries_of(index, checkpoint.size),
        };
        if !belongs {
            findings.add(name, format!("not part of a log of {} entries", checkpoint.size));
        }
    }
}

struct Tiles<'f, R>(&'f mut Files<R>);

impl<R: Read + Seek> FileSource for Tiles<'_, R> {
    fn read(&mut self, path: &str, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
        if !self.0.has(path) {
            return Ok(None);
        }
        match self.0.fetch(path) {
            Some(bytes) if bytes.len() <= max_bytes => Ok(Some(bytes)),
            Some(_) => Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than a file of the layout")),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "damaged")),
        }
    }
}

/// Every entry that was looked at: its form, its id, what it describes.
#[derive(Default)]
struct Seen {
    count: u64,
    ids: HashMap<Box<str>, u64>,
    problems: Vec<(String, String)>,
    /// Notes of `key.rotate` entries.
    rotations: BTreeSet<String>,
    /// The epoch before, as the entry that begins the present one names it, and the position of that entry.
    continues: Option<(u64, Continued)>,
    periods: Periods,
    policy: PolicyInForce,
}

impl Seen {
    /// Compares the policy that entries say with whoever signed. It takes the whole log to know the one in force.
    fn policy(&self, signed: &Signed, is_whole: bool, inclusion: &mut Findings) -> String {
        let Some((accepted, checkpoint)) = signed.accepted.as_ref().zip(signed.checkpoint.as_ref()) else {
            return String::new();
        };
        if !is_whole {
            return String::new();
        }
        match self.policy.compare(&accepted.log, &checkpoint.note) {
            Ok(said) => said.map(|said| format!("; {said}")).unwrap_or_default(),
            Err(problem) => {
                let index = self.policy.in_force().map_or(0, |(index, _)| *index);
                inclusion.add(format!("entry {index}"), problem);
                String::new()
            }
        }
    }

    fn entry(&mut self, index: u64, bytes: &[u8], collectors: &mut Collectors<'_, '_>, is_whole: bool) {
        self.count += 1;
        match Leaf::parse_strict(bytes) {
            Ok(leaf) => {
                if let Some(earlier) = self.ids.insert(leaf.id.into(), index) {
                    self.problems
                        .push((format!("entry {index}"), format!("repeats the id of entry {earlier}")));
                }
                collectors.descriptors.collect(&leaf);
                collectors.opened.collect(&leaf);
                collectors.parts.collect(&leaf);
                if leaf.kind == LeafKind::LogGenesis
                    && let Ok(genesis) = serde_json::from_slice::<Genesis>(leaf.body)
                {
                    self.continues = genesis.continues.map(|continued| (index, continued));
                }
                if leaf.kind == LeafKind::KeyRotate
                    && let Ok(body) = serde_json::from_slice::<KeyRotate>(leaf.body)
                {
                    self.rotations.insert(body.note);
                }
                if let Err(problem) = self.policy.entry(index, &leaf) {
                    self.problems.push((format!("entry {index}"), problem));
                }
                if is_whole {
                    collectors.rebuild.entry(index, &leaf);
                    self.periods.entry(index, &leaf);
                }
            }
            Err(error) => self.problems.push((format!("entry {index}"), error.to_string())),
        }
    }
}

/// The entries that are shipped by themselves.
struct Cited {
    entries: BTreeMap<u64, Vec<u8>>,
    problems: Vec<(String, String)>,
}

impl Cited {
    fn read<R: Read + Seek>(files: &mut Files<R>, inclusion: &mut Findings) -> Self {
        let mut entries = BTreeMap::new();
        for name in files.names.clone() {
            match classify(&name) {
                FileKind::Leaf(index) => {
                    if !files.has(&name::proof_name(index)) {
                        inclusion.add(&name, "has no inclusion proof");
                    }
                    if let Some(bytes) = files.fetch(&name) {
                        entries.insert(index, bytes);
                    }
                }
                FileKind::Proof(index) if !files.has(&name::leaf_name(index)) => {
                    inclusion.add(&name, "is a proof of an entry that is not here");
                }
                _ => {}
            }
        }
        Self { entries, problems: Vec::new() }
    }

    fn compare(&mut self, index: u64, bytes: &[u8]) {
        if self.entries.get(&index).is_some_and(|own| own != bytes) {
            self.problems.push((name::leaf_name(index), "is not that entry of the log".to_owned()));
        }
    }
}

fn check_proofs<R: Read + Seek>(
    files: &mut Files<R>,
    signed: &Signed,
    checkpoint: &Checkpoint,
    cited: &Cited,
    inclusion: &mut Findings,
) {
    let latest = signed.checkpoint.as_ref().map(SignedCheckpoint::to_text).unwrap_or_default();
    for (index, bytes) in &cited.entries {
        let name = name::proof_name(*index);
        let Some(proof) = files.fetch(&name) else { continue };
        match TlogProof::parse(&proof) {
            Err(error) => inclusion.add(&name, error.to_string()),
            Ok(proof) if proof.index != *index => {
                inclusion.add(&name, format!("proves entry {}", proof.index))
            }
            Ok(proof) if proof.checkpoint != latest => inclusion.add(&name, "leads to another checkpoint"),
            Ok(proof) => {
                let leaf_hash = hash_leaf(bytes);
                let verified =
                    verify_inclusion(&leaf_hash, *index, checkpoint.size, &proof.hashes, &checkpoint.root);
                if let Err(error) = verified {
                    inclusion.add(name::leaf_name(*index), format!("not included: {error}"));
                }
            }
        }
    }
}

/// Checks that the checkpoints of a period are signed and continue each other. Returns the sizes of those that do.
fn check_period<R: Read + Seek>(
    files: &mut Files<R>,
    signed: &Signed,
    latest: &Checkpoint,
    inclusion: &mut Findings,
) -> [Option<u64>; 2] {
    let mut chain: Vec<(&'static str, Checkpoint)> = Vec::new();
    for name in [name::CHECKPOINT_A, name::CHECKPOINT_B] {
        let Some(bytes) = files.fetch(name) else { continue };
        let accepted =
            SignedCheckpoint::parse(&bytes).map_err(|error| error.to_string()).and_then(|checkpoint| {
                let policy = signed.policy.as_ref().ok_or("no policy says whose signature counts")?;
                policy.accept(&checkpoint).map_err(|error| error.to_string())?;
                Ok(checkpoint.checkpoint)
            });
        match accepted {
            Ok(checkpoint) if checkpoint.origin != latest.origin => inclusion.add(name, "is of another log"),
            Ok(checkpoint) => chain.push((name, checkpoint)),
            Err(problem) => inclusion.add(name, problem),
        }
    }
    let size = |name: &str| chain.iter().find(|(known, _)| *known == name).map(|(_, known)| known.size);
    let sizes = [size(name::CHECKPOINT_A), size(name::CHECKPOINT_B)];
    chain.push((name::CHECKPOINT, latest.clone()));
    let steps = match files.fetch(name::CONSISTENCY).map(|bytes| consistency::parse(&bytes)) {
        None => Vec::new(),
        Some(Ok(steps)) => steps,
        Some(Err(problem)) => {
            inclusion.add(name::CONSISTENCY, problem);
            return sizes;
        }
    };
    if steps.len() != chain.len() - 1 {
        let problem =
            format!("{} proofs where {} checkpoints need {}", steps.len(), chain.len(), chain.len() - 1);
        inclusion.add(name::CONSISTENCY, problem);
    }
    for (pair, step) in chain.windows(2).zip(&steps) {
        if let Err(problem) = check_step(&pair[0], &pair[1], step) {
            inclusion.add(name::CONSISTENCY, problem);
        }
    }
    sizes
}

fn check_step(older: &(&str, Checkpoint), newer: &(&str, Checkpoint), step: &Step) -> Result<(), String> {
    let named = (step.older.as_str(), step.older_size, step.newer.as_str(), step.newer_size);
    if named != (older.0, older.1.size, newer.0, newer.1.size) {
        return Err(format!("does not prove {} to {}", older.0, newer.0));
    }
    let roots: [&Hash; 2] = [&older.1.root, &newer.1.root];
    verify_consistency(older.1.size, roots[0], newer.1.size, roots[1], &step.proof)
        .map_err(|error| format!("{} is not a beginning of {}: {error}", older.0, newer.0))
}
