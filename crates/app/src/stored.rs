//! Reading stored columns back into types; anything else than what we write is damage.

use std::str::FromStr;

use tickmark_core::Digest;

use crate::{Error, Result};

/// Reads a SHA-256 column.
pub(crate) fn digest(bytes: &[u8], what: &str) -> Result<Digest> {
    array(bytes, what).map(Digest)
}

/// Reads a column of exactly 32 bytes.
pub(crate) fn array(bytes: &[u8], what: &str) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| Error::corrupt(what, format!("{} bytes instead of 32", bytes.len())))
}

/// Reads a column whose text has a form.
pub(crate) fn parse<T: FromStr>(text: &str, what: &str) -> Result<T> {
    text.parse().map_err(|_| Error::corrupt(what, format!("{text:?} is not of its form")))
}

/// Reads a column that counts something.
pub(crate) fn count(number: i64, what: &str) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::corrupt(what, format!("{number} is negative")))
}
