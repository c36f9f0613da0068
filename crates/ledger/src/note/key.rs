//! Keys of notes in their text forms.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::lattice::{self, PUBLIC_KEY_BYTES, Subtree};
use super::{Checkpoint, NoteSignature};
use crate::hash::shorten;

const SIGNER_PREFIX: &str = "PRIVATE+KEY+";

/// What a key signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 over the text: logs.
    Ed25519,
    /// Ed25519 over `cosignature/v1`, a time and the text: witnesses.
    CosignatureV1,
    /// ML-DSA-44 over `subtree/v1`, names, a time, sizes and a root: witnesses. Verified only.
    SubtreeV1,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::CosignatureV1 => 4,
            Self::SubtreeV1 => 6,
        }
    }

    /// Whether keys of it are those of witnesses.
    #[must_use]
    pub fn cosigns(self) -> bool {
        matches!(self, Self::CosignatureV1 | Self::SubtreeV1)
    }
}

/// Why a text is not a key, or a signature not one of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not of the form `name+id+base64`.
    #[error("{0:?} is not a key of the form name+id+base64")]
    Form(String),
    /// A signature type this crate does not verify.
    #[error("key {name:?} has signature type {byte}, which is not supported")]
    UnsupportedAlgorithm {
        /// Name of the key.
        name: String,
        /// Its type byte.
        byte: u8,
    },
    /// The id is not that of name, type and public key.
    #[error("key {0:?} has an id that does not belong to it")]
    WrongId(String),
    /// Not a point of the curve, or one that verifies anything.
    #[error("key {0:?} is not a usable Ed25519 key")]
    InvalidPoint(String),
    /// Keys of this type are only verified here.
    #[error("key {0:?} is of a type that is not signed with here")]
    VerifiedOnly(String),
    /// The signature does not verify.
    #[error("signature does not verify")]
    BadSignature,
}

/// A public key with its name, written `name+id+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    id: u32,
    key: PublicKey,
}

#[derive(Clone, PartialEq, Eq)]
enum PublicKey {
    Curve(VerifyingKey),
    Lattice(Box<[u8; PUBLIC_KEY_BYTES]>),
}

