//! The installation's secret for accounts, in a file outside of the database.
//!
//! From its 32 bytes come, by HMAC-SHA256 with a label each: the pepper of passwords, the key that seals seeds of
//! authenticators, the key of digests of recovery codes and of addresses that were typed, and the seeds offered at an
//! enrollment. Without the file a stolen database gives nothing to guess passwords with. The file can hold several secrets,
//! one a line, the present one first: see `rotate`.

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

/// Most keys in the file.
const MAX_KEYS: usize = 20;

/// The opened secrets. Not printed by `Debug`.
///
/// The first one is the present one: what is made new is made with it. The others open what was made with them before.
pub(crate) struct Vault {
    keys: Vec<Key>,
}

struct Key {
    id: String,
    secret: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({}, ***)", self.id())
    }
}

impl Vault {
    #[cfg(test)]
    fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        Self { keys: vec![Key::new(secret)] }
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
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                let keys: Option<Vec<Key>> = lines.map(Key::read).collect();
                let keys = keys.filter(|keys| (1..=MAX_KEYS).contains(&keys.len()));
                let keys =
                    keys.ok_or_else(|| Error::corrupt(path.display(), "it holds no keys of accounts"))?;
                Ok(Self { keys })
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
                let vault = Self { keys: vec![Key::new(Zeroizing::new(app.random()))] };
                vault.keep(app)?;
                Ok(vault)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes the file: all of it, or it stays as it was.
    fn keep(&self, app: &App) -> Result<()> {
        let mut text = Zeroizing::new(String::new());
        for key in &self.keys {
            let line = Zeroizing::new(STANDARD.encode(key.secret.as_slice()));
            text.push_str(TEXT_PREFIX);
            text.push_str(&line);
            text.push('\n');
        }
        Ok(write_durably(&app.folder().keys().join(FILE), text.as_bytes())?)
    }

    /// Writes the file with another key before those that there are.
    pub(super) fn with_new_key(&self, app: &App) -> Result<()> {
        if self.keys.len() >= MAX_KEYS {
            return Err(Error::conflict(format!(
                "there are {MAX_KEYS} keys of accounts; drop older ones first"
            )));
        }
        let mut keys = vec![Key::new(Zeroizing::new(app.random()))];
        keys.extend(self.keys.iter().map(|key| Key::new(key.secret.clone())));
        Self { keys }.keep(app)
    }

    /// Writes the file with the present key alone.
    pub(super) fn without_older_keys(&self, app: &App) -> Result<()> {
        let keys = self.keys.iter().take(1).map(|key| Key::new(key.secret.clone())).collect();
        Self { keys }.keep(app)
    }

    /// Returns a digest of the present key that names it.
    pub(crate) fn id(&self) -> &str {
        &self.present().id
    }

    /// Returns the names of the keys before the present one, the latest first.
    pub(super) fn older(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().skip(1).map(|key| key.id.as_str())
    }

    fn present(&self) -> &Key {
        // There is always one.
        self.keys.first().expect("a vault holds a key")
    }

    fn by(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Returns what is hashed in place of a password.
    pub(super) fn pepper(&self, password: &[u8]) -> Zeroizing<[u8; 32]> {
        self.present().pepper(password)
    }

    /// The same as it was with another key; none if that key is not here.
    pub(super) fn pepper_by(&self, id: &str, password: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        self.by(id).map(|key| key.pepper(password))
    }

    /// Returns the name under which failures of an address are counted, whether anybody has it or not.
    pub(crate) fn account(&self, email: &Email) -> String {
        self.present().account(email)
    }

    /// Returns the names under which they were counted before.
    pub(super) fn older_accounts<'a>(&'a self, email: &'a Email) -> impl Iterator<Item = String> + 'a {
        self.keys.iter().skip(1).map(|key| key.account(email))
    }

    /// Returns the digest of a recovery code under which it is stored.
    pub(crate) fn recovery(&self, person: PersonId, code: &[u8; RECOVERY_BYTES]) -> Digest {
        self.present().recovery(person, code)
    }

    /// Returns every digest under which it can be stored, the present one first.
    pub(super) fn recoveries(&self, person: PersonId, code: &[u8; RECOVERY_BYTES]) -> Vec<Digest> {
        self.keys.iter().map(|key| key.recovery(person, code)).collect()
    }

    /// Returns the seed that is offered to whoever holds a link. The same link offers the same seed, so that nothing has
    /// to be kept between showing it and proving it.
    pub(crate) fn offered(&self, link: &[u8; 32]) -> Seed {
        let bytes = self.present().mac("tickmark/offered-seed/v1", &[link]);
        Seed::new(bytes[..SEED_BYTES].try_into().expect("20 of 32 bytes"))
    }

    /// Seals a person's seed. `nonce` must be fresh. Sealed bytes open in their own row only.
    pub(crate) fn seal(&self, person: PersonId, seed: &Seed, nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        self.present().seal(person, seed, nonce)
    }

    /// Opens a person's seed.
    pub(crate) fn open_seed(&self, person: PersonId, sealed_by: &str, sealed: &[u8]) -> Result<Seed> {
        let key = self.by(sealed_by).ok_or_else(|| self.lacks("an authenticator", sealed_by))?;
        key.open_seed(person, sealed)
    }

    /// Seals what is kept at `place`, e.g. a letter that holds a link. `nonce` must be fresh.
    pub(crate) fn seal_text(&self, place: &str, text: &[u8], nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        self.present().seal_text(place, text, nonce)
    }

    /// Opens what is kept at `place`.
    pub(crate) fn open_text(
        &self,
        place: &str,
        sealed_by: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.by(sealed_by).ok_or_else(|| self.lacks("it", sealed_by))?.open_text(place, sealed)
    }

    fn lacks(&self, what: &str, sealed_by: &str) -> Error {
        Error::unavailable(format!("{what} was sealed with the key {sealed_by}, and {FILE} is {}", self.id()))
    }
}

impl Key {
    fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        let digest =
            Sha256::new().chain_update(b"tickmark/accounts-key-id/v1\0").chain_update(*secret).finalize();
        Self { id: hex::encode(&digest[..8]), secret }
    }

