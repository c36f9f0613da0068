//! ML-DSA-44 cosignatures (`subtree/v1`): verified, never made here.
//!
//! They commit to names and numbers instead of the checkpoint's text. A checkpoint is the subtree from leaf 0 to its size.
//!
//! Source: c2sp.org/tlog-cosignature, FIPS 204.

use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa44, Signature, VerifyingKey};

use crate::Hash;

/// Bytes of a public key.
pub(super) const PUBLIC_KEY_BYTES: usize = 1312;
/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 2420;
const LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// A part of a log: the tree over the leaves from `start` to before `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtree<'a> {
    /// Origin of the log.
    pub origin: &'a str,
    /// Index of the first leaf; 0 for a checkpoint.
    pub start: u64,
    /// Index after the last one; the size for a checkpoint.
    pub end: u64,
    /// Root over them.
    pub root: Hash,
}

/// Returns what is signed; nothing if a name has no place in it, or a time is stated of what does not begin the log.
pub(super) fn message(cosigner: &str, time: u64, subtree: &Subtree<'_>) -> Option<Vec<u8>> {
    let Subtree { origin, start, end, root } = subtree;
    if *start > 0 && time > 0 || start > end {
        return None;
    }
    let mut message = LABEL.to_vec();
    for (name, number) in [(cosigner, time), (*origin, *start)] {
        let length = u8::try_from(name.len()).ok().filter(|length| *length > 0)?;
        message.push(length);
        message.extend_from_slice(name.as_bytes());
        message.extend_from_slice(&number.to_be_bytes());
    }
    message.extend_from_slice(&end.to_be_bytes());
    message.extend_from_slice(&root.0);
    Some(message)
}

/// Whether a signature is one of the key over the message.
pub(super) fn verifies(public_key: &[u8; PUBLIC_KEY_BYTES], message: &[u8], signature: &[u8]) -> bool {
    if signature.len() != SIGNATURE_BYTES {
        return false;
    }
    let Ok(encoded) = EncodedSignature::<MlDsa44>::try_from(signature) else { return false };
    let Some(signature) = Signature::<MlDsa44>::decode(&encoded) else { return false };
    let Ok(encoded) = EncodedVerifyingKey::<MlDsa44>::try_from(public_key.as_slice()) else { return false };
    VerifyingKey::<MlDsa44>::decode(&encoded).verify_with_context(message, &[], &signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::EMPTY_ROOT;

    #[test]
    fn names_and_times_have_their_limits() {
        let subtree = |origin, start| Subtree { origin, start, end: 10, root: EMPTY_ROOT };
        let long = "t".repeat(256);
        assert!(message("w", 0, &subtree("log", 0)).is_some());
        assert!(message("w", 7, &subtree("log", 0)).is_some());
        assert!(message(&long[1..], 7, &subtree(&long[1..], 0)).is_some());
        for wrong in [
            message(&long, 0, &subtree("log", 0)),
            message("", 0, &subtree("log", 0)),
            message("w", 0, &subtree(&long, 0)),
            message("w", 7, &subtree("log", 1)),
            message("w", 0, &subtree("log", 11)),
        ] {
            assert_eq!(wrong, None);
        }
    }
}
