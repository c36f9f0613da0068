//! Artifacts at rest: content under a data key of its own, the data key under a wrapping key.
//!
//! Sealed bytes are `TMS1`, a nonce of 24 bytes, and XChaCha20-Poly1305 of the content with `TMS1` as associated data.
//! A wrapped key is a nonce of 24 bytes and XChaCha20-Poly1305 of the 32 bytes of the data key; its associated data
//! names the sealed bytes it opens, so that wrapped keys cannot be exchanged between rows.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use tickmark_core::Digest;
use zeroize::Zeroizing;

/// First bytes of everything sealed.
const MAGIC: &[u8; 4] = b"TMS1";
const NONCE_BYTES: usize = 24;
/// Length of an authentication tag.
const TAG_BYTES: usize = 16;
/// Bytes of a wrapped key.
const WRAPPED_BYTES: usize = NONCE_BYTES + 32 + TAG_BYTES;
/// Associated data of wrapped keys begins with this.
const WRAP_DOMAIN: &[u8] = b"tickmark/data-key/v1\0";
/// What is hashed with a wrapping key to make its id.
const ID_DOMAIN: &[u8] = b"tickmark/wrapping-key-id/v1\0";
/// How a wrapping key begins as text.
const TEXT_PREFIX: &str = "tickmark-wrapping-key-1:";

/// The key of one artifact's bytes. Not printed by `Debug`.
pub(super) struct DataKey(Zeroizing<[u8; 32]>);

/// The organization's key, under which the keys of its artifacts are stored. Not printed by `Debug`.
#[derive(Clone)]
pub(super) struct WrappingKey {
    id: String,
    secret: Zeroizing<[u8; 32]>,
}

/// A data key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// What ledger entries call the data key.
    pub id: String,
    /// Id of the wrapping key.
    pub wrapped_by: String,
    pub(super) bytes: Vec<u8>,
}

/// It is not what it says, or another key made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CannotOpen;

impl DataKey {
    pub(super) fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Encrypts content. `nonce` must be fresh.
    pub(super) fn seal(&self, nonce: [u8; NONCE_BYTES], content: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: content, aad: MAGIC };
        let encrypted = cipher(&self.0).encrypt(&XNonce::from(nonce), payload);
        [MAGIC, nonce.as_slice(), &encrypted.expect("content fits into one message")].concat()
    }

    /// Decrypts what [`DataKey::seal`] made.
    pub(super) fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let rest = sealed.strip_prefix(MAGIC).ok_or(CannotOpen)?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(CannotOpen)?;
        let payload = Payload { msg: encrypted, aad: MAGIC };
        cipher(&self.0).decrypt(&XNonce::from(*nonce), payload).map_err(|_| CannotOpen)
    }
}

impl WrappingKey {
    pub(super) fn new(random: [u8; 32]) -> Self {
        let secret = Zeroizing::new(random);
        let digest = Sha256::new().chain_update(ID_DOMAIN).chain_update(secret.as_slice()).finalize();
        Self { id: hex::encode(&digest[..8]), secret }
    }

