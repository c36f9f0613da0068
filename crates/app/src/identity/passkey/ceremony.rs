//! Asking a browser for a passkey, and examining its answer. The only module that knows webauthn-rs.
//!
//! The library draws challenges and checks origin, challenge, flags and signature; it reads the machine's clock only to see that
//! certificates of makers are valid. User verification is
//! asked for and seen to always, so a passkey is both factors at once. Keys are discoverable: whose one is, it says itself,
//! and nothing about an account is told before. The counter is given to the library as 0, because it would turn away keys
//! that several devices share when they count apart; the caller judges it.
//!
//! An attested key is asked for with the certificates and models that an organization takes, which wait with the question; its
//! chain is kept with the key, so that it can be examined again.
//!
//! Source: W3C Web Authentication Level 3, sections 7.1 and 7.2; `docs/domain/identity.md` section 1.5.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tickmark_core::id::PersonId;
use tickmark_core::identity::attestation::Model;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AttestationCaList, AttestationCaListBuilder, AttestationMetadata, AttestedPasskey,
    AttestedPasskeyRegistration, Credential, DiscoverableAuthentication, ParsedAttestationData, Passkey,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
    WebauthnError,
};

use super::super::attestation::Anchors;
use super::{Attestation, CEREMONY_US, Relying};
use crate::{Error, Result};

/// Largest answer of a browser, in bytes: keys and attestations take a few thousand.
const MAX_ANSWER_BYTES: usize = 64 << 10;
const WHAT: &str = "the table of passkey ceremonies";

/// What the browser is asked, and what must be kept until it answers.
pub(super) struct Asked {
    /// The options of `navigator.credentials`, in the JSON form of the standard.
    pub(super) options: Value,
    /// What is kept. Never leaves the server.
    pub(super) state: String,
}

/// A key that a browser made.
#[derive(Clone, Debug)]
pub(crate) struct NewKey {
    pub(super) credential: Vec<u8>,
    pub(super) body: String,
    pub(super) counter: u32,
    pub(super) is_synced: bool,
    /// How its maker vouched for it.
    pub(super) attestation: Attestation,
    /// The model, where the maker's certificate covers it.
    pub(super) model: Option<Uuid>,
    /// Whether an attested one was asked for.
    pub(super) is_asked_attested: bool,
}

/// An answer that was examined.
pub(super) struct Signed {
    pub(super) counter: u32,
}

/// What an answer says about itself, before anything of it is believed.
pub(super) struct Claim {
    answer: PublicKeyCredential,
}

#[derive(Serialize, Deserialize)]
enum Registering {
    /// Any key.
    #[serde(rename = "state")]
    Any(PasskeyRegistration),
    /// One for which a maker vouches.
    #[serde(rename = "attested")]
    Attested(AttestedPasskeyRegistration),
}

#[derive(Serialize, Deserialize)]
struct Authenticating {
    state: DiscoverableAuthentication,
}

fn library(relying: &Relying) -> Result<Webauthn> {
    let failed = |what: String| Error::Internal { what, source: None };
    let origin = Url::parse(&relying.origin)
        .map_err(|_| failed(format!("{} is no address for passkeys", relying.origin)))?;
    let lasts = std::time::Duration::from_micros(CEREMONY_US.unsigned_abs());
    WebauthnBuilder::new(&relying.id, &origin)
        .map(|builder| builder.rp_name(&relying.name).timeout(lasts))
        .and_then(WebauthnBuilder::build)
        .map_err(|error| failed(format!("passkeys cannot be used at {}: {error}", relying.origin)))
}

/// Asks for a new key: any, or one for which a maker vouches who is among the `anchors`. Those that are `known` are not made
/// again on the same authenticator.
pub(super) fn ask_for_new(
    relying: &Relying,
    person: PersonId,
    (account, name): (&str, &str),
    known: &[Vec<u8>],
    anchors: Option<&Anchors>,
) -> Result<Asked> {
    let (library, known) = (library(relying)?, Some(known.to_vec()));
    let (asked, state) = match anchors {
        None => library
            .start_passkey_registration(person.0, account, name, known)
            .map(|(asked, state)| (asked, Registering::Any(state))),
        Some(anchors) => library
            .start_attested_passkey_registration(person.0, account, name, known, authorities(anchors)?, None)
            .map(|(asked, state)| (asked, Registering::Attested(state))),
    }
    .map_err(|error| internal("asking for a new passkey", &error))?;
    let mut options = public_key(&asked)?;
    // The key must say whose it is, or nobody could sign in with it alone.
    options["authenticatorSelection"]["residentKey"] = "required".into();
    options["authenticatorSelection"]["requireResidentKey"] = true.into();
    Ok(Asked { options, state: text(&state)? })
}