    fn read(line: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(line.strip_prefix(TEXT_PREFIX)?).ok()?);
        let secret: [u8; 32] = bytes.as_slice().try_into().ok()?;
        Some(Self::new(Zeroizing::new(secret)))
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

    fn pepper(&self, password: &[u8]) -> Zeroizing<[u8; 32]> {
        let key = self.mac("tickmark/pepper/v1", &[]);
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("any length is a key");
        mac.update(password);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    fn account(&self, email: &Email) -> String {
        hex::encode(&self.mac("tickmark/account/v1", &[email.as_str().as_bytes()])[..16])
    }

    fn recovery(&self, person: PersonId, code: &[u8; RECOVERY_BYTES]) -> Digest {
        Digest(*self.mac("tickmark/recovery/v1", &[person.0.as_bytes(), code]))
    }

    fn seal(&self, person: PersonId, seed: &Seed, nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let aad = self.place(person);
        let payload = Payload { msg: seed.bytes(), aad: &aad };
        let sealed =
            self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a seed fits into a message");
        [nonce.as_slice(), &sealed].concat()
    }

    fn open_seed(&self, person: PersonId, sealed: &[u8]) -> Result<Seed> {
        let damaged = || Error::corrupt("the table of authenticators", "a seed does not open in its row");
        let (nonce, encrypted) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let aad = self.place(person);
        let payload = Payload { msg: encrypted, aad: &aad };
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())?;
        let opened = Zeroizing::new(opened);
        Ok(Seed::new(opened.as_slice().try_into().map_err(|_| damaged())?))
    }

    fn seal_text(&self, place: &str, text: &[u8], nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let aad = format!("{place}|{}", self.id).into_bytes();
        let payload = Payload { msg: text, aad: &aad };
        let sealed = self
            .text_cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("what is kept in a row fits into a message");
        [nonce.as_slice(), &sealed].concat()
    }

    fn open_text(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
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
        let open = |vault: &Vault, person, sealed: &[u8]| vault.open_seed(person, vault.id(), sealed);
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
    fn what_was_made_with_a_key_before_still_opens_and_new_things_are_made_with_the_present_one() {
        let one = PersonId(Uuid::from_u128(1));
        let (before, now) = (vault(7), vault(8));
        let both = Vault { keys: [8, 7].map(|byte| Key::new(Zeroizing::new([byte; 32]))).into() };
        let (seed, letter) =
            (before.seal(one, &Seed::new([3; 20]), [9; 24]), before.seal_text("a|1", b"x", [9; 24]));
        assert_eq!(both.open_seed(one, before.id(), &seed).expect("opens").bytes(), &[3; 20]);
        assert_eq!(both.open_text("a|1", before.id(), &letter).expect("opens").as_slice(), b"x");
        assert!(now.open_seed(one, before.id(), &seed).is_err(), "once it is dropped");
        assert_eq!((both.id(), both.older().collect::<Vec<_>>()), (now.id(), vec![before.id()]));
        assert_eq!(both.pepper(b"a"), now.pepper(b"a"));
        assert_eq!(both.pepper_by(before.id(), b"a"), Some(before.pepper(b"a")));
        assert_eq!(both.pepper_by("another", b"a"), None);
        let code = [5; RECOVERY_BYTES];
        assert_eq!(both.recoveries(one, &code), [now.recovery(one, &code), before.recovery(one, &code)]);
        let email = "robin@example.com".parse().expect("an address");
        assert_eq!(both.older_accounts(&email).collect::<Vec<_>>(), [before.account(&email)]);
    }

    #[test]
    fn a_letter_opens_in_its_own_row_only() {
        let sealed = vault(7).seal_text("outbox|1", b"a link", [9; 24]);
        assert!(!sealed.windows(6).any(|window| window == b"a link"));
        let open = |vault: &Vault, place, sealed: &[u8]| vault.open_text(place, vault.id(), sealed);
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
        assert_eq!(format!("{:?}", vault(1)), format!("Vault({}, ***)", vault(1).id()));
    }
}
