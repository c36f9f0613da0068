//! Whose signatures count: C2SP `tlog-policy` files.
//!
//! A checkpoint is accepted if it is signed by a listed log whose key name is the checkpoint's origin, and cosigned
//! by the quorum of witnesses. Who verifies chooses the policy; it is never taken from what is being verified.
//!
//! A key may count for a range of sizes only: so a key that was replaced or revoked vouches for what it signed while it
//! was trusted, and for nothing after. The range stands in a line `#sizes NAME+ID FROM TO` below the key's line, with
//! `-` for "no end". To other readers of the format it is a comment, so they accept more than this crate, never less.
//!
//! Source: c2sp.org/tlog-policy.

mod file;
mod leaf;

use std::collections::BTreeSet;
use std::fmt;

pub use leaf::{NamedAuthority, NamedWitness, PolicyInForce, PolicySet};

use crate::epoch::Rotation;
use crate::note::{Algorithm, Note, NoteError, SignedCheckpoint, Verified, VerifierKey};

/// Size from which a policy file is refused.
pub const MAX_POLICY_BYTES: usize = 256 * 1024;
/// Keys of logs from which a policy is refused.
const MAX_LOGS: usize = 1000;

/// The sizes of checkpoints for which a key counts, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The first size.
    pub from: u64,
    /// The last size; none if the key still signs.
    pub to: Option<u64>,
}

impl Sizes {
    /// Every size.
    pub const ALL: Self = Self { from: 0, to: None };

    /// Whether a checkpoint of `size` is inside.
    #[must_use]
    pub fn contains(&self, size: u64) -> bool {
        self.from <= size && self.to.is_none_or(|to| size <= to)
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            None => write!(f, "sizes from {}", self.from),
            Some(to) => write!(f, "sizes {} to {to}", self.from),
        }
    }
}

/// A key of a log, and for which of its checkpoints it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// The key; its name is the origin.
    pub key: VerifierKey,
    /// For which sizes it counts.
    pub sizes: Sizes,
}

/// Logs, witnesses, groups and the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<LogKey>,
    witnesses: Vec<(String, VerifierKey)>,
    groups: Vec<Group>,
    quorum: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

/// A checkpoint was accepted: by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The log's key.
    pub log: VerifierKey,
    /// Names of witnesses that cosigned, with the time they state, in seconds since 1970-01-01T00:00:00Z.
    pub witnesses: Vec<(String, u64)>,
}

/// Why a text is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// More bytes than a policy may have, or bytes outside its character set.
    #[error("policy is too large or not plain UTF-8 text")]
    NotText,
    /// A line that means nothing, or contradicts an earlier one.
    #[error("policy line {line}: {problem}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// No quorum line.
    #[error("policy has no quorum line")]
    NoQuorum,
}

/// Why a checkpoint is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The log is not one of the policy.
    #[error("log {0} is not one of the policy")]
    UnknownLog(String),
    /// A rotation from a key that is not one of the policy.
    #[error("key {0} is not one of the policy")]
    UnknownKey(String),
    /// A rotation to a key that already counts for something else.
    #[error("key {0} is already one of the policy")]
    KeyReused(String),
    /// A chain of rotations without end.
    #[error("more than {MAX_LOGS} keys")]
    TooManyKeys,
    /// A signature is wrong, or the log did not sign.
    #[error("{origin}: {source}")]
    Signature {
        /// The log.
        origin: String,
        /// What is wrong.
        source: NoteError,
    },
    /// Signed by a key of the log that does not count for this size.
    #[error("{key} signed size {size}, but counts for {sizes} only")]
    OutOfRange {
        /// Name and id of the key.
        key: String,
        /// Size of the checkpoint.
        size: u64,
        /// For which the key counts.
        sizes: Sizes,
    },
    /// Too few witnesses cosigned.
    #[error("checkpoint of {origin} is not cosigned by the quorum {quorum}")]
    NoQuorum {
        /// The log.
        origin: String,
        /// Name of witness or group.
        quorum: String,
    },
}

impl Policy {
    /// Makes the policy that trusts one log and asks for no witness.
    ///
    /// # Errors
    /// If the key is one of a witness.
    pub fn of_log(key: VerifierKey) -> Result<Self, InvalidPolicy> {
        let mut policy = Self { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None };
        policy.add_log(key).map_err(|problem| InvalidPolicy::Line { line: 1, problem })?;
        Ok(policy)
    }

    /// Makes the policy that trusts keys for ranges of sizes and asks for no witness.
    ///
    /// # Errors
    /// If a key is one of a witness, stands twice, or has an empty range.
    pub fn of_keys(keys: impl IntoIterator<Item = LogKey>) -> Result<Self, InvalidPolicy> {
        let mut policy = Self { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None };
        for (at, LogKey { key, sizes }) in keys.into_iter().enumerate() {
            let id = short_name(&key);
            let added = policy.add_log(key).and_then(|()| policy.set_sizes(&id, sizes));
            added.map_err(|problem| InvalidPolicy::Line { line: at + 1, problem })?;
        }
        Ok(policy)
    }

    /// Returns the keys of the logs.
    #[must_use]
    pub fn logs(&self) -> &[LogKey] {
        &self.logs
    }

