//! DSSE envelopes: a payload of any kind with signatures over it and over what kind it is, as in-toto tools read them.
//!
//! What is signed is the encoding of type and payload before authentication ([`pae`]), not JSON, so no spelling of the
//! envelope matters. It begins with `DSSEv1 `, which no checkpoint, note or rotation can: the name in their first line has no
//! spaces, or the line is another one. So the log's key can sign both, and neither passes for the other.
//!
//! Source: secure-systems-lab/dsse, `protocol.md` 1.0.0 and `envelope.md`; in-toto attestation, Statement v1.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};

use crate::Hash;
use crate::canonical::{self, WriteError};
use crate::note::{Algorithm, Signer, SigningError, VerifierKey};

/// Media type of an envelope in JSON.
pub const MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
/// Payload type of an in-toto Statement.
pub const STATEMENT: &str = "application/vnd.in-toto+json";
/// Size from which an envelope is refused; that of a bundle's manifest names up to a million files.
pub const MAX_ENVELOPE_BYTES: usize = 256 * 1024 * 1024;
/// Number of signatures from which an envelope is refused.
pub const MAX_SIGNATURES: usize = 64;
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// A payload with its signatures, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is: a media type or a URI.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The signatures in their order.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// Which key it may be by: a hint that nothing vouches for.
    pub key_id: Option<String>,
    /// The signature.
    pub bytes: Vec<u8>,
}

/// Why bytes are no envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// More bytes than an envelope may have.
    #[error("envelope has {0} bytes, more than {MAX_ENVELOPE_BYTES}")]
    TooLarge(usize),
    /// Another form.
    #[error("not a DSSE envelope: {0}")]
    Form(String),
    /// None, or more than an envelope may have.
    #[error("envelope has {0} signatures, and not 1 to {MAX_SIGNATURES}")]
    Signatures(usize),
}

#[derive(Serialize, Deserialize)]
struct Written {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WrittenSignature>,
}

#[derive(Serialize, Deserialize)]
struct WrittenSignature {
    #[serde(default, rename = "keyid", skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    sig: String,
}

/// Encodes type and payload before they are authenticated: what is signed.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// How envelopes made here name a key.
#[must_use]
pub fn key_id(key: &VerifierKey) -> String {
    format!("{}+{:08x}", key.name(), key.id())
}

impl Envelope {
    /// Signs a payload with each key. What comes back from a key is verified.
    ///
    /// # Errors
    /// If a key does not sign, or what came back is no signature of it.
    pub fn sign<S: Signer + ?Sized>(
        payload_type: &str,
        payload: Vec<u8>,
        signers: &[&S],
    ) -> Result<Self, SigningError> {
        let message = pae(payload_type, &payload);
        let sign = |signer: &&S| {
            let (key, bytes) = (signer.verifier(), signer.sign_message(&message)?.to_vec());
            if !is_signed_by(&key, &message, &bytes) {
                let why = "what came back is no signature of this payload by it".to_owned();
                return Err(SigningError { key: key.name().to_owned(), why });
            }
            Ok(EnvelopeSignature { key_id: Some(key_id(&key)), bytes })
        };
        let signatures = signers.iter().map(sign).collect::<Result<_, _>>()?;
        Ok(Self { payload_type: payload_type.to_owned(), payload, signatures })
    }

