//! The installation's secret for accounts, in a file outside of the database.
//!
//! From its 32 bytes come, by HMAC-SHA256 with a label each: the pepper of passwords, the key that seals seeds of
//! authenticators, the key of digests of recovery codes and of addresses that were typed, and the seeds offered at an
//! enrollment. Without the file a stolen database gives nothing to guess passwords with.

use std::fs;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use tickmark_core::Digest;
use tickmark_core::id::PersonId;
use tickmark_core::identity::Email;
use tickmark_core::identity::totp::{RECOVERY_BYTES, SEED_BYTES, Seed};
use tickmark_store::folder::write_durably;
use zeroize::Zeroizing;

use super::sql;
use crate::{App, Error, Result};

/// The file, in the folder of keys.
const FILE: &str = "accounts.key";
/// How the key begins as text.
const TEXT_PREFIX: &str = "tickmark-accounts-key-1:";
const NONCE_BYTES: usize = 24;

/// The opened secret. Not printed by `Debug`.
pub(crate) struct Vault {
    id: String,
    secret: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({}, ***)", self.id)
    }
}

impl Vault {
    fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        let digest =
            Sha256::new().chain_update(b"tickmark/accounts-key-id/v1\0").chain_update(*secret).finalize();
        Self { id: hex::encode(&digest[..8]), secret }
    }

    /// Reads the file; makes it when nobody has anything that needs it.
    pub(super) async fn open(app: &App) -> Result<Self> {
        let path = app.folder().keys().join(FILE);
        let failed = |source: io::Error| Error::Unavailable {
            what: format!("reading {} failed", path.display()),
            source: Some(Box::new(source)),
        };
        match fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let key = text.trim().strip_prefix(TEXT_PREFIX).and_then(|key| STANDARD.decode(key).ok());
                let bytes = Zeroizing::new(key.unwrap_or_default());
                let secret: [u8; 32] = bytes
                    .as_slice()
                    .try_into()
                    .map_err(|_| Error::corrupt(path.display(), "it holds no key of accounts"))?;
                Ok(Self::new(Zeroizing::new(secret)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut tx = app.database.read().await?;
                if sql::anybody(&mut tx).await? {
                    let what = format!("the key of accounts is not here; restore {}", path.display());
                    return Err(Error::unavailable(what));
                }
                if !app.may_write() {
                    return Err(Error::unavailable(
                        "there are no accounts yet, and nothing may be written here",
                    ));
                }
                let vault = Self::new(Zeroizing::new(app.random()));
                let key = Zeroizing::new(STANDARD.encode(vault.secret.as_slice()));
                let text = Zeroizing::new(format!("{TEXT_PREFIX}{}\n", key.as_str()));
                write_durably(&path, text.as_bytes())?;
                Ok(vault)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns a digest of the secret that names it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    fn mac(&self, label: &str, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_slice()).expect("any length is a key");
        mac.update(label.as_bytes());
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// Returns what is hashed in place of a password.
    pub(super) fn pepper(&self, password: &[u8]) -> Zeroizing<[u8; 32]> {
        let key = self.mac("tickmark/pepper/v1", &[]);
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("any length is a key");
        mac.update(password);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// Returns the name under which failures of an address are counted, whether anybody has it or not.
    pub(crate) fn account(&self, email: &Email) -> String {
        hex::encode(&self.mac("tickmark/account/v1", &[email.as_str().as_bytes()])[..16])
    }

    /// Returns the digest of a recovery code under which it is stored.
    pub(crate) fn recovery(&self, person: PersonId, code: &[u8; RECOVERY_BYTES]) -> Digest {
        Digest(*self.mac("tickmark/recovery/v1", &[person.0.as_bytes(), code]))
    }

    /// Returns the seed that is offered to whoever holds a link. The same link offers the same seed, so that nothing has
    /// to be kept between showing it and proving it.
    pub(crate) fn offered(&self, link: &[u8; 32]) -> Seed {
        let bytes = self.mac("tickmark/offered-seed/v1", &[link]);
        Seed::new(bytes[..SEED_BYTES].try_into().expect("20 of 32 bytes"))
    }

    /// Seals a person's seed. `nonce` must be fresh. Sealed bytes open in their own row only.
    pub(crate) fn seal(&self, person: PersonId, seed: &Seed, nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let aad = self.place(person);
        let payload = Payload { msg: seed.bytes(), aad: &aad };
        let sealed =
            self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a seed fits into a message");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens a person's seed.
    pub(crate) fn open_seed(&self, person: PersonId, sealed_by: &str, sealed: &[u8]) -> Result<Seed> {
        if sealed_by != self.id {
            let what =
                format!("an authenticator was sealed with the key {sealed_by}, and {FILE} is {}", self.id);
            return Err(Error::unavailable(what));
        }
        let damaged = || Error::corrupt("the table of authenticators", "a seed does not open in its row");
        let (nonce, encrypted) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let aad = self.place(person);
        let payload = Payload { msg: encrypted, aad: &aad };
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())?;
        let opened = Zeroizing::new(opened);
        Ok(Seed::new(opened.as_slice().try_into().map_err(|_| damaged())?))
    }

    /// Seals what is kept at `place`, e.g. a letter that holds a link. `nonce` must be fresh.
    pub(crate) fn seal_text(&self, place: &str, text: &[u8], nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let aad = format!("{place}|{}", self.id).into_bytes();
        let payload = Payload { msg: text, aad: &aad };
        let sealed = self
            .text_cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("what is kept in a row fits into a message");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what is kept at `place`.
    pub(crate) fn open_text(
        &self,
        place: &str,
        sealed_by: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        if sealed_by != self.id {
            let what = format!("it was sealed with the key {sealed_by}, and {FILE} is {}", self.id);
            return Err(Error::unavailable(what));
        }
        let damaged = || Error::corrupt(place, "it does not open in its row");
        let (nonce, encrypted) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let aad = format!("{place}|{}", self.id).into_bytes();
        let payload = Payload { msg: encrypted, aad: &aad };
        let opened = self.text_cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())?;
        Ok(Zeroizing::new(opened))
    }

    fn text_cipher(&self) -> XChaCha20Poly1305 {
        let key = self.mac("tickmark/text-key/v1", &[]);
        XChaCha20Poly1305::new_from_slice(key.as_slice()).expect("the key has 32 bytes")
    }

    fn place(&self, person: PersonId) -> Vec<u8> {
        format!("authenticator|sealed|{person}|{}", self.id).into_bytes()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let key = self.mac("tickmark/seed-key/v1", &[]);
        XChaCha20Poly1305::new_from_slice(key.as_slice()).expect("the key has 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn a_seed_opens_in_its_own_row_only() {
        let (one, other) = (PersonId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
        let sealed = vault(7).seal(one, &Seed::new([3; 20]), [9; 24]);
        assert!(!sealed.windows(20).any(|window| window == [3; 20]));
        let open = |vault: &Vault, person, sealed: &[u8]| vault.open_seed(person, &vault.id.clone(), sealed);
        assert_eq!(open(&vault(7), one, &sealed).expect("its own").bytes(), &[3; 20]);
        assert!(matches!(open(&vault(7), other, &sealed), Err(Error::Damaged { .. })));
        assert!(matches!(open(&vault(8), one, &sealed), Err(Error::Damaged { .. })));
        assert!(matches!(vault(7).open_seed(one, "other", &sealed), Err(Error::Unavailable { .. })));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&vault(7), one, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_letter_opens_in_its_own_row_only() {
        let sealed = vault(7).seal_text("outbox|1", b"a link", [9; 24]);
        assert!(!sealed.windows(6).any(|window| window == b"a link"));
        let open = |vault: &Vault, place, sealed: &[u8]| vault.open_text(place, &vault.id.clone(), sealed);
        assert_eq!(open(&vault(7), "outbox|1", &sealed).expect("its own").as_slice(), b"a link");
        assert!(matches!(open(&vault(7), "outbox|2", &sealed), Err(Error::Damaged { .. })));
        assert!(matches!(open(&vault(8), "outbox|1", &sealed), Err(Error::Damaged { .. })));
        assert!(matches!(vault(7).open_text("outbox|1", "other", &sealed), Err(Error::Unavailable { .. })));
        assert!(open(&vault(7), "outbox|1", &sealed[..20]).is_err());
    }

    #[test]
    fn what_comes_from_the_secret_differs_by_purpose_and_installation() {
        let email = "robin@example.com".parse().expect("an address");
        assert_ne!(vault(1).account(&email), vault(2).account(&email));
        assert_ne!(vault(1).offered(&[1; 32]).bytes(), vault(1).offered(&[2; 32]).bytes());
        assert_ne!(vault(1).pepper(b"a"), vault(1).pepper(b"b"));
        assert_eq!(format!("{:?}", vault(1)), format!("Vault({}, ***)", vault(1).id));
    }
}
