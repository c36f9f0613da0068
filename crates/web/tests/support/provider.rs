//! An identity provider of the tests: a server of its own on this machine, with real keys, that can also misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tickmark_app::ledger::{LedgerSettings, MailTarget, Outside, Secret};
use tickmark_app::port::{Answer, Fetch, Letter, NotSent, Outbound, Post};

/// Made for these tests; it opens nothing.
const RSA: &str = include_str!("provider.pem");
pub(crate) const CLIENT: &str = "tickmark";
pub(crate) const SECRET: &str = "a client secret: 50%";

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Rs256,
    Es256,
    /// Says that it is not, and is not.
    None,
    /// By HMAC, with the public key as the secret.
    Hs256,
    /// By ES256, with a key that is nobody's, under the name of the right one.
    Other,
}

struct Issued {
    challenge: String,
    redirect: String,
    token: String,
}

struct Inner {
    issuer: String,
    /// What it says of itself, beside what it must.
    says: Value,
    codes: BTreeMap<String, Issued>,
    count: usize,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    other: EcdsaKeyPair,
}

/// The provider.
#[derive(Clone)]
pub(crate) struct IdentityProvider {
    inner: Arc<Mutex<Inner>>,
    pub(crate) issuer: String,
}

fn elliptic() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).expect("a key")
}

impl IdentityProvider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}/realm", listener.local_addr().expect("bound"));
        let text: String = RSA.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(text).expect("base64");
        let inner = Inner {
            issuer: issuer.clone(),
            says: json!({}),
            codes: BTreeMap::new(),
            count: 0,
            rsa: RsaKeyPair::from_pkcs8(&der).expect("a key"),
            ec: elliptic(),
            other: elliptic(),
        };
        let provider = Self { inner: Arc::new(Mutex::new(inner)), issuer };
        let router = Router::new()
            .route("/realm/.well-known/openid-configuration", get(document))
            .route("/realm/keys", get(keys))
            .route("/realm/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has it say something of itself from now on.
    pub(crate) fn say(&self, says: Value) {
        self.inner().says = says;
    }

    /// Signs claims.
    pub(crate) fn sign(&self, sign: Sign, kind: &str, claims: &Value) -> String {
        let inner = self.inner();
        let (alg, kid) = match sign {
            Sign::Rs256 => ("RS256", "rsa"),
            Sign::Es256 | Sign::Other => ("ES256", "ec"),
            Sign::None => ("none", "rsa"),
            Sign::Hs256 => ("HS256", "rsa"),
        };
        let header = json!({"alg": alg, "kid": kid, "typ": kind});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let random = SystemRandom::new();
        let signature = match sign {
            Sign::None => Vec::new(),
            Sign::Rs256 => {
                let mut signature = vec![0; inner.rsa.public().modulus_len()];
                let done = inner.rsa.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature);
                done.expect("signed");
                signature
            }
            Sign::Es256 => inner.ec.sign(&random, signed.as_bytes()).expect("signed").as_ref().to_vec(),
            Sign::Other => inner.other.sign(&random, signed.as_bytes()).expect("signed").as_ref().to_vec(),
            Sign::Hs256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, inner.rsa.public().as_ref());
                hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Lets somebody in who was sent here; returns the address to which it sends them back, without the host. `changes` are
    /// made to what it says of them; what is null is left out.
    pub(crate) fn let_in(
        &self,
        location: &str,
        subject: &str,
        now: i64,
        sign: Sign,
        changes: &Value,
    ) -> String {
        let asked = parameters(location);
        let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
        assert_eq!((of("response_type").as_str(), of("code_challenge_method").as_str()), ("code", "S256"));
        assert_eq!(of("client_id"), CLIENT);
        let mut claims = json!({
            "iss": self.issuer, "sub": subject, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": of("nonce"),
            "auth_time": now, "email": format!("{subject}@example.com"), "name": "Robin at the provider", "sid": "one",
        });
        for (name, value) in changes.as_object().expect("an object") {
            if value.is_null() {
                claims.as_object_mut().expect("an object").remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        let token = self.sign(sign, "JWT", &claims);
        let mut inner = self.inner();
        inner.count += 1;
        let code = format!("code-{}", inner.count);
        let issued = Issued { challenge: of("code_challenge"), redirect: of("redirect_uri"), token };
        inner.codes.insert(code.clone(), issued);
        let redirect = of("redirect_uri");
        let path = redirect.splitn(4, '/').nth(3).expect("a path").to_owned();
        format!("/{path}?code={code}&state={}&iss={}", of("state"), encoded(&self.issuer))
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The parameters of an address.
pub(crate) fn parameters(address: &str) -> BTreeMap<String, String> {
    let uri: axum::http::Uri = address.parse().expect("an address");
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).expect("parameters");
    pairs.0.into_iter().collect()
}

async fn document(State(provider): State<IdentityProvider>) -> Json<Value> {
    let inner = provider.inner();
    let issuer = &inner.issuer;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_response_iss_parameter_supported": true,
        "code_challenge_methods_supported": ["S256"],
    });
    for (name, value) in inner.says.as_object().expect("an object") {
        document[name] = value.clone();
    }
    Json(document)
}

async fn keys(State(provider): State<IdentityProvider>) -> Json<Value> {
    let inner = provider.inner();
    let rsa = PublicKeyComponents::<Vec<u8>>::from(inner.rsa.public());
    let point = inner.ec.public_key().as_ref();
    Json(json!({"keys": [
        {"kty": "RSA", "kid": "rsa", "use": "sig", "n": URL_SAFE_NO_PAD.encode(rsa.n), "e": URL_SAFE_NO_PAD.encode(rsa.e)},
        {"kty": "EC", "kid": "ec", "use": "sig", "alg": "ES256", "crv": "P-256",
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..])},
    ]}))
}

