//! A passkey in software: what a browser and a device do together, as far as a server can tell.
//!
//! Source: W3C Web Authentication Level 3, sections 6.1 (authenticator data), 6.5.4 (attestation object), 5.8.1 (client
//! data), 8.2 (packed attestation); CTAP 2.1 section 6 for the order of keys in CBOR.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// User present, user verified.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
/// May be on several devices; is.
const SYNCED: u8 = 0x08 | 0x10;
/// A key follows.
const ATTESTED: u8 = 0x40;

/// How the maker of a device vouches for the keys that are made on it, where it is asked.
#[derive(Clone)]
pub(crate) enum Vouching {
    /// Not at all.
    Not,
    /// The key vouches for itself.
    Itself,
    /// By a certificate of the model, with those above it that come along.
    Maker { model: [u8; 16], key: SigningKey, chain: Vec<Vec<u8>> },
}

/// One passkey. A clone of it is what nobody should have.
#[derive(Clone)]
pub(crate) struct SoftKey {
    pub(crate) key: SigningKey,
    pub(crate) id: [u8; 16],
    pub(crate) user: Vec<u8>,
    pub(crate) counter: u32,
    pub(crate) is_synced: bool,
    pub(crate) is_verifying: bool,
    /// What the browser says where it is; the address of the options unless this is set.
    pub(crate) origin: String,
    pub(crate) vouching: Vouching,
}

impl SoftKey {
    /// A key that has made nothing yet. Keys with other numbers are other keys.
    pub(crate) fn new(number: u8, origin: &str) -> Self {
        let key = SigningKey::from_slice(&[number; 32]).expect("a scalar");
        let (user, origin) = (Vec::new(), origin.to_owned());
        let vouching = Vouching::Not;
        Self {
            key,
            id: [number; 16],
            user,
            counter: 0,
            is_synced: false,
            is_verifying: true,
            origin,
            vouching,
        }
    }

    /// Answers `navigator.credentials.create`.
    pub(crate) fn make(&mut self, options: &Value) -> Value {
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        // Browsers pass on what a device is only where that is asked for.
        let vouching = if options["attestation"] == "direct" { self.vouching.clone() } else { Vouching::Not };
        self.user = decode(&options["user"]["id"]);
        let (x, y) = point(&self.key);
        let mut data = self.data(options["rp"]["id"].as_str().expect("an id"), ATTESTED);
        data.extend_from_slice(match &vouching {
            Vouching::Maker { model, .. } => model,
            Vouching::Not | Vouching::Itself => &[0; 16],
        });
        data.extend_from_slice(&[0, 16]);
        data.extend_from_slice(&self.id);
        // COSE: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        data.extend_from_slice(&[0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend_from_slice(&x);
        data.extend_from_slice(&[0x22, 0x58, 0x20]);
        data.extend_from_slice(&y);
        let client = self.client("webauthn.create", options);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let object =
            [statement(&vouching, &self.key, &signed), b"\x68authData".to_vec(), bytes(&data)].concat();
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key", "extensions": {},
            "response": {"clientDataJSON": encode(&client), "attestationObject": encode(&object)},
        })
    }

    /// Answers `navigator.credentials.get`. Each time the key counts on, as those do that count.
    pub(crate) fn show(&mut self, options: &Value) -> Value {
        assert_eq!(options["userVerification"], "required");
        if !self.is_synced {
            self.counter += 1;
        }
        let data = self.data(options["rpId"].as_str().expect("an id"), 0);
        let client = self.client("webauthn.get", options);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature: DerSignature = self.key.sign(&signed);
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key", "extensions": {},
            "response": {
                "clientDataJSON": encode(&client), "authenticatorData": encode(&data),
                "signature": encode(signature.as_bytes()), "userHandle": encode(&self.user),
            },
        })
    }

    fn data(&self, relying: &str, more: u8) -> Vec<u8> {
        let verified = if self.is_verifying { VERIFIED } else { 0 };
        let synced = if self.is_synced { SYNCED } else { 0 };
        let mut data = Sha256::digest(relying.as_bytes()).to_vec();
        data.push(PRESENT | verified | synced | more);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let client = json!({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false});
        client.to_string().into_bytes()
    }
}

/// The two coordinates of a public key.
pub(crate) fn point(key: &SigningKey) -> (Vec<u8>, Vec<u8>) {
    let point = key.verifying_key().to_sec1_point(false);
    (point.x().expect("uncompressed").to_vec(), point.y().expect("uncompressed").to_vec())
}

/// The first two of the three parts of an attestation object: its format, and what is said in it.
fn statement(vouching: &Vouching, own: &SigningKey, signed: &[u8]) -> Vec<u8> {
    let (key, chain) = match vouching {
        // {"fmt": "none", "attStmt": {}
        Vouching::Not => return b"\xA3\x63fmt\x64none\x67attStmt\xA0".to_vec(),
        Vouching::Itself => (own, None),
        Vouching::Maker { key, chain, .. } => (key, Some(chain)),
    };
    let signature: DerSignature = key.sign(signed);
    // {"fmt": "packed", "attStmt": {"alg": -7, "sig": signature, "x5c": [certificate, ...]}
    let mut out = b"\xA3\x63fmt\x66packed\x67attStmt".to_vec();
    out.push(if chain.is_some() { 0xA3 } else { 0xA2 });
    out.extend_from_slice(b"\x63alg\x26\x63sig");
    out.extend_from_slice(&bytes(signature.as_bytes()));
    if let Some(chain) = chain {
        out.extend_from_slice(b"\x63x5c");
        out.push(0x80 | u8::try_from(chain.len()).expect("few"));
        chain.iter().for_each(|one| out.extend_from_slice(&bytes(one)));
    }
    out
}

/// Bytes in CBOR.
fn bytes(of: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(of.len()).expect("short").to_be_bytes();
    let head: &[u8] = if high == 0 { &[0x58, low] } else { &[0x59, high, low] };
    [head, of].concat()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().expect("text")).expect("base64url")
}
