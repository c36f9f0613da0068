//! Requests, and what an answer says.

use super::ber::{self, Element, NotBer, Reader, context, primitive};
use super::{MAX_RESPONSE_BYTES, TimestampError};
use crate::Hash;

/// 2.16.840.1.101.3.4.2.1
pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.9.16.1.4
pub(super) const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// Certificates in a token from which it is refused.
const MAX_CERTIFICATES: usize = 16;

/// Makes the request for a timestamp over a digest. `nonce` ties the answer to it.
#[must_use]
pub fn request(digest: &Hash, nonce: u64) -> Vec<u8> {
    let algorithm = [ber::write(ber::OID, SHA256), vec![0x05, 0x00]].concat();
    let imprint = [ber::write(ber::SEQUENCE, &algorithm), ber::write(ber::OCTETS, &digest.0)].concat();
    let mut number = nonce.to_be_bytes().to_vec();
    while number.len() > 1 && number[0] == 0 && number[1] < 0x80 {
        number.remove(0);
    }
    if number[0] >= 0x80 {
        number.insert(0, 0);
    }
    let parts = [
        ber::write(ber::INTEGER, &[1]),
        ber::write(ber::SEQUENCE, &imprint),
        ber::write(ber::INTEGER, &number),
        // The certificates are wanted in the answer.
        ber::write(ber::BOOLEAN, &[0xff]),
    ];
    ber::write(ber::SEQUENCE, &parts.concat())
}

/// A token, read and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Algorithm and value of the digest it is over.
    imprint: (Vec<u8>, Vec<u8>),
    /// The moment it states, microseconds since 1970-01-01T00:00:00Z.
    pub(super) stated_us: i64,
    /// How far the moment may be off.
    pub(super) accuracy_us: i64,
    nonce: Option<Vec<u8>>,
    pub(super) certificates: Vec<Vec<u8>>,
    /// The exact bytes that are signed indirectly.
    pub(super) content: Vec<u8>,
    pub(super) signer: Signer,
}

/// What a token says about its one signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signer {
    /// Name of the issuer as encoded, and serial number; none if named by key.
    pub(super) issued: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) digest_algorithm: Vec<u8>,
    /// The attributes' content, without tag and length.
    pub(super) attributes: Vec<u8>,
    pub(super) signature_algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Token {
    /// Reads the answer of an authority.
    ///
    /// # Errors
    /// If the authority refused, or the bytes are not an answer.
    pub fn of_response(bytes: &[u8]) -> Result<Self, TimestampError> {
        if bytes.len() > MAX_RESPONSE_BYTES {
            return Err(TimestampError::TooLarge(bytes.len()));
        }
        let form = |_: NotBer| TimestampError::Form("the answer");
        let mut response = Element::only(bytes, ber::SEQUENCE).map_err(form)?.children();
        let status = response.next(ber::SEQUENCE).and_then(|info| info.children().next(ber::INTEGER));
        let status = status.and_then(|number| number.number()).map_err(form)?;
        // Granted, or granted with modifications.
        if status > 1 {
            return Err(TimestampError::Refused(status));
        }
        let token = response.next(ber::SEQUENCE).map_err(form)?;
        response.end().map_err(form)?;
        Self::parse(token).map_err(|_| TimestampError::Form("the token"))
    }

    fn parse(token: Element<'_>) -> Result<Self, NotBer> {
        let mut token = token.children();
        expect_oid(&mut token, SIGNED_DATA)?;
        let signed = token.next(context(0))?;
        token.end()?;
        let mut signed = Element::only(signed.content, ber::SEQUENCE)?.children();
        signed.next(ber::INTEGER)?;
        signed.next(ber::SET)?;
        let mut encapsulated = signed.next(ber::SEQUENCE)?.children();
        expect_oid(&mut encapsulated, TST_INFO)?;
        let content = encapsulated.next(context(0))?.children().octets()?;
        let mut certificates = Vec::new();
        if let Some(set) = signed.optional(context(0))? {
            let mut set = set.children();
            while let Some(certificate) = set.any()? {
                // Attribute certificates and other forms have other tags.
                if certificate.tag == ber::SEQUENCE {
                    certificates.push(certificate.raw.to_vec());
                }
                if certificates.len() > MAX_CERTIFICATES {
                    return Err(NotBer);
                }
            }
        }
        signed.optional(context(1))?;
        let mut signers = signed.next(ber::SET)?.children();
        let signer = Signer::parse(signers.next(ber::SEQUENCE)?)?;
        // RFC 3161, 2.4.2: no signature but that of the authority.
        signers.end()?;
        Self::of_info(content, certificates, signer)
    }

    fn of_info(content: Vec<u8>, certificates: Vec<Vec<u8>>, signer: Signer) -> Result<Self, NotBer> {
        let mut info = Element::only(&content, ber::SEQUENCE)?.children();
        if info.next(ber::INTEGER)?.number()? != 1 {
            return Err(NotBer);
        }
        info.next(ber::OID)?;
        let mut imprint = info.next(ber::SEQUENCE)?.children();
        let algorithm = imprint.next(ber::SEQUENCE)?.children().next(ber::OID)?.content.to_vec();
        let imprint = (algorithm, imprint.octets()?);
        info.next(ber::INTEGER)?;
        let stated_us = moment(info.next(ber::TIME)?.content)?;
        let accuracy_us = match info.optional(ber::SEQUENCE)? {
            None => 0,
            Some(accuracy) => {
                let mut parts = accuracy.children();
                let mut part = |tag, unit: i64| {
                    let value = parts.optional(tag)?.map_or(Ok(0), |part| part.number())?;
                    i64::try_from(value).ok().and_then(|value| value.checked_mul(unit)).ok_or(NotBer)
                };
                let (seconds, millis, micros) =
                    (part(ber::INTEGER, 1_000_000)?, part(primitive(0), 1000)?, part(primitive(1), 1)?);
                seconds.checked_add(millis).and_then(|sum| sum.checked_add(micros)).ok_or(NotBer)?
            }
        };
        info.optional(ber::BOOLEAN)?;
        let nonce =
            info.optional(ber::INTEGER)?.map(|nonce| nonce.unsigned().map(<[u8]>::to_vec)).transpose()?;
        Ok(Self { imprint, stated_us, accuracy_us, nonce, certificates, content, signer })
    }

    /// Makes sure that the token is over this digest.
    ///
    /// # Errors
    /// If it is over another one.
    pub fn check_imprint(&self, digest: &Hash) -> Result<(), TimestampError> {
        let (algorithm, value) = &self.imprint;
        if algorithm == SHA256 && value.as_slice() == digest.0 {
            Ok(())
        } else {
            Err(TimestampError::WrongImprint)
        }
    }

    /// Makes sure that the token answers the request with this nonce.
    ///
    /// # Errors
    /// If it answers another one.
    pub fn check_nonce(&self, nonce: u64) -> Result<(), TimestampError> {
        let bytes = nonce.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if self.nonce.as_deref() == Some(&bytes[zeros..]) { Ok(()) } else { Err(TimestampError::WrongNonce) }
    }

    /// Returns the digest it is over, if that is a SHA-256.
    #[must_use]
    pub fn imprint(&self) -> Option<Hash> {
        let (algorithm, value) = &self.imprint;
        let value: [u8; 32] = value.as_slice().try_into().ok()?;
        (algorithm == SHA256).then_some(Hash(value))
    }
}

