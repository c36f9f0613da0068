//! What makes a selection random and repeatable.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::Digest;

/// Longest seed in bytes.
pub const MAX_SEED_BYTES: usize = 200;
/// Fewest bytes of a seed written in hexadecimal, which is meant to be random.
const MIN_HEX_BYTES: usize = 16;
/// How random bytes are written.
const HEX: &str = "hex:";

/// A seed: a text agreed after the population was frozen, or random bytes written as `hex:...`. It is the key of the
/// HMAC-SHA-256 that ranks the items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seed {
    text: String,
    bytes: Vec<u8>,
}

/// Why a text is not a seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// Nothing.
    #[error("a seed needs at least one character")]
    Empty,
    /// Beyond [`MAX_SEED_BYTES`].
    #[error("the seed has {0} bytes, more than {MAX_SEED_BYTES}")]
    TooLong(usize),
    /// Blanks that get lost in copying.
    #[error("the seed begins or ends with a blank, which is easily lost when the draw is repeated")]
    Blank,
    /// Characters that get lost in copying.
    #[error("the seed has a control character at byte {0}")]
    Control(usize),
    /// Not hexadecimal.
    #[error("the seed has {digit:?} at place {place} after hex:, which is not a hexadecimal digit")]
    NotHex {
        /// The character.
        digit: char,
        /// Counted from 1 after the prefix.
        place: usize,
    },
    /// Half a byte.
    #[error("the seed has {0} hexadecimal digits, which is not a whole number of bytes")]
    OddHex(usize),
    /// Too few to be random.
    #[error("the seed has {0} bytes in hexadecimal; random bytes are {MIN_HEX_BYTES} or more")]
    ShortHex(usize),
}

impl Seed {
    /// Makes a seed of random bytes.
    #[must_use]
    pub fn random(bytes: [u8; 32]) -> Self {
        Self { text: format!("{HEX}{}", hex::encode(bytes)), bytes: bytes.to_vec() }
    }

    /// Returns the seed as it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the bytes that key the HMAC.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns HMAC-SHA-256 of a message under this seed.
    #[must_use]
    pub fn mac(&self, message: &str) -> Digest {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes).expect("a key of any length");
        mac.update(message.as_bytes());
        Digest(mac.finalize().into_bytes().into())
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Seed> for String {
    fn from(seed: Seed) -> Self {
        seed.text
    }
}

impl TryFrom<String> for Seed {
    type Error = SeedError;

    fn try_from(text: String) -> Result<Self, SeedError> {
        text.parse()
    }
}

impl FromStr for Seed {
    type Err = SeedError;

    fn from_str(text: &str) -> Result<Self, SeedError> {
        if text.is_empty() {
            return Err(SeedError::Empty);
        }
        if text.len() > MAX_SEED_BYTES {
            return Err(SeedError::TooLong(text.len()));
        }
        if let Some((place, _)) = text.char_indices().find(|(_, letter)| letter.is_control()) {
            return Err(SeedError::Control(place + 1));
        }
        if text.trim() != text {
            return Err(SeedError::Blank);
        }
        let Some(digits) = text.strip_prefix(HEX) else {
            return Ok(Self { text: text.to_owned(), bytes: text.as_bytes().to_vec() });
        };
        if let Some((place, digit)) = digits.chars().enumerate().find(|(_, digit)| !digit.is_ascii_hexdigit())
        {
            return Err(SeedError::NotHex { digit, place: place + 1 });
        }
        let bytes = hex::decode(digits).map_err(|_| SeedError::OddHex(digits.len()))?;
        if bytes.len() < MIN_HEX_BYTES {
            return Err(SeedError::ShortHex(bytes.len()));
        }
        Ok(Self { text: text.to_ascii_lowercase(), bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_texts_or_bytes() {
        let text: Seed = "agreed on 2026-04-02 by Ada and Bob".parse().expect("a text");
        assert_eq!(text.bytes(), text.text().as_bytes());
        let bytes: Seed = "hex:000102030405060708090A0B0C0D0E0F".parse().expect("bytes");
        assert_eq!((bytes.bytes().len(), bytes.text()), (16, "hex:000102030405060708090a0b0c0d0e0f"));
        assert_eq!(Seed::random([7; 32]).text().parse(), Ok(Seed::random([7; 32])));

        let refused = |text: &str| text.parse::<Seed>().expect_err("refused").to_string();
        assert_eq!(refused(""), "a seed needs at least one character");
        assert_eq!(refused(&"x".repeat(201)), "the seed has 201 bytes, more than 200");
        assert_eq!(refused("a\tb"), "the seed has a control character at byte 2");
        assert!(refused(" a").contains("begins or ends with a blank"));
        assert_eq!(
            refused("hex:00zz"),
            "the seed has 'z' at place 3 after hex:, which is not a hexadecimal digit"
        );
        assert!(refused("hex:000").contains("3 hexadecimal digits"));
        assert!(refused("hex:00").contains("1 bytes in hexadecimal"));
        assert!(refused("hex:").contains("0 bytes in hexadecimal"));
    }
}