    /// Reads an envelope without verifying it. Members that are not of the format are left alone.
    ///
    /// # Errors
    /// If the bytes have another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeError::TooLarge(bytes.len()));
        }
        let form = |error: &dyn std::fmt::Display| EnvelopeError::Form(error.to_string());
        let written: Written = serde_json::from_slice(bytes).map_err(|error| form(&error))?;
        if !(1..=MAX_SIGNATURES).contains(&written.signatures.len()) {
            return Err(EnvelopeError::Signatures(written.signatures.len()));
        }
        let signature = |one: WrittenSignature| {
            Ok::<_, EnvelopeError>(EnvelopeSignature {
                key_id: one.key_id,
                bytes: decode(&one.sig).ok_or_else(|| form(&"a signature is not base64"))?,
            })
        };
        Ok(Self {
            payload: decode(&written.payload).ok_or_else(|| form(&"its payload is not base64"))?,
            payload_type: written.payload_type,
            signatures: written.signatures.into_iter().map(signature).collect::<Result<_, _>>()?,
        })
    }

    /// Writes the envelope as canonical JSON, with the standard alphabet of base64.
    ///
    /// # Errors
    /// Never: it has nothing that canonical JSON does not allow.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let signature = |one: &EnvelopeSignature| WrittenSignature {
            key_id: one.key_id.clone(),
            sig: STANDARD.encode(&one.bytes),
        };
        canonical::to_bytes(&Written {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self.signatures.iter().map(signature).collect(),
        })
    }

    /// Returns those of `keys` that signed, each public key once; whoever calls says how many it takes. A signature that
    /// none of them made is passed over, and what it says of its key does not matter.
    #[must_use]
    pub fn signers<'k>(&self, keys: impl IntoIterator<Item = &'k VerifierKey>) -> Vec<&'k VerifierKey> {
        let message = pae(&self.payload_type, &self.payload);
        let mut found: Vec<&VerifierKey> = Vec::new();
        for key in keys {
            let is_new = !found.iter().any(|one| one.public_key() == key.public_key());
            if is_new && self.signatures.iter().any(|one| is_signed_by(key, &message, &one.bytes)) {
                found.push(key);
            }
        }
        found
    }
}

/// A key that cosigns is none that signs envelopes: what it signs has another form.
fn is_signed_by(key: &VerifierKey, message: &[u8], signature: &[u8]) -> bool {
    key.algorithm() == Algorithm::Ed25519 && key.verify_message(message, signature).is_ok()
}

/// Either alphabet of base64 is allowed.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// Reads a public key as `openssl pkey -pubout` writes it in PEM, and gives it a name.
#[must_use]
pub fn key_of_pem(name: &str, pem: &str) -> Option<VerifierKey> {
    const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
    const END: &str = "-----END PUBLIC KEY-----";
    /// SubjectPublicKeyInfo of RFC 8410 up to the key.
    const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let (body, _) = pem.split_once(BEGIN)?.1.split_once(END)?;
    let body: String = body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(body).ok()?;
    VerifierKey::new(name, Algorithm::Ed25519, bytes.strip_prefix(&HEAD)?).ok()
}

/// What an in-toto Statement is about, and of which kind what it says is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Type of what it says.
    pub predicate_type: String,
    /// Names with their SHA-256; one without is left out.
    pub subjects: Vec<(String, Hash)>,
}

impl Statement {
    /// Reads the payload of an envelope; none if it is something else.
    #[must_use]
    pub fn parse(envelope: &Envelope) -> Option<Self> {
        #[derive(Deserialize)]
        struct Read {
            _type: String,
            #[serde(rename = "predicateType")]
            predicate_type: String,
            subject: Vec<Subject>,
        }
        #[derive(Deserialize)]
        struct Subject {
            #[serde(default)]
            name: String,
            #[serde(default)]
            digest: std::collections::BTreeMap<String, String>,
        }
        let read: Read = serde_json::from_slice(&envelope.payload).ok()?;
        if envelope.payload_type != STATEMENT || read._type != STATEMENT_TYPE {
            return None;
        }
        let subject = |one: Subject| Some((one.name, Hash::parse_hex(one.digest.get("sha256")?).ok()?));
        let subjects = read.subject.into_iter().filter_map(subject).collect();
        Some(Self { predicate_type: read.predicate_type, subjects })
    }