impl Signer {
    fn parse(signer: Element<'_>) -> Result<Self, NotBer> {
        let mut signer = signer.children();
        signer.next(ber::INTEGER)?;
        let issued = match signer.optional(ber::SEQUENCE)? {
            Some(sid) => {
                let mut sid = sid.children();
                Some((sid.next(ber::SEQUENCE)?.raw.to_vec(), sid.next(ber::INTEGER)?.content.to_vec()))
            }
            None => {
                signer.next(primitive(0))?;
                None
            }
        };
        let digest_algorithm = algorithm(&mut signer)?;
        let attributes = signer.next(context(0))?.content.to_vec();
        let signature_algorithm = algorithm(&mut signer)?;
        let signature = signer.octets()?;
        Ok(Self { issued, digest_algorithm, attributes, signature_algorithm, signature })
    }
}

fn algorithm(reader: &mut Reader<'_>) -> Result<Vec<u8>, NotBer> {
    Ok(reader.next(ber::SEQUENCE)?.children().next(ber::OID)?.content.to_vec())
}

fn expect_oid(reader: &mut Reader<'_>, oid: &[u8]) -> Result<(), NotBer> {
    if reader.next(ber::OID)?.content == oid { Ok(()) } else { Err(NotBer) }
}

/// Reads `20261124145501Z` or `20261124145501.25Z`.
pub(super) fn moment(text: &[u8]) -> Result<i64, NotBer> {
    let text = std::str::from_utf8(text).ok().and_then(|text| text.strip_suffix('Z')).ok_or(NotBer)?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if seconds.len() != 14 || !(seconds.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit()) {
        return Err(NotBer);
    }
    let part = |from: usize, to: usize| seconds[from..to].parse::<i8>().map_err(|_| NotBer);
    let year = seconds[..4].parse::<i16>().map_err(|_| NotBer)?;
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let micros = micros.parse::<i32>().map_err(|_| NotBer)?;
    let civil = jiff::civil::DateTime::new(
        year,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        micros * 1000,
    );
    let moment = civil.and_then(|civil| jiff::tz::Offset::UTC.to_timestamp(civil)).map_err(|_| NotBer)?;
    Ok(moment.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_the_one_of_openssl() {
        // openssl ts -query -digest 00…00 -sha256 -cert, with nonce 0x8000000000000001.
        let request = request(&Hash([0; 32]), 0x8000_0000_0000_0001);
        assert_eq!(
            hex::encode(request),
            format!(
                "3044020101303130\
                 0d060960864801650304020105000420{}0209008000000000000001\
                 0101ff",
                "00".repeat(32)
            )
        );
    }

    #[test]
    fn moments_read() {
        assert_eq!(moment(b"19700101000001Z"), Ok(1_000_000));
        assert_eq!(moment(b"19700101000001.25Z"), Ok(1_250_000));
        assert_eq!(moment(b"20261124144500Z"), Ok(1_795_531_500_000_000));
        for other in [
            &b"20261124144500"[..],
            b"20261324144500Z",
            b"2026112414450Z",
            b"20261124144500.xZ",
            b"",
            b"\xff",
        ] {
            assert!(moment(other).is_err(), "{other:?}");
        }
    }
}
