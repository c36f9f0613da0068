//! A maker of authenticators: an authority of its own, and devices for which it vouches.
//!
//! Source: RFC 5280 (certificates); W3C Web Authentication Level 3, section 8.2.1 (what those of devices must say).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};

use crate::authenticator::{Vouching, point};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const UTF8: u8 = 0x0C;
const PRINTABLE: u8 = 0x13;
const UTC_TIME: u8 = 0x17;
/// ecdsa-with-SHA256, id-ecPublicKey, prime256v1.
const SIGNED_SO: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
const CURVE_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const CURVE: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
/// basicConstraints, keyUsage, id-fido-gen-ce-aaguid.
const CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];
const USAGE: &[u8] = &[0x55, 0x1D, 0x0F];
const MODEL: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xE5, 0x1C, 0x01, 0x01, 0x04];

/// Somebody who makes authenticators.
pub(crate) struct Maker {
    key: SigningKey,
    name: String,
    /// The certificate at which chains end.
    pub(crate) certificate: Vec<u8>,
}

impl Maker {
    /// Makers with other numbers have other keys. Numbers are below 100.
    pub(crate) fn new(number: u8, name: &str) -> Self {
        let key = SigningKey::from_slice(&[100 + number; 32]).expect("a scalar");
        let subject = subject(name, "Attestation Root");
        let limits = der(SEQUENCE, &[&[0x01, 0x01, 0xFF]]);
        let extensions = [extension(CONSTRAINTS, true, &limits), extension(USAGE, true, &[BITS, 2, 1, 0x06])];
        let certificate = certificate((&key, &subject), (&key, &subject), number, &extensions);
        Self { key, name: name.to_owned(), certificate }
    }

    /// A device of a model: how it vouches for keys that are made on it.
    pub(crate) fn device(&self, model: u128) -> Vouching {
        let key = SigningKey::from_slice(&[99; 32]).expect("a scalar");
        let model = model.to_be_bytes();
        let limits = der(SEQUENCE, &[]);
        let extensions =
            [extension(CONSTRAINTS, true, &limits), extension(MODEL, false, &der(OCTETS, &[&model]))];
        let of = subject(&self.name, "Device");
        let by = subject(&self.name, "Attestation Root");
        let chain = vec![certificate((&key, &of), (&self.key, &by), 7, &extensions)];
        Vouching::Maker { model, key, chain }
    }
}

/// A certificate as text.
pub(crate) fn pem(certificate: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}

/// A certificate of a key and its name, by another key and its name.
fn certificate(
    (key, subject): (&SigningKey, &[u8]),
    (by, issuer): (&SigningKey, &[u8]),
    serial: u8,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let signed_so = der(SEQUENCE, &[&der(OID, &[SIGNED_SO])]);
    let validity = der(SEQUENCE, &[&der(UTC_TIME, &[b"200101000000Z"]), &der(UTC_TIME, &[b"490101000000Z"])]);
    let kind = der(SEQUENCE, &[&der(OID, &[CURVE_KEY]), &der(OID, &[CURVE])]);
    let (x, y) = point(key);
    let public = der(SEQUENCE, &[&kind, &der(BITS, &[&[0, 0x04], &x, &y])]);
    let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
    let body = der(
        SEQUENCE,
        &[
            &der(0xA0, &[&der(INTEGER, &[&[2]])]),
            &der(INTEGER, &[&[serial]]),
            &signed_so,
            issuer,
            &validity,
            subject,
            &public,
            &der(0xA3, &[&der(SEQUENCE, &extensions)]),
        ],
    );
    let signature: DerSignature = by.sign(&body);
    der(SEQUENCE, &[&body, &signed_so, &der(BITS, &[&[0], signature.as_bytes()])])
}

/// The name of a certificate: country, organization, unit, and what it is.
fn subject(maker: &str, what: &str) -> Vec<u8> {
    let part = |attribute: u8, kind: u8, text: &str| {
        let pair = der(SEQUENCE, &[&der(OID, &[&[0x55, 0x04, attribute]]), &der(kind, &[text.as_bytes()])]);
        der(SET, &[&pair])
    };
    let unit = part(0x0B, UTF8, "Authenticator Attestation");
    let what = part(0x03, UTF8, &format!("{maker} {what}"));
    der(SEQUENCE, &[&part(0x06, PRINTABLE, "AT"), &part(0x0A, UTF8, maker), &unit, &what])
}

fn extension(id: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[0x01, 0x01, 0xFF] } else { &[] };
    der(SEQUENCE, &[&der(OID, &[id]), critical, &der(OCTETS, &[value])])
}

/// A value of a kind, made of parts.
fn der(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![kind];
    match u16::try_from(body.len()).expect("short").to_be_bytes() {
        [0, length @ 0..0x80] => out.push(length),
        [0, length] => out.extend_from_slice(&[0x81, length]),
        [high, low] => out.extend_from_slice(&[0x82, high, low]),
    }
    out.extend_from_slice(&body);
    out
}
