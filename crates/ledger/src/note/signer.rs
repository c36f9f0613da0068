//! Who signs for a log: a key in memory, or somebody else who holds it.

use std::fmt;

use super::NoteSignature;
use super::key::{SignerKey, VerifierKey};

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {key} did not sign: {why}")]
pub struct SigningError {
    /// Name of the key.
    pub key: String,
    /// What happened.
    pub why: String,
}

/// Holds the private half of an Ed25519 key of a log.
///
/// An implementation may ask another program, a token or a service; whatever it brings back is verified here with the
/// public half before anybody sees it, so that a confused or hostile one can withhold signatures and nothing else.
pub trait Signer: fmt::Debug + Send + Sync {
    /// Returns the public half.
    fn verifier(&self) -> VerifierKey;

    /// Tells whether somebody has to be asked, who may keep waiting whoever asks.
    fn is_elsewhere(&self) -> bool {
        true
    }

    /// Signs a message with Ed25519 (RFC 8032).
    ///
    /// # Errors
    /// If whoever holds the key does not answer, or refuses.
    fn sign_message(&self, message: &[u8]) -> Result<[u8; 64], SigningError>;

    /// Signs the text of a note as a log does.
    ///
    /// # Errors
    /// If the key does not sign, or what came back is no signature of it over this text.
    fn sign_text(&self, text: &str) -> Result<NoteSignature, SigningError> {
        let verifier = self.verifier();
        let bytes = self.sign_message(text.as_bytes())?.to_vec();
        if verifier.verify(text, &bytes) != Ok(None) {
            let why = "what came back is no signature of this text by it".to_owned();
            return Err(SigningError { key: verifier.name().to_owned(), why });
        }
        Ok(NoteSignature { name: verifier.name().to_owned(), key_id: verifier.id(), bytes })
    }
}

impl Signer for SignerKey {
    fn verifier(&self) -> VerifierKey {
        Self::verifier(self)
    }

    fn is_elsewhere(&self) -> bool {
        false
    }

    fn sign_message(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
        Ok(self.sign_bytes(message))
    }

    /// A key in memory has nobody to mistrust.
    fn sign_text(&self, text: &str) -> Result<NoteSignature, SigningError> {
        Ok(self.sign(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Checkpoint, CheckpointError, NoteError};
    use crate::tree::EMPTY_ROOT;

    /// Holds one key and says that it is another.
    #[derive(Debug)]
    struct Elsewhere {
        held: SignerKey,
        said: VerifierKey,
        answers: bool,
    }

    impl Signer for Elsewhere {
        fn verifier(&self) -> VerifierKey {
            self.said.clone()
        }

        fn sign_message(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
            if self.answers {
                return self.held.sign_message(message);
            }
            Err(SigningError { key: self.said.name().to_owned(), why: "connection refused".to_owned() })
        }
    }

    fn key(seed: u8) -> SignerKey {
        SignerKey::from_seed("example.org/log", &[seed; 32]).expect("key")
    }

    #[test]
    fn somebody_elses_signature_is_verified_before_it_counts() {
        let checkpoint = Checkpoint { origin: "example.org/log".into(), size: 3, root: EMPTY_ROOT };
        let sign = |held: u8, answers: bool| {
            let signer = Elsewhere { held: key(held), said: key(1).verifier(), answers };
            checkpoint.sign(&[&signer]).map(|signed| signed.to_text())
        };
        // The same bytes as the key itself makes.
        assert_eq!(sign(1, true), checkpoint.sign(&[&key(1)]).map(|signed| signed.to_text()));
        for (held, answers, expected) in
            [(2, true, "no signature of this text"), (1, false, "connection refused")]
        {
            let error = sign(held, answers).expect_err("nothing is signed");
            assert!(matches!(error, CheckpointError::Note(NoteError::NotSigned(_))), "{error:?}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn the_key_of_a_witness_signs_no_text_of_a_log() {
        let witness = SignerKey::cosigner_from_seed("w.example", &[3; 32]).expect("key");
        let signer = Elsewhere { said: witness.verifier(), held: witness, answers: true };
        assert!(signer.sign_text("text\n").is_err());
    }
}
