//! Salted commitments, and the descriptor by which a leaf names an artifact.
//!
//! A plain digest of a short or guessable content gives the content away. The log therefore commits to
//! HMAC-SHA-256(salt, domain ‖ 0x00 ‖ content) with a random salt of 32 bytes kept beside the log: whoever is shown
//! content and salt can check the commitment, and once the salt is destroyed nobody can.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::Hash;

/// What a commitment is about, so that one of a kind never passes for another.
pub const ARTIFACT_DOMAIN: &str = "tickmark/artifact/v1";
/// Domain of a record that can be erased, such as the mapping from a random id to a person.
pub const RECORD_DOMAIN: &str = "tickmark/record/v1";

/// A random value that makes a commitment unguessable. Never in the log; not printed by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Salt(pub [u8; 32]);

impl Salt {
    /// Returns 64 hexadecimal digits, for `salts.json`.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Reads 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse_hex(text: &str) -> Option<Self> {
        Hash::parse_hex(text).ok().map(|hash| Self(hash.0))
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(***)")
    }
}

/// Commits to `content` under `salt`.
#[must_use]
pub fn commit(salt: &Salt, domain: &str, content: &[u8]) -> Hash {
    let mut committer = Committer::new(salt, domain);
    committer.update(content);
    committer.finish()
}

/// Commits to content that arrives in pieces.
#[derive(Clone)]
pub struct Committer(Hmac<Sha256>);

impl Committer {
    /// Begins a commitment.
    #[must_use]
    pub fn new(salt: &Salt, domain: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(&salt.0).expect("HMAC takes keys of any length");
        mac.update(domain.as_bytes());
        // A domain has no zero byte, so domain and content cannot be shifted against each other.
        mac.update(&[0]);
        Self(mac)
    }

    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Returns the commitment.
    #[must_use]
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into_bytes().into())
    }
}

/// How a leaf names an artifact. An `evidence.add` leaf has them in member `artifacts` of its body.
///
/// Members that this crate does not know are kept out of its way: they belong to the writer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactDescriptor {
    /// Name inside its run, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Media type of the content.
    pub media_type: String,
    /// Size of the content in bytes.
    pub size: u64,
    /// Digest of the bytes as stored, `sha256:<hex>`: checks storage without any key.
    pub stored: String,
    /// Salted commitment to the content, `sha256:<hex>` of the HMAC.
    pub commitment: String,
    /// Which data key encrypts the stored bytes; absent if they are the content itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Retention class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
}

impl ArtifactDescriptor {
    /// Describes content that is stored as it is.
    #[must_use]
    pub fn of_plain(media_type: &str, content: &[u8], salt: &Salt, retention: Option<&str>) -> Self {
        Self {
            name: None,
            media_type: media_type.to_owned(),
            size: content.len() as u64,
            stored: Hash::of(content).digest(),
            commitment: commit(salt, ARTIFACT_DOMAIN, content).digest(),
            key: None,
            retention: retention.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commitment_is_the_hmac_anybody_can_compute() {
        // python3 -c 'import hmac; print(hmac.new(b"\x07"*32, b"tickmark/artifact/v1\0content", "sha256").hexdigest())'
        assert_eq!(
            commit(&Salt([7; 32]), ARTIFACT_DOMAIN, b"content").hex(),
            "83101b333f8d417306545fa67cd315f38bf8ca4c49819b2bf3ecfaad784fbf65"
        );
    }

    #[test]
    fn salt_domain_and_content_all_matter() {
        let base = commit(&Salt([7; 32]), ARTIFACT_DOMAIN, b"content");
        assert_ne!(commit(&Salt([8; 32]), ARTIFACT_DOMAIN, b"content"), base);
        assert_ne!(commit(&Salt([7; 32]), RECORD_DOMAIN, b"content"), base);
        assert_ne!(commit(&Salt([7; 32]), ARTIFACT_DOMAIN, b"contents"), base);
        let mut pieces = Committer::new(&Salt([7; 32]), ARTIFACT_DOMAIN);
        pieces.update(b"con");
        pieces.update(b"tent");
        assert_eq!(pieces.finish(), base);
        assert_eq!(format!("{:?}", Salt([7; 32])), "Salt(***)");
    }

    #[test]
    fn descriptor_reads_what_other_writers_add() {
        let descriptor =
            ArtifactDescriptor::of_plain("text/plain", b"content", &Salt([1; 32]), Some("evidence"));
        let mut value = serde_json::to_value(&descriptor).expect("JSON");
        assert_eq!(value.get("key"), None);
        value["name"] = "sshd".into();
        value["other"] = 1.into();
        let read: ArtifactDescriptor = serde_json::from_value(value).expect("descriptor");
        assert_eq!(read, ArtifactDescriptor { name: Some("sshd".to_owned()), ..descriptor });
    }
}
