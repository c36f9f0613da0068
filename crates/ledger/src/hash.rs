//! SHA-256 values and their three textual forms: hexadecimal, `sha256:<hex>`, and base64 in notes and proofs.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// A SHA-256 value. Never truncated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// Why a text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a SHA-256 value")]
pub struct InvalidHash(pub String);

impl Hash {
    /// Hashes `bytes` as they are, without the prefix of a tree.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Returns the self-describing form `sha256:<hex>`.
    #[must_use]
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.hex())
    }

    /// Returns standard base64 with padding, the form of notes and proofs.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads exactly 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// If the text is anything else.
    pub fn parse_hex(text: &str) -> Result<Self, InvalidHash> {
        let invalid = || InvalidHash(shorten(text));
        if text.len() != 64 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| invalid())?;
        Ok(Self(bytes))
    }

    /// Reads the form `sha256:<hex>`.
    ///
    /// # Errors
    /// If the text is anything else.
    pub fn parse_digest(text: &str) -> Result<Self, InvalidHash> {
        let digits = text.strip_prefix("sha256:").ok_or_else(|| InvalidHash(shorten(text)))?;
        Self::parse_hex(digits)
    }

    /// Finds every `sha256:<hex>` in bytes of text, in order.
    pub fn named_in(bytes: &[u8]) -> impl Iterator<Item = Self> {
        const PREFIX: &[u8] = b"sha256:";
        let digits = |place: &[u8]| {
            let digits = std::str::from_utf8(place.strip_prefix(PREFIX)?).ok()?;
            Self::parse_hex(digits).ok()
        };
        bytes.windows(PREFIX.len() + 64).filter_map(digits)
    }

    /// Reads standard base64 with padding.
    ///
    /// # Errors
    /// If the text is not base64, not canonical base64, or not of 32 bytes.
    pub fn parse_base64(text: &str) -> Result<Self, InvalidHash> {
        let invalid = || InvalidHash(shorten(text));
        if text.len() != 44 {
            return Err(invalid());
        }
        let bytes = STANDARD.decode(text).map_err(|_| invalid())?;
        Ok(Self(bytes.try_into().map_err(|_| invalid())?))
    }
}

/// Keeps foreign text in messages short.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST_QUOTE: usize = 80;
    let mut short: String = text.chars().take(LONGEST_QUOTE).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}
