//! Objects in a bucket, against an S3 server that checks signatures and conditions.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tickmark_store::{Bucket, DataFolder, StoreError};
use tokio::net::TcpListener;

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Serves a folder, whose folders are buckets, until the test ends.
async fn serve(root: &Path) -> SocketAddr {
    std::fs::create_dir_all(root.join("evidence")).expect("a bucket");
    let files = s3s_fs::FileSystem::new(root).expect("a server");
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let http = Builder::new(TokioExecutor::new());
                let _ = http.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    address
}

fn bucket(address: SocketAddr, prefix: &str) -> Bucket {
    Bucket {
        endpoint: format!("http://{address}"),
        region: "eu-central-1".to_owned(),
        name: "evidence".to_owned(),
        prefix: prefix.to_owned(),
        access_key: KEY.to_owned(),
        secret_key: SECRET.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_in_a_bucket_are_as_those_in_a_folder() {
    let scratch = tempfile::tempdir().expect("scratch");
    let address = serve(&scratch.path().join("s3")).await;
    let mut folder = DataFolder::create_or_open(&scratch.path().join("data")).expect("a folder");
    folder.keep_objects_in(bucket(address, "tickmark/one"));
    let blobs = folder.objects().await.expect("a bucket");
    let digest = blobs.put(Bytes::from_static(b"abc")).await.expect("stored");
    assert_eq!(blobs.put(Bytes::from_static(b"abc")).await.expect("again"), digest);
    assert_eq!(blobs.get(digest).await.expect("read"), "abc");
    assert!(blobs.contains(digest).await.expect("asked") && !blobs.contains([0; 32]).await.expect("asked"));
    assert!(matches!(blobs.get([0; 32]).await, Err(StoreError::Missing(_))));
    let large = Bytes::from(vec![7; 3 << 20]);
    let many = vec![large.clone(), Bytes::from_static(b""), Bytes::from_static(b"xyz")];
    let digests = blobs.put_all(many).await.expect("stored");
    assert_eq!(blobs.get(digests[0]).await.expect("read"), large);
    assert_eq!(blobs.get(digests[1]).await.expect("read"), "");
    let listed: Vec<_> = blobs.list().try_collect().await.expect("listed");
    assert!(listed.len() == 4 && listed.iter().all(|entry| entry.digest.is_ok()), "{listed:?}");
    let hex = hex::encode(digest);
    let file = scratch.path().join("s3/evidence/tickmark/one/sha256").join(&hex[..2]).join(&hex);
    std::fs::write(&file, b"abd").expect("tampered with");
    assert!(matches!(blobs.get(digest).await, Err(StoreError::Corrupt { .. })));
    blobs.delete(digest).await.expect("deleted");
    blobs.delete(digest).await.expect("deleted already");
    assert!(!blobs.contains(digest).await.expect("asked"));
    assert!(!folder.blobs().join("sha256").exists(), "nothing is in the folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_brought_over_and_back_and_never_looked_for_in_the_wrong_place() {
    let scratch = tempfile::tempdir().expect("scratch");
    let address = serve(&scratch.path().join("s3")).await;
    let root = scratch.path().join("data");
    let mut folder = DataFolder::create_or_open(&root).expect("a folder");
    let digest =
        folder.objects().await.expect("here").put(Bytes::from_static(b"evidence")).await.expect("stored");
    folder.keep_objects_in(bucket(address, ""));
    let says = folder.objects().await.expect_err("they are elsewhere").to_string();
    assert!(says.contains("the objects are in the data folder"), "{says}");
    assert_eq!(folder.move_objects(true).await.expect("moved"), 1);
    assert_eq!(folder.objects().await.expect("there").get(digest).await.expect("read"), "evidence");
    assert!(folder.move_objects(true).await.is_err(), "they are there already");
    drop(folder);

    // Without the setting, or with another bucket, nothing is looked for where it is not.
    let mut folder = DataFolder::create_or_open(&root).expect("a folder");
    let says = folder.objects().await.expect_err("they are in the bucket").to_string();
    assert!(says.contains(&format!("s3 http://{address}/evidence")), "{says}");
    folder.keep_objects_in(bucket(address, "other"));
    assert!(folder.objects().await.is_err());
    folder.keep_objects_in(bucket(address, ""));
    let added =
        folder.objects().await.expect("there").put(Bytes::from_static(b"more")).await.expect("stored");
    assert_eq!(folder.move_objects(false).await.expect("moved"), 2);
    drop(folder);
    let folder = DataFolder::create_or_open(&root).expect("a folder");
    assert_eq!(folder.objects().await.expect("here").get(added).await.expect("read"), "more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_serve_is_refused_at_the_start() {
    let scratch = tempfile::tempdir().expect("scratch");
    let address = serve(&scratch.path().join("s3")).await;
    let mut folder = DataFolder::create_or_open(&scratch.path().join("data")).expect("a folder");
    let refused = async |folder: &mut DataFolder, bucket: Bucket| {
        folder.keep_objects_in(bucket);
        let error = folder.objects().await.expect_err("refused");
        let mut words = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            words = format!("{words}: {inner}");
            cause = inner.source();
        }
        assert!(!words.contains("wrong-key") && !words.contains(SECRET), "{words}");
        words
    };
    let right = bucket(address, "");
    let wrong_key = Bucket { secret_key: "wrong-key".to_owned(), ..right.clone() };
    let says = refused(&mut folder, wrong_key).await;
    assert!(says.contains("SignatureDoesNotMatch") || says.contains("403"), "{says}");
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = silent.local_addr().expect("an address");
    drop(silent);
    let says = refused(&mut folder, bucket(nobody, "")).await;
    assert!(says.contains(&format!("trying s3 http://{nobody}/evidence")), "{says}");
    let open = Bucket { endpoint: "http://s3.example.com".to_owned(), ..right.clone() };
    assert!(refused(&mut folder, open).await.contains("https://"));
    let tricks = Bucket { endpoint: "http://localhost.example.com:80".to_owned(), ..right };
    assert!(refused(&mut folder, tricks).await.contains("https://"));
    assert!(!folder.root().join("OBJECTS").exists(), "nothing was decided");
}
