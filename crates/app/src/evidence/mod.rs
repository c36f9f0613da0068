//! Evidence: artifacts with their provenance, committed to the ledger.
//!
//! Bytes are stored once, named by their digest, before the row that names them is committed. Rows are written on
//! change: what a run saw of a target is, for each name, the newest row up to that run.
//!
//! Content is encrypted at rest ([`seal`]), each with a key of its own, so that destroying the key erases it wherever
//! copies of the bytes are; the ledger keeps the digest of the encrypted bytes and a salted commitment to the content.

pub mod item;
mod retain;
mod rotate;
mod seal;
mod sql;
mod wrapping;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::Serialize;
use sqlx::AnyConnection;
use tickmark_core::evidence::{Provenance, RawArtifact};
use tickmark_core::id::{OrganizationKey, RunKey, TargetKey};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::{self, ARTIFACT_DOMAIN, ArtifactDescriptor, RECORD_DOMAIN, Salt};
use tickmark_ledger::leaf::{LeafKind, MAX_LEAF_BYTES};
use uuid::Uuid;

pub(crate) use retain::usual_retention;
pub use retain::{
    Erased, Erasure, HOLDING, Hold, HoldScope, KEEPING, Prunable, Pruned, RetentionClass, erase, holds,
    holds_of_item, place_hold, prunable, prune, release_hold, retention_classes, set_retention,
};
pub use rotate::{Rotated, rotate_wrapping_key};
pub use seal::WrappedKey;

pub(crate) use rotate::begin_encryption;

use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Action, App, Error, Result};
use retain::{DOCUMENT_CLASS, EVIDENCE_CLASS};
use seal::{DataKey, WrappingKey};

/// Most artifacts in one answer.
pub const MAX_ARTIFACTS: u32 = 1000;
/// Most characters in the name of an artifact.
const MAX_NAME_CHARS: usize = 400;
/// Bytes of descriptors in one ledger entry; the rest of the entry needs some room.
const DESCRIPTOR_BYTES: usize = MAX_LEAF_BYTES - 2048;

/// Short key of an artifact, counted from 1 in each organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactKey(pub i64);

/// A stored artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its key.
    pub key: ArtifactKey,
    /// The run that first saw these bytes; none for documents.
    pub run: Option<RunKey>,
    /// What they are of; none for documents and for what belongs to a whole run.
    pub target: Option<TargetKey>,
    /// Name, unique in a look at a target.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Size of the content in bytes.
    pub size: u64,
    /// Digest of the stored bytes.
    pub stored: Digest,
    /// Salted commitment to the content.
    pub commitment: Digest,
    /// How the bytes were obtained; none for documents made here, and once erased.
    pub provenance: Option<Provenance>,
    /// The ledger entry that commits to it.
    pub leaf: Uuid,
    /// When it was stored.
    pub added_at: Timestamp,
    /// Retention class.
    pub retention: String,
    /// How the stored bytes hold the content.
    pub content: Content,
}

/// How stored bytes hold the content of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// They are the content.
    Plain,
    /// They are the content, encrypted under this key.
    Sealed(WrappedKey),
    /// They are gone.
    Gone(Removal),
}

/// That content is gone, as a ledger entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Why.
    pub cause: RemovalCause,
    /// The entry.
    pub leaf: Uuid,
    /// When.
    pub at: Timestamp,
}

/// Why content is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalCause {
    /// Somebody had a right to its erasure.
    Erased,
    /// Its time was over.
    Pruned,
}

impl RemovalCause {
    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::Pruned => "pruned",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Erased, Self::Pruned].into_iter().find(|cause| cause.word() == word)
    }
}

/// How an entry describes an artifact: the format's descriptor, and commitments to name and provenance beside it.
#[derive(Serialize)]
struct Described {
    #[serde(flatten)]
    descriptor: ArtifactDescriptor,
    #[serde(skip_serializing_if = "Option::is_none")]
    named: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<String>,
}

