//! What a provider says of itself: where people are sent, where codes are exchanged, and its keys.
//!
//! It is asked anew after a few minutes, and at once when a token names a key that is not known: so keys can be exchanged.
//!
//! Source: OpenID Connect Discovery 1.0 sections 3 and 4; RFC 8414; RFC 9207 section 3.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tickmark_core::Timestamp;
use tickmark_core::identity::provider::is_endpoint;
use tickmark_core::time::SECOND_US;

use super::jose::Keys;
use crate::port::{Answer, Fetch};
use crate::{App, Error, Result};

/// How long what a provider said counts, in microseconds: 5 minutes.
const KNOWN_US: i64 = 5 * 60 * SECOND_US;
/// How soon it may be asked again for a key that is not known, in microseconds: 10 seconds.
const AGAIN_US: i64 = 10 * SECOND_US;
/// Most bytes of an answer.
const MAX_BYTES: usize = 256 << 10;
/// Most providers that are remembered.
const MAX_KNOWN: usize = 200;

/// What a provider said of itself.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) authorization: String,
    token: String,
    /// Whether its answers say whose they are.
    pub(super) says_issuer: bool,
    /// Whether the client shows its secret in the form, not in the header.
    in_form: bool,
    pub(super) keys: Keys,
    at: Timestamp,
}

/// What is remembered of providers.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<BTreeMap<String, Arc<Found>>>);

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Exchanged {
    id_token: Option<String>,
}

/// Returns what a provider says of itself. `token` is one whose key must be known.
pub(super) async fn find(app: &App, issuer: &str, token: Option<&str>) -> Result<Arc<Found>> {
    let now = app.now();
    let known = app.providers.0.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned();
    if let Some(known) = known {
        let age = now.micros() - known.at.micros();
        let is_enough = token.is_none_or(|token| known.keys.knows(token)) || (0..AGAIN_US).contains(&age);
        if (0..KNOWN_US).contains(&age) && is_enough {
            return Ok(known);
        }
    }
    let found = Arc::new(ask(app, issuer, now).await?);
    let mut all = app.providers.0.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= MAX_KNOWN {
        all.clear();
    }
    all.insert(issuer.to_owned(), Arc::clone(&found));
    Ok(found)
}

async fn ask(app: &App, issuer: &str, at: Timestamp) -> Result<Found> {
    let url = format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer));
    let document = look(app, url).await?;
    let document: Document =
        serde_json::from_slice(&document).map_err(|error| wrong(issuer, &error.to_string()))?;
    if document.issuer != issuer {
        return Err(wrong(issuer, &format!("it says that it is {:?}", shortened(&document.issuer))));
    }
    for address in [&document.authorization_endpoint, &document.token_endpoint, &document.jwks_uri] {
        if !is_endpoint(address) {
            return Err(wrong(issuer, &format!("{:?} is no address by HTTPS", shortened(address))));
        }
    }
    let lacks = |methods: &Option<Vec<String>>, word: &str| {
        methods.as_ref().is_some_and(|methods| !methods.iter().any(|one| one == word))
    };
    if lacks(&document.code_challenge_methods_supported, "S256") {
        return Err(wrong(issuer, "it does not take PKCE with S256"));
    }
    let in_form = lacks(&document.token_endpoint_auth_methods_supported, "client_secret_basic");
    if in_form && lacks(&document.token_endpoint_auth_methods_supported, "client_secret_post") {
        return Err(wrong(issuer, "it takes no client secret"));
    }
    let keys = look(app, document.jwks_uri).await?;
    let keys = Keys::read(&keys).ok_or_else(|| wrong(issuer, "its keys cannot be read"))?;
    Ok(Found {
        authorization: document.authorization_endpoint,
        token: document.token_endpoint,
        says_issuer: document.authorization_response_iss_parameter_supported,
        in_form,
        keys,
        at,
    })
}

/// Exchanges a code for an ID token; none if the provider does not take it.
pub(super) async fn exchange(
    app: &App,
    found: &Found,
    (client, secret): (&str, &str),
    (code, verifier, redirect): (&str, &str, &str),
) -> Result<Option<String>> {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect),
        ("code_verifier", verifier),
    ];
    let mut headers = vec![("accept", "application/json".to_owned())];
    if found.in_form {
        pairs.extend([("client_id", client), ("client_secret", secret)]);
    } else {
        // RFC 6749 section 2.3.1: both are encoded as in a form first.
        let both = format!("{}:{}", encoded(client), encoded(secret));
        headers.push(("authorization", format!("Basic {}", STANDARD.encode(both))));
    }
    let form: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let fetch =
        Fetch { url: found.token.clone(), headers, form: Some(form.join("&")), max_answer_bytes: MAX_BYTES };
    let answer = fetched(app, fetch).await?;
    if answer.status >= 500 {
        return Err(Error::unavailable(format!("the identity provider answered {}", answer.status)));
    }
    if answer.status != 200 {
        return Ok(None);
    }
    Ok(serde_json::from_slice::<Exchanged>(&answer.body).ok().and_then(|exchanged| exchanged.id_token))
}

/// A text as it stands in forms and addresses.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

async fn look(app: &App, url: String) -> Result<Vec<u8>> {
    let headers = vec![("accept", "application/json".to_owned())];
    let answer = fetched(app, Fetch { url, headers, form: None, max_answer_bytes: MAX_BYTES }).await?;
    if answer.status != 200 {
        return Err(Error::unavailable(format!("the identity provider answered {}", answer.status)));
    }
    Ok(answer.body)
}

async fn fetched(app: &App, fetch: Fetch) -> Result<Answer> {
    let outside = app.outside();
    let task = tokio::task::spawn_blocking(move || outside.outbound.fetch(&fetch));
    let answer = task.await.map_err(|error| Error::internal("asking an identity provider", error))?;
    answer.map_err(|error| Error::unavailable(format!("the identity provider is not reached: {error}")))
}

fn wrong(issuer: &str, why: &str) -> Error {
    Error::unavailable(format!("what {issuer} says of itself cannot be used: {why}"))
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}
