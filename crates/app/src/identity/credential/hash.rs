//! Hashing of passwords, on threads of its own and never many at once.
//!
//! One hash takes 19 MiB and about a tenth of a second, on purpose. So two are computed at a time and few may wait; more
//! are told to come back, or signing in would be a way to exhaust the machine.
//!
//! Source: RFC 9106; `docs/domain/identity.md` section 1.3 (measured on two cores: 19 MiB, 2 passes: 117 ms).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::turns::Turns;
use crate::{Error, Result};

/// Hashes computed at one time.
const AT_ONCE: usize = 2;
/// Hashes that wait or are computed.
const QUEUE: usize = 16;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Most memory that a stored hash may ask for, in KiB: what is stored could have been exchanged.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// Most passes that a stored hash may ask for.
const MAX_PASSES: u32 = 16;

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// What passwords of people are hashed with.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2 };
}

/// The pool.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    pub(super) cost: Cost,
    turns: Turns,
}

/// What came out of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Whether it is the password.
    pub(crate) is_same: bool,
    /// Whether the hash is one of another cost than the present one.
    pub(crate) is_outdated: bool,
}

struct Stored {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Hasher {
    pub(crate) fn new(cost: Cost) -> Self {
        let busy = "too many people sign in at this moment; try again in a few seconds";
        Self { cost, turns: Turns::new(AT_ONCE, QUEUE, busy) }
    }

    /// Hashes what a password became under the pepper; returns a PHC string.
    pub(crate) async fn hash(&self, peppered: Zeroizing<[u8; 32]>, salt: [u8; 16]) -> Result<String> {
        let cost = self.cost;
        let hash = self.turns.run(move || compute(cost, &peppered, &salt)).await??;
        Ok(format!(
            "$argon2id$v=19$m={},t={},p=1${}${}",
            cost.memory_kib,
            cost.passes,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(hash.as_slice())
        ))
    }

    /// Compares with a stored hash. Without one it takes as long, and is not the same.
    pub(crate) async fn compare(
        &self,
        peppered: Zeroizing<[u8; 32]>,
        stored: Option<&str>,
    ) -> Result<Compared> {
        let known = match stored {
            Some(text) => {
                let what = "the table of passwords";
                Some(Stored::parse(text).ok_or_else(|| Error::corrupt(what, "a hash is not of its form"))?)
            }
            None => None,
        };
        let is_known = known.is_some();
        let against =
            known.unwrap_or(Stored { cost: self.cost, salt: vec![0; 16], hash: vec![0; HASH_BYTES] });
        let is_outdated = against.cost != self.cost;
        let is_same = self
            .turns
            .run(move || -> Result<bool> {
                let hash = compute(against.cost, &peppered, &against.salt)?;
                Ok(bool::from(hash.ct_eq(&against.hash)))
            })
            .await??;
        Ok(Compared { is_same: is_same && is_known, is_outdated })
    }
}

fn compute(cost: Cost, peppered: &[u8; 32], salt: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |error| Error::Internal { what: format!("hashing a password: {error}"), source: None };
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES)).map_err(failed)?;
    let mut hash = Zeroizing::new(vec![0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(peppered, salt, &mut hash)
        .map_err(failed)?;
    Ok(hash)
}

impl Stored {
    /// Reads a PHC string of the one form that is written here.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$m=")?.split('$');
        let (memory, rest) = parts.next()?.split_once(",t=")?;
        let passes = rest.strip_suffix(",p=1")?;
        let cost = Cost { memory_kib: memory.parse().ok()?, passes: passes.parse().ok()? };
        let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
        let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
        let is_bounded = cost.memory_kib <= MAX_MEMORY_KIB && cost.passes <= MAX_PASSES;
        let is_whole = salt.len() >= 8 && hash.len() == HASH_BYTES && parts.next().is_none();
        (is_bounded && is_whole).then_some(Self { cost, salt, hash })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1 };

    fn peppered(byte: u8) -> Zeroizing<[u8; 32]> {
        Zeroizing::new([byte; 32])
    }

    #[tokio::test]
    async fn a_hash_is_that_of_its_password_only() {
        let hasher = Hasher::new(CHEAP);
        let stored = hasher.hash(peppered(1), [2; 16]).await.expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        let same = |byte, stored| hasher.compare(peppered(byte), stored);
        let compared = same(1, Some(stored.as_str())).await.expect("compared");
        assert_eq!(compared, Compared { is_same: true, is_outdated: false });
        assert!(!same(2, Some(stored.as_str())).await.expect("compared").is_same);
        assert!(!same(1, None).await.expect("compared").is_same);
        let dearer = Hasher::new(Cost { memory_kib: 128, passes: 1 });
        let compared = dearer.compare(peppered(1), Some(&stored)).await.expect("compared");
        assert_eq!(compared, Compared { is_same: true, is_outdated: true });
    }

    #[test]
    fn the_algorithm_is_the_one_others_compute() {
        // python3-argon2 (the reference implementation in C): argon2.low_level.hash_secret_raw with type ID.
        let hash = compute(CHEAP, &[1; 32], &[2; 16]).expect("computed");
        assert_eq!(hex::encode(hash.as_slice()), EXPECTED);
    }

    #[test]
    fn what_was_exchanged_in_the_database_does_not_exhaust_the_machine() {
        let salt_and_hash = "AgICAgICAgICAgICAgICAg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for (head, good) in [
            ("$argon2id$v=19$m=19456,t=2,p=1", true),
            ("$argon2id$v=19$m=4294967295,t=2,p=1", false),
            ("$argon2id$v=19$m=64,t=4294967295,p=1", false),
            ("$argon2id$v=19$m=64,t=1,p=2", false),
            ("$argon2i$v=19$m=64,t=1,p=1", false),
        ] {
            assert_eq!(Stored::parse(&format!("{head}${salt_and_hash}")).is_some(), good, "{head}");
        }
        assert!(Stored::parse(&format!("$argon2id$v=19$m=64,t=1,p=1${salt_and_hash}$")).is_none());
    }

    #[tokio::test]
    async fn a_flood_is_told_to_come_back() {
        let hasher = Hasher::new(CHEAP);
        let held = Arc::clone(&hasher.turns.at_once).acquire_many_owned(2).await.expect("turns");
        let all: Vec<_> = (0..QUEUE + 5)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.compare(peppered(1), None).await })
            })
            .collect();
        // Those that found no place are done; the others wait for the turns that are held here.
        while all.iter().filter(|one| one.is_finished()).count() < 5 {
            tokio::task::yield_now().await;
        }
        drop(held);
        let mut refused = 0;
        for one in all {
            match one.await.expect("no panic") {
                Ok(compared) => assert!(!compared.is_same),
                Err(Error::Unavailable { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(refused, 5);
        assert_eq!(hasher.turns.queued.load(Ordering::SeqCst), 0);
    }

    const EXPECTED: &str = "6a1796cc5b540d398fdecc3120c9f21e591169917c5f8da452f51b064c81e899";
}
