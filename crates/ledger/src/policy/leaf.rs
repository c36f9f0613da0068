//! The policy of a log as an entry of it: who signs, who outside is asked, how often, and how long evidence is kept.
//!
//! It makes changes of policy part of what nobody can rewrite: an operator who drops a witness, or keeps evidence for a
//! shorter time, leaves an entry about it. It is the operator's word about themselves, so a verifier compares it with what
//! is there and never trusts a key because of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Hash;
use crate::epoch::{KeyRotate, Rotation};
use crate::leaf::{Leaf, LeafKind};
use crate::note::{Note, VerifierKey};

/// Body of a `policy.set` entry. It is in force from this entry on, until the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySet {
    /// Keys that sign checkpoints, as text.
    pub keys: Vec<String>,
    /// Witnesses that are asked.
    pub witnesses: Vec<NamedWitness>,
    /// How many of them make a checkpoint witnessed; 0 if there are none.
    pub quorum: u64,
    /// Time-stamping authorities that are asked.
    pub authorities: Vec<NamedAuthority>,
    /// Names of the places that checkpoints are brought to.
    pub places: Vec<String>,
    /// Minutes between two publications.
    pub publish_every_minutes: u64,
    /// Hours between two timestamps of one authority.
    pub anchor_every_hours: u64,
    /// Hours without an answer of somebody outside after which people are told.
    pub alert_after_hours: u64,
    /// Days that evidence of each class is kept after other evidence took its place.
    pub retention_days: BTreeMap<String, u64>,
}

/// A witness. Its key may have more bytes than an entry, so the entry commits to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedWitness {
    /// Name of the key.
    pub name: String,
    /// Id of the key, eight hexadecimal digits.
    pub id: String,
    /// SHA-256 of the key as text, `sha256:<hex>`.
    pub key: String,
}

impl NamedWitness {
    /// Names a witness by its key.
    #[must_use]
    pub fn of(key: &VerifierKey) -> Self {
        Self {
            name: key.name().to_owned(),
            id: format!("{:08x}", key.id()),
            key: Hash::of(key.to_string().as_bytes()).digest(),
        }
    }
}

/// A time-stamping authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedAuthority {
    /// Its name.
    pub name: String,
    /// SHA-256 of its roots in PEM as `tsa/chain.pem` writes them, `sha256:<hex>`.
    pub roots: String,
}

/// Follows the policies of a log from entry to entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyInForce {
    set: Option<(u64, PolicySet)>,
    /// Keys that entries after it announced.
    announced: Vec<String>,
    began_anew: bool,
}

impl PolicyInForce {
    /// Takes the next entry.
    ///
    /// # Errors
    /// If it is a `policy.set` that does not have its form.
    pub fn entry(&mut self, index: u64, leaf: &Leaf<'_>) -> Result<(), String> {
        match leaf.kind {
            LeafKind::PolicySet => {
                let set = serde_json::from_slice::<PolicySet>(leaf.body);
                let set = set.map_err(|error| format!("is no policy: {error}"))?;
                if set.quorum > set.witnesses.len() as u64 {
                    let (quorum, count) = (set.quorum, set.witnesses.len());
                    return Err(format!("asks for {quorum} of {count} witnesses"));
                }
                *self = Self { set: Some((index, set)), ..Self::default() };
            }
            LeafKind::KeyRotate => {
                let rotation = serde_json::from_slice::<KeyRotate>(leaf.body).ok();
                let rotation = rotation.and_then(|body| Rotation::verify(body.note.as_bytes()).ok());
                self.announced.extend(rotation.map(|rotation| rotation.new.to_string()));
            }
            // A new epoch has a key of its own.
            LeafKind::LogGenesis => self.began_anew = true,
            _ => {}
        }
        Ok(())
    }

    /// Returns the policy in force with the position of its entry.
    #[must_use]
    pub fn in_force(&self) -> Option<&(u64, PolicySet)> {
        self.set.as_ref()
    }

