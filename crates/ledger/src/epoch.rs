//! Keys of a log over time: rotation within an epoch, revocation by a new epoch.
//!
//! **Rotation.** A note signed by the old and the new key says from which size on the new key signs, and, once the
//! overlap is over, up to which size the old one counts. It is recorded in the log as `key.rotate` and carried in
//! bundles, so whoever pinned the first key can follow to the present one without asking anybody.
//!
//! **Revocation.** A key that others may hold cannot vouch for its own end. The log goes on under a new origin with a
//! new key; its `log.genesis` names the last checkpoint of the old epoch that somebody else can confirm, and
//! `key.revoke` says which key ended there. What the old key signed after that size is not claimed. Whoever verifies
//! gets the new key through another channel, as they got the first.

use serde::{Deserialize, Serialize};

use crate::Hash;
use crate::hash::shorten;
use crate::note::{Algorithm, Checkpoint, Note, NoteError, Signer, VerifierKey};

const ROTATION_HEADER: &str = "tickmark key rotation";
const OPEN_END: &str = "-";

/// The statement that one key of a log follows another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The key so far; its name is the origin of the log.
    pub old: VerifierKey,
    /// The key that follows, of the same name.
    pub new: VerifierKey,
    /// Size of the first checkpoint that the new key signs.
    pub from: u64,
    /// Size of the last checkpoint for which the old key counts; none while both sign.
    pub until: Option<u64>,
}

/// Why a rotation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// Not a note, or not signed by both keys.
    #[error("key rotation: {0}")]
    Note(#[from] NoteError),
    /// The text is not that of a rotation.
    #[error("key rotation: {0:?} is not its text")]
    Form(String),
    /// The two keys are not two keys of one log.
    #[error("key rotation: {old} and {new} are not two keys of one log")]
    Keys {
        /// The key so far.
        old: String,
        /// The key that follows.
        new: String,
    },
    /// The overlap ends before it begins.
    #[error(
        "key rotation: the old key counts up to size {until}, the new one from {from}: no checkpoint has both"
    )]
    NoOverlap {
        /// First size of the new key.
        from: u64,
        /// Last size of the old key.
        until: u64,
    },
    /// Only one of the two keys signed.
    #[error("key rotation: not signed by both {0}")]
    OneSignature(String),
}

impl Rotation {
    fn check(&self) -> Result<(), RotationError> {
        let is_log = |key: &VerifierKey| key.algorithm() == Algorithm::Ed25519;
        let are_two = self.old.public_key() != self.new.public_key() && self.old.name() == self.new.name();
        if !are_two || !is_log(&self.old) || !is_log(&self.new) {
            return Err(RotationError::Keys { old: self.old.to_string(), new: self.new.to_string() });
        }
        match self.until {
            Some(until) if until < self.from => Err(RotationError::NoOverlap { from: self.from, until }),
            _ => Ok(()),
        }
    }

    /// Returns the text that both keys sign. It can never be that of a checkpoint, whose first line has no spaces.
    #[must_use]
    pub fn text(&self) -> String {
        let until = self.until.map_or_else(|| OPEN_END.to_owned(), |until| until.to_string());
        format!("{ROTATION_HEADER}\n{}\n{}\n{}\n{until}\n", self.old, self.new, self.from)
    }

    /// Signs the statement with both keys.
    ///
    /// # Errors
    /// If the keys are not the two of the statement, or the overlap is empty.
    pub fn sign(&self, old: &dyn Signer, new: &dyn Signer) -> Result<Note, RotationError> {
        self.check()?;
        if old.verifier() != self.old || new.verifier() != self.new {
            return Err(RotationError::OneSignature(self.old.name().to_owned()));
        }
        Ok(Note::sign(self.text(), &[old, new])?)
    }

    /// Reads a statement and verifies both signatures. Whether the old key is to be trusted is said by a policy.
    ///
    /// # Errors
    /// If the note is anything but a rotation that both keys signed.
    pub fn verify(note: &[u8]) -> Result<Self, RotationError> {
        let note = Note::parse(note)?;
        let rotation = Self::parse(&note.text)?;
        rotation.check()?;
        let verified = note.verify([&rotation.old, &rotation.new])?;
        if verified.len() == 2 {
            Ok(rotation)
        } else {
            Err(RotationError::OneSignature(rotation.old.name().to_owned()))
        }
    }