impl VerifierKey {
    /// Makes a key from its bytes: 32 of Ed25519, 1,312 of ML-DSA-44.
    ///
    /// # Errors
    /// If the name cannot be that of a key, or the bytes are not a usable public key.
    pub fn new(name: &str, algorithm: Algorithm, public_key: &[u8]) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Form(shorten(name)));
        }
        let key = match algorithm {
            Algorithm::Ed25519 | Algorithm::CosignatureV1 => {
                let bytes = public_key.try_into().map_err(|_| KeyError::Form(shorten(name)))?;
                let key = VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak());
                PublicKey::Curve(key.ok_or_else(|| KeyError::InvalidPoint(name.to_owned()))?)
            }
            Algorithm::SubtreeV1 => {
                let bytes: [u8; PUBLIC_KEY_BYTES] =
                    public_key.try_into().map_err(|_| KeyError::Form(shorten(name)))?;
                PublicKey::Lattice(Box::new(bytes))
            }
        };
        Ok(Self { name: name.to_owned(), algorithm, id: key_id(name, algorithm, public_key), key })
    }

    /// Returns the name, for a log its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the identifier of name, algorithm and public key together.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the signature type.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the public key as RFC 8032 or FIPS 204 encodes it.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        match &self.key {
            PublicKey::Curve(key) => key.as_bytes(),
            PublicKey::Lattice(key) => key.as_slice(),
        }
    }

    /// Verifies what follows the key id in a signature line. Returns the time of a cosignature; none for one that states
    /// none, and so does not say that its witness saw nothing larger.
    ///
    /// # Errors
    /// If the signature has a wrong length or is not one of `text`.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, KeyError> {
        match self.algorithm {
            Algorithm::Ed25519 => {
                self.verify_message(text.as_bytes(), signature)?;
                Ok(None)
            }
            Algorithm::SubtreeV1 => {
                let checkpoint = Checkpoint::parse(text).map_err(|_| KeyError::BadSignature)?;
                let Checkpoint { origin, size, root } = &checkpoint;
                let whole = Subtree { origin, start: 0, end: *size, root: *root };
                let time = self.verify_subtree(&whole, signature)?;
                Ok(Some(time).filter(|time| *time > 0))
            }
            Algorithm::CosignatureV1 => {
                let (time, signature) = timed(signature)?;
                self.verify_message(cosigned_message(time, text).as_bytes(), signature)?;
                Ok(Some(time))
            }
        }
    }

    /// Verifies a `subtree/v1` cosignature: the time, then the signature. Returns the time, 0 if it states none.
    ///
    /// # Errors
    /// If the key is not of this type, or the signature is not one of this part of the log.
    pub fn verify_subtree(&self, subtree: &Subtree<'_>, signature: &[u8]) -> Result<u64, KeyError> {
        let PublicKey::Lattice(key) = &self.key else { return Err(KeyError::BadSignature) };
        let (time, signature) = timed(signature)?;
        let message = lattice::message(&self.name, time, subtree).ok_or(KeyError::BadSignature)?;
        if lattice::verifies(key, &message, signature) { Ok(time) } else { Err(KeyError::BadSignature) }
    }

    /// Verifies an Ed25519 signature over any message, strictly.
    pub(crate) fn verify_message(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let PublicKey::Curve(key) = &self.key else { return Err(KeyError::BadSignature) };
        let signature = Signature::from_slice(signature).map_err(|_| KeyError::BadSignature)?;
        key.verify_strict(message, &signature).map_err(|_| KeyError::BadSignature)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = split_key(text).ok_or_else(|| KeyError::Form(shorten(text)))?;
        let (algorithm, public_key) = typed(name, &bytes)?;
        let key = Self::new(name, algorithm, public_key)?;
        if key.id == id { Ok(key) } else { Err(KeyError::WrongId(name.to_owned())) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, self.id, self.algorithm, self.public_key())
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A private key with its name. It never appears in `Debug` output.
#[derive(Clone)]
pub struct SignerKey {
    key: SigningKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// Makes the key of a log from 32 random bytes.
    ///
    /// # Errors
    /// If the name cannot be that of a key.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::with_algorithm(name, Algorithm::Ed25519, seed)
    }

    /// Makes the key of a witness from 32 random bytes.
    ///
    /// # Errors
    /// If the name cannot be that of a key.
    pub fn cosigner_from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::with_algorithm(name, Algorithm::CosignatureV1, seed)
    }

    fn with_algorithm(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, algorithm, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// Returns the public half.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    /// Returns the text form `PRIVATE+KEY+name+id+base64`, to be kept secret.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        struct Secret<'a>(&'a SignerKey);
        impl fmt::Display for Secret<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let VerifierKey { name, id, algorithm, .. } = &self.0.verifier;
                write_key(f, name, *id, *algorithm, self.0.key.as_bytes())
            }
        }
        format!("{SIGNER_PREFIX}{}", Secret(self))
    }

    /// Signs any message with Ed25519.
    pub(super) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Signs a text as a log does.
    #[must_use]
    pub fn sign(&self, text: &str) -> NoteSignature {
        self.signature(self.key.sign(text.as_bytes()).to_bytes().to_vec())
    }

    /// Cosigns the text of a checkpoint as a witness does, at `time_s` seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn cosign(&self, text: &str, time_s: u64) -> NoteSignature {
        let mut bytes = time_s.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.key.sign(cosigned_message(time_s, text).as_bytes()).to_bytes());
        self.signature(bytes)
    }

    fn signature(&self, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature { name: self.verifier.name.clone(), key_id: self.verifier.id, bytes }
    }
}

impl FromStr for SignerKey {
    type Err = KeyError;

    /// Errors never repeat the text: it may be most of a secret.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let parts = text.strip_prefix(SIGNER_PREFIX).and_then(split_key);
        let (name, id, bytes) = parts.ok_or_else(|| KeyError::Form("(a private key)".to_owned()))?;
        let (algorithm, seed) = typed(name, &bytes)?;
        if algorithm == Algorithm::SubtreeV1 {
            return Err(KeyError::VerifiedOnly(name.to_owned()));
        }
        let seed = seed.try_into().map_err(|_| KeyError::Form(shorten(name)))?;
        let key = Self::with_algorithm(name, algorithm, seed)?;
        if key.verifier.id == id { Ok(key) } else { Err(KeyError::WrongId(name.to_owned())) }
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({}, ***)", self.verifier.name)
    }
}

/// Whether a text can name a key: not empty, no white space, no control characters, no plus sign.
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && !name.chars().any(|letter| letter.is_whitespace() || letter.is_control() || letter == '+')
}

