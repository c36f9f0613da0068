//! Checkpoints: origin, size and root of a log at one moment.

use super::{Note, NoteError, NoteSignature, Signer};
use crate::Hash;
use crate::hash::shorten;

/// What a log says about itself at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log, unique per organization and epoch.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: Hash,
}

/// A checkpoint with its signatures, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What the text says. Not to be believed before a [`crate::policy::Policy`] accepted the signatures.
    pub checkpoint: Checkpoint,
    /// Text and signatures.
    pub note: Note,
}

/// Why bytes are not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not exactly three lines.
    #[error("checkpoint is not exactly the three lines origin, size and root")]
    Lines,
    /// The first line cannot be an origin.
    #[error("{0:?} is not the origin of a log")]
    Origin(String),
    /// The second line is not a plain decimal number.
    #[error("{0:?} is not the size of a tree")]
    Size(String),
    /// The third line is not a hash.
    #[error("{0:?} is not the root of a tree")]
    Root(String),
}

impl Checkpoint {
    /// Returns the text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.base64())
    }

    /// Reads the text that is signed.
    ///
    /// # Errors
    /// If it is anything but the three lines in their only spelling.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n').collect();
        let &[origin, size, root] = lines.as_slice() else { return Err(CheckpointError::Lines) };
        if !super::key::is_key_name(origin) {
            return Err(CheckpointError::Origin(shorten(origin)));
        }
        let number = size.parse::<u64>().ok().filter(|number| number.to_string() == size);
        let number = number.ok_or_else(|| CheckpointError::Size(shorten(size)))?;
        let root = Hash::parse_base64(root).map_err(|_| CheckpointError::Root(shorten(root)))?;
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }

    /// Signs the checkpoint.
    ///
    /// # Errors
    /// If the origin cannot stand in a checkpoint, or a key does not sign.
    pub fn sign<S: Signer + ?Sized>(&self, signers: &[&S]) -> Result<SignedCheckpoint, CheckpointError> {
        let checkpoint = Self::parse(&self.text())?;
        let note = Note::sign(self.text(), signers)?;
        Ok(SignedCheckpoint { checkpoint, note })
    }
}

impl SignedCheckpoint {
    /// Reads a checkpoint without verifying its signatures.
    ///
    /// # Errors
    /// If the bytes have another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        Ok(Self { checkpoint, note })
    }

    /// Adds a signature, for example a cosignature that came back later.
    pub fn add_signature(&mut self, signature: NoteSignature) {
        self.note.signatures.push(signature);
    }

    /// Writes text and signatures.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.note.to_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::SignerKey;

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn checkpoint_of_the_specification_reads() {
        let text = format!(
            "example.com/behind-the-sofa\n20852163\n{ROOT}\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
        );
        let signed = SignedCheckpoint::parse(text.as_bytes()).expect("checkpoint");
        assert_eq!(
            (signed.checkpoint.origin.as_str(), signed.checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert_eq!(signed.checkpoint.root.base64(), ROOT);
        assert_eq!(signed.note.signatures.len(), 2);
        assert_eq!(signed.to_text(), text);
    }

    #[test]
    fn other_texts_are_refused() {
        Checkpoint::parse(&format!("Log\n123\n{ROOT}\n")).expect("the pattern is good");
        for text in [
            String::new(),
            "\n".to_owned(),
            "Log\n123\n".to_owned(),
            format!("\n123\n{ROOT}\n"),
            format!("Log\n123\n{ROOT}"),
            format!("Log\n123\n{ROOT}\n\n"),
            format!("Log\n123\n{ROOT}\nextension\n"),
            format!("Log\nbananas\n{ROOT}\n"),
            format!("Log\n-34\n{ROOT}\n"),
            format!("Log\n+34\n{ROOT}\n"),
            format!("Log\n0123\n{ROOT}\n"),
            format!("Log\n 123\n{ROOT}\n"),
            format!("Log\n3438945738945739845734895735\n{ROOT}\n"),
            format!("My Log\n123\n{ROOT}\n"),
            format!("My+Log\n123\n{ROOT}\n"),
            "Log\n123\nThisIsn'tBase64\n".to_owned(),
            "Log\n123\nYmFuYW5hcw==\n".to_owned(),
            format!("Log\n123\n{}\n", ROOT.replace("q2I=", "q2J=")),
            format!("Log\n123\n{} \n", ROOT),
        ] {
            assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn signing_refuses_an_origin_that_would_not_read_back() {
        let signer = SignerKey::from_seed("log", &[1; 32]).expect("key");
        let checkpoint =
            Checkpoint { origin: "two lines\n1".to_owned(), size: 0, root: crate::tree::EMPTY_ROOT };
        assert!(checkpoint.sign(&[&signer]).is_err());
    }
}
