//! What changed of the controls in scope since management signed, and that it confirms it: a report is recorded only with
//! controls that management signed for, or confirmed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::Error;
use tickmark_app::engagement::{self, Confirming, SinceSigned};
use tickmark_core::Digest;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::identity::Resource::Description as Engagements;
use tickmark_core::identity::Verb::Approve;

use crate::WebState;
use crate::api::BASE;
use crate::api::answer::Answered;
use crate::api::asking::number;
use crate::api::call::{Call, Done, done, no_tag, write};
use crate::api::looking::Looking;
use crate::api::meanwhile::stale;
use crate::api::operation::{Operation, Writing};
use crate::api::words::Reason;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

pub(in crate::api) static LOOKS: &[Operation] = &[Operation::one::<ControlsSinceSigning>(
    "getControlsSinceSigning",
    ("/engagements/{key}/controls-since-signing", "/engagements/1/controls-since-signing"),
    "Controls in scope that changed since management signed, and who confirmed that; its tag names exactly these changes",
    Engagements,
    || get(one),
)];

pub(in crate::api) static WRITES: &[Writing] = &[Writing::post::<Reason, ControlsSinceSigning>(
    "confirmControlsSinceSigning",
    (
        "/engagements/{key}/controls-since-signing/confirmation",
        "/engagements/1/controls-since-signing/confirmation",
    ),
    "Confirms for management that what was signed holds with exactly these changes of controls",
    (Engagements, Approve),
    || post(confirm),
)
.versioned()
.for_people()];

/// A control that is not what it was when management signed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ControlSinceSigning {
    control: String,
    /// What is different.
    says: String,
}

/// That management confirmed changes of controls.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ControlsConfirmation {
    by: String,
    at: String,
    /// Why what was signed holds with them.
    reason: String,
    /// Whether it covers the changes as they are; a control that changes afterwards has to be confirmed too.
    covers: bool,
}

/// What changed of the controls in scope since management signed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ControlsSinceSigning {
    /// When management signed; null while nothing is signed as it stands.
    signed_at: Option<String>,
    changes: Vec<ControlSinceSigning>,
    /// What management confirmed last since then; null while it confirmed nothing.
    confirmation: Option<ControlsConfirmation>,
    /// What keeps a report from being recorded; null where nothing does, as far as controls go.
    missing: Option<String>,
}

impl From<Option<&SinceSigned>> for ControlsSinceSigning {
    fn from(since: Option<&SinceSigned>) -> Self {
        let changes = since.into_iter().flat_map(|since| &since.changes);
        let confirmed = since.and_then(|since| Some((since, since.confirmed.as_ref()?)));
        Self {
            signed_at: since.map(|since| since.at.to_string()),
            changes: changes
                .map(|one| ControlSinceSigning { control: one.control.to_string(), says: one.says.clone() })
                .collect(),
            confirmation: confirmed.map(|(since, one)| ControlsConfirmation {
                by: one.by.to_string(),
                at: one.at.to_string(),
                reason: one.reason.clone(),
                covers: one.covers(&since.changes),
            }),
            missing: since.and_then(SinceSigned::unconfirmed).map(|open| open.to_string()),
        }
    }
}

/// What names these changes: their digest, and behind it from when they count and what was confirmed of them when.
fn tag(since: Option<&SinceSigned>) -> String {
    let Some(since) = since else { return "unsigned".to_owned() };
    let confirmed = since.confirmed.as_ref().map_or(0, |one| one.at.micros());
    format!("{}.{}.{confirmed}", since.digest(), since.at.micros())
}

async fn one(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    let catalog = look.state.source().catalog().ok_or(Refusal::NotFound)?;
    look.tagged(async |view| {
        let since = engagement::since_signed(view, key, catalog).await?;
        Ok((ControlsSinceSigning::from(since.as_ref()), tag(since.as_ref())))
    })
    .await
}

async fn confirm(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (key, catalog) = (EngagementKey(number(&key)?), state.source().catalog().ok_or(Refusal::NotFound)?);
    let seen: Digest = call.version()?.split('.').next().unwrap_or_default().parse().map_err(|_| no_tag())?;
    write(&state, &asked, &call, async |cx| {
        match engagement::confirm_changes(cx, key, seen, &call.body.reason, catalog).await? {
            Confirming::Done(since) => answered(key, &since),
            Confirming::Stale(since) => {
                stale(&ControlsSinceSigning::from(Some(&*since)), &tag(Some(&*since)), None)
            }
        }
    })
    .await
}

fn answered(key: EngagementKey, since: &SinceSigned) -> Result<Done, Error> {
    let location = format!("{BASE}/engagements/{}/controls-since-signing", key.0);
    done(StatusCode::OK, &ControlsSinceSigning::from(Some(since)), &tag(Some(since)), &location)
}