/// An artifact as it is handed in.
struct Incoming<'a> {
    name: &'a str,
    media_type: &'a str,
    bytes: &'a [u8],
    provenance: Option<&'a Provenance>,
    retention: &'static str,
}

/// An artifact to be stored, with everything made for it.
struct Prepared {
    descriptor: ArtifactDescriptor,
    name: String,
    /// SHA-256 of the content.
    content: Digest,
    stored: Digest,
    commitment: Digest,
    provenance: Option<String>,
    salt: Salt,
    wrapped: Option<WrappedKey>,
}

/// Keeps what a run read: bytes first, then rows and entries for those artifacts that changed since the look before,
/// and for those that are not there any more.
///
/// Returns the artifacts that are new.
///
/// # Errors
/// `Invalid` if two artifacts share a name; else as the disk and the database answer.
pub async fn store(
    cx: &mut Cx<'_>,
    run: RunKey,
    target: Option<TargetKey>,
    artifacts: &[RawArtifact],
) -> Result<Vec<Artifact>> {
    cx.authorize(Action::Observe)?;
    let mut by_name = BTreeMap::new();
    for artifact in artifacts {
        check_name(&artifact.name)?;
        if by_name.insert(artifact.name.as_str(), artifact).is_some() {
            return Err(Error::invalid(format!("the artifact {:?} came twice", artifact.name)));
        }
    }
    let before = match target {
        Some(target) => {
            let organization = cx.organization();
            sql::of_run(cx.connection(), organization, run, target).await?
        }
        None => BTreeMap::new(),
    };
    let mut gone: Vec<&str> = before.keys().map(String::as_str).collect();
    gone.retain(|name| !by_name.contains_key(name));
    let changed: Vec<Incoming<'_>> = by_name
        .into_values()
        .filter(|artifact| before.get(&artifact.name).is_none_or(|old| !has_content(old, &artifact.bytes)))
        .map(|raw| Incoming {
            name: &raw.name,
            media_type: &raw.media_type,
            bytes: &raw.bytes,
            provenance: Some(&raw.provenance),
            retention: EVIDENCE_CLASS,
        })
        .collect();
    let prepared = prepare(cx, &changed).await?;
    add(cx, Some(run), target, prepared, &gone).await
}

/// Tells whether an artifact has this content, which its commitment says as long as its salt is there.
fn has_content((artifact, salt): &(Artifact, Option<Salt>), bytes: &[u8]) -> bool {
    let commits = |salt| Digest(commitment::commit(salt, ARTIFACT_DOMAIN, bytes).0) == artifact.commitment;
    artifact.size == bytes.len() as u64 && salt.as_ref().is_some_and(commits)
}

/// Keeps a document that was made here or handed in, such as a report.
///
/// # Errors
/// As the disk and the database answer.
pub async fn store_document(cx: &mut Cx<'_>, name: &str, media_type: &str, bytes: Bytes) -> Result<Artifact> {
    cx.authorize(Action::Observe)?;
    keep(cx, name, media_type, bytes, DOCUMENT_CLASS).await
}

/// As [`store_document`], for a use case that has asked for the right to it.
pub(crate) async fn keep_document(
    cx: &mut Cx<'_>,
    name: &str,
    media_type: &str,
    bytes: Bytes,
) -> Result<Artifact> {
    keep(cx, name, media_type, bytes, DOCUMENT_CLASS).await
}

/// Keeps a document in a retention class, for a use case that has asked for the right to it.
pub(crate) async fn keep(
    cx: &mut Cx<'_>,
    name: &str,
    media_type: &str,
    bytes: Bytes,
    retention: &'static str,
) -> Result<Artifact> {
    check_name(name)?;
    let incoming = Incoming { name, media_type, bytes: &bytes, provenance: None, retention };
    let prepared = prepare(cx, &[incoming]).await?;
    let mut added = add(cx, None, None, prepared, &[]).await?;
    Ok(added.pop().expect("one prepared makes one added"))
}

