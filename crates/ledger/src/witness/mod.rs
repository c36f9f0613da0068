//! Second-party cosignatures: the requests and answers of C2SP `tlog-witness`.
//!
//! A witness remembers, for each log, the newest checkpoint that it cosigned. It cosigns another one only with a proof
//! that the log it remembers is a beginning of the log it is shown. Whoever restores a witness from a copy has lost what
//! it remembered, so a restored witness is a new witness with a new key.
//!
//! Source: c2sp.org/tlog-witness, c2sp.org/tlog-cosignature.

use std::fmt::Write as _;

use crate::Hash;
use crate::hash::shorten;
use crate::note::{Checkpoint, Note, NoteSignature, SignedCheckpoint, VerifierKey};
use crate::policy::Policy;
use crate::tree::{EMPTY_ROOT, verify_consistency};

/// Path below a witness' address.
pub const ADD_CHECKPOINT: &str = "add-checkpoint";
/// Media type of the answer that says which size a witness remembers.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
/// Size from which a request or an answer is refused.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Hashes in a consistency proof, at most.
const MAX_PROOF: usize = 63;

/// The request to cosign a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness is thought to remember; 0 if it never saw the log.
    pub old_size: u64,
    /// Consistency proof from that size to the checkpoint.
    pub proof: Vec<Hash>,
    /// The checkpoint, signed by the log.
    pub checkpoint: SignedCheckpoint,
}

/// Bytes that are not of this protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMessage(String);

/// What a witness answers when it does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: not a request of this protocol.
    #[error("{0}")]
    Malformed(String),
    /// 404: not a log that this witness watches.
    #[error("log {0} is not watched here")]
    UnknownLog(String),
    /// 403: the log did not sign.
    #[error("{0}")]
    NotSigned(String),
    /// 409: the witness remembers another size, or another root of the same size.
    #[error("the newest checkpoint cosigned here has {0} entries")]
    Conflict(u64),
    /// 422: the proof does not prove.
    #[error("the log of {old} entries is not a beginning of that of {new}")]
    NotConsistent {
        /// Size that is remembered.
        old: u64,
        /// Size of the request.
        new: u64,
    },
}

impl Refusal {
    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::UnknownLog(_) => 404,
            Self::NotSigned(_) => 403,
            Self::Conflict(_) => 409,
            Self::NotConsistent { .. } => 422,
        }
    }

    /// Returns the body of the answer.
    #[must_use]
    pub fn body(&self) -> String {
        match self {
            Self::Conflict(size) => format!("{size}\n"),
            other => format!("{other}\n"),
        }
    }
}

