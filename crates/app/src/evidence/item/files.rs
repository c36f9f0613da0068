//! Files of items: recognized before anything is kept, kept as artifacts, read again.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;
use tickmark_core::Digest;
use tickmark_core::evidence::item::{self, ItemError, ItemFile, MAX_FILES};
use tickmark_core::evidence::media::{self, Format};
use tickmark_core::id::{EvidenceKey, ItemKey};

use super::super::retain::EVIDENCE_CLASS;
use super::super::{ArtifactKey, find as find_artifact, keep, read, sql as artifacts};
use super::{EXPORT, READ, RETENTION, load, object_of, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{App, Error, Result};

/// What people may upload at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadLimits {
    /// Bytes of one file.
    pub file_bytes: usize,
    /// Bytes of one request, all files and fields together.
    pub request_bytes: usize,
    /// Files of one request.
    pub files: usize,
}

/// The limits of an upload through the pages.
pub const UPLOAD: UploadLimits = UploadLimits { file_bytes: 32 << 20, request_bytes: 64 << 20, files: 20 };
/// Bytes of a gigabyte.
const GIGABYTE: u64 = 1_000_000_000;

/// A file as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name, as whoever sent it says.
    pub name: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Why the bytes of a file are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To look at it in a page.
    Look,
    /// To take it away.
    TakeAway,
}

/// Reads a file of an item. Taking one away, and each look at a restricted one, is recorded before the first byte leaves.
///
/// # Errors
/// As [`find`]; `NotFound` if there is no such file, or its content is gone.
pub async fn read_file(
    app: &App,
    actor: &crate::Actor,
    key: ItemKey,
    version: i64,
    seq: i64,
    purpose: Purpose,
) -> Result<(ItemFile, Bytes)> {
    let (file, artifact, is_recorded) = app
        .read(actor, async |view| {
            let item = load(view, key).await?;
            let object = object_of(view, &item).await?;
            view.permit_on(if purpose == Purpose::TakeAway { EXPORT } else { READ }, &object)?;
            let organization = view.organization();
            let versions = sql::versions(view.connection(), organization, key).await?;
            let found = versions.into_iter().find(|one| one.number == version);
            let found = found.ok_or_else(|| Error::not_found("version", version))?;
            let is_restricted = found.description.sensitivity == item::Sensitivity::Restricted;
            let file = found.files.into_iter().find(|file| file.seq == seq);
            let file = file.ok_or_else(|| Error::not_found("file", seq))?;
            let artifact = find_artifact(view, ArtifactKey(file.artifact.0)).await?;
            Ok((file, artifact, is_restricted || purpose == Purpose::TakeAway))
        })
        .await?;
    let bytes = read(app, &artifact).await?;
    if is_recorded {
        let name = if purpose == Purpose::TakeAway { Name::EvidenceDownloaded } else { Name::EvidenceViewed };
        let after = json!({"item": key, "version": version, "file": seq, "artifacts": [file.artifact]});
        app.transact(actor, async |cx| {
            audit::record(cx, Event { after: Some(after), ..Event::done(name, "evidence", key) }).await
        })
        .await?;
    }
    Ok((file, bytes))
}

/// Returns the SHA-256 of the content of files, where it is still known.
///
/// # Errors
/// If the database fails.
pub async fn digests(view: &mut View<'_>, files: &[ItemFile]) -> Result<BTreeMap<EvidenceKey, Digest>> {
    let organization = view.organization();
    let mut known = BTreeMap::new();
    for file in files {
        let found =
            artifacts::content_digest(view.connection(), organization, ArtifactKey(file.artifact.0)).await?;
        known.extend(found.map(|digest| (file.artifact, digest)));
    }
    Ok(known)
}

/// Recognizes files before anything is kept: what is refused leaves nothing behind.
pub(super) fn recognize(files: &[Upload]) -> Result<Vec<(String, Format)>> {
    if files.len() > MAX_FILES {
        return Err(Error::invalid(ItemError::TooManyFiles));
    }
    files
        .iter()
        .map(|file| {
            let name = media::clean_name(&file.name);
            if file.bytes.len() > UPLOAD.file_bytes {
                return Err(Error::invalid(format!("{name} is larger than {} MB", UPLOAD.file_bytes >> 20)));
            }
            let format = Format::of(&name, &file.bytes).map_err(Error::invalid)?;
            Ok((name, format))
        })
        .collect()
}

/// Refuses files for which the organization has no room left. What collectors bring is never refused: a look that is not kept
/// is a gap.
async fn need_room(cx: &mut Cx<'_>, coming: u64) -> Result<()> {
    let most = cx.app.quota_bytes();
    let organization = cx.organization();
    let held = artifacts::bytes_held(cx.connection(), organization).await?;
    if held.saturating_add(coming) <= most {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the evidence of the organization may have {} GB, and {} GB are there; whoever operates the installation gives it \
         more room, or prunes what need not be kept",
        most / GIGABYTE,
        held / GIGABYTE
    )))
}

/// Keeps the bytes of files. Their artifacts are named after the item, so that a file of another item with the same name
/// does not take their place.
pub(super) async fn store(
    cx: &mut Cx<'_>,
    key: ItemKey,
    retention: &str,
    files: Vec<Upload>,
    recognized: Vec<(String, Format)>,
    first: i64,
) -> Result<Vec<ItemFile>> {
    let coming: u64 = files.iter().map(|file| u64::try_from(file.bytes.len()).unwrap_or(u64::MAX)).sum();
    need_room(cx, coming).await?;
    let class = RETENTION.into_iter().find(|class| *class == retention).unwrap_or(EVIDENCE_CLASS);
    let mut stored = Vec::with_capacity(files.len());
    for (seq, (file, (name, format))) in (first..).zip(files.into_iter().zip(recognized)) {
        let artifact_name = format!("evidence item {key}: {name}");
        let kept = keep(cx, &artifact_name, format.media_type, file.bytes, class).await?;
        stored.push(ItemFile {
            seq,
            artifact: EvidenceKey(kept.key.0),
            name,
            media_type: format.media_type.to_owned(),
            size: kept.size,
        });
    }
    Ok(stored)
}