/// Returns what a run saw of a target, by name.
///
/// # Errors
/// If the database fails.
pub async fn of_run(view: &mut View<'_>, run: RunKey, target: TargetKey) -> Result<Vec<Artifact>> {
    let organization = view.organization();
    let found = sql::of_run(view.connection(), organization, run, target).await?;
    Ok(found.into_values().map(|(artifact, _)| artifact).collect())
}

/// Returns those of some targets of which anything was ever stored.
pub(crate) async fn targets_with_evidence(
    view: &mut View<'_>,
    targets: &[TargetKey],
) -> Result<BTreeSet<TargetKey>> {
    let organization = view.organization();
    sql::targets_with_some(view.connection(), organization, targets).await
}

/// Returns what was last seen of a target, by name.
///
/// # Errors
/// If the database fails.
pub async fn of_target(view: &mut View<'_>, target: TargetKey) -> Result<Vec<Artifact>> {
    of_run(view, RunKey(i64::MAX), target).await
}

/// Returns artifacts with keys above `after`, in order, at most `limit` and never more than [`MAX_ARTIFACTS`].
///
/// # Errors
/// If the database fails.
pub async fn list(view: &mut View<'_>, after: ArtifactKey, limit: u32) -> Result<Vec<Artifact>> {
    let organization = view.organization();
    sql::list(view.connection(), organization, after, limit.min(MAX_ARTIFACTS)).await
}

/// Returns one artifact.
///
/// # Errors
/// `NotFound` if there is none with this key.
pub async fn find(view: &mut View<'_>, key: ArtifactKey) -> Result<Artifact> {
    let organization = view.organization();
    sql::find(view.connection(), organization, key).await?.ok_or_else(|| Error::not_found("artifact", key.0))
}

/// Returns the first artifact with these stored bytes.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn find_stored(view: &mut View<'_>, stored: Digest) -> Result<Artifact> {
    let organization = view.organization();
    sql::find_stored(view.connection(), organization, stored)
        .await?
        .ok_or_else(|| Error::not_found("artifact", stored))
}

/// Records that somebody takes the content of an artifact away. The content leaves once this is committed.
///
/// # Errors
/// `Forbidden`; `StepUp`; `NotFound` as [`find_stored`].
pub async fn take_away(cx: &mut Cx<'_>, stored: Digest) -> Result<()> {
    cx.permit_whole(Atom::new(Resource::Evidence, Verb::Export))?;
    let artifact = find_stored(cx, stored).await?;
    let after = serde_json::json!({"stored": stored.to_string()});
    let event =
        Event { after: Some(after), ..Event::done(Name::EvidenceDownloaded, "artifact", artifact.key.0) };
    audit::record(cx, event).await
}

/// Returns the salt of an artifact's commitment, none once it is erased.
///
/// # Errors
/// If the database fails.
pub async fn salt(view: &mut View<'_>, key: ArtifactKey) -> Result<Option<Salt>> {
    let organization = view.organization();
    sql::salt(view.connection(), organization, key).await
}

/// Reads the content of an artifact: its stored bytes, verified against their digest, decrypted if they are sealed.
///
/// # Errors
/// `NotFound` if it is gone, `Damaged` if it is something else, `Unavailable` if its wrapping key is not here.
pub async fn read(app: &App, artifact: &Artifact) -> Result<Bytes> {
    let what = || format!("artifact {} ({})", artifact.key.0, artifact.name);
    match &artifact.content {
        Content::Plain => Ok(app.blobs().get(artifact.stored.0).await?),
        Content::Sealed(key) => {
            let sealed = app.blobs().get(artifact.stored.0).await?;
            open(app, key, artifact.stored, &sealed, &what()).map(Bytes::from)
        }
        Content::Gone(Removal { cause, at, .. }) => {
            let how = match cause {
                RemovalCause::Erased => "erased lawfully",
                RemovalCause::Pruned => "pruned when its retention ended",
            };
            Err(Error::not_found("content of", format!("{}: it was {how}, {at}", what())))
        }
    }
}

