//! Timestamps of RFC 3161: a third party says that a digest existed at a moment.
//!
//! A token over the SHA-256 of a checkpoint bounds the moment of everything under that checkpoint from above. It is
//! kept as the authority answered it, so that other programs (`openssl ts -verify`) can check it too. What is checked
//! here: status, imprint, nonce, the signature over the signed attributes, the digest of the content among them, the
//! hash of the signer's certificate among them, its extended key usage (time stamping alone, critical), and the chain to
//! a root that the verifier chose, valid at the moment the token states.
//!
//! Revocation is checked against the lists that the verifier brings along: nothing here asks a network. Not checked: whether
//! a list is the newest, what OCSP would say, and the hash of the certificate when it is the SHA-1 of the first version of
//! that attribute. Whether a certificate has ended since depends on the day of looking, so its end is told, not judged.
//!
//! Source: RFC 3161, RFC 5652, RFC 5816, RFC 5280.

mod ber;
mod revocation;
mod token;
mod trust;

pub use revocation::{Revocation, RevocationLists};
pub use token::{Token, request};
pub use trust::{Roots, Timestamped};

/// Size from which an answer of an authority is refused. Tokens have 1 to 10 kB.
pub const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// Why a timestamp is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// More bytes than a timestamp may have.
    #[error("timestamp has {0} bytes, more than {MAX_RESPONSE_BYTES}")]
    TooLarge(usize),
    /// The bytes are not those of a response or token.
    #[error("timestamp: {0} cannot be read")]
    Form(&'static str),
    /// The authority refused.
    #[error("authority refused with status {0}")]
    Refused(u64),
    /// A token over something else.
    #[error("timestamp is over another digest")]
    WrongImprint,
    /// A token that answers another request.
    #[error("timestamp answers another request: its nonce differs")]
    WrongNonce,
    /// A digest or signature algorithm that is not verified here.
    #[error("timestamp uses a {0} algorithm that is not supported")]
    Unsupported(&'static str),
    /// The signed attributes are not about this content or this signer.
    #[error("timestamp: {0}")]
    Attributes(&'static str),
    /// The certificate of the signer is not in the token.
    #[error("certificate of the timestamp's signer is missing")]
    NoCertificate,
    /// The signature does not verify.
    #[error("signature of the timestamp does not verify")]
    BadSignature,
    /// The certificate of the signer is not one for time stamping alone.
    #[error("certificate of the timestamp's signer is not one for time stamping alone")]
    Usage,
    /// A certificate of the chain is not valid at the moment that the token states.
    #[error("certificate of the timestamp's signer was not valid at {0}")]
    NotValidThen(String),
    /// No chain to a root that was chosen.
    #[error("certificate of the timestamp's signer does not lead to a configured root: {0}")]
    UnknownRoot(String),
    /// The certificate of the signer was revoked, or that of its issuer.
    #[error("certificate of the timestamp's signer: {0}")]
    Revoked(String),
    /// A revocation list that says nothing about the chain.
    #[error("revocation list cannot be used: {0}")]
    UselessList(String),
    /// A revocation list that cannot be read.
    #[error("revocation list {0} cannot be read")]
    InvalidList(usize),
    /// A root certificate that cannot be used.
    #[error("root certificate {0} cannot be read")]
    InvalidRoot(usize),
    /// No root certificate where there should be one.
    #[error("no certificate between BEGIN CERTIFICATE and END CERTIFICATE")]
    NoRoots,
}
