//! A signing key that another program holds: an agent of the SSH agent protocol behind a socket on this machine.
//!
//! What it signs with may be a key in its memory, a token or a service; here only the public half is known. It is asked for
//! one signature over the bytes that are to be signed; the answer counts only if it verifies ([`Signer::sign_text`]).
//!
//! Source: draft-ietf-sshm-ssh-agent, sections 3.6 (requests to sign) and 4.2 (Ed25519); RFC 4251, section 5; RFC 8709.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tickmark_ledger::note::{Signer, SigningError, VerifierKey};

use super::Outside;

const KEY_TYPE: &[u8] = b"ssh-ed25519";
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
const FAILURE: u8 = 5;

/// Signs by asking an agent.
#[derive(Debug)]
pub(super) struct AgentSigner {
    pub(super) verifier: VerifierKey,
    pub(super) socket: PathBuf,
    pub(super) timeout_seconds: u32,
    pub(super) outside: Arc<Outside>,
}

impl Signer for AgentSigner {
    fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    fn sign_message(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
        let failed = |why: String| SigningError { key: self.verifier.name().to_owned(), why };
        let request = request(self.verifier.public_key(), message);
        let answer = self.outside.outbound.ask_agent(&self.socket, &request, self.timeout_seconds);
        let answer = answer.map_err(|error| failed(format!("{}: {error}", self.socket.display())))?;
        signature_of(&answer).map_err(|why| failed(format!("{}: {why}", self.socket.display())))
    }
}

/// Reads a public key as `ssh-add -L` prints it. Returns its 32 bytes.
pub(super) fn public_key_of(line: &str) -> Option<[u8; 32]> {
    let mut words = line.split_whitespace();
    let (kind, encoded) = (words.next()?, words.next()?);
    let blob = STANDARD.decode(encoded).ok().filter(|_| kind.as_bytes() == KEY_TYPE)?;
    let (kind, rest) = string(&blob)?;
    let (key, rest) = string(rest)?;
    if kind != KEY_TYPE || !rest.is_empty() {
        return None;
    }
    key.try_into().ok()
}

/// Returns the request for a signature, with its length in front.
fn request(public_key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    put_string(&mut blob, KEY_TYPE);
    put_string(&mut blob, public_key);
    let mut body = vec![SIGN_REQUEST];
    put_string(&mut body, &blob);
    put_string(&mut body, message);
    // No flags.
    body.extend_from_slice(&[0; 4]);
    let mut request = Vec::new();
    put_string(&mut request, &body);
    request
}

/// Reads the answer, without its length.
fn signature_of(answer: &[u8]) -> Result<[u8; 64], &'static str> {
    const OTHER: &str = "the agent did not answer with a signature of Ed25519";
    let (kind, rest) = answer.split_first().ok_or(OTHER)?;
    match *kind {
        SIGN_RESPONSE => {}
        FAILURE => return Err("the agent refused: it may not hold the key, or is locked"),
        _ => return Err(OTHER),
    }
    let (blob, _) = string(rest).filter(|(_, rest)| rest.is_empty()).ok_or(OTHER)?;
    let (kind, rest) = string(blob).ok_or(OTHER)?;
    let (signature, rest) = string(rest).ok_or(OTHER)?;
    if kind != KEY_TYPE || !rest.is_empty() {
        return Err(OTHER);
    }
    signature.try_into().map_err(|_| OTHER)
}

fn put_string(to: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("what is signed is short");
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(bytes);
}

/// Splits a string with its length in front off.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key and line of RFC 8709's format, made by hand: the key is 32 bytes of 7.
    fn line(key: &[u8], kind: &[u8]) -> String {
        let mut blob = Vec::new();
        put_string(&mut blob, kind);
        put_string(&mut blob, key);
        format!("{} {} somebody@example.com", String::from_utf8_lossy(kind), STANDARD.encode(blob))
    }

    #[test]
    fn a_public_key_is_read_and_another_kind_refused() {
        assert_eq!(public_key_of(&line(&[7; 32], KEY_TYPE)), Some([7; 32]));
        for wrong in [
            line(&[7; 31], KEY_TYPE),
            line(&[7; 32], b"ssh-rsa"),
            "ssh-ed25519".to_owned(),
            "ssh-ed25519 AAAA".to_owned(),
            line(&[7; 32], KEY_TYPE).replace("ssh-ed25519 ", "ssh-rsa "),
        ] {
            assert_eq!(public_key_of(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn requests_have_the_bytes_of_the_protocol() {
        let made = request(&[7; 32], b"text");
        // 4 + (1 + 4 + 51 + 4 + 4 + 4): the blob is 4 + 11 + 4 + 32.
        assert_eq!(made.len(), 4 + 68);
        assert_eq!(made[..9], [0, 0, 0, 68, 13, 0, 0, 0, 51]);
        assert!(made.ends_with(b"\x00\x00\x00\x04text\x00\x00\x00\x00"));
    }

    #[test]
    fn answers_that_are_no_signature_are_refused() {
        let mut blob = Vec::new();
        put_string(&mut blob, KEY_TYPE);
        put_string(&mut blob, &[9; 64]);
        let mut good = vec![SIGN_RESPONSE];
        put_string(&mut good, &blob);
        assert_eq!(signature_of(&good), Ok([9; 64]));
        let refused = signature_of(&[FAILURE]).expect_err("a refusal");
        assert!(refused.contains("refused"), "{refused}");
        for end in 0..good.len() {
            assert!(signature_of(&good[..end]).is_err(), "{end}");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert!(signature_of(&longer).is_err());
        let mut other = good;
        other[12] ^= 1;
        assert!(signature_of(&other).is_err(), "another kind of key");
    }
}
