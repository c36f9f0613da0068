//! The bundle: everything that proves the present state to somebody who does not trust this program.
//!
//! Holds the whole log, so that its completeness can be proven, every artifact that an entry commits to with the salt
//! that opens the commitment, the texts that entries commit to, and the newest version of each document under `report/`.
//! Only reads.

mod records;
mod timestamps;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{
    Attachment, Blob, BundleContents, Entries, Record, Release, is_safe_name, write,
};
use tickmark_ledger::epoch::{KeyRotate, Rotation};
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_ledger::note::SignedCheckpoint;
use tickmark_ledger::period::{PeriodClose, PeriodOpen};

use crate::context::View;
use crate::engagement::fieldwork::report;
use crate::evidence::{self, Artifact, ArtifactKey, Content};
use crate::{Error, Result, identity, ledger, observation};

/// Folder of a bundle for artifacts that came from no run: documents made here.
const REPORT_FOLDER: &str = "report";

/// A bundle in memory.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The ZIP.
    pub zip: Vec<u8>,
    /// Entries of the log in it.
    pub leaves: u64,
    /// Artifacts released in it.
    pub artifacts: usize,
    /// Documents under `report/`.
    pub documents: usize,
    /// Artifacts that are committed to and whose content is gone: erased lawfully, or pruned, as entries say.
    pub removed: usize,
    /// Artifacts that are committed to and cannot be decrypted here, because their wrapping key is missing.
    pub unreadable: usize,
    /// Key that verifies it.
    pub verifier_key: String,
}

/// Writes the bundle of everything that is committed to now.
///
/// # Errors
/// `Unavailable` while entries wait to be sequenced; `Damaged` if what is stored is not what was written.
pub async fn export(view: &mut View<'_>) -> Result<Exported> {
    export_over(view, None).await
}

/// As [`export()`], about a period: with the checkpoints around its entries, and completeness answered for it alone.
///
/// # Errors
/// As [`export()`]; `Invalid` if the period is empty or begins in the future.
pub async fn export_period(view: &mut View<'_>, from: Timestamp, to: Timestamp) -> Result<Exported> {
    if from >= to || from > view.now {
        return Err(Error::invalid(format!("{from} to {to} is not a period that can have been recorded")));
    }
    export_over(view, Some((from, to))).await
}

async fn export_over(view: &mut View<'_>, period: Option<(Timestamp, Timestamp)>) -> Result<Exported> {
    let head = ledger::head(view).await?;
    let mut signed = SignedCheckpoint::parse(head.checkpoint.as_bytes())
        .map_err(|error| Error::corrupt("the head of the log", error))?;
    let policy = ledger::policy(view).await?;
    timestamps::cosign(view, &mut signed).await?;
    let leaves = all_leaves(view, head.size).await?;
    let rotations = rotations(&leaves, &head.origin)?;
    let history = observation::history_contents(view, &leaves).await?;
    let committed = evidence_leaves(&leaves)?;
    let Released { blobs, mut attachments, artifacts, removed, unreadable, names } =
        released(view, &committed).await?;
    let documents = attachments.len();
    attachments.extend(timestamps::files(view, head.size).await?);
    let mut cited: BTreeSet<u64> = committed.into_values().chain(timestamps::recorded(&leaves)).collect();
    let (period_open, period_close) = match period {
        None => (None, None),
        Some((from, to)) => {
            let (first, end, ends) = entries_of(&leaves, from, to)?;
            cited.extend(ends);
            let (before, after) = ledger::checkpoints_around(view, first, end).await?;
            (before, Some(after))
        }
    };
    let name = marked(view).await?;
    let about = match period {
        None => format!("evidence of {name} up to log size {}", head.size),
        Some((from, to)) => format!("evidence of {name} from {from} to {to}"),
    };
    let records = records::released(view, &leaves, names).await?;
    let contents = BundleContents {
        about,
        created_us: view.now.micros(),
        period_us: period.map(|(from, to)| (from.micros(), to.micros())),
        policy,
        checkpoint: signed,
        period_open,
        period_close,
        entries: Entries::All { leaves, cited },
        history: (!history.objects.is_empty()).then_some(history),
        rotations,
        blobs,
        records,
        attachments,
    };
    let key = head.verifier_key.parse().map_err(|error| Error::corrupt("the key of the log", error))?;
    let signer = ledger::keys::load(view.app, view.actor.organization.id, &key)?;
    let mut zip = Cursor::new(Vec::new());
    write(&contents, signer.as_ref(), &mut zip)
        .map_err(|error| Error::internal("writing the bundle", error))?;
    Ok(Exported {
        zip: zip.into_inner(),
        leaves: head.size,
        artifacts,
        documents,
        removed,
        unreadable,
        verifier_key: head.verifier_key,
    })
}

