//! Reads public keys of OpenSSH (RFC 4253 section 6.6, RFC 5656, RFC 8709).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

/// What a public key says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// `ed25519`, `ecdsa`, `rsa`, `dsa`, `sk-ed25519`, `sk-ecdsa`.
    pub(crate) kind: &'static str,
    pub(crate) bits: Option<u32>,
    /// `SHA256:…` as `ssh-keygen -l` writes it.
    pub(crate) fingerprint: String,
}

/// Names a key type as it stands in a file; none when it is no key type.
pub(crate) fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name.split("-cert-v01@").next().unwrap_or(name) {
        "ssh-ed25519" => "ed25519",
        "ssh-rsa" => "rsa",
        "ssh-dss" => "dsa",
        "sk-ssh-ed25519@openssh.com" | "sk-ssh-ed25519" => "sk-ed25519",
        "sk-ecdsa-sha2-nistp256@openssh.com" | "sk-ecdsa-sha2-nistp256" => "sk-ecdsa",
        "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => "ecdsa",
        _ => return None,
    })
}

/// Reads type and base64 body.
pub(crate) fn parse(name: &str, body: &str) -> Option<PublicKey> {
    let kind = kind_of(name)?;
    let blob = STANDARD.decode(body).or_else(|_| STANDARD_NO_PAD.decode(body.trim_end_matches('='))).ok()?;
    let mut rest = blob.as_slice();
    let inner = field(&mut rest)?;
    (inner == name.as_bytes()).then_some(())?;
    let bits = match kind {
        "ed25519" | "sk-ed25519" => (field(&mut rest)?.len() == 32).then_some(Some(256))?,
        "sk-ecdsa" => Some(256),
        "ecdsa" => name.rsplit("nistp").next().and_then(|size| size.split('-').next()?.parse().ok()),
        "rsa" => {
            field(&mut rest)?;
            Some(integer_bits(field(&mut rest)?))
        }
        _ => Some(integer_bits(field(&mut rest)?)),
    };
    let fingerprint = format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&blob)));
    Some(PublicKey { kind, bits, fingerprint })
}

/// Takes one length-prefixed field off the front.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_at_checked(4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (value, tail) = tail.split_at_checked(length)?;
    *rest = tail;
    Some(value)
}

fn integer_bits(bytes: &[u8]) -> u32 {
    let significant = bytes.iter().skip_while(|byte| **byte == 0).count();
    let first = bytes.iter().find(|byte| **byte != 0).copied().unwrap_or(0);
    u32::try_from(significant * 8).unwrap_or(u32::MAX).saturating_sub(first.leading_zeros() % 8)
}
