//! Tokens that somebody signed: three parts, the keys of the signer, and nothing that a token says about which keys those are.
//!
//! Source: RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518 and RFC 8037 (algorithms), RFC 8725 (what went wrong before).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use tickmark_core::identity::provider::{Algorithm, Fault};

/// Most bytes of a token.
const MAX_TOKEN_BYTES: usize = 32 << 10;
/// Most keys of a provider that are looked at.
const MAX_KEYS: usize = 50;
/// Bytes of a coordinate of P-256, and of a key of Ed25519.
const POINT_BYTES: usize = 32;

/// Keys of a provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    alg: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The header. Where it names keys itself (`jku`, `jwk`, `x5u`, `x5c`), that is not read.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde_json::Value>,
}

/// What was signed.
#[derive(Debug)]
pub(super) struct Verified {
    /// The `typ` of the header.
    pub(super) kind: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Keys {
    /// Reads a set of keys. Those that are for something else, or of a kind that is not known, are left out.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let set: Set = serde_json::from_slice(text).ok()?;
        let keys = set.keys.into_iter().take(MAX_KEYS).filter_map(|key| {
            let key: Jwk = serde_json::from_value(key).ok()?;
            Key::of(key)
        });
        Some(Self(keys.collect()))
    }

    /// Tells whether one of them could have signed a token, by its name.
    pub(super) fn knows(&self, token: &str) -> bool {
        let header = token.split('.').next().and_then(read::<Header>);
        header.is_some_and(|header| self.fitting(&header).next().is_some())
    }

    fn fitting<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = &'a Key> {
        self.0.iter().filter(move |key| {
            let is_named = header.kid.is_none() || key.id == header.kid;
            is_named && key.alg.as_ref().is_none_or(|alg| *alg == header.alg)
        })
    }

    /// Verifies a token in its compact form.
    pub(super) fn verify(&self, token: &str, allowed: &BTreeSet<Algorithm>) -> Result<Verified, Fault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Fault::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Malformed)?;
        let (header, body) = signed.split_once('.').ok_or(Fault::Malformed)?;
        let header: Header = read(header).ok_or(Fault::Malformed)?;
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| Fault::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Fault::Malformed)?;
        if header.crit.is_some() {
            return Err(Fault::Malformed);
        }
        let algorithm = Algorithm::of_word(&header.alg).filter(|one| allowed.contains(one));
        let algorithm = algorithm.ok_or(Fault::Algorithm)?;
        let fits = |key: &Key| key.fits(algorithm, signed.as_bytes(), &signature);
        if !self.fitting(&header).any(fits) {
            return Err(Fault::Signature);
        }
        Ok(Verified { kind: header.typ, body })
    }
}

impl Key {
    fn of(key: Jwk) -> Option<Self> {
        if key.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let point = |text| bytes(text).filter(|bytes| bytes.len() == POINT_BYTES);
        let material = match (key.kty.as_str(), key.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: plain(bytes(key.n)?), e: plain(bytes(key.e)?) },
            ("EC", Some("P-256")) => Material::P256([vec![4], point(key.x)?, point(key.y)?].concat()),
            ("OKP", Some("Ed25519")) => Material::Ed25519(point(key.x)?),
            _ => return None,
        };
        Some(Self { id: key.kid, alg: key.alg, material })
    }

    fn fits(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
            }
            (Material::Rsa { n, e }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, signed, signature).is_ok()
            }
            (Material::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
            }
            (Material::Ed25519(point), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, point).verify(signed, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// A number without zeros before it, as it is verified with.
fn plain(bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes[zeros..].to_vec()
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.3: signed with the key of A.3.1 by ES256.
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv\
                         bS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApm\
                         WQxfKTUJqPP3-Kg6NU1Q";
    const ES256_KEYS: &str = r#"{"keys": [{"kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
    /// RFC 8037, appendix A.4.
    const ED25519_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-\
                                 09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    const ED25519_KEYS: &str = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn all() -> BTreeSet<Algorithm> {
        Algorithm::ALL.into()
    }

    fn keys(text: &str) -> Keys {
        Keys::read(text.as_bytes()).expect("keys")
    }

    #[test]
    fn the_examples_of_the_standards_are_verified() {
        let verified = keys(ES256_KEYS).verify(ES256, &all()).expect("good");
        assert!(verified.body.starts_with(b"{\"iss\":\"joe\""));
        let verified = keys(ED25519_KEYS).verify(ED25519_TOKEN, &all()).expect("good");
        assert_eq!(verified.body, b"Example of Ed25519 signing");
    }

    #[test]
    fn whatever_is_changed_is_refused() {
        let keys = keys(ES256_KEYS);
        let fault = |token: &str| keys.verify(token, &all()).expect_err("refused");
        let (signed, signature) = ES256.rsplit_once('.').expect("parts");
        let body = signed.split_once('.').expect("parts").1;
        let head = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for (header, expected) in [
            (r#"{"alg":"none"}"#, Fault::Algorithm),
            (r#"{"alg":"None"}"#, Fault::Algorithm),
            (r#"{"alg":"HS256"}"#, Fault::Algorithm),
            (r#"{"alg":"es256"}"#, Fault::Algorithm),
            (r#"{"alg":"RS256"}"#, Fault::Signature),
            (r#"{"alg":"ES256","crit":["exp"]}"#, Fault::Malformed),
            (r#"{"alg":"ES256","kid":"another"}"#, Fault::Signature),
            (r#"{"typ":"JWT"}"#, Fault::Malformed),
        ] {
            assert_eq!(fault(&format!("{}.{body}.{signature}", head(header))), expected, "{header}");
            assert!(keys.verify(&format!("{}.{body}.", head(header)), &all()).is_err(), "{header}");
        }
        assert_eq!(fault(&format!("{signed}.")), Fault::Signature);
        assert_eq!(fault(signed), Fault::Malformed);
        assert_eq!(fault(&"a".repeat(MAX_TOKEN_BYTES + 1)), Fault::Malformed);
        let only = BTreeSet::from([Algorithm::Rs256]);
        assert_eq!(keys.verify(ES256, &only).expect_err("refused"), Fault::Algorithm);
        assert_eq!(Keys::default().verify(ES256, &all()).expect_err("refused"), Fault::Signature);
    }

    #[test]
    fn keys_for_something_else_are_left_out() {
        let encrypting = ES256_KEYS.replace(r#""kty""#, r#""use": "enc", "kty""#);
        assert_eq!(keys(&encrypting).verify(ES256, &all()).expect_err("refused"), Fault::Signature);
        let other = ES256_KEYS.replace(r#""kty""#, r#""alg": "ES384", "kty""#);
        assert_eq!(keys(&other).verify(ES256, &all()).expect_err("refused"), Fault::Signature);
        assert!(keys(r#"{"keys": [{"kty": "oct", "k": "AAAA"}, 7]}"#).0.is_empty());
        assert!(Keys::read(b"[]").is_none());
        assert!(!keys(ES256_KEYS).knows("no token") && keys(ES256_KEYS).knows(ES256));
    }
}