/// Returns the name of the organization, and in front of it what it is when it is none.
async fn marked(view: &mut View<'_>) -> Result<String> {
    let name = view.actor.organization.name.clone();
    Ok(match identity::example(view).await? {
        Some(_) => format!("{name} ({})", identity::EXAMPLE_NOTICE),
        None => name,
    })
}

async fn all_leaves(view: &mut View<'_>, size: u64) -> Result<Vec<Vec<u8>>> {
    let mut leaves = Vec::new();
    while (leaves.len() as u64) < size {
        let page = ledger::entries(view, leaves.len() as u64, ledger::MAX_ENTRIES).await?;
        if page.is_empty() {
            return Err(Error::corrupt("the log", format!("it ends at {} of {size} entries", leaves.len())));
        }
        leaves.extend(page.into_iter().map(|entry| entry.content));
    }
    leaves
        .truncate(usize::try_from(size).map_err(|_| Error::unavailable("the log does not fit into memory"))?);
    Ok(leaves)
}

/// Returns the range of indices that holds every entry of a period and those that open and close it, and the indices of
/// these. The moments of entries need not ascend.
fn entries_of(leaves: &[Vec<u8>], from: Timestamp, to: Timestamp) -> Result<(u64, u64, Vec<u64>)> {
    let (mut first, mut end, mut ends) = (leaves.len() as u64, 0, Vec::new());
    for (index, bytes) in (0..).zip(leaves) {
        let leaf = Leaf::parse_strict(bytes)
            .map_err(|error| Error::corrupt(format!("ledger entry {index}"), error))?;
        let at = Timestamp::from_micros(leaf.ts_us());
        let is_end = is_end_of(&leaf, from, to);
        if is_end {
            ends.push(index);
        }
        if is_end || (from <= at && at < to) {
            first = first.min(index);
            end = index + 1;
        }
    }
    Ok((first.min(end), end, ends))
}

/// Tells whether an entry opens or closes a period.
fn is_end_of(leaf: &Leaf<'_>, from: Timestamp, to: Timestamp) -> bool {
    let bounds = match leaf.kind {
        LeafKind::PeriodOpen => {
            serde_json::from_slice(leaf.body).ok().map(|body: PeriodOpen| (body.from, body.to))
        }
        LeafKind::PeriodClose => {
            serde_json::from_slice(leaf.body).ok().map(|body: PeriodClose| (body.from, body.to))
        }
        _ => None,
    };
    bounds == Some((from.to_string(), to.to_string()))
}

/// Returns the rotations that led from key to key of the present epoch. Keys of an epoch before lead nowhere.
fn rotations(leaves: &[Vec<u8>], origin: &str) -> Result<Vec<String>> {
    let corrupt = |index: usize, error: &dyn std::fmt::Display| {
        Error::corrupt(format!("ledger entry {index}"), error.to_string())
    };
    let mut rotations = Vec::new();
    for (index, bytes) in leaves.iter().enumerate() {
        let leaf = Leaf::parse_strict(bytes).map_err(|error| corrupt(index, &error))?;
        if leaf.kind == LeafKind::KeyRotate {
            let body: KeyRotate =
                serde_json::from_slice(leaf.body).map_err(|error| corrupt(index, &error))?;
            let rotation = Rotation::verify(body.note.as_bytes()).map_err(|error| corrupt(index, &error))?;
            if rotation.old.name() == origin {
                rotations.push(body.note);
            }
        }
    }
    Ok(rotations)
}

