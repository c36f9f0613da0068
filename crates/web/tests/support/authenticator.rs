//! A passkey in software: what a browser and a device do together, as far as a server can tell.
//!
//! Source: W3C Web Authentication Level 3, sections 6.1 (authenticator data), 6.5.4 (attestation object), 5.8.1 (client
//! data); CTAP 2.1 section 6 for the order of keys in CBOR.

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
}

impl SoftKey {
    /// A key that has made nothing yet. Keys with other numbers are other keys.
    pub(crate) fn new(number: u8, origin: &str) -> Self {
        let key = SigningKey::from_slice(&[number; 32]).expect("a scalar");
        let (user, origin) = (Vec::new(), origin.to_owned());
        Self { key, id: [number; 16], user, counter: 0, is_synced: false, is_verifying: true, origin }
    }

    /// Answers `navigator.credentials.create`.
    pub(crate) fn make(&mut self, options: &Value) -> Value {
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(options["attestation"], "none");
        self.user = decode(&options["user"]["id"]);
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut data = self.data(options["rp"]["id"].as_str().expect("an id"), ATTESTED);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&[0, 16]);
        data.extend_from_slice(&self.id);
        // COSE: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        data.extend_from_slice(&[0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend_from_slice(point.x().expect("uncompressed"));
        data.extend_from_slice(&[0x22, 0x58, 0x20]);
        data.extend_from_slice(point.y().expect("uncompressed"));
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = b"\xA3\x63fmt\x64none\x67attStmt\xA0\x68authData\x59".to_vec();
        object.extend_from_slice(&u16::try_from(data.len()).expect("short").to_be_bytes());
        object.extend_from_slice(&data);
        let client = self.client("webauthn.create", options);
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

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().expect("text")).expect("base64url")
}