    /// Trusts the new key of a rotation, if its old key is one of this policy that counts where the overlap begins.
    /// The old key counts no further than the rotation says. Following the same rotation again changes nothing.
    ///
    /// # Errors
    /// If the old key is not trusted here, or the new key is already trusted for something else.
    pub fn follow(&mut self, rotation: &Rotation) -> Result<(), Refusal> {
        let unknown = || Refusal::UnknownKey(short_name(&rotation.old));
        let old = self.logs.iter().position(|log| log.key == rotation.old).ok_or_else(unknown)?;
        let sizes = self.logs[old].sizes;
        if !sizes.contains(rotation.from) {
            let key = short_name(&rotation.old);
            return Err(Refusal::OutOfRange { key, size: rotation.from, sizes });
        }
        match self.logs.iter().find(|log| log.key.public_key() == rotation.new.public_key()) {
            Some(known) if known.key == rotation.new && known.sizes.from <= rotation.from => {}
            Some(_) => return Err(Refusal::KeyReused(short_name(&rotation.new))),
            None if self.logs.len() >= MAX_LOGS => return Err(Refusal::TooManyKeys),
            None => self
                .logs
                .push(LogKey { key: rotation.new.clone(), sizes: Sizes { from: rotation.from, to: None } }),
        }
        let end = [sizes.to, rotation.until].into_iter().flatten().min();
        self.logs[old].sizes.to = end;
        Ok(())
    }

    /// Trusts a key for no checkpoint larger than `last`: what a revocation asks for. Says whether the key is here.
    pub fn revoke_after(&mut self, key: &VerifierKey, last: u64) -> bool {
        let Some(log) = self.logs.iter_mut().find(|log| log.key == *key) else { return false };
        log.sizes.to = Some(log.sizes.to.map_or(last, |to| to.min(last)));
        true
    }

    /// Decides whether a checkpoint is accepted.
    ///
    /// # Errors
    /// If it is not, with the reason.
    pub fn accept(&self, signed: &SignedCheckpoint) -> Result<Accepted, Refusal> {
        let origin = signed.checkpoint.origin.clone();
        let (log, verified) = self.verify(&origin, &signed.note, signed.checkpoint.size)?;
        let cosigned = |name: &str, key: &VerifierKey| {
            let found = verified.iter().find(|found| found.key == key)?;
            Some((name.to_owned(), found.time?))
        };
        let witnesses: Vec<_> = self.witnesses.iter().filter_map(|(name, key)| cosigned(name, key)).collect();
        let names: BTreeSet<&str> = witnesses.iter().map(|(name, _)| name.as_str()).collect();
        match &self.quorum {
            Some(quorum) if !self.is_witnessed(quorum, &names) => {
                Err(Refusal::NoQuorum { origin, quorum: quorum.clone() })
            }
            _ => Ok(Accepted { log, witnesses }),
        }
    }

    /// Decides whether a log of this policy signed a checkpoint, whatever witnesses say: for one that was kept.
    ///
    /// # Errors
    /// If it did not, with the reason.
    pub fn accept_kept(&self, signed: &SignedCheckpoint) -> Result<VerifierKey, Refusal> {
        self.accept_note(&signed.checkpoint.origin, signed.checkpoint.size, &signed.note)
    }

    /// Decides whether a log of this policy signed a note that is not a checkpoint, about the log at `size`.
    ///
    /// # Errors
    /// If it did not, with the reason.
    pub fn accept_note(&self, origin: &str, size: u64, note: &Note) -> Result<VerifierKey, Refusal> {
        self.verify(origin, note, size).map(|(log, _)| log)
    }

    fn verify(
        &self,
        origin: &str,
        note: &Note,
        size: u64,
    ) -> Result<(VerifierKey, Vec<Verified<'_>>), Refusal> {
        let logs = || self.logs.iter().filter(|log| log.key.name() == origin);
        if logs().next().is_none() {
            return Err(Refusal::UnknownLog(origin.to_owned()));
        }
        let refuse = |source| Refusal::Signature { origin: origin.to_owned(), source };
        let keys: Vec<&VerifierKey> =
            logs().map(|log| &log.key).chain(self.witnesses.iter().map(|(_, key)| key)).collect();
        let verified = note.verify(keys).map_err(refuse)?;
        // A key of the log that signed outside of its range counts as little as none, but is named.
        let mut refusal = refuse(NoteError::NoKnownKey);
        for found in verified.iter().filter(|found| found.key.algorithm() == Algorithm::Ed25519) {
            let Some(LogKey { key, sizes }) = logs().find(|log| log.key == *found.key) else { continue };
            if sizes.contains(size) {
                return Ok((key.clone(), verified));
            }
            refusal = Refusal::OutOfRange { key: short_name(key), size, sizes: *sizes };
        }
        Err(refusal)
    }

    /// Groups refer only to earlier ones, so one pass in order decides them all without recursion.
    fn is_witnessed(&self, quorum: &str, cosigners: &BTreeSet<&str>) -> bool {
        let mut satisfied = cosigners.clone();
        for group in &self.groups {
            let present = group.members.iter().filter(|member| satisfied.contains(member.as_str())).count();
            if present >= group.threshold {
                satisfied.insert(&group.name);
            }
        }
        satisfied.contains(quorum)
    }
}

