//! Whether a token is to be believed.

use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use webpki::{EndEntityCert, KeyUsage, RevocationOptions, anchor_from_trusted_cert, ring as algorithms};

use super::TimestampError;
use super::ber::{self, Element, NotBer, context};
use super::revocation::{Revocation, RevocationLists};
use super::token::{SHA256, Signer, TST_INFO, Token};

/// 2.16.840.1.101.3.4.2.2
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
/// 2.16.840.1.101.3.4.2.3
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
/// 1.2.840.113549.1.9.3
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
/// 1.2.840.113549.1.9.4
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// 1.2.840.113549.1.9.16.2.12
const SIGNING_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
/// 1.2.840.113549.1.9.16.2.47
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
/// 1.3.6.1.5.5.7.3.8
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// 2.5.29.37
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// Root certificates from which a file is refused.
const MAX_ROOTS: usize = 1000;

const SHA256_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA256,
];
const SHA384_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA384,
];
const SHA512_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    algorithms::ED25519,
];

/// The root certificates that a verifier chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots(Vec<CertificateDer<'static>>);

/// A token that may be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamped {
    /// The digest existed at this moment, microseconds since 1970-01-01T00:00:00Z: the moment that the authority states
    /// and its accuracy, so at the latest.
    pub latest_us: i64,
    /// The token did not exist before this moment: what the authority states, less its accuracy.
    pub earliest_us: i64,
    /// End of the certificate's validity, in the same unit. Anchor again before it.
    pub expires_us: i64,
    /// Name of the signer, as its certificate says.
    pub authority: String,
    /// What the lists that were given say about the certificate.
    pub revocation: Revocation,
}

impl Roots {
    /// Reads certificates in PEM.
    ///
    /// # Errors
    /// If there is none, or one cannot be a root.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TimestampError> {
        let mut roots = Vec::new();
        for (at, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let certificate = certificate.map_err(|_| TimestampError::InvalidRoot(at + 1))?;
            if at >= MAX_ROOTS || anchor_from_trusted_cert(&certificate).is_err() {
                return Err(TimestampError::InvalidRoot(at + 1));
            }
            roots.push(certificate);
        }
        if roots.is_empty() { Err(TimestampError::NoRoots) } else { Ok(Self(roots)) }
    }

    /// Adds the certificates of other roots.
    pub fn extend(&mut self, other: Self) {
        for root in other.0 {
            if !self.0.contains(&root) {
                self.0.push(root);
            }
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the certificates as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        use base64::Engine as _;
        let mut text = String::new();
        for root in &self.0 {
            let encoded = base64::engine::general_purpose::STANDARD.encode(root.as_ref());
            text.push_str("-----BEGIN CERTIFICATE-----\n");
            for line in encoded.as_bytes().chunks(64) {
                text.push_str(&String::from_utf8_lossy(line));
                text.push('\n');
            }
            text.push_str("-----END CERTIFICATE-----\n");
        }
        text
    }

    fn anchors(&self) -> Vec<TrustAnchor<'_>> {
        self.0.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect()
    }
}

impl Token {
    /// Verifies signature, signer and chain, with no word about revocation.
    ///
    /// # Errors
    /// With the first thing that is wrong.
    pub fn verify(&self, roots: &Roots) -> Result<Timestamped, TimestampError> {
        self.verify_unrevoked(roots, &RevocationLists::default())
    }

