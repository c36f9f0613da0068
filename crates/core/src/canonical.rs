//! Canonical JSON bytes (RFC 8785), the form in which facts and settings are hashed.

use serde::Serialize;

use crate::Digest;

/// Serializes `value` as RFC 8785 bytes.
///
/// # Errors
/// If the value has a map key that is not a string, or a number that is not finite.
pub fn bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

/// Returns the digest of the canonical bytes of `value`.
///
/// # Errors
/// As [`bytes`].
pub fn digest<T: Serialize>(value: &T) -> Result<Digest, serde_json::Error> {
    Ok(Digest::of(&bytes(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_order_and_spacing_do_not_matter() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b": 1, "a": [true, null]}"#).expect("JSON");
        let two: serde_json::Value = serde_json::from_str(r#"{"a":[true,null],"b":1}"#).expect("JSON");
        assert_eq!(bytes(&one).expect("bytes"), br#"{"a":[true,null],"b":1}"#);
        assert_eq!(digest(&one).expect("digest"), digest(&two).expect("digest"));
    }
}
