//! The agreement that recipients accept before they read.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::distribution;
use tickmark_core::distribution::{Agreement, Class, drafted};

use crate::WebState;
use crate::api::BASE;
use crate::api::answer::{Answered, answer_of};
use crate::api::asking::plain;
use crate::api::call::{Call, Taken, done, write};
use crate::api::looking::Looking;
use crate::api::meanwhile::stale;
use crate::error::Refusal;
use crate::visit::Asked;

/// An agreement as it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct UseAgreement {
    class: String,
    /// 0 while nobody wrote one.
    version: u32,
    title: String,
    text: String,
    /// Digest of title and text; null while nobody wrote one.
    digest: Option<String>,
    written_at: Option<String>,
}

/// The next version of an agreement.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAgreement {
    #[schemars(length(min = 1, max = 200))]
    title: String,
    #[schemars(length(min = 1, max = 40_000))]
    text: String,
}

impl Taken for NewAgreement {}

fn class(word: &str) -> Result<Class, Refusal> {
    Class::from_word(word).filter(|class| class.is_restricted()).ok_or(Refusal::NotFound)
}

impl From<&Agreement> for UseAgreement {
    fn from(held: &Agreement) -> Self {
        said(held.class, Some(held), "").0
    }
}

/// What is said of an agreement, with its tag.
fn said(class: Class, held: Option<&Agreement>, company: &str) -> (UseAgreement, String) {
    let (title, text) = match held {
        Some(held) => (held.title.clone(), held.text.clone()),
        None => drafted(class, company),
    };
    let version = held.map_or(0, |held| held.version);
    let said = UseAgreement {
        class: class.word().to_owned(),
        version,
        title,
        text,
        digest: held.map(|held| held.digest().hex()),
        written_at: held.map(|held| held.at.to_string()),
    };
    (said, version.to_string())
}

pub(super) async fn agreement(
    State(state): State<WebState>,
    Path(word): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let class = class(&word)?;
    let held = app.read(actor, async |view| distribution::agreement(view, class).await).await?;
    let (said, tag) = said(class, held.as_ref(), &actor.organization.name);
    Ok(answer_of(&headers, &said, &tag))
}

pub(super) async fn agreements(Path(word): Path<String>, look: Looking) -> Answered {
    let class = class(&word)?;
    look.versions(
        async |view| distribution::agreements(view, class).await,
        |version| version.at,
        |item: &UseAgreement| item.version.to_string(),
    )
    .await
}

pub(super) async fn write_agreement(
    State(state): State<WebState>,
    Path(word): Path<String>,
    asked: Asked,
    call: Call<NewAgreement>,
) -> Answered {
    let (class, from) = (class(&word)?, call.number()?);
    write(&state, &asked, &call, async |cx| {
        let company = cx.actor.organization.name.clone();
        let held = distribution::agreement(cx, class).await?;
        if held.as_ref().map_or(0, |held| i64::from(held.version)) != from {
            let (now, tag) = said(class, held.as_ref(), &company);
            return stale(&now, &tag, None);
        }
        let version = held.map_or(0, |held| held.version);
        let text = (call.body.title.as_str(), call.body.text.as_str());
        let written = distribution::write_agreement(cx, class, version, text).await?;
        let (now, tag) = said(class, Some(&written), &company);
        done(StatusCode::OK, &now, &tag, &format!("{BASE}/agreements/{}", class.word()))
    })
    .await
}
