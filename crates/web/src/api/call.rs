//! What is sent to change something: a JSON body that fits its schema, the version that was looked at, and a key by which
//! it may be sent again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tickmark_app::identity::Access;
use tickmark_app::identity::token::once::{self, Answered, Repeated};
use tickmark_app::{Actor, Cx, Error};
use tickmark_core::Digest;

use super::answer::{answer, quoted};
use super::fit::{Misfit, misfits};
use super::meanwhile::Meanwhile;
use crate::WebState;
use crate::error::Refusal;
use crate::visit::Asked;

/// Bytes of a body.
pub(crate) const BODY_BYTES: usize = 1 << 20;
/// Bytes of a body that holds files.
pub(crate) const FILES_BYTES: usize = 16 << 20;
/// Characters of a key.
const KEY_CHARS: usize = 200;

/// A body that fits.
pub(crate) struct Call<B> {
    /// What was sent.
    pub(crate) body: B,
    /// The version that whoever sends it looked at.
    tag: Option<String>,
    key: Option<String>,
    /// Of method, path, version and body.
    digest: Digest,
}

/// What a body is, and how large it may be.
pub(crate) trait Taken: DeserializeOwned + JsonSchema {
    /// Bytes that it may have.
    const BYTES: usize = BODY_BYTES;
}

/// The schema of a body, without references to others.
pub(crate) fn schema_of<B: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<B>()
}

/// What a program sent cannot be done; said as it is.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The status it is answered with.
    pub status: StatusCode,
    /// Why.
    pub says: String,
    /// What does not fit, with its place.
    pub misfits: Vec<Misfit>,
    /// What changed since somebody looked.
    pub meanwhile: Option<Meanwhile>,
}

fn refused(status: StatusCode, says: impl ToString) -> Refusal {
    Refusal::Refused(Box::new(Refused {
        status,
        says: says.to_string(),
        misfits: Vec::new(),
        meanwhile: None,
    }))
}

/// What does not fit its schema, or cannot be read.
pub(super) fn unfit(misfits: Vec<Misfit>) -> Refusal {
    let says = misfits
        .first()
        .map_or_else(|| "it does not fit".to_owned(), |first| format!("{}: {}", first.pointer, first.says));
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Refusal::Refused(Box::new(Refused { status, says, misfits, meanwhile: None }))
}

/// Whoever is signed in has to show again who they are (RFC 9470).
pub(crate) fn show_again() -> Refusal {
    refused(
        StatusCode::UNAUTHORIZED,
        "this needs a fresh proof of who you are: open /step-up in the browser, then send it again",
    )
}

impl<B: Taken> FromRequest<WebState> for Call<B> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, _: &WebState) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            return Err(Refusal::Unfit("this address takes no parameters".to_owned()));
        }
        if !is_json(&parts.headers) {
            return Err(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json"));
        }
        let key = one(&parts.headers, "idempotency-key")?;
        let is_key = |key: &str| {
            (1..=KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if key.as_deref().is_some_and(|key| !is_key(key)) {
            let says = format!("Idempotency-Key has 1 to {KEY_CHARS} visible characters of ASCII");
            return Err(Refusal::Unfit(says));
        }
        let tag = one(&parts.headers, IF_MATCH.as_str())?;
        let too_large = || {
            let says = format!("a body has at most {} bytes here", B::BYTES);
            refused(StatusCode::PAYLOAD_TOO_LARGE, says)
        };
        let said =
            parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if said.is_some_and(|length| length > B::BYTES) {
            return Err(too_large());
        }
        let bytes = to_bytes(body, B::BYTES).await.map_err(|_| too_large())?;
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Refusal::Unfit(format!("the body is no JSON: {error}")))?;
        let found = misfits(schema_of::<B>().as_value(), &value);
        if !found.is_empty() {
            return Err(unfit(found));
        }
        let body = serde_json::from_value(value)
            .map_err(|error| refused(StatusCode::UNPROCESSABLE_ENTITY, error))?;
        let asked = [
            parts.method.as_str().as_bytes(),
            parts.uri.path().as_bytes(),
            tag.as_deref().unwrap_or_default().as_bytes(),
            &bytes[..],
        ];
        let digest = Digest::of(&asked.join(&0_u8));
        Ok(Self { body, tag, key, digest })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// A header that is there once or not at all.
fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(_) => Err(Refusal::Unfit(format!("{name} cannot be read"))),
        },
        (Some(_), Some(_)) => Err(Refusal::Unfit(format!("{name} is there twice"))),
    }
}

impl<B> Call<B> {
    /// Returns the version that whoever sends it looked at.
    ///
    /// # Errors
    /// 428 if they do not say; 412 if what they say is no tag of ours.
    pub(crate) fn version(&self) -> Result<&str, Refusal> {
        let tag = self.tag.as_deref().ok_or_else(|| {
            let says = "say in If-Match which version you looked at: the ETag of the answer that showed it";
            refused(StatusCode::PRECONDITION_REQUIRED, says)
        })?;
        let inside = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inside.filter(|version| !version.is_empty() && !version.contains('"')).ok_or_else(no_tag)
    }

    /// As [`Self::version`], for versions that are numbers.
    ///
    /// # Errors
    /// As [`Self::version`].
    pub(crate) fn number(&self) -> Result<i64, Refusal> {
        self.version()?.parse().map_err(|_| no_tag())
    }

    /// Returns what names this request for good: with a key, the same for the same request of the same caller.
    pub(crate) fn once(&self, state: &WebState, asked: &Asked) -> String {
        match (&self.key, asked.visit.actor.as_deref().map(|actor| &actor.access)) {
            (Some(key), Some(Access::Member(signed_in))) => {
                // The request too: after a day the key is free for another one.
                Digest::of(format!("{} {} {key}", signed_in.session, self.digest).as_bytes()).hex()
            }
            _ => hex::encode(state.random()),
        }
    }
}

