//! Signed notes: a text, a blank line, and one signature line per key.
//!
//! All signatures of a note are kept. Those of unknown keys are ignored; one bad signature of a *known* key refuses
//! the note. [`Checkpoint`] is the note a log signs: exactly three lines, because lines beyond them are covered by
//! some signature types and not by others.
//!
//! Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature.

mod checkpoint;
mod key;
mod lattice;
mod signer;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use key::{Algorithm, KeyError, SignerKey, VerifierKey};
pub use lattice::Subtree;
pub use signer::{Signer, SigningError};

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::shorten;

/// Size from which a note is refused. A post-quantum signature has nearly 5 kB.
pub const MAX_NOTE_BYTES: usize = 256 * 1024;
/// Number of signatures from which a note is refused.
pub const MAX_SIGNATURES: usize = 64;
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// A text with its signatures, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The signed text, ending in a newline.
    pub text: String,
    /// The signatures in their order.
    pub signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Identifier of name, algorithm and public key together.
    pub key_id: u32,
    /// What follows the key id; its form depends on the algorithm.
    pub bytes: Vec<u8>,
}

/// A signature that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<'k> {
    /// The key.
    pub key: &'k VerifierKey,
    /// For a cosignature, when it was made, in seconds since 1970-01-01T00:00:00Z.
    pub time: Option<u64>,
}

/// Why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More bytes than a note may have.
    #[error("note has {0} bytes, more than {MAX_NOTE_BYTES}")]
    TooLarge(usize),
    /// More signatures than a note may have.
    #[error("note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// Not UTF-8, or control characters.
    #[error("note is not plain UTF-8 text")]
    NotText,
    /// No blank line, no signature, or no final newline.
    #[error("note has no signatures after a blank line")]
    NoSignatures,
    /// A line that is not a signature.
    #[error("{0:?} is not a signature line")]
    InvalidSignatureLine(String),
    /// A known key, and its signature is wrong.
    #[error("signature of {0} does not verify")]
    BadSignature(String),
    /// No signature by any of the known keys.
    #[error("not signed by any of the expected keys")]
    NoKnownKey,
    /// A key did not sign.
    #[error(transparent)]
    NotSigned(#[from] SigningError),
}

impl Note {
    /// Signs `text`, which must end in a newline.
    ///
    /// # Errors
    /// If the text cannot be that of a note, or a key does not sign.
    pub fn sign<S: Signer + ?Sized>(text: String, signers: &[&S]) -> Result<Self, NoteError> {
        check_text(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::NotText);
        }
        let signatures = signers.iter().map(|signer| signer.sign_text(&text)).collect::<Result<_, _>>()?;
        Ok(Self { text, signatures })
    }

    /// Reads a note without verifying it.
    ///
    /// # Errors
    /// If the bytes have another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
        check_text(note)?;
        // The text may have empty lines itself: the last one separates.
        let separator = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, rest) = note.split_at(separator + 1);
        let lines = rest[1..].strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            let signature = NoteSignature::parse(line);
            signatures.push(signature.ok_or_else(|| NoteError::InvalidSignatureLine(shorten(line)))?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Writes the note.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for signature in &self.signatures {
            let mut bytes = signature.key_id.to_be_bytes().to_vec();
            bytes.extend_from_slice(&signature.bytes);
            writeln!(note, "{SIGNATURE_PREFIX}{} {}", signature.name, STANDARD.encode(bytes))
                .expect("writing to a string does not fail");
        }
        note
    }

    /// Verifies the signatures of `keys` and returns those that are there, each key once. Signatures of other keys
    /// are ignored.
    ///
    /// # Errors
    /// If a signature of a known key is wrong, or there is none of a known key.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey> + Clone,
    ) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            let mut keys = keys.clone().into_iter();
            let key = keys.find(|key| key.id() == signature.key_id && key.name() == signature.name);
            let Some(key) = key else { continue };
            if verified.iter().any(|earlier| earlier.key == key) {
                continue;
            }
            let time = key.verify(&self.text, &signature.bytes);
            let time = time.map_err(|_| NoteError::BadSignature(key.name().to_owned()))?;
            verified.push(Verified { key, time });
        }
        if verified.is_empty() { Err(NoteError::NoKnownKey) } else { Ok(verified) }
    }
}