    /// Compares the policy with whoever signed the checkpoint over all entries that were taken. Returns what it asks of
    /// witnesses and how many of them signed, in words; nothing where it asks nothing.
    ///
    /// # Errors
    /// If the key that signed is none that the entries name.
    pub fn compare(&self, key: &VerifierKey, checkpoint: &Note) -> Result<Option<String>, String> {
        let Some((index, set)) = &self.set else { return Ok(None) };
        let text = key.to_string();
        if !self.began_anew && !set.keys.iter().chain(&self.announced).any(|known| *known == text) {
            return Err(format!("does not name the key {}+{:08x} that signed", key.name(), key.id()));
        }
        if set.quorum == 0 {
            return Ok(None);
        }
        // Their signatures are verified with keys of the verifier, not with those named here.
        let line = |witness: &&NamedWitness| {
            let is_its = |name: &str, id: u32| name == witness.name && format!("{id:08x}") == witness.id;
            checkpoint.signatures.iter().any(|line| is_its(&line.name, line.key_id))
        };
        let signed = set.witnesses.iter().filter(line).count();
        let (quorum, all) = (set.quorum, set.witnesses.len());
        Ok(Some(format!(
            "by entry {index} {quorum} of {all} witnesses are to cosign, and lines of {signed} are on the checkpoint"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Checkpoint, SignerKey};
    use crate::tree::EMPTY_ROOT;

    const ORIGIN: &str = "example.org/log";

    fn key(seed: u8) -> SignerKey {
        SignerKey::from_seed(ORIGIN, &[seed; 32]).expect("key")
    }

    fn witness() -> SignerKey {
        SignerKey::cosigner_from_seed("w.example/1", &[9; 32]).expect("key")
    }

    fn policy(signer: &SignerKey) -> PolicySet {
        PolicySet {
            keys: vec![signer.verifier().to_string()],
            witnesses: vec![NamedWitness::of(&witness().verifier())],
            quorum: 1,
            authorities: vec![NamedAuthority { name: "tsa".into(), roots: Hash::of(b"roots").digest() }],
            places: vec!["disk".into()],
            publish_every_minutes: 10,
            anchor_every_hours: 24,
            alert_after_hours: 24,
            retention_days: BTreeMap::from([("evidence".to_owned(), 2557)]),
        }
    }

    /// Hands an entry in, as it stands in a log.
    fn take<T: Serialize>(
        state: &mut PolicyInForce,
        index: u64,
        kind: LeafKind,
        body: &T,
    ) -> Result<(), String> {
        let id = format!("01890a5d-ac96-774b-bcce-{index:012x}");
        let bytes = Leaf::build(kind, &id, 1_700_000_000_000_000, "program", body).expect("an entry");
        state.entry(index, &bytes.leaf())
    }

    fn checkpoint(signers: &[&SignerKey], cosigner: Option<&SignerKey>) -> Note {
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size: 7, root: EMPTY_ROOT };
        let mut signed = checkpoint.sign(signers).expect("checkpoint");
        if let Some(cosigner) = cosigner {
            signed.add_signature(cosigner.cosign(&signed.note.text, 1_700_000_000));
        }
        signed.note
    }

    #[test]
    fn the_key_that_signs_is_one_that_entries_name() {
        let mut state = PolicyInForce::default();
        let verifier = key(1).verifier();
        assert_eq!(state.compare(&verifier, &checkpoint(&[&key(1)], None)), Ok(None), "nothing was said");
        take(&mut state, 3, LeafKind::PolicySet, &policy(&key(1))).expect("a policy");
        let said = |count| {
            format!("by entry 3 1 of 1 witnesses are to cosign, and lines of {count} are on the checkpoint")
        };
        assert_eq!(state.compare(&verifier, &checkpoint(&[&key(1)], None)), Ok(Some(said(0))));
        assert_eq!(state.compare(&verifier, &checkpoint(&[&key(1)], Some(&witness()))), Ok(Some(said(1))));
        let other = state.compare(&key(2).verifier(), &checkpoint(&[&key(2)], None));
        assert!(other.is_err_and(|problem| problem.contains("does not name the key")));

        // A rotation announces the next one, if both keys signed it.
        let rotation = Rotation { old: verifier.clone(), new: key(2).verifier(), from: 5, until: None };
        let note = rotation.sign(&key(1), &key(2)).expect("signed");
        take(&mut state, 4, LeafKind::KeyRotate, &KeyRotate::new(&note)).expect("a rotation");
        assert!(state.compare(&key(2).verifier(), &checkpoint(&[&key(2)], None)).is_ok());
        assert!(state.compare(&key(3).verifier(), &checkpoint(&[&key(3)], None)).is_err());
        // The next policy says all keys anew.
        take(&mut state, 6, LeafKind::PolicySet, &policy(&key(2))).expect("a policy");
        assert!(state.compare(&verifier, &checkpoint(&[&key(1)], None)).is_err());
        assert_eq!(state.in_force().map(|(index, _)| *index), Some(6));
    }

    #[test]
    fn other_bodies_are_no_policies() {
        let mut state = PolicyInForce::default();
        let mut too_many = policy(&key(1));
        too_many.quorum = 2;
        assert!(take(&mut state, 0, LeafKind::PolicySet, &too_many).is_err());
        assert!(take(&mut state, 1, LeafKind::PolicySet, &serde_json::json!({"keys": []})).is_err());
        let mut more = serde_json::to_value(policy(&key(1))).expect("JSON");
        more["trust_me"] = true.into();
        assert!(take(&mut state, 2, LeafKind::PolicySet, &more).is_err());
        assert_eq!(state, PolicyInForce::default());
    }
}