    fn parse(text: &str) -> Result<Self, RotationError> {
        let wrong = || RotationError::Form(shorten(text));
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or_else(wrong)?.split('\n').collect();
        let &[ROTATION_HEADER, old, new, from, until] = lines.as_slice() else { return Err(wrong()) };
        let number = |text: &str| {
            text.parse::<u64>().ok().filter(|number| number.to_string() == text).ok_or_else(wrong)
        };
        Ok(Self {
            old: old.parse().map_err(|_| wrong())?,
            new: new.parse().map_err(|_| wrong())?,
            from: number(from)?,
            until: if until == OPEN_END { None } else { Some(number(until)?) },
        })
    }
}

/// Body of a `key.rotate` entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRotate {
    /// The signed note, see [`Rotation::verify`].
    pub note: String,
}

impl KeyRotate {
    /// Makes the body.
    #[must_use]
    pub fn new(note: &Note) -> Self {
        Self { note: note.to_text() }
    }
}

/// The last checkpoint of an epoch on which the next one builds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continued {
    /// Origin of the epoch that ended.
    pub origin: String,
    /// Its size at that checkpoint; later entries of it are not claimed.
    pub size: u64,
    /// Its root at that checkpoint, `sha256:<hex>`.
    pub root: String,
}

impl Continued {
    /// Names a checkpoint.
    #[must_use]
    pub fn at(checkpoint: &Checkpoint) -> Self {
        Self { origin: checkpoint.origin.clone(), size: checkpoint.size, root: checkpoint.root.digest() }
    }

    /// Returns the checkpoint that is named.
    ///
    /// # Errors
    /// If the root is not a digest.
    pub fn checkpoint(&self) -> Result<Checkpoint, crate::InvalidHash> {
        Ok(Checkpoint { origin: self.origin.clone(), size: self.size, root: Hash::parse_digest(&self.root)? })
    }
}

/// Body of a `log.genesis` entry. Later versions may add members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// Origin of the log, which is the name of its keys.
    pub origin: String,
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// The first key, as text.
    pub verifier_key: String,
    /// Format of the entries.
    pub leaf_format: u64,
    /// The epoch before, and how much of it is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<Continued>,
}

/// Why a key is trusted no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// Others may hold it.
    Compromised,
    /// Nobody holds it any more.
    Lost,
    /// The log was restored from a copy older than what it had released.
    Restored,
}