impl NoteSignature {
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        if !key::is_key_name(name) {
            return None;
        }
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_id, rest) = bytes.split_first_chunk::<4>()?;
        if rest.is_empty() {
            return None;
        }
        Some(Self { name: name.to_owned(), key_id: u32::from_be_bytes(*key_id), bytes: rest.to_vec() })
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    let control = text.bytes().any(|byte| byte < 0x20 && byte != b'\n');
    if control { Err(NoteError::NotText) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The note of c2sp.org/signed-note.
    const SPECIFICATION: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    /// The key and note of Go's package `golang.org/x/mod/sumdb/note`.
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_SIGNER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const GO_LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key() -> VerifierKey {
        GO_KEY.parse().expect("published key")
    }

    #[test]
    fn note_of_the_specification_reads_and_writes() {
        let note = Note::parse(SPECIFICATION.as_bytes()).expect("note");
        assert_eq!(
            note.text,
            "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
        );
        assert_eq!(note.signatures[0].name, "quasimodo.example/salvatore");
        assert_eq!(note.signatures[0].key_id, 0x367b_a04b);
        assert_eq!(note.to_text(), SPECIFICATION);
        assert_eq!(note.verify([&key()]), Err(NoteError::NoKnownKey));
    }

    #[test]
    fn note_of_the_go_package_verifies_and_signs_to_the_same_bytes() {
        let text = format!("{GO_TEXT}\n{GO_LINE}");
        let key = key();
        let note = Note::parse(text.as_bytes()).expect("note");
        let verified = note.verify([&key]).expect("published signature");
        assert_eq!(verified, [Verified { key: &key, time: None }]);
        let signer: SignerKey = GO_SIGNER.parse().expect("published key");
        assert_eq!(Note::sign(GO_TEXT.to_owned(), &[&signer]).expect("note").to_text(), text);
        assert_eq!(signer.verifier(), key);
    }

    #[test]
    fn unknown_signatures_are_kept_and_ignored_and_bad_ones_refused() {
        let stranger = "— stranger.example x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let note = Note::parse(format!("{GO_TEXT}\n{stranger}{GO_LINE}{GO_LINE}").as_bytes()).expect("note");
        assert_eq!(note.signatures.len(), 3);
        assert_eq!(note.verify([&key()]).expect("verifies").len(), 1);
        let changed = format!("{}\n{GO_LINE}", GO_TEXT.replace("think", "thank"));
        let note = Note::parse(changed.as_bytes()).expect("note");
        assert_eq!(note.verify([&key()]), Err(NoteError::BadSignature("PeterNeumann".to_owned())));
    }

    #[test]
    fn other_forms_are_refused() {
        let wrong: [&[u8]; 14] = [
            b"",
            b"\n",
            b"text\n",
            b"text\n\n",
            b"text\n\n\n",
            "text\n— a AAAAAAA=\n".as_bytes(),
            "text\n\n— a AAAAAAA=".as_bytes(),
            "text\n\n- a AAAAAAA=\n".as_bytes(),
            "text\n\n— a AAAAAA==\n".as_bytes(),
            "text\n\n— a AAAAAAB=\n".as_bytes(),
            "text\n\n— a+b AAAAAAA=\n".as_bytes(),
            "text\n\n—  AAAAAAA=\n".as_bytes(),
            "te\txt\n\n— a AAAAAAA=\n".as_bytes(),
            b"te\xffxt\n\n",
        ];
        for bytes in wrong {
            assert!(Note::parse(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
        let many = format!("text\n\n{}", "— a AAAAAAA=\n".repeat(MAX_SIGNATURES + 1));
        assert_eq!(Note::parse(many.as_bytes()), Err(NoteError::TooManySignatures));
        Note::parse("text\n\n— a AAAAAAA=\n".as_bytes()).expect("the pattern is good");
    }

    mod properties {
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn arbitrary_input_never_panics(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
                let _ = super::Note::parse(&bytes);
                let _ = super::Note::parse(format!("{text}\n\n\u{2014} {text}\n").as_bytes());
                let _ = text.parse::<super::VerifierKey>();
                let _ = text.parse::<super::SignerKey>();
            }

            #[test]
            fn one_flipped_bit_breaks_the_note(bit in 0..8_u8, at in 0..super::GO_TEXT.len() + super::GO_LINE.len() + 1) {
                let mut bytes = format!("{}\n{}", super::GO_TEXT, super::GO_LINE).into_bytes();
                bytes[at] ^= 1 << bit;
                let verified = super::Note::parse(&bytes).and_then(|note| note.verify([&super::key()]).map(|found| found.len()));
                prop_assert!(verified.is_err());
            }
        }
    }
}
