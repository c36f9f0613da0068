//! Evidence: artifacts with their provenance, committed to the ledger.
//!
//! Bytes are stored once, named by their digest, before the row that names them is committed. Rows are written on
//! change: what a run saw of a target is, for each name, the newest row up to that run.

mod sql;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use sqlx::AnyConnection;
use tickmark_core::evidence::{Provenance, RawArtifact};
use tickmark_core::id::{OrganizationKey, RunKey, TargetKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::{self, ARTIFACT_DOMAIN, ArtifactDescriptor, RECORD_DOMAIN, Salt};
use tickmark_ledger::leaf::{LeafKind, MAX_LEAF_BYTES};
use uuid::Uuid;

use crate::context::{Cx, View};
use crate::{Action, App, Error, Result};

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
    /// Size in bytes.
    pub size: u64,
    /// Digest of the stored bytes.
    pub stored: Digest,
    /// Salted commitment to the content.
    pub commitment: Digest,
    /// How the bytes were obtained; none for documents made here.
    pub provenance: Option<Provenance>,
    /// The ledger entry that commits to it.
    pub leaf: Uuid,
    /// When it was stored.
    pub added_at: Timestamp,
}

/// How an entry describes an artifact: the format's descriptor, and a commitment to the provenance beside it.
#[derive(Serialize)]
struct Described<'a> {
    #[serde(flatten)]
    descriptor: &'a ArtifactDescriptor,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<String>,
}

/// An artifact to be stored, with everything made for it.
struct Prepared {
    descriptor: ArtifactDescriptor,
    name: String,
    stored: Digest,
    commitment: Digest,
    provenance: Option<String>,
    salt: Salt,
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
    let changed: Vec<&RawArtifact> = by_name
        .into_values()
        .filter(|artifact| {
            before.get(&artifact.name).is_none_or(|old| old.stored != Digest::of(&artifact.bytes))
        })
        .collect();

    cx.app
        .blobs()
        .put_all(changed.iter().map(|artifact| Bytes::from(artifact.bytes.clone())).collect())
        .await?;
    let prepared = changed
        .into_iter()
        .map(|raw| prepare(cx.app, &raw.name, &raw.media_type, &raw.bytes, Some(&raw.provenance)))
        .collect::<Result<Vec<_>>>()?;
    add(cx, Some(run), target, prepared, &gone).await
}

/// Keeps a document that was made here or handed in, such as a report.
///
/// # Errors
/// As the disk and the database answer.
pub async fn store_document(cx: &mut Cx<'_>, name: &str, media_type: &str, bytes: Bytes) -> Result<Artifact> {
    cx.authorize(Action::Observe)?;
    check_name(name)?;
    cx.app.blobs().put(bytes.clone()).await?;
    let prepared = prepare(cx.app, name, media_type, &bytes, None)?;
    let mut added = add(cx, None, None, vec![prepared], &[]).await?;
    Ok(added.pop().expect("one prepared makes one added"))
}

/// Returns what a run saw of a target, by name.
///
/// # Errors
/// If the database fails.
pub async fn of_run(view: &mut View<'_>, run: RunKey, target: TargetKey) -> Result<Vec<Artifact>> {
    let organization = view.organization();
    Ok(sql::of_run(view.connection(), organization, run, target).await?.into_values().collect())
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

/// Returns the salt of an artifact's commitment, none once it is erased.
///
/// # Errors
/// If the database fails.
pub async fn salt(view: &mut View<'_>, key: ArtifactKey) -> Result<Option<Salt>> {
    let organization = view.organization();
    sql::salt(view.connection(), organization, key).await
}

/// Reads the bytes of an artifact, verified against its digest.
///
/// # Errors
/// `NotFound` if they are gone, `Damaged` if they are others.
pub async fn read(app: &App, artifact: &Artifact) -> Result<Bytes> {
    Ok(app.blobs().get(artifact.stored.0).await?)
}

/// What a row says about stored bytes, to be held against them.
pub(crate) struct Claim {
    pub(crate) stored: Digest,
    key: ArtifactKey,
    name: String,
    size: u64,
    commitment: Digest,
    salt: Option<Salt>,
}

impl Claim {
    pub(crate) fn what(&self) -> String {
        format!("artifact {} ({})", self.key.0, self.name)
    }

    /// Tells what is not as the row says.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<(), String> {
        if bytes.len() as u64 != self.size {
            return Err(format!("it has {} bytes, its row says {}", bytes.len(), self.size));
        }
        // Without its salt a commitment says nothing, as after lawful erasure.
        let Some(salt) = &self.salt else { return Ok(()) };
        let computed = Digest(commitment::commit(salt, ARTIFACT_DOMAIN, bytes).0);
        if computed == self.commitment {
            Ok(())
        } else {
            Err("its salt does not lead to its commitment".to_owned())
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

fn prepare(
    app: &App,
    name: &str,
    media_type: &str,
    bytes: &[u8],
    provenance: Option<&Provenance>,
) -> Result<Prepared> {
    let salt = Salt(app.random());
    let descriptor = ArtifactDescriptor {
        name: Some(name.to_owned()),
        ..ArtifactDescriptor::of_plain(media_type, bytes, &salt, None)
    };
    let provenance = provenance
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| Error::internal(format!("writing the provenance of {name:?}"), error))?;
    Ok(Prepared {
        name: name.to_owned(),
        stored: Digest::of(bytes),
        commitment: Digest(commitment::commit(&salt, ARTIFACT_DOMAIN, bytes).0),
        descriptor,
        provenance,
        salt,
    })
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
    let mut rest = prepared.as_slice();
    while !rest.is_empty() {
        let described: Vec<serde_json::Value> = rest
            .iter()
            .map(Prepared::described)
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
            added.push((
                Artifact {
                    key,
                    run,
                    target,
                    name: one.name.clone(),
                    media_type: one.descriptor.media_type.clone(),
                    size: one.descriptor.size,
                    stored: one.stored,
                    commitment: one.commitment,
                    provenance: None,
                    leaf,
                    added_at: cx.now,
                },
                one.provenance.clone(),
            ));
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
    added
        .into_iter()
        .map(|(artifact, provenance)| Ok(Artifact { provenance: sql::provenance(provenance)?, ..artifact }))
        .collect()
}

impl Prepared {
    fn described(&self) -> Result<serde_json::Value> {
        let provenance = self
            .provenance
            .as_ref()
            .map(|text| Digest(commitment::commit(&self.salt, RECORD_DOMAIN, text.as_bytes()).0).to_string());
        serde_json::to_value(Described { descriptor: &self.descriptor, provenance })
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
