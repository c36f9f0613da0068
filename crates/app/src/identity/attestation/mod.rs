//! Whose word an organization takes for the devices that its people sign in with: certificates of makers, and models.
//!
//! A passkey is an attested one in an organization when the chain that came with it ends at one of its certificates and the
//! model is on its list. The chain is examined when the key is made and, for keys that were made elsewhere or before, when they
//! are shown; the list is looked at on each request, so that a model or a certificate that is taken off counts no longer from
//! the next request on. Owns `attestation_root`, `attestation_model` and `passkey_trust`.
//!
//! Source: `docs/domain/identity.md` sections 1.4 and 1.5; W3C Web Authentication Level 3, section 6.5.

mod sql;

use std::collections::BTreeSet;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sqlx::AnyConnection;
use tickmark_core::id::{OrganizationKey, PasskeyId};
use tickmark_core::identity::attestation::{self as rules, MOST_MODELS, Model};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};
use uuid::Uuid;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::Access;
use super::audit::{self, Event, Name};
use super::session;
use crate::context::{Cx, View};
use crate::{Error, Result};

/// Most certificates of an organization.
pub const MOST_ROOTS: usize = 50;
/// Largest text of certificates, in bytes: a certificate takes one or two thousand.
pub const MAX_PEM_BYTES: usize = 128 << 10;
/// Most characters of a certificate's name that are kept.
const MAX_NAME_CHARS: usize = 500;

/// A certificate at which chains of a maker end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The SHA-256 of the certificate.
    pub digest: Digest,
    /// What it calls itself.
    pub name: String,
    /// Until when it is valid. What it vouched for before counts on.
    pub ends_at: Timestamp,
    /// When it was added.
    pub added_at: Timestamp,
}

/// What an organization takes for attested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// By whose certificates, by name.
    pub roots: Vec<Root>,
    /// Of which models, by name.
    pub models: Vec<Model>,
}

impl Trust {
    /// Tells whether there is a passkey that could be taken.
    #[must_use]
    pub fn takes_any(&self) -> bool {
        !self.roots.is_empty() && !self.models.is_empty()
    }
}

/// What a chain is examined with: certificates, each with its digest, and models.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchors {
    pub(crate) roots: Vec<(Digest, Vec<u8>)>,
    pub(crate) models: Vec<Model>,
}

/// Returns what the organization takes for attested.
///
/// # Errors
/// `Forbidden` if the actor may not see it.
pub async fn trust(view: &mut View<'_>) -> Result<Trust> {
    view.permit(Atom::new(Resource::Organization, Verb::Read))?;
    let organization = view.organization();
    let roots = sql::roots(view.connection(), organization).await?;
    let models = sql::models(view.connection(), organization).await?;
    Ok(Trust { roots, models })
}

/// Adds certificates, as PEM; returns how many are new.
///
/// # Errors
/// `Forbidden`; `StepUp`; `Invalid` for what is no certificate of an authority, or without a reason; `Conflict` if there are too
/// many, or one of the same name is there.
pub async fn add_roots(cx: &mut Cx<'_>, pem: &str, why: &str) -> Result<usize> {
    may_change(cx, why)?;
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    let read = certificates(pem, now)?;
    let mut known = sql::roots(cx.connection(), organization).await?;
    let mut added = 0;
    for (root, der) in read {
        if known.iter().any(|one| one.digest == root.digest) {
            continue;
        }
        if known.iter().any(|one| one.name == root.name) {
            return Err(Error::conflict(format!(
                "there is another certificate of the name {:?}; remove it first, as a chain would not tell them apart",
                root.name
            )));
        }
        if known.len() >= MOST_ROOTS {
            return Err(Error::conflict(format!("there are {MOST_ROOTS} certificates already")));
        }
        sql::insert_root(cx.connection(), organization, &root, &der, by).await?;
        record(cx, "attestation_root", root.digest.hex(), true, why).await?;
        known.push(root);
        added += 1;
    }
    if added == 0 {
        return Err(Error::conflict("these certificates are here already"));
    }
    Ok(added)
}