    /// Writes a statement that says `predicate` of this one's subjects.
    ///
    /// # Errors
    /// If the predicate has what canonical JSON of the log's profile does not allow.
    pub fn to_payload(&self, predicate: &serde_json::Value) -> Result<Vec<u8>, WriteError> {
        let subjects: Vec<serde_json::Value> = self
            .subjects
            .iter()
            .map(|(name, digest)| serde_json::json!({"name": name, "digest": {"sha256": digest.hex()}}))
            .collect();
        canonical::to_bytes(&serde_json::json!({
            "_type": STATEMENT_TYPE, "predicateType": self.predicate_type, "predicate": predicate,
            "subject": subjects,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::SignerKey;

    /// Example of the protocol's document, section "Test Vectors".
    #[test]
    fn encoding_is_that_of_the_protocol() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
        // Lengths are in bytes.
        assert_eq!(pae("\u{e9}", b"\0"), b"DSSEv1 2 \xc3\xa9 1 \0");
        let published = r#"{"payload": "aGVsbG8gd29ybGQ=", "payloadType": "http://example.com/HelloWorld",
            "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}"#;
        let envelope = Envelope::parse(published.as_bytes()).expect("published");
        assert_eq!((envelope.payload.as_slice(), envelope.signatures.len()), (&b"hello world"[..], 1));
    }

    fn key(seed: u8) -> SignerKey {
        SignerKey::from_seed("example.org/log", &[seed; 32]).expect("key")
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        let (one, two) = (key(1), key(2));
        let envelope = Envelope::sign(STATEMENT, b"{}".to_vec(), &[&one, &two]).expect("signed");
        let bytes = envelope.to_bytes().expect("written");
        assert_eq!(Envelope::parse(&bytes), Ok(envelope.clone()));
        let keys = [one.verifier(), two.verifier(), key(3).verifier()];
        assert_eq!(envelope.signers(&keys), [&keys[0], &keys[1]]);
        // One key twice is one key.
        assert_eq!(envelope.signers([&keys[0], &keys[0]]).len(), 1);
        for other in [
            Envelope { payload_type: "application/json".into(), ..envelope.clone() },
            Envelope { payload: b"{ }".to_vec(), ..envelope.clone() },
        ] {
            assert!(other.signers(&keys).is_empty(), "{other:?}");
        }
        // The same key says nothing of a note, and a note's signature nothing of a payload.
        let note = one.sign("DSSEv1 \n");
        let noted = vec![EnvelopeSignature { key_id: None, bytes: note.bytes }];
        assert!(Envelope { signatures: noted, ..envelope }.signers(&keys).is_empty());
    }

    #[test]
    fn other_forms_are_refused() {
        let good = r#"{"payload":"e30=","payloadType":"t","signatures":[{"sig":"AA=="}]}"#;
        Envelope::parse(good.as_bytes()).expect("the pattern is good");
        let added = good.replace("\"payload\"", "\"more\":1,\"payload\"");
        Envelope::parse(added.as_bytes()).expect("what is not of the format is left alone");
        for (from, to) in [
            ("e30=", "e30"),
            ("e30=", "***"),
            ("AA==", "AB=="),
            ("[{\"sig\":\"AA==\"}]", "[]"),
            ("\"payloadType\":\"t\",", ""),
            ("\"payloadType\":\"t\"", "\"payloadType\":\"t\",\"payloadType\":\"u\""),
            ("}]}", "}]"),
        ] {
            assert!(Envelope::parse(good.replacen(from, to, 1).as_bytes()).is_err(), "{from} -> {to}");
        }
        let many = good.replace("{\"sig\":\"AA==\"}", &["{\"sig\":\"AA==\"}"; MAX_SIGNATURES + 1].join(","));
        assert_eq!(Envelope::parse(many.as_bytes()), Err(EnvelopeError::Signatures(MAX_SIGNATURES + 1)));
    }

    #[test]
    fn statements_read_back_and_keys_of_openssl_read() {
        let statement = Statement {
            predicate_type: "urn:example:1".into(),
            subjects: vec![("a".into(), Hash::of(b"a")), ("b".into(), Hash::of(b"b"))],
        };
        let payload = statement.to_payload(&serde_json::json!({"by": "x"})).expect("written");
        let envelope = Envelope::sign(STATEMENT, payload, &[&key(1)]).expect("signed");
        assert_eq!(Statement::parse(&envelope), Some(statement));
        assert_eq!(Statement::parse(&Envelope { payload_type: "t".into(), ..envelope }), None);
        // RFC 8410, section 10.1.
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let read = key_of_pem("auditor", pem).expect("a key");
        assert_eq!(
            hex::encode(read.public_key()),
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
        );
        assert!(key_of_pem("auditor", &pem.replace("VwAy", "VwBy")).is_none());
    }
}
