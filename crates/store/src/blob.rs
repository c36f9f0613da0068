//! Content-addressed objects: `sha256/ab/<64 hexadecimal digits>`.
//!
//! Create-only: an object never changes and is never overwritten; it goes only when its content must. Durable when [`Blobs::put`] returns: the backend's
//! flushing of files and folders is switched on (it is off by default). Verified on every read.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::{Result, StoreError};

/// Most bytes of one object.
pub const MAX_BLOB_BYTES: u64 = 256 << 20;
/// Objects written at the same time by [`Blobs::put_all`]; flushing, not bandwidth, is what takes the time.
const PUTS_AT_ONCE: usize = 8;
/// Locks that make a second writer of the same content wait until the first one's is durable.
const TURNS: usize = 64;

/// The objects of one data folder.
#[derive(Clone)]
pub struct Blobs {
    backend: Arc<dyn ObjectStore>,
    turns: Arc<[Mutex<()>]>,
}

/// One stored object, as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// Digest by which it is named, or the name itself when it is not one of ours.
    pub digest: Result<[u8; 32], String>,
    /// Bytes stored.
    pub size: u64,
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blobs({})", self.backend)
    }
}

impl Blobs {
    /// Opens the objects below `folder`.
    ///
    /// # Errors
    /// If the folder is not there.
    pub fn open(folder: &Path) -> Result<Self> {
        let backend = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| StoreError::object(&format!("opening {}", folder.display()), error))?
            .with_fsync(true);
        Ok(Self::over(Arc::new(backend)))
    }

    /// Keeps objects in any backend that acknowledges only what is durable.
    #[must_use]
    pub fn over(backend: Arc<dyn ObjectStore>) -> Self {
        Self { backend, turns: (0..TURNS).map(|_| Mutex::new(())).collect() }
    }

    /// Keeps `bytes` and returns their SHA-256. Content that is there already is compared, not written again.
    ///
    /// # Errors
    /// If there are too many bytes, the disk refuses, or what is there under this digest is something else.
    pub async fn put(&self, bytes: Bytes) -> Result<[u8; 32]> {
        let size = bytes.len() as u64;
        if size > MAX_BLOB_BYTES {
            return Err(StoreError::TooLarge { size, limit: MAX_BLOB_BYTES });
        }
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let _turn = self.turns[usize::from(digest[0]) % TURNS].lock().await;
        if self.contains(digest).await? {
            self.get(digest).await?;
            return Ok(digest);
        }
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.backend.put_opts(&key(digest), bytes.into(), options).await {
            Ok(_) => Ok(digest),
            // Another process was quicker; what it wrote must be the same.
            Err(object_store::Error::AlreadyExists { .. }) => self.get(digest).await.map(|_| digest),
            Err(error) => Err(StoreError::object(&format!("storing {}", name(digest)), error)),
        }
    }

    /// Keeps several objects, some at the same time; digests come in the order of `all`.
    ///
    /// # Errors
    /// As [`Blobs::put`]. Those written before stay: they are harmless without a row that names them.
    pub async fn put_all(&self, all: Vec<Bytes>) -> Result<Vec<[u8; 32]>> {
        // Boxed: a stream over a closure cannot be held by a future that goes from thread to thread.
        let puts: Vec<_> = all.into_iter().map(|bytes| self.put(bytes).boxed()).collect();
        stream::iter(puts).buffered(PUTS_AT_ONCE).try_collect().await
    }

    /// Returns the bytes whose SHA-256 is `digest`, verified.
    ///
    /// # Errors
    /// `Missing` if they are not here, `Corrupt` if other bytes are.
    pub async fn get(&self, digest: [u8; 32]) -> Result<Bytes> {
        let failed = |error| StoreError::object(&name(digest), error);
        let answer = self.backend.get(&key(digest)).await.map_err(failed)?;
        if answer.meta.size > MAX_BLOB_BYTES {
            return Err(corrupt(digest, format!("it has {} bytes", answer.meta.size)));
        }
        let bytes = answer.bytes().await.map_err(failed)?;
        let found: [u8; 32] = Sha256::digest(&bytes).into();
        if found != digest {
            return Err(corrupt(digest, format!("its {} bytes hash to {}", bytes.len(), hex::encode(found))));
        }
        Ok(bytes)
    }

    /// Tells whether something is stored under `digest`, without reading it.
    ///
    /// # Errors
    /// If the backend fails.
    pub async fn contains(&self, digest: [u8; 32]) -> Result<bool> {
        match self.backend.head(&key(digest)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(StoreError::object(&format!("looking for {}", name(digest)), error)),
        }
    }

    /// Deletes an object that nothing names any more. One that is not there is deleted already.
    ///
    /// # Errors
    /// If the backend fails.
    pub async fn delete(&self, digest: [u8; 32]) -> Result<()> {
        let _turn = self.turns[usize::from(digest[0]) % TURNS].lock().await;
        match self.backend.delete(&key(digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(StoreError::object(&format!("deleting {}", name(digest)), error)),
        }
    }

    /// Lists every stored object in no particular order, for scrubbing.
    pub fn list(&self) -> BoxStream<'_, Result<BlobEntry>> {
        self.backend
            .list(None)
            .map(|entry| {
                let meta = entry.map_err(|error| StoreError::object("listing the objects", error))?;
                Ok(BlobEntry { digest: parse(&meta.location), size: meta.size })
            })
            .boxed()
    }
}

fn key(digest: [u8; 32]) -> Key {
    let hex = hex::encode(digest);
    Key::from_iter(["sha256", &hex[..2], &hex])
}

fn parse(key: &Key) -> Result<[u8; 32], String> {
    let text = key.as_ref();
    let mut digest = [0; 32];
    let digits = text.rsplit('/').next().unwrap_or_default();
    match hex::decode_to_slice(digits, &mut digest) {
        Ok(()) if self::key(digest) == *key => Ok(digest),
        _ => Err(text.to_owned()),
    }
}

fn name(digest: [u8; 32]) -> String {
    format!("object sha256:{}", hex::encode(digest))
}

fn corrupt(digest: [u8; 32], detail: String) -> StoreError {
    StoreError::Corrupt { what: name(digest), detail }
}