fn open(app: &App, key: &WrappedKey, stored: Digest, sealed: &[u8], what: &str) -> Result<Vec<u8>> {
    let wrapping = wrapping::find(app, &key.wrapped_by).map_err(|error| Error::Unavailable {
        what: format!("{what} cannot be decrypted: {error}"),
        source: None,
    })?;
    let data = wrapping.unwrap(key, stored).map_err(|_| {
        Error::corrupt(what, "its key is not one that the wrapping key wrapped for these bytes")
    })?;
    data.open(sealed).map_err(|_| Error::corrupt(what, "its key does not open the stored bytes"))
}

/// What a row says about stored bytes, to be held against them.
pub(crate) struct Claim {
    pub(crate) stored: Digest,
    pub(crate) content: Content,
    key: ArtifactKey,
    name: String,
    size: u64,
    pub(crate) commitment: Digest,
    salt: Option<Salt>,
}

impl Claim {
    pub(crate) fn what(&self) -> String {
        format!("artifact {} ({})", self.key.0, self.name)
    }

    /// Tells what is not as the row says.
    ///
    /// # Errors
    /// `Unavailable` if the bytes cannot be decrypted here, so that only their digest is known to be right.
    pub(crate) fn check(&self, app: &App, bytes: &[u8]) -> Result<(), Error> {
        let damaged = |detail: String| Err(Error::corrupt(self.what(), detail));
        let opened;
        let content = match &self.content {
            Content::Plain => bytes,
            Content::Sealed(key) => {
                opened = open(app, key, self.stored, bytes, &self.what())?;
                &opened
            }
            Content::Gone(_) => return Ok(()),
        };
        if content.len() as u64 != self.size {
            return damaged(format!("it has {} bytes, its row says {}", content.len(), self.size));
        }
        let Some(salt) = &self.salt else { return damaged("its salt is missing".to_owned()) };
        if Digest(commitment::commit(salt, ARTIFACT_DOMAIN, content).0) == self.commitment {
            Ok(())
        } else {
            damaged("its salt does not lead to its commitment".to_owned())
        }
    }
}

/// Returns what every row says about stored bytes.
pub(crate) async fn claims(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
) -> Result<Vec<Claim>> {
    let mut claims: Vec<Claim> = Vec::new();
    loop {
        let after = claims.last().map_or(ArtifactKey(0), |claim| claim.key);
        let page = sql::claims(connection, organization, after, MAX_ARTIFACTS).await?;
        if page.is_empty() {
            return Ok(claims);
        }
        claims.extend(page);
    }
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!("{name:?} cannot be the name of an artifact")));
    }
    Ok(())
}

/// Makes everything that belongs to new artifacts, and their stored bytes durable.
async fn prepare(cx: &mut Cx<'_>, incoming: &[Incoming<'_>]) -> Result<Vec<Prepared>> {
    if incoming.is_empty() {
        return Ok(Vec::new());
    }
    let contents: Vec<Digest> = incoming.iter().map(|one| Digest::of(one.bytes)).collect();
    let mut sealer = Sealer::of(cx, &contents).await?;
    let mut prepared = Vec::with_capacity(incoming.len());
    let mut objects = Vec::new();
    for (one, content) in incoming.iter().zip(contents) {
        let salt = Salt(cx.app.random());
        let (stored, wrapped) = match &mut sealer {
            None => {
                objects.push(Bytes::copy_from_slice(one.bytes));
                (content, None)
            }
            Some(sealer) => {
                let (stored, wrapped) = sealer.seal(cx.app, cx.now, content, one.bytes, &mut objects).await;
                (stored, Some(wrapped))
            }
        };
        let commitment = Digest(commitment::commit(&salt, ARTIFACT_DOMAIN, one.bytes).0);
        let provenance =
            one.provenance.map(serde_json::to_string).transpose().map_err(|error| {
                Error::internal(format!("writing the provenance of {:?}", one.name), error)
            })?;
        prepared.push(Prepared {
            descriptor: ArtifactDescriptor {
                name: None,
                media_type: one.media_type.to_owned(),
                size: one.bytes.len() as u64,
                stored: stored.to_string(),
                commitment: commitment.to_string(),
                key: wrapped.as_ref().map(|wrapped| wrapped.id.clone()),
                retention: Some(one.retention.to_owned()),
            },
            name: one.name.to_owned(),
            content,
            stored,
            commitment,
            provenance,
            salt,
            wrapped,
        });
    }
    cx.app.blobs().put_all(objects).await?;
    Ok(prepared)
}

