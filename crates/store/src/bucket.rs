//! Objects in a bucket of an S3-compatible store instead of the data folder.
//!
//! Requests go out by `ureq`, which the program has anyway, and to the address of the settings only: redirections are not
//! followed and no proxy of the environment is used. An object is acknowledged when the store says that it is durable.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig};

use crate::blob::MAX_BLOB_BYTES;
use crate::{Result, StoreError};

/// How long one request may take, an object of [`MAX_BLOB_BYTES`] included.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a request that may be repeated is repeated.
const RETRIES: usize = 3;
/// Until when.
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes that an answer may have beside the object itself.
const ANSWER_EXTRA_BYTES: u64 = 16 << 20;
/// The object by which is tried whether the store keeps what it has.
const PROBE: &str = "probe/create-only";

/// A bucket, and the right to use it.
#[derive(Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Address of the store: HTTPS, or plain HTTP on this machine.
    pub endpoint: String,
    /// Region, e.g. "eu-central-1"; what the store signs with.
    pub region: String,
    /// Name of the bucket.
    pub name: String,
    /// Folder in the bucket; empty for the bucket itself.
    pub prefix: String,
    /// Name of the key.
    pub access_key: String,
    /// The key itself.
    pub secret_key: String,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.place())
    }
}

impl Bucket {
    /// Returns where it is, in words that hold no secret.
    #[must_use]
    pub fn place(&self) -> String {
        let prefix = self.prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        format!("s3 {}/{}{slash}{prefix}", self.endpoint.trim_end_matches('/'), self.name)
    }

    /// Tells whether its address may be used: nothing goes unprotected to another machine.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        let host = |rest: &str| {
            let authority = rest.split('/').next().unwrap_or_default();
            let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            match authority.rsplit_once(':') {
                Some((host, port)) if is_port(port) => host.to_owned(),
                _ => authority.to_owned(),
            }
        };
        if self.endpoint.strip_prefix("https://").is_some_and(|rest| !host(rest).is_empty()) {
            return true;
        }
        let plain = self.endpoint.strip_prefix("http://").map(host);
        plain.is_some_and(|host| matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]"))
    }

    /// Connects; asks nothing yet.
    ///
    /// # Errors
    /// If the settings make no sense.
    pub(crate) fn connect(&self) -> Result<Arc<dyn ObjectStore>> {
        if !self.is_protected() {
            return Err(StoreError::BadBucket {
                place: self.place(),
                detail: "its address has to begin with https://, or be plain HTTP on this machine".to_owned(),
            });
        }
        let retry =
            RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
        let store = AmazonS3Builder::new()
            .with_endpoint(self.endpoint.trim_end_matches('/'))
            .with_allow_http(self.endpoint.starts_with("http://"))
            .with_region(&self.region)
            .with_bucket_name(&self.name)
            .with_access_key_id(&self.access_key)
            .with_secret_access_key(&self.secret_key)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_retry(retry)
            .with_http_connector(Connector)
            .build()
            .map_err(|error| StoreError::BadBucket { place: self.place(), detail: error.to_string() })?;
        let prefix = self.prefix.trim_matches('/');
        if prefix.is_empty() {
            return Ok(Arc::new(store));
        }
        Ok(Arc::new(PrefixStore::new(store, prefix)))
    }
}

/// Tries whether a store refuses to write over what is there, on which everything here relies.
///
/// # Errors
/// If it does not, or does not answer.
pub(crate) async fn probe(store: &dyn ObjectStore, place: &str) -> Result<()> {
    let key = Key::from(PROBE);
    let create = || async {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        store.put_opts(&key, Bytes::from_static(b"create-only").into(), options).await
    };
    let failed = |error| StoreError::object(&format!("trying {place}"), error);
    // One that is left over from a try that was cut off is as good.
    match create().await {
        Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => {}
        Err(error) => return Err(failed(error)),
    }
    let again = create().await;
    store.delete(&key).await.map_err(failed)?;
    match again {
        Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
        Ok(_) => Err(StoreError::BadBucket {
            place: place.to_owned(),
            detail: "it writes over objects that are there (no `If-None-Match: *`); use another store"
                .to_owned(),
        }),
        Err(error) => Err(failed(error)),
    }
}

#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("tickmark/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(HttpClient::new(Requests(agent)))
    }
}

#[derive(Debug)]
struct Requests(ureq::Agent);

#[async_trait]
impl HttpService for Requests {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let agent = self.0.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let answer = match parts.method {
                Method::GET | Method::HEAD | Method::DELETE => agent.run(Request::from_parts(parts, ())),
                _ => agent.run(Request::from_parts(parts, &body[..])),
            };
            let (parts, mut body) = answer?.into_parts();
            let limit = MAX_BLOB_BYTES + ANSWER_EXTRA_BYTES;
            let bytes = body.with_config().limit(limit).read_to_vec()?;
            Ok(Response::from_parts(parts, bytes.into()))
        });
        match answered.await {
            Ok(answer) => answer.map_err(not_answered),
            Err(error) => Err(HttpError::new(HttpErrorKind::Unknown, error)),
        }
    }
}

/// Sorts why there is no answer by whether asking again can help.
fn not_answered(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => HttpErrorKind::Connect,
        ureq::Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