/// Returns the commitments of all `evidence.add` entries with the index of the entry.
fn evidence_leaves(leaves: &[Vec<u8>]) -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    for (index, bytes) in (0..).zip(leaves) {
        let leaf = Leaf::parse_strict(bytes)
            .map_err(|error| Error::corrupt(format!("ledger entry {index}"), error))?;
        if leaf.kind != LeafKind::EvidenceAdd {
            continue;
        }
        let body = leaf.body_value();
        for artifact in body.get("artifacts").and_then(|list| list.as_array()).into_iter().flatten() {
            if let Some(commitment) = artifact.get("commitment").and_then(|text| text.as_str()) {
                found.insert(commitment.to_owned(), index);
            }
        }
    }
    Ok(found)
}

/// What is released.
struct Released {
    blobs: Vec<Blob>,
    attachments: Vec<Attachment>,
    artifacts: usize,
    removed: usize,
    unreadable: usize,
    /// Names of documents, to whose names entries commit.
    names: Vec<Record>,
}

/// Returns the artifacts whose commitments are in the log, decrypted, and of documents the newest version of each.
async fn released(view: &mut View<'_>, committed: &BTreeMap<String, u64>) -> Result<Released> {
    let mut contents: BTreeMap<Digest, Blob> = BTreeMap::new();
    let mut documents: BTreeMap<String, (Artifact, Release)> = BTreeMap::new();
    let (mut removed, mut unreadable, mut names) = (0, 0, Vec::new());
    let parts = report::kept_parts(view).await?;
    let mut after = ArtifactKey(0);
    loop {
        let page = evidence::list(view, after, evidence::MAX_ARTIFACTS).await?;
        let Some(last) = page.last() else { break };
        after = last.key;
        for artifact in page {
            if !committed.contains_key(&artifact.commitment.to_string()) {
                continue;
            }
            let Some(salt) = evidence::salt(view, artifact.key).await? else {
                removed += 1;
                continue;
            };
            if artifact.run.is_none() && report::is_held_back(&artifact.name) {
                // The firm's own file goes with the report, to whom the report goes; own work is for those who run it.
                continue;
            }
            if artifact.run.is_none() {
                names.push(Record { text: artifact.name.clone(), salt });
            }
            let release = |content: &[u8]| Release {
                blob: Hash::of(content),
                commitment: Hash(artifact.commitment.0),
                salt,
            };
            if artifact.run.is_none() && artifact.media_type == ledger::TIMESTAMP_TYPE {
                // Under a folder of its own.
                continue;
            }
            // What people handed in has a name of theirs, and stands under its digest.
            let is_called_so = !report::is_part(&artifact.name) || parts.contains(&artifact.key);
            if artifact.run.is_none() && is_safe_name(&attached(&artifact.name)) && is_called_so {
                let unread = release(b"");
                documents.insert(artifact.name.clone(), (artifact, unread));
                continue;
            }
            match read(view, &artifact).await? {
                None => unreadable += 1,
                Some(content) => {
                    let release = release(&content);
                    contents
                        .entry(Digest(release.blob.0))
                        .or_insert_with(|| Blob { content, releases: Vec::new() })
                        .releases
                        .push(release);
                }
            }
        }
    }
    let artifacts = contents.len();
    let mut attachments = Vec::with_capacity(documents.len());
    for (name, (artifact, unread)) in documents {
        let Some(content) = read(view, &artifact).await? else {
            unreadable += 1;
            continue;
        };
        if matches!(artifact.content, Content::Sealed(_)) {
            // An entry names encrypted bytes; only content and salt together lead from the document to its commitment.
            let release = Release { blob: Hash::of(&content), ..unread };
            contents
                .entry(Digest(release.blob.0))
                .or_insert_with(|| Blob { content: content.clone(), releases: Vec::new() })
                .releases
                .push(release);
        }
        attachments.push(Attachment { name: attached(&name), content });
    }
    let blobs = contents.into_values().collect();
    Ok(Released { blobs, attachments, artifacts, removed, unreadable, names })
}

/// Returns where a document stands in a bundle.
fn attached(name: &str) -> String {
    format!("{REPORT_FOLDER}/{name}")
}

/// Reads content; none if its wrapping key is missing. What is damaged is not left out silently.
async fn read(view: &View<'_>, artifact: &Artifact) -> Result<Option<Vec<u8>>> {
    match evidence::read(view.app, artifact).await {
        Ok(content) => Ok(Some(content.to_vec())),
        Err(Error::Unavailable { .. }) if matches!(artifact.content, Content::Sealed(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