    /// As [`Self::verify`], and refuses a token that the lists make worthless.
    ///
    /// # Errors
    /// With the first thing that is wrong.
    pub fn verify_unrevoked(
        &self,
        roots: &Roots,
        lists: &RevocationLists,
    ) -> Result<Timestamped, TimestampError> {
        let attributes =
            Attributes::parse(&self.signer.attributes).map_err(|_| TimestampError::Form("an attribute"))?;
        let content = digest(&self.signer.digest_algorithm, &self.content)?;
        if attributes.digest != content {
            return Err(TimestampError::Attributes("the signed digest is that of another content"));
        }
        let chain: Vec<CertificateDer<'_>> =
            self.certificates.iter().map(|bytes| CertificateDer::from(bytes.as_slice())).collect();
        let certificate = self.signed_by(&chain, &attributes)?;
        let parsed = Certificate::parse(certificate).map_err(|_| TimestampError::Form("a certificate"))?;
        if !parsed.is_for_time_stamping {
            return Err(TimestampError::Usage);
        }
        let end_entity =
            EndEntityCert::try_from(certificate).map_err(|_| TimestampError::Form("a certificate"))?;
        let seconds = u64::try_from(self.stated_us.div_euclid(1_000_000)).unwrap_or(0);
        let all = [SHA256_ALGORITHMS, SHA384_ALGORITHMS, SHA512_ALGORITHMS].concat();
        let anchors = roots.anchors();
        let verify = |revocation: Option<RevocationOptions<'_>>| {
            let stated = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            let usage = KeyUsage::required_if_present(TIME_STAMPING);
            end_entity.verify_for_usage(&all, &anchors, &chain, stated, usage, revocation, None).map(drop)
        };
        verify(None).map_err(|error| match error {
            webpki::Error::CertExpired { .. }
            | webpki::Error::CertNotValidYet { .. }
            | webpki::Error::InvalidCertValidity => TimestampError::NotValidThen(written(self.stated_us)),
            other => TimestampError::UnknownRoot(other.to_string()),
        })?;
        let latest_us = self.stated_us.saturating_add(self.accuracy_us);
        let issuer = Element::only(&parsed.issuer, ber::SEQUENCE).map_or(&[][..], |name| name.content);
        let revocation = lists.look(|options| verify(Some(options)), issuer, &parsed.serial, latest_us)?;
        Ok(Timestamped {
            latest_us,
            earliest_us: self.stated_us.saturating_sub(self.accuracy_us),
            expires_us: parsed.expires_us,
            authority: parsed.name,
            revocation,
        })
    }

    /// Returns the certificate whose key signed.
    fn signed_by<'c>(
        &self,
        chain: &'c [CertificateDer<'c>],
        attributes: &Attributes,
    ) -> Result<&'c CertificateDer<'c>, TimestampError> {
        let algorithms = signature_algorithms(&self.signer)?;
        let mut refusal = TimestampError::NoCertificate;
        for certificate in chain {
            let Ok(parsed) = Certificate::parse(certificate) else { continue };
            let is_named = self
                .signer
                .issued
                .as_ref()
                .is_none_or(|(issuer, serial)| *issuer == parsed.issuer && *serial == parsed.serial);
            if !is_named {
                continue;
            }
            if let Some((algorithm, hash)) = &attributes.certificate
                && digest(algorithm, certificate)? != *hash
            {
                refusal = TimestampError::Attributes("the signer's certificate is not the one that it names");
                continue;
            }
            let Ok(end_entity) = EndEntityCert::try_from(certificate) else { continue };
            refusal = TimestampError::BadSignature;
            // The bytes as they stand, and in the order that DER asks for.
            for content in [self.signer.attributes.clone(), sorted(&self.signer.attributes)] {
                let message = ber::write(ber::SET, &content);
                let is_good = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
                    end_entity.verify_signature(**algorithm, &message, &self.signer.signature).is_ok()
                };
                if algorithms.iter().any(|algorithm| is_good(&algorithm)) {
                    return Ok(certificate);
                }
            }
        }
        Err(refusal)
    }
}

/// The signed attributes that matter.
struct Attributes {
    digest: Vec<u8>,
    /// Algorithm and hash of the signer's certificate, unless it is a SHA-1.
    certificate: Option<(Vec<u8>, Vec<u8>)>,
}

impl Attributes {
    fn parse(content: &[u8]) -> Result<Self, NotBer> {
        let whole = ber::write(ber::SET, content);
        let mut attributes = Element::only(&whole, ber::SET)?.children();
        let (mut digest, mut content_type, mut certificate, mut names_certificate) =
            (None, None, None, false);
        while let Some(attribute) = attributes.any()? {
            let mut parts = attribute.children();
            let kind = parts.next(ber::OID)?.content;
            let mut values = parts.next(ber::SET)?.children();
            match kind {
                MESSAGE_DIGEST if digest.is_none() => digest = Some(values.octets()?),
                CONTENT_TYPE if content_type.is_none() => {
                    content_type = Some(values.next(ber::OID)?.content.to_vec())
                }
                MESSAGE_DIGEST | CONTENT_TYPE => return Err(NotBer),
                SIGNING_CERTIFICATE => names_certificate = true,
                SIGNING_CERTIFICATE_V2 => {
                    names_certificate = true;
                    let mut ids = values.next(ber::SEQUENCE)?.children().next(ber::SEQUENCE)?.children();
                    let mut id = ids.next(ber::SEQUENCE)?.children();
                    let algorithm = match id.optional(ber::SEQUENCE)? {
                        Some(algorithm) => algorithm.children().next(ber::OID)?.content.to_vec(),
                        None => SHA256.to_vec(),
                    };
                    certificate = Some((algorithm, id.octets()?));
                }
                _ => {}
            }
        }
        let is_timestamp = content_type.as_deref() == Some(TST_INFO) && names_certificate;
        let digest = digest.filter(|_| is_timestamp).ok_or(NotBer)?;
        Ok(Self { digest, certificate })
    }
}

/// What is needed of a certificate.
struct Certificate {
    issuer: Vec<u8>,
    serial: Vec<u8>,
    name: String,
    expires_us: i64,
    is_for_time_stamping: bool,
}

