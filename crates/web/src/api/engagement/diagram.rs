//! Diagrams of a description: put in, read, taken out. Their bytes are kept as they came.

use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::IntoResponse;
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::engagement::{self, NewDiagram as Put};
use tickmark_core::Digest;
use tickmark_core::engagement::{Diagram as Record, EngagementKey};
use tickmark_core::identity::Resource::Description as Engagements;
use tickmark_core::identity::Verb::{Read, Update};

use super::shape::Engagement;
use super::step;
use crate::WebState;
use crate::api::answer::{Answered, quoted};
use crate::api::asking::{number, plain};
use crate::api::call::{Call, FILES_BYTES, Taken, bytes_of};
use crate::api::looking::Looking;
use crate::api::operation::{Operation, Writing};
use crate::api::words::Nothing;
use crate::error::Refusal;
use crate::evidence::{BYTES, taken};
use crate::route::{get, post, put};
use crate::visit::Asked;

pub(in crate::api) static LOOKS: &[Operation] = &[
    Operation::list::<Diagram>(
        "listDiagrams",
        ("/engagements/{key}/diagrams", "/engagements/1/diagrams"),
        "Diagrams of the description as it is written now, in order",
        Engagements,
        || get(list),
    ),
    Operation::file(
        "getDiagram",
        ("/engagements/{key}/diagrams/{digest}/picture", "/engagements/1/diagrams/0/picture"),
        "The bytes of a diagram, as they came",
        Engagements,
        || get(picture),
    )
    .reached(Read),
];

pub(in crate::api) static WRITES: &[Writing] = &[
    Writing::post::<NewDiagram, Engagement>(
        "addDiagram",
        ("/engagements/{key}/diagrams", "/engagements/1/diagrams"),
        "Puts a diagram into the description; whatever changes in it is reviewed and approved again",
        (Engagements, Update),
        || post(add),
    )
    .versioned()
    .for_people(),
    Writing::put::<ChangedDiagram, Engagement>(
        "changeDiagram",
        ("/engagements/{key}/diagrams/{digest}", "/engagements/1/diagrams/0"),
        "Writes what stands at a diagram anew, or puts another picture in its place",
        (Engagements, Update),
        || put(change),
    )
    .versioned()
    .for_people(),
    Writing::post::<Nothing, Engagement>(
        "removeDiagram",
        ("/engagements/{key}/diagrams/{digest}/removal", "/engagements/1/diagrams/0/removal"),
        "Takes a diagram out; earlier versions keep it",
        (Engagements, Update),
        || post(remove),
    )
    .versioned()
    .for_people(),
];

/// A diagram.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Diagram {
    /// SHA-256 of its bytes, by which addresses name it.
    digest: String,
    caption: String,
    /// What it shows, in words.
    alternative: String,
    name: String,
    media_type: String,
    size: u64,
    width: u32,
    height: u32,
}

impl From<&Record> for Diagram {
    fn from(one: &Record) -> Self {
        Self {
            digest: one.digest.hex(),
            caption: one.caption.clone(),
            alternative: one.alternative.clone(),
            name: one.name.clone(),
            media_type: one.media_type.clone(),
            size: one.size,
            width: one.width,
            height: one.height,
        }
    }
}

/// The file of a diagram.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PictureFile {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// The bytes of a PNG or JPEG, as Base64.
    #[schemars(length(min = 1))]
    content: String,
}

/// A diagram to be put in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewDiagram {
    /// What stands under it.
    #[schemars(length(min = 1, max = 200))]
    caption: String,
    /// What it shows, in words, for those who do not see it.
    #[schemars(length(min = 1, max = 4_000))]
    alternative: String,
    file: PictureFile,
}

/// What a diagram is from now on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangedDiagram {
    /// What stands under it.
    #[schemars(length(min = 1, max = 200))]
    caption: String,
    /// What it shows, in words, for those who do not see it.
    #[schemars(length(min = 1, max = 4_000))]
    alternative: String,
    /// Another picture in its place; null to keep the one that is there.
    #[serde(default)]
    file: Option<PictureFile>,
}

impl Taken for NewDiagram {
    const BYTES: usize = FILES_BYTES;
}

impl Taken for ChangedDiagram {
    const BYTES: usize = FILES_BYTES;
}

fn digest(hex: &str) -> Result<Digest, Refusal> {
    format!("sha256:{hex}").parse().map_err(|_| Refusal::NotFound)
}

fn file(file: &PictureFile) -> Result<(String, Bytes), Refusal> {
    Ok((file.name.clone(), bytes_of("#/file/content", &file.content)?.into()))
}

async fn list(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    look.list(
        async |view, _| {
            let described = engagement::find(view, key).await?.record.described();
            Ok(described.diagrams.iter().map(Diagram::from).collect())
        },
        |item: &Diagram| item.digest.clone(),
    )
    .await
}

async fn picture(Path((key, hex)): Path<(String, String)>, look: Looking) -> Answered {
    plain(&look.uri)?;
    let (key, digest) = (EngagementKey(number(&key)?), digest(&hex)?);
    let (app, actor) = look.asked.member(&look.state)?;
    let (diagram, bytes) = engagement::read_diagram(app, actor, key, digest).await?;
    let tag = quoted(&digest.hex());
    Ok(([(ETAG, tag)], taken(&diagram.name, BYTES, bytes)).into_response())
}

async fn add(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewDiagram>,
) -> Answered {
    let (body, file) = (&call.body, file(&call.body.file)?);
    let new = Put { caption: body.caption.clone(), alternative: body.alternative.clone(), file: Some(file) };
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::put_diagram(cx, key, from, None, new.clone()).await
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path((key, hex)): Path<(String, String)>,
    asked: Asked,
    call: Call<ChangedDiagram>,
) -> Answered {
    let (body, held) = (&call.body, digest(&hex)?);
    let file = body.file.as_ref().map(file).transpose()?;
    let new = Put { caption: body.caption.clone(), alternative: body.alternative.clone(), file };
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::put_diagram(cx, key, from, Some(held), new.clone()).await
    })
    .await
}

async fn remove(
    State(state): State<WebState>,
    Path((key, hex)): Path<(String, String)>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let held = digest(&hex)?;
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let described = engagement::find(cx, key).await?.record.described();
        if !described.diagrams.iter().any(|one| one.digest == held) {
            return Err(tickmark_app::Error::not_found("diagram", held));
        }
        engagement::remove_diagram(cx, key, from, held).await
    })
    .await
}