/// Removes a certificate. What it vouched for is not attested any more from the next request on.
///
/// # Errors
/// `Forbidden`; `StepUp`; `Invalid` without a reason; `NotFound`; `Conflict` if it is the last one and attested passkeys are
/// asked for.
pub async fn remove_root(cx: &mut Cx<'_>, digest: Digest, why: &str) -> Result<()> {
    may_change(cx, why)?;
    let organization = cx.organization();
    let roots = sql::roots(cx.connection(), organization).await?;
    if !roots.iter().any(|root| root.digest == digest) {
        return Err(Error::not_found("certificate", digest.hex()));
    }
    need_rest(cx, roots.len(), "certificate").await?;
    sql::delete_root(cx.connection(), organization, digest).await?;
    need_own_access(cx).await?;
    record(cx, "attestation_root", digest.hex(), false, why).await
}

/// Accepts models, from lines of an AAGUID and a name; a model that is there takes the new name. Returns how many there were.
///
/// # Errors
/// `Forbidden`; `StepUp`; `Invalid` with the line that is wrong, or without a reason; `Conflict` if there are too many.
pub async fn add_models(cx: &mut Cx<'_>, lines: &str, why: &str) -> Result<usize> {
    may_change(cx, why)?;
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    let read = rules::models(lines).map_err(Error::invalid)?;
    let known: BTreeSet<Uuid> =
        sql::models(cx.connection(), organization).await?.into_iter().map(|model| model.aaguid).collect();
    let new = read.iter().filter(|model| !known.contains(&model.aaguid)).count();
    if known.len() + new > MOST_MODELS {
        return Err(Error::conflict(format!("a list has at most {MOST_MODELS} models")));
    }
    for model in &read {
        sql::put_model(cx.connection(), organization, model, by, now).await?;
        record(cx, "attestation_model", model.aaguid.to_string(), true, why).await?;
    }
    Ok(read.len())
}

/// Accepts a model no longer, from the next request on.
///
/// # Errors
/// As [`remove_root`].
pub async fn remove_model(cx: &mut Cx<'_>, aaguid: Uuid, why: &str) -> Result<()> {
    may_change(cx, why)?;
    let organization = cx.organization();
    let models = sql::models(cx.connection(), organization).await?;
    if !models.iter().any(|model| model.aaguid == aaguid) {
        return Err(Error::not_found("model", aaguid));
    }
    need_rest(cx, models.len(), "model").await?;
    sql::delete_model(cx.connection(), organization, aaguid).await?;
    need_own_access(cx).await?;
    record(cx, "attestation_model", aaguid.to_string(), false, why).await
}

fn may_change(cx: &mut Cx<'_>, why: &str) -> Result<()> {
    cx.permit(Atom::new(Resource::Organization, Verb::Update))?;
    if matches!(cx.actor.access, Access::Member(_)) {
        session::need_fresh_proof(cx)?;
    }
    if why.trim().is_empty() { Err(Error::invalid("this needs a reason")) } else { Ok(()) }
}

/// Refuses that the last one goes while nobody gets in without.
async fn need_rest(cx: &mut Cx<'_>, there_are: usize, what: &str) -> Result<()> {
    let organization = cx.organization();
    if there_are == 1 && session::rule_of(cx.connection(), organization).await?.asks_attestation() {
        return Err(Error::conflict(format!(
            "this is the last {what}, and attested passkeys are asked for: nobody would get in; ask for less first"
        )));
    }
    Ok(())
}

/// Refuses what would keep out whoever does it.
async fn need_own_access(cx: &mut Cx<'_>) -> Result<()> {
    if session::is_still_enough(cx).await? {
        return Ok(());
    }
    Err(Error::conflict(
        "the passkey that you signed in with would not be accepted any more; sign in with another one first",
    ))
}

async fn record(cx: &mut Cx<'_>, kind: &'static str, id: String, is_accepted: bool, why: &str) -> Result<()> {
    let event = Event {
        before: (!is_accepted).then(|| serde_json::json!({"accepted": true})),
        after: Some(serde_json::json!({"accepted": is_accepted})),
        why: Some(why),
        ..Event::done(Name::ConfigChanged, kind, id)
    };
    audit::record(cx, event).await
}

/// Reads certificates of authorities.
fn certificates(pem: &str, now: Timestamp) -> Result<Vec<(Root, Vec<u8>)>> {
    if pem.len() > MAX_PEM_BYTES {
        return Err(Error::invalid(format!("certificates are at most {} KB of text", MAX_PEM_BYTES >> 10)));
    }
    let mut all = Vec::new();
    for (at, der) in CertificateDer::pem_slice_iter(pem.as_bytes()).enumerate() {
        let number = at + 1;
        let der = der.map_err(|_| Error::invalid(format!("certificate {number} cannot be read")))?;
        let root = root(&der, now)
            .map_err(|says| Error::invalid(format!("certificate {number} cannot be taken: {says}")))?;
        all.push((root, der.to_vec()));
        if all.len() > MOST_ROOTS {
            return Err(Error::invalid(format!("at most {MOST_ROOTS} certificates are taken at once")));
        }
    }
    if all.is_empty() {
        return Err(Error::invalid(
            "there is no certificate in it; it begins with a line -----BEGIN CERTIFICATE-----",
        ));
    }
    Ok(all)
}