impl AddCheckpoint {
    /// Writes the request.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            writeln!(text, "{}", hash.base64()).expect("writing to a string does not fail");
        }
        text.push('\n');
        text.push_str(&self.checkpoint.to_text());
        text
    }

    /// Reads a request.
    ///
    /// # Errors
    /// If the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        let invalid = |problem: &str| InvalidMessage(format!("request: {problem}"));
        if bytes.len() > MAX_BODY_BYTES {
            return Err(invalid("too large"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| invalid("not text"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(|| invalid("no empty line"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(number);
        let old_size = old_size.ok_or_else(|| invalid("the first line is not old and a size"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_PROOF {
                return Err(invalid("too many hashes"));
            }
            proof.push(Hash::parse_base64(line).map_err(|error| invalid(&error.to_string()))?);
        }
        let checkpoint =
            SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(|error| invalid(&error.to_string()))?;
        Ok(Self { old_size, proof, checkpoint })
    }

    /// Decides as a witness that trusts the logs of `policy` and remembers `newest` of this log. If nothing is returned
    /// the checkpoint is to be remembered durably first, and cosigned then.
    ///
    /// # Errors
    /// With the refusal that is to be answered.
    pub fn check(&self, policy: &Policy, newest: Option<&Checkpoint>) -> Result<(), Refusal> {
        let Checkpoint { origin, size, root } = &self.checkpoint.checkpoint;
        policy.accept(&self.checkpoint).map_err(|refusal| match refusal {
            crate::policy::Refusal::UnknownLog(_) => Refusal::UnknownLog(shorten(origin)),
            other => Refusal::NotSigned(other.to_string()),
        })?;
        let old = self.old_size;
        if old > *size {
            return Err(Refusal::Malformed(format!(
                "the old size {old} is larger than the checkpoint's {size}"
            )));
        }
        if old == 0 && !self.proof.is_empty() {
            return Err(Refusal::Malformed("nothing is to be proven of an empty log".to_owned()));
        }
        let remembered = newest.map_or(0, |newest| newest.size);
        let old_root = newest.map_or(&EMPTY_ROOT, |newest| &newest.root);
        if old != remembered || (old == *size && root != old_root) {
            return Err(Refusal::Conflict(remembered));
        }
        if old > 0 && verify_consistency(old, old_root, *size, root, &self.proof).is_err() {
            return Err(Refusal::NotConsistent { old, new: *size });
        }
        Ok(())
    }
}

/// Reads the lines of a witness' answer, and returns the cosignature of `witness` over the checkpoint with its time in
/// seconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// If there is none, or it does not verify.
pub fn read_cosignature(
    body: &[u8],
    witness: &VerifierKey,
    checkpoint: &Checkpoint,
) -> Result<(NoteSignature, u64), InvalidMessage> {
    let invalid = |problem: &str| InvalidMessage(format!("answer of witness {}: {problem}", witness.name()));
    let lines = std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_BODY_BYTES);
    let lines = lines.ok_or_else(|| invalid("not text, or too much"))?;
    // The lines are those of a note whose text is known.
    let note = Note::parse(format!("{}\n{lines}", checkpoint.text()).as_bytes());
    let note = note.map_err(|error| invalid(&error.to_string()))?;
    if note.text != checkpoint.text() {
        return Err(invalid("not signature lines alone"));
    }
    let verified = note.verify([witness]).map_err(|error| invalid(&error.to_string()))?;
    let time = verified.first().and_then(|found| found.time).ok_or_else(|| invalid("no time"))?;
    let signature =
        note.signatures.into_iter().find(|line| line.key_id == witness.id() && line.name == witness.name());
    signature.map(|signature| (signature, time)).ok_or_else(|| invalid("no cosignature of its own"))
}

/// Reads the size that a witness says it remembers.
///
/// # Errors
/// If the body is not a number on a line.
pub fn read_size(body: &[u8]) -> Result<u64, InvalidMessage> {
    let size =
        std::str::from_utf8(body).ok().and_then(|text| number(text.strip_suffix('\n').unwrap_or(text)));
    size.ok_or_else(|| InvalidMessage("answer of the witness: no size".to_owned()))
}

fn number(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::SignerKey;
    use crate::tile::TileSet;
    use crate::tree::{consistency_proof, hash_leaf, root_of};

    fn log() -> SignerKey {
        SignerKey::from_seed("example.org/log", &[7; 32]).expect("key")
    }

    fn hashes(size: u64) -> Vec<Hash> {
        (0..size).map(|index| hash_leaf(&index.to_be_bytes())).collect()
    }

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint { origin: "example.org/log".to_owned(), size, root: root_of(&hashes(size)) }
    }

    fn shown(old_size: u64, size: u64) -> AddCheckpoint {
        let tiles = TileSet::from_leaf_hashes(hashes(size));
        let proof = if old_size == 0 {
            Vec::new()
        } else {
            consistency_proof(old_size, size, &tiles).expect("proof")
        };
        AddCheckpoint { old_size, proof, checkpoint: checkpoint(size).sign(&[&log()]).expect("checkpoint") }
    }

    fn status(request: &AddCheckpoint, newest: Option<u64>) -> u16 {
        let policy = Policy::of_log(log().verifier()).expect("policy");
        request
            .check(&policy, newest.map(checkpoint).as_ref())
            .map_or_else(|refusal| refusal.status(), |()| 200)
    }

    #[test]
    fn requests_read_back_and_others_are_refused() {
        let request = shown(3, 9);
        assert_eq!(AddCheckpoint::parse(request.to_text().as_bytes()), Ok(request.clone()));
        assert_eq!(AddCheckpoint::parse(shown(0, 1).to_text().as_bytes()), Ok(shown(0, 1)));
        let text = request.to_text();
        let many = format!("old 3\n{}\n{}", format!("{}\n", EMPTY_ROOT.base64()).repeat(64), "rest");
        for other in [
            text.replacen("old 3", "old 03", 1),
            text.replacen("old 3", "3", 1),
            text.replacen("\n\n", "\n", 2),
            text.replacen("=\n", "\n", 1),
            String::new(),
            many,
        ] {
            assert!(AddCheckpoint::parse(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn a_witness_follows_one_history() {
        assert_eq!(status(&shown(0, 5), None), 200);
        assert_eq!(status(&shown(5, 9), Some(5)), 200);
        assert_eq!(status(&shown(5, 5), Some(5)), 200, "the same again");
        assert_eq!(status(&shown(0, 9), Some(5)), 409);
        assert_eq!(status(&shown(3, 9), Some(5)), 409);
        assert_eq!(status(&shown(5, 9), None), 409);
        let mut fork = shown(5, 5);
        fork.checkpoint =
            Checkpoint { root: EMPTY_ROOT, ..checkpoint(5) }.sign(&[&log()]).expect("checkpoint");
        assert_eq!(status(&fork, Some(5)), 409, "another root of the same size");
        let mut fork = shown(5, 9);
        fork.checkpoint =
            Checkpoint { root: EMPTY_ROOT, ..checkpoint(9) }.sign(&[&log()]).expect("checkpoint");
        assert_eq!(status(&fork, Some(5)), 422);
        assert_eq!(status(&AddCheckpoint { old_size: 10, ..shown(5, 9) }, Some(5)), 400);
        assert_eq!(status(&AddCheckpoint { old_size: 0, ..shown(5, 9) }, None), 400, "a proof of nothing");
        let stranger = SignerKey::from_seed("example.org/log", &[8; 32]).expect("key");
        let forged = checkpoint(5).sign(&[&stranger]).expect("checkpoint");
        assert_eq!(status(&AddCheckpoint { checkpoint: forged, ..shown(0, 5) }, None), 403);
        let other = Checkpoint { origin: "example.org/other".to_owned(), ..checkpoint(5) };
        let other = other.sign(&[&log()]).expect("checkpoint");
        assert_eq!(status(&AddCheckpoint { checkpoint: other, ..shown(0, 5) }, None), 404);
        assert_eq!(Refusal::Conflict(5).body(), "5\n");
    }

    #[test]
    fn answers_are_believed_only_if_they_verify() {
        let witness = SignerKey::cosigner_from_seed("w.example", &[9; 32]).expect("key");
        let other = SignerKey::cosigner_from_seed("other.example", &[10; 32]).expect("key");
        let (checkpoint, key) = (checkpoint(5), witness.verifier());
        let line = |signer: &SignerKey, text: &str| {
            Note { text: String::new(), signatures: vec![signer.cosign(text, 1_800_000_000)] }.to_text()[1..]
                .to_owned()
        };
        let good = line(&witness, &checkpoint.text());
        let (signature, time) = read_cosignature(good.as_bytes(), &key, &checkpoint).expect("good");
        assert_eq!((signature.name.as_str(), time), ("w.example", 1_800_000_000));
        let both = line(&other, &checkpoint.text()) + &good;
        read_cosignature(both.as_bytes(), &key, &checkpoint).expect("among others");
        for bad in [
            line(&other, &checkpoint.text()),
            line(&witness, "another text\n"),
            String::new(),
            "more text\n\n".to_owned() + &good,
            good.trim_end().to_owned(),
        ] {
            assert!(read_cosignature(bad.as_bytes(), &key, &checkpoint).is_err(), "{bad}");
        }
        assert_eq!(read_size(b"12\n"), Ok(12));
        assert!(read_size(b"x").is_err() && read_size(b"012").is_err());
    }
}