/// Returns `name+id`, which tells the keys of one log apart.
fn short_name(key: &VerifierKey) -> String {
    format!("{}+{:08x}", key.name(), key.id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Checkpoint, SignerKey};
    use crate::tree::EMPTY_ROOT;

    fn witness(seed: u8) -> SignerKey {
        SignerKey::cosigner_from_seed(&format!("w{seed}.example"), &[seed; 32]).expect("key")
    }

    fn log() -> SignerKey {
        SignerKey::from_seed("example.org/log", &[100; 32]).expect("key")
    }

    #[test]
    fn quorum_decides() {
        let text = format!(
            "log {}\nwitness w1 {}\nwitness w2 {}\nwitness w3 {}\ngroup inner any w2 w3\ngroup outer all w1 inner\nquorum outer\n",
            log().verifier(),
            witness(1).verifier(),
            witness(2).verifier(),
            witness(3).verifier()
        );
        let policy: Policy = text.parse().expect("policy");
        let checkpoint = Checkpoint { origin: "example.org/log".to_owned(), size: 0, root: EMPTY_ROOT };
        for (cosigners, expected) in
            [(&[1_u8, 2, 3][..], true), (&[1, 3], true), (&[1], false), (&[2, 3], false), (&[], false)]
        {
            let mut signed = checkpoint.sign(&[&log()]).expect("checkpoint");
            for seed in cosigners {
                signed.add_signature(witness(*seed).cosign(&signed.note.text, 1_700_000_000));
            }
            let accepted = policy.accept(&signed);
            assert_eq!(accepted.is_ok(), expected, "{cosigners:?}");
            if let Ok(accepted) = accepted {
                assert_eq!(accepted.witnesses.len(), cosigners.len());
            }
        }
        let mut unsigned = checkpoint.sign::<SignerKey>(&[]).expect("checkpoint");
        unsigned.add_signature(witness(1).cosign(&unsigned.note.text, 1));
        unsigned.add_signature(witness(2).cosign(&unsigned.note.text, 1));
        assert!(
            matches!(policy.accept(&unsigned), Err(Refusal::Signature { .. })),
            "witnesses alone do not suffice"
        );
    }

    #[test]
    fn a_key_counts_for_its_sizes_only() {
        let text = format!(
            "log {0}\n#sizes {1} 3 7\nquorum none\n",
            log().verifier(),
            short_name(&log().verifier())
        );
        let policy: Policy = text.parse().expect("policy");
        assert_eq!(policy.to_string(), text);
        assert_eq!(
            Policy::of_keys([LogKey { key: log().verifier(), sizes: Sizes { from: 3, to: Some(7) } }]),
            Ok(policy.clone())
        );
        for (size, expected) in [(2, false), (3, true), (7, true), (8, false)] {
            let checkpoint = Checkpoint { origin: "example.org/log".to_owned(), size, root: EMPTY_ROOT };
            let accepted = policy.accept(&checkpoint.sign(&[&log()]).expect("checkpoint"));
            assert_eq!(accepted.is_ok(), expected, "{size}");
            if let Err(refusal) = accepted {
                assert!(refusal.to_string().ends_with("but counts for sizes 3 to 7 only"), "{refusal}");
            }
        }
        let open = text.replace("3 7", "3 -").parse::<Policy>().expect("policy");
        assert_eq!(open.logs()[0].sizes, Sizes { from: 3, to: None });
        for (from, to, expected) in [
            ("3 7", "7 3", "counts for no size"),
            ("3 7", "3", "two sizes"),
            ("3 7", "03 7", "not a size"),
            ("#sizes example.org/log+", "#sizes example.org/other+", "defined before"),
            ("quorum", "#sizes NAME 0 1\nquorum", "two ranges"),
        ] {
            let wrong = text.replace(from, to).replace("NAME", &short_name(&log().verifier()));
            let error = wrong.parse::<Policy>().expect_err(&wrong).to_string();
            assert!(error.contains(expected), "{wrong}: {error}");
        }
    }

    #[test]
    fn another_log_or_key_is_refused() {
        let policy = Policy::of_log(log().verifier()).expect("policy");
        let checkpoint = |origin: &str| Checkpoint { origin: origin.to_owned(), size: 0, root: EMPTY_ROOT };
        policy.accept(&checkpoint("example.org/log").sign(&[&log()]).expect("checkpoint")).expect("accepted");
        let other_origin = checkpoint("example.org/other").sign(&[&log()]).expect("checkpoint");
        assert_eq!(policy.accept(&other_origin), Err(Refusal::UnknownLog("example.org/other".to_owned())));
        let impostor = SignerKey::from_seed("example.org/log", &[101; 32]).expect("key");
        let forged = checkpoint("example.org/log").sign(&[&impostor]).expect("checkpoint");
        assert!(matches!(
            policy.accept(&forged),
            Err(Refusal::Signature { source: NoteError::NoKnownKey, .. })
        ));
    }
}
