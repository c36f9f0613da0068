use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tickmark_store::{Blobs, StoreError};

fn file_of(folder: &std::path::Path, digest: [u8; 32]) -> std::path::PathBuf {
    let hex = hex::encode(digest);
    folder.join("sha256").join(&hex[..2]).join(hex)
}

#[tokio::test]
async fn bytes_come_back_and_are_stored_once() {
    let folder = tempfile::tempdir().expect("scratch");
    let blobs = Blobs::open(folder.path()).expect("opening");
    let digest = blobs.put(Bytes::from_static(b"abc")).await.expect("storing");
    // FIPS 180-2, appendix B.1.
    assert_eq!(hex::encode(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(blobs.put(Bytes::from_static(b"abc")).await.expect("again"), digest);
    assert_eq!(blobs.get(digest).await.expect("reading"), "abc");
    assert!(file_of(folder.path(), digest).is_file());
    let many = (0..100_u8).map(|n| Bytes::from(vec![n % 50; 10])).collect();
    let digests = blobs.put_all(many).await.expect("storing many");
    assert_eq!(digests[0], digests[50]);
    let listed: Vec<_> = blobs.list().try_collect().await.expect("listing");
    assert_eq!(listed.len(), 51);
    assert!(listed.iter().all(|entry| entry.digest.is_ok()));
}

#[tokio::test]
async fn changed_bytes_are_never_given_out_nor_taken_for_the_same() {
    let folder = tempfile::tempdir().expect("scratch");
    let blobs = Blobs::open(folder.path()).expect("opening");
    let digest = blobs.put(Bytes::from_static(b"evidence")).await.expect("storing");
    std::fs::write(file_of(folder.path(), digest), b"Evidence").expect("tampering");
    for result in
        [blobs.get(digest).await.map(|_| ()), blobs.put(Bytes::from_static(b"evidence")).await.map(|_| ())]
    {
        match result {
            Err(StoreError::Corrupt { what, .. }) => assert!(what.contains(&hex::encode(digest)), "{what}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(blobs.get([0; 32]).await, Err(StoreError::Missing(_))));
    std::fs::write(folder.path().join("sha256/note.txt"), b"x").expect("a foreign file");
    let listed: Vec<_> = blobs.list().try_collect().await.expect("listing");
    assert!(listed.iter().any(|entry| entry.digest == Err("sha256/note.txt".to_owned())));
}

/// A backend whose disk can be full.
#[derive(Debug)]
struct Disk {
    inner: InMemory,
    is_full: AtomicBool,
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a disk that can be full")
    }
}

#[async_trait]
impl ObjectStore for Disk {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if self.is_full.load(Ordering::SeqCst) {
            let source = Box::new(io::Error::from(io::ErrorKind::StorageFull));
            return Err(object_store::Error::Generic { store: "disk", source });
        }
        self.inner.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_full_disk_refuses_new_objects_and_keeps_the_old() {
    let disk = Arc::new(Disk { inner: InMemory::new(), is_full: AtomicBool::new(false) });
    let blobs = Blobs::over(disk.clone());
    let kept = blobs.put(Bytes::from_static(b"before")).await.expect("storing");
    disk.is_full.store(true, Ordering::SeqCst);
    match blobs.put(Bytes::from_static(b"after")).await {
        Err(error @ StoreError::Full(_)) => {
            assert!(error.to_string().contains("the disk is full"), "{error}")
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(blobs.get(kept).await.expect("reading"), "before");
    assert_eq!(blobs.put(Bytes::from_static(b"before")).await.expect("it is there already"), kept);
    disk.is_full.store(false, Ordering::SeqCst);
    blobs.put(Bytes::from_static(b"after")).await.expect("room again");
}

#[tokio::test]
async fn a_deleted_object_is_gone_and_can_be_stored_again() {
    let scratch = tempfile::tempdir().expect("scratch");
    let blobs = Blobs::open(scratch.path()).expect("opening");
    let digest = blobs.put(Bytes::from_static(b"bytes")).await.expect("stored");
    for _ in 0..2 {
        blobs.delete(digest).await.expect("deleted, also when it is not there");
        assert!(!blobs.contains(digest).await.expect("looking"));
    }
    assert!(matches!(blobs.get(digest).await, Err(StoreError::Missing(_))));
    assert_eq!(blobs.put(Bytes::from_static(b"bytes")).await.expect("stored again"), digest);
}
