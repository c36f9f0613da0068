//! Whether the certificate behind a token was revoked, as far as revocation lists say that the verifier brought along.
//!
//! A list that came with what is verified would be worth nothing: whoever made a bundle could leave the revocation out.

use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;
use webpki::{
    CertRevocationList, OwnedCertRevocationList, RevocationCheckDepth, RevocationOptions,
    RevocationOptionsBuilder, RevocationReason, UnknownStatusPolicy,
};

use super::TimestampError;
use super::trust::written;

/// Lists from which a file is refused.
const MAX_LISTS: usize = 1000;

/// Revocation lists that a verifier chose.
#[derive(Clone, Debug, Default)]
pub struct RevocationLists(Vec<OwnedCertRevocationList>);

/// What the lists say about the certificate behind a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// No list of its issuer was given.
    NotChecked,
    /// It stands in no list of its issuer that was given.
    NotListed,
    /// It was revoked at this moment (microseconds since 1970-01-01T00:00:00Z), after the token, and for a reason that
    /// leaves earlier tokens good.
    Later(i64),
}

impl RevocationLists {
    /// Reads lists in PEM, or one in DER.
    ///
    /// # Errors
    /// If there is none, or one cannot be read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TimestampError> {
        let read = |at: usize, der: &[u8]| {
            OwnedCertRevocationList::from_der(der).map_err(|_| TimestampError::InvalidList(at + 1))
        };
        let mut lists = Vec::new();
        for (at, list) in CertificateRevocationListDer::pem_slice_iter(bytes).enumerate() {
            let list = list.ok().filter(|_| at < MAX_LISTS).ok_or(TimestampError::InvalidList(at + 1))?;
            lists.push(read(at, &list)?);
        }
        if lists.is_empty() {
            lists.push(read(0, bytes)?);
        }
        Ok(Self(lists))
    }

    /// Adds other lists.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Asks the lists about a chain that was verified without them. `issuer` and `serial` name the certificate behind the
    /// token, which stated `stated_us` at the latest.
    ///
    /// A list that is not signed by the issuer is refused. Revoked with one of four reasons, tokens from before stay good;
    /// revoked with another reason or none, no token does.
    ///
    /// Source: RFC 3161 section 4, number 1.
    pub(super) fn look(
        &self,
        verify: impl Fn(RevocationOptions<'_>) -> Result<(), webpki::Error>,
        issuer: &[u8],
        serial: &[u8],
        stated_us: i64,
    ) -> Result<Revocation, TimestampError> {
        let lists: Vec<CertRevocationList<'_>> =
            self.0.iter().cloned().map(CertRevocationList::from).collect();
        let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
        let Ok(options) = RevocationOptionsBuilder::new(&lists) else { return Ok(Revocation::NotChecked) };
        let own = match verify(options.with_depth(RevocationCheckDepth::EndEntity).build()) {
            Ok(()) => Revocation::NotListed,
            Err(webpki::Error::UnknownRevocationStatus) => Revocation::NotChecked,
            Err(webpki::Error::CertRevoked) => return revoked(&lists, issuer, serial, stated_us),
            Err(other) => return Err(TimestampError::UselessList(other.to_string())),
        };
        // Whoever issued the certificate may itself have been revoked.
        match verify(options.with_status_policy(UnknownStatusPolicy::Allow).build()) {
            Ok(()) => Ok(own),
            Err(webpki::Error::CertRevoked) => {
                Err(TimestampError::Revoked("its issuer was revoked".to_owned()))
            }
            Err(other) => Err(TimestampError::UselessList(other.to_string())),
        }
    }
}

fn revoked(
    lists: &[&CertRevocationList<'_>],
    issuer: &[u8],
    serial: &[u8],
    stated_us: i64,
) -> Result<Revocation, TimestampError> {
    let mut revoked_us = i64::MAX;
    for list in lists.iter().filter(|list| list.issuer() == issuer) {
        let Ok(Some(entry)) = list.find_serial(serial) else { continue };
        let seconds = i64::try_from(entry.revocation_date.as_secs()).unwrap_or(0);
        revoked_us = revoked_us.min(seconds.saturating_mul(1_000_000));
        let leaves_earlier_good = matches!(
            entry.reason_code,
            Some(
                RevocationReason::Unspecified
                    | RevocationReason::AffiliationChanged
                    | RevocationReason::Superseded
                    | RevocationReason::CessationOfOperation
            )
        );
        if !leaves_earlier_good {
            let reason = match entry.reason_code {
                Some(reason) => {
                    format!("revoked on {} for {reason:?}: no token of it is good", written(revoked_us))
                }
                None => {
                    format!("revoked on {} without a reason: no token of it is good", written(revoked_us))
                }
            };
            return Err(TimestampError::Revoked(reason));
        }
    }
    if stated_us < revoked_us && revoked_us < i64::MAX {
        Ok(Revocation::Later(revoked_us))
    } else {
        Err(TimestampError::Revoked(format!("revoked on {}, before the token", written(revoked_us))))
    }
}