fn key_id(name: &str, algorithm: Algorithm, public_key: &[u8]) -> u32 {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', algorithm.byte()]);
    hasher.update(public_key);
    let digest = hasher.finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

fn cosigned_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn split_key(text: &str) -> Option<(&str, u32, Vec<u8>)> {
    let mut parts = text.splitn(3, '+');
    let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !plain || !is_key_name(name) {
        return None;
    }
    Some((name, u32::from_str_radix(id, 16).ok()?, STANDARD.decode(encoded).ok()?))
}

/// Splits the time off a cosignature.
fn timed(signature: &[u8]) -> Result<(u64, &[u8]), KeyError> {
    let (time, signature) = signature.split_first_chunk::<8>().ok_or(KeyError::BadSignature)?;
    let time = u64::from_be_bytes(*time);
    // The specification limits the time to what a signed 64-bit number holds.
    if i64::try_from(time).is_ok() { Ok((time, signature)) } else { Err(KeyError::BadSignature) }
}

fn typed<'b>(name: &str, bytes: &'b [u8]) -> Result<(Algorithm, &'b [u8]), KeyError> {
    let (byte, key) = bytes.split_first().ok_or_else(|| KeyError::Form(shorten(name)))?;
    let algorithm = match byte {
        1 => Algorithm::Ed25519,
        4 => Algorithm::CosignatureV1,
        6 => Algorithm::SubtreeV1,
        other => return Err(KeyError::UnsupportedAlgorithm { name: shorten(name), byte: *other }),
    };
    Ok((algorithm, key))
}