/// Reads a certificate at which a chain can end.
fn root(der: &[u8], now: Timestamp) -> std::result::Result<Root, String> {
    let certificate = Certificate::from_der(der).map_err(|_| "it cannot be read".to_owned())?;
    let part = certificate.tbs_certificate();
    let name: String = part.subject().to_string().chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(format!("its name must have between 1 and {MAX_NAME_CHARS} characters"));
    }
    let unfit = |_| format!("what {name} may sign cannot be read");
    let is_authority =
        part.get_extension::<BasicConstraints>().map_err(unfit)?.is_some_and(|(_, limits)| limits.ca);
    let signs =
        part.get_extension::<KeyUsage>().map_err(unfit)?.is_some_and(|(_, usage)| usage.key_cert_sign());
    if !is_authority || !signs {
        return Err(format!(
            "{name} is not the certificate of an authority that signs others; take the one of the maker, not that of a device"
        ));
    }
    let ends =
        i64::try_from(part.validity().not_after.to_unix_duration().as_secs()).unwrap_or(i64::MAX / SECOND_US);
    let ends_at = Timestamp::from_micros(ends.saturating_mul(SECOND_US));
    if ends_at <= now {
        return Err(format!("{name} is not valid any more"));
    }
    Ok(Root { digest: Digest::of(der), name, ends_at, added_at: now })
}

/// Returns what chains are examined with in an organization; none if nothing could be taken.
pub(crate) async fn anchors(c: &mut AnyConnection, organization: OrganizationKey) -> Result<Option<Anchors>> {
    let roots = sql::certificates(c, organization).await?;
    let models = sql::models(c, organization).await?;
    Ok((!roots.is_empty() && !models.is_empty()).then_some(Anchors { roots, models }))
}

/// Returns the certificates of an organization, each with its digest.
pub(crate) async fn roots(
    c: &mut AnyConnection,
    organization: OrganizationKey,
) -> Result<Vec<(Digest, Vec<u8>)>> {
    sql::certificates(c, organization).await
}

/// Notes that the chain of a passkey ends at a certificate of the organization.
pub(crate) async fn note(cx: &mut Cx<'_>, passkey: PasskeyId, root: Digest, model: Uuid) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    sql::insert_trust(cx.connection(), organization, passkey, (root, model), now).await
}

/// Tells whether it was noted that the chain of a passkey ends at a certificate of an organization, whatever the model.
pub(crate) async fn is_noted(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    passkey: PasskeyId,
) -> Result<bool> {
    sql::has_trust(c, organization, passkey).await
}

/// Tells whether a passkey is an attested one in an organization, as its list is now.
pub(crate) async fn is_trusted(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    passkey: PasskeyId,
) -> Result<bool> {
    sql::is_trusted(c, organization, passkey).await
}

/// Returns which of some passkeys are attested ones in an organization.
pub(crate) async fn trusted_of(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    passkeys: &[PasskeyId],
) -> Result<BTreeSet<PasskeyId>> {
    let mut trusted = BTreeSet::new();
    for passkey in passkeys {
        if sql::is_trusted(c, organization, *passkey).await? {
            trusted.insert(*passkey);
        }
    }
    Ok(trusted)
}

/// Returns what an organization calls the models that it accepts.
pub(crate) async fn names(c: &mut AnyConnection, organization: OrganizationKey) -> Result<Vec<Model>> {
    sql::models(c, organization).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_of_authorities_are_taken() {
        let now = Timestamp::from_micros(0);
        let says = |pem: &str| certificates(pem, now).expect_err("refused").to_string();
        assert!(says("").contains("no certificate"));
        assert!(says("hello").contains("no certificate"));
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(says(nonsense).contains("certificate 1 cannot be taken: it cannot be read"));
        assert!(says(&"x".repeat(MAX_PEM_BYTES + 1)).contains("at most 128 KB"));
    }
}
