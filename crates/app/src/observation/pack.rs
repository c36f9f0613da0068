//! Where facts documents are kept. Flushing a file takes longer than everything else that is done about a document, so
//! the documents that one run found are kept together in packs; a large one, or one alone, is an object of its own.
//!
//! A pack has one document on each line: canonical JSON has no line breaks. It is found by the digests of its lines, so
//! it needs no index and no format.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use tickmark_core::Digest;
use tickmark_store::StoreError;
use tokio::task::JoinHandle;

use super::{FactsState, sql};
use crate::context::{Cx, View};
use crate::{App, Error, Result};

/// Largest document that is packed, in bytes.
const MAX_PACKED_BYTES: usize = 256 << 10;
/// Bytes after which a pack is full. Whoever reads one document reads its pack.
const FULL_PACK_BYTES: usize = 2 << 20;

/// A document of canonical bytes with its digest.
pub(super) struct Document {
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
}

/// Documents on their way to the disk, while something else is done.
pub(super) struct Keeping {
    /// In which pack each document is; those in none are objects of their own.
    pub(super) packs: BTreeMap<Digest, i64>,
    flushing: Option<JoinHandle<Result<Vec<[u8; 32]>, StoreError>>>,
}

impl Keeping {
    /// Waits until every document is durable. Nothing that names them is committed before.
    pub(super) async fn done(self) -> Result<()> {
        let Some(flushing) = self.flushing else { return Ok(()) };
        flushing.await.map_err(|error| Error::internal("keeping facts", error))??;
        Ok(())
    }
}

/// Begins to keep documents. What is begun and not waited for does no harm: objects that no row names.
pub(super) async fn keep(cx: &mut Cx<'_>, documents: Vec<Document>) -> Result<Keeping> {
    // The same facts of several targets are one document.
    let documents: BTreeMap<Digest, Vec<u8>> =
        documents.into_iter().map(|document| (document.digest, document.bytes)).collect();
    let (small, mut objects): (Vec<_>, Vec<_>) =
        documents.into_iter().partition(|(_, bytes)| bytes.len() <= MAX_PACKED_BYTES);
    let packs = match small.len() {
        0 | 1 => {
            objects.extend(small);
            Vec::new()
        }
        _ => fill(small),
    };
    let mut all: Vec<Bytes> = objects.into_iter().map(|(_, bytes)| bytes.into()).collect();
    all.extend(packs.iter().map(|pack| pack.bytes.clone()));
    let blobs = cx.app.blobs().clone();
    let flushing = (!all.is_empty()).then(|| tokio::spawn(async move { blobs.put_all(all).await }));
    let mut keeping = Keeping { packs: BTreeMap::new(), flushing };
    if !packs.is_empty() {
        let stored: Vec<Digest> = packs.iter().map(|pack| Digest::of(&pack.bytes)).collect();
        let organization = cx.organization();
        let first = sql::add_packs(cx.connection(), organization, &stored).await?;
        let held = (first..).zip(packs).flat_map(|(key, pack)| pack.holds.into_iter().map(move |d| (d, key)));
        keeping.packs = held.collect();
    }
    Ok(keeping)
}

struct Pack {
    bytes: Bytes,
    holds: Vec<Digest>,
}

fn fill(documents: Vec<(Digest, Vec<u8>)>) -> Vec<Pack> {
    let mut packs = Vec::new();
    let (mut lines, mut holds) = (Vec::new(), Vec::new());
    for (digest, bytes) in documents {
        debug_assert!(!bytes.contains(&b'\n'), "canonical JSON is one line");
        lines.extend_from_slice(&bytes);
        lines.push(b'\n');
        holds.push(digest);
        if lines.len() >= FULL_PACK_BYTES {
            packs.push(Pack { bytes: std::mem::take(&mut lines).into(), holds: std::mem::take(&mut holds) });
        }
    }
    if !holds.is_empty() {
        packs.push(Pack { bytes: lines.into(), holds });
    }
    packs
}

/// Returns the digests of the documents in a pack.
pub(super) fn digests(pack: &[u8]) -> impl Iterator<Item = Digest> {
    lines(pack).map(Digest::of)
}

fn lines(pack: &[u8]) -> impl Iterator<Item = &[u8]> {
    pack.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// Reads the document of a facts state, verified against its digest.
///
/// # Errors
/// `Damaged` if what is stored is something else, or lacks it.
pub(super) async fn read(view: &mut View<'_>, state: &FactsState) -> Result<Value> {
    let app: &App = view.app;
    let bytes = match state.pack {
        None => app.blobs().get(state.digest.0).await?,
        Some(key) => {
            let organization = view.organization();
            let object = sql::pack_object(view.connection(), organization, key).await?;
            let pack = app.blobs().get(object.0).await?;
            let found = lines(&pack).find(|line| Digest::of(line) == state.digest);
            let missing =
                || Error::corrupt(format!("pack {key}"), format!("it lacks facts {}", state.digest));
            pack.slice_ref(found.ok_or_else(missing)?)
        }
    };
    serde_json::from_slice(&bytes).map_err(|error| Error::corrupt("facts", error))
}