fn write_key(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    id: u32,
    algorithm: Algorithm,
    key: &[u8],
) -> fmt::Result {
    let mut bytes = vec![algorithm.byte()];
    bytes.extend_from_slice(key);
    write!(f, "{name}+{id:08x}+{}", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_secrets_do_not_print() {
        let signer = SignerKey::from_seed("example.org/log", &[7; 32]).expect("key");
        let again: SignerKey = signer.to_secret_text().parse().expect("own text");
        assert_eq!(again.to_secret_text(), signer.to_secret_text());
        assert_eq!(
            signer.verifier().to_string().parse::<VerifierKey>().expect("own text"),
            signer.verifier()
        );
        assert_eq!(format!("{signer:?}"), "SignerKey(example.org/log, ***)");
    }

    #[test]
    fn published_witness_keys_read() {
        for key in [
            "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        ] {
            assert_eq!(key.parse::<VerifierKey>().expect(key).to_string(), key);
        }
    }

    #[test]
    fn other_keys_are_refused() {
        let point_of_small_order = STANDARD.encode([[1_u8].as_slice(), &[0; 32]].concat());
        for key in [
            "TEST",
            "TEST+7997405c",
            "TEST+7997405c+",
            "TEST+7997405C+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            "TEST+7997405d+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            "TESU+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            "TE ST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            "+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            "TEST+7997405c+AgcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RI==",
            &format!("TEST+00000000+{point_of_small_order}"),
        ] {
            assert!(key.parse::<VerifierKey>().is_err(), "{key}");
        }
        let error =
            "PRIVATE+KEY+TEST+nonsense+secret".parse::<SignerKey>().expect_err("not a key").to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn cosignature_commits_to_time_and_text() {
        let witness = SignerKey::cosigner_from_seed("witness.example/w1", &[9; 32]).expect("key");
        let text = "example.org/log\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n";
        let signature = witness.cosign(text, 1_679_315_147);
        let verifier = witness.verifier();
        assert_eq!(verifier.verify(text, &signature.bytes), Ok(Some(1_679_315_147)));
        let mut earlier = signature.bytes.clone();
        earlier[7] -= 1;
        assert_eq!(verifier.verify(text, &earlier), Err(KeyError::BadSignature));
        assert_eq!(
            verifier.verify(&text.replace("\n1\n", "\n2\n"), &signature.bytes),
            Err(KeyError::BadSignature)
        );
        assert_eq!(verifier.verify(text, &signature.bytes[..7]), Err(KeyError::BadSignature));
        // The same key as a log key does not accept a cosignature: the types sign different messages.
        let log =
            VerifierKey::new("witness.example/w1", Algorithm::Ed25519, verifier.public_key()).expect("key");
        assert_eq!(log.verify(text, &signature.bytes[8..]), Err(KeyError::BadSignature));
        assert_ne!(log.id(), verifier.id());
    }

    /// A subtree cosignature that another implementation made; see `tests/ledger/published/README.md`.
    const TORCHWOOD: &str = include_str!("../../tests/ledger/published/torchwood-subtree.txt");

    #[test]
    fn a_published_ml_dsa_cosignature_verifies_and_no_other_reading_of_it() {
        let (key, line) = TORCHWOOD.trim_end().split_once('\n').expect("two lines");
        let read: VerifierKey = key.parse().expect("a published key");
        assert_eq!((read.to_string().as_str(), read.algorithm()), (key, Algorithm::SubtreeV1));
        let bytes = STANDARD.decode(line.rsplit(' ').next().expect("base64")).expect("base64");
        let (id, signature) = bytes.split_first_chunk::<4>().expect("an id");
        assert_eq!(u32::from_be_bytes(*id), read.id());
        let root = crate::Hash::parse_base64("E7ERCtFloiK1fdb+B6/dLG0pM1nmIR0ETKBSauCjtVw=").expect("a root");
        let part = Subtree { origin: "example.com/log", start: 8, end: 13, root };
        assert_eq!(read.verify_subtree(&part, signature), Ok(0));
        for other in [
            Subtree { origin: "example.com/logs", ..part.clone() },
            Subtree { start: 0, ..part.clone() },
            Subtree { end: 14, ..part.clone() },
            Subtree { root: crate::tree::EMPTY_ROOT, ..part.clone() },
        ] {
            assert_eq!(read.verify_subtree(&other, signature), Err(KeyError::BadSignature), "{other:?}");
        }
        for at in [0, 7, 8, 1000, signature.len() - 1] {
            let mut changed = signature.to_vec();
            changed[at] ^= 1;
            assert_eq!(read.verify_subtree(&part, &changed), Err(KeyError::BadSignature), "{at}");
        }
        assert!(read.verify_subtree(&part, &signature[..signature.len() - 1]).is_err());
        let renamed = VerifierKey::new("witness.example/w2", Algorithm::SubtreeV1, read.public_key());
        assert!(renamed.expect("a key").verify_subtree(&part, signature).is_err(), "the name is signed");
    }

    /// Cosigns a checkpoint as a witness with an ML-DSA key would.
    fn cosigned(time: u64, checkpoint: &Checkpoint) -> (VerifierKey, NoteSignature) {
        use ml_dsa::{MlDsa44, SigningKey};
        let key = SigningKey::<MlDsa44>::from_seed(&[7; 32].into());
        let public_key = key.expanded_key().verifying_key().encode();
        let verifier =
            VerifierKey::new("pq.example/w", Algorithm::SubtreeV1, public_key.as_slice()).expect("key");
        let Checkpoint { origin, size, root } = checkpoint;
        let whole = Subtree { origin, start: 0, end: *size, root: *root };
        let message = lattice::message("pq.example/w", time, &whole).expect("a message");
        let signature = key.expanded_key().sign_deterministic(&message, &[]).expect("signed").encode();
        let bytes = [time.to_be_bytes().as_slice(), signature.as_slice()].concat();
        let line = NoteSignature { name: "pq.example/w".to_owned(), key_id: verifier.id(), bytes };
        (verifier, line)
    }

    #[test]
    fn an_ml_dsa_witness_counts_in_a_policy_if_it_states_a_time() {
        let log = SignerKey::from_seed("example.org/log", &[1; 32]).expect("key");
        let root = crate::tree::EMPTY_ROOT;
        let checkpoint = Checkpoint { origin: "example.org/log".to_owned(), size: 5, root };
        for (time, counts) in [(1_679_315_147, true), (0, false)] {
            let (witness, line) = cosigned(time, &checkpoint);
            let text = format!("log {}\nwitness pq {witness}\nquorum pq\n", log.verifier());
            let policy: crate::policy::Policy = text.parse().expect("a policy");
            let mut signed = checkpoint.sign(&[&log]).expect("a checkpoint");
            signed.add_signature(line);
            let read =
                super::super::SignedCheckpoint::parse(signed.to_text().as_bytes()).expect("reads back");
            assert_eq!(policy.accept(&read).is_ok(), counts, "{time}");
        }
        // A changed checkpoint does not carry it.
        let (witness, line) = cosigned(1_679_315_147, &checkpoint);
        let other = Checkpoint { size: 6, ..checkpoint };
        assert_eq!(witness.verify(&other.text(), &line.bytes), Err(KeyError::BadSignature));
    }

    /// Edge cases of Ed25519 with what strict verification without the cofactor says of each.
    const EDGES: &str = include_str!("../../tests/ledger/published/ed25519-speccheck.txt");

    #[test]
    fn ed25519_is_strict_at_the_published_edges() {
        let mut accepted = 0;
        for line in EDGES.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let bytes = |at: usize| hex::decode(words[at]).expect("hexadecimal");
            let key = VerifierKey::new("edge", Algorithm::Ed25519, &bytes(1));
            let verifies = key.is_ok_and(|key| key.verify_message(&bytes(2), &bytes(3)).is_ok());
            assert_eq!(verifies, words[0] == "accept", "{line}");
            accepted += usize::from(verifies);
        }
        assert_eq!((EDGES.lines().count(), accepted), (10, 1));
    }
}