/// Body of a `key.revoke` entry, in the epoch after the one whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRevoke {
    /// The key, as text.
    pub key: String,
    /// The last checkpoint for which it counts.
    pub last: Continued,
    /// Why.
    pub reason: RevocationReason,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::SignerKey;
    use crate::policy::{LogKey, Policy, Refusal, Sizes};
    use crate::tree::EMPTY_ROOT;

    const ORIGIN: &str = "example.org/log/1";

    fn key(seed: u8) -> SignerKey {
        SignerKey::from_seed(ORIGIN, &[seed; 32]).expect("key")
    }

    fn rotation(from: u64, until: Option<u64>) -> Rotation {
        Rotation { old: key(1).verifier(), new: key(2).verifier(), from, until }
    }

    fn accepts(policy: &Policy, size: u64, signers: &[&SignerKey]) -> bool {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: EMPTY_ROOT };
        policy.accept(&checkpoint.sign(signers).expect("checkpoint")).is_ok()
    }

    #[test]
    fn signed_rotation_reads_back() {
        for until in [None, Some(10), Some(12)] {
            let note = rotation(10, until).sign(&key(1), &key(2)).expect("rotation");
            assert_eq!(Rotation::verify(note.to_text().as_bytes()), Ok(rotation(10, until)));
        }
    }

    #[test]
    fn other_rotations_are_refused() {
        let signed = rotation(10, None);
        assert!(rotation(10, Some(9)).sign(&key(1), &key(2)).is_err(), "no overlap");
        assert!(signed.sign(&key(2), &key(1)).is_err(), "keys exchanged");
        assert!(signed.sign(&key(1), &key(3)).is_err(), "another key");
        let same = Rotation { new: key(1).verifier(), ..signed.clone() };
        assert!(matches!(same.sign(&key(1), &key(1)), Err(RotationError::Keys { .. })));
        let stranger = SignerKey::from_seed("example.org/other", &[2; 32]).expect("key");
        let foreign = Rotation { new: stranger.verifier(), ..signed.clone() };
        assert!(matches!(foreign.sign(&key(1), &stranger), Err(RotationError::Keys { .. })));
        // One signature is missing, or is that of somebody else.
        for signers in [&[&key(1)][..], &[&key(2)], &[&key(1), &key(3)]] {
            let note = Note::sign(signed.text(), signers).expect("note");
            assert!(matches!(
                Rotation::verify(note.to_text().as_bytes()),
                Err(RotationError::OneSignature(_))
            ));
        }
        let text = signed.sign(&key(1), &key(2)).expect("rotation").to_text();
        assert!(Rotation::verify(text.replace("\n10\n", "\n11\n").as_bytes()).is_err(), "changed");
        assert!(Rotation::verify(text.replace("\n10\n", "\n010\n").as_bytes()).is_err(), "another spelling");
    }

    #[test]
    fn whoever_pinned_the_first_key_follows_to_the_present_one() {
        let mut policy = Policy::of_log(key(1).verifier()).expect("policy");
        assert!(!accepts(&policy, 11, &[&key(2)]));
        policy.follow(&rotation(10, None)).expect("overlap");
        assert!(accepts(&policy, 11, &[&key(1), &key(2)]) && accepts(&policy, 11, &[&key(1)]));
        assert!(accepts(&policy, 10, &[&key(2)]) && !accepts(&policy, 9, &[&key(2)]));
        policy.follow(&rotation(10, Some(12))).expect("end of the overlap");
        assert!(accepts(&policy, 12, &[&key(1)]) && !accepts(&policy, 13, &[&key(1)]));
        assert!(
            accepts(&policy, 13, &[&key(1), &key(2)]),
            "the old key does not spoil what the new one signed"
        );
        policy.follow(&rotation(10, None)).expect("again");
        assert!(!accepts(&policy, 13, &[&key(1)]), "an older statement does not bring a key back");
        let next = Rotation { old: key(2).verifier(), new: key(3).verifier(), from: 20, until: Some(20) };
        policy.follow(&next).expect("second rotation");
        assert!(accepts(&policy, 21, &[&key(3)]) && !accepts(&policy, 21, &[&key(2)]));
        let read: Policy = policy.to_string().parse().expect("policy");
        assert_eq!(read, policy);
    }

    #[test]
    fn rotations_from_strangers_and_after_the_end_are_refused() {
        let mut policy = Policy::of_log(key(3).verifier()).expect("policy");
        assert!(matches!(policy.follow(&rotation(10, None)), Err(Refusal::UnknownKey(_))));
        let sizes = Sizes { from: 0, to: Some(9) };
        let mut policy = Policy::of_keys([LogKey { key: key(1).verifier(), sizes }]).expect("policy");
        assert!(matches!(policy.follow(&rotation(10, None)), Err(Refusal::OutOfRange { .. })));
        let reused = LogKey { key: key(2).verifier(), sizes: Sizes { from: 50, to: None } };
        let known = LogKey { key: key(1).verifier(), sizes: Sizes::ALL };
        let mut policy = Policy::of_keys([known, reused]).expect("policy");
        assert!(matches!(policy.follow(&rotation(10, None)), Err(Refusal::KeyReused(_))));
    }

    #[test]
    fn a_revoked_key_vouches_for_what_was_before() {
        let mut policy = Policy::of_log(key(1).verifier()).expect("policy");
        assert!(policy.revoke_after(&key(1).verifier(), 5) && !policy.revoke_after(&key(2).verifier(), 5));
        assert!(accepts(&policy, 5, &[&key(1)]) && !accepts(&policy, 6, &[&key(1)]));
        assert!(policy.revoke_after(&key(1).verifier(), 9));
        assert!(!accepts(&policy, 6, &[&key(1)]), "a revocation is not widened");
    }

    #[test]
    fn bodies_are_canonical_and_read_back() {
        let last = Continued::at(&Checkpoint { origin: ORIGIN.to_owned(), size: 7, root: EMPTY_ROOT });
        assert_eq!(last.checkpoint().expect("digest").root, EMPTY_ROOT);
        let revoke = KeyRevoke {
            key: key(1).verifier().to_string(),
            last: last.clone(),
            reason: RevocationReason::Compromised,
        };
        let bytes = crate::canonical::to_bytes(&revoke).expect("body");
        assert_eq!(serde_json::from_slice::<KeyRevoke>(&bytes).expect("body"), revoke);
        let genesis = Genesis {
            origin: "example.org/log/2".to_owned(),
            epoch: 2,
            verifier_key: key(2).verifier().to_string(),
            leaf_format: 1,
            continues: Some(last),
        };
        let bytes = crate::canonical::to_bytes(&genesis).expect("body");
        assert_eq!(serde_json::from_slice::<Genesis>(&bytes).expect("body"), genesis);
    }
}