/// Examines a new key.
pub(super) fn examine_new(
    relying: &Relying,
    state: &str,
    answer: &str,
) -> Result<std::result::Result<NewKey, &'static str>> {
    let kept: Registering = read(state)?;
    let Some(answer) = parse::<RegisterPublicKeyCredential>(answer) else {
        return Ok(Err("passkey_malformed"));
    };
    let library = library(relying)?;
    let made = match &kept {
        Registering::Any(state) => library
            .finish_passkey_registration(&answer, state)
            .map(Credential::from)
            .map_err(|error| reason(&error)),
        Registering::Attested(state) => library
            .finish_attested_passkey_registration(&answer, state)
            .map(Credential::from)
            .map_err(|error| attested_reason(&error)),
    };
    let mut credential = match made {
        Ok(credential) => credential,
        Err(reason) => return Ok(Err(reason)),
    };
    let counter = std::mem::take(&mut credential.counter);
    let attestation = attestation(&credential);
    Ok(Ok(NewKey {
        credential: credential.cred_id.as_slice().to_vec(),
        counter,
        is_synced: credential.backup_eligible,
        attestation,
        model: model(&credential),
        is_asked_attested: matches!(kept, Registering::Attested(_)),
        body: text(&Passkey::from(credential))?,
    }))
}

/// Tells whether the chain that came with a key, as it is kept, ends at a certificate.
pub(super) fn ends_at(body: &str, certificate: &[u8]) -> Result<bool> {
    let credential = Credential::from(key(body)?);
    let Some(aaguid) = model(&credential) else { return Ok(false) };
    let models = [Model { aaguid, name: String::new() }];
    let list = list([certificate], &models)?;
    Ok(AttestedPasskey::from(credential).verify_attestation(&list).is_ok())
}

fn authorities(anchors: &Anchors) -> Result<AttestationCaList> {
    list(anchors.roots.iter().map(|(_, certificate)| certificate.as_slice()), &anchors.models)
}

/// Each of the certificates may vouch for each of the models.
fn list<'a>(certificates: impl IntoIterator<Item = &'a [u8]>, models: &[Model]) -> Result<AttestationCaList> {
    let mut list = AttestationCaListBuilder::new();
    for certificate in certificates {
        for model in models {
            list.insert_device_der(certificate, model.aaguid, model.name.clone(), BTreeMap::new())
                .map_err(|error| Error::corrupt("the table of certificates of makers", error.to_string()))?;
        }
    }
    Ok(list.build())
}

fn attestation(credential: &Credential) -> Attestation {
    match &credential.attestation.data {
        ParsedAttestationData::None => Attestation::None,
        ParsedAttestationData::Self_ => Attestation::Itself,
        ParsedAttestationData::Basic(_) => Attestation::Basic,
        ParsedAttestationData::AttCa(_) => Attestation::Authority,
        ParsedAttestationData::AnonCa(_)
        | ParsedAttestationData::ECDAA
        | ParsedAttestationData::Uncertain => Attestation::Other,
    }
}

/// The model that a maker vouches for. What a key says of itself alone is worth nothing.
fn model(credential: &Credential) -> Option<Uuid> {
    let is_vouched = matches!(attestation(credential), Attestation::Basic | Attestation::Authority);
    match &credential.attestation.metadata {
        AttestationMetadata::Packed { aaguid } | AttestationMetadata::Tpm { aaguid, .. } if is_vouched => {
            Some(*aaguid)
        }
        _ => None,
    }
}

fn key(body: &str) -> Result<Passkey> {
    serde_json::from_str(body).map_err(|error| Error::corrupt("the table of passkeys", error))
}

