//! Whose word an organization takes for passkeys: certificates of makers, and the models that are accepted. People change the
//! lists, with a fresh proof of who they are; no token does.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::identity::attestation::{self, Root, Trust};
use tickmark_app::{Cx, Error, View};
use tickmark_core::Digest;
use tickmark_core::identity::Resource::Organization;
use tickmark_core::identity::Verb::Update;
use tickmark_core::identity::attestation::Model;

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::Reason;
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[Operation::one::<Trusted>(
    "getTrustedPasskeys",
    ("/settings/attestation", "/settings/attestation"),
    "By whose certificates and of which models passkeys count as attested; its tag is the version",
    Organization,
    || get(trusted),
)];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewCertificates, Trusted>(
        "trustMakers",
        ("/settings/attestation/certificates", "/settings/attestation/certificates"),
        "Adds certificates of makers at which the chains of passkeys may end",
        (Organization, Update),
        || post(add_certificates),
    )
    .created()
    .versioned()
    .for_people(),
    Writing::post::<NewModels, Trusted>(
        "trustModels",
        ("/settings/attestation/models", "/settings/attestation/models"),
        "Adds models that are accepted; one that is listed takes the new name",
        (Organization, Update),
        || post(add_models),
    )
    .created()
    .versioned()
    .for_people(),
    Writing::post::<Reason, Trusted>(
        "distrustMaker",
        (
            "/settings/attestation/certificates/{digest}/removal",
            "/settings/attestation/certificates/0000000000000000000000000000000000000000000000000000000000000000/removal",
        ),
        "Removes a certificate of a maker: what it vouched for counts no longer, from everybody's next request on",
        (Organization, Update),
        || post(remove_certificate),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, Trusted>(
        "distrustModel",
        (
            "/settings/attestation/models/{aaguid}/removal",
            "/settings/attestation/models/00000000-0000-7000-8000-000000000000/removal",
        ),
        "Accepts a model no longer, from everybody's next request on",
        (Organization, Update),
        || post(remove_model),
    )
    .versioned()
    .for_people(),
];

/// What counts as attested.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Trusted {
    /// By name.
    certificates: Vec<Certificate>,
    /// By name.
    models: Vec<TrustedModel>,
    /// Whether there is a passkey that could be taken: at least one certificate and one model.
    takes_any: bool,
}

/// A certificate at which chains of a maker end.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Certificate {
    /// SHA-256 of the certificate, in hexadecimal digits.
    digest: String,
    /// What it calls itself.
    name: String,
    /// Until when it is valid. What it vouched for before counts on.
    ends_at: String,
    added_at: String,
}

/// A model that is accepted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TrustedModel {
    /// The number that its maker gave it.
    aaguid: String,
    /// What people call it.
    name: String,
}

/// Certificates to be trusted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCertificates {
    /// As PEM, one or several. Those of the makers themselves, not those of devices.
    #[schemars(length(min = 1, max = 131_072))]
    certificates: String,
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// Models to be accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewModels {
    #[schemars(length(min = 1, max = 200))]
    models: Vec<NewModel>,
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// A model to be accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewModel {
    /// The number that its maker gave it.
    #[schemars(extend("format" = "uuid"))]
    aaguid: String,
    /// What people call it.
    #[schemars(length(min = 1, max = 100))]
    name: String,
}

impl Taken for NewCertificates {}
impl Taken for NewModels {}

impl From<&Trust> for Trusted {
    fn from(trust: &Trust) -> Self {
        let certificate = |root: &Root| Certificate {
            digest: root.digest.hex(),
            name: root.name.clone(),
            ends_at: root.ends_at.to_string(),
            added_at: root.added_at.to_string(),
        };
        let model =
            |model: &Model| TrustedModel { aaguid: model.aaguid.to_string(), name: model.name.clone() };
        Self {
            certificates: trust.roots.iter().map(certificate).collect(),
            models: trust.models.iter().map(model).collect(),
            takes_any: trust.takes_any(),
        }
    }
}

impl Trusted {
    async fn of(view: &mut View<'_>) -> Result<Self, Error> {
        Ok(Self::from(&attestation::trust(view).await?))
    }

    fn tag(&self) -> String {
        let certificates = self.certificates.iter().map(|one| one.digest.clone());
        let models = self.models.iter().map(|one| format!("{} {}", one.aaguid, one.name));
        let text: Vec<String> = certificates.chain(models).collect();
        Digest::of(text.join("\n").as_bytes()).hex()[..16].to_owned()
    }
}

async fn trusted(look: Looking) -> Answered {
    look.tagged(async |view| {
        let trusted = Trusted::of(view).await?;
        let tag = trusted.tag();
        Ok((trusted, tag))
    })
    .await
}

/// Changes the lists from the version that was looked at, and answers with them as they are then.
async fn change<B, F>(state: &WebState, asked: &Asked, call: &Call<B>, status: StatusCode, act: F) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>) -> Result<(), Error>,
{
    let from = call.version()?.to_owned();
    write(state, asked, call, async |cx| {
        let before = Trusted::of(cx).await?;
        if before.tag() != from {
            return stale(&before, &before.tag(), None);
        }
        act(cx).await?;
        changed(&Trusted::of(cx).await?, status)
    })
    .await
}

fn changed(trusted: &Trusted, status: StatusCode) -> Result<Done, Error> {
    done(status, trusted, &trusted.tag(), &format!("{BASE}/settings/attestation"))
}

async fn add_certificates(
    State(state): State<WebState>,
    asked: Asked,
    call: Call<NewCertificates>,
) -> Answered {
    let body = &call.body;
    change(&state, &asked, &call, StatusCode::CREATED, async |cx| {
        attestation::add_roots(cx, &body.certificates, &body.reason).await.map(|_| ())
    })
    .await
}

async fn add_models(State(state): State<WebState>, asked: Asked, call: Call<NewModels>) -> Answered {
    let body = &call.body;
    change(&state, &asked, &call, StatusCode::CREATED, async |cx| {
        if body.models.iter().any(|model| model.name.contains(['\n', '\r'])) {
            return Err(Error::invalid("the name of a model is one line"));
        }
        let line = |model: &NewModel| format!("{} {}", model.aaguid, model.name);
        let lines: Vec<String> = body.models.iter().map(line).collect();
        attestation::add_models(cx, &lines.join("\n"), &body.reason).await.map(|_| ())
    })
    .await
}

async fn remove_certificate(
    State(state): State<WebState>,
    Path(digest): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let digest = digest_of(&digest)?;
    change(&state, &asked, &call, StatusCode::OK, async |cx| {
        attestation::remove_root(cx, digest, &call.body.reason).await
    })
    .await
}

/// The digest of a certificate, as addresses have it.
fn digest_of(text: &str) -> Result<Digest, Refusal> {
    crate::identity::secret(text).map(Digest).ok_or(Refusal::NotFound)
}

async fn remove_model(
    State(state): State<WebState>,
    Path(aaguid): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let aaguid = aaguid.parse().map_err(|_| Refusal::NotFound)?;
    change(&state, &asked, &call, StatusCode::OK, async |cx| {
        attestation::remove_model(cx, aaguid, &call.body.reason).await
    })
    .await
}