/// Encrypts new artifacts of one organization.
struct Sealer {
    wrapping: WrappingKey,
    /// Where content of this change is stored already.
    stored: BTreeMap<Digest, (Digest, WrappedKey)>,
    /// What this change sealed already, by content.
    sealed: BTreeMap<Digest, (Digest, String, DataKey)>,
}

impl Sealer {
    /// Returns none for an organization that does not encrypt.
    async fn of(cx: &mut Cx<'_>, contents: &[Digest]) -> Result<Option<Self>> {
        let organization = cx.organization();
        let Some(id) = sql::current_wrapping_key(cx.connection(), organization).await? else {
            return Ok(None);
        };
        let wrapping = wrapping::find(cx.app, &id).map_err(|error| Error::Unavailable {
            what: format!(
                "nothing new can be kept: {error}; or take a new key with `tickmark evidence rotate-key`, which \
                 leaves unreadable what the lost one protects"
            ),
            source: None,
        })?;
        let stored = sql::sealed(cx.connection(), organization, contents).await?;
        Ok(Some(Self { wrapping, stored, sealed: BTreeMap::new() }))
    }

    /// Encrypts content, or finds where the same content is stored already. New bytes go into `objects`.
    async fn seal(
        &mut self,
        app: &App,
        now: Timestamp,
        content: Digest,
        bytes: &[u8],
        objects: &mut Vec<Bytes>,
    ) -> (Digest, WrappedKey) {
        if !self.sealed.contains_key(&content) {
            let known = match self.known(app, content).await {
                Some(known) => known,
                None => {
                    let data = DataKey::new(app.random());
                    let sealed = Bytes::from(data.seal(app.random(), bytes));
                    let stored = Digest::of(&sealed);
                    objects.push(sealed);
                    (stored, app.new_id(now).to_string(), data)
                }
            };
            self.sealed.insert(content, known);
        }
        let (stored, id, data) = &self.sealed[&content];
        (*stored, self.wrapping.wrap(id, data, *stored, app.random()))
    }

    /// Finds content that is stored, whole, and can be opened here.
    async fn known(&mut self, app: &App, content: Digest) -> Option<(Digest, String, DataKey)> {
        let (stored, wrapped) = self.stored.remove(&content)?;
        let data = if wrapped.wrapped_by == self.wrapping.id() {
            self.wrapping.unwrap(&wrapped, stored)
        } else {
            wrapping::find(app, &wrapped.wrapped_by).ok()?.unwrap(&wrapped, stored)
        }
        .ok()?;
        let sealed = app.blobs().get(stored.0).await.ok()?;
        let is_whole = data.open(&sealed).is_ok_and(|found| Digest::of(&found) == content);
        is_whole.then_some((stored, wrapped.id, data))
    }
}