/// Asks for a key that is there: any, or one of these.
pub(super) fn ask_for_known(relying: &Relying, of: &[Vec<u8>]) -> Result<Asked> {
    let (asked, state) = library(relying)?
        .start_discoverable_authentication()
        .map_err(|error| internal("asking for a passkey", &error))?;
    let mut options = public_key(&asked)?;
    options["allowCredentials"] =
        of.iter().map(|id| serde_json::json!({"type": "public-key", "id": base64url(id)})).collect();
    Ok(Asked { options, state: text(&Authenticating { state })? })
}

impl Claim {
    /// Reads an answer; none if it is of no known form.
    pub(super) fn read(answer: &str) -> Option<Self> {
        parse(answer).map(|answer| Self { answer })
    }

    /// Which key is said to have signed.
    pub(super) fn credential(&self) -> &[u8] {
        self.answer.get_credential_id()
    }

    /// Whose it is, as the key says; none if it says nothing.
    pub(super) fn person(&self) -> Option<&[u8]> {
        self.answer.get_user_unique_id()
    }

    /// Examines it with the key that it names.
    pub(super) fn examine(
        &self,
        relying: &Relying,
        state: &str,
        body: &str,
    ) -> Result<std::result::Result<Signed, &'static str>> {
        let kept: Authenticating = read(state)?;
        let key = key(body)?;
        let done = library(relying)?.finish_discoverable_authentication_v2(&self.answer, kept.state, &key);
        Ok(match done {
            Ok(done) if !done.user_verified() => Err("passkey_unverified"),
            Ok(done) => Ok(Signed { counter: done.counter() }),
            Err(error) => Err(reason(&error)),
        })
    }
}

/// The reason code of a refusal.
fn reason(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::InvalidRPOrigin | WebauthnError::InvalidRPIDHash => "passkey_origin",
        WebauthnError::MismatchedChallenge => "passkey_challenge",
        WebauthnError::UserNotVerified | WebauthnError::UserNotPresent => "passkey_unverified",
        _ => "passkey_signature",
    }
}

/// The reason code of a refusal where an attested key was asked for.
fn attested_reason(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::AttestationNotVerifiable
        | WebauthnError::AttestationNotSupported
        | WebauthnError::AttestationFormatMissingAaguid => "attestation_missing",
        WebauthnError::AttestationChainNotTrusted(_) => "attestation_maker",
        WebauthnError::AttestationUntrustedAaguid => "attestation_model",
        WebauthnError::CredentialMayNotBeHardwareBound => "attestation_synced",
        WebauthnError::AttestationStatementMapInvalid
        | WebauthnError::AttestationStatementSigMissing
        | WebauthnError::AttestationStatementSigInvalid
        | WebauthnError::AttestationStatementAlgMissing
        | WebauthnError::AttestationStatementAlgInvalid
        | WebauthnError::AttestationStatementAlgMismatch
        | WebauthnError::AttestationStatementX5CInvalid
        | WebauthnError::AttestationStatementMissingExtension
        | WebauthnError::AttestationCertificateRequirementsNotMet
        | WebauthnError::AttestationCertificateAAGUIDMismatch
        | WebauthnError::AttestationLeafCertMissing
        | WebauthnError::X509DerInvalid => "attestation_invalid",
        error => reason(error),
    }
}

fn parse<T: for<'a> Deserialize<'a>>(answer: &str) -> Option<T> {
    (answer.len() <= MAX_ANSWER_BYTES).then(|| serde_json::from_str(answer).ok()).flatten()
}

fn read<T: for<'a> Deserialize<'a>>(state: &str) -> Result<T> {
    serde_json::from_str(state).map_err(|error| Error::corrupt(WHAT, error))
}

fn text(of: &impl Serialize) -> Result<String> {
    serde_json::to_string(of).map_err(|error| Error::internal("writing what is kept of a passkey", error))
}

fn public_key(asked: &impl Serialize) -> Result<Value> {
    let mut value = serde_json::to_value(asked)
        .map_err(|error| Error::internal("writing what a browser is asked", error))?;
    Ok(value["publicKey"].take())
}

fn internal(what: &str, error: &WebauthnError) -> Error {
    Error::Internal { what: format!("{what}: {error}"), source: None }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