async fn token(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let basic = format!("{CLIENT}:a%20client%20secret%3A%2050%25");
    let expected = format!("Basic {}", STANDARD.encode(basic));
    let is_client = headers.get("authorization").is_some_and(|value| value == expected.as_str());
    let of = |name: &str| form.get(name).cloned().unwrap_or_default();
    // A code counts once.
    let issued = provider.inner().codes.remove(&of("code"));
    let fits = issued.filter(|issued| {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier").as_bytes()));
        challenge == issued.challenge && of("redirect_uri") == issued.redirect
    });
    match fits.filter(|_| is_client && of("grant_type") == "authorization_code") {
        Some(issued) => Json(json!({"token_type": "Bearer", "id_token": issued.token})).into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
    }
}

/// Asks this machine, whatever is asked.
#[derive(Debug)]
pub(crate) struct ThisMachine;

impl Outbound for ThisMachine {
    fn post(&self, _: &Post) -> Result<Answer, NotSent> {
        Err(NotSent("nothing is sent".to_owned()))
    }

    fn fetch(&self, fetch: &Fetch) -> Result<Answer, NotSent> {
        let config = ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).proxy(None);
        let agent = config.build().new_agent();
        let not_sent = |error: ureq::Error| NotSent(error.to_string());
        let mut answer = match &fetch.form {
            Some(form) => {
                let kind = "application/x-www-form-urlencoded";
                let mut request = agent.post(&fetch.url).header("content-type", kind);
                for (name, value) in &fetch.headers {
                    request = request.header(*name, value);
                }
                request.send(form.as_bytes()).map_err(not_sent)?
            }
            None => agent.get(&fetch.url).call().map_err(not_sent)?,
        };
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_vec().map_err(not_sent)?;
        Ok(Answer { status, body })
    }

    fn mail(&self, _: &MailTarget, _: Option<&Secret>, _: &Letter) -> Result<(), NotSent> {
        Err(NotSent("nothing is sent".to_owned()))
    }
}

impl ThisMachine {
    pub(crate) fn outside() -> Outside {
        Outside { settings: LedgerSettings::default(), outbound: Arc::new(Self) }
    }
}