/// Writes rows and entries, several artifacts to an entry.
async fn add(
    cx: &mut Cx<'_>,
    run: Option<RunKey>,
    target: Option<TargetKey>,
    prepared: Vec<Prepared>,
    gone: &[&str],
) -> Result<Vec<Artifact>> {
    if prepared.is_empty() && gone.is_empty() {
        return Ok(Vec::new());
    }
    let organization = cx.organization();
    let mut key = sql::last_key(cx.connection(), organization).await?;
    let mut next_key = || {
        key.0 += 1;
        key
    };
    let mut added = Vec::with_capacity(prepared.len());
    let mut salts = Vec::with_capacity(prepared.len());
    let mut keys = Vec::new();
    let mut provenances = Vec::new();
    let mut rest = prepared.as_slice();
    while !rest.is_empty() {
        let described: Vec<serde_json::Value> = rest
            .iter()
            .map(|one| one.described(run.is_some()))
            .scan(0, |bytes, value| {
                *bytes += value.as_ref().map_or(0, |value| value.to_string().len() + 1);
                (*bytes <= DESCRIPTOR_BYTES).then_some(value)
            })
            .collect::<Result<_>>()?;
        if described.is_empty() {
            return Err(Error::invalid(format!(
                "the artifact {:?} cannot be described in one entry",
                rest[0].name
            )));
        }
        let (these, others) = rest.split_at(described.len());
        rest = others;
        let leaf = cx.record(LeafKind::EvidenceAdd, &body(run, target, described, &[]))?;
        for one in these {
            let key = next_key();
            salts.push((key, one.salt));
            keys.extend(one.wrapped.clone().map(|wrapped| (key, wrapped, one.content)));
            provenances.extend(one.provenance.clone().map(|text| (key, text)));
            added.push(Artifact {
                key,
                run,
                target,
                name: one.name.clone(),
                media_type: one.descriptor.media_type.clone(),
                size: one.descriptor.size,
                stored: one.stored,
                commitment: one.commitment,
                provenance: sql::provenance(one.provenance.clone())?,
                leaf,
                added_at: cx.now,
                retention: one.descriptor.retention.clone().unwrap_or_default(),
                content: one.wrapped.clone().map_or(Content::Plain, Content::Sealed),
            });
        }
    }
    let mut absent = Vec::with_capacity(gone.len());
    for names in gone.chunks(DESCRIPTOR_BYTES / (MAX_NAME_CHARS * 6)) {
        let leaf = cx.record(LeafKind::EvidenceAdd, &body(run, target, Vec::new(), names))?;
        absent.extend(names.iter().map(|name| (next_key(), (*name).to_owned(), leaf)));
    }
    let now = cx.now;
    sql::insert(cx.connection(), organization, &added).await?;
    sql::insert_absent(cx.connection(), organization, run, target, absent, now).await?;
    sql::insert_salts(cx.connection(), organization, salts).await?;
    sql::insert_keys(cx.connection(), organization, keys).await?;
    sql::insert_provenances(cx.connection(), organization, provenances).await?;
    Ok(added)
}

impl Prepared {
    /// What the entry says. Collectors name what they bring by what was asked, and the entry has that name; a document is
    /// named by whoever hands it in, perhaps after a person, so the entry only commits to its name.
    fn described(&self, is_collected: bool) -> Result<serde_json::Value> {
        let committed =
            |text: &String| commitment::commit(&self.salt, RECORD_DOMAIN, text.as_bytes()).digest();
        let provenance = self.provenance.as_ref().map(committed);
        let (name, named) =
            if is_collected { (Some(self.name.clone()), None) } else { (None, Some(committed(&self.name))) };
        let descriptor = ArtifactDescriptor { name, ..self.descriptor.clone() };
        serde_json::to_value(Described { descriptor, named, provenance })
            .map_err(|error| Error::internal(format!("describing {:?}", self.name), error))
    }
}

fn body(
    run: Option<RunKey>,
    target: Option<TargetKey>,
    artifacts: Vec<serde_json::Value>,
    absent: &[&str],
) -> serde_json::Value {
    let mut body = serde_json::json!({"artifacts": artifacts});
    if let Some(run) = run {
        body["run"] = run.0.into();
    }
    if let Some(target) = target {
        body["target"] = target.0.into();
    }
    if !absent.is_empty() {
        body["absent"] = absent.into();
    }
    body
}
