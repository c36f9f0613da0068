//! What is taken out of an examination: management's part, single documents, lists, OSCAL. Each is made when it is asked for,
//! and that somebody took it out is recorded.

use axum::extract::Path;
use axum::http::header::ETAG;
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::engagement::{self, Made};
use tickmark_core::Digest;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::identity::Resource::{Description as Engagements, RestrictedReport};
use tickmark_core::identity::Verb::Read;

use crate::api::answer::{Answered, quoted};
use crate::api::asking::{number, plain};
use crate::api::looking::Looking;
use crate::api::operation::Operation;
use crate::engagement::take_out::{self, Out};
use crate::error::Refusal;
use crate::evidence::{self, BYTES};
use crate::guard::count_costly;
use crate::route::get;

pub(in crate::api) static LOOKS: &[Operation] = &[
    Operation::file(
        "getManagementPart",
        ("/engagements/{key}/package", "/engagements/1/package"),
        "Management's part of the report as PDF, as it is recorded now",
        Engagements,
        || get(package),
    )
    .reached(Read)
    .for_people(),
    Operation::file(
        "getOscal",
        ("/engagements/{key}/oscal", "/engagements/1/oscal"),
        "The examination as OSCAL, in a ZIP archive",
        Engagements,
        || get(oscal),
    )
    .reached(Read)
    .for_people(),
    Operation::file(
        "getSheet",
        ("/engagements/{key}/sheets/{sheet}", "/engagements/1/sheets/matrix"),
        "A list as XLSX: `matrix` of criteria and controls, or `exceptions` of management's own tests",
        Engagements,
        || get(sheet),
    )
    .reached(Read)
    .for_people(),
    Operation::file(
        "getDocument",
        ("/engagements/{key}/documents/{document}/{format}", "/engagements/1/documents/description/pdf"),
        "`description`, `assertion`, `representation` or `bridge-1`, as `pdf` or `docx`",
        Engagements,
        || get(document),
    )
    .reached(Read)
    .for_people(),
    Operation::list::<Copy>(
        "listCopies",
        ("/engagements/{key}/copies", "/engagements/1/copies"),
        "Copies of management's part that were made for somebody, newest first",
        RestrictedReport,
        || get(copies),
    )
    .for_people(),
];

/// A copy that was made for somebody.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Copy {
    number: i64,
    recipient: String,
    company: String,
    made_at: String,
    made_by: String,
    document: String,
    /// Digest of what it was made from.
    model: String,
}

impl From<&Made> for Copy {
    fn from(made: &Made) -> Self {
        Self {
            number: made.copy.number,
            recipient: made.copy.recipient.clone(),
            company: made.copy.company.clone(),
            made_at: made.copy.made.to_string(),
            made_by: made.by.to_string(),
            document: made.document.clone(),
            model: made.model.to_string(),
        }
    }
}

/// The examination of which something is taken out, within what one person takes out in a minute.
fn taken(look: &Looking, key: &str) -> Result<EngagementKey, Refusal> {
    plain(&look.uri)?;
    let (_, actor) = look.asked.member(&look.state)?;
    let path = look.uri.path().strip_prefix(crate::api::BASE).unwrap_or_default();
    count_costly(&look.state, actor, path, false)?;
    Ok(EngagementKey(number(key)?))
}

fn sent(out: Out) -> Answered {
    let tag = quoted(&Digest::of(&out.bytes).hex());
    Ok(([(ETAG, tag)], evidence::taken(&out.name, BYTES, out.bytes)).into_response())
}

async fn package(Path(key): Path<String>, look: Looking) -> Answered {
    let key = taken(&look, &key)?;
    sent(take_out::package_of(&look.state, &look.asked, key).await?)
}

async fn oscal(Path(key): Path<String>, look: Looking) -> Answered {
    let key = taken(&look, &key)?;
    sent(take_out::oscal_of(&look.state, &look.asked, key).await?)
}

async fn sheet(Path((key, word)): Path<(String, String)>, look: Looking) -> Answered {
    let key = taken(&look, &key)?;
    sent(take_out::sheet_of(&look.state, &look.asked, key, &word).await?)
}

async fn document(Path((key, name, format)): Path<(String, String, String)>, look: Looking) -> Answered {
    let key = taken(&look, &key)?;
    sent(take_out::single_of(&look.state, &look.asked, key, (&name, &format)).await?)
}

async fn copies(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    look.list(
        async |view, _| Ok(engagement::copies(view, key).await?.iter().map(Copy::from).collect()),
        |item: &Copy| item.number.to_string(),
    )
    .await
}
