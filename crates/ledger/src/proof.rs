//! C2SP `tlog-proof`: one entry's inclusion proof with the checkpoint it leads to, as text.
//!
//! The `extra` line is not authenticated; it is read past and never used as a fact.
//!
//! Source: c2sp.org/tlog-proof.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Hash;
use crate::hash::shorten;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Size from which a proof is refused.
pub const MAX_PROOF_BYTES: usize = 512 * 1024;
/// No tree of 64-bit size is higher.
pub const MAX_HASHES: usize = 64;

/// A proof, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Opaque and unauthenticated.
    pub extra: Option<Vec<u8>>,
    /// Position of the entry.
    pub index: u64,
    /// Sibling hashes from the leaf up.
    pub hashes: Vec<Hash>,
    /// The checkpoint, verbatim with its signatures.
    pub checkpoint: String,
}

/// Why bytes are not a proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProof {
    /// Too large, or not UTF-8.
    #[error("proof is too large or not text")]
    NotText,
    /// The first line.
    #[error("proof does not begin with {HEADER}")]
    Header,
    /// The extra line.
    #[error("extra data is not base64")]
    Extra,
    /// The index line.
    #[error("{0:?} is not an index line")]
    Index(String),
    /// A hash line.
    #[error("{0:?} is not a hash")]
    Hash(String),
    /// More hashes than any tree has levels.
    #[error("proof has more than {MAX_HASHES} hashes")]
    TooManyHashes,
    /// Nothing after the hashes.
    #[error("proof has no checkpoint")]
    NoCheckpoint,
}

impl TlogProof {
    /// Writes the proof.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            text.push_str(&hash.base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// If the bytes have another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidProof> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(InvalidProof::NotText);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidProof::NotText)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(InvalidProof::NoCheckpoint)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(InvalidProof::Header);
        }
        let mut line = lines.next().unwrap_or_default();
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            extra = Some(STANDARD.decode(encoded).map_err(|_| InvalidProof::Extra)?);
            line = lines.next().unwrap_or_default();
        }
        let digits = line.strip_prefix("index ");
        let index =
            digits.and_then(|digits| digits.parse::<u64>().ok().filter(|index| index.to_string() == digits));
        let index = index.ok_or_else(|| InvalidProof::Index(shorten(line)))?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == MAX_HASHES {
                return Err(InvalidProof::TooManyHashes);
            }
            hashes.push(Hash::parse_base64(line).map_err(|_| InvalidProof::Hash(shorten(line)))?);
        }
        if checkpoint.is_empty() {
            return Err(InvalidProof::NoCheckpoint);
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_read_back() {
        let (one, two) = (Hash::of(b"hash1"), Hash::of(b"hash2"));
        for (extra, hashes, expected) in [
            (
                None,
                vec![one, two],
                format!("{HEADER}\nindex 5\n{}\n{}\n\ncheckpoint\n", one.base64(), two.base64()),
            ),
            (
                Some(b"extra".to_vec()),
                vec![one],
                format!("{HEADER}\nextra ZXh0cmE=\nindex 5\n{}\n\ncheckpoint\n", one.base64()),
            ),
            (None, vec![], format!("{HEADER}\nindex 5\n\ncheckpoint\n")),
        ] {
            let proof = TlogProof { extra, index: 5, hashes, checkpoint: "checkpoint\n".to_owned() };
            assert_eq!(proof.to_text(), expected);
            assert_eq!(TlogProof::parse(expected.as_bytes()), Ok(proof));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let long = format!(
            "{HEADER}\nindex 0\n{}\ncheckpoint\n",
            format!("{}\n", Hash::of(b"").base64()).repeat(65)
        );
        for (text, expected) in [
            ("wrong-header\nindex 0\n\ncheckpoint\n", "does not begin"),
            ("c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n", "extra data"),
            ("c2sp.org/tlog-proof@v1\n\n\ncheckpoint\n", "index line"),
            ("c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n", "index line"),
            ("c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n", "index line"),
            ("c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n", "index line"),
            ("c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n", "not a hash"),
            ("c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\ncheckpoint\n", "not a hash"),
            ("c2sp.org/tlog-proof@v1\nindex 0\n", "no checkpoint"),
            ("c2sp.org/tlog-proof@v1\nindex 0\n\n", "no checkpoint"),
            (&long, "more than 64"),
        ] {
            let error = TlogProof::parse(text.as_bytes()).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(TlogProof::parse(&vec![b'a'; MAX_PROOF_BYTES + 1]).is_err());
    }

    mod properties {
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn arbitrary_input_never_panics(text in ".*") {
                let _ = super::TlogProof::parse(text.as_bytes());
                let _ = super::TlogProof::parse(format!("{}\n{text}", super::HEADER).as_bytes());
            }
        }
    }
}