/// What is in `If-Match` is no tag of ours.
pub(super) fn no_tag() -> Refusal {
    refused(
        StatusCode::PRECONDITION_FAILED,
        "no version has this tag; read it again, and send the change with its ETag",
    )
}

fn stale(meanwhile: Meanwhile) -> Refusal {
    Refusal::Refused(Box::new(Refused {
        status: StatusCode::PRECONDITION_FAILED,
        says: "it is not as you looked at it any more; read it again, and send the change with its ETag"
            .to_owned(),
        misfits: Vec::new(),
        meanwhile: Some(meanwhile),
    }))
}

/// What was done.
pub(crate) enum Done {
    /// It is done; what is answered.
    Done(Answered),
    /// Somebody changed it meanwhile; nothing is done.
    Stale(Meanwhile),
}

/// What is answered when something is done.
pub(crate) fn done<T: Serialize>(
    status: StatusCode,
    value: &T,
    tag: &str,
    location: &str,
) -> Result<Done, Error> {
    let body = serde_json::to_vec(value).map_err(|error| Error::internal("writing an answer", error))?;
    let (tag, location) = (tag.to_owned(), location.to_owned());
    Ok(Done::Done(Answered { status: status.as_u16(), tag, location, body }))
}

/// Requests that are being worked on, by token and key.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<BTreeSet<String>>);

struct Held<'a>(&'a UnderWay, String);

impl UnderWay {
    fn hold(&self, name: String) -> Option<Held<'_>> {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        is_new.then(|| Held(self, name))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// Does what was asked, once for each key, and answers.
///
/// # Errors
/// As `act`; 409 while the same key is being worked on; 422 for a key that was sent with something else.
pub(crate) async fn write<B, F>(
    state: &WebState,
    asked: &Asked,
    call: &Call<B>,
    act: F,
) -> Result<Response, Refusal>
where
    F: AsyncFnOnce(&mut Cx<'_>) -> Result<Done, Error>,
{
    enum Outcome {
        Done(Answered),
        Again(Answered),
        Stale(Meanwhile),
        Other,
    }
    let (app, actor): (_, &Actor) = asked.member(state)?;
    let _held = match (&call.key, &actor.access) {
        (Some(key), Access::Member(signed_in)) => {
            let held = state.under_way().hold(format!("{} {key}", signed_in.session));
            let busy = || refused(StatusCode::CONFLICT, "a request with this key is being worked on");
            Some(held.ok_or_else(busy)?)
        }
        _ => None,
    };
    let (key, digest) = (call.key.as_deref(), call.digest);
    let outcome = app
        .transact(actor, async |cx| {
            if let Some(key) = key {
                match once::find(cx, key, digest).await? {
                    Repeated::No => {}
                    Repeated::Same(answered) => return Ok(Outcome::Again(answered)),
                    Repeated::Other => return Ok(Outcome::Other),
                }
            }
            match act(cx).await? {
                Done::Stale(meanwhile) => Ok(Outcome::Stale(meanwhile)),
                Done::Done(answered) => {
                    if let Some(key) = key {
                        once::keep(cx, key, digest, &answered).await?;
                    }
                    Ok(Outcome::Done(answered))
                }
            }
        })
        .await;
    match outcome {
        Ok(Outcome::Done(answered)) => Ok(response(answered, false)),
        Ok(Outcome::Again(answered)) => Ok(response(answered, true)),
        Ok(Outcome::Stale(meanwhile)) => Err(stale(meanwhile)),
        Ok(Outcome::Other) => {
            Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "this key was sent with something else before"))
        }
        Err(error) => Err(unwritten(error)),
    }
}

/// Does what was asked as [`write`] does, and answers with what is told this once, such as a link: what is kept to be answered
/// again does not hold it.
///
/// # Errors
/// As [`write`].
pub(crate) async fn write_telling<B, T, F>(
    state: &WebState,
    asked: &Asked,
    call: &Call<B>,
    status: StatusCode,
    act: F,
) -> Result<Response, Refusal>
where
    T: Serialize,
    F: AsyncFnOnce(&mut Cx<'_>) -> Result<(Done, T), Error>,
{
    let mut told = None;
    let answered = write(state, asked, call, async |cx| {
        let (kept, all) = act(cx).await?;
        told = Some(all);
        Ok(kept)
    })
    .await?;
    match told {
        Some(all) => Ok((status, answer(&HeaderMap::new(), &all)).into_response()),
        None => Ok(answered),
    }
}

/// The bytes that a field holds as Base64; `pointer` is where it is.
pub(super) fn bytes_of(pointer: &str, content: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD
        .decode(content)
        .map_err(|_| unfit(vec![Misfit { pointer: pointer.to_owned(), says: "it is no Base64".to_owned() }]))
}

/// Why nothing was done. What a use case says about what was sent is said on.
pub(crate) fn unwritten(error: Error) -> Refusal {
    match error {
        Error::Invalid(says) => refused(StatusCode::UNPROCESSABLE_ENTITY, says),
        Error::Conflict(says) => refused(StatusCode::CONFLICT, says),
        Error::StepUp => show_again(),
        other => other.into(),
    }
}

fn response(answered: Answered, is_repeated: bool) -> Response {
    let mut response = Response::new(Body::from(answered.body));
    *response.status_mut() = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [(ETAG, quoted(&answered.tag)), (LOCATION, answered.location)] {
        if let Ok(value) = HeaderValue::from_str(&value)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
    if is_repeated {
        headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}