impl Certificate {
    fn parse(bytes: &[u8]) -> Result<Self, NotBer> {
        let mut tbs = Element::only(bytes, ber::SEQUENCE)?.children().next(ber::SEQUENCE)?.children();
        tbs.optional(context(0))?;
        let serial = tbs.next(ber::INTEGER)?.content.to_vec();
        tbs.next(ber::SEQUENCE)?;
        let issuer = tbs.next(ber::SEQUENCE)?.raw.to_vec();
        let mut validity = tbs.next(ber::SEQUENCE)?.children();
        validity.any()?;
        let expires_us = validity.any()?.and_then(|end| moment(&end)).ok_or(NotBer)?;
        let name = common_name(tbs.next(ber::SEQUENCE)?);
        tbs.next(ber::SEQUENCE)?;
        let mut is_for_time_stamping = false;
        while let Some(part) = tbs.any()? {
            if part.tag != context(3) {
                continue;
            }
            let mut extensions = Element::only(part.content, ber::SEQUENCE)?.children();
            while let Some(extension) = extensions.any()? {
                let mut parts = extension.children();
                if parts.next(ber::OID)?.content != EXTENDED_KEY_USAGE {
                    continue;
                }
                let critical =
                    parts.optional(ber::BOOLEAN)?.is_some_and(|critical| critical.content == [0xff]);
                let value = parts.octets()?;
                let mut purposes = Element::only(&value, ber::SEQUENCE)?.children();
                let first = purposes.next(ber::OID)?.content;
                // RFC 3161, 2.3: this purpose, no other, and critical.
                is_for_time_stamping = critical && first == TIME_STAMPING && purposes.end().is_ok();
            }
        }
        Ok(Self { issuer, serial, name, expires_us, is_for_time_stamping })
    }
}

fn moment(end: &Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(end.content).ok()?;
    // UTCTime has two digits of the year, which mean 1950 to 2049.
    let text = match (end.tag, text.get(..2)?.parse::<u8>().ok()?) {
        (ber::TIME, _) => text.to_owned(),
        (0x17, year) => format!("{}{text}", if year < 50 { "20" } else { "19" }),
        _ => return None,
    };
    super::token::moment(text.as_bytes()).ok()
}

/// Returns the last common name of a subject; foreign text, so only letters that can be shown.
fn common_name(subject: Element<'_>) -> String {
    let mut name = String::new();
    let mut parts = subject.children();
    while let Ok(Some(part)) = parts.any() {
        let Ok(mut pair) = part.children().next(ber::SEQUENCE).map(|pair| pair.children()) else { continue };
        // 2.5.4.3
        if pair.next(ber::OID).is_ok_and(|oid| oid.content == [0x55, 0x04, 0x03])
            && let Ok(Some(value)) = pair.any()
        {
            name = String::from_utf8_lossy(value.content)
                .chars()
                .filter(|c| !c.is_control())
                .take(100)
                .collect();
        }
    }
    name
}

fn digest(algorithm: &[u8], bytes: &[u8]) -> Result<Vec<u8>, TimestampError> {
    match algorithm {
        SHA256 => Ok(Sha256::digest(bytes).to_vec()),
        SHA384 => Ok(Sha384::digest(bytes).to_vec()),
        SHA512 => Ok(Sha512::digest(bytes).to_vec()),
        _ => Err(TimestampError::Unsupported("digest")),
    }
}

/// Returns what may verify the signature. The algorithm of a signer may be named with or without its digest; the
/// certificate's key decides between RSA and the curves.
fn signature_algorithms(
    signer: &Signer,
) -> Result<&'static [&'static dyn SignatureVerificationAlgorithm], TimestampError> {
    // 1.2.840.113549.1.1, 1.2.840.10045 and 1.3.101.112: RSA, elliptic curves, Ed25519.
    let known: [&[u8]; 3] = [
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01],
        &[0x2a, 0x86, 0x48, 0xce, 0x3d],
        &[0x2b, 0x65, 0x70],
    ];
    // RSASSA-PSS has its digest among parameters that are not read here.
    let is_pss =
        signer.signature_algorithm.as_slice() == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
    if is_pss || !known.iter().any(|prefix| signer.signature_algorithm.starts_with(prefix)) {
        return Err(TimestampError::Unsupported("signature"));
    }
    match signer.digest_algorithm.as_slice() {
        SHA256 => Ok(SHA256_ALGORITHMS),
        SHA384 => Ok(SHA384_ALGORITHMS),
        SHA512 => Ok(SHA512_ALGORITHMS),
        _ => Err(TimestampError::Unsupported("digest")),
    }
}

/// Returns the elements of a set in the order of DER.
fn sorted(content: &[u8]) -> Vec<u8> {
    let whole = ber::write(ber::SET, content);
    let Ok(set) = Element::only(&whole, ber::SET) else { return content.to_vec() };
    let mut elements = Vec::new();
    let mut reader = set.children();
    while let Ok(Some(element)) = reader.any() {
        elements.push(element.raw.to_vec());
    }
    elements.sort();
    elements.concat()
}

pub(super) fn written(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |moment| moment.to_string())
}