    /// Returns a digest of the key that names it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the line that stands in a key file.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{TEXT_PREFIX}{}\n", STANDARD.encode(self.secret.as_slice())))
    }

    /// Reads a line of a key file.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(line.trim().strip_prefix(TEXT_PREFIX)?).ok()?);
        Some(Self::new(bytes.as_slice().try_into().ok()?))
    }

    /// Wraps the data key of the bytes stored under `stored`. `nonce` must be fresh.
    pub(super) fn wrap(
        &self,
        id: &str,
        key: &DataKey,
        stored: Digest,
        nonce: [u8; NONCE_BYTES],
    ) -> WrappedKey {
        let aad = associated(stored);
        let payload = Payload { msg: key.0.as_slice(), aad: &aad };
        let encrypted = cipher(&self.secret).encrypt(&XNonce::from(nonce), payload);
        WrappedKey {
            id: id.to_owned(),
            wrapped_by: self.id.clone(),
            bytes: [nonce.as_slice(), &encrypted.expect("a key fits into one message")].concat(),
        }
    }

    /// Gives back the data key of the bytes stored under `stored`.
    pub(super) fn unwrap(&self, wrapped: &WrappedKey, stored: Digest) -> Result<DataKey, CannotOpen> {
        if wrapped.bytes.len() != WRAPPED_BYTES || wrapped.wrapped_by != self.id {
            return Err(CannotOpen);
        }
        let (nonce, encrypted) = wrapped.bytes.split_first_chunk::<NONCE_BYTES>().ok_or(CannotOpen)?;
        let aad = associated(stored);
        let payload = Payload { msg: encrypted, aad: &aad };
        let key = cipher(&self.secret).decrypt(&XNonce::from(*nonce), payload).map_err(|_| CannotOpen)?;
        let key = Zeroizing::new(key);
        Ok(DataKey::new(key.as_slice().try_into().map_err(|_| CannotOpen)?))
    }
}

impl fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappingKey({}, ***)", self.id)
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({} by {})", self.id, self.wrapped_by)
    }
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(key).expect("the key has 32 bytes")
}

fn associated(stored: Digest) -> Vec<u8> {
    [WRAP_DOMAIN, &stored.0].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_every_changed_byte_is_noticed() {
        let key = DataKey::new([1; 32]);
        let sealed = key.seal([2; 24], b"content");
        assert_eq!(sealed.len(), 4 + 24 + 7 + 16);
        assert_eq!(key.open(&sealed).as_deref(), Ok(&b"content"[..]));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(&changed), Err(CannotOpen), "byte {at}");
            assert_eq!(key.open(&sealed[..at]), Err(CannotOpen), "{at} bytes");
        }
        assert_eq!(DataKey::new([3; 32]).open(&sealed), Err(CannotOpen));
    }

    #[test]
    fn sealed_bytes_are_those_another_implementation_makes() {
        // HChaCha20 of the key and the first 16 bytes of the nonce, then ChaCha20-Poly1305 of python3-cryptography with
        // four zero bytes and the last 8: draft-irtf-cfrg-xchacha-03, section 2.3.
        let sealed = DataKey::new([1; 32]).seal([2; 24], b"content");
        assert_eq!(&sealed[..4], MAGIC);
        assert_eq!(hex::encode(&sealed[28..]), EXPECTED);
    }

    #[test]
    fn a_wrapped_key_opens_only_its_own_bytes_and_only_with_its_wrapping_key() {
        let wrapping = WrappingKey::new([7; 32]);
        let stored = Digest::of(b"sealed");
        let wrapped = wrapping.wrap("one", &DataKey::new([1; 32]), stored, [9; 24]);
        let key = wrapping.unwrap(&wrapped, stored).expect("the same key");
        assert_eq!(*key.0, [1; 32]);
        assert!(wrapping.unwrap(&wrapped, Digest::of(b"other")).is_err());
        assert!(WrappingKey::new([8; 32]).unwrap(&wrapped, stored).is_err());
        let mut changed = wrapped.clone();
        changed.bytes[30] ^= 1;
        assert!(wrapping.unwrap(&changed, stored).is_err());
        changed.bytes.pop();
        assert!(wrapping.unwrap(&changed, stored).is_err());
    }

    #[test]
    fn a_wrapping_key_reads_back_and_is_not_printed() {
        let key = WrappingKey::new([7; 32]);
        let read = WrappingKey::parse(&key.to_text()).expect("its own text");
        assert_eq!((read.id(), *read.secret), (key.id(), [7; 32]));
        assert!(WrappingKey::parse("tickmark-wrapping-key-1:AAAA").is_none());
        assert!(WrappingKey::parse("").is_none());
        assert_eq!(format!("{key:?}"), format!("WrappingKey({}, ***)", key.id()));
    }

    const EXPECTED: &str = "af09589bcf19884118125d349dc8717ce6621af60a325f";
}
